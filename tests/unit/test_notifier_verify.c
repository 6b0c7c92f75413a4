#include "tests/unit/notifier_case.h"

#include <stdlib.h>

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push? mail");
    core_transcript(feed.core);
    return 0;
}

static void ask(const char *time, const char *method)
{
    feed_verify(&feed, time, "ana", method, "");
}

/* The code of page `index`, as its receiver sees it. */
static const char *code_of(uint32_t index)
{
    static const uint8_t key[32];
    static char code[NOTIFIER_CODE_DIGITS + 1];
    notifier_code(key, feed_page(&feed, 0, index)->delivery, code);
    return code;
}

static void a_code_that_was_received_verifies_the_method(void **state)
{
    (void)state;
    ask("09:00", "push");
    assert_told(&feed, "09:00:00 alert_paged ana/push step=0 round=0 page_pending kind=code\n");
    assert_string_equal(feed_due(&feed, "09:00"), "ana");
    feed_outcome(&feed, "09:00:01", 0, 0, 200);
    core_transcript(feed.core);
    feed_verify(&feed, "09:05", "ana", "push", code_of(0));
    assert_told(&feed, "09:05:00 contact ana push mail\n");
    feed_desk(&feed, "[{page: [ana], wait: 5m}]", 0);
    feed_issue(&feed, "09:06", (struct feed_issue){.issue = 1});
    assert_string_equal(feed_page(&feed, 1, 0)->method, "push");
    feed_contact(&feed, "09:07", "ana", "push? mail"); /* the same file at the next start */
    core_transcript(feed.core);
    ask("09:08", "push");
    assert_told(&feed, "09:08:00 alert_refused by=ben (the method is verified already)\n");
}

static void another_address_has_to_be_verified_again(void **state)
{
    (void)state;
    ask("09:00", "push");
    feed_verify(&feed, "09:01", "ana", "push", code_of(0));
    feed_contact(&feed, "09:02", "ana", "mail");
    feed_contact(&feed, "09:03", "ana", "push? mail");
    core_transcript(feed.core);
    feed_contact(&feed, "09:04", "ana", "push? mail");
    assert_told(&feed, "");
    feed_verify(&feed, "09:05", "ana", "push", code_of(0));
    assert_told(&feed, "09:05:00 alert_refused by=ben (no code is expected: ask for one)\n");
}

static void five_wrong_codes_end_it(void **state)
{
    (void)state;
    ask("09:00", "push");
    core_transcript(feed.core);
    for (int i = 0; i < 4; i++) {
        feed_verify(&feed, "09:01", "ana", "push", "x");
        assert_told(&feed, "09:01:00 alert_refused by=ben (the code is wrong)\n");
    }
    feed_verify(&feed, "09:01", "ana", "push", "");
    core_transcript(feed.core);
    feed_verify(&feed, "09:01", "ana", "push", "12345");
    core_transcript(feed.core);
    feed_verify(&feed, "09:02", "ana", "push", code_of(1)); /* another was sent: it counts anew */
    assert_told(&feed, "09:02:00 contact ana push mail\n"
                       "09:02:00 page_ended ana/push step=0 round=0 page_cancelled kind=code "
                       "by=ben (the code was said)\n");
}

static void the_sixth_try_is_none_though_it_is_right(void **state)
{
    (void)state;
    ask("09:00", "push");
    for (int i = 0; i < 5; i++)
        feed_verify(&feed, "09:01", "ana", "push", "x");
    core_transcript(feed.core);
    feed_verify(&feed, "09:02", "ana", "push", code_of(0));
    assert_told(&feed, "09:02:00 alert_refused by=ben (no code is expected: ask for one)\n");
}

static void a_code_is_good_for_a_quarter_of_an_hour(void **state)
{
    (void)state;
    ask("09:00", "push");
    feed_outcome(&feed, "09:00:01", 0, 0, 200);
    core_transcript(feed.core);
    feed_verify(&feed, "09:15:00.001", "ana", "push", code_of(0));
    assert_told(&feed, "09:15:00.001 alert_refused by=ben (no code is expected: ask for one)\n");
}

