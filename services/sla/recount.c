#include "services/sla/recount.h"

#include "services/sla/move.h"
#include "services/sla/retarget.h"
#include "services/sla/trial.h"

/* --- by states alone ---------------------------------------------------------------------- */

/*
 * Writes the intervals in which the states let it run; touching ones are one. What a merge brought
 * from before the opening waited in another issue, and has no pauses of this one.
 */
static enum toc_err rewrite(struct work *work, size_t index, struct clock clock,
                            const struct segment *segments, size_t count)
{
    const struct toc_clock_rule *rule = clock.rule;
    uint32_t still = rule->pause.states | rule->stop.states | rule->cancel.states;
    struct toc_interval run = {clock.row->started_ms, clock.row->started_ms};
    if (run.until_ms < segments[0].span.from_ms)
        run.until_ms = segments[0].span.from_ms;
    row_forget_intervals(work, index);
    for (size_t i = 0; i < count; i++) {
        struct toc_interval span = segments[i].span;
        if (span.from_ms < clock.row->started_ms)
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
    clock.row->held = false;
    return TOC_OK;
}

enum toc_err recount_by_states(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    struct segment *segments;
    size_t count, mark = toc_arena_mark(work->turn->arena);
    if (clock.rule->pause.happenings != 0 || work->row->segments >= SEGMENTS_MAX)
        return TOC_OK;
    TOC_TRY(segment_list(work, &segments, &count));
    TOC_TRY(rewrite(work, index, clock, segments, count));
    toc_arena_reset(work->turn->arena, mark);
    return TOC_OK;
}

static bool is_of_place(const struct toc_clock_rule *rule)
{
    return rule->metric == TOC_CLOCK_QUEUE_WAIT || rule->metric == TOC_CLOCK_TIER_TIME;
}

/* States alone say when it stood still. */
static bool follows_states(const struct toc_clock_rule *rule)
{
    return rule->pause.happenings == 0 && !is_of_place(rule);
}

enum toc_err recount_is_known(struct work *work, const struct toc_clock_rule *rule, bool *out)
{
    struct segment *segments;
    size_t count, mark = toc_arena_mark(work->turn->arena);
    TOC_TRY(segment_list(work, &segments, &count));
    *out = follows_states(rule) && segment_is_whole(work, segments);
    toc_arena_reset(work->turn->arena, mark);
    return TOC_OK;
}

/* --- by a trial --------------------------------------------------------------------------- */

static bool is_live(const struct outcome *outcome)
{
    return outcome->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING ||
           outcome->state == TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
}

/* When it ran is what the trial says; what is over stands still. */
static enum toc_err adopt(struct work *work, size_t index, const struct trial *trial, size_t place)
{
    const struct outcome *outcome = &trial->outcomes[place];
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    bool running = outcome->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    clock->kept_ms = 0;
    clock->kept = clock->intervals = 0;
    for (size_t i = 0; i < trial->spans.count; i++)
        if (trial->spans.list[i].clock == place)
            TOC_TRY(row_keep_interval(work, index, trial->spans.list[i].interval));
    clock->started_ms = outcome->started_ms;
    clock->running_since_ms = running ? outcome->running_since_ms : 0;
    clock->held = outcome->held;
    clock->state =
        running ? TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING : TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    return TOC_OK;
}

/* It is live, and would be. */
static enum toc_err change(struct work *work, const struct work *old, size_t index,
                           const struct trial *trial, size_t place)
{
    TOC_TRY(adopt(work, index, trial, place));
    return retarget_set(work, old, index, NULL);
}

/* It only had no target any more, and has one again. */
static enum toc_err go_on(struct work *work, const struct work *old, size_t index,
                          const struct trial *trial, size_t place)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    clock->ended_by = TOCSIN__V1__CLOCK_END__CLOCK_END_UNSPECIFIED;
    clock->stopped_ms = 0;
    clock->warned = 0;
    TOC_TRY(adopt(work, index, trial, place));
    TOC_TRY(retarget_set(work, old, index, RECOUNT_BACK));
    return retarget_judge(work, index, RECOUNT_BACK);
}

