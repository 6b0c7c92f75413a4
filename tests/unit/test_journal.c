#include "common/journal.h"

#include "common/store_mem.h"
#include "common/turn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LOG_ID 0x1122334455667788ull

static const char *const tables[] = {"log", "meta"};
static struct toc_arena arena;
static struct toc_store *store;
static struct toc_txn *txn;
static struct toc_journal journal;

static void open_disk(void)
{
    struct toc_store_config config = {
        .dir = "disk", .tables = tables, .table_count = 2, .map_bytes = TOC_MAP_MIN};
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
}

static void commit(void)
{
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
}

static void close_disk(void)
{
    toc_txn_abort(txn);
    toc_store_close(store);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(toc_arena_init(&arena, 64 * 1024), TOC_OK);
    open_disk();
    assert_int_equal(toc_journal_open(&journal, txn, LOG_ID), TOC_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_disk();
    toc_mem_disk_free_all();
    toc_arena_done(&arena);
    return 0;
}

static enum toc_err append_sized(uint64_t number, size_t body_bytes)
{
    static char body[4096];
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    toc_arena_reset(&arena, 0);
    memset(body, 'a' + (int)(number % 26), sizeof(body));
    record.partition = (uint32_t)(number % 64);
    record.class_ = TOC_CLASS_CLOCK;
    record.at_ms = -5 + (toc_time_ms)number;
    record.log_ms = 1000 * (toc_time_ms)number;
    record.body = toc_wire_binary(toc_str(body, body_bytes));
    return toc_journal_append(&journal, txn, &arena, &record);
}

static void append(uint64_t number)
{
    assert_int_equal(append_sized(number, 10 + number % 100), TOC_OK);
}

static void append_many(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        append(journal.last_seq + 1);
}

static struct toc_str key_of(uint8_t key[8], uint64_t seq)
{
    toc_put_u64be(key, seq);
    return toc_str(key, 8);
}

/* Computes the chain from the records' bytes alone and compares every step. */
static void assert_chain(uint64_t from_seq, const uint8_t anchor[TOC_SHA256], uint64_t count)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    uint8_t chain[TOC_SHA256], joined[TOC_SHA256 + TOC_VALUE_GOOD];
    memcpy(chain, anchor, TOC_SHA256);
    assert_int_equal(toc_journal_scan(txn, from_seq, &scan), TOC_OK);
    for (uint64_t i = 0; i < count; i++) {
        assert_int_equal(toc_journal_next(scan, &entry), TOC_OK);
        assert_int_equal(entry.seq, from_seq + i);
        memcpy(joined, chain, TOC_SHA256);
        memcpy(joined + TOC_SHA256, entry.record.data, entry.record.size);
        toc_sha256(chain, toc_str(joined, TOC_SHA256 + entry.record.size));
        assert_memory_equal(entry.hash.data, chain, TOC_SHA256);
    }
    assert_int_equal(toc_journal_next(scan, &entry), TOC_NONE);
    toc_scan_close(scan);
    assert_memory_equal(journal.hash, chain, TOC_SHA256);
}

static const uint8_t zeros[TOC_SHA256];

static void a_new_log_has_an_identity_and_nothing_else(void **state)
{
    struct toc_journal_entry entry;
    uint8_t hash[TOC_SHA256];
    (void)state;
    assert_true(journal.log_id == LOG_ID);
    assert_int_equal(journal.first_seq, 1);
    assert_int_equal(journal.last_seq, 0);
    assert_memory_equal(journal.hash, zeros, TOC_SHA256);
    assert_true(journal.last_at_ms == TOC_TIME_MIN && journal.last_log_ms == TOC_TIME_MIN);
    assert_int_equal(toc_journal_read(txn, 1, &entry), TOC_NONE);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 0, hash), TOC_OK);
    assert_memory_equal(hash, zeros, TOC_SHA256);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 1, hash), TOC_NONE);
}

static void an_identity_is_kept_and_never_taken_again(void **state)
{
    (void)state;
    commit();
    assert_int_equal(toc_journal_open(&journal, txn, 99), TOC_OK);
    assert_true(journal.log_id == LOG_ID);
}

static void the_chain_is_what_anyone_can_compute(void **state)
{
    (void)state;
    append_many(100);
    assert_chain(1, zeros, 100);
}

