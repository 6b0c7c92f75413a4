#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Issues that end in other ones, appeals and the issues they contest, due dates by hand. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {front: {tier: 1}}\n"                                                                 \
    "teams: {legal: {calendar: always, answer_within: 4h}}\n"                                      \
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}}}}\n"             \
    "routes:\n"                                                                                    \
    "  - {rule: silent, when: {channel: silent}, queue: front}\n"                                  \
    "  - {rule: all, queue: front, sla: s}\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(POLICY);
    chain_run(&router_chain, "10:00 open\n10:01 open issue=2\n10:02 open issue=3\n");
    core_transcript(router_chain.router);
    return 0;
}

#define AT "queue=front tier=1 sla=s "

/* --- merges ---------------------------------------------------------------------------------- */

static void a_merge_ends_the_one_and_is_in_both_histories(void **state)
{
    (void)state;
    expect_router("10:05 merge into=2 by=ana\n",
                  "10:05:00 issue 1 merged new->closed " AT "other=2 v1\n"
                  "10:05:00 issue 1 took_over new " AT "other=1 by=ana v1\n");
    assert_int_equal(core_router_issue(1)->merged_into.data[0], 2);
}

/* znuny#200: the requester of the merged issue still waits. */
static void znuny_200_the_target_keeps_the_earliest_unanswered_message(void **state)
{
    (void)state;
    quietly("10:03 outbound issue=2\n10:04 inbound issue=2\n10:05 merge issue=1 into=2\n");
    assert_int_equal(core_router_issue(2)->unanswered_ms, core_time("10:00"));
    quietly("10:06 outbound issue=2\n10:07 outbound issue=3\n10:08 merge issue=3 into=2\n");
    assert_int_equal(core_router_issue(2)->unanswered_ms, 0);
}

/* zammad#983: what is sent to a merged issue goes on to where the chain ends. */
static void zammad_983_later_messages_follow_the_chain(void **state)
{
    (void)state;
    quietly("10:05 merge into=2\n10:06 merge issue=2 into=3\n");
    expect_router(
        "10:07 outbound issue=3\n10:08 inbound issue=1\n10:09 fact issue=2 name=a value=b\n"
        "10:10 rated issue=1 score=5\n",
        "10:07:00 issue 1 message outbound new->open " AT "v1\n"
        "10:08:00 issue 1 message inbound open " AT "other=1 v1\n"
        "10:09:00 issue 1 fact open " AT "a=b by=crm other=2 v1\n"
        "10:10:00 issue 1 noted open " AT "other=1 v1\n");
    assert_int_equal(core_router_issue(3)->unanswered_ms, core_time("10:08"));
}

/* zammad#2469: no chain of merges is a circle. */
static void zammad_2469_a_merge_that_would_make_a_cycle_is_refused(void **state)
{
    (void)state;
    quietly("10:05 merge into=2\n10:06 merge issue=2 into=3\n");
    expect_router(
        "10:07 merge issue=3 into=1\n10:08 merge issue=3 into=2\n10:09 merge issue=3 into=3\n",
        "10:07:00 refused tocsin.issue.merged state (that issue was merged into this one)\n"
        "10:08:00 refused tocsin.issue.merged state (that issue was merged into this one)\n"
        "10:09:00 refused tocsin.issue.merged bad_value (an issue cannot be merged into "
        "itself)\n");
}

static void a_merge_into_a_merged_issue_goes_to_where_that_ended(void **state)
{
    (void)state;
    quietly("10:05 merge into=2\n");
    expect_router("10:06 merge issue=3 into=1\n",
                  "10:06:00 issue 1 merged new->closed " AT "other=2 v1\n"
                  "10:06:00 issue 1 took_over new " AT "other=3 by=crm v1\n");
}

static void a_merge_into_nothing_is_refused(void **state)
{
    (void)state;
    expect_router("10:05 merge into=9\n",
                  "10:05:00 refused tocsin.issue.merged unknown_issue (there is "
                  "no such issue to merge into)\n");
}

