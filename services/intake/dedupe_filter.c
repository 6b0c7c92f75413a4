#include "services/intake/dedupe_impl.h"

#include <stdlib.h>

#define BLOCK_WORDS   8  /* a cache line; an entry sets one bit in each word of its block */
#define BLOCK_BYTES   64 /* of BLOCK_WORDS */
#define REBUILD_RANGE (16 * DEDUPE_PAGE_MEAN) /* entries that a step of the rebuild reads */

/*
 * A filter takes DEDUPE_FANOUT tables in 8 bytes per slot of one. With tables 11/16 full that is
 * 11.6 bits per entry (one fresh key in 200 is looked up for nothing), and for all filters 80 bytes
 * per slot: 20 MB and 14M entries for 256k slots. A filter that is not in use yet costs no memory.
 */
#define BYTES_PER_SLOT 8

static uint64_t *block_of(const struct dedupe_filters *filters, const struct dedupe_filter *filter,
                          uint64_t fingerprint)
{
    return filter->words + dedupe_part_of(fingerprint, (uint32_t)filters->blocks) * BLOCK_WORDS;
}

/* Eight times six bits that have little to do with the block's number. */
static uint64_t spread(uint64_t fingerprint)
{
    return fingerprint * UINT64_C(0x9e3779b97f4a7c15) >> 16;
}

static void filter_add(struct dedupe_filters *filters, struct dedupe_filter *filter,
                       uint64_t fingerprint)
{
    uint64_t *block = block_of(filters, filter, fingerprint);
    uint64_t bits = spread(fingerprint);
    for (unsigned w = 0; w < BLOCK_WORDS; w++)
        block[w] |= UINT64_C(1) << (bits >> (6 * w) & 63);
}

uint32_t dedupe_filters_ask(const struct dedupe *d, uint64_t fingerprint)
{
    uint32_t maybe = DEDUPE_FILTER_NONE;
    uint64_t bits = spread(fingerprint);
    for (size_t i = 0; i < d->filters.count; i++) {
        const struct dedupe_filter *filter = &d->filters.items[i];
        const uint64_t *block = block_of(&d->filters, filter, fingerprint);
        uint64_t all = 1;
        for (unsigned w = 0; w < BLOCK_WORDS; w++) /* without a branch: most words are half full */
            all &= block[w] >> (bits >> (6 * w) & 63);
        if (all != 0 || !filter->ready)
            maybe |= UINT32_C(1) << i;
    }
    return maybe;
}

static void drop_oldest(struct dedupe_filters *filters)
{
    uint64_t *words = filters->items[0].words;
    memmove(filters->items, filters->items + 1, (DEDUPE_FILTERS_MAX - 1) * sizeof(*filters->items));
    filters->items[DEDUPE_FILTERS_MAX - 1] = (struct dedupe_filter){.words = words};
    memset(words, 0, filters->blocks * BLOCK_BYTES);
    filters->count--;
}

static bool overlap(const struct dedupe_filter *filter, const struct dedupe_segment *s)
{
    return filter->from_seq <= s->through_seq && filter->through_seq >= s->from_seq;
}

/* Whether the oldest filter holds nothing but dropped segments. */
static bool is_idle(const struct dedupe *d, const struct dedupe_filter *filter)
{
    for (size_t i = 0; i < d->count; i++)
        if (overlap(filter, &d->segments[i]))
            return false;
    return filter->filled;
}

void dedupe_filters_assign(struct dedupe *d)
{
    struct dedupe_filters *filters = &d->filters;
    while (filters->count > 0 && is_idle(d, &filters->items[0]))
        drop_oldest(filters);
    for (size_t i = 0; i < d->count; i++) {
        struct dedupe_segment *s = &d->segments[i];
        bool covered = filters->count > 0 && filters->items[0].from_seq <= s->from_seq;
        s->filters = covered ? 0 : DEDUPE_FILTER_NONE;
        for (size_t f = 0; f < filters->count; f++)
            if (overlap(&filters->items[f], s))
                s->filters |= UINT32_C(1) << f;
    }
}

void dedupe_filters_begin(struct dedupe *d, const struct dedupe_table *table)
{
    struct dedupe_filters *filters = &d->filters;
    struct dedupe_filter *last = filters->count ? &filters->items[filters->count - 1] : NULL;
    if (last != NULL && !last->filled && last->entries + table->count <= filters->capacity)
        return;
    if (last != NULL)
        last->filled = true;
    if (filters->count == DEDUPE_FILTERS_MAX)
        drop_oldest(filters);
    struct dedupe_filter *filter = &filters->items[filters->count++];
    filter->from_seq = table->from_seq;
    filter->through_seq = table->from_seq - 1;
    filter->entries = 0;
    filter->ready = true;
    filter->filled = false;
    dedupe_filters_assign(d);
}

