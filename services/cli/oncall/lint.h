/*
 * What is wrong with who is on call, from now on for two years: times with nobody, and whether a
 * change of the clocks makes them; layers, temporary shifts and overrides that hide each other;
 * people who cannot be reached; steps of a path that at some time mean nobody, or nobody else.
 * Pure, but for what it is handed.
 */
#ifndef CLI_ONCALL_LINT_H
#define CLI_ONCALL_LINT_H

#include "services/cli/oncall/duty.h"

#include "common/policy/policy.h"

enum lint_kind {
    LINT_GAP,        /* nobody is on call */
    LINT_DST,        /* nobody is on call because the clocks change */
    LINT_OVERLAP,    /* one layer, temporary shift or override hides another; or the same people
                        have the schedules of two steps */
    LINT_NO_METHOD,  /* a person whom nothing reaches */
    LINT_EMPTY_STEP, /* of a path */
    LINT_KINDS
};

/* Its word: "gap". */
const char *lint_name(enum lint_kind kind);

#define LINT_TEXT_MAX 512

struct lint_finding {
    enum lint_kind kind;
    const char *subject;      /* schedule, path or person */
    toc_time_ms from_ms;      /* the first time that it is so, and how long; 0 for at all times */
    toc_time_ms until_ms;     /* TOC_TIME_NEVER: no end in sight */
    size_t times;             /* how often within the two years */
    char what[LINT_TEXT_MAX]; /* sentences for a person, with times of the schedule's zone */
    char what_to_do[LINT_TEXT_MAX];
};

typedef void (*lint_fn)(void *arg, const struct lint_finding *finding);

struct lint {
    const struct toc_policy *policy; /* for its paths */
    const struct duty *duties;
    size_t count;
    toc_time_ms from_ms, until_ms;
    /* Whether anything reaches a person; NULL: that is not known. */
    bool (*is_reached)(void *arg, const char *person);
    void *reached_arg;
    lint_fn told;
    void *told_arg;
};

void lint_all(const struct lint *lint);

#endif
