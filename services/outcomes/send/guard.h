/*
 * Which addresses a subscription's webhook may go to. Whoever may subscribe must not reach what
 * stands behind the firewall: addresses that are not of the open internet are refused unless they
 * are allowed by name, and plain HTTP goes to those alone.
 */
#ifndef OUTCOMES_SEND_GUARD_H
#define OUTCOMES_SEND_GUARD_H

#include "common/network.h"

#define GUARD_ALLOWED_MAX 32

struct sockaddr;

struct guard {
    struct toc_network allowed[GUARD_ALLOWED_MAX];
    size_t count;
};

/* `plain`: without TLS. */
bool guard_allows(const struct guard *guard, const struct sockaddr *address, bool plain);

#endif
