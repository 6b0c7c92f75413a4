#include "services/sla/clock.h"

#include "common/plant.h"

static bool is_running(const Tocsin__V1__Clock *row)
{
    return row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
}

bool clock_is_live(const Tocsin__V1__Clock *row)
{
    return is_running(row) || row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
}

void clock_init(Tocsin__V1__Clock *row, const struct toc_clock_rule *rule)
{
    tocsin__v1__clock__init(row);
    row->metric = toc_wire_text(rule->name);
    row->instance = 1;
    row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_INACTIVE;
    row->target_ms = TOC_TARGET_NONE;
    row->calendar = toc_wire_text(toc_calendar_name(rule->calendar));
    row->due_ms = TOC_TIME_NEVER;
    row->next_ms = TOC_TIME_NEVER;
}

/* --- the clock's own time ----------------------------------------------------------------- */

bool clock_is_wall(struct clock clock)
{
    return clock.rule->metric == TOC_CLOCK_LEGAL || clock.target->kind == TOC_TARGET_ELAPSED;
}

toc_time_ms clock_between(struct clock clock, toc_time_ms from_ms, toc_time_ms until_ms)
{
    if (!clock_is_wall(clock))
        return toc_calendar_between(clock.rule->calendar, from_ms, until_ms);
    if (until_ms <= from_ms)
        return 0;
    bool overflows = from_ms < 0 && until_ms > TOC_TIME_NEVER + from_ms;
    return overflows ? TOC_TIME_NEVER : until_ms - from_ms;
}

toc_time_ms clock_sum(toc_time_ms a_ms, toc_time_ms b_ms)
{
    return a_ms > TOC_TIME_NEVER - b_ms ? TOC_TIME_NEVER : a_ms + b_ms;
}

/* A calendar that closes for good within the search never gets there. */
static toc_time_ms after(struct clock clock, toc_time_ms from_ms, toc_time_ms amount_ms)
{
    toc_time_ms at_ms;
    if (clock_is_wall(clock))
        return from_ms < TOC_TIME_NEVER - amount_ms ? from_ms + amount_ms : TOC_TIME_NEVER;
    return toc_calendar_add(clock.rule->calendar, from_ms, amount_ms, &at_ms) == TOC_OK
               ? at_ms
               : TOC_TIME_NEVER;
}

toc_time_ms clock_elapsed(struct clock clock, toc_time_ms at_ms)
{
    if (!is_running(clock.row))
        return clock.row->elapsed_ms;
    return clock_sum(clock.row->elapsed_ms,
                     clock_between(clock, clock.row->running_since_ms, at_ms));
}

/* --- targets ------------------------------------------------------------------------------ */

/* The instant of a target that is counted in days or months from the start; 0 for another. */
static toc_time_ms exact_of(struct clock clock)
{
    const struct toc_clock_rule *rule = clock.rule;
    const struct toc_target *target = clock.target;
    toc_time_ms at_ms = 0;
    enum toc_err err = TOC_OK;
    if (target->kind == TOC_TARGET_DAYS)
        err = toc_calendar_add_business_days(rule->calendar, clock.row->started_ms, target->count,
                                             &rule->days, &at_ms);
    else if (target->kind == TOC_TARGET_MONTHS)
        err = toc_calendar_add_months(rule->calendar, clock.row->started_ms, target->count,
                                      &rule->days, &at_ms);
    return err == TOC_OK ? at_ms : TOC_TIME_NEVER;
}

bool clock_has_date(struct clock clock)
{
    return clock.target->kind == TOC_TARGET_DAYS || clock.target->kind == TOC_TARGET_MONTHS;
}

bool clock_has_manual(struct clock clock, toc_time_ms at_ms)
{
    const Tocsin__V1__Clock *row = clock.row;
    if (row->manual_due_ms == 0 || clock_is_live(row))
        return row->manual_due_ms != 0;
    bool goes_on = clock.rule->goes_on || row->ended_by == TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET;
    bool kept = row->stopped_ms <= row->manual_due_ms && row->manual_due_ms < at_ms;
    bool ended = row->manual_end_ms != 0 && row->manual_end_ms < at_ms;
    return goes_on && !kept && !ended;
}

void clock_aim(struct clock clock)
{
    Tocsin__V1__Clock *row = clock.row;
    toc_time_ms instant_ms = row->exact_ms = exact_of(clock);
    if (row->manual_due_ms != 0)
        instant_ms = row->manual_due_ms;
    row->target_ms =
        instant_ms != 0 ? clock_between(clock, row->started_ms, instant_ms) : clock.target->ms;
}

bool clock_is_over(struct clock clock, toc_time_ms at_ms)
{
    if (clock.row->target_ms == TOC_TARGET_NONE)
        return false;
    if (clock.row->manual_due_ms != 0)
        return clock.row->manual_due_ms < at_ms;
    if (is_running(clock.row) && clock.row->due_ms < at_ms)
        return true;
    return clock_elapsed(clock, at_ms) > clock.row->target_ms;
}

