/*
 * Which of the policy's alert rules the issue fits. Whoever is told of a warning or a breach knows
 * the issue from another log, which may be ahead or behind: so sla says it with the record.
 */
#ifndef SLA_FIT_H
#define SLA_FIT_H

#include "services/sla/row.h"

/* Keeps it in the row, by the fields of the record and the policy that the row follows now. */
TOC_MUST enum toc_err fit_take(struct work *work);

#endif
