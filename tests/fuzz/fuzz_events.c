/*
 * Bytes become a sequence of events, times and crashes for intake, router, sla and notifier, linked
 * as they are deployed, each on its own memory disk. Nothing of it may be a failure, every event
 * that was accepted is applied once, and in the end nobody is behind.
 */
#include "common/store_mem.h"
#include "services/intake/intake.h"
#include "services/notifier/notifier.h"
#include "services/router/router.h"
#include "services/sla/sla.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>

#define CLIENT   (TOC_PEER_BOUND + FUZZ_NODES) /* its receipts are dropped */
#define START_MS INT64_C(1790000000000)

static const struct intake_config intake_config = {
    .control = true, .memory_entries = 64, .window_ms = TOC_HOUR_MS};

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

struct node {
    struct toc_run_config config;
    struct toc_run *run;
    struct toc_link link;
};

static struct {
    struct node nodes[FUZZ_NODES];
    struct toc_now now;
    uint64_t ids;
} world;

static const struct {
    const struct toc_service *service;
    const void *config;
    const char *disk;
    unsigned upstreams[FUZZ_NODES];
    size_t upstream_count;
} plan[FUZZ_NODES] = {
    {&intake_service, &intake_config, "fuzz-intake", {0}, 0},
    {&router_service, NULL, "fuzz-router", {0}, 1},
    {&sla_service, NULL, "fuzz-sla", {1}, 1},
    {&notifier_service, NULL, "fuzz-notifier", {0, 1, 2}, 3},
};

static void start(unsigned place)
{
    static const char *const names[] = {"a", "b", "c"};
    struct node *node = &world.nodes[place];
    node->link = (struct toc_link){.place = place, .upstream_count = plan[place].upstream_count};
    memcpy(node->link.upstreams, plan[place].upstreams, sizeof(node->link.upstreams));
    node->config = (struct toc_run_config){.service = plan[place].service,
                                           .service_config = plan[place].config,
                                           .data_dir = plan[place].disk,
                                           .map_bytes = 1 << 24,
                                           .link = &node->link,
                                           .upstreams = names,
                                           .upstream_count = plan[place].upstream_count,
                                           .batch_max = 32,
                                           .random = 1000 * (place + 1) + world.ids++};
    fuzz_links[place] = &node->link;
    TOC_ASSERT(toc_run_open(&node->config, world.now, &node->run) == TOC_OK);
}

static void turn(struct node *node)
{
    TOC_ASSERT(toc_run_poll(node->run, world.now) == TOC_OK);
    TOC_ASSERT(toc_run_commit(node->run, world.now) == TOC_OK);
}

static void deliver(void)
{
    struct fuzz_frame *frame;
    while ((frame = fuzz_take_frame()) != NULL) {
        struct node *node = &world.nodes[frame->to];
        if (toc_run_is_full(node->run))
            turn(node);
        TOC_ASSERT(toc_run_frame(node->run, frame->from, toc_str(frame->bytes, frame->size),
                                 world.now) == TOC_OK);
        fuzz_frame_free(frame);
    }
}

static void pass(toc_time_ms ms)
{
    world.now.wall_ms += ms;
    world.now.mono_ms += ms;
    deliver();
    for (unsigned i = 0; i < FUZZ_NODES; i++)
        turn(&world.nodes[i]);
}

/* Lets the links settle: hellos, fetches, batches and promises take their rounds. */
static void settle(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        pass(60);
}

static void publish(const Tocsin__V1__Event *event)
{
    static uint8_t packed[8192], body[8300], frame[8400];
    TOC_ASSERT(tocsin__v1__event__get_packed_size(event) <= sizeof(packed));
    size_t size = tocsin__v1__event__pack(event, packed);
    uint8_t *end = toc_wire_put_varint(body, 1, ++world.ids);
    end = toc_wire_put_bytes(end, 2, toc_str(packed, size));
    uint8_t *out = toc_wire_put_varint(frame, 1, TOC_WIRE_VERSION);
    out = toc_wire_put_bytes(out, 3, toc_str(body, (size_t)(end - body)));
    if (toc_run_is_full(world.nodes[0].run))
        turn(&world.nodes[0]);
    TOC_ASSERT(toc_run_frame(world.nodes[0].run, CLIENT, toc_str(frame, (size_t)(out - frame)),
                             world.now) == TOC_OK);
}

static void apply_policy(void)
{
    uint8_t hash[TOC_SHA256];
    struct toc_str text = TOC_STR(policy_text);
    uint32_t count = (uint32_t)((text.size + 999) / 1000);
    toc_sha256(hash, text);
    for (uint32_t i = 0; i <= count; i++) {
        Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
        Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
        Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
        char id[2] = {(char)('a' + i), '\0'};
        size_t left = i < count ? text.size - 1000 * i : 0;
        event.id = id;
        event.source = toc_wire_text("policy");
        event.type = toc_wire_text(i < count ? "tocsin.policy.part" : "tocsin.policy.applied");
        event.body_case = i < count ? TOCSIN__V1__EVENT__BODY_POLICY_PART
                                    : TOCSIN__V1__EVENT__BODY_POLICY_APPLIED;
        part.hash = applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
        part.index = i;
        part.count = count;
        part.text = toc_wire_binary(toc_str(text.data + 1000 * i, left < 1000 ? left : 1000));
        applied.version = 1;
        applied.size = (uint32_t)text.size;
        if (i < count)
            event.policy_part = &part;
        else
            event.policy_applied = &applied;
        publish(&event);
    }
}

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
    toc_hex(id + 1, &world.ids, sizeof(world.ids));
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
    publish(&event);
}

static void crash(unsigned place)
{
    toc_run_close(world.nodes[place].run);
    fuzz_drop_frames();
    start(place);
}

static void operate(struct fuzz_input *in)
{
    unsigned op = fuzz_byte(in) % 8;
    if (op <= 4)
        publish_one(in, op);
    else if (op == 5)
        pass(fuzz_byte(in) * 4);
    else if (op == 6)
        for (unsigned n = fuzz_byte(in) % 64; n > 0; n--)
            pass(1000); /* minutes go by; upstreams are heard in every second of them */
    else
        crash(fuzz_byte(in) % FUZZ_NODES);
}

static void check_end(void)
{
    struct toc_run_counts counts;
    const char *why_not;
    settle(40); /* hellos are tried again after 500 ms */
    for (unsigned i = 0; i < FUZZ_NODES; i++) {
        toc_run_counts(world.nodes[i].run, &counts);
        TOC_ASSERT(counts.upstreams_stopped == 0);
        TOC_ASSERT(counts.lag_records == 0);
        TOC_ASSERT(toc_run_is_ready(world.nodes[i].run, &why_not));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    TOC_ASSERT(sodium_init() >= 0);
    world.now = (struct toc_now){START_MS, 1000};
    world.ids = 0;
    for (unsigned i = 0; i < FUZZ_NODES; i++)
        start(i);
    if ((fuzz_byte(&in) & 3) != 0)
        apply_policy();
    settle(4);
    for (unsigned n = 0; n < 200 && fuzz_has_more(&in); n++)
        operate(&in);
    check_end();
    for (unsigned i = 0; i < FUZZ_NODES; i++)
        toc_run_close(world.nodes[i].run);
    fuzz_drop_frames();
    toc_mem_disk_free_all();
    return 0;
}
