#include "common/seal.h"

#include <assert.h>

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

/* --- a part at a time --------------------------------------------------------------------------
 *
 * XChaCha20-Poly1305 as libsodium makes it: ChaCha20 under a key that HChaCha20 makes from the
 * first 16 bytes of the nonce, with the last 8; block 0 is the key of Poly1305, the text begins
 * with block 1. The tag is over place and cipher, each filled up to 16 bytes, and their sizes.
 */

#define BLOCK      64
#define STEP_BYTES 4096

struct stream {
    uint8_t key[crypto_stream_chacha20_ietf_KEYBYTES];
    uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
};

static void open_stream(struct stream *stream, const uint8_t key[TOC_SEAL_KEY],
                        struct toc_str sealed)
{
    TOC_ASSERT(sealed.size >= TOC_SEAL_OVERHEAD);
    crypto_core_hchacha20(stream->key, (const uint8_t *)sealed.data, key, NULL);
    memset(stream->nonce, 0, 4);
    memcpy(stream->nonce + 4, sealed.data + 16, 8);
}

static size_t inner_size(struct toc_str sealed)
{
    return sealed.size - TOC_SEAL_NONCE - TOC_SEAL_TAG;
}

static void fill_up(crypto_onetimeauth_poly1305_state *mac, size_t size)
{
    static const uint8_t zeros[16];
    crypto_onetimeauth_poly1305_update(mac, zeros, (16 - size % 16) % 16);
}

static void put_u64le(uint8_t out[8], uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

void toc_unseal_begin(struct toc_unsealing *check, const uint8_t key[TOC_SEAL_KEY],
                      const struct toc_seal_place *place, struct toc_str sealed)
{
    uint8_t where[PLACE_BYTES], block[BLOCK];
    struct stream stream;
    open_stream(&stream, key, sealed);
    crypto_stream_chacha20_ietf(block, sizeof(block), stream.nonce, stream.key);
    crypto_onetimeauth_poly1305_init(&check->mac, block);
    write_place(where, place);
    crypto_onetimeauth_poly1305_update(&check->mac, where, sizeof(where));
    fill_up(&check->mac, sizeof(where));
    crypto_hash_sha256_init(&check->commitment);
    crypto_hash_sha256_update(&check->commitment, (const uint8_t *)"seg/v1", 6);
    check->done = 0;
    sodium_memzero(block, sizeof(block));
    sodium_memzero(&stream, sizeof(stream));
}

static enum toc_err check_end(struct toc_unsealing *check, struct toc_str sealed,
                              const uint8_t commitment[TOC_SHA256])
{
    uint8_t sizes[16], tag[TOC_SEAL_TAG], found[TOC_SHA256];
    size_t size = inner_size(sealed);
    fill_up(&check->mac, size);
    put_u64le(sizes, PLACE_BYTES);
    put_u64le(sizes + 8, size);
    crypto_onetimeauth_poly1305_update(&check->mac, sizes, sizeof(sizes));
    crypto_onetimeauth_poly1305_final(&check->mac, tag);
    crypto_hash_sha256_final(&check->commitment, found);
    if (sodium_memcmp(tag, sealed.data + TOC_SEAL_NONCE + size, TOC_SEAL_TAG) != 0)
        return TOC_ERR_DAMAGED;
    return commitment == NULL || sodium_memcmp(found, commitment, TOC_SHA256) == 0
               ? TOC_OK
               : TOC_ERR_DAMAGED;
}

enum toc_err toc_unseal_step(struct toc_unsealing *check, const uint8_t key[TOC_SEAL_KEY],
                             struct toc_str sealed, const uint8_t commitment[TOC_SHA256],
                             size_t most)
{
    const uint8_t *cipher = (const uint8_t *)sealed.data + TOC_SEAL_NONCE;
    size_t left = inner_size(sealed) - check->done, end = check->done + (most < left ? most : left);
    uint8_t plain[STEP_BYTES];
    TOC_ASSERT(most % BLOCK == 0);
    crypto_onetimeauth_poly1305_update(&check->mac, cipher + check->done, end - check->done);
    while (check->done < end) {
        size_t size = end - check->done < sizeof(plain) ? end - check->done : sizeof(plain);
        toc_unseal_piece(key, sealed, check->done, plain, size);
        crypto_hash_sha256_update(&check->commitment, plain, size);
        check->done += size;
    }
    sodium_memzero(plain, sizeof(plain));
    return check->done < inner_size(sealed) ? TOC_NONE : check_end(check, sealed, commitment);
}

void toc_unseal_piece(const uint8_t key[TOC_SEAL_KEY], struct toc_str sealed, size_t offset,
                      uint8_t *out, size_t size)
{
    const uint8_t *cipher = (const uint8_t *)sealed.data + TOC_SEAL_NONCE;
    size_t skip = offset % BLOCK, first = size < BLOCK - skip ? size : BLOCK - skip;
    uint32_t block = (uint32_t)(offset / BLOCK) + 1;
    uint8_t head[BLOCK];
    struct stream stream;
    TOC_ASSERT(offset + size <= inner_size(sealed));
    open_stream(&stream, key, sealed);
    memset(head, 0, sizeof(head));
    memcpy(head + skip, cipher + offset, first);
    crypto_stream_chacha20_ietf_xor_ic(head, head, sizeof(head), stream.nonce, block, stream.key);
    memcpy(out, head + skip, first);
    if (size > first)
        crypto_stream_chacha20_ietf_xor_ic(out + first, cipher + offset + first, size - first,
                                           stream.nonce, block + 1, stream.key);
    sodium_memzero(head, sizeof(head));
    sodium_memzero(&stream, sizeof(stream));
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
