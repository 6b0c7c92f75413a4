/* What records have told, counted and sorted. */
#include "services/cli/handover/handover.h"

#include <stdlib.h>

static int by_length(const void *a, const void *b)
{
    toc_time_ms x = *(const toc_time_ms *)a, y = *(const toc_time_ms *)b;
    return (x > y) - (x < y);
}

static int by_person(const void *a, const void *b)
{
    return strcmp(((const struct handover_person *)a)->name,
                  ((const struct handover_person *)b)->name);
}

/* The noisiest first. */
static int by_noise(const void *a, const void *b)
{
    const struct handover_rule *x = a, *y = b;
    if (x->alone != y->alone)
        return x->alone < y->alone ? 1 : -1;
    if (x->fired != y->fired)
        return x->fired < y->fired ? 1 : -1;
    return strcmp(x->name, y->name);
}

static enum toc_err take_rule(struct handover *handover, const char *name,
                              struct handover_rule **out)
{
    size_t at = 0;
    while (at < handover->rules.count && strcmp(handover->rules.items[at].name, name) != 0)
        at++;
    if (at == handover->rules.count) {
        TOC_TRY(HANDOVER_ROOM(&handover->rules));
        handover->rules.items[handover->rules.count++] = (struct handover_rule){0};
        toc_str_copy(handover->rules.items[at].name, HANDOVER_NAME, toc_str_of(name));
    }
    *out = &handover->rules.items[at];
    return TOC_OK;
}

static enum toc_err count_rule(struct handover *handover, const struct handover_alert *alert)
{
    struct handover_rule *rule;
    if (!alert->fired && alert->rang == 0)
        return TOC_OK;
    TOC_TRY(take_rule(handover, alert->rule, &rule));
    rule->rang += alert->rang;
    rule->night += alert->night;
    if (!alert->fired)
        return TOC_OK;
    rule->fired++;
    rule->acted += alert->acted;
    rule->alone += !alert->acted && alert->over;
    rule->open += !alert->over;
    return TOC_OK;
}

static void sort_times(struct handover_person *person)
{
    if (person->took_count > 0)
        qsort(person->took_ms, person->took_count, sizeof(*person->took_ms), by_length);
}

bool handover_is_at_night(const struct toc_tz *zone, toc_time_ms at_ms)
{
    toc_time_ms wall_ms = (at_ms + toc_tz_offset_ms(zone, at_ms)) % TOC_DAY_MS;
    if (wall_ms < 0)
        wall_ms += TOC_DAY_MS;
    return wall_ms >= HANDOVER_NIGHT_FROM_MS || wall_ms < HANDOVER_NIGHT_UNTIL_MS;
}

static void count_ring(struct handover *handover, const struct handover_ring *ring,
                       const struct toc_tz *zone)
{
    struct handover_alert *alert = handover_find(handover, ring->alert);
    bool night = handover_is_at_night(ring->zone != NULL ? ring->zone : zone, ring->at_ms);
    handover->people.items[ring->person].night += night;
    handover->all.night += night;
    if (alert == NULL)
        return; /* it was over, and somebody had it sent again */
    alert->rang++;
    alert->night += night;
}

enum toc_err handover_end(struct handover *handover, const struct toc_tz *zone)
{
    handover_sweep(handover);
    for (size_t i = 0; i < handover->rings.count; i++)
        if (handover->rings.items[i].at_ms >= handover->from_ms)
            count_ring(handover, &handover->rings.items[i], zone);
    for (size_t i = 0; i < handover->alerts.count; i++) {
        handover->exhausted += handover->alerts.items[i].through;
        TOC_TRY(count_rule(handover, &handover->alerts.items[i]));
    }
    if (handover->rules.count > 0)
        qsort(handover->rules.items, handover->rules.count, sizeof(*handover->rules.items),
              by_noise);
    for (size_t i = 0; i < handover->people.count; i++)
        sort_times(&handover->people.items[i]);
    sort_times(&handover->all);
    if (handover->people.count > 0)
        qsort(handover->people.items, handover->people.count, sizeof(*handover->people.items),
              by_person);
    return TOC_OK;
}

toc_time_ms handover_median_ms(const struct handover_person *person)
{
    size_t count = person->took_count;
    if (count == 0)
        return -1;
    return (person->took_ms[(count - 1) / 2] + person->took_ms[count / 2]) / 2;
}

toc_time_ms handover_p90_ms(const struct handover_person *person)
{
    size_t count = person->took_count;
    return count > 0 ? person->took_ms[(9 * count + 9) / 10 - 1] : -1;
}

toc_time_ms handover_slowest_ms(const struct handover_person *person)
{
    return person->took_count > 0 ? person->took_ms[person->took_count - 1] : -1;
}
