#include "services/notifier/probe.h"
#include "tests/unit/notifier_case.h"

#include <stdlib.h>

static int start(void **state)
{
    (void)state;
    feed_open(&feed, true);
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", "push mail");
    feed_contact(&feed, "08:00", "ben", "sms?");
    core_transcript(feed.core);
    return 0;
}

/* Asks for ana alone and lets the pages be planned. */
static void ask_ana(void)
{
    feed_reach(&feed, "09:00", "r", "ana", "09:02");
    feed_time(&feed, "09:00:00.001");
}

/* The code of page `index`, as its receiver sees it. */
static const char *code_of(uint32_t index)
{
    static const uint8_t key[32];
    static char code[NOTIFIER_ANSWER_DIGITS + 1];
    notifier_answer_code(key, feed_page(&feed, 0, index)->delivery, code);
    return code;
}

static enum toc_err count_rows(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    static const unsigned tables[] = {TABLE_REACH, TABLE_REACH_DUE, TABLE_PROBE};
    uint64_t *sum = user, count;
    (void)arena;
    for (size_t i = 0; i < 3; i++) {
        TOC_TRY(toc_count(txn, tables[i], &count));
        *sum += count;
    }
    return TOC_OK;
}

static void one_page_goes_by_each_method_and_an_answer_reaches(void **state)
{
    (void)state;
    ask_ana();
    assert_told(&feed, "09:00:00 reach r until=09:02:00 by=ben\n"
                       "09:00:00.001 alert_paged ana/push step=0 round=0 page_pending kind=probe\n"
                       "09:00:00.001 reach r 0 ana/push page_pending\n"
                       "09:00:00.001 alert_paged ana/mail step=0 round=0 page_pending kind=probe\n"
                       "09:00:00.001 reach r 1 ana/mail page_pending\n");
    feed_outcome(&feed, "09:00:01", 0, 0, 200);
    feed_outcome(&feed, "09:00:01", 0, 1, 404);
    core_transcript(feed.core);
    feed_answer(&feed, "09:00:30", code_of(0), NULL);
    feed_time(&feed, "09:00:31");
    assert_told(&feed, "09:00:30 reach r 0 ana/push page_accepted sent=09:00:01 answered=09:00:30 "
                       "how=code\n"
                       "09:00:31 reach r over: 1 people, 2 probes, missed 0\n");
}

static void what_a_receiver_took_reaches_nobody_yet(void **state)
{
    (void)state;
    ask_ana();
    feed_outcome(&feed, "09:00:01", 0, 0, 200);
    feed_outcome(&feed, "09:00:01", 0, 1, 200);
    core_transcript(feed.core);
    feed_time(&feed, "09:02");
    assert_told(&feed, "");
    feed_time(&feed, "09:02:00.001");
    assert_told(&feed, "09:02:00.001 reach r over: 1 people, 2 probes, missed 1 ana\n");
    uint64_t rows = 0;
    assert_int_equal(core_read(feed.core, count_rows, &rows), TOC_OK);
    assert_int_equal(rows, 0);
}

static void a_probe_does_not_fail_over(void **state)
{
    (void)state;
    ask_ana();
    feed_outcome(&feed, "09:00:01", 0, 0, 500);
    feed_outcome(&feed, "09:00:04", 0, 0, 500);
    assert_string_equal(feed_page(&feed, 0, 0)->method, "push");
    core_transcript(feed.core);
    feed_outcome(&feed, "09:00:10", 0, 0, 410);
    assert_told(&feed,
                "09:00:10 alert_sent ana/push step=0 round=0 page_dead kind=probe "
                "attempts=3 (410)\n"
                "09:00:10 contact ana push(the receiver says that it is gone) mail\n"
                "09:00:10 page_ended ana/push step=0 round=0 page_dead kind=probe attempts=3 "
                "(refused for good)\n"
                "09:00:10 reach r 0 ana/push page_dead (refused for good (410))\n");
}

