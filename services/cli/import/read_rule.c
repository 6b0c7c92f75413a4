#include "services/cli/import/read.h"

/* --- conditions ------------------------------------------------------------------------- */

static void read_switch(struct toc_reader *r, const struct toc_yaml *node, int *out)
{
    bool yes = toc_str_equal(node->text, TOC_STR("true"));
    if (!yes && !toc_str_equal(node->text, TOC_STR("false")))
        toc_read_wrong(r, node, "has to be true or false");
    *out = yes;
}

static void on_first(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_switch(r, node, &((struct import_when *)target)->first);
}

static void on_last(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_switch(r, node, &((struct import_when *)target)->last);
}

static void read_cells(struct toc_reader *r, const struct toc_yaml *node, struct import_cells *out)
{
    struct import_cell *cells = toc_read_room(r, toc_read_item_count(node), sizeof(*cells));
    out->list = cells;
    for (const struct toc_yaml *i = toc_read_item_first(node); cells && i;
         i = toc_read_item_next(node, i))
        if (toc_read_is_text(r, i))
            cells[out->count++] = import_read_cell(r, i->text, i->offset);
}

static void on_changed(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_cells(r, node, &((struct import_when *)target)->changed);
}

static void on_same(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_cells(r, node, &((struct import_when *)target)->same);
}

static void on_known(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_cells(r, node, &((struct import_when *)target)->known);
}

/* `is` and `not` fill one list together. */
static void read_tests(struct toc_reader *r, const struct toc_yaml *node, struct import_when *when,
                       bool negated)
{
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map from cells to words");
        return;
    }
    struct import_test *tests = toc_read_room(r, when->test_count + node->count, sizeof(*tests));
    if (tests == NULL)
        return;
    for (size_t i = 0; i < when->test_count; i++)
        tests[i] = when->tests[i];
    when->tests = tests;
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next) {
        struct import_test *test = &tests[when->test_count++];
        test->cell = import_read_cell(r, e->key->text, e->key->offset);
        test->words = import_read_words(r, e, &test->count);
        test->negated = negated;
    }
}

static void on_is(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_tests(r, node, target, false);
}

static void on_not(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    read_tests(r, node, target, true);
}

static void on_when(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    static const struct toc_read_key keys[] = {
        {"first", on_first, false}, {"last", on_last, false},   {"changed", on_changed, false},
        {"same", on_same, false},   {"known", on_known, false}, {"is", on_is, false},
        {"not", on_not, false},
    };
    struct import_rule *rule = target;
    toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), &rule->when);
}

/* --- the event -------------------------------------------------------------------------- */

static void on_type(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_rule *rule = target;
    if (toc_read_is_text(r, node))
        rule->type = toc_read_event_type(r, node);
}

static void on_id(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    import_read_template(r, node, &((struct import_rule *)target)->id);
}

static void on_at(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_template at = {0};
    import_read_template(r, node, &at);
    bool is_cell = at.count == 1 && at.parts[0].cell.column != IMPORT_NO_COLUMN;
    if (is_cell)
        ((struct import_rule *)target)->at_column = at.parts[0].cell.column;
    else
        toc_read_wrong(r, node, "'at' has to be one cell: ${opened_at}");
}

static void on_only(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    ((struct import_rule *)target)->only_changed = true;
    if (!toc_str_equal(node->text, TOC_STR("changed")))
        toc_read_wrong(r, node, "'only' has one value: changed");
}

static void on_data(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_rule *rule = target;
    if (node->kind != TOC_YAML_MAP || rule->type == NULL) {
        if (node->kind != TOC_YAML_MAP)
            toc_read_wrong(r, node, "has to be a map of the event's members");
        return;
    }
    struct import_data *data = toc_read_room(r, node->count, sizeof(*data));
    rule->data = data;
    for (const struct toc_yaml *e = node->first; data != NULL && e != NULL; e = e->next) {
        struct import_data *one = &data[rule->data_count];
        one->field = toc_read_member(r, rule->type, e->key);
        if (one->field == NULL)
            continue;
        struct import_template *items = toc_read_room(r, toc_read_item_count(e), sizeof(*items));
        one->items = items;
        for (const struct toc_yaml *i = toc_read_item_first(e); items && i;
             i = toc_read_item_next(e, i))
            import_read_template(r, i, &items[one->count++]);
        if (one->count != 1 && one->field->label != PROTOBUF_C_LABEL_REPEATED)
            toc_read_wrong(r, e, "this member is no list");
        rule->data_count++;
    }
}

static void on_text(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct import_rule *rule = target;
    struct import_text *text = &rule->texts[rule->text_count++];
    text->member = node->key->text.data;
    import_read_template(r, node, &text->template);
}

static void on_content(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    /* As common/json/content.h reads them. */
    static const struct toc_read_key keys[] = {
        {"person", on_text, false},  {"title", on_text, false},      {"body", on_text, false},
        {"name", on_text, false},    {"email", on_text, false},      {"phone", on_text, false},
        {"address", on_text, false}, {"message_id", on_text, false},
    };
    struct import_rule *rule = target;
    if (rule->type != NULL && !toc_event_type_has_content(rule->type)) {
        toc_read_wrong(r, node, "only tocsin.issue.opened and tocsin.issue.message have content");
        return;
    }
    rule->texts = toc_read_room(r, sizeof(keys) / sizeof(keys[0]), sizeof(*rule->texts));
    if (rule->texts != NULL)
        toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), rule);
}

void import_read_rule(struct toc_reader *r, const struct toc_yaml *node, struct import_rule *rule)
{
    static const struct toc_read_key keys[] = {
        {"type", on_type, true},        {"id", on_id, true},      {"at", on_at, true},
        {"when", on_when, false},       {"only", on_only, false}, {"data", on_data, false},
        {"content", on_content, false},
    };
    rule->when.first = rule->when.last = -1;
    toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), rule);
}
