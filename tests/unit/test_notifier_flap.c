/* Flap hold: alerts whose cause goes and comes back. */
#include "tests/unit/notifier_case.h"

#define STEPS "[{page: [ana], wait: 10m}, {page: [bob], wait: 10m}]"
#define MET   TOCSIN__V1__CLOCK_CHANGE__WHAT__MET

/* Issue 1 is late since 09:00, and ana knows. */
static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed.late_more = ", hold: 5m";
    feed_desk(&feed, STEPS, 0);
    return 0;
}

static void clock_is(const char *time, Tocsin__V1__ClockChange__What what, unsigned nth)
{
    feed_clock(&feed, time, (struct feed_clock){.issue = 1, .what = what, .instance = nth});
}

static void breach(const char *time, unsigned nth)
{
    clock_is(time, TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED, nth);
}

static void begin_and_tell(void)
{
    breach("09:00", 1);
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    core_transcript(feed.core);
}

static void alertmanager_3048_an_alert_whose_cause_returns_goes_on_without_a_page(void **state)
{
    (void)state;
    begin_and_tell();
    clock_is("09:04", MET, 1);
    assert_told(&feed,
                "09:04:00 alert_noted 1 note=held, its cause is gone: the clock stopped v1\n");
    breach("09:06", 2);
    assert_told(&feed, "09:06:00 alert_noted 1 note=goes on, its cause is back: "
                       "breached:first_reply/2/0 late v1\n");
    assert_string_equal(feed_due(&feed, "09:06"), "");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:12")); /* 6 minutes were left */
    feed_time(&feed, "09:12:01");
    assert_int_equal(feed_alert(&feed, 1)->step, 1);
}

static void alertmanager_204_it_closes_once_its_cause_has_stayed_away(void **state)
{
    (void)state;
    begin_and_tell();
    clock_is("09:04", MET, 1);
    feed_time(&feed, "09:09");
    assert_int_not_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
    core_transcript(feed.core);
    feed_time(&feed, "09:09:00.001");
    assert_told(&feed, "09:09:00.001 alert_closed 1 (its cause has stayed away) v1\n");
    breach("09:10", 2);
    assert_non_null(strstr(core_transcript(feed.core), "alert_opened 2"));
}

static void what_is_held_rings_nobody(void **state)
{
    (void)state;
    breach("09:00", 1);
    clock_is("09:00:01", MET, 1);
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
    assert_string_equal(feed_due(&feed, "09:05"), "");
    core_transcript(feed.core);
    feed_act_on(&feed, "09:02", "escalated", 1, "bob");
    assert_told(&feed, "09:02:00 alert_refused 1 by=bob (its cause is gone: it closes unless that "
                       "comes back)\n");
}

/* The page was cancelled before anybody had it. */
static void who_was_not_told_is_told_when_the_cause_is_back(void **state)
{
    (void)state;
    breach("09:00", 1);
    clock_is("09:00:01", MET, 1);
    breach("09:01", 2);
    assert_string_equal(feed_due(&feed, "09:01"), "ana");
    assert_int_equal(feed_alert(&feed, 1)->step, 0);
}

/* The path was through at once: nobody of it could be reached then. */
static void an_exhausted_alert_that_reached_nobody_rings_when_its_cause_is_back(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_desk(&feed, "[{page: [ana], wait: 10m}]", 0);
    breach("09:00", 1);
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    clock_is("09:01", MET, 1);
    feed_contact(&feed, "09:02", "ana", "push");
    breach("09:03", 2);
    assert_string_equal(feed_due(&feed, "09:03"), "ana");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
}

static void a_page_that_failed_later_told_nobody(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push");
    feed_desk(&feed, "[{page: [ana], wait: 10m}]", 0);
    breach("09:00", 1);
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    feed_receipt(&feed, "09:00:02", "failed", feed_page(&feed, 1, 0)->delivery);
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    clock_is("09:01", MET, 1);
    breach("09:03", 2);
    assert_string_equal(feed_due(&feed, "09:03"), "ana");
}

