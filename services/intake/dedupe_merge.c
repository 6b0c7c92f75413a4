#include "services/intake/dedupe_impl.h"

/* The class of a segment's size: 0 for one table's worth, one more for each DEDUPE_FANOUT times. */
static unsigned level_of(const struct dedupe *d, const struct dedupe_segment *s)
{
    unsigned level = 0;
    uint64_t above = (uint64_t)d->capacity * DEDUPE_FANOUT / 2;
    for (; s->entries >= above && level + 1 < DEDUPE_LEVELS; above *= DEDUPE_FANOUT)
        level++;
    return level;
}

/*
 * Past half of the window a segment is left alone: it is soon dropped as it is, and merged with
 * younger ones it would have to be kept for as long as they are.
 */
static bool is_young(const struct dedupe *d, const struct dedupe_segment *s)
{
    toc_time_ms middle_ms;
    if (__builtin_sub_overflow(d->newest_at_ms, d->config.window_ms / 2, &middle_ms))
        return true;
    return s->max_at_ms >= middle_ms;
}

/*
 * Whether the DEDUPE_FANOUT segments from `at` on should become one: of a size and young, or, when
 * the list is crowded (another memory_entries, say), any.
 */
static bool may_merge(const struct dedupe *d, size_t at, uint64_t *out_entries, unsigned *out_slot)
{
    uint64_t entries = 0;
    unsigned lowest = DEDUPE_LEVELS, highest = 0;
    for (size_t i = at; i < at + DEDUPE_FANOUT; i++) {
        if (d->segments[i].merging != 0)
            return false;
        unsigned level = level_of(d, &d->segments[i]);
        lowest = level < lowest ? level : lowest;
        highest = level > highest ? level : highest;
        entries += d->segments[i].entries;
    }
    if (d->merges[highest].no != 0 || entries > UINT32_MAX)
        return false;
    *out_entries = entries;
    *out_slot = highest;
    return d->count >= DEDUPE_CROWDED || (lowest == highest && is_young(d, &d->segments[at]));
}

void dedupe_merge_plan(struct dedupe *d)
{
    while (d->unplanned) {
        size_t best_at = 0;
        uint64_t best = UINT64_MAX, entries;
        unsigned best_slot = 0, slot;
        for (size_t at = 0; at + DEDUPE_FANOUT <= d->count; at++) {
            if (!may_merge(d, at, &entries, &slot) || entries >= best)
                continue;
            best = entries;
            best_at = at;
            best_slot = slot;
        }
        d->unplanned = best != UINT64_MAX;
        if (!d->unplanned)
            break;
        for (size_t i = best_at; i < best_at + DEDUPE_FANOUT; i++)
            d->segments[i].merging = best_slot + 1;
        dedupe_output_begin(d, &d->merges[best_slot], best);
    }
}

/* The inputs stand side by side: nothing is put between neighbours. */
static size_t first_input(const struct dedupe *d, unsigned slot)
{
    size_t at = 0;
    while (at < d->count && d->segments[at].merging != slot + 1)
        at++;
    TOC_ASSERT(at + DEDUPE_FANOUT <= d->count);
    TOC_ASSERT(d->segments[at + DEDUPE_FANOUT - 1].merging == slot + 1);
    return at;
}

static enum toc_err merge_end(struct dedupe *d, struct toc_txn *txn, unsigned slot)
{
    size_t at = first_input(d, slot);
    const struct dedupe_segment *inputs = d->segments + at;
    struct dedupe_segment merged = {
        .no = d->merges[slot].no,
        .pages = d->merges[slot].pages,
        .from_seq = inputs[0].from_seq,
        .through_seq = inputs[DEDUPE_FANOUT - 1].through_seq,
        .max_at_ms = TOC_TIME_MIN,
    };
    for (size_t i = 0; i < DEDUPE_FANOUT; i++) {
        merged.entries += inputs[i].entries;
        if (inputs[i].max_at_ms > merged.max_at_ms)
            merged.max_at_ms = inputs[i].max_at_ms;
    }
    if (d->merges[slot].entries != merged.entries)
        return TOC_ERR_DAMAGED;
    d->merges[slot] = (struct dedupe_output){0};
    return dedupe_list_replace(d, txn, at, DEDUPE_FANOUT, &merged);
}

/* The next pages of the output: the same range of all inputs. */
static enum toc_err merge_pages(struct dedupe *d, struct toc_txn *txn, unsigned slot)
{
    struct dedupe_output *output = &d->merges[slot];
    uint64_t first, last;
    dedupe_output_range(output, &first, &last);
    size_t at = first_input(d, slot);
    d->page.count = 0;
    for (size_t i = at; i < at + DEDUPE_FANOUT; i++)
        TOC_TRY(dedupe_segment_collect(d, txn, &d->segments[i], first, last));
    TOC_TRY(dedupe_output_put(d, txn, output));
    return output->page == output->pages ? merge_end(d, txn, slot) : TOC_OK;
}

enum toc_err dedupe_merge_step(struct dedupe *d, struct toc_txn *txn)
{
    for (unsigned slot = 0; slot < DEDUPE_LEVELS; slot++)
        if (d->merges[slot].no != 0)
            TOC_TRY(merge_pages(d, txn, slot));
    return TOC_OK;
}

enum toc_err dedupe_merge_relieve(struct dedupe *d, struct toc_txn *txn)
{
    while (d->count == DEDUPE_SEGMENTS_MAX) {
        unsigned slot = 0;
        dedupe_merge_plan(d); /* in so long a list there is always one under way */
        while (slot < DEDUPE_LEVELS && d->merges[slot].no == 0)
            slot++;
        TOC_ASSERT(slot < DEDUPE_LEVELS);
        while (d->merges[slot].no != 0)
            TOC_TRY(merge_pages(d, txn, slot));
    }
    return TOC_OK;
}
