#include "common/answer.h"
#include "common/run_internal.h"

#include <stdlib.h>
#include <unistd.h>

#define HISTORY_ROWS_MAX 200
#define ASKED_MAX        64 /* bytes of an id or a name */

static void send_answer(struct toc_run *run, toc_peer peer, Tocsin__V1__Answer *answer)
{
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_ANSWER;
    frame.answer = answer;
    run_send(run, peer, &frame);
}

static void fill_upstream(const struct upstream *up, Tocsin__V1__UpstreamStatus *out)
{
    tocsin__v1__upstream_status__init(out);
    out->endpoint = toc_wire_text(up->name);
    out->log_id = up->log_id;
    out->cursor_seq = up->cursor;
    out->head_seq = up->head_seq;
    out->promise_ms = up->time_ms;
    out->live = up->stream != 0 && !up->left_out;
    out->stopped = toc_wire_text(up->stopped != NULL ? up->stopped : "");
}

bool toc_run_tell(const struct toc_run *run, Tocsin__V1__Status *status)
{
    if (run->service->tell != NULL)
        run->service->tell(run->self, status);
    if (run->gate.tell != NULL)
        run->gate.tell(run->gate.self, status);
    return run->service->tell != NULL || run->gate.tell != NULL;
}

static enum toc_err answer_status(struct toc_run *run, struct toc_txn *txn,
                                  Tocsin__V1__Answer *answer)
{
    struct toc_arena *arena = &run->frame_arena;
    Tocsin__V1__Status status = TOCSIN__V1__STATUS__INIT;
    Tocsin__V1__UpstreamStatus ups[TOC_UPSTREAMS_MAX], *up_list[TOC_UPSTREAMS_MAX];
    struct toc_run_counts counts;
    const char *why_not;
    struct toc_str row;
    toc_run_counts(run, &counts);
    for (size_t i = 0; i < run->upstream_count; i++) {
        fill_upstream(&run->upstreams[i], &ups[i]);
        up_list[i] = &ups[i];
    }
    status.service = toc_wire_text(run->service->name);
    status.log_id = run->journal.log_id;
    status.first_seq = run->journal.first_seq;
    status.last_seq = run->committed_seq;
    status.log_ms = run->promised_ms;
    status.percent_used = counts.percent_used;
    status.ready = toc_run_is_ready(run, &why_not);
    status.upstreams = up_list;
    status.n_upstreams = run->upstream_count;
    status.events = counts.events;
    status.commits = counts.commits;
    status.followers = counts.followers;
    status.pid = (uint64_t)getpid();
    (void)toc_run_tell(run, &status);
    TOC_TRY(toc_policy_in_force(txn, &status.policy));
    TOC_TRY(toc_wire_pack(arena, &status, &row));
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    return toc_answer_add(arena, row, answer);
}

/* Walks the chain of records of one issue back from its newest. */
static enum toc_err answer_history(struct toc_run *run, struct toc_txn *txn,
                                   const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct toc_arena *arena = &run->frame_arena;
    struct toc_journal_entry entry;
    uint8_t next[8];
    uint64_t seq = 0;
    if (ask->after.len == 8)
        seq = toc_get_u64be(ask->after.data);
    else if (run->service->last_seq_of != NULL)
        TOC_TRY(run->service->last_seq_of(txn, arena, ask, &seq));
    if (seq > run->journal.last_seq) {
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
        answer->detail = toc_wire_text("after: no answer of this service gave it");
        return TOC_OK;
    }
    TOC_TRY(toc_answer_begin(arena, HISTORY_ROWS_MAX, answer));
    while (seq != 0 && answer->n_rows < HISTORY_ROWS_MAX) {
        Tocsin__V1__Record *record;
        if (seq < run->journal.first_seq)
            return TOC_OK; /* trimmed: what is older is in the archive */
        enum toc_err err = toc_journal_read(txn, seq, &entry);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_ERR_DAMAGED;
        char *copy = toc_arena_copy(arena, entry.record);
        if (copy == NULL)
            return TOC_ERR_LIMIT;
        struct toc_str bytes = toc_str(copy, entry.record.size);
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__record__descriptor, bytes, &record));
        answer->rows[answer->n_rows++] = toc_wire_binary(bytes);
        seq = record->prev_seq;
    }
    toc_put_u64be(next, seq);
    return seq != 0 ? toc_answer_next(arena, toc_str(next, sizeof(next)), answer) : TOC_OK;
}

