#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARENA_BYTES (256 * 1024)

static struct toc_arena arena;

static int fresh_arena(void **state)
{
    (void)state;
    return toc_arena_init(&arena, ARENA_BYTES) == TOC_OK ? 0 : -1;
}

static int drop_arena(void **state)
{
    (void)state;
    toc_arena_done(&arena);
    return 0;
}

/* --- messages by hand ------------------------------------------------------------------- */

struct bytes {
    uint8_t data[16384];
    size_t size;
};

static struct toc_str str_of(const struct bytes *b)
{
    return toc_str(b->data, b->size);
}

static void add_varint(struct bytes *b, uint32_t field, uint64_t value)
{
    b->size = (size_t)(toc_wire_put_varint(b->data + b->size, field, value) - b->data);
}

static void add_bytes(struct bytes *b, uint32_t field, struct toc_str value)
{
    b->size = (size_t)(toc_wire_put_bytes(b->data + b->size, field, value) - b->data);
}

static void add_fixed64(struct bytes *b, uint32_t field, uint64_t value)
{
    b->size = (size_t)(toc_wire_put_fixed64(b->data + b->size, field, value) - b->data);
}

/* An Event with a body of two levels, text, bytes, a repeated text and negative numbers. */
static struct bytes sample_event(void)
{
    struct bytes opened = {.size = 0}, event = {.size = 0};
    add_bytes(&opened, 1, TOC_STR("in_app"));
    add_varint(&opened, 10, 3);
    add_bytes(&opened, 12, TOC_STR("refund"));
    add_bytes(&opened, 12, TOC_STR("vip"));
    add_bytes(&event, 1, TOC_STR("e-1"));
    add_bytes(&event, 2, TOC_STR("app://shop"));
    add_bytes(&event, 3, TOC_STR("tocsin.issue.opened"));
    add_varint(&event, 5, 2 * 1000 - 1); /* zigzag of -1000 */
    add_bytes(&event, 6, toc_str("0123456789abcdef", 16));
    add_varint(&event, 7, 1);
    add_bytes(&event, 20, str_of(&opened));
    return event;
}

static enum toc_err unpack_event(struct toc_str bytes, Tocsin__V1__Event **out)
{
    toc_arena_reset(&arena, 0);
    return toc_wire_unpack(&arena, &tocsin__v1__event__descriptor, bytes, out);
}

static enum toc_err scan_event(const struct bytes *b)
{
    return toc_wire_scan(&tocsin__v1__event__descriptor, str_of(b));
}

/* A type that holds itself and a repeated number, which no real one may. */
struct nested {
    ProtobufCMessage base;
    struct nested *inner;
    size_t n_numbers;
    uint32_t *numbers;
};

extern const ProtobufCMessageDescriptor nested_type;

static const ProtobufCFieldDescriptor nested_fields[] = {
    {.name = "inner",
     .id = 1,
     .label = PROTOBUF_C_LABEL_NONE,
     .type = PROTOBUF_C_TYPE_MESSAGE,
     .offset = offsetof(struct nested, inner),
     .descriptor = &nested_type},
    {.name = "numbers",
     .id = 2,
     .label = PROTOBUF_C_LABEL_REPEATED,
     .type = PROTOBUF_C_TYPE_UINT32,
     .quantifier_offset = offsetof(struct nested, n_numbers),
     .offset = offsetof(struct nested, numbers),
     .flags = PROTOBUF_C_FIELD_FLAG_PACKED},
};
static const unsigned nested_by_name[] = {0, 1};
static const ProtobufCIntRange nested_ranges[] = {{1, 0}, {0, 2}};

static void nested_init(ProtobufCMessage *message)
{
    memset(message, 0, sizeof(struct nested));
    message->descriptor = &nested_type;
}

const ProtobufCMessageDescriptor nested_type = {.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
                                                .name = "Nested",
                                                .short_name = "Nested",
                                                .c_name = "Nested",
                                                .package_name = "",
                                                .sizeof_message = sizeof(struct nested),
                                                .n_fields = 2,
                                                .fields = nested_fields,
                                                .fields_sorted_by_name = nested_by_name,
                                                .n_field_ranges = 1,
                                                .field_ranges = nested_ranges,
                                                .message_init = nested_init};

static struct bytes nest(unsigned depth)
{
    struct bytes inner = {.size = 0};
    for (unsigned i = 1; i < depth; i++) {
        struct bytes outer = {.size = 0};
        add_bytes(&outer, 1, str_of(&inner));
        inner = outer;
    }
    return inner;
}

