#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- warnings and breaches -----------------------------------------------------------------------
 */

static void glpi_22678_each_threshold_is_an_instant_of_the_calendar(void **state)
{
    (void)state;
    expect("15:00 open P2 category=shift\n"
           "+1/11:00 time\n"
           "+1/11:00:01 time\n"
           "+1/13:24:01 time\n"
           "+1/15:00:01 time\n",
           "15:00:00 clock 1 resolution/1 started target=480m next=+1/11:00:00\n"
           "+1/11:00:00 clock 1 resolution/1 warned 50% due=+1/15:00:00\n"
           "+1/13:24:00 clock 1 resolution/1 warned 80% due=+1/15:00:00\n"
           "+1/15:00:00 clock 1 resolution/1 breached due=+1/15:00:00 ledger=15:00:00-\n");
}

static void glpi_7946_warnings_honour_the_pause(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "10:59 status pending\n"
           "+1/10:00 time\n"
           "+1/10:00 status open\n"
           "+1/10:01:01 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "10:59:00 clock 1 resolution/1 paused elapsed=59m\n"
           "+1/10:00:00 clock 1 resolution/1 resumed next=+1/10:01:00\n"
           "+1/10:01:00 clock 1 resolution/1 warned 25% due=+1/13:01:00\n");
}

static void zammad_4348_a_warning_is_not_given_again_the_next_day(void **state)
{
    (void)state;
    expect("10:00 open P2 category=shift\n"
           "14:00:01 time\n"
           "16:24:01 time\n"
           "+1/09:00 time\n"
           "+1/10:00:01 time\n"
           "+2/10:00 time\n"
           "+9/10:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=480m next=14:00:00\n"
           "14:00:00 clock 1 resolution/1 warned 50% due=+1/10:00:00\n"
           "16:24:00 clock 1 resolution/1 warned 80% due=+1/10:00:00\n"
           "+1/10:00:00 clock 1 resolution/1 breached due=+1/10:00:00 ledger=10:00:00-\n");
}

static void zammad_5655_a_breach_is_not_given_again_the_next_day(void **state)
{
    (void)state;
    expect("10:00 open P2 category=reply\n"
           "11:00:01 time\n"
           "+1/11:00 time\n"
           "+2/11:00 time\n"
           "+2/11:00 note\n"
           "+9/11:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n");
}

static void glpi_1996_neither_pauses_nor_notes_unlatch_a_breach(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "14:00:01 time\n"
           "15:00 status pending\n"
           "16:00 status open\n"
           "17:00 note\n"
           "18:00 inbound\n"
           "+1/10:00 status pending\n"
           "+1/11:00 inbound\n"
           "+5/10:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
           "13:00:00 clock 1 resolution/1 warned 75% due=14:00:00 catch_up\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-\n"
           "15:00:00 clock 1 resolution/1 paused elapsed=300m late\n"
           "16:00:00 clock 1 resolution/1 resumed next=never late\n"
           "+1/10:00:00 clock 1 resolution/1 paused elapsed=1380m late\n"
           "+1/11:00:00 clock 1 resolution/1 resumed next=never late\n");
}

static void helpdesk_2232_a_breached_clock_can_pause_and_stays_breached(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "14:00:01 time\n"
           "15:00 status pending\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
           "13:00:00 clock 1 resolution/1 warned 75% due=14:00:00 catch_up\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-\n"
           "15:00:00 clock 1 resolution/1 paused elapsed=300m late\n");
}

static void helpdesk_3709_a_breached_clock_that_paused_is_met_late(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "13:30 time\n"
           "14:30 status pending\n"
           "15:00 status solved\n"
           "20:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00 catch_up\n"
           "13:00:00 clock 1 resolution/1 warned 75% due=14:00:00 catch_up\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
           "14:30:00 clock 1 resolution/1 paused elapsed=270m late\n"
           "15:00:00 clock 1 resolution/1 met elapsed=270m ledger=10:00:00-14:30:00 late\n");
}

static void a_warning_seen_late_is_labelled_by_its_own_instant(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "11:00:06 time\n"
           "12:00:01 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00\n");
}

/* --- reopening -----------------------------------------------------------------------------------
 */

