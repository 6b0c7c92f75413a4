/*
 * How the command line talks: tables and lines for a person, JSON Lines for a program.
 *
 * Text that came over the bus is a stranger's. Everything written here passes through print_safe
 * first, so that no control byte, escape sequence or bidirectional override reaches a terminal.
 * Colours appear only on a terminal that wants them (NO_COLOR, TERM=dumb). Widths are counted in
 * terminal cells, not bytes.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "common/str.h"
#include "common/time.h"

#include <stdio.h>

#define PRINT_COLUMNS_MAX 12
#define PRINT_CELL_MAX    512   /* bytes of one cell's text */
#define PRINT_ROWS_MAX    20000 /* of one table; more are counted and left out */
#define PRINT_WIDTH       80    /* cells of a line that is folded, where nothing says otherwise */
#define PRINT_WIDTH_MAX   10000

enum print_style {
    PRINT_PLAIN,
    PRINT_DIM,
    PRINT_BOLD,
    PRINT_RED,
    PRINT_YELLOW,
    PRINT_GREEN,
    PRINT_CYAN,
};

struct print {
    FILE *out;
    bool terminal; /* it is one */
    bool colour;
    unsigned width;  /* cells of a line; 0 for no limit */
    unsigned height; /* lines of the terminal; 0 when there is none */
};

/* Looks at `out` and the environment: a terminal knows its width, else COLUMNS says it. */
void print_init(struct print *print, FILE *out);

/* The escape sequence that begins a style, or "" without colours; print_end ends it. */
const char *print_begin(const struct print *print, enum print_style style);
const char *print_end(const struct print *print, enum print_style style);

/* Writes a formatted text in a style, made safe. */
__attribute__((format(printf, 3, 4))) void
print_styled(const struct print *print, enum print_style style, const char *format, ...);

/*
 * Copies text that may be shown anywhere: control characters, bidirectional overrides and bytes
 * that are no UTF-8 become U+FFFD. Cut at a character to fit. Returns the bytes written.
 */
size_t print_safe(char *out, size_t out_size, struct toc_str text);

/* Terminal cells of safe text: two for East Asian wide and emoji, none for combining marks. */
unsigned print_cells(const char *text);

/* Cuts `text` in place to at most `cells`, the last one "…" when something is missing. */
void print_cut(char *text, size_t text_size, unsigned cells);

/*
 * Writes the words of safe `text`, and a newline, from cell `indent` on, folded at the line's end;
 * a longer word is broken. A line has 20 cells for it at least. The cursor stands at `at`.
 */
void print_fold(const struct print *print, enum print_style style, unsigned indent, unsigned at,
                const char *text);

/* --- tables -------------------------------------------------------------------------------- */

enum print_align { PRINT_LEFT, PRINT_RIGHT };

struct print_column {
    const char *title;
    enum print_align align;
    unsigned least; /* cells it may be cut to when the line is too long; 0: never cut */
};

struct print_table;

/* `columns` are lent for the table's life. NULL without memory. */
struct print_table *print_table_new(const struct print_column *columns, size_t count);
void print_table_row(struct print_table *table);
/* The next cell of the row; missing ones stay empty. An empty text shows as "-" in dim. */
__attribute__((format(printf, 3, 4))) void
print_table_cell(struct print_table *table, enum print_style style, const char *format, ...);
/*
 * Writes heading and rows. In a line too narrow for the least of all columns the last ones are left
 * out, so the dearest come first.
 */
void print_table_write(const struct print_table *table, const struct print *print);
/* Accepts NULL. */
void print_table_free(struct print_table *table);

/* --- JSON Lines ---------------------------------------------------------------------------- */

/* Writes a quoted JSON text; bytes that are no UTF-8 become U+FFFD. */
void print_json_string(FILE *out, struct toc_str text);

/* One object, member by member. */
struct print_json {
    FILE *out;
    bool any; /* a member was written */
};

void print_json_open(struct print_json *json, FILE *out);
/* Writes the comma and the name; the value is up to the caller. */
void print_json_name(struct print_json *json, const char *name);
void print_json_text(struct print_json *json, const char *name, const char *text);
void print_json_hex(struct print_json *json, const char *name, struct toc_str bytes);
/* A number as it is: instants, small counts. */
void print_json_int(struct print_json *json, const char *name, int64_t value);
/* A 64-bit number as a text, because many readers take numbers for doubles. */
void print_json_u64(struct print_json *json, const char *name, uint64_t value);
/* A log's id: 16 hexadecimal digits. */
void print_json_log(struct print_json *json, const char *name, uint64_t log_id);
void print_json_bool(struct print_json *json, const char *name, bool value);
/* Closes the object and the line. */
void print_json_close(struct print_json *json);

#endif
