/* Messages and states: what moves the state machine. */
#ifndef ROUTER_TALK_H
#define ROUTER_TALK_H

#include "services/router/work.h"

TOC_MUST enum toc_err talk_message(struct work *work);
TOC_MUST enum toc_err talk_status(struct work *work);

#endif
