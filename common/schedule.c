#include "common/schedule.h"

/* No offset of a zone is further from UTC (tz.h). */
#define OFFSET_MAX_MS (26 * (toc_time_ms)TOC_HOUR_MS)
#define WEEK_MS       (7 * TOC_DAY_MS)
#define MONDAY_MS     (-3 * TOC_DAY_MS) /* 1970-01-01 was a Thursday */

static toc_time_ms earlier(toc_time_ms a, toc_time_ms b)
{
    return a < b ? a : b;
}

static toc_time_ms later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

/* Rounded down; `by` is positive. */
static int64_t divided(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* --- the wall clock --------------------------------------------------------------------------- */

toc_time_ms toc_wall_instant(const struct toc_tz *zone, toc_time_ms wall_ms)
{
    toc_time_ms from = wall_ms - OFFSET_MAX_MS; /* of the period with one offset */
    for (;;) {
        toc_time_ms until = toc_tz_next_change(zone, from);
        toc_time_ms instant = wall_ms - toc_tz_offset_ms(zone, from);
        if (instant < until)
            return later(instant, from); /* `from`: it lies in the gap before the period */
        from = until;
    }
}

toc_time_ms toc_wall_reached(const struct toc_tz *zone, toc_time_ms instant_ms)
{
    toc_time_ms from = instant_ms - 2 * OFFSET_MAX_MS, change;
    toc_time_ms reached = instant_ms + toc_tz_offset_ms(zone, instant_ms);
    for (; (change = toc_tz_next_change(zone, from)) <= instant_ms; from = change)
        reached = later(reached, change - 1 + toc_tz_offset_ms(zone, from));
    return reached;
}

/* --- one layer -------------------------------------------------------------------------------- */

/* Months since the year 0, and the day of the month. */
static int64_t months_of(int64_t days, unsigned *out_day)
{
    int year;
    unsigned month;
    toc_date_from_days(days, &year, &month, out_day);
    return (int64_t)year * 12 + month - 1;
}

static toc_time_ms monthly_hand_over(const struct toc_layer *layer, int64_t turn)
{
    unsigned day;
    int64_t months = months_of(layer->start_day, &day) + turn * layer->every;
    int year = (int)divided(months, 12);
    unsigned month = (unsigned)(months - (int64_t)year * 12) + 1;
    unsigned last = toc_days_in_month(year, month);
    return toc_days_from_date(year, month, day < last ? day : last) * TOC_DAY_MS + layer->at_ms;
}

/* Between two hand-overs, on the wall; 0 for months, which differ. */
static toc_time_ms step_of(const struct toc_layer *layer)
{
    static const toc_time_ms steps[] = {
        [TOC_ROTATION_HOURLY] = TOC_HOUR_MS,
        [TOC_ROTATION_DAILY] = TOC_DAY_MS,
        [TOC_ROTATION_WEEKLY] = WEEK_MS,
        [TOC_ROTATION_MONTHLY] = 0,
    };
    return steps[layer->rotation] * layer->every;
}

/* The wall time of a hand-over, counted from 0. */
static toc_time_ms hand_over(const struct toc_layer *layer, int64_t turn)
{
    if (layer->rotation == TOC_ROTATION_MONTHLY)
        return monthly_hand_over(layer, turn);
    return layer->start_day * TOC_DAY_MS + layer->at_ms + turn * step_of(layer);
}

/* The last hand-over that is not after the wall time; negative before the first. */
static int64_t turn_at(const struct toc_layer *layer, toc_time_ms wall_ms)
{
    if (layer->rotation != TOC_ROTATION_MONTHLY)
        return divided(wall_ms - hand_over(layer, 0), step_of(layer));
    unsigned day;
    int64_t months = months_of(divided(wall_ms, TOC_DAY_MS), &day);
    int64_t turn = divided(months - months_of(layer->start_day, &day), layer->every);
    return hand_over(layer, turn) <= wall_ms ? turn : turn - 1;
}

/* Whether the wall time is within the layer's hours, and the later one at which that changes. */
static bool is_in_hours(const struct toc_layer *layer, toc_time_ms wall_ms, toc_time_ms *out_edge)
{
    toc_time_ms monday = MONDAY_MS + divided(wall_ms - MONDAY_MS, WEEK_MS) * WEEK_MS;
    for (size_t i = 0; i < layer->hour_count; i++) {
        const struct toc_week_window *window = &layer->hours[i];
        if (wall_ms - monday >= window->until_ms)
            continue;
        bool inside = wall_ms - monday >= window->from_ms;
        *out_edge = monday + (inside ? window->until_ms : window->from_ms);
        return inside;
    }
    *out_edge = monday + WEEK_MS + layer->hours[0].from_ms;
    return false;
}

static bool is_in_calendar(const struct toc_calendar *calendar, toc_time_ms instant_ms,
                           toc_time_ms *out_edge_ms)
{
    struct toc_interval open;
    *out_edge_ms = TOC_TIME_NEVER;
    if (toc_calendar_interval_after(calendar, instant_ms, &open) != TOC_OK)
        return false;
    bool inside = open.from_ms <= instant_ms;
    *out_edge_ms = inside ? open.until_ms : open.from_ms;
    return inside;
}

const char *toc_layer_at(const struct toc_layer *layer, toc_time_ms instant_ms,
                         toc_time_ms *out_until_ms)
{
    toc_time_ms wall_ms = toc_wall_reached(layer->zone, instant_ms), edge;
    int64_t turn = turn_at(layer, wall_ms);
    bool on = true;
    if (turn < 0) {
        *out_until_ms = toc_wall_instant(layer->zone, hand_over(layer, 0));
        return NULL;
    }
    *out_until_ms = toc_wall_instant(layer->zone, hand_over(layer, turn + 1));
    if (layer->hour_count > 0) {
        on = is_in_hours(layer, wall_ms, &edge);
        *out_until_ms = earlier(*out_until_ms, toc_wall_instant(layer->zone, edge));
    }
    if (layer->calendar != NULL) {
        on = is_in_calendar(layer->calendar, instant_ms, &edge) && on;
        *out_until_ms = earlier(*out_until_ms, edge);
    }
    return on ? layer->people[(size_t)turn % layer->person_count] : NULL;
}

/* --- the schedule ----------------------------------------------------------------------------- */

static bool has(const struct toc_on_call *who, const char *person)
{
    for (size_t i = 0; i < who->count; i++)
        if (strcmp(who->people[i], person) == 0)
            return true;
    return false;
}

static void add(struct toc_on_call *who, const char *person)
{
    if (who->count < TOC_ON_CALL_MAX && !has(who, person))
        who->people[who->count++] = person;
}

/* Whether the instant is in [from, until). Takes an edge behind it into account. */
static bool covers(toc_time_ms from_ms, toc_time_ms until_ms, toc_time_ms instant_ms,
                   toc_time_ms *edge_ms)
{
    if (from_ms > instant_ms)
        *edge_ms = earlier(*edge_ms, from_ms);
    if (until_ms > instant_ms)
        *edge_ms = earlier(*edge_ms, until_ms);
    return from_ms <= instant_ms && instant_ms < until_ms;
}

static const struct toc_temporary *temporary_at(const struct toc_schedule *schedule,
                                                toc_time_ms instant_ms, toc_time_ms *edge_ms)
{
    const struct toc_temporary *last = NULL;
    for (size_t i = 0; i < schedule->temporary_count; i++) {
        const struct toc_temporary *shift = &schedule->temporary[i];
        if (covers(shift->from_ms, shift->until_ms, instant_ms, edge_ms))
            last = shift;
    }
    return last;
}

/* What the schedule says by itself, and the later instant until which it does at least. */
static void planned_at(const struct toc_schedule *schedule, toc_time_ms instant_ms,
                       struct toc_on_call *out, toc_time_ms *edge_ms)
{
    const struct toc_temporary *temporary = temporary_at(schedule, instant_ms, edge_ms);
    *out = (struct toc_on_call){.by = TOC_ON_CALL_NOBODY, .by_name = ""};
    if (temporary != NULL) {
        out->by = TOC_ON_CALL_TEMPORARY;
        for (size_t i = 0; i < temporary->person_count; i++)
            add(out, temporary->people[i]);
        return;
    }
    for (size_t i = schedule->layer_count; i-- > 0 && out->count == 0;) {
        toc_time_ms until_ms;
        const char *person = toc_layer_at(&schedule->layers[i], instant_ms, &until_ms);
        *edge_ms = earlier(*edge_ms, until_ms);
        if (person == NULL)
            continue;
        out->by = TOC_ON_CALL_LAYER;
        out->by_name = schedule->layers[i].name;
        add(out, person);
    }
}

/* Of those that are in force at the instant, the last that is about `person`, NULL for nobody. */
static const struct toc_override *override_of(const struct toc_overrides *overrides,
                                              toc_time_ms instant_ms, const char *person)
{
    for (size_t i = overrides->count; i-- > 0;) {
        const struct toc_override *one = &overrides->items[i];
        bool whoever = one->replaces == NULL || one->replaces[0] == '\0';
        if (one->from_ms <= instant_ms && instant_ms < one->until_ms &&
            (whoever || (person != NULL && strcmp(one->replaces, person) == 0)))
            return one;
    }
    return NULL;
}

static void put(struct toc_on_call *out, const char *person, const struct toc_override *by)
{
    if (by != NULL && (person == NULL || strcmp(by->person, person) != 0)) {
        out->by = TOC_ON_CALL_OVERRIDE;
        out->by_name = by->id;
    }
    if (by != NULL)
        add(out, by->person);
    else if (person != NULL)
        add(out, person);
}

/* Who is on call, and the later instant until which they are at least. */
static toc_time_ms find(const struct toc_schedule *schedule, const struct toc_overrides *overrides,
                        toc_time_ms instant_ms, struct toc_on_call *out)
{
    toc_time_ms edge_ms = TOC_TIME_NEVER;
    struct toc_on_call planned;
    planned_at(schedule, instant_ms, &planned, &edge_ms);
    *out = planned;
    if (overrides == NULL || overrides->count == 0)
        return edge_ms;
    for (size_t i = 0; i < overrides->count; i++)
        (void)covers(overrides->items[i].from_ms, overrides->items[i].until_ms, instant_ms,
                     &edge_ms);
    out->count = 0;
    for (size_t i = 0; i < planned.count; i++)
        put(out, planned.people[i], override_of(overrides, instant_ms, planned.people[i]));
    if (planned.count == 0)
        put(out, NULL, override_of(overrides, instant_ms, NULL));
    return edge_ms;
}

void toc_schedule_at(const struct toc_schedule *schedule, const struct toc_overrides *overrides,
                     toc_time_ms instant_ms, struct toc_on_call *out)
{
    (void)find(schedule, overrides, instant_ms, out);
}

static bool are_same(const struct toc_on_call *a, const struct toc_on_call *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = has(b, a->people[i]);
    return same;
}

void toc_schedule_shift(const struct toc_schedule *schedule, const struct toc_overrides *overrides,
                        toc_time_ms from_ms, toc_time_ms until_ms, struct toc_shift *out)
{
    struct toc_on_call next;
    toc_time_ms end_ms = find(schedule, overrides, from_ms, &out->who);
    while (end_ms < until_ms) {
        toc_time_ms later_ms = find(schedule, overrides, end_ms, &next);
        if (!are_same(&next, &out->who))
            break;
        end_ms = later_ms;
    }
    out->from_ms = from_ms;
    out->until_ms = earlier(end_ms, until_ms);
}
