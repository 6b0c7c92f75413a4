#include "tests/support/core_router.h"

#include "common/policy/store.h"
#include "services/router/issue.h"
#include "services/router/sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* A new policy version among the issues that are there. */
#define OLD                                                                                        \
    "policy: 1\n"                                                                                  \
    "queues: {front: {tier: 1}, back: {tier: 2}, money: {tier: 2}}\n"                              \
    "triage: [{rule: rest, set: {priority: P4}}]\n"                                                \
    "routes:\n"                                                                                    \
    "  - {rule: paid, when: {category: invoice}, queue: money}\n"                                  \
    "  - {rule: all, queue: front}\n"
#define NEW                                                                                        \
    "policy: 1\n"                                                                                  \
    "queues: {front: {tier: 1}, back: {tier: 2}, money: {tier: 2}}\n"                              \
    "triage: [{rule: rest, set: {priority: P3}}]\n"                                                \
    "routes:\n"                                                                                    \
    "  - {rule: paid, when: {category: invoice}, queue: money}\n"                                  \
    "  - {rule: all, queue: back}\n"

#define FROM_NOW    TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW
#define RETROACTIVE TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE
#define REPORT_ONLY TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY

static int set_up(void **state)
{
    (void)state;
    core_router_open(OLD);
    return 0;
}

static void apply(const char *text, Tocsin__V1__ApplyMode mode)
{
    chain_policy_mode(&router_chain, "11:00", text, mode);
    core_transcript(router_chain.router);
}

static void without_a_mode_what_is_there_stays(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    apply(NEW, TOCSIN__V1__APPLY_MODE__APPLY_NEW_ISSUES);
    expect_router("11:01 time\n", "");
    assert_int_equal(core_count(router_chain.router, TABLE_SWEEP), 0);
}

static void from_now_on_open_issues_are_routed_by_the_new_version(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 open issue=2 category=invoice\n10:02 open issue=3\n"
            "10:03 status issue=3 solved\n");
    apply(NEW, FROM_NOW);
    expect_router("11:00 open issue=4\n11:01 time\n",
                  "11:00:00 issue 1 opened P3 new rule=rest v2\n"
                  "11:00:00 issue 1 routed P3 new queue=back tier=2 rule=all tried=paid v2\n"
                  "11:00:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v2\n"
                  "11:00:00 issue 1 policy P4 new from=money queue=money tier=2 rule=paid from_now "
                  "reason=policy v2\n"
                  "11:01:00 policy_swept v2 issues=4 concerned=2 done\n");
    assert_int_equal(core_count(router_chain.router, TABLE_SWEEP), 0);
}

static void retroactively_they_are_triaged_too(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 open issue=2\n10:02 classify issue=2 P1\n");
    apply(NEW, RETROACTIVE);
    expect_router("11:01 time\n",
                  "11:00:00 issue 1 policy P3 new from=front queue=back tier=2 rule=all tried=paid "
                  "retroactive reason=policy v2\n"
                  "11:00:00 issue 1 policy P1 new from=front queue=back tier=2 rule=all tried=paid "
                  "retroactive reason=policy v2\n"
                  "11:01:00 policy_swept v2 issues=2 concerned=2 done\n");
}

static void a_report_changes_nothing(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    apply(NEW, REPORT_ONLY);
    expect_router(
        "11:01 time\n11:02 note\n",
        "11:00:00 issue 1 policy P4 new from=front queue=front tier=1 tried=paid report_only "
        "would: v2 queue=back rule=all reason=policy v1\n"
        "11:01:00 policy_swept v2 issues=1 concerned=1 done\n"
        "11:02:00 issue 1 message P4 note new queue=front tier=1 v1\n");
}

static void a_queue_that_a_person_chose_stays(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 assign queue=money\n10:02 open issue=2 category=invoice\n"
            "10:03 escalate issue=2 to_tier=3\n");
    apply(NEW, FROM_NOW);
    expect_router(
        "11:01 time\n",
        "11:00:00 issue 1 policy P4 new from=money queue=money tier=2 rule=all tried=paid "
        "from_now reason=policy v2\n"
        "11:00:00 issue 1 policy P4 new from=money queue=money tier=3 rule=paid from_now "
        "reason=policy v2\n"
        "11:01:00 policy_swept v2 issues=2 concerned=2 done\n");
}

