/* A run's streams: following a log and being followed, cursors, credit, promises, and every way in
 * which a log can turn out to be another than the one that was followed. */
#include "tests/unit/run_rig.h"

#define CLERK (TOC_PEER_BOUND + 1) /* the clerk, as the door sees it */

static size_t count_sent(const struct node *node, Tocsin__V1__Frame__KindCase kind)
{
    size_t count = 0;
    for (size_t i = 0; i < link_fake_count(node->link); i++) {
        Tocsin__V1__Frame *frame = sent(node, i);
        count += frame->kind_case == kind;
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
    return count;
}

/* Carries everything `from` has sent to `to`, as peer `as`; false when there was nothing. */
static bool carry(struct node *from, toc_peer to_peer, struct node *to, toc_peer as)
{
    bool any = false;
    size_t count = link_fake_count(from->link);
    for (size_t i = 0; i < count; i++) {
        const struct link_fake_frame *frame = link_fake_at(from->link, i);
        if (frame->peer != to_peer)
            continue;
        give_bytes(to, as, frame->bytes);
        any = true;
    }
    link_fake_clear(from->link);
    return any;
}

/* --- two nodes and the wire between them ------------------------------------------------ */

static void open_pair(struct node **door, struct node **clerk)
{
    *door = open_node(0, &door_service, "d", 0);
    *clerk = open_node(1, &clerk_service, "c", 1);
}

static void turn(struct node *node)
{
    poll(node);
    commit(node);
}

/* Carries frames to and fro until nobody has anything to say. */
static void talk(struct node *door, struct node *clerk)
{
    bool any = true;
    for (unsigned round = 0; any; round++) {
        assert_in_range(round, 0, 1000);
        turn(clerk);
        any = carry(clerk, 1, door, CLERK);
        turn(door);
        any = carry(door, CLERK, clerk, 1) || any;
        turn(clerk);
    }
}

/* The same, up to the clerk's commit. */
static void talk_without_commit(struct node *door, struct node *clerk)
{
    carry(clerk, 1, door, CLERK);
    turn(door);
    carry(door, CLERK, clerk, 1);
}

/* The door writes `count` records in one turn. */
static void write_records(struct node *door, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        publish_one(door, i, text);
    commit(door);
}

static Tocsin__V1__Fetch fetch_of(const struct node *door, uint32_t stream)
{
    Tocsin__V1__Fetch fetch = TOCSIN__V1__FETCH__INIT;
    fetch.stream = stream;
    fetch.log_id = toc_run_journal(door->run)->log_id;
    fetch.from_seq = 1;
    fetch.partition_mask = UINT64_MAX;
    fetch.granted_bytes = 1 << 20;
    return fetch;
}

static void give_fetch(struct node *door, toc_peer peer, const Tocsin__V1__Fetch *fetch)
{
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    Tocsin__V1__Fetch copy = *fetch;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_FETCH;
    frame.fetch = &copy;
    give(door, peer, &frame);
}

/* Every record of the door led to exactly one of the clerk's, in order. */
static void assert_followed(struct node *clerk, uint64_t count)
{
    struct toc_journal_entry entry;
    struct toc_scan *scan;
    struct toc_txn *txn;
    uint64_t expected = 0;
    assert_int_equal(toc_txn_begin_read(toc_run_store(clerk->run), &txn), TOC_OK);
    assert_int_equal(toc_journal_scan(txn, 1, &scan), TOC_OK);
    while (toc_journal_next(scan, &entry) == TOC_OK) {
        Tocsin__V1__Record *record =
            tocsin__v1__record__unpack(NULL, entry.record.size, (const uint8_t *)entry.record.data);
        if (record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            assert_int_equal(record->cause_seq, ++expected);
        tocsin__v1__record__free_unpacked(record, NULL);
    }
    toc_scan_close(scan);
    toc_txn_abort(txn);
    assert_int_equal(expected, count);
}

/* --- following -------------------------------------------------------------------------- */

static void what_one_writes_the_other_follows(void **state)
{
    struct node *door, *clerk;
    const char *why_not;
    (void)state;
    open_pair(&door, &clerk);
    assert_false(toc_run_is_ready(clerk->run, &why_not));
    write_records(door, 300, "ok");
    talk(door, clerk);
    assert_followed(clerk, 300);
    assert_true(toc_run_is_ready(clerk->run, &why_not));
    write_records(door, 1, "ok");
    talk(door, clerk);
    assert_followed(clerk, 301);
    assert_int_equal(counts_of(clerk).lag_records, 0);
    assert_int_equal(counts_of(clerk).stream_restarts, 0);
    assert_int_equal(counts_of(door).followers, 1);
}

static void a_large_log_comes_in_bounded_frames_within_the_credit(void **state)
{
    char text[1500];
    struct node *door, *clerk;
    size_t frames = 0;
    (void)state;
    open_pair(&door, &clerk);
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "ok", 2);
    text[sizeof(text) - 1] = '\0';
    write_records(door, 3000, text); /* more than four times the credit */
    link_fake_clear(door->link);
    turn(clerk);
    carry(clerk, 1, door, CLERK);
    for (unsigned round = 0; counts_of(clerk).events < 3000; round++) {
        assert_in_range(round, 0, 100);
        turn(door);
        size_t bytes = 0;
        for (size_t i = 0; i < link_fake_count(door->link); i++) {
            assert_true(link_fake_at(door->link, i)->bytes.size <= 200 * 1024);
            bytes += link_fake_at(door->link, i)->bytes.size;
            frames++;
        }
        assert_true(bytes <= (1 << 20) + 16384);
        carry(door, CLERK, clerk, 1);
        turn(clerk);
        carry(clerk, 1, door, CLERK);
    }
    assert_in_range(frames, 20, 100);
    assert_followed(clerk, 3000);
}

/* Bytes of the records in the batches that wait in `node`'s link. */
static uint64_t record_bytes(const struct node *node)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < link_fake_count(node->link); i++) {
        Tocsin__V1__Frame *frame = sent(node, i);
        if (frame->kind_case == TOCSIN__V1__FRAME__KIND_BATCH)
            for (size_t k = 0; k < frame->batch->n_records; k++)
                bytes += frame->batch->records[k].len;
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
    return bytes;
}

