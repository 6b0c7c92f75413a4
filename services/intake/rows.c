#include "services/intake/rows.h"

#include "common/answer.h"

static bool begins_with(struct toc_str key, struct toc_str prefix)
{
    return key.size >= prefix.size && memcmp(key.data, prefix.data, prefix.size) == 0;
}

enum toc_err rows_answer(struct toc_txn *txn, unsigned table, struct toc_str prefix,
                         struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                         Tocsin__V1__Answer *answer)
{
    size_t limit = toc_answer_limit(ask);
    struct toc_str from = ask->after.len > 0 ? toc_wire_bytes(&ask->after) : prefix, key, row;
    struct toc_scan *scan;
    enum toc_err err;
    if (from.size > TOC_KEY_MAX)
        from.size = TOC_KEY_MAX;
    TOC_TRY(toc_answer_begin(arena, limit, answer));
    TOC_TRY(toc_scan_open(txn, table, from, &scan));
    while ((err = toc_scan_next(scan, &key, &row)) == TOC_OK && begins_with(key, prefix)) {
        err = answer->n_rows == limit ? toc_answer_next(arena, key, answer)
                                      : toc_answer_add(arena, row, answer);
        if (err < 0 || answer->next.len != 0)
            break;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}