static void zammad_188_a_reopened_issue_keeps_the_verdict_of_its_first_round(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:05 outbound\n"
           "15:00 status solved\n"
           "16:00 inbound\n"
           "19:00 status solved\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n"
           "15:00:00 clock 1 resolution/1 met elapsed=300m ledger=10:00:00-15:00:00 late\n"
           "16:00:00 clock 1 resolution/2 started target=240m next=20:00:00\n"
           "19:00:00 clock 1 resolution/2 met elapsed=180m ledger=16:00:00-19:00:00\n");
}

static void zammad_4777_a_round_in_time_is_not_judged_by_the_second(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:05 outbound\n"
           "11:00 status solved\n"
           "+5/11:00 inbound\n"
           "+5/15:00:01 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
           "+5/11:00:00 clock 1 resolution/2 started target=240m next=+5/15:00:00\n"
           "+5/15:00:00 clock 1 resolution/2 breached due=+5/15:00:00 ledger=+5/11:00:00-\n");
}

static void znuny_the_solution_clock_is_armed_again(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:05 outbound\n"
           "11:00 status closed\n"
           "12:00 status pending\n"
           "12:30 status open\n"
           "16:30:01 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
           "12:00:00 clock 1 resolution/2 started target=240m next=never\n"
           "12:30:00 clock 1 resolution/2 resumed next=16:30:00\n"
           "16:30:00 clock 1 resolution/2 breached due=16:30:00 ledger=12:30:00-\n");
}

/* --- another target ------------------------------------------------------------------------------
 */

static void glpi_15605_an_earned_pause_is_kept_by_another_priority(void **state)
{
    (void)state;
    expect(
        "10:00 open P2\n"
        "10:05 outbound\n"
        "10:30 status pending\n"
        "12:30 status open\n"
        "13:00 classify P1\n"
        "14:00 time\n"
        "14:00:01 time\n",
        "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
        "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
        "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
        "10:30:00 clock 1 resolution/1 paused elapsed=30m\n"
        "12:30:00 clock 1 resolution/1 resumed next=16:00:00\n"
        "13:00:00 clock 1 resolution/1 retargeted target=120m was=240m due=14:00:00\n"
        "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-10:30:00,12:30:00-\n");
}

static void glpi_6902_an_earned_pause_is_kept_by_another_sla(void **state)
{
    (void)state;
    expect(
        "10:00 open P2\n"
        "10:05 outbound\n"
        "10:30 status pending\n"
        "12:30 status open\n"
        "13:00 classify category=loud\n"
        "16:00 time\n"
        "16:00:01 time\n",
        "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
        "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
        "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
        "10:30:00 clock 1 resolution/1 paused elapsed=30m\n"
        "12:30:00 clock 1 resolution/1 resumed next=16:00:00\n"
        "13:00:00 clock 1 resolution/1 retargeted target=240m was=240m due=16:00:00\n"
        "13:00:00 clock 1 resolution/1 warned 25% due=16:00:00 catch_up\n"
        "14:00:00 clock 1 resolution/1 warned 50% due=16:00:00 catch_up\n"
        "15:00:00 clock 1 resolution/1 warned 75% due=16:00:00 catch_up\n"
        "16:00:00 clock 1 resolution/1 breached due=16:00:00 ledger=10:00:00-10:30:00,12:30:00-\n");
}

static void zammad_5624_a_clock_that_the_new_sla_lacks_is_cancelled(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:20 classify category=quiet\n"
           "11:30 time\n"
           "12:00 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:20:00 clock 1 first_reply/1 cancelled\n");
}

static void zammad_4353_without_an_sla_every_clock_is_cancelled(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:20 classify category=free\n"
           "20:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:20:00 clock 1 first_reply/1 cancelled\n"
           "10:20:00 clock 1 resolution/1 cancelled\n");
}

