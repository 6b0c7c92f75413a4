/*
 * What other systems got wrong, each with its number, and where clocks are changed in unusual ways:
 * asked as anyone can ask it, of `tocsin calendar`. Instants are given in UTC.
 */
#include "tests/unit/calendar_ask.h"

#define OFFICE(zone)                                                                               \
    "\"tz\":\"" zone "\",\"weekly\":{\"mon\":[[\"09:00\",\"17:00\"]],\"tue\":[[\"09:00\","         \
    "\"17:00\"]],\"wed\":[[\"09:00\",\"17:00\"]],\"thu\":[[\"09:00\",\"17:00\"]],\"fri\":"         \
    "[[\"09:00\",\"17:00\"]]}"
#define DAILY(zone, from, until)                                                                   \
    "\"tz\":\"" zone "\",\"weekly\":{\"mon\":[[\"" from "\",\"" until "\"]],\"tue\":[[\"" from     \
    "\",\"" until "\"]],\"wed\":[[\"" from "\",\"" until "\"]],\"thu\":[[\"" from "\",\"" until    \
    "\"]],\"fri\":[[\"" from "\",\"" until "\"]],\"sat\":[[\"" from "\",\"" until "\"]],\"sun\":"  \
    "[[\"" from "\",\"" until "\"]]}"

/* --- Asking --------------------------------------------------------------------------------------
 */

static void assert_between(struct fixture *f, const char *calendar, toc_time_ms from,
                           toc_time_ms until, toc_time_ms duration)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"duration_ms\":%lld", (long long)duration);
    assert_result(f, calendar, wanted, "\"op\":\"between\",\"start_ms\":%lld,\"end_ms\":%lld",
                  (long long)from, (long long)until);
}

static void assert_moved(struct fixture *f, const char *calendar, const char *op, toc_time_ms start,
                         toc_time_ms amount, toc_time_ms target)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"instant_ms\":%lld", (long long)target);
    assert_result(f, calendar, wanted, "\"op\":\"%s\",\"start_ms\":%lld,\"amount_ms\":%lld", op,
                  (long long)start, (long long)amount);
}

/* Added and subtracted and counted, all three agree. */
static void assert_adds_up(struct fixture *f, const char *calendar, toc_time_ms start,
                           toc_time_ms amount, toc_time_ms target)
{
    assert_moved(f, calendar, "add", start, amount, target);
    assert_moved(f, calendar, "sub", target, amount, start);
    assert_between(f, calendar, start, target, amount);
}

static void assert_edge(struct fixture *f, const char *calendar, const char *op, toc_time_ms start,
                        toc_time_ms edge)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"instant_ms\":%lld", (long long)edge);
    assert_result(f, calendar, wanted, "\"op\":\"%s\",\"start_ms\":%lld", op, (long long)start);
}

static void assert_local(struct fixture *f, const char *calendar, const char *local,
                         toc_time_ms instant)
{
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "\"instant_ms\":%lld", (long long)instant);
    assert_result(f, calendar, wanted, "\"op\":\"resolve_local\",\"local\":\"%s\"", local);
}

/* --- Reports -------------------------------------------------------------------------------------
 */

static void zammad_3180_a_day_until_24_00_loses_no_minute_each_night(void **state)
{
    static const char whole[] = DAILY("Europe/Berlin", "00:00:00", "24:00:00");
    static const char almost[] = DAILY("Europe/Berlin", "00:00", "23:59");
    struct fixture *f = *state;
    toc_time_ms start = at(2026, 1, 1, 12, 0);
    assert_adds_up(f, whole, start, 365 * DAY, start + 365 * DAY);
    assert_between(f, whole, start, start + 365 * DAY, 365 * DAY);
    assert_between(f, almost, start, start + 365 * DAY, 365 * (DAY - MIN));
    assert_edge(f, DAILY("Europe/Berlin", "18:00", "24:00"), "next_closing", at(2026, 1, 1, 20, 0),
                at(2026, 1, 1, 23, 0));
}

