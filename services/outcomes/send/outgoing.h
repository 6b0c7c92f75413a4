/*
 * The request of an outcome: a CloudEvent, or what a mapping makes of it. Pure but for the memory
 * that JSON takes.
 */
#ifndef OUTCOMES_SEND_OUTGOING_H
#define OUTCOMES_SEND_OUTGOING_H

#include "services/outcomes/send/body.h"
#include "services/outcomes/send/receiver.h"

struct outgoing {
    struct toc_transfer_request request; /* lent from what follows and from the receiver */
    uint64_t hash;                       /* of what a mapping made */
    char id[BODY_ID_MAX];
    char signature[TOC_WEBHOOK_SIGNATURE_MAX];
    const char *lines[BACK_LINES_MAX];
    char body[BODY_MAX];
    struct back_request back;
};

/* NULL, or why nothing can be sent, a constant. `now_s` is the time of the attempt. */
const char *outgoing_make(struct outgoing *out, const struct receiver *receiver, uint64_t log_id,
                          const Tocsin__V1__Record *record, const Tocsin__V1__IssueOutcome *outcome,
                          int64_t now_s);

#define OUTGOING_ORIGIN "tocsin"

/* The handshake: CloudEvents' "HTTP 1.1 Web Hooks", 4. Nobody gets what they did not ask for. */
void outgoing_ask(struct outgoing *out, const struct receiver *receiver);

#endif
