/* An event of a case: `{at: +12m, message: outbound}`, any type of the bus. */
#include "services/cli/cases/internal.h"

#include "common/event_types.h"
#include "common/json/event.h"

#include <stdio.h>

#define KEY_MAX 80 /* bytes of a type's name */

struct body_reader {
    struct cases_reader *r;
    struct case_event *out;
    const char *what; /* the event's key, for messages */
};

/* --- the type ----------------------------------------------------------------------------- */

/* "opened" is tocsin.issue.opened, "alert.acked" tocsin.alert.acked; all else is what it says. */
static const struct toc_event_type *type_of(struct toc_str key)
{
    static const char *const prefixes[] = {"tocsin.issue.", "tocsin.", ""};
    char text[KEY_MAX];
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        int size = snprintf(text, sizeof(text), "%s%.*s", prefixes[i], TOC_DIAG_ARG(key));
        const struct toc_event_type *type = toc_event_type_find(toc_str(text, (size_t)size));
        if (type != NULL)
            return type;
    }
    return NULL;
}

static void unknown_type(struct cases_reader *r, const struct toc_yaml *key)
{
    static const char *const keys[] = {"at", "issue", "source", "test", "refused"};
    struct toc_guess guess;
    size_t count;
    const struct toc_event_type *types = toc_event_types(&count);
    toc_guess_init(&guess, key->text);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        toc_guess_offer(&guess, keys[i]);
    for (size_t i = 0; i < count; i++) {
        const char *name = types[i].text + strlen("tocsin.");
        toc_guess_offer(&guess, name);
        if (strncmp(name, "issue.", 6) == 0)
            toc_guess_offer(&guess, name + 6);
    }
    toc_diag_error(&r->diag, key->offset, "there is no event '%.*s'", TOC_DIAG_ARG(key->text));
    if (guess.best != NULL)
        toc_diag_hint(&r->diag, "did you mean '%s'?", guess.best);
    else
        toc_diag_hint(&r->diag, "events are called as on the bus: opened, message, status, "
                                "alert.acked, escalation.raised, …");
}

/* --- the body ----------------------------------------------------------------------------- */

static json_t *text_of(struct toc_str text)
{
    return json_stringn(text.data != NULL ? text.data : "", text.size);
}

static bool is_instant_field(const ProtobufCFieldDescriptor *field)
{
    size_t size = strlen(field->name);
    return field->type == PROTOBUF_C_TYPE_SINT64 && size > 3 &&
           strcmp(field->name + size - 3, "_ms") == 0;
}

static json_t *integer_of(struct toc_str text)
{
    int64_t number;
    return toc_parse_i64(text, &number) == TOC_OK ? json_integer(number) : text_of(text);
}

static json_t *bool_of(struct toc_str text)
{
    if (toc_str_equal(text, TOC_STR("yes")) || toc_str_equal(text, TOC_STR("true")))
        return json_true();
    if (toc_str_equal(text, TOC_STR("no")) || toc_str_equal(text, TOC_STR("false")))
        return json_false();
    return text_of(text);
}

/* Bytes name an issue of the case. Its id depends on the suite, so that is found when it runs. */
static json_t *issue_of(struct body_reader *b, struct toc_str name)
{
    static const char zeros[] = "00000000000000000000000000000000";
    b->out->other = toc_pool_copy(&b->r->cases->pool, name);
    b->r->out_of_memory = b->r->out_of_memory || b->out->other == NULL;
    return json_string(zeros);
}

/* A YAML text as the JSON that the field asks for; what is wrong with it, its reader says. */
static json_t *scalar_of(struct body_reader *b, const ProtobufCFieldDescriptor *field,
                         const struct toc_yaml *node)
{
    toc_time_ms at_ms;
    if (is_instant_field(field) && cases_is_instant(b->r, node->text, &at_ms))
        return json_integer(at_ms);
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
        return integer_of(node->text);
    case PROTOBUF_C_TYPE_BOOL:
        return bool_of(node->text);
    case PROTOBUF_C_TYPE_BYTES:
        return issue_of(b, node->text);
    default:
        return text_of(node->text);
    }
}

