/* What would become of an event: told in full, and bounded whatever policy and event are. */
#include "common/policy/policy.h"
#include "services/cli/rehearse/rehearse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define AT_MS 1772445600000 /* Mon 2026-03-02 10:00 UTC */

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
    "  fast: {calendar: always, clocks: {first_reply: {targets: {default: 10m}}}}\n"               \
    "  slow: {calendar: always, clocks: {first_reply: {targets: {default: 4h}},\n"                 \
    "    resolution: {targets: {default: 8h}, pause_on: [pending]}}}\n"                            \
    "alerts: [{rule: late, on: breached, severity: error}]\n"

static struct rehearsal told;
static Tocsin__V1__Event event;
static Tocsin__V1__IssueOpened opened;

static int set_up(void **state)
{
    (void)state;
    tocsin__v1__event__init(&event);
    tocsin__v1__issue_opened__init(&opened);
    event.id = toc_wire_text("1");
    event.source = toc_wire_text("urn:shop");
    event.subject = toc_wire_text("T-1");
    event.type = toc_wire_text("tocsin.issue.opened");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event.issue_opened = &opened;
    opened.channel = toc_wire_text("email");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rehearsal_done(&told);
    return 0;
}

static void run(const char *policy)
{
    assert_int_equal(rehearse(toc_str_of(policy), &event, AT_MS, &told), TOC_OK);
}

static void rules_clocks_and_pages_are_told(void **state)
{
    (void)state;
    opened.category = toc_wire_text("threat");
    run(POLICY);
    assert_null(told.refused);
    assert_false(told.opened_before || told.cut);
    assert_string_equal(told.triaged->rule, "danger");
    assert_string_equal(told.routed->rule, "danger");
    assert_string_equal(told.issue->queue, "safety");
    assert_int_equal(told.clock_count, 1);
    assert_true(told.clocks[0]->clock->due_ms == AT_MS + 10 * TOC_MINUTE_MS);
    assert_string_equal(told.promises[0], "10m");
    assert_int_equal(told.page_count, 3);
    assert_string_equal(told.pages[0]->page->contact, "anna");
    assert_in_range(told.page_ms[0] - AT_MS - 10 * TOC_MINUTE_MS, 0, 1);
    assert_string_equal(told.pages[2]->page->contact, "cleo");
    assert_in_range(told.page_ms[2] - AT_MS - 15 * TOC_MINUTE_MS, 0, 2);
}

static void rules_that_did_not_fit_are_told(void **state)
{
    (void)state;
    run(POLICY);
    assert_string_equal(told.routed->rule, "rest");
    assert_int_equal(told.routed->n_tried, 1);
    assert_string_equal(told.routed->tried[0]->name, "danger");
    assert_string_equal(told.routed->tried[0]->why, "risk");
    assert_int_equal(told.clock_count, 2);
}

static void an_event_about_an_issue_opens_one_first(void **state)
{
    Tocsin__V1__IssueStatus status = TOCSIN__V1__ISSUE_STATUS__INIT;
    (void)state;
    event.type = toc_wire_text("tocsin.issue.status");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    event.issue_status = &status;
    status.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING;
    run(POLICY);
    assert_true(told.opened_before);
    assert_null(told.refused);
    assert_int_equal(told.issue->state, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING);
    for (size_t i = 0; i < told.clock_count; i++)
        if (strcmp(told.clocks[i]->clock->metric, "resolution") == 0)
            assert_int_equal(told.clocks[i]->clock->state, TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED);
}

static void an_issue_of_another_is_named_by_nothing(void **state)
{
    static uint8_t id[TOC_ID] = {1, 2, 3};
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    (void)state;
    event.type = toc_wire_text("tocsin.issue.message");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event.issue_message = &message;
    event.issue = (ProtobufCBinaryData){sizeof(id), id};
    event.subject = toc_wire_text("");
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    run(POLICY);
    assert_true(told.opened_before);
    assert_null(told.refused);
    assert_int_equal(event.issue.len, TOC_ID); /* the caller's event is as it was */
}

static void what_intake_refuses_is_told(void **state)
{
    char subject[300] = "";
    (void)state;
    memset(subject, 'x', sizeof(subject) - 1);
    event.subject = subject;
    run(POLICY);
    assert_non_null(strstr(told.refused, "subject"));
    assert_null(told.issue);
}

static void only_what_is_about_issues_is_rehearsed(void **state)
{
    Tocsin__V1__Token token = TOCSIN__V1__TOKEN__INIT;
    (void)state;
    event.type = toc_wire_text("tocsin.token.added");
    event.body_case = TOCSIN__V1__EVENT__BODY_TOKEN;
    event.token = &token;
    run(POLICY);
    assert_non_null(strstr(told.refused, "about issues"));
}

static void a_test_pages_nobody(void **state)
{
    (void)state;
    event.test = true;
    run(POLICY);
    assert_int_equal(told.page_count, 0);
    assert_int_equal(told.clock_count, 2);
}

static void a_policy_without_end_is_cut(void **state)
{
    enum { CLOCKS = 16, STEPS = 5 };
    static char policy[65536];
    char *at = policy;
    (void)state;
    at += sprintf(at, "policy: 1\n"
                      "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
                      "queues: {q: {tier: 1}}\n"
                      "paths: {p: {repeat: 9, steps: [");
    for (int i = 0; i < STEPS; i++)
        at += sprintf(at, "%s{page: [a%d, b%d, c%d], wait: 1m}", i > 0 ? ", " : "", i, i, i);
    at += sprintf(at, "]}}\nroutes: [{rule: r, queue: q, sla: s, path: p}]\n"
                      "slas: {s: {calendar: always, clocks: {");
    for (int i = 0; i < CLOCKS; i++)
        at += sprintf(at,
                      "%sc%d: {metric: resolution, targets: {default: %dm}, "
                      "warn: [10, 50, 90]}",
                      i > 0 ? ", " : "", i, i + 1);
    sprintf(at, "}}}\nalerts: [{rule: w, on: warned, severity: info}, {rule: b, on: breached, "
                "severity: error}]\n");
    run(policy);
    assert_null(told.refused);
    assert_int_equal(told.clock_count, CLOCKS);
    assert_true(told.cut);
    assert_int_equal(told.page_count, REHEARSE_PAGES_MAX);
}

static void as_json_it_is_one_line(void **state)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    opened.category = toc_wire_text("threat\n\"\x1b");
    run(POLICY);
    rehearsal_json(&told, out);
    assert_int_equal(fclose(out), 0);
    assert_ptr_equal(strchr(text, '\n'), text + size - 1);
    assert_non_null(strstr(text, "\"tried\":[{\"rule\":\"danger\",\"why_not\":\"risk\"}]"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rules_clocks_and_pages_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(rules_that_did_not_fit_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_about_an_issue_opens_one_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_issue_of_another_is_named_by_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_intake_refuses_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_what_is_about_issues_is_rehearsed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_test_pages_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_policy_without_end_is_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(as_json_it_is_one_line, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
