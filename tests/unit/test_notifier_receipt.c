#include "tests/unit/notifier_case.h"

#include <stdlib.h>

/* Alert 1 pages ana by push at 09:00, and a provider has taken it. */
static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push mail");
    feed_contact(&feed, "08:00", "bob", "push");
    feed_desk(&feed, "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    core_transcript(feed.core);
    return 0;
}

static void say(const char *time, const char *what, uint32_t page)
{
    feed_receipt(&feed, time, what, feed_page(&feed, 1, page)->delivery);
}

static void what_a_provider_says_is_noted_once(void **state)
{
    (void)state;
    say("09:00:05", "delivered", 0);
    say("09:00:06", "delivered", 0);
    say("09:00:07", "read", 0);
    assert_told(&feed, "09:00:05 alert_noted 1 ana/push step=0 round=0 page_accepted attempts=1 "
                       "by=console (delivered) v1\n"
                       "09:00:07 alert_noted 1 ana/push step=0 round=0 page_accepted attempts=1 "
                       "by=console (read) v1\n");
    assert_int_equal(feed_page(&feed, 1, 0)->delivered_ms, core_time("09:00:05"));
    assert_int_equal(feed_page(&feed, 1, 0)->read_ms, core_time("09:00:07"));
    feed_time(&feed, "09:06"); /* read by somebody is not acknowledged */
    assert_string_equal(feed_due(&feed, "09:06"), "bob");
}

static void what_failed_after_all_goes_by_another_method_at_once(void **state)
{
    (void)state;
    say("09:00:05", "failed", 0);
    assert_told(&feed, "09:00:05 alert_noted 1 ana/push step=0 round=0 page_accepted attempts=1 "
                       "by=console (failed later: 5.1.1) v1\n"
                       "09:00:05 alert_paged 1 ana/mail step=0 round=0 page_pending kind=again "
                       "v1\n");
    say("09:00:06", "failed", 0); /* providers repeat themselves */
    assert_told(&feed, "");
}

/* Alert 2, and its page of ana was cut off on its way by mail and taken by push. */
static void page_by_mail_and_push(void)
{
    feed_contact(&feed, "09:00", "ana", "email/2 push");
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 2});
    feed_outcome(&feed, "09:01:04", 2, 0, 0);
    feed_outcome(&feed, "09:01:05", 2, 0, 200);
    core_transcript(feed.core);
}

static void what_fails_by_another_method_than_took_it_is_only_noted(void **state)
{
    static const char *const names[] = {"email", "email/2"}; /* its kind, its name */
    (void)state;
    page_by_mail_and_push();
    for (size_t i = 0; i < 2; i++) {
        char expected[256];
        feed.sent_by = names[i];
        feed_receipt(&feed, "09:01:10", "failed", feed_page(&feed, 2, 0)->delivery);
        snprintf(expected, sizeof(expected),
                 "09:01:10 alert_noted 2 ana/push step=0 round=0 page_accepted attempts=2 "
                 "by=console (failed by %s: 5.1.1) v1\n",
                 names[i]);
        assert_told(&feed, expected);
        assert_false(feed_page(&feed, 2, 0)->bounced);
    }
}

static void what_fails_by_the_method_that_took_it_goes_by_another(void **state)
{
    (void)state;
    page_by_mail_and_push();
    feed.sent_by = "push";
    feed_receipt(&feed, "09:01:10", "failed", feed_page(&feed, 2, 0)->delivery);
    assert_told(&feed, "09:01:10 alert_noted 2 ana/push step=0 round=0 page_accepted attempts=2 "
                       "by=console (failed later: 5.1.1) v1\n"
                       "09:01:10 alert_paged 2 ana/email/2 step=0 round=0 page_pending kind=again "
                       "v1\n");
    feed_outcome(&feed, "09:01:11", 2, 1, 250);
    core_transcript(feed.core);
    feed.sent_by = "email";
    feed_receipt(&feed, "09:01:12", "failed", feed_page(&feed, 2, 1)->delivery);
    assert_true(feed_page(&feed, 2, 1)->bounced);
}

/* To be paged twice does less harm than not at all. */
static void what_fails_counts_when_nobody_can_tell_by_which_method(void **state)
{
    (void)state;
    page_by_mail_and_push();
    feed.sent_by = "twilio"; /* none of hers */
    feed_receipt(&feed, "09:01:06", "failed", feed_page(&feed, 2, 0)->delivery);
    assert_true(feed_page(&feed, 2, 0)->bounced);
    feed_outcome(&feed, "09:01:07", 2, 1, 250);
    feed_contact(&feed, "09:01:08", "ana", "push"); /* the method that took it is gone */
    feed.sent_by = "webhook";
    feed_receipt(&feed, "09:01:10", "failed", feed_page(&feed, 2, 1)->delivery);
    assert_true(feed_page(&feed, 2, 1)->bounced);
}

