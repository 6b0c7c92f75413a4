/* What happens to an issue as a whole: merges, policies that change under it, where its time went.
 */
#include "services/sla/row.h"
#include "tests/support/sla_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define CALENDARS(day)                                                                             \
    "policy: 1\n"                                                                                  \
    "calendars:\n"                                                                                 \
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"                                \
    "  day: {zone: UTC, weekly: {mon-fri: [\"" day "\"]}}\n"                                       \
    "queues: {q: {tier: 1}, second: {tier: 2}}\n"

#define CLOCKS(target, pause)                                                                      \
    "routes: [{rule: default, queue: q, sla: s}]\n"                                                \
    "slas:\n"                                                                                      \
    "  s: {calendar: always, clocks: {resolution: {targets: {default: " target                     \
    "}, pause_on: [" pause "]}}}\n"                                                                \
    "  talk: {calendar: always, clocks: {first_reply: {targets: {default: 1h}},\n"                 \
    "    next_reply: {targets: {default: 1h}}, resolution: {targets: {default: 8h}}}}\n"           \
    "  bot: {calendar: always, clocks: {first_reply: {targets: {default: 1h}},\n"                  \
    "    resolution: {targets: {default: 8h}}}}\n"                                                 \
    "  parked: {calendar: always, clocks: {resolution: {targets: {default: " target                \
    "}, cancel_on: [on_hold], again: continue}}}\n"                                                \
    "  wait: {calendar: always, pause_on: [pending], clocks: {queue_wait: {targets: "              \
    "{default: 1h}}}}\n"                                                                           \
    "  urgent: {calendar: always, pause_on: [pending], clocks: {resolution: {targets: {P1: "       \
    "2h}}}}\n"                                                                                     \
    "  patient: {calendar: always, pause_on: [pending], clocks: {first_reply: {targets: "          \
    "{default: 1h}}, next_reply: {targets: {default: 1h}}}}\n"                                     \
    "  day: {calendar: day, clocks: {resolution: {targets: {default: 8h}}}}\n"                     \
    "  days: {calendar: day, pause_on: [pending], clocks: {resolution: {targets: {default: 3 "     \
    "business days}, warn: [80]}}}\n"

static const char policy[] = CALENDARS("09:00-17:00") CLOCKS("4h", "pending");

/* --- bots ---------------------------------------------------------------------------------------
 */

static void behind_a_bot_the_first_reply_starts_at_the_hand_off(void **state)
{
    (void)state;
    told("10:00 opened sla=bot queue=q bot=1\n"
         "10:10 message direction=inbound\n"
         "10:11 message direction=outbound\n"
         "10:30 handed_off bot=0\n"
         "10:40 message direction=outbound auto=1\n"
         "11:00 message direction=outbound\n",
         "10:00:00 clock 1 resolution/1 started target=480m next=18:00:00\n"
         "10:30:00 clock 1 first_reply/1 started target=60m next=11:30:00\n"
         "11:00:00 clock 1 first_reply/1 met elapsed=30m ledger=10:30:00-11:00:00\n");
}

static void after_the_hand_off_another_sla_counts_from_it(void **state)
{
    (void)state;
    told("10:00 opened queue=q bot=1\n"
         "10:30 handed_off bot=0\n"
         "11:00 routed sla=bot\n",
         "11:00:00 clock 1 first_reply/1 started target=60m next=11:30:00\n"
         "11:00:00 clock 1 resolution/1 started target=480m next=18:00:00\n");
}

/* --- merging ------------------------------------------------------------------------------------
 */

static void znuny_200_a_merge_cancels_the_clocks_of_the_source(void **state)
{
    (void)state;
    told("10:00 opened sla=talk queue=q\n"
         "10:30 merged state=closed into=2\n"
         "11:00 message direction=inbound\n"
         "11:10 status state=open\n"
         "20:00 time\n",
         "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
         "10:00:00 clock 1 resolution/1 started target=480m next=18:00:00\n"
         "10:30:00 clock 1 first_reply/1 cancelled reason=merged\n"
         "10:30:00 clock 1 resolution/1 cancelled reason=merged\n");
}

static void zammad_983_the_target_keeps_the_earliest_unanswered_message(void **state)
{
    (void)state;
    told("10:00 opened issue=2 sla=talk queue=q unanswered_ms=10:00\n"
         "10:40 took_over issue=2 unanswered_ms=09:30\n"
         "10:30 log=10:40 noted issue=2\n"
         "10:45 message issue=2 direction=outbound unanswered_ms=0\n",
         "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
         "10:00:00 clock 1 resolution/1 started target=480m next=18:00:00\n"
         "10:40:00 clock 1 first_reply/1 retargeted target=60m was=60m due=10:30:00 "
         "reason=took_over\n"
         "10:40:00 clock 1 first_reply/1 breached due=10:30:00 ledger=09:30:00-10:00:00,10:00:00- "
         "reason=took_over on_retarget\n"
         "10:45:00 clock 1 first_reply/1 met elapsed=75m "
         "ledger=09:30:00-10:00:00,10:00:00-10:45:00 late\n");
}

static void zammad_2469_a_message_that_came_along_starts_the_next_reply(void **state)
{
    (void)state;
    told("10:00 opened issue=2 sla=talk queue=q unanswered_ms=10:00\n"
         "10:10 message issue=2 direction=outbound unanswered_ms=0\n"
         "10:40 took_over issue=2 unanswered_ms=10:20\n"
         "10:50 message issue=2 direction=inbound\n"
         "11:00 message issue=2 direction=outbound unanswered_ms=0\n"
         "11:30 took_over issue=2 unanswered_ms=10:55\n",
         "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
         "10:00:00 clock 1 resolution/1 started target=480m next=18:00:00\n"
         "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
         "10:40:00 clock 1 next_reply/1 started target=60m next=11:20:00\n"
         "11:00:00 clock 1 next_reply/1 met elapsed=40m ledger=10:20:00-11:00:00\n"
         "11:30:00 clock 1 next_reply/2 started target=60m next=11:55:00\n");
}

static void what_stands_still_may_be_over_by_what_a_merge_brings(void **state)
{
    (void)state;
    told("12:00 opened issue=2 sla=patient queue=q unanswered_ms=12:00\n"
         "12:10 status issue=2 state=pending\n"
         "12:20 took_over issue=2 unanswered_ms=10:00\n"
         "12:30 message issue=2 direction=outbound unanswered_ms=0\n",
         "12:00:00 clock 1 first_reply/1 started target=60m next=13:00:00\n"
         "12:10:00 clock 1 first_reply/1 paused elapsed=10m\n"
         "12:20:00 clock 1 first_reply/1 retargeted target=60m was=60m reason=took_over\n"
         "12:20:00 clock 1 first_reply/1 breached due=11:00:00 "
         "ledger=10:00:00-12:10:00 reason=took_over on_retarget\n"
         "12:30:00 clock 1 first_reply/1 met elapsed=130m "
         "ledger=10:00:00-12:10:00 late\n");
}

/* --- targets that come late --------------------------------------------------------------------
 */

static void glpi_15605_a_clock_that_gets_its_target_late_has_its_pauses(void **state)
{
    (void)state;
    told(
        "10:00 opened sla=urgent queue=q\n"
        "10:30 status state=pending\n"
        "12:30 status state=open\n"
        "13:00 classified priority=P1\n"
        "14:00:01 time\n",
        "13:00:00 clock 1 resolution/1 started target=120m next=14:00:00\n"
        "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-10:30:00,12:30:00-\n");
}

static void what_gets_its_target_while_it_stands_still_has_the_time_before(void **state)
{
    (void)state;
    told("10:00 opened sla=urgent queue=q\n"
         "10:30 status state=pending\n"
         "12:30 routed priority=P1\n"
         "13:00 status state=open\n"
         "13:10 status state=solved\n",
         "12:30:00 clock 1 resolution/1 started target=120m next=never\n"
         "13:00:00 clock 1 resolution/1 resumed next=14:30:00\n"
         "13:10:00 clock 1 resolution/1 met elapsed=40m "
         "ledger=10:00:00-10:30:00,13:00:00-13:10:00\n");
}

static void what_goes_on_has_no_more_time_than_it_had(void **state)
{
    (void)state;
    told("10:00 opened sla=wait queue=q queued_ms=10:00\n"
         "10:00 routed queue=second queued_ms=10:00\n"
         "10:20 routed sla= queue=q queued_ms=10:20\n"
         "10:30 routed sla=wait\n",
         "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
         "10:00:00 clock 1 queue_wait[q]/1 met elapsed=0m\n"
         "10:00:00 clock 1 queue_wait[second]/2 started target=60m next=11:00:00\n"
         "10:20:00 clock 1 queue_wait[second]/2 met elapsed=20m ledger=10:00:00-10:20:00\n"
         "10:30:00 clock 1 queue_wait[q]/3 started target=60m next=11:20:00\n");
}

static void a_message_that_came_along_does_not_have_the_pauses_of_the_target(void **state)
{
    (void)state;
    told("10:00 opened issue=2 sla=patient queue=q unanswered_ms=10:00\n"
         "10:10 message issue=2 direction=outbound unanswered_ms=0 state=pending\n"
         "11:00 took_over issue=2 unanswered_ms=10:20 state=open\n"
         "11:20:01 time\n",
         "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
         "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
         "11:00:00 clock 1 next_reply/1 started target=60m next=11:20:00\n"
         "11:20:00 clock 1 next_reply/1 breached due=11:20:00 ledger=10:20:00-\n");
}

static void a_message_from_before_the_opening_has_none_of_the_pauses_of_the_target(void **state)
{
    (void)state;
    told("10:00 opened issue=2 sla=urgent queue=q unanswered_ms=10:00\n"
         "10:00 status issue=2 state=solved\n"
         "10:10 message issue=2 direction=outbound unanswered_ms=0\n"
         "11:00 took_over issue=2 unanswered_ms=09:40 state=open\n"
         "11:10 routed issue=2 sla=patient\n"
         "11:40:01 time\n",
         "11:10:00 clock 1 next_reply/1 started target=60m next=11:40:00\n"
         "11:40:00 clock 1 next_reply/1 breached due=11:40:00 "
         "ledger=09:40:00-10:00:00,11:00:00-\n");
}

/* --- policies that change -----------------------------------------------------------------------
 */

static const char longer[] = CALENDARS("09:00-13:00") CLOCKS("6h", "pending, on_hold");

static void begin_edit(void)
{
    sla_feed_run(&feed, "10:00 opened sla=s queue=q\n"
                        "11:00 status state=pending\n"
                        "12:00 status state=on_hold\n"
                        "13:00 status state=open\n");
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "14:00", longer);
}

static void a_new_version_alone_does_not_concern_issues_that_are_there(void **state)
{
    (void)state;
    begin_edit();
    told(
        "14:10 noted\n15:00:01 time\n",
        "15:00:00 clock 1 resolution/1 breached due=15:00:00 ledger=10:00:00-11:00:00,12:00:00-\n");
}

static void from_now_keeps_the_time_that_was_counted(void **state)
{
    (void)state;
    begin_edit();
    told("14:00 policy mode=FROM_NOW policy=2\n17:00:01 time\n",
         "14:00:00 clock 1 resolution/1 recomputed due=17:00:00 from=15:00:00\n"
         "17:00:00 clock 1 resolution/1 breached due=17:00:00 "
         "ledger=10:00:00-11:00:00,12:00:00-14:00:00,14:00:00-\n");
    assert_int_equal(sla_feed_clocks(&feed, 1)->policy, 2);
}

static void retroactive_counts_as_if_the_rule_had_always_been_there(void **state)
{
    (void)state;
    begin_edit();
    told(
        "14:00 policy mode=RETROACTIVE policy=2\n18:00:01 time\n",
        "14:00:00 clock 1 resolution/1 recomputed due=18:00:00 from=15:00:00\n"
        "18:00:00 clock 1 resolution/1 breached due=18:00:00 ledger=10:00:00-11:00:00,13:00:00-\n");
}

static void what_a_merge_brought_along_is_counted_again_too(void **state)
{
    (void)state;
    told("11:00 opened sla=talk queue=q unanswered_ms=11:00\n"
         "11:10 took_over unanswered_ms=10:30\n",
         "11:00:00 clock 1 first_reply/1 started target=60m next=12:00:00\n"
         "11:00:00 clock 1 resolution/1 started target=480m next=19:00:00\n"
         "11:10:00 clock 1 first_reply/1 retargeted target=60m was=60m due=11:30:00 "
         "reason=took_over\n");
    sla_feed_policy(&feed, "11:20", longer);
    told("11:20 policy mode=RETROACTIVE policy=2\n11:30:01 time\n",
         "11:20:00 clock 1 first_reply/1 recomputed due=11:30:00 from=11:30:00\n"
         "11:30:00 clock 1 first_reply/1 breached due=11:30:00 ledger=10:30:00-\n");
}

static void what_a_merge_brought_along_is_counted_again_without_pauses_from_before(void **state)
{
    (void)state;
    told("11:00 opened sla=patient queue=q unanswered_ms=11:00\n"
         "11:00 status state=pending\n"
         "11:10 took_over unanswered_ms=10:30\n"
         "11:15 status state=open\n",
         "11:00:00 clock 1 first_reply/1 started target=60m next=12:00:00\n"
         "11:00:00 clock 1 first_reply/1 paused elapsed=0m\n"
         "11:10:00 clock 1 first_reply/1 retargeted target=60m was=60m reason=took_over\n"
         "11:15:00 clock 1 first_reply/1 resumed next=11:45:00\n");
    sla_feed_policy(&feed, "11:20", longer);
    told("11:20 policy mode=RETROACTIVE policy=2\n11:45:01 time\n",
         "11:45:00 clock 1 first_reply/1 breached due=11:45:00 "
         "ledger=10:30:00-11:00:00,11:15:00-\n");
}

static void what_cancelled_a_clock_that_went_on_is_not_counted_again(void **state)
{
    (void)state;
    told("10:00 opened sla=parked queue=q\n"
         "11:00 status state=on_hold\n"
         "13:00 status state=open\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "11:00:00 clock 1 resolution/1 cancelled\n"
         "13:00:00 clock 1 resolution/2 started target=240m next=16:00:00\n");
    sla_feed_policy(&feed, "14:00", longer);
    told("14:00 policy mode=RETROACTIVE policy=2\n",
         "14:00:00 clock 1 resolution/2 recomputed due=18:00:00 from=16:00:00\n");
}

static void report_only_changes_nothing_and_says_what_would(void **state)
{
    (void)state;
    begin_edit();
    told(
        "14:00 policy mode=REPORT_ONLY would.policy=2 would.sla=s\n15:00:01 time\n",
        "14:00:00 clock 1 resolution/1 recomputed due=17:00:00 from=15:00:00\n"
        "15:00:00 clock 1 resolution/1 breached due=15:00:00 ledger=10:00:00-11:00:00,12:00:00-\n");
    assert_int_equal(sla_feed_clocks(&feed, 1)->policy, 1);
}

/* What from_now then does is what the report said. */
static void a_report_says_what_would_start_and_what_would_end(void **state)
{
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=wait queue=q queued_ms=10:00\n");
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "10:30",
                    CALENDARS("09:00-17:00") "routes: [{rule: default, queue: q, sla: t}]\n"
                                             "slas: {t: {calendar: always, clocks: {tier_time: "
                                             "{targets: {default: 20m}}}}}\n");
    told("10:30 policy mode=REPORT_ONLY would.policy=2 would.sla=t would.queue=second "
         "would.tier=2\n",
         "10:30:00 clock 1 queue_wait[q]/1 recomputed from=11:00:00 reason=would_end\n"
         "10:30:00 clock 1 tier_time[2]/1 recomputed due=10:50:00 reason=would_start\n");
    told("10:30 policy mode=FROM_NOW policy=2 sla=t queue=second tier=2 queued_ms=10:30\n",
         "10:30:00 clock 1 queue_wait[q]/1 met elapsed=30m ledger=10:00:00-10:30:00\n"
         "10:30:00 clock 1 tier_time[2]/1 started target=20m next=10:50:00\n");
}

static void a_tighter_policy_breaches_at_once_and_a_report_says_it_would(void **state)
{
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=s queue=q\n");
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "12:00", CALENDARS("09:00-13:00") CLOCKS("1h", "pending"));
    told("12:00 policy mode=REPORT_ONLY would.policy=2 would.sla=s\n",
         "12:00:00 clock 1 resolution/1 recomputed due=12:00:00 from=14:00:00 would_breach late\n");
    told("12:10 policy mode=RETROACTIVE policy=2\n",
         "12:10:00 clock 1 resolution/1 recomputed due=11:00:00 from=14:00:00\n"
         "12:10:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00- on_retarget\n");
}