/* --- running and halting ------------------------------------------------------------------ */

void clock_run(struct clock clock, toc_time_ms at_ms)
{
    clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    clock.row->running_since_ms = at_ms;
    clock.row->held = false;
    clock_plan(clock);
}

struct toc_interval clock_halt(struct clock clock, toc_time_ms at_ms)
{
    struct toc_interval open = {at_ms, at_ms};
    if (!is_running(clock.row))
        return open;
    open.from_ms = clock.row->running_since_ms;
    if (open.from_ms > at_ms)
        open.from_ms = at_ms;
    clock.row->elapsed_ms = clock_elapsed(clock, at_ms);
    clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    clock.row->running_since_ms = 0;
    return open;
}

/* --- the instants that matter ------------------------------------------------------------- */

/* When `amount_ms` in all will have passed, if the clock keeps running. */
static toc_time_ms instant_of(struct clock clock, toc_time_ms amount_ms)
{
    toc_time_ms left = amount_ms - clock.row->elapsed_ms;
    if (left < 0) /* it passed in a closed interval: as early as can be said */
        return clock.row->running_since_ms;
    return after(clock, clock.row->running_since_ms, left);
}

static toc_time_ms later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

static toc_time_ms due_of(struct clock clock)
{
    const Tocsin__V1__Clock *row = clock.row;
    if (row->manual_due_ms != 0)
        return row->manual_due_ms; /* also one before the clock's start, which is past at once */
    if (row->exact_ms == 0)
        return instant_of(clock, row->target_ms);
    toc_time_ms paused_ms =
        clock_between(clock, row->started_ms, row->running_since_ms) - row->elapsed_ms;
    if (paused_ms <= 0 || row->exact_ms == TOC_TIME_NEVER)
        return later(row->exact_ms, row->running_since_ms);
    return after(clock, row->exact_ms, paused_ms);
}

static toc_time_ms warning_of(struct clock clock, size_t threshold)
{
    /* Parts of a percent do not matter to a warning; the product cannot overflow this way. */
    toc_time_ms target = clock.row->target_ms, percent = clock.rule->warn_percent[threshold];
    return instant_of(clock, target / 100 * percent + target % 100 * percent / 100);
}

/* A date by hand does not wait for pauses, so it may come before a percentage of the time. */
static bool comes_first(struct clock clock, size_t threshold)
{
    return clock.row->manual_due_ms == 0 || warning_of(clock, threshold) <= clock.row->due_ms;
}

/* A date by hand also comes to a clock that stands still. */
static bool has_due(const Tocsin__V1__Clock *row)
{
    bool comes = is_running(row) || (clock_is_live(row) && row->manual_due_ms != 0);
    return comes && row->target_ms != TOC_TARGET_NONE;
}

/* What comes next of the target itself. */
static enum clock_next next_of_target(struct clock clock, size_t *out_threshold)
{
    const Tocsin__V1__Clock *row = clock.row;
    if (!has_due(row) || row->breached)
        return CLOCK_NEXT_NOTHING;
    size_t warnings = is_running(row) && row->target_ms > 0 ? clock.rule->warn_count : 0;
    for (size_t i = 0; i < warnings; i++) {
        if ((row->warned >> i & 1) == 0 && comes_first(clock, i)) {
            *out_threshold = i;
            return CLOCK_NEXT_WARNING;
        }
    }
    return CLOCK_NEXT_DUE;
}

static toc_time_ms manual_end_of(const Tocsin__V1__Clock *row)
{
    bool ends = row->manual_end_ms != 0 && !TOC_PLANTED(TOC_PLANT_DATE_STAYS);
    return ends && clock_is_live(row) ? row->manual_end_ms : TOC_TIME_NEVER;
}

enum clock_next clock_next(struct clock clock, size_t *out_threshold)
{
    toc_time_ms end_ms = manual_end_of(clock.row);
    if (end_ms != TOC_TIME_NEVER && clock.row->next_ms == end_ms)
        return CLOCK_NEXT_MANUAL_END;
    return next_of_target(clock, out_threshold);
}

static toc_time_ms next_instant(struct clock clock)
{
    size_t threshold = 0;
    switch (next_of_target(clock, &threshold)) {
    case CLOCK_NEXT_WARNING:
        return warning_of(clock, threshold);
    case CLOCK_NEXT_DUE:
        return clock.row->due_ms;
    case CLOCK_NEXT_MANUAL_END:
    case CLOCK_NEXT_NOTHING:
        break;
    }
    return TOC_TIME_NEVER;
}

void clock_plan(struct clock clock)
{
    Tocsin__V1__Clock *row = clock.row;
    if (!is_running(row) && !row->breached && TOC_PLANTED(TOC_PLANT_PAUSE_LOST))
        return;
    row->due_ms = has_due(row) ? due_of(clock) : TOC_TIME_NEVER;
    row->next_ms = next_instant(clock);
    if (manual_end_of(row) < row->next_ms)
        row->next_ms = manual_end_of(row);
}
