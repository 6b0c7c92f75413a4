#include "common/policy_yaml.h"
#include "services/cli/import_rule.h"

#include <stdlib.h>

/* --- reading with places ---------------------------------------------------------------- */

struct reader {
    struct toc_diag diag;
    struct import_map *map;
    bool no_memory;
};

/* Zeroed objects in the map's pool. */
static void *take(struct reader *r, size_t count, size_t size)
{
    void *p = toc_pool_array(&r->map->pool, count + 1, size);
    r->no_memory = r->no_memory || p == NULL;
    return p;
}

static void wrong(struct reader *r, const struct toc_yaml *at, const char *what)
{
    toc_diag_error(&r->diag, at->offset, "%s", what);
}

/* One per key of a map of the file. */
typedef void (*key_fn)(struct reader *r, const struct toc_yaml *value, void *target);

struct key {
    const char *name;
    key_fn read;
    bool required;
};

static void unknown_key(struct reader *r, const struct toc_yaml *entry, const struct key *keys,
                        size_t count)
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

/* In the order of `keys`, whatever the file's: values come before the templates that use them. */
static void read_keys(struct reader *r, const struct toc_yaml *node, const struct key *keys,
                      size_t count, void *target)
{
    if (node->kind != TOC_YAML_MAP) {
        wrong(r, node, "has to be a map of keys and values");
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

static bool is_text(struct reader *r, const struct toc_yaml *node)
{
    if (node->kind == TOC_YAML_TEXT)
        return true;
    wrong(r, node, "has to be a text");
    return false;
}

/* A list's items, or the one value that stands for a list of one. */
static size_t item_count(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->count : 1;
}

static const struct toc_yaml *first_item(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->first : node;
}

/* A list's next item; a value that stands alone has none, whatever follows it in its map. */
static const struct toc_yaml *next_item(const struct toc_yaml *list, const struct toc_yaml *item)
{
    return list->kind == TOC_YAML_LIST ? item->next : NULL;
}

static const struct toc_str *read_words(struct reader *r, const struct toc_yaml *node,
                                        size_t *out_count)
{
    struct toc_str *words = take(r, item_count(node), sizeof(*words));
    *out_count = 0;
    for (const struct toc_yaml *i = first_item(node); words && i; i = next_item(node, i))
        if (i->kind == TOC_YAML_NOTHING || is_text(r, i))
            words[(*out_count)++] = i->text;
    return words;
}

/* --- columns and templates -------------------------------------------------------------- */

static size_t column_of(struct reader *r, struct toc_str name, size_t offset)
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

static const struct import_values *values_of(struct reader *r, struct toc_str name, size_t offset)
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

/* "number" or "priority|priorities", what stands in ${…}. */
static void read_cell(struct reader *r, struct toc_str text, size_t offset, struct import_part *out)
{
    const char *bar = text.size ? memchr(text.data, '|', text.size) : NULL;
    struct toc_str name = text;
    if (bar != NULL) {
        struct toc_str values = toc_str(bar + 1, (size_t)(text.data + text.size - bar - 1));
        name.size = (size_t)(bar - text.data);
        out->is_time = toc_str_equal(values, TOC_STR("time"));
        if (!out->is_time)
            out->values = values_of(r, values, offset);
        if (out->is_time && r->map->zone == NULL)
            toc_diag_error(&r->diag, offset, "a time without 'time', its format and zone");
    }
    if (name.size == 0)
        toc_diag_error(&r->diag, offset, "a column's name belongs into ${}");
    out->column = column_of(r, name, offset);
}

static size_t part_limit(struct toc_str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.size; i++)
        count += 2u * (text.data[i] == '$');
    return count;
}

static void read_template(struct reader *r, const struct toc_yaml *node,
                          struct import_template *out)
{
    struct toc_str rest = node->text;
    if (!is_text(r, node))
        return;
    struct import_part *parts = take(r, part_limit(rest), sizeof(*parts));
    out->parts = parts;
    while (parts != NULL && rest.size > 0) {
        const char *start = memmem(rest.data, rest.size, "${", 2);
        size_t plain = start ? (size_t)(start - rest.data) : rest.size;
        if (plain > 0)
            parts[out->count++] =
                (struct import_part){.text = toc_str(rest.data, plain), .column = IMPORT_NO_COLUMN};
        if (start == NULL)
            return;
        const char *end = memchr(start, '}', rest.size - plain);
        if (end == NULL) {
            wrong(r, node, "'${' without its '}'");
            return;
        }
        struct import_part *part = &parts[out->count++];
        read_cell(r, toc_str(start + 2, (size_t)(end - start) - 2), node->offset, part);
        rest = toc_str(end + 1, (size_t)(rest.data + rest.size - end) - 1);
    }
}

/* --- the parts of the file -------------------------------------------------------------- */

static void on_version(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (!toc_str_equal(node->text, TOC_STR("1")))
        wrong(r, node, "'import' is the version of this format: 1");
}

static void on_source(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (is_text(r, node))
        r->map->source = node->text.data;
}

static void on_unknown(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    r->map->unknown = read_words(r, node, &r->map->unknown_count);
}

static void on_format(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (!is_text(r, node))
        return;
    if (!import_time_format_is_valid(node->text)) {
        wrong(r, node, "not a time format with a whole date");
        toc_diag_hint(&r->diag, "it may have %%Y %%y %%m %%b %%d %%H %%I %%M %%S %%p %%f %%%%");
    }
    r->map->time_format = node->text;
}

static void on_zone(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (!is_text(r, node) || r->map->zone != NULL)
        return;
    if (toc_tz_load(node->text.data, &r->map->zone) != TOC_OK) {
        toc_diag_error(&r->diag, node->offset, "there is no time zone '%.*s'",
                       TOC_DIAG_ARG(node->text));
        toc_diag_hint(&r->diag, "zones have names as Europe/Berlin or UTC");
    }
}

static void on_time(struct reader *r, const struct toc_yaml *node, void *target)
{
    static const struct key keys[] = {{"format", on_format, true}, {"zone", on_zone, true}};
    read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), target);
}

