/* Silences and maintenance: who is not paged, why, and what rings when they end. */
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

#define ONE "[{page: [ana], wait: 1h}]"
#define TWO "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]"

static void silence(const char *time, const char *matcher, const char *until)
{
    feed_mute(&feed, time, (struct feed_mute){.matcher = matcher, .until = until, .really = true});
}

static void maintain(const char *time, const char *matcher, const char *until)
{
    feed_mute(
        &feed, time,
        (struct feed_mute){
            .id = "m", .matcher = matcher, .until = until, .maintenance = true, .really = true});
}

static void open_issue(const char *time, unsigned issue)
{
    feed_issue(&feed, time, (struct feed_issue){.issue = issue});
}

/* The path "desk", and a silence of its queue from 08:30 on. */
static void silence_desk(const char *steps, const char *until)
{
    feed_desk(&feed, steps, 0);
    silence("08:30", "queue=desk", until);
    core_transcript(feed.core);
}

static const Tocsin__V1__Mute *mute_row(const char *id)
{
    struct toc_str row;
    Tocsin__V1__Mute *mute;
    if (core_get(feed.core, TABLE_MUTE, toc_str_of(id), &row) != TOC_OK)
        return NULL;
    assert_int_equal(
        toc_wire_unpack(core_arena(feed.core), &tocsin__v1__mute__descriptor, row, &mute), TOC_OK);
    return mute;
}

/* --- silences ------------------------------------------------------------------------------- */

static void what_is_silenced_rings_nobody_and_says_so(void **state)
{
    (void)state;
    feed_desk(&feed, ONE, 0);
    silence("08:30", "queue=desk", "12:00");
    assert_told(&feed, "08:30:00 silence s of ana queue=desk until=12:00:00 critical\n");
    open_issue("09:00", 1);
    assert_told(&feed, "09:00:00 alert_opened 1 critical path=desk \"opened critical\" (critical) "
                       "v1\n"
                       "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n"
                       "09:00:00 page_ended 1 ana step=0 round=0 page_suppressed (silence s of "
                       "ana) v1\n");
    assert_string_equal(feed_due(&feed, "09:01"), "");
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "s");
    assert_string_equal(feed_page(&feed, 1, 0)->mute, "s");
    assert_int_equal(feed_page(&feed, 1, 0)->mute_end_ms, core_time("12:00"));
    assert_int_equal(mute_row("s")->holds, 1);
    assert_int_equal(mute_row("s")->suppressed, 1);
}

static void what_does_not_fit_rings(void **state)
{
    (void)state;
    silence_desk(ONE, "12:00");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1, .queue = "quiet"});
    assert_string_equal(feed_due(&feed, "09:01"), "ana");
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "");
}

static void the_path_of_a_silenced_alert_goes_on_and_its_step_rings_at_the_end(void **state)
{
    (void)state;
    silence_desk(TWO, "09:08");
    open_issue("09:00", 1);
    feed_time(&feed, "09:05:01");
    core_transcript(feed.core);
    feed_time(&feed, "09:08");
    assert_told(&feed, "");
    feed_time(&feed, "09:08:00.001");
    assert_told(&feed, "09:08:00.001 silence s of ana ends at=09:08:00 critical suppressed=2\n"
                       "09:08:00.001 page_ended ana step=0 round=0 page_cancelled kind=mute_ends "
                       "(it is over)\n"
                       "09:08:00.001 alert_escalated 1 to step=1 round=0 (silence s is over) v1\n"
                       "09:08:00.001 alert_paged 1 bob step=1 round=0 page_pending v1\n");
    assert_string_equal(feed_due(&feed, "09:09"), "bob");
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "");
    assert_null(mute_row("s"));
    assert_int_equal(core_count(feed.core, TABLE_MUTE_HELD), 0);
    assert_int_equal(core_count(feed.core, TABLE_MUTE_DUE), 0);
}

