/* Backtests of small histories: what is kept, replayed, compared and counted. */
#include "common/hash.h"
#include "services/cli/backtest/backtest.h"
#include "services/cli/backtest/read.h"
#include "services/cli/inproc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define T0        (20780 * TOC_DAY_MS) /* 2026-11-23, a Monday */
#define INTAKE_ID 77

/* First reply within the time; someone is paged when it is late. */
#define POLICY(time, queue)                                                                        \
    "policy: 1\n"                                                                                  \
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"                     \
    "paths: {p: {steps: [{page: [anna], wait: 5m}, {page: [ben], wait: 5m}]}}\n"                   \
    "queues: {" queue ": {tier: 1}}\n"                                                             \
    "routes: [{rule: r, queue: " queue ", sla: s, path: p}]\n"                                     \
    "slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: " time "}}}}}\n"       \
    "alerts: [{rule: late, on: breached, severity: error}]\n"

struct fixture {
    struct history history;
    struct names names;
    struct verdicts verdicts;
    struct tally before, after;
    struct comparison comparison;
    struct toc_tz *zone;
    struct toc_arena arena;
    uint64_t seq;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(history_init(&f->history), TOC_OK);
    assert_int_equal(toc_tz_load("UTC", &f->zone), TOC_OK);
    assert_int_equal(toc_arena_init(&f->arena, 1 << 20), TOC_OK);
    f->history.logs[0] = (struct history_log){.name = "intake", .log_id = INTAKE_ID};
    f->history.log_count = 1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    comparison_done(&f->comparison);
    tally_done(&f->before);
    tally_done(&f->after);
    verdicts_done(&f->verdicts);
    names_done(&f->names);
    history_done(&f->history);
    toc_tz_free(f->zone);
    toc_arena_done(&f->arena);
    free(f);
    return 0;
}

/* --- histories ------------------------------------------------------------------------------ */

static void keep_record(struct fixture *f, size_t log, const Tocsin__V1__Record *record)
{
    struct toc_str bytes;
    Tocsin__V1__Record *copy;
    assert_int_equal(toc_wire_pack(&f->arena, record, &bytes), TOC_OK);
    assert_int_equal(toc_wire_unpack(&f->arena, &tocsin__v1__record__descriptor, bytes, &copy),
                     TOC_OK);
    assert_int_equal(history_keep(&f->history, log, copy, bytes), TOC_OK);
    toc_arena_reset(&f->arena, 0);
}

/* An event as an intake accepted it. */
static void keep_event(struct fixture *f, size_t log, Tocsin__V1__Event *event, const char *issue,
                       toc_time_ms at_ms)
{
    static const uint8_t key[32];
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t id[TOC_ID];
    struct toc_str body;
    event->source = toc_wire_text("urn:t");
    event->id = toc_wire_text("i");
    event->subject = toc_wire_text(issue != NULL ? issue : "");
    assert_int_equal(toc_wire_pack(&f->arena, event, &body), TOC_OK);
    record.seq = ++f->seq;
    record.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED;
    record.class_ = issue != NULL ? TOC_CLASS_ISSUE : TOC_CLASS_CONTROL;
    record.partition = TOC_PARTITION_ALL;
    record.at_ms = at_ms;
    record.log_ms = at_ms;
    record.test = event->test;
    record.body = toc_wire_binary(body);
    if (issue != NULL) {
        toc_issue_id(id, key, toc_str_of(event->source), toc_str_of(issue));
        record.partition = toc_partition_of(id);
        record.issue = toc_wire_binary(toc_str(id, sizeof(id)));
    }
    keep_record(f, log, &record);
}

static void opened_in(struct fixture *f, size_t log, const char *issue, toc_time_ms at_ms)
{
    Tocsin__V1__IssueOpened opened = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    event.type = toc_wire_text("tocsin.issue.opened");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event.issue_opened = &opened;
    keep_event(f, log, &event, issue, T0 + at_ms);
}

static void opened(struct fixture *f, const char *issue, toc_time_ms at_ms)
{
    opened_in(f, 0, issue, at_ms);
}

static void answered_in(struct fixture *f, size_t log, const char *issue, toc_time_ms at_ms)
{
    Tocsin__V1__IssueMessage message = TOCSIN__V1__ISSUE_MESSAGE__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    event.type = toc_wire_text("tocsin.issue.message");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
    event.issue_message = &message;
    message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    keep_event(f, log, &event, issue, T0 + at_ms);
}

static void answered(struct fixture *f, const char *issue, toc_time_ms at_ms)
{
    answered_in(f, 0, issue, at_ms);
}