static void an_issue_opened_before_any_policy_gets_its_first_route(void **state)
{
    (void)state;
    chain_close(&router_chain);
    core_router_open(NULL);
    quietly("10:00 open\n");
    apply(NEW, FROM_NOW);
    expect_router("11:01 time\n",
                  "11:00:00 issue 1 policy new queue=back tier=2 rule=all tried=paid "
                  "from_now v1\n"
                  "11:01:00 policy_swept v1 issues=1 concerned=1 done\n");
}

/* Only the order of the records differs. */
static void an_event_before_the_sweep_finds_its_issue_swept(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 open issue=2\n");
    apply(NEW, FROM_NOW);
    expect_router("11:00 inbound issue=2\n11:01 time\n",
                  "11:00:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v2\n"
                  "11:00:00 issue 1 message P4 inbound new queue=back tier=2 v2\n"
                  "11:00:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v2\n"
                  "11:01:00 policy_swept v2 issues=2 concerned=1 done\n");
}

/* Solved when the version was applied: not open, whether the sweep or the event comes first. */
static void what_was_over_keeps_its_version_whenever_it_reopens(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 status solved\n10:02 open issue=2\n10:02 status issue=2 solved\n");
    apply(NEW, FROM_NOW);
    expect_router("11:00 inbound\n11:01 time\n11:02 inbound issue=2\n",
                  "11:00:00 issue 1 reopened P4 inbound solved->open queue=front tier=1 v1\n"
                  "11:01:00 policy_swept v2 issues=2 concerned=0 done\n"
                  "11:02:00 issue 1 reopened P4 inbound solved->open queue=front tier=1 v1\n");
}

static void two_versions_go_one_after_the_other(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    chain_policy_mode(&router_chain, "11:00", NEW, FROM_NOW);
    chain_policy_mode(&router_chain, "11:00", OLD, RETROACTIVE);
    core_transcript(router_chain.router);
    expect_router("11:00:01 time\n11:00:02 time\n",
                  "11:00:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v2\n"
                  "11:00:01 policy_swept v2 issues=1 concerned=1 done\n"
                  "11:00:00 issue 1 policy P4 new from=back queue=front tier=1 rule=all tried=paid "
                  "retroactive reason=policy v3\n"
                  "11:00:01 policy_swept v3 issues=1 concerned=1 done\n");
}

static void a_version_told_twice_is_swept_once(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 open issue=2\n");
    apply(NEW, REPORT_ONLY);
    chain_policy_again(&router_chain, "11:00", NEW, REPORT_ONLY, 2);
    expect_router(
        "11:01 time\n",
        "11:00:00 issue 1 policy P4 new from=front queue=front tier=1 tried=paid report_only "
        "would: v2 queue=back rule=all reason=policy v1\n"
        "11:00:00 issue 1 policy P4 new from=front queue=front tier=1 tried=paid report_only "
        "would: v2 queue=back rule=all reason=policy v1\n"
        "11:01:00 policy_swept v2 issues=2 concerned=2 done\n");
    chain_policy_again(&router_chain, "11:02", NEW, REPORT_ONLY, 2); /* long done */
    expect_router("11:03 time\n", "");
}

static void new_issues_have_nothing_of_what_is_only_reported_on(void **state)
{
    (void)state;
    apply(NEW, REPORT_ONLY);
    expect_router("11:01 time\n11:02 open\n",
                  "11:01:00 policy_swept v2 issues=0 concerned=0 done\n"
                  "11:02:00 issue 1 opened P4 new rule=rest v1\n"
                  "11:02:00 issue 1 routed P4 new queue=front tier=1 rule=all tried=paid v1\n");
    chain_policy_mode(&router_chain, "11:03", NEW, FROM_NOW);
    core_transcript(router_chain.router);
    expect_router("11:04 time\n",
                  "11:03:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v3\n"
                  "11:04:00 policy_swept v3 issues=1 concerned=1 done\n");
}

/* What its record names has decided, also while a later version is in force already. */
static void tier_and_partner_are_those_of_the_version_that_the_record_names(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 open issue=2\n");
    chain_policy_mode(&router_chain, "11:00", NEW, FROM_NOW);
    chain_policy(&router_chain, "11:00",
                 "policy: 1\n"
                 "queues: {front: {tier: 1}, back: {tier: 3, partner: acme}, money: {tier: 2}}\n"
                 "routes: [{rule: all, queue: front}]\n");
    core_transcript(router_chain.router);
    expect_router("11:00 inbound issue=2\n11:01 time\n",
                  "11:00:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v2\n"
                  "11:00:00 issue 1 message P4 inbound new queue=back tier=2 v2\n"
                  "11:00:00 issue 1 policy P4 new from=front queue=back tier=2 rule=all tried=paid "
                  "from_now reason=policy v2\n"
                  "11:01:00 policy_swept v2 issues=2 concerned=1 done\n");
}

