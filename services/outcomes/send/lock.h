/*
 * What secrets of subscriptions are sealed for: an X25519 key pair made from a key that only this
 * service reads. The boxes lie in the logs of intake and outcomes, and whoever reads those must not
 * be able to sign.
 */
#ifndef OUTCOMES_SEND_LOCK_H
#define OUTCOMES_SEND_LOCK_H

#include "common/str.h"

#define LOCK_KEY     32   /* bytes */
#define LOCK_BOX_MAX 1200 /* bytes of what was sealed */

struct lock {
    uint8_t public[LOCK_KEY];
    uint8_t secret[LOCK_KEY];
};

void lock_make(struct lock *out, const uint8_t key[LOCK_KEY]);

/* False for what is no box, or one of another lock. */
bool lock_open(const struct lock *lock, struct toc_str box, uint8_t out[LOCK_BOX_MAX],
               size_t *out_size);

#endif
