/*
 * A store's rows in a fresh file. What is deleted from a store, or replaced, stays in its file
 * until the page is used again; only a file that never had it is free of it. So whoever has to get
 * rid of something copies the rows that stay and puts the copy in the store's place.
 *
 * The copy is a store of its own, in COPY_NAME below the store's directory, filled by the caller
 * with the functions of store.h, in as many transactions as it likes; the store goes on being used
 * beside it. Until it is adopted it counts for nothing: a crash leaves the store as it was. Of
 * store_lmdb_env.c it knows the names of the files; with the memory store it does not work.
 */
#ifndef TOC_STORE_COPY_H
#define TOC_STORE_COPY_H

#include "common/store.h"

/* Begins an empty copy; one that was left half made is removed. `config` is the store's. */
TOC_MUST enum toc_err toc_store_copy_begin(const struct toc_store_config *config,
                                           struct toc_store **out);

/*
 * Puts what was committed to `copy` in the store's place, which is then open as `*store` again.
 * Both have no transaction open. A crash leaves the one or the other, whole. On failure `*store` is
 * NULL when it could not be opened again, and else as it was; `copy` is gone in any case.
 */
TOC_MUST enum toc_err toc_store_copy_adopt(const struct toc_store_config *config,
                                           struct toc_store *copy, struct toc_store **store);

/* Gives the copy up and removes it. `copy` may be NULL: then one that an earlier process left. */
TOC_MUST enum toc_err toc_store_copy_drop(const struct toc_store_config *config,
                                          struct toc_store *copy);

#endif
