#include "services/router/wait.h"

#include "common/hash.h"

#define DUE_ID_MAX WAIT_NAME
#define DUE_KEY    (8 + 1 + DUE_ID_MAX)

static void put_instant(uint8_t out[8], toc_time_ms at_ms)
{
    toc_put_u64be(out, at_ms < 0 ? 0 : (uint64_t)at_ms);
}

void wait_name(uint8_t out[WAIT_NAME], const char *name)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, toc_str_of(name));
    memcpy(out, hash, WAIT_NAME);
}

/* --- the index of instants ------------------------------------------------------------------- */

static enum toc_err move_due(struct toc_turn *turn, enum wait_due kind, struct toc_str id,
                             struct toc_str value, toc_time_ms was_ms, toc_time_ms next_ms)
{
    uint8_t key[DUE_KEY] = {0};
    struct toc_str whole = toc_str(key, 8 + 1 + id.size);
    if (was_ms == next_ms)
        return TOC_OK;
    key[8] = (uint8_t)kind;
    memcpy(key + 9, id.data, id.size);
    put_instant(key, was_ms);
    if (was_ms != 0) {
        enum toc_err err = toc_del(turn->txn, TABLE_POOL_DUE, whole);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    if (next_ms == 0)
        return TOC_OK;
    put_instant(key, next_ms);
    toc_wake_at(turn, next_ms);
    return toc_put(turn->txn, TABLE_POOL_DUE, whole, value);
}

enum toc_err wait_move_person(struct toc_turn *turn, const char *id, toc_time_ms was_ms,
                              toc_time_ms next_ms)
{
    uint8_t name[WAIT_NAME];
    wait_name(name, id);
    return move_due(turn, WAIT_DUE_PERSON, toc_str(name, sizeof(name)), toc_str_of(id), was_ms,
                    next_ms);
}

enum toc_err wait_first(struct toc_turn *turn, toc_time_ms now_ms, struct wait_fire *out)
{
    struct toc_str key, value;
    enum toc_err err =
        toc_first_at_least(turn->txn, TABLE_POOL_DUE, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    if (key.size < 9 + ISSUE_KEY)
        return TOC_ERR_DAMAGED;
    *out = (struct wait_fire){.at_ms = (toc_time_ms)toc_get_u64be(key.data),
                              .kind = (enum wait_due)key.data[8]};
    if (out->at_ms >= now_ms)
        return TOC_NONE;
    memcpy(out->key, key.data + 9, ISSUE_KEY);
    out->person = toc_arena_copy(turn->arena, value);
    return out->person != NULL ? TOC_OK : TOC_ERR_LIMIT;
}

enum toc_err wait_next_due(struct toc_txn *txn, toc_time_ms *out)
{
    struct toc_str key, value;
    enum toc_err err = toc_first_at_least(txn, TABLE_POOL_DUE, toc_str(NULL, 0), &key, &value);
    if (err == TOC_OK && key.size < 9 + ISSUE_KEY)
        return TOC_ERR_DAMAGED;
    if (err >= 0)
        *out = err == TOC_OK ? (toc_time_ms)toc_get_u64be(key.data) : TOC_TIME_NEVER;
    return err < 0 ? err : TOC_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

enum toc_err pooled_open(struct toc_turn *turn, const Tocsin__V1__Issue *issue, struct pooled *out)
{
    struct toc_str row;
    *out = (struct pooled){.row = NULL};
    issue_key(out->key, issue->partition, issue->number);
    enum toc_err err = toc_get(turn->txn, TABLE_POOLED, toc_str(out->key, ISSUE_KEY), &row);
    TOC_TRY(err);
    if (err == TOC_NONE) {
        out->row = toc_arena_take(turn->arena, sizeof(*out->row));
        if (out->row == NULL)
            return TOC_ERR_LIMIT;
        tocsin__v1__pooled__init(out->row);
        return TOC_OK;
    }
    TOC_TRY(toc_unpack(turn, pooled, row, &out->row));
    wait_name(out->was_queue, out->row->queue);
    out->was_rank_ms = out->row->rank_ms;
    out->was_next_ms = out->row->next_ms;
    return TOC_OK;
}

static void waiting_key(uint8_t key[WAIT_KEY], const uint8_t queue[WAIT_NAME], toc_time_ms rank_ms,
                        const uint8_t issue[ISSUE_KEY])
{
    memcpy(key, queue, WAIT_NAME);
    put_instant(key + WAIT_NAME, rank_ms);
    memcpy(key + WAIT_NAME + 8, issue, ISSUE_KEY);
}

/* The lists become what `rank_ms` and `next_ms` of the row say. */
static enum toc_err move(struct toc_turn *turn, struct pooled *pooled, const char *queue,
                         toc_time_ms rank_ms, toc_time_ms next_ms)
{
    uint8_t key[WAIT_KEY] = {0}, name[WAIT_NAME];
    struct toc_str whole = toc_str(key, sizeof(key)), none = toc_str(NULL, 0);
    wait_name(name, queue);
    bool same = rank_ms == pooled->was_rank_ms && memcmp(name, pooled->was_queue, WAIT_NAME) == 0;
    if (!same && pooled->was_rank_ms != 0) {
        waiting_key(key, pooled->was_queue, pooled->was_rank_ms, pooled->key);
        enum toc_err err = toc_del(turn->txn, TABLE_WAITING, whole);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    if (!same && rank_ms != 0) {
        waiting_key(key, name, rank_ms, pooled->key);
        TOC_TRY(toc_put(turn->txn, TABLE_WAITING, whole, none));
    }
    TOC_TRY(move_due(turn, WAIT_DUE_ISSUE, toc_str(pooled->key, ISSUE_KEY), none,
                     pooled->was_next_ms, next_ms));
    memcpy(pooled->was_queue, name, WAIT_NAME);
    pooled->was_rank_ms = rank_ms;
    pooled->was_next_ms = next_ms;
    return TOC_OK;
}

enum toc_err pooled_save(struct toc_turn *turn, struct pooled *pooled)
{
    struct toc_str row;
    TOC_TRY(move(turn, pooled, pooled->row->queue, pooled->row->rank_ms, pooled->row->next_ms));
    TOC_TRY(toc_wire_pack(turn->arena, pooled->row, &row));
    return toc_put(turn->txn, TABLE_POOLED, toc_str(pooled->key, ISSUE_KEY), row);
}

enum toc_err pooled_remove(struct toc_turn *turn, struct pooled *pooled)
{
    TOC_TRY(move(turn, pooled, pooled->row->queue, 0, 0));
    enum toc_err err = toc_del(turn->txn, TABLE_POOLED, toc_str(pooled->key, ISSUE_KEY));
    return err < 0 ? err : TOC_OK; /* it may never have been saved */
}

/* --- waiting lists ---------------------------------------------------------------------------- */

enum toc_err wait_begin(struct toc_turn *turn, const struct toc_queue *const *queues, size_t count,
                        struct wait_place from, struct wait_list *out)
{
    *out = (struct wait_list){.turn = turn, .queues = queues, .count = count};
    out->next = toc_arena_take(turn->arena, count * sizeof(*out->next));
    out->over = toc_arena_zero(turn->arena, count * sizeof(*out->over));
    if (out->next == NULL || out->over == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        uint8_t name[WAIT_NAME];
        wait_name(name, queues[i]->name);
        waiting_key(out->next[i], name, from.rank_ms, from.issue);
    }
    return TOC_OK;
}

/* Reads where a queue's list goes on; the end of the list is noted. */
static enum toc_err peek(struct wait_list *list, size_t index)
{
    struct toc_str key, value;
    uint8_t *next = list->next[index];
    if (list->over[index])
        return TOC_OK;
    enum toc_err err =
        toc_first_at_least(list->turn->txn, TABLE_WAITING, toc_str(next, WAIT_KEY), &key, &value);
    TOC_TRY(err);
    if (err == TOC_NONE || memcmp(key.data, next, WAIT_NAME) != 0)
        list->over[index] = true;
    else if (key.size != WAIT_KEY)
        return TOC_ERR_DAMAGED;
    else
        memcpy(next, key.data, WAIT_KEY);
    return TOC_OK;
}

/* The least key that is greater. */
static void step_over(uint8_t key[WAIT_KEY])
{
    size_t at = WAIT_KEY;
    while (at > WAIT_NAME && ++key[at - 1] == 0)
        at--;
}

enum toc_err wait_next(struct wait_list *list, const struct toc_queue **out_queue,
                       struct wait_place *out)
{
    uint8_t *first = NULL;
    for (size_t i = 0; i < list->count; i++) {
        uint8_t *next = list->next[i];
        TOC_TRY(peek(list, i));
        if (list->over[i] || (first != NULL && memcmp(next + WAIT_NAME, first + WAIT_NAME,
                                                      WAIT_KEY - WAIT_NAME) >= 0))
            continue;
        first = next;
        *out_queue = list->queues[i];
    }
    if (first == NULL)
        return TOC_NONE;
    out->rank_ms = (toc_time_ms)toc_get_u64be(first + WAIT_NAME);
    memcpy(out->issue, first + WAIT_NAME + 8, ISSUE_KEY);
    step_over(first);
    return TOC_OK;
}
