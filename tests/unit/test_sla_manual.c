/* Dates by hand: promises to the requester, and how long they hold. */
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
    "queues: {q: {tier: 1}}\n"
    "routes: [{rule: default, queue: q}]\n"
    "slas:\n"
    "  anew: {calendar: always, pause_on: [pending], clocks: {resolution: {targets: {default: 4h}, "
    "warn: [50]}}}\n"
    "  go: {calendar: always, pause_on: [pending], clocks: {resolution: {targets: {default: 4h}, "
    "warn: [50], again: continue}}}\n"
    "  hand: {calendar: always, clocks: {resolution: {targets: {P1: 4h}, again: continue}}}\n"
    "  none: {calendar: always, clocks: {next_reply: {targets: {default: 1h}}}}\n";

/* --- the verdict ------------------------------------------------------------------------------ */

static void a_date_is_broken_also_while_its_clock_stands_still(void **state)
{
    (void)state;
    told("10:00 opened sla=anew queue=q\n"
         "10:10 due_set metric=resolution due_ms=12:00 by=ana\n"
         "10:20 status state=pending\n"
         "12:00 time\n"
         "12:00:01 time\n"
         "13:00 status state=solved\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00 "
         "reason=due_set\n"
         "10:20:00 clock 1 resolution/1 paused elapsed=20m\n"
         "12:00:00 clock 1 resolution/1 breached due=12:00:00 ledger=10:00:00-10:20:00\n"
         "13:00:00 clock 1 resolution/1 met elapsed=20m ledger=10:00:00-10:20:00 late\n");
}

static void a_date_is_kept_when_its_clock_is_over_by_then_whatever_comes_after(void **state)
{
    (void)state;
    told("10:00 opened sla=go queue=q\n"
         "10:10 due_set metric=resolution due_ms=12:00 by=ana\n"
         "10:20 status state=pending\n"
         "12:00 status state=solved\n"
         "13:00 status state=open\n"
         "16:40 time\n"
         "16:40:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00 "
         "reason=due_set\n"
         "10:20:00 clock 1 resolution/1 paused elapsed=20m\n"
         "12:00:00 clock 1 resolution/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
         "13:00:00 clock 1 resolution/2 started target=240m next=14:40:00\n"
         "14:40:00 clock 1 resolution/2 warned 50% due=16:40:00 catch_up\n"
         "16:40:00 clock 1 resolution/2 breached due=16:40:00 "
         "ledger=10:00:00-10:20:00,13:00:00-\n");
}

static void what_ends_a_clock_late_but_before_its_date_takes_the_breach_back(void **state)
{
    (void)state;
    told("10:00 opened sla=anew queue=q\n"
         "10:10 due_set metric=resolution due_ms=12:00 by=ana\n"
         "10:20 status state=pending\n"
         "12:30 time\n"
         "11:50 log=12:30 status state=solved\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=120m was=240m due=12:00:00 "
         "reason=due_set\n"
         "10:20:00 clock 1 resolution/1 paused elapsed=20m\n"
         "12:00:00 clock 1 resolution/1 breached due=12:00:00 ledger=10:00:00-10:20:00 "
         "catch_up\n"
         "11:50:00 clock 1 resolution/1 corrected due=12:00:00 ledger=10:00:00-10:20:00 "
         "reason=late_evidence\n"
         "11:50:00 clock 1 resolution/1 met elapsed=20m ledger=10:00:00-10:20:00\n");
}

static void a_pause_that_comes_late_changes_nothing_about_a_date(void **state)
{
    (void)state;
    told("10:00 opened sla=anew queue=q\n"
         "10:10 due_set metric=resolution due_ms=11:30 by=ana\n"
         "12:30 time\n"
         "11:20 log=12:30 status state=pending\n"
         "11:25 log=12:30 status state=open\n"
         "13:00 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=90m was=240m due=11:30:00 "
         "reason=due_set\n"
         "10:45:00 clock 1 resolution/1 warned 50% due=11:30:00 catch_up\n"
         "11:30:00 clock 1 resolution/1 breached due=11:30:00 ledger=10:00:00- catch_up\n"
         "11:20:00 clock 1 resolution/1 paused elapsed=80m late\n"
         "11:25:00 clock 1 resolution/1 resumed next=never late\n");
}

