/* Events on their way to an intake: frames, receipts, what goes again and when. */
#include "common/client/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ACCEPTED TOCSIN__V1__OUTCOME__STATUS__ACCEPTED
#define REFUSED  TOCSIN__V1__OUTCOME__STATUS__REFUSED
#define EVENTS   64

static struct toc_window *window;
static uint64_t tag;
static char receipts[EVENTS * 8]; /* "3+ 4! ": cookie, accepted or refused */
static bool adds_inside;

static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct toc_client_receipt *receipt)
{
    size_t used = strlen(receipts);
    (void)arg;
    assert_int_equal(event.size, 1);
    assert_int_equal(event.data[0], (char)('a' + cookie));
    snprintf(receipts + used, sizeof(receipts) - used, "%u%c ", (unsigned)cookie,
             receipt->status == ACCEPTED ? '+' : '!');
    if (adds_inside)
        assert_int_equal(toc_window_add(window, TOC_STR("z"), 'z' - 'a'), TOC_OK);
    adds_inside = false;
}

static void open_window(size_t batch_max, size_t under_way_max, size_t batches)
{
    const struct toc_window_config config = {.batch_max = batch_max,
                                             .under_way_max = under_way_max,
                                             .batches = batches,
                                             .tag = &tag,
                                             .on_receipt = on_receipt};
    tag = 100;
    receipts[0] = '\0';
    assert_int_equal(toc_window_new(&config, &window), TOC_OK);
}

static int tear_down(void **state)
{
    (void)state;
    toc_window_free(window);
    window = NULL;
    return 0;
}

static enum toc_err add(unsigned cookie)
{
    char event = (char)('a' + cookie);
    return toc_window_add(window, toc_str(&event, 1), cookie);
}

static void add_all(unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++)
        assert_int_equal(add(i), TOC_OK);
}

/* The next frame as "101:abc", its tag and events; "" when there is none. */
static const char *next(enum toc_window_ready ready, toc_time_ms now_ms)
{
    static char text[128];
    struct toc_str frame;
    text[0] = '\0';
    if (toc_window_next(window, ready, now_ms, &frame) != TOC_OK)
        return text;
    Tocsin__V1__Frame *in =
        tocsin__v1__frame__unpack(NULL, frame.size, (const uint8_t *)frame.data);
    assert_non_null(in);
    assert_int_equal(in->version, 1);
    int used = snprintf(text, sizeof(text), "%u:", (unsigned)in->publish->tag);
    for (size_t i = 0; i < in->publish->n_events; i++)
        text[used++] = (char)in->publish->events[i].data[0];
    text[used] = '\0';
    tocsin__v1__frame__free_unpacked(in, NULL);
    return text;
}

/* A receipt with an outcome per letter: + accepted, ! refused, ~ full. */
static void answer(uint64_t to, const char *outcomes, toc_time_ms now_ms)
{
    uint8_t bytes[1024], outcome[64], *end = toc_wire_put_varint(bytes, 1, to);
    for (; *outcomes != '\0'; outcomes++) {
        uint8_t *at = toc_wire_put_varint(outcome, 1, *outcomes == '+' ? ACCEPTED : REFUSED);
        if (*outcomes == '~')
            at = toc_wire_put_varint(at, 7, 700);
        end = toc_wire_put_bytes(end, 2, toc_str(outcome, (size_t)(at - outcome)));
    }
    toc_window_receipt(window, toc_str(bytes, (size_t)(end - bytes)), now_ms);
}

static void what_waits_gathers_while_a_frame_is_under_way(void **state)
{
    (void)state;
    open_window(3, 1, 4);
    add_all(0, 0);
    assert_string_equal(next(TOC_WINDOW_WHOLE, 0), "");
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:a");
    add_all(1, 5);
    assert_string_equal(next(TOC_WINDOW_ANY, 1), "");
    answer(101, "+", 2);
    assert_string_equal(next(TOC_WINDOW_ANY, 2), "103:bcd");
    answer(103, "+++", 3);
    assert_string_equal(next(TOC_WINDOW_WHOLE, 3), "");
    assert_string_equal(next(TOC_WINDOW_ANY, 3), "105:ef");
    answer(105, "++", 4);
    assert_string_equal(receipts, "0+ 1+ 2+ 3+ 4+ 5+ ");
    assert_int_equal(toc_window_pending(window), 0);
}

static void a_frame_without_a_receipt_goes_again_as_it_was(void **state)
{
    (void)state;
    open_window(2, 1, 3);
    add_all(0, 2);
    assert_string_equal(next(TOC_WINDOW_ANY, 1000), "101:ab");
    assert_string_equal(next(TOC_WINDOW_ANY, 2999), "");
    assert_true(toc_window_due_ms(window, TOC_WINDOW_ANY, 2999) == 3000);
    assert_string_equal(next(TOC_WINDOW_ANY, 3000), "101:ab");
    answer(101, "++", 3001);
    answer(101, "++", 3002); /* the first one's receipt came late: nobody waits for it */
    assert_string_equal(receipts, "0+ 1+ ");
}

static void what_the_link_did_not_take_goes_again_at_once(void **state)
{
    (void)state;
    open_window(2, 1, 3);
    add_all(0, 1);
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:ab");
    toc_window_not_sent(window, 0);
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "");
    assert_string_equal(next(TOC_WINDOW_ANY, 10), "101:ab");
}

