#include "tests/unit/store_cases.h"

#include "common/store_mem.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifdef HAS_ASAN
#include <sanitizer/asan_interface.h>
#endif

static const char *fresh_dir(void)
{
    static char name[32];
    static unsigned number;
    snprintf(name, sizeof(name), "disk-%u", number++);
    return name;
}

static int forget_disks(void **state)
{
    (void)state;
    toc_mem_disk_free_all();
    return 0;
}

static void fill(const char *dir, unsigned rows, const char *value)
{
    uint8_t key[4];
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    for (unsigned i = 0; i < rows; i++) {
        toc_put_u32be(key, i);
        assert_int_equal(toc_put(txn, 0, toc_str(key, 4), toc_str_of(value)), TOC_OK);
    }
    commit(txn);
    toc_store_close(store);
}

static void a_crash_keeps_what_was_committed_and_no_more(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    fill(dir, 200, "old");
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "late", "new");
    toc_txn_abort(txn);
    toc_store_close(store);
    store = open_at(dir);
    txn = begin_read(store);
    assert_rows(txn, 0, 200);
    assert_no_row(txn, 0, "late");
    toc_txn_abort(txn);
    toc_store_close(store);
    toc_mem_disk_free(dir);
    store = open_at(dir); /* another disk of that name */
    txn = begin_read(store);
    assert_rows(txn, 0, 0);
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void a_full_disk_refuses_growth_and_allows_deletes(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "four");
    put(txn, 0, "b", "four");
    commit(txn);
    toc_mem_disk_full(dir, true);
    txn = begin_write(store);
    assert_int_equal(toc_put(txn, 0, TOC_STR("c"), TOC_STR("")), TOC_ERR_FULL);
    assert_int_equal(toc_txn_commit(txn), TOC_ERR_FULL);
    txn = begin_write(store);
    assert_int_equal(toc_put(txn, 0, TOC_STR("a"), TOC_STR("fiver")), TOC_ERR_FULL);
    toc_txn_abort(txn);
    txn = begin_write(store);
    assert_int_equal(toc_append(txn, 0, TOC_STR("c"), TOC_STR("")), TOC_ERR_FULL);
    toc_txn_abort(txn);
    txn = begin_write(store);
    put(txn, 0, "a", "same"); /* fits, but its commit does not */
    assert_int_equal(toc_txn_commit(txn), TOC_ERR_FULL);
    txn = begin_write(store);
    assert_row(txn, 0, "a", "four");
    assert_int_equal(toc_del(txn, 0, TOC_STR("a")), TOC_OK);
    commit(txn);
    toc_mem_disk_full(dir, false);
    txn = begin_write(store);
    assert_rows(txn, 0, 1);
    put(txn, 0, "c", "room again");
    commit(txn);
    toc_store_close(store);
}

static void a_disk_that_fills_up_in_mid_transaction_loses_it_whole(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    toc_mem_disk_full(dir, true);
    assert_int_equal(toc_txn_commit(txn), TOC_ERR_FULL);
    txn = begin_read(store);
    assert_rows(txn, 0, 0);
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void the_percentage_is_what_was_set(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    assert_int_equal(toc_store_percent_used(store), 0);
    toc_mem_disk_percent(dir, 81);
    assert_int_equal(toc_store_percent_used(store), 81);
    toc_store_close(store);
    store = open_at(dir);
    assert_int_equal(toc_store_percent_used(store), 81);
    toc_store_close(store);
}

static void a_clone_is_equal_and_goes_its_own_way(void **state)
{
    uint8_t first[TOC_MEM_DIGEST_SIZE], second[TOC_MEM_DIGEST_SIZE];
    struct toc_str value;
    (void)state;
    fill("original", 5000, "value");
    fill("copy", 10, "to be lost");
    assert_int_equal(toc_mem_disk_clone("original", "copy"), TOC_OK);
    toc_mem_disk_digest("original", 2, first);
    toc_mem_disk_digest("copy", 2, second);
    assert_memory_equal(first, second, sizeof(first));
    fill("copy", 1, "other");
    toc_mem_disk_digest("copy", 2, second);
    assert_memory_not_equal(first, second, sizeof(first));
    toc_mem_disk_digest("original", 2, second);
    assert_memory_equal(first, second, sizeof(first));
    toc_mem_disk_free("original");
    struct toc_store *store = open_at("copy");
    struct toc_txn *txn = begin_read(store);
    assert_rows(txn, 0, 5000);
    assert_int_equal(toc_get(txn, 0, toc_str("\0\0\0\0", 4), &value), TOC_OK);
    assert_bytes(value, "other");
    assert_int_equal(toc_get(txn, 0, toc_str("\0\0\x13\x87", 4), &value), TOC_OK);
    assert_bytes(value, "value");
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void digest_of(const char *dir, const char *a_key, const char *a_value, const char *b_key,
                      const char *b_value, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, a_key, a_value);
    put(txn, 1, b_key, b_value);
    commit(txn);
    toc_store_close(store);
    toc_mem_disk_digest(dir, 2, out);
}

static void digests_differ_when_any_boundary_moves(void **state)
{
    uint8_t all[5][TOC_MEM_DIGEST_SIZE];
    (void)state;
    digest_of("d0", "ab", "cd", "ef", "gh", all[0]);
    digest_of("d1", "abc", "d", "ef", "gh", all[1]);
    digest_of("d2", "ab", "cde", "f", "gh", all[2]);
    digest_of("d3", "ef", "gh", "ab", "cd", all[3]);
    digest_of("d4", "ab", "cd", "ef", "gh", all[4]);
    assert_memory_equal(all[0], all[4], sizeof(all[0]));
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(all[i], all[j], sizeof(all[0]));
}

/* A single row "k" -> "v" in the first of two tables, worked out with another program. */
static void the_digest_is_the_documented_one(void **state)
{
    uint8_t digest[TOC_MEM_DIGEST_SIZE];
    char text[2 * TOC_MEM_DIGEST_SIZE + 1];
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "k", "v");
    commit(txn);
    toc_store_close(store);
    toc_mem_disk_digest(dir, 2, digest);
    toc_hex(text, digest, sizeof(digest));
    assert_string_equal(text, "e7377591a6f0caed7cecf52de28c28084347b14e9d4a6a0c105a7996622940b4");
    toc_mem_disk_digest(dir, 1, digest); /* one table fewer is another digest */
    toc_hex(text, digest, sizeof(digest));
    assert_string_not_equal(text,
                            "e7377591a6f0caed7cecf52de28c28084347b14e9d4a6a0c105a7996622940b4");
}

