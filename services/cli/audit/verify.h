/*
 * Checking logs against audit's tree: the arithmetic of `tocsin audit verify`, without the bus.
 *
 * Entries of the tree go in first, in order; then every record of every log. What does not fit is
 * told at once through `tell`, the first VERIFY_TOLD differences of them; all are counted.
 */
#ifndef CLI_VERIFY_H
#define CLI_VERIFY_H

#include "services/audit/note.h"

#include "common/hash.h"

#define VERIFY_LOGS_MAX 32
#define VERIFY_TOLD     10

/* The leaves of one log: their record hashes, in order of seq. */
struct verify_log {
    uint64_t log_id;
    uint64_t first_seq; /* of the first leaf */
    uint8_t (*hashes)[TOC_SHA256];
    size_t count, room;
    /* Of the records seen. */
    uint64_t records, next_seq;
    uint8_t chain[TOC_SHA256];        /* hash of the last record, from 32 zero bytes on */
    uint8_t chain_before[TOC_SHA256]; /* … of the one before it */
};

/* A checkpoint, and whether the entries up to its size give the root that it signs. */
struct verify_note {
    struct checkpoint checkpoint;
    bool reached; /* there were that many entries */
    bool fits;
};

struct verify {
    struct verify_log logs[VERIFY_LOGS_MAX];
    size_t log_count;
    uint64_t size;              /* entries so far */
    struct tree_hash peaks[64]; /* roots of the full subtrees, by height */
    uint64_t differences;
    void (*tell)(const char *line); /* without a newline */
};

/* Gives back what was allocated. */
void verify_done(struct verify *verify);

/* The next entry of the tree. TOC_ERR_MEMORY; a bad one is a difference, not a failure. */
TOC_MUST enum toc_err verify_entry(struct verify *verify, struct toc_str entry);

/* The root over all entries so far (RFC 6962). */
struct tree_hash verify_root(const struct verify *verify);

/* Looks whether the entries so far are those of the checkpoint; after each entry, and before all.
 */
void verify_pass(const struct verify *verify, struct verify_note *note);
/* All entries were seen: tells what is wrong with the newest checkpoint. */
void verify_newest(struct verify *verify, const struct verify_note *note);
/* The same of one that was signed earlier: the tree has to begin with what it signs. */
void verify_older(struct verify *verify, const struct verify_note *note);

/* The leaves of a log; NULL when it has none. */
struct verify_log *verify_log_of(struct verify *verify, uint64_t log_id);

/*
 * A record, in order. One up to `must_seq` has to have a leaf; a newer one may be waiting for it.
 * `name` is the service's, for what is told.
 */
void verify_record(struct verify *verify, const char *name, uint64_t log_id, uint64_t seq,
                   struct toc_str bytes, uint64_t must_seq);

/* All records of the log were seen: leaves beyond the last one have no record. */
void verify_log_end(struct verify *verify, const char *name, uint64_t log_id, uint64_t last_seq);

/* Counts a difference and tells it. */
__attribute__((format(printf, 2, 3))) void verify_differs(struct verify *verify, const char *format,
                                                          ...);

#endif
