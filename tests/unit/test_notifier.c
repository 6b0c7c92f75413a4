#include "tests/unit/notifier_case.h"

#include <stdlib.h>

#define STEPS "[{page: [ana], wait: 5m}, {page: [bob, eve], wait: 10m}]"

#define WARNED   TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED
#define BREACHED TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed_desk(&feed, STEPS, 0);
    return 0;
}

/* --- what opens an alert -------------------------------------------------------------------- */

static void a_critical_issue_opens_an_alert_and_pages_at_once(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_told(&feed, "09:00:00 alert_opened 1 critical path=desk \"opened critical\" (critical) "
                       "v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
    assert_string_equal(feed_due(&feed, "08:59:59.999"), "");
    assert_string_equal(feed_due(&feed, "09:00"), "ana");
}

static void a_cause_opens_its_alert_once(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 1});
    feed_issue(&feed, "09:02",
               (struct feed_issue){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED});
    assert_told(&feed, "");
    feed_issue(&feed, "09:03", (struct feed_issue){.issue = 2}); /* another issue's own */
    assert_told(&feed, "09:03:00 alert_opened 2 critical path=desk \"opened critical\" (critical) "
                       "v1\n"
                       "09:03:00 alert_paged 2 ana step=0 round=0 page_pending v1\n");
}

static void an_issue_may_become_critical_later(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .risk = TOCSIN__V1__RISK__RISK_LOW});
    assert_told(&feed, "");
    feed_issue(&feed, "09:01",
               (struct feed_issue){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED});
    assert_string_equal(feed_due(&feed, "09:01"), "ana");
}

static void a_breach_tells_its_deadline(void **state)
{
    (void)state;
    feed_clock(&feed, "09:00",
               (struct feed_clock){.issue = 1, .what = BREACHED, .due = "08:59:59"});
    assert_told(&feed, "09:00:00 alert_opened 1 error path=desk \"breached:first_reply/1/0 late\" "
                       "due=08:59:59 (late) v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

static void each_instance_and_metric_is_a_cause_of_its_own(void **state)
{
    (void)state;
    const struct feed_clock breach = {.issue = 1, .what = BREACHED};
    struct feed_clock again = breach, resolution = breach;
    again.instance = 2;
    resolution.metric = "resolution";
    feed_clock(&feed, "09:00", breach);
    feed_clock(&feed, "09:01", breach);
    feed_clock(&feed, "09:02", again);
    feed_clock(&feed, "09:03", resolution);
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 3);
}

static void clocks_with_long_names_are_told_apart(void **state)
{
    (void)state;
    struct feed_clock breach = {.issue = 1, .what = BREACHED, .kind = "legal"};
    breach.metric = "gdpr-article-15-of-data-access";
    feed_clock(&feed, "09:00", breach);
    breach.metric = "gdpr-article-15-of-data-erasure";
    feed_clock(&feed, "09:01", breach);
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 2);
}

static void a_rule_names_a_clock_or_what_it_measures(void **state)
{
    (void)state;
    feed_policy(&feed, "08:30",
                "policy: 1\n"
                "paths: {desk: {steps: [{page: [ana], wait: 1h}]}}\n"
                "queues: {desk: {tier: 1}}\n"
                "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
                "slas:\n"
                "  made: {calendar: always, clocks: {gdpr: {metric: legal, law: \"EU: GDPR\",\n"
                "    targets: {default: 1 month}, warn: [80]}}}\n"
                "routes: [{rule: all, queue: desk, sla: made, path: desk}]\n"
                "alerts:\n"
                "  - {rule: by-name, on: breached, metric: gdpr, severity: error}\n"
                "  - {rule: by-metric, on: breached, metric: legal, severity: error}\n"
                "  - {rule: other, on: breached, metric: resolution, severity: error}\n");
    feed_clock(
        &feed, "09:00",
        (struct feed_clock){.issue = 1, .what = BREACHED, .metric = "gdpr", .kind = "legal"});
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 2);
    feed_clock(
        &feed, "09:01",
        (struct feed_clock){.issue = 1, .what = BREACHED, .metric = "other-law", .kind = "legal"});
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 3);
}