/* --- scanning --------------------------------------------------------------------------- */

static void a_sound_event_unpacks_to_what_was_packed(void **state)
{
    struct bytes b = sample_event();
    Tocsin__V1__Event *event;
    struct toc_str again;
    (void)state;
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_OK);
    assert_string_equal(event->id, "e-1");
    assert_string_equal(event->source, "app://shop");
    assert_int_equal(event->time_ms, -1000);
    assert_true(event->test);
    assert_int_equal(event->issue.len, 16);
    assert_int_equal(event->body_case, TOCSIN__V1__EVENT__BODY_ISSUE_OPENED);
    assert_int_equal(event->issue_opened->n_tags, 2);
    assert_string_equal(event->issue_opened->tags[1], "vip");
    assert_int_equal(toc_wire_pack(&arena, event, &again), TOC_OK);
    assert_true(toc_str_equal(again, str_of(&b)));
}

static void nothing_is_an_event_with_nothing_set(void **state)
{
    Tocsin__V1__Event *event;
    (void)state;
    assert_int_equal(unpack_event(toc_str(NULL, 0), &event), TOC_OK);
    assert_string_equal(event->id, "");
    assert_int_equal(event->body_case, TOCSIN__V1__EVENT__BODY__NOT_SET);
}

/* Only where a field ends may a message end. */
static void a_cut_message_is_refused_at_every_length_within_a_field(void **state)
{
    struct bytes b = sample_event();
    (void)state;
    for (size_t size = 0; size < b.size; size++) {
        struct toc_wire_reader reader = toc_wire_reader(str_of(&b));
        struct toc_wire_field field;
        const uint8_t *cut = b.data + size;
        while (reader.next < cut)
            assert_int_equal(toc_wire_next(&reader, &field), TOC_OK);
        /* A heap copy of exactly this size: reading past it would be seen. */
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, b.data, size);
        copy = realloc(copy, size == 0 ? 1 : size);
        assert_int_equal(toc_wire_scan(&tocsin__v1__event__descriptor, toc_str(copy, size)),
                         reader.next == cut ? TOC_OK : TOC_ERR_MALFORMED);
        free(copy);
    }
}

static void a_length_beyond_the_end_is_refused(void **state)
{
    const uint64_t lengths[] = {4, 1u << 20, UINT32_MAX, UINT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct bytes b = {.size = 0};
        b.size = (size_t)(toc_wire_put_length(b.data, 1, lengths[i]) - b.data);
        memcpy(b.data + b.size, "abc", 3);
        b.size += 3;
        assert_int_equal(scan_event(&b), TOC_ERR_MALFORMED);
    }
}

static void a_known_field_of_another_wire_type_is_refused(void **state)
{
    struct bytes text_as_number = {.size = 0}, number_as_bytes = {.size = 0};
    struct bytes body_as_number = {.size = 0}, repeated_as_number = {.size = 0};
    struct bytes number_as_fixed = {.size = 0}, wrapped = {.size = 0};
    (void)state;
    add_varint(&text_as_number, 1, 5);
    assert_int_equal(scan_event(&text_as_number), TOC_ERR_MALFORMED);
    add_bytes(&number_as_bytes, 7, TOC_STR("\x01"));
    assert_int_equal(scan_event(&number_as_bytes), TOC_ERR_MALFORMED);
    add_fixed64(&number_as_fixed, 5, 5);
    assert_int_equal(scan_event(&number_as_fixed), TOC_ERR_MALFORMED);
    add_varint(&body_as_number, 20, 1);
    assert_int_equal(scan_event(&body_as_number), TOC_ERR_MALFORMED);
    add_varint(&repeated_as_number, 12, 1); /* IssueOpened.tags */
    add_bytes(&wrapped, 20, str_of(&repeated_as_number));
    assert_int_equal(scan_event(&wrapped), TOC_ERR_MALFORMED);
}