static void zammad_2497_a_calendar_without_working_time_is_an_error_and_no_loop(void **state)
{
    static const char *const never[] = {
        "\"tz\":\"UTC\"",
        "\"tz\":\"UTC\",\"weekly\":{}",
        "\"tz\":\"UTC\",\"weekly\":{\"mon\":[]}",
        "\"tz\":\"UTC\",\"date_hours\":{\"2026-06-08\":[]}",
        "\"tz\":\"UTC\",\"date_hours\":{\"2026-06-08\":[[\"09:00\",\"17:00\"]]},"
        "\"holidays\":[\"2026-06-08\"]",
        "\"tz\":\"UTC\",\"date_hours\":{\"2026-06-08\":[[\"09:00\",\"17:00\"]]},"
        "\"breaks\":{\"2026-06-08\":[[\"08:00\",\"18:00\"]]}",
        "\"tz\":\"Europe/Berlin\",\"date_hours\":{\"2026-03-29\":[[\"02:00\",\"03:00\"]]}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        for (size_t k = 0; k < OPEN_OP_COUNT; k++) {
            char line[512];
            snprintf(line, sizeof(line),
                     "{\"id\":1,\"op\":\"%s\",\"start_ms\":0,\"end_ms\":9,\"amount_ms\":1,"
                     "\"count\":1,\"calendar\":{%s}}",
                     ops[k], never[i]);
            assert_error(f, line, "1", "it has no working time");
        }
        assert_local(f, never[i], "1970-06-01 12:00:00",
                     at(1970, 6, 1, 12, 0) - (i == 6 ? HOUR : 0));
    }
}

static void zammad_2497_a_search_that_finds_nothing_ends(void **state)
{
    static const char once[] =
        "{\"id\":1,\"op\":\"%s\",\"start_ms\":%lld,\"amount_ms\":%lld,\"calendar\":{\"tz\":\"UTC\","
        "\"date_hours\":{\"2026-06-08\":[[\"09:00\",\"17:00\"]]}}}";
    const struct {
        const char *op, *part;
        toc_time_ms start, amount;
    } rows[] = {
        {"add", "within 100 years", at(2026, 6, 8, 0, 0), 8 * HOUR + 1},
        {"add", "within 100 years", at(2026, 6, 9, 0, 0), 0},
        {"sub", "within 100 years", at(2026, 6, 8, 9, 0), 0},
        {"next_opening", "within 100 years", at(2026, 6, 8, 9, 0), 0},
        {"next_closing", "within 100 years", at(2026, 6, 8, 17, 0), 0},
        {"prev_opening", "within 100 years", at(2026, 6, 8, 9, 0), 0},
        {"prev_closing", "within 100 years", at(2026, 6, 8, 17, 0), 0},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[512];
        snprintf(line, sizeof(line), once, rows[i].op, (long long)rows[i].start,
                 (long long)rows[i].amount);
        assert_error(f, line, "1", rows[i].part);
    }
}

static void zammad_390_only_the_dates_that_were_listed_are_holidays(void **state)
{
    /* A public feed of 2026 also lists Mother's Day and the clock change, which nobody has off. */
    static const char calendar[] =
        OFFICE("Europe/Berlin") ",\"holidays\":[\"2026-05-14\",\"2026-05-25\"],"
                                "\"annual_holidays\":[\"05-01\"]";
    struct fixture *f = *state;
    toc_time_ms april = at(2026, 4, 30, 22, 0);
    assert_between(f, calendar, april, april + 31 * DAY, (21 - 3) * 8 * HOUR);
    assert_between(f, calendar, april + 13 * DAY, april + 14 * DAY, 0);
    assert_between(f, calendar, april + 14 * DAY, april + 15 * DAY, 8 * HOUR);
    assert_between(f, calendar, at(2027, 5, 13, 22, 0), at(2027, 5, 14, 22, 0), 8 * HOUR);
}