static void a_warning_opens_from_its_threshold_on_and_for_its_metric(void **state)
{
    (void)state;
    struct feed_clock warning = {.issue = 1, .what = WARNED, .threshold_percent = 79};
    feed_clock(&feed, "09:00", warning);
    assert_told(&feed, "");
    warning.threshold_percent = 80;
    warning.metric = "resolution";
    feed_clock(&feed, "09:01", warning);
    assert_told(&feed, "");
    warning.metric = "first_reply";
    feed_clock(&feed, "09:02", warning);
    assert_told(&feed, "09:02:00 alert_opened 1 warning path=other \"warned:first_reply/1/0/80 "
                       "soon\" due=09:02:00 (soon) v1\n"
                       "09:02:00 alert_paged 1 somebody step=0 round=0 page_pending v1\n");
}

static void every_field_of_the_issue_may_decide(void **state)
{
    (void)state;
    feed_policy(&feed, "08:30",
                "policy: 1\n"
                "paths: {desk: {steps: [{page: [ana], wait: 5m}]}}\n"
                "queues: {desk: {tier: 1}}\n"
                "routes: [{rule: all, queue: desk, path: desk}]\n"
                "alerts: [{rule: beta, on: opened, when: {version: [2.0-beta*]}, "
                "severity: info}]\n");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .version = "1.9"});
    assert_told(&feed, "");
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 2, .version = "2.0-beta3"});
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 1);
}

static void a_test_issue_pages_nobody(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .test = true});
    feed_clock(&feed, "09:01", (struct feed_clock){.issue = 1, .what = BREACHED, .test = true});
    feed_clock(
        &feed, "09:02",
        (struct feed_clock){.issue = 1, .what = WARNED, .threshold_percent = 99, .test = true});
    assert_told(&feed, "");
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 0);
}

static void an_issue_without_a_path_pages_nobody(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .path = ""});
    assert_told(&feed, "");
}

static void what_is_solved_already_opens_nothing(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    assert_told(&feed, "");
}

/* --- what closes one ------------------------------------------------------------------------ */

static void a_solved_issue_closes_all_its_alerts(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_clock(&feed, "09:01", (struct feed_clock){.issue = 1, .what = BREACHED});
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 2});
    core_transcript(feed.core);
    feed_issue(&feed, "09:02",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    assert_told(&feed, "09:02:00 page_ended 1 ana step=0 round=0 page_cancelled (the issue is "
                       "solved) v1\n"
                       "09:02:00 alert_closed 1 (the issue is solved) v1\n"
                       "09:02:00 page_ended 2 ana step=0 round=0 page_cancelled (the issue is "
                       "solved) v1\n"
                       "09:02:00 alert_closed 2 (the issue is solved) v1\n");
    assert_string_equal(feed_due(&feed, "09:02"), "ana"); /* the other issue's */
    feed_time(&feed, "10:00");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
    assert_int_equal(feed_alert(&feed, 1)->pages, 1);
}

static void a_merged_issue_closes_all_its_alerts(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    feed_issue(&feed, "09:02",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED});
    assert_told(&feed, "09:02:00 page_ended 1 ana step=0 round=0 page_cancelled (the issue was "
                       "merged) v1\n"
                       "09:02:00 alert_closed 1 (the issue was merged) v1\n");
}

static void another_state_closes_nothing(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    feed_issue(&feed, "09:01",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING});
    assert_told(&feed, "");
}

static void a_clock_that_ends_closes_the_alerts_about_it(void **state)
{
    static const struct {
        Tocsin__V1__ClockChange__What what;
        const char *reason;
    } ends[] = {
        {TOCSIN__V1__CLOCK_CHANGE__WHAT__MET, "the clock stopped"},
        {TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED, "the clock was cancelled"},
        {TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED, "the breach was taken back"},
    };
    char expected[256];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        feed_clock(&feed, "09:00", (struct feed_clock){.issue = i + 1, .what = BREACHED});
        feed_clock(&feed, "09:00",
                   (struct feed_clock){.issue = i + 1, .what = BREACHED, .metric = "resolution"});
        core_transcript(feed.core);
        feed_clock(&feed, "09:00", (struct feed_clock){.issue = i + 1, .what = ends[i].what});
        snprintf(expected, sizeof(expected),
                 "09:00:00 page_ended %u ana step=0 round=0 page_cancelled (%s) v1\n"
                 "09:00:00 alert_closed %u (%s) v1\n",
                 2 * i + 1, ends[i].reason, 2 * i + 1, ends[i].reason);
        assert_told(&feed, expected);
    }
}

