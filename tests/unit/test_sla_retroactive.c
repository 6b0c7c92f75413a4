#include "tests/support/sla_feed.h"

#include "services/sla/row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* A policy version that counts for the past as well: what each clock would have been by it. */
#define HEAD                                                                                       \
    "policy: 1\n"                                                                                  \
    "calendars:\n"                                                                                 \
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"                                \
    "  late: {zone: UTC, weekly: {mon-sun: [\"11:00-24:00\"]}}\n"                                  \
    "queues: {q: {tier: 1}, second: {tier: 2}}\n"                                                  \
    "routes: [{rule: default, queue: q, sla: s}]\n"
#define SLA(calendar, clocks) HEAD "slas: {s: {calendar: " calendar ", clocks: {" clocks "}}}\n"

static const char none[] = SLA("always", "first_reply: {targets: {P1: 1h}}");
static const char waits[] = SLA("always", "queue_wait: {targets: {default: 2h}}");

static struct sla_feed feed;

static void begin(const char *policy, const char *script)
{
    sla_feed_open(&feed, (struct core_turns){.turn = 1}, policy);
    sla_feed_run(&feed, script);
    core_transcript(feed.sla);
}

static void apply(const char *policy, const char *transcript)
{
    sla_feed_policy(&feed, "14:00", policy);
    sla_feed_run(&feed, "14:00 policy mode=RETROACTIVE policy=2\n");
    assert_text(core_transcript(feed.sla), transcript);
}

static void then(const char *script, const char *transcript)
{
    sla_feed_run(&feed, script);
    assert_text(core_transcript(feed.sla), transcript);
}

static int tear_down(void **state)
{
    (void)state;
    sla_feed_close(&feed);
    return 0;
}

/* --- queues and tiers ------------------------------------------------------------------------- */

/* In q from 10 to 11, with ana until 11:30, again from then on; pending from 12 to 13. */
static const char stays[] = "10:00 opened sla=s queue=q queued_ms=10:00\n"
                            "11:00 assigned assignee=ana claimed_ms=11:00\n"
                            "11:30 released assignee=\n"
                            "12:00 status state=pending\n"
                            "13:00 status state=open\n";

static void a_queue_wait_has_the_pauses_of_the_new_rule(void **state)
{
    (void)state;
    begin(waits, stays);
    apply(SLA("always", "queue_wait: {targets: {default: 3h}, pause_on: [pending]}"),
          "14:00:00 clock 1 queue_wait[q]/2 recomputed due=14:30:00 from=12:30:00 late\n"
          "14:00:00 clock 1 queue_wait[q]/2 corrected due=12:30:00 "
          "ledger=10:00:00-11:00:00,11:30:00-12:00:00,13:00:00- reason=retargeted\n");
    then("14:30 assigned assignee=ben claimed_ms=14:30\n",
         "14:30:00 clock 1 queue_wait[q]/2 met elapsed=180m "
         "ledger=10:00:00-11:00:00,11:30:00-12:00:00,13:00:00-14:30:00\n");
}

static void a_queue_wait_has_the_calendar_of_the_new_rule(void **state)
{
    (void)state;
    begin(waits, stays);
    apply(SLA("late", "queue_wait: {targets: {default: 3h}}"),
          "14:00:00 clock 1 queue_wait[q]/2 recomputed due=14:30:00 from=12:30:00 late\n"
          "14:00:00 clock 1 queue_wait[q]/2 corrected due=12:30:00 "
          "ledger=10:00:00-11:00:00,11:30:00- reason=retargeted\n");
}

static void a_queue_wait_that_only_the_new_version_has_counts_earlier_stays(void **state)
{
    (void)state;
    begin(none, "10:00 opened sla=s queue=q queued_ms=10:00\n"
                "11:00 routed queue=second tier=2 queued_ms=11:00\n"
                "12:00 routed queue=q tier=1 queued_ms=12:00\n");
    apply(waits, "14:00:00 clock 1 queue_wait[q]/1 started target=120m next=13:00:00\n"
                 "14:00:00 clock 1 queue_wait[q]/1 breached due=13:00:00 "
                 "ledger=10:00:00-11:00:00,12:00:00- on_retarget\n"
                 "14:00:00 clock 1 queue_wait[second]/2 recomputed\n");
    then("14:30 routed queue=second tier=2 queued_ms=14:30\n",
         "14:30:00 clock 1 queue_wait[q]/1 met elapsed=210m "
         "ledger=10:00:00-11:00:00,12:00:00-14:30:00 late\n"
         "14:30:00 clock 1 queue_wait[second]/3 started target=120m next=15:30:00\n");
}

static void one_that_somebody_has_is_over_and_goes_on_with_its_time(void **state)
{
    (void)state;
    begin(none, "10:00 opened sla=s queue=q queued_ms=10:00\n"
                "11:00 assigned assignee=ana claimed_ms=11:00\n");
    apply(waits, "14:00:00 clock 1 queue_wait[q]/1 recomputed\n");
    then("15:00 released assignee=\n16:00:01 time\n",
         "15:00:00 clock 1 queue_wait[q]/2 started target=120m next=16:00:00\n"
         "16:00:00 clock 1 queue_wait[q]/2 breached due=16:00:00 "
         "ledger=10:00:00-11:00:00,15:00:00-\n");
}

static void a_tier_that_the_new_version_measures_has_its_time(void **state)
{
    (void)state;
    begin(none, "10:00 opened sla=s queue=q queued_ms=10:00\n"
                "11:00 routed queue=second tier=2 queued_ms=11:00\n");
    apply(SLA("always", "tier_time: {targets: {default: 2h}, tiers: [2]}"),
          "14:00:00 clock 1 tier_time[2]/1 started target=120m next=13:00:00\n"
          "14:00:00 clock 1 tier_time[2]/1 breached due=13:00:00 ledger=11:00:00- on_retarget\n");
}

static void a_queue_that_the_new_version_does_not_measure_is_let_go(void **state)
{
    (void)state;
    begin(waits, stays);
    apply(SLA("always", "queue_wait: {targets: {default: 3h}, queues: [second]}"),
          "14:00:00 clock 1 queue_wait[q]/2 cancelled late\n");
}

static void what_is_over_has_the_new_time_when_it_goes_on(void **state)
{
    (void)state;
    begin(SLA("always", "queue_wait: {targets: {default: 4h}}"),
          "10:00 opened sla=s queue=q queued_ms=10:00\n"
          "11:00 status state=pending\n"
          "12:00 status state=open\n"
          "13:00 assigned assignee=ana claimed_ms=13:00\n");
    apply(SLA("always", "queue_wait: {targets: {default: 3h}, pause_on: [pending]}"),
          "14:00:00 clock 1 queue_wait[q]/1 recomputed\n");
    then("15:00 released assignee=\n16:00:01 time\n",
         "15:00:00 clock 1 queue_wait[q]/2 started target=180m next=16:00:00\n"
         "16:00:00 clock 1 queue_wait[q]/2 breached due=16:00:00 "
         "ledger=10:00:00-11:00:00,12:00:00-13:00:00,15:00:00-\n");
}

/* --- other triggers --------------------------------------------------------------------------- */

#define RESOLUTION(more) SLA("always", "resolution: {targets: {default: 6h}" more "}")

static void a_pause_by_what_happens_is_found_in_the_past(void **state)
{
    (void)state;
    begin(RESOLUTION(""), stays);
    apply(RESOLUTION(", pause_on: [claimed], start_on: [opened, released]"),
          "14:00:00 clock 1 resolution/1 recomputed due=16:30:00 from=16:00:00\n");
}

static void what_would_have_been_over_ends_as_of_then(void **state)
{
    (void)state;
    begin(RESOLUTION(""), stays);
    apply(RESOLUTION(", stop_on: [claimed]"),
          "14:00:00 clock 1 resolution/1 recomputed from=16:00:00\n"
          "14:00:00 clock 1 resolution/1 met elapsed=60m ledger=10:00:00-11:00:00 "
          "reason=over_before\n");
    then("14:30 released assignee=\n", "");
}

static void what_would_never_have_been_started_is_cancelled(void **state)
{
    (void)state;
    begin(RESOLUTION(""), "10:00 opened sla=s queue=q queued_ms=10:00\n");
    apply(RESOLUTION(", start_on: [claimed]"),
          "14:00:00 clock 1 resolution/1 cancelled reason=never_started\n");
    then("15:00 assigned assignee=ana claimed_ms=15:00\n",
         "15:00:00 clock 1 resolution/2 started target=360m next=21:00:00\n");
}

static void what_is_over_and_would_not_be_begins_as_the_next(void **state)
{
    (void)state;
    begin(RESOLUTION(", stop_on: [claimed]"), stays);
    apply(RESOLUTION(""), "14:00:00 clock 1 resolution/2 started target=360m next=16:00:00\n");
}

static void what_only_had_no_target_goes_on(void **state)
{
    (void)state;
    begin(RESOLUTION(""), stays);
    sla_feed_run(&feed, "13:30 classified sla=\n13:40 classified sla=s\n");
    then("13:45 classified sla=\n",
         "13:30:00 clock 1 resolution/1 cancelled\n"
         "13:40:00 clock 1 resolution/1 retargeted target=360m was=none due=16:10:00\n"
         "13:45:00 clock 1 resolution/1 cancelled\n");
    sla_feed_policy(&feed, "14:00", RESOLUTION(", pause_on: [pending]"));
    sla_feed_run(&feed, "14:00 policy mode=RETROACTIVE policy=2 sla=s\n");
    assert_text(core_transcript(feed.sla),
                "14:00:00 clock 1 resolution/1 recomputed due=17:00:00 reason=target_again\n");
}

static void a_legal_clock_that_is_new_may_be_late_at_once(void **state)
{
    (void)state;
    begin(none, stays);
    apply(SLA("late", "gdpr: {metric: legal, law: EU, targets: {default: 3h}}"),
          "14:00:00 clock 1 gdpr/1 started target=180m next=13:00:00\n"
          "14:00:00 clock 1 gdpr/1 breached due=13:00:00 ledger=10:00:00- on_retarget\n");
}

/* --- what is not known ------------------------------------------------------------------------ */

static void a_history_that_is_too_long_is_said_to_be_unknown(void **state)
{
    char line[64];
    (void)state;
    begin(waits, "10:00 opened sla=s queue=q queued_ms=10:00\n");
    for (unsigned i = 0; i < SEGMENTS_MAX; i++) {
        snprintf(line, sizeof(line), "11:%02u:%02u status state=%s", i / 60, i % 60,
                 i % 2 == 0 ? "pending" : "open");
        sla_feed_line(&feed, line);
    }
    core_transcript(feed.sla);
    apply(SLA("late", "queue_wait: {targets: {default: 3h}, pause_on: [pending]}"),
          "14:00:00 clock 1 queue_wait[q]/1 recomputed due=14:00:00 from=12:00:00 "
          "reason=history_not_kept late\n"
          "14:00:00 clock 1 queue_wait[q]/1 corrected due=12:00:00 ledger=10:00:00- "
          "reason=retargeted\n");
}

static void a_history_whose_beginning_was_not_heard_is_said_to_be_unknown(void **state)
{
    (void)state;
    begin(waits, "11:00 noted sla=s policy=1 queue=q opened_ms=10:00 queued_ms=10:30\n");
    apply(SLA("late", "queue_wait: {targets: {default: 3h}}, tier_time: {targets: {default: 9h}}"),
          "14:00:00 clock 1 queue_wait[q]/1 recomputed due=14:00:00 from=12:30:00 "
          "reason=history_not_kept late\n"
          "14:00:00 clock 1 queue_wait[q]/1 corrected due=12:30:00 ledger=10:30:00- "
          "reason=retargeted\n"
          "14:00:00 clock 1 tier_time[1]/1 started target=540m next=23:00:00 "
          "reason=history_not_kept\n");
}

static void messages_are_not_known_and_a_pause_by_them_is_not_guessed(void **state)
{
    (void)state;
    begin(RESOLUTION(""), stays);
    apply(RESOLUTION(", pause_on: [outbound]"),
          "14:00:00 clock 1 resolution/1 recomputed due=16:00:00 from=16:00:00 "
          "reason=history_not_kept\n");
}

/* Stretches, names, clocks: as many and as long as can be. Of 64 clocks the 64th may be missing. */
static void the_longest_history_fits(void **state)
{
    char line[256], name[65];
    (void)state;
    begin(none, "10:00 opened sla=s queue=q queued_ms=10:00\n");
    memset(name, 'n', 64);
    name[64] = '\0';
    for (unsigned i = 0; i < SEGMENTS_MAX - 2; i++) {
        snprintf(line, sizeof(line), "11:%02u:%02u routed queue=%02u%s partner=%s", i / 60, i % 60,
                 i % 61, name + 2, name);
        sla_feed_line(&feed, line);
    }
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "14:00",
                    SLA("always", "queue_wait: {targets: {default: 2h}}, resolution: {targets: "
                                  "{default: 1h}}"));
    sla_feed_run(&feed, "14:00 policy mode=RETROACTIVE policy=2\n");
    assert_int_equal(sla_feed_clocks(&feed, 1)->n_clocks, 63);
}

static void more_queues_than_clocks_are_said_to_be_unknown(void **state)
{
    char line[64];
    (void)state;
    begin(none, "10:00 opened sla=s queue=q queued_ms=10:00\n");
    for (unsigned i = 0; i < SLA_CLOCKS_MAX; i++) {
        snprintf(line, sizeof(line), "11:%02u:%02u routed queue=q%u queued_ms=11:02", i / 60,
                 i % 60, i);
        sla_feed_line(&feed, line);
    }
    core_transcript(feed.sla);
    apply(
        waits,
        "14:00:00 clock 1 queue_wait[q63]/1 started target=120m next=13:02:00 "
        "reason=history_not_kept\n"
        "14:00:00 clock 1 queue_wait[q63]/1 breached due=13:02:00 ledger=11:02:00- on_retarget\n");
}

/* Each queue counts from the opening on, and so has the pauses of all that came before. */
static void more_intervals_than_are_kept_are_said_to_be_unknown(void **state)
{
    char line[64];
    (void)state;
    begin(none, "10:00 opened sla=s queue=q queued_ms=10:00\n");
    for (unsigned i = 0; i < SEGMENTS_MAX - 2; i++) {
        unsigned at = i % 60, minute = i / 60;
        snprintf(line, sizeof(line), "11:%02u:%02u %s state=%s queue=q%u", minute, at,
                 i < 200 ? "status" : "routed", i % 2 == 0 ? "pending" : "open", i < 200 ? 0 : i);
        sla_feed_line(&feed, line);
    }
    core_transcript(feed.sla);
    sla_feed_policy(&feed, "14:00",
                    SLA("always", "queue_wait: {targets: {default: 2h}, start_on: [opened], "
                                  "pause_on: [pending]}"));
    sla_feed_run(&feed, "14:00 policy mode=RETROACTIVE policy=2\n");
    assert_non_null(strstr(core_transcript(feed.sla),
                           "clock 1 queue_wait[q253]/1 started target=120m next=12:02:07 "
                           "reason=history_not_kept\n"));
}

/* --- too many --------------------------------------------------------------------------------- */

static void a_clock_without_room_is_named_once_and_not_for_ever(void **state)
{
    char line[64];
    (void)state;
    begin(waits, "10:00 opened sla=s queue=q queued_ms=10:00\n");
    for (unsigned i = 0; i < 3 * SLA_CLOCKS_MAX; i++) {
        unsigned queue = i < SLA_CLOCKS_MAX ? i : SLA_CLOCKS_MAX + i % 2;
        snprintf(line, sizeof(line), "11:%02u:%02u routed queue=q%u", i / 60, i % 60, queue);
        sla_feed_line(&feed, line);
        if (i + 1 == SLA_CLOCKS_MAX)
            core_transcript(feed.sla);
    }
    then("",
         "11:01:04 clock 1 queue_wait[q64]/0 not_applied reason=the issue has too many clocks\n"
         "11:01:05 clock 1 queue_wait[q65]/0 not_applied reason=the issue has too many clocks\n");
    for (unsigned i = 0; i < 50; i++) {
        snprintf(line, sizeof(line), "12:%02u routed queue=r%u", i, i);
        sla_feed_line(&feed, line);
    }
    core_commit(feed.sla);
    assert_int_equal(sla_feed_clocks(&feed, 1)->refused.len, SLA_REFUSED_SAID * 4);
    assert_string_equal(sla_feed_last(&feed)->reason,
                        "the issue has too many clocks; no others are named");
}

#undef CASE
#define CASE(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_queue_wait_has_the_pauses_of_the_new_rule),
        CASE(a_queue_wait_has_the_calendar_of_the_new_rule),
        CASE(a_queue_wait_that_only_the_new_version_has_counts_earlier_stays),
        CASE(one_that_somebody_has_is_over_and_goes_on_with_its_time),
        CASE(a_tier_that_the_new_version_measures_has_its_time),
        CASE(a_queue_that_the_new_version_does_not_measure_is_let_go),
        CASE(what_is_over_has_the_new_time_when_it_goes_on),
        CASE(a_pause_by_what_happens_is_found_in_the_past),
        CASE(what_would_have_been_over_ends_as_of_then),
        CASE(what_would_never_have_been_started_is_cancelled),
        CASE(what_is_over_and_would_not_be_begins_as_the_next),
        CASE(what_only_had_no_target_goes_on),
        CASE(a_legal_clock_that_is_new_may_be_late_at_once),
        CASE(a_history_that_is_too_long_is_said_to_be_unknown),
        CASE(a_history_whose_beginning_was_not_heard_is_said_to_be_unknown),
        CASE(messages_are_not_known_and_a_pause_by_them_is_not_guessed),
        CASE(the_longest_history_fits),
        CASE(more_queues_than_clocks_are_said_to_be_unknown),
        CASE(more_intervals_than_are_kept_are_said_to_be_unknown),
        CASE(a_clock_without_room_is_named_once_and_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
