#include "services/intake/dedupe_impl.h"
#include "common/store_mem.h"

#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PAGES    0
#define META     1
#define LOG_MAX  100000
#define HEADS    (1u << 16)
#define NOTHING  UINT32_MAX
#define NO_LIMIT ((toc_time_ms)1 << 50) /* a window that nothing leaves */

static const char *const tables[] = {"pages", "meta"};

/* The log that the index is about, with a plain chain of the records of each fingerprint. */
struct record {
    uint64_t fingerprint, seq;
    toc_time_ms at_ms;
    uint32_t before; /* an older record in the same chain */
};

struct rig {
    const char *disk;
    struct toc_store *store;
    struct toc_txn *txn; /* NULL between transactions */
    struct dedupe *index;
    struct dedupe_config config;
    struct record *log;
    uint32_t *heads;
    uint32_t count, committed; /* records */
    uint64_t seq;
    toc_time_ms now_ms;
    uint64_t random;
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint64_t draw(struct rig *rig)
{
    rig->random += UINT64_C(0x632be59bd9b4e019);
    return mix(rig->random);
}

static void begin(struct rig *rig)
{
    assert_int_equal(toc_txn_begin_write(rig->store, &rig->txn), TOC_OK);
}

static void commit(struct rig *rig)
{
    assert_int_equal(toc_txn_commit(rig->txn), TOC_OK);
    rig->txn = NULL;
    rig->committed = rig->count;
}

static void open_index(struct rig *rig)
{
    struct toc_store_config config = {
        .dir = rig->disk, .tables = tables, .table_count = 2, .map_bytes = 1u << 30};
    assert_int_equal(toc_store_open(&config, &rig->store), TOC_OK);
    begin(rig);
    assert_int_equal(dedupe_open(&rig->config, rig->txn, &rig->index), TOC_OK);
    commit(rig);
    for (uint32_t i = 0; i < rig->count; i++) {
        const struct record *r = &rig->log[i];
        if (r->seq > dedupe_indexed_through(rig->index))
            assert_int_equal(dedupe_replay(rig->index, r->fingerprint, r->seq, r->at_ms), TOC_OK);
    }
}

static void close_index(struct rig *rig)
{
    toc_txn_abort(rig->txn);
    rig->txn = NULL;
    dedupe_free(rig->index);
    toc_store_close(rig->store);
}

/* The process dies: what was not committed is in neither the log nor the index. */
static void crash(struct rig *rig)
{
    for (; rig->count > rig->committed; rig->count--) {
        const struct record *r = &rig->log[rig->count - 1];
        rig->heads[r->fingerprint % HEADS] = r->before;
    }
    close_index(rig);
    open_index(rig);
}

static void rig_init(struct rig *rig, const char *disk, size_t memory_entries,
                     toc_time_ms window_ms)
{
    *rig = (struct rig){
        .disk = disk,
        .config = {PAGES, META, memory_entries, window_ms},
        .log = calloc(LOG_MAX, sizeof(struct record)),
        .heads = calloc(HEADS, sizeof(uint32_t)),
        .now_ms = 1000000,
    };
    assert_non_null(rig->log);
    assert_non_null(rig->heads);
    for (size_t i = 0; i < HEADS; i++)
        rig->heads[i] = NOTHING;
    toc_mem_disk_free(disk);
    open_index(rig);
}

static void rig_done(struct rig *rig)
{
    close_index(rig);
    free(rig->log);
    free(rig->heads);
    toc_mem_disk_free(rig->disk);
}

static enum toc_err try_add(struct rig *rig, uint64_t fingerprint)
{
    uint32_t *head = &rig->heads[fingerprint % HEADS];
    assert_true(rig->count < LOG_MAX);
    rig->seq++;
    rig->log[rig->count] = (struct record){fingerprint, rig->seq, rig->now_ms, *head};
    *head = rig->count++;
    return dedupe_add(rig->index, rig->txn, fingerprint, rig->seq, rig->now_ms);
}

static void add(struct rig *rig, uint64_t fingerprint)
{
    assert_int_equal(try_add(rig, fingerprint), TOC_OK);
}

/* `count` fresh keys, `step_ms` apart, in one transaction. */
static void add_fresh(struct rig *rig, uint32_t count, toc_time_ms step_ms)
{
    begin(rig);
    for (uint32_t i = 0; i < count; i++) {
        rig->now_ms += step_ms;
        add(rig, draw(rig));
    }
    commit(rig);
}

/*
 * The index names every record of the window, latest first, and nothing that is not in the log
 * under this fingerprint.
 */
static void check(struct rig *rig, uint64_t fingerprint)
{
    uint64_t seqs[DEDUPE_HITS_MAX];
    size_t hits = 0, at = 0;
    enum toc_err err = dedupe_find(rig->index, rig->txn, fingerprint, seqs, &hits);
    assert_true(err == TOC_OK || err == TOC_NONE);
    assert_true((err == TOC_OK) == (hits > 0) && hits <= DEDUPE_HITS_MAX);
    for (uint32_t i = rig->heads[fingerprint % HEADS]; i != NOTHING; i = rig->log[i].before) {
        const struct record *r = &rig->log[i];
        if (r->fingerprint != fingerprint || at == DEDUPE_HITS_MAX)
            continue;
        if (at < hits && seqs[at] == r->seq)
            at++;
        else if (r->at_ms >= rig->now_ms - rig->config.window_ms)
            fail_msg("seq %llu of disk %s is forgotten", (unsigned long long)r->seq, rig->disk);
    }
    assert_int_equal(at, hits);
}

/*
 * Keys of the window, each `stride`-th from the latest on, with the transaction that is open or one
 * of its own.
 */
static void check_each(struct rig *rig, uint32_t stride, uint32_t first)
{
    bool own = rig->txn == NULL;
    if (own)
        assert_int_equal(toc_txn_begin_read(rig->store, &rig->txn), TOC_OK);
    for (uint32_t back = 1 + first; back <= rig->count; back += stride) {
        const struct record *r = &rig->log[rig->count - back];
        if (r->at_ms < rig->now_ms - rig->config.window_ms)
            break;
        check(rig, r->fingerprint);
        check(rig, mix(r->fingerprint));
    }
    if (own) {
        toc_txn_abort(rig->txn);
        rig->txn = NULL;
    }
}

static void check_all(struct rig *rig)
{
    check_each(rig, 1, 0);
}

static uint64_t rows(struct rig *rig)
{
    uint64_t count;
    assert_int_equal(toc_count(rig->txn, PAGES, &count), TOC_OK);
    return count;
}

static uint64_t rows_now(struct rig *rig)
{
    assert_int_equal(toc_txn_begin_read(rig->store, &rig->txn), TOC_OK);
    uint64_t count = rows(rig);
    toc_txn_abort(rig->txn);
    rig->txn = NULL;
    return count;
}

static size_t meta_size(struct rig *rig)
{
    struct toc_str row = {NULL, 0};
    begin(rig);
    enum toc_err err = toc_get(rig->txn, META, TOC_STR("dedupe"), &row);
    assert_true(err == TOC_OK || err == TOC_NONE);
    commit(rig);
    return row.size;
}

static uint64_t listed_pages(const struct dedupe *d)
{
    uint64_t pages = 0;
    for (size_t i = 0; i < d->count; i++)
        pages += d->segments[i].pages;
    return pages;
}

static uint32_t largest(const struct dedupe *d)
{
    uint32_t entries = 0;
    for (size_t i = 0; i < d->count; i++)
        if (d->segments[i].entries > entries)
            entries = d->segments[i].entries;
    return entries;
}

static bool is_merging(const struct dedupe *d)
{
    for (unsigned slot = 0; slot < DEDUPE_LEVELS; slot++)
        if (d->merges[slot].no != 0)
            return true;
    return false;
}

/* The random model. */

/* A fresh fingerprint, or now and then one that is in the log already. */
static uint64_t any_fingerprint(struct rig *rig)
{
    if (rig->count > 0 && draw(rig) % 50 == 0)
        return rig->log[draw(rig) % rig->count].fingerprint;
    return draw(rig);
}

/* One of the latest 200, or of all. */
static uint64_t any_older(struct rig *rig)
{
    uint32_t among = rig->count > 200 && draw(rig) % 2 == 0 ? 200 : rig->count;
    return rig->log[rig->count - 1 - draw(rig) % among].fingerprint;
}

static void random_batch(struct rig *rig, toc_time_ms step_ms)
{
    begin(rig);
    for (uint64_t left = 1 + draw(rig) % 60; left > 0 && rig->count < LOG_MAX; left--) {
        rig->now_ms += (toc_time_ms)(draw(rig) % (uint64_t)(2 * step_ms + 1));
        uint64_t fingerprint = any_fingerprint(rig);
        add(rig, fingerprint);
        check(rig, left % 4 == 0 ? fingerprint : left % 4 == 1 ? draw(rig) : any_older(rig));
    }
}

/* `crash_one_in` batches end in a crash before the commit, as many in one after it. */
static void random_run(uint64_t seed, uint32_t records, toc_time_ms window_ms,
                       unsigned crash_one_in)
{
    const uint32_t between_checks = records / 10;
    struct rig rig;
    uint32_t deepest = 0, next_check = between_checks, expiries = 0;
    rig_init(&rig, "random", 16, window_ms);
    rig.random = seed;
    while (rig.count < records) {
        /* Slow and fast spells, so that segments of many ages and sizes meet. */
        toc_time_ms step_ms = (toc_time_ms[]){0, 5, 10, 60}[mix(seed + rig.count / 1000) % 4];
        uint64_t first = rig.index->count ? rig.index->segments[0].from_seq : 0;
        random_batch(&rig, step_ms);
        bool crashes = draw(&rig) % crash_one_in == 0;
        if (!crashes) {
            commit(&rig);
            assert_true(meta_size(&rig) < TOC_VALUE_GOOD);
            crashes = draw(&rig) % crash_one_in == 0;
        }
        expiries += rig.index->count && first && rig.index->segments[0].from_seq > first;
        deepest = largest(rig.index) > deepest ? largest(rig.index) : deepest;
        if (crashes)
            crash(&rig);
        if (rig.count >= next_check) {
            check_each(&rig, 4, rig.count % 4);
            next_check = rig.count + between_checks;
        }
    }
    check_all(&rig);
    assert_true(expiries > 10 && deepest >= DEDUPE_FANOUT * DEDUPE_FANOUT * rig.index->capacity);
    rig_done(&rig);
}

static void a_plain_map_agrees_through_freezes_merges_and_expiry(void **state)
{
    (void)state;
    random_run(1, 20000, 15000, 1000000);
    random_run(2, 20000, 50000, 1000000);
}

static void a_plain_map_agrees_through_crashes_too(void **state)
{
    (void)state;
    for (uint64_t seed = 11; seed < 14; seed++)
        random_run(seed, 12500, 25000, 25);
}

/* Crashes. */

/*
 * What the disk holds at this moment is opened again, goes on and crashes once more. A crash loses
 * no single key but a table or a segment, so every fifth is looked for, each time others.
 */
static void try_fork(struct rig *rig)
{
    struct rig fork = *rig;
    fork.disk = "fork";
    fork.txn = NULL;
    assert_int_equal(toc_mem_disk_clone(rig->disk, fork.disk), TOC_OK);
    open_index(&fork);
    begin(&fork);
    for (unsigned i = 0; i < 34; i++)
        add(&fork, draw(&fork));
    check(&fork, fork.log[fork.count - 1 - draw(&fork) % 500 % fork.count].fingerprint);
    crash(&fork);
    add_fresh(&fork, 34, 3);
    check_each(&fork, 5, (uint32_t)(rig->seq % 5));
    fork.committed -= 34; /* the log and the chains are the main run's */
    begin(&fork);
    crash(&fork);
    close_index(&fork);
    toc_mem_disk_free(fork.disk);
}

static void a_crash_at_any_add_forgets_nothing(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "main", 32, 2000);
    bool merged = false;
    for (unsigned i = 0; i < 1250; i++) {
        add_fresh(&rig, 1, i % 500 < 400 ? 2 : 20);
        try_fork(&rig);
        merged = merged || is_merging(rig.index);
    }
    assert_true(merged);
    rig_done(&rig);
}

