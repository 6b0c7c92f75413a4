/*
 * From bytes to a message in one pass: it refuses what toc_wire_scan refuses, and what comes out is
 * what protobuf_c_message_unpack makes of it. Those two together took three times as long, and they
 * were a third of a service's work.
 *
 * Only what the contract uses is here: proto3 without `optional`, so that a field is there or has
 * its default.
 */
#include "common/wire.h"

/* --- reading ------------------------------------------------------------------------------ */

static const uint8_t *read_long_varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
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

/* NULL for what is no number. Most tags, lengths and numbers are one byte. */
static inline const uint8_t *read_varint(const uint8_t *p, const uint8_t *end, uint64_t *out)
{
    if (p == end || (*p & 0x80) != 0)
        return read_long_varint(p, end, out);
    *out = *p;
    return p + 1;
}

static inline const uint8_t *read_fixed(const uint8_t *p, const uint8_t *end, size_t size,
                                        uint64_t *out)
{
    if ((size_t)(end - p) < size)
        return NULL;
    *out = 0;
    for (size_t i = 0; i < size; i++)
        *out |= (uint64_t)p[i] << (8 * i);
    return p + size;
}

static inline const uint8_t *read_number(const uint8_t *p, const uint8_t *end, unsigned wire_type,
                                         uint64_t *out)
{
    if (wire_type == 0)
        return read_varint(p, end, out);
    return read_fixed(p, end, wire_type == 1 ? 8 : 4, out);
}

static inline const uint8_t *read_bytes(const uint8_t *p, const uint8_t *end, struct toc_str *out)
{
    uint64_t size;
    p = read_varint(p, end, &size);
    if (p == NULL || size > (uint64_t)(end - p))
        return NULL;
    *out = toc_str(p, (size_t)size);
    return p + size;
}

/* One field, of which there is at least a byte. Every byte comes by here: a call costs as much. */
static inline __attribute__((always_inline)) const uint8_t *
read_field(const uint8_t *p, const uint8_t *end, struct toc_wire_field *out)
{
    uint64_t tag;
    p = read_varint(p, end, &tag);
    if (p == NULL || tag > UINT32_MAX || tag >> 3 == 0)
        return NULL;
    out->number = (uint32_t)(tag >> 3);
    out->wire_type = tag & 7;
    switch (out->wire_type) {
    case 0:
    case 1:
    case 5:
        return read_number(p, end, out->wire_type, &out->value);
    case 2:
        return read_bytes(p, end, &out->bytes);
    default: /* groups were never part of proto3 */
        return NULL;
    }
}

enum toc_err toc_wire_next(struct toc_wire_reader *reader, struct toc_wire_field *out)
{
    if (reader->next == reader->end)
        return TOC_NONE;
    const uint8_t *p = read_field(reader->next, reader->end, out);
    if (p == NULL)
        return TOC_ERR_MALFORMED;
    reader->next = p;
    return TOC_OK;
}

/* --- types -------------------------------------------------------------------------------- */

static unsigned wire_type_of(ProtobufCType type)
{
    static const uint8_t types[] = {[PROTOBUF_C_TYPE_FIXED64] = 1, [PROTOBUF_C_TYPE_SFIXED64] = 1,
                                    [PROTOBUF_C_TYPE_DOUBLE] = 1,  [PROTOBUF_C_TYPE_STRING] = 2,
                                    [PROTOBUF_C_TYPE_BYTES] = 2,   [PROTOBUF_C_TYPE_MESSAGE] = 2,
                                    [PROTOBUF_C_TYPE_FIXED32] = 5, [PROTOBUF_C_TYPE_SFIXED32] = 5,
                                    [PROTOBUF_C_TYPE_FLOAT] = 5};
    return types[type];
}

