/*
 * Runs of probes: what people ask and answer, and a second opinion about whom a run reached, told
 * from the notifier's README and from what its log says of pages.
 */
#include "tests/sim/workload.h"

#include "services/notifier/alert.h"

#include <stdlib.h>

#define RUNS_MAX   128
#define PROBES_MAX 64 /* of a run */
#define NAME_BYTES 16
#define PEOPLE_MAX 12

struct known_probe {
    char person[NAME_BYTES], method[NAME_BYTES], delivery[NOTIFIER_DELIVERY_MAX];
    bool answered, ended, dead; /* its page has ended; it reaches nobody any more */
};

struct known_run {
    char id[32], asked[NAME_BYTES]; /* who was named; "": everybody */
    toc_time_ms until_ms;
    bool over;
    struct known_probe probes[PROBES_MAX];
    size_t count, expected;             /* rows; that there have to be before another person's */
    char meant[PEOPLE_MAX][NAME_BYTES]; /* who is in the file when the first one is paged */
    size_t meant_count;
    unsigned wrong; /* codes that were no probe's of any run that takes codes */
};

struct probes {
    struct known_run runs[RUNS_MAX];
    size_t count;
    unsigned drawn;
    char paged[NOTIFIER_DELIVERY_MAX]; /* the probe that was planned last */
    bool stillborn;                    /* it was dead at once */
};

struct probes *probes_new(void)
{
    struct probes *probes = calloc(1, sizeof(*probes));
    TOC_ASSERT(probes != NULL);
    return probes;
}

void probes_free(struct probes *probes)
{
    free(probes);
}

/* --- what people say ------------------------------------------------------------------------ */

static void draw_asked(struct world *world, struct draft *draft)
{
    static const char *const people[] = {"ana", "ben", "cid", "zoe"};
    struct rng *rng = &world->rng_probe;
    Tocsin__V1__Reach *said = &draft->reach;
    snprintf(draft->mute, sizeof(draft->mute), "r-%u", world->probes->drawn++);
    said->reach = draft->mute;
    said->until_ms = world->options.start_ms + world->now_ms + rng_range(rng, 500, 9000);
    draft->persons[0] = toc_wire_text(people[rng_next(rng) % 4]);
    said->persons = draft->persons;
    said->n_persons = rng_chance(rng, 60);
}

/* Of one of the last runs' probes; false when there is none. */
static bool draw_answer(struct world *world, struct draft *draft)
{
    static const uint8_t key[32]; /* as the notifier has it here */
    struct rng *rng = &world->rng_probe;
    const struct probes *probes = world->probes;
    size_t recent = probes->count < 3 ? probes->count : 3;
    if (recent == 0)
        return false;
    const struct known_run *run = &probes->runs[probes->count - 1 - rng_next(rng) % recent];
    if (run->count == 0)
        return false;
    const struct known_probe *probe = &run->probes[rng_next(rng) % run->count];
    snprintf(draft->delivery, sizeof(draft->delivery), "%s", probe->delivery);
    notifier_answer_code(key, draft->delivery, draft->answer);
    if (rng_chance(rng, 40) && draft->delivery[0] != '\0')
        draft->reach.delivery = draft->delivery;
    else
        draft->reach.answer = draft->answer;
    return true;
}

struct attempt *probes_draft(struct world *world, unsigned publisher)
{
    struct draft draft;
    tocsin__v1__reach__init(&draft.reach);
    draft.reach.by = toc_wire_text("ana");
    bool answers = rng_chance(&world->rng_probe, 75) && draw_answer(world, &draft);
    if (!answers)
        draw_asked(world, &draft);
    draft_begin(world->work, &draft, publisher,
                answers ? "tocsin.reach.answered" : "tocsin.reach.asked",
                TOCSIN__V1__EVENT__BODY_REACH, &draft.reach);
    return ledger_add(world->work, publisher, &draft);
}

/* --- finding -------------------------------------------------------------------------------- */

static struct known_run *find_run(struct probes *probes, const char *id)
{
    for (size_t i = probes->count; i > 0; i--)
        if (strcmp(probes->runs[i - 1].id, id) == 0)
            return &probes->runs[i - 1];
    return NULL;
}

/* By its page. */
static struct known_probe *find_probe(struct probes *probes, const char *delivery)
{
    for (size_t i = probes->count; i > 0 && delivery[0] != '\0'; i--) {
        struct known_run *run = &probes->runs[i - 1];
        for (size_t k = 0; k < run->count; k++)
            if (strcmp(run->probes[k].delivery, delivery) == 0)
                return &run->probes[k];
    }
    return NULL;
}

