/* Cases of `tocsin policy test`: reading them, running them, telling what is not as expected. */
#include "common/event_types.h"
#include "services/cli/cases/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "paths: {p: {steps: [{page: [anna], wait: 5m}, {page: [ben, cleo], wait: 5m}]}}\n"             \
    "queues: {first: {tier: 1}, safety: {tier: 2}}\n"                                              \
    "triage:\n"                                                                                    \
    "  - {rule: danger, when: {category: [threat]}, set: {risk: critical, priority: P1}}\n"        \
    "  - {rule: rest, set: {priority: P4}}\n"                                                      \
    "routes:\n"                                                                                    \
    "  - {rule: danger, when: {risk: [critical]}, queue: safety, sla: fast, path: p}\n"            \
    "  - {rule: rest, queue: first, sla: slow, path: p}\n"                                         \
    "slas:\n"                                                                                      \
    "  fast: {calendar: always, clocks: {first_reply: {targets: {default: 10m}, warn: [50]}}}\n"   \
    "  slow: {calendar: always, clocks: {first_reply: {targets: {default: 4h}},\n"                 \
    "    resolution: {targets: {default: 8h}, pause_on: [pending]}}}\n"                            \
    "alerts: [{rule: late, on: breached, severity: error}]\n"

#define HEAD "- case: c\n  at: 2026-03-02 10:00 Europe/Berlin\n"

struct fixture {
    struct cases *cases;
    char *errors;
    struct case_outcome outcome;
};

static int set_up(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    case_outcome_done(&f->outcome);
    cases_free(f->cases);
    free(f->errors);
    free(f);
    return 0;
}

/* Reads a file of one case whose head is HEAD, and runs it. */
static void run(struct fixture *f, const char *rest)
{
    static char text[8192]; /* lent for the life of the cases */
    size_t count;
    snprintf(text, sizeof(text), HEAD "%s", rest);
    if (cases_read(toc_str_of(text), "c.yaml", &f->cases, &f->errors) != TOC_OK)
        fail_msg("%s", f->errors);
    const struct case_one *all = cases_all(f->cases, &count);
    assert_int_equal(count, 1);
    assert_int_equal(case_run(TOC_STR(POLICY), &all[0], &f->outcome), TOC_OK);
}

static void passes(struct fixture *f, const char *rest)
{
    run(f, rest);
    if (f->outcome.difference_count > 0)
        fail_msg("%s: expected %s, got %s", f->outcome.differences[0].what,
                 f->outcome.differences[0].expected, f->outcome.differences[0].got);
}

/* The only difference, as "line what expected -> got". */
static void differs(struct fixture *f, const char *rest, const char *expected)
{
    char line[1024];
    run(f, rest);
    assert_int_equal(f->outcome.difference_count, 1);
    const struct case_difference *difference = &f->outcome.differences[0];
    snprintf(line, sizeof(line), "%u %s: %s -> %s", cases_line(f->cases, difference->offset),
             difference->what, difference->expected, difference->got);
    assert_string_equal(line, expected);
}

/* --- running -------------------------------------------------------------------------------- */

static void a_case_that_fits_passes(void **state)
{
    passes(*state, "  events:\n"
                   "    - {at: 0m, opened: {channel: email, category: threat, tags: [a, b]}}\n"
                   "    - {at: +11m, message: outbound}\n"
                   "    - {at: +12m, status: solved}\n"
                   "  expect:\n"
                   "    route: {queue: safety, rule: danger, triage: danger, tier: 2,\n"
                   "            priority: P1, risk: critical, tags: [b, a], state: solved,\n"
                   "            assignee: no, test: no}\n"
                   "    clocks:\n"
                   "      first_reply: {started: 0m, warned: +5m, breached: +10m, met: +11m,\n"
                   "                    elapsed: 11m, target: 10m, state: met, paused: none}\n"
                   "    pages: [{to: anna, at: +10m, alert: late, severity: error}]\n");
}