void dedupe_filters_take(struct dedupe *d, const struct dedupe_run *run)
{
    struct dedupe_filter *filter = &d->filters.items[d->filters.count - 1];
    for (size_t i = 0; i < run->count; i++)
        filter_add(&d->filters, filter, run->items[i].fingerprint);
    filter->entries += run->count;
}

void dedupe_filters_end(struct dedupe *d, uint64_t through_seq)
{
    d->filters.items[d->filters.count - 1].through_seq = through_seq;
}

/* After a start. */

/* Plans filters for segment `s`, before (older than) those that `out` has; false without room. */
static bool plan_segment(const struct dedupe_filters *filters, const struct dedupe_segment *s,
                         struct dedupe_filter out[DEDUPE_FILTERS_MAX], size_t *count)
{
    uint64_t parts = (s->entries + filters->capacity - 1) / filters->capacity;
    uint64_t span = s->through_seq - s->from_seq + 1;
    struct dedupe_filter *last = *count ? &out[*count - 1] : NULL;
    if (last != NULL && last->entries + s->entries <= filters->capacity) {
        last->from_seq = s->from_seq;
        last->entries += s->entries;
        return true;
    }
    if (*count + parts > DEDUPE_FILTERS_MAX)
        return false;
    for (uint64_t part = parts; part-- > 0;)
        out[(*count)++] = (struct dedupe_filter){
            .from_seq = s->from_seq + span / parts * part,
            .through_seq =
                part + 1 == parts ? s->through_seq : s->from_seq + span / parts * (part + 1) - 1,
            .entries = s->entries / parts,
            .filled = true,
        };
    return true;
}

/* The newest entries come first: the oldest stand in the largest segments, of which there are few.
 */
static void plan_rebuild(struct dedupe *d)
{
    struct dedupe_filters *filters = &d->filters;
    struct dedupe_filter plan[DEDUPE_FILTERS_MAX];
    size_t count = 0;
    uint64_t entries = 0;
    for (size_t i = d->count; i-- > 0;) {
        if (!plan_segment(filters, &d->segments[i], plan, &count))
            break;
        entries += d->segments[i].entries;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t *words = filters->items[i].words;
        filters->items[i] = plan[count - 1 - i];
        filters->items[i].words = words;
    }
    if (count > 0)
        filters->items[count - 1].filled = false;
    filters->count = count;
    filters->step = 0;
    filters->steps = (uint32_t)((entries + REBUILD_RANGE - 1) / REBUILD_RANGE);
    dedupe_filters_assign(d);
}

enum toc_err dedupe_filters_open(struct dedupe *d)
{
    struct dedupe_filters *filters = &d->filters;
    size_t bytes = d->config.memory_entries * BYTES_PER_SLOT;
    filters->memory = calloc(1, bytes * DEDUPE_FILTERS_MAX + BLOCK_BYTES);
    if (filters->memory == NULL)
        return TOC_ERR_MEMORY;
    char *base = filters->memory;
    base += BLOCK_BYTES - (uintptr_t)base % BLOCK_BYTES;
    for (size_t i = 0; i < DEDUPE_FILTERS_MAX; i++)
        filters->items[i].words = (uint64_t *)(void *)(base + i * bytes);
    filters->blocks = bytes / BLOCK_BYTES;
    filters->capacity = (uint64_t)d->capacity * DEDUPE_FANOUT;
    plan_rebuild(d);
    return TOC_OK;
}

void dedupe_filters_done(struct dedupe_filters *filters)
{
    free(filters->memory);
}

/* Gives an entry to the filter that waits for it, if one does. */
static void rebuild_entry(struct dedupe_filters *filters, struct dedupe_entry entry)
{
    for (size_t i = 0; i < filters->count; i++) {
        struct dedupe_filter *filter = &filters->items[i];
        if (!filter->ready && entry.seq >= filter->from_seq && entry.seq <= filter->through_seq)
            filter_add(filters, filter, entry.fingerprint);
    }
}

/*
 * One pass over the fingerprints for all filters. Merges may go on meanwhile: at each step the
 * listed segments hold every entry of that part of the range.
 */
enum toc_err dedupe_filters_rebuild(struct dedupe *d, struct toc_txn *txn)
{
    struct dedupe_filters *filters = &d->filters;
    if (filters->step == filters->steps)
        return TOC_OK;
    d->page.count = 0;
    for (size_t i = 0; i < d->count; i++)
        TOC_TRY(dedupe_segment_collect(d, txn, &d->segments[i],
                                       dedupe_part_first(filters->step, filters->steps),
                                       dedupe_part_last(filters->step, filters->steps)));
    for (size_t i = 0; i < d->page.count; i++)
        rebuild_entry(filters, d->page.items[i]);
    if (++filters->step == filters->steps)
        for (size_t i = 0; i < filters->count; i++)
            filters->items[i].ready = true;
    return TOC_OK;
}
