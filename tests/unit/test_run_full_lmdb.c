/* A run whose map is full, on the real store: it goes on once there is something to let go. */
#include "common/log.h"
#include "common/run.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define CONSUMER (TOC_PEER_BOUND + 1)
#define KEEP     100
#define BODY     1000
#define PAUSE_MS 1001 /* after a full store */
#define TRIES    120  /* seconds in which it has to recover */

static char dir[200];
static struct toc_run *run;
static struct toc_run_config config;
static struct toc_now now;
static const char *consumer; /* its name */

enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    (void)link;
    (void)peer;
    (void)frame;
    return TOC_OK;
}

/* --- a service whose every event is a record ------------------------------------------------- */

static enum toc_err step(struct toc_turn *turn, const struct toc_event *ev)
{
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ALERT_SENT,
                          .class_bit = TOC_CLASS_ALERT,
                          .partition = 3,
                          .at_ms = ev->at_ms,
                          .body = ev->bytes};
    return ev->kind == TOC_EVENT_OUTCOME ? toc_emit(turn, &out, NULL) : TOC_OK;
}

static const struct toc_service bell_service = {
    .name = "bell", .time_source = TOC_TIME_OF_OWN_CLOCK, .self_bytes = 8, .step = step};

static void open_run(void)
{
    assert_int_equal(toc_run_open(&config, now, &run), TOC_OK);
}

static void reopen(void)
{
    toc_run_close(run);
    run = NULL;
    config.random += 0x1000;
    open_run();
}

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
    toc_log_setup("test", false);
    snprintf(dir, sizeof(dir), "%s/tocsin-full-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL)
        return -1;
    consumer = "audit";
    now = (struct toc_now){.wall_ms = 1700000000000, .mono_ms = 5000};
    config = (struct toc_run_config){.service = &bell_service,
                                     .data_dir = dir,
                                     .map_bytes = 1 << 20,
                                     .batch_max = 4096,
                                     .keep_records = KEEP,
                                     .random = 0x1000};
    open_run();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_run_close(run);
    run = NULL;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- what it does ----------------------------------------------------------------------------- */

static bool is_full(void)
{
    struct toc_run_counts counts;
    toc_run_counts(run, &counts);
    return counts.full;
}

/* One turn of so many records, until it meets a full store. */
static void write_records(unsigned count)
{
    static const char body[BODY] = "record";
    const bool was_full = is_full();
    for (unsigned i = 0; i < count && (was_full || !is_full()); i++)
        assert_int_equal(toc_run_outcome(run, toc_str(body, sizeof(body)), now), TOC_OK);
    assert_int_equal(toc_run_commit(run, now), TOC_OK);
    now.wall_ms += 10;
    now.mono_ms += 10;
}

static uint64_t records(void)
{
    const struct toc_journal *journal = toc_run_journal(run);
    return journal->last_seq - journal->first_seq + 1;
}

/* A consumer follows from the log's beginning, or says how far it is. */
static void give_fetch(uint64_t done_seq)
{
    Tocsin__V1__Fetch fetch = TOCSIN__V1__FETCH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    uint8_t bytes[256];
    fetch.stream = 1;
    fetch.log_id = toc_run_journal(run)->log_id;
    fetch.from_seq = toc_run_journal(run)->first_seq;
    fetch.partition_mask = UINT64_MAX;
    fetch.follower = toc_wire_text(consumer);
    fetch.done_seq = done_seq;
    frame.version = TOC_WIRE_VERSION;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_FETCH;
    frame.fetch = &fetch;
    size_t size = tocsin__v1__frame__pack(&frame, bytes);
    assert_int_equal(toc_run_frame(run, CONSUMER, toc_str(bytes, size), now), TOC_OK);
}

/* The consumer registers, falls behind, and the map fills. */
static void fill(unsigned batch)
{
    give_fetch(0);
    while (!is_full())
        write_records(batch);
    assert_true(records() > KEEP);
}

/* It tries again each second; false: it was still full after all of them. */
static bool recovers(unsigned batch)
{
    for (unsigned i = 0; i < TRIES && is_full(); i++) {
        now.wall_ms += PAUSE_MS;
        now.mono_ms += PAUSE_MS;
        assert_int_equal(toc_run_poll(run, now), TOC_OK);
        write_records(batch);
    }
    return !is_full();
}

static void goes_on(void)
{
    for (unsigned i = 0; i < 300; i++) {
        give_fetch(toc_run_journal(run)->last_seq);
        write_records(10);
        assert_false(is_full());
    }
    assert_in_range(records(), KEEP, KEEP + 100);
}

static void a_full_map_goes_on_once_a_consumer_has_read(void **state)
{
    (void)state;
    fill(20);
    assert_false(recovers(1)); /* nothing may go */
    give_fetch(toc_run_journal(run)->last_seq);
    assert_true(recovers(20));
    goes_on();
}

static void it_does_so_after_a_restart_too(void **state)
{
    (void)state;
    fill(20);
    reopen();
    write_records(1);
    assert_true(is_full());
    give_fetch(toc_run_journal(run)->last_seq);
    assert_true(recovers(1));
    goes_on();
}

/* A turn may take more than the room that is left, out of the reserve, up to all of that. */
static void it_does_so_with_the_reserve_used_up(void **state)
{
    unsigned batch = 4096;
    (void)state;
    give_fetch(0);
    while (toc_store_percent_used(toc_run_store(run)) < 90)
        write_records(10);
    const uint64_t last = toc_run_journal(run)->last_seq;
    do { /* the largest turn that is still taken */
        reopen();
        batch -= 64;
        write_records(batch);
    } while (is_full());
    assert_int_equal(toc_run_journal(run)->last_seq, last + batch);
    write_records(1);
    assert_true(is_full());
    give_fetch(toc_run_journal(run)->last_seq);
    assert_true(recovers(1));
    goes_on();
}

static void a_consumer_that_is_forgotten_frees_a_full_map(void **state)
{
    (void)state;
    consumer = "somebody";
    fill(20);
    now.wall_ms += 8 * TOC_DAY_MS;
    now.mono_ms += 8 * TOC_DAY_MS;
    assert_true(recovers(1));
    goes_on();
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_full_map_goes_on_once_a_consumer_has_read),
        CASE(it_does_so_after_a_restart_too),
        CASE(it_does_so_with_the_reserve_used_up),
        CASE(a_consumer_that_is_forgotten_frees_a_full_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
