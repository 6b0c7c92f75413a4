#include "common/calendar_table.h"

#define SEARCH_MS (TOC_CALENDAR_YEARS_MAX * INT64_C(36525) * TOC_DAY_MS / 100)

/* A sum of working time, or of the time that is not. Both only ever grow, at the rate of 0 or 1. */
enum sum { SUM_OPEN, SUM_CLOSED };

/* A sum stands still while the other grows: an amount is reached early and kept until late. */
enum end {
    END_EARLIEST, /* the first instant that reaches an amount */
    END_LATEST    /* the last instant that does not exceed it */
};

/* An inverse looks for the last tabulated place whose sum is below the amount in this sense. */
static bool is_below(toc_time_ms sum, toc_time_ms amount, enum end end)
{
    return end == END_EARLIEST ? sum < amount : sum <= amount;
}

/* --- Wall sums ----------------------------------------------------------------------------------
 */

static const struct toc_calendar_year *year_of(const struct toc_calendar *cal, int64_t day)
{
    const struct toc_calendar_year *year =
        &cal->years[(day - cal->years[0].first_day) * 400 / 146097];
    while (year[1].first_day <= day)
        year++;
    while (year->first_day > day)
        year--;
    return year;
}

/* The first special on a day of the year or later. */
static const struct toc_calendar_special *
special_from(const struct toc_calendar *cal, const struct toc_calendar_year *year, int64_t day)
{
    size_t low = year[0].first_special, high = year[1].first_special;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cal->specials[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return &cal->specials[low];
}

static toc_time_ms sum_before_day(const struct toc_calendar *cal,
                                  const struct toc_calendar_year *year, int64_t day)
{
    return year->plain_ms + cal->kinds[year->kind][day - year->first_day] +
           special_from(cal, year, day)->extra_ms;
}

static struct toc_calendar_run run_of(const struct toc_calendar *cal,
                                      const struct toc_calendar_year *year, int64_t day)
{
    const struct toc_calendar_special *special = special_from(cal, year, day);
    const toc_time_ms *sums = &cal->kinds[year->kind][day - year->first_day];
    if (special->day == day)
        return special->run;
    if (sums[0] == sums[1]) /* an annual holiday, or nothing on that weekday */
        return (struct toc_calendar_run){0};
    return cal->weekdays[toc_weekday(day)];
}

bool toc_calendar_has_windows(const struct toc_calendar *cal, int64_t day)
{
    return run_of(cal, year_of(cal, day), day).count > 0;
}

toc_time_ms toc_calendar_wall_sum(const struct toc_calendar *cal, toc_time_ms wall_ms)
{
    int64_t day = toc_calendar_day_of(wall_ms);
    const struct toc_calendar_year *year = year_of(cal, day);
    struct toc_calendar_run run = run_of(cal, year, day);
    toc_time_ms sum = sum_before_day(cal, year, day);
    toc_time_ms in_day = wall_ms - day * TOC_DAY_MS;
    for (size_t i = run.first; i < run.first + run.count; i++) {
        const struct toc_calendar_window *window = &cal->windows[i];
        if (window->from_ms >= in_day)
            break;
        sum += (window->until_ms < in_day ? window->until_ms : in_day) - window->from_ms;
    }
    return sum;
}

/* The sum of either kind before a day; closed time counts from 1970, negative before. */
static toc_time_ms sum_at_day(const struct toc_calendar *cal, enum sum which,
                              const struct toc_calendar_year *year, int64_t day)
{
    toc_time_ms open = sum_before_day(cal, year, day);
    return which == SUM_OPEN ? open : day * TOC_DAY_MS - open;
}

static const struct toc_calendar_year *
last_year_below(const struct toc_calendar *cal, enum sum which, enum end end, toc_time_ms amount)
{
    size_t low = 0, high = TOC_CALENDAR_YEARS;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        const struct toc_calendar_year *year = &cal->years[middle];
        if (is_below(sum_at_day(cal, which, year, year->first_day), amount, end))
            low = middle;
        else
            high = middle;
    }
    return &cal->years[low];
}

