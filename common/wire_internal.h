/*
 * What wire.c, wire_unpack.c and wire_pack.c share, and nobody else includes. They touch every byte
 * that comes in, so reading is inlined there.
 */
#ifndef TOC_WIRE_INTERNAL_H
#define TOC_WIRE_INTERNAL_H

#include "common/wire.h"

/* Bytes of one value in a message's struct. */
static inline size_t wire_size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        break;
    }
    return 4;
}

static inline const uint8_t *wire_read_long_varint(const uint8_t *p, const uint8_t *end,
                                                   uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && p < end; shift += 7) {
        uint8_t byte = *p++;
        if (shift == 63 && byte > 1)
            return NULL;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *out = value;
            return p;
        }
    }
    return NULL;
}

/* Most tags, lengths and numbers are one byte. */
static inline const uint8_t *wire_read_varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    if (p == end || (*p & 0x80) != 0)
        return wire_read_long_varint(p, end, out);
    *out = *p;
    return p + 1;
}

TOC_MUST static inline enum toc_err wire_read_number(struct toc_wire_reader *reader,
                                                     unsigned wire_type, uint64_t *out)
{
    const uint8_t *p = reader->next;
    size_t size = wire_type == 1 ? 8 : 4;
    if (wire_type == 0) {
        p = wire_read_varint(p, reader->end, out);
        if (p == NULL)
            return TOC_ERR_MALFORMED;
        reader->next = p;
        return TOC_OK;
    }
    if ((size_t)(reader->end - p) < size)
        return TOC_ERR_MALFORMED;
    *out = 0;
    for (size_t i = 0; i < size; i++)
        *out |= (uint64_t)p[i] << (8 * i);
    reader->next = p + size;
    return TOC_OK;
}

TOC_MUST static inline enum toc_err wire_read_field(struct toc_wire_reader *reader,
                                                    struct toc_wire_field *out)
{
    const uint8_t *p = reader->next;
    uint64_t tag;
    if (p == reader->end)
        return TOC_NONE;
    p = wire_read_varint(p, reader->end, &tag);
    if (p == NULL || tag > UINT32_MAX || tag >> 3 == 0)
        return TOC_ERR_MALFORMED;
    out->number = (uint32_t)(tag >> 3);
    out->wire_type = tag & 7;
    struct toc_wire_reader rest = {p, reader->end};
    uint64_t size;
    switch (out->wire_type) {
    case 0:
    case 1:
    case 5:
        TOC_TRY(wire_read_number(&rest, out->wire_type, &out->value));
        p = rest.next;
        break;
    case 2:
        p = wire_read_varint(p, reader->end, &size);
        if (p == NULL || size > (uint64_t)(reader->end - p))
            return TOC_ERR_MALFORMED;
        out->bytes = toc_str(p, (size_t)size);
        p += size;
        break;
    default: /* groups were never part of proto3 */
        return TOC_ERR_MALFORMED;
    }
    reader->next = p;
    return TOC_OK;
}

#endif
