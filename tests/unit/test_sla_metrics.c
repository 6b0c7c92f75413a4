/* Every metric with its defaults, and conditions that a policy sets itself. */
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* The category of an issue is the name of its SLA. */
#define ROUTE(name) "  - {rule: " name ", when: {category: [" name "]}, queue: q, sla: " name "}\n"

static const char policy[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"
    "queues: {q: {tier: 1}, second: {tier: 2}, other: {tier: 1}}\n"
    "routes:\n" ROUTE("next") ROUTE("update") ROUTE("pausable") ROUTE("wait") ROUTE("work") ROUTE(
        "queue") ROUTE("tier") ROUTE("legal") ROUTE("own") ROUTE("when") ROUTE("held")
        ROUTE("reset") ROUTE("wall") ROUTE("go") ROUTE("many") ROUTE(
            "park") "  - {rule: default, queue: q}\n"
                    "slas:\n"
                    "  next: {calendar: always, clocks: {first_reply: {targets: {default: 1h}},\n"
                    "    next_reply: {targets: {default: 30m}, warn: [50]}}}\n"
                    "  update: {calendar: always, pause_on: [pending], clocks: {first_reply: "
                    "{targets: "
                    "{default: 1h}, pause_on: []},\n"
                    "    periodic_update: {targets: {default: 2h}}}}\n"
                    "  pausable: {calendar: always, clocks: {pausable_update: {targets: {default: "
                    "2h}}}}\n"
                    "  wait: {calendar: always, clocks: {requester_wait: {targets: {default: "
                    "8h}}}}\n"
                    "  work: {calendar: always, clocks: {agent_work: {targets: {default: 8h}}}}\n"
                    "  queue: {calendar: always, clocks: {queue_wait: {targets: {default: 1h}}}}\n"
                    "  tier: {calendar: always, clocks: {tier_time: {targets: {default: 2h}, "
                    "tiers: [1]}}}\n"
                    "  legal: {calendar: day, pause_on: [pending], clocks: {resolution: {targets: "
                    "{default: 4h}},\n"
                    "    answer: {metric: legal, law: \"XX 1\", targets: {default: 8h}, warn: "
                    "[50]}}}\n"
                    "  own: {calendar: always, clocks: {fix: {metric: resolution, targets: "
                    "{default: 4h},\n"
                    "    start_on: [claimed], stop_on: [outbound, closed]}, resolution: {targets: "
                    "{P1: 9h}}}}\n"
                    "  when: {calendar: always, clocks: {vip: {metric: resolution, targets: "
                    "{default: 4h},\n"
                    "    when: {language: [de*]}}}}\n"
                    "  held: {calendar: always, clocks: {resolution: {targets: {default: 4h},\n"
                    "    start_on: [opened, released], pause_on: [claimed]}}}\n"
                    "  reset: {calendar: always, clocks: {resolution: {targets: {default: 4h},\n"
                    "    reset_on: [inbound], cancel_on: [on_hold]}}}\n"
                    "  park: {calendar: always, clocks: {resolution: {targets: {default: 8h}, "
                    "reset_on: [on_hold]}}}\n"
                    "  wall: {calendar: day, clocks: {resolution: {targets: {default: 20h "
                    "elapsed}, warn: [50]}}}\n"
                    "  go: {calendar: always, clocks: {resolution: {targets: {default: 4h}, again: "
                    "continue}}}\n"
                    "  many: {calendar: always, clocks: {queue_wait: {targets: {default: 1h}, "
                    "queues: [second, "
                    "oth*]}}}\n";

static int set_up(void **state)
{
    (void)state;
    chain_open(&sla_chain, (struct core_turns){.turn = 1});
    chain_policy(&sla_chain, "00:00", policy);
    core_transcript(sla_chain.router);
    core_transcript(sla_chain.sla);
    return 0;
}

/* --- replies --------------------------------------------------------------------------------- */

static void zammad_3140_next_reply_runs_only_while_the_requester_spoke_last(void **state)
{
    (void)state;
    expect("10:00 open category=next\n"
           "10:05 inbound\n"
           "10:10 outbound\n"
           "10:40 time\n"
           "11:00 inbound\n"
           "11:05 inbound\n"
           "11:16 time\n"
           "11:20 outbound\n"
           "12:00 time\n"
           "13:00 inbound\n"
           "13:31 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "11:00:00 clock 1 next_reply/1 started target=30m next=11:15:00\n"
           "11:15:00 clock 1 next_reply/1 warned 50% due=11:30:00 catch_up\n"
           "11:20:00 clock 1 next_reply/1 met elapsed=20m ledger=11:00:00-11:20:00\n"
           "13:00:00 clock 1 next_reply/2 started target=30m next=13:15:00\n"
           "13:15:00 clock 1 next_reply/2 warned 50% due=13:30:00 catch_up\n"
           "13:30:00 clock 1 next_reply/2 breached due=13:30:00 ledger=13:00:00- catch_up\n");
}

static void zammad_1322_the_next_reply_starts_with_a_message_of_any_channel(void **state)
{
    (void)state;
    expect("10:00 open category=next channel=web\n"
           "10:10 outbound\n"
           "11:00 inbound source=phone\n"
           "11:01 inbound source=chat auto\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "11:00:00 clock 1 next_reply/1 started target=30m next=11:15:00\n");
}

static void automatic_messages_neither_start_nor_stop_the_next_reply(void **state)
{
    (void)state;
    expect("10:00 open category=next\n"
           "10:10 outbound\n"
           "10:20 inbound auto\n"
           "10:30 inbound\n"
           "10:31 outbound auto\n"
           "10:32 note\n"
           "10:33 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "10:30:00 clock 1 next_reply/1 started target=30m next=10:45:00\n"
           "10:33:00 clock 1 next_reply/1 met elapsed=3m ledger=10:30:00-10:33:00\n");
}

static void what_is_solved_needs_no_next_reply(void **state)
{
    (void)state;
    expect("10:00 open category=next\n"
           "10:10 outbound\n"
           "10:30 inbound\n"
           "10:35 status solved\n"
           "11:30 time\n"
           "12:00 inbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:10:00 clock 1 first_reply/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "10:30:00 clock 1 next_reply/1 started target=30m next=10:45:00\n"
           "10:35:00 clock 1 next_reply/1 cancelled\n"
           "12:00:00 clock 1 next_reply/2 started target=30m next=12:15:00\n");
}

static void helpdesk_1607_a_first_reply_is_not_due_once_the_issue_is_solved(void **state)
{
    (void)state;
    expect("10:00 open P2 category=next\n"
           "10:30 status solved\n"
           "20:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:30:00 clock 1 first_reply/1 cancelled\n");
}

static void a_reopening_makes_the_first_reply_go_on_with_its_time(void **state)
{
    (void)state;
    expect("10:00 open P2 category=next\n"
           "10:40 status solved\n"
           "13:00 inbound\n"
           "13:20 time\n"
           "13:20:01 time\n"
           "14:00 status closed\n"
           "15:00 status open\n"
           "15:10 outbound\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:40:00 clock 1 first_reply/1 cancelled\n"
           "13:00:00 clock 1 first_reply/2 started target=60m next=13:20:00\n"
           "13:20:00 clock 1 first_reply/2 breached due=13:20:00 "
           "ledger=10:00:00-10:40:00,13:00:00-\n"
           "14:00:00 clock 1 first_reply/2 cancelled late\n"
           "15:00:00 clock 1 first_reply/3 started target=60m next=never late\n"
           "15:10:00 clock 1 first_reply/3 met elapsed=110m "
           "ledger=10:00:00-10:40:00,13:00:00-14:00:00,15:00:00-15:10:00 late\n");
}

static void what_was_answered_while_solved_is_not_asked_for_at_the_reopening(void **state)
{
    (void)state;
    expect("10:00 open P2 category=next\n"
           "10:40 status solved\n"
           "10:50 outbound\n"
           "11:00 status open\n"
           "20:00 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:40:00 clock 1 first_reply/1 cancelled\n");
}

static void zammad_5177_an_update_clock_never_comes_before_the_first_reply(void **state)
{
    (void)state;
    expect("10:00 open category=update\n"
           "10:05 inbound\n"
           "10:10 outbound auto\n"
           "10:20 outbound\n"
           "10:50 status pending\n"
           "12:00 outbound\n"
           "14:00:01 time\n",
           "10:00:00 clock 1 first_reply/1 started target=60m next=11:00:00\n"
           "10:20:00 clock 1 first_reply/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
           "10:20:00 clock 1 periodic_update/1 started target=120m next=12:20:00\n"
           "12:00:00 clock 1 periodic_update/1 met elapsed=100m ledger=10:20:00-12:00:00\n"
           "12:00:00 clock 1 periodic_update/2 started target=120m next=14:00:00\n"
           "14:00:00 clock 1 periodic_update/2 breached due=14:00:00 ledger=12:00:00-\n");
}

static void a_pausable_update_stands_still_while_pending(void **state)
{
    (void)state;
    expect("10:00 open category=pausable\n"
           "10:20 outbound\n"
           "10:50 status pending\n"
           "12:50 status open\n"
           "14:00 status solved\n"
           "14:10 outbound\n"
           "15:00 status open\n"
           "16:00 outbound\n",
           "10:20:00 clock 1 pausable_update/1 started target=120m next=12:20:00\n"
           "10:50:00 clock 1 pausable_update/1 paused elapsed=30m\n"
           "12:50:00 clock 1 pausable_update/1 resumed next=14:20:00\n"
           "14:00:00 clock 1 pausable_update/1 cancelled\n"
           "16:00:00 clock 1 pausable_update/2 started target=120m next=18:00:00\n");
}

/* --- time in states ----------------------------------------------------------------------------
 */

static void requester_wait_is_all_but_pending_and_adds_up_over_rounds(void **state)
{
    (void)state;
    expect("10:00 open category=wait\n"
           "11:00 status pending\n"
           "12:00 status on_hold\n"
           "13:00 status solved\n"
           "14:00 inbound\n"
           "15:00 status solved\n",
           "10:00:00 clock 1 requester_wait/1 started target=480m next=18:00:00\n"
           "11:00:00 clock 1 requester_wait/1 paused elapsed=60m\n"
           "12:00:00 clock 1 requester_wait/1 resumed next=19:00:00\n"
           "13:00:00 clock 1 requester_wait/1 met elapsed=120m "
           "ledger=10:00:00-11:00:00,12:00:00-13:00:00\n"
           "14:00:00 clock 1 requester_wait/2 started target=480m next=20:00:00\n"
           "15:00:00 clock 1 requester_wait/2 met elapsed=180m "
           "ledger=10:00:00-11:00:00,12:00:00-13:00:00,14:00:00-15:00:00\n");
}

static void agent_work_is_new_and_open_alone(void **state)
{
    (void)state;
    expect("10:00 open category=work\n"
           "10:30 status open\n"
           "11:00 status pending\n"
           "12:00 status on_hold\n"
           "13:00 status open\n"
           "14:00 status closed\n",
           "10:00:00 clock 1 agent_work/1 started target=480m next=18:00:00\n"
           "11:00:00 clock 1 agent_work/1 paused elapsed=60m\n"
           "13:00:00 clock 1 agent_work/1 resumed next=20:00:00\n"
           "14:00:00 clock 1 agent_work/1 met elapsed=120m "
           "ledger=10:00:00-11:00:00,13:00:00-14:00:00\n");
}

static void a_resolution_may_continue_with_the_solved_time_left_out(void **state)
{
    (void)state;
    expect("10:00 open category=go\n"
           "11:00 status solved\n"
           "15:00 inbound\n"
           "18:00:01 time\n"
           "19:00 status solved\n"
           "20:00 inbound\n"
           "21:00 time\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "11:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00\n"
           "15:00:00 clock 1 resolution/2 started target=240m next=18:00:00\n"
           "18:00:00 clock 1 resolution/2 breached due=18:00:00 "
           "ledger=10:00:00-11:00:00,15:00:00-\n"
           "19:00:00 clock 1 resolution/2 met elapsed=300m "
           "ledger=10:00:00-11:00:00,15:00:00-19:00:00 late\n"
           "20:00:00 clock 1 resolution/3 started target=240m next=never late\n");
}

/* --- queues and tiers --------------------------------------------------------------------------
 */

static void coop_380_queued_claimed_and_released_are_instants_of_their_own(void **state)
{
    (void)state;
    expect("10:00 open category=queue\n"
           "10:20 assign assignee=ana\n"
           "10:50 assign action=RELEASE\n"
           "11:00 assign assignee=ben\n",
           "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
           "10:20:00 clock 1 queue_wait[q]/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
           "10:50:00 clock 1 queue_wait[q]/2 started target=60m next=11:30:00\n"
           "11:00:00 clock 1 queue_wait[q]/2 met elapsed=30m "
           "ledger=10:00:00-10:20:00,10:50:00-11:00:00\n");
}

static void glpi_14423_an_unrelated_reassignment_restarts_nothing(void **state)
{
    (void)state;
    expect("10:00 open category=queue\n"
           "10:10 classify product=app\n"
           "10:15 assign queue=q\n"
           "10:20 assign assignee=ana\n"
           "10:30 assign assignee=ben\n"
           "10:40 assign queue=q assignee=cid\n",
           "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
           "10:20:00 clock 1 queue_wait[q]/1 met elapsed=20m ledger=10:00:00-10:20:00\n");
}

static void returns_to_a_queue_add_up_and_another_queue_has_its_own(void **state)
{
    (void)state;
    expect("10:00 open category=queue\n"
           "10:20 assign queue=second\n"
           "10:50 assign queue=q\n"
           "11:30:01 time\n"
           "11:40 assign assignee=ana\n",
           "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
           "10:20:00 clock 1 queue_wait[q]/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
           "10:20:00 clock 1 queue_wait[second]/2 started target=60m next=11:20:00\n"
           "10:50:00 clock 1 queue_wait[q]/3 started target=60m next=11:30:00\n"
           "10:50:00 clock 1 queue_wait[second]/2 met elapsed=30m ledger=10:20:00-10:50:00\n"
           "11:30:00 clock 1 queue_wait[q]/3 breached due=11:30:00 "
           "ledger=10:00:00-10:20:00,10:50:00-\n"
           "11:40:00 clock 1 queue_wait[q]/3 met elapsed=70m "
           "ledger=10:00:00-10:20:00,10:50:00-11:40:00 late\n");
}

static void who_comes_along_into_a_queue_leaves_no_wait_there(void **state)
{
    (void)state;
    expect("10:00 open category=queue\n"
           "10:20 assign assignee=ana\n"
           "10:30 assign queue=second\n"
           "10:50 assign action=RELEASE\n"
           "11:00 assign assignee=ben\n",
           "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
           "10:20:00 clock 1 queue_wait[q]/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
           "10:50:00 clock 1 queue_wait[second]/2 started target=60m next=11:50:00\n"
           "11:00:00 clock 1 queue_wait[second]/2 met elapsed=10m ledger=10:50:00-11:00:00\n");
}

static void a_reopened_issue_that_nobody_has_waits_in_its_queue(void **state)
{
    (void)state;
    expect("10:00 open category=queue\n"
           "10:20 assign assignee=ana\n"
           "10:30 status solved\n"
           "10:40 assign action=RELEASE\n"
           "11:00 status open\n"
           "11:10 assign assignee=ben\n",
           "10:00:00 clock 1 queue_wait[q]/1 started target=60m next=11:00:00\n"
           "10:20:00 clock 1 queue_wait[q]/1 met elapsed=20m ledger=10:00:00-10:20:00\n"
           "11:00:00 clock 1 queue_wait[q]/2 started target=60m next=11:40:00\n"
           "11:10:00 clock 1 queue_wait[q]/2 met elapsed=30m "
           "ledger=10:00:00-10:20:00,11:00:00-11:10:00\n");
}

static void a_queue_clock_may_be_for_some_queues_only(void **state)
{
    (void)state;
    expect("10:00 open category=many\n"
           "10:20 assign queue=other\n"
           "10:50 assign queue=q\n",
           "10:20:00 clock 1 queue_wait[other]/1 started target=60m next=11:20:00\n"
           "10:50:00 clock 1 queue_wait[other]/1 met elapsed=30m ledger=10:20:00-10:50:00\n");
}

static void time_in_a_tier_adds_up_over_returns(void **state)
{
    (void)state;
    expect("10:00 open category=tier\n"
           "10:10 assign assignee=ana\n"
           "10:30 assign queue=second\n"
           "11:00 assign queue=q\n"
           "12:30:01 time\n",
           "10:00:00 clock 1 tier_time[1]/1 started target=120m next=12:00:00\n"
           "10:30:00 clock 1 tier_time[1]/1 met elapsed=30m ledger=10:00:00-10:30:00\n"
           "11:00:00 clock 1 tier_time[1]/2 started target=120m next=12:30:00\n"
           "12:30:00 clock 1 tier_time[1]/2 breached due=12:30:00 "
           "ledger=10:00:00-10:30:00,11:00:00-\n");
}

static void an_issue_reopened_in_another_tier_is_in_it(void **state)
{
    (void)state;
    expect("10:00 open category=tier\n"
           "10:10 assign queue=second\n"
           "10:20 status solved\n"
           "10:30 assign queue=q\n"
           "11:00 status open\n"
           "11:30 status solved\n",
           "10:00:00 clock 1 tier_time[1]/1 started target=120m next=12:00:00\n"
           "10:10:00 clock 1 tier_time[1]/1 met elapsed=10m ledger=10:00:00-10:10:00\n"
           "11:00:00 clock 1 tier_time[1]/2 started target=120m next=12:50:00\n"
           "11:30:00 clock 1 tier_time[1]/2 met elapsed=40m "
           "ledger=10:00:00-10:10:00,11:00:00-11:30:00\n");
}

/* --- legal, and wall time ----------------------------------------------------------------------
 */

static void a_legal_clock_runs_by_night_and_is_never_paused(void **state)
{
    (void)state;
    expect("16:00 open category=legal\n"
           "16:30 status pending\n"
           "20:00:01 time\n"
           "+1/00:00:01 time\n",
           "16:00:00 clock 1 resolution/1 started target=240m next=+1/12:00:00\n"
           "16:00:00 clock 1 answer/1 started target=480m next=20:00:00\n"
           "16:30:00 clock 1 resolution/1 paused elapsed=30m\n"
           "20:00:00 clock 1 answer/1 warned 50% due=+1/00:00:00\n"
           "+1/00:00:00 clock 1 answer/1 breached due=+1/00:00:00 ledger=16:00:00-\n");
}

static void a_legal_clock_names_its_law(void **state)
{
    (void)state;
    chain_run(&sla_chain, "16:00 open category=legal\n");
    const Tocsin__V1__Clock *clock = chain_clocks(&sla_chain, 1, 1)->clocks[1];
    assert_string_equal(clock->metric, "answer");
    assert_string_equal(clock->kind, "legal");
    assert_string_equal(clock->law, "XX 1");
}

static void an_elapsed_target_and_its_warnings_are_wall_time(void **state)
{
    (void)state;
    expect("16:00 open category=wall\n"
           "+1/02:00:01 time\n"
           "+1/12:00:01 time\n",
           "16:00:00 clock 1 resolution/1 started target=1200m next=+1/02:00:00\n"
           "+1/02:00:00 clock 1 resolution/1 warned 50% due=+1/12:00:00\n"
           "+1/12:00:00 clock 1 resolution/1 breached due=+1/12:00:00 ledger=16:00:00-\n");
}

/* --- conditions of the policy's own ------------------------------------------------------------
 */

static void an_sla_may_have_several_clocks_of_a_metric(void **state)
{
    (void)state;
    expect("10:00 open category=own P1\n"
           "10:30 assign assignee=ana\n"
           "11:00 outbound\n"
           "12:00 note\n"
           "13:00 assign action=RELEASE\n"
           "13:30 assign assignee=ben\n",
           "10:00:00 clock 1 resolution/1 started target=540m next=19:00:00\n"
           "10:30:00 clock 1 fix/1 started target=240m next=14:30:00\n"
           "11:00:00 clock 1 fix/1 met elapsed=30m ledger=10:30:00-11:00:00\n"
           "13:30:00 clock 1 fix/2 started target=240m next=17:30:00\n");
}

static void a_condition_that_does_not_hold_any_more_cancels(void **state)
{
    (void)state;
    expect("10:00 open category=when language=en\n"
           "11:00 classify language=de-AT\n"
           "12:00 classify language=fr\n"
           "13:00 classify language=de\n"
           "20:00 time\n",
           "11:00:00 clock 1 vip/1 started target=240m next=14:00:00\n"
           "12:00:00 clock 1 vip/1 cancelled\n"
           "13:00:00 clock 1 vip/1 retargeted target=240m was=none due=15:00:00\n"
           "15:00:00 clock 1 vip/1 breached due=15:00:00 ledger=10:00:00-12:00:00,13:00:00- "
           "catch_up\n");
}

static void what_a_happening_paused_waits_for_a_start(void **state)
{
    (void)state;
    expect("10:00 open category=held\n"
           "10:30 assign assignee=ana\n"
           "11:00 status open\n"
           "11:30 note\n"
           "12:00 assign action=RELEASE\n"
           "13:00 status solved\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "10:30:00 clock 1 resolution/1 paused elapsed=30m\n"
           "12:00:00 clock 1 resolution/1 resumed next=15:30:00\n"
           "13:00:00 clock 1 resolution/1 met elapsed=90m "
           "ledger=10:00:00-10:30:00,12:00:00-13:00:00\n");
}

static void a_reset_begins_anew_and_a_cancellation_gives_no_verdict(void **state)
{
    (void)state;
    expect("10:00 open category=reset\n"
           "11:00 inbound\n"
           "12:00 status on_hold\n"
           "13:00 status open\n",
           "10:00:00 clock 1 resolution/1 started target=240m next=14:00:00\n"
           "11:00:00 clock 1 resolution/2 started target=240m next=15:00:00 reason=reset\n"
           "12:00:00 clock 1 resolution/2 cancelled\n"
           "13:00:00 clock 1 resolution/3 started target=240m next=17:00:00\n");
}

static void what_a_bot_had_is_not_waited_for_again_after_a_merge(void **state)
{
    (void)state;
    expect("10:00 open category=next bot=1\n"
           "10:10 inbound\n"
           "10:20 open issue=2 category=next\n"
           "10:30 assign action=HAND_OFF\n"
           "10:40 merge issue=2 into=1\n",
           "10:20:00 clock 1 first_reply/1 started target=60m next=11:20:00\n"
           "10:30:00 clock 1 first_reply/1 started target=60m next=11:30:00\n"
           "10:40:00 clock 1 first_reply/1 cancelled reason=merged\n"
           "10:40:00 clock 1 first_reply/1 retargeted target=60m was=60m due=11:20:00 "
           "reason=took_over\n");
}

static void a_state_resets_when_the_issue_comes_into_it_and_not_while_it_is_there(void **state)
{
    (void)state;
    expect("10:00 open category=park\n"
           "11:00 status on_hold\n"
           "12:00 note\n"
           "13:00 classify P2\n"
           "14:00 status open\n"
           "15:00 status on_hold\n",
           "10:00:00 clock 1 resolution/1 started target=480m next=18:00:00\n"
           "11:00:00 clock 1 resolution/2 started target=480m next=19:00:00 reason=reset\n"
           "15:00:00 clock 1 resolution/3 started target=480m next=23:00:00 reason=reset\n");
}

#undef CASE
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_sla_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(zammad_3140_next_reply_runs_only_while_the_requester_spoke_last),
        CASE(zammad_1322_the_next_reply_starts_with_a_message_of_any_channel),
        CASE(automatic_messages_neither_start_nor_stop_the_next_reply),
        CASE(what_is_solved_needs_no_next_reply),
        CASE(helpdesk_1607_a_first_reply_is_not_due_once_the_issue_is_solved),
        CASE(a_reopening_makes_the_first_reply_go_on_with_its_time),
        CASE(what_was_answered_while_solved_is_not_asked_for_at_the_reopening),
        CASE(zammad_5177_an_update_clock_never_comes_before_the_first_reply),
        CASE(a_pausable_update_stands_still_while_pending),
        CASE(requester_wait_is_all_but_pending_and_adds_up_over_rounds),
        CASE(agent_work_is_new_and_open_alone),
        CASE(a_resolution_may_continue_with_the_solved_time_left_out),
        CASE(coop_380_queued_claimed_and_released_are_instants_of_their_own),
        CASE(glpi_14423_an_unrelated_reassignment_restarts_nothing),
        CASE(returns_to_a_queue_add_up_and_another_queue_has_its_own),
        CASE(who_comes_along_into_a_queue_leaves_no_wait_there),
        CASE(a_reopened_issue_that_nobody_has_waits_in_its_queue),
        CASE(a_queue_clock_may_be_for_some_queues_only),
        CASE(time_in_a_tier_adds_up_over_returns),
        CASE(an_issue_reopened_in_another_tier_is_in_it),
        CASE(a_legal_clock_runs_by_night_and_is_never_paused),
        CASE(a_legal_clock_names_its_law),
        CASE(an_elapsed_target_and_its_warnings_are_wall_time),
        CASE(an_sla_may_have_several_clocks_of_a_metric),
        CASE(a_condition_that_does_not_hold_any_more_cancels),
        CASE(what_a_happening_paused_waits_for_a_start),
        CASE(a_reset_begins_anew_and_a_cancellation_gives_no_verdict),
        CASE(what_a_bot_had_is_not_waited_for_again_after_a_merge),
        CASE(a_state_resets_when_the_issue_comes_into_it_and_not_while_it_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
