/*
 * A header's text with its encoded words (RFC 2047), as one line of UTF-8. Words that follow each
 * other are one text when they are encoded alike: mailers cut them in the middle of characters.
 * What only looks like a word stands as it is.
 */
#ifndef INTAKE_MAIL_WORDS_H
#define INTAKE_MAIL_WORDS_H

#include "common/pool.h"

/* At most `size_max` bytes, in the pool. `raw` may be folded. No data without memory. */
struct toc_str mail_words(struct toc_pool *pool, struct toc_str raw, size_t size_max);

#endif
