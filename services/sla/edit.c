#include "services/sla/edit.h"

#include "services/sla/happen.h"
#include "services/sla/move.h"
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

static toc_time_ms shown(toc_time_ms at_ms)
{
    return at_ms == TOC_TIME_NEVER ? 0 : at_ms;
}

/* A clock beside what would become of it: the one that is there, or NULL. */
struct pair {
    struct clock now, then;
    toc_time_ms now_ms, then_ms; /* counted so far */
};

static bool is_live(struct clock clock)
{
    return clock.row != NULL && clock_is_live(clock.row);
}

/* Whether they are not alike; the reason is NULL when it stays live. */
static bool differs(const struct pair *pair, const char **out_reason)
{
    const Tocsin__V1__Clock *now = pair->now.row, *then = pair->then.row;
    bool lives = is_live(pair->now), would = is_live(pair->then);
    *out_reason = NULL;
    if (lives != would)
        *out_reason = would ? "would_start" : "would_end";
    return lives != would ||
           (would && (now->state != then->state || now->instance != then->instance ||
                      now->target_ms != then->target_ms || now->due_ms != then->due_ms ||
                      pair->now_ms != pair->then_ms || now->breached != then->breached));
}

static struct pair pair_of(const struct work *work, const struct work *dry, size_t index)
{
    struct pair pair = {.then = row_clock(dry, index)};
    if (index < work->row->n_clocks)
        pair.now = row_clock(work, index);
    if (is_live(pair.now) && pair.now.rule != NULL)
        pair.now_ms = clock_elapsed(pair.now, work->at_ms);
    pair.then_ms = pair.then.row->elapsed_ms;
    if (is_live(pair.then))
        pair.then_ms = clock_elapsed(pair.then, work->at_ms);
    return pair;
}

/* The record shows the clock as it would be, in the issue as it is, beside what the clock is. */
static enum toc_err report(struct work *work, const struct work *dry, size_t index)
{
    Tocsin__V1__IssueClocks row = *work->row;
    struct work shows = *dry;
    const struct pair pair = pair_of(work, dry, index);
    Tocsin__V1__Clock *then = pair.then.row;
    bool lives = is_live(pair.now);
    const char *reason;
    if (!differs(&pair, &reason))
        return TOC_OK;
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED,
                              .at_ms = work->at_ms,
                              .due_ms = shown(then->due_ms),
                              .old_target_ms = lives ? pair.now.row->target_ms : TOC_TARGET_NONE,
                              .old_due_ms = lives ? shown(pair.now.row->due_ms) : 0,
                              .old_elapsed_ms = pair.now_ms,
                              .reason = reason,
                              .mode = TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY,
                              .of_policy = dry->row->policy,
                              .would_breach = then->breached && !(lives && pair.now.row->breached)};
    row.clocks = dry->row->clocks;
    row.n_clocks = dry->row->n_clocks;
    shows.row = &row;
    shows.dry = false;
    enum toc_err err = record_say(&shows, index, &said);
    work->row->last_seq = row.last_seq;
    work->changed = true;
    return err;
}

/* The issue as a sweep from now on would leave it. */
static Tocsin__V1__Issue would_be(const struct work *work, const Tocsin__V1__Would *would)
{
    Tocsin__V1__Issue issue = *work->issue;
    issue.policy = would->policy;
    issue.sla = would->sla;
    issue.path = would->path;
    issue.tier = would->tier;
    if (strcmp(issue.queue, would->queue) == 0)
        return issue;
    issue.queue = would->queue;
    issue.queued_ms = work->at_ms;
    issue.assignee = toc_wire_text("");
    issue.claimed_ms = 0;
    return issue;
}

/* The same steps as those of core.c, on a copy. */
static enum toc_err apply_dry(struct work *dry, const Tocsin__V1__IssueChange *change)
{
    TOC_TRY(edit_begin(dry, change));
    const struct work old = *dry;
    if (!happen_take(dry, change))
        return TOC_OK;
    TOC_TRY(row_bind(dry));
    TOC_TRY(edit_apply(dry, &old));
    return move_clocks(dry);
}

enum toc_err edit_report(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    struct work dry = *work;
    if (work->change->would == NULL)
        return TOC_OK;
    Tocsin__V1__Issue issue = would_be(work, work->change->would);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY;
    change.mode = TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW;
    change.issue = &issue;
    dry.dry = true;
    TOC_TRY(copy_row(work, &dry.row));
    TOC_TRY(apply_dry(&dry, &change));
    for (size_t i = 0; i < dry.row->n_clocks; i++)
        TOC_TRY(report(work, &dry, i));
    return TOC_OK;
}