static void an_index_that_keeps_crashing_stays_bounded(void **state)
{
    struct rig rig;
    size_t longest = 0;
    (void)state;
    rig_init(&rig, "loop", 16, NO_LIMIT);
    for (unsigned i = 0; i < 300; i++) { /* never a round: every merge starts again and again */
        add_fresh(&rig, 7, 1);
        longest = rig.index->count > longest ? rig.index->count : longest;
        assert_true(rig.seq - rig.index->indexed_through <= 2 * rig.index->capacity);
        crash(&rig);
        if (i % 100 == 0)
            check_all(&rig);
    }
    assert_int_equal(longest, DEDUPE_SEGMENTS_MAX); /* so the list was relieved at its limit */
    check_all(&rig);
    rig_done(&rig);
}

static void rubbish_of_a_crash_is_never_read_and_goes_away(void **state)
{
    struct rig rig;
    uint8_t key[8], page[32];
    (void)state;
    rig_init(&rig, "rubbish", 16, NO_LIMIT);
    begin(&rig);
    for (uint32_t no = 1; no < 40; no++) {
        /* An entry under every fingerprint's page, as a former run may have left it. */
        toc_put_u32be(key, no);
        toc_put_u32be(key + 4, no % 3);
        memset(page, (int)no, sizeof(page));
        assert_int_equal(toc_put(rig.txn, PAGES, toc_str(key, 8), toc_str(page, 32)), TOC_OK);
    }
    commit(&rig);
    crash(&rig);
    assert_int_equal(rig.index->next_no, 40);
    begin(&rig);
    check(&rig, UINT64_C(0x0101010101010101));
    commit(&rig);
    add_fresh(&rig, 200, 1);
    check_all(&rig);
    for (unsigned i = 0; i < 20 && rig.index->sweeping; i++)
        add_fresh(&rig, DEDUPE_ROUND, 1);
    begin(&rig);
    struct toc_str first, value;
    assert_int_equal(toc_first_at_least(rig.txn, PAGES, toc_str(NULL, 0), &first, &value), TOC_OK);
    assert_true(toc_get_u32be(first.data) >= 40);
    commit(&rig);
    rig_done(&rig);
}

