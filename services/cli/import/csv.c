#include "services/cli/import/csv.h"

#include <stdarg.h>
#include <stdlib.h>

struct csv {
    FILE *file;
    const char *name;
    uint64_t line;     /* being read, from 1 */
    uint64_t row_line; /* where the latest row began */
    size_t used;       /* of the buffer */
    size_t field_start;
    size_t count;
    struct toc_str fields[CSV_FIELDS_MAX];
    char error[4096 + 160];
    char buffer[CSV_ROW_MAX];
};

enum toc_err csv_open(FILE *file, const char *name, struct csv **out)
{
    struct csv *csv = malloc(sizeof(*csv));
    if (csv == NULL)
        return TOC_ERR_MEMORY;
    csv->file = file;
    csv->name = name;
    csv->line = 1;
    csv->row_line = 0;
    csv->error[0] = '\0';
    *out = csv;
    return TOC_OK;
}

void csv_close(struct csv *csv)
{
    free(csv);
}

uint64_t csv_line(const struct csv *csv)
{
    return csv->row_line;
}

const char *csv_error(const struct csv *csv)
{
    return csv->error;
}

__attribute__((format(printf, 3, 4))) static enum toc_err fail(struct csv *csv, enum toc_err err,
                                                               const char *format, ...)
{
    va_list args;
    int size = snprintf(csv->error, sizeof(csv->error), "%.4000s:%llu: ", csv->name,
                        (unsigned long long)csv->line);
    va_start(args, format);
    vsnprintf(csv->error + size, sizeof(csv->error) - (size_t)size, format, args);
    va_end(args);
    return err;
}

static enum toc_err put(struct csv *csv, int c)
{
    if (csv->used == sizeof(csv->buffer))
        return fail(csv, TOC_ERR_LIMIT, "a row of more than %d bytes", CSV_ROW_MAX);
    csv->buffer[csv->used++] = (char)c;
    return TOC_OK;
}

static enum toc_err end_field(struct csv *csv)
{
    if (csv->count == CSV_FIELDS_MAX)
        return fail(csv, TOC_ERR_LIMIT, "more than %d fields", CSV_FIELDS_MAX);
    csv->fields[csv->count++] =
        toc_str(csv->buffer + csv->field_start, csv->used - csv->field_start);
    csv->field_start = csv->used;
    return TOC_OK;
}

/* The next character, CRLF as one '\n', counting lines. */
static int next_char(struct csv *csv)
{
    int c = getc_unlocked(csv->file);
    if (c == '\r') {
        int after = getc_unlocked(csv->file);
        if (after == '\n')
            c = after;
        else
            ungetc(after, csv->file);
    }
    csv->line += c == '\n';
    return c;
}

/* Behind the opening quote, up to what follows the closing one, which is `*out_after`. */
static enum toc_err read_quoted(struct csv *csv, int *out_after)
{
    uint64_t opened = csv->line;
    for (;;) {
        int c = getc_unlocked(csv->file);
        csv->line += c == '\n';
        if (c == EOF) {
            csv->line = opened;
            return fail(csv, TOC_ERR_MALFORMED, "a quote opened here is never closed");
        }
        if (c == '"') {
            c = next_char(csv);
            if (c != '"') {
                *out_after = c;
                break;
            }
        }
        TOC_TRY(put(csv, c));
    }
    if (*out_after == ',' || *out_after == '\n' || *out_after == EOF)
        return TOC_OK;
    return fail(csv, TOC_ERR_MALFORMED, "text behind a closing quote");
}

static enum toc_err read_bare(struct csv *csv, int first, int *out_after)
{
    int c = first;
    for (; c != ',' && c != '\n' && c != EOF; c = next_char(csv)) {
        if (c == '"')
            return fail(csv, TOC_ERR_MALFORMED, "a quote inside a field that is not quoted");
        TOC_TRY(put(csv, c));
    }
    *out_after = c;
    return TOC_OK;
}

/* A row that begins with `c`. */
static enum toc_err read_row(struct csv *csv, int c)
{
    int after;
    for (;;) {
        TOC_TRY(c == '"' ? read_quoted(csv, &after) : read_bare(csv, c, &after));
        TOC_TRY(end_field(csv));
        if (after != ',')
            return ferror(csv->file) ? fail(csv, TOC_ERR_IO, "cannot be read") : TOC_OK;
        c = next_char(csv);
    }
}

static int skip_mark(struct csv *csv, int c)
{
    if (csv->row_line == 0 && c == 0xef && getc_unlocked(csv->file) == 0xbb &&
        getc_unlocked(csv->file) == 0xbf)
        return next_char(csv);
    return c;
}

enum toc_err csv_next(struct csv *csv, const struct toc_str **out_fields, size_t *out_count)
{
    csv->used = csv->field_start = csv->count = 0;
    uint64_t line = csv->line;
    int c = skip_mark(csv, next_char(csv));
    while (c == '\n') {
        line = csv->line;
        c = next_char(csv);
    }
    if (c == EOF)
        return ferror(csv->file) ? fail(csv, TOC_ERR_IO, "cannot be read") : TOC_NONE;
    TOC_TRY(read_row(csv, c));
    csv->row_line = line;
    *out_fields = csv->fields;
    *out_count = csv->count;
    return TOC_OK;
}
