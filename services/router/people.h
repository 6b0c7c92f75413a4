/*
 * The people who serve queues: who is online, how much each one has, and how much of the day's
 * exposure is used.
 *
 * Tables: `person`, key id -> packed Person; `held`, key person (8, see wait_name) ‖ issue key ->
 * nothing, a row for each issue that is offered to the person or that they have.
 *
 * Presence is kept of everybody, since the policy may name them later; units and exposure are
 * counted only for those whom the policy in force names.
 */
#ifndef ROUTER_PEOPLE_H
#define ROUTER_PEOPLE_H

#include "services/router/wait.h"

struct person {
    Tocsin__V1__Person *row;       /* in the arena; changed in place */
    const struct toc_person *rule; /* of the policy in force; NULL: it does not name them */
    toc_time_ms was_next_ms;
};

/* The row of a person; an empty one, offline, when there is none. */
TOC_MUST enum toc_err person_open(struct toc_turn *turn, const char *id, struct person *out);
/* Keeps the row; a person who may become able to take something is looked at again then. */
TOC_MUST enum toc_err person_save(struct toc_turn *turn, struct person *person, toc_time_ms at_ms);

/* The day of a person's calendar (UTC's without one), counted from 1970-01-01, and its end. */
int64_t person_day(const struct toc_person *rule, toc_time_ms at_ms, toc_time_ms *out_end_ms);

/*
 * Counts an issue for a person, as `pooled` then says, or for nobody any more. What somebody has
 * only been offered gives the day back (`unseen`). Whoever has room again is looked at at once.
 */
TOC_MUST enum toc_err person_count(struct toc_turn *turn, struct pooled *pooled,
                                   const Tocsin__V1__Issue *issue, const char *id, unsigned weight,
                                   toc_time_ms at_ms);
/* For the same person, with other units or another content class. */
TOC_MUST enum toc_err person_recount(struct toc_turn *turn, struct pooled *pooled,
                                     const Tocsin__V1__Issue *issue, unsigned weight,
                                     toc_time_ms at_ms);
TOC_MUST enum toc_err person_uncount(struct toc_turn *turn, struct pooled *pooled, bool unseen,
                                     toc_time_ms at_ms);

/* The issue after `*key` that a person is counted for, and its key; TOC_NONE. */
TOC_MUST enum toc_err person_next_held(struct toc_txn *txn, const char *id, uint8_t key[ISSUE_KEY],
                                       bool *first);

#endif