/*
 * The field of that number, NULL for an unknown one. A message's numbers have few gaps: a field's
 * place is its number less `*gap`, as long as no gap lies between it and the one found before.
 */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  uint32_t number, uint32_t *gap)
{
    const uint32_t at = number - *gap;
    if (at < type->n_fields && type->fields[at].id == number)
        return &type->fields[at];
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, number);
    if (field != NULL)
        *gap = number - (uint32_t)(field - type->fields);
    return field;
}

static enum toc_err scan(const ProtobufCMessageDescriptor *type, struct toc_str bytes,
                         unsigned depth, unsigned *fields)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    uint32_t gap = 1;
    enum toc_err err;
    if (depth > TOC_WIRE_DEPTH_MAX)
        return TOC_ERR_MALFORMED;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (++*fields > TOC_WIRE_FIELDS_MAX)
            return TOC_ERR_MALFORMED;
        const ProtobufCFieldDescriptor *known = find_field(type, field.number, &gap);
        if (known == NULL)
            continue;
        bool packed = field.wire_type == 2 && known->label == PROTOBUF_C_LABEL_REPEATED;
        if (field.wire_type != wire_type_of(known->type) && !packed)
            return TOC_ERR_MALFORMED;
        if (known->type == PROTOBUF_C_TYPE_STRING && !toc_str_is_text(field.bytes))
            return TOC_ERR_MALFORMED;
        if (known->type == PROTOBUF_C_TYPE_MESSAGE)
            TOC_TRY(scan(known->descriptor, field.bytes, depth + 1, fields));
    }
    return err == TOC_NONE ? TOC_OK : err;
}

enum toc_err toc_wire_scan(const ProtobufCMessageDescriptor *type, struct toc_str bytes)
{
    unsigned fields = 0;
    return scan(type, bytes, 1, &fields);
}

/* --- values ------------------------------------------------------------------------------- */

struct unpacking {
    struct toc_arena *arena;
    unsigned fields; /* at all levels */
};

static enum toc_err fill(struct unpacking *u, ProtobufCMessage *message, struct toc_str bytes,
                         unsigned depth);

/* Numbers of the wire are little-endian, as the machines that this runs on. */
static void put_number(ProtobufCType type, uint64_t value, void *at)
{
    const uint32_t low = (uint32_t)value;
    const uint32_t low_zigzag = (low >> 1) ^ (0u - (low & 1));
    const toc_time_ms zigzag = toc_wire_zigzag(value);
    const protobuf_c_boolean truth = value != 0;
    switch ((int)type) {
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(at, &truth, sizeof(truth));
        break;
    case PROTOBUF_C_TYPE_SINT32:
        memcpy(at, &low_zigzag, sizeof(low_zigzag));
        break;
    case PROTOBUF_C_TYPE_SINT64:
        memcpy(at, &zigzag, sizeof(zigzag));
        break;
    default:
        if (toc_wire_value_size(type) == sizeof(value))
            memcpy(at, &value, sizeof(value));
        else
            memcpy(at, &low, sizeof(low));
        break;
    }
}

static enum toc_err put_text(struct unpacking *u, struct toc_str text, void *at)
{
    if (!toc_str_is_text(text))
        return TOC_ERR_MALFORMED;
    char *copy = toc_arena_copy(u->arena, text);
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    memcpy(at, &copy, sizeof(copy));
    return TOC_OK;
}

static enum toc_err put_bytes(struct unpacking *u, struct toc_str bytes, void *at)
{
    ProtobufCBinaryData data = {.len = bytes.size, .data = NULL};
    if (bytes.size > 0) {
        data.data = toc_arena_take(u->arena, bytes.size);
        if (data.data == NULL)
            return TOC_ERR_LIMIT;
        memcpy(data.data, bytes.data, bytes.size);
    }
    memcpy(at, &data, sizeof(data));
    return TOC_OK;
}

static enum toc_err new_message(struct unpacking *u, const ProtobufCMessageDescriptor *type,
                                ProtobufCMessage **out)
{
    ProtobufCMessage *message = toc_arena_take(u->arena, type->sizeof_message);
    if (message == NULL)
        return TOC_ERR_LIMIT;
    protobuf_c_message_init(type, message);
    *out = message;
    return TOC_OK;
}