/* A version that is not known has no row. */
static enum toc_err answer_policy(struct toc_run *run, struct toc_txn *txn,
                                  const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct toc_arena *arena = &run->frame_arena;
    Tocsin__V1__PolicyText policy = TOCSIN__V1__POLICY_TEXT__INIT;
    uint8_t hash[TOC_SHA256];
    struct toc_str row;
    uint32_t size;
    char *text;
    policy.version = ask->policy;
    if (policy.version == 0)
        TOC_TRY(toc_policy_in_force(txn, &policy.version));
    if (policy.version == 0)
        return TOC_OK;
    enum toc_err err = toc_policy_text_of(txn, policy.version, &text, &size, hash);
    if (err == TOC_NONE && ask->policy != 0)
        return TOC_OK;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_ERR_DAMAGED;
    err = toc_policy_latest(txn, &policy.latest);
    if (err < 0) {
        free(text);
        return err;
    }
    policy.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    policy.text = toc_wire_binary(toc_str(text, size));
    err = toc_wire_pack(arena, &policy, &row);
    free(text);
    if (err < 0)
        return err;
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    return toc_answer_add(arena, row, answer);
}

static enum toc_err answer_in(struct toc_run *run, struct toc_txn *txn, const Tocsin__V1__Ask *ask,
                              Tocsin__V1__Answer *answer)
{
    switch ((int)ask->what) {
    case TOCSIN__V1__ASK__WHAT__STATUS:
        return answer_status(run, txn, answer);
    case TOCSIN__V1__ASK__WHAT__HISTORY:
        return answer_history(run, txn, ask, answer);
    case TOCSIN__V1__ASK__WHAT__POLICY:
        return answer_policy(run, txn, ask, answer);
    default:
        break;
    }
    if (run->gate.ask != NULL) {
        enum toc_err err = run->gate.ask(run->gate.self, txn, &run->frame_arena, ask, answer);
        if (err != TOC_NONE)
            return err;
    }
    if (run->service->ask != NULL)
        return run->service->ask(run->self, txn, &run->frame_arena, ask, answer);
    answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
    answer->detail = toc_wire_text("this service does not answer that");
    return TOC_OK;
}

/* No key of a row has more in it, and the store takes no longer ones. */
static bool fits_keys(const Tocsin__V1__Ask *ask)
{
    return ask->id.len <= ASKED_MAX && strlen(ask->queue) <= ASKED_MAX &&
           ask->after.len <= TOC_KEY_MAX;
}

static void refuse(const Tocsin__V1__Ask *ask, const char *why, Tocsin__V1__Answer *answer)
{
    tocsin__v1__answer__init(answer);
    answer->tag = ask->tag;
    answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE;
    answer->detail = toc_wire_text(why);
}

/* Questions see the last commit, so an open turn is committed first. */
enum toc_err answer_ask(struct toc_run *run, toc_peer peer, const Tocsin__V1__Ask *ask,
                        struct toc_now now)
{
    Tocsin__V1__Answer answer = TOCSIN__V1__ANSWER__INIT;
    struct toc_txn *txn;
    if (run->turn_open)
        TOC_TRY(toc_run_commit(run, now));
    TOC_TRY(toc_txn_begin_read(run->store, &txn));
    answer.tag = ask->tag;
    enum toc_err err = TOC_OK;
    if (fits_keys(ask))
        err = answer_in(run, txn, ask, &answer);
    else
        refuse(ask, "what is asked for is longer than any name or id", &answer);
    if (err >= 0 &&
        tocsin__v1__answer__get_packed_size(&answer) > TOC_FRAME_MAX - 2 * TOC_WIRE_FIELD_OVERHEAD)
        err = TOC_ERR_LIMIT;
    if (err == TOC_ERR_LIMIT || err == TOC_ERR_MALFORMED) {
        refuse(ask, "the answer is too large: ask for less", &answer);
        err = TOC_OK;
    }
    if (err == TOC_OK || err == TOC_NONE)
        send_answer(run, peer, &answer);
    toc_txn_abort(txn);
    return err < 0 ? err : TOC_OK;
}