static void dbt_zendesk_25_offsets_are_those_of_the_date(void **state)
{
    static const char calendar[] = OFFICE("America/New_York");
    struct fixture *f = *state;
    /* Friday 16:00 EST and Monday 10:00 EDT */
    assert_adds_up(f, calendar, at(2026, 3, 6, 21, 0), 2 * HOUR, at(2026, 3, 9, 14, 0));
    assert_edge(f, calendar, "next_opening", at(2026, 1, 14, 22, 0), at(2026, 1, 15, 14, 0));
    assert_edge(f, calendar, "next_opening", at(2026, 7, 14, 22, 0), at(2026, 7, 15, 13, 0));
    assert_edge(f, calendar, "next_opening", at(2005, 4, 1, 22, 0), at(2005, 4, 4, 13, 0));
    assert_edge(f, calendar, "next_opening", at(2005, 3, 14, 22, 0), at(2005, 3, 15, 14, 0));
}

static void chatwoot_14009_a_day_has_many_windows(void **state)
{
    static const char calendar[] =
        "\"tz\":\"America/Sao_Paulo\",\"weekly\":{\"wed\":[[\"20:00\",\"22:00\"],[\"08:00\","
        "\"10:00\"],[\"14:00\",\"16:00\"],[\"11:00\",\"12:00\"],[\"17:00\",\"17:00:01\"]]}";
    struct fixture *f = *state;
    toc_time_ms eight = at(2026, 6, 10, 11, 0);
    assert_between(f, calendar, eight - HOUR, eight + DAY, 7 * HOUR + 1000);
    assert_moved(f, calendar, "add", eight, 4 * HOUR + 1, eight + 7 * HOUR + 1);
    assert_moved(f, calendar, "add", eight, 5 * HOUR + 500, eight + 9 * HOUR + 500);
    assert_moved(f, calendar, "add", eight, 7 * HOUR + 1001, eight + 7 * DAY + 1);
    assert_edge(f, calendar, "next_opening", eight, eight + 3 * HOUR);
    assert_edge(f, calendar, "prev_closing", eight, eight - 7 * DAY + 14 * HOUR);
}

static void helpdesk_2212_nobody_works_over_lunch(void **state)
{
    static const char calendar[] = "\"tz\":\"Asia/Kolkata\",\"weekly\":{\"wed\":[[\"09:00\","
                                   "\"13:00\"],[\"14:00\",\"18:00\"]]}";
    struct fixture *f = *state;
    toc_time_ms noon = at(2026, 6, 10, 6, 30);
    assert_adds_up(f, calendar, noon, 2 * HOUR, noon + 3 * HOUR);
    assert_moved(f, calendar, "add", noon, HOUR, noon + HOUR); /* used up: the closing instant */
    assert_moved(f, calendar, "sub", noon + 2 * HOUR, HOUR, noon);
    assert_between(f, calendar, noon + HOUR, noon + 2 * HOUR, 0);
}

static void znuny_minutes_and_milliseconds_count(void **state)
{
    static const char calendar[] =
        "\"tz\":\"Europe/Berlin\",\"weekly\":{\"wed\":[[\"08:17:31.125\","
        "\"08:44:02.875\"]]}";
    struct fixture *f = *state;
    toc_time_ms opening = at(2026, 6, 10, 6, 17) + 31125, open = 26 * MIN + 31750;
    assert_adds_up(f, calendar, opening, open, opening + open);
    assert_moved(f, calendar, "add", opening, open + 1, opening + 7 * DAY + 1);
    assert_between(f, calendar, opening - DAY, opening + DAY, open);
}

