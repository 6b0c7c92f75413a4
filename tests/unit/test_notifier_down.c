/* What fell due while the notifier was down: each is judged at its own instant, in their order. */
#include "tests/unit/notifier_case.h"

/* Nothing is heard of the notifier until then. */
static void start_again(const char *time)
{
    core_transcript(feed.core);
    core_reopen(feed.core);
    feed_time(&feed, time);
}

static void keep(const char *time, bool maintains, const char *until)
{
    feed_mute(&feed, time,
              (struct feed_mute){.id = "m",
                                 .matcher = "queue=desk",
                                 .until = until,
                                 .maintenance = maintains,
                                 .really = true});
}

/* Alert 1, opened at 09:00, of which ana has heard; her step ends at 09:05, and bob is next. */
static void open_alert(void)
{
    feed_desk(&feed, "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
}

/* --- maintenance ------------------------------------------------------------------------------ */

static void maintenance_stops_a_step_that_ended_in_it_though_it_is_over_by_now(void **state)
{
    (void)state;
    open_alert();
    keep("09:01", true, "09:06");
    start_again("09:20");
    assert_told(&feed, "09:20:00 alert_noted 1 note=held by maintenance m of ana v1\n"
                       "09:20:00 maintenance m of ana ends at=09:06:00 critical\n"
                       "09:20:00 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
                       "09:20:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:25"));
}

