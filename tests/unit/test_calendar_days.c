/*
 * Business days and months: the rules by example, and random starts in nasty zones against the C
 * library's own clock, minute by minute.
 */
#include "common/calendar_days.h"
#include "tests/unit/calendar_desk.h"

#include <time.h>

#define SEED UINT64_C(20110701)

static const struct toc_day_rule plain = {.cut_off_ms = -1};
static const struct toc_day_rule whole_days = {.cut_off_ms = -1, .end_of_day = true};
/* Boston's: what is opened from 17:00 on counts from half past eight of the next business day. */
static const struct toc_day_rule boston = {17 * HOUR, 8 * HOUR + 30 * MIN, false};

static toc_time_ms add_days(const struct desk *desk, toc_time_ms start, unsigned count,
                            const struct toc_day_rule *rule)
{
    toc_time_ms out = TOC_TIME_MIN;
    assert_int_equal(toc_calendar_add_business_days(desk->cal, start, count, rule, &out), TOC_OK);
    return out;
}

static toc_time_ms add_months(const struct desk *desk, toc_time_ms start, unsigned months,
                              const struct toc_day_rule *rule)
{
    toc_time_ms out = TOC_TIME_MIN;
    assert_int_equal(toc_calendar_add_months(desk->cal, start, months, rule, &out), TOC_OK);
    return out;
}

static bool is_business_day(const struct desk *desk, int year, unsigned month, unsigned day)
{
    return toc_calendar_is_business_day(desk->cal, toc_days_from_date(year, month, day));
}

/* --- Which days count ----------------------------------------------------------------------------
 */

