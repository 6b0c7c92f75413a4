/* The deadline of alerts that are about no clock: that of the issue's soonest one, as sla tells. */
#include "tests/support/notifier_feed.h"

#include "services/notifier/send/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define STEPS "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]"
#define LONG  "[{page: [ana], wait: 1h}]"

#define OPENED "alert_opened 1 critical path=desk \"opened critical\" "

static struct feed feed;

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    return 0;
}

static int start_anew(void **state)
{
    (void)state;
    feed_open(&feed, true);
    return 0;
}

static int end(void **state)
{
    (void)state;
    feed_close(&feed);
    return 0;
}

static void desk(const char *steps)
{
    feed_desk(&feed, steps, 0);
    core_transcript(feed.core);
}

static void open_issue(const char *time, unsigned issue)
{
    feed_issue(&feed, time, (struct feed_issue){.issue = issue});
}

static void assert_due(uint64_t alert, const char *due)
{
    assert_int_equal(feed_alert(&feed, alert)->due_ms, due != NULL ? core_time(due) : 0);
}

static void assert_names(uint64_t alert, uint32_t page, const char *due)
{
    assert_int_equal(feed_page(&feed, alert, page)->due_ms, due != NULL ? core_time(due) : 0);
}

/* --- which log is ahead ----------------------------------------------------------------------- */

static void the_first_page_leaves_at_once_and_the_next_one_names_the_deadline(void **state)
{
    (void)state;
    desk(STEPS);
    open_issue("09:00", 1);
    assert_names(1, 0, NULL);
    feed_deadline(&feed, "09:00:01", 1, "10:00");
    assert_due(1, "10:00");
    feed_time(&feed, "09:05:01");
    assert_names(1, 1, "10:00");
}

static void what_sla_told_before_the_alert_was_opened_is_known(void **state)
{
    (void)state;
    desk(STEPS);
    feed_deadline(&feed, "09:00", 1, "10:00");
    assert_told(&feed, "");
    open_issue("09:00:01", 1);
    assert_told(&feed, "09:00:01 " OPENED "due=10:00:00 (critical) v1\n"
                       "09:00:01 alert_paged 1 ana step=0 round=0 page_pending v1\n");
    assert_names(1, 0, "10:00");
}

static void an_update_that_makes_it_critical_finds_the_clock_that_runs(void **state)
{
    (void)state;
    desk(STEPS);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .risk = TOCSIN__V1__RISK__RISK_LOW});
    feed_deadline(&feed, "09:30", 1, "10:00"); /* of what the update made it fit */
    feed_issue(&feed, "09:30:01",
               (struct feed_issue){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED});
    assert_names(1, 0, "10:00");
}

/* --- it follows ------------------------------------------------------------------------------- */

static void the_deadline_follows_the_clocks(void **state)
{
    (void)state;
    desk(STEPS);
    open_issue("09:00", 1);
    feed_deadline(&feed, "09:00:01", 1, "10:00");
    feed_deadline(&feed, "09:01", 1, "09:30");
    assert_due(1, "09:30");
    feed_deadline(&feed, "09:02", 1, NULL);
    assert_due(1, NULL);
    assert_int_equal(core_count(feed.core, TABLE_DEADLINE), 0);
    feed_deadline(&feed, "09:03", 1, NULL); /* nothing was known of it */
    feed_time(&feed, "09:05:01");
    assert_names(1, 1, NULL);
}

static void others_issues_and_alerts_about_clocks_keep_theirs(void **state)
{
    (void)state;
    desk(STEPS);
    open_issue("09:00", 1);
    open_issue("09:00", 2);
    feed_clock(&feed, "09:01",
               (struct feed_clock){.issue = 1, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED});
    feed_deadline(&feed, "09:02", 1, "10:00");
    assert_due(1, "10:00");
    assert_due(2, NULL);
    assert_due(3, "09:01");
}

static void who_has_acknowledged_sees_it_and_what_is_resolved_stays(void **state)
{
    (void)state;
    desk(STEPS);
    open_issue("09:00", 1);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    feed_deadline(&feed, "09:02", 1, "10:00");
    assert_due(1, "10:00");
    feed_act_on(&feed, "09:03", "resolved", 1, "ana");
    feed_deadline(&feed, "09:04", 1, "10:30");
    assert_due(1, "10:00");
}

static void nothing_is_recorded_and_nobody_paged_for_it(void **state)
{
    (void)state;
    desk(STEPS);
    open_issue("09:00", 1);
    core_transcript(feed.core);
    feed_deadline(&feed, "09:00:01", 1, "10:00");
    assert_told(&feed, "");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:05"));
}

/* --- what a page says ------------------------------------------------------------------------- */

static void another_attempt_has_the_same_body(void **state)
{
    static const uint8_t key[32] = {7};
    char first[PAYLOAD_MAX], second[PAYLOAD_MAX];
    struct notifier_page page;
    (void)state;
    desk(STEPS);
    open_issue("09:00", 1);
    page.alert = (Tocsin__V1__Alert *)(uintptr_t)feed_alert(&feed, 1);
    page.page = (Tocsin__V1__Page *)(uintptr_t)feed_page(&feed, 1, 0);
    payload_json(&page, key, "", first);
    feed_deadline(&feed, "09:00:01", 1, "10:00");
    feed_outcome(&feed, "09:00:02", 1, 0, 503);
    page.alert = (Tocsin__V1__Alert *)(uintptr_t)feed_alert(&feed, 1);
    page.page = (Tocsin__V1__Page *)(uintptr_t)feed_page(&feed, 1, 0);
    payload_json(&page, key, "", second);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "\"due_ms\":null"));
    core_forget(feed.core);
}

