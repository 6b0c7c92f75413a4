/*
 * Facts that detectors found in what the requester wrote (Event.facts, made by intake). In the row
 * they stand behind those that people established, the most important first; the rules of the
 * policy see no difference. They have less right to be there: a fact of a person is never
 * overwritten by one, and they leave, the least important first, when there is no room.
 */
#ifndef ROUTER_FOUND_H
#define ROUTER_FOUND_H

#include "services/router/work.h"

/*
 * Takes over the facts of the event's texts; a newer text's replaces an older one's of the same
 * name. Left aside are those that a detector is not sure of at all, and fingerprints, which are for
 * telling duplicates. What has no room is noted for the next record.
 */
TOC_MUST enum toc_err found_take(struct work *work);

/* Triages the issue again when one of them is news, and some rule asks for it. */
TOC_MUST enum toc_err found_triage(struct work *work);

/* Makes room in a row that is too large, for what a person says. */
void found_make_room(struct work *work);

/* Before a fact of a person takes the place of a found one, on which others may rely. */
TOC_MUST enum toc_err found_remove(struct work *work, const char *name);

#endif