static void what_a_smaller_memory_finds_is_the_same(void **state)
{
    static const size_t sizes[] = {1024, 64, 16, 512, 64};
    struct rig rig;
    (void)state;
    rig_init(&rig, "resized", 1024, 10000);
    for (size_t i = 0; i < 5; i++) {
        rig.config.memory_entries = sizes[i];
        crash(&rig);
        check_all(&rig);
        for (unsigned n = 0; n < 30; n++)
            add_fresh(&rig, 65, 3);
        check_all(&rig);
    }
    rig_done(&rig);
}

/* Equal fingerprints. */

static void equal_fingerprints_are_all_named_latest_first(void **state)
{
    struct rig rig;
    uint64_t seqs[DEDUPE_HITS_MAX];
    size_t hits;
    (void)state;
    rig_init(&rig, "equal", 16, NO_LIMIT);
    for (unsigned i = 0; i < 12; i++) {
        begin(&rig);
        add(&rig, 42);
        commit(&rig);
        add_fresh(&rig, 30, 1); /* each in another table or segment */
    }
    begin(&rig);
    assert_int_equal(dedupe_find(rig.index, rig.txn, 42, seqs, &hits), TOC_OK);
    assert_int_equal(hits, DEDUPE_HITS_MAX);
    for (size_t i = 0; i < hits; i++)
        assert_int_equal(seqs[i], 1 + 31 * (11 - i));
    commit(&rig);
    rig_done(&rig);
}

