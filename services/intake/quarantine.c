#include "services/intake/quarantine.h"

#include "common/answer.h"
#include "common/plant.h"

/* --- rows: by seq, and by keys that lead there ----------------------------------------------- */

#define KEY_MAX (1 + TOC_ID + 8)

enum key_kind { KEY_EVENT = 1, KEY_ISSUE, KEY_OPENING, KEY_JOINED };

struct key {
    uint8_t bytes[KEY_MAX];
    size_t size;
};

static struct toc_str str_of(const struct key *key)
{
    return toc_str(key->bytes, key->size);
}

static struct key key_of(enum key_kind kind, const void *what, size_t size)
{
    struct key key = {.bytes = {(uint8_t)kind}, .size = 1 + size};
    memcpy(key.bytes + 1, what, size);
    return key;
}

/* One of the keys that many rows may have; they go by seq. */
static struct key key_with(struct key key, uint64_t seq)
{
    toc_put_u64be(key.bytes + key.size, seq);
    key.size += 8;
    return key;
}

static struct key issue_key(const uint8_t issue[TOC_ID], uint64_t seq)
{
    return key_with(key_of(KEY_ISSUE, issue, TOC_ID), seq);
}

/* Of what only joined its issue. */
static struct key joined_key(const uint8_t issue[TOC_ID], uint64_t seq)
{
    return key_with(key_of(KEY_JOINED, issue, TOC_ID), seq);
}

static bool is_joined(const Tocsin__V1__HeldRow *row)
{
    return strcmp(row->reason, QUARANTINE_ISSUE) == 0;
}

static struct key event_key(uint64_t fingerprint, uint64_t seq)
{
    uint8_t bytes[8];
    toc_put_u64be(bytes, fingerprint);
    return key_with(key_of(KEY_EVENT, bytes, sizeof(bytes)), seq);
}

/* The first seq from `key`'s on that has the same beginning. TOC_NONE: none. */
static enum toc_err next_with(struct toc_txn *txn, const struct key *key, uint64_t *out)
{
    struct toc_str found, empty;
    enum toc_err err = toc_first_at_least(txn, INTAKE_TABLE_HELD_BY, str_of(key), &found, &empty);
    if (err != TOC_OK)
        return err;
    if (found.size != key->size || memcmp(found.data, key->bytes, key->size - 8) != 0)
        return TOC_NONE;
    *out = toc_get_u64be((const uint8_t *)found.data + key->size - 8);
    return TOC_OK;
}

/* An index that names a row which is not there is damage. */
static enum toc_err load(struct toc_turn *turn, uint64_t seq, Tocsin__V1__HeldRow **out)
{
    uint8_t key[8];
    struct toc_str bytes;
    toc_put_u64be(key, seq);
    enum toc_err err = toc_get(turn->txn, INTAKE_TABLE_HELD, toc_str(key, sizeof(key)), &bytes);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_ERR_DAMAGED;
    TOC_TRY(toc_unpack(turn, held_row, bytes, out));
    return (*out)->issue.len == TOC_ID ? TOC_OK : TOC_ERR_DAMAGED;
}

static enum toc_err refresh_oldest(struct quarantine *quarantine, struct toc_turn *turn)
{
    struct toc_str key, bytes;
    Tocsin__V1__HeldRow *row;
    size_t mark = toc_arena_mark(turn->arena);
    enum toc_err err =
        toc_first_at_least(turn->txn, INTAKE_TABLE_HELD, toc_str(NULL, 0), &key, &bytes);
    if (err == TOC_OK)
        err = toc_unpack(turn, held_row, bytes, &row);
    if (err < 0)
        return err;
    quarantine->oldest_ms = err == TOC_OK ? row->at_ms : 0;
    toc_arena_reset(turn->arena, mark);
    return TOC_OK;
}

enum toc_err quarantine_open(struct quarantine *quarantine, struct toc_turn *turn)
{
    TOC_TRY(toc_count(turn->txn, INTAKE_TABLE_HELD, &quarantine->count));
    return refresh_oldest(quarantine, turn);
}

/* --- keeping and finding ---------------------------------------------------------------------- */

enum toc_err quarantine_find(struct toc_turn *turn, uint64_t fingerprint, const char *source,
                             const char *id, Tocsin__V1__HeldRow **out)
{
    uint64_t seq = 0;
    enum toc_err err;
    for (;; seq++) {
        Tocsin__V1__HeldRow *row;
        Tocsin__V1__Event *event;
        const struct key key = event_key(fingerprint, seq);
        err = next_with(turn->txn, &key, &seq);
        if (err != TOC_OK)
            return err;
        TOC_TRY(load(turn, seq, &row));
        TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&row->event), &event));
        if (strcmp(event->source, source) == 0 && strcmp(event->id, id) == 0) {
            *out = row;
            return TOC_OK;
        }
    }
}

