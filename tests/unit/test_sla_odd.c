/* Histories that no router writes, and what has to hold in any: times far away and going back,
 * happenings in any order, the same whatever the turns. */
#include "services/sla/row.h"
#include "tests/support/sla_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char policy[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  day: {zone: Europe/Berlin, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"
    "queues: {a: {tier: 1}, b: {tier: 2}}\n"
    "routes: [{rule: default, queue: a, sla: s}]\n"
    "slas:\n"
    "  s:\n"
    "    calendar: day\n"
    "    pause_on: [pending]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: 30m, default: 4h}, warn: [50]}\n"
    "      next_reply: {targets: {default: 1h}, warn: [50, 80]}\n"
    "      periodic_update: {targets: {default: 2h elapsed}}\n"
    "      requester_wait: {targets: {P4: none, default: 8h}}\n"
    "      resolution: {targets: {P1: 4h, P2: 2 business days, default: 1 month}, warn: [50]}\n"
    "      queue_wait: {targets: {default: 1h}, calendar: always}\n"
    "      tier_time: {targets: {default: 3h}, calendar: always}\n"
    "      gdpr: {metric: legal, law: x, targets: {default: 1 month}}\n"
    "  t: {calendar: always, clocks: {resolution: {targets: {default: 2h}}}}\n"
    "teams: {legal: {calendar: day, answer_within: 1 business day, remind: [50]}}\n"
    "alerts:\n"
    "  - {rule: waits, on: warned, when: {queue: a, state: [new, open]}, severity: info}\n"
    "  - {rule: expert, on: breached, when: {tier: 2, not: {priority: P1}}, severity: error}\n";

static struct sla_feed feed;
static uint32_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* --- any history --------------------------------------------------------------------------------
 */

#define PICK(list) (list)[roll(sizeof(list) / sizeof((list)[0]))]

/* One record of anything at all, at a time that may lie anywhere. */
static void write_line(char *line, size_t size, int minute)
{
    static const char *const whats[] = {
        "message direction=inbound",
        "message direction=outbound",
        "message direction=outbound auto=1",
        "status state=new",
        "status state=open",
        "status state=pending",
        "status state=on_hold",
        "status state=solved",
        "status state=closed",
        "reopened state=open direction=inbound",
        "classified priority=P1",
        "classified priority=P2",
        "classified priority=P4",
        "routed sla=t",
        "routed sla=s",
        "routed sla=",
        "routed queue=a tier=1",
        "routed queue=b tier=2",
        "routed queue=nowhere tier=77",
        "assigned assignee=ana",
        "assigned assignee=",
        "handed_off bot=0",
        "noted bot=1",
        "escalation id=e1 team=legal is=raised",
        "escalation id=e1 team=legal is=returned",
        "escalation id=e1 team=legal is=answered",
        "escalation id=e2 team=nobody is=raised",
        "due_set metric=resolution due_ms=15:00 by=ana",
        "due_set metric=resolution due_ms=+3/15:00 end_ms=+1/10:00 by=ana",
        "due_set metric=resolution due_ms=0 end_ms=0",
        "due_set metric=nothing due_ms=12:00",
        "took_over unanswered_ms=09:30",
        "took_over unanswered_ms=0",
        "policy mode=FROM_NOW",
        "policy mode=RETROACTIVE",
        "policy mode=REPORT_ONLY would.policy=1 would.sla=t",
    };
    char at[32];
    core_time_text(at, CORE_EPOCH_MS + (toc_time_ms)minute * TOC_MINUTE_MS);
    snprintf(line, size, "%s %s", at, PICK(whats));
}

static void assert_sane(void)
{
    const Tocsin__V1__IssueClocks *row = sla_feed_clocks(&feed, 1);
    assert_true(row == NULL || row->n_clocks <= SLA_CLOCKS_MAX);
    for (size_t i = 0; row != NULL && i < row->n_clocks; i++) {
        const Tocsin__V1__Clock *clock = row->clocks[i];
        assert_true(clock->elapsed_ms >= 0);
        assert_true(clock->next_ms >= row->indexed_ms);
        assert_true(!clock_is_live(clock) || clock->ended_by == 0 || clock->stopped_ms == 0);
        if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED)
            assert_int_equal(clock->due_ms,
                             clock->manual_due_ms != 0 ? clock->manual_due_ms : TOC_TIME_NEVER);
    }
    core_forget(feed.sla);
}

