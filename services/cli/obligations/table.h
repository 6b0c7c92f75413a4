/*
 * What the ledger remembers: an entry for each alert and each page, by their numbers, sets of
 * hashes, and promises. All grow as needed, never shrink, and nothing is ever taken out.
 */
#ifndef CLI_OBLIGATIONS_TABLE_H
#define CLI_OBLIGATIONS_TABLE_H

#include "services/cli/obligations/ledger.h"

#define TABLE_ALERT UINT32_MAX /* the index of an alert's own entry */

struct table_pending {
    struct ledger_pending told;
    bool news; /* it rings nobody: neither an answer nor the end of a step ends it */
};

enum table_flag {
    TABLE_OPENED = 1,   /* alert: the beginning of its step was seen */
    TABLE_PAGED = 2,    /* alert: somebody was asked since, or a record says why nobody */
    TABLE_ACCEPTED = 4, /* page: an attempt was */
    TABLE_CROSSED = 8,  /* page: an attempt was answered after its end */
    TABLE_HELD = 16,    /* alert: a silence or maintenance holds it */
};

struct table_entry {
    uint64_t number; /* of the alert, from 1; 0: pages about none */
    uint32_t index;
    uint8_t state;  /* page: Tocsin__V1__PageState; 0: the entry is free; alert: 1 */
    uint8_t flags;  /* enum table_flag */
    uint16_t turns; /* alert: how often it was answered or held: its steps may ring again after */
    toc_time_ms next_ms; /* alert: its step is over then; TOC_TIME_NEVER: nothing ends it by time */
    uint64_t mark;       /* page: of its delivery id; alert: the record that began its step */
    union {
        struct table_pending *pending; /* page: while it is */
        uint64_t seq; /* page: of its end; alert: since when nobody of it is to be paged, 0: not */
    } is;
};

struct table {
    struct table_entry *entries;
    size_t count, room; /* `room` is 0 or a power of two */
};

/* Frees what it holds, the pending pages, too. */
void table_done(struct table *table);
/* NULL when there is none. Entries move when one is added. */
struct table_entry *table_find(const struct table *table, uint64_t number, uint32_t index);
/* The entry, which is made with `state` when it is not there. */
TOC_MUST enum toc_err table_take(struct table *table, uint64_t number, uint32_t index,
                                 uint8_t state, struct table_entry **out);

struct marks {
    uint64_t *values;
    size_t count, room;
};

/* What a text, and what numbers and a text come to; never 0. */
uint64_t mark_of_text(const char *text);
uint64_t mark_of(const uint64_t numbers[], size_t count, const char *text);

void marks_done(struct marks *marks);
bool marks_has(const struct marks *marks, uint64_t mark);
/* `*out_new`: it was not there. */
TOC_MUST enum toc_err marks_add(struct marks *marks, uint64_t mark, bool *out_new);

/* A page that another one should stand for, which was not opened or accepted by then. */
struct promise {
    uint64_t carrier; /* its mark */
    uint64_t seq;
    struct ledger_page page;
};

struct promises {
    struct promise *all;
    size_t count, room;
};

void promises_done(struct promises *promises);
TOC_MUST enum toc_err promises_add(struct promises *promises, const struct promise *promise);

#endif
