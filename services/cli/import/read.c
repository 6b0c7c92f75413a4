#include "services/cli/import/read.h"

/* --- keys and words --------------------------------------------------------------------- */

void *import_read_room(struct import_reader *r, size_t count, size_t size)
{
    void *p = toc_pool_array(&r->map->pool, count + 1, size);
    r->no_memory = r->no_memory || p == NULL;
    return p;
}

void import_read_wrong(struct import_reader *r, const struct toc_yaml *at, const char *what)
{
    toc_diag_error(&r->diag, at->offset, "%s", what);
}

static void unknown_key(struct import_reader *r, const struct toc_yaml *entry,
                        const struct import_key *keys, size_t count)
{
    struct toc_guess guess;
    toc_diag_error(&r->diag, entry->key->offset, "unknown key '%.*s'",
                   TOC_DIAG_ARG(entry->key->text));
    toc_guess_init(&guess, entry->key->text);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, keys[i].name);
    if (guess.best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
}

static const struct toc_yaml *entry_of(const struct toc_yaml *map, const char *name)
{
    for (const struct toc_yaml *e = map->first; e != NULL; e = e->next)
        if (toc_str_equal(e->key->text, toc_str_of(name)))
            return e;
    return NULL;
}

void import_read_keys(struct import_reader *r, const struct toc_yaml *node,
                      const struct import_key *keys, size_t count, void *target)
{
    if (node->kind != TOC_YAML_MAP) {
        import_read_wrong(r, node, "has to be a map of keys and values");
        return;
    }
    for (size_t i = 0; i < count && !r->no_memory; i++) {
        const struct toc_yaml *entry = entry_of(node, keys[i].name);
        if (entry != NULL)
            keys[i].read(r, entry, target);
        else if (keys[i].required)
            toc_diag_error(&r->diag, node->offset, "'%s' is missing", keys[i].name);
    }
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next) {
        size_t i = 0;
        while (i < count && !toc_str_equal(e->key->text, toc_str_of(keys[i].name)))
            i++;
        if (i == count)
            unknown_key(r, e, keys, count);
    }
}

bool import_read_is_text(struct import_reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT)
        return true;
    import_read_wrong(r, node, "has to be a text");
    return false;
}

const struct toc_str *import_read_words(struct import_reader *r, const struct toc_yaml *node,
                                        size_t *out_count)
{
    struct toc_str *words = import_read_room(r, import_item_count(node), sizeof(*words));
    *out_count = 0;
    for (const struct toc_yaml *i = import_item_first(node); words && i;
         i = import_item_next(node, i))
        if (i->kind == TOC_YAML_NOTHING || import_read_is_text(r, i))
            words[(*out_count)++] = i->text;
    return words;
}

/* --- columns and templates -------------------------------------------------------------- */

static size_t column_of(struct import_reader *r, struct toc_str name, size_t offset)
{
    struct import_map *map = r->map;
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

static const struct import_values *values_of(struct import_reader *r, struct toc_str name,
                                             size_t offset)
{
    struct toc_guess guess;
    toc_guess_init(&guess, name);
    for (size_t i = 0; i < r->map->values_count; i++) {
        if (toc_str_equal(r->map->values[i].name, name))
            return &r->map->values[i];
        toc_guess_offer(&guess, r->map->values[i].name.data);
    }
    toc_diag_error(&r->diag, offset, "'%.*s' is not in 'values'", TOC_DIAG_ARG(name));
    if (guess.best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
    return NULL;
}

struct import_cell import_read_cell(struct import_reader *r, struct toc_str text, size_t offset)
{
    struct import_cell cell = {0};
    const char *bar = text.size ? memchr(text.data, '|', text.size) : NULL;
    struct toc_str name = text;
    if (bar != NULL) {
        struct toc_str values = toc_str(bar + 1, (size_t)(text.data + text.size - bar - 1));
        name.size = (size_t)(bar - text.data);
        cell.is_time = toc_str_equal(values, TOC_STR("time"));
        if (!cell.is_time)
            cell.values = values_of(r, values, offset);
        if (cell.is_time && r->map->time_format.size == 0)
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

void import_read_template(struct import_reader *r, const struct toc_yaml *node,
                          struct import_template *out)
{
    struct toc_str rest = node->text;
    if (!import_read_is_text(r, node))
        return;
    struct import_part *parts = import_read_room(r, part_limit(rest), sizeof(*parts));
    out->parts = parts;
    while (parts != NULL && rest.size > 0) {
        const char *start = memmem(rest.data, rest.size, "${", 2);
        size_t plain = start ? (size_t)(start - rest.data) : rest.size;
        if (plain > 0)
            parts[out->count++] =
                (struct import_part){toc_str(rest.data, plain), {.column = IMPORT_NO_COLUMN}};
        if (start == NULL)
            return;
        const char *end = memchr(start, '}', rest.size - plain);
        if (end == NULL) {
            import_read_wrong(r, node, "'${' without its '}'");
            return;
        }
        struct toc_str cell = toc_str(start + 2, (size_t)(end - start) - 2);
        parts[out->count++].cell = import_read_cell(r, cell, node->offset);
        rest = toc_str(end + 1, (size_t)(rest.data + rest.size - end) - 1);
    }
}
