/*
 * Where a phrase that seems to end somewhere begins, if it does. Hyperscan could tell, at ten times
 * the memory and the time to compile; it is asked for the few places where a phrase, or its tail
 * (lexicon_pattern.h), was found.
 */
#ifndef FACTS_LEXICON_SPAN_H
#define FACTS_LEXICON_SPAN_H

#include "common/str.h"

struct lexicon_span; /* a phrase, to be read backwards */

/*
 * `pattern` is one that lexicon_pattern accepts. Its tail is used if it has no less than
 * `tail_least` bytes: one that is found often costs more than it saves. NULL without memory.
 */
struct lexicon_span *lexicon_span_new(struct toc_str pattern, unsigned tail_least);
/* Accepts NULL. */
void lexicon_span_free(struct lexicon_span *span);

/* Hashes of the words before a place, those of its clause alone; the nearest first. */
#define LEXICON_BEFORE_MAX 24
struct lexicon_before {
    size_t at;
    unsigned count;
    uint16_t hashes[LEXICON_BEFORE_MAX];
};

/* Of the words before the one that ends with the blank at `at`. */
void lexicon_before_find(struct toc_str words, size_t at, struct lexicon_before *out);
/*
 * Whether what stands before the phrase's tail may be there: quick, and sure only when it says no.
 */
bool lexicon_span_may_begin(const struct lexicon_span *span, const struct lexicon_before *before);

/* Whether the phrase has a tail, so that finding it is not finding the phrase. */
bool lexicon_span_has_tail(const struct lexicon_span *span);

/* What following a phrase takes; one for all of them. */
struct lexicon_walk;
struct lexicon_walk *lexicon_walk_new(void); /* NULL without memory */
void lexicon_walk_free(struct lexicon_walk *walk);

/*
 * The blank before the shortest match that ends with the blank at `at`; `at` when there is none.
 * `words` are of words_make.
 */
size_t lexicon_span_begin(const struct lexicon_span *span, struct lexicon_walk *walk,
                          struct toc_str words, size_t at);

#endif
