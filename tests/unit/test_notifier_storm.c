/* Storms: many pages to one person about one group become few. */
#include "tests/unit/notifier_case.h"

#define ONE "[{page: [ana], wait: 1h}]"
#define TWO "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]"

static int start(void **state)
{
    (void)state;
    feed_open(&feed, false);
    feed.coalesces = true;
    return 0;
}

static int start_anew(void **state)
{
    (void)state;
    feed_open(&feed, true);
    feed.coalesces = true;
    return 0;
}

static void desk(const char *steps)
{
    feed_desk(&feed, steps, 0);
    core_transcript(feed.core);
}

/* The nth run of the issue's clock is late, and was due at that time. */
static void breach_nth(const char *time, unsigned issue, unsigned nth, const char *due)
{
    feed_clock(&feed, time,
               (struct feed_clock){.issue = issue,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                   .instance = nth,
                                   .due = due});
}

static void breach(const char *time, unsigned issue, const char *due)
{
    breach_nth(time, issue, 1, due);
}

static void breaches(const char *time, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        breach_nth(time, i % 60 + 1, i / 60 + 1, time);
        core_transcript(feed.core); /* it has room for some */
    }
}

static const Tocsin__V1__Page *page(uint64_t alert)
{
    return feed_page(&feed, alert, 0);
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void assert_nothing_left(void)
{
    assert_int_equal(core_count(feed.core, TABLE_BUNDLE), 0);
    assert_int_equal(core_count(feed.core, TABLE_BUNDLE_PAGE), 0);
    assert_int_equal(core_count(feed.core, TABLE_BUNDLE_DUE), 0);
    assert_int_equal(core_count(feed.core, TABLE_WINDOW), 0);
}

/* --- the window ----------------------------------------------------------------------------- */

static void the_first_page_rings_at_once_and_the_rest_as_one(void **state)
{
    (void)state;
    desk(ONE);
    breach("09:00:00", 1, "09:00:00");
    assert_string_equal(feed_due(&feed, "09:00:00"), "ana");
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    breach("09:00:10", 2, "09:04:00");
    breach("09:00:20", 3, "09:02:00");
    assert_string_equal(feed_due(&feed, "09:00:30"), "");
    core_transcript(feed.core);
    feed_time(&feed, "09:00:31");
    assert_string_equal(feed_due(&feed, "09:00:31"), "ana");
    assert_int_equal(page(3)->carries, 1);
    assert_int_equal(page(3)->soonest_ms, core_time("09:02:00"));
    assert_told(&feed,
                "09:00:31 alert_noted 3 ana step=0 round=0 page_pending carries=1 (rings for "
                "1 more of its group) v1\n");
    feed_outcome(&feed, "09:00:32", 3, 0, 200);
    feed_time(&feed, "09:00:33");
    assert_told(
        &feed,
        "09:00:32 alert_sent 3 ana step=0 round=0 page_accepted carries=1 attempts=1 (200) v1\n"
        "09:00:32 page_ended 3 ana step=0 round=0 page_accepted carries=1 attempts=1 v1\n"
        "09:00:33 page_ended 2 ana step=0 round=0 page_superseded (one page stands for all of its "
        "group) v1\n");
    assert_string_equal(page(2)->carrier, page(3)->delivery);
    feed_time(&feed, "09:01:10");
    assert_nothing_left();
}

static void the_record_of_a_page_says_that_it_waits(void **state)
{
    (void)state;
    desk(ONE);
    breach("09:00:00", 1, "09:00:00");
    core_transcript(feed.core);
    breach("09:00:10", 2, "09:00:10");
    assert_non_null(strstr(core_transcript(feed.core),
                           "alert_paged 2 ana step=0 round=0 page_pending waits v1\n"));
}

static void after_a_quiet_window_the_next_one_rings_at_once(void **state)
{
    (void)state;
    desk(ONE);
    breach("09:00:00", 1, "09:00:00");
    feed_time(&feed, "09:00:31");
    assert_nothing_left();
    breach("09:00:40", 2, "09:00:40");
    assert_true(page(2)->ready);
}

static void a_storm_that_goes_on_rings_once_in_each_window(void **state)
{
    (void)state;
    char time[16];
    desk(ONE);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(time, sizeof(time), "09:%02u:%02u", i * 2 / 60, i * 2 % 60);
        breach(time, i + 1, time);
        snprintf(time, sizeof(time), "09:%02u:%02u", (i * 2 + 1) / 60, (i * 2 + 1) % 60);
        feed_time(&feed, time);
    }
    feed_time(&feed, "09:03:00");
    unsigned rang = 0;
    for (unsigned i = 1; i <= 60; i++)
        rang += page(i)->rung ? 1 : 0;
    assert_int_equal(rang, 5); /* at 0, 30, 60, 90 and 120 s */
}

