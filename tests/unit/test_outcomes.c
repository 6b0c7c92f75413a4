/* The core of outcomes: which outcomes a history comes to, and how cursors move. */
#include "services/outcomes/row.h"
#include "tests/support/core_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { ROUTER_LOG = 0x10, SLA_LOG = 0x20, INTAKE_LOG = 0x30 };

static const struct outcomes_config config = {.dead_after_ms = TOC_DAY_MS};
static struct core *core;
static uint64_t router_seq, sla_seq, intake_seq, begun_seq;

static int start(void **state)
{
    const struct core_options options = {.service = &outcomes_service, .config = &config};
    (void)state;
    core = core_open(&options);
    router_seq = sla_seq = intake_seq = begun_seq = 0;
    return 0;
}

static int end(void **state)
{
    (void)state;
    core_close(core);
    return 0;
}

/* --- what it is fed ------------------------------------------------------------------------- */

static struct toc_str pack(const void *message)
{
    struct toc_str bytes;
    assert_int_equal(toc_wire_pack(core_arena(core), message, &bytes), TOC_OK);
    return bytes;
}

static void feed(uint64_t log_id, uint64_t *seq, const char *time, Tocsin__V1__RecordType type,
                 unsigned issue, bool test, const void *body)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t id[TOC_ID];
    core_issue_id(id, issue);
    record.seq = ++*seq;
    record.type = type;
    record.class_ = TOC_CLASS_HISTORY;
    record.partition = issue != 0 ? issue : TOC_PARTITION_ALL;
    record.at_ms = record.log_ms = core_time(time);
    record.issue = toc_wire_binary(toc_str(id, issue != 0 ? TOC_ID : 0));
    record.test = test;
    record.body = toc_wire_binary(pack(body));
    core_step(core, log_id, &record);
}

static char *tags[] = {"vip", "late"};

/* Fields that are 0 or NULL take the usual value. */
struct about {
    unsigned issue;
    Tocsin__V1__IssueChange__What what;
    Tocsin__V1__IssueState state;
    Tocsin__V1__Priority priority;
    const char *queue, *category, *lob, *source, *rule, *event;
    unsigned tier;
    size_t tags;
    bool merged, test;
};

static char *text(const char *given, const char *usual)
{
    return toc_wire_text(given != NULL ? given : usual);
}

static void change(const char *time, struct about about)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__IssueChange body = TOCSIN__V1__ISSUE_CHANGE__INIT;
    static uint8_t other[TOC_ID] = {9};
    issue.number = 1;
    issue.partition = about.issue;
    issue.state = about.state != 0 ? about.state : TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    issue.priority = about.priority != 0 ? about.priority : TOCSIN__V1__PRIORITY__PRIORITY_P3;
    issue.queue = text(about.queue, "desk");
    issue.tier = about.tier != 0 ? about.tier : 1;
    issue.category = text(about.category, "billing");
    issue.line_of_business = text(about.lob, "retail");
    issue.source = text(about.source, "shop");
    issue.subject = toc_wire_text("T-1");
    issue.tags = tags;
    issue.n_tags = about.tags;
    if (about.merged)
        issue.merged_into = toc_wire_binary(toc_str(other, sizeof(other)));
    body.what = about.what != 0 ? about.what : TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    body.issue = &issue;
    body.rule = text(about.rule, "");
    body.event_type = text(about.event, "");
    feed(ROUTER_LOG, &router_seq, time, TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED, about.issue,
         about.test, &body);
}

static void clock_change(const char *time, Tocsin__V1__ClockChange__What what, bool late)
{
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__ClockChange body = TOCSIN__V1__CLOCK_CHANGE__INIT;
    clock.metric = toc_wire_text("first_reply");
    clock.breached = late;
    body.what = what;
    body.clock = &clock;
    body.number = 1;
    body.due_ms = core_time("10:00");
    body.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    body.priority = TOCSIN__V1__PRIORITY__PRIORITY_P2;
    body.queue = toc_wire_text("desk");
    body.source = toc_wire_text("shop");
    body.subject = toc_wire_text("T-1");
    body.sla = toc_wire_text("gold");
    feed(SLA_LOG, &sla_seq, time, TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, 1, false, &body);
}

