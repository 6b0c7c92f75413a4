/* The schedules of a policy with their overrides: the one in force, or a file's. */
#ifndef CLI_ONCALL_ROSTER_H
#define CLI_ONCALL_ROSTER_H

#include "services/cli/oncall/duty.h"
#include "services/cli/policy/load.h"
#include "services/cli/view.h"

struct roster {
    struct toc_policy *policy;
    struct policy_file file; /* that it is of; zeroed: the policy in force */
    struct duty *duties;     /* in the order of the policy; in the view's arena */
    size_t count;
    struct view_rows overrides; /* of all schedules: ScheduleOverride */
    struct toc_arena arena;     /* of those, where a log told of them */
    bool stopped;               /* it is of a suite that is */
};

/*
 * `file` NULL: the policy in force, and the overrides that the notifier knows. CLI_FAILED, told;
 * roster_done in any case.
 */
int roster_open(struct view *view, const char *file, struct roster *out);
/*
 * Of a suite that runs or has been stopped, as whole_log.h reads it. Empty, with a policy or
 * without one, where there are no schedules.
 */
int roster_of_suite(struct view *view, struct roster *out);
/* Accepts a zeroed one. */
void roster_done(struct roster *roster);

/* The schedule of that name, or NULL, told with what may have been meant. */
const struct duty *roster_find(const struct view *view, const struct roster *roster,
                               const char *name);
/* The team of that name, that has members; or NULL, told. */
const struct toc_team *roster_team(const struct view *view, const struct roster *roster,
                                   const char *name);
/* Whether a schedule or an override names the person; told when not. */
bool roster_knows(const struct view *view, const struct roster *roster, const char *person);

/* --- between the two files -------------------------------------------------------------------- */

/* The overrides that the notifier knows. */
int roster_ask_overrides(struct view *view, struct roster *roster);
/* The duties, from the policy and the overrides. */
int roster_fill(struct view *view, struct roster *roster);

#endif