static void a_business_day_has_some_window_open(void **state)
{
    struct desk desk = office_in("Europe/Berlin");
    int64_t monday = toc_days_from_date(2026, 6, 8);
    (void)state;
    assert_int_equal(toc_calendar_holiday(desk.cal, monday), TOC_OK);
    assert_int_equal(toc_calendar_annual_holiday(desk.cal, 6, 9), TOC_OK);
    assert_int_equal(toc_calendar_annual_holiday(desk.cal, 6, 10), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(desk.cal, monday + 2, 9 * HOUR, 10 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(desk.cal, monday + 3, 0, 0), TOC_OK);
    assert_int_equal(toc_calendar_break(desk.cal, monday + 4, 0, DAY), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(desk.cal, monday + 5, 0, 1), TOC_OK);
    finish(&desk);
    const bool open[] = {false, false, true, false, false, true, false, true};
    for (unsigned d = 0; d < 8; d++)
        assert_int_equal(is_business_day(&desk, 2026, 6, 8 + d), open[d]);
    leave(&desk);
}

static void a_date_that_the_zone_left_out_is_no_business_day(void **state)
{
    struct desk desk = office_in("Pacific/Apia"); /* no Friday, 2011-12-30 */
    (void)state;
    finish(&desk);
    assert_true(is_business_day(&desk, 2011, 12, 29));
    assert_false(is_business_day(&desk, 2011, 12, 30));
    assert_int_equal(add_days(&desk, wall(&desk, 2011, 12, 29, 10), 1, &plain),
                     wall(&desk, 2012, 1, 2, 10));
    leave(&desk);
    desk = desk_in("Africa/Cairo"); /* no first hour of 2026-04-24 */
    open_weekly(&desk, 0, 6, 0, 1);
    finish(&desk);
    assert_true(is_business_day(&desk, 2026, 4, 23));
    assert_false(is_business_day(&desk, 2026, 4, 24));
    assert_true(is_business_day(&desk, 2026, 4, 25));
    leave(&desk);
}

static void a_date_that_comes_twice_is_one_business_day(void **state)
{
    struct desk desk = desk_in("Pacific/Kwajalein"); /* crossed the date line in 1969 and 1993 */
    (void)state;
    open_weekly(&desk, 0, 6, 9, 17);
    finish(&desk);
    toc_time_ms start = wall(&desk, 1969, 9, 29, 12);
    assert_int_equal(add_days(&desk, start, 1, &plain), wall(&desk, 1969, 9, 30, 12));
    assert_int_equal(add_days(&desk, start, 2, &plain), wall(&desk, 1969, 10, 1, 12));
    leave(&desk);
}

/* --- N business days -----------------------------------------------------------------------------
 */

static void business_days_keep_the_time_of_day(void **state)
{
    struct desk desk = office_in("America/New_York");
    (void)state;
    assert_int_equal(toc_calendar_holiday(desk.cal, toc_days_from_date(2026, 7, 3)), TOC_OK);
    finish(&desk);
    toc_time_ms wednesday = wall(&desk, 2026, 7, 1, 16);
    assert_int_equal(add_days(&desk, wednesday, 0, &plain), wednesday);
    assert_int_equal(add_days(&desk, wednesday, 1, &plain), wednesday + DAY);
    assert_int_equal(add_days(&desk, wednesday, 2, &plain), wednesday + 5 * DAY);
    assert_int_equal(add_days(&desk, wednesday + 1, 2, &plain), wednesday + 5 * DAY + 1);
    assert_int_equal(add_days(&desk, wednesday - 10 * HOUR, 2, &plain),
                     wednesday + 5 * DAY - 10 * HOUR); /* six in the morning is kept as well */
    assert_int_equal(add_days(&desk, wednesday, 2, &whole_days), wall(&desk, 2026, 7, 7, 0));
    leave(&desk);
}

static void a_start_on_a_closed_day_moves_to_the_next_business_day(void **state)
{
    struct desk desk = office_in("America/New_York");
    (void)state;
    finish(&desk);
    toc_time_ms saturday = wall(&desk, 2011, 7, 2, 11), monday = saturday + 2 * DAY;
    assert_int_equal(add_days(&desk, saturday, 0, &plain), monday);
    assert_int_equal(add_days(&desk, saturday, 1, &plain), monday + DAY);
    assert_int_equal(add_days(&desk, saturday, 1, &whole_days), wall(&desk, 2011, 7, 6, 0));
    assert_int_equal(add_days(&desk, saturday, 5, &plain), monday + 7 * DAY);
    leave(&desk);
}

static void from_the_cut_off_on_a_start_counts_from_the_next_business_day(void **state)
{
    struct desk desk = office_in("America/New_York");
    (void)state;
    finish(&desk);
    toc_time_ms five = wall(&desk, 2011, 7, 1, 17); /* a Friday */
    toc_time_ms tuesday = wall(&desk, 2011, 7, 5, 8) + 30 * MIN;
    assert_int_equal(add_days(&desk, five - 1, 1, &boston), five - 1 + 3 * DAY);
    assert_int_equal(add_days(&desk, five, 1, &boston), tuesday);
    assert_int_equal(add_days(&desk, five + 6 * HOUR, 1, &boston), tuesday);
    assert_int_equal(add_days(&desk, five, 0, &boston), tuesday - DAY);
    assert_int_equal(add_days(&desk, five + DAY, 1, &boston), tuesday + DAY); /* a weekend's eve */
    leave(&desk);
}

static void a_due_in_a_gap_moves_forward_and_one_in_an_overlap_is_the_first(void **state)
{
    struct desk desk = desk_in("Europe/Berlin");
    (void)state;
    open_weekly(&desk, 0, 6, 0, 24);
    finish(&desk);
    toc_time_ms gap = at(2026, 3, 29, 1, 30); /* 03:30 CEST */
    assert_int_equal(add_days(&desk, at(2026, 3, 28, 1, 30), 1, &plain), gap);
    assert_int_equal(add_days(&desk, at(2026, 3, 28, 1, 30), 2, &plain), at(2026, 3, 30, 0, 30));
    toc_time_ms first = at(2026, 10, 25, 0, 30), second = first + HOUR; /* 02:30 twice */
    assert_int_equal(add_days(&desk, at(2026, 10, 24, 0, 30), 1, &plain), first);
    assert_int_equal(add_days(&desk, second, 1, &plain), at(2026, 10, 26, 1, 30));
    assert_int_equal(add_months(&desk, at(2026, 9, 25, 0, 30), 1, &plain), first);
    leave(&desk);
    desk = desk_in("Africa/Cairo");
    open_weekly(&desk, 0, 6, 0, 24);
    finish(&desk);
    toc_time_ms midnight = wall(&desk, 2026, 4, 24, 1); /* there is no 00:00 */
    assert_int_equal(add_days(&desk, midnight - 30 * HOUR, 1, &whole_days), midnight);
    leave(&desk);
}

/* --- Months --------------------------------------------------------------------------------------
 */

static void a_month_ends_on_the_same_day_number_or_the_last(void **state)
{
    static const struct {
        int year;
        unsigned month, day, months;
        int due_year;
        unsigned due_month, due_day;
    } rows[] = {
        {2026, 1, 15, 1, 2026, 2, 15},  {2026, 1, 31, 1, 2026, 2, 28},
        {2028, 1, 31, 1, 2028, 2, 29},  {2026, 1, 31, 2, 2026, 3, 31},
        {2026, 3, 31, 1, 2026, 4, 30},  {2026, 12, 31, 2, 2027, 2, 28},
        {2028, 2, 29, 12, 2029, 2, 28}, {2026, 12, 1, 1, 2027, 1, 1},
        {2026, 6, 8, 0, 2026, 6, 8},    {2026, 11, 30, 15, 2028, 2, 29},
    };
    struct desk desk = office_in("Europe/Dublin");
    (void)state;
    finish(&desk);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        toc_time_ms start = wall(&desk, rows[i].year, rows[i].month, rows[i].day, 22) + 7;
        toc_time_ms due = wall(&desk, rows[i].due_year, rows[i].due_month, rows[i].due_day, 22) + 7;
        assert_int_equal(add_months(&desk, start, rows[i].months, &plain), due);
    }
    leave(&desk);
}

