#include "tests/unit/notifier_case.h"

#include <stdlib.h>

/* Alert 1 on a path of these steps, opened at 09:00. */
static void open_alert(const char *steps, unsigned repeat)
{
    feed_desk(&feed, steps, repeat);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
}

#define ONE "[{page: [ana], wait: 1h}]"
#define TWO "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]"

/* --- steps and time ------------------------------------------------------------------------- */

static void a_step_ends_after_its_wait_and_not_at_it(void **state)
{
    (void)state;
    open_alert(TWO, 0);
    feed_time(&feed, "09:05");
    assert_told(&feed, "");
    feed_time(&feed, "09:05:00.001");
    assert_told(&feed, "09:05:00.001 page_ended 1 ana step=0 round=0 page_cancelled (nobody "
                       "acknowledged in time) v1\n"
                       "09:05:00.001 alert_escalated 1 to step=1 round=0 (nobody acknowledged in "
                       "time) v1\n"
                       "09:05:00.001 alert_paged 1 bob step=1 round=0 page_pending v1\n");
}

static void a_page_says_who_is_next_and_when(void **state)
{
    (void)state;
    open_alert("[{page: [ana], wait: 5m}, {page: [], wait: 1m}, {page: [bob, chi, dee], wait: 4m}]",
               1);
    const Tocsin__V1__Page *page = feed_page(&feed, 1, 0);
    assert_string_equal(page->after, "bob");
    assert_int_equal(page->after_more, 2);
    assert_int_equal(page->after_ms - page->planned_ms, 5 * TOC_MINUTE_MS);
    feed_time(&feed, "09:06"); /* the last step of the round */
    page = feed_page(&feed, 1, 1);
    assert_string_equal(page->contact, "bob");
    assert_string_equal(page->after, "ana");
    assert_int_equal(page->after_more, 0);
    feed_time(&feed, "09:11");
    feed_time(&feed, "09:17"); /* the last of all */
    page = feed_page(&feed, 1, 5);
    assert_string_equal(page->contact, "bob");
    assert_string_equal(page->after, "");
    assert_int_equal(page->after_ms - page->planned_ms, 4 * TOC_MINUTE_MS);
}

static void a_step_that_ends_takes_its_pages_back(void **state)
{
    (void)state;
    open_alert(TWO, 0);
    assert_string_equal(feed_due(&feed, "09:05"), "ana");
    feed_time(&feed, "09:06");
    assert_string_equal(feed_due(&feed, "09:06"), "bob");
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
}

static void rounds_are_repeated_and_then_it_is_exhausted(void **state)
{
    (void)state;
    open_alert(TWO, 1);
    feed_time(&feed, "09:06");
    feed_time(&feed, "09:17");
    feed_time(&feed, "09:23");
    core_transcript(feed.core);
    assert_string_equal(feed_due(&feed, "09:23"), "bob");
    assert_int_equal(feed_page(&feed, 1, 3)->repeat, 1);
    feed_time(&feed, "09:34");
    assert_told(&feed, "09:34:00 page_ended 1 bob step=1 round=1 page_cancelled (nobody "
                       "acknowledged in time) v1\n"
                       "09:34:00 alert_escalated 1 to step=0 round=2 (every step and repeat is "
                       "through, nobody acknowledged) v1\n");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    assert_int_equal(feed_alert(&feed, 1)->pages, 4);
    assert_string_equal(feed_due(&feed, "23:00"), "");
    feed_time(&feed, "+1/00:00");
    assert_told(&feed, "");
}

static void an_exhausted_alert_can_be_acknowledged(void **state)
{
    (void)state;
    open_alert(ONE, 0);
    feed_time(&feed, "10:01");
    core_transcript(feed.core);
    feed_act_on(&feed, "10:02", "acked", 1, "ana");
    assert_told(&feed, "10:02:00 alert_acked 1 by=ana v1\n");
}

