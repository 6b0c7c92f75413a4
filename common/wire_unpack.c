/*
 * From bytes to a message in one pass: it refuses what toc_wire_scan refuses, and what comes out is
 * what protobuf_c_message_unpack makes of it. Those two together took three times as long, and they
 * were a third of a service's work.
 *
 * Only what the contract uses is here: proto3 without `optional`, so that a field is there or has
 * its default.
 */
#include "common/wire.h"

static unsigned wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 1;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 2;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 5;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return 0;
}

/*
 * The field of that number, NULL for an unknown one. Fields mostly come in the order of their
 * numbers, as the descriptor has them: `*next` is where the search goes on.
 */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *type,
                                                  uint32_t number, unsigned *next)
{
    unsigned at = *next;
    while (at < type->n_fields && type->fields[at].id < number)
        at++;
    if (at == type->n_fields || type->fields[at].id != number)
        return protobuf_c_message_descriptor_get_field(type, number);
    *next = at;
    return &type->fields[at];
}

static enum toc_err scan(const ProtobufCMessageDescriptor *type, struct toc_str bytes,
                         unsigned depth, unsigned *fields)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    unsigned next = 0;
    enum toc_err err;
    if (depth > TOC_WIRE_DEPTH_MAX)
        return TOC_ERR_MALFORMED;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (++*fields > TOC_WIRE_FIELDS_MAX)
            return TOC_ERR_MALFORMED;
        const ProtobufCFieldDescriptor *known = find_field(type, field.number, &next);
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

size_t toc_wire_value_size(ProtobufCType type)
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

static enum toc_err add_value(struct unpacking *u, const ProtobufCFieldDescriptor *field,
                              const struct toc_wire_field *in, char *base, unsigned depth)
{
    void *entry = add_entry(u, field, base);
    return entry != NULL ? put_value(u, field, in, entry, depth) : TOC_ERR_LIMIT;
}

/* Numbers one behind the other, without tags. */
static enum toc_err add_packed(struct unpacking *u, const ProtobufCFieldDescriptor *field,
                               struct toc_str bytes, char *base)
{
    unsigned wire_type = wire_type_of(field->type);
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    while (reader.next != reader.end) {
        uint64_t value;
        TOC_TRY(toc_wire_number(&reader, wire_type, &value));
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
    unsigned wire_type = wire_type_of(field->type);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (in->wire_type == wire_type)
            return add_value(u, field, in, base, depth);
        return in->wire_type == 2 ? add_packed(u, field, in->bytes, base) : TOC_ERR_MALFORMED;
    }
    if (in->wire_type != wire_type)
        return TOC_ERR_MALFORMED;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        choose(field, base);
    return put_value(u, field, in, base + field->offset, depth);
}

/* What a newer version has put there is packed again as it came. */
static enum toc_err keep_unknown(struct unpacking *u, ProtobufCMessage *message,
                                 const struct toc_wire_field *in, const uint8_t *from,
                                 const uint8_t *until)
{
    unsigned count = message->n_unknown_fields;
    ProtobufCMessageUnknownField *all = message->unknown_fields;
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
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    const uint8_t *from = reader.next;
    struct toc_wire_field in;
    unsigned next = 0;
    enum toc_err err;
    if (depth > TOC_WIRE_DEPTH_MAX)
        return TOC_ERR_MALFORMED;
    while ((err = toc_wire_next(&reader, &in)) == TOC_OK) {
        if (++u->fields > TOC_WIRE_FIELDS_MAX)
            return TOC_ERR_MALFORMED;
        const ProtobufCFieldDescriptor *field = find_field(type, in.number, &next);
        if (field != NULL)
            TOC_TRY(put_field(u, field, &in, (char *)message, depth));
        else
            TOC_TRY(keep_unknown(u, message, &in, from, reader.next));
        from = reader.next;
    }
    return err == TOC_NONE ? TOC_OK : err;
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
