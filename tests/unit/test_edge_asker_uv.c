/* Questions to other services over real sockets: answers, patience, those that are away. */
#include "services/intake/edge/asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* for one frame; only a failure waits this long */
#define DEADLINE_MS 2000

static char endpoint[64];
static struct toc_link *router, *own;
static struct asker *asker;
static struct toc_arena arena;

struct told {
    struct asker_question question;
    unsigned times;
    enum asker_end end;
    uint32_t rows;
};

static void tell(void *self, enum asker_end end, const Tocsin__V1__Answer *answer)
{
    struct told *told = self;
    told->times++;
    told->end = end;
    told->rows = answer != NULL ? (uint32_t)answer->n_rows : 0;
}

static int set_up(void **state)
{
    static unsigned number;
    const char *endpoints[ASKER_SERVICES] = {[ASKER_ROUTER] = endpoint};
    (void)state;
    snprintf(endpoint, sizeof(endpoint), "ipc:///tmp/tocsin-asker-%d-%u", (int)getpid(), number++);
    assert_int_equal(toc_link_open(endpoint, &router), TOC_OK);
    assert_int_equal(toc_link_open(NULL, &own), TOC_OK);
    assert_int_equal(asker_new(own, endpoints, &asker), TOC_OK);
    assert_int_equal(toc_arena_init(&arena, 1 << 20), TOC_OK);
    while (toc_link_send(own, 1, TOC_STR("?")) < 0) /* until the connection is there */
        toc_link_wait(own, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    asker_free(asker);
    toc_link_close(own);
    toc_link_close(router);
    toc_arena_done(&arena);
    router = own = NULL;
    asker = NULL;
    unlink(endpoint + strlen("ipc://"));
    return 0;
}

static void ask(struct told *told)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    question.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    told->question = (struct asker_question){
        .service = ASKER_ROUTER, .deadline_ms = DEADLINE_MS, .told = tell, .self = told};
    asker_ask(asker, &told->question, &question);
}

/* The next question that came to the router; false when none comes. */
static bool take_question(toc_peer *peer, uint64_t *tag, toc_time_ms patience_ms)
{
    Tocsin__V1__Frame *frame;
    struct toc_str bytes;
    for (;;) {
        if (toc_link_receive(router, peer, &bytes) < 0) {
            if (!toc_link_has_input(router))
                toc_link_wait(router, patience_ms);
            if (toc_link_receive(router, peer, &bytes) < 0)
                return false;
        }
        if (!toc_str_equal(bytes, TOC_STR("?")))
            break;
    }
    toc_arena_reset(&arena, 0);
    assert_int_equal(toc_wire_unpack(&arena, &tocsin__v1__frame__descriptor, bytes, &frame), 0);
    assert_int_equal(frame->kind_case, TOCSIN__V1__FRAME__KIND_ASK);
    *tag = frame->ask->tag;
    return true;
}

static void give_answer(toc_peer peer, uint64_t tag, unsigned rows)
{
    Tocsin__V1__Answer answer = TOCSIN__V1__ANSWER__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    ProtobufCBinaryData list[4] = {{0}};
    struct toc_str bytes;
    answer.tag = tag;
    answer.rows = list;
    answer.n_rows = rows;
    frame.version = TOC_WIRE_VERSION;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_ANSWER;
    frame.answer = &answer;
    assert_int_equal(toc_wire_pack(&arena, &frame, &bytes), TOC_OK);
    assert_int_equal(toc_link_send(router, peer, bytes), TOC_OK);
}

/* Lets the asker hear what there is, until `told` was. */
static void hear(const struct told *told)
{
    toc_peer peer;
    struct toc_str frame;
    for (unsigned i = 0; told->times == 0 && i < 100; i++) {
        assert_int_equal(toc_link_receive(own, &peer, &frame), TOC_ERR_AGAIN);
        if (told->times == 0)
            toc_link_wait(own, PATIENCE_MS / 100);
    }
    assert_int_equal(told->times, 1);
}

