#include "tests/unit/notifier_case.h"

#include <stdlib.h>

/* A clock of issue 1 warns, which is no urgent page. */
static void open_normal(const char *methods)
{
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "somebody", methods);
    feed_desk(&feed, "[{page: [ana], wait: 5m}]", 0);
    feed_clock(&feed, "09:00",
               (struct feed_clock){.issue = 1,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED,
                                   .threshold_percent = 80});
    core_transcript(feed.core);
}

static const char *method_of(uint32_t index)
{
    return feed_page(&feed, 1, index)->method;
}

static toc_time_ms next_of(uint32_t index)
{
    return feed_page(&feed, 1, index)->next_ms;
}

/* --- what the shell tells ------------------------------------------------------------------- */

static void what_the_file_says_is_a_record_once(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "ana", "push mail?");
    assert_told(&feed, "08:00:00 contact ana push mail?\n");
    feed_contact(&feed, "08:01", "ana", "push mail?");
    assert_told(&feed, "");
    feed_contact(&feed, "08:02", "ana", "mail? push");
    assert_told(&feed, "08:02:00 contact ana mail? push\n");
    feed_contact(&feed, "08:03", "ana", NULL);
    assert_told(&feed, "08:03:00 contact ana gone\n");
    feed_contact(&feed, "08:04", "bob", NULL); /* never heard of */
    assert_told(&feed, "");
}

static void who_is_gone_leaves_no_row(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push");
    feed_contact(&feed, "08:01", "ana", NULL);
    feed_contact(&feed, "08:01", "*", NULL);
    core_transcript(feed.core);
    assert_int_equal(core_count(feed.core, TABLE_CONTACT), 0);
    feed_contact(&feed, "08:02", "ana", NULL); /* told again */
    assert_told(&feed, "");
    feed_contact(&feed, "08:03", "ana", "push?");
    assert_told(&feed, "08:03:00 contact ana push?\n");
}

static void without_a_file_everybody_is_reached_by_the_fake_pager(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", NULL);
    feed_desk(&feed, "[{page: [ana], wait: 5m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_string_equal(feed_due(&feed, "09:00"), "ana");
    assert_string_equal(method_of(0), "");
}

static void grafana_1326_who_has_no_method_is_passed_over_at_once(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "bob", "mail");
    feed_contact(&feed, "08:00", "eve", "push?"); /* not verified */
    feed_desk(&feed, "[{page: [ana, eve], wait: 5m}, {page: [bob], wait: 10m}]", 0);
    core_transcript(feed.core);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_told(&feed,
                "09:00:00 alert_opened 1 critical path=desk \"opened critical\" (critical) v1\n"
                "09:00:00 alert_paged 1 ana step=0 round=0 page_pending v1\n"
                "09:00:00 page_ended 1 ana step=0 round=0 page_dead (the person is not in the "
                "contacts file) v1\n"
                "09:00:00 alert_paged 1 eve step=0 round=0 page_pending v1\n"
                "09:00:00 page_ended 1 eve step=0 round=0 page_dead (the person has no contact "
                "method that may be used) v1\n"
                "09:00:00 alert_escalated 1 to step=0 round=0 (no page of the step can be "
                "delivered) v1\n"
                "09:00:00 alert_paged 1 bob/mail step=1 round=0 page_pending v1\n");
}

static void a_path_that_reaches_nobody_is_exhausted_at_once(void **state)
{
    (void)state;
    feed_contact(&feed, "08:00", "*", "");
    feed_desk(&feed, "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]", 3);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    assert_int_equal(feed_alert(&feed, 1)->pages, 8);
    assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 0);
}

/* --- the chain ------------------------------------------------------------------------------ */

static void grafana_1403_a_refusal_takes_the_next_method_at_once(void **state)
{
    char delivery[NOTIFIER_DELIVERY_MAX];
    (void)state;
    open_alert_by("push mail sms");
    assert_string_equal(method_of(0), "push");
    toc_str_copy(delivery, sizeof(delivery), toc_str_of(feed_page(&feed, 1, 0)->delivery));
    feed_outcome(&feed, "09:00:01", 1, 0, 404);
    assert_string_equal(feed_due(&feed, "09:00:01"), "ana");
    assert_string_equal(method_of(0), "mail");
    feed_outcome(&feed, "09:00:02", 1, 0, 400);
    assert_string_equal(method_of(0), "sms");
    assert_string_equal(feed_page(&feed, 1, 0)->delivery, delivery);
    feed_outcome(&feed, "09:00:03", 1, 0, 404);
    assert_told(&feed,
                "09:00:01 alert_sent 1 ana/push step=0 round=0 page_pending attempts=1 (404) v1\n"
                "09:00:02 alert_sent 1 ana/mail step=0 round=0 page_pending attempts=2 (400) v1\n"
                "09:00:03 alert_sent 1 ana/sms step=0 round=0 page_dead attempts=3 (404) v1\n"
                "09:00:03 page_ended 1 ana/sms step=0 round=0 page_dead attempts=3 (refused for "
                "good) v1\n"
                "09:00:03 alert_escalated 1 to step=1 round=0 (no page of the step can be "
                "delivered) v1\n"
                "09:00:03 alert_paged 1 bob/mail step=1 round=0 page_pending v1\n");
}

