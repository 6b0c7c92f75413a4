/*
 * Probes: test pages that ask whether they reach their person.
 *
 * `reach.asked` begins a run: each of its people gets a page of kind "probe", about no alert, by
 * each method that may be used, and by that one alone. That a receiver took it reaches nobody yet:
 * a provider has to say that it was delivered or read, or its person to answer, by the code in it
 * or its link (`reach.answered`). A run is over when nothing more is waited for, or at its end.
 *
 *      plan, a person at a time ──► wait ──► count, a person at a time ──► over
 *
 * REACH_CHANGED tells of the run's beginning, of each probe whenever it stands otherwise, and of
 * what the run came to; with that its rows are gone. A code is made of the notifier's key and the
 * page's delivery id, and is in no row and no record.
 *
 * Tables: `reach`, key id -> packed ReachRun; `reach_due`, key u64be instant ‖ id -> nothing;
 * `probe`, key id ‖ 0 ‖ u32be place -> packed ReachRow.
 */
#ifndef NOTIFIER_PROBE_H
#define NOTIFIER_PROBE_H

#include "services/notifier/alert.h"

#define PROBE_RUNS_MAX   16 /* at the same time */
#define PROBE_ID_MAX     40 /* bytes of a run's id */
#define PROBE_PEOPLE_MAX 16 /* that are named; everybody may be more */
#define PROBE_MISSED_MAX 16 /* names in the record of what a run came to */
#define PROBE_LONGEST_MS (7 * (toc_time_ms)TOC_DAY_MS)

/* tocsin.reach.asked|answered; what is refused is an ALERT_REFUSED. */
TOC_MUST enum toc_err probe_event(struct toc_turn *turn, const Tocsin__V1__Event *event);

/* When something is to be done about a run. TOC_NONE without one. */
TOC_MUST enum toc_err probe_first_due(struct toc_txn *txn, toc_time_ms *out_ms);

/* Does the first thing that is due. */
TOC_MUST enum toc_err probe_due(struct toc_turn *turn);

/* A page that is about no alert has changed, and is saved: what that says of its probe, if it is
 * one. One that is answered is not sent any more. */
TOC_MUST enum toc_err probe_follow(struct toc_turn *turn, Tocsin__V1__Page *page);

#endif