static void goalert_4548_an_empty_step_is_skipped_at_once_and_recorded(void **state)
{
    (void)state;
    feed_desk(&feed, "[{page: [], wait: 5m}, {page: [bob], wait: 5m}, {page: [], wait: 5m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    assert_told(&feed, "09:00:00 alert_opened 1 critical path=desk \"opened critical\" (critical) "
                       "v1\n"
                       "09:00:00 alert_escalated 1 to step=0 round=0 (the step has no contacts) "
                       "v1\n"
                       "09:00:00 alert_paged 1 bob step=1 round=0 page_pending v1\n");
    feed_time(&feed, "09:06");
    assert_told(&feed, "09:06:00 page_ended 1 bob step=1 round=0 page_cancelled (nobody "
                       "acknowledged in time) v1\n"
                       "09:06:00 alert_escalated 1 to step=2 round=0 (nobody acknowledged in "
                       "time) v1\n"
                       "09:06:00 alert_escalated 1 to step=2 round=0 (the step has no contacts) "
                       "v1\n"
                       "09:06:00 alert_escalated 1 to step=0 round=1 (every step and repeat is "
                       "through, nobody acknowledged) v1\n");
}

static void late_time_goes_one_step_at_a_time(void **state)
{
    (void)state;
    open_alert("[{page: [a], wait: 1m}, {page: [b], wait: 1m}, {page: [c], wait: 1m}]", 0);
    feed_time(&feed, "12:00"); /* hours late: the waits of later steps begin now */
    assert_string_equal(feed_due(&feed, "12:00"), "b");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("12:01"));
}

static void many_alerts_escalate_in_one_instant(void **state)
{
    (void)state;
    feed_desk(&feed, TWO, 0);
    for (unsigned i = 1; i <= 60; i++)
        for (unsigned k = 1; k <= 10; k++)
            feed_clock(&feed, "09:00",
                       (struct feed_clock){.issue = i,
                                           .what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                                           .instance = k});
    feed_time(&feed, "09:06");
    for (uint64_t number = 1; number <= 600; number++) {
        assert_int_equal(feed_alert(&feed, number)->step, 1);
        core_forget(feed.core);
    }
    assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 600);
}

/* --- acknowledgements that end -------------------------------------------------------------- */

static void open_expiring(const char *steps, unsigned repeat)
{
    feed.path_more = ", ack_expires: 30m";
    open_alert(steps, repeat);
    feed.path_more = NULL;
}

static void goalert_3378_an_acknowledgement_expires_after_a_reminder(void **state)
{
    (void)state;
    open_expiring(TWO, 0);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    core_transcript(feed.core);
    assert_int_equal(feed_alert(&feed, 1)->ack_ends_ms, core_time("09:31"));
    feed_time(&feed, "09:26");
    assert_told(&feed, "");
    feed_time(&feed, "09:26:00.001");
    assert_told(&feed, "09:26:00.001 alert_paged 1 ana step=0 round=0 page_pending kind=reminder "
                       "v1\n");
    assert_string_equal(feed_due(&feed, "09:27"), "ana");
    feed_time(&feed, "09:31:00.001");
    assert_told(&feed,
                "09:31:00.001 page_ended 1 ana step=0 round=0 page_cancelled kind=reminder (the "
                "acknowledgement has expired) v1\n"
                "09:31:00.001 alert_escalated 1 to step=1 round=0 (the acknowledgement has "
                "expired) v1\n"
                "09:31:00.001 alert_paged 1 bob step=1 round=0 page_pending v1\n");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    assert_string_equal(feed_alert(&feed, 1)->acked_by, "");
}

static void grafana_1792_who_says_it_again_has_time_again(void **state)
{
    (void)state;
    open_expiring(TWO, 0);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    feed_time(&feed, "09:27");
    core_transcript(feed.core);
    feed_act_on(&feed, "09:28", "acked", 1, "bob");
    assert_told(&feed, "09:28:00 alert_refused 1 by=bob (the alert is acknowledged already)\n");
    feed_act_on(&feed, "09:29", "acked", 1, "ana");
    assert_told(&feed, "09:29:00 page_ended 1 ana step=0 round=0 page_cancelled kind=reminder "
                       "by=ana (acknowledged) v1\n"
                       "09:29:00 alert_acked 1 by=ana v1\n");
    assert_int_equal(feed_alert(&feed, 1)->ack_ends_ms, core_time("09:59"));
    feed_act_on(&feed, "09:30", "taken", 1, "bob"); /* and so has who takes it over */
    assert_int_equal(feed_alert(&feed, 1)->ack_ends_ms, core_time("10:00"));
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:55"));
}