static void event(const char *time, const char *verb, const Tocsin__V1__Subscription *body)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char type[64];
    snprintf(type, sizeof(type), "tocsin.subscription.%s", verb);
    event.id = toc_wire_text("1");
    event.source = toc_wire_text("cli");
    event.type = type;
    event.body_case = TOCSIN__V1__EVENT__BODY_SUBSCRIPTION;
    event.subscription = (Tocsin__V1__Subscription *)(uintptr_t)body;
    feed(INTAKE_LOG, &intake_seq, time, TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED, 0, false, &event);
    if (strcmp(verb, "added") == 0 || strcmp(verb, "replayed") == 0)
        begun_seq = intake_seq;
}

static void verb(const char *time, const char *what, const char *id)
{
    Tocsin__V1__Subscription body = TOCSIN__V1__SUBSCRIPTION__INIT;
    body.subscription = toc_wire_text(id);
    event(time, what, &body);
}

static void subscribe(const char *time, const char *id)
{
    verb(time, "added", id);
}

/* --- what came of a try --------------------------------------------------------------------- */

struct tried {
    uint64_t seq;
    uint32_t attempt, code;
    uint64_t begun;      /* the record that began it when it was sent; 0: the last that did */
    uint64_t next;       /* where the sender is; 0: just behind it */
    uint64_t waiting[4]; /* that it has, too */
    const char *made, *retry_after;
    bool is_test;
};

static void came_to(const char *time, struct tried tried)
{
    Tocsin__V1__DeliveryOutcome outcome = TOCSIN__V1__DELIVERY_OUTCOME__INIT;
    char status[16];
    uint8_t issue[TOC_ID];
    snprintf(status, sizeof(status), "%u", tried.code);
    outcome.subscription = toc_wire_text("a");
    outcome.seq = tried.seq;
    outcome.attempt = tried.attempt != 0 ? tried.attempt : 1;
    outcome.code = tried.code;
    outcome.text = tried.code != 0 ? status : toc_wire_text("timeout");
    outcome.generation = (uint32_t)(tried.begun != 0 ? tried.begun : begun_seq);
    outcome.next_seq = tried.next != 0 ? tried.next : tried.seq + 1;
    outcome.waiting = tried.waiting;
    while (outcome.n_waiting < 4 && tried.waiting[outcome.n_waiting] != 0)
        outcome.n_waiting++;
    core_issue_id(issue, 1);
    outcome.issue = toc_wire_binary(toc_str(issue, tried.is_test ? 0 : TOC_ID));
    outcome.made_ms = core_time(tried.made != NULL ? tried.made : time);
    outcome.retry_after_ms = tried.retry_after != NULL ? core_time(tried.retry_after) : 0;
    core_set_log(core, core_time(time));
    core_outcome(core, pack(&outcome));
}

static const Tocsin__V1__Delivery *delivery(void)
{
    Tocsin__V1__Delivery *out;
    struct toc_str row;
    assert_int_equal(core_get(core, TABLE_DELIVERY, TOC_STR("a"), &row), TOC_OK);
    assert_int_equal(
        toc_wire_unpack(core_arena(core), &tocsin__v1__delivery__descriptor, row, &out), TOC_OK);
    return out;
}

#define assert_told(expected) assert_text(core_transcript(core), (expected))

/* --- what a history comes to ---------------------------------------------------------------- */

static void an_opening_tells_where_it_was_sent(void **state)
{
    (void)state;
    change("09:00", (struct about){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED,
                                   .queue = "",
                                   .category = ""});
    change("09:00", (struct about){.issue = 1,
                                   .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED,
                                   .queue = "",
                                   .event = "tocsin.issue.opened"});
    change("09:00", (struct about){.issue = 1, .rule = "by-desk", .event = "tocsin.issue.opened"});
    assert_told("09:00:00 outcome routed T-1 P3 state=open queue=desk category=billing lob=retail "
                "rule=by-desk\n");
}

