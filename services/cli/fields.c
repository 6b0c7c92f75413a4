#include "services/cli/fields.h"

#include "services/cli/moment.h"

#include <ctype.h>

#define BYTES_SHOWN 8 /* of bytes in text; JSON has them all */
#define PATH_MAX_   80

const ProtobufCMessageDescriptor *fields_body_of(Tocsin__V1__RecordType type)
{
    switch ((int)type) {
    case TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED:
    case TOCSIN__V1__RECORD_TYPE__EVENT_HELD:
        return &tocsin__v1__event__descriptor;
    case TOCSIN__V1__RECORD_TYPE__EVENT_REFUSED:
        return &tocsin__v1__event_refused__descriptor;
    case TOCSIN__V1__RECORD_TYPE__ERASURE_MOVED:
        return &tocsin__v1__erasure__descriptor;
    case TOCSIN__V1__RECORD_TYPE__VAULT_RENEWED:
        return &tocsin__v1__vault_renewed__descriptor;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        return &tocsin__v1__issue_change__descriptor;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED:
        return &tocsin__v1__issue_refused__descriptor;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_PARKED:
        return &tocsin__v1__issue_parked__descriptor;
    case TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED:
        return &tocsin__v1__clock_change__descriptor;
    case TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED:
        return &tocsin__v1__urgency__descriptor;
    case TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED:
        return &tocsin__v1__deadline__descriptor;
    case TOCSIN__V1__RECORD_TYPE__ALERT_OPENED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_PAGED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SENT:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ACKED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_ESCALATED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_NOTED:
    case TOCSIN__V1__RECORD_TYPE__ALERT_SNOOZED:
    case TOCSIN__V1__RECORD_TYPE__PAGE_ENDED:
        return &tocsin__v1__alert_change__descriptor;
    case TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED:
        return &tocsin__v1__contact__descriptor;
    case TOCSIN__V1__RECORD_TYPE__PROVIDER_CHANGED:
        return &tocsin__v1__provider__descriptor;
    case TOCSIN__V1__RECORD_TYPE__MUTE_CHANGED:
        return &tocsin__v1__mute__descriptor;
    case TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED:
        return &tocsin__v1__override_change__descriptor;
    case TOCSIN__V1__RECORD_TYPE__REACH_CHANGED:
        return &tocsin__v1__reach_change__descriptor;
    case TOCSIN__V1__RECORD_TYPE__GROUP_CHANGED:
        return &tocsin__v1__alert_group__descriptor;
    case TOCSIN__V1__RECORD_TYPE__CHECKPOINT_SIGNED:
        return &tocsin__v1__checkpoint_signed__descriptor;
    case TOCSIN__V1__RECORD_TYPE__POLICY_PART:
        return &tocsin__v1__policy_part__descriptor;
    case TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED:
        return &tocsin__v1__policy_applied__descriptor;
    case TOCSIN__V1__RECORD_TYPE__TIME_ADVANCED:
        return &tocsin__v1__clock_advance__descriptor;
    case TOCSIN__V1__RECORD_TYPE__POLICY_SWEPT:
        return &tocsin__v1__policy_sweep__descriptor;
    case TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT:
    case TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK:
        return &tocsin__v1__upstream__descriptor;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME:
        return &tocsin__v1__issue_outcome__descriptor;
    case TOCSIN__V1__RECORD_TYPE__SUBSCRIPTION_CHANGED:
        return &tocsin__v1__subscription_change__descriptor;
    default:
        return NULL;
    }
}

/* --- enums --------------------------------------------------------------------------------- */

/*
 * The value 0 of every enum is called PREFIX_UNSPECIFIED. Values begin with the whole prefix
 * (ISSUE_STATE_OPEN), with its first word (CLOCK_RUNNING of CLOCK_STATE_), or with neither.
 */
static const char *without_prefix(const char *name, const char *unspecified)
{
    const char *tail = strstr(unspecified, "UNSPECIFIED");
    if (tail == NULL || tail == unspecified || name == unspecified)
        return tail == NULL ? name : tail;
    size_t whole = (size_t)(tail - unspecified);
    if (strncmp(name, unspecified, whole) == 0)
        return name + whole;
    const char *word = strchr(unspecified, '_');
    size_t first = (size_t)(word - unspecified) + 1;
    return strncmp(name, unspecified, first) == 0 ? name + first : name;
}

char *fields_enum(char out[FIELDS_ENUM_MAX], const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(type, value);
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(type, 0);
    if (found == NULL) {
        snprintf(out, FIELDS_ENUM_MAX, "%d", value);
        return out;
    }
    /* The types of records have no prefix, and their first words say whose they are. */
    bool bare = type == &tocsin__v1__record_type__descriptor || zero == NULL;
    const char *name = bare ? found->name : without_prefix(found->name, zero->name);
    size_t at = 0;
    for (; name[at] != '\0' && at < FIELDS_ENUM_MAX - 1; at++)
        out[at] = (char)tolower((unsigned char)name[at]);
    out[at] = '\0';
    return out;
}

