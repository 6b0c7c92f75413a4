#include "common/run_internal.h"

#include <assert.h>

#include <stdlib.h>

static const struct toc_str reserved_key = {"reserved", 8};

static toc_time_ms later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

/* --- transactions and steps ------------------------------------------------------------- */

enum toc_err run_begin(struct toc_run *run)
{
    if (run->turn_open)
        return TOC_OK;
    TOC_TRY(toc_txn_begin_write(run->store, &run->turn.txn));
    run->turn_open = true;
    run->turn.nearly_full = run->counts.percent_used >= TOC_FULL_PERCENT;
    return TOC_OK;
}

enum toc_err run_step(struct toc_run *run, const struct toc_event *ev, uint64_t cause_log,
                      uint64_t cause_seq, struct toc_receipt *receipt)
{
    struct toc_turn *turn = &run->turn;
    turn->log_ms = run->log_ms;
    turn->receipt = receipt;
    turn->cause_log = cause_log;
    turn->cause_seq = cause_seq;
    turn->cause_index = 0;
    size_t mark = toc_arena_mark(&run->event_arena);
    enum toc_err err = run->service->step(turn, ev);
    TOC_ASSERT(err != TOC_NONE);
    if (receipt == NULL) /* a receipt's detail is read first */
        toc_arena_reset(&run->event_arena, mark);
    run->turn_events++;
    run->counts.events++;
    TOC_EXIT_POINT("mid_turn");
    return err;
}

enum toc_err run_fire_dues(struct toc_run *run, unsigned most)
{
    while (run->turn.wake_ms < run->log_ms && most-- > 0) {
        struct toc_event ev = {.kind = TOC_EVENT_TIME, .at_ms = run->log_ms};
        toc_time_ms next;
        TOC_TRY(run_begin(run));
        TOC_TRY(run_step(run, &ev, 0, 0, NULL));
        TOC_TRY(run->service->next_due(run->turn.txn, &next));
        run->turn.wake_ms = next;
    }
    return TOC_OK;
}

enum toc_err toc_emit(struct toc_turn *turn, const struct toc_out *out, uint64_t *out_seq)
{
    struct toc_str body = out->body;
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    size_t mark = toc_arena_mark(turn->arena);
    if (out->message != NULL)
        TOC_TRY(toc_wire_pack(turn->arena, out->message, &body));
    record.partition = out->partition;
    record.class_ = out->class_bit;
    record.type = out->type;
    record.at_ms = out->at_ms;
    record.log_ms = turn->log_ms;
    record.cause_log = turn->cause_log;
    record.cause_seq = turn->cause_seq;
    record.cause_index = turn->cause_index;
    record.issue = toc_wire_binary(toc_str(out->issue, out->issue ? TOC_ID : 0));
    record.prev_seq = out->prev_seq;
    record.policy = out->policy;
    record.test = out->test;
    record.body = toc_wire_binary(body);
    TOC_TRY(toc_journal_append(turn->journal, turn->txn, turn->arena, &record));
    toc_arena_reset(turn->arena, mark);
    turn->cause_index++;
    if (out_seq != NULL)
        *out_seq = record.seq;
    return TOC_OK;
}

enum toc_err toc_turn_policy(struct toc_turn *turn, uint32_t version, const struct toc_policy **out)
{
    return toc_policy_cached(&turn->run->policies, turn->txn, version, out);
}

