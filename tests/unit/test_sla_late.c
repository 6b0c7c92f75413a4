/* Terms that change under a clock, and what comes after time has passed judgement: found by seeds
 * of the simulator. */
#include "tests/support/sla_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define POLICY(answer)                                                                             \
    "policy: 1\n"                                                                                  \
    "calendars:\n"                                                                                 \
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"                                \
    "queues: {q: {tier: 1}, second: {tier: 2}}\n"                                                  \
    "teams: {legal: {calendar: always, answer_within: " answer ", remind: [50]}}\n"                \
    "routes: [{rule: default, queue: q, sla: ola}]\n"                                              \
    "slas:\n"                                                                                      \
    "  ola: {calendar: always, clocks: {queue_wait: {targets: {P2: 30m, default: 1h}}}}\n"         \
    "  fast: {calendar: always, clocks: {queue_wait: {targets: {default: 10m}}}}\n"                \
    "  plain: {calendar: always, clocks: {resolution: {targets: {P1: 2h, P4: none, default: "      \
    "4h},\n"                                                                                       \
    "    reset_on: [inbound], cancel_on: [on_hold]}}}\n"

#define SHIFT(hours, target)                                                                       \
    "policy: 1\n"                                                                                  \
    "calendars: {shift: " hours "}\n"                                                              \
    "queues: {q: {tier: 1}}\n"                                                                     \
    "routes: [{rule: default, queue: q, sla: shift}]\n"                                            \
    "slas: {shift: {calendar: shift, clocks: {resolution: {targets: {P3: " target                  \
    ", default: 4h}}}}}\n"

static void returns_to_a_queue_add_up_under_other_clocks_between(void **state)
{
    (void)state;
    told("10:00 opened sla=ola queue=q queued_ms=10:00\n"
         "10:20 routed sla=plain queue=second queued_ms=10:20\n"
         "11:00 routed sla=ola queue=q queued_ms=11:00\n"
         "11:40:01 time\n",
         "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
         "10:20:00 clock 1 queue_wait[q]/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
         "10:20:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "11:00:00 clock 1 resolution/1 cancelled\n"
         "11:00:00 clock 1 queue_wait[q]/2 started target=60m next=11:40:00\n"
         "11:40:00 clock 1 queue_wait[q]/2 breached due=11:40:00 "
         "ledger=10:00:00-10:20:00,11:00:00-\n");
}

static void a_queue_that_is_left_is_not_judged_by_the_terms_of_the_next(void **state)
{
    (void)state;
    told("10:00 opened sla=ola queue=q queued_ms=10:00\n"
         "10:30 routed sla=fast queue=second tier=2 queued_ms=10:30\n"
         "10:35 routed sla=ola queue=q tier=1 queued_ms=10:35\n",
         "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
         "10:30:00 clock 1 queue_wait[q]/1 met elapsed=30m ledger=10:00:00-10:30:00\n"
         "10:30:00 clock 1 queue_wait[second]/2 started target=10m next=10:40:00\n"
         "10:35:00 clock 1 queue_wait[second]/2 met elapsed=5m ledger=10:30:00-10:35:00\n"
         "10:35:00 clock 1 queue_wait[q]/3 started target=60m next=11:05:00\n");
}

static void a_reset_from_before_the_breach_takes_it_back(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "14:30 time\n"
         "13:00 log=14:30 message direction=INBOUND\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
         "13:00:00 clock 1 resolution/1 corrected due=14:00:00 ledger=10:00:00-13:00:00 "
         "reason=late_evidence\n"
         "13:00:00 clock 1 resolution/2 started target=240m next=17:00:00 reason=reset\n");
}

static void a_cancellation_from_before_the_breach_takes_it_back(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "14:30 time\n"
         "13:00 log=14:30 status state=ON_HOLD\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
         "13:00:00 clock 1 resolution/1 corrected due=14:00:00 ledger=10:00:00-13:00:00 "
         "reason=late_evidence\n"
         "13:00:00 clock 1 resolution/1 cancelled\n");
}

static void what_an_sla_drops_from_before_the_breach_is_taken_back(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "14:30 time\n"
         "14:00 log=14:30 routed sla=ola queue=q\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
         "14:00:00 clock 1 resolution/1 corrected due=14:00:00 ledger=10:00:00-14:00:00 "
         "reason=late_evidence\n"
         "14:00:00 clock 1 resolution/1 cancelled\n"
         "14:00:00 clock 1 queue_wait[q]/1 started target=60m next=15:00:00\n");
}

