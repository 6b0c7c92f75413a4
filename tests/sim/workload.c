/*
 * Publishers, and the ledger that they keep on their own: what was sent, what was acknowledged.
 *
 * A publisher sends again what was not answered in time, sometimes sends again what was, reuses an
 * id for another event, sends nonsense, replies exactly when a target is due, and acknowledges
 * alerts. Nothing here looks at a service's rows; only the logs are compared with the ledger.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

#define ATTEMPTS_MAX   2048
#define BATCHES_MAX    8192
#define BATCH_EVENTS   16
#define SNIPES_MAX     256
#define RESEND_MS      700
#define ISSUE_KEY_SIZE 32

enum attempt_state { ATTEMPT_OPEN, ATTEMPT_ACKED, ATTEMPT_REFUSED };

struct attempt {
    unsigned publisher;
    enum attempt_state state;
    uint8_t *bytes;
    size_t size;
    char id[24];
    bool bad;       /* has to be refused */
    bool again;     /* may be repeated after it was acknowledged */
    bool policy;    /* is refused until its parts are there */
    unsigned times; /* accepted into a log */
    uint64_t log_id, seq;
    toc_time_ms sent_ms;
};

struct batch {
    uint64_t tag;
    unsigned publisher;
    size_t count;
    unsigned attempts[BATCH_EVENTS];
};

struct snipe {
    uint8_t issue[16];
};

struct workload {
    struct attempt attempts[ATTEMPTS_MAX];
    size_t attempt_count;
    struct batch batches[BATCHES_MAX];
    size_t batch_count;
    unsigned conns[PUBLISHERS_MAX];
    bool opened[SUBJECTS_MAX];
    unsigned made;         /* ordinary events */
    unsigned policy_next;  /* version - 1 that is published next */
    toc_time_ms policy_ms; /* not before */
    struct snipe snipes[SNIPES_MAX];
    size_t snipe_count;
    uint64_t acks;
};

static const uint8_t issue_key[ISSUE_KEY_SIZE] = {7, 1, 2, 3};

struct workload *workload_new(struct world *world)
{
    struct workload *work = calloc(1, sizeof(*work));
    TOC_ASSERT(work != NULL);
    for (unsigned i = 0; i < world->options.publishers; i++) {
        work->conns[i] = (unsigned)world->conn_count;
        world->conns[world->conn_count++] = (struct conn){.from_publisher = true,
                                                          .client = i,
                                                          .server = i % world->options.intakes,
                                                          .queue_max = world->options.queue_max};
        if (world->options.events > 0)
            world_at(world, 60 + rng_range(&world->rng_work, 0, 40), EV_PUBLISHER, i, NULL);
    }
    return work;
}

void workload_free(struct workload *work)
{
    for (size_t i = 0; i < work->attempt_count; i++)
        free(work->attempts[i].bytes);
    free(work);
}

/* --- making events ------------------------------------------------------------------------ */

/* The event under construction; every body has its place, one of them is used. */
struct draft {
    Tocsin__V1__Event event;
    char id[24], source[16], subject[24], text[32], agent[16];
    uint8_t issue[16], alert[16];
    char *tags[16];
    char tag_texts[16][72];
    Tocsin__V1__IssueOpened opened;
    Tocsin__V1__IssueMessage message;
    Tocsin__V1__IssueStatus status;
    Tocsin__V1__IssueClassified classified;
    Tocsin__V1__IssueFact fact;
    Tocsin__V1__IssueAssigned assigned;
    Tocsin__V1__IssueEscalated escalated;
    Tocsin__V1__AlertAction action;
    Tocsin__V1__PolicyPart part;
    Tocsin__V1__PolicyApplied applied;
};

static void source_of(unsigned publisher, char out[16])
{
    TOC_ASSERT(publisher < 10);
    snprintf(out, 16, "publisher-%u", publisher % 10);
}

static struct attempt *add_bytes(struct workload *work, unsigned publisher, const void *bytes,
                                 size_t size)
{
    if (work->attempt_count == ATTEMPTS_MAX)
        return NULL;
    struct attempt *attempt = &work->attempts[work->attempt_count++];
    *attempt = (struct attempt){.publisher = publisher, .size = size, .again = true};
    attempt->bytes = malloc(size + 1);
    TOC_ASSERT(attempt->bytes != NULL);
    memcpy(attempt->bytes, bytes, size);
    return attempt;
}

