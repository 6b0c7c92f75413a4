/*
 * SLA's step. A record of an issue's history first lets pass what was due before it, then moves the
 * issue's clocks; time alone fires what is due.
 *
 *   core.c     records and time           retarget.c  another priority, SLA or policy
 *   fire.c     warnings and breaches      clock.c     the arithmetic of one clock
 *   row.c      rows, ledger, due index    ask.c       questions
 */
#include "services/sla/fire.h"
#include "services/sla/retarget.h"

static const char *const tables[] = {"clocks", "due", "ledger"};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == SLA_TABLE_END - TOC_TABLE_OWN,
               "one name per table");

static enum toc_err say(struct work *work, size_t index, Tocsin__V1__ClockChange__What what)
{
    const struct said said = {.what = what, .at_ms = work->at_ms};
    return row_say(work, index, &said);
}

/* Closes the open interval; what is then known may take a breach back: it was judged too early. */
static enum toc_err halt(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    TOC_TRY(row_keep_interval(work, index, clock_halt(clock, work->at_ms)));
    clock_plan(clock);
    work->changed = true;
    if (clock.row->breached &&
        (work->at_ms > clock.row->breached_ms || clock_is_over(clock, work->at_ms)))
        return TOC_OK;
    clock.row->unconfirmed = false; /* it was not overdue, and may become so again */
    if (!clock.row->breached)
        return TOC_OK;
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED,
                              .at_ms = work->at_ms,
                              .due_ms = clock.row->breached_ms,
                              .reason = "late_evidence"};
    clock.row->breached = false;
    clock.row->breached_ms = 0;
    return row_say(work, index, &said);
}

static enum toc_err stop(struct work *work, size_t index)
{
    TOC_TRY(halt(work, index));
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    clock->state = TOCSIN__V1__CLOCK_STATE__CLOCK_MET;
    clock->stopped_ms = work->at_ms;
    clock->due_ms = TOC_TIME_NEVER;
    clock->next_ms = TOC_TIME_NEVER;
    return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__MET);
}

static enum toc_err start(struct work *work, size_t index, toc_time_ms from_ms)
{
    struct clock clock = row_clock(work, index);
    clock.row->started_ms = from_ms;
    if (row_has_state(work, clock.rule->pause_states)) {
        clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
        clock_plan(clock);
    } else {
        clock_run(clock, from_ms);
    }
    return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED);
}

/* What would stop the clock, had it been there, has happened already. */
static bool comes_too_late(const struct work *work, const struct toc_clock_rule *rule)
{
    if (rule->metric == TOC_CLOCK_FIRST_REPLY)
        return work->row->replied;
    return row_has_state(work, rule->stop_states);
}

/* A clock for each rule of the SLA that has none yet, counted from the opening. */
static enum toc_err start_missing(struct work *work)
{
    for (size_t i = 0; work->sla != NULL && i < work->sla->clock_count; i++) {
        const struct toc_clock_rule *rule = &work->sla->clocks[i];
        bool there = false;
        for (size_t k = 0; k < work->row->n_clocks; k++)
            there = there || strcmp(work->row->clocks[k]->metric, rule->name) == 0;
        if (there || rule->target_ms[work->row->priority] == TOC_TARGET_NONE)
            continue;
        if (comes_too_late(work, rule))
            continue;
        Tocsin__V1__Clock *clock = row_add_clock(work);
        if (clock == NULL)
            return TOC_ERR_LIMIT;
        clock_init(clock, rule, work->row->priority);
        TOC_TRY(start(work, work->row->n_clocks - 1, work->row->opened_ms));
        TOC_TRY(retarget_judge(work, work->row->n_clocks - 1));
    }
    return TOC_OK;
}

/* A finished clock is never judged again: the reopened issue gets another instance. */
static enum toc_err restart(struct work *work, size_t index)
{
    struct clock old = row_clock(work, index);
    if (old.rule->target_ms[work->row->priority] == TOC_TARGET_NONE ||
        work->row->n_clocks >= SLA_CLOCKS_MAX - TOC_POLICY_CLOCKS_MAX)
        return TOC_OK;
    Tocsin__V1__Clock *clock = row_add_clock(work);
    if (clock == NULL)
        return TOC_ERR_LIMIT;
    clock_init(clock, old.rule, work->row->priority);
    clock->instance = old.row->instance + 1;
    return start(work, work->row->n_clocks - 1, work->at_ms);
}

static bool is_reply(const Tocsin__V1__IssueChange *change)
{
    return change->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND && !change->auto_;
}

static bool is_stopped_by(const struct clock *clock, const struct work *work,
                          const Tocsin__V1__IssueChange *change)
{
    if (clock->rule->metric == TOC_CLOCK_FIRST_REPLY)
        return is_reply(change);
    return row_has_state(work, clock->rule->stop_states);
}

