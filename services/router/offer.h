/*
 * Offers: an issue is offered to one person at a time, for the length of its queue's lease.
 *
 *            offer          accept                      lapse, decline, withdraw
 *   waits ──────────► offered ──────► claimed   offered ──────────────────────► waits
 *                                     claimed ──────── release ───────────────► waits
 *
 * Each step is a record. What it means for capacity, exposure and the waiting list is not done
 * here: work_end brings the row `pooled` into line with the issue, whoever changed it.
 */
#ifndef ROUTER_OFFER_H
#define ROUTER_OFFER_H

#include "services/router/choose.h"

/* Why an issue goes back: IssueChange.reason. */
#define OFFER_LAPSED   "lapsed"
#define OFFER_OFFLINE  "offline"
#define OFFER_REOPENED "reopened"
#define OFFER_EXPOSURE "exposure"

/* Those who do not come to it, in the order in which they were asked. */
struct refusals {
    Tocsin__V1__Tried tried[ROUTER_TRIED_MAX];
    Tocsin__V1__Tried *list[ROUTER_TRIED_MAX];
    size_t count;
};

/* Offers the issue to the best person who can take it now; TOC_NONE when nobody can. */
TOC_MUST enum toc_err offer_best(struct work *work, const struct need *need,
                                 struct refusals *refusals);
/* Offers it to this person, who can take it. */
TOC_MUST enum toc_err offer_to(struct work *work, const struct need *need,
                               const struct toc_person *person, const struct refusals *refusals);

/* Takes the issue from whoever has it or was offered it, and records that. */
TOC_MUST enum toc_err offer_take_back(struct work *work, const char *reason);
/* The offer's time is over. */
TOC_MUST enum toc_err offer_lapse(struct work *work);

/*
 * What people say about an offer (issue.assigned). `*out_done` is false for what is no such thing:
 * a queue without people, an assignment by hand.
 */
TOC_MUST enum toc_err offer_event(struct work *work, bool *out_done);

#endif
