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

/* An issue that the router has not opened. */
struct status_early {
    const char *state;  /* "accepted"; "held" in the quarantine; "parked" until its opening comes */
    const char *detail; /* what that means, for a person */
    const uint8_t *issue;           /* TOC_ID bytes */
    const Tocsin__V1__Event *event; /* the first of it that is known */
    uint64_t seq;                   /* the event's */
};

char *status_text_early(const struct status_early *early, size_t *out_size);

#endif
