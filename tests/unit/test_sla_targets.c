/* Targets in business days and months, dates by hand, and what is added to them. */
#include "services/sla/sla.h"
#include "tests/support/core_sla.h"
#include "tests/support/sla_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char policy[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"
    "queues: {q: {tier: 1}}\n"
    "routes: [{rule: default, queue: q}]\n"
    "slas:\n"
    "  days: {calendar: day, pause_on: [pending], clocks: {resolution: {targets: {default: 3 "
    "business days}, warn: [50], cut_off: \"17:00\", next_start: \"08:30\"}}}\n"
    "  ends: {calendar: day, clocks: {resolution: {targets: {default: 1 business day}, "
    "end_of_day: yes}}}\n"
    "  month: {calendar: day, clocks: {gdpr: {metric: legal, law: \"EU 2016/679 art. 12(3)\", "
    "targets: {default: 1 month}, warn: [50]}}}\n"
    "  hours: {calendar: day, pause_on: [pending], clocks: {resolution: {targets: {P1: 2h, "
    "default: 4h}, warn: [50]}, next_reply: {targets: {default: 1h}}}}\n"
    "  hand: {calendar: always, clocks: {resolution: {targets: {P1: 4h}}}}\n"
    "teams: {legal: {calendar: day, answer_within: 2h, remind: [50]}}\n";

/* --- business days and months ------------------------------------------------------------------
 */

static void business_days_keep_the_time_of_day(void **state)
{
    (void)state;
    told("+3/16:00 opened sla=days queue=q\n" /* a Thursday */
         "+8/16:00 time\n"
         "+8/16:00:00.001 time\n",
         "+3/16:00:00 clock 1 resolution/1 started target=1440m next=+7/12:00:00\n"
         "+7/12:00:00 clock 1 resolution/1 warned 50% due=+8/16:00:00 catch_up\n"
         "+8/16:00:00 clock 1 resolution/1 breached due=+8/16:00:00 ledger=+3/16:00:00-\n");
}

static void after_the_cut_off_days_count_from_the_next_morning(void **state)
{
    (void)state;
    told("17:00 opened sla=days queue=q\n+4/08:30 time\n+4/08:30:01 time\n",
         "17:00:00 clock 1 resolution/1 started target=1440m next=+2/13:00:00\n"
         "+2/13:00:00 clock 1 resolution/1 warned 50% due=+4/08:30:00 catch_up\n"
         "+4/08:30:00 clock 1 resolution/1 breached due=+4/08:30:00 ledger=17:00:00-\n");
}

static void a_pause_is_added_after_the_days_as_working_time(void **state)
{
    (void)state;
    told("10:00 message sla=days queue=q state=open\n" /* a stub's first record */
         "11:00 status state=pending\n"
         "+1/12:00 status state=open\n"
         "+4/11:00 time\n"
         "+4/11:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=1440m next=+1/14:00:00\n"
         "11:00:00 clock 1 resolution/1 paused elapsed=60m\n"
         "+1/12:00:00 clock 1 resolution/1 resumed next=+2/15:00:00\n"
         "+2/15:00:00 clock 1 resolution/1 warned 50% due=+4/11:00:00 catch_up\n"
         "+4/11:00:00 clock 1 resolution/1 breached due=+4/11:00:00 "
         "ledger=10:00:00-11:00:00,+1/12:00:00-\n");
}

static void with_end_of_day_the_due_is_midnight(void **state)
{
    (void)state;
    told("10:00 opened sla=ends queue=q\n+2/00:00 time\n+2/00:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=900m next=+2/00:00:00\n"
         "+2/00:00:00 clock 1 resolution/1 breached due=+2/00:00:00 ledger=10:00:00-\n");
}

