/*
 * The ledger that publishers keep on their own: what was sent, and what became of it. Nothing here
 * looks at a service's rows; only the logs are compared with it.
 */
#include "tests/sim/workload.h"

#include <stdlib.h>

struct attempt *ledger_add_bytes(struct workload *work, unsigned publisher, const void *bytes,
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

struct attempt *ledger_add(struct workload *work, unsigned publisher, const struct draft *draft)
{
    uint8_t bytes[4096];
    TOC_ASSERT(tocsin__v1__event__get_packed_size(&draft->event) <= sizeof(bytes));
    size_t size = tocsin__v1__event__pack(&draft->event, bytes);
    struct attempt *attempt = ledger_add_bytes(work, publisher, bytes, size);
    if (attempt != NULL)
        snprintf(attempt->id, sizeof(attempt->id), "%s", draft->event.id);
    return attempt;
}

struct batch *ledger_batch(struct workload *work, unsigned publisher)
{
    TOC_ASSERT(work->batch_count < BATCHES_MAX);
    struct batch *batch = &work->batches[work->batch_count];
    *batch = (struct batch){.tag = ++work->batch_count, .publisher = publisher};
    return batch;
}

void ledger_put(struct workload *work, struct batch *batch, const struct attempt *attempt)
{
    if (attempt != NULL && batch->count < BATCH_EVENTS)
        batch->attempts[batch->count++] = (unsigned)(attempt - work->attempts);
}

bool ledger_all_answered(const struct workload *work, unsigned publisher)
{
    for (size_t i = 0; i < work->attempt_count; i++)
        if (work->attempts[i].publisher == publisher && work->attempts[i].state == ATTEMPT_OPEN)
            return false;
    return true;
}

/* --- sending ------------------------------------------------------------------------------ */

void ledger_send(struct world *world, struct batch *batch)
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
    struct toc_str body = record != NULL ? toc_wire_bytes(&record->body) : toc_str(NULL, 0);
    if (attempt->seq == attempt->held_seq && body.size > attempt->size)
        body.size = attempt->size; /* the reason is behind it */
    if (record == NULL || !toc_str_equal(body, toc_str(attempt->bytes, attempt->size)))
        world_fail(world, 1, "%s was acknowledged as seq %llu of %s, which holds something else",
                   attempt->id, (unsigned long long)attempt->seq, intake->name);
}

/* A repeat is told where it is: held, or once it is released, let in. */
static bool is_same_place(const struct attempt *attempt, uint64_t seq)
{
    return seq == attempt->seq ||
           (attempt->held_seq != 0 && (seq == attempt->held_seq || seq == attempt->in_seq));
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
            (!is_same_place(attempt, outcome->seq) || attempt->log_id != outcome->log_id))
            world_fail(world, 1, "%s has two receipts: seq %llu and seq %llu", attempt->id,
                       (unsigned long long)attempt->seq, (unsigned long long)outcome->seq);
        attempt->state = ATTEMPT_ACKED;
        attempt->log_id = outcome->log_id;
        attempt->seq = outcome->seq;
        world->work->acks++;
        check_seq(world, attempt);
    } else if (attempt->decision && outcome->reason == TOCSIN__V1__REFUSE_REASON__REFUSE_STATE) {
        attempt->state = ATTEMPT_REFUSED;
    } else if (attempt->fleeting && attempt->state != ATTEMPT_ACKED &&
               strncmp(outcome->detail, "end_ms:", 7) == 0) {
        attempt->state = ATTEMPT_REFUSED;
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
        if (!ledger_all_answered(world->work, i))
            return false;
    return held_is_empty(world) && (world->options.events == 0 || world->work->policy_next > 0);
}

void workload_check_end(struct world *world)
{
    struct workload *work = world->work;
    for (size_t i = 0; i < work->attempt_count && !world->failed; i++) {
        const struct attempt *attempt = &work->attempts[i];
        if (attempt->state != ATTEMPT_ACKED)
            continue;
        check_seq(world, attempt);
        if (attempt->times != (attempt->rejected ? 0 : 1))
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
