#include "common/policy/build.h"

#include <stdio.h>

enum {
    TEAM_PATH,
    CALENDAR,
    ANSWER_WITHIN,
    REMIND,
    CUT_OFF,
    NEXT_START,
    END_OF_DAY,
    TEAM_KEY_COUNT
};

const struct toc_key toc_keys_team[TEAM_KEY_COUNT + 1] = {
    [TEAM_PATH] = {"path", false, "PATH", "the issue's", "Who is woken about it."},
    [CALENDAR] = {"calendar", true, "CALENDAR", NULL, "In which the time to answer runs."},
    [ANSWER_WITHIN] = {"answer_within", true, "TARGET", NULL,
                       "From the escalation to the team's answer; what the team returns for more "
                       "information stands still until it is raised again."},
    [REMIND] = {"remind", false, "[PERCENT]", "[]",
                "Percentages of that target, ascending, 1 to 99, at most 8."},
    [CUT_OFF] = {"cut_off", false, "TIME", "none",
                 "From this time of day on, business days count from the next one."},
    [NEXT_START] = {"next_start", false, "TIME", NULL, "The time of day they then count from."},
    [END_OF_DAY] = {"end_of_day", false, "yes", "no",
                    "A target in business days or months is due when its date ends."},
};

static void read_answer(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_clock_rule *clock)
{
    size_t errors = b->diag->count;
    toc_build_target(b, node, &clock->targets[0]);
    for (size_t i = 1; i <= TOC_POLICY_PRIORITIES; i++)
        clock->targets[i] = clock->targets[0];
    if (clock->targets[0].kind == TOC_TARGET_UNSET && b->diag->count == errors)
        toc_diag_error(b->diag, node->offset, "a team that never has to answer");
}

static void read_team(struct toc_build *b, const struct toc_yaml *entry, struct toc_team *team)
{
    const struct toc_yaml *values[TEAM_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "team '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_team, values))
        return;
    toc_metric_presets(TOC_CLOCK_ESCALATION, &team->clock);
    team->clock.name = toc_words_metric.words[TOC_CLOCK_ESCALATION];
    (void)toc_build_path_of(b, values[TEAM_PATH], &team->path);
    if (values[CALENDAR])
        toc_build_calendar_of(b, values[CALENDAR], &team->clock.calendar);
    if (values[ANSWER_WITHIN])
        read_answer(b, values[ANSWER_WITHIN], &team->clock);
    toc_build_days(b, &values[CUT_OFF], &team->clock);
    if (values[REMIND])
        toc_build_warnings(b, values[REMIND], "'remind'", &team->clock);
}

void toc_build_teams(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_team *next;
    if (!node)
        return;
    next = toc_build_names(b, node, "'teams'", sizeof(*next), &b->policy.team_count);
    b->policy.teams = next;
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_team(b, entry, next++);
}