static void znuny_an_answer_is_never_the_start_because_it_is_far_away(void **state)
{
    static const char calendar[] =
        "\"tz\":\"Europe/Berlin\",\"annual_holidays\":[\"02-28\"],\"date_hours\":{"
        "\"2090-02-28\":[[\"12:00\",\"12:00:01\"]],\"2099-02-28\":[[\"12:00\",\"12:00:01\"]]}";
    struct fixture *f = *state;
    toc_time_ms start = at(2026, 1, 1, 0, 0);
    assert_moved(f, calendar, "add", start, 0, at(2090, 2, 28, 11, 0));
    assert_moved(f, calendar, "add", start, 1001, at(2099, 2, 28, 11, 0) + 1);
    assert_error(f,
                 "{\"id\":1,\"op\":\"add\",\"start_ms\":1767225600000,\"amount_ms\":2001,"
                 "\"calendar\":{\"tz\":\"Europe/Berlin\",\"date_hours\":{\"2090-02-28\":"
                 "[[\"12:00\",\"12:00:01\"]]}}}",
                 "1", "within 100 years");
}

/* --- Places --------------------------------------------------------------------------------------
 */

static void new_york_a_night_has_seven_hours_in_march_and_nine_in_october(void **state)
{
    static const char calendar[] = DAILY("America/New_York", "22:00", "06:00");
    struct fixture *f = *state;
    assert_adds_up(f, calendar, at(2026, 3, 7, 3, 0), 8 * HOUR, at(2026, 3, 7, 11, 0));
    assert_adds_up(f, calendar, at(2026, 3, 8, 3, 0), 7 * HOUR, at(2026, 3, 8, 10, 0));
    assert_adds_up(f, calendar, at(2026, 11, 1, 2, 0), 9 * HOUR, at(2026, 11, 1, 11, 0));
    assert_edge(f, calendar, "next_closing", at(2026, 11, 1, 2, 0), at(2026, 11, 1, 11, 0));
    assert_edge(f, calendar, "prev_opening", at(2026, 3, 8, 10, 0), at(2026, 3, 8, 3, 0));
    assert_local(f, calendar, "2026-03-08 02:30:00", at(2026, 3, 8, 7, 30));
    assert_local(f, calendar, "2026-11-01 01:30:00", at(2026, 11, 1, 5, 30));
}

static void berlin_a_day_has_23_hours_in_march_and_25_in_october(void **state)
{
    static const char sundays[] =
        "\"tz\":\"Europe/Berlin\",\"weekly\":{\"sun\":[[\"00:00\",\"24:00\"]]}";
    struct fixture *f = *state;
    assert_adds_up(f, sundays, at(2026, 3, 28, 23, 0), 23 * HOUR, at(2026, 3, 29, 22, 0));
    assert_adds_up(f, sundays, at(2026, 10, 24, 22, 0), 25 * HOUR, at(2026, 10, 25, 23, 0));
    assert_adds_up(f, sundays, at(2026, 10, 31, 23, 0), 24 * HOUR, at(2026, 11, 1, 23, 0));
}

static void lord_howe_a_day_has_half_an_hour_more_in_april(void **state)
{
    static const char sundays[] =
        "\"tz\":\"Australia/Lord_Howe\",\"weekly\":{\"sun\":[[\"00:00\",\"24:00\"]]}";
    struct fixture *f = *state;
    assert_adds_up(f, sundays, at(2026, 4, 4, 13, 0), 24 * HOUR + 30 * MIN, at(2026, 4, 5, 13, 30));
    assert_adds_up(f, sundays, at(2026, 10, 3, 13, 30), 23 * HOUR + 30 * MIN,
                   at(2026, 10, 4, 13, 0));
    assert_local(f, sundays, "2026-10-04 02:15:00", at(2026, 10, 3, 15, 45));
    assert_local(f, sundays, "2026-04-05 01:45:00", at(2026, 4, 4, 14, 45));
}

/* The instant that midnight would have been is one o'clock; the day before ends there. */
static void assert_no_midnight(struct fixture *f, const char *first_hours, const char *date,
                               toc_time_ms one)
{
    char local[32];
    snprintf(local, sizeof(local), "%s 00:00:00", date);
    assert_local(f, first_hours, local, one);
    assert_edge(f, first_hours, "next_opening", one - 12 * HOUR, one);
    assert_edge(f, first_hours, "next_closing", one, one + HOUR);
    assert_adds_up(f, first_hours, one, HOUR, one + HOUR);
}