static void read_pairs(struct reader *r, const struct toc_yaml *node, struct import_values *out)
{
    if (node->kind != TOC_YAML_MAP) {
        wrong(r, node, "has to be a map from foreign words to ours");
        return;
    }
    struct import_pair *pairs = take(r, node->count, sizeof(*pairs));
    out->pairs = pairs;
    for (const struct toc_yaml *e = node->first; pairs != NULL && e != NULL; e = e->next) {
        struct import_pair *pair = &pairs[out->count++];
        *pair = (struct import_pair){e->key->text, e->text, e->kind == TOC_YAML_NOTHING};
        if (!pair->is_nothing && !is_text(r, e))
            continue;
        if (toc_str_equal(pair->from, TOC_STR("*")))
            out->other = pair;
    }
}

static void on_values(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    if (node->kind != TOC_YAML_MAP) {
        wrong(r, node, "has to be a map of named maps");
        return;
    }
    struct import_values *values = take(r, node->count, sizeof(*values));
    r->map->values = values;
    for (const struct toc_yaml *e = node->first; values != NULL && e != NULL; e = e->next) {
        struct import_values *one = &values[r->map->values_count++];
        one->name = e->key->text;
        if (toc_str_equal(one->name, TOC_STR("time")))
            wrong(r, e->key, "'time' is taken: ${COLUMN|time} is milliseconds");
        read_pairs(r, e, one);
    }
}

static void on_subject(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    read_template(r, node, &r->map->subject);
}

static void on_order(struct reader *r, const struct toc_yaml *node, void *target)
{
    (void)target;
    struct import_template *order = take(r, item_count(node), sizeof(*order));
    r->map->order = order;
    for (const struct toc_yaml *i = first_item(node); order && i; i = next_item(node, i))
        read_template(r, i, &order[r->map->order_count++]);
}

/* --- rules ------------------------------------------------------------------------------ */

