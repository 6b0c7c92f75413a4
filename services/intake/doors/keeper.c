#include "services/intake/doors/keeper.h"

#include "common/log.h"
#include "common/policy/store.h"
#include "services/intake/hold.h"

#include <stdlib.h>

#define ARENA_BYTES (64 * 1024)

/* --- the policy's word ------------------------------------------------------------------------ */

static enum toc_err read_retention(struct keeper *keeper, struct toc_run *run)
{
    struct toc_policy_cache cache = {.left = NULL};
    const struct toc_policy *policy;
    struct toc_txn *txn;
    TOC_TRY(toc_txn_begin_read(toc_run_store(run), &txn));
    enum toc_err err = toc_policy_cached(&cache, txn, 0, &policy);
    for (unsigned class = 0; err == TOC_OK && class < VAULT_CLASS_COUNT; class ++)
        keeper->retention_ms[class] =
            toc_policy_retention_ms(policy, vault_class_name((enum vault_class) class));
    toc_policy_cache_done(&cache);
    toc_txn_abort(txn);
    return err < 0 ? err : TOC_OK; /* before the first policy everything is kept */
}

/* --- holds ------------------------------------------------------------------------------------ */

struct names {
    char (*items)[VAULT_PSEUDONYM + 1];
    size_t count, room;
};

static enum toc_err add_name(struct names *names, const char *pseudonym)
{
    if (names->count == names->room) {
        size_t room = names->room != 0 ? 2 * names->room : 64;
        char(*items)[VAULT_PSEUDONYM + 1] = realloc(names->items, room * sizeof(*items));
        if (items == NULL)
            return TOC_ERR_MEMORY;
        names->items = items;
        names->room = room;
    }
    toc_str_copy(names->items[names->count++], VAULT_PSEUDONYM + 1, toc_str_of(pseudonym));
    return TOC_OK;
}

static enum toc_err read_names(struct toc_txn *txn, struct toc_arena *arena, struct names *names)
{
    struct hold_place place = {.size = 0};
    Tocsin__V1__HoldRow *row;
    enum toc_err err;
    do {
        toc_arena_reset(arena, 0);
        err = hold_next(txn, arena, &place, &row);
        if (err == TOC_OK)
            err = add_name(names, row->hold->pseudonym);
    } while (err == TOC_OK);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err find_held(struct keeper *keeper, const struct names *names)
{
    free(keeper->held);
    keeper->held_count = 0;
    keeper->held = names->count > 0 ? calloc(names->count, sizeof(*keeper->held)) : NULL;
    if (names->count == 0)
        return TOC_OK;
    if (keeper->held == NULL)
        return TOC_ERR_MEMORY;
    return vault_find_pseudonyms(keeper->vault, names->items, names->count, keeper->held,
                                 &keeper->held_count);
}

enum toc_err keeper_read_holds(struct keeper *keeper, struct toc_run *run)
{
    struct names names = {.items = NULL};
    struct toc_arena arena;
    struct toc_txn *txn;
    TOC_TRY(toc_arena_init(&arena, ARENA_BYTES));
    enum toc_err err = toc_txn_begin_read(toc_run_store(run), &txn);
    if (err == TOC_OK) {
        err = read_names(txn, &arena, &names);
        toc_txn_abort(txn);
    }
    if (err == TOC_OK)
        err = find_held(keeper, &names);
    free(names.items);
    toc_arena_done(&arena);
    return err;
}

/* --- life ------------------------------------------------------------------------------------- */

enum toc_err keeper_begin(struct keeper *keeper, struct toc_run *run, struct vault *vault,
                          toc_time_ms now_ms)
{
    *keeper = (struct keeper){.vault = vault, .now_ms = now_ms};
    TOC_TRY(read_retention(keeper, run));
    return keeper_read_holds(keeper, run);
}

void keeper_end(struct keeper *keeper)
{
    free(keeper->held);
    *keeper = (struct keeper){.held = NULL};
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* A raw mail is nobody's own: it is held with anyone who is in it. */
static bool is_held(const struct keeper *keeper, const struct vault_row *row)
{
    if (keeper->held_count == 0)
        return false;
    if (bsearch(&row->subject, keeper->held, keeper->held_count, sizeof(*keeper->held), compare) !=
        NULL)
        return true;
    for (size_t i = 0; row->class == VAULT_RAW && i < keeper->held_count; i++)
        if (vault_is_listed(keeper->vault, keeper->held[i], row->subject) != TOC_NONE)
            return true;
    return false;
}

bool keeper_expired(void *self, const struct vault_row *row)
{
    const struct keeper *keeper = self;
    toc_time_ms retention_ms = keeper->retention_ms[row->class];
    return retention_ms != 0 && keeper->now_ms - row->at_ms > retention_ms && !is_held(keeper, row);
}
