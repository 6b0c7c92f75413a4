#include "services/notifier/reach.h"
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

#define WATCH "watch: {path: other, after: 10s}\n"

static void open_feed(const char *more, bool reopen)
{
    feed_open(&feed, reopen);
    feed.policy_more = more;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    core_transcript(feed.core);
}

static int start(void **state)
{
    (void)state;
    open_feed(WATCH, false);
    return 0;
}

static int start_reopening(void **state)
{
    (void)state;
    open_feed(WATCH, true);
    return 0;
}

static void silent(const char *time, const char *name)
{
    feed_upstream(&feed, time, name, true, NULL);
}

static void back(const char *time, const char *name)
{
    feed_upstream(&feed, time, name, false, NULL);
}

/* --- upstreams ------------------------------------------------------------------------------ */

static void an_upstream_that_is_silent_pages_the_path_of_watch(void **state)
{
    (void)state;
    silent("09:00", "router");
    assert_told(&feed, "09:00:00 upstream_left_out router\n");
    feed_time(&feed, "09:00:10");
    assert_told(&feed, "");
    feed_time(&feed, "09:00:10.001");
    assert_told(&feed,
                "09:00:10.001 alert_opened 1 critical path=other \"silent:router\" (watch) v1\n"
                "09:00:10.001 alert_paged 1 somebody step=0 round=0 page_pending v1\n");
    assert_int_equal(feed_alert(&feed, 1)->issue.len, 0);
    assert_int_equal(feed_alert(&feed, 1)->partition, TOC_PARTITION_ALL);
    assert_int_equal(core_record(feed.core, core_last_seq(feed.core))->issue.len, 0);
}

static void the_alert_closes_when_it_has_been_back_for_half_a_minute(void **state)
{
    (void)state;
    silent("09:00", "router");
    feed_time(&feed, "09:01");
    core_transcript(feed.core);
    back("09:02", "router");
    assert_told(&feed, "09:02:00 upstream_back router\n");
    assert_int_equal(feed_alert(&feed, 1)->ends_ms, core_time("09:02:30"));
    feed_time(&feed, "09:02:30");
    assert_told(&feed, "");
    feed_time(&feed, "09:02:31");
    assert_told(&feed,
                "09:02:31 page_ended 1 somebody step=0 round=0 page_cancelled (the upstream is "
                "back) v1\n"
                "09:02:31 alert_closed 1 (the upstream is back) v1\n");
    assert_int_equal(core_count(feed.core, TABLE_WATCH), 0);
    assert_int_equal(core_count(feed.core, TABLE_WATCH_DUE), 0);
}

static void what_falls_silent_again_meanwhile_has_its_alert_already(void **state)
{
    (void)state;
    silent("09:00", "router");
    feed_time(&feed, "09:01");
    back("09:02", "router");
    silent("09:02:29", "router");
    core_transcript(feed.core);
    assert_int_equal(feed_alert(&feed, 1)->ends_ms, 0);
    feed_time(&feed, "09:30");
    assert_told(&feed, "");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 1);
    back("09:31", "router");
    feed_time(&feed, "09:32");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
    silent("10:00", "router"); /* another time */
    feed_time(&feed, "10:01");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 2);
}

static void who_is_back_soon_pages_nobody(void **state)
{
    (void)state;
    silent("09:00", "sla");
    back("09:00:09", "sla");
    core_transcript(feed.core);
    feed_time(&feed, "09:30");
    assert_told(&feed, "");
    assert_int_equal(core_count(feed.core, TABLE_WATCH), 0);
    assert_int_equal(core_count(feed.core, TABLE_WATCH_DUE), 0);
}

static void each_upstream_has_an_alert_of_its_own(void **state)
{
    (void)state;
    silent("09:00", "router");
    silent("09:00", "sla");
    feed_time(&feed, "09:01");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 2);
    back("09:02", "sla");
    feed_time(&feed, "09:03");
    unsigned live = alert_is_live(feed_alert(&feed, 1)) + alert_is_live(feed_alert(&feed, 2));
    assert_int_equal(live, 1);
}

static void the_same_told_again_after_a_start_changes_nothing(void **state)
{
    (void)state;
    silent("09:00", "router");
    feed_time(&feed, "09:01");
    silent("09:02", "router");
    feed_time(&feed, "09:30");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 1);
    back("09:31", "router");
    back("09:32", "router");
    feed_time(&feed, "09:40");
    back("09:41", "router");
    assert_int_equal(core_count(feed.core, TABLE_WATCH), 0);
}