static struct attempt *add(struct workload *work, unsigned publisher, const struct draft *draft)
{
    uint8_t bytes[4096];
    TOC_ASSERT(tocsin__v1__event__get_packed_size(&draft->event) <= sizeof(bytes));
    size_t size = tocsin__v1__event__pack(&draft->event, bytes);
    struct attempt *attempt = add_bytes(work, publisher, bytes, size);
    if (attempt != NULL)
        snprintf(attempt->id, sizeof(attempt->id), "%s", draft->event.id);
    return attempt;
}

static void begin(struct workload *work, struct draft *draft, unsigned publisher, const char *type,
                  Tocsin__V1__Event__BodyCase body, void *message)
{
    tocsin__v1__event__init(&draft->event);
    snprintf(draft->id, sizeof(draft->id), "e-%zu", work->attempt_count);
    source_of(publisher, draft->source);
    draft->event.id = draft->id;
    draft->event.source = draft->source;
    draft->event.type = toc_wire_text(type);
    draft->event.body_case = body;
    draft->event.issue_opened = message;
}

static void draft_opening(struct rng *rng, struct draft *draft)
{
    static const char *const categories[] = {"", "bug", "danger-to-life", "billing"};
    static const char *const lines[] = {"", "", "shop", "none"};
    tocsin__v1__issue_opened__init(&draft->opened);
    draft->opened.channel = toc_wire_text("web");
    draft->opened.category = toc_wire_text(categories[rng_next(rng) % 4]);
    draft->opened.line_of_business = toc_wire_text(lines[rng_next(rng) % 4]);
    draft->opened.priority = (Tocsin__V1__Priority)rng_range(rng, 0, 4);
    if (!rng_chance(rng, 5))
        return;
    for (unsigned i = 0; i < 16; i++) { /* as large as an issue's event may be */
        snprintf(draft->tag_texts[i], sizeof(draft->tag_texts[i]), "tag-%u-%050u", i, i);
        draft->tags[i] = draft->tag_texts[i];
    }
    draft->opened.tags = draft->tags;
    draft->opened.n_tags = 16;
}

static void draft_classified(struct rng *rng, struct draft *draft)
{
    static const char *const categories[] = {"", "bug", "danger", "billing"};
    tocsin__v1__issue_classified__init(&draft->classified);
    draft->classified.category = toc_wire_text(categories[rng_next(rng) % 4]);
    if (rng_chance(rng, 30))
        draft->classified.line_of_business = toc_wire_text(rng_chance(rng, 50) ? "shop" : "none");
    draft->classified.priority = (Tocsin__V1__Priority)rng_range(rng, 0, 4);
    draft->classified.risk = (Tocsin__V1__Risk)rng_range(rng, 0, 5);
    if (!rng_chance(rng, 20))
        return;
    for (unsigned i = 0; i < 8; i++) {
        snprintf(draft->tag_texts[i], sizeof(draft->tag_texts[i]), "more-%u-%060u",
                 (unsigned)rng_range(rng, 0, 40), i);
        draft->tags[i] = draft->tag_texts[i];
    }
    draft->classified.add_tags = draft->tags;
    draft->classified.n_add_tags = 8;
}

static void draft_message(struct rng *rng, struct draft *draft)
{
    tocsin__v1__issue_message__init(&draft->message);
    draft->message.direction = (Tocsin__V1__Direction)rng_range(rng, 1, 3);
    draft->message.auto_ = rng_chance(rng, 20);
}

