/*
 * The policies a service has been told of: their texts as rows, compiled ones as a cache.
 *
 * A policy travels as POLICY_PART records and one POLICY_APPLIED, like everything else through the
 * log, so a rebuild needs nobody to ask. Rows of TOC_TABLE_POLICY: 'p' ‖ hash ‖ u32be index -> text
 * piece; 'v' ‖ u32be version -> hash ‖ u32be size ‖ u32be pieces; 'c' -> u32be version in force;
 * 'l' -> u32be latest version, which is another when that is only for a report.
 */
#ifndef TOC_POLICY_STORE_H
#define TOC_POLICY_STORE_H

#include "common/hash.h"
#include "common/policy/policy.h"
#include "common/store.h"
#include "common/wire.h"

#define TOC_POLICY_CACHE 16

struct toc_policy_cache {
    struct toc_policy *policies[TOC_POLICY_CACHE]; /* most recently used first */
    struct toc_policy *left; /* that had to make room, and that somebody may still look into */
};

void toc_policy_cache_done(struct toc_policy_cache *cache);
/* Nobody looks any more into what the cache has lent: frees what has left it. */
void toc_policy_cache_trim(struct toc_policy_cache *cache);

/* Keeps one piece, for ever: TOC_NONE when another text already stands in its place. */
TOC_MUST enum toc_err toc_policy_keep_part(struct toc_txn *txn, const Tocsin__V1__PolicyPart *part);
/*
 * Keeps a version, and makes it the one in force unless a later one is, or it is only for a report.
 * TOC_NONE when it was told of before, by another upstream; TOC_ERR_MALFORMED when it was another.
 */
TOC_MUST enum toc_err toc_policy_keep_applied(struct toc_txn *txn,
                                              const Tocsin__V1__PolicyApplied *applied);

/* Whether all pieces of `hash` are here and compile; TOC_NONE when not. */
TOC_MUST enum toc_err toc_policy_is_valid(struct toc_txn *txn, const uint8_t hash[TOC_SHA256],
                                          uint32_t size);

/* The version in force, and the latest one that is known; 0 for none yet. */
TOC_MUST enum toc_err toc_policy_in_force(struct toc_txn *txn, uint32_t *out);
TOC_MUST enum toc_err toc_policy_latest(struct toc_txn *txn, uint32_t *out);

/* The whole text of `hash` from its pieces, malloc'ed. TOC_NONE when a piece is missing. */
TOC_MUST enum toc_err toc_policy_text(struct toc_txn *txn, const uint8_t hash[TOC_SHA256],
                                      uint32_t size, char **out);
/* The text and the hash of a version; TOC_NONE when it is not known. */
TOC_MUST enum toc_err toc_policy_text_of(struct toc_txn *txn, uint32_t version, char **out,
                                         uint32_t *out_size, uint8_t out_hash[TOC_SHA256]);

/* The compiled policy of a version (0: the one in force), lent until the next trim. */
TOC_MUST enum toc_err toc_policy_cached(struct toc_policy_cache *cache, struct toc_txn *txn,
                                        uint32_t version, const struct toc_policy **out);

#endif
