/*
 * What a finished calendar is made of: shared by calendar_build.c, which fills it, and calendar.c
 * and calendar_days.c, which answer from it. Nobody else includes this.
 *
 * Two sums are tabulated, so that no answer has to walk over days. The *wall sum* is the working
 * time before a wall time as if the wall clock never jumped: a year has one of 14 kinds (leap or
 * not, weekday of its first day), each with its own running sum, and the days with rules of their
 * own ("specials") carry the difference that they make. The *open sum* is the true working time
 * since the horizon began: within a span between two changes of the zone's offset it grows as the
 * wall sum does, so each span keeps both sums of its start.
 */
#ifndef TOC_CALENDAR_TABLE_H
#define TOC_CALENDAR_TABLE_H

#include "common/calendar.h"

/* A wall date may lie a day outside the horizon. */
#define TOC_CALENDAR_YEAR_FIRST (TOC_CALENDAR_YEAR_MIN - 1)
#define TOC_CALENDAR_YEARS      (TOC_CALENDAR_YEAR_END - TOC_CALENDAR_YEAR_FIRST + 1)
#define TOC_CALENDAR_KINDS      14
#define TOC_CALENDAR_DAYS_MAX   366

/* Milliseconds since wall midnight. */
struct toc_calendar_window {
    int32_t from_ms;
    int32_t until_ms;
};

/* The windows of a date: ordered, neither overlapping nor touching. */
struct toc_calendar_run {
    uint32_t first;
    uint32_t count;
};

struct toc_calendar_year {
    toc_time_ms plain_ms; /* wall sum before it if there were no specials */
    int32_t first_day;    /* since 1970-01-01 */
    uint32_t first_special;
    uint32_t kind;
};

struct toc_calendar_special {
    toc_time_ms extra_ms; /* what all earlier specials add to the plain wall sum */
    int32_t day;
    struct toc_calendar_run run;
};

struct toc_calendar_span {
    toc_time_ms from_ms;
    toc_time_ms open_ms; /* open sum at `from_ms` */
    toc_time_ms wall_ms; /* wall time at `from_ms` */
    toc_time_ms sum_ms;  /* wall sum at `wall_ms` */
};

struct toc_calendar_row {
    int32_t key; /* weekday or day */
    int32_t from_ms;
    int32_t until_ms;
};

struct toc_calendar_rows {
    struct toc_calendar_row *items;
    size_t count;
    size_t room;
};

struct toc_calendar {
    char *name;
    const struct toc_tz *tz;
    bool finished;

    /* As given; the rows are gone once the tables are made. */
    struct toc_calendar_rows weekly, holidays, hours, breaks;
    bool annual[13][32];

    struct toc_calendar_run weekdays[7];
    struct toc_calendar_window *windows;
    size_t window_count, window_room;
    struct toc_calendar_special *specials; /* and one behind the last, with what all of them add */
    size_t special_count;
    struct toc_calendar_span *spans; /* the first starts with the horizon */
    size_t span_count;
    toc_time_ms total_ms; /* open sum at the end of the horizon */
    struct toc_calendar_year years[TOC_CALENDAR_YEARS + 1];
    toc_time_ms kinds[TOC_CALENDAR_KINDS]
                     [TOC_CALENDAR_DAYS_MAX + 1]; /* plain wall sum within the year */
};

static inline bool toc_calendar_has_day(int64_t day)
{
    return day >= TOC_CALENDAR_BEGIN_MS / TOC_DAY_MS && day < TOC_CALENDAR_END_MS / TOC_DAY_MS;
}

/* No offset of a zone is further from UTC (tz.h). */
#define TOC_CALENDAR_OFFSET_MAX_MS (26 * (toc_time_ms)TOC_HOUR_MS)

/* The wall date, in days since 1970-01-01, of a wall time. */
static inline int64_t toc_calendar_day_of(toc_time_ms wall_ms)
{
    return wall_ms / TOC_DAY_MS - (wall_ms % TOC_DAY_MS < 0);
}

/* The index of the span that holds an instant; the first or last span outside the horizon. */
size_t toc_calendar_span_at(const struct toc_calendar *cal, toc_time_ms instant_ms);

/* Whether a wall date within the horizon has any, seen or not. */
bool toc_calendar_has_windows(const struct toc_calendar *cal, int64_t day);

/* The wall sum; the wall time is that of an instant within the horizon. */
toc_time_ms toc_calendar_wall_sum(const struct toc_calendar *cal, toc_time_ms wall_ms);

#endif