static void a_cancelled_clock_goes_on_when_there_is_a_target_again(void **state)
{
    (void)state;
    expect(
        "10:00 open P2\n"
        "10:05 outbound\n"
        "10:20 classify P4\n"
        "12:20 classify P2\n"
        "16:00 time\n"
        "16:00:01 time\n",
        "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
        "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
        "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
        "10:20:00 clock 1 resolution/1 cancelled\n"
        "12:20:00 clock 1 resolution/1 retargeted target=240m was=none due=16:00:00\n"
        "16:00:00 clock 1 resolution/1 breached due=16:00:00 ledger=10:00:00-10:20:00,12:20:00-\n");
}

static void a_cancelled_first_reply_that_was_given_meanwhile_stays_cancelled(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:20 classify category=quiet\n"
           "10:30 outbound\n"
           "11:00 classify category=std\n"
           "20:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:20:00 clock 1 first_reply/1 cancelled\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00- catch_up\n");
}

static void a_cancelled_clock_of_an_issue_solved_meanwhile_stays_cancelled(void **state)
{
    (void)state;
    expect("10:00 open P2\n"
           "10:05 outbound\n"
           "10:20 classify P4\n"
           "11:00 status solved\n"
           "12:00 classify P2\n"
           "20:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:05:00 clock 1 first_reply/1 met elapsed=5m ledger=10:00:00-10:05:00\n"
           "10:20:00 clock 1 resolution/1 cancelled\n");
}

static void a_first_reply_that_was_given_before_the_sla_is_not_asked_for(void **state)
{
    (void)state;
    expect("10:00 open P2 category=free\n"
           "10:05 outbound\n"
           "11:00 classify category=reply\n"
           "20:00 time\n",
           "");
}

static void another_sla_without_warnings_breaches_at_the_due_and_not_before(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "10:10 classify category=quiet\n"
           "13:59 time\n"
           "14:00:01 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "10:10:00 clock 1 resolution/1 retargeted target=240m was=240m due=14:00:00\n"
           "14:00:00 clock 1 resolution/1 breached due=14:00:00 ledger=10:00:00-\n");
}

static void another_sla_with_warnings_gives_them_at_their_instants(void **state)
{
    (void)state;
    expect("10:00 open P2 category=quiet\n"
           "10:10 classify category=loud\n"
           "11:00:01 time\n"
           "12:00:01 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:10:00 clock 1 resolution/1 retargeted target=240m was=240m due=14:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00\n");
}

static void a_warning_is_latched_for_one_application_of_a_target(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "11:00:01 time\n"
           "11:10 classify category=quiet\n"
           "11:20 classify category=loud\n"
           "11:30 time\n"
           "12:00:01 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00\n"
           "11:10:00 clock 1 resolution/1 retargeted target=240m was=240m due=14:00:00\n"
           "11:20:00 clock 1 resolution/1 retargeted target=240m was=240m due=14:00:00\n"
           "11:00:00 clock 1 resolution/1 warned 25% due=14:00:00 catch_up\n"
           "12:00:00 clock 1 resolution/1 warned 50% due=14:00:00\n");
}

/* --- ledgers -------------------------------------------------------------------------------------
 */

static void zammad_two_pauses_that_begin_in_one_minute_are_both_kept(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "10:30:10 status pending\n"
           "10:30:20 status open\n"
           "10:30:30 status pending\n"
           "10:30:50 status open\n"
           "11:00:30 time\n"
           "11:00:30.001 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "10:30:10 clock 1 resolution/1 paused elapsed=1810s\n"
           "10:30:20 clock 1 resolution/1 resumed next=11:00:10\n"
           "10:30:30 clock 1 resolution/1 paused elapsed=1820s\n"
           "10:30:50 clock 1 resolution/1 resumed next=11:00:30\n"
           "11:00:30 clock 1 resolution/1 warned 25% due=14:00:30\n");
}

static void pending_twice_is_one_pause(void **state)
{
    (void)state;
    expect("10:00 open P2 category=loud\n"
           "10:30 status pending\n"
           "10:35 status pending\n"
           "10:40 status open\n"
           "10:45 status open\n"
           "11:10 time\n"
           "11:10:00.001 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=11:00:00\n"
           "10:30:00 clock 1 resolution/1 paused elapsed=30m\n"
           "10:40:00 clock 1 resolution/1 resumed next=11:10:00\n"
           "11:10:00 clock 1 resolution/1 warned 25% due=14:10:00\n");
}

