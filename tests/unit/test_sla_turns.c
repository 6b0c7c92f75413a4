#include "tests/support/core_sla.h"

#include "common/answer.h"
#include "services/sla/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- turns and restarts ---------------------------------------------------------------------- */

static const char busy[] = "10:00 open P2\n"
                           "10:00 open issue=2 P1 category=loud\n"
                           "10:01 open issue=3 category=office\n"
                           "10:05 outbound issue=2\n"
                           "10:30 status pending\n"
                           "10:40 time\n"
                           "10:45 classify issue=2 P2\n"
                           "10:50 log=11:20 status open\n"
                           "11:30 status issue=3 pending\n"
                           "12:40 time\n"
                           "12:10 log=12:40 outbound\n"
                           "12:45 status issue=2 solved\n"
                           "13:00 classify issue=3 category=tight\n"
                           "13:05 inbound issue=2\n"
                           "13:06 inbound issue=4\n"
                           "13:30 time\n"
                           "14:00 open issue=4 P3\n"
                           "15:00 classify P1\n"
                           "15:30 status solved\n"
                           "+1/12:00 time\n"
                           "+1/13:00 status issue=3 closed\n";

struct outcome {
    uint8_t router[TOC_SHA256], sla[TOC_SHA256];
    char text[16 * 1024];
};

static void run_busy(struct core_turns turns, struct outcome *out)
{
    struct chain again;
    core_sla_open(&again, turns);
    chain_run(&again, busy);
    core_digest(again.router, out->router);
    core_digest(again.sla, out->sla);
    toc_str_copy(out->text, sizeof(out->text), toc_str_of(core_transcript(again.sla)));
    chain_close(&again);
}

static void expect_the_same(struct core_turns turns, const struct outcome *expected)
{
    static struct outcome got;
    run_busy(turns, &got);
    assert_text(got.text, expected->text);
    assert_memory_equal(got.router, expected->router, TOC_SHA256);
    assert_memory_equal(got.sla, expected->sla, TOC_SHA256); /* rows, index, ledger and records */
}

static void boundaries_of_turns_do_not_matter(void **state)
{
    static struct outcome expected;
    (void)state;
    run_busy((struct core_turns){.turn = 1}, &expected);
    assert_true(strlen(expected.text) > 1000);
    expect_the_same((struct core_turns){.turn = 0}, &expected);
    expect_the_same((struct core_turns){.turn = 7}, &expected);
    for (uint32_t seed = 1; seed <= 20; seed++)
        expect_the_same((struct core_turns){.seed = seed}, &expected);
}

static void a_restart_after_every_record_gives_the_same_rows(void **state)
{
    static struct outcome expected;
    (void)state;
    run_busy((struct core_turns){.turn = 1}, &expected);
    expect_the_same((struct core_turns){.turn = 1, .reopen = true}, &expected);
}

static void a_crash_within_a_turn_leaves_nothing_behind(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=reply\n");
    core_transcript(sla_chain.sla);
    core_set_log(sla_chain.sla, core_time("12:00"));
    assert_int_equal(core_count(sla_chain.sla, TABLE_DUE), 0);
    core_crash(sla_chain.sla);
    assert_int_equal(core_count(sla_chain.sla, TABLE_DUE), 1);
    expect("12:00 time\n", "11:00:00 clock 1 first_reply/1 breached due=11:00:00 "
                           "ledger=10:00:00- catch_up\n");
}

/* --- limits ---------------------------------------------------------------------------------- */

static void an_issue_that_is_reopened_for_ever_keeps_the_service_alive(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=quiet\n");
    for (int i = 0; i < 300; i++)
        chain_run(&sla_chain, "10:01 status solved\n10:01 inbound\n");
    assert_int_equal(chain_clocks(&sla_chain, 1, 1)->n_clocks, 1); /* its row does not grow */
    core_transcript(sla_chain.sla);
    expect("10:02 status solved\n20:00 time\n",
           "10:02:00 clock 1 resolution/301 met elapsed=1m ledger=10:01:00-10:02:00\n");
}

