/*
 * The one door through which an issue goes to another queue. Whoever moves it says where to and
 * why; what a move means for the row is said here only.
 *
 * A move on its own counts as a hop. After as many as its queue allows the issue stays where it is
 * until a person chooses a queue: two rules that disagree must not pass it to and fro for ever. A
 * severe or critical risk is never held back, whatever moves it.
 *
 * Issue.hops is 0 while a person's choice holds, 1 in the first queue, and one more for each move
 * of the policy: the first one after a person's choice makes it 2.
 */
#ifndef ROUTER_ROUTE_H
#define ROUTER_ROUTE_H

#include "services/router/triage.h"

/* IssueChange.reason of a move. */
#define ROUTE_FIRST        "route"
#define ROUTE_RECLASSIFIED "reclassified"
#define ROUTE_ESCALATED    "escalated"
#define ROUTE_BY_HAND      "by_hand"
#define ROUTE_POLICY       "policy"
#define ROUTE_HOP_LIMIT    "hop_limit" /* it stays, though a route says otherwise */

struct route_move {
    const char *queue;
    const struct toc_policy *policy; /* whose queue it is; NULL: the one in force */
    unsigned tier;        /* 0: the queue's, or as it is when the policy does not know the queue */
    const char *sla;      /* NULL: as it is */
    const char *path;     /* NULL: the queue's own, or the one of the policy's routes */
    const char *assignee; /* who has it there; NULL: nobody */
    const char *reason;
    bool by_hand; /* a person did it: hops count anew, growth is refused */
};

/*
 * Moves the issue and appends `change`, whose `what` and decision the caller has set. Who had the
 * issue in its old queue does not have it in the new one. The same queue with another tier, SLA or
 * path is no move: place, person and waiting time stay.
 */
TOC_MUST enum toc_err route_issue(struct work *work, const struct route_move *move,
                                  Tocsin__V1__IssueChange *change);

/* Whether the policy may still move the issue on from its queue, see above. */
bool route_may_move(const struct toc_queue *queue, const Tocsin__V1__Issue *issue);

/* Why the policy is asked again. */
struct route_cause {
    const char *reason;                 /* unless it is the issue's first route */
    const struct toc_triage_rule *rule; /* of the triage behind it: may send it away; or NULL */
    bool keeps_chosen;                  /* a queue that a person chose stays */
    bool keeps_queue;                   /* any queue does, unless the policy lacks it */
    Tocsin__V1__ApplyMode mode;         /* of a sweep, whose record is always made; or 0 */
};

/* Whether route_by_policy, without a mode, would record anything. */
TOC_MUST enum toc_err route_will_move(struct work *work, const struct toc_policy *policy,
                                      const struct route_cause *cause, bool *out);

/*
 * Moves the issue to where the routes of `policy`, or the triage rule before them, say; nothing is
 * recorded when that changes nothing. A sweep that only reports moves nothing.
 */
TOC_MUST enum toc_err route_by_policy(struct work *work, const struct toc_policy *policy,
                                      const struct route_cause *cause);

#endif