static void what_differs_is_told_with_its_place(void **state)
{
    differs(*state,
            "  events: [{at: 0m, opened: {category: threat}}]\n"
            "  expect:\n"
            "    route:\n"
            "      queue: first\n",
            "6 route.queue: first -> safety");
}

static void a_breach_that_does_not_come_is_told(void **state)
{
    differs(*state,
            "  events: [{at: 0m, opened: {category: threat}}, {at: +9m, message: outbound}]\n"
            "  expect:\n"
            "    clocks: {first_reply: {breached: +10m, met: +9m}}\n",
            "5 clocks.first_reply.breached: +10m -> none");
}

static void a_clock_that_is_not_there_is_told(void **state)
{
    differs(*state,
            "  events: [{at: 0m, opened: {category: threat}}]\n"
            "  expect: {clocks: {resolution: {state: running}}}\n",
            "4 clocks.resolution: a clock -> none");
}

static void clocks_that_should_not_be_there_are_told(void **state)
{
    differs(*state,
            "  events: [{at: 0m, opened: {category: threat}}]\n"
            "  expect: {clocks: none}\n",
            "1 clocks: none -> first_reply");
}

static void a_clock_that_was_never_there_is_none(void **state)
{
    passes(*state, "  events: [{at: 0m, opened: {category: threat}}]\n"
                   "  expect: {clocks: {resolution: none, first_reply: {due: +10m}}}\n");
}

static void a_clock_that_should_not_be_there_is_told(void **state)
{
    differs(*state,
            "  events: [{at: 0m, opened: {category: threat}}]\n"
            "  expect: {clocks: {resolution: none, first_reply: none}}\n",
            "4 clocks.first_reply: none -> a clock");
}

static void pages_are_all_that_were_sent(void **state)
{
    differs(*state,
            "  events: [{at: 0m, opened: {category: threat}}]\n"
            "  until: +16m\n"
            "  expect: {pages: [{to: anna, at: +10m}, {to: ben, at: +15m}]}\n",
            "5 pages: {to: anna, at: +10m}\n{to: ben, at: +15m} -> "
            "{to: anna, at: +10m, alert: late}\n{to: ben, at: +15m, alert: late}\n"
            "{to: cleo, at: +15m, alert: late}");
}

static void nobody_is_paged_after_somebody_answered(void **state)
{
    passes(*state, "  events:\n"
                   "    - {at: 0m, opened: {category: threat}}\n"
                   "    - {at: +12m, alert.acked: {alert: late, by: anna}}\n"
                   "  until: +1d\n"
                   "  expect: {pages: [{to: anna, at: +10m}]}\n");
}

static void an_alert_that_was_never_opened_is_told(void **state)
{
    differs(*state,
            "  events:\n"
            "    - {at: 0m, opened: {category: threat}}\n"
            "    - {at: +1m, alert.acked: late}\n"
            "  expect: {}\n",
            "5 tocsin.alert.acked: an alert of rule late -> none was opened before");
}

/* An event at the due instant is in time, and what follows sees that nothing was breached. */
static void dues_come_to_pass_between_the_events(void **state)
{
    passes(*state, "  events:\n"
                   "    - {at: 0m, opened: {category: other}}\n"
                   "    - {at: +1h, status: pending}\n"
                   "    - {at: +4h, message: outbound}\n"
                   "    - {at: +20h, message: inbound}\n"
                   "    - {at: +28h, status: solved}\n"
                   "  expect:\n"
                   "    clocks:\n"
                   "      first_reply: {met: +4h, breached: no}\n"
                   "      resolution: {paused: +1h, resumed: +20h, breached: +27h, met: +28h,\n"
                   "                   elapsed: 9h}\n");
}

static void a_reopened_issue_has_its_latest_clock_looked_at(void **state)
{
    passes(*state, "  events:\n"
                   "    - {at: 0m, opened: {category: other}}\n"
                   "    - {at: +1h, message: outbound}\n"
                   "    - {at: +2h, status: solved}\n"
                   "    - {at: +1d, message: inbound}\n"
                   "  expect:\n"
                   "    route: {state: open, reopened: 1}\n"
                   "    clocks: {resolution: {instance: 2, started: +1d, due: +32h, met: no}}\n");
}

