#include "services/intake/dedupe_impl.h"

#include <stdlib.h>

void dedupe_hits_offer(struct dedupe_hits *hits, uint64_t seq)
{
    size_t at = hits->count;
    while (at > 0 && hits->seqs[at - 1] < seq)
        at--;
    if (at == DEDUPE_HITS_MAX)
        return;
    if (hits->count < DEDUPE_HITS_MAX)
        hits->count++;
    for (size_t i = hits->count - 1; i > at; i--)
        hits->seqs[i] = hits->seqs[i - 1];
    hits->seqs[at] = seq;
}

struct dedupe_table *dedupe_table_new(uint32_t slots)
{
    struct dedupe_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->slots = calloc(slots, sizeof(*table->slots));
    if (table->slots == NULL) {
        free(table);
        return NULL;
    }
    dedupe_table_start(table, 1);
    return table;
}

void dedupe_table_free(struct dedupe_table *table)
{
    if (table == NULL)
        return;
    free(table->slots);
    free(table);
}

void dedupe_table_start(struct dedupe_table *table, uint64_t from_seq)
{
    table->next = NULL;
    table->count = 0;
    table->from_seq = from_seq;
    table->through_seq = from_seq - 1;
    table->max_at_ms = TOC_TIME_MIN;
}

static bool is_empty(const struct dedupe_table *table, uint32_t slot)
{
    return table->slots[slot].seq < table->from_seq;
}

void dedupe_table_add(struct dedupe_table *table, uint32_t slots, struct dedupe_entry entry,
                      toc_time_ms at_ms)
{
    TOC_ASSERT(table->count + 1 < slots);
    TOC_ASSERT(entry.seq > table->through_seq);
    uint32_t slot = dedupe_part_of(entry.fingerprint, slots);
    while (!is_empty(table, slot))
        slot = (slot + 1) & (slots - 1);
    table->slots[slot] = entry;
    table->count++;
    table->through_seq = entry.seq;
    if (at_ms > table->max_at_ms)
        table->max_at_ms = at_ms;
}

void dedupe_table_find(const struct dedupe_table *table, uint32_t slots, uint64_t fingerprint,
                       struct dedupe_hits *hits)
{
    uint32_t slot = dedupe_part_of(fingerprint, slots);
    for (; !is_empty(table, slot); slot = (slot + 1) & (slots - 1))
        if (table->slots[slot].fingerprint == fingerprint)
            dedupe_hits_offer(hits, table->slots[slot].seq);
}

/*
 * An entry lies at its home slot or behind it, with no empty slot between. So whatever belongs to
 * the range is found between the first home and the first empty slot from the last home on.
 */
enum toc_err dedupe_table_collect(const struct dedupe_table *table, uint32_t slots, uint64_t first,
                                  uint64_t last, struct dedupe_run *out)
{
    uint32_t slot = dedupe_part_of(first, slots);
    uint32_t homes = dedupe_part_of(last, slots) - slot + 1;
    for (uint32_t seen = 1; seen <= slots; seen++, slot = (slot + 1) & (slots - 1)) {
        struct dedupe_entry entry = table->slots[slot];
        if (is_empty(table, slot)) {
            if (seen >= homes)
                break;
            continue;
        }
        if (entry.fingerprint >= first && entry.fingerprint <= last)
            TOC_TRY(dedupe_run_push(out, entry));
    }
    return TOC_OK;
}

static enum toc_err reserve(struct dedupe_run *run, size_t room)
{
    if (run->room >= room)
        return TOC_OK;
    size_t grown = run->room ? run->room : 1024;
    while (grown < room)
        grown *= 2;
    struct dedupe_entry *items = realloc(run->items, grown * sizeof(*items));
    if (items == NULL)
        return TOC_ERR_MEMORY;
    run->items = items;
    run->room = grown;
    return TOC_OK;
}

enum toc_err dedupe_run_push(struct dedupe_run *run, struct dedupe_entry entry)
{
    if (run->count == run->room)
        TOC_TRY(reserve(run, run->count + 1));
    run->items[run->count++] = entry;
    return TOC_OK;
}

static bool is_before(struct dedupe_entry a, struct dedupe_entry b)
{
    return a.fingerprint != b.fingerprint ? a.fingerprint < b.fingerprint : a.seq < b.seq;
}

/* The end of the ascending run that begins at `at`. */
static size_t ascent(const struct dedupe_run *run, size_t at)
{
    while (++at < run->count)
        if (is_before(run->items[at], run->items[at - 1]))
            break;
    return at < run->count ? at : run->count;
}

/* Merges items [at, middle) and [middle, end) into the same places of `out`. */
static void merge_two(const struct dedupe_entry *items, size_t at, size_t middle, size_t end,
                      struct dedupe_entry *out)
{
    size_t left = at, right = middle;
    while (left < middle && right < end)
        out[at++] = is_before(items[right], items[left]) ? items[right++] : items[left++];
    while (left < middle)
        out[at++] = items[left++];
    while (right < end)
        out[at++] = items[right++];
}

/*
 * Merging neighbouring ascents: what comes from a table is nearly in order, what comes from
 * segments is a few ordered pieces.
 */
enum toc_err dedupe_run_sort(struct dedupe_run *run, struct dedupe_run *other)
{
    TOC_TRY(reserve(other, run->count));
    other->count = run->count;
    while (run->count > 0 && ascent(run, 0) < run->count) {
        for (size_t at = 0, end; at < run->count; at = end) {
            size_t middle = ascent(run, at);
            end = middle < run->count ? ascent(run, middle) : middle;
            merge_two(run->items, at, middle, end, other->items);
        }
        struct dedupe_run swapped = *run;
        *run = *other;
        *other = swapped;
    }
    return TOC_OK;
}
