#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Triage: a, b by category, else by channel; routes by risk, category, the default. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues: {front: {tier: 1}, safety: {tier: 3, path: wake}, money: {tier: 2}}\n"                \
    "triage:\n"                                                                                    \
    "  - {rule: abuse, when: {category: [abuse*]}, set: {risk: severe, priority: P1, tags: "       \
    "[hot]}}\n"                                                                                    \
    "  - {rule: paid, when: {category: [invoice], channel: [email]}, set: {priority: P2}}\n"       \
    "  - {rule: kept, when: {priority: [P1, P2, P3]}, set: {tags: [kept]}}\n"                      \
    "  - {rule: rest, set: {priority: P4}}\n"                                                      \
    "routes:\n"                                                                                    \
    "  - {rule: to-safety, when: {risk: [severe]}, queue: safety}\n"                               \
    "  - {rule: to-money, when: {category: [invoice]}, queue: money, path: wake}\n"                \
    "  - {rule: to-front, queue: front}\n"

/* The same but everything goes to one queue. */
#define ONE_QUEUE "policy: 1\nqueues: {all: {tier: 2}}\nroutes: [{rule: only, queue: all}]\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(NULL);
    return 0;
}

static void with_policy(const char *text)
{
    chain_policy(&router_chain, "09:00", text);
    core_transcript(router_chain.router);
}

/* --- triage and routes ---------------------------------------------------------------------- */

static void the_first_rule_that_fits_decides(void **state)
{
    (void)state;
    with_policy(POLICY);
    expect_router(
        "10:00 open category=abuse_text channel=email\n",
        "10:00:00 issue 1 opened P1 new risk=severe tags=hot rule=abuse v1\n"
        "10:00:00 issue 1 routed P1 new queue=safety tier=3 path=wake risk=severe tags=hot "
        "rule=to-safety v1\n");
}

static void rules_that_do_not_fit_are_listed_as_tried(void **state)
{
    (void)state;
    with_policy(POLICY);
    expect_router("10:00 open category=invoice channel=email\n",
                  "10:00:00 issue 1 opened P2 new rule=paid tried=abuse v1\n"
                  "10:00:00 issue 1 routed P2 new queue=money tier=2 path=wake rule=to-money "
                  "tried=to-safety v1\n");
    expect_router("10:01 open issue=2\n",
                  "10:01:00 issue 1 opened P4 new rule=rest tried=abuse,paid,kept v1\n"
                  "10:01:00 issue 1 routed P4 new queue=front tier=1 rule=to-front "
                  "tried=to-safety,to-money v1\n");
}

static void every_test_of_a_rule_has_to_fit(void **state)
{
    (void)state;
    with_policy(POLICY);
    expect_router(
        "10:00 open category=invoice channel=chat P3\n",
        "10:00:00 issue 1 opened P3 new tags=kept rule=kept tried=abuse,paid v1\n"
        "10:00:00 issue 1 routed P3 new queue=money tier=2 path=wake tags=kept rule=to-money "
        "tried=to-safety v1\n");
}

static void a_tag_is_not_given_twice(void **state)
{
    (void)state;
    with_policy(POLICY);
    expect_router("10:00 open P3 tags=kept tags=mine\n",
                  "10:00:00 issue 1 opened P3 new tags=kept,mine rule=kept tried=abuse,paid v1\n"
                  "10:00:00 issue 1 routed P3 new queue=front tier=1 tags=kept,mine rule=to-front "
                  "tried=to-safety,to-money v1\n");
}

static void before_any_policy_an_issue_is_unrouted(void **state)
{
    (void)state;
    expect_router("10:00 open P2 category=invoice\n", "10:00:00 issue 1 opened P2 new\n");
    expect_router("10:01 classify category=abuse\n", "10:01:00 issue 1 classified P2 new\n");
}

/* --- policies ------------------------------------------------------------------------------- */