static void the_sum_in_a_record_shows_the_latest_intervals(void **state)
{
    char script[64];
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=loud\n");
    for (int i = 0; i < 40; i++) {
        snprintf(script, sizeof(script), "10:01:%02d status pending\n10:01:%02d.500 status open\n",
                 i, i);
        chain_run(&sla_chain, script);
    }
    core_transcript(sla_chain.sla);
    chain_run(&sla_chain, "10:30 status solved\n");
    const char *text = core_transcript(sla_chain.sla);
    assert_non_null(strstr(text, "met elapsed=1780s ledger=10:01:08.500-10:01:09,"));
    assert_non_null(strstr(text, "10:01:38.500-10:01:39,10:01:39.500-10:30:00"));
    assert_int_equal(chain_clocks(&sla_chain, 1, 1)->clocks[0]->intervals, 41);
}

/* --- questions ------------------------------------------------------------------------------- */

static void lists_of_clocks_are_in_order_of_time(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    Tocsin__V1__IssueClocks *clocks;
    (void)state;
    chain_run(&sla_chain,
              "10:00 open P2\n10:01 open issue=2 P1\n10:02 open issue=3 category=free\n");
    ask.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    const Tocsin__V1__Answer *answer = core_ask(sla_chain.sla, &ask);
    assert_int_equal(answer->n_rows, 2); /* what has no clocks waits for nothing */
    assert_int_equal(toc_wire_unpack(core_arena(sla_chain.sla),
                                     &tocsin__v1__issue_clocks__descriptor,
                                     toc_wire_bytes(&answer->rows[0]), &clocks),
                     TOC_OK);
    assert_int_equal(clocks->partition, 2);
    ask.all = true;
    ask.limit = 2;
    answer = core_ask(sla_chain.sla, &ask);
    assert_int_equal(answer->n_rows, 2);
    ask.after = answer->next;
    assert_int_equal(core_ask(sla_chain.sla, &ask)->n_rows, 1);
}

/* The partitions of the rows, which are the numbers of their issues, and goes on. */
static void assert_listed(Tocsin__V1__Ask *ask, const char *issues)
{
    char text[64] = "";
    size_t used = 0;
    const Tocsin__V1__Answer *answer = core_ask(sla_chain.sla, ask);
    for (size_t i = 0; i < answer->n_rows; i++) {
        Tocsin__V1__IssueClocks *clocks;
        assert_int_equal(toc_wire_unpack(core_arena(sla_chain.sla),
                                         &tocsin__v1__issue_clocks__descriptor,
                                         toc_wire_bytes(&answer->rows[i]), &clocks),
                         TOC_OK);
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i == 0 ? "" : " ",
                                 clocks->partition);
    }
    assert_string_equal(text, issues);
    ask->after = answer->next;
}

static void what_is_overdue_comes_first_and_what_stands_still_last(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    (void)state;
    chain_run(&sla_chain, "10:00 open category=quiet issue=1\n"
                          "10:00 open category=reply issue=2\n"
                          "10:00 open category=loud P1 issue=3\n"
                          "10:01 status pending issue=3\n"
                          "10:10 open category=reply issue=4\n"
                          "10:20 open category=shift issue=5\n"
                          "10:21 open category=quiet issue=6\n"
                          "10:22 status solved issue=6\n"
                          "11:30 time\n");
    ask.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    assert_listed(&ask, "2 4 1 5 3");
    ask.after = (ProtobufCBinaryData){0, NULL};
    ask.limit = 2;
    assert_listed(&ask, "2 4");
    assert_listed(&ask, "1 5");
    assert_listed(&ask, "3");
    assert_int_equal(ask.after.len, 0);
    chain_run(&sla_chain, "11:40 outbound issue=2\n11:41 status open issue=3\n");
    ask.limit = 0;
    assert_listed(&ask, "4 3 1 5");
    assert_int_equal(core_count(sla_chain.sla, TABLE_OPEN), 1);
}

static void clocks_of_one_issue_are_found_by_number(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    (void)state;
    chain_run(&sla_chain, "10:00 open P2\n10:10 outbound\n");
    ask.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    ask.partition = 1;
    ask.number = 1;
    assert_int_equal(core_ask(sla_chain.sla, &ask)->n_rows, 1);
    assert_int_equal(core_last_seq_of(sla_chain.sla, &ask), core_last_seq(sla_chain.sla));
    assert_int_equal(chain_clocks(&sla_chain, 1, 1)->changed_ms, core_time("10:10"));
    ask.number = 2;
    assert_int_equal(core_last_seq_of(sla_chain.sla, &ask), 0);
    ask.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    assert_int_equal(core_ask(sla_chain.sla, &ask)->reason,
                     TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE);
}