static void a_breach_by_a_tighter_target_stands_when_the_clock_is_dropped_then(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "14:30 time\n"
         "13:00 log=14:30 classified priority=P1\n"
         "13:00 log=14:30 routed sla=ola queue=q\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
         "13:00:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00 late\n"
         "13:00:00 clock 1 resolution/1 cancelled late\n"
         "13:00:00 clock 1 queue_wait[q]/1 started target=60m next=14:00:00\n");
}

static void a_clock_that_goes_on_beyond_another_target_is_breached_at_once(void **state)
{
    (void)state;
    told("10:00 opened sla=ola queue=q queued_ms=10:00\n"
         "10:50 routed queue=second queued_ms=10:50\n"
         "11:00 routed queue=q queued_ms=11:00 priority=P2\n",
         "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
         "10:50:00 clock 1 queue_wait[q]/1 met elapsed=50m ledger=10:00:00-10:50:00\n"
         "10:50:00 clock 1 queue_wait[second]/2 started target=60m next=11:50:00\n"
         "11:00:00 clock 1 queue_wait[second]/2 met elapsed=10m ledger=10:50:00-11:00:00\n"
         "11:00:00 clock 1 queue_wait[q]/3 started target=30m next=11:00:00\n"
         "11:00:00 clock 1 queue_wait[q]/3 breached due=10:30:00 "
         "ledger=10:00:00-10:50:00,11:00:00- on_retarget\n");
}

static void a_report_leaves_clocks_of_a_version_before_as_they_are(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "10:10 escalation id=e1 team=legal is=raised\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "10:10:00 clock 1 escalation[e1]/1 started target=120m next=11:10:00\n");
    sla_feed_policy(&feed, "10:20", POLICY("1h"));
    told("10:20 noted policy=2\n"
         "10:30 policy mode=REPORT_ONLY policy=2 would.policy=2 would.sla=plain\n"
         "11:11 time\n",
         "10:30:00 clock 1 escalation[e1]/1 recomputed due=11:10:00 from=12:10:00\n"
         "11:10:00 clock 1 escalation[e1]/1 warned 50% due=12:10:00 catch_up\n");
}

static void what_comes_late_is_judged_by_the_date_that_stood_then(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "11:00 due_set metric=resolution due_ms=16:00 end_ms=14:30 by=ana\n"
         "15:00 time\n"
         "14:20 log=15:00 status state=SOLVED\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "11:00:00 clock 1 resolution/1 retargeted target=360m was=240m due=16:00:00 "
         "reason=due_set\n"
         "14:30:00 clock 1 resolution/1 retargeted target=240m was=360m due=14:00:00 "
         "reason=due_ended\n"
         "14:30:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- reason=due_ended "
         "on_retarget\n"
         "14:20:00 clock 1 resolution/1 retargeted target=360m was=240m due=16:00:00 "
         "reason=late_evidence late\n"
         "14:20:00 clock 1 resolution/1 corrected due=14:00:00 ledger=10:00:00- reason=retargeted\n"
         "14:20:00 clock 1 resolution/1 met elapsed=260m ledger=10:00:00-14:20:00\n");
}

static void a_date_by_hand_stands_again_for_what_comes_late(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q priority=P4\n"
         "11:00 due_set metric=resolution due_ms=16:00 end_ms=14:30 by=ana\n"
         "15:00 time\n"
         "14:20 log=15:00 noted\n"
         "15:01 time\n",
         "11:00:00 clock 1 resolution/1 started target=none next=never\n"
         "11:00:00 clock 1 resolution/1 retargeted target=360m was=none due=16:00:00 "
         "reason=due_set\n"
         "14:30:00 clock 1 resolution/1 cancelled reason=due_ended\n"
         "14:20:00 clock 1 resolution/1 retargeted target=360m was=360m due=16:00:00 "
         "reason=late_evidence\n"
         "14:30:00 clock 1 resolution/1 cancelled reason=due_ended\n");
}

static void a_clock_that_gets_its_target_late_leaves_out_what_was_solved(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q priority=P4\n"
         "10:30 status state=SOLVED\n"
         "11:30 status state=OPEN\n"
         "12:00 classified priority=P3\n"
         "15:00:01 time\n",
         "12:00:00 clock 1 resolution/1 started target=240m next=15:00:00\n"
         "15:00:00 clock 1 resolution/1 breached due=15:00:00 "
         "ledger=10:00:00-10:30:00,11:30:00-\n");
}