enum toc_err toc_turn_keep_policy(struct toc_turn *turn, Tocsin__V1__RecordType type,
                                  struct toc_str body, toc_time_ms at_ms, bool forward)
{
    if (type == TOCSIN__V1__RECORD_TYPE__POLICY_PART) {
        Tocsin__V1__PolicyPart *part;
        TOC_TRY(toc_unpack(turn, policy_part, body, &part));
        if (part->hash.len != TOC_SHA256)
            return TOC_ERR_DAMAGED;
        TOC_TRY(toc_policy_keep_part(turn->txn, part));
    } else {
        Tocsin__V1__PolicyApplied *applied;
        TOC_TRY(toc_unpack(turn, policy_applied, body, &applied));
        if (applied->hash.len != TOC_SHA256)
            return TOC_ERR_DAMAGED;
        TOC_TRY(toc_policy_keep_applied(turn->txn, applied));
    }
    if (!forward)
        return TOC_OK;
    struct toc_out out = {.type = type,
                          .class_bit = TOC_CLASS_CONTROL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = at_ms,
                          .body = body};
    return toc_emit(turn, &out, NULL);
}

/* --- opening ---------------------------------------------------------------------------- */

static enum toc_err load_reserved(struct toc_run *run, struct toc_txn *txn)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, reserved_key, &row);
    TOC_TRY(err);
    run->reserved_ms = TOC_TIME_MIN;
    if (err == TOC_OK) {
        if (row.size != 8)
            return TOC_ERR_DAMAGED;
        run->reserved_ms = (toc_time_ms)toc_get_u64be(row.data);
    }
    run->stamp_floor_ms = later(run->journal.last_at_ms, run->reserved_ms);
    return TOC_OK;
}

/* Everything in memory from what is on disk: at start, and again after a turn that failed. */
static enum toc_err load_in(struct toc_run *run, struct toc_txn *txn)
{
    const struct toc_service *service = run->service;
    TOC_TRY(toc_journal_open(&run->journal, txn, run->config->random | 1));
    TOC_TRY(load_reserved(run, txn));
    for (size_t i = 0; i < run->upstream_count; i++)
        TOC_TRY(follow_load(run, &run->upstreams[i], txn));
    TOC_TRY(feed_load(run, txn));
    run->committed_seq = run->journal.last_seq;
    /* The time that an undone turn had reached is gone with its events: no due may fire on it. */
    run->log_ms = later(run->promised_ms, run->journal.last_log_ms);
    run->turn = (struct toc_turn){.txn = txn,
                                  .arena = &run->event_arena,
                                  .self = run->self,
                                  .log_ms = run->log_ms,
                                  .event_clock = run->config->event_clock,
                                  .run = run,
                                  .journal = &run->journal,
                                  .wake_ms = TOC_TIME_NEVER};
    if (service->close != NULL)
        service->close(run->self);
    memset(run->self, 0, service->self_bytes);
    if (service->open != NULL)
        TOC_TRY(service->open(run->self, run->config->service_config, &run->turn));
    if (service->next_due != NULL)
        TOC_TRY(service->next_due(txn, &run->turn.wake_ms));
    return TOC_OK;
}

static enum toc_err load(struct toc_run *run)
{
    struct toc_txn *txn;
    TOC_TRY(toc_txn_begin_write(run->store, &txn));
    enum toc_err err = load_in(run, txn);
    if (err < 0) {
        toc_txn_abort(txn);
        return err;
    }
    run->turn.txn = NULL;
    toc_arena_reset(&run->event_arena, 0);
    TOC_EXIT_POINT("mid_load");
    return toc_txn_commit(txn);
}

static enum toc_err open_store(struct toc_run *run)
{
    static const char *const common[] = {"log", "meta", "cursor", "policy"};
    const char *tables[TOC_TABLES_MAX];
    const struct toc_service *service = run->service;
    size_t count = sizeof(common) / sizeof(common[0]);
    static_assert(sizeof(common) / sizeof(common[0]) == TOC_TABLE_OWN, "one name per table");
    TOC_ASSERT(count + service->table_count <= TOC_TABLES_MAX);
    memcpy(tables, common, sizeof(common));
    for (size_t i = 0; i < service->table_count; i++)
        tables[count++] = service->tables[i];
    struct toc_store_config config = {.dir = run->config->data_dir,
                                      .tables = tables,
                                      .table_count = count,
                                      .map_bytes = run->config->map_bytes};
    return toc_store_open(&config, &run->store);
}

