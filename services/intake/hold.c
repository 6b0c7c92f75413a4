#include "services/intake/hold.h"

#include "services/intake/erasure.h"
#include "services/intake/intake.h"
#include "services/intake/rows.h"

/* The holds on one pseudonym lie side by side: first half of its hash, then the hold's id. */
#define WHOSE_BYTES 16

struct hold_key {
    uint8_t bytes[WHOSE_BYTES + HOLD_ID_MAX];
    size_t size;
};

static_assert(sizeof(((struct hold_key *)0)->bytes) <= TOC_KEY_MAX, "it is a key");

static void key_of(struct hold_key *key, const char *pseudonym, const char *hold)
{
    uint8_t hash[TOC_SHA256];
    size_t size = strlen(hold);
    TOC_ASSERT(size <= HOLD_ID_MAX);
    toc_sha256(hash, toc_str_of(pseudonym));
    memcpy(key->bytes, hash, WHOSE_BYTES);
    memcpy(key->bytes + WHOSE_BYTES, hold, size);
    key->size = WHOSE_BYTES + size;
}

static bool is_released(const Tocsin__V1__Event *event)
{
    return strcmp(event->type, "tocsin.hold.released") == 0;
}

const char *hold_check(const Tocsin__V1__Event *event)
{
    const Tocsin__V1__Hold *hold = event->hold;
    size_t size = strlen(hold->hold);
    if (size == 0 || size > HOLD_ID_MAX)
        return "hold: an id of 1 to 40 bytes";
    if (hold->pseudonym[0] == '\0')
        return "pseudonym: whom it is on";
    return hold->owner[0] != '\0' ? NULL : "owner: who answers for it";
}

static enum toc_err place(struct toc_turn *turn, Tocsin__V1__Hold *hold, struct toc_str key,
                          toc_time_ms at_ms, const char **why)
{
    Tocsin__V1__HoldRow row = TOCSIN__V1__HOLD_ROW__INIT;
    Tocsin__V1__Erasure *erasure;
    struct toc_str packed;
    enum toc_err err = toc_get(turn->txn, INTAKE_TABLE_HOLD, key, &packed);
    TOC_TRY(err);
    *why = "hold: it stands already";
    if (err == TOC_OK)
        return TOC_NONE;
    err = erasure_find_pending(turn->txn, turn->arena, hold->pseudonym, &erasure);
    TOC_TRY(err);
    *why = "pseudonym: it was asked before to erase this person, so nothing is left to hold";
    if (err == TOC_OK)
        return TOC_NONE;
    row.hold = hold;
    row.placed_ms = at_ms;
    TOC_TRY(toc_wire_pack(turn->arena, &row, &packed));
    return toc_put(turn->txn, INTAKE_TABLE_HOLD, key, packed);
}

enum toc_err hold_keep(struct toc_turn *turn, const Tocsin__V1__Event *event, toc_time_ms at_ms,
                       const char **why)
{
    struct hold_key key;
    key_of(&key, event->hold->pseudonym, event->hold->hold);
    if (!is_released(event))
        return place(turn, event->hold, toc_str(key.bytes, key.size), at_ms, why);
    *why = "hold: no such hold is on this person";
    return toc_del(turn->txn, INTAKE_TABLE_HOLD, toc_str(key.bytes, key.size));
}

enum toc_err hold_find(struct toc_txn *txn, struct toc_arena *arena, const char *pseudonym,
                       Tocsin__V1__HoldRow **out)
{
    struct hold_key key;
    struct toc_str found, row;
    key_of(&key, pseudonym, "");
    enum toc_err err =
        toc_first_at_least(txn, INTAKE_TABLE_HOLD, toc_str(key.bytes, key.size), &found, &row);
    if (err != TOC_OK)
        return err;
    if (found.size < WHOSE_BYTES || memcmp(found.data, key.bytes, WHOSE_BYTES) != 0)
        return TOC_NONE;
    return toc_wire_unpack(arena, &tocsin__v1__hold_row__descriptor, row, out);
}

enum toc_err hold_next(struct toc_txn *txn, struct toc_arena *arena, struct hold_place *after,
                       Tocsin__V1__HoldRow **out)
{
    struct toc_str key, row;
    if (after->size > 0)
        after->key[after->size++] = 0; /* the least key above it */
    enum toc_err err =
        toc_first_at_least(txn, INTAKE_TABLE_HOLD, toc_str(after->key, after->size), &key, &row);
    if (err != TOC_OK)
        return err;
    TOC_ASSERT(key.size < sizeof(after->key));
    memcpy(after->key, key.data, key.size);
    after->size = key.size;
    return toc_wire_unpack(arena, &tocsin__v1__hold_row__descriptor, row, out);
}

enum toc_err hold_ask(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                      Tocsin__V1__Answer *answer)
{
    return rows_answer(txn, INTAKE_TABLE_HOLD, toc_str("", 0), arena, ask, answer);
}
