/*
 * The parts of the dedupe index, for dedupe*.c and their test only.
 *
 * The way of an entry: the active table, then (when that is full) the same table frozen, then a
 * segment of its own size, then ever larger segments. The tables and the segments partition the
 * seqs: each answers for every entry from its from_seq through its through_seq, both included, and
 * no two overlap. An entry is in the frozen table until the segment that takes it over is in the
 * list, and in the inputs of a merge until the output is: so a look-up that reads the tables and
 * the listed segments misses nothing, whatever is under way.
 *
 * Rows of the segments' table: key u32be segment no, u32be page no; value the page's entries, each
 * u64be fingerprint, u64be seq, ascending. Page p of n holds the fingerprints f with
 * floor(f * n / 2^64) = p; an empty page is an empty value. A row whose segment is not in the list
 * is rubbish (an unfinished output, an input of a finished merge, an expired segment) that the
 * sweep deletes; no number is given out again while such rows lie about.
 *
 * Row "dedupe" of the meta table: u32be version, u64be indexed_through, then per segment in order
 * of seq u32be no, u32be pages, u32be entries, u64be from_seq, u64be through_seq, i64be max_at_ms.
 */
#ifndef INTAKE_DEDUPE_IMPL_H
#define INTAKE_DEDUPE_IMPL_H

#include "services/intake/dedupe.h"

#include <assert.h>

#define DEDUPE_VERSION      1
#define DEDUPE_PAGE_MEAN    40 /* entries of a page; see dedupe_output_put */
#define DEDUPE_STEP_PAGES   4  /* pages that a step writes */
#define DEDUPE_FANOUT       8  /* segments that a merge takes */
#define DEDUPE_LEVELS       10 /* classes of segment size, each DEDUPE_FANOUT times the one below */
#define DEDUPE_SEGMENTS_MAX 64
#define DEDUPE_CROWDED      40 /* segments from which on any neighbours may be merged */
#define DEDUPE_ENTRY_BYTES  16
#define DEDUPE_SEGMENT_ROW  36 /* bytes in the meta row */
#define DEDUPE_META_HEAD    12
#define DEDUPE_ROUND        32 /* adds between two rounds of work, each a step per task */
#define DEDUPE_SWEEP_ROWS   32 /* rows that a round of the sweep looks at */
#define DEDUPE_FILTERS_MAX  10
#define DEDUPE_FILTER_NONE  (UINT32_C(1) << 31) /* the segment has no filter: always look */

struct dedupe_entry {
    uint64_t fingerprint, seq;
};
static_assert(sizeof(struct dedupe_entry) == DEDUPE_ENTRY_BYTES, "a page is packed in a run");

/* Entries being worked on; grows with the largest page. */
struct dedupe_run {
    struct dedupe_entry *items;
    size_t count, room;
};

/*
 * Open addressing with linear probing, the home slot taken from the fingerprint's high bits: so the
 * table is nearly in order, and the entries of a page lie side by side. A slot whose seq is below
 * from_seq is empty: a used table starts again without being cleared.
 */
struct dedupe_table {
    struct dedupe_table *next; /* frozen later */
    struct dedupe_entry *slots;
    uint32_t count; /* entries */
    uint64_t from_seq, through_seq;
    toc_time_ms max_at_ms;
};

struct dedupe_segment {
    uint32_t no, pages, entries;
    uint64_t from_seq, through_seq;
    toc_time_ms max_at_ms; /* of the youngest entry */
    unsigned merging;      /* 1 + the slot of the merge that reads it, or 0; not stored */
    uint32_t filters;      /* bits of the filters that hold its entries; not stored */
};

/* Output that is being written page by page, not in the list yet; no 0 when there is none. */
struct dedupe_output {
    uint32_t no, page, pages;
    uint64_t entries; /* in the pages written so far */
};

/*
 * A blocked Bloom filter of the entries of a range of seqs, whatever segments hold them: a merge
 * leaves it as it is. In memory only.
 */
struct dedupe_filter {
    uint64_t *words; /* zero or in use; stays with the place when the filter is dropped */
    uint64_t from_seq, through_seq;
    uint64_t entries;
    bool ready;  /* holds all of its range: its "no" counts */
    bool filled; /* takes no further table */
};

struct dedupe_filters {
    void *memory;                                   /* of all words */
    size_t blocks;                                  /* of 64 bytes, in one filter */
    uint64_t capacity;                              /* entries of one filter */
    struct dedupe_filter items[DEDUPE_FILTERS_MAX]; /* oldest first, without a gap in the seqs */
    size_t count;
    uint32_t step, steps; /* of the rebuild after a start */
};

struct dedupe {
    struct dedupe_config config;
    uint32_t capacity; /* entries at which a table is frozen */
    uint64_t last_seq, indexed_through;
    toc_time_ms newest_at_ms;
    uint64_t adds; /* since the start */
    struct dedupe_table *active, *spare;
    struct dedupe_table *frozen;                         /* oldest first */
    struct dedupe_output writing;                        /* of the oldest frozen table */
    struct dedupe_segment segments[DEDUPE_SEGMENTS_MAX]; /* in order of seq */
    size_t count;
    bool unplanned; /* the list has changed since merges were last looked for */
    struct dedupe_output merges[DEDUPE_LEVELS];
    uint32_t next_no;
    bool sweeping;
    uint64_t sweep_key; /* no << 32 | page; below it there is no rubbish */
    struct dedupe_filters filters;
    struct dedupe_run page, other; /* two runs to sort and pack with */
};

__extension__ typedef unsigned __int128 dedupe_u128;

/* The place of a fingerprint when the whole range is split evenly into `parts`. */
static inline uint32_t dedupe_part_of(uint64_t fingerprint, uint32_t parts)
{
    return (uint32_t)((dedupe_u128)fingerprint * parts >> 64);
}

