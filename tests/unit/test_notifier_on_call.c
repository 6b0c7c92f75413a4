/* Whom a step means: people, schedules with their overrides, and one of them in turn. */
#include "services/notifier/override.h"
#include "tests/unit/notifier_case.h"

/*
 * "prim": ana until 10:00, then ben; "late": cyd from 12:00 on. The day of core_harness.h is
 * Monday, the 23rd of November 2026.
 */
static void apply(const char *steps)
{
    char text[4096];
    int size = snprintf(text, sizeof(text),
                        "policy: 1\n"
                        "schedules:\n"
                        "  prim: {zone: UTC, layers: [{name: base, rotation: daily, start: "
                        "2026-11-22, at: \"10:00\", people: [ana, ben]}]}\n"
                        "  late: {zone: UTC, layers: [{name: base, rotation: daily, start: "
                        "2026-11-23, at: \"12:00\", people: [cyd]}]}\n"
                        "teams: {crew: {page: [hal, gus], schedule: [prim]}}\n"
                        "paths: {desk: {steps: %s}}\n"
                        "queues: {desk: {tier: 1}}\n"
                        "routes: [{rule: all, queue: desk, path: desk}]\n"
                        "alerts:\n"
                        "  - {rule: critical, on: opened, when: {risk: [critical]}, "
                        "severity: critical}\n",
                        steps);
    assert_true(size > 0 && (size_t)size < sizeof(text));
    feed_policy(&feed, "08:00", text);
    core_transcript(feed.core);
}

static void open_alert(const char *time, unsigned issue)
{
    feed_issue(&feed, time, (struct feed_issue){.issue = issue});
    core_transcript(feed.core);
}

#define PRIM "[{schedule: prim, wait: 1h}, {page: [gus], wait: 5m}]"

/* --- schedules -------------------------------------------------------------------------------- */

static void a_step_pages_whoever_is_on_call_when_it_begins(void **state)
{
    (void)state;
    apply(PRIM);
    open_alert("09:59:59.999", 1);
    assert_string_equal(feed_due(&feed, "10:00"), "ana");
    open_alert("10:00", 2);
    assert_string_equal(feed_due(&feed, "10:00"), "ana ben");
    assert_string_equal(feed_page(&feed, 2, 0)->contact, "ben");
    assert_int_equal(feed_alert(&feed, 2)->pages, 1);
}

static void people_and_schedules_add_up_and_nobody_is_paged_twice(void **state)
{
    (void)state;
    apply("[{page: [ben, ana], schedule: [prim, late, prim], wait: 1h}]");
    open_alert("13:00", 1);
    assert_string_equal(feed_due(&feed, "13:00"), "ben ana cyd");
    assert_int_equal(feed_alert(&feed, 1)->pages, 3);
}

static void a_team_is_its_people_and_whoever_is_on_call_by_its_schedules(void **state)
{
    (void)state;
    apply("[{page: [gus], team: crew, wait: 1h}]");
    open_alert("09:00", 1);
    assert_string_equal(feed_due(&feed, "09:00"), "gus hal ana");
    open_alert("10:00", 2);
    assert_int_equal(feed_alert(&feed, 2)->pages, 3);
    assert_string_equal(feed_page(&feed, 2, 2)->contact, "ben");
}

static void one_of_a_team_has_the_turn(void **state)
{
    (void)state;
    apply("[{team: [crew], round_robin: yes, wait: 1h}]");
    for (unsigned issue = 1; issue <= 4; issue++)
        open_alert("09:00", issue);
    assert_string_equal(feed_page(&feed, 1, 0)->contact, "hal");
    assert_string_equal(feed_page(&feed, 2, 0)->contact, "gus");
    assert_string_equal(feed_page(&feed, 3, 0)->contact, "ana");
    assert_string_equal(feed_page(&feed, 4, 0)->contact, "hal");
    assert_int_equal(feed_alert(&feed, 4)->pages, 1);
}

static void goalert_4548_a_schedule_with_nobody_is_an_empty_step(void **state)
{
    (void)state;
    apply("[{schedule: late, wait: 1h}, {page: [gus], wait: 5m}]");
    feed_issue(&feed, "11:59", (struct feed_issue){.issue = 1});
    assert_told(&feed,
                "11:59:00 alert_opened 1 critical path=desk \"opened critical\" (critical) v1\n"
                "11:59:00 alert_escalated 1 to step=0 round=0 (nobody is on call for the step) v1\n"
                "11:59:00 alert_paged 1 gus step=1 round=0 page_pending v1\n");
}

