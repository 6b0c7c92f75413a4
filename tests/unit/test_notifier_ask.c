/* Questions: no answer looks at more rows than the loop can wait for, and none is lost. */
#include "common/answer.h"
#include "tests/support/notifier_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define ALERTS      2500
#define ISSUES      50
#define PER_ANSWER  TOC_ANSWER_LOOKED_MAX
#define ANSWERS_MAX 16

static struct feed feed;

/* Alerts of as many issues, and a page each; the first ten are acknowledged, the others resolved.
 */
static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    for (unsigned i = 1; i <= ALERTS; i++) {
        feed_clock(&feed, "09:00",
                   (struct feed_clock){.issue = 1 + (i - 1) % ISSUES,
                                       .instance = 1 + (i - 1) / ISSUES,
                                       .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED});
        core_transcript(feed.core);
        core_forget(feed.core);
    }
    for (unsigned i = 1; i <= ALERTS; i++) {
        feed_act_on(&feed, "09:01", i <= 10 ? "acked" : "resolved", i, "ana");
        core_transcript(feed.core);
        core_forget(feed.core);
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    feed_close(&feed);
    return 0;
}

struct heard {
    size_t answers, rows, empty; /* empty: answers without a row that said how to go on */
    uint64_t numbers[ALERTS];    /* of the alerts, in their order */
};

static void hear(const Tocsin__V1__Ask *ask, const Tocsin__V1__Answer *answer, struct heard *out)
{
    out->answers++;
    out->empty += answer->n_rows == 0 && answer->next.len > 0;
    for (size_t i = 0; i < answer->n_rows; i++, out->rows++) {
        Tocsin__V1__Alert *alert;
        if (ask->what != TOCSIN__V1__ASK__WHAT__ALERTS)
            continue;
        assert_true(out->rows < ALERTS);
        assert_int_equal(toc_wire_unpack(core_arena(feed.core), &tocsin__v1__alert__descriptor,
                                         toc_wire_bytes(&answer->rows[i]), &alert),
                         TOC_OK);
        out->numbers[out->rows] = alert->number;
    }
}

/* Asks on until that was all. */
static const struct heard *ask_all(Tocsin__V1__Ask ask)
{
    static struct heard heard;
    static uint8_t after[TOC_KEY_MAX];
    heard = (struct heard){0};
    do {
        const Tocsin__V1__Answer *answer = core_ask(feed.core, &ask);
        assert_int_equal(answer->reason, 0);
        hear(&ask, answer, &heard);
        assert_true(answer->next.len <= sizeof(after));
        if (answer->next.len > 0)
            memcpy(after, answer->next.data, answer->next.len);
        ask.after = toc_wire_binary(toc_str(after, answer->next.len));
        core_forget(feed.core);
    } while (ask.after.len > 0 && heard.answers < ANSWERS_MAX);
    return &heard;
}

static Tocsin__V1__Ask ask_for(Tocsin__V1__Ask__What what)
{
    Tocsin__V1__Ask ask = TOCSIN__V1__ASK__INIT;
    ask.what = what;
    return ask;
}

static void what_nobody_wants_is_passed_in_several_answers(void **state)
{
    Tocsin__V1__Ask ask = ask_for(TOCSIN__V1__ASK__WHAT__ALERTS);
    (void)state;
    ask.all = true;
    ask.queue = toc_wire_text("nowhere");
    const struct heard *heard = ask_all(ask);
    assert_int_equal(heard->rows, 0);
    assert_int_equal(heard->answers, ALERTS / PER_ANSWER + 1);
    assert_int_equal(heard->empty, ALERTS / PER_ANSWER);
}

static void the_few_at_the_far_end_are_found(void **state)
{
    (void)state;
    const struct heard *heard = ask_all(ask_for(TOCSIN__V1__ASK__WHAT__ALERTS));
    assert_int_equal(heard->rows, 10);
    assert_int_equal(heard->answers, ALERTS / PER_ANSWER + 1);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(heard->numbers[i], 10 - i);
}

static void every_row_is_told_once_the_newest_first(void **state)
{
    Tocsin__V1__Ask ask = ask_for(TOCSIN__V1__ASK__WHAT__ALERTS);
    (void)state;
    ask.all = true;
    ask.limit = 200;
    const struct heard *heard = ask_all(ask);
    assert_int_equal(heard->rows, ALERTS);
    assert_int_equal(heard->empty, 0);
    for (unsigned i = 0; i < ALERTS; i++)
        assert_int_equal(heard->numbers[i], ALERTS - i);
}

static void pages_that_are_over_are_passed_in_several_answers_too(void **state)
{
    Tocsin__V1__Ask ask = ask_for(TOCSIN__V1__ASK__WHAT__PAGES);
    (void)state;
    const struct heard *heard = ask_all(ask);
    assert_int_equal(heard->rows, 0);
    assert_int_equal(heard->answers, ALERTS / PER_ANSWER + 1);
    ask.all = true;
    assert_int_equal(ask_all(ask)->rows, ALERTS);
}

static void an_id_finds_its_alert_in_one_answer(void **state)
{
    Tocsin__V1__Ask ask = ask_for(TOCSIN__V1__ASK__WHAT__ALERTS);
    uint8_t id[TOC_ID];
    (void)state;
    memcpy(id, feed_alert(&feed, 7)->id.data, TOC_ID);
    ask.id = toc_wire_binary(toc_str(id, TOC_ID));
    const struct heard *heard = ask_all(ask);
    assert_true(heard->answers == 1 && heard->rows == 1 && heard->numbers[0] == 7);
    ask.id.len = 4;
    heard = ask_all(ask);
    assert_true(heard->answers == 1 && heard->rows == 1 && heard->numbers[0] == 7);
    id[3] ^= 1;
    assert_int_equal(ask_all(ask)->rows, 0);
    ask.id.len = 1; /* about one in 256 */
    ask.limit = 2;
    heard = ask_all(ask);
    assert_true(heard->rows > 2 && heard->answers >= heard->rows / 2);
}

static void an_issue_finds_its_alerts_in_one_answer(void **state)
{
    Tocsin__V1__Ask ask = ask_for(TOCSIN__V1__ASK__WHAT__ALERTS);
    (void)state;
    const Tocsin__V1__Alert *alert = feed_alert(&feed, 7);
    ask.number = alert->issue_number;
    ask.partition = alert->partition;
    const struct heard *heard = ask_all(ask);
    assert_true(heard->answers == 1 && heard->rows == ALERTS / ISSUES);
    for (unsigned i = 0; i < ALERTS / ISSUES; i++)
        assert_int_equal(heard->numbers[i], ALERTS - ISSUES + 7 - ISSUES * i);
    ask.limit = 7;
    heard = ask_all(ask);
    assert_true(heard->answers == 8 && heard->rows == ALERTS / ISSUES);
    assert_int_equal(heard->numbers[ALERTS / ISSUES - 1], 7);
    ask.number = ISSUES + 1;
    assert_int_equal(ask_all(ask)->rows, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_wants_is_passed_in_several_answers),
        cmocka_unit_test(the_few_at_the_far_end_are_found),
        cmocka_unit_test(every_row_is_told_once_the_newest_first),
        cmocka_unit_test(pages_that_are_over_are_passed_in_several_answers_too),
        cmocka_unit_test(an_id_finds_its_alert_in_one_answer),
        cmocka_unit_test(an_issue_finds_its_alerts_in_one_answer),
    };
    return cmocka_run_group_tests(tests, start, end);
}