static enum toc_err build(struct toc_run *run, struct toc_now now)
{
    const struct toc_run_config *config = run->config;
    TOC_ASSERT(config->upstream_count <= TOC_UPSTREAMS_MAX);
    run->log_ms = TOC_TIME_MIN;
    run->promised_ms = TOC_TIME_MIN;
    run->started_ms = now.mono_ms;
    run->session = config->random;
    for (size_t i = 0; i < config->upstream_count; i++)
        run->upstreams[i] = (struct upstream){.name = config->upstreams[i],
                                              .peer = (toc_peer)(i + 1),
                                              .time_ms = TOC_TIME_MIN,
                                              .heard_ms = now.mono_ms,
                                              .asked_ms = now.mono_ms - HELLO_RETRY_MS};
    run->upstream_count = config->upstream_count;
    run->self = calloc(1, run->service->self_bytes + 1);
    run->receipt_bytes = malloc(RECEIPTS_BYTES);
    run->out = malloc(TOC_FRAME_MAX);
    if (run->self == NULL || run->receipt_bytes == NULL || run->out == NULL)
        return TOC_ERR_MEMORY;
    TOC_TRY(toc_arena_init(&run->event_arena, EVENT_ARENA_BYTES));
    TOC_TRY(toc_arena_init(&run->frame_arena, FRAME_ARENA_BYTES));
    TOC_TRY(open_store(run));
    run->counts.percent_used = toc_store_percent_used(run->store);
    TOC_TRY(load(run));
    run->promised_ms = run->log_ms;
    return TOC_OK;
}

enum toc_err toc_run_open(const struct toc_run_config *config, struct toc_now now,
                          struct toc_run **out)
{
    struct toc_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return TOC_ERR_MEMORY;
    run->config = config;
    run->service = config->service;
    enum toc_err err = build(run, now);
    if (err < 0) {
        toc_run_close(run);
        return err;
    }
    *out = run;
    return TOC_OK;
}

void toc_run_close(struct toc_run *run)
{
    if (run == NULL)
        return;
    if (run->turn_open)
        toc_txn_abort(run->turn.txn);
    if (run->self != NULL && run->service->close != NULL)
        run->service->close(run->self);
    toc_policy_cache_done(&run->policies);
    toc_store_close(run->store);
    toc_arena_done(&run->event_arena);
    toc_arena_done(&run->frame_arena);
    free(run->self);
    free(run->receipt_bytes);
    free(run->out);
    free(run);
}

/* --- frames ----------------------------------------------------------------------------- */

void run_send(struct toc_run *run, toc_peer peer, Tocsin__V1__Frame *frame)
{
    frame->version = TOC_WIRE_VERSION;
    size_t size = tocsin__v1__frame__get_packed_size(frame);
    if (size > TOC_FRAME_MAX) {
        toc_log(TOC_LOG_WARNING, "frame_too_large", "bytes=%zu", size);
        return;
    }
    size = tocsin__v1__frame__pack(frame, run->out);
    /* Losing a small frame is harmless: the other side asks again. */
    enum toc_err err = toc_link_send(run->config->link, peer, toc_str(run->out, size));
    if (err < 0)
        run->counts.receipts_lost++;
}

void run_refuse(struct toc_run *run, toc_peer peer, uint32_t stream,
                Tocsin__V1__RefuseReason reason, const char *detail)
{
    Tocsin__V1__Refuse refuse = TOCSIN__V1__REFUSE__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    refuse.reason = reason;
    refuse.detail = toc_wire_text(detail);
    refuse.stream = stream;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_REFUSE;
    frame.refuse = &refuse;
    run_send(run, peer, &frame);
}