static void nothing_that_happens_in_any_order_makes_elapsed_negative(void **state)
{
    char line[160];
    (void)state;
    for (seed = 1; seed <= 20;) {
        uint32_t run = seed;
        int minute = 8 * 60;
        sla_feed_open(&feed, (struct core_turns){.turn = 3}, policy);
        sla_feed_run(&feed, "08:00 opened sla=s queue=a\n");
        for (int i = 0; i < 120; i++) {
            minute += (int)roll(90) - (roll(5) == 0 ? 120 : 0); /* now and then it goes back */
            write_line(line, sizeof(line), minute > 0 ? minute : 0);
            sla_feed_line(&feed, line);
            assert_sane();
            core_transcript(feed.sla);
        }
        sla_feed_close(&feed);
        seed = run + 1;
    }
}

/* --- the same whatever the turns ----------------------------------------------------------------
 */

struct outcome {
    char text[CORE_TEXT_MAX];
    uint8_t digest[TOC_SHA256];
};

static void tell(struct core_turns turns, uint32_t history, struct outcome *out)
{
    char line[160];
    int minute = 8 * 60;
    seed = history;
    sla_feed_open(&feed, turns, policy);
    sla_feed_run(&feed, "08:00 opened sla=s queue=a\n");
    for (int i = 0; i < 80; i++) {
        minute += (int)roll(90);
        write_line(line, sizeof(line), minute);
        sla_feed_line(&feed, line);
    }
    sla_feed_run(&feed, "+40/00:00 time\n");
    toc_str_copy(out->text, sizeof(out->text), toc_str_of(core_transcript(feed.sla)));
    core_digest(feed.sla, out->digest);
    sla_feed_close(&feed);
}

static void rows_and_records_do_not_depend_on_turns_or_restarts(void **state)
{
    static struct outcome expected, actual;
    const struct core_turns turns[] = {
        {.turn = 0}, {.turn = 7}, {.seed = 5}, {.seed = 99}, {.turn = 1, .reopen = true}};
    (void)state;
    for (uint32_t history = 1; history <= 3; history++) {
        tell((struct core_turns){.turn = 1}, history, &expected);
        assert_true(strlen(expected.text) > 500);
        for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
            tell(turns[i], history, &actual);
            assert_text(actual.text, expected.text);
            assert_memory_equal(actual.digest, expected.digest, TOC_SHA256);
        }
    }
}

/* --- additive -----------------------------------------------------------------------------------
 */

/* The elapsed time of a clock that is split into many intervals is that of the whole. */
static void pauses_of_zero_length_take_nothing_away(void **state)
{
    toc_time_ms whole_ms = 0, split_ms;
    (void)state;
    for (int splits = 0; splits < 2; splits++) {
        sla_feed_open(&feed, (struct core_turns){.turn = 1}, policy);
        sla_feed_run(&feed, "08:00 opened sla=s queue=a priority=P1\n");
        for (int i = 0; splits && i < 400; i++) {
            char line[96];
            int minute = 8 * 60 + i * 13;
            snprintf(line, sizeof(line), "+%d/%02d:%02d status state=pending", minute / 1440,
                     minute / 60 % 24, minute % 60);
            sla_feed_line(&feed, line);
            memcpy(strstr(line, "pending"), "open", 5);
            sla_feed_line(&feed, line);
            core_transcript(feed.sla);
        }
        sla_feed_run(&feed, "+4/12:00 status state=pending\n");
        for (size_t i = 0; i < 8; i++) {
            const Tocsin__V1__Clock *clock = sla_feed_clocks(&feed, 1)->clocks[i];
            if (strcmp(clock->metric, "resolution") != 0)
                continue;
            split_ms = clock->elapsed_ms;
            whole_ms = splits ? whole_ms : split_ms;
            assert_int_equal(split_ms, whole_ms);
            assert_true(split_ms > 0);
            break;
        }
        core_transcript(feed.sla);
        sla_feed_close(&feed);
    }
}

static void a_storm_of_moves_does_not_exhaust_a_step(void **state)
{
    char line[256];
    (void)state;
    sla_feed_open(&feed, (struct core_turns){.turn = 1}, policy);
    sla_feed_run(&feed, "08:00 opened sla=s queue=a priority=P1\n");
    for (int i = 0; i < 400; i++) {
        snprintf(line, sizeof(line),
                 "%02d:%02d routed queue=queue-%050d partner=partner-%050d tier=%d", 8 + i / 60,
                 i % 60, i, i, 1 + i % 3);
        sla_feed_line(&feed, line);
        core_transcript(feed.sla);
    }
    sla_feed_run(&feed, "16:00 status state=solved\n"); /* most clocks stop, each with its sum */
    assert_int_equal(sla_feed_last(&feed)->what, TOCSIN__V1__CLOCK_CHANGE__WHAT__MET);
    assert_sane();
    core_transcript(feed.sla);
    sla_feed_close(&feed);
}

