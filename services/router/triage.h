/* What a policy makes of an issue: triage rules set values, routes choose queue, SLA and path. */
#ifndef ROUTER_TRIAGE_H
#define ROUTER_TRIAGE_H

#include "services/router/work.h"

/* The decision, for its record; texts live as long as the policy. */
struct decision {
    const char *rule;                                /* that fitted; NULL when none did */
    Tocsin__V1__Tried tried[ROUTER_TRIED_MAX];       /* before it, in order */
    Tocsin__V1__Tried *tried_list[ROUTER_TRIED_MAX]; /* to them, as a record wants it */
    size_t tried_count;
    uint32_t tried_more;                  /* beyond those */
    uint32_t no_room;                     /* values and tags that the issue has none for */
    const struct toc_triage_rule *triage; /* the rule, of triage_apply */
};

/* Puts the decision into its record; `decision` outlives the record's emission. */
void triage_describe(struct decision *decision, Tocsin__V1__IssueChange *change);

/*
 * Applies the first triage rule that fits, in place of what an earlier one set. What a person
 * classified stays.
 */
TOC_MUST enum toc_err triage_apply(struct work *work, const struct toc_policy *policy,
                                   struct decision *out);
/* Takes back what rules set where nothing was given, before values from outside come in. */
void triage_forget(Tocsin__V1__Issue *issue);

/* The first route that fits; `out` may be NULL when only the route matters. */
const struct toc_route *triage_route(const struct work *work, const struct toc_policy *policy,
                                     struct decision *out);
/* The escalation path of an issue on `route` in `queue`, which may be NULL; "" for none. */
const char *triage_path(const struct toc_route *route, const struct toc_queue *queue);

/* Whether a rule or route depends on the fact. */
bool triage_asks_for_fact(const struct toc_policy *policy, const char *fact);

#endif
