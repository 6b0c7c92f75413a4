#include "services/intake/dedupe_impl.h"

#include <stdlib.h>

#define SLOTS_MIN 16
#define SLOTS_MAX (1u << 24)

/* Frozen tables that a replay may leave: more than one only after memory_entries was made smaller.
 */
#define FROZEN_MAX 64

static uint32_t slots_of(const struct dedupe *d)
{
    return (uint32_t)d->config.memory_entries;
}

enum toc_err dedupe_open(const struct dedupe_config *config, struct toc_txn *txn,
                         struct dedupe **out)
{
    size_t slots = config->memory_entries;
    TOC_ASSERT(slots >= SLOTS_MIN && slots <= SLOTS_MAX && (slots & (slots - 1)) == 0);
    TOC_ASSERT(config->window_ms > 0);
    struct dedupe *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return TOC_ERR_MEMORY;
    d->config = *config;
    d->capacity = (uint32_t)(slots / 16 * 11);
    d->newest_at_ms = TOC_TIME_MIN;
    enum toc_err err = dedupe_list_load(d, txn);
    if (err >= 0)
        err = dedupe_filters_open(d);
    d->active = dedupe_table_new((uint32_t)slots);
    if (err >= 0 && d->active == NULL)
        err = TOC_ERR_MEMORY;
    if (err < 0) {
        dedupe_free(d);
        return err;
    }
    d->last_seq = d->indexed_through;
    dedupe_table_start(d->active, d->last_seq + 1);
    *out = d;
    return TOC_OK;
}

void dedupe_free(struct dedupe *dedupe)
{
    if (dedupe == NULL)
        return;
    while (dedupe->frozen != NULL) {
        struct dedupe_table *table = dedupe->frozen;
        dedupe->frozen = table->next;
        dedupe_table_free(table);
    }
    dedupe_table_free(dedupe->active);
    dedupe_table_free(dedupe->spare);
    dedupe_filters_done(&dedupe->filters);
    free(dedupe->page.items);
    free(dedupe->other.items);
    free(dedupe);
}

uint64_t dedupe_indexed_through(const struct dedupe *dedupe)
{
    return dedupe->indexed_through;
}

uint64_t dedupe_needs_from(const struct dedupe *dedupe)
{
    return dedupe->count > 0 ? dedupe->segments[0].from_seq : dedupe->indexed_through + 1;
}

enum toc_err dedupe_find(const struct dedupe *dedupe, struct toc_txn *txn, uint64_t fingerprint,
                         uint64_t seqs[DEDUPE_HITS_MAX], size_t *out_count)
{
    struct dedupe_hits hits = {.count = 0};
    dedupe_table_find(dedupe->active, slots_of(dedupe), fingerprint, &hits);
    for (const struct dedupe_table *table = dedupe->frozen; table != NULL; table = table->next)
        dedupe_table_find(table, slots_of(dedupe), fingerprint, &hits);
    uint32_t maybe = dedupe_filters_ask(dedupe, fingerprint);
    for (size_t i = 0; i < dedupe->count; i++)
        if (dedupe->segments[i].filters & maybe)
            TOC_TRY(dedupe_segment_find(dedupe, txn, &dedupe->segments[i], fingerprint, &hits));
    if (hits.count == 0)
        return TOC_NONE;
    memcpy(seqs, hits.seqs, hits.count * sizeof(*seqs));
    *out_count = hits.count;
    return TOC_OK;
}

/* The active table becomes the youngest of the frozen ones. */
static enum toc_err freeze(struct dedupe *d)
{
    size_t count = 0;
    struct dedupe_table **end = &d->frozen;
    for (; *end != NULL; end = &(*end)->next)
        count++;
    if (count == FROZEN_MAX)
        return TOC_ERR_LIMIT;
    struct dedupe_table *fresh = d->spare ? d->spare : dedupe_table_new(slots_of(d));
    if (fresh == NULL)
        return TOC_ERR_MEMORY;
    d->spare = NULL;
    *end = d->active;
    d->active = fresh;
    dedupe_table_start(fresh, d->last_seq + 1);
    return TOC_OK;
}

static enum toc_err enter(struct dedupe *d, uint64_t fingerprint, uint64_t seq, toc_time_ms at_ms)
{
    TOC_ASSERT(seq > d->last_seq);
    if (d->active->count == d->capacity)
        TOC_TRY(freeze(d));
    dedupe_table_add(d->active, slots_of(d), (struct dedupe_entry){fingerprint, seq}, at_ms);
    d->last_seq = seq;
    if (at_ms > d->newest_at_ms)
        d->newest_at_ms = at_ms;
    return TOC_OK;
}

/* Steps in which the frozen tables are written. */
static uint64_t steps_left(const struct dedupe *d)
{
    uint64_t steps = 0, done = d->writing.page / DEDUPE_STEP_PAGES;
    for (const struct dedupe_table *table = d->frozen; table != NULL; table = table->next)
        steps += (dedupe_pages_for(table->count) + DEDUPE_STEP_PAGES - 1) / DEDUPE_STEP_PAGES;
    return steps - done;
}

/*
 * A step per round is done long before the active table is full. After a crash at an unlucky time
 * the steps that are left are spread over the adds that are left, down to none when the table is
 * full: so never more than two tables have to be replayed.
 */
static enum toc_err write_due(struct dedupe *d, struct toc_txn *txn, bool round)
{
    if (d->frozen == NULL)
        return TOC_OK;
    uint64_t due = steps_left(d) / (d->capacity - d->active->count + 1);
    if (due == 0 && round)
        due = 1;
    for (; due > 0; due--)
        TOC_TRY(dedupe_write_step(d, txn));
    return TOC_OK;
}

enum toc_err dedupe_add(struct dedupe *dedupe, struct toc_txn *txn, uint64_t fingerprint,
                        uint64_t seq, toc_time_ms at_ms)
{
    bool round = ++dedupe->adds % DEDUPE_ROUND == 0;
    TOC_TRY(enter(dedupe, fingerprint, seq, at_ms));
    TOC_TRY(write_due(dedupe, txn, round));
    TOC_TRY(dedupe_filters_rebuild(dedupe, txn));
    if (!round)
        return TOC_OK;
    TOC_TRY(dedupe_list_expire(dedupe, txn));
    dedupe_merge_plan(dedupe);
    TOC_TRY(dedupe_merge_step(dedupe, txn));
    return dedupe_sweep_step(dedupe, txn);
}

enum toc_err dedupe_replay(struct dedupe *dedupe, uint64_t fingerprint, uint64_t seq,
                           toc_time_ms at_ms)
{
    return enter(dedupe, fingerprint, seq, at_ms);
}