static void what_waits_dies_with_the_run(void **state)
{
    (void)state;
    ask_ana();
    feed_outcome(&feed, "09:00:01", 0, 0, 200);
    feed_outcome(&feed, "09:01:58", 0, 1, 500);
    core_transcript(feed.core);
    feed_time(&feed, "09:02:00.001");
    assert_told(&feed, "09:02:00.001 page_ended ana/mail step=0 round=0 page_dead kind=probe "
                       "attempts=1 (its time is over)\n"
                       "09:02:00.001 reach r 1 ana/mail page_dead (its time is over (500))\n"
                       "09:02:00.001 reach r over: 1 people, 2 probes, missed 1 ana\n");
    assert_string_equal(feed_due(&feed, "10:00"), "");
}

static void a_probe_behind_an_open_breaker_says_what_held_it(void **state)
{
    (void)state;
    ask_ana();
    for (unsigned i = 0; i < 5; i++) {
        char at[24];
        snprintf(at, sizeof(at), "09:00:%02u", 1 + 10 * i);
        feed_outcome(&feed, at, 0, 0, 500);
    }
    core_transcript(feed.core);
    feed_time(&feed, "09:02:00.001");
    assert_non_null(strstr(core_transcript(feed.core),
                           "reach r 0 ana/push page_dead (its time is over: it was held, its "
                           "provider is down (500))\n"));
}

static void a_provider_may_say_that_it_came(void **state)
{
    (void)state;
    ask_ana();
    feed_outcome(&feed, "09:00:01", 0, 0, 202);
    feed_outcome(&feed, "09:00:01", 0, 1, 202);
    core_transcript(feed.core);
    feed_receipt(&feed, "09:00:05", "delivered", feed_page(&feed, 0, 0)->delivery);
    feed_receipt(&feed, "09:00:06", "read", feed_page(&feed, 0, 0)->delivery);
    assert_told(&feed, "09:00:05 alert_noted ana/push step=0 round=0 page_accepted kind=probe "
                       "attempts=1 by=console (delivered)\n"
                       "09:00:05 reach r 0 ana/push page_accepted sent=09:00:01 "
                       "answered=09:00:05 how=delivered\n"
                       "09:00:06 alert_noted ana/push step=0 round=0 page_accepted kind=probe "
                       "attempts=1 by=console (read)\n");
    feed_receipt(&feed, "09:00:07", "failed", feed_page(&feed, 0, 1)->delivery);
    feed_time(&feed, "09:00:08");
    assert_told(&feed, "09:00:07 alert_noted ana/mail step=0 round=0 page_accepted kind=probe "
                       "attempts=1 by=console (failed later: 5.1.1)\n"
                       "09:00:07 reach r 1 ana/mail page_accepted sent=09:00:01 (failed later)\n"
                       "09:00:08 reach r over: 1 people, 2 probes, missed 0\n");
}

static void who_cannot_be_probed_is_missed_at_once(void **state)
{
    (void)state;
    feed_reach(&feed, "09:00", "r", "ben", "09:02");
    feed_time(&feed, "09:00:00.001");
    feed_reach(&feed, "09:01", "s", "zoe", "09:02");
    feed_time(&feed, "09:01:00.001");
    assert_told(&feed,
                "09:00:00 reach r until=09:02:00 by=ben\n"
                "09:00:00.001 reach r 0 ben/sms page_dead (the method is not verified)\n"
                "09:01:00 reach r over: 1 people, 1 probes, missed 1 ben\n"
                "09:01:00 reach s until=09:02:00 by=ben\n"
                "09:01:00.001 reach s 0 zoe/ page_dead (the person is not in the contacts file)\n");
}