static void maintenance_that_would_have_told_of_its_end_stops_it_as_well(void **state)
{
    (void)state;
    open_alert();
    keep("09:01", true, "09:14"); /* its owner would have been told at 09:04 */
    start_again("09:20");
    assert_told(&feed, "09:20:00 alert_noted 1 note=held by maintenance m of ana v1\n"
                       "09:20:00 maintenance m of ana ends at=09:14:00 critical\n"
                       "09:20:00 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
                       "09:20:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

static void maintenance_that_was_over_before_stops_nothing(void **state)
{
    (void)state;
    open_alert();
    keep("09:01", true, "09:04");
    start_again("09:20");
    assert_told(&feed, "09:20:00 maintenance m of ana ends at=09:04:00 critical\n"
                       "09:20:00 alert_escalated 1 to step=1 round=0 (nobody acknowledged in "
                       "time) v1\n"
                       "09:20:00 alert_paged 1 bob step=1 round=0 page_pending v1\n");
}

/* Many others are behind, so that its end by hand comes in before what was due in it. */
static void maintenance_that_somebody_has_ended_meanwhile_has_stopped_it_as_well(void **state)
{
    (void)state;
    open_alert();
    keep("09:01", true, "10:00");
    core_transcript(feed.core);
    core_hold_time(feed.core, true);
    feed_mute(&feed, "09:06", (struct feed_mute){.id = "m", .maintenance = true});
    core_hold_time(feed.core, false);
    feed_time(&feed, "09:20");
    assert_told(&feed, "09:06:00 maintenance m of ana ends at=09:06:00 critical by=ana\n"
                       "09:20:00 alert_noted 1 note=held by maintenance m of ana v1\n"
                       "09:20:00 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
                       "09:20:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

static void what_maintenance_kept_begins_anew_once_and_its_old_step_is_forgotten(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]", 0);
    keep("08:59", true, "09:04");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    start_again("09:20");
    assert_told(&feed, "09:20:00 maintenance m of ana ends at=09:04:00 critical suppressed=1\n"
                       "09:20:00 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
                       "09:20:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

/* --- answers that end in maintenance ---------------------------------------------------------- */

/* Alert 1, opened at 09:00, of which ana and then bob have heard, who snoozes it until 09:10. */
static void open_snoozed(void)
{
    open_alert();
    feed_time(&feed, "09:05:01");
    feed_outcome(&feed, "09:05:02", 1, 1, 200);
    feed_action(
        &feed, "09:06",
        (struct feed_action){.verb = "snoozed", .number = 1, .by = "bob", .until = "09:10"});
}

static void a_snooze_that_ended_in_maintenance_begins_at_the_first_step(void **state)
{
    (void)state;
    open_snoozed();
    keep("09:07", true, "09:12");
    start_again("09:20");
    assert_told(&feed, "09:20:00 alert_escalated 1 to step=1 round=0 (the snooze is over) v1\n"
                       "09:20:00 alert_noted 1 note=held by maintenance m of ana v1\n"
                       "09:20:00 maintenance m of ana ends at=09:12:00 critical\n"
                       "09:20:00 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
                       "09:20:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:25"));
}

static void a_snooze_that_ended_after_maintenance_goes_on_where_it_was(void **state)
{
    (void)state;
    open_snoozed();
    keep("09:07", true, "09:09");
    start_again("09:20");
    assert_told(&feed, "09:20:00 maintenance m of ana ends at=09:09:00 critical\n"
                       "09:20:00 alert_escalated 1 to step=1 round=0 (the snooze is over) v1\n"
                       "09:20:00 alert_paged 1 bob step=1 round=0 page_pending v1\n");
}

static void a_snooze_that_ended_in_maintenance_that_goes_on_is_kept_by_that(void **state)
{
    (void)state;
    open_snoozed();
    keep("09:07", true, "09:30");
    start_again("09:15");
    assert_told(&feed,
                "09:15:00 alert_escalated 1 to step=1 round=0 (the snooze is over) v1\n"
                "09:15:00 alert_paged 1 bob step=1 round=0 page_pending v1\n"
                "09:15:00 page_ended 1 bob step=1 round=0 page_suppressed (maintenance m of ana) "
                "v1\n");
}

/* The acknowledgement of 09:01 holds until 09:09; a reminder would have come at 09:07. */
static void acknowledge_for_a_time(void)
{
    feed.path_more = ", ack_expires: 8m";
    open_alert();
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
}

static void an_acknowledgement_that_expired_in_maintenance_begins_at_the_first_step(void **state)
{
    (void)state;
    acknowledge_for_a_time();
    keep("09:02", true, "09:12");
    start_again("09:20");
    assert_told(&feed,
                "09:20:00 alert_escalated 1 to step=1 round=0 (the acknowledgement has expired) "
                "v1\n"
                "09:20:00 alert_noted 1 note=held by maintenance m of ana v1\n"
                "09:20:00 maintenance m of ana ends at=09:12:00 critical\n"
                "09:20:00 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
                "09:20:00 alert_paged 1 ana step=0 round=0 page_pending v1\n");
}

/* The end counts, not the reminder that would have come before. */
static void an_acknowledgement_that_expired_after_maintenance_goes_on_with_the_next(void **state)
{
    (void)state;
    acknowledge_for_a_time();
    keep("09:02", true, "09:08");
    start_again("09:20");
    assert_told(&feed,
                "09:20:00 maintenance m of ana ends at=09:08:00 critical\n"
                "09:20:00 alert_escalated 1 to step=1 round=0 (the acknowledgement has expired) "
                "v1\n"
                "09:20:00 alert_paged 1 bob step=1 round=0 page_pending v1\n");
}

/* --- silences and hand-overs ------------------------------------------------------------------ */

/* Alert 1, opened at 09:56, of which gus has heard; who is on call by "prim" is next, which is ana
 * until 10:00 and then ben. */
static void open_scheduled(void)
{
    feed_policy(&feed, "08:00",
                "policy: 1\n"
                "schedules:\n"
                "  prim: {zone: UTC, layers: [{name: base, rotation: daily, start: 2026-11-22, "
                "at: \"10:00\", people: [ana, ben]}]}\n"
                "paths: {desk: {steps: [{page: [gus], wait: 5m}, {schedule: prim, wait: 1h}]}}\n"
                "queues: {desk: {tier: 1}}\n"
                "routes: [{rule: all, queue: desk, path: desk}]\n"
                "alerts: [{rule: critical, on: opened, severity: critical}]\n");
    feed_issue(&feed, "09:56", (struct feed_issue){.issue = 1});
    feed_outcome(&feed, "09:56:01", 1, 0, 200);
}

static void whoever_is_on_call_by_now_rings_once_when_the_step_ended_in_silence(void **state)
{
    (void)state;
    open_scheduled();
    keep("09:57", false, "10:02");
    start_again("10:10");
    assert_told(&feed, "10:10:00 alert_escalated 1 to step=1 round=0 (nobody acknowledged in "
                       "time) v1\n"
                       "10:10:00 alert_paged 1 ben step=1 round=0 page_pending (on call by prim "
                       "(base)) v1\n"
                       "10:10:00 silence m of ana ends at=10:02:00 critical\n");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("11:10"));
}

static void whoever_is_on_call_by_now_rings_once_when_the_silence_ended_first(void **state)
{
    (void)state;
    open_scheduled();
    keep("09:57", false, "10:00:30");
    start_again("10:10");
    assert_told(&feed, "10:10:00 silence m of ana ends at=10:00:30 critical\n"
                       "10:10:00 alert_escalated 1 to step=1 round=0 (nobody acknowledged in "
                       "time) v1\n"
                       "10:10:00 alert_paged 1 ben step=1 round=0 page_pending (on call by prim "
                       "(base)) v1\n");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(maintenance_stops_a_step_that_ended_in_it_though_it_is_over_by_now),
        CASE(maintenance_that_would_have_told_of_its_end_stops_it_as_well),
        CASE(maintenance_that_was_over_before_stops_nothing),
        CASE(maintenance_that_somebody_has_ended_meanwhile_has_stopped_it_as_well),
        CASE(what_maintenance_kept_begins_anew_once_and_its_old_step_is_forgotten),
        CASE(a_snooze_that_ended_in_maintenance_begins_at_the_first_step),
        CASE(a_snooze_that_ended_after_maintenance_goes_on_where_it_was),
        CASE(a_snooze_that_ended_in_maintenance_that_goes_on_is_kept_by_that),
        CASE(an_acknowledgement_that_expired_in_maintenance_begins_at_the_first_step),
        CASE(an_acknowledgement_that_expired_after_maintenance_goes_on_with_the_next),
        CASE(whoever_is_on_call_by_now_rings_once_when_the_step_ended_in_silence),
        CASE(whoever_is_on_call_by_now_rings_once_when_the_silence_ended_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