static void a_reminder_names_it(void **state)
{
    (void)state;
    feed.path_more = ", ack_expires: 30m";
    desk(LONG);
    open_issue("09:00", 1);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    feed_deadline(&feed, "09:02", 1, "10:00");
    feed_time(&feed, "09:26:02");
    assert_string_equal(feed_page(&feed, 1, 1)->kind, "reminder");
    assert_names(1, 1, "10:00");
}

/* --- storms ----------------------------------------------------------------------------------- */

static void the_one_that_stands_for_a_group_is_the_soonest_as_is_known_when_it_rings(void **state)
{
    (void)state;
    feed.coalesces = true;
    desk(LONG);
    for (unsigned i = 1; i <= 5; i++)
        open_issue("09:00:00", i);
    feed_deadline(&feed, "09:00:01", 2, "12:00");
    feed_deadline(&feed, "09:00:02", 4, "10:00");
    feed_deadline(&feed, "09:00:03", 2, "09:30");
    feed_deadline(&feed, "09:00:04", 2, "11:00");
    feed_deadline(&feed, "09:00:05", 5, "09:10");
    feed_deadline(&feed, "09:00:06", 5, NULL);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:31");
    assert_told(&feed, "09:00:31 alert_noted 4 ana step=0 round=0 page_pending carries=3 (rings "
                       "for 3 more of its group) v1\n");
    assert_names(4, 0, "10:00");
    assert_int_equal(feed_page(&feed, 4, 0)->soonest_ms, core_time("10:00"));
    feed_deadline(&feed, "09:00:32", 4, "09:45"); /* it says what it said */
    feed_deadline(&feed, "09:00:32", 2, "09:40");
    assert_names(4, 0, "10:00");
    assert_int_equal(feed_page(&feed, 4, 0)->soonest_ms, core_time("10:00"));
    feed_act_on(&feed, "09:00:33", "acked", 4, "bob"); /* the next one stands for the rest */
    feed_time(&feed, "09:00:34");
    assert_names(2, 0, "09:40");
    assert_int_equal(feed_page(&feed, 2, 0)->carries, 2);
    feed_outcome(&feed, "09:00:35", 2, 0, 200);
    feed_time(&feed, "09:00:36");
    feed_time(&feed, "09:01:10");
    assert_int_equal(core_count(feed.core, TABLE_BUNDLE_PAGE), 0);
    assert_int_equal(core_count(feed.core, TABLE_BUNDLE), 0);
}

#define EACH 150 /* waits of each of two issues: more than one step of the core judges */

static void open_waits(unsigned issue)
{
    for (unsigned i = 1; i <= EACH; i++) {
        feed_issue(&feed, "09:00",
                   (struct feed_issue){.issue = issue,
                                       .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING,
                                       .risk = TOCSIN__V1__RISK__RISK_LOW,
                                       .reason = "nobody",
                                       .waits = i,
                                       .waiting = true});
        core_transcript(feed.core); /* it has room for some */
    }
}

/* While the others are judged its place comes to be in front of them: it is judged as well. */
static void what_is_silenced_is_not_carried_wherever_its_deadline_takes_it(void **state)
{
    unsigned silenced = 0;
    (void)state;
    feed_policy(&feed, "08:00",
                "policy: 1\n"
                "paths: {desk: {coalesce: 30s, steps: [{page: [ana], wait: 1h}]}}\n"
                "queues: {desk: {tier: 1}}\n"
                "people: {ana: {queues: [desk], capacity: 1}}\n"
                "routes: [{rule: all, queue: desk, path: desk}]\n"
                "alerts: [{rule: nobody, on: waiting, severity: info}]\n");
    open_waits(1);
    open_waits(2);
    feed_mute(&feed, "09:00:10",
              (struct feed_mute){.matcher = "cause=waiting/14*", .until = "10:00", .really = true});
    core_set_log_some(feed.core, core_time("09:00:31"));
    core_hold_time(feed.core, true);
    assert_int_equal(feed_page(&feed, 2, 0)->rung, 0); /* there is more to judge */
    core_transcript(feed.core);
    feed_deadline(&feed, "09:00:31", 2, "10:00");
    core_hold_time(feed.core, false);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:32");
    for (uint64_t i = 1; i <= 2 * EACH; i++)
        silenced += feed_page(&feed, i, 0)->state == TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED;
    assert_int_equal(silenced, 2 * 11);
    assert_names(EACH + 1, 0, "10:00");
    assert_int_equal(feed_page(&feed, EACH + 1, 0)->carries, 2 * EACH - 1 - silenced - 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)
#define CASE_ANEW(name)                                                                            \
    {                                                                                              \
#name "_after_a_restart", name, start_anew, end, NULL                                      \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_page_leaves_at_once_and_the_next_one_names_the_deadline),
        CASE(what_sla_told_before_the_alert_was_opened_is_known),
        CASE_ANEW(what_sla_told_before_the_alert_was_opened_is_known),
        CASE(an_update_that_makes_it_critical_finds_the_clock_that_runs),
        CASE(the_deadline_follows_the_clocks),
        CASE(others_issues_and_alerts_about_clocks_keep_theirs),
        CASE(who_has_acknowledged_sees_it_and_what_is_resolved_stays),
        CASE(nothing_is_recorded_and_nobody_paged_for_it),
        CASE(another_attempt_has_the_same_body),
        CASE(a_reminder_names_it),
        CASE(the_one_that_stands_for_a_group_is_the_soonest_as_is_known_when_it_rings),
        CASE_ANEW(the_one_that_stands_for_a_group_is_the_soonest_as_is_known_when_it_rings),
        CASE(what_is_silenced_is_not_carried_wherever_its_deadline_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
