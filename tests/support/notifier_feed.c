#include "tests/support/notifier_feed.h"

#include "common/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { ROUTER_LOG = 0x10, SLA_LOG = 0x20, INTAKE_LOG = 0x30 };

static void ok(enum toc_err err)
{
    if (err != TOC_OK)
        fail_msg("%s", toc_err_text(err));
}

void feed_open(struct feed *feed, bool reopen)
{
    const struct core_options options = {.service = &notifier_service};
    *feed = (struct feed){.core = core_open(&options), .reopen = reopen};
}

void feed_close(struct feed *feed)
{
    core_close(feed->core);
}

static void turn_over(struct feed *feed)
{
    if (feed->reopen)
        core_reopen(feed->core);
}

/* --- records ------------------------------------------------------------------------------ */

struct about {
    Tocsin__V1__RecordType type;
    uint32_t class_bit;
    unsigned issue; /* 0: for everyone */
    uint32_t policy;
    bool test;
};

static void feed_record(struct feed *feed, uint64_t log_id, uint64_t *seq, const char *time,
                        struct about about, const void *body)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t id[TOC_ID];
    struct toc_str bytes;
    core_issue_id(id, about.issue);
    ok(toc_wire_pack(core_arena(feed->core), body, &bytes));
    record.seq = ++*seq;
    record.type = about.type;
    record.class_ = about.class_bit;
    record.partition = about.issue != 0 ? about.issue : TOC_PARTITION_ALL;
    record.at_ms = record.log_ms = core_time(time);
    record.issue = toc_wire_binary(toc_str(id, about.issue != 0 ? TOC_ID : 0));
    record.policy = about.policy;
    record.test = about.test;
    record.body = toc_wire_binary(bytes);
    core_step(feed->core, log_id, &record);
    turn_over(feed);
}

/* --- the router ----------------------------------------------------------------------------- */

static void feed_control(struct feed *feed, const char *time, Tocsin__V1__RecordType type,
                         const void *body)
{
    feed_record(feed, ROUTER_LOG, &feed->router_seq, time,
                (struct about){.type = type, .class_bit = TOC_CLASS_CONTROL}, body);
}

void feed_policy(struct feed *feed, const char *time, const char *text)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    uint8_t hash[TOC_SHA256];
    size_t size = strlen(text);
    core_check_policy(text);
    toc_sha256(hash, toc_str(text, size));
    part.hash = applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    part.count = (uint32_t)((size + 999) / 1000);
    for (; part.index < part.count; part.index++) {
        size_t from = (size_t)part.index * 1000;
        part.text = toc_wire_binary(toc_str(text + from, size - from < 1000 ? size - from : 1000));
        feed_control(feed, time, TOCSIN__V1__RECORD_TYPE__POLICY_PART, &part);
    }
    applied.replaces = feed->version;
    applied.version = ++feed->version;
    applied.size = (uint32_t)size;
    feed_control(feed, time, TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED, &applied);
}

void feed_desk(struct feed *feed, const char *steps, unsigned repeat)
{
    char text[4096];
    int size = snprintf(text, sizeof(text),
                        "policy: 1\n"
                        "paths:\n"
                        "  desk: {repeat: %u, steps: %s%s%s}\n"
                        "  other: {steps: [{page: [somebody], wait: 1h}], coalesce: 0}\n"
                        "queues: {desk: {tier: 1}, quiet: {tier: 1}}\n"
                        "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}},\n"
                        "            night: {zone: UTC, weekly: {mon-sun: [\"22:00-07:00\"]}}}\n"
                        "slas:\n"
                        "  made: {calendar: always, clocks: {\n"
                        "    first_reply: {targets: {default: 1h}, warn: [80]},\n"
                        "    resolution: {targets: {default: 4h}, warn: [80]}}}\n"
                        "routes: [{rule: all, queue: desk, sla: made, path: desk}]\n"
                        "alerts:\n"
                        "  - {rule: critical, on: opened, when: {risk: [critical]}, "
                        "severity: critical}\n"
                        "  - {rule: late, on: breached, severity: error%s}\n"
                        "  - {rule: soon, on: warned, metric: first_reply, threshold: 80, "
                        "severity: warning, path: other}\n%s",
                        repeat, steps, feed->path_more != NULL ? feed->path_more : "",
                        feed->coalesces ? "" : ", coalesce: 0",
                        feed->late_more != NULL ? feed->late_more : "",
                        feed->policy_more != NULL ? feed->policy_more : "");
    assert_true(size > 0 && (size_t)size < sizeof(text));
    feed_policy(feed, "08:00", text);
}