/* Both sides count alike: small differences would add up until nothing flows. */
static void a_grant_is_what_was_received_and_the_credit(void **state)
{
    struct node *door, *clerk;
    uint64_t received = 0;
    unsigned grants = 0;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    for (unsigned i = 0; i < 10; i++) {
        write_records(door, 4000, "ok");
        received += record_bytes(door);
        carry(door, CLERK, clerk, 1);
        turn(clerk);
        Tocsin__V1__Frame *frame = last_sent(clerk, TOCSIN__V1__FRAME__KIND_FETCH);
        if (frame != NULL) {
            assert_true(frame->fetch->granted_bytes == received + (1 << 20));
            grants++;
            tocsin__v1__frame__free_unpacked(frame, NULL);
        }
        carry(clerk, 1, door, CLERK);
    }
    assert_in_range(grants, 2, 9);
    assert_followed(clerk, 40000);
}

static void nothing_beyond_the_credit_is_sent(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    uint64_t seen = 0, bytes = 0;
    (void)state;
    write_records(door, 500, "ok");
    link_fake_clear(door->link);
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    for (fetch.granted_bytes = 700; fetch.granted_bytes < 60000; fetch.granted_bytes += 700) {
        give_fetch(door, CLIENT, &fetch);
        turn(door);
        for (size_t i = 0; i < link_fake_count(door->link); i++) {
            Tocsin__V1__Frame *frame = sent(door, i);
            if (frame->kind_case == TOCSIN__V1__FRAME__KIND_BATCH) {
                assert_int_equal(frame->batch->prev_seq, seen);
                seen = frame->batch->through_seq;
                for (size_t k = 0; k < frame->batch->n_records; k++)
                    bytes += frame->batch->records[k].len;
            }
            tocsin__v1__frame__free_unpacked(frame, NULL);
        }
        link_fake_clear(door->link);
        assert_true(bytes <= fetch.granted_bytes);
        assert_true(seen == 500 || bytes + 100 > fetch.granted_bytes);
    }
    assert_int_equal(seen, 500);
}

/* Who reads only part of the log must not conclude anything from the promise yet. */
static void a_batch_behind_the_head_promises_nothing(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    write_records(door, 100, "ok");
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.granted_bytes = 500;
    give_fetch(door, CLIENT, &fetch);
    turn(door);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_BATCH);
    assert_in_range(frame->batch->through_seq, 1, 99);
    assert_int_equal(frame->batch->head_seq, 100);
    assert_true(frame->batch->promise_ms == TOC_TIME_MIN);
    tocsin__v1__frame__free_unpacked(frame, NULL);
    fetch.granted_bytes = 1 << 20;
    give_fetch(door, CLIENT, &fetch);
    turn(door);
    frame = last_sent(door, TOCSIN__V1__FRAME__KIND_BATCH);
    assert_int_equal(frame->batch->through_seq, 100);
    assert_true(frame->batch->promise_ms == now.wall_ms);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void a_stream_may_begin_in_the_middle_of_a_turn(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    write_records(door, 3, "ok");
    publish_one(door, 9, "ok"); /* the turn is open */
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    give_fetch(door, CLIENT, &fetch);
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), 0);
    commit(door);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_BATCH);
    assert_int_equal(frame->batch->through_seq, 4);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void a_crash_repeats_nothing_and_loses_nothing(void **state)
{
    struct node *door, *clerk;
    uint64_t seed = 42, written = 0;
    (void)state;
    open_pair(&door, &clerk);
    for (unsigned round = 0; round < 600; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned dice = (unsigned)(seed >> 33) % 10;
        pass(dice * 30);
        if (dice < 4) {
            write_records(door, dice + 1, "ok");
            written += dice + 1;
        }
        poll(clerk);
        if (dice != 7)
            commit(clerk);
        carry(clerk, 1, door, CLERK);
        turn(door);
        carry(door, CLERK, clerk, 1);
        if (dice == 8)
            reopen(clerk);
        if (dice == 9 && round % 3 == 0)
            reopen(door);
    }
    for (unsigned i = 0; i < 10; i++) {
        pass(1000);
        talk(door, clerk);
    }
    assert_followed(clerk, written);
    reopen(clerk);
    assert_followed(clerk, written);
}

/* --- gaps ------------------------------------------------------------------------------- */

static void a_batch_that_was_lost_is_asked_for_again(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    write_records(door, 5, "ok");
    talk(door, clerk);
    write_records(door, 5, "ok");
    turn(door);
    link_fake_clear(door->link); /* lost on the way */
    write_records(door, 5, "ok");
    talk(door, clerk);
    assert_int_equal(counts_of(clerk).stream_restarts, 1);
    assert_followed(clerk, 5); /* nothing behind the gap was applied */
    pass(500);
    talk(door, clerk);
    assert_followed(clerk, 15);
}

static void the_heartbeat_shows_that_the_last_batch_was_lost(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    write_records(door, 5, "ok");
    turn(door);
    link_fake_clear(door->link);
    pass(TOC_HEARTBEAT_MS);
    talk(door, clerk);
    assert_int_equal(counts_of(clerk).stream_restarts, 1);
    pass(500);
    talk(door, clerk);
    assert_followed(clerk, 5);
}

static void a_full_queue_delays_and_drops_nothing(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    link_fake_answer(door->link, CLERK, TOC_ERR_AGAIN);
    for (unsigned i = 0; i < 20; i++) {
        write_records(door, 10, "ok");
        pass(20);
        talk(door, clerk);
    }
    assert_followed(clerk, 0);
    link_fake_answer(door->link, CLERK, TOC_OK);
    talk(door, clerk);
    assert_followed(clerk, 200);
    assert_int_equal(counts_of(clerk).stream_restarts, 0);
}

