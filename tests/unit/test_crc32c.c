/* The file itself, so that both ways of computing can be called by name. */
#include "common/crc32c.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint32_t crc_of(const void *data, size_t size)
{
    return toc_crc32c(0, toc_str(data, size));
}

/* The examples of RFC 3720, appendix B.4; the CRC is shown there byte by byte, lowest first. */
static void the_examples_of_rfc_3720_come_out(void **state)
{
    const uint8_t read_command[48] = {0x01, 0xc0, 0, 0,    0,    0, 0, 0,    0,    0, 0,    0,
                                      0,    0,    0, 0,    0x14, 0, 0, 0,    0,    0, 0x04, 0,
                                      0,    0,    0, 0x14, 0,    0, 0, 0x18, 0x28, 0, 0,    0,
                                      0,    0,    0, 0,    0x02, 0, 0, 0,    0,    0, 0,    0};
    uint8_t bytes[32];
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(crc_of(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(crc_of(bytes, 32), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(crc_of(bytes, 32), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(crc_of(bytes, 32), 0x113fdb5c);
    assert_int_equal(crc_of(read_command, sizeof(read_command)), 0xd9963a56);
    assert_int_equal(crc_of("123456789", 9), 0xe3069283);
}

static void nothing_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(crc_of(NULL, 0), 0);
    assert_int_equal(toc_crc32c(0x12345678, toc_str(NULL, 0)), 0x12345678);
}

static void pieces_give_the_same_as_the_whole(void **state)
{
    uint8_t bytes[97];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    uint32_t whole = crc_of(bytes, sizeof(bytes));
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        uint32_t first = crc_of(bytes, cut);
        assert_int_equal(toc_crc32c(first, toc_str(bytes + cut, sizeof(bytes) - cut)), whole);
    }
}

/* Every length and every alignment that the eight-byte steps can meet. */
static void the_processor_and_the_portable_way_agree(void **state)
{
    uint8_t bytes[80];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * i + 3 * i + 7);
    if (!is_accelerated())
        skip();
    for (size_t from = 0; from < 9; from++)
        for (size_t size = 0; from + size <= sizeof(bytes); size++)
            for (uint32_t crc = 0; crc < 3; crc++)
                assert_int_equal(accelerated(crc * 0x9e3779b9u, bytes + from, size),
                                 portable(crc * 0x9e3779b9u, bytes + from, size));
}

static void the_portable_way_knows_the_examples_too(void **state)
{
    const uint8_t zeros[32] = {0};
    (void)state;
    assert_int_equal(~portable(UINT32_MAX, zeros, 32), 0x8a9136aa);
    assert_int_equal(~portable(UINT32_MAX, (const uint8_t *)"123456789", 9), 0xe3069283);
}

static void every_flipped_bit_is_seen(void **state)
{
    uint8_t bytes[41] = {0};
    (void)state;
    uint32_t sound = crc_of(bytes, sizeof(bytes));
    for (size_t bit = 0; bit < 8 * sizeof(bytes); bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(crc_of(bytes, sizeof(bytes)), sound);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_3720_come_out),
        cmocka_unit_test(nothing_changes_nothing),
        cmocka_unit_test(pieces_give_the_same_as_the_whole),
        cmocka_unit_test(the_processor_and_the_portable_way_agree),
        cmocka_unit_test(the_portable_way_knows_the_examples_too),
        cmocka_unit_test(every_flipped_bit_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
