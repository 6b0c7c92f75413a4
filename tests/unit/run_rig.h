/*
 * What the tests of a run share: a small service with a visible transcript, nodes (a run on a disk
 * in memory with a fake link), frames made and read, and a clock that only a test moves.
 *
 * The service: a submission "ok…" is accepted, "no…" refused, "disk" meets a full disk in its step;
 * a followed record leaves a row and a record of its own, and one whose body begins with "due" sets
 * a due 1,000 ms after its at_ms. One that is "ok wake" makes time pass then, and nothing is due;
 * one that is "quiet" has no effect.
 */
#ifndef TOC_RUN_RIG_H
#define TOC_RUN_RIG_H

#include "common/log.h"
#include "common/policy/store.h"
#include "common/run.h"
#include "common/store_mem.h"
#include "tests/support/link_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TABLE_ROWS TOC_TABLE_OWN
#define TABLE_DUES (TOC_TABLE_OWN + 1)
#define CLIENT     (TOC_PEER_BOUND + 7)
#define HELPER     static __attribute__((unused)) /* not every test needs it */
#define DUE_MS     1000
#define FULL_PAUSE 1000 /* ms after a full disk */

static char transcript[65536];
static size_t transcript_size;

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    va_list args;
    size_t room = sizeof(transcript) - transcript_size;
    va_start(args, format);
    int size = vsnprintf(transcript + transcript_size, room, format, args);
    va_end(args);
    if (size > 0 && (size_t)size < room)
        transcript_size += (size_t)size;
}

static void forget_transcript(void)
{
    transcript_size = 0;
    transcript[0] = '\0';
}

/* --- the service ------------------------------------------------------------------------ */

static enum toc_err put_number(struct toc_txn *txn, unsigned table, uint64_t number)
{
    uint8_t key[8];
    toc_put_u64be(key, number);
    return toc_put(txn, table, toc_str(key, sizeof(key)), TOC_STR("x"));
}

static enum toc_err emit(struct toc_turn *turn, Tocsin__V1__RecordType type, toc_time_ms at_ms,
                         struct toc_str body, uint64_t *out_seq)
{
    struct toc_out out = {.type = type,
                          .class_bit = TOC_CLASS_ISSUE,
                          .partition = 3,
                          .at_ms = at_ms,
                          .prev_seq = turn->journal->last_seq,
                          .body = body};
    if (toc_str_starts(body, TOC_STR("ok control")))
        out.class_bit = TOC_CLASS_CONTROL;
    return toc_emit(turn, &out, out_seq);
}

/* Applies the sample with `comment` behind it as version 1 and notes which one is then in force. */
static enum toc_err rig_apply(struct toc_turn *turn, struct toc_str comment)
{
    Tocsin__V1__PolicyPart part = TOCSIN__V1__POLICY_PART__INIT;
    Tocsin__V1__PolicyApplied applied = TOCSIN__V1__POLICY_APPLIED__INIT;
    struct toc_str sample = toc_policy_sample();
    const struct toc_policy *policy;
    uint8_t hash[TOC_SHA256];
    applied.size = (uint32_t)(sample.size + 3 + comment.size);
    char *text = toc_arena_take(turn->arena, applied.size + 1);
    snprintf(text, applied.size + 1, "%.*s\n# %.*s", (int)sample.size, sample.data,
             (int)comment.size, comment.data);
    toc_sha256(hash, toc_str(text, applied.size));
    part.hash = applied.hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    part.text = toc_wire_binary(toc_str(text, applied.size));
    applied.version = 1;
    TOC_TRY(toc_policy_keep_part(turn->txn, &part));
    TOC_TRY(toc_policy_keep_applied(turn->txn, &applied));
    TOC_TRY(toc_turn_policy(turn, 0, &policy));
    note("%s", memcmp(policy->hash, hash, sizeof(hash)) == 0 ? "in force\n" : "another\n");
    return TOC_OK;
}