bool fields_enum_has(const ProtobufCEnumDescriptor *type, const char *name)
{
    char text[FIELDS_ENUM_MAX];
    for (unsigned i = 0; i < type->n_values; i++)
        if (type->values[i].value != 0 &&
            strcmp(fields_enum(text, type, type->values[i].value), name) == 0)
            return true;
    return false;
}

/* --- reading a message by its descriptor --------------------------------------------------- */

static const void *member_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (const uint8_t *)message + field->offset;
}

static size_t count_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    size_t count;
    memcpy(&count, (const uint8_t *)message + field->quantifier_offset, sizeof(count));
    return count;
}

static bool is_chosen(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    uint32_t chosen;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return true;
    memcpy(&chosen, (const uint8_t *)message + field->quantifier_offset, sizeof(chosen));
    return chosen == field->id;
}

/* One value of a field, whatever its C type. */
struct value {
    int64_t number; /* every scalar that fits */
    uint64_t natural;
    struct toc_str bytes;
    const ProtobufCMessage *message;
    bool empty; /* what a proto3 writer would leave out */
};

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return 4;
}

static bool is_signed(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_SINT32 ||
           type == PROTOBUF_C_TYPE_SFIXED32 || type == PROTOBUF_C_TYPE_ENUM;
}

/* The contract has no floating point; the bits of one would show as a number. */
static struct value read_value(ProtobufCType type, const void *at)
{
    struct value v = {0};
    if (type == PROTOBUF_C_TYPE_STRING) {
        const char *text;
        memcpy(&text, at, sizeof(text));
        v.bytes = toc_str_of(text);
        v.empty = v.bytes.size == 0;
    } else if (type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData data;
        memcpy(&data, at, sizeof(data));
        v.bytes = toc_wire_bytes(&data);
        v.empty = v.bytes.size == 0;
    } else if (type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&v.message, at, sizeof(v.message));
        v.empty = v.message == NULL;
    } else if (size_of(type) == 8) {
        memcpy(&v.natural, at, 8);
        memcpy(&v.number, at, 8);
        v.empty = v.natural == 0;
    } else {
        uint32_t word;
        memcpy(&word, at, 4);
        v.number = is_signed(type) ? (int64_t)(int32_t)word : (int64_t)word;
        v.natural = word;
        v.empty = word == 0;
    }
    return v;
}

static bool is_instant(const ProtobufCFieldDescriptor *field)
{
    static const char *const spans[] = {"target_ms", "elapsed_ms", "old_target_ms", "ms",
                                        "retry_ms"};
    size_t size = strlen(field->name);
    for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
        if (strcmp(field->name, spans[i]) == 0)
            return false;
    return size > 3 && strcmp(field->name + size - 3, "_ms") == 0;
}

static bool is_span(const ProtobufCFieldDescriptor *field)
{
    size_t size = strlen(field->name);
    return !is_instant(field) && size >= 2 && strcmp(field->name + size - 2, "ms") == 0;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void json_value(FILE *out, const ProtobufCFieldDescriptor *field, const struct value *v,
                       bool all)
{
    char text[FIELDS_ENUM_MAX];
    struct print_json inner;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        print_json_string(out, v->bytes);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        fputc('"', out);
        for (size_t i = 0; i < v->bytes.size; i++)
            fprintf(out, "%02x", (uint8_t)v->bytes.data[i]);
        fputc('"', out);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        print_json_open(&inner, out);
        if (v->message != NULL)
            fields_json(&inner, v->message, all);
        fputc('}', out);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        fprintf(out, "\"%s\"", fields_enum(text, field->descriptor, (int)v->number));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        fputs(v->number != 0 ? "true" : "false", out);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        fprintf(out, "\"%llu\"", (unsigned long long)v->natural);
        break;
    case PROTOBUF_C_TYPE_FIXED64:
        fprintf(out, "\"%016llx\"", (unsigned long long)v->natural);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        fprintf(out, "%lld", (long long)v->number);
        break;
    }
}

static void json_list(struct print_json *json, const ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field, bool all)
{
    size_t count = count_of(message, field);
    const uint8_t *items;
    if (count == 0 && !all)
        return;
    memcpy(&items, member_of(message, field), sizeof(items));
    print_json_name(json, field->name);
    fputc('[', json->out);
    for (size_t i = 0; i < count; i++) {
        struct value v = read_value(field->type, items + i * size_of(field->type));
        if (i > 0)
            fputc(',', json->out);
        json_value(json->out, field, &v, all);
    }
    fputc(']', json->out);
}

void fields_json(struct print_json *json, const ProtobufCMessage *message, bool all)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!is_chosen(message, field))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            json_list(json, message, field, all);
            continue;
        }
        struct value v = read_value(field->type, member_of(message, field));
        if (v.empty && (!all || field->type == PROTOBUF_C_TYPE_MESSAGE))
            continue;
        print_json_name(json, field->name);
        json_value(json->out, field, &v, all);
    }
}

