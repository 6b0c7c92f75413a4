#include "services/intake/connect/value.h"

#include "common/json/message.h"
#include "common/json/rfc3339.h"

#include <stdio.h>
#include <strings.h>

bool connect_value_is_fillable(const ProtobufCFieldDescriptor *field)
{
    return field->type != PROTOBUF_C_TYPE_MESSAGE;
}

static json_t *wrong(char why[CONNECT_VALUE_WHY_MAX], const char *what)
{
    snprintf(why, CONNECT_VALUE_WHY_MAX, "has to be %s", what);
    return NULL;
}

static json_t *read_enum(const ProtobufCEnumDescriptor *type, struct toc_str text, char *why)
{
    char name[TOC_MESSAGE_JSON_NAME_MAX], known[CONNECT_VALUE_WHY_MAX - 16] = "";
    size_t used = 0;
    for (unsigned i = 0; i < type->n_values; i++) {
        if (type->values[i].value == 0)
            continue;
        toc_message_json_enum_name(name, type, type->values[i].value);
        if (strlen(name) == text.size && strncasecmp(name, text.data, text.size) == 0)
            return json_string(name);
        int size = snprintf(known + used, sizeof(known) - used, "%s%s", used ? ", " : "", name);
        used += (size_t)size < sizeof(known) - used ? (size_t)size : 0;
    }
    return wrong(why, known);
}

/* An instant as RFC 3339 has it, or milliseconds as a number. */
static json_t *read_instant(struct toc_str text, char *why)
{
    int64_t number;
    if (toc_parse_i64(text, &number) == TOC_OK || toc_rfc3339_read(text, &number) == TOC_OK)
        return json_integer(number);
    return wrong(why, "a time with its zone, or milliseconds since 1970");
}

static json_t *read_number(struct toc_str text, char *why)
{
    uint64_t number;
    if (toc_parse_u64(text, &number) == TOC_OK && number <= UINT32_MAX)
        return json_integer((json_int_t)number);
    return wrong(why, "a whole number from 0 to 4294967295");
}

json_t *connect_value(const ProtobufCFieldDescriptor *field, struct toc_str text,
                      char why[CONNECT_VALUE_WHY_MAX])
{
    bool yes = toc_str_equal(text, TOC_STR("true"));
    why[0] = '\0';
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(field->descriptor, text, why);
    case PROTOBUF_C_TYPE_UINT32:
        return read_number(text, why);
    case PROTOBUF_C_TYPE_SINT64:
        return read_instant(text, why);
    case PROTOBUF_C_TYPE_BOOL:
        if (!yes && !toc_str_equal(text, TOC_STR("false")))
            return wrong(why, "true or false");
        return json_boolean(yes);
    default: /* texts, and bytes in hexadecimal digits, which the edge reads */
        return json_stringn(text.data, text.size);
    }
}
