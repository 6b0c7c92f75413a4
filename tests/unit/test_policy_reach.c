/* What a policy says in vain: rules that no issue gets to, calendars that are over. */
#include "common/policy/policy.h"
#include "common/policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define HEAD "policy: 1\nqueues: {a: {tier: 1}, b: {tier: 2}}\n"

/* The policy's tree, with its errors and warnings. */
static struct toc_policy_tree *check(const char *text)
{
    struct toc_policy *policy = NULL;
    struct toc_policy_tree *tree = NULL;
    enum toc_err err = toc_policy_check(toc_str_of(text), "p.yaml", &policy, &tree);
    assert_true(err == TOC_OK || err == TOC_ERR_CONFIG);
    assert_int_equal(err == TOC_OK, tree->diag.count == 0);
    if (err == TOC_OK)
        toc_policy_free(policy);
    return tree;
}

/* The only error, and its hint; both NULL for none. */
static void assert_routes(const char *rules, const char *message, const char *hint)
{
    char text[2000];
    (void)snprintf(text, sizeof(text), HEAD "routes:\n%s  - {rule: rest, queue: a}\n", rules);
    struct toc_policy_tree *tree = check(text);
    assert_int_equal(tree->diag.count, message != NULL);
    if (message != NULL) {
        assert_string_equal(tree->diag.entries[0].message, message);
        assert_string_equal(tree->diag.entries[0].hint, hint);
    }
    toc_policy_tree_free(tree);
}

/* --- rules ------------------------------------------------------------------------------------ */

static void a_rule_that_two_before_it_leave_nothing_is_named(void **state)
{
    (void)state;
    assert_routes("  - {rule: r1, when: {priority: [P1, P2]}, queue: a}\n"
                  "  - {rule: r2, when: {priority: [P3]}, queue: b}\n"
                  "  - {rule: r3, when: {priority: [P2, P3]}, queue: b}\n",
                  "rule 'r3' can never be reached",
                  "the rules before it fit together whatever this one fits: 'r1', 'r2'");
}

static void what_they_leave_is_enough_to_be_reached(void **state)
{
    (void)state;
    assert_routes("  - {rule: r1, when: {priority: [P1, P2]}, queue: a}\n"
                  "  - {rule: r2, when: {priority: [P3]}, queue: b}\n"
                  "  - {rule: r3, when: {priority: [P2, P3, P4]}, queue: b}\n"
                  "  - {rule: r4, when: {bot: yes, not: {priority: \"P*\"}}, queue: b}\n",
                  NULL, NULL);
}

static void several_fields_are_looked_at_together(void **state)
{
    (void)state;
    assert_routes(
        "  - {rule: r1, when: {priority: P1, risk: [severe, critical]}, queue: a}\n"
        "  - {rule: r2, when: {priority: P1, not: {risk: [severe, critical]}}, queue: b}\n"
        "  - {rule: r3, when: {priority: P1, bot: yes}, queue: b}\n",
        "rule 'r3' can never be reached",
        "the rules before it fit together whatever this one fits: 'r1', 'r2'");
    assert_routes(
        "  - {rule: r1, when: {priority: P1, risk: severe}, queue: a}\n"
        "  - {rule: r2, when: {priority: P2, risk: critical}, queue: b}\n"
        "  - {rule: r3, when: {priority: [P1, P2], risk: [severe, critical]}, queue: b}\n",
        NULL, NULL);
}

static void what_is_blank_is_left_by_every_value(void **state)
{
    (void)state;
    assert_routes("  - {rule: r1, when: {risk: [none, low, elevated]}, queue: a}\n"
                  "  - {rule: r2, when: {risk: [severe, critical]}, queue: b}\n",
                  NULL, NULL);
    assert_routes("  - {rule: r1, when: {bot: yes}, queue: a}\n"
                  "  - {rule: r2, when: {bot: no}, queue: b}\n",
                  "rule 'rest' can never be reached",
                  "the rules before it fit together whatever this one fits: 'r1', 'r2'");
}

