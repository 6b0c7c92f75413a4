/*
 * How alike two texts are, told by their fingerprints: SimHash, of which services/intake/facts
 * makes them. Texts that differ in a few words differ in few bits. What two services agree on.
 */
#ifndef TOC_SIMILAR_H
#define TOC_SIMILAR_H

#include <stdbool.h>
#include <stdint.h>

/* In which two may differ that may be the same text, slightly changed. */
#define TOC_SIMILAR_BITS 8

static inline unsigned toc_similar_distance(uint64_t a, uint64_t b)
{
    return (unsigned)__builtin_popcountll(a ^ b);
}

static inline bool toc_is_similar(uint64_t a, uint64_t b)
{
    return toc_similar_distance(a, b) <= TOC_SIMILAR_BITS;
}

#endif