static void where_nobody_is_left_the_path_goes_on(void **state)
{
    (void)state;
    say("09:00:05", "failed", 0);
    feed_outcome(&feed, "09:00:06", 1, 1, 200);
    core_transcript(feed.core);
    say("09:00:07", "failed", 1);
    assert_told(&feed,
                "09:00:07 alert_noted 1 ana/mail step=0 round=0 page_accepted kind=again "
                "attempts=1 by=console (failed later: 5.1.1) v1\n"
                "09:00:07 alert_paged 1 ana step=0 round=0 page_pending kind=again v1\n"
                "09:00:07 page_ended 1 ana step=0 round=0 page_dead kind=again (every method of "
                "the person has failed) v1\n"
                "09:00:07 alert_escalated 1 to step=1 round=0 (no page of the step can be "
                "delivered) v1\n"
                "09:00:07 alert_paged 1 bob/push step=1 round=0 page_pending v1\n");
}

static void what_fails_when_nobody_waits_for_it_is_only_noted(void **state)
{
    (void)state;
    feed_act_on(&feed, "09:00:04", "acked", 1, "ana");
    core_transcript(feed.core);
    say("09:00:05", "failed", 0);
    assert_told(&feed, "09:00:05 alert_noted 1 ana/push step=0 round=0 page_accepted attempts=1 "
                       "by=console (failed later: 5.1.1) v1\n");
}

static void what_a_provider_says_is_not_cut_within_a_character(void **state)
{
    (void)state;
    feed_act_on(&feed, "09:00:04", "acked", 1, "ana");
    core_transcript(feed.core);
    feed.status = "caixa cheia: não há espaço para a mensagem, tentem mais tardé, às nove";
    say("09:00:05", "failed", 0);
    assert_told(&feed, "09:00:05 alert_noted 1 ana/push step=0 round=0 page_accepted attempts=1 "
                       "by=console (failed later: caixa cheia: não há espaço para a mensagem, "
                       "tentem mais tard?) v1\n");
}

static void a_dead_page_can_be_sent_again(void **state)
{
    (void)state;
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 2});
    feed_outcome(&feed, "09:01", 2, 0, 404);
    feed_outcome(&feed, "09:01", 2, 0, 404); /* the path goes on to bob */
    core_transcript(feed.core);
    feed_receipt(&feed, "09:02", "replayed", feed_page(&feed, 2, 0)->delivery);
    assert_told(&feed, "09:02:00 alert_paged 2 ana/push step=1 round=0 page_pending kind=replay "
                       "v1\n");
    feed_receipt(&feed, "09:02", "replayed", feed_page(&feed, 2, 1)->delivery);
    assert_told(&feed, "09:02:00 alert_refused 2 bob/push step=1 round=0 page_pending by=console "
                       "(the page is not dead) v1\n");
    feed_act_on(&feed, "09:03", "acked", 2, "ana");
    core_transcript(feed.core);
    feed_receipt(&feed, "09:04", "replayed", feed_page(&feed, 2, 0)->delivery);
    assert_told(&feed, "09:04:00 alert_refused 2 ana/mail step=0 round=0 page_dead attempts=2 "
                       "by=console (the alert is not open: nobody has to be woken) v1\n");
}

static void a_page_that_is_not_there_is_refused(void **state)
{
    (void)state;
    feed_receipt(&feed, "09:04", "delivered", "msg_0");
    assert_told(&feed, "09:04:00 alert_refused by=console (there is no such page)\n");
}

/* It says where a page is, but not all of what it is called: another life's, or a guess. */
static void a_name_that_is_nearly_that_of_a_page_is_none(void **state)
{
    char name[NOTIFIER_DELIVERY_MAX];
    (void)state;
    toc_str_copy(name, sizeof(name), toc_str_of(feed_page(&feed, 1, 0)->delivery));
    char *last = &name[strlen(name) - 1];
    *last = *last == '0' ? '1' : '0';
    feed_receipt(&feed, "09:04", "delivered", name);
    assert_told(&feed, "09:04:00 alert_refused by=console (there is no such page)\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_provider_says_is_noted_once),
        TEST(what_failed_after_all_goes_by_another_method_at_once),
        TEST(what_fails_by_another_method_than_took_it_is_only_noted),
        TEST(what_fails_by_the_method_that_took_it_goes_by_another),
        TEST(what_fails_counts_when_nobody_can_tell_by_which_method),
        TEST(where_nobody_is_left_the_path_goes_on),
        TEST(what_fails_when_nobody_waits_for_it_is_only_noted),
        TEST(what_a_provider_says_is_not_cut_within_a_character),
        TEST(a_dead_page_can_be_sent_again),
        TEST(a_page_that_is_not_there_is_refused),
        TEST(a_name_that_is_nearly_that_of_a_page_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