static void draft_issue_event(struct workload *work, struct rng *rng, struct draft *draft,
                              unsigned publisher)
{
    static const char *const queues[] = {"", "support", "payments", "elsewhere"};
    switch (rng_range(rng, 0, 9)) {
    case 0:
    case 1:
    case 2:
    case 3:
        draft_message(rng, draft);
        begin(work, draft, publisher, "tocsin.issue.message", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE,
              &draft->message);
        break;
    case 4:
    case 5:
    case 6:
        tocsin__v1__issue_status__init(&draft->status);
        draft->status.state = (Tocsin__V1__IssueState)rng_range(rng, 1, 6);
        begin(work, draft, publisher, "tocsin.issue.status", TOCSIN__V1__EVENT__BODY_ISSUE_STATUS,
              &draft->status);
        break;
    case 7:
        draft_classified(rng, draft);
        begin(work, draft, publisher, "tocsin.issue.classified",
              TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED, &draft->classified);
        break;
    case 8:
        tocsin__v1__issue_assigned__init(&draft->assigned);
        draft->assigned.action = (Tocsin__V1__IssueAssigned__Action)rng_range(rng, 1, 5);
        draft->assigned.queue = toc_wire_text(queues[rng_next(rng) % 4]);
        draft->assigned.assignee = toc_wire_text("agent-1");
        begin(work, draft, publisher, "tocsin.issue.assigned",
              TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED, &draft->assigned);
        break;
    default:
        tocsin__v1__issue_escalated__init(&draft->escalated);
        draft->escalated.to_tier = (uint32_t)rng_range(rng, 0, 3);
        draft->escalated.queue = toc_wire_text(queues[rng_next(rng) % 4]);
        begin(work, draft, publisher, "tocsin.issue.escalated",
              TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED, &draft->escalated);
        break;
    }
}

/* One event about one issue; some openings come late or never. */
static struct attempt *make_issue_event(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    struct draft draft;
    unsigned subject = (unsigned)rng_range(rng, 0, world->options.subjects - 1);
    unsigned owner = subject % world->options.publishers;
    char source[16];
    bool opens = owner == publisher && !work->opened[subject] && rng_chance(rng, 70);
    if (opens) {
        draft_opening(rng, &draft);
        begin(work, &draft, publisher, "tocsin.issue.opened", TOCSIN__V1__EVENT__BODY_ISSUE_OPENED,
              &draft.opened);
        draft.event.test = rng_chance(rng, 5);
        work->opened[subject] = true;
    } else {
        draft_issue_event(work, rng, &draft, publisher);
    }
    snprintf(draft.subject, sizeof(draft.subject), "s-%u", subject);
    if (owner == publisher) {
        draft.event.subject = draft.subject;
    } else { /* another team addresses the issue by its id */
        source_of(owner, source);
        toc_issue_id(draft.issue, issue_key, toc_str_of(source), toc_str_of(draft.subject));
        draft.event.issue = toc_wire_binary(toc_str(draft.issue, sizeof(draft.issue)));
    }
    return add(work, publisher, &draft);
}

static struct attempt *make_action(struct world *world, unsigned publisher, const uint8_t *alert,
                                   const char *type)
{
    struct draft draft;
    tocsin__v1__alert_action__init(&draft.action);
    memcpy(draft.alert, alert, sizeof(draft.alert));
    draft.action.alert = toc_wire_binary(toc_str(draft.alert, sizeof(draft.alert)));
    draft.action.by = toc_wire_text("ana");
    begin(world->work, &draft, publisher, type, TOCSIN__V1__EVENT__BODY_ALERT, &draft.action);
    return add(world->work, publisher, &draft);
}

static struct attempt *make_ack(struct world *world, unsigned publisher, const uint8_t *alert)
{
    static const char *const types[] = {"tocsin.alert.acked", "tocsin.alert.acked",
                                        "tocsin.alert.resolved", "tocsin.alert.escalated",
                                        "tocsin.alert.noted"};
    return make_action(world, publisher, alert, types[rng_next(&world->rng_work) % 5]);
}

static struct attempt *make_reply(struct world *world, unsigned publisher, const uint8_t *issue)
{
    struct draft draft;
    tocsin__v1__issue_message__init(&draft.message);
    draft.message.direction = TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND;
    begin(world->work, &draft, publisher, "tocsin.issue.message",
          TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft.message);
    draft.event.issue = toc_wire_binary(toc_str(issue, 16));
    return add(world->work, publisher, &draft);
}

/* The id of an earlier event with another body; noise; a type that nobody knows. */
static struct attempt *make_bad(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    struct attempt *attempt;
    struct draft draft;
    uint8_t noise[64];
    switch (rng_range(rng, 0, 2)) {
    case 0:
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (uint8_t)rng_next(rng);
        attempt = add_bytes(work, publisher, noise, sizeof(noise));
        break;
    case 1:
        draft_message(rng, &draft);
        begin(work, &draft, publisher, "tocsin.issue.massage",
              TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft.message);
        attempt = add(work, publisher, &draft);
        break;
    default: { /* only an id that was acknowledged is surely taken */
        const struct attempt *other = &work->attempts[rng_next(rng) % work->attempt_count];
        if (other->publisher != publisher || other->state != ATTEMPT_ACKED || other->bad)
            return NULL;
        draft_message(rng, &draft);
        begin(work, &draft, publisher, "tocsin.issue.message",
              TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE, &draft.message);
        snprintf(draft.id, sizeof(draft.id), "%s", other->id);
        draft.event.subject = toc_wire_text("conflict");
        attempt = add(work, publisher, &draft);
        break;
    }
    }
    if (attempt != NULL)
        attempt->bad = true;
    return attempt;
}

