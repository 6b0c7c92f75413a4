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

void clock_init(Tocsin__V1__Clock *row, const struct toc_clock_rule *rule, unsigned priority)
{
    TOC_ASSERT(priority <= TOC_POLICY_PRIORITIES);
    tocsin__v1__clock__init(row);
    row->metric = toc_wire_text(rule->name);
    row->instance = 1;
    row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_INACTIVE;
    row->target_ms = rule->target_ms[priority];
    row->calendar = toc_wire_text(toc_calendar_name(rule->calendar));
    row->due_ms = TOC_TIME_NEVER;
    row->next_ms = TOC_TIME_NEVER;
}

toc_time_ms clock_elapsed(struct clock clock, toc_time_ms at_ms)
{
    if (!is_running(clock.row))
        return clock.row->elapsed_ms;
    return clock.row->elapsed_ms +
           toc_calendar_between(clock.rule->calendar, clock.row->running_since_ms, at_ms);
}

void clock_run(struct clock clock, toc_time_ms at_ms)
{
    clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    clock.row->running_since_ms = at_ms;
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

/* When `amount_ms` of working time in all will have passed, if the clock keeps running. */
static toc_time_ms instant_of(struct clock clock, toc_time_ms amount_ms)
{
    toc_time_ms at, left = amount_ms - clock.row->elapsed_ms;
    if (left < 0) /* it passed in a closed interval: as early as can be said */
        return clock.row->running_since_ms;
    /* A calendar that closes for good within the search never gets there. */
    if (toc_calendar_add(clock.rule->calendar, clock.row->running_since_ms, left, &at) != TOC_OK)
        return TOC_TIME_NEVER;
    return at;
}

bool clock_is_over(struct clock clock, toc_time_ms at_ms)
{
    if (clock.row->target_ms == TOC_TARGET_NONE)
        return false;
    /* By instants: after closing the due has passed, though no working time has. */
    if (is_running(clock.row))
        return instant_of(clock, clock.row->target_ms) < at_ms;
    return clock.row->elapsed_ms > clock.row->target_ms;
}

static toc_time_ms warning_of(struct clock clock, size_t threshold)
{
    /* Parts of a percent do not matter to a warning; the product cannot overflow this way. */
    toc_time_ms target = clock.row->target_ms, percent = clock.rule->warn_percent[threshold];
    return instant_of(clock, target / 100 * percent + target % 100 * percent / 100);
}

enum clock_next clock_next(struct clock clock, size_t *out_threshold)
{
    if (!is_running(clock.row) || clock.row->target_ms == TOC_TARGET_NONE || clock.row->breached)
        return CLOCK_NEXT_NOTHING;
    for (size_t i = 0; i < clock.rule->warn_count && clock.row->target_ms > 0; i++) {
        if ((clock.row->warned >> i & 1) == 0) {
            *out_threshold = i;
            return CLOCK_NEXT_WARNING;
        }
    }
    return CLOCK_NEXT_DUE;
}

void clock_plan(struct clock clock)
{
    size_t threshold = 0;
    if (!is_running(clock.row) && TOC_PLANTED(TOC_PLANT_PAUSE_LOST))
        return;
    clock.row->due_ms = TOC_TIME_NEVER;
    clock.row->next_ms = TOC_TIME_NEVER;
    if (!is_running(clock.row) || clock.row->target_ms == TOC_TARGET_NONE)
        return;
    clock.row->due_ms = instant_of(clock, clock.row->target_ms);
    switch (clock_next(clock, &threshold)) {
    case CLOCK_NEXT_WARNING:
        clock.row->next_ms = warning_of(clock, threshold);
        break;
    case CLOCK_NEXT_DUE:
        clock.row->next_ms = clock.row->due_ms;
        break;
    case CLOCK_NEXT_NOTHING:
        break;
    }
}
