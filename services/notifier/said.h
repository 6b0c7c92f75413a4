/*
 * What came in by the notifier's own door (door/), as it came back from intake's log: so that the
 * door can say what was done, and what a link was used for.
 *
 * Table: `said`, key the event's id -> packed ActionSaid, and 0 ‖ u64be end ‖ id -> nothing. There
 * is one for each event whose source is NOTIFIER_DOOR, the first of an id; intake lets no second
 * one through. It is kept until every link that it could be of has expired: each new one takes some
 * of those along.
 */
#ifndef NOTIFIER_SAID_H
#define NOTIFIER_SAID_H

#include "services/notifier/alert.h"

/* `refused` NULL: it was done, or was so already. Nothing is kept under an id that the door does
 * not make: anybody may call a source as it is called. */
TOC_MUST enum toc_err said_keep(struct toc_turn *turn, const Tocsin__V1__Event *event,
                                toc_time_ms at_ms, const char *refused);

#endif
