/* The status of an issue as JSON, for its publisher: how it stands and what it was promised, and
 * nothing of the people who have it. */
#ifndef INTAKE_EDGE_STATUS_TEXT_H
#define INTAKE_EDGE_STATUS_TEXT_H

#include "common/policy/policy.h"
#include "common/wire.h"

#define STATUS_TAG_MAX 32 /* bytes of an entity tag, terminator included */

/* `clocks` may be NULL: sla has not come to it yet; `article` as well: none is suggested.
 * Malloc'ed; NULL without memory. `tag` changes whenever the text does. */
char *status_text(const Tocsin__V1__Issue *issue, const Tocsin__V1__IssueClocks *clocks,
                  const struct toc_article *article, size_t *out_size, char tag[STATUS_TAG_MAX]);

/* Of one that the router has not come to: "accepted", or "held". */
char *status_text_early(const char *state, const uint8_t issue[TOC_ID],
                        const Tocsin__V1__Event *event, uint64_t seq, size_t *out_size);

#endif
