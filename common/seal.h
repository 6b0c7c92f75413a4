/*
 * Sealing: a text so that only the holder of its data key can read it, and a commitment by which
 * anyone can later check that it was this text and no other.
 *
 * A sealed text is nonce (24) ‖ XChaCha20-Poly1305(r (32) ‖ text) ‖ tag (16), bound to the place
 * it was sealed for: moved to another event, segment or class it does not open. The commitment is
 * SHA-256("seg/v1" ‖ r ‖ text), and opening checks it, because the cipher alone does not commit to
 * its key. r and the nonce are made from the key, the place and the text, so that an event which is
 * sent again seals to the same bytes; whoever has not the key learns nothing from them.
 *
 * Pure: no clock, no randomness, no heap.
 */
#ifndef TOC_SEAL_H
#define TOC_SEAL_H

#include "common/hash.h"

#include <sodium.h>

#define TOC_SEAL_KEY      32
#define TOC_SEAL_R        32 /* bytes of r */
#define TOC_SEAL_NONCE    24
#define TOC_SEAL_TAG      16
#define TOC_SEAL_OVERHEAD (TOC_SEAL_NONCE + TOC_SEAL_R + TOC_SEAL_TAG)
#define TOC_SEAL_EVENT    32

/* Where a text belongs. */
struct toc_seal_place {
    uint8_t event[TOC_SEAL_EVENT]; /* toc_seal_event of its event */
    uint16_t segment;              /* its number within the event */
    uint8_t class;                 /* of the vault */
};

/* Names an event by its idempotency key: a BLAKE2b over both, each with its length before it. */
void toc_seal_event(uint8_t out[TOC_SEAL_EVENT], struct toc_str source, struct toc_str id);

/* `out` takes text.size + TOC_SEAL_OVERHEAD bytes and may not overlap the text. */
void toc_seal(const uint8_t key[TOC_SEAL_KEY], const struct toc_seal_place *place,
              struct toc_str text, uint8_t *out, uint8_t commitment[TOC_SHA256]);

/*
 * Opens into `out`, which takes sealed.size - TOC_SEAL_NONCE - TOC_SEAL_TAG bytes: r first, then
 * the text. TOC_ERR_DAMAGED when it was not sealed with this key for this place, or is not what
 * `commitment` (NULL: not asked) commits to.
 */
TOC_MUST enum toc_err toc_unseal(const uint8_t key[TOC_SEAL_KEY],
                                 const struct toc_seal_place *place, struct toc_str sealed,
                                 const uint8_t commitment[TOC_SHA256], uint8_t *out);

/*
 * A large text a part at a time, from the same sealed bytes at every call: first it is checked, as
 * toc_unseal does, then pieces of it are opened. Nothing of the text is kept in between.
 */
struct toc_unsealing {
    crypto_onetimeauth_poly1305_state mac;
    crypto_hash_sha256_state commitment;
    size_t done; /* bytes of r and text */
};
void toc_unseal_begin(struct toc_unsealing *check, const uint8_t key[TOC_SEAL_KEY],
                      const struct toc_seal_place *place, struct toc_str sealed);
/* The next `most` bytes, which is a multiple of 64. TOC_NONE: there is more; TOC_OK: it is whole.
 */
TOC_MUST enum toc_err toc_unseal_step(struct toc_unsealing *check, const uint8_t key[TOC_SEAL_KEY],
                                      struct toc_str sealed, const uint8_t commitment[TOC_SHA256],
                                      size_t most);
/* `size` bytes of r and text from `offset` on, which there are; unchecked. */
void toc_unseal_piece(const uint8_t key[TOC_SEAL_KEY], struct toc_str sealed, size_t offset,
                      uint8_t *out, size_t size);

/* What r and a text are committed to by, and several texts together. */
void toc_seal_commitment(uint8_t out[TOC_SHA256], const uint8_t r[TOC_SEAL_R], struct toc_str text);
void toc_seal_commitments(uint8_t out[TOC_SHA256], const uint8_t (*commitments)[TOC_SHA256],
                          size_t count);

/*
 * A key under another, as key-encryption keys have it: nonce ‖ cipher ‖ tag. `what` says whose key
 * it is and has to be the same again.
 */
#define TOC_SEAL_WRAPPED (TOC_SEAL_NONCE + TOC_SEAL_KEY + TOC_SEAL_TAG)
void toc_seal_wrap(const uint8_t kek[TOC_SEAL_KEY], struct toc_str what,
                   const uint8_t key[TOC_SEAL_KEY], const uint8_t nonce[TOC_SEAL_NONCE],
                   uint8_t out[TOC_SEAL_WRAPPED]);
TOC_MUST enum toc_err toc_seal_unwrap(const uint8_t kek[TOC_SEAL_KEY], struct toc_str what,
                                      const uint8_t wrapped[TOC_SEAL_WRAPPED],
                                      uint8_t out[TOC_SEAL_KEY]);

#endif
