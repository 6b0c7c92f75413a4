/*
 * What happens to the people who serve queues, and what time alone brings about: offers, the end of
 * offers, moves to other queues.
 *
 * At one instant people are looked at before issues, so that what becomes free goes to the most
 * urgent issue of all that wait.
 */
#ifndef ROUTER_STAFF_H
#define ROUTER_STAFF_H

#include "services/router/wait.h"

/* Somebody came online, or went; who goes gives back what it is our turn to do. */
TOC_MUST enum toc_err staff_presence(struct toc_turn *turn,
                                     const Tocsin__V1__AgentPresence *presence, toc_time_ms at_ms);
/* Another policy is in force: everybody who is online is looked at again. */
TOC_MUST enum toc_err staff_policy(struct toc_turn *turn, toc_time_ms at_ms);
/* sla's record of when an issue will breach. */
TOC_MUST enum toc_err staff_urgency(struct toc_turn *turn, const Tocsin__V1__Record *record);

/* Looks at what is due first before `now_ms`; TOC_NONE when nothing is. */
TOC_MUST enum toc_err staff_fire(struct toc_turn *turn, toc_time_ms now_ms);

#endif
