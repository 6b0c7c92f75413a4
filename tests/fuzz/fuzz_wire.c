/*
 * Bytes from the network: toc_wire_scan, toc_wire_unpack and toc_wire_next on Frame, Event and
 * Record. What is let through holds valid text only, packs again, and stays the same then.
 */
#include "tests/fuzz/fuzz.h"

#define ARENA_BYTES (4 * 1024 * 1024)

static void walk(struct toc_str bytes)
{
    struct toc_wire_reader reader = toc_wire_reader(bytes);
    struct toc_wire_field field;
    size_t fields = 0;
    while (toc_wire_next(&reader, &field) == TOC_OK) {
        const uint8_t *start = (const uint8_t *)bytes.data;
        TOC_ASSERT(reader.next > start && reader.next <= start + bytes.size);
        if (field.wire_type == 2 && field.bytes.size > 0)
            TOC_ASSERT((const uint8_t *)field.bytes.data + field.bytes.size <= reader.end);
        TOC_ASSERT(++fields <= bytes.size);
    }
}

static void round_trip(struct toc_arena *arena, const ProtobufCMessageDescriptor *type,
                       struct toc_str bytes)
{
    ProtobufCMessage *message, *again;
    struct toc_str packed, repacked;
    toc_arena_reset(arena, 0);
    enum toc_err err = toc_wire_unpack(arena, type, bytes, &message);
    TOC_ASSERT(err == TOC_OK || err == TOC_ERR_MALFORMED || err == TOC_ERR_LIMIT);
    if (err < 0)
        return;
    TOC_ASSERT(toc_wire_scan(type, bytes) == TOC_OK);
    if (toc_wire_pack(arena, message, &packed) < 0 ||
        toc_wire_unpack(arena, type, packed, &again) == TOC_ERR_LIMIT)
        return; /* the arena holds both only when they are small */
    TOC_ASSERT(toc_wire_unpack(arena, type, packed, &again) != TOC_ERR_MALFORMED);
    if (toc_wire_pack(arena, again, &repacked) == TOC_OK)
        TOC_ASSERT(toc_str_equal(packed, repacked));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_arena arena;
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, ARENA_BYTES) == TOC_OK);
    struct toc_str bytes = toc_str(data, size);
    walk(bytes);
    round_trip(&arena, &tocsin__v1__frame__descriptor, bytes);
    round_trip(&arena, &tocsin__v1__event__descriptor, bytes);
    round_trip(&arena, &tocsin__v1__record__descriptor, bytes);
    return 0;
}