static void frames_of_an_earlier_stream_are_ignored(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    write_records(door, 5, "ok");
    turn(door);
    struct toc_str old = link_fake_at(door->link, link_fake_count(door->link) - 1)->bytes;
    char *kept = malloc(old.size);
    memcpy(kept, old.data, old.size);
    carry(door, CLERK, clerk, 1);
    reopen(clerk);
    talk(door, clerk);
    forget_transcript();
    give_bytes(clerk, 1, toc_str(kept, old.size));
    talk(door, clerk);
    assert_string_equal(transcript, "");
    assert_int_equal(counts_of(clerk).stream_restarts, 0);
    assert_followed(clerk, 5);
    free(kept);
}

/* Three Hellos, answered late: each answer may begin a stream, and no two are the same. */
static void a_stream_never_has_the_number_of_the_one_before(void **state)
{
    struct node *door, *clerk;
    uint32_t before = 0;
    (void)state;
    open_pair(&door, &clerk);
    for (unsigned i = 0; i < 5; i++) {
        turn(clerk);
        pass(500);
    }
    carry(clerk, 1, door, CLERK);
    assert_int_equal(link_fake_count(door->link), 5);
    for (size_t i = 0; i < 5; i++) {
        link_fake_clear(clerk->link);
        give_bytes(clerk, 1, link_fake_at(door->link, i)->bytes);
        Tocsin__V1__Frame *frame = last_sent(clerk, TOCSIN__V1__FRAME__KIND_FETCH);
        assert_non_null(frame);
        assert_int_not_equal(frame->fetch->stream, before);
        before = frame->fetch->stream;
        tocsin__v1__frame__free_unpacked(frame, NULL);
        give_bytes(clerk, 1, TOC_STR("\x08\x01\x52\x02\x08\x07")); /* refused as full: over */
    }
}

/* --- logs that are not the one that was followed ---------------------------------------- */

static void assert_stopped(struct node *clerk, const char *why)
{
    const char *why_not;
    assert_int_equal(counts_of(clerk).upstreams_stopped, 1);
    assert_false(toc_run_is_ready(clerk->run, &why_not));
    assert_non_null(strstr(why_not, why));
    /* It stays so: not a frame more, whatever time passes. */
    for (unsigned i = 0; i < 10; i++) {
        pass(1000);
        turn(clerk);
        assert_int_equal(link_fake_count(clerk->link), 0);
    }
}

static void another_log_behind_the_endpoint_stops_the_follower(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    write_records(door, 10, "ok");
    talk(door, clerk);
    toc_run_close(door->run);
    door->run = NULL;
    toc_mem_disk_free("d");
    reopen(door);
    write_records(door, 20, "ok");
    reopen(clerk);
    talk(door, clerk);
    assert_stopped(clerk, "another one");
    assert_followed(clerk, 10);
}

/* --- what a service is told that asks for more --------------------------------------------- */

static bool is_missed; /* by its rows */

static enum toc_err misses_door(struct toc_txn *txn, struct toc_arena *arena, const char *upstream,
                                bool *out)
{
    (void)txn;
    (void)arena;
    assert_string_equal(upstream, "door");
    *out = is_missed;
    return TOC_OK;
}

static void open_watched(struct node **door, struct node **clerk)
{
    static struct toc_service watcher;
    watcher = clerk_service;
    watcher.misses = misses_door;
    is_missed = false;
    *door = open_node(0, &door_service, "d", 0);
    *clerk = open_node(1, &watcher, "c", 1);
}

static void that_an_upstream_is_stopped_is_told_once(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_watched(&door, &clerk);
    write_records(door, 10, "ok");
    talk(door, clerk);
    toc_run_close(door->run);
    door->run = NULL;
    toc_mem_disk_free("d");
    reopen(door);
    reopen(clerk);
    forget_transcript();
    talk(door, clerk);
    assert_stopped(clerk, "another one");
    assert_string_equal(transcript, "door stopped\n");
    reopen(clerk);
    forget_transcript();
    talk(door, clerk);
    turn(clerk);
    assert_string_equal(transcript, "door stopped\n"); /* again after a start */
}

static void one_that_was_missed_before_a_start_is_told_to_be_back(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_watched(&door, &clerk);
    talk(door, clerk);
    is_missed = true;
    reopen(clerk);
    forget_transcript();
    pass(2 * TOC_SILENT_MS);
    turn(clerk);
    assert_string_equal(transcript, ""); /* that it is silent is known */
    talk(door, clerk);
    pass(500);
    talk(door, clerk);
    assert_string_equal(transcript, "door back\n");
}

/* The door is restored from a backup of its tenth record, then perhaps writes on. */
static void restore_and_follow(size_t since, const char *text, const char *why)
{
    struct node *door, *clerk;
    open_pair(&door, &clerk);
    write_records(door, 10, "ok");
    assert_int_equal(toc_mem_disk_clone("d", "backup"), TOC_OK);
    write_records(door, 5, "ok");
    talk(door, clerk);
    toc_run_close(door->run);
    door->run = NULL;
    assert_int_equal(toc_mem_disk_clone("backup", "d"), TOC_OK);
    reopen(door);
    write_records(door, since, text);
    reopen(clerk);
    talk(door, clerk);
    assert_stopped(clerk, why);
    assert_followed(clerk, 15);
}

static void a_log_shorter_than_the_cursor_stops_the_follower(void **state)
{
    (void)state;
    restore_and_follow(2, "ok", "ahead");
}

static void another_history_at_the_cursor_stops_the_follower(void **state)
{
    (void)state;
    restore_and_follow(30, "ok, but other", "history");
}

