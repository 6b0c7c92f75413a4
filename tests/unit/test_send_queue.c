#include "services/notifier/send/send_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct send_rank normal = {.due_ms = 0};

static struct send_queue *open_queue(uint32_t origins, unsigned parallel)
{
    struct send_queue *queue;
    assert_int_equal(send_queue_open(origins, parallel, parallel, &queue), TOC_OK);
    return queue;
}

static enum send_room add_page(struct send_queue *queue, uint64_t number, uint32_t index,
                               uint32_t origin, struct send_rank rank)
{
    const struct send page = {
        .alert_number = number, .index = index, .origin = origin, .rank = rank};
    return send_queue_add(queue, &page);
}

/* Adds pages 1..count of an origin, as alerts of their own. */
static void add_many(struct send_queue *queue, uint64_t first, unsigned count, uint32_t origin)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(add_page(queue, first + i, 0, origin, normal), SEND_ADDED);
}

static uint64_t next_number(struct send_queue *queue)
{
    struct send *send = send_queue_next(queue);
    return send != NULL ? send->alert_number : 0;
}

static void finish(struct send_queue *queue, uint64_t number)
{
    struct send *send = send_queue_find(queue, number, 0);
    assert_non_null(send);
    send_queue_done(queue, send);
    send_queue_forget(queue, send);
}

static void pages_of_an_origin_go_in_order(void **state)
{
    struct send_queue *queue = open_queue(1, 64);
    (void)state;
    assert_null(send_queue_next(queue));
    add_many(queue, 5, 3, 0);
    assert_int_equal(next_number(queue), 5);
    assert_int_equal(next_number(queue), 6);
    add_many(queue, 1, 1, 0);
    assert_int_equal(next_number(queue), 7);
    assert_int_equal(next_number(queue), 1);
    assert_null(send_queue_next(queue));
    send_queue_close(queue);
}

static void what_is_urgent_and_soon_due_goes_first(void **state)
{
    struct send_queue *queue = open_queue(1, 64);
    (void)state;
    static const struct {
        uint64_t number;
        struct send_rank rank;
    } pages[] = {{1, {false, 500}}, {2, {true, 900}}, {3, {true, 100}},
                 {4, {false, 50}},  {5, {true, 100}}, {6, {true, -7}}};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(add_page(queue, pages[i].number, 0, 0, pages[i].rank), SEND_ADDED);
    const uint64_t expected[] = {6, 3, 5, 2, 4, 1, 0};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(next_number(queue), expected[i]);
    send_queue_close(queue);
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Adding and taking in any order: what is taken is always the least of what waits. */
static void the_nearest_deadline_is_always_on_top(void **state)
{
    struct send_queue *queue = open_queue(1, 10000);
    static toc_time_ms due[20001];
    uint32_t seed = 7;
    uint64_t added = 0, waiting = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        if (waiting == 0 || (draw(&seed) % 3 != 0 && waiting < 5000)) {
            due[++added] = draw(&seed) % 1000;
            assert_int_equal(add_page(queue, added, 0, 0, (struct send_rank){false, due[added]}),
                             SEND_ADDED);
            waiting++;
            continue;
        }
        toc_time_ms least = 1000;
        for (uint64_t k = 1; k <= added; k++)
            if (due[k] >= 0 && due[k] < least)
                least = due[k];
        uint64_t number = next_number(queue);
        assert_int_equal(due[number], least);
        due[number] = -1;
        finish(queue, number);
        waiting--;
    }
    send_queue_close(queue);
}

