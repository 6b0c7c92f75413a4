/* What a provider that keeps incidents is told of an alert's end. */
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

#define P(state) TOCSIN__V1__PAGE_STATE__PAGE_##state

static void assert_page(uint32_t index, const char *kind, Tocsin__V1__PageState state)
{
    const Tocsin__V1__Page *page = feed_page(&feed, 1, index);
    assert_string_equal(page->kind, kind);
    assert_int_equal(page->state, state);
}

static void assert_pages(uint32_t count)
{
    assert_int_equal(feed_alert(&feed, 1)->pages, count);
}

/* --- what is told --------------------------------------------------------------------------- */

static void an_answer_and_the_end_are_told_by_the_method_that_was_accepted(void **state)
{
    (void)state;
    open_alert_by("pagerduty mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    core_transcript(feed.core);
    feed_act_on(&feed, "09:00:02", "acked", 1, "bob");
    feed_outcome(&feed, "09:00:03", 1, 1, 202);
    feed_act_on(&feed, "09:00:04", "resolved", 1, "bob");
    assert_told(
        &feed, "09:00:02 alert_acked 1 by=bob v1\n"
               "09:00:02 alert_paged 1 ana/pagerduty step=0 round=0 page_pending "
               "kind=acknowledged v1\n"
               "09:00:03 alert_sent 1 ana/pagerduty step=0 round=0 page_accepted kind=acknowledged "
               "attempts=1 (202) v1\n"
               "09:00:03 page_ended 1 ana/pagerduty step=0 round=0 page_accepted kind=acknowledged "
               "attempts=1 v1\n"
               "09:00:04 alert_closed 1 by=bob (resolved by hand) v1\n"
               "09:00:04 alert_paged 1 ana/pagerduty step=0 round=0 page_pending kind=resolved "
               "v1\n");
}

static void two_pages_to_one_service_are_one_incident(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "eve", "duty/pagerduty");
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "pagerduty");
    feed_desk(&feed, "[{page: [ana, eve], wait: 5m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_act_on(&feed, "09:00:02", "resolved", 1, "ana");
    assert_pages(3);
}

