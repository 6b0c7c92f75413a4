#include "tests/support/core_router.h"

#include "services/intake/intake.h"
#include "services/router/issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/*
 * Whatever publishers and policies say at the limits of what intake and `policy check` let pass: it
 * is recorded or refused, and the router goes on. The harness fails a test whose step fails.
 */
#define PEOPLE     20
#define RECORD_MAX 1960 /* bytes of a packed record: the log's rows stay within a page's share */

static char policy[32 * 1024];
static size_t used;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    used += (size_t)vsnprintf(policy + used, sizeof(policy) - used, format, args);
    va_end(args);
    assert_in_range(used, 1, sizeof(policy) - 1);
}

static void say_rule(void)
{
    say("  - {rule: r%053d, when: {tag: [hot]}, set: {category: %0128d, risk: severe, sop: "
        "s%055d@%07d, content_class: c%063d, tags: [",
        1, 1, 1, 1, 1);
    for (int i = 0; i < 8; i++)
        say("%s%0128d", i > 0 ? ", " : "", i);
    say("]}, escalate: {queue: q%063d, team: t%063d}}\n", 2, 1);
}

/* The longest names that a policy may have: 64 bytes, or 128 where it is no name. */
static const char *largest_policy(bool with_people)
{
    used = 0;
    say("policy: 1\ncalendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n");
    say("paths: {p%063d: {steps: [{page: [ana], wait: 5m}]}}\nqueues:\n", 1);
    say("  q%063d: {tier: 2, partner: n%063d, on_breach: q%063d}\n", 1, 1, 2);
    say("  q%063d: {tier: 2, partner: n%063d}\n", 2, 2);
    say("teams: {t%063d: {calendar: always, answer_within: 4h}}\n", 1);
    say("slas: {s%063d: {calendar: always, clocks: {c%063d: {metric: legal, law: l%060d, "
        "targets: {default: 30m elapsed}}}}}\n",
        1, 1, 1);
    say("categories: {theft: {facts: [");
    for (int i = 0; i < 16; i++)
        say("%sf%063d", i > 0 ? ", " : "", i);
    say("]}}\n");
    for (int i = 0; with_people && i < PEOPLE; i++)
        say("%s  h%063d: {capacity: 3, queues: [q%063d, q%063d]}\n", i == 0 ? "people:\n" : "", i,
            1, 2);
    say("triage:\n");
    for (int i = 0; i < 20; i++)
        say("  - {rule: t%063d, when: {channel: [none%d]}, set: {priority: P1}}\n", i, i);
    say_rule();
    say("routes:\n");
    for (int i = 0; i < 20; i++)
        say("  - {rule: r%063d, when: {channel: [none%d]}, queue: q%063d}\n", i, i, 1);
    say("  - {rule: %064d, queue: q%063d, sla: s%063d, path: p%063d}\n", 1, 1, 1, 1);
    return policy;
}

static int set_up(void **state)
{
    (void)state;
    core_router_open(NULL);
    chain_policy(&router_chain, "09:00", largest_policy(false));
    return 0;
}

static void add_word(char script[CORE_LINE_MAX], const char *name, char c, size_t size)
{
    char text[256];
    size_t at = (size_t)snprintf(text, sizeof(text), " %s=", name);
    assert_in_range(at + size, 1, sizeof(text) - 1);
    memset(text + at, c, size);
    text[at + size] = '\0';
    assert_in_range(strlen(script) + strlen(text), 1, CORE_LINE_MAX - 2);
    strcat(script, text);
}

/* A line with texts of `size` bytes; `names` is a list with blanks between. */
static void run_with(const char *line, const char *names, size_t size)
{
    char script[CORE_LINE_MAX], list[256], *rest = list, *name;
    char c = 'a';
    snprintf(script, sizeof(script), "%s", line);
    snprintf(list, sizeof(list), "%s", names);
    while ((name = strsep(&rest, " ")) != NULL)
        add_word(script, name, c++, size);
    strcat(script, "\n");
    chain_run(&router_chain, script);
}

#define OPENING "version region requester requester_tier line_of_business"

static const Tocsin__V1__Issue *row_of(unsigned partition)
{
    struct toc_str row;
    uint8_t key[ISSUE_KEY];
    Tocsin__V1__Issue *issue;
    issue_key(key, partition, 1);
    assert_int_equal(core_get(router_chain.router, TABLE_ISSUE, toc_str(key, sizeof(key)), &row),
                     TOC_OK);
    assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                     &tocsin__v1__issue__descriptor, row, &issue),
                     TOC_OK);
    return issue;
}

