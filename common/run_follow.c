#include "common/run_internal.h"

/*
 * Row of TOC_TABLE_CURSOR by upstream name: log id ‖ seq ‖ chain hash at seq; and in the middle of
 * a batch, of which no hash is known but that at its ends, ‖ seq of the last record applied.
 */
#define CURSOR_ROW_BYTES (8 + 8 + TOC_SHA256)
#define CURSOR_ROW_MAX   (CURSOR_ROW_BYTES + 8)

enum toc_err follow_load(struct toc_run *run, struct upstream *up, struct toc_txn *txn)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_CURSOR, toc_str_of(up->name), &row);
    TOC_TRY(err);
    pace_drop(up);
    up->cursor = up->hash_seq = up->resume_seq = up->heard_seq = 0;
    up->saved_seq = 0;
    up->moved = false;
    up->time_ms = TOC_TIME_MIN; /* what was heard behind the cursor is heard again */
    up->left_out = false;       /* the service is told again, should it still be so */
    up->stop_told = false;
    if (run->service->misses != NULL && !run->config->event_clock)
        TOC_TRY(run->service->misses(txn, &run->event_arena, up->name, &up->left_out));
    if (err == TOC_NONE)
        return TOC_OK;
    if (row.size != CURSOR_ROW_BYTES && row.size != CURSOR_ROW_MAX)
        return TOC_ERR_DAMAGED;
    up->log_id = toc_get_u64be(row.data);
    up->hash_seq = up->heard_seq = up->saved_seq = toc_get_u64be(row.data + 8);
    memcpy(up->hash, row.data + 16, TOC_SHA256);
    up->cursor = up->hash_seq;
    if (row.size == CURSOR_ROW_MAX)
        up->cursor = toc_get_u64be(row.data + CURSOR_ROW_BYTES);
    up->resume_seq = up->cursor;
    return TOC_OK;
}

enum toc_err follow_save(struct toc_run *run, struct toc_txn *txn)
{
    uint8_t row[CURSOR_ROW_MAX];
    for (size_t i = 0; i < run->upstream_count; i++) {
        struct upstream *up = &run->upstreams[i];
        if (!up->moved)
            continue;
        toc_put_u64be(row, up->log_id);
        toc_put_u64be(row + 8, up->hash_seq);
        memcpy(row + 16, up->hash, TOC_SHA256);
        toc_put_u64be(row + CURSOR_ROW_BYTES, up->cursor);
        size_t size = up->cursor == up->hash_seq ? CURSOR_ROW_BYTES : CURSOR_ROW_MAX;
        TOC_TRY(toc_put(txn, TOC_TABLE_CURSOR, toc_str_of(up->name), toc_str(row, size)));
        up->moved = false;
        up->saved_seq = up->hash_seq;
    }
    return TOC_OK;
}

static void stop(struct upstream *up, const char *why)
{
    if (up->stopped == NULL)
        toc_log(TOC_LOG_ALARM, "upstream_stopped", "upstream=%s log=%016llx cursor=%llu why=\"%s\"",
                up->name, (unsigned long long)up->log_id, (unsigned long long)up->cursor, why);
    up->stopped = why;
    up->stream = 0;
}

static void send_hello(struct toc_run *run, struct upstream *up, struct toc_now now)
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    hello.min_version = TOC_WIRE_VERSION;
    hello.max_version = TOC_WIRE_VERSION;
    hello.session = ++run->session;
    hello.name = toc_wire_text(run->service->name);
    frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    frame.hello = &hello;
    up->asked_ms = now.mono_ms;
    run_send(run, up->peer, &frame);
}

static void send_fetch(struct toc_run *run, struct upstream *up, struct toc_now now)
{
    Tocsin__V1__Fetch fetch = TOCSIN__V1__FETCH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    char follower[NAME_MAX_BYTES];
    TOC_EXIT_POINT("before_grant");
    /* Always one credit beyond what came: so a producer that restarted knows what did. */
    up->granted_bytes = up->received_bytes + run_credit(run);
    fetch.stream = up->stream;
    fetch.log_id = up->log_id;
    fetch.from_seq = up->hash_seq + 1;
    fetch.hash = toc_wire_binary(toc_str(up->hash, up->hash_seq == 0 ? 0 : TOC_SHA256));
    fetch.partition_mask = UINT64_MAX;
    fetch.class_mask = run->service->upstream_classes;
    fetch.granted_bytes = up->granted_bytes;
    fetch.received_bytes = up->received_bytes;
    fetch.done_seq = up->saved_seq;
    fetch.gather_ms = (uint32_t)toc_run_rest_ms(run);
    fetch.follower = toc_str_copy(follower, sizeof(follower), toc_str_of(run->service->name));
    frame.kind_case = TOCSIN__V1__FRAME__KIND_FETCH;
    frame.fetch = &fetch;
    up->asked_ms = now.mono_ms;
    run_send(run, up->peer, &frame);
}

