/* What an issue is, said by hand or by another system, and what the policy makes of that. */
#ifndef ROUTER_CLASSIFY_H
#define ROUTER_CLASSIFY_H

#include "services/router/work.h"

TOC_MUST enum toc_err classify_event(struct work *work);

/*
 * Something about the issue is known better: triages again, appends `change` with the decision, and
 * routes. `keeps_queue`: no reason to take it from a queue that a person chose, unless it became
 * risky.
 */
TOC_MUST enum toc_err classify_by_policy(struct work *work, Tocsin__V1__IssueChange *change,
                                         bool keeps_queue);

/* Adds those that are not there; `*out_room` is false when some found none. */
TOC_MUST enum toc_err classify_add_tags(struct work *work, char *const *added, size_t added_count,
                                        bool *out_room);

#endif