/* One that is there already takes up more: that is how the wire merges messages. */
static enum toc_err put_message(struct unpacking *u, const ProtobufCFieldDescriptor *field,
                                struct toc_str bytes, void *at, unsigned depth)
{
    ProtobufCMessage *message;
    memcpy(&message, at, sizeof(message));
    if (message == NULL)
        TOC_TRY(new_message(u, field->descriptor, &message));
    memcpy(at, &message, sizeof(message));
    return fill(u, message, bytes, depth + 1);
}

static enum toc_err put_value(struct unpacking *u, const ProtobufCFieldDescriptor *field,
                              const struct toc_wire_field *in, void *at, unsigned depth)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return put_text(u, in->bytes, at);
    case PROTOBUF_C_TYPE_BYTES:
        return put_bytes(u, in->bytes, at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return put_message(u, field, in->bytes, at, depth);
    default:
        put_number(field->type, in->value, at);
        return TOC_OK;
    }
}

/* --- lists -------------------------------------------------------------------------------- */

/* Lists have room for four entries, then for twice as many each time. */
static bool is_filled(size_t count)
{
    return count == 0 || (count >= 4 && (count & (count - 1)) == 0);
}

/* A zeroed entry behind the last; NULL when the arena is exhausted. */
static void *add_entry(struct unpacking *u, const ProtobufCFieldDescriptor *field, char *base)
{
    size_t size = toc_wire_value_size(field->type), count;
    char *list;
    memcpy(&count, base + field->quantifier_offset, sizeof(count));
    memcpy(&list, base + field->offset, sizeof(list));
    if (is_filled(count)) {
        char *larger = toc_arena_take(u->arena, (count == 0 ? 4 : 2 * count) * size);
        if (larger == NULL)
            return NULL;
        if (count > 0)
            memcpy(larger, list, count * size);
        list = larger;
        memcpy(base + field->offset, &list, sizeof(list));
    }
    memset(list + count * size, 0, size);
    count++;
    memcpy(base + field->quantifier_offset, &count, sizeof(count));
    return list + (count - 1) * size;
}

/* Numbers one behind the other, without tags. */
static enum toc_err add_packed(struct unpacking *u, const ProtobufCFieldDescriptor *field,
                               struct toc_str bytes, char *base)
{
    unsigned wire_type = wire_type_of(field->type);
    const struct toc_wire_reader reader = toc_wire_reader(bytes);
    for (const uint8_t *p = reader.next; p != reader.end;) {
        uint64_t value;
        p = read_number(p, reader.end, wire_type, &value);
        if (p == NULL)
            return TOC_ERR_MALFORMED;
        void *entry = add_entry(u, field, base);
        if (entry == NULL)
            return TOC_ERR_LIMIT;
        put_number(field->type, value, entry);
    }
    return TOC_OK;
}

/* --- fields ------------------------------------------------------------------------------- */

/* Of a oneof what came last counts, and nothing of what came before, as the library has it. */
static void choose(const ProtobufCFieldDescriptor *field, char *base)
{
    memset(base + field->offset, 0, toc_wire_value_size(field->type));
    memcpy(base + field->quantifier_offset, &field->id, sizeof(field->id));
}

static enum toc_err put_field(struct unpacking *u, const ProtobufCFieldDescriptor *field,
                              const struct toc_wire_field *in, char *base, unsigned depth)
{
    const bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    void *at = base + field->offset;
    if (in->wire_type != wire_type_of(field->type))
        return repeated && in->wire_type == 2 ? add_packed(u, field, in->bytes, base)
                                              : TOC_ERR_MALFORMED;
    if (repeated)
        at = add_entry(u, field, base);
    else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        choose(field, base);
    return at != NULL ? put_value(u, field, in, at, depth) : TOC_ERR_LIMIT;
}