/* The longest text that an intake lets through, of which the first `size` bytes are asked for. */
static char *longest(size_t size)
{
    static char text[200 + 1];
    memset(text, 's', sizeof(text) - 1);
    return text + sizeof(text) - 1 - size;
}

static char *text_or(const char *text, const char *usual)
{
    return toc_wire_text(text != NULL ? text : usual);
}

void feed_issue(struct feed *feed, const char *time, struct feed_issue from)
{
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    uint8_t id[TOC_ID];
    core_issue_id(id, from.issue);
    issue.id = toc_wire_binary(toc_str(id, TOC_ID));
    issue.number = issue.partition = from.issue;
    issue.state = from.state != 0 ? from.state : TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN;
    issue.risk = from.risk != 0 ? from.risk : TOCSIN__V1__RISK__RISK_CRITICAL;
    issue.priority = TOCSIN__V1__PRIORITY__PRIORITY_P1;
    issue.queue = text_or(from.queue, "desk");
    issue.path = text_or(from.path, "desk");
    issue.version = text_or(from.version, "");
    issue.source = toc_wire_text("crm");
    issue.subject = toc_wire_text("T");
    if (from.longest) {
        issue.source = issue.subject = longest(200);
        issue.category = issue.sop = longest(128);
    }
    change.what = from.what != 0 ? from.what : TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.issue = &issue;
    change.reason = text_or(from.reason, "");
    change.waited = from.waited;
    change.moves = from.moves;
    issue.waits = from.waits;
    issue.waiting = from.waiting;
    feed_record(feed, ROUTER_LOG, &feed->router_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED,
                               .class_bit = TOC_CLASS_HISTORY,
                               .issue = from.issue,
                               .policy = feed->version,
                               .test = from.test},
                &change);
}

/* --- sla and intake ------------------------------------------------------------------------- */

void feed_clock(struct feed *feed, const char *time, struct feed_clock from)
{
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    clock.metric = text_or(from.metric, "first_reply");
    clock.kind = text_or(from.kind, "");
    clock.instance = from.instance != 0 ? from.instance : 1;
    clock.unconfirmed =
        from.unconfirmed || from.what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED;
    change.what = from.what;
    change.clock = &clock;
    change.number = from.issue;
    change.threshold_percent = from.threshold_percent;
    change.due_ms = core_time(from.due != NULL ? from.due : time);
    change.path = text_or(from.path, "desk");
    change.queue = toc_wire_text("desk");
    change.source = toc_wire_text("crm");
    change.subject = toc_wire_text("T");
    if (from.longest) {
        change.source = change.subject = longest(200);
        change.category = change.sop = longest(128);
        change.queue = clock.scope = clock.metric = longest(64);
        change.due_ms = clock.instance = UINT32_MAX;
    }
    change.priority = TOCSIN__V1__PRIORITY__PRIORITY_P1;
    change.risk = TOCSIN__V1__RISK__RISK_LOW;
    change.unfit = toc_wire_binary(from.unfit);
    feed_record(feed, SLA_LOG, &feed->sla_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED,
                               .class_bit = TOC_CLASS_CLOCK,
                               .issue = from.issue,
                               .policy = feed->version,
                               .test = from.test},
                &change);
}

void feed_deadline(struct feed *feed, const char *time, unsigned issue, const char *due)
{
    Tocsin__V1__Deadline deadline = TOCSIN__V1__DEADLINE__INIT;
    deadline.number = issue;
    deadline.due_ms = due != NULL ? core_time(due) : 0;
    feed_record(feed, SLA_LOG, &feed->sla_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED,
                               .class_bit = TOC_CLASS_CLOCK,
                               .issue = issue,
                               .policy = feed->version},
                &deadline);
}

/* `door_id`: it came in by the notifier's own door, as this event; NULL: it did not. */
static void feed_said(struct feed *feed, const char *time, const char *verb,
                      Tocsin__V1__AlertAction *action, const char *door_id)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char type[64];
    snprintf(type, sizeof(type), "tocsin.alert.%s", verb);
    event.id = text_or(door_id, "e");
    event.source = toc_wire_text(door_id != NULL ? NOTIFIER_DOOR : "console");
    event.type = type;
    event.test = feed->test;
    event.body_case = TOCSIN__V1__EVENT__BODY_ALERT;
    event.alert = action;
    feed_record(feed, INTAKE_LOG, &feed->intake_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED,
                               .class_bit = TOC_CLASS_ALERT},
                &event);
}

