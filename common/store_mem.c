/*
 * The memory store's transactions: rows are changed in place, and an abort takes back an undo log.
 */
#include "common/store_mem_disk.h"

#include <stdlib.h>

#define UNDO_STEP 64 /* the undo log's first size, in entries */

#if defined(TOCSIN_PLANT) || defined(__SANITIZE_ADDRESS__)
#define LEND_COPIES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEND_COPIES 1
#endif
#endif
#ifndef LEND_COPIES
#define LEND_COPIES 0
#endif

struct toc_store {
    struct toc_mem_disk *disk;
    const char *const *names;
    size_t table_count;
    struct toc_mem_table *tables[TOC_TABLES_MAX]; /* NULL: a read-only store does not find it */
    bool read_only;
};

/* How to take back one write. */
struct undo {
    struct toc_mem_table *table;
    struct toc_mem_row *row; /* `added`: the new row, in the tree; else the old one, in our hands */
    bool added;
};

/* A copy of a row that was returned to the caller. */
struct loan {
    struct loan *next;
    size_t size;
    char bytes[];
};

struct toc_txn {
    struct toc_store *store;
    bool writable;
    bool holds_put;
    bool reserve;        /* puts may use it */
    enum toc_err failed; /* the first failure, or TOC_OK */
    unsigned scans;      /* open ones */
    struct undo *undo;
    size_t undo_count, undo_room;
    struct loan *loans;
};

struct toc_scan {
    struct toc_txn *txn;
    struct toc_mem_place place;
};

/* Stores */

static void find_tables(struct toc_store *store)
{
    for (size_t i = 0; i < store->table_count; i++)
        if (store->tables[i] == NULL)
            store->tables[i] = toc_mem_disk_table(store->disk, store->names[i]);
}

/* The disk to open, made when there is none. */
static enum toc_err find_disk(const struct toc_store_config *config, struct toc_mem_disk **out)
{
    struct toc_mem_disk *disk = toc_mem_disk_find(config->dir);
    if (disk == NULL) {
        if (config->read_only)
            return TOC_ERR_CONFIG;
        disk = toc_mem_disk_make(config->dir);
        if (disk == NULL)
            return TOC_ERR_MEMORY;
    }
    if (disk->opened_for_writing && !config->read_only)
        return TOC_ERR_BUSY;
    *out = disk;
    return TOC_OK;
}

enum toc_err toc_store_open(const struct toc_store_config *config, struct toc_store **out)
{
    struct toc_mem_disk *disk;
    TOC_ASSERT(config->table_count > 0 && config->table_count <= TOC_TABLES_MAX);
    TOC_TRY(find_disk(config, &disk));
    for (size_t i = 0; i < config->table_count && !config->read_only; i++)
        if (toc_mem_disk_table(disk, config->tables[i]) == NULL)
            TOC_TRY(toc_mem_disk_add_table(disk, config->tables[i]));
    struct toc_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return TOC_ERR_MEMORY;
    store->disk = disk;
    store->names = config->tables;
    store->table_count = config->table_count;
    store->read_only = config->read_only;
    find_tables(store);
    disk->stores++;
    if (!config->read_only) {
        disk->opened_for_writing = true;
        disk->dead = false;
        disk->crash_at = 0;
    }
    *out = store;
    return TOC_OK;
}

void toc_store_close(struct toc_store *store)
{
    if (store == NULL)
        return;
    struct toc_mem_disk *disk = store->disk;
    disk->stores--;
    TOC_ASSERT(disk->stores > 0 || disk->readers == 0);
    if (!store->read_only) {
        TOC_ASSERT(!disk->writing);
        disk->opened_for_writing = false;
    }
    free(store);
}

unsigned toc_store_percent_used(const struct toc_store *store)
{
    return store->disk->percent;
}

/* Transactions */

static enum toc_err begin(struct toc_store *store, bool writable, struct toc_txn **out)
{
    if (store->disk->dead)
        return TOC_ERR_IO;
    struct toc_txn *txn = calloc(1, sizeof(*txn));
    if (txn == NULL)
        return TOC_ERR_MEMORY;
    txn->store = store;
    txn->writable = writable;
    *out = txn;
    return TOC_OK;
}

enum toc_err toc_txn_begin_write(struct toc_store *store, struct toc_txn **out)
{
    TOC_ASSERT(!store->read_only);
    TOC_ASSERT(!store->disk->writing && store->disk->readers == 0);
    TOC_TRY(begin(store, true, out));
    store->disk->writing = true;
    return TOC_OK;
}

enum toc_err toc_txn_begin_read(struct toc_store *store, struct toc_txn **out)
{
    TOC_ASSERT(!store->disk->writing);
    TOC_TRY(begin(store, false, out));
    find_tables(store);
    store->disk->readers++;
    return TOC_OK;
}