static void others_and_other_groups_ring_at_once(void **state)
{
    (void)state;
    desk("[{page: [ana, bob], wait: 1h}]");
    breach("09:00", 1, "09:00");
    assert_string_equal(feed_due(&feed, "09:00"), "ana bob");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 2});
    assert_true(feed_page(&feed, 2, 0)->ready && feed_page(&feed, 2, 1)->ready);
}

static void with_coalesce_0_each_rings_at_once(void **state)
{
    (void)state;
    feed.path_more = ", coalesce: 0";
    desk(ONE);
    breaches("09:00", 3);
    assert_string_equal(feed_due(&feed, "09:00"), "ana ana ana");
    assert_nothing_left();
}

/* A page that comes when its step is over helps nobody. */
static void a_page_waits_for_half_of_its_step_at_most(void **state)
{
    (void)state;
    desk("[{page: [ana], wait: 20s}, {page: [bob], wait: 1h}]");
    breach("09:00:00", 1, "09:00:00");
    breach("09:00:01", 2, "09:00:01");
    feed_time(&feed, "09:00:11");
    assert_true(page(2)->ready);
}

/* It is no storm when one alert rings somebody again. */
static void the_next_step_of_one_alert_rings_at_once(void **state)
{
    (void)state;
    desk("[{page: [ana], wait: 10s}, {page: [ana], wait: 1h}]");
    breach("09:00:00", 1, "09:00:00");
    feed_time(&feed, "09:00:10.100");
    assert_true(feed_page(&feed, 1, 1)->ready);
}

static void reminders_of_a_storm_are_one_page(void **state)
{
    (void)state;
    feed.path_more = ", ack_expires: 30m";
    desk(ONE);
    breaches("09:00", 3);
    feed_action(&feed, "09:01", (struct feed_action){.verb = "acked", .group = true});
    feed_time(&feed, "09:01:01");
    core_transcript(feed.core);
    feed_time(&feed, "09:26:02");
    assert_int_equal(times(core_transcript(feed.core), " waits v1\n"), 2);
    feed_time(&feed, "09:26:33");
    assert_string_equal(feed_due(&feed, "09:26:33"), "ana ana");
}

/* --- judged again --------------------------------------------------------------------------- */

static void what_was_answered_is_not_among_those_that_ring(void **state)
{
    (void)state;
    desk(ONE);
    breaches("09:00:00", 4);
    feed_act_on(&feed, "09:00:10", "acked", 2, "bob");
    feed_time(&feed, "09:00:31");
    assert_int_equal(page(3)->carries, 1);
    assert_false(page(2)->rung);
}