void follow_restart(struct toc_run *run, struct upstream *up)
{
    if (up->stream != 0)
        run->counts.stream_restarts++;
    up->stream = 0;
    pace_drop(up);
    up->heard_seq = up->hash_seq;
    up->resume_seq = up->cursor;
}

enum toc_err follow_on_hello(struct toc_run *run, struct upstream *up,
                             const Tocsin__V1__Hello *hello, struct toc_now now)
{
    if (up->stopped != NULL || up->stream != 0)
        return TOC_OK;
    for (size_t i = 0; i < run->upstream_count; i++) {
        if (&run->upstreams[i] != up && run->upstreams[i].log_id == hello->log_id) {
            stop(up, "another upstream has the same log id: two instances of one log");
            return TOC_OK;
        }
    }
    if (up->log_id != 0 && up->log_id != hello->log_id) {
        stop(up, "its log is another one than before: was its data replaced?");
        return TOC_OK;
    }
    up->log_id = hello->log_id;
    up->head_seq = hello->last_seq;
    /* Unique among this process's streams and, by the random start, among its predecessors'. */
    run->session += 2; /* the lowest bit is lost: 0 means no stream */
    up->stream = (uint32_t)(run->session & UINT32_MAX) | 1u;
    up->received_bytes = 0;
    send_fetch(run, up, now);
    return TOC_OK;
}

static void heard_time(struct upstream *up, toc_time_ms time_ms)
{
    if (time_ms > up->time_ms)
        up->time_ms = time_ms;
}

/* An upstream that waits for our promises must not be waited for. */
static bool counts_for_time(const struct toc_run *run, const struct upstream *up)
{
    return run->service->echo == NULL || strcmp(run->service->echo, up->name) != 0;
}

/* In event time nothing may be missed, however long it takes. */
static bool may_be_left_out(const struct toc_run *run, const struct upstream *up)
{
    return !run->config->event_clock && counts_for_time(run, up);
}

void follow_advance(struct toc_run *run)
{
    toc_time_ms lowest = TOC_TIME_NEVER;
    if (run->leads || run_has_own_time(run))
        return;
    for (size_t i = 0; i < run->upstream_count; i++) {
        const struct upstream *up = &run->upstreams[i];
        if (!up->left_out && counts_for_time(run, up) && up->time_ms < lowest)
            lowest = up->time_ms;
    }
    if (lowest != TOC_TIME_NEVER)
        run->log_ms = run_later(run->log_ms, lowest);
}

static enum toc_err step_upstream(struct toc_run *run, struct upstream *up, bool left_out)
{
    const struct toc_event ev = {.kind = TOC_EVENT_UPSTREAM,
                                 .at_ms = run->log_ms,
                                 .log_id = up->log_id,
                                 .upstream = up->name,
                                 .left_out = left_out,
                                 .stopped = up->stopped};
    if (!run->service->sees_upstreams)
        return TOC_OK;
    TOC_TRY(run_begin(run));
    return run_step(run, &ev, 0, 0, NULL);
}

static enum toc_err tell_upstream(struct toc_run *run, struct upstream *up, bool left_out)
{
    up->left_out = left_out;
    toc_log(left_out ? TOC_LOG_ALARM : TOC_LOG_INFO,
            left_out ? "upstream_left_out" : "upstream_back", "upstream=%s log=%016llx", up->name,
            (unsigned long long)up->log_id);
    return step_upstream(run, up, left_out);
}

/* Its alarm was given. As without one that is silent, log time goes on: else nobody's clocks would
 * run until somebody has looked. */
static enum toc_err tell_stopped(struct toc_run *run, struct upstream *up)
{
    up->stop_told = true;
    up->left_out = up->left_out || may_be_left_out(run, up);
    return step_upstream(run, up, true);
}

/*
 * What is due before a record; where time is kept in step with a partner it was fired before. A
 * clock of its own says nothing of what comes first: a turn takes what came in, then fires a step.
 */
static enum toc_err pass_time(struct toc_run *run, struct upstream *up, toc_time_ms log_ms)
{
    if (run->leads)
        return TOC_OK;
    heard_time(up, log_ms);
    if (run_has_own_time(run))
        return TOC_OK;
    follow_advance(run);
    return run_fire_dues(run, UINT32_MAX);
}

static bool is_known(Tocsin__V1__RecordType type)
{
    return protobuf_c_enum_descriptor_get_value(&tocsin__v1__record_type__descriptor, (int)type) !=
           NULL;
}