static void other_fields_count_when_they_ask_for_no_more(void **state)
{
    (void)state;
    assert_routes("  - {rule: r1, when: {channel: [chat, email], tier: \"<2\"}, queue: a}\n"
                  "  - {rule: r2, when: {channel: \"c*\", tier: \"2..3\"}, queue: b}\n"
                  "  - {rule: r3, when: {channel: chat, region: IE}, queue: b}\n",
                  "rule 'r3' can never be reached",
                  "the rules before it fit together whatever this one fits: 'r1', 'r2'");
    assert_routes("  - {rule: r1, when: {channel: chat, tier: \"<2\"}, queue: a}\n"
                  "  - {rule: r2, when: {channel: email, tier: \"2..3\"}, queue: b}\n"
                  "  - {rule: r3, when: {channel: [chat, email], region: IE}, queue: b}\n",
                  NULL, NULL);
}

static void many_rules_are_counted(void **state)
{
    (void)state;
    assert_routes("  - {rule: r1, when: {state: [new, open]}, queue: a}\n"
                  "  - {rule: r2, when: {state: pending}, queue: a}\n"
                  "  - {rule: r3, when: {state: on_hold}, queue: a}\n"
                  "  - {rule: r4, when: {state: solved}, queue: a}\n"
                  "  - {rule: r5, when: {state: closed}, queue: a}\n"
                  "  - {rule: r6, when: {state: \"*\"}, queue: b}\n",
                  "rule 'r6' can never be reached",
                  "the rules before it fit together whatever this one fits: "
                  "'r1', 'r2', 'r3', 'r4' and 1 more");
}

/* --- calendars -------------------------------------------------------------------------------- */

static void assert_calendar(const char *calendar, const char *warning)
{
    char text[1000];
    (void)snprintf(text, sizeof(text),
                   HEAD "calendars: {c: %s}\nroutes: [{rule: rest, queue: a}]\n", calendar);
    struct toc_policy_tree *tree = check(text);
    assert_int_equal(tree->diag.count, 0);
    assert_int_equal(tree->diag.warning_count, warning != NULL);
    if (warning != NULL)
        assert_string_equal(tree->diag.warnings[0].message, warning);
    toc_policy_tree_free(tree);
}

static void a_calendar_of_dates_alone_is_told_to_end(void **state)
{
    (void)state;
    assert_calendar("{zone: UTC, date_hours: {1980-05-05: [\"09:00-10:00\"]}}",
                    "calendar 'c' opens no more after 1980-05-05");
    assert_calendar("{zone: Asia/Kolkata, date_hours: {2027-01-01: [\"09:00-24:00\"],\n"
                    "  2027-01-02: [], 1970-01-01: [\"00:00-01:00\"]}}",
                    "calendar 'c' opens no more after 2027-01-01");
    assert_calendar("{zone: America/New_York, date_hours: {2199-12-30: [\"09:00-24:00\"]}}",
                    "calendar 'c' opens no more after 2199-12-30");
}

static void a_week_goes_on_for_ever(void **state)
{
    (void)state;
    assert_calendar("{zone: UTC, weekly: {sun: [\"09:00-09:01\"]}}", NULL);
    assert_calendar("{zone: UTC, weekly: {sun: [\"09:00-09:01\"]},\n"
                    "  date_hours: {1980-05-05: [\"09:00-10:00\"]}}",
                    NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_that_two_before_it_leave_nothing_is_named),
        cmocka_unit_test(what_they_leave_is_enough_to_be_reached),
        cmocka_unit_test(several_fields_are_looked_at_together),
        cmocka_unit_test(what_is_blank_is_left_by_every_value),
        cmocka_unit_test(other_fields_count_when_they_ask_for_no_more),
        cmocka_unit_test(many_rules_are_counted),
        cmocka_unit_test(a_calendar_of_dates_alone_is_told_to_end),
        cmocka_unit_test(a_week_goes_on_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
