#include "services/cli/why/why.h"

#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define T0     1772366400000 /* 2026-03-01 12:00:00 UTC */
#define MINUTE (toc_time_ms) TOC_MINUTE_MS

static char *text;
static size_t text_size;
static struct print print;
static struct toc_arena arena;
static struct why_page page;

static char empty[] = "";

static int begin(void **state)
{
    (void)state;
    print = (struct print){.out = open_memstream(&text, &text_size), .width = 80};
    page = (struct why_page){.print = &print, .arena = &arena, .day_ms = TOC_TIME_MIN};
    return print.out == NULL ? -1 : (int)toc_arena_init(&arena, 1 << 20);
}

static int end(void **state)
{
    (void)state;
    for (size_t i = 0; i < page.policies.count; i++)
        toc_policy_free(page.policies.list[i]);
    toc_arena_done(&arena);
    free(text);
    return 0;
}

static void page_is(const char *expected)
{
    fclose(print.out);
    assert_string_equal(text, expected);
}

/* A record as `tocsin why` reads it. */
static void make(Tocsin__V1__RecordType type, toc_time_ms at_ms, const void *body,
                 Tocsin__V1__Record *record)
{
    struct toc_str bytes;
    tocsin__v1__record__init(record);
    assert_int_equal(toc_wire_pack(&arena, body, &bytes), TOC_OK);
    record->seq = 1;
    record->type = type;
    record->at_ms = at_ms;
    record->policy = 4;
    record->body = toc_wire_binary(bytes);
}

static void add(const char *service, Tocsin__V1__RecordType type, toc_time_ms at_ms,
                const void *body)
{
    Tocsin__V1__Record record;
    const struct why_entry entry = {.service = service, .record = &record};
    make(type, at_ms, body, &record);
    why_record(&page, &entry);
}

static void add_json(const char *service, Tocsin__V1__RecordType type, toc_time_ms at_ms,
                     const void *body)
{
    Tocsin__V1__Record record;
    const struct why_entry entry = {.service = service, .record = &record};
    make(type, at_ms, body, &record);
    why_json_record(&page, &entry);
}

/* Either of them. */
typedef void (*tell_fn)(const char *service, Tocsin__V1__RecordType type, toc_time_ms at_ms,
                        const void *body);

static void a_decision_names_its_rule_and_what_did_not_fit(void **state)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    char rule[] = "vip", first[] = "safety", second[] = "money", queue[] = "support",
         sla[] = "gold";
    char channel[] = "email";
    char risk[] = "risk", category[] = "category";
    Tocsin__V1__Tried rules[] = {TOCSIN__V1__TRIED__INIT, TOCSIN__V1__TRIED__INIT};
    Tocsin__V1__Tried *tried[] = {&rules[0], &rules[1]};
    (void)state;
    rules[0].name = first;
    rules[0].why = risk;
    rules[1].name = second;
    rules[1].why = category;
    issue.priority = TOCSIN__V1__PRIORITY__PRIORITY_P2;
    issue.risk = TOCSIN__V1__RISK__RISK_LOW;
    issue.channel = channel;
    issue.queue = queue;
    issue.sla = sla;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    change.issue = &issue;
    change.rule = rule;
    change.tried = tried;
    change.n_tried = 2;
    add("router", TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED, T0, &change);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.n_tried = 0;
    add("router", TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED, T0 + 1, &change);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  router     opened: P2, low risk, email\n"
            "                           by triage rule 'vip' of policy version 4\n"
            "                           did not fit: safety (risk), money (category)\n"
            "12:00:00.001  router     routed to support: SLA gold, escalation path none\n"
            "                           by route 'vip' of policy version 4\n");
}

