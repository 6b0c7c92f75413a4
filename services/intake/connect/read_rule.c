#include "services/intake/connect/read.h"
#include "services/intake/connect/value.h"

/* A cell of an event, not of a signature. */
static struct connect_cell read_cell(struct toc_reader *r, struct toc_str text, size_t offset)
{
    struct connect_cell cell = connect_read_cell(r, text, offset);
    if (cell.kind == CONNECT_BODY || cell.kind == CONNECT_TIMESTAMP)
        toc_diag_error(&r->diag, offset, "'%.*s' is for what a signature covers",
                       TOC_DIAG_ARG(text));
    return cell;
}

void connect_read_event_template(struct toc_reader *r, const struct toc_yaml *node,
                                 struct connect_template *out)
{
    connect_read_template(r, node, out);
    for (size_t i = 0; i < out->count; i++)
        if (out->cells[i].kind == CONNECT_BODY || out->cells[i].kind == CONNECT_TIMESTAMP)
            toc_read_wrong(r, node, "${body} and ${timestamp} are for what a signature covers");
}

/* --- conditions ------------------------------------------------------------------------------- */

static void on_known(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_rule *rule = target;
    struct connect_cell *cells = toc_read_room(r, toc_read_item_count(node), sizeof(*cells));
    rule->known = cells;
    for (const struct toc_yaml *i = toc_read_item_first(node); cells && i;
         i = toc_read_item_next(node, i))
        if (toc_read_is_some_text(r, i))
            cells[rule->known_count++] = read_cell(r, i->text, i->offset);
}

static void read_words(struct toc_reader *r, const struct toc_yaml *node, struct connect_test *test)
{
    struct toc_str *words = toc_read_room(r, toc_read_item_count(node), sizeof(*words));
    test->words = words;
    for (const struct toc_yaml *i = toc_read_item_first(node); words && i;
         i = toc_read_item_next(node, i))
        if (i->kind == TOC_YAML_NOTHING || toc_read_is_some_text(r, i))
            words[test->count++] = i->text;
}

/* `is` and `not` fill one list together. */
static void read_tests(struct toc_reader *r, const struct toc_yaml *node, struct connect_rule *rule,
                       bool negated)
{
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map from pointers to words");
        return;
    }
    struct connect_test *tests = toc_read_room(r, rule->test_count + node->count, sizeof(*tests));
    if (tests == NULL)
        return;
    for (size_t i = 0; i < rule->test_count; i++)
        tests[i] = rule->tests[i];
    rule->tests = tests;
    for (const struct toc_yaml *e = node->first; e != NULL; e = e->next) {
        struct connect_test *test = &tests[rule->test_count++];
        test->cell = read_cell(r, e->key->text, e->key->offset);
        test->negated = negated;
        read_words(r, e, test);
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
        {"is", on_is, false}, {"not", on_not, false}, {"known", on_known, false}};
    toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), target);
}

/* --- the event -------------------------------------------------------------------------------- */

/* What another system may say: of issues, of alerts, and who is there. */
static bool is_for_connectors(const struct toc_event_type *type)
{
    return type->class_bit == TOC_CLASS_ISSUE || type->class_bit == TOC_CLASS_ALERT ||
           type->body == TOCSIN__V1__EVENT__BODY_AGENT_PRESENCE;
}

static void on_type(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_rule *rule = target;
    if (!toc_read_is_some_text(r, node))
        return;
    rule->type = toc_read_event_type(r, node);
    if (rule->type != NULL && !is_for_connectors(rule->type))
        toc_read_wrong(r, node, "events of this type are not taken over HTTP");
}

static void on_hash(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_rule *rule = target;
    struct connect_template *items = toc_read_room(r, toc_read_item_count(node), sizeof(*items));
    rule->hashed = items;
    for (const struct toc_yaml *i = toc_read_item_first(node); items && i;
         i = toc_read_item_next(node, i))
        connect_read_event_template(r, i, &items[rule->hashed_count++]);
    if (rule->hashed_count == 0)
        toc_read_wrong(r, node, "has to be a list of texts, at least one");
}

