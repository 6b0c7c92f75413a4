#include "services/sla/retarget.h"

static enum toc_err cancel(struct work *work, size_t index)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED,
                              .at_ms = work->at_ms};
    if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING)
        TOC_TRY(row_keep_interval(work, index,
                                  (struct toc_interval){clock->running_since_ms, work->at_ms}));
    clock->state = TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED;
    clock->stopped_ms = work->at_ms;
    clock->due_ms = TOC_TIME_NEVER;
    clock->next_ms = TOC_TIME_NEVER;
    return row_say(work, index, &said);
}

/* The new target is past: one breach, and the warnings before it are not worth a word. */
static enum toc_err breach_now(struct work *work, size_t index, struct clock clock)
{
    toc_time_ms due_ms = clock.row->due_ms < work->at_ms ? clock.row->due_ms : work->at_ms;
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                              .at_ms = work->at_ms,
                              .due_ms = due_ms,
                              .on_retarget = true};
    clock.row->breached = true;
    clock.row->breached_ms = due_ms;
    clock.row->warned = (1u << clock.rule->warn_count) - 1;
    clock_plan(clock);
    return row_say(work, index, &said);
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
    return row_say(work, index, &said);
}

static enum toc_err set_target(struct work *work, size_t index, struct clock clock)
{
    const char *calendar = toc_calendar_name(clock.rule->calendar);
    struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED,
                        .at_ms = work->at_ms,
                        .old_target_ms = clock.row->target_ms};
    toc_time_ms target_ms = clock.rule->target_ms[work->row->priority];
    bool same_calendar = strcmp(calendar, clock.row->calendar) == 0;
    if (target_ms == clock.row->target_ms && same_calendar)
        return TOC_OK;
    if (target_ms == TOC_TARGET_NONE)
        return cancel(work, index);
    clock.row->target_ms = target_ms;
    clock.row->calendar = toc_wire_text(calendar);
    clock.row->apply_version++;
    clock.row->warned = 0;
    if (!same_calendar)
        TOC_TRY(row_sum_ledger(work, clock, index, &clock.row->elapsed_ms));
    clock_plan(clock);
    said.due_ms = clock.row->due_ms == TOC_TIME_NEVER ? 0 : clock.row->due_ms;
    TOC_TRY(row_say(work, index, &said));
    bool over = clock_is_over(clock, work->at_ms);
    if (clock.row->breached && !over)
        return revoke(work, index, clock);
    if (!clock.row->breached && over)
        return breach_now(work, index, clock);
    return TOC_OK;
}

enum toc_err retarget(struct work *work)
{
    work->changed = true;
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        struct clock clock = row_clock(work, i);
        if (!clock_is_live(clock.row))
            continue; /* a finished clock is never judged again */
        if (clock.rule == NULL)
            TOC_TRY(cancel(work, i));
        else
            TOC_TRY(set_target(work, i, clock));
    }
    return TOC_OK;
}