static void a_month_is_a_calendar_month_and_its_warning_is_of_wall_time(void **state)
{
    (void)state;
    told("10:00 opened sla=month queue=q\n"
         "10:00 status state=pending\n"
         "+15/10:00:01 time\n"
         "+30/10:00 time\n" /* 23 December */
         "+30/10:00:01 time\n",
         "10:00:00 clock 1 gdpr/1 started target=43200m next=+15/10:00:00\n"
         "+15/10:00:00 clock 1 gdpr/1 warned 50% due=+30/10:00:00\n"
         "+30/10:00:00 clock 1 gdpr/1 breached due=+30/10:00:00 ledger=10:00:00-\n");
    const Tocsin__V1__ClockChange *change = sla_feed_last(&feed);
    assert_string_equal(change->clock->law, "EU 2016/679 art. 12(3)");
    assert_string_equal(change->promise, "1 month");
    assert_string_equal(change->sla, "month");
}

/* --- dates by hand ------------------------------------------------------------------------------
 */

static void a_date_by_hand_stands_in_for_the_target(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "10:30 due_set metric=resolution due_ms=+1/12:00 by=ana\n"
         "10:31 due_set metric=resolution due_ms=+1/12:00 by=ana\n"
         "+1/12:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:30:00 clock 1 resolution/1 retargeted target=600m was=240m due=+1/12:00:00 "
         "reason=due_set\n"
         "15:00:00 clock 1 resolution/1 warned 50% due=+1/12:00:00 catch_up\n"
         "+1/12:00:00 clock 1 resolution/1 breached due=+1/12:00:00 ledger=10:00:00-\n");
    assert_string_equal(sla_feed_last(&feed)->clock->manual_by, "ana");
}

static void a_date_by_hand_ends_and_the_target_counts_again(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "10:30 due_set metric=resolution due_ms=+3/12:00 end_ms=13:00 by=ana\n"
         "13:00 time\n"
         "13:00:01 time\n"
         "14:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:30:00 clock 1 resolution/1 retargeted target=1560m was=240m due=+3/12:00:00 "
         "reason=due_set\n"
         "13:00:00 clock 1 resolution/1 retargeted target=240m was=1560m due=14:00:00 "
         "reason=due_ended\n"
         "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
         "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-\n");
}

static void the_end_of_a_date_may_find_the_target_past(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "10:30 due_set metric=resolution due_ms=+3/12:00 end_ms=15:00 by=ana\n"
         "11:00 status state=pending\n"
         "14:30 status state=open\n"
         "15:00:01 time\n"
         "15:01 due_set metric=resolution due_ms=09:00 by=ben\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:30:00 clock 1 resolution/1 retargeted target=1560m was=240m due=+3/12:00:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 paused elapsed=60m\n"
         "14:30:00 clock 1 resolution/1 resumed next=15:00:00\n"
         "15:00:00 clock 1 resolution/1 retargeted target=240m was=1560m due=+1/09:30:00 "
         "reason=due_ended\n"
         "15:01:00 clock 1 resolution/1 retargeted target=0m was=240m due=09:00:00 "
         "reason=due_set\n"
         "15:01:00 clock 1 resolution/1 breached due=09:00:00 ledger=10:00:00-11:00:00,14:30:00- "
         "reason=due_set on_retarget\n");
}

static void a_date_that_is_past_breaches_once_and_says_so(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "11:00 due_set metric=resolution due_ms=10:30 by=ana\n"
         "11:01 due_set metric=resolution due_ms=10:30 by=ana\n"
         "20:00 time\n"
         "+1/10:00 due_set metric=resolution due_ms=0\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "11:00:00 clock 1 resolution/1 retargeted target=30m was=240m due=10:30:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 breached due=10:30:00 ledger=10:00:00- reason=due_set "
         "on_retarget\n"
         "+1/10:00:00 clock 1 resolution/1 retargeted target=240m was=30m due=14:00:00 "
         "reason=due_taken_back late\n");
}

static void a_date_before_the_start_is_past_at_once(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "10:00 due_set metric=resolution due_ms=09:00 by=ana\n"
         "10:00 status state=closed\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:00:00 clock 1 resolution/1 retargeted target=0m was=240m due=09:00:00 "
         "reason=due_set\n"
         "10:00:00 clock 1 resolution/1 breached due=09:00:00 ledger=10:00:00- reason=due_set "
         "on_retarget\n"
         "10:00:00 clock 1 resolution/1 met elapsed=0m late\n");
}

