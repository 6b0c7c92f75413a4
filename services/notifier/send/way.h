/*
 * The ways by which a page leaves, one for each kind of method: what is sent and by which
 * transport, not when. Another provider is a kind of method (contacts.h) and a row in way.c.
 */
#ifndef NOTIFIER_WAY_H
#define NOTIFIER_WAY_H

#include "common/program.h"
#include "services/notifier/send/contacts.h"
#include "services/notifier/send/payload.h"

/* A page that is to leave now. */
struct way_page {
    const struct method *method; /* NULL: it is not in the file any more */
    const struct notifier_page *page;
    struct toc_now now;
    void *tag; /* comes back with the transport's answer */
};

struct way_transports {
    struct toc_transfers *http;
    const uint8_t *key;     /* the notifier's own */
    char body[PAYLOAD_MAX]; /* of the page that is about to leave */
};

/* Sends it. NULL: it is through at once, with `answer`. */
struct toc_transfer *way_send(struct way_transports *transports, const struct way_page *page,
                              struct toc_transfer_answer *answer);

#endif
