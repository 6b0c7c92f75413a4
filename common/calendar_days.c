#include "common/calendar_days.h"

#include "common/calendar_table.h"

#define SEARCH_DAYS (TOC_CALENDAR_YEARS_MAX * INT64_C(36525) / 100)
#define MONTHS_MAX  (TOC_CALENDAR_YEARS_MAX * 12)

/* A place on the wall. */
struct wall {
    int64_t day;
    toc_time_ms time_ms; /* of day */
};

static struct wall wall_of(const struct toc_calendar *cal, toc_time_ms instant_ms)
{
    toc_time_ms wall_ms = instant_ms + toc_tz_offset_ms(cal->tz, instant_ms);
    int64_t day = toc_calendar_day_of(wall_ms);
    return (struct wall){day, wall_ms - day * TOC_DAY_MS};
}

/* Where a span ends. */
static toc_time_ms end_of(const struct toc_calendar *cal, size_t span)
{
    return span + 1 < cal->span_count ? cal->spans[span + 1].from_ms : TOC_CALENDAR_END_MS;
}

/*
 * What the wall shows of a date near a change of the clock: a part in each of two spans, or nothing
 * when it jumps over the date. The spans from `first` on are looked at.
 */
static bool is_seen_open(const struct toc_calendar *cal, size_t first, toc_time_ms midnight)
{
    toc_time_ms next_midnight = midnight + TOC_DAY_MS;
    for (size_t i = first; i < cal->span_count; i++) {
        const struct toc_calendar_span *span = &cal->spans[i];
        toc_time_ms from = span->wall_ms, until = from + (end_of(cal, i) - span->from_ms);
        if (span->from_ms >= next_midnight + TOC_CALENDAR_OFFSET_MAX_MS)
            break;
        from = from > midnight ? from : midnight;
        until = until < next_midnight ? until : next_midnight;
        if (from < until && toc_calendar_wall_sum(cal, until) > toc_calendar_wall_sum(cal, from))
            return true;
    }
    return false;
}

bool toc_calendar_is_business_day(const struct toc_calendar *cal, int64_t days)
{
    if (!toc_calendar_has_day(days) || !toc_calendar_has_windows(cal, days))
        return false;
    toc_time_ms midnight = days * TOC_DAY_MS;
    toc_time_ms begin = midnight - TOC_CALENDAR_OFFSET_MAX_MS;
    toc_time_ms end = midnight + TOC_DAY_MS + TOC_CALENDAR_OFFSET_MAX_MS;
    size_t span = toc_calendar_span_at(cal, begin);
    if (cal->spans[span].from_ms <= begin && end_of(cal, span) >= end)
        return true; /* the clock is not changed near it: all of the date is seen */
    return is_seen_open(cal, span, midnight);
}

/* The first business day that is not before `day`; none after `last` is looked at. */
static bool find_business_day(const struct toc_calendar *cal, int64_t last, int64_t *day)
{
    int64_t found = *day;
    while (found <= last && !toc_calendar_is_business_day(cal, found))
        found++;
    if (found > last)
        return false;
    *day = found;
    return true;
}

static toc_time_ms due_on(const struct toc_calendar *cal, struct wall due, bool end_of_day)
{
    toc_time_ms time_ms = end_of_day ? TOC_DAY_MS : due.time_ms;
    return toc_tz_resolve(cal->tz, due.day * TOC_DAY_MS + time_ms);
}

enum toc_err toc_calendar_add_business_days(const struct toc_calendar *cal, toc_time_ms start_ms,
                                            unsigned count, const struct toc_day_rule *rule,
                                            toc_time_ms *out)
{
    if (!toc_calendar_has_instant(start_ms))
        return TOC_ERR_LIMIT;
    struct wall due = wall_of(cal, start_ms);
    int64_t last = due.day + SEARCH_DAYS;
    if (!find_business_day(cal, last, &due.day))
        return TOC_ERR_LIMIT;
    if (rule->cut_off_ms >= 0 && due.time_ms >= rule->cut_off_ms) {
        due = (struct wall){due.day + 1, rule->next_start_ms};
        if (!find_business_day(cal, last, &due.day))
            return TOC_ERR_LIMIT;
    }
    for (; count > 0; count--) {
        due.day++;
        if (!find_business_day(cal, last, &due.day))
            return TOC_ERR_LIMIT;
    }
    *out = due_on(cal, due, rule->end_of_day);
    return TOC_OK;
}

static int64_t months_later(int64_t day, unsigned months)
{
    int year = 0;
    unsigned month = 0, in_month = 0;
    toc_date_from_days(day, &year, &month, &in_month);
    unsigned since_january = month - 1 + months;
    year += (int)(since_january / 12);
    month = since_january % 12 + 1;
    unsigned last = toc_days_in_month(year, month);
    return toc_days_from_date(year, month, in_month < last ? in_month : last);
}

enum toc_err toc_calendar_add_months(const struct toc_calendar *cal, toc_time_ms start_ms,
                                     unsigned months, const struct toc_day_rule *rule,
                                     toc_time_ms *out)
{
    if (!toc_calendar_has_instant(start_ms) || months > MONTHS_MAX)
        return TOC_ERR_LIMIT;
    struct wall due = wall_of(cal, start_ms);
    due.day = months_later(due.day, months);
    if (!toc_calendar_has_day(due.day) ||
        (rule->end_of_day && !find_business_day(cal, due.day + SEARCH_DAYS, &due.day)))
        return TOC_ERR_LIMIT;
    *out = due_on(cal, due, rule->end_of_day);
    return TOC_OK;
}
