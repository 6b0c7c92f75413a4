/* Who waits comes to somebody: the bugs of other trackers by number, and delays. */
#include "tests/support/core_people.h"

#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ANA_ONLINE  "09:00 presence agent=ana online\n"
#define BEN_ONLINE  "09:00 presence agent=ben online\n"
#define ANA_ACCEPTS "assign action=ACCEPT assignee=ana"

/* --- who is free takes the most urgent ----------------------------------------------------------
 */

/* Queued chats stayed unassigned when somebody became free, and a later one was assigned. */
static void chatwoot_10583_what_becomes_free_goes_to_who_waits(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, ANA_ONLINE "10:00 open\n10:00:01 " ANA_ACCEPTS
                                        "\n10:03 open issue=4\n10:04 time\n");
    people_expect("10:10 status solved\n10:10 open issue=5\n10:10:01 time\n",
                  "10:10:00 issue 4 offered to=ana until=10:12:00 not=ben:offline\n"
                  "10:10:00 issue 5 waiting reason=nobody not=ana:full,ben:offline\n");
}

/* The oldest came last. */
static void chatwoot_10376_the_oldest_of_those_who_wait_comes_first(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, ANA_ONLINE "10:00 open\n10:00:01 " ANA_ACCEPTS
                                        "\n10:10 open issue=3\n10:20 open issue=2\n10:21 time\n");
    people_expect("10:30 status solved\n10:30 open issue=4\n10:30:01 time\n",
                  "10:30:00 issue 3 offered to=ana until=10:32:00 not=ben:offline\n"
                  "10:30:00 issue 4 waiting reason=nobody not=ana:full,ben:offline\n");
}

/* Whoever came online was given nothing of what had waited. */
static void chatwoot_10685_coming_online_drains_the_queue(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1}}\n"
                             "people: {ana: {queues: [desk], capacity: 2}}\n",
                 "10:00 open issue=3\n10:01 open issue=2\n10:02 open issue=1\n10:03 time\n");
    people_expect("11:00 presence agent=ana online\n11:00:01 time\n",
                  "11:00:00 issue 3 offered to=ana until=11:02:00\n"
                  "11:00:00 issue 2 offered to=ana until=11:02:00\n");
}

/* --- going offline ------------------------------------------------------------------------------
 */

/* An issue stayed with somebody who had gone for the day. */
static void chatwoot_7204_going_offline_gives_back_what_is_our_turn(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, ANA_ONLINE "10:00 open\n10:00:01 " ANA_ACCEPTS "\n" BEN_ONLINE);
    people_expect("17:00 presence agent=ana\n17:00:01 time\n",
                  "17:00:00 issue 1 released by=ana reason=offline\n"
                  "17:00:00 issue 1 offered to=ben until=17:02:00 not=ana:offline\n");
}

static void an_offer_ends_when_its_person_goes_offline(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, ANA_ONLINE "10:00 open\n10:00:01 time\n");
    people_expect("10:01 presence agent=ana\n10:01:01 time\n",
                  "10:01:00 issue 1 released by=ana reason=offline\n"
                  "10:01:00 issue 1 waiting reason=nobody not=ana:offline,ben:offline\n");
}

/* A requester who came back was given to who had the issue before, online or not. */
static void chatwoot_4158_who_comes_back_is_not_given_to_somebody_offline(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, ANA_ONLINE "10:00 open\n10:00:01 " ANA_ACCEPTS
                                        "\n10:10 status solved\n11:00 presence agent=ana\n"
                                        "11:01 presence agent=ben online\n");
    people_expect("12:00 inbound\n12:00:01 time\n",
                  "12:00:00 issue 1 released open queue=desk tier=1 by=ana reason=reopened\n"
                  "12:00:00 issue 1 offered open queue=desk tier=1 to=ben until=12:02:00 "
                  "not=ana:offline\n");
}

