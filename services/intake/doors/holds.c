#include "services/intake/doors/holds.h"

#include <stdlib.h>

#define ARENA_BYTES (64 * 1024)

static int compare(const void *a, const void *b)
{
    uint64_t left = ((const struct hold_on *)a)->subject;
    uint64_t right = ((const struct hold_on *)b)->subject;
    return left < right ? -1 : left > right;
}

static enum toc_err add(struct holds *holds, uint64_t subject, const char *hold)
{
    if (holds->count == holds->room) {
        size_t room = holds->room != 0 ? 2 * holds->room : 64;
        struct hold_on *items = realloc(holds->items, room * sizeof(*items));
        if (items == NULL)
            return TOC_ERR_MEMORY;
        holds->items = items;
        holds->room = room;
    }
    struct hold_on *item = &holds->items[holds->count++];
    item->subject = subject;
    toc_str_copy(item->hold, sizeof(item->hold), toc_str_of(hold));
    return TOC_OK;
}

static enum toc_err add_all(struct holds *holds, struct toc_txn *txn, struct toc_arena *arena)
{
    struct hold_place place = {.size = 0};
    Tocsin__V1__HoldRow *row;
    uint64_t subject;
    enum toc_err err;
    while ((err = hold_next(txn, arena, &place, &row)) == TOC_OK) {
        err = vault_find_pseudonym(holds->vault, row->hold->pseudonym, &subject);
        if (err == TOC_OK)
            err = add(holds, subject, row->hold->hold);
        TOC_TRY(err);
        toc_arena_reset(arena, 0);
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err holds_read(struct holds *holds, struct toc_run *run, struct vault *vault)
{
    struct toc_arena arena;
    struct toc_txn *txn;
    holds->vault = vault;
    holds->count = 0;
    TOC_TRY(toc_arena_init(&arena, ARENA_BYTES));
    enum toc_err err = toc_txn_begin_read(toc_run_store(run), &txn);
    if (err == TOC_OK) {
        err = add_all(holds, txn, &arena);
        toc_txn_abort(txn);
    }
    toc_arena_done(&arena);
    if (holds->count > 1)
        qsort(holds->items, holds->count, sizeof(*holds->items), compare);
    return err;
}

void holds_done(struct holds *holds)
{
    free(holds->items);
    *holds = (struct holds){.items = NULL};
}

const struct hold_on *holds_on(const struct holds *holds, uint64_t subject)
{
    const struct hold_on wanted = {.subject = subject};
    if (holds->count == 0)
        return NULL;
    return bsearch(&wanted, holds->items, holds->count, sizeof(*holds->items), compare);
}

/* What cannot be looked up counts as held; whoever goes on meets the failure. */
const struct hold_on *holds_on_listed(const struct holds *holds, uint64_t subject)
{
    for (size_t i = 0; i < holds->count; i++)
        if (vault_is_listed(holds->vault, holds->items[i].subject, subject) != TOC_NONE)
            return &holds->items[i];
    return NULL;
}