static void answer_hello(struct toc_run *run, toc_peer peer, const Tocsin__V1__Hello *hello)
{
    Tocsin__V1__Hello answer = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    if (hello->min_version > TOC_WIRE_VERSION || hello->max_version < TOC_WIRE_VERSION) {
        run_refuse(run, peer, 0, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION,
                   "this service speaks wire version 1");
        return;
    }
    answer.min_version = TOC_WIRE_VERSION;
    answer.max_version = TOC_WIRE_VERSION;
    answer.session = hello->session;
    answer.name = toc_wire_text(run->service->name);
    answer.log_id = run->journal.log_id;
    answer.first_seq = run->journal.first_seq;
    answer.last_seq = run->committed_seq;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    frame.hello = &answer;
    run_send(run, peer, &frame);
}

static enum toc_err from_upstream(struct toc_run *run, struct upstream *up,
                                  const Tocsin__V1__Frame *frame, struct toc_now now)
{
    up->heard_ms = now.mono_ms;
    up->heard = true;
    if (frame->kind_case == TOCSIN__V1__FRAME__KIND_HELLO)
        return follow_on_hello(run, up, frame->hello, now);
    if (frame->kind_case == TOCSIN__V1__FRAME__KIND_PROMISE)
        return follow_on_promise(run, up, frame->promise, now);
    if (frame->kind_case == TOCSIN__V1__FRAME__KIND_REFUSE)
        follow_on_refuse(run, up, frame->refuse);
    else
        run->counts.malformed++;
    return TOC_OK;
}

static enum toc_err from_client(struct toc_run *run, toc_peer peer, const Tocsin__V1__Frame *frame,
                                struct toc_now now)
{
    switch ((int)frame->kind_case) {
    case TOCSIN__V1__FRAME__KIND_HELLO:
        answer_hello(run, peer, frame->hello);
        return TOC_OK;
    case TOCSIN__V1__FRAME__KIND_FETCH:
        feed_on_fetch(run, peer, frame->fetch, now);
        return TOC_OK;
    case TOCSIN__V1__FRAME__KIND_ASK:
        return answer_ask(run, peer, frame->ask, now);
    default:
        run->counts.malformed++;
        run_refuse(run, peer, 0, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                   "a client sends Hello, Publish, Fetch or Ask");
        return TOC_OK;
    }
}

/* The outermost fields of a frame, so that the large kinds need no unpacking. */
struct outer {
    uint64_t version;
    uint32_t kind; /* field number of the oneof */
    struct toc_str body;
};

static enum toc_err read_outer(struct toc_str frame, struct outer *out)
{
    struct toc_wire_reader reader = toc_wire_reader(frame);
    struct toc_wire_field field;
    enum toc_err err;
    *out = (struct outer){0};
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number == 1 && field.wire_type == 0)
            out->version = field.value;
        if (field.number >= 2 && field.number <= 10 && field.wire_type == 2) {
            out->kind = field.number;
            out->body = field.bytes;
        }
    }
    if (err < 0)
        return err;
    return out->kind == 0 ? TOC_ERR_MALFORMED : TOC_OK;
}

static enum toc_err refuse_frame(struct toc_run *run, toc_peer peer,
                                 Tocsin__V1__RefuseReason reason, const char *detail)
{
    run->counts.malformed++;
    if (peer >= TOC_PEER_BOUND)
        run_refuse(run, peer, 0, reason, detail);
    return TOC_OK;
}

static enum toc_err small_frame(struct toc_run *run, toc_peer peer, struct upstream *up,
                                struct toc_str bytes, struct toc_now now)
{
    Tocsin__V1__Frame *frame;
    toc_arena_reset(&run->frame_arena, 0);
    if (toc_wire_unpack(&run->frame_arena, &tocsin__v1__frame__descriptor, bytes, &frame) < 0)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                            "the frame is not a well-formed tocsin.v1.Frame");
    return up != NULL ? from_upstream(run, up, frame, now) : from_client(run, peer, frame, now);
}