/* What was set aside until the next reply went back to somebody whose shift was over. */
static void chatwoot_9587_what_was_set_aside_goes_to_who_is_online(void **state)
{
    (void)state;
    people_begin(PEOPLE_TWO, ANA_ONLINE "10:00 open\n10:00:01 " ANA_ACCEPTS
                                        "\n10:10 status pending\n" BEN_ONLINE);
    people_expect("17:00 presence agent=ana\n18:00 time\n", ""); /* nobody has to do anything */
    people_expect("19:00 inbound\n19:00:01 time\n",
                  "19:00:00 issue 1 released open queue=desk tier=1 by=ana reason=offline\n"
                  "19:00:00 issue 1 offered open queue=desk tier=1 to=ben until=19:02:00 "
                  "not=ana:offline\n");
}

/* --- sticky -------------------------------------------------------------------------------------
 */

#define STICKY                                                                                     \
    PEOPLE_HEAD "queues: {desk: {tier: 1, sticky: 3d}}\n"                                          \
                "people: {ana: {queues: [desk], capacity: 1}, ben: {queues: [desk], capacity: "    \
                "1}}\n"

static void a_reopened_issue_is_first_offered_to_who_had_it(void **state)
{
    (void)state;
    people_begin(STICKY, BEN_ONLINE "09:59 presence agent=ana online\n10:00 open\n10:00:01 "
                                    "assign action=ACCEPT assignee=ana\n10:10 status solved\n");
    people_expect("+2/10:00 inbound\n+2/10:00:01 time\n",
                  "+2/10:00:00 issue 1 released open queue=desk tier=1 by=ana reason=reopened\n"
                  "+2/10:00:00 issue 1 offered open queue=desk tier=1 to=ana "
                  "until=+2/10:02:00\n");
}

static void stickiness_ends(void **state)
{
    (void)state;
    people_begin(STICKY, BEN_ONLINE "09:59 presence agent=ana online\n10:00 open\n10:00:01 "
                                    "assign action=ACCEPT assignee=ana\n10:10 status solved\n");
    people_expect("+3/10:10 inbound\n+3/10:10:01 time\n",
                  "+3/10:10:00 issue 1 released open queue=desk tier=1 by=ana reason=reopened\n"
                  "+3/10:10:00 issue 1 offered open queue=desk tier=1 to=ben "
                  "until=+3/10:12:00\n");
}

/* --- shifts -------------------------------------------------------------------------------------
 */

/* The calendar of the issue's clocks is one thing, the shift of a person another. */
static void helpdesk_1528_a_person_off_shift_is_offered_nothing(void **state)
{
    (void)state;
    people_begin("policy: 1\n"
                 "calendars:\n"
                 "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
                 "  day: {zone: Europe/Berlin, weekly: {mon-fri: [\"09:00-12:00\", "
                 "\"13:00-17:00\"]}}\n"
                 "queues: {desk: {tier: 1}}\n"
                 "people: {ana: {queues: [desk], capacity: 9, shift: day}}\n"
                 "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}}}}\n"
                 "routes: [{rule: r, queue: desk, sla: s}]\n",
                 "08:01 presence agent=ana online\n");
    /* Noon in Berlin: her lunch; the issue's clock runs on. */
    people_expect("11:00 open\n11:30 time\n",
                  "11:00:00 issue 1 waiting sla=s reason=nobody not=ana:off_shift\n");
    people_expect("12:00:01 time\n", "12:00:00 issue 1 offered sla=s to=ana until=12:02:00\n");
    assert_int_equal(chain_clocks(&people_chain, 1, 1)->clocks[0]->breached_ms, core_time("12:00"));
}

/* --- urgency ------------------------------------------------------------------------------------
 */

#define URGENT                                                                                     \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {desk: {tier: 1, max_wait: 2h}}\n"                                                    \
    "people: {ana: {queues: [desk], capacity: 1}}\n"                                               \
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {P1: 30m, P2: 1h, default: "     \
    "10h}}}}}\n"                                                                                   \
    "routes: [{rule: r, queue: desk, sla: s}]\n"

