#include "common/seal.h"

#include <assert.h>
#include <sodium.h>

#define PLACE_BYTES (TOC_SEAL_EVENT + 3)

static_assert(TOC_SEAL_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES &&
                  TOC_SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                  TOC_SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES,
              "as libsodium has them");
static_assert(TOC_SEAL_R + TOC_SEAL_NONCE <= crypto_generichash_BYTES_MAX,
              "one hash makes r and the nonce");

static void add_sized(crypto_generichash_state *hash, struct toc_str s)
{
    uint8_t size[8];
    toc_put_u64be(size, s.size);
    crypto_generichash_update(hash, size, sizeof(size));
    crypto_generichash_update(hash, (const uint8_t *)s.data, s.size);
}

void toc_seal_event(uint8_t out[TOC_SEAL_EVENT], struct toc_str source, struct toc_str id)
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, TOC_SEAL_EVENT);
    add_sized(&hash, source);
    add_sized(&hash, id);
    crypto_generichash_final(&hash, out, TOC_SEAL_EVENT);
}

/* The additional data of the cipher. */
static void write_place(uint8_t out[PLACE_BYTES], const struct toc_seal_place *place)
{
    memcpy(out, place->event, TOC_SEAL_EVENT);
    toc_put_u16be(out + TOC_SEAL_EVENT, place->segment);
    out[TOC_SEAL_EVENT + 2] = place->class;
}

void toc_seal_commitment(uint8_t out[TOC_SHA256], const uint8_t r[TOC_SEAL_R], struct toc_str text)
{
    uint8_t head[6 + TOC_SEAL_R] = {'s', 'e', 'g', '/', 'v', '1'};
    memcpy(head + 6, r, TOC_SEAL_R);
    toc_sha256_pair(out, toc_str(head, sizeof(head)), text);
}

void toc_seal_commitments(uint8_t out[TOC_SHA256], const uint8_t (*commitments)[TOC_SHA256],
                          size_t count)
{
    toc_sha256_pair(out, TOC_STR("segs/v1"), toc_str(commitments, count * TOC_SHA256));
}

/* r and the nonce, from everything that may differ between two texts. */
static void derive(const uint8_t key[TOC_SEAL_KEY], const uint8_t place[PLACE_BYTES],
                   struct toc_str text, uint8_t out[TOC_SEAL_R + TOC_SEAL_NONCE])
{
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, key, TOC_SEAL_KEY, TOC_SEAL_R + TOC_SEAL_NONCE);
    crypto_generichash_update(&hash, place, PLACE_BYTES);
    crypto_generichash_update(&hash, (const uint8_t *)text.data, text.size);
    crypto_generichash_final(&hash, out, TOC_SEAL_R + TOC_SEAL_NONCE);
    sodium_memzero(&hash, sizeof(hash));
}

void toc_seal(const uint8_t key[TOC_SEAL_KEY], const struct toc_seal_place *place,
              struct toc_str text, uint8_t *out, uint8_t commitment[TOC_SHA256])
{
    uint8_t where[PLACE_BYTES], made[TOC_SEAL_R + TOC_SEAL_NONCE];
    uint8_t *inner = out + TOC_SEAL_NONCE;
    write_place(where, place);
    derive(key, where, text, made);
    memcpy(out, made + TOC_SEAL_R, TOC_SEAL_NONCE);
    memcpy(inner, made, TOC_SEAL_R);
    if (text.size > 0)
        memcpy(inner + TOC_SEAL_R, text.data, text.size);
    toc_seal_commitment(commitment, made, text);
    crypto_aead_xchacha20poly1305_ietf_encrypt(inner, NULL, inner, TOC_SEAL_R + text.size, where,
                                               sizeof(where), NULL, out, key);
    sodium_memzero(made, sizeof(made));
}

enum toc_err toc_unseal(const uint8_t key[TOC_SEAL_KEY], const struct toc_seal_place *place,
                        struct toc_str sealed, const uint8_t commitment[TOC_SHA256], uint8_t *out)
{
    uint8_t where[PLACE_BYTES], found[TOC_SHA256];
    const uint8_t *bytes = (const uint8_t *)sealed.data;
    if (sealed.size < TOC_SEAL_OVERHEAD)
        return TOC_ERR_DAMAGED;
    write_place(where, place);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes + TOC_SEAL_NONCE,
                                                   sealed.size - TOC_SEAL_NONCE, where,
                                                   sizeof(where), bytes, key) != 0)
        return TOC_ERR_DAMAGED;
    if (commitment == NULL)
        return TOC_OK;
    toc_seal_commitment(found, out, toc_str(out + TOC_SEAL_R, sealed.size - TOC_SEAL_OVERHEAD));
    return sodium_memcmp(found, commitment, TOC_SHA256) == 0 ? TOC_OK : TOC_ERR_DAMAGED;
}

void toc_seal_wrap(const uint8_t kek[TOC_SEAL_KEY], struct toc_str what,
                   const uint8_t key[TOC_SEAL_KEY], const uint8_t nonce[TOC_SEAL_NONCE],
                   uint8_t out[TOC_SEAL_WRAPPED])
{
    memcpy(out, nonce, TOC_SEAL_NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + TOC_SEAL_NONCE, NULL, key, TOC_SEAL_KEY,
                                               (const uint8_t *)what.data, what.size, NULL, nonce,
                                               kek);
}

enum toc_err toc_seal_unwrap(const uint8_t kek[TOC_SEAL_KEY], struct toc_str what,
                             const uint8_t wrapped[TOC_SEAL_WRAPPED], uint8_t out[TOC_SEAL_KEY])
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               out, NULL, NULL, wrapped + TOC_SEAL_NONCE, TOC_SEAL_WRAPPED - TOC_SEAL_NONCE,
               (const uint8_t *)what.data, what.size, wrapped, kek) == 0
               ? TOC_OK
               : TOC_ERR_DAMAGED;
}
