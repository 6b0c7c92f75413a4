/* What people do about alerts. */
#include "tests/unit/notifier_case.h"

#define STEPS "[{page: [ana], wait: 5m}, {page: [bob, eve], wait: 10m}]"

/* One alert, of which ana was just paged. */
static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed_desk(&feed, STEPS, 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    return 0;
}

static void act(const char *time, const char *verb, const char *by)
{
    feed_action(&feed, time, (struct feed_action){.verb = verb, .by = by});
}

static void snooze(const char *time, const char *until)
{
    feed_action(&feed, time, (struct feed_action){.verb = "snoozed", .until = until});
}

/* --- snooze --------------------------------------------------------------------------------- */

static void a_snoozed_alert_pages_nobody_until_its_end(void **state)
{
    (void)state;
    snooze("09:01", "09:31");
    assert_told(&feed, "09:01:00 page_ended 1 ana step=0 round=0 page_cancelled by=ana "
                       "(acknowledged) v1\n"
                       "09:01:00 alert_snoozed 1 until=09:31:00 by=ana v1\n");
    assert_string_equal(feed_due(&feed, "23:00"), "");
    feed_time(&feed, "09:31");
    assert_told(&feed, "");
}

static void after_a_snooze_the_path_goes_on_where_it_was(void **state)
{
    (void)state;
    feed_time(&feed, "09:05:01"); /* the second step */
    snooze("09:06", "09:36");
    core_transcript(feed.core);
    feed_time(&feed, "09:36:01");
    assert_told(&feed, "09:36:01 alert_escalated 1 to step=1 round=0 (the snooze is over) v1\n"
                       "09:36:01 alert_paged 1 bob step=1 round=0 page_pending v1\n"
                       "09:36:01 alert_paged 1 eve step=1 round=0 page_pending v1\n");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "");
    assert_int_equal(feed_alert(&feed, 1)->snoozed_ms, 0);
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:46:01"));
}

/* The pages of before the snooze do not count: bob had taken one. */
static void after_a_snooze_a_step_that_reaches_nobody_is_left_at_once(void **state)
{
    (void)state;
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    snooze("09:01", "09:31");
    feed_time(&feed, "09:31:01");
    core_transcript(feed.core);
    feed_outcome(&feed, "09:31:02", 1, 1, 404);
    assert_int_equal(feed_alert(&feed, 1)->step, 1);
}

static void an_alert_that_nobody_answered_begins_again_after_a_snooze(void **state)
{
    (void)state;
    feed_time(&feed, "09:05:01");
    feed_time(&feed, "09:15:02");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    snooze("09:20", "10:00");
    core_transcript(feed.core);
    feed_time(&feed, "10:00:01");
    assert_told(&feed, "10:00:01 alert_escalated 1 to step=0 round=1 (the snooze is over) v1\n"
                       "10:00:01 alert_paged 1 ana step=0 round=1 page_pending v1\n");
}

static void a_snooze_lasts_a_minute_at_least(void **state)
{
    (void)state;
    snooze("09:01", "09:01:01");
    assert_int_equal(feed_alert(&feed, 1)->snoozed_ms, core_time("09:02"));
}

static void a_snooze_ends_sooner_when_it_is_acknowledged(void **state)
{
    (void)state;
    snooze("09:01", "09:31");
    core_transcript(feed.core);
    act("09:02", "acked", "bob"); /* nobody works on it */
    assert_told(&feed, "09:02:00 alert_acked 1 by=bob v1\n");
    feed_time(&feed, "+1/00:00");
    assert_told(&feed, "");
}

static void what_another_has_is_not_snoozed(void **state)
{
    (void)state;
    act("09:01", "acked", "bob");
    core_transcript(feed.core);
    snooze("09:02", "09:31");
    assert_told(&feed, "09:02:00 alert_refused 1 by=ana (the alert is acknowledged already)\n");
}

/* The notifier had been down for longer than the snooze was to last. */
static void a_snooze_that_comes_after_its_end_is_refused(void **state)
{
    (void)state;
    core_set_log(feed.core, core_time("12:00"));
    core_transcript(feed.core);
    snooze("09:01", "09:31");
    assert_non_null(strstr(core_transcript(feed.core), "(the snooze would be over already)"));
}

