#include "tests/support/core_people.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Names and policies that do not fit the people who are there. */

static const Tocsin__V1__Person *person_of(const char *id)
{
    struct toc_str row;
    Tocsin__V1__Person *person;
    assert_int_equal(core_get(people_chain.router, TABLE_PERSON, toc_str_of(id), &row), TOC_OK);
    assert_int_equal(toc_wire_unpack(core_arena(people_chain.router),
                                     &tocsin__v1__person__descriptor, row, &person),
                     TOC_OK);
    return person;
}

static void a_name_longer_than_any_in_a_policy_is_assigned_and_counted_for_nobody(void **state)
{
    char name[201], script[300];
    (void)state;
    memset(name, 'n', 200);
    name[200] = '\0';
    people_begin(PEOPLE_TWO, "10:00 open\n");
    snprintf(script, sizeof(script), "10:01 assign action=ASSIGN assignee=%s\n", name);
    chain_run(&people_chain, script);
    snprintf(script, sizeof(script), "10:02 presence online agent=%s\n10:03 status solved\n", name);
    chain_run(&people_chain, script);
    assert_int_equal(core_count(people_chain.router, TABLE_PERSON), 0);
    assert_int_equal(core_count(people_chain.router, TABLE_HELD), 0);
}

/* What somebody had before the policy named them was not counted, so it is not taken off either. */
static void who_is_named_later_keeps_a_true_load(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "10:00 open\n10:01 assign action=ASSIGN assignee=zoe\n");
    chain_policy(&people_chain, "10:02",
                 PEOPLE_HEAD "queues: {desk: {tier: 1}}\n"
                             "people: {zoe: {queues: [desk], capacity: 2}}\n");
    chain_run(&people_chain,
              "10:03 presence online agent=zoe\n10:04 status pending\n10:05 inbound\n"
              "10:06 status solved\n10:07 time\n");
    assert_int_equal(person_of("zoe")->load, 0);
}

/* And the other way round. */
static void who_is_not_named_for_a_while_keeps_a_true_load(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:00 presence online agent=ana\n10:00 open\n10:00:01 time\n"
                             "10:01 assign action=ACCEPT assignee=ana\n");
    assert_int_equal(person_of("ana")->load, 1);
    chain_policy(&people_chain, "10:02",
                 PEOPLE_HEAD "queues: {desk: {tier: 1}}\n"
                             "people: {zoe: {queues: [desk], capacity: 2}}\n");
    chain_run(&people_chain, "10:03 status pending\n10:04 inbound\n");
    chain_policy(&people_chain, "10:05", PEOPLE_TWO);
    chain_run(&people_chain, "10:06 status pending\n10:07 status solved\n");
    assert_int_equal(person_of("ana")->load, 0);
}

/* A stub was offered before anybody knew that it contests a decision of just that person. */
static void an_offer_to_the_decider_ends_when_the_appeal_is_known(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, "09:00 presence online agent=ana\n10:00 inbound\n10:00:11 time\n"
                             "10:00:11 presence online agent=ben\n");
    people_expect("10:00:12 open appeal=9 decider=ana\n10:00:13 time\n",
                  "10:00:12 issue 1 released by=ana reason=decider\n"
                  "10:00:12 issue 1 offered to=ben until=10:02:12 not=ana:decider\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_name_longer_than_any_in_a_policy_is_assigned_and_counted_for_nobody),
        CASE(an_offer_to_the_decider_ends_when_the_appeal_is_known),
        CASE(who_is_named_later_keeps_a_true_load),
        CASE(who_is_not_named_for_a_while_keeps_a_true_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
