#include "services/outcomes/back/rule.h"

#define FIELD_NAME_MAX 64

/* --- templates ------------------------------------------------------------------------------ */

static void check_template(struct toc_reader *r, const struct toc_yaml *node)
{
    struct toc_str rest = node->text, part;
    struct back_cell cell;
    bool is_cell;
    while (toc_read_part(&rest, &part, &is_cell)) {
        const char *why = is_cell ? back_read_cell(r->into, part, &cell) : NULL;
        if (why != NULL)
            toc_diag_error(&r->diag, node->offset, "'${%.*s}': %s", TOC_DIAG_ARG(part), why);
    }
    if (rest.size > 0)
        toc_read_wrong(r, node, "'${' without its '}'");
}

/* All texts of a tree. */
static void check_tree(struct toc_reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT)
        check_template(r, node);
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next)
        check_tree(r, entry);
}

/* --- keys ----------------------------------------------------------------------------------- */

static void on_method(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    static const char *const known[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (toc_str_equal(node->text, toc_str_of(known[i])))
            back->method = known[i];
    if (back->method == NULL)
        toc_read_wrong(r, node, "has to be POST, PUT or PATCH");
}

static void on_path(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    if (!toc_read_is_some_text(r, node))
        return;
    back->path = node;
    check_template(r, node);
    if (node->text.data[0] != '/')
        toc_read_wrong(r, node,
                       "a path begins with '/': it goes behind the subscription's address");
}

static bool is_field_name(struct toc_str text)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
                   text.data[i]) == NULL)
            return false;
    return text.size > 0 && text.size <= FIELD_NAME_MAX;
}

static void on_login(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    if (!toc_read_is_some_text(r, node))
        return;
    back->login_field = node->text.data;
    if (!is_field_name(node->text))
        toc_read_wrong(r, node, "has to be the name of a field, as Authorization");
}

static void on_header(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    if (node->kind != TOC_YAML_MAP || node->count > BACK_LINES_MAX - 1) {
        toc_read_wrong(r, node, "has to be a map of up to 7 fields");
        return;
    }
    back->header = node;
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next)
        if (toc_read_is_some_text(r, e) && (!is_field_name(e->key->text) || e->text.size > 500))
            toc_read_wrong(r, e, "is no field of a header");
}

static bool take_type(struct back *back, const struct toc_yaml *node)
{
    for (unsigned type = 1; type < TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST; type++)
        if (toc_str_equal(node->text, toc_str_of(toc_outcome_name(type)))) {
            back->types[back->type_count++] = (Tocsin__V1__OutcomeType)type;
            return true;
        }
    return false;
}

static void on_types(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    if (node->kind != TOC_YAML_LIST || node->count == 0 || node->count > BACK_TYPES_MAX - 1) {
        toc_read_wrong(r, node, "has to be a list of types, as [routed, classified]");
        return;
    }
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next)
        if (toc_read_is_some_text(r, e) && !take_type(back, e))
            toc_read_wrong(
                r, e,
                "has to be routed, classified, escalated, solved, reopened, closed, merged, "
                "warned, breached, met or corrected");
}

static void on_values(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map of named maps");
        return;
    }
    back->values = node;
    for (const struct toc_yaml *map = node->first; map != NULL; map = map->next) {
        if (map->kind != TOC_YAML_MAP)
            toc_read_wrong(r, map, "has to be a map from our words to theirs");
        for (const struct toc_yaml *e = map->first; e != NULL; e = e->next)
            if (e->kind != TOC_YAML_NOTHING)
                (void)toc_read_is_some_text(r, e);
    }
}

static void on_body(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct back *back = target;
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map: the object that is sent");
        return;
    }
    back->body = node;
    check_tree(r, node);
}

/* --- the file ------------------------------------------------------------------------------- */

/* What is wrong with the YAML is told alone. */
static void read_root(struct toc_reader *r, const struct toc_yaml *root)
{
    static const struct toc_read_key keys[] = {
        {"back", toc_read_version, true}, {"name", toc_mapping_name, true},
        {"values", on_values, false},     {"method", on_method, true},
        {"path", on_path, true},          {"login", on_login, false},
        {"header", on_header, false},     {"types", on_types, false},
        {"body", on_body, true},
    };
    if (r->diag.count == 0)
        toc_read_keys(r, root, keys, sizeof(keys) / sizeof(keys[0]), r->into);
}

static const struct toc_mapping_kind kind = {"--back", sizeof(struct back), read_root, NULL};

enum toc_err back_read(struct toc_str text, const char *file_name, struct back **out,
                       char **out_errors)
{
    struct toc_mapping *mapping;
    TOC_TRY(toc_mapping_read(&kind, text, file_name, &mapping, out_errors));
    *out = (struct back *)mapping;
    return TOC_OK;
}

void back_free(struct back *back)
{
    toc_mapping_free(&kind, (struct toc_mapping *)back);
}

enum toc_err backs_load(const char *const *files, size_t count, struct toc_mappings *out)
{
    return toc_mappings_load(&kind, files, count, out);
}

void backs_done(struct toc_mappings *backs)
{
    toc_mappings_done(&kind, backs);
}

const struct back *backs_find(const struct toc_mappings *backs, const char *name)
{
    size_t at = toc_mappings_find(backs, toc_str_of(name));
    return at < backs->count ? (const struct back *)backs->list[at] : NULL;
}
