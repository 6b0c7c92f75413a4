#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- starts and stops ----------------------------------------------------------------------------
 */

static void clocks_start_with_the_issue(void **state)
{
    (void)state;
    expect("10:00 open P2\n", "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
                              "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n");
}

static void a_clock_without_a_target_does_not_run(void **state)
{
    (void)state;
    expect("10:00 open P4\n"
           "+9/10:00 time\n",
           "");
}

static void an_issue_without_an_sla_has_no_clocks(void **state)
{
    (void)state;
    expect("10:00 open P1 category=free\n"
           "+9/10:00 time\n",
           "");
}

static void the_first_reply_of_a_person_meets_the_clock(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:10 outbound\n"
           "10:20 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n");
}

static void solving_meets_the_resolution(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:10 outbound\n"
           "11:00 status solved\n"
           "11:30 status closed\n"
           "+1/10:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n");
}

static void automatic_replies_and_notes_stop_nothing(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:10 outbound auto\n"
           "10:20 note\n"
           "10:30 inbound\n"
           "11:00:00.001 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n");
}

/* --- the due instant -----------------------------------------------------------------------------
 */

static void a_reply_at_the_due_instant_is_in_time(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:00 outbound\n"
           "12:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 met elapsed=60m ledger=10:00:00-11:00:00\n");
}

static void log_time_at_the_due_instant_breaches_nothing(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n");
}

static void a_due_fires_strictly_after_its_instant(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:00:00.001 time\n"
           "12:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n");
}

static void an_event_strictly_after_the_due_finds_the_breach(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:00:00.001 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n"
           "11:00:00.001 clock 1 first_reply/1 met elapsed=3600001ms ledger=10:00:00-11:00:00.001 "
           "late\n");
}

static void an_event_after_the_due_finds_the_breach_while_log_time_is_behind(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:30 log=10:15 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n"
           "11:30:00 clock 1 first_reply/1 met elapsed=90m ledger=10:00:00-11:30:00 late\n");
}

static void a_target_of_zero_is_due_at_the_opening(void **state)
{
    (void)state;
    expect("10:00 open category=zero\n"
           "10:00:00.001 time\n",
           "10:00:00 clock 1 first_reply/1 started target=0m next=10:00:00\n"
           "10:00:00 clock 1 first_reply/1 breached due=10:00:00 ledger=10:00:00-\n");
}

static void a_target_of_zero_is_met_at_the_opening(void **state)
{
    (void)state;
    expect("10:00 open category=zero\n"
           "10:00 outbound\n"
           "11:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=0m next=10:00:00\n"
           "10:00:00 clock 1 first_reply/1 met elapsed=0m\n");
}

static void a_target_of_zero_while_closed_is_due_when_it_opens(void **state)
{
    (void)state;
    expect("20:00 open category=zero\n"
           "+1/09:00 time\n"
           "+1/09:00:00.001 time\n",
           "20:00:00 clock 1 first_reply/1 started target=0m next=+1/09:00:00\n"
           "+1/09:00:00 clock 1 first_reply/1 breached due=+1/09:00:00 ledger=20:00:00-\n");
}

static void a_due_at_closing_time_is_not_taken_back_by_a_night(void **state)
{
    (void)state;
    expect("09:00 open category=office\n"
           "17:00:00.001 time\n"
           "20:00 status pending\n"
           "+1/08:00 status open\n"
           "+1/10:00 status solved\n",
           "09:00:00 clock 1 resolution/1 started target=480m next=17:00:00\n"
           "17:00:00 clock 1 resolution/1 breached due=17:00:00 ledger=09:00:00-\n"
           "20:00:00 clock 1 resolution/1 paused elapsed=480m late\n"
           "+1/08:00:00 clock 1 resolution/1 resumed next=never late\n"
           "+1/10:00:00 clock 1 resolution/1 met elapsed=540m "
           "ledger=09:00:00-20:00:00,+1/08:00:00-+1/10:00:00 late\n");
}

static void what_reaches_its_target_at_closing_and_stops_there_is_in_time(void **state)
{
    (void)state;
    expect("09:00 open category=office\n"
           "17:00 status solved\n"
           "+1/12:00 time\n",
           "09:00:00 clock 1 resolution/1 started target=480m next=17:00:00\n"
           "17:00:00 clock 1 resolution/1 met elapsed=480m ledger=09:00:00-17:00:00\n");
}

/* --- pauses --------------------------------------------------------------------------------------
 */