static void an_alert_names_its_rule_and_what_did_not_fit(void **state)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    Tocsin__V1__Tried rule = TOCSIN__V1__TRIED__INIT, *tried[] = {&rule};
    uint8_t id[TOC_ID] = {0xab};
    (void)state;
    rule.name = toc_wire_text("brazil");
    rule.why = toc_wire_text("region");
    alert.id = (ProtobufCBinaryData){TOC_ID, id};
    alert.cause = toc_wire_text("waiting/1 stuck");
    alert.severity = toc_wire_text("error");
    alert.path = toc_wire_text("day");
    alert.waits = toc_wire_text("hop_limit");
    change.alert = &alert;
    change.reason = toc_wire_text("stuck");
    change.tried = tried;
    change.n_tried = 1;
    change.tried_more = 2;
    add("notifier", TOCSIN__V1__RECORD_TYPE__ALERT_OPENED, T0, &change);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  notifier   alert ab00000000 opened: waiting/1 stuck, error, path\n"
            "                         day\n"
            "                           nobody can take the issue: hop_limit\n"
            "                           by alert rule 'stuck' of policy version 4\n"
            "                           did not fit: brazil (region) and 2 more\n");
}

static void a_breach_shows_the_sum_behind_it(void **state)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__Interval one = TOCSIN__V1__INTERVAL__INIT, two = TOCSIN__V1__INTERVAL__INIT;
    Tocsin__V1__Interval *ledger[] = {&one, &two};
    char metric[] = "resolution", calendar[] = "emea";
    (void)state;
    one.from_ms = T0 - TOC_DAY_MS;
    one.until_ms = one.from_ms + 10 * MINUTE;
    two.from_ms = T0;
    two.until_ms = T0 + 5 * MINUTE;
    clock.metric = metric;
    clock.calendar = calendar;
    clock.target_ms = clock.elapsed_ms = 15 * MINUTE;
    change.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED;
    change.clock = &clock;
    change.due_ms = T0 + 5 * MINUTE;
    change.detected_ms = change.due_ms + 40;
    change.catch_up = true;
    change.ledger = ledger;
    change.n_ledger = 2;
    add("sla", TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, T0 + 5 * MINUTE, &change);
    page_is(
        "\nSunday 2026-03-01\n"
        "12:05:00.000  sla        resolution BREACHED: 12:05:00.000 passed\n"
        "                           seen when log time was 0.040s later, after an outage\n"
        "                           15m of 15m worked by calendar emea, counted in\n"
        "                           2026-02-28 12:00:00.000 \xe2\x80\x93 2026-02-28 12:10:00.000\n"
        "                           12:00:00.000 \xe2\x80\x93 12:05:00.000\n");
}

static const char day_policy[] =
    "policy: 1\n"
    "calendars: {day: {zone: UTC, weekly: {mon-sun: [\"09:00-12:00\"]}}}\n"
    "queues: {q: {tier: 1}}\nroutes: [{rule: all, queue: q, sla: gold}]\n"
    "slas: {gold: {calendar: day, clocks: {resolution: {targets: {default: 4h}, warn: [50, "
    "80]}}}}\n";

/* The policy that the records of this file name. */
static void read_with_policy(void)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    assert_int_equal(toc_policy_parse(toc_str_of(day_policy), "p", &policy, &errors), TOC_OK);
    policy->version = 4;
    page.policies = (struct why_policies){.list = {policy}, .count = 1};
}

/* A clock that ran over a night and breached an hour before T0, told as text or as JSON. */
static void tell_a_breach(tell_fn tell)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__Interval one = TOCSIN__V1__INTERVAL__INIT, *ledger[] = {&one};
    Tocsin__V1__Share support = TOCSIN__V1__SHARE__INIT, rest = TOCSIN__V1__SHARE__INIT;
    Tocsin__V1__Share tier = TOCSIN__V1__SHARE__INIT, *shares[] = {&support, &rest, &tier};
    one.from_ms = T0 - TOC_DAY_MS - 2 * TOC_HOUR_MS;
    support.kind = rest.kind = toc_wire_text("queue");
    support.name = toc_wire_text("support");
    support.ms = 3 * TOC_HOUR_MS;
    rest.ms = TOC_HOUR_MS;
    tier.kind = toc_wire_text("tier");
    tier.name = toc_wire_text("1");
    tier.ms = 4 * TOC_HOUR_MS;
    clock.metric = toc_wire_text("resolution");
    clock.calendar = toc_wire_text("day");
    clock.target_ms = 4 * TOC_HOUR_MS; /* what has elapsed is all in the open interval */
    change.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED;
    change.clock = &clock;
    change.sla = toc_wire_text("gold");
    change.due_ms = change.detected_ms = T0 - TOC_HOUR_MS;
    change.ledger = ledger;
    change.n_ledger = 1;
    change.shares = shares;
    change.n_shares = 3;
    tell("sla", TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, T0 - TOC_HOUR_MS, &change);
}