static void everybody_is_who_is_in_the_file_or_in_the_policy(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [ana, cid], wait: 5m}]", 0);
    core_transcript(feed.core);
    feed_reach(&feed, "09:00", "r", NULL, "09:02");
    feed_time(&feed, "09:00:00.001");
    assert_told(&feed,
                "09:00:00 reach r until=09:02:00 by=ben\n"
                "09:00:00.001 alert_paged ana/push step=0 round=0 page_pending kind=probe\n"
                "09:00:00.001 reach r 0 ana/push page_pending\n"
                "09:00:00.001 alert_paged ana/mail step=0 round=0 page_pending kind=probe\n"
                "09:00:00.001 reach r 1 ana/mail page_pending\n"
                "09:00:00.001 reach r 2 ben/sms page_dead (the method is not verified)\n"
                "09:00:00.001 reach r 3 cid/ page_dead (the person is not in the contacts file)\n"
                "09:00:00.001 reach r 4 somebody/ page_dead (the person is not in the contacts "
                "file)\n");
}

static void an_answer_before_the_outcome_ends_the_page(void **state)
{
    (void)state;
    ask_ana();
    core_transcript(feed.core);
    feed_answer(&feed, "09:00:02", NULL, feed_page(&feed, 0, 1)->delivery);
    feed_answer(&feed, "09:00:03", NULL, feed_page(&feed, 0, 1)->delivery);
    feed_outcome(&feed, "09:00:15", 0, 1, 0);
    assert_told(&feed, "09:00:02 page_ended ana/mail step=0 round=0 page_cancelled kind=probe (it "
                       "was answered)\n"
                       "09:00:02 reach r 1 ana/mail page_cancelled answered=09:00:02 how=link\n"
                       "09:00:15 alert_sent ana/mail step=0 round=0 page_cancelled kind=probe "
                       "attempts=1 (timeout)\n");
}

static void a_code_is_good_once_and_until_the_end(void **state)
{
    (void)state;
    char code[NOTIFIER_ANSWER_DIGITS + 1];
    ask_ana();
    snprintf(code, sizeof(code), "%s", code_of(0));
    feed_answer(&feed, "09:00:02", code, NULL);
    core_transcript(feed.core);
    feed_answer(&feed, "09:00:03", code, NULL);
    feed_answer(&feed, "09:00:04", "", NULL);
    snprintf(code, sizeof(code), "%s", code_of(1));
    feed_time(&feed, "09:02:00.001");
    core_transcript(feed.core);
    feed_answer(&feed, "09:02:01", code, NULL);
    feed_answer(&feed, "09:02:01", NULL, feed_page(&feed, 0, 1)->delivery);
    feed_answer(&feed, "09:02:01", NULL, "msg_none");
    assert_told(&feed, "09:02:01 alert_refused by=ana (no probe waits for that code: it is wrong, "
                       "or the time is over)\n"
                       "09:02:01 alert_refused by=ana (that probe is over)\n"
                       "09:02:01 alert_refused by=ana (that probe is over)\n");
}

#define WRONG "no probe waits for that code: it is wrong, or the time is over"
#define LAST                                                                                       \
    "no probe waits for that code, and that was the last try: answer by the link, or ask for "     \
    "another run"
#define NONE_TAKEN "too many wrong codes were said: answer by the link, or ask for another run"

/* What is said to a code that is nobody's. */
static void guess(const char *time, const char *reason)
{
    char told[256];
    core_transcript(feed.core);
    feed_answer(&feed, time, "x", NULL);
    snprintf(told, sizeof(told), "%s alert_refused by=ana (%s)\n", time, reason);
    assert_told(&feed, told);
}

static void twenty_wrong_codes_are_all_that_a_run_takes(void **state)
{
    (void)state;
    ask_ana();
    for (unsigned i = 0; i < PROBE_WRONG_MAX - 1; i++)
        guess("09:00:05", WRONG);
    guess("09:00:05", LAST);
    guess("09:00:05", NONE_TAKEN);
    feed_answer(&feed, "09:00:06", code_of(0), NULL);
    assert_told(&feed, "09:00:06 alert_refused by=ana (" NONE_TAKEN ")\n");
    feed_answer(&feed, "09:00:07", NULL, feed_page(&feed, 0, 1)->delivery);
    assert_told(&feed, "09:00:07 page_ended ana/mail step=0 round=0 page_cancelled kind=probe (it "
                       "was answered)\n"
                       "09:00:07 reach r 1 ana/mail page_cancelled answered=09:00:07 how=link\n");
}