static void a_silence_that_is_ended_early_lets_ring_at_once(void **state)
{
    (void)state;
    silence_desk(ONE, "12:00");
    open_issue("09:00", 1);
    core_transcript(feed.core);
    feed_mute(&feed, "09:10", (struct feed_mute){.id = "s"});
    assert_told(&feed, "09:10:00 silence s of ana ends at=09:10:00 critical suppressed=1 by=ana\n");
    feed_time(&feed, "09:10:00.001");
    assert_told(&feed, "09:10:00.001 alert_escalated 1 to step=0 round=0 (silence s is over) v1\n"
                       "09:10:00.001 alert_paged 1 ana step=0 round=0 page_pending v1\n");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("10:10:00.001"));
}

static void what_was_answered_or_is_over_does_not_ring_at_the_end(void **state)
{
    (void)state;
    silence_desk(ONE, "09:30");
    open_issue("09:00", 1);
    open_issue("09:00", 2);
    assert_int_equal(mute_row("s")->holds, 2);
    feed_act_on(&feed, "09:10", "acked", 1, "ana");
    feed_issue(&feed, "09:11",
               (struct feed_issue){.issue = 2,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    assert_int_equal(mute_row("s")->holds, 0);
    feed_time(&feed, "09:40");
    assert_string_equal(feed_due(&feed, "09:40"), "");
}

static void a_path_that_went_through_in_silence_begins_another_round(void **state)
{
    (void)state;
    silence_desk(ONE, "11:00");
    open_issue("09:00", 1);
    feed_time(&feed, "10:01");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    feed_time(&feed, "11:01");
    assert_string_equal(feed_due(&feed, "11:01"), "ana");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    assert_int_equal(feed_alert(&feed, 1)->repeat, 1);
}

static void pages_that_are_ready_are_kept_by_a_silence_that_begins(void **state)
{
    (void)state;
    feed_desk(&feed, ONE, 0);
    for (unsigned i = 1; i <= 80; i++)
        open_issue("09:00", i);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 81, .queue = "quiet"});
    silence("09:01", "queue=desk", "09:30");
    assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 81 - 32);
    feed_time(&feed, "09:01:00.001");
    assert_string_equal(feed_due(&feed, "09:02"), "ana");
    assert_int_equal(mute_row("s")->holds, 80);
    assert_int_equal(mute_row("s")->next_ms, core_time("09:20"));
    feed_time(&feed, "09:30:00.001");
    assert_int_equal(core_count(feed.core, TABLE_MUTE), 0);
    assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 81);
}

static void a_page_that_waits_for_another_try_is_judged_again(void **state)
{
    (void)state;
    feed_desk(&feed, ONE, 0);
    open_issue("09:00", 1);
    feed_outcome(&feed, "09:00:01", 1, 0, 500);
    silence("09:00:01.500", "queue=desk", "12:00");
    core_transcript(feed.core);
    feed_time(&feed, "09:00:04");
    assert_told(&feed, "09:00:04 page_ended 1 ana step=0 round=0 page_suppressed attempts=1 "
                       "(silence s of ana) v1\n");
}

static void a_step_that_rings_again_and_reaches_nobody_is_left_at_once(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "bob", "push");
    silence_desk(TWO, "09:02");
    open_issue("09:00", 1);
    assert_int_equal(feed_alert(&feed, 1)->step, 0);
    core_transcript(feed.core);
    feed_time(&feed, "09:03");
    assert_int_equal(feed_alert(&feed, 1)->step, 1);
    assert_string_equal(feed_due(&feed, "09:03"), "bob");
}

static void what_rang_already_does_not_ring_again_when_the_end_comes_late(void **state)
{
    (void)state;
    silence_desk(TWO, "09:06");
    open_issue("09:00", 1);
    feed_time(&feed, "09:20"); /* the step ended at 09:05, the silence at 09:06 */
    assert_string_equal(feed_due(&feed, "09:20"), "bob");
    assert_int_equal(feed_alert(&feed, 1)->pages, 2);
}

