/*
 * The durable store: LMDB with its default flags, which survive a power cut at any point. What
 * stands on the disk beside LMDB's pages is store_lmdb_env.c's.
 */
#include "common/store.h"

#include "common/store_lmdb_env.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

/*
 * Counting free pages walks one row per transaction that freed pages. It is done only when the file
 * has grown to this share of the map, and then at most once in so many commits.
 */
#define FREE_COUNT_PERCENT 50
#define FREE_COUNT_COMMITS 16

static_assert(TOC_KEY_MAX <= 511, "LMDB's default limit for keys");

struct toc_txn {
    struct toc_store *store;
    MDB_txn *mdb;
    enum toc_err failed; /* the first failure, or TOC_OK */
    unsigned scans;      /* open ones */
    bool writable;
    bool reserve;     /* puts may use it */
    size_t put_bytes; /* keys and values */
};

struct toc_scan {
    struct toc_txn *txn;
    MDB_cursor *cursor;
    struct toc_str from; /* points into from_key; for the first step */
    bool started;
    bool ended; /* LMDB would begin again at the first row */
    char from_key[TOC_KEY_MAX];
};

struct toc_store {
    struct toc_lmdb_env env;
    bool read_only;
    bool writing;                /* a write transaction is open */
    unsigned reading;            /* open read transactions */
    struct toc_txn writer;       /* the one there can be */
    struct toc_txn *idle_reader; /* reset, ready to be renewed, or NULL */
    const char *const *tables;
    size_t table_count;
    size_t table_missing; /* in a read-only store, until a writer creates them */
    MDB_dbi dbis[TOC_TABLES_MAX];
    bool present[TOC_TABLES_MAX];
    size_t limit_pages;   /* map_bytes */
    size_t reserve_pages; /* beyond it */
    size_t free_pages;    /* as last counted */
    bool full;            /* no puts until rows are deleted */
    unsigned uncounted;   /* commits since */
    size_t last_txn_seen; /* when missing tables were last looked for */
};

/* Opens what is not open yet; a writer creates it. */
static enum toc_err open_tables(struct toc_store *store)
{
    MDB_txn *txn;
    size_t missing = 0;
    TOC_TRY(
        toc_lmdb_err(mdb_txn_begin(store->env.mdb, NULL, store->read_only ? MDB_RDONLY : 0, &txn)));
    size_t seen = mdb_txn_id(txn);
    for (size_t i = 0; i < store->table_count; i++) {
        if (store->present[i])
            continue;
        unsigned flags = store->read_only ? 0 : MDB_CREATE;
        int rc = mdb_dbi_open(txn, store->tables[i], flags, &store->dbis[i]);
        if (rc != 0 && rc != MDB_NOTFOUND) {
            mdb_txn_abort(txn);
            return toc_lmdb_err(rc);
        }
        missing += rc != 0;
        store->present[i] = rc == 0;
    }
    TOC_TRY(toc_lmdb_err(mdb_txn_commit(txn)));
    store->table_missing = missing;
    store->last_txn_seen = seen;
    return TOC_OK;
}

/* Pages of the file, free ones included. */
static size_t file_pages(const struct toc_store *store)
{
    MDB_envinfo info;
    int rc = mdb_env_info(store->env.mdb, &info);
    TOC_ASSERT(rc == 0);
    return info.me_last_pgno + 1;
}

static size_t used_pages(const struct toc_store *store)
{
    size_t pages = file_pages(store);
    return pages - (store->free_pages < pages ? store->free_pages : pages);
}

/* Brings `free_pages` and `full` up to date after a commit or, forced, at any time. */
static void refresh_use(struct toc_store *store, bool forced)
{
    size_t pages = file_pages(store), found = 0;
    store->uncounted++;
    if (forced || pages >= store->limit_pages || store->uncounted >= FREE_COUNT_COMMITS) {
        bool matters = pages * 100 / store->limit_pages >= FREE_COUNT_PERCENT;
        /* Should counting fail, the old figure stands and the next read meets the same trouble. */
        if (!matters || toc_lmdb_count_free(store->env.mdb, 0, &found) == TOC_OK) {
            store->free_pages = found;
            store->uncounted = 0;
        }
    }
    store->full = used_pages(store) >= store->limit_pages;
}

enum toc_err toc_store_open(const struct toc_store_config *config, struct toc_store **out)
{
    TOC_ASSERT(config->table_count > 0 && config->table_count <= TOC_TABLES_MAX);
    TOC_ASSERT(config->map_bytes >= TOC_MAP_MIN);
    struct toc_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return TOC_ERR_MEMORY;
    store->read_only = config->read_only;
    store->tables = config->tables;
    store->table_count = config->table_count;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    store->limit_pages = config->map_bytes / page;
    store->reserve_pages = TOC_LMDB_RESERVE(config->map_bytes) / page;
    enum toc_err err = toc_lmdb_env_open(config, &store->env);
    if (err == TOC_OK)
        err = open_tables(store);
    if (err != TOC_OK) {
        toc_store_close(store);
        return err;
    }
    refresh_use(store, true);
    *out = store;
    return TOC_OK;
}

