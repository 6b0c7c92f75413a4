/*
 * What the sender's two halves share: sender.c has what is sent and told, rows.c what the
 * service's rows and its log say. Nobody else looks in.
 */
#ifndef OUTCOMES_SEND_SENDER_IMPL_H
#define OUTCOMES_SEND_SENDER_IMPL_H

#include "services/outcomes/send/echo.h"
#include "services/outcomes/send/outgoing.h"
#include "services/outcomes/send/sender.h"

struct sender {
    const struct sender_config *config;
    struct toc_run *run;
    struct toc_sender *loop;
    struct toc_transfers *transfers;
    struct toc_arena arena;
    uint64_t changes; /* of subscriptions, that the rows were read at */
    struct receiver *receivers[OUTCOMES_SUBSCRIPTIONS_MAX];
    size_t count, turn; /* the receiver that is asked first */
    size_t under_way, failing_under_way;
    bool more;                /* a look did not come to its end */
    struct outgoing outgoing; /* the one that is about to go */
    struct echo echo;
};

/* Reads all subscriptions again: new ones, changed ones, those that are gone. */
void sender_read_rows(struct sender *sender, struct toc_txn *txn);
/* Right after a commit: an outcome that is not in its row was not kept, and is told again. */
void sender_review(struct sender *sender, struct toc_txn *txn, struct receiver *receiver);
/* Takes what the log has for it into its window, as far as there is room. */
void sender_look(struct sender *sender, struct toc_txn *txn, struct receiver *receiver,
                 uint64_t last_seq);
/* A record of the log, in the arena until the next call; false when it is no outcome. */
bool sender_read_outcome(struct sender *sender, struct toc_str bytes, Tocsin__V1__Record **record,
                         Tocsin__V1__IssueOutcome **outcome);
/* Calls off what is under way, and forgets it. */
void sender_drop(struct receiver *receiver);

#endif