#define SOLVED_TWICE                                                                               \
    "  events:\n"                                                                                  \
    "    - {at: 0m, opened: {category: other}}\n"                                                  \
    "    - {at: +9h, status: solved}\n"                                                            \
    "    - {at: +1d, message: inbound}\n"                                                          \
    "    - {at: +25h, status: solved}\n"                                                           \
    "  expect:\n"

static void an_earlier_instance_of_a_clock_can_be_meant(void **state)
{
    passes(*state, SOLVED_TWICE "    clocks:\n"
                                "      resolution: {instance: 2, met: +25h, breached: no}\n"
                                "      resolution#2: {started: +1d, met: +25h}\n"
                                "      resolution#1: {started: 0m, breached: +8h, met: +9h}\n"
                                "      resolution#3: none\n");
}

static void what_differs_of_an_earlier_instance_names_it(void **state)
{
    differs(*state, SOLVED_TWICE "    clocks: {resolution#1: {breached: no}}\n",
            "9 clocks.resolution#1.breached: none -> +8h");
}

static void a_case_may_have_several_issues(void **state)
{
    passes(*state, "  source: urn:shop\n"
                   "  events:\n"
                   "    - {at: 0m, opened: {category: other}}\n"
                   "    - {at: +1m, issue: second, opened: {category: threat}}\n"
                   "    - {at: +2m, issue: second, linked: {other: issue, kind: follows}}\n"
                   "  expect:\n"
                   "    route: {queue: first, subject: issue, source: \"urn:shop\"}\n"
                   "    issues:\n"
                   "      second: {route: {queue: safety}, clocks: {first_reply: {due: +11m}}}\n");
}

static void a_refused_event_is_told(void **state)
{
    differs(*state,
            "  events:\n"
            "    - {at: 0m, opened: {category: other}}\n"
            "    - {at: +1m, opened: {category: other}}\n"
            "  expect: {}\n",
            "5 tocsin.issue.opened: accepted -> refused: the issue was opened before");
}

static void a_refusal_may_be_expected(void **state)
{
    passes(*state, "  events:\n"
                   "    - {at: 0m, opened: {category: other}}\n"
                   "    - {at: +1m, refused: yes, opened: {category: other}}\n"
                   "  expect: {}\n");
}

static void an_acceptance_that_should_not_be_is_told(void **state)
{
    differs(*state,
            "  events: [{at: 0m, refused: yes, opened: {category: other}}]\n"
            "  expect: {}\n",
            "3 tocsin.issue.opened: refused -> accepted");
}

/* A type that a case cannot spell would be a hole in what can be tested. */
static void every_type_of_the_bus_may_be_used(void **state)
{
    (void)state;
    size_t count;
    const struct toc_event_type *types = toc_event_types(&count);
    for (size_t i = 0; i < count; i++) {
        char text[512], *errors = NULL;
        struct cases *cases = NULL;
        snprintf(text, sizeof(text), HEAD "  events: [{at: 0m, %s: {}}]\n  expect: {}\n",
                 types[i].text + strlen("tocsin."));
        enum toc_err err = cases_read(toc_str_of(text), "c.yaml", &cases, &errors);
        if (err != TOC_OK)
            fail_msg("%s: %s", types[i].text, errors);
        cases_free(cases);
    }
}

/* --- mistakes ------------------------------------------------------------------------------- */

static void refused(const char *text, const char *first_line, const char *hint)
{
    struct cases *cases;
    char *errors = NULL;
    assert_int_equal(cases_read(toc_str_of(text), "c.yaml", &cases, &errors), TOC_ERR_CONFIG);
    if (strncmp(errors, first_line, strlen(first_line)) != 0)
        fail_msg("%s", errors);
    if (hint != NULL && strstr(errors, hint) == NULL)
        fail_msg("%s", errors);
    free(errors);
}

