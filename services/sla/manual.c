#include "services/sla/manual.h"

#include "services/sla/happen.h"
#include "services/sla/move.h"
#include "services/sla/retarget.h"

/* --- a due date by hand ------------------------------------------------------------------- */

static const struct toc_clock_rule *rule_of(const struct work *work, const char *name)
{
    for (size_t i = 0; work->sla != NULL && i < work->sla->clock_count; i++)
        if (strcmp(work->sla->clocks[i].name, name) == 0)
            return &work->sla->clocks[i];
    return NULL;
}

/* The clock of that name that runs; of those that do not, the latest; n_clocks for none. */
static size_t find(const struct work *work, const char *name)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    size_t found = row->n_clocks;
    for (size_t i = 0; i < row->n_clocks; i++) {
        if (strcmp(row->clocks[i]->metric, name) != 0)
            continue;
        if (clock_is_live(row->clocks[i]))
            return i;
        if (found == row->n_clocks || row->clocks[i]->instance > row->clocks[found]->instance)
            found = i;
    }
    return found;
}

static enum toc_err refuse(struct work *work, const char *reason)
{
    return record_refuse(work, work->change->metric, "", reason);
}

/* A clock that only has no target yet runs from where it would have, for the sake of the date. */
static enum toc_err start(struct work *work, const struct toc_clock_rule *rule, size_t *out)
{
    const char *scope = happen_scope(work, rule);
    toc_time_ms since_ms = happen_since(work, rule);
    if (scope == NULL || !row_takes(rule, scope) || !happen_may_begin(work, rule) ||
        !toc_match(&rule->when, &work->fields) || since_ms == 0) {
        TOC_TRY(refuse(work, "the clock does not run"));
        return TOC_NONE;
    }
    enum toc_err err = move_place(work, rule, scope, out);
    return err == TOC_OK ? move_start(work, *out, rule, since_ms) : err;
}

static enum toc_err set(struct work *work, size_t index)
{
    const Tocsin__V1__IssueChange *change = work->change;
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    bool off = change->due_ms == 0;
    if (clock->manual_due_ms == change->due_ms && (off || clock->manual_end_ms == change->end_ms))
        return TOC_OK; /* said before */
    clock->manual_due_ms = change->due_ms;
    clock->manual_end_ms = off ? 0 : change->end_ms;
    clock->manual_by = off ? toc_wire_text("") : change->by;
    return retarget_aim(work, index, off ? "due_taken_back" : "due_set");
}

static enum toc_err due_set(struct work *work)
{
    const Tocsin__V1__IssueChange *change = work->change;
    const struct toc_clock_rule *rule = rule_of(work, change->metric);
    size_t index = find(work, change->metric);
    bool there = index < work->row->n_clocks;
    if (there && clock_is_live(work->row->clocks[index]))
        return change->end_ms != 0 && change->end_ms <= work->at_ms
                   ? refuse(work, "its end has passed")
                   : set(work, index);
    if (rule == NULL)
        return refuse(work, "the issue has no such clock");
    if (there && work->row->clocks[index]->ended_by != TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET)
        return refuse(work, "the clock has stopped");
    if (rule->targets[work->row->priority].kind != TOC_TARGET_UNSET || change->due_ms == 0 ||
        (change->end_ms != 0 && change->end_ms <= work->at_ms))
        return refuse(work, "the clock does not run");
    enum toc_err err = start(work, rule, &index);
    return err == TOC_OK ? set(work, index) : (err < 0 ? err : TOC_OK);
}

enum toc_err manual_end(struct work *work, size_t index)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    clock->past_due_ms = clock->manual_due_ms;
    clock->past_end_ms = clock->manual_end_ms;
    clock->past_warned = clock->warned;
    clock->manual_due_ms = 0;
    clock->manual_end_ms = 0;
    if (row_clock(work, index).target->kind == TOC_TARGET_UNSET)
        return move_cancel(work, index, TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET, "due_ended");
    return retarget_aim(work, index, "due_ended");
}

/* The end of the date had cancelled the clock, which has no other target. */
static enum toc_err bring_back(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    struct toc_interval last = {0, 0};
    if (clock.row->intervals > clock.row->kept)
        TOC_TRY(row_read_interval(work, index, clock.row->intervals - 1, &last));
    clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    clock.row->ended_by = TOCSIN__V1__CLOCK_END__CLOCK_END_UNSPECIFIED;
    if (last.until_ms == clock.row->stopped_ms) { /* it ran until then */
        clock.row->intervals--;
        TOC_TRY(row_recount(work, clock, index));
        clock_run(clock, last.from_ms);
    }
    clock.row->stopped_ms = 0;
    return TOC_OK;
}

enum toc_err manual_restore(struct work *work)
{
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        struct clock clock = row_clock(work, i);
        if (clock.rule == NULL || clock.row->past_end_ms == 0 ||
            clock.row->past_end_ms < work->at_ms)
            continue;
        bool live = clock_is_live(clock.row);
        if (!live && clock.row->stopped_ms != clock.row->past_end_ms)
            continue; /* something else had ended it */
        if (!live)
            TOC_TRY(bring_back(work, i));
        clock.row->manual_due_ms = clock.row->past_due_ms;
        clock.row->manual_end_ms = clock.row->past_end_ms;
        clock.row->past_due_ms = 0;
        clock.row->past_end_ms = 0;
        TOC_TRY(retarget_back(work, i, clock.row->past_warned, "late_evidence"));
    }
    return TOC_OK;
}

/* --- merging ------------------------------------------------------------------------------ */

static bool waits_for_reply(struct clock clock)
{
    return clock.rule != NULL && (clock.rule->metric == TOC_CLOCK_FIRST_REPLY ||
                                  clock.rule->metric == TOC_CLOCK_NEXT_REPLY);
}

/* The requester has been waiting since before this issue knew. */
static enum toc_err begin_earlier(struct work *work, size_t index, toc_time_ms since_ms)
{
    struct clock clock = row_clock(work, index);
    const struct toc_interval before = {since_ms, clock.row->started_ms};
    TOC_TRY(row_keep_earlier(work, index, before));
    clock.row->elapsed_ms =
        clock_sum(clock.row->elapsed_ms, clock_between(clock, before.from_ms, before.until_ms));
    clock.row->started_ms = since_ms;
    TOC_TRY(retarget_aim(work, index, "took_over"));
    return retarget_judge(work, index, "took_over"); /* one that stands still may be over as well */
}

static enum toc_err take_over(struct work *work)
{
    toc_time_ms since_ms = work->issue->unanswered_ms;
    for (size_t i = 0; since_ms != 0 && i < work->row->n_clocks; i++) {
        struct clock clock = row_clock(work, i);
        if (!waits_for_reply(clock))
            continue;
        if (clock_is_live(clock.row) && since_ms < clock.row->started_ms)
            TOC_TRY(begin_earlier(work, i, since_ms));
        else if (!clock_is_live(clock.row) && happen_may_begin(work, clock.rule) &&
                 happen_wanted(work, clock))
            TOC_TRY(move_start(work, i, clock.rule, since_ms));
    }
    return TOC_OK;
}

enum toc_err manual_move(struct work *work)
{
    switch ((int)work->change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET:
        return due_set(work);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER:
        return take_over(work);
    default:
        return TOC_OK;
    }
}
