/* Quiet hours: from 22:00 to 07:00 nobody pages ana unless it is urgent or ana is on call. */
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed.policy_more = "quiet: {ana: night, somebody: night}\n";
    return 0;
}

/* Of severity warning, on the path that pages somebody. */
static void warn(const char *time, unsigned issue)
{
    feed_clock(&feed, time,
               (struct feed_clock){.issue = issue,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED,
                                   .metric = "first_reply",
                                   .threshold_percent = 80});
}

static void solve(const char *time, unsigned issue)
{
    feed_issue(&feed, time,
               (struct feed_issue){.issue = issue,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
}

static void what_is_not_urgent_is_kept_and_told_in_one_digest(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    warn("22:30", 1);
    core_transcript(feed.core);
    warn("22:31", 2);
    assert_true(strstr(core_transcript(feed.core), "page_suppressed (quiet hours)") != NULL);
    assert_int_equal(feed_page(&feed, 1, 0)->mute_end_ms, core_time("+1/07:00"));
    warn("23:00", 3);
    solve("23:30", 3);
    assert_string_equal(feed_due(&feed, "23:30"), "");
    feed_time(&feed, "+1/07:00");
    core_transcript(feed.core);
    feed_time(&feed, "+1/07:00:00.001");
    assert_string_equal(feed_due(&feed, "+1/07:01"), "somebody");
    assert_string_equal(feed_page(&feed, 0, 0)->kind, "digest");
    assert_int_equal(feed_page(&feed, 0, 0)->digest, 2);
    assert_int_equal(core_count(feed.core, TABLE_QUIET), 0);
    assert_int_equal(core_count(feed.core, TABLE_QUIET_DUE), 0);
    assert_int_equal(core_count(feed.core, TABLE_QUIET_KEPT), 0);
}

static void without_an_alert_that_waits_there_is_no_digest(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    warn("22:30", 1);
    solve("22:40", 1);
    feed_time(&feed, "+1/07:01");
    assert_string_equal(feed_due(&feed, "+1/07:01"), "");
    assert_int_equal(core_count(feed.core, TABLE_QUIET), 0);
}

static void what_is_urgent_rings(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    feed_issue(&feed, "22:30", (struct feed_issue){.issue = 1});
    assert_string_equal(feed_due(&feed, "22:31"), "ana");
}

static void by_day_everything_rings(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    warn("12:00", 1);
    assert_string_equal(feed_due(&feed, "12:01"), "somebody");
}

static void who_is_on_call_is_paged(void **state)
{
    (void)state;
    feed.policy_more =
        "quiet: {somebody: night}\n"
        "schedules:\n"
        "  desk: {zone: UTC, layers: [{name: all, rotation: daily, start: 2020-01-06, at: "
        "\"09:00\", people: [somebody]}]}\n";
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    warn("22:30", 1);
    assert_string_equal(feed_due(&feed, "22:31"), "somebody");
}

#define DESK_OF_ANA                                                                                \
    "{zone: UTC, layers: [{name: all, rotation: daily, start: 2020-01-06, at: \"09:00\", "         \
    "people: [ana]}]}\n"

/* As many overrides as there may be of each schedule are more than a step of the core can hold. */
static void who_is_on_call_is_found_among_many_overrides(void **state)
{
    static const char *const schedules[] = {"one", "two", "three"};
    char id[65];
    (void)state;
    feed.policy_more = "quiet: {somebody: night}\n"
                       "schedules:\n"
                       "  one: " DESK_OF_ANA "  two: " DESK_OF_ANA "  three: " DESK_OF_ANA;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    for (unsigned i = 0; i < 3 * 256; i++) {
        feed.schedule = schedules[i / 256];
        snprintf(id, sizeof(id), "%064u", i);
        feed_override(&feed, "09:00", id, id, id, "22:00", "23:00");
        core_transcript(feed.core);
    }
    warn("22:30", 1);
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED);
}

#define LONGEST "a-person-whose-id-has-as-many-bytes-as-a-name-may-have-in-policies"

static void an_id_may_be_as_long_as_any_name(void **state)
{
    (void)state;
    char text[1024];
    snprintf(text, sizeof(text),
             "policy: 1\n"
             "paths: {desk: {steps: [{page: [%.64s], wait: 1h}]}}\n"
             "queues: {desk: {tier: 1}}\n"
             "calendars: {night: {zone: UTC, weekly: {mon-sun: [\"22:00-07:00\"]}}}\n"
             "quiet: {%.64s: night}\n"
             "routes: [{rule: all, queue: desk, path: desk}]\n"
             "alerts: [{rule: low, on: opened, when: {risk: [critical]}, severity: warning}]\n",
             LONGEST, LONGEST);
    feed_policy(&feed, "08:00", text);
    feed_issue(&feed, "22:30", (struct feed_issue){.issue = 1});
    feed_time(&feed, "+1/07:01");
    assert_int_equal(strlen(feed_page(&feed, 0, 0)->contact), 64);
    assert_string_equal(feed_page(&feed, 0, 0)->kind, "digest");
}

static void a_long_night_is_looked_at_in_parts(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    for (unsigned i = 1; i <= 200; i++)
        warn("22:30", i);
    feed_time(&feed, "+1/07:00:00.001");
    assert_int_equal(feed_page(&feed, 0, 0)->digest, 200);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_not_urgent_is_kept_and_told_in_one_digest),
        CASE(without_an_alert_that_waits_there_is_no_digest),
        CASE(what_is_urgent_rings),
        CASE(by_day_everything_rings),
        CASE(who_is_on_call_is_paged),
        CASE(who_is_on_call_is_found_among_many_overrides),
        CASE(an_id_may_be_as_long_as_any_name),
        CASE(a_long_night_is_looked_at_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
