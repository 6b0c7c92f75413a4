/* Event time between two that follow each other: the desk leads, the gate is its echo; and the
 * other way round, the clerk is the echo of the door. Instants are small numbers here. */
#include "tests/unit/run_rig.h"

#define DOOR_LOG 0xd00
#define GATE_LOG 0x9a7e

static bool heeds; /* or record 2 of the door is a policy that has it so */

static enum toc_err rig_heeds(struct toc_turn *turn, bool *out)
{
    (void)turn;
    *out = heeds || strstr(transcript, "door 2") != NULL;
    return TOC_OK;
}

/* --- a node on event time, and upstreams that say what they are told to ---------------------- */

static struct toc_service paced;

/* The node and its upstream peers: 1 is the door, 2 the gate. */
static void start(struct node *node, size_t upstreams)
{
    node->config.event_clock = true;
    node->config.upstream_count = upstreams;
    reopen(node);
}

static struct node *open_desk(void)
{
    paced = clerk_service;
    paced.echo = "gate";
    paced.heeds_echo = rig_heeds;
    struct node *desk = open_node(0, &paced, "desk", 2);
    start(desk, 2);
    return desk;
}

static struct node *open_clerk(void)
{
    paced = clerk_service;
    paced.leader = "door";
    paced.leader_classes = TOC_CLASS_ISSUE;
    struct node *clerk = open_node(0, &paced, "clerk", 1);
    start(clerk, 1);
    return clerk;
}

static void poll_and_commit(struct node *node)
{
    poll(node);
    commit(node);
}

/* The upstream answers the Hello; returns the Fetch's stream and where it begins. */
static uint32_t connect_up(struct node *node, toc_peer peer, uint64_t *out_from)
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame answer = TOCSIN__V1__FRAME__INIT;
    poll_and_commit(node);
    hello.log_id = peer == 1 ? DOOR_LOG : GATE_LOG;
    answer.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    answer.hello = &hello;
    give(node, peer, &answer);
    Tocsin__V1__Frame *frame = last_sent(node, TOCSIN__V1__FRAME__KIND_FETCH);
    assert_non_null(frame);
    uint32_t stream = frame->fetch->stream;
    *out_from = frame->fetch->from_seq;
    tocsin__v1__frame__free_unpacked(frame, NULL);
    return stream;
}

struct said {
    toc_time_ms at_ms;
    const char *body;
};

static void pack_record(uint64_t seq, const struct said *said, ProtobufCBinaryData *out)
{
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    record.seq = seq;
    record.at_ms = record.log_ms = said->at_ms;
    record.class_ = strcmp(said->body, "policy") == 0 ? TOC_CLASS_CONTROL : TOC_CLASS_ISSUE;
    record.body = toc_wire_binary(toc_str_of(said->body));
    out->data = malloc(128);
    assert_in_range(tocsin__v1__record__get_packed_size(&record), 1, 128);
    out->len = tocsin__v1__record__pack(&record, out->data);
}

/* Records behind `prev_seq`, up to the head of the upstream's log, and time up to the last. */
static void say(struct node *node, toc_peer peer, uint32_t stream, uint64_t prev_seq,
                const struct said *said, size_t count)
{
    Tocsin__V1__Batch batch = TOCSIN__V1__BATCH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    ProtobufCBinaryData records[8];
    uint8_t hash[TOC_SHA256] = {(uint8_t)(prev_seq + count)};
    assert_in_range(count, 1, 8);
    for (size_t i = 0; i < count; i++)
        pack_record(prev_seq + 1 + i, &said[i], &records[i]);
    batch.stream = stream;
    batch.prev_seq = prev_seq;
    batch.through_seq = batch.head_seq = prev_seq + count;
    batch.through_hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    batch.promise_ms = said[count - 1].at_ms;
    batch.records = records;
    batch.n_records = count;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_BATCH;
    frame.batch = &batch;
    give(node, peer, &frame);
    for (size_t i = 0; i < count; i++)
        free(records[i].data);
}

/* What a partner that has said `through_seq` records says of us. */
static void promise(struct node *node, toc_peer peer, uint32_t stream, uint64_t through_seq,
                    toc_time_ms next_ms, uint64_t taken_seq)
{
    Tocsin__V1__Promise word = TOCSIN__V1__PROMISE__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    uint8_t hash[TOC_SHA256] = {(uint8_t)through_seq};
    word.stream = stream;
    word.through_seq = word.head_seq = through_seq;
    word.through_hash = toc_wire_binary(toc_str(hash, sizeof(hash)));
    word.promise_ms = TOC_TIME_MIN;
    word.next_ms = next_ms;
    word.taken_log = toc_run_journal(node->run)->log_id;
    word.taken_seq = taken_seq;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_PROMISE;
    frame.promise = &word;
    give(node, peer, &frame);
    poll_and_commit(node);
}

static void assert_said(const char *expected)
{
    assert_string_equal(transcript, expected);
    forget_transcript();
}

