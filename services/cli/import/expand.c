#include "services/cli/import/making.h"

#include "common/policy/diag.h"

#include <stdarg.h>
#include <stdio.h>

enum outcome making_trouble(struct making *m, const char *format, ...)
{
    va_list args;
    int size = snprintf(m->error, IMPORT_ERROR_MAX, "%s:%llu: ", m->row->file,
                        (unsigned long long)m->row->line);
    size = size < IMPORT_ERROR_MAX ? size : IMPORT_ERROR_MAX - 1;
    va_start(args, format);
    vsnprintf(m->error + size, IMPORT_ERROR_MAX - (size_t)size, format, args);
    va_end(args);
    return GAVE_TROUBLE;
}

static bool is_unknown(const struct import_map *map, struct toc_str cell)
{
    for (size_t i = 0; i < map->unknown_count; i++)
        if (toc_str_equal(map->unknown[i], cell))
            return true;
    return cell.size == 0;
}

static bool fits(const struct import_pair *pair, struct toc_str word)
{
    struct toc_str from = pair->from;
    if (word.size < from.size)
        return false;
    if (pair->any_before && pair->any_after)
        return memmem(word.data, word.size, from.data, from.size) != NULL;
    if (pair->any_before)
        word = toc_str(word.data + (word.size - from.size), from.size);
    else if (pair->any_after)
        word.size = from.size;
    return toc_str_equal(word, from);
}

/* The word itself, else the first pattern that fits, else "*"; the unknown fits no pattern. */
static const struct import_pair *find_pair(const struct import_map *map,
                                           const struct import_values *values, struct toc_str word)
{
    const struct import_pair *pattern = NULL, *other = NULL;
    for (size_t i = 0; i < values->count; i++) {
        const struct import_pair *pair = &values->pairs[i];
        if (!pair->any_before && !pair->any_after) {
            if (toc_str_equal(pair->from, word))
                return pair;
        } else if (pair->from.size == 0) {
            other = pair;
        } else if (pattern == NULL && fits(pair, word)) {
            pattern = pair;
        }
    }
    if (is_unknown(map, word))
        return NULL;
    return pattern != NULL ? pattern : other;
}

static enum outcome look_up(struct making *m, struct import_cell cell, struct toc_str word,
                            struct toc_str *out)
{
    const struct import_pair *pair = find_pair(m->map, cell.values, word);
    if (pair == NULL && is_unknown(m->map, word))
        return GAVE_NOTHING;
    if (pair == NULL)
        return making_trouble(m, "%.*s: '%.*s' is not in the map's values '%.*s'",
                              TOC_DIAG_ARG(m->map->columns[cell.column].name), TOC_DIAG_ARG(word),
                              TOC_DIAG_ARG(cell.values->name));
    *out = pair->to;
    return pair->is_nothing ? GAVE_NOTHING : GAVE_TEXT;
}

enum outcome making_time(struct making *m, size_t column, toc_time_ms *out)
{
    const struct import_map *map = m->map;
    struct toc_str cell = m->row->cells[column];
    if (is_unknown(map, cell))
        return GAVE_NOTHING;
    if (import_time_read(map->time_format, map->zone, cell, out) != TOC_OK)
        return making_trouble(m, "%.*s: '%.*s' is no time of the format %.*s",
                              TOC_DIAG_ARG(map->columns[column].name), TOC_DIAG_ARG(cell),
                              TOC_DIAG_ARG(map->time_format));
    return GAVE_TEXT;
}

enum outcome making_cell_text(struct making *m, struct import_cell cell,
                              char number[MAKING_NUMBER_MAX], struct toc_str *out)
{
    struct toc_str word = m->row->cells[cell.column];
    if (cell.values != NULL)
        return look_up(m, cell, word, out);
    if (cell.is_time) {
        toc_time_ms at_ms;
        enum outcome outcome = making_time(m, cell.column, &at_ms);
        if (outcome == GAVE_TEXT)
            *out = toc_str(number,
                           (size_t)snprintf(number, MAKING_NUMBER_MAX, "%lld", (long long)at_ms));
        return outcome;
    }
    *out = word;
    return is_unknown(m->map, word) ? GAVE_NOTHING : GAVE_TEXT;
}

static enum outcome part_text(struct making *m, const struct import_part *part,
                              char number[MAKING_NUMBER_MAX], struct toc_str *out)
{
    if (part->cell.column != IMPORT_NO_COLUMN)
        return making_cell_text(m, part->cell, number, out);
    *out = part->text;
    return GAVE_TEXT;
}

enum outcome making_expand(struct making *m, const struct import_template *template, char *out,
                           size_t out_size)
{
    char number[MAKING_NUMBER_MAX];
    size_t used = 0;
    for (size_t i = 0; i < template->count; i++) {
        struct toc_str text = {NULL, 0};
        enum outcome outcome = part_text(m, &template->parts[i], number, &text);
        if (outcome != GAVE_TEXT)
            return outcome;
        if (text.size >= out_size - used)
            return making_trouble(m, "a text of more than %zu bytes", out_size - 1);
        memcpy(out + used, text.data, text.size);
        used += text.size;
    }
    out[used] = '\0';
    if (!toc_str_is_text(toc_str(out, used)))
        return making_trouble(m, "a cell is not UTF-8");
    return GAVE_TEXT;
}
