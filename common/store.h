/*
 * The embedded key-value store under every service: ordered tables and atomic transactions.
 *
 * Two libraries implement this header and a program links one of them: store_lmdb*.c (LMDB,
 * durable, the only files that know lmdb.h) and store_mem*.c (memory, for tests and the simulator,
 * where a "disk" object outlives the simulated process). Both give the same order and the same
 * results.
 *
 * One write transaction at a time; a write transaction sees its own changes. Keys are 1 to
 * TOC_KEY_MAX bytes and sort bytewise; keep values under TOC_VALUE_GOOD. Bytes that a read returns
 * live until the next write in the same transaction or its end, whichever is first: copy them to
 * the arena before a put. Not thread-safe.
 *
 * While a write transaction is open, no read transaction may be open on the same store and none may
 * begin: the memory store asserts it, because there a reader would see uncommitted rows; LMDB would
 * serve the committed state and does not check. Several read transactions at once are fine.
 *
 * The first failure (a negative code) inside a transaction spoils it: every later call in it, the
 * commit included, answers the same failure, and nothing of it is kept.
 */
#ifndef TOC_STORE_H
#define TOC_STORE_H

#include "common/str.h"

#define TOC_KEY_MAX    96          /* bytes */
#define TOC_VALUE_GOOD 2000        /* bytes; larger values take overflow pages of their own */
#define TOC_VALUE_MAX  (16u << 20) /* bytes; a larger one is TOC_ERR_LIMIT */
#define TOC_TABLES_MAX 48
#define TOC_MAP_MIN    65536 /* bytes */

struct toc_store;
struct toc_txn;

struct toc_store_config {
    const char *dir;           /* created when absent; for the memory store, the name of its disk */
    const char *const *tables; /* distinct names that outlive the store; the index is the place */
    size_t table_count;        /* 1 to TOC_TABLES_MAX */
    size_t map_bytes;          /* upper bound of the data, sparse, at least TOC_MAP_MIN; the memory
                                  store ignores it */
    bool read_only;            /* a second process that only looks */
};

/*
 * Opens or creates (the directory itself, not its parents). TOC_ERR_BUSY when another store, in
 * this process or another, has it open for writing; TOC_ERR_CONFIG when the directory is on a
 * network file system or cannot be used; TOC_ERR_DAMAGED when it cannot be read; TOC_ERR_VERSION
 * when another LMDB format wrote it. `*out` is untouched on failure.
 *
 * With read_only nothing is created: a store that is not there is TOC_ERR_CONFIG, and a table that
 * no writer has created yet reads as empty. One process opens the same LMDB directory once only.
 */
TOC_MUST enum toc_err toc_store_open(const struct toc_store_config *config, struct toc_store **out);

/* Accepts NULL. No transaction may be open. */
void toc_store_close(struct toc_store *store);

/*
 * Share of the map in use, 0 to 100, pages that can be reused not counted. Refuse new work from 80
 * on; see turn.h. It says nothing of the file system's free space, whose end is TOC_ERR_FULL from a
 * commit.
 */
unsigned toc_store_percent_used(const struct toc_store *store);

/* Transactions. Failure leaves nothing open. Abort accepts NULL. */
TOC_MUST enum toc_err toc_txn_begin_write(struct toc_store *store, struct toc_txn **out);
TOC_MUST enum toc_err toc_txn_begin_read(struct toc_store *store, struct toc_txn **out);

/*
 * Makes every change durable (fsync) or none; the transaction is gone either way. After TOC_ERR_IO
 * nothing is known of the disk: the process has to end without acknowledging anything.
 */
TOC_MUST enum toc_err toc_txn_commit(struct toc_txn *txn);
void toc_txn_abort(struct toc_txn *txn);

/*
 * Puts of this write transaction may use a full map's reserve: only for one that gives back more
 * than it takes, or it would end there and nothing could be deleted any more.
 */
void toc_txn_use_reserve(struct toc_txn *txn);

/* TOC_NONE when the key is absent; so is one that no row can have, empty or beyond TOC_KEY_MAX:
 * people and peers name what they like. */
TOC_MUST enum toc_err toc_get(struct toc_txn *txn, unsigned table, struct toc_str key,
                              struct toc_str *out);

/* Inserts or replaces. TOC_ERR_FULL when the map or the disk is. */
TOC_MUST enum toc_err toc_put(struct toc_txn *txn, unsigned table, struct toc_str key,
                              struct toc_str value);

/* Like toc_put for a key that sorts after every key of the table (a bug otherwise): much faster. */
TOC_MUST enum toc_err toc_append(struct toc_txn *txn, unsigned table, struct toc_str key,
                                 struct toc_str value);

/*
 * TOC_NONE when the key is absent. It works in a full map, in a transaction without puts or with
 * toc_txn_use_reserve, out of a reserve; but it takes room before it gives any back, so delete some
 * 200 rows per transaction.
 */
TOC_MUST enum toc_err toc_del(struct toc_txn *txn, unsigned table, struct toc_str key);

/* The number of keys in a table. */
TOC_MUST enum toc_err toc_count(struct toc_txn *txn, unsigned table, uint64_t *out);

/*
 * Point-in-order reads; each is one descent of the tree and needs no open cursor, so rows may be
 * written between two calls. `key` may be empty in _first_at_least (the first row of all) and in
 * _last_below (the last of all). TOC_NONE when there is no such row.
 */
TOC_MUST enum toc_err toc_first_at_least(struct toc_txn *txn, unsigned table, struct toc_str key,
                                         struct toc_str *out_key, struct toc_str *out_value);
TOC_MUST enum toc_err toc_last_below(struct toc_txn *txn, unsigned table, struct toc_str key,
                                     struct toc_str *out_key, struct toc_str *out_value);

/* A scan in key order, for long runs of rows. No write may happen while it is open. */
struct toc_scan;
TOC_MUST enum toc_err toc_scan_open(struct toc_txn *txn, unsigned table, struct toc_str from_key,
                                    struct toc_scan **out);
/* TOC_NONE at the end. */
TOC_MUST enum toc_err toc_scan_next(struct toc_scan *scan, struct toc_str *out_key,
                                    struct toc_str *out_value);
/* Accepts NULL. Before the transaction ends. */
void toc_scan_close(struct toc_scan *scan);

#endif
