/*
 * What is wrong with a text that a person wrote: findings with a place in it, put together as
 *
 *     file:line:column: error: message
 *       12 | the line
 *          |     ^
 *     hint: did you mean 'that'?
 *
 * Where lines are hidden, without the two below the first. An error makes the text unusable, a
 * warning does not. Recording takes no memory, so a reader can go on after an error and report them
 * all; past TOC_DIAG_MAX of a kind they are only counted. The text may hold several files
 * (toc_diag_files): then a place is one in its file. What comes out is safe for a terminal: control
 * characters and malformed UTF-8 are shown as '?'. Used by the policy reader and others of YAML
 * files.
 */
#ifndef TOC_POLICY_DIAG_H
#define TOC_POLICY_DIAG_H

#include "common/str.h"

#define TOC_DIAG_MAX      20 /* of errors and of warnings that are kept */
#define TOC_DIAG_NAME_MAX 256

struct toc_diag_entry {
    size_t offset; /* bytes from the start of the text */
    char message[240];
    char hint[400]; /* "": none */
};

/* One of several files in the text. */
struct toc_diag_file {
    struct toc_str name;
    size_t begin, size; /* bytes of the text */
};

struct toc_diag {
    struct toc_str text;
    const char *file_name;
    const struct toc_diag_file *files; /* in the order of the text */
    size_t file_count;                 /* 0: the text is one file */
    bool accepted;                     /* the text was once: doubts are warnings */
    bool hides_lines;                  /* there may be secrets in them */
    size_t count;                      /* all errors, also those not kept */
    size_t warning_count;
    struct toc_diag_entry entries[TOC_DIAG_MAX]; /* the errors */
    struct toc_diag_entry warnings[TOC_DIAG_MAX];
    struct toc_diag_entry *last; /* NULL: was not kept */
};

/* A text inside a message, cut to a length that a person reads: for "%.*s". */
#define TOC_DIAG_ARG(s) (int)((s).size < 60 ? (s).size : 60), ((s).size ? (s).data : "")

/* `text` and `file_name` are lent for the life of `diag`; NULL counts as "policy". */
void toc_diag_init(struct toc_diag *diag, struct toc_str text, const char *file_name);
/* The text holds these files, lent; their names count from the directory of `file_name`. */
void toc_diag_files(struct toc_diag *diag, const struct toc_diag_file *files, size_t count);

void toc_diag_error(struct toc_diag *diag, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What can be compiled and nobody can have meant: an error in a text that is not accepted yet. */
void toc_diag_doubt(struct toc_diag *diag, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void toc_diag_warning(struct toc_diag *diag, size_t offset, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Belongs to the finding recorded last; replaces its hint. */
void toc_diag_hint(struct toc_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* False, and an error, where these bytes of the text are not UTF-8 without NUL. */
bool toc_diag_is_text(struct toc_diag *diag, size_t offset, size_t size);

struct toc_diag_place {
    char file[TOC_DIAG_NAME_MAX];
    unsigned line, column; /* from 1, columns in code points */
};

void toc_diag_find(const struct toc_diag *diag, size_t offset, struct toc_diag_place *out);
/* "file:line:column" of it, for another finding's hint. */
#define TOC_DIAG_WHERE_MAX (TOC_DIAG_NAME_MAX + 32)
char *toc_diag_where(const struct toc_diag *diag, size_t offset, char out[TOC_DIAG_WHERE_MAX]);
/* Which of `files` an offset lies in; 0 where the text is one file. */
size_t toc_diag_file_of(const struct toc_diag *diag, size_t offset);

/* Puts what is kept into the order of the text. */
void toc_diag_sort(struct toc_diag *diag);
/* All errors, then all warnings, each in the order of the text, malloc'ed; NULL without memory. */
char *toc_diag_text(struct toc_diag *diag);

/* Which of the known words a person may have meant: offer them all, then take `best`. */
struct toc_guess {
    struct toc_str wanted;
    const char *best; /* lent by whoever offered it; NULL: nothing is near */
    size_t distance;
};

void toc_guess_init(struct toc_guess *guess, struct toc_str wanted);
void toc_guess_offer(struct toc_guess *guess, const char *word);
/* Asks it, where anything is near, in the hint of the finding recorded last. */
void toc_guess_hint(struct toc_diag *diag, const struct toc_guess *guess);

#endif
