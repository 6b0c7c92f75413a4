#include "services/notifier/probe.h"

#include "common/plant.h"
#include "services/notifier/page.h"
#include "services/notifier/person.h"

#include <stdio.h>

#define DUE_KEY_MAX (8 + PROBE_ID_MAX)
#define ROW_KEY_MAX (PROBE_ID_MAX + 1 + 4)
#define WHY_MAX     192 /* bytes */

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str due_key(uint8_t out[DUE_KEY_MAX], const Tocsin__V1__ReachRun *run,
                              toc_time_ms at_ms)
{
    size_t size = strlen(run->reach);
    TOC_ASSERT(size <= PROBE_ID_MAX);
    toc_put_u64be(out, at_ms < 0 ? 0 : (uint64_t)at_ms);
    memcpy(out + 8, run->reach, size);
    return toc_str(out, 8 + size);
}

static struct toc_str row_key(uint8_t out[ROW_KEY_MAX], const char *reach, uint32_t place)
{
    size_t size = strlen(reach) + 1;
    TOC_ASSERT(size <= PROBE_ID_MAX + 1);
    memcpy(out, reach, size);
    toc_put_u32be(out + size, place);
    return toc_str(out, size + 4);
}

static enum toc_err load_run(struct toc_turn *turn, struct toc_str reach,
                             Tocsin__V1__ReachRun **out)
{
    struct toc_str row;
    if (reach.size == 0 || reach.size > PROBE_ID_MAX)
        return TOC_NONE;
    enum toc_err err = toc_get(turn->txn, TABLE_REACH, reach, &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__reach_run__descriptor, row, out);
}

/* `old_next_ms` is where it stood in the index of dues; TOC_TIME_NEVER: nowhere. */
static enum toc_err save_run(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                             toc_time_ms old_next_ms)
{
    uint8_t key[DUE_KEY_MAX];
    struct toc_str row;
    if (old_next_ms != run->next_ms && old_next_ms != TOC_TIME_NEVER) {
        enum toc_err err = toc_del(turn->txn, TABLE_REACH_DUE, due_key(key, run, old_next_ms));
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    if (old_next_ms != run->next_ms)
        TOC_TRY(
            toc_put(turn->txn, TABLE_REACH_DUE, due_key(key, run, run->next_ms), toc_str(NULL, 0)));
    toc_wake_at(turn, run->next_ms);
    TOC_TRY(toc_wire_pack(turn->arena, run, &row));
    return toc_put(turn->txn, TABLE_REACH, toc_str_of(run->reach), row);
}

static enum toc_err delete_run(struct toc_turn *turn, const Tocsin__V1__ReachRun *run)
{
    uint8_t key[DUE_KEY_MAX];
    enum toc_err err = toc_del(turn->txn, TABLE_REACH_DUE, due_key(key, run, run->next_ms));
    if (err == TOC_OK)
        err = toc_del(turn->txn, TABLE_REACH, toc_str_of(run->reach));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

static enum toc_err load_row(struct toc_turn *turn, const char *reach, uint32_t place,
                             Tocsin__V1__ReachRow **out)
{
    uint8_t key[ROW_KEY_MAX];
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_PROBE, row_key(key, reach, place), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__reach_row__descriptor, row, out);
}

static enum toc_err emit(struct toc_turn *turn, const Tocsin__V1__ReachChange *change)
{
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__REACH_CHANGED,
                                .class_bit = TOC_CLASS_ALERT,
                                .partition = TOC_PARTITION_ALL,
                                .at_ms = turn->log_ms,
                                .message = change};
    return toc_emit(turn, &out, NULL);
}

static enum toc_err say_run(struct toc_turn *turn, const Tocsin__V1__ReachRun *run, bool over)
{
    Tocsin__V1__ReachChange change = TOCSIN__V1__REACH_CHANGE__INIT;
    Tocsin__V1__ReachRun told = *run;
    if (over)
        told.n_persons = 0; /* who was missed needs the room */
    change.reach = run->reach;
    change.run = &told;
    change.over = over;
    change.until_ms = run->until_ms;
    return emit(turn, &change);
}

static enum toc_err say_row(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                            Tocsin__V1__ReachRow *row)
{
    Tocsin__V1__ReachChange change = TOCSIN__V1__REACH_CHANGE__INIT;
    change.reach = run->reach;
    change.row = row;
    change.until_ms = run->until_ms;
    return emit(turn, &change);
}

