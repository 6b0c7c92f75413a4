/* What is allowed and can have no effect: warnings, and silence where that is not certain. */
#include "common/policy/diag.h"
#include "common/policy/policy.h"
#include "common/policy/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define HEAD                                                                                       \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "paths: {duty: {steps: [{page: [ana], wait: 5m}]}}\n"
#define QUEUES                                                                                     \
    "queues: {desk: {tier: 1, partner: acme}, back: {tier: 2}}\n"                                  \
    "people: {eve: {queues: [desk, back], capacity: 1}}\n"
#define ROUTES       "routes: [{rule: all, queue: desk, sla: s, path: duty}]\n"
#define SLAS(clocks) "slas: {s: {calendar: always, clocks: {" clocks "}}}\n"
#define USUAL        HEAD QUEUES ROUTES SLAS("resolution: {targets: {default: 4h}}")

/* Of each warning the line after its place: "LINE:COLUMN: TEXT". */
static void expect_warnings(const char *text, const char *expected)
{
    char found[2048] = "";
    size_t used = 0;
    struct toc_policy *policy = NULL;
    struct toc_policy_tree *tree = NULL;
    enum toc_err err = toc_policy_check(toc_str_of(text), "p.yaml", &policy, &tree);
    if (err != TOC_OK) {
        char *errors = toc_diag_text(&tree->diag);
        print_error("%s", errors);
        free(errors);
    }
    assert_int_equal(err, TOC_OK);
    toc_diag_sort(&tree->diag);
    for (size_t i = 0; i < tree->diag.warning_count; i++) {
        struct toc_diag_place place;
        toc_diag_find(&tree->diag, tree->diag.warnings[i].offset, &place);
        used += (size_t)snprintf(found + used, sizeof(found) - used, "%d:%d: %s\n", (int)place.line,
                                 (int)place.column, tree->diag.warnings[i].message);
    }
    assert_string_equal(found, expected);
    toc_policy_free(policy);
    toc_policy_tree_free(tree);
}

#define TYPE "'type' is of an event, which may be over, and not of the issue\n"

static void only_triage_knows_the_type_of_an_event(void **state)
{
    (void)state;
    expect_warnings(HEAD QUEUES
                    "triage: [{rule: t, when: {type: tocsin.issue.opened}, set: {priority: P1}}]\n"
                    "routes:\n"
                    "  - {rule: new, when: {type: tocsin.issue.opened}, queue: back}\n"
                    "  - {rule: all, queue: desk, sla: s, path: duty}\n" //
                    SLAS("resolution: {when: {not: {type: tocsin.issue.fact}}, targets: {default: "
                         "4h}}") "alerts:\n"
                                 "  - {rule: a, on: breached, when: {type: \"*\"}, severity: "
                                 "info}\n",
                    "8:30: " TYPE "10:71: " TYPE "12:42: " TYPE);
}

static void triage_is_asked_for_some_types_only(void **state)
{
    (void)state;
    expect_warnings(USUAL
                    "triage:\n"
                    "  - {rule: a, when: {type: tocsin.issue.message}, set: {priority: P1}}\n"
                    "  - {rule: b, when: {type: [tocsin.issue.fact, tocsin.issue.message]}, set: "
                    "{priority: P1}}\n"
                    "  - {rule: c, when: {type: \"tocsin.issue.c*\"}, set: {priority: P1}}\n"
                    "  - {rule: d, when: {type: \"tocsin.agent.*\"}, set: {priority: P1}}\n"
                    "  - {rule: e, when: {not: {type: tocsin.issue.message}}, set: {priority: "
                    "P1}}\n",
                    "9:28: rules are not asked for events of this type\n"
                    "12:28: rules are not asked for events of this type\n");
}

#define NO_BREACH "no SLA of an issue that the policy brings here has a clock to breach\n"

