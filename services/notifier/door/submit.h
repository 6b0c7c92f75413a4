/*
 * Actions on their way: published to an intake, then waited for until the notifier has come to them
 * in intake's log.
 *
 * It hides the connection, repeats of what got no receipt, and patience. What is given up on may
 * still be done: who asks again with the same id hears how it went.
 */
#ifndef NOTIFIER_SUBMIT_H
#define NOTIFIER_SUBMIT_H

#include "common/client/window.h"
#include "common/link_zmq.h"
#include "services/notifier/notifier.h"

#define SUBMIT_ID_MAX (NOTIFIER_SAID_ID_MAX + 1) /* bytes of an event's id with its terminator */

enum submit_end {
    SUBMIT_DONE,    /* the notifier has come to it: `said` tells */
    SUBMIT_TAKEN,   /* it is in intake's log, and takes effect later */
    SUBMIT_USED,    /* the id stands for another event, which the notifier has not come to yet */
    SUBMIT_REFUSED, /* by intake: `receipt` tells */
    SUBMIT_SILENT,  /* no answer from intake */
};

struct submission;

/* `said` and `receipt` may be NULL; the submission is freed afterwards. */
typedef void submit_told(void *self, struct submission *submission, enum submit_end end,
                         const Tocsin__V1__ActionSaid *said);

struct submission {
    char id[SUBMIT_ID_MAX];
    submit_told *told;
    void *self;
    /* Set here. */
    struct submission *next;
    uint64_t cookie;
    toc_time_ms deadline_ms; /* monotonic: of the receipt, then of the effect */
    bool settled;            /* the receipt is there: */
    struct toc_client_receipt receipt;
};

struct submit;

TOC_MUST enum toc_err submit_new(struct toc_link *link, const char *endpoint, struct submit **out);
/* Frees what waits without telling. Accepts NULL. */
void submit_free(struct submit *submit);

/* Publishes `event` under the submission's id. Takes over `submission`, which is from malloc.
 * TOC_ERR_AGAIN when too many wait: then it stays the caller's. */
TOC_MUST enum toc_err submit_event(struct submit *submit, struct submission *submission,
                                   Tocsin__V1__Event *event, toc_time_ms mono_ms);

/* After a commit, and now and then: sends again, tells what is settled. */
void submit_poll(struct submit *submit, struct toc_txn *txn, struct toc_arena *arena,
                 toc_time_ms mono_ms);
/* Whether polling can be of use. */
bool submit_is_busy(const struct submit *submit);

#endif
