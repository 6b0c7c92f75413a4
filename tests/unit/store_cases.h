/*
 * What both stores have to do alike: the cases that test_store.c and test_store_lmdb.c run.
 *
 * The including file defines fresh_dir(): a name for toc_store_config.dir at which there is nothing
 * yet, valid until the next call.
 */
#ifndef TOC_TEST_STORE_CASES_H
#define TOC_TEST_STORE_CASES_H

#include "common/store.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define MAP_BYTES (64u << 20)

static const char *fresh_dir(void);

static const char *const two_tables[] = {"first", "second"};

static struct toc_store_config config_at(const char *dir)
{
    return (struct toc_store_config){
        .dir = dir, .tables = two_tables, .table_count = 2, .map_bytes = MAP_BYTES};
}

static struct toc_store *open_at(const char *dir)
{
    struct toc_store_config config = config_at(dir);
    struct toc_store *store = NULL;
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    return store;
}

static struct toc_txn *begin_write(struct toc_store *store)
{
    struct toc_txn *txn = NULL;
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    return txn;
}

static struct toc_txn *begin_read(struct toc_store *store)
{
    struct toc_txn *txn = NULL;
    assert_int_equal(toc_txn_begin_read(store, &txn), TOC_OK);
    return txn;
}

static void put(struct toc_txn *txn, unsigned table, const char *key, const char *value)
{
    assert_int_equal(toc_put(txn, table, toc_str_of(key), toc_str_of(value)), TOC_OK);
}

static void commit(struct toc_txn *txn)
{
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
}

static void assert_bytes(struct toc_str got, const char *wanted)
{
    assert_int_equal(got.size, strlen(wanted));
    if (got.size)
        assert_memory_equal(got.data, wanted, got.size);
}

static void assert_row(struct toc_txn *txn, unsigned table, const char *key, const char *value)
{
    struct toc_str out;
    assert_int_equal(toc_get(txn, table, toc_str_of(key), &out), TOC_OK);
    assert_bytes(out, value);
}

static void assert_no_row(struct toc_txn *txn, unsigned table, const char *key)
{
    struct toc_str out;
    assert_int_equal(toc_get(txn, table, toc_str_of(key), &out), TOC_NONE);
}

static void assert_rows(struct toc_txn *txn, unsigned table, uint64_t wanted)
{
    uint64_t count = UINT64_MAX;
    assert_int_equal(toc_count(txn, table, &count), TOC_OK);
    assert_int_equal(count, wanted);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    put(txn, 1, "b", "2");
    commit(txn);
    toc_store_close(store);
    store = open_at(dir);
    txn = begin_read(store);
    assert_row(txn, 0, "a", "1");
    assert_row(txn, 1, "b", "2");
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void an_abort_leaves_no_trace(void **state)
{
    const char *dir = fresh_dir();
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "kept", "old");
    put(txn, 0, "gone", "old");
    commit(txn);
    txn = begin_write(store);
    put(txn, 0, "kept", "new");
    put(txn, 0, "kept", "newer");
    put(txn, 0, "added", "new");
    put(txn, 0, "added", "newer");
    assert_int_equal(toc_del(txn, 0, TOC_STR("gone")), TOC_OK);
    put(txn, 0, "gone", "new");
    assert_int_equal(toc_del(txn, 0, TOC_STR("gone")), TOC_OK);
    toc_txn_abort(txn);
    toc_store_close(store);
    store = open_at(dir);
    txn = begin_read(store);
    assert_row(txn, 0, "kept", "old");
    assert_row(txn, 0, "gone", "old");
    assert_no_row(txn, 0, "added");
    assert_rows(txn, 0, 2);
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void a_transaction_sees_its_own_writes(void **state)
{
    struct toc_str key, value;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "b", "1");
    assert_row(txn, 0, "b", "1");
    put(txn, 0, "a", "2");
    assert_int_equal(toc_first_at_least(txn, 0, TOC_STR(""), &key, &value), TOC_OK);
    assert_bytes(key, "a");
    assert_int_equal(toc_del(txn, 0, TOC_STR("a")), TOC_OK);
    assert_int_equal(toc_first_at_least(txn, 0, TOC_STR("a"), &key, &value), TOC_OK);
    assert_bytes(key, "b");
    assert_bytes(value, "1");
    assert_rows(txn, 0, 1);
    commit(txn);
    toc_store_close(store);
}