static void a_move_on_breach_needs_a_clock(void **state)
{
    (void)state;
    expect_warnings(HEAD
                    "queues: {desk: {tier: 1, on_breach: back}, back: {tier: 2}}\n"
                    "routes: [{rule: all, queue: desk}]\n" SLAS("resolution: {targets: {P1: 1h}}"),
                    "4:37: " NO_BREACH);
    expect_warnings(HEAD
                    "queues: {desk: {tier: 1, on_breach: back}, back: {tier: 2}}\n" ROUTES SLAS(
                        "queue_wait: {queues: back, targets: {default: 1h}}"),
                    "4:37: " NO_BREACH);
    expect_warnings(HEAD
                    "queues: {desk: {tier: 1, on_breach: back}, back: {tier: 2}}\n" ROUTES SLAS(
                        "resolution: {when: {not: {queue: desk}}, targets: {default: 1h}}"),
                    "4:37: " NO_BREACH);
}

static void issues_bring_their_clocks_along(void **state)
{
    (void)state;
    expect_warnings(HEAD "queues:\n"
                         "  desk: {tier: 1, spill: [{after: 1h, to: back}]}\n"
                         "  back: {tier: 2, on_breach: last}\n"
                         "  last: {tier: 3}\n"
                         "people: {eve: {queues: [desk, back, last], capacity: 1}}\n" ROUTES SLAS(
                             "resolution: {targets: {default: none}}"),
                    ""); /* a date by hand may breach */
    expect_warnings(HEAD "queues: {desk: {tier: 1}, back: {tier: 2, on_breach: last}, last: {tier: "
                         "3}}\n"
                         "triage: [{rule: t, when: {risk: severe}, escalate: {queue: "
                         "back}}]\n" ROUTES SLAS("resolution: {targets: {default: 4h}}"),
                    "");
}

#define NEVER ": this rule never opens an alert\n"

static void an_alert_needs_a_clock_that_can_do_so(void **state)
{
    (void)state;
    expect_warnings(
        HEAD QUEUES ROUTES SLAS("resolution: {targets: {default: 4h}}, "
                                "vip: {metric: first_reply, when: {requester_tier: [gold]}, "
                                "targets: {default: 1h}, warn: [50]}") //
        "alerts:\n"
        "  - {rule: a, on: warned, metric: resolution, severity: info}\n"
        "  - {rule: b, on: warned, when: {requester_tier: silver}, severity: info}\n"
        "  - {rule: c, on: warned, when: {requester_tier: \"g*\"}, severity: info}\n"
        "  - {rule: d, on: breached, metric: vip, when: {not: {requester_tier: "
        "[gold, silver]}}, severity: info}\n"
        "  - {rule: e, on: breached, when: {region: BR}, severity: info}\n",
        "9:5" NEVER "10:5" NEVER "12:5" NEVER);
}

static void an_alert_looks_at_issues_in_some_states_only(void **state)
{
    (void)state;
    expect_warnings(USUAL
                    "alerts:\n"
                    "  - {rule: a, on: opened, when: {state: [solved, closed]}, severity: info}\n"
                    "  - {rule: b, on: opened, when: {state: pending}, severity: info}\n"
                    "  - {rule: c, on: waiting, when: {state: pending}, severity: info}\n"
                    "  - {rule: d, on: waiting, when: {not: {state: new}}, severity: info}\n",
                    "9:5" NEVER "11:5" NEVER);
}

static void a_partner_runs_some_queue(void **state)
{
    (void)state;
    expect_warnings(
        USUAL
        "triage:\n"
        "  - {rule: a, when: {partner: [acme, \"ac*\", \"b*\", other]}, set: {priority: P1}}\n",
        "9:45: no queue is run by 'b*'\n"
        "9:51: no queue is run by 'other'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_triage_knows_the_type_of_an_event),
        cmocka_unit_test(triage_is_asked_for_some_types_only),
        cmocka_unit_test(a_move_on_breach_needs_a_clock),
        cmocka_unit_test(issues_bring_their_clocks_along),
        cmocka_unit_test(an_alert_needs_a_clock_that_can_do_so),
        cmocka_unit_test(an_alert_looks_at_issues_in_some_states_only),
        cmocka_unit_test(a_partner_runs_some_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
