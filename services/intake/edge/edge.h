/*
 * Intake's HTTP edge: publishers that speak no protobuf send CloudEvents here, other systems their
 * webhooks.
 *
 * It hides HTTP, JSON, tokens and their limits; to the run it is one more peer (TOC_PEER_INSIDE)
 * that sends Publish frames and gets receipts, so an event that comes this way is judged, repeated
 * and committed like any other, and the answer leaves after the fsync. Only main.c uses it.
 */
#ifndef INTAKE_EDGE_EDGE_H
#define INTAKE_EDGE_EDGE_H

#include "common/http_peer.h"
#include "common/program.h"
#include "services/intake/admit/admit.h"
#include "services/intake/connect/connect.h"
#include "services/intake/edge/asker.h"
#include "services/intake/edge/grant.h"
#include "services/intake/quota/quota.h"

struct edge_config {
    const char *address;      /* ADDR:PORT; NULL: no edge */
    unsigned connections_max; /* at a time */
    unsigned per_address_max;
    struct toc_conf_list origins;    /* of web pages that may publish */
    struct toc_conf_list redirects;  /* where forms may lead on to, beside those */
    const char *honeypot;            /* the field of forms that people leave empty */
    struct toc_http_proxies proxies; /* in front */
    struct grant_lock lock;
    struct quota *quota;             /* NULL: none */
    const uint8_t *issue_key;        /* of the deployment, 32 bytes */
    const char *ask[ASKER_SERVICES]; /* endpoints of whom questions are put to; NULL: nobody */
    struct toc_mappings connectors;  /* whose webhooks are taken */
    struct admit *admit;             /* what people wrote passes through it */
};

/* Before the program starts; what it points to outlives it. */
void edge_configure(const struct edge_config *config);

/* It listens once there is a token or a connector: without one nobody could say anything. */
extern const struct toc_effects edge_effects;

#endif
