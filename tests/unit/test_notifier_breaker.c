#include "tests/unit/notifier_case.h"

#include <stdlib.h>

static unsigned issues; /* opened so far: alert N is about issue N */

/* ana has one method of provider p, bob two, the first of them at p. */
static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    issues = 0;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "p/1");
    feed_contact(&feed, "08:00", "bob", "p/2 q/1");
    feed_desk(&feed, "[{page: [ana, bob], wait: 1h}]", 0);
    return 0;
}

/* Opens an alert: page 0 is ana's, page 1 bob's. */
static uint64_t open_alert(const char *time)
{
    feed_issue(&feed, time, (struct feed_issue){.issue = ++issues});
    return issues;
}

/* So many alerts, of each of which ana's page fails once. */
static void fail_some(const char *time, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        feed_outcome(&feed, time, open_alert(time), 0, 503);
}

static const char *method_of(uint64_t alert, uint32_t page)
{
    return feed_page(&feed, alert, page)->method;
}

static void five_failures_in_a_row_open_it(void **state)
{
    (void)state;
    fail_some("09:00", 4);
    core_transcript(feed.core);
    assert_string_equal(method_of(open_alert("09:00"), 1), "p/2");
    core_transcript(feed.core);
    feed_outcome(&feed, "09:00:01", 5, 0, 0);
    assert_told(&feed, "09:00:01 alert_sent 5 ana/p/1 step=0 round=0 page_pending attempts=1 "
                       "(timeout) v1\n"
                       "09:00:01 provider p provider_open failures=5 probe=09:00:06\n");
}

static void any_answer_ends_the_row(void **state)
{
    (void)state;
    fail_some("09:00", 4);
    feed_outcome(&feed, "09:00:01", open_alert("09:00:01"), 0, 404); /* an answer, too */
    fail_some("09:00:02", 4);
    assert_string_equal(method_of(open_alert("09:00:02"), 1), "p/2");
}

static void half_of_ten_within_half_a_minute_open_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 9; i++)
        feed_outcome(&feed, "09:00", open_alert("09:00"), 0, i % 2 == 0 ? 500 : 200);
    assert_string_equal(method_of(open_alert("09:00"), 1), "p/2");
    feed_outcome(&feed, "09:00:29", 10, 0, 500);
    assert_string_equal(method_of(open_alert("09:00:29"), 1), "q/1");
}

static void failures_long_ago_do_not_count(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 9; i++)
        feed_outcome(&feed, "09:00", open_alert("09:00"), 0, i % 2 == 0 ? 500 : 200);
    feed_outcome(&feed, "09:00:30", open_alert("09:00:30"), 0, 500);
    assert_string_equal(method_of(open_alert("09:00:30"), 1), "p/2");
}

static void who_has_another_way_takes_it_and_who_has_not_waits(void **state)
{
    (void)state;
    fail_some("09:00", 5);
    uint64_t alert = open_alert("09:00:01");
    assert_string_equal(method_of(alert, 1), "q/1");
    assert_true(feed_page(&feed, alert, 1)->ready);
    assert_string_equal(method_of(alert, 0), "p/1");
    assert_false(feed_page(&feed, alert, 0)->ready);
    assert_int_equal(feed_page(&feed, alert, 0)->next_ms, core_time("09:00:05"));
}

/* How many of ana's pages may be sent now. */
static unsigned ready_count(void)
{
    unsigned count = 0;
    for (uint64_t i = 1; i <= issues; i++)
        count += feed_page(&feed, i, 0)->ready != 0;
    return count;
}

static void one_page_at_a_time_tries_it(void **state)
{
    (void)state;
    fail_some("09:00", 5);
    for (unsigned i = 0; i < 5; i++)
        open_alert("09:00:01");
    feed_time(&feed, "09:00:05");
    assert_int_equal(ready_count(), 0);
    feed_time(&feed, "09:00:05.001");
    assert_int_equal(ready_count(), 1);
    feed_time(&feed, "09:00:09");
    assert_int_equal(ready_count(), 1);
    core_transcript(feed.core);
    uint64_t probe = 1;
    while (!feed_page(&feed, probe, 0)->ready)
        probe++;
    feed_outcome(&feed, "09:00:10", probe, 0, 200);
    assert_string_equal(feed_page(&feed, probe, 0)->outcome, "200");
    feed_time(&feed, "09:00:11.1");
    assert_true(ready_count() >= 5); /* within a second everybody goes on */
    assert_string_equal(method_of(open_alert("09:00:12"), 1), "p/2");
}

static void a_probe_that_fails_waits_longer_each_time(void **state)
{
    static const char *const probes[] = {"09:00:06", "09:00:20", "09:00:50"};
    static const toc_time_ms waits[] = {10000, 20000, 40000};
    (void)state;
    fail_some("09:00", 5);
    for (size_t i = 0; i < 3; i++) {
        uint64_t probe = 1;
        feed_time(&feed, probes[i]);
        while (probe <= issues && !feed_page(&feed, probe, 0)->ready)
            probe++;
        assert_true(probe <= issues);
        feed_outcome(&feed, probes[i], probe, 0, 0);
        assert_int_equal(ready_count(), 0);
        for (uint64_t k = 1; k <= issues; k++)
            assert_true(feed_page(&feed, k, 0)->next_ms <= core_time(probes[i]) + 60000);
        feed_time(&feed, core_time_text((char[32]){0}, core_time(probes[i]) + waits[i] - 3000));
        assert_int_equal(ready_count(), 0);
    }
}