/* --- what a version may do away with, or find ---------------------------------------------------
 */

#define HEAD(queues)                                                                               \
    "policy: 1\ncalendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"          \
    "teams: {legal: {calendar: always, answer_within: 4h}}\n"                                      \
    "queues: {front: {tier: 1}, money: {tier: 2}, " queues "}\n"
#define ROUTES                                                                                     \
    "routes:\n  - {rule: paid, when: {category: invoice}, queue: money}\n"                         \
    "  - {rule: all, queue: front}\n"
#define BEFORE                                                                                     \
    HEAD("back: {tier: 2}")                                                                        \
    "triage: [{rule: hot, when: {tag: hot}, set: {priority: P2}, escalate: {queue: "               \
    "back}}]\n" ROUTES

static void before(void)
{
    chain_policy(&router_chain, "09:30", BEFORE);
    core_transcript(router_chain.router);
}

/* Neither a person's choice nor an unchanged route holds an issue where nobody is any more. */
static void from_a_queue_that_the_new_version_lacks_issues_go_to_their_route(void **state)
{
    (void)state;
    before();
    quietly("10:00 open tags=hot\n10:00 open issue=2\n10:01 assign issue=2 queue=back\n"
            "10:00 open issue=3\n10:01 assign issue=3 queue=elsewhere\n");
    apply(HEAD("safe: {tier: 3}") ROUTES, FROM_NOW);
    expect_router(
        "11:01 time\n",
        "11:00:00 issue 1 policy P2 new from=back queue=front tier=1 tags=hot rule=all "
        "tried=paid from_now reason=policy v3\n"
        "11:00:00 issue 1 policy new from=back queue=front tier=1 rule=all tried=paid from_now "
        "reason=policy v3\n"
        "11:00:00 issue 1 policy new from=elsewhere queue=elsewhere tier=1 rule=all tried=paid "
        "from_now reason=policy v3\n"
        "11:01:00 policy_swept v3 issues=3 concerned=3 done\n");
}

/* The default route changes; what a rule has escalated is no matter of the routes. */
static void what_a_rule_has_escalated_stays_while_the_rule_does(void **state)
{
    (void)state;
    before();
    quietly("10:00 open tags=hot\n10:00 open issue=2\n");
    apply(HEAD("back: {tier: 2}") "triage: [{rule: hot, when: {tag: hot}, set: {priority: P2}, "
                                  "escalate: {queue: back}}]\n"
                                  "routes: [{rule: all, queue: money}]\n",
          FROM_NOW);
    expect_router(
        "11:01 time\n",
        "11:00:00 issue 1 policy P2 new from=back queue=back tier=2 tags=hot rule=all from_now "
        "reason=policy v3\n"
        "11:00:00 issue 1 policy new from=front queue=money tier=2 rule=all from_now "
        "reason=policy v3\n"
        "11:01:00 policy_swept v3 issues=2 concerned=2 done\n");
}

static void without_a_sweep_they_leave_it_when_they_are_routed_again(void **state)
{
    (void)state;
    before();
    quietly("10:00 open\n10:01 assign queue=back\n");
    apply(HEAD("safe: {tier: 3}") ROUTES, TOCSIN__V1__APPLY_MODE__APPLY_NEW_ISSUES);
    expect_router(
        "11:01 classify language=pt\n",
        "11:01:00 issue 1 classified new queue=back tier=2 v3\n"
        "11:01:00 issue 1 routed new from=back queue=front tier=1 rule=all tried=paid v3\n");
}

#define FINDS                                                                                      \
    HEAD("back: {tier: 2}, safe: {tier: 3}")                                                       \
    "triage:\n"                                                                                    \
    "  - {rule: kid, when: {tag: kid}, set: {risk: critical}, escalate: {queue: safe, team: "      \
    "legal}}\n"                                                                                    \
    "  - {rule: bill, when: {product: pay}, set: {category: invoice}}\n" ROUTES

