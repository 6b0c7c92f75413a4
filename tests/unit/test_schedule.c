/*
 * Who is on call: known cases as lines of shifts, and against a second implementation that walks
 * through time minute by minute with glibc's idea of the zone and counts hand-overs one by one.
 */
#include "common/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SEED   UINT64_C(20260105)
#define CASES  600
#define DAYS   4 /* that one case walks through */
#define BEFORE 3 /* days for which it watches the clock first */
#define LAYERS 3
#define PEOPLE 4
#define EXTRA  3 /* temporary shifts, and overrides */

static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int64_t draw_between(uint64_t *state, int64_t min, int64_t max)
{
    return min + (int64_t)(draw(state) % (uint64_t)(max - min + 1));
}

static struct toc_tz *zone(const char *name)
{
    struct toc_tz *tz = NULL;
    assert_int_equal(toc_tz_load(name, &tz), TOC_OK);
    return tz;
}

/* "2026-03-29 01:00" of UTC */
static toc_time_ms at(const char *text)
{
    int year;
    unsigned month, day, hour, minute;
    assert_int_equal(sscanf(text, "%d-%u-%u %u:%u", &year, &month, &day, &hour, &minute), 5);
    return toc_days_from_date(year, month, day) * TOC_DAY_MS + hour * (toc_time_ms)TOC_HOUR_MS +
           minute * (toc_time_ms)TOC_MINUTE_MS;
}

static int64_t date(const char *text)
{
    char full[32];
    (void)snprintf(full, sizeof(full), "%s 00:00", text);
    return at(full) / TOC_DAY_MS;
}

#define HM(hour, minute) ((hour) * (toc_time_ms)TOC_HOUR_MS + (minute)*TOC_MINUTE_MS)

/* --- lines ------------------------------------------------------------------------------------ */

struct lines {
    char text[4096];
    size_t used;
};

static void say(struct lines *lines, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    lines->used += (size_t)vsnprintf(lines->text + lines->used, sizeof(lines->text) - lines->used,
                                     format, args);
    va_end(args);
    assert_true(lines->used < sizeof(lines->text));
}

static void say_instant(struct lines *lines, toc_time_ms ms)
{
    int year;
    unsigned month, day;
    toc_date_from_days(ms / TOC_DAY_MS, &year, &month, &day);
    say(lines, "%04d-%02u-%02u %02d:%02d", year, month, day, (int)(ms % TOC_DAY_MS / TOC_HOUR_MS),
        (int)(ms % TOC_HOUR_MS / TOC_MINUTE_MS));
}

/* One line for each shift: its begin, and who. */
static void expect_shifts(const struct toc_schedule *schedule,
                          const struct toc_overrides *overrides, const char *from,
                          const char *until, const char *expected)
{
    struct lines lines = {.used = 0};
    struct toc_shift shift;
    for (toc_time_ms t = at(from); t < at(until); t = shift.until_ms) {
        toc_schedule_shift(schedule, overrides, t, at(until), &shift);
        assert_int_equal(shift.from_ms, t);
        assert_true(shift.until_ms > t && shift.until_ms <= at(until));
        say_instant(&lines, t);
        for (size_t i = 0; i < shift.who.count; i++)
            say(&lines, " %s", shift.who.people[i]);
        say(&lines, shift.who.count > 0 ? "\n" : " -\n");
    }
    assert_string_equal(lines.text, expected);
}

static const char *const two[] = {"ana", "ben"};
static const char *const three[] = {"ana", "ben", "chi"};

/* A schedule of one layer. */
#define ALONE(layer, tz) ((struct toc_schedule){"s", (tz), &(layer), 1, NULL, 0, 0})

/* A layer's turns, from the first hand-over on: the beginning of its initializer. */
#define TURNS(called, of, step, when, first_day, at_hour, who)                                     \
    .name = (called), .zone = (of), .rotation = TOC_ROTATION_##when, .every = (step),              \
    .start_day = date(first_day), .at_ms = (at_hour), .people = (who),                             \
    .person_count = sizeof(who) / sizeof((who)[0])

/* --- rotations -------------------------------------------------------------------------------- */

static void before_its_first_hand_over_a_layer_has_nobody(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/Dublin");
    struct toc_layer layer = {TURNS("base", tz, 1, DAILY, "2026-01-05", HM(9, 0), three)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2026-01-04 00:00", "2026-01-08 12:00",
                  "2026-01-04 00:00 -\n"
                  "2026-01-05 09:00 ana\n"
                  "2026-01-06 09:00 ben\n"
                  "2026-01-07 09:00 chi\n"
                  "2026-01-08 09:00 ana\n");
    toc_tz_free(tz);
}