static void what_is_silenced_by_then_is_not_among_those_that_ring(void **state)
{
    (void)state;
    desk(ONE);
    breach("09:00:00", 1, "09:00:00");
    breach("09:00:01", 2, "09:00:01");
    feed_clock(&feed, "09:00:02",
               (struct feed_clock){.issue = 3,
                                   .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                   .instance = 2,
                                   .due = "09:05"});
    feed_mute(&feed, "09:00:10",
              (struct feed_mute){
                  .matcher = "cause=breached:first_reply/1*", .until = "09:30", .really = true});
    feed_time(&feed, "09:00:31");
    assert_int_equal(page(2)->state, TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED);
    assert_true(page(3)->ready);
    assert_int_equal(page(3)->carries, 0);
}

static void when_all_are_answered_nobody_rings(void **state)
{
    (void)state;
    desk(ONE);
    breaches("09:00:00", 3);
    feed_action(&feed, "09:00:10", (struct feed_action){.verb = "acked", .group = true});
    feed_time(&feed, "09:00:11");
    assert_string_equal(feed_due(&feed, "09:30"), "");
    feed_time(&feed, "09:00:31");
    assert_nothing_left();
}

/* --- the one that stands for all ------------------------------------------------------------ */

static void when_its_alert_is_answered_before_it_leaves_the_next_one_stands_for_all(void **state)
{
    (void)state;
    desk(ONE);
    breaches("09:00:00", 4);
    feed_time(&feed, "09:00:31");
    assert_int_equal(page(2)->carries, 2);
    feed_act_on(&feed, "09:00:31", "acked", 2, "bob");
    feed_time(&feed, "09:00:32");
    assert_true(page(3)->ready);
    assert_int_equal(page(3)->carries, 1);
    feed_outcome(&feed, "09:00:33", 3, 0, 200);
    feed_time(&feed, "09:00:34");
    assert_string_equal(page(4)->carrier, page(3)->delivery);
    feed_time(&feed, "09:01:10");
    assert_nothing_left();
}

static void when_it_is_dead_all_are_and_their_steps_go_on_at_once(void **state)
{
    (void)state;
    desk(TWO);
    breaches("09:00:00", 4);
    feed_time(&feed, "09:00:31");
    feed_outcome(&feed, "09:00:32", 2, 0, 404);
    feed_time(&feed, "09:00:33");
    for (unsigned i = 2; i <= 4; i++) {
        assert_int_equal(page(i)->state, TOCSIN__V1__PAGE_STATE__PAGE_DEAD);
        assert_int_equal(feed_alert(&feed, i)->step, 1);
    }
    assert_string_equal(page(3)->reason, page(2)->reason);
    assert_string_equal(page(3)->carrier, page(2)->delivery);
}

/* Oncall 1403: a dead letter is followed at once, not at the end of a window. */
static void oncall_1403_a_dead_first_page_ends_the_wait_of_the_others(void **state)
{
    (void)state;
    desk(TWO);
    breaches("09:00:00", 3);
    feed_outcome(&feed, "09:00:01", 1, 0, 404);
    feed_time(&feed, "09:00:02");
    assert_true(page(2)->ready);
    feed_outcome(&feed, "09:00:03", 2, 0, 404);
    feed_time(&feed, "09:00:04");
    assert_int_equal(feed_alert(&feed, 3)->step, 1);
}

static void who_cannot_be_reached_is_not_waited_for(void **state)
{
    (void)state;
    desk(TWO);
    feed_contact(&feed, "08:30", "*", "");
    feed_contact(&feed, "08:30", "bob", "push");
    breaches("09:00:00", 3);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(feed_alert(&feed, i)->step, 1);
}

/* What it says was true when it left; a further attempt says the same. */
static void another_attempt_says_the_same(void **state)
{
    (void)state;
    desk(ONE);
    breaches("09:00:00", 4);
    feed_time(&feed, "09:00:31");
    feed_outcome(&feed, "09:00:32", 2, 0, 503);
    feed_act_on(&feed, "09:00:32", "acked", 4, "bob");
    feed_time(&feed, "09:00:34");
    assert_true(page(2)->ready);
    assert_int_equal(page(2)->carries, 2);
}

