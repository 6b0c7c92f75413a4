#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* What rules say about an issue, what people say against it, and facts. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues: {front: {tier: 1}, safety: {tier: 3, path: wake}, money: {tier: 2}}\n"                \
    "categories: {theft: {facts: [device, police-report]}}\n"                                      \
    "triage:\n"                                                                                    \
    "  - {rule: minor, when: {fact.age: \"<18\", not: {tag: safe}}, set: {risk: critical, "        \
    "priority: P1, sop: minor-safety@7, content_class: csam}, escalate: {queue: safety, tier: "    \
    "2}}\n"                                                                                        \
    "  - {rule: abuse, when: {category: [abuse*]}, set: {risk: severe, sop: abuse@2}}\n"           \
    "  - {rule: paid, when: {category: [invoice]}, set: {priority: P2, tags: [paid]}}\n"           \
    "  - {rule: portuguese, when: {language: \"pt*\"}, set: {priority: P3}}\n"                     \
    "  - {rule: rest, set: {priority: P4}}\n"                                                      \
    "routes:\n"                                                                                    \
    "  - {rule: to-safety, when: {risk: [severe]}, queue: safety}\n"                               \
    "  - {rule: to-money, when: {category: [invoice, theft]}, queue: money}\n"                     \
    "  - {rule: to-front, queue: front}\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(POLICY);
    return 0;
}

/* --- what rules set ------------------------------------------------------------------------- */

static void a_rule_names_the_procedure_and_what_it_exposes_to(void **state)
{
    (void)state;
    expect_router(
        "10:00 open category=abuse_text\n",
        "10:00:00 issue 1 opened new risk=severe sop=abuse@2 rule=abuse tried=minor v1\n"
        "10:00:00 issue 1 routed new queue=safety tier=3 path=wake risk=severe sop=abuse@2 "
        "rule=to-safety v1\n");
}

static void what_a_rule_set_goes_when_the_rule_does_not_fit_any_more(void **state)
{
    (void)state;
    quietly("10:00 open category=abuse_text\n");
    expect_router(
        "10:01 classify category=invoice\n",
        "10:01:00 issue 1 classified P2 new queue=safety tier=3 path=wake tags=paid rule=paid "
        "tried=minor,abuse v1\n"
        "10:01:00 issue 1 routed P2 new from=safety queue=money tier=2 tags=paid rule=to-money "
        "tried=to-safety v1\n");
}

static void what_was_given_is_not_taken_for_a_rules_own(void **state)
{
    (void)state;
    quietly("10:00 open category=bug risk=elevated\n");
    expect_router("10:01 classify category=other\n",
                  "10:01:00 issue 1 classified P4 new queue=front tier=1 risk=elevated rule=rest "
                  "tried=minor,abuse,paid,portuguese v1\n");
}

static void what_a_person_said_no_rule_changes(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 classify P3 sop=mine@1 by=ana\n");
    expect_router(
        "10:02 classify category=abuse_text\n",
        "10:02:00 issue 1 classified P3 new queue=front tier=1 risk=severe sop=mine@1 "
        "rule=abuse tried=minor v1\n"
        "10:02:00 issue 1 routed P3 new from=front queue=safety tier=3 path=wake risk=severe "
        "sop=mine@1 rule=to-safety v1\n");
    const Tocsin__V1__Issue *issue = core_router_change(core_last_seq(router_chain.router))->issue;
    assert_int_equal(issue->by_hand, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_PRIORITY |
                                         TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_SOP |
                                         TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CATEGORY);
    assert_int_equal(issue->by_rule, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_RISK);
}

static void who_classified_is_recorded(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 classify P3 by=ana\n");
    assert_string_equal(core_router_change(core_last_seq(router_chain.router))->by, "ana");
}

static void a_late_opening_does_not_undo_what_a_person_said(void **state)
{
    (void)state;
    quietly("10:00 classify P1 risk=elevated\n10:01 time\n");
    expect_router("10:02 open category=bug P4 risk=none\n",
                  "10:02:00 issue 1 classified P1 new queue=front tier=1 risk=elevated rule=rest "
                  "tried=minor,abuse,paid,portuguese v1\n");
}

static void a_late_opening_leaves_what_was_classified_of_a_stub(void **state)
{
    (void)state;
    quietly("10:00 classify language=pt product=pay line_of_business=shop add_tags=mine\n"
            "10:01 time\n");
    quietly("10:02 open language=en product=chat line_of_business=none tags=given region=BR\n");
    const Tocsin__V1__Issue *issue = core_router_change(core_last_seq(router_chain.router))->issue;
    assert_string_equal(issue->language, "pt");
    assert_string_equal(issue->product, "pay");
    assert_string_equal(issue->line_of_business, "shop");
    assert_string_equal(issue->region, "BR");
    assert_int_equal(issue->n_tags, 2);
}