static void every_second_week_means_fourteen_days(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("UTC");
    struct toc_layer layer = {TURNS("base", tz, 2, WEEKLY, "2026-01-07", HM(8, 0), two)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2026-01-10 00:00", "2026-02-10 00:00",
                  "2026-01-10 00:00 ana\n"
                  "2026-01-21 08:00 ben\n"
                  "2026-02-04 08:00 ana\n");
    toc_tz_free(tz);
}

static void monthly_on_the_31st_is_the_last_day_of_a_shorter_month_and_never_drifts(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/Dublin");
    struct toc_layer layer = {TURNS("base", tz, 1, MONTHLY, "2027-12-31", HM(9, 0), three)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2028-01-01 00:00", "2028-08-01 00:00",
                  "2028-01-01 00:00 ana\n"
                  "2028-01-31 09:00 ben\n"
                  "2028-02-29 09:00 chi\n"
                  "2028-03-31 08:00 ana\n"
                  "2028-04-30 08:00 ben\n"
                  "2028-05-31 08:00 chi\n"
                  "2028-06-30 08:00 ana\n"
                  "2028-07-31 08:00 ben\n");
    toc_tz_free(tz);
}

/* --- changes of the clocks -------------------------------------------------------------------- */

static void a_hand_over_that_the_clocks_jump_over_is_the_end_of_the_gap(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/Berlin");
    struct toc_layer layer = {TURNS("base", tz, 1, DAILY, "2026-03-27", HM(2, 30), two)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2026-03-28 00:00", "2026-03-30 12:00",
                  "2026-03-28 00:00 ana\n"
                  "2026-03-28 01:30 ben\n"
                  "2026-03-29 01:00 ana\n"
                  "2026-03-30 00:30 ben\n");
    toc_tz_free(tz);
}

static void a_hand_over_that_comes_twice_happens_at_the_first(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/Berlin");
    struct toc_layer layer = {TURNS("base", tz, 1, DAILY, "2026-10-23", HM(2, 30), two)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2026-10-24 12:00", "2026-10-26 12:00",
                  "2026-10-24 12:00 ben\n"
                  "2026-10-25 00:30 ana\n"
                  "2026-10-26 01:30 ben\n");
    toc_tz_free(tz);
}

static void an_hour_that_comes_twice_is_one_turn_and_one_that_is_left_out_is_none(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/Berlin");
    struct toc_layer layer = {TURNS("base", tz, 1, HOURLY, "2026-01-01", 0, three)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2026-03-28 23:00", "2026-03-29 03:00", /* 0, 1, 3, 4 o'clock */
                  "2026-03-28 23:00 ana\n"
                  "2026-03-29 00:00 ben\n"
                  "2026-03-29 01:00 ana\n"
                  "2026-03-29 02:00 ben\n");
    expect_shifts(&schedule, NULL, "2026-10-24 22:00", "2026-10-25 03:00", /* 0, 1, 2, 2, 3 */
                  "2026-10-24 22:00 ana\n"
                  "2026-10-24 23:00 ben\n"
                  "2026-10-25 00:00 chi\n"
                  "2026-10-25 02:00 ana\n");
    toc_tz_free(tz);
}

static void a_date_that_never_was_has_no_shift_of_its_own(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Pacific/Apia"); /* it went from the 29th to the 31st */
    struct toc_layer layer = {TURNS("base", tz, 1, DAILY, "2011-12-28", 0, three)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2011-12-28 12:00", "2011-12-31 12:00",
                  "2011-12-28 12:00 ana\n"
                  "2011-12-29 10:00 ben\n"
                  "2011-12-30 10:00 ana\n"
                  "2011-12-31 10:00 ben\n");
    toc_tz_free(tz);
}