static void a_pause_does_not_move_a_date_by_hand(void **state)
{
    (void)state;
    told(
        "10:00 opened sla=hours queue=q\n"
        "10:10 due_set metric=resolution due_ms=16:00 by=ana\n"
        "10:20 status state=pending\n"
        "15:30 status state=open\n"
        "16:00:01 time\n",
        "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
        "10:10:00 clock 1 resolution/1 retargeted target=360m was=240m due=16:00:00 "
        "reason=due_set\n"
        "10:20:00 clock 1 resolution/1 paused elapsed=20m\n"
        "15:30:00 clock 1 resolution/1 resumed next=16:00:00\n"
        "16:00:00 clock 1 resolution/1 breached due=16:00:00 ledger=10:00:00-10:20:00,15:30:00-\n");
}

static void a_date_for_what_is_not_there_is_said_to_be_none(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "10:10 due_set metric=first_reply due_ms=16:00 by=ana\n"
         "10:11 due_set metric=next_reply due_ms=16:00 by=ana\n"
         "10:12 due_set metric=resolution due_ms=16:00 end_ms=10:12 by=ana\n"
         "10:20 status state=solved\n"
         "10:30 due_set metric=resolution due_ms=16:00 end_ms=0 by=ana\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 first_reply/0 not_applied reason=the issue has no such clock\n"
         "10:11:00 clock 1 next_reply/0 not_applied reason=the clock does not run\n"
         "10:12:00 clock 1 resolution/0 not_applied reason=its end has passed\n"
         "10:20:00 clock 1 resolution/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
         "10:30:00 clock 1 resolution/0 not_applied reason=the clock has stopped\n");
}

static void a_date_by_hand_starts_a_clock_that_only_lacked_a_target(void **state)
{
    (void)state;
    told("10:00 opened sla=hand queue=q\n"
         "10:30 due_set metric=resolution due_ms=12:00 by=ana\n"
         "11:00 noted\n"
         "12:00:01 time\n"
         "13:00 due_set metric=resolution due_ms=0\n",
         "10:30:00 clock 1 resolution/1 started target=none next=never\n"
         "10:30:00 clock 1 resolution/1 retargeted target=120m was=none due=12:00:00 "
         "reason=due_set\n"
         "12:00:00 clock 1 resolution/1 breached due=12:00:00 ledger=10:00:00-\n"
         "13:00:00 clock 1 resolution/1 retargeted target=none was=120m reason=due_taken_back "
         "late\n"
         "13:00:00 clock 1 resolution/1 corrected due=12:00:00 ledger=10:00:00- "
         "reason=retargeted\n"
         "13:00:00 clock 1 resolution/1 cancelled\n");
}

static void a_warning_under_a_date_counts_when_late_evidence_brings_it_back(void **state)
{
    (void)state;
    told("10:00 opened sla=hours queue=q\n"
         "10:30 due_set metric=resolution due_ms=+1/12:00 end_ms=16:00 by=ana\n"
         "16:30 time\n"
         "15:30 log=16:30 status state=solved\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:30:00 clock 1 resolution/1 retargeted target=600m was=240m due=+1/12:00:00 "
         "reason=due_set\n"
         "15:00:00 clock 1 resolution/1 warned 50% due=+1/12:00:00 catch_up\n"
         "16:00:00 clock 1 resolution/1 retargeted target=240m was=600m due=14:00:00 "
         "reason=due_ended\n"
         "16:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- "
         "reason=due_ended on_retarget\n"
         "15:30:00 clock 1 resolution/1 retargeted target=600m was=240m due=+1/12:00:00 "
         "reason=late_evidence late\n"
         "15:30:00 clock 1 resolution/1 corrected due=14:00:00 ledger=10:00:00- "
         "reason=retargeted\n"
         "15:30:00 clock 1 resolution/1 met elapsed=330m ledger=10:00:00-15:30:00\n");
    assert_int_equal(sla_feed_last(&feed)->clock->warned, 1);
}

/* --- other teams --------------------------------------------------------------------------------
 */

