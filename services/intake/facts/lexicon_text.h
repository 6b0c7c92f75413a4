/* The files of a lexicon as one text: those of a directory, or those that are built in. */
#ifndef FACTS_LEXICON_TEXT_H
#define FACTS_LEXICON_TEXT_H

#include "common/policy/diag.h"

#define LEXICON_FILES_MAX 64
#define LEXICON_TEXT_MAX  (1024 * 1024) /* bytes of all files */

struct lexicon_text {
    char *bytes; /* owned */
    size_t size;
    struct toc_diag_file files[LEXICON_FILES_MAX];
    char names[LEXICON_FILES_MAX][TOC_DIAG_NAME_MAX];
    size_t file_count;
};

/*
 * Reads the *.lexicon files of a directory in the order of their names; NULL is the built-in ones.
 * TOC_ERR_CONFIG with a malloc'ed `*out_errors` when there is none, one cannot be read, or there is
 * too much.
 */
TOC_MUST enum toc_err lexicon_text_read(const char *dir, struct lexicon_text *out,
                                        char **out_errors);
void lexicon_text_done(struct lexicon_text *text);

#endif
