/*
 * Durations and instants as a person reads them. Pure but for the local time zone (TZ).
 */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include "common/str.h"
#include "common/time.h"

#define MOMENT_MAX 48 /* bytes of any of these texts */

/* "450ms", "12s", "4m05s", "3h20m", "2d04h"; a minus before a negative one. Returns `out`. */
char *moment_span(char out[MOMENT_MAX], toc_time_ms span_ms);

/* Every unit: "1h04m05.250s", "15m", "0s". */
char *moment_exact(char out[MOMENT_MAX], toc_time_ms span_ms);

/* Local time: "14:05:02" within 12 hours of now, "Tue 14:05" within six days, else with a date. */
char *moment_near(char out[MOMENT_MAX], toc_time_ms at_ms, toc_time_ms now_ms);

/* Local time in full: "2026-03-01 14:05:02.113". */
char *moment_full(char out[MOMENT_MAX], toc_time_ms at_ms);

/* Local time to the millisecond, with the date unless `beside_ms` is on the same day. */
char *moment_beside(char out[MOMENT_MAX], toc_time_ms at_ms, toc_time_ms beside_ms);

/* Local date and local time of day with milliseconds, apart: the margin of a timeline. */
char *moment_date(char out[MOMENT_MAX], toc_time_ms at_ms);
char *moment_clock(char out[MOMENT_MAX], toc_time_ms at_ms);

/* UTC milliseconds of the wall clock. */
toc_time_ms moment_now(void);

#endif