static void an_urgent_page_leaves_who_does_not_answer_at_once(void **state)
{
    (void)state;
    open_alert_by("push mail");
    assert_int_equal(feed_page(&feed, 1, 0)->cut_ms, 4000);
    feed_outcome(&feed, "09:00:04", 1, 0, 0);
    assert_string_equal(method_of(0), "mail");
    assert_string_equal(feed_due(&feed, "09:00:04"), "ana");
}

/* It waited behind one that had no answer; its own receiver was not asked. */
static void a_page_that_is_passed_on_blames_nobody(void **state)
{
    (void)state;
    open_alert_by("push mail");
    for (int i = 0; i < 3; i++) {
        feed_passed_on(&feed, "09:00:04", 1, 0);
        assert_string_equal(method_of(0), i % 2 == 0 ? "mail" : "push");
        feed_time(&feed, "09:00:06");
    }
    assert_int_equal(core_count(feed.core, TABLE_PROVIDER), 0);
    feed_outcome(&feed, "09:00:07", 1, 0, 200);
    feed_passed_on(&feed, "09:00:08", 1, 0);
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED);
    assert_int_equal(feed_page(&feed, 1, 0)->attempts, 4);
}

static void an_error_is_tried_twice_before_the_next_method(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_outcome(&feed, "09:00:00", 1, 0, 500);
    assert_string_equal(method_of(0), "push");
    assert_string_equal(feed_due(&feed, "09:00:00"), "");
    assert_true(next_of(0) < core_time("09:00:01"));
    feed_time(&feed, "09:00:01");
    assert_string_equal(feed_due(&feed, "09:00:01"), "ana");
    feed_outcome(&feed, "09:00:01", 1, 0, 500);
    assert_string_equal(method_of(0), "mail");
    assert_string_equal(feed_due(&feed, "09:00:01"), "ana");
}

static void a_normal_page_waits_for_an_answer_twice(void **state)
{
    (void)state;
    open_normal("push mail");
    assert_int_equal(feed_page(&feed, 1, 0)->cut_ms, 0);
    feed_outcome(&feed, "09:00:15", 1, 0, 0);
    assert_string_equal(method_of(0), "push");
    feed_time(&feed, "09:00:17");
    feed_outcome(&feed, "09:00:30", 1, 0, 0);
    assert_string_equal(method_of(0), "mail");
}

static void after_the_last_method_the_first_comes_again_later_and_later(void **state)
{
    static const toc_time_ms most[] = {1000, 2000, 4000, 8000};
    char time[32];
    toc_time_ms at_ms = core_time("09:00");
    (void)state;
    open_alert_by("push mail");
    for (size_t i = 0; i < 4; i++) {
        core_time_text(time, at_ms);
        feed_outcome(&feed, time, 1, 0, 0);
        assert_string_equal(method_of(0), "mail");
        assert_string_equal(feed_due(&feed, time), "ana");
        feed_outcome(&feed, time, 1, 0, 0);
        assert_string_equal(method_of(0), "push");
        assert_int_equal(feed_page(&feed, 1, 0)->rounds, i + 1);
        assert_true(next_of(0) >= at_ms + most[i] / 2 && next_of(0) < at_ms + most[i]);
        at_ms = next_of(0) + 1;
        feed_time(&feed, core_time_text(time, at_ms));
    }
}

static void a_method_that_refused_is_not_asked_again(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 404);
    for (unsigned i = 0; i < 4; i++) {
        char time[32];
        core_time_text(time, core_time("09:00:02") + i * 20 * TOC_SECOND_MS);
        feed_time(&feed, time);
        feed_outcome(&feed, time, 1, 0, 500);
        assert_string_equal(method_of(0), "mail");
    }
    assert_int_equal(feed_page(&feed, 1, 0)->cut_ms, 0); /* nothing else is left */
}

static void a_receiver_that_wants_long_patience_is_left_by_what_is_urgent(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_outcome_after(&feed, "09:00:01", 1, 0, 429, "09:00:30");
    assert_string_equal(method_of(0), "mail");
    assert_string_equal(feed_due(&feed, "09:00:01"), "ana");
}

