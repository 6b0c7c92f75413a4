/*
 * SHA-256, HMAC-SHA-256, and the two keyed 128-bit names made from them. libcrypto's SHA-256 runs
 * five times as fast as libsodium's on this work.
 */
#ifndef TOC_HASH_H
#define TOC_HASH_H

#include "common/str.h"

#define TOC_SHA256 32 /* bytes */

void toc_sha256(uint8_t out[TOC_SHA256], struct toc_str bytes);

/* SHA-256 over the concatenation of two runs: the hash chain, a tree's node. */
void toc_sha256_pair(uint8_t out[TOC_SHA256], struct toc_str first, struct toc_str second);

void toc_hmac_sha256(uint8_t out[TOC_SHA256], struct toc_str key, struct toc_str bytes);

/*
 * The id of the issue that (source, reference) names: a BLAKE2b (RFC 7693) with a digest length of
 * 16, keyed with the deployment's 32-byte issue key, over both, each with its length (u64
 * big-endian) before it.
 */
void toc_issue_id(uint8_t out[16], const uint8_t key[32], struct toc_str source,
                  struct toc_str reference);

/* A fast 64-bit fingerprint with the same arguments, for indexes; not a commitment. */
uint64_t toc_fingerprint(const uint8_t key[32], struct toc_str source, struct toc_str id);

/* The partition of an issue, for ever. */
static inline unsigned toc_partition_of(const uint8_t issue[16])
{
    return issue[0] & 63; /* the id is a hash already */
}

#endif
