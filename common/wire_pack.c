/*
 * From a message to bytes in one pass; they are those that protobuf_c_message_pack writes. The
 * library has to be given all the room beforehand, and to measure takes it as long as to write:
 * together they were a quarter of a service's work.
 *
 * What writes is told where, and answers where to go on: NULL when there is no room. Only what the
 * contract uses is here.
 */
#include "common/wire.h"

/* --- pieces ------------------------------------------------------------------------------- */

static uint8_t *put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

uint8_t *toc_wire_put_tag(uint8_t *out, uint32_t field, unsigned wire_type)
{
    return put_varint(out, (uint64_t)field << 3 | wire_type);
}

uint8_t *toc_wire_put_varint(uint8_t *out, uint32_t field, uint64_t value)
{
    return put_varint(toc_wire_put_tag(out, field, 0), value);
}

uint8_t *toc_wire_put_fixed64(uint8_t *out, uint32_t field, uint64_t value)
{
    out = toc_wire_put_tag(out, field, 1);
    for (unsigned i = 0; i < 8; i++)
        *out++ = (uint8_t)(value >> (8 * i));
    return out;
}

uint8_t *toc_wire_put_length(uint8_t *out, uint32_t field, size_t size)
{
    return put_varint(toc_wire_put_tag(out, field, 2), size);
}

uint8_t *toc_wire_put_bytes(uint8_t *out, uint32_t field, struct toc_str bytes)
{
    out = toc_wire_put_length(out, field, bytes.size);
    if (bytes.size)
        memcpy(out, bytes.data, bytes.size);
    return out + bytes.size;
}

/* --- what is in a message ------------------------------------------------------------------ */

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

static bool has_room(const uint8_t *out, const uint8_t *end, size_t bytes)
{
    return (size_t)(end - out) >= TOC_WIRE_FIELD_OVERHEAD + bytes;
}

/* --- values ------------------------------------------------------------------------------- */

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static uint8_t *put_number(uint8_t *out, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                           const void *at)
{
    if (!has_room(out, end, 0))
        return NULL;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return toc_wire_put_varint(out, field->id, read_u32(at) != 0);
    case PROTOBUF_C_TYPE_UINT32:
        return toc_wire_put_varint(out, field->id, read_u32(at));
    case PROTOBUF_C_TYPE_INT32: /* a negative one is extended to 64 bits */
    case PROTOBUF_C_TYPE_ENUM:
        return toc_wire_put_varint(out, field->id, (uint64_t)(int64_t)(int32_t)read_u32(at));
    case PROTOBUF_C_TYPE_UINT64:
        return toc_wire_put_varint(out, field->id, read_u64(at));
    case PROTOBUF_C_TYPE_SINT64:
        return toc_wire_put_varint(out, field->id, zigzag((int64_t)read_u64(at)));
    case PROTOBUF_C_TYPE_FIXED64:
        return toc_wire_put_fixed64(out, field->id, read_u64(at));
    default:
        TOC_BUG("a type that the contract does not use");
    }
}

static uint8_t *put_bytes(uint8_t *out, const uint8_t *end, uint32_t number, struct toc_str bytes)
{
    return has_room(out, end, bytes.size) ? toc_wire_put_bytes(out, number, bytes) : NULL;
}

/* Its size is known behind it. One byte is kept for that; what needs more is moved on. */
static uint8_t *put_message(uint8_t *out, const uint8_t *end, uint32_t number,
                            const ProtobufCMessage *message)
{
    uint8_t head[TOC_WIRE_FIELD_OVERHEAD];
    if (!has_room(out, end, 0))
        return NULL;
    uint8_t *body = toc_wire_put_length(out, number, 0);
    uint8_t *until = toc_wire_put_fields(body, end, message);
    if (until == NULL || !has_room(until, end, 0))
        return NULL;
    size_t size = (size_t)(until - body);
    size_t head_size = (size_t)(toc_wire_put_length(head, number, size) - head);
    if (out + head_size != body)
        memmove(out + head_size, body, size);
    memcpy(out, head, head_size);
    return out + head_size + size;
}

static uint8_t *put_value(uint8_t *out, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                          const void *at)
{
    ProtobufCBinaryData bytes;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return put_bytes(out, end, field->id, toc_str_of(read_pointer(at)));
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(&bytes, at, sizeof(bytes));
        return put_bytes(out, end, field->id, toc_wire_bytes(&bytes));
    case PROTOBUF_C_TYPE_MESSAGE:
        return put_message(out, end, field->id, read_pointer(at));
    default:
        return put_number(out, end, field, at);
    }
}

/* --- fields ------------------------------------------------------------------------------- */

/* What has its default is not written. Bytes have their length first. */
static bool is_default(const ProtobufCFieldDescriptor *field, const void *at)
{
    if (toc_wire_value_size(field->type) == sizeof(uint32_t))
        return read_u32(at) == 0;
    if (read_u64(at) == 0)
        return true;
    return field->type == PROTOBUF_C_TYPE_STRING && *(const char *)read_pointer(at) == '\0';
}

/* In a oneof, a number is written whatever it is, since it was chosen. */
static bool is_written(const ProtobufCFieldDescriptor *field, const char *base)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return !is_default(field, base + field->offset);
    return read_u32(base + field->quantifier_offset) == field->id &&
           (field->type != PROTOBUF_C_TYPE_MESSAGE || read_pointer(base + field->offset) != NULL);
}

static uint8_t *put_list(uint8_t *out, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                         const char *base)
{
    const size_t count = (size_t)read_u64(base + field->quantifier_offset);
    const char *entry = read_pointer(base + field->offset);
    for (size_t i = 0; i < count && out != NULL; i++) {
        out = put_value(out, end, field, entry);
        entry += toc_wire_value_size(field->type);
    }
    return out;
}

static uint8_t *put_unknown(uint8_t *out, const uint8_t *end,
                            const ProtobufCMessageUnknownField *field)
{
    if (!has_room(out, end, field->len))
        return NULL;
    out = toc_wire_put_tag(out, field->tag, field->wire_type);
    memcpy(out, field->data, field->len);
    return out + field->len;
}

uint8_t *toc_wire_put_fields(uint8_t *out, const uint8_t *end, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const char *base = (const char *)message;
    for (unsigned i = 0; i < type->n_fields && out != NULL; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            out = put_list(out, end, field, base);
        else if (is_written(field, base))
            out = put_value(out, end, field, base + field->offset);
    }
    for (unsigned i = 0; i < message->n_unknown_fields && out != NULL; i++)
        out = put_unknown(out, end, &message->unknown_fields[i]);
    return out;
}

enum toc_err toc_wire_pack(struct toc_arena *arena, const void *message, struct toc_str *out)
{
    const size_t mark = toc_arena_mark(arena);
    uint8_t *start = toc_arena_take(arena, 0);
    if (start == NULL)
        return TOC_ERR_LIMIT;
    const uint8_t *until = toc_wire_put_fields(start, arena->base + arena->size, message);
    toc_arena_reset(arena, mark);
    if (until == NULL)
        return TOC_ERR_LIMIT;
    *out = toc_str(start, (size_t)(until - start));
    return toc_arena_take(arena, out->size) == start ? TOC_OK : TOC_ERR_LIMIT;
}