static void a_policy_is_forwarded_in_its_place(void **state)
{
    (void)state;
    chain_run(&router_chain, "08:00 open\n");
    chain_policy(&router_chain, "09:00", ONE_QUEUE);
    expect_router("10:00 open issue=2\n",
                  "08:00:00 issue 1 opened new\n"
                  "09:00:00 policy_part\n"
                  "09:00:00 policy_applied\n"
                  "10:00:00 issue 1 opened new v1\n"
                  "10:00:00 issue 1 routed new queue=all tier=2 rule=only v1\n");
}

static void a_policy_switches_at_its_own_place(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 open\n10:00 open issue=2\n");
    core_transcript(router_chain.router);
    chain_policy(&router_chain, "10:30", ONE_QUEUE);
    core_transcript(router_chain.router);
    /* What is there keeps its version until something routes it again. */
    expect_router("11:00 outbound\n11:01 classify issue=2 category=invoice\n11:02 open issue=3\n",
                  "11:00:00 issue 1 message P4 outbound new->open queue=front tier=1 v1\n"
                  "11:01:00 issue 1 classified new queue=front tier=1 v2\n"
                  "11:01:00 issue 1 routed new from=front queue=all tier=2 rule=only v2\n"
                  "11:02:00 issue 1 opened new v2\n"
                  "11:02:00 issue 1 routed new queue=all tier=2 rule=only v2\n");
}

static void a_policy_survives_a_restart(void **state)
{
    (void)state;
    with_policy(POLICY);
    core_reopen(router_chain.router);
    expect_router(
        "10:00 open category=abuse\n",
        "10:00:00 issue 1 opened P1 new risk=severe tags=hot rule=abuse v1\n"
        "10:00:00 issue 1 routed P1 new queue=safety tier=3 path=wake risk=severe tags=hot "
        "rule=to-safety v1\n");
}

/* --- numbers -------------------------------------------------------------------------------- */

static void open_in_partition(unsigned partition, unsigned which)
{
    struct core_input input;
    uint8_t id[TOC_ID];
    struct toc_arena *arena = core_arena(router_chain.router);
    core_parse(arena, "10:00 open", &input);
    core_issue_id(id, partition);
    id[1] = (uint8_t)which;
    chain_feed(&router_chain, id, core_pack(arena, input.event), input.at_ms, input.log_ms);
}

static void numbers_are_dense_within_a_partition(void **state)
{
    (void)state;
    open_in_partition(5, 1);
    open_in_partition(6, 1);
    open_in_partition(5, 2);
    open_in_partition(5, 2);      /* refused: takes no number */
    open_in_partition(5 + 64, 3); /* the same partition: only six bits count */
    open_in_partition(6, 2);
    assert_text(core_transcript(router_chain.router),
                "10:00:00 issue 1 opened new\n"
                "10:00:00 issue 1 opened new\n"
                "10:00:00 issue 2 opened new\n"
                "10:00:00 refused tocsin.issue.opened state (the issue was opened before)\n"
                "10:00:00 issue 3 opened new\n"
                "10:00:00 issue 2 opened new\n");
    assert_int_equal(core_count(router_chain.router, TABLE_ISSUE), 5);
    assert_int_equal(core_count(router_chain.router, TABLE_COUNTER), 2);
}

static void numbers_go_on_after_a_crash(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open\n");
    router_chain.turns.turn = 0;
    open_in_partition(1, 2);
    core_crash(router_chain.router); /* the second never happened */
    router_chain.followed = core_last_seq(router_chain.router);
    router_chain.turns.turn = 1;
    open_in_partition(1, 3);
    assert_text(core_transcript(router_chain.router), "10:00:00 issue 1 opened new\n"
                                                      "10:00:00 issue 2 opened new\n");
}