static void what_changes_nothing_is_told_to_nobody(void **state)
{
    (void)state;
    change("09:00", (struct about){.issue = 1});
    core_transcript(core);
    change("09:01", (struct about){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED});
    change("09:02", (struct about){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED});
    change("09:03", (struct about){.issue = 1, .what = TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE});
    assert_told("");
}

static void a_higher_tier_is_an_escalation_and_a_lower_one_a_route(void **state)
{
    (void)state;
    change("09:00", (struct about){.issue = 1});
    core_transcript(core);
    change("09:01", (struct about){.issue = 1, .tier = 2, .queue = "expert"});
    change("09:02", (struct about){.issue = 1, .tier = 1});
    change("09:03", (struct about){.issue = 1, .tags = 2});
    change("09:04",
           (struct about){.issue = 1, .tags = 2, .priority = TOCSIN__V1__PRIORITY__PRIORITY_P1});
    assert_told("09:01:00 outcome escalated T-1 P3 state=open queue=expert category=billing "
                "lob=retail\n"
                "09:02:00 outcome routed T-1 P3 state=open queue=desk category=billing lob=retail\n"
                "09:03:00 outcome classified T-1 P3 state=open queue=desk category=billing "
                "lob=retail tags=vip,late\n"
                "09:04:00 outcome classified T-1 P1 state=open queue=desk category=billing "
                "lob=retail tags=vip,late\n");
}

static void states_are_told_where_they_end_or_begin_again(void **state)
{
    const Tocsin__V1__IssueState solved = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED,
                                 closed = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED,
                                 pending = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING;
    (void)state;
    change("09:00", (struct about){.issue = 1});
    core_transcript(core);
    change("09:01", (struct about){.issue = 1, .state = pending});
    change("09:02", (struct about){.issue = 1, .state = solved});
    change("09:03", (struct about){.issue = 1});
    change("09:04", (struct about){.issue = 1, .state = closed, .merged = true});
    assert_told("09:02:00 outcome solved T-1 P3 state=solved queue=desk category=billing "
                "lob=retail\n"
                "09:03:00 outcome reopened T-1 P3 state=open queue=desk category=billing "
                "lob=retail\n"
                "09:04:00 outcome merged T-1 P3 state=closed queue=desk category=billing "
                "lob=retail\n");
}

static void a_merge_is_told_once_whatever_the_state_was(void **state)
{
    const Tocsin__V1__IssueState closed = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
    (void)state;
    change("09:00", (struct about){.issue = 1, .state = closed});
    core_transcript(core);
    change("09:01", (struct about){.issue = 1, .state = closed, .merged = true});
    change("09:02", (struct about){.issue = 1, .state = closed, .merged = true});
    change("09:03", (struct about){.issue = 1, .state = closed, .merged = true, .tags = 1});
    assert_told("09:01:00 outcome merged T-1 P3 state=closed queue=desk category=billing "
                "lob=retail\n"
                "09:03:00 outcome classified T-1 P3 state=closed queue=desk category=billing "
                "lob=retail tags=vip\n");
}

static void a_clock_is_told_with_what_the_router_knows(void **state)
{
    (void)state;
    change("09:00", (struct about){.issue = 1});
    core_transcript(core);
    clock_change("09:10", TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED, false);
    clock_change("09:50", TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED, false);
    clock_change("10:00", TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED, true);
    clock_change("10:05", TOCSIN__V1__CLOCK_CHANGE__WHAT__MET, true);
    assert_told("09:50:00 outcome warned T-1 P2 state=open queue=desk category=billing lob=retail "
                "rule=gold clock=first_reply due=10:00:00\n"
                "10:00:00 outcome breached T-1 P2 state=open queue=desk category=billing "
                "lob=retail rule=gold clock=first_reply due=10:00:00 late\n"
                "10:05:00 outcome met T-1 P2 state=open queue=desk category=billing lob=retail "
                "rule=gold clock=first_reply due=10:00:00 late\n");
}

