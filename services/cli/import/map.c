#include "services/cli/import/read.h"

#include <stdlib.h>

/* --- the parts of the file -------------------------------------------------------------- */

static void on_source(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    if (toc_read_is_text(r, node))
        map->source = node->text.data;
}

static void on_unknown(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    map->unknown = import_read_words(r, node, &map->unknown_count);
}

static void on_format(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    if (!toc_read_is_text(r, node))
        return;
    if (!import_time_format_is_valid(node->text)) {
        toc_read_wrong(r, node, "not a time format with a whole date");
        toc_diag_hint(&r->diag, "it may have %%Y %%y %%m %%b %%d %%H %%I %%M %%S %%p %%f %%z %%%%");
    }
    map->time_format = node->text;
}

static void on_zone(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    if (!toc_read_is_text(r, node) || map->zone != NULL)
        return;
    if (toc_tz_load(node->text.data, &map->zone) != TOC_OK) {
        toc_diag_error(&r->diag, node->offset, "there is no time zone '%.*s'",
                       TOC_DIAG_ARG(node->text));
        toc_diag_hint(&r->diag, "zones have names as Europe/Berlin or UTC");
    }
}

static void on_time(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    static const struct toc_read_key keys[] = {{"format", on_format, true},
                                               {"zone", on_zone, false}};
    size_t errors = r->diag.count;
    toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), target);
    bool has_offset = import_time_has_offset(map->time_format);
    if (r->diag.count > errors || has_offset == (map->zone == NULL))
        return;
    toc_read_wrong(r, node,
                   has_offset ? "a zone beside %z, which says the offset"
                              : "times without %z need a 'zone'");
}

/* A '*' at either end is none of the word's own characters. */
static void read_pattern(struct toc_reader *r, const struct toc_yaml *key, struct import_pair *pair)
{
    struct toc_str from = key->text;
    pair->any_before = toc_str_starts(from, TOC_STR("*"));
    if (pair->any_before)
        from = toc_str_from(from, 1);
    pair->any_after = from.size > 0 && from.data[from.size - 1] == '*';
    from.size -= pair->any_after;
    pair->from = from;
    if (from.size > 0 && memchr(from.data, '*', from.size) != NULL)
        toc_read_wrong(r, key, "a '*' has its place at the begin or the end of a word");
}

static void read_pairs(struct toc_reader *r, const struct toc_yaml *node, struct import_values *out)
{
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map from foreign words to ours");
        return;
    }
    struct import_pair *pairs = toc_read_room(r, node->count, sizeof(*pairs));
    out->pairs = pairs;
    for (const struct toc_yaml *e = node->first; pairs != NULL && e != NULL; e = e->next) {
        struct import_pair *pair = &pairs[out->count++];
        read_pattern(r, e->key, pair);
        pair->is_nothing = e->kind == TOC_YAML_NOTHING;
        if (pair->is_nothing || toc_read_is_text(r, e))
            pair->to = e->text;
    }
}

static void on_values(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map of named maps");
        return;
    }
    struct import_values *values = toc_read_room(r, node->count, sizeof(*values));
    map->values = values;
    for (const struct toc_yaml *e = node->first; values != NULL && e != NULL; e = e->next) {
        struct import_values *one = &values[map->values_count++];
        one->name = e->key->text;
        if (toc_str_equal(one->name, TOC_STR("time")))
            toc_read_wrong(r, e->key, "'time' is taken: ${COLUMN|time} is milliseconds");
        read_pairs(r, e, one);
    }
}

static void on_subject(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    import_read_template(r, node, &map->subject);
}

static void on_order(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    struct import_template *order = toc_read_room(r, toc_read_item_count(node), sizeof(*order));
    map->order = order;
    for (const struct toc_yaml *i = toc_read_item_first(node); order && i;
         i = toc_read_item_next(node, i))
        import_read_template(r, i, &order[map->order_count++]);
}

static void on_events(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_map *map = target;
    if (node->kind != TOC_YAML_LIST || node->count == 0) {
        toc_read_wrong(r, node, "has to be a list of events, at least one");
        return;
    }
    struct import_rule *rules = toc_read_room(r, node->count, sizeof(*rules));
    map->rules = rules;
    for (const struct toc_yaml *i = node->first; rules != NULL && i != NULL; i = i->next)
        import_read_rule(r, i, &rules[map->rule_count++]);
}

/* --- the file --------------------------------------------------------------------------- */

static void read_root(struct toc_reader *r, const struct toc_yaml *root)
{
    static const struct toc_read_key keys[] = {
        {"import", toc_read_version, true}, {"source", on_source, true},
        {"unknown", on_unknown, false},     {"time", on_time, true},
        {"values", on_values, false},       {"subject", on_subject, true},
        {"order", on_order, false},         {"events", on_events, true},
    };
    toc_read_keys(r, root, keys, sizeof(keys) / sizeof(keys[0]), r->into);
}

enum toc_err import_map_read(struct toc_str text, const char *file_name, struct import_map **out,
                             char **out_errors)
{
    struct import_map *map = calloc(1, sizeof(*map));
    struct toc_reader r = {.into = map};
    const struct toc_yaml *root;
    *out_errors = NULL;
    if (map == NULL)
        return TOC_ERR_MEMORY;
    r.pool = &map->pool;
    toc_diag_init(&r.diag, text, file_name);
    if (text.size > IMPORT_MAP_MAX)
        toc_diag_error(&r.diag, 0, "a map of more than %d bytes", IMPORT_MAP_MAX);
    else if (toc_yaml_read(&r.diag, r.pool, &root) == TOC_OK)
        read_root(&r, root);
    enum toc_err err = r.no_memory ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK && r.diag.count > 0) {
        *out_errors = toc_diag_text(&r.diag);
        err = TOC_ERR_CONFIG;
    }
    if (err < 0)
        import_map_free(map);
    else
        *out = map;
    return err;
}

void import_map_free(struct import_map *map)
{
    if (map == NULL)
        return;
    toc_tz_free(map->zone);
    toc_pool_done(&map->pool);
    free(map);
}

const char *import_map_source(const struct import_map *map)
{
    return map->source;
}

size_t import_map_columns(const struct import_map *map)
{
    return map->column_count;
}
