/*
 * Rows of comma-separated values, RFC 4180: quoted fields may hold commas, line breaks and doubled
 * quotes; lines end in CRLF or LF; a byte-order mark is skipped, and so are empty lines. What the
 * RFC does not allow (a quote inside a bare field, text behind a closing quote) is an error with
 * its line, because guessing there shifts columns in silence.
 */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include "common/str.h"

#include <stdio.h>

#define CSV_FIELDS_MAX 512           /* of one row */
#define CSV_ROW_MAX    (1024 * 1024) /* bytes of one row */

struct csv;

/* `file` stays the caller's, and so does `name`, which errors begin with. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err csv_open(FILE *file, const char *name, struct csv **out);
/* Accepts NULL. */
void csv_close(struct csv *csv);

/*
 * The next row, lent until the next call. TOC_NONE at the end; TOC_ERR_MALFORMED, TOC_ERR_LIMIT or
 * TOC_ERR_IO with csv_error().
 */
TOC_MUST enum toc_err csv_next(struct csv *csv, const struct toc_str **out_fields,
                               size_t *out_count);

/* The line that the latest row began in, from 1. */
uint64_t csv_line(const struct csv *csv);

/* "export.csv:7: …", a text for a person. */
const char *csv_error(const struct csv *csv);

#endif
