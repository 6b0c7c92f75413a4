/*
 * LMDB's environment on a file system: store_lmdb_env.c makes, locks, checks and opens it,
 * store_lmdb.c works in it. Nobody else includes this.
 */
#ifndef TOC_STORE_LMDB_ENV_H
#define TOC_STORE_LMDB_ENV_H

#include "common/store.h"

#include <lmdb.h>

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
