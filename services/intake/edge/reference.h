/*
 * How a request names an issue, and what of it the client has already: parts of a URL and of
 * If-None-Match.
 */
#ifndef INTAKE_EDGE_REFERENCE_H
#define INTAKE_EDGE_REFERENCE_H

#include "services/intake/intake.h"

#define REFERENCE_ROOM (INTAKE_TEXT_MAX + 1)

/* A part of a URL as a terminated text, its percents decoded (RFC 3986, section 2.1). False when it
 * is no text or longer than any text of an event. */
bool reference_decode(struct toc_str part, char out[REFERENCE_ROOM]);

/* The value of a member of a query, as it was sent; false when it has none of this name. */
bool reference_member(struct toc_str query, const char *name, struct toc_str *out);

/* Whether the value of an If-None-Match field names this tag (RFC 9110, section 13.1.2). */
bool reference_has_tag(struct toc_str none_match, const char *tag);

#endif
