#include "common/json/event.h"

#include "common/event_types.h"
#include "common/json/content.h"
#include "common/json/rfc3339.h"
#include "common/policy/diag.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

/* --- writing ---------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *body_field(Tocsin__V1__Event__BodyCase body)
{
    return protobuf_c_message_descriptor_get_field(&tocsin__v1__event__descriptor, (unsigned)body);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_string(text));
}

json_t *toc_event_json_write(const Tocsin__V1__Event *event)
{
    const ProtobufCFieldDescriptor *field = body_field(event->body_case);
    char time[TOC_RFC3339_MAX], hex[2 * TOC_ID + 1];
    json_t *out = json_object();
    json_object_set_new(out, "specversion", json_string("1.0"));
    set_text(out, "id", event->id);
    set_text(out, "source", event->source);
    set_text(out, "type", event->type);
    set_text(out, "subject", event->subject);
    if (event->time_ms != 0)
        json_object_set_new(out, "time", json_string(toc_rfc3339_write(time, event->time_ms)));
    if (event->issue.len == TOC_ID) {
        toc_hex(hex, event->issue.data, TOC_ID);
        json_object_set_new(out, "tocsinissue", json_string(hex));
    }
    if (event->test)
        json_object_set_new(out, "tocsintest", json_true());
    if (field != NULL) {
        const ProtobufCMessage *body;
        memcpy(&body, (const char *)event + field->offset, sizeof(body));
        json_t *data = toc_message_json_write(body, TOC_MESSAGE_JSON_SKIP_ZEROS);
        toc_content_json_write(event, data);
        json_object_set_new(out, "data", data);
    }
    return out;
}

/* --- reading ---------------------------------------------------------------------------- */

struct reading {
    struct toc_arena *arena;
    const struct toc_event_json_reader *reader;
    Tocsin__V1__Event *event;
    const json_t *data, *content;
    char *error; /* TOC_EVENT_JSON_ERROR_MAX bytes */
};

__attribute__((format(printf, 2, 3))) static enum toc_err wrong(struct reading *r,
                                                                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->error, TOC_EVENT_JSON_ERROR_MAX, format, args);
    va_end(args);
    toc_str_mend(r->error); /* names and values are cut without regard to characters */
    return TOC_ERR_MALFORMED;
}