static void what_has_another_way_does_not_wait_behind_a_silent_receiver(void **state)
{
    struct send_queue *queue = open_queue(2, 1);
    (void)state;
    for (uint64_t number = 1; number <= 6; number++) {
        const struct send page = {.alert_number = number,
                                  .origin = number == 6,
                                  .attempts = (uint32_t)number,
                                  .rank = {true, (toc_time_ms)(10 - number)},
                                  .has_other = number % 2 == 0};
        assert_int_equal(send_queue_add(queue, &page), SEND_ADDED);
    }
    assert_int_equal(next_number(queue), 5); /* the nearest deadline, of both kinds */
    assert_int_equal(next_number(queue), 6);
    for (uint64_t number = 4; number > 0; number -= 2) {
        struct send *send = send_queue_pass_on(queue, 0);
        assert_int_equal(send->alert_number, number);
        assert_int_equal(send->attempts, number);
        finish(queue, number);
    }
    assert_null(send_queue_pass_on(queue, 0));
    assert_null(send_queue_next(queue)); /* one is under way still */
    finish(queue, 5);
    assert_int_equal(next_number(queue), 3);
    send_queue_close(queue);
}

static void only_so_many_of_an_origin_are_under_way(void **state)
{
    struct send_queue *queue = open_queue(2, 2);
    (void)state;
    add_many(queue, 1, 4, 0);
    assert_int_equal(next_number(queue), 1);
    assert_int_equal(next_number(queue), 2);
    assert_int_equal(next_number(queue), 0);
    add_many(queue, 10, 1, 1); /* another is not held up */
    assert_int_equal(next_number(queue), 10);
    finish(queue, 2);
    assert_int_equal(next_number(queue), 3);
    assert_int_equal(next_number(queue), 0);
    send_queue_close(queue);
}

static void origins_take_turns(void **state)
{
    struct send_queue *queue = open_queue(3, 64);
    (void)state;
    add_many(queue, 100, 2, 0);
    add_many(queue, 200, 2, 1);
    add_many(queue, 300, 2, 2);
    const uint64_t expected[] = {100, 200, 300, 101, 201, 301, 0};
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(next_number(queue), expected[i]);
    send_queue_close(queue);
}

static void only_so_many_are_under_way_in_all(void **state)
{
    struct send_queue *queue = open_queue(2, 1000);
    (void)state;
    add_many(queue, 1, SENDS_UNDER_WAY, 0);
    add_many(queue, 1000, 1, 1);
    for (int i = 0; i < SENDS_UNDER_WAY; i++)
        assert_int_not_equal(next_number(queue), 0);
    assert_int_equal(next_number(queue), 0);
    finish(queue, 1);
    assert_int_not_equal(next_number(queue), 0);
    send_queue_close(queue);
}

static void answer(struct send_queue *queue, uint64_t number, bool good)
{
    send_queue_answered(queue, send_queue_find(queue, number, 0), good);
    finish(queue, number);
}

static unsigned under_way(struct send_queue *queue)
{
    size_t count;
    while (send_queue_next(queue) != NULL)
        ;
    (void)send_queue_active(queue, &count);
    return (unsigned)count;
}

static void a_receiver_that_keeps_up_is_sent_more_at_once(void **state)
{
    struct send_queue *queue;
    (void)state;
    assert_int_equal(send_queue_open(1, 2, 5, &queue), TOC_OK);
    add_many(queue, 1, 100, 0);
    assert_int_equal(under_way(queue), 2);
    answer(queue, 1, true);
    assert_int_equal(under_way(queue), 3);
    for (uint64_t number = 2; number <= 9; number++) {
        answer(queue, number, true);
        (void)under_way(queue);
    }
    assert_int_equal(under_way(queue), 5);
    send_queue_close(queue);
}

static void a_limited_receiver_is_never_sent_more(void **state)
{
    struct send_queue *queue;
    (void)state;
    assert_int_equal(send_queue_open(2, 2, 8, &queue), TOC_OK);
    send_queue_limit(queue, 0, 3);
    send_queue_limit(queue, 0, 9);
    add_many(queue, 1, 100, 0);
    for (uint64_t number = 1; number <= 9; number++) {
        (void)under_way(queue);
        answer(queue, number, true);
    }
    assert_int_equal(under_way(queue), 3);
    send_queue_close(queue);
}

