/* The holidays that a policy takes from .ics files, for the person who signs it. */
#ifndef CLI_POLICY_DATES_H
#define CLI_POLICY_DATES_H

#include "services/cli/print.h"

#include "common/policy/tree.h"

/* Adds warnings of files whose dates are all over, or soon will be. */
void policy_dates_warn(struct toc_policy_tree *tree, toc_time_ms now_ms);

/* A table of the dates from this year on, or of all; nothing when no calendar has a file. */
void policy_dates_print(const struct toc_policy_tree *tree, const struct print *print,
                        toc_time_ms now_ms, bool all);
/* A line per date and calendar. */
void policy_dates_json(const struct toc_policy_tree *tree);

#endif
