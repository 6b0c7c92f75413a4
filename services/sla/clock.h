/*
 * One clock: its own time over the intervals in which it ran. Pure arithmetic on its row; nothing
 * here reads or writes the store.
 *
 *                 start            pause             resume          stop
 *   INACTIVE ───────────► RUNNING ───────► PAUSED ──────────► RUNNING ─────► MET
 *                            └──────────────┴──── cancel ──► CANCELLED
 *
 * `breached` is a latch beside the state: breached and paused is a thing. elapsed_ms is the sum of
 * the closed intervals, each half open; the open one is added when asked.
 *
 * A clock's own time is working time of its calendar, or wall time when its target says "elapsed"
 * and when it is a legal one. A target in business days or months, and a due date by hand, is an
 * instant (exact_ms, manual_due_ms); target_ms is then the clock's own time from its start until
 * that, so that percentages mean the same everywhere. Pauses come after an exact instant, as so
 * much of the clock's own time. A date by hand is a promise: it stays where it is, and comes to
 * pass also for a clock that stands still.
 */
#ifndef SLA_CLOCK_H
#define SLA_CLOCK_H

#include "services/sla/sla.h"

/* A clock with the rule it follows. */
struct clock {
    Tocsin__V1__Clock *row;
    const struct toc_clock_rule *rule;
    const struct toc_target *target; /* of the rule, by the priority */
};

/* A fresh clock of the rule, not started. */
void clock_init(Tocsin__V1__Clock *row, const struct toc_clock_rule *rule);

/* Takes over the target, counted from the row's start; a due date by hand stands in for it. */
void clock_aim(struct clock clock);

/* Whether its own time is wall time. */
bool clock_is_wall(struct clock clock);

/* Whether the target is counted in days or months: a date, and no amount of time. */
bool clock_has_date(struct clock clock);

/*
 * Whether the clock has a date by hand that counts. One that is over takes it along if it goes on
 * at `at_ms`, unless the date has ended or came while the clock was over: then it was kept.
 */
bool clock_has_manual(struct clock clock, toc_time_ms at_ms);

/* The clock's own time in [from, until); 0 when reversed. */
toc_time_ms clock_between(struct clock clock, toc_time_ms from_ms, toc_time_ms until_ms);

/* Of two such times; the end of time is as far as it goes. */
toc_time_ms clock_sum(toc_time_ms a_ms, toc_time_ms b_ms);

/* The clock's own time up to `at_ms`. */
toc_time_ms clock_elapsed(struct clock clock, toc_time_ms at_ms);

/* Starts or resumes at `at_ms` and sets the due. */
void clock_run(struct clock clock, toc_time_ms at_ms);

/* Closes the open interval at `at_ms` and returns it; empty (from == until) when none was open. */
struct toc_interval clock_halt(struct clock clock, toc_time_ms at_ms);

/* Recomputes due_ms and next_ms from the ledger's sum; call after any change. */
void clock_plan(struct clock clock);

/* What next_ms stands for. */
enum clock_next { CLOCK_NEXT_NOTHING, CLOCK_NEXT_WARNING, CLOCK_NEXT_DUE, CLOCK_NEXT_MANUAL_END };
enum clock_next clock_next(struct clock clock, size_t *out_threshold);

/*
 * Whether the target has passed by `at_ms`: more time than it allows, or an instant after the due,
 * which differs where the due is the closing of the calendar.
 */
bool clock_is_over(struct clock clock, toc_time_ms at_ms);

bool clock_is_live(const Tocsin__V1__Clock *row); /* RUNNING or PAUSED */

#endif