#define MANY 2500

static void open_many(void)
{
    chain_close(&sla_chain);
    core_sla_open(&sla_chain, (struct core_turns){.turn = 0});
    struct toc_arena *arena = core_arena(sla_chain.router);
    for (unsigned i = 0; i < MANY; i++) {
        size_t mark = toc_arena_mark(arena);
        uint8_t id[TOC_ID] = {0};
        struct core_input input;
        core_parse(arena, i % 2 == 0 ? "10:00 open category=reply" : "10:00 open category=loud",
                   &input);
        toc_put_u32be(id, i);
        chain_feed(&sla_chain, id, core_pack(arena, input.event), input.at_ms, input.log_ms);
        toc_arena_reset(arena, mark);
    }
}

/* The rows of all answers until that was all, and how many answers these were. */
static size_t ask_on(struct core *core, Tocsin__V1__Ask ask, unsigned *out_answers)
{
    uint8_t after[TOC_KEY_MAX];
    size_t rows = 0;
    *out_answers = 0;
    do {
        const Tocsin__V1__Answer *answer = core_ask(core, &ask);
        assert_in_range(answer->next.len, 0, sizeof(after));
        if (answer->next.len > 0)
            memcpy(after, answer->next.data, answer->next.len);
        ask.after = toc_wire_binary(toc_str(after, answer->next.len));
        rows += answer->n_rows;
        core_forget(core);
    } while (++*out_answers < MANY && ask.after.len > 0);
    return rows;
}

/* The loop has other work, and rows of issues are never taken away. */
static void rows_that_nobody_wants_are_passed_in_several_answers(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    uint8_t id[] = {0xff};
    unsigned answers;
    (void)state;
    open_many();
    ask.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    ask.queue = toc_wire_text("nobody");
    assert_int_equal(ask_on(sla_chain.router, ask, &answers), 0);
    assert_int_equal(answers, MANY / TOC_ANSWER_LOOKED_MAX + 1);
    ask.queue = toc_wire_text("");
    ask.id = toc_wire_binary(toc_str(id, sizeof(id)));
    assert_int_equal(ask_on(sla_chain.router, ask, &answers), 0);
    assert_int_equal(answers, MANY / TOC_ANSWER_LOOKED_MAX + 1);
    ask.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    ask.id.len = 0;
    ask.queue = toc_wire_text("nobody");
    for (int all = 0; all < 2; all++) {
        ask.all = all;
        assert_int_equal(ask_on(sla_chain.sla, ask, &answers), 0);
        assert_int_equal(answers, MANY / TOC_ANSWER_LOOKED_MAX + 1);
        ask.queue = toc_wire_text("q");
        assert_int_equal(ask_on(sla_chain.sla, ask, &answers), MANY);
        ask.queue = toc_wire_text("nobody");
    }
    /* Half of the open ones are overdue: the parts of the list count together. */
    chain_run(&sla_chain, "11:30 time\n");
    ask.all = false;
    assert_int_equal(ask_on(sla_chain.sla, ask, &answers), 0);
    ask.queue = toc_wire_text("q");
    assert_int_equal(ask_on(sla_chain.sla, ask, &answers), MANY);
}

static void a_question_about_an_unknown_issue_has_no_rows(void **state)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    (void)state;
    ask.what = TOCSIN__V1__ASK__WHAT__CLOCKS;
    ask.number = 5;
    assert_int_equal(core_ask(sla_chain.sla, &ask)->n_rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(boundaries_of_turns_do_not_matter),
        CASE(a_restart_after_every_record_gives_the_same_rows),
        CASE(a_crash_within_a_turn_leaves_nothing_behind),
        CASE(an_issue_that_is_reopened_for_ever_keeps_the_service_alive),
        CASE(the_sum_in_a_record_shows_the_latest_intervals),
        CASE(lists_of_clocks_are_in_order_of_time),
        CASE(what_is_overdue_comes_first_and_what_stands_still_last),
        CASE(clocks_of_one_issue_are_found_by_number),
        CASE(a_question_about_an_unknown_issue_has_no_rows),
        CASE(rows_that_nobody_wants_are_passed_in_several_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
