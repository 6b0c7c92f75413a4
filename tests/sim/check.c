/* What is checked while it runs: every frame that leaves a node, every record that it commits. */
#include "tests/sim/world.h"

#include <stdlib.h>

#define ARENA_BYTES (1 << 20)

static struct toc_arena arena;

static void ready_arena(void)
{
    if (arena.base != NULL)
        return;
    enum toc_err err = toc_arena_init(&arena, ARENA_BYTES);
    TOC_ASSERT(err == TOC_OK);
}

void *check_message(const ProtobufCMessageDescriptor *type, struct toc_str bytes)
{
    void *message;
    ready_arena();
    return toc_wire_unpack(&arena, type, bytes, &message) == TOC_OK ? message : NULL;
}

const Tocsin__V1__Record *check_unpack(const struct seen *seen)
{
    ready_arena();
    toc_arena_reset(&arena, 0);
    return check_message(&tocsin__v1__record__descriptor, toc_str(seen->bytes, seen->size));
}

/* --- frames ------------------------------------------------------------------------------- */

/* The kind of a frame (its field number in the oneof) and its body. */
static uint32_t open_frame(struct toc_str frame, struct toc_str *body)
{
    struct toc_wire_reader reader = toc_wire_reader(frame);
    struct toc_wire_field field;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number >= 2 && field.wire_type == 2) {
            *body = field.bytes;
            return field.number;
        }
    }
    return 0;
}

uint64_t check_batch_bytes(struct toc_str frame, uint32_t *out_stream)
{
    struct toc_str body;
    struct toc_wire_field field;
    uint64_t sum = 0;
    *out_stream = 0;
    if (open_frame(frame, &body) != TOCSIN__V1__FRAME__KIND_BATCH)
        return 0;
    struct toc_wire_reader reader = toc_wire_reader(body);
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == 1)
            *out_stream = (uint32_t)field.value;
        if (field.number == 7)
            sum += field.bytes.size;
    }
    return sum;
}

static void note_shown(struct node *node, uint64_t seq)
{
    if (seq > node->acked_seq)
        node->acked_seq = seq;
}

static void check_receipt(struct world *world, struct node *node, struct toc_str body)
{
    ready_arena();
    size_t mark = toc_arena_mark(&arena);
    const Tocsin__V1__Receipt *receipt = check_message(&tocsin__v1__receipt__descriptor, body);
    if (receipt == NULL) {
        world_fail(world, 0, "%s sends a malformed receipt", node->name);
        return;
    }
    for (size_t i = 0; i < receipt->n_outcomes; i++)
        note_shown(node, receipt->outcomes[i]->seq);
    toc_arena_reset(&arena, mark);
}

/* Stream, through_seq and promise stand in the same fields of Batch and, apart from it, Promise. */
static void check_feed(struct world *world, struct node *node, bool is_batch, struct toc_str body)
{
    struct toc_wire_reader reader = toc_wire_reader(body);
    struct toc_wire_field field;
    uint64_t through = 0, head = 0;
    toc_time_ms promise_ms = TOC_TIME_MIN;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        if (field.number == (is_batch ? 3u : 2u))
            through = field.value;
        if (field.number == (is_batch ? 5u : 4u))
            promise_ms = toc_wire_zigzag(field.value);
        if (field.number == (is_batch ? 6u : 5u))
            head = field.value;
    }
    if (through > head)
        world_fail(world, 3, "%s sends seq %llu and says that its log ends at %llu", node->name,
                   (unsigned long long)through, (unsigned long long)head);
    note_shown(node, head);
    if (node->role == ROLE_INTAKE && through == head && promise_ms > node->promised_ms) {
        node->promised_ms = promise_ms;
        node->promised_head = head;
    }
}

/* `conn` is the connection that the frame is about to enter. */
void check_sent(struct world *world, struct node *node, const struct conn *conn, toc_peer peer,
                struct toc_str frame)
{
    struct toc_str body;
    uint32_t stream, kind = open_frame(frame, &body);
    bool is_receipt = kind == TOCSIN__V1__FRAME__KIND_RECEIPT;
    bool is_batch = kind == TOCSIN__V1__FRAME__KIND_BATCH;
    if (peer < TOC_PEER_BOUND)
        return;
    if ((is_receipt || is_batch) && toc_mem_disk_is_writing(node->name))
        world_fail(world, 8, "%s sends a %s before the commit", node->name,
                   is_receipt ? "receipt" : "batch");
    if (is_receipt)
        check_receipt(world, node, body);
    if (is_batch || kind == TOCSIN__V1__FRAME__KIND_PROMISE)
        check_feed(world, node, is_batch, body);
    uint64_t bytes = check_batch_bytes(frame, &stream);
    uint64_t credit = world->options.credit_bytes ? world->options.credit_bytes : 1 << 20;
    if (conn->generation > 0) /* frames of the connection before may have been counted meanwhile */
        credit *= 2;
    uint64_t before = stream == conn->stream ? conn->flight_bytes : 0;
    if (conn->repeat_percent == 0 && bytes > 0 && before + bytes > credit + TOC_VALUE_GOOD)
        world_fail(world, 15, "%s has %llu bytes in flight with a credit of %llu", node->name,
                   (unsigned long long)(before + bytes), (unsigned long long)credit);
}

