/* SHA-256's context lives on the stack; what EVP does around it costs as much as a short record. */
#define OPENSSL_API_COMPAT 10101

#include "common/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sodium.h>

void toc_sha256_pair(uint8_t out[TOC_SHA256], struct toc_str first, struct toc_str second)
{
    SHA256_CTX hash;
    TOC_ASSERT(SHA256_Init(&hash) == 1);
    TOC_ASSERT(SHA256_Update(&hash, first.data, first.size) == 1);
    TOC_ASSERT(SHA256_Update(&hash, second.data, second.size) == 1);
    TOC_ASSERT(SHA256_Final(out, &hash) == 1);
}

void toc_sha256(uint8_t out[TOC_SHA256], struct toc_str bytes)
{
    toc_sha256_pair(out, bytes, toc_str(NULL, 0));
}

void toc_hmac_sha256(uint8_t out[TOC_SHA256], struct toc_str key, struct toc_str bytes)
{
    unsigned size = TOC_SHA256;
    const char *key_data = key.size == 0 ? "" : key.data; /* NULL would mean "the key before" */
    TOC_ASSERT(HMAC(EVP_sha256(), key_data, (int)key.size, (const uint8_t *)bytes.data, bytes.size,
                    out, &size) != NULL);
}

void toc_issue_id(uint8_t out[16], const uint8_t key[32], struct toc_str source,
                  struct toc_str reference)
{
    crypto_generichash_state state;
    uint8_t length[8];
    crypto_generichash_init(&state, key, 32, 16);
    toc_put_u64be(length, source.size);
    crypto_generichash_update(&state, length, sizeof(length));
    crypto_generichash_update(&state, (const uint8_t *)source.data, source.size);
    toc_put_u64be(length, reference.size);
    crypto_generichash_update(&state, length, sizeof(length));
    crypto_generichash_update(&state, (const uint8_t *)reference.data, reference.size);
    crypto_generichash_final(&state, out, 16);
}

uint64_t toc_fingerprint(const uint8_t key[32], struct toc_str source, struct toc_str id)
{
    /* SipHash of each, chained through the key: two short runs need no copy. */
    uint8_t first[crypto_shorthash_BYTES], second[crypto_shorthash_BYTES];
    uint8_t chained[crypto_shorthash_KEYBYTES];
    crypto_shorthash(first, (const uint8_t *)source.data, source.size, key);
    memcpy(chained, key + 16, sizeof(chained));
    for (size_t i = 0; i < sizeof(first); i++)
        chained[i] ^= first[i];
    crypto_shorthash(second, (const uint8_t *)id.data, id.size, chained);
    return toc_get_u64be(second);
}
