/*
 * What people do about alerts: tocsin.alert.acked, taken, snoozed, escalated, resolved and noted,
 * from the intakes' logs.
 *
 *                 open, exhausted        acknowledged          snoozed                resolved
 *      ack        acknowledged           refused               acknowledged           refused
 *      take       acknowledged           is now theirs         is now theirs          refused
 *      snooze     until then             own: until then       own: until then        refused
 *      escalate   next step              next step             next step              refused
 *      resolve    resolved               resolved              resolved               refused
 *      note       noted                  noted                 noted                  noted
 *
 * The same by the same person again changes nothing and is no error. An action that names the
 * version of the alert that its person saw is refused when the alert has turned since; pages that
 * were sent meanwhile do not count as a turn, nor do notes and refusals. What is resolved stays
 * so, whoever raced whom.
 *
 * Said of a group, it is done to all of its alerts that are there by then: acknowledge, snooze and
 * escalate to those that wait for an answer, the others to those that are not resolved. The version
 * is that of the alert that is named.
 */
#ifndef NOTIFIER_ACT_H
#define NOTIFIER_ACT_H

#include "services/notifier/alert.h"

/* `record` is intake's, `event` what it holds, about an alert. */
TOC_MUST enum toc_err act_event(struct toc_turn *turn, const Tocsin__V1__Record *record,
                                const Tocsin__V1__Event *event);

/* What comes to a group by itself: the page that stood for its alerts reached nobody after all. */
#define ACT_STRANDED "stranded"

/* The same of an alert of a group about all of which it was said; does nothing where one alone
 * would be refused. */
TOC_MUST enum toc_err act_of_group(struct toc_turn *turn, Tocsin__V1__Alert *alert,
                                   const Tocsin__V1__GroupAction *action);

/* Whether an action of this type answers whatever waits. */
bool act_answers(const char *type);

#endif
