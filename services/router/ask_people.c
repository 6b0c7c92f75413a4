#include "services/router/ask_people.h"

#include "services/router/people.h"

#include "common/answer.h"

#define PEOPLE_MAX 50 /* of one answer, which has to fit a frame */
#define HELD_MAX   50 /* issues of one person */

static enum toc_err get(struct toc_txn *txn, struct toc_arena *arena, unsigned table,
                        struct toc_str key, const ProtobufCMessageDescriptor *type, void *out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, table, key, &row);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return toc_wire_unpack(arena, type, row, out);
}

/* --- people ----------------------------------------------------------------------------------- */

/* What tells an issue apart, and how it stands; the rest is a question about issues. */
static enum toc_err brief_issue(struct toc_txn *txn, struct toc_arena *arena, struct toc_str key,
                                Tocsin__V1__Issue **out)
{
    Tocsin__V1__Issue *issue, *brief = toc_arena_take(arena, sizeof(*brief));
    if (brief == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(get(txn, arena, TABLE_ISSUE, key, &tocsin__v1__issue__descriptor, &issue));
    tocsin__v1__issue__init(brief);
    brief->id = issue->id;
    brief->number = issue->number;
    brief->partition = issue->partition;
    brief->state = issue->state;
    brief->priority = issue->priority;
    brief->source = issue->source;
    brief->subject = issue->subject;
    brief->queue = issue->queue;
    brief->assignee = issue->assignee;
    brief->claimed_ms = issue->claimed_ms;
    brief->offered_to = issue->offered_to;
    brief->offer_until_ms = issue->offer_until_ms;
    *out = brief;
    return TOC_OK;
}

static enum toc_err add_held(struct toc_txn *txn, struct toc_arena *arena, Tocsin__V1__Person *row)
{
    uint8_t key[ISSUE_KEY] = {0};
    bool first = true;
    enum toc_err err = TOC_OK;
    row->held = toc_arena_take(arena, HELD_MAX * sizeof(*row->held));
    if (row->held == NULL)
        return TOC_ERR_LIMIT;
    while (row->n_held < HELD_MAX &&
           (err = person_next_held(txn, row->id, key, &first)) == TOC_OK) {
        TOC_TRY(brief_issue(txn, arena, toc_str(key, sizeof(key)), &row->held[row->n_held]));
        row->n_held++;
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err add_person(struct toc_txn *txn, struct toc_arena *arena, struct toc_str bytes,
                               Tocsin__V1__Answer *answer)
{
    Tocsin__V1__Person *row;
    struct toc_str packed;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__person__descriptor, bytes, &row));
    TOC_TRY(add_held(txn, arena, row));
    TOC_TRY(toc_wire_pack(arena, row, &packed));
    return toc_answer_add(arena, packed, answer);
}

enum toc_err ask_people(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                        Tocsin__V1__Answer *answer)
{
    size_t limit = toc_answer_limit(ask) < PEOPLE_MAX ? toc_answer_limit(ask) : PEOPLE_MAX;
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(txn, TABLE_PERSON, toc_wire_bytes(&ask->after), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : add_person(txn, arena, row, answer);
        if (err < 0 || answer->next.len != 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

/* --- what waits ------------------------------------------------------------------------------- */

static enum toc_err add_waiting(struct toc_txn *txn, struct toc_arena *arena, struct toc_str key,
                                Tocsin__V1__Answer *answer)
{
    Tocsin__V1__Waiting waiting = TOCSIN__V1__WAITING__INIT;
    struct toc_str packed, issue = toc_str(key.data + WAIT_NAME + 8, ISSUE_KEY);
    TOC_TRY(get(txn, arena, TABLE_ISSUE, issue, &tocsin__v1__issue__descriptor, &waiting.issue));
    TOC_TRY(get(txn, arena, TABLE_POOLED, issue, &tocsin__v1__pooled__descriptor, &waiting.pooled));
    TOC_TRY(toc_wire_pack(arena, &waiting, &packed));
    return toc_answer_add(arena, packed, answer);
}

enum toc_err ask_waiting(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                         Tocsin__V1__Answer *answer)
{
    uint8_t name[WAIT_NAME];
    size_t limit = toc_answer_limit(ask);
    struct toc_str key, row, prefix = toc_str(name, sizeof(name));
    struct toc_str from = ask->after.len != 0 ? toc_wire_bytes(&ask->after) : prefix;
    struct toc_scan *scan;
    enum toc_err err;
    wait_name(name, ask->queue);
    TOC_TRY(toc_scan_open(txn, TABLE_WAITING, from, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && toc_str_starts(key, prefix)) {
        if (key.size != WAIT_KEY)
            err = TOC_ERR_DAMAGED;
        else
            err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                          : add_waiting(txn, arena, key, answer);
        if (err < 0 || answer->next.len != 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}