enum toc_err run_abandon(struct toc_run *run)
{
    toc_txn_abort(run->turn.txn);
    run->turn.txn = NULL;
    run->turn_open = false;
    toc_policy_cache_done(&run->policies); /* a version of this turn may come with another text */
    run_refuse_receipts(run);
    for (size_t i = 0; i < run->upstream_count; i++)
        follow_restart(run, &run->upstreams[i]);
    return load(run);
}

/* A full store is the one failure that a process survives. */
static enum toc_err survive_full(struct toc_run *run, enum toc_err err, struct toc_now now)
{
    if (err != TOC_ERR_FULL)
        return err;
    toc_log(TOC_LOG_ALARM, "store_full", "retry_ms=%d", FULL_PAUSE_MS);
    run->full_until_ms = now.mono_ms + FULL_PAUSE_MS;
    err = run_abandon(run);
    return err == TOC_ERR_FULL ? TOC_OK : err;
}

enum toc_err toc_run_frame(struct toc_run *run, toc_peer peer, struct toc_str frame,
                           struct toc_now now)
{
    struct upstream *up =
        peer >= 1 && peer <= run->upstream_count ? &run->upstreams[peer - 1] : NULL;
    struct outer outer;
    run->counts.frames++;
    if (frame.size > TOC_FRAME_MAX)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                            "a frame may have 1 MiB");
    if (read_outer(frame, &outer) < 0)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED,
                            "the frame is not a well-formed tocsin.v1.Frame");
    if (outer.version != TOC_WIRE_VERSION)
        return refuse_frame(run, peer, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION,
                            "this service speaks wire version 1");
    enum toc_err err;
    if (outer.kind == TOCSIN__V1__FRAME__KIND_PUBLISH && up == NULL)
        err = run_on_publish(run, peer, outer.body, now);
    else if (outer.kind == TOCSIN__V1__FRAME__KIND_BATCH && up != NULL)
        err = follow_on_batch(run, up, outer.body, now);
    else
        err = small_frame(run, peer, up, frame, now);
    return survive_full(run, err, now);
}

enum toc_err toc_run_outcome(struct toc_run *run, struct toc_str bytes, struct toc_now now)
{
    struct toc_event ev = {.kind = TOC_EVENT_OUTCOME, .at_ms = now.wall_ms, .bytes = bytes};
    enum toc_err err = run_begin(run);
    if (err == TOC_OK)
        err = run_step(run, &ev, 0, 0, NULL);
    return survive_full(run, err, now);
}

/* --- time and commit -------------------------------------------------------------------- */

/* Moves log time to the lowest promise of the live upstreams, or with the own clock. */
static void advance_log_time(struct toc_run *run, struct toc_now now)
{
    toc_time_ms lowest = TOC_TIME_NEVER;
    if (run->service->accepts_submissions)
        return; /* an intake's log time is its stamps */
    if (run->service->time_source == TOC_TIME_OF_OWN_CLOCK && !run->config->event_clock) {
        run->log_ms = later(run->log_ms, now.wall_ms);
        return;
    }
    for (size_t i = 0; i < run->upstream_count; i++) {
        const struct upstream *up = &run->upstreams[i];
        if (!up->left_out && up->time_ms < lowest)
            lowest = up->time_ms;
    }
    if (lowest != TOC_TIME_NEVER)
        run->log_ms = later(run->log_ms, lowest);
}

/* Nothing can be judged while log time stands still, but somebody should know. */
static enum toc_err tell_behind(struct toc_run *run, struct toc_now now)
{
    struct toc_event ev = {.kind = TOC_EVENT_BEHIND, .at_ms = now.wall_ms};
    if (!run->service->sees_behind || run->config->event_clock || run->log_ms == TOC_TIME_MIN ||
        now.wall_ms - run->log_ms < BEHIND_MS ||
        now.mono_ms - run->behind_told_ms < BEHIND_AGAIN_MS)
        return TOC_OK;
    run->behind_told_ms = now.mono_ms;
    TOC_TRY(run_begin(run));
    return run_step(run, &ev, 0, 0, NULL);
}