static void tell_the_end_of(const char *metric, const char *kind, const char *scope)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    clock.metric = toc_wire_text(metric);
    clock.kind = toc_wire_text(kind);
    clock.scope = toc_wire_text(scope);
    change.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED;
    change.clock = &clock;
    add("sla", TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, T0, &change);
}

static void a_queue_of_one_letter_is_no_tier(void **state)
{
    (void)state;
    tell_the_end_of("queue_wait", "", "a");
    tell_the_end_of("tier_time", "", "2");
    tell_the_end_of("second", "tier_time", "12");
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  sla        queue_wait of a cancelled after 0s\n"
            "12:00:00.000  sla        tier_time of tier 2 cancelled after 0s\n"
            "12:00:00.000  sla        second of tier 12 cancelled after 0s\n");
}

static void tell_a_clock_of(const char *tzdata, Tocsin__V1__ClockChange__What what)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    clock.metric = toc_wire_text("resolution");
    clock.calendar = toc_wire_text("day");
    clock.target_ms = clock.elapsed_ms = TOC_HOUR_MS;
    clock.due_ms = T0 + TOC_HOUR_MS;
    change.what = what;
    change.clock = &clock;
    change.sla = toc_wire_text("gold");
    change.tzdata = toc_wire_text(tzdata);
    add("sla", TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, T0, &change);
}

static void promises_and_verdicts_name_their_zones(void **state)
{
    (void)state;
    tell_a_clock_of("2026a", TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED);
    tell_a_clock_of("2026b", TOCSIN__V1__CLOCK_CHANGE__WHAT__MET);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  sla        resolution started: 1h by calendar day, due\n"
            "                         13:00:00.000\n"
            "                           by SLA 'gold' of policy version 4, tzdata 2026a\n"
            "12:00:00.000  sla        resolution stopped, in time\n"
            "                           1h of 1h worked by calendar day, tzdata 2026b\n");
}

static void a_verdict_shows_its_rule_its_slices_and_its_shares(void **state)
{
    (void)state;
    read_with_policy();
    tell_a_breach(add);
    page_is(
        "\nSunday 2026-03-01\n"
        "11:00:00.000  sla        resolution BREACHED: 11:00:00.000 passed\n"
        "                           seen when log time was 0s later\n"
        "                           by SLA 'gold' of policy version 4 (23580bc65032\xe2\x80\xa6)\n"
        "                           warnings at 50%, 80%\n"
        "                           4h of 4h worked by calendar day, counted in\n"
        "                           since 2026-02-28 10:00:00.000\n"
        "                             open 2026-02-28 10:00:00.000 \xe2\x80\x93 2026-02-28\n"
        "                             12:00:00.000\n"
        "                             open 09:00:00.000 \xe2\x80\x93 11:00:00.000\n"
        "                           by tier: 1 4h00m\n"
        "                           by queue: support 3h00m, others 1h00m\n");
}

/* A clock of the law that ran for two days. */
static void tell_a_legal_answer(tell_fn tell)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__Interval one = TOCSIN__V1__INTERVAL__INIT, *ledger[] = {&one};
    one.from_ms = T0 - 2 * TOC_DAY_MS;
    one.until_ms = T0;
    clock.metric = toc_wire_text("gdpr");
    clock.calendar = toc_wire_text("day");
    clock.law = toc_wire_text("EU 2016/679 art. 12(3)");
    clock.target_ms = 31 * TOC_DAY_MS;
    clock.elapsed_ms = 2 * TOC_DAY_MS;
    change.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__MET;
    change.clock = &clock;
    change.ledger = ledger;
    change.n_ledger = 1;
    tell("sla", TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, T0, &change);
}

