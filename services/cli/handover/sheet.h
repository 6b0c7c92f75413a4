/*
 * Sections of a report: a heading, and a table or what is said where it would be empty; as text for
 * a terminal or as Markdown.
 */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "services/cli/print.h"

#define SHEET_ROWS_MOST 50 /* of a section */

struct sheet {
    const struct print *print;
    bool markdown;
    struct print_table *table; /* text: of the section at hand */
    const struct print_column *columns;
    size_t column_count, cell, rows;
    size_t left_out; /* rows that found no room */
    bool failed;     /* out of memory */
};

/* A line of the report's own; the first is its title. */
__attribute__((format(printf, 3, 4))) void sheet_title(struct sheet *sheet, bool first,
                                                       const char *format, ...);
/* A section begins. `columns` are lent until it ends. */
void sheet_begin(struct sheet *sheet, const char *heading, const struct print_column *columns,
                 size_t count);
/* Whether the section may have another row; counts it when not. */
bool sheet_has_room(struct sheet *sheet);
void sheet_row(struct sheet *sheet);
__attribute__((format(printf, 3, 4))) void sheet_cell(struct sheet *sheet, enum print_style style,
                                                      const char *format, ...);
/* `none` is said when there was no row. */
void sheet_end(struct sheet *sheet, const char *none);

#endif