static void rows_are_found_at_and_below_a_key(void **state)
{
    struct toc_str key, value;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    assert_int_equal(toc_first_at_least(txn, 0, TOC_STR(""), &key, &value), TOC_NONE);
    assert_int_equal(toc_last_below(txn, 0, TOC_STR(""), &key, &value), TOC_NONE);
    put(txn, 0, "b", "1");
    put(txn, 0, "d", "2");
    commit(txn);
    txn = begin_read(store);
    const struct {
        const char *key, *at_least, *below;
    } rows[] = {{"", "b", "d"},  {"a", "b", NULL}, {"b", "b", NULL},
                {"c", "d", "b"}, {"d", "d", "b"},  {"e", NULL, "d"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct toc_str from = toc_str_of(rows[i].key);
        enum toc_err err = toc_first_at_least(txn, 0, from, &key, &value);
        assert_int_equal(err, rows[i].at_least ? TOC_OK : TOC_NONE);
        if (err == TOC_OK)
            assert_bytes(key, rows[i].at_least);
        err = toc_last_below(txn, 0, from, &key, &value);
        assert_int_equal(err, rows[i].below ? TOC_OK : TOC_NONE);
        if (err == TOC_OK)
            assert_bytes(key, rows[i].below);
    }
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void keys_sort_bytewise_and_a_prefix_comes_first(void **state)
{
    static const struct toc_str sorted[] = {
        {"\0", 1},         {"\0\0", 2},      {"\0\1", 2},     {"A", 1},
        {"A\0", 2},        {"Aa", 2},        {"a", 1},        {"aaaaaaaa", 8},
        {"aaaaaaaa\0", 9}, {"aaaaaaaaa", 9}, {"aaaaaaab", 8}, {"b", 1},
        {"\x7f\xff", 2},   {"\x80", 1},      {"\xff", 1},     {"\xff\xff", 2}};
    const size_t count = sizeof(sorted) / sizeof(sorted[0]);
    struct toc_scan *scan;
    struct toc_str key, value;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    for (size_t i = 0; i < count; i++) { /* 7 and 16 have no common factor: each once, shuffled */
        const struct toc_str *s = &sorted[i * 7 % count];
        assert_int_equal(toc_put(txn, 0, *s, *s), TOC_OK);
    }
    assert_int_equal(toc_scan_open(txn, 0, TOC_STR(""), &scan), TOC_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(toc_scan_next(scan, &key, &value), TOC_OK);
        assert_true(toc_str_equal(key, sorted[i]));
        assert_true(toc_str_equal(value, sorted[i]));
    }
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
    toc_scan_close(scan);
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void a_scan_starts_at_its_key_and_stays_at_its_end(void **state)
{
    struct toc_scan *scan;
    struct toc_str key, value;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    put(txn, 0, "c", "2");
    put(txn, 0, "d", "3");
    assert_int_equal(toc_scan_open(txn, 0, TOC_STR("b"), &scan), TOC_OK);
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_OK);
    assert_bytes(key, "c");
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_OK);
    assert_bytes(value, "3");
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
    toc_scan_close(scan);
    assert_int_equal(toc_scan_open(txn, 0, TOC_STR("e"), &scan), TOC_OK);
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
    assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
    toc_scan_close(scan);
    toc_scan_close(NULL);
    put(txn, 0, "e", "4"); /* a closed scan is no obstacle */
    commit(txn);
    toc_store_close(store);
}

static void replacing_and_deleting_keep_the_count_right(void **state)
{
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    put(txn, 0, "a", "longer than before");
    put(txn, 0, "b", "");
    assert_row(txn, 0, "b", "");
    assert_rows(txn, 0, 2);
    assert_rows(txn, 1, 0); /* the tables know nothing of each other */
    assert_no_row(txn, 1, "a");
    assert_int_equal(toc_del(txn, 1, TOC_STR("a")), TOC_NONE);
    assert_int_equal(toc_del(txn, 0, TOC_STR("a")), TOC_OK);
    assert_int_equal(toc_del(txn, 0, TOC_STR("a")), TOC_NONE);
    assert_rows(txn, 0, 1);
    commit(txn);
    txn = begin_read(store);
    assert_rows(txn, 0, 1);
    assert_int_equal(toc_txn_commit(txn), TOC_OK); /* ends a reader as well as an abort does */
    toc_store_close(store);
}

static void the_longest_key_and_a_long_value_fit(void **state)
{
    static char key[TOC_KEY_MAX], value[300000];
    struct toc_str out;
    const char *dir = fresh_dir();
    (void)state;
    memset(key, 0xff, sizeof(key));
    memset(value, 'v', sizeof(value));
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    struct toc_str k = toc_str(key, sizeof(key)), v = toc_str(value, sizeof(value));
    assert_int_equal(toc_put(txn, 0, k, v), TOC_OK);
    commit(txn);
    toc_store_close(store);
    store = open_at(dir);
    txn = begin_read(store);
    assert_int_equal(toc_get(txn, 0, k, &out), TOC_OK);
    assert_true(toc_str_equal(out, v));
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void a_failure_spoils_its_transaction_and_no_other(void **state)
{
    struct toc_str out = TOC_STR("untouched"), other;
    uint64_t count = 7;
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    /* The size alone is refused; the bytes are never looked at. */
    assert_int_equal(toc_put(txn, 0, TOC_STR("b"), toc_str("", TOC_VALUE_MAX + 1)), TOC_ERR_LIMIT);
    assert_int_equal(toc_put(txn, 0, TOC_STR("b"), TOC_STR("")), TOC_ERR_LIMIT);
    assert_int_equal(toc_del(txn, 0, TOC_STR("a")), TOC_ERR_LIMIT);
    assert_int_equal(toc_get(txn, 0, TOC_STR("a"), &out), TOC_ERR_LIMIT);
    assert_int_equal(toc_count(txn, 0, &count), TOC_ERR_LIMIT);
    assert_int_equal(toc_last_below(txn, 0, TOC_STR(""), &out, &other), TOC_ERR_LIMIT);
    assert_int_equal(toc_txn_commit(txn), TOC_ERR_LIMIT);
    assert_bytes(out, "untouched");
    assert_int_equal(count, 7);
    txn = begin_write(store);
    assert_no_row(txn, 0, "a");
    put(txn, 0, "a", "2");
    commit(txn);
    toc_store_close(store);
}

static void a_second_writer_is_refused_until_the_first_closes(void **state)
{
    struct toc_store *second = NULL;
    const char *dir = fresh_dir();
    struct toc_store_config config = config_at(dir);
    (void)state;
    struct toc_store *store = open_at(dir);
    assert_int_equal(toc_store_open(&config, &second), TOC_ERR_BUSY);
    assert_null(second);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1"); /* the refusal did the holder no harm */
    commit(txn);
    toc_store_close(store);
    store = open_at(dir);
    toc_store_close(store);
    toc_store_close(NULL);
}

static void a_reader_creates_nothing(void **state)
{
    static const char *const more[] = {"third", "second"};
    struct toc_store *store = NULL;
    struct toc_str key, value;
    struct toc_scan *scan;
    const char *dir = fresh_dir();
    struct toc_store_config config = config_at(dir);
    (void)state;
    config.read_only = true;
    assert_int_equal(toc_store_open(&config, &store), TOC_ERR_CONFIG);
    assert_int_equal(toc_store_open(&config, &store), TOC_ERR_CONFIG);
    assert_null(store);
    toc_store_close(open_at(dir));
    config.tables = more;
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    for (int round = 0; round < 2; round++) {
        struct toc_txn *txn = begin_read(store);
        assert_rows(txn, 0, 0);
        assert_no_row(txn, 0, "a");
        assert_int_equal(toc_first_at_least(txn, 0, TOC_STR(""), &key, &value), TOC_NONE);
        assert_int_equal(toc_last_below(txn, 0, TOC_STR(""), &key, &value), TOC_NONE);
        assert_int_equal(toc_scan_open(txn, 0, TOC_STR(""), &scan), TOC_OK);
        assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
        toc_scan_close(scan);
        toc_txn_abort(txn);
    }
    toc_store_close(store);
}

static void tables_are_known_by_name_and_can_be_added(void **state)
{
    static const char *const other[] = {"second", "third", "first"};
    const char *dir = fresh_dir();
    struct toc_store_config config = config_at(dir);
    (void)state;
    struct toc_store *store = open_at(dir);
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "in first");
    put(txn, 1, "a", "in second");
    commit(txn);
    toc_store_close(store);
    config.tables = other;
    config.table_count = 3;
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    txn = begin_write(store);
    assert_row(txn, 0, "a", "in second");
    assert_row(txn, 2, "a", "in first");
    assert_rows(txn, 1, 0);
    put(txn, 1, "a", "in third");
    commit(txn);
    toc_store_close(store);
}

static void readers_may_overlap(void **state)
{
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    put(txn, 0, "a", "1");
    commit(txn);
    for (int round = 0; round < 3; round++) {
        struct toc_txn *one = begin_read(store), *two = begin_read(store);
        assert_row(one, 0, "a", "1");
        toc_txn_abort(one);
        assert_row(two, 0, "a", "1");
        toc_txn_abort(two);
    }
    toc_txn_abort(NULL);
    txn = begin_write(store);
    put(txn, 0, "a", "2");
    commit(txn);
    txn = begin_read(store); /* a reader that is used again sees the present */
    assert_row(txn, 0, "a", "2");
    toc_txn_abort(txn);
    toc_store_close(store);
}

/* Runs `body` in a child; true when an assertion ended it. */
static bool aborts(void (*body)(const char *), const char *dir)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* not cmocka's, which goes on with the next test */
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(2);
        body(dir);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void append_backwards(const char *dir)
{
    struct toc_txn *txn = begin_write(open_at(dir));
    enum toc_err err = toc_append(txn, 0, TOC_STR("b"), TOC_STR(""));
    err = err == TOC_OK ? toc_append(txn, 0, TOC_STR("a"), TOC_STR("")) : err;
    _exit(err == TOC_OK ? 0 : 1);
}

static void append_twice(const char *dir)
{
    struct toc_txn *txn = begin_write(open_at(dir));
    enum toc_err err = toc_append(txn, 0, TOC_STR("b"), TOC_STR(""));
    err = err == TOC_OK ? toc_append(txn, 0, TOC_STR("b"), TOC_STR("")) : err;
    _exit(err == TOC_OK ? 0 : 1);
}

static void put_during_a_scan(const char *dir)
{
    struct toc_scan *scan;
    struct toc_txn *txn = begin_write(open_at(dir));
    if (toc_scan_open(txn, 0, TOC_STR(""), &scan) == TOC_OK)
        put(txn, 0, "a", "");
}

static void put_an_empty_key(const char *dir)
{
    put(begin_write(open_at(dir)), 0, "", "");
}

static void put_into_no_table(const char *dir)
{
    put(begin_write(open_at(dir)), 2, "a", "");
}

static void put_while_reading(const char *dir)
{
    put(begin_read(open_at(dir)), 0, "a", "");
}

static void close_with_an_open_transaction(const char *dir)
{
    struct toc_store *store = open_at(dir);
    put(begin_write(store), 0, "a", "");
    toc_store_close(store);
}

static void misuse_ends_the_process(void **state)
{
    (void)state;
    assert_true(aborts(append_backwards, fresh_dir()));
    assert_true(aborts(append_twice, fresh_dir()));
    assert_true(aborts(put_during_a_scan, fresh_dir()));
    assert_true(aborts(put_an_empty_key, fresh_dir()));
    assert_true(aborts(put_into_no_table, fresh_dir()));
    assert_true(aborts(put_while_reading, fresh_dir()));
    assert_true(aborts(close_with_an_open_transaction, fresh_dir()));
}

/* The same numbers from the same seed everywhere (SplitMix64). */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(uint64_t *seed, unsigned limit)
{
    return (unsigned)(next_random(seed) % limit);
}

/* Many rows, so that the trees are several levels high, put and deleted in a shuffled order. */
static void a_tall_tree_grows_and_shrinks_in_order(void **state)
{
    enum { ROWS = 20011 }; /* prime: any step visits every row once */
    struct toc_str key, value;
    uint8_t k[8];
    (void)state;
    struct toc_store *store = open_at(fresh_dir());
    struct toc_txn *txn = begin_write(store);
    for (uint64_t i = 0; i < ROWS; i++) {
        toc_put_u64be(k, i * 7919 % ROWS);
        assert_int_equal(toc_put(txn, 0, toc_str(k, 8), toc_str(k + 4, 4)), TOC_OK);
        toc_put_u64be(k, i);
        assert_int_equal(toc_append(txn, 1, toc_str(k, 8), toc_str(k + 4, 4)), TOC_OK);
    }
    commit(txn);
    txn = begin_write(store);
    for (uint64_t i = 0; i < ROWS; i++) {
        uint64_t at = i * 104729 % ROWS;
        toc_put_u64be(k, at);
        for (unsigned table = 0; table < 2; table++) {
            assert_int_equal(toc_first_at_least(txn, table, toc_str(k, 8), &key, &value), TOC_OK);
            assert_int_equal(toc_get_u64be(key.data), at);
            assert_int_equal(toc_get_u32be(value.data), at);
            enum toc_err err = toc_last_below(txn, table, toc_str(k, 8), &key, &value);
            assert_int_equal(err, at == 0 ? TOC_NONE : TOC_OK);
            if (at > 0)
                assert_int_equal(toc_get_u64be(key.data), at - 1);
        }
    }
    for (uint64_t i = 0; i < ROWS; i++) {
        toc_put_u64be(k, i * 15485863 % ROWS);
        assert_int_equal(toc_del(txn, 0, toc_str(k, 8)), TOC_OK);
        toc_put_u64be(k, i); /* the way a log is trimmed */
        assert_int_equal(toc_del(txn, 1, toc_str(k, 8)), TOC_OK);
        assert_rows(txn, 0, ROWS - 1 - i);
        enum toc_err err = toc_first_at_least(txn, 1, TOC_STR(""), &key, &value);
        assert_int_equal(err, i + 1 < ROWS ? TOC_OK : TOC_NONE);
        if (err == TOC_OK)
            assert_int_equal(toc_get_u64be(key.data), i + 1);
    }
    toc_txn_abort(txn); /* and all of it comes back */
    txn = begin_read(store);
    for (unsigned table = 0; table < 2; table++) {
        struct toc_scan *scan;
        assert_int_equal(toc_scan_open(txn, table, TOC_STR(""), &scan), TOC_OK);
        for (uint64_t i = 0; i < ROWS; i++) {
            assert_int_equal(toc_scan_next(scan, &key, &value), TOC_OK);
            assert_int_equal(toc_get_u64be(key.data), i);
        }
        assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
        toc_scan_close(scan);
        assert_rows(txn, table, ROWS);
    }
    toc_txn_abort(txn);
    toc_store_close(store);
}

/* The model: one sorted array per table, searched from its beginning. */

enum { MODEL_KEYS = 700, MODEL_VALUE_MAX = 3000 };

struct model_row {
    char key[TOC_KEY_MAX];
    size_t key_size, value_size;
    uint64_t stamp; /* what the value is made from */
};

struct model {
    struct model_row rows[2][MODEL_KEYS];
    size_t count[2];
};

/* Few letters, the ends of the byte range among them, so that many keys share long prefixes. */
static struct toc_str model_key(unsigned number, char out[TOC_KEY_MAX])
{
    static const char letters[] = {'\0', 'a', '\x7f', '\x80', '\xff'};
    uint64_t seed = number;
    size_t size = number % 5 == 0 ? 8 : 1 + below(&seed, TOC_KEY_MAX);
    size_t same = below(&seed, 12);
    for (size_t i = 0; i < size; i++)
        out[i] = i < same ? 'a' : letters[below(&seed, sizeof(letters))];
    return toc_str(out, size);
}

static struct toc_str model_value(uint64_t stamp, size_t size, char out[MODEL_VALUE_MAX])
{
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(stamp + i * (stamp | 1));
    return toc_str(out, size);
}

/* The first row at or after the key, or the count. */
static size_t model_find(const struct model *model, unsigned table, struct toc_str key)
{
    size_t at = 0;
    while (at < model->count[table]) {
        const struct model_row *row = &model->rows[table][at];
        size_t shared = row->key_size < key.size ? row->key_size : key.size;
        int order = memcmp(row->key, key.data, shared);
        if (order > 0 || (order == 0 && row->key_size >= key.size))
            break;
        at++;
    }
    return at;
}

static bool model_has(const struct model *model, unsigned table, size_t at, struct toc_str key)
{
    const struct model_row *row = &model->rows[table][at];
    return at < model->count[table] && row->key_size == key.size &&
           memcmp(row->key, key.data, key.size) == 0;
}

static void model_put(struct model *model, unsigned table, struct toc_str key, uint64_t stamp,
                      size_t value_size)
{
    size_t at = model_find(model, table, key);
    struct model_row *row = &model->rows[table][at];
    if (!model_has(model, table, at, key)) {
        assert_true(model->count[table] < MODEL_KEYS);
        memmove(row + 1, row, (model->count[table]++ - at) * sizeof(*row));
        memcpy(row->key, key.data, key.size);
        row->key_size = key.size;
    }
    row->stamp = stamp;
    row->value_size = value_size;
}

static bool model_del(struct model *model, unsigned table, struct toc_str key)
{
    size_t at = model_find(model, table, key);
    struct model_row *row = &model->rows[table][at];
    if (!model_has(model, table, at, key))
        return false;
    memmove(row, row + 1, (--model->count[table] - at) * sizeof(*row));
    return true;
}

static void assert_model_row(const struct model_row *row, struct toc_str key, struct toc_str value)
{
    char bytes[MODEL_VALUE_MAX];
    assert_true(toc_str_equal(key, toc_str(row->key, row->key_size)));
    assert_true(toc_str_equal(value, model_value(row->stamp, row->value_size, bytes)));
}

static void assert_model_equal(const struct model *model, struct toc_txn *txn)
{
    struct toc_str key, value;
    for (unsigned table = 0; table < 2; table++) {
        struct toc_scan *scan;
        assert_rows(txn, table, model->count[table]);
        assert_int_equal(toc_scan_open(txn, table, TOC_STR(""), &scan), TOC_OK);
        for (size_t i = 0; i < model->count[table]; i++) {
            assert_int_equal(toc_scan_next(scan, &key, &value), TOC_OK);
            assert_model_row(&model->rows[table][i], key, value);
        }
        assert_int_equal(toc_scan_next(scan, &key, &value), TOC_NONE);
        toc_scan_close(scan);
    }
}

static void read_both(const struct model *model, struct toc_txn *txn, unsigned table,
                      struct toc_str key)
{
    const struct model_row *rows = model->rows[table];
    struct toc_str out_key, out_value;
    size_t at = model_find(model, table, key);
    bool has = model_has(model, table, at, key);
    assert_int_equal(toc_get(txn, table, key, &out_value), has ? TOC_OK : TOC_NONE);
    if (has)
        assert_model_row(&rows[at], key, out_value);
    enum toc_err err = toc_first_at_least(txn, table, key, &out_key, &out_value);
    assert_int_equal(err, at < model->count[table] ? TOC_OK : TOC_NONE);
    if (err == TOC_OK)
        assert_model_row(&rows[at], out_key, out_value);
    err = toc_last_below(txn, table, key, &out_key, &out_value);
    assert_int_equal(err, at > 0 ? TOC_OK : TOC_NONE);
    if (err == TOC_OK)
        assert_model_row(&rows[at - 1], out_key, out_value);
}

/* One random operation on both; `eager` in 0..99 says how likely a write puts. */
static void step_both(struct model *model, struct toc_txn *txn, uint64_t *seed, unsigned eager)
{
    char key_bytes[TOC_KEY_MAX], value_bytes[MODEL_VALUE_MAX];
    unsigned table = below(seed, 2);
    struct toc_str key = model_key(below(seed, MODEL_KEYS), key_bytes);
    if (below(seed, 3) == 0) {
        read_both(model, txn, table, key);
    } else if (below(seed, 100) < eager) {
        uint64_t stamp = next_random(seed);
        size_t size = below(seed, below(seed, 10) == 0 ? MODEL_VALUE_MAX : 100);
        struct toc_str value = model_value(stamp, size, value_bytes);
        bool last = model_find(model, table, key) == model->count[table];
        model_put(model, table, key, stamp, size);
        assert_int_equal(
            last ? toc_append(txn, table, key, value) : toc_put(txn, table, key, value), TOC_OK);
    } else {
        bool was = model_del(model, table, key);
        assert_int_equal(toc_del(txn, table, key), was ? TOC_OK : TOC_NONE);
    }
}

static void run_model(uint64_t seed, unsigned transactions)
{
    const char *dir = fresh_dir();
    struct model *now = calloc(1, sizeof(*now)), *committed = calloc(1, sizeof(*committed));
    assert_true(now != NULL && committed != NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    struct toc_store *store = open_at(dir);
    for (unsigned i = 0; i < transactions; i++) {
        unsigned eager = i / 40 % 2 == 0 ? 85 : 10; /* fill for a while, then empty */
        struct toc_txn *txn = begin_write(store);
        for (unsigned steps = below(&seed, 60); steps > 0; steps--)
            step_both(now, txn, &seed, eager);
        assert_model_equal(now, txn);
        if (below(&seed, 3) == 0) {
            toc_txn_abort(txn);
            *now = *committed;
        } else {
            commit(txn);
            *committed = *now;
        }
        if (below(&seed, 16) == 0) {
            toc_store_close(store);
            store = open_at(dir);
        }
        txn = begin_read(store);
        assert_model_equal(committed, txn);
        toc_txn_abort(txn);
    }
    toc_store_close(store);
    free(now);
    free(committed);
}

/* STORE_SEED repeats one seed. */
static void random_histories_agree_with_a_sorted_array(void **state)
{
    const char *seed = getenv("STORE_SEED");
    (void)state;
    if (seed != NULL) {
        run_model(strtoull(seed, NULL, 10), 240);
        return;
    }
    for (uint64_t i = 1; i <= 4; i++)
        run_model(i, 240);
}

#define STORE_CASES                                                                                \
    cmocka_unit_test(what_was_committed_is_there_after_reopening),                                 \
        cmocka_unit_test(an_abort_leaves_no_trace),                                                \
        cmocka_unit_test(a_transaction_sees_its_own_writes),                                       \
        cmocka_unit_test(rows_are_found_at_and_below_a_key),                                       \
        cmocka_unit_test(keys_sort_bytewise_and_a_prefix_comes_first),                             \
        cmocka_unit_test(a_scan_starts_at_its_key_and_stays_at_its_end),                           \
        cmocka_unit_test(replacing_and_deleting_keep_the_count_right),                             \
        cmocka_unit_test(the_longest_key_and_a_long_value_fit),                                    \
        cmocka_unit_test(a_failure_spoils_its_transaction_and_no_other),                           \
        cmocka_unit_test(a_second_writer_is_refused_until_the_first_closes),                       \
        cmocka_unit_test(a_reader_creates_nothing),                                                \
        cmocka_unit_test(tables_are_known_by_name_and_can_be_added),                               \
        cmocka_unit_test(readers_may_overlap), cmocka_unit_test(misuse_ends_the_process),          \
        cmocka_unit_test(a_tall_tree_grows_and_shrinks_in_order),                                  \
        cmocka_unit_test(random_histories_agree_with_a_sorted_array)

#endif
