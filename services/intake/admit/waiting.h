/*
 * Sealed segments of events that were admitted and not stepped yet, first in, first out. An event
 * is known again by its first commitment.
 */
#ifndef INTAKE_ADMIT_WAITING_H
#define INTAKE_ADMIT_WAITING_H

#include "services/intake/vault/vault.h"

#define WAITING_SEGMENTS_MAX 64 /* of an event, attachments included */

struct waiting_segment {
    struct vault_row row; /* its seq and instant are filled when they are known */
    uint8_t *bytes;       /* malloc'ed: VAULT_HEADER bytes of room, then what toc_seal made */
    size_t size;
};

struct waiting {
    struct waiting_event *first, **last;
};

void waiting_init(struct waiting *waiting);
/* Drops all that is left. */
void waiting_drop(struct waiting *waiting);

/* Takes the segments over, on TOC_ERR_MEMORY to free them. */
TOC_MUST enum toc_err waiting_add(struct waiting *waiting, const uint8_t first[TOC_SHA256],
                                  struct waiting_segment *segments, size_t count);

/*
 * The event with this first commitment is settled: its segments go to the vault as of `seq`, or
 * nowhere when that is 0. Those admitted before it, which never came, are dropped. TOC_NONE: it
 * does not wait.
 */
TOC_MUST enum toc_err waiting_settle(struct waiting *waiting, const uint8_t first[TOC_SHA256],
                                     struct vault *vault, uint64_t seq, toc_time_ms at_ms);

void waiting_free_segments(struct waiting_segment *segments, size_t count);

#endif
