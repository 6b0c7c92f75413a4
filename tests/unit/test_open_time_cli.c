/* Open time less pauses: what has to hold of it whatever the calendar, and its limits. */
#include "services/cli/calendar/open_time.h"
#include "tests/unit/calendar_desk.h"

#define SEED       UINT64_C(20261126)
#define PAUSES_MAX 12

static const char *const zones[] = {"America/New_York", "Europe/Berlin", "Australia/Lord_Howe",
                                    "Africa/Cairo", "Asia/Kolkata"};

/* A desk in a zone with random hours around 2026, and random pauses. */
struct paused {
    struct desk desk;
    struct toc_interval pauses[PAUSES_MAX];
    struct open_time open;
};

static void draw_paused(uint64_t *seed, struct paused *out)
{
    struct paused *p = out;
    p->desk = desk_in(zones[draw(seed) % 5]);
    for (unsigned w = 0; w < 5; w++) {
        toc_time_ms from = draw_between(seed, 0, 20) * HOUR;
        assert_int_equal(
            toc_calendar_weekly(p->desk.cal, w, from, from + draw_between(seed, 1, 4) * HOUR),
            TOC_OK);
    }
    finish(&p->desk);
    size_t count = draw(seed) % (PAUSES_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        p->pauses[i].from_ms = at(2026, 3, 1, 0, 0) + draw_between(seed, 0, 90 * DAY);
        p->pauses[i].until_ms = p->pauses[i].from_ms + draw_between(seed, -DAY, 6 * DAY);
    }
    p->open = (struct open_time){p->desk.cal, p->pauses, open_time_merge(p->pauses, count)};
}

static toc_time_ms add(const struct paused *p, toc_time_ms start, toc_time_ms amount)
{
    toc_time_ms out = 0;
    assert_int_equal(open_time_add(&p->open, start, amount, &out), TOC_OK);
    return out;
}

static toc_time_ms sub(const struct paused *p, toc_time_ms start, toc_time_ms amount)
{
    toc_time_ms out = 0;
    assert_int_equal(open_time_sub(&p->open, start, amount, &out), TOC_OK);
    return out;
}

static toc_time_ms between(const struct paused *p, toc_time_ms from, toc_time_ms until)
{
    return open_time_between(&p->open, from, until);
}

static void merging_leaves_pauses_in_order_and_apart(void **state)
{
    struct toc_interval pauses[] = {{30, 40}, {5, 5},   {10, 20}, {9, 1},   {20, 25}, {38, 50},
                                    {12, 15}, {60, 61}, {61, 62}, {35, 36}, {10, 11}};
    const struct toc_interval merged[] = {{10, 25}, {30, 50}, {60, 62}};
    (void)state;
    assert_int_equal(open_time_merge(pauses, sizeof(pauses) / sizeof(pauses[0])), 3);
    assert_memory_equal(pauses, merged, sizeof(merged));
    assert_int_equal(open_time_merge(NULL, 0), 0);
}

static void adding_subtracting_and_counting_undo_each_other(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 60; round++) {
        uint64_t seed = SEED + round;
        struct paused p;
        draw_paused(&seed, &p);
        for (int i = 0; i < 300; i++) {
            toc_time_ms a = at(2026, 3, 1, 0, 0) + draw_between(&seed, -5 * DAY, 95 * DAY);
            toc_time_ms x = draw_between(&seed, 1, 60 * HOUR), y = draw_between(&seed, 1, DAY);
            toc_time_ms b = add(&p, a, x), c = sub(&p, a, x);
            assert_int_equal(between(&p, a, b), x);
            assert_int_equal(between(&p, a, b - 1), x - 1); /* the earliest */
            assert_int_equal(between(&p, c, a), x);
            assert_int_equal(between(&p, c + 1, a), x - 1); /* the latest */
            assert_int_equal(add(&p, b, y), add(&p, a, x + y));
            assert_int_equal(sub(&p, c, y), sub(&p, a, x + y));
            assert_int_equal(sub(&p, b, x), add(&p, a, 0));
            assert_int_equal(add(&p, c, x), sub(&p, a, 0));
        }
        leave(&p.desk);
    }
}