/* --- sending ------------------------------------------------------------------------------ */

static void send(struct world *world, struct batch *batch)
{
    static uint8_t frame[64 * 1024], body[64 * 1024];
    struct workload *work = world->work;
    unsigned index = work->conns[batch->publisher];
    struct conn *conn = &world->conns[index];
    uint8_t *end = toc_wire_put_varint(body, 1, batch->tag), *out = frame;
    for (size_t i = 0; i < batch->count; i++) {
        struct attempt *attempt = &work->attempts[batch->attempts[i]];
        attempt->sent_ms = world->now_ms;
        end = toc_wire_put_bytes(end, 2, toc_str(attempt->bytes, attempt->size));
    }
    out = toc_wire_put_varint(out, 1, TOC_WIRE_VERSION);
    out = toc_wire_put_bytes(out, TOCSIN__V1__FRAME__KIND_PUBLISH,
                             toc_str(body, (size_t)(end - body)));
    if (world->nodes[conn->server].run == NULL || conn->cut ||
        conn->in_flight[1] >= conn->queue_max)
        return; /* it will be sent again */
    link_post(world, index, true, toc_str(frame, (size_t)(out - frame)));
}

static struct batch *new_batch(struct workload *work, unsigned publisher)
{
    TOC_ASSERT(work->batch_count < BATCHES_MAX);
    struct batch *batch = &work->batches[work->batch_count];
    *batch = (struct batch){.tag = ++work->batch_count, .publisher = publisher};
    return batch;
}

static void put(struct workload *work, struct batch *batch, const struct attempt *attempt)
{
    if (attempt != NULL && batch->count < BATCH_EVENTS)
        batch->attempts[batch->count++] = (unsigned)(attempt - work->attempts);
}

/* A policy goes out in one batch, its parts first. */
static void put_policy(struct world *world, struct batch *batch)
{
    struct workload *work = world->work;
    struct draft draft;
    uint8_t hash[TOC_SHA256];
    struct toc_str text = policy_text(work->policy_next);
    unsigned parts = (unsigned)((text.size + 999) / 1000);
    toc_sha256(hash, text);
    for (unsigned i = 0; i < parts; i++) {
        size_t from = i * 1000u, size = text.size - from < 1000 ? text.size - from : 1000;
        tocsin__v1__policy_part__init(&draft.part);
        draft.part.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
        draft.part.index = i;
        draft.part.count = parts;
        draft.part.text = toc_wire_binary(toc_str(text.data + from, size));
        begin(work, &draft, 0, "tocsin.policy.part", TOCSIN__V1__EVENT__BODY_POLICY_PART,
              &draft.part);
        put(work, batch, add(work, 0, &draft));
    }
    tocsin__v1__policy_applied__init(&draft.applied);
    draft.applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    draft.applied.version = work->policy_next + 1;
    draft.applied.replaces = work->policy_next;
    draft.applied.size = (uint32_t)text.size;
    begin(work, &draft, 0, "tocsin.policy.applied", TOCSIN__V1__EVENT__BODY_POLICY_APPLIED,
          &draft.applied);
    struct attempt *applied = add(work, 0, &draft);
    applied->policy = true;
    put(work, batch, applied);
    work->policy_next++;
}

static bool all_answered(const struct workload *work, unsigned publisher)
{
    for (size_t i = 0; i < work->attempt_count; i++)
        if (work->attempts[i].publisher == publisher && work->attempts[i].state == ATTEMPT_OPEN)
            return false;
    return true;
}

static void maybe_policy(struct world *world)
{
    struct workload *work = world->work;
    if (work->policy_next >= POLICIES_MAX || world->now_ms < work->policy_ms ||
        !all_answered(work, 0) || (work->policy_next > 0 && world->healed))
        return;
    struct batch *batch = new_batch(work, 0);
    put_policy(world, batch);
    work->policy_ms = world->now_ms + rng_range(&world->rng_work, 1500, 12000);
    send(world, batch);
}