void toc_store_close(struct toc_store *store)
{
    if (store == NULL)
        return;
    TOC_ASSERT(!store->writing && store->reading == 0);
    if (store->idle_reader != NULL)
        mdb_txn_abort(store->idle_reader->mdb);
    free(store->idle_reader);
    toc_lmdb_env_close(&store->env);
    free(store);
}

unsigned toc_store_percent_used(const struct toc_store *store)
{
    size_t used = used_pages(store);
    return used >= store->limit_pages ? 100 : (unsigned)(used * 100 / store->limit_pages);
}

/* Another process has enlarged the map. Only possible while nothing here points into it. */
static enum toc_err follow_resize(struct toc_store *store)
{
    if (store->reading > 0 || store->writing)
        return TOC_ERR_AGAIN;
    return toc_lmdb_err(mdb_env_set_mapsize(store->env.mdb, 0));
}

enum toc_err toc_txn_begin_write(struct toc_store *store, struct toc_txn **out)
{
    MDB_txn *mdb;
    TOC_ASSERT(!store->read_only && !store->writing);
    int rc = mdb_txn_begin(store->env.mdb, NULL, 0, &mdb);
    if (rc == MDB_MAP_RESIZED) {
        TOC_TRY(follow_resize(store));
        rc = mdb_txn_begin(store->env.mdb, NULL, 0, &mdb);
    }
    TOC_TRY(toc_lmdb_err(rc));
    store->writing = true;
    store->writer = (struct toc_txn){.store = store, .mdb = mdb, .writable = true};
    *out = &store->writer;
    return TOC_OK;
}

/* A reader that can be renewed: the idle one or a new one, which takes a slot for good. */
static enum toc_err take_reader(struct toc_store *store, struct toc_txn **out)
{
    struct toc_txn *txn = store->idle_reader;
    if (txn != NULL) {
        int rc = mdb_txn_renew(txn->mdb);
        if (rc != 0)
            return rc == MDB_MAP_RESIZED ? TOC_ERR_AGAIN : toc_lmdb_err(rc);
        store->idle_reader = NULL;
        *out = txn;
        return TOC_OK;
    }
    txn = calloc(1, sizeof(*txn));
    if (txn == NULL)
        return TOC_ERR_MEMORY;
    int rc = mdb_txn_begin(store->env.mdb, NULL, MDB_RDONLY, &txn->mdb);
    if (rc != 0) {
        free(txn);
        return rc == MDB_MAP_RESIZED ? TOC_ERR_AGAIN : toc_lmdb_err(rc);
    }
    txn->store = store;
    *out = txn;
    return TOC_OK;
}

static void give_reader_back(struct toc_txn *txn)
{
    struct toc_store *store = txn->store;
    mdb_txn_reset(txn->mdb);
    if (store->idle_reader == NULL) {
        store->idle_reader = txn;
        return;
    }
    mdb_txn_abort(txn->mdb);
    free(txn);
}

enum toc_err toc_txn_begin_read(struct toc_store *store, struct toc_txn **out)
{
    struct toc_txn *txn;
    enum toc_err err = take_reader(store, &txn);
    if (err == TOC_ERR_AGAIN) {
        TOC_TRY(follow_resize(store));
        err = take_reader(store, &txn);
    }
    TOC_TRY(err);
    if (store->table_missing > 0 && mdb_txn_id(txn->mdb) != store->last_txn_seen) {
        give_reader_back(txn); /* a handle is for the transactions that begin after it */
        TOC_TRY(open_tables(store));
        TOC_TRY(take_reader(store, &txn));
    }
    txn->failed = TOC_OK;
    store->reading++;
    *out = txn;
    return TOC_OK;
}

static void end_read(struct toc_txn *txn)
{
    TOC_ASSERT(txn->scans == 0);
    TOC_ASSERT(txn->store->reading > 0);
    txn->store->reading--;
    give_reader_back(txn);
}

#define NO_ROOM_BYTES (1024 * 1024) /* a file system with less left is full */

/*
 * A write that the disk had room for only in part is EIO to LMDB. Nothing of the transaction counts
 * then, because its meta page was not written; a file system without room tells it from bad news.
 */