static void trimmed_records_stop_the_follower_that_needs_them(void **state)
{
    struct node *door, *clerk;
    struct toc_txn *txn;
    (void)state;
    open_pair(&door, &clerk);
    write_records(door, 10, "ok");
    struct toc_journal journal = *toc_run_journal(door->run);
    assert_int_equal(toc_txn_begin_write(toc_run_store(door->run), &txn), TOC_OK);
    assert_int_equal(toc_journal_trim(&journal, txn, 5, 100), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    reopen(door);
    talk(door, clerk);
    assert_stopped(clerk, "trimmed");
    assert_followed(clerk, 0);
}

static void the_same_log_twice_stops_the_second(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    struct node *clerk = open_node(1, &clerk_service, "c", 2);
    (void)state;
    write_records(door, 3, "ok");
    turn(clerk);
    carry(clerk, 1, door, CLERK);
    carry(door, CLERK, clerk, 1);
    pass(500);
    turn(clerk);
    for (size_t i = 0; i < link_fake_count(clerk->link); i++)
        if (link_fake_at(clerk->link, i)->peer == 2)
            give_bytes(door, CLERK + 1, link_fake_at(clerk->link, i)->bytes);
    link_fake_clear(clerk->link);
    for (size_t i = 0; i < link_fake_count(door->link); i++)
        if (link_fake_at(door->link, i)->peer == CLERK + 1)
            give_bytes(clerk, 2, link_fake_at(door->link, i)->bytes);
    assert_int_equal(counts_of(clerk).upstreams_stopped, 1);
}

static void every_refused_start_has_its_reason(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    uint8_t wrong[TOC_SHA256] = {1};
    (void)state;
    write_records(door, 10, "ok");
    Tocsin__V1__Fetch sound = fetch_of(door, 5), fetch = sound;
    fetch.log_id ^= 2;
    give_fetch(door, CLIENT, &fetch);
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_WRONG_LOG);
    for (int i = 0; i < 2; i++) {
        fetch = sound;
        fetch.from_seq = i == 0 ? 12 : 0;
        give_fetch(door, CLIENT, &fetch);
        assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_AHEAD);
    }
    fetch = sound;
    fetch.from_seq = 4;
    fetch.hash = toc_wire_binary(toc_str(wrong, sizeof(wrong)));
    give_fetch(door, CLIENT, &fetch);
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_FORKED);
    assert_int_equal(counts_of(door).followers, 0);
    fetch.hash = toc_wire_binary(toc_str(NULL, 0));
    fetch.log_id = 0; /* accepts any */
    give_fetch(door, CLIENT, &fetch);
    assert_int_equal(counts_of(door).followers, 1);
}

/* --- followers that come and go --------------------------------------------------------- */

static void a_follower_that_vanished_is_dropped_after_ten_seconds(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    give_fetch(door, CLIENT, &fetch);
    pass(10000);
    turn(door);
    assert_int_equal(counts_of(door).followers, 1);
    give_fetch(door, CLIENT, &fetch); /* it was only quiet */
    pass(10000);
    turn(door);
    assert_int_equal(counts_of(door).followers, 1);
    pass(1);
    turn(door);
    assert_int_equal(counts_of(door).followers, 0);
}

static void a_follower_that_is_gone_frees_its_place(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    give_fetch(door, CLIENT, &fetch);
    link_fake_answer(door->link, CLIENT, TOC_ERR_GONE);
    write_records(door, 1, "ok");
    assert_int_equal(counts_of(door).followers, 0);
}

static void there_are_as_many_followers_as_the_limit(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    for (toc_peer i = 0; i < TOC_FOLLOWERS_MAX; i++)
        give_fetch(door, TOC_PEER_BOUND + i, &fetch);
    assert_int_equal(link_fake_count(door->link), 0);
    give_fetch(door, TOC_PEER_BOUND + TOC_FOLLOWERS_MAX, &fetch);
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED);
    assert_int_equal(counts_of(door).followers, TOC_FOLLOWERS_MAX);
}

static void records_wait_for_others_as_long_as_a_follower_lets_them(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.gather_ms = 20;
    give_fetch(door, CLIENT, &fetch);
    write_records(door, 1, "ok"); /* the first does not */
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), 1);
    link_fake_clear(door->link);
    pass(5);
    write_records(door, 10, "ok");
    write_records(door, 10, "ok");
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), 0);
    assert_int_equal(toc_run_wait_ms(door->run, now), 15);
    pass(15);
    turn(door);
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), 1);
    link_fake_clear(door->link);
    write_records(door, 300, "ok"); /* that is many */
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), 1);
    fetch.stream++;
    fetch.gather_ms = UINT32_MAX;
    give_fetch(door, CLIENT, &fetch);
    link_fake_clear(door->link);
    pass(100); /* no longer, whatever it asks for */
    turn(door);
    assert_true(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH) > 0);
}

static void no_more_than_so_much_is_under_way_whatever_is_granted(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    char text[1001];
    (void)state;
    memset(text, 'k', 1000);
    text[0] = 'o';
    text[1000] = '\0';
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.granted_bytes = UINT64_MAX;
    for (unsigned i = 0; i < 20; i++)
        write_records(door, 500, text);
    give_fetch(door, CLIENT, &fetch);
    for (unsigned i = 0; i < 20; i++)
        turn(door);
    size_t sent = count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH);
    turn(door);
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), sent);
    give_fetch(door, CLIENT, &fetch);
    turn(door);
    assert_true(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH) > sent);
}

static void trimming_waits_for_the_slowest_named_follower(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    door->config.keep_records = 10;
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.follower = toc_wire_text("clerk");
    give_fetch(door, CLIENT, &fetch);
    write_records(door, 50, "ok");
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 1);
    pass(60000); /* it is away, and the door starts again */
    write_records(door, 1, "ok");
    reopen(door);
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 1);
    fetch.done_seq = 30;
    fetch.from_seq = 31;
    give_fetch(door, CLIENT, &fetch);
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 30);
    fetch.done_seq = 53;
    give_fetch(door, CLIENT, &fetch);
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 45);
}

static void a_log_that_grows_fast_is_trimmed_as_fast(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    const struct toc_journal *journal = toc_run_journal(door->run);
    (void)state;
    door->config.keep_records = 10;
    for (unsigned i = 0; i < 5; i++) {
        write_records(door, 1000, "ok");
        assert_in_range(journal->last_seq - journal->first_seq, 10, 1010);
    }
}