enum toc_err follow_step(struct toc_run *run, struct upstream *up, struct toc_str bytes)
{
    Tocsin__V1__Record *record;
    size_t mark = toc_arena_mark(&run->event_arena);
    enum toc_err err =
        toc_wire_unpack(&run->event_arena, &tocsin__v1__record__descriptor, bytes, &record);
    if (err < 0)
        return err;
    if (record->seq > up->hash_seq && record->seq <= up->resume_seq) {
        toc_arena_reset(&run->event_arena, mark);
        return TOC_OK; /* of a batch that was half applied */
    }
    if (record->seq <= up->cursor) /* a stream starts behind the cursor: it was not ours */
        return TOC_ERR_MALFORMED;
    if (!run->service->takes_any && !is_known(record->type))
        return TOC_ERR_MALFORMED; /* the cursor would move past what an upgrade has to see */
    TOC_TRY(run_begin(run));
    TOC_TRY(pass_time(run, up, record->log_ms));
    struct toc_event ev = {.kind = TOC_EVENT_RECORD,
                           .at_ms = record->at_ms,
                           .bytes = bytes,
                           .record = record,
                           .log_id = up->log_id,
                           .upstream = up->name};
    TOC_TRY(run_step(run, &ev, up->log_id, record->seq, NULL));
    up->cursor = record->seq;
    up->moved = true;
    if (run->leads && record->class_ == TOC_CLASS_CONTROL)
        TOC_TRY(pace_look(run));
    TOC_EXIT_POINT("mid_batch");
    toc_arena_reset(&run->event_arena, mark);
    return TOC_OK;
}

static enum toc_err read_head(struct toc_str batch, struct batch_head *out)
{
    struct toc_wire_reader reader = toc_wire_reader(batch);
    struct toc_wire_field field;
    enum toc_err err;
    *out = (struct batch_head){0};
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        uint64_t value = field.wire_type == 0 ? field.value : 0;
        switch (field.number) {
        case 1:
            out->stream = value;
            break;
        case 2:
            out->prev_seq = value;
            break;
        case 3:
            out->through_seq = value;
            break;
        case 4:
            if (field.wire_type == 2)
                out->hash = field.bytes;
            break;
        case 5:
            out->promise_ms = toc_wire_zigzag(value);
            break;
        case 6:
            out->head_seq = value;
            break;
        case 8:
            out->word.next_ms = toc_wire_zigzag(value);
            break;
        case 9:
            out->word.taken_log = field.wire_type == 1 ? field.value : 0;
            break;
        case 10:
            out->word.taken_seq = value;
            break;
        default:
            break;
        }
    }
    if (err < 0 || out->hash.size != TOC_SHA256)
        return TOC_ERR_MALFORMED;
    return TOC_OK;
}

static enum toc_err step_records(struct toc_run *run, struct upstream *up, struct toc_str batch)
{
    struct toc_wire_reader reader = toc_wire_reader(batch);
    struct toc_wire_field field;
    enum toc_err err;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number != 7 || field.wire_type != 2)
            continue;
        up->received_bytes += field.bytes.size;
        err = follow_step(run, up, field.bytes);
        if (err < 0)
            return err;
    }
    return err == TOC_NONE ? TOC_OK : err;
}

enum toc_err follow_unreadable(struct toc_run *run, struct upstream *up)
{
    stop(up, "a record cannot be read: upgrade this service if it is older than its upstream");
    return run_abandon(run);
}

enum toc_err follow_end_batch(struct toc_run *run, struct upstream *up,
                              const struct batch_head *head)
{
    if (up->cursor > head->through_seq && up->cursor > up->resume_seq) {
        stop(up, "a batch holds more than it says: its cursor would go back");
        return run_abandon(run);
    }
    /* Filtered records alone are not worth a commit: the cursor goes with the next one. */
    if (head->through_seq > up->cursor)
        up->cursor = head->through_seq;
    up->hash_seq = head->through_seq;
    memcpy(up->hash, head->hash.data, TOC_SHA256);
    up->moved = true;
    if (head->through_seq == head->head_seq)
        heard_time(up, head->promise_ms);
    return TOC_OK;
}