static void a_clock_ahead_of_its_issue_waits_for_it(void **state)
{
    (void)state;
    clock_change("10:00", TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED, false);
    clock_change("10:01", TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED, true);
    assert_told("");
    assert_int_equal(core_count(core, TABLE_EARLY), 2);
    change("09:00", (struct about){.issue = 1});
    assert_told("09:00:00 outcome routed T-1 P3 state=open queue=desk category=billing "
                "lob=retail\n"
                "10:00:00 outcome warned T-1 P2 state=open queue=desk category=billing lob=retail "
                "rule=gold clock=first_reply due=10:00:00\n"
                "10:01:00 outcome breached T-1 P2 state=open queue=desk category=billing "
                "lob=retail rule=gold clock=first_reply due=10:00:00 late\n");
    assert_int_equal(core_count(core, TABLE_EARLY), 0);
}

/* --- subscriptions -------------------------------------------------------------------------- */

static void a_subscription_begins_where_it_says(void **state)
{
    Tocsin__V1__Subscription body = TOCSIN__V1__SUBSCRIPTION__INIT;
    (void)state;
    change("09:00", (struct about){.issue = 1});
    change("09:10", (struct about){.issue = 1, .queue = "b"});
    change("09:20", (struct about){.issue = 1, .queue = "c"});
    subscribe("09:30", "a");
    assert_int_equal(delivery()->next_seq, 4);
    core_transcript(core);
    body.subscription = toc_wire_text("a");
    body.from_seq = 2;
    event("09:31", "replayed", &body);
    assert_int_equal(delivery()->next_seq, 2);
    body.from_seq = 0;
    body.since_ms = core_time("09:15");
    event("09:32", "replayed", &body);
    assert_int_equal(delivery()->next_seq, 3);
    body.since_ms = core_time("08:15");
    event("09:33", "replayed", &body);
    assert_int_equal(delivery()->next_seq, 1);
}

static void what_cannot_be_is_recorded(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    subscribe("09:01", "a");
    verb("09:02", "paused", "b");
    verb("09:03", "paused", "a");
    verb("09:04", "paused", "a");
    verb("09:05", "resumed", "a");
    verb("09:06", "tested", "a");
    verb("09:07", "removed", "a");
    assert_told("09:00:00 subscription a added seq=1\n"
                "09:01:00 subscription a refused (there is a subscription with this id)\n"
                "09:02:00 subscription b refused (there is no subscription with this id)\n"
                "09:03:00 subscription a paused\n"
                "09:04:00 subscription a refused (it is not active)\n"
                "09:05:00 subscription a resumed\n"
                "09:06:00 outcome test only=a test test\n"
                "09:07:00 subscription a removed\n");
    assert_int_equal(core_count(core, TABLE_DELIVERY), 0);
}

static bool wants(const Tocsin__V1__Subscription *subscription, const char *source,
                  const char *queue, bool test)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    Tocsin__V1__IssueOutcome outcome = TOCSIN__V1__ISSUE_OUTCOME__INIT;
    record.test = test;
    outcome.type = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED;
    outcome.source = toc_wire_text(source);
    outcome.queue = toc_wire_text(queue);
    return outcomes_wants(subscription, &record, &outcome);
}

static void a_filter_is_all_of_its_parts(void **state)
{
    Tocsin__V1__Subscription all = TOCSIN__V1__SUBSCRIPTION__INIT, some = all;
    Tocsin__V1__OutcomeType types[] = {TOCSIN__V1__OUTCOME_TYPE__OUTCOME_SOLVED,
                                       TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED};
    char *queues[] = {"desk"};
    (void)state;
    assert_true(wants(&all, "urn:shop", "desk", true));
    some.source = toc_wire_text("urn:shop");
    some.queues = queues;
    some.n_queues = 1;
    some.types = types;
    some.n_types = 2;
    some.test_issues = TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_LEFT_OUT;
    assert_true(wants(&some, "urn:shop", "desk", false));
    assert_true(wants(&some, "urn:shop:eu", "desk", false));
    assert_true(wants(&some, "urn:shop/eu", "desk", false));
    assert_false(wants(&some, "urn:shop2", "desk", false));
    assert_false(wants(&some, "urn:shop", "desk2", false));
    assert_false(wants(&some, "urn:shop", "desk", true));
    some.n_types = 1;
    assert_false(wants(&some, "urn:shop", "desk", false));
    some.n_types = 2;
    some.test_issues = TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_ALONE;
    assert_false(wants(&some, "urn:shop", "desk", false));
    assert_true(wants(&some, "urn:shop", "desk", true));
}

