/*
 * Words and phrases that are signs of a risk, or name a product, in many languages at once. The
 * lexicons of all languages look at every text: people mix languages, and a short text does not
 * tell its own.
 */
#ifndef FACTS_LEXICON_H
#define FACTS_LEXICON_H

#include "services/intake/facts/found.h"

struct lexicon;

/* As facts_open. `words_max` is that of the longest words it will be given. */
TOC_MUST enum toc_err lexicon_open(const char *dir, const char *cache, size_t words_max,
                                   struct lexicon **out, char **out_errors);
/* Accepts NULL. */
void lexicon_close(struct lexicon *lexicon);

/* Adds the risks of a text whose words (words.h) these are, then its product and version. */
void lexicon_find(struct lexicon *lexicon, struct toc_str words, struct found *found);

#endif