static void an_upstream_that_is_stopped_says_why_and_pages(void **state)
{
    (void)state;
    feed_upstream(&feed, "09:00", "sla", true, "its history differs from the one we followed");
    assert_told(&feed, "09:00:00 upstream_left_out sla (its history differs from the one we "
                       "followed)\n");
    feed_time(&feed, "09:00:11");
    assert_told(&feed, "09:00:11 alert_opened 1 critical path=other \"stopped:sla\" (watch) v1\n"
                       "09:00:11 alert_paged 1 somebody step=0 round=0 page_pending v1\n");
    back("09:30", "sla");
    feed_time(&feed, "09:31");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
}

static void one_that_a_person_resolved_stays_so(void **state)
{
    (void)state;
    silent("09:00", "router");
    feed_time(&feed, "09:01");
    feed_act_on(&feed, "09:02", "acked", 1, "ana");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "ana");
    feed_act_on(&feed, "09:02", "resolved", 1, "ana");
    core_transcript(feed.core);
    back("09:03", "router");
    feed_time(&feed, "09:30");
    assert_told(&feed, "09:03:00 upstream_back router\n");
}

static void what_is_wrong_again_after_that_is_a_new_alert(void **state)
{
    (void)state;
    silent("09:00", "router");
    feed_time(&feed, "09:01");
    feed_act_on(&feed, "09:02", "resolved", 1, "ana");
    back("09:03", "router");
    silent("09:03:10", "router");
    feed_time(&feed, "09:03:20");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 1);
    feed_time(&feed, "09:03:21");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 2);
    back("09:04", "router");
    feed_time(&feed, "09:05");
    assert_false(alert_is_live(feed_alert(&feed, 2)));
    assert_int_equal(core_count(feed.core, TABLE_WATCH_DUE), 0);
}

/* --- policies ------------------------------------------------------------------------------- */

static void without_watch_in_the_policy_nobody_is_paged(void **state)
{
    (void)state;
    feed_close(&feed);
    open_feed("", false);
    silent("09:00", "router");
    feed_time(&feed, "09:30");
    assert_told(&feed, "09:00:00 upstream_left_out router\n");
    feed.policy_more = WATCH;
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    core_transcript(feed.core);
    feed_time(&feed, "09:31");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 1);
}

static void a_policy_that_drops_watch_before_it_is_due_pages_nobody(void **state)
{
    (void)state;
    silent("09:00", "router");
    feed.policy_more = "";
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    feed_time(&feed, "09:30");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 0);
    assert_int_equal(core_count(feed.core, TABLE_WATCH), 1);
    assert_int_equal(core_count(feed.core, TABLE_WATCH_DUE), 0);
}

/* --- what nobody can tell yet --------------------------------------------------------------- */

#define UNCONFIRMED TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED

/* The alert of rule "unsure" is number 1. */
static void open_unsure(void)
{
    feed_policy(
        &feed, "08:30",
        "policy: 1\n"
        "paths: {desk: {steps: [{page: [ana], wait: 1h}]}}\n"
        "queues: {desk: {tier: 1}}\n"
        "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
        "slas: {made: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}}}}\n"
        "routes: [{rule: all, queue: desk, sla: made, path: desk}]\n"
        "alerts: [{rule: unsure, on: unconfirmed, metric: first_reply, severity: error},\n"
        "         {rule: late, on: breached, severity: error}]\n");
    core_transcript(feed.core);
    feed_clock(&feed, "09:00", (struct feed_clock){.issue = 1, .what = UNCONFIRMED});
}

static void what_may_be_late_is_a_page_that_says_so(void **state)
{
    (void)state;
    open_unsure();
    assert_true(feed_alert(&feed, 1)->unconfirmed);
    assert_int_equal(strncmp(feed_alert(&feed, 1)->cause, "unconfirmed:first_reply/1/0/", 28), 0);
    assert_string_equal(feed_due(&feed, "09:00"), "ana");
}

static void a_breach_takes_its_place(void **state)
{
    (void)state;
    open_unsure();
    core_transcript(feed.core);
    feed_clock(&feed, "09:01",
               (struct feed_clock){
                   .issue = 1, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED, .due = "09:00"});
    assert_told(&feed,
                "09:01:00 page_ended 1 ana step=0 round=0 page_cancelled (it is breached for "
                "certain) v2\n"
                "09:01:00 alert_closed 1 (it is breached for certain) v2\n"
                "09:01:00 alert_opened 2 error path=desk \"breached:first_reply/1/0 late\" "
                "due=09:00:00 (late) v2\n"
                "09:01:00 alert_paged 2 ana step=0 round=0 page_pending v2\n");
    assert_false(feed_alert(&feed, 2)->unconfirmed);
}