static void keys_of_one_fingerprint_only_are_kept_too(void **state)
{
    static const uint64_t extremes[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63};
    (void)state;
    for (size_t e = 0; e < 4; e++) {
        struct rig rig;
        rig_init(&rig, "skew", 64, 3000);
        for (unsigned i = 0; i < 6000; i++) {
            begin(&rig);
            rig.now_ms++;
            add(&rig, i % 1000 == 999 ? draw(&rig) : extremes[e]);
            if (i % 100 == 0)
                check(&rig, extremes[e]);
            commit(&rig);
        }
        crash(&rig);
        begin(&rig);
        check(&rig, extremes[e]);
        check(&rig, extremes[e] ^ 2);
        commit(&rig);
        assert_true(largest(rig.index) >= 8 * rig.index->capacity);
        rig_done(&rig);
    }
}

static void neighbours_at_the_edge_of_a_page_are_kept_apart(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "edges", 64, NO_LIMIT);
    for (uint32_t part = 0; part < 64; part++) {
        begin(&rig);
        for (uint32_t parts = 64; parts < 75; parts++) {
            add(&rig, dedupe_part_first(part, parts));
            add(&rig, dedupe_part_last(part, parts));
            assert_int_equal(dedupe_part_of(dedupe_part_first(part, parts), parts), part);
            assert_int_equal(dedupe_part_of(dedupe_part_last(part, parts), parts), part);
        }
        commit(&rig);
    }
    assert_int_equal(dedupe_part_last(6, 7), UINT64_MAX);
    check_all(&rig);
    rig_done(&rig);
}