/* Another alert's page rang for it, and failed after all. */
static void whoever_was_told_by_a_page_that_failed_was_not(void **state)
{
    static const char *const due[] = {"09:00:00", "09:00:01", "09:04:00"};
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push");
    feed.coalesces = true;
    feed_desk(&feed, "[{page: [ana], wait: 10m}]", 0);
    for (unsigned i = 0; i < 3; i++) /* alerts 1 and 2 are of others, alert 3 of issue 1 */
        feed_clock(&feed, "09:00:02",
                   (struct feed_clock){.issue = 3 - i,
                                       .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                       .instance = 1,
                                       .due = due[i]});
    feed_time(&feed, "09:00:33");
    feed_outcome(&feed, "09:00:34", 2, 0, 200);
    feed_time(&feed, "09:00:35");
    assert_string_equal(feed_page(&feed, 3, 0)->carrier, feed_page(&feed, 2, 0)->delivery);
    feed_act_on(&feed, "09:00:36", "acked", 2, "ana");
    feed_act_on(&feed, "09:00:36", "acked", 1, "ana");
    feed_receipt(&feed, "09:00:40", "failed", feed_page(&feed, 2, 0)->delivery);
    feed_time(&feed, "09:00:41");
    assert_int_equal(feed_alert(&feed, 3)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    clock_is("09:02", MET, 1);
    breach("09:03", 2);
    assert_string_equal(feed_due(&feed, "09:03"), "ana");
}

/* As if its cause had stayed; bob's step was the last one, and nobody heard of it there. */
static void an_exhausted_alert_that_somebody_was_told_of_rings_nobody_again(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push");
    begin_and_tell();
    feed_time(&feed, "09:10:01");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    clock_is("09:11", MET, 1);
    breach("09:12", 2);
    assert_string_equal(feed_due(&feed, "09:12"), "");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
}

/* Its step is over and was not left. What stopped it let go of it when its cause was gone: that it
 * is back must not find it without an end. */
static void what_maintenance_stopped_does_not_stand_still_for_ever(void **state)
{
    (void)state;
    begin_and_tell();
    feed_mute(&feed, "09:01",
              (struct feed_mute){
                  .matcher = "queue=desk", .until = "11:00", .maintenance = true, .really = true});
    feed_time(&feed, "09:10:01");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, TOC_TIME_NEVER);
    clock_is("09:20", MET, 1);
    breach("09:21", 2);
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "s");
    assert_string_equal(feed_due(&feed, "09:21"), "");
    feed_time(&feed, "09:31:01");
    feed_time(&feed, "11:00:01");
    assert_string_equal(feed_due(&feed, "11:00:01"), "ana");
}

static void an_acknowledgement_outlives_the_gap(void **state)
{
    (void)state;
    begin_and_tell();
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    clock_is("09:04", MET, 1);
    breach("09:05", 2);
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "ana");
    feed_time(&feed, "12:00");
    assert_string_equal(feed_due(&feed, "12:00"), "");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED);
}

static void it_may_be_acknowledged_while_it_is_held(void **state)
{
    (void)state;
    begin_and_tell();
    clock_is("09:04", MET, 1);
    feed_act_on(&feed, "09:05", "acked", 1, "ana");
    breach("09:06", 2);
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "ana");
    clock_is("09:10", MET, 2);
    feed_time(&feed, "09:15:01");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
}

static void a_snooze_that_ended_in_the_gap_ends_when_the_cause_is_back(void **state)
{
    (void)state;
    begin_and_tell();
    feed_action(&feed, "09:01", (struct feed_action){.verb = "snoozed", .until = "09:05"});
    clock_is("09:04", MET, 1);
    feed_time(&feed, "09:06");
    assert_string_equal(feed_due(&feed, "09:06"), "");
    breach("09:07", 2);
    feed_time(&feed, "09:07:01");
    assert_string_equal(feed_due(&feed, "09:07:01"), "ana");
}

