#include "common/policy/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_BYTES  110 /* of a long line */
#define BEFORE_BYTES 50  /* of these before the place, at most */
#define WORD_MAX     64  /* longer words get no guess */

void toc_diag_init(struct toc_diag *diag, struct toc_str text, const char *file_name)
{
    diag->text = text;
    diag->file_name = file_name ? file_name : "policy";
    diag->files = NULL;
    diag->file_count = 0;
    diag->accepted = diag->hides_lines = false;
    diag->count = diag->warning_count = 0;
    diag->last = NULL;
}

void toc_diag_files(struct toc_diag *diag, const struct toc_diag_file *files, size_t count)
{
    diag->files = files;
    diag->file_count = count;
}

/* --- recording ------------------------------------------------------------------------------ */

__attribute__((format(printf, 5, 0))) static void
record(struct toc_diag *diag, struct toc_diag_entry entries[TOC_DIAG_MAX], size_t *count,
       size_t offset, const char *format, va_list args)
{
    struct toc_diag_entry *entry = *count < TOC_DIAG_MAX ? &entries[*count] : NULL;
    (*count)++;
    diag->last = entry;
    if (!entry)
        return;
    entry->offset = offset < diag->text.size ? offset : diag->text.size;
    entry->hint[0] = '\0';
    (void)vsnprintf(entry->message, sizeof(entry->message), format, args);
}

void toc_diag_error(struct toc_diag *diag, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(diag, diag->entries, &diag->count, offset, format, args);
    va_end(args);
}

void toc_diag_doubt(struct toc_diag *diag, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (diag->accepted)
        record(diag, diag->warnings, &diag->warning_count, offset, format, args);
    else
        record(diag, diag->entries, &diag->count, offset, format, args);
    va_end(args);
}

void toc_diag_warning(struct toc_diag *diag, size_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    record(diag, diag->warnings, &diag->warning_count, offset, format, args);
    va_end(args);
}

void toc_diag_hint(struct toc_diag *diag, const char *format, ...)
{
    va_list args;
    TOC_ASSERT(diag->count + diag->warning_count > 0);
    if (!diag->last)
        return;
    va_start(args, format);
    (void)vsnprintf(diag->last->hint, sizeof(diag->last->hint), format, args);
    va_end(args);
}

/* --- lines of the text ---------------------------------------------------------------------- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static unsigned code_points(const char *from, const char *until)
{
    unsigned count = 0;
    for (const char *p = from; p < until; p++)
        count += !is_continuation(*p);
    return count;
}

static size_t line_start(struct toc_str text, size_t offset)
{
    while (offset > 0 && text.data[offset - 1] != '\n')
        offset--;
    return offset;
}

static size_t line_end(struct toc_str text, size_t offset)
{
    while (offset < text.size && text.data[offset] != '\n')
        offset++;
    return offset;
}

/* --- places --------------------------------------------------------------------------------- */

size_t toc_diag_file_of(const struct toc_diag *diag, size_t offset)
{
    size_t at = 0;
    while (at + 1 < diag->file_count && diag->files[at + 1].begin <= offset)
        at++;
    return at;
}

/* The file around `offset`, which becomes an offset in it. */
static struct toc_str file_at(const struct toc_diag *diag, size_t *offset)
{
    const struct toc_diag_file *file;
    if (diag->file_count == 0)
        return diag->text;
    file = &diag->files[toc_diag_file_of(diag, *offset)];
    *offset = *offset > file->begin ? *offset - file->begin : 0;
    *offset = *offset < file->size ? *offset : file->size;
    return toc_str(diag->text.data + file->begin, file->size);
}

static void file_name_at(const struct toc_diag *diag, size_t offset, char out[TOC_DIAG_NAME_MAX])
{
    const char *slash = strrchr(diag->file_name, '/');
    int dir = slash ? (int)(slash + 1 - diag->file_name) : 0;
    struct toc_str name;
    if (diag->file_count == 0) {
        toc_str_copy(out, TOC_DIAG_NAME_MAX, toc_str_of(diag->file_name));
        return;
    }
    name = diag->files[toc_diag_file_of(diag, offset)].name;
    (void)snprintf(out, TOC_DIAG_NAME_MAX, "%.*s%.*s", dir, diag->file_name, (int)name.size,
                   name.data);
}

void toc_diag_find(const struct toc_diag *diag, size_t offset, struct toc_diag_place *out)
{
    struct toc_str text;
    size_t start;
    file_name_at(diag, offset, out->file);
    text = file_at(diag, &offset);
    start = line_start(text, offset);
    out->line = 1;
    for (size_t i = 0; i < start; i++)
        out->line += text.data[i] == '\n';
    out->column = text.size ? 1 + code_points(text.data + start, text.data + offset) : 1;
}

char *toc_diag_where(const struct toc_diag *diag, size_t offset, char out[TOC_DIAG_WHERE_MAX])
{
    struct toc_diag_place place;
    toc_diag_find(diag, offset, &place);
    (void)snprintf(out, TOC_DIAG_WHERE_MAX, "%s:%u:%u", place.file, place.line, place.column);
    return out;
}

/* --- the line of a finding ------------------------------------------------------------------ */

static void put_safely(FILE *out, struct toc_str s)
{
    struct toc_str c;
    while (s.size > 0) {
        if (!toc_str_take_shown(&s, &c)) {
            c = *c.data == '\t' ? TOC_STR(" ") : TOC_STR("?");
            while (s.size > 0 && is_continuation(*s.data))
                s = toc_str_from(s, 1);
        }
        fwrite(c.data, 1, c.size, out);
    }
}