static bool has_code(const struct known_probe *probe, const char *said)
{
    static const uint8_t key[32];
    char code[NOTIFIER_ANSWER_DIGITS + 1];
    notifier_answer_code(key, probe->delivery, code);
    return probe->delivery[0] != '\0' && strcmp(code, said) == 0;
}

/* Twenty wrong ones, and one more for every ten probes. */
static bool takes_codes(const struct known_run *run)
{
    return !run->over && run->wrong < 20 + run->count / 10;
}

/* --- what the log says ---------------------------------------------------------------------- */

/* The policies say 01:00 UTC and a minute; a notifier that was down then is late. */
static bool is_in_time(const Tocsin__V1__ReachChange *change)
{
    toc_time_ms due_ms = change->run->from_ms / TOC_DAY_MS * TOC_DAY_MS + TOC_HOUR_MS;
    char id[32];
    snprintf(id, sizeof(id), "scheduled-%lld", (long long)(due_ms / TOC_SECOND_MS));
    return strcmp(id, change->reach) == 0 && change->run->from_ms > due_ms &&
           change->until_ms == change->run->from_ms + TOC_MINUTE_MS;
}

static struct known_run *add_run(struct probes *probes, const Tocsin__V1__ReachChange *change)
{
    TOC_ASSERT(probes->count < RUNS_MAX);
    struct known_run *run = &probes->runs[probes->count++];
    *run = (struct known_run){.until_ms = change->until_ms};
    snprintf(run->id, sizeof(run->id), "%s", change->reach);
    return run;
}

static void on_begin(struct world *world, const Tocsin__V1__ReachChange *change,
                     const Tocsin__V1__Event *event)
{
    struct probes *probes = world->probes;
    if (change->run->scheduled && is_in_time(change) && find_run(probes, change->reach) == NULL) {
        (void)add_run(probes, change);
        return;
    }
    if (event == NULL || event->body_case != TOCSIN__V1__EVENT__BODY_REACH ||
        strcmp(event->reach->reach, change->reach) != 0 ||
        event->reach->until_ms != change->until_ms || find_run(probes, change->reach) != NULL) {
        world_fail(world, 11, "run %s of probes begins, and nobody asked for it", change->reach);
        return;
    }
    struct known_run *run = add_run(probes, change);
    if (event->reach->n_persons > 0)
        snprintf(run->asked, sizeof(run->asked), "%s", event->reach->persons[0]);
}

/* The probes of one person stand side by side, one for each method of the file. */
static void check_person(struct world *world, struct known_run *run,
                         const Tocsin__V1__ReachRow *row)
{
    const struct known_probe *last = run->count > 0 ? &run->probes[run->count - 1] : NULL;
    if (last != NULL && strcmp(last->person, row->person) == 0)
        return;
    if (run->count != run->expected)
        world_fail(world, 11, "run %s has %zu probes of %s where there are %zu methods", run->id,
                   run->count, last != NULL ? last->person : "nobody", run->expected);
    if (last != NULL && strcmp(last->person, row->person) > 0)
        world_fail(world, 11, "run %s comes to %s twice", run->id, row->person);
    if (run->asked[0] != '\0' && strcmp(run->asked, row->person) != 0)
        world_fail(world, 11, "run %s pages %s, who was not named", run->id, row->person);
    if (run->count == 0)
        run->meant_count = contacts_listed(world, run->meant, PEOPLE_MAX);
    run->expected = run->count + contacts_methods(world, row->person);
}

static void on_new_row(struct world *world, struct known_run *run, const Tocsin__V1__ReachRow *row)
{
    bool paged = row->delivery[0] != '\0';
    check_person(world, run, row);
    if (paged != contacts_may_probe(world, row->person, row->method))
        world_fail(world, 11, "run %s %s %s by %s", run->id, paged ? "pages" : "does not page",
                   row->person, row->method);
    if (paged && strcmp(world->probes->paged, row->delivery) != 0)
        world_fail(world, 11, "probe %s was not planned", row->delivery);
    TOC_ASSERT(run->count < PROBES_MAX);
    struct known_probe *probe = &run->probes[run->count++];
    bool dead = !paged || world->probes->stillborn;
    *probe = (struct known_probe){.ended = dead, .dead = dead};
    snprintf(probe->person, sizeof(probe->person), "%s", row->person);
    snprintf(probe->method, sizeof(probe->method), "%s", row->method);
    snprintf(probe->delivery, sizeof(probe->delivery), "%s", row->delivery);
}

