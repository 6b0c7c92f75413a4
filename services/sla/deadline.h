/*
 * What sla tells the notifier: when an issue is due that somebody may be paged for though no clock
 * of it has warned or breached: since it was opened, or since nobody takes it.
 *
 * Which issues these are, sla judges by the policy's alert rules, as the notifier does; once one
 * has fitted, it is told of until its clocks are over. So whoever follows keeps nothing of all
 * others, and for these hears each change once, whatever it has heard from the router by then.
 */
#ifndef SLA_DEADLINE_H
#define SLA_DEADLINE_H

#include "services/sla/row.h"

/* Whether the issue is such a one, by the record and the version of the policy that it names. */
TOC_MUST enum toc_err deadline_take(struct work *work, uint32_t version);

/* Tells when it is due if that is another instant than was told; before a row is put. */
TOC_MUST enum toc_err deadline_tell(struct work *work);

#endif
