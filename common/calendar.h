/*
 * Working-time arithmetic.
 *
 * A calendar says which instants are working time: those whose wall time in the zone lies in a
 * window of its wall date. Windows are half open [from, until), may end at 24:00 and, overnight,
 * are two windows. A window inside a repeated hour is open twice, one inside a gap not at all.
 * Holidays close the day whatever else says; date hours replace the weekly windows and beat annual
 * holidays; breaks cut out; touching windows merge, also across midnight. Working time is elapsed
 * time, exact to the millisecond.
 *
 * A calendar is built once (from a policy), then immutable. Finishing it tabulates sums over its
 * horizon (about 70 kB), so that an answer costs a few binary searches however far it lies from the
 * question; the functions below are pure. It counts as closed outside the horizon, and one that
 * could never open within is refused by toc_calendar_finish.
 */
#ifndef TOC_CALENDAR_H
#define TOC_CALENDAR_H

#include "common/tz.h"

struct toc_calendar;

/* How far a search goes before it answers TOC_ERR_LIMIT. */
#define TOC_CALENDAR_YEARS_MAX 100

/* The horizon: from the start of one year to the start of the other, in UTC. */
#define TOC_CALENDAR_YEAR_MIN 1800
#define TOC_CALENDAR_YEAR_END 2300
#define TOC_CALENDAR_BEGIN_MS (-62091 * TOC_DAY_MS) /* 1800-01-01T00:00Z */
#define TOC_CALENDAR_END_MS   (120530 * TOC_DAY_MS) /* 2300-01-01T00:00Z */

static inline bool toc_calendar_has_instant(toc_time_ms instant_ms)
{
    return instant_ms >= TOC_CALENDAR_BEGIN_MS && instant_ms < TOC_CALENDAR_END_MS;
}

/* How many rows of one kind (weekly windows, holidays, date hours, breaks) a calendar takes. */
#define TOC_CALENDAR_ROWS_MAX 20000

struct toc_interval {
    toc_time_ms from_ms;  /* included */
    toc_time_ms until_ms; /* excluded */
};

/* `tz` is lent and has to outlive the calendar. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err toc_calendar_new(const char *name, const struct toc_tz *tz,
                                       struct toc_calendar **out);
/* Accepts NULL. */
void toc_calendar_free(struct toc_calendar *cal);
const char *toc_calendar_name(const struct toc_calendar *cal);
/* The zone whose wall time it is about; lent. */
const struct toc_tz *toc_calendar_tz(const struct toc_calendar *cal);

/*
 * Building. Times of day are milliseconds since wall midnight, 0 <= from < until <= 24 h, or
 * TOC_ERR_CONFIG; for an overnight window (until <= from) give its two halves, the second on the
 * next weekday. `days` counts from 1970-01-01 and is a date within the horizon, or TOC_ERR_CONFIG.
 * Rows may come in any order, overlap and repeat. TOC_ERR_MEMORY, and TOC_ERR_LIMIT for too many.
 */
TOC_MUST enum toc_err toc_calendar_weekly(struct toc_calendar *cal, unsigned weekday,
                                          toc_time_ms from_ms, toc_time_ms until_ms);
TOC_MUST enum toc_err toc_calendar_holiday(struct toc_calendar *cal, int64_t days);
TOC_MUST enum toc_err toc_calendar_annual_holiday(struct toc_calendar *cal, unsigned month,
                                                  unsigned day);
/*
 * Replaces the weekly windows of that date; several add up. With `from_ms` = `until_ms` = 0 it only
 * closes it.
 */
TOC_MUST enum toc_err toc_calendar_date_hours(struct toc_calendar *cal, int64_t days,
                                              toc_time_ms from_ms, toc_time_ms until_ms);
TOC_MUST enum toc_err toc_calendar_break(struct toc_calendar *cal, int64_t days,
                                         toc_time_ms from_ms, toc_time_ms until_ms);
/*
 * Sorts, checks and tabulates. TOC_ERR_CONFIG when the calendar never opens. Only then use it;
 * after a failure it can only be freed.
 */
TOC_MUST enum toc_err toc_calendar_finish(struct toc_calendar *cal);

/*
 * The earliest instant at which `amount_ms` of working time has passed since `start_ms`; 0 snaps
 * to the first open instant at or after it; an amount that is used up at closing is the closing
 * instant. TOC_ERR_LIMIT when the search is exhausted or `start_ms` is outside the horizon,
 * TOC_ERR_MALFORMED for a negative amount.
 */
TOC_MUST enum toc_err toc_calendar_add(const struct toc_calendar *cal, toc_time_ms start_ms,
                                       toc_time_ms amount_ms, toc_time_ms *out);
/*
 * The mirror image: the latest instant with `amount_ms` of working time between it and `start_ms`;
 * 0 snaps back to the last instant that ends working time, which is `start_ms` itself inside a
 * window and at its closing; an amount that is used up at opening is the opening instant.
 */
TOC_MUST enum toc_err toc_calendar_sub(const struct toc_calendar *cal, toc_time_ms start_ms,
                                       toc_time_ms amount_ms, toc_time_ms *out);
/* Working milliseconds in [from, until), as far as the horizon reaches; 0 when reversed. */
toc_time_ms toc_calendar_between(const struct toc_calendar *cal, toc_time_ms from_ms,
                                 toc_time_ms until_ms);
bool toc_calendar_is_open(const struct toc_calendar *cal, toc_time_ms instant_ms);
/*
 * The merged open interval that holds `instant_ms` or comes next. TOC_NONE past the search limit.
 * An interval that does not begin (end) within the horizon has TOC_TIME_MIN (TOC_TIME_NEVER) there.
 */
TOC_MUST enum toc_err toc_calendar_interval_after(const struct toc_calendar *cal,
                                                  toc_time_ms instant_ms, struct toc_interval *out);
/* The merged open interval that began before `instant_ms`, the latest such; TOC_NONE likewise. */
TOC_MUST enum toc_err toc_calendar_interval_before(const struct toc_calendar *cal,
                                                   toc_time_ms instant_ms,
                                                   struct toc_interval *out);

#endif
