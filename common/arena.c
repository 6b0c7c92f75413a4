#include "common/arena.h"

#include <stdlib.h>

enum toc_err toc_arena_init(struct toc_arena *arena, size_t size)
{
    uint8_t *base = malloc(size);
    if (base == NULL)
        return TOC_ERR_MEMORY;
    *arena = (struct toc_arena){.base = base, .size = size};
    return TOC_OK;
}

void toc_arena_done(struct toc_arena *arena)
{
    free(arena->base);
    *arena = (struct toc_arena){0};
}

void *toc_arena_zero(struct toc_arena *arena, size_t size)
{
    void *p = toc_arena_take(arena, size);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

char *toc_arena_copy(struct toc_arena *arena, struct toc_str s)
{
    char *p = toc_arena_take(arena, s.size + 1);
    if (p == NULL)
        return NULL;
    if (s.size)
        memcpy(p, s.data, s.size);
    p[s.size] = '\0';
    return p;
}