static void what_would_steer_a_merged_issue_is_refused(void **state)
{
    static const char *const events[] = {
        "status open",
        "assign assignee=ana",
        "escalate to_tier=2",
        "classify P1",
        "merge into=3",
        "due metric=first_reply due_ms=12:00 owner=ana",
        "open",
        "raised escalation=q team=legal",
    };
    char script[100];
    (void)state;
    quietly("10:05 merge into=2\n");
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        snprintf(script, sizeof(script), "10:06 %s\n", events[i]);
        chain_run(&router_chain, script);
        assert_non_null(strstr(core_transcript(router_chain.router),
                               "state (the issue was merged into another one)"));
    }
    assert_int_equal(core_router_issue(1)->state, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED);
}

static void a_requester_who_still_waits_reopens_what_was_over(void **state)
{
    (void)state;
    quietly("10:03 outbound issue=2\n10:03 status issue=2 closed\n10:03 outbound issue=3\n");
    expect_router("10:05 merge issue=3 into=2\n10:06 merge issue=1 into=2\n",
                  "10:05:00 issue 1 merged open->closed " AT "other=2 v1\n"
                  "10:05:00 issue 1 took_over closed " AT "other=3 by=crm v1\n"
                  "10:06:00 issue 1 merged new->closed " AT "other=2 v1\n"
                  "10:06:00 issue 1 took_over closed->open " AT "other=1 by=crm v1\n");
}

/* Solved without a word, by telephone: two such reports of one thing stay over. */
static void of_what_was_over_nobody_waits_any_more(void **state)
{
    (void)state;
    quietly("10:03 status issue=1 solved\n10:03 outbound issue=2\n10:03 status issue=2 solved\n"
            "10:04 inbound issue=3\n");
    expect_router("10:05 merge issue=1 into=2\n",
                  "10:05:00 issue 1 merged solved->closed " AT "other=2 v1\n"
                  "10:05:00 issue 1 took_over solved " AT "other=1 by=crm v1\n");
    assert_int_equal(core_router_issue(2)->unanswered_ms, 0);
    quietly("10:06 merge issue=2 into=3\n");
    assert_int_equal(core_router_issue(3)->unanswered_ms, core_time("10:02"));
}

static void what_is_not_finished_is_not_merged_away(void **state)
{
    (void)state;
    quietly("10:03 raised escalation=q team=legal\n10:03 open issue=4 appeal=2 decider=ana\n"
            "10:03 open issue=5 test\n");
    expect_router(
        "10:05 merge issue=1 into=2\n10:05 merge issue=4 into=2\n10:05 merge issue=2 into=5\n",
        "10:05:00 refused tocsin.issue.merged state (an escalation to another team is open)\n"
        "10:05:00 refused tocsin.issue.merged state (an appeal ends with an outcome: upheld or "
        "overturned)\n"
        "10:05:00 refused tocsin.issue.merged state (a test and a real issue are not one)\n");
}

/* Each merge makes the chain behind the next one longer. */
static void a_storm_of_merges_makes_no_endless_chain(void **state)
{
    char script[100];
    unsigned refused = 0;
    (void)state;
    for (unsigned i = 4; i <= 30; i++) {
        snprintf(script, sizeof(script), "10:03 open issue=%u\n", i);
        quietly(script);
    }
    for (unsigned i = 1; i < 30; i++) {
        snprintf(script, sizeof(script), "10:04 merge issue=%u into=%u\n", i, i + 1);
        chain_run(&router_chain, script);
        refused +=
            strstr(core_transcript(router_chain.router), "chain of merges would be too") != NULL;
    }
    assert_int_equal(refused, 1);
    /* A thousand into one is no chain. */
    assert_int_equal(core_router_issue(17)->merges, ROUTER_MERGES_MAX);
    expect_router("10:05 note issue=1\n", "10:05:00 issue 1 message note new " AT "other=1 v1\n");
}

static void an_event_that_waited_is_merged_when_its_issue_is_there(void **state)
{
    (void)state;
    quietly("10:03 merge issue=4 into=2\n");
    expect_router("10:03:05 open issue=4\n10:05 inbound issue=4\n",
                  "10:03:05 issue 1 opened new v1\n"
                  "10:03:05 issue 1 routed new " AT "rule=all tried=silent v1\n"
                  "10:03:05 issue 1 merged new->closed " AT "other=2 v1\n"
                  "10:03:05 issue 1 took_over new " AT "other=4 by=crm v1\n"
                  "10:05:00 issue 1 message inbound new " AT "other=4 v1\n");
}

/* --- appeals ---------------------------------------------------------------------------------- */

