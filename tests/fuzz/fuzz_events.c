/*
 * Bytes become a sequence of events, times and crashes for intake, router, sla and notifier, linked
 * as they are deployed, each on its own memory disk. Nothing of it may be a failure, every event
 * that was accepted is applied once, and in the end nobody is behind.
 */
#include "services/intake/intake.h"
#include "tests/fuzz/fuzz_world.h"

static const char policy_text[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  office: {zone: Europe/Berlin, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"
    "paths:\n"
    "  duty: {repeat: 1, steps: [{page: [one], wait: 1m}, {page: [two], wait: 1m}]}\n"
    "queues:\n"
    "  first: {tier: 1}\n"
    "  safety: {tier: 3}\n"
    "triage:\n"
    "  - {rule: safety, when: {category: [safety*]}, set: {risk: critical, priority: P1}}\n"
    "  - {rule: tagged, when: {channel: [chat]}, set: {priority: P2, tags: [chatty]}}\n"
    "routes:\n"
    "  - {rule: safety, when: {risk: [critical]}, queue: safety, sla: fast, path: duty}\n"
    "  - {rule: default, queue: first, sla: slow, path: duty}\n"
    "slas:\n"
    "  fast: {calendar: always, clocks: {first_reply: {targets: {default: 1m}, warn: [50]},\n"
    "    resolution: {targets: {P1: 2m, default: 4m}, warn: [50, 80]}}}\n"
    "  slow: {calendar: office, pause_on: [pending], clocks: {\n"
    "    first_reply: {targets: {default: 10m}, warn: [80]},\n"
    "    resolution: {targets: {default: 30m}}}}\n"
    "alerts:\n"
    "  - {rule: breached, on: breached, severity: error}\n"
    "  - {rule: opened, on: opened, when: {risk: [critical]}, severity: critical}\n";

/* --- events from the input ---------------------------------------------------------------- */

/* A text of the input's length: short ones are words, long ones go to the limits. */
static char *text_of(struct fuzz_input *in, char out[256])
{
    static const char *const words[] = {"", "safety", "chat", "first", "en", "x", "safety-2", "z"};
    unsigned n = fuzz_byte(in);
    if (n < 128)
        return toc_str_copy(out, 256, toc_str_of(words[n % 8]));
    size_t size = (n - 128) * 2 < INTAKE_TEXT_MAX ? (n - 128) * 2 : INTAKE_TEXT_MAX;
    memset(out, 'a' + (int)(n % 26), size);
    out[size] = '\0';
    return out;
}

static void open_issue(struct fuzz_input *in, Tocsin__V1__Event *event)
{
    static char texts[8][256], tags[32][256];
    static char *tag_list[32];
    static Tocsin__V1__IssueOpened opened;
    opened = (Tocsin__V1__IssueOpened)TOCSIN__V1__ISSUE_OPENED__INIT;
    opened.channel = text_of(in, texts[0]);
    opened.category = text_of(in, texts[1]);
    opened.language = text_of(in, texts[2]);
    opened.requester = text_of(in, texts[3]);
    opened.product = text_of(in, texts[4]);
    opened.line_of_business = text_of(in, texts[5]);
    opened.priority = (Tocsin__V1__Priority)(fuzz_byte(in) % 5);
    opened.risk = (Tocsin__V1__Risk)(fuzz_byte(in) % 6);
    opened.n_tags = fuzz_byte(in) % 33;
    for (size_t i = 0; i < opened.n_tags; i++)
        tag_list[i] = text_of(in, tags[i]);
    opened.tags = tag_list;
    event->type = toc_wire_text("tocsin.issue.opened");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_OPENED;
    event->issue_opened = &opened;
}

static void classify(struct fuzz_input *in, Tocsin__V1__Event *event)
{
    static char texts[4][256], tags[2][8][256];
    static char *lists[2][8];
    static Tocsin__V1__IssueClassified body;
    body = (Tocsin__V1__IssueClassified)TOCSIN__V1__ISSUE_CLASSIFIED__INIT;
    body.category = text_of(in, texts[0]);
    body.language = text_of(in, texts[1]);
    body.line_of_business = text_of(in, texts[2]);
    body.product = text_of(in, texts[3]);
    body.risk = (Tocsin__V1__Risk)(fuzz_byte(in) % 6);
    body.priority = (Tocsin__V1__Priority)(fuzz_byte(in) % 5);
    body.n_add_tags = fuzz_byte(in) % 9;
    body.n_remove_tags = fuzz_byte(in) % 3;
    for (size_t i = 0; i < body.n_add_tags; i++)
        lists[0][i] = text_of(in, tags[0][i]);
    for (size_t i = 0; i < body.n_remove_tags; i++)
        lists[1][i] = text_of(in, tags[1][i]);
    body.add_tags = lists[0];
    body.remove_tags = lists[1];
    event->type = toc_wire_text("tocsin.issue.classified");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED;
    event->issue_classified = &body;
}

static void assign(struct fuzz_input *in, Tocsin__V1__Event *event)
{
    static char texts[2][256];
    static Tocsin__V1__IssueAssigned assigned;
    static Tocsin__V1__IssueEscalated escalated;
    if (fuzz_byte(in) & 1) {
        assigned = (Tocsin__V1__IssueAssigned)TOCSIN__V1__ISSUE_ASSIGNED__INIT;
        assigned.action = (Tocsin__V1__IssueAssigned__Action)(fuzz_byte(in) % 6);
        assigned.queue = text_of(in, texts[0]);
        assigned.assignee = text_of(in, texts[1]);
        event->type = toc_wire_text("tocsin.issue.assigned");
        event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED;
        event->issue_assigned = &assigned;
        return;
    }
    escalated = (Tocsin__V1__IssueEscalated)TOCSIN__V1__ISSUE_ESCALATED__INIT;
    escalated.to_tier = fuzz_byte(in) % 5;
    escalated.queue = text_of(in, texts[0]);
    escalated.reason = text_of(in, texts[1]);
    event->type = toc_wire_text("tocsin.issue.escalated");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED;
    event->issue_escalated = &escalated;
}

static void say(struct fuzz_input *in, Tocsin__V1__Event *event)
{
    static Tocsin__V1__IssueMessage message;
    static Tocsin__V1__IssueStatus status;
    unsigned n = fuzz_byte(in);
    if (n & 1) {
        message = (Tocsin__V1__IssueMessage)TOCSIN__V1__ISSUE_MESSAGE__INIT;
        message.direction = (Tocsin__V1__Direction)(n / 2 % 4);
        message.auto_ = (n & 16) != 0;
        event->type = toc_wire_text("tocsin.issue.message");
        event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE;
        event->issue_message = &message;
        return;
    }
    status = (Tocsin__V1__IssueStatus)TOCSIN__V1__ISSUE_STATUS__INIT;
    status.state = (Tocsin__V1__IssueState)(n / 2 % 7);
    event->type = toc_wire_text("tocsin.issue.status");
    event->body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    event->issue_status = &status;
}

static void publish_one(struct fuzz_input *in, unsigned op)
{
    static char subject[256], id[24];
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    unsigned who = fuzz_byte(in);
    id[0] = 'e';
    toc_hex(id + 1, &fuzz_world.ids, sizeof(fuzz_world.ids));
    memset(subject, 's', sizeof(subject));
    subject[0] = (char)('A' + who % 6);
    subject[who >= 128 ? 199 : 1] = '\0';
    event.id = id;
    event.source = toc_wire_text("fuzz");
    event.subject = subject;
    event.test = (who & 64) != 0;
    if (op == 0)
        open_issue(in, &event);
    else if (op == 1)
        classify(in, &event);
    else if (op == 2)
        assign(in, &event);
    else
        say(in, &event);
    fuzz_publish(&event);
}

static void operate(struct fuzz_input *in)
{
    unsigned op = fuzz_byte(in) % 8;
    if (op <= 4)
        publish_one(in, op);
    else if (op == 5)
        fuzz_pass(fuzz_byte(in) * 4);
    else if (op == 6)
        for (unsigned n = fuzz_byte(in) % 64; n > 0; n--)
            fuzz_pass(1000); /* minutes go by; upstreams are heard in every second of them */
    else
        fuzz_crash(fuzz_byte(in) % FUZZ_NODES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    fuzz_world_open();
    if ((fuzz_byte(&in) & 3) != 0)
        fuzz_apply_policy(TOC_STR(policy_text));
    fuzz_settle(4);
    for (unsigned n = 0; n < 200 && fuzz_has_more(&in); n++)
        operate(&in);
    fuzz_world_settle();
    fuzz_world_close();
    return 0;
}