static void the_next_to_breach_comes_first(void **state)
{
    (void)state;
    people_begin(URGENT, "10:00 open issue=3 P3\n10:10 open issue=2 P2\n10:20 open issue=1 P1\n"
                         "10:21 time\n");
    people_expect("10:30 presence agent=ana online\n10:30:01 time\n",
                  "10:30:00 issue 1 offered P1 sla=s to=ana until=10:32:00\n");
    people_expect("10:31 assign action=ACCEPT assignee=ana\n10:35 status solved\n10:35:01 time\n",
                  "10:31:00 issue 1 claimed P1 sla=s assignee=ana by=ana\n"
                  "10:35:00 issue 2 offered P2 sla=s to=ana until=10:37:00\n");
}

static void an_age_cap_keeps_the_patient_from_waiting_for_ever(void **state)
{
    (void)state;
    people_begin(URGENT, "10:00 open issue=3 P3\n11:50 open issue=1 P1\n11:51 time\n");
    people_expect("11:55 presence agent=ana online\n11:55:01 time\n",
                  "11:55:00 issue 3 offered P3 sla=s to=ana until=11:57:00\n");
}

static void a_new_priority_changes_the_place(void **state)
{
    (void)state;
    people_begin(URGENT, "10:00 open issue=2 P2\n10:00 open issue=3 P3\n10:01 time\n");
    people_expect("10:10 classify issue=3 P1\n10:11 time\n10:20 presence agent=ana online\n"
                  "10:20:01 time\n",
                  "10:20:00 issue 3 offered P1 sla=s to=ana until=10:22:00\n");
}

/* --- many of one rank ---------------------------------------------------------------------------
 */

#define MANY 4200

/* All of them are due at one instant, as what a working day's end is the target of. */
static void open_many(void)
{
    struct toc_arena *arena = core_arena(people_chain.router);
    for (uint32_t i = 0; i < MANY; i++) {
        size_t mark = toc_arena_mark(arena);
        uint8_t id[TOC_ID] = {0};
        struct core_input input;
        core_parse(arena, "10:00 open language=fr", &input);
        toc_put_u32be(id, i);
        chain_feed(&people_chain, id, core_pack(arena, input.event), input.at_ms, input.log_ms);
        toc_arena_reset(arena, mark);
    }
}

/* Where the look at what waits for somebody stands; 0: it is through. */
static toc_time_ms resume_of(const char *person)
{
    struct toc_str bytes;
    Tocsin__V1__Person *row;
    struct core *router = people_chain.router;
    assert_int_equal(core_get(router, TABLE_PERSON, toc_str_of(person), &bytes), TOC_OK);
    assert_int_equal(
        toc_wire_unpack(core_arena(router), &tocsin__v1__person__descriptor, bytes, &row), TOC_OK);
    return row->resume_ms;
}

static void a_step_looks_at_so_many_also_of_one_rank(void **state)
{
    (void)state;
    people_begin(PEOPLE_HEAD "queues: {desk: {tier: 1, language: issue}}\n"
                             "people: {ana: {queues: [desk], capacity: 2, languages: [en]}}\n",
                 "");
    open_many();
    chain_run(&people_chain, "10:01 time\n11:00 presence agent=ana online\n");
    core_set_log_some(people_chain.router, core_time("11:00:01"));
    assert_true(resume_of("ana") != 0);
    chain_run(&people_chain, "11:00:02 time\n");
    assert_int_equal(resume_of("ana"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(chatwoot_10583_what_becomes_free_goes_to_who_waits),
        CASE(chatwoot_10376_the_oldest_of_those_who_wait_comes_first),
        CASE(chatwoot_10685_coming_online_drains_the_queue),
        CASE(chatwoot_7204_going_offline_gives_back_what_is_our_turn),
        CASE(an_offer_ends_when_its_person_goes_offline),
        CASE(chatwoot_4158_who_comes_back_is_not_given_to_somebody_offline),
        CASE(chatwoot_9587_what_was_set_aside_goes_to_who_is_online),
        CASE(a_reopened_issue_is_first_offered_to_who_had_it),
        CASE(stickiness_ends),
        CASE(helpdesk_1528_a_person_off_shift_is_offered_nothing),
        CASE(the_next_to_breach_comes_first),
        CASE(an_age_cap_keeps_the_patient_from_waiting_for_ever),
        CASE(a_new_priority_changes_the_place),
        CASE(a_step_looks_at_so_many_also_of_one_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