/* jansson nests as deep as 2048; nothing here needs more than three. */
static bool is_too_deep(struct toc_str json)
{
    unsigned depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < json.size; i++) {
        char c = json.data[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            depth++;
        else if (!in_text && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > TOC_EVENT_JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

/* One per member of the envelope. `value` is never null. */
typedef enum toc_err (*member_fn)(struct reading *r, const char *name, const json_t *value);

static enum toc_err copy_text(struct reading *r, const char *name, const json_t *value, char **out)
{
    if (!json_is_string(value))
        return wrong(r, "%s: has to be a text", name);
    *out = toc_arena_copy(r->arena, toc_str(json_string_value(value), json_string_length(value)));
    return *out != NULL ? TOC_OK : wrong(r, "%s: is too long", name);
}

static enum toc_err on_specversion(struct reading *r, const char *name, const json_t *value)
{
    if (!json_is_string(value) || strcmp(json_string_value(value), "1.0") != 0)
        return wrong(r, "%s: has to be \"1.0\"", name);
    return TOC_OK;
}

static enum toc_err on_id(struct reading *r, const char *name, const json_t *value)
{
    return copy_text(r, name, value, &r->event->id);
}

static enum toc_err on_source(struct reading *r, const char *name, const json_t *value)
{
    return copy_text(r, name, value, &r->event->source);
}

static enum toc_err on_type(struct reading *r, const char *name, const json_t *value)
{
    return copy_text(r, name, value, &r->event->type);
}

static enum toc_err on_subject(struct reading *r, const char *name, const json_t *value)
{
    return copy_text(r, name, value, &r->event->subject);
}

static enum toc_err on_time(struct reading *r, const char *name, const json_t *value)
{
    if (!json_is_string(value) ||
        toc_rfc3339_read(toc_str_of(json_string_value(value)), &r->event->time_ms) != TOC_OK)
        return wrong(r, "%s: has to be a time with its zone, as 2026-03-01T09:30:00Z", name);
    return TOC_OK;
}

static enum toc_err on_issue(struct reading *r, const char *name, const json_t *value)
{
    uint8_t *id = toc_arena_take(r->arena, TOC_ID);
    if (id == NULL || !json_is_string(value) ||
        toc_unhex(id, TOC_ID, toc_str_of(json_string_value(value))) != TOC_OK)
        return wrong(r, "%s: has to be an issue's id, 32 hexadecimal digits", name);
    r->event->issue = (ProtobufCBinaryData){TOC_ID, id};
    return TOC_OK;
}

static enum toc_err on_test(struct reading *r, const char *name, const json_t *value)
{
    if (!json_is_boolean(value))
        return wrong(r, "%s: has to be true or false", name);
    r->event->test = json_is_true(value);
    return TOC_OK;
}

static enum toc_err on_content_type(struct reading *r, const char *name, const json_t *value)
{
    const char *text = json_string_value(value);
    if (text == NULL || strncasecmp(text, "application/json", 16) != 0 ||
        strchr("; \t", text[16]) == NULL)
        return wrong(r, "%s: has to be application/json", name);
    return TOC_OK;
}

static enum toc_err on_data(struct reading *r, const char *name, const json_t *value)
{
    if (!json_is_object(value))
        return wrong(r, "%s: has to be an object", name);
    r->data = value;
    return TOC_OK;
}

static enum toc_err on_ignored(struct reading *r, const char *name, const json_t *value)
{
    return json_is_string(value) ? TOC_OK : wrong(r, "%s: has to be a text", name);
}

static const struct {
    const char *name;
    member_fn read;
} members[] = {
    {"specversion", on_specversion},
    {"id", on_id},
    {"source", on_source},
    {"type", on_type},
    {"subject", on_subject},
    {"time", on_time},
    {"tocsinissue", on_issue},
    {"tocsintest", on_test},
    {"data", on_data},
    {"datacontenttype", on_content_type},
    {"dataschema", on_ignored},
};

#define MEMBER_COUNT (sizeof(members) / sizeof(members[0]))

/* As CloudEvents 1.0 has their names and values: "traceparent". */
static bool is_extension(const struct reading *r, const char *name, const json_t *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    return r->reader->extensions && !json_is_object(value) && !json_is_array(value) &&
           name[strspn(name, allowed)] == '\0';
}

static enum toc_err unknown_member(struct reading *r, const char *name, const json_t *value)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        toc_guess_offer(&guess, members[i].name);
    if (guess.best != NULL)
        return wrong(r, "%.60s: unknown member (did you mean '%s'?)", name, guess.best);
    if (is_extension(r, name, value))
        return TOC_OK;
    return wrong(r, "%.60s: unknown member; the body's members stand in \"data\"", name);
}

static enum toc_err read_member(struct reading *r, const char *name, const json_t *value)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        if (strcmp(members[i].name, name) == 0)
            return json_is_null(value) ? TOC_OK : members[i].read(r, name, value);
    return unknown_member(r, name, value);
}

static enum toc_err read_envelope(struct reading *r, const json_t *root)
{
    static const char *const required[] = {"specversion", "id", "source", "type"};
    json_t *object = (json_t *)(uintptr_t)root; /* jansson's iterators only read */
    const char *name;
    json_t *value;
    if (!json_is_object(root))
        return wrong(r, "an event is a JSON object");
    if (json_object_size(root) > TOC_EVENT_JSON_MEMBERS_MAX)
        return wrong(r, "an event has at most %d members", TOC_EVENT_JSON_MEMBERS_MAX);
    json_object_foreach(object, name, value) TOC_TRY(read_member(r, name, value));
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        const json_t *given = json_object_get(root, required[i]);
        if (given == NULL || json_string_length(given) == 0)
            return wrong(r, "%s: is missing: every event needs one", required[i]);
    }
    return TOC_OK;
}

static enum toc_err unknown_type(struct reading *r)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(r->event->type));
    size_t count;
    const struct toc_event_type *types = toc_event_types(&count);
    for (size_t i = 0; i < count; i++)
        toc_guess_offer(&guess, types[i].text);
    if (guess.best != NULL)
        return wrong(r, "type: '%.60s' is unknown (did you mean '%s'?)", r->event->type,
                     guess.best);
    return wrong(r, "type: '%.60s' is unknown; they look like tocsin.issue.opened", r->event->type);
}

ProtobufCMessage *toc_event_json_new_body(struct toc_arena *arena, Tocsin__V1__Event *event,
                                          Tocsin__V1__Event__BodyCase body)
{
    const ProtobufCFieldDescriptor *field = body_field(body);
    const ProtobufCMessageDescriptor *type = field->descriptor;
    ProtobufCMessage *message = toc_arena_take(arena, type->sizeof_message);
    if (message == NULL)
        return NULL;
    protobuf_c_message_init(type, message);
    event->body_case = body;
    memcpy((char *)event + field->offset, &message, sizeof(message));
    return message;
}

static enum toc_err read_content(struct reading *r, const struct toc_event_type *type)
{
    if (r->content == NULL || json_is_null(r->content))
        return TOC_OK;
    if (!toc_event_type_has_content(type))
        return wrong(r, "data.content: only tocsin.issue.opened and tocsin.issue.message have it");
    return toc_content_json_read(r->arena, r->content, r->event, r->error);
}

static enum toc_err read_body(struct reading *r)
{
    const struct toc_event_type *type = toc_event_type_find(toc_str_of(r->event->type));
    if (type == NULL)
        return unknown_type(r);
    ProtobufCMessage *body = toc_event_json_new_body(r->arena, r->event, type->body);
    if (body == NULL)
        return wrong(r, "data: is too large");
    if (r->data == NULL)
        return TOC_OK;
    TOC_TRY(read_content(r, type));
    return toc_message_json_read(r->arena, r->data, "data.", body, r->error);
}

