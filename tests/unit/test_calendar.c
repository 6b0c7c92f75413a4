/*
 * Working time: the facts that other systems got wrong (with the number of the report), and random
 * calendars in nasty zones against a model that looks at every minute.
 */
#include "tests/unit/calendar_desk.h"

#include <stdio.h>

#define SEED UINT64_C(20261025)

static toc_time_ms add(const struct desk *desk, toc_time_ms start, toc_time_ms amount)
{
    toc_time_ms out = TOC_TIME_MIN;
    assert_int_equal(toc_calendar_add(desk->cal, start, amount, &out), TOC_OK);
    return out;
}

static toc_time_ms sub(const struct desk *desk, toc_time_ms start, toc_time_ms amount)
{
    toc_time_ms out = TOC_TIME_NEVER;
    assert_int_equal(toc_calendar_sub(desk->cal, start, amount, &out), TOC_OK);
    return out;
}

static toc_time_ms between(const struct desk *desk, toc_time_ms from, toc_time_ms until)
{
    return toc_calendar_between(desk->cal, from, until);
}

/* Working time of a wall date: from its midnight to the next. */
static toc_time_ms on_date(const struct desk *desk, int year, unsigned month, unsigned day)
{
    return between(desk, wall(desk, year, month, day, 0), wall(desk, year, month, day + 1, 0));
}

static void assert_interval_after(const struct desk *desk, toc_time_ms instant, toc_time_ms from,
                                  toc_time_ms until)
{
    struct toc_interval interval = {0};
    assert_int_equal(toc_calendar_interval_after(desk->cal, instant, &interval), TOC_OK);
    assert_int_equal(interval.from_ms, from);
    assert_int_equal(interval.until_ms, until);
}

static void assert_interval_before(const struct desk *desk, toc_time_ms instant, toc_time_ms from,
                                   toc_time_ms until)
{
    struct toc_interval interval = {0};
    assert_int_equal(toc_calendar_interval_before(desk->cal, instant, &interval), TOC_OK);
    assert_int_equal(interval.from_ms, from);
    assert_int_equal(interval.until_ms, until);
}

/* --- Clock changes -------------------------------------------------------------------------------
 */

static void a_new_york_night_has_seven_hours_in_march_and_nine_in_october(void **state)
{
    struct desk desk = desk_in("America/New_York");
    (void)state;
    open_weekly(&desk, 0, 6, 22, 24);
    open_weekly(&desk, 0, 6, 0, 6);
    finish(&desk);
    const struct {
        unsigned month, day, next_month, next_day;
        int hours;
    } nights[] = {{3, 6, 3, 7, 8}, {3, 7, 3, 8, 7}, {3, 8, 3, 9, 8}, {10, 31, 11, 1, 9}};
    for (size_t i = 0; i < sizeof(nights) / sizeof(nights[0]); i++) {
        toc_time_ms dusk = wall(&desk, 2026, nights[i].month, nights[i].day, 22);
        toc_time_ms dawn = wall(&desk, 2026, nights[i].next_month, nights[i].next_day, 6);
        assert_int_equal(between(&desk, dusk, dawn), nights[i].hours * HOUR);
        assert_int_equal(add(&desk, dusk, nights[i].hours * HOUR), dawn);
        assert_int_equal(sub(&desk, dawn, nights[i].hours * HOUR), dusk);
        assert_interval_after(&desk, dusk + 1, dusk, dawn); /* one interval, not two halves */
        assert_interval_before(&desk, dawn + HOUR, dusk, dawn);
    }
    leave(&desk);
}

static void a_day_has_as_many_hours_as_pass(void **state)
{
    static const struct {
        const char *zone;
        unsigned month, day;
        int minutes;
    } rows[] = {
        {"Europe/Berlin", 3, 29, 23 * 60},
        {"Europe/Berlin", 10, 25, 25 * 60},
        {"Europe/Berlin", 3, 28, 24 * 60},
        {"Australia/Lord_Howe", 4, 5, 24 * 60 + 30},
        {"Australia/Lord_Howe", 10, 4, 23 * 60 + 30},
        {"Europe/Dublin", 3, 29, 23 * 60},
        {"Europe/Dublin", 10, 25, 25 * 60},
        {"Antarctica/Troll", 3, 29, 22 * 60},
        {"Africa/Cairo", 4, 24, 23 * 60},
        {"Asia/Beirut", 3, 29, 23 * 60},
        {"America/Santiago", 9, 6, 23 * 60},
        {"America/Havana", 3, 8, 23 * 60},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk desk = desk_in(rows[i].zone);
        unsigned weekday = toc_weekday(toc_days_from_date(2026, rows[i].month, rows[i].day));
        open_weekly(&desk, weekday, weekday, 0, 24); /* that weekday only, midnight to midnight */
        finish(&desk);
        toc_time_ms noon = wall(&desk, 2026, rows[i].month, rows[i].day, 12);
        assert_int_equal(between(&desk, noon - 2 * DAY, noon + 2 * DAY), rows[i].minutes * MIN);
        assert_int_equal(on_date(&desk, 2026, rows[i].month, rows[i].day), rows[i].minutes * MIN);
        leave(&desk);
    }
}

static void where_there_is_no_midnight_work_starts_at_one(void **state)
{
    static const struct {
        const char *zone;
        unsigned month, day;
    } rows[] = {{"Africa/Cairo", 4, 24},
                {"Asia/Beirut", 3, 29},
                {"America/Santiago", 9, 6},
                {"America/Havana", 3, 8}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk desk = desk_in(rows[i].zone);
        open_weekly(&desk, 0, 6, 0, 2);
        finish(&desk);
        toc_time_ms one = wall(&desk, 2026, rows[i].month, rows[i].day, 1);
        assert_int_equal(wall(&desk, 2026, rows[i].month, rows[i].day, 0), one);
        assert_interval_after(&desk, one - 12 * HOUR, one, one + HOUR);
        assert_int_equal(add(&desk, one - 12 * HOUR, 0), one);
        assert_int_equal(add(&desk, one - HOUR, 90 * MIN), one + 23 * HOUR + 30 * MIN);
        leave(&desk);
    }
}

static void a_window_in_a_repeated_hour_is_open_twice_and_one_in_a_gap_not_at_all(void **state)
{
    struct desk desk = desk_in("America/New_York");
    (void)state;
    assert_int_equal(toc_calendar_weekly(desk.cal, 6, 90 * MIN, 105 * MIN), TOC_OK);
    assert_int_equal(toc_calendar_weekly(desk.cal, 6, 2 * HOUR, 3 * HOUR), TOC_OK);
    finish(&desk);
    toc_time_ms first = at(2026, 11, 1, 5, 30); /* 01:30 twice: at 05:30 and at 06:30 UTC */
    assert_int_equal(on_date(&desk, 2026, 11, 1), 90 * MIN);
    assert_interval_after(&desk, first - HOUR, first, first + 15 * MIN);
    assert_interval_after(&desk, first + 15 * MIN, first + HOUR, first + 75 * MIN);
    assert_interval_after(&desk, first + 75 * MIN, first + 90 * MIN, first + 150 * MIN);
    assert_true(toc_calendar_is_open(desk.cal, first + HOUR));
    assert_false(toc_calendar_is_open(desk.cal, first + 20 * MIN));
    assert_int_equal(on_date(&desk, 2026, 3, 8), 15 * MIN); /* nothing of 02:00 to 03:00 */
    assert_false(toc_calendar_is_open(desk.cal, at(2026, 3, 8, 7, 0)));
    leave(&desk);
}

