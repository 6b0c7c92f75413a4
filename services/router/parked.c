#include "services/router/parked.h"

#include "common/plant.h"

#define PARKED_KEY (TOC_ID + 8)
#define DUE_KEY    (8 + TOC_ID)

static void parked_key(uint8_t key[PARKED_KEY], const char *id, uint64_t seq)
{
    memcpy(key, id, TOC_ID);
    toc_put_u64be(key + TOC_ID, seq);
}

/* Instants of events are never negative where they are used as keys. */
static void due_key(uint8_t key[DUE_KEY], toc_time_ms due_ms, const char *id)
{
    toc_put_u64be(key, due_ms < 0 ? 0 : (uint64_t)due_ms);
    memcpy(key + 8, id, TOC_ID);
}

/* The first row of an issue at or after `seq`; TOC_NONE when the next is another issue's. */
static enum toc_err first_of(struct toc_txn *txn, const char *id, uint64_t seq,
                             struct toc_str *out_key, struct toc_str *out_row)
{
    uint8_t key[PARKED_KEY];
    parked_key(key, id, seq);
    enum toc_err err =
        toc_first_at_least(txn, TABLE_PARKED, toc_str(key, sizeof(key)), out_key, out_row);
    if (err != TOC_OK)
        return err;
    return memcmp(out_key->data, id, TOC_ID) == 0 ? TOC_OK : TOC_NONE;
}

static enum toc_err count_of(struct toc_turn *turn, const char *id, uint32_t *out)
{
    struct toc_str key, row;
    uint64_t seq = 0;
    enum toc_err err;
    *out = 0;
    while ((err = first_of(turn->txn, id, seq, &key, &row)) == TOC_OK) {
        seq = toc_get_u64be(key.data + TOC_ID) + 1;
        (*out)++;
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err parked_add(struct toc_turn *turn, const Tocsin__V1__Record *record,
                        struct toc_str bytes, const Tocsin__V1__Event *event, bool *out_full)
{
    Tocsin__V1__IssueParked parked = TOCSIN__V1__ISSUE_PARKED__INIT;
    const char *id = (const char *)record->issue.data;
    uint8_t key[PARKED_KEY], due[DUE_KEY];
    uint64_t seq;
    TOC_TRY(count_of(turn, id, &parked.waiting));
    parked.waiting++;
    parked.event_type = event->type;
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ISSUE_PARKED,
                          .class_bit = TOC_CLASS_HISTORY,
                          .partition = record->partition,
                          .at_ms = record->at_ms,
                          .issue = record->issue.data,
                          .test = event->test,
                          .message = &parked};
    TOC_TRY(toc_emit(turn, &out, &seq));
    parked_key(key, id, seq);
    TOC_TRY(toc_put(turn->txn, TABLE_PARKED, toc_str(key, sizeof(key)), bytes));
    *out_full = parked.waiting >= ROUTER_PARKED_MAX;
    if (parked.waiting > 1)
        return TOC_OK;
    /* Before every upstream has been heard of, log time is unknown. */
    toc_time_ms from_ms = turn->log_ms > record->at_ms ? turn->log_ms : record->at_ms;
    toc_time_ms due_ms = from_ms + ROUTER_PARK_MS;
    due_key(due, due_ms, id);
    toc_wake_at(turn, due_ms);
    return toc_put(turn->txn, TABLE_PARKED_DUE, toc_str(due, sizeof(due)), toc_str(NULL, 0));
}

static enum toc_err last_of(struct toc_turn *turn, const char *id, struct toc_str *out_key,
                            struct toc_str *out_row)
{
    uint8_t key[PARKED_KEY];
    parked_key(key, id, UINT64_MAX);
    enum toc_err err =
        toc_last_below(turn->txn, TABLE_PARKED, toc_str(key, sizeof(key)), out_key, out_row);
    if (err != TOC_OK)
        return err;
    return memcmp(out_key->data, id, TOC_ID) == 0 ? TOC_OK : TOC_NONE;
}

enum toc_err parked_take(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Record **out)
{
    struct toc_str key, row;
    uint8_t copy[PARKED_KEY];
    enum toc_err err = TOC_PLANTED(TOC_PLANT_PARTITION_MIXED)
                           ? last_of(turn, id.data, &key, &row)
                           : first_of(turn->txn, id.data, 0, &key, &row);
    if (err != TOC_OK)
        return err;
    memcpy(copy, key.data, sizeof(copy));
    TOC_TRY(toc_unpack(turn, record, row, out));
    return toc_del(turn->txn, TABLE_PARKED, toc_str(copy, sizeof(copy)));
}

static enum toc_err first_due(struct toc_txn *txn, toc_time_ms *out_ms, uint8_t out_key[DUE_KEY])
{
    struct toc_str key, row;
    enum toc_err err = toc_first_at_least(txn, TABLE_PARKED_DUE, toc_str(NULL, 0), &key, &row);
    if (err != TOC_OK)
        return err;
    if (key.size != DUE_KEY)
        return TOC_ERR_DAMAGED;
    memcpy(out_key, key.data, DUE_KEY);
    *out_ms = (toc_time_ms)toc_get_u64be(key.data);
    return TOC_OK;
}

enum toc_err parked_take_due(struct toc_turn *turn, toc_time_ms now_ms, uint8_t out_id[TOC_ID])
{
    uint8_t key[DUE_KEY];
    toc_time_ms due_ms;
    enum toc_err err = first_due(turn->txn, &due_ms, key);
    if (err != TOC_OK)
        return err;
    if (due_ms >= now_ms)
        return TOC_NONE;
    memcpy(out_id, key + 8, TOC_ID);
    return toc_del(turn->txn, TABLE_PARKED_DUE, toc_str(key, sizeof(key)));
}

enum toc_err parked_next_due(struct toc_txn *txn, toc_time_ms *out)
{
    uint8_t key[DUE_KEY];
    toc_time_ms due_ms = TOC_TIME_NEVER;
    enum toc_err err = first_due(txn, &due_ms, key);
    if (err >= 0)
        *out = err == TOC_OK ? due_ms : TOC_TIME_NEVER;
    return err < 0 ? err : TOC_OK;
}

enum toc_err parked_ask(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                        Tocsin__V1__Answer *answer)
{
    size_t limit = toc_answer_limit(ask);
    struct toc_str key, row;
    uint64_t seq = ask->after.len == PARKED_KEY ? toc_get_u64be(ask->after.data + TOC_ID) : 0;
    enum toc_err err;
    if (ask->id.len != TOC_ID) {
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED;
        answer->detail = toc_wire_text("PARKED is of one issue: id has 16 bytes");
        return TOC_OK;
    }
    while ((err = first_of(txn, (const char *)ask->id.data, seq, &key, &row)) == TOC_OK) {
        if (answer->n_rows == limit)
            return toc_answer_next(arena, key, answer);
        seq = toc_get_u64be(key.data + TOC_ID) + 1;
        TOC_TRY(toc_answer_add(arena, row, answer));
    }
    return err < 0 ? err : TOC_OK;
}