static void the_history_of_an_issue_is_chained(void **state)
{
    const Tocsin__V1__Record *record;
    (void)state;
    chain_run(&router_chain, "10:00 open\n10:01 open issue=2\n10:02 inbound\n10:03 status new\n"
                             "10:04 status open\n10:05 status new\n10:06 outbound\n");
    /* Issue 1: opened 1, message 3, kept 4, open 5, refused 6, message 7. */
    static const uint64_t before[] = {0, 0, 0, 1, 3, 4, 5, 6};
    for (uint64_t seq = 1; seq <= 7; seq++) {
        record = core_record(router_chain.router, seq);
        assert_int_equal(record->prev_seq, before[seq]);
        assert_int_equal(record->cause_log, CORE_FEEDER_LOG);
        assert_int_equal(record->cause_seq, seq);
        assert_int_equal(record->cause_index, 0);
    }
    assert_int_equal(core_record(router_chain.router, 6)->type,
                     TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED);
}

static void records_of_one_cause_are_counted(void **state)
{
    (void)state;
    with_policy(POLICY);
    uint64_t last = core_last_seq(router_chain.router);
    chain_run(&router_chain, "10:00 open\n");
    assert_int_equal(core_record(router_chain.router, last + 1)->cause_index, 0);
    assert_int_equal(core_record(router_chain.router, last + 2)->cause_index, 1);
    assert_int_equal(core_record(router_chain.router, last + 2)->cause_seq, router_chain.fed);
}

/* --- parked --------------------------------------------------------------------------------- */

static void three_events_before_the_opening_wait_for_it(void **state)
{
    (void)state;
    expect_router(
        "10:00:01 inbound\n10:00:02 outbound\n10:00:03 status pending\n10:00:04 open P2\n",
        "10:00:01 parked tocsin.issue.message waiting=1\n"
        "10:00:02 parked tocsin.issue.message waiting=2\n"
        "10:00:03 parked tocsin.issue.status waiting=3\n"
        "10:00:04 issue 1 opened P2 new\n"
        "10:00:04 issue 1 message P2 inbound new\n"
        "10:00:04 issue 1 message P2 outbound new->open\n"
        "10:00:04 issue 1 status P2 open->pending\n");
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED), 0);
    /* The end of the wait finds the issue there and makes no second one. */
    expect_router("11:00 time\n", "");
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED_DUE), 0);
    assert_int_equal(core_count(router_chain.router, TABLE_ISSUE), 1);
}

static void events_of_two_issues_wait_apart(void **state)
{
    (void)state;
    expect_router(
        "10:00:01 inbound\n10:00:02 inbound issue=2\n10:00:03 open issue=2\n10:00:04 open\n",
        "10:00:01 parked tocsin.issue.message waiting=1\n"
        "10:00:02 parked tocsin.issue.message waiting=1\n"
        "10:00:03 issue 1 opened new\n"
        "10:00:03 issue 1 message inbound new\n"
        "10:00:04 issue 1 opened new\n"
        "10:00:04 issue 1 message inbound new\n");
}

static void the_sixteenth_parked_event_makes_a_stub(void **state)
{
    char script[32];
    (void)state;
    for (int i = 0; i < 15; i++) {
        snprintf(script, sizeof(script), "10:00:0%d.%03d note\n", i / 10, i);
        chain_run(&router_chain, script);
    }
    core_transcript(router_chain.router);
    assert_int_equal(core_count(router_chain.router, TABLE_ISSUE), 0);
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED), 15);
    chain_run(&router_chain, "10:00:02 outbound\n");
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED), 0);
    const char *text = core_transcript(router_chain.router);
    /* Counted from the first of them; the last is the sixteenth. */
    assert_non_null(strstr(text, "10:00:02 parked tocsin.issue.message waiting=16\n"
                                 "10:00:00 issue 1 opened new stub\n"
                                 "10:00:00 issue 1 message note new stub\n"));
    assert_non_null(strstr(text, "10:00:02 issue 1 message outbound new->open stub\n"));
}

static void without_an_opening_a_stub_is_made_after_ten_seconds_of_log_time(void **state)
{
    (void)state;
    with_policy(POLICY);
    expect_router("10:00:00 inbound\n10:00:05 outbound\n10:00:10 time\n",
                  "10:00:00 parked tocsin.issue.message waiting=1\n"
                  "10:00:05 parked tocsin.issue.message waiting=2\n");
    expect_router("10:00:10.001 time\n",
                  "10:00:00 issue 1 opened P4 new rule=rest tried=abuse,paid,kept stub v1\n"
                  "10:00:00 issue 1 routed P4 new queue=front tier=1 rule=to-front "
                  "tried=to-safety,to-money stub v1\n"
                  "10:00:00 issue 1 message P4 inbound new queue=front tier=1 stub v1\n"
                  "10:00:05 issue 1 message P4 outbound new->open queue=front tier=1 stub v1\n");
}