/* Of the last change with it; the largest record of all is looked at too. */
static const Tocsin__V1__IssueChange *last_change(Tocsin__V1__IssueChange__What what)
{
    for (uint64_t seq = core_last_seq(router_chain.router); seq > 0; seq--) {
        Tocsin__V1__IssueChange *change;
        const Tocsin__V1__Record *record = core_record(router_chain.router, seq);
        if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            continue;
        assert_int_equal(toc_wire_unpack(core_arena(router_chain.router),
                                         &tocsin__v1__issue_change__descriptor,
                                         toc_wire_bytes(&record->body), &change),
                         TOC_OK);
        if (change->what == what)
            return change;
    }
    fail_msg("no such change");
    return NULL;
}

static unsigned refusals(void)
{
    unsigned count = 0;
    for (uint64_t seq = core_last_seq(router_chain.router); seq > 0; seq--) {
        size_t mark = toc_arena_mark(core_arena(router_chain.router));
        count +=
            core_record(router_chain.router, seq)->type == TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED;
        toc_arena_reset(core_arena(router_chain.router), mark);
    }
    return count;
}

static void sixteen_facts_that_a_risk_does_not_wait_for_leave_room_in_the_record(void **state)
{
    (void)state;
    run_with("10:00 open category=theft risk=severe", OPENING, 180);
    run_with("10:01 escalate to_tier=3", "reason by", 100);
    const Tocsin__V1__IssueChange *change = last_change(TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED);
    assert_string_equal(change->reason, "escalated");
    assert_in_range(change->n_missing, 1, 15);
    assert_int_equal(row_of(1)->tier, 3);
}

static void what_is_said_beside_a_large_issue_is_refused_when_it_does_not_fit(void **state)
{
    (void)state;
    run_with("10:00 open category=theft risk=severe", OPENING, 180);
    run_with("10:01 escalate to_tier=3", "reason by", 200);
    assert_int_equal(refusals(), 1);
    assert_int_equal(row_of(1)->tier, 2);
}

static void a_question_that_does_not_fit_beside_a_large_issue_is_refused(void **state)
{
    char line[200];
    (void)state;
    run_with("10:00 open risk=severe", OPENING, 180);
    snprintf(line, sizeof(line), "10:01 raised escalation=q1 team=t%063d", 1);
    run_with(line, "owner reason", 200);
    assert_int_equal(refusals(), 1);
    assert_int_equal(core_count(router_chain.router, TABLE_ESCALATION), 0);
    run_with(line, "owner reason", 60);
    assert_int_equal(refusals(), 1);
    assert_int_equal(row_of(1)->escalations, 1);
}

static void a_rule_says_for_how_much_of_it_an_issue_has_no_room(void **state)
{
    (void)state;
    run_with("10:00 open tags=hot", OPENING, 180);
    const Tocsin__V1__IssueChange *change = last_change(TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED);
    assert_in_range(change->no_room, 9, 11);
    const Tocsin__V1__Issue *issue = row_of(1);
    assert_int_equal(issue->risk, TOCSIN__V1__RISK__RISK_SEVERE);
    assert_int_equal(issue->escalations, 1);
    assert_int_equal(issue->queue[63], '2');
}

static void a_large_issue_is_still_merged(void **state)
{
    (void)state;
    chain_run(&router_chain, "10:00 open issue=2\n");
    run_with("10:00 open", OPENING, 182);
    run_with("10:01 merge into=2", "by", 200);
    assert_int_equal(row_of(1)->merged_into.len, TOC_ID);
}

/* --- bytes that unpack into much more ----------------------------------------------------------
 */

#define EVENT_MAX 1024       /* bytes of an issue's event that intake lets pass */
#define BODY_TAG  "\xa2\x01" /* of issue_opened, 20 */

/* As many empty bodies before the event's own as it may have: each is unpacked in vain. */
static void feed_with_many_bodies(const char *line)
{
    struct toc_arena *arena = core_arena(router_chain.router);
    size_t mark = toc_arena_mark(arena), size = 0;
    char bytes[EVENT_MAX];
    uint8_t id[TOC_ID];
    struct core_input input;
    char *copy = toc_arena_copy(arena, toc_str_of(line));
    core_parse(arena, copy, &input);
    core_issue_id(id, input.issue);
    struct toc_str event = core_pack(arena, input.event);
    for (; size + 3 + event.size <= sizeof(bytes); size += 3)
        memcpy(bytes + size, BODY_TAG "\0", 3);
    memcpy(bytes + size, event.data, event.size);
    chain_feed(&router_chain, id, toc_str(bytes, size + event.size), input.at_ms, input.log_ms);
    toc_arena_reset(arena, mark);
}