static void each_answer_finds_its_question(void **state)
{
    struct told first = {.times = 0}, second = {.times = 0};
    toc_peer peer;
    uint64_t tag, other;
    (void)state;
    ask(&first);
    ask(&second);
    assert_true(take_question(&peer, &tag, PATIENCE_MS));
    assert_true(take_question(&peer, &other, PATIENCE_MS));
    give_answer(peer, other, 2);
    hear(&second);
    assert_int_equal(first.times, 0);
    give_answer(peer, tag, 1);
    hear(&first);
    assert_int_equal(first.end, ASKER_ANSWERED);
    assert_int_equal(first.rows, 1);
    assert_int_equal(second.rows, 2);
}

static void a_late_answer_is_nobodys(void **state)
{
    struct told late = {.times = 0}, next = {.times = 0};
    toc_peer peer;
    uint64_t tag;
    (void)state;
    ask(&late);
    assert_true(take_question(&peer, &tag, PATIENCE_MS));
    asker_poll(asker, DEADLINE_MS - 1);
    assert_int_equal(late.times, 0);
    asker_poll(asker, 2 * DEADLINE_MS);
    assert_int_equal(late.times, 1);
    assert_int_equal(late.end, ASKER_SILENT);
    give_answer(peer, tag, 1);
    ask(&next);
    assert_true(take_question(&peer, &tag, PATIENCE_MS));
    give_answer(peer, tag, 3);
    hear(&next);
    assert_int_equal(next.rows, 3);
    assert_int_equal(late.times, 1);
}

static void only_a_few_are_in_hand_at_a_time(void **state)
{
    struct told all[40];
    toc_peer peer;
    uint64_t tags[40];
    size_t sent = 0;
    (void)state;
    memset(all, 0, sizeof(all));
    for (size_t i = 0; i < 40; i++)
        ask(&all[i]);
    while (take_question(&peer, &tags[sent], sent == 0 ? PATIENCE_MS : 50))
        sent++;
    assert_in_range(sent, 1, 39);
    for (size_t i = 0; i < 40; i++) {
        give_answer(peer, tags[i], 1);
        hear(&all[i]);
        if (sent < 40)
            assert_true(take_question(&peer, &tags[sent++], PATIENCE_MS));
    }
}

static void who_is_away_is_told_at_once(void **state)
{
    const char *endpoints[ASKER_SERVICES] = {[ASKER_SLA] = "ipc:///tmp/tocsin-asker-nobody"};
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct told told = {.times = 0};
    struct asker *other;
    (void)state;
    assert_int_equal(asker_new(own, endpoints, &other), TOC_OK);
    assert_true(asker_has(other, ASKER_SLA));
    assert_false(asker_has(other, ASKER_ROUTER));
    told.question = (struct asker_question){
        .service = ASKER_SLA, .deadline_ms = DEADLINE_MS, .told = tell, .self = &told};
    asker_ask(other, &told.question, &question);
    assert_int_equal(told.times, 1);
    assert_int_equal(told.end, ASKER_SILENT);
    asker_free(other);
}

static void what_is_no_answer_is_dropped(void **state)
{
    struct told told = {.times = 0};
    toc_peer peer;
    uint64_t tag;
    (void)state;
    ask(&told);
    assert_true(take_question(&peer, &tag, PATIENCE_MS));
    assert_int_equal(toc_link_send(router, peer, TOC_STR("nonsense")), TOC_OK);
    assert_int_equal(toc_link_send(router, peer, TOC_STR("")), TOC_OK);
    give_answer(peer, tag + 7, 1);
    give_answer(peer, tag, 2);
    hear(&told);
    assert_int_equal(told.rows, 2);
}

static void the_end_is_told_to_all(void **state)
{
    struct told all[40];
    (void)state;
    memset(all, 0, sizeof(all));
    for (size_t i = 0; i < 40; i++)
        ask(&all[i]);
    asker_free(asker);
    asker = NULL;
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(all[i].times, 1);
        assert_int_equal(all[i].end, ASKER_STOPPED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_answer_finds_its_question, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_answer_is_nobodys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_a_few_are_in_hand_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_away_is_told_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_answer_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_is_told_to_all, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
