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
    clock->unconfirmed = false;
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

enum toc_err retarget_judge(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    bool over = clock_is_over(clock, work->at_ms);
    if (clock.row->breached && !over)
        return revoke(work, index, clock);
    if (!clock.row->breached && over)
        return breach_now(work, index, clock);
    return TOC_OK;
}

static const struct toc_clock_rule *rule_of(const struct toc_sla *sla, const char *metric)
{
    for (size_t i = 0; sla != NULL && i < sla->clock_count; i++)
        if (strcmp(sla->clocks[i].name, metric) == 0)
            return &sla->clocks[i];
    return NULL;
}

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

/* The calendar may be another under the same name, so the ledger is always summed again. */
static enum toc_err set_target(struct work *work, size_t index, const struct toc_sla *old)
{
    struct clock clock = row_clock(work, index);
    const char *calendar = toc_calendar_name(clock.rule->calendar);
    struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED,
                        .at_ms = work->at_ms,
                        .old_target_ms = clock.row->target_ms};
    toc_time_ms target_ms = clock.rule->target_ms[work->row->priority];
    toc_time_ms was_due_ms = clock.row->due_ms, was_elapsed_ms = clock.row->elapsed_ms;
    const struct toc_clock_rule *was = rule_of(old, clock.row->metric);
    bool is_same = was != NULL && clock_is_live(clock.row) && target_ms == clock.row->target_ms &&
                   strcmp(calendar, clock.row->calendar) == 0;
    clock.row->warned = is_same ? carried_warnings(clock.row->warned, was, clock.rule) : 0;
    clock.row->target_ms = target_ms;
    clock.row->calendar = toc_wire_text(calendar);
    TOC_TRY(row_sum_ledger(work, clock, index, &clock.row->elapsed_ms));
    if (clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED) {
        clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
        clock.row->stopped_ms = 0;
        said.old_target_ms = TOC_TARGET_NONE;
        if (!row_has_state(work, clock.rule->pause_states))
            clock_run(clock, work->at_ms);
    }
    clock_plan(clock);
    bool moved =
        !is_same || clock.row->due_ms != was_due_ms || clock.row->elapsed_ms != was_elapsed_ms;
    if (moved || !warns_alike(was, clock.rule)) {
        clock.row->apply_version++;
        clock.row->unconfirmed = clock.row->unconfirmed && !moved; /* that was of another due */
        said.due_ms = clock.row->due_ms == TOC_TIME_NEVER ? 0 : clock.row->due_ms;
        TOC_TRY(row_say(work, index, &said));
    }
    return moved ? retarget_judge(work, index) : TOC_OK;
}

/* What would have stopped it while it was cancelled keeps it so. */
static bool can_go_on(const struct work *work, size_t index, struct clock clock)
{
    if (clock.row->state != TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED || !row_is_latest(work, index))
        return false;
    if (clock.rule->metric == TOC_CLOCK_FIRST_REPLY)
        return !work->row->replied;
    return !row_has_state(work, clock.rule->stop_states);
}

enum toc_err retarget(struct work *work, const struct toc_sla *old)
{
    work->changed = true;
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        struct clock clock = row_clock(work, i);
        bool live = clock_is_live(clock.row);
        if (clock.rule == NULL || clock.rule->target_ms[work->row->priority] == TOC_TARGET_NONE) {
            if (live)
                TOC_TRY(cancel(work, i));
        } else if (live || can_go_on(work, i, clock)) {
            TOC_TRY(set_target(work, i, old)); /* a finished clock is never judged again */
        }
    }
    return TOC_OK;
}
