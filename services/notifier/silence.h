/*
 * The life of silences and maintenance (mute.h): people begin and end them, their owner is told
 * ten minutes before their end by a page of kind "mute_ends", and what they held rings then.
 *
 * One that begins ends the pages that are ready to be sent, too, a bounded number in a step.
 */
#ifndef NOTIFIER_SILENCE_H
#define NOTIFIER_SILENCE_H

#include "services/notifier/mute.h"

#define SILENCE_NOTICE_MS (10 * TOC_MINUTE_MS)

/* tocsin.silence.created|ended, tocsin.maintenance.started|ended; what is refused is an
 * ALERT_REFUSED. */
TOC_MUST enum toc_err silence_event(struct toc_turn *turn, const Tocsin__V1__Event *event);

/* Does the first thing that is due. */
TOC_MUST enum toc_err silence_due(struct toc_turn *turn);

#endif