static void another_run_takes_codes_again(void **state)
{
    (void)state;
    ask_ana();
    for (unsigned i = 0; i < PROBE_WRONG_MAX; i++)
        feed_answer(&feed, "09:00:05", "x", NULL);
    feed_reach(&feed, "09:00:10", "s", "ana", "09:02");
    feed_time(&feed, "09:00:10.001");
    guess("09:00:11", WRONG); /* it is the other one's alone */
    core_transcript(feed.core);
    feed_answer(&feed, "09:00:12", code_of(2), NULL);
    assert_told(&feed, "09:00:12 page_ended ana/push step=0 round=0 page_cancelled kind=probe (it "
                       "was answered)\n"
                       "09:00:12 reach s 0 ana/push page_cancelled answered=09:00:12 how=code\n");
}

static void a_code_that_is_said_again_is_no_wrong_one(void **state)
{
    (void)state;
    ask_ana();
    feed_answer(&feed, "09:00:02", code_of(0), NULL);
    for (unsigned i = 0; i < 2 * PROBE_WRONG_MAX; i++)
        feed_answer(&feed, "09:00:03", code_of(0), NULL);
    core_transcript(feed.core);
    feed_answer(&feed, "09:00:04", code_of(1), NULL);
    feed_time(&feed, "09:00:05");
    assert_told(&feed, "09:00:04 page_ended ana/mail step=0 round=0 page_cancelled kind=probe (it "
                       "was answered)\n"
                       "09:00:04 reach r 1 ana/mail page_cancelled answered=09:00:04 how=code\n"
                       "09:00:05 reach r over: 1 people, 2 probes, missed 0\n");
}

static void what_is_asked_for_badly_is_refused(void **state)
{
    (void)state;
    char name[80];
    ask_ana();
    core_transcript(feed.core);
    feed_reach(&feed, "09:01", "r", NULL, "09:02");
    feed_reach(&feed, "09:01", "", NULL, "09:02");
    feed_reach(&feed, "09:01", "s", NULL, "09:01");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    feed_reach(&feed, "09:01", "s", name, "09:02");
    feed_reach(&feed, "09:01", name, NULL, "09:02");
    assert_told(&feed, "09:01:00 alert_refused by=ben (there is a run of probes with this id)\n"
                       "09:01:00 alert_refused by=ben (the id of the run is missing or too long)\n"
                       "09:01:00 alert_refused by=ben (it would be over already)\n"
                       "09:01:00 alert_refused by=ben (nobody has so long a name)\n"
                       "09:01:00 alert_refused by=ben (the id of the run is missing or too "
                       "long)\n");
}

static void no_silence_holds_a_probe(void **state)
{
    (void)state;
    feed_mute(&feed, "08:30", (struct feed_mute){.matcher = "severity=info", .until = "10:00"});
    core_transcript(feed.core);
    ask_ana();
    assert_string_equal(feed_due(&feed, "09:00:01"), "ana ana");
}

static void without_a_contacts_file_the_fake_pager_is_probed(void **state)
{
    (void)state;
    feed_contact(&feed, "08:30", "*", NULL);
    core_transcript(feed.core);
    ask_ana();
    assert_told(&feed, "09:00:00 reach r until=09:02:00 by=ben\n"
                       "09:00:00.001 alert_paged ana step=0 round=0 page_pending kind=probe\n"
                       "09:00:00.001 reach r 0 ana/ page_pending\n");
}

/* --- by the policy ------------------------------------------------------------------------ */

static void every(const char *time, const char *reach)
{
    char text[512];
    snprintf(text, sizeof(text),
             "policy: 1\nqueues: {desk: {tier: 1}}\nroutes: [{rule: all, queue: desk}]\n"
             "paths: {desk: {steps: [{page: [ana], wait: 5m}]}}\n%s\n",
             reach);
    feed_policy(&feed, time, text);
    core_transcript(feed.core);
}

