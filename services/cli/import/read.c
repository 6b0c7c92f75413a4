#include "services/cli/import/read.h"

const struct toc_str *import_read_words(struct toc_reader *r, const struct toc_yaml *node,
                                        size_t *out_count)
{
    struct toc_str *words = toc_read_room(r, toc_read_item_count(node), sizeof(*words));
    *out_count = 0;
    for (const struct toc_yaml *i = toc_read_item_first(node); words && i;
         i = toc_read_item_next(node, i))
        if (i->kind == TOC_YAML_NOTHING || toc_read_is_text(r, i))
            words[(*out_count)++] = i->text;
    return words;
}

/* --- columns and templates -------------------------------------------------------------- */

static size_t column_of(struct toc_reader *r, struct toc_str name, size_t offset)
{
    struct import_map *map = r->into;
    for (size_t i = 0; i < map->column_count; i++)
        if (toc_str_equal(map->columns[i].name, name))
            return i;
    if (map->column_count == IMPORT_COLUMNS_MAX) {
        toc_diag_error(&r->diag, offset, "more than %d columns", IMPORT_COLUMNS_MAX);
        return 0;
    }
    map->columns[map->column_count] = (struct import_column){name, offset};
    return map->column_count++;
}

static const struct import_values *values_of(struct toc_reader *r, struct toc_str name,
                                             size_t offset)
{
    const struct import_map *map = r->into;
    struct toc_guess guess;
    toc_guess_init(&guess, name);
    for (size_t i = 0; i < map->values_count; i++) {
        if (toc_str_equal(map->values[i].name, name))
            return &map->values[i];
        toc_guess_offer(&guess, map->values[i].name.data);
    }
    toc_diag_error(&r->diag, offset, "'%.*s' is not in 'values'", TOC_DIAG_ARG(name));
    toc_guess_hint(&r->diag, &guess);
    return NULL;
}

struct import_cell import_read_cell(struct toc_reader *r, struct toc_str text, size_t offset)
{
    const struct import_map *map = r->into;
    struct import_cell cell = {0};
    const char *bar = text.size ? memchr(text.data, '|', text.size) : NULL;
    struct toc_str name = text;
    if (bar != NULL) {
        struct toc_str values = toc_str(bar + 1, (size_t)(text.data + text.size - bar - 1));
        name.size = (size_t)(bar - text.data);
        cell.is_time = toc_str_equal(values, TOC_STR("time"));
        if (!cell.is_time)
            cell.values = values_of(r, values, offset);
        if (cell.is_time && map->time_format.size == 0)
            toc_diag_error(&r->diag, offset, "a time without 'time', its format and zone");
    }
    if (name.size == 0)
        toc_diag_error(&r->diag, offset, "a cell without its column's name");
    cell.column = column_of(r, name, offset);
    return cell;
}

static size_t part_limit(struct toc_str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += 2u * (text.data[i] == '$');
    return count;
}

void import_read_template(struct toc_reader *r, const struct toc_yaml *node,
                          struct import_template *out)
{
    struct toc_str rest = node->text, part;
    bool is_cell;
    if (!toc_read_is_text(r, node))
        return;
    struct import_part *parts = toc_read_room(r, part_limit(rest), sizeof(*parts));
    out->parts = parts;
    while (parts != NULL && toc_read_part(&rest, &part, &is_cell))
        parts[out->count++] =
            is_cell ? (struct import_part){.cell = import_read_cell(r, part, node->offset)}
                    : (struct import_part){part, {.column = IMPORT_NO_COLUMN}};
    if (rest.size > 0)
        toc_read_wrong(r, node, "'${' without its '}'");
}