/* What was not answered for a while goes out again, in its old order. */
static void resend(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct batch *batch = NULL;
    for (size_t i = 0; i < work->attempt_count; i++) {
        const struct attempt *attempt = &work->attempts[i];
        if (attempt->publisher != publisher || attempt->state != ATTEMPT_OPEN ||
            world->now_ms - attempt->sent_ms < RESEND_MS)
            continue;
        if (batch == NULL)
            batch = new_batch(work, publisher);
        put(work, batch, attempt);
    }
    if (batch != NULL)
        send(world, batch);
}

static struct attempt *make_any(struct world *world, unsigned publisher)
{
    struct rng *rng = &world->rng_work;
    struct workload *work = world->work;
    const uint8_t *alert = rng_chance(rng, 15) ? pager_some_alert(world, rng) : NULL;
    if (alert != NULL)
        return make_ack(world, publisher, alert);
    if (rng_chance(rng, 4) && work->attempt_count > 0)
        return make_bad(world, publisher);
    return make_issue_event(world, publisher);
}

static void publish_new(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    struct batch *batch = new_batch(work, publisher);
    unsigned count = (unsigned)rng_range(rng, 1, 4);
    for (unsigned i = 0; i < count && work->made < world->options.events; i++) {
        put(work, batch, make_any(world, publisher));
        work->made++;
    }
    if (rng_chance(rng, 15) && work->attempt_count > 0) { /* once more what was answered */
        struct attempt *old = &work->attempts[rng_next(rng) % work->attempt_count];
        if (old->publisher == publisher && old->state == ATTEMPT_ACKED)
            put(work, batch, old);
    }
    if (batch->count > 0)
        send(world, batch);
}

static void snipe(struct world *world, unsigned index)
{
    struct workload *work = world->work;
    unsigned publisher = (unsigned)rng_range(&world->rng_work, 0, world->options.publishers - 1);
    struct batch *batch = new_batch(work, publisher);
    put(work, batch, make_reply(world, publisher, work->snipes[index].issue));
    if (batch->count > 0)
        send(world, batch);
}

void workload_step(struct world *world, unsigned publisher)
{
    const struct options *options = &world->options;
    struct workload *work = world->work;
    if (publisher >= PUBLISHERS_MAX) {
        snipe(world, publisher - PUBLISHERS_MAX);
        return;
    }
    if (publisher == 0)
        maybe_policy(world);
    resend(world, publisher);
    bool publishes = !world->healed && work->made < options->events;
    if (publishes)
        publish_new(world, publisher);
    toc_time_ms mean_ms = options->faulty_ms * options->publishers * 5 / 2 / options->events;
    toc_time_ms next_ms = publishes ? rng_range(&world->rng_work, 1, 2 * mean_ms) : 200;
    world_at(world, world->now_ms + next_ms, EV_PUBLISHER, publisher, NULL);
}

/* A reply so that it is stamped at the very instant of a due, if the links are quick. */
void workload_aim(struct world *world, const uint8_t issue[16], toc_time_ms due_ms)
{
    struct workload *work = world->work;
    const struct node *intake = &world->nodes[0];
    toc_time_ms at_ms = due_ms - world->options.start_ms - intake->skew_ms;
    if (world->exact || world->healed || at_ms <= world->now_ms ||
        work->snipe_count == SNIPES_MAX || at_ms > world->options.faulty_ms ||
        !rng_chance(&world->rng_work, 20))
        return;
    memcpy(work->snipes[work->snipe_count].issue, issue, 16);
    world_at(world, at_ms, EV_PUBLISHER, PUBLISHERS_MAX + (unsigned)work->snipe_count, NULL);
    work->snipe_count++;
}

/* --- receipts ----------------------------------------------------------------------------- */

static void check_seq(struct world *world, const struct attempt *attempt)
{
    const struct node *intake = world_log(world, attempt->log_id);
    if (intake == NULL || attempt->seq == 0) {
        world_fail(world, 1, "a receipt names log %016llx seq %llu",
                   (unsigned long long)attempt->log_id, (unsigned long long)attempt->seq);
        return;
    }
    if (attempt->seq > intake->shadow.count)
        return; /* the node died after it said so: seen again after its restart */
    const struct seen *seen = &intake->shadow.seen[attempt->seq - 1];
    const Tocsin__V1__Record *record = check_unpack(seen);
    if (record == NULL ||
        !toc_str_equal(toc_wire_bytes(&record->body), toc_str(attempt->bytes, attempt->size)))
        world_fail(world, 1, "%s was acknowledged as seq %llu of %s, which holds something else",
                   attempt->id, (unsigned long long)attempt->seq, intake->name);
}

