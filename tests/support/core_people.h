/* What the tests of routing to people share: a chain, and of its transcript what people see. */
#ifndef TEST_CORE_PEOPLE_H
#define TEST_CORE_PEOPLE_H

#include "tests/support/core_harness.h"

/* The calendar `day` is Monday to Friday, 9 to 17 in UTC, `night` the rest of these days. */
#define PEOPLE_HEAD                                                                                \
    "policy: 1\n"                                                                                  \
    "calendars:\n"                                                                                 \
    "  day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"                                   \
    "  night: {zone: UTC, weekly: {mon-fri: [\"17:00-09:00\"]}}\n"                                 \
    "  kolkata: {zone: Asia/Kolkata, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"                      \
    "routes: [{rule: r, queue: desk}]\n"

/* Ana and Ben, one issue each. */
#define PEOPLE_TWO                                                                                 \
    PEOPLE_HEAD                                                                                    \
    "queues: {desk: {tier: 1}}\n"                                                                  \
    "people: {ana: {queues: [desk], capacity: 1}, ben: {queues: [desk], capacity: 1}}\n"

extern struct chain people_chain;
int core_people_set_up(void **state);
int core_people_tear_down(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, core_people_set_up, core_people_tear_down)

/* Applies a policy at 08:00 and runs a script; nothing of both is in later transcripts. */
void people_begin(const char *policy, const char *script);
/*
 * Runs a script; of what the router writes meanwhile these lines are compared: offers, claims and
 * their ends, waiting, refusals, assignments and moves by the policy. An issue is called as in the
 * script; "new queue=desk tier=1" and the version are left out.
 */
void people_expect(const char *script, const char *transcript);

#endif
