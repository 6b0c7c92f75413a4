/*
 * A day and a quarter of keys at 1,000 a second, on the real store: each of the window is known,
 * and none that never was, at every hour, after restarts, and while what is past the window goes.
 *
 * At its full size (TOCSIN_DEDUPE_DAY=1: 108 million keys, 5 GB below $TMPDIR or /tmp, some
 * minutes) only when asked for; otherwise time and memory are both divided by 512, which has the
 * index freeze and merge as often.
 */
#include "services/intake/dedupe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define HOUR_MS ((toc_time_ms)3600000)
#define WINDOW  (24 * HOUR_MS)
#define HOURS   30
#define BATCH   20000

static char dir[300];

struct day {
    uint64_t step_ms; /* between two keys: a thousand a second, or a share of it */
    struct dedupe_config config;
    struct toc_store *store;
    struct dedupe *index;
    uint64_t count; /* keys so far; the seq of the latest, and with step_ms the time */
};

/* One to one, so that no two keys share a fingerprint and each answer is known. */
static uint64_t fingerprint(uint64_t key)
{
    key += UINT64_C(0x9e3779b97f4a7c15);
    key = (key ^ key >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ key >> 27) * UINT64_C(0x94d049bb133111eb);
    return key ^ key >> 31;
}

static void day_open(struct day *day)
{
    static const char *const tables[] = {"pages", "meta"};
    const struct toc_store_config config = {
        .dir = dir, .tables = tables, .table_count = 2, .map_bytes = (size_t)32 << 30};
    struct toc_txn *txn;
    assert_int_equal(toc_store_open(&config, &day->store), TOC_OK);
    assert_int_equal(toc_txn_begin_read(day->store, &txn), TOC_OK);
    assert_int_equal(dedupe_open(&day->config, txn, &day->index), TOC_OK);
    toc_txn_abort(txn);
    for (uint64_t seq = dedupe_indexed_through(day->index) + 1; seq <= day->count; seq++)
        assert_int_equal(
            dedupe_replay(day->index, fingerprint(seq), seq, (toc_time_ms)(seq * day->step_ms)),
            TOC_OK);
}

static void day_close(struct day *day)
{
    dedupe_free(day->index);
    toc_store_close(day->store);
}

static void add_until(struct day *day, toc_time_ms at_ms)
{
    struct toc_txn *txn;
    while ((toc_time_ms)(day->count * day->step_ms) < at_ms) {
        assert_int_equal(toc_txn_begin_write(day->store, &txn), TOC_OK);
        for (unsigned i = 0; i < BATCH && (toc_time_ms)(day->count * day->step_ms) < at_ms; i++) {
            day->count++;
            assert_int_equal(dedupe_add(day->index, txn, fingerprint(day->count), day->count,
                                        (toc_time_ms)(day->count * day->step_ms)),
                             TOC_OK);
        }
        assert_int_equal(toc_txn_commit(txn), TOC_OK);
    }
}

/* Each `stride`-th key of the window, and as many that never were. */
static void check(const struct day *day, uint64_t stride)
{
    uint64_t window = (uint64_t)WINDOW / day->step_ms, seqs[DEDUPE_HITS_MAX];
    uint64_t seq = day->count > window ? day->count - window : 1;
    struct toc_txn *txn;
    size_t hits;
    assert_int_equal(toc_txn_begin_read(day->store, &txn), TOC_OK);
    for (; seq <= day->count; seq += stride) {
        hits = 0;
        assert_int_equal(dedupe_find(day->index, txn, fingerprint(seq), seqs, &hits), TOC_OK);
        assert_int_equal(hits, 1);
        assert_int_equal(seqs[0], seq);
        assert_int_equal(
            dedupe_find(day->index, txn, fingerprint(seq + (UINT64_C(1) << 40)), seqs, &hits),
            TOC_NONE);
    }
    toc_txn_abort(txn);
}

static void a_day_at_a_thousand_a_second_is_remembered_exactly(void **state)
{
    bool full = getenv("TOCSIN_DEDUPE_DAY") != NULL;
    struct day day = {.step_ms = full ? 1 : 512,
                      .config = {0, 1, full ? 1u << 18 : 1u << 9, WINDOW}};
    (void)state;
    day_open(&day);
    for (unsigned hour = 1; hour <= HOURS; hour++) {
        add_until(&day, hour * HOUR_MS);
        check(&day, 997);
        if (hour % 7 == 0) {
            day_close(&day);
            day_open(&day);
            check(&day, 499);
        }
    }
    check(&day, full ? 11 : 1);
    /* What is past the window is not kept for ever. */
    assert_true(dedupe_needs_from(day.index) > 1);
    day_close(&day);
}

static int begin(void **state)
{
    const char *parent = getenv("TMPDIR");
    (void)state;
    snprintf(dir, sizeof(dir), "%s/tocsin-day-XXXXXX", parent != NULL ? parent : "/tmp");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int end(void **state)
{
    char command[320];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_at_a_thousand_a_second_is_remembered_exactly),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