static void the_issue_ends_a_snoozed_alert(void **state)
{
    (void)state;
    snooze("09:01", "09:31");
    feed_issue(&feed, "09:02",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    core_transcript(feed.core);
    feed_time(&feed, "09:32");
    assert_told(&feed, "");
    assert_int_equal(core_count(feed.core, TABLE_ALERT_DUE), 0);
}

/* --- escalate ------------------------------------------------------------------------------- */

static void by_hand_the_next_step_comes_at_once(void **state)
{
    (void)state;
    act("09:01", "escalated", "ana");
    assert_told(&feed, "09:01:00 page_ended 1 ana step=0 round=0 page_cancelled by=ana (escalated "
                       "by hand) v1\n"
                       "09:01:00 alert_escalated 1 to step=1 round=0 by=ana (escalated by hand) "
                       "v1\n"
                       "09:01:00 alert_paged 1 bob step=1 round=0 page_pending v1\n"
                       "09:01:00 alert_paged 1 eve step=1 round=0 page_pending v1\n");
    assert_string_equal(feed_due(&feed, "09:01"), "bob eve");
}

static void who_acknowledged_may_hand_it_on(void **state)
{
    (void)state;
    act("09:01", "acked", "ana");
    core_transcript(feed.core);
    act("09:02", "escalated", "ana");
    assert_told(&feed, "09:02:00 alert_escalated 1 to step=1 round=0 by=ana (escalated by hand) "
                       "v1\n"
                       "09:02:00 alert_paged 1 bob step=1 round=0 page_pending v1\n"
                       "09:02:00 alert_paged 1 eve step=1 round=0 page_pending v1\n");
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "");
}

static void by_hand_a_path_that_is_through_begins_again(void **state)
{
    (void)state;
    feed_time(&feed, "09:05:01");
    feed_time(&feed, "09:15:02");
    core_transcript(feed.core);
    act("09:20", "escalated", "ana");
    assert_told(&feed, "09:20:00 alert_escalated 1 to step=0 round=1 by=ana (escalated by hand) "
                       "v1\n"
                       "09:20:00 alert_paged 1 ana step=0 round=1 page_pending v1\n");
}

/* --- again, and too late -------------------------------------------------------------------- */

static void a_repeat_by_the_same_person_changes_nothing(void **state)
{
    static const char *const verbs[] = {"acked", "acked", "taken"};
    (void)state;
    act("09:01", "acked", "ana");
    core_transcript(feed.core);
    for (size_t i = 0; i < 3; i++)
        act("09:02", verbs[i], "ana");
    assert_told(&feed, "");
    snooze("09:03", "09:33");
    core_transcript(feed.core);
    snooze("09:04", "09:33");
    assert_told(&feed, "");
    act("09:05", "resolved", "ana");
    core_transcript(feed.core);
    act("09:06", "resolved", "ana");
    assert_told(&feed, "");
}

static void oncall_3161_an_ack_that_races_a_resolve_loses(void **state)
{
    uint64_t saw = feed_alert(&feed, 1)->last_seq;
    (void)state;
    act("09:01", "resolved", "bob");
    core_transcript(feed.core);
    feed_action(&feed, "09:01", (struct feed_action){.verb = "acked", .version = saw});
    assert_told(&feed, "09:01:00 alert_refused 1 by=ana (the alert is resolved already)\n");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED);
    assert_string_equal(feed_due(&feed, "23:00"), "");
    feed_time(&feed, "+1/00:00");
    assert_told(&feed, "");
}

/* --- versions ------------------------------------------------------------------------------- */

static void a_person_who_saw_an_older_version_is_refused(void **state)
{
    uint64_t saw = feed_alert(&feed, 1)->last_seq;
    (void)state;
    feed_time(&feed, "09:05:01");
    core_transcript(feed.core);
    feed_action(&feed, "09:06", (struct feed_action){.verb = "escalated", .version = saw});
    assert_told(&feed, "09:06:00 alert_refused 1 by=ana (changed since: it is at step 2 of round "
                       "1)\n");
    act("09:07", "acked", "bob");
    core_transcript(feed.core);
    feed_action(&feed, "09:08", (struct feed_action){.verb = "resolved", .version = saw});
    assert_told(&feed, "09:08:00 alert_refused 1 by=ana (changed since: acknowledged by bob)\n");
}

/* A refusal tells the version that would do. */
static void refusals_and_sends_are_no_newer_version(void **state)
{
    uint64_t saw = feed_alert(&feed, 1)->last_seq;
    (void)state;
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    feed_action(&feed, "09:01", (struct feed_action){.verb = "acked", .version = 999});
    feed_action(&feed, "09:01", (struct feed_action){.verb = "noted", .note = "J-1"});
    core_transcript(feed.core);
    feed_action(&feed, "09:02", (struct feed_action){.verb = "acked", .version = saw});
    assert_told(&feed, "09:02:00 alert_acked 1 by=ana v1\n");
}

