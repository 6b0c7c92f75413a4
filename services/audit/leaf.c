/* See tree.c: the context on the stack, at a quarter of what a one-shot HMAC costs. */
#define OPENSSL_API_COMPAT 10101

#include "services/audit/leaf.h"

#include <assert.h>
#include <openssl/sha.h>
#include <sodium.h>

/* Places in the layout; see leaf.h. */
enum {
    AT_VERSION = 0,
    AT_TIME = 1,
    AT_TYPE = 9,
    AT_ISSUE = 13,
    AT_LOG = 29,
    AT_SEQ = 37,
    AT_RECORD_HASH = 45,
    AT_NONCE = 77,
    AT_COUNT = 93,
    AT_COMMITMENTS = 94,
};

static_assert(AT_COMMITMENTS == LEAF_MIN, "commitments follow the fixed part");
static_assert(AT_NONCE + LEAF_NONCE == AT_COUNT, "the fixed part has no gap");
static_assert(LEAF_COMMITMENT == 1 + sizeof(((struct leaf_commitment *)0)->hash),
              "a commitment is its class and its hash");
static_assert(LEAF_KEY <= SHA256_CBLOCK, "the key is used as it is, never hashed");

void leaf_encode(const struct leaf *leaf, uint8_t out[LEAF_MAX], size_t *out_size)
{
    TOC_ASSERT(leaf->commitment_count <= LEAF_COMMITMENTS_MAX);
    out[AT_VERSION] = LEAF_VERSION;
    toc_put_u64be(out + AT_TIME, (uint64_t)leaf->at_ms);
    toc_put_u32be(out + AT_TYPE, leaf->type);
    memcpy(out + AT_ISSUE, leaf->issue, sizeof(leaf->issue));
    toc_put_u64be(out + AT_LOG, leaf->log);
    toc_put_u64be(out + AT_SEQ, leaf->seq);
    memcpy(out + AT_RECORD_HASH, leaf->record_hash, sizeof(leaf->record_hash));
    memcpy(out + AT_NONCE, leaf->nonce, sizeof(leaf->nonce));
    out[AT_COUNT] = leaf->commitment_count;
    uint8_t *next = out + AT_COMMITMENTS;
    for (size_t i = 0; i < leaf->commitment_count; i++, next += LEAF_COMMITMENT) {
        next[0] = leaf->commitments[i].class;
        memcpy(next + 1, leaf->commitments[i].hash, sizeof(leaf->commitments[i].hash));
    }
    *out_size = (size_t)(next - out);
}

enum toc_err leaf_decode(struct toc_str bytes, struct leaf *out)
{
    const uint8_t *in = (const uint8_t *)bytes.data;
    struct leaf read = {0};

    if (bytes.size > 0 && in[AT_VERSION] != LEAF_VERSION)
        return TOC_ERR_VERSION;
    if (bytes.size < LEAF_MIN || in[AT_COUNT] > LEAF_COMMITMENTS_MAX ||
        bytes.size != LEAF_MIN + (size_t)in[AT_COUNT] * LEAF_COMMITMENT)
        return TOC_ERR_MALFORMED;
    read.at_ms = (toc_time_ms)toc_get_u64be(in + AT_TIME);
    read.type = toc_get_u32be(in + AT_TYPE);
    memcpy(read.issue, in + AT_ISSUE, sizeof(read.issue));
    read.log = toc_get_u64be(in + AT_LOG);
    read.seq = toc_get_u64be(in + AT_SEQ);
    memcpy(read.record_hash, in + AT_RECORD_HASH, sizeof(read.record_hash));
    memcpy(read.nonce, in + AT_NONCE, sizeof(read.nonce));
    read.commitment_count = in[AT_COUNT];
    in += AT_COMMITMENTS;
    for (size_t i = 0; i < read.commitment_count; i++, in += LEAF_COMMITMENT) {
        read.commitments[i].class = in[0];
        memcpy(read.commitments[i].hash, in + 1, sizeof(read.commitments[i].hash));
    }
    *out = read;
    return TOC_OK;
}

/* One pass of HMAC (RFC 2104): SHA-256 over the padded key, its bytes xor `pad`, and the data. */
static void keyed_pass(const uint8_t key[LEAF_KEY], uint8_t pad, const uint8_t *data, size_t size,
                       uint8_t out[SHA256_DIGEST_LENGTH])
{
    uint8_t block[SHA256_CBLOCK];
    SHA256_CTX ctx;
    memset(block, pad, sizeof(block));
    for (size_t i = 0; i < LEAF_KEY; i++)
        block[i] ^= key[i];
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, block, sizeof(block));
    SHA256_Update(&ctx, data, size);
    SHA256_Final(out, &ctx);
    sodium_memzero(block, sizeof(block));
    sodium_memzero(&ctx, sizeof(ctx));
}

void leaf_nonce(const uint8_t key[LEAF_KEY], uint64_t log, uint64_t seq, uint8_t out[LEAF_NONCE])
{
    uint8_t message[16];
    uint8_t digest[SHA256_DIGEST_LENGTH];
    toc_put_u64be(message, log);
    toc_put_u64be(message + 8, seq);
    keyed_pass(key, 0x36, message, sizeof(message), digest);
    keyed_pass(key, 0x5c, digest, sizeof(digest), digest);
    memcpy(out, digest, LEAF_NONCE);
}