static void zammad_5624_a_policy_from_now_on_concerns_other_teams_too(void **state)
{
    (void)state;
    told("10:00 opened sla=plain queue=q\n"
         "10:10 escalation id=e1 team=legal is=raised\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
         "10:10:00 clock 1 escalation[e1]/1 started target=120m next=11:10:00\n");
    sla_feed_policy(&feed, "10:30", POLICY("1h"));
    told("10:30 policy mode=FROM_NOW policy=2\n"
         "11:10:01 time\n",
         "10:30:00 clock 1 escalation[e1]/1 recomputed due=11:10:00 from=12:10:00\n"
         "10:40:00 clock 1 escalation[e1]/1 warned 50% due=11:10:00 catch_up\n"
         "11:10:00 clock 1 escalation[e1]/1 breached due=11:10:00 "
         "ledger=10:10:00-10:30:00,10:30:00-\n");
}

static void a_clock_without_a_target_now_ends_by_the_calendar_that_it_had(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "07:00",
                    SHIFT("{zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}", "4h"));
    told("08:00 opened sla=shift queue=q policy=2\n"
         "13:30 time\n",
         "08:00:00 clock 1 resolution/1 started target=240m next=13:00:00\n"
         "13:00:00 clock 1 resolution/1 breached due=13:00:00 ledger=08:00:00- catch_up\n");
    sla_feed_policy(&feed, "13:30",
                    SHIFT("{zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}", "none"));
    told("13:00 log=13:30 classified priority=P3 policy=3\n",
         "13:00:00 clock 1 resolution/1 corrected due=13:00:00 ledger=08:00:00-13:00:00 "
         "reason=late_evidence\n"
         "13:00:00 clock 1 resolution/1 cancelled\n");
}

/* --- by night, while paused --------------------------------------------------------------------
 */

#define NIGHT(target, more)                                                                        \
    "policy: 1\n"                                                                                  \
    "calendars: {day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"                        \
    "queues: {q: {tier: 1}}\n"                                                                     \
    "routes: [{rule: default, queue: q, sla: night}]\n"                                            \
    "slas: {night: {calendar: day, pause_on: [pending], clocks: {resolution: {targets: {P1: 1h, "  \
    "P2: 4h, P3: " target ", default: 6h}" more "}}}}\n"

static void a_looser_target_takes_a_breach_of_the_night_back_while_paused(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", NIGHT("8h", ""));
    told("13:00 opened sla=night queue=q priority=P2 policy=2\n"
         "18:00 status state=pending\n"
         "20:00 classified priority=P3\n"
         "+1/09:00 status state=open\n"
         "+1/13:00:01 time\n",
         "13:00:00 clock 1 resolution/1 started target=240m next=17:00:00\n"
         "17:00:00 clock 1 resolution/1 breached due=17:00:00 ledger=13:00:00- catch_up\n"
         "18:00:00 clock 1 resolution/1 paused elapsed=240m late\n"
         "20:00:00 clock 1 resolution/1 retargeted target=480m was=240m late\n"
         "20:00:00 clock 1 resolution/1 corrected due=17:00:00 ledger=13:00:00-18:00:00 "
         "reason=retargeted\n"
         "+1/09:00:00 clock 1 resolution/1 resumed next=+1/13:00:00\n"
         "+1/13:00:00 clock 1 resolution/1 breached due=+1/13:00:00 "
         "ledger=13:00:00-18:00:00,+1/09:00:00-\n");
}

static void a_tighter_target_breaches_at_the_closing_that_a_paused_clock_ran_beyond(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", NIGHT("8h", ""));
    told("13:00 opened sla=night queue=q priority=P3 policy=2\n"
         "18:00 status state=pending\n"
         "20:00 classified priority=P2\n"
         "+1/09:00 status state=open\n"
         "+1/10:00 time\n",
         "13:00:00 clock 1 resolution/1 started target=480m next=+1/13:00:00\n"
         "18:00:00 clock 1 resolution/1 paused elapsed=240m\n"
         "20:00:00 clock 1 resolution/1 retargeted target=240m was=480m\n"
         "20:00:00 clock 1 resolution/1 breached due=17:00:00 ledger=13:00:00-18:00:00 "
         "on_retarget\n"
         "+1/09:00:00 clock 1 resolution/1 resumed next=never late\n");
}

