/*
 * What people decide about a clock: a due date by hand, with an owner and an end, and a merge that
 * brings another issue's requester along.
 */
#ifndef SLA_MANUAL_H
#define SLA_MANUAL_H

#include "services/sla/record.h"

/* What a record of the history means to them. */
TOC_MUST enum toc_err manual_move(struct work *work);

/* What comes now counts from before the end of a due date by hand: so that date counts for it. */
TOC_MUST enum toc_err manual_restore(struct work *work);

/* A due date by hand has come to its end, and the policy's target counts again. */
TOC_MUST enum toc_err manual_end(struct work *work, size_t index);

#endif
