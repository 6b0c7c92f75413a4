#include "services/sla/fire.h"

#include "common/answer.h"

static enum toc_err is_asked_for(struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                                 struct toc_str row, bool *out)
{
    Tocsin__V1__IssueClocks *clocks;
    size_t mark = toc_arena_mark(arena);
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue_clocks__descriptor, row, &clocks));
    *out = ask->queue[0] == '\0' || strcmp(ask->queue, clocks->queue) == 0;
    toc_arena_reset(arena, mark);
    return TOC_OK;
}

/* The due index holds the open ones in order of time, the table all in order of arrival. */
static enum toc_err list_rows(struct toc_txn *txn, struct toc_arena *arena,
                              const Tocsin__V1__Ask *ask, size_t limit, Tocsin__V1__Answer *answer)
{
    unsigned table = ask->all ? TABLE_CLOCKS : TABLE_DUE;
    struct toc_str key, row;
    struct toc_scan *scan;
    enum toc_err err;
    TOC_TRY(toc_scan_open(txn, table, toc_wire_bytes(&ask->after), &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK) {
        bool wanted;
        if (answer->n_rows == limit) {
            err = toc_answer_next(arena, key, answer);
            break;
        }
        if (!ask->all) {
            err = toc_get(txn, TABLE_CLOCKS, toc_str(key.data + 8, ROW_KEY), &row);
            if (err != TOC_OK)
                break;
        }
        err = is_asked_for(arena, ask, row, &wanted);
        if (err == TOC_OK && wanted)
            err = toc_answer_add(arena, row, answer);
        if (err < 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err one_row(struct toc_txn *txn, const Tocsin__V1__Ask *ask, struct toc_str *out)
{
    uint8_t key[ROW_KEY];
    row_key(key, ask->partition, ask->number);
    return toc_get(txn, TABLE_CLOCKS, toc_str(key, sizeof(key)), out);
}

enum toc_err sla_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                     const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct toc_str row;
    (void)self;
    if (ask->what != TOCSIN__V1__ASK__WHAT__CLOCKS) {
        answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE;
        answer->detail = toc_wire_text("sla answers STATUS, CLOCKS, HISTORY and POLICY");
        return TOC_OK;
    }
    size_t limit = toc_answer_limit(ask);
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    if (ask->number != 0) {
        enum toc_err err = one_row(txn, ask, &row);
        return err == TOC_OK ? toc_answer_add(arena, row, answer) : err;
    }
    return list_rows(txn, arena, ask, limit, answer);
}

enum toc_err sla_last_seq(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                          uint64_t *out)
{
    struct toc_str row;
    Tocsin__V1__IssueClocks *clocks;
    enum toc_err err = one_row(txn, ask, &row);
    *out = 0;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(toc_wire_unpack(arena, &tocsin__v1__issue_clocks__descriptor, row, &clocks));
    *out = clocks->last_seq;
    return TOC_OK;
}