static void the_stub_is_the_same_whenever_its_timer_is_seen(void **state)
{
    static const char expected[] = "10:00:00 parked tocsin.issue.message waiting=1\n"
                                   "10:00:00 issue 1 opened new stub\n"
                                   "10:00:00 issue 1 message inbound new stub\n";
    (void)state;
    expect_router("10:00:00 inbound\n10:00:11 time\n", expected);
    chain_close(&router_chain);
    core_router_open(NULL);
    expect_router("10:00:00 inbound\n12:00 time\n", expected);
}

static void an_event_that_comes_while_log_time_is_unknown_waits_as_long(void **state)
{
    uint8_t id[TOC_ID];
    struct core_input input;
    struct toc_arena *arena = core_arena(router_chain.router);
    (void)state;
    core_parse(arena, "10:00 inbound", &input);
    core_issue_id(id, 1);
    chain_feed(&router_chain, id, core_pack(arena, input.event), input.at_ms, TOC_TIME_MIN);
    expect_router("10:00:10 time\n", "10:00:00 parked tocsin.issue.message waiting=1\n");
    expect_router("10:00:11 time\n", "10:00:00 issue 1 opened new stub\n"
                                     "10:00:00 issue 1 message inbound new stub\n");
}

static void a_late_opening_fills_the_stub(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 outbound\n10:01 time\n");
    core_transcript(router_chain.router);
    expect_router(
        "10:02 open category=invoice channel=email\n",
        "10:02:00 issue 1 classified P2 open queue=front tier=1 rule=paid tried=abuse v1\n"
        "10:02:00 issue 1 routed P2 open from=front queue=money tier=2 path=wake rule=to-money "
        "tried=to-safety v1\n");
    expect_router("10:03 open\n",
                  "10:03:00 refused tocsin.issue.opened state (the issue was opened before)\n");
}

static void a_stub_of_test_events_is_a_test(void **state)
{
    (void)state;
    expect_router("10:00 inbound test\n10:01 time\n",
                  "10:00:00 parked tocsin.issue.message waiting=1\n"
                  "10:00:00 issue 1 opened new stub test\n"
                  "10:00:00 issue 1 message inbound new stub test\n");
}

static void a_test_does_not_touch_a_real_issue(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 open\n");
    core_transcript(router_chain.router);
    expect_router(
        "10:01 status solved test\n"
        "10:02 inbound test\n"
        "10:03 open test\n",
        "10:01:00 refused tocsin.issue.status state (a test changes nothing that is not a "
        "test)\n"
        "10:02:00 refused tocsin.issue.message state (a test changes nothing that is not "
        "a test)\n"
        "10:03:00 refused tocsin.issue.opened state (a test changes nothing that is not "
        "a test)\n");
    expect_router("10:04 status solved\n",
                  "10:04:00 issue 1 status P4 new->solved queue=front tier=1 v1\n");
}

static void what_is_real_does_not_touch_a_test(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 open test\n");
    core_transcript(router_chain.router);
    expect_router("10:01 status solved\n",
                  "10:01:00 refused tocsin.issue.status state (the issue is a test: what is not "
                  "marked as one leaves it alone)\n");
    expect_router("10:02 status solved test\n",
                  "10:02:00 issue 1 status P4 new->solved queue=front tier=1 test v1\n");
}

/* Nobody knows what the issue is before its opening. */
static void what_is_real_makes_a_stub_real(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 inbound test\n10:01 time\n");
    core_transcript(router_chain.router);
    expect_router("10:02 outbound\n10:03 outbound test\n",
                  "10:02:00 issue 1 message outbound new->open stub\n"
                  "10:03:00 refused tocsin.issue.message state (a test changes nothing that is not "
                  "a test)\n");
}

