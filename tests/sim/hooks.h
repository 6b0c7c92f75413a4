/*
 * Those who subscribed to outcomes, and what they are told. Outcomes' own sender
 * (services/outcomes/send) runs here as it is; what it stands on is made up: a loop that is the
 * simulator's queue, and receivers without a network.
 *
 *   hooks.c       the loop, the transport, the receivers
 *   draft_hook.c  subscriptions that come, change and go
 *   told.c        who subscribed to what, by the logs: invariant 20
 *   told_sent.c   what is sent and where cursors stand
 *   told_log.c    outcomes' log against those that it follows
 */
#ifndef SIM_HOOKS_H
#define SIM_HOOKS_H

#include "common/send/transfer.h"
#include "services/outcomes/outcomes.h"
#include "services/outcomes/send/lock.h"
#include "tests/sim/world.h"

#define HOOKS_HOST                                                                                 \
    "https://receiver.example" /* an address goes on with who added the subscription */

/* A request, as told.c knows it. */
struct told_request {
    unsigned subscription;
    unsigned span;
    uint64_t seq; /* 0: the handshake */
};

/* hooks.c: the key that secrets are sealed for. */
const struct lock *hooks_lock(const struct world *world);
/* Requests that a receiver gets at once. */
unsigned hooks_parallel(const struct world *world);

/* told_sent.c: a request is about to go; judged by what the logs say. */
void told_request(struct world *world, const struct toc_transfer_request *request,
                  struct told_request *out);
/* The sender hears this of it; 0 for no answer. Of a handshake 200 is a yes. */
void told_answer(struct world *world, const struct told_request *request, uint32_t code);
/* The sender hears no more of it. */
void told_over(struct world *world, const struct told_request *request);

#endif
