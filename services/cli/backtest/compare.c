#include "services/cli/backtest/backtest.h"

#include <stdlib.h>

void comparison_done(struct comparison *comparison)
{
    free(comparison->breaches);
    free(comparison->flips);
    comparison->breaches = NULL;
    comparison->flips = NULL;
}

/* --- agreement with what was recorded ----------------------------------------------------- */

static bool is_verdict(const struct verdict_side *side)
{
    return side->state == VERDICT_MET || side->state == VERDICT_BREACHED;
}

static bool falls_into(const struct verdict_side *side, toc_time_ms from_ms, toc_time_ms to_ms)
{
    return is_verdict(side) && side->at_ms >= from_ms && side->at_ms < to_ms;
}

static void agree(struct agreement *out, const struct verdict_side *recorded,
                  const struct verdict_side *replayed)
{
    out->recorded += is_verdict(recorded);
    if (recorded->state == VERDICT_NO_CLOCK)
        out->missing++;
    else if (replayed->state == VERDICT_NO_CLOCK)
        out->unknown++;
    else if (recorded->state == VERDICT_OPEN || replayed->state == VERDICT_OPEN)
        out->open++;
    else if (recorded->state == replayed->state && recorded->at_ms == replayed->at_ms)
        out->agree++;
    else
        out->other++;
}

/* --- breaches by clock and queue ---------------------------------------------------------- */

/* Rows by hash while they are counted; a free one has counted nothing. */
struct rows {
    struct change_row *all;
    size_t count, room;
};

static bool is_free(const struct change_row *row)
{
    return row->before == 0 && row->after == 0;
}

static struct change_row *find_row(struct change_row *rows, size_t room, uint32_t clock,
                                   uint32_t queue)
{
    size_t at = ((size_t)clock * 31 + queue) * 0x9e3779b1u & (room - 1);
    while (!is_free(&rows[at]) && (rows[at].clock != clock || rows[at].queue != queue))
        at = (at + 1) & (room - 1);
    return &rows[at];
}

static enum toc_err grow(struct rows *rows)
{
    size_t room = rows->room == 0 ? 64 : 2 * rows->room;
    struct change_row *all = calloc(room, sizeof(*all));
    if (all == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < rows->room; i++)
        if (!is_free(&rows->all[i]))
            *find_row(all, room, rows->all[i].clock, rows->all[i].queue) = rows->all[i];
    free(rows->all);
    rows->all = all;
    rows->room = room;
    return TOC_OK;
}

static enum toc_err count_breach(struct rows *rows, uint32_t clock, uint32_t queue, bool before)
{
    if (4 * rows->count >= 3 * rows->room)
        TOC_TRY(grow(rows));
    struct change_row *row = find_row(rows->all, rows->room, clock, queue);
    rows->count += is_free(row);
    row->clock = clock;
    row->queue = queue;
    if (before)
        row->before++;
    else
        row->after++;
    return TOC_OK;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* The largest change first, then the largest number, then as they were met. */
static int by_change(const void *a, const void *b)
{
    const struct change_row *left = a, *right = b;
    uint64_t l = distance(left->before, left->after), r = distance(right->before, right->after);
    if (l != r)
        return l > r ? -1 : 1;
    if (left->before != right->before)
        return left->before > right->before ? -1 : 1;
    if (left->clock != right->clock)
        return left->clock < right->clock ? -1 : 1;
    return (left->queue > right->queue) - (left->queue < right->queue);
}

static void sort_rows(struct rows *rows, struct comparison *out)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->room; i++)
        if (!is_free(&rows->all[i]))
            rows->all[count++] = rows->all[i];
    if (count > 0)
        qsort(rows->all, count, sizeof(*rows->all), by_change);
    out->breaches = rows->all;
    out->breach_rows = count;
}

/* --- flips -------------------------------------------------------------------------------- */

static toc_time_ms instant_of(const struct verdict *verdict)
{
    const struct verdict_side *old = &verdict->sides[BY_OLD];
    return old->state == VERDICT_BREACHED ? old->at_ms : verdict->sides[BY_NEW].at_ms;
}

static int by_instant(const void *a, const void *b)
{
    const struct verdict *left = *(const struct verdict *const *)a;
    const struct verdict *right = *(const struct verdict *const *)b;
    toc_time_ms l = instant_of(left), r = instant_of(right);
    if (l != r)
        return l < r ? -1 : 1;
    int order = memcmp(left->issue, right->issue, TOC_ID);
    return order != 0 ? order : (left->clock > right->clock) - (left->clock < right->clock);
}

static enum toc_err add_flip(struct comparison *out, size_t *room, const struct verdict *verdict)
{
    if (out->flip_count == *room) {
        size_t larger = *room == 0 ? 256 : 2 * *room;
        const struct verdict **flips = realloc(out->flips, larger * sizeof(*flips));
        if (flips == NULL)
            return TOC_ERR_MEMORY;
        out->flips = flips;
        *room = larger;
    }
    out->flips[out->flip_count++] = verdict;
    return TOC_OK;
}

/* --- all of it ---------------------------------------------------------------------------- */

static enum toc_err compare_one(const struct verdict *verdict, toc_time_ms from_ms,
                                toc_time_ms to_ms, struct rows *rows, size_t *flip_room,
                                struct comparison *out)
{
    const struct verdict_side *recorded = &verdict->sides[BY_RECORD];
    const struct verdict_side *old = &verdict->sides[BY_OLD], *new = &verdict->sides[BY_NEW];
    bool before = old->state == VERDICT_BREACHED && falls_into(old, from_ms, to_ms);
    bool after = new->state == VERDICT_BREACHED &&falls_into(new, from_ms, to_ms);
    if (falls_into(recorded, from_ms, to_ms) || falls_into(old, from_ms, to_ms))
        agree(&out->agreement, recorded, old);
    out->breaches_before += before;
    out->breaches_after += after;
    if (before)
        TOC_TRY(count_breach(rows, verdict->clock, old->queue, true));
    if (after)
        TOC_TRY(count_breach(rows, verdict->clock, new->queue, false));
    if (before == after)
        return TOC_OK;
    out->better += before;
    out->worse += after;
    return add_flip(out, flip_room, verdict);
}

enum toc_err compare_verdicts(const struct verdicts *verdicts, toc_time_ms from_ms,
                              toc_time_ms to_ms, struct comparison *out)
{
    struct rows rows = {NULL, 0, 0};
    size_t flip_room = 0;
    enum toc_err err = TOC_OK;
    *out = (struct comparison){.flip_count = 0};
    for (size_t i = 0; i < verdicts->room && err == TOC_OK; i++)
        if (verdicts->slots[i].instance != 0)
            err = compare_one(&verdicts->slots[i], from_ms, to_ms, &rows, &flip_room, out);
    sort_rows(&rows, out);
    if (out->flip_count > 0)
        qsort(out->flips, out->flip_count, sizeof(*out->flips), by_instant);
    return err;
}