/* --- who has clocks ------------------------------------------------------------------------------
 */

static void znuny_514_an_issue_that_a_process_opened_has_clocks(void **state)
{
    (void)state;
    expect("10:00 open P1 channel=internal\n"
           "10:30:01 time\n",
           "10:00:00 clock 1 first_reply/1 started target=30m next=10:30:00\n"
           "10:00:00 clock 1 resolution/1 started target=120m next=12:00:00\n"
           "10:30:00 clock 1 first_reply/1 breached due=10:30:00 ledger=10:00:00-\n");
}

static void zammad_1322_a_requester_of_any_channel_reopens_the_resolution(void **state)
{
    (void)state;
    expect("10:00 open P2 channel=web category=quiet\n"
           "11:00 status solved\n"
           "12:00 inbound source=phone\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
           "12:00:00 clock 1 resolution/2 started target=240m next=16:00:00\n");
}

static void a_stub_has_clocks_from_its_first_event(void **state)
{
    (void)state;
    expect("10:00 inbound\n"
           "10:01 time\n"
           "10:02 open P1\n"
           "10:30:01 time\n",
           "10:02:00 clock 1 first_reply/1 started target=30m next=10:30:00\n"
           "10:02:00 clock 1 resolution/1 started target=120m next=12:00:00\n"
           "10:30:00 clock 1 first_reply/1 breached due=10:30:00 ledger=10:00:00-\n");
}

/* --- what is beside the clocks --------------------------------------------------------------- */

static void a_breach_at_closing_survives_a_priority_of_the_same_target(void **state)
{
    (void)state;
    chain_run(&sla_chain, "09:00 open category=office P2\n20:00 status pending\n");
    core_transcript(sla_chain.sla);
    expect("20:01 classify P3\n", "");
    assert_true(chain_clocks(&sla_chain, 1, 1)->clocks[0]->breached);
}

/* "day" closes at 13:00 instead of 17:00. */
static const char *shorter_days(void)
{
    static char text[sizeof(SLA_POLICY)] = SLA_POLICY;
    char *hours = strstr(text, "09:00-17:00");
    assert_non_null(hours);
    memcpy(hours, "09:00-13:00", 11);
    return text;
}

static void a_calendar_that_another_version_changed_is_counted_anew(void **state)
{
    (void)state;
    expect("09:00 open category=office P2\n10:00 status pending\n11:00 status open\n",
           "09:00:00 clock 1 resolution/1 started target=480m next=17:00:00\n"
           "10:00:00 clock 1 resolution/1 paused elapsed=60m\n"
           "11:00:00 clock 1 resolution/1 resumed next=+1/10:00:00\n");
    chain_policy(&sla_chain, "11:30", shorter_days());
    /* The version of an issue changes with its route or its targets, not by itself. */
    expect("11:40 note\n11:50 classify category=office\n",
           "11:30:00 policy_part\n11:30:00 policy_part\n11:30:00 policy_applied\n");
    expect("12:00 classify P3\n+2/10:00 time\n+2/10:00:01 time\n",
           "12:00:00 clock 1 resolution/1 retargeted target=480m was=480m due=+2/10:00:00\n"
           "+2/10:00:00 clock 1 resolution/1 breached due=+2/10:00:00 "
           "ledger=09:00:00-10:00:00,11:00:00-\n");
}

static const Tocsin__V1__ClockChange *last_change(void)
{
    Tocsin__V1__ClockChange *change;
    const Tocsin__V1__Record *record = core_record(sla_chain.sla, core_last_seq(sla_chain.sla));
    assert_int_equal(record->type, TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED);
    assert_int_equal(toc_wire_unpack(core_arena(sla_chain.sla),
                                     &tocsin__v1__clock_change__descriptor,
                                     toc_wire_bytes(&record->body), &change),
                     TOC_OK);
    return change;
}

static void a_stub_that_was_opened_late_has_its_name_in_later_records(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 inbound issue=1 source=mail\n10:01 time\n"
                          "10:02 open P2 test subject=T-7\n10:03 outbound\n11:00 status solved\n");
    assert_string_equal(last_change()->source, "crm");
    assert_string_equal(last_change()->subject, "T-7");
    assert_true(core_record(sla_chain.sla, core_last_seq(sla_chain.sla))->test);
}