static void park_many(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        feed_with_many_bodies("10:00 inbound");
}

static void an_opening_takes_parked_events_however_much_each_unpacks_into(void **state)
{
    (void)state;
    park_many(15);
    feed_with_many_bodies("10:00:01 open");
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED), 0);
    assert_int_equal(row_of(1)->stub, false);
}

static void a_stub_takes_parked_events_however_much_each_unpacks_into(void **state)
{
    (void)state;
    park_many(15);
    chain_run(&router_chain, "10:01 time\n");
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED), 0);
    assert_int_equal(row_of(1)->stub, true);
}

static void the_sixteenth_event_makes_a_stub_however_much_each_unpacks_into(void **state)
{
    (void)state;
    park_many(16);
    assert_int_equal(core_count(router_chain.router, TABLE_PARKED), 0);
    assert_int_equal(row_of(1)->stub, true);
}

/* An appeal goes into the row as it came, with what a newer publisher said in it. */
static void open_appeal_with_unknown_fields(unsigned issue)
{
    static uint8_t unknown[600];
    ProtobufCMessageUnknownField field = {
        .tag = 15, .wire_type = 0, .len = sizeof(unknown) - 1, .data = unknown};
    struct toc_arena *arena = core_arena(router_chain.router);
    char line[64];
    uint8_t id[TOC_ID];
    struct core_input input;
    for (size_t i = 0; i < sizeof(unknown); i++)
        unknown[i] = i % 2 == 0 ? 0 : 15 << 3; /* zeros of field 15, behind the first tag */
    snprintf(line, sizeof(line), "10:00 open issue=%u appeal=99 decision=d", issue);
    core_parse(arena, line, &input);
    core_issue_id(id, issue);
    input.event->issue_opened->appeal->base.n_unknown_fields = 1;
    input.event->issue_opened->appeal->base.unknown_fields = &field;
    chain_feed(&router_chain, id, core_pack(arena, input.event), input.at_ms, input.log_ms);
    core_forget(router_chain.router);
}

static void a_chain_of_merges_is_followed_whatever_stands_in_its_rows(void **state)
{
    char line[64];
    (void)state;
    for (unsigned issue = 1; issue <= ROUTER_MERGES_MAX; issue++)
        open_appeal_with_unknown_fields(issue);
    for (unsigned issue = 1; issue < ROUTER_MERGES_MAX; issue++) {
        snprintf(line, sizeof(line), "10:01 status solved outcome=upheld issue=%u\n", issue);
        chain_run(&router_chain, line);
        snprintf(line, sizeof(line), "10:02 merge issue=%u into=%u\n", issue, issue + 1);
        chain_run(&router_chain, line);
    }
    assert_int_equal(row_of(ROUTER_MERGES_MAX - 1)->merged_into.len, TOC_ID);
    core_transcript(router_chain.router);
    chain_run(&router_chain, "10:03 inbound issue=1\n");
    assert_non_null(strstr(core_transcript(router_chain.router), "message"));
    assert_int_equal(refusals(), 0);
}

/* --- anything, in any order ------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

static const struct {
    const char *line, *texts;
    size_t most; /* texts within what intake lets pass */
} said[] = {
    {"open", OPENING, 180},
    {"open tags=hot appeal=9", "decision decider product region", 200},
    {"open tags=hot category=theft", "channel version requester", 200},
    {"inbound", "agent", 200},
    {"outbound", "agent", 200},
    {"status solved", "reason", 200},
    {"status open", "reason", 200},
    {"status solved outcome=upheld", "reason", 200},
    {"classify add_tags=hot", "by add_tags add_tags category", 200},
    {"classify category=theft", "sop content_class by language", 200},
    {"classify remove_tags=hot", "by product", 200},
    {"classify risk=critical", "line_of_business by", 200},
    {"fact name=f1", "value by", 200},
    {"fact name=f2", "value by", 90},
    {"fact", "name value by", 200},
    {"fact", "name by", 200},
    {"assign action=ASSIGN", "assignee queue", 200},
    {"assign action=RELEASE", "assignee", 200},
    {"escalate to_tier=3", "reason by queue", 200},
    {"escalate to_tier=1", "reason by", 200},
    {"raised escalation=q1", "owner reason", 200},
    {"accepted escalation=q1", "owner reason", 200},
    {"answered escalation=q1", "owner reason", 200},
    {"told escalation=q1", "owner reason", 200},
    {"due due_ms=23:00", "owner", 200},
    {"merge into=3", "by", 200},
    {"rated score=3", "", 0},
};