static void codes_are_not_sent_every_moment(void **state)
{
    (void)state;
    ask("09:00", "push");
    core_transcript(feed.core);
    ask("09:00:59", "push");
    assert_told(&feed, "09:00:59 alert_refused by=ben (a code was sent less than a minute ago)\n");
    ask("09:01", "push");
    assert_told(&feed, "09:01:00 alert_paged ana/push step=0 round=0 page_pending kind=code\n"
                       "09:01:00 page_ended ana/push step=0 round=0 page_superseded kind=code "
                       "by=ben (another code is sent)\n");
    assert_string_not_equal(feed_page(&feed, 0, 0)->delivery, feed_page(&feed, 0, 1)->delivery);
}

static void a_code_goes_by_its_method_and_no_other(void **state)
{
    (void)state;
    ask("09:00", "push");
    core_transcript(feed.core);
    feed_outcome(&feed, "09:00:01", 0, 0, 500);
    feed_time(&feed, "09:00:03");
    assert_string_equal(feed_page(&feed, 0, 0)->method, "push");
    feed_outcome(&feed, "09:00:03", 0, 0, 404);
    assert_told(&feed,
                "09:00:01 alert_sent ana/push step=0 round=0 page_pending kind=code attempts=1 "
                "(500)\n"
                "09:00:03 alert_sent ana/push step=0 round=0 page_dead kind=code attempts=2 (404)\n"
                "09:00:03 page_ended ana/push step=0 round=0 page_dead kind=code attempts=2 "
                "(refused for good)\n");
}

static void a_code_that_cannot_be_sent_dies_with_its_time(void **state)
{
    char time[32];
    (void)state;
    ask("09:00", "push");
    for (unsigned i = 0; i < 40 && feed_page(&feed, 0, 0)->next_ms != TOC_TIME_NEVER; i++) {
        core_time_text(time, core_time("09:00") + i * 30 * TOC_SECOND_MS);
        feed_time(&feed, time);
        if (feed_page(&feed, 0, 0)->ready)
            feed_outcome(&feed, time, 0, 0, 500);
        core_forget(feed.core);
    }
    feed_time(&feed, "09:20");
    assert_int_equal(feed_page(&feed, 0, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
    assert_string_equal(feed_page(&feed, 0, 0)->reason,
                        "its time is over: it was held, its provider is down");
}

static void said_early_the_page_is_not_tried_again(void **state)
{
    (void)state;
    ask("09:00", "push");
    core_transcript(feed.core);
    feed_verify(&feed, "09:00:05", "ana", "push", code_of(0)); /* its outcome was never told */
    assert_told(&feed, "09:00:05 contact ana push mail\n"
                       "09:00:05 page_ended ana/push step=0 round=0 page_cancelled kind=code "
                       "by=ben (the code was said)\n");
    assert_string_equal(feed_due(&feed, "10:00"), "");
}

static void a_method_that_was_gone_is_used_again_once_verified(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana], wait: 5m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    feed_outcome(&feed, "09:00:01", 1, 0, 410);
    core_transcript(feed.core);
    ask("09:01", "mail");
    feed_verify(&feed, "09:02", "ana", "mail", code_of(0));
    assert_told(&feed, "09:01:00 alert_paged ana/mail step=0 round=0 page_pending kind=code\n"
                       "09:02:00 contact ana push? mail\n"
                       "09:02:00 page_ended ana/mail step=0 round=0 page_cancelled kind=code "
                       "by=ben (the code was said)\n");
}

static void who_or_what_is_not_in_the_file_gets_no_code(void **state)
{
    (void)state;
    ask("09:00", "sms");
    feed_verify(&feed, "09:00", "bob", "push", "");
    feed_contact(&feed, "09:01", "*", NULL); /* there is no file any more */
    ask("09:01", "push");
    assert_told(&feed, "09:00:00 alert_refused by=ben (there is no such contact method)\n"
                       "09:00:00 alert_refused by=ben (there is no such contact method)\n"
                       "09:01:00 contact * gone\n"
                       "09:01:00 alert_refused by=ben (there is no such contact method)\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_code_that_was_received_verifies_the_method),
        TEST(another_address_has_to_be_verified_again),
        TEST(five_wrong_codes_end_it),
        TEST(the_sixth_try_is_none_though_it_is_right),
        TEST(a_code_is_good_for_a_quarter_of_an_hour),
        TEST(codes_are_not_sent_every_moment),
        TEST(a_code_goes_by_its_method_and_no_other),
        TEST(a_code_that_cannot_be_sent_dies_with_its_time),
        TEST(said_early_the_page_is_not_tried_again),
        TEST(a_method_that_was_gone_is_used_again_once_verified),
        TEST(who_or_what_is_not_in_the_file_gets_no_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