static void a_flood_of_tags_is_refused_not_cut(void **state)
{
    char script[100];
    (void)state;
    quietly("10:00 open\n");
    for (int i = 0; i < ROUTER_TAGS_MAX; i++) {
        snprintf(script, sizeof(script), "10:01 classify add_tags=t%d\n", i);
        quietly(script);
    }
    expect_router(
        "10:02 classify P1 add_tags=t0 add_tags=more\n",
        "10:02:00 refused tocsin.issue.classified too_large (the issue has as many tags as it "
        "may have)\n");
    quietly("10:03 classify remove_tags=t0 add_tags=more\n");
    const Tocsin__V1__Issue *issue = core_router_change(core_last_seq(router_chain.router))->issue;
    assert_int_equal(issue->n_tags, ROUTER_TAGS_MAX);
    assert_string_equal(issue->tags[ROUTER_TAGS_MAX - 1], "more");
}

/* --- where it goes --------------------------------------------------------------------------- */

static void a_queue_chosen_by_hand_stays_when_only_a_detail_changes(void **state)
{
    (void)state;
    quietly("10:00 open category=invoice\n10:01 assign queue=front\n");
    expect_router("10:02 classify language=pt add_tags=x\n",
                  "10:02:00 issue 1 classified P2 new queue=front tier=1 tags=paid,x rule=paid "
                  "tried=minor,abuse v1\n");
    expect_router("10:03 classify category=invoice\n",
                  "10:03:00 issue 1 classified P2 new queue=front tier=1 tags=paid,x rule=paid "
                  "tried=minor,abuse v1\n"
                  "10:03:00 issue 1 routed P2 new from=front queue=money tier=2 tags=paid,x "
                  "rule=to-money tried=to-safety v1\n");
}

static void another_language_is_triaged_again(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    expect_router("10:01 classify language=pt-BR\n",
                  "10:01:00 issue 1 classified P3 new queue=front tier=1 rule=portuguese "
                  "tried=minor,abuse,paid v1\n");
}

/* Each rule that lost is there with the test that failed, a negated one as such. */
static void a_decision_says_why_each_rule_before_it_lost(void **state)
{
    (void)state;
    quietly("10:00 open tags=safe\n10:01 fact name=age value=12\n");
    const Tocsin__V1__IssueChange *change = core_router_change(core_last_seq(router_chain.router));
    assert_string_equal(change->rule, "rest");
    assert_string_equal(change->tried[0]->name, "minor");
    assert_string_equal(change->tried[0]->why, "not tag");
    assert_string_equal(change->tried[1]->why, "category");
    assert_string_equal(change->tried[3]->why, "language");
    assert_int_equal(change->tried_more, 0);
}

static void rules_that_find_no_room_in_the_record_are_counted(void **state)
{
    static char text[8 * 1024];
    size_t used = (size_t)snprintf(text, sizeof(text),
                                   "policy: 1\nqueues: {q: {tier: 1}}\n"
                                   "routes: [{rule: all, queue: q}]\ntriage:\n");
    (void)state;
    for (int i = 0; i < 40; i++)
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used,
                             "  - {rule: r%d, when: {channel: c%d}, set: {priority: P1}}\n", i, i);
    chain_policy(&router_chain, "09:30", text);
    quietly("10:00 open\n");
    const Tocsin__V1__IssueChange *change =
        core_router_change(core_last_seq(router_chain.router) - 1);
    assert_int_equal(change->n_tried + change->tried_more, 40);
    assert_int_equal(change->n_tried, ROUTER_TRIED_MAX);
}

static void a_risky_issue_goes_to_its_team_at_once(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    expect_router(
        "10:01 fact name=age value=12 by=ana\n",
        "10:01:00 issue 1 fact P1 new queue=front tier=1 risk=critical sop=minor-safety@7 "
        "class=csam age=12 by=ana rule=minor v1\n"
        "10:01:00 issue 1 routed P1 new from=front queue=safety tier=2 path=wake risk=critical "
        "sop=minor-safety@7 class=csam rule=to-front tried=to-safety,to-money v1\n");
    const Tocsin__V1__IssueChange *change = core_router_change(core_last_seq(router_chain.router));
    assert_string_equal(change->reason, "escalated");
    assert_string_equal(change->by, "rule:minor");
}

static void a_risk_found_later_takes_an_issue_from_a_queue_chosen_by_hand(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 assign queue=money\n");
    quietly("10:02 fact name=age value=12\n");
    assert_string_equal(core_router_change(core_last_seq(router_chain.router))->issue->queue,
                        "safety");
}

/* --- facts ------------------------------------------------------------------------------------ */

static void the_latest_fact_of_a_name_counts_and_says_who_confirmed_it(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    expect_router(
        "10:01 fact name=device value=phone by=ana\n10:02 fact name=device value=tablet\n",
        "10:01:00 issue 1 fact P4 new queue=front tier=1 device=phone by=ana v1\n"
        "10:02:00 issue 1 fact P4 new queue=front tier=1 device=tablet by=crm v1\n");
    const Tocsin__V1__Issue *issue = core_router_change(core_last_seq(router_chain.router))->issue;
    assert_int_equal(issue->n_facts, 1);
    assert_int_equal(issue->facts[0]->at_ms, core_time("10:02"));
}

