/*
 * RETROACTIVE: each clock as the policy of now would have counted it from the opening on.
 *
 *   there   would be
 *   live    live       takes over when it ran, and is judged
 *   live    over       the same, and ends; one that would never have been is cancelled
 *   over    live       begins as its next instance, or goes on if it only had no target
 *   over    over       stays as it was judged; what goes on later has the time of now
 *   -       live       begins
 *   -       over       is recorded, without a verdict
 *
 * What the stretches do not tell is not guessed: such a clock keeps when it ran, is summed by the
 * calendar of now, and its record has the reason RECOUNT_UNKNOWN. Between the two are clocks that
 * wait for messages: their beginnings stay, their pauses are those of the states.
 */
#ifndef SLA_RECOUNT_H
#define SLA_RECOUNT_H

#include "services/sla/record.h"

/* Reasons of records. */
#define RECOUNT_UNKNOWN "history_not_kept"
#define RECOUNT_NEVER   "never_started" /* CANCELLED */
#define RECOUNT_OVER    "over_before"   /* MET, CANCELLED: as of its stopped_ms */
#define RECOUNT_BACK    "target_again"

/* Call with the row's new policy bound; `old` has the one that applied before. */
TOC_MUST enum toc_err recount_all(struct work *work, const struct work *old);

/* The clocks of the rule are what they would have been, with this record too: nothing moves them.
 */
bool recount_did(const struct work *work, const struct toc_clock_rule *rule);

/*
 * Counts a clock from its start by the states that let it run, as far as they are known and decide
 * that; call row_recount and clock_plan then. What the clock had before is forgotten.
 */
TOC_MUST enum toc_err recount_by_states(struct work *work, size_t index);

/* Whether a clock that begins in the past can have its pauses by that. */
TOC_MUST enum toc_err recount_is_known(struct work *work, const struct toc_clock_rule *rule,
                                       bool *out);

#endif