static enum toc_err rig_submit(struct toc_turn *turn, const struct toc_event *ev)
{
    struct toc_receipt *receipt = turn->receipt;
    if (toc_str_equal(ev->bytes, TOC_STR("disk")))
        return TOC_ERR_FULL;
    if (!toc_str_starts(ev->bytes, TOC_STR("ok"))) {
        receipt->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
        receipt->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
        receipt->detail = toc_arena_copy(turn->arena, ev->bytes);
        return TOC_OK;
    }
    if (toc_str_starts(ev->bytes, TOC_STR("ok policy")))
        TOC_TRY(rig_apply(turn, ev->bytes));
    receipt->status = TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
    turn->log_ms = ev->at_ms;
    TOC_TRY(
        emit(turn, TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED, ev->at_ms, ev->bytes, &receipt->seq));
    return put_number(turn->txn, TABLE_ROWS, receipt->seq);
}

static enum toc_err rig_record(struct toc_turn *turn, const struct toc_event *ev)
{
    note("%s %llu\n", ev->upstream, (unsigned long long)ev->record->seq);
    if (toc_str_equal(toc_wire_bytes(&ev->record->body), TOC_STR("quiet")))
        return TOC_OK;
    TOC_TRY(put_number(turn->txn, TABLE_ROWS, ev->record->seq));
    if (toc_str_starts(toc_wire_bytes(&ev->record->body), TOC_STR("due"))) {
        TOC_TRY(put_number(turn->txn, TABLE_DUES, (uint64_t)(ev->at_ms + DUE_MS)));
        toc_wake_at(turn, ev->at_ms + DUE_MS);
    }
    if (toc_str_equal(toc_wire_bytes(&ev->record->body), TOC_STR("ok wake")))
        toc_wake_at(turn, ev->at_ms + DUE_MS);
    return emit(turn, TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED, ev->at_ms, TOC_STR("followed"), NULL);
}

static enum toc_err rig_time(struct toc_turn *turn)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(turn->txn, TABLE_DUES, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_OK : err;
    uint64_t due_ms = toc_get_u64be(key.data);
    uint8_t copy[8];
    toc_put_u64be(copy, due_ms);
    note("due %llu at %lld\n", (unsigned long long)due_ms, (long long)turn->log_ms);
    TOC_TRY(toc_del(turn->txn, TABLE_DUES, toc_str(copy, 8)));
    return emit(turn, TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED, (toc_time_ms)due_ms, TOC_STR("due"),
                NULL);
}

static enum toc_err rig_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_SUBMIT:
        return rig_submit(turn, ev);
    case TOC_EVENT_RECORD:
        return rig_record(turn, ev);
    case TOC_EVENT_TIME:
        return rig_time(turn);
    case TOC_EVENT_OUTCOME:
        note("outcome %.*s\n", (int)ev->bytes.size, ev->bytes.data);
        return emit(turn, TOCSIN__V1__RECORD_TYPE__ALERT_SENT, ev->at_ms, ev->bytes, NULL);
    case TOC_EVENT_BEHIND:
        note("behind\n");
        break;
    case TOC_EVENT_UPSTREAM:
        note("%s %s\n", ev->upstream,
             ev->stopped != NULL ? "stopped"
             : ev->left_out      ? "left out"
                                 : "back");
        break;
    }
    return TOC_OK;
}

static enum toc_err rig_next_due(struct toc_txn *txn, toc_time_ms *out)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_DUES, toc_str(NULL, 0), &key, &value);
    TOC_TRY(err);
    *out = err == TOC_NONE ? TOC_TIME_NEVER : (toc_time_ms)toc_get_u64be(key.data);
    return TOC_OK;
}

static enum toc_err rig_last_seq(struct toc_txn *txn, struct toc_arena *in,
                                 const Tocsin__V1__Ask *ask, uint64_t *out)
{
    struct toc_str key, value;
    (void)in;
    (void)ask;
    enum toc_err err = toc_last_below(txn, TOC_TABLE_LOG, toc_str(NULL, 0), &key, &value);
    if (err == TOC_OK)
        *out = toc_get_u64be(key.data);
    return err < 0 ? err : TOC_OK;
}

