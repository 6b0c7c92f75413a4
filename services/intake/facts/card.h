/* Payment card numbers: brands, lengths, grouping and check digit. */
#ifndef FACTS_CARD_H
#define FACTS_CARD_H

#include "common/str.h"

struct card {
    size_t size;  /* bytes of it, blanks or dashes included */
    bool grouped; /* as on a card */
    bool usual;   /* 15 or 16 digits */
};

/* Whether a card's number begins at `at`, where a run of digits begins. */
bool card_at(struct toc_str plain, size_t at, struct card *out);

#endif