static void read_switch(struct reader *r, const struct toc_yaml *node, int *out)
{
    bool yes = toc_str_equal(node->text, TOC_STR("true"));
    if (!yes && !toc_str_equal(node->text, TOC_STR("false")))
        wrong(r, node, "has to be true or false");
    *out = yes;
}

static void on_first(struct reader *r, const struct toc_yaml *node, void *target)
{
    read_switch(r, node, &((struct import_when *)target)->first);
}

static void on_last(struct reader *r, const struct toc_yaml *node, void *target)
{
    read_switch(r, node, &((struct import_when *)target)->last);
}

static const size_t *read_columns(struct reader *r, const struct toc_yaml *node, size_t *out_count)
{
    size_t *columns = take(r, item_count(node), sizeof(*columns));
    for (const struct toc_yaml *i = first_item(node); columns && i; i = next_item(node, i))
        if (is_text(r, i))
            columns[(*out_count)++] = column_of(r, i->text, i->offset);
    return columns;
}

static void on_changed(struct reader *r, const struct toc_yaml *node, void *target)
{
    struct import_when *when = target;
    when->changed = read_columns(r, node, &when->changed_count);
}

static void on_known(struct reader *r, const struct toc_yaml *node, void *target)
{
    struct import_when *when = target;
    when->known = read_columns(r, node, &when->known_count);
}

/* `is` and `not` fill one list together. */
static void read_tests(struct reader *r, const struct toc_yaml *node, struct import_when *when,
                       bool negated)
{
    if (node->kind != TOC_YAML_MAP) {
        wrong(r, node, "has to be a map from columns to words");
        return;
    }
    struct import_test *tests = take(r, when->test_count + node->count, sizeof(*tests));
    if (tests == NULL)
        return;
    for (size_t i = 0; i < when->test_count; i++)
        tests[i] = when->tests[i];
    when->tests = tests;
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next) {
        struct import_test *test = &tests[when->test_count++];
        test->column = column_of(r, e->key->text, e->key->offset);
        test->words = read_words(r, e, &test->count);
        test->negated = negated;
    }
}

static void on_is(struct reader *r, const struct toc_yaml *node, void *target)
{
    read_tests(r, node, target, false);
}

static void on_not(struct reader *r, const struct toc_yaml *node, void *target)
{
    read_tests(r, node, target, true);
}

static void on_when(struct reader *r, const struct toc_yaml *node, void *target)
{
    static const struct key keys[] = {{"first", on_first, false},     {"last", on_last, false},
                                      {"changed", on_changed, false}, {"known", on_known, false},
                                      {"is", on_is, false},           {"not", on_not, false}};
    struct import_rule *rule = target;
    read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), &rule->when);
}

static void on_type(struct reader *r, const struct toc_yaml *node, void *target)
{
    struct import_rule *rule = target;
    struct toc_guess guess;
    size_t count;
    const struct toc_event_type *types = toc_event_types(&count);
    if (!is_text(r, node))
        return;
    rule->type = toc_event_type_find(node->text);
    if (rule->type != NULL)
        return;
    toc_diag_error(&r->diag, node->offset, "unknown type '%.*s'", TOC_DIAG_ARG(node->text));
    toc_guess_init(&guess, node->text);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, types[i].text);
    if (guess.best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
}

static void on_id(struct reader *r, const struct toc_yaml *node, void *target)
{
    read_template(r, node, &((struct import_rule *)target)->id);
}

static void on_at(struct reader *r, const struct toc_yaml *node, void *target)
{
    read_template(r, node, &((struct import_rule *)target)->at);
}

static void on_only(struct reader *r, const struct toc_yaml *node, void *target)
{
    ((struct import_rule *)target)->only_changed = true;
    if (!toc_str_equal(node->text, TOC_STR("changed")))
        wrong(r, node, "'only' has one value: changed");
}

