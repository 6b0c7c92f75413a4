#include "common/json/message.h"

#include "common/policy/diag.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define BYTES_MAX      1024 /* of a member in hexadecimal */
#define PATH_MAX_BYTES 128  /* of what stands before a member's name in an error */

/* --- enums ------------------------------------------------------------------------------ */

/* What all names but the unspecified one begin with, up to an underscore: "ISSUE_STATE_". */
static size_t shared_prefix(const ProtobufCEnumDescriptor *type)
{
    const char *first = NULL;
    size_t size = 0;
    for (unsigned i = 0; i < type->n_values; i++) {
        const char *name = type->values[i].name;
        if (type->values[i].value == 0)
            continue;
        if (first == NULL) {
            first = name;
            size = strlen(name);
        }
        size_t same = 0;
        while (same < size && name[same] == first[same])
            same++;
        size = same;
    }
    while (size > 0 && first[size - 1] != '_')
        size--;
    return size;
}

static void short_name(char out[TOC_MESSAGE_JSON_NAME_MAX], const ProtobufCEnumDescriptor *type,
                       const ProtobufCEnumValue *value)
{
    size_t at = 0;
    if (type == &tocsin__v1__priority__descriptor) {
        snprintf(out, TOC_MESSAGE_JSON_NAME_MAX, "%s", toc_priority_name((unsigned)value->value));
        return;
    }
    for (const char *c = value->name + shared_prefix(type);
         *c && at < TOC_MESSAGE_JSON_NAME_MAX - 1;)
        out[at++] = (char)tolower((unsigned char)*c++);
    out[at] = '\0';
}

char *toc_message_json_enum_name(char out[TOC_MESSAGE_JSON_NAME_MAX],
                                 const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);
    if (value == 0)
        out[0] = '\0';
    else if (known == NULL)
        snprintf(out, TOC_MESSAGE_JSON_NAME_MAX, "%d", value);
    else
        short_name(out, type, known);
    return out;
}

/* --- writing ---------------------------------------------------------------------------- */

static json_t *write_bytes(const ProtobufCBinaryData *data)
{
    char hex[2 * TOC_EVENT_MAX + 1];
    size_t size = data->len < TOC_EVENT_MAX ? data->len : TOC_EVENT_MAX;
    toc_hex(hex, data->data, size);
    return json_string(hex);
}

static json_t *write_id(uint64_t value, bool hexadecimal)
{
    char text[24];
    snprintf(text, sizeof(text), hexadecimal ? "%016llx" : "%llu", (unsigned long long)value);
    return json_string(text);
}

static json_t *write_enum(const ProtobufCFieldDescriptor *field, int value)
{
    char name[TOC_MESSAGE_JSON_NAME_MAX];
    return json_string(toc_message_json_enum_name(name, field->descriptor, value));
}

/* One value at `at`, a list's element or a field of its own. */
static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *at,
                           enum toc_message_json_zeros zeros)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(const char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(at);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(field, *(const int *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return write_id(*(const uint64_t *)at, field->type == PROTOBUF_C_TYPE_FIXED64);
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SFIXED64: {
        int64_t value = *(const int64_t *)at;
        return value == TOC_TIME_NEVER ? json_null() : json_integer(value);
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        return toc_message_json_write(*(const ProtobufCMessage *const *)at, zeros);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    toc_assert_failed("no field of the wire is a floating-point number", __FILE__, __LINE__);
}

static bool is_absent(const ProtobufCFieldDescriptor *field, const void *at,
                      enum toc_message_json_zeros zeros)
{
    static const uint8_t zero[8];
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return *(const char *const *)at == NULL || **(const char *const *)at == '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)at)->len == 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const void *const *)at == NULL;
    case PROTOBUF_C_TYPE_BOOL:
        return false;
    case PROTOBUF_C_TYPE_ENUM:
        return *(const int *)at == 0;
    default:
        return zeros == TOC_MESSAGE_JSON_SKIP_ZEROS &&
               memcmp(at, zero, toc_wire_value_size(field->type)) == 0;
    }
}

static json_t *write_list(const ProtobufCFieldDescriptor *field, const void *list, size_t count,
                          enum toc_message_json_zeros zeros)
{
    json_t *out = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            out,
            write_value(field, (const char *)list + i * toc_wire_value_size(field->type), zeros));
    return out;
}

/* A member of a oneof that another case holds. */
static bool is_other_case(const ProtobufCFieldDescriptor *field, const char *base)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
           *(const uint32_t *)(const void *)(base + field->quantifier_offset) != field->id;
}