static void a_page_says_who_will_be_on_call_when_it_is_their_turn(void **state)
{
    (void)state;
    apply("[{page: [gus], wait: 2h}, {schedule: [prim, late], wait: 1h}]");
    open_alert("09:00", 1); /* the second step begins at 11:00, and cyd at noon */
    assert_string_equal(feed_page(&feed, 1, 0)->after, "ben");
    assert_int_equal(feed_page(&feed, 1, 0)->after_more, 0);
    open_alert("10:30", 2);
    assert_string_equal(feed_page(&feed, 2, 0)->after, "ben");
    assert_int_equal(feed_page(&feed, 2, 0)->after_more, 1);
}

/* --- overrides -------------------------------------------------------------------------------- */

static void the_record_of_a_page_says_by_which_schedule(void **state)
{
    (void)state;
    apply("[{page: [gus], schedule: prim, wait: 5h}]");
    feed_override(&feed, "08:30", "o1", "dee", "ben", "08:00", "12:00");
    core_transcript(feed.core);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_issue(&feed, "11:00", (struct feed_issue){.issue = 2});
    assert_told(&feed,
                "09:00:00 alert_opened 1 critical path=desk \"opened critical\" (critical) v1\n"
                "09:00:00 alert_paged 1 gus step=0 round=0 page_pending v1\n"
                "09:00:00 alert_paged 1 ana step=0 round=0 page_pending (on call by prim "
                "(base)) v1\n"
                "11:00:00 alert_opened 2 critical path=desk \"opened critical\" (critical) v1\n"
                "11:00:00 alert_paged 2 gus step=0 round=0 page_pending v1\n"
                "11:00:00 alert_paged 2 dee step=0 round=0 page_pending (on call by prim "
                "(override o1)) v1\n");
}

static void an_override_is_paged_while_it_lasts(void **state)
{
    (void)state;
    apply(PRIM);
    feed_override(&feed, "08:30", "o1", "dee", "", "09:00", "09:30");
    assert_told(&feed, "08:30:00 override o1 of prim: dee from=09:00:00 until=09:30:00\n");
    open_alert("08:59", 1);
    open_alert("09:00", 2);
    open_alert("09:30", 3);
    assert_string_equal(feed_page(&feed, 1, 0)->contact, "ana");
    assert_string_equal(feed_page(&feed, 2, 0)->contact, "dee");
    assert_string_equal(feed_page(&feed, 3, 0)->contact, "ana");
}

static void two_overrides_are_a_swap(void **state)
{
    (void)state;
    apply(PRIM);
    feed_override(&feed, "08:30", "o1", "ben", "ana", "08:00", "12:00");
    feed_override(&feed, "08:30", "o2", "ana", "ben", "08:00", "12:00");
    open_alert("09:00", 1);
    open_alert("11:00", 2);
    open_alert("12:00", 3);
    assert_string_equal(feed_page(&feed, 1, 0)->contact, "ben");
    assert_string_equal(feed_page(&feed, 2, 0)->contact, "ana");
    assert_string_equal(feed_page(&feed, 3, 0)->contact, "ben");
}

static void an_override_that_is_taken_back_ends_there(void **state)
{
    (void)state;
    apply(PRIM);
    feed_override(&feed, "08:30", "o1", "dee", "", "08:00", "12:00");
    feed_override(&feed, "08:30", "o2", "eli", "", "13:00", "14:00");
    core_transcript(feed.core);
    feed_override(&feed, "09:00", "o1", NULL, NULL, NULL, NULL);
    feed_override(&feed, "09:00", "o2", NULL, NULL, NULL, NULL);
    feed_override(&feed, "09:01", "o1", NULL, NULL, NULL, NULL);
    feed_override(&feed, "09:01", "o2", NULL, NULL, NULL, NULL);
    assert_told(&feed,
                "09:00:00 override o1 of prim ended: dee from=08:00:00 until=09:00:00\n"
                "09:00:00 override o2 of prim ended: eli from=13:00:00 until=14:00:00\n"
                "09:01:00 override o1 of prim ended:  refused (it is over already)\n"
                "09:01:00 override o2 of prim ended:  refused (there is no such override)\n");
    open_alert("09:02", 1);
    assert_string_equal(feed_page(&feed, 1, 0)->contact, "ana");
    open_alert("13:30", 2);
    assert_string_equal(feed_page(&feed, 2, 0)->contact, "ben");
}

