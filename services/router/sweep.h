/*
 * A new policy version among the issues that are there, when its mode says so: each open one is
 * routed by it, or is told of what it would change, by one POLICY record that counts from the
 * instant at which the version was applied.
 *
 * It goes through the rows in the order of their keys, ROUTER_SWEEP_STEP at a time, with a pause in
 * log time after each, so that a million issues do not hold up events. An issue that has an event
 * before the sweep has come to it is swept at once. Each step leaves a POLICY_SWEPT record: what is
 * built again from the logs does the same steps at the same places.
 *
 * Table `sweep`: key u32be version -> packed PolicySweep; several versions go one after the other.
 */
#ifndef ROUTER_SWEEP_H
#define ROUTER_SWEEP_H

#include "services/router/work.h"

#define ROUTER_SWEEP_STEP     200 /* issues */
#define ROUTER_SWEEP_PAUSE_MS 20  /* of log time, between steps */

/* A version has been applied. */
TOC_MUST enum toc_err sweep_begin(struct toc_turn *turn, const Tocsin__V1__PolicyApplied *applied,
                                  toc_time_ms at_ms);

/* Before an event changes an issue: what sweeps under way have not done with it yet. It is loaded
 * again where they change it. */
TOC_MUST enum toc_err sweep_before_event(struct toc_turn *turn, Tocsin__V1__Issue **issue);

TOC_MUST enum toc_err sweep_next_due(struct toc_txn *txn, toc_time_ms *out);
/* One step; TOC_NONE when none is due at `now_ms`. */
TOC_MUST enum toc_err sweep_fire(struct toc_turn *turn, toc_time_ms now_ms);

#endif