static void a_target_that_ends_with_the_pause_of_a_closing_is_in_time(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", NIGHT("8h", ""));
    told("13:00 opened sla=night queue=q priority=P3 policy=2\n"
         "17:00 status state=pending\n"
         "20:00 classified priority=P2\n"
         "21:00 status state=solved\n",
         "13:00:00 clock 1 resolution/1 started target=480m next=+1/13:00:00\n"
         "17:00:00 clock 1 resolution/1 paused elapsed=240m\n"
         "20:00:00 clock 1 resolution/1 retargeted target=240m was=480m\n"
         "21:00:00 clock 1 resolution/1 met elapsed=240m ledger=13:00:00-17:00:00\n");
}

static void a_tighter_target_breaches_when_it_would_have_while_it_ran(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", NIGHT("8h", ""));
    told("13:00 opened sla=night queue=q priority=P3 policy=2\n"
         "13:30 status state=pending\n"
         "14:00 status state=open\n"
         "15:00 status state=pending\n"
         "20:00 classified priority=P1\n"
         "22:00 classified priority=P2\n"
         "23:00 status state=solved\n",
         "13:00:00 clock 1 resolution/1 started target=480m next=+1/13:00:00\n"
         "13:30:00 clock 1 resolution/1 paused elapsed=30m\n"
         "14:00:00 clock 1 resolution/1 resumed next=+1/13:30:00\n"
         "15:00:00 clock 1 resolution/1 paused elapsed=90m\n"
         "20:00:00 clock 1 resolution/1 retargeted target=60m was=480m\n"
         "20:00:00 clock 1 resolution/1 breached due=14:30:00 "
         "ledger=13:00:00-13:30:00,14:00:00-15:00:00 on_retarget\n"
         "22:00:00 clock 1 resolution/1 retargeted target=240m was=60m late\n"
         "22:00:00 clock 1 resolution/1 corrected due=14:30:00 "
         "ledger=13:00:00-13:30:00,14:00:00-15:00:00 reason=retargeted\n"
         "23:00:00 clock 1 resolution/1 met elapsed=90m "
         "ledger=13:00:00-13:30:00,14:00:00-15:00:00\n");
}

static void a_breach_that_another_tighter_target_leaves_keeps_its_instant(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", NIGHT("2h", ""));
    told("13:00 opened sla=night queue=q priority=P2 policy=2\n"
         "18:00 status state=pending\n"
         "20:00 classified priority=P1\n"
         "20:30 classified priority=P3\n"
         "21:00 classified priority=P2\n"
         "22:00 classified priority=P4\n",
         "13:00:00 clock 1 resolution/1 started target=240m next=17:00:00\n"
         "17:00:00 clock 1 resolution/1 breached due=17:00:00 ledger=13:00:00- catch_up\n"
         "18:00:00 clock 1 resolution/1 paused elapsed=240m late\n"
         "20:00:00 clock 1 resolution/1 retargeted target=60m was=240m late\n"
         "20:30:00 clock 1 resolution/1 retargeted target=120m was=60m late\n"
         "21:00:00 clock 1 resolution/1 retargeted target=240m was=120m late\n"
         "22:00:00 clock 1 resolution/1 retargeted target=360m was=240m late\n"
         "22:00:00 clock 1 resolution/1 corrected due=17:00:00 ledger=13:00:00-18:00:00 "
         "reason=retargeted\n");
}

static void an_end_of_day_that_is_ahead_is_not_past_by_its_working_time(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", NIGHT("1 business day", ", end_of_day: yes"));
    told("+4/09:00 opened sla=night queue=q priority=P1 policy=2\n"
         "+4/18:00 status state=pending\n"
         "+4/20:00 classified priority=P3\n"
         "+7/08:00 status state=open\n"
         "+8/00:00 time\n",
         "+4/09:00:00 clock 1 resolution/1 started target=60m next=+4/10:00:00\n"
         "+4/10:00:00 clock 1 resolution/1 breached due=+4/10:00:00 ledger=+4/09:00:00- "
         "catch_up\n"
         "+4/18:00:00 clock 1 resolution/1 paused elapsed=480m late\n"
         "+4/20:00:00 clock 1 resolution/1 retargeted target=960m was=60m late\n"
         "+4/20:00:00 clock 1 resolution/1 corrected due=+4/10:00:00 "
         "ledger=+4/09:00:00-+4/18:00:00 reason=retargeted\n"
         "+7/08:00:00 clock 1 resolution/1 resumed next=+8/00:00:00\n");
}