static const struct said three[] = {{10, "ok"}, {10, "ok"}, {20, "ok"}};

/* --- who leads -------------------------------------------------------------------------------- */

static void an_instant_waits_for_the_partner(void **state)
{
    uint64_t from;
    (void)state;
    heeds = true;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 3);
    poll_and_commit(desk);
    assert_said("");
    promise(desk, 2, gate, 0, 10, 0);
    assert_said("door 1\ndoor 2\n"); /* one round trip for both */
    promise(desk, 2, gate, 0, 20, 1);
    assert_said(""); /* it has not taken all that we wrote */
    promise(desk, 2, gate, 0, 19, 2);
    assert_said(""); /* it may still say something earlier */
    promise(desk, 2, gate, 0, 20, 2);
    assert_said("door 3\n");
}

static void what_the_partner_says_of_an_instant_comes_when_that_is_over(void **state)
{
    uint64_t from;
    const struct said word = {10, "ok"};
    (void)state;
    heeds = true;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 1);
    promise(desk, 2, gate, 0, 10, 0);
    say(desk, 2, gate, 0, &word, 1);
    poll_and_commit(desk);
    assert_said("door 1\n");
    say(desk, 1, door, 1, three + 1, 2);
    poll_and_commit(desk);
    assert_said("door 2\ngate 1\n");
}

static void who_heeds_nothing_waits_for_nobody(void **state)
{
    uint64_t from;
    (void)state;
    heeds = false;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from); /* the gate is not even there */
    say(desk, 1, door, 0, three, 3);
    poll_and_commit(desk);
    assert_said("door 1\ndoor 2\ndoor 3\n");
}

/* e2e.uci, one run in three: what sla said of the end of an import, heard after a restart. */
static void what_nobody_heeds_is_taken_though_nothing_ends_the_instant(void **state)
{
    uint64_t from;
    const struct said word = {10, "ok"};
    (void)state;
    heeds = false;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 1);
    poll_and_commit(desk);
    assert_said("door 1\n");
    say(desk, 2, gate, 0, &word, 1);
    poll_and_commit(desk);
    assert_said("gate 1\n");
    reopen(desk);
    connect_up(desk, 2, &from);
    assert_int_equal(from, 2);
}

static void a_policy_that_heeds_the_partner_is_obeyed_from_then_on(void **state)
{
    uint64_t from;
    const struct said four[] = {{10, "ok"}, {20, "policy"}, {20, "ok"}, {30, "ok"}};
    (void)state;
    heeds = false;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from);
    say(desk, 1, door, 0, four, 4);
    poll_and_commit(desk);
    assert_said("door 1\ndoor 2\ndoor 3\n");
    reopen(desk); /* and here the policy is another again, but that instant was under it */
    uint32_t gate = connect_up(desk, 2, &from);
    door = connect_up(desk, 1, &from);
    say(desk, 1, door, 0, four, 4);
    poll_and_commit(desk);
    assert_said("");
    promise(desk, 2, gate, 0, 30, 3);
    assert_said("door 4\n");
}

static void a_due_comes_between_two_instants(void **state)
{
    uint64_t from;
    const struct said late[] = {{10, "due"}, {5000, "ok"}};
    (void)state;
    heeds = true;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, late, 2);
    promise(desk, 2, gate, 0, 10, 0);
    assert_said("door 1\n");
    promise(desk, 2, gate, 0, 1009, 1);
    assert_said("");
    promise(desk, 2, gate, 0, 1010, 1);
    assert_said("due 1010 at 1011\n");
    promise(desk, 2, gate, 0, 5000, 1);
    assert_said(""); /* nor has it taken that */
    promise(desk, 2, gate, 0, 5000, 2);
    assert_said("door 2\n");
}

/* --- crashes ---------------------------------------------------------------------------------- */

static void a_batch_that_was_half_taken_goes_on_where_it_stood(void **state)
{
    uint64_t from;
    (void)state;
    heeds = true;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 3);
    promise(desk, 2, gate, 0, 10, 0);
    assert_said("door 1\ndoor 2\n");
    reopen(desk);
    door = connect_up(desk, 1, &from);
    assert_int_equal(from, 1); /* no hash is known but that at a batch's end */
    gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 3);
    poll_and_commit(desk);
    assert_said("");
    promise(desk, 2, gate, 0, 20, 2);
    assert_said("door 3\n");
    reopen(desk);
    (void)connect_up(desk, 1, &from);
    assert_int_equal(from, 4);
}

static void a_crash_does_not_end_an_instant(void **state)
{
    uint64_t from;
    const struct said word = {10, "ok"};
    (void)state;
    heeds = true;
    struct node *desk = open_desk();
    desk->config.batch_max = 1;
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 3);
    promise(desk, 2, gate, 0, 10, 0);
    assert_said("door 1\n");
    reopen(desk);
    desk->config.batch_max = 100;
    gate = connect_up(desk, 2, &from);
    say(desk, 2, gate, 0, &word, 1); /* quicker than the door */
    door = connect_up(desk, 1, &from);
    say(desk, 1, door, 0, three, 3);
    poll_and_commit(desk);
    assert_said("door 2\ngate 1\n");
}

