#include "common/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    struct toc_pool pool = {NULL};
    uint8_t *last = NULL;
    (void)state;
    for (size_t size = 1; size < 3000; size += 7) {
        uint8_t *piece = toc_pool_take(&pool, size);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(piece[i], 0);
        memset(piece, 0xff, size);
        assert_ptr_not_equal(piece, last);
        last = piece;
    }
    toc_pool_done(&pool);
}

static void a_piece_may_be_larger_than_a_chunk(void **state)
{
    struct toc_pool pool = {NULL};
    char *small = toc_pool_copy(&pool, TOC_STR("kept"));
    uint8_t *large = toc_pool_take(&pool, 100000);
    (void)state;
    assert_non_null(large);
    memset(large, 1, 100000);
    assert_string_equal(small, "kept");
    toc_pool_done(&pool);
}

static void what_cannot_be_had_is_null(void **state)
{
    struct toc_pool pool = {NULL};
    (void)state;
    assert_null(toc_pool_take(&pool, SIZE_MAX));
    assert_null(toc_pool_array(&pool, SIZE_MAX / 2, 3));
    assert_null(toc_pool_copy(&pool, toc_str("", SIZE_MAX)));
    assert_non_null(toc_pool_array(&pool, 0, 8));
    toc_pool_done(&pool);
}

static void an_empty_pool_may_be_given_back_and_used_again(void **state)
{
    struct toc_pool pool = {NULL};
    (void)state;
    toc_pool_done(&pool);
    assert_string_equal(toc_pool_copy(&pool, (struct toc_str){NULL, 0}), "");
    toc_pool_done(&pool);
    assert_null(pool.chunks);
    assert_string_equal(toc_pool_copy(&pool, TOC_STR("a\0b")), "a");
    toc_pool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_piece_may_be_larger_than_a_chunk),
        cmocka_unit_test(what_cannot_be_had_is_null),
        cmocka_unit_test(an_empty_pool_may_be_given_back_and_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