static void an_override_that_cannot_be_is_refused(void **state)
{
    (void)state;
    feed_override(&feed, "07:00", "o1", "dee", "", "08:00", "12:00"); /* before any policy */
    apply(PRIM);
    feed_override(&feed, "08:30", "o1", "dee", "", "07:00", "08:30");
    feed_override(&feed, "08:30", "o1", "dee", "", "09:00", "12:00");
    feed_override(&feed, "08:31", "o1", "eli", "", "09:00", "12:00");
    feed_contact(&feed, "08:32", "*", "");
    feed_override(&feed, "08:33", "o2", "eli", "", "09:00", "12:00");
    assert_told(
        &feed, "08:30:00 override o1 of prim: dee from=07:00:00 until=08:30:00 refused (it is over "
               "already)\n"
               "08:30:00 override o1 of prim: dee from=09:00:00 until=12:00:00\n"
               "08:31:00 override o1 of prim: eli from=09:00:00 until=12:00:00 refused (there is "
               "an override with this id)\n"
               "08:32:00 contact *\n"
               "08:33:00 override o2 of prim: eli from=09:00:00 until=12:00:00 refused (the "
               "contacts file does not say how the person is reached)\n");
}

static void what_is_past_gives_way_and_what_is_to_come_does_not(void **state)
{
    char id[16];
    (void)state;
    apply(PRIM);
    for (unsigned i = 0; i < OVERRIDE_MOST; i++) {
        (void)snprintf(id, sizeof(id), "o%u", i);
        feed_override(&feed, "08:30", id, "dee", "", "08:00", i % 2 == 0 ? "09:00" : "23:00");
        core_forget(feed.core);
    }
    core_transcript(feed.core);
    feed_override(&feed, "08:59", "more", "eli", "", "11:00", "12:00");
    assert_told(&feed, "08:59:00 override more of prim: eli from=11:00:00 until=12:00:00 refused "
                       "(the schedule has as many overrides as it may)\n");
    feed_override(&feed, "09:00", "more", "eli", "", "11:00", "12:00");
    assert_told(&feed, "09:00:00 override more of prim: eli from=11:00:00 until=12:00:00\n");
    open_alert("11:00", 1);
    assert_string_equal(feed_page(&feed, 1, 0)->contact, "eli");
}

/* All rows of a schedule are read at once, each time that somebody is paged by it. */
static void what_a_newer_version_says_in_overrides_does_not_stop_the_notifier(void **state)
{
    char id[16], bytes[1202] = {(char)0xb0, 0x09}; /* a length, and as many bytes */
    (void)state;
    apply(PRIM);
    feed.newer = toc_str(bytes, sizeof(bytes));
    for (unsigned i = 0; i < OVERRIDE_MOST; i++) {
        (void)snprintf(id, sizeof(id), "o%u", i);
        feed_override(&feed, "08:30", id, "dee", "", "08:00", "23:00");
        core_forget(feed.core);
    }
    open_alert("11:00", 1);
    assert_string_equal(feed_page(&feed, 1, 0)->contact, "dee");
}

/* --- round robin ------------------------------------------------------------------------------ */

static void round_robin_pages_one_and_another_one_the_next_time(void **state)
{
    static const char *const expected[] = {"gus", "hal", "ana", "gus", "hal"};
    (void)state;
    apply("[{page: [gus, hal], schedule: prim, round_robin: yes, wait: 1h}]");
    for (unsigned i = 0; i < 5; i++) {
        feed.reopen = i == 2; /* the turns are on disk */
        open_alert("09:00", i + 1);
        assert_string_equal(feed_page(&feed, i + 1, 0)->contact, expected[i]);
        assert_int_equal(feed_alert(&feed, i + 1)->pages, 1);
    }
}

static void steps_and_paths_have_turns_of_their_own(void **state)
{
    (void)state;
    apply("[{page: [gus, hal], round_robin: yes, wait: 5m}, {page: [ida, joe], round_robin: yes, "
          "wait: 5m}]");
    open_alert("09:00", 1);
    assert_string_equal(feed_page(&feed, 1, 0)->after, "ida");
    feed_time(&feed, "09:06");
    assert_string_equal(feed_page(&feed, 1, 1)->contact, "ida");
    open_alert("09:07", 2);
    assert_string_equal(feed_page(&feed, 2, 0)->contact, "hal");
    assert_string_equal(feed_page(&feed, 2, 0)->after, "joe");
}