static void the_policy_says_how_often(void **state)
{
    (void)state;
    every("08:00", "reach: {every: 1d, at: \"09:00\", zone: Etc/UTC, within: 1m}");
    feed_time(&feed, "09:00");
    assert_told(&feed, "");
    feed_time(&feed, "09:00:00.001");
    feed_time(&feed, "09:00:00.002");
    assert_non_null(strstr(core_transcript(feed.core), "until=09:01:00.001 by=policy\n"));
    assert_string_equal(feed_page(&feed, 0, 0)->contact, "ana");
    feed_time(&feed, "09:01:00.002");
    assert_non_null(strstr(core_transcript(feed.core), "missed 2 ana ben\n"));
    feed_time(&feed, "23:59");
    assert_told(&feed, "");
}

static void what_was_slept_through_is_made_up_for_once(void **state)
{
    (void)state;
    every("08:00", "reach: {every: 1d, at: \"09:00\", zone: Etc/UTC, within: 1m}");
    feed_time(&feed, "99:00:00");
    feed_time(&feed, "99:00:00.001");
    const char *said = core_transcript(feed.core);
    assert_non_null(strstr(said, "by=policy"));
    assert_null(strstr(strstr(said, "by=policy") + 1, "by=policy"));
}

static void nobody_can_take_its_place(void **state)
{
    (void)state;
    char id[REACH_ID_MAX];
    every("08:00", "reach: {every: 1d, at: \"09:00\", zone: Etc/UTC, within: 1m}");
    snprintf(id, sizeof(id), "scheduled-%lld", (long long)(core_time("09:00") / TOC_SECOND_MS));
    feed_reach(&feed, "08:59", id, "ana", "10:00");
    assert_told(&feed, "08:59:00 alert_refused by=ben (runs of the policy alone have such an "
                       "id)\n");
    feed_time(&feed, "09:00:00.001");
    assert_non_null(strstr(core_transcript(feed.core), "until=09:01:00.001 by=policy\n"));
}

static void another_policy_takes_it_back(void **state)
{
    (void)state;
    every("08:00", "reach: {every: 1d, at: \"09:00\", zone: Etc/UTC, within: 1m}");
    every("08:30", "");
    feed_time(&feed, "10:00");
    assert_told(&feed, "");
    every("10:00", "reach: {every: 1d, at: \"10:00\", zone: Etc/UTC, within: 1m}");
    feed_time(&feed, "10:00:00.001"); /* the instant itself was not over yet */
    assert_non_null(strstr(core_transcript(feed.core), "by=policy"));
    every("10:30", "reach: {every: 1d, at: \"10:00\", zone: Etc/UTC, within: 1m}");
    feed_time(&feed, "11:00");
    assert_null(strstr(core_transcript(feed.core), "by=policy"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_page_goes_by_each_method_and_an_answer_reaches),
        TEST(what_a_receiver_took_reaches_nobody_yet),
        TEST(a_probe_does_not_fail_over),
        TEST(what_waits_dies_with_the_run),
        TEST(a_probe_behind_an_open_breaker_says_what_held_it),
        TEST(a_provider_may_say_that_it_came),
        TEST(who_cannot_be_probed_is_missed_at_once),
        TEST(everybody_is_who_is_in_the_file_or_in_the_policy),
        TEST(an_answer_before_the_outcome_ends_the_page),
        TEST(a_code_is_good_once_and_until_the_end),
        TEST(twenty_wrong_codes_are_all_that_a_run_takes),
        TEST(another_run_takes_codes_again),
        TEST(a_code_that_is_said_again_is_no_wrong_one),
        TEST(what_is_asked_for_badly_is_refused),
        TEST(no_silence_holds_a_probe),
        TEST(without_a_contacts_file_the_fake_pager_is_probed),
        TEST(the_policy_says_how_often),
        TEST(what_was_slept_through_is_made_up_for_once),
        TEST(nobody_can_take_its_place),
        TEST(another_policy_takes_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
