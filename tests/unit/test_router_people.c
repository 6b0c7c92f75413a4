#include "tests/support/core_people.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define BOTH_ONLINE "09:00 presence agent=ben online\n09:01 presence agent=ana online\n"

/* --- offers ----------------------------------------------------------------------------------- */

static void a_queue_without_people_offers_nothing(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1}}\n", "09:00 presence agent=ana online\n");
    people_expect("10:00 open\n10:01 assign action=OFFER assignee=ana\n11:00 time\n",
                  "10:01:00 issue 1 assigned new from=desk queue=desk tier=1 assignee=ana\n");
    assert_int_equal(core_count(people_chain.router, TABLE_POOLED), 0);
    assert_int_equal(core_count(people_chain.router, TABLE_POOL_DUE), 0);
}

static void an_issue_is_offered_to_one_person_and_claimed(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE);
    people_expect("10:00 open\n10:00:01 time\n",
                  "10:00:00 issue 1 offered to=ana until=10:02:00\n");
    people_expect("10:01 assign action=ACCEPT assignee=ana\n10:05 time\n",
                  "10:01:00 issue 1 claimed assignee=ana by=ana\n");
}

static void nothing_is_offered_before_log_time_has_passed_the_instant(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE);
    people_expect("10:00 open\n10:00 time\n", "");
    people_expect("10:00:00.001 time\n", "10:00:00 issue 1 offered to=ana until=10:02:00\n");
}

static void with_nobody_there_it_waits_and_says_why(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:00 presence agent=ben online queues=other\n");
    people_expect("10:00 open\n11:00 time\n",
                  "10:00:00 issue 1 waiting reason=nobody not=ana:offline,ben:other_queues\n");
}

static void the_least_load_comes_first_then_the_longest_idle_then_the_id(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1}}\n"
                             "people: {ana: {queues: [desk], capacity: 5}, ben: {queues: [desk], "
                             "capacity: 5}}\n",
                 BOTH_ONLINE);
    people_expect("10:00 open\n10:01 open issue=2\n10:02 open issue=3\n10:02:01 time\n",
                  "10:00:00 issue 1 offered to=ana until=10:02:00\n"
                  "10:01:00 issue 2 offered to=ben until=10:03:00\n"
                  "10:02:00 issue 1 declined by=ana reason=lapsed\n"
                  "10:02:00 issue 3 offered to=ana until=10:04:00\n"
                  "10:02:00 issue 1 offered to=ben until=10:04:00 not=ana:declined\n");
}

static void a_lease_ends_strictly_after_its_instant(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:02 assign action=ACCEPT assignee=ana\n",
                  "10:02:00 issue 1 claimed assignee=ana by=ana\n");
}

static void an_offer_that_lapses_goes_to_the_next(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:02:01 time\n10:10 time\n",
                  "10:02:00 issue 1 declined by=ana reason=lapsed\n"
                  "10:02:00 issue 1 offered to=ben until=10:04:00 not=ana:declined\n"
                  "10:04:00 issue 1 declined by=ben reason=lapsed\n"
                  "10:04:00 issue 1 waiting reason=nobody not=ana:declined,ben:declined\n");
}

static void who_let_an_offer_lapse_is_asked_again_after_coming_back(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:10 time\n");
    people_expect("10:20 presence agent=ana\n10:30 presence agent=ana online\n10:31 time\n",
                  "10:30:00 issue 1 offered to=ana until=10:32:00 not=ben:declined\n");
}

static void a_test_brings_nobody_and_sends_nobody_away(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:00 presence agent=ben online test\n"
                             "09:01 presence agent=ana online\n10:00 presence agent=ana test\n"
                             "10:01 open\n10:01:01 time\n");
    people_expect("10:05 time\n",
                  "10:03:00 issue 1 declined by=ana reason=lapsed\n"
                  "10:03:00 issue 1 waiting reason=nobody not=ana:declined,ben:offline\n");
}

static void the_decliner_is_left_out_and_the_age_is_kept(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 assign action=DECLINE assignee=ana\n10:01:01 time\n",
                  "10:01:00 issue 1 declined by=ana reason=declined\n"
                  "10:01:00 issue 1 offered to=ben until=10:03:00 not=ana:declined\n");
    /* Even after coming back: they have said no. An older issue comes before it all the same. */
    people_expect("10:02 assign action=DECLINE assignee=ben\n"
                  "10:03 presence agent=ana\n10:04 presence agent=ana online\n10:05 time\n",
                  "10:02:00 issue 1 declined by=ben reason=declined\n"
                  "10:02:00 issue 1 waiting reason=nobody not=ana:declined,ben:declined\n");
}