static void retroactively_a_risk_is_found_and_its_team_asked(void **state)
{
    (void)state;
    before();
    quietly("10:00 open tags=kid\n10:00 open issue=2 tags=kid\n10:01 assign issue=2 queue=back\n");
    apply(FINDS, RETROACTIVE);
    expect_router(
        "11:01 time\n",
        "11:00:00 issue 1 policy new from=front queue=safe tier=3 risk=critical tags=kid "
        "rule=all tried=paid retroactive by=rule:kid reason=escalated v3\n"
        "11:00:00 issue 1 escalation new queue=safe tier=3 risk=critical tags=kid rule:kid "
        "raised team=legal owner=legal by=rule:kid open=1 by=rule:kid v3\n"
        "11:00:00 issue 1 policy new from=back queue=safe tier=3 risk=critical tags=kid "
        "rule=all tried=paid retroactive by=rule:kid reason=escalated v3\n"
        "11:00:00 issue 1 escalation new queue=safe tier=3 risk=critical tags=kid rule:kid "
        "raised team=legal owner=legal by=rule:kid open=1 by=rule:kid v3\n"
        "11:01:00 policy_swept v3 issues=2 concerned=2 done\n");
}

static void retroactively_the_route_follows_what_triage_says_now(void **state)
{
    (void)state;
    before();
    quietly("10:00 open product=pay\n10:00 open issue=2 tags=hot\n");
    apply(FINDS, RETROACTIVE);
    expect_router(
        "11:01 time\n",
        "11:00:00 issue 1 policy new from=front queue=money tier=2 rule=paid retroactive "
        "reason=policy v3\n"
        "11:00:00 issue 1 policy new from=back queue=front tier=1 tags=hot rule=all tried=paid "
        "retroactive reason=policy v3\n"
        "11:01:00 policy_swept v3 issues=2 concerned=2 done\n");
}

/* --- many ------------------------------------------------------------------------------------- */

#define MANY (2 * ROUTER_SWEEP_STEP + 50)

static void open_many(void)
{
    struct core_input input;
    uint8_t id[TOC_ID];
    router_chain.turns.turn = 100;
    for (unsigned i = 0; i < MANY; i++) {
        struct toc_arena *arena = core_arena(router_chain.router);
        size_t mark = toc_arena_mark(arena);
        core_parse(arena, "10:00 open", &input);
        core_issue_id(id, i & 63);
        id[1] = (uint8_t)(i >> 6);
        chain_feed(&router_chain, id, core_pack(arena, input.event), input.at_ms, input.log_ms);
        toc_arena_reset(arena, mark);
        core_transcript(router_chain.router);
    }
    router_chain.turns.turn = 1;
}

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static void a_sweep_goes_step_by_step_with_pauses(void **state)
{
    (void)state;
    open_many();
    apply(NEW, FROM_NOW);
    chain_run(&router_chain, "11:00:00.001 time\n");
    const char *text = core_transcript(router_chain.router);
    assert_int_equal(count_of(text, " policy P4"), ROUTER_SWEEP_STEP);
    assert_int_equal(count_of(text, "policy_swept v2 issues=200 concerned=200\n"), 1);
    expect_router("11:00:00.021 time\n", ""); /* the pause is not over */
    chain_run(&router_chain, "11:00:00.022 time\n");
    assert_int_equal(count_of(core_transcript(router_chain.router), " policy P4"),
                     ROUTER_SWEEP_STEP);
    chain_run(&router_chain, "11:00:01 time\n");
    text = core_transcript(router_chain.router);
    assert_int_equal(count_of(text, " policy P4"), 50);
    assert_int_equal(count_of(text, "issues=450 concerned=450 done\n"), 1);
    expect_router("11:00:02 time\n", "");
}

struct counts {
    unsigned second, third, second_done, third_done;
};

static void count(struct counts *counts)
{
    const char *text = core_transcript(router_chain.router);
    counts->second += count_of(text, "reason=policy v2\n");
    counts->third += count_of(text, "reason=policy v3\n");
    counts->second_done += count_of(text, "policy_swept v2 issues=450 concerned=450 done\n");
    counts->third_done += count_of(text, "policy_swept v3 issues=450 concerned=450 done\n");
    assert_true(counts->third == 0 || counts->second_done == 1);
}