static void an_expired_acknowledgement_of_the_last_step_begins_another_round(void **state)
{
    (void)state;
    open_expiring(ONE, 0);
    feed_time(&feed, "10:01"); /* exhausted */
    feed_act_on(&feed, "10:02", "acked", 1, "ana");
    core_transcript(feed.core);
    feed_time(&feed, "10:33");
    feed_time(&feed, "10:34");
    assert_told(&feed,
                "10:33:00 alert_escalated 1 to step=0 round=2 (the acknowledgement has expired) "
                "v1\n"
                "10:33:00 alert_paged 1 ana step=0 round=2 page_pending v1\n");
    feed_act_on(&feed, "10:40", "acked", 1, "ana");
    feed_time(&feed, "11:11");
    assert_int_equal(feed_alert(&feed, 1)->repeat, 3);
    feed_time(&feed, "12:12");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
}

static void what_is_resolved_expires_no_more(void **state)
{
    (void)state;
    open_expiring(ONE, 0);
    feed_act_on(&feed, "09:01", "acked", 1, "ana");
    feed_act_on(&feed, "09:02", "resolved", 1, "ana");
    core_transcript(feed.core);
    feed_time(&feed, "+1/00:00");
    assert_told(&feed, "");
}

/* --- outcomes ------------------------------------------------------------------------------- */

static void goalert_4558_answers_are_classed(void **state)
{
    static const struct {
        uint32_t code;
        Tocsin__V1__PageState state;
    } cases[] = {
        {200, TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED}, {202, TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED},
        {204, TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED}, {299, TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED},
        {300, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},     {301, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},
        {302, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},     {304, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},
        {308, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},     {400, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},
        {401, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},     {403, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},
        {404, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},     {407, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},
        {410, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},     {426, TOCSIN__V1__PAGE_STATE__PAGE_DEAD},
        {0, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},    {408, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},
        {425, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},  {429, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},
        {500, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},  {502, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},
        {503, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},  {599, TOCSIN__V1__PAGE_STATE__PAGE_PENDING},
    };
    (void)state;
    feed_desk(&feed, ONE, 0);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        feed_issue(&feed, "09:00", (struct feed_issue){.issue = i + 1});
        feed_outcome(&feed, "09:00", i + 1, 0, cases[i].code);
        assert_int_equal(feed_page(&feed, i + 1, 0)->state, cases[i].state);
        assert_int_equal(feed_page(&feed, i + 1, 0)->attempts, 1);
    }
}

static void an_accepted_page_is_not_sent_again_and_the_step_goes_on(void **state)
{
    (void)state;
    open_alert(TWO, 0);
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    assert_told(&feed, "09:00:01 alert_sent 1 ana step=0 round=0 page_accepted attempts=1 (200) "
                       "v1\n"
                       "09:00:01 page_ended 1 ana step=0 round=0 page_accepted attempts=1 v1\n");
    assert_string_equal(feed_due(&feed, "09:04"), "");
    feed_time(&feed, "09:06"); /* accepted by a machine is not acknowledged by a person */
    assert_string_equal(feed_due(&feed, "09:06"), "bob");
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_ACCEPTED);
}

/* The wait after the nth failure, in milliseconds. */
static toc_time_ms wait_after(uint64_t number, const char *time)
{
    feed_outcome(&feed, time, number, 0, 500);
    return feed_page(&feed, number, 0)->next_ms - core_time(time);
}