static void a_refused_trigger_is_followed_by_nothing(void **state)
{
    (void)state;
    open_alert_by("pagerduty mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 400);
    feed_outcome(&feed, "09:00:02", 1, 0, 200);
    feed_act_on(&feed, "09:00:03", "acked", 1, "ana");
    feed_act_on(&feed, "09:00:04", "resolved", 1, "ana");
    assert_pages(1);
}

static void other_methods_are_told_nothing_of_the_end(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_act_on(&feed, "09:00:02", "acked", 1, "ana");
    feed_act_on(&feed, "09:00:03", "resolved", 1, "ana");
    assert_pages(1);
}

static void a_trigger_without_an_answer_may_have_come_through(void **state)
{
    (void)state;
    open_alert_by("pagerduty mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 0);
    assert_string_equal(feed_page(&feed, 1, 0)->method, "mail");
    feed_act_on(&feed, "09:00:02", "resolved", 1, "bob");
    assert_page(1, "resolved", P(PENDING));
    assert_string_equal(feed_page(&feed, 1, 1)->method, "pagerduty");
}

static void a_trigger_that_is_under_way_is_followed_by_the_end(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_act_on(&feed, "09:00:01", "resolved", 1, "ana");
    assert_page(0, "", P(CANCELLED));
    assert_page(1, "resolved", P(PENDING));
    feed_outcome(&feed, "09:00:02", 1, 0, 202); /* late */
    feed_outcome(&feed, "09:00:03", 1, 1, 202);
    assert_pages(2);
    assert_page(0, "", P(CANCELLED));
    assert_page(1, "resolved", P(ACCEPTED));
}

static void the_end_of_a_clock_is_one_too(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_issue(&feed, "09:00:02",
               (struct feed_issue){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS,
                                   .state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED});
    assert_page(1, "resolved", P(PENDING));
}

static void every_service_of_a_long_path_is_told_of_the_end(void **state)
{
    enum { STEPS = 8, PEOPLE = 32, ALL = STEPS * PEOPLE };
    char steps[2048], name[24], method[24], time[16];
    size_t used = 0;
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    for (unsigned i = 0; i < ALL; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        snprintf(method, sizeof(method), "pagerduty%u", i);
        feed_contact(&feed, "08:00", name, method);
        used += (size_t)snprintf(steps + used, sizeof(steps) - used, "%s%s%s",
                                 i == 0            ? "[{page: ["
                                 : i % PEOPLE == 0 ? "], wait: 1m}, {page: ["
                                                   : ", ",
                                 name, i + 1 == ALL ? "], wait: 1h}]" : "");
    }
    feed_desk(&feed, steps, 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    for (unsigned step = 1; step < STEPS; step++) {
        snprintf(time, sizeof(time), "09:%02u", 2 * step);
        feed_time(&feed, time); /* what was ready may have been under way */
    }
    assert_pages(ALL);
    feed_act_on(&feed, "09:30", "acked", 1, "p0");
    assert_pages(2 * ALL);
    feed_act_on(&feed, "09:31", "resolved", 1, "p0");
    assert_pages(3 * ALL);
    assert_int_equal(core_count(feed.core, TABLE_MIRROR), 0);
}

/* --- order ---------------------------------------------------------------------------------- */

static void what_is_resolved_is_no_more_acknowledged(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_act_on(&feed, "09:00:02", "acked", 1, "ana");
    feed_act_on(&feed, "09:00:03", "resolved", 1, "ana");
    assert_page(1, "acknowledged", P(CANCELLED));
    assert_page(2, "resolved", P(PENDING));
    assert_string_equal(feed_due(&feed, "09:00:03"), "ana");
}

static void what_goes_on_after_an_acknowledgement_is_another_incident(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_action(&feed, "09:00:02",
                (struct feed_action){.verb = "snoozed", .by = "ana", .until = "09:10"});
    assert_page(1, "acknowledged", P(PENDING));
    feed_time(&feed, "09:11");
    assert_page(1, "acknowledged", P(CANCELLED));
    assert_page(2, "resolved", P(PENDING));
    assert_page(3, "", P(PENDING));
    assert_int_equal(feed_page(&feed, 1, 2)->reopened, 0);
    assert_int_equal(feed_page(&feed, 1, 3)->reopened, 1);
    feed_act_on(&feed, "09:11:01", "resolved", 1, "ana"); /* the old end is still to be told */
    assert_page(2, "resolved", P(PENDING));
    assert_page(4, "resolved", P(PENDING));
    assert_int_equal(feed_page(&feed, 1, 4)->reopened, 1);
}

static void an_alert_that_escalates_stays_one_incident(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_act_on(&feed, "09:00:02", "escalated", 1, "ana");
    assert_int_equal(feed_alert(&feed, 1)->reopened, 0);
    assert_pages(2);
}

/* Alert 1 is acknowledged by ana, who is to be reminded at 09:55. */
static void acknowledge_for_an_hour(const char *methods)
{
    feed.path_more = ", ack_expires: 1h";
    open_alert_by(methods);
    feed_outcome(&feed, "09:00:00", 1, 0, 202);
    feed_act_on(&feed, "09:00:00", "acked", 1, "ana");
    feed_time(&feed, "09:56");
}

static void a_reminder_goes_where_what_is_acknowledged_rings(void **state)
{
    (void)state;
    acknowledge_for_an_hour("pagerduty push? mail");
    assert_page(2, "reminder", P(PENDING));
    assert_string_equal(feed_page(&feed, 1, 2)->method, "mail");
}

static void a_reminder_of_whom_nothing_else_reaches_goes_there_all_the_same(void **state)
{
    (void)state;
    acknowledge_for_an_hour("pagerduty push?");
    assert_page(2, "reminder", P(PENDING));
    assert_string_equal(feed_page(&feed, 1, 2)->method, "pagerduty");
}

/* --- delivery ------------------------------------------------------------------------------- */

static void news_are_tried_for_a_day_by_that_method_alone(void **state)
{
    (void)state;
    open_alert_by("pagerduty mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_act_on(&feed, "09:00:02", "resolved", 1, "ana");
    feed_outcome(&feed, "09:00:03", 1, 1, 500);
    feed_outcome(&feed, "09:00:10", 1, 1, 500);
    assert_string_equal(feed_page(&feed, 1, 1)->method, "pagerduty");
    assert_page(1, "resolved", P(PENDING));
    assert_int_equal(feed_page(&feed, 1, 1)->ends_ms, core_time("09:00:02") + TOC_DAY_MS);
}

static void news_that_are_refused_die_and_end_nothing(void **state)
{
    (void)state;
    open_alert_by("pagerduty mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_act_on(&feed, "09:00:02", "acked", 1, "ana");
    core_transcript(feed.core);
    feed_outcome(&feed, "09:00:03", 1, 1, 400);
    assert_told(&feed,
                "09:00:03 alert_sent 1 ana/pagerduty step=0 round=0 page_dead kind=acknowledged "
                "attempts=1 (400) v1\n"
                "09:00:03 page_ended 1 ana/pagerduty step=0 round=0 page_dead kind=acknowledged "
                "attempts=1 (refused for good) v1\n");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED);
}

static void no_silence_keeps_what_tells_of_the_end(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_mute(&feed, "09:00:02",
              (struct feed_mute){
                  .id = "s1", .matcher = "severity=critical", .until = "10:00", .really = true});
    feed_act_on(&feed, "09:00:03", "acked", 1, "ana");
    assert_page(1, "acknowledged", P(PENDING));
    assert_string_equal(feed_due(&feed, "09:00:03"), "ana");
}

static void news_let_go_of_no_alert_that_a_silence_holds(void **state)
{
    (void)state;
    open_alert_by("pagerduty");
    feed_outcome(&feed, "09:00:01", 1, 0, 202);
    feed_action(&feed, "09:00:02",
                (struct feed_action){.verb = "snoozed", .by = "ana", .until = "09:10"});
    feed_mute(&feed, "09:00:03",
              (struct feed_mute){
                  .id = "s1", .matcher = "severity=critical", .until = "10:00", .really = true});
    feed_time(&feed, "09:11"); /* the step rings again, and is kept */
    assert_page(2, "resolved", P(PENDING));
    assert_page(3, "", P(SUPPRESSED));
    feed_outcome(&feed, "09:11:01", 1, 2, 500);
    feed_time(&feed, "09:11:05"); /* the news are judged again */
    assert_string_equal(feed_alert(&feed, 1)->muted_by, "s1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_and_the_end_are_told_by_the_method_that_was_accepted),
        TEST(two_pages_to_one_service_are_one_incident),
        TEST(a_refused_trigger_is_followed_by_nothing),
        TEST(other_methods_are_told_nothing_of_the_end),
        TEST(a_trigger_without_an_answer_may_have_come_through),
        TEST(a_trigger_that_is_under_way_is_followed_by_the_end),
        TEST(the_end_of_a_clock_is_one_too),
        TEST(every_service_of_a_long_path_is_told_of_the_end),
        TEST(what_is_resolved_is_no_more_acknowledged),
        TEST(what_goes_on_after_an_acknowledgement_is_another_incident),
        TEST(an_alert_that_escalates_stays_one_incident),
        TEST(a_reminder_goes_where_what_is_acknowledged_rings),
        TEST(a_reminder_of_whom_nothing_else_reaches_goes_there_all_the_same),
        TEST(news_are_tried_for_a_day_by_that_method_alone),
        TEST(news_that_are_refused_die_and_end_nothing),
        TEST(no_silence_keeps_what_tells_of_the_end),
        TEST(news_let_go_of_no_alert_that_a_silence_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
