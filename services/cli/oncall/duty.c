#include "services/cli/oncall/duty.h"

/* No wall is further away from UTC. */
#define ZONE_MS (2 * TOC_DAY_MS)

static toc_time_ms earlier(toc_time_ms a, toc_time_ms b)
{
    return a < b ? a : b;
}

static toc_time_ms later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

/* Nobody has a shift here or before. */
static toc_time_ms begin_of(const struct duty *duty)
{
    const struct toc_schedule *schedule = duty->schedule;
    toc_time_ms begin = TOC_CALENDAR_END_MS;
    for (size_t i = 0; i < schedule->layer_count; i++)
        begin = earlier(begin, schedule->layers[i].start_day * TOC_DAY_MS - ZONE_MS);
    for (size_t i = 0; i < schedule->temporary_count; i++)
        begin = earlier(begin, schedule->temporary[i].from_ms);
    for (size_t i = 0; i < duty->overrides.count; i++)
        begin = earlier(begin, duty->overrides.items[i].from_ms);
    return later(begin - TOC_DAY_MS, TOC_CALENDAR_BEGIN_MS);
}

/* The shift at `from_ms`, from there on; its end is sought from `at_ms` on. */
static void shift_from(const struct duty *duty, toc_time_ms from_ms, toc_time_ms at_ms,
                       struct toc_shift *out)
{
    toc_time_ms until_ms = earlier(at_ms + DUTY_AHEAD_MS, TOC_CALENDAR_END_MS);
    toc_schedule_shift(duty->schedule, &duty->overrides, from_ms, until_ms, out);
    if (out->until_ms >= until_ms)
        out->until_ms = TOC_TIME_NEVER;
}

/* Looked for from further and further back: one that begins behind that place begins there. */
void duty_at(const struct duty *duty, toc_time_ms at_ms, struct toc_shift *out)
{
    toc_time_ms begin_ms = begin_of(duty), back_ms = TOC_DAY_MS, from_ms;
    struct toc_shift shift;
    do {
        from_ms = later(at_ms - back_ms, begin_ms);
        back_ms *= 8;
        shift.until_ms = from_ms;
        do
            shift_from(duty, shift.until_ms, at_ms, &shift);
        while (shift.until_ms <= at_ms);
    } while (shift.from_ms == from_ms && from_ms > begin_ms);
    if (shift.from_ms == from_ms)
        shift.from_ms = TOC_TIME_MIN;
    *out = shift;
}

bool duty_next(const struct duty *duty, struct toc_shift *shift)
{
    if (shift->until_ms == TOC_TIME_NEVER)
        return false;
    shift_from(duty, shift->until_ms, shift->until_ms, shift);
    return true;
}

const struct toc_override *duty_override(const struct duty *duty, const struct toc_shift *shift)
{
    for (size_t i = 0; i < duty->overrides.count; i++) {
        const struct toc_override *item = &duty->overrides.items[i];
        if (item->from_ms < shift->until_ms && item->until_ms > shift->from_ms &&
            shift_has(shift, item->person))
            return item;
    }
    return NULL;
}

bool shift_has(const struct toc_shift *shift, const char *person)
{
    for (size_t i = 0; i < shift->who.count; i++)
        if (strcmp(shift->who.people[i], person) == 0)
            return true;
    return false;
}

void duty_each_person(const struct duty *duty, void (*each)(void *arg, const char *person),
                      void *arg)
{
    const struct toc_schedule *schedule = duty->schedule;
    for (size_t i = 0; i < schedule->layer_count; i++)
        for (size_t k = 0; k < schedule->layers[i].person_count; k++)
            each(arg, schedule->layers[i].people[k]);
    for (size_t i = 0; i < schedule->temporary_count; i++)
        for (size_t k = 0; k < schedule->temporary[i].person_count; k++)
            each(arg, schedule->temporary[i].people[k]);
    for (size_t i = 0; i < duty->overrides.count; i++)
        each(arg, duty->overrides.items[i].person);
}

struct search {
    const char *person;
    bool found;
};

static void look_at(void *arg, const char *person)
{
    struct search *search = arg;
    search->found = search->found || strcmp(search->person, person) == 0;
}

bool duty_knows(const struct duty *duty, const char *person)
{
    struct search search = {person, false};
    duty_each_person(duty, look_at, &search);
    return search.found;
}