/* --- records ------------------------------------------------------------------------------ */

static void check_cause(struct world *world, struct node *node, uint64_t seq,
                        const struct seen *seen)
{
    struct shadow *shadow = &node->shadow;
    bool same = seen->cause_log == shadow->last_cause_log &&
                seen->cause_seq == shadow->last_cause_seq && seen->cause_log != 0;
    if (seen->cause_log != 0) {
        const struct node *up = world_log(world, seen->cause_log);
        if (up == NULL) {
            world_fail(world, 7, "%s seq %llu names a cause in no log", node->name,
                       (unsigned long long)seq);
            return;
        }
        if (same ? seen->cause_index != shadow->next_index
                 : seen->cause_seq <= shadow->through[up->index] || seen->cause_index != 0)
            world_fail(world, 7,
                       "%s seq %llu: cause %s/%llu/%u after %llu: applied twice or not "
                       "in order",
                       node->name, (unsigned long long)seq, up->name,
                       (unsigned long long)seen->cause_seq, seen->cause_index,
                       (unsigned long long)shadow->through[up->index]);
        shadow->through[up->index] = seen->cause_seq;
    }
    shadow->last_cause_log = seen->cause_log;
    shadow->last_cause_seq = seen->cause_seq;
    shadow->next_index = seen->cause_index + 1;
}

static void check_times(struct world *world, struct node *node, uint64_t seq,
                        const struct seen *seen)
{
    const struct seen *before = seq > 1 ? &node->shadow.seen[seq - 2] : NULL;
    if (before != NULL && seen->log_ms < before->log_ms)
        world_fail(world, 5, "%s seq %llu: log time goes back from %lld to %lld", node->name,
                   (unsigned long long)seq, (long long)before->log_ms, (long long)seen->log_ms);
    if (node->role != ROLE_INTAKE)
        return;
    if (before != NULL && seen->at_ms < before->at_ms)
        world_fail(world, 5, "%s seq %llu: time goes back", node->name, (unsigned long long)seq);
    if (seq > node->promised_head && seen->at_ms < node->promised_ms)
        world_fail(world, 10, "%s promised %lld and then accepts at %lld", node->name,
                   (long long)node->promised_ms, (long long)seen->at_ms);
}

static void aim(struct world *world, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    if (change != NULL && change->clock != NULL && change->clock->due_ms != TOC_TIME_NEVER &&
        change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED && record->issue.len == 16)
        workload_aim(world, record->issue.data, change->clock->due_ms);
}

static void tell_people(struct world *world, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__IssueChange *change =
        check_message(&tocsin__v1__issue_change__descriptor, toc_wire_bytes(&record->body));
    if (change != NULL && change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED &&
        record->issue.len == 16)
        workload_offered(world, record->issue.data, change->issue->offered_to);
}

