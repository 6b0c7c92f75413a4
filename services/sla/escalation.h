/*
 * Clocks of cross-team escalations: one for each, by the rule of the team that was asked. It runs
 * from raised to answered and stands still while the team has returned it for more information.
 *
 *                 raised    accepted   returned   answered, told   merged
 *   none          start     start      -          -                -
 *   RUNNING       -         -          pause      stop             cancel
 *   PAUSED        resume    resume     -          stop             cancel
 *   MET           start     -          -          -                -
 */
#ifndef SLA_ESCALATION_H
#define SLA_ESCALATION_H

#include "services/sla/record.h"

/* What a record of the history means to them. */
TOC_MUST enum toc_err escalation_move(struct work *work);

#endif
