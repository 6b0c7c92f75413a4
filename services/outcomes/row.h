/*
 * The rows of outcomes.
 *
 * Tables: `issue`, key partition (1) ‖ u32be number -> packed IssueOutcome, what was last known of
 * the issue; `early`, the same key ‖ u64be seq -> packed Record of sla about an issue that the
 * router has not told of yet; `subscription`, key id -> packed SubscriptionRow; `delivery`, key id
 * -> packed Delivery, apart because it changes with every outcome; `dead`, key id, NUL, u64be seq
 * -> packed DeadOutcome.
 */
#ifndef OUTCOMES_ROW_H
#define OUTCOMES_ROW_H

#include "services/outcomes/outcomes.h"

enum outcomes_table {
    TABLE_ISSUE = TOC_TABLE_OWN,
    TABLE_EARLY,
    TABLE_SUBSCRIPTION,
    TABLE_DELIVERY,
    TABLE_DEAD,
    OUTCOMES_TABLE_END
};

#define ISSUE_KEY 5 /* bytes */
#define DEAD_KEY  (OUTCOMES_ID_MAX + 1 + 8)

/* Where a subscription stands, for the log's trimming. */
struct place {
    char id[OUTCOMES_ID_MAX + 1];
    uint64_t next_seq;
    bool holds; /* the log is kept for it */
};

struct outcomes {
    const struct outcomes_config *config;
    uint64_t changes;
    struct place places[OUTCOMES_SUBSCRIPTIONS_MAX];
    size_t place_count;
};

void row_issue_key(uint8_t key[ISSUE_KEY], unsigned partition, uint32_t number);

/* TOC_NONE when there is none. */
TOC_MUST enum toc_err row_subscription(struct toc_txn *txn, struct toc_arena *arena, const char *id,
                                       Tocsin__V1__SubscriptionRow **out);
TOC_MUST enum toc_err row_add(struct toc_turn *turn, const Tocsin__V1__SubscriptionRow *row,
                              const Tocsin__V1__Delivery *delivery);
/* With all that is kept of it. */
TOC_MUST enum toc_err row_remove(struct toc_turn *turn, const char *id);
TOC_MUST enum toc_err row_save_delivery(struct toc_turn *turn, const char *id,
                                        const Tocsin__V1__Delivery *delivery);

/* Lists one that was given up; the oldest gives way. */
TOC_MUST enum toc_err row_add_dead(struct toc_turn *turn, const char *id,
                                   const Tocsin__V1__DeadOutcome *dead);
/* The key of a dead outcome, into `out`; its bytes. */
size_t row_dead_key(uint8_t out[DEAD_KEY], const char *id, uint64_t seq);

/* Fills `places` from the rows. */
TOC_MUST enum toc_err row_open(struct outcomes *outcomes, struct toc_turn *turn);
/* The oldest record that a subscription still has to read. */
uint64_t row_needs_from(const void *self);

/* A record about a subscription. */
TOC_MUST enum toc_err row_say(struct toc_turn *turn, const Tocsin__V1__SubscriptionChange *change);

#endif
