/*
 * Issues that people are asked to take: the row beside Issue, the waiting list of each queue, and
 * the index of instants at which something of all this is looked at again.
 *
 * Tables: `pooled`, key as in `issue` -> packed Pooled; `waiting`, key queue (8, see wait_name) ‖
 * u64be rank ‖ that key -> nothing; `pool_due`, key u64be instant ‖ kind (1) ‖ issue key or person
 * (8) -> nothing or the person's id. Both lists follow the rows: only those here write them.
 */
#ifndef ROUTER_WAIT_H
#define ROUTER_WAIT_H

#include "services/router/work.h"

#define WAIT_NAME 8 /* bytes that stand for a name in a key */
#define WAIT_KEY  (WAIT_NAME + 8 + ISSUE_KEY)

struct pooled {
    Tocsin__V1__Pooled *row; /* in the arena; changed in place */
    uint8_t key[ISSUE_KEY];
    /* As the lists have it. */
    uint8_t was_queue[WAIT_NAME];
    toc_time_ms was_rank_ms, was_next_ms;
};

/* Names may be longer than a key: a hash of it stands in the keys, the name in the rows. */
void wait_name(uint8_t out[WAIT_NAME], const char *name);

/* The row of an issue; an empty one when it has none. */
TOC_MUST enum toc_err pooled_open(struct toc_turn *turn, const Tocsin__V1__Issue *issue,
                                  struct pooled *out);
TOC_MUST enum toc_err pooled_save(struct toc_turn *turn, struct pooled *pooled);
TOC_MUST enum toc_err pooled_remove(struct toc_turn *turn, struct pooled *pooled);

/* The earlier of two instants of which 0 is none. */
static inline toc_time_ms wait_earlier(toc_time_ms a, toc_time_ms b)
{
    if (a == 0 || b == 0)
        return a == 0 ? b : a;
    return a < b ? a : b;
}

/* In a waiting list; rank_ms 0 is its beginning. */
struct wait_place {
    toc_time_ms rank_ms;
    uint8_t issue[ISSUE_KEY];
};

/*
 * Walks what waits in several queues, the most urgent first. Rows may be written meanwhile: what
 * is put before the present place is not seen.
 */
struct wait_list {
    struct toc_turn *turn;
    const struct toc_queue *const *queues;
    size_t count;
    uint8_t (*next)[WAIT_KEY]; /* of each queue: where to go on, in the arena */
    bool *over;
};
TOC_MUST enum toc_err wait_begin(struct toc_turn *turn, const struct toc_queue *const *queues,
                                 size_t count, struct wait_place from, struct wait_list *out);
/* The next issue; TOC_NONE after the last. */
TOC_MUST enum toc_err wait_next(struct wait_list *list, const struct toc_queue **out_queue,
                                struct wait_place *out);

/* --- the index of instants ------------------------------------------------------------------- */

enum wait_due { WAIT_DUE_PERSON, WAIT_DUE_ISSUE }; /* at one instant people come first */

/* Moves a person's place in the index; 0 is none. */
TOC_MUST enum toc_err wait_move_person(struct toc_turn *turn, const char *id, toc_time_ms was_ms,
                                       toc_time_ms next_ms);

struct wait_fire {
    toc_time_ms at_ms;
    enum wait_due kind;
    char *person; /* in the arena */
    uint8_t key[ISSUE_KEY];
};
/* The first instant before `now_ms`; it stays in the index until its row moves it. TOC_NONE. */
TOC_MUST enum toc_err wait_first(struct toc_turn *turn, toc_time_ms now_ms, struct wait_fire *out);
TOC_MUST enum toc_err wait_next_due(struct toc_txn *txn, toc_time_ms *out);

#endif
