#include "services/cli/calendar/open_time.h"

#include <stdlib.h>

static int by_start(const void *left, const void *right)
{
    const struct toc_interval *a = left, *b = right;
    return (a->from_ms > b->from_ms) - (a->from_ms < b->from_ms);
}

size_t open_time_merge(struct toc_interval *pauses, size_t count)
{
    size_t merged = 0;
    if (count > 0)
        qsort(pauses, count, sizeof(*pauses), by_start);
    for (size_t i = 0; i < count; i++) {
        struct toc_interval pause = pauses[i];
        if (pause.until_ms <= pause.from_ms)
            continue;
        struct toc_interval *last = merged > 0 ? &pauses[merged - 1] : NULL;
        if (last == NULL || pause.from_ms > last->until_ms)
            pauses[merged++] = pause;
        else if (pause.until_ms > last->until_ms)
            last->until_ms = pause.until_ms;
    }
    return merged;
}

/* The index of the first pause that ends after an instant; pause_count when none does. */
static size_t pause_after(const struct open_time *open, toc_time_ms instant_ms)
{
    size_t low = 0, high = open->pause_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (open->pauses[middle].until_ms <= instant_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether so much working time suffices: an amount of 0 asks for the first instant of it. */
static bool suffices(toc_time_ms work_ms, toc_time_ms amount_ms)
{
    return amount_ms > 0 ? work_ms >= amount_ms : work_ms > 0;
}

enum toc_err open_time_add(const struct open_time *open, toc_time_ms start_ms,
                           toc_time_ms amount_ms, toc_time_ms *out)
{
    toc_time_ms from = start_ms, left = amount_ms;
    for (size_t i = pause_after(open, start_ms); i < open->pause_count; i++) {
        const struct toc_interval *pause = &open->pauses[i];
        toc_time_ms work = toc_calendar_between(open->cal, from, pause->from_ms);
        if (suffices(work, left))
            break;
        left -= work;
        from = pause->until_ms;
    }
    return toc_calendar_add(open->cal, from, left, out);
}

enum toc_err open_time_sub(const struct open_time *open, toc_time_ms start_ms,
                           toc_time_ms amount_ms, toc_time_ms *out)
{
    toc_time_ms until = start_ms, left = amount_ms;
    size_t i = pause_after(open, start_ms);
    if (i < open->pause_count && open->pauses[i].from_ms < start_ms)
        i++;
    for (; i > 0; i--) {
        const struct toc_interval *pause = &open->pauses[i - 1];
        toc_time_ms work = toc_calendar_between(open->cal, pause->until_ms, until);
        if (suffices(work, left))
            break;
        left -= work;
        until = pause->from_ms;
    }
    return toc_calendar_sub(open->cal, until, left, out);
}

toc_time_ms open_time_between(const struct open_time *open, toc_time_ms from_ms,
                              toc_time_ms until_ms)
{
    toc_time_ms sum = toc_calendar_between(open->cal, from_ms, until_ms);
    for (size_t i = pause_after(open, from_ms); i < open->pause_count; i++) {
        const struct toc_interval *pause = &open->pauses[i];
        if (pause->from_ms >= until_ms)
            break;
        toc_time_ms from = pause->from_ms > from_ms ? pause->from_ms : from_ms;
        toc_time_ms until = pause->until_ms < until_ms ? pause->until_ms : until_ms;
        sum -= toc_calendar_between(open->cal, from, until);
    }
    return sum;
}

bool open_time_is_open(const struct open_time *open, toc_time_ms instant_ms)
{
    size_t i = pause_after(open, instant_ms);
    bool paused = i < open->pause_count && open->pauses[i].from_ms <= instant_ms;
    return !paused && toc_calendar_is_open(open->cal, instant_ms);
}

/* What the pauses leave of a calendar's interval around an instant of it that is not paused. */
static void cut(const struct open_time *open, toc_time_ms instant_ms, struct toc_interval *interval)
{
    size_t next = pause_after(open, instant_ms);
    if (next > 0 && open->pauses[next - 1].until_ms > interval->from_ms)
        interval->from_ms = open->pauses[next - 1].until_ms;
    if (next < open->pause_count && open->pauses[next].from_ms < interval->until_ms)
        interval->until_ms = open->pauses[next].from_ms;
}

enum toc_err open_time_interval_after(const struct open_time *open, toc_time_ms instant_ms,
                                      struct toc_interval *out)
{
    toc_time_ms first = 0;
    if (open_time_add(open, instant_ms, 0, &first) != TOC_OK ||
        toc_calendar_interval_after(open->cal, first, out) != TOC_OK)
        return TOC_NONE;
    cut(open, first, out);
    return TOC_OK;
}

enum toc_err open_time_interval_before(const struct open_time *open, toc_time_ms instant_ms,
                                       struct toc_interval *out)
{
    toc_time_ms end = 0;
    if (open_time_sub(open, instant_ms, 0, &end) != TOC_OK ||
        toc_calendar_interval_before(open->cal, end, out) != TOC_OK)
        return TOC_NONE;
    cut(open, end - 1, out);
    return TOC_OK;
}