void feed_act(struct feed *feed, const char *time, const char *verb, const uint8_t alert[TOC_ID],
              const char *by)
{
    Tocsin__V1__AlertAction action = TOCSIN__V1__ALERT_ACTION__INIT;
    action.alert = toc_wire_binary(toc_str(alert, TOC_ID));
    action.by = toc_wire_text(by);
    feed_said(feed, time, verb, &action, NULL);
}

void feed_action(struct feed *feed, const char *time, struct feed_action from)
{
    Tocsin__V1__AlertAction action = TOCSIN__V1__ALERT_ACTION__INIT;
    action.alert = feed_alert(feed, from.number != 0 ? from.number : 1)->id;
    action.by = text_or(from.by, "ana");
    action.note = text_or(from.note, "");
    action.until_ms = from.until != NULL ? core_time(from.until) : 0;
    action.version = from.version;
    action.group = from.group;
    feed_said(feed, time, from.verb, &action, from.door_id);
}

static void feed_control_event(struct feed *feed, const char *time, const char *type,
                               Tocsin__V1__Event *event)
{
    event->id = toc_wire_text("e");
    event->source = toc_wire_text("console");
    event->type = toc_wire_text(type);
    event->test = feed->test;
    feed_record(feed, INTAKE_LOG, &feed->intake_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED,
                               .class_bit = TOC_CLASS_CONTROL},
                event);
}

void feed_verify(struct feed *feed, const char *time, const char *person, const char *method,
                 const char *code)
{
    Tocsin__V1__ContactVerified said = TOCSIN__V1__CONTACT_VERIFIED__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    said.person = toc_wire_text(person);
    said.method = toc_wire_text(method);
    said.code = toc_wire_text(code);
    said.by = toc_wire_text("ben");
    event.body_case = TOCSIN__V1__EVENT__BODY_CONTACT_VERIFIED;
    event.contact_verified = &said;
    feed_control_event(
        feed, time, code[0] != '\0' ? "tocsin.contact.verified" : "tocsin.contact.asked", &event);
}

void feed_reach(struct feed *feed, const char *time, const char *id, const char *person,
                const char *until)
{
    Tocsin__V1__Reach said = TOCSIN__V1__REACH__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char *persons[] = {text_or(person, "")};
    said.reach = toc_wire_text(id);
    said.by = toc_wire_text("ben");
    said.persons = persons;
    said.n_persons = person != NULL;
    said.until_ms = core_time(until);
    event.body_case = TOCSIN__V1__EVENT__BODY_REACH;
    event.reach = &said;
    feed_control_event(feed, time, "tocsin.reach.asked", &event);
}

void feed_answer(struct feed *feed, const char *time, const char *code, const char *delivery)
{
    Tocsin__V1__Reach said = TOCSIN__V1__REACH__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    said.by = toc_wire_text("ana");
    said.answer = text_or(code, "");
    said.delivery = text_or(delivery, "");
    event.body_case = TOCSIN__V1__EVENT__BODY_REACH;
    event.reach = &said;
    feed_control_event(feed, time, "tocsin.reach.answered", &event);
}

void feed_mute(struct feed *feed, const char *time, struct feed_mute said)
{
    Tocsin__V1__Silence silence = TOCSIN__V1__SILENCE__INIT;
    Tocsin__V1__Maintenance maintenance = TOCSIN__V1__MAINTENANCE__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    bool begins = said.matcher != NULL;
    silence.silence = maintenance.maintenance = text_or(said.id, "s");
    silence.matcher = maintenance.scope = text_or(said.matcher, "");
    silence.owner = maintenance.owner = silence.by = maintenance.by = text_or(said.owner, "ana");
    silence.reason = maintenance.reason = toc_wire_text("CHG-1");
    silence.really = maintenance.really = said.really;
    silence.end_ms = maintenance.end_ms = begins ? core_time(said.until) : 0;
    if (said.maintenance) {
        event.body_case = TOCSIN__V1__EVENT__BODY_MAINTENANCE;
        event.maintenance = &maintenance;
        feed_control_event(
            feed, time, begins ? "tocsin.maintenance.started" : "tocsin.maintenance.ended", &event);
    } else {
        event.body_case = TOCSIN__V1__EVENT__BODY_SILENCE;
        event.silence = &silence;
        feed_control_event(feed, time, begins ? "tocsin.silence.created" : "tocsin.silence.ended",
                           &event);
    }
}