static void groups_and_impossible_tags_are_refused(void **state)
{
    const struct toc_str wrong[] = {
        TOC_STR("\x0b\x0c"),                                     /* start and end of group 1 */
        TOC_STR("\x0e\x01"),                                     /* wire type 6 */
        TOC_STR("\x0f\x01"),                                     /* wire type 7 */
        TOC_STR("\x00\x01"),                                     /* field 0 */
        TOC_STR("\xf8\xff\xff\xff\x1f\x01"),                     /* a field number over 2^29 - 1 */
        TOC_STR("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), /* a value over 64 bits */
        TOC_STR("\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        TOC_STR("\x38"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(toc_wire_scan(&tocsin__v1__event__descriptor, wrong[i]),
                         TOC_ERR_MALFORMED);
}

static void text_has_to_be_utf8_without_nul(void **state)
{
    const struct toc_str wrong[] = {TOC_STR("a\0b"), TOC_STR("\xff"), TOC_STR("\xc0\x80"),
                                    TOC_STR("\xed\xa0\x80"), TOC_STR("caf\xc3")};
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct bytes b = {.size = 0}, opened = {.size = 0}, outer = {.size = 0};
        add_bytes(&b, 4, wrong[i]);
        assert_int_equal(scan_event(&b), TOC_ERR_MALFORMED);
        add_bytes(&opened, 12, wrong[i]); /* a repeated text, one level down */
        add_bytes(&outer, 20, str_of(&opened));
        assert_int_equal(scan_event(&outer), TOC_ERR_MALFORMED);
        struct bytes issue = {.size = 0};
        add_bytes(&issue, 6, wrong[i]); /* bytes may be anything */
        assert_int_equal(scan_event(&issue), TOC_OK);
    }
}

static void unknown_fields_of_every_wire_type_are_let_through(void **state)
{
    struct bytes b = sample_event();
    Tocsin__V1__Event *event;
    struct toc_str again;
    (void)state;
    add_varint(&b, 900, 7);
    add_fixed64(&b, 901, 7);
    add_bytes(&b, 902, TOC_STR("\xff\0x")); /* no text that we know of */
    add_bytes(&b, 903, TOC_STR(""));
    memcpy(b.data + b.size, "\xc5\x38\x01\x02\x03\x04", 6); /* 904, four bytes */
    b.size += 6;
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_OK);
    assert_string_equal(event->id, "e-1");
    assert_int_equal(toc_wire_pack(&arena, event, &again), TOC_OK);
    assert_true(toc_str_equal(again, str_of(&b)));
}

/* Otherwise the rows that they get into would be too large to be read, several at a time. */
static void fields_that_nobody_knows_take_little_more_than_their_bytes(void **state)
{
    struct bytes b = sample_event();
    Tocsin__V1__Event *event;
    struct toc_str again;
    (void)state;
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_OK);
    size_t used = arena.used;
    for (unsigned i = 0; i < 700; i++)
        add_varint(&b, 15, 0);
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_OK);
    assert_in_range(arena.used, used + 1400, used + 1600);
    assert_int_equal(toc_wire_pack(&arena, event, &again), TOC_OK);
    assert_true(toc_str_equal(again, str_of(&b)));
}

static void unknown_fields_between_known_ones_come_behind_them(void **state)
{
    struct bytes b = {.size = 0}, expected = {.size = 0};
    Tocsin__V1__Event *event;
    struct toc_str again;
    (void)state;
    add_varint(&b, 900, 1);
    add_bytes(&b, 901, TOC_STR("x"));
    add_bytes(&b, 1, TOC_STR("e-1"));
    add_varint(&b, 902, 2);
    add_bytes(&b, 2, TOC_STR("app"));
    add_bytes(&expected, 1, TOC_STR("e-1"));
    add_bytes(&expected, 2, TOC_STR("app"));
    add_varint(&expected, 900, 1);
    add_bytes(&expected, 901, TOC_STR("x"));
    add_varint(&expected, 902, 2);
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_OK);
    assert_int_equal(toc_wire_pack(&arena, event, &again), TOC_OK);
    assert_true(toc_str_equal(again, str_of(&expected)));
    assert_int_equal(tocsin__v1__event__get_packed_size(event), expected.size);
    b.size--; /* the last field does not end */
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_ERR_MALFORMED);
}

/* What is checked does not depend on where a field stands. */
static void fields_may_come_in_any_order(void **state)
{
    struct bytes b = {.size = 0};
    (void)state;
    add_bytes(&b, 4, TOC_STR("subject"));
    add_bytes(&b, 1, TOC_STR("id"));
    add_bytes(&b, 2, TOC_STR("source"));
    assert_int_equal(toc_wire_scan(&tocsin__v1__event__descriptor, str_of(&b)), TOC_OK);
    add_varint(&b, 1, 7); /* of another type than an id has */
    assert_int_equal(toc_wire_scan(&tocsin__v1__event__descriptor, str_of(&b)), TOC_ERR_MALFORMED);
}