static void a_reader_beside_the_writer_finds_tables_as_they_come(void **state)
{
    static const char *const more[] = {"first", "third"};
    const char *dir = fresh_dir();
    struct toc_store_config config = config_at(dir);
    struct toc_store *reader, *writer;
    (void)state;
    toc_store_close(open_at(dir));
    config.tables = more;
    config.read_only = true;
    assert_int_equal(toc_store_open(&config, &reader), TOC_OK);
    config.read_only = false;
    assert_int_equal(toc_store_open(&config, &writer), TOC_OK);
    struct toc_txn *txn = begin_write(writer);
    put(txn, 1, "a", "1");
    commit(txn);
    txn = begin_read(reader);
    assert_row(txn, 1, "a", "1");
    toc_txn_abort(txn);
    toc_store_close(writer);
    toc_store_close(reader);
}

static void a_key_that_no_row_can_have_is_absent(void **state)
{
    static const char long_key[TOC_KEY_MAX + 1] = {0};
    struct toc_str value;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    assert_int_equal(toc_get(txn, 0, TOC_STR(""), &value), TOC_NONE);
    assert_int_equal(toc_get(txn, 0, toc_str(long_key, sizeof(long_key)), &value), TOC_NONE);
    assert_int_equal(toc_get(txn, 0, TOC_STR("a"), &value), TOC_OK);
    commit(txn);
    toc_store_close(store);
}

static void read_while_writing(const char *dir)
{
    struct toc_store *store = open_at(dir);
    put(begin_write(store), 0, "a", "");
    begin_read(store);
}

static void write_while_reading(const char *dir)
{
    struct toc_store *store = open_at(dir);
    begin_read(store);
    begin_write(store);
}

static void readers_and_the_writer_exclude_each_other(void **state)
{
    (void)state;
    assert_true(aborts(read_while_writing, fresh_dir()));
    assert_true(aborts(write_while_reading, fresh_dir()));
}

/* Bytes kept over a write are caught, whichever row the write was to. */
static void bytes_that_were_returned_die_at_the_next_write(void **state)
{
#ifndef HAS_ASAN
    (void)state;
    skip();
#else
    struct toc_str key, value, other;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    assert_int_equal(toc_get(txn, 0, TOC_STR("a"), &value), TOC_OK);
    assert_int_equal(toc_first_at_least(txn, 0, TOC_STR(""), &key, &other), TOC_OK);
    assert_false(__asan_address_is_poisoned(value.data)); /* a read does no harm */
    put(txn, 1, "b", "2");
    assert_true(__asan_address_is_poisoned(value.data));
    assert_true(__asan_address_is_poisoned(key.data));
    assert_int_equal(toc_get(txn, 0, TOC_STR("a"), &value), TOC_OK);
    assert_int_equal(toc_del(txn, 1, TOC_STR("none")), TOC_NONE);
    assert_true(__asan_address_is_poisoned(value.data));
    assert_int_equal(toc_get(txn, 0, TOC_STR("a"), &value), TOC_OK);
    commit(txn);
    assert_true(__asan_address_is_poisoned(value.data));
    toc_store_close(store);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_CASES,
        cmocka_unit_test(a_crash_keeps_what_was_committed_and_no_more),
        cmocka_unit_test(a_full_disk_refuses_growth_and_allows_deletes),
        cmocka_unit_test(a_disk_that_fills_up_in_mid_transaction_loses_it_whole),
        cmocka_unit_test(the_percentage_is_what_was_set),
        cmocka_unit_test(a_clone_is_equal_and_goes_its_own_way),
        cmocka_unit_test(digests_differ_when_any_boundary_moves),
        cmocka_unit_test(the_digest_is_the_documented_one),
        cmocka_unit_test(a_reader_beside_the_writer_finds_tables_as_they_come),
        cmocka_unit_test(a_key_that_no_row_can_have_is_absent),
        cmocka_unit_test(readers_and_the_writer_exclude_each_other),
        cmocka_unit_test(bytes_that_were_returned_die_at_the_next_write),
    };
    return cmocka_run_group_tests(tests, NULL, forget_disks);
}
