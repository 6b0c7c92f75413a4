#include "common/policy/build.h"

#include <stdio.h>

enum {
    PAGE,
    SCHEDULE,
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
    [PAGE] = {"page", false, "[CONTACT]", "[]",
              "Who always belongs to it, at most 32; a step pages all of them with `team`."},
    [SCHEDULE] = {"schedule", false, "[SCHEDULE]", "[]",
                  "Whoever is on call by them belongs to it, at most 32."},
    [TEAM_PATH] = {"path", false, "PATH", "the issue's", "Who is woken about an escalation to it."},
    [CALENDAR] = {"calendar", false, "CALENDAR", NULL,
                  "In which the time to answer runs; needed where the team answers."},
    [ANSWER_WITHIN] = {"answer_within", false, "TARGET", "it is asked nothing",
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

/* It is asked what it says how to answer; a team of nobody can only be one of these. */
static bool does_answer(const struct toc_yaml *const *values)
{
    bool answers = !values[PAGE] && !values[SCHEDULE];
    for (size_t i = TEAM_PATH; i < TEAM_KEY_COUNT; i++)
        answers = answers || values[i];
    return answers;
}

static void need(struct toc_build *b, const struct toc_yaml *entry, const char *what,
                 const struct toc_yaml *const *values, size_t key)
{
    if (values[key])
        return;
    toc_diag_error(b->diag, entry->offset, "%s has no '%s'", what, toc_keys_team[key].name);
    toc_diag_hint(b->diag, "a team that is paged alone has 'page' and 'schedule' only");
}

static void read_answers(struct toc_build *b, const struct toc_yaml *entry, const char *what,
                         const struct toc_yaml *const *values, struct toc_team *team)
{
    need(b, entry, what, values, CALENDAR);
    need(b, entry, what, values, ANSWER_WITHIN);
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

static void read_team(struct toc_build *b, const struct toc_yaml *entry, struct toc_team *team)
{
    const struct toc_yaml *values[TEAM_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "team '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_team, values))
        return;
    team->answers = does_answer(values);
    if (team->answers)
        read_answers(b, entry, what, values, team);
}

/* --- who belongs to them ---------------------------------------------------------------------- */

static void read_members(struct toc_build *b, const struct toc_yaml *entry, struct toc_team *team)
{
    const struct toc_yaml *page = toc_yaml_get(entry, toc_keys_team[PAGE].name);
    const struct toc_yaml *schedule = toc_yaml_get(entry, toc_keys_team[SCHEDULE].name);
    size_t errors = b->diag->count;
    toc_build_who(b, page, schedule, &team->members);
    if ((!page && !schedule) || b->diag->count > errors ||
        team->members.contact_count + team->members.schedule_count > 0)
        return;
    toc_diag_error(b->diag, entry->offset, "team '%.*s' has nobody",
                   TOC_DIAG_ARG(entry->key->text));
    toc_diag_hint(b->diag, "who belongs to it: page: [ID], or schedule: [NAME]");
}

void toc_build_teams(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_team *next;
    if (!node)
        return;
    b->teams = toc_build_names(b, node, "'teams'", sizeof(*b->teams), &b->policy.team_count);
    b->policy.teams = next = b->teams;
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_members(b, entry, next++);
}

/* A step may name several, a team none. */
static bool has_teams(struct toc_build *b, const struct toc_yaml *entry)
{
    const struct toc_yaml *inner = toc_yaml_get(entry, "team");
    if (!inner)
        inner = toc_yaml_get(entry, "teams");
    if (!inner)
        return false;
    toc_diag_error(b->diag, inner->key->offset, "team '%.*s' cannot have teams in it",
                   TOC_DIAG_ARG(entry->key->text));
    toc_diag_hint(b->diag, "name their people and schedules, or all the teams in the step: "
                           "team: [a, b]");
    return true;
}

void toc_build_answers(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_team *next = b->teams;
    for (const struct toc_yaml *entry = node ? node->first : NULL; next && entry;
         entry = entry->next, next++)
        if (!has_teams(b, entry))
            read_team(b, entry, next);
}