static void a_stub_is_what_its_opening_says(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 inbound test\n10:01 time\n");
    core_transcript(router_chain.router);
    expect_router("10:02 open\n", "10:02:00 issue 1 classified new\n");
    expect_router("10:03 inbound test\n",
                  "10:03:00 refused tocsin.issue.message state (a test changes nothing that is not "
                  "a test)\n");
}

static void parked_events_survive_a_restart(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 inbound\n");
    core_reopen(router_chain.router);
    core_transcript(router_chain.router);
    expect_router("10:00:01 outbound\n10:00:12 time\n",
                  "10:00:01 parked tocsin.issue.message waiting=2\n"
                  "10:00:00 issue 1 opened new stub\n"
                  "10:00:00 issue 1 message inbound new stub\n"
                  "10:00:01 issue 1 message outbound new->open stub\n");
}

/* --- what events do ------------------------------------------------------------------------- */

static void a_requester_who_writes_again_reopens(void **state)
{
    (void)state;
    expect_router(
        "10:00 open\n10:01 status solved\n10:02 inbound\n10:03 status closed\n10:04 inbound\n",
        "10:00:00 issue 1 opened new\n"
        "10:01:00 issue 1 status new->solved\n"
        "10:02:00 issue 1 reopened inbound solved->open\n"
        "10:03:00 issue 1 status open->closed\n"
        "10:04:00 issue 1 reopened inbound closed->open\n");
}

static void an_automatic_reply_moves_nothing(void **state)
{
    (void)state;
    expect_router("10:00 open\n10:01 outbound auto\n10:02 status closed\n10:03 inbound auto\n"
                  "10:04 outbound\n",
                  "10:00:00 issue 1 opened new\n"
                  "10:01:00 issue 1 message outbound auto new\n"
                  "10:02:00 issue 1 status new->closed\n"
                  "10:03:00 issue 1 message inbound auto closed\n"
                  "10:04:00 issue 1 message outbound closed\n");
}

static void a_refused_transition_is_recorded(void **state)
{
    (void)state;
    expect_router(
        "10:00 open\n10:01 status open\n10:02 status new\n10:03 status closed\n"
        "10:04 status solved\n10:05 status closed\n",
        "10:00:00 issue 1 opened new\n"
        "10:01:00 issue 1 status new->open\n"
        "10:02:00 refused tocsin.issue.status state (the issue's state does not allow it)\n"
        "10:03:00 issue 1 status open->closed\n"
        "10:04:00 refused tocsin.issue.status state (the issue's state does not allow it)\n"
        "10:05:00 issue 1 status closed\n");
}

static void another_priority_keeps_the_queue(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 open\n");
    core_transcript(router_chain.router);
    expect_router("10:01 classify P1\n",
                  "10:01:00 issue 1 classified P1 new queue=front tier=1 v1\n");
}

static void another_category_routes_again(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 open\n");
    core_transcript(router_chain.router);
    expect_router(
        "10:01 classify category=invoice\n10:02 classify risk=severe add_tags=x add_tags=y\n"
        "10:03 classify remove_tags=x add_tags=z category=invoice\n",
        "10:01:00 issue 1 classified P4 new queue=front tier=1 rule=rest "
        "tried=abuse,paid,kept v1\n"
        "10:01:00 issue 1 routed P4 new from=front queue=money tier=2 path=wake rule=to-money "
        "tried=to-safety v1\n"
        "10:02:00 issue 1 classified P4 new queue=money tier=2 path=wake risk=severe tags=x,y "
        "rule=rest tried=abuse,paid,kept v1\n"
        "10:02:00 issue 1 routed P4 new from=money queue=safety tier=3 path=wake risk=severe "
        "tags=x,y rule=to-safety v1\n"
        "10:03:00 issue 1 classified P4 new queue=safety tier=3 path=wake risk=severe tags=y,z "
        "rule=rest tried=abuse,paid,kept v1\n");
}

