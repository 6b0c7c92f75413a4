/* The names that a person types, held against the policy in force; and the router's codes in words.
 */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include "services/cli/view.h"

#include "common/policy/policy.h"

/* Whether the policy names it; told when not, with the name that may have been meant. */
bool known_queue(const struct view *view, const struct toc_policy *policy, const char *name);
/* Anybody is right where the policy names nobody. */
bool known_person(const struct view *view, const struct toc_policy *policy, const char *id);

/* Why the router gave an issue to somebody else, by its code: "off_shift"; NULL for another. */
const char *known_unfit(const char *code);

#endif
