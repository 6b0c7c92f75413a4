#include "tests/support/core_router.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Questions to other teams, step by step. */
#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {front: {tier: 1}}\n"                                                                 \
    "teams:\n"                                                                                     \
    "  legal: {calendar: always, answer_within: 4h}\n"                                             \
    "  fraud: {calendar: always, answer_within: 1h}\n"                                             \
    "categories: {theft: {facts: [device]}}\n"                                                     \
    "triage:\n"                                                                                    \
    "  - {rule: court, when: {tag: court}, set: {risk: severe}, escalate: {team: legal}}\n"        \
    "  - {rule: rest, set: {priority: P4}}\n"                                                      \
    "routes: [{rule: all, queue: front}]\n"

static int set_up(void **state)
{
    (void)state;
    core_router_open(POLICY);
    chain_run(&router_chain, "10:00 open\n");
    core_transcript(router_chain.router);
    return 0;
}

static const Tocsin__V1__Answer *ask(unsigned issue, const char *team, bool all)
{
    static uint8_t id[TOC_ID];
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    ask.what = TOCSIN__V1__ASK__WHAT__ESCALATIONS;
    ask.queue = toc_wire_text(team);
    ask.all = all;
    if (issue != 0) {
        core_issue_id(id, issue);
        ask.id = toc_wire_binary(toc_str(id, sizeof(id)));
    }
    return core_ask(router_chain.router, &ask);
}

#define ISSUE "issue 1 escalation P4 new queue=front tier=1 "

static void a_question_goes_its_way_and_ends_when_the_requester_was_told(void **state)
{
    (void)state;
    expect_router("10:01 raised escalation=q1 team=legal owner=ana reason=R12\n"
                  "10:02 accepted escalation=q1 owner=lou\n"
                  "10:03 answered escalation=q1 owner=lou\n"
                  "10:04 told escalation=q1 owner=ana\n",
                  "10:01:00 " ISSUE "q1 raised team=legal owner=legal by=ana open=1 v1\n"
                  "10:02:00 " ISSUE "q1 accepted team=legal owner=lou by=lou open=1 v1\n"
                  "10:03:00 " ISSUE "q1 answered team=legal owner=ana by=lou open=1 v1\n"
                  "10:04:00 " ISSUE "q1 told team=legal by=ana open=0 v1\n");
}

static void what_was_returned_is_raised_again_or_answered(void **state)
{
    (void)state;
    quietly("10:01 raised escalation=q1 team=legal owner=ana\n");
    expect_router("10:02 returned escalation=q1 owner=lou\n"
                  "10:03 raised escalation=q1 team=fraud owner=ben\n"
                  "10:04 accepted escalation=q1 owner=fay\n"
                  "10:05 accepted escalation=q1 owner=flo\n"
                  "10:06 returned escalation=q1 owner=flo\n"
                  "10:07 answered escalation=q1 owner=ben\n",
                  "10:02:00 " ISSUE "q1 returned team=legal owner=ana by=lou returned=1 open=1 v1\n"
                  "10:03:00 " ISSUE "q1 raised team=fraud owner=fraud by=ben returned=1 open=1 v1\n"
                  "10:04:00 " ISSUE "q1 accepted team=fraud owner=fay by=fay returned=1 open=1 v1\n"
                  "10:05:00 " ISSUE "q1 accepted team=fraud owner=flo by=flo returned=1 open=1 v1\n"
                  "10:06:00 " ISSUE "q1 returned team=fraud owner=ben by=flo returned=2 open=1 v1\n"
                  "10:07:00 " ISSUE
                  "q1 answered team=fraud owner=ben by=ben returned=2 open=1 v1\n");
}

/* Every step from every state, against the drawing in escalation.c. */
static void impossible_steps_are_refused(void **state)
{
    static const char *const steps[] = {"raised", "accepted", "returned", "answered", "told"};
    static const struct {
        const char *path; /* letters of steps that lead to the state */
        const char *possible;
    } rows[] = {{"", "r"}, {"r", "ae"}, {"ra", "aen"}, {"re", "rn"}, {"ran", "t"}, {"rant", ""}};
    static const char letters[] = "raent";
    char script[200];
    unsigned number = 2;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t k = 0; k < 5; k++, number++) {
            snprintf(script, sizeof(script), "10:00 open issue=%u\n", number);
            quietly(script);
            for (const char *c = rows[i].path; *c != '\0'; c++) {
                snprintf(script, sizeof(script), "10:01 %s issue=%u escalation=q team=legal\n",
                         steps[strchr(letters, *c) - letters], number);
                quietly(script);
            }
            snprintf(script, sizeof(script), "10:02 %s issue=%u escalation=q team=legal\n",
                     steps[k], number);
            chain_run(&router_chain, script);
            bool refused = strstr(core_transcript(router_chain.router), "refused") != NULL;
            assert_int_equal(refused, strchr(rows[i].possible, letters[k]) == NULL);
        }
}

static void an_unknown_team_or_escalation_is_refused(void **state)
{
    (void)state;
    expect_router(
        "10:01 raised escalation=q1 team=nobody\n10:02 accepted escalation=q1\n",
        "10:01:00 refused tocsin.escalation.raised bad_value (the policy knows no such team)\n"
        "10:02:00 refused tocsin.escalation.accepted state (there is no such escalation)\n");
}

static void it_waits_for_the_facts_that_the_category_wants(void **state)
{
    (void)state;
    quietly("10:00 open issue=2 category=theft\n");
    expect_router(
        "10:01 raised issue=2 escalation=q1 team=legal\n",
        "10:01:00 refused tocsin.escalation.raised missing_field (facts to establish first: "
        "device)\n");
    quietly("10:02 classify issue=2 risk=critical\n");
    expect_router("10:03 raised issue=2 escalation=q1 team=legal owner=ana\n",
                  "10:03:00 issue 1 escalation P4 new queue=front tier=1 risk=critical q1 raised "
                  "team=legal owner=legal by=ana open=1 missing=device v1\n");
}

