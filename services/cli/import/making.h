/*
 * Making events of rows: what expand.c (cells and templates) gives apply.c. Nobody else includes
 * this.
 */
#ifndef CLI_IMPORT_MAKING_H
#define CLI_IMPORT_MAKING_H

#include "services/cli/import/rule.h"

#define MAKING_NUMBER_MAX 32

/* What a template gave: a text, nothing because a cell is unknown, or trouble. */
enum outcome { GAVE_TEXT, GAVE_NOTHING, GAVE_TROUBLE };

struct making {
    const struct import_map *map;
    const struct import_row *row;
    char *error; /* IMPORT_ERROR_MAX bytes */
};

/* The row's file and line, and what is wrong there. */
enum outcome making_trouble(struct making *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum outcome making_time(struct making *m, size_t column, toc_time_ms *out);
enum outcome making_cell_text(struct making *m, struct import_cell cell,
                              char number[MAKING_NUMBER_MAX], struct toc_str *out);
/* The whole of a template, or nothing when any of its cells is unknown. */
enum outcome making_expand(struct making *m, const struct import_template *template, char *out,
                           size_t out_size);

#endif
