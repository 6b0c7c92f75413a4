/*
 * The rows of sla and the records about them.
 *
 * Tables: `clocks`, key partition (1) ‖ u32be number -> packed IssueClocks; `due`, key u64be
 * instant ‖ that key -> nothing; `ledger`, that key ‖ clock (1) ‖ u32be interval -> u64be from ‖
 * u64be until (segment.h has its other rows); `open`, key u64be instant ‖ that key -> nothing.
 *
 * The due index is lazy: a row stands at or before the instant that matters, and one that turns out
 * to be early is put where it belongs when it comes up. So a pause or a reply, which make things
 * later, write nothing there.
 *
 * `open` has the issues with a live clock that wait for no instant: those with a breach under the
 * instant of the first, those that only stand still under TOC_TIME_NEVER. So whatever is open is in
 * one of the two, and a list of the most urgent reads no others.
 */
#ifndef SLA_ROW_H
#define SLA_ROW_H

#include "services/sla/clock.h"

enum sla_table { TABLE_CLOCKS = TOC_TABLE_OWN, TABLE_DUE, TABLE_LEDGER, TABLE_OPEN, SLA_TABLE_END };

#define ROW_KEY 5

/*
 * When clocks ran, in a trial (trial.h). Each stretch of an issue's life closes two at most; but
 * clocks of many scopes that all count from the opening have the stretches before them as well.
 */
struct spans {
    struct {
        size_t clock;
        struct toc_interval interval;
    } list[2 * SEGMENTS_MAX];
    size_t count;
    bool full; /* there were more */
};

/* One issue's clocks while an event is applied to them. */
struct work {
    struct toc_turn *turn;
    Tocsin__V1__IssueClocks *row;    /* in the arena; changed in place */
    const struct toc_policy *policy; /* of row->policy; NULL before any */
    const struct toc_sla *sla;       /* row->sla in it; NULL for no clocks */
    toc_time_ms at_ms;
    bool changed;
    /* Of a record of the issue's history; NULL and 0 while only time passes. */
    const Tocsin__V1__IssueChange *change;
    const Tocsin__V1__Issue *issue;
    struct toc_fields fields;
    uint32_t happened;           /* bit 1 << enum toc_happening */
    bool entered;                /* the issue came into its state */
    bool terms;                  /* its priority, SLA or policy is another */
    Tocsin__V1__IssueState left; /* the one before */
    Tocsin__V1__ApplyMode mode;  /* of the policy version that is being applied; 0: none is */
    uint32_t counted;            /* bit 1 << rule of `sla`: as this record leaves its clocks */
    bool dry;                    /* the row is a copy: nothing is written */
    struct spans *spans;         /* where closed intervals go instead; NULL: into the ledger */
};

void row_key(uint8_t key[ROW_KEY], uint32_t partition, uint32_t number);

/* TOC_NONE when the issue has no row yet. */
TOC_MUST enum toc_err row_load(struct toc_turn *turn, uint32_t partition, uint32_t number,
                               Tocsin__V1__IssueClocks **out);

/* Looks up the policy and the SLA that the row names. */
TOC_MUST enum toc_err row_bind(struct work *work);

/* The clock with its rule; the rule is NULL when the SLA has none of that name and scope. */
struct clock row_clock(const struct work *work, size_t index);

/* The clock of that name and scope; row->n_clocks when there is none. */
size_t row_find(const struct work *work, const char *name, const char *scope);

/* A rule with the target that it has for the issue. */
struct clock row_follow(const struct work *work, Tocsin__V1__Clock *clock,
                        const struct toc_clock_rule *rule);

/* Whether a clock of the rule may measure that queue or tier. */
bool row_takes(const struct toc_clock_rule *rule, const char *scope);

/* A place for another clock, zeroed; NULL when the arena is exhausted. */
Tocsin__V1__Clock *row_add_clock(struct work *work);

/* Puts the row, keeps the indexes right and tells the router and the notifier how urgent the issue
 * is. */
TOC_MUST enum toc_err row_save(struct work *work);

/* Puts a row whose instants are as they were: by the wall clock, nobody is told anything else. */
TOC_MUST enum toc_err row_put(struct work *work);

/*
 * Appends a closed interval to the clock's ledger; empty ones leave no trace. The numbers are used
 * again by the next instance: what lies beyond `intervals` is of an earlier one.
 */
TOC_MUST enum toc_err row_keep_interval(struct work *work, size_t index,
                                        struct toc_interval interval);
/* One from before all others: where it touches the first, that begins earlier. */
TOC_MUST enum toc_err row_keep_earlier(struct work *work, size_t index,
                                       struct toc_interval interval);
/* Its intervals count no more: what follows begins anew. */
void row_forget_intervals(struct work *work, size_t index);
TOC_MUST enum toc_err row_read_interval(struct work *work, size_t index, uint32_t number,
                                        struct toc_interval *out);
/*
 * Sets elapsed_ms: the clock's own time over all closed intervals by its present rule, and what it
 * kept. A ledger has no end, so row_count leaves what is counted alike already as it is.
 */
TOC_MUST enum toc_err row_recount(struct work *work, struct clock clock, size_t index);
TOC_MUST enum toc_err row_count(struct work *work, struct clock clock, size_t index);

/* The due index: the first row, and the first at or after a key. TOC_NONE when there is none. */
TOC_MUST enum toc_err due_after(struct toc_txn *txn, struct toc_str key, toc_time_ms *out_ms,
                                uint8_t out_row[ROW_KEY]);
TOC_MUST enum toc_err due_first(struct toc_txn *txn, toc_time_ms *out_ms, uint8_t out_row[ROW_KEY]);
TOC_MUST enum toc_err due_remove(struct toc_txn *txn, toc_time_ms at_ms,
                                 const uint8_t row[ROW_KEY]);

#endif
