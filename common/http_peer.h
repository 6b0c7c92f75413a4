/*
 * Where a request comes from: the other end of its connection or, when that is a proxy of ours, the
 * address that it says it was connected from. A proxy adds that to X-Forwarded-For last; what
 * stands before it was sent by whoever is there, and is believed only of another proxy of ours.
 * Forwarded (RFC 7239) is never read: a proxy that adds the one hands on what a client says in the
 * other.
 */
#ifndef TOC_HTTP_PEER_H
#define TOC_HTTP_PEER_H

#include "common/conf.h"
#include "common/http.h"
#include "common/network.h"

struct toc_http_proxies {
    struct toc_network networks[TOC_CONF_LIST_MAX];
    size_t count;
};

/* Reads the values of `option`, as "--http-proxy". TOC_ERR_CONFIG, told on standard error, for one
 * that is no network. */
TOC_MUST enum toc_err toc_http_read_proxies(const char *option, const struct toc_conf_list *values,
                                            struct toc_http_proxies *out);

/* All zeros, an address of nobody, when a proxy says what is none. */
void toc_http_peer(const struct toc_http_proxies *proxies, const struct toc_http_request *request,
                   uint8_t out[16]);

#endif
