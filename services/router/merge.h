/*
 * Merges: an issue ends in another one. What the requester or an agent tells about it later goes on
 * to where the chain of merges ends; what would steer it (its state, its queue, its values) is
 * refused, for it is over.
 *
 * No chain is longer than ROUTER_MERGES_MAX and none is a circle: a merge that would make one is
 * refused. So following one is bounded.
 */
#ifndef ROUTER_MERGE_H
#define ROUTER_MERGE_H

#include "services/router/work.h"

TOC_MUST enum toc_err merge_event(struct work *work);

bool merge_is_merged(const Tocsin__V1__Issue *issue);
/* Whether an event about a merged issue goes on to the other one. */
bool merge_passes_on(const Tocsin__V1__Event *event);
/* The issue in which `issue` has ended. */
TOC_MUST enum toc_err merge_end(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                Tocsin__V1__Issue **out);

#endif
