/*
 * Targets in business days and in months: a promise that names a date, and on it a time of day.
 *
 * These count wall dates of the calendar's zone, not working time: three business days after
 * Thursday 16:00 are Tuesday 16:00, whatever the hours. A wall time that the answer names is an
 * instant as toc_tz_resolve has it: inside a gap it moves forward by the gap's length, inside an
 * overlap it is the first. All of this is pure.
 */
#ifndef TOC_CALENDAR_DAYS_H
#define TOC_CALENDAR_DAYS_H

#include "common/calendar.h"

struct toc_day_rule {
    toc_time_ms cut_off_ms;    /* time of day from which a start counts from the next business day;
                                  -1: none */
    toc_time_ms next_start_ms; /* the time of day that it then counts from */
    bool end_of_day;           /* due at 24:00 of the due date */
};

/*
 * Some instant of that wall date is working time: so not a holiday, and not a date that the zone
 * left out. `days` counts from 1970-01-01; outside the horizon there are no business days.
 */
bool toc_calendar_is_business_day(const struct toc_calendar *cal, int64_t days);

/*
 * `count` business days after `start_ms`. A start on a day that is none moves to the next business
 * day, keeping its time of day; then the cut-off is looked at. TOC_ERR_LIMIT when the search is
 * exhausted or `start_ms` is outside the horizon.
 */
TOC_MUST enum toc_err toc_calendar_add_business_days(const struct toc_calendar *cal,
                                                     toc_time_ms start_ms, unsigned count,
                                                     const struct toc_day_rule *rule,
                                                     toc_time_ms *out);

/*
 * `months` calendar months after `start_ms`: the same day of the month, or the last one of a month
 * that is shorter, at the same time of day. With `end_of_day` it ends with that date, or with the
 * next business day when the date is none (Regulation (EEC, Euratom) No 1182/71, article 3). A
 * cut-off does not concern months. TOC_ERR_LIMIT likewise.
 */
TOC_MUST enum toc_err toc_calendar_add_months(const struct toc_calendar *cal, toc_time_ms start_ms,
                                              unsigned months, const struct toc_day_rule *rule,
                                              toc_time_ms *out);

#endif