/* --- a breach that stands ----------------------------------------------------------------------
 */

#define TWO_SLAS                                                                                   \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "queues: {q: {tier: 1}, second: {tier: 2}}\n"                                                  \
    "routes: [{rule: default, queue: q, sla: once}]\n"                                             \
    "slas:\n"                                                                                      \
    "  once: {calendar: always, clocks: {first_reply: {targets: {default: 1h}, warn: [50]}}}\n"    \
    "  twice: {calendar: always, pause_on: [pending],\n"                                           \
    "    clocks: {first_reply: {targets: {default: 1h}, warn: [50, 80]}}}\n"

static void a_late_sla_under_a_breach_that_stands_does_not_warn_before_it(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", TWO_SLAS);
    told("10:00 opened sla=once queue=q policy=2\n"
         "12:00 time\n"
         "10:10 log=12:00 routed sla=twice queue=second\n"
         "12:30 time\n",
         "10:00:00 clock 1 first_reply/1 started target=60m next=10:30:00\n"
         "10:30:00 clock 1 first_reply/1 warned 50% due=11:00:00 catch_up\n"
         "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
         "10:10:00 clock 1 first_reply/1 retargeted target=60m was=60m due=11:00:00 late\n");
}

static void a_late_end_of_a_pause_under_a_broken_date_does_not_warn_before_it(void **state)
{
    (void)state;
    sla_feed_policy(&feed, "09:00", TWO_SLAS);
    told("10:00 opened sla=twice queue=q policy=2\n"
         "10:00 due_set metric=first_reply due_ms=11:00 by=ana\n"
         "10:10 status state=pending\n"
         "12:00 time\n"
         "10:20 log=12:00 status state=open\n"
         "12:30 time\n",
         "10:00:00 clock 1 first_reply/1 started target=60m next=10:30:00\n"
         "10:00:00 clock 1 first_reply/1 retargeted target=60m was=60m due=11:00:00 "
         "reason=due_set\n"
         "10:10:00 clock 1 first_reply/1 paused elapsed=10m\n"
         "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-10:10:00 catch_up\n"
         "10:20:00 clock 1 first_reply/1 resumed next=never late\n");
}

#define CASE(name) SLA_TOLD_CASE(name, POLICY("2h"))

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(returns_to_a_queue_add_up_under_other_clocks_between),
        CASE(a_queue_that_is_left_is_not_judged_by_the_terms_of_the_next),
        CASE(a_reset_from_before_the_breach_takes_it_back),
        CASE(a_cancellation_from_before_the_breach_takes_it_back),
        CASE(what_an_sla_drops_from_before_the_breach_is_taken_back),
        CASE(a_breach_by_a_tighter_target_stands_when_the_clock_is_dropped_then),
        CASE(a_clock_that_goes_on_beyond_another_target_is_breached_at_once),
        CASE(a_report_leaves_clocks_of_a_version_before_as_they_are),
        CASE(what_comes_late_is_judged_by_the_date_that_stood_then),
        CASE(a_date_by_hand_stands_again_for_what_comes_late),
        CASE(a_clock_that_gets_its_target_late_leaves_out_what_was_solved),
        CASE(zammad_5624_a_policy_from_now_on_concerns_other_teams_too),
        CASE(a_clock_without_a_target_now_ends_by_the_calendar_that_it_had),
        CASE(a_looser_target_takes_a_breach_of_the_night_back_while_paused),
        CASE(a_tighter_target_breaches_at_the_closing_that_a_paused_clock_ran_beyond),
        CASE(a_target_that_ends_with_the_pause_of_a_closing_is_in_time),
        CASE(a_tighter_target_breaches_when_it_would_have_while_it_ran),
        CASE(a_breach_that_another_tighter_target_leaves_keeps_its_instant),
        CASE(an_end_of_day_that_is_ahead_is_not_past_by_its_working_time),
        CASE(a_late_sla_under_a_breach_that_stands_does_not_warn_before_it),
        CASE(a_late_end_of_a_pause_under_a_broken_date_does_not_warn_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