static void who_is_too_slow_for_trimming_is_told(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    door->config.keep_records = 10;
    write_records(door, 1, "ok");
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.granted_bytes = 1; /* the first went out; no other does */
    give_fetch(door, CLIENT, &fetch);
    write_records(door, 50, "ok");
    write_records(door, 1, "ok");
    assert_true(toc_run_journal(door->run)->first_seq > 2);
    fetch.granted_bytes = 1 << 20;
    give_fetch(door, CLIENT, &fetch);
    turn(door);
    assert_int_equal(count_sent(door, TOCSIN__V1__FRAME__KIND_BATCH), 0);
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_TRIMMED);
    assert_int_equal(counts_of(door).followers, 0);
}

static void a_named_follower_that_was_restored_is_waited_for_where_it_is(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.follower = toc_wire_text("clerk");
    write_records(door, 50, "ok");
    fetch.done_seq = 50;
    fetch.from_seq = 51;
    give_fetch(door, CLIENT, &fetch);
    fetch.stream++;
    fetch.done_seq = 20;
    fetch.from_seq = 21;
    give_fetch(door, CLIENT, &fetch);
    fetch.done_seq = 10; /* in the middle of a stream it is an old word */
    give_fetch(door, CLIENT, &fetch);
    door->config.keep_records = 10;
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 20);
}

/* A door that would trim its records, but for a follower of that name. */
static struct node *kept_for(const char *name)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    door->config.keep_records = 10;
    write_records(door, 50, "ok");
    Tocsin__V1__Fetch fetch = fetch_of(door, 5);
    fetch.follower = toc_wire_text(name);
    give_fetch(door, CLIENT, &fetch);
    write_records(door, 1, "ok");
    return door;
}

static void a_follower_that_never_comes_back_is_forgotten_after_a_week(void **state)
{
    struct node *door = kept_for("clerk");
    (void)state;
    pass(7 * TOC_DAY_MS);
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 1);
    reopen(door);
    pass(1);
    write_records(door, 1, "ok"); /* it may have been away because the door was */
    assert_int_equal(toc_run_journal(door->run)->first_seq, 1);
    pass(TOC_HOUR_MS + 1);
    write_records(door, 1, "ok");
    assert_true(toc_run_journal(door->run)->first_seq > 1);
}

static void a_row_that_does_not_say_when_it_was_heard_counts_from_now(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    uint8_t done[8];
    struct toc_txn *txn;
    (void)state;
    door->config.keep_records = 10;
    write_records(door, 50, "ok");
    toc_put_u64be(done, 20);
    assert_int_equal(toc_txn_begin_write(toc_run_store(door->run), &txn), TOC_OK);
    assert_int_equal(toc_put(txn, TOC_TABLE_META, TOC_STR("follower/clerk"), toc_str(done, 8)),
                     TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    reopen(door);
    pass(TOC_HOUR_MS + 1);
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 20);
    reopen(door);
    pass(7 * TOC_DAY_MS + 1);
    write_records(door, 1, "ok");
    assert_true(toc_run_journal(door->run)->first_seq > 20);
}

static void who_is_part_of_every_suite_is_never_forgotten(void **state)
{
    struct node *door = kept_for("audit");
    (void)state;
    pass(70 * TOC_DAY_MS);
    write_records(door, 1, "ok");
    assert_int_equal(toc_run_journal(door->run)->first_seq, 1);
}

/* --- cursors ---------------------------------------------------------------------------- */

static const struct toc_service picky_service = {.name = "picky",
                                                 .tables = rig_tables,
                                                 .table_count = 2,
                                                 .upstream_classes = TOC_CLASS_CONTROL,
                                                 .self_bytes = 8,
                                                 .step = rig_step,
                                                 .next_due = rig_next_due};

static void filtered_records_move_the_cursor_without_a_commit_each(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    struct node *picky = open_node(1, &picky_service, "p", 1);
    (void)state;
    pass(2000);
    write_records(door, 1, "ok");
    talk(door, picky);
    uint64_t commits = counts_of(picky).commits;
    for (unsigned i = 0; i < 20; i++) {
        write_records(door, 10, "ok");
        pass(10);
        talk(door, picky);
    }
    assert_int_equal(counts_of(picky).commits, commits);
    assert_int_equal(counts_of(picky).lag_records, 0);
    pass(1001);
    talk(door, picky);
    assert_int_equal(counts_of(picky).commits, commits + 1);
    assert_string_equal(transcript, "");
    write_records(door, 1, "ok control");
    talk(door, picky);
    assert_string_equal(transcript, "door 202\n");
    reopen(picky);
    assert_int_equal(counts_of(picky).stream_restarts, 0);
    talk(door, picky);
    assert_string_equal(transcript, "door 202\n");
}

/* --- damage ----------------------------------------------------------------------------- */

/* Gives the clerk a batch of its running stream with these records. */
static void give_batch(struct node *door, struct node *clerk, uint32_t stream, uint64_t prev_seq,
                       ProtobufCBinaryData *records, size_t count)
{
    Tocsin__V1__Batch batch = TOCSIN__V1__BATCH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    uint8_t hash[TOC_SHA256] = {9};
    (void)door;
    batch.stream = stream;
    batch.prev_seq = prev_seq;
    batch.through_seq = batch.head_seq = prev_seq + count;
    batch.through_hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    batch.promise_ms = now.wall_ms;
    batch.records = records;
    batch.n_records = count;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_BATCH;
    frame.batch = &batch;
    give(clerk, 1, &frame);
}

static uint32_t stream_of(struct node *door, struct node *clerk)
{
    turn(clerk);
    carry(clerk, 1, door, CLERK);
    carry(door, CLERK, clerk, 1);
    Tocsin__V1__Frame *frame = last_sent(clerk, TOCSIN__V1__FRAME__KIND_FETCH);
    assert_non_null(frame);
    uint32_t stream = frame->fetch->stream;
    tocsin__v1__frame__free_unpacked(frame, NULL);
    link_fake_clear(clerk->link);
    return stream;
}

