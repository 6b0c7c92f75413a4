/* What sla says when log time stands still and the wall clock does not. */
#include "services/sla/sla.h"
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

static void open_issues(unsigned count)
{
    struct toc_arena *arena = core_arena(sla_chain.router);
    for (unsigned i = 0; i < count; i++) {
        size_t mark = toc_arena_mark(arena);
        uint8_t id[TOC_ID] = {0};
        struct core_input input;
        core_parse(arena, "10:00 open P2 category=reply", &input);
        toc_put_u32be(id, i);
        chain_feed(&sla_chain, id, core_pack(arena, input.event), input.at_ms, input.log_ms);
        toc_arena_reset(arena, mark);
    }
}

/* How many records sla writes when the wall clock shows that time. */
static uint64_t said_at(const char *time)
{
    uint64_t before = core_last_seq(sla_chain.sla);
    core_behind(sla_chain.sla, core_time(time));
    return core_last_seq(sla_chain.sla) - before;
}

static void more_than_a_step_looks_at_are_said_by_the_steps_that_follow(void **state)
{
    (void)state;
    chain_close(&sla_chain);
    core_sla_open(&sla_chain, (struct core_turns){.turn = 0});
    open_issues(SLA_UNCONFIRMED_PER_STEP + 1);
    assert_int_equal(said_at("11:30"), SLA_UNCONFIRMED_PER_STEP);
    assert_int_equal(said_at("11:30:01"), 1);
    assert_int_equal(said_at("11:30:02"), 0);
    chain_run(&sla_chain, "10:45 open issue=200 P2 category=reply\n");
    assert_int_equal(said_at("11:45:01") + said_at("11:45:02"), 1); /* a round takes two */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_may_be_overdue_is_said_once_while_log_time_is_behind),
        CASE(what_was_not_overdue_after_all_may_be_said_to_be_so_again),
        CASE(another_target_may_be_said_to_be_overdue_too),
        CASE(what_is_over_stays_unconfirmed_until_the_verdict),
        CASE(the_wall_clock_tells_the_router_nothing),
        CASE(more_than_a_step_looks_at_are_said_by_the_steps_that_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
