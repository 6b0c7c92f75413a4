#include "services/cli/obligations/table.h"

#include <stdlib.h>

#define ROOM_MIN 1024

/* More than seven eighths full: tries would become many. */
static bool is_tight(size_t count, size_t room)
{
    return count + 1 > room - room / 8;
}

/* The finalizer of splitmix64 (Steele, Lea, Flood, 2014). */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

/* --- entries ------------------------------------------------------------------------------ */

/* Where the entry is, or would be. */
static size_t place_of(const struct table *table, uint64_t number, uint32_t index)
{
    size_t at = (size_t)mix(number * 0x9e3779b97f4a7c15 + index) & (table->room - 1);
    while (table->entries[at].state != 0 &&
           (table->entries[at].number != number || table->entries[at].index != index))
        at = (at + 1) & (table->room - 1);
    return at;
}

static bool is_pending(const struct table_entry *entry)
{
    return entry->index != TABLE_ALERT && entry->state == TOCSIN__V1__PAGE_STATE__PAGE_PENDING;
}

void table_done(struct table *table)
{
    for (size_t i = 0; i < table->room; i++)
        if (is_pending(&table->entries[i]))
            free(table->entries[i].is.pending);
    free(table->entries);
    *table = (struct table){0};
}

struct table_entry *table_find(const struct table *table, uint64_t number, uint32_t index)
{
    if (table->room == 0)
        return NULL;
    struct table_entry *entry = &table->entries[place_of(table, number, index)];
    return entry->state != 0 ? entry : NULL;
}

static enum toc_err grow(struct table *table)
{
    struct table bigger = {.count = table->count,
                           .room = table->room == 0 ? ROOM_MIN : 2 * table->room};
    bigger.entries = calloc(bigger.room, sizeof(*bigger.entries));
    if (bigger.entries == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < table->room; i++) {
        const struct table_entry *entry = &table->entries[i];
        if (entry->state != 0)
            bigger.entries[place_of(&bigger, entry->number, entry->index)] = *entry;
    }
    free(table->entries);
    *table = bigger;
    return TOC_OK;
}

enum toc_err table_take(struct table *table, uint64_t number, uint32_t index, uint8_t state,
                        struct table_entry **out)
{
    if (is_tight(table->count, table->room))
        TOC_TRY(grow(table));
    struct table_entry *entry = &table->entries[place_of(table, number, index)];
    if (entry->state == 0) {
        *entry = (struct table_entry){.number = number, .index = index, .state = state};
        table->count++;
    }
    *out = entry;
    return TOC_OK;
}

/* --- marks -------------------------------------------------------------------------------- */

#define FNV_BASIS 0xcbf29ce484222325
#define FNV_PRIME 0x100000001b3

static uint64_t add_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * FNV_PRIME;
    return hash;
}

static uint64_t never_0(uint64_t hash)
{
    hash = mix(hash);
    return hash != 0 ? hash : 1;
}

uint64_t mark_of_text(const char *text)
{
    return never_0(add_text(FNV_BASIS, text));
}

uint64_t mark_of(const uint64_t numbers[], size_t count, const char *text)
{
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; i < count; i++)
        hash = mix((hash ^ numbers[i]) * FNV_PRIME);
    return never_0(add_text(hash, text));
}

static size_t place_of_mark(const struct marks *marks, uint64_t mark)
{
    size_t at = (size_t)mark & (marks->room - 1);
    while (marks->values[at] != 0 && marks->values[at] != mark)
        at = (at + 1) & (marks->room - 1);
    return at;
}

void marks_done(struct marks *marks)
{
    free(marks->values);
    *marks = (struct marks){0};
}

bool marks_has(const struct marks *marks, uint64_t mark)
{
    return marks->room != 0 && marks->values[place_of_mark(marks, mark)] != 0;
}

static enum toc_err grow_marks(struct marks *marks)
{
    struct marks bigger = {.count = marks->count,
                           .room = marks->room == 0 ? ROOM_MIN : 2 * marks->room};
    bigger.values = calloc(bigger.room, sizeof(*bigger.values));
    if (bigger.values == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < marks->room; i++)
        if (marks->values[i] != 0)
            bigger.values[place_of_mark(&bigger, marks->values[i])] = marks->values[i];
    free(marks->values);
    *marks = bigger;
    return TOC_OK;
}

enum toc_err marks_add(struct marks *marks, uint64_t mark, bool *out_new)
{
    if (is_tight(marks->count, marks->room))
        TOC_TRY(grow_marks(marks));
    size_t at = place_of_mark(marks, mark);
    *out_new = marks->values[at] == 0;
    marks->values[at] = mark;
    marks->count += *out_new;
    return TOC_OK;
}

/* --- promises ----------------------------------------------------------------------------- */

void promises_done(struct promises *promises)
{
    free(promises->all);
    *promises = (struct promises){0};
}

enum toc_err promises_add(struct promises *promises, const struct promise *promise)
{
    if (promises->count == promises->room) {
        size_t room = promises->room == 0 ? 64 : 2 * promises->room;
        void *all = realloc(promises->all, room * sizeof(*promises->all));
        if (all == NULL)
            return TOC_ERR_MEMORY;
        promises->all = all;
        promises->room = room;
    }
    promises->all[promises->count++] = *promise;
    return TOC_OK;
}