static void pending_pauses_the_resolution_and_not_the_reply(void **state)
{
    (void)state;
    expect(
        "10:00 open P2\n"
        "10:30 status pending\n"
        "11:30 time\n"
        "15:00 status open\n"
        "18:30:00 time\n"
        "18:30:00.001 time\n",
        "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
        "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
        "10:30:00 clock 1 resolution/1 paused elapsed=30m\n"
        "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
        "15:00:00 clock 1 resolution/1 resumed next=18:30:00\n"
        "18:30:00 clock 1 resolution/1 breached due=18:30:00 ledger=10:00:00-10:30:00,15:00:00-\n");
}

static void two_pauses_within_the_same_minute_both_count(void **state)
{
    (void)state;
    expect("10:00 open category=quiet P2\n"
           "10:00 open issue=2 P2\n"
           "10:10 outbound issue=2\n"
           "10:30:01 status issue=2 pending\n"
           "10:30:11 status issue=2 open\n"
           "10:30:21 status issue=2 pending\n"
           "10:30:41 status issue=2 open\n"
           "11:00 status issue=2 solved\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "10:30:01 clock 1 resolution/1 paused elapsed=1801s\n"
           "10:30:11 clock 1 resolution/1 resumed next=14:00:10\n"
           "10:30:21 clock 1 resolution/1 paused elapsed=1811s\n"
           "10:30:41 clock 1 resolution/1 resumed next=14:00:30\n"
           "11:00:00 clock 1 resolution/1 met elapsed=3570s "
           "ledger=10:00:00-10:30:01,10:30:11-10:30:21,10:30:41-11:00:00\n");
}

static void a_pause_and_an_end_of_it_at_one_instant_leave_no_trace(void **state)
{
    (void)state;
    expect("10:00 open P2 category=office\n"
           "11:00 status pending\n"
           "11:00 status open\n"
           "12:00 status solved\n",
           "10:00:00 clock 1 resolution/1 started target=480m next=+1/10:00:00\n"
           "11:00:00 clock 1 resolution/1 paused elapsed=60m\n"
           "11:00:00 clock 1 resolution/1 resumed next=+1/10:00:00\n"
           "12:00:00 clock 1 resolution/1 met elapsed=120m "
           "ledger=10:00:00-11:00:00,11:00:00-12:00:00\n");
}

static void a_night_is_not_working_time(void **state)
{
    (void)state;
    expect("16:00 open category=office P1\n"
           "16:30 status pending\n"
           "+1/03:00 status open\n"
           "+1/09:30 time\n"
           "+1/09:30:00.001 time\n",
           "16:00:00 clock 1 resolution/1 started target=60m next=17:00:00\n"
           "16:30:00 clock 1 resolution/1 paused elapsed=30m\n"
           "+1/03:00:00 clock 1 resolution/1 resumed next=+1/09:30:00\n"
           "+1/09:30:00 clock 1 resolution/1 breached due=+1/09:30:00 "
           "ledger=16:00:00-16:30:00,+1/03:00:00-\n");
}

static void breached_and_paused_is_a_state(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:01 outbound\n"
           "14:30 time\n"
           "15:00 status pending\n"
           "16:00 status open\n"
           "17:00 status solved\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:01:00 clock 1 first_reply/1 met elapsed=1m ledger=10:00:00-10:01:00\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
           "15:00:00 clock 1 resolution/1 paused elapsed=300m late\n"
           "16:00:00 clock 1 resolution/1 resumed next=never late\n"
           "17:00:00 clock 1 resolution/1 met elapsed=360m "
           "ledger=10:00:00-15:00:00,16:00:00-17:00:00 late\n");
}

/* --- warnings ------------------------------------------------------------------------------------
 */

static void warnings_come_in_order_and_each_once(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "11:00 time\n"
           "11:00:00.001 time\n"
           "11:30 time\n"
           "12:30 time\n"
           "13:30 time\n"
           "14:30 time\n"
           "20:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
           "13:00:00 clock 1 resolution/1 warned 75% due=14:00:00 catch_up\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n");
}

static void a_long_silence_gives_each_warning_at_its_own_instant(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "20:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
           "13:00:00 clock 1 resolution/1 warned 75% due=14:00:00 catch_up\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n");
}

static void a_warning_waits_while_the_clock_is_paused(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "10:30 status pending\n"
           "14:00 time\n"
           "15:00 status open\n"
           "15:30:00.001 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "10:30:00 clock 1 resolution/1 paused elapsed=30m\n"
           "15:00:00 clock 1 resolution/1 resumed next=15:30:00\n"
           "15:30:00 clock 1 resolution/1 warned 25% due=18:30:00\n");
}

