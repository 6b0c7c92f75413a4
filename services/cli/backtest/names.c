#include "services/cli/backtest/backtest.h"

#include <stdlib.h>

/* FNV-1a */
static uint32_t hash_of(struct toc_str text)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 16777619u;
    return hash;
}

static void put_slot(struct names *names, uint32_t index)
{
    size_t mask = 2 * names->room - 1;
    size_t at = hash_of(toc_str_of(names->texts[index])) & mask;
    while (names->slots[at] != 0)
        at = (at + 1) & mask;
    names->slots[at] = index + 1;
}

static enum toc_err grow(struct names *names)
{
    size_t room = names->room == 0 ? 64 : 2 * names->room;
    char **texts = realloc(names->texts, room * sizeof(*texts));
    uint32_t *slots = calloc(2 * room, sizeof(*slots));
    if (texts != NULL)
        names->texts = texts;
    if (texts == NULL || slots == NULL) {
        free(slots);
        return TOC_ERR_MEMORY;
    }
    free(names->slots);
    names->slots = slots;
    names->room = room;
    for (size_t i = 0; i < names->count; i++)
        put_slot(names, (uint32_t)i);
    return TOC_OK;
}

enum toc_err names_add(struct names *names, struct toc_str text, uint32_t *out)
{
    size_t mask = 2 * names->room - 1;
    for (size_t at = hash_of(text) & mask; names->room > 0 && names->slots[at] != 0;
         at = (at + 1) & mask) {
        uint32_t index = names->slots[at] - 1;
        if (toc_str_equal(text, toc_str_of(names->texts[index]))) {
            *out = index;
            return TOC_OK;
        }
    }
    if (names->count == names->room)
        TOC_TRY(grow(names));
    char *copy = malloc(text.size + 1);
    if (copy == NULL)
        return TOC_ERR_MEMORY;
    names->texts[names->count] = toc_str_copy(copy, text.size + 1, text);
    *out = (uint32_t)names->count++;
    put_slot(names, *out);
    return TOC_OK;
}

const char *names_text(const struct names *names, uint32_t index)
{
    return names->texts[index];
}

void names_done(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->texts[i]);
    free(names->texts);
    free(names->slots);
    *names = (struct names){NULL, NULL, 0, 0};
}
