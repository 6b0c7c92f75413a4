#include "services/notifier/probe.h"

#include "common/plant.h"
#include "services/notifier/delivery.h"
#include "services/notifier/method.h"
#include "services/notifier/page.h"
#include "services/notifier/person.h"
#include "services/notifier/watch.h"

#include <stdio.h>

#define ROW_KEY_MAX (REACH_ID_MAX + 1 + 4)
#define WHY_MAX     192 /* bytes */

/* --- rows --------------------------------------------------------------------------------- */

static struct toc_str row_key(uint8_t out[ROW_KEY_MAX], const char *reach, uint32_t place)
{
    size_t size = strlen(reach) + 1;
    TOC_ASSERT(size <= REACH_ID_MAX + 1);
    memcpy(out, reach, size);
    toc_put_u32be(out + size, place);
    return toc_str(out, size + 4);
}

enum toc_err probe_load(struct toc_turn *turn, const char *reach, uint32_t place,
                        Tocsin__V1__ReachRow **out)
{
    uint8_t key[ROW_KEY_MAX];
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_PROBE, row_key(key, reach, place), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(turn->arena, &tocsin__v1__reach_row__descriptor, row, out);
}

enum toc_err notifier_probe_of(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Page *page, Tocsin__V1__ReachRow **out)
{
    uint8_t key[ROW_KEY_MAX];
    struct toc_str row;
    if (page->reach[0] == '\0')
        return TOC_NONE;
    enum toc_err err = toc_get(txn, TABLE_PROBE, row_key(key, page->reach, page->probe), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__reach_row__descriptor, row, out);
}

static enum toc_err say_row(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                            Tocsin__V1__ReachRow *row)
{
    Tocsin__V1__ReachChange change = TOCSIN__V1__REACH_CHANGE__INIT;
    change.reach = run->reach;
    change.row = row;
    change.until_ms = run->until_ms;
    return reach_say(turn, &change);
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
    return reach_save(turn, run, old_next_ms);
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
    TOC_TRY(save_both(turn, run, row, was_settled));
    return watch_person(turn, row->person, false);
}

