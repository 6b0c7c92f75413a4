/*
 * The machine of one clock, for each record of its issue's history. What holds first from the top
 * is done; `start` is looked at again after an end, so that one message can end an update clock and
 * start the next.
 *
 *                          RUNNING         PAUSED          MET, CANCELLED
 *   merged                 cancel          cancel          -
 *   stop, or left scope    stop            stop            -
 *   reset                  anew            anew            -
 *   start                  -               resume if held  next instance
 *   cancel, not wanted     cancel          cancel          -
 *   pause                  halt            -               -
 *   none of these          -               resume          goes on, if it was ended by
 *                                                          its state or for want of a target
 */
#ifndef SLA_MOVE_H
#define SLA_MOVE_H

#include "services/sla/record.h"

/* Moves every clock of the SLA, and starts those that are not there yet. */
TOC_MUST enum toc_err move_clocks(struct work *work);

/* For those who have clocks of their own to move (escalations, retargeting). */
TOC_MUST enum toc_err move_start(struct work *work, size_t index, const struct toc_clock_rule *rule,
                                 toc_time_ms from_ms);
TOC_MUST enum toc_err move_pause(struct work *work, size_t index);
TOC_MUST enum toc_err move_resume(struct work *work, size_t index);
TOC_MUST enum toc_err move_stop(struct work *work, size_t index, Tocsin__V1__ClockEnd by);
TOC_MUST enum toc_err move_cancel(struct work *work, size_t index, Tocsin__V1__ClockEnd by,
                                  const char *reason);

/* Ends one that stands still, as of an earlier instant. */
TOC_MUST enum toc_err move_end(struct work *work, size_t index, Tocsin__V1__ClockState state,
                               Tocsin__V1__ClockEnd by, toc_time_ms stopped_ms);
/* Makes the row that of the next instance, which has nothing of those before. */
void move_renew(struct work *work, size_t index, const struct toc_clock_rule *rule);

/* A row for a clock of that name and scope; TOC_NONE, and a record, when there are too many. */
TOC_MUST enum toc_err move_place(struct work *work, const struct toc_clock_rule *rule,
                                 const char *scope, size_t *out);

#endif
