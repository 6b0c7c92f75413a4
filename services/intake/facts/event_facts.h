/* Facts of a text as an event has them. */
#ifndef INTAKE_EVENT_FACTS_H
#define INTAKE_EVENT_FACTS_H

#include "common/wire.h"
#include "services/intake/facts/facts.h"

/* Title and body as one text, in `arena` when there are both; empty when there is neither. */
TOC_MUST enum toc_err event_facts_text(const Tocsin__V1__Private *private, struct toc_arena *arena,
                                       struct toc_str *out);

/*
 * Sets event->facts from what is found in `text`, in `arena`, as many as go into `room` bytes of
 * the packed event: language, risks and fingerprint before the others. TOC_ERR_LIMIT when the
 * arena is exhausted.
 */
TOC_MUST enum toc_err event_facts_add(struct facts *facts, struct toc_str text, size_t room,
                                      struct toc_arena *arena, Tocsin__V1__Event *event);

#endif
