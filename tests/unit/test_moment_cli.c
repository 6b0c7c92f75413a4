#include "services/cli/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define NOON 1772366400000 /* 2026-03-01 12:00:00 UTC, a Sunday */

static void spans_show_their_two_largest_units(void **state)
{
    static const struct {
        toc_time_ms span_ms;
        const char *text;
    } cases[] = {
        {0, "0s"},
        {1, "1ms"},
        {999, "999ms"},
        {1000, "1s"},
        {59999, "59s"},
        {60000, "1m00s"},
        {-130000, "-2m10s"},
        {3599999, "59m59s"},
        {3600000, "1h00m"},
        {86399999, "23h59m"},
        {86400000, "1d00h"},
        {-90000000, "-1d01h"},
        {TOC_TIME_MIN, "-106751991167d07h"},
    };
    char out[MOMENT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(moment_span(out, cases[i].span_ms), cases[i].text);
}

static void exact_spans_leave_nothing_out(void **state)
{
    char out[MOMENT_MAX];
    (void)state;
    assert_string_equal(moment_exact(out, 0), "0s");
    assert_string_equal(moment_exact(out, 37), "0.037s");
    assert_string_equal(moment_exact(out, 900000), "15m");
    assert_string_equal(moment_exact(out, 3845250), "1h4m5.250s");
    assert_string_equal(moment_exact(out, 172800000), "48h");
    assert_string_equal(moment_exact(out, 3600001), "1h0.001s");
    assert_string_equal(moment_exact(out, -61000), "-1m1s");
}

static void instants_near_now_need_no_date(void **state)
{
    char out[MOMENT_MAX];
    (void)state;
    assert_string_equal(moment_near(out, NOON, NOON), "12:00:00");
    assert_string_equal(moment_near(out, NOON - 11 * TOC_HOUR_MS, NOON), "01:00:00");
    assert_string_equal(moment_near(out, NOON + 20 * TOC_HOUR_MS, NOON), "Mon 08:00");
    assert_string_equal(moment_near(out, NOON - 7 * TOC_DAY_MS, NOON), "2026-02-22 12:00");
    assert_string_equal(moment_near(out, TOC_TIME_NEVER, NOON), "never");
    assert_string_equal(moment_near(out, TOC_TIME_MIN, NOON), "-");
    assert_string_equal(moment_near(out, NOON, TOC_TIME_NEVER), "2026-03-01 12:00");
    assert_string_equal(moment_near(out, NOON, TOC_TIME_MIN), "2026-03-01 12:00");
}

static void the_date_is_only_written_when_it_changes(void **state)
{
    char out[MOMENT_MAX];
    (void)state;
    assert_string_equal(moment_beside(out, NOON + 5, NOON), "12:00:00.005");
    assert_string_equal(moment_beside(out, NOON + TOC_DAY_MS, NOON), "2026-03-02 12:00:00.000");
    assert_string_equal(moment_beside(out, TOC_TIME_NEVER, NOON), "never");
    assert_string_equal(moment_date(out, NOON), "Sunday 2026-03-01");
    assert_string_equal(moment_clock(out, -1), "23:59:59.999");
    assert_string_equal(moment_full(out, -1), "1969-12-31 23:59:59.999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_show_their_two_largest_units),
        cmocka_unit_test(exact_spans_leave_nothing_out),
        cmocka_unit_test(instants_near_now_need_no_date),
        cmocka_unit_test(the_date_is_only_written_when_it_changes),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