static void a_reminder_is_kept_and_the_expired_acknowledgement_rings_at_the_end(void **state)
{
    (void)state;
    feed.path_more = ", ack_expires: 30m";
    feed_desk(&feed, TWO, 0);
    feed.path_more = NULL;
    open_issue("09:00", 1);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    silence("09:02", "queue=desk", "10:00");
    feed_time(&feed, "09:27");
    assert_string_equal(feed_due(&feed, "09:27"), "");
    feed_time(&feed, "09:32");
    assert_string_equal(feed_due(&feed, "09:32"), "");
    feed_time(&feed, "10:00:01");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "");
    assert_int_not_equal(core_count(feed.core, TABLE_OUTBOX), 0);
}

static void an_acknowledged_alert_does_not_ring_when_a_kept_reminder_would_have(void **state)
{
    (void)state;
    feed.path_more = ", ack_expires: 30m";
    feed_desk(&feed, TWO, 0);
    feed.path_more = NULL;
    open_issue("09:00", 1);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    silence("09:20", "queue=desk", "09:28");
    feed_time(&feed, "09:27");
    feed_time(&feed, "09:29");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED);
    assert_string_equal(feed_due(&feed, "09:30"), "");
}

/* --- notices -------------------------------------------------------------------------------- */

static void alertmanager_730_the_owner_is_told_before_the_end(void **state)
{
    (void)state;
    silence_desk(ONE, "12:00");
    feed_time(&feed, "11:50");
    assert_told(&feed, "");
    feed_time(&feed, "11:50:00.001");
    assert_told(&feed, "11:50:00.001 alert_paged ana step=0 round=0 page_pending kind=mute_ends\n");
    assert_string_equal(feed_page(&feed, 0, 0)->mute, "s");
    assert_int_equal(feed_page(&feed, 0, 0)->mute_end_ms, core_time("12:00"));
    feed_time(&feed, "11:55");
    assert_told(&feed, "");
}

static void the_owner_is_not_told_of_an_end_that_has_come(void **state)
{
    (void)state;
    silence_desk(ONE, "12:00");
    feed_time(&feed, "11:51");
    feed_mute(&feed, "11:52", (struct feed_mute){.id = "s"});
    assert_string_equal(feed_due(&feed, "11:53"), "");
    assert_int_equal(feed_page(&feed, 0, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
}

static void alertmanager_1639_a_short_silence_has_no_notice(void **state)
{
    (void)state;
    silence_desk(ONE, "08:40");
    feed_time(&feed, "08:40");
    assert_told(&feed, "");
    feed_time(&feed, "08:41");
    assert_told(&feed, "08:41:00 silence s of ana ends at=08:40:00 critical\n");
}

/* --- maintenance ---------------------------------------------------------------------------- */

static void maintenance_stops_the_path_which_begins_anew_at_its_end(void **state)
{
    (void)state;
    feed_desk(&feed, TWO, 0);
    open_issue("09:00", 1);
    feed_time(&feed, "09:06"); /* bob is paged */
    maintain("09:07", "queue=desk", "10:00");
    open_issue("09:08", 2);
    core_transcript(feed.core);
    feed_time(&feed, "09:40");
    assert_told(&feed, "09:40:00 alert_noted 2 note=held by maintenance m of ana v1\n"
                       "09:40:00 alert_noted 1 note=held by maintenance m of ana v1\n");
    assert_int_equal(feed_alert(&feed, 1)->step, 1);
    assert_int_equal(feed_alert(&feed, 1)->next_ms, TOC_TIME_NEVER);
    assert_int_equal(mute_row("m")->holds, 2);
    feed_time(&feed, "09:50:01");
    core_transcript(feed.core);
    feed_time(&feed, "10:00:00.001");
    assert_told(
        &feed,
        "10:00:00.001 maintenance m of ana ends at=10:00:00 critical suppressed=2\n"
        "10:00:00.001 page_ended ana step=0 round=0 page_cancelled kind=mute_ends (it is over)\n"
        "10:00:00.001 alert_escalated 1 to step=0 round=0 (maintenance m is over) v1\n"
        "10:00:00.001 alert_paged 1 ana step=0 round=0 page_pending v1\n"
        "10:00:00.001 alert_escalated 2 to step=0 round=0 (maintenance m is over) v1\n"
        "10:00:00.001 alert_paged 2 ana step=0 round=0 page_pending v1\n");
}

static void maintenance_comes_before_a_silence_and_the_silence_keeps_what_is_left(void **state)
{
    (void)state;
    silence_desk(TWO, "11:00");
    maintain("08:31", "queue=desk", "10:00");
    open_issue("09:00", 1);
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "m");
    feed_time(&feed, "10:00:01");
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "s");
    assert_int_equal(mute_row("s")->holds, 1);
    assert_null(mute_row("m"));
}

