#include "services/cli/handover/shifts.h"

#include <stdlib.h>

/* One that began longer ago is looked at within the stretch alone. */
#define LONGEST_MS (92 * TOC_DAY_MS)

/* --- which ones --------------------------------------------------------------------------- */

bool shifts_last(const struct duty *duty, toc_time_ms now_ms, struct toc_shift *out)
{
    duty_at(duty, now_ms, out);
    do {
        if (out->from_ms == TOC_TIME_MIN)
            return false;
        duty_at(duty, out->from_ms - 1, out);
    } while (out->who.count == 0);
    return out->from_ms != TOC_TIME_MIN;
}

static bool is_whole(const struct toc_shift *shift, toc_time_ms from_ms)
{
    return shift->until_ms != TOC_TIME_NEVER && shift->from_ms >= from_ms - LONGEST_MS;
}

static enum toc_err find(struct handover_shifts *shifts, struct handover *handover,
                         const struct duty *duty)
{
    struct toc_shift shift;
    duty_at(duty, handover->from_ms, &shift);
    do {
        if (shift.who.count == 0)
            continue;
        TOC_TRY(HANDOVER_ROOM(&shifts->list));
        struct handover_shift *one = &shifts->list.items[shifts->list.count++];
        *one = (struct handover_shift){.duty = duty, .shift = shift, .budget = -1};
        one->whole = is_whole(&shift, handover->from_ms);
        if (one->whole)
            handover_keep_rings(handover, shift.from_ms);
    } while (shift.until_ms < handover->to_ms && duty_next(duty, &shift));
    return TOC_OK;
}

enum toc_err shifts_find(struct handover_shifts *shifts, struct handover *handover,
                         const struct duty *duties, size_t count)
{
    *shifts = (struct handover_shifts){0};
    for (size_t i = 0; i < count; i++)
        TOC_TRY(find(shifts, handover, &duties[i]));
    return TOC_OK;
}

/* --- what rang ---------------------------------------------------------------------------- */

/* The zone in which whoever has the shift is thought to sleep. */
static const struct toc_tz *zone_of(const struct handover_shift *shift)
{
    const struct toc_schedule *schedule = shift->duty->schedule;
    const struct toc_on_call *who = &shift->shift.who;
    for (size_t i = 0; who->by == TOC_ON_CALL_LAYER && i < schedule->layer_count; i++)
        if (strcmp(schedule->layers[i].name, who->by_name) == 0)
            return schedule->layers[i].zone;
    return schedule->zone;
}

/* The first ring at the instant or later. */
static size_t first_ring(const struct handover *handover, toc_time_ms at_ms)
{
    size_t low = 0, high = handover->rings.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (handover->rings.items[middle].at_ms < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static unsigned count_different(uint64_t *numbers, size_t count)
{
    unsigned different = count > 0;
    if (count > 0)
        qsort(numbers, count, sizeof(*numbers), by_number);
    for (size_t i = 1; i < count; i++)
        different += numbers[i] != numbers[i - 1];
    return different;
}

/* `numbers` has room for every ring. */
static void count_rings(struct handover_shift *shift, struct handover *handover, uint64_t *numbers)
{
    const struct toc_tz *zone = zone_of(shift);
    toc_time_ms from_ms = shift->whole ? shift->shift.from_ms : handover->from_ms;
    for (size_t i = first_ring(handover, from_ms); i < handover->rings.count; i++) {
        struct handover_ring *ring = &handover->rings.items[i];
        if (ring->at_ms >= shift->shift.until_ms)
            break;
        if (!shift_has(&shift->shift, handover->people.items[ring->person].name))
            continue;
        if (ring->zone == NULL)
            ring->zone = zone;
        numbers[shift->rang++] = ring->alert;
        shift->night += handover_is_at_night(zone, ring->at_ms);
    }
    shift->alerts = count_different(numbers, shift->rang);
}

/* --- budgets ------------------------------------------------------------------------------ */

/* Shifts of several schedules at the same time leave no more sleep than those of one. */
static void give_budget(const struct handover_shifts *shifts, struct handover_person *person)
{
    const struct duty *duty = NULL;
    int64_t sum = -1;
    for (size_t i = 0; i < shifts->list.count; i++) {
        const struct handover_shift *shift = &shifts->list.items[i];
        if (shift->duty != duty)
            sum = -1;
        duty = shift->duty;
        if (shift->whole && shift_has(&shift->shift, person->name))
            sum = (sum < 0 ? 0 : sum) + shift->budget;
        if (sum > person->budget)
            person->budget = sum;
    }
}

enum toc_err shifts_count(struct handover_shifts *shifts, struct handover *handover, int64_t budget)
{
    uint64_t *numbers = calloc(handover->rings.count + 1, sizeof(*numbers));
    if (numbers == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < shifts->list.count; i++) {
        struct handover_shift *shift = &shifts->list.items[i];
        count_rings(shift, handover, numbers);
        if (shift->whole)
            shift->budget = budget >= 0 ? budget : shift->duty->schedule->budget;
    }
    for (size_t i = 0; i < handover->people.count; i++)
        give_budget(shifts, &handover->people.items[i]);
    free(numbers);
    return TOC_OK;
}

bool shifts_is_over_budget(const struct handover_shift *shift)
{
    return shift->budget >= 0 && shift->rang > shift->budget;
}

void shifts_done(struct handover_shifts *shifts)
{
    free(shifts->list.items);
    *shifts = (struct handover_shifts){0};
}