static void oc_3261_a_shift_keeps_its_wall_times_when_the_clocks_change(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/London");
    const struct toc_week_window week[] = {{HM(8, 30), HM(17, 30)},    {HM(32, 30), HM(41, 30)},
                                           {HM(56, 30), HM(65, 30)},   {HM(80, 30), HM(89, 30)},
                                           {HM(104, 30), HM(113, 30)}, {HM(128, 30), HM(137, 30)},
                                           {HM(152, 30), HM(161, 30)}};
    struct toc_layer layer = {TURNS("day", tz, 1, DAILY, "2023-10-02", HM(8, 30), two),
                              .hours = week, .hour_count = 7};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2023-10-28 00:00", "2023-10-30 00:00",
                  "2023-10-28 00:00 -\n"
                  "2023-10-28 07:30 ana\n"
                  "2023-10-28 16:30 -\n"
                  "2023-10-29 08:30 ben\n"
                  "2023-10-29 17:30 -\n");
    expect_shifts(&schedule, NULL, "2024-03-30 00:00", "2024-04-01 00:00",
                  "2024-03-30 00:00 -\n"
                  "2024-03-30 08:30 ana\n"
                  "2024-03-30 17:30 -\n"
                  "2024-03-31 07:30 ben\n"
                  "2024-03-31 16:30 -\n");
    toc_tz_free(tz);
}

static void oc_5247_there_is_no_gap_and_no_overlap_where_the_clocks_change(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("America/Chicago");
    struct toc_layer layer = {TURNS("week", tz, 1, WEEKLY, "2024-10-01", HM(9, 0), two)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2024-10-29 14:00", "2024-11-12 16:00",
                  "2024-10-29 14:00 ana\n"
                  "2024-11-05 15:00 ben\n"
                  "2024-11-12 15:00 ana\n");
    expect_shifts(&schedule, NULL, "2025-03-04 15:00", "2025-03-18 16:00",
                  "2025-03-04 15:00 ana\n"
                  "2025-03-11 14:00 ben\n"
                  "2025-03-18 14:00 ana\n");
    toc_tz_free(tz);
}

static void oc_5455_a_shift_across_the_change_lasts_until_the_next_begins(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("America/Los_Angeles");
    struct toc_layer layer = {TURNS("day", tz, 1, DAILY, "2025-03-01", HM(10, 0), two)};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2025-03-08 00:00", "2025-03-10 18:00",
                  "2025-03-08 00:00 ana\n"
                  "2025-03-08 18:00 ben\n"
                  "2025-03-09 17:00 ana\n"
                  "2025-03-10 17:00 ben\n");
    toc_tz_free(tz);
}

/* --- layers, hours, calendars ----------------------------------------------------------------- */

static void a_later_layer_wins_where_it_has_somebody(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("UTC");
    const struct toc_week_window nights[] = {{0, HM(9, 0)}, {HM(21, 0), HM(33, 0)}}; /* Mon, Tue */
    static const char *const dee[] = {"dee"};
    const struct toc_layer layers[] = {
        {TURNS("base", tz, 1, WEEKLY, "2026-01-05", 0, two)},
        {TURNS("nights", tz, 1, DAILY, "2026-01-05", 0, dee), .hours = nights, .hour_count = 2}};
    struct toc_schedule schedule = {"s", tz, layers, 2, NULL, 0, 0};
    struct toc_on_call who;
    expect_shifts(&schedule, NULL, "2026-01-05 00:00", "2026-01-13 00:00",
                  "2026-01-05 00:00 dee\n"
                  "2026-01-05 09:00 ana\n"
                  "2026-01-05 21:00 dee\n"
                  "2026-01-06 09:00 ana\n"
                  "2026-01-12 00:00 dee\n"
                  "2026-01-12 09:00 ben\n"
                  "2026-01-12 21:00 dee\n");
    toc_schedule_at(&schedule, NULL, at("2026-01-05 21:00"), &who);
    assert_int_equal(who.by, TOC_ON_CALL_LAYER);
    assert_string_equal(who.by_name, "nights");
    toc_schedule_at(&schedule, NULL, at("2026-01-04 21:00"), &who);
    assert_int_equal(who.by, TOC_ON_CALL_NOBODY);
    toc_tz_free(tz);
}