/* Answers ALERTS with as many rows of 1,000 bytes as `limit` asks for. */
static enum toc_err rig_ask(void *self, struct toc_txn *txn, struct toc_arena *in,
                            const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    (void)self;
    (void)txn;
    if (ask->what != TOCSIN__V1__ASK__WHAT__ALERTS) {
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
        return TOC_OK;
    }
    answer->rows = toc_arena_take(in, ask->limit * sizeof(*answer->rows));
    if (answer->rows == NULL)
        return TOC_ERR_LIMIT;
    for (; answer->n_rows < ask->limit; answer->n_rows++) {
        void *row = toc_arena_zero(in, 1000);
        if (row == NULL)
            return TOC_ERR_LIMIT;
        answer->rows[answer->n_rows] = toc_wire_binary(toc_str(row, 1000));
    }
    return TOC_OK;
}

static const char *const rig_tables[] = {"rows", "dues"};

static const struct toc_service door_service = {.name = "door",
                                                .tables = rig_tables,
                                                .table_count = 2,
                                                .accepts_submissions = true,
                                                .self_bytes = 8,
                                                .step = rig_step,
                                                .ask = rig_ask,
                                                .last_seq_of = rig_last_seq};

static const struct toc_service clerk_service = {.name = "clerk",
                                                 .tables = rig_tables,
                                                 .table_count = 2,
                                                 .sees_upstreams = true,
                                                 .self_bytes = 8,
                                                 .step = rig_step,
                                                 .next_due = rig_next_due};

static const struct toc_service bell_service = {.name = "bell",
                                                .tables = rig_tables,
                                                .table_count = 2,
                                                .time_source = TOC_TIME_OF_OWN_CLOCK,
                                                .self_bytes = 8,
                                                .step = rig_step,
                                                .next_due = rig_next_due};

/* --- nodes ------------------------------------------------------------------------------ */

struct node {
    struct toc_run_config config;
    struct toc_link *link;
    struct toc_run *run;
};

static struct toc_now now;
static const char *const upstream_names[] = {"door", "gate"};
static struct node nodes[3]; /* closed after every test */
static uint64_t next_random;

static struct node *open_node(size_t index, const struct toc_service *service, const char *disk,
                              size_t upstreams)
{
    struct node *node = &nodes[index];
    node->link = link_fake_new();
    node->config = (struct toc_run_config){.service = service,
                                           .data_dir = disk,
                                           .map_bytes = TOC_MAP_MIN,
                                           .link = node->link,
                                           .upstreams = upstream_names,
                                           .upstream_count = upstreams,
                                           .batch_max = 4096,
                                           .random = next_random += 0x1000};
    assert_int_equal(toc_run_open(&node->config, now, &node->run), TOC_OK);
    return node;
}

/* A crash: what was not committed is gone. */
static void reopen(struct node *node)
{
    toc_run_close(node->run);
    node->run = NULL;
    link_fake_clear(node->link);
    node->config.random = next_random += 0x1000;
    assert_int_equal(toc_run_open(&node->config, now, &node->run), TOC_OK);
}

static int rig_set_up(void **state)
{
    (void)state;
    toc_log_setup("test", false);
    now = (struct toc_now){.wall_ms = 1700000000000, .mono_ms = 5000};
    next_random = 0;
    forget_transcript();
    return 0;
}

static int rig_tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        toc_run_close(nodes[i].run);
        link_fake_free(nodes[i].link);
        nodes[i] = (struct node){0};
    }
    toc_mem_disk_free_all();
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

HELPER void pass(toc_time_ms ms)
{
    now.wall_ms += ms;
    now.mono_ms += ms;
}

static void poll(struct node *node)
{
    assert_int_equal(toc_run_poll(node->run, now), TOC_OK);
}