static void what_was_in_time_after_all_closes_it(void **state)
{
    static const Tocsin__V1__ClockChange__What ways[] = {
        TOCSIN__V1__CLOCK_CHANGE__WHAT__MET, TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED,
        TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED, TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED};
    (void)state;
    open_unsure();
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        feed_clock(&feed, "09:01", (struct feed_clock){.issue = 1, .what = ways[i]});
        assert_false(alert_is_live(feed_alert(&feed, i + 1)));
        /* and it may be late again, at another due */
        feed_clock(&feed, "09:02",
                   (struct feed_clock){.issue = 1,
                                       .what = UNCONFIRMED,
                                       .due = i % 2 == 0 ? "09:01:30" : "09:01:40",
                                       .instance = (unsigned)i / 2 + 1});
        assert_true(alert_is_live(feed_alert(&feed, i + 2)));
    }
}

static void what_still_may_be_late_stays(void **state)
{
    (void)state;
    open_unsure();
    feed_clock(&feed, "09:01",
               (struct feed_clock){.issue = 1,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED,
                                   .unconfirmed = true});
    feed_clock(&feed, "09:01",
               (struct feed_clock){.issue = 1,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__MET,
                                   .metric = "resolution"});
    assert_true(alert_is_live(feed_alert(&feed, 1)));
}

/* --- where an issue lands ------------------------------------------------------------------- */

static void an_issue_that_goes_elsewhere_pages_there(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .risk = TOCSIN__V1__RISK__RISK_LOW});
    feed_issue(&feed, "09:01",
               (struct feed_issue){
                   .issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED, .moves = true});
    assert_told(&feed, "");
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 1, .queue = "quiet", .path = "other"});
    assert_told(&feed,
                "09:01:00 alert_opened 1 critical path=other \"opened critical\" (critical) v1\n"
                "09:01:00 alert_paged 1 somebody step=0 round=0 page_pending v1\n");
    assert_string_equal(feed_alert(&feed, 1)->queue, "quiet");
}

/* --- providers ------------------------------------------------------------------------------ */

/* Five failures of provider p at 09:00. */
static void break_provider(void)
{
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "p/1");
    for (unsigned i = 1; i <= 5; i++) {
        feed_issue(&feed, "09:00", (struct feed_issue){.issue = i});
        feed_outcome(&feed, "09:00", i, 0, 503);
    }
    core_transcript(feed.core);
}

static void a_provider_that_fails_is_an_alert_by_another_way(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "somebody", "p/2 q/1");
    break_provider();
    feed_time(&feed, "09:00:11");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 6);
    assert_string_equal(feed_alert(&feed, 6)->cause, "provider:p");
    assert_string_equal(feed_alert(&feed, 6)->severity, "error");
    assert_string_equal(feed_page(&feed, 6, 0)->method, "q/1");
    feed_outcome(&feed, "09:00:12", 6, 0, 503);
    feed_time(&feed, "09:00:20"); /* nor once the breaker lets it try */
    assert_string_equal(feed_page(&feed, 6, 0)->method, "q/1");
}

