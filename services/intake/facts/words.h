/*
 * A text as words, for the lexicons and the fingerprint: small letters without accents, one blank
 * around each word, and the marks "." and "," as words of their own where a sentence or a part of
 * it ends. " i cant go on . help " is what "I can't go on!! Help" becomes. So a word begins and
 * ends at a blank in every script, and a phrase is a run of bytes.
 *
 * Letters have a code of their own, so that what is looked for often is short: a byte for ASCII and
 * for Devanagari (from 0x80 on), four and more below the blank for all others.
 */
#ifndef FACTS_WORDS_H
#define FACTS_WORDS_H

#include "common/str.h"

#define WORDS_ONE_MAX 64 /* bytes of a word; longer ones are cut into several */
/* Bytes that the words of so many bytes of plain text may take. */
#define WORDS_ROOM(size) (3 * (size) + 8)

/* `plain` is of plain_make. Returns the bytes written; at least the blank at the begin. */
size_t words_make(char *out, struct toc_str plain);

/* One code point as it stands in a word: the bytes written; 0 when it is left out. */
#define WORDS_LETTER_MAX 7
size_t words_letter(char out[WORDS_LETTER_MAX], uint32_t code);
/* Whether a word is this text, of small letters in UTF-8. */
bool words_equal(struct toc_str word, const char *text);
/* Whether a code point belongs to a word in any place. */
bool words_is_letter(uint32_t code);

/* A word that is a mark. */
static inline bool words_is_mark(char c)
{
    return c == '.' || c == ',';
}

#endif
