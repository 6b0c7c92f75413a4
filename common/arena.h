/*
 * Memory with the lifetime of a turn: taken piece by piece, given back all at once.
 *
 * An arena has a fixed capacity, allocated once. Running out is TOC_ERR_LIMIT for the caller (a
 * NULL from toc_arena_take), never a crash: this is what caps the memory a hostile message can
 * cost. Not thread-safe.
 */
#ifndef TOC_ARENA_H
#define TOC_ARENA_H

#include "common/str.h"

#include <stdalign.h>

struct toc_arena {
    uint8_t *base;
    size_t size; /* bytes in all */
    size_t used; /* bytes taken */
};

/* TOC_ERR_MEMORY when `size` bytes are not to be had. */
TOC_MUST enum toc_err toc_arena_init(struct toc_arena *arena, size_t size);
void toc_arena_done(struct toc_arena *arena);

/* `size` bytes aligned for any object, not zeroed; NULL when the arena is exhausted. */
static inline void *toc_arena_take(struct toc_arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    size_t at = (arena->used + unit - 1) / unit * unit;
    if (at > arena->size || size > arena->size - at)
        return NULL;
    arena->used = at + size;
    return arena->base + at;
}

/* A zeroed piece; NULL when exhausted. */
void *toc_arena_zero(struct toc_arena *arena, size_t size);

/* A terminated copy that lives as long as the arena's content; NULL when exhausted. */
char *toc_arena_copy(struct toc_arena *arena, struct toc_str s);

/* Gives back everything taken since `toc_arena_mark` returned `mark`. */
static inline size_t toc_arena_mark(const struct toc_arena *arena)
{
    return arena->used;
}

static inline void toc_arena_reset(struct toc_arena *arena, size_t mark)
{
    TOC_ASSERT(mark <= arena->used);
    arena->used = mark;
}

#endif
