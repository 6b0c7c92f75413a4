/* Warnings and breaches: what happens when an instant has passed. And the questions about clocks.
 */
#ifndef SLA_FIRE_H
#define SLA_FIRE_H

#include "services/sla/record.h"

/* What is remembered between steps; a start begins anew. */
struct sla {
    uint8_t unconfirmed[8 + ROW_KEY + 1]; /* key in the due index: fire_unconfirmed goes on there */
};

/* Fires what lies strictly before `before_ms` on one issue's clocks, in order of time. */
TOC_MUST enum toc_err fire_issue(struct work *work, toc_time_ms before_ms);

/* Takes up to SLA_DUES_PER_STEP issues off the index whose instant is before `now_ms`. */
TOC_MUST enum toc_err fire_dues(struct toc_turn *turn, toc_time_ms now_ms);

/*
 * Log time is behind and the wall clock shows `wall_ms`: says of every target that may have passed,
 * once, that it is overdue but not confirmed. No verdict; that comes with log time. A clock that
 * was not overdue after all, or has another target now, may be said to be so again. A step looks
 * at SLA_UNCONFIRMED_PER_STEP issues, the next one at those behind them; at the end it begins anew.
 */
TOC_MUST enum toc_err fire_unconfirmed(struct toc_turn *turn, toc_time_ms wall_ms);

/* See struct toc_service. */
enum toc_err fire_next_due(struct toc_txn *txn, toc_time_ms *out);
enum toc_err sla_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                     const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);
enum toc_err sla_last_seq(struct toc_txn *txn, struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                          uint64_t *out);

#endif
