/*
 * From a message to its bytes, the same as protobuf_c_message_pack writes.
 *
 * It is written from its end to its beginning, at the end of the arena: so the length of a message
 * inside is known when it is due, and nothing is measured beforehand, which took the library as
 * long as the writing.
 */
#include "common/wire_internal.h"

/* The bytes from `at` on are written, and none below `least` may be. */
struct packing {
    uint8_t *at, *least;
    bool exhausted;
};

static void put_message(struct packing *p, const ProtobufCMessage *message);

/* Room for `size` bytes before what is there; NULL when there is none. */
static uint8_t *take(struct packing *p, size_t size)
{
    if ((size_t)(p->at - p->least) < size) {
        p->exhausted = true;
        return NULL;
    }
    return p->at -= size;
}

static void put_run(struct packing *p, const void *bytes, size_t size)
{
    uint8_t *at = take(p, size);
    if (at != NULL && size > 0)
        memcpy(at, bytes, size);
}

static void put_varint(struct packing *p, uint64_t value)
{
    uint8_t bytes[10], *end = bytes;
    while (value >= 0x80) {
        *end++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *end++ = (uint8_t)value;
    put_run(p, bytes, (size_t)(end - bytes));
}

static void put_tag(struct packing *p, uint32_t number, unsigned wire_type)
{
    put_varint(p, (uint64_t)number << 3 | wire_type);
}

/* --- values ------------------------------------------------------------------------------- */

static uint32_t read_u32(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t read_u64(const void *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static const void *read_pointer(const void *at)
{
    const void *value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/* A negative number of 32 bits is extended to 64, as the wire has it. */
static uint64_t extended(uint32_t value)
{
    return (uint64_t)(int64_t)(int32_t)value;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

/* Writes the value and answers the wire type that its tag has to have. */
static unsigned put_value(struct packing *p, const ProtobufCFieldDescriptor *field, const void *at)
{
    const uint8_t *end = p->at;
    const char *text;
    ProtobufCBinaryData bytes;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        put_varint(p, read_u32(at) != 0);
        return 0;
    case PROTOBUF_C_TYPE_UINT32:
        put_varint(p, read_u32(at));
        return 0;
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
        put_varint(p, extended(read_u32(at)));
        return 0;
    case PROTOBUF_C_TYPE_SINT32:
        put_varint(p, (uint32_t)zigzag((int32_t)read_u32(at)));
        return 0;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        put_varint(p, read_u64(at));
        return 0;
    case PROTOBUF_C_TYPE_SINT64:
        put_varint(p, zigzag((int64_t)read_u64(at)));
        return 0;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        put_run(p, at, sizeof(uint32_t));
        return 5;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        put_run(p, at, sizeof(uint64_t));
        return 1;
    case PROTOBUF_C_TYPE_STRING:
        text = read_pointer(at);
        if (text != NULL)
            put_run(p, text, strlen(text));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(&bytes, at, sizeof(bytes));
        put_run(p, bytes.data, bytes.len);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (read_pointer(at) != NULL)
            put_message(p, read_pointer(at));
        break;
    }
    put_varint(p, (uint64_t)(end - p->at));
    return 2;
}

/* What has its default is not written; in a oneof it is, as its being there says something. */
static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
    const char *text;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        text = read_pointer(at);
        return text == NULL || text[0] == '\0';
    case PROTOBUF_C_TYPE_BYTES: /* its length comes first */
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_pointer(at) == NULL;
    default:
        return wire_size_of(field->type) == 8 ? read_u64(at) == 0 : read_u32(at) == 0;
    }
}

/* --- fields ------------------------------------------------------------------------------- */

static void put_list(struct packing *p, const ProtobufCFieldDescriptor *field, const char *base)
{
    const char *list = read_pointer(base + field->offset);
    size_t count = (size_t)read_u64(base + field->quantifier_offset),
           size = wire_size_of(field->type);
    bool packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0;
    const uint8_t *end = p->at;
    for (size_t i = count; i > 0 && !p->exhausted; i--) {
        unsigned wire_type = put_value(p, field, list + (i - 1) * size);
        if (!packed)
            put_tag(p, field->id, wire_type);
    }
    if (!packed || count == 0)
        return;
    put_varint(p, (uint64_t)(end - p->at));
    put_tag(p, field->id, 2);
}

static void put_field(struct packing *p, const ProtobufCFieldDescriptor *field, const char *base)
{
    const void *at = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        put_list(p, field, base);
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        bool pointer =
            field->type == PROTOBUF_C_TYPE_MESSAGE || field->type == PROTOBUF_C_TYPE_STRING;
        if (read_u32(base + field->quantifier_offset) != field->id ||
            (pointer && (read_pointer(at) == NULL || read_pointer(at) == field->default_value)))
            return;
    } else if (is_default(field, at)) {
        return;
    }
    put_tag(p, field->id, put_value(p, field, at));
}

static void put_message(struct packing *p, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = message->n_unknown_fields; i > 0; i--) {
        const ProtobufCMessageUnknownField *unknown = &message->unknown_fields[i - 1];
        put_run(p, unknown->data, unknown->len);
        put_tag(p, unknown->tag, (unsigned)unknown->wire_type);
    }
    for (unsigned i = type->n_fields; i > 0 && !p->exhausted; i--)
        put_field(p, &type->fields[i - 1], (const char *)message);
}

enum toc_err toc_wire_pack(struct toc_arena *arena, const void *message, struct toc_str *out)
{
    uint8_t *end = arena->base + arena->size;
    struct packing p = {.at = end, .least = arena->base + arena->used};
    put_message(&p, message);
    size_t size = (size_t)(end - p.at);
    uint8_t *bytes = p.exhausted ? NULL : toc_arena_take(arena, size);
    if (bytes == NULL)
        return TOC_ERR_LIMIT;
    memmove(bytes, p.at, size);
    *out = toc_str(bytes, size);
    return TOC_OK;
}
