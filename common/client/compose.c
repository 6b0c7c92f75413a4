#include "common/client/compose.h"

#include "common/event_types.h"
#include "common/json/rfc3339.h"

#include <stdio.h>
#include <sys/random.h>

#define ID_BYTES       16
#define NAME_MAX_BYTES 64 /* of a field's name before a dot */

/* --- the envelope ----------------------------------------------------------------------- */

static void set(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        json_object_set_new(object, name, json_string(text));
}

/* Never the same again; what it is does not matter. */
static enum toc_err make_id(json_t *root)
{
    uint8_t random[ID_BYTES];
    char hex[2 * ID_BYTES + 1];
    if (getrandom(random, sizeof(random), 0) != sizeof(random))
        return TOC_ERR_IO;
    toc_hex(hex, random, sizeof(random));
    set(root, "id", hex);
    return TOC_OK;
}

static enum toc_err set_envelope(json_t *root, const struct tocsin_event *event, const char *source)
{
    char time[TOC_RFC3339_MAX];
    set(root, "specversion", "1.0");
    set(root, "id", event->id);
    set(root, "source", event->source != NULL ? event->source : source);
    set(root, "type", event->type);
    set(root, "subject", event->subject);
    set(root, "tocsinissue", event->issue);
    if (event->time_ms != 0)
        set(root, "time", toc_rfc3339_write(time, event->time_ms));
    if (event->test)
        json_object_set_new(root, "tocsintest", json_true());
    return event->id == NULL ? make_id(root) : TOC_OK;
}

/* jansson takes no text that is not UTF-8, and says nothing about it. */
static const char *not_utf8(const struct tocsin_event *event)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"id", event->id},
                 {"source", event->source},
                 {"type", event->type},
                 {"subject", event->subject},
                 {"issue", event->issue}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!toc_str_is_text(toc_str_of(texts[i].text)))
            return texts[i].name;
    for (size_t i = 0; i < event->field_count; i++)
        if (!toc_str_is_text(toc_str_of(event->fields[i].name)) ||
            !toc_str_is_text(toc_str_of(event->fields[i].value)))
            return "fields";
    return NULL;
}

/* --- the body --------------------------------------------------------------------------- */

static const ProtobufCMessageDescriptor *body_of(const char *type)
{
    const struct toc_event_type *known = toc_event_type_find(toc_str_of(type));
    const ProtobufCFieldDescriptor *field =
        known == NULL ? NULL
                      : protobuf_c_message_descriptor_get_field(&tocsin__v1__event__descriptor,
                                                                (unsigned)known->body);
    return field != NULL ? field->descriptor : NULL;
}

/* As the member wants it. What does not read as that stays a text, and the reader says so. */
static json_t *value_of(const ProtobufCFieldDescriptor *field, const char *text)
{
    json_t *value = NULL;
    if (field != NULL && field->type != PROTOBUF_C_TYPE_STRING &&
        field->type != PROTOBUF_C_TYPE_BYTES && field->type != PROTOBUF_C_TYPE_ENUM &&
        field->type != PROTOBUF_C_TYPE_FIXED64)
        value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    return value != NULL ? value : json_string(text);
}

/* The object inside `object` that the name's part before the dot names. */
static json_t *inner_object(json_t *object, const char *name, size_t size)
{
    char part[NAME_MAX_BYTES];
    toc_str_copy(part, sizeof(part), toc_str(name, size));
    json_t *inner = json_object_get(object, part);
    if (inner == NULL) {
        inner = json_object();
        json_object_set_new(object, part, inner);
    }
    return inner;
}

/* A name that comes twice without being a list's is refused by whoever asks. */
static bool add_value(json_t *object, const ProtobufCFieldDescriptor *field, const char *name,
                      const char *text)
{
    if (field != NULL && field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (json_object_get(object, name) == NULL)
            json_object_set_new(object, name, json_array());
        json_array_append_new(json_object_get(object, name), value_of(field, text));
        return true;
    }
    if (json_object_get(object, name) != NULL)
        return false;
    json_object_set_new(object, name, value_of(field, text));
    return true;
}

static bool add_field(json_t *data, const ProtobufCMessageDescriptor *body,
                      const struct tocsin_field *given)
{
    const char *name = given->name, *dot = strchr(name, '.');
    const ProtobufCFieldDescriptor *field;
    if (dot != NULL) {
        char part[NAME_MAX_BYTES];
        toc_str_copy(part, sizeof(part), toc_str(name, (size_t)(dot - name)));
        field = protobuf_c_message_descriptor_get_field_by_name(body, part);
        if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
            data = inner_object(data, name, (size_t)(dot - name));
            body = field->descriptor;
            name = dot + 1;
        }
    }
    field = protobuf_c_message_descriptor_get_field_by_name(body, name);
    return add_value(data, field, name, given->value);
}

/* Of a type that nobody knows there is no body; the reader says so. */
static const char *set_body(json_t *root, const struct tocsin_event *event)
{
    const ProtobufCMessageDescriptor *body = body_of(event->type);
    json_t *data = json_object();
    json_object_set_new(root, "data", data);
    for (size_t i = 0; body != NULL && i < event->field_count; i++)
        if (!add_field(data, body, &event->fields[i]))
            return event->fields[i].name;
    return NULL;
}

/* --- both ------------------------------------------------------------------------------- */

static enum toc_err pack(struct toc_arena *arena, json_t *root, struct toc_str *out,
                         char error[TOC_EVENT_JSON_ERROR_MAX])
{
    const struct toc_event_json_reader reader = {.arena = arena};
    Tocsin__V1__Event *event;
    enum toc_err err = toc_event_json_take(&reader, root, &event, out, error);
    return err == TOC_ERR_LIMIT ? TOC_ERR_MALFORMED : err; /* too large: `error` says so */
}

static enum toc_err wrong(char error[TOC_EVENT_JSON_ERROR_MAX], const char *name, const char *why)
{
    snprintf(error, TOC_EVENT_JSON_ERROR_MAX, "%.60s: %s", name, why);
    return TOC_ERR_MALFORMED;
}

enum toc_err toc_client_compose(struct toc_arena *arena, const struct tocsin_event *event,
                                const char *source, struct toc_str *out,
                                char error[TOC_EVENT_JSON_ERROR_MAX])
{
    const char *name = not_utf8(event);
    if (name != NULL)
        return wrong(error, name, "is not UTF-8");
    for (size_t i = 0; i < event->field_count; i++)
        if (event->fields[i].name == NULL || event->fields[i].value == NULL)
            return wrong(error, "fields", "each has a name and a value");
    json_t *root = json_object();
    if (root == NULL)
        return TOC_ERR_MEMORY;
    toc_arena_reset(arena, 0);
    enum toc_err err = set_envelope(root, event, source);
    if (err == TOC_OK) {
        name = set_body(root, event);
        err = name != NULL ? wrong(error, name, "is given twice and is no list")
                           : pack(arena, root, out, error);
    }
    json_decref(root);
    return err;
}
