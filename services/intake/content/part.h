/* One sealed text, opened. */
#ifndef INTAKE_CONTENT_PART_H
#define INTAKE_CONTENT_PART_H

#include "common/turn.h"
#include "services/intake/vault/vault.h"

#define CONTENT_GONE 65536 /* from here on segments are of texts that are not there */

/*
 * The first text of an event at or after `segment`, from `offset` on (0 in another one), at most
 * `room` bytes of it, in `arena`. TOC_NONE: there is none.
 */
TOC_MUST enum toc_err content_part(struct vault *vault, const Tocsin__V1__Event *event,
                                   uint64_t seq, uint16_t segment, uint64_t offset, size_t room,
                                   struct toc_arena *arena, Tocsin__V1__ContentPart *out);

/*
 * The next class, from the `*at`th that the event committed to, of which the vault has nothing
 * left: it was erased, or has had its time. TOC_NONE: no more.
 */
TOC_MUST enum toc_err content_gone(struct vault *vault, const Tocsin__V1__Event *event,
                                   uint64_t seq, size_t *at, Tocsin__V1__ContentPart *out);

#endif