enum toc_err probe_follow(struct toc_turn *turn, Tocsin__V1__Page *page)
{
    Tocsin__V1__ReachRun *run;
    Tocsin__V1__ReachRow *row;
    if (page->reach[0] == '\0')
        return TOC_OK;
    enum toc_err err = probe_load(turn, page->reach, page->probe, &row);
    if (err == TOC_OK)
        err = reach_load(turn, toc_str_of(page->reach), &run);
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

enum toc_err probe_plan(struct toc_turn *turn, Tocsin__V1__ReachRun *run, const char *person)
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

/* --- answers ------------------------------------------------------------------------------ */

/* A code that somebody says, and what it is to the runs under way. */
struct guess {
    const char *said;
    Tocsin__V1__ReachRun *runs[REACH_RUNS_MOST]; /* that take codes */
    size_t count;
    bool closed;   /* others take none any more */
    bool answered; /* it is the code of a probe that was answered */
    bool last;     /* it was the last wrong one that some run takes */
    uint32_t page; /* whose code it is */
};

static bool takes_codes(const Tocsin__V1__ReachRun *run)
{
    return run->wrong < PROBE_WRONG_MAX + run->probes / PROBE_WRONG_SHARE;
}

static enum toc_err list_runs(struct toc_turn *turn, struct guess *guess)
{
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(turn->txn, TABLE_REACH, toc_str(NULL, 0), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && guess->count < REACH_RUNS_MOST) {
        Tocsin__V1__ReachRun **run = &guess->runs[guess->count];
        err = toc_wire_unpack(turn->arena, &tocsin__v1__reach_run__descriptor, row, run);
        if (err < 0)
            break;
        guess->count += takes_codes(*run);
        guess->closed = guess->closed || !takes_codes(*run);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* TOC_OK: a probe of the run waits for the code. */
static enum toc_err look_in(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                            struct guess *guess)
{
    const struct notifier_config *self = turn->self;
    struct toc_str id = toc_str(run->reach, strlen(run->reach) + 1); /* keys go on with 0 */
    char code[NOTIFIER_ANSWER_DIGITS + 1];
    struct toc_str key, bytes;
    struct toc_scan *scan;
    enum toc_err err;
    bool found = false;
    TOC_TRY(toc_scan_open(turn->txn, TABLE_PROBE, id, &scan));
    while (!found && (err = toc_scan_next(scan, &key, &bytes)) == TOC_OK &&
           toc_str_starts(key, id)) {
        Tocsin__V1__ReachRow *row;
        size_t mark = toc_arena_mark(turn->arena);
        err = toc_wire_unpack(turn->arena, &tocsin__v1__reach_row__descriptor, bytes, &row);
        if (err < 0)
            break;
        notifier_answer_code(self->key, row->delivery, code);
        bool its = row->delivery[0] != '\0' && strcmp(code, guess->said) == 0;
        found = its && row->answered_ms == 0;
        guess->answered = guess->answered || (its && !found);
        guess->page = row->page;
        toc_arena_reset(turn->arena, mark);
    }
    toc_scan_close(scan);
    return err < 0 ? err : found ? TOC_OK : TOC_NONE;
}

/* Every run that it might have been for has one try less. */
static enum toc_err count_wrong(struct toc_turn *turn, struct guess *guess)
{
    for (size_t i = 0; i < guess->count; i++) {
        Tocsin__V1__ReachRun *run = guess->runs[i];
        run->wrong++;
        guess->last = guess->last || !takes_codes(run);
        TOC_TRY(reach_save(turn, run, run->next_ms));
    }
    return TOC_OK;
}

/* The page whose code it is, of the probes that wait for an answer. */
static enum toc_err find_by_code(struct toc_turn *turn, struct guess *guess)
{
    TOC_TRY(list_runs(turn, guess));
    for (size_t i = 0; i < guess->count; i++) {
        enum toc_err err = look_in(turn, guess->runs[i], guess);
        if (err != TOC_NONE)
            return err;
    }
    if (!guess->answered)
        TOC_TRY(count_wrong(turn, guess));
    return TOC_NONE;
}

static const char *why_not(const struct guess *guess)
{
    if (guess->last)
        return "no probe waits for that code, and that was the last try: answer by the link, or "
               "ask for another run";
    if (guess->count == 0 && guess->closed)
        return "too many wrong codes were said: answer by the link, or ask for another run";
    return "no probe waits for that code: it is wrong, or the time is over";
}

static enum toc_err find_page(struct toc_turn *turn, const Tocsin__V1__Reach *said,
                              Tocsin__V1__Page **out, const char **out_wrong)
{
    struct guess guess = {.said = said->answer};
    enum toc_err err;
    if (said->delivery[0] != '\0') {
        *out_wrong = "that probe is over";
        err = page_by_delivery(turn, said->delivery, out);
        return err == TOC_OK && (*out)->alert_number != 0 ? TOC_NONE : err;
    }
    err = find_by_code(turn, &guess);
    *out_wrong = why_not(&guess);
    return err == TOC_OK ? page_load(turn->txn, turn->arena, 0, guess.page, out) : err;
}

enum toc_err probe_answered(struct toc_turn *turn, const Tocsin__V1__Reach *said,
                            const char **out_wrong)
{
    bool by_link = said->delivery[0] != '\0';
    Tocsin__V1__Page *page;
    Tocsin__V1__ReachRun *run;
    Tocsin__V1__ReachRow *row;
    enum toc_err err = find_page(turn, said, &page, out_wrong);
    if (err == TOC_OK)
        err = reach_load(turn, toc_str_of(page->reach), &run);
    if (err == TOC_OK)
        err = probe_load(turn, page->reach, page->probe, &row);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    *out_wrong = NULL;
    return answer(turn, run, row, page, by_link ? "link" : "code");
}

/* --- the end ------------------------------------------------------------------------------ */

enum toc_err probe_end(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                       Tocsin__V1__ReachRow *row)
{
    uint8_t key[ROW_KEY_MAX];
    Tocsin__V1__Page *page;
    const char *why;
    if (!row->settled && row->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING) {
        TOC_TRY(page_there(turn->txn, turn->arena, 0, row->page, &page));
        TOC_TRY(method_time_over(turn, page, &why));
        TOC_TRY(page_end(turn, NULL, page, TOCSIN__V1__PAGE_STATE__PAGE_DEAD, NULL, why));
        TOC_TRY(take_page(turn, page, row));
        TOC_TRY(say_row(turn, run, row));
    }
    enum toc_err err = toc_del(turn->txn, TABLE_PROBE, row_key(key, run->reach, row->place));
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}
