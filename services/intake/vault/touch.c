#include "services/intake/vault/internal.h"

#include <stdlib.h>

static enum toc_err write_down(struct vault_touches *touches, unsigned table, struct toc_str key)
{
    TOC_ASSERT(key.size <= sizeof(touches->items->key));
    if (!touches->wanted)
        return TOC_OK;
    if (touches->count == touches->room) {
        size_t room = touches->room != 0 ? 2 * touches->room : 256;
        struct vault_touched *items = realloc(touches->items, room * sizeof(*items));
        if (items == NULL)
            return TOC_ERR_MEMORY;
        touches->items = items;
        touches->room = room;
    }
    struct vault_touched *item = &touches->items[touches->count++];
    item->table = table;
    item->size = key.size;
    memcpy(item->key, key.data, key.size);
    return TOC_OK;
}

enum toc_err vault_keys_put(struct vault *vault, unsigned table, struct toc_str key,
                            struct toc_str row)
{
    TOC_TRY(write_down(&vault->touches, table, key));
    vault->keys_changed = true;
    return toc_put(vault->keys_txn, table, key, row);
}

enum toc_err vault_keys_delete(struct vault *vault, unsigned table, struct toc_str key)
{
    TOC_TRY(write_down(&vault->touches, table, key));
    vault->keys_changed = true;
    return toc_del(vault->keys_txn, table, key);
}

void vault_touches_end(struct vault *vault)
{
    free(vault->touches.items);
    vault->touches = (struct vault_touches){.items = NULL};
}
