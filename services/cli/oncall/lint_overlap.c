#include "services/cli/oncall/lint_internal.h"

#include "services/cli/when.h"

#include <stdio.h>

#define LAYERS_MAX 64 /* more than a policy may have */

/* --- layers ----------------------------------------------------------------------------------- */

/* What becomes of the layers in two years, by their places. */
struct layers {
    bool has[LAYERS_MAX];    /* it has somebody at some time */
    bool counts[LAYERS_MAX]; /* and is the last that has */
    size_t left;             /* that have not counted yet */
};

/* The instant from which on another answer may be right. */
static toc_time_ms look_at_layers(const struct toc_schedule *schedule, toc_time_ms at_ms,
                                  struct layers *out)
{
    toc_time_ms edge_ms = TOC_TIME_NEVER, until_ms;
    bool taken = false;
    for (size_t i = schedule->layer_count; i-- > 0;) {
        bool has = toc_layer_at(&schedule->layers[i], at_ms, &until_ms) != NULL;
        out->has[i] = out->has[i] || has;
        out->left -= has && !taken && !out->counts[i];
        out->counts[i] = out->counts[i] || (has && !taken);
        taken = taken || has;
        if (until_ms < edge_ms)
            edge_ms = until_ms;
    }
    return edge_ms;
}

static void tell_layer(const struct lint *lint, const struct duty *duty, const char *name, bool has)
{
    const struct lint_times always = {.count = 1, .until_ms = TOC_TIME_NEVER};
    struct lint_finding finding =
        lint_finding_of(has ? LINT_OVERLAP : LINT_GAP, duty->schedule->name, &always);
    if (has) {
        lint_say(finding.what,
                 "layer %s never counts in two years: whenever it has somebody, so has a later one",
                 name);
        lint_say(finding.what_to_do,
                 "a later layer wins: list those with all hours first, those with few last");
    } else {
        lint_say(finding.what, "layer %s has nobody in two years", name);
        lint_say(finding.what_to_do, "look at its start, hours and calendar, or take it out");
    }
    lint_tell(lint, &finding);
}

/* A lone layer that never has anybody was told as a gap. */
static void look_for_hidden_layers(const struct lint *lint, const struct duty *duty)
{
    const struct toc_schedule *schedule = duty->schedule;
    struct layers layers = {.left = schedule->layer_count};
    TOC_ASSERT(schedule->layer_count <= LAYERS_MAX);
    for (toc_time_ms t = lint->from_ms; t < lint->until_ms && layers.left > 0;)
        t = look_at_layers(schedule, t, &layers);
    for (size_t i = 0; i < schedule->layer_count; i++)
        if (!layers.counts[i] && (layers.has[i] || schedule->layer_count > 1))
            tell_layer(lint, duty, schedule->layers[i].name, layers.has[i]);
}

/* --- temporary shifts, overrides -------------------------------------------------------------- */

/* The part that two times have in common and that is not over. */
static bool overlap(const struct lint *lint, const struct toc_interval *a,
                    const struct toc_interval *b, struct lint_times *out)
{
    toc_time_ms from_ms = a->from_ms > b->from_ms ? a->from_ms : b->from_ms;
    toc_time_ms until_ms = a->until_ms < b->until_ms ? a->until_ms : b->until_ms;
    *out = (struct lint_times){.count = 0};
    if (from_ms >= until_ms || until_ms <= lint->from_ms)
        return false;
    lint_add_time(out, from_ms, until_ms);
    return true;
}

static void look_for_hidden_temporaries(const struct lint *lint, const struct duty *duty)
{
    const struct toc_schedule *schedule = duty->schedule;
    char when[LINT_TEXT_MAX], from[WHEN_MAX], other[WHEN_MAX];
    struct lint_times common;
    for (size_t i = 0; i < schedule->temporary_count; i++)
        for (size_t k = i + 1; k < schedule->temporary_count; k++) {
            const struct toc_temporary *a = &schedule->temporary[i], *b = &schedule->temporary[k];
            if (!overlap(lint, &(struct toc_interval){a->from_ms, a->until_ms},
                         &(struct toc_interval){b->from_ms, b->until_ms}, &common))
                continue;
            struct lint_finding finding = lint_finding_of(LINT_OVERLAP, schedule->name, &common);
            lint_say_times(when, lint, &common, schedule->zone);
            lint_say(finding.what, "the temporary shifts that begin at %s and %s overlap %s",
                     when_wall(from, schedule->zone, a->from_ms),
                     when_wall(other, schedule->zone, b->from_ms), when);
            lint_say(
                finding.what_to_do,
                "the later in the file counts: end the other one before it, or name both people "
                "in one");
            lint_tell(lint, &finding);
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
    struct lint_times common;
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = i + 1; k < all->count; k++) {
            const struct toc_override *a = &all->items[i], *b = &all->items[k];
            if (!may_meet(a, b) ||
                !overlap(lint, &(struct toc_interval){a->from_ms, a->until_ms},
                         &(struct toc_interval){b->from_ms, b->until_ms}, &common))
                continue;
            struct lint_finding finding =
                lint_finding_of(LINT_OVERLAP, duty->schedule->name, &common);
            lint_say_times(when, lint, &common, duty->schedule->zone);
            lint_say(finding.what, "overrides %s (%s) and %s (%s) overlap %s", a->id, a->person,
                     b->id, b->person, when);
            lint_say(finding.what_to_do,
                     "%s counts there; end the other one: tocsin oncall override "
                     "end %s",
                     b->id, a->id);
            lint_tell(lint, &finding);
        }
}

/* ---------------------------------------------------------------------------------------------- */

void lint_overlaps(const struct lint *lint, const struct duty *duty)
{
    look_for_hidden_layers(lint, duty);
    look_for_hidden_temporaries(lint, duty);
    look_for_hidden_overrides(lint, duty);
}