static void another_calendar_counts_from_now_only(void **state)
{
    (void)state;
    sla_feed_run(&feed, "09:00 opened sla=day queue=q\n");
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "16:00", longer);
    told("16:00 policy mode=FROM_NOW policy=2\n",
         "16:00:00 clock 1 resolution/1 recomputed due=+1/10:00:00 from=17:00:00\n");
    assert_int_equal(sla_feed_clocks(&feed, 1)->clocks[0]->elapsed_ms, 7 * TOC_HOUR_MS);
}

static void from_now_a_date_keeps_the_pauses_that_were_counted(void **state)
{
    (void)state;
    sla_feed_run(&feed, "08:00 opened sla=days queue=q\n"
                        "12:00 status state=pending\n"
                        "14:00 status state=open\n");
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "+1/10:00", CALENDARS("00:00-24:00") CLOCKS("4h", "pending"));
    told("+1/10:00 policy mode=FROM_NOW policy=2\n",
         "+1/10:00:00 clock 1 resolution/1 recomputed due=+3/10:00:00 from=+3/11:00:00\n");
    sla_feed_policy(&feed, "+1/20:00", CALENDARS("09:00-13:00") CLOCKS("4h", "pending"));
    told("+1/20:00 policy mode=FROM_NOW policy=3\n"
         "+3/11:00 status state=solved\n",
         "+1/20:00:00 clock 1 resolution/1 recomputed due=+3/11:00:00 from=+3/10:00:00\n"
         "+2/12:36:00 clock 1 resolution/1 warned 80% due=+3/11:00:00 catch_up\n"
         "+3/11:00:00 clock 1 resolution/1 met elapsed=720m ledger=08:00:00-12:00:00,"
         "14:00:00-+1/10:00:00,+1/10:00:00-+1/20:00:00,+1/20:00:00-+3/11:00:00\n");
}

