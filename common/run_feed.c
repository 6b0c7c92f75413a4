#include "common/run_internal.h"

#include <inttypes.h>
#include <stdio.h>

static struct follower *find(struct toc_run *run, toc_peer peer)
{
    for (size_t i = 0; i < TOC_FOLLOWERS_MAX; i++)
        if (run->followers[i].peer == peer)
            return &run->followers[i];
    return NULL;
}

static const char trimmed[] = "the records wanted were trimmed";

/* Whether `fetch` may start where it wants to; the reason otherwise. */
static Tocsin__V1__RefuseReason check_start(struct toc_run *run, struct toc_txn *txn,
                                            const Tocsin__V1__Fetch *fetch,
                                            uint8_t hash[TOC_SHA256], const char **detail)
{
    if (fetch->log_id != 0 && fetch->log_id != run->journal.log_id) {
        *detail = "this is another log than the one the cursor belongs to";
        return TOCSIN__V1__REFUSE_REASON__REFUSE_WRONG_LOG;
    }
    if (fetch->from_seq == 0 || fetch->from_seq > run->committed_seq + 1) {
        *detail = "the cursor is ahead of this log: was it restored from a backup?";
        return TOCSIN__V1__REFUSE_REASON__REFUSE_AHEAD;
    }
    if (fetch->from_seq < run->journal.first_seq) {
        *detail = trimmed;
        return TOCSIN__V1__REFUSE_REASON__REFUSE_TRIMMED;
    }
    if (toc_journal_hash_at(&run->journal, txn, fetch->from_seq - 1, hash) != TOC_OK) {
        *detail = "the record at the cursor cannot be read";
        return TOCSIN__V1__REFUSE_REASON__REFUSE_FORKED;
    }
    if (fetch->hash.len != 0 &&
        !toc_str_equal(toc_wire_bytes(&fetch->hash), toc_str(hash, TOC_SHA256))) {
        *detail = "the history at the cursor differs: this log is not the one that was followed";
        return TOCSIN__V1__REFUSE_REASON__REFUSE_FORKED;
    }
    return TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED;
}

static void start_stream(struct toc_run *run, struct follower *follower, toc_peer peer,
                         const Tocsin__V1__Fetch *fetch)
{
    uint8_t hash[TOC_SHA256];
    struct toc_txn *txn = run->turn.txn;
    const char *detail = "the log cannot be read now";
    Tocsin__V1__RefuseReason reason = TOCSIN__V1__REFUSE_REASON__REFUSE_FULL;
    /* In the middle of a turn its own transaction reads; up to committed_seq both say the same. */
    if (run->turn_open || toc_txn_begin_read(run->store, &txn) == TOC_OK) {
        reason = check_start(run, txn, fetch, hash, &detail);
        if (!run->turn_open)
            toc_txn_abort(txn);
    }
    if (reason != TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED) {
        run_refuse(run, peer, fetch->stream, reason, detail);
        return;
    }
    *follower = (struct follower){
        .peer = peer,
        .stream = fetch->stream,
        .position = fetch->from_seq - 1,
        .sent_bytes = fetch->received_bytes,
        .partition_mask = fetch->partition_mask,
        .class_mask = fetch->class_mask,
        .gather_ms = fetch->gather_ms < GATHER_MAX_MS ? fetch->gather_ms : GATHER_MAX_MS,
        .promised_ms = TOC_TIME_MIN,
        .is_partner = run->partner != NULL && strcmp(fetch->follower, run->partner->name) == 0,
        .told = {.next_ms = TOC_TIME_MIN}};
    memcpy(follower->hash, hash, TOC_SHA256);
}

/* --- who trimming waits for --------------------------------------------------------------- */

/* Row of TOC_TABLE_META: "follower/" ‖ name -> u64be done_seq ‖ u64be when it was heard, wall;
 * older ones end before that. */
#define REGISTERED_PREFIX "follower/"
#define REGISTERED_OLD    8
#define REGISTERED_ROW    16

static struct toc_str registered_key(char *out, size_t out_size, const char *name)
{
    int size = snprintf(out, out_size, REGISTERED_PREFIX "%s", name);
    TOC_ASSERT(size > 0 && (size_t)size < out_size);
    return toc_str(out, (size_t)size);
}