static void end_loans(struct toc_txn *txn)
{
    while (txn->loans != NULL) {
        struct loan *loan = txn->loans;
        txn->loans = loan->next;
        memset(loan->bytes, 0xdd, loan->size); /* for builds without the address sanitizer */
        free(loan);
    }
}

static void end(struct toc_txn *txn)
{
    TOC_ASSERT(txn->scans == 0);
    if (txn->writable)
        txn->store->disk->writing = false;
    else
        txn->store->disk->readers--;
    end_loans(txn);
    free(txn->undo);
    free(txn);
}

enum toc_err toc_txn_commit(struct toc_txn *txn)
{
    struct toc_mem_disk *disk = txn->store->disk;
    enum toc_err err = txn->failed;
    if (err == TOC_OK && txn->holds_put && disk->full && !txn->reserve)
        err = TOC_ERR_FULL;
    if (err == TOC_OK && txn->writable && toc_mem_disk_crashes_now(disk) && !disk->crash_keeps)
        err = TOC_ERR_IO;
    if (err != TOC_OK) {
        toc_txn_abort(txn);
        return err;
    }
    for (size_t i = 0; i < txn->undo_count; i++)
        if (!txn->undo[i].added)
            free(txn->undo[i].row);
    end(txn);
    return disk->dead ? TOC_ERR_IO : TOC_OK;
}

/*
 * Putting a deleted row back can split a node, for which there may be no memory: then the process
 * ends, and the disk with it, as this memory is all there is of the disk.
 */
static void take_back(const struct undo *undo)
{
    struct toc_mem_row *newer;
    if (undo->added) {
        newer = toc_mem_tree_take(undo->table, toc_mem_row_key(undo->row));
        TOC_ASSERT(newer == undo->row);
    } else {
        enum toc_err err = toc_mem_tree_put(undo->table, undo->row, &newer);
        TOC_ASSERT(err == TOC_OK);
    }
    free(newer);
}

void toc_txn_abort(struct toc_txn *txn)
{
    if (txn == NULL)
        return;
    while (txn->undo_count > 0)
        take_back(&txn->undo[--txn->undo_count]);
    end(txn);
}

static enum toc_err undo_room(struct toc_txn *txn)
{
    if (txn->undo_count < txn->undo_room)
        return TOC_OK;
    size_t room = txn->undo_room ? 2 * txn->undo_room : UNDO_STEP;
    struct undo *undo = realloc(txn->undo, room * sizeof(*undo));
    if (undo == NULL)
        return TOC_ERR_MEMORY;
    txn->undo = undo;
    txn->undo_room = room;
    return TOC_OK;
}

/* Reads and writes */

/* The failure of the transaction; otherwise TOC_OK with the table, NULL for one that is not there.
 */
static enum toc_err may_read(const struct toc_txn *txn, unsigned table, struct toc_str key,
                             struct toc_mem_table **out)
{
    TOC_ASSERT(table < txn->store->table_count);
    TOC_ASSERT(key.size <= TOC_KEY_MAX);
    *out = txn->store->tables[table];
    return txn->failed;
}

static enum toc_err may_write(struct toc_txn *txn, unsigned table, struct toc_str key,
                              struct toc_mem_table **out)
{
    TOC_ASSERT(txn->writable && txn->scans == 0);
    TOC_ASSERT(key.size > 0);
    end_loans(txn);
    return may_read(txn, table, key, out);
}

/* What the caller gets to see of a row: the row, or a copy that dies at the next write. */
static enum toc_err lend(struct toc_txn *txn, const struct toc_mem_row *row, struct toc_str *key,
                         struct toc_str *value)
{
    const char *bytes = row->bytes;
    if (LEND_COPIES) {
        const size_t size = (size_t)row->key_size + row->value_size;
        struct loan *loan = malloc(sizeof(*loan) + size);
        if (loan == NULL)
            return txn->failed = TOC_ERR_MEMORY;
        loan->next = txn->loans;
        loan->size = size;
        memcpy(loan->bytes, row->bytes, size);
        txn->loans = loan;
        bytes = loan->bytes;
    }
    *key = toc_str(bytes, row->key_size);
    *value = toc_str(bytes + row->key_size, row->value_size);
    return TOC_OK;
}

enum toc_err toc_get(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                     struct toc_str *out)
{
    struct toc_mem_table *table;
    struct toc_str out_key;
    if (key.size == 0 || key.size > TOC_KEY_MAX)
        return txn->failed != TOC_OK ? txn->failed : TOC_NONE;
    TOC_TRY(may_read(txn, table_index, key, &table));
    const struct toc_mem_row *row = table != NULL ? toc_mem_tree_get(table, key) : NULL;
    return row != NULL ? lend(txn, row, &out_key, out) : TOC_NONE;
}

void toc_txn_use_reserve(struct toc_txn *txn)
{
    txn->reserve = true;
}