static void a_legal_month_ends_with_its_last_hour_on_a_working_day(void **state)
{
    struct desk desk = office_in("Europe/Dublin"); /* 1182/71, article 3 */
    (void)state;
    assert_int_equal(toc_calendar_holiday(desk.cal, toc_days_from_date(2026, 10, 26)), TOC_OK);
    finish(&desk);
    toc_time_ms start = wall(&desk, 2026, 9, 24, 10); /* the 24th of October is a Saturday */
    assert_int_equal(add_months(&desk, start, 1, &whole_days), wall(&desk, 2026, 10, 28, 0));
    assert_int_equal(add_months(&desk, start, 2, &whole_days), wall(&desk, 2026, 11, 25, 0));
    assert_int_equal(add_months(&desk, start, 1, &plain), wall(&desk, 2026, 10, 24, 10));
    struct toc_day_rule rule = {9 * HOUR, 8 * HOUR, true}; /* a cut-off does not concern months */
    assert_int_equal(add_months(&desk, start, 2, &rule), wall(&desk, 2026, 11, 25, 0));
    leave(&desk);
}

/* --- Limits --------------------------------------------------------------------------------------
 */

static void zammad_2497_a_search_for_days_is_bounded(void **state)
{
    struct desk desk = desk_in("UTC");
    toc_time_ms out = 77, day = at(2026, 6, 8, 0, 0);
    (void)state;
    assert_int_equal(toc_calendar_date_hours(desk.cal, day / DAY, 9 * HOUR, 17 * HOUR), TOC_OK);
    finish(&desk);
    assert_int_equal(add_days(&desk, day - 9000 * DAY, 0, &plain), day);
    const struct toc_calendar *cal = desk.cal;
    assert_int_equal(toc_calendar_add_business_days(cal, day, 1, &plain, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add_business_days(cal, day + DAY, 0, &plain, &out),
                     TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add_business_days(cal, day + 18 * HOUR, 0, &boston, &out),
                     TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add_business_days(cal, day, UINT32_MAX, &plain, &out),
                     TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add_months(cal, day, 1, &whole_days, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add_months(cal, day, UINT32_MAX, &plain, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add_months(cal, at(2299, 12, 31, 0, 0), 1, &plain, &out),
                     TOC_ERR_LIMIT);
    const toc_time_ms outside[] = {TOC_TIME_MIN, TOC_TIME_NEVER, at(1799, 12, 31, 0, 0)};
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_int_equal(toc_calendar_add_business_days(cal, outside[i], 0, &plain, &out),
                         TOC_ERR_LIMIT);
        assert_int_equal(toc_calendar_add_months(cal, outside[i], 0, &plain, &out), TOC_ERR_LIMIT);
        assert_false(toc_calendar_is_business_day(cal, outside[i]));
    }
    assert_int_equal(out, 77);
    leave(&desk);
}

static void the_horizon_begins_and_ends_with_a_business_day(void **state)
{
    struct desk east = desk_in("Pacific/Kiritimati"), west = desk_in("Pacific/Pago_Pago");
    (void)state;
    open_weekly(&east, 0, 6, 0, 24);
    open_weekly(&west, 0, 6, 0, 24);
    finish(&east);
    finish(&west);
    for (unsigned day = 2; day <= 3; day++) {
        assert_true(is_business_day(&east, 1800, 1, day));
        assert_true(is_business_day(&west, 2299, 12, 28 + day));
    }
    assert_false(is_business_day(&east, 1799, 12, 31));
    assert_false(is_business_day(&west, 2300, 1, 1));
    leave(&east);
    leave(&west);
}

/* --- The C library's clock -----------------------------------------------------------------------
 */

#define WATCH_DAYS 40

/* Every minute around a date, as localtime shows it. */
struct watch {
    toc_time_ms from;
    toc_time_ms wall[WATCH_DAYS * 1440];
};

static void fill_watch(struct watch *watch, const char *zone, toc_time_ms from)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    watch->from = from;
    for (int i = 0; i < WATCH_DAYS * 1440; i++) {
        time_t seconds = (time_t)((from + i * MIN) / 1000);
        struct tm tm;
        assert_non_null(localtime_r(&seconds, &tm));
        watch->wall[i] = at(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday,
                            tm.tm_hour, tm.tm_min);
    }
}

/* A window per weekday, in minutes; empty: closed. */
struct week {
    int from[7], until[7];
};

static bool watch_is_business_day(const struct watch *watch, const struct week *week, int64_t day)
{
    unsigned weekday = toc_weekday(day);
    for (int i = 0; i < WATCH_DAYS * 1440; i++) {
        toc_time_ms minute = (watch->wall[i] - day * DAY) / MIN;
        if (watch->wall[i] >= day * DAY && minute >= week->from[weekday] &&
            minute < week->until[weekday])
            return true;
    }
    return false;
}

static toc_time_ms watch_resolve(const struct watch *watch, toc_time_ms wall_ms)
{
    for (int i = 0; i < WATCH_DAYS * 1440; i++)
        if (watch->wall[i] == wall_ms)
            return watch->from + i * MIN;
    for (int i = 1; i < WATCH_DAYS * 1440; i++) /* a gap: by the clock as it was before */
        if (watch->wall[i - 1] < wall_ms && watch->wall[i] > wall_ms)
            return watch->from + (i - 1) * MIN + (wall_ms - watch->wall[i - 1]);
    fail_msg("the watch does not reach that far");
    return 0;
}

static toc_time_ms watch_add(const struct watch *watch, const struct week *week, int start,
                             unsigned count, const struct toc_day_rule *rule)
{
    int64_t day = watch->wall[start] / DAY;
    toc_time_ms time = watch->wall[start] % DAY;
    while (!watch_is_business_day(watch, week, day))
        day++;
    if (rule->cut_off_ms >= 0 && time >= rule->cut_off_ms) {
        time = rule->next_start_ms;
        count++;
    }
    for (; count > 0; count--)
        do
            day++;
        while (!watch_is_business_day(watch, week, day));
    return watch_resolve(watch, day * DAY + (rule->end_of_day ? DAY : time));
}

static void random_weeks_agree_with_the_clock_of_the_c_library(void **state)
{
    static const struct {
        const char *zone;
        int year;
        unsigned month, day;
    } rows[] = {
        {"America/New_York", 2026, 3, 8},    {"Europe/Berlin", 2026, 10, 25},
        {"Australia/Lord_Howe", 2026, 4, 5}, {"Africa/Cairo", 2026, 4, 24},
        {"America/Havana", 2026, 11, 1},     {"America/St_Johns", 2005, 10, 30},
        {"Pacific/Apia", 2011, 12, 30},      {"Asia/Kolkata", 2026, 6, 8},
        {"Antarctica/Troll", 2026, 3, 29},   {"America/Santiago", 2026, 9, 6},
    };
    static struct watch watch;
    (void)state;
    for (size_t n = 0; n < sizeof(rows) / sizeof(rows[0]); n++) {
        uint64_t seed = SEED + n;
        toc_time_ms around = at(rows[n].year, rows[n].month, rows[n].day, 0, 0);
        fill_watch(&watch, rows[n].zone, around - 10 * DAY);
        for (int round = 0; round < 12; round++) {
            struct desk desk = desk_in(rows[n].zone);
            struct week week = {{0}, {0}};
            for (unsigned w = 0; w < 7; w++) {
                if (w > 0 && draw(&seed) % 3 == 0)
                    continue;
                week.from[w] = (int)draw_between(&seed, 0, round % 2 ? 120 : 1000);
                week.until[w] = week.from[w] + (int)draw_between(&seed, 1, round % 2 ? 60 : 400);
                assert_int_equal(
                    toc_calendar_weekly(desk.cal, w, week.from[w] * MIN, week.until[w] * MIN),
                    TOC_OK);
            }
            finish(&desk);
            for (int64_t day = around / DAY - 5; day <= around / DAY + 5; day++)
                assert_int_equal(toc_calendar_is_business_day(desk.cal, day),
                                 watch_is_business_day(&watch, &week, day));
            for (int i = 0; i < 12; i++) {
                int start = (int)draw_between(&seed, 6 * 1440, 12 * 1440);
                unsigned count = (unsigned)draw_between(&seed, 0, 3);
                struct toc_day_rule rule = {draw(&seed) % 2 ? -1 : (int)(draw(&seed) % 1440) * MIN,
                                            (int)(draw(&seed) % 1440) * MIN, draw(&seed) % 4 == 0};
                assert_int_equal(add_days(&desk, watch.from + start * MIN, count, &rule),
                                 watch_add(&watch, &week, start, count, &rule));
            }
            leave(&desk);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_business_day_has_some_window_open),
        cmocka_unit_test(a_date_that_the_zone_left_out_is_no_business_day),
        cmocka_unit_test(a_date_that_comes_twice_is_one_business_day),
        cmocka_unit_test(business_days_keep_the_time_of_day),
        cmocka_unit_test(a_start_on_a_closed_day_moves_to_the_next_business_day),
        cmocka_unit_test(from_the_cut_off_on_a_start_counts_from_the_next_business_day),
        cmocka_unit_test(a_due_in_a_gap_moves_forward_and_one_in_an_overlap_is_the_first),
        cmocka_unit_test(a_month_ends_on_the_same_day_number_or_the_last),
        cmocka_unit_test(a_legal_month_ends_with_its_last_hour_on_a_working_day),
        cmocka_unit_test(zammad_2497_a_search_for_days_is_bounded),
        cmocka_unit_test(the_horizon_begins_and_ends_with_a_business_day),
        cmocka_unit_test(random_weeks_agree_with_the_clock_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
