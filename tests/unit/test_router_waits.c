/* When a wait for people begins and ends, as alerts about it are told. */
#include "tests/support/core_people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static uint64_t looked; /* how far in the router's log */

static void begin(const char *policy)
{
    people_begin(policy, "08:30 time\n");
    looked = core_last_seq(people_chain.router);
}

static const char *word(Tocsin__V1__IssueChange__What what)
{
    return protobuf_c_enum_descriptor_get_value(&tocsin__v1__issue_change__what__descriptor,
                                                (int)what)
        ->name;
}

/* A line for each step that a wait begins, goes on or ends with: "STEP queue N waits" or "ends". */
static void expect_waits(const char *script, const char *lines)
{
    char text[2048] = "";
    size_t used = 0;
    struct core *router = people_chain.router;
    chain_run(&people_chain, script);
    while (looked < core_last_seq(router)) {
        const Tocsin__V1__Record *record = core_record(router, ++looked);
        Tocsin__V1__IssueChange *change;
        if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            continue;
        assert_int_equal(toc_wire_unpack(core_arena(router), &tocsin__v1__issue_change__descriptor,
                                         toc_wire_bytes(&record->body), &change),
                         TOC_OK);
        if (change->issue->waiting || change->waited)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %s %u%s%s\n",
                                     word(change->what), change->issue->queue, change->issue->waits,
                                     change->issue->waiting ? " waits" : "",
                                     change->waited ? " ends" : "");
    }
    assert_text(text, lines);
}

#define ONLINE(name)  " presence agent=" name " online\n"
#define OFFLINE(name) " presence agent=" name "\n"

static void a_wait_ends_when_somebody_takes_the_issue_not_when_it_is_offered(void **state)
{
    (void)state;
    begin(PEOPLE_TWO);
    expect_waits("10:00 open\n10:00:01 time\n", "WAITING desk 1 waits\n");
    expect_waits("10:05" ONLINE("ana") "10:05:01 time\n", "OFFERED desk 1 waits\n");
    expect_waits("10:07:01 time\n", "DECLINED desk 1 waits\n" /* it lapsed */
                                    "WAITING desk 1 waits\n");
    expect_waits("10:10" ONLINE("ben") "10:10:01 time\n10:11 assign action=ACCEPT assignee=ben\n",
                 "OFFERED desk 1 waits\n"
                 "CLAIMED desk 1 ends\n");
    expect_waits("10:12 assign action=RELEASE assignee=ben\n10:12:01 time\n",
                 "WAITING desk 2 waits\n");
}

static void a_wait_ends_when_the_issue_waits_for_somebody_else_or_is_over(void **state)
{
    (void)state;
    begin(PEOPLE_TWO);
    expect_waits("10:00 open\n10:00:01 time\n10:10 status pending\n", "WAITING desk 1 waits\n"
                                                                      "STATUS desk 1 ends\n");
    expect_waits("10:20 inbound\n10:20:01 time\n10:30 status solved\n", "WAITING desk 2 waits\n"
                                                                        "STATUS desk 2 ends\n");
    expect_waits("11:00 outbound\n12:00 time\n", "");
}

static void a_wait_ends_where_the_issue_leaves_the_queue(void **state)
{
    (void)state;
    begin(PEOPLE_HEAD "queues:\n"
                      "  desk: {tier: 1, spill: [{after: 10m, to: second}]}\n"
                      "  second: {tier: 2}\n"
                      "people: {ana: {queues: [desk], capacity: 1}, ben: {queues: [second], "
                      "capacity: 1}}\n");
    expect_waits("10:00 open\n10:10:01 time\n10:10:02 time\n", "WAITING desk 1 waits\n"
                                                               "ROUTED second 1 ends\n"
                                                               "WAITING second 2 waits\n");
    expect_waits("10:20 assign queue=desk\n10:20:01 time\n", "ASSIGNED desk 2 ends\n"
                                                             "WAITING desk 3 waits\n");
}

#define HELD_BACK                                                                                  \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "routes: [{rule: r, queue: desk, sla: s}]\n"                                                   \
    "queues: {desk: {tier: 1, hops: 0, on_breach: second}, second: {tier: 2}}\n"                   \
    "slas: {s: {calendar: always, clocks: {resolution: {targets: {default: 1h}}}}}\n"

/* Held back by the hop limit after a breach, with somebody who works on it: nobody has to look. */
static void what_somebody_has_does_not_wait_whatever_is_said_of_its_moves(void **state)
{
    (void)state;
    begin(HELD_BACK);
    expect_waits("10:00 open\n10:10 assign assignee=tool\n11:00:01 time\n11:01 time\n", "");
    expect_waits("11:10 open issue=2\n12:10:01 time\n12:10:02 time\n", "WAITING desk 1 waits\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_wait_ends_when_somebody_takes_the_issue_not_when_it_is_offered),
        CASE(a_wait_ends_when_the_issue_waits_for_somebody_else_or_is_over),
        CASE(a_wait_ends_where_the_issue_leaves_the_queue),
        CASE(what_somebody_has_does_not_wait_whatever_is_said_of_its_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