static void the_waits_grow_to_a_minute_within_their_jitter(void **state)
{
    static const toc_time_ms most[] = {1000, 2000, 4000, 8000, 15000, 30000, 60000, 60000, 60000};
    char time[32];
    toc_time_ms at_ms = core_time("09:00");
    (void)state;
    open_alert("[{page: [ana], wait: 1d}]", 0);
    for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
        toc_time_ms wait_ms = wait_after(1, core_time_text(time, at_ms));
        assert_true(wait_ms >= most[i] / 2 && wait_ms < most[i]);
        feed_time(&feed, core_time_text(time, at_ms + wait_ms));
        assert_string_equal(feed_due(&feed, time), "");
        at_ms += wait_ms + 1;
        feed_time(&feed, core_time_text(time, at_ms));
        assert_string_equal(feed_due(&feed, time), "ana");
    }
}

static void the_jitter_differs_between_pages_and_is_the_same_in_a_rebuild(void **state)
{
    toc_time_ms waits[2][20];
    unsigned distinct = 0;
    (void)state;
    for (unsigned life = 0; life < 2; life++) {
        feed_desk(&feed, ONE, 0);
        for (unsigned i = 0; i < 20; i++) {
            feed_issue(&feed, "09:00", (struct feed_issue){.issue = i + 1});
            waits[life][i] = wait_after(i + 1, "09:00");
        }
        feed_close(&feed);
        feed_open(&feed, false);
    }
    assert_memory_equal(waits[0], waits[1], sizeof(waits[0]));
    for (unsigned i = 1; i < 20; i++)
        distinct += waits[0][i] != waits[0][0];
    assert_true(distinct >= 18);
}

static void alertmanager_2205_retry_after_is_a_floor_to_which_jitter_adds(void **state)
{
    (void)state;
    open_alert(ONE, 0);
    feed_outcome_after(&feed, "09:00", 1, 0, 429, "09:10");
    toc_time_ms next_ms = feed_page(&feed, 1, 0)->next_ms;
    assert_true(next_ms >= core_time("09:10") && next_ms < core_time("09:10:01"));
    feed_outcome_after(&feed, "09:10:01", 1, 0, 429, "09:10:01.001"); /* sooner than the wait */
    assert_true(feed_page(&feed, 1, 0)->next_ms >= core_time("09:10:02"));
    assert_told(&feed, "09:00:00 alert_sent 1 ana step=0 round=0 page_pending attempts=1 (429) "
                       "v1\n"
                       "09:10:01 alert_sent 1 ana step=0 round=0 page_pending attempts=2 (429) "
                       "v1\n");
}

static void a_receiver_that_wants_longer_than_the_step_is_passed_over(void **state)
{
    (void)state;
    open_alert(TWO, 0);
    feed_outcome_after(&feed, "09:00:01", 1, 0, 503, "09:04:59");
    assert_int_equal(feed_page(&feed, 1, 0)->state, TOCSIN__V1__PAGE_STATE__PAGE_PENDING);
    core_transcript(feed.core);
    feed_outcome_after(&feed, "09:04:59", 1, 0, 503, "09:05");
    assert_told(&feed, "09:04:59 alert_sent 1 ana step=0 round=0 page_dead attempts=2 (503) v1\n"
                       "09:04:59 page_ended 1 ana step=0 round=0 page_dead attempts=2 (no other "
                       "try is wanted before the step ends) v1\n"
                       "09:04:59 alert_escalated 1 to step=1 round=0 (no page of the step can be "
                       "delivered) v1\n"
                       "09:04:59 alert_paged 1 bob step=1 round=0 page_pending v1\n");
}

