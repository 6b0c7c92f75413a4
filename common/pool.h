/*
 * Memory that grows piece by piece and is given back all at once: for objects that are compiled
 * once from a text, whose size is not known before (a policy, a parsed file). Where a fixed cap is
 * wanted, in a turn, use arena.h. Whoever fills a pool bounds it by bounding the text. Not
 * thread-safe.
 */
#ifndef TOC_POOL_H
#define TOC_POOL_H

#include "common/str.h"

struct toc_pool {
    struct toc_pool_chunk *chunks; /* NULL: empty, which is how a zeroed pool begins */
};

/* `size` zeroed bytes aligned for any object; NULL when there is no memory. */
void *toc_pool_take(struct toc_pool *pool, size_t size);
/* `count` zeroed objects; NULL when there is no memory or the product overflows. */
void *toc_pool_array(struct toc_pool *pool, size_t count, size_t size);
/* A terminated copy; NULL when there is no memory. */
char *toc_pool_copy(struct toc_pool *pool, struct toc_str s);
/* Frees everything; the pool is empty again. */
void toc_pool_done(struct toc_pool *pool);

#endif