/* Where the unknown fields end that stand one behind the other from `p` on. */
static const uint8_t *behind_unknown(struct unpacking *u, const ProtobufCMessageDescriptor *type,
                                     const uint8_t *p, const uint8_t *end)
{
    struct toc_wire_field in;
    uint32_t gap = 1;
    const uint8_t *next;
    while (p != end && (next = read_field(p, end, &in)) != NULL &&
           find_field(type, in.number, &gap) == NULL) {
        u->fields++;
        p = next;
    }
    return p;
}

/*
 * What a newer version has put there is packed again as it came. Fields that stand together are one
 * entry, in which all behind the first tag is its value: an entry for each would take thirty times
 * their bytes, in every row that they get into.
 */
static enum toc_err keep_unknown(struct unpacking *u, ProtobufCMessage *message,
                                 const struct toc_wire_field *in, const uint8_t *from,
                                 const uint8_t *until)
{
    unsigned count = message->n_unknown_fields;
    ProtobufCMessageUnknownField *all = message->unknown_fields;
    if (u->fields > TOC_WIRE_FIELDS_MAX)
        return TOC_ERR_MALFORMED;
    while ((*from & 0x80) != 0) /* the tag */
        from++;
    from++;
    if (is_filled(count)) {
        all = toc_arena_take(u->arena, (count == 0 ? 4 : 2 * (size_t)count) * sizeof(*all));
        if (all == NULL)
            return TOC_ERR_LIMIT;
        if (count > 0)
            memcpy(all, message->unknown_fields, count * sizeof(*all));
        message->unknown_fields = all;
    }
    size_t size = (size_t)(until - from);
    uint8_t *copy = toc_arena_take(u->arena, size);
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    memcpy(copy, from, size);
    all[count] = (ProtobufCMessageUnknownField){.tag = in->number,
                                                .wire_type = (ProtobufCWireType)in->wire_type,
                                                .len = size,
                                                .data = copy};
    message->n_unknown_fields++;
    return TOC_OK;
}

static enum toc_err fill(struct unpacking *u, ProtobufCMessage *message, struct toc_str bytes,
                         unsigned depth)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    const struct toc_wire_reader all = toc_wire_reader(bytes);
    const uint8_t *from = all.next;
    uint32_t gap = 1;
    if (depth > TOC_WIRE_DEPTH_MAX)
        return TOC_ERR_MALFORMED;
    while (from != all.end) {
        struct toc_wire_field in = {0};
        const uint8_t *until = read_field(from, all.end, &in);
        if (until == NULL || ++u->fields > TOC_WIRE_FIELDS_MAX)
            return TOC_ERR_MALFORMED;
        const ProtobufCFieldDescriptor *field = find_field(type, in.number, &gap);
        if (field != NULL) {
            TOC_TRY(put_field(u, field, &in, (char *)message, depth));
        } else {
            until = behind_unknown(u, type, until, all.end);
            TOC_TRY(keep_unknown(u, message, &in, from, until));
        }
        from = until;
    }
    return TOC_OK;
}

enum toc_err toc_wire_unpack(struct toc_arena *arena, const ProtobufCMessageDescriptor *type,
                             struct toc_str bytes, void *out_message)
{
    struct unpacking u = {.arena = arena};
    size_t mark = toc_arena_mark(arena);
    ProtobufCMessage *message = NULL;
    enum toc_err err = new_message(&u, type, &message);
    if (err == TOC_OK)
        err = fill(&u, message, bytes, 1);
    if (err < 0) {
        toc_arena_reset(arena, mark);
        /* What is malformed further on is malformed, however little room there was. */
        return err == TOC_ERR_LIMIT && toc_wire_scan(type, bytes) < 0 ? TOC_ERR_MALFORMED : err;
    }
    memcpy(out_message, &message, sizeof(message));
    return TOC_OK;
}