static void elapsed_time_adds_up_over_splits_and_is_never_negative(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 60; round++) {
        uint64_t seed = SEED + 100 + round;
        struct paused p;
        draw_paused(&seed, &p);
        for (int i = 0; i < 300; i++) {
            toc_time_ms a = at(2026, 3, 1, 0, 0) + draw_between(&seed, -5 * DAY, 95 * DAY);
            toc_time_ms b = a + draw_between(&seed, 0, 20 * DAY);
            toc_time_ms middle = draw_between(&seed, a, b), sum = between(&p, a, b);
            assert_int_equal(between(&p, a, middle) + between(&p, middle, b), sum);
            assert_true(sum >= 0 && sum <= toc_calendar_between(p.desk.cal, a, b));
            assert_int_equal(between(&p, b, a), 0);
            assert_int_equal(between(&p, a, a), 0);
            assert_int_equal(open_time_is_open(&p.open, a), between(&p, a, a + 1) == 1);
        }
        leave(&p.desk);
    }
}

static void intervals_one_after_the_other_hold_all_working_time(void **state)
{
    (void)state;
    for (uint64_t round = 0; round < 60; round++) {
        uint64_t seed = SEED + 200 + round;
        struct paused p;
        struct toc_interval next, back;
        draw_paused(&seed, &p);
        toc_time_ms start = at(2026, 2, 20, 0, 0), end = at(2026, 6, 20, 0, 0), sum = 0,
                    at_ms = start;
        while (open_time_interval_after(&p.open, at_ms, &next) == TOC_OK && next.from_ms < end) {
            assert_true(next.from_ms < next.until_ms);
            assert_true(open_time_is_open(&p.open, next.from_ms));
            assert_true(open_time_is_open(&p.open, next.until_ms - 1));
            assert_false(open_time_is_open(&p.open, next.from_ms - 1));
            assert_false(open_time_is_open(&p.open, next.until_ms));
            assert_int_equal(open_time_interval_before(&p.open, next.until_ms, &back), TOC_OK);
            assert_memory_equal(&back, &next, sizeof(back));
            toc_time_ms from = next.from_ms > start ? next.from_ms : start;
            sum += (next.until_ms < end ? next.until_ms : end) - from;
            at_ms = next.until_ms;
        }
        assert_int_equal(sum, between(&p, start, end));
        leave(&p.desk);
    }
}

static void a_pause_without_end_leaves_nothing_behind_it(void **state)
{
    struct desk desk = office_in("UTC");
    struct toc_interval pause = {at(2026, 6, 8, 10, 0), TOC_CALENDAR_END_MS}, out = {1, 2};
    toc_time_ms instant = 77, nine = at(2026, 6, 8, 9, 0);
    (void)state;
    finish(&desk);
    const struct open_time open = {desk.cal, &pause, 1};
    assert_int_equal(open_time_add(&open, nine, HOUR, &instant), TOC_OK);
    assert_int_equal(instant, nine + HOUR);
    assert_int_equal(open_time_add(&open, nine, HOUR + 1, &instant), TOC_ERR_LIMIT);
    assert_int_equal(open_time_interval_after(&open, nine + HOUR, &out), TOC_NONE);
    assert_true(instant == nine + HOUR && out.from_ms == 1);
    pause.from_ms = TOC_CALENDAR_BEGIN_MS;
    assert_int_equal(open_time_sub(&open, nine, 0, &instant), TOC_ERR_LIMIT);
    assert_int_equal(open_time_interval_before(&open, nine, &out), TOC_NONE);
    assert_int_equal(open_time_between(&open, TOC_TIME_MIN, TOC_TIME_NEVER), 0);
    leave(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_leaves_pauses_in_order_and_apart),
        cmocka_unit_test(adding_subtracting_and_counting_undo_each_other),
        cmocka_unit_test(elapsed_time_adds_up_over_splits_and_is_never_negative),
        cmocka_unit_test(intervals_one_after_the_other_hold_all_working_time),
        cmocka_unit_test(a_pause_without_end_leaves_nothing_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
