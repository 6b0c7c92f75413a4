#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Where an issue goes, why, and what a move means for who has it and how long it waits. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues:\n"                                                                                    \
    "  front: {tier: 1, partner: acme, hops: 3}\n"                                                 \
    "  money: {tier: 2, hops: 3}\n"                                                                \
    "  safety: {tier: 3, path: wake}\n"                                                            \
    "routes:\n"                                                                                    \
    "  - {rule: to-safety, when: {risk: [severe]}, queue: safety}\n"                               \
    "  - {rule: to-money, when: {category: [invoice]}, queue: money, path: wake}\n"                \
    "  - {rule: to-front, queue: front}\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(POLICY);
    return 0;
}

/* The change that many records before the newest. */
static const Tocsin__V1__IssueChange *change_before(uint64_t back)
{
    return core_router_change(core_last_seq(router_chain.router) - back);
}

/* The newest change of any issue, after a script. */
static const Tocsin__V1__IssueChange *after(const char *script)
{
    chain_run(&router_chain, script);
    return change_before(0);
}

static void what_is_classified_says_whether_it_goes_elsewhere(void **state)
{
    (void)state;
    const Tocsin__V1__IssueChange *change = after("10:00 open\n10:01 classify category=invoice\n");
    assert_int_equal(change->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED);
    assert_int_equal(change_before(1)->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED);
    assert_true(change_before(1)->moves);
    change = after("10:02 classify category=invoice\n");
    assert_int_equal(change->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED);
    assert_false(change->moves);
}

static void a_move_says_why_and_from_where(void **state)
{
    (void)state;
    const Tocsin__V1__IssueChange *change = after("10:00 open\n");
    assert_string_equal(change->reason, "route");
    assert_string_equal(change->old_queue, "");
    assert_string_equal(change->issue->partner, "acme");
    change = after("10:01 classify category=invoice\n");
    assert_string_equal(change->reason, "reclassified");
    assert_string_equal(change->old_queue, "front");
    assert_int_equal(change->old_tier, 1);
    assert_string_equal(change->issue->partner, "");
    change = after("10:02 assign queue=front assignee=ana\n");
    assert_string_equal(change->reason, "by_hand");
    change = after("10:03 escalate to_tier=3 reason=stuck by=ana\n");
    assert_string_equal(change->reason, "escalated");
    assert_string_equal(change->by, "ana");
    assert_int_equal(change->old_tier, 1);
}

/* glpi#14423: an unrelated reassignment never restarts the wait. */
static void glpi_14423_only_another_queue_begins_a_wait(void **state)
{
    (void)state;
    const Tocsin__V1__Issue *issue = after("10:00 open\n")->issue;
    assert_int_equal(issue->queued_ms, core_time("10:00"));
    issue = after("10:05 assign action=ASSIGN assignee=ana\n")->issue;
    assert_int_equal(issue->queued_ms, core_time("10:00"));
    assert_int_equal(issue->claimed_ms, core_time("10:05"));
    issue = after("10:06 assign action=ASSIGN assignee=ben queue=front\n")->issue;
    assert_int_equal(issue->queued_ms, core_time("10:00"));
    assert_int_equal(issue->claimed_ms, core_time("10:06"));
    issue = after("10:07 escalate to_tier=2\n")->issue;
    assert_int_equal(issue->queued_ms, core_time("10:00"));
    assert_string_equal(issue->assignee, "ben");
    issue = after("10:08 classify category=invoice\n")->issue;
    assert_int_equal(issue->queued_ms, core_time("10:08"));
}

static void who_had_it_in_the_old_queue_has_it_no_more(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open\n10:05 assign action=ASSIGN assignee=ana\n");
    const Tocsin__V1__Issue *issue = after("10:06 classify category=invoice\n")->issue;
    assert_string_equal(issue->assignee, "");
    assert_int_equal(issue->claimed_ms, 0);
    issue = after("10:07 assign action=ASSIGN queue=front assignee=ben\n")->issue;
    assert_string_equal(issue->assignee, "ben");
    assert_int_equal(issue->claimed_ms, core_time("10:07"));
}

static void an_issue_that_rules_pass_to_and_fro_stays_until_a_person_chooses(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open\n");
    assert_int_equal(after("10:01 classify category=invoice\n")->issue->hops, 2);
    chain_run(&router_chain, "10:02 classify category=other\n10:03 classify category=invoice\n");
    const Tocsin__V1__IssueChange *change = after("10:04 classify category=other\n");
    assert_string_equal(change->reason, "hop_limit");
    assert_string_equal(change->issue->queue, "money");
    assert_int_equal(change->issue->queued_ms, core_time("10:03"));
    change = after("10:05 assign queue=front\n");
    assert_int_equal(change->issue->hops, 0);
    change = after("10:06 classify category=invoice\n");
    assert_string_equal(change->issue->queue, "money");
    assert_int_equal(change->issue->hops, 2);
}

static void after_a_person_chose_the_policy_may_move_it_as_often_as_before(void **state)
{
    (void)state;
    chain_run(&router_chain,
              "10:00 open\n10:01 classify category=invoice\n10:02 assign queue=front\n"
              "10:03 classify category=other\n10:04 classify category=invoice\n"
              "10:05 classify category=other\n10:06 classify category=invoice\n");
    const Tocsin__V1__IssueChange *change = after("10:07 classify category=other\n");
    assert_string_equal(change->reason, "hop_limit");
    assert_string_equal(change->issue->queue, "money");
    assert_int_equal(change->issue->queued_ms, core_time("10:06"));
}

