#include "services/cli/print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */
#define ELLIPSIS    "\xe2\x80\xa6" /* U+2026 */
#define GAP         2              /* cells between two columns */

#define FOLD_LEAST 20   /* cells that a folded text has beside it */
#define WORD_MAX   2048 /* bytes of a word of it */

/* What the environment says of the width; 0 when it does not. */
static unsigned width_said(void)
{
    const char *said = getenv("COLUMNS");
    char *end;
    unsigned long width = said != NULL ? strtoul(said, &end, 10) : 0;
    return said == NULL || *end != '\0' || width > PRINT_WIDTH_MAX ? 0 : (unsigned)width;
}

void print_init(struct print *print, FILE *out)
{
    const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
    struct winsize size;
    print->out = out;
    print->terminal = isatty(fileno(out)) != 0;
    print->colour = print->terminal && (no_colour == NULL || no_colour[0] == '\0') &&
                    term != NULL && strcmp(term, "dumb") != 0;
    print->width = width_said();
    if (print->width == 0 && print->terminal)
        print->width = PRINT_WIDTH;
    print->height = 0;
    if (print->terminal && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        print->width = size.ws_col;
        print->height = size.ws_row;
    }
}

const char *print_begin(const struct print *print, enum print_style style)
{
    static const char *const sequences[] = {
        [PRINT_PLAIN] = "",        [PRINT_DIM] = "\033[2m",     [PRINT_BOLD] = "\033[1m",
        [PRINT_RED] = "\033[31m",  [PRINT_YELLOW] = "\033[33m", [PRINT_GREEN] = "\033[32m",
        [PRINT_CYAN] = "\033[36m",
    };
    return print->colour ? sequences[style] : "";
}

const char *print_end(const struct print *print, enum print_style style)
{
    return print->colour && style != PRINT_PLAIN ? "\033[0m" : "";
}