static void a_whole_repeated_hour_is_one_interval_of_two_hours(void **state)
{
    struct desk desk = desk_in("Europe/Berlin");
    (void)state;
    open_weekly(&desk, 6, 6, 2, 3);
    finish(&desk);
    assert_interval_after(&desk, at(2026, 10, 24, 0, 0), at(2026, 10, 25, 0, 0),
                          at(2026, 10, 25, 2, 0));
    assert_interval_after(&desk, at(2026, 3, 25, 0, 0), at(2026, 4, 5, 0, 0),
                          at(2026, 4, 5, 1, 0)); /* there was no 02:00 on the 29th of March */
    leave(&desk);
}

static void the_clock_may_go_back_into_the_day_before(void **state)
{
    struct desk desk = desk_in("America/St_Johns"); /* 2005-10-30 00:01 became 2005-10-29 23:01 */
    (void)state;
    open_weekly(&desk, 5, 5, 23, 24); /* Saturdays from eleven to midnight */
    finish(&desk);
    toc_time_ms eleven = at(2005, 10, 30, 1, 30);
    assert_interval_after(&desk, eleven - HOUR, eleven, eleven + HOUR);
    assert_false(toc_calendar_is_open(desk.cal, eleven + HOUR)); /* Sunday for a minute */
    assert_interval_after(&desk, eleven + HOUR, eleven + 61 * MIN, eleven + 120 * MIN);
    assert_int_equal(between(&desk, eleven - DAY, eleven + DAY), 119 * MIN);
    leave(&desk);
}

static void a_date_that_was_left_out_has_no_working_time(void **state)
{
    struct desk desk = office_in("Pacific/Apia"); /* no Friday, 2011-12-30 */
    (void)state;
    finish(&desk);
    toc_time_ms thursday = wall(&desk, 2011, 12, 29, 17);
    toc_time_ms monday = wall(&desk, 2012, 1, 2, 9);
    assert_int_equal(between(&desk, thursday, monday), 0);
    assert_int_equal(add(&desk, thursday - HOUR, 2 * HOUR), monday + HOUR);
    assert_int_equal(monday - thursday, 64 * HOUR); /* a day less than the calendar says */
    leave(&desk);
}

static void dublin_opens_at_nine_in_summer_and_in_winter(void **state)
{
    struct desk desk = office_in("Europe/Dublin");
    (void)state;
    finish(&desk);
    assert_int_equal(add(&desk, at(2026, 7, 15, 0, 0), 0), at(2026, 7, 15, 8, 0));
    assert_int_equal(add(&desk, at(2026, 1, 15, 0, 0), 0), at(2026, 1, 15, 9, 0));
    leave(&desk);
}

static void dbt_zendesk_25_offsets_are_those_of_the_date_not_of_today(void **state)
{
    struct desk desk = office_in("America/New_York");
    (void)state;
    finish(&desk);
    toc_time_ms winter = at(2026, 3, 6, 21, 0); /* Friday 16:00 EST */
    toc_time_ms summer = at(2026, 3, 9, 14, 0); /* Monday 10:00 EDT */
    assert_int_equal(add(&desk, winter, 2 * HOUR), summer);
    assert_int_equal(between(&desk, winter, summer), 2 * HOUR);
    assert_int_equal(sub(&desk, summer, 2 * HOUR), winter);
    assert_int_equal(on_date(&desk, 1999, 7, 1), 8 * HOUR);
    assert_true(toc_calendar_is_open(desk.cal, at(1999, 7, 1, 13, 0)));
    assert_false(toc_calendar_is_open(desk.cal, at(1999, 1, 4, 13, 59)));
    leave(&desk);
}

/* --- Windows -------------------------------------------------------------------------------------
 */

static void zammad_3180_a_day_may_end_at_24_00_and_loses_no_minute(void **state)
{
    struct desk desk = desk_in("Europe/Berlin");
    (void)state;
    open_weekly(&desk, 0, 6, 0, 24);
    finish(&desk);
    toc_time_ms start = at(2026, 1, 1, 12, 34) + 567;
    assert_int_equal(between(&desk, start, start + 365 * DAY), 365 * DAY);
    assert_int_equal(add(&desk, start, 1000 * HOUR + 1), start + 1000 * HOUR + 1);
    assert_int_equal(sub(&desk, start, 1000 * HOUR + 1), start - 1000 * HOUR - 1);
    assert_int_equal(add(&desk, start, 0), start);
    assert_int_equal(sub(&desk, start, 0), start);
    assert_interval_after(&desk, start, TOC_TIME_MIN, TOC_TIME_NEVER);
    assert_interval_before(&desk, start, TOC_TIME_MIN, TOC_TIME_NEVER);
    leave(&desk);

    desk = desk_in("Europe/Berlin");
    for (unsigned w = 0; w < 7; w++)
        assert_int_equal(toc_calendar_weekly(desk.cal, w, 0, 24 * HOUR - MIN), TOC_OK);
    finish(&desk);
    assert_int_equal(between(&desk, start, start + 365 * DAY), 365 * (DAY - MIN));
    leave(&desk);
}

static void one_holiday_ends_an_interval_that_lasts_for_years(void **state)
{
    struct desk desk = desk_in("UTC");
    (void)state;
    open_weekly(&desk, 0, 6, 0, 24);
    assert_int_equal(toc_calendar_holiday(desk.cal, toc_days_from_date(2050, 6, 1)), TOC_OK);
    finish(&desk);
    assert_interval_after(&desk, at(2026, 1, 1, 0, 0), TOC_TIME_MIN, at(2050, 6, 1, 0, 0));
    assert_interval_after(&desk, at(2050, 6, 1, 5, 0), at(2050, 6, 2, 0, 0), TOC_TIME_NEVER);
    assert_interval_before(&desk, at(2050, 6, 1, 5, 0), TOC_TIME_MIN, at(2050, 6, 1, 0, 0));
    leave(&desk);
}