static void who_has_no_method_is_passed_over_and_recorded(void **state)
{
    (void)state;
    feed_contact(&feed, "07:00", "*", "");
    feed_contact(&feed, "07:00", "hal", "push");
    feed_contact(&feed, "07:00", "ida", "push? mail?");
    feed_contact(&feed, "07:00", "joe", "mail");
    apply("[{page: [zoe], wait: 5m}, {page: [gus, hal, ida, joe], round_robin: yes, wait: 5m}]");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_told(&feed,
                "09:00:00 alert_opened 1 critical path=desk \"opened critical\" (critical) v1\n"
                "09:00:00 alert_paged 1 zoe step=0 round=0 page_pending v1\n"
                "09:00:00 page_ended 1 zoe step=0 round=0 page_dead (the person is not in the "
                "contacts file) v1\n"
                "09:00:00 alert_escalated 1 to step=0 round=0 (no page of the step can be "
                "delivered) v1\n"
                "09:00:00 alert_paged 1 gus step=1 round=0 page_pending v1\n"
                "09:00:00 page_ended 1 gus step=1 round=0 page_dead (the person is not in the "
                "contacts file) v1\n"
                "09:00:00 alert_paged 1 hal/push step=1 round=0 page_pending v1\n");
    open_alert("09:01", 2);
    assert_string_equal(feed_page(&feed, 1, 0)->after, "hal");
    assert_string_equal(feed_page(&feed, 2, 0)->after, "joe");
    assert_string_equal(feed_page(&feed, 2, 1)->contact, "ida");
    assert_string_equal(feed_page(&feed, 2, 2)->contact, "joe");
    open_alert("09:02", 3); /* nobody has two in succession for it */
    assert_string_equal(feed_page(&feed, 3, 1)->contact, "gus");
    assert_string_equal(feed_page(&feed, 3, 2)->contact, "hal");
}

static void grafana_1326_a_round_in_which_nobody_can_be_reached_is_left_at_once(void **state)
{
    (void)state;
    feed_contact(&feed, "07:00", "*", "");
    feed_contact(&feed, "07:00", "ida", "push");
    apply("[{page: [gus, hal], round_robin: yes, wait: 5m}, {page: [ida], wait: 5m}]");
    open_alert("09:00", 1);
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
    assert_int_equal(feed_page(&feed, 1, 1)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
    assert_string_equal(feed_page(&feed, 1, 2)->contact, "ida");
    assert_int_equal(feed_alert(&feed, 1)->step, 1);
}

/* As long as a policy may have it: a record for each step, and others must not wait for them. */
static void a_longest_path_that_means_nobody_is_gone_through_bit_by_bit(void **state)
{
    char steps[2048] = "[";
    (void)state;
    for (unsigned i = 0; i < 32; i++)
        snprintf(steps + strlen(steps), 64, "%s{schedule: late, wait: 5m}", i > 0 ? ", " : "");
    strcat(steps, "], repeat: 20");
    apply(steps);
    open_alert("09:00", 1);
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    assert_int_equal(feed_alert(&feed, 1)->repeat, 256 / 32);
    feed_time(&feed, "09:00:01");
    assert_null(strstr(core_transcript(feed.core), "can be delivered"));
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    feed_time(&feed, "09:00:02");
    assert_null(strstr(core_transcript(feed.core), "can be delivered"));
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    assert_int_equal(feed_alert(&feed, 1)->pages, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, end)
    const struct CMUnitTest tests[] = {
        TEST(a_step_pages_whoever_is_on_call_when_it_begins),
        TEST(people_and_schedules_add_up_and_nobody_is_paged_twice),
        TEST(a_team_is_its_people_and_whoever_is_on_call_by_its_schedules),
        TEST(one_of_a_team_has_the_turn),
        TEST(goalert_4548_a_schedule_with_nobody_is_an_empty_step),
        TEST(a_page_says_who_will_be_on_call_when_it_is_their_turn),
        TEST(the_record_of_a_page_says_by_which_schedule),
        TEST(an_override_is_paged_while_it_lasts),
        TEST(two_overrides_are_a_swap),
        TEST(an_override_that_is_taken_back_ends_there),
        TEST(an_override_that_cannot_be_is_refused),
        TEST(what_is_past_gives_way_and_what_is_to_come_does_not),
        TEST(what_a_newer_version_says_in_overrides_does_not_stop_the_notifier),
        TEST(round_robin_pages_one_and_another_one_the_next_time),
        TEST(steps_and_paths_have_turns_of_their_own),
        TEST(who_has_no_method_is_passed_over_and_recorded),
        TEST(grafana_1326_a_round_in_which_nobody_can_be_reached_is_left_at_once),
        TEST(a_longest_path_that_means_nobody_is_gone_through_bit_by_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