static void a_receiver_that_fails_is_sent_half_at_once(void **state)
{
    struct send_queue *queue;
    (void)state;
    assert_int_equal(send_queue_open(1, 2, 8, &queue), TOC_OK);
    add_many(queue, 1, 100, 0);
    (void)under_way(queue);
    for (uint64_t number = 1; number <= 6; number++) {
        answer(queue, number, true);
        (void)under_way(queue);
    }
    assert_int_equal(under_way(queue), 8);
    answer(queue, 7, false);
    assert_int_equal(under_way(queue), 7); /* those under way are not called off */
    answer(queue, 8, false);
    answer(queue, 9, false);
    for (uint64_t number = 10; number <= 14; number++)
        finish(queue, number);
    assert_int_equal(under_way(queue), 2);
    send_queue_close(queue);
}

static void a_page_is_known_until_it_is_forgotten(void **state)
{
    struct send_queue *queue = open_queue(1, 1);
    (void)state;
    assert_null(send_queue_find(queue, 7, 2));
    assert_int_equal(add_page(queue, 7, 2, 0, normal), SEND_ADDED);
    assert_int_equal(add_page(queue, 7, 3, 0, normal), SEND_ADDED);
    struct send *send = send_queue_next(queue);
    assert_ptr_equal(send_queue_find(queue, 7, 2), send);
    assert_null(send_queue_find(queue, 2, 7));
    assert_int_equal(send_queue_known(queue), 2);
    send_queue_done(queue, send);
    assert_ptr_equal(send_queue_find(queue, 7, 2), send); /* its outcome is not on disk */
    send_queue_forget(queue, send);
    assert_null(send_queue_find(queue, 7, 2));
    assert_non_null(send_queue_find(queue, 7, 3));
    assert_int_equal(send_queue_known(queue), 1);
    send_queue_close(queue);
}

static void a_page_called_off_under_way_makes_room_at_once(void **state)
{
    struct send_queue *queue = open_queue(1, 1);
    (void)state;
    add_many(queue, 1, 2, 0);
    struct send *send = send_queue_next(queue);
    assert_null(send_queue_next(queue));
    send_queue_forget(queue, send);
    assert_int_equal(next_number(queue), 2);
    send_queue_close(queue);
}

static void the_active_ones_can_be_forgotten_backwards(void **state)
{
    struct send_queue *queue = open_queue(1, 64);
    size_t count;
    (void)state;
    add_many(queue, 1, 10, 0);
    for (int i = 0; i < 8; i++)
        assert_non_null(send_queue_next(queue));
    struct send *const *active = send_queue_active(queue, &count);
    assert_int_equal(count, 8);
    for (size_t i = count; i > 0; i--)
        if (active[i - 1]->alert_number % 2 == 0)
            send_queue_forget(queue, active[i - 1]);
    (void)send_queue_active(queue, &count);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(active[i]->alert_number % 2, 1);
    assert_int_equal(send_queue_known(queue), 6); /* and two wait */
    send_queue_close(queue);
}

static void an_origin_has_its_share_and_no_more(void **state)
{
    struct send_queue *queue = open_queue(2, 1);
    (void)state;
    add_many(queue, 1, SENDS_OF_ORIGIN, 0);
    assert_int_equal(add_page(queue, 9999, 0, 0, normal), SEND_ORIGIN_FULL);
    assert_null(send_queue_find(queue, 9999, 0));
    assert_int_equal(add_page(queue, 9998, 0, 1, normal), SEND_ADDED);
    assert_false(send_queue_wants_rescan(queue));
    for (unsigned i = 0; i < SENDS_OF_ORIGIN / 2; i++) {
        uint64_t number = next_number(queue);
        if (number == 9998)
            number = next_number(queue);
        assert_false(send_queue_wants_rescan(queue));
        finish(queue, number);
    }
    assert_true(send_queue_wants_rescan(queue));
    assert_false(send_queue_wants_rescan(queue)); /* once */
    send_queue_close(queue);
}

