/*
 * How an issue goes on that stays where it should not: nobody of its queue takes it, nobody there
 * is on shift, or one of its clocks has breached.
 *
 * Each move is recorded with its reason. After as many as the queue allows, or where it has been
 * before, the issue stays and a record says that a person has to look.
 */
#ifndef ROUTER_SPILL_H
#define ROUTER_SPILL_H

#include "services/router/wait.h"

#define SPILL_OVER       "spill_over"
#define SPILL_FOLLOW_SUN "follow_sun"
#define SPILL_BREACHED   "breached"
/* Why it may not go on. */
#define SPILL_HOP_LIMIT TOC_WAITS_HOP_LIMIT
#define SPILL_VISITED   TOC_WAITS_VISITED

struct spill {
    const struct toc_queue *to; /* NULL: the issue stays */
    const char *reason;
    bool held_back; /* it would go on, but may not */
};

/* Where an issue goes at `at_ms` that nobody can take. */
struct spill spill_choose(const struct toc_queue *queue, const Tocsin__V1__Issue *issue,
                          const Tocsin__V1__Pooled *pooled, toc_time_ms at_ms);

/* The next instant after `at_ms` at which waiting alone changes something; 0 for none. */
toc_time_ms spill_next(const struct toc_queue *queue, const Tocsin__V1__Issue *issue,
                       toc_time_ms at_ms);

TOC_MUST enum toc_err spill_move(struct work *work, const struct spill *spill);

/* sla's record of a breach: the issue goes where the queue says, if it is still there. */
TOC_MUST enum toc_err spill_breached(struct toc_turn *turn, const Tocsin__V1__Record *record);

#endif