static void a_date_that_is_past_breaches_what_stands_still(void **state)
{
    (void)state;
    told("10:00 opened sla=anew queue=q\n"
         "10:20 status state=pending\n"
         "11:00 due_set metric=resolution due_ms=10:30 by=ana\n"
         "11:10 due_set metric=resolution due_ms=0\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:20:00 clock 1 resolution/1 paused elapsed=20m\n"
         "11:00:00 clock 1 resolution/1 retargeted target=30m was=240m due=10:30:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 breached due=10:30:00 ledger=10:00:00-10:20:00 "
         "reason=due_set on_retarget\n"
         "11:10:00 clock 1 resolution/1 retargeted target=240m was=30m reason=due_taken_back "
         "late\n"
         "11:10:00 clock 1 resolution/1 corrected due=10:30:00 ledger=10:00:00-10:20:00 "
         "reason=retargeted\n");
}

static void a_date_of_what_stands_still_may_be_said_to_be_unconfirmed(void **state)
{
    (void)state;
    sla_feed_run(&feed, "10:00 opened sla=anew queue=q\n"
                        "10:10 due_set metric=resolution due_ms=12:00 by=ana\n"
                        "10:20 status state=pending\n");
    core_transcript(feed.sla);
    core_behind(feed.sla, core_time("12:30"));
    assert_text(core_transcript(feed.sla),
                "12:00:00 clock 1 resolution/1 overdue_unconfirmed due=12:00:00\n");
}

/* --- how long it holds ------------------------------------------------------------------------ */

static void a_date_goes_along_when_its_clock_goes_on(void **state)
{
    (void)state;
    told("10:00 opened sla=go queue=q\n"
         "10:10 due_set metric=resolution due_ms=18:00 end_ms=20:00 by=ana\n"
         "11:00 status state=solved\n"
         "17:00 status state=open\n"
         "18:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=480m was=240m due=18:00:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
         "17:00:00 clock 1 resolution/2 started target=480m next=18:00:00\n"
         "18:00:00 clock 1 resolution/2 breached due=18:00:00 "
         "ledger=10:00:00-11:00:00,17:00:00-\n");
    assert_string_equal(sla_feed_last(&feed)->clock->manual_by, "ana");
}

static void a_broken_date_goes_along_and_is_not_broken_twice(void **state)
{
    (void)state;
    told("10:00 opened sla=go queue=q\n"
         "10:10 due_set metric=resolution due_ms=11:00 end_ms=15:00 by=ana\n"
         "12:00 status state=solved\n"
         "13:00 status state=open\n"
         "15:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=60m was=240m due=11:00:00 "
         "reason=due_set\n"
         "10:30:00 clock 1 resolution/1 warned 50% due=11:00:00 catch_up\n"
         "11:00:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
         "12:00:00 clock 1 resolution/1 met elapsed=120m ledger=10:00:00-12:00:00 late\n"
         "13:00:00 clock 1 resolution/2 started target=60m next=15:00:00 late\n"
         "15:00:00 clock 1 resolution/2 retargeted target=240m was=60m due=15:00:00 "
         "reason=due_ended late\n"
         "15:00:00 clock 1 resolution/2 corrected due=11:00:00 "
         "ledger=10:00:00-12:00:00,13:00:00- reason=retargeted\n"
         "13:00:00 clock 1 resolution/2 warned 50% due=15:00:00 catch_up\n"
         "15:00:00 clock 1 resolution/2 breached due=15:00:00 "
         "ledger=10:00:00-12:00:00,13:00:00-\n");
}

static void a_date_that_ended_while_its_clock_was_over_counts_no_more(void **state)
{
    (void)state;
    told("10:00 opened sla=go queue=q\n"
         "10:10 due_set metric=resolution due_ms=11:00 end_ms=13:00 by=ana\n"
         "12:00 status state=solved\n"
         "14:00 status state=open\n"
         "16:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=60m was=240m due=11:00:00 "
         "reason=due_set\n"
         "10:30:00 clock 1 resolution/1 warned 50% due=11:00:00 catch_up\n"
         "11:00:00 clock 1 resolution/1 breached due=11:00:00 ledger=10:00:00- catch_up\n"
         "12:00:00 clock 1 resolution/1 met elapsed=120m ledger=10:00:00-12:00:00 late\n"
         "14:00:00 clock 1 resolution/2 started target=240m next=14:00:00\n"
         "14:00:00 clock 1 resolution/2 warned 50% due=16:00:00 catch_up\n"
         "16:00:00 clock 1 resolution/2 breached due=16:00:00 "
         "ledger=10:00:00-12:00:00,14:00:00-\n");
}