static void what_is_carried_ends_with_its_own_alert(void **state)
{
    (void)state;
    desk(ONE);
    breaches("09:00:00", 3);
    feed_time(&feed, "09:00:31");
    feed_act_on(&feed, "09:00:32", "acked", 3, "bob");
    assert_int_equal(page(3)->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
    feed_outcome(&feed, "09:00:33", 2, 0, 200);
    feed_time(&feed, "09:01:10");
    assert_nothing_left();
}

/* The receiver says later that the one page failed: the page in its place tells of as many. */
static void what_takes_its_place_when_it_failed_later_stands_for_as_many(void **state)
{
    (void)state;
    desk(ONE);
    feed_contact(&feed, "08:30", "*", "");
    feed_contact(&feed, "08:30", "ana", "push sms");
    breaches("09:00:00", 4);
    feed_time(&feed, "09:00:31");
    feed_outcome(&feed, "09:00:32", 2, 0, 200);
    feed_receipt(&feed, "09:00:40", "failed", page(2)->delivery);
    assert_string_equal(feed_page(&feed, 2, 1)->kind, "again");
    assert_int_equal(feed_page(&feed, 2, 1)->carries, 2);
}

/* Alert 3's page rings for alerts 2 and 4, and a provider has taken it. */
static void ring_for_three(const char *steps, const char *methods)
{
    desk(steps);
    feed_contact(&feed, "08:30", "*", "");
    feed_contact(&feed, "08:30", "ana", methods);
    feed_contact(&feed, "08:30", "bob", "push");
    breach("09:00:00", 1, "09:00:00");
    breach("09:00:01", 2, "09:04:00");
    breach("09:00:02", 3, "09:02:00");
    breach("09:00:03", 4, "09:04:00");
    feed_outcome(&feed, "09:00:03", 1, 0, 200);
    feed_time(&feed, "09:00:31");
    feed_outcome(&feed, "09:00:32", 3, 0, 200);
    feed_time(&feed, "09:00:33");
    assert_string_equal(page(2)->carrier, page(3)->delivery);
    assert_string_equal(page(4)->carrier, page(3)->delivery);
    core_transcript(feed.core);
}

/* Whoever had it from that page alone is told of the others by another way. */
static void when_it_failed_and_was_answered_another_one_tells_of_the_rest(void **state)
{
    (void)state;
    ring_for_three(TWO, "push sms");
    feed_act_on(&feed, "09:00:35", "acked", 3, "ana");
    feed_receipt(&feed, "09:00:40", "failed", page(3)->delivery);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:41");
    assert_told(&feed, "09:00:41 alert_paged 2 ana/sms step=0 round=0 page_pending kind=again "
                       "carries=1 v1\n");
    feed_outcome(&feed, "09:00:42", 2, 1, 200);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:50");
    assert_told(&feed, "");
    assert_string_equal(page(3)->carrier, feed_page(&feed, 2, 1)->delivery);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
}

static void when_it_failed_for_good_each_of_them_goes_on(void **state)
{
    (void)state;
    ring_for_three(TWO, "push");
    feed_receipt(&feed, "09:00:40", "failed", page(3)->delivery);
    feed_time(&feed, "09:00:41");
    const char *said = core_transcript(feed.core);
    assert_int_equal(times(said, "(no page of the step can be delivered)"), 3);
    for (uint64_t alert = 2; alert <= 4; alert++)
        assert_string_equal(feed_page(&feed, alert, alert == 3 ? 2 : 1)->contact, "bob");
    feed_time(&feed, "09:00:50");
    assert_int_equal(times(core_transcript(feed.core), "alert_escalated"), 0);
}

static void when_it_failed_and_was_answered_and_nothing_is_left_they_go_on(void **state)
{
    (void)state;
    ring_for_three(TWO, "push");
    feed_act_on(&feed, "09:00:35", "acked", 3, "ana");
    feed_receipt(&feed, "09:00:40", "failed", page(3)->delivery);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:42");
    const char *said = core_transcript(feed.core);
    assert_int_equal(times(said, "(no page of the step can be delivered)"), 2);
    assert_int_equal(times(said, "bob"), 2);
}

/* The page in its place ends with its alert, which says nothing of the others. */
static void when_what_takes_its_place_is_cancelled_the_rest_go_on(void **state)
{
    (void)state;
    ring_for_three(TWO, "push sms");
    feed_receipt(&feed, "09:00:40", "failed", page(3)->delivery);
    assert_string_equal(feed_page(&feed, 3, 1)->method, "sms");
    feed_act_on(&feed, "09:00:41", "acked", 3, "ana");
    core_transcript(feed.core);
    feed_time(&feed, "09:00:42");
    assert_int_equal(times(core_transcript(feed.core), "bob"), 2);
}

static void when_it_failed_whoever_was_told_otherwise_waits(void **state)
{
    (void)state;
    ring_for_three("[{page: [ana, bob], wait: 5m}, {page: [cid], wait: 10m}]", "push");
    feed_outcome(&feed, "09:00:34", 1, 1, 200);
    feed_outcome(&feed, "09:00:34", 3, 1, 200);
    feed_time(&feed, "09:00:36");
    feed_receipt(&feed, "09:00:40", "failed", page(3)->delivery);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:42");
    assert_told(&feed, "");
}

/* 32 people are told of alert 3 by the page about alert 2, which comes back for all of them when
 * that is answered. */
static void lose_all(const char *more)
{
    char steps[512];
    int at = snprintf(steps, sizeof(steps), "[{wait: 1h, page: [");
    for (unsigned i = 0; i < 32; i++)
        at += snprintf(steps + at, sizeof(steps) - (size_t)at, "%sp%u", i > 0 ? ", " : "", i);
    snprintf(steps + at, sizeof(steps) - (size_t)at, "]}%s]", more);
    desk(steps);
    breaches("09:00:00", 3);
    feed_time(&feed, "09:00:31");
    for (unsigned i = 0; i < 32; i++)
        feed_outcome(&feed, "09:00:32", 2, i, 200);
    feed_time(&feed, "09:00:33");
    feed_act_on(&feed, "09:00:35", "acked", 2, "p0");
    core_transcript(feed.core);
    for (unsigned i = 0; i < 32; i++) {
        feed_receipt(&feed, "09:00:40", "failed", feed_page(&feed, 2, i)->delivery);
        core_transcript(feed.core);
    }
}

static void a_wave_of_pages_that_failed_is_looked_at_once(void **state)
{
    (void)state;
    lose_all(", {page: [bob], wait: 1h}");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 1);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_DUE), 1);
    feed_time(&feed, "09:00:41");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_DUE), 0);
    assert_int_equal(times(core_transcript(feed.core), "alert_paged 3 p"), 1);
}