static void chatwoot_14009_a_day_may_have_as_many_windows_as_it_likes(void **state)
{
    struct desk desk = desk_in("Europe/Berlin");
    (void)state;
    for (int i = 0; i < 720; i++) /* every other minute of Wednesdays, given last to first */
        assert_int_equal(
            toc_calendar_weekly(desk.cal, 2, (1438 - 2 * i) * MIN, (1439 - 2 * i) * MIN), TOC_OK);
    finish(&desk);
    toc_time_ms start = wall(&desk, 2026, 6, 10, 0);
    assert_int_equal(on_date(&desk, 2026, 6, 10), 720 * MIN);
    assert_int_equal(on_date(&desk, 2026, 6, 11), 0);
    assert_int_equal(add(&desk, start, 700 * MIN), start + 1399 * MIN);
    assert_int_equal(add(&desk, start, 700 * MIN + 1), start + 1400 * MIN + 1);
    assert_int_equal(sub(&desk, start + 1399 * MIN, 700 * MIN), start);
    for (int minute = 0; minute < 1440; minute++)
        assert_int_equal(toc_calendar_is_open(desk.cal, start + minute * MIN), minute % 2 == 0);
    leave(&desk);
}

static void helpdesk_2212_a_lunch_break_is_two_windows(void **state)
{
    struct desk desk = desk_in("Asia/Kolkata");
    (void)state;
    open_weekly(&desk, 0, 4, 14, 18);
    open_weekly(&desk, 0, 4, 9, 13);
    finish(&desk);
    toc_time_ms noon = wall(&desk, 2026, 6, 10, 12);
    assert_int_equal(add(&desk, noon, HOUR), noon + HOUR);
    assert_int_equal(add(&desk, noon, HOUR + 1), noon + 2 * HOUR + 1);
    assert_int_equal(between(&desk, noon, noon + 4 * HOUR), 3 * HOUR);
    assert_interval_after(&desk, noon + HOUR, noon + 2 * HOUR, noon + 6 * HOUR);
    assert_interval_before(&desk, noon + 2 * HOUR, noon - 3 * HOUR, noon + HOUR);
    leave(&desk);
}

static void windows_that_touch_or_overlap_are_one(void **state)
{
    struct desk desk = desk_in("UTC");
    (void)state;
    open_weekly(&desk, 0, 0, 9, 12);
    open_weekly(&desk, 0, 0, 11, 14);
    open_weekly(&desk, 0, 0, 10, 11);
    open_weekly(&desk, 0, 0, 14, 24);
    open_weekly(&desk, 0, 0, 14, 24); /* the same again */
    open_weekly(&desk, 1, 1, 0, 3);
    finish(&desk);
    assert_interval_after(&desk, at(2026, 6, 8, 0, 0), at(2026, 6, 8, 9, 0), at(2026, 6, 9, 3, 0));
    assert_int_equal(between(&desk, at(2026, 6, 8, 0, 0), at(2026, 6, 15, 0, 0)), 18 * HOUR);
    leave(&desk);
}

/* --- Days with rules of their own
 * ----------------------------------------------------------------- */