/* A policy comes into force, as its own publisher applied it. */
static void applied(struct fixture *f, const char *text, uint32_t version, toc_time_ms at_ms)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, toc_str_of(text));
    part.hash = applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    part.count = 1;
    part.text = toc_wire_binary(toc_str_of(text));
    event.type = toc_wire_text("tocsin.policy.part");
    event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_PART;
    event.policy_part = &part;
    keep_event(f, 0, &event, NULL, T0 + at_ms);
    event.type = toc_wire_text("tocsin.policy.applied");
    event.body_case = TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
    event.policy_applied = &applied;
    applied.version = version;
    applied.replaces = version - 1;
    applied.size = (uint32_t)strlen(text);
    keep_event(f, 0, &event, NULL, T0 + at_ms);
}

/* --- backtests ------------------------------------------------------------------------------ */

static bool go_on(void *arg, size_t done)
{
    (void)arg;
    (void)done;
    return true;
}

static void replay_as(struct fixture *f, struct tally *tally, enum verdict_by by,
                      const char *policy, toc_time_ms from_ms, toc_time_ms to_ms)
{
    const struct replay replay = {.history = &f->history,
                                  .policy = toc_str_of(policy),
                                  .from_ms = from_ms,
                                  .to_ms = to_ms,
                                  .on_step = go_on};
    *tally = (struct tally){.by = by,
                            .verdicts = &f->verdicts,
                            .names = &f->names,
                            .zone = f->zone,
                            .from_ms = from_ms,
                            .to_ms = to_ms,
                            .known = by == BY_NEW ? &f->before.alerts : NULL};
    assert_int_equal(tally_replay(tally, &replay), TOC_OK);
}

static void backtest(struct fixture *f, const char *policy, toc_time_ms from_ms, toc_time_ms to_ms)
{
    assert_int_equal(history_sort(&f->history), TOC_OK);
    replay_as(f, &f->before, BY_OLD, NULL, from_ms, to_ms);
    replay_as(f, &f->after, BY_NEW, policy, from_ms, to_ms);
    assert_int_equal(compare_verdicts(&f->verdicts, from_ms, to_ms, &f->comparison), TOC_OK);
}

static void backtest_all(struct fixture *f, const char *policy)
{
    backtest(f, policy, TOC_TIME_MIN, TOC_TIME_NEVER);
}

static uint32_t named(struct fixture *f, const char *text)
{
    uint32_t index;
    assert_int_equal(names_add(&f->names, toc_str_of(text), &index), TOC_OK);
    return index;
}

#define M (toc_time_ms) TOC_MINUTE_MS

/* An answer after 8 minutes, one after 30. */
static void two_issues(struct fixture *f)
{
    applied(f, POLICY("10m", "desk"), 1, 0);
    opened(f, "quick", 1 * M);
    opened(f, "slow", 2 * M);
    answered(f, "quick", 9 * M);
    answered(f, "slow", 32 * M);
}

/* --- what would change ---------------------------------------------------------------------- */

static void the_same_policy_changes_nothing(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.breaches_before, 1);
    assert_int_equal(f->comparison.breaches_after, 1);
    assert_int_equal(f->comparison.flip_count, 0);
    assert_int_equal(f->before.page_count, f->after.page_count);
    assert_int_equal(f->after.pages_unsure, 0);
}

static void a_tighter_policy_makes_a_verdict_flip(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    backtest_all(f, POLICY("5m", "night"));
    assert_int_equal(f->comparison.breaches_before, 1);
    assert_int_equal(f->comparison.breaches_after, 2);
    assert_int_equal(f->comparison.worse, 1);
    assert_int_equal(f->comparison.better, 0);
    assert_int_equal(f->comparison.flip_count, 1);
    const struct verdict *flip = f->comparison.flips[0];
    assert_string_equal(names_text(&f->names, flip->clock), "first_reply");
    assert_int_equal(flip->sides[BY_OLD].state, VERDICT_MET);
    assert_int_equal(flip->sides[BY_NEW].state, VERDICT_BREACHED);
    assert_true(flip->sides[BY_NEW].at_ms == T0 + 6 * M);
    assert_int_equal(f->comparison.breach_rows, 2);
    assert_int_equal(f->comparison.breaches[0].queue, named(f, "night"));
    assert_int_equal(f->comparison.breaches[0].after, 2);
    assert_int_equal(f->comparison.breaches[1].queue, named(f, "desk"));
    assert_int_equal(f->comparison.breaches[1].before, 1);
}

