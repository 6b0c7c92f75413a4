/* The names that a person types, held against the policy in force; and the router's codes in words.
 */
#ifndef CLI_KNOWN_H
#define CLI_KNOWN_H

#include "services/cli/view.h"

#include "common/policy/diag.h"
#include "common/policy/policy.h"

/* The policy in force at a service, compiled. CLI_FAILED, told, when there is none to be had. */
int known_policy(struct view *view, const char *service, struct toc_policy **out);

/* Tells that something is not there: "WHAT 'wanted' (did you mean 'best'?)". */
void known_not(const struct view *view, const char *what, const struct toc_guess *guess);

/* Whether the policy names it; told when not, with the name that may have been meant. */
bool known_queue(const struct view *view, const struct toc_policy *policy, const char *name);
/* Anybody is right where the policy names nobody. */
bool known_person(const struct view *view, const struct toc_policy *policy, const char *id);

/* Why the router gave an issue to somebody else, by its code: "off_shift"; NULL for another. */
const char *known_unfit(const char *code);

#endif
