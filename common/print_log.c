#include "common/print_log.h"

#include "common/journal.h"
#include "common/policy/store.h"
#include "common/turn.h"

#include <stdio.h>
#include <stdlib.h>

/* Per look at the store: a reader that stays holds back what its writer could use again. */
#define RECORDS_AT_ONCE 4096

static enum toc_err print_record(struct toc_str record)
{
    uint8_t size[4];
    toc_put_u32be(size, (uint32_t)record.size);
    bool taken = fwrite(size, sizeof(size), 1, stdout) == 1 &&
                 fwrite(record.data, record.size, 1, stdout) == 1;
    return taken ? TOC_OK : TOC_ERR_IO;
}

/* Records from `*seq` on, at most so many; `*seq` is then the one behind them. */
static enum toc_err print_some(struct toc_txn *txn, uint64_t *seq, unsigned *out_count)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    enum toc_err err = TOC_OK;
    *out_count = 0;
    TOC_TRY(toc_journal_scan(txn, *seq, &scan));
    while (*out_count < RECORDS_AT_ONCE && (err = toc_journal_next(scan, &entry)) == TOC_OK) {
        err = print_record(entry.record);
        if (err < 0)
            break;
        *seq = entry.seq + 1;
        (*out_count)++;
    }
    toc_scan_close(scan);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err print_all(struct toc_store *store)
{
    uint64_t seq = 1;
    unsigned count = RECORDS_AT_ONCE;
    while (count == RECORDS_AT_ONCE) {
        struct toc_txn *txn;
        TOC_TRY(toc_txn_begin_read(store, &txn));
        enum toc_err err = print_some(txn, &seq, &count);
        toc_txn_abort(txn);
        TOC_TRY(err);
    }
    return fflush(stdout) == 0 ? TOC_OK : TOC_ERR_IO;
}

static enum toc_err print_text(struct toc_txn *txn, uint32_t version)
{
    uint8_t hash[TOC_SHA256];
    uint32_t size;
    char *text;
    enum toc_err err = toc_policy_text_of(txn, version, &text, &size, hash);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    bool taken = fwrite(text, size, 1, stdout) == 1 && fflush(stdout) == 0;
    free(text);
    return taken ? TOC_OK : TOC_ERR_IO;
}

static enum toc_err print_policy(struct toc_store *store)
{
    struct toc_txn *txn;
    uint32_t version = 0;
    TOC_TRY(toc_txn_begin_read(store, &txn));
    enum toc_err err = toc_policy_in_force(txn, &version);
    if (err >= 0 && version != 0)
        err = print_text(txn, version);
    toc_txn_abort(txn);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err print_by(enum toc_err (*print)(struct toc_store *store), const char *dir,
                             size_t map_bytes)
{
    static const char *const tables[] = {[TOC_TABLE_LOG] = "log",
                                         [TOC_TABLE_META] = "meta",
                                         [TOC_TABLE_CURSOR] = "cursor",
                                         [TOC_TABLE_POLICY] = "policy"};
    const struct toc_store_config config = {.dir = dir,
                                            .tables = tables,
                                            .table_count = TOC_TABLE_OWN,
                                            .map_bytes = map_bytes,
                                            .read_only = true};
    struct toc_store *store;
    TOC_TRY(toc_store_open(&config, &store));
    enum toc_err err = print(store);
    toc_store_close(store);
    return err;
}

enum toc_err toc_print_log(const char *dir, size_t map_bytes)
{
    return print_by(print_all, dir, map_bytes);
}

enum toc_err toc_print_policy(const char *dir, size_t map_bytes)
{
    return print_by(print_policy, dir, map_bytes);
}