static void an_escalation_has_a_clock_of_its_team(void **state)
{
    (void)state;
    told("10:00 opened queue=q\n"
         "10:10 escalation id=e1 team=legal is=raised\n"
         "10:20 escalation id=e2 team=legal is=raised\n"
         "10:30 escalation id=e1 team=legal is=accepted\n"
         "11:00 escalation id=e1 team=legal is=returned\n"
         "11:10:01 time\n"
         "11:20:01 time\n"
         "12:00 escalation id=e1 team=legal is=raised\n"
         "12:30 escalation id=e1 team=legal is=answered\n"
         "13:00 escalation id=e1 team=legal is=told\n",
         "10:10:00 clock 1 escalation[e1]/1 started target=120m next=11:10:00\n"
         "10:20:00 clock 1 escalation[e2]/2 started target=120m next=11:20:00\n"
         "11:00:00 clock 1 escalation[e1]/1 paused elapsed=50m\n"
         "11:20:00 clock 1 escalation[e2]/2 warned 50% due=12:20:00\n"
         "12:00:00 clock 1 escalation[e1]/1 resumed next=12:10:00\n"
         "12:10:00 clock 1 escalation[e1]/1 warned 50% due=13:10:00 catch_up\n"
         "12:20:00 clock 1 escalation[e2]/2 breached due=12:20:00 ledger=10:20:00- catch_up\n"
         "12:30:00 clock 1 escalation[e1]/1 met elapsed=80m "
         "ledger=10:10:00-11:00:00,12:00:00-12:30:00\n");
}

static void a_team_that_the_policy_lacks_is_said_to_be_none(void **state)
{
    (void)state;
    told("10:00 opened queue=q\n"
         "10:10 escalation id=e1 team=bank is=raised\n"
         "10:20 escalation id=e1 team=bank is=returned\n"
         "10:30 escalation id=e1 team=bank is=answered\n",
         "10:10:00 clock 1 escalation[e1]/0 not_applied "
         "reason=the issue's policy has no such team\n");
}

static void more_escalations_than_fit_are_said_to_be_too_many(void **state)
{
    char line[96];
    (void)state;
    sla_feed_run(&feed, "10:00 opened queue=q\n");
    for (int i = 0; i < SLA_CLOCKS_MAX; i++) {
        snprintf(line, sizeof(line), "10:01 escalation id=e%d team=legal is=raised", i);
        sla_feed_line(&feed, line);
    }
    core_transcript(feed.sla);
    told("10:02 escalation id=one-more team=legal is=raised\n"
         "10:03 escalation id=e0 team=legal is=answered\n",
         "10:02:00 clock 1 escalation[one-more]/0 not_applied "
         "reason=the issue has too many clocks\n"
         "10:03:00 clock 1 escalation[e0]/1 met elapsed=2m ledger=10:01:00-10:03:00\n");
}

#undef CASE
#define CASE(name) SLA_TOLD_CASE(name, policy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(business_days_keep_the_time_of_day),
        CASE(after_the_cut_off_days_count_from_the_next_morning),
        CASE(a_pause_is_added_after_the_days_as_working_time),
        CASE(with_end_of_day_the_due_is_midnight),
        CASE(a_month_is_a_calendar_month_and_its_warning_is_of_wall_time),
        CASE(a_date_by_hand_stands_in_for_the_target),
        CASE(a_date_by_hand_ends_and_the_target_counts_again),
        CASE(the_end_of_a_date_may_find_the_target_past),
        CASE(a_date_that_is_past_breaches_once_and_says_so),
        CASE(a_date_before_the_start_is_past_at_once),
        CASE(a_pause_does_not_move_a_date_by_hand),
        CASE(a_date_for_what_is_not_there_is_said_to_be_none),
        CASE(a_date_by_hand_starts_a_clock_that_only_lacked_a_target),
        CASE(a_warning_under_a_date_counts_when_late_evidence_brings_it_back),
        CASE(an_escalation_has_a_clock_of_its_team),
        CASE(a_team_that_the_policy_lacks_is_said_to_be_none),
        CASE(more_escalations_than_fit_are_said_to_be_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
