#include "common/pool.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)8 * 1024)

struct toc_pool_chunk {
    struct toc_pool_chunk *next;
    size_t size; /* bytes behind this header */
    size_t used;
    max_align_t data[];
};

static struct toc_pool_chunk *grow(struct toc_pool *pool, size_t size)
{
    size_t bytes = size > CHUNK_BYTES ? size : CHUNK_BYTES;
    struct toc_pool_chunk *chunk;
    if (bytes > SIZE_MAX - sizeof(*chunk))
        return NULL;
    chunk = calloc(1, sizeof(*chunk) + bytes);
    if (!chunk)
        return NULL;
    chunk->size = bytes;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    return chunk;
}

void *toc_pool_take(struct toc_pool *pool, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    struct toc_pool_chunk *chunk = pool->chunks;
    void *piece;
    if (size > SIZE_MAX - unit)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (!chunk || size > chunk->size - chunk->used)
        chunk = grow(pool, size);
    if (!chunk)
        return NULL;
    piece = (uint8_t *)chunk->data + chunk->used;
    chunk->used += size;
    return piece;
}

void *toc_pool_array(struct toc_pool *pool, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return toc_pool_take(pool, bytes);
}

char *toc_pool_copy(struct toc_pool *pool, struct toc_str s)
{
    char *copy = s.size == SIZE_MAX ? NULL : toc_pool_take(pool, s.size + 1);
    if (copy && s.size > 0)
        memcpy(copy, s.data, s.size);
    return copy;
}

void toc_pool_done(struct toc_pool *pool)
{
    while (pool->chunks) {
        struct toc_pool_chunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
}
