/* What a try came to, and how that moves a subscription's cursor. */
#ifndef OUTCOMES_DELIVER_H
#define OUTCOMES_DELIVER_H

#include "services/outcomes/row.h"

/*
 * Steps a packed DeliveryOutcome at `at_ms`. One that was told before, or is of a subscription that
 * is gone or was replayed since, changes nothing.
 */
TOC_MUST enum toc_err deliver_outcome(struct toc_turn *turn, struct toc_str bytes,
                                      toc_time_ms at_ms);

#endif
