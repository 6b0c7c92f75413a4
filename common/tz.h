/*
 * IANA time zones, read from the system's TZif files (RFC 8536, POSIX footer included).
 *
 * A zone is immutable once loaded and may be shared by any number of calendars. It hides the file
 * format and the search for the transition. It never looks at isdst. The database's version
 * (tzdata) is named so that records can carry it.
 */
#ifndef TOC_TZ_H
#define TOC_TZ_H

#include "common/err.h"
#include "common/str.h"
#include "common/time.h"

struct toc_tz;

/*
 * Loads a zone by its IANA name ("Europe/Berlin", "UTC") from $TZDIR or /usr/share/zoneinfo.
 * TOC_ERR_CONFIG for a name that is not there or could escape the directory (also "localtime",
 * which is another zone on every machine), TOC_ERR_DAMAGED for a file that is not TZif or over 64
 * kB, TOC_ERR_CONFIG for one that counts leap seconds. `*out` is untouched on failure.
 */
TOC_MUST enum toc_err toc_tz_load(const char *name, struct toc_tz **out);
/* The same from bytes in memory (a compiled zone inside a policy, a fuzzer's input). */
TOC_MUST enum toc_err toc_tz_parse(const char *name, struct toc_str tzif, struct toc_tz **out);
/* Accepts NULL. */
void toc_tz_free(struct toc_tz *tz);

const char *toc_tz_name(const struct toc_tz *tz);

/*
 * Offset east of UTC at an instant, in milliseconds: local wall time = instant + offset. Between
 * -25 and 26 hours, and defined for every instant: a zone's rules go on for ever.
 */
toc_time_ms toc_tz_offset_ms(const struct toc_tz *tz, toc_time_ms instant_ms);

/* The first instant strictly after `instant_ms` at which the offset changes; TOC_TIME_NEVER. */
toc_time_ms toc_tz_next_change(const struct toc_tz *tz, toc_time_ms instant_ms);

/*
 * A wall time (milliseconds of the local calendar, counted as if it were UTC) as an instant. Inside
 * a gap it moves forward by the gap's length; inside an overlap it is the first of the two.
 */
toc_time_ms toc_tz_resolve(const struct toc_tz *tz, toc_time_ms wall_ms);

#define TOC_TZ_VERSION_MAX 16

/* The version of the installed tzdata ("2026a"), read from its tzdata.zi; or "unknown". */
void toc_tz_database_version(char out[TOC_TZ_VERSION_MAX]);

/* Proleptic Gregorian calendar. Days count from 1970-01-01. */
int64_t toc_days_from_date(int year, unsigned month, unsigned day);
void toc_date_from_days(int64_t days, int *year, unsigned *month, unsigned *day);
/* 0 Monday … 6 Sunday. */
unsigned toc_weekday(int64_t days);
unsigned toc_days_in_month(int year, unsigned month);

#endif
