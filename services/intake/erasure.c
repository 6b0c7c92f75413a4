#include "services/intake/erasure.h"

#include "common/answer.h"
#include "services/intake/hold.h"
#include "services/intake/intake.h"
#include "services/intake/rows.h"

#include <stdio.h>

/* Keys: 'p' ‖ half of SHA-256 of the pseudonym while it is under way; 'd' ‖ u64be seq after that.
 */
#define PENDING     'p'
#define DONE        'd'
#define WHOSE_BYTES 16
#define WHY_MAX     160 /* bytes of a refusal's text that go out */

struct erasure_key {
    uint8_t bytes[1 + WHOSE_BYTES];
};

static struct toc_str pending_key(struct erasure_key *key, const char *pseudonym)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, toc_str_of(pseudonym));
    key->bytes[0] = PENDING;
    memcpy(key->bytes + 1, hash, WHOSE_BYTES);
    return toc_str(key->bytes, 1 + WHOSE_BYTES);
}

static struct toc_str done_key(struct erasure_key *key, uint64_t seq)
{
    key->bytes[0] = DONE;
    toc_put_u64be(key->bytes + 1, seq);
    return toc_str(key->bytes, 1 + 8);
}

const char *erasure_check(const Tocsin__V1__Event *event)
{
    const Tocsin__V1__SubjectErased *asked = event->subject_erased;
    if (asked->pseudonym[0] == '\0')
        return "pseudonym: who is to be erased";
    if (asked->by[0] == '\0')
        return "by: who says so";
    return asked->reason[0] != '\0' ? NULL : "reason: a code or a reference, as gdpr-17";
}

static enum toc_err put_row(struct toc_turn *turn, struct toc_str key, Tocsin__V1__Erasure *row)
{
    struct toc_str packed;
    TOC_TRY(toc_wire_pack(turn->arena, row, &packed));
    return toc_put(turn->txn, INTAKE_TABLE_ERASURE, key, packed);
}

enum toc_err erasure_find_pending(struct toc_txn *txn, struct toc_arena *arena,
                                  const char *pseudonym, Tocsin__V1__Erasure **out)
{
    struct erasure_key key;
    struct toc_str row;
    enum toc_err err = toc_get(txn, INTAKE_TABLE_ERASURE, pending_key(&key, pseudonym), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__erasure__descriptor, row, out);
}

/* Whether nothing stands in the way; `*why` says what does. */
static enum toc_err may_begin(struct toc_turn *turn, const char *pseudonym, const char **why)
{
    Tocsin__V1__HoldRow *held;
    Tocsin__V1__Erasure *before;
    char *text = toc_arena_take(turn->arena, WHY_MAX);
    if (text == NULL)
        return TOC_ERR_LIMIT;
    *why = text;
    enum toc_err err = hold_find(turn->txn, turn->arena, pseudonym, &held);
    TOC_TRY(err);
    if (err == TOC_OK) {
        snprintf(text, WHY_MAX, "held by '%s' of %s: release it first", held->hold->hold,
                 held->hold->owner);
        return TOC_NONE;
    }
    err = erasure_find_pending(turn->txn, turn->arena, pseudonym, &before);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return TOC_OK;
    snprintf(text, WHY_MAX, "pseudonym: record %llu asked for it already, it is under way",
             (unsigned long long)before->seq);
    return TOC_NONE;
}

enum toc_err erasure_begin(struct toc_turn *turn, const Tocsin__V1__SubjectErased *asked,
                           uint64_t seq, toc_time_ms at_ms, const char **why)
{
    Tocsin__V1__Erasure row = TOCSIN__V1__ERASURE__INIT;
    struct erasure_key key;
    enum toc_err err = may_begin(turn, asked->pseudonym, why);
    if (err != TOC_OK)
        return err;
    row.seq = seq;
    row.pseudonym = asked->pseudonym;
    row.by = asked->by;
    row.reason = asked->reason;
    row.step = TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED;
    row.asked_ms = at_ms;
    row.at_once = asked->at_once;
    return put_row(turn, pending_key(&key, asked->pseudonym), &row);
}