static json_t *json_of(struct body_reader *b, const ProtobufCFieldDescriptor *field,
                       const struct toc_yaml *node)
{
    json_t *out;
    if (node->kind == TOC_YAML_TEXT && field->label != PROTOBUF_C_LABEL_REPEATED)
        return scalar_of(b, field, node);
    if (node->kind == TOC_YAML_TEXT || node->kind == TOC_YAML_LIST) {
        const struct toc_yaml *item = node->kind == TOC_YAML_LIST ? node->first : node;
        out = json_array();
        for (; item != NULL; item = node->kind == TOC_YAML_LIST ? item->next : NULL)
            json_array_append_new(out, scalar_of(b, field, item));
        return out;
    }
    if (node->kind != TOC_YAML_MAP || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return node->kind == TOC_YAML_MAP ? json_object() : json_null();
    out = json_object();
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next) {
        char name[KEY_MAX];
        const ProtobufCFieldDescriptor *member = protobuf_c_message_descriptor_get_field_by_name(
            field->descriptor, toc_str_copy(name, sizeof(name), entry->key->text));
        json_object_set_new(out, name,
                            member != NULL ? json_of(b, member, entry) : text_of(entry->text));
    }
    return out;
}

/* One member at a time, so that what is wrong with it has its place. */
static bool read_member(struct body_reader *b, ProtobufCMessage *body, struct toc_str key,
                        const struct toc_yaml *node)
{
    char name[KEY_MAX], error[TOC_MESSAGE_JSON_ERROR_MAX];
    struct cases_reader *r = b->r;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        body->descriptor, toc_str_copy(name, sizeof(name), key));
    json_t *object = json_object();
    json_object_set_new(object, name, field != NULL ? json_of(b, field, node) : json_true());
    json_array_append_new(r->cases->lent, object); /* the event's texts point into it */
    enum toc_err err = toc_message_json_read(&r->cases->arena, object, "", body, error);
    if (err != TOC_OK)
        toc_diag_error(&r->diag, node->key != NULL ? node->key->offset : node->offset, "%s: %s",
                       b->what, error);
    return err == TOC_OK;
}

/* A single word is the body's first member: `message: outbound`, `status: solved`. */
static bool read_body(struct body_reader *b, ProtobufCMessage *body, const struct toc_yaml *node)
{
    bool good = true;
    if (node->kind == TOC_YAML_NOTHING || body->descriptor->n_fields == 0)
        return true;
    if (node->kind == TOC_YAML_TEXT)
        return read_member(b, body, toc_str_of(body->descriptor->fields[0].name), node);
    if (node->kind != TOC_YAML_MAP) {
        toc_diag_error(&b->r->diag, node->offset,
                       "%s: has to be a map of its members, or one word for the first of them, %s",
                       b->what, body->descriptor->fields[0].name);
        return false;
    }
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next)
        good = read_member(b, body, entry->key->text, entry) && good;
    return good;
}

/* `alert.acked: RULE` and `alert.acked: {alert: RULE, by: …}` mean an alert of the case. */
static void name_alert(struct case_event *out)
{
    if (out->event->body_case != TOCSIN__V1__EVENT__BODY_ALERT)
        return;
    out->alert = out->other;
    out->other = NULL;
}

static bool read_typed(struct cases_reader *r, const struct toc_yaml *node, struct case_event *out)
{
    const struct toc_event_type *type = type_of(node->key->text);
    struct body_reader b = {.r = r, .out = out};
    if (type == NULL) {
        unknown_type(r, node->key);
        return false;
    }
    b.what = toc_pool_copy(&r->cases->pool, node->key->text);
    out->event->type = toc_wire_text(type->text);
    ProtobufCMessage *body = toc_event_json_new_body(&r->cases->arena, out->event, type->body);
    if (body == NULL || b.what == NULL) {
        r->out_of_memory = true;
        return false;
    }
    if (!read_body(&b, body, node))
        return false;
    name_alert(out);
    return true;
}

