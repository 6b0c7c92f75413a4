/*
 * A policy version that concerns issues that are there already. The router writes one POLICY record
 * for each issue; by its mode the clocks
 *
 *   FROM_NOW      keep the time that they counted, and go on by the new rule
 *   RETROACTIVE   are counted again, as if the rules had always been these (recount.h)
 *   REPORT_ONLY   stay as they are: what FROM_NOW would change, start and end is recorded
 *
 * Each clock that changes, or would, has a RECOMPUTED record with what was before.
 */
#ifndef SLA_EDIT_H
#define SLA_EDIT_H

#include "services/sla/record.h"

/* Before the row takes over the new version: what has to be counted by the old rules. */
TOC_MUST enum toc_err edit_begin(struct work *work, const Tocsin__V1__IssueChange *change);

/* After it, with the new policy bound; `old` has the one that applied before. */
TOC_MUST enum toc_err edit_apply(struct work *work, const struct work *old);

/* Nothing is taken over: the record says what would apply. */
TOC_MUST enum toc_err edit_report(struct work *work);

#endif
