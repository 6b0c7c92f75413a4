#include "services/sla/edit.h"

#include "services/sla/happen.h"
#include "services/sla/retarget.h"
#include "services/sla/segment.h"

/* --- from now ----------------------------------------------------------------------------- */

/* Closes the open interval without a pause, and keeps the sum as it was counted. */
static enum toc_err keep_time(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    bool running = clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    if (clock.rule == NULL)
        return TOC_OK;
    TOC_TRY(row_keep_interval(work, index, clock_halt(clock, work->at_ms)));
    clock.row->kept_ms = clock.row->elapsed_ms;
    clock.row->kept = clock.row->intervals;
    if (running)
        clock_run(clock, work->at_ms);
    return TOC_OK;
}

enum toc_err edit_begin(struct work *work, const Tocsin__V1__IssueChange *change)
{
    if (change->mode != TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW)
        return TOC_OK;
    for (size_t i = 0; i < work->row->n_clocks; i++)
        if (clock_is_live(work->row->clocks[i]))
            TOC_TRY(keep_time(work, i));
    return TOC_OK;
}

/* A target that is a date has no amount of time to keep: its pauses are kept as they were counted.
 */
static void keep_pauses(const struct work *work, const struct work *old, size_t index)
{
    struct clock clock = row_clock(work, index), was = row_clock(old, index);
    if (clock.rule == NULL || was.rule == NULL || !clock_is_live(clock.row) ||
        !clock_has_date(clock))
        return;
    toc_time_ms from_ms = clock.row->started_ms;
    toc_time_ms paused_ms = clock_between(was, from_ms, work->at_ms) - clock.row->kept_ms;
    toc_time_ms passed_ms = clock_between(clock, from_ms, work->at_ms);
    if (paused_ms > 0)
        passed_ms = passed_ms > paused_ms ? passed_ms - paused_ms : 0;
    clock.row->kept_ms = passed_ms;
}

/* --- retroactive -------------------------------------------------------------------------- */

/* Its time is the time since its start less the states in which it stands still. */
static bool follows_states(const struct work *work, struct clock clock)
{
    return !clock.row->held && clock.rule->pause.happenings == 0 &&
           work->row->segments < SEGMENTS_MAX;
}

/* Writes the intervals in which the states let it run; touching ones are one. */
static enum toc_err rewrite(struct work *work, size_t index, struct clock clock,
                            const struct segment *segments, size_t count)
{
    const struct toc_clock_rule *rule = clock.rule;
    uint32_t still = rule->pause.states | rule->stop.states | rule->cancel.states;
    struct toc_interval run = {0, 0};
    clock.row->intervals = 0;
    for (size_t i = 0; i < count; i++) {
        struct toc_interval span = segments[i].span;
        if (i == 0 || span.from_ms < clock.row->started_ms) /* a merge brings time from before */
            span.from_ms = clock.row->started_ms;
        if ((still >> segments[i].state & 1) != 0 || span.from_ms >= span.until_ms)
            continue;
        if (run.until_ms != span.from_ms) {
            if (run.from_ms != run.until_ms)
                TOC_TRY(row_keep_interval(work, index, run));
            run.from_ms = span.from_ms;
        }
        run.until_ms = span.until_ms;
    }
    bool open = run.until_ms == TOC_TIME_NEVER;
    if (!open && run.from_ms != run.until_ms)
        TOC_TRY(row_keep_interval(work, index, run));
    clock.row->state =
        open ? TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING : TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    clock.row->running_since_ms = open ? run.from_ms : 0;
    return TOC_OK;
}

enum toc_err edit_recount(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    struct segment *segments;
    size_t count, mark = toc_arena_mark(work->turn->arena);
    if (!follows_states(work, clock))
        return TOC_OK;
    TOC_TRY(segment_list(work, &segments, &count));
    TOC_TRY(rewrite(work, index, clock, segments, count));
    toc_arena_reset(work->turn->arena, mark);
    return TOC_OK;
}