/* Expiry. */

static void rows_past_the_window_go_and_the_rest_stays(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "expiry", 64, 10000);
    for (unsigned i = 0; i < 100; i++)
        add_fresh(&rig, 50, 1);
    uint64_t before = rows_now(&rig);
    assert_true(before > 5000 / DEDUPE_PAGE_MEAN);
    add_fresh(&rig, 1, 9000);
    check_all(&rig);
    add_fresh(&rig, 1, 11000);
    for (unsigned i = 0; i < 10; i++)
        add_fresh(&rig, DEDUPE_ROUND, 1);
    assert_true(rows_now(&rig) < before / 4);
    check_all(&rig);
    uint64_t through = rig.index->indexed_through;
    assert_true(through > 5000);
    crash(&rig);
    assert_int_equal(rig.index->indexed_through, through);
    check_all(&rig);
    rig_done(&rig);
}

static void an_index_with_nothing_left_does_not_ask_for_the_log_again(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "empty", 16, 100);
    add_fresh(&rig, 64, 1);
    uint64_t through = rig.index->indexed_through;
    assert_true(through > 0);
    /* Two rounds of the active table alone: everything in segments is past the window. */
    rig.now_ms += 1000;
    while (rig.index->count > 0)
        add_fresh(&rig, 1, 200);
    assert_true(rig.index->indexed_through >= through);
    through = rig.index->indexed_through;
    crash(&rig);
    assert_int_equal(rig.index->indexed_through, through);
    assert_int_equal(rig.index->last_seq, rig.seq);
    rig_done(&rig);
}

static void a_merge_of_what_has_expired_is_given_up(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "given up", 1024, 100000);
    while (!is_merging(rig.index) || rig.index->merges[0].page == 0)
        add_fresh(&rig, 1, 1);
    uint32_t no = rig.index->merges[0].no;
    add_fresh(&rig, DEDUPE_ROUND, 200000);
    assert_false(is_merging(rig.index));
    assert_int_equal(rig.index->count, 0);
    for (unsigned i = 0; rig.index->sweeping; i++) {
        assert_true(i < 100);
        add_fresh(&rig, DEDUPE_ROUND, 1);
    }
    for (size_t i = 0; i < rig.index->count; i++)
        assert_true(rig.index->segments[i].no > no);
    assert_int_equal(rows_now(&rig), listed_pages(rig.index) + rig.index->writing.page);
    check_all(&rig);
    rig_done(&rig);
}