static void what_happens_to_a_clock_between_changes_nothing(void **state)
{
    static const Tocsin__V1__ClockChange__What others[] = {
        TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED, TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED,
        TOCSIN__V1__CLOCK_CHANGE__WHAT__RESUMED, TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED,
        TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED};
    (void)state;
    feed_clock(&feed, "09:00", (struct feed_clock){.issue = 1, .what = BREACHED});
    core_transcript(feed.core);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        feed_clock(&feed, "09:01", (struct feed_clock){.issue = 1, .what = others[i]});
    assert_told(&feed, "");
}

/* --- what people do ------------------------------------------------------------------------- */

static void grafana_4760_an_acknowledgement_ends_the_paging(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    assert_told(&feed, "09:01:00 page_ended 1 ana step=0 round=0 page_cancelled by=ana "
                       "(acknowledged) v1\n"
                       "09:01:00 alert_acked 1 by=ana v1\n");
    assert_string_equal(feed_due(&feed, "23:00"), "");
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
    assert_int_equal(feed_page(&feed, 1, 0)->done_ms, core_time("09:01"));
    feed_time(&feed, "+1/00:00");
    assert_told(&feed, "");
}

static void who_acknowledged_first_stays(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    core_transcript(feed.core);
    feed_act_on(&feed, "09:02", "acked", 1, "bob");
    assert_told(&feed, "09:02:00 alert_refused 1 by=bob (the alert is acknowledged already)\n");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "ana");
    feed_act_on(&feed, "09:03", "taken", 1, "bob");
    assert_told(&feed, "09:03:00 alert_acked 1 by=bob v1\n");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "bob");
}

static void an_unknown_alert_is_refused(void **state)
{
    uint8_t id[TOC_ID] = {1, 2, 3};
    (void)state;
    feed_act(&feed, "09:00", "acked", id, "ana");
    assert_told(&feed, "09:00:00 alert_refused by=ana (there is no such alert)\n");
}

static void without_a_name_the_source_stands_for_who_acted(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_act_on(&feed, "09:01", "acked", 1, "");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "console");
}

static void grafana_3161_a_resolved_alert_takes_nothing_more(void **state)
{
    static const char *const verbs[] = {"acked", "taken", "resolved", "escalated", "snoozed"};
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    feed_act_on(&feed, "09:01", "resolved", 1, "ana");
    assert_told(&feed, "09:01:00 page_ended 1 ana step=0 round=0 page_cancelled by=ana (resolved "
                       "by hand) v1\n"
                       "09:01:00 alert_closed 1 by=ana (resolved by hand) v1\n");
    assert_string_equal(feed_due(&feed, "09:01"), "");
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        feed_act_on(&feed, "09:02", verbs[i], 1, "bob");
        assert_told(&feed, "09:02:00 alert_refused 1 by=bob (the alert is resolved already)\n");
    }
}

static void an_acknowledged_alert_closes_with_its_issue(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    core_transcript(feed.core);
    feed_issue(&feed, "09:02",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED});
    assert_told(&feed, "09:02:00 alert_closed 1 (the issue is solved) v1\n");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "ana");
}

/* --- policies ------------------------------------------------------------------------------- */

static void an_alert_keeps_the_policy_that_opened_it(void **state)
{
    (void)state;
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_desk(&feed, "[{page: [zoe], wait: 1h}]", 0);
    core_transcript(feed.core);
    feed_time(&feed, "09:06");
    assert_told(&feed, "09:06:00 page_ended 1 ana step=0 round=0 page_cancelled (nobody "
                       "acknowledged in time) v1\n"
                       "09:06:00 alert_escalated 1 to step=1 round=0 (nobody acknowledged in "
                       "time) v1\n"
                       "09:06:00 alert_paged 1 bob step=1 round=0 page_pending v1\n"
                       "09:06:00 alert_paged 1 eve step=1 round=0 page_pending v1\n");
    feed_issue(&feed, "09:07", (struct feed_issue){.issue = 2});
    assert_told(&feed, "09:07:00 alert_opened 2 critical path=desk \"opened critical\" (critical) "
                       "v2\n"
                       "09:07:00 alert_paged 2 zoe step=0 round=0 page_pending v2\n");
}

/* --- limits --------------------------------------------------------------------------------- */

