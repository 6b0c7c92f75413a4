#include "services/cli/oncall/lint.h"

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

__attribute__((format(printf, 2, 3))) static void say(char out[LINT_TEXT_MAX], const char *format,
                                                      ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out, LINT_TEXT_MAX, format, args);
    va_end(args);
}

static void tell(const struct lint *lint, const struct lint_finding *finding)
{
    lint->told(lint->told_arg, finding);
}

/* Times of one kind, told in one finding: the first of them and how much they are together. */
struct times {
    toc_time_ms from_ms, until_ms;
    toc_time_ms all_ms;
    size_t count;
};

static void add_time(struct times *times, toc_time_ms from_ms, toc_time_ms until_ms)
{
    if (times->count++ == 0) {
        times->from_ms = from_ms;
        times->until_ms = until_ms;
    }
    times->all_ms += until_ms - from_ms;
}

/* "from Fri 2026-03-06 18:00 until Mon 2026-03-09 09:00 (Europe/Dublin), and 103 times more" */
static void say_times(char out[LINT_TEXT_MAX], const struct lint *lint, const struct times *times,
                      const struct toc_tz *zone)
{
    char from[WHEN_MAX], until[WHEN_MAX], span[MOMENT_MAX], more[96] = "";
    if (times->count > 1)
        snprintf(more, sizeof(more), ", and %zu more times in two years, %s in all",
                 times->count - 1, moment_span(span, times->all_ms));
    when_wall(until, zone, times->until_ms);
    say(out, "from %s %s%s (%s)%s", when_wall(from, zone, times->from_ms),
        times->until_ms < lint->until_ms ? "until " : "on, for two years at least",
        times->until_ms < lint->until_ms ? until : "", toc_tz_name(zone), more);
}

static struct lint_finding finding_of(enum lint_kind kind, const char *subject,
                                      const struct times *times)
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

/*
 * Whether a gap is there because the clocks of a zone changed: before that somebody was on call at
 * this wall time of the schedule, although no layer had anybody at this wall time of its own.
 */
static bool is_made_by(const struct duty *duty, const struct toc_shift *gap, toc_time_ms change_ms)
{
    const struct toc_schedule *schedule = duty->schedule;
    toc_time_ms middle_ms = gap->from_ms + (gap->until_ms - gap->from_ms) / 2, until_ms;
    int64_t weeks = (middle_ms - change_ms + TOC_DAY_MS) / WEEK_MS + 1;
    struct toc_on_call before;
    toc_schedule_at(schedule, NULL, weeks_before(schedule->zone, middle_ms, weeks), &before);
    if (before.count == 0)
        return false;
    for (size_t i = 0; i < schedule->layer_count; i++) {
        const struct toc_layer *layer = &schedule->layers[i];
        if (toc_layer_at(layer, weeks_before(layer->zone, middle_ms, weeks), &until_ms) != NULL)
            return false;
    }
    return true;
}

/* The zone whose clocks make the gap, and when; NULL: none do. */
static const struct toc_tz *zone_behind(const struct duty *duty, const struct toc_shift *gap,
                                        toc_time_ms *out_change_ms)
{
    const struct toc_schedule *schedule = duty->schedule;
    for (size_t i = 0; i <= schedule->layer_count; i++) {
        const struct toc_tz *zone =
            i < schedule->layer_count ? schedule->layers[i].zone : schedule->zone;
        toc_time_ms change_ms = change_before(zone, gap->from_ms);
        if (change_ms == TOC_TIME_MIN || !is_made_by(duty, gap, change_ms))
            continue;
        *out_change_ms = change_ms;
        return zone;
    }
    return NULL;
}

static void tell_gap(const struct lint *lint, const struct duty *duty, const struct times *times)
{
    struct lint_finding finding = finding_of(LINT_GAP, duty->schedule->name, times);
    char when[LINT_TEXT_MAX];
    say_times(when, lint, times, duty->schedule->zone);
    say(finding.what, "nobody is on call %s", when);
    say(finding.what_to_do,
        "give a layer these hours, or add a layer below that has all of them; where nobody is "
        "wanted, say so: temporary: [{from: ..., until: ..., people: []}]");
    tell(lint, &finding);
}

