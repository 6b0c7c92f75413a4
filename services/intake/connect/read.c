#include "services/intake/connect/read.h"

/* --- keys and words --------------------------------------------------------------------------- */

void *connect_read_room(struct connect_reader *r, size_t count, size_t size)
{
    void *p = toc_pool_array(&r->connector->pool, count + 1, size);
    r->no_memory = r->no_memory || p == NULL;
    return p;
}

void connect_read_wrong(struct connect_reader *r, const struct toc_yaml *at, const char *what)
{
    toc_diag_error(&r->diag, at->offset, "%s", what);
}

void connect_read_unknown(struct connect_reader *r, const struct toc_yaml *at, const char *what,
                          const struct toc_guess *guess)
{
    toc_diag_error(&r->diag, at->offset, "unknown %s '%.*s'", what, TOC_DIAG_ARG(at->text));
    if (guess->best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess->best);
}

static void unknown_key(struct connect_reader *r, const struct toc_yaml *key,
                        const struct connect_key *keys, size_t count)
{
    struct toc_guess guess;
    toc_guess_init(&guess, key->text);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, keys[i].name);
    connect_read_unknown(r, key, "key", &guess);
}

static const struct toc_yaml *entry_of(const struct toc_yaml *map, const char *name)
{
    for (const struct toc_yaml *e = map->first; e != NULL; e = e->next)
        if (toc_str_equal(e->key->text, toc_str_of(name)))
            return e;
    return NULL;
}

void connect_read_keys(struct connect_reader *r, const struct toc_yaml *node,
                       const struct connect_key *keys, size_t count, void *target)
{
    if (node->kind != TOC_YAML_MAP) {
        connect_read_wrong(r, node, "has to be a map of keys and values");
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
            unknown_key(r, e->key, keys, count);
    }
}

bool connect_read_is_text(struct connect_reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT && node->text.size > 0)
        return true;
    if (node->kind != TOC_YAML_BROKEN)
        connect_read_wrong(r, node, "has to be a text that is not empty");
    return false;
}

/* --- cells and templates ---------------------------------------------------------------------- */

static const struct connect_values *values_of(struct connect_reader *r, struct toc_str name,
                                              size_t offset)
{
    const struct connector *connector = r->connector;
    struct toc_guess guess;
    toc_guess_init(&guess, name);
    for (size_t i = 0; i < connector->values_count; i++) {
        if (toc_str_equal(connector->values[i].name, name))
            return &connector->values[i];
        toc_guess_offer(&guess, connector->values[i].name.data);
    }
    toc_diag_error(&r->diag, offset, "'%.*s' is not in 'values'", TOC_DIAG_ARG(name));
    if (guess.best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
    return NULL;
}

static void read_pointer(struct connect_reader *r, struct connect_cell *cell, size_t offset)
{
    struct toc_str text = toc_str_from(cell->name, cell->kind == CONNECT_ITEM);
    enum toc_err err = pointer_read(&r->connector->pool, text, &cell->pointer);
    r->no_memory = r->no_memory || err == TOC_ERR_MEMORY;
    if (err != TOC_ERR_MALFORMED)
        return;
    toc_diag_error(&r->diag, offset, "'%.*s' is no JSON pointer", TOC_DIAG_ARG(cell->name));
    toc_diag_hint(&r->diag, "as /detail/id; in a name '~1' stands for '/' and '~0' for '~'");
}

static void read_kind(struct connect_reader *r, struct connect_cell *cell, size_t offset)
{
    static const struct {
        struct toc_str word;
        enum connect_cell_kind kind;
    } words[] = {{{"received", 8}, CONNECT_RECEIVED},
                 {{"body", 4}, CONNECT_BODY},
                 {{"timestamp", 9}, CONNECT_TIMESTAMP}};
    const struct toc_str field = TOC_STR("header:");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (toc_str_equal(cell->name, words[i].word)) {
            cell->kind = words[i].kind;
            return;
        }
    if (toc_str_starts(cell->name, field) && cell->name.size > field.size) {
        cell->kind = CONNECT_FIELD;
        cell->name = toc_str_from(cell->name, field.size);
        return;
    }
    cell->kind = toc_str_starts(cell->name, TOC_STR(".")) ? CONNECT_ITEM : CONNECT_WHOLE;
    if (cell->kind == CONNECT_ITEM && r->connector->each.kind == CONNECT_TEXT)
        toc_diag_error(&r->diag, offset, "'%.*s' is of an item, and there is no 'each'",
                       TOC_DIAG_ARG(cell->name));
    read_pointer(r, cell, offset);
}

struct connect_cell connect_read_cell(struct connect_reader *r, struct toc_str text, size_t offset)
{
    struct connect_cell cell = {0};
    const char *bar = text.size > 0 ? memrchr(text.data, '|', text.size) : NULL;
    size_t size = bar != NULL ? (size_t)(bar - text.data) : text.size;
    char *name = toc_pool_copy(&r->connector->pool, toc_str(text.data, size));
    if (bar != NULL)
        cell.values = values_of(r, toc_str_from(text, size + 1), offset);
    if (name == NULL) {
        r->no_memory = true;
        return cell;
    }
    cell.name = toc_str(name, size);
    read_kind(r, &cell, offset);
    return cell;
}

void connect_read_template(struct connect_reader *r, const struct toc_yaml *node,
                           struct connect_template *out)
{
    struct toc_str rest = node->text;
    if (!connect_read_is_text(r, node))
        return;
    struct connect_cell *cells = connect_read_room(r, CONNECT_PARTS_MAX, sizeof(*cells));
    out->cells = cells;
    while (cells != NULL && rest.size > 0) {
        const char *start = memmem(rest.data, rest.size, "${", 2);
        size_t plain = start != NULL ? (size_t)(start - rest.data) : rest.size;
        if (out->count + 2 > CONNECT_PARTS_MAX) {
            connect_read_wrong(r, node, "has too many parts");
            return;
        }
        if (plain > 0)
            cells[out->count++] =
                (struct connect_cell){CONNECT_TEXT, toc_str(rest.data, plain), {0}, NULL};
        if (start == NULL)
            return;
        const char *end = memchr(start, '}', rest.size - plain);
        if (end == NULL) {
            connect_read_wrong(r, node, "'${' without its '}'");
            return;
        }
        struct toc_str cell = toc_str(start + 2, (size_t)(end - start) - 2);
        cells[out->count++] = connect_read_cell(r, cell, node->offset);
        rest = toc_str(end + 1, (size_t)(rest.data + rest.size - end) - 1);
    }
}