static void a_dead_step_escalates_at_once(void **state)
{
    (void)state;
    open_alert("[{page: [a, b], wait: 5m}, {page: [c], wait: 5m}]", 0);
    feed_outcome(&feed, "09:00:01", 1, 0, 410);
    assert_told(&feed, "09:00:01 alert_sent 1 a step=0 round=0 page_dead attempts=1 (410) v1\n"
                       "09:00:01 page_ended 1 a step=0 round=0 page_dead attempts=1 (refused for "
                       "good) v1\n");
    assert_string_equal(feed_due(&feed, "09:00:01"), "b");
    feed_outcome(&feed, "09:00:02", 1, 1, 400);
    assert_told(&feed, "09:00:02 alert_sent 1 b step=0 round=0 page_dead attempts=1 (400) v1\n"
                       "09:00:02 page_ended 1 b step=0 round=0 page_dead attempts=1 (refused for "
                       "good) v1\n"
                       "09:00:02 alert_escalated 1 to step=1 round=0 (no page of the step can be "
                       "delivered) v1\n"
                       "09:00:02 alert_paged 1 c step=1 round=0 page_pending v1\n");
    assert_int_equal(feed_alert(&feed, 1)->next_ms, core_time("09:05:02"));
}

static void a_step_with_one_page_through_is_not_dead(void **state)
{
    (void)state;
    open_alert("[{page: [a, b], wait: 5m}, {page: [c], wait: 5m}]", 0);
    feed_outcome(&feed, "09:00:01", 1, 1, 200);
    core_transcript(feed.core);
    feed_outcome(&feed, "09:00:02", 1, 0, 410);
    assert_told(&feed, "09:00:02 alert_sent 1 a step=0 round=0 page_dead attempts=1 (410) v1\n"
                       "09:00:02 page_ended 1 a step=0 round=0 page_dead attempts=1 (refused for "
                       "good) v1\n");
}

static void pages_of_an_earlier_round_do_not_keep_a_step_alive(void **state)
{
    (void)state;
    open_alert(ONE, 1);
    feed_outcome(&feed, "09:00:01", 1, 0, 200);
    feed_time(&feed, "10:01");
    core_transcript(feed.core);
    feed_outcome(&feed, "10:01:01", 1, 1, 410);
    assert_told(&feed, "10:01:01 alert_sent 1 ana step=0 round=1 page_dead attempts=1 (410) v1\n"
                       "10:01:01 page_ended 1 ana step=0 round=1 page_dead attempts=1 (refused "
                       "for good) v1\n"
                       "10:01:01 alert_escalated 1 to step=0 round=2 (every step and repeat is "
                       "through, nobody acknowledged) v1\n");
}

static void grafana_4654_an_outcome_after_the_acknowledgement_is_only_recorded(void **state)
{
    static const uint32_t codes[] = {200, 0, 410};
    (void)state;
    open_alert(TWO, 0);
    feed_act_on(&feed, "09:00:01", "acked", 1, "ana");
    core_transcript(feed.core);
    for (uint32_t i = 0; i < 3; i++) {
        feed_outcome(&feed, "09:00:02", 1, 0, codes[i]);
        const Tocsin__V1__Page *page = feed_page(&feed, 1, 0);
        assert_int_equal(page->state, TOCSIN__V1__PAGE_STATE__PAGE_CANCELLED);
        assert_int_equal(page->next_ms, TOC_TIME_NEVER);
        assert_int_equal(page->done_ms, core_time("09:00:01"));
    }
    assert_told(&feed,
                "09:00:02 alert_sent 1 ana step=0 round=0 page_cancelled attempts=1 (200) v1\n"
                "09:00:02 alert_sent 1 ana step=0 round=0 page_cancelled attempts=2 (timeout) v1\n"
                "09:00:02 alert_sent 1 ana step=0 round=0 page_cancelled attempts=3 (410) v1\n");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_ACKNOWLEDGED);
}

static void a_failed_page_waits_no_longer_than_its_step(void **state)
{
    (void)state;
    open_alert(TWO, 0);
    feed_outcome(&feed, "09:04:59.999", 1, 0, 500);
    feed_time(&feed, "09:05:00.001");
    assert_string_equal(feed_due(&feed, "09:06"), "bob");
    assert_int_equal(core_count(feed.core, TABLE_OUTBOX), 1);
    assert_int_equal(core_count(feed.core, TABLE_PAGE_DUE), 0);
}

