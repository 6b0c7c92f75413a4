/* What the calendar's tests share: a zone and a calendar in it, instants, and random numbers. */
#ifndef CALENDAR_DESK_H
#define CALENDAR_DESK_H

#include "common/calendar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define HOUR ((toc_time_ms)TOC_HOUR_MS)
#define MIN  ((toc_time_ms)TOC_MINUTE_MS)
#define DAY  TOC_DAY_MS

static inline uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline int64_t draw_between(uint64_t *state, int64_t min, int64_t max)
{
    return min + (int64_t)(draw(state) % (uint64_t)(max - min + 1));
}

static inline toc_time_ms at(int year, unsigned month, unsigned day, int hour, int minute)
{
    return toc_days_from_date(year, month, day) * DAY + hour * HOUR + minute * MIN;
}

/* A zone and a calendar in it, freed together. */
struct desk {
    struct toc_tz *tz;
    struct toc_calendar *cal;
};

static inline struct desk desk_in(const char *zone)
{
    struct desk desk = {0};
    assert_int_equal(toc_tz_load(zone, &desk.tz), TOC_OK);
    assert_int_equal(toc_calendar_new("desk", desk.tz, &desk.cal), TOC_OK);
    return desk;
}

static inline void leave(struct desk *desk)
{
    toc_calendar_free(desk->cal);
    toc_tz_free(desk->tz);
    *desk = (struct desk){0};
}

/* The same window, in hours, on the weekdays from `first` to `last`. */
static inline void open_weekly(struct desk *desk, unsigned first, unsigned last, int from_hour,
                               int until_hour)
{
    for (unsigned w = first; w <= last; w++)
        assert_int_equal(toc_calendar_weekly(desk->cal, w, from_hour * HOUR, until_hour * HOUR),
                         TOC_OK);
}

static inline void finish(struct desk *desk)
{
    assert_int_equal(toc_calendar_finish(desk->cal), TOC_OK);
}

/* Monday to Friday, nine to five. */
static inline struct desk office_in(const char *zone)
{
    struct desk desk = desk_in(zone);
    open_weekly(&desk, 0, 4, 9, 17);
    return desk;
}

/* An instant given by wall time. */
static inline toc_time_ms wall(const struct desk *desk, int year, unsigned month, unsigned day,
                               int hour)
{
    return toc_tz_resolve(desk->tz, at(year, month, day, hour, 0));
}

#endif
