/*
 * A subscription as the sender has it in memory: its filter, where it goes and how that is signed,
 * and the few outcomes that are not through. After a restart it is made again from its row and the
 * log. Bookkeeping without a clock, a socket or a transaction.
 *
 * Outcomes of one issue go one after the other: none starts before the one before it is through.
 * Those of other issues do not wait for it, as long as the window has room.
 */
#ifndef OUTCOMES_SEND_RECEIVER_H
#define OUTCOMES_SEND_RECEIVER_H

#include "common/send/sender.h"
#include "services/outcomes/back/back.h"
#include "services/outcomes/outcomes.h"
#include "services/outcomes/send/lock.h"

#define RECEIVER_URL_MAX  800 /* bytes */
#define RECEIVER_AUTH_MAX 1000

enum item_state {
    ITEM_FREE,
    ITEM_WAITING,   /* for its turn, or its next try */
    ITEM_UNDER_WAY, /* with the transport */
    ITEM_DONE,      /* has an outcome to tell */
    ITEM_TOLD,      /* that is in the turn that is open, or was in the last one */
};

struct item {
    struct receiver *receiver;
    enum item_state state;
    uint64_t seq; /* 0: the handshake */
    uint8_t issue[TOC_ID];
    size_t issue_size; /* 0: about none */
    uint32_t attempts; /* before this one */
    toc_time_ms made_ms, next_ms;
    uint64_t written;              /* by a mapping: what, see echo.h */
    struct toc_transfer *transfer; /* UNDER_WAY */
    struct toc_sent sent;          /* DONE */
};

struct receiver {
    struct toc_arena arena; /* of the filter */
    const Tocsin__V1__Subscription *subscription;
    const struct back *back; /* what makes requests of outcomes; NULL: they are CloudEvents */
    const char *broken;      /* why nothing can be sent; NULL: it can */
    char url[RECEIVER_URL_MAX + 1];
    bool plain; /* without TLS */
    char auth[RECEIVER_AUTH_MAX + 1];
    struct toc_webhook_secret secrets[TOC_WEBHOOK_SECRETS_MAX];
    size_t secret_count;
    uint32_t generation;
    bool active, agreed;
    uint32_t failures;
    toc_time_ms failing_since_ms; /* 0: it does not */
    toc_time_ms not_before_ms;
    uint64_t next_seq;  /* as its row says */
    uint64_t scanned;   /* the log up to here is in the window, through, or not for this one */
    uint64_t told_next; /* PASSED was told with this */
    struct item window[OUTCOMES_WINDOW];
    struct item ask; /* the handshake */
    bool seen;       /* while rows are read again */
};

/* A row with its secrets opened; what is wrong with it is `broken`. `backs` is lent for its life.
 * TOC_ERR_MEMORY. */
TOC_MUST enum toc_err receiver_open(const struct lock *lock, const struct toc_mappings *backs,
                                    const Tocsin__V1__SubscriptionRow *row, struct receiver **out);
/* Nothing of it may be under way. Wipes the secrets. Accepts NULL. */
void receiver_close(struct receiver *receiver);

/* Whether the outcome is for it: its filter, and its mapping. */
bool receiver_wants(const struct receiver *receiver, const Tocsin__V1__Record *record,
                    const Tocsin__V1__IssueOutcome *outcome);

/* Takes what the row says of how far it is. */
void receiver_take(struct receiver *receiver, const Tocsin__V1__Delivery *delivery);

/* Room for one more, or NULL. */
struct item *receiver_room(struct receiver *receiver);
/* One that may start now, the oldest first; NULL when none may. */
struct item *receiver_next(struct receiver *receiver, toc_time_ms now_ms, unsigned parallel);
/* When the next one may; TOC_TIME_NEVER when that does not depend on time. */
toc_time_ms receiver_next_ms(const struct receiver *receiver);
/* Those that are not through, `but` aside, into `out`; their number. */
size_t receiver_waiting(const struct receiver *receiver, const struct item *but,
                        uint64_t out[OUTCOMES_WINDOW]);
/* How many are not free; under way. */
size_t receiver_count(const struct receiver *receiver);
size_t receiver_under_way(const struct receiver *receiver);

#endif
