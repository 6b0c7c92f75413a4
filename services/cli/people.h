/* Who serves the queues, and what waits for them: a part of `tocsin issues`, `assign`, `presence`.
 */
#ifndef CLI_PEOPLE_H
#define CLI_PEOPLE_H

#include "services/cli/view.h"

#include "common/policy/policy.h"

/* The waiting list of a queue, or of each that people serve: the next to breach first. */
int people_waiting(struct view *view, const char *queue);

/* Whether the policy names it; told when not, with the name that may have been meant. */
bool people_has_queue(const struct view *view, const struct toc_policy *policy, const char *name);
/* Why the router gave an issue to somebody else, by its code: "off_shift"; NULL for another. */
const char *people_unfit(const char *code);
/* Anybody is right where the policy names nobody. */
bool people_has_person(const struct view *view, const struct toc_policy *policy, const char *id);

#endif
