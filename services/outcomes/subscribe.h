/* What people do about subscriptions: events of the control intake. */
#ifndef OUTCOMES_SUBSCRIBE_H
#define OUTCOMES_SUBSCRIBE_H

#include "services/outcomes/row.h"

/* What cannot be is a record as well, of SUBSCRIPTION_CHANGED with REFUSED. */
TOC_MUST enum toc_err subscribe_event(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                      const Tocsin__V1__Event *event);

#endif
