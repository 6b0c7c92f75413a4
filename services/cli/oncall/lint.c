#include "services/cli/oncall/lint_internal.h"

#include "services/cli/moment.h"
#include "services/cli/when.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WEEK_MS (7 * TOC_DAY_MS)
/* The clocks of two zones may stay apart for most of half a year. */
#define APART_MS (200 * TOC_DAY_MS)

const char *lint_name(enum lint_kind kind)
{
    static const char *const names[LINT_KINDS] = {
        [LINT_GAP] = "gap",
        [LINT_DST] = "dst_gap",
        [LINT_OVERLAP] = "overlap",
        [LINT_NO_METHOD] = "no_method",
        [LINT_EMPTY_STEP] = "empty_step",
    };
    return names[kind];
}

/* --- findings --------------------------------------------------------------------------------- */

void lint_say(char out[LINT_TEXT_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out, LINT_TEXT_MAX, format, args);
    va_end(args);
}

void lint_add_time(struct lint_times *times, toc_time_ms from_ms, toc_time_ms until_ms)
{
    bool more = times->count > 0 && times->last_ms == from_ms;
    if (times->count == 0)
        times->from_ms = from_ms;
    times->count += !more;
    if (times->count == 1)
        times->until_ms = until_ms;
    times->all_ms += until_ms - from_ms;
    times->last_ms = until_ms;
}

void lint_say_times(char out[LINT_TEXT_MAX], const struct lint *lint,
                    const struct lint_times *times, const struct toc_tz *zone)
{
    char from[WHEN_MAX], until[WHEN_MAX], span[MOMENT_MAX], more[96] = "";
    if (times->count > 1)
        snprintf(more, sizeof(more), ", and %zu more times in two years, %s in all",
                 times->count - 1, moment_span(span, times->all_ms));
    when_wall(until, zone, times->until_ms);
    lint_say(out, "from %s %s%s (%s)%s", when_wall(from, zone, times->from_ms),
             times->until_ms < lint->until_ms ? "until " : "on, for two years at least",
             times->until_ms < lint->until_ms ? until : "", toc_tz_name(zone), more);
}

struct lint_finding lint_finding_of(enum lint_kind kind, const char *subject,
                                    const struct lint_times *times)
{
    return (struct lint_finding){.kind = kind,
                                 .subject = subject,
                                 .from_ms = times->from_ms,
                                 .until_ms = times->until_ms,
                                 .times = times->count};
}

/* --- gaps ------------------------------------------------------------------------------------- */

/* The change of a zone's clocks that was the last before an instant; TOC_TIME_MIN for none. */
static toc_time_ms change_before(const struct toc_tz *zone, toc_time_ms at_ms)
{
    toc_time_ms found = TOC_TIME_MIN, change = toc_tz_next_change(zone, at_ms - APART_MS);
    for (; change <= at_ms; change = toc_tz_next_change(zone, change))
        found = change;
    return found;
}

/* The same wall time of the zone some weeks before. */
static toc_time_ms weeks_before(const struct toc_tz *zone, toc_time_ms at_ms, int64_t weeks)
{
    return toc_wall_instant(zone, toc_wall_reached(zone, at_ms) - weeks * WEEK_MS);
}

/* Somebody was on call so many weeks before at the same time on the wall of the zone. */
static bool had_somebody(const struct duty *duty, const struct toc_tz *zone, toc_time_ms at_ms,
                         int64_t weeks)
{
    struct toc_on_call before;
    toc_schedule_at(duty->schedule, NULL, weeks_before(zone, at_ms, weeks), &before);
    return before.count > 0;
}

/*
 * Whether a gap is there because the clocks of a zone changed: before that somebody was on call at
 * this time of every wall, although no layer had anybody at this time of its own.
 */
static bool is_made_by(const struct duty *duty, const struct toc_shift *gap, toc_time_ms change_ms)
{
    const struct toc_schedule *schedule = duty->schedule;
    toc_time_ms middle_ms = gap->from_ms + (gap->until_ms - gap->from_ms) / 2, until_ms;
    int64_t weeks = (middle_ms - change_ms + TOC_DAY_MS) / WEEK_MS + 1;
    if (!had_somebody(duty, schedule->zone, middle_ms, weeks))
        return false;
    for (size_t i = 0; i < schedule->layer_count; i++) {
        const struct toc_layer *layer = &schedule->layers[i];
        if (!had_somebody(duty, layer->zone, middle_ms, weeks) ||
            toc_layer_at(layer, weeks_before(layer->zone, middle_ms, weeks), &until_ms) != NULL)
            return false;
    }
    return true;
}

/* The zone whose clocks make the gap, the last to have changed, and when; NULL: none do. */
static const struct toc_tz *zone_behind(const struct duty *duty, const struct toc_shift *gap,
                                        toc_time_ms *out_change_ms)
{
    const struct toc_schedule *schedule = duty->schedule;
    const struct toc_tz *found = NULL;
    for (size_t i = 0; i <= schedule->layer_count; i++) {
        const struct toc_tz *zone =
            i < schedule->layer_count ? schedule->layers[i].zone : schedule->zone;
        toc_time_ms change_ms = change_before(zone, gap->from_ms);
        if (change_ms == TOC_TIME_MIN || (found != NULL && change_ms <= *out_change_ms) ||
            !is_made_by(duty, gap, change_ms))
            continue;
        *out_change_ms = change_ms;
        found = zone;
    }
    return found;
}

