#include "services/intake/erasure.h"

#include "common/answer.h"
#include "services/intake/hold.h"
#include "services/intake/intake.h"
#include "services/intake/rows.h"

#include <stdio.h>

/* Keys: 'p' ‖ half of SHA-256 of the pseudonym while it is under way; 'd' ‖ u64be seq after that.
 */
#define PENDING 'p'
#define DONE    'd'
/* Of what is under way, INTAKE_TABLE_ERASING has by the seq of what asked for it: 'a' ‖ u64be seq
 * -> pseudonym while nothing is done, 's' ‖ u64be seq -> pseudonym all the while. */
#define ASKED       'a'
#define BY_SEQ      's'
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

static struct toc_str seq_key(struct erasure_key *key, char kind, uint64_t seq)
{
    key->bytes[0] = (uint8_t)kind;
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
        toc_str_mend(text); /* a name is cut without regard to characters */
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

/* A row of one that begins. */
static enum toc_err put_new(struct toc_turn *turn, Tocsin__V1__Erasure *row)
{
    struct toc_str name = toc_str_of(row->pseudonym);
    struct erasure_key key;
    if (row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED)
        TOC_TRY(toc_put(turn->txn, INTAKE_TABLE_ERASING, seq_key(&key, ASKED, row->seq), name));
    TOC_TRY(toc_put(turn->txn, INTAKE_TABLE_ERASING, seq_key(&key, BY_SEQ, row->seq), name));
    return put_row(turn, pending_key(&key, row->pseudonym), row);
}

enum toc_err erasure_begin(struct toc_turn *turn, const Tocsin__V1__SubjectErased *asked,
                           uint64_t seq, toc_time_ms at_ms, const char **why)
{
    Tocsin__V1__Erasure row = TOCSIN__V1__ERASURE__INIT;
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
    return put_new(turn, &row);
}

/* Whether what is told is further than the row: a step ahead, or something else is held back. */
static bool is_further(const Tocsin__V1__Erasure *row, const Tocsin__V1__Erasure *told)
{
    if (row->seq != told->seq || row->step > told->step)
        return false;
    if (told->step == TOCSIN__V1__ERASURE_STEP__ERASURE_DONE)
        return row->held_back == 0;
    return row->step < told->step || row->held_back != told->held_back ||
           strcmp(row->held_by, told->held_by) != 0;
}

static void keys_are_gone(Tocsin__V1__Erasure *row, const Tocsin__V1__Erasure *told, uint64_t seq,
                          toc_time_ms at_ms)
{
    if (row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED)
        row->keys_gone_ms = at_ms;
    row->keys += told->keys;
    row->held_back = told->held_back;
    row->held_by = told->held_by;
    row->clear_seq = told->held_back == 0 ? seq : 0;
}

enum toc_err erasure_move(struct toc_turn *turn, const Tocsin__V1__Erasure *told, uint64_t seq,
                          toc_time_ms at_ms, Tocsin__V1__Erasure **out)
{
    Tocsin__V1__Erasure *row;
    struct erasure_key key;
    enum toc_err err = erasure_find_pending(turn->txn, turn->arena, told->pseudonym, &row);
    if (err != TOC_OK)
        return err;
    if (!is_further(row, told))
        return TOC_NONE;
    if (told->step == TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE)
        keys_are_gone(row, told, seq, at_ms);
    row->step = told->step;
    *out = row;
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_ERASING, seq_key(&key, ASKED, row->seq)));
    if (row->step != TOCSIN__V1__ERASURE_STEP__ERASURE_DONE)
        return put_row(turn, pending_key(&key, row->pseudonym), row);
    row->done_ms = at_ms;
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_ERASING, seq_key(&key, BY_SEQ, row->seq)));
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_ERASURE, pending_key(&key, row->pseudonym)));
    return put_row(turn, seq_key(&key, DONE, row->seq), row);
}

enum toc_err erasure_again(struct toc_turn *turn, const Tocsin__V1__Erasure *told, uint64_t seq,
                           toc_time_ms at_ms, Tocsin__V1__Erasure **out)
{
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
    row->clear_seq = row->held_back == 0 ? seq : 0;
    *out = row;
    return put_new(turn, row);
}

/* The next key of this kind, into `after`, and its row. */
static enum toc_err next_row(struct toc_txn *txn, unsigned table, char kind,
                             struct erasure_place *after, struct toc_str *row)
{
    struct toc_str key;
    if (after->size == 0)
        after->key[after->size++] = (uint8_t)kind;
    else
        after->key[after->size++] = 0; /* the least key above it */
    enum toc_err err = toc_first_at_least(txn, table, toc_str(after->key, after->size), &key, row);
    if (err != TOC_OK)
        return err;
    if (*key.data != kind)
        return TOC_NONE;
    TOC_ASSERT(key.size < sizeof(after->key));
    memcpy(after->key, key.data, key.size);
    after->size = key.size;
    return TOC_OK;
}

enum toc_err erasure_next_pending(struct toc_txn *txn, struct toc_arena *arena,
                                  struct erasure_place *after, Tocsin__V1__Erasure **out)
{
    struct toc_str row;
    enum toc_err err = next_row(txn, INTAKE_TABLE_ERASURE, PENDING, after, &row);
    return err == TOC_OK ? toc_wire_unpack(arena, &tocsin__v1__erasure__descriptor, row, out) : err;
}

/* The packed row of a pseudonym that INTAKE_TABLE_ERASING names. */
static enum toc_err row_of(struct toc_txn *txn, struct toc_str pseudonym, struct toc_str *out)
{
    char name[ERASURE_PSEUDONYM_MAX + 1];
    struct erasure_key key;
    toc_str_copy(name, sizeof(name), pseudonym);
    enum toc_err err = toc_get(txn, INTAKE_TABLE_ERASURE, pending_key(&key, name), out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

enum toc_err erasure_next_asked(struct toc_txn *txn, struct toc_arena *arena,
                                struct erasure_place *after, Tocsin__V1__Erasure **out)
{
    struct toc_str name, row;
    enum toc_err err = next_row(txn, INTAKE_TABLE_ERASING, ASKED, after, &name);
    if (err != TOC_OK)
        return err;
    TOC_TRY(row_of(txn, name, &row));
    return toc_wire_unpack(arena, &tocsin__v1__erasure__descriptor, row, out);
}

/* The row of the erasure that record `seq` asked for, wherever it is. */
static enum toc_err find_by_seq(struct toc_txn *txn, uint64_t seq, struct toc_str *out)
{
    struct erasure_key key;
    struct toc_str name;
    enum toc_err err = toc_get(txn, INTAKE_TABLE_ERASURE, seq_key(&key, DONE, seq), out);
    if (err != TOC_NONE)
        return err;
    err = toc_get(txn, INTAKE_TABLE_ERASING, seq_key(&key, BY_SEQ, seq), &name);
    return err == TOC_OK ? row_of(txn, name, out) : err;
}

static enum toc_err answer_one(struct toc_txn *txn, struct toc_arena *arena, uint64_t seq,
                               Tocsin__V1__Answer *answer)
{
    struct toc_str row;
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    enum toc_err err = find_by_seq(txn, seq, &row);
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
