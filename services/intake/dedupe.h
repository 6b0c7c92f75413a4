/*
 * The index that tells a repeated (source, id) from a fresh one: exact, and without random writes.
 *
 * An entry is a 64-bit fingerprint of (source, id) and the seq of the record that holds it; the
 * caller compares the record itself, so two keys with one fingerprint are both found. Fingerprints
 * have to come from a keyed hash: uneven ones cost time, never exactness. Entries enter
 * a table in memory; when it is full it is frozen, sorted and written out as a *segment*, a few
 * pages with each following event, so that no commit carries the whole of it. A segment's pages
 * split the fingerprint's range evenly: a look-up reads one page. Segments of the same size are
 * merged in the same small steps, and a segment whose youngest entry is past the window is dropped,
 * in small steps too. What is in memory is rebuilt from the log's tail after a start; so the log
 * must keep what is above dedupe_indexed_through.
 *
 * Memory: 112 bytes per slot, 28 MB for 256k slots (two tables, and Bloom filters that spare most
 * fresh keys every look-up of a page; filters not in use yet cost nothing). Rows: about 25 bytes
 * per remembered key, each written two or three times.
 *
 * Only intake's core calls this. Not thread-safe.
 */
#ifndef INTAKE_DEDUPE_H
#define INTAKE_DEDUPE_H

#include "common/store.h"
#include "common/time.h"

#define DEDUPE_HITS_MAX 8 /* candidates of one look-up */

struct dedupe;

struct dedupe_config {
    unsigned table;        /* pages of segments */
    unsigned meta_table;   /* one row, key "dedupe" */
    size_t memory_entries; /* slots of one in-memory table, 2^4 to 2^24; a power of two */
    toc_time_ms window_ms; /* how long a key is remembered, counted in the events' at_ms; > 0 */
};

/*
 * Loads the list of segments. Then the caller replays the log: every accepted record with seq >
 * dedupe_indexed_through goes in through dedupe_replay, in order, before the first dedupe_add. A
 * read transaction will do. The configuration may differ from the last one's. TOC_ERR_MEMORY,
 * TOC_ERR_DAMAGED, TOC_ERR_VERSION.
 */
TOC_MUST enum toc_err dedupe_open(const struct dedupe_config *config, struct toc_txn *txn,
                                  struct dedupe **out);
/* Accepts NULL. */
void dedupe_free(struct dedupe *dedupe);

/* The highest seq that finished segments hold. */
uint64_t dedupe_indexed_through(const struct dedupe *dedupe);

/* The oldest record that a look-up may still name, or that has to be replayed: trim below it. */
uint64_t dedupe_needs_from(const struct dedupe *dedupe);

/*
 * The seqs of the entries with this fingerprint, latest first, at most DEDUPE_HITS_MAX.
 * TOC_NONE when there is none: the key is fresh. A key past the window may still be named for a
 * while; where that matters, compare the record's at_ms. TOC_ERR_DAMAGED.
 */
TOC_MUST enum toc_err dedupe_find(const struct dedupe *dedupe, struct toc_txn *txn,
                                  uint64_t fingerprint, uint64_t seqs[DEDUPE_HITS_MAX],
                                  size_t *out_count);

/*
 * Enters a fresh key and does a bounded piece of the pending writing, merging and dropping in
 * `txn`; the rows depend on the adds since the start alone, not on the transactions' boundaries.
 * `seq` is above all before it. When the transaction is aborted, or this fails, the whole index has
 * to be opened again. Failures of the store, TOC_ERR_MEMORY, TOC_ERR_DAMAGED.
 */
TOC_MUST enum toc_err dedupe_add(struct dedupe *dedupe, struct toc_txn *txn, uint64_t fingerprint,
                                 uint64_t seq, toc_time_ms at_ms);

/*
 * Enters a key that the log already holds; writes nothing. TOC_ERR_MEMORY; TOC_ERR_LIMIT when far
 * more records are replayed than an index of this memory_entries leaves outside its segments.
 */
TOC_MUST enum toc_err dedupe_replay(struct dedupe *dedupe, uint64_t fingerprint, uint64_t seq,
                                    toc_time_ms at_ms);

#endif