enum toc_err quarantine_has_opening(struct toc_turn *turn, const uint8_t issue[TOC_ID])
{
    const struct key key = key_of(KEY_OPENING, issue, TOC_ID);
    struct toc_str seq;
    return toc_get(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&key), &seq);
}

enum toc_err quarantine_add(struct quarantine *quarantine, struct toc_turn *turn,
                            const Tocsin__V1__HeldRow *row, bool opening)
{
    const struct toc_str empty = toc_str(NULL, 0);
    const struct key by_issue = issue_key(row->issue.data, row->seq);
    const struct key by_event = event_key(row->fingerprint, row->seq);
    const struct key by_opening = key_of(KEY_OPENING, row->issue.data, TOC_ID);
    const struct key by_joined = joined_key(row->issue.data, row->seq);
    struct toc_str packed, there;
    uint8_t seq[8];
    toc_put_u64be(seq, row->seq);
    TOC_TRY(toc_wire_pack(turn->arena, row, &packed));
    TOC_TRY(toc_append(turn->txn, INTAKE_TABLE_HELD, toc_str(seq, sizeof(seq)), packed));
    TOC_TRY(toc_put(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_event), empty));
    TOC_TRY(toc_put(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_issue), empty));
    if (is_joined(row))
        TOC_TRY(toc_put(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_joined), empty));
    if (opening) {
        enum toc_err err = toc_get(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_opening), &there);
        TOC_TRY(err);
        if (err == TOC_NONE)
            TOC_TRY(toc_put(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_opening),
                            toc_str(seq, sizeof(seq))));
    }
    if (quarantine->count++ == 0)
        quarantine->oldest_ms = row->at_ms;
    return TOC_OK;
}

/* The row is no more, nor is any key that leads to it. */
static enum toc_err forget(struct quarantine *quarantine, struct toc_turn *turn,
                           const Tocsin__V1__HeldRow *row)
{
    const struct key by_issue = issue_key(row->issue.data, row->seq);
    const struct key by_event = event_key(row->fingerprint, row->seq);
    const struct key by_opening = key_of(KEY_OPENING, row->issue.data, TOC_ID);
    const struct key by_joined = joined_key(row->issue.data, row->seq);
    struct toc_str opening;
    uint8_t seq[8];
    toc_put_u64be(seq, row->seq);
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_HELD, toc_str(seq, sizeof(seq))));
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_event)));
    TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_issue)));
    if (is_joined(row))
        TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_joined)));
    enum toc_err err = toc_get(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_opening), &opening);
    TOC_TRY(err);
    if (err == TOC_OK && toc_str_equal(opening, toc_str(seq, sizeof(seq))))
        TOC_TRY(toc_del(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&by_opening)));
    quarantine->count--;
    return TOC_OK;
}

/* --- decisions -------------------------------------------------------------------------------- */

enum toc_err quarantine_scope_of(struct toc_turn *turn,
                                 const Tocsin__V1__QuarantineDecision *decision,
                                 uint64_t fingerprint, struct quarantine_scope *out)
{
    Tocsin__V1__HeldRow *row;
    uint64_t seq;
    *out = (struct quarantine_scope){.seq = 0};
    if (decision->issue.len == TOC_ID) {
        const struct key first = issue_key(decision->issue.data, 0);
        memcpy(out->issue, decision->issue.data, TOC_ID);
        return next_with(turn->txn, &first, &seq);
    }
    enum toc_err err =
        quarantine_find(turn, fingerprint, decision->event_source, decision->event_id, &row);
    if (err != TOC_OK)
        return err;
    memcpy(out->issue, row->issue.data, TOC_ID);
    err = quarantine_has_opening(turn, out->issue);
    if (err == TOC_NONE)
        out->seq = row->seq;
    return err < 0 ? err : TOC_OK;
}

static enum toc_err append(struct toc_turn *turn, struct dedupe *dedupe,
                           const Tocsin__V1__HeldRow *row, toc_time_ms at_ms)
{
    Tocsin__V1__Event *event;
    uint64_t seq;
    TOC_TRY(toc_unpack(turn, event, toc_wire_bytes(&row->event), &event));
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED,
                          .class_bit = TOC_CLASS_ISSUE,
                          .partition = toc_partition_of(row->issue.data),
                          .at_ms = at_ms,
                          .issue = row->issue.data,
                          .test = event->test,
                          .held_seq = row->seq,
                          .held_ms = row->at_ms,
                          .body = toc_wire_bytes(&row->event)};
    TOC_TRY(toc_emit(turn, &out, &seq));
    return dedupe_add(dedupe, turn->txn, row->fingerprint, seq, at_ms);
}

/* `dedupe` is NULL for what is thrown away. */
static enum toc_err end_one(struct quarantine *quarantine, struct toc_turn *turn,
                            struct dedupe *dedupe, uint64_t seq, toc_time_ms at_ms)
{
    size_t mark = toc_arena_mark(turn->arena);
    Tocsin__V1__HeldRow *row;
    TOC_TRY(load(turn, seq, &row));
    if (!TOC_PLANTED(TOC_PLANT_RELEASE_KEEPS))
        TOC_TRY(forget(quarantine, turn, row));
    if (dedupe != NULL)
        TOC_TRY(append(turn, dedupe, row, at_ms));
    toc_arena_reset(turn->arena, mark);
    return TOC_OK;
}