static void what_failed_keeps_nobody_from_answering_the_group(void **state)
{
    (void)state;
    lose_all("");
    feed_action(&feed, "09:00:40",
                (struct feed_action){.number = 3, .verb = "acked", .group = true});
    assert_int_equal(feed_alert(&feed, 3)->state, TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED);
}

/* What is said of one alone looks at it before the rest; what fails behind that counts for it, too.
 */
static void what_fails_behind_somebodys_word_about_one_is_not_lost_for_it(void **state)
{
    (void)state;
    ring_for_three("[{page: [ana, bob], wait: 5m}, {page: [cid], wait: 10m}]", "push");
    feed_contact(&feed, "09:00:34", "cid", "push");
    feed_outcome(&feed, "09:00:34", 1, 1, 200);
    feed_outcome(&feed, "09:00:34", 3, 1, 200);
    feed_time(&feed, "09:00:36");
    feed_act_on(&feed, "09:00:37", "acked", 3, "ana");
    feed_receipt(&feed, "09:00:40", "failed", page(3)->delivery);
    feed_act_on(&feed, "09:00:40", "noted", 2, "eve");
    feed_receipt(&feed, "09:00:40", "failed", feed_page(&feed, 3, 1)->delivery);
    feed_time(&feed, "09:00:42");
    assert_int_equal(feed_alert(&feed, 2)->step, 1);
    assert_int_equal(feed_alert(&feed, 4)->step, 1);
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 1); /* what failed meanwhile */
    feed_time(&feed, "09:00:43");
    assert_int_equal(core_count(feed.core, TABLE_GROUP_ACT), 0);
}

