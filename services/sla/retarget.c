#include "services/sla/retarget.h"

#include "services/sla/happen.h"
#include "services/sla/move.h"

#include "common/plant.h"

/* --- the verdict -------------------------------------------------------------------------- */

/* Of intervals behind the one that is over; before that, a verdict is as early as can be said. */
#define LOOK_BACK 256

/*
 * When the target was passed in a closed interval of those above it, which may be by the wall clock
 * alone: the due was the calendar's closing, and the clock ran on. Unchanged when in none.
 */
static enum toc_err passed_before(struct work *work, size_t index, toc_time_ms *out)
{
    struct clock clock = row_clock(work, index);
    Tocsin__V1__Clock *row = clock.row, then = *row;
    uint32_t least = row->intervals > LOOK_BACK ? row->intervals - LOOK_BACK : 0;
    struct toc_interval ran;
    if (row->manual_due_ms != 0 || row->target_ms == TOC_TARGET_NONE)
        return TOC_OK;
    then.state = TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    for (uint32_t i = row->intervals;
         i > least && i > row->kept && then.elapsed_ms >= row->target_ms; i--) {
        TOC_TRY(row_read_interval(work, index, i - 1, &ran));
        then.elapsed_ms -= clock_between(clock, ran.from_ms, ran.until_ms);
        then.running_since_ms = ran.from_ms;
        clock_plan((struct clock){&then, clock.rule, clock.target});
        if (then.due_ms < ran.until_ms)
            *out = then.due_ms;
    }
    return TOC_OK;
}

/* The new target is past: one breach, and the warnings before it are not worth a word. */
static enum toc_err breach_now(struct work *work, size_t index, toc_time_ms due_ms,
                               const char *reason)
{
    struct clock clock = row_clock(work, index);
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                              .at_ms = work->at_ms,
                              .due_ms = due_ms,
                              .reason = reason,
                              .on_retarget = true};
    clock.row->breached = true;
    clock.row->breached_ms = due_ms;
    clock.row->warned = (1u << clock.rule->warn_count) - 1;
    clock_plan(clock);
    return record_say(work, index, &said);
}

static enum toc_err revoke(struct work *work, size_t index, struct clock clock)
{
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED,
                              .at_ms = work->at_ms,
                              .due_ms = clock.row->breached_ms,
                              .reason = "retargeted"};
    clock.row->breached = false;
    clock.row->breached_ms = 0;
    clock_plan(clock);
    return record_say(work, index, &said);
}

enum toc_err retarget_judge(struct work *work, size_t index, const char *reason)
{
    struct clock clock = row_clock(work, index);
    toc_time_ms passed_ms = TOC_TIME_NEVER;
    if (work->spans != NULL)
        return TOC_OK; /* a trial gives no verdict */
    if (clock_is_over(clock, work->at_ms))
        passed_ms = clock.row->due_ms < work->at_ms ? clock.row->due_ms : work->at_ms;
    if (clock.row->breached && passed_ms != TOC_TIME_NEVER) {
        if (clock.row->breached_ms > work->at_ms) /* breached still, but by now */
            clock.row->breached_ms = passed_ms;
        return TOC_OK;
    }
    TOC_TRY(passed_before(work, index, &passed_ms));
    if (clock.row->breached)
        return passed_ms == TOC_TIME_NEVER ? revoke(work, index, clock) : TOC_OK;
    return passed_ms == TOC_TIME_NEVER ? TOC_OK : breach_now(work, index, passed_ms, reason);
}

/* --- another target ----------------------------------------------------------------------- */

static bool warns_alike(const struct toc_clock_rule *a, const struct toc_clock_rule *b)
{
    return a->warn_count == b->warn_count &&
           memcmp(a->warn_percent, b->warn_percent, a->warn_count * sizeof(a->warn_percent[0])) ==
               0;
}

/* A warning that was given counts for the same percentage of the new rule. */
static uint32_t carried_warnings(uint32_t warned, const struct toc_clock_rule *was,
                                 const struct toc_clock_rule *rule)
{
    uint32_t carried = 0;
    for (size_t i = 0; i < rule->warn_count; i++)
        for (size_t k = 0; k < was->warn_count; k++)
            if (was->warn_percent[k] == rule->warn_percent[i])
                carried |= (warned >> k & 1) << i;
    return carried;
}

/* What there was before, for the record and to see whether anything moved. */
struct before {
    toc_time_ms target_ms, due_ms, elapsed_ms;
    bool live;
};

static struct before before_of(const Tocsin__V1__Clock *row)
{
    bool live = clock_is_live(row);
    return (struct before){live ? row->target_ms : TOC_TARGET_NONE, row->due_ms, row->elapsed_ms,
                           live};
}

static toc_time_ms shown(toc_time_ms at_ms)
{
    return at_ms == TOC_TIME_NEVER ? 0 : at_ms;
}