/* --- far away -----------------------------------------------------------------------------------
 */

static void times_out_of_the_calendar_are_never_due(void **state)
{
    static const char *const days[] = {"+-20779", "+-90000", "+120000", "+99999999"};
    char script[512];
    (void)state;
    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        sla_feed_open(&feed, (struct core_turns){.turn = 1}, policy);
        snprintf(script, sizeof(script),
                 "%s/08:00 opened sla=s queue=a\n%s/09:00 message direction=outbound\n"
                 "%s/10:00 status state=pending\n%s/10:30 due_set metric=resolution due_ms=12:00\n"
                 "%s/11:00 status state=solved\n",
                 days[i], days[i], days[i], days[i], days[i]);
        sla_feed_run(&feed, script);
        assert_sane();
        core_transcript(feed.sla);
        sla_feed_close(&feed);
    }
}

static void a_stop_before_the_start_counts_nothing(void **state)
{
    (void)state;
    sla_feed_open(&feed, (struct core_turns){.turn = 1}, policy);
    sla_feed_run(&feed, "10:00 opened sla=t queue=a\n09:00 status state=solved\n");
    assert_text(core_transcript(feed.sla),
                "10:00:00 clock 1 resolution/1 started target=120m next=12:00:00\n"
                "09:00:00 clock 1 resolution/1 met elapsed=0m\n");
    sla_feed_close(&feed);
}

/* --- long names ---------------------------------------------------------------------------------
 */

#define N10  "0123456789"
#define N48  "-" N10 N10 N10 N10 "0123456"
#define N200 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10
#define N120 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10 N10

static const char long_names[] =
    "policy: 1\n"
    "calendars: {calendar-000000" N48 ": {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
    "queues: {q: {tier: 1}}\n"
    "routes: [{rule: default, queue: q, sla: sla-00000000000" N48 "}]\n"
    "slas:\n"
    "  sla-00000000000" N48 ":\n"
    "    calendar: calendar-000000" N48 "\n"
    "    clocks: {clock-000000000" N48 ": {metric: legal, law: \"" N120
    "\", targets: {default: 4h},\n"
    "      warn: [50]}, resolution: {targets: {default: 4h}}}\n";

static void names_of_any_length_leave_a_record_that_fits(void **state)
{
    static char text[16 * 1024];
    char line[700];
    size_t used = (size_t)snprintf(text, sizeof(text), "%salerts:\n", long_names);
    (void)state;
    for (int i = 0; i < TOC_POLICY_ALERTS_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "  - {rule: r%d, on: breached, when: {region: BR}, severity: "
                                 "error}\n",
                                 i);
    sla_feed_open(&feed, (struct core_turns){.turn = 1}, text);
    sla_feed_run(&feed, "10:00 opened sla=sla-00000000000" N48 " path=path-0000000000" N48
                        " source=" N200 " subject=" N200 "\n"
                        "10:00 due_set metric=clock-000000000" N48 " due_ms=13:00 by=" N200 "\n");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line),
                 "11:%02d routed queue=queue-%02d-------" N48 " partner=partner-%02d-----" N48, i,
                 i, i);
        sla_feed_line(&feed, line);
        snprintf(line, sizeof(line), "11:%02d:30 status state=%s", i, i % 2 ? "pending" : "open");
        sla_feed_line(&feed, line);
    }
    sla_feed_run(&feed, "13:30 time\n14:00 status state=solved\n");
    const Tocsin__V1__ClockChange *change = sla_feed_last(&feed);
    assert_int_equal(change->what, TOCSIN__V1__CLOCK_CHANGE__WHAT__MET);
    assert_in_range(change->n_shares, 5, 24);
    assert_in_range(change->n_ledger, 1, 32);
    assert_int_equal(sla_feed_clocks(&feed, 1)->unfit.len, TOC_POLICY_ALERTS_MAX);
    sla_feed_close(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_happens_in_any_order_makes_elapsed_negative),
        cmocka_unit_test(rows_and_records_do_not_depend_on_turns_or_restarts),
        cmocka_unit_test(pauses_of_zero_length_take_nothing_away),
        cmocka_unit_test(a_storm_of_moves_does_not_exhaust_a_step),
        cmocka_unit_test(times_out_of_the_calendar_are_never_due),
        cmocka_unit_test(a_stop_before_the_start_counts_nothing),
        cmocka_unit_test(names_of_any_length_leave_a_record_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