static int64_t last_day_below(const struct toc_calendar *cal, enum sum which, enum end end,
                              const struct toc_calendar_year *year, toc_time_ms amount)
{
    int64_t low = year[0].first_day, high = year[1].first_day;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (is_below(sum_at_day(cal, which, year, middle), amount, end))
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The time of day at which the sum has grown by `rest` since midnight; the day is long enough. */
static toc_time_ms time_in_day(const struct toc_calendar *cal, enum sum which, enum end end,
                               struct toc_calendar_run run, toc_time_ms rest)
{
    const struct toc_calendar_window *windows = cal->windows + run.first;
    size_t pieces = which == SUM_OPEN ? run.count : run.count + 1;
    for (size_t i = 0; i < pieces; i++) {
        toc_time_ms from, until;
        if (which == SUM_OPEN) {
            from = windows[i].from_ms;
            until = windows[i].until_ms;
        } else {
            from = i > 0 ? windows[i - 1].until_ms : 0;
            until = i < run.count ? windows[i].from_ms : TOC_DAY_MS;
        }
        if (!is_below(until - from, rest, end))
            return from + rest;
        rest -= until - from;
    }
    toc_assert_failed("the day is long enough", __FILE__, __LINE__);
}

/* The wall time at which a wall sum reaches an amount, which it does within the horizon. */
static toc_time_ms wall_at(const struct toc_calendar *cal, enum sum which, enum end end,
                           toc_time_ms amount)
{
    const struct toc_calendar_year *year = last_year_below(cal, which, end, amount);
    int64_t day = last_day_below(cal, which, end, year, amount);
    toc_time_ms rest = amount - sum_at_day(cal, which, year, day);
    return day * TOC_DAY_MS + time_in_day(cal, which, end, run_of(cal, year, day), rest);
}

/* --- Open and closed sums -----------------------------------------------------------------------
 */

size_t toc_calendar_span_at(const struct toc_calendar *cal, toc_time_ms instant_ms)
{
    size_t low = 0, high = cal->span_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (cal->spans[middle].from_ms <= instant_ms)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The span that holds an instant within the horizon. */
static const struct toc_calendar_span *span_of(const struct toc_calendar *cal, toc_time_ms instant)
{
    return &cal->spans[toc_calendar_span_at(cal, instant)];
}

/* Working time from the start of the horizon to an instant. */
static toc_time_ms open_sum(const struct toc_calendar *cal, toc_time_ms instant)
{
    TOC_ASSERT(cal->finished);
    if (instant <= TOC_CALENDAR_BEGIN_MS)
        return 0;
    if (instant >= TOC_CALENDAR_END_MS)
        return cal->total_ms;
    const struct toc_calendar_span *span = span_of(cal, instant);
    toc_time_ms wall = span->wall_ms + (instant - span->from_ms);
    return span->open_ms + toc_calendar_wall_sum(cal, wall) - span->sum_ms;
}

static toc_time_ms sum_of(const struct toc_calendar *cal, enum sum which, toc_time_ms instant)
{
    toc_time_ms open = open_sum(cal, instant);
    return which == SUM_OPEN ? open : instant - open;
}

static toc_time_ms span_sum(const struct toc_calendar_span *span, enum sum which)
{
    return which == SUM_OPEN ? span->open_ms : span->from_ms - span->open_ms;
}

/*
 * The instant at which a sum reaches an amount: the inverse of sum_of, held within the horizon
 * where the sum stands still at its edge. The amount lies between the sums at both edges.
 */
static toc_time_ms instant_at(const struct toc_calendar *cal, enum sum which, enum end end,
                              toc_time_ms amount)
{
    size_t low = 0, high = cal->span_count;
    if (!is_below(span_sum(&cal->spans[0], which), amount, end))
        return TOC_CALENDAR_BEGIN_MS;
    if (is_below(sum_of(cal, which, TOC_CALENDAR_END_MS), amount, end))
        return TOC_CALENDAR_END_MS;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (is_below(span_sum(&cal->spans[middle], which), amount, end))
            low = middle;
        else
            high = middle;
    }
    const struct toc_calendar_span *span = &cal->spans[low];
    toc_time_ms at_start = which == SUM_OPEN ? span->sum_ms : span->wall_ms - span->sum_ms;
    toc_time_ms wall = wall_at(cal, which, end, amount - span_sum(span, which) + at_start);
    return span->from_ms + (wall - span->wall_ms);
}

/* --- Questions ----------------------------------------------------------------------------------
 */

const char *toc_calendar_name(const struct toc_calendar *cal)
{
    return cal->name;
}

const struct toc_tz *toc_calendar_tz(const struct toc_calendar *cal)
{
    return cal->tz;
}

enum toc_err toc_calendar_add(const struct toc_calendar *cal, toc_time_ms start_ms,
                              toc_time_ms amount_ms, toc_time_ms *out)
{
    toc_time_ms before = open_sum(cal, start_ms);
    if (amount_ms < 0)
        return TOC_ERR_MALFORMED;
    if (!toc_calendar_has_instant(start_ms) || before == cal->total_ms ||
        amount_ms > cal->total_ms - before)
        return TOC_ERR_LIMIT;
    enum end end = amount_ms == 0 ? END_LATEST : END_EARLIEST;
    toc_time_ms target = instant_at(cal, SUM_OPEN, end, before + amount_ms);
    if (target - start_ms > SEARCH_MS)
        return TOC_ERR_LIMIT;
    *out = target;
    return TOC_OK;
}

enum toc_err toc_calendar_sub(const struct toc_calendar *cal, toc_time_ms start_ms,
                              toc_time_ms amount_ms, toc_time_ms *out)
{
    toc_time_ms before = open_sum(cal, start_ms);
    if (amount_ms < 0)
        return TOC_ERR_MALFORMED;
    if (!toc_calendar_has_instant(start_ms) || before == 0 || amount_ms > before)
        return TOC_ERR_LIMIT;
    enum end end = amount_ms == 0 ? END_EARLIEST : END_LATEST;
    toc_time_ms target = instant_at(cal, SUM_OPEN, end, before - amount_ms);
    if (start_ms - target > SEARCH_MS)
        return TOC_ERR_LIMIT;
    *out = target;
    return TOC_OK;
}

toc_time_ms toc_calendar_between(const struct toc_calendar *cal, toc_time_ms from_ms,
                                 toc_time_ms until_ms)
{
    if (until_ms <= from_ms)
        return 0;
    return open_sum(cal, until_ms) - open_sum(cal, from_ms);
}

bool toc_calendar_is_open(const struct toc_calendar *cal, toc_time_ms instant_ms)
{
    TOC_ASSERT(cal->finished);
    if (!toc_calendar_has_instant(instant_ms))
        return false;
    const struct toc_calendar_span *span = span_of(cal, instant_ms);
    toc_time_ms wall = span->wall_ms + (instant_ms - span->from_ms);
    int64_t day = toc_calendar_day_of(wall);
    toc_time_ms in_day = wall - day * TOC_DAY_MS;
    struct toc_calendar_run run = run_of(cal, year_of(cal, day), day);
    for (size_t i = run.first; i < run.first + run.count; i++)
        if (cal->windows[i].from_ms <= in_day && in_day < cal->windows[i].until_ms)
            return true;
    return false;
}

/* The interval around an instant that is open, or at which working time ends. */
static struct toc_interval interval_around(const struct toc_calendar *cal, toc_time_ms instant)
{
    toc_time_ms closed = sum_of(cal, SUM_CLOSED, instant);
    toc_time_ms from = instant_at(cal, SUM_CLOSED, END_EARLIEST, closed);
    toc_time_ms until = instant_at(cal, SUM_CLOSED, END_LATEST, closed);
    return (struct toc_interval){from == TOC_CALENDAR_BEGIN_MS ? TOC_TIME_MIN : from,
                                 until == TOC_CALENDAR_END_MS ? TOC_TIME_NEVER : until};
}

enum toc_err toc_calendar_interval_after(const struct toc_calendar *cal, toc_time_ms instant_ms,
                                         struct toc_interval *out)
{
    toc_time_ms open = 0;
    if (toc_calendar_add(cal, instant_ms, 0, &open) != TOC_OK)
        return TOC_NONE;
    *out = interval_around(cal, open);
    return TOC_OK;
}

enum toc_err toc_calendar_interval_before(const struct toc_calendar *cal, toc_time_ms instant_ms,
                                          struct toc_interval *out)
{
    toc_time_ms closing = 0;
    if (toc_calendar_sub(cal, instant_ms, 0, &closing) != TOC_OK)
        return TOC_NONE;
    *out = interval_around(cal, closing);
    return TOC_OK;
}