static bool wants_reservation(const struct toc_run *run, struct toc_now now)
{
    return run->service->accepts_submissions && !run->config->event_clock &&
           run->reserved_ms < later(now.wall_ms, run->stamp_floor_ms) + RESERVE_MS / 2;
}

static enum toc_err poll_turn(struct toc_run *run, struct toc_now now)
{
    TOC_TRY(follow_poll(run, now));
    advance_log_time(run, now);
    if (now.mono_ms < run->full_until_ms)
        return TOC_OK; /* nothing can be written */
    TOC_TRY(run_fire_dues(run, DUES_PER_POLL));
    TOC_TRY(tell_behind(run, now));
    if (wants_reservation(run, now))
        TOC_TRY(run_begin(run));
    return TOC_OK;
}

enum toc_err toc_run_poll(struct toc_run *run, struct toc_now now)
{
    return survive_full(run, poll_turn(run, now), now);
}

static enum toc_err reserve(struct toc_run *run, struct toc_now now)
{
    uint8_t row[8];
    if (!wants_reservation(run, now))
        return TOC_OK;
    toc_time_ms ahead = later(now.wall_ms, run->stamp_floor_ms) + RESERVE_MS;
    toc_put_u64be(row, (uint64_t)ahead);
    TOC_TRY(toc_put(run->turn.txn, TOC_TABLE_META, reserved_key, toc_str(row, sizeof(row))));
    run->reserved_ms = ahead;
    return TOC_OK;
}

static enum toc_err trim(struct toc_run *run)
{
    uint64_t keep = run->config->keep_records;
    TOC_TRY(feed_save(run, run->turn.txn)); /* a consumer that is away keeps its place */
    if (keep == 0 || run->journal.last_seq < keep)
        return TOC_OK;
    uint64_t below = feed_lowest_done(run);
    if (below > run->journal.last_seq - keep)
        below = run->journal.last_seq - keep;
    return toc_journal_trim(&run->journal, run->turn.txn, below, 200);
}

static enum toc_err finish_turn(struct toc_run *run, struct toc_now now)
{
    if (run->turn_events > 0 && run->service->settle != NULL)
        TOC_TRY(run->service->settle(&run->turn));
    if (!TOC_PLANTED(TOC_PLANT_CURSOR_OUTSIDE))
        TOC_TRY(follow_save(run, run->turn.txn));
    TOC_TRY(reserve(run, now));
    TOC_TRY(trim(run));
    if (TOC_PLANTED(TOC_PLANT_ACK_EARLY))
        run_send_receipts(run);
    struct toc_txn *txn = run->turn.txn;
    run->turn.txn = NULL;
    run->turn_open = false; /* gone either way */
    TOC_EXIT_POINT("before_commit");
    enum toc_err err = toc_txn_commit(txn);
    if (err == TOC_OK && TOC_PLANTED(TOC_PLANT_CURSOR_OUTSIDE)) {
        TOC_TRY(toc_txn_begin_write(run->store, &txn));
        TOC_TRY(follow_save(run, txn));
        err = toc_txn_commit(txn);
    }
    return err;
}

/* What this service promises those behind it: no record earlier than this will follow. */
static toc_time_ms promise_of(const struct toc_run *run, struct toc_now now)
{
    if (run->service->accepts_submissions) {
        if (run->config->event_clock)
            return run->journal.last_at_ms;
        toc_time_ms reached = later(now.wall_ms, run->stamp_floor_ms);
        if (TOC_PLANTED(TOC_PLANT_PROMISE_AHEAD))
            return reached + 20 * RESERVE_MS;
        return reached < run->reserved_ms ? reached : run->reserved_ms;
    }
    /* Dues that were left for the next turn lie before log time. */
    return run->turn.wake_ms < run->log_ms ? run->turn.wake_ms : run->log_ms;
}

