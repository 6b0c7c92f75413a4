/*
 * Escalations to other teams: an object with steps of its own beside the issue that it is about.
 * See escalation.c for the steps.
 *
 * Table `escalation`: key of the row (5) ‖ id -> packed CrossEscalation. Issue.escalations
 * counts those that are not told yet. While there is one the issue cannot be closed: the requester
 * has not heard what came of it. It can be solved, for whoever asked may have found another way;
 * the escalation then still ends with its last step.
 */
#ifndef ROUTER_ESCALATION_H
#define ROUTER_ESCALATION_H

#include "services/router/work.h"

/* One of tocsin.escalation.raised, accepted, returned, answered, told. */
TOC_MUST enum toc_err escalation_event(struct work *work);

/* Asks the team of a triage rule, once per issue and rule: also of an issue that is closed. */
TOC_MUST enum toc_err escalation_raise_by_rule(struct work *work,
                                               const struct toc_triage_rule *rule);

#endif