static void an_appeal_and_what_it_contests_know_each_other(void **state)
{
    (void)state;
    expect_router("10:05 open issue=4 appeal=1 decision=D7 decider=ana\n",
                  "10:05:00 issue 1 opened new v1\n"
                  "10:05:00 issue 1 routed new " AT "rule=all tried=silent v1\n"
                  "10:05:00 issue 1 noted new " AT "other=4 reason=appealed v1\n");
    assert_int_equal(core_router_issue(4)->appeal->issue.data[0], 1);
    expect_router("10:06 status issue=4 solved outcome=overturned\n",
                  "10:06:00 issue 1 status new->solved " AT "outcome=overturned v1\n"
                  "10:06:00 issue 1 noted new " AT "other=4 reason=appeal_overturned v1\n");
}

static void who_decided_does_not_get_the_appeal(void **state)
{
    (void)state;
    quietly("10:05 open issue=4 appeal=1 decider=ana\n");
    expect_router(
        "10:06 assign issue=4 action=ASSIGN assignee=ana\n"
        "10:06 assign issue=4 action=OFFER assignee=ana\n"
        "10:07 assign issue=4 action=ASSIGN assignee=ben\n",
        "10:06:00 refused tocsin.issue.assigned not_allowed (who made the decision does not get "
        "the appeal)\n"
        "10:06:00 refused tocsin.issue.assigned not_allowed (who made the decision does not get "
        "the appeal)\n"
        "10:07:00 issue 1 assigned new from=front queue=front tier=1 sla=s assignee=ben v1\n");
}

static void an_appeal_ends_with_an_outcome_only(void **state)
{
    (void)state;
    quietly("10:05 open issue=4 appeal=1 decider=ana\n");
    expect_router(
        "10:06 status issue=4 solved\n10:07 status issue=4 closed\n"
        "10:08 status issue=4 solved outcome=upheld\n10:09 status issue=4 closed\n",
        "10:06:00 refused tocsin.issue.status state (an appeal ends with an outcome: upheld or "
        "overturned)\n"
        "10:07:00 refused tocsin.issue.status state (an appeal ends with an outcome: upheld or "
        "overturned)\n"
        "10:08:00 issue 1 status new->solved " AT "outcome=upheld v1\n"
        "10:08:00 issue 1 noted new " AT "other=4 reason=appeal_upheld v1\n"
        "10:09:00 issue 1 status solved->closed " AT "outcome=upheld v1\n");
}

static void an_appeal_that_is_open_again_has_no_outcome_yet(void **state)
{
    (void)state;
    quietly("10:05 open issue=4 appeal=1\n10:06 status issue=4 solved outcome=upheld\n");
    expect_router(
        "10:07 inbound issue=4\n10:08 status issue=4 solved\n",
        "10:07:00 issue 1 reopened inbound solved->open " AT "v1\n"
        "10:07:00 issue 1 noted new " AT "other=4 reason=appeal_reopened v1\n"
        "10:08:00 refused tocsin.issue.status state (an appeal ends with an outcome: upheld or "
        "overturned)\n");
}

static void a_merge_that_reopens_an_appeal_takes_its_outcome_back_too(void **state)
{
    (void)state;
    quietly("10:05 open issue=4 appeal=1\n10:06 status issue=4 solved outcome=upheld\n");
    expect_router("10:07 merge issue=3 into=4\n",
                  "10:07:00 issue 1 merged new->closed " AT "other=4 v1\n"
                  "10:07:00 issue 1 took_over solved->open " AT "other=3 by=crm v1\n"
                  "10:07:00 issue 1 noted new " AT "other=4 reason=appeal_reopened v1\n");
    quietly("10:08 status issue=4 solved outcome=upheld\n");
    expect_router("10:09 merge issue=1 into=4\n10:10 inbound\n",
                  "10:09:00 issue 1 merged new->closed " AT "other=4 v1\n"
                  "10:09:00 issue 1 took_over solved->open " AT "other=1 by=crm v1\n"
                  "10:10:00 issue 1 message inbound open " AT "other=1 v1\n");
}

static void a_test_appeal_leaves_no_line_in_a_real_history(void **state)
{
    (void)state;
    expect_router("10:05 open issue=4 test appeal=1\n",
                  "10:05:00 issue 1 opened new test v1\n"
                  "10:05:00 issue 1 routed new " AT "rule=all tried=silent test v1\n");
}

