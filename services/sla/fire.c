#include "services/sla/fire.h"

#include "services/sla/manual.h"

#include "common/plant.h"

/* Planted: a due at its instant instead of after it. */
static toc_time_ms moved(toc_time_ms at_ms)
{
    return TOC_PLANTED(TOC_PLANT_DUE_EQUAL) && at_ms != TOC_TIME_NEVER ? at_ms - 1 : at_ms;
}

static enum toc_err warn(struct work *work, size_t index, struct clock clock, size_t threshold)
{
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED,
                              .at_ms = clock.row->next_ms,
                              .due_ms = clock.row->due_ms,
                              .threshold_percent = clock.rule->warn_percent[threshold]};
    clock.row->warned |= 1u << threshold;
    clock_plan(clock);
    return record_say(work, index, &said);
}

static enum toc_err breach(struct work *work, size_t index, struct clock clock)
{
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED,
                              .at_ms = clock.row->next_ms,
                              .due_ms = clock.row->next_ms};
    clock.row->breached_ms = clock.row->next_ms;
    if (TOC_PLANTED(TOC_PLANT_NO_LATCH)) {
        clock.row->next_ms += TOC_MINUTE_MS;
        return record_say(work, index, &said);
    }
    clock.row->breached = true;
    clock_plan(clock);
    return record_say(work, index, &said);
}

/* The clock whose next instant is the earliest of those before `before_ms`; -1 for none. */
static int soonest_before(const struct work *work, toc_time_ms before_ms)
{
    int found = -1;
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        const Tocsin__V1__Clock *clock = work->row->clocks[i];
        if (moved(clock->next_ms) >= before_ms)
            continue;
        if (found < 0 || clock->next_ms < work->row->clocks[found]->next_ms)
            found = (int)i;
    }
    return found;
}

/* The clock's next instant, which has passed. */
static enum toc_err fire_clock(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    const toc_time_ms at_ms = work->at_ms;
    size_t threshold;
    enum toc_err err = TOC_OK;
    if (clock.rule == NULL)
        return TOC_ERR_DAMAGED;
    switch (clock_next(clock, &threshold)) {
    case CLOCK_NEXT_WARNING:
        return warn(work, index, clock, threshold);
    case CLOCK_NEXT_DUE:
    case CLOCK_NEXT_NOTHING: /* only where a fault is planted */
        return breach(work, index, clock);
    case CLOCK_NEXT_MANUAL_END:
        work->at_ms = clock.row->manual_end_ms;
        err = manual_end(work, index);
        work->at_ms = at_ms;
        break;
    }
    return err;
}

enum toc_err fire_issue(struct work *work, toc_time_ms before_ms)
{
    int index;
    while ((index = soonest_before(work, before_ms)) >= 0)
        TOC_TRY(fire_clock(work, (size_t)index));
    return TOC_OK;
}

/*
 * Takes a row off the index and fires what is due up to where it stood, no more: so dues fire in
 * the order of their instants over all issues, however far time has moved at once.
 */
static enum toc_err fire_row(struct toc_turn *turn, const uint8_t key[ROW_KEY], toc_time_ms due_ms)
{
    struct work work = {.turn = turn, .at_ms = due_ms};
    enum toc_err err = row_load(turn, key[0], toc_get_u32be(key + 1), &work.row);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(due_remove(turn->txn, work.row->indexed_ms, key));
    work.row->indexed_ms = TOC_TIME_NEVER; /* row_save puts it where it belongs now */
    TOC_TRY(row_bind(&work));
    TOC_TRY(fire_issue(&work, due_ms + 1));
    return row_save(&work);
}

enum toc_err fire_dues(struct toc_turn *turn, toc_time_ms now_ms)
{
    uint8_t key[ROW_KEY];
    toc_time_ms due_ms;
    for (unsigned i = 0; i < SLA_DUES_PER_STEP; i++) {
        enum toc_err err = due_first(turn->txn, &due_ms, key);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_OK;
        if (moved(due_ms) >= now_ms)
            return TOC_OK;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(fire_row(turn, key, due_ms));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

static bool may_be_over(const Tocsin__V1__Clock *clock, toc_time_ms wall_ms)
{
    return clock_is_live(clock) && !clock->breached && !clock->unconfirmed &&
           clock->due_ms < wall_ms;
}

static enum toc_err say_unconfirmed(struct work *work, toc_time_ms wall_ms)
{
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        Tocsin__V1__Clock *clock = work->row->clocks[i];
        if (!may_be_over(clock, wall_ms))
            continue;
        const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED,
                                  .at_ms = clock->due_ms,
                                  .due_ms = clock->due_ms};
        clock->unconfirmed = true;
        TOC_TRY(record_say(work, i, &said));
    }
    return work->changed ? row_put(work) : TOC_OK;
}

enum toc_err fire_unconfirmed(struct toc_turn *turn, toc_time_ms wall_ms)
{
    uint8_t key[ROW_KEY], *after = ((struct sla *)turn->self)->unconfirmed;
    const struct toc_str from = {(const char *)after, sizeof(((struct sla *)0)->unconfirmed)};
    toc_time_ms due_ms;
    for (unsigned i = 0; i < SLA_UNCONFIRMED_PER_STEP; i++) {
        struct work work = {.turn = turn, .at_ms = wall_ms};
        enum toc_err err = due_after(turn->txn, from, &due_ms, key);
        if (err != TOC_OK || due_ms >= wall_ms) {
            memset(after, 0, from.size);
            return err < 0 ? err : TOC_OK;
        }
        size_t mark = toc_arena_mark(turn->arena);
        err = row_load(turn, key[0], toc_get_u32be(key + 1), &work.row);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        TOC_TRY(row_bind(&work));
        TOC_TRY(say_unconfirmed(&work, wall_ms));
        toc_arena_reset(turn->arena, mark);
        /* This row stays in the index; the least key after it is itself with a zero byte. */
        toc_put_u64be(after, (uint64_t)due_ms);
        memcpy(after + 8, key, ROW_KEY);
    }
    return TOC_OK;
}

enum toc_err fire_next_due(struct toc_txn *txn, toc_time_ms *out)
{
    uint8_t key[ROW_KEY];
    toc_time_ms due_ms = TOC_TIME_NEVER;
    enum toc_err err = due_first(txn, &due_ms, key);
    if (err >= 0)
        *out = err == TOC_OK ? moved(due_ms) : TOC_TIME_NEVER;
    return err < 0 ? err : TOC_OK;
}