static void full_is_tried_again_when_intake_said_and_a_refusal_is_final(void **state)
{
    (void)state;
    open_window(4, 1, 3);
    add_all(0, 3);
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:abcd");
    answer(101, "+~!~", 0);
    assert_string_equal(receipts, "0+ 2! ");
    assert_true(toc_window_met_full(window));
    assert_true(toc_window_due_ms(window, TOC_WINDOW_ANY, 0) == 700);
    assert_string_equal(next(TOC_WINDOW_ANY, 699), "");
    assert_string_equal(next(TOC_WINDOW_ANY, 700), "102:bd");
    answer(102, "++", 701);
    assert_string_equal(receipts, "0+ 2! 1+ 3+ ");
    assert_false(toc_window_met_full(window));
}

static void what_a_receipt_leaves_out_goes_again_before_what_came_later(void **state)
{
    (void)state;
    open_window(3, 1, 3);
    add_all(0, 5);
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:abc");
    answer(101, "+", 0);
    assert_string_equal(next(TOC_WINDOW_ANY, 99), "");
    assert_string_equal(next(TOC_WINDOW_ANY, 100), "102:bc");
    answer(102, "++", 100);
    assert_string_equal(next(TOC_WINDOW_ANY, 100), "104:def");
}

static void memory_is_bounded(void **state)
{
    (void)state;
    open_window(2, 1, 2);
    add_all(0, 3);
    assert_int_equal(add(4), TOC_ERR_AGAIN);
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:ab");
    assert_int_equal(add(4), TOC_ERR_AGAIN);
    answer(101, "++", 1);
    assert_int_equal(add(4), TOC_OK);
    assert_int_equal(toc_window_pending(window), 3);
}

static void an_event_over_the_limit_is_not_taken(void **state)
{
    static const char large[TOC_EVENT_MAX + TOC_PRIVATE_MAX + TOC_WIRE_FIELD_OVERHEAD + 1];
    (void)state;
    open_window(2, 1, 2);
    assert_int_equal(toc_window_add(window, toc_str(large, sizeof(large)), 0), TOC_ERR_LIMIT);
    assert_int_equal(toc_window_pending(window), 0);
}

static void events_with_texts_share_a_frame_as_far_as_it_goes(void **state)
{
    static const char large[300 * 1024];
    struct toc_str frame;
    (void)state;
    open_window(4, 2, 3);
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(toc_window_add(window, toc_str(large, TOC_PRIVATE_MAX), i), TOC_OK);
    assert_int_equal(toc_window_next(window, TOC_WINDOW_ANY, 0, &frame), TOC_OK);
    assert_in_range(frame.size, 4 * TOC_PRIVATE_MAX, TOC_FRAME_MAX);
    toc_window_free(window);
    open_window(10, 2, 3);
    for (uint64_t i = 0; i < 9; i++)
        assert_int_equal(toc_window_add(window, toc_str(large, TOC_PRIVATE_MAX), i), TOC_OK);
    assert_int_equal(toc_window_next(window, TOC_WINDOW_WHOLE, 0, &frame), TOC_OK);
    assert_in_range(frame.size, 7 * TOC_PRIVATE_MAX, TOC_FRAME_MAX);
    assert_int_equal(toc_window_next(window, TOC_WINDOW_WHOLE, 0, &frame), TOC_NONE);
    assert_int_equal(toc_window_next(window, TOC_WINDOW_ANY, 0, &frame), TOC_OK);
    assert_in_range(frame.size, 2 * TOC_PRIVATE_MAX, 3 * TOC_PRIVATE_MAX);
}

static void a_receipt_may_lead_to_another_event(void **state)
{
    (void)state;
    open_window(2, 1, 3);
    add_all(0, 1);
    adds_inside = true;
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:ab");
    answer(101, "+~", 0);
    assert_string_equal(receipts, "0+ ");
    assert_string_equal(next(TOC_WINDOW_ANY, 700), "102:b");
    answer(102, "+", 701);
    assert_string_equal(next(TOC_WINDOW_ANY, 701), "104:z");
}

static void a_receipt_that_is_none_settles_nothing(void **state)
{
    static const uint8_t garbage[] = {0x08, 0x65, 0x12, 0x03, 0xff, 0xff, 0xff, 0x12, 0x7f};
    (void)state;
    open_window(2, 1, 3);
    add_all(0, 1);
    assert_string_equal(next(TOC_WINDOW_ANY, 0), "101:ab");
    toc_window_receipt(window, toc_str(NULL, 0), 0);
    toc_window_receipt(window, toc_str(garbage + 2, sizeof(garbage) - 2), 0);
    toc_window_receipt(window, toc_str(garbage, sizeof(garbage)), 0);
    assert_string_equal(receipts, "");
    assert_string_equal(next(TOC_WINDOW_ANY, 100), "102:ab");
}

static void it_tells_for_how_long_nothing_was_settled(void **state)
{
    (void)state;
    open_window(1, 2, 4);
    assert_true(toc_window_stalled_ms(window, 5000) == 0);
    add_all(0, 1);
    next(TOC_WINDOW_ANY, 5000);
    next(TOC_WINDOW_ANY, 5000);
    assert_true(toc_window_stalled_ms(window, 5300) == 300);
    answer(102, "+", 5300);
    assert_true(toc_window_stalled_ms(window, 5400) == 100);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_waits_gathers_while_a_frame_is_under_way),
        CASE(a_frame_without_a_receipt_goes_again_as_it_was),
        CASE(what_the_link_did_not_take_goes_again_at_once),
        CASE(full_is_tried_again_when_intake_said_and_a_refusal_is_final),
        CASE(what_a_receipt_leaves_out_goes_again_before_what_came_later),
        CASE(memory_is_bounded),
        CASE(an_event_over_the_limit_is_not_taken),
        CASE(events_with_texts_share_a_frame_as_far_as_it_goes),
        CASE(a_receipt_may_lead_to_another_event),
        CASE(a_receipt_that_is_none_settles_nothing),
        CASE(it_tells_for_how_long_nothing_was_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