static void an_issue_with_an_open_question_is_solved_but_not_closed(void **state)
{
    (void)state;
    quietly("10:01 raised escalation=q1 team=legal owner=ana\n");
    expect_router(
        "10:02 status closed\n10:03 status solved\n10:04 status closed\n",
        "10:02:00 refused tocsin.issue.status state (an escalation to another team is open)\n"
        "10:03:00 issue 1 status P4 new->solved queue=front tier=1 v1\n"
        "10:04:00 refused tocsin.issue.status state (an escalation to another team is open)\n");
    quietly("10:05 accepted escalation=q1\n10:06 answered escalation=q1\n10:07 told "
            "escalation=q1\n");
    expect_router("10:08 status closed\n",
                  "10:08:00 issue 1 status P4 solved->closed queue=front tier=1 v1\n");
}

static void a_rule_asks_its_team_once(void **state)
{
    (void)state;
    expect_router(
        "10:00 open issue=2 tags=court\n",
        "10:00:00 issue 1 opened new risk=severe tags=court rule=court v1\n"
        "10:00:00 issue 1 routed new queue=front tier=1 risk=severe tags=court rule=all v1\n"
        "10:00:00 issue 1 escalation new queue=front tier=1 risk=severe tags=court rule:court "
        "raised team=legal owner=legal by=rule:court open=1 v1\n");
    expect_router(
        "10:01 classify issue=2 category=x\n",
        "10:01:00 issue 1 classified new queue=front tier=1 risk=severe tags=court rule=court "
        "v1\n");
}

/* Raised, answered and told beforehand, it would keep the rule from asking its team. */
static void nobody_else_raises_in_a_rules_name(void **state)
{
    (void)state;
    expect_router(
        "10:01 raised escalation=rule:court team=fraud\n10:02 classify add_tags=court\n",
        "10:01:00 refused tocsin.escalation.raised bad_value (an id that begins with 'rule:' is "
        "for the policy's rules)\n"
        "10:02:00 issue 1 classified new queue=front tier=1 risk=severe tags=court rule=court "
        "v1\n"
        "10:02:00 issue 1 escalation new queue=front tier=1 risk=severe tags=court rule:court "
        "raised team=legal owner=legal by=rule:court open=1 v1\n");
    quietly("10:03 returned escalation=rule:court owner=lou\n");
    expect_router(
        "10:04 raised escalation=rule:court team=fraud owner=ana\n",
        "10:04:00 issue 1 escalation new queue=front tier=1 risk=severe tags=court rule:court "
        "raised team=fraud owner=fraud by=ana returned=1 open=1 v1\n");
}

static void a_flood_of_questions_is_refused(void **state)
{
    char script[100];
    (void)state;
    for (unsigned i = 0; i < ROUTER_ESCALATIONS_MAX + 1; i++) {
        snprintf(script, sizeof(script), "10:01 raised escalation=q%u team=legal\n", i);
        chain_run(&router_chain, script);
    }
    assert_non_null(strstr(core_transcript(router_chain.router),
                           "q7 raised team=legal owner=legal by=crm open=8 v1\n"
                           "10:01:00 refused tocsin.escalation.raised too_large (the issue has as "
                           "many open escalations as it may have)\n"));
}

static void open_questions_are_listed_by_issue_and_by_team(void **state)
{
    (void)state;
    quietly("10:00 open issue=2\n"
            "10:01 raised escalation=q1 team=legal\n10:01 raised escalation=q2 team=fraud\n"
            "10:01 raised issue=2 escalation=q1 team=fraud\n"
            "10:02 accepted escalation=q2\n10:03 answered escalation=q2\n"
            "10:04 told escalation=q2\n");
    assert_int_equal(ask(0, "", false)->n_rows, 2);
    assert_int_equal(ask(0, "", true)->n_rows, 3);
    assert_int_equal(ask(0, "fraud", false)->n_rows, 1);
    assert_int_equal(ask(1, "", true)->n_rows, 2);
    assert_int_equal(ask(1, "legal", false)->n_rows, 1);
    assert_int_equal(ask(3, "", true)->n_rows, 0);
}

static void a_long_list_comes_in_pieces(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    (void)state;
    quietly("10:01 raised escalation=q1 team=legal\n10:01 raised escalation=q2 team=fraud\n"
            "10:01 raised escalation=q3 team=fraud\n");
    ask.what = TOCSIN__V1__ASK__WHAT__ESCALATIONS;
    ask.limit = 2;
    const Tocsin__V1__Answer *answer = core_ask(router_chain.router, &ask);
    assert_int_equal(answer->n_rows, 2);
    ask.after = answer->next;
    answer = core_ask(router_chain.router, &ask);
    assert_int_equal(answer->n_rows, 1);
    assert_int_equal(answer->next.len, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_question_goes_its_way_and_ends_when_the_requester_was_told),
        CASE(what_was_returned_is_raised_again_or_answered),
        CASE(impossible_steps_are_refused),
        CASE(an_unknown_team_or_escalation_is_refused),
        CASE(it_waits_for_the_facts_that_the_category_wants),
        CASE(an_issue_with_an_open_question_is_solved_but_not_closed),
        CASE(a_rule_asks_its_team_once),
        CASE(nobody_else_raises_in_a_rules_name),
        CASE(a_flood_of_questions_is_refused),
        CASE(open_questions_are_listed_by_issue_and_by_team),
        CASE(a_long_list_comes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