void feed_override(struct feed *feed, const char *time, const char *id, const char *person,
                   const char *replaces, const char *from, const char *until)
{
    Tocsin__V1__ScheduleOverride said = TOCSIN__V1__SCHEDULE_OVERRIDE__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    ProtobufCMessageUnknownField newer = {.tag = 15,
                                          .wire_type = 2,
                                          .len = feed->newer.size,
                                          .data = (uint8_t *)(uintptr_t)feed->newer.data};
    said.base.n_unknown_fields = feed->newer.size != 0;
    said.base.unknown_fields = &newer;
    said.schedule = text_or(feed->schedule, "prim");
    said.override = toc_wire_text(id);
    said.by = toc_wire_text("ben");
    if (person != NULL) {
        said.person = toc_wire_text(person);
        said.replaces = toc_wire_text(replaces);
        said.from_ms = core_time(from);
        said.until_ms = core_time(until);
    }
    event.id = toc_wire_text("e");
    event.source = toc_wire_text("console");
    event.type = toc_wire_text(person != NULL ? "tocsin.schedule.override"
                                              : "tocsin.schedule.override_ended");
    event.test = feed->test;
    event.body_case = TOCSIN__V1__EVENT__BODY_SCHEDULE_OVERRIDE;
    event.schedule_override = &said;
    feed_record(feed, INTAKE_LOG, &feed->intake_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED,
                               .class_bit = TOC_CLASS_CONTROL},
                &event);
}

void feed_receipt(struct feed *feed, const char *time, const char *what, const char *delivery)
{
    Tocsin__V1__PageReceipt receipt = TOCSIN__V1__PAGE_RECEIPT__INIT;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    char type[64];
    snprintf(type, sizeof(type), "tocsin.page.%s", what);
    receipt.delivery = toc_wire_text(delivery);
    receipt.status = text_or(feed->status, "5.1.1");
    receipt.method = text_or(feed->sent_by, "");
    event.id = toc_wire_text("e");
    event.source = toc_wire_text("console");
    event.type = type;
    event.test = feed->test;
    event.body_case = TOCSIN__V1__EVENT__BODY_PAGE_RECEIPT;
    event.page_receipt = &receipt;
    feed_record(feed, INTAKE_LOG, &feed->intake_seq, time,
                (struct about){.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED,
                               .class_bit = TOC_CLASS_ALERT},
                &event);
}

void feed_act_on(struct feed *feed, const char *time, const char *verb, uint64_t number,
                 const char *by)
{
    feed_act(feed, time, verb, feed_alert(feed, number)->id.data, by);
}

/* --- time and outcomes ---------------------------------------------------------------------- */

void feed_upstream(struct feed *feed, const char *time, const char *name, bool left_out,
                   const char *stopped)
{
    core_set_log(feed->core, core_time(time));
    core_upstream(feed->core, name, left_out, stopped);
    turn_over(feed);
}

void feed_time(struct feed *feed, const char *time)
{
    core_set_log(feed->core, core_time(time));
    turn_over(feed);
}

static void feed_word(struct feed *feed, const char *time, const Tocsin__V1__SenderWord *word)
{
    struct toc_str bytes;
    ok(toc_wire_pack(core_arena(feed->core), word, &bytes));
    core_set_log(feed->core, core_time(time));
    core_outcome(feed->core, bytes);
    turn_over(feed);
}

static const char *kind_of(const char *provider)
{
    if (strncmp(provider, "pagerduty", 9) == 0)
        return "pagerduty";
    return strncmp(provider, "email", 5) == 0 ? "email" : "webhook";
}