static const ProtobufCFieldDescriptor *field_of(struct reader *r, const struct import_rule *rule,
                                                const struct toc_yaml *key)
{
    const ProtobufCMessageDescriptor *body =
        protobuf_c_message_descriptor_get_field(&tocsin__v1__event__descriptor,
                                                (unsigned)rule->type->body)
            ->descriptor;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body, key->text.data);
    struct toc_guess guess;
    if (field != NULL)
        return field;
    toc_diag_error(&r->diag, key->offset, "%s has no member '%.*s'", rule->type->text,
                   TOC_DIAG_ARG(key->text));
    toc_guess_init(&guess, key->text);
    for (unsigned i = 0; i < body->n_fields; i++)
        toc_guess_offer(&guess, body->fields[i].name);
    if (guess.best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
    return NULL;
}

static void on_data(struct reader *r, const struct toc_yaml *node, void *target)
{
    struct import_rule *rule = target;
    if (node->kind != TOC_YAML_MAP || rule->type == NULL) {
        if (node->kind != TOC_YAML_MAP)
            wrong(r, node, "has to be a map of the event's members");
        return;
    }
    struct import_data *data = take(r, node->count, sizeof(*data));
    rule->data = data;
    for (const struct toc_yaml *e = node->first; data != NULL && e != NULL; e = e->next) {
        struct import_data *one = &data[rule->data_count];
        one->field = field_of(r, rule, e->key);
        if (one->field == NULL)
            continue;
        struct import_template *items = take(r, item_count(e), sizeof(*items));
        one->items = items;
        for (const struct toc_yaml *i = first_item(e); items && i; i = next_item(e, i))
            read_template(r, i, &items[one->count++]);
        if (one->count != 1 && one->field->label != PROTOBUF_C_LABEL_REPEATED)
            wrong(r, e, "this member is no list");
        rule->data_count++;
    }
}

static void on_events(struct reader *r, const struct toc_yaml *node, void *target)
{
    static const struct key keys[] = {{"type", on_type, true},  {"id", on_id, true},
                                      {"at", on_at, true},      {"when", on_when, false},
                                      {"only", on_only, false}, {"data", on_data, false}};
    (void)target;
    if (node->kind != TOC_YAML_LIST || node->count == 0) {
        wrong(r, node, "has to be a list of events, at least one");
        return;
    }
    struct import_rule *rules = take(r, node->count, sizeof(*rules));
    r->map->rules = rules;
    for (const struct toc_yaml *i = node->first; rules != NULL && i != NULL; i = i->next) {
        struct import_rule *rule = &rules[r->map->rule_count++];
        rule->when.first = rule->when.last = -1;
        read_keys(r, i, keys, sizeof(keys) / sizeof(keys[0]), rule);
    }
}

/* --- the file --------------------------------------------------------------------------- */

static void read_root(struct reader *r, const struct toc_yaml *root)
{
    static const struct key keys[] = {
        {"import", on_version, true}, {"source", on_source, true},  {"unknown", on_unknown, false},
        {"time", on_time, true},      {"values", on_values, false}, {"subject", on_subject, true},
        {"order", on_order, false},   {"events", on_events, true},
    };
    read_keys(r, root, keys, sizeof(keys) / sizeof(keys[0]), NULL);
}

enum toc_err import_map_read(struct toc_str text, const char *file_name, struct import_map **out,
                             char **out_errors)
{
    struct reader r = {.map = calloc(1, sizeof(*r.map))};
    const struct toc_yaml *root;
    *out_errors = NULL;
    if (r.map == NULL)
        return TOC_ERR_MEMORY;
    toc_diag_init(&r.diag, text, file_name);
    if (text.size > IMPORT_MAP_MAX)
        toc_diag_error(&r.diag, 0, "a map of more than %d bytes", IMPORT_MAP_MAX);
    else if (toc_yaml_read(&r.diag, &r.map->pool, &root) == TOC_OK)
        read_root(&r, root);
    enum toc_err err = r.no_memory ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK && r.diag.count > 0) {
        *out_errors = toc_diag_text(&r.diag);
        err = TOC_ERR_CONFIG;
    }
    if (err < 0) {
        import_map_free(r.map);
        return err;
    }
    *out = r.map;
    return TOC_OK;
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