void print_styled(const struct print *print, enum print_style style, const char *format, ...)
{
    char raw[4096], safe[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    print_safe(safe, sizeof(safe), toc_str_of(raw));
    fprintf(print->out, "%s%s%s", print_begin(print, style), safe, print_end(print, style));
}

/* --- characters ---------------------------------------------------------------------------- */

/* Reads one character; its size in bytes, 0 for bytes that are no UTF-8. */
static size_t read_character(struct toc_str text, uint32_t *out)
{
    const uint8_t *b = (const uint8_t *)text.data;
    size_t size = b[0] < 0x80 ? 1 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
    if (size > text.size || (b[0] != 0 && !toc_str_is_text(toc_str(text.data, size))))
        return 0;
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = b[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        c = c << 6 | (b[i] & 0x3f);
    *out = c;
    return size;
}

struct range {
    uint32_t first, last;
};

static bool is_in(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

/* By block: exact enough to keep columns straight, without the database of a locale. */
static unsigned cells_of(uint32_t c)
{
    static const struct range none[] = {
        {0x0300, 0x036f}, {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
    static const struct range two[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                                       {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe30, 0xfe6f},
                                       {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                                       {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
    if (is_in(c, none, sizeof(none) / sizeof(none[0])))
        return 0;
    return is_in(c, two, sizeof(two) / sizeof(two[0])) ? 2 : 1;
}

size_t print_safe(char *out, size_t out_size, struct toc_str text)
{
    size_t at = 0;
    TOC_ASSERT(out_size > 0);
    while (text.size > 0) {
        struct toc_str piece;
        if (!toc_str_take_shown(&text, &piece))
            piece = TOC_STR(REPLACEMENT);
        if (at + piece.size >= out_size)
            break;
        memcpy(out + at, piece.data, piece.size);
        at += piece.size;
    }
    out[at] = '\0';
    return at;
}

/* The bytes of `text` that fill at most `cells`; `*out_cells` is how many they fill. */
static size_t fit(const char *text, unsigned cells, unsigned *out_cells)
{
    struct toc_str rest = toc_str_of(text);
    size_t whole = rest.size;
    unsigned used = 0;
    while (rest.size > 0) {
        uint32_t c = 0;
        size_t size = read_character(rest, &c);
        unsigned wide = size == 0 ? 1 : cells_of(c);
        if (used + wide > cells)
            break;
        used += wide;
        rest = toc_str_from(rest, size == 0 ? 1 : size);
    }
    *out_cells = used;
    return whole - rest.size;
}

unsigned print_cells(const char *text)
{
    unsigned cells;
    fit(text, UINT32_MAX, &cells);
    return cells;
}

void print_cut(char *text, size_t text_size, unsigned cells)
{
    unsigned used;
    if (print_cells(text) <= cells)
        return;
    size_t size = fit(text, cells > 0 ? cells - 1 : 0, &used);
    if (cells > 0 && size + sizeof(ELLIPSIS) <= text_size)
        memcpy(text + size, ELLIPSIS, sizeof(ELLIPSIS));
    else
        text[size] = '\0';
}

/* --- folding ------------------------------------------------------------------------------- */

struct fold {
    const struct print *print;
    enum print_style style;
    unsigned indent, width, cell; /* cell: of the cursor */
};

static void next_line(struct fold *fold)
{
    fprintf(fold->print->out, "%s\n%*s%s", print_end(fold->print, fold->style), (int)fold->indent,
            "", print_begin(fold->print, fold->style));
    fold->cell = fold->indent;
}

static void put_word(struct fold *fold, const char *word)
{
    unsigned cells = print_cells(word);
    bool first = fold->cell == fold->indent;
    if (!first && fold->cell + 1 + cells > fold->width)
        next_line(fold);
    else if (!first)
        fold->cell += (unsigned)fprintf(fold->print->out, " ");
    while (fold->cell + cells > fold->width) {
        unsigned used;
        size_t size = fit(word, fold->width - fold->cell, &used);
        fprintf(fold->print->out, "%.*s", (int)size, word);
        word += size;
        cells -= used;
        next_line(fold);
    }
    fputs(word, fold->print->out);
    fold->cell += cells;
}

void print_fold(const struct print *print, enum print_style style, unsigned indent, unsigned at,
                const char *text)
{
    struct fold fold = {print, style, indent, print->width, indent};
    char word[WORD_MAX];
    if (fold.width == 0)
        fold.width = UINT32_MAX;
    else if (fold.width < indent + FOLD_LEAST)
        fold.width = indent + FOLD_LEAST;
    if (at < indent)
        fprintf(print->out, "%*s", (int)(indent - at), "");
    fputs(print_begin(print, style), print->out);
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ");
        toc_str_copy(word, sizeof(word), toc_str(text, size));
        put_word(&fold, word);
        text += size;
    }
    fprintf(print->out, "%s\n", print_end(print, style));
}

/* --- tables -------------------------------------------------------------------------------- */

struct cell {
    char *text; /* NULL for empty */
    enum print_style style;
    unsigned cells;
};

struct print_table {
    const struct print_column *columns;
    size_t column_count;
    struct cell *cells;               /* row by row */
    size_t row_count, row_room, next; /* next: column of the row under way */
    size_t left_out;
};

struct print_table *print_table_new(const struct print_column *columns, size_t count)
{
    TOC_ASSERT(count <= PRINT_COLUMNS_MAX);
    struct print_table *table = calloc(1, sizeof(*table));
    if (table == NULL)
        return NULL;
    table->columns = columns;
    table->column_count = count;
    table->next = count; /* no row to put a cell into yet */
    return table;
}

static bool grow(struct print_table *table)
{
    if (table->row_count < table->row_room)
        return true;
    size_t room = table->row_room == 0 ? 64 : 2 * table->row_room;
    struct cell *cells = realloc(table->cells, room * table->column_count * sizeof(*cells));
    if (cells == NULL)
        return false;
    table->cells = cells;
    table->row_room = room;
    return true;
}

void print_table_row(struct print_table *table)
{
    if (table->row_count == PRINT_ROWS_MAX || !grow(table)) {
        table->left_out++;
        table->next = table->column_count; /* its cells go nowhere */
        return;
    }
    memset(&table->cells[table->row_count * table->column_count], 0,
           table->column_count * sizeof(*table->cells));
    table->row_count++;
    table->next = 0;
}

void print_table_cell(struct print_table *table, enum print_style style, const char *format, ...)
{
    char raw[PRINT_CELL_MAX], safe[PRINT_CELL_MAX];
    va_list args;
    if (table->next == table->column_count)
        return;
    va_start(args, format);
    vsnprintf(raw, sizeof(raw), format, args);
    va_end(args);
    size_t size = print_safe(safe, sizeof(safe), toc_str_of(raw));
    struct cell *cell = &table->cells[(table->row_count - 1) * table->column_count + table->next++];
    cell->style = style;
    cell->text = size == 0 ? NULL : strdup(safe);
    cell->cells = cell->text == NULL ? 0 : print_cells(cell->text);
}

static void measure(const struct print_table *table, unsigned widths[PRINT_COLUMNS_MAX])
{
    for (size_t c = 0; c < table->column_count; c++) {
        widths[c] = print_cells(table->columns[c].title);
        for (size_t r = 0; r < table->row_count; r++) {
            unsigned cells = table->cells[r * table->column_count + c].cells;
            if (cells > widths[c])
                widths[c] = cells;
        }
    }
}

/* What a column may be cut to. */
static unsigned least_of(const struct print_column *column, unsigned width)
{
    return column->least != 0 && column->least < width ? column->least : width;
}

/* How many columns a line of `limit` cells has room for, one at least. */
static size_t room_for(const struct print_table *table, const unsigned widths[PRINT_COLUMNS_MAX],
                       unsigned limit)
{
    unsigned total = 0;
    for (size_t c = 0; c < table->column_count; c++) {
        total += least_of(&table->columns[c], widths[c]) + (c > 0 ? GAP : 0);
        if (total > limit && c > 0)
            return c;
    }
    return table->column_count;
}

/* Takes a cell at a time from the widest of the first `count` columns that may still give one. */
static void shrink(const struct print_table *table, size_t count,
                   unsigned widths[PRINT_COLUMNS_MAX], unsigned limit)
{
    unsigned total = GAP * (unsigned)(count - 1);
    for (size_t c = 0; c < count; c++)
        total += widths[c];
    for (; total > limit; total--) {
        size_t widest = count;
        for (size_t c = 0; c < count; c++) {
            bool gives = widths[c] > least_of(&table->columns[c], widths[c]);
            if (gives && (widest == count || widths[c] > widths[widest]))
                widest = c;
        }
        if (widest == count) {
            widths[0] = limit; /* the only one is too wide */
            return;
        }
        widths[widest]--;
    }
}

static void write_cell(const struct print *print, const struct print_column *column,
                       const struct cell *cell, unsigned width, bool last)
{
    char text[PRINT_CELL_MAX];
    const char *shown = cell->text == NULL ? "-" : cell->text;
    enum print_style style = cell->text == NULL ? PRINT_DIM : cell->style;
    toc_str_copy(text, sizeof(text), toc_str_of(shown));
    print_cut(text, sizeof(text), width);
    int pad = (int)(width - print_cells(text));
    if (column->align == PRINT_RIGHT)
        fprintf(print->out, "%*s", pad, "");
    fprintf(print->out, "%s%s%s", print_begin(print, style), text, print_end(print, style));
    if (!last)
        fprintf(print->out, "%*s", column->align == PRINT_LEFT ? pad + GAP : GAP, "");
}

static void write_heading(const struct print_table *table, const struct print *print, size_t count,
                          const unsigned *widths)
{
    for (size_t c = 0; c < count; c++) {
        char title[PRINT_CELL_MAX];
        toc_str_copy(title, sizeof(title), toc_str_of(table->columns[c].title));
        struct cell cell = {title, PRINT_DIM, 0};
        write_cell(print, &table->columns[c], &cell, widths[c], c + 1 == count);
    }
    fputc('\n', print->out);
}

void print_table_write(const struct print_table *table, const struct print *print)
{
    unsigned widths[PRINT_COLUMNS_MAX];
    size_t count = table->column_count;
    measure(table, widths);
    if (print->width > 0) {
        count = room_for(table, widths, print->width);
        shrink(table, count, widths, print->width);
    }
    write_heading(table, print, count, widths);
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c < count; c++)
            write_cell(print, &table->columns[c], &table->cells[r * table->column_count + c],
                       widths[c], c + 1 == count);
        fputc('\n', print->out);
    }
    if (table->left_out > 0)
        fprintf(print->out, "and %zu more\n", table->left_out);
}

void print_table_free(struct print_table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->row_count * table->column_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

/* --- JSON Lines ---------------------------------------------------------------------------- */

void print_json_string(FILE *out, struct toc_str text)
{
    fputc('"', out);
    while (text.size > 0) {
        uint32_t c = 0;
        size_t size = read_character(text, &c);
        if (size == 0)
            fputs(REPLACEMENT, out);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", (int)c);
        else if (!toc_str_is_line(
                     toc_str(text.data, size))) /* a terminal may show the line as it is */
            fprintf(out, "\\u%04x", (unsigned)c);
        else
            fwrite(text.data, 1, size, out);
        text = toc_str_from(text, size == 0 ? 1 : size);
    }
    fputc('"', out);
}

void print_json_open(struct print_json *json, FILE *out)
{
    *json = (struct print_json){out, false};
    fputc('{', out);
}

void print_json_name(struct print_json *json, const char *name)
{
    fprintf(json->out, "%s\"%s\":", json->any ? "," : "", name);
    json->any = true;
}

void print_json_text(struct print_json *json, const char *name, const char *text)
{
    print_json_name(json, name);
    print_json_string(json->out, toc_str_of(text));
}

void print_json_hex(struct print_json *json, const char *name, struct toc_str bytes)
{
    print_json_name(json, name);
    fputc('"', json->out);
    for (size_t i = 0; i < bytes.size; i++)
        fprintf(json->out, "%02x", (uint8_t)bytes.data[i]);
    fputc('"', json->out);
}

void print_json_int(struct print_json *json, const char *name, int64_t value)
{
    print_json_name(json, name);
    fprintf(json->out, "%lld", (long long)value);
}

void print_json_u64(struct print_json *json, const char *name, uint64_t value)
{
    print_json_name(json, name);
    fprintf(json->out, "\"%llu\"", (unsigned long long)value);
}

void print_json_log(struct print_json *json, const char *name, uint64_t log_id)
{
    print_json_name(json, name);
    fprintf(json->out, "\"%016llx\"", (unsigned long long)log_id);
}

void print_json_bool(struct print_json *json, const char *name, bool value)
{
    print_json_name(json, name);
    fputs(value ? "true" : "false", json->out);
}

void print_json_close(struct print_json *json)
{
    fputs("}\n", json->out);
}
