#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* Facts that detectors found in texts, beside those that people established. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues: {front: {tier: 1}, safety: {tier: 3, path: wake}}\n"                                  \
    "triage:\n"                                                                                    \
    "  - {rule: child, when: {fact.risk.minor_safety: \">=1\"}, set: {risk: critical, priority: "  \
    "P1}}\n"                                                                                       \
    "  - {rule: card, when: {fact.card: \">1\"}, set: {priority: P2}}\n"                           \
    "  - {rule: rest, set: {priority: P4}}\n"                                                      \
    "routes:\n"                                                                                    \
    "  - {rule: to-safety, when: {risk: [critical]}, queue: safety}\n"                             \
    "  - {rule: to-front, queue: front}\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(POLICY);
    return 0;
}

static const Tocsin__V1__Issue *last_issue(void)
{
    uint64_t seq = core_last_seq(router_chain.router);
    while (core_record(router_chain.router, seq)->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
        seq--;
    return core_router_change(seq)->issue;
}

/* "name=value by detector" of every fact, in order; those found with a mark. */
static void assert_facts(const char *expected)
{
    char text[2048] = "";
    const Tocsin__V1__Issue *issue = last_issue();
    for (size_t i = 0; i < issue->n_facts; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s=%s%s%s", i > 0 ? " " : "",
                 issue->facts[i]->name, issue->facts[i]->value, issue->facts[i]->found ? "~" : "!",
                 issue->facts[i]->by);
    assert_string_equal(text, expected);
}

/* --- triage --------------------------------------------------------------------------------- */

static void a_rule_asks_for_what_was_found_in_the_opening(void **state)
{
    (void)state;
    expect_router(
        "10:00 open found=language:en:98:cld2/2 found=risk.minor_safety:2:80:lexicon-en/1\n",
        "10:00:00 issue 1 opened P1 new risk=critical rule=child v1\n"
        "10:00:00 issue 1 routed P1 new queue=safety tier=3 path=wake risk=critical "
        "rule=to-safety v1\n");
    assert_facts("risk.minor_safety=2~lexicon-en/1 language=en~cld2/2");
}

static void a_later_message_is_triaged_again_when_a_rule_asks_for_what_is_new(void **state)
{
    (void)state;
    quietly("10:00 open found=language:en:98:cld2/2\n");
    expect_router("10:01 inbound found=risk.minor_safety:1:50:lexicon-en/1\n"
                  "10:02 inbound found=risk.minor_safety:1:50:lexicon-en/1\n"
                  "10:03 inbound found=risk.fraud:3:50:lexicon-en/1\n",
                  "10:01:00 issue 1 message P4 inbound new queue=front tier=1 v1\n"
                  "10:01:00 issue 1 fact P1 new queue=front tier=1 risk=critical "
                  "risk.minor_safety=1 by=lexicon-en/1 rule=child v1\n"
                  "10:01:00 issue 1 routed P1 new from=front queue=safety tier=3 path=wake "
                  "risk=critical rule=to-safety v1\n"
                  "10:02:00 issue 1 message P1 inbound new queue=safety tier=3 path=wake "
                  "risk=critical v1\n"
                  "10:03:00 issue 1 message P1 inbound new queue=safety tier=3 path=wake "
                  "risk=critical v1\n");
}

static void what_agents_and_automatons_write_says_nothing_of_the_requester(void **state)
{
    (void)state;
    quietly("10:00 open\n");
    quietly("10:01 outbound found=risk.minor_safety:1:50:lexicon-en/1\n"
            "10:02 note found=risk.minor_safety:1:50:lexicon-en/1\n"
            "10:03 inbound auto found=card:2:50:luhn/1\n");
    assert_facts("");
}

/* --- who overwrites whom ---------------------------------------------------------------------- */

static void a_newer_text_replaces_what_an_older_one_said(void **state)
{
    (void)state;
    quietly("10:00 open found=card:1:90:luhn/1 found=language:en:98:cld2/2\n"
            "10:01 inbound found=card:3:90:luhn/2\n");
    assert_facts("card=3~luhn/2 language=en~cld2/2");
    assert_int_equal(last_issue()->facts[0]->at_ms, core_time("10:01"));
    assert_int_equal(last_issue()->facts[1]->at_ms, core_time("10:00"));
}

static void what_a_detector_is_not_sure_of_is_no_fact(void **state)
{
    (void)state;
    quietly("10:00 open found=language:en:98:cld2/2\n10:01 inbound found=language:und:0:cld2/2\n");
    assert_facts("language=en~cld2/2");
}

static void a_fact_of_a_person_is_never_overwritten(void **state)
{
    (void)state;
    quietly("10:00 open\n10:01 fact name=card value=0 by=ana\n"
            "10:02 inbound found=card:2:90:luhn/1 found=email:1\n");
    assert_facts("card=0!ana email=1~luhn/1");
    assert_int_equal(last_issue()->priority, TOCSIN__V1__PRIORITY__PRIORITY_P4);
}

static void a_person_overwrites_what_was_found_and_the_others_keep_their_detector(void **state)
{
    (void)state;
    quietly("10:00 open found=risk.fraud:1:80:lexicon-en/1 found=risk.press:1:80 "
            "found=card:1:90:luhn/1\n");
    assert_facts("risk.fraud=1~lexicon-en/1 risk.press=1~ card=1~luhn/1");
    quietly("10:01 fact name=risk.fraud value=0 by=ana\n");
    assert_facts("risk.fraud=0!ana risk.press=1~lexicon-en/1 card=1~luhn/1");
    quietly("10:02 fact name=device value=phone by=ben\n");
    assert_facts("risk.fraud=0!ana device=phone!ben risk.press=1~lexicon-en/1 card=1~luhn/1");
}

static void a_person_takes_back_what_was_found(void **state)
{
    (void)state;
    quietly("10:00 open found=risk.minor_safety:1:80:lexicon-en/1\n");
    expect_router("10:01 fact name=risk.minor_safety by=ana\n",
                  "10:01:00 issue 1 fact P4 new queue=safety tier=3 path=wake risk.minor_safety "
                  "taken back rule=rest tried=child,card v1\n"
                  "10:01:00 issue 1 routed P4 new from=safety queue=front tier=1 rule=to-front "
                  "tried=to-safety v1\n");
    assert_facts("");
}

/* --- room ------------------------------------------------------------------------------------- */

#define LONG(x)     x "-3456789-123456789-123456789-123456789-123456789-123456789"
#define TAG(x)      " tags=" LONG(x)
#define ADD(x)      " add_tags=" LONG(x)
#define SIX_TAGS(x) TAG(x "1") TAG(x "2") TAG(x "3") TAG(x "4") TAG(x "5") TAG(x "6")
#define ALL                                                                                        \
    " found=language:en:98:cld2/V2.0_-_20141016 found=risk.self_harm:1:80:lexicon-en/1:11111111"   \
    " found=risk.minor_safety:1 found=risk.violence:1 found=risk.harassment:1"                     \
    " found=risk.account_theft:1 found=risk.fraud:1 found=risk.legal_threat:1 found=risk.press:1"  \
    " found=product:router-9000:80:products/1:22222222 found=version:4.2.1"                        \
    " found=card:1:90:luhn/1 found=phone:2:85:phone/1 found=email:1:90:email/1"                    \
    " found=secret:jwt:95:secret/1 found=fingerprint:0123456789abcdef:100:simhash/2"               \
    " found=cut:65536:100:facts/1"

static void all_that_detectors_can_find_has_room_in_an_ordinary_issue(void **state)
{
    (void)state;
    quietly("10:00 open category=order product=router-9000 language=en\n10:01 inbound" ALL "\n");
    assert_int_equal(last_issue()->n_facts, 16); /* fingerprints are for telling duplicates */
    assert_true(tocsin__v1__issue__get_packed_size(last_issue()) < 750);
}

/* The names that the record says had no room. */
static void assert_left_out(uint64_t seq, const char *expected)
{
    char text[512] = "";
    const Tocsin__V1__IssueChange *change = core_router_change(seq);
    for (size_t i = 0; i < change->n_left_out; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 0 ? " " : "",
                 change->left_out[i]);
    assert_string_equal(text, expected);
}

static void what_has_no_room_leaves_in_the_order_of_its_importance_and_that_is_said(void **state)
{
    (void)state;
    quietly("10:00 open" SIX_TAGS("a") SIX_TAGS("b") "\n");
    uint64_t seq = core_last_seq(router_chain.router);
    quietly("10:01 inbound" ALL "\n");
    assert_left_out(seq + 1, "cut version product language email phone card secret");
    assert_facts("risk.minor_safety=1~lexicon-en/1:11111111 risk.self_harm=1~ risk.violence=1~ "
                 "risk.account_theft=1~ risk.fraud=1~ risk.legal_threat=1~ risk.harassment=1~ "
                 "risk.press=1~");
    assert_int_equal(last_issue()->priority, TOCSIN__V1__PRIORITY__PRIORITY_P1);
    assert_true(tocsin__v1__issue__get_packed_size(last_issue()) <= ROUTER_ISSUE_MAX);
}

static void what_a_person_says_makes_found_facts_leave(void **state)
{
    (void)state;
    quietly("10:00 open" TAG("a1") TAG("a2") "\n10:01 inbound" ALL "\n");
    assert_int_equal(last_issue()->n_facts, 16);
    uint64_t seq = core_last_seq(router_chain.router);
    quietly("10:02 classify" ADD("b1") ADD("b2") ADD("b3") ADD("b4") ADD("b5") ADD("b6")
                ADD("b7") "\n");
    assert_left_out(seq + 1, "cut version product");
    assert_int_equal(last_issue()->n_facts, 13);
    assert_int_equal(last_issue()->n_tags, 9);
}

/* Without any room for what a person says, what was found stays as well. */
static void an_event_that_is_refused_leaves_them_where_they_were(void **state)
{
    (void)state;
    quietly("10:00 open" TAG("a1") TAG("a2") TAG("a3") TAG("a4") "\n10:01 inbound" ALL "\n");
    uint64_t seq = core_last_seq(router_chain.router);
    quietly("10:02 classify" ADD("b1") ADD("b2") ADD("b3") ADD("b4") ADD("b5") ADD("b6") ADD("b7")
                ADD("b8") ADD("b9") ADD("c1") ADD("c2") ADD("c3") ADD("c4") "\n");
    assert_int_equal(core_record(router_chain.router, seq + 1)->type,
                     TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED);
    quietly("10:03 inbound\n");
    assert_int_equal(last_issue()->n_facts, 16);
    assert_left_out(seq + 2, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)
        TEST(a_rule_asks_for_what_was_found_in_the_opening),
        TEST(a_later_message_is_triaged_again_when_a_rule_asks_for_what_is_new),
        TEST(what_agents_and_automatons_write_says_nothing_of_the_requester),
        TEST(a_newer_text_replaces_what_an_older_one_said),
        TEST(what_a_detector_is_not_sure_of_is_no_fact),
        TEST(a_fact_of_a_person_is_never_overwritten),
        TEST(a_person_overwrites_what_was_found_and_the_others_keep_their_detector),
        TEST(a_person_takes_back_what_was_found),
        TEST(all_that_detectors_can_find_has_room_in_an_ordinary_issue),
        TEST(what_has_no_room_leaves_in_the_order_of_its_importance_and_that_is_said),
        TEST(what_a_person_says_makes_found_facts_leave),
        TEST(an_event_that_is_refused_leaves_them_where_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