static void tell_hole(const struct lint *lint, const struct duty *duty, const struct times *times,
                      const struct toc_tz *zone, toc_time_ms change_ms)
{
    struct lint_finding finding = finding_of(LINT_DST, duty->schedule->name, times);
    char when[LINT_TEXT_MAX], change[WHEN_MAX];
    say_times(when, lint, times, duty->schedule->zone);
    say(finding.what, "nobody is on call %s, because the clocks of %s changed on %.14s", when,
        toc_tz_name(zone), when_wall(change, zone, change_ms));
    say(finding.what_to_do, "let the layers overlap by an hour, or give them one zone");
    tell(lint, &finding);
}

static void look_for_gaps(const struct lint *lint, const struct duty *duty)
{
    struct times gaps = {.count = 0}, holes = {.count = 0};
    const struct toc_tz *first_zone = NULL;
    toc_time_ms first_change_ms = 0, change_ms = 0;
    struct toc_shift shift;
    for (toc_time_ms t = lint->from_ms; t < lint->until_ms; t = shift.until_ms) {
        toc_schedule_shift(duty->schedule, &duty->overrides, t, lint->until_ms, &shift);
        if (shift.who.count > 0 || shift.who.by == TOC_ON_CALL_TEMPORARY)
            continue;
        const struct toc_tz *zone = zone_behind(duty, &shift, &change_ms);
        add_time(zone != NULL ? &holes : &gaps, shift.from_ms, shift.until_ms);
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

/* --- overlaps --------------------------------------------------------------------------------- */

/* The part that two times have in common and that is not over. */
static bool overlap(const struct lint *lint, const struct toc_interval *a,
                    const struct toc_interval *b, struct times *out)
{
    toc_time_ms from_ms = a->from_ms > b->from_ms ? a->from_ms : b->from_ms;
    toc_time_ms until_ms = a->until_ms < b->until_ms ? a->until_ms : b->until_ms;
    *out = (struct times){.count = 0};
    if (from_ms >= until_ms || until_ms <= lint->from_ms)
        return false;
    add_time(out, from_ms, until_ms);
    return true;
}

static void look_for_hidden_temporaries(const struct lint *lint, const struct duty *duty)
{
    const struct toc_schedule *schedule = duty->schedule;
    char when[LINT_TEXT_MAX], from[WHEN_MAX], other[WHEN_MAX];
    struct times common;
    for (size_t i = 0; i < schedule->temporary_count; i++)
        for (size_t k = i + 1; k < schedule->temporary_count; k++) {
            const struct toc_temporary *a = &schedule->temporary[i], *b = &schedule->temporary[k];
            if (!overlap(lint, &(struct toc_interval){a->from_ms, a->until_ms},
                         &(struct toc_interval){b->from_ms, b->until_ms}, &common))
                continue;
            struct lint_finding finding = finding_of(LINT_OVERLAP, schedule->name, &common);
            say_times(when, lint, &common, schedule->zone);
            say(finding.what, "the temporary shifts that begin at %s and %s overlap %s",
                when_wall(from, schedule->zone, a->from_ms),
                when_wall(other, schedule->zone, b->from_ms), when);
            say(finding.what_to_do,
                "the later in the file counts: end the other one before it, or name both people "
                "in one");
            tell(lint, &finding);
        }
}

static bool may_meet(const struct toc_override *a, const struct toc_override *b)
{
    bool any = a->replaces == NULL || b->replaces == NULL || a->replaces[0] == '\0' ||
               b->replaces[0] == '\0';
    return any || strcmp(a->replaces, b->replaces) == 0;
}

static void look_for_hidden_overrides(const struct lint *lint, const struct duty *duty)
{
    const struct toc_overrides *all = &duty->overrides;
    char when[LINT_TEXT_MAX];
    struct times common;
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = i + 1; k < all->count; k++) {
            const struct toc_override *a = &all->items[i], *b = &all->items[k];
            if (!may_meet(a, b) ||
                !overlap(lint, &(struct toc_interval){a->from_ms, a->until_ms},
                         &(struct toc_interval){b->from_ms, b->until_ms}, &common))
                continue;
            struct lint_finding finding = finding_of(LINT_OVERLAP, duty->schedule->name, &common);
            say_times(when, lint, &common, duty->schedule->zone);
            say(finding.what, "overrides %s (%s) and %s (%s) overlap %s", a->id, a->person, b->id,
                b->person, when);
            say(finding.what_to_do,
                "%s counts there; end the other one: tocsin oncall override "
                "end %s",
                b->id, a->id);
            tell(lint, &finding);
        }
}

/* --- steps ------------------------------------------------------------------------------------ */

static const struct duty *duty_of(const struct lint *lint, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < lint->count; i++)
        if (lint->duties[i].schedule == schedule)
            return &lint->duties[i];
    TOC_BUG("a step has a schedule of another policy");
}