static void the_time_of_a_legal_clock_is_no_work(void **state)
{
    (void)state;
    tell_a_legal_answer(add);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  sla        gdpr stopped, in time\n"
            "                           48h of 744h by the wall clock, counted in\n"
            "                           2026-02-27 12:00:00.000 \xe2\x80\x93 12:00:00.000\n");
}

static void what_the_router_hears_of_urgency_is_told(void **state)
{
    Tocsin__V1__Urgency urgency = TOCSIN__V1__URGENCY__INIT;
    (void)state;
    urgency.due_ms = T0 + TOC_HOUR_MS;
    add("sla", TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED, T0, &urgency);
    urgency.due_ms = 0;
    add("sla", TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED, T0 + 1, &urgency);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  sla        next due 13:00:00.000\n"
            "12:00:00.001  sla        nothing is due next\n");
}

static void what_the_notifier_hears_of_deadlines_is_told(void **state)
{
    Tocsin__V1__Deadline deadline = TOCSIN__V1__DEADLINE__INIT;
    (void)state;
    deadline.due_ms = T0 + TOC_HOUR_MS;
    add("sla", TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED, T0, &deadline);
    deadline.due_ms = 0;
    add("sla", TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED, T0 + 1, &deadline);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  sla        its alerts are due 13:00:00.000\n"
            "12:00:00.001  sla        its alerts have no deadline\n");
}

static void pages_show_their_delivery_and_their_fate(void **state)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Page sent = TOCSIN__V1__PAGE__INIT;
    char contact[] = "ana", delivery[] = "msg_1", outcome[] = "timeout";
    (void)state;
    sent.contact = contact;
    sent.delivery = delivery;
    change.page = &sent;
    add("notifier", TOCSIN__V1__RECORD_TYPE__ALERT_PAGED, T0, &change);
    sent.state = TOCSIN__V1__PAGE_STATE__PAGE_DEAD;
    sent.attempts = 3;
    sent.outcome = outcome;
    sent.method = toc_wire_text("push");
    add("notifier", TOCSIN__V1__RECORD_TYPE__ALERT_SENT, T0 + TOC_DAY_MS, &change);
    change.reason = toc_wire_text("refused for good");
    add("notifier", TOCSIN__V1__RECORD_TYPE__PAGE_ENDED, T0 + TOC_DAY_MS, &change);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  notifier   page to ana: step 1\n"
            "                           delivery msg_1\n"
            "\nMonday 2026-03-02\n"
            "12:00:00.000  notifier   page to ana by push dead: timeout after 3 attempts\n"
            "                           delivery msg_1\n"
            "12:00:00.000  notifier   page to ana by push ended: dead\n"
            "                           because: refused for good\n");
}

static void what_a_provider_is_told_is_news_and_no_page(void **state)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Page told = TOCSIN__V1__PAGE__INIT;
    (void)state;
    told.contact = toc_wire_text("ana");
    told.method = toc_wire_text("pager");
    told.delivery = toc_wire_text("msg_2");
    told.kind = toc_wire_text("acknowledged");
    change.page = &told;
    add("notifier", TOCSIN__V1__RECORD_TYPE__ALERT_PAGED, T0, &change);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  notifier   news for ana by pager: the alert is acknowledged\n"
            "                           delivery msg_2\n");
}

static void a_stranger_s_text_moves_nothing(void **state)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char type[] = "tocsin.issue.opened", source[] = "x\033[2J\ny", id[] = "1";
    (void)state;
    event.type = type;
    event.source = source;
    event.id = id;
    add("intake", TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED, T0, &event);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  intake     tocsin.issue.opened from x\xef\xbf\xbd[2J\xef\xbf\xbdy, id "
            "1\n");
}

static void unknown_records_are_shown_as_such(void **state)
{
    Tocsin__V1__Upstream body = TOCSIN__V1__UPSTREAM__INIT;
    (void)state;
    add("router", (Tocsin__V1__RecordType)4711, T0, &body);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  router     a record that this version of tocsin does not know\n");
}

/* --- what holds now ------------------------------------------------------------------------ */