static void cairo_there_is_no_midnight_on_the_24th_of_april(void **state)
{
    assert_no_midnight(*state, DAILY("Africa/Cairo", "00:00", "02:00"), "2026-04-24",
                       at(2026, 4, 23, 22, 0));
}

static void beirut_there_is_no_midnight_on_the_29th_of_march(void **state)
{
    assert_no_midnight(*state, DAILY("Asia/Beirut", "00:00", "02:00"), "2026-03-29",
                       at(2026, 3, 28, 22, 0));
}

static void santiago_there_is_no_midnight_on_the_6th_of_september(void **state)
{
    assert_no_midnight(*state, DAILY("America/Santiago", "00:00", "02:00"), "2026-09-06",
                       at(2026, 9, 6, 4, 0));
}

static void havana_there_is_no_midnight_on_the_8th_of_march(void **state)
{
    assert_no_midnight(*state, DAILY("America/Havana", "00:00", "02:00"), "2026-03-08",
                       at(2026, 3, 8, 5, 0));
}

static void dublin_opens_at_nine_although_its_isdst_is_set_in_winter(void **state)
{
    static const char calendar[] = OFFICE("Europe/Dublin");
    struct fixture *f = *state;
    assert_edge(f, calendar, "next_opening", at(2026, 7, 15, 0, 0), at(2026, 7, 15, 8, 0));
    assert_edge(f, calendar, "next_opening", at(2026, 1, 15, 0, 0), at(2026, 1, 15, 9, 0));
    assert_adds_up(f, calendar, at(2026, 10, 23, 8, 0), 16 * HOUR, at(2026, 10, 26, 17, 0));
    assert_adds_up(f, calendar, at(2026, 3, 27, 9, 0), 16 * HOUR, at(2026, 3, 30, 16, 0));
}

static void apia_a_date_that_was_left_out_has_no_working_time(void **state)
{
    static const char calendar[] = OFFICE("Pacific/Apia"); /* no Friday, 2011-12-30 */
    struct fixture *f = *state;
    assert_adds_up(f, calendar, at(2011, 12, 30, 2, 0), 2 * HOUR, at(2012, 1, 1, 20, 0));
    assert_edge(f, calendar, "next_opening", at(2011, 12, 30, 3, 0), at(2012, 1, 1, 19, 0));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(zammad_3180_a_day_until_24_00_loses_no_minute_each_night),
        ROW(zammad_2497_a_calendar_without_working_time_is_an_error_and_no_loop),
        ROW(zammad_2497_a_search_that_finds_nothing_ends),
        ROW(zammad_390_only_the_dates_that_were_listed_are_holidays),
        ROW(dbt_zendesk_25_offsets_are_those_of_the_date),
        ROW(chatwoot_14009_a_day_has_many_windows),
        ROW(helpdesk_2212_nobody_works_over_lunch),
        ROW(znuny_minutes_and_milliseconds_count),
        ROW(znuny_an_answer_is_never_the_start_because_it_is_far_away),
        ROW(new_york_a_night_has_seven_hours_in_march_and_nine_in_october),
        ROW(berlin_a_day_has_23_hours_in_march_and_25_in_october),
        ROW(lord_howe_a_day_has_half_an_hour_more_in_april),
        ROW(cairo_there_is_no_midnight_on_the_24th_of_april),
        ROW(beirut_there_is_no_midnight_on_the_29th_of_march),
        ROW(santiago_there_is_no_midnight_on_the_6th_of_september),
        ROW(havana_there_is_no_midnight_on_the_8th_of_march),
        ROW(dublin_opens_at_nine_although_its_isdst_is_set_in_winter),
        ROW(apia_a_date_that_was_left_out_has_no_working_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