static enum toc_err say_retargeted(struct work *work, size_t index, const struct before *before,
                                   const char *reason)
{
    Tocsin__V1__Clock *row = work->row->clocks[index];
    bool edits = work->mode != TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED;
    const struct said said = {.what = edits ? TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED
                                            : TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED,
                              .at_ms = work->at_ms,
                              .due_ms = shown(row->due_ms),
                              .old_target_ms = before->target_ms,
                              .old_due_ms = shown(before->due_ms),
                              .old_elapsed_ms = edits ? before->elapsed_ms : 0,
                              .reason = reason,
                              .mode = work->mode,
                              .of_policy = edits ? work->row->policy : 0};
    row->apply_version++;
    return record_say(work, index, &said);
}

/* `given` are the warnings that count already for what is aimed at. */
static enum toc_err set_target(struct work *work, size_t index, const struct toc_clock_rule *was,
                               uint32_t given, const char *reason)
{
    struct clock clock = row_clock(work, index);
    const char *calendar = toc_calendar_name(clock.rule->calendar);
    const struct before before = before_of(clock.row);
    uint32_t warned = clock.row->warned;
    bool same_calendar = strcmp(calendar, clock.row->calendar) == 0;
    bool edits = work->mode != TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED;
    clock_aim(clock);
    bool same =
        before.live && was != NULL && same_calendar && clock.row->target_ms == before.target_ms;
    clock.row->warned = given | (same ? carried_warnings(warned, was, clock.rule) : 0);
    /* An edit has changed what it kept, or its intervals. */
    TOC_TRY(edits ? row_recount(work, clock, index) : row_count(work, clock, index));
    if (TOC_PLANTED(TOC_PLANT_PAUSE_FORGOT))
        clock.row->elapsed_ms = 0;
    clock_plan(clock);
    bool moved =
        !same || clock.row->due_ms != before.due_ms || clock.row->elapsed_ms != before.elapsed_ms;
    if (!moved && reason == NULL && warns_alike(was, clock.rule))
        return TOC_OK;
    clock.row->unconfirmed = clock.row->unconfirmed && !moved; /* that was of another due */
    TOC_TRY(say_retargeted(work, index, &before, reason));
    return moved ? retarget_judge(work, index, reason) : TOC_OK;
}

enum toc_err retarget_aim(struct work *work, size_t index, const char *reason)
{
    return retarget_back(work, index, 0, reason);
}

enum toc_err retarget_back(struct work *work, size_t index, uint32_t warned, const char *reason)
{
    work->changed = true;
    return set_target(work, index, row_clock(work, index).rule, warned, reason);
}

enum toc_err retarget_go_on(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    const struct before before = before_of(clock.row);
    if (!clock_has_manual(clock, work->at_ms)) {
        clock.row->manual_due_ms = 0;
        clock.row->manual_end_ms = 0;
    }
    clock.row->warned = 0;
    clock.row->stopped_ms = 0;
    clock.row->ended_by = TOCSIN__V1__CLOCK_END__CLOCK_END_UNSPECIFIED;
    clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    clock_aim(clock);
    TOC_TRY(row_count(work, clock, index));
    if (happen_has_state(work, clock.rule->pause))
        clock_plan(clock);
    else
        clock_run(clock, work->at_ms);
    TOC_TRY(say_retargeted(work, index, &before, NULL));
    return retarget_judge(work, index, NULL);
}

/*
 * What the issue has left with this record, and what the policy does not have or not want any more,
 * end by the rule that they had.
 */
static enum toc_err end_by(const struct work *old, struct work *work, size_t index, bool left)
{
    struct work was = *work;
    was.policy = old->policy;
    was.sla = old->sla;
    return left ? move_stop(&was, index, TOCSIN__V1__CLOCK_END__CLOCK_END_EVENT)
                : move_cancel(&was, index, TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET, NULL);
}

enum toc_err retarget_end(struct work *work, const struct work *old)
{
    work->changed = true;
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        struct clock clock = row_clock(work, i), was = row_clock(old, i);
        if (!clock_is_live(clock.row))
            continue; /* a finished clock is never judged again */
        bool left = was.rule != NULL && happen_has_left(work, was);
        if (left || clock.rule == NULL || !happen_wanted(work, clock))
            TOC_TRY(end_by(old, work, i, left));
    }
    return TOC_OK;
}

enum toc_err retarget_set(struct work *work, const struct work *old, size_t index,
                          const char *reason)
{
    return set_target(work, index, row_clock(old, index).rule, 0, reason);
}

enum toc_err retarget(struct work *work, const struct work *old)
{
    TOC_TRY(retarget_end(work, old));
    for (size_t i = 0; i < work->row->n_clocks; i++)
        if (clock_is_live(work->row->clocks[i]))
            TOC_TRY(retarget_set(work, old, i, NULL));
    return TOC_OK;
}
