/*
 * Which known word a person may have meant by an unknown one. Offer all the known words, then look
 * at `best`.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include "common/str.h"

struct nearest {
    struct toc_str wanted;
    const char *best; /* lent by whoever offered it; NULL: nothing is near */
    size_t distance;
};

static inline struct nearest nearest_to(struct toc_str wanted)
{
    return (struct nearest){.wanted = wanted, .distance = SIZE_MAX};
}

void nearest_offer(struct nearest *nearest, const char *word);

#endif
