/*
 * Where a phrase that is known to end somewhere begins. Hyperscan could tell, at ten times the
 * memory and the time to compile; it is asked for the few places where a phrase was found.
 */
#ifndef FACTS_LEXICON_SPAN_H
#define FACTS_LEXICON_SPAN_H

#include "common/str.h"

struct lexicon_span; /* a phrase, to be read backwards */

/* `pattern` is one that lexicon_pattern accepts. NULL without memory. */
struct lexicon_span *lexicon_span_new(struct toc_str pattern);
/* Accepts NULL. */
void lexicon_span_free(struct lexicon_span *span);

/* What following a phrase takes; one for all of them. */
struct lexicon_walk;
struct lexicon_walk *lexicon_walk_new(void); /* NULL without memory */
void lexicon_walk_free(struct lexicon_walk *walk);

/*
 * The blank before the shortest match that ends with the blank at `at`; `at` when there is none
 * within so many bytes that anyone would write. `words` are of words_make.
 */
size_t lexicon_span_begin(const struct lexicon_span *span, struct lexicon_walk *walk,
                          struct toc_str words, size_t at);

#endif