static void a_version_that_is_not_there_yet_is_refused(void **state)
{
    (void)state;
    feed_action(&feed, "09:01", (struct feed_action){.verb = "acked", .version = 9999});
    assert_told(&feed, "09:01:00 alert_refused 1 by=ana (there is no such version of the "
                       "alert)\n");
}

/* The answer to the first one was lost. */
static void a_repeat_is_none_the_worse_for_its_version(void **state)
{
    uint64_t saw = feed_alert(&feed, 1)->last_seq;
    (void)state;
    feed_action(&feed, "09:01", (struct feed_action){.verb = "acked", .version = saw});
    core_transcript(feed.core);
    feed_action(&feed, "09:02", (struct feed_action){.verb = "acked", .version = saw});
    assert_told(&feed, "");
}

/* --- notes ---------------------------------------------------------------------------------- */

static void a_note_is_a_record_and_changes_nothing(void **state)
{
    (void)state;
    feed_action(&feed, "09:01", (struct feed_action){.verb = "noted", .note = "JIRA-12"});
    assert_told(&feed, "09:01:00 alert_noted 1 by=ana note=JIRA-12 v1\n");
    assert_string_equal(feed_due(&feed, "09:01"), "ana");
    act("09:02", "resolved", "bob");
    core_transcript(feed.core);
    feed_action(&feed, "09:03", (struct feed_action){.verb = "noted", .note = "postmortem-3"});
    assert_told(&feed, "09:03:00 alert_noted 1 by=ana note=postmortem-3 v1\n");
}

static void a_note_with_another_action_is_kept_with_it(void **state)
{
    (void)state;
    feed_action(&feed, "09:01", (struct feed_action){.verb = "acked", .note = "JIRA-12"});
    assert_told(&feed, "09:01:00 page_ended 1 ana step=0 round=0 page_cancelled by=ana "
                       "(acknowledged) v1\n"
                       "09:01:00 alert_acked 1 by=ana v1\n"
                       "09:01:00 alert_noted 1 by=ana note=JIRA-12 v1\n");
    feed_action(&feed, "09:02", (struct feed_action){.verb = "acked", .by = "bob", .note = "x"});
    assert_told(&feed, "09:02:00 alert_refused 1 by=bob (the alert is acknowledged already)\n");
}

static void a_note_with_what_changes_nothing_is_kept(void **state)
{
    (void)state;
    act("09:01", "taken", "ana");
    core_transcript(feed.core);
    feed_action(&feed, "09:02", (struct feed_action){.verb = "taken", .note = "JIRA-12"});
    feed_action(&feed, "09:03", (struct feed_action){.verb = "acked", .note = "JIRA-13"});
    act("09:04", "acked", "ana");
    assert_told(&feed, "09:02:00 alert_noted 1 by=ana note=JIRA-12 v1\n"
                       "09:03:00 alert_noted 1 by=ana note=JIRA-13 v1\n");
    act("09:05", "resolved", "ana");
    core_transcript(feed.core);
    feed_action(&feed, "09:06", (struct feed_action){.verb = "resolved", .note = "INC-7"});
    assert_told(&feed, "09:06:00 alert_noted 1 by=ana note=INC-7 v1\n");
}

/* --- the door ------------------------------------------------------------------------------- */

struct asked {
    const char *id;
    Tocsin__V1__ActionSaid *said;
};

static enum toc_err read_said(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct asked *asked = user;
    enum toc_err err = notifier_said(txn, arena, asked->id, &asked->said);
    return err == TOC_NONE ? TOC_OK : err;
}

static const Tocsin__V1__ActionSaid *said(const char *id)
{
    struct asked asked = {.id = id};
    assert_int_equal(core_read(feed.core, read_said, &asked), TOC_OK);
    return asked.said;
}

static void what_came_of_an_action_is_kept_for_the_door(void **state)
{
    (void)state;
    assert_null(said("link:1"));
    feed_action(&feed, "09:01",
                (struct feed_action){.verb = "snoozed", .until = "09:31", .door_id = "link:1"});
    feed_action(&feed, "09:02",
                (struct feed_action){
                    .verb = "snoozed", .by = "bob", .until = "09:31", .door_id = "link:2"});
    const Tocsin__V1__ActionSaid *first = said("link:1"), *second = said("link:2");
    assert_string_equal(first->type, "tocsin.alert.snoozed");
    assert_string_equal(first->by, "ana");
    assert_string_equal(first->refused, "");
    assert_int_equal(first->until_ms, core_time("09:31"));
    assert_int_equal(first->at_ms, core_time("09:01"));
    assert_true(first->seq > 0 && first->log_id != 0);
    assert_string_equal(second->refused, "the alert is acknowledged already");
    act("09:03", "acked", "ana");
    assert_int_equal(core_count(feed.core, TABLE_SAID), 2 * 2);
}

