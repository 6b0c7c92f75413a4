/*
 * Where a request comes from: the other end of its connection or, when that is a proxy of ours, the
 * address that it says it was connected from. A proxy adds that to X-Forwarded-For last; what
 * stands before it was sent by whoever is there, and is believed only of another proxy of ours.
 */
#ifndef INTAKE_EDGE_PEER_H
#define INTAKE_EDGE_PEER_H

#include "common/http.h"
#include "common/network.h"

#define PEER_PROXIES_MAX 32

struct peer_proxies {
    struct toc_network networks[PEER_PROXIES_MAX];
    size_t count;
};

/* All zeros, an address of nobody, when a proxy says what is none. */
void peer_of(const struct peer_proxies *proxies, const struct toc_http_request *request,
             uint8_t out[16]);

#endif