static enum toc_err save_row(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                             Tocsin__V1__ReachRow *row)
{
    uint8_t key[ROW_KEY_MAX];
    struct toc_str bytes;
    TOC_TRY(say_row(turn, run, row));
    TOC_TRY(toc_wire_pack(turn->arena, row, &bytes));
    return toc_put(turn->txn, TABLE_PROBE, row_key(key, run->reach, row->place), bytes);
}

/* --- one probe ---------------------------------------------------------------------------- */

/* What its page says of a probe that is not answered: the last attempt, or why it ended. */
static enum toc_err take_page(struct toc_turn *turn, const Tocsin__V1__Page *page,
                              Tocsin__V1__ReachRow *row)
{
    bool accepted = page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    char *why = toc_arena_take(turn->arena, WHY_MAX);
    if (why == NULL)
        return TOC_ERR_LIMIT;
    bool both = page->reason[0] != '\0' && page->outcome[0] != '\0';
    snprintf(why, WHY_MAX, "%.120s%s%.40s%s", page->reason, both ? " (" : "", page->outcome,
             both ? ")" : "");
    row->state = page->state;
    row->sent_ms = accepted ? page->done_ms : 0;
    row->why = page->bounced ? toc_wire_text("failed later") : why;
    row->settled = page->bounced || (!accepted && !page_is_pending(page));
    return TOC_OK;
}

static bool is_same(const Tocsin__V1__ReachRow *a, const Tocsin__V1__ReachRow *b)
{
    return a->state == b->state && a->settled == b->settled && a->answered_ms == b->answered_ms &&
           strcmp(a->why, b->why) == 0;
}

/* Nothing more is waited for: the run is over at once. */
static enum toc_err save_both(struct toc_turn *turn, Tocsin__V1__ReachRun *run,
                              Tocsin__V1__ReachRow *row, bool was_settled)
{
    toc_time_ms old_next_ms = run->next_ms;
    TOC_TRY(save_row(turn, run, row));
    if (was_settled || !row->settled)
        return TOC_OK;
    run->open--;
    if (run->open == 0 && run->planned && run->next_ms > turn->log_ms)
        run->next_ms = turn->log_ms;
    return save_run(turn, run, old_next_ms);
}

static enum toc_err answer(struct toc_turn *turn, Tocsin__V1__ReachRun *run,
                           Tocsin__V1__ReachRow *row, Tocsin__V1__Page *page, const char *how)
{
    bool was_settled = row->settled;
    if (row->answered_ms != 0)
        return TOC_OK;
    if (page_is_pending(page))
        TOC_TRY(page_end(turn, NULL, page, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED, NULL,
                         "it was answered"));
    row->state = page->state;
    row->answered_ms = turn->log_ms;
    row->how = toc_wire_text(how);
    row->why = toc_wire_text("");
    row->settled = true;
    return save_both(turn, run, row, was_settled);
}

enum toc_err probe_follow(struct toc_turn *turn, Tocsin__V1__Page *page)
{
    Tocsin__V1__ReachRun *run;
    Tocsin__V1__ReachRow *row;
    if (page->reach[0] == '\0')
        return TOC_OK;
    enum toc_err err = load_row(turn, page->reach, page->probe, &row);
    if (err == TOC_OK)
        err = load_run(turn, toc_str_of(page->reach), &run);
    if (err != TOC_OK || row->answered_ms != 0)
        return err < 0 ? err : TOC_OK; /* it is over, or nothing new */
    bool taken = page->state == TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED;
    if (page->read_ms != 0 || page->delivered_ms != 0 ||
        (TOC_PLANTED(TOC_PLANT_PROBE_TAKEN) && taken))
        return answer(turn, run, row, page, page->read_ms != 0 ? "read" : "delivered");
    Tocsin__V1__ReachRow before = *row;
    TOC_TRY(take_page(turn, page, row));
    return is_same(&before, row) ? TOC_OK : save_both(turn, run, row, before.settled);
}

/* --- planning ----------------------------------------------------------------------------- */

static enum toc_err add_row(struct toc_turn *turn, Tocsin__V1__ReachRun *run,
                            Tocsin__V1__ReachRow *row)
{
    row->place = run->probes++;
    run->open += !row->settled;
    return save_row(turn, run, row);
}