static enum toc_err end(struct work *work, const struct work *old, size_t index,
                        const struct trial *trial, size_t place)
{
    const struct outcome *outcome = &trial->outcomes[place];
    TOC_TRY(change(work, old, index, trial, place));
    return move_end(work, index, outcome->state, outcome->ended_by, outcome->stopped_ms);
}

/* The next instance, or the first one, with the time that it would have had. */
static enum toc_err place_next(struct work *work, size_t index, const struct toc_clock_rule *rule,
                               const struct trial *trial, size_t place)
{
    move_renew(work, index, rule);
    struct clock clock = row_clock(work, index);
    TOC_TRY(adopt(work, index, trial, place));
    clock_aim(clock);
    TOC_TRY(row_recount(work, clock, index));
    clock_plan(clock);
    return TOC_OK;
}

static enum toc_err begin(struct work *work, size_t index, const struct toc_clock_rule *rule,
                          const struct trial *trial, size_t place)
{
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED,
                              .at_ms = work->at_ms};
    TOC_TRY(place_next(work, index, rule, trial, place));
    TOC_TRY(record_say(work, index, &said));
    return retarget_judge(work, index, NULL);
}

static void finish(Tocsin__V1__Clock *clock, Tocsin__V1__ClockState state,
                   const struct outcome *outcome)
{
    clock->state = state;
    clock->ended_by = outcome->ended_by;
    clock->stopped_ms = outcome->stopped_ms;
    clock->due_ms = clock->next_ms = TOC_TIME_NEVER;
}

static enum toc_err say_finished(struct work *work, size_t index, toc_time_ms old_target_ms,
                                 toc_time_ms old_elapsed_ms)
{
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED,
                              .at_ms = work->at_ms,
                              .old_target_ms = old_target_ms,
                              .old_elapsed_ms = old_elapsed_ms,
                              .mode = work->mode,
                              .of_policy = work->row->policy};
    return record_say(work, index, &said);
}

/* It is over, and would be: only what may go on has any use for its time. */
static enum toc_err sum_finished(struct work *work, size_t index, const struct trial *trial,
                                 size_t place)
{
    struct clock clock = row_clock(work, index);
    const toc_time_ms elapsed_ms = clock.row->elapsed_ms;
    const Tocsin__V1__ClockState state = clock.row->state;
    if (!clock.rule->goes_on)
        return TOC_OK;
    TOC_TRY(adopt(work, index, trial, place));
    TOC_TRY(row_recount(work, clock, index));
    finish(clock.row, state, &trial->outcomes[place]);
    return clock.row->elapsed_ms != elapsed_ms
               ? say_finished(work, index, clock.row->target_ms, elapsed_ms)
               : TOC_OK;
}

static enum toc_err place_finished(struct work *work, size_t index,
                                   const struct toc_clock_rule *rule, const struct trial *trial,
                                   size_t place)
{
    const struct outcome *outcome = &trial->outcomes[place];
    TOC_TRY(place_next(work, index, rule, trial, place));
    finish(work->row->clocks[index], outcome->state, outcome);
    return say_finished(work, index, TOC_TARGET_NONE, 0);
}

static enum toc_err settle(struct work *work, const struct work *old,
                           const struct toc_clock_rule *rule, const struct trial *trial,
                           size_t place)
{
    const struct outcome *outcome = &trial->outcomes[place];
    bool would = is_live(outcome);
    size_t index = row_find(work, rule->name, outcome->scope);
    if (index == work->row->n_clocks) {
        enum toc_err err = move_place(work, rule, outcome->scope, &index);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_OK;
        return would ? begin(work, index, rule, trial, place)
                     : place_finished(work, index, rule, trial, place);
    }
    const Tocsin__V1__Clock *clock = work->row->clocks[index];
    bool goes_on = clock->ended_by == TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET;
    if (clock_is_live(clock))
        return would ? change(work, old, index, trial, place) : end(work, old, index, trial, place);
    if (!would)
        return sum_finished(work, index, trial, place);
    return goes_on ? go_on(work, old, index, trial, place) : begin(work, index, rule, trial, place);
}