static enum toc_err from_commit(const struct toc_store *store, int rc)
{
    struct statfs fs;
    int fd;
    if (rc == EIO && mdb_env_get_fd(store->env.mdb, &fd) == 0 && fstatfs(fd, &fs) == 0 &&
        (uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize < NO_ROOM_BYTES)
        return TOC_ERR_FULL;
    return toc_lmdb_err(rc);
}

/* Pages of the tables as the transaction leaves them. */
static size_t live_pages(const struct toc_txn *txn)
{
    size_t pages = 0;
    for (size_t i = 0; i < txn->store->table_count; i++) {
        MDB_stat stat = {0};
        if (mdb_stat(txn->mdb, txn->store->dbis[i], &stat) == 0)
            pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    }
    return pages;
}

/*
 * Whether the reserve would not be enough any more to delete what was put. Only a transaction that
 * puts as much as a part of it can do that, and what puts need beside their bytes is less than
 * these three times.
 */
static bool takes_reserve(const struct toc_txn *txn)
{
    const struct toc_store *store = txn->store;
    return txn->put_bytes / (size_t)sysconf(_SC_PAGESIZE) > store->reserve_pages / 16 &&
           live_pages(txn) > store->limit_pages + store->reserve_pages / 2;
}

enum toc_err toc_txn_commit(struct toc_txn *txn)
{
    struct toc_store *store = txn->store;
    if (txn->failed == TOC_OK && takes_reserve(txn))
        txn->failed = TOC_ERR_FULL;
    enum toc_err err = txn->failed;
    if (err != TOC_OK || !txn->writable) {
        toc_txn_abort(txn);
        return err;
    }
    TOC_ASSERT(txn->scans == 0);
    store->writing = false;
    err = from_commit(store, mdb_txn_commit(txn->mdb));
    if (err == TOC_OK)
        refresh_use(store, false);
    return err;
}

void toc_txn_abort(struct toc_txn *txn)
{
    if (txn == NULL)
        return;
    if (!txn->writable) {
        end_read(txn);
        return;
    }
    TOC_ASSERT(txn->scans == 0);
    txn->store->writing = false;
    mdb_txn_abort(txn->mdb);
    if (txn->failed == TOC_ERR_FULL)
        refresh_use(txn->store, true); /* whoever asks next wants to know how full it really is */
}

void toc_txn_use_reserve(struct toc_txn *txn)
{
    txn->reserve = true;
}

static MDB_val to_val(struct toc_str s)
{
    return (MDB_val){s.size, s.size ? (void *)(uintptr_t)s.data : (void *)(uintptr_t) ""};
}

static struct toc_str from_val(MDB_val v)
{
    return toc_str(v.mv_data, v.mv_size);
}

/* Remembers a failure: LMDB answers nothing sensible in a transaction that has met one. */
static enum toc_err outcome(struct toc_txn *txn, int rc)
{
    enum toc_err err = toc_lmdb_err(rc);
    if (err < 0)
        txn->failed = err;
    return err;
}

/* TOC_NONE when there is no such table yet. */
static enum toc_err may_read(const struct toc_txn *txn, unsigned table, struct toc_str key)
{
    TOC_ASSERT(table < txn->store->table_count);
    TOC_ASSERT(key.size <= TOC_KEY_MAX);
    if (txn->failed != TOC_OK)
        return txn->failed;
    return txn->store->present[table] ? TOC_OK : TOC_NONE;
}

static enum toc_err may_write(const struct toc_txn *txn, unsigned table, struct toc_str key)
{
    TOC_ASSERT(txn->writable && txn->scans == 0);
    TOC_ASSERT(key.size > 0);
    return may_read(txn, table, key);
}

enum toc_err toc_get(struct toc_txn *txn, unsigned table, struct toc_str key, struct toc_str *out)
{
    MDB_val k = to_val(key), v;
    if (key.size == 0 || key.size > TOC_KEY_MAX)
        return txn->failed != TOC_OK ? txn->failed : TOC_NONE;
    enum toc_err err = may_read(txn, table, key);
    if (err != TOC_OK)
        return err;
    err = outcome(txn, mdb_get(txn->mdb, txn->store->dbis[table], &k, &v));
    if (err == TOC_OK)
        *out = from_val(v);
    return err;
}

static enum toc_err write_row(struct toc_txn *txn, unsigned table, struct toc_str key,
                              struct toc_str value, unsigned flags)
{
    MDB_val k = to_val(key), v = to_val(value);
    TOC_TRY(may_write(txn, table, key));
    if (value.size > TOC_VALUE_MAX)
        return txn->failed = TOC_ERR_LIMIT;
    if (txn->store->full && !txn->reserve)
        return txn->failed = TOC_ERR_FULL;
    txn->put_bytes += key.size + value.size;
    int rc = mdb_put(txn->mdb, txn->store->dbis[table], &k, &v, flags);
    TOC_ASSERT(rc != MDB_KEYEXIST); /* an append that is out of order */
    return outcome(txn, rc);
}

enum toc_err toc_put(struct toc_txn *txn, unsigned table, struct toc_str key, struct toc_str value)
{
    return write_row(txn, table, key, value, 0);
}

enum toc_err toc_append(struct toc_txn *txn, unsigned table, struct toc_str key,
                        struct toc_str value)
{
    return write_row(txn, table, key, value, MDB_APPEND);
}

enum toc_err toc_del(struct toc_txn *txn, unsigned table, struct toc_str key)
{
    MDB_val k = to_val(key);
    TOC_TRY(may_write(txn, table, key));
    return outcome(txn, mdb_del(txn->mdb, txn->store->dbis[table], &k, NULL));
}

enum toc_err toc_count(struct toc_txn *txn, unsigned table, uint64_t *out)
{
    MDB_stat stat = {0};
    enum toc_err err = may_read(txn, table, TOC_STR(""));
    if (err == TOC_OK)
        err = outcome(txn, mdb_stat(txn->mdb, txn->store->dbis[table], &stat));
    TOC_TRY(err);
    *out = stat.ms_entries;
    return TOC_OK;
}

/* MDB_SET_RANGE finds the first row at or after a key; the row before that is the last below. */
static int seek(MDB_cursor *cursor, struct toc_str key, bool below, MDB_val *k, MDB_val *v)
{
    *k = to_val(key);
    if (key.size == 0)
        return mdb_cursor_get(cursor, k, v, below ? MDB_LAST : MDB_FIRST);
    int rc = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
    if (!below)
        return rc;
    if (rc == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, k, v, MDB_LAST);
    return rc == 0 ? mdb_cursor_get(cursor, k, v, MDB_PREV) : rc;
}

static enum toc_err find(struct toc_txn *txn, unsigned table, struct toc_str key, bool below,
                         struct toc_str *out_key, struct toc_str *out_value)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    enum toc_err err = may_read(txn, table, key);
    if (err != TOC_OK)
        return err;
    TOC_TRY(outcome(txn, mdb_cursor_open(txn->mdb, txn->store->dbis[table], &cursor)));
    err = outcome(txn, seek(cursor, key, below, &k, &v));
    mdb_cursor_close(cursor);
    if (err == TOC_OK) {
        *out_key = from_val(k);
        *out_value = from_val(v);
    }
    return err;
}