static void as_many_fields_as_the_limit_and_no_more(void **state)
{
    struct bytes b = {.size = 0};
    (void)state;
    for (unsigned i = 0; i < TOC_WIRE_FIELDS_MAX; i++)
        add_varint(&b, 7, i & 1);
    assert_int_equal(scan_event(&b), TOC_OK);
    add_varint(&b, 7, 1);
    assert_int_equal(scan_event(&b), TOC_ERR_MALFORMED);
}

static void unknown_fields_count_too(void **state)
{
    struct bytes b = {.size = 0};
    Tocsin__V1__Event *event;
    (void)state;
    for (unsigned i = 0; i < TOC_WIRE_FIELDS_MAX; i++)
        add_varint(&b, 15, 0);
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_OK);
    add_varint(&b, 15, 0);
    assert_int_equal(unpack_event(str_of(&b), &event), TOC_ERR_MALFORMED);
}

static void fields_count_across_all_levels(void **state)
{
    struct bytes opened = {.size = 0}, b = {.size = 0};
    (void)state;
    for (unsigned i = 0; i < 2047; i++)
        add_varint(&opened, 10, 1);
    add_bytes(&b, 20, str_of(&opened));
    assert_int_equal(scan_event(&b), TOC_OK); /* 2048 in all */
    for (unsigned i = 0; i < 2048; i++)
        add_varint(&b, 7, 1);
    assert_int_equal(scan_event(&b), TOC_OK); /* 4096 */
    add_varint(&b, 7, 1);
    assert_int_equal(scan_event(&b), TOC_ERR_MALFORMED);
}

/* Two megabytes of them would become 170 megabytes of structs. */
static void two_megabytes_of_empty_submessages_stay_within_the_arena(void **state)
{
    const size_t size = 2u << 20;
    uint8_t *bytes = malloc(size);
    Tocsin__V1__IssueClocks *clocks = NULL;
    (void)state;
    for (size_t i = 0; i < size; i += 2) {
        bytes[i] = 14 << 3 | 2; /* IssueClocks.clocks */
        bytes[i + 1] = 0;
    }
    assert_int_equal(toc_wire_unpack(&arena, &tocsin__v1__issue_clocks__descriptor,
                                     toc_str(bytes, size), &clocks),
                     TOC_ERR_MALFORMED);
    assert_null(clocks);
    assert_int_equal(arena.used, 0); /* it was never begun */
    free(bytes);
}

/* Within the field limit, yet far larger as structs than as bytes. */
static void an_exhausted_arena_is_a_limit_and_no_malformed_message(void **state)
{
    uint8_t bytes[2 * 4000];
    struct toc_arena small;
    Tocsin__V1__IssueClocks *clocks = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i += 2) {
        bytes[i] = 14 << 3 | 2;
        bytes[i + 1] = 0;
    }
    assert_true(4000 * sizeof(Tocsin__V1__Clock) > ARENA_BYTES);
    for (size_t size = 0; size < ARENA_BYTES; size += size / 3 + 16) {
        assert_int_equal(toc_arena_init(&small, size), TOC_OK);
        assert_int_equal(toc_wire_unpack(&small, &tocsin__v1__issue_clocks__descriptor,
                                         toc_str(bytes, sizeof(bytes)), &clocks),
                         TOC_ERR_LIMIT);
        assert_null(clocks);
        toc_arena_done(&small);
    }
}

static void packing_needs_room_too(void **state)
{
    Tocsin__V1__Refuse refuse = TOCSIN__V1__REFUSE__INIT;
    struct toc_arena small;
    struct toc_str out = TOC_STR("untouched");
    (void)state;
    refuse.detail = toc_wire_text("twenty bytes or more");
    assert_int_equal(toc_arena_init(&small, 16), TOC_OK);
    assert_int_equal(toc_wire_pack(&small, &refuse, &out), TOC_ERR_LIMIT);
    assert_true(toc_str_equal(out, TOC_STR("untouched")));
    toc_arena_done(&small);
}

static void nesting_ends_at_the_limit(void **state)
{
    struct nested *message;
    (void)state;
    for (unsigned depth = 1; depth <= TOC_WIRE_DEPTH_MAX; depth++) {
        struct bytes b = nest(depth);
        assert_int_equal(toc_wire_unpack(&arena, &nested_type, str_of(&b), &message), TOC_OK);
        for (unsigned i = 1; i < depth; i++)
            message = message->inner;
        assert_null(message->inner);
    }
    for (unsigned depth = TOC_WIRE_DEPTH_MAX + 1; depth < 1000; depth += 99) {
        struct bytes b = nest(depth);
        assert_int_equal(toc_wire_scan(&nested_type, str_of(&b)), TOC_ERR_MALFORMED);
    }
}

