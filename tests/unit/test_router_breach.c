/* A breach that moves its issue stays a breach: what follows from it comes after it. */
#include "tests/support/core_people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define UP(clock)                                                                                  \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {desk: {tier: 1, on_breach: house}, house: {tier: 2}}\n"                              \
    "slas: {s: {calendar: always, clocks: {" clock ": {targets: {default: 1h}}}}}\n"               \
    "routes: [{rule: r, queue: desk, sla: s}]\n"

static void assert_stays_breached(const char *policy)
{
    people_begin(policy, "10:00 open\n11:00:01 time\n11:00:02 time\n");
    const Tocsin__V1__IssueClocks *row = chain_clocks(&people_chain, 1, 1);
    assert_int_equal(row->n_clocks, 2);
    assert_true(row->clocks[0]->breached);
    assert_int_equal(row->clocks[0]->breached_ms, core_time("11:00"));
    assert_int_equal(row->clocks[0]->elapsed_ms, TOC_HOUR_MS + 1);
}

static void a_wait_whose_breach_moves_the_issue_was_too_long(void **state)
{
    (void)state;
    assert_stays_breached(UP("queue_wait"));
}

static void a_tier_that_a_breach_takes_the_issue_from_had_it_too_long(void **state)
{
    (void)state;
    assert_stays_breached(UP("tier_time"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_wait_whose_breach_moves_the_issue_was_too_long),
        CASE(a_tier_that_a_breach_takes_the_issue_from_had_it_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