static void an_input_that_expires_is_kept_until_its_merge_is_done(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "late", 512, 12000);
    while (!is_merging(rig.index) || rig.index->merges[0].page == 0)
        add_fresh(&rig, 1, 2);
    /* Now past the window: the oldest inputs, not the youngest. */
    rig.now_ms = rig.index->segments[0].max_at_ms + rig.config.window_ms + 250;
    for (unsigned i = 0; is_merging(rig.index); i++) {
        assert_true(i < 100 && rig.index->segments[0].from_seq == 1);
        add_fresh(&rig, DEDUPE_ROUND, 1);
        check_each(&rig, 3, i % 3);
    }
    check_all(&rig);
    assert_int_equal(rig.index->segments[0].entries, 8 * rig.index->capacity);
    add_fresh(&rig, DEDUPE_ROUND, 400);
    assert_true(rig.index->count == 0 || rig.index->segments[0].from_seq > 1);
    rig_done(&rig);
}

static void segments_past_half_of_the_window_are_left_alone(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "old", 64, 100000);
    while (rig.index->count < 7)
        add_fresh(&rig, 1, 1);
    rig.now_ms += 51000;
    while (rig.index->count < 11) {
        add_fresh(&rig, 1, 1);
        assert_false(is_merging(rig.index));
    }
    while (largest(rig.index) == rig.index->capacity) /* younger ones merge as usual */
        add_fresh(&rig, 1, 1);
    assert_int_equal(rig.index->segments[6].entries, rig.index->capacity);
    assert_int_equal(rig.index->segments[7].entries, 8 * rig.index->capacity);
    check_all(&rig);
    rig_done(&rig);
}

static void times_at_the_ends_of_their_range_expire_nothing_wrongly(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "times", 16, NO_LIMIT);
    rig.now_ms = TOC_TIME_MIN + NO_LIMIT; /* the model's own sum stays in range */
    add_fresh(&rig, 500, 1);
    check_all(&rig);
    assert_int_equal(rig.index->segments[0].from_seq, 1);
    rig_done(&rig);
}

/* Work in small pieces. */

static void no_add_touches_more_than_a_few_rows(void **state)
{
    struct rig rig;
    const uint64_t most = DEDUPE_SWEEP_ROWS + 6 * DEDUPE_STEP_PAGES;
    uint64_t before = 0, grown = 0, shrunk = 0;
    (void)state;
    rig_init(&rig, "steps", 256, 60000);
    begin(&rig);
    for (unsigned i = 0; i < 60000; i++) {
        rig.now_ms += i == 40000 ? 50000 : 2;
        add(&rig, draw(&rig));
        uint64_t after = rows(&rig);
        assert_true(after <= before + most && before <= after + most);
        grown += after > before;
        shrunk += after < before;
        before = after;
        if (rig.index->active->count == rig.index->capacity / 2)
            assert_null(rig.index->frozen); /* written long before the next is full */
    }
    commit(&rig);
    assert_true(grown > 1000 && shrunk > 100);
    check_all(&rig);
    rig_done(&rig);
}

static void batch_boundaries_leave_no_trace(void **state)
{
    static const uint32_t batches[] = {1, 7, 4000};
    uint8_t digests[3][TOC_MEM_DIGEST_SIZE];
    (void)state;
    for (size_t b = 0; b < 3; b++) {
        struct rig rig;
        rig_init(&rig, "batches", 64, 8000);
        for (uint32_t left = 28000; left > 0; left -= batches[b])
            add_fresh(&rig, batches[b], 1);
        toc_mem_disk_digest("batches", 2, digests[b]);
        rig_done(&rig);
    }
    assert_memory_equal(digests[0], digests[1], TOC_MEM_DIGEST_SIZE);
    assert_memory_equal(digests[0], digests[2], TOC_MEM_DIGEST_SIZE);
}