static void layers_of_several_zones_follow_the_sun(void **state)
{
    (void)state;
    static const char *const names[] = {"Asia/Singapore", "Europe/Dublin", "America/New_York"};
    static const char *const people[][1] = {{"sin"}, {"dub"}, {"nyc"}};
    struct toc_week_window days[7];
    struct toc_layer layers[3];
    for (int i = 0; i < 7; i++)
        days[i] = (struct toc_week_window){HM(i * 24 + 9, 0), HM(i * 24 + 17, 0)};
    for (int i = 0; i < 3; i++)
        layers[i] = (struct toc_layer){.name = people[i][0],
                                       .zone = zone(names[i]),
                                       .rotation = TOC_ROTATION_WEEKLY,
                                       .every = 1,
                                       .start_day = date("2026-01-05"),
                                       .people = people[i],
                                       .person_count = 1,
                                       .hours = days,
                                       .hour_count = 7};
    struct toc_schedule schedule = {"s", layers[1].zone, layers, 3, NULL, 0, 0};
    expect_shifts(&schedule, NULL, "2026-03-05 01:00", "2026-03-06 01:00",
                  "2026-03-05 01:00 sin\n"
                  "2026-03-05 09:00 dub\n"
                  "2026-03-05 14:00 nyc\n"
                  "2026-03-05 22:00 -\n");
    expect_shifts(&schedule, NULL, "2026-03-12 01:00", "2026-03-13 01:00", /* New York is ahead */
                  "2026-03-12 01:00 sin\n"
                  "2026-03-12 09:00 dub\n"
                  "2026-03-12 13:00 nyc\n"
                  "2026-03-12 21:00 -\n");
    for (int i = 0; i < 3; i++)
        toc_tz_free((struct toc_tz *)(uintptr_t)layers[i].zone);
}

static void a_layer_with_a_calendar_has_somebody_only_while_that_is_open(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("Europe/Dublin");
    struct toc_calendar *calendar;
    assert_int_equal(toc_calendar_new("office", tz, &calendar), TOC_OK);
    for (unsigned day = 0; day < 5; day++)
        assert_int_equal(toc_calendar_weekly(calendar, day, HM(9, 0), HM(17, 0)), TOC_OK);
    assert_int_equal(toc_calendar_holiday(calendar, date("2026-01-06")), TOC_OK);
    assert_int_equal(toc_calendar_finish(calendar), TOC_OK);
    struct toc_layer layer = {TURNS("base", tz, 1, DAILY, "2026-01-05", HM(12, 0), two),
                              .calendar = calendar};
    struct toc_schedule schedule = ALONE(layer, tz);
    expect_shifts(&schedule, NULL, "2026-01-05 00:00", "2026-01-08 00:00",
                  "2026-01-05 00:00 -\n"
                  "2026-01-05 12:00 ana\n"
                  "2026-01-05 17:00 -\n"
                  "2026-01-07 09:00 ben\n"
                  "2026-01-07 12:00 ana\n"
                  "2026-01-07 17:00 -\n");
    toc_calendar_free(calendar);
    toc_tz_free(tz);
}

/* --- temporary shifts, overrides, swaps ------------------------------------------------------- */

static void a_temporary_shift_stands_in_place_of_all_layers(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("UTC");
    const struct toc_temporary temporary[] = {
        {at("2026-12-24 00:00"), at("2026-12-27 00:00"), two, 2},
        {at("2026-12-25 00:00"), at("2026-12-26 00:00"), NULL, 0}};
    struct toc_layer layer = {.name = "base",
                              .zone = tz,
                              .rotation = TOC_ROTATION_WEEKLY,
                              .every = 1,
                              .start_day = date("2026-01-05"),
                              .at_ms = 0,
                              .people = three + 2,
                              .person_count = 1};
    struct toc_schedule schedule = {"s", tz, &layer, 1, temporary, 2, 0};
    expect_shifts(&schedule, NULL, "2026-12-23 00:00", "2026-12-28 00:00",
                  "2026-12-23 00:00 chi\n"
                  "2026-12-24 00:00 ana ben\n"
                  "2026-12-25 00:00 -\n"
                  "2026-12-26 00:00 ana ben\n"
                  "2026-12-27 00:00 chi\n");
    toc_tz_free(tz);
}

static void an_override_fills_a_gap_unless_it_is_for_somebody(void **state)
{
    (void)state;
    struct toc_schedule schedule = {"s", zone("UTC"), NULL, 0, NULL, 0, 0};
    const struct toc_override items[] = {
        {"o1", "ana", NULL, at("2026-01-05 10:00"), at("2026-01-05 12:00")},
        {"o2", "ben", "chi", at("2026-01-05 00:00"), at("2026-01-06 00:00")}};
    struct toc_overrides overrides = {items, 2};
    struct toc_on_call who;
    expect_shifts(&schedule, &overrides, "2026-01-05 00:00", "2026-01-06 00:00",
                  "2026-01-05 00:00 -\n"
                  "2026-01-05 10:00 ana\n"
                  "2026-01-05 12:00 -\n");
    toc_schedule_at(&schedule, &overrides, at("2026-01-05 11:00"), &who);
    assert_int_equal(who.by, TOC_ON_CALL_OVERRIDE);
    assert_string_equal(who.by_name, "o1");
    toc_tz_free((struct toc_tz *)(uintptr_t)schedule.zone);
}