static void repeated_numbers_may_come_packed_or_one_by_one(void **state)
{
    struct bytes b = {.size = 0};
    struct nested *message;
    (void)state;
    add_bytes(&b, 2, TOC_STR("\x01\xac\x02\x03"));
    add_varint(&b, 2, 4);
    assert_int_equal(toc_wire_unpack(&arena, &nested_type, str_of(&b), &message), TOC_OK);
    assert_int_equal(message->n_numbers, 4);
    assert_int_equal(message->numbers[1], 300);
    assert_int_equal(message->numbers[3], 4);
    struct bytes fixed = {.size = 0}, cut = {.size = 0};
    add_fixed64(&fixed, 2, 1);
    assert_int_equal(toc_wire_scan(&nested_type, str_of(&fixed)), TOC_ERR_MALFORMED);
    add_bytes(&cut, 2, TOC_STR("\x01\xac")); /* the last number does not end */
    assert_int_equal(toc_wire_unpack(&arena, &nested_type, str_of(&cut), &message),
                     TOC_ERR_MALFORMED);
}

/* --- the reader and the writers --------------------------------------------------------- */

static void what_is_put_is_read_back(void **state)
{
    const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, 1ull << 63, UINT64_MAX};
    struct toc_wire_field field;
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct bytes b = {.size = 0};
        add_varint(&b, 1, values[i]);
        add_fixed64(&b, (1u << 29) - 1, values[i]);
        add_bytes(&b, 16, TOC_STR("text"));
        add_bytes(&b, 17, toc_str(NULL, 0));
        struct toc_wire_reader reader = toc_wire_reader(str_of(&b));
        assert_int_equal(toc_wire_next(&reader, &field), TOC_OK);
        assert_true(field.number == 1 && field.wire_type == 0 && field.value == values[i]);
        assert_int_equal(toc_wire_next(&reader, &field), TOC_OK);
        assert_true(field.number == (1u << 29) - 1 && field.wire_type == 1);
        assert_true(field.value == values[i]);
        assert_int_equal(toc_wire_next(&reader, &field), TOC_OK);
        assert_true(toc_str_equal(field.bytes, TOC_STR("text")));
        assert_int_equal(toc_wire_next(&reader, &field), TOC_OK);
        assert_true(field.wire_type == 2 && field.bytes.size == 0);
        assert_int_equal(toc_wire_next(&reader, &field), TOC_NONE);
        assert_int_equal(toc_wire_next(&reader, &field), TOC_NONE);
    }
}

static void a_field_never_takes_more_than_its_overhead(void **state)
{
    uint8_t bytes[64];
    const uint32_t largest = (1u << 29) - 1;
    (void)state;
    assert_int_equal(toc_wire_put_varint(bytes, largest, UINT64_MAX) - bytes,
                     TOC_WIRE_FIELD_OVERHEAD);
    assert_int_equal(toc_wire_put_length(bytes, largest, SIZE_MAX) - bytes,
                     TOC_WIRE_FIELD_OVERHEAD);
    assert_true(toc_wire_put_fixed64(bytes, largest, 1) - bytes <= TOC_WIRE_FIELD_OVERHEAD);
}

static void a_reader_that_failed_stays_where_it_was(void **state)
{
    struct toc_wire_reader reader = toc_wire_reader(TOC_STR("\x0a\x05"
                                                            "abc"));
    struct toc_wire_field field;
    const uint8_t *start = reader.next;
    (void)state;
    assert_int_equal(toc_wire_next(&reader, &field), TOC_ERR_MALFORMED);
    assert_ptr_equal(reader.next, start);
    assert_int_equal(toc_wire_next(&reader, &field), TOC_ERR_MALFORMED);
}

/* An empty body has no address, and C allows no arithmetic on none. */
static void a_message_without_bytes_has_no_fields(void **state)
{
    struct toc_wire_reader reader = toc_wire_reader(toc_str(NULL, 0));
    struct toc_wire_field field;
    Tocsin__V1__Event *event;
    (void)state;
    assert_null(reader.next);
    assert_null(reader.end);
    assert_int_equal(toc_wire_next(&reader, &field), TOC_NONE);
    assert_int_equal(unpack_event(toc_str(NULL, 0), &event), TOC_OK);
    assert_string_equal(event->id, "");
}