static void load_follows_the_queues(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    backtest_all(f, POLICY("10m", "night"));
    assert_int_equal(report_queue(&f->before, named(f, "desk"))->arrivals, 2);
    assert_int_equal(report_queue(&f->before, named(f, "desk"))->busiest, 2);
    assert_int_equal(report_queue(&f->after, named(f, "desk"))->arrivals, 0);
    assert_int_equal(report_queue(&f->after, named(f, "night"))->arrivals, 2);
    assert_int_equal(f->before.issues, 2);
}

/* Anna at 00:12, Ben five minutes later: under the new policy also about the quick one. */
static void pages_are_counted_by_contact_and_hour(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    backtest_all(f, POLICY("5m", "desk"));
    assert_int_equal(report_contact(&f->before, named(f, "anna"))->pages[HOURS_NIGHT], 1);
    assert_int_equal(report_contact(&f->before, named(f, "ben"))->pages[HOURS_NIGHT], 1);
    assert_int_equal(report_contact(&f->after, named(f, "anna"))->pages[HOURS_NIGHT], 2);
    assert_int_equal(report_contact(&f->after, named(f, "anna"))->pages[HOURS_DAY], 0);
}

/* Nobody can have answered an alert that was not there. */
static void pages_up_the_path_of_a_new_alert_are_unsure(void **state)
{
    struct fixture *f = *state;
    applied(f, POLICY("1h", "desk"), 1, 0);
    opened(f, "slow", 1 * M);
    answered(f, "slow", 40 * M);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->before.page_count, 0);
    assert_int_equal(f->after.page_count, 2);
    assert_int_equal(f->after.pages_unsure, 1);
}

/* --- from when to when ---------------------------------------------------------------------- */

static void before_from_all_is_as_it_was(void **state)
{
    struct fixture *f = *state;
    applied(f, POLICY("10m", "desk"), 1, 0);
    opened(f, "early", 1 * M);
    opened(f, "late", 60 * M);
    applied(f, POLICY("2h", "desk"), 2, 61 * M); /* replaced, as it comes after --from */
    answered(f, "early", 70 * M);
    answered(f, "late", 70 * M);
    backtest(f, POLICY("5m", "night"), T0 + 30 * M, TOC_TIME_NEVER);
    assert_int_equal(f->comparison.breaches_before, 0); /* the early one is before */
    assert_int_equal(f->comparison.breaches_after, 1);
    assert_int_equal(report_queue(&f->after, named(f, "night"))->arrivals, 1);
    assert_int_equal(report_queue(&f->after, named(f, "desk"))->arrivals, 0);
}

static void time_stops_at_to(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    backtest(f, POLICY("10m", "desk"), TOC_TIME_MIN, T0 + 12 * M);
    assert_int_equal(f->comparison.breaches_before, 0); /* due at 12, which is no more */
    comparison_done(&f->comparison);
    tally_done(&f->before);
    tally_done(&f->after);
    verdicts_done(&f->verdicts);
    backtest(f, POLICY("10m", "desk"), TOC_TIME_MIN, T0 + 12 * M + 1);
    assert_int_equal(f->comparison.breaches_before, 1);
}

/* --- agreement with the record -------------------------------------------------------------- */

static void recorded_verdicts_agree_or_are_told_apart(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    replay_as(f, &f->before, BY_RECORD, NULL, TOC_TIME_MIN, TOC_TIME_NEVER);
    tally_done(&f->before);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.agreement.recorded, 2);
    assert_int_equal(f->comparison.agreement.agree, 2);
    for (size_t i = 0; i < f->verdicts.room; i++) {
        struct verdict *verdict = &f->verdicts.slots[i];
        if (verdict->instance != 0 && verdict->sides[BY_RECORD].state == VERDICT_MET)
            verdict->sides[BY_RECORD].state = VERDICT_BREACHED;
        else if (verdict->instance != 0)
            verdict->sides[BY_RECORD].state = VERDICT_NO_CLOCK;
    }
    comparison_done(&f->comparison);
    assert_int_equal(compare_verdicts(&f->verdicts, TOC_TIME_MIN, TOC_TIME_NEVER, &f->comparison),
                     TOC_OK);
    assert_int_equal(f->comparison.agreement.agree, 0);
    assert_int_equal(f->comparison.agreement.other, 1);
    assert_int_equal(f->comparison.agreement.missing, 1);
}

/* --- hostile and odd histories -------------------------------------------------------------- */

