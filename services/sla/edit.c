#include "services/sla/edit.h"

#include "services/sla/recount.h"
#include "services/sla/retarget.h"

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

/* --- applying ----------------------------------------------------------------------------- */

enum toc_err edit_apply(struct work *work, const struct work *old)
{
    work->mode = work->change->mode;
    if (work->mode == TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW)
        for (size_t i = 0; i < work->row->n_clocks; i++)
            keep_pauses(work, old, i);
    enum toc_err err = work->mode == TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE
                           ? recount_all(work, old)
                           : retarget(work, old);
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