static void what_is_solved_warns_no_more(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "11:30 status solved\n"
           "20:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "11:30:00 clock 1 resolution/1 met elapsed=90m ledger=10:00:00-11:30:00\n");
}

static void dues_of_all_issues_fire_in_order_of_time(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "10:01 open issue=2 category=tight P2\n"
           "10:02 open issue=3 category=reply P2\n"
           "11:30 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:01:00 clock 1 first_reply/1 started target=10m next=10:06:00\n"
           "10:01:00 clock 1 resolution/1 started target=60m next=10:31:00\n"
           "10:02:00 clock 1 first_reply/1 started target=60m next=11:02:00\n"
           "10:06:00 clock 1 first_reply/1 warned 50% due=10:11:00 catch_up\n"
           "10:09:00 clock 1 first_reply/1 warned 80% due=10:11:00 catch_up\n"
           "10:11:00 clock 1 first_reply/1 breached due=10:11:00 ledger=10:01:00- catch_up\n"
           "10:31:00 clock 1 resolution/1 warned 50% due=11:01:00 catch_up\n"
           "10:49:00 clock 1 resolution/1 warned 80% due=11:01:00 catch_up\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
           "11:01:00 clock 1 resolution/1 breached due=11:01:00 ledger=10:01:00- catch_up\n"
           "11:02:00 clock 1 first_reply/1 breached due=11:02:00 ledger=10:02:00- catch_up\n");
}

static void seen_within_five_seconds_is_no_catch_up(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:00:05 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n");
}

/* --- another target ------------------------------------------------------------------------------
 */

static void a_tighter_target_ahead_moves_the_due(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:10 classify P1\n"
           "10:30 time\n"
           "10:30:00.001 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:10:00 clock 1 first_reply/1 retargeted target=30m was=60m due=10:30:00\n"
           "10:10:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00\n"
           "10:30:00 clock 1 first_reply/1 breached due=10:30:00 ledger=10:00:00-\n");
}

static void a_tighter_target_that_is_past_breaches_once_without_its_warnings(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "10:50 outbound\n"
           "12:30 time\n"
           "12:31 classify P1\n"
           "12:32 time\n"
           "20:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
           "12:31:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00\n"
           "12:31:00 clock 1 resolution/1 breached due=12:00:00 ledger=10:00:00- on_retarget\n");
}

static void a_looser_target_takes_a_breach_back(void **state)
{
    (void)state;
    expect(
        "10:00 open P1\n"
        "10:45 time\n"
        "10:50 classify P2\n"
        "11:00 time\n"
        "11:00:00.001 time\n",
        "10:00:00 clock 1 first_reply/1 started target=30m next=10:30:00\n"
        "10:00:00 clock 1 resolution/1 started target=120m next=12:00:00\n"
        "10:30:00 clock 1 first_reply/1 breached due=10:30:00 ledger=10:00:00- catch_up\n"
        "10:50:00 clock 1 first_reply/1 retargeted target=60m was=30m due=11:00:00 late\n"
        "10:50:00 clock 1 first_reply/1 corrected due=10:30:00 ledger=10:00:00- reason=retargeted\n"
        "10:50:00 clock 1 resolution/1 retargeted target=240m was=120m due=14:00:00\n"
        "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n");
}

static void the_same_target_for_another_priority_says_nothing(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "11:30 time\n"
           "11:31 classify P3\n"
           "12:30 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n");
}

static void a_finished_clock_is_not_judged_again(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:45 outbound\n"
           "10:50 classify P1\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:45:00 clock 1 first_reply/1 met elapsed=45m ledger=10:00:00-10:45:00\n"
           "10:50:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00\n");
}

static void another_sla_moves_the_clocks_it_shares(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:20 classify category=tight\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:20:00 clock 1 first_reply/1 retargeted target=10m was=60m due=10:10:00\n"
           "10:20:00 clock 1 first_reply/1 breached due=10:10:00 ledger=10:00:00- on_retarget\n"
           "10:20:00 clock 1 resolution/1 retargeted target=60m was=240m due=11:00:00\n");
}

static void a_clock_that_starts_with_another_sla_counts_from_the_opening(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "10:30 classify category=std\n"
           "14:00:00.001 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:30:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-\n");
}

