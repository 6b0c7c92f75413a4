#include "common/arena.h"
#include "common/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void well_formed_text_is_told_from_the_rest(void **state)
{
    (void)state;
    assert_true(toc_str_is_text(TOC_STR("plain")));
    assert_true(toc_str_is_text(TOC_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x94\x94")));
    assert_true(toc_str_is_text(TOC_STR("")));
    assert_false(toc_str_is_text(TOC_STR("a\0b")));             /* NUL */
    assert_false(toc_str_is_text(TOC_STR("\xc0\xaf")));         /* overlong */
    assert_false(toc_str_is_text(TOC_STR("\xed\xa0\x80")));     /* surrogate */
    assert_false(toc_str_is_text(TOC_STR("\xf4\x90\x80\x80"))); /* above U+10FFFF */
    assert_false(toc_str_is_text(TOC_STR("\xe2\x82")));         /* cut short */
}

/* Eight bytes are looked at together. */
static void a_bad_byte_is_found_wherever_it_stands(void **state)
{
    static const char bad[] = {'\0', '\x80', '\xff', '\xc3'};
    (void)state;
    for (size_t size = 1; size <= 24; size++) {
        char text[24];
        memset(text, 'a', size);
        assert_true(toc_str_is_text(toc_str(text, size)));
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof(bad); i++) {
                text[at] = bad[i];
                assert_false(toc_str_is_text(toc_str(text, size)));
                text[at] = i % 2 ? '\x7f' : '\x01';
                assert_true(toc_str_is_text(toc_str(text, size)));
            }
        }
    }
}

static void what_is_cut_short_is_mended(void **state)
{
    char text[] = "\xa9"
                  "a\xc3\xa9\xe2\x82"
                  "b\xff\xf0\x9f\x94\x94\xe2\x82";
    char good[] = "a\xc3\xa9";
    (void)state;
    toc_str_mend(text);
    assert_string_equal(text, "?a\xc3\xa9??b?\xf0\x9f\x94\x94??");
    toc_str_mend(good);
    assert_string_equal(good, "a\xc3\xa9");
    toc_str_mend(good + 3);
}

static void what_others_must_not_be_shown_is_in_no_line(void **state)
{
    static const char *const bad[] = {
        "\x1f",         "\n",           "\x7f",         "\xc2\x80", "\xc2\x9b", "\xc2\x9f", /* C1 */
        "\xd8\x9c",     "\xe2\x80\x8e", "\xe2\x80\x8f", /* marks: Arabic, left, right */
        "\xe2\x80\xa8", "\xe2\x80\xa9",                 /* separators */
        "\xe2\x80\xaa", "\xe2\x80\xae",                 /* embeddings, overrides */
        "\xe2\x81\xa6", "\xe2\x81\xa9",                 /* isolates */
        "\xef\xbb\xbf", "\xe2\x82",     "\xff",
    };
    char text[16];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(toc_str_is_line(toc_str_of(bad[i])));
        snprintf(text, sizeof(text), "a%sb", bad[i]);
        assert_false(toc_str_is_line(toc_str_of(text)));
        size_t size = toc_str_make_line(text);
        assert_int_equal(size, strlen(text));
        assert_true(toc_str_is_line(toc_str_of(text)));
        assert_true(text[0] == 'a' && text[1] == '?' && text[strlen(text) - 1] == 'b');
    }
}

static void what_people_write_is_a_line(void **state)
{
    static const char *const good[] = {
        "",
        "INC-7: caf\xc3\xa9, \xc2\xa0\xe2\x82\xac",
        "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7", /* Hindi, with U+200D */
        "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85", /* with U+200C */
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",                                     /* Hebrew */
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", /* an emoji of two */
    };
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(toc_str_is_line(toc_str_of(good[i])));
        toc_str_copy(text, sizeof(text), toc_str_of(good[i]));
        assert_int_equal(toc_str_make_line(text), strlen(good[i]));
        assert_string_equal(text, good[i]);
    }
}

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    uint64_t u = 7;
    int64_t i = 7;
    (void)state;
    assert_int_equal(toc_parse_u64(TOC_STR("18446744073709551615"), &u), TOC_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(toc_parse_u64(TOC_STR("18446744073709551616"), &u), TOC_ERR_LIMIT);
    assert_int_equal(toc_parse_u64(TOC_STR("1x"), &u), TOC_ERR_MALFORMED);
    assert_int_equal(toc_parse_u64(TOC_STR(""), &u), TOC_ERR_MALFORMED);
    assert_int_equal(toc_parse_i64(TOC_STR("-12"), &i), TOC_OK);
    assert_int_equal(i, -12);
}

static void hexadecimal_survives_the_round_trip(void **state)
{
    const uint8_t bytes[3] = {0x00, 0xab, 0xff};
    uint8_t back[3] = {0};
    char text[7];
    (void)state;
    toc_hex(text, bytes, sizeof(bytes));
    assert_string_equal(text, "00abff");
    assert_int_equal(toc_unhex(back, sizeof(back), toc_str_of(text)), TOC_OK);
    assert_memory_equal(back, bytes, sizeof(bytes));
    assert_int_equal(toc_unhex(back, sizeof(back), TOC_STR("00abf")), TOC_ERR_MALFORMED);
    assert_int_equal(toc_unhex(back, sizeof(back), TOC_STR("00abfg")), TOC_ERR_MALFORMED);
}

static void an_arena_ends_at_its_capacity(void **state)
{
    struct toc_arena arena;
    (void)state;
    assert_int_equal(toc_arena_init(&arena, 64), TOC_OK);
    size_t mark = toc_arena_mark(&arena);
    assert_non_null(toc_arena_take(&arena, 40));
    assert_null(toc_arena_take(&arena, 40));
    assert_null(toc_arena_take(&arena, SIZE_MAX));
    toc_arena_reset(&arena, mark);
    assert_non_null(toc_arena_take(&arena, 64));
    toc_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_told_from_the_rest),
        cmocka_unit_test(a_bad_byte_is_found_wherever_it_stands),
        cmocka_unit_test(what_is_cut_short_is_mended),
        cmocka_unit_test(what_others_must_not_be_shown_is_in_no_line),
        cmocka_unit_test(what_people_write_is_a_line),
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(hexadecimal_survives_the_round_trip),
        cmocka_unit_test(an_arena_ends_at_its_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
