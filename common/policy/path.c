#include "common/policy/build.h"

#include <stdio.h>

#define STEPS_MAX   32
#define REPEAT_MAX  20
#define WAIT_MAX    (7 * TOC_DAY_MS)
#define EXPIRES_MIN TOC_SECOND_MS
#define COALESCE_MS (30 * TOC_SECOND_MS)

enum { STEPS, REPEAT, ACK_EXPIRES, COALESCE, PATH_KEY_COUNT };

const struct toc_key toc_keys_path[PATH_KEY_COUNT + 1] = {
    [STEPS] = {"steps", true, "[STEP]", NULL, "In order, at most 32."},
    [REPEAT] = {"repeat", false, "NUMBER", "0",
                "Further rounds when nobody has answered, at most 20."},
    [ACK_EXPIRES] = {"ack_expires", false, "DURATION", "never",
                     "How long an acknowledgement holds, at most 7 days: whoever gave it is "
                     "reminded, then the path goes on."},
    [COALESCE] =
        {"coalesce", false, "DURATION", "30s",
         "Whoever has been paged about a group of alerts (one queue, rule and clock) is "
         "paged about the next ones of it once in this time, by one page; at most 7 days, and "
         "half of the step's wait. 0: each at once."},
};

enum { PAGE, SCHEDULE, TEAM, ROUND_ROBIN, WAIT, STEP_KEY_COUNT };

const struct toc_key toc_keys_step[STEP_KEY_COUNT + 1] = {
    [PAGE] = {"page", false, "[CONTACT]", "[]",
              "Ids of contacts; a step of nobody, with `[]`, is skipped."},
    [SCHEDULE] = {"schedule", false, "[SCHEDULE]", "[]",
                  "Whoever is on call by them when the step begins; each person is paged once."},
    [TEAM] = {"team", false, "[TEAM]", "[]",
              "Who belongs to them: their people, and whoever is on call by their schedules."},
    [ROUND_ROBIN] = {"round_robin", false, "yes", "no", "Pages one of all these, in turn."},
    [WAIT] = {"wait", true, "DURATION", NULL,
              "How long an acknowledgement may take; at most 7 days."},
};

/* --- paths ------------------------------------------------------------------------------------ */

static const char *const yes_no[] = {"no", "yes"};
static const struct toc_words words_yes = {yes_no, 2};

/* Whom the step means. */
static void read_who(struct toc_build *b, const struct toc_yaml *node,
                     const struct toc_yaml *const *values, struct toc_path_step *step)
{
    struct toc_who who = {.contact_count = 0};
    unsigned word = 0;
    toc_build_who(b, values[PAGE], values[SCHEDULE], &who);
    if (values[TEAM])
        toc_build_who_of_teams(b, values[TEAM], &who);
    step->contacts = who.contacts;
    step->contact_count = who.contact_count;
    step->schedules = who.schedules;
    step->schedule_count = who.schedule_count;
    if (!values[PAGE] && !values[SCHEDULE] && !values[TEAM]) {
        toc_diag_error(b->diag, node->offset,
                       "a step has neither 'page' nor 'schedule' nor 'team'");
        toc_diag_hint(b->diag, "whom it wakes: page: [ana], schedule: [NAME], or team: [NAME]");
    }
    if (values[ROUND_ROBIN] && toc_value_word(b, values[ROUND_ROBIN], "answer", &words_yes, &word))
        step->round_robin = word != 0;
}

static void read_step(struct toc_build *b, const struct toc_yaml *node, struct toc_path_step *step)
{
    const struct toc_yaml *values[STEP_KEY_COUNT];
    size_t errors = b->diag->count;
    if (!toc_value_keys(b, node, "a step", toc_keys_step, values))
        return;
    read_who(b, node, values, step);
    if (values[WAIT])
        (void)toc_value_duration(b, values[WAIT], "the wait", WAIT_MAX, &step->wait_ms);
    if (step->wait_ms == 0 && b->diag->count == errors) {
        toc_diag_error(b->diag, values[WAIT]->offset, "a wait of 0");
        toc_diag_hint(b->diag, "to page several at once, name them in one step: page: [a, b]");
    }
}

static void read_steps(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       struct toc_path *path)
{
    struct toc_path_step *steps;
    size_t errors = b->diag->count;
    size_t contacts = 0;
    if (node->kind != TOC_YAML_LIST || node->count > STEPS_MAX) {
        if (node->kind != TOC_YAML_BROKEN)
            toc_diag_error(b->diag, node->offset, "'steps' has to be a list of up to %d",
                           STEPS_MAX);
        return;
    }
    steps = toc_build_array(b, node->count, sizeof(*steps));
    if (!steps)
        return;
    path->steps = steps;
    path->step_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, steps++) {
        read_step(b, item, steps);
        contacts += steps->contact_count + steps->schedule_count;
    }
    if (contacts == 0 && b->diag->count == errors)
        toc_diag_error(b->diag, node->offset, "%s pages nobody", what);
}

static void read_path(struct toc_build *b, const struct toc_yaml *entry, struct toc_path *path)
{
    const struct toc_yaml *values[PATH_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "path '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_path, values))
        return;
    if (values[STEPS])
        read_steps(b, values[STEPS], what, path);
    if (values[REPEAT])
        (void)toc_value_number(b, values[REPEAT], "'repeat'", REPEAT_MAX, &path->repeat);
    if (values[ACK_EXPIRES] &&
        toc_value_duration(b, values[ACK_EXPIRES], "'ack_expires'", WAIT_MAX,
                           &path->ack_expires_ms) &&
        path->ack_expires_ms < EXPIRES_MIN)
        toc_diag_error(b->diag, values[ACK_EXPIRES]->offset, "'ack_expires' is at least a second");
    path->coalesce_ms = COALESCE_MS;
    if (values[COALESCE])
        (void)toc_value_duration(b, values[COALESCE], "'coalesce'", WAIT_MAX, &path->coalesce_ms);
}

void toc_build_paths(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_path *next;
    if (!node)
        return;
    b->paths = toc_build_names(b, node, "'paths'", sizeof(*b->paths), &b->policy.path_count);
    b->policy.paths = next = b->paths;
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_path(b, entry, next++);
}
