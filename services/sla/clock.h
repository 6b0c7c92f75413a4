/*
 * One clock: working time over the intervals in which it ran. Pure arithmetic on its row; nothing
 * here reads or writes the store.
 *
 *                 start            pause             resume          stop
 *   INACTIVE ───────────► RUNNING ───────► PAUSED ──────────► RUNNING ─────► MET
 *                            └──────────────┴──── cancel ──► CANCELLED
 *
 * `breached` is a latch beside the state: breached and paused is a thing. elapsed_ms is the sum of
 * the closed intervals, each half open; the open one is added when asked.
 */
#ifndef SLA_CLOCK_H
#define SLA_CLOCK_H

#include "services/sla/sla.h"

/* A clock with the rule it follows. */
struct clock {
    Tocsin__V1__Clock *row;
    const struct toc_clock_rule *rule;
};

/* A fresh clock of the rule, not started. */
void clock_init(Tocsin__V1__Clock *row, const struct toc_clock_rule *rule, unsigned priority);

/* Working time up to `at_ms`. */
toc_time_ms clock_elapsed(struct clock clock, toc_time_ms at_ms);

/* Starts or resumes at `at_ms` and sets the due. */
void clock_run(struct clock clock, toc_time_ms at_ms);

/* Closes the open interval at `at_ms` and returns it; empty (from == until) when none was open. */
struct toc_interval clock_halt(struct clock clock, toc_time_ms at_ms);

/* Recomputes due_ms and next_ms from the ledger's sum; call after any change. */
void clock_plan(struct clock clock);

/* What next_ms stands for. */
enum clock_next { CLOCK_NEXT_NOTHING, CLOCK_NEXT_WARNING, CLOCK_NEXT_DUE };
enum clock_next clock_next(struct clock clock, size_t *out_threshold);

/* Whether the due of a running clock lies before `at_ms`; of another, whether it ran too long. */
bool clock_is_over(struct clock clock, toc_time_ms at_ms);

bool clock_is_live(const Tocsin__V1__Clock *row); /* RUNNING or PAUSED */

#endif