static void what_turns_out_to_be_an_appeal_begins_as_one(void **state)
{
    (void)state;
    quietly("10:03 assign issue=4 action=ASSIGN assignee=ana\n10:03 status issue=4 closed\n"
            "10:04 time\n");
    expect_router("10:05 open issue=4 appeal=9 decider=ana\n",
                  "10:05:00 issue 1 classified closed->open " AT "v1\n");
}

static void an_outcome_without_an_appeal_is_refused(void **state)
{
    (void)state;
    expect_router(
        "10:05 status solved outcome=upheld\n",
        "10:05:00 refused tocsin.issue.status state (an outcome belongs to an appeal that "
        "ends)\n");
}

static void an_appeal_of_what_is_not_here_stands_alone(void **state)
{
    (void)state;
    expect_router("10:05 open issue=4 appeal=9 decider=ana\n10:06 open issue=5 appeal=5\n",
                  "10:05:00 issue 1 opened new v1\n"
                  "10:05:00 issue 1 routed new " AT "rule=all tried=silent v1\n"
                  "10:06:00 issue 1 opened new v1\n"
                  "10:06:00 issue 1 routed new " AT "rule=all tried=silent v1\n");
}

/* --- due dates by hand ------------------------------------------------------------------------ */

static void a_due_date_by_hand_is_in_the_history(void **state)
{
    (void)state;
    expect_router("10:05 due metric=first_reply due_ms=12:00 end_ms=+1/00:00 owner=ana\n"
                  "10:06 due metric=first_reply owner=ana\n",
                  "10:05:00 issue 1 due_set new " AT
                  "first_reply due=12:00:00 until=+1/00:00:00 by=ana "
                  "v1\n"
                  "10:06:00 issue 1 due_set new " AT "first_reply by=ana v1\n");
}

static void a_due_date_of_no_clock_or_of_what_is_over_is_refused(void **state)
{
    (void)state;
    quietly("10:03 open issue=4 channel=silent\n10:03 status issue=2 solved\n");
    expect_router(
        "10:05 due metric=nothing due_ms=12:00 owner=ana\n"
        "10:05 due issue=4 metric=first_reply due_ms=12:00 owner=ana\n"
        "10:05 due issue=2 metric=first_reply due_ms=12:00 owner=ana\n",
        "10:05:00 refused tocsin.issue.due_set bad_value (the issue's SLA has no clock of that "
        "name)\n"
        "10:05:00 refused tocsin.issue.due_set bad_value (the issue's SLA has no clock of that "
        "name)\n"
        "10:05:00 refused tocsin.issue.due_set state (the issue is over)\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_merge_ends_the_one_and_is_in_both_histories),
        CASE(znuny_200_the_target_keeps_the_earliest_unanswered_message),
        CASE(zammad_983_later_messages_follow_the_chain),
        CASE(zammad_2469_a_merge_that_would_make_a_cycle_is_refused),
        CASE(a_merge_into_a_merged_issue_goes_to_where_that_ended),
        CASE(a_merge_into_nothing_is_refused),
        CASE(what_would_steer_a_merged_issue_is_refused),
        CASE(a_requester_who_still_waits_reopens_what_was_over),
        CASE(of_what_was_over_nobody_waits_any_more),
        CASE(what_is_not_finished_is_not_merged_away),
        CASE(a_storm_of_merges_makes_no_endless_chain),
        CASE(an_event_that_waited_is_merged_when_its_issue_is_there),
        CASE(an_appeal_and_what_it_contests_know_each_other),
        CASE(who_decided_does_not_get_the_appeal),
        CASE(an_appeal_ends_with_an_outcome_only),
        CASE(an_appeal_that_is_open_again_has_no_outcome_yet),
        CASE(a_merge_that_reopens_an_appeal_takes_its_outcome_back_too),
        CASE(a_test_appeal_leaves_no_line_in_a_real_history),
        CASE(what_turns_out_to_be_an_appeal_begins_as_one),
        CASE(an_outcome_without_an_appeal_is_refused),
        CASE(an_appeal_of_what_is_not_here_stands_alone),
        CASE(a_due_date_by_hand_is_in_the_history),
        CASE(a_due_date_of_no_clock_or_of_what_is_over_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