/* --- where the time went ------------------------------------------------------------------------
 */

static toc_time_ms share_of(const Tocsin__V1__ClockChange *change, const char *kind,
                            const char *name)
{
    for (size_t i = 0; i < change->n_shares; i++)
        if (strcmp(change->shares[i]->kind, kind) == 0 &&
            strcmp(change->shares[i]->name, name) == 0)
            return change->shares[i]->ms;
    return 0;
}

static toc_time_ms sum_of(const Tocsin__V1__ClockChange *change, const char *kind)
{
    toc_time_ms sum = 0;
    for (size_t i = 0; i < change->n_shares; i++)
        if (strcmp(change->shares[i]->kind, kind) == 0)
            sum += change->shares[i]->ms;
    return sum;
}

static void a_breach_says_where_its_time_went(void **state)
{
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=s queue=q tier=1 partner=acme\n"
                        "10:30 status state=open\n"
                        "11:00 status state=pending\n"
                        "12:00 status state=on_hold\n"
                        "13:30 routed state=open queue=second tier=2 partner=\n"
                        "15:00:01 time\n");
    const Tocsin__V1__ClockChange *change = sla_feed_last(&feed);
    assert_int_equal(change->what, TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED);
    assert_int_equal(share_of(change, "queue", "q"), 150 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "queue", "second"), 90 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "tier", "1"), 150 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "tier", "2"), 90 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "partner", "acme"), 150 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "partner", ""), 90 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "state", "new"), 30 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "state", "open"), 120 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "state", "on_hold"), 90 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "side", "us"), 150 * TOC_MINUTE_MS);
    assert_int_equal(share_of(change, "side", "third_party"), 90 * TOC_MINUTE_MS);
    assert_int_equal(sum_of(change, "side"), 4 * TOC_HOUR_MS);
}