static void a_record_reads_back_with_its_place(void **state)
{
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record;
    (void)state;
    append_many(7);
    assert_int_equal(toc_journal_read(txn, 5, &entry), TOC_OK);
    assert_int_equal(entry.seq, 5);
    assert_int_equal(entry.partition, 5);
    assert_int_equal(entry.class_bit, TOC_CLASS_CLOCK);
    assert_int_equal(
        toc_wire_unpack(&arena, &tocsin__v1__record__descriptor, entry.record, &record), TOC_OK);
    assert_int_equal(record->seq, 5);
    assert_int_equal(record->log_ms, 5000);
    assert_int_equal(journal.last_at_ms, 2);
    assert_int_equal(toc_journal_read(txn, 8, &entry), TOC_NONE);
    assert_int_equal(toc_journal_read(txn, 0, &entry), TOC_NONE);
}

/* Crash after any number of records: the log stands where the last commit left it. */
static void it_opens_at_every_length(void **state)
{
    (void)state;
    commit();
    for (uint64_t length = 0; length < 40; length++) {
        struct toc_journal before = journal;
        append(1000); /* never committed */
        close_disk();
        open_disk();
        assert_int_equal(toc_journal_open(&journal, txn, 99), TOC_OK);
        assert_memory_equal(&journal, &before, sizeof(journal));
        append(length + 1);
        commit();
    }
    assert_chain(1, zeros, 40);
}

static void every_byte_that_changes_is_found(void **state)
{
    uint8_t key[8], flipped[256];
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    struct toc_str value;
    (void)state;
    append_many(3);
    assert_int_equal(toc_get(txn, TOC_TABLE_LOG, key_of(key, 2), &value), TOC_OK);
    size_t size = value.size;
    assert_in_range(size, 41, sizeof(flipped));
    memcpy(flipped, value.data, size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(toc_put(txn, TOC_TABLE_LOG, key_of(key, 2), toc_str(flipped, size)),
                         TOC_OK);
        assert_int_equal(toc_journal_read(txn, 2, &entry), TOC_ERR_DAMAGED);
        flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    flipped[50] ^= 1;
    assert_int_equal(toc_put(txn, TOC_TABLE_LOG, key_of(key, 2), toc_str(flipped, size)), TOC_OK);
    assert_int_equal(toc_journal_scan(txn, 1, &scan), TOC_OK);
    assert_int_equal(toc_journal_next(scan, &entry), TOC_OK);
    assert_int_equal(toc_journal_next(scan, &entry), TOC_ERR_DAMAGED);
    toc_scan_close(scan);
}

static void a_row_that_is_cut_is_found_at_every_length(void **state)
{
    uint8_t key[8], copy[256];
    struct toc_journal_entry entry;
    struct toc_str value;
    (void)state;
    append(1);
    assert_int_equal(toc_get(txn, TOC_TABLE_LOG, key_of(key, 1), &value), TOC_OK);
    size_t size = value.size;
    memcpy(copy, value.data, size);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(toc_put(txn, TOC_TABLE_LOG, key_of(key, 1), toc_str(copy, cut)), TOC_OK);
        assert_int_equal(toc_journal_read(txn, 1, &entry), TOC_ERR_DAMAGED);
        assert_int_equal(toc_journal_open(&journal, txn, 99), TOC_ERR_DAMAGED);
    }
}

static void a_damaged_identity_is_found(void **state)
{
    uint8_t row[49] = {0}, hash[TOC_SHA256];
    (void)state;
    for (size_t size = 0; size <= sizeof(row); size++) {
        if (size == 48)
            continue;
        assert_int_equal(toc_put(txn, TOC_TABLE_META, TOC_STR("log"), toc_str(row, size)), TOC_OK);
        assert_int_equal(toc_journal_hash_at(&journal, txn, 0, hash), TOC_ERR_DAMAGED);
    }
    struct toc_journal other;
    assert_int_equal(toc_journal_open(&other, txn, 99), TOC_ERR_DAMAGED);
}

static void a_record_over_the_limit_changes_nothing(void **state)
{
    (void)state;
    append_many(2);
    struct toc_journal before = journal;
    assert_int_equal(append_sized(3, TOC_VALUE_GOOD), TOC_ERR_LIMIT);
    assert_memory_equal(&journal, &before, sizeof(journal));
    size_t size = TOC_VALUE_GOOD;
    while (append_sized(3, size) == TOC_ERR_LIMIT)
        size--;
    assert_int_equal(journal.last_seq, 3);
    assert_in_range(size, 1900, TOC_VALUE_GOOD - 40);
    assert_chain(1, zeros, 3);
}

static void an_exhausted_arena_changes_nothing(void **state)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    struct toc_journal before = journal;
    (void)state;
    arena.used = arena.size;
    assert_int_equal(toc_journal_append(&journal, txn, &arena, &record), TOC_ERR_LIMIT);
    assert_memory_equal(&journal, &before, sizeof(journal));
}