static void filters_are_filled_again_after_a_start(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "filters", 64, NO_LIMIT);
    for (unsigned i = 0; i < 50; i++)
        add_fresh(&rig, 57, 1);
    crash(&rig);
    assert_true(rig.index->filters.count > 0);
    assert_false(rig.index->filters.items[0].ready);
    unsigned adds = 0;
    for (; rig.index->filters.step < rig.index->filters.steps; adds++) {
        add_fresh(&rig, 1, 1);
        check_each(&rig, 5, adds % 5);
    }
    assert_true(adds > 3);
    for (size_t i = 0; i < rig.index->count; i++)
        assert_false(rig.index->segments[i].filters & DEDUPE_FILTER_NONE);
    unsigned maybe = 0;
    for (unsigned i = 0; i < 1000; i++)
        maybe += dedupe_filters_ask(rig.index, draw(&rig)) != DEDUPE_FILTER_NONE;
    assert_true(maybe < 100); /* a fresh key seldom has to be looked up */
    check_all(&rig);
    rig_done(&rig);
}

static void keys_older_than_all_filters_are_found(void **state)
{
    struct rig rig;
    (void)state;
    rig_init(&rig, "filterless", 16, NO_LIMIT);
    /* Filters of 88 entries each; the segments hold many times more than all of them. */
    for (unsigned i = 0; i < 100; i++)
        add_fresh(&rig, 71, 1);
    assert_int_equal(rig.index->filters.count, DEDUPE_FILTERS_MAX);
    assert_true(rig.index->segments[0].filters & DEDUPE_FILTER_NONE);
    check_all(&rig);
    crash(&rig);
    check_all(&rig);
    rig_done(&rig);
}

/* Failures. */

static enum toc_err reopen_with_meta(struct rig *rig, struct toc_str row)
{
    struct dedupe *other = NULL;
    begin(rig);
    assert_int_equal(toc_put(rig->txn, META, TOC_STR("dedupe"), row), TOC_OK);
    enum toc_err err = dedupe_open(&rig->config, rig->txn, &other);
    dedupe_free(other);
    toc_txn_abort(rig->txn);
    rig->txn = NULL;
    return err;
}

static void a_damaged_list_is_refused(void **state)
{
    struct rig rig;
    char row[4096];
    struct toc_str stored;
    (void)state;
    rig_init(&rig, "list", 16, NO_LIMIT);
    add_fresh(&rig, 60, 1);
    begin(&rig);
    assert_int_equal(toc_get(rig.txn, META, TOC_STR("dedupe"), &stored), TOC_OK);
    size_t size = stored.size;
    memcpy(row, stored.data, size);
    commit(&rig);
    assert_true(size > DEDUPE_META_HEAD + DEDUPE_SEGMENT_ROW);
    assert_int_equal(reopen_with_meta(&rig, toc_str(row, size)), TOC_OK);
    assert_int_equal(reopen_with_meta(&rig, toc_str(row, size - 1)), TOC_ERR_DAMAGED);
    assert_int_equal(reopen_with_meta(&rig, toc_str(row, 5)), TOC_ERR_DAMAGED);
    row[DEDUPE_META_HEAD + 7] ^= 1; /* the first segment's pages */
    assert_int_equal(reopen_with_meta(&rig, toc_str(row, size)), TOC_ERR_DAMAGED);
    row[DEDUPE_META_HEAD + 7] ^= 1;
    row[DEDUPE_META_HEAD + 12] = 1; /* its first seq, now above its last */
    assert_int_equal(reopen_with_meta(&rig, toc_str(row, size)), TOC_ERR_DAMAGED);
    row[3] = 2;
    assert_int_equal(reopen_with_meta(&rig, toc_str(row, size)), TOC_ERR_VERSION);
    rig_done(&rig);
}