static void who_has_no_other_way_is_passed_over_at_once(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "somebody", "p/2");
    break_provider();
    feed_time(&feed, "09:00:11");
    assert_int_equal(feed_page(&feed, 6, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
    assert_string_equal(feed_page(&feed, 6, 0)->reason,
                        "the person has no way but the provider that fails");
    assert_int_equal(feed_alert(&feed, 6)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
}

static void a_reminder_of_it_goes_by_what_is_left(void **state)
{
    (void)state;
    feed.policy_more = "watch: {path: desk, after: 10s}\n";
    feed.path_more = ", ack_expires: 1h";
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    break_provider();
    feed_contact(&feed, "09:00:01", "ana", "p/1 pagerduty");
    feed_time(&feed, "09:00:11");
    assert_string_equal(feed_page(&feed, 6, 0)->method, "pagerduty");
    feed_outcome(&feed, "09:00:12", 6, 0, 202);
    feed_act_on(&feed, "09:00:13", "acked", 6, "ana");
    feed_time(&feed, "09:56");
    const Tocsin__V1__Page *reminder = feed_page(&feed, 6, feed_alert(&feed, 6)->pages - 1);
    assert_string_equal(reminder->kind, "reminder");
    assert_string_equal(reminder->method, "pagerduty");
    assert_int_equal(reminder->state, TOCSIN__V1__PAGE_STATE__PAGE_PENDING);
}

/* What is worse does not wait for the page about what is less bad. */
static void troubles_of_one_kind_are_a_group(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "somebody", "q/1");
    break_provider();
    feed_time(&feed, "09:00:10.001"); /* alert 6 */
    silent("09:00:11", "router");
    silent("09:00:11", "sla");
    feed_time(&feed, "09:00:22");
    const Tocsin__V1__Alert *provider = feed_alert(&feed, 6), *one = feed_alert(&feed, 7),
                            *other = feed_alert(&feed, 8);
    assert_string_equal(provider->cause, "provider:p");
    assert_true(strncmp(one->cause, "silent:", 7) == 0 && strncmp(other->cause, "silent:", 7) == 0);
    assert_memory_equal(one->group.data, other->group.data, TOC_ID);
    assert_memory_not_equal(one->group.data, provider->group.data, TOC_ID);
}

static void it_closes_when_the_provider_answers(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "somebody", "q/1");
    break_provider();
    feed_time(&feed, "09:00:11");
    uint64_t probe = 1;
    while (probe < 6 && !feed_page(&feed, probe, 0)->ready)
        probe++;
    feed_outcome(&feed, "09:00:12", probe, 0, 200);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:43");
    assert_int_equal(feed_alert(&feed, 6)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
}

static void it_closes_when_nobody_uses_the_provider_any_more(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "somebody", "q/1");
    feed_contact(&feed, "08:00", "ben", "p/2");
    break_provider();
    feed_time(&feed, "09:00:11");
    feed_contact(&feed, "09:01", "ana", "q/2");
    feed_time(&feed, "09:02");
    assert_true(alert_is_live(feed_alert(&feed, 6))); /* ben does */
    core_transcript(feed.core);
    feed_contact(&feed, "09:03", "ben", NULL);
    assert_told(&feed, "09:03:00 contact ben gone\n"
                       "09:03:00 provider p provider_closed failures=5\n");
    assert_int_equal(core_count(feed.core, TABLE_PROVIDER), 0);
    feed_time(&feed, "09:03:31");
    assert_non_null(
        strstr(core_transcript(feed.core), "alert_closed 6 (nobody uses the provider any more)"));
}

/* --- people ------------------------------------------------------------------------------- */

#define REACH "reach: {every: 1d, at: \"09:00\", zone: Etc/UTC, within: 1m}\n"

static int start_probing(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed.policy_more = WATCH REACH;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push");
    feed_contact(&feed, "08:00", "somebody", "mail");
    feed_desk(&feed, "[{page: [ana], wait: 1h}]", 0);
    feed_time(&feed, "09:00:00.001");
    feed_time(&feed, "09:00:00.002");
    return 0;
}

/* Nobody answers for ana; she is page 0. */
static void miss_ana(void)
{
    feed_outcome(&feed, "09:00:01", 0, 0, 200);
    feed_receipt(&feed, "09:00:02", "read", feed_page(&feed, 0, 1)->delivery);
    feed_time(&feed, "09:01:00.002");
    core_transcript(feed.core);
}

static void who_is_reached_by_no_test_page_is_an_alert(void **state)
{
    (void)state;
    miss_ana();
    feed_time(&feed, "09:01:11");
    assert_told(&feed, "09:01:11 alert_opened 1 error path=other \"unreached:ana\" (watch) v1\n"
                       "09:01:11 alert_paged 1 somebody/mail step=0 round=0 page_pending v1\n");
}

static void it_closes_once_a_test_page_has_come(void **state)
{
    (void)state;
    miss_ana();
    feed_time(&feed, "09:01:11");
    feed_reach(&feed, "09:10", "r", "ana", "09:20");
    feed_time(&feed, "09:10:00.001");
    feed_answer(&feed, "09:10:05", NULL, feed_page(&feed, 0, 2)->delivery);
    feed_time(&feed, "09:10:36");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
}