/* Who has an issue is not in the stretches, so what a queue or tier has of it is not either. */
static enum toc_err recount(struct work *work)
{
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        struct clock clock = row_clock(work, i);
        if (clock.rule == NULL || !clock_is_live(clock.row) || clock.row->team[0] != '\0')
            continue;
        clock.row->kept_ms = 0;
        clock.row->kept = 0;
        if (clock.rule->metric != TOC_CLOCK_QUEUE_WAIT && clock.rule->metric != TOC_CLOCK_TIER_TIME)
            TOC_TRY(edit_recount(work, i));
    }
    return TOC_OK;
}

enum toc_err edit_apply(struct work *work, const struct work *old)
{
    work->mode = work->change->mode;
    if (work->mode == TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE)
        TOC_TRY(recount(work));
    if (work->mode == TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW)
        for (size_t i = 0; i < work->row->n_clocks; i++)
            keep_pauses(work, old, i);
    enum toc_err err = retarget(work, old);
    work->mode = TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED;
    return err;
}

/* --- report only -------------------------------------------------------------------------- */

static enum toc_err copy_row(struct work *work, Tocsin__V1__IssueClocks **out)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    struct toc_arena *arena = work->turn->arena;
    Tocsin__V1__IssueClocks *copy = toc_arena_take(arena, sizeof(*copy));
    Tocsin__V1__Clock **clocks = toc_arena_take(arena, (row->n_clocks + 1) * sizeof(*clocks));
    Tocsin__V1__Clock *each = toc_arena_take(arena, (row->n_clocks + 1) * sizeof(*each));
    if (copy == NULL || clocks == NULL || each == NULL)
        return TOC_ERR_LIMIT;
    *copy = *row;
    copy->clocks = clocks;
    for (size_t i = 0; i < row->n_clocks; i++) {
        each[i] = *row->clocks[i];
        clocks[i] = &each[i];
    }
    *out = copy;
    return TOC_OK;
}

static bool is_other(const Tocsin__V1__Clock *now, const Tocsin__V1__Clock *then)
{
    return now->state != then->state || now->target_ms != then->target_ms ||
           now->due_ms != then->due_ms || now->elapsed_ms != then->elapsed_ms ||
           now->breached != then->breached;
}

static toc_time_ms shown(toc_time_ms at_ms)
{
    return at_ms == TOC_TIME_NEVER ? 0 : at_ms;
}

/* The record shows the clock as it would be, beside what it is. */
static enum toc_err report(struct work *work, struct work *dry, size_t index, uint32_t version)
{
    const Tocsin__V1__Clock *now = work->row->clocks[index];
    Tocsin__V1__Clock *then = dry->row->clocks[index];
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED,
                              .at_ms = work->at_ms,
                              .due_ms = shown(then->due_ms),
                              .old_target_ms = now->target_ms,
                              .old_due_ms = shown(now->due_ms),
                              .old_elapsed_ms = now->elapsed_ms,
                              .mode = TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY,
                              .of_policy = version,
                              .would_breach = then->breached && !now->breached};
    if (!clock_is_live(now) || !is_other(now, then))
        return TOC_OK;
    dry->dry = false;
    dry->row->last_seq = work->row->last_seq;
    enum toc_err err = record_say(dry, index, &said);
    work->row->last_seq = dry->row->last_seq;
    work->changed = true;
    return err;
}

enum toc_err edit_report(struct work *work)
{
    const Tocsin__V1__Would *would = work->change->would;
    struct work dry = *work;
    if (would == NULL)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, would->policy, &dry.policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(copy_row(work, &dry.row));
    dry.sla = toc_policy_sla(dry.policy, toc_str_of(would->sla));
    dry.dry = true;
    dry.mode = work->change->mode;
    TOC_TRY(retarget(&dry, work));
    for (size_t i = 0; i < work->row->n_clocks; i++)
        TOC_TRY(report(work, &dry, i, would->policy));
    return TOC_OK;
}