/* Replaces the only page of the first segment; adds until that is noticed. */
static enum toc_err add_beside_page(struct rig *rig, const struct toc_str *page)
{
    uint8_t key[8] = {0};
    enum toc_err err = TOC_OK;
    add_fresh(rig, 14, 1);
    while (rig->index->count == 0)
        add_fresh(rig, 1, 1);
    crash(rig); /* without a filter */
    begin(rig);
    toc_put_u32be(key, rig->index->segments[0].no);
    if (page != NULL)
        assert_int_equal(toc_put(rig->txn, PAGES, toc_str(key, 8), *page), TOC_OK);
    else
        assert_int_equal(toc_del(rig->txn, PAGES, toc_str(key, 8)), TOC_OK);
    for (unsigned i = 0; i < 1000 && err == TOC_OK; i++)
        err = try_add(rig, draw(rig));
    return err;
}

static void a_damaged_page_is_noticed(void **state)
{
    uint8_t page[DEDUPE_ENTRY_BYTES] = {0};
    struct toc_str pages[] = {
        toc_str(page, DEDUPE_ENTRY_BYTES - 1), /* cut */
        toc_str(page, DEDUPE_ENTRY_BYTES),     /* a seq that is not the segment's */
        toc_str(page, 0),                      /* entries lost: a merge counts them */
    };
    (void)state;
    for (size_t i = 0; i <= 3; i++) {
        struct rig rig;
        uint64_t seqs[DEDUPE_HITS_MAX];
        size_t hits;
        rig_init(&rig, "page", 16, NO_LIMIT);
        assert_int_equal(add_beside_page(&rig, i < 3 ? &pages[i] : NULL), TOC_ERR_DAMAGED);
        if (i == 0 || i == 3) /* the segment has no filter yet, so a look-up reads the page */
            assert_int_equal(dedupe_find(rig.index, rig.txn, 1, seqs, &hits), TOC_ERR_DAMAGED);
        rig_done(&rig);
    }
}

static void a_full_disk_is_passed_up_and_survived(void **state)
{
    struct rig rig;
    enum toc_err err = TOC_OK;
    (void)state;
    rig_init(&rig, "full", 16, NO_LIMIT);
    add_fresh(&rig, 300, 1);
    toc_mem_disk_full("full", true);
    begin(&rig);
    for (unsigned i = 0; i < 100 && err == TOC_OK; i++)
        err = try_add(&rig, draw(&rig));
    assert_int_equal(err, TOC_ERR_FULL);
    toc_mem_disk_full("full", false);
    crash(&rig);
    check_all(&rig);
    add_fresh(&rig, 300, 1);
    check_all(&rig);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_map_agrees_through_freezes_merges_and_expiry),
        cmocka_unit_test(a_plain_map_agrees_through_crashes_too),
        cmocka_unit_test(a_crash_at_any_add_forgets_nothing),
        cmocka_unit_test(an_index_that_keeps_crashing_stays_bounded),
        cmocka_unit_test(rubbish_of_a_crash_is_never_read_and_goes_away),
        cmocka_unit_test(what_a_smaller_memory_finds_is_the_same),
        cmocka_unit_test(equal_fingerprints_are_all_named_latest_first),
        cmocka_unit_test(keys_of_one_fingerprint_only_are_kept_too),
        cmocka_unit_test(neighbours_at_the_edge_of_a_page_are_kept_apart),
        cmocka_unit_test(rows_past_the_window_go_and_the_rest_stays),
        cmocka_unit_test(an_index_with_nothing_left_does_not_ask_for_the_log_again),
        cmocka_unit_test(a_merge_of_what_has_expired_is_given_up),
        cmocka_unit_test(an_input_that_expires_is_kept_until_its_merge_is_done),
        cmocka_unit_test(segments_past_half_of_the_window_are_left_alone),
        cmocka_unit_test(times_at_the_ends_of_their_range_expire_nothing_wrongly),
        cmocka_unit_test(no_add_touches_more_than_a_few_rows),
        cmocka_unit_test(batch_boundaries_leave_no_trace),
        cmocka_unit_test(filters_are_filled_again_after_a_start),
        cmocka_unit_test(keys_older_than_all_filters_are_found),
        cmocka_unit_test(a_damaged_list_is_refused),
        cmocka_unit_test(a_damaged_page_is_noticed),
        cmocka_unit_test(a_full_disk_is_passed_up_and_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
