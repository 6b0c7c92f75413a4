#include "services/cli/oncall/lint_internal.h"

#include <stdio.h>

/* --- whom steps mean -------------------------------------------------------------------------- */

static const struct duty *duty_of(const struct lint *lint, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < lint->count; i++)
        if (lint->duties[i].schedule == schedule)
            return &lint->duties[i];
    TOC_BUG("a step has a schedule of another policy");
}

static void add(struct toc_on_call *who, const char *person)
{
    for (size_t i = 0; i < who->count; i++)
        if (strcmp(who->people[i], person) == 0)
            return;
    if (who->count < TOC_ON_CALL_MAX)
        who->people[who->count++] = person;
}

/*
 * Whom the steps mean together at an instant, of many some, and until when that stays so at least.
 * `by` is TEMPORARY when every one of their schedules has nobody on purpose.
 */
static toc_time_ms who_at(const struct lint *lint, const struct toc_path_step *steps, size_t count,
                          toc_time_ms at_ms, struct toc_on_call *out)
{
    toc_time_ms until_ms = lint->until_ms;
    struct toc_shift shift;
    *out = (struct toc_on_call){.by = TOC_ON_CALL_TEMPORARY};
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < steps[k].contact_count; i++)
            add(out, steps[k].contacts[i]);
        for (size_t i = 0; i < steps[k].schedule_count; i++) {
            const struct duty *duty = duty_of(lint, steps[k].schedules[i]);
            toc_schedule_shift(duty->schedule, &duty->overrides, at_ms, until_ms, &shift);
            for (size_t p = 0; p < shift.who.count; p++)
                add(out, shift.who.people[p]);
            if (shift.who.by != TOC_ON_CALL_TEMPORARY)
                out->by = TOC_ON_CALL_NOBODY;
            until_ms = shift.until_ms;
        }
    }
    return until_ms;
}

/* The zone in which it is told when no step means anybody; NULL: some step names a person, or none
 * ever means anybody. */
static const struct toc_tz *zone_of(const struct toc_path *path)
{
    const struct toc_tz *zone = NULL;
    for (size_t k = 0; k < path->step_count; k++) {
        if (path->steps[k].contact_count > 0)
            return NULL;
        if (zone == NULL && path->steps[k].schedule_count > 0)
            zone = path->steps[k].schedules[0]->zone;
    }
    return zone;
}

/* --- empty ones ------------------------------------------------------------------------------- */

/* `meant`: times with nobody on purpose count, too. */
static void find_empty(const struct lint *lint, const struct toc_path_step *steps, size_t count,
                       bool meant, struct lint_times *out)
{
    struct toc_on_call who;
    toc_time_ms until_ms;
    *out = (struct lint_times){.count = 0};
    for (toc_time_ms t = lint->from_ms; t < lint->until_ms; t = until_ms) {
        until_ms = who_at(lint, steps, count, t, &who);
        if (who.count == 0 && (meant || who.by != TOC_ON_CALL_TEMPORARY))
            lint_add_time(out, t, until_ms);
    }
}

static void look_at_step(const struct lint *lint, const struct toc_path *path, size_t index)
{
    const struct toc_path_step *step = &path->steps[index];
    struct lint_times empty;
    char when[LINT_TEXT_MAX];
    if (step->contact_count > 0)
        return;
    find_empty(lint, step, 1, step->schedule_count == 0, &empty);
    if (empty.count == 0)
        return;
    struct lint_finding finding = lint_finding_of(LINT_EMPTY_STEP, path->name, &empty);
    if (step->schedule_count > 0) {
        lint_say_times(when, lint, &empty, step->schedules[0]->zone);
        lint_say(finding.what, "step %zu means nobody %s", index + 1, when);
        lint_say(finding.what_to_do,
                 "it is skipped at once then: name a person beside its schedule (page: [ID]), or "
                 "close the gap");
    } else {
        lint_say(finding.what, "step %zu never means anybody", index + 1);
        lint_say(finding.what_to_do, "give it people or a schedule, or take it out of the path");
    }
    lint_tell(lint, &finding);
}