static void a_full_store_changes_nothing(void **state)
{
    (void)state;
    append_many(2);
    commit();
    struct toc_journal before = journal;
    toc_mem_disk_full("disk", true);
    assert_int_equal(append_sized(3, 100), TOC_ERR_FULL);
    assert_memory_equal(&journal, &before, sizeof(journal));
    toc_mem_disk_full("disk", false);
}

static void trimming_keeps_the_chain_and_its_anchor(void **state)
{
    uint8_t anchor[TOC_SHA256], expected[TOC_SHA256];
    struct toc_journal_entry entry;
    (void)state;
    append_many(30);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 10, expected), TOC_OK);
    assert_int_equal(toc_journal_trim(&journal, txn, 11, 100), TOC_OK);
    assert_int_equal(journal.first_seq, 11);
    assert_int_equal(toc_journal_read(txn, 10, &entry), TOC_NONE);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 10, anchor), TOC_OK);
    assert_memory_equal(anchor, expected, TOC_SHA256);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 9, expected), TOC_NONE);
    assert_chain(11, anchor, 20);
    commit();
    struct toc_journal before = journal;
    assert_int_equal(toc_journal_open(&journal, txn, 99), TOC_OK);
    assert_memory_equal(&journal, &before, sizeof(journal));
    append_many(5);
    assert_chain(11, anchor, 25);
}

static void trimming_goes_in_small_steps(void **state)
{
    uint8_t anchor[TOC_SHA256];
    uint64_t rows;
    (void)state;
    append_many(30);
    for (uint64_t first = 5; first <= 25; first += 4) {
        assert_int_equal(toc_journal_trim(&journal, txn, 26, 4), TOC_OK);
        assert_int_equal(journal.first_seq, first);
        assert_int_equal(toc_count(txn, TOC_TABLE_LOG, &rows), TOC_OK);
        assert_int_equal(rows, 31 - first);
    }
    assert_int_equal(toc_journal_trim(&journal, txn, 26, 4), TOC_OK);
    assert_int_equal(journal.first_seq, 26);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 25, anchor), TOC_OK);
    assert_chain(26, anchor, 5);
}

static void the_newest_record_is_never_trimmed(void **state)
{
    uint8_t anchor[TOC_SHA256];
    (void)state;
    assert_int_equal(toc_journal_trim(&journal, txn, 50, 100), TOC_OK);
    assert_int_equal(journal.first_seq, 1);
    append_many(6);
    assert_int_equal(toc_journal_trim(&journal, txn, UINT64_MAX, 100), TOC_OK);
    assert_int_equal(journal.first_seq, 6);
    assert_int_equal(toc_journal_hash_at(&journal, txn, 5, anchor), TOC_OK);
    assert_chain(6, anchor, 1);
    assert_int_equal(toc_journal_trim(&journal, txn, 3, 100), TOC_OK); /* below what is here */
    assert_int_equal(toc_journal_trim(&journal, txn, 6, 0), TOC_OK);
    assert_int_equal(journal.first_seq, 6);
}

static void a_scan_may_begin_anywhere(void **state)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    (void)state;
    append_many(10);
    assert_int_equal(toc_journal_trim(&journal, txn, 4, 100), TOC_OK);
    assert_int_equal(toc_journal_scan(txn, 1, &scan), TOC_OK);
    assert_int_equal(toc_journal_next(scan, &entry), TOC_OK);
    assert_int_equal(entry.seq, 4);
    toc_scan_close(scan);
    assert_int_equal(toc_journal_scan(txn, 11, &scan), TOC_OK);
    assert_int_equal(toc_journal_next(scan, &entry), TOC_NONE);
    toc_scan_close(scan);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_new_log_has_an_identity_and_nothing_else),
        CASE(an_identity_is_kept_and_never_taken_again),
        CASE(the_chain_is_what_anyone_can_compute),
        CASE(a_record_reads_back_with_its_place),
        CASE(it_opens_at_every_length),
        CASE(every_byte_that_changes_is_found),
        CASE(a_row_that_is_cut_is_found_at_every_length),
        CASE(a_damaged_identity_is_found),
        CASE(a_record_over_the_limit_changes_nothing),
        CASE(an_exhausted_arena_changes_nothing),
        CASE(a_full_store_changes_nothing),
        CASE(trimming_keeps_the_chain_and_its_anchor),
        CASE(trimming_goes_in_small_steps),
        CASE(the_newest_record_is_never_trimmed),
        CASE(a_scan_may_begin_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
