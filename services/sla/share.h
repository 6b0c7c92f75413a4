/*
 * Where a clock's time went: its own time by tier, queue, partner, state and by the side that the
 * issue waited for. The sum of each kind is the whole; what is not listed by name, or lies before
 * what is kept, is in one share without a name.
 */
#ifndef SLA_SHARE_H
#define SLA_SHARE_H

#include "services/sla/row.h"

#define SHARES_MAX 24 /* in a record */

/* Up to `until_ms`; the largest first. The list is in the arena. */
TOC_MUST enum toc_err share_list(struct work *work, size_t index, toc_time_ms until_ms,
                                 Tocsin__V1__Share ***out, size_t *out_count);

/* Leaves the smallest named one out: it goes to those of its kind without a name. False when there
 * is none left. */
bool share_fold(Tocsin__V1__Share **shares, size_t *count);

#endif
