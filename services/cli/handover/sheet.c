#include "services/cli/handover/sheet.h"

#include <stdarg.h>

#define LINE_BYTES 512

/* What would end a cell or begin markup stands behind a backslash. */
static void write_markdown(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|\\`*_<>[]", *text) != NULL)
            fputc('\\', out);
        fputc(*text, out);
    }
}

void sheet_title(struct sheet *sheet, bool first, const char *format, ...)
{
    char line[LINE_BYTES], safe[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    print_safe(safe, sizeof(safe), toc_str_of(line));
    if (!sheet->markdown) {
        print_fold(sheet->print, first ? PRINT_BOLD : PRINT_PLAIN, 0, 0, safe);
        return;
    }
    fputs(first ? "# " : "\n", sheet->print->out);
    write_markdown(sheet->print->out, safe);
    fputc('\n', sheet->print->out);
}

static void write_heading(const struct sheet *sheet)
{
    FILE *out = sheet->print->out;
    for (size_t i = 0; i < sheet->column_count; i++)
        fprintf(out, "| %s ", sheet->columns[i].title);
    fputs("|\n", out);
    for (size_t i = 0; i < sheet->column_count; i++)
        fputs(sheet->columns[i].align == PRINT_RIGHT ? "| ---: " : "| --- ", out);
    fputs("|", out);
}

void sheet_begin(struct sheet *sheet, const char *heading, const struct print_column *columns,
                 size_t count)
{
    sheet->columns = columns;
    sheet->column_count = count;
    sheet->cell = sheet->rows = sheet->left_out = 0;
    if (sheet->markdown) {
        fprintf(sheet->print->out, "\n## %s\n\n", heading);
        return;
    }
    fputc('\n', sheet->print->out);
    print_styled(sheet->print, PRINT_BOLD, "%s", heading);
    fputc('\n', sheet->print->out);
    sheet->table = print_table_new(columns, count);
    sheet->failed = sheet->failed || sheet->table == NULL;
}

/* A row's missing cells stay empty. */
static void close_row(struct sheet *sheet)
{
    if (!sheet->markdown || sheet->rows == 0)
        return;
    for (; sheet->cell < sheet->column_count; sheet->cell++)
        fputs(" |", sheet->print->out);
}

bool sheet_has_room(struct sheet *sheet)
{
    sheet->left_out += sheet->rows >= SHEET_ROWS_MOST;
    return sheet->rows < SHEET_ROWS_MOST;
}

void sheet_row(struct sheet *sheet)
{
    if (sheet->markdown && sheet->rows == 0)
        write_heading(sheet);
    close_row(sheet);
    sheet->rows++;
    sheet->cell = 0;
    if (sheet->markdown)
        fputs("\n|", sheet->print->out);
    else if (sheet->table != NULL)
        print_table_row(sheet->table);
}

void sheet_cell(struct sheet *sheet, enum print_style style, const char *format, ...)
{
    char text[LINE_BYTES], safe[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    sheet->cell++;
    if (sheet->markdown) {
        print_safe(safe, sizeof(safe), toc_str_of(text));
        fputc(' ', sheet->print->out);
        write_markdown(sheet->print->out, safe);
        fputs(" |", sheet->print->out);
    } else if (sheet->table != NULL) {
        print_table_cell(sheet->table, style, "%s", text);
    }
}

void sheet_end(struct sheet *sheet, const char *none)
{
    close_row(sheet);
    if (sheet->rows == 0)
        fprintf(sheet->print->out, "%s\n", none);
    else if (sheet->markdown)
        fputc('\n', sheet->print->out);
    else if (sheet->table != NULL)
        print_table_write(sheet->table, sheet->print);
    if (sheet->left_out > 0)
        fprintf(sheet->print->out, "%sand %zu more, which --format json tells\n",
                sheet->markdown ? "\n" : "", sheet->left_out);
    print_table_free(sheet->table);
    sheet->table = NULL;
}
