/*
 * A phrase of a lexicon as a regular expression over words (words.h). The language is small so that
 * no phrase can be slow: letters and blanks, ( | ) and ? as usual, * for any end of a word, and
 * "..." for up to three words. It has to match whole words.
 *
 * Hyperscan is slow at a gap behind a frequent word. So an expression may be of the phrase's tail
 * alone, which is what stands behind its last "..." outside of groups; lexicon_span.h tells then
 * whether the rest stands before it.
 */
#ifndef FACTS_LEXICON_PATTERN_H
#define FACTS_LEXICON_PATTERN_H

#include "common/str.h"

#define LEXICON_PATTERN_MAX 1200  /* bytes in the file */
#define LEXICON_REGEX_MAX   10240 /* of any phrase that short */

struct lexicon_fault {
    size_t offset; /* in the pattern */
    const char *message, *hint;
};

/* What becomes of a phrase. */
struct lexicon_form {
    const char *number; /* comes before the last blank; "" for nothing */
    bool of_tail;       /* of the tail, where there is one */
};

/* TOC_ERR_CONFIG with `fault` when the phrase is none. */
TOC_MUST enum toc_err lexicon_pattern(struct toc_str pattern, const struct lexicon_form *form,
                                      char out[LEXICON_REGEX_MAX], struct lexicon_fault *fault);

#endif