/* Whether an event says that a probe came, and `how` is what it is called. */
static bool is_answer(const Tocsin__V1__Event *event, const struct known_probe *probe,
                      const char *how)
{
    if (event == NULL)
        return false;
    if (event->body_case == TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT)
        return strcmp(event->page_receipt->delivery, probe->delivery) == 0 &&
               strcmp(event->type + strlen("tocsin.page."), how) == 0;
    if (event->body_case != TOCSIN__V1__EVENT__BODY_REACH)
        return false;
    if (strcmp(how, "link") == 0)
        return strcmp(event->reach->delivery, probe->delivery) == 0;
    return strcmp(how, "code") == 0 && has_code(probe, event->reach->answer);
}

static void on_row(struct world *world, struct known_run *run, const Tocsin__V1__ReachRow *row,
                   const Tocsin__V1__Event *event)
{
    if (row->place == run->count)
        on_new_row(world, run, row);
    if (row->place >= run->count || run->over) {
        world_fail(world, 11, "run %s tells of a probe that it does not have", run->id);
        return;
    }
    struct known_probe *probe = &run->probes[row->place];
    if (row->answered_ms == 0)
        return;
    if (strcmp(row->how, "code") == 0 && !takes_codes(run))
        world_fail(world, 11, "run %s takes a code after %u wrong ones", run->id, run->wrong);
    if (probe->answered || !is_answer(event, probe, row->how))
        world_fail(world, 11, "probe %s is answered %s", probe->delivery,
                   probe->answered ? "twice" : "by nobody");
    probe->answered = true;
}

static bool is_through(const struct known_run *run)
{
    for (size_t i = 0; i < run->count; i++)
        if (!run->probes[i].answered && !run->probes[i].dead)
            return false;
    return true;
}

static bool was_reached(const struct known_run *run, const char *person, bool *out_probed)
{
    bool reached = false;
    *out_probed = false;
    for (size_t i = 0; i < run->count; i++) {
        bool theirs = strcmp(run->probes[i].person, person) == 0;
        *out_probed = *out_probed || theirs;
        reached = reached || (theirs && run->probes[i].answered);
    }
    return reached;
}

static void check_missed(struct world *world, const struct known_run *run,
                         const Tocsin__V1__ReachRun *told)
{
    size_t missed = 0;
    bool probed;
    for (size_t i = 0; i < run->count; i++) {
        if (i > 0 && strcmp(run->probes[i - 1].person, run->probes[i].person) == 0)
            continue;
        if (was_reached(run, run->probes[i].person, &probed))
            continue;
        if (missed >= told->n_missed || strcmp(told->missed[missed], run->probes[i].person) != 0)
            world_fail(world, 11, "run %s does not say that it missed %s", run->id,
                       run->probes[i].person);
        missed++;
    }
    if (missed != told->missed_count)
        world_fail(world, 11, "run %s missed %zu people and says %u", run->id, missed,
                   told->missed_count);
}

static void on_over(struct world *world, struct known_run *run, const Tocsin__V1__ReachRun *told,
                    toc_time_ms at_ms)
{
    bool probed;
    if (run->over || (at_ms <= run->until_ms && !is_through(run)))
        world_fail(world, 11, "run %s is over before its end", run->id);
    for (size_t i = 0; i < run->count; i++)
        if (!run->probes[i].ended)
            world_fail(world, 11, "page %s outlives its run", run->probes[i].delivery);
    if (run->count != run->expected || run->count != told->probes)
        world_fail(world, 11, "run %s has %zu probes, says %u and should have %zu", run->id,
                   run->count, told->probes, run->expected);
    (void)was_reached(run, run->asked, &probed);
    if (run->asked[0] != '\0' && !probed)
        world_fail(world, 11, "run %s did not page %s", run->id, run->asked);
    for (size_t i = 0; i < run->meant_count && run->asked[0] == '\0'; i++) {
        (void)was_reached(run, run->meant[i], &probed);
        if (!probed)
            world_fail(world, 11, "run %s of everybody did not page %s", run->id, run->meant[i]);
    }
    check_missed(world, run, told);
    run->over = true;
}

static void on_change(struct world *world, const Tocsin__V1__Record *record,
                      const Tocsin__V1__ReachChange *change)
{
    const Tocsin__V1__Event *event =
        record->cause_log != 0 ? ends_event(world, record->cause_log, record->cause_seq) : NULL;
    struct known_run *run = find_run(world->probes, change->reach);
    if (change->run != NULL && !change->over)
        on_begin(world, change, event);
    else if (run == NULL)
        world_fail(world, 11, "a run of probes that never began: %s", change->reach);
    else if (change->over)
        on_over(world, run, change->run, record->at_ms);
    else
        on_row(world, run, change->row, event);
}