/* --- cursors -------------------------------------------------------------------------------- */

static void a_cursor_goes_where_the_sender_is(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    came_to("09:01", (struct tried){.seq = 5, .code = 200, .next = 9});
    assert_int_equal(delivery()->next_seq, 9);
    assert_int_equal(delivery()->n_open, 0);
    assert_int_equal(delivery()->delivered, 1);
    came_to("09:02", (struct tried){.seq = 5, .code = 200, .next = 20}); /* told before */
    assert_int_equal(delivery()->next_seq, 9);
    assert_int_equal(delivery()->delivered, 1);
    assert_told("");
}

static void what_it_went_past_and_is_not_through_is_open(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    came_to("09:01", (struct tried){.seq = 6, .code = 200, .next = 9, .waiting = {5, 8}});
    assert_int_equal(delivery()->next_seq, 9);
    assert_int_equal(delivery()->n_open, 2);
    assert_int_equal(delivery()->open[0]->seq, 5);
    assert_int_equal(delivery()->open[0]->attempts, 0);
    /* What is told in one turn still names what was told before it. */
    came_to("09:01", (struct tried){.seq = 8, .code = 200, .next = 9, .waiting = {5, 6}});
    assert_int_equal(delivery()->n_open, 1);
    came_to("09:01", (struct tried){.seq = 5, .code = 500, .next = 12, .waiting = {11}});
    assert_int_equal(delivery()->next_seq, 12);
    assert_int_equal(delivery()->n_open, 2);
    assert_int_equal(delivery()->open[0]->attempts, 1);
    came_to("09:02", (struct tried){.seq = 11, .code = 204, .next = 12, .waiting = {5}});
    came_to("09:02", (struct tried){.seq = 5, .attempt = 2, .code = 204, .next = 12});
    assert_int_equal(delivery()->n_open, 0);
    assert_int_equal(delivery()->delivered, 4);
    assert_int_equal(delivery()->failures, 0);
}

/* However long one is not taken, the row does not grow with those that are. */
static void a_row_stays_small_while_one_is_not_taken(void **state)
{
    struct toc_str row;
    (void)state;
    subscribe("09:00", "a");
    for (uint64_t seq = 6; seq < 2000; seq++)
        came_to("09:01", (struct tried){.seq = seq, .code = 200, .waiting = {5}});
    assert_int_equal(delivery()->n_open, 1);
    assert_int_equal(core_get(core, TABLE_DELIVERY, TOC_STR("a"), &row), TOC_OK);
    assert_in_range(row.size, 1, 200);
}

static void tries_grow_apart_and_a_receiver_may_ask_for_more(void **state)
{
    toc_time_ms at_ms, waits[12];
    (void)state;
    subscribe("09:00", "a");
    for (uint32_t i = 1; i <= 12; i++) {
        came_to("09:00", (struct tried){.seq = 5, .attempt = i});
        at_ms = core_time("09:00");
        waits[i - 1] = delivery()->open[0]->next_ms - at_ms;
        assert_int_equal(delivery()->failures, i);
    }
    assert_in_range(waits[0], 500, 1000);
    assert_in_range(waits[1], 1000, 2000);
    assert_in_range(waits[5], 15000, 30000);
    assert_in_range(waits[11], 150000, 300000);
    came_to("09:00", (struct tried){.seq = 5, .attempt = 13, .code = 429, .retry_after = "11:00"});
    assert_int_equal(delivery()->not_before_ms, core_time("11:00"));
    assert_int_equal(delivery()->open[0]->next_ms, core_time("11:00"));
    verb("09:30", "resumed", "a");
    assert_int_equal(delivery()->not_before_ms, 0);
    assert_int_equal(delivery()->open[0]->next_ms, 0);
}

static void what_a_receiver_refuses_is_dead_at_once(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    came_to("09:01", (struct tried){.seq = 5, .code = 422});
    assert_told("09:01:00 subscription a dead seq=5 (422)\n");
    assert_int_equal(delivery()->dead, 1);
    assert_int_equal(delivery()->next_seq, 6);
    assert_int_equal(core_count(core, TABLE_DEAD), 1);
    verb("09:02", "removed", "a");
    assert_int_equal(core_count(core, TABLE_DEAD), 0);
}