json_t *toc_message_json_write(const ProtobufCMessage *message, enum toc_message_json_zeros zeros)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const char *base = (const char *)message;
    json_t *object = json_object();
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const void *at = base + field->offset;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
            if (count != 0)
                json_object_set_new(object, field->name,
                                    write_list(field, *(const void *const *)at, count, zeros));
        } else if (!is_other_case(field, base) && !is_absent(field, at, zeros)) {
            json_object_set_new(object, field->name, write_value(field, at, zeros));
        }
    }
    return object;
}

/* --- reading ---------------------------------------------------------------------------- */

struct reading {
    struct toc_arena *arena;
    const char *path;
    char *error; /* TOC_MESSAGE_JSON_ERROR_MAX bytes */
};

__attribute__((format(printf, 3, 4))) static enum toc_err
wrong(struct reading *r, const char *member, const char *format, ...)
{
    va_list args;
    int size = snprintf(r->error, TOC_MESSAGE_JSON_ERROR_MAX, "%s%.60s: ", r->path, member);
    va_start(args, format);
    vsnprintf(r->error + size, TOC_MESSAGE_JSON_ERROR_MAX - (size_t)size, format, args);
    va_end(args);
    toc_str_mend(r->error); /* names and values are cut without regard to characters */
    return TOC_ERR_MALFORMED;
}

static enum toc_err unknown_member(struct reading *r, const ProtobufCMessageDescriptor *type,
                                   const char *name)
{
    struct toc_guess guess;
    toc_guess_init(&guess, toc_str_of(name));
    for (unsigned i = 0; i < type->n_fields; i++)
        toc_guess_offer(&guess, type->fields[i].name);
    if (guess.best != NULL)
        return wrong(r, name, "unknown member (did you mean '%s'?)", guess.best);
    return wrong(r, name, "unknown member of this type");
}

static enum toc_err read_enum(struct reading *r, const ProtobufCFieldDescriptor *field,
                              const json_t *value, int *out)
{
    const ProtobufCEnumDescriptor *type = field->descriptor;
    char name[TOC_MESSAGE_JSON_NAME_MAX], known[240];
    size_t used = 0;
    if (!json_is_string(value))
        return wrong(r, field->name, "has to be a text");
    known[0] = '\0';
    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value == 0)
            continue;
        short_name(name, type, &type->values[i]);
        if (strcasecmp(name, json_string_value(value)) == 0) {
            *out = type->values[i].value;
            return TOC_OK;
        }
        int size = snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", name);
        used += (size_t)size < sizeof(known) - used ? (size_t)size : 0;
    }
    return wrong(r, field->name, "'%.40s' is not one of %s", json_string_value(value), known);
}

static enum toc_err read_bytes(struct reading *r, const ProtobufCFieldDescriptor *field,
                               const json_t *value, ProtobufCBinaryData *out)
{
    size_t size = json_is_string(value) ? json_string_length(value) : 1;
    uint8_t *bytes = NULL;
    if (size % 2 == 0 && size <= 2 * BYTES_MAX)
        bytes = toc_arena_take(r->arena, size / 2 + 1);
    if (bytes == NULL ||
        toc_unhex(bytes, size / 2, toc_str(json_string_value(value), size)) != TOC_OK)
        return wrong(r, field->name, "has to be bytes in hexadecimal, two digits each");
    *out = (ProtobufCBinaryData){size / 2, bytes};
    return TOC_OK;
}

static enum toc_err read_u32(struct reading *r, const ProtobufCFieldDescriptor *field,
                             const json_t *value, uint32_t *out)
{
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > UINT32_MAX)
        return wrong(r, field->name, "has to be a whole number from 0 to %u", UINT32_MAX);
    *out = (uint32_t)number;
    return TOC_OK;
}

