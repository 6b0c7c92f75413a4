/*
 * Outcomes' core: what becomes of issues, for those outside who subscribed to it.
 *
 * It follows the router and sla and writes every outcome that a publisher has a use for into its
 * own log, once, whoever subscribed. That log is the outbox: a subscription is a row of its filter
 * and a cursor into the log, and an outcome that goes to it is named by the log and its seq, so
 * slow and dead receivers cost a few bytes each and replaying is moving a cursor. Subscriptions
 * come and go as events of the control intake. The sender (send/) reads the log from a
 * subscription's cursor on after each commit, sends, and reports what came of it as an event, which
 * moves the cursor.
 */
#ifndef OUTCOMES_OUTCOMES_H
#define OUTCOMES_OUTCOMES_H

#include "common/turn.h"

#define OUTCOMES_SUBSCRIPTIONS_MAX 256
#define OUTCOMES_ID_MAX            16   /* bytes of a subscription's id */
#define OUTCOMES_WINDOW            32   /* of one subscription that are not through at a time */
#define OUTCOMES_DEAD_MAX          1000 /* that are listed of one subscription, the newest */
#define OUTCOMES_TRIES             15   /* of one whose receiver takes others meanwhile */
#define OUTCOMES_SEAL_KEY          32   /* bytes */

struct outcomes_config {
    toc_time_ms dead_after_ms; /* how old an outcome is given up at that cannot be delivered */
    uint8_t seal_key[OUTCOMES_SEAL_KEY]; /* public: what secrets of subscriptions are sealed for */
};

/* open's config is a struct outcomes_config. */
extern const struct toc_service outcomes_service;

/* How often subscriptions were added, changed and removed since the start: when it moves, the
 * sender reads the rows again. `self` is the run's. */
uint64_t outcomes_changes(const void *self);

/* The subscription with the lowest id above `after` ("": the first), with its delivery; in the
 * arena. TOC_NONE when there is none. */
TOC_MUST enum toc_err outcomes_next_row(struct toc_txn *txn, struct toc_arena *arena,
                                        const char *after, Tocsin__V1__SubscriptionRow **out);
/* How far the subscription of an id has come. TOC_NONE when there is none. */
TOC_MUST enum toc_err outcomes_delivery(struct toc_txn *txn, struct toc_arena *arena,
                                        const char *id, Tocsin__V1__Delivery **out);

/* Whether the record, whose body is `outcome`, is for the subscription. */
bool outcomes_wants(const Tocsin__V1__Subscription *subscription, const Tocsin__V1__Record *record,
                    const Tocsin__V1__IssueOutcome *outcome);

#endif