static void a_full_queue_asks_for_a_rescan_when_it_is_half_empty(void **state)
{
    const uint32_t origins = SENDS_MAX / SENDS_OF_ORIGIN + 1;
    struct send_queue *queue = open_queue(origins, 64);
    (void)state;
    for (uint32_t i = 0; i + 1 < origins; i++)
        add_many(queue, 1 + i * SENDS_OF_ORIGIN, SENDS_OF_ORIGIN, i);
    assert_int_equal(send_queue_known(queue), SENDS_MAX);
    assert_int_equal(add_page(queue, 99999, 0, origins - 1, normal), SEND_QUEUE_FULL);
    for (unsigned i = 0; i < SENDS_MAX / 2; i++) {
        assert_false(send_queue_wants_rescan(queue));
        finish(queue, next_number(queue));
    }
    assert_true(send_queue_wants_rescan(queue));
    assert_int_equal(add_page(queue, 99999, 0, origins - 1, normal), SEND_ADDED);
    send_queue_close(queue);
}

static void nothing_missed_means_no_rescan(void **state)
{
    struct send_queue *queue = open_queue(1, 64);
    (void)state;
    add_many(queue, 1, SENDS_OF_ORIGIN, 0);
    for (unsigned i = 0; i < SENDS_OF_ORIGIN; i++)
        finish(queue, next_number(queue));
    assert_int_equal(send_queue_known(queue), 0);
    assert_false(send_queue_wants_rescan(queue));
    send_queue_close(queue);
}

/* A long random life against a plain model: what is known, in which state, and how many. */
static void a_long_life_keeps_the_counts_right(void **state)
{
    enum { PAGES = 600, ORIGINS = 5 };
    static enum { ABSENT, WAITING, UNDER_WAY, DONE } model[PAGES];
    struct send_queue *queue = open_queue(ORIGINS, 3);
    uint32_t seed = 1;
    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        seed = seed * 1664525u + 1013904223u;
        unsigned which = (seed >> 8) % PAGES, known = 0;
        struct send *send = send_queue_find(queue, which + 1, which % 7);
        assert_int_equal(send != NULL, model[which] != ABSENT);
        if (model[which] == ABSENT) {
            assert_int_equal(add_page(queue, which + 1, which % 7, which % ORIGINS, normal),
                             SEND_ADDED);
            model[which] = WAITING;
        } else if (model[which] == UNDER_WAY) {
            send_queue_done(queue, send);
            model[which] = DONE;
        } else if (model[which] == DONE) {
            send_queue_forget(queue, send);
            model[which] = ABSENT;
        }
        if (seed >> 30 == 0 && (send = send_queue_next(queue)) != NULL) {
            assert_int_equal(model[send->alert_number - 1], WAITING);
            model[send->alert_number - 1] = UNDER_WAY;
        }
        for (unsigned i = 0; round % 1000 == 0 && i < PAGES; i++)
            known += model[i] != ABSENT;
        if (round % 1000 == 0)
            assert_int_equal(send_queue_known(queue), known);
    }
    send_queue_close(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_an_origin_go_in_order),
        cmocka_unit_test(a_receiver_that_keeps_up_is_sent_more_at_once),
        cmocka_unit_test(a_limited_receiver_is_never_sent_more),
        cmocka_unit_test(a_receiver_that_fails_is_sent_half_at_once),
        cmocka_unit_test(what_is_urgent_and_soon_due_goes_first),
        cmocka_unit_test(the_nearest_deadline_is_always_on_top),
        cmocka_unit_test(what_has_another_way_does_not_wait_behind_a_silent_receiver),
        cmocka_unit_test(only_so_many_of_an_origin_are_under_way),
        cmocka_unit_test(origins_take_turns),
        cmocka_unit_test(only_so_many_are_under_way_in_all),
        cmocka_unit_test(a_page_is_known_until_it_is_forgotten),
        cmocka_unit_test(a_page_called_off_under_way_makes_room_at_once),
        cmocka_unit_test(the_active_ones_can_be_forgotten_backwards),
        cmocka_unit_test(an_origin_has_its_share_and_no_more),
        cmocka_unit_test(a_full_queue_asks_for_a_rescan_when_it_is_half_empty),
        cmocka_unit_test(nothing_missed_means_no_rescan),
        cmocka_unit_test(a_long_life_keeps_the_counts_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
