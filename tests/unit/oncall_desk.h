/* What the tests of `tocsin oncall` share: zones, layers of people in them, and times of Dublin. */
#ifndef ONCALL_DESK_H
#define ONCALL_DESK_H

#include "services/cli/oncall/duty.h"
#include "services/cli/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static struct toc_tz *dublin, *new_york;

static inline toc_time_ms at(const char *text)
{
    toc_time_ms at_ms = 0;
    assert_true(when_read(toc_str_of(text), dublin, 0, &at_ms));
    return at_ms;
}

static const char *const ana_ben[] = {"ana", "ben"};
static const char *const flo_only[] = {"flo"};

/* Ana and ben week about, from Monday 5 January 2026 at 9 in Dublin. */
static inline struct toc_layer weekly(void)
{
    return (struct toc_layer){.name = "base",
                              .zone = dublin,
                              .rotation = TOC_ROTATION_WEEKLY,
                              .every = 1,
                              .start_day = toc_days_from_date(2026, 1, 5),
                              .at_ms = 9 * (toc_time_ms)TOC_HOUR_MS,
                              .people = ana_ben,
                              .person_count = 2};
}

/* One person every day of the week, from and until an hour of the zone's wall. */
static inline struct toc_layer hours(const char *const *person, const struct toc_tz *zone,
                                     unsigned from, unsigned until,
                                     struct toc_week_window windows[7])
{
    struct toc_layer layer = weekly();
    for (unsigned day = 0; day < 7; day++)
        windows[day] =
            (struct toc_week_window){day * TOC_DAY_MS + from * (toc_time_ms)TOC_HOUR_MS,
                                     day * TOC_DAY_MS + until * (toc_time_ms)TOC_HOUR_MS};
    layer.name = "hours";
    layer.zone = zone;
    layer.at_ms = 0;
    layer.people = person;
    layer.person_count = 1;
    layer.hours = windows;
    layer.hour_count = 7;
    return layer;
}

static inline struct toc_schedule schedule_of(const struct toc_layer *layers, size_t count)
{
    return (struct toc_schedule){
        .name = "safety", .zone = dublin, .layers = layers, .layer_count = count};
}

static inline int run_with_zones(int (*run)(void))
{
    assert_int_equal(toc_tz_load("Europe/Dublin", &dublin), TOC_OK);
    assert_int_equal(toc_tz_load("America/New_York", &new_york), TOC_OK);
    int failed = run();
    toc_tz_free(dublin);
    toc_tz_free(new_york);
    return failed;
}

#endif