enum toc_err erasure_move(struct toc_turn *turn, const Tocsin__V1__Erasure *step, toc_time_ms at_ms,
                          Tocsin__V1__Erasure **out)
{
    Tocsin__V1__Erasure *row;
    struct erasure_key pending, done;
    enum toc_err err = erasure_find_pending(turn->txn, turn->arena, step->pseudonym, &row);
    if (err != TOC_OK)
        return err;
    if (row->seq != step->seq || row->step >= step->step)
        return TOC_NONE;
    if (row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED) {
        row->keys_gone_ms = at_ms;
        row->keys = step->keys;
    }
    row->step = step->step;
    *out = row;
    if (row->step != TOCSIN__V1__ERASURE_STEP__ERASURE_DONE)
        return put_row(turn, pending_key(&pending, row->pseudonym), row);
    row->done_ms = at_ms;
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_ERASURE, pending_key(&pending, row->pseudonym)));
    return put_row(turn, done_key(&done, row->seq), row);
}

enum toc_err erasure_again(struct toc_turn *turn, const Tocsin__V1__Erasure *told, uint64_t seq,
                           toc_time_ms at_ms, Tocsin__V1__Erasure **out)
{
    struct erasure_key key;
    enum toc_err err = erasure_find_pending(turn->txn, turn->arena, told->pseudonym, out);
    if (err != TOC_NONE)
        return err == TOC_OK ? TOC_NONE : err;
    Tocsin__V1__Erasure *row = toc_arena_take(turn->arena, sizeof(*row));
    if (row == NULL)
        return TOC_ERR_LIMIT;
    *row = *told;
    row->seq = seq;
    row->asked_ms = row->keys_gone_ms = at_ms;
    row->step = TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE;
    *out = row;
    return put_row(turn, pending_key(&key, row->pseudonym), row);
}

enum toc_err erasure_next_pending(struct toc_txn *txn, struct toc_arena *arena,
                                  struct erasure_place *after, Tocsin__V1__Erasure **out)
{
    static const uint8_t first[] = {PENDING};
    struct toc_str key, row;
    if (after->size == 0) {
        memcpy(after->key, first, sizeof(first));
        after->size = sizeof(first);
    } else {
        after->key[after->size++] = 0; /* the least key above it */
    }
    enum toc_err err =
        toc_first_at_least(txn, INTAKE_TABLE_ERASURE, toc_str(after->key, after->size), &key, &row);
    if (err != TOC_OK)
        return err;
    if (*(const uint8_t *)key.data != PENDING)
        return TOC_NONE;
    TOC_ASSERT(key.size < sizeof(after->key));
    memcpy(after->key, key.data, key.size);
    after->size = key.size;
    return toc_wire_unpack(arena, &tocsin__v1__erasure__descriptor, row, out);
}

/* The row of the erasure that record `seq` asked for, wherever it is. */
static enum toc_err find_by_seq(struct toc_txn *txn, struct toc_arena *arena, uint64_t seq,
                                struct toc_str *out)
{
    struct erasure_place place = {.size = 0};
    struct erasure_key key;
    Tocsin__V1__Erasure *row;
    enum toc_err err = toc_get(txn, INTAKE_TABLE_ERASURE, done_key(&key, seq), out);
    if (err != TOC_NONE)
        return err;
    do {
        size_t mark = toc_arena_mark(arena);
        err = erasure_next_pending(txn, arena, &place, &row);
        bool found = err == TOC_OK && row->seq == seq;
        toc_arena_reset(arena, mark);
        if (found)
            return toc_get(txn, INTAKE_TABLE_ERASURE, toc_str(place.key, place.size), out);
    } while (err == TOC_OK);
    return err;
}

static enum toc_err answer_one(struct toc_txn *txn, struct toc_arena *arena, uint64_t seq,
                               Tocsin__V1__Answer *answer)
{
    struct toc_str row;
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    enum toc_err err = find_by_seq(txn, arena, seq, &row);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    return toc_answer_add(arena, row, answer);
}

enum toc_err erasure_ask(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                         Tocsin__V1__Answer *answer)
{
    static const char pending[] = {PENDING};
    struct toc_str prefix = toc_str(pending, ask->all ? 0 : sizeof(pending));
    if (ask->seq != 0)
        return answer_one(txn, arena, ask->seq, answer);
    return rows_answer(txn, INTAKE_TABLE_ERASURE, prefix, arena, ask, answer);
}