static void an_instant_without_an_effect_is_log_time_after_a_crash(void **state)
{
    uint64_t from;
    const struct said said[] = {{10, "ok"}, {20, "quiet"}, {20, "ok"}};
    (void)state;
    heeds = false;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from);
    say(desk, 1, door, 0, said, 2);
    poll_and_commit(desk);
    assert_said("door 1\ndoor 2\n");
    reopen(desk);
    door = connect_up(desk, 1, &from);
    say(desk, 1, door, 2, said + 2, 1);
    poll_and_commit(desk);
    assert_said("door 3\n");
    assert_int_equal(toc_run_journal(desk->run)->last_log_ms, 20);
}

static void a_word_goes_with_the_records_that_it_came_behind(void **state)
{
    uint64_t from;
    const struct said word = {10, "ok"};
    (void)state;
    heeds = true;
    struct node *desk = open_desk();
    uint32_t door = connect_up(desk, 1, &from), gate = connect_up(desk, 2, &from);
    say(desk, 1, door, 0, three, 2);
    promise(desk, 2, gate, 0, 10, 0);
    assert_said("door 1\ndoor 2\n");
    say(desk, 2, gate, 0, &word, 1); /* held: the instant is not over */
    promise(desk, 2, gate, 1, 20, 2);
    say(desk, 2, gate, 5, &word, 1); /* a gap: the stream begins anew */
    say(desk, 1, door, 2, three + 2, 1);
    poll_and_commit(desk);
    assert_said("");
    gate = connect_up(desk, 2, &from);
    assert_int_equal(from, 1);
    say(desk, 2, gate, 0, &word, 1);
    poll_and_commit(desk);
    assert_said("gate 1\n");
    promise(desk, 2, gate, 1, 20, 3);
    assert_said("door 3\n");
}

/* --- who is led ------------------------------------------------------------------------------- */

static void the_partner_stops_where_the_leader_has_to_hear_of_it(void **state)
{
    uint64_t from;
    const struct said dues[] = {{10, "due"}, {20, "due"}};
    (void)state;
    struct node *clerk = open_clerk();
    uint32_t door = connect_up(clerk, 1, &from);
    say(clerk, 1, door, 0, dues, 2);
    promise(clerk, 1, door, 2, 5000, 0);
    assert_said("door 1\ndoor 2\n");
    promise(clerk, 1, door, 2, 5000, 2);
    assert_said("due 1010 at 1011\n");
    promise(clerk, 1, door, 2, 5000, 2);
    assert_said("");
    assert_int_equal(toc_run_log_ms(clerk->run), 1011);
    promise(clerk, 1, door, 2, 1020, 3);
    assert_said(""); /* an event at the due instant is in time */
    promise(clerk, 1, door, 2, 5000, 3);
    assert_said("due 1020 at 1021\n");
    reopen(clerk);
    door = connect_up(clerk, 1, &from);
    promise(clerk, 1, door, 2, 5000, 3);
    assert_int_equal(toc_run_log_ms(clerk->run), 1021); /* what it said last was not taken */
    promise(clerk, 1, door, 2, 5000, 4);
    assert_int_equal(toc_run_log_ms(clerk->run), 5000);
}

static void what_a_full_disk_undid_is_heard_before_time_goes_on(void **state)
{
    uint64_t from;
    const struct said due = {10, "due"};
    (void)state;
    struct node *clerk = open_clerk();
    uint32_t door = connect_up(clerk, 1, &from);
    say(clerk, 1, door, 0, &due, 1);
    toc_mem_disk_full("clerk", true);
    promise(clerk, 1, door, 1, 5000, 0);
    toc_mem_disk_full("clerk", false);
    pass(FULL_PAUSE);
    poll_and_commit(clerk);
    assert_said("door 1\n");
    door = connect_up(clerk, 1, &from);
    say(clerk, 1, door, 0, &due, 1);
    promise(clerk, 1, door, 1, 5000, 1);
    assert_said("door 1\ndue 1010 at 1011\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_instant_waits_for_the_partner),
        CASE(what_the_partner_says_of_an_instant_comes_when_that_is_over),
        CASE(who_heeds_nothing_waits_for_nobody),
        CASE(what_nobody_heeds_is_taken_though_nothing_ends_the_instant),
        CASE(a_policy_that_heeds_the_partner_is_obeyed_from_then_on),
        CASE(a_due_comes_between_two_instants),
        CASE(a_batch_that_was_half_taken_goes_on_where_it_stood),
        CASE(a_crash_does_not_end_an_instant),
        CASE(an_instant_without_an_effect_is_log_time_after_a_crash),
        CASE(a_word_goes_with_the_records_that_it_came_behind),
        CASE(the_partner_stops_where_the_leader_has_to_hear_of_it),
        CASE(what_a_full_disk_undid_is_heard_before_time_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
