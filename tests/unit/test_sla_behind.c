/* What sla says when log time stands still and the wall clock does not. */
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void what_may_be_overdue_is_said_once_while_log_time_is_behind(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=reply\n");
    core_transcript(sla_chain.sla);
    core_behind(sla_chain.sla, core_time("11:00"));
    assert_text(core_transcript(sla_chain.sla), ""); /* not after the due */
    core_behind(sla_chain.sla, core_time("11:00:00.001"));
    assert_text(core_transcript(sla_chain.sla),
                "11:00:00 clock 1 first_reply/1 overdue_unconfirmed due=11:00:00\n");
    core_behind(sla_chain.sla, core_time("11:30"));
    assert_text(core_transcript(sla_chain.sla), "");
    assert_false(chain_clocks(&sla_chain, 1, 1)->clocks[0]->breached);
    expect("12:00 time\n",
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n");
}

static void what_was_not_overdue_after_all_may_be_said_to_be_so_again(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=loud\n10:00 open issue=2 P2 category=loud\n");
    core_behind(sla_chain.sla, core_time("14:00:01"));
    core_transcript(sla_chain.sla);
    chain_run(&sla_chain, "10:10 status pending\n10:20 status open\n");
    assert_false(chain_clocks(&sla_chain, 1, 1)->clocks[0]->unconfirmed);
    assert_true(chain_clocks(&sla_chain, 2, 1)->clocks[0]->unconfirmed);
    core_transcript(sla_chain.sla);
    core_behind(sla_chain.sla, core_time("14:10:01"));
    assert_text(core_transcript(sla_chain.sla),
                "14:10:00 clock 1 resolution/1 overdue_unconfirmed due=14:10:00\n");
}

static void another_target_may_be_said_to_be_overdue_too(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=loud\n");
    core_behind(sla_chain.sla, core_time("14:00:01"));
    core_transcript(sla_chain.sla);
    chain_run(&sla_chain, "10:10 classify P3\n"); /* the same target */
    assert_true(chain_clocks(&sla_chain, 1, 1)->clocks[0]->unconfirmed);
    chain_run(&sla_chain, "10:20 classify P1\n");
    core_transcript(sla_chain.sla);
    core_behind(sla_chain.sla, core_time("12:00:01"));
    assert_text(core_transcript(sla_chain.sla),
                "12:00:00 clock 1 resolution/1 overdue_unconfirmed due=12:00:00\n");
    chain_run(&sla_chain, "10:30 classify category=free\n");
    assert_false(chain_clocks(&sla_chain, 1, 1)->clocks[0]->unconfirmed);
}

static void what_is_over_stays_unconfirmed_until_the_verdict(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=reply\n");
    core_behind(sla_chain.sla, core_time("12:00"));
    core_transcript(sla_chain.sla);
    expect("11:30 log=10:15 outbound\n",
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n"
           "11:30:00 clock 1 first_reply/1 met elapsed=90m ledger=10:00:00-11:30:00 late\n");
}

static void the_wall_clock_tells_the_router_nothing(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=reply\n");
    chain_policy(&sla_chain, "10:10", SLA_POLICY "people: {ana: {queues: [q], capacity: 1}}\n");
    core_transcript(sla_chain.sla);
    core_behind(sla_chain.sla, core_time("11:30"));
    assert_text(core_transcript(sla_chain.sla),
                "11:00:00 clock 1 first_reply/1 overdue_unconfirmed due=11:00:00\n");
    expect("10:20 classify P3\n", "10:20:00 urgency 1 due=11:00:00\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_may_be_overdue_is_said_once_while_log_time_is_behind),
        CASE(what_was_not_overdue_after_all_may_be_said_to_be_so_again),
        CASE(another_target_may_be_said_to_be_overdue_too),
        CASE(what_is_over_stays_unconfirmed_until_the_verdict),
        CASE(the_wall_clock_tells_the_router_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