void feed_contact(struct feed *feed, const char *time, const char *person, const char *methods)
{
    static Tocsin__V1__ContactMethod method[NOTIFIER_METHODS_MAX];
    static char names[NOTIFIER_METHODS_MAX][33], providers[NOTIFIER_METHODS_MAX][33];
    static uint32_t order[NOTIFIER_METHODS_MAX] = {0, 1, 2, 3, 4, 5, 6, 7};
    Tocsin__V1__ContactMethod *list[NOTIFIER_METHODS_MAX];
    Tocsin__V1__Contact contact = TOCSIN__V1__CONTACT__INIT;
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    contact.person = toc_wire_text(person);
    contact.gone = methods == NULL;
    for (const char *at = methods; at != NULL && *at != '\0'; at += strspn(at, " ")) {
        size_t i = contact.n_methods++, size = strcspn(at, " ");
        bool verified = at[size - 1] != '?';
        tocsin__v1__contact_method__init(&method[i]);
        snprintf(names[i], sizeof(names[i]), "%.*s", (int)(size - !verified), at);
        snprintf(providers[i], sizeof(providers[i]), "%.*s", (int)strcspn(names[i], "/"), names[i]);
        method[i].name = names[i];
        method[i].kind = toc_wire_text(kind_of(providers[i]));
        method[i].provider = providers[i];
        method[i].address = toc_wire_binary(toc_str_of(names[i]));
        method[i].verified = verified;
        list[i] = &method[i];
        at += size;
    }
    contact.methods = list;
    contact.n_urgent = contact.n_normal = contact.n_methods;
    contact.urgent = contact.normal = order;
    word.contact = &contact;
    feed_word(feed, time, &word);
}

void feed_outcome_after(struct feed *feed, const char *time, uint64_t number, uint32_t index,
                        uint32_t code, const char *retry_after)
{
    Tocsin__V1__PageOutcome outcome = TOCSIN__V1__PAGE_OUTCOME__INIT;
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    char text[16] = "timeout";
    if (code != 0)
        snprintf(text, sizeof(text), "%u", code);
    outcome.alert_number = number;
    outcome.page = index;
    outcome.code = code;
    outcome.text = text;
    outcome.retry_after_ms = retry_after != NULL ? core_time(retry_after) : 0;
    word.page = &outcome;
    feed_word(feed, time, &word);
}

void feed_passed_on(struct feed *feed, const char *time, uint64_t number, uint32_t index)
{
    Tocsin__V1__PageOutcome outcome = TOCSIN__V1__PAGE_OUTCOME__INIT;
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    outcome.alert_number = number;
    outcome.page = index;
    outcome.text = toc_wire_text("passed on");
    outcome.untried = true;
    word.page = &outcome;
    feed_word(feed, time, &word);
}

void feed_outcome(struct feed *feed, const char *time, uint64_t number, uint32_t index,
                  uint32_t code)
{
    feed_outcome_after(feed, time, number, index, code, NULL);
}

/* --- looking -------------------------------------------------------------------------------- */

struct wanted {
    uint64_t number;
    uint32_t index;
    void *found;
};

static enum toc_err read_alert(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct wanted *wanted = user;
    return alert_load(txn, arena, wanted->number, (Tocsin__V1__Alert **)&wanted->found);
}

static enum toc_err read_page(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct wanted *wanted = user;
    return page_load(txn, arena, wanted->number, wanted->index,
                     (Tocsin__V1__Page **)&wanted->found);
}

const Tocsin__V1__Alert *feed_alert(struct feed *feed, uint64_t number)
{
    struct wanted wanted = {.number = number};
    ok(core_read(feed->core, read_alert, &wanted));
    return wanted.found;
}

const Tocsin__V1__Page *feed_page(struct feed *feed, uint64_t number, uint32_t index)
{
    struct wanted wanted = {.number = number, .index = index};
    ok(core_read(feed->core, read_page, &wanted));
    return wanted.found;
}

struct due {
    toc_time_ms now_ms;
    char text[512];
};

static enum toc_err read_due(struct toc_txn *txn, struct toc_arena *arena, void *user)
{
    struct due *due = user;
    struct notifier_page pages[32];
    size_t count, used = 0;
    TOC_TRY(notifier_due_pages(txn, arena, due->now_ms, 32, pages, &count));
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(due->text + used, sizeof(due->text) - used, "%s%s",
                                 i == 0 ? "" : " ", pages[i].page->contact);
    return TOC_OK;
}

const char *feed_due(struct feed *feed, const char *time)
{
    static struct due due;
    due = (struct due){.now_ms = core_time(time)};
    ok(core_read(feed->core, read_due, &due));
    return due.text;
}