static void tell_gap(const struct lint *lint, const struct duty *duty,
                     const struct lint_times *times)
{
    struct lint_finding finding = lint_finding_of(LINT_GAP, duty->schedule->name, times);
    char when[LINT_TEXT_MAX];
    lint_say_times(when, lint, times, duty->schedule->zone);
    lint_say(finding.what, "nobody is on call %s", when);
    lint_say(finding.what_to_do,
             "give a layer these hours, or add a layer below that has all of them; where nobody is "
             "wanted, say so: temporary: [{from: ..., until: ..., people: []}]");
    lint_tell(lint, &finding);
}

static void tell_hole(const struct lint *lint, const struct duty *duty,
                      const struct lint_times *times, const struct toc_tz *zone,
                      toc_time_ms change_ms)
{
    struct lint_finding finding = lint_finding_of(LINT_DST, duty->schedule->name, times);
    char when[LINT_TEXT_MAX], change[WHEN_MAX];
    lint_say_times(when, lint, times, duty->schedule->zone);
    lint_say(finding.what, "nobody is on call %s, because the clocks of %s changed on %.14s", when,
             toc_tz_name(zone), when_wall(change, zone, change_ms));
    lint_say(finding.what_to_do, "let the layers overlap by an hour, or give them one zone");
    lint_tell(lint, &finding);
}

static void look_for_gaps(const struct lint *lint, const struct duty *duty)
{
    struct lint_times gaps = {.count = 0}, holes = {.count = 0};
    const struct toc_tz *first_zone = NULL;
    toc_time_ms first_change_ms = 0, change_ms = 0;
    struct toc_shift shift;
    for (toc_time_ms t = lint->from_ms; t < lint->until_ms; t = shift.until_ms) {
        toc_schedule_shift(duty->schedule, &duty->overrides, t, lint->until_ms, &shift);
        if (shift.who.count > 0 || shift.who.by == TOC_ON_CALL_TEMPORARY)
            continue;
        const struct toc_tz *zone = zone_behind(duty, &shift, &change_ms);
        lint_add_time(zone != NULL ? &holes : &gaps, shift.from_ms, shift.until_ms);
        if (zone != NULL && first_zone == NULL) {
            first_zone = zone;
            first_change_ms = change_ms;
        }
    }
    if (gaps.count > 0)
        tell_gap(lint, duty, &gaps);
    if (holes.count > 0)
        tell_hole(lint, duty, &holes, first_zone, first_change_ms);
}

/* --- people ----------------------------------------------------------------------------------- */

struct people {
    const char **names;
    size_t count, room;
};

static void add_person(struct people *people, const char *person)
{
    if (people->count == people->room) {
        size_t room = people->room * 2 + 64;
        const char **names = reallocarray(people->names, room, sizeof(*names));
        if (names == NULL)
            return; /* whoever is left out is not looked at */
        people->names = names;
        people->room = room;
    }
    people->names[people->count++] = person;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_people(struct people *people, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_person(people, names[i]);
}

/* Whoever had only shifts that are over is not of interest. */
static void gather_duty(const struct duty *duty, toc_time_ms now_ms, struct people *out)
{
    const struct toc_schedule *schedule = duty->schedule;
    for (size_t i = 0; i < schedule->layer_count; i++)
        add_people(out, schedule->layers[i].people, schedule->layers[i].person_count);
    for (size_t i = 0; i < schedule->temporary_count; i++)
        if (schedule->temporary[i].until_ms > now_ms)
            add_people(out, schedule->temporary[i].people, schedule->temporary[i].person_count);
    for (size_t i = 0; i < duty->overrides.count; i++)
        if (duty->overrides.items[i].until_ms > now_ms)
            add_person(out, duty->overrides.items[i].person);
}

static void gather_people(const struct lint *lint, struct people *out)
{
    for (size_t i = 0; i < lint->count; i++)
        gather_duty(&lint->duties[i], lint->from_ms, out);
    for (size_t i = 0; i < lint->policy->path_count; i++)
        for (size_t k = 0; k < lint->policy->paths[i].step_count; k++) {
            const struct toc_path_step *step = &lint->policy->paths[i].steps[k];
            add_people(out, step->contacts, step->contact_count);
        }
    if (out->count > 0)
        qsort(out->names, out->count, sizeof(*out->names), by_name);
}

static void look_at_people(const struct lint *lint)
{
    static const struct lint_times always = {.count = 1, .until_ms = TOC_TIME_NEVER};
    struct people people = {NULL, 0, 0};
    gather_people(lint, &people);
    for (size_t i = 0; i < people.count; i++) {
        if ((i > 0 && strcmp(people.names[i], people.names[i - 1]) == 0) ||
            lint->is_reached(lint->reached_arg, people.names[i]))
            continue;
        struct lint_finding finding = lint_finding_of(LINT_NO_METHOD, people.names[i], &always);
        lint_say(finding.what,
                 "has no contact method that may be used for urgent or for normal pages: such a "
                 "page is dead at once");
        lint_say(finding.what_to_do,
                 "add one to the contacts file and to that order, or verify it: tocsin contact "
                 "verify %s METHOD",
                 people.names[i]);
        lint_tell(lint, &finding);
    }
    free(people.names);
}

/* ---------------------------------------------------------------------------------------------- */

void lint_all(const struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++) {
        look_for_gaps(lint, &lint->duties[i]);
        lint_overlaps(lint, &lint->duties[i]);
    }
    lint_paths(lint);
    if (lint->is_reached != NULL)
        look_at_people(lint);
}
