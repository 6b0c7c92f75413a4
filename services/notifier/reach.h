/*
 * Runs of probes: whether pages reach people (probe.h has one probe).
 *
 * `reach.asked` begins one, and so does the policy where it says how often. Each of its people is
 * paged by each method that may be used. It is over when nothing more is waited for, or at its end;
 * then REACH_CHANGED says whom it missed.
 *
 *      plan, a person at a time ──► wait ──► count, a person at a time ──► over
 *
 * REACH_CHANGED tells of the run's beginning, of each probe whenever it stands otherwise, and of
 * what the run came to; with that its rows are gone.
 *
 * Tables: `reach`, key id -> packed ReachRun; `reach_due`, key u64be instant ‖ id -> nothing.
 */
#ifndef NOTIFIER_REACH_H
#define NOTIFIER_REACH_H

#include "services/notifier/alert.h"

#define REACH_RUNS_MAX   16 /* at the same time, of those that are asked for */
#define REACH_RUNS_MOST  32 /* with those of the policy */
#define REACH_ID_MAX     40 /* bytes of a run's id */
#define REACH_PEOPLE_MAX 16 /* that are named; everybody may be more */
#define REACH_MISSED_MAX 16 /* names in the record of what a run came to */
#define REACH_LONGEST_MS (7 * (toc_time_ms)TOC_DAY_MS)

/* tocsin.reach.asked|answered, as intake took it then; what is refused is an ALERT_REFUSED. */
TOC_MUST enum toc_err reach_event(struct toc_turn *turn, const Tocsin__V1__Event *event,
                                  toc_time_ms at_ms);

/* Another policy is in force: when the next run begins by it. */
TOC_MUST enum toc_err reach_policy(struct toc_turn *turn);

/* When something is to be done about a run; TOC_TIME_NEVER: nothing. */
TOC_MUST enum toc_err reach_first_due(struct toc_txn *txn, toc_time_ms *out_ms);

/* Does the first thing that is due. */
TOC_MUST enum toc_err reach_due(struct toc_turn *turn);

/* --- for probe.c -------------------------------------------------------------------------- */

/* TOC_NONE when it is over or never was. */
TOC_MUST enum toc_err reach_load(struct toc_turn *turn, struct toc_str reach,
                                 Tocsin__V1__ReachRun **out);
/* `old_next_ms` is where it stood in the index of dues; TOC_TIME_NEVER: nowhere. */
TOC_MUST enum toc_err reach_save(struct toc_turn *turn, const Tocsin__V1__ReachRun *run,
                                 toc_time_ms old_next_ms);
/* Appends a record. */
TOC_MUST enum toc_err reach_say(struct toc_turn *turn, const Tocsin__V1__ReachChange *change);

#endif
