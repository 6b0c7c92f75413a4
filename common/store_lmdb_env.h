/*
 * LMDB's environment on a file system: store_lmdb_env.c makes, locks, checks and opens it,
 * store_lmdb.c works in it. Nobody else includes this.
 */
#ifndef TOC_STORE_LMDB_ENV_H
#define TOC_STORE_LMDB_ENV_H

#include "common/store.h"

#include <lmdb.h>

/*
 * Room beyond map_bytes. LMDB copies pages before it frees any, and writes the freed ones to a
 * list: in a 4 MB map filled to the brim by transactions of 1 or 10 rows, one that deleted 10 rows
 * was committed and one that deleted 200 was not. So puts are refused from map_bytes on, and within
 * this a transaction may overshoot, by half of it at most, or delete.
 */
#define TOC_LMDB_RESERVE(map_bytes) ((4u << 20) + (map_bytes) / 16)

struct toc_lmdb_env {
    MDB_env *mdb;
    int lock_fd; /* -1 when read only */
};

/* As toc_store_open. `out` is good for toc_lmdb_env_close after a failure, too. */
TOC_MUST enum toc_err toc_lmdb_env_open(const struct toc_store_config *config,
                                        struct toc_lmdb_env *out);
/* Gives up the lock, too. */
void toc_lmdb_env_close(struct toc_lmdb_env *env);

/* The number of pages from `from` on in LMDB's list of free pages. */
TOC_MUST enum toc_err toc_lmdb_count_free(MDB_env *mdb, size_t from, size_t *out);

/* Of both LMDB's results and errno, which do not overlap. */
enum toc_err toc_lmdb_err(int rc);

#endif