static void a_run_by_hand_is_no_alert(void **state)
{
    (void)state;
    feed_answer(&feed, "09:00:01", NULL, feed_page(&feed, 0, 0)->delivery);
    feed_answer(&feed, "09:00:01", NULL, feed_page(&feed, 0, 1)->delivery);
    feed_time(&feed, "09:00:02");
    feed_reach(&feed, "09:10", "r", "ana", "09:11");
    feed_time(&feed, "09:10:00.001");
    feed_time(&feed, "09:11:00.001");
    core_transcript(feed.core);
    feed_time(&feed, "09:20");
    assert_told(&feed, "");
}

/* The run of the day after; she is page 2. */
static void miss_ana_again(void)
{
    feed_time(&feed, "33:00:00.001");
    feed_time(&feed, "33:00:00.002");
    feed_receipt(&feed, "33:00:02", "read", feed_page(&feed, 0, 3)->delivery);
    feed_time(&feed, "33:01:00.002");
}

static void who_is_missed_again_after_somebody_resolved_that_is_an_alert_again(void **state)
{
    (void)state;
    miss_ana();
    feed_time(&feed, "09:01:11");
    feed_act_on(&feed, "09:02", "resolved", 1, "ben");
    miss_ana_again();
    feed_time(&feed, "33:01:11");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 2);
    assert_string_equal(feed_alert(&feed, 2)->cause, "unreached:ana");
    assert_true(alert_is_live(feed_alert(&feed, 2)));
}

static void who_is_missed_again_while_that_is_open_has_the_alert_already(void **state)
{
    (void)state;
    miss_ana();
    feed_time(&feed, "09:01:11");
    miss_ana_again();
    feed_time(&feed, "33:30");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 1);
    assert_true(alert_is_live(feed_alert(&feed, 1)));
}

static void whom_the_record_has_no_room_for_is_an_alert_too(void **state)
{
    (void)state;
    miss_ana();
    for (unsigned i = 0; i < 2 * REACH_MISSED_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "zoe-%02u", i);
        feed_contact(&feed, "09:10", name, "");
    }
    miss_ana_again();
    assert_int_equal(core_count(feed.core, TABLE_WATCH), 1 + 2 * REACH_MISSED_MAX);
}

#define CASE(name)      cmocka_unit_test_setup_teardown(name, start, end)
#define PROBING(name)   cmocka_unit_test_setup_teardown(name, start_probing, end)
#define REOPENING(name) cmocka_unit_test_setup_teardown(name, start_reopening, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_upstream_that_is_silent_pages_the_path_of_watch),
        CASE(the_alert_closes_when_it_has_been_back_for_half_a_minute),
        REOPENING(the_alert_closes_when_it_has_been_back_for_half_a_minute),
        CASE(what_falls_silent_again_meanwhile_has_its_alert_already),
        REOPENING(what_falls_silent_again_meanwhile_has_its_alert_already),
        CASE(who_is_back_soon_pages_nobody),
        CASE(each_upstream_has_an_alert_of_its_own),
        CASE(the_same_told_again_after_a_start_changes_nothing),
        CASE(an_upstream_that_is_stopped_says_why_and_pages),
        CASE(one_that_a_person_resolved_stays_so),
        CASE(what_is_wrong_again_after_that_is_a_new_alert),
        CASE(without_watch_in_the_policy_nobody_is_paged),
        CASE(a_policy_that_drops_watch_before_it_is_due_pages_nobody),
        CASE(what_may_be_late_is_a_page_that_says_so),
        CASE(a_breach_takes_its_place),
        CASE(what_was_in_time_after_all_closes_it),
        CASE(what_still_may_be_late_stays),
        CASE(an_issue_that_goes_elsewhere_pages_there),
        CASE(a_provider_that_fails_is_an_alert_by_another_way),
        CASE(who_has_no_other_way_is_passed_over_at_once),
        CASE(a_reminder_of_it_goes_by_what_is_left),
        CASE(troubles_of_one_kind_are_a_group),
        CASE(it_closes_when_the_provider_answers),
        CASE(it_closes_when_nobody_uses_the_provider_any_more),
        PROBING(who_is_reached_by_no_test_page_is_an_alert),
        PROBING(it_closes_once_a_test_page_has_come),
        PROBING(a_run_by_hand_is_no_alert),
        PROBING(who_is_missed_again_after_somebody_resolved_that_is_an_alert_again),
        PROBING(who_is_missed_again_while_that_is_open_has_the_alert_already),
        PROBING(whom_the_record_has_no_room_for_is_an_alert_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