static void a_clock_that_starts_past_its_target_breaches_once(void **state)
{
    (void)state;
    expect("10:00 open P2 category=free\n"
           "15:00 classify category=tight\n"
           "16:00 time\n",
           "15:00:00 clock 1 first_reply/1 started target=10m next=10:05:00\n"
           "15:00:00 clock 1 first_reply/1 breached due=10:10:00 ledger=10:00:00- on_retarget\n"
           "15:00:00 clock 1 resolution/1 started target=60m next=10:30:00\n"
           "15:00:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00- on_retarget\n");
}

static void a_resolution_target_does_not_start_on_a_solved_issue(void **state)
{
    (void)state;
    expect("10:00 open P2 category=free\n"
           "11:00 outbound\n"
           "12:00 status solved\n"
           "13:00 classify category=tight\n"
           "20:00 time\n",
           "");
}

/* --- late evidence -------------------------------------------------------------------------------
 */

static void a_reply_from_before_the_due_takes_the_breach_back(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:10 time\n"
           "10:50 log=11:10 outbound\n"
           "12:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
           "10:50:00 clock 1 first_reply/1 corrected due=11:00:00 ledger=10:00:00-10:50:00 "
           "reason=late_evidence\n"
           "10:50:00 clock 1 first_reply/1 met elapsed=50m ledger=10:00:00-10:50:00\n");
}

static void a_reply_from_the_due_instant_takes_the_breach_back(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:10 time\n"
           "11:00 log=11:10 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
           "11:00:00 clock 1 first_reply/1 corrected due=11:00:00 ledger=10:00:00-11:00:00 "
           "reason=late_evidence\n"
           "11:00:00 clock 1 first_reply/1 met elapsed=60m ledger=10:00:00-11:00:00\n");
}

static void a_reply_from_after_the_due_leaves_the_breach(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:10 time\n"
           "11:00:00.001 log=11:10 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
           "11:00:00.001 clock 1 first_reply/1 met elapsed=3600001ms ledger=10:00:00-11:00:00.001 "
           "late\n");
}

static void a_pause_from_before_the_due_takes_the_breach_back_and_the_clock_goes_on(void **state)
{
    (void)state;
    expect(
        "10:00 open P2\n"
        "10:01 outbound\n"
        "14:30 time\n"
        "13:00 log=14:30 status pending\n"
        "15:00 status open\n"
        "16:00 time\n"
        "16:00:00.001 time\n",
        "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
        "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
        "10:01:00 clock 1 first_reply/1 met elapsed=1m ledger=10:00:00-10:01:00\n"
        "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
        "13:00:00 clock 1 resolution/1 corrected due=14:00:00 ledger=10:00:00-13:00:00 "
        "reason=late_evidence\n"
        "13:00:00 clock 1 resolution/1 paused elapsed=180m\n"
        "15:00:00 clock 1 resolution/1 resumed next=16:00:00\n"
        "16:00:00 clock 1 resolution/1 breached due=16:00:00 ledger=10:00:00-13:00:00,15:00:00-\n");
}

/* An alert is known by its clock's instance and version, and opens once. */
static void a_breach_after_one_that_was_taken_back_has_another_version(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2\n"
                          "10:01 outbound\n"
                          "14:30 time\n");
    const Tocsin__V1__Clock *resolution = chain_clocks(&sla_chain, 1, 1)->clocks[1];
    assert_true(resolution->breached);
    const uint32_t version = resolution->apply_version;
    chain_run(&sla_chain, "13:00 log=14:30 status pending\n"
                          "15:00 status open\n"
                          "16:00:00.001 time\n");
    resolution = chain_clocks(&sla_chain, 1, 1)->clocks[1];
    assert_true(resolution->breached);
    assert_int_equal(resolution->instance, 1);
    assert_int_not_equal(resolution->apply_version, version);
}

static void a_late_end_of_a_pause_breaches_at_its_instant(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:01 outbound\n"
           "11:00 status pending\n"
           "20:00 time\n"
           "12:00 log=20:00 status open\n"
           "20:00:01 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:01:00 clock 1 first_reply/1 met elapsed=1m ledger=10:00:00-10:01:00\n"
           "11:00:00 clock 1 resolution/1 paused elapsed=60m\n"
           "12:00:00 clock 1 resolution/1 resumed next=15:00:00\n"
           "15:00:00 clock 1 resolution/1 breached due=15:00:00 ledger=10:00:00-11:00:00,12:00:00- "
           "catch_up\n");
}

static void a_late_event_that_stops_nothing_leaves_the_breach(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:10 time\n"
           "10:50 log=11:10 inbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00- catch_up\n");
}

