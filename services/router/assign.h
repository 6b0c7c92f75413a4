/* Where an issue goes and who has it, by hand. */
#ifndef ROUTER_ASSIGN_H
#define ROUTER_ASSIGN_H

#include "services/router/work.h"

TOC_MUST enum toc_err assign_event(struct work *work);
TOC_MUST enum toc_err assign_escalated(struct work *work);

#endif