/* --- the event ---------------------------------------------------------------------------- */

static bool read_flag(struct cases_reader *r, const struct toc_yaml *node, bool *out)
{
    *out = node->kind == TOC_YAML_TEXT && (toc_str_equal(node->text, TOC_STR("yes")) ||
                                           toc_str_equal(node->text, TOC_STR("true")));
    if (*out || (node->kind == TOC_YAML_TEXT && (toc_str_equal(node->text, TOC_STR("no")) ||
                                                 toc_str_equal(node->text, TOC_STR("false")))))
        return true;
    toc_diag_error(&r->diag, node->offset, "this has to be yes or no");
    return false;
}

static bool read_key(struct cases_reader *r, const struct toc_yaml *entry, struct case_event *out)
{
    struct toc_str key = entry->key->text;
    const char *text;
    bool flag;
    if (toc_str_equal(key, TOC_STR("at")))
        return cases_instant(r, entry, &out->at_ms);
    if (toc_str_equal(key, TOC_STR("refused")))
        return read_flag(r, entry, &out->refused);
    if (toc_str_equal(key, TOC_STR("test"))) {
        bool good = read_flag(r, entry, &flag);
        out->event->test = flag;
        return good;
    }
    bool issue = toc_str_equal(key, TOC_STR("issue"));
    if (!cases_text(r, entry, issue ? "`issue`" : "`source`", &text))
        return false;
    if (issue)
        out->event->subject = toc_wire_text(text);
    else
        out->event->source = toc_wire_text(text);
    return true;
}

static bool is_key(struct toc_str key)
{
    static const char *const keys[] = {"at", "issue", "source", "test", "refused"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (toc_str_equal(key, toc_str_of(keys[i])))
            return true;
    return false;
}

static bool read_entries(struct cases_reader *r, const struct toc_yaml *node,
                         struct case_event *out)
{
    const struct toc_yaml *typed = NULL;
    bool good = true, timed = false;
    for (const struct toc_yaml *entry = node->first; entry != NULL; entry = entry->next) {
        if (is_key(entry->key->text)) {
            timed = timed || toc_str_equal(entry->key->text, TOC_STR("at"));
            good = read_key(r, entry, out) && good;
        } else if (typed != NULL) {
            toc_diag_error(&r->diag, entry->key->offset, "an event is one thing: '%.*s' or '%.*s'",
                           TOC_DIAG_ARG(typed->key->text), TOC_DIAG_ARG(entry->key->text));
            good = false;
        } else {
            typed = entry;
        }
    }
    if (!timed || typed == NULL) {
        toc_diag_error(&r->diag, node->offset, "an event needs `at` and what happens");
        toc_diag_hint(&r->diag, "as in: {at: +12m, message: outbound}");
        return false;
    }
    return read_typed(r, typed, out) && good;
}

bool cases_event(struct cases_reader *r, const struct toc_yaml *node, const char *source,
                 struct case_event *out)
{
    *out = (struct case_event){.offset = node->offset};
    if (node->kind != TOC_YAML_MAP) {
        toc_diag_error(&r->diag, node->offset, "an event has to be a map");
        toc_diag_hint(&r->diag, "as in: {at: +12m, message: outbound}");
        return false;
    }
    out->event = toc_arena_take(&r->cases->arena, sizeof(*out->event));
    if (out->event == NULL) {
        r->out_of_memory = true;
        return false;
    }
    tocsin__v1__event__init(out->event);
    out->event->source = toc_wire_text(source);
    out->event->subject = toc_wire_text(CASE_ISSUE);
    return read_entries(r, node, out);
}