static void an_assignment_moves_queue_and_person(void **state)
{
    (void)state;
    with_policy(POLICY);
    chain_run(&router_chain, "10:00 open\n");
    core_transcript(router_chain.router);
    expect_router(
        "10:01 assign action=ASSIGN queue=money assignee=ana\n10:02 assign action=RELEASE\n"
        "10:03 assign queue=elsewhere\n10:04 escalate to_tier=3 queue=safety reason=stuck\n",
        "10:01:00 issue 1 assigned P4 new from=front queue=money tier=2 assignee=ana v1\n"
        "10:02:00 issue 1 assigned P4 new from=money queue=money tier=2 v1\n"
        "10:03:00 issue 1 assigned P4 new from=money queue=elsewhere tier=2 v1\n"
        "10:04:00 issue 1 routed P4 new from=elsewhere queue=safety tier=3 path=wake rule=stuck "
        "v1\n");
}

static void time_never_goes_back_within_an_issue(void **state)
{
    (void)state;
    expect_router(
        "10:00 open\n10:05 inbound\n10:03 outbound\n10:04 status pending\n10:06 inbound\n",
        "10:00:00 issue 1 opened new\n"
        "10:05:00 issue 1 message inbound new\n"
        "10:05:00 issue 1 message outbound new->open\n"
        "10:05:00 issue 1 status open->pending\n"
        "10:06:00 issue 1 message inbound pending->open\n");
    /* Another issue keeps its own time. */
    expect_router("10:01 open issue=2\n", "10:01:00 issue 1 opened new\n");
}

static void records_carry_log_time_beside_their_own(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:05 log=10:02 open\n10:03 log=10:04 inbound issue=1\n");
    assert_int_equal(core_record(router_chain.router, 1)->log_ms, core_time("10:02"));
    assert_int_equal(core_record(router_chain.router, 2)->log_ms, core_time("10:04"));
    assert_int_equal(core_record(router_chain.router, 2)->at_ms, core_time("10:05"));
}

static void the_end_of_event_time_is_passed_on(void **state)
{
    (void)state;
    expect_router("12:00 advance\n", "12:00:00 time_advanced\n");
    assert_int_equal(core_record(router_chain.router, 1)->partition, TOC_PARTITION_ALL);
}

/* --- size ----------------------------------------------------------------------------------- */

static char *long_word(char out[256], const char *name, char c, size_t size)
{
    size_t used = (size_t)snprintf(out, 256, " %s=", name);
    memset(out + used, c, size);
    out[used + size] = '\0';
    return out;
}

/* The longest names that a policy may have, in sixteen rules that do not fit. */
static const char *wordy_policy(void)
{
    static char text[16 * 1024];
    size_t used =
        (size_t)snprintf(text, sizeof(text), "policy: 1\nqueues: {%064d: {tier: 2}}\ntriage:\n", 1);
    for (int i = 0; i < 20; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "  - {rule: t%063d, when: {channel: [none%d]}, set: {priority: "
                                 "P1}}\n",
                                 i, i);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "routes:\n");
    for (int i = 0; i < 20; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "  - {rule: r%063d, when: {channel: [none%d]}, queue: %064d}\n", i,
                                 i, 1);
    snprintf(text + used, sizeof(text) - used, "  - {rule: last, queue: %064d}\n", 1);
    return text;
}

/* As large as intake lets an opening be. */
static void open_large(void)
{
    char script[CORE_LINE_MAX] = "10:00 open", word[256];
    strcat(script, long_word(word, "channel", 'c', 190));
    strcat(script, long_word(word, "version", 'v', 190));
    strcat(script, long_word(word, "region", 'r', 190));
    strcat(script, long_word(word, "requester", 'q', 190));
    strcat(script, long_word(word, "requester_tier", 't', 150));
    strcat(script, "\n");
    chain_run(&router_chain, script);
}