static void holidays_beat_date_hours_and_those_beat_annual_holidays(void **state)
{
    struct desk desk = office_in("Europe/Berlin");
    struct toc_calendar *cal = desk.cal;
    (void)state;
    assert_int_equal(toc_calendar_annual_holiday(cal, 12, 24), TOC_OK);
    assert_int_equal(toc_calendar_annual_holiday(cal, 12, 25), TOC_OK);
    int64_t eve = toc_days_from_date(2026, 12, 24); /* a Thursday */
    assert_int_equal(toc_calendar_date_hours(cal, eve, 9 * HOUR, 12 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(cal, eve, 14 * HOUR, 15 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(cal, eve + 4, 9 * HOUR, 12 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_holiday(cal, eve + 4), TOC_OK);
    assert_int_equal(toc_calendar_holiday(cal, eve + 4), TOC_OK); /* listed twice */
    assert_int_equal(toc_calendar_date_hours(cal, eve + 2, 10 * HOUR, 11 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(cal, eve + 5, 0, 0), TOC_OK);
    finish(&desk);
    assert_int_equal(on_date(&desk, 2026, 12, 23), 8 * HOUR);
    assert_int_equal(on_date(&desk, 2026, 12, 24), 4 * HOUR); /* date hours beat the annual one */
    assert_int_equal(on_date(&desk, 2026, 12, 25), 0);
    assert_int_equal(on_date(&desk, 2026, 12, 26), HOUR); /* an extra shift on a Saturday */
    assert_int_equal(on_date(&desk, 2026, 12, 28), 0);    /* the holiday beats date hours */
    assert_int_equal(on_date(&desk, 2026, 12, 29), 0);    /* closed by date hours */
    assert_int_equal(on_date(&desk, 2026, 12, 30), 8 * HOUR);
    assert_int_equal(on_date(&desk, 2025, 12, 24), 0);
    assert_int_equal(on_date(&desk, 2099, 12, 25), 0);
    toc_time_ms start = wall(&desk, 2026, 12, 24, 11);
    assert_int_equal(add(&desk, start, 4 * HOUR), wall(&desk, 2026, 12, 30, 10));
    assert_int_equal(sub(&desk, wall(&desk, 2026, 12, 30, 10), 4 * HOUR), start);
    leave(&desk);
}

static void breaks_cut_whatever_is_open_and_open_nothing(void **state)
{
    struct desk desk = office_in("UTC");
    int64_t monday = toc_days_from_date(2026, 6, 8);
    (void)state;
    const struct {
        int day;
        int from, until;
    } breaks[] = {{0, 16, 20}, {0, 12, 13}, {0, 12, 13}, {0, 5, 10}, {1, 0, 24},
                  {2, 9, 17},  {3, 10, 11}, {5, 9, 17},  {6, 9, 10}};
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
        assert_int_equal(toc_calendar_break(desk.cal, monday + breaks[i].day, breaks[i].from * HOUR,
                                            breaks[i].until * HOUR),
                         TOC_OK);
    assert_int_equal(toc_calendar_date_hours(desk.cal, monday + 3, 6 * HOUR, 12 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_holiday(desk.cal, monday + 4), TOC_OK);
    assert_int_equal(toc_calendar_break(desk.cal, monday + 4, 10 * HOUR, 11 * HOUR), TOC_OK);
    finish(&desk);
    const int hours[7] = {5, 0, 0, 5, 0, 0, 0};
    for (unsigned d = 0; d < 7; d++)
        assert_int_equal(on_date(&desk, 2026, 6, 8 + d), hours[d] * HOUR);
    assert_interval_after(&desk, at(2026, 6, 8, 0, 0), at(2026, 6, 8, 10, 0),
                          at(2026, 6, 8, 12, 0));
    assert_interval_after(&desk, at(2026, 6, 8, 12, 0), at(2026, 6, 8, 13, 0),
                          at(2026, 6, 8, 16, 0));
    assert_interval_after(&desk, at(2026, 6, 8, 16, 0), at(2026, 6, 11, 6, 0),
                          at(2026, 6, 11, 10, 0));
    leave(&desk);
}

static void the_29th_of_february_is_a_holiday_in_leap_years_only(void **state)
{
    struct desk desk = desk_in("UTC");
    (void)state;
    open_weekly(&desk, 0, 6, 0, 24);
    assert_int_equal(toc_calendar_annual_holiday(desk.cal, 2, 29), TOC_OK);
    finish(&desk);
    for (int year = 1801; year < 2299; year++) {
        toc_time_ms february = toc_days_in_month(year, 2) * DAY;
        assert_int_equal(between(&desk, at(year, 2, 1, 0, 0), at(year, 3, 1, 0, 0)), 28 * DAY);
        assert_int_equal(between(&desk, at(year, 1, 1, 0, 0), at(year + 1, 1, 1, 0, 0)), 365 * DAY);
        assert_int_equal(at(year, 3, 1, 0, 0) - at(year, 2, 1, 0, 0), february);
    }
    leave(&desk);
}

/* --- Adding, subtracting, limits
 * ------------------------------------------------------------------ */

static void nothing_added_snaps_to_the_first_open_instant(void **state)
{
    struct desk desk = office_in("UTC");
    (void)state;
    finish(&desk);
    toc_time_ms friday = at(2026, 6, 12, 9, 0), monday = at(2026, 6, 15, 9, 0);
    assert_int_equal(add(&desk, friday - 1, 0), friday);
    assert_int_equal(add(&desk, friday, 0), friday);
    assert_int_equal(add(&desk, friday + 8 * HOUR - 1, 0), friday + 8 * HOUR - 1);
    assert_int_equal(add(&desk, friday + 8 * HOUR, 0), monday); /* closing is closed */
    assert_int_equal(add(&desk, friday + 2 * DAY, 0), monday);
    /* and the mirror image */
    assert_int_equal(sub(&desk, monday + 1, 0), monday + 1);
    assert_int_equal(sub(&desk, monday, 0), friday + 8 * HOUR);
    assert_int_equal(sub(&desk, friday + 2 * DAY, 0), friday + 8 * HOUR);
    assert_int_equal(sub(&desk, friday + 8 * HOUR, 0), friday + 8 * HOUR);
    leave(&desk);
}

static void an_amount_used_up_at_closing_is_the_closing_instant(void **state)
{
    struct desk desk = office_in("UTC");
    (void)state;
    finish(&desk);
    toc_time_ms friday = at(2026, 6, 12, 9, 0), monday = at(2026, 6, 15, 9, 0);
    assert_int_equal(add(&desk, friday, 8 * HOUR), friday + 8 * HOUR);
    assert_int_equal(add(&desk, friday, 8 * HOUR + 1), monday + 1);
    assert_int_equal(add(&desk, friday, 8 * HOUR - 1), friday + 8 * HOUR - 1);
    assert_int_equal(add(&desk, friday + DAY, 40 * HOUR), friday + 7 * DAY + 8 * HOUR);
    assert_int_equal(sub(&desk, friday + 8 * HOUR, 8 * HOUR), friday);
    assert_int_equal(sub(&desk, monday + 1, 8 * HOUR + 1), friday);
    assert_int_equal(sub(&desk, monday + 1, 8 * HOUR), friday + 1);
    assert_int_equal(sub(&desk, friday + 2 * DAY, 8 * HOUR), friday);
    assert_int_equal(sub(&desk, friday, 8 * HOUR), friday - DAY);
    leave(&desk);
}

static void between_counts_the_start_and_not_the_end(void **state)
{
    struct desk desk = office_in("UTC");
    (void)state;
    finish(&desk);
    toc_time_ms nine = at(2026, 6, 12, 9, 0);
    assert_int_equal(between(&desk, nine - 1, nine), 0);
    assert_int_equal(between(&desk, nine, nine + 1), 1);
    assert_int_equal(between(&desk, nine, nine), 0);
    assert_int_equal(between(&desk, nine + 8 * HOUR - 1, nine + DAY), 1);
    assert_int_equal(between(&desk, nine + HOUR, nine), 0); /* reversed */
    assert_int_equal(between(&desk, TOC_TIME_NEVER, TOC_TIME_MIN), 0);
    assert_true(toc_calendar_is_open(desk.cal, nine));
    assert_false(toc_calendar_is_open(desk.cal, nine - 1));
    assert_true(toc_calendar_is_open(desk.cal, nine + 8 * HOUR - 1));
    assert_false(toc_calendar_is_open(desk.cal, nine + 8 * HOUR));
    leave(&desk);
}

static enum toc_err finish_and_leave(struct desk *desk)
{
    enum toc_err err = toc_calendar_finish(desk->cal);
    leave(desk);
    return err;
}

static void zammad_2497_a_calendar_that_never_opens_is_refused(void **state)
{
    int64_t gap = toc_days_from_date(2026, 3, 29), day = toc_days_from_date(2026, 6, 8);
    struct desk desk = desk_in("Europe/Berlin");
    (void)state;
    assert_int_equal(finish_and_leave(&desk), TOC_ERR_CONFIG); /* nothing at all */
    desk = desk_in("Europe/Berlin");
    assert_int_equal(toc_calendar_holiday(desk.cal, day), TOC_OK);
    assert_int_equal(toc_calendar_date_hours(desk.cal, day, 9 * HOUR, 17 * HOUR), TOC_OK);
    assert_int_equal(finish_and_leave(&desk), TOC_ERR_CONFIG); /* the holiday takes it */
    desk = desk_in("Europe/Berlin");
    assert_int_equal(toc_calendar_date_hours(desk.cal, day, 9 * HOUR, 17 * HOUR), TOC_OK);
    assert_int_equal(toc_calendar_break(desk.cal, day, 8 * HOUR, 18 * HOUR), TOC_OK);
    assert_int_equal(finish_and_leave(&desk), TOC_ERR_CONFIG); /* so does the break */
    desk = desk_in("Europe/Berlin");
    assert_int_equal(toc_calendar_date_hours(desk.cal, gap, 2 * HOUR, 3 * HOUR), TOC_OK);
    assert_int_equal(finish_and_leave(&desk), TOC_ERR_CONFIG); /* that hour did not exist */
    desk = desk_in("Europe/Berlin");
    open_weekly(&desk, 0, 6, 9, 17);
    for (unsigned month = 1; month <= 12; month++)
        for (unsigned d = 1; d <= toc_days_in_month(2000, month); d++)
            assert_int_equal(toc_calendar_annual_holiday(desk.cal, month, d), TOC_OK);
    assert_int_equal(finish_and_leave(&desk), TOC_ERR_CONFIG); /* every day is a holiday */
}

static void zammad_2497_a_search_without_end_is_bounded(void **state)
{
    struct desk desk = desk_in("Europe/Berlin");
    struct toc_interval interval = {1, 2};
    toc_time_ms out = 77;
    (void)state;
    int64_t past = toc_days_from_date(2020, 6, 8);
    assert_int_equal(toc_calendar_date_hours(desk.cal, past, 9 * HOUR, 17 * HOUR), TOC_OK);
    finish(&desk);
    toc_time_ms now = at(2026, 6, 8, 12, 0);
    assert_int_equal(toc_calendar_add(desk.cal, now, HOUR, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add(desk.cal, now, 0, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_sub(desk.cal, now, 9 * HOUR, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_sub(desk.cal, at(2020, 1, 1, 0, 0), 0, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add(desk.cal, past * DAY, 8 * HOUR + 1, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_interval_after(desk.cal, now, &interval), TOC_NONE);
    assert_int_equal(toc_calendar_interval_before(desk.cal, past * DAY, &interval), TOC_NONE);
    assert_true(out == 77 && interval.from_ms == 1 && interval.until_ms == 2);
    assert_int_equal(sub(&desk, now, 8 * HOUR), at(2020, 6, 8, 7, 0));
    assert_interval_before(&desk, now, at(2020, 6, 8, 7, 0), at(2020, 6, 8, 15, 0));
    leave(&desk);
}

static void a_search_ends_after_a_hundred_years(void **state)
{
    struct desk desk = office_in("UTC");
    toc_time_ms out = 77, start = at(2026, 6, 8, 9, 0);
    (void)state;
    finish(&desk);
    toc_time_ms week = 40 * HOUR;
    assert_true(add(&desk, start, 5000 * week) < start + 100 * 366 * DAY);
    assert_int_equal(toc_calendar_add(desk.cal, start, 5300 * week, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_sub(desk.cal, start, 5300 * week, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add(desk.cal, start, INT64_MAX, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_sub(desk.cal, start, INT64_MAX, &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_calendar_add(desk.cal, start, -1, &out), TOC_ERR_MALFORMED);
    assert_int_equal(toc_calendar_sub(desk.cal, start, INT64_MIN, &out), TOC_ERR_MALFORMED);
    assert_true(out == 77);
    leave(&desk);
}

static void outside_the_horizon_a_calendar_is_closed(void **state)
{
    const toc_time_ms outside[] = {TOC_TIME_MIN, TOC_TIME_NEVER, at(1799, 12, 31, 12, 0),
                                   at(TOC_CALENDAR_YEAR_END, 1, 1, 0, 0)};
    struct desk desk = desk_in("UTC");
    toc_time_ms out = 77;
    struct toc_interval interval;
    (void)state;
    open_weekly(&desk, 0, 6, 0, 24);
    finish(&desk);
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        assert_false(toc_calendar_is_open(desk.cal, outside[i]));
        assert_int_equal(toc_calendar_add(desk.cal, outside[i], 1, &out), TOC_ERR_LIMIT);
        assert_int_equal(toc_calendar_sub(desk.cal, outside[i], 1, &out), TOC_ERR_LIMIT);
        assert_int_equal(toc_calendar_interval_after(desk.cal, outside[i], &interval), TOC_NONE);
        assert_int_equal(toc_calendar_interval_before(desk.cal, outside[i], &interval), TOC_NONE);
    }
    assert_int_equal(between(&desk, TOC_TIME_MIN, TOC_TIME_NEVER),
                     at(TOC_CALENDAR_YEAR_END, 1, 1, 0, 0) - at(TOC_CALENDAR_YEAR_MIN, 1, 1, 0, 0));
    assert_int_equal(between(&desk, at(2299, 12, 31, 23, 0), TOC_TIME_NEVER), HOUR);
    leave(&desk);
}

static void rows_that_make_no_sense_are_refused(void **state)
{
    struct desk desk = office_in("UTC");
    struct toc_calendar *cal = desk.cal;
    int64_t day = toc_days_from_date(2026, 6, 8), early = toc_days_from_date(1799, 12, 31);
    int64_t late = toc_days_from_date(2300, 1, 1);
    (void)state;
    assert_int_equal(toc_calendar_weekly(cal, 7, 0, HOUR), TOC_ERR_CONFIG);
    const toc_time_ms windows[][2] = {{-1, HOUR},   {HOUR, HOUR},          {2 * HOUR, HOUR},
                                      {0, DAY + 1}, {22 * HOUR, 6 * HOUR}, {INT64_MIN, INT64_MAX}};
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        toc_time_ms from = windows[i][0], until = windows[i][1];
        assert_int_equal(toc_calendar_weekly(cal, 0, from, until), TOC_ERR_CONFIG);
        assert_int_equal(toc_calendar_date_hours(cal, day, from, until), TOC_ERR_CONFIG);
        assert_int_equal(toc_calendar_break(cal, day, from, until), TOC_ERR_CONFIG);
    }
    assert_int_equal(toc_calendar_break(cal, day, 0, 0), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_holiday(cal, early), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_holiday(cal, late), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_holiday(cal, INT64_MAX), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_date_hours(cal, late, 0, 0), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_break(cal, early, 0, HOUR), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_annual_holiday(cal, 0, 1), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_annual_holiday(cal, 13, 1), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_annual_holiday(cal, 2, 30), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_annual_holiday(cal, 4, 31), TOC_ERR_CONFIG);
    assert_int_equal(toc_calendar_annual_holiday(cal, 4, 0), TOC_ERR_CONFIG);
    finish(&desk); /* and leave no trace */
    assert_int_equal(between(&desk, day * DAY, (day + 7) * DAY), 40 * HOUR);
    assert_string_equal(toc_calendar_name(cal), "desk");
    leave(&desk);
    toc_calendar_free(NULL);
}

static void the_number_of_rows_is_limited(void **state)
{
    struct desk desk = office_in("UTC");
    (void)state;
    for (int i = 0; i < TOC_CALENDAR_ROWS_MAX; i++)
        assert_int_equal(toc_calendar_holiday(desk.cal, i), TOC_OK);
    assert_int_equal(toc_calendar_holiday(desk.cal, 0), TOC_ERR_LIMIT);
    finish(&desk);
    assert_int_equal(between(&desk, 0, TOC_CALENDAR_ROWS_MAX * DAY), 0);
    leave(&desk);
    desk = desk_in("UTC"); /* breaks would multiply the windows of their days */
    for (int minute = 0; minute < 1440; minute += 2)
        assert_int_equal(toc_calendar_weekly(desk.cal, 0, minute * MIN, (minute + 1) * MIN),
                         TOC_OK);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(toc_calendar_break(desk.cal, 4 + 7 * i, 0, 1), TOC_OK);
    assert_int_equal(toc_calendar_finish(desk.cal), TOC_ERR_LIMIT);
    leave(&desk);
}

/* --- The model
 * ------------------------------------------------------------------------------------ */

/* The rows of a calendar as they were given, times in minutes. */
struct spec {
    struct spec_row {
        enum { WEEKLY, HOLIDAY, ANNUAL, HOURS, BREAK } kind;
        int64_t key; /* weekday, day, or month * 32 + day of the month */
        int from, until;
    } rows[64];
    size_t count;
};

static void draw_window(uint64_t *seed, struct spec_row *row)
{
    static const int hours[] = {0, 1, 2, 3, 22, 23, 24};
    int grain = draw(seed) % 4 ? 30 : 1;
    row->from = (int)draw_between(seed, 0, 1439 / grain) * grain;
    row->until = (int)draw_between(seed, row->from / grain + 1, 1440 / grain) * grain;
    if (draw(seed) % 3 == 0) { /* the hours at which clocks change */
        size_t a = draw(seed) % 6;
        row->from = hours[a] * 60;
        row->until = hours[(size_t)draw_between(seed, (int64_t)a + 1, 6)] * 60;
    }
}

/* A random calendar with its rules of one day gathered around `day`. */
static void draw_spec(uint64_t *seed, int64_t day, struct spec *spec)
{
    int64_t weekly = draw_between(seed, 0, 12), others = draw_between(seed, 0, 24);
    spec->count = 0;
    for (int64_t i = 0; i < 1 + weekly + others; i++) {
        struct spec_row *row = &spec->rows[spec->count++];
        int64_t near = day + draw_between(seed, -6, 6);
        int year = 0;
        unsigned month = 0, in_month = 0;
        *row = (struct spec_row){.kind = WEEKLY, .key = draw_between(seed, 0, 6)};
        draw_window(seed, row);
        if (i <= weekly)
            continue;
        row->key = near;
        switch (draw(seed) % 5) {
        case 0:
            row->kind = HOLIDAY;
            break;
        case 1:
            row->kind = ANNUAL;
            toc_date_from_days(near, &year, &month, &in_month);
            row->key = month * 32 + in_month;
            break;
        case 2:
            row->kind = BREAK;
            break;
        default:
            row->kind = HOURS;
            if (draw(seed) % 4 == 0)
                row->from = row->until = 0;
        }
    }
}

static enum toc_err build_spec(const struct spec *spec, struct toc_calendar *cal)
{
    for (size_t i = 0; i < spec->count; i++) {
        const struct spec_row *row = &spec->rows[i];
        enum toc_err err = TOC_OK;
        switch (row->kind) {
        case WEEKLY:
            err = toc_calendar_weekly(cal, (unsigned)row->key, row->from * MIN, row->until * MIN);
            break;
        case HOLIDAY:
            err = toc_calendar_holiday(cal, row->key);
            break;
        case ANNUAL:
            err =
                toc_calendar_annual_holiday(cal, (unsigned)row->key / 32, (unsigned)row->key % 32);
            break;
        case HOURS:
            err = toc_calendar_date_hours(cal, row->key, row->from * MIN, row->until * MIN);
            break;
        case BREAK:
            err = toc_calendar_break(cal, row->key, row->from * MIN, row->until * MIN);
            break;
        }
        assert_int_equal(err, TOC_OK);
    }
    return toc_calendar_finish(cal);
}

/* The definition, word by word: is this minute of the wall clock working time? */
static bool is_open_by_definition(const struct spec *spec, int64_t day, int minute)
{
    bool holiday = false, annual = false, special = false, cut = false;
    bool in_hours = false, in_weekly = false;
    int year = 0;
    unsigned month = 0, in_month = 0;
    toc_date_from_days(day, &year, &month, &in_month);
    for (size_t i = 0; i < spec->count; i++) {
        const struct spec_row *row = &spec->rows[i];
        bool inside = row->from <= minute && minute < row->until;
        holiday |= row->kind == HOLIDAY && row->key == day;
        annual |= row->kind == ANNUAL && row->key == month * 32 + in_month;
        special |= row->kind == HOURS && row->key == day;
        in_hours |= row->kind == HOURS && row->key == day && inside;
        in_weekly |= row->kind == WEEKLY && row->key == toc_weekday(day) && inside;
        cut |= row->kind == BREAK && row->key == day && inside;
    }
    if (holiday || cut)
        return false;
    return special ? in_hours : !annual && in_weekly;
}

#define MODEL_DAYS    50
#define MODEL_MINUTES (MODEL_DAYS * 1440)

/* Every minute of some weeks. All offsets there have to be whole minutes. */
struct model {
    toc_time_ms from;
    bool open[MODEL_MINUTES];
};

static void fill_model(struct model *model, const struct spec *spec, const struct toc_tz *tz,
                       toc_time_ms from)
{
    model->from = from;
    for (int i = 0; i < MODEL_MINUTES; i++) {
        toc_time_ms instant = from + i * MIN;
        toc_time_ms local = instant + toc_tz_offset_ms(tz, instant);
        assert_int_equal(local % MIN, 0);
        int64_t day = local / DAY - (local % DAY < 0);
        model->open[i] = is_open_by_definition(spec, day, (int)((local - day * DAY) / MIN));
    }
}

static bool model_is_open(const struct model *model, toc_time_ms instant)
{
    return model->open[(instant - model->from) / MIN];
}

static toc_time_ms model_end(const struct model *model)
{
    return model->from + MODEL_MINUTES * MIN;
}

static toc_time_ms model_between(const struct model *model, toc_time_ms from, toc_time_ms until)
{
    toc_time_ms sum = 0;
    for (toc_time_ms t = from; t < until;) {
        toc_time_ms next = t - (t - model->from) % MIN + MIN;
        next = next < until ? next : until;
        sum += model_is_open(model, t) ? next - t : 0;
        t = next;
    }
    return sum;
}

/* False when the model does not reach that far. */
static bool model_add(const struct model *model, toc_time_ms start, toc_time_ms amount,
                      toc_time_ms *out)
{
    toc_time_ms left = amount;
    for (toc_time_ms t = start; t < model_end(model);) {
        toc_time_ms next = t - (t - model->from) % MIN + MIN;
        if (model_is_open(model, t)) {
            if (left == 0 || left <= next - t) {
                *out = t + left;
                return true;
            }
            left -= next - t;
        }
        t = next;
    }
    return false;
}

static bool model_sub(const struct model *model, toc_time_ms start, toc_time_ms amount,
                      toc_time_ms *out)
{
    toc_time_ms left = amount;
    for (toc_time_ms t = start; t > model->from;) {
        toc_time_ms next = model->from + (t - 1 - model->from) / MIN * MIN;
        if (model_is_open(model, t - 1)) {
            if (left == 0 || left <= t - next) {
                *out = t - left;
                return true;
            }
            left -= t - next;
        }
        t = next;
    }
    return false;
}

/* The edges of the open minutes around an open one; false when they are out of sight. */
static bool model_interval(const struct model *model, toc_time_ms instant, struct toc_interval *out)
{
    toc_time_ms first = (instant - model->from) / MIN, last = first;
    while (first > 0 && model->open[first - 1])
        first--;
    while (last < MODEL_MINUTES && model->open[last])
        last++;
    *out = (struct toc_interval){model->from + first * MIN, model->from + last * MIN};
    return first > 0 && last < MODEL_MINUTES;
}

static void check_sums(const struct model *model, const struct desk *desk, uint64_t *seed)
{
    toc_time_ms middle = model->from + MODEL_DAYS * DAY / 2;
    toc_time_ms start = middle + draw_between(seed, -9 * DAY, 9 * DAY);
    toc_time_ms amount = draw_between(seed, 0, (1 + (toc_time_ms)(draw(seed) % 20)) * HOUR);
    toc_time_ms expected = 0;
    if (draw(seed) % 2) { /* edges are where it goes wrong */
        start -= (start - model->from) % (30 * MIN);
        amount -= amount % (30 * MIN);
    }
    toc_time_ms end = start + draw_between(seed, 0, 9 * DAY);
    assert_int_equal(between(desk, start, end), model_between(model, start, end));
    assert_int_equal(toc_calendar_is_open(desk->cal, start), model_is_open(model, start));
    if (model_add(model, start, amount, &expected))
        assert_int_equal(add(desk, start, amount), expected);
    if (model_sub(model, start, amount, &expected))
        assert_int_equal(sub(desk, start, amount), expected);
}

/* How many intervals were compared. */
static int check_intervals(const struct model *model, const struct desk *desk, uint64_t *seed)
{
    toc_time_ms middle = model->from + MODEL_DAYS * DAY / 2, edge = 0;
    toc_time_ms instant = middle + draw_between(seed, -9 * DAY, 9 * DAY);
    struct toc_interval expected;
    int compared = 0;
    if (draw(seed) % 2)
        instant -= (instant - model->from) % (30 * MIN);
    if (model_add(model, instant, 0, &edge) && model_interval(model, edge, &expected)) {
        assert_interval_after(desk, instant, expected.from_ms, expected.until_ms);
        compared++;
    }
    if (model_sub(model, instant, 0, &edge) && model_interval(model, edge - 1, &expected)) {
        assert_interval_before(desk, instant, expected.from_ms, expected.until_ms);
        compared++;
    }
    return compared;
}

static const struct nasty {
    const char *zone;
    int year;
    unsigned month, day;
} nasty[] = {
    {"America/New_York", 2026, 3, 8},    {"America/New_York", 2026, 11, 1},
    {"Europe/Berlin", 2026, 3, 29},      {"Europe/Berlin", 2026, 10, 25},
    {"Australia/Lord_Howe", 2026, 4, 5}, {"Australia/Lord_Howe", 2026, 10, 4},
    {"Africa/Cairo", 2026, 4, 24},       {"Africa/Cairo", 2026, 10, 29},
    {"Asia/Beirut", 2026, 3, 29},        {"America/Santiago", 2026, 9, 6},
    {"America/Havana", 2026, 11, 1},     {"Europe/Dublin", 2026, 10, 25},
    {"America/St_Johns", 2005, 10, 30},  {"America/St_Johns", 2005, 4, 3},
    {"Pacific/Apia", 2011, 12, 30},      {"Pacific/Kwajalein", 1993, 8, 21},
    {"Antarctica/Troll", 2026, 10, 25},  {"Africa/Casablanca", 2019, 5, 5},
    {"Asia/Pyongyang", 2018, 5, 5},      {"Asia/Kathmandu", 1986, 1, 1},
    {"Europe/Berlin", 1945, 5, 24},      {"America/New_York", 2288, 3, 14},
    {"Pacific/Chatham", 2026, 4, 5},     {"UTC", 2024, 2, 29},
};

static void random_calendars_agree_with_a_model_of_every_minute(void **state)
{
    static struct model model;
    int compared = 0;
    (void)state;
    for (size_t n = 0; n < sizeof(nasty) / sizeof(nasty[0]); n++) {
        int64_t day = toc_days_from_date(nasty[n].year, nasty[n].month, nasty[n].day);
        for (uint64_t round = 0; round < 5; round++) {
            uint64_t seed = SEED + n * 1000 + round;
            struct spec spec;
            struct desk desk = desk_in(nasty[n].zone);
            draw_spec(&seed, day, &spec);
            enum toc_err err = build_spec(&spec, desk.cal);
            assert_true(err == TOC_OK || err == TOC_ERR_CONFIG);
            if (err == TOC_OK) {
                fill_model(&model, &spec, desk.tz, (day - MODEL_DAYS / 2) * DAY);
                for (int i = 0; i < 150; i++) {
                    check_sums(&model, &desk, &seed);
                    compared += check_intervals(&model, &desk, &seed);
                }
            }
            leave(&desk);
        }
    }
    assert_true(compared > 15000);
}

static void the_sums_of_five_centuries_agree_with_a_model_of_every_day(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 3; round++) {
        uint64_t seed = SEED + 50 + round;
        struct spec spec;
        struct desk desk = desk_in("UTC");
        draw_spec(&seed, toc_days_from_date(2000, 2, 29), &spec);
        spec.rows[0] = (struct spec_row){WEEKLY, 2, 9 * 60, 17 * 60};
        assert_int_equal(build_spec(&spec, desk.cal), TOC_OK);
        toc_time_ms sum = 0, start = at(1800, 1, 1, 0, 0);
        toc_time_ms weekdays[7] = {0};
        for (int64_t day = start / DAY; day < at(2300, 1, 1, 0, 0) / DAY; day++) {
            bool ordinary = true;
            int year = 0;
            unsigned month = 0, in_month = 0;
            toc_date_from_days(day, &year, &month, &in_month);
            for (size_t i = 0; i < spec.count; i++)
                ordinary &= spec.rows[i].kind == WEEKLY ||
                            (spec.rows[i].key != day && spec.rows[i].key != month * 32 + in_month);
            toc_time_ms *known = &weekdays[toc_weekday(day)], minutes = 0;
            for (int m = 0; m < 1440 && (!ordinary || *known == 0); m++)
                minutes += is_open_by_definition(&spec, day, m);
            if (ordinary && *known == 0)
                *known = minutes + 1; /* the same on every ordinary day, and never 0 */
            sum += (ordinary ? *known - 1 : minutes) * MIN;
            assert_int_equal(between(&desk, start, (day + 1) * DAY), sum);
        }
        leave(&desk);
    }
}

static void adding_subtracting_and_counting_undo_each_other(void **state)
{
    int done = 0;
    (void)state;
    for (size_t n = 0; n < sizeof(nasty) / sizeof(nasty[0]); n++) {
        uint64_t seed = SEED + 77 + n;
        int64_t day = toc_days_from_date(nasty[n].year, nasty[n].month, nasty[n].day);
        struct spec spec;
        struct desk desk = desk_in(nasty[n].zone);
        draw_spec(&seed, day, &spec);
        spec.rows[0] = (struct spec_row){WEEKLY, 1, 60, 150}; /* it opens every week */
        assert_int_equal(build_spec(&spec, desk.cal), TOC_OK);
        for (int i = 0; i < 2000; i++) {
            toc_time_ms start = day * DAY + draw_between(&seed, -60 * 365 * DAY, 10 * 365 * DAY);
            toc_time_ms amount = draw_between(&seed, 1, (toc_time_ms)1 << (10 + draw(&seed) % 22));
            toc_time_ms more = draw_between(&seed, 1, DAY), target = 0;
            if (toc_calendar_add(desk.cal, start, amount, &target) != TOC_OK)
                continue;
            done++;
            assert_int_equal(between(&desk, start, target), amount);
            assert_int_equal(between(&desk, start, target - 1), amount - 1); /* the earliest */
            assert_int_equal(add(&desk, target, more), add(&desk, start, amount + more));
            assert_int_equal(sub(&desk, target, amount), add(&desk, start, 0));
            toc_time_ms source = sub(&desk, start, more);
            assert_int_equal(between(&desk, source, start), more);
            assert_int_equal(between(&desk, source + 1, start), more - 1); /* the latest */
            assert_int_equal(add(&desk, source, more), sub(&desk, start, 0));
            assert_int_equal(sub(&desk, source, amount), sub(&desk, start, amount + more));
            assert_int_equal(between(&desk, source, start) + between(&desk, start, target),
                             between(&desk, source, target));
        }
        leave(&desk);
    }
    assert_true(done > 40000);
}

static void intervals_one_after_the_other_hold_all_working_time(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(nasty) / sizeof(nasty[0]); n++) {
        uint64_t seed = SEED + 177 + n;
        int64_t day = toc_days_from_date(nasty[n].year, nasty[n].month, nasty[n].day);
        struct spec spec;
        struct desk desk = desk_in(nasty[n].zone);
        struct toc_interval interval = {0}, back = {0};
        draw_spec(&seed, day, &spec);
        spec.rows[0] = (struct spec_row){WEEKLY, 1, 60, 150};
        assert_int_equal(build_spec(&spec, desk.cal), TOC_OK);
        assert_int_equal(toc_calendar_interval_after(desk.cal, day * DAY, &interval), TOC_OK);
        toc_time_ms first = interval.until_ms, sum = 0;
        for (int i = 0; i < 500; i++) {
            toc_time_ms closing = interval.until_ms;
            assert_int_equal(toc_calendar_interval_after(desk.cal, closing, &interval), TOC_OK);
            assert_true(interval.from_ms > closing && interval.until_ms > interval.from_ms);
            assert_int_equal(between(&desk, closing, interval.from_ms), 0);
            assert_true(toc_calendar_is_open(desk.cal, interval.from_ms));
            assert_false(toc_calendar_is_open(desk.cal, interval.from_ms - 1));
            assert_false(toc_calendar_is_open(desk.cal, interval.until_ms));
            assert_int_equal(toc_calendar_interval_before(desk.cal, interval.until_ms, &back),
                             TOC_OK);
            assert_memory_equal(&back, &interval, sizeof(back));
            assert_int_equal(toc_calendar_interval_before(desk.cal, interval.from_ms, &back),
                             TOC_OK);
            assert_int_equal(back.until_ms, closing);
            sum += interval.until_ms - interval.from_ms;
        }
        assert_int_equal(between(&desk, first, interval.until_ms), sum);
        leave(&desk);
    }
}

static void the_order_of_the_rows_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 20; round++) {
        uint64_t seed = SEED + 277 + round;
        int64_t day = toc_days_from_date(2026, 10, 25);
        struct spec spec;
        struct desk one = desk_in("Europe/Berlin"), other = desk_in("Europe/Berlin");
        draw_spec(&seed, day, &spec);
        spec.rows[0] = (struct spec_row){WEEKLY, 1, 60, 150};
        assert_int_equal(build_spec(&spec, one.cal), TOC_OK);
        for (size_t i = 0; i < spec.count; i++) {
            size_t j = (size_t)draw_between(&seed, 0, (int64_t)i);
            struct spec_row swapped = spec.rows[i];
            spec.rows[i] = spec.rows[j];
            spec.rows[j] = swapped;
        }
        assert_int_equal(build_spec(&spec, other.cal), TOC_OK);
        for (int i = 0; i < 200; i++) {
            toc_time_ms start = day * DAY + draw_between(&seed, -20 * DAY, 20 * DAY);
            toc_time_ms amount = draw_between(&seed, 0, 3 * DAY);
            assert_int_equal(add(&one, start, amount), add(&other, start, amount));
            assert_int_equal(between(&one, start, start + amount),
                             between(&other, start, start + amount));
        }
        leave(&one);
        leave(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_york_night_has_seven_hours_in_march_and_nine_in_october),
        cmocka_unit_test(a_day_has_as_many_hours_as_pass),
        cmocka_unit_test(where_there_is_no_midnight_work_starts_at_one),
        cmocka_unit_test(a_window_in_a_repeated_hour_is_open_twice_and_one_in_a_gap_not_at_all),
        cmocka_unit_test(a_whole_repeated_hour_is_one_interval_of_two_hours),
        cmocka_unit_test(the_clock_may_go_back_into_the_day_before),
        cmocka_unit_test(a_date_that_was_left_out_has_no_working_time),
        cmocka_unit_test(dublin_opens_at_nine_in_summer_and_in_winter),
        cmocka_unit_test(dbt_zendesk_25_offsets_are_those_of_the_date_not_of_today),
        cmocka_unit_test(zammad_3180_a_day_may_end_at_24_00_and_loses_no_minute),
        cmocka_unit_test(one_holiday_ends_an_interval_that_lasts_for_years),
        cmocka_unit_test(chatwoot_14009_a_day_may_have_as_many_windows_as_it_likes),
        cmocka_unit_test(helpdesk_2212_a_lunch_break_is_two_windows),
        cmocka_unit_test(windows_that_touch_or_overlap_are_one),
        cmocka_unit_test(holidays_beat_date_hours_and_those_beat_annual_holidays),
        cmocka_unit_test(breaks_cut_whatever_is_open_and_open_nothing),
        cmocka_unit_test(the_29th_of_february_is_a_holiday_in_leap_years_only),
        cmocka_unit_test(nothing_added_snaps_to_the_first_open_instant),
        cmocka_unit_test(an_amount_used_up_at_closing_is_the_closing_instant),
        cmocka_unit_test(between_counts_the_start_and_not_the_end),
        cmocka_unit_test(zammad_2497_a_calendar_that_never_opens_is_refused),
        cmocka_unit_test(zammad_2497_a_search_without_end_is_bounded),
        cmocka_unit_test(a_search_ends_after_a_hundred_years),
        cmocka_unit_test(outside_the_horizon_a_calendar_is_closed),
        cmocka_unit_test(rows_that_make_no_sense_are_refused),
        cmocka_unit_test(the_number_of_rows_is_limited),
        cmocka_unit_test(random_calendars_agree_with_a_model_of_every_minute),
        cmocka_unit_test(the_sums_of_five_centuries_agree_with_a_model_of_every_day),
        cmocka_unit_test(adding_subtracting_and_counting_undo_each_other),
        cmocka_unit_test(intervals_one_after_the_other_hold_all_working_time),
        cmocka_unit_test(the_order_of_the_rows_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