static enum toc_err commit_turn(struct toc_run *run, struct toc_now now)
{
    enum toc_err err = finish_turn(run, now);
    if (err < 0)
        return survive_full(run, err, now);
    run->counts.commits++;
    run->committed_seq = run->journal.last_seq;
    run->counts.percent_used = toc_store_percent_used(run->store);
    toc_arena_reset(&run->event_arena, 0);
    TOC_EXIT_POINT("after_commit_before_send");
    return TOC_OK;
}

enum toc_err toc_run_commit(struct toc_run *run, struct toc_now now)
{
    advance_log_time(run, now);
    if (run->turn_open)
        TOC_TRY(commit_turn(run, now));
    run->turn_events = 0;
    run_send_receipts(run); /* refusals need no commit */
    run->promised_ms = later(run->promised_ms, promise_of(run, now));
    if (!TOC_PLANTED(TOC_PLANT_PROMISE_AHEAD)) /* the wall clock may step back: no stamp follows */
        run->stamp_floor_ms = later(run->stamp_floor_ms, run->promised_ms);
    follow_after_commit(run, now);
    return feed_pump(run, now);
}

bool toc_run_is_full(const struct toc_run *run)
{
    return run->turn_events >= run->config->batch_max || run->receipt_count == RECEIPTS_MAX ||
           run->receipt_used + TOC_FRAME_MAX > RECEIPTS_BYTES;
}

toc_time_ms toc_run_wait_ms(struct toc_run *run, struct toc_now now)
{
    toc_time_ms wait = TOC_HEARTBEAT_MS / 2;
    if (now.mono_ms < run->full_until_ms)
        return wait;
    if (run->turn.wake_ms < run->log_ms)
        return 0;
    if (run->service->time_source == TOC_TIME_OF_OWN_CLOCK && run->turn.wake_ms != TOC_TIME_NEVER &&
        run->turn.wake_ms - now.wall_ms < wait)
        wait = run->turn.wake_ms - now.wall_ms;
    return wait < 1 ? 1 : wait;
}

/* --- for status and metrics ------------------------------------------------------------- */

struct toc_store *toc_run_store(struct toc_run *run)
{
    return run->store;
}

void *toc_run_self(struct toc_run *run)
{
    return run->self;
}

const struct toc_journal *toc_run_journal(const struct toc_run *run)
{
    return &run->journal;
}

toc_time_ms toc_run_log_ms(const struct toc_run *run)
{
    return run->promised_ms;
}

void toc_run_counts(const struct toc_run *run, struct toc_run_counts *out)
{
    *out = run->counts;
    out->followers = 0;
    for (size_t i = 0; i < TOC_FOLLOWERS_MAX; i++)
        out->followers += run->followers[i].peer != 0;
    out->upstreams = run->upstream_count;
    out->upstreams_live = 0;
    out->upstreams_stopped = 0;
    out->lag_records = 0;
    for (size_t i = 0; i < run->upstream_count; i++) {
        const struct upstream *up = &run->upstreams[i];
        out->upstreams_live += up->stream != 0;
        out->upstreams_stopped += up->stopped != NULL;
        if (up->head_seq > up->cursor)
            out->lag_records += up->head_seq - up->cursor;
    }
}

bool toc_run_is_ready(const struct toc_run *run, const char **why_not)
{
    *why_not = NULL;
    if (run->counts.percent_used >= TOC_FULL_PERCENT)
        *why_not = "the store is nearly full";
    for (size_t i = 0; i < run->upstream_count; i++) {
        if (run->upstreams[i].stopped != NULL)
            *why_not = run->upstreams[i].stopped;
        else if (run->upstreams[i].stream == 0)
            *why_not = "an upstream is not connected";
    }
    return *why_not == NULL;
}
