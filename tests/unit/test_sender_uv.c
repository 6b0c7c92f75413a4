/* The loop of a sender: in which order the work is asked, and when it is asked again. */
#include "common/send/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <uv.h>
#include <cmocka.h>

#define NOW      ((struct toc_now){.wall_ms = 1700000000000, .mono_ms = 5000})
#define AGAIN_MS 1000 /* before an outcome is told again */

static uv_loop_t loop;
static struct toc_store *store;
static struct toc_sender *sender;
static char order[16];
static bool wanted;
static toc_time_ms next_ms;
static char outcome[32];

/* A sender needs no more of a run than these two. */
struct toc_store *__wrap_toc_run_store(struct toc_run *run);
enum toc_err __wrap_toc_run_outcome(struct toc_run *run, struct toc_str bytes, struct toc_now now);

struct toc_store *__wrap_toc_run_store(struct toc_run *run)
{
    assert_null(run);
    return store;
}

enum toc_err __wrap_toc_run_outcome(struct toc_run *run, struct toc_str bytes, struct toc_now now)
{
    assert_null(run);
    assert_int_equal(now.mono_ms, NOW.mono_ms);
    toc_str_copy(outcome, sizeof(outcome), bytes);
    return TOC_OK;
}

static void note(char what)
{
    size_t size = strlen(order);
    assert_true(size + 1 < sizeof(order));
    order[size] = what;
}

static bool wants(void *self)
{
    (void)self;
    note('w');
    return wanted;
}

static void take(void *self, struct toc_txn *txn, struct toc_now now)
{
    struct toc_str value;
    (void)self;
    (void)now;
    note('r');
    assert_int_equal(toc_get(txn, 0, TOC_STR("key"), &value), TOC_NONE);
}

/* No transaction is open by then. */
static void tell(void *self, struct toc_now now)
{
    struct toc_txn *txn;
    (void)self;
    (void)now;
    note('t');
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    toc_txn_abort(txn);
}

static toc_time_ms next(void *self, struct toc_now now)
{
    (void)self;
    (void)now;
    note('n');
    return next_ms;
}

static const struct toc_sender_work work = {
    .wants = wants, .take = take, .tell = tell, .next_ms = next};

static int set_up(void **state)
{
    static const char *const tables[] = {"rows"};
    const struct toc_store_config config = {
        .dir = "sender", .tables = tables, .table_count = 1, .map_bytes = TOC_MAP_MIN};
    (void)state;
    memset(order, 0, sizeof(order));
    wanted = true;
    next_ms = TOC_TIME_NEVER;
    if (uv_loop_init(&loop) != 0 || toc_store_open(&config, &store) != TOC_OK ||
        toc_sender_open(&loop, NULL, &work, NULL, &sender) != TOC_OK)
        return -1;
    toc_sender_come_round(sender);
    uv_run(&loop, UV_RUN_NOWAIT); /* libuv's own beginnings are behind it */
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_sender_close(sender);
    uv_run(&loop, UV_RUN_DEFAULT);
    toc_store_close(store);
    return uv_loop_close(&loop);
}

/* How long the loop would sleep now. */
static int sleeps_ms(void)
{
    return uv_backend_timeout(&loop);
}

static void without_anything_to_do_nothing_is_read(void **state)
{
    (void)state;
    wanted = false;
    toc_sender_after_commit(sender, NOW);
    assert_string_equal(order, "w");
}

static void it_reads_and_then_tells_and_then_asks_when_the_next_is_due(void **state)
{
    (void)state;
    toc_sender_after_commit(sender, NOW);
    assert_string_equal(order, "wrtn");
}

static void the_next_one_that_is_due_wakes_the_loop(void **state)
{
    (void)state;
    next_ms = NOW.wall_ms + 20000;
    toc_sender_after_commit(sender, NOW);
    assert_int_equal(sleeps_ms(), 20000);
    next_ms = NOW.wall_ms + 30 * TOC_DAY_MS; /* a clock that is set back does not wait for it */
    toc_sender_after_commit(sender, NOW);
    assert_int_equal(sleeps_ms(), TOC_HOUR_MS);
    next_ms = NOW.wall_ms - 1;
    toc_sender_after_commit(sender, NOW);
    assert_int_equal(sleeps_ms(), 1);
}

static void an_answer_is_told_without_waiting_for_a_record(void **state)
{
    const struct toc_transfer_answer answer = {
        .code = 429, .text = "429", .retry_after_ms = NOW.wall_ms + 7};
    struct toc_sent sent = {.told_ms = INT64_MAX};
    (void)state;
    next_ms = NOW.wall_ms + 20000;
    toc_sender_after_commit(sender, NOW);
    toc_sender_settle(sender, &sent, &answer);
    assert_int_equal(sleeps_ms(), 0);
    assert_int_equal(sent.code, 429);
    assert_string_equal(sent.text, "429");
    assert_int_equal(sent.retry_after_ms, NOW.wall_ms + 7);
    assert_true(toc_sent_may_be_told(&sent, NOW));
    toc_sender_after_commit(sender, NOW);
    assert_int_equal(sleeps_ms(), 20000);
}

static void what_was_told_is_told_again_after_a_second_at_the_earliest(void **state)
{
    struct toc_now later = NOW;
    struct toc_sent sent = {.code = 200};
    (void)state;
    next_ms = NOW.wall_ms + 20000;
    toc_sender_after_commit(sender, NOW);
    toc_sender_tell(sender, &sent, TOC_STR("sent: 200"), NOW);
    assert_string_equal(outcome, "sent: 200");
    assert_int_equal(sleeps_ms(), 0); /* the turn that it opened wants its commit */
    later.mono_ms += AGAIN_MS - 1;
    assert_false(toc_sent_may_be_told(&sent, later));
    later.mono_ms++;
    assert_true(toc_sent_may_be_told(&sent, later));
    toc_sender_tell(sender, NULL, TOC_STR("passed"), NOW);
    assert_string_equal(outcome, "passed");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(without_anything_to_do_nothing_is_read),
        CASE(it_reads_and_then_tells_and_then_asks_when_the_next_is_due),
        CASE(the_next_one_that_is_due_wakes_the_loop),
        CASE(an_answer_is_told_without_waiting_for_a_record),
        CASE(what_was_told_is_told_again_after_a_second_at_the_earliest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
