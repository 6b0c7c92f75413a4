/*
 * How often one address may ask: a burst, and then so many a second. Addresses share places in a
 * table of fixed size, so a flood from many of them costs no memory, and at worst slows a few
 * others.
 */
#ifndef NOTIFIER_LIMIT_H
#define NOTIFIER_LIMIT_H

#include "common/time.h"

#include <stdint.h>

#define LIMIT_PLACES 1024
#define LIMIT_BURST  60
#define LIMIT_RATE   2 /* a second, afterwards */

struct limit {
    struct limit_place {
        double taken; /* of the burst */
        toc_time_ms at_ms;
    } places[LIMIT_PLACES];
};

/* Counts a request of the address; an IPv6 one counts with its /64. 0: it may pass; else after how
 * long the next one may. */
toc_time_ms limit_take(struct limit *limit, const uint8_t peer[16], toc_time_ms mono_ms);

#endif
