/* How often people are probed: what is read, when that is, and what is refused. */
#include "common/policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TEXT(reach)                                                                                \
    "policy: 1\nqueues: {q: {tier: 1}}\nroutes: [{rule: all, queue: q}]\n" reach "\n"

static toc_time_ms at(int year, unsigned month, unsigned day, unsigned hour, unsigned minute)
{
    return (toc_time_ms)toc_days_from_date(year, month, day) * TOC_DAY_MS +
           (toc_time_ms)(hour * 60 + minute) * TOC_MINUTE_MS;
}

/* The instant that follows `from_ms`, under a policy of this text. */
static toc_time_ms next(const char *text, toc_time_ms from_ms)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    if (toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors) != TOC_OK)
        print_error("%s", errors ? errors : "?");
    assert_non_null(policy);
    toc_time_ms found = toc_policy_reach_from(policy, from_ms);
    toc_policy_free(policy);
    return found;
}

static void assert_error(const char *text, const char *message)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    assert_int_equal(toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors),
                     TOC_ERR_CONFIG);
    if (strstr(errors, message) == NULL)
        fail_msg("%s", errors);
    free(errors);
}

static void without_the_section_nobody_is_probed(void **state)
{
    (void)state;
    assert_true(next(TEXT(""), 0) == TOC_TIME_NEVER);
}

static void every_seven_days_is_a_monday_at_ten(void **state)
{
    (void)state;
    const char *text = TEXT("reach: {every: 7d, zone: UTC}");
    toc_time_ms monday = at(2026, 11, 30, 10, 0);
    assert_true(next(text, at(2026, 11, 26, 6, 0)) == monday);
    assert_true(next(text, monday) == monday);
    assert_true(next(text, monday + 1) == monday + 7 * TOC_DAY_MS);
}

static void a_start_gives_the_days_before_and_after_it(void **state)
{
    (void)state;
    const char *text = TEXT("reach: {every: 3d, start: 2026-12-01, at: \"08:30\", zone: UTC}");
    assert_true(next(text, at(2026, 11, 26, 9, 0)) == at(2026, 11, 28, 8, 30));
    assert_true(next(text, at(2026, 12, 1, 8, 31)) == at(2026, 12, 4, 8, 30));
}

static void a_wall_time_in_a_gap_is_its_end_and_a_repeated_one_the_first(void **state)
{
    (void)state;
    const char *text = TEXT("reach: {every: 1d, at: \"01:30\", zone: Europe/Dublin}");
    assert_true(next(text, at(2026, 3, 28, 12, 0)) == at(2026, 3, 29, 1, 0));
    assert_true(next(text, at(2026, 10, 24, 12, 0)) == at(2026, 10, 25, 0, 30));
    assert_true(next(text, at(2026, 10, 25, 0, 31)) == at(2026, 10, 26, 1, 30));
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    assert_error(TEXT("reach: {every: 36h, zone: UTC}"), "'every' has to be whole days");
    assert_error(TEXT("reach: {every: 1d, within: 24h, zone: UTC}"),
                 "'within' is not less than 'every'");
    assert_error(TEXT("reach: {every: 1d, within: 10s, zone: UTC}"),
                 "'within' is at least a minute");
    assert_error(TEXT("reach: {every: 7d}"), "zone");
    assert_error(TEXT("reach: {every: 7d, zone: UTC, path: x}"), "path");
    assert_error(TEXT("reach: {every: 500d, zone: UTC}"), "every");
    assert_error(TEXT("reach: 7d"), "reach");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_section_nobody_is_probed),
        cmocka_unit_test(every_seven_days_is_a_monday_at_ten),
        cmocka_unit_test(a_start_gives_the_days_before_and_after_it),
        cmocka_unit_test(a_wall_time_in_a_gap_is_its_end_and_a_repeated_one_the_first),
        cmocka_unit_test(what_is_wrong_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