static const struct toc_match_value p1_only[] = {
    {.text = "P1", .kind = TOC_MATCH_EQUAL, .size = 2}};
static const struct toc_match_test is_p1[] = {
    {.field = TOC_FIELD_PRIORITY, .values = p1_only, .value_count = 1}};

static void why_not_is_answered_rule_by_rule(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    static const struct toc_alert_rule rules[] = {
        {.name = "urgent", .on = TOC_ALERT_ON_OPENED, .when = {is_p1, 1}},
        {.name = "late", .on = TOC_ALERT_ON_BREACHED, .metric = "resolution"},
        {.name = "soon", .on = TOC_ALERT_ON_WARNED, .threshold_percent = 80},
    };
    const struct toc_policy policy = {.version = 2, .alerts = rules, .alert_count = 3};
    struct why_now now = {.issue = &issue, .policy = &policy, .now_ms = T0};
    char queue[] = "support", path[] = "day";
    (void)state;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW;
    issue.priority = TOCSIN__V1__PRIORITY__PRIORITY_P2;
    issue.queue = queue;
    issue.path = path;
    why_write_now(&page, &now);
    page_is("\nNow       new in queue support\n"
            "Clocks    none: its route names no SLA\n"
            "Alerts    none; of the alert rules of policy version 2:\n"
            "          'urgent': its priority is P2\n"
            "          'late': waits for a breach of resolution\n"
            "          'soon': waits for any clock to reach 80%\n");
}

static void a_fitting_rule_without_a_path_pages_nobody(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    static const struct toc_alert_rule rules[] = {{.name = "late", .on = TOC_ALERT_ON_BREACHED}};
    const struct toc_policy policy = {.version = 2, .alerts = rules, .alert_count = 1};
    struct why_now now = {.issue = &issue, .policy = &policy, .now_ms = T0};
    char agent[] = "ana";
    (void)state;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    issue.queue = empty;
    issue.assignee = agent;
    why_write_now(&page, &now);
    page_is("\nNow       open in queue none, assigned to ana\n"
            "Clocks    none: its route names no SLA\n"
            "Alerts    none; of the alert rules of policy version 2:\n"
            "          'late': fits, but the issue has no escalation path\n");
}

static void clocks_and_alerts_are_counted_down(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__IssueClocks clocks = TOCSIN__V1__ISSUE_CLOCKS__INIT;
    Tocsin__V1__Clock reply = TOCSIN__V1__CLOCK__INIT, resolution = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__Clock *list[] = {&reply, &resolution};
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT;
    Tocsin__V1__Alert *alerts[] = {&alert};
    Tocsin__V1__AlertGroup *groups[] = {NULL};
    uint8_t id[TOC_ID] = {0xab};
    char first[] = "first_reply", second[] = "resolution", cause[] = "breached late",
         severity[] = "error", path[] = "day", sla[] = "gold";
    struct why_now now = {.issue = &issue,
                          .clocks = &clocks,
                          .alerts = alerts,
                          .alert_count = 1,
                          .groups = groups,
                          .now_ms = T0};
    (void)state;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING;
    issue.sla = sla;
    reply.metric = first;
    reply.state = TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    reply.due_ms = T0 - 130000;
    resolution.metric = second;
    resolution.state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    resolution.target_ms = 60 * MINUTE;
    resolution.elapsed_ms = 15 * MINUTE;
    clocks.clocks = list;
    clocks.n_clocks = 2;
    alert.id = (ProtobufCBinaryData){TOC_ID, id};
    alert.state = TOCSIN__V1__ALERT_STATE__ALERT_OPEN;
    alert.cause = cause;
    alert.severity = severity;
    alert.path = path;
    alert.next_ms = T0 + 5 * MINUTE;
    print.width = 100;
    why_write_now(&page, &now);
    page_is("\nNow       pending in queue none\n"
            "Clocks    first_reply is overdue by 2m10s, since 11:57:50\n"
            "          resolution is paused while the issue is pending; 45m of working time left\n"
            "Alerts    ab00000000 open: breached late, error, step 1 of path day; escalates in "
            "5m00s\n");
}