/* --- enumerators ------------------------------------------------------------------------ */

#define UNKNOWN_VALUE 77 /* of no enum */

static void an_enumerator_of_a_newer_version_is_not_known(void **state)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueStatus status = TOCSIN__V1__ISSUE_STATUS__INIT;
    (void)state;
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    event.issue_status = &status;
    for (int value = 0; value <= TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED; value++) {
        status.state = (Tocsin__V1__IssueState)value;
        assert_true(toc_wire_is_known(&event.base));
    }
    status.state = (Tocsin__V1__IssueState)UNKNOWN_VALUE;
    assert_false(toc_wire_is_known(&event.base));
    status.state = (Tocsin__V1__IssueState)(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED + 1);
    assert_false(toc_wire_is_known(&status.base));
    event.body_case = TOCSIN__V1__EVENT__BODY__NOT_SET; /* then it is no part of the message */
    assert_true(toc_wire_is_known(&event.base));
}

static void enumerators_are_looked_for_at_every_level(void **state)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__IssueClocks issue = TOCSIN__V1__ISSUE_CLOCKS__INIT;
    Tocsin__V1__Clock first = TOCSIN__V1__CLOCK__INIT, second = TOCSIN__V1__CLOCK__INIT;
    Tocsin__V1__Clock *clocks[] = {&first, &second};
    (void)state;
    assert_true(toc_wire_is_known(&change.base)); /* a submessage that is not there is no matter */
    change.clock = &first;
    issue.clocks = clocks;
    issue.n_clocks = 2;
    assert_true(toc_wire_is_known(&change.base) && toc_wire_is_known(&issue.base));
    second.state = (Tocsin__V1__ClockState)UNKNOWN_VALUE;
    assert_true(toc_wire_is_known(&change.base));
    assert_false(toc_wire_is_known(&issue.base));
    issue.n_clocks = 1;
    assert_true(toc_wire_is_known(&issue.base));
    first.state = (Tocsin__V1__ClockState)UNKNOWN_VALUE;
    assert_false(toc_wire_is_known(&change.base));
}

static void zigzag_gives_signed_times(void **state)
{
    (void)state;
    assert_true(toc_wire_zigzag(0) == 0);
    assert_true(toc_wire_zigzag(1) == -1);
    assert_true(toc_wire_zigzag(2) == 1);
    assert_true(toc_wire_zigzag(UINT64_MAX) == TOC_TIME_MIN);
    assert_true(toc_wire_zigzag(UINT64_MAX - 1) == TOC_TIME_NEVER);
}

static void names_cover_every_value_and_nothing_else(void **state)
{
    (void)state;
    assert_string_equal(toc_priority_name(TOCSIN__V1__PRIORITY__PRIORITY_P4), "P4");
    assert_string_equal(toc_priority_name(5), "unknown");
    assert_string_equal(toc_risk_name(TOCSIN__V1__RISK__RISK_CRITICAL), "critical");
    assert_string_equal(toc_risk_name(6), "unknown");
    assert_string_equal(toc_state_name(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD), "on_hold");
    assert_string_equal(toc_state_name(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED), "closed");
    assert_string_equal(toc_state_name(7), "unknown");
    assert_string_equal(toc_refuse_name(TOCSIN__V1__REFUSE_REASON__REFUSE_FULL), "full");
    assert_string_equal(toc_refuse_name(TOCSIN__V1__REFUSE_REASON__REFUSE_TRIMMED), "trimmed");
    assert_string_equal(toc_refuse_name(TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_ALERT),
                        "unknown_alert");
    for (unsigned i = 0; i < tocsin__v1__refuse_reason__descriptor.n_values; i++)
        assert_string_not_equal(toc_refuse_name(i), "unknown");
    assert_string_equal(toc_refuse_name(UINT32_MAX), "unknown");
}

/* --- hostile bytes ---------------------------------------------------------------------- */