void fields_json_line(FILE *out, const ProtobufCMessage *message, bool all)
{
    struct print_json json;
    print_json_open(&json, out);
    fields_json(&json, message, all);
    print_json_close(&json);
}

void fields_json_record(struct print_json *json, struct toc_arena *arena, const char *service,
                        const Tocsin__V1__Record *record)
{
    Tocsin__V1__Record plain = *record; /* without the body, which follows unpacked */
    const ProtobufCMessageDescriptor *type = fields_body_of(record->type);
    size_t mark = toc_arena_mark(arena);
    ProtobufCMessage *body = NULL;
    struct print_json inner;
    print_json_text(json, "service", service);
    plain.body = (ProtobufCBinaryData){0, NULL};
    fields_json(json, &plain.base, false);
    struct toc_str bytes = toc_wire_bytes(&record->body);
    if (type != NULL && toc_wire_unpack(arena, type, bytes, &body) == TOC_OK) {
        print_json_name(json, "body");
        print_json_open(&inner, json->out);
        fields_json(&inner, body, false);
        fputc('}', json->out);
    } else {
        print_json_hex(json, "body", bytes);
    }
    toc_arena_reset(arena, mark);
}

/* --- text ---------------------------------------------------------------------------------- */

static void text_value(const struct print *print, const ProtobufCFieldDescriptor *field,
                       const struct value *v)
{
    char text[FIELDS_ENUM_MAX > MOMENT_MAX ? FIELDS_ENUM_MAX : MOMENT_MAX],
        hex[2 * BYTES_SHOWN + 1];
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        print_styled(print, PRINT_PLAIN, "%.*s", (int)v->bytes.size, v->bytes.data);
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        size_t size = v->bytes.size < BYTES_SHOWN ? v->bytes.size : BYTES_SHOWN;
        toc_hex(hex, v->bytes.data, size);
        fprintf(print->out, "%s%s", hex, size < v->bytes.size ? "\xe2\x80\xa6" : "");
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        fputs(fields_enum(text, field->descriptor, (int)v->number), print->out);
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        fputs("yes", print->out);
    } else if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        fprintf(print->out, "%016llx", (unsigned long long)v->natural);
    } else if (field->type == PROTOBUF_C_TYPE_UINT64) {
        fprintf(print->out, "%llu", (unsigned long long)v->natural);
    } else if (is_instant(field)) {
        fputs(moment_near(text, v->number, moment_now()), print->out);
    } else if (is_span(field)) {
        fputs(moment_exact(text, v->number), print->out);
    } else {
        fprintf(print->out, "%lld", (long long)v->number);
    }
}

static void text_name(const struct print *print, const char *path, const char *name)
{
    fprintf(print->out, " %s%s%s%s=%s", print_begin(print, PRINT_DIM), path,
            path[0] == '\0' ? "" : ".", name, print_end(print, PRINT_DIM));
}

static void text_message(const struct print *print, const ProtobufCMessage *message,
                         const char *path, const char *skip);

static void text_list(const struct print *print, const ProtobufCMessage *message,
                      const ProtobufCFieldDescriptor *field, const char *path)
{
    size_t count = count_of(message, field);
    const uint8_t *items;
    char inner[PATH_MAX_];
    memcpy(&items, member_of(message, field), sizeof(items));
    if (field->type != PROTOBUF_C_TYPE_MESSAGE && count > 0)
        text_name(print, path, field->name);
    for (size_t i = 0; i < count; i++) {
        struct value v = read_value(field->type, items + i * size_of(field->type));
        snprintf(inner, sizeof(inner), "%s%s%s.%zu", path, path[0] == '\0' ? "" : ".", field->name,
                 i);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            text_message(print, v.message, inner, NULL);
            continue;
        }
        if (i > 0)
            fputc(',', print->out);
        text_value(print, field, &v);
    }
}

/* Own values first: what is said before what it is said about. */
static void text_scalars(const struct print *print, const ProtobufCMessage *message,
                         const char *path, const char *skip)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!is_chosen(message, field) || field->label == PROTOBUF_C_LABEL_REPEATED ||
            field->type == PROTOBUF_C_TYPE_MESSAGE ||
            (skip != NULL && strcmp(field->name, skip) == 0))
            continue;
        struct value v = read_value(field->type, member_of(message, field));
        if (v.empty)
            continue;
        text_name(print, path, field->name);
        text_value(print, field, &v);
    }
}

static void text_message(const struct print *print, const ProtobufCMessage *message,
                         const char *path, const char *skip)
{
    char inner[PATH_MAX_];
    text_scalars(print, message, path, skip);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!is_chosen(message, field))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            text_list(print, message, field, path);
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            struct value v = read_value(field->type, member_of(message, field));
            snprintf(inner, sizeof(inner), "%s%s%s", path, path[0] == '\0' ? "" : ".", field->name);
            if (v.message != NULL)
                text_message(print, v.message, inner, NULL);
        }
    }
}

void fields_text(const struct print *print, const ProtobufCMessage *message, const char *skip)
{
    text_message(print, message, "", skip);
}