static void mistakes_have_their_place_and_a_hint(void **state)
{
    (void)state;
    refused(HEAD "  events: [{at: 0m, opend: {}}]\n  expect: {}\n",
            "c.yaml:3:21: error: there is no event 'opend'", "did you mean 'opened'?");
    refused(HEAD "  events: [{at: 0m, opened: {chanel: x}}]\n  expect: {}\n",
            "c.yaml:3:30: error: opened: chanel: unknown member (did you mean 'channel'?)", NULL);
    refused(HEAD "  events: [{at: 0m, status: sloved}]\n  expect: {}\n",
            "c.yaml:3:21: error: status: state: 'sloved' is not one of new, open", NULL);
    refused(HEAD "  events: [{at: soon, status: solved}]\n  expect: {}\n",
            "c.yaml:3:17: error: this is not an instant", "'+2h30m' counts from");
    refused(HEAD "  events: [{at: +2m, status: open}, {at: +1m, status: open}]\n  expect: {}\n",
            "c.yaml:3:37: error: this event is earlier than the one before it", NULL);
    refused(HEAD "  events: [{at: 0m}]\n  expect: {}\n",
            "c.yaml:3:12: error: an event needs `at` and what happens", "as in:");
    refused(HEAD "  events: [{at: 0m, status: open, message: inbound}]\n  expect: {}\n",
            "c.yaml:3:35: error: an event is one thing: 'status' or 'message'", NULL);
    refused(HEAD "  events: []\n  expect: {route: {queu: x}}\n",
            "c.yaml:4:20: error: a route has no 'queu'", "did you mean 'queue'?");
    refused(HEAD "  events: []\n  expect: {clocks: {first_reply: {elapsed: long}}}\n",
            "c.yaml:4:44: error: 'long' is not a duration", "as in: 1h30m");
    refused(HEAD "  events: []\n  expect: {clocks: {first_reply#0: {met: yes}}}\n",
            "c.yaml:4:21: error: 'first_reply#0' is no instance of a clock", "queue_wait#1");
    refused(HEAD "  events: []\n  expects: {}\n", "c.yaml:1:3: error: the case has no `expect`",
            "did you mean 'expect'?");
    refused(HEAD "  events: []\n", "c.yaml:1:3: error: the case has no `expect`", NULL);
    refused("- {case: c, at: 2026-03-02 10:00, events: [], expect: {}}\n",
            "c.yaml:1:17: error: there is no time zone '10:00'", NULL);
    refused("- {case: c, at: 2026-03-02 10:00 Europe/Berln, events: [], expect: {}}\n",
            "c.yaml:1:17: error: there is no time zone 'Europe/Berln'", "such as Europe/Berlin");
    refused("- {case: c, at: yesterday, events: [], expect: {}}\n",
            "c.yaml:1:17: error: `at` has to be a wall time with its zone", "as in:");
    refused("cases: []\n", "c.yaml:1:1: error: a case file is a list of cases", "- case:");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_case_that_fits_passes),
        CASE(what_differs_is_told_with_its_place),
        CASE(a_breach_that_does_not_come_is_told),
        CASE(a_clock_that_is_not_there_is_told),
        CASE(clocks_that_should_not_be_there_are_told),
        CASE(a_clock_that_was_never_there_is_none),
        CASE(a_clock_that_should_not_be_there_is_told),
        CASE(pages_are_all_that_were_sent),
        CASE(nobody_is_paged_after_somebody_answered),
        CASE(an_alert_that_was_never_opened_is_told),
        CASE(dues_come_to_pass_between_the_events),
        CASE(a_reopened_issue_has_its_latest_clock_looked_at),
        CASE(an_earlier_instance_of_a_clock_can_be_meant),
        CASE(what_differs_of_an_earlier_instance_names_it),
        CASE(a_case_may_have_several_issues),
        CASE(a_refused_event_is_told),
        CASE(a_refusal_may_be_expected),
        CASE(an_acceptance_that_should_not_be_is_told),
        CASE(every_type_of_the_bus_may_be_used),
        CASE(mistakes_have_their_place_and_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