/* Names of the policy that the event needs. */
static void add_names(char line[CORE_LINE_MAX])
{
    size_t at = strlen(line);
    if (strstr(line, " raised ") != NULL)
        snprintf(line + at, CORE_LINE_MAX - at, " team=t%063d", 1);
    if (strstr(line, " due ") != NULL)
        snprintf(line + at, CORE_LINE_MAX - at, " metric=c%063d", 1);
}

static void say_something(uint32_t *seed, unsigned minute)
{
    char line[CORE_LINE_MAX];
    size_t count = sizeof(said) / sizeof(said[0]), i = next_random(seed) % (count + 2);
    if (i >= count) {
        snprintf(line, sizeof(line), "%02u:%02u presence online agent=h%063u\n", 10 + minute / 60,
                 minute % 60, next_random(seed) % PEOPLE);
        chain_run(&router_chain, line);
        return;
    }
    snprintf(line, sizeof(line), "%02u:%02u %.60s issue=%u", 10 + minute / 60, minute % 60,
             said[i].line, 1 + next_random(seed) % 4);
    add_names(line);
    if (said[i].most == 0)
        chain_run(&router_chain, strcat(line, "\n"));
    else
        run_with(line, said[i].texts, said[i].most - next_random(seed) % 40);
}

static void check_records(void)
{
    for (uint64_t seq = core_last_seq(router_chain.router); seq > 0; seq--) {
        size_t mark = toc_arena_mark(core_arena(router_chain.router));
        const Tocsin__V1__Record *record = core_record(router_chain.router, seq);
        assert_in_range(tocsin__v1__record__get_packed_size(record), 1, RECORD_MAX);
        toc_arena_reset(core_arena(router_chain.router), mark);
    }
}

/* Four hours of it, with a new policy version in each mode. */
static void run_round(uint32_t round, struct core_turns turns)
{
    static const Tocsin__V1__ApplyMode modes[] = {TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW,
                                                  TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE,
                                                  TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY};
    uint32_t seed = round;
    core_router_tear_down(NULL);
    chain_open(&router_chain, turns);
    chain_policy(&router_chain, "09:00", largest_policy(round % 2 == 0));
    for (unsigned minute = 0; minute < 240; minute++) {
        char time[16];
        snprintf(time, sizeof(time), "%02u:%02u", 10 + minute / 60, minute % 60);
        say_something(&seed, minute);
        if (minute % 80 == 60)
            chain_policy_mode(&router_chain, time, largest_policy(round % 2 == 0),
                              modes[minute / 80]);
    }
    core_commit(router_chain.router);
}

static void no_order_of_the_longest_texts_stops_the_router(void **state)
{
    const char *seeds = getenv("LIMITS_SEEDS");
    unsigned rounds = seeds != NULL ? (unsigned)strtoul(seeds, NULL, 10) : 6;
    (void)state;
    for (uint32_t round = 0; round < rounds; round++) {
        run_round(round, (struct core_turns){.turn = 5});
        check_records();
    }
}

static void turns_and_restarts_change_nothing(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 2; round++) {
        uint8_t first[TOC_SHA256], digest[TOC_SHA256];
        run_round(round, (struct core_turns){.turn = 1});
        core_digest(router_chain.router, first);
        for (uint32_t i = 1; i <= 2; i++) {
            run_round(round, (struct core_turns){.seed = i, .reopen = true});
            core_digest(router_chain.router, digest);
            assert_memory_equal(digest, first, sizeof(first));
        }
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, core_router_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(sixteen_facts_that_a_risk_does_not_wait_for_leave_room_in_the_record),
        CASE(what_is_said_beside_a_large_issue_is_refused_when_it_does_not_fit),
        CASE(a_question_that_does_not_fit_beside_a_large_issue_is_refused),
        CASE(a_rule_says_for_how_much_of_it_an_issue_has_no_room),
        CASE(a_large_issue_is_still_merged),
        CASE(an_opening_takes_parked_events_however_much_each_unpacks_into),
        CASE(a_stub_takes_parked_events_however_much_each_unpacks_into),
        CASE(the_sixteenth_event_makes_a_stub_however_much_each_unpacks_into),
        CASE(a_chain_of_merges_is_followed_whatever_stands_in_its_rows),
        CASE(no_order_of_the_longest_texts_stops_the_router),
        CASE(turns_and_restarts_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