/* Its row has the step that another round would begin with. */
static void a_path_that_is_through_is_at_no_step(void **state)
{
    Tocsin__V1__AlertChange change = TOCSIN__V1__ALERT_CHANGE__INIT;
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT, *alerts[] = {&alert};
    Tocsin__V1__AlertGroup *groups[] = {NULL};
    uint8_t id[TOC_ID] = {0xab};
    const struct why_now now = {
        .issue = &issue, .alerts = alerts, .alert_count = 1, .groups = groups, .now_ms = T0};
    (void)state;
    alert.id = (ProtobufCBinaryData){TOC_ID, id};
    alert.state = TOCSIN__V1__ALERT_STATE__ALERT_EXHAUSTED;
    alert.cause = toc_wire_text("breached late");
    alert.severity = toc_wire_text("error");
    alert.path = toc_wire_text("day");
    alert.repeat = 1;
    alert.next_ms = TOC_TIME_NEVER;
    change.alert = &alert;
    change.reason = toc_wire_text("every step and repeat is through, nobody acknowledged");
    add("notifier", TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED, T0, &change);
    print.width = 100;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    why_write_now(&page, &now);
    page_is("\nSunday 2026-03-01\n"
            "12:00:00.000  notifier   alert ab00000000: path day is through\n"
            "                           because: every step and repeat is through, nobody\n"
            "                           acknowledged\n"
            "\nNow       open in queue none\n"
            "Clocks    none: its route names no SLA\n"
            "Alerts    ab00000000 exhausted: breached late, error, every step of path day; nothing "
            "further is\n"
            "          planned\n");
}

static void open_escalations_say_who_has_to_act(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__CrossEscalation asked = TOCSIN__V1__CROSS_ESCALATION__INIT, back = asked;
    Tocsin__V1__CrossEscalation *list[] = {&asked, &back};
    struct why_now now = {
        .issue = &issue, .escalations = list, .escalation_count = 2, .now_ms = T0};
    (void)state;
    issue.state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    asked.id = toc_wire_text("rule:court");
    asked.team = asked.owner = toc_wire_text("legal");
    asked.state = TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED;
    asked.changed_ms = T0 - 130000;
    back.id = toc_wire_text("q1");
    back.team = toc_wire_text("fraud");
    back.owner = toc_wire_text("ana");
    back.state = TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED;
    back.changed_ms = T0 - 60000;
    why_write_now(&page, &now);
    page_is("\nNow       open in queue none\n"
            "Clocks    none: its route names no SLA\n"
            "Teams     rule:court to team legal: raised since 11:57:50, next legal\n"
            "          q1 to team fraud: returned since 11:59:00, next ana\n"
            "Alerts    none\n");
}

/* --- as JSON ------------------------------------------------------------------------------- */

static void a_verdict_in_json_has_what_its_text_says(void **state)
{
    char expected[1024], hash[2 * TOC_SHA256 + 1];
    (void)state;
    read_with_policy();
    toc_hex(hash, page.policies.list[0]->hash, TOC_SHA256);
    tell_a_breach(add_json);
    snprintf(expected, sizeof(expected),
             "{\"what\":\"record\",\"service\":\"sla\",\"seq\":\"1\","
             "\"type\":\"clock_changed\",\"at_ms\":1772362800000,\"policy\":4,"
             "\"body\":{\"what\":\"breached\",\"clock\":{\"metric\":\"resolution\","
             "\"target_ms\":14400000,\"calendar\":\"day\"},"
             "\"due_ms\":1772362800000,\"detected_ms\":1772362800000,"
             "\"ledger\":[{\"from_ms\":1772272800000}],"
             "\"shares\":[{\"kind\":\"queue\",\"name\":\"support\",\"ms\":10800000},"
             "{\"kind\":\"queue\",\"ms\":3600000},"
             "{\"kind\":\"tier\",\"name\":\"1\",\"ms\":14400000}],\"sla\":\"gold\"},"
             "\"rule\":{\"sla\":\"gold\",\"policy\":4,\"policy_hash\":\"%s\","
             "\"warn_percent\":[50,80]},"
             "\"counted\":{\"spent_ms\":14400000,\"target_ms\":14400000,\"by\":\"calendar\","
             "\"calendar\":\"day\",\"intervals\":[{\"from_ms\":1772272800000,"
             "\"until_ms\":1772362800000,\"runs\":true,\"open\":["
             "{\"from_ms\":1772272800000,\"until_ms\":1772280000000},"
             "{\"from_ms\":1772355600000,\"until_ms\":1772362800000}]}]}}\n",
             hash);
    page_is(expected);
}