static void someone_else_is_asked_when_they_come(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:01 presence agent=ana online\n10:00 open\n10:00:01 time\n"
                             "10:01 assign action=DECLINE assignee=ana\n10:02 time\n");
    people_expect("10:30 presence agent=ben online\n10:31 time\n",
                  "10:30:00 issue 1 offered to=ben until=10:32:00 not=ana:declined\n");
}

/* --- what is refused -------------------------------------------------------------------------- */

static void of_two_accepts_one_wins(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 assign action=ACCEPT assignee=ana\n10:01 assign action=ACCEPT "
                  "assignee=ben\n10:01 assign action=ACCEPT assignee=ana\n",
                  "10:01:00 issue 1 claimed assignee=ana by=ana\n"
                  "10:01:00 refused tocsin.issue.assigned state (somebody else has the issue)\n"
                  "10:01:00 refused tocsin.issue.assigned state (this person has the issue "
                  "already)\n");
}

static void an_offer_to_somebody_else_cannot_be_taken(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 assign action=ACCEPT assignee=ben\n10:01 assign action=DECLINE "
                  "assignee=ben\n10:01 assign action=ACCEPT\n",
                  "10:01:00 refused tocsin.issue.assigned state (the issue is offered to somebody "
                  "else)\n"
                  "10:01:00 refused tocsin.issue.assigned state (the issue is offered to somebody "
                  "else)\n"
                  "10:01:00 refused tocsin.issue.assigned state (accepted by whom?)\n");
}

static void an_offer_that_is_over_cannot_be_taken(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:00 presence agent=ana online\n10:00 open\n10:00:01 time\n");
    /* Before log time is past it, and after. */
    people_expect("10:02:01 log=10:01 assign action=ACCEPT assignee=ana\n",
                  "10:02:01 refused tocsin.issue.assigned state (the offer is over)\n");
    people_expect("10:03 assign action=ACCEPT assignee=ana\n",
                  "10:02:00 issue 1 declined by=ana reason=lapsed\n"
                  "10:02:00 issue 1 waiting reason=nobody not=ana:declined,ben:offline\n"
                  "10:03:00 refused tocsin.issue.assigned state (the issue is offered to nobody "
                  "now: the offer is over)\n");
}

static void what_nobody_has_cannot_be_released(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 assign action=RELEASE assignee=ana\n",
                  "10:01:00 refused tocsin.issue.assigned state (nobody has the issue)\n");
    people_expect("10:01 assign action=ACCEPT assignee=ana\n10:01:30 assign action=RELEASE "
                  "assignee=ben\n",
                  "10:01:00 issue 1 claimed assignee=ana by=ana\n"
                  "10:01:30 refused tocsin.issue.assigned state (somebody else has the issue)\n");
}

/* --- by hand ---------------------------------------------------------------------------------- */

static void who_releases_is_left_out(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n"
                                         "10:01 assign action=ACCEPT assignee=ana\n");
    people_expect("10:30 assign action=RELEASE assignee=ana\n10:31 time\n",
                  "10:30:00 issue 1 released by=ana reason=released\n"
                  "10:30:00 issue 1 offered to=ben until=10:32:00 not=ana:declined\n");
}

static void an_assignment_by_hand_wins_over_an_offer(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 assign action=ASSIGN assignee=ben\n10:05 open issue=2\n10:05:01 time\n",
                  "10:01:00 issue 1 assigned new from=desk queue=desk tier=1 assignee=ben\n"
                  "10:05:00 issue 2 offered to=ana until=10:07:00 not=ben:full\n");
    people_expect("10:06 assign action=ACCEPT assignee=ana\n",
                  "10:06:00 refused tocsin.issue.assigned state (somebody else has the issue)\n");
}

static void an_offer_by_hand_asks_one_who_can_take_it(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "10:00 open\n10:01 time\n");
    people_expect("10:02 assign action=OFFER assignee=ana\n10:02 assign action=OFFER "
                  "assignee=zoe\n10:02 assign action=OFFER\n",
                  "10:02:00 refused tocsin.issue.assigned state (offline)\n"
                  "10:02:00 refused tocsin.issue.assigned state (the policy names no such "
                  "person)\n"
                  "10:02:00 refused tocsin.issue.assigned state (offered to whom?)\n");
    people_expect("10:03 presence agent=ana online\n10:03 assign action=OFFER assignee=ana\n"
                  "10:03 assign action=OFFER assignee=ben\n",
                  "10:03:00 issue 1 offered to=ana until=10:05:00\n"
                  "10:03:00 refused tocsin.issue.assigned state (the issue is offered to "
                  "somebody)\n");
}