static void an_empty_log_gives_nothing(void **state)
{
    struct fixture *f = *state;
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.flip_count, 0);
    assert_int_equal(f->before.issues, 0);
}

static void what_cannot_be_replayed_is_counted(void **state)
{
    struct fixture *f = *state;
    Tocsin__V1__Record refused = TOCSIN__V1__RECORD__INIT, unknown = TOCSIN__V1__RECORD__INIT;
    two_issues(f);
    size_t count = f->history.count;
    refused.type = TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED;
    keep_record(f, 0, &refused);
    unknown.type = (Tocsin__V1__RecordType)99;
    keep_record(f, 0, &unknown);
    unknown.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED;
    unknown.class_ = TOC_CLASS_ISSUE; /* without an issue */
    keep_record(f, 0, &unknown);
    unknown.class_ = TOC_CLASS_CONTROL;
    unknown.body = toc_wire_binary(TOC_STR("\x08")); /* no event */
    keep_record(f, 0, &unknown);
    assert_int_equal(f->history.refused, 1);
    assert_int_equal(f->history.unknown, 3);
    assert_int_equal(f->history.count, count);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.breaches_before, 1);
}

static void an_enumerator_of_a_newer_version_is_left_out(void **state)
{
    struct fixture *f = *state;
    Tocsin__V1__IssueStatus status = TOCSIN__V1__ISSUE_STATUS__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    event.type = toc_wire_text("tocsin.issue.status");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    event.issue_status = &status;
    status.state = (Tocsin__V1__IssueState)99;
    two_issues(f);
    keep_event(f, 0, &event, "slow", T0 + 33 * M);
    assert_int_equal(f->history.unknown, 1);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.flip_count, 0);
}

static void tests_count_for_nothing(void **state)
{
    struct fixture *f = *state;
    Tocsin__V1__IssueOpened body = TOCSIN__V1__ISSUE_OPENED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    two_issues(f);
    event.type = toc_wire_text("tocsin.issue.opened");
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event.issue_opened = &body;
    event.test = true;
    keep_event(f, 0, &event, "test", T0 + 33 * M);
    answered(f, "slow", 300 * M);
    backtest_all(f, POLICY("5m", "desk"));
    assert_int_equal(f->history.tests, 1);
    assert_int_equal(f->before.issues, 2);
    assert_int_equal(f->comparison.breaches_after, 2);
}

static void events_of_an_issue_that_was_trimmed_make_a_stub(void **state)
{
    struct fixture *f = *state;
    applied(f, POLICY("10m", "desk"), 1, 0);
    answered(f, "gone", 1 * M);
    opened(f, "other", 2 * M);
    answered(f, "other", 30 * M);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.breaches_before, 1);
    assert_int_equal(f->before.issues, 2);
}

static void two_intakes_are_one_history(void **state)
{
    struct fixture *f = *state;
    f->history.logs[1] = (struct history_log){.name = "intake-2", .log_id = INTAKE_ID + 1};
    f->history.log_count = 2;
    applied(f, POLICY("10m", "desk"), 1, 0);
    opened(f, "a", 1 * M);
    answered(f, "b", 5 * M);
    opened_in(f, 1, "b", 2 * M);
    answered_in(f, 1, "a", 30 * M);
    backtest_all(f, POLICY("10m", "desk"));
    assert_int_equal(f->comparison.breaches_before, 1);
    for (size_t i = 1; i < f->history.count; i++)
        assert_true(f->history.events[i - 1].at_ms <= f->history.events[i].at_ms);
}

static bool stop(void *arg, size_t done)
{
    (void)arg;
    (void)done;
    return false;
}

static void a_replay_can_be_interrupted(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    const struct replay replay = {
        .history = &f->history, .from_ms = TOC_TIME_MIN, .to_ms = TOC_TIME_NEVER, .on_step = stop};
    f->before = (struct tally){.verdicts = &f->verdicts, .names = &f->names, .zone = f->zone};
    assert_int_equal(tally_replay(&f->before, &replay), TOC_ERR_AGAIN);
}

/* --- reading in place ----------------------------------------------------------------------- */

static void is_text(struct toc_str got, const char *wanted)
{
    assert_true(toc_str_equal(got, toc_str_of(wanted)));
}