static void shares_that_do_not_fit_are_one_without_a_name(void **state)
{
    char line[256];
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=s queue=q state=open\n");
    for (int i = 0; i < 300; i++) {
        snprintf(line, sizeof(line),
                 "10:%02d:%02d routed queue=a-queue-with-a-long-name-that-nobody-would-give-%03d",
                 i / 60, i % 60, i);
        sla_feed_line(&feed, line);
    }
    sla_feed_run(&feed, "11:00 status state=solved\n");
    const Tocsin__V1__ClockChange *change = sla_feed_last(&feed);
    const Tocsin__V1__Record *record = core_record(feed.sla, core_last_seq(feed.sla));
    static const char *const kinds[] = {"tier", "queue", "partner", "state", "side"};
    assert_in_range(change->n_shares, 5, 24);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(sum_of(change, kinds[i]), TOC_HOUR_MS);
    assert_true(share_of(change, "queue", "") > 4 * TOC_MINUTE_MS);
    assert_int_equal(
        share_of(change, "queue", "a-queue-with-a-long-name-that-nobody-would-give-299"),
        55 * TOC_MINUTE_MS + TOC_SECOND_MS);
    assert_in_range(record->body.len, 100, 1800);
}

static void a_stretch_is_kept_only_where_something_changed(void **state)
{
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=s queue=q\n"
                        "10:10 message direction=inbound\n"
                        "10:20 classified priority=P2\n"
                        "10:30 status state=open\n"
                        "10:40 noted\n");
    assert_int_equal(sla_feed_clocks(&feed, 1)->segments, 1);
}