static void two_overrides_are_a_swap_and_do_not_chain(void **state)
{
    (void)state;
    struct toc_tz *tz = zone("UTC");
    struct toc_layer layer = {TURNS("base", tz, 1, DAILY, "2026-01-05", 0, three)};
    struct toc_schedule schedule = ALONE(layer, tz);
    const struct toc_override items[] = {
        {"o1", "ana", "ben", at("2026-01-05 00:00"), at("2026-01-09 00:00")},
        {"o2", "ben", "ana", at("2026-01-05 00:00"), at("2026-01-09 00:00")}};
    struct toc_overrides overrides = {items, 2};
    expect_shifts(&schedule, &overrides, "2026-01-05 00:00", "2026-01-10 00:00",
                  "2026-01-05 00:00 ben\n"
                  "2026-01-06 00:00 ana\n"
                  "2026-01-07 00:00 chi\n"
                  "2026-01-08 00:00 ben\n");
    toc_tz_free(tz);
}

static void of_several_overrides_the_last_wins_and_nobody_is_there_twice(void **state)
{
    (void)state;
    struct toc_schedule schedule = {"s", zone("UTC"), NULL, 0, NULL, 1, 0};
    const struct toc_temporary both = {at("2026-01-05 00:00"), at("2026-01-06 00:00"), two, 2};
    const struct toc_override items[] = {
        {"o1", "chi", "", at("2026-01-05 06:00"), at("2026-01-05 12:00")},
        {"o2", "dee", "ana", at("2026-01-05 09:00"), at("2026-01-05 15:00")}};
    struct toc_overrides overrides = {items, 2};
    schedule.temporary = &both;
    expect_shifts(&schedule, &overrides, "2026-01-05 00:00", "2026-01-05 18:00",
                  "2026-01-05 00:00 ana ben\n"
                  "2026-01-05 06:00 chi\n"
                  "2026-01-05 09:00 dee chi\n"
                  "2026-01-05 12:00 dee ben\n"
                  "2026-01-05 15:00 ana ben\n");
    toc_tz_free((struct toc_tz *)(uintptr_t)schedule.zone);
}

/* --- the second implementation ---------------------------------------------------------------- */

/* A date that is counted on, day by day or month by month. */
struct date {
    int year;
    int month; /* 1..12 */
    int day;
};

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return lengths[month - 1] + (month == 2 && leap);
}

static void next_month(struct date *date)
{
    date->month++;
    if (date->month > 12) {
        date->month = 1;
        date->year++;
    }
}

static int64_t seconds_of(struct date date)
{
    struct tm tm = {.tm_year = date.year - 1900, .tm_mon = date.month - 1, .tm_mday = date.day};
    return timegm(&tm);
}

/* A layer whose hand-overs are walked through one by one. */
struct walker {
    const struct toc_layer *layer;
    struct date first;
    struct date month; /* MONTHLY: of the next hand-over */
    int64_t next;      /* wall seconds of the next hand-over */
    int64_t passed;    /* hand-overs so far */
};