/* --- reopening -----------------------------------------------------------------------------------
 */

static void a_reopened_issue_gets_another_instance(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:05 outbound\n"
           "11:00 status solved\n"
           "12:00 inbound\n"
           "13:00 status solved\n"
           "14:00 inbound\n"
           "18:00 time\n"
           "18:00:00.001 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
           "12:00:00 clock 1 resolution/2 started target=240m next=16:00:00\n"
           "13:00:00 clock 1 resolution/2 met elapsed=60m ledger=12:00:00-13:00:00\n"
           "14:00:00 clock 1 resolution/3 started target=240m next=18:00:00\n"
           "18:00:00 clock 1 resolution/3 breached due=18:00:00 ledger=14:00:00-\n");
}

static void a_first_reply_is_not_asked_for_twice(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "10:05 outbound\n"
           "10:10 status closed\n"
           "10:20 inbound\n"
           "20:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n");
}

static void a_reopening_without_a_target_starts_nothing(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:05 outbound\n"
           "11:00 status solved\n"
           "11:10 classify P4\n"
           "11:20 inbound\n"
           "20:00 time\n"
           "20:10 classify P2\n"
           "20:20 status solved\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
           "20:10:00 clock 1 resolution/2 started target=240m next=+1/00:10:00\n"
           "20:20:00 clock 1 resolution/2 met elapsed=10m ledger=20:10:00-20:20:00\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(clocks_start_with_the_issue),
        CASE(a_clock_without_a_target_does_not_run),
        CASE(an_issue_without_an_sla_has_no_clocks),
        CASE(the_first_reply_of_a_person_meets_the_clock),
        CASE(solving_meets_the_resolution),
        CASE(automatic_replies_and_notes_stop_nothing),
        CASE(a_reply_at_the_due_instant_is_in_time),
        CASE(log_time_at_the_due_instant_breaches_nothing),
        CASE(a_due_fires_strictly_after_its_instant),
        CASE(an_event_strictly_after_the_due_finds_the_breach),
        CASE(an_event_after_the_due_finds_the_breach_while_log_time_is_behind),
        CASE(a_target_of_zero_is_due_at_the_opening),
        CASE(a_target_of_zero_is_met_at_the_opening),
        CASE(a_target_of_zero_while_closed_is_due_when_it_opens),
        CASE(a_due_at_closing_time_is_not_taken_back_by_a_night),
        CASE(what_reaches_its_target_at_closing_and_stops_there_is_in_time),
        CASE(pending_pauses_the_resolution_and_not_the_reply),
        CASE(two_pauses_within_the_same_minute_both_count),
        CASE(a_pause_and_an_end_of_it_at_one_instant_leave_no_trace),
        CASE(a_night_is_not_working_time),
        CASE(breached_and_paused_is_a_state),
        CASE(warnings_come_in_order_and_each_once),
        CASE(a_long_silence_gives_each_warning_at_its_own_instant),
        CASE(a_warning_waits_while_the_clock_is_paused),
        CASE(what_is_solved_warns_no_more),
        CASE(dues_of_all_issues_fire_in_order_of_time),
        CASE(seen_within_five_seconds_is_no_catch_up),
        CASE(a_tighter_target_ahead_moves_the_due),
        CASE(a_tighter_target_that_is_past_breaches_once_without_its_warnings),
        CASE(a_looser_target_takes_a_breach_back),
        CASE(the_same_target_for_another_priority_says_nothing),
        CASE(a_finished_clock_is_not_judged_again),
        CASE(another_sla_moves_the_clocks_it_shares),
        CASE(a_clock_that_starts_with_another_sla_counts_from_the_opening),
        CASE(a_clock_that_starts_past_its_target_breaches_once),
        CASE(a_resolution_target_does_not_start_on_a_solved_issue),
        CASE(a_reply_from_before_the_due_takes_the_breach_back),
        CASE(a_reply_from_the_due_instant_takes_the_breach_back),
        CASE(a_reply_from_after_the_due_leaves_the_breach),
        CASE(a_pause_from_before_the_due_takes_the_breach_back_and_the_clock_goes_on),
        CASE(a_breach_after_one_that_was_taken_back_has_another_version),
        CASE(a_late_end_of_a_pause_breaches_at_its_instant),
        CASE(a_late_event_that_stops_nothing_leaves_the_breach),
        CASE(a_reopened_issue_gets_another_instance),
        CASE(a_first_reply_is_not_asked_for_twice),
        CASE(a_reopening_without_a_target_starts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