static void a_floor_beyond_the_step_takes_the_next_method(void **state)
{
    (void)state;
    open_normal("push mail");
    feed_outcome_after(&feed, "09:00:01", 1, 0, 503, "10:00"); /* the step ends then */
    assert_string_equal(method_of(0), "mail");
    feed_outcome_after(&feed, "09:00:02", 1, 0, 503, "10:00");
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
    assert_string_equal(feed_page(&feed, 1, 0)->reason,
                        "no other try is wanted before the step ends");
}

/* --- what is learned ------------------------------------------------------------------------ */

static void gone_disables_the_method_until_its_address_changes(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_outcome(&feed, "09:00:01", 1, 0, 410);
    assert_told(&feed,
                "09:00:01 alert_sent 1 ana/push step=0 round=0 page_pending attempts=1 (410) v1\n"
                "09:00:01 contact ana push(the receiver says that it is gone) mail\n");
    assert_string_equal(method_of(0), "mail");
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 2});
    assert_string_equal(feed_page(&feed, 2, 0)->method, "mail");
    feed_contact(&feed, "09:02", "ana", "push mail"); /* a start with the same file */
    feed_issue(&feed, "09:02", (struct feed_issue){.issue = 3});
    assert_string_equal(feed_page(&feed, 3, 0)->method, "mail");
    feed_contact(&feed, "09:03", "ana", "push2 mail");
    feed_issue(&feed, "09:03", (struct feed_issue){.issue = 4});
    assert_string_equal(feed_page(&feed, 4, 0)->method, "push2");
}

static void a_page_follows_the_file_when_its_method_is_there_no_more(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_contact(&feed, "09:00:01", "ana", "sms");
    feed_outcome(&feed, "09:00:02", 1, 0, 404); /* as the sender says of a method it has not */
    assert_string_equal(method_of(0), "sms");
    assert_int_equal(feed_page(&feed, 1, 0)->refused, 0);
}

static void an_acknowledgement_ends_the_chain(void **state)
{
    (void)state;
    open_alert_by("push mail");
    feed_act_on(&feed, "09:00:01", "acked", 1, "ana");
    core_transcript(feed.core);
    feed_outcome(&feed, "09:00:04", 1, 0, 0);
    assert_told(&feed, "09:00:04 alert_sent 1 ana/push step=0 round=0 page_cancelled attempts=1 "
                       "(timeout) v1\n");
    assert_string_equal(feed_due(&feed, "23:00"), "");
}

/* --- what an answer means ------------------------------------------------------------------- */

static Tocsin__V1__PageState state_after(uint32_t code)
{
    feed_close(&feed);
    feed_open(&feed, false);
    open_alert_by("push");
    feed_outcome(&feed, "09:00:01", 1, 0, code);
    return feed_page(&feed, 1, 0)->state;
}

static void goalert_4558_the_status_that_a_webhook_answers_counts(void **state)
{
    static const uint32_t good[] = {200, 202, 204}, bad[] = {301, 302, 400, 401, 404, 410, 422};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(state_after(good[i]), TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(state_after(bad[i]), TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
}

static void alertmanager_2205_what_a_receiver_wants_later_is_not_dropped(void **state)
{
    static const uint32_t later[] = {0, 408, 425, 429, 500, 502, 503, 504};
    (void)state;
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
        assert_int_equal(state_after(later[i]), TOCSIN__V1__PAGE_STATE__PAGE_PENDING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_file_says_is_a_record_once),
        TEST(who_is_gone_leaves_no_row),
        TEST(without_a_file_everybody_is_reached_by_the_fake_pager),
        TEST(grafana_1326_who_has_no_method_is_passed_over_at_once),
        TEST(a_path_that_reaches_nobody_is_exhausted_at_once),
        TEST(grafana_1403_a_refusal_takes_the_next_method_at_once),
        TEST(an_urgent_page_leaves_who_does_not_answer_at_once),
        TEST(a_page_that_is_passed_on_blames_nobody),
        TEST(an_error_is_tried_twice_before_the_next_method),
        TEST(a_normal_page_waits_for_an_answer_twice),
        TEST(after_the_last_method_the_first_comes_again_later_and_later),
        TEST(a_method_that_refused_is_not_asked_again),
        TEST(a_receiver_that_wants_long_patience_is_left_by_what_is_urgent),
        TEST(a_floor_beyond_the_step_takes_the_next_method),
        TEST(gone_disables_the_method_until_its_address_changes),
        TEST(a_page_follows_the_file_when_its_method_is_there_no_more),
        TEST(an_acknowledgement_ends_the_chain),
        TEST(goalert_4558_the_status_that_a_webhook_answers_counts),
        TEST(alertmanager_2205_what_a_receiver_wants_later_is_not_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