/* SplitMix64, so that a failing run can be repeated from its number. */
static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static size_t mutate(uint8_t *bytes, size_t size, size_t room, uint64_t *seed)
{
    for (unsigned n = 1 + draw(seed) % 4; n > 0; n--) {
        size_t at = size == 0 ? 0 : draw(seed) % size;
        switch (draw(seed) % 5) {
        case 0:
            if (size > 0)
                bytes[at] ^= (uint8_t)(1u << draw(seed) % 8);
            break;
        case 1:
            if (size > 0)
                bytes[at] = (uint8_t)draw(seed);
            break;
        case 2:
            size = at;
            break;
        case 3: /* a run is repeated behind itself: the same field twice */
            if (size > 0 && size + (size - at) <= room) {
                memcpy(bytes + size, bytes + at, size - at);
                size += size - at;
            }
            break;
        default:
            if (size < room) {
                memmove(bytes + at + 1, bytes + at, size - at);
                bytes[at] = (uint8_t)draw(seed);
                size++;
            }
        }
    }
    return size;
}

/* Whatever is let through can be packed again, and that reads as sound. */
static void hostile_bytes_are_refused_or_read_but_never_trusted(void **state)
{
    const struct bytes sound = sample_event();
    unsigned read = 0;
    (void)state;
    for (uint64_t number = 0; number < 100000; number++) {
        uint64_t seed = number;
        uint8_t *bytes = malloc(4 * sound.size);
        memcpy(bytes, sound.data, sound.size);
        size_t size = mutate(bytes, sound.size, 4 * sound.size, &seed);
        bytes = realloc(bytes, size == 0 ? 1 : size);
        Tocsin__V1__Event *event;
        struct toc_str again;
        enum toc_err err = unpack_event(toc_str(bytes, size), &event);
        assert_true(err == TOC_OK || err == TOC_ERR_MALFORMED);
        if (err == TOC_OK) {
            read++;
            assert_int_equal(toc_wire_pack(&arena, event, &again), TOC_OK);
            assert_int_equal(toc_wire_scan(&tocsin__v1__event__descriptor, again), TOC_OK);
        }
        free(bytes);
    }
    assert_in_range(read, 1000, 99000); /* both ways were tried */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh_arena, drop_arena)

/* A row with what an event has not: a list of messages, signed numbers, truth values. */
static struct bytes sample_clocks(void)
{
    Tocsin__V1__IssueClocks row = TOCSIN__V1__ISSUE_CLOCKS__INIT;
    Tocsin__V1__Clock clocks[6], *list[6];
    struct bytes b;
    for (unsigned i = 0; i < 6; i++) {
        tocsin__v1__clock__init(&clocks[i]);
        clocks[i].metric = toc_wire_text("first_reply");
        clocks[i].instance = i + 1;
        clocks[i].breached = i % 2 != 0;
        clocks[i].target_ms = -1;
        clocks[i].due_ms = TOC_TIME_NEVER;
        list[i] = &clocks[i];
    }
    row.clocks = list;
    row.n_clocks = 6;
    row.opened_ms = 1795327450000;
    b.size = tocsin__v1__issue_clocks__pack(&row, b.data);
    return b;
}

/* The same message comes out, with the same fields left over. */
static void compare_with_library(const ProtobufCMessageDescriptor *type, struct toc_str bytes)
{
    static uint8_t wanted[65536];
    ProtobufCMessage *ours, *theirs;
    struct toc_str packed;
    toc_arena_reset(&arena, 0);
    enum toc_err err = toc_wire_unpack(&arena, type, bytes, &ours);
    assert_int_equal(err == TOC_ERR_MALFORMED, toc_wire_scan(type, bytes) != TOC_OK);
    if (err != TOC_OK)
        return;
    theirs = protobuf_c_message_unpack(type, NULL, bytes.size, (const uint8_t *)bytes.data);
    if (theirs == NULL)
        return; /* a tag of more bytes than it needs: the library refuses it, the scan never did */
    assert_int_equal(toc_wire_pack(&arena, ours, &packed), TOC_OK);
    assert_true(protobuf_c_message_get_packed_size(theirs) <= sizeof(wanted));
    size_t size = protobuf_c_message_pack(theirs, wanted);
    assert_true(toc_str_equal(packed, toc_str(wanted, size)));
    protobuf_c_message_free_unpacked(theirs, NULL);
}

static void what_comes_out_is_what_the_library_makes_of_it(void **state)
{
    const struct bytes event = sample_event(), clocks = sample_clocks();
    uint8_t bytes[4096];
    (void)state;
    for (uint64_t number = 0; number < 20000; number++) {
        uint64_t seed = number;
        const struct bytes *sound = number % 2 ? &event : &clocks;
        memcpy(bytes, sound->data, sound->size);
        size_t size = number < 2 ? sound->size : mutate(bytes, sound->size, sizeof(bytes), &seed);
        compare_with_library(number % 2 ? &tocsin__v1__event__descriptor
                                        : &tocsin__v1__issue_clocks__descriptor,
                             toc_str(bytes, size));
    }
}