enum toc_err toc_first_at_least(struct toc_txn *txn, unsigned table, struct toc_str key,
                                struct toc_str *out_key, struct toc_str *out_value)
{
    return find(txn, table, key, false, out_key, out_value);
}

enum toc_err toc_last_below(struct toc_txn *txn, unsigned table, struct toc_str key,
                            struct toc_str *out_key, struct toc_str *out_value)
{
    return find(txn, table, key, true, out_key, out_value);
}

enum toc_err toc_scan_open(struct toc_txn *txn, unsigned table, struct toc_str from_key,
                           struct toc_scan **out)
{
    enum toc_err err = may_read(txn, table, from_key);
    TOC_TRY(err);
    struct toc_scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL)
        return TOC_ERR_MEMORY;
    if (err == TOC_OK) /* over a table that is not there, the scan has no cursor and no rows */
        err = outcome(txn, mdb_cursor_open(txn->mdb, txn->store->dbis[table], &scan->cursor));
    if (err < 0) {
        free(scan);
        return err;
    }
    if (from_key.size)
        memcpy(scan->from_key, from_key.data, from_key.size);
    scan->from = toc_str(scan->from_key, from_key.size);
    scan->txn = txn;
    txn->scans++;
    *out = scan;
    return TOC_OK;
}

enum toc_err toc_scan_next(struct toc_scan *scan, struct toc_str *out_key,
                           struct toc_str *out_value)
{
    MDB_val k, v;
    struct toc_txn *txn = scan->txn;
    if (txn->failed != TOC_OK)
        return txn->failed;
    if (scan->cursor == NULL || scan->ended)
        return TOC_NONE;
    int rc = scan->started ? mdb_cursor_get(scan->cursor, &k, &v, MDB_NEXT)
                           : seek(scan->cursor, scan->from, false, &k, &v);
    scan->started = true;
    scan->ended = rc == MDB_NOTFOUND;
    enum toc_err err = outcome(txn, rc);
    if (err == TOC_OK) {
        *out_key = from_val(k);
        *out_value = from_val(v);
    }
    return err;
}

void toc_scan_close(struct toc_scan *scan)
{
    if (scan == NULL)
        return;
    scan->txn->scans--;
    if (scan->cursor != NULL)
        mdb_cursor_close(scan->cursor);
    free(scan);
}