static void a_round_that_begins_anew_has_no_date(void **state)
{
    (void)state;
    told("10:00 opened sla=anew queue=q\n"
         "10:10 due_set metric=resolution due_ms=18:00 by=ana\n"
         "11:00 status state=solved\n"
         "12:00 status state=open\n"
         "16:00:01 time\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=480m was=240m due=18:00:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
         "12:00:00 clock 1 resolution/2 started target=240m next=14:00:00\n"
         "14:00:00 clock 1 resolution/2 warned 50% due=16:00:00 catch_up\n"
         "16:00:00 clock 1 resolution/2 breached due=16:00:00 ledger=12:00:00-\n");
}

static void a_clock_with_a_date_alone_goes_on_as_long_as_that_holds(void **state)
{
    (void)state;
    told("10:00 opened sla=hand queue=q\n"
         "10:10 due_set metric=resolution due_ms=18:00 end_ms=20:00 by=ana\n"
         "11:00 status state=solved\n"
         "12:00 status state=open\n"
         "13:00 status state=solved\n"
         "19:00 status state=open\n",
         "10:10:00 clock 1 resolution/1 started target=none next=never\n"
         "10:10:00 clock 1 resolution/1 retargeted target=480m was=none due=18:00:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
         "12:00:00 clock 1 resolution/2 started target=480m next=18:00:00\n"
         "13:00:00 clock 1 resolution/2 met elapsed=120m "
         "ledger=10:00:00-11:00:00,12:00:00-13:00:00\n");
}

static void a_target_that_comes_back_finds_the_date(void **state)
{
    (void)state;
    told("10:00 opened sla=anew queue=q\n"
         "10:10 due_set metric=resolution due_ms=18:00 by=ana\n"
         "11:00 routed sla=none\n"
         "12:00 routed sla=anew\n"
         "12:30 routed sla=none\n"
         "18:30 routed sla=anew\n",
         "10:00:00 clock 1 resolution/1 started target=240m next=12:00:00\n"
         "10:10:00 clock 1 resolution/1 retargeted target=480m was=240m due=18:00:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 cancelled\n"
         "12:00:00 clock 1 resolution/1 retargeted target=480m was=none due=18:00:00\n"
         "12:30:00 clock 1 resolution/1 cancelled\n"
         "18:30:00 clock 1 resolution/1 retargeted target=240m was=none due=21:00:00\n");
}

static void another_date_after_the_first_has_ended_counts_no_time_twice(void **state)
{
    (void)state;
    told("10:00 opened sla=hand queue=q\n"
         "10:10 due_set metric=resolution due_ms=12:00 end_ms=11:00 by=ana\n"
         "11:30 due_set metric=resolution due_ms=13:00 by=ben\n"
         "12:00 status state=solved\n",
         "10:10:00 clock 1 resolution/1 started target=none next=never\n"
         "10:10:00 clock 1 resolution/1 retargeted target=120m was=none due=12:00:00 "
         "reason=due_set\n"
         "11:00:00 clock 1 resolution/1 cancelled reason=due_ended\n"
         "11:30:00 clock 1 resolution/2 started target=none next=never\n"
         "11:30:00 clock 1 resolution/2 retargeted target=180m was=none due=13:00:00 "
         "reason=due_set\n"
         "12:00:00 clock 1 resolution/2 met elapsed=120m "
         "ledger=10:00:00-11:00:00,11:00:00-12:00:00\n");
}

#define CASE(name) SLA_TOLD_CASE(name, policy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_date_is_broken_also_while_its_clock_stands_still),
        CASE(a_date_is_kept_when_its_clock_is_over_by_then_whatever_comes_after),
        CASE(what_ends_a_clock_late_but_before_its_date_takes_the_breach_back),
        CASE(a_pause_that_comes_late_changes_nothing_about_a_date),
        CASE(a_date_that_is_past_breaches_what_stands_still),
        CASE(a_date_of_what_stands_still_may_be_said_to_be_unconfirmed),
        CASE(a_date_goes_along_when_its_clock_goes_on),
        CASE(a_broken_date_goes_along_and_is_not_broken_twice),
        CASE(a_date_that_ended_while_its_clock_was_over_counts_no_more),
        CASE(a_round_that_begins_anew_has_no_date),
        CASE(a_clock_with_a_date_alone_goes_on_as_long_as_that_holds),
        CASE(a_target_that_comes_back_finds_the_date),
        CASE(another_date_after_the_first_has_ended_counts_no_time_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