static void an_offer_ends_when_the_issue_does(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 status solved\n10:02 open issue=2\n10:02:01 time\n",
                  "10:01:00 issue 1 released solved queue=desk tier=1 by=ana reason=solved\n"
                  "10:02:00 issue 2 offered to=ben until=10:04:00\n");
    assert_int_equal(core_count(people_chain.router, TABLE_POOLED), 1);
    assert_int_equal(core_count(people_chain.router, TABLE_HELD), 1);
}

/* --- the appeal ------------------------------------------------------------------------------- */

/* Opens an appeal of a decision that ana made. */
static void appeal_from_ana(void)
{
    struct core_input input;
    Tocsin__V1__Appeal appeal = TOCSIN__V1__APPEAL__INIT;
    uint8_t id[TOC_ID];
    core_parse(core_arena(people_chain.router), "10:00 open", &input);
    core_issue_id(id, 1);
    appeal.decider = toc_wire_text("ana");
    appeal.decision = toc_wire_text("d-1");
    input.event->issue_opened->appeal = &appeal;
    chain_feed(&people_chain, id, core_pack(core_arena(people_chain.router), input.event),
               input.at_ms, input.log_ms);
}

static void the_decider_of_an_appeal_never_gets_it(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, BOTH_ONLINE);
    appeal_from_ana();
    people_expect("10:00:01 time\n10:01 assign action=ASSIGN assignee=ana\n",
                  "10:00:00 issue 1 offered to=ben until=10:02:00 not=ana:decider\n"
                  "10:01:00 refused tocsin.issue.assigned not_allowed (who made the "
                  "decision does not get the appeal)\n");
}

static void the_decider_is_named_as_one_also_when_offline(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:00 presence agent=ben online\n");
    appeal_from_ana();
    people_expect("10:00:01 time\n",
                  "10:00:00 issue 1 offered to=ben until=10:02:00 not=ana:decider\n");
}

/* --- all the same in other turns ---------------------------------------------------------------
 */

#define SCRIPT                                                                                     \
    BOTH_ONLINE "10:00 open\n10:00 open issue=2\n10:00 open issue=3\n"                             \
                "10:01 assign action=DECLINE assignee=ana\n10:01 assign issue=2 action=ACCEPT "    \
                "assignee=ben\n10:03 status issue=2 solved\n10:04 inbound issue=2\n"               \
                "10:09 presence agent=ben\n10:10 presence agent=ben online\n10:30 time\n"

static void turns_and_restarts_change_nothing(void **state)
{
    const struct core_turns ways[] = {{.turn = 1},
                                      {.turn = 0},
                                      {.turn = 1, .reopen = true},
                                      {.seed = 7},
                                      {.seed = 8, .reopen = true}};
    uint8_t first[TOC_SHA256], digest[TOC_SHA256];
    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct chain chain;
        chain_open(&chain, ways[i]);
        chain_policy(&chain, "08:00", PEOPLE_TWO);
        chain_run(&chain, SCRIPT);
        core_digest(chain.router, i == 0 ? first : digest);
        chain_close(&chain);
        if (i > 0)
            assert_memory_equal(digest, first, sizeof(first));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_queue_without_people_offers_nothing),
        CASE(an_issue_is_offered_to_one_person_and_claimed),
        CASE(nothing_is_offered_before_log_time_has_passed_the_instant),
        CASE(with_nobody_there_it_waits_and_says_why),
        CASE(the_least_load_comes_first_then_the_longest_idle_then_the_id),
        CASE(a_lease_ends_strictly_after_its_instant),
        CASE(an_offer_that_lapses_goes_to_the_next),
        CASE(who_let_an_offer_lapse_is_asked_again_after_coming_back),
        CASE(a_test_brings_nobody_and_sends_nobody_away),
        CASE(the_decliner_is_left_out_and_the_age_is_kept),
        CASE(someone_else_is_asked_when_they_come),
        CASE(of_two_accepts_one_wins),
        CASE(an_offer_to_somebody_else_cannot_be_taken),
        CASE(an_offer_that_is_over_cannot_be_taken),
        CASE(what_nobody_has_cannot_be_released),
        CASE(who_releases_is_left_out),
        CASE(an_assignment_by_hand_wins_over_an_offer),
        CASE(an_offer_by_hand_asks_one_who_can_take_it),
        CASE(an_offer_ends_when_the_issue_does),
        CASE(the_decider_of_an_appeal_never_gets_it),
        CASE(the_decider_is_named_as_one_also_when_offline),
        CASE(turns_and_restarts_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
