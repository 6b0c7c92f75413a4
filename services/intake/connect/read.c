#include "services/intake/connect/read.h"

static const struct connect_values *values_of(struct toc_reader *r, struct toc_str name,
                                              size_t offset)
{
    const struct connector *connector = r->into;
    struct toc_guess guess;
    toc_guess_init(&guess, name);
    for (size_t i = 0; i < connector->values_count; i++) {
        if (toc_str_equal(connector->values[i].name, name))
            return &connector->values[i];
        toc_guess_offer(&guess, connector->values[i].name.data);
    }
    toc_diag_error(&r->diag, offset, "'%.*s' is not in 'values'", TOC_DIAG_ARG(name));
    toc_guess_hint(&r->diag, &guess);
    return NULL;
}

static void read_pointer(struct toc_reader *r, struct connect_cell *cell, size_t offset)
{
    struct toc_str text = toc_str_from(cell->name, cell->kind == CONNECT_ITEM);
    enum toc_err err = pointer_read(r->pool, text, &cell->pointer);
    r->no_memory = r->no_memory || err == TOC_ERR_MEMORY;
    if (err != TOC_ERR_MALFORMED)
        return;
    toc_diag_error(&r->diag, offset, "'%.*s' is no JSON pointer", TOC_DIAG_ARG(cell->name));
    toc_diag_hint(&r->diag, "as /detail/id; in a name '~1' stands for '/' and '~0' for '~'");
}

static void read_kind(struct toc_reader *r, struct connect_cell *cell, size_t offset)
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
    const struct connector *connector = r->into;
    cell->kind = toc_str_starts(cell->name, TOC_STR(".")) ? CONNECT_ITEM : CONNECT_WHOLE;
    if (cell->kind == CONNECT_ITEM && connector->each.kind == CONNECT_TEXT)
        toc_diag_error(&r->diag, offset, "'%.*s' is of an item, and there is no 'each'",
                       TOC_DIAG_ARG(cell->name));
    read_pointer(r, cell, offset);
}

struct connect_cell connect_read_cell(struct toc_reader *r, struct toc_str text, size_t offset)
{
    struct connect_cell cell = {0};
    const char *bar = text.size > 0 ? memrchr(text.data, '|', text.size) : NULL;
    size_t size = bar != NULL ? (size_t)(bar - text.data) : text.size;
    char *name = toc_pool_copy(r->pool, toc_str(text.data, size));
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

void connect_read_template(struct toc_reader *r, const struct toc_yaml *node,
                           struct connect_template *out)
{
    struct toc_str rest = node->text, part;
    bool is_cell;
    if (!toc_read_is_some_text(r, node))
        return;
    struct connect_cell *cells = toc_read_room(r, CONNECT_PARTS_MAX, sizeof(*cells));
    out->cells = cells;
    while (cells != NULL && toc_read_part(&rest, &part, &is_cell)) {
        if (out->count == CONNECT_PARTS_MAX) {
            toc_read_wrong(r, node, "has too many parts");
            return;
        }
        cells[out->count++] = is_cell ? connect_read_cell(r, part, node->offset)
                                      : (struct connect_cell){.kind = CONNECT_TEXT, .name = part};
    }
    if (rest.size > 0)
        toc_read_wrong(r, node, "'${' without its '}'");
}
