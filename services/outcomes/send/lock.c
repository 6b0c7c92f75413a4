#include "services/outcomes/send/lock.h"

#include "common/hash.h"

#include <assert.h>
#include <sodium.h>

void lock_make(struct lock *out, const uint8_t key[LOCK_KEY])
{
    uint8_t seed[crypto_box_SEEDBYTES];
    static_assert(crypto_box_SEEDBYTES == TOC_SHA256 && crypto_box_PUBLICKEYBYTES == LOCK_KEY &&
                      crypto_box_SECRETKEYBYTES == LOCK_KEY,
                  "keys are of this size");
    toc_hmac_sha256(seed, toc_str(key, LOCK_KEY), TOC_STR("tocsin subscriptions"));
    TOC_ASSERT(crypto_box_seed_keypair(out->public, out->secret, seed) == 0);
    sodium_memzero(seed, sizeof(seed));
}

bool lock_open(const struct lock *lock, struct toc_str box, uint8_t out[LOCK_BOX_MAX],
               size_t *out_size)
{
    if (box.size < crypto_box_SEALBYTES || box.size - crypto_box_SEALBYTES > LOCK_BOX_MAX ||
        crypto_box_seal_open(out, (const uint8_t *)box.data, box.size, lock->public,
                             lock->secret) != 0)
        return false;
    *out_size = box.size - crypto_box_SEALBYTES;
    return true;
}