/* The first fingerprint of a part, part < parts. */
static inline uint64_t dedupe_part_first(uint32_t part, uint32_t parts)
{
    dedupe_u128 numerator = (dedupe_u128)part << 64;
    return (uint64_t)((numerator + parts - 1) / parts);
}

static inline uint64_t dedupe_part_last(uint32_t part, uint32_t parts)
{
    return part + 1 == parts ? UINT64_MAX : dedupe_part_first(part + 1, parts) - 1;
}

static inline uint32_t dedupe_pages_for(uint64_t entries)
{
    return (uint32_t)((entries + DEDUPE_PAGE_MEAN - 1) / DEDUPE_PAGE_MEAN);
}

/* The highest seqs of those offered, descending. */
struct dedupe_hits {
    uint64_t seqs[DEDUPE_HITS_MAX];
    size_t count;
};
void dedupe_hits_offer(struct dedupe_hits *hits, uint64_t seq);

/* dedupe_table.c */

struct dedupe_table *dedupe_table_new(uint32_t slots);
void dedupe_table_free(struct dedupe_table *table);
/* Empties it; it answers for the seqs from `from_seq` on. */
void dedupe_table_start(struct dedupe_table *table, uint64_t from_seq);
void dedupe_table_add(struct dedupe_table *table, uint32_t slots, struct dedupe_entry entry,
                      toc_time_ms at_ms);
void dedupe_table_find(const struct dedupe_table *table, uint32_t slots, uint64_t fingerprint,
                       struct dedupe_hits *hits);
/* Adds the entries with first <= fingerprint <= last to `out`, in any order. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err dedupe_table_collect(const struct dedupe_table *table, uint32_t slots,
                                           uint64_t first, uint64_t last, struct dedupe_run *out);

TOC_MUST enum toc_err dedupe_run_push(struct dedupe_run *run, struct dedupe_entry entry);
/* By fingerprint, then seq. `other` is scratch; the two may swap their memory. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err dedupe_run_sort(struct dedupe_run *run, struct dedupe_run *other);

/* dedupe_segment.c */

/* Loads the list; finds the next free number. */
TOC_MUST enum toc_err dedupe_list_load(struct dedupe *d, struct toc_txn *txn);
/* Puts `segment` in place of `count` listed ones at `at` (none: a NULL), and stores the list. */
TOC_MUST enum toc_err dedupe_list_replace(struct dedupe *d, struct toc_txn *txn, size_t at,
                                          size_t count, const struct dedupe_segment *segment);
/* Takes what is past the window off the list, and gives up merges of nothing else. */
TOC_MUST enum toc_err dedupe_list_expire(struct dedupe *d, struct toc_txn *txn);
TOC_MUST enum toc_err dedupe_segment_find(const struct dedupe *d, struct toc_txn *txn,
                                          const struct dedupe_segment *segment,
                                          uint64_t fingerprint, struct dedupe_hits *hits);
/* Adds the entries with first <= fingerprint <= last to d->page. */
TOC_MUST enum toc_err dedupe_segment_collect(struct dedupe *d, struct toc_txn *txn,
                                             const struct dedupe_segment *segment, uint64_t first,
                                             uint64_t last);
/* Starts an output for `entries` entries under a new number. */
void dedupe_output_begin(struct dedupe *d, struct dedupe_output *output, uint64_t entries);
/* The fingerprints of the pages that the next step writes. */
void dedupe_output_range(const struct dedupe_output *output, uint64_t *first, uint64_t *last);
/* Sorts d->page, which holds the entries of that range, and stores it as those pages. */
TOC_MUST enum toc_err dedupe_output_put(struct dedupe *d, struct toc_txn *txn,
                                        struct dedupe_output *output);
/* A step of writing the oldest frozen table; lists the segment after the last. */
TOC_MUST enum toc_err dedupe_write_step(struct dedupe *d, struct toc_txn *txn);
/* Everything of segment `no` that is not listed may be deleted. */
void dedupe_sweep_from(struct dedupe *d, uint32_t no);
TOC_MUST enum toc_err dedupe_sweep_step(struct dedupe *d, struct toc_txn *txn);

/* dedupe_merge.c */

/* Starts the merges that the list has come to need. */
void dedupe_merge_plan(struct dedupe *d);
/* A step of every merge under way. */
TOC_MUST enum toc_err dedupe_merge_step(struct dedupe *d, struct toc_txn *txn);
/* Finishes merges at once until the list has room for a segment; only after many crashes. */
TOC_MUST enum toc_err dedupe_merge_relieve(struct dedupe *d, struct toc_txn *txn);

/* dedupe_filter.c */

/* After the list is loaded. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err dedupe_filters_open(struct dedupe *d);
void dedupe_filters_done(struct dedupe_filters *filters);
/* Finds a filter for the entries of a table that is going to be written; and takes them, per page.
 */
void dedupe_filters_begin(struct dedupe *d, const struct dedupe_table *table);
void dedupe_filters_take(struct dedupe *d, const struct dedupe_run *run);
/* The newest filter answers for seqs through this one. */
void dedupe_filters_end(struct dedupe *d, uint64_t through_seq);
/* After every change of the list or of the filters. */
void dedupe_filters_assign(struct dedupe *d);
/* Bits of the filters that may hold it, with DEDUPE_FILTER_NONE; see dedupe_segment.filters. */
uint32_t dedupe_filters_ask(const struct dedupe *d, uint64_t fingerprint);
/* A few pages' worth of what the filters of a former run have to be filled with again. */
TOC_MUST enum toc_err dedupe_filters_rebuild(struct dedupe *d, struct toc_txn *txn);

#endif