static enum toc_err end_all(struct quarantine *quarantine, struct toc_turn *turn,
                            struct dedupe *dedupe, const struct quarantine_scope *scope,
                            toc_time_ms at_ms)
{
    uint64_t seq = 0;
    if (scope->seq != 0)
        TOC_TRY(end_one(quarantine, turn, dedupe, scope->seq, at_ms));
    for (unsigned i = 0; scope->seq == 0 && i < QUARANTINE_AT_ONCE; i++) {
        const struct key key = issue_key(scope->issue, seq + 1);
        enum toc_err err = next_with(turn->txn, &key, &seq);
        if (err < 0)
            return err;
        if (err == TOC_NONE)
            break;
        TOC_TRY(end_one(quarantine, turn, dedupe, seq, at_ms));
    }
    return refresh_oldest(quarantine, turn);
}

enum toc_err quarantine_let_in(struct quarantine *quarantine, struct toc_turn *turn,
                               struct dedupe *dedupe, const struct quarantine_scope *scope,
                               toc_time_ms at_ms)
{
    return end_all(quarantine, turn, dedupe, scope, at_ms);
}

static enum toc_err free_opening(struct quarantine *quarantine, struct toc_turn *turn,
                                 struct dedupe *dedupe, const uint8_t issue[TOC_ID],
                                 toc_time_ms at_ms)
{
    const struct key opening = key_of(KEY_OPENING, issue, TOC_ID);
    struct toc_str found;
    enum toc_err err = toc_get(turn->txn, INTAKE_TABLE_HELD_BY, str_of(&opening), &found);
    return err == TOC_OK ? end_one(quarantine, turn, dedupe, toc_get_u64be(found.data), at_ms)
                         : err;
}

/* What only joined its issue has been counted when it came; what has a reason of its own has not.
 */
enum toc_err quarantine_free(struct quarantine *quarantine, struct toc_turn *turn,
                             struct dedupe *dedupe, const uint8_t issue[TOC_ID], toc_time_ms at_ms)
{
    uint64_t seq = 0;
    enum toc_err err = free_opening(quarantine, turn, dedupe, issue, at_ms);
    TOC_TRY(err);
    bool any = err == TOC_OK;
    for (unsigned i = 0; i < QUARANTINE_FREED_MAX; i++) {
        const struct key key = joined_key(issue, seq + 1);
        err = next_with(turn->txn, &key, &seq);
        TOC_TRY(err);
        if (err == TOC_NONE)
            break;
        TOC_TRY(end_one(quarantine, turn, dedupe, seq, at_ms));
        any = true;
    }
    return any ? refresh_oldest(quarantine, turn) : TOC_OK;
}

enum toc_err quarantine_throw_away(struct quarantine *quarantine, struct toc_turn *turn,
                                   const struct quarantine_scope *scope)
{
    return end_all(quarantine, turn, NULL, scope, 0);
}

/* --- questions -------------------------------------------------------------------------------- */

enum toc_err quarantine_first_of(struct toc_txn *txn, struct toc_arena *arena,
                                 const uint8_t issue[TOC_ID], Tocsin__V1__HeldRow **out)
{
    const struct key key = issue_key(issue, 0);
    uint8_t number[8];
    struct toc_str row;
    uint64_t seq;
    enum toc_err err = next_with(txn, &key, &seq);
    if (err != TOC_OK)
        return err;
    toc_put_u64be(number, seq);
    err = toc_get(txn, INTAKE_TABLE_HELD, toc_str(number, sizeof(number)), &row);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_ERR_DAMAGED;
    return toc_wire_unpack(arena, &tocsin__v1__held_row__descriptor, row, out);
}

static enum toc_err ask_first(struct toc_txn *txn, struct toc_arena *arena,
                              const uint8_t issue[TOC_ID], Tocsin__V1__Answer *answer)
{
    Tocsin__V1__HeldRow *row;
    struct toc_str packed;
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    enum toc_err err = quarantine_first_of(txn, arena, issue, &row);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(toc_wire_pack(arena, row, &packed));
    return toc_answer_add(arena, packed, answer);
}

enum toc_err quarantine_ask(struct toc_txn *txn, struct toc_arena *arena,
                            const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    if (ask->id.len == TOC_ID)
        return ask_first(txn, arena, ask->id.data, answer);
    size_t limit = toc_answer_limit(ask);
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    TOC_TRY(toc_scan_open(txn, INTAKE_TABLE_HELD, toc_wire_bytes(&ask->after), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : toc_answer_add(arena, row, answer);
        if (err < 0 || answer->next.len != 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}