static void a_large_issue_under_a_wordy_policy_is_still_recorded(void **state)
{
    (void)state;
    with_policy(wordy_policy());
    open_large();
    assert_int_equal(core_count(router_chain.router, TABLE_ISSUE), 1);
    assert_non_null(strstr(core_transcript(router_chain.router), "rule=last"));
}

static void an_issue_grows_to_a_limit_and_further_values_are_refused(void **state)
{
    char script[CORE_LINE_MAX], word[256];
    unsigned refused = 0;
    (void)state;
    with_policy(wordy_policy());
    open_large();
    core_transcript(router_chain.router);
    for (char c = 'a'; c <= 'z'; c++) {
        snprintf(script, sizeof(script), "10:01 classify%s", long_word(word, "add_tags", c, 190));
        chain_run(&router_chain, script);
        snprintf(script, sizeof(script), "10:02 assign%s", long_word(word, "queue", c, 190));
        chain_run(&router_chain, script);
        snprintf(script, sizeof(script), "10:03 escalate%s", long_word(word, "reason", c, 190));
        chain_run(&router_chain, script);
        for (const char *at = core_transcript(router_chain.router);
             (at = strstr(at, "too_large")) != NULL; at++)
            refused++;
    }
    assert_in_range(refused, 20, 60);
    /* What makes it no larger still enters. */
    chain_run(&router_chain, "11:00 classify P1 remove_tags=hot\n11:01 status solved\n");
    const char *text = core_transcript(router_chain.router);
    assert_non_null(strstr(text, "11:00:00 issue 1 classified P1"));
    assert_non_null(strstr(text, "11:01:00 issue 1 status P1 new->solved"));
}

/* --- questions ------------------------------------------------------------------------------ */

static uint32_t number_in(const ProtobufCBinaryData *row, Tocsin__V1__IssueState *out_state)
{
    Tocsin__V1__Issue *issue;
    assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                     &tocsin__v1__issue__descriptor, toc_wire_bytes(row), &issue),
                     TOC_OK);
    *out_state = issue->state;
    return issue->number;
}

static void lists_of_issues_leave_out_what_is_over(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    Tocsin__V1__IssueState issue_state;
    (void)state;
    chain_run(&router_chain, "10:00 open\n10:00 open issue=2\n10:00 open issue=3\n"
                             "10:01 status issue=2 solved\n");
    ask.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    assert_int_equal(core_ask(router_chain.router, &ask)->n_rows, 2);
    ask.all = true;
    ask.limit = 2;
    const Tocsin__V1__Answer *answer = core_ask(router_chain.router, &ask);
    assert_int_equal(answer->n_rows, 2);
    assert_int_equal(number_in(&answer->rows[1], &issue_state), 1);
    assert_int_equal(issue_state, TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED);
    ask.after = answer->next;
    answer = core_ask(router_chain.router, &ask);
    assert_int_equal(answer->n_rows, 1);
    assert_int_equal(answer->next.len, 0);
}

static void one_issue_is_found_by_id_and_by_a_prefix(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    uint8_t id[TOC_ID];
    (void)state;
    chain_run(&router_chain, "10:00 open\n10:00 open issue=2\n10:01 status issue=2 closed\n");
    core_issue_id(id, 2);
    ask.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    ask.id = toc_wire_binary(toc_str(id, TOC_ID));
    assert_int_equal(core_ask(router_chain.router, &ask)->n_rows, 1);
    assert_int_equal(core_last_seq_of(router_chain.router, &ask), 3);
    ask.id.len = 1;
    assert_int_equal(core_ask(router_chain.router, &ask)->n_rows, 1);
    core_issue_id(id, 9);
    ask.id.len = TOC_ID;
    assert_int_equal(core_ask(router_chain.router, &ask)->n_rows, 0);
    assert_int_equal(core_last_seq_of(router_chain.router, &ask), 0);
    ask.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    assert_int_equal(core_ask(router_chain.router, &ask)->reason,
                     TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE);
}