/* The idempotency key: what makes two requests one happening. */
static void on_id(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    static const struct toc_read_key keys[] = {{"hash", on_hash, true}};
    struct connect_rule *rule = target;
    size_t errors = r->diag.count;
    bool varies = false;
    if (node->kind == TOC_YAML_MAP) {
        toc_read_keys(r, node, keys, 1, target);
    } else {
        connect_read_event_template(r, node, &rule->id);
        for (size_t i = 0; i < rule->id.count; i++)
            varies = varies || rule->id.cells[i].kind != CONNECT_TEXT;
        if (!varies && r->diag.count == errors)
            toc_read_wrong(r, node, "every event would have this id: name a pointer in it");
    }
}

static void on_subject(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    connect_read_event_template(r, node, &((struct connect_rule *)target)->subject);
}

static void on_time(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    connect_read_event_template(r, node, &((struct connect_rule *)target)->time);
}

/* --- members ---------------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *
field_of(struct toc_reader *r, const struct connect_rule *rule, const struct toc_yaml *key)
{
    const ProtobufCFieldDescriptor *field = toc_read_member(r, rule->type, key);
    if (field == NULL || connect_value_is_fillable(field))
        return field;
    toc_read_wrong(r, key, "this member has members of its own: a mapping cannot fill it");
    return NULL;
}

static void check_text(struct toc_reader *r, const struct toc_yaml *at,
                       const ProtobufCFieldDescriptor *field, struct toc_str text)
{
    char why[CONNECT_VALUE_WHY_MAX];
    json_t *value = connect_value(field, text, why);
    if (value == NULL && why[0] != '\0')
        toc_diag_error(&r->diag, at->offset, "'%.*s' as %s %s", TOC_DIAG_ARG(text), field->name,
                       why);
    json_decref(value);
}

/* What is known before any request: constants, and what values give. */
static void check_item(struct toc_reader *r, const struct toc_yaml *at,
                       const ProtobufCFieldDescriptor *field, const struct connect_template *item)
{
    const struct connect_cell *cell = item->cells;
    if (item->count != 1)
        return;
    if (cell->kind == CONNECT_TEXT)
        check_text(r, at, field, cell->name);
    for (size_t i = 0; cell->values != NULL && i < cell->values->count; i++)
        if (!cell->values->pairs[i].is_nothing)
            check_text(r, at, field, cell->values->pairs[i].to);
}

static void read_member(struct toc_reader *r, const struct toc_yaml *entry,
                        struct connect_data *out)
{
    struct connect_template *items = toc_read_room(r, toc_read_item_count(entry), sizeof(*items));
    out->items = items;
    for (const struct toc_yaml *i = toc_read_item_first(entry); items && i;
         i = toc_read_item_next(entry, i)) {
        size_t errors = r->diag.count;
        connect_read_event_template(r, i, &items[out->count]);
        if (r->diag.count == errors)
            check_item(r, i, out->field, &items[out->count]);
        out->count++;
    }
    if (out->count != 1 && out->field->label != PROTOBUF_C_LABEL_REPEATED)
        toc_read_wrong(r, entry, "this member is no list");
}

static void on_data(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    struct connect_rule *rule = target;
    if (node->kind != TOC_YAML_MAP) {
        toc_read_wrong(r, node, "has to be a map of the event's members");
        return;
    }
    if (rule->type == NULL)
        return;
    struct connect_data *data = toc_read_room(r, node->count, sizeof(*data));
    rule->data = data;
    for (const struct toc_yaml *e = node->first; data != NULL && e != NULL; e = e->next) {
        struct connect_data *one = &data[rule->data_count];
        one->field = field_of(r, rule, e->key);
        if (one->field == NULL)
            continue;
        read_member(r, e, one);
        rule->data_count++;
    }
}

void connect_read_rule(struct toc_reader *r, const struct toc_yaml *node, void *target)
{
    static const struct toc_read_key keys[] = {
        {"type", on_type, true},
        {"when", on_when, false},
        {"id", on_id, true},
        {"subject", on_subject, false},
        {"time", on_time, false},
        {"data", on_data, false},
        {"content", connect_read_content, false},
    };
    toc_read_keys(r, node, keys, sizeof(keys) / sizeof(keys[0]), target);
}
