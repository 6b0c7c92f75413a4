/*
 * One sealed text, opened. A small one is opened whole; a large one, a file or a raw mail, would
 * hold up everything else, so it is checked over several calls and then opened by pieces.
 */
#ifndef INTAKE_CONTENT_PART_H
#define INTAKE_CONTENT_PART_H

#include "common/turn.h"
#include "services/intake/vault/vault.h"

#define CONTENT_GONE 65536 /* from here on segments are of texts that are not there */

#define CONTENT_WHOLE_MAX ((size_t)128 * 1024) /* sealed bytes */
#define CONTENT_CHECKS    8                    /* under way at a time */

/* How far the checking of large texts has come; zero at first. */
struct content_checks {
    struct content_check {
        uint64_t seq; /* 0: none */
        uint16_t segment;
        bool whole; /* it is through */
        toc_time_ms used_ms;
        struct toc_unsealing at;
    } items[CONTENT_CHECKS];
};

/* What is wanted of a text. */
struct content_wanted {
    uint64_t offset; /* where to go on in the very segment that is asked for */
    size_t room;     /* bytes of text at most */
    size_t whole_max;
    struct content_checks *checks; /* NULL: what is larger is named, unchecked, without its text */
    toc_time_ms now_ms;            /* monotonic, for the checks */
    bool later; /* out: nothing is opened yet, the same has to be asked for again */
};

/* The first text of an event at or after `segment`, in `arena`. TOC_NONE: there is none. */
TOC_MUST enum toc_err content_part(struct vault *vault, const Tocsin__V1__Event *event,
                                   uint64_t seq, uint16_t segment, struct content_wanted *wanted,
                                   struct toc_arena *arena, Tocsin__V1__ContentPart *out);

/*
 * The next class, from the `*at`th that the event committed to, of which the vault has nothing
 * left: it was erased, or has had its time. TOC_NONE: no more.
 */
TOC_MUST enum toc_err content_gone(struct vault *vault, const Tocsin__V1__Event *event,
                                   uint64_t seq, size_t *at, Tocsin__V1__ContentPart *out);

#endif