/* An alert then is through with its path as soon as it opens. */
static void look_at_whole(const struct lint *lint, const struct toc_path *path)
{
    const struct toc_tz *zone = zone_of(path);
    struct lint_times empty;
    char when[LINT_TEXT_MAX];
    if (zone == NULL)
        return;
    find_empty(lint, path->steps, path->step_count, true, &empty);
    if (empty.count == 0)
        return;
    struct lint_finding finding = lint_finding_of(LINT_EMPTY_STEP, path->name, &empty);
    lint_say_times(when, lint, &empty, zone);
    lint_say(finding.what, "an alert rings nobody, as no step means anybody, %s", when);
    lint_say(finding.what_to_do,
             "name a person beside the schedule of the last step (page: [ID]), or close the gap");
    lint_tell(lint, &finding);
}

/* --- the same people again -------------------------------------------------------------------- */

static bool has_schedule(const struct toc_path_step *step, const struct toc_schedule *schedule)
{
    for (size_t i = 0; i < step->schedule_count; i++)
        if (step->schedules[i] == schedule)
            return true;
    return false;
}

/* A step that has a schedule of its own is meant to reach somebody else. */
static bool is_meant_for_others(const struct toc_path_step *first,
                                const struct toc_path_step *second)
{
    bool others = false;
    for (size_t i = 0; i < second->schedule_count; i++)
        others = others || !has_schedule(first, second->schedules[i]);
    return others && !first->round_robin && !second->round_robin;
}

static bool is_within(const struct toc_on_call *some, const struct toc_on_call *all)
{
    if (all->count == TOC_ON_CALL_MAX)
        return false; /* there may be more */
    for (size_t i = 0; i < some->count; i++) {
        struct toc_on_call both = *all;
        add(&both, some->people[i]);
        if (both.count > all->count)
            return false;
    }
    return some->count > 0;
}

static void tell_same(const struct lint *lint, const struct toc_path *path, size_t index,
                      const struct lint_times *same, const char *person)
{
    const struct toc_path_step *second = &path->steps[index + 1];
    struct lint_finding finding = lint_finding_of(LINT_OVERLAP, path->name, same);
    char when[LINT_TEXT_MAX];
    lint_say_times(when, lint, same, second->schedules[0]->zone);
    lint_say(finding.what, "steps %zu and %zu ring the same people (%s) %s", index + 1, index + 2,
             person, when);
    lint_say(finding.what_to_do,
             "whoever does not answer the one will not answer the other: move the rotation of one "
             "schedule, or swap shifts (tocsin oncall swap)");
    lint_tell(lint, &finding);
}

static void look_for_same(const struct lint *lint, const struct toc_path *path, size_t index)
{
    const struct toc_path_step *first = &path->steps[index], *second = first + 1;
    struct toc_on_call one, two;
    struct lint_times same = {.count = 0};
    const char *person = NULL;
    toc_time_ms until_ms;
    if (!is_meant_for_others(first, second))
        return;
    for (toc_time_ms t = lint->from_ms; t < lint->until_ms; t = until_ms) {
        toc_time_ms one_ms = who_at(lint, first, 1, t, &one);
        until_ms = who_at(lint, second, 1, t, &two);
        if (one_ms < until_ms)
            until_ms = one_ms;
        if (!is_within(&two, &one))
            continue;
        lint_add_time(&same, t, until_ms);
        if (person == NULL)
            person = two.people[0];
    }
    if (same.count > 0)
        tell_same(lint, path, index, &same, person);
}

/* ---------------------------------------------------------------------------------------------- */

void lint_paths(const struct lint *lint)
{
    for (size_t i = 0; i < lint->policy->path_count; i++) {
        const struct toc_path *path = &lint->policy->paths[i];
        bool alone = path->step_count == 1 && path->steps[0].schedule_count > 0;
        for (size_t k = 0; k < path->step_count && !alone; k++)
            look_at_step(lint, path, k);
        for (size_t k = 0; k + 1 < path->step_count; k++)
            look_for_same(lint, path, k);
        look_at_whole(lint, path);
    }
}