static void a_breach_while_log_time_is_unknown_is_no_catch_up(void **state)
{
    (void)state;
    chain_close(&sla_chain);
    chain_open(&sla_chain, (struct core_turns){.turn = 1});
    chain_policy(&sla_chain, "unknown", SLA_POLICY);
    core_transcript(sla_chain.sla);
    expect("10:00 log=unknown open category=reply P2\n12:00 log=unknown outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "11:00:00 clock 1 first_reply/1 breached due=11:00:00 ledger=10:00:00-\n"
           "12:00:00 clock 1 first_reply/1 met elapsed=120m ledger=10:00:00-12:00:00 late\n");
}

static void a_record_says_when_it_was_seen_and_of_whom(void **state)
{
    (void)state;
    chain_run(&sla_chain, "10:00 open P2 category=reply risk=severe\n11:00:30 time\n");
    const Tocsin__V1__ClockChange *change = last_change();
    assert_int_equal(change->detected_ms, core_time("11:00:30"));
    assert_int_equal(change->clock->breached_ms, core_time("11:00"));
    assert_true(change->catch_up);
    assert_int_equal(change->priority, TOCSIN__V1__PRIORITY__PRIORITY_P2);
    assert_int_equal(change->risk, TOCSIN__V1__RISK__RISK_SEVERE);
    assert_string_equal(change->queue, "q");
    assert_string_equal(change->source, "crm");
    assert_string_equal(change->subject, "t1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(glpi_22678_each_threshold_is_an_instant_of_the_calendar),
        CASE(glpi_7946_warnings_honour_the_pause),
        CASE(zammad_4348_a_warning_is_not_given_again_the_next_day),
        CASE(zammad_5655_a_breach_is_not_given_again_the_next_day),
        CASE(glpi_1996_neither_pauses_nor_notes_unlatch_a_breach),
        CASE(helpdesk_2232_a_breached_clock_can_pause_and_stays_breached),
        CASE(helpdesk_3709_a_breached_clock_that_paused_is_met_late),
        CASE(a_warning_seen_late_is_labelled_by_its_own_instant),
        CASE(zammad_188_a_reopened_issue_keeps_the_verdict_of_its_first_round),
        CASE(zammad_4777_a_round_in_time_is_not_judged_by_the_second),
        CASE(znuny_the_solution_clock_is_armed_again),
        CASE(glpi_15605_an_earned_pause_is_kept_by_another_priority),
        CASE(glpi_6902_an_earned_pause_is_kept_by_another_sla),
        CASE(zammad_5624_a_clock_that_the_new_sla_lacks_is_cancelled),
        CASE(zammad_4353_without_an_sla_every_clock_is_cancelled),
        CASE(a_cancelled_clock_goes_on_when_there_is_a_target_again),
        CASE(a_cancelled_first_reply_that_was_given_meanwhile_stays_cancelled),
        CASE(a_cancelled_clock_of_an_issue_solved_meanwhile_stays_cancelled),
        CASE(a_first_reply_that_was_given_before_the_sla_is_not_asked_for),
        CASE(another_sla_without_warnings_breaches_at_the_due_and_not_before),
        CASE(another_sla_with_warnings_gives_them_at_their_instants),
        CASE(a_warning_is_latched_for_one_application_of_a_target),
        CASE(zammad_two_pauses_that_begin_in_one_minute_are_both_kept),
        CASE(pending_twice_is_one_pause),
        CASE(znuny_514_an_issue_that_a_process_opened_has_clocks),
        CASE(zammad_1322_a_requester_of_any_channel_reopens_the_resolution),
        CASE(a_stub_has_clocks_from_its_first_event),
        CASE(a_breach_at_closing_survives_a_priority_of_the_same_target),
        CASE(a_calendar_that_another_version_changed_is_counted_anew),
        CASE(a_stub_that_was_opened_late_has_its_name_in_later_records),
        CASE(a_breach_while_log_time_is_unknown_is_no_catch_up),
        CASE(a_record_says_when_it_was_seen_and_of_whom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
