/*
 * The deadline of alerts that are about no clock: an issue was opened, or nobody takes it. It is
 * that of the issue's soonest clock, and follows it; pages that have rung say what was known then.
 *
 * sla tells of it, for issues that such a rule fits and no others, and its log may be ahead of the
 * router's here, or behind. So what was told is kept, whether or not there is an alert yet, until
 * the issue has no deadline any more.
 *
 * Table: `deadline`, key u32be issue number ‖ partition (1) -> u64be instant.
 */
#ifndef NOTIFIER_DEADLINE_H
#define NOTIFIER_DEADLINE_H

#include "services/notifier/alert.h"

/* As sla has told it last; 0: none that is known. */
TOC_MUST enum toc_err deadline_of(struct toc_txn *txn, uint32_t partition, uint32_t issue_number,
                                  toc_time_ms *out_ms);

/* A record of sla says that it is another, or none. */
TOC_MUST enum toc_err deadline_told(struct toc_turn *turn, const Tocsin__V1__Record *record);

#endif