static void a_fact_is_taken_back_by_an_empty_value(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 fact name=age value=12\n");
    expect_router(
        "10:02 fact name=age\n10:03 fact name=age\n",
        "10:02:00 issue 1 fact P4 new queue=safety tier=2 path=wake age taken back rule=rest "
        "tried=minor,abuse,paid,portuguese v1\n"
        "10:02:00 issue 1 routed P4 new from=safety queue=front tier=1 rule=to-front "
        "tried=to-safety,to-money v1\n"
        "10:03:00 refused tocsin.issue.fact state (there is no such fact to take back)\n");
}

static void a_fact_that_no_rule_asks_for_decides_nothing(void **state)
{
    (void)state;
    quietly("10:00 open category=invoice\n10:01 assign queue=front\n");
    expect_router("10:02 fact name=size value=9\n",
                  "10:02:00 issue 1 fact P2 new queue=front tier=1 tags=paid size=9 by=crm v1\n");
}

static void a_flood_of_facts_is_refused_not_stored(void **state)
{
    char script[300], value[200];
    (void)state;
    quietly("10:00 open\n");
    for (int i = 0; i < 20; i++) {
        snprintf(script, sizeof(script), "10:01 fact name=f%d value=1\n", i);
        chain_run(&router_chain, script);
    }
    const char *text = core_transcript(router_chain.router);
    assert_non_null(strstr(text, "f15=1"));
    assert_null(strstr(text, "f16=1"));
    assert_non_null(strstr(text, "too_large (the issue has as many facts as it may have)"));
    memset(value, 'v', 190);
    value[190] = '\0';
    for (int i = 0; i < 10; i++) {
        snprintf(script, sizeof(script), "10:02 fact name=f%d value=%s\n", i, value);
        chain_run(&router_chain, script);
    }
    assert_non_null(strstr(core_transcript(router_chain.router),
                           "too_large (the issue's values would be too large together)"));
}

static void an_escalation_waits_for_the_facts_of_its_category(void **state)
{
    (void)state;
    quietly("10:00 open category=theft\n");
    expect_router(
        "10:01 escalate to_tier=3 queue=safety\n10:02 fact name=device value=phone\n"
        "10:03 escalate to_tier=3\n10:04 fact name=police-report value=yes\n"
        "10:05 escalate to_tier=3 reason=stuck\n",
        "10:01:00 refused tocsin.issue.escalated missing_field (facts to establish first: "
        "device, police-report)\n"
        "10:02:00 issue 1 fact P4 new queue=money tier=2 device=phone by=crm v1\n"
        "10:03:00 refused tocsin.issue.escalated missing_field (facts to establish first: "
        "police-report)\n"
        "10:04:00 issue 1 fact P4 new queue=money tier=2 police-report=yes by=crm v1\n"
        "10:05:00 issue 1 routed P4 new from=money queue=money tier=3 rule=stuck v1\n");
}

static void a_severe_risk_does_not_wait_for_facts(void **state)
{
    (void)state;
    quietly("10:00 open category=theft risk=severe\n");
    expect_router("10:01 escalate to_tier=3 queue=money\n",
                  "10:01:00 issue 1 routed P4 new from=safety queue=money tier=3 path=wake "
                  "risk=severe missing=device,police-report v1\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rule_names_the_procedure_and_what_it_exposes_to),
        CASE(what_a_rule_set_goes_when_the_rule_does_not_fit_any_more),
        CASE(what_was_given_is_not_taken_for_a_rules_own),
        CASE(what_a_person_said_no_rule_changes),
        CASE(who_classified_is_recorded),
        CASE(a_late_opening_does_not_undo_what_a_person_said),
        CASE(a_late_opening_leaves_what_was_classified_of_a_stub),
        CASE(a_flood_of_tags_is_refused_not_cut),
        CASE(a_queue_chosen_by_hand_stays_when_only_a_detail_changes),
        CASE(another_language_is_triaged_again),
        CASE(a_decision_says_why_each_rule_before_it_lost),
        CASE(rules_that_find_no_room_in_the_record_are_counted),
        CASE(a_risky_issue_goes_to_its_team_at_once),
        CASE(a_risk_found_later_takes_an_issue_from_a_queue_chosen_by_hand),
        CASE(the_latest_fact_of_a_name_counts_and_says_who_confirmed_it),
        CASE(a_fact_is_taken_back_by_an_empty_value),
        CASE(a_fact_that_no_rule_asks_for_decides_nothing),
        CASE(a_flood_of_facts_is_refused_not_stored),
        CASE(an_escalation_waits_for_the_facts_of_its_category),
        CASE(a_severe_risk_does_not_wait_for_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