/* Packs as the library does, into any room that is large enough, and not outside of a smaller one.
 */
static void pack_as_library(const ProtobufCMessage *message)
{
    static uint8_t wanted[65536];
    struct toc_arena room;
    struct toc_str packed = {NULL, 0};
    const size_t size = protobuf_c_message_get_packed_size(message);
    assert_true(size <= sizeof(wanted));
    protobuf_c_message_pack(message, wanted);
    for (size_t given = 1; given < size + TOC_WIRE_FIELD_OVERHEAD; given += 1 + given / 64) {
        assert_int_equal(toc_arena_init(&room, given), TOC_OK);
        if (toc_wire_pack(&room, message, &packed) == TOC_OK)
            assert_true(toc_str_equal(packed, toc_str(wanted, size)));
        toc_arena_done(&room);
    }
    assert_int_equal(toc_arena_init(&room, size + TOC_WIRE_FIELD_OVERHEAD), TOC_OK);
    assert_int_equal(toc_wire_pack(&room, message, &packed), TOC_OK);
    assert_true(toc_str_equal(packed, toc_str(wanted, size)));
    toc_arena_done(&room);
}

static void a_message_inside_is_as_long_as_it_is(void **state)
{
    static char text[20001];
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue issue = TOCSIN__V1__ISSUE__INIT;
    Tocsin__V1__Tried tried[2] = {TOCSIN__V1__TRIED__INIT, TOCSIN__V1__TRIED__INIT};
    Tocsin__V1__Tried *list[] = {&tried[0], &tried[1]};
    const size_t sizes[] = {0, 1, 60, 120, 126, 127, 128, 200, 16380, 16381, 16384, 20000};
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    change.issue = &issue;
    change.tried = list;
    change.n_tried = 2;
    tried[0].name = toc_wire_text("danger-to-life");
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        issue.subject = tried[1].why = text + sizeof(text) - 1 - sizes[i];
        pack_as_library(&change.base);
    }
}

static void what_was_chosen_is_packed_though_it_says_nothing(void **state)
{
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    Tocsin__V1__IssueStatus status = TOCSIN__V1__ISSUE_STATUS__INIT;
    (void)state;
    event.body_case = TOCSIN__V1__EVENT__BODY_ISSUE_STATUS;
    event.issue_status = &status;
    pack_as_library(&event.base);
    event.issue_status = NULL;
    pack_as_library(&event.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_sound_event_unpacks_to_what_was_packed),
        CASE(nothing_is_an_event_with_nothing_set),
        CASE(a_cut_message_is_refused_at_every_length_within_a_field),
        CASE(a_length_beyond_the_end_is_refused),
        CASE(a_known_field_of_another_wire_type_is_refused),
        CASE(groups_and_impossible_tags_are_refused),
        CASE(text_has_to_be_utf8_without_nul),
        CASE(unknown_fields_of_every_wire_type_are_let_through),
        CASE(fields_that_nobody_knows_take_little_more_than_their_bytes),
        CASE(unknown_fields_between_known_ones_come_behind_them),
        CASE(fields_may_come_in_any_order),
        CASE(as_many_fields_as_the_limit_and_no_more),
        CASE(unknown_fields_count_too),
        CASE(fields_count_across_all_levels),
        CASE(two_megabytes_of_empty_submessages_stay_within_the_arena),
        CASE(an_exhausted_arena_is_a_limit_and_no_malformed_message),
        CASE(packing_needs_room_too),
        CASE(a_message_inside_is_as_long_as_it_is),
        CASE(what_was_chosen_is_packed_though_it_says_nothing),
        CASE(nesting_ends_at_the_limit),
        CASE(repeated_numbers_may_come_packed_or_one_by_one),
        CASE(what_is_put_is_read_back),
        CASE(a_field_never_takes_more_than_its_overhead),
        CASE(a_reader_that_failed_stays_where_it_was),
        CASE(a_message_without_bytes_has_no_fields),
        CASE(an_enumerator_of_a_newer_version_is_not_known),
        CASE(enumerators_are_looked_for_at_every_level),
        CASE(zigzag_gives_signed_times),
        CASE(names_cover_every_value_and_nothing_else),
        CASE(hostile_bytes_are_refused_or_read_but_never_trusted),
        CASE(what_comes_out_is_what_the_library_makes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
