/*
 * The two kinds of time that may be stored or sent: instants (UTC milliseconds since the Unix
 * epoch) and durations (milliseconds). Nothing here reads a clock; only the runners do.
 */
#ifndef TOC_TIME_H
#define TOC_TIME_H

#include <stdint.h>

typedef int64_t toc_time_ms; /* an instant, or a duration where the name says so */

#define TOC_TIME_NEVER INT64_MAX /* later than every instant */
#define TOC_TIME_MIN   INT64_MIN /* earlier than every instant */

#define TOC_SECOND_MS 1000
#define TOC_MINUTE_MS (60 * TOC_SECOND_MS)
#define TOC_HOUR_MS   (60 * TOC_MINUTE_MS)
#define TOC_DAY_MS    (24 * (toc_time_ms)TOC_HOUR_MS)

#endif