static void a_test_is_tried_once(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    came_to("09:01", (struct tried){.seq = 5, .code = 404, .is_test = true});
    assert_told("09:01:00 subscription a dead seq=5 (404)\n");
    assert_int_equal(delivery()->next_seq, 6);
}

static void what_was_tried_for_long_enough_is_dead(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    came_to("09:01", (struct tried){.seq = 5, .made = "09:00"});
    came_to("+1/09:00:59", (struct tried){.seq = 5, .attempt = 2, .made = "09:00"});
    assert_told("");
    came_to("+1/09:01", (struct tried){.seq = 5, .attempt = 3, .made = "09:00"});
    assert_told("+1/09:01:00 subscription a dead seq=5 (timeout)\n");
    /* The receiver has been away for as long: what is as old is not tried for another day. */
    came_to("+1/09:02", (struct tried){.seq = 7, .made = "09:01"});
    assert_told("+1/09:02:00 subscription a dead seq=7 (timeout)\n");
    came_to("+1/09:03", (struct tried){.seq = 8, .made = "+1/09:00"});
    assert_told("");
}

static void one_that_fails_while_others_are_taken_is_dead_after_15_tries(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    for (uint32_t i = 1; i <= 20; i++) /* its receiver is away: that is another matter */
        came_to("09:01", (struct tried){.seq = 5, .attempt = i, .code = 500});
    assert_told("");
    came_to("09:02", (struct tried){.seq = 6, .code = 200});
    came_to("09:03", (struct tried){.seq = 5, .attempt = 21, .code = 500});
    assert_told("09:03:00 subscription a dead seq=5 (500)\n");
    assert_int_equal(delivery()->next_seq, 7);
}

static void an_old_one_that_is_replayed_is_tried_like_a_new_one(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    came_to("+9/09:00", (struct tried){.seq = 5, .code = 500, .made = "09:00"});
    assert_told("");
    assert_int_equal(delivery()->dead, 0);
}

static void a_receiver_that_is_gone_stops_it_until_somebody_resumes_it(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    core_transcript(core);
    came_to("09:01", (struct tried){.seq = 5, .code = 410});
    assert_told("09:01:00 subscription a stopped seq=5 (410)\n");
    assert_int_equal(delivery()->state, TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_STOPPED);
    assert_int_equal(delivery()->open[0]->seq, 5);
    verb("09:02", "resumed", "a");
    assert_int_equal(delivery()->state, TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE);
}

/* What came of asking whether it may be sent to. */
static void asked(const char *time, uint32_t code)
{
    Tocsin__V1__DeliveryOutcome outcome = TOCSIN__V1__DELIVERY_OUTCOME__INIT;
    outcome.what = TOCSIN__V1__DELIVERY_OUTCOME__WHAT__ASKED;
    outcome.subscription = toc_wire_text("a");
    outcome.code = code;
    outcome.text = toc_wire_text(code == 200 ? "200" : "the handshake is not allowed");
    outcome.generation = (uint32_t)begun_seq;
    core_set_log(core, core_time(time));
    core_outcome(core, pack(&outcome));
}

static void one_that_never_agrees_is_stopped(void **state)
{
    Tocsin__V1__Subscription body = TOCSIN__V1__SUBSCRIPTION__INIT;
    (void)state;
    body.subscription = toc_wire_text("a");
    body.handshake = true;
    event("09:00", "added", &body);
    core_transcript(core);
    asked("09:01", 0);
    asked("+1/09:00", 0);
    assert_told("");
    assert_int_equal(delivery()->state, TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE);
    asked("+1/09:01", 0);
    assert_told("+1/09:01:00 subscription a stopped (the handshake is not allowed)\n");
    assert_string_equal(delivery()->reason, "the receiver never agreed to be sent to");
    assert_int_equal(delivery()->state, TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_STOPPED);
    verb("+1/10:00", "resumed", "a"); /* it is asked again, as long */
    asked("+1/10:01", 0);
    core_transcript(core);
    asked("+1/10:02", 200);
    assert_told("+1/10:02:00 subscription a agreed (200)\n");
}