/* Whether a put needs room that a full disk has not got. */
static bool grows(const struct toc_mem_table *table, struct toc_str key, struct toc_str value)
{
    const struct toc_mem_row *row = toc_mem_tree_get(table, key);
    return row == NULL || value.size > row->value_size;
}

static enum toc_err put_row(struct toc_txn *txn, struct toc_mem_table *table, struct toc_str key,
                            struct toc_str value)
{
    struct toc_mem_row *old;
    if (value.size > TOC_VALUE_MAX)
        return TOC_ERR_LIMIT;
    if (txn->store->disk->full && !txn->reserve && grows(table, key, value))
        return TOC_ERR_FULL;
    TOC_TRY(undo_room(txn));
    struct toc_mem_row *row = toc_mem_row_new(key, value);
    if (row == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = toc_mem_tree_put(table, row, &old);
    if (err != TOC_OK) {
        free(row);
        return err;
    }
    txn->undo[txn->undo_count++] = (struct undo){table, old != NULL ? old : row, old == NULL};
    txn->holds_put = true;
    return TOC_OK;
}

enum toc_err toc_put(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                     struct toc_str value)
{
    struct toc_mem_table *table;
    TOC_TRY(may_write(txn, table_index, key, &table));
    return txn->failed = put_row(txn, table, key, value);
}

enum toc_err toc_append(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                        struct toc_str value)
{
    struct toc_mem_table *table;
    TOC_TRY(may_write(txn, table_index, key, &table));
    struct toc_mem_place last = toc_mem_place_before(table, (struct toc_mem_place){NULL, 0});
    TOC_ASSERT(last.leaf == NULL ||
               toc_str_compare(toc_mem_row_key(toc_mem_place_row(last)), key) < 0);
    return txn->failed = put_row(txn, table, key, value);
}

enum toc_err toc_del(struct toc_txn *txn, unsigned table_index, struct toc_str key)
{
    struct toc_mem_table *table;
    TOC_TRY(may_write(txn, table_index, key, &table));
    enum toc_err err = undo_room(txn);
    if (err != TOC_OK)
        return txn->failed = err;
    struct toc_mem_row *row = toc_mem_tree_take(table, key);
    if (row == NULL)
        return TOC_NONE;
    txn->undo[txn->undo_count++] = (struct undo){table, row, false};
    return TOC_OK;
}

enum toc_err toc_count(struct toc_txn *txn, unsigned table_index, uint64_t *out)
{
    struct toc_mem_table *table;
    TOC_TRY(may_read(txn, table_index, TOC_STR(""), &table));
    *out = table != NULL ? table->count : 0;
    return TOC_OK;
}

static enum toc_err lend_place(struct toc_txn *txn, struct toc_mem_place place,
                               struct toc_str *out_key, struct toc_str *out_value)
{
    const struct toc_mem_row *row = toc_mem_place_row(place);
    return row != NULL ? lend(txn, row, out_key, out_value) : TOC_NONE;
}

enum toc_err toc_first_at_least(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                                struct toc_str *out_key, struct toc_str *out_value)
{
    struct toc_mem_table *table;
    TOC_TRY(may_read(txn, table_index, key, &table));
    if (table == NULL)
        return TOC_NONE;
    return lend_place(txn, toc_mem_tree_seek(table, key), out_key, out_value);
}

enum toc_err toc_last_below(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                            struct toc_str *out_key, struct toc_str *out_value)
{
    struct toc_mem_table *table;
    struct toc_mem_place place = {NULL, 0};
    TOC_TRY(may_read(txn, table_index, key, &table));
    if (table == NULL)
        return TOC_NONE;
    if (key.size > 0)
        place = toc_mem_tree_seek(table, key);
    return lend_place(txn, toc_mem_place_before(table, place), out_key, out_value);
}

enum toc_err toc_scan_open(struct toc_txn *txn, unsigned table_index, struct toc_str from_key,
                           struct toc_scan **out)
{
    struct toc_mem_table *table;
    TOC_TRY(may_read(txn, table_index, from_key, &table));
    struct toc_scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL)
        return txn->failed = TOC_ERR_MEMORY;
    scan->txn = txn;
    if (table != NULL)
        scan->place = toc_mem_tree_seek(table, from_key);
    txn->scans++;
    *out = scan;
    return TOC_OK;
}

enum toc_err toc_scan_next(struct toc_scan *scan, struct toc_str *out_key,
                           struct toc_str *out_value)
{
    TOC_TRY(scan->txn->failed);
    enum toc_err err = lend_place(scan->txn, scan->place, out_key, out_value);
    if (err == TOC_OK)
        scan->place = toc_mem_place_after(scan->place);
    return err;
}

void toc_scan_close(struct toc_scan *scan)
{
    if (scan == NULL)
        return;
    scan->txn->scans--;
    free(scan);
}