enum toc_err follow_on_batch(struct toc_run *run, struct upstream *up, struct toc_str batch,
                             struct toc_now now)
{
    struct batch_head head;
    up->heard_ms = now.mono_ms;
    up->heard = true;
    if (read_head(batch, &head) < 0) {
        run->counts.malformed++;
        follow_restart(run, up);
        return TOC_OK;
    }
    if (up->stream == 0 || head.stream != up->stream || now.mono_ms < run->full_until_ms)
        return TOC_OK; /* of an earlier stream */
    bool gap = head.prev_seq != up->heard_seq || head.through_seq < head.prev_seq;
    /* What is dropped comes back as long as gaps are seen: that plant needs both mistakes. */
    if (gap && !TOC_PLANTED(TOC_PLANT_SKIP_GAP) && !TOC_PLANTED(TOC_PLANT_DROP_ON_FULL)) {
        follow_restart(run, up);
        return TOC_OK;
    }
    if (up->left_out)
        TOC_TRY(tell_upstream(run, up, false));
    up->head_seq = head.head_seq;
    up->heard_seq = head.through_seq;
    if (head.through_seq == head.head_seq)
        pace_heard(run, up, &head.word);
    if (run->leads)
        return pace_hold(run, up, batch, &head);
    enum toc_err err = step_records(run, up, batch);
    if (err == TOC_ERR_MALFORMED)
        return follow_unreadable(run, up);
    TOC_TRY(err);
    return follow_end_batch(run, up, &head);
}

enum toc_err follow_on_promise(struct toc_run *run, struct upstream *up,
                               const Tocsin__V1__Promise *promise, struct toc_now now)
{
    const struct pace_word word = {promise->next_ms, promise->taken_log, promise->taken_seq};
    (void)now;
    if (up->stream == 0 || promise->stream != up->stream || promise->through_hash.len != TOC_SHA256)
        return TOC_OK;
    up->head_seq = promise->head_seq;
    if (promise->through_seq < up->heard_seq)
        return TOC_OK;                          /* overtaken */
    if (promise->through_seq > up->heard_seq) { /* a batch was lost on the way */
        follow_restart(run, up);
        return TOC_OK;
    }
    if (up->left_out)
        TOC_TRY(tell_upstream(run, up, false));
    if (promise->through_seq == promise->head_seq)
        pace_heard(run, up, &word);
    if (up->held != NULL)
        pace_promise(up, promise->promise_ms); /* it holds for who has taken what came before */
    else
        heard_time(up, promise->promise_ms);
    return TOC_OK;
}

void follow_on_refuse(struct toc_run *run, struct upstream *up, const Tocsin__V1__Refuse *refuse)
{
    if (refuse->stream != 0 && refuse->stream != up->stream)
        return;
    switch ((int)refuse->reason) {
    case TOCSIN__V1__REFUSE_REASON__REFUSE_WRONG_LOG:
        stop(up, "its log is another one than before: was its data replaced?");
        return;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_AHEAD:
        stop(up, "our cursor is ahead of its log: was it restored from a backup?");
        return;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_FORKED:
        stop(up, "its history differs from the one we followed");
        return;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_TRIMMED:
        stop(up, "the records we need were trimmed");
        return;
    case TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION:
        stop(up, "it speaks another wire version");
        return;
    default:
        follow_restart(run, up);
    }
}

static enum toc_err poll_one(struct toc_run *run, struct upstream *up, struct toc_now now)
{
    toc_time_ms silent_ms = now.mono_ms - up->heard_ms;
    if (up->stream != 0 && silent_ms > STREAM_STALLED_MS)
        follow_restart(run, up);
    if (up->stream == 0 && now.mono_ms - up->asked_ms >= HELLO_RETRY_MS)
        send_hello(run, up, now);
    else if (up->stream != 0 && now.mono_ms - up->asked_ms >= FETCH_KEEPALIVE_MS)
        send_fetch(run, up, now);
    if (up->moved && now.mono_ms - up->saved_ms > CURSOR_SAVE_MS) {
        up->saved_ms = now.mono_ms;
        TOC_TRY(run_begin(run));
    }
    if (!up->left_out && silent_ms > TOC_SILENT_MS && may_be_left_out(run, up))
        return tell_upstream(run, up, true);
    return TOC_OK;
}

enum toc_err follow_poll(struct toc_run *run, struct toc_now now)
{
    for (size_t i = 0; i < run->upstream_count; i++) {
        struct upstream *up = &run->upstreams[i];
        if (now.mono_ms < run->full_until_ms)
            continue;
        if (up->stopped == NULL)
            TOC_TRY(poll_one(run, up, now));
        else if (!up->stop_told)
            TOC_TRY(tell_stopped(run, up));
    }
    return TOC_OK;
}

void follow_after_commit(struct toc_run *run, struct toc_now now)
{
    for (size_t i = 0; i < run->upstream_count; i++) {
        struct upstream *up = &run->upstreams[i];
        if (up->stream == 0 || up->stopped != NULL)
            continue;
        /* The next grant goes out at half of the last: the pipe never runs dry. */
        if (up->granted_bytes < up->received_bytes + run_credit(run) / 2)
            send_fetch(run, up, now);
    }
}