/* The one of that name, or a free one; NULL: there is none. */
static struct registered *place_of(struct toc_run *run, const char *name)
{
    struct registered *place = NULL;
    for (size_t i = 0; i < REGISTERED_MAX; i++) {
        struct registered *known = &run->registered[i];
        if (strcmp(known->name, name) == 0)
            return known;
        if (place == NULL && known->name[0] == '\0')
            place = known;
    }
    return place;
}

/* Who is part of every suite is waited for however long it is away. */
static bool is_ours(const char *name)
{
    static const char *const ours[] = {"router", "sla", "notifier", "outcomes", "audit"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
        if (strcmp(name, ours[i]) == 0)
            return true;
    return false;
}

/* One that starts may have been restored: then its cursor is an older one. */
static void register_consumer(struct toc_run *run, const Tocsin__V1__Fetch *fetch, bool starts,
                              struct toc_now now)
{
    char name[NAME_MAX_BYTES];
    toc_str_copy(name, sizeof(name), toc_str_of(fetch->follower));
    struct registered *place = place_of(run, name);
    if (place == NULL) {
        toc_log(TOC_LOG_WARNING, "too_many_consumers", "name=%s", name);
        return;
    }
    bool moves = fetch->done_seq > place->done_seq ? fetch->done_seq <= run->committed_seq
                                                   : starts && fetch->done_seq < place->done_seq;
    place->moved = place->moved || place->name[0] == '\0' || moves ||
                   now.wall_ms - place->saved_ms > LEASE_MS / 2;
    toc_str_copy(place->name, sizeof(place->name), toc_str_of(name));
    place->heard_ms = now.wall_ms;
    place->heard_mono_ms = now.mono_ms;
    if (moves)
        place->done_seq = fetch->done_seq;
}

static enum toc_err load_registered(struct toc_run *run, struct toc_str key_name,
                                    struct toc_str row)
{
    char name[NAME_MAX_BYTES];
    toc_str_copy(name, sizeof(name), key_name);
    struct registered *place = place_of(run, name);
    if ((row.size != REGISTERED_ROW && row.size != REGISTERED_OLD) || place == NULL)
        return TOC_ERR_DAMAGED;
    if (place->name[0] != '\0')
        return TOC_OK;
    memcpy(place->name, name, sizeof(name));
    place->done_seq = toc_get_u64be(row.data);
    if (row.size == REGISTERED_ROW)
        place->heard_ms = place->saved_ms = (toc_time_ms)toc_get_u64be(row.data + 8);
    place->heard_mono_ms = run->started_ms; /* it may have been away because we were */
    return TOC_OK;
}

/* What consumers have said is of no turn: after one that failed it stands, and is put again. */
enum toc_err feed_load(struct toc_run *run, struct toc_txn *txn)
{
    struct toc_str key, row, prefix = TOC_STR(REGISTERED_PREFIX);
    struct toc_scan *scan;
    enum toc_err err;
    for (size_t i = 0; i < REGISTERED_MAX; i++)
        run->registered[i].moved = run->registered[i].name[0] != '\0';
    TOC_TRY(toc_scan_open(txn, TOC_TABLE_META, prefix, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && toc_str_starts(key, prefix)) {
        err = load_registered(run, toc_str_from(key, prefix.size), row);
        if (err < 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err save_one(struct toc_txn *txn, struct registered *known)
{
    char key[TOC_KEY_MAX + 1];
    uint8_t row[REGISTERED_ROW];
    toc_put_u64be(row, known->done_seq);
    toc_put_u64be(row + 8, (uint64_t)known->heard_ms);
    known->moved = false;
    known->saved_ms = known->heard_ms;
    return toc_put(txn, TOC_TABLE_META, registered_key(key, sizeof(key), known->name),
                   toc_str(row, sizeof(row)));
}

static enum toc_err forget_one(struct toc_txn *txn, struct registered *known)
{
    char key[TOC_KEY_MAX + 1];
    enum toc_err err = toc_del(txn, TOC_TABLE_META, registered_key(key, sizeof(key), known->name));
    toc_log(TOC_LOG_WARNING, "consumer_forgotten", "name=%s done=%" PRIu64, known->name,
            known->done_seq);
    memset(known, 0, sizeof(*known));
    return err < 0 ? err : TOC_OK;
}

enum toc_err feed_save(struct toc_run *run, struct toc_txn *txn, struct toc_now now)
{
    for (size_t i = 0; i < REGISTERED_MAX; i++) {
        struct registered *known = &run->registered[i];
        if (known->name[0] == '\0')
            continue;
        if (known->heard_ms == 0) { /* the row was an older one */
            known->heard_ms = now.wall_ms;
            known->moved = true;
        }
        if (now.wall_ms - known->heard_ms > LEASE_MS && !is_ours(known->name) &&
            now.mono_ms - known->heard_mono_ms > LEASE_GRACE_MS)
            TOC_TRY(forget_one(txn, known));
        else if (known->moved)
            TOC_TRY(save_one(txn, known));
    }
    return TOC_OK;
}

uint64_t feed_lowest_done(const struct toc_run *run)
{
    uint64_t lowest = run->committed_seq;
    for (size_t i = 0; i < REGISTERED_MAX; i++)
        if (run->registered[i].name[0] != '\0' && run->registered[i].done_seq < lowest)
            lowest = run->registered[i].done_seq;
    return lowest;
}

/* --- streams ------------------------------------------------------------------------------ */

void feed_on_fetch(struct toc_run *run, toc_peer peer, const Tocsin__V1__Fetch *fetch,
                   struct toc_now now)
{
    struct follower *follower = find(run, peer);
    bool starts = false;
    if (follower == NULL || follower->stream != fetch->stream) {
        if (follower == NULL)
            follower = find(run, 0);
        if (follower == NULL) {
            run_refuse(run, peer, fetch->stream, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED,
                       "this service has as many followers as it allows");
            return;
        }
        start_stream(run, follower, peer, fetch);
        if (follower->peer != peer || follower->stream != fetch->stream)
            return;
        starts = true;
    }
    uint64_t most = follower->sent_bytes + CREDIT_MOST;
    uint64_t granted_bytes = fetch->granted_bytes < most ? fetch->granted_bytes : most;
    if (granted_bytes > follower->granted_bytes)
        follower->granted_bytes = granted_bytes;
    if (fetch->follower[0] != '\0')
        register_consumer(run, fetch, starts, now);
    follower->heard_ms = now.mono_ms;
}

static bool is_wanted(const struct follower *follower, const struct toc_journal_entry *entry)
{
    if (follower->class_mask != 0 && (follower->class_mask & entry->class_bit) == 0)
        return false;
    return entry->partition >= TOC_PARTITIONS ||
           (follower->partition_mask >> entry->partition & 1) != 0;
}

/* Who wants few of the records may not hold the loop for a whole log of them. */
#define SCANNED_MAX 4096 /* records looked at for one frame */
#define FRAMES_MAX  16   /* to one follower in one turn */

/* One frame's worth of records, copied out of the log. */
struct batch {
    uint8_t *records, *end; /* packed `records` fields of a Batch */
    uint64_t credit;        /* bytes of the records themselves: what credit counts */
    uint64_t position;
    uint8_t hash[TOC_SHA256];
};

static enum toc_err fill(struct toc_run *run, const struct follower *follower, struct toc_txn *txn,
                         struct batch *batch)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    uint64_t room = follower->granted_bytes - follower->sent_bytes;
    if (room > BATCH_BYTES)
        room = BATCH_BYTES;
    TOC_TRY(toc_journal_scan(txn, batch->position + 1, &scan));
    enum toc_err err = TOC_OK;
    for (unsigned scanned = 0; scanned < SCANNED_MAX; scanned++) {
        err = toc_journal_next(scan, &entry);
        if (err != TOC_OK || entry.seq > run->committed_seq)
            break;
        if (is_wanted(follower, &entry)) {
            if (batch->credit + entry.record.size > room)
                break;
            batch->end = toc_wire_put_bytes(batch->end, 7, entry.record);
            batch->credit += entry.record.size;
        }
        batch->position = entry.seq;
        memcpy(batch->hash, entry.hash.data, TOC_SHA256);
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* The fields before the records; they are written in front of them, from the back. */
#define HEAD_BYTES (10 * TOC_WIRE_FIELD_OVERHEAD + TOC_SHA256)

static uint64_t zigzag(toc_time_ms ms)
{
    return (uint64_t)ms << 1 ^ (uint64_t)(ms >> 63);
}

static uint8_t *put_word(uint8_t *at, const struct pace_word *word)
{
    at = toc_wire_put_varint(at, 8, zigzag(word->next_ms));
    at = toc_wire_put_fixed64(at, 9, word->taken_log);
    return toc_wire_put_varint(at, 10, word->taken_seq);
}

static struct toc_str finish_batch(struct toc_run *run, const struct follower *follower,
                                   const struct batch *batch)
{
    uint8_t head[HEAD_BYTES], outer[2 * TOC_WIRE_FIELD_OVERHEAD], *at = head, *o = outer;
    size_t records_size = (size_t)(batch->end - batch->records);
    /* It holds for who has everything up to the head; behind it, it would come too soon. */
    toc_time_ms promise_ms =
        batch->position == run->committed_seq ? run->promised_ms : TOC_TIME_MIN;
    at = toc_wire_put_varint(at, 1, follower->stream);
    at = toc_wire_put_varint(at, 2, follower->position);
    at = toc_wire_put_varint(at, 3, batch->position);
    at = toc_wire_put_bytes(at, 4, toc_str(batch->hash, TOC_SHA256));
    at = toc_wire_put_varint(at, 5, zigzag(promise_ms));
    at = toc_wire_put_varint(at, 6, run->committed_seq);
    if (follower->is_partner)
        at = put_word(at, &run->word);
    size_t head_size = (size_t)(at - head);
    o = toc_wire_put_varint(o, 1, TOC_WIRE_VERSION);
    o = toc_wire_put_length(o, TOCSIN__V1__FRAME__KIND_BATCH, head_size + records_size);
    size_t outer_size = (size_t)(o - outer);
    uint8_t *start = batch->records - head_size - outer_size;
    memcpy(start, outer, outer_size);
    memcpy(start + outer_size, head, head_size);
    return toc_str(start, outer_size + head_size + records_size);
}

static bool send_promise(struct toc_run *run, struct follower *follower)
{
    Tocsin__V1__Promise promise = TOCSIN__V1__PROMISE__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    uint8_t bytes[128];
    promise.stream = follower->stream;
    promise.through_seq = follower->position;
    promise.through_hash = toc_wire_binary(toc_str(follower->hash, TOC_SHA256));
    /* A promise holds for what the follower has; behind the head it could come too soon. */
    promise.promise_ms = follower->position == run->committed_seq ? run->promised_ms : TOC_TIME_MIN;
    promise.head_seq = run->committed_seq;
    if (follower->is_partner) {
        promise.next_ms = run->word.next_ms;
        promise.taken_log = run->word.taken_log;
        promise.taken_seq = run->word.taken_seq;
    }
    frame.version = TOC_WIRE_VERSION;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_PROMISE;
    frame.promise = &promise;
    TOC_ASSERT(tocsin__v1__frame__get_packed_size(&frame) <= sizeof(bytes));
    size_t size = tocsin__v1__frame__pack(&frame, bytes);
    return toc_link_send(run->config->link, follower->peer, toc_str(bytes, size)) == TOC_OK;
}

static void note_told(const struct toc_run *run, struct follower *follower)
{
    follower->promised_ms = run->promised_ms;
    follower->told = run->word;
}

/* TOC_NONE when nothing was sent because nothing can be now. */
static enum toc_err pump_one(struct toc_run *run, struct follower *follower, struct toc_txn *txn,
                             struct toc_now now)
{
    struct batch batch = {.position = follower->position};
    batch.records = batch.end = run->out + HEAD_BYTES + 2 * TOC_WIRE_FIELD_OVERHEAD;
    memcpy(batch.hash, follower->hash, TOC_SHA256);
    TOC_TRY(fill(run, follower, txn, &batch));
    if (batch.position == follower->position)
        return TOC_NONE;
    struct toc_str frame = finish_batch(run, follower, &batch);
    enum toc_err err = toc_link_send(run->config->link, follower->peer, frame);
    if (err == TOC_ERR_GONE)
        follower->peer = 0;
    if (err < 0 && !(err == TOC_ERR_AGAIN && TOC_PLANTED(TOC_PLANT_DROP_ON_FULL)))
        return TOC_NONE; /* the position stays: it is sent again */
    TOC_EXIT_POINT("mid_feed");
    follower->sent_ms = now.mono_ms;
    if (batch.position == run->committed_seq)
        note_told(run, follower);
    follower->position = batch.position;
    follower->sent_bytes += batch.credit;
    memcpy(follower->hash, batch.hash, TOC_SHA256);
    return TOC_OK;
}

/* The partner waits for it. */
static bool has_news(const struct toc_run *run, const struct follower *follower)
{
    return follower->is_partner && follower->position == run->committed_seq &&
           (run->word.next_ms != follower->told.next_ms ||
            run->word.taken_seq != follower->told.taken_seq);
}

/* A promise goes out when it says something new, and as a heartbeat. */
static void promise_one(struct toc_run *run, struct follower *follower, struct toc_now now)
{
    bool moved = run->promised_ms > follower->promised_ms && !run->service->accepts_submissions;
    toc_time_ms idle_ms = now.mono_ms - follower->sent_ms;
    if (idle_ms < TOC_HEARTBEAT_MS && !(moved && idle_ms >= TOC_HEARTBEAT_MS / 10) &&
        !has_news(run, follower))
        return;
    if (send_promise(run, follower)) {
        follower->sent_ms = now.mono_ms;
        note_told(run, follower);
    }
}

/* How long what the follower has not got may wait for more; 0: no longer, or there is nothing. */
static toc_time_ms gathers_ms(const struct toc_run *run, const struct follower *follower,
                              struct toc_now now)
{
    uint64_t unsent = run->committed_seq - follower->position;
    toc_time_ms left_ms = follower->gather_ms - (now.mono_ms - follower->sent_ms);
    return unsent > 0 && unsent < GATHERED_RECORDS && left_ms > 0 ? left_ms : 0;
}

toc_time_ms feed_wait_ms(const struct toc_run *run, struct toc_now now)
{
    toc_time_ms wait_ms = TOC_TIME_NEVER;
    for (size_t i = 0; i < TOC_FOLLOWERS_MAX; i++) {
        const struct follower *follower = &run->followers[i];
        toc_time_ms left_ms = follower->peer != 0 ? gathers_ms(run, follower, now) : 0;
        if (left_ms > 0 && left_ms < wait_ms)
            wait_ms = left_ms;
    }
    return wait_ms;
}

/* What it has not got was trimmed meanwhile: nobody goes on behind a gap without a word. */
static bool is_passed(struct toc_run *run, struct follower *follower)
{
    if (follower->position + 1 >= run->journal.first_seq)
        return false;
    run_refuse(run, follower->peer, follower->stream, TOCSIN__V1__REFUSE_REASON__REFUSE_TRIMMED,
               trimmed);
    follower->peer = 0;
    return true;
}

enum toc_err feed_pump(struct toc_run *run, struct toc_now now)
{
    struct toc_txn *txn = NULL;
    enum toc_err err = TOC_OK;
    for (size_t i = 0; i < TOC_FOLLOWERS_MAX && err >= 0; i++) {
        struct follower *follower = &run->followers[i];
        if (follower->peer == 0)
            continue;
        if (now.mono_ms - follower->heard_ms > FOLLOWER_GONE_MS) {
            follower->peer = 0;
            continue;
        }
        err = TOC_OK;
        if (is_passed(run, follower) || gathers_ms(run, follower, now) > 0)
            continue;
        for (unsigned frames = 0;
             frames < FRAMES_MAX && err == TOC_OK && follower->position < run->committed_seq &&
             follower->sent_bytes < follower->granted_bytes;
             frames++) {
            if (txn == NULL)
                TOC_TRY(toc_txn_begin_read(run->store, &txn));
            err = pump_one(run, follower, txn, now);
        }
        if (err >= 0 && follower->peer != 0)
            promise_one(run, follower, now);
    }
    toc_txn_abort(txn);
    return err < 0 ? err : TOC_OK;
}
