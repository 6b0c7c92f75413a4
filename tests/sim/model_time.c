/* Verdicts: arithmetic on the spans in which a clock ran. */
#include "tests/sim/model.h"

bool model_is_live(const struct instance *clock)
{
    return clock->life == LIFE_RUNNING || clock->life == LIFE_PAUSED;
}

/* A promise goes on with its clock. It was kept when the clock was over at that instant. */
bool model_has_date(const struct instance *clock, const struct toc_clock_rule *rule,
                    toc_time_ms at_ms)
{
    toc_time_ms due_ms = clock->terms.manual_due_ms, end_ms = clock->manual_end_ms;
    if (due_ms == 0 || model_is_live(clock))
        return due_ms != 0;
    if (!rule->goes_on && clock->ended != ENDED_BY_TARGET)
        return false; /* the next one begins anew */
    if (end_ms != 0 && end_ms < at_ms)
        return false;
    return due_ms >= at_ms || due_ms < clock->stopped_ms;
}

static toc_time_ms later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

static toc_time_ms earlier(toc_time_ms a, toc_time_ms b)
{
    return a < b ? a : b;
}

/* --- the clock's own time --------------------------------------------------------------------- */

static bool is_wall(const struct terms *terms)
{
    return terms->rule->metric == TOC_CLOCK_LEGAL || terms->target->kind == TOC_TARGET_ELAPSED;
}

toc_time_ms model_between(const struct terms *terms, toc_time_ms from_ms, toc_time_ms until_ms)
{
    if (is_wall(terms))
        return later(until_ms - from_ms, 0);
    return toc_calendar_between(terms->rule->calendar, from_ms, until_ms);
}

static toc_time_ms after(const struct terms *terms, toc_time_ms from_ms, toc_time_ms amount_ms)
{
    toc_time_ms at_ms;
    if (is_wall(terms))
        return from_ms + amount_ms;
    enum toc_err err = toc_calendar_add(terms->rule->calendar, from_ms, amount_ms, &at_ms);
    return err == TOC_OK ? at_ms : TOC_TIME_NEVER;
}

/* In the spans before the one at `index`. */
static toc_time_ms worked_before(const struct instance *clock, size_t index)
{
    const struct terms *terms = &clock->terms;
    toc_time_ms sum = terms->kept_ms;
    for (size_t i = terms->kept; i < index; i++)
        sum += model_between(terms, clock->spans[i].from_ms, clock->spans[i].until_ms);
    return sum;
}

toc_time_ms model_worked(const struct instance *clock, toc_time_ms at_ms)
{
    const struct terms *terms = &clock->terms;
    toc_time_ms sum = terms->kept_ms;
    for (size_t i = terms->kept; i < clock->span_count; i++) {
        toc_time_ms until_ms = earlier(clock->spans[i].until_ms, at_ms);
        if (until_ms > clock->spans[i].from_ms)
            sum += model_between(terms, clock->spans[i].from_ms, until_ms);
    }
    return sum;
}

/* --- instants --------------------------------------------------------------------------------- */

/* When the span at `index` reaches `amount_ms` in all. */
static toc_time_ms reaches(const struct instance *clock, size_t index, toc_time_ms amount_ms)
{
    toc_time_ms left_ms = amount_ms - worked_before(clock, index);
    toc_time_ms from_ms = clock->spans[index].from_ms;
    return left_ms < 0 ? from_ms : after(&clock->terms, from_ms, left_ms);
}

toc_time_ms model_due(const struct instance *clock, size_t index)
{
    const struct terms *terms = &clock->terms;
    toc_time_ms from_ms = clock->spans[index].from_ms;
    if (terms->target_ms == TOC_TARGET_NONE)
        return TOC_TIME_NEVER;
    if (terms->manual_due_ms != 0)
        return terms->manual_due_ms;
    if (terms->exact_ms == 0)
        return reaches(clock, index, terms->target_ms);
    toc_time_ms paused_ms =
        model_between(terms, clock->started_ms, from_ms) - worked_before(clock, index);
    if (paused_ms <= 0 || terms->exact_ms == TOC_TIME_NEVER)
        return later(terms->exact_ms, from_ms);
    return after(terms, terms->exact_ms, paused_ms);
}

void model_aim(struct instance *clock)
{
    struct terms *terms = &clock->terms;
    const struct toc_target *target = terms->target;
    const struct toc_clock_rule *rule = terms->rule;
    enum toc_err err = TOC_OK;
    terms->exact_ms = 0;
    if (target->kind == TOC_TARGET_DAYS)
        err = toc_calendar_add_business_days(rule->calendar, clock->started_ms, target->count,
                                             &rule->days, &terms->exact_ms);
    if (target->kind == TOC_TARGET_MONTHS)
        err = toc_calendar_add_months(rule->calendar, clock->started_ms, target->count, &rule->days,
                                      &terms->exact_ms);
    TOC_ASSERT(err == TOC_OK);
    toc_time_ms instant_ms = terms->manual_due_ms != 0 ? terms->manual_due_ms : terms->exact_ms;
    terms->target_ms =
        instant_ms != 0 ? model_between(terms, clock->started_ms, instant_ms) : target->ms;
}

toc_time_ms model_due_now(const struct instance *clock)
{
    if (model_is_live(clock) && clock->terms.manual_due_ms != 0)
        return clock->terms.manual_due_ms;
    return clock->life == LIFE_RUNNING ? model_due(clock, clock->span_count - 1) : TOC_TIME_NEVER;
}

/* --- verdicts --------------------------------------------------------------------------------- */

bool model_is_over(const struct instance *clock, toc_time_ms at_ms)
{
    const struct terms *terms = &clock->terms;
    if (terms->target_ms == TOC_TARGET_NONE)
        return false;
    if (terms->manual_due_ms != 0)
        return terms->manual_due_ms < at_ms;
    for (size_t i = terms->kept; i < clock->span_count; i++)
        if (model_due(clock, i) < earlier(clock->spans[i].until_ms, at_ms))
            return true; /* it ran beyond the due, be it by night */
    return model_worked(clock, at_ms) > terms->target_ms;
}

static void warn(struct instance *clock, size_t index, toc_time_ms before_ms)
{
    const struct terms *terms = &clock->terms;
    for (size_t i = 0; i < terms->rule->warn_count && terms->target_ms > 0; i++) {
        toc_time_ms part_ms = terms->target_ms * (toc_time_ms)terms->rule->warn_percent[i] / 100;
        toc_time_ms at_ms = reaches(clock, index, part_ms);
        bool in_time = terms->manual_due_ms == 0 || at_ms <= model_due(clock, index);
        if (at_ms < before_ms && in_time)
            clock->warned |= 1u << i;
    }
}

void model_settle(struct instance *clock, toc_time_ms until_ms)
{
    if (clock->terms.target_ms == TOC_TARGET_NONE)
        return;
    for (size_t i = 0; i < clock->span_count && !clock->breached; i++) {
        toc_time_ms before_ms = earlier(clock->spans[i].until_ms, until_ms);
        if (clock->spans[i].until_ms <= clock->settled_ms)
            continue; /* that was under other terms */
        warn(clock, i, before_ms);
        clock->breached = model_due(clock, i) < before_ms;
    }
    toc_time_ms open_ms = model_is_live(clock) ? until_ms : earlier(clock->stopped_ms, until_ms);
    toc_time_ms promised_ms = clock->terms.manual_due_ms;
    bool was_settled = promised_ms < clock->settled_ms;
    if (promised_ms != 0 && !was_settled && promised_ms < open_ms)
        clock->breached = true; /* it was not over then, running or not */
    clock->settled_ms = until_ms;
}