static void a_record_that_cannot_be_read_stops_and_undoes_the_turn(void **state)
{
    struct node *door, *clerk;
    uint8_t good[64];
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    (void)state;
    open_pair(&door, &clerk);
    uint32_t stream = stream_of(door, clerk);
    record.seq = 1;
    record.at_ms = record.log_ms = now.wall_ms;
    size_t size = tocsin__v1__record__pack(&record, good);
    ProtobufCBinaryData records[2] = {{size, good}, {2, (uint8_t *)(uintptr_t) "\x08\xff"}};
    give_batch(door, clerk, stream, 0, records, 2);
    assert_string_equal(transcript, "door 1\n");
    commit(clerk);
    assert_stopped(clerk, "cannot be read");
    assert_int_equal(rows_of(clerk, TABLE_ROWS), 0);
    assert_int_equal(toc_run_journal(clerk->run)->last_seq, 0);
}

static void a_record_that_was_had_before_stops_the_follower(void **state)
{
    struct node *door, *clerk;
    uint8_t good[64];
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    (void)state;
    open_pair(&door, &clerk);
    uint32_t stream = stream_of(door, clerk);
    record.seq = 1;
    size_t size = tocsin__v1__record__pack(&record, good);
    ProtobufCBinaryData records[2] = {{size, good}, {size, good}};
    give_batch(door, clerk, stream, 0, records, 2);
    assert_stopped(clerk, "cannot be read");
    assert_int_equal(rows_of(clerk, TABLE_ROWS), 0);
}

/* Gives the clerk a record of a type that a later version may have. */
static struct node *take_record_of_tomorrow(const struct toc_service *service)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    struct node *clerk = open_node(1, service, "c", 1);
    uint8_t bytes[64];
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint32_t stream = stream_of(door, clerk);
    record.seq = 1;
    record.type = (Tocsin__V1__RecordType)9999;
    ProtobufCBinaryData records[1] = {{tocsin__v1__record__pack(&record, bytes), bytes}};
    give_batch(door, clerk, stream, 0, records, 1);
    commit(clerk);
    return clerk;
}

