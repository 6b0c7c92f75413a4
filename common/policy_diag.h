/*
 * What is wrong with a text that a person wrote: errors with a place in it, put together as
 *
 *     file:line:column: error: message
 *       12 | the line
 *          |     ^
 *     hint: did you mean 'that'?
 *
 * Recording takes no memory, so a reader can go on after an error and report them all; past
 * TOC_DIAG_MAX they are only counted. What comes out is safe for a terminal: control characters
 * and malformed UTF-8 are shown as '?'. Used by the policy reader.
 */
#ifndef TOC_POLICY_DIAG_H
#define TOC_POLICY_DIAG_H

#include "common/str.h"

#define TOC_DIAG_MAX 20 /* errors shown */

struct toc_diag_entry {
    size_t offset; /* bytes from the start of the text */
    char message[240];
    char hint[400]; /* "": none */
};

struct toc_diag {
    struct toc_str text;
    const char *file_name;
    size_t count; /* all errors, also those not kept */
    struct toc_diag_entry entries[TOC_DIAG_MAX];
};

/* A text inside a message, cut to a length that a person reads: for "%.*s". */
#define TOC_DIAG_ARG(s) (int)((s).size < 60 ? (s).size : 60), ((s).size ? (s).data : "")

/* `text` and `file_name` are lent for the life of `diag`; NULL counts as "policy". */
void toc_diag_init(struct toc_diag *diag, struct toc_str text, const char *file_name);

void toc_diag_error(struct toc_diag *diag, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Belongs to the error recorded last; replaces its hint. */
void toc_diag_hint(struct toc_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Lines and columns count from 1, columns in code points. */
void toc_diag_place(struct toc_str text, size_t offset, unsigned *line, unsigned *column);

/* All errors in the order of the text, malloc'ed; NULL when there is no memory. */
char *toc_diag_text(const struct toc_diag *diag);

/* Which of the known words a person may have meant: offer them all, then take `best`. */
struct toc_guess {
    struct toc_str wanted;
    const char *best; /* lent by whoever offered it; NULL: nothing is near */
    size_t distance;
};

void toc_guess_init(struct toc_guess *guess, struct toc_str wanted);
void toc_guess_offer(struct toc_guess *guess, const char *word);

#endif