static enum toc_err add_page(struct toc_turn *turn, Tocsin__V1__ReachRun *run, const char *person,
                             const char *method)
{
    Tocsin__V1__ReachRow row = TOCSIN__V1__REACH_ROW__INIT;
    Tocsin__V1__Page *page;
    const struct page_plan plan = {.contact = person,
                                   .kind = PAGE_PROBE,
                                   .method = method,
                                   .reach = run->reach,
                                   .probe = run->probes,
                                   .urgent = true,
                                   .ends_ms = run->until_ms};
    TOC_TRY(page_plan(turn, NULL, &plan, &page));
    row.person = page->contact;
    row.method = toc_wire_text(method);
    row.delivery = page->delivery;
    row.page = page->index;
    TOC_TRY(take_page(turn, page, &row));
    return add_row(turn, run, &row);
}

static enum toc_err add_none(struct toc_turn *turn, Tocsin__V1__ReachRun *run, const char *person,
                             const char *method, const char *why)
{
    Tocsin__V1__ReachRow row = TOCSIN__V1__REACH_ROW__INIT;
    row.person = toc_wire_text(person);
    row.method = toc_wire_text(method);
    row.state = TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    row.why = toc_wire_text(why);
    row.settled = true;
    return add_row(turn, run, &row);
}

static enum toc_err plan_person(struct toc_turn *turn, Tocsin__V1__ReachRun *run,
                                const char *person)
{
    Tocsin__V1__Contact *contact;
    enum toc_err err = person_find(turn->txn, turn->arena, person, &contact);
    if (err == TOC_NONE)
        return add_page(turn, run, person, ""); /* the fake pager */
    TOC_TRY(err);
    if (contact->n_methods == 0)
        return add_none(turn, run, person, "",
                        contact->gone ? "the person is not in the contacts file"
                                      : "the person has no contact method");
    for (size_t i = 0; i < contact->n_methods; i++) {
        const Tocsin__V1__ContactMethod *method = contact->methods[i];
        if (method->disabled[0] != '\0')
            TOC_TRY(add_none(turn, run, person, method->name, method->disabled));
        else if (!method->verified)
            TOC_TRY(add_none(turn, run, person, method->name, "the method is not verified"));
        else
            TOC_TRY(add_page(turn, run, person, method->name));
    }
    return TOC_OK;
}

/* The name that comes first of those behind `after`. */
struct next {
    const char *after;
    const char *name; /* NULL: none yet */
};

static void offer(struct next *next, const char *name)
{
    if (strcmp(name, next->after) > 0 && (next->name == NULL || strcmp(name, next->name) < 0))
        next->name = name;
}

static void offer_schedule(struct next *next, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < schedule->layer_count; i++)
        for (size_t k = 0; k < schedule->layers[i].person_count; k++)
            offer(next, schedule->layers[i].people[k]);
    for (size_t i = 0; i < schedule->temporary_count; i++)
        for (size_t k = 0; k < schedule->temporary[i].person_count; k++)
            offer(next, schedule->temporary[i].people[k]);
}

/* Whom its paths and schedules name. */
static void offer_policy(struct next *next, const struct toc_policy *policy)
{
    for (size_t i = 0; i < policy->path_count; i++)
        for (size_t s = 0; s < policy->paths[i].step_count; s++)
            for (size_t k = 0; k < policy->paths[i].steps[s].contact_count; k++)
                offer(next, policy->paths[i].steps[s].contacts[k]);
    for (size_t i = 0; i < policy->schedule_count; i++)
        offer_schedule(next, &policy->schedules[i]);
}

