/*
 * Facts: what someone established about an issue. The row keeps the latest of each name; a category
 * may want some before the issue is escalated.
 */
#ifndef ROUTER_FACT_H
#define ROUTER_FACT_H

#include "services/router/work.h"

/* A fact established, changed or taken back; the policy's rules that ask for it see it. */
TOC_MUST enum toc_err fact_event(struct work *work);

/*
 * Whether the issue may be escalated: the facts that its category wants are there, or the risk does
 * not wait for them, in which case `change` lists what is missing. Otherwise the event is refused
 * and `*out` false.
 */
TOC_MUST enum toc_err fact_allow_escalation(struct work *work, Tocsin__V1__IssueChange *change,
                                            bool *out);

#endif
