/* Classification by hand or by another system: category, risk, priority, tags. */
#ifndef ROUTER_CLASSIFY_H
#define ROUTER_CLASSIFY_H

#include "services/router/work.h"

TOC_MUST enum toc_err classify_event(struct work *work);

#endif
