#include "common/policy_diag.h"

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
    diag->count = 0;
}

void toc_diag_error(struct toc_diag *diag, size_t offset, const char *format, ...)
{
    struct toc_diag_entry *entry;
    va_list args;
    if (diag->count++ >= TOC_DIAG_MAX)
        return;
    entry = &diag->entries[diag->count - 1];
    entry->offset = offset < diag->text.size ? offset : diag->text.size;
    entry->hint[0] = '\0';
    va_start(args, format);
    (void)vsnprintf(entry->message, sizeof(entry->message), format, args);
    va_end(args);
}

void toc_diag_hint(struct toc_diag *diag, const char *format, ...)
{
    struct toc_diag_entry *entry;
    va_list args;
    TOC_ASSERT(diag->count > 0);
    if (diag->count > TOC_DIAG_MAX)
        return;
    entry = &diag->entries[diag->count - 1];
    va_start(args, format);
    (void)vsnprintf(entry->hint, sizeof(entry->hint), format, args);
    va_end(args);
}

/* --- the line of the text ------------------------------------------------------------------- */

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

void toc_diag_place(struct toc_str text, size_t offset, unsigned *line, unsigned *column)
{
    size_t start = line_start(text, offset);
    unsigned lines = 1;
    for (size_t i = 0; i < start; i++)
        lines += text.data[i] == '\n';
    *line = lines;
    *column = text.size ? 1 + code_points(text.data + start, text.data + offset) : 1;
}

/* Length of the code point at `p` when it may go to a terminal as it is, else 0. */
static size_t printable_at(const char *p, size_t left)
{
    unsigned char first = (unsigned char)*p;
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    for (size_t length = 2; length <= 4 && length <= left; length++)
        if (toc_str_is_text(toc_str(p, length))) {
            bool control = first == 0xc2 && (unsigned char)p[1] < 0xa0; /* U+0080 to U+009F */
            return control ? 0 : length;
        }
    return 0;
}

static void put_safely(FILE *out, struct toc_str s)
{
    for (size_t i = 0; i < s.size;) {
        size_t length = printable_at(s.data + i, s.size - i);
        if (length > 0) {
            fwrite(s.data + i, 1, length, out);
            i += length;
            continue;
        }
        fputc(s.data[i] == '\t' ? ' ' : '?', out);
        for (i++; i < s.size && is_continuation(s.data[i]);)
            i++;
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

static void put_entry(FILE *out, const struct toc_diag *diag, const struct toc_diag_entry *entry)
{
    unsigned line;
    unsigned column;
    toc_diag_place(diag->text, entry->offset, &line, &column);
    put_safely(out, toc_str_of(diag->file_name));
    fprintf(out, ":%u:%u: error: ", line, column);
    put_safely(out, toc_str_of(entry->message));
    fputc('\n', out);
    if (diag->text.size > 0)
        put_line(out, diag->text, entry->offset, line);
    if (entry->hint[0]) {
        fputs("hint: ", out);
        put_safely(out, toc_str_of(entry->hint));
        fputc('\n', out);
    }
}

char *toc_diag_text(const struct toc_diag *diag)
{
    size_t kept = diag->count < TOC_DIAG_MAX ? diag->count : TOC_DIAG_MAX;
    size_t order[TOC_DIAG_MAX];
    char *text = NULL;
    size_t size = 0;
    bool failed;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (size_t i = 0; i < kept; i++) { /* insertion keeps the order of equal places */
        size_t at = i;
        for (; at > 0 && diag->entries[order[at - 1]].offset > diag->entries[i].offset; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < kept; i++) {
        if (i > 0)
            fputc('\n', out);
        put_entry(out, diag, &diag->entries[order[i]]);
    }
    if (diag->count > kept)
        fprintf(out, "\n%zu more errors are not shown.\n", diag->count - kept);
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
