/*
 * The entry that audit's tree holds for one record of another service's log.
 *
 * A fixed binary layout, because a proof stands on bytes and protobuf is not canonical: one leaf
 * has one encoding. It names the record (log and seq, so a dropped one shows), holds the hash of
 * its exact bytes (so a changed sum shows) and commits to content by hash alone, never to the
 * content. All numbers are big-endian:
 *
 *   offset  bytes
 *        0      1  version, LEAF_VERSION
 *        1      8  at_ms, two's complement
 *        9      4  record type
 *       13     16  pseudonym of the issue
 *       29      8  source log id
 *       37      8  source seq
 *       45     32  SHA-256 of the record
 *       77     16  nonce
 *       93      1  number of content commitments, 0..LEAF_COMMITMENTS_MAX
 *       94  33·n   {class u8, commitment 32}, in the record's order of data subjects
 *
 * Another layout takes another version. Audit's core and the verifier of the command line call
 * this. Pure.
 */
#ifndef AUDIT_LEAF_H
#define AUDIT_LEAF_H

#include "common/str.h"
#include "common/time.h"

#define LEAF_VERSION         1
#define LEAF_COMMITMENT      33 /* bytes of one */
#define LEAF_COMMITMENTS_MAX 8
#define LEAF_MIN             94 /* bytes of a leaf without commitments */
#define LEAF_MAX             (LEAF_MIN + LEAF_COMMITMENTS_MAX * LEAF_COMMITMENT)
#define LEAF_NONCE           16
#define LEAF_KEY             32

/* To one segment of content, that of one data subject. */
struct leaf_commitment {
    uint8_t class; /* of retention */
    uint8_t hash[32];
};

struct leaf {
    toc_time_ms at_ms;
    uint32_t type;
    uint8_t issue[16];
    uint64_t log;
    uint64_t seq;
    uint8_t record_hash[32];
    uint8_t nonce[LEAF_NONCE];
    uint8_t commitment_count;
    struct leaf_commitment commitments[LEAF_COMMITMENTS_MAX];
};

/* Writes LEAF_MIN to LEAF_MAX bytes. Too many commitments are a bug: the caller refuses them. */
void leaf_encode(const struct leaf *leaf, uint8_t out[LEAF_MAX], size_t *out_size);

/*
 * Reads what leaf_encode writes and nothing else: whatever decodes encodes to the same bytes.
 * Commitments beyond the count are zeroed. TOC_ERR_VERSION for another version, TOC_ERR_MALFORMED
 * for a leaf that is cut short, goes on, or counts too many commitments.
 */
TOC_MUST enum toc_err leaf_decode(struct toc_str bytes, struct leaf *out);

/*
 * HMAC-SHA256(key, log id ‖ seq), its first 16 bytes: keeps a leaf's hash from being guessed by
 * someone who knows the record's form, and stays the same when a leaf is derived again.
 */
void leaf_nonce(const uint8_t key[LEAF_KEY], uint64_t log, uint64_t seq, uint8_t out[LEAF_NONCE]);

#endif
