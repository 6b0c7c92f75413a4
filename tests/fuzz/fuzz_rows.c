/*
 * Rows and record bodies as a damaged or foreign store might hold them: the first byte chooses the
 * message. What unpacks packs into bytes that unpack to the same.
 */
#include "tests/fuzz/fuzz.h"

#define ARENA_BYTES (1024 * 1024)

static const ProtobufCMessageDescriptor *const types[] = {
    &tocsin__v1__issue__descriptor,
    &tocsin__v1__issue_change__descriptor,
    &tocsin__v1__issue_refused__descriptor,
    &tocsin__v1__issue_parked__descriptor,
    &tocsin__v1__issue_clocks__descriptor,
    &tocsin__v1__clock__descriptor,
    &tocsin__v1__clock_change__descriptor,
    &tocsin__v1__alert__descriptor,
    &tocsin__v1__alert_change__descriptor,
    &tocsin__v1__page__descriptor,
    &tocsin__v1__page_outcome__descriptor,
    &tocsin__v1__event_refused__descriptor,
    &tocsin__v1__checkpoint_signed__descriptor,
    &tocsin__v1__policy_part__descriptor,
    &tocsin__v1__policy_applied__descriptor,
    &tocsin__v1__upstream__descriptor,
    &tocsin__v1__status__descriptor,
    &tocsin__v1__leaf_answer__descriptor,
    &tocsin__v1__tree_answer__descriptor,
    &tocsin__v1__policy_text__descriptor,
    &tocsin__v1__contact__descriptor,
    &tocsin__v1__provider__descriptor,
    &tocsin__v1__mute__descriptor,
    &tocsin__v1__quiet__descriptor,
    &tocsin__v1__action_said__descriptor,
    &tocsin__v1__sender_word__descriptor,
};

/* Text that came through is what everyone behind takes for text. */
static void check_text(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const char *at = (const char *)message + field->offset;
        if (field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED ||
            (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
            continue;
        TOC_ASSERT(toc_str_is_text(toc_str_of(*(char *const *)at)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct toc_arena arena;
    struct fuzz_input in = {data, data + size};
    ProtobufCMessage *message, *again;
    struct toc_str packed, repacked;
    if (arena.base == NULL)
        TOC_ASSERT(toc_arena_init(&arena, ARENA_BYTES) == TOC_OK);
    toc_arena_reset(&arena, 0);
    const ProtobufCMessageDescriptor *type =
        types[fuzz_byte(&in) % (sizeof(types) / sizeof(types[0]))];
    if (toc_wire_unpack(&arena, type, fuzz_bytes(&in, size), &message) < 0)
        return 0;
    check_text(message);
    if (toc_wire_pack(&arena, message, &packed) < 0)
        return 0;
    enum toc_err err = toc_wire_unpack(&arena, type, packed, &again);
    TOC_ASSERT(err != TOC_ERR_MALFORMED);
    if (err == TOC_OK && toc_wire_pack(&arena, again, &repacked) == TOC_OK)
        TOC_ASSERT(toc_str_equal(packed, repacked));
    return 0;
}