static void what_is_solved_closes_at_once(void **state)
{
    (void)state;
    begin_and_tell();
    clock_is("09:04", MET, 1);
    core_transcript(feed.core);
    feed_issue(&feed, "09:05",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    assert_told(&feed, "09:05:00 alert_closed 1 (the issue is solved) v1\n");
    feed_time(&feed, "10:00");
    assert_told(&feed, "");
}

static void another_clock_of_the_issue_is_another_alert(void **state)
{
    (void)state;
    begin_and_tell();
    clock_is("09:04", MET, 1);
    feed_clock(&feed, "09:05",
               (struct feed_clock){.issue = 1,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                   .metric = "resolution"});
    assert_non_null(strstr(core_transcript(feed.core), "alert_opened 2"));
}

/* Who has acknowledged it there is not asked about it here. */
static void what_comes_back_elsewhere_is_another_alert(void **state)
{
    struct feed_issue waits = {.issue = 1,
                               .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING,
                               .reason = "nobody",
                               .waits = 1,
                               .waiting = true};
    (void)state;
    feed.policy_more = "  - {rule: nobody, on: waiting, severity: error, hold: 5m}\n";
    feed_desk(&feed, STEPS, 0);
    feed_issue(&feed, "09:00", waits);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    feed_issue(&feed, "09:02",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED,
                                   .waits = 1,
                                   .waited = true});
    waits.waits = 2;
    waits.path = "other";
    feed_issue(&feed, "09:03", waits);
    assert_string_equal(feed_due(&feed, "09:03"), "somebody");
    waits.waits = 3;
    waits.path = NULL;
    waits.queue = "quiet";
    feed_issue(&feed, "09:04", waits);
    assert_string_equal(feed_alert(&feed, 3)->queue, "quiet");
    assert_string_equal(feed_due(&feed, "09:04"), "somebody ana");
    waits.waits = 4;
    waits.queue = NULL;
    feed_issue(&feed, "09:05", waits); /* where it was */
    assert_string_equal(feed_due(&feed, "09:05"), "somebody ana");
    assert_int_equal(feed_alert(&feed, 1)->gone_ms, 0);
}

static void a_clock_of_an_issue_that_moved_is_another_alert(void **state)
{
    (void)state;
    begin_and_tell();
    clock_is("09:04", MET, 1);
    feed_clock(&feed, "09:05",
               (struct feed_clock){.issue = 1,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                   .instance = 2,
                                   .path = "other"});
    assert_string_equal(feed_due(&feed, "09:05"), "somebody");
}

static void a_silence_that_ends_in_the_gap_rings_nobody(void **state)
{
    (void)state;
    feed_mute(&feed, "08:30",
              (struct feed_mute){.matcher = "queue=desk", .until = "09:05", .really = true});
    breach("09:00", 1);
    clock_is("09:04", MET, 1);
    feed_time(&feed, "09:05:01");
    assert_string_equal(feed_due(&feed, "09:05:01"), "");
    breach("09:06", 2);
    assert_string_equal(feed_due(&feed, "09:06"), "ana"); /* whom nobody had told */
}

static void without_a_hold_it_closes_at_once(void **state)
{
    (void)state;
    feed.late_more = NULL;
    feed_desk(&feed, STEPS, 0);
    breach("09:00", 1);
    core_transcript(feed.core);
    clock_is("09:04", MET, 1);
    assert_non_null(strstr(core_transcript(feed.core), "alert_closed 1 (the clock stopped)"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(alertmanager_3048_an_alert_whose_cause_returns_goes_on_without_a_page),
        CASE(alertmanager_204_it_closes_once_its_cause_has_stayed_away),
        CASE(what_is_held_rings_nobody),
        CASE(who_was_not_told_is_told_when_the_cause_is_back),
        CASE(an_exhausted_alert_that_reached_nobody_rings_when_its_cause_is_back),
        CASE(a_page_that_failed_later_told_nobody),
        CASE(whoever_was_told_by_a_page_that_failed_was_not),
        CASE(an_exhausted_alert_that_somebody_was_told_of_rings_nobody_again),
        CASE(what_maintenance_stopped_does_not_stand_still_for_ever),
        CASE(an_acknowledgement_outlives_the_gap),
        CASE(it_may_be_acknowledged_while_it_is_held),
        CASE(a_snooze_that_ended_in_the_gap_ends_when_the_cause_is_back),
        CASE(what_is_solved_closes_at_once),
        CASE(another_clock_of_the_issue_is_another_alert),
        CASE(what_comes_back_elsewhere_is_another_alert),
        CASE(a_clock_of_an_issue_that_moved_is_another_alert),
        CASE(a_silence_that_ends_in_the_gap_rings_nobody),
        CASE(without_a_hold_it_closes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
