/* `tocsin calendar`: lines in, lines out, word for word. */
#include "common/wall_text.h"
#include "tests/unit/calendar_ask.h"

#define SEED UINT64_C(20260329)

/* Monday to Wednesday, nine to five with a lunch break on Wednesdays. */
#define OFFICE                                                                                     \
    "\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"09:00\",\"17:00\"]],\"tue\":[[\"09:00\",\"17:00\"]],"  \
    "\"wed\":[[\"13:00\",\"17:00\"],[\"09:00\",\"12:00\"]]}"
#define ALWAYS                                                                                     \
    "\"mon\":[[\"00:00\",\"24:00\"]],\"tue\":[[\"00:00\",\"24:00\"]],\"wed\":[[\"00:00\","         \
    "\"24:00\"]],\"thu\":[[\"00:00\",\"24:00\"]],\"fri\":[[\"00:00\",\"24:00\"]],\"sat\":"         \
    "[[\"00:00\",\"24:00\"]],\"sun\":[[\"00:00\",\"24:00\"]]"

/* 2026-06-08, a Monday, 00:00 UTC */
#define MONDAY INT64_C(1780876800000)

/* --- Every op ------------------------------------------------------------------------------------
 */

static void every_op_answers_by_its_name(void **state)
{
    static const struct {
        const char *question, *wanted;
    } rows[] = {
        {"\"op\":\"add\",\"start_ms\":1780909200000,\"amount_ms\":28800000",
         "\"instant_ms\":1780938000000"}, /* used up at closing: the closing instant */
        {"\"op\":\"add\",\"start_ms\":1780909200000,\"amount_ms\":28800001",
         "\"instant_ms\":1780995600001"},
        {"\"op\":\"add\",\"start_ms\":1780938000000,\"amount_ms\":0",
         "\"instant_ms\":1780995600000"}, /* closing is closed: it snaps to the next opening */
        {"\"op\":\"sub\",\"start_ms\":1780995600001,\"amount_ms\":1",
         "\"instant_ms\":1780995600000"},
        {"\"op\":\"sub\",\"start_ms\":1780995600000,\"amount_ms\":0",
         "\"instant_ms\":1780938000000"}, /* and back to the last closing */
        {"\"op\":\"between\",\"start_ms\":1780876800000,\"end_ms\":1781481600000",
         "\"duration_ms\":82800000"},
        {"\"op\":\"between\",\"start_ms\":1781481600000,\"end_ms\":1780876800000",
         "\"duration_ms\":0"},
        {"\"op\":\"is_open\",\"start_ms\":1780909200000", "\"open\":true"},
        {"\"op\":\"is_open\",\"start_ms\":1780938000000", "\"open\":false"},
        {"\"op\":\"next_opening\",\"start_ms\":1780909200000", "\"instant_ms\":1780995600000"},
        {"\"op\":\"next_opening\",\"start_ms\":1780909199999", "\"instant_ms\":1780909200000"},
        {"\"op\":\"next_closing\",\"start_ms\":1780938000000", "\"instant_ms\":1781024400000"},
        {"\"op\":\"next_closing\",\"start_ms\":1780937999999", "\"instant_ms\":1780938000000"},
        {"\"op\":\"prev_opening\",\"start_ms\":1780995600000", "\"instant_ms\":1780909200000"},
        {"\"op\":\"prev_opening\",\"start_ms\":1780995600001", "\"instant_ms\":1780995600000"},
        {"\"op\":\"prev_closing\",\"start_ms\":1781024400000", "\"instant_ms\":1780938000000"},
        {"\"op\":\"prev_closing\",\"start_ms\":1781024400001", "\"instant_ms\":1781024400000"},
        {"\"op\":\"intervals_after\",\"start_ms\":1780912800000,\"count\":2",
         "\"intervals_ms\":[[1780912800000,1780938000000],[1780995600000,1781024400000]]"},
        {"\"op\":\"intervals_before\",\"start_ms\":1781002800000,\"count\":2",
         "\"intervals_ms\":[[1780995600000,1781002800000],[1780909200000,1780938000000]]"},
        {"\"op\":\"intervals_between\",\"start_ms\":1780912800000,\"end_ms\":1780999200000",
         "\"intervals_ms\":[[1780912800000,1780938000000],[1780995600000,1780999200000]]"},
        {"\"op\":\"intervals_between\",\"start_ms\":1780999200000,\"end_ms\":1780912800000",
         "\"intervals_ms\":[]"},
        {"\"op\":\"intervals_after\",\"start_ms\":1780912800000,\"count\":0",
         "\"intervals_ms\":[]"},
        {"\"op\":\"intervals_before\",\"start_ms\":1780912800000,\"count\":0",
         "\"intervals_ms\":[]"},
        {"\"op\":\"resolve_local\",\"local\":\"2026-06-08 00:00:00\"",
         "\"instant_ms\":1780876800000"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_result(f, OFFICE, rows[i].wanted, "%s", rows[i].question);
}

static void ids_come_back_as_they_were_given(void **state)
{
    static const char *const ids[] = {
        "7",     "-7",  "1.50", "1e3", "\"\"", "\"a b\"", "\"\\u00e9\\\"\"", "12345678901234567890",
        "\"ü\"", "null"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char line[256], wanted[256];
        snprintf(line, sizeof(line),
                 "{ \"op\" : \"is_open\", \"start_ms\":0 ,\"calendar\":{" OFFICE "} , \"id\": %s }",
                 ids[i]);
        snprintf(wanted, sizeof(wanted), "{\"id\":%s,\"open\":false}", ids[i]);
        assert_answer(f, line, wanted);
    }
    assert_answer(f, "{\"op\":\"is_open\",\"start_ms\":0,\"calendar\":{" OFFICE "}}",
                  "{\"id\":null,\"open\":false}");
}

static void an_error_has_the_id_whenever_it_can_be_read(void **state)
{
    struct fixture *f = *state;
    assert_error(f, "{\"id\":\"x\",\"op\":\"add\",\"calendar\":{\"tz\":", "\"x\"", "not a JSON");
    assert_error(f, "{\"op\":\"add\",\"id\":7,\"start_ms\":01x}", "7", "start_ms: not JSON");
    assert_error(f, "{\"id\":7,\"op\":\"add\"} {}", "7", "something follows");
    assert_error(f, "{\"id\":7 \"op\":\"add\"}", "7", "a comma or a closing bracket is missing");
    assert_error(f, "{\"id\":7,}", "7", "a name in quotes is missing");
    assert_error(f, "{\"id\":7,\"op\"}", "7", "a colon is missing");
    assert_error(f, "{\"id\":7,\"op\":}", "7", "a value is missing");
    assert_error(f, "{\"id\":7,\"op\":\"add}", "7", "a text does not end");
    assert_error(f, "{\"id\":7,\"op\":[\"add}", "7", "a text does not end");
    assert_error(f, "{\"id\":7,\"op\":[[1]", "7", "a bracket is not closed");
    assert_error(f, "{\"id\":7,\"op\":[1}}", "7", "op: not JSON");
    assert_error(f, "{\"id\":\"x", "null", "not a JSON");
    assert_error(f, "{\"id\":tru}", "null", "id: has to be");
    assert_error(f, "{\"id\":[1]}", "null", "id: has to be a text or a number");
    assert_error(f, "{\"id\":\"\xff\"}", "null", "id: has to be");
    assert_error(f, "[1]", "null", "it is no object");
    assert_error(f, "7", "null", "it is no object");
    assert_error(f, "{", "null", "a name in quotes is missing");
    assert_error(f, "{}", "null", "op: is missing");
}

static void a_typing_error_is_never_a_silent_default(void **state)
{
    struct fixture *f = *state;
    assert_error(f, "{\"id\":1,\"strat_ms\":0}", "1",
                 "'strat_ms' is unknown (did you mean 'start_");
    assert_error(f, "{\"id\":1,\"op\":\"next_openin\"}", "1", "did you mean 'next_opening'");
    assert_error(f, "{\"id\":1,\"op\":7}", "1", "op: has to be a text");
    assert_error(f, "{\"id\":1,\"op\":\"add\",\"op\":\"sub\"}", "1", "op: is given twice");
    static const struct {
        const char *calendar, *part;
    } calendars[] = {
        {"\"tz\":\"UTC\",\"wekly\":{}", "calendar: 'wekly' is unknown (did you mean 'weekly'?)"},
        {"\"tz\":\"UTC\",\"tz\":\"UTC\"", "calendar: not JSON: duplicate"},
        {"\"tz\":\"Europe/Berln\"", "tz: unknown zone 'Europe/Berln'"},
        {"\"tz\":\"../etc/passwd\"", "tz: unknown zone"},
        {"\"weekly\":{}", "tz: a calendar needs one"},
        {"\"tz\":7", "tz: a calendar needs one"},
        {"\"tz\":\"UTC\",\"weekly\":{\"monday\":[]}", "weekly: 'monday' is unknown"},
        {"\"tz\":\"UTC\",\"weekly\":[]", "weekly: has to be an object"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":{}}", "mon: has to be a list of windows"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[\"09:00-17:00\"]}", "mon: a window has to be"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"09:00\"]]}", "mon: a window has to be"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[[9,17]]}", "mon: a time of day has to be a text"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"9:00\",\"17:00\"]]}", "'9:00' is not a time of"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"09:00\",\"24:01\"]]}", "'24:01' is not a time"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"09:00\",\"09:00\"]]}", "another end"},
        {"\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"24:00\",\"09:00\"]]}", "a start before 24:00"},
        {"\"tz\":\"UTC\",\"holidays\":{}", "holidays: has to be a list"},
        {"\"tz\":\"UTC\",\"holidays\":[\"2026-02-29\"]", "there is no date '2026-02-29'"},
        {"\"tz\":\"UTC\",\"holidays\":[7]", "holidays: there is no date"},
        {"\"tz\":\"UTC\",\"holidays\":[\"1799-12-31\"]", "1799-12-31: outside the years 1800 to"},
        {"\"tz\":\"UTC\",\"annual_holidays\":[\"02-30\"]", "there is no yearly date '02-30'"},
        {"\"tz\":\"UTC\",\"annual_holidays\":7", "annual_holidays: has to be a list"},
        {"\"tz\":\"UTC\",\"date_hours\":[]", "date_hours: has to be an object"},
        {"\"tz\":\"UTC\",\"date_hours\":{\"12-24\":[]}", "date_hours: there is no date '12-24'"},
        {"\"tz\":\"UTC\",\"date_hours\":{\"2026-12-24\":[[\"22:00\",\"06:00\"]]}",
         "2026-12-24: the hours of a date cannot go past 24:00"},
        {"\"tz\":\"UTC\",\"breaks\":{\"2026-12-24\":7}", "2026-12-24: has to be a list"},
    };
    for (size_t i = 0; i < sizeof(calendars) / sizeof(calendars[0]); i++) {
        char line[512];
        snprintf(line, sizeof(line),
                 "{\"id\":1,\"op\":\"is_open\",\"start_ms\":0,\"calendar\":{%s}}",
                 calendars[i].calendar);
        assert_error(f, line, "1", calendars[i].part);
        assert_error(f, line, "1", calendars[i].part); /* and again: mistakes are not kept */
    }
    assert_error(f, "{\"id\":1,\"op\":\"is_open\",\"start_ms\":0,\"calendar\":7}", "1",
                 "calendar: has to be an object");
}

static void null_is_as_good_as_missing(void **state)
{
    assert_result(*state,
                  "\"tz\":\"UTC\",\"holidays\":null,\"annual_holidays\":null,\"date_hours\":null,"
                  "\"breaks\":null,\"weekly\":{\"mon\":[[\"09:00\",\"17:00\"]],\"tue\":null}",
                  "\"duration_ms\":28800000",
                  "\"op\":\"between\",\"start_ms\":%lld,\"end_ms\":%lld,\"count\":null,"
                  "\"pauses_ms\":null",
                  (long long)MONDAY, (long long)(MONDAY + 7 * DAY));
}

static void what_an_op_needs_is_asked_for(void **state)
{
    static const struct {
        const char *members, *part;
    } rows[] = {
        {"\"op\":\"add\"", "start_ms: is missing: add needs it"},
        {"\"op\":\"add\",\"start_ms\":0", "amount_ms: is missing"},
        {"\"op\":\"add\",\"start_ms\":null,\"amount_ms\":0", "start_ms: is missing"},
        {"\"op\":\"add\",\"start_ms\":0,\"amount_ms\":-1", "amount_ms: cannot be negative"},
        {"\"op\":\"add\",\"start_ms\":\"0\",\"amount_ms\":1", "start_ms: has to be a number"},
        {"\"op\":\"add\",\"start_ms\":1e300,\"amount_ms\":1", "start_ms: out of range"},
        {"\"op\":\"add\",\"start_ms\":99999999999999999999,\"amount_ms\":1", "out of range"},
        {"\"op\":\"add\",\"start_ms\":0,\"amount_ms\":1e999", "amount_ms: not JSON"},
        {"\"op\":\"is_open\",\"start_ms\":-5364662400001", "outside the years 1800 to 2299"},
        {"\"op\":\"is_open\",\"start_ms\":10413792000000", "outside the years 1800 to 2299"},
        {"\"op\":\"between\",\"start_ms\":0", "end_ms: is missing"},
        {"\"op\":\"intervals_after\",\"start_ms\":0", "count: is missing"},
        {"\"op\":\"intervals_after\",\"start_ms\":0,\"count\":-1", "from 0 to 100000"},
        {"\"op\":\"intervals_after\",\"start_ms\":0,\"count\":100001", "from 0 to 100000"},
        {"\"op\":\"intervals_between\",\"start_ms\":-5364662400000,\"end_ms\":10413791999999",
         "more than 100000 intervals"},
        {"\"op\":\"resolve_local\"", "local: is missing"},
        {"\"op\":\"resolve_local\",\"local\":\"2026-06-08\"", "is no wall time"},
        {"\"op\":\"resolve_local\",\"local\":\"2026-06-08 09:00Z\"", "is no wall time"},
        {"\"op\":\"is_open\",\"start_ms\":0,\"pauses_ms\":7", "pauses_ms: has to be a list"},
        {"\"op\":\"is_open\",\"start_ms\":0,\"pauses_ms\":[[1,2],[3]]", "a pause has to be [FROM"},
        {"\"op\":\"is_open\",\"start_ms\":0,\"pauses_ms\":[[1,\"2\"]]", "has to be a number"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[512];
        snprintf(line, sizeof(line), "{\"id\":1,\"calendar\":{" OFFICE "},%s}", rows[i].members);
        assert_error(f, line, "1", rows[i].part);
    }
    assert_error(f, "{\"id\":1,\"op\":\"is_open\",\"start_ms\":0}", "1", "calendar: is missing");
}

/* --- Times ---------------------------------------------------------------------------------------
 */

static void times_may_carry_fractions_of_a_second(void **state)
{
    static const char calendar[] = "\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"09:00:00.250\","
                                   "\"09:00:01.0005\"],[\"23:00\",\"23:59:59.9999999\"]],"
                                   "\"tue\":[[\"00:00\",\"00:00:00.1\"]]}";
    struct fixture *f = *state;
    assert_result(f, calendar,
                  "\"intervals_ms\":[[1780909200250,1780909201001],[1780959600000,1780963200100]]",
                  "\"op\":\"intervals_after\",\"start_ms\":%lld,\"count\":2", (long long)MONDAY);
    assert_result(f, calendar, "\"duration_ms\":750",
                  "\"op\":\"between\",\"start_ms\":1780909200250.7,\"end_ms\":1.7809092010014e12");
    assert_result(f, calendar, "\"instant_ms\":1780909200252",
                  "\"op\":\"add\",\"start_ms\":1780909200250.4,\"amount_ms\":1.5");
    assert_result(f, calendar, "\"instant_ms\":-1",
                  "\"op\":\"resolve_local\",\"local\":\"1969-12-31 23:59:59.999\"");
    assert_result(f, calendar, "\"instant_ms\":0",
                  "\"op\":\"resolve_local\",\"local\":\"1969-12-31T23:59:59.9996\"");
}

static void wall_times_are_read_strictly(void **state)
{
    static const struct {
        const char *text;
        toc_time_ms time_ms; /* -1: none */
    } times[] = {
        {"00:00", 0},           {"09:30", 9 * HOUR + 30 * MIN},
        {"24:00", DAY},         {"24:00:00.000", DAY},
        {"23:59:59.9995", DAY}, {"23:59:59.9994999999", DAY - 1},
        {"00:00:01.1", 1100},   {"00:00:00.000000000000001", 0},
        {"00:00:60", -1},       {"24:00:00.001", -1},
        {"24:01", -1},          {"25:00", -1},
        {"9:00", -1},           {"0900", -1},
        {"09:0", -1},           {"09:60", -1},
        {"09:00:", -1},         {"09:00:00.", -1},
        {"09:00:00,5", -1},     {" 09:00", -1},
        {"09:00 ", -1},         {"", -1},
        {"-1:00", -1},          {"09:00:00.5x", -1},
    };
    static const char *const dates[] = {
        "2026-13-01", "2026-00-01", "2026-01-00",  "2026-02-29", "2026-1-01",
        "26-01-01",   "0000-01-01", "2026-01-01 ", "2026/01/01", ""};
    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        toc_time_ms time_ms = -1;
        assert_int_equal(toc_wall_time(toc_str_of(times[i].text), &time_ms), times[i].time_ms >= 0);
        assert_int_equal(time_ms, times[i].time_ms);
    }
    int64_t days = 7;
    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        assert_false(toc_wall_date(toc_str_of(dates[i]), &days));
    assert_int_equal(days, 7);
    assert_true(toc_wall_date(TOC_STR("2024-02-29"), &days));
    assert_int_equal(days, toc_days_from_date(2024, 2, 29));
    assert_true(toc_wall_date(TOC_STR("0001-01-01"), &days));
    unsigned month = 0, day = 0;
    assert_true(toc_wall_month_day(TOC_STR("02-29"), &month, &day));
    assert_true(month == 2 && day == 29);
    assert_false(toc_wall_month_day(TOC_STR("02-30"), &month, &day));
    assert_false(toc_wall_month_day(TOC_STR("12-24-"), &month, &day));
    toc_time_ms wall_ms = 0;
    assert_true(toc_wall_local(TOC_STR("2026-06-08 24:00"), &wall_ms));
    assert_int_equal(wall_ms, MONDAY + DAY);
    assert_false(toc_wall_local(TOC_STR("2026-06-08_09:00"), &wall_ms));
}

static void a_wall_time_in_a_gap_moves_forward_and_one_in_an_overlap_is_the_first(void **state)
{
    static const struct {
        const char *zone, *local;
        toc_time_ms instant;
    } rows[] = {
        {"Europe/Berlin", "2026-03-29 01:59:59.999", 1774745999999},
        {"Europe/Berlin", "2026-03-29 02:00:00", 1774746000000},
        {"Europe/Berlin", "2026-03-29 02:30:00", 1774747800000},
        {"Europe/Berlin", "2026-03-29 03:30:00", 1774747800000},
        {"Europe/Berlin", "2026-10-25 02:30:00", 1792888200000},
        {"Australia/Lord_Howe", "2026-10-04 02:15:00", 1791042300000},
        {"Africa/Cairo", "2026-04-24 00:00:00", 1776981600000},
        {"Pacific/Apia", "2011-12-30 12:00:00", 1325282400000},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char calendar[128], wanted[64];
        snprintf(calendar, sizeof(calendar), "\"tz\":\"%s\"", rows[i].zone);
        snprintf(wanted, sizeof(wanted), "\"instant_ms\":%lld", (long long)rows[i].instant);
        assert_result(f, calendar, wanted, "\"op\":\"resolve_local\",\"local\":\"%s\"",
                      rows[i].local);
    }
}

/* --- Windows -------------------------------------------------------------------------------------
 */

static void a_window_that_ends_before_it_starts_goes_on_overnight(void **state)
{
    struct fixture *f = *state;
    static const char *const same[] = {
        "\"tz\":\"UTC\",\"weekly\":{\"sun\":[[\"22:00\",\"06:00\"]]}",
        "\"tz\":\"UTC\",\"weekly\":{\"sun\":[[\"22:00\",\"24:00\"]],\"mon\":[[\"00:00\","
        "\"06:00\"]]}",
        "\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"00:00:00\",\"06:00:00\"]],\"sun\":[[\"22:00\","
        "\"00:00\"]]}",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_result(f, same[i], "\"intervals_ms\":[[1780869600000,1780898400000]]",
                      "\"op\":\"intervals_between\",\"start_ms\":%lld,\"end_ms\":%lld",
                      (long long)(MONDAY - DAY), (long long)(MONDAY + DAY));
        assert_result(f, same[i], "\"instant_ms\":1780898400000",
                      "\"op\":\"add\",\"start_ms\":1780869600000,\"amount_ms\":28800000");
    }
    assert_result(f,
                  "\"tz\":\"UTC\",\"weekly\":{" ALWAYS
                  "},\"breaks\":{\"2026-06-07\":[[\"22:00\",\"06:00\"]]}",
                  "\"intervals_ms\":[[1780790400000,1780869600000],[1780898400000,1780963200000]]",
                  "\"op\":\"intervals_between\",\"start_ms\":%lld,\"end_ms\":%lld",
                  (long long)(MONDAY - DAY), (long long)(MONDAY + DAY));
}

static void a_calendar_that_always_opens_has_no_edges(void **state)
{
    static const char calendar[] = "\"tz\":\"Europe/Berlin\",\"weekly\":{" ALWAYS "}";
    static const char *const searches[] = {"next_opening", "next_closing",    "prev_opening",
                                           "prev_closing", "intervals_after", "intervals_before"};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
        char line[1024];
        snprintf(line, sizeof(line),
                 "{\"id\":1,\"op\":\"%s\",\"start_ms\":0,\"count\":1,\"calendar\":{%s}}",
                 searches[i], calendar);
        assert_error(f, line, "1", "not ");
    }
    assert_result(f, calendar, "\"intervals_ms\":[[5,7]]",
                  "\"op\":\"intervals_between\",\"start_ms\":5,\"end_ms\":7");
    assert_result(f, calendar, "\"intervals_ms\":[[7,9]]", /* with pauses it has some */
                  "\"op\":\"intervals_after\",\"start_ms\":5,\"count\":1,"
                  "\"pauses_ms\":[[9,1e15],[-1e15,7]]");
    assert_result(f, calendar, "\"instant_ms\":7",
                  "\"op\":\"prev_opening\",\"start_ms\":8,\"pauses_ms\":[[9,1e15],[-1e15,7]]");
}

static void fewer_intervals_than_asked_for_are_all_there_are(void **state)
{
    static const char calendar[] =
        "\"tz\":\"UTC\",\"date_hours\":{\"2026-06-08\":[[\"09:00\",\"10:00\"]]}";
    struct fixture *f = *state;
    assert_result(f, calendar, "\"intervals_ms\":[[1780909200000,1780912800000]]",
                  "\"op\":\"intervals_after\",\"start_ms\":0,\"count\":9");
    assert_result(f, calendar, "\"intervals_ms\":[]",
                  "\"op\":\"intervals_before\",\"start_ms\":0,\"count\":9");
}

/* --- Pauses --------------------------------------------------------------------------------------
 */

static void pauses_are_taken_out_of_working_time_in_every_op(void **state)
{
    /* Monday 10:00 to 11:00 and 16:00 to Tuesday 10:00; unordered, overlapping, touching, empty
     * and reversed ones among them */
#define PAUSES                                                                                     \
    "\"pauses_ms\":[[1780934400000,1780990000000],[1780914600000,1780916400000],[5,5],[9,2],"      \
    "[1780912800000,1780914600000],[1780980000000,1780999200000]]"
    static const struct {
        const char *question, *wanted;
    } rows[] = {
        {"\"op\":\"is_open\",\"start_ms\":1780912799999", "\"open\":true"},
        {"\"op\":\"is_open\",\"start_ms\":1780912800000", "\"open\":false"},
        {"\"op\":\"is_open\",\"start_ms\":1780916400000", "\"open\":true"},
        {"\"op\":\"add\",\"start_ms\":1780909200000,\"amount_ms\":3600000",
         "\"instant_ms\":1780912800000"}, /* used up where the pause begins */
        {"\"op\":\"add\",\"start_ms\":1780909200000,\"amount_ms\":3600001",
         "\"instant_ms\":1780916400001"},
        {"\"op\":\"add\",\"start_ms\":1780912800000,\"amount_ms\":0",
         "\"instant_ms\":1780916400000"},
        {"\"op\":\"add\",\"start_ms\":1780909200000,\"amount_ms\":21600001",
         "\"instant_ms\":1780999200001"},
        {"\"op\":\"sub\",\"start_ms\":1780999200001,\"amount_ms\":21600001",
         "\"instant_ms\":1780909200000"},
        {"\"op\":\"sub\",\"start_ms\":1780915000000,\"amount_ms\":0",
         "\"instant_ms\":1780912800000"},
        {"\"op\":\"between\",\"start_ms\":1780909200000,\"end_ms\":1780999200005",
         "\"duration_ms\":21600005"},
        {"\"op\":\"between\",\"start_ms\":1780999200005,\"end_ms\":1780909200000",
         "\"duration_ms\":0"},
        {"\"op\":\"between\",\"start_ms\":1780913000000,\"end_ms\":1780913000005",
         "\"duration_ms\":0"},
        {"\"op\":\"next_opening\",\"start_ms\":1780909200000", "\"instant_ms\":1780916400000"},
        {"\"op\":\"next_closing\",\"start_ms\":1780909200000", "\"instant_ms\":1780912800000"},
        {"\"op\":\"next_closing\",\"start_ms\":1780912800000", "\"instant_ms\":1780934400000"},
        {"\"op\":\"prev_opening\",\"start_ms\":1780999200000", "\"instant_ms\":1780916400000"},
        {"\"op\":\"prev_closing\",\"start_ms\":1780934400000", "\"instant_ms\":1780912800000"},
        {"\"op\":\"prev_closing\",\"start_ms\":1780999200000", "\"instant_ms\":1780934400000"},
        {"\"op\":\"intervals_after\",\"start_ms\":1780912800001,\"count\":2",
         "\"intervals_ms\":[[1780916400000,1780934400000],[1780999200000,1781024400000]]"},
        {"\"op\":\"intervals_before\",\"start_ms\":1780999200001,\"count\":2",
         "\"intervals_ms\":[[1780999200000,1780999200001],[1780916400000,1780934400000]]"},
        {"\"op\":\"intervals_between\",\"start_ms\":1780910000000,\"end_ms\":1780999200000",
         "\"intervals_ms\":[[1780910000000,1780912800000],[1780916400000,1780934400000]]"},
        {"\"op\":\"resolve_local\",\"local\":\"2026-06-08 10:30\"", "\"instant_ms\":1780914600000"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_result(f, OFFICE, rows[i].wanted, "%s,%s", rows[i].question, PAUSES);
    assert_error(f,
                 "{\"id\":1,\"calendar\":{" OFFICE "},\"op\":\"add\",\"start_ms\":0,"
                 "\"amount_ms\":0,\"pauses_ms\":[[-1e15,1e15]]}",
                 "1", "there is not that much working time");
    /* The largest number that every program can write stands for a pause without an end. */
    assert_result(f, OFFICE, "\"instant_ms\":1780914600000",
                  "\"op\":\"next_closing\",\"start_ms\":1780909200000,"
                  "\"pauses_ms\":[[1780914600000,9007199254740991]]");
}

__attribute__((format(printf, 3, 4))) static void append(char *text, size_t room,
                                                         const char *format, ...)
{
    size_t size = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + size, room - size, format, args);
    va_end(args);
}

/* The same times of a week as breaks and as pauses. */
static void draw_breaks(uint64_t *seed, char breaks[1024], char pauses[1024])
{
    breaks[0] = pauses[0] = '\0';
    for (int day = 0; day < 7; day++) {
        append(breaks, 1024, "%s\"2026-06-%02d\":[", day > 0 ? "," : "", 8 + day);
        int count = (int)(draw(seed) % 4);
        for (int i = 0; i < count; i++) {
            int from = (int)draw_between(seed, 8 * 60, 17 * 60);
            int until = (int)draw_between(seed, from + 1, 18 * 60);
            long long midnight = MONDAY + day * DAY;
            append(breaks, 1024, "%s[\"%02d:%02d\",\"%02d:%02d\"]", i > 0 ? "," : "", from / 60,
                   from % 60, until / 60, until % 60);
            append(pauses, 1024, "%s[%lld,%lld]", pauses[0] ? "," : "", midnight + from * MIN,
                   midnight + until * MIN);
        }
        append(breaks, 1024, "]");
    }
}

static void pauses_equal_a_calendar_with_breaks(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = SEED;
    for (int i = 0; i < 4000; i++) {
        char breaks[1024], pauses[1024], question[256], line[4096];
        toc_time_ms start = MONDAY + draw_between(&seed, -DAY / MIN, 8 * DAY / MIN) * MIN;
        draw_breaks(&seed, breaks, pauses);
        snprintf(question, sizeof(question),
                 "\"op\":\"%s\",\"start_ms\":%lld,\"amount_ms\":%lld,\"end_ms\":%lld,\"count\":3",
                 ops[i % OPEN_OP_COUNT], (long long)start,
                 (long long)draw_between(&seed, 0, 1200) * MIN,
                 (long long)(start + draw_between(&seed, -DAY, 4 * DAY)));
        snprintf(line, sizeof(line), "{\"id\":1,\"calendar\":{" OFFICE "},%s,\"pauses_ms\":[%s]}",
                 question, pauses);
        char *wanted = strdup(ask(f, line));
        assert_true(f->fits);
        snprintf(line, sizeof(line), "{\"id\":1,\"calendar\":{" OFFICE ",\"breaks\":{%s}},%s}",
                 breaks, question);
        assert_answer(f, line, wanted);
        free(wanted);
    }
}

/* --- The shelf -----------------------------------------------------------------------------------
 */

static void more_calendars_than_the_shelf_holds_are_all_answered(void **state)
{
    struct fixture *f = *state;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 300; i++) {
            char calendar[128], wanted[64];
            snprintf(calendar, sizeof(calendar),
                     "\"tz\":\"UTC\",\"weekly\":{\"mon\":[[\"09:00\",\"09:%02d:%02d\"]]}", i / 60,
                     i % 60 + (i < 60));
            snprintf(wanted, sizeof(wanted), "\"duration_ms\":%d", (i + (i < 60)) * 1000);
            if (i == 59) /* 09:00:60 is none */
                continue;
            assert_result(f, calendar, wanted,
                          "\"op\":\"between\",\"start_ms\":%lld,\"end_ms\":%lld", (long long)MONDAY,
                          (long long)(MONDAY + DAY));
        }
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ROW(every_op_answers_by_its_name),
        ROW(ids_come_back_as_they_were_given),
        ROW(an_error_has_the_id_whenever_it_can_be_read),
        ROW(a_typing_error_is_never_a_silent_default),
        ROW(null_is_as_good_as_missing),
        ROW(what_an_op_needs_is_asked_for),
        ROW(times_may_carry_fractions_of_a_second),
        ROW(wall_times_are_read_strictly),
        ROW(a_wall_time_in_a_gap_moves_forward_and_one_in_an_overlap_is_the_first),
        ROW(a_window_that_ends_before_it_starts_goes_on_overnight),
        ROW(a_calendar_that_always_opens_has_no_edges),
        ROW(fewer_intervals_than_asked_for_are_all_there_are),
        ROW(pauses_are_taken_out_of_working_time_in_every_op),
        ROW(pauses_equal_a_calendar_with_breaks),
        ROW(more_calendars_than_the_shelf_holds_are_all_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