static void a_record_of_a_type_that_is_not_known_stops_the_follower(void **state)
{
    (void)state;
    struct node *clerk = take_record_of_tomorrow(&clerk_service);
    assert_string_equal(transcript, "");
    assert_stopped(clerk, "upgrade this service");
    turn(clerk);
    reopen(clerk); /* the upgrade */
    link_fake_clear(nodes[0].link);
    turn(clerk);
    carry(clerk, 1, &nodes[0], CLERK);
    carry(&nodes[0], CLERK, clerk, 1);
    Tocsin__V1__Frame *frame = last_sent(clerk, TOCSIN__V1__FRAME__KIND_FETCH);
    assert_non_null(frame);
    assert_int_equal(frame->fetch->from_seq, 1); /* gets it, and what follows from it */
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void who_takes_any_record_takes_one_of_a_type_that_is_not_known(void **state)
{
    static struct toc_service keeper;
    (void)state;
    keeper = clerk_service;
    keeper.takes_any = true;
    struct node *clerk = take_record_of_tomorrow(&keeper);
    assert_string_equal(transcript, "door 1\n");
    assert_int_equal(counts_of(clerk).upstreams_stopped, 0);
}

/* What the clerk receives in a turn that fails tells the time only once it is received again. */
static void an_undone_turn_takes_its_time_with_it(void **state)
{
    struct node *door, *clerk;
    char expected[256];
    (void)state;
    open_pair(&door, &clerk);
    clerk->config.batch_max = 100;
    long long start = now.wall_ms;
    write_records(door, 1, "ok");
    talk(door, clerk);
    struct toc_txn *txn;
    assert_int_equal(toc_txn_begin_write(toc_run_store(clerk->run), &txn), TOC_OK);
    assert_int_equal(put_number(txn, TABLE_DUES, (uint64_t)start + 1000), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    reopen(clerk);
    talk(door, clerk);
    forget_transcript();
    pass(400);
    write_records(door, 1, "ok"); /* before the due */
    pass(3000);
    write_records(door, 1, "ok"); /* after it */
    talk_without_commit(door, clerk);
    snprintf(expected, sizeof(expected), "door 2\ndue %lld at %lld\ndoor 3\n", start + 1000,
             start + 3400);
    assert_string_equal(transcript, expected);
    toc_mem_disk_full("c", true);
    commit(clerk);
    toc_mem_disk_full("c", false);
    forget_transcript();
    pass(FULL_PAUSE);
    for (unsigned i = 0; i < 5; i++)
        turn(clerk); /* nothing has come yet: no verdict */
    assert_string_equal(transcript, "");
    pass(500);
    talk(door, clerk);
    pass(500);
    talk(door, clerk);
    assert_string_equal(transcript, expected);
}

static void an_undone_absence_is_found_again(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    pass(TOC_SILENT_MS + 1);
    poll(clerk);
    poll(clerk);
    assert_string_equal(transcript, "door left out\n");
    toc_mem_disk_full("c", true);
    assert_int_equal(toc_run_outcome(clerk->run, TOC_STR("x"), now), TOC_OK);
    commit(clerk);
    toc_mem_disk_full("c", false);
    forget_transcript();
    pass(FULL_PAUSE);
    turn(clerk);
    turn(clerk);
    assert_string_equal(transcript, "door left out\n");
}

static void hostile_upstreams_are_survived(void **state)
{
    struct node *door, *clerk;
    uint64_t seed = 7;
    unsigned stopped = 0;
    (void)state;
    open_pair(&door, &clerk);
    write_records(door, 20, "ok");
    talk(door, clerk);
    for (unsigned round = 0; round < 3000; round++) {
        write_records(door, round % 3, "ok");
        turn(door);
        for (size_t i = 0; i < link_fake_count(door->link); i++) {
            struct toc_str frame = link_fake_at(door->link, i)->bytes;
            char *copy = malloc(frame.size);
            memcpy(copy, frame.data, frame.size);
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            if (seed >> 62 != 0)
                copy[(seed >> 20) % frame.size] ^= (char)(1u << (seed >> 50) % 8);
            give_bytes(clerk, 1, toc_str(copy, frame.size));
            free(copy);
        }
        link_fake_clear(door->link);
        turn(clerk);
        carry(clerk, 1, door, CLERK);
        pass(60);
        if (counts_of(clerk).upstreams_stopped != 0) {
            stopped++;
            toc_run_close(clerk->run); /* a new one, as its cursor may be spoilt */
            clerk->run = NULL;
            toc_mem_disk_free("c");
            reopen(clerk);
        }
    }
    assert_in_range(stopped, 1, 2999);
}

/* --- promises and time ------------------------------------------------------------------ */

static toc_time_ms reserved_of(struct node *door)
{
    struct toc_str row;
    struct toc_txn *txn;
    assert_int_equal(toc_txn_begin_read(toc_run_store(door->run), &txn), TOC_OK);
    assert_int_equal(toc_get(txn, TOC_TABLE_META, TOC_STR("reserved"), &row), TOC_OK);
    toc_time_ms reserved_ms = (toc_time_ms)toc_get_u64be(row.data);
    toc_txn_abort(txn);
    return reserved_ms;
}

/* The highest promise sent; checks every stamp against the promises before it. */
static void read_promises(struct node *door, toc_time_ms *highest)
{
    for (size_t i = 0; i < link_fake_count(door->link); i++) {
        Tocsin__V1__Frame *frame = sent(door, i);
        toc_time_ms promise = TOC_TIME_MIN;
        if (frame->kind_case == TOCSIN__V1__FRAME__KIND_PROMISE)
            promise = frame->promise->promise_ms;
        if (frame->kind_case == TOCSIN__V1__FRAME__KIND_BATCH) {
            promise = frame->batch->promise_ms;
            for (size_t k = 0; k < frame->batch->n_records; k++) {
                Tocsin__V1__Record *record = tocsin__v1__record__unpack(
                    NULL, frame->batch->records[k].len, frame->batch->records[k].data);
                assert_true(record->at_ms >= *highest);
                tocsin__v1__record__free_unpacked(record, NULL);
            }
        }
        if (promise > *highest)
            *highest = promise;
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
    link_fake_clear(door->link);
}

static void no_stamp_is_ever_below_a_promise(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    toc_time_ms highest = TOC_TIME_MIN;
    uint64_t seed = 11, position = 0;
    uint32_t stream = 1;
    (void)state;
    for (unsigned round = 0; round < 5000; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned dice = (unsigned)(seed >> 33) % 100;
        pass(dice);
        if (dice < 3)
            now.wall_ms -= 20000; /* the wall clock is set back, */
        else if (dice < 6)
            now.wall_ms += 15000; /* or forth */
        if (dice % 4 == 0)
            publish_one(door, round, "ok");
        turn(door);
        if (dice >= 95)
            reopen(door);
        Tocsin__V1__Fetch fetch = fetch_of(door, dice >= 95 ? ++stream : stream);
        fetch.from_seq = position + 1;
        fetch.granted_bytes = UINT32_MAX;
        give_fetch(door, CLIENT, &fetch);
        turn(door);
        position = toc_run_journal(door->run)->last_seq;
        read_promises(door, &highest);
        assert_true(highest <= reserved_of(door));
    }
    assert_true(highest > 1700000000000);
}

static void a_silent_upstream_is_left_out_and_comes_back(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    pass(TOC_SILENT_MS);
    turn(clerk);
    assert_string_equal(transcript, "");
    pass(1);
    turn(clerk);
    turn(clerk);
    assert_string_equal(transcript, "door left out\n");
    forget_transcript();
    pass(500);
    talk(door, clerk);
    pass(500);
    talk(door, clerk);
    assert_string_equal(transcript, "door back\n");
}

/* The gate follows the desk: waiting for it, the desk would wait for itself. */
static void an_echo_never_counts_for_log_time(void **state)
{
    static struct toc_service desk_service;
    struct node *door = open_node(0, &door_service, "d", 0), *desk;
    (void)state;
    desk_service = clerk_service;
    desk_service.echo = "gate";
    desk = open_node(1, &desk_service, "c", 2);
    for (toc_time_ms ms = 0; ms <= 2 * TOC_SILENT_MS; ms += 500) {
        talk(door, desk);
        pass(500);
    }
    assert_true(toc_run_log_ms(desk->run) >= now.wall_ms - 1000);
    assert_string_equal(transcript, ""); /* nor is it missed */
}

/* Half a minute of the clerk and both that it follows. */
static void talk_to_both(struct node *door, struct node *gate, struct node *clerk)
{
    for (unsigned round = 0; round < 60; round++) {
        pass(500);
        turn(clerk);
        for (size_t i = 0; i < link_fake_count(clerk->link); i++) {
            const struct link_fake_frame *frame = link_fake_at(clerk->link, i);
            give_bytes(frame->peer == 1 ? door : gate, CLERK, frame->bytes);
        }
        link_fake_clear(clerk->link);
        turn(door);
        turn(gate);
        carry(door, CLERK, clerk, 1);
        carry(gate, CLERK, clerk, 2);
    }
    turn(clerk);
}

/* The door's data is replaced while the clerk looks on, or before it starts. */
static struct node *follow_two_and_replace_one(bool event_clock)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    struct node *clerk = open_node(1, &clerk_service, "c", 2);
    struct node *gate = open_node(2, &door_service, "g", 0);
    clerk->config.event_clock = event_clock;
    reopen(clerk);
    write_records(door, 3, "ok");
    talk_to_both(door, gate, clerk);
    toc_run_close(door->run);
    door->run = NULL;
    toc_mem_disk_free("d");
    reopen(door);
    forget_transcript();
    talk_to_both(door, gate, clerk);
    return clerk;
}

static void log_time_goes_on_without_one_that_is_stopped(void **state)
{
    (void)state;
    struct node *clerk = follow_two_and_replace_one(false);
    assert_string_equal(transcript, "door stopped\n");
    assert_true(toc_run_log_ms(clerk->run) >= now.wall_ms - 1000);
    reopen(clerk);
    talk_to_both(&nodes[0], &nodes[2], clerk);
    assert_string_equal(transcript, "door stopped\ndoor stopped\n");
    assert_true(toc_run_log_ms(clerk->run) >= now.wall_ms - 1000);
}

static void event_time_waits_for_one_that_is_stopped(void **state)
{
    (void)state;
    toc_time_ms replaced_ms = now.wall_ms + 30 * TOC_SECOND_MS;
    struct node *clerk = follow_two_and_replace_one(true);
    assert_string_equal(transcript, "door stopped\n");
    assert_true(toc_run_log_ms(clerk->run) <= replaced_ms);
}

/* Otherwise a record behind it could be earlier, and a reader would have it fire after that. */
static void what_fired_without_a_record_is_not_before_what_follows(void **state)
{
    struct node *door, *clerk;
    (void)state;
    open_pair(&door, &clerk);
    talk(door, clerk);
    write_records(door, 1, "ok wake");
    talk(door, clerk);
    toc_time_ms written_ms = toc_run_log_ms(clerk->run);
    pass(DUE_MS + 100);
    talk(door, clerk);
    assert_int_equal(toc_run_journal(clerk->run)->last_seq, 1);
    reopen(clerk);
    assert_true(toc_run_log_ms(clerk->run) > written_ms + DUE_MS);
}

static size_t pack_record(uint8_t out[64], uint64_t seq, toc_time_ms at_ms, const char *body)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    record.seq = seq;
    record.at_ms = record.log_ms = at_ms;
    record.body = toc_wire_binary(toc_str_of(body));
    return tocsin__v1__record__pack(&record, out);
}

/* However many are behind: each turn takes what has come, then fires a step. */
static void what_comes_in_waits_for_nothing_that_an_own_clock_has_behind(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    struct node *bell = open_node(1, &bell_service, "b", 1);
    uint32_t stream = stream_of(door, bell);
    toc_time_ms start = now.wall_ms;
    uint8_t bytes[3][64];
    ProtobufCBinaryData records[3] = {{pack_record(bytes[0], 1, start, "due"), bytes[0]},
                                      {pack_record(bytes[1], 2, start + 1, "due"), bytes[1]},
                                      {pack_record(bytes[2], 3, start + 2, "quiet"), bytes[2]}};
    char expected[128];
    (void)state;
    give_batch(door, bell, stream, 0, records, 2);
    turn(bell);
    forget_transcript();
    pass(DUE_MS + 100);
    turn(bell);
    give_batch(door, bell, stream, 2, &records[2], 1);
    turn(bell);
    snprintf(expected, sizeof(expected), "due %lld at %lld\ndoor 3\ndue %lld at %lld\n",
             (long long)start + DUE_MS, (long long)now.wall_ms, (long long)start + DUE_MS + 1,
             (long long)now.wall_ms);
    assert_string_equal(transcript, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_one_writes_the_other_follows),
        CASE(a_large_log_comes_in_bounded_frames_within_the_credit),
        CASE(a_grant_is_what_was_received_and_the_credit),
        CASE(nothing_beyond_the_credit_is_sent),
        CASE(a_batch_behind_the_head_promises_nothing),
        CASE(a_stream_may_begin_in_the_middle_of_a_turn),
        CASE(a_crash_repeats_nothing_and_loses_nothing),
        CASE(a_batch_that_was_lost_is_asked_for_again),
        CASE(the_heartbeat_shows_that_the_last_batch_was_lost),
        CASE(a_full_queue_delays_and_drops_nothing),
        CASE(frames_of_an_earlier_stream_are_ignored),
        CASE(a_stream_never_has_the_number_of_the_one_before),
        CASE(another_log_behind_the_endpoint_stops_the_follower),
        CASE(a_log_shorter_than_the_cursor_stops_the_follower),
        CASE(another_history_at_the_cursor_stops_the_follower),
        CASE(trimmed_records_stop_the_follower_that_needs_them),
        CASE(the_same_log_twice_stops_the_second),
        CASE(every_refused_start_has_its_reason),
        CASE(a_follower_that_vanished_is_dropped_after_ten_seconds),
        CASE(a_follower_that_is_gone_frees_its_place),
        CASE(there_are_as_many_followers_as_the_limit),
        CASE(records_wait_for_others_as_long_as_a_follower_lets_them),
        CASE(no_more_than_so_much_is_under_way_whatever_is_granted),
        CASE(trimming_waits_for_the_slowest_named_follower),
        CASE(a_log_that_grows_fast_is_trimmed_as_fast),
        CASE(who_is_too_slow_for_trimming_is_told),
        CASE(a_named_follower_that_was_restored_is_waited_for_where_it_is),
        CASE(a_follower_that_never_comes_back_is_forgotten_after_a_week),
        CASE(a_row_that_does_not_say_when_it_was_heard_counts_from_now),
        CASE(who_is_part_of_every_suite_is_never_forgotten),
        CASE(filtered_records_move_the_cursor_without_a_commit_each),
        CASE(a_record_that_cannot_be_read_stops_and_undoes_the_turn),
        CASE(a_record_that_was_had_before_stops_the_follower),
        CASE(a_record_of_a_type_that_is_not_known_stops_the_follower),
        CASE(who_takes_any_record_takes_one_of_a_type_that_is_not_known),
        CASE(an_undone_turn_takes_its_time_with_it),
        CASE(an_undone_absence_is_found_again),
        CASE(hostile_upstreams_are_survived),
        CASE(no_stamp_is_ever_below_a_promise),
        CASE(a_silent_upstream_is_left_out_and_comes_back),
        CASE(that_an_upstream_is_stopped_is_told_once),
        CASE(one_that_was_missed_before_a_start_is_told_to_be_back),
        CASE(log_time_goes_on_without_one_that_is_stopped),
        CASE(event_time_waits_for_one_that_is_stopped),
        CASE(an_echo_never_counts_for_log_time),
        CASE(what_fired_without_a_record_is_not_before_what_follows),
        CASE(what_comes_in_waits_for_nothing_that_an_own_clock_has_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