/* Another version comes after the first step, and each is told of once more after the crash. */
static void a_version_in_the_middle_of_another_waits_its_turn_also_after_a_crash(void **state)
{
    struct counts counts = {0};
    (void)state;
    open_many();
    apply(NEW, FROM_NOW);
    chain_run(&router_chain, "11:00:00.001 time\n");
    count(&counts);
    chain_policy_mode(&router_chain, "11:00:00.010", OLD, FROM_NOW);
    core_transcript(router_chain.router);
    router_chain.turns.turn = 0;
    core_set_log(router_chain.router, core_time("11:00:00.030"));
    core_crash(router_chain.router);
    router_chain.followed = core_last_seq(router_chain.router);
    router_chain.turns.turn = 1;
    chain_policy_again(&router_chain, "11:00:00.020", OLD, FROM_NOW, 3);
    chain_policy_again(&router_chain, "11:00:00.020", NEW, FROM_NOW, 2);
    for (unsigned i = 1; i < 12; i++) {
        char line[32];
        snprintf(line, sizeof(line), "11:00:00.%03u time\n", 30 * i);
        chain_run(&router_chain, line);
        count(&counts);
    }
    assert_int_equal(counts.second, MANY);
    assert_int_equal(counts.third, MANY);
    assert_int_equal(counts.second_done, 1);
    assert_int_equal(counts.third_done, 1);
}

/* kill -9 in the middle: what was committed stays, the rest is done once. */
static void a_crash_in_the_middle_of_a_sweep_loses_and_repeats_nothing(void **state)
{
    unsigned swept = 0;
    (void)state;
    open_many();
    apply(NEW, FROM_NOW);
    chain_run(&router_chain, "11:00:00.001 time\n");
    swept += count_of(core_transcript(router_chain.router), " policy P4");
    router_chain.turns.turn = 0;
    core_set_log(router_chain.router, core_time("11:00:00.030"));
    core_crash(router_chain.router); /* the second step never happened */
    router_chain.followed = core_last_seq(router_chain.router);
    router_chain.turns.turn = 1;
    chain_run(&router_chain, "11:00:00.030 time\n11:00:00.060 time\n11:00:00.090 time\n");
    const char *text = core_transcript(router_chain.router);
    swept += count_of(text, " policy P4");
    assert_int_equal(swept, MANY);
    assert_int_equal(count_of(text, "issues=450 concerned=450 done\n"), 1);
}

#define VERSIONS (20 * TOC_POLICY_CACHE)

/* They wait for each other, so they may be many; each is made up for before an event. */
static void an_event_may_come_behind_many_versions(void **state)
{
    char line[128];
    (void)state;
    quietly("10:00 open\n");
    for (unsigned i = 0; i < 16; i++) {
        snprintf(line, sizeof(line), "10:01 fact name=f%015u value=v%030u\n", i, i);
        quietly(line);
    }
    for (unsigned i = 0; i < VERSIONS; i++)
        apply(i % 2 == 0 ? NEW : OLD, RETROACTIVE);
    quietly("11:00 inbound\n");
    expect_router("11:00 note\n", "11:00:00 issue 1 message P4 note new queue=back tier=2 v321\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_a_mode_what_is_there_stays),
        CASE(from_now_on_open_issues_are_routed_by_the_new_version),
        CASE(retroactively_they_are_triaged_too),
        CASE(a_report_changes_nothing),
        CASE(a_queue_that_a_person_chose_stays),
        CASE(an_issue_opened_before_any_policy_gets_its_first_route),
        CASE(an_event_before_the_sweep_finds_its_issue_swept),
        CASE(what_was_over_keeps_its_version_whenever_it_reopens),
        CASE(two_versions_go_one_after_the_other),
        CASE(a_version_told_twice_is_swept_once),
        CASE(new_issues_have_nothing_of_what_is_only_reported_on),
        CASE(tier_and_partner_are_those_of_the_version_that_the_record_names),
        CASE(from_a_queue_that_the_new_version_lacks_issues_go_to_their_route),
        CASE(what_a_rule_has_escalated_stays_while_the_rule_does),
        CASE(without_a_sweep_they_leave_it_when_they_are_routed_again),
        CASE(retroactively_a_risk_is_found_and_its_team_asked),
        CASE(retroactively_the_route_follows_what_triage_says_now),
        CASE(a_sweep_goes_step_by_step_with_pauses),
        CASE(a_crash_in_the_middle_of_a_sweep_loses_and_repeats_nothing),
        CASE(a_version_in_the_middle_of_another_waits_its_turn_also_after_a_crash),
        CASE(an_event_may_come_behind_many_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