static void commit(struct node *node)
{
    assert_int_equal(toc_run_commit(node->run, now), TOC_OK);
}

/* --- frames out ------------------------------------------------------------------------- */

static void give_bytes(struct node *node, toc_peer peer, struct toc_str bytes)
{
    /* A heap copy of exactly this size, gone right after: nothing may be kept or overrun. */
    char *copy = malloc(bytes.size == 0 ? 1 : bytes.size);
    if (bytes.size != 0)
        memcpy(copy, bytes.data, bytes.size);
    assert_int_equal(toc_run_frame(node->run, peer, toc_str(copy, bytes.size), now), TOC_OK);
    free(copy);
}

static void give(struct node *node, toc_peer peer, Tocsin__V1__Frame *frame)
{
    frame->version = TOC_WIRE_VERSION;
    size_t size = tocsin__v1__frame__get_packed_size(frame);
    uint8_t *bytes = malloc(size + 1);
    tocsin__v1__frame__pack(frame, bytes);
    give_bytes(node, peer, toc_str(bytes, size));
    free(bytes);
}

static void publish_from(struct node *node, toc_peer peer, uint64_t tag, const char *const *texts,
                         size_t count)
{
    Tocsin__V1__Publish publish = TOCSIN__V1__PUBLISH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    publish.events = malloc(count * sizeof(*publish.events));
    publish.tag = tag;
    publish.n_events = count;
    for (size_t i = 0; i < count; i++)
        publish.events[i] = toc_wire_binary(toc_str_of(texts[i]));
    frame.kind_case = TOCSIN__V1__FRAME__KIND_PUBLISH;
    frame.publish = &publish;
    give(node, peer, &frame);
    free(publish.events);
}

HELPER void publish_texts(struct node *node, uint64_t tag, const char *const *texts, size_t count)
{
    publish_from(node, CLIENT, tag, texts, count);
}

HELPER void publish_one(struct node *node, uint64_t tag, const char *text)
{
    publish_texts(node, tag, &text, 1);
}

/* --- frames in -------------------------------------------------------------------------- */

/* Reads what was sent as frame `index`; free with tocsin__v1__frame__free_unpacked. */
static Tocsin__V1__Frame *sent(const struct node *node, size_t index)
{
    const struct link_fake_frame *frame = link_fake_at(node->link, index);
    Tocsin__V1__Frame *read =
        tocsin__v1__frame__unpack(NULL, frame->bytes.size, (const uint8_t *)frame->bytes.data);
    assert_non_null(read);
    assert_int_equal(read->version, TOC_WIRE_VERSION);
    return read;
}

/* The last frame of a kind; NULL when none was sent. */
static Tocsin__V1__Frame *last_sent(const struct node *node, Tocsin__V1__Frame__KindCase kind)
{
    for (size_t i = link_fake_count(node->link); i > 0; i--) {
        Tocsin__V1__Frame *frame = sent(node, i - 1);
        if (frame->kind_case == kind)
            return frame;
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
    return NULL;
}

HELPER void assert_refused(struct node *node, Tocsin__V1__RefuseReason reason)
{
    Tocsin__V1__Frame *frame = last_sent(node, TOCSIN__V1__FRAME__KIND_REFUSE);
    assert_non_null(frame);
    assert_int_equal(frame->refuse->reason, reason);
    assert_true(frame->refuse->detail[0] != '\0');
    tocsin__v1__frame__free_unpacked(frame, NULL);
    link_fake_clear(node->link);
}

HELPER uint64_t rows_of(struct node *node, unsigned table)
{
    struct toc_txn *txn;
    uint64_t count;
    assert_int_equal(toc_txn_begin_read(toc_run_store(node->run), &txn), TOC_OK);
    assert_int_equal(toc_count(txn, table, &count), TOC_OK);
    toc_txn_abort(txn);
    return count;
}

HELPER struct toc_run_counts counts_of(const struct node *node)
{
    struct toc_run_counts counts;
    toc_run_counts(node->run, &counts);
    return counts;
}

#endif