static void check_record(struct world *world, struct node *node, uint64_t seq)
{
    struct seen *seen = &node->shadow.seen[seq - 1];
    const Tocsin__V1__Record *record = check_unpack(seen);
    if (record == NULL || record->seq != seq) {
        world_fail(world, 3, "%s: record %llu cannot be read or names another seq", node->name,
                   (unsigned long long)seq);
        return;
    }
    seen->at_ms = record->at_ms;
    seen->log_ms = record->log_ms;
    seen->cause_log = record->cause_log;
    seen->cause_seq = record->cause_seq;
    seen->cause_index = record->cause_index;
    seen->type = (unsigned)record->type;
    seen->has_issue = record->issue.len == sizeof(seen->issue);
    if (seen->has_issue)
        memcpy(seen->issue, record->issue.data, sizeof(seen->issue));
    check_cause(world, node, seq, seen);
    check_times(world, node, seq, seen);
    if (record->type == TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED)
        workload_check_accepted(world, node, seq, record);
    if (node->role == ROLE_INTAKE)
        held_check_record(world, node, record);
    if (node->role == ROLE_SLA && record->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
        aim(world, record);
    if (node->role == ROLE_ROUTER && record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
        tell_people(world, record);
    if (node->role == ROLE_NOTIFIER && record->type == TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED)
        contacts_check_record(world, record);
    else if (node->role == ROLE_NOTIFIER)
        pager_check_record(world, node, seq, record);
    if (node->role == ROLE_NOTIFIER)
        on_call_check_record(world, record);
    if (node->role == ROLE_NOTIFIER && !world->exact && !world->failed)
        probes_check_record(world, record);
    if (node->role == ROLE_NOTIFIER && !world->failed)
        owed_check_record(world, record);
    if (node->role == ROLE_OUTCOMES)
        told_check_record(world, node, record);
}

/* --- logs --------------------------------------------------------------------------------- */

static void keep(struct world *world, struct node *node, const struct toc_journal_entry *entry)
{
    static const uint8_t zero[TOC_SHA256];
    struct shadow *shadow = &node->shadow;
    if (shadow->count == shadow->room) {
        shadow->room = shadow->room ? 2 * shadow->room : 256;
        shadow->seen = realloc(shadow->seen, shadow->room * sizeof(*shadow->seen));
        TOC_ASSERT(shadow->seen != NULL);
    }
    struct seen *seen = &shadow->seen[shadow->count];
    const uint8_t *before = shadow->count > 0 ? seen[-1].hash : zero;
    *seen = (struct seen){.size = entry->record.size};
    seen->bytes = malloc(seen->size + 1);
    TOC_ASSERT(seen->bytes != NULL);
    memcpy(seen->bytes, entry->record.data, seen->size);
    toc_sha256_pair(seen->hash, toc_str(before, TOC_SHA256), entry->record);
    shadow->count++;
    if (!toc_str_equal(entry->hash, toc_str(seen->hash, TOC_SHA256)))
        world_fail(world, 4, "%s: the chain does not verify at seq %zu", node->name, shadow->count);
}

/* The newest record that was seen is still there and the same: the chain then vouches for the rest.
 */
static void check_prefix(struct world *world, struct node *node, struct toc_txn *txn)
{
    const struct toc_journal *journal = toc_run_journal(node->run);
    const struct shadow *shadow = &node->shadow;
    uint8_t hash[TOC_SHA256];
    uint64_t shown = shadow->count > node->acked_seq ? shadow->count : node->acked_seq;
    if (journal->last_seq < shown) {
        world_fail(world, 3, "%s ends at seq %llu, but seq %llu was shown before", node->name,
                   (unsigned long long)journal->last_seq, (unsigned long long)shown);
        return;
    }
    if (shadow->count == 0 || shadow->count + 1 < journal->first_seq)
        return;
    enum toc_err err = toc_journal_hash_at(journal, txn, shadow->count, hash);
    if (err != TOC_OK || memcmp(hash, shadow->seen[shadow->count - 1].hash, TOC_SHA256) != 0)
        world_fail(world, 3, "%s: seq %zu is another record than before", node->name,
                   shadow->count);
}

static void read_new(struct world *world, struct node *node, struct toc_txn *txn)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    enum toc_err err = toc_journal_scan(txn, node->shadow.count + 1, &scan);
    TOC_ASSERT(err == TOC_OK);
    while (!world->failed && (err = toc_journal_next(scan, &entry)) == TOC_OK) {
        if (entry.seq != node->shadow.count + 1) {
            world_fail(world, 9, "%s: seq %zu is gone before anybody saw it", node->name,
                       node->shadow.count + 1);
            break;
        }
        keep(world, node, &entry);
        check_record(world, node, entry.seq);
    }
    toc_scan_close(scan);
    if (err < 0)
        world_fail(world, 4, "%s: the log cannot be read", node->name);
}

void check_log(struct world *world, struct node *node)
{
    const struct toc_journal *journal = toc_run_journal(node->run);
    struct toc_txn *txn;
    if (node->shadow.log_id == 0)
        node->shadow.log_id = journal->log_id;
    if (node->shadow.log_id != journal->log_id) {
        world_fail(world, 3, "%s has another log than before", node->name);
        return;
    }
    if (journal->last_seq == node->shadow.count && node->acked_seq <= journal->last_seq)
        return;
    enum toc_err err = toc_txn_begin_read(toc_run_store(node->run), &txn);
    if (err < 0)
        return; /* the plug was pulled */
    check_prefix(world, node, txn);
    read_new(world, node, txn);
    toc_txn_abort(txn);
    world_trace(world, toc_run_journal(node->run)->hash, TOC_SHA256);
}