#define CASE(name) SLA_TOLD_CASE(name, policy)

/* Whoever is paged reads what it is about; other records go without. */
static void a_breach_names_category_and_procedure(void **state)
{
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=s queue=q tier=1 category=fraud sop=pix-fraud@3\n");
    assert_string_equal(sla_feed_last(&feed)->category, "");
    sla_feed_run(&feed, "23:00 time\n");
    const Tocsin__V1__ClockChange *change = sla_feed_last(&feed);
    assert_int_equal(change->what, TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED);
    assert_string_equal(change->category, "fraud");
    assert_string_equal(change->sop, "pix-fraud@3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(behind_a_bot_the_first_reply_starts_at_the_hand_off),
        CASE(after_the_hand_off_another_sla_counts_from_it),
        CASE(znuny_200_a_merge_cancels_the_clocks_of_the_source),
        CASE(zammad_983_the_target_keeps_the_earliest_unanswered_message),
        CASE(zammad_2469_a_message_that_came_along_starts_the_next_reply),
        CASE(what_stands_still_may_be_over_by_what_a_merge_brings),
        CASE(glpi_15605_a_clock_that_gets_its_target_late_has_its_pauses),
        CASE(what_gets_its_target_while_it_stands_still_has_the_time_before),
        CASE(what_goes_on_has_no_more_time_than_it_had),
        CASE(a_message_that_came_along_does_not_have_the_pauses_of_the_target),
        CASE(a_message_from_before_the_opening_has_none_of_the_pauses_of_the_target),
        CASE(a_new_version_alone_does_not_concern_issues_that_are_there),
        CASE(from_now_keeps_the_time_that_was_counted),
        CASE(retroactive_counts_as_if_the_rule_had_always_been_there),
        CASE(what_a_merge_brought_along_is_counted_again_too),
        CASE(what_a_merge_brought_along_is_counted_again_without_pauses_from_before),
        CASE(what_cancelled_a_clock_that_went_on_is_not_counted_again),
        CASE(report_only_changes_nothing_and_says_what_would),
        CASE(a_report_says_what_would_start_and_what_would_end),
        CASE(a_tighter_policy_breaches_at_once_and_a_report_says_it_would),
        CASE(another_calendar_counts_from_now_only),
        CASE(from_now_a_date_keeps_the_pauses_that_were_counted),
        CASE(a_breach_says_where_its_time_went),
        CASE(a_breach_names_category_and_procedure),
        CASE(shares_that_do_not_fit_are_one_without_a_name),
        CASE(a_stretch_is_kept_only_where_something_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