/* Stop comes before start, start before pause, pause before resume. */
static enum toc_err move_clock(struct work *work, size_t index,
                               const Tocsin__V1__IssueChange *change)
{
    struct clock clock = row_clock(work, index);
    if (clock.rule == NULL || !row_is_latest(work, index))
        return TOC_OK;
    bool stops = is_stopped_by(&clock, work, change);
    if (clock_is_live(clock.row) && stops)
        return stop(work, index);
    if (clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET &&
        clock.rule->metric == TOC_CLOCK_RESOLUTION && !stops)
        return restart(work, index);
    bool pauses = row_has_state(work, clock.rule->pause_states);
    if (clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING && pauses) {
        TOC_TRY(halt(work, index));
        return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED);
    }
    if (clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED && !pauses) {
        clock_run(clock, work->at_ms);
        return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__RESUMED);
    }
    return TOC_OK;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Takes over what the history's snapshot says; true when the targets may be others. */
static bool take_snapshot(struct work *work, const Tocsin__V1__Issue *issue)
{
    Tocsin__V1__IssueClocks *row = work->row;
    bool retarget = row->priority != issue->priority || !same(row->sla, issue->sla) ||
                    (row->policy != issue->policy && row->n_clocks == 0);
    bool named = row->test != issue->test || !same(row->source, issue->source) ||
                 !same(row->subject, issue->subject); /* a stub's opening came */
    bool shown = row->state != issue->state || row->risk != issue->risk ||
                 row->tier != issue->tier || !same(row->queue, issue->queue) ||
                 !same(row->path, issue->path);
    work->changed = work->changed || retarget || shown || named;
    row->state = issue->state;
    row->priority = issue->priority;
    row->risk = issue->risk;
    row->queue = issue->queue;
    row->tier = issue->tier;
    row->path = issue->path;
    row->source = issue->source;
    row->subject = issue->subject;
    row->test = issue->test;
    if (retarget) {
        row->sla = issue->sla;
        row->policy = issue->policy;
    }
    return retarget;
}

static enum toc_err new_row(struct toc_turn *turn, const Tocsin__V1__Issue *issue,
                            Tocsin__V1__IssueClocks **out)
{
    Tocsin__V1__IssueClocks *row = toc_arena_take(turn->arena, sizeof(*row));
    if (row == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__issue_clocks__init(row);
    row->id = issue->id;
    row->number = issue->number;
    row->partition = issue->partition;
    row->source = toc_wire_text("");
    row->subject = toc_wire_text("");
    row->opened_ms = issue->opened_ms;
    row->indexed_ms = TOC_TIME_NEVER;
    *out = row;
    return TOC_OK;
}

static enum toc_err on_change(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueChange *change;
    struct work work = {.turn = turn, .at_ms = record->at_ms};
    TOC_TRY(toc_unpack(turn, issue_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    const Tocsin__V1__Issue *issue = change->issue;
    if (issue == NULL || issue->id.len != TOC_ID || issue->priority > TOC_POLICY_PRIORITIES)
        return TOC_ERR_MALFORMED;
    enum toc_err err = row_load(turn, issue->partition, issue->number, &work.row);
    TOC_TRY(err);
    if (err == TOC_NONE) {
        TOC_TRY(new_row(turn, issue, &work.row));
        work.changed = true;
    }
    TOC_TRY(row_bind(&work));
    TOC_TRY(fire_issue(&work, work.at_ms)); /* what was due before it has come to pass */
    const struct toc_sla *old = work.sla;
    if (take_snapshot(&work, issue)) {
        TOC_TRY(row_bind(&work));
        TOC_TRY(retarget(&work, old));
    }
    size_t clocks = work.row->n_clocks;
    for (size_t i = 0; i < clocks; i++)
        TOC_TRY(move_clock(&work, i, change));
    if (is_reply(change) && !work.row->replied) {
        work.row->replied = true;
        work.changed = true;
    }
    TOC_TRY(start_missing(&work));
    if (!work.changed)
        return TOC_OK;
    work.row->changed_ms = work.at_ms;
    return row_save(&work);
}

static enum toc_err on_record(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        return on_change(turn, record);
    case TOCSIN__V1__RECORD_TYPE__POLICY_PART:
    case TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED:
        /* Its own records name the version: whoever follows only this log has to know it first. */
        return toc_turn_keep_policy(turn, record->type, toc_wire_bytes(&record->body),
                                    record->at_ms, true);
    default:
        return TOC_OK;
    }
}

static enum toc_err sla_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_RECORD:
        return on_record(turn, ev->record);
    case TOC_EVENT_TIME:
        return fire_dues(turn, ev->at_ms);
    case TOC_EVENT_BEHIND:
        return fire_unconfirmed(turn, ev->at_ms);
    case TOC_EVENT_SUBMIT:
    case TOC_EVENT_OUTCOME:
    case TOC_EVENT_UPSTREAM:
        break;
    }
    TOC_BUG("an event that sla never gets");
}

const struct toc_service sla_service = {
    .name = "sla",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .upstream_classes = TOC_CLASS_HISTORY | TOC_CLASS_CONTROL,
    .sees_behind = true,
    .time_source = TOC_TIME_OF_LOGS,
    .step = sla_step,
    .next_due = fire_next_due,
    .ask = sla_ask,
    .last_seq_of = sla_last_seq,
};