static void a_severe_risk_is_never_held_back(void **state)
{
    (void)state;
    chain_run(&router_chain,
              "10:00 open\n10:01 classify category=invoice\n10:02 classify category=x\n"
              "10:03 classify category=invoice\n10:04 classify category=x\n");
    const Tocsin__V1__IssueChange *change = after("10:05 classify risk=severe\n");
    assert_string_equal(change->issue->queue, "safety");
    assert_string_equal(change->issue->path, "wake");
}

static void nobody_gives_back_what_somebody_else_has(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open\n10:01 assign action=ASSIGN assignee=ana\n");
    core_transcript(router_chain.router);
    chain_run(&router_chain, "10:02 assign action=RELEASE assignee=ben\n");
    assert_text(core_transcript(router_chain.router),
                "10:02:00 refused tocsin.issue.assigned state "
                "(somebody else has the issue)\n");
    assert_string_equal(after("10:03 assign action=RELEASE\n")->issue->assignee, "");
}

#define UP                                                                                         \
    "policy: 1\ncalendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"          \
    "queues:\n  one: {tier: 1, hops: 1, on_breach: two}\n"                                         \
    "  two: {tier: 2, hops: 1, on_breach: three}\n  three: {tier: 3}\n"                            \
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}, resolution: "    \
    "{targets: {default: 2h}}}}}\n"                                                                \
    "routes: [{rule: all, queue: one, sla: s}]\n"

/* The same number of moves as when rules move it. */
static void breaches_move_an_issue_as_often_as_its_queue_allows(void **state)
{
    (void)state;
    chain_policy(&router_chain, "09:30", UP);
    chain_run(&router_chain, "10:00 open\n");
    const Tocsin__V1__IssueChange *change = after("11:00:01 time\n");
    assert_string_equal(change->reason, "breached");
    assert_string_equal(change->issue->queue, "two");
    change = after("12:00:01 time\n");
    assert_int_equal(change->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING);
    assert_string_equal(change->reason, "hop_limit");
    assert_string_equal(change->issue->queue, "two");
}

static void a_breach_is_no_reason_to_hold_a_severe_risk_back(void **state)
{
    (void)state;
    chain_policy(&router_chain, "09:30", UP);
    chain_run(&router_chain, "10:00 open risk=severe\n11:00:01 time\n");
    const Tocsin__V1__IssueChange *change = after("12:00:01 time\n");
    assert_string_equal(change->reason, "breached");
    assert_string_equal(change->issue->queue, "three");
}

static void the_earliest_unanswered_message_is_kept(void **state)
{
    (void)state;
    assert_int_equal(after("10:00 open\n")->issue->unanswered_ms, core_time("10:00"));
    assert_int_equal(after("10:01 inbound\n")->issue->unanswered_ms, core_time("10:00"));
    assert_int_equal(after("10:02 outbound auto\n")->issue->unanswered_ms, core_time("10:00"));
    assert_int_equal(after("10:03 note\n")->issue->unanswered_ms, core_time("10:00"));
    assert_int_equal(after("10:04 outbound\n")->issue->unanswered_ms, 0);
    assert_int_equal(after("10:05 inbound auto\n")->issue->unanswered_ms, 0);
    assert_int_equal(after("10:06 inbound\n")->issue->unanswered_ms, core_time("10:06"));
}

static void behind_a_bot_nothing_is_answered_until_the_hand_off(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open bot=1\n");
    const Tocsin__V1__Issue *issue = after("10:01 outbound\n")->issue;
    assert_true(issue->bot);
    assert_int_equal(issue->unanswered_ms, core_time("10:00"));
    const Tocsin__V1__IssueChange *change = after("10:02 assign action=HAND_OFF\n");
    assert_int_equal(change->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF);
    assert_false(change->issue->bot);
    assert_int_equal(after("10:03 outbound\n")->issue->unanswered_ms, 0);
}

static void a_person_who_takes_an_issue_from_a_bot_is_a_hand_off(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open bot=1\n");
    const Tocsin__V1__IssueChange *change = after("10:01 assign action=ASSIGN assignee=ana\n");
    assert_int_equal(change->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF);
    assert_string_equal(change->issue->assignee, "ana");
    change = after("10:02 assign action=ASSIGN assignee=ben\n");
    assert_int_equal(change->what, TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_move_says_why_and_from_where),
        CASE(what_is_classified_says_whether_it_goes_elsewhere),
        CASE(glpi_14423_only_another_queue_begins_a_wait),
        CASE(who_had_it_in_the_old_queue_has_it_no_more),
        CASE(an_issue_that_rules_pass_to_and_fro_stays_until_a_person_chooses),
        CASE(after_a_person_chose_the_policy_may_move_it_as_often_as_before),
        CASE(a_severe_risk_is_never_held_back),
        CASE(nobody_gives_back_what_somebody_else_has),
        CASE(breaches_move_an_issue_as_often_as_its_queue_allows),
        CASE(a_breach_is_no_reason_to_hold_a_severe_risk_back),
        CASE(the_earliest_unanswered_message_is_kept),
        CASE(behind_a_bot_nothing_is_answered_until_the_hand_off),
        CASE(a_person_who_takes_an_issue_from_a_bot_is_a_hand_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