static void door_acts(const char *at, const char *id)
{
    feed_action(&feed, at, (struct feed_action){.verb = "noted", .note = "N", .door_id = id});
}

static void what_came_of_an_action_goes_when_its_link_has_expired(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++)
        door_acts("09:01",
                  (const char *[]){"link:0", "link:1", "link:2", "link:3", "link:4", "link:5"}[i]);
    door_acts("+8/09:01", "link:6"); /* their last instant */
    assert_non_null(said("link:0"));
    door_acts("+8/09:02", "link:7"); /* four of the old ones go for a new one */
    assert_null(said("link:3"));
    assert_non_null(said("link:4"));
    door_acts("+8/09:03", "link:8");
    assert_null(said("link:5"));
    assert_non_null(said("link:6"));
    assert_int_equal(core_count(feed.core, TABLE_SAID), 3 * 2);
}

static void an_id_that_the_door_does_not_make_is_kept_for_nobody(void **state)
{
    char id[200];
    (void)state;
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    door_acts("09:01", id);
    assert_null(said("xxx"));
    assert_int_equal(core_count(feed.core, TABLE_SAID), 0);
}

/* --- tests ---------------------------------------------------------------------------------- */

#define NO_TEST " (a test changes nothing that is not a test)\n"

static void what_is_done_as_a_test_stops_no_page(void **state)
{
    (void)state;
    feed.test = true;
    act("09:01", "acked", "ana");
    act("09:01", "resolved", "");
    feed_mute(&feed, "09:02",
              (struct feed_mute){.matcher = "queue=desk", .until = "12:00", .really = true});
    feed_mute(&feed, "09:02",
              (struct feed_mute){
                  .matcher = "queue=desk", .until = "12:00", .maintenance = true, .really = true});
    feed_receipt(&feed, "09:03", "failed", feed_page(&feed, 1, 0)->delivery);
    feed_verify(&feed, "09:03", "ana", "push", "");
    feed_reach(&feed, "09:03", "r", "ana", "09:10");
    feed_answer(&feed, "09:03", NULL, feed_page(&feed, 1, 0)->delivery);
    assert_told(&feed,
                "09:01:00 alert_refused by=ana" NO_TEST "09:01:00 alert_refused by=console" NO_TEST
                "09:02:00 alert_refused by=ana" NO_TEST "09:02:00 alert_refused by=ana" NO_TEST
                "09:03:00 alert_refused by=console" NO_TEST "09:03:00 alert_refused by=ben" NO_TEST
                "09:03:00 alert_refused by=ben" NO_TEST "09:03:00 alert_refused by=ana" NO_TEST);
    feed_time(&feed, "09:05:01");
    assert_string_equal(feed_due(&feed, "09:05:01"), "bob eve");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_snoozed_alert_pages_nobody_until_its_end),
        TEST(after_a_snooze_the_path_goes_on_where_it_was),
        TEST(after_a_snooze_a_step_that_reaches_nobody_is_left_at_once),
        TEST(an_alert_that_nobody_answered_begins_again_after_a_snooze),
        TEST(a_snooze_lasts_a_minute_at_least),
        TEST(a_snooze_ends_sooner_when_it_is_acknowledged),
        TEST(what_another_has_is_not_snoozed),
        TEST(a_snooze_that_comes_after_its_end_is_refused),
        TEST(the_issue_ends_a_snoozed_alert),
        TEST(by_hand_the_next_step_comes_at_once),
        TEST(who_acknowledged_may_hand_it_on),
        TEST(by_hand_a_path_that_is_through_begins_again),
        TEST(a_repeat_by_the_same_person_changes_nothing),
        TEST(oncall_3161_an_ack_that_races_a_resolve_loses),
        TEST(a_person_who_saw_an_older_version_is_refused),
        TEST(refusals_and_sends_are_no_newer_version),
        TEST(a_version_that_is_not_there_yet_is_refused),
        TEST(a_repeat_is_none_the_worse_for_its_version),
        TEST(a_note_is_a_record_and_changes_nothing),
        TEST(a_note_with_another_action_is_kept_with_it),
        TEST(a_note_with_what_changes_nothing_is_kept),
        TEST(what_came_of_an_action_is_kept_for_the_door),
        TEST(what_came_of_an_action_goes_when_its_link_has_expired),
        TEST(an_id_that_the_door_does_not_make_is_kept_for_nobody),
        TEST(what_is_done_as_a_test_stops_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