/*
 * Until when it stays so that the step's schedules have somebody, or nobody: the latest end of a
 * shift that has somebody, else the soonest.
 */
static bool has_anybody(const struct lint *lint, const struct toc_path_step *step,
                        toc_time_ms at_ms, toc_time_ms *out_until_ms)
{
    toc_time_ms latest = TOC_TIME_MIN, soonest = lint->until_ms;
    struct toc_shift shift;
    for (size_t i = 0; i < step->schedule_count; i++) {
        const struct duty *duty = duty_of(lint, step->schedules[i]);
        toc_schedule_shift(duty->schedule, &duty->overrides, at_ms, lint->until_ms, &shift);
        if (shift.who.count > 0 && shift.until_ms > latest)
            latest = shift.until_ms;
        if (shift.until_ms < soonest)
            soonest = shift.until_ms;
    }
    *out_until_ms = latest != TOC_TIME_MIN ? latest : soonest;
    return latest != TOC_TIME_MIN;
}

static void look_at_step(const struct lint *lint, const struct toc_path *path, size_t index)
{
    const struct toc_path_step *step = &path->steps[index];
    struct times empty = {.count = 0};
    char when[LINT_TEXT_MAX];
    toc_time_ms until_ms;
    for (toc_time_ms t = lint->from_ms; t < lint->until_ms; t = until_ms)
        if (!has_anybody(lint, step, t, &until_ms))
            add_time(&empty, t, until_ms);
    if (empty.count == 0)
        return;
    struct lint_finding finding = finding_of(LINT_EMPTY_STEP, path->name, &empty);
    if (step->schedule_count > 0) {
        say_times(when, lint, &empty, step->schedules[0]->zone);
        say(finding.what, "step %zu means nobody %s", index + 1, when);
        say(finding.what_to_do,
            "it is skipped at once then: name a person beside its schedule (page: [ID]), or close "
            "the gap");
    } else {
        say(finding.what, "step %zu never means anybody", index + 1);
        say(finding.what_to_do, "give it people or a schedule, or take it out of the path");
    }
    tell(lint, &finding);
}

static void look_at_paths(const struct lint *lint)
{
    for (size_t i = 0; i < lint->policy->path_count; i++) {
        const struct toc_path *path = &lint->policy->paths[i];
        for (size_t k = 0; k < path->step_count; k++)
            if (path->steps[k].contact_count == 0)
                look_at_step(lint, path, k);
    }
}

/* --- people ----------------------------------------------------------------------------------- */

struct people {
    const char **names;
    size_t count, room;
};

static void add_person(void *arg, const char *person)
{
    struct people *people = arg;
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

static void gather_people(const struct lint *lint, struct people *out)
{
    for (size_t i = 0; i < lint->count; i++)
        duty_each_person(&lint->duties[i], add_person, out);
    for (size_t i = 0; i < lint->policy->path_count; i++)
        for (size_t k = 0; k < lint->policy->paths[i].step_count; k++) {
            const struct toc_path_step *step = &lint->policy->paths[i].steps[k];
            for (size_t c = 0; c < step->contact_count; c++)
                add_person(out, step->contacts[c]);
        }
    if (out->count > 0)
        qsort(out->names, out->count, sizeof(*out->names), by_name);
}

static void look_at_people(const struct lint *lint)
{
    static const struct times always = {.count = 1, .until_ms = TOC_TIME_NEVER};
    struct people people = {NULL, 0, 0};
    gather_people(lint, &people);
    for (size_t i = 0; i < people.count; i++) {
        if ((i > 0 && strcmp(people.names[i], people.names[i - 1]) == 0) ||
            lint->is_reached(lint->reached_arg, people.names[i]))
            continue;
        struct lint_finding finding = finding_of(LINT_NO_METHOD, people.names[i], &always);
        say(finding.what,
            "has no contact method that may be used: a page for them is dead at once");
        say(finding.what_to_do,
            "add one to the contacts file, or verify it: tocsin contact verify %s METHOD",
            people.names[i]);
        tell(lint, &finding);
    }
    free(people.names);
}

/* ---------------------------------------------------------------------------------------------- */

void lint_all(const struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++) {
        look_for_gaps(lint, &lint->duties[i]);
        look_for_hidden_temporaries(lint, &lint->duties[i]);
        look_for_hidden_overrides(lint, &lint->duties[i]);
    }
    look_at_paths(lint);
    if (lint->is_reached != NULL)
        look_at_people(lint);
}
