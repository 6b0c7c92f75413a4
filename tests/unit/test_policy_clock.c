/* Clocks and teams as a policy writes them. */
#include "common/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- helpers ---------------------------------------------------------------------------------- */

#define HEAD                                                                                       \
    "policy: 1\n"                                                                                  \
    "calendars: {day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"                        \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues: {first: {tier: 1}, second: {tier: 2}}\n"                                              \
    "routes: [{rule: default, queue: first}]\n"

static struct toc_policy *good(const char *text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    enum toc_err err = toc_policy_parse(toc_str_of(text), "p.yaml", &policy, &errors);
    if (errors != NULL)
        print_error("%s", errors);
    assert_int_equal(err, TOC_OK);
    return policy;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in:\n%s", part, text);
}

/* `text` after HEAD has exactly one error, with `message` in it and, unless NULL, `hint`. */
static void assert_error(const char *text, const char *message, const char *hint)
{
    char whole[4096], *errors = NULL;
    struct toc_policy *policy = NULL;
    snprintf(whole, sizeof(whole), "%s%s", HEAD, text);
    assert_int_equal(toc_policy_parse(toc_str_of(whole), "p.yaml", &policy, &errors),
                     TOC_ERR_CONFIG);
    assert_has(errors, message);
    if (hint != NULL)
        assert_has(errors, hint);
    const char *first = strstr(errors, ": error: ");
    assert_non_null(first);
    if (strstr(first + 1, ": error: ") != NULL)
        fail_msg("more than one error:\n%s", errors);
    free(errors);
}

/* --- teams ------------------------------------------------------------------------------------ */

static void a_team_has_a_clock_for_its_answers(void **state)
{
    struct toc_policy *policy =
        good(HEAD "teams:\n"
                  "  legal: {path: wake, calendar: day, answer_within: 4h, remind: [50, 80]}\n"
                  "  bank: {calendar: day, answer_within: 2d}\n");
    const struct toc_team *legal = toc_policy_team(policy, TOC_STR("legal"));
    const struct toc_team *bank = toc_policy_team(policy, TOC_STR("bank"));
    (void)state;
    assert_int_equal(policy->team_count, 2);
    assert_string_equal(legal->path->name, "wake");
    assert_int_equal(legal->clock.metric, TOC_CLOCK_ESCALATION);
    assert_string_equal(legal->clock.name, "escalation");
    assert_string_equal(toc_calendar_name(legal->clock.calendar), "day");
    for (size_t i = 0; i <= TOC_POLICY_PRIORITIES; i++)
        assert_int_equal(legal->clock.target_ms[i], 4 * TOC_HOUR_MS);
    assert_int_equal(legal->clock.warn_count, 2);
    assert_int_equal(legal->clock.warn_percent[1], 80);
    assert_null(bank->path);
    assert_int_equal(bank->clock.warn_count, 0);
    assert_null(toc_policy_team(policy, TOC_STR("other")));
    toc_policy_free(policy);
}

static void teams_are_checked(void **state)
{
    (void)state;
    assert_error("teams: {legal: {calendar: day}}\n", "team 'legal' has no 'answer_within'", NULL);
    assert_error("teams: {legal: {answer_within: 4h}}\n", "team 'legal' has no 'calendar'", NULL);
    assert_error("teams: {legal: {calendar: night, answer_within: 4h}}\n",
                 "there is no calendar 'night'", NULL);
    assert_error("teams: {legal: {calendar: day, answer_within: none}}\n",
                 "a team that never has to answer", NULL);
    assert_error("teams: {legal: {calendar: day, answer_within: 4h, remind: [80, 50]}}\n",
                 "have to ascend", NULL);
    assert_error("teams: {legal: {calendar: day, answer_within: 4h, warn: [80]}}\n",
                 "unknown key 'warn'", "remind");
    assert_error("teams: {legal: {calendar: day, answer_within: 4h, path: wale}}\n",
                 "there is no path 'wale'", "'wake'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_team_has_a_clock_for_its_answers),
        cmocka_unit_test(teams_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
