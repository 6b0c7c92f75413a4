/*
 * What the words before a number say it is. A number alone does not tell an order from a card, so
 * the nearest telling word decides.
 */
#ifndef FACTS_NEARBY_H
#define FACTS_NEARBY_H

#include "common/str.h"

enum nearby {
    NEARBY_NOTHING,
    NEARBY_CARD,      /* "my card is" */
    NEARBY_PHONE,     /* "call me on" */
    NEARBY_REFERENCE, /* "order", "invoice", "IMEI": some number of business */
};

/* Looks at the few words before `at` in a plain text. */
enum nearby nearby_before(struct toc_str plain, size_t at);

#endif
