/* A store's rows in a fresh file, which takes the old one's place or does not. */
#include "common/store_copy.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char *const tables[] = {"rows", "others"};
static char dir[200];
static struct toc_store_config config = {
    .dir = dir, .tables = tables, .table_count = 2, .map_bytes = 8u << 20};
static struct toc_store *store;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");
    (void)state;
    snprintf(dir, sizeof(dir), "%s/tocsin-copy-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return -1;
    return toc_store_open(&config, &store) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    toc_store_close(store);
    store = NULL;
    return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct toc_str secret_of(unsigned number, char out[32])
{
    snprintf(out, 32, "the secret of number %u.", number);
    return toc_str_of(out);
}

static void fill(struct toc_store *to, unsigned from, unsigned until)
{
    struct toc_txn *txn;
    char text[32];
    uint8_t key[8];
    assert_int_equal(toc_txn_begin_write(to, &txn), TOC_OK);
    for (unsigned i = from; i < until; i++) {
        toc_put_u64be(key, i);
        assert_int_equal(toc_append(txn, 0, toc_str(key, sizeof(key)), secret_of(i, text)), TOC_OK);
    }
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
}

static bool has(unsigned number)
{
    struct toc_txn *txn;
    struct toc_str row;
    uint8_t key[8];
    toc_put_u64be(key, number);
    assert_int_equal(toc_txn_begin_read(store, &txn), TOC_OK);
    enum toc_err err = toc_get(txn, 0, toc_str(key, sizeof(key)), &row);
    toc_txn_abort(txn);
    assert_true(err >= 0);
    return err == TOC_OK;
}

static struct toc_str wanted;
static unsigned found;

static int look_into(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    char *bytes = type == FTW_F ? malloc((size_t)st->st_size + 1) : NULL;
    (void)ftw;
    if (bytes == NULL)
        return 0;
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, bytes, (size_t)st->st_size), st->st_size);
    close(fd);
    found += memmem(bytes, (size_t)st->st_size, wanted.data, wanted.size) != NULL;
    free(bytes);
    return 0;
}

static bool any_file_has(unsigned number)
{
    char text[32];
    wanted = secret_of(number, text);
    found = 0;
    assert_int_equal(nftw(dir, look_into, 16, FTW_PHYS), 0);
    return found > 0;
}

static void what_is_not_copied_is_in_no_file_afterwards(void **state)
{
    struct toc_store *copy;
    (void)state;
    fill(store, 0, 1000);
    assert_true(any_file_has(500));
    assert_int_equal(toc_store_copy_begin(&config, &copy), TOC_OK);
    fill(copy, 0, 500);
    fill(copy, 501, 1000);
    assert_int_equal(toc_store_copy_adopt(&config, copy, &store), TOC_OK);
    assert_true(has(499));
    assert_true(has(501));
    assert_false(has(500));
    assert_false(any_file_has(500));
    fill(store, 1000, 1100); /* and it goes on */
    assert_true(has(1099));
}

static void a_copy_that_is_given_up_changes_nothing(void **state)
{
    struct toc_store *copy;
    (void)state;
    fill(store, 0, 10);
    assert_int_equal(toc_store_copy_begin(&config, &copy), TOC_OK);
    fill(copy, 100, 110);
    assert_int_equal(toc_store_copy_drop(&config, copy), TOC_OK);
    assert_false(any_file_has(105));
    assert_true(has(5));
    assert_int_equal(toc_store_copy_drop(&config, NULL), TOC_OK);
}

static void a_copy_that_a_crash_left_is_not_added_to(void **state)
{
    struct toc_store *copy;
    (void)state;
    fill(store, 0, 10);
    assert_int_equal(toc_store_copy_begin(&config, &copy), TOC_OK);
    fill(copy, 100, 110);
    toc_store_close(copy); /* as the end of a process does */
    assert_int_equal(toc_store_copy_begin(&config, &copy), TOC_OK);
    fill(copy, 3, 5);
    assert_int_equal(toc_store_copy_adopt(&config, copy, &store), TOC_OK);
    assert_true(has(3));
    assert_false(has(100));
    assert_false(has(9));
}

static void a_copy_may_be_of_several_transactions_beside_the_stores_own(void **state)
{
    struct toc_store *copy;
    (void)state;
    fill(store, 0, 10);
    assert_int_equal(toc_store_copy_begin(&config, &copy), TOC_OK);
    for (unsigned i = 0; i < 10; i++) {
        fill(copy, i, i + 1);
        fill(store, 10 + i, 11 + i);
    }
    fill(copy, 10, 20);
    assert_int_equal(toc_store_copy_adopt(&config, copy, &store), TOC_OK);
    for (unsigned i = 0; i < 20; i++)
        assert_true(has(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_copied_is_in_no_file_afterwards, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_is_given_up_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_copy_that_a_crash_left_is_not_added_to, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_copy_may_be_of_several_transactions_beside_the_stores_own,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