/* An issue may have more alerts than the memory of a turn holds at once. */
static void an_issue_with_hundreds_of_alerts_is_closed(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 900; i++)
        feed_clock(&feed, "09:00",
                   (struct feed_clock){.issue = 1, .what = BREACHED, .instance = i});
    feed_issue(&feed, "09:01",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    assert_int_equal(feed_alert(&feed, 900)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
    assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 0);
    assert_int_equal(core_count(feed.core, TABLE_ALERT_DUE), 0);
}

/* --- crashes -------------------------------------------------------------------------------- */

static void live(struct feed *f)
{
    feed_desk(f, STEPS, 1);
    feed_issue(f, "09:00", (struct feed_issue){.issue = 1});
    feed_outcome(f, "09:00:01", 1, 0, 500);
    feed_clock(f, "09:01", (struct feed_clock){.issue = 2, .what = BREACHED});
    feed_outcome(f, "09:01:01", 2, 0, 200);
    feed_outcome_after(f, "09:01:02", 1, 0, 429, "09:02");
    feed_time(f, "09:06");
    feed_outcome(f, "09:06:01", 1, 1, 410);
    feed_outcome(f, "09:06:02", 1, 2, 404);
    feed_act_on(f, "09:06:03", "acked", 1, "ana");
    feed_act_on(f, "09:06:04", "acked", 1, "bob");
    feed_time(f, "09:45");
    feed_clock(f, "09:46",
               (struct feed_clock){.issue = 2, .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__MET});
    feed_issue(f, "09:47", (struct feed_issue){.issue = 3, .test = true});
}

static void a_start_after_every_input_gives_the_same_rows(void **state)
{
    uint8_t once[TOC_SHA256], often[TOC_SHA256];
    struct feed f;
    (void)state;
    feed_open(&f, false);
    live(&f);
    assert_true(core_last_seq(f.core) > 20);
    core_digest(f.core, once);
    feed_close(&f);
    feed_open(&f, true);
    live(&f);
    core_digest(f.core, often);
    feed_close(&f);
    assert_memory_equal(once, often, TOC_SHA256);
}

static void a_turn_that_crashed_is_done_again_with_the_same_ids(void **state)
{
    char delivery[NOTIFIER_DELIVERY_MAX];
    (void)state;
    core_commit(feed.core);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    toc_str_copy(delivery, sizeof(delivery), toc_str_of(feed_page(&feed, 1, 0)->delivery));
    core_crash(feed.core);
    assert_int_equal(core_count(feed.core, TABLE_ALERT), 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_string_equal(feed_page(&feed, 1, 0)->delivery, delivery);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_critical_issue_opens_an_alert_and_pages_at_once),
        TEST(a_cause_opens_its_alert_once),
        TEST(an_issue_may_become_critical_later),
        TEST(a_breach_tells_its_deadline),
        TEST(each_instance_and_metric_is_a_cause_of_its_own),
        TEST(clocks_with_long_names_are_told_apart),
        TEST(a_rule_names_a_clock_or_what_it_measures),
        TEST(a_warning_opens_from_its_threshold_on_and_for_its_metric),
        TEST(every_field_of_the_issue_may_decide),
        TEST(a_test_issue_pages_nobody),
        TEST(an_issue_without_a_path_pages_nobody),
        TEST(what_is_solved_already_opens_nothing),
        TEST(a_solved_issue_closes_all_its_alerts),
        TEST(a_merged_issue_closes_all_its_alerts),
        TEST(another_state_closes_nothing),
        TEST(a_clock_that_ends_closes_the_alerts_about_it),
        TEST(what_happens_to_a_clock_between_changes_nothing),
        TEST(grafana_4760_an_acknowledgement_ends_the_paging),
        TEST(who_acknowledged_first_stays),
        TEST(an_unknown_alert_is_refused),
        TEST(without_a_name_the_source_stands_for_who_acted),
        TEST(grafana_3161_a_resolved_alert_takes_nothing_more),
        TEST(an_acknowledged_alert_closes_with_its_issue),
        TEST(an_alert_keeps_the_policy_that_opened_it),
        TEST(an_issue_with_hundreds_of_alerts_is_closed),
        cmocka_unit_test(a_start_after_every_input_gives_the_same_rows),
        TEST(a_turn_that_crashed_is_done_again_with_the_same_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