static void walker_init(struct walker *walker, const struct toc_layer *layer)
{
    time_t start = (time_t)(layer->start_day * 86400);
    struct tm tm;
    assert_non_null(gmtime_r(&start, &tm));
    walker->layer = layer;
    walker->first = walker->month = (struct date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
    walker->next = start + layer->at_ms / 1000;
    walker->passed = 0;
}

static void hand_over(struct walker *walker)
{
    const struct toc_layer *layer = walker->layer;
    walker->passed++;
    switch (layer->rotation) {
    case TOC_ROTATION_HOURLY:
        walker->next += 3600 * (int64_t)layer->every;
        return;
    case TOC_ROTATION_DAILY:
        walker->next += 86400 * (int64_t)layer->every;
        return;
    case TOC_ROTATION_WEEKLY:
        walker->next += 7 * 86400 * (int64_t)layer->every;
        return;
    case TOC_ROTATION_MONTHLY:
        break;
    }
    for (unsigned i = 0; i < layer->every; i++)
        next_month(&walker->month);
    struct date date = walker->month;
    int length = month_length(date.year, date.month);
    date.day = walker->first.day < length ? walker->first.day : length;
    walker->next = seconds_of(date) + layer->at_ms / 1000;
}

/* `wall` is the highest that the clock has shown. */
static const char *walk(struct walker *walker, int64_t wall)
{
    const struct toc_layer *layer = walker->layer;
    time_t shown = (time_t)wall;
    struct tm tm;
    while (walker->next <= wall)
        hand_over(walker);
    if (walker->passed == 0)
        return NULL;
    assert_non_null(gmtime_r(&shown, &tm));
    toc_time_ms of_week = HM(((tm.tm_wday + 6) % 7) * 24 + tm.tm_hour, tm.tm_min);
    bool inside = layer->hour_count == 0;
    for (size_t i = 0; i < layer->hour_count; i++)
        inside =
            inside || (layer->hours[i].from_ms <= of_week && of_week < layer->hours[i].until_ms);
    return inside ? layer->people[(walker->passed - 1) % (int64_t)layer->person_count] : NULL;
}

/* The highest that the wall clock has shown, for every minute of a case and the days before it. */
typedef int64_t wall_clock[(BEFORE + DAYS) * 1440];

static void watch_clock(const char *zone_name, int64_t from, wall_clock walls)
{
    int64_t highest = INT64_MIN;
    struct tm tm;
    assert_int_equal(setenv("TZ", zone_name, 1), 0);
    tzset();
    for (size_t i = 0; i < (BEFORE + DAYS) * 1440; i++) {
        time_t t = (time_t)(from + ((int64_t)i - BEFORE * 1440) * 60);
        assert_non_null(localtime_r(&t, &tm));
        highest = t + tm.tm_gmtoff > highest ? t + tm.tm_gmtoff : highest;
        walls[i] = highest;
    }
}

/* Everything that one case is about. */
struct world {
    struct toc_layer layers[LAYERS];
    struct toc_week_window hours[LAYERS][2];
    struct toc_temporary temporary[EXTRA];
    struct toc_override overrides[EXTRA];
    struct toc_schedule schedule;
    struct toc_overrides over;
};

static const char *const crowd[] = {"ana", "ben", "chi", "dee", "eli", "flo"};

struct brute {
    const char *people[TOC_ON_CALL_MAX];
    size_t count;
};

static void join(struct brute *brute, const char *person)
{
    for (size_t i = 0; i < brute->count; i++)
        if (strcmp(brute->people[i], person) == 0)
            return;
    brute->people[brute->count++] = person;
}

static const char *replaced(const struct world *world, const char *person, toc_time_ms now)
{
    const char *answer = person;
    for (size_t i = 0; i < world->over.count; i++) {
        const struct toc_override *one = &world->overrides[i];
        bool fits = one->replaces[0] == '\0' || (person && strcmp(one->replaces, person) == 0);
        if (fits && now >= one->from_ms && now < one->until_ms)
            answer = one->person;
    }
    return answer;
}

static void brute_at(const struct world *world, struct walker *walkers, wall_clock *walls,
                     size_t minute, toc_time_ms now, struct brute *out)
{
    const struct toc_temporary *temporary = NULL;
    const char *person = NULL;
    out->count = 0;
    for (size_t i = 0; i < world->schedule.layer_count; i++) {
        const char *one = walk(&walkers[i], walls[i][minute]);
        person = one ? one : person;
    }
    for (size_t i = 0; i < world->schedule.temporary_count; i++)
        if (now >= world->temporary[i].from_ms && now < world->temporary[i].until_ms)
            temporary = &world->temporary[i];
    for (size_t i = 0; temporary && i < temporary->person_count; i++)
        join(out, replaced(world, temporary->people[i], now));
    if (temporary ? temporary->person_count > 0 : person != NULL) {
        if (!temporary)
            join(out, replaced(world, person, now));
        return;
    }
    person = replaced(world, NULL, now);
    if (person)
        join(out, person);
}

static bool is_same(const struct brute *brute, const struct toc_on_call *who)
{
    bool same = brute->count == who->count;
    for (size_t i = 0; same && i < brute->count; i++) {
        bool found = false;
        for (size_t k = 0; k < who->count; k++)
            found = found || strcmp(brute->people[i], who->people[k]) == 0;
        same = found;
    }
    return same;
}

/* Compares every minute from `from`, in seconds, on with the shifts, and that these are merged. */
static void walk_through(const struct world *world, int64_t from, int number)
{
    static wall_clock walls[LAYERS];
    struct walker walkers[LAYERS];
    toc_time_ms until_ms = (from + DAYS * 86400) * 1000;
    struct toc_shift shift = {.until_ms = from * 1000};
    struct toc_on_call last = {.count = 0};
    struct brute now;
    for (size_t i = 0; i < world->schedule.layer_count; i++) {
        walker_init(&walkers[i], &world->layers[i]);
        watch_clock(toc_tz_name(world->layers[i].zone), from, walls[i]);
    }
    for (size_t minute = BEFORE * 1440; minute < (BEFORE + DAYS) * 1440; minute++) {
        toc_time_ms now_ms = (from + ((int64_t)minute - BEFORE * 1440) * 60) * 1000;
        bool begins = now_ms >= shift.until_ms;
        if (begins) {
            last = shift.who;
            toc_schedule_shift(&world->schedule, &world->over, now_ms, until_ms, &shift);
        }
        brute_at(world, walkers, walls, minute, now_ms, &now);
        if (!is_same(&now, &shift.who))
            fail_msg("case %d at %lld: %s, expected %s", number, (long long)now_ms,
                     shift.who.count > 0 ? shift.who.people[0] : "nobody",
                     now.count > 0 ? now.people[0] : "nobody");
        if (begins && now_ms > from * 1000 && is_same(&now, &last))
            fail_msg("case %d at %lld: a shift that goes on", number, (long long)now_ms);
    }
}

static void draw_layer(uint64_t *state, struct world *world, size_t i, const struct toc_tz *tz,
                       int64_t day)
{
    struct toc_layer *layer = &world->layers[i];
    static const int64_t back[] = {3, 40, 400, 4000, 40000};
    int64_t first = day - draw_between(state, 0, back[draw(state) % 5]);
    *layer = (struct toc_layer){.name = "layer",
                                .zone = tz,
                                .rotation = (enum toc_rotation)(draw(state) % 4),
                                .every = (unsigned)draw_between(state, 1, 4),
                                .start_day = first > 1200 ? first : 1200,
                                .at_ms = draw_between(state, 0, 95) * 15 * TOC_MINUTE_MS,
                                .people = crowd + draw(state) % 3,
                                .person_count = (size_t)draw_between(state, 1, 3)};
    if (layer->rotation == TOC_ROTATION_MONTHLY && draw(state) % 2 == 0) /* on a 31st */
        layer->start_day =
            seconds_of((struct date){(int)(1970 + layer->start_day / 366), 1, 31}) / 86400;
    if (draw(state) % 2 == 0)
        layer->at_ms = draw_between(state, 0, 3) * TOC_HOUR_MS + 30 * TOC_MINUTE_MS;
    if (draw(state) % 2 == 0)
        return;
    toc_time_ms a = draw_between(state, 0, 300), b = a + draw_between(state, 1, 100);
    toc_time_ms c = b + draw_between(state, 1, 100), d = c + draw_between(state, 1, 171);
    world->hours[i][0] = (struct toc_week_window){a * 15 * TOC_MINUTE_MS, b * 15 * TOC_MINUTE_MS};
    world->hours[i][1] = (struct toc_week_window){c * 15 * TOC_MINUTE_MS, d * 15 * TOC_MINUTE_MS};
    layer->hours = world->hours[i];
    layer->hour_count = (size_t)draw_between(state, 1, 2);
}

static void draw_extras(uint64_t *state, struct world *world, toc_time_ms from)
{
    static const char *const replaces[] = {"", "ana", "ben", "chi", "dee"};
    for (size_t i = 0; i < EXTRA; i++) {
        toc_time_ms begin = from + draw_between(state, -1440, DAYS * 1440) * TOC_MINUTE_MS;
        world->temporary[i] =
            (struct toc_temporary){begin, begin + draw_between(state, 1, 1000) * TOC_MINUTE_MS,
                                   crowd + draw(state) % 3, draw(state) % 3};
        begin = from + draw_between(state, -1440, DAYS * 1440) * TOC_MINUTE_MS;
        world->overrides[i] =
            (struct toc_override){"o", crowd[draw(state) % 6], replaces[draw(state) % 5], begin,
                                  begin + draw_between(state, 1, 2000) * TOC_MINUTE_MS};
    }
}

static void it_agrees_minute_by_minute_with_counting(void **context)
{
    static const char *const names[] = {"UTC",
                                        "Europe/Berlin",
                                        "Europe/Dublin",
                                        "Europe/London",
                                        "America/New_York",
                                        "America/Chicago",
                                        "America/St_Johns",
                                        "America/Sao_Paulo",
                                        "America/Havana",
                                        "America/Santiago",
                                        "Asia/Kolkata",
                                        "Asia/Kathmandu",
                                        "Asia/Tehran",
                                        "Asia/Amman",
                                        "Asia/Gaza",
                                        "Africa/Casablanca",
                                        "Africa/Cairo",
                                        "Australia/Lord_Howe",
                                        "Australia/Sydney",
                                        "Pacific/Apia",
                                        "Pacific/Chatham",
                                        "Pacific/Kwajalein",
                                        "Pacific/Auckland",
                                        "Antarctica/Troll",
                                        "Atlantic/Azores",
                                        "America/Scoresbysund"};
    enum { ZONES = sizeof(names) / sizeof(names[0]) };
    struct toc_tz *zones[ZONES];
    uint64_t state = SEED;
    (void)context;
    for (size_t i = 0; i < ZONES; i++)
        zones[i] = zone(names[i]);
    for (int number = 0; number < CASES; number++) {
        struct world world = {.schedule = {.name = "s"}};
        const struct toc_tz *tz = zones[draw(&state) % ZONES];
        int64_t day = draw_between(&state, 1400, 84006); /* 1973-11 to 2199 */
        toc_time_ms change = toc_tz_next_change(tz, day * TOC_DAY_MS);
        if (number % 4 == 0)
            day =
                seconds_of((struct date){(int)(1970 + day / 366), number / 4 % 12 + 1, 1}) / 86400 -
                2;
        else if (change < 84006 * TOC_DAY_MS)
            day = change / TOC_DAY_MS - 2;
        for (size_t i = 0; i < LAYERS; i++)
            draw_layer(&state, &world, i,
                       i > 0 && draw(&state) % 3 == 0 ? zones[draw(&state) % ZONES] : tz, day);
        draw_extras(&state, &world, day * TOC_DAY_MS);
        world.schedule.zone = tz;
        world.schedule.layers = world.layers;
        world.schedule.layer_count = (size_t)draw_between(&state, 1, LAYERS);
        world.schedule.temporary = world.temporary;
        world.schedule.temporary_count = number % 3 == 0 ? EXTRA : 0;
        world.over = (struct toc_overrides){world.overrides, number % 2 == 0 ? EXTRA : 0};
        walk_through(&world, day * 86400, number);
    }
    for (size_t i = 0; i < ZONES; i++)
        toc_tz_free(zones[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_its_first_hand_over_a_layer_has_nobody),
        cmocka_unit_test(every_second_week_means_fourteen_days),
        cmocka_unit_test(monthly_on_the_31st_is_the_last_day_of_a_shorter_month_and_never_drifts),
        cmocka_unit_test(a_hand_over_that_the_clocks_jump_over_is_the_end_of_the_gap),
        cmocka_unit_test(a_hand_over_that_comes_twice_happens_at_the_first),
        cmocka_unit_test(an_hour_that_comes_twice_is_one_turn_and_one_that_is_left_out_is_none),
        cmocka_unit_test(a_date_that_never_was_has_no_shift_of_its_own),
        cmocka_unit_test(oc_3261_a_shift_keeps_its_wall_times_when_the_clocks_change),
        cmocka_unit_test(oc_5247_there_is_no_gap_and_no_overlap_where_the_clocks_change),
        cmocka_unit_test(oc_5455_a_shift_across_the_change_lasts_until_the_next_begins),
        cmocka_unit_test(a_later_layer_wins_where_it_has_somebody),
        cmocka_unit_test(layers_of_several_zones_follow_the_sun),
        cmocka_unit_test(a_layer_with_a_calendar_has_somebody_only_while_that_is_open),
        cmocka_unit_test(a_temporary_shift_stands_in_place_of_all_layers),
        cmocka_unit_test(an_override_fills_a_gap_unless_it_is_for_somebody),
        cmocka_unit_test(two_overrides_are_a_swap_and_do_not_chain),
        cmocka_unit_test(of_several_overrides_the_last_wins_and_nobody_is_there_twice),
        cmocka_unit_test(it_agrees_minute_by_minute_with_counting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
