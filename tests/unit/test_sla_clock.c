#include "services/sla/clock.h"
#include "tests/support/core_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define RUNNING TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING
#define PAUSED  TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED

/* --- a clock on a calendar of office hours -------------------------------------------------- */

static struct toc_tz *utc;
static struct toc_calendar *office;
static struct toc_clock_rule rule;
static Tocsin__V1__Clock row;
static struct clock subject = {&row, &rule, NULL};

/* A fresh clock for an issue of that priority. */
static void init(unsigned priority)
{
    subject.target = &rule.targets[priority];
    clock_init(&row, &rule);
    clock_aim(subject);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(toc_tz_load("UTC", &utc), TOC_OK);
    assert_int_equal(toc_calendar_new("office", utc, &office), TOC_OK);
    for (unsigned day = 0; day < 5; day++) /* from Monday */
        assert_int_equal(toc_calendar_weekly(office, day, 9 * TOC_HOUR_MS, 17 * TOC_HOUR_MS),
                         TOC_OK);
    assert_int_equal(toc_calendar_finish(office), TOC_OK);
    rule = (struct toc_clock_rule){.metric = TOC_CLOCK_RESOLUTION,
                                   .name = "resolution",
                                   .calendar = office,
                                   .targets = {{TOC_TARGET_UNSET, 0, TOC_TARGET_NONE, NULL},
                                               {TOC_TARGET_WORKING, 0, TOC_HOUR_MS, "1h"},
                                               {TOC_TARGET_WORKING, 0, 8 * TOC_HOUR_MS, "8h"},
                                               {TOC_TARGET_WORKING, 0, 0, "0"},
                                               {TOC_TARGET_UNSET, 0, TOC_TARGET_NONE, NULL}},
                                   .warn_percent = {50, 75},
                                   .warn_count = 2};
    init(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_calendar_free(office);
    toc_tz_free(utc);
    return 0;
}

static toc_time_ms at(const char *time)
{
    return core_time(time);
}

static void expect_instants(const char *next, const char *due)
{
    char text[32];
    assert_string_equal(core_time_text(text, row.next_ms), next);
    assert_string_equal(core_time_text(text, row.due_ms), due);
}

/* --- running -------------------------------------------------------------------------------- */

static void a_fresh_clock_waits_for_nothing(void **state)
{
    (void)state;
    assert_int_equal(row.state, TOCSIN__V1__CLOCK_STATE__CLOCK_INACTIVE);
    assert_int_equal(row.instance, 1);
    assert_int_equal(row.target_ms, 8 * TOC_HOUR_MS);
    assert_string_equal(row.calendar, "office");
    assert_false(clock_is_live(&row));
    expect_instants("never", "never");
}

static void a_running_clock_is_due_after_its_working_time(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    expect_instants("14:00:00", "+1/10:00:00");
    assert_true(clock_is_live(&row));
    assert_int_equal(clock_elapsed(subject, at("10:00")), 0);
    assert_int_equal(clock_elapsed(subject, at("12:30")), 150 * TOC_MINUTE_MS);
    assert_int_equal(clock_elapsed(subject, at("23:00")), 7 * TOC_HOUR_MS);
    assert_int_equal(clock_elapsed(subject, at("+1/09:30")), 450 * TOC_MINUTE_MS);
}

static void it_is_over_strictly_after_its_due(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    assert_false(clock_is_over(subject, at("+1/10:00")));
    assert_true(clock_is_over(subject, at("+1/10:00:00.001")));
}

static void at_closing_time_it_is_over_in_the_night(void **state)
{
    (void)state;
    clock_run(subject, at("09:00"));
    expect_instants("13:00:00", "17:00:00");
    assert_false(clock_is_over(subject, at("17:00")));
    assert_true(clock_is_over(subject, at("17:00:00.001")));
    assert_int_equal(clock_elapsed(subject, at("20:00")), row.target_ms);
}

static void a_clock_that_starts_while_closed_begins_at_the_opening(void **state)
{
    (void)state;
    clock_run(subject, at("+4/20:00")); /* Friday evening */
    expect_instants("+7/13:00:00", "+7/17:00:00");
}

/* --- halting -------------------------------------------------------------------------------- */

static void halting_closes_the_interval_and_keeps_its_time(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    struct toc_interval closed = clock_halt(subject, at("11:30"));
    clock_plan(subject);
    assert_int_equal(closed.from_ms, at("10:00"));
    assert_int_equal(closed.until_ms, at("11:30"));
    assert_int_equal(row.state, PAUSED);
    assert_int_equal(row.elapsed_ms, 90 * TOC_MINUTE_MS);
    assert_int_equal(row.running_since_ms, 0);
    expect_instants("never", "never");
    assert_int_equal(clock_elapsed(subject, at("+9/10:00")), 90 * TOC_MINUTE_MS);
}

static void halting_twice_closes_nothing_more(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    clock_halt(subject, at("11:00"));
    struct toc_interval closed = clock_halt(subject, at("12:00"));
    assert_int_equal(closed.from_ms, closed.until_ms);
    assert_int_equal(row.elapsed_ms, TOC_HOUR_MS);
}

static void halting_before_the_start_counts_nothing(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    struct toc_interval closed = clock_halt(subject, at("09:30"));
    assert_int_equal(closed.from_ms, closed.until_ms);
    assert_int_equal(row.elapsed_ms, 0);
}

static void a_pause_moves_the_due_by_its_working_time_alone(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    clock_halt(subject, at("12:00"));
    clock_run(subject, at("+1/08:00")); /* a night and the afternoon */
    assert_int_equal(row.state, RUNNING);
    expect_instants("+1/11:00:00", "+1/15:00:00");
}

static void parts_of_a_minute_add_up(void **state)
{
    toc_time_ms sum = 0;
    (void)state;
    for (int i = 0; i < 100; i++) { /* on for 7 ms, off for 3 */
        clock_run(subject, at("10:00") + i * 10);
        struct toc_interval closed = clock_halt(subject, at("10:00") + i * 10 + 7);
        sum += closed.until_ms - closed.from_ms;
    }
    assert_int_equal(row.elapsed_ms, 700);
    assert_int_equal(sum, 700);
}

/* --- targets and warnings ------------------------------------------------------------------- */

static void warnings_come_before_the_due_in_order(void **state)
{
    size_t threshold = 9;
    (void)state;
    clock_run(subject, at("10:00"));
    assert_int_equal(clock_next(subject, &threshold), CLOCK_NEXT_WARNING);
    assert_int_equal(threshold, 0);
    row.warned = 1;
    clock_plan(subject);
    assert_int_equal(clock_next(subject, &threshold), CLOCK_NEXT_WARNING);
    assert_int_equal(threshold, 1);
    expect_instants("16:00:00", "+1/10:00:00");
    row.warned = 3;
    clock_plan(subject);
    assert_int_equal(clock_next(subject, &threshold), CLOCK_NEXT_DUE);
    expect_instants("+1/10:00:00", "+1/10:00:00");
    row.breached = true;
    clock_plan(subject);
    assert_int_equal(clock_next(subject, &threshold), CLOCK_NEXT_NOTHING);
    expect_instants("never", "+1/10:00:00");
}

static void a_percentage_is_exact_for_a_target_of_any_size(void **state)
{
    (void)state;
    rule.warn_percent[0] = 33;
    row.target_ms = 1001;
    clock_run(subject, at("10:00"));
    assert_int_equal(row.next_ms, at("10:00") + 330);
    row.target_ms = 366 * TOC_DAY_MS; /* the longest a policy can name */
    clock_plan(subject);
    assert_int_equal(clock_elapsed(subject, row.next_ms), row.target_ms / 100 * 33);
}

static void a_target_of_zero_is_due_at_once_without_warnings(void **state)
{
    size_t threshold;
    (void)state;
    init(3);
    clock_run(subject, at("10:00"));
    assert_int_equal(clock_next(subject, &threshold), CLOCK_NEXT_DUE);
    expect_instants("10:00:00", "10:00:00");
    assert_false(clock_is_over(subject, at("10:00")));
    assert_true(clock_is_over(subject, at("10:00:00.001")));
    init(3);
    clock_run(subject, at("18:00"));
    expect_instants("+1/09:00:00", "+1/09:00:00");
}

static void without_a_target_nothing_is_ever_due(void **state)
{
    size_t threshold;
    (void)state;
    init(4);
    clock_run(subject, at("10:00"));
    assert_int_equal(clock_next(subject, &threshold), CLOCK_NEXT_NOTHING);
    assert_false(clock_is_over(subject, at("+999/10:00")));
    expect_instants("never", "never");
}

static void what_has_passed_in_a_closed_interval_is_due_from_the_start(void **state)
{
    (void)state;
    clock_run(subject, at("10:00"));
    clock_halt(subject, at("16:00"));
    row.target_ms = TOC_HOUR_MS; /* tighter, meanwhile */
    assert_true(clock_is_over(subject, at("16:00")));
    clock_run(subject, at("16:30"));
    expect_instants("16:30:00", "16:30:00");
}

/* The plan against a search by the minute, over many starts and pauses. */
static void the_due_is_the_first_instant_with_the_whole_target(void **state)
{
    (void)state;
    for (int start = 0; start < 3 * 24 * 60; start += 37) {
        for (int pause = 0; pause < 300; pause += 97) {
            toc_time_ms from_ms = CORE_EPOCH_MS + start * TOC_MINUTE_MS, now_ms;
            init(2);
            clock_run(subject, from_ms);
            clock_halt(subject, from_ms + TOC_HOUR_MS);
            clock_run(subject, from_ms + TOC_HOUR_MS + pause * TOC_MINUTE_MS);
            now_ms = row.running_since_ms;
            while (clock_elapsed(subject, now_ms) < row.target_ms)
                now_ms += TOC_MINUTE_MS;
            assert_int_equal(row.due_ms, now_ms);
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_fresh_clock_waits_for_nothing),
        CASE(a_running_clock_is_due_after_its_working_time),
        CASE(it_is_over_strictly_after_its_due),
        CASE(at_closing_time_it_is_over_in_the_night),
        CASE(a_clock_that_starts_while_closed_begins_at_the_opening),
        CASE(halting_closes_the_interval_and_keeps_its_time),
        CASE(halting_twice_closes_nothing_more),
        CASE(halting_before_the_start_counts_nothing),
        CASE(a_pause_moves_the_due_by_its_working_time_alone),
        CASE(parts_of_a_minute_add_up),
        CASE(warnings_come_before_the_due_in_order),
        CASE(a_percentage_is_exact_for_a_target_of_any_size),
        CASE(a_target_of_zero_is_due_at_once_without_warnings),
        CASE(without_a_target_nothing_is_ever_due),
        CASE(what_has_passed_in_a_closed_interval_is_due_from_the_start),
        CASE(the_due_is_the_first_instant_with_the_whole_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