static void without_its_policy_a_verdict_has_no_slices(void **state)
{
    (void)state;
    tell_a_breach(add_json);
    fclose(print.out);
    assert_null(strstr(text, "\"rule\":"));
    assert_non_null(strstr(text, "\"by\":\"calendar\",\"calendar\":\"day\",\"intervals\":["
                                 "{\"from_ms\":1772272800000,\"until_ms\":1772362800000,"
                                 "\"runs\":true}]}}\n"));
}

static void the_time_of_a_legal_clock_has_no_slices(void **state)
{
    (void)state;
    read_with_policy();
    tell_a_legal_answer(add_json);
    fclose(print.out);
    assert_non_null(strstr(text, "\"law\":\"EU 2016/679 art. 12(3)\""));
    assert_non_null(strstr(text, "\"counted\":{\"spent_ms\":172800000,\"target_ms\":2678400000,"
                                 "\"by\":\"wall\",\"intervals\":[{\"from_ms\":1772193600000,"
                                 "\"until_ms\":1772366400000,\"runs\":false}]}}\n"));
}

static void a_decision_in_json_has_its_candidates(void **state)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__Tried rule = TOCSIN__V1__TRIED__INIT, person = TOCSIN__V1__TRIED__INIT;
    Tocsin__V1__Tried *rules[] = {&rule}, *people[] = {&person};
    (void)state;
    rule.name = toc_wire_text("safety");
    rule.why = toc_wire_text("risk");
    person.name = toc_wire_text("ben");
    person.why = toc_wire_text("offline");
    issue.queue = toc_wire_text("support");
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.issue = &issue;
    change.rule = toc_wire_text("vip");
    change.tried = rules;
    change.n_tried = 1;
    change.tried_more = 7;
    change.candidates = people;
    change.n_candidates = 1;
    add_json("router", TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED, T0, &change);
    page_is("{\"what\":\"record\",\"service\":\"router\",\"seq\":\"1\","
            "\"type\":\"issue_changed\",\"at_ms\":1772366400000,\"policy\":4,"
            "\"body\":{\"what\":\"routed\",\"issue\":{\"queue\":\"support\"},"
            "\"rule\":\"vip\",\"tried\":[{\"name\":\"safety\",\"why\":\"risk\"}],"
            "\"candidates\":[{\"name\":\"ben\",\"why\":\"offline\"}],\"tried_more\":7}}\n");
}

static void what_holds_now_is_the_last_line(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__IssueClocks clocks = TOCSIN__V1__ISSUE_CLOCKS__INIT;
    Tocsin__V1__Clock reply = TOCSIN__V1__CLOCK__INIT, *list[] = {&reply};
    Tocsin__V1__CrossEscalation asked = TOCSIN__V1__CROSS_ESCALATION__INIT, *teams[] = {&asked};
    Tocsin__V1__Alert alert = TOCSIN__V1__ALERT__INIT, *alerts[] = {&alert};
    const struct why_now now = {.issue = &issue,
                                .clocks = &clocks,
                                .escalations = teams,
                                .escalation_count = 1,
                                .alerts = alerts,
                                .alert_count = 1,
                                .now_ms = T0,
                                .cut = true};
    (void)state;
    issue.queue = toc_wire_text("support");
    reply.metric = toc_wire_text("first_reply");
    clocks.clocks = list;
    clocks.n_clocks = 1;
    asked.team = toc_wire_text("legal");
    alert.cause = toc_wire_text("breached late");
    why_json_now(&page, &now);
    page_is("{\"what\":\"now\",\"now_ms\":1772366400000,\"issue\":{\"queue\":\"support\"},"
            "\"clocks\":[{\"metric\":\"first_reply\"}],\"escalations\":[{\"team\":\"legal\"}],"
            "\"alerts\":[{\"cause\":\"breached late\"}],\"cut\":true}\n");
}

