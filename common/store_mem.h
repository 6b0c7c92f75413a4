/*
 * What only the memory store can do: handle its disks from outside.
 *
 * A disk is a set of tables with a name, inside this process. It comes into being when a store is
 * opened on it for writing and outlives toc_store_close, so that a simulator can crash a service
 * (abort its transaction, close its store) and open the same disk again: what was committed is
 * there, nothing else. For tests and the simulator only; naming a disk that does not exist is a bug
 * in the test, except where it says otherwise. Not thread-safe.
 *
 * Built with TOCSIN_PLANT or the address sanitizer, the store lends out a copy of every row it
 * returns and frees the copy at the next write, so that bytes kept too long are caught.
 */
#ifndef TOC_STORE_MEM_H
#define TOC_STORE_MEM_H

#include "common/store.h"

#define TOC_MEM_DIGEST_SIZE 32 /* bytes */

/* Forgets a disk that no store has open. A disk that does not exist is fine. */
void toc_mem_disk_free(const char *name);
void toc_mem_disk_free_all(void);

/*
 * A full disk answers TOC_ERR_FULL to a put of a new or a larger row and to the commit of a
 * transaction that holds any put; deletes and their commits still work, and so does all of a
 * transaction that uses the reserve. May be called while a transaction is open.
 */
void toc_mem_disk_full(const char *name, bool full);

/*
 * Pulls the plug at the nth commit of a write transaction from now on (1: the next): that commit
 * and everything after it on this disk answers TOC_ERR_IO until the disk is opened again. `kept`
 * says whether the rows of that commit had reached the disk by then. 0 takes it back.
 */
void toc_mem_disk_crash_at(const char *name, unsigned nth, bool kept);

/* Whether a write transaction is open: what it holds is not durable yet. */
bool toc_mem_disk_is_writing(const char *name);

/* What toc_store_percent_used says from now on, 0 to 100; 0 at first. */
void toc_mem_disk_percent(const char *name, unsigned percent);

/*
 * Makes `to` a copy of `from` as it is, rows, fullness and all; what `to` held is lost. No store
 * may have `to` open and no write transaction may be open on `from`. On TOC_ERR_MEMORY `to` is as
 * before.
 */
TOC_MUST enum toc_err toc_mem_disk_clone(const char *from, const char *to);

/*
 * SHA-256 over the first `table_count` tables in the order of their creation, that is the order in
 * which the first store named them: per table the number of rows (u64 big-endian), then per row in
 * key order the key's length (u32 big-endian), the key, the value's length and the value. A table
 * that is not there counts as empty. No write transaction may be open.
 */
void toc_mem_disk_digest(const char *name, size_t table_count, uint8_t out[TOC_MEM_DIGEST_SIZE]);

/* The same over the one table at that place. */
void toc_mem_disk_digest_table(const char *name, size_t table, uint8_t out[TOC_MEM_DIGEST_SIZE]);

#endif
