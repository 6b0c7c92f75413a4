/*
 * What sla tells the router: when an issue that people are asked to take will breach, so that the
 * most urgent is offered first, and that it has breached where its queue says what to do then.
 *
 * Records for the router have a class of their own: it takes nothing else from sla's log.
 */
#ifndef SLA_URGENCY_H
#define SLA_URGENCY_H

#include "services/sla/row.h"

/* Tells the router when the next breach is another than it was told; before a row is put.
 */
TOC_MUST enum toc_err urgency_tell(struct work *work);

/* The classes of a record about the clocks. */
TOC_MUST enum toc_err urgency_class(struct work *work, Tocsin__V1__ClockChange__What what,
                                    uint32_t *out);

#endif