static void on_outcome(struct world *world, struct attempt *attempt,
                       const Tocsin__V1__Outcome *outcome)
{
    bool taken = outcome->status == TOCSIN__V1__OUTCOME__STATUS__ACCEPTED ||
                 outcome->status == TOCSIN__V1__OUTCOME__STATUS__DUPLICATE;
    if (taken && attempt->bad) {
        world_fail(world, 2, "%s should have been refused", attempt->id);
    } else if (taken) {
        if (attempt->state == ATTEMPT_ACKED &&
            (attempt->seq != outcome->seq || attempt->log_id != outcome->log_id))
            world_fail(world, 1, "%s has two receipts: seq %llu and seq %llu", attempt->id,
                       (unsigned long long)attempt->seq, (unsigned long long)outcome->seq);
        attempt->state = ATTEMPT_ACKED;
        attempt->log_id = outcome->log_id;
        attempt->seq = outcome->seq;
        world->work->acks++;
        check_seq(world, attempt);
    } else if (outcome->reason != TOCSIN__V1__REFUSE_REASON__REFUSE_FULL && !attempt->policy) {
        if (attempt->state == ATTEMPT_ACKED)
            world_fail(world, 1, "%s was acknowledged and is refused now: %s", attempt->id,
                       outcome->detail);
        else if (!attempt->bad)
            world_fail(world, 1, "%s is refused: %s", attempt->id, outcome->detail);
        attempt->state = ATTEMPT_REFUSED;
    }
}

void workload_receive(struct world *world, unsigned publisher, struct toc_str bytes)
{
    struct workload *work = world->work;
    struct toc_arena arena;
    Tocsin__V1__Frame *frame;
    enum toc_err err = toc_arena_init(&arena, 1 << 20);
    TOC_ASSERT(err == TOC_OK);
    err = toc_wire_unpack(&arena, &tocsin__v1__frame__descriptor, bytes, &frame);
    if (err < 0 || frame->kind_case != TOCSIN__V1__FRAME__KIND_RECEIPT) {
        if (err < 0 || frame->kind_case != TOCSIN__V1__FRAME__KIND_REFUSE)
            world_fail(world, 0, "publisher %u got a frame that is no receipt", publisher);
    } else {
        const Tocsin__V1__Receipt *receipt = frame->receipt;
        TOC_ASSERT(receipt->tag >= 1 && receipt->tag <= work->batch_count);
        const struct batch *batch = &work->batches[receipt->tag - 1];
        if (receipt->n_outcomes > batch->count)
            world_fail(world, 1, "a receipt with more outcomes than events");
        for (size_t i = 0; i < receipt->n_outcomes && i < batch->count; i++)
            on_outcome(world, &work->attempts[batch->attempts[i]], receipt->outcomes[i]);
    }
    toc_arena_done(&arena);
}

/* --- the ledger against the logs ---------------------------------------------------------- */

void workload_check_accepted(struct world *world, struct node *intake, uint64_t seq,
                             const Tocsin__V1__Record *record)
{
    struct workload *work = world->work;
    struct toc_str body = toc_wire_bytes(&record->body);
    for (size_t i = 0; i < work->attempt_count; i++) {
        struct attempt *attempt = &work->attempts[i];
        if (!toc_str_equal(body, toc_str(attempt->bytes, attempt->size)))
            continue;
        if (attempt->bad)
            world_fail(world, 2, "%s accepted %s, which it has to refuse", intake->name,
                       attempt->id);
        if (++attempt->times > 1)
            world_fail(world, 1, "%s is twice in the log: again at seq %llu of %s", attempt->id,
                       (unsigned long long)seq, intake->name);
        return;
    }
    world_fail(world, 2, "seq %llu of %s was never sent", (unsigned long long)seq, intake->name);
}

bool workload_is_done(const struct world *world)
{
    for (unsigned i = 0; i < world->options.publishers; i++)
        if (!all_answered(world->work, i))
            return false;
    return world->options.events == 0 || world->work->policy_next > 0;
}