/* One that was about to ring is kept by quiet hours that began meanwhile. The others are not left
 * to wait for it, and what comes later waits for nothing that is over. */
static void when_it_may_not_ring_after_all_the_others_are_judged_again(void **state)
{
    (void)state;
    feed_policy(&feed, "08:00",
                "policy: 1\n"
                "paths: {desk: {steps: [{page: [ana], wait: 1h}]}}\n"
                "queues: {desk: {tier: 1}}\n"
                "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}},\n"
                "            night: {zone: UTC, weekly: {mon-sun: [\"22:00-07:00\"]}}}\n"
                "slas: {made: {calendar: always, clocks: {\n"
                "  first_reply: {targets: {default: 1h}, warn: [80]}}}}\n"
                "routes: [{rule: all, queue: desk, sla: made, path: desk}]\n"
                "alerts: [{rule: soon, on: warned, severity: warning}]\n"
                "quiet: {ana: night}\n");
    for (unsigned i = 0; i < 400; i++) {
        feed_clock(&feed, "21:59:20",
                   (struct feed_clock){.issue = i % 60 + 1,
                                       .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED,
                                       .instance = i / 60 + 1,
                                       .threshold_percent = 80});
        core_transcript(feed.core);
    }
    core_set_log_some(feed.core, core_time("21:59:51"));
    feed_time(&feed, "22:00:01");
    feed_time(&feed, "22:00:02");
    for (unsigned i = 2; i <= 400; i++)
        assert_int_equal(page(i)->state, TOCSIN__V1__PAGE_STATE__PAGE_SUPPRESSED);
    assert_nothing_left();
}

/* --- size ----------------------------------------------------------------------------------- */

/* GoAlert 4449: a fixed throttle makes the last of 1,300 recipients wait for 22 minutes. */
static void goalert_4449_each_of_many_recipients_is_paged_at_once(void **state)
{
    (void)state;
    char steps[512];
    int at = snprintf(steps, sizeof(steps), "[{wait: 1h, page: [");
    for (unsigned i = 0; i < 32; i++)
        at += snprintf(steps + at, sizeof(steps) - (size_t)at, "%sp%u", i > 0 ? ", " : "", i);
    snprintf(steps + at, sizeof(steps) - (size_t)at, "]}]");
    desk(steps);
    breaches("09:00:00", 40);
    for (unsigned i = 0; i < 32; i++)
        assert_true(feed_page(&feed, 1, i)->ready);
    feed_time(&feed, "09:00:31");
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(feed_page(&feed, 2, i)->carries, 38);
}

static void hundreds_are_told_of_by_one_page_and_each_ends_once(void **state)
{
    (void)state;
    desk(ONE);
    breaches("09:00:00", 400);
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    feed_time(&feed, "09:00:31");
    assert_int_equal(page(2)->carries, 398);
    feed_outcome(&feed, "09:00:32", 2, 0, 200);
    core_transcript(feed.core);
    feed_time(&feed, "09:00:33");
    assert_int_equal(times(core_transcript(feed.core), "page_superseded"), 398);
    feed_time(&feed, "09:01:10");
    assert_nothing_left();
}

/* Each was told by a page about another alert that came back; what took its place ended with that
 * alert. */