static void what_waits_for_an_opening_is_told(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    Tocsin__V1__Record *record;
    uint8_t id[TOC_ID];
    (void)state;
    chain_run(&router_chain, "10:00 note\n10:00 note issue=2\n10:00 inbound\n10:00 open issue=3\n");
    core_issue_id(id, 1);
    ask.what = TOCSIN__V1__ASK__WHAT__PARKED;
    ask.id = toc_wire_binary(toc_str(id, TOC_ID));
    const Tocsin__V1__Answer *answer = core_ask(router_chain.router, &ask);
    assert_int_equal(answer->n_rows, 2);
    assert_int_equal(answer->next.len, 0);
    ask.limit = 1;
    for (unsigned seq = 1; seq <= 3; seq += 2) {
        answer = core_ask(router_chain.router, &ask);
        assert_int_equal(answer->n_rows, 1);
        assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                         &tocsin__v1__record__descriptor,
                                         toc_wire_bytes(&answer->rows[0]), &record),
                         TOC_OK);
        assert_int_equal(record->seq, seq);
        assert_memory_equal(record->issue.data, id, TOC_ID);
        assert_true((answer->next.len > 0) == (seq == 1));
        ask.after = answer->next;
    }
    chain_run(&router_chain, "10:00:01 open\n");
    ask.after = toc_wire_binary(toc_str(NULL, 0));
    assert_int_equal(core_ask(router_chain.router, &ask)->n_rows, 0);
    ask.id.len = 1;
    assert_int_equal(core_ask(router_chain.router, &ask)->reason,
                     TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

static void an_upstream_that_is_stopped_is_recorded_with_the_reason(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open\n");
    core_transcript(router_chain.router);
    core_upstream(router_chain.router, "intake", true, "its history differs");
    assert_text(core_transcript(router_chain.router),
                "10:00:00 upstream_left_out intake (its history differs)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_rule_that_fits_decides),
        CASE(rules_that_do_not_fit_are_listed_as_tried),
        CASE(every_test_of_a_rule_has_to_fit),
        CASE(a_tag_is_not_given_twice),
        CASE(before_any_policy_an_issue_is_unrouted),
        CASE(a_policy_is_forwarded_in_its_place),
        CASE(a_policy_switches_at_its_own_place),
        CASE(a_policy_survives_a_restart),
        CASE(an_upstream_that_is_stopped_is_recorded_with_the_reason),
        CASE(numbers_are_dense_within_a_partition),
        CASE(numbers_go_on_after_a_crash),
        CASE(the_history_of_an_issue_is_chained),
        CASE(records_of_one_cause_are_counted),
        CASE(three_events_before_the_opening_wait_for_it),
        CASE(events_of_two_issues_wait_apart),
        CASE(the_sixteenth_parked_event_makes_a_stub),
        CASE(without_an_opening_a_stub_is_made_after_ten_seconds_of_log_time),
        CASE(the_stub_is_the_same_whenever_its_timer_is_seen),
        CASE(an_event_that_comes_while_log_time_is_unknown_waits_as_long),
        CASE(a_late_opening_fills_the_stub),
        CASE(a_stub_of_test_events_is_a_test),
        CASE(a_test_does_not_touch_a_real_issue),
        CASE(what_is_real_does_not_touch_a_test),
        CASE(what_is_real_makes_a_stub_real),
        CASE(a_stub_is_what_its_opening_says),
        CASE(parked_events_survive_a_restart),
        CASE(a_requester_who_writes_again_reopens),
        CASE(an_automatic_reply_moves_nothing),
        CASE(a_refused_transition_is_recorded),
        CASE(another_priority_keeps_the_queue),
        CASE(another_category_routes_again),
        CASE(an_assignment_moves_queue_and_person),
        CASE(time_never_goes_back_within_an_issue),
        CASE(records_carry_log_time_beside_their_own),
        CASE(the_end_of_event_time_is_passed_on),
        CASE(a_large_issue_under_a_wordy_policy_is_still_recorded),
        CASE(an_issue_grows_to_a_limit_and_further_values_are_refused),
        CASE(lists_of_issues_leave_out_what_is_over),
        CASE(one_issue_is_found_by_id_and_by_a_prefix),
        CASE(what_waits_for_an_opening_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