static void a_delivery_keeps_its_id_and_no_two_share_one(void **state)
{
    char ids[4][NOTIFIER_DELIVERY_MAX];
    (void)state;
    open_alert("[{page: [a, b], wait: 5m}]", 1);
    feed_time(&feed, "09:06");
    for (uint32_t i = 0; i < 4; i++) {
        toc_str_copy(ids[i], sizeof(ids[i]), toc_str_of(feed_page(&feed, 1, i)->delivery));
        assert_int_equal(strlen(ids[i]), 36);
        assert_memory_equal(ids[i], "msg_", 4);
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
    feed_outcome(&feed, "09:06:01", 1, 2, 500);
    feed_outcome(&feed, "09:06:05", 1, 2, 500);
    assert_string_equal(feed_page(&feed, 1, 2)->delivery, ids[2]);
}

/* As many contacts and rounds as a policy allows: more pages than a turn's memory holds. */
static void a_long_path_runs_to_its_end(void **state)
{
    char step[1024] = "{page: [", steps[3072], time[32];
    uint32_t page = 0;
    (void)state;
    for (int i = 0; i < 32; i++)
        snprintf(step + strlen(step), 32, "%scontact-%02d", i == 0 ? "" : ", ", i);
    snprintf(steps, sizeof(steps), "[%s], wait: 5m}, %s], wait: 5m}]", step, step);
    open_alert(steps, 20);
    for (int turn = 0; turn < 2 * 21; turn++) {
        core_time_text(time, core_time("09:00") + turn * TOC_SECOND_MS);
        for (int i = 0; i < 32; i++)
            feed_outcome(&feed, time, 1, page++, 404);
        core_forget(feed.core);
    }
    assert_int_equal(feed_alert(&feed, 1)->pages, 2 * 21 * 32);
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
}

/* --- the outbox ----------------------------------------------------------------------------- */

struct rows {
    struct notifier_due after, out[4];
    size_t most, count;
};

static enum toc_err read_rows(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct rows *rows = user;
    (void)arena;
    return notifier_outbox(txn, &rows->after, rows->most, rows->out, &rows->count);
}

/* As long as a policy may have it, and nobody of it can be reached: one step of the core is not
 * enough for that, and another record must not wait for it. */
static void a_longest_path_of_nobody_is_gone_through_bit_by_bit(void **state)
{
    static char text[64 * 1024];
    (void)state;
    int at = snprintf(text, sizeof(text),
                      "policy: 1\nqueues: {desk: {tier: 1}}\n"
                      "routes: [{rule: all, queue: desk}]\n"
                      "alerts: [{rule: critical, on: opened, severity: critical, path: desk}]\n"
                      "paths: {desk: {repeat: 20, steps: [");
    for (unsigned step = 0; step < 32; step++) {
        at += snprintf(text + at, sizeof(text) - (size_t)at, "%s{wait: 5m, page: [",
                       step > 0 ? ", " : "");
        for (unsigned i = 0; i < 32; i++)
            at += snprintf(text + at, sizeof(text) - (size_t)at, "%sp%u", i > 0 ? ", " : "", i);
        at += snprintf(text + at, sizeof(text) - (size_t)at, "]}");
    }
    snprintf(text + at, sizeof(text) - (size_t)at, "]}}\n");
    feed_policy(&feed, "08:00", text);
    feed_contact(&feed, "08:30", "*", "");
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
    assert_int_equal(feed_alert(&feed, 1)->pages, 256);
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_OPEN);
    for (unsigned i = 1; i < 32 * 32 * 21 / 256; i++) {
        snprintf(text, sizeof(text), "09:%02u:%02u", i / 60, i % 60);
        feed_time(&feed, text);
        core_forget(feed.core);
    }
    assert_int_equal(feed_alert(&feed, 1)->pages, 32 * 32 * 21);
    feed_time(&feed, "09:01:30");
    assert_int_equal(feed_alert(&feed, 1)->state, TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED);
    assert_int_equal(feed_alert(&feed, 1)->pages, 32 * 32 * 21);
}

