/*
 * Events that came before their issue's opening: kept for a while, in order, then given to a stub.
 *
 * Tables: `parked`, key issue id (16) ‖ u64be seq of its ISSUE_PARKED record -> the packed upstream
 * Record; `parked_due`, key u64be instant ‖ issue id -> nothing, one row per waiting issue.
 */
#ifndef ROUTER_PARKED_H
#define ROUTER_PARKED_H

#include "common/answer.h"
#include "services/router/issue.h"

/*
 * Parks the event of `record`. `*out_full` says that the issue waits with as many as it may: make a
 * stub now.
 */
TOC_MUST enum toc_err parked_add(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                 struct toc_str bytes, const Tocsin__V1__Event *event,
                                 bool *out_full);

/* Takes the oldest event that waits for an issue, in the arena. TOC_NONE when none is left. */
TOC_MUST enum toc_err parked_take(struct toc_turn *turn, struct toc_str id,
                                  Tocsin__V1__Record **out);

/* An issue whose wait is over at `now_ms`, taken off the index; TOC_NONE when there is none. */
TOC_MUST enum toc_err parked_take_due(struct toc_turn *turn, toc_time_ms now_ms,
                                      uint8_t out_id[TOC_ID]);

TOC_MUST enum toc_err parked_next_due(struct toc_txn *txn, toc_time_ms *out);

/* Answers Ask PARKED. */
TOC_MUST enum toc_err parked_ask(struct toc_txn *txn, struct toc_arena *arena,
                                 const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