void workload_check_end(struct world *world)
{
    struct workload *work = world->work;
    for (size_t i = 0; i < work->attempt_count && !world->failed; i++) {
        const struct attempt *attempt = &work->attempts[i];
        if (attempt->state != ATTEMPT_ACKED)
            continue;
        check_seq(world, attempt);
        if (attempt->times != 1)
            world_fail(world, 1, "%s was acknowledged and is %u times in the log", attempt->id,
                       attempt->times);
        const struct node *intake = world_log(world, attempt->log_id);
        if (intake != NULL && attempt->seq > intake->shadow.count)
            world_fail(world, 1, "%s was acknowledged as seq %llu, but %s ends at %zu", attempt->id,
                       (unsigned long long)attempt->seq, intake->name, intake->shadow.count);
    }
    if (work->acks == 0 && world->options.events > 0)
        world_fail(world, 17, "nothing was ever acknowledged");
}

/* --- scenarios: one event from one line ----------------------------------------------------- */

static const char *value_of(const char *line, const char *key, char out[64])
{
    const char *at = strstr(line, key);
    out[0] = '\0';
    if (at != NULL)
        snprintf(out, 64, "%.*s", (int)strcspn(at + strlen(key), " "), at + strlen(key));
    return out;
}

static void draft_from_line(struct workload *work, struct draft *draft, unsigned publisher,
                            const char *verb, const char *line)
{
    static char category[64], business[64], priority[64], state[64];
    if (strcmp(verb, "open") == 0) {
        tocsin__v1__issue_opened__init(&draft->opened);
        draft->opened.category = toc_wire_text(value_of(line, "category=", category));
        draft->opened.line_of_business = toc_wire_text(value_of(line, "business=", business));
        value_of(line, "priority=P", priority);
        draft->opened.priority = (Tocsin__V1__Priority)(priority[0] ? priority[0] - '0' : 0);
        begin(work, draft, publisher, "tocsin.issue.opened", TOCSIN__V1__EVENT__BODY_ISSUE_OPENED,
              &draft->opened);
    } else if (strcmp(verb, "reply") == 0 || strcmp(verb, "write") == 0) {
        tocsin__v1__issue_message__init(&draft->message);
        draft->message.direction = strcmp(verb, "reply") == 0
                                       ? TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND
                                       : TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
        begin(work, draft, publisher, "tocsin.issue.message", TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE,
              &draft->message);
    } else {
        tocsin__v1__issue_status__init(&draft->status);
        value_of(line, "state=", state);
        for (int i = 1; i <= TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED; i++)
            if (strcmp(state, toc_state_name((unsigned)i)) == 0)
                draft->status.state = (Tocsin__V1__IssueState)i;
        begin(work, draft, publisher, "tocsin.issue.status", TOCSIN__V1__EVENT__BODY_ISSUE_STATUS,
              &draft->status);
    }
}

bool workload_publish_line(struct world *world, const char *line)
{
    struct workload *work = world->work;
    struct batch *batch;
    struct draft draft;
    char verb[24], subject[24];
    unsigned via = 1, number;
    int used = 0;
    if (sscanf(line, "via %u %n", &via, &used) == 1)
        line += used;
    if (via < 1 || via > world->options.publishers || sscanf(line, "%23s %23s", verb, subject) != 2)
        return false;
    batch = new_batch(work, via - 1);
    if (sscanf(line, "policy %u", &number) == 1) {
        work->policy_next = number - 1;
        put_policy(world, batch);
    } else if (sscanf(line, "ack %u", &number) == 1) {
        const uint8_t *alert = pager_alert(world, number);
        if (alert == NULL)
            return false;
        put(work, batch, make_action(world, via - 1, alert, "tocsin.alert.acked"));
    } else if (strcmp(verb, "open") == 0 || strcmp(verb, "reply") == 0 ||
               strcmp(verb, "write") == 0 || strcmp(verb, "status") == 0) {
        uint8_t issue[16];
        draft_from_line(work, &draft, via - 1, verb, line);
        toc_issue_id(issue, issue_key, TOC_STR("publisher-0"), toc_str_of(subject));
        draft.event.subject = subject;
        if (via > 1) /* the first publisher's issue, from elsewhere */
            draft.event.issue = toc_wire_binary(toc_str(issue, sizeof(issue)));
        put(work, batch, add(work, via - 1, &draft));
    } else {
        return false;
    }
    send(world, batch);
    return true;
}