/*
 * The texts of a body are lent from the JSON tree, which goes: what is kept is the event packed and
 * unpacked again. That also is what everyone else will see of it.
 */
static enum toc_err settle(struct reading *r, Tocsin__V1__Event **out, struct toc_str *packed)
{
    const Tocsin__V1__Private *private_ = r->event->private_;
    size_t inner = private_ != NULL ? tocsin__v1__private__get_packed_size(private_) : 0;
    if (toc_wire_pack(r->arena, r->event, packed) < 0)
        (void)wrong(r, "the event is too large");
    else if (inner > TOC_PRIVATE_MAX)
        (void)wrong(r, "data.content: %zu bytes, at most %d", inner, TOC_PRIVATE_MAX);
    else if (packed->size - inner > TOC_EVENT_MAX)
        (void)wrong(r, "the event is too large: %zu bytes packed, at most %d", packed->size - inner,
                    TOC_EVENT_MAX);
    else if (toc_wire_unpack(r->arena, &tocsin__v1__event__descriptor, *packed, out) < 0)
        (void)wrong(r, "the event is too large");
    else
        return TOC_OK;
    return TOC_ERR_LIMIT;
}

/* Another issue that a person names as source#subject, as its id. */
static enum toc_err find_issue(struct reading *r, json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    char hex[2 * TOC_ID + 1];
    uint8_t id[TOC_ID];
    if (text == NULL || r->reader->find == NULL || strchr(text, '#') == NULL)
        return TOC_OK;
    if (!r->reader->find(r->reader->arg, text, id))
        return wrong(r, "%s: '%.100s' names no issue that can be found", name, text);
    toc_hex(hex, id, TOC_ID);
    return json_object_set_new(object, name, json_string(hex)) == 0
               ? TOC_OK
               : wrong(r, "%s: is too large", name);
}

static enum toc_err take(struct reading *r, json_t *root, json_t *data, Tocsin__V1__Event **out,
                         struct toc_str *out_packed)
{
    TOC_TRY(find_issue(r, root, "tocsinissue"));
    TOC_TRY(find_issue(r, data, "into"));
    TOC_TRY(find_issue(r, data, "other"));
    TOC_TRY(find_issue(r, json_object_get(data, "appeal"), "issue"));
    TOC_TRY(read_envelope(r, root));
    TOC_TRY(read_body(r));
    return settle(r, out, out_packed);
}

enum toc_err toc_event_json_take(const struct toc_event_json_reader *reader, json_t *root,
                                 Tocsin__V1__Event **out, struct toc_str *out_packed,
                                 char error[TOC_EVENT_JSON_ERROR_MAX])
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    json_t *data = json_object_get(root, "data");
    json_t *content = json_incref(json_object_get(data, "content"));
    struct reading r = {.arena = reader->arena,
                        .reader = reader,
                        .event = &event,
                        .content = content,
                        .error = error};
    static_assert(TOC_MESSAGE_JSON_ERROR_MAX <= TOC_EVENT_JSON_ERROR_MAX, "one error for both");
    (void)json_object_del(data, "content"); /* no member of the body */
    enum toc_err err = take(&r, root, data, out, out_packed);
    json_decref(content);
    return err;
}

/* Texts end at a NUL here: what has one would be cut short, and two that differ become one. */
static bool has_nul(const json_error_t *where)
{
    enum json_error_code code = json_error_code(where);
    return code == json_error_null_character || code == json_error_null_byte_in_key;
}

json_t *toc_json_parse(struct toc_str json, size_t size_max, char error[TOC_EVENT_JSON_ERROR_MAX])
{
    struct reading r = {.error = error};
    json_error_t where;
    if (json.size > size_max) {
        (void)wrong(&r, "%zu bytes of JSON: at most %zu", json.size, size_max);
        return NULL;
    }
    if (json.size > 0 && memchr(json.data, '\0', json.size) != NULL) {
        (void)wrong(&r, "not JSON: a byte is 0"); /* jansson passes over one after a number */
        return NULL;
    }
    if (is_too_deep(json)) {
        (void)wrong(&r, "nested deeper than %d levels", TOC_EVENT_JSON_DEPTH_MAX);
        return NULL;
    }
    json_t *root = json_loadb(json.data ? json.data : "", json.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (root == NULL && has_nul(&where))
        (void)wrong(&r, "\\u0000 stands in a text (line %d, column %d)", where.line, where.column);
    else if (root == NULL)
        (void)wrong(&r, "not JSON: %s (line %d, column %d)", where.text, where.line, where.column);
    return root;
}

enum toc_err toc_event_json_read(const struct toc_event_json_reader *reader, struct toc_str json,
                                 Tocsin__V1__Event **out, char error[TOC_EVENT_JSON_ERROR_MAX])
{
    struct toc_str packed;
    json_t *root = toc_json_parse(json, TOC_EVENT_JSON_SIZE_MAX, error);
    if (root == NULL)
        return TOC_ERR_MALFORMED;
    enum toc_err err = toc_event_json_take(reader, root, out, &packed, error);
    json_decref(root);
    return err;
}