/* The rule would never have started it. */
static enum toc_err drop(struct work *work, size_t index)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    clock_halt(row_clock(work, index), work->at_ms);
    clock->kept_ms = clock->elapsed_ms = 0;
    clock->kept = clock->intervals = 0;
    return move_cancel(work, index, TOCSIN__V1__CLOCK_END__CLOCK_END_EVENT, RECOUNT_NEVER);
}

static bool has_outcome(const struct trial *trial, const char *scope)
{
    for (size_t i = 0; i < trial->count; i++)
        if (strcmp(trial->outcomes[i].scope, scope) == 0)
            return true;
    return false;
}

/* What is live first, for there is only so much room. */
static enum toc_err settle_all(struct work *work, const struct work *old,
                               const struct toc_clock_rule *rule, const struct trial *trial)
{
    for (size_t i = 0; i < work->row->n_clocks; i++)
        if (row_clock(work, i).rule == rule && clock_is_live(work->row->clocks[i]) &&
            !has_outcome(trial, work->row->clocks[i]->scope))
            TOC_TRY(drop(work, i));
    for (size_t i = 0; i < trial->count; i++)
        if (is_live(&trial->outcomes[i]))
            TOC_TRY(settle(work, old, rule, trial, i));
    for (size_t i = 0; i < trial->count; i++)
        if (!is_live(&trial->outcomes[i]))
            TOC_TRY(settle(work, old, rule, trial, i));
    return TOC_OK;
}

_Static_assert(TOC_POLICY_CLOCKS_MAX <= 32, "a bit of work->counted for each rule");

/* --- all of them -------------------------------------------------------------------------- */

static enum toc_err try_rules(struct work *work, const struct work *old,
                              const struct segment *segments, size_t count)
{
    struct trial *trial = toc_arena_take(work->turn->arena, sizeof(*trial));
    if (trial == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; work->sla != NULL && i < work->sla->clock_count; i++) {
        const struct toc_clock_rule *rule = &work->sla->clocks[i];
        if (!trial_covers(work, rule))
            continue;
        enum toc_err err = trial_run(work, rule, segments, count, trial);
        TOC_TRY(err);
        if (err == TOC_NONE)
            continue;
        work->counted |= 1u << i;
        TOC_TRY(settle_all(work, old, rule, trial));
    }
    return TOC_OK;
}

/* The steps of another team's clock are its own, and stay. */
static enum toc_err recount_other(struct work *work, const struct work *old, size_t index,
                                  bool whole)
{
    struct clock clock = row_clock(work, index);
    bool known = whole && follows_states(clock.rule);
    if (clock.row->team[0] != '\0')
        return retarget_set(work, old, index, NULL);
    clock.row->kept_ms = 0;
    clock.row->kept = 0;
    if (known)
        TOC_TRY(recount_by_states(work, index));
    return retarget_set(work, old, index, known ? NULL : RECOUNT_UNKNOWN);
}

bool recount_did(const struct work *work, const struct toc_clock_rule *rule)
{
    for (size_t i = 0; work->counted != 0 && i < work->sla->clock_count; i++)
        if (rule == &work->sla->clocks[i])
            return (work->counted >> i & 1) != 0;
    return false;
}

enum toc_err recount_all(struct work *work, const struct work *old)
{
    struct segment *segments;
    size_t count;
    TOC_TRY(retarget_end(work, old));
    TOC_TRY(segment_list(work, &segments, &count));
    bool whole = segment_is_whole(work, segments);
    if (whole)
        TOC_TRY(try_rules(work, old, segments, count));
    for (size_t i = 0; i < work->row->n_clocks; i++)
        if (clock_is_live(work->row->clocks[i]) && !recount_did(work, row_clock(work, i).rule))
            TOC_TRY(recount_other(work, old, i, whole));
    return TOC_OK;
}
