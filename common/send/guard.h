/*
 * Which addresses what is sent may go to. Whoever names a receiver must not reach what stands
 * behind the firewall: addresses that are not of the open internet are refused unless they are
 * allowed by name, and plain HTTP goes to those alone. To be asked about the address that is
 * connected to, after the look-up of its name.
 */
#ifndef TOC_SEND_GUARD_H
#define TOC_SEND_GUARD_H

#include "common/network.h"

#define TOC_GUARD_ALLOWED_MAX 32

struct sockaddr;

struct toc_guard {
    struct toc_network allowed[TOC_GUARD_ALLOWED_MAX];
    size_t count;
};

/* `plain`: without TLS. */
bool toc_guard_allows(const struct toc_guard *guard, const struct sockaddr *address, bool plain);

#endif