static enum toc_err offer_contacts(struct toc_turn *turn, struct next *next)
{
    Tocsin__V1__Contact *contact;
    const char *after = next->after;
    enum toc_err err;
    while ((err = notifier_contact_after(turn->txn, turn->arena, after, &contact)) == TOC_OK) {
        after = contact->person;
        if (contact->gone || strcmp(after, NOTIFIER_ANYBODY) == 0)
            continue;
        offer(next, after);
        return TOC_OK;
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err find_next(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                              struct next *next)
{
    const struct toc_policy *policy;
    for (size_t i = 0; i < run->n_persons; i++)
        offer(next, run->persons[i]);
    if (run->n_persons > 0)
        return TOC_OK;
    TOC_TRY(offer_contacts(turn, next));
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    if (err == TOC_OK)
        offer_policy(next, policy);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err plan_next(struct toc_turn *turn, Tocsin__V1__ReachRun *run)
{
    struct next next = {.after = run->after};
    toc_time_ms old_next_ms = run->next_ms;
    TOC_TRY(find_next(turn, run, &next));
    if (next.name == NULL) {
        run->planned = true;
        run->next_ms = run->open > 0 ? run->until_ms : turn->log_ms;
        return save_run(turn, run, old_next_ms);
    }
    run->after = toc_wire_text(next.name);
    run->people++;
    TOC_TRY(plan_person(turn, run, next.name));
    return save_run(turn, run, old_next_ms);
}

/* --- the end ------------------------------------------------------------------------------ */

static enum toc_err end_row(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                            Tocsin__V1__ReachRow *row)
{
    uint8_t key[ROW_KEY_MAX];
    Tocsin__V1__Page *page;
    if (!row->settled && row->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING) {
        enum toc_err err = page_load(turn->txn, turn->arena, 0, row->page, &page);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        TOC_TRY(page_end(turn, NULL, page, TOCSIN__V1__PAGE_STATE__PAGE_DEAD, NULL,
                         "its time is over"));
        TOC_TRY(take_page(turn, page, row));
        TOC_TRY(say_row(turn, run, row));
    }
    enum toc_err err = toc_del(turn->txn, TABLE_PROBE, row_key(key, run->reach, row->place));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

static enum toc_err note_missed(struct toc_turn *turn, Tocsin__V1__ReachRun *run, char *person)
{
    run->missed_count++;
    if (run->n_missed == PROBE_MISSED_MAX)
        return TOC_OK;
    char **names = toc_arena_take(turn->arena, (run->n_missed + 1) * sizeof(*names));
    if (names == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < run->n_missed; i++)
        names[i] = run->missed[i];
    names[run->n_missed++] = person;
    run->missed = names;
    return TOC_OK;
}

/* The probes of one person, who stand side by side; each is gone with that. */
static enum toc_err count_next(struct toc_turn *turn, Tocsin__V1__ReachRun *run)
{
    Tocsin__V1__ReachRow *row, *first = NULL;
    bool reached = false;
    for (; run->closed < run->probes; run->closed++) {
        enum toc_err err = load_row(turn, run->reach, run->closed, &row);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        if (first != NULL && strcmp(first->person, row->person) != 0)
            break;
        first = row;
        reached = reached || row->answered_ms != 0;
        TOC_TRY(end_row(turn, run, row));
    }
    if (first != NULL && !reached)
        TOC_TRY(note_missed(turn, run, first->person));
    if (run->closed < run->probes)
        return save_run(turn, run, run->next_ms);
    TOC_TRY(say_run(turn, run, true));
    return delete_run(turn, run);
}

enum toc_err probe_first_due(struct toc_txn *txn, toc_time_ms *out_ms)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_REACH_DUE, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size <= 8)
        return TOC_ERR_DAMAGED;
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    return TOC_OK;
}

enum toc_err probe_due(struct toc_turn *turn)
{
    Tocsin__V1__ReachRun *run;
    struct toc_str key, value;
    enum toc_err err =
        toc_first_at_least(turn->txn, TABLE_REACH_DUE, toc_str(NULL, 0), &key, &value);
    if (err == TOC_OK)
        err = load_run(turn, toc_str_from(key, 8), &run);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return run->planned ? count_next(turn, run) : plan_next(turn, run);
}

/* --- events ------------------------------------------------------------------------------- */

static enum toc_err refuse(struct toc_turn *turn, const Tocsin__V1__Reach *said, const char *reason)
{
    return alert_say(turn, TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED, NULL, NULL, said->by, reason);
}

static bool has_long_name(const Tocsin__V1__Reach *said)
{
    for (size_t i = 0; i < said->n_persons; i++)
        if (strlen(said->persons[i]) > TOC_PERSON_ID_MAX)
            return true;
    return false;
}

/* Why there is no such run; NULL: there can be one. */
static enum toc_err check(struct toc_turn *turn, const Tocsin__V1__Event *event,
                          const char **out_wrong)
{
    const Tocsin__V1__Reach *said = event->reach;
    uint64_t count;
    struct toc_str row;
    *out_wrong = NULL;
    TOC_TRY(toc_count(turn->txn, TABLE_REACH, &count));
    if (said->reach[0] == '\0' || strlen(said->reach) > PROBE_ID_MAX) {
        *out_wrong = "the id of the run is missing or too long";
        return TOC_OK;
    }
    enum toc_err err = toc_get(turn->txn, TABLE_REACH, toc_str_of(said->reach), &row);
    TOC_TRY(err);
    if (event->test)
        *out_wrong = "a test pages nobody";
    else if (err == TOC_OK)
        *out_wrong = "there is a run of probes with this id";
    else if (count >= PROBE_RUNS_MAX)
        *out_wrong = "16 runs of probes are under way already";
    else if (said->n_persons > PROBE_PEOPLE_MAX)
        *out_wrong = "a run names at most 16 people; without any it is for everybody";
    else if (has_long_name(said))
        *out_wrong = "nobody has so long a name";
    else if (said->until_ms <= turn->log_ms)
        *out_wrong = "it would be over already";
    else if (said->until_ms > turn->log_ms + PROBE_LONGEST_MS)
        *out_wrong = "a run lasts at most 7 days";
    return TOC_OK;
}

static enum toc_err ask(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__Reach *said = event->reach;
    Tocsin__V1__ReachRun run = TOCSIN__V1__REACH_RUN__INIT;
    const char *wrong;
    TOC_TRY(check(turn, event, &wrong));
    if (wrong != NULL)
        return refuse(turn, said, wrong);
    run.reach = said->reach;
    run.by = said->by;
    run.persons = said->persons;
    run.n_persons = said->n_persons;
    run.from_ms = run.next_ms = turn->log_ms;
    run.until_ms = said->until_ms;
    TOC_TRY(say_run(turn, &run, false));
    return save_run(turn, &run, TOC_TIME_NEVER);
}

/* The page whose code it is, of the probes that wait for an answer. */
static enum toc_err find_by_code(struct toc_turn *turn, const char *said, uint32_t *out_page)
{
    const struct notifier_config *self = turn->self;
    char code[NOTIFIER_ANSWER_DIGITS + 1];
    struct toc_str key, bytes;
    struct toc_scan *scan;
    enum toc_err err;
    bool found = false;
    TOC_TRY(toc_scan_open(turn->txn, TABLE_PROBE, toc_str(NULL, 0), &scan));
    while (!found && (err = toc_scan_next(scan, &key, &bytes)) == TOC_OK) {
        Tocsin__V1__ReachRow *row;
        size_t mark = toc_arena_mark(turn->arena);
        err = toc_wire_unpack(turn->arena, &tocsin__v1__reach_row__descriptor, bytes, &row);
        if (err < 0)
            break;
        notifier_answer_code(self->key, row->delivery, code);
        found = row->delivery[0] != '\0' && row->answered_ms == 0 && strcmp(code, said) == 0;
        *out_page = row->page;
        toc_arena_reset(turn->arena, mark);
    }
    toc_scan_close(scan);
    return err < 0 ? err : found ? TOC_OK : TOC_NONE;
}

static enum toc_err find_by_delivery(struct toc_turn *turn, const char *delivery,
                                     uint32_t *out_page)
{
    struct notifier_due at;
    enum toc_err err = page_of_delivery(turn->txn, delivery, &at);
    *out_page = err == TOC_OK ? at.index : 0;
    return err == TOC_OK && at.alert_number != 0 ? TOC_NONE : err;
}

static enum toc_err answered(struct toc_turn *turn, const Tocsin__V1__Reach *said)
{
    bool by_link = said->delivery[0] != '\0';
    Tocsin__V1__Page *page;
    Tocsin__V1__ReachRun *run;
    Tocsin__V1__ReachRow *row;
    uint32_t index;
    enum toc_err err = by_link ? find_by_delivery(turn, said->delivery, &index)
                               : find_by_code(turn, said->answer, &index);
    if (err == TOC_OK)
        err = page_load(turn->txn, turn->arena, 0, index, &page);
    if (err == TOC_OK)
        err = load_run(turn, toc_str_of(page->reach), &run);
    if (err == TOC_OK)
        err = load_row(turn, page->reach, page->probe, &row);
    if (err == TOC_NONE)
        return refuse(turn, said,
                      by_link ? "that probe is over"
                              : "no probe waits for that code: it is wrong, or the time is over");
    TOC_TRY(err);
    return answer(turn, run, row, page, by_link ? "link" : "code");
}

enum toc_err probe_event(struct toc_turn *turn, const Tocsin__V1__Event *event)
{
    if (strcmp(event->type, "tocsin.reach.asked") == 0)
        return ask(turn, event);
    return answered(turn, event->reach);
}