static void a_step_of_hundreds_that_nobody_was_told_of_goes_on(void **state)
{
    (void)state;
    char person[16];
    hundreds_on_call(", {page: [bob], wait: 1h}");
    feed_contact(&feed, "08:30", "*", "");
    feed_contact(&feed, "08:30", "bob", "push");
    for (unsigned i = 0; i < 200; i++) {
        snprintf(person, sizeof(person), "p%u", i);
        feed_contact(&feed, "08:30", person, "push sms");
    }
    breaches("09:00:00", 3);
    feed_time(&feed, "09:00:31");
    feed_time(&feed, "09:00:32");
    for (unsigned i = 0; i < 200; i++) {
        feed_outcome(&feed, "09:00:33", 2, i, 200);
        core_transcript(feed.core);
    }
    feed_time(&feed, "09:00:34");
    feed_time(&feed, "09:00:35");
    for (unsigned i = 0; i < 200; i++) {
        feed_receipt(&feed, "09:00:40", "failed", feed_page(&feed, 2, i)->delivery);
        core_transcript(feed.core);
        core_forget(feed.core);
    }
    feed_act_on(&feed, "09:00:41", "acked", 2, "p0");
    assert_int_equal(feed_alert(&feed, 3)->step, 0);
    feed_time(&feed, "09:00:42");
    assert_int_equal(feed_alert(&feed, 3)->step, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, end)
#define ANEW(test)                                                                                 \
    {                                                                                              \
#test " when it is started anew", test, start_anew, end, NULL                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_first_page_rings_at_once_and_the_rest_as_one),
        ANEW(the_first_page_rings_at_once_and_the_rest_as_one),
        CASE(the_record_of_a_page_says_that_it_waits),
        CASE(after_a_quiet_window_the_next_one_rings_at_once),
        CASE(a_storm_that_goes_on_rings_once_in_each_window),
        CASE(others_and_other_groups_ring_at_once),
        CASE(with_coalesce_0_each_rings_at_once),
        CASE(a_page_waits_for_half_of_its_step_at_most),
        CASE(the_next_step_of_one_alert_rings_at_once),
        CASE(reminders_of_a_storm_are_one_page),
        CASE(what_was_answered_is_not_among_those_that_ring),
        CASE(what_is_silenced_by_then_is_not_among_those_that_ring),
        CASE(when_all_are_answered_nobody_rings),
        CASE(when_its_alert_is_answered_before_it_leaves_the_next_one_stands_for_all),
        ANEW(when_its_alert_is_answered_before_it_leaves_the_next_one_stands_for_all),
        CASE(when_it_is_dead_all_are_and_their_steps_go_on_at_once),
        CASE(oncall_1403_a_dead_first_page_ends_the_wait_of_the_others),
        CASE(who_cannot_be_reached_is_not_waited_for),
        CASE(another_attempt_says_the_same),
        CASE(what_is_carried_ends_with_its_own_alert),
        CASE(when_it_may_not_ring_after_all_the_others_are_judged_again),
        CASE(what_takes_its_place_when_it_failed_later_stands_for_as_many),
        CASE(when_it_failed_and_was_answered_another_one_tells_of_the_rest),
        CASE(when_it_failed_for_good_each_of_them_goes_on),
        CASE(when_it_failed_and_was_answered_and_nothing_is_left_they_go_on),
        CASE(when_what_takes_its_place_is_cancelled_the_rest_go_on),
        CASE(when_it_failed_whoever_was_told_otherwise_waits),
        CASE(a_wave_of_pages_that_failed_is_looked_at_once),
        CASE(what_failed_keeps_nobody_from_answering_the_group),
        CASE(what_fails_behind_somebodys_word_about_one_is_not_lost_for_it),
        CASE(goalert_4449_each_of_many_recipients_is_paged_at_once),
        CASE(a_step_of_hundreds_that_nobody_was_told_of_goes_on),
        CASE(hundreds_are_told_of_by_one_page_and_each_ends_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
