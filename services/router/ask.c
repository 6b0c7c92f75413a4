#include "services/router/apply.h"
#include "services/router/article.h"
#include "services/router/ask_people.h"

#include "common/answer.h"
#include "services/router/machine.h"
#include "services/router/parked.h"

static bool is_asked_for(const Tocsin__V1__Ask *ask, const Tocsin__V1__Issue *issue)
{
    struct toc_str prefix = toc_wire_bytes(&ask->id);
    if (prefix.size != 0 && !toc_str_starts(toc_wire_bytes(&issue->id), prefix))
        return false;
    if (ask->queue[0] != '\0' && strcmp(ask->queue, issue->queue) != 0)
        return false;
    return ask->all || prefix.size != 0 || !machine_is_over(issue->state);
}

static enum toc_err list_rows(struct toc_scan *scan, struct toc_arena *arena,
                              const Tocsin__V1__Ask *ask, size_t limit, Tocsin__V1__Answer *answer)
{
    struct toc_str key, row;
    size_t looked_at = 0;
    enum toc_err err;
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        Tocsin__V1__Issue *issue;
        if (toc_answer_is_over(answer, limit, &looked_at))
            return toc_answer_next(arena, key, answer);
        size_t mark = toc_arena_mark(arena);
        TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue__descriptor, row, &issue));
        bool wanted = is_asked_for(ask, issue);
        toc_arena_reset(arena, mark);
        if (wanted)
            TOC_TRY(toc_answer_add(arena, row, answer));
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err one_issue(struct toc_txn *txn, struct toc_str id, struct toc_str *out)
{
    struct toc_str key;
    enum toc_err err = toc_get(txn, TABLE_ISSUE_ID, id, &key);
    if (err != TOC_OK)
        return err;
    err = toc_get(txn, TABLE_ISSUE, key, out);
    return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
}

/* --- escalations to other teams -------------------------------------------------------------- */

static bool is_escalation_asked_for(const Tocsin__V1__Ask *ask,
                                    const Tocsin__V1__CrossEscalation *row)
{
    if (!toc_str_starts(toc_wire_bytes(&row->issue), toc_wire_bytes(&ask->id)))
        return false;
    if (ask->queue[0] != '\0' && strcmp(ask->queue, row->team) != 0)
        return false;
    return ask->all || row->state != TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD;
}

/* Rows from the scan's place on, as long as their key begins with `prefix`. */
static enum toc_err list_escalations(struct toc_scan *scan, struct toc_arena *arena,
                                     const Tocsin__V1__Ask *ask, struct toc_str prefix,
                                     Tocsin__V1__Answer *answer)
{
    size_t limit = toc_answer_limit(ask), looked_at = 0;
    struct toc_str key, row;
    enum toc_err err;
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && toc_str_starts(key, prefix)) {
        Tocsin__V1__CrossEscalation *escalation;
        if (toc_answer_is_over(answer, limit, &looked_at))
            return toc_answer_next(arena, key, answer);
        size_t mark = toc_arena_mark(arena);
        TOC_TRY(
            toc_wire_unpack(arena, &tocsin__v1__cross_escalation__descriptor, row, &escalation));
        bool wanted = is_escalation_asked_for(ask, escalation);
        toc_arena_reset(arena, mark);
        if (wanted)
            TOC_TRY(toc_answer_add(arena, row, answer));
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err ask_escalations(struct toc_txn *txn, struct toc_arena *arena,
                                    const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    uint8_t key[ISSUE_KEY];
    struct toc_str prefix = toc_str(NULL, 0), from = toc_wire_bytes(&ask->after), found;
    struct toc_scan *scan;
    if (ask->id.len == TOC_ID) {
        enum toc_err err = toc_get(txn, TABLE_ISSUE_ID, toc_wire_bytes(&ask->id), &found);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_OK;
        if (found.size != sizeof(key))
            return TOC_ERR_DAMAGED;
        memcpy(key, found.data, sizeof(key));
        prefix = toc_str(key, sizeof(key));
        if (from.size == 0)
            from = prefix;
    }
    TOC_TRY(toc_scan_open(txn, TABLE_ESCALATION, from, &scan));
    enum toc_err err = list_escalations(scan, arena, ask, prefix, answer);
    toc_scan_close(scan);
    return err;
}

/* --- any -------------------------------------------------------------------------------------- */

static enum toc_err ask_issues(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct toc_scan *scan;
    struct toc_str row;
    if (ask->id.len == TOC_ID) {
        enum toc_err err = one_issue(txn, toc_wire_bytes(&ask->id), &row);
        return err == TOC_OK ? toc_answer_add(arena, row, answer) : err;
    }
    TOC_TRY(toc_scan_open(txn, TABLE_ISSUE, toc_wire_bytes(&ask->after), &scan));
    enum toc_err err = list_rows(scan, arena, ask, toc_answer_limit(ask), answer);
    toc_scan_close(scan);
    return err;
}

typedef enum toc_err answerer(struct toc_txn *txn, struct toc_arena *arena,
                              const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

static answerer *answerer_of(const Tocsin__V1__Ask *ask)
{
    switch ((int)ask->what) {
    case TOCSIN__V1__ASK__WHAT__ISSUES:
        return ask_issues;
    case TOCSIN__V1__ASK__WHAT__ESCALATIONS:
        return ask_escalations;
    case TOCSIN__V1__ASK__WHAT__PEOPLE:
        return ask_people;
    case TOCSIN__V1__ASK__WHAT__WAITING:
        return ask_waiting;
    case TOCSIN__V1__ASK__WHAT__ARTICLES:
        return article_ask;
    case TOCSIN__V1__ASK__WHAT__PARKED:
        return parked_ask;
    default:
        return NULL;
    }
}

enum toc_err router_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                        const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    answerer *give = answerer_of(ask);
    (void)self;
    if (give == NULL) {
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
        answer->detail = toc_wire_text("the router answers STATUS, ISSUES, ESCALATIONS, PEOPLE, "
                                       "WAITING, ARTICLES, PARKED, HISTORY and POLICY");
        return TOC_OK;
    }
    TOC_TRY(toc_answer_begin(arena, toc_answer_limit(ask), answer));
    return give(txn, arena, ask, answer);
}

enum toc_err router_last_seq(struct toc_txn *txn, struct toc_arena *arena,
                             const Tocsin__V1__Ask *ask, uint64_t *out)
{
    struct toc_str row;
    Tocsin__V1__Issue *issue;
    enum toc_err err = one_issue(txn, toc_wire_bytes(&ask->id), &row);
    *out = 0;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue__descriptor, row, &issue));
    *out = issue->last_seq;
    return TOC_OK;
}