/* --- what is refused ------------------------------------------------------------------------ */

static void what_cannot_be_is_refused_with_a_record(void **state)
{
    (void)state;
    silence_desk(ONE, "12:00");
    silence("08:31", "queue=other", "12:00");
    assert_told(&feed, "08:31:00 alert_refused by=ana (that id is in use)\n");
    feed_mute(&feed, "08:32", (struct feed_mute){.id = "s", .maintenance = true});
    assert_told(&feed, "08:32:00 alert_refused by=ana (there is none of that id)\n");
    feed_mute(&feed, "08:33",
              (struct feed_mute){.id = "t", .matcher = "severity=info", .until = "08:32"});
    assert_told(&feed, "08:33:00 alert_refused by=ana (its end has passed)\n");
    feed_mute(&feed, "08:34",
              (struct feed_mute){.id = "t", .matcher = "queue=desk", .until = "12:00"});
    assert_true(strstr(core_transcript(feed.core), "alerts of severity critical fit") != NULL);
    feed_mute(&feed, "08:35", (struct feed_mute){.id = "t", .matcher = "x", .until = "12:00"});
    assert_true(strstr(core_transcript(feed.core), "matcher: KEY=VALUE") != NULL);
    assert_int_equal(core_count(feed.core, TABLE_MUTE), 1);
}

static void more_than_64_are_refused(void **state)
{
    (void)state;
    char id[8];
    feed_desk(&feed, ONE, 0);
    for (unsigned i = 0; i <= 64; i++) {
        snprintf(id, sizeof(id), "%u", i);
        core_transcript(feed.core);
        feed_mute(&feed, "08:30",
                  (struct feed_mute){.id = id, .matcher = "severity=info", .until = "12:00"});
    }
    assert_true(strstr(core_transcript(feed.core), "there are 64") != NULL);
    assert_int_equal(core_count(feed.core, TABLE_MUTE), 64);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, fresh, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_silenced_rings_nobody_and_says_so),
        CASE(what_does_not_fit_rings),
        CASE(the_path_of_a_silenced_alert_goes_on_and_its_step_rings_at_the_end),
        CASE(a_silence_that_is_ended_early_lets_ring_at_once),
        CASE(what_was_answered_or_is_over_does_not_ring_at_the_end),
        CASE(a_path_that_went_through_in_silence_begins_another_round),
        CASE(pages_that_are_ready_are_kept_by_a_silence_that_begins),
        CASE(a_page_that_waits_for_another_try_is_judged_again),
        CASE(a_step_that_rings_again_and_reaches_nobody_is_left_at_once),
        CASE(what_rang_already_does_not_ring_again_when_the_end_comes_late),
        CASE(a_reminder_is_kept_and_the_expired_acknowledgement_rings_at_the_end),
        CASE(an_acknowledged_alert_does_not_ring_when_a_kept_reminder_would_have),
        CASE(alertmanager_730_the_owner_is_told_before_the_end),
        CASE(the_owner_is_not_told_of_an_end_that_has_come),
        CASE(alertmanager_1639_a_short_silence_has_no_notice),
        CASE(maintenance_stops_the_path_which_begins_anew_at_its_end),
        CASE(maintenance_comes_before_a_silence_and_the_silence_keeps_what_is_left),
        CASE(what_cannot_be_is_refused_with_a_record),
        CASE(more_than_64_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
