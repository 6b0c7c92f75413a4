/* Due dates by hand: the history carries them to sla, which counts by them until they end. */
#ifndef ROUTER_DUE_H
#define ROUTER_DUE_H

#include "services/router/work.h"

TOC_MUST enum toc_err due_event(struct work *work);

#endif