static void an_answer_from_before_a_replay_does_not_count(void **state)
{
    Tocsin__V1__Subscription body = TOCSIN__V1__SUBSCRIPTION__INIT;
    (void)state;
    change("09:00", (struct about){.issue = 1});
    subscribe("09:00", "a");
    body.subscription = toc_wire_text("a");
    body.from_seq = 1;
    event("09:01", "replayed", &body);
    came_to("09:02", (struct tried){.seq = 2, .code = 200, .begun = 1});
    assert_int_equal(delivery()->next_seq, 1);
    came_to("09:02", (struct tried){.seq = 1, .code = 200});
    assert_int_equal(delivery()->next_seq, 2);
}

static void an_id_that_is_added_again_is_another_subscription(void **state)
{
    (void)state;
    subscribe("09:00", "a");
    verb("09:01", "removed", "a");
    subscribe("09:01", "a");
    change("09:01", (struct about){.issue = 1});
    uint64_t next_seq = delivery()->next_seq;
    came_to("09:02", (struct tried){.seq = 4, .code = 200, .begun = 1});
    assert_int_equal(delivery()->next_seq, next_seq);
    assert_int_not_equal(delivery()->generation, 1); /* its sender reads the row anew */
}

static void the_log_is_kept_for_the_slowest_that_is_active(void **state)
{
    (void)state;
    struct outcomes outcomes = {.place_count = 2, .places = {{"a", 7, true}, {"b", 3, false}}};
    assert_int_equal(row_needs_from(&outcomes), 7);
    outcomes.places[1].holds = true;
    assert_int_equal(row_needs_from(&outcomes), 3);
    outcomes.place_count = 0;
    assert_true(row_needs_from(&outcomes) == UINT64_MAX);
}

static void a_restart_goes_on_where_it_was(void **state)
{
    uint8_t before[TOC_SHA256], after[TOC_SHA256];
    (void)state;
    subscribe("09:00", "a");
    change("09:00", (struct about){.issue = 1});
    came_to("09:01", (struct tried){.seq = 2, .code = 500});
    core_commit(core);
    core_digest(core, before);
    core_reopen(core);
    core_digest(core, after);
    assert_memory_equal(before, after, sizeof(before));
    came_to("09:02", (struct tried){.seq = 2, .attempt = 2, .code = 200});
    assert_int_equal(delivery()->next_seq, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
    const struct CMUnitTest tests[] = {
        TEST(an_opening_tells_where_it_was_sent),
        TEST(what_changes_nothing_is_told_to_nobody),
        TEST(a_higher_tier_is_an_escalation_and_a_lower_one_a_route),
        TEST(states_are_told_where_they_end_or_begin_again),
        TEST(a_merge_is_told_once_whatever_the_state_was),
        TEST(a_clock_is_told_with_what_the_router_knows),
        TEST(a_clock_ahead_of_its_issue_waits_for_it),
        TEST(a_subscription_begins_where_it_says),
        TEST(what_cannot_be_is_recorded),
        TEST(a_filter_is_all_of_its_parts),
        TEST(a_cursor_goes_where_the_sender_is),
        TEST(what_it_went_past_and_is_not_through_is_open),
        TEST(a_row_stays_small_while_one_is_not_taken),
        TEST(tries_grow_apart_and_a_receiver_may_ask_for_more),
        TEST(what_a_receiver_refuses_is_dead_at_once),
        TEST(a_test_is_tried_once),
        TEST(what_was_tried_for_long_enough_is_dead),
        TEST(one_that_fails_while_others_are_taken_is_dead_after_15_tries),
        TEST(an_old_one_that_is_replayed_is_tried_like_a_new_one),
        TEST(a_receiver_that_is_gone_stops_it_until_somebody_resumes_it),
        TEST(one_that_never_agrees_is_stopped),
        TEST(an_answer_from_before_a_replay_does_not_count),
        TEST(an_id_that_is_added_again_is_another_subscription),
        TEST(the_log_is_kept_for_the_slowest_that_is_active),
        TEST(a_restart_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
