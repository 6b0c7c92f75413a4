/*
 * A schedule of any rotations, hours, temporary shifts and overrides, around the days on which
 * clocks change: who is on call is found at once for every instant, and shifts tile the time, each
 * as long as the same people are on call.
 */
#include "tests/fuzz/fuzz.h"

#include "common/schedule.h"

#define LAYERS  3
#define PEOPLE  4
#define EXTRA   3 /* temporary shifts, and overrides */
#define HOURS   4
#define SHIFTS  200 /* that are followed */
#define STEP_MS (11 * TOC_MINUTE_MS)

static const char *const zone_names[] = {
    "UTC",          "Europe/Dublin",  "America/Sao_Paulo", "Australia/Lord_Howe",
    "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "America/New_York"};
#define ZONES (sizeof(zone_names) / sizeof(zone_names[0]))

static const char *const people[] = {"ana", "ben", "chi", "dee", "ana", "flo"};
#define NAMES (sizeof(people) / sizeof(people[0]))

struct made {
    struct toc_schedule schedule;
    struct toc_layer layers[LAYERS];
    struct toc_week_window hours[LAYERS][HOURS];
    struct toc_temporary temporary[EXTRA];
    struct toc_override overrides[EXTRA];
    struct toc_overrides told;
};

static const struct toc_tz *zone_of(unsigned byte)
{
    static struct toc_tz *zones[ZONES];
    unsigned place = byte % ZONES;
    if (zones[place] == NULL)
        TOC_ASSERT(toc_tz_load(zone_names[place], &zones[place]) == TOC_OK);
    return zones[place];
}

/* --- making one ------------------------------------------------------------------------------- */

static unsigned two_bytes(struct fuzz_input *in)
{
    unsigned high = fuzz_byte(in);
    return high << 8 | fuzz_byte(in);
}

/* Days from 2026 to 2029. */
static int64_t day_of(struct fuzz_input *in)
{
    return toc_days_from_date(2026, 1, 1) + two_bytes(in) % 1400;
}

static toc_time_ms instant_of(struct fuzz_input *in)
{
    return day_of(in) * TOC_DAY_MS + (toc_time_ms)(two_bytes(in) % 1440) * TOC_MINUTE_MS;
}

/* Windows apart from each other, within the week. */
static size_t make_hours(struct fuzz_input *in, struct toc_week_window *out)
{
    toc_time_ms at_ms = 0;
    size_t count = 0;
    for (unsigned n = fuzz_byte(in) % (HOURS + 1); count < n; count++) {
        at_ms += (1 + fuzz_byte(in)) * 15 * (toc_time_ms)TOC_MINUTE_MS;
        out[count].from_ms = at_ms;
        at_ms += (1 + fuzz_byte(in)) * 15 * (toc_time_ms)TOC_MINUTE_MS;
        out[count].until_ms = at_ms;
        if (at_ms > 7 * TOC_DAY_MS)
            break;
    }
    return count;
}

static void make_layer(struct fuzz_input *in, struct made *made, size_t place)
{
    made->layers[place] =
        (struct toc_layer){.name = "layer",
                           .zone = zone_of(fuzz_byte(in)),
                           .rotation = (enum toc_rotation)(fuzz_byte(in) % 4),
                           .every = 1 + fuzz_byte(in) % 40,
                           .start_day = day_of(in),
                           .at_ms = (toc_time_ms)(two_bytes(in) % 1440) * TOC_MINUTE_MS,
                           .people = people + fuzz_byte(in) % (NAMES - PEOPLE),
                           .person_count = 1 + fuzz_byte(in) % PEOPLE,
                           .hours = made->hours[place],
                           .hour_count = make_hours(in, made->hours[place])};
}

static void make_extra(struct fuzz_input *in, struct made *made)
{
    static const char *const ids[] = {"o1", "o2", "o3"};
    made->schedule.temporary_count = fuzz_byte(in) % (EXTRA + 1);
    for (size_t i = 0; i < made->schedule.temporary_count; i++) {
        toc_time_ms from_ms = instant_of(in);
        made->temporary[i] = (struct toc_temporary){
            from_ms, from_ms + (1 + two_bytes(in)) * (toc_time_ms)TOC_MINUTE_MS, people,
            fuzz_byte(in) % (PEOPLE + 1)};
    }
    made->told = (struct toc_overrides){made->overrides, fuzz_byte(in) % (EXTRA + 1)};
    for (size_t i = 0; i < made->told.count; i++) {
        toc_time_ms from_ms = instant_of(in);
        unsigned who = fuzz_byte(in);
        made->overrides[i] = (struct toc_override){
            .id = ids[i],
            .person = people[who % NAMES],
            .replaces = (who & 64) != 0 ? "" : people[who / 8 % NAMES],
            .from_ms = from_ms,
            .until_ms = from_ms + (1 + two_bytes(in)) * (toc_time_ms)TOC_MINUTE_MS};
    }
}

static void make(struct fuzz_input *in, struct made *made)
{
    made->schedule = (struct toc_schedule){.name = "desk",
                                           .zone = zone_of(fuzz_byte(in)),
                                           .layers = made->layers,
                                           .layer_count = 1 + fuzz_byte(in) % LAYERS,
                                           .temporary = made->temporary};
    for (size_t i = 0; i < made->schedule.layer_count; i++)
        make_layer(in, made, i);
    make_extra(in, made);
}

/* --- looking ---------------------------------------------------------------------------------- */

static bool is_same(const struct toc_on_call *a, const struct toc_on_call *b)
{
    for (size_t i = 0; i < a->count && a->count == b->count; i++)
        if (strcmp(a->people[i], b->people[i]) != 0)
            return false;
    return a->count == b->count;
}

static struct toc_on_call who_at(const struct made *made, toc_time_ms at_ms)
{
    struct toc_on_call who;
    toc_schedule_at(&made->schedule, &made->told, at_ms, &who);
    TOC_ASSERT(who.count <= TOC_ON_CALL_MAX && who.by_name != NULL);
    TOC_ASSERT(who.count == 0 || who.by != TOC_ON_CALL_NOBODY);
    for (size_t i = 0; i < who.count; i++)
        for (size_t k = 0; k < i; k++)
            TOC_ASSERT(strcmp(who.people[i], who.people[k]) != 0);
    return who;
}

static void check_layer(const struct toc_layer *layer, toc_time_ms at_ms)
{
    toc_time_ms until_ms, later_ms;
    const char *who = toc_layer_at(layer, at_ms, &until_ms);
    TOC_ASSERT(until_ms > at_ms);
    const char *last = toc_layer_at(layer, until_ms - 1, &later_ms);
    TOC_ASSERT(later_ms == until_ms);
    TOC_ASSERT((who == NULL) == (last == NULL) && (who == NULL || strcmp(who, last) == 0));
}

/* A wall time is reached at the first instant at which the clock shows it or a later one. */
static void check_wall(const struct toc_tz *zone, toc_time_ms wall_ms)
{
    toc_time_ms at_ms = toc_wall_instant(zone, wall_ms);
    TOC_ASSERT(toc_wall_reached(zone, at_ms) >= wall_ms);
    TOC_ASSERT(toc_wall_reached(zone, at_ms - 1) < wall_ms);
}

static void check_shifts(const struct made *made, toc_time_ms from_ms, toc_time_ms until_ms)
{
    struct toc_shift shift = {.until_ms = from_ms};
    for (unsigned i = 0; i < SHIFTS && shift.until_ms < until_ms; i++) {
        struct toc_on_call before = shift.who;
        toc_time_ms at_ms = shift.until_ms;
        toc_schedule_shift(&made->schedule, &made->told, at_ms, until_ms, &shift);
        TOC_ASSERT(shift.from_ms == at_ms && shift.until_ms > at_ms && shift.until_ms <= until_ms);
        TOC_ASSERT(i == 0 || !is_same(&before, &shift.who));
        for (; at_ms < shift.until_ms; at_ms += STEP_MS) {
            struct toc_on_call who = who_at(made, at_ms);
            TOC_ASSERT(is_same(&who, &shift.who));
        }
        struct toc_on_call last = who_at(made, shift.until_ms - 1);
        TOC_ASSERT(is_same(&last, &shift.who));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, data + size};
    struct made made;
    make(&in, &made);
    toc_time_ms at_ms = instant_of(&in);
    /* Close to where the clocks change, more often than not. */
    if ((fuzz_byte(&in) & 3) != 0) {
        toc_time_ms change_ms = toc_tz_next_change(made.layers[0].zone, at_ms);
        if (change_ms < at_ms + 366 * TOC_DAY_MS)
            at_ms = change_ms - (toc_time_ms)(fuzz_byte(&in) % 48) * TOC_HOUR_MS;
    }
    for (size_t i = 0; i < made.schedule.layer_count; i++) {
        check_layer(&made.layers[i], at_ms);
        check_wall(made.layers[i].zone, at_ms);
    }
    check_shifts(&made, at_ms, at_ms + (1 + fuzz_byte(&in) % 5) * TOC_DAY_MS);
    return 0;
}