/* Each run that it might have been for has one try less. */
static void count_wrong(struct probes *probes, const char *said)
{
    bool known = said[0] == '\0';
    for (size_t i = 0; i < probes->count; i++)
        for (size_t k = 0; k < probes->runs[i].count && takes_codes(&probes->runs[i]); k++)
            known = known || has_code(&probes->runs[i].probes[k], said);
    for (size_t i = 0; i < probes->count && !known; i++)
        probes->runs[i].wrong += takes_codes(&probes->runs[i]);
}

/* It is over, and may not have come to all of its people with that. */
static bool is_closing(const struct known_run *run, toc_time_ms at_ms)
{
    return at_ms > run->until_ms || (run->count == run->expected && is_through(run));
}

/* What is right is not refused. */
static void on_refused(struct world *world, const Tocsin__V1__Record *record)
{
    struct probes *probes = world->probes;
    const Tocsin__V1__Event *event =
        record->cause_log != 0 ? ends_event(world, record->cause_log, record->cause_seq) : NULL;
    if (event == NULL || event->body_case != TOCSIN__V1__EVENT__BODY_REACH)
        return;
    const Tocsin__V1__Reach *said = event->reach;
    size_t under_way = 0;
    for (size_t i = 0; i < probes->count; i++) {
        const struct known_run *run = &probes->runs[i];
        under_way += !run->over;
        for (size_t k = 0; k < run->count && !run->over && !is_closing(run, record->at_ms); k++) {
            const struct known_probe *probe = &run->probes[k];
            if (!probe->answered && takes_codes(run) && has_code(probe, said->answer))
                world_fail(world, 11, "the code of %s is refused", probe->delivery);
            if (said->delivery[0] != '\0' && strcmp(probe->delivery, said->delivery) == 0)
                world_fail(world, 11, "the link of %s is refused", said->delivery);
        }
    }
    if (strcmp(event->type, "tocsin.reach.answered") == 0 && said->delivery[0] == '\0')
        count_wrong(probes, said->answer);
    if (said->reach[0] != '\0' && said->until_ms > record->at_ms && under_way < 16 &&
        find_run(probes, said->reach) == NULL)
        world_fail(world, 11, "run %s is refused", said->reach);
}

static void on_page(struct world *world, const Tocsin__V1__Record *record,
                    const Tocsin__V1__Page *page)
{
    struct probes *probes = world->probes;
    struct known_probe *probe = find_probe(probes, page->delivery);
    if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_PAGED)
        snprintf(probes->paged, sizeof(probes->paged), "%s", page->delivery);
    if (probe == NULL) {
        probes->stillborn = record->type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED;
        return;
    }
    if (record->type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED) {
        probe->ended = true;
        probe->dead = page->state != TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    }
    probe->dead = probe->dead || page->bounced;
}

void probes_check_record(struct world *world, const Tocsin__V1__Record *record)
{
    if (record->type == TOCSIN__V1__RECORD_TYPE__REACH_CHANGED) {
        const Tocsin__V1__ReachChange *change =
            check_message(&tocsin__v1__reach_change__descriptor, toc_wire_bytes(&record->body));
        TOC_ASSERT(change != NULL);
        on_change(world, record, change);
    } else if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED) {
        on_refused(world, record);
    } else if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_PAGED ||
               record->type == TOCSIN__V1__RECORD_TYPE__ALERT_NOTED ||
               record->type == TOCSIN__V1__RECORD_TYPE__PAGE_ENDED) {
        const Tocsin__V1__AlertChange *change =
            check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
        if (change != NULL && change->page != NULL && strcmp(change->page->kind, "probe") == 0)
            on_page(world, record, change->page);
    }
}

/* The rows are those of the runs that go on. */
void probes_check_end(struct world *world, struct toc_txn *txn)
{
    const struct probes *probes = world->probes;
    uint64_t runs, rows, open = 0, going_on = 0;
    enum toc_err err = toc_count(txn, TABLE_REACH, &runs);
    if (err == TOC_OK)
        err = toc_count(txn, TABLE_PROBE, &rows);
    TOC_ASSERT(err == TOC_OK);
    for (size_t i = 0; i < probes->count; i++) {
        open += !probes->runs[i].over;
        going_on += probes->runs[i].over ? 0 : probes->runs[i].count;
    }
    if (runs != open || rows != going_on)
        world_fail(world, 11, "%llu runs have %llu rows, the log tells of %llu with %llu",
                   (unsigned long long)runs, (unsigned long long)rows, (unsigned long long)open,
                   (unsigned long long)going_on);
}