static void the_outbox_is_read_piece_by_piece(void **state)
{
    struct rows rows = {.most = 2};
    (void)state;
    open_alert("[{page: [a, b], wait: 5m}]", 0);
    feed_issue(&feed, "09:01", (struct feed_issue){.issue = 2});
    assert_int_equal(core_read(feed.core, read_rows, &rows), TOC_OK);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.out[0].at_ms, core_time("09:00"));
    assert_int_equal(rows.out[1].index, 1);
    rows.after = rows.out[1];
    assert_int_equal(core_read(feed.core, read_rows, &rows), TOC_OK);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.out[0].alert_number, 2);
    assert_int_equal(rows.out[0].index, 0);
    rows.after = rows.out[1];
    assert_int_equal(core_read(feed.core, read_rows, &rows), TOC_OK);
    assert_int_equal(rows.count, 0);
    rows.after = (struct notifier_due){.at_ms = core_time("09:01")}; /* all of that instant */
    rows.most = 4;
    assert_int_equal(core_read(feed.core, read_rows, &rows), TOC_OK);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.out[0].index, 0);
}

static enum toc_err read_pending(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct notifier_page page;
    return notifier_pending_page(txn, arena, *(uint64_t *)user, 0, &page);
}

static void grafana_3111_only_a_pending_page_may_be_sent(void **state)
{
    uint64_t first = 1, second = 2, none = 9;
    (void)state;
    open_alert(ONE, 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 2});
    assert_int_equal(core_read(feed.core, read_pending, &first), TOC_OK);
    feed_outcome(&feed, "09:00", 1, 0, 500); /* waits for its next try */
    assert_int_equal(core_read(feed.core, read_pending, &first), TOC_NONE);
    feed_time(&feed, "09:00:02");
    assert_int_equal(core_read(feed.core, read_pending, &first), TOC_OK);
    feed_outcome(&feed, "09:00", 1, 0, 200);
    assert_int_equal(core_read(feed.core, read_pending, &first), TOC_NONE);
    feed_act_on(&feed, "09:00", "acked", 2, "ana");
    assert_int_equal(core_read(feed.core, read_pending, &second), TOC_NONE);
    assert_int_equal(core_read(feed.core, read_pending, &none), TOC_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_step_ends_after_its_wait_and_not_at_it),
        TEST(a_page_says_who_is_next_and_when),
        TEST(a_step_that_ends_takes_its_pages_back),
        TEST(rounds_are_repeated_and_then_it_is_exhausted),
        TEST(an_exhausted_alert_can_be_acknowledged),
        TEST(goalert_4548_an_empty_step_is_skipped_at_once_and_recorded),
        TEST(late_time_goes_one_step_at_a_time),
        TEST(many_alerts_escalate_in_one_instant),
        TEST(goalert_3378_an_acknowledgement_expires_after_a_reminder),
        TEST(grafana_1792_who_says_it_again_has_time_again),
        TEST(an_expired_acknowledgement_of_the_last_step_begins_another_round),
        TEST(what_is_resolved_expires_no_more),
        TEST(goalert_4558_answers_are_classed),
        TEST(an_accepted_page_is_not_sent_again_and_the_step_goes_on),
        TEST(the_waits_grow_to_a_minute_within_their_jitter),
        TEST(the_jitter_differs_between_pages_and_is_the_same_in_a_rebuild),
        TEST(alertmanager_2205_retry_after_is_a_floor_to_which_jitter_adds),
        TEST(a_receiver_that_wants_longer_than_the_step_is_passed_over),
        TEST(a_dead_step_escalates_at_once),
        TEST(a_step_with_one_page_through_is_not_dead),
        TEST(pages_of_an_earlier_round_do_not_keep_a_step_alive),
        TEST(grafana_4654_an_outcome_after_the_acknowledgement_is_only_recorded),
        TEST(a_failed_page_waits_no_longer_than_its_step),
        TEST(a_delivery_keeps_its_id_and_no_two_share_one),
        TEST(a_long_path_runs_to_its_end),
        TEST(a_longest_path_of_nobody_is_gone_through_bit_by_bit),
        TEST(the_outbox_is_read_piece_by_piece),
        TEST(grafana_3111_only_a_pending_page_may_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
