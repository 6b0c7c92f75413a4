#include "services/cli/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define NOON 1772366400000 /* 2026-03-01 12:00:00 UTC, a Sunday */

static struct toc_tz *zone_of(const char *name)
{
    struct toc_tz *zone = NULL;
    assert_int_equal(toc_tz_load(name, &zone), TOC_OK);
    return zone;
}

static void instants_are_read_as_people_type_them(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"now", "Sun 2026-03-01 13:00"},
        {"+8h", "Sun 2026-03-01 21:00"},
        {"-1d", "Sat 2026-02-28 13:00"},
        {"+90s", "Sun 2026-03-01 13:01:30"},
        {"2026-03-02", "Mon 2026-03-02 00:00"},
        {"2026-03-02 09:30", "Mon 2026-03-02 09:30"},
        {"2026-03-02T09:30:15", "Mon 2026-03-02 09:30:15"},
        {"2026-03-02T09:30:00Z", "Mon 2026-03-02 10:30"},
    };
    struct toc_tz *berlin = zone_of("Europe/Berlin");
    char out[WHEN_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        toc_time_ms at_ms = 0;
        assert_true(when_read(toc_str_of(cases[i].text), berlin, NOON, &at_ms));
        assert_string_equal(when_wall(out, berlin, at_ms), cases[i].shown);
    }
    toc_tz_free(berlin);
}

static void what_is_no_time_is_not_read(void **state)
{
    static const char *const cases[] = {
        "",
        "8h",
        "+",
        "+8",
        "tomorrow",
        "2026-02-30",
        "2026-03-02 25:00",
        "09:30",
        "+9999d9999h999999999999h",
        "+900000d",
        "1700-01-01",
        "9999-12-31",
        "2026-03-02 09:30 UTC",
    };
    struct toc_tz *utc = zone_of("UTC");
    toc_time_ms at_ms = 7;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_false(when_read(toc_str_of(cases[i]), utc, NOON, &at_ms));
    assert_int_equal(at_ms, 7);
    toc_tz_free(utc);
}

static void a_wall_time_that_is_not_there_is_the_end_of_the_gap(void **state)
{
    struct toc_tz *berlin = zone_of("Europe/Berlin");
    char out[WHEN_MAX];
    toc_time_ms at_ms = 0, first_ms = 0;
    (void)state;
    assert_true(when_read(TOC_STR("2026-03-29 02:30"), berlin, NOON, &at_ms));
    assert_string_equal(when_wall(out, berlin, at_ms), "Sun 2026-03-29 03:00");
    assert_true(when_read(TOC_STR("2026-10-25 02:30"), berlin, NOON, &at_ms));
    assert_true(when_read(TOC_STR("2026-10-25T00:30:00Z"), berlin, NOON, &first_ms));
    assert_int_equal(at_ms, first_ms);
    toc_tz_free(berlin);
}

static void what_has_no_end_says_so(void **state)
{
    struct toc_tz *utc = zone_of("UTC");
    char out[WHEN_MAX];
    (void)state;
    assert_string_equal(when_wall(out, utc, TOC_TIME_NEVER), "never");
    assert_string_equal(when_wall(out, utc, TOC_TIME_MIN), "ever");
    toc_tz_free(utc);
}

static void assert_zone(const char *name, const char *expected)
{
    struct toc_tz *zone = when_zone("test", name);
    assert_non_null(zone);
    assert_string_equal(toc_tz_name(zone), expected);
    toc_tz_free(zone);
}

static void the_readers_zone_is_the_one_given_or_that_of_the_machine(void **state)
{
    (void)state;
    setenv("TZ", "Asia/Kolkata", 1);
    assert_zone("Europe/Dublin", "Europe/Dublin");
    assert_zone(NULL, "Asia/Kolkata");
    setenv("TZ", ":Asia/Tokyo", 1);
    assert_zone(NULL, "Asia/Tokyo");
    setenv("TZ", "CET-1CEST", 1); /* a rule and no name */
    assert_zone(NULL, "UTC");
    assert_null(when_zone("test", "Europe/Dubli"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_read_as_people_type_them),
        cmocka_unit_test(what_is_no_time_is_not_read),
        cmocka_unit_test(a_wall_time_that_is_not_there_is_the_end_of_the_gap),
        cmocka_unit_test(what_has_no_end_says_so),
        cmocka_unit_test(the_readers_zone_is_the_one_given_or_that_of_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