static enum toc_err read_u64(struct reading *r, const ProtobufCFieldDescriptor *field,
                             const json_t *value, uint64_t *out)
{
    struct toc_str text = toc_str_of(json_string_value(value));
    uint8_t bytes[8];
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        if (toc_unhex(bytes, sizeof(bytes), text) != TOC_OK)
            return wrong(r, field->name, "has to be a text of 16 hexadecimal digits");
        *out = toc_get_u64be(bytes);
        return TOC_OK;
    }
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        *out = (uint64_t)json_integer_value(value);
    else if (toc_parse_u64(text, out) != TOC_OK)
        return wrong(r, field->name, "has to be a whole number, as a text of digits");
    return TOC_OK;
}

static enum toc_err read_text(struct reading *r, const ProtobufCFieldDescriptor *field,
                              const json_t *value, char **out)
{
    if (!json_is_string(value))
        return wrong(r, field->name, "has to be a text");
    *out = toc_wire_text(json_string_value(value));
    return TOC_OK;
}

static enum toc_err read_object(struct reading *r, const json_t *object, ProtobufCMessage *message);

/* A message inside; its members are named from the outside on. */
static enum toc_err read_inner(struct reading *r, const ProtobufCFieldDescriptor *field,
                               const json_t *value, void *at)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    char path[PATH_MAX_BYTES];
    struct reading inner = {.arena = r->arena, .path = path, .error = r->error};
    if (!json_is_object(value))
        return wrong(r, field->name, "has to be an object");
    ProtobufCMessage *message = toc_arena_take(r->arena, type->sizeof_message);
    if (message == NULL)
        return wrong(r, field->name, "is too large");
    protobuf_c_message_init(type, message);
    memcpy(at, &message, sizeof(message));
    snprintf(path, sizeof(path), "%.60s%.60s.", r->path, field->name);
    return read_object(&inner, value, message);
}

static enum toc_err read_value(struct reading *r, const ProtobufCFieldDescriptor *field,
                               const json_t *value, void *at)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_inner(r, field, value, at);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(r, field, value, at);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(r, field, value, at);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(r, field, value, at);
    case PROTOBUF_C_TYPE_UINT32:
        return read_u32(r, field, value, at);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_u64(r, field, value, at);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(value))
            return wrong(r, field->name, "has to be true or false");
        *(protobuf_c_boolean *)at = json_is_true(value);
        return TOC_OK;
    case PROTOBUF_C_TYPE_SINT64:
        if (!json_is_integer(value))
            return wrong(r, field->name, "has to be a whole number%s",
                         strstr(field->name, "_ms") ? " of milliseconds since 1970 (UTC)" : "");
        *(int64_t *)at = json_integer_value(value);
        return TOC_OK;
    default:
        break;
    }
    toc_assert_failed("no event has a member of this kind", __FILE__, __LINE__);
}

static enum toc_err read_list(struct reading *r, const ProtobufCFieldDescriptor *field,
                              const json_t *value, ProtobufCMessage *message)
{
    char *base = (char *)message;
    size_t step = toc_wire_value_size(field->type), count = json_array_size(value);
    if (!json_is_array(value))
        return wrong(r, field->name, "has to be a list");
    char *list = toc_arena_zero(r->arena, count * step + 1);
    if (list == NULL)
        return wrong(r, field->name, "has too many entries");
    for (size_t i = 0; i < count; i++)
        TOC_TRY(read_value(r, field, json_array_get(value, i), list + i * step));
    memcpy(base + field->offset, &list, sizeof(list));
    memcpy(base + field->quantifier_offset, &count, sizeof(count));
    return TOC_OK;
}

static enum toc_err read_object(struct reading *r, const json_t *object, ProtobufCMessage *message)
{
    void *iter = json_object_iter((json_t *)(uintptr_t)object);
    for (; iter != NULL; iter = json_object_iter_next((json_t *)(uintptr_t)object, iter)) {
        const char *name = json_object_iter_key(iter);
        const json_t *value = json_object_iter_value(iter);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        if (field == NULL)
            return unknown_member(r, message->descriptor, name);
        if (json_is_null(value))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            TOC_TRY(read_list(r, field, value, message));
        else
            TOC_TRY(read_value(r, field, value, (char *)message + field->offset));
    }
    return TOC_OK;
}

enum toc_err toc_message_json_read(struct toc_arena *arena, const json_t *object, const char *path,
                                   ProtobufCMessage *message,
                                   char error[TOC_MESSAGE_JSON_ERROR_MAX])
{
    struct reading r = {.arena = arena, .path = path, .error = error};
    return read_object(&r, object, message);
}