/* The numbers in backtest/read.c are those of the proto files. */
static enum toc_err compare_reading(void *arg, enum inproc_service service,
                                    const Tocsin__V1__Record *record)
{
    struct fixture *f = arg;
    struct toc_str body = toc_wire_bytes(&record->body);
    (void)service;
    toc_arena_reset(&f->arena, 0);
    if (record->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED) {
        const struct said_clock said = read_clock_change(record);
        Tocsin__V1__ClockChange *change;
        TOC_TRY(toc_wire_unpack(&f->arena, &tocsin__v1__clock_change__descriptor, body, &change));
        is_text(said.name, change->clock->metric);
        is_text(said.queue, change->queue);
        assert_int_equal(said.instance, change->clock->instance);
        assert_int_equal(said.state, change->clock->state);
        assert_int_equal(said.breached, change->clock->breached);
        assert_true(said.breached_ms == change->clock->breached_ms);
        assert_true(said.stopped_ms == change->clock->stopped_ms);
    } else if (record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED) {
        const struct said_issue said = read_issue_change(record);
        const struct said_place place = read_place(said.issue);
        Tocsin__V1__IssueChange *change;
        TOC_TRY(toc_wire_unpack(&f->arena, &tocsin__v1__issue_change__descriptor, body, &change));
        assert_int_equal(said.what, change->what);
        is_text(place.queue, change->issue->queue);
        is_text(said.old_queue, change->old_queue);
        is_text(place.partner, change->issue->partner);
    } else if (record->type == TOCSIN__V1__RECORD_TYPE__ALERT_PAGED) {
        const struct said_alert said = read_alert_change(record);
        Tocsin__V1__AlertChange *change;
        TOC_TRY(toc_wire_unpack(&f->arena, &tocsin__v1__alert_change__descriptor, body, &change));
        is_text(said.contact, change->page->contact);
        assert_int_equal(said.step, change->page->step);
        assert_int_equal(said.repeat, change->page->repeat);
        assert_true(said.planned_ms == change->page->planned_ms);
        assert_true(toc_str_equal(said.id, toc_wire_bytes(&change->alert->id)));
    } else {
        return TOC_OK;
    }
    f->seq++;
    return TOC_OK;
}

static void reading_in_place_is_unpacking(void **state)
{
    struct fixture *f = *state;
    struct toc_arena arena;
    struct inproc *suite;
    const struct inproc_config config = {.on_record = compare_reading, .arg = f};
    two_issues(f);
    assert_int_equal(toc_arena_init(&arena, 65536), TOC_OK);
    assert_int_equal(inproc_open(&config, &suite), TOC_OK);
    f->seq = 0;
    for (size_t i = 0; i < f->history.count; i++) {
        struct toc_str bytes = toc_str(f->history.events[i].bytes, f->history.events[i].size);
        Tocsin__V1__Record *record;
        toc_arena_reset(&arena, 0);
        assert_int_equal(toc_wire_unpack(&arena, &tocsin__v1__record__descriptor, bytes, &record),
                         TOC_OK);
        assert_int_equal(inproc_take(suite, INTAKE_ID, record, bytes), TOC_OK);
    }
    assert_true(f->seq > 10);
    inproc_close(suite);
    toc_arena_done(&arena);
}

static void names_keep_their_numbers(void **state)
{
    struct fixture *f = *state;
    char text[16];
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(text, sizeof(text), "queue %u", i);
            assert_int_equal(named(f, text), i);
            assert_string_equal(names_text(&f->names, i), text);
        }
    }
}

static void flips_are_named_by_their_publisher(void **state)
{
    struct fixture *f = *state;
    two_issues(f);
    backtest_all(f, POLICY("5m", "desk"));
    struct history_name name = {.issue = f->comparison.flips[0]->issue};
    history_names(&f->history, &name, 1);
    assert_string_equal(name.text, "urn:t#quick");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_same_policy_changes_nothing),
        CASE(a_tighter_policy_makes_a_verdict_flip),
        CASE(load_follows_the_queues),
        CASE(pages_are_counted_by_contact_and_hour),
        CASE(pages_up_the_path_of_a_new_alert_are_unsure),
        CASE(before_from_all_is_as_it_was),
        CASE(time_stops_at_to),
        CASE(recorded_verdicts_agree_or_are_told_apart),
        CASE(an_empty_log_gives_nothing),
        CASE(what_cannot_be_replayed_is_counted),
        CASE(an_enumerator_of_a_newer_version_is_left_out),
        CASE(tests_count_for_nothing),
        CASE(events_of_an_issue_that_was_trimmed_make_a_stub),
        CASE(two_intakes_are_one_history),
        CASE(a_replay_can_be_interrupted),
        CASE(reading_in_place_is_unpacking),
        CASE(names_keep_their_numbers),
        CASE(flips_are_named_by_their_publisher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