static void put_line(FILE *out, struct toc_str text, size_t offset, unsigned line)
{
    size_t start = line_start(text, offset);
    size_t end = line_end(text, offset);
    bool cut_left = offset - start > BEFORE_BYTES;
    bool cut_right;
    unsigned pad;
    if (end > start && end > offset && text.data[end - 1] == '\r')
        end--;
    if (cut_left)
        for (start = offset - BEFORE_BYTES; start < offset && is_continuation(text.data[start]);)
            start++;
    cut_right = end - start > SHOWN_BYTES;
    if (cut_right)
        for (end = start + SHOWN_BYTES; end > offset && is_continuation(text.data[end]);)
            end--;
    fprintf(out, "%5u | %s", line, cut_left ? "..." : "");
    put_safely(out, toc_str(text.data + start, end - start));
    pad = code_points(text.data + start, text.data + offset) + (cut_left ? 3 : 0);
    fprintf(out, "%s\n      | %*s^\n", cut_right ? "..." : "", (int)pad, "");
}

static void put_entry(FILE *out, const struct toc_diag *diag, const struct toc_diag_entry *entry,
                      const char *kind)
{
    struct toc_diag_place place;
    size_t offset = entry->offset;
    struct toc_str text;
    toc_diag_find(diag, offset, &place);
    put_safely(out, toc_str_of(place.file));
    fprintf(out, ":%u:%u: %s: ", place.line, place.column, kind);
    put_safely(out, toc_str_of(entry->message));
    fputc('\n', out);
    text = file_at(diag, &offset);
    if (text.size > 0 && !diag->hides_lines)
        put_line(out, text, offset, place.line);
    if (entry->hint[0]) {
        fputs("hint: ", out);
        put_safely(out, toc_str_of(entry->hint));
        fputc('\n', out);
    }
}

static void put_entries(FILE *out, const struct toc_diag *diag,
                        const struct toc_diag_entry *entries, size_t count, const char *kind)
{
    size_t kept = count < TOC_DIAG_MAX ? count : TOC_DIAG_MAX;
    for (size_t i = 0; i < kept; i++) {
        if (ftell(out) > 0)
            fputc('\n', out);
        put_entry(out, diag, &entries[i], kind);
    }
    if (count > kept)
        fprintf(out, "\n%zu more %ss are not shown.\n", count - kept, kind);
}

/* Insertion keeps the order of equal places. */
static void sort(struct toc_diag_entry *entries, size_t count)
{
    size_t kept = count < TOC_DIAG_MAX ? count : TOC_DIAG_MAX;
    for (size_t i = 1; i < kept; i++) {
        struct toc_diag_entry entry = entries[i];
        size_t at = i;
        for (; at > 0 && entries[at - 1].offset > entry.offset; at--)
            entries[at] = entries[at - 1];
        entries[at] = entry;
    }
}

void toc_diag_sort(struct toc_diag *diag)
{
    sort(diag->entries, diag->count);
    sort(diag->warnings, diag->warning_count);
    diag->last = NULL;
}

char *toc_diag_text(struct toc_diag *diag)
{
    char *text = NULL;
    size_t size = 0;
    bool failed;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    toc_diag_sort(diag);
    put_entries(out, diag, diag->entries, diag->count, "error");
    put_entries(out, diag, diag->warnings, diag->warning_count, "warning");
    failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* --- guesses -------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits that make `a` out of `b`: a letter put in, left out, replaced, or two neighbours swapped.
 */
static size_t edit_distance(struct toc_str a, struct toc_str b)
{
    size_t rows[3][WORD_MAX + 1];
    size_t *before = rows[0];
    size_t *last = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b.size; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t *spare = before;
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t replaced = last[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = least(least(last[j], row[j - 1]) + 1, replaced);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
        row = spare;
    }
    return last[b.size];
}

void toc_guess_init(struct toc_guess *guess, struct toc_str wanted)
{
    guess->wanted = wanted;
    guess->best = NULL;
    guess->distance = SIZE_MAX;
}

void toc_guess_offer(struct toc_guess *guess, const char *word)
{
    struct toc_str offered = toc_str_of(word);
    size_t near = guess->wanted.size / 3;
    size_t distance;
    if (guess->wanted.size == 0 || guess->wanted.size > WORD_MAX || offered.size > WORD_MAX)
        return;
    distance = edit_distance(guess->wanted, offered);
    if (distance > (near < 1 ? 1 : near > 3 ? 3 : near) || distance >= guess->wanted.size)
        return;
    if (distance < guess->distance) {
        guess->distance = distance;
        guess->best = word;
    }
}

void toc_guess_hint(struct toc_diag *diag, const struct toc_guess *guess)
{
    if (guess->best != NULL)
        toc_diag_hint(diag, "did you mean '%s'?", guess->best);
}

/* --- before anything is read -------------------------------------------------------------- */

/* Where the text stops being UTF-8 without NUL. */
static size_t bad_byte(struct toc_str text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t length = 1;
        while (length <= 4 && at + length <= text.size &&
               !toc_str_is_text(toc_str(text.data + at, length)))
            length++;
        if (length > 4 || at + length > text.size)
            return at;
        at += length;
    }
    return at;
}

bool toc_diag_is_text(struct toc_diag *diag, size_t offset, size_t size)
{
    struct toc_str text = toc_str(diag->text.data + offset, size);
    if (toc_str_is_text(text))
        return true;
    size_t at = bad_byte(text);
    toc_diag_error(diag, offset + at, "%s",
                   text.data[at] == '\0' ? "a NUL byte in the text" : "not UTF-8");
    return false;
}
