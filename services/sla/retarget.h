/*
 * Another priority, SLA or policy version: every live clock gets its new target, counted from the
 * opening with the pauses it earned. A looser target takes an earlier breach back; a tighter one
 * that is past already breaches at once, without the warnings before it.
 */
#ifndef SLA_RETARGET_H
#define SLA_RETARGET_H

#include "services/sla/row.h"

/* Call with the row's new priority, SLA and policy bound. */
TOC_MUST enum toc_err retarget(struct work *work);

#endif
