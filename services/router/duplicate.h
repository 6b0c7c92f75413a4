/*
 * Issues that may be one: of the same requester, opened within the policy's window, with nearly the
 * same text as far as fingerprints tell. That is suggested and never acted on: a person confirms or
 * rejects it by a link, as often as they like, and merges the two or not.
 *
 * Table `alike`: u32be day ‖ half of SHA-256 of the requester -> the newest ROUTER_ALIKE_MAX
 * openings of that day, each u64be at_ms ‖ u64be fingerprint ‖ issue (16). Days are those of UTC.
 * An opening without fingerprint or requester touches no row; one with both writes one, and takes
 * away up to two that are out of the window, so that the table stays as small as the window.
 */
#ifndef ROUTER_DUPLICATE_H
#define ROUTER_DUPLICATE_H

#include "services/router/work.h"

/* After the opening: looks for one that came before, and remembers this one. */
TOC_MUST enum toc_err duplicate_opened(struct work *work);

/* A link that somebody made. */
TOC_MUST enum toc_err duplicate_linked(struct work *work);

#endif