static void why_not_is_answered_rule_by_rule_in_json(void **state)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    static const struct toc_alert_rule rules[] = {
        {.name = "urgent", .on = TOC_ALERT_ON_OPENED, .when = {is_p1, 1}},
        {.name = "late", .on = TOC_ALERT_ON_BREACHED, .metric = "resolution"},
        {.name = "soon", .on = TOC_ALERT_ON_WARNED, .threshold_percent = 80},
    };
    const struct toc_policy policy = {.version = 2, .alerts = rules, .alert_count = 3};
    const struct why_now now = {.issue = &issue, .policy = &policy, .now_ms = T0};
    (void)state;
    issue.priority = TOCSIN__V1__PRIORITY__PRIORITY_P2;
    why_json_now(&page, &now);
    fclose(print.out);
    assert_non_null(strstr(text, "\"policy\":2,\"policy_hash\":\"0000"));
    assert_string_equal(strstr(text, "\"alert_rules\""),
                        "\"alert_rules\":["
                        "{\"rule\":\"urgent\",\"because\":\"field\",\"field\":\"priority\","
                        "\"value\":\"P2\",\"on\":\"opened\"},"
                        "{\"rule\":\"late\",\"because\":\"no_path\",\"on\":\"breached\","
                        "\"metric\":\"resolution\"},"
                        "{\"rule\":\"soon\",\"because\":\"no_path\",\"on\":\"warned\","
                        "\"threshold_percent\":80}]}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* Whoever is asked first has most of the records; its old ones stand for nobody's new ones. */
static void the_newest_records_are_kept_whoever_wrote_them(void **state)
{
    Tocsin__V1__Record records[6];
    struct why_entry list[3];
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        tocsin__v1__record__init(&records[i]);
        records[i].at_ms = T0 - (toc_time_ms)(i % 4) * MINUTE;
    }
    for (size_t i = 0; i < 6; i++) {
        const struct why_entry entry = {.service = i < 4 ? "router" : "sla", .record = &records[i]};
        assert_int_equal(why_keep_newest(list, 3, &count, &entry), i < 3);
    }
    size_t of_sla = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(list[i].record->at_ms >= T0 - MINUTE);
        of_sla += strcmp(list[i].service, "sla") == 0;
    }
    assert_int_equal(count, 3);
    assert_int_equal(of_sla, 1); /* the other one is as old as what is there */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_records_are_kept_whoever_wrote_them),
        TEST(a_decision_names_its_rule_and_what_did_not_fit),
        TEST(an_alert_names_its_rule_and_what_did_not_fit),
        TEST(a_breach_shows_the_sum_behind_it),
        TEST(a_queue_of_one_letter_is_no_tier),
        TEST(promises_and_verdicts_name_their_zones),
        TEST(a_verdict_shows_its_rule_its_slices_and_its_shares),
        TEST(the_time_of_a_legal_clock_is_no_work),
        TEST(what_the_router_hears_of_urgency_is_told),
        TEST(what_the_notifier_hears_of_deadlines_is_told),
        TEST(pages_show_their_delivery_and_their_fate),
        TEST(what_a_provider_is_told_is_news_and_no_page),
        TEST(a_stranger_s_text_moves_nothing),
        TEST(unknown_records_are_shown_as_such),
        TEST(why_not_is_answered_rule_by_rule),
        TEST(a_fitting_rule_without_a_path_pages_nobody),
        TEST(open_escalations_say_who_has_to_act),
        TEST(clocks_and_alerts_are_counted_down),
        TEST(a_path_that_is_through_is_at_no_step),
        TEST(a_verdict_in_json_has_what_its_text_says),
        TEST(without_its_policy_a_verdict_has_no_slices),
        TEST(the_time_of_a_legal_clock_has_no_slices),
        TEST(a_decision_in_json_has_its_candidates),
        TEST(what_holds_now_is_the_last_line),
        TEST(why_not_is_answered_rule_by_rule_in_json),
    };
    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
