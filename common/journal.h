/*
 * A service's log: append-only, in a store's table, chained by hash and checked by CRC.
 *
 * A position is the record's seq: opaque to consumers, ordered, not necessarily dense. Appends are
 * part of the turn's transaction; only committed records are ever shown. Row: key u64be seq, value
 * chain hash (32) ‖ CRC-32C of the rest and the hash (4, big-endian) ‖ partition (1) ‖ class (1) ‖
 * reserved (2) ‖ the packed Record. Table `log` is the first of every service (TOC_TABLE_LOG) and
 * the log's identity and trim anchor stand in TOC_TABLE_META.
 */
#ifndef TOC_JOURNAL_H
#define TOC_JOURNAL_H

#include "common/hash.h"
#include "common/store.h"
#include "common/wire.h"

struct toc_journal {
    uint64_t log_id;          /* random at creation */
    uint64_t first_seq;       /* oldest record still here */
    uint64_t last_seq;        /* newest record; first_seq - 1 when empty */
    uint8_t hash[TOC_SHA256]; /* chain hash of last_seq */
    toc_time_ms last_at_ms;   /* at_ms and log_ms of last_seq; TOC_TIME_MIN when empty */
    toc_time_ms last_log_ms;
};

/* One committed record as it stands in the store. */
struct toc_journal_entry {
    uint64_t seq;
    struct toc_str hash;   /* chain hash, 32 bytes */
    struct toc_str record; /* packed Record */
    unsigned partition, class_bit;
};

/*
 * Reads where the log stands, or writes the identity of a new one with `new_log_id`.
 * TOC_ERR_DAMAGED when the last record does not verify.
 */
TOC_MUST enum toc_err toc_journal_open(struct toc_journal *journal, struct toc_txn *txn,
                                       uint64_t new_log_id);

/*
 * Appends `record`, setting its seq. Packs into `arena`. TOC_ERR_LIMIT for a record that
 * with its 40 bytes of header is over TOC_VALUE_GOOD, TOC_ERR_FULL when the store is.
 */
TOC_MUST enum toc_err toc_journal_append(struct toc_journal *journal, struct toc_txn *txn,
                                         struct toc_arena *arena, Tocsin__V1__Record *record);

/* The record at `seq`. TOC_NONE when it is not here, TOC_ERR_DAMAGED when the CRC differs. */
TOC_MUST enum toc_err toc_journal_read(struct toc_txn *txn, uint64_t seq,
                                       struct toc_journal_entry *out);

/* A scan from `from_seq` on; each step verifies the CRC. Close before the transaction ends. */
TOC_MUST enum toc_err toc_journal_scan(struct toc_txn *txn, uint64_t from_seq,
                                       struct toc_scan **out);
TOC_MUST enum toc_err toc_journal_next(struct toc_scan *scan, struct toc_journal_entry *out);

/* The chain hash at `seq`, which may be the one just below the oldest record. TOC_NONE otherwise.
 */
TOC_MUST enum toc_err toc_journal_hash_at(const struct toc_journal *journal, struct toc_txn *txn,
                                          uint64_t seq, uint8_t out[TOC_SHA256]);

/* Removes records below `below_seq`, at most `most` of them, and keeps the chain's anchor. */
TOC_MUST enum toc_err toc_journal_trim(struct toc_journal *journal, struct toc_txn *txn,
                                       uint64_t below_seq, uint64_t most);

#endif