static void what_was_under_way_when_it_opened_makes_no_wait_longer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++)
        open_alert("09:00");
    for (uint64_t i = 1; i <= issues; i++)
        feed_outcome(&feed, "09:00:01", i, 0, 0); /* as many as there are at once */
    feed_time(&feed, "09:00:02"); /* their own waits are over, and they wait for the provider */
    feed_time(&feed, "09:00:06");
    assert_int_equal(ready_count(), 0);
    feed_time(&feed, "09:00:06.001");
    assert_int_equal(ready_count(), 1);
}

/* The one of ana's pages that may be sent, as the breaker's probe. */
static uint64_t find_probe(const char *time)
{
    uint64_t probe = 1;
    feed_time(&feed, time);
    assert_int_equal(ready_count(), 1);
    while (!feed_page(&feed, probe, 0)->ready)
        probe++;
    return probe;
}

static void a_probe_without_an_outcome_is_given_up(void **state)
{
    (void)state;
    fail_some("09:00", 5);
    uint64_t probe = find_probe("09:00:06");
    feed_time(&feed, "09:00:25");
    assert_int_equal(find_probe("09:00:25"), probe);
    feed_time(&feed, "09:00:28");
    assert_int_equal(ready_count(), 2);
}

/* Somebody answers it before it leaves, while everybody else's pages wait for what it comes to. */
static void a_probe_that_is_not_sent_gives_way_at_once(void **state)
{
    (void)state;
    fail_some("09:00", 5);
    uint64_t probe = find_probe("09:00:06");
    feed_act_on(&feed, "09:00:07", "acked", probe, "ana");
    assert_int_equal(ready_count(), 0);
    assert_int_not_equal(find_probe("09:00:08.1"), probe);
}

static void a_clock_that_is_set_on_over_a_probe_and_its_step_loses_no_probe(void **state)
{
    (void)state;
    fail_some("09:00", 5);
    open_alert("10:00:30"); /* its step has not ended in the hour that was left out */
    feed_time(&feed, "10:00:31");
    assert_true(feed_page(&feed, issues, 0)->ready);
}

static void a_floor_of_the_provider_is_a_floor_for_all_its_pages(void **state)
{
    (void)state;
    feed_outcome_after(&feed, "09:00", open_alert("09:00"), 0, 429, "09:00:30");
    uint64_t alert = open_alert("09:00:01");
    assert_int_equal(feed_page(&feed, alert, 0)->next_ms, core_time("09:00:30"));
    assert_string_equal(method_of(alert, 1), "q/1");
    feed_outcome_after(&feed, "09:00:31", 1, 0, 429, "12:00"); /* beyond every step */
    alert = open_alert("09:00:32");
    assert_int_equal(feed_page(&feed, alert, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
}

/* Three pages are under way; what the others come to says nothing of when it wants the next. */
static void a_floor_outlives_what_was_under_way_when_it_was_set(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        open_alert("09:00");
    feed_outcome_after(&feed, "09:00", 1, 0, 429, "09:00:30");
    feed_outcome(&feed, "09:00:01", 2, 0, 503);
    assert_int_equal(feed_page(&feed, open_alert("09:00:02"), 0)->next_ms, core_time("09:00:30"));
    feed_outcome_after(&feed, "09:00:03", 2, 1, 429, "09:00:10");
    feed_outcome(&feed, "09:00:03", 3, 0, 200);
    assert_int_equal(feed_page(&feed, open_alert("09:00:04"), 0)->next_ms, core_time("09:00:30"));
    feed_time(&feed, "09:00:31");
    assert_true(feed_page(&feed, open_alert("09:00:31"), 0)->ready);
}

static void where_every_provider_is_down_no_page_turns_in_circles(void **state)
{
    (void)state;
    fail_some("09:00", 5);
    for (unsigned i = 0; i < 5; i++)
        feed_outcome(&feed, "09:00:01", open_alert("09:00:01"), 1, 0); /* bob's q fails */
    uint64_t alert = open_alert("09:00:02");
    assert_false(feed_page(&feed, alert, 1)->ready);
    assert_true(feed_page(&feed, alert, 1)->next_ms >= core_time("09:00:05"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(five_failures_in_a_row_open_it),
        TEST(any_answer_ends_the_row),
        TEST(half_of_ten_within_half_a_minute_open_it),
        TEST(failures_long_ago_do_not_count),
        TEST(who_has_another_way_takes_it_and_who_has_not_waits),
        TEST(one_page_at_a_time_tries_it),
        TEST(a_probe_that_fails_waits_longer_each_time),
        TEST(what_was_under_way_when_it_opened_makes_no_wait_longer),
        TEST(a_probe_without_an_outcome_is_given_up),
        TEST(a_probe_that_is_not_sent_gives_way_at_once),
        TEST(a_clock_that_is_set_on_over_a_probe_and_its_step_loses_no_probe),
        TEST(a_floor_of_the_provider_is_a_floor_for_all_its_pages),
        TEST(a_floor_outlives_what_was_under_way_when_it_was_set),
        TEST(where_every_provider_is_down_no_page_turns_in_circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
