/* A run's turns: submissions and receipts, full stores, dues, questions, frames from anyone. */
#include "tests/unit/run_rig.h"

/* --- receipts --------------------------------------------------------------------------- */

static void a_receipt_leaves_only_after_the_commit(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 5, "ok");
    poll(door);
    assert_int_equal(link_fake_count(door->link), 0);
    commit(door);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_non_null(frame);
    assert_int_equal(link_fake_at(door->link, 0)->peer, CLIENT);
    assert_int_equal(frame->receipt->tag, 5);
    assert_int_equal(frame->receipt->n_outcomes, 1);
    assert_int_equal(frame->receipt->outcomes[0]->seq, 1);
    assert_true(frame->receipt->outcomes[0]->log_id == toc_run_journal(door->run)->log_id);
    tocsin__v1__frame__free_unpacked(frame, NULL);
    reopen(door);
    assert_int_equal(rows_of(door, TABLE_ROWS), 1);
}

static void a_crash_before_the_commit_leaves_nothing(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 5, "ok");
    reopen(door);
    assert_int_equal(rows_of(door, TABLE_ROWS), 0);
    assert_int_equal(toc_run_journal(door->run)->last_seq, 0);
}

static void outcomes_come_in_the_order_of_the_events(void **state)
{
    static const char *const texts[] = {"ok 1", "no 2", "ok 3", "no 4", "ok 5"};
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_texts(door, 9, texts, 5);
    commit(door);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_int_equal(frame->receipt->n_outcomes, 5);
    for (size_t i = 0; i < 5; i++) {
        const Tocsin__V1__Outcome *outcome = frame->receipt->outcomes[i];
        bool accepted = i % 2 == 0;
        assert_int_equal(outcome->status, accepted ? TOCSIN__V1__OUTCOME__STATUS__ACCEPTED
                                                   : TOCSIN__V1__OUTCOME__STATUS__REFUSED);
        assert_int_equal(outcome->seq, accepted ? i / 2 + 1 : 0);
        assert_string_equal(outcome->detail, accepted ? "" : texts[i]);
        assert_int_equal(outcome->retry_ms, 0);
    }
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void many_publishes_of_one_turn_have_a_receipt_each(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    for (uint64_t tag = 1; tag <= 100; tag++)
        publish_one(door, tag, tag % 3 == 0 ? "no" : "ok");
    commit(door);
    assert_int_equal(link_fake_count(door->link), 100);
    for (size_t i = 0; i < 100; i++) {
        Tocsin__V1__Frame *frame = sent(door, i);
        assert_int_equal(frame->receipt->tag, i + 1);
        assert_int_equal(frame->receipt->n_outcomes, 1);
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
}

/* A receipt with text that is none would be no frame. */
static void a_long_detail_is_cut_between_characters(void **state)
{
    static const char *const letters[] = {"n", "\u00e9", "\u0928", "\U0001f514"};
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char text[600] = "no";
        size_t size = strlen(letters[i]);
        while (strlen(text) + size < sizeof(text))
            strcat(text, letters[i]);
        publish_one(door, i + 1, text);
        commit(door);
        Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_RECEIPT);
        struct toc_str detail = toc_str_of(frame->receipt->outcomes[0]->detail);
        assert_true(detail.size > 160 - size && detail.size <= 160);
        assert_true(toc_str_is_text(detail));
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
}

static void a_publisher_that_went_away_stops_nobody(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    link_fake_answer(door->link, CLIENT, TOC_ERR_GONE);
    publish_one(door, 1, "ok");
    commit(door);
    assert_int_equal(counts_of(door).receipts_lost, 1);
    link_fake_answer(door->link, CLIENT, TOC_OK);
    publish_one(door, 2, "ok");
    commit(door);
    assert_int_equal(link_fake_count(door->link), 1);
    assert_int_equal(rows_of(door, TABLE_ROWS), 2);
}

/* --- a full store ----------------------------------------------------------------------- */

static void assert_told_to_retry(struct node *node, size_t outcomes)
{
    Tocsin__V1__Frame *frame = last_sent(node, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_non_null(frame);
    assert_int_equal(frame->receipt->n_outcomes, outcomes);
    for (size_t i = 0; i < outcomes; i++) {
        const Tocsin__V1__Outcome *outcome = frame->receipt->outcomes[i];
        assert_int_equal(outcome->status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
        assert_int_equal(outcome->reason, TOCSIN__V1__REFUSE_REASON__REFUSE_FULL);
        assert_int_equal(outcome->retry_ms, TOC_RETRY_HINT_MS);
        assert_int_equal(outcome->seq, 0);
    }
    tocsin__v1__frame__free_unpacked(frame, NULL);
    link_fake_clear(node->link);
}

static void a_commit_on_a_full_disk_refuses_all_of_the_turn(void **state)
{
    static const char *const texts[] = {"ok", "ok", "no"};
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok");
    publish_texts(door, 2, texts, 3);
    toc_mem_disk_full("d", true);
    commit(door);
    assert_int_equal(link_fake_count(door->link), 2);
    assert_told_to_retry(door, 3);
    assert_int_equal(rows_of(door, TABLE_ROWS), 0);
    assert_int_equal(toc_run_journal(door->run)->last_seq, 0);
}

static void the_service_goes_on_once_there_is_room(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok");
    toc_mem_disk_full("d", true);
    commit(door);
    assert_true(counts_of(door).full);
    link_fake_clear(door->link);
    toc_mem_disk_full("d", false);
    pass(FULL_PAUSE);
    poll(door);
    publish_one(door, 2, "ok");
    commit(door);
    assert_false(counts_of(door).full);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_int_equal(frame->receipt->tag, 2);
    assert_int_equal(frame->receipt->outcomes[0]->status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    assert_int_equal(frame->receipt->outcomes[0]->seq, 1);
    tocsin__v1__frame__free_unpacked(frame, NULL);
    reopen(door);
    assert_int_equal(rows_of(door, TABLE_ROWS), 1);
}

static void a_step_that_meets_a_full_disk_undoes_the_turn(void **state)
{
    static const char *const texts[] = {"ok", "disk"};
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_texts(door, 1, texts, 2);
    assert_told_to_retry(door, 2);
    assert_int_equal(rows_of(door, TABLE_ROWS), 0);
}

/* Whoever sent a frame may count on an outcome for each of its events. */
static void a_step_that_meets_a_full_disk_has_an_outcome_for_what_follows_it_too(void **state)
{
    static const char *const texts[] = {"ok", "disk", "ok", "no", "ok"};
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_texts(door, 1, texts, 5);
    assert_told_to_retry(door, 5);
    assert_int_equal(rows_of(door, TABLE_ROWS), 0);
}

static void while_full_a_submission_is_refused_at_once(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "disk");
    assert_told_to_retry(door, 1);
    for (uint64_t tag = 2; tag < 6; tag++) {
        publish_one(door, tag, "ok");
        poll(door);
        commit(door);
        assert_told_to_retry(door, 1);
    }
}

static enum toc_err count_refused(void *self, struct toc_str event,
                                  const struct toc_receipt *receipt, toc_time_ms at_ms)
{
    unsigned *count = self;
    (void)event;
    (void)at_ms;
    *count += receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    return TOC_OK;
}

/* Whoever keeps something for an event that came from within has to let it go. */
static void while_full_the_gate_hears_of_what_came_from_within(void **state)
{
    unsigned refused = 0;
    const char *text = "ok";
    const struct toc_run_gate gate = {.self = &refused, .settled = count_refused};
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    toc_run_set_gate(door->run, &gate);
    publish_one(door, 1, "disk");
    assert_told_to_retry(door, 1);
    publish_one(door, 2, "ok");
    assert_int_equal(refused, 0);
    publish_from(door, TOC_PEER_INSIDE, 3, &text, 1);
    assert_int_equal(refused, 1);
}

/* The version is given again, to another text. */
static void a_policy_of_an_undone_turn_is_forgotten(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok policy one");
    toc_mem_disk_full("d", true);
    commit(door);
    toc_mem_disk_full("d", false);
    pass(FULL_PAUSE);
    publish_one(door, 1, "ok policy two");
    commit(door);
    assert_string_equal(transcript, "in force\nin force\n");
}

/* --- limits ----------------------------------------------------------------------------- */

static void a_full_turn_has_room_again_after_its_commit(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    door->config.batch_max = 3;
    publish_one(door, 1, "ok");
    publish_one(door, 2, "ok");
    assert_false(toc_run_is_full(door->run));
    publish_one(door, 3, "ok");
    assert_true(toc_run_is_full(door->run));
    commit(door);
    assert_false(toc_run_is_full(door->run));
}

static void as_many_receipts_as_fit_and_no_more(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    unsigned given = 0;
    (void)state;
    door->config.batch_max = 100000;
    while (!toc_run_is_full(door->run)) {
        publish_texts(door, ++given, NULL, 0); /* no event, yet a receipt */
        assert_in_range(given, 1, 5000);
    }
    assert_int_equal(given, 4096);
    commit(door);
    assert_int_equal(link_fake_count(door->link), 4096);
    assert_false(toc_run_is_full(door->run));
}

/* Outcomes may be larger than events; what has no room is sent again by the publisher. */
static void a_receipt_fits_its_frame_and_covers_the_first_events(void **state)
{
    enum { COUNT = 60000 };
    static const char *texts[COUNT];
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = "no, never";
    publish_texts(door, 1, texts, COUNT);
    commit(door);
    assert_int_equal(link_fake_count(door->link), 1);
    assert_true(link_fake_at(door->link, 0)->bytes.size <= TOC_FRAME_MAX);
    Tocsin__V1__Frame *frame = sent(door, 0);
    assert_in_range(frame->receipt->n_outcomes, 10000, COUNT - 1);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void refusals_of_a_large_turn_fit_their_frame_too(void **state)
{
    enum { COUNT = 28000 };
    static const char *texts[COUNT];
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = i + 1 < COUNT ? "ok" : "disk";
    publish_texts(door, 1, texts, COUNT);
    assert_int_equal(link_fake_count(door->link), 1);
    Tocsin__V1__Frame *frame = sent(door, 0);
    assert_in_range(frame->receipt->n_outcomes, 10000, COUNT);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void who_takes_no_submissions_refuses_them_at_once(void **state)
{
    struct node *clerk = open_node(0, &clerk_service, "c", 0);
    (void)state;
    publish_one(clerk, 4, "ok");
    poll(clerk);
    commit(clerk);
    Tocsin__V1__Frame *frame = last_sent(clerk, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_non_null(frame);
    assert_int_equal(frame->receipt->tag, 4);
    assert_int_equal(frame->receipt->outcomes[0]->status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
    assert_int_equal(frame->receipt->outcomes[0]->reason,
                     TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED);
    tocsin__v1__frame__free_unpacked(frame, NULL);
    assert_int_equal(counts_of(clerk).commits, 0);
}

/* --- frames from anyone ----------------------------------------------------------------- */

static void a_hello_is_answered_with_the_log(void **state)
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok");
    commit(door);
    publish_one(door, 2, "ok"); /* not committed: not shown */
    hello.min_version = 1;
    hello.max_version = 3;
    hello.session = 77;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
    frame.hello = &hello;
    give(door, CLIENT, &frame);
    Tocsin__V1__Frame *answer = last_sent(door, TOCSIN__V1__FRAME__KIND_HELLO);
    assert_non_null(answer);
    assert_true(answer->hello->session == 77);
    assert_true(answer->hello->log_id == toc_run_journal(door->run)->log_id);
    assert_int_equal(answer->hello->last_seq, 1);
    assert_string_equal(answer->hello->name, "door");
    tocsin__v1__frame__free_unpacked(answer, NULL);
    hello.min_version = 2;
    give(door, CLIENT, &frame);
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION);
}

static void frames_of_another_version_or_kind_are_refused(void **state)
{
    static const struct {
        struct toc_str bytes;
        Tocsin__V1__RefuseReason reason;
    } wrong[] = {
        {{"\x08\x02\x12\x00", 4}, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION},
        {{"\x12\x00", 2}, TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION},           /* none said */
        {{"\x08\x01", 2}, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED},         /* no kind */
        {{"\x08\x01\x5a\x00", 4}, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED}, /* kind 11 */
        {{"\x08\x01\x22\x00", 4}, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED}, /* a Receipt */
        {{"\x08\x01\x32\x00", 4}, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED}, /* a Batch */
        {{"\x08\x01\x12\x05", 4}, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED},
        {{"", 0}, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED},
    };
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        give_bytes(door, CLIENT, wrong[i].bytes);
        assert_refused(door, wrong[i].reason);
        assert_int_equal(counts_of(door).malformed, i + 1);
    }
}

static void a_frame_over_the_limit_is_refused(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    char *large = calloc(1, TOC_FRAME_MAX + 1);
    (void)state;
    give_bytes(door, CLIENT, toc_str(large, TOC_FRAME_MAX + 1));
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE);
    free(large);
}

static void a_malformed_publish_counts_only_up_to_its_fault(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    give_bytes(door, CLIENT, TOC_STR("\x08\x01\x1a\x02\x12\x09")); /* nothing readable */
    assert_refused(door, TOCSIN__V1__REFUSE_REASON__REFUSE_MALFORMED);
    /* tag 6, "ok", then an event that does not end */
    give_bytes(door, CLIENT, TOC_STR("\x08\x01\x1a\x08\x08\x06\x12\x02ok\x12\x09"));
    commit(door);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_non_null(frame);
    assert_int_equal(frame->receipt->tag, 6);
    assert_int_equal(frame->receipt->n_outcomes, 1);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static uint64_t draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static size_t pack_sample(uint64_t which, uint8_t out[256])
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Fetch fetch = TOCSIN__V1__FETCH__INIT;
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    Tocsin__V1__Publish publish = TOCSIN__V1__PUBLISH__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    ProtobufCBinaryData events[2] = {{2, (uint8_t *)(uintptr_t) "ok"},
                                     {2, (uint8_t *)(uintptr_t) "no"}};
    frame.version = TOC_WIRE_VERSION;
    switch (which % 4) {
    case 0:
        hello.min_version = hello.max_version = 1;
        hello.name = toc_wire_text("someone");
        frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
        frame.hello = &hello;
        break;
    case 1:
        fetch.stream = 5;
        fetch.from_seq = 1;
        fetch.granted_bytes = 500;
        fetch.partition_mask = UINT64_MAX;
        fetch.follower = toc_wire_text("f");
        frame.kind_case = TOCSIN__V1__FRAME__KIND_FETCH;
        frame.fetch = &fetch;
        break;
    case 2:
        question.what = TOCSIN__V1__ASK__WHAT__STATUS + (int)(which / 4 % 10);
        question.after = toc_wire_binary(toc_str("\0\0\0\0\0\0\0\2", which / 8 % 9));
        frame.kind_case = TOCSIN__V1__FRAME__KIND_ASK;
        frame.ask = &question;
        break;
    default:
        publish.tag = which;
        publish.n_events = 2;
        publish.events = events;
        frame.kind_case = TOCSIN__V1__FRAME__KIND_PUBLISH;
        frame.publish = &publish;
    }
    return tocsin__v1__frame__pack(&frame, out);
}

/* Whoever can reach the socket can send anything; the run survives it and goes on. */
static void hostile_frames_are_survived(void **state)
{
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok");
    commit(door);
    for (uint64_t number = 0; number < 30000; number++) {
        uint8_t bytes[256];
        uint64_t seed = number;
        size_t size = pack_sample(draw(&seed), bytes);
        for (uint64_t n = draw(&seed) % 5; n > 0; n--)
            bytes[draw(&seed) % size] = (uint8_t)draw(&seed);
        size -= draw(&seed) % 4 == 0 ? draw(&seed) % size : 0;
        give_bytes(door, (toc_peer)(TOC_PEER_BOUND + number % 5), toc_str(bytes, size));
        if (number % 50 == 0) {
            pass(20);
            poll(door);
            commit(door);
            link_fake_clear(door->link);
        }
    }
    commit(door);
    link_fake_clear(door->link);
    publish_one(door, 12345, "ok");
    commit(door);
    Tocsin__V1__Frame *frame = last_sent(door, TOCSIN__V1__FRAME__KIND_RECEIPT);
    assert_int_equal(frame->receipt->tag, 12345);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

/* --- questions -------------------------------------------------------------------------- */

static void ask(struct node *node, const Tocsin__V1__Ask *question)
{
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    Tocsin__V1__Ask copy = *question;
    frame.kind_case = TOCSIN__V1__FRAME__KIND_ASK;
    frame.ask = &copy;
    give(node, CLIENT, &frame);
}

static Tocsin__V1__Frame *answer_to(struct node *node, const Tocsin__V1__Ask *question)
{
    link_fake_clear(node->link);
    ask(node, question);
    Tocsin__V1__Frame *frame = last_sent(node, TOCSIN__V1__FRAME__KIND_ANSWER);
    assert_non_null(frame);
    assert_true(frame->answer->tag == question->tag);
    return frame;
}

static void a_status_says_where_the_service_stands(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok");
    commit(door);
    question.tag = 8;
    question.what = TOCSIN__V1__ASK__WHAT__STATUS;
    Tocsin__V1__Frame *frame = answer_to(door, &question);
    assert_int_equal(frame->answer->n_rows, 1);
    Tocsin__V1__Status *status =
        tocsin__v1__status__unpack(NULL, frame->answer->rows[0].len, frame->answer->rows[0].data);
    assert_string_equal(status->service, "door");
    assert_int_equal(status->last_seq, 1);
    assert_int_equal(status->commits, 1);
    assert_true(status->ready);
    tocsin__v1__status__free_unpacked(status, NULL);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

/* 450 records, each naming the one before it: three answers, newest first. */
static void a_history_walks_the_chain_in_pages(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    uint8_t after[8];
    uint64_t expected = 450, pages = 0;
    (void)state;
    for (uint64_t i = 0; i < expected; i++)
        publish_one(door, i, "ok");
    commit(door);
    question.what = TOCSIN__V1__ASK__WHAT__HISTORY;
    for (bool more = true; more; pages++) {
        Tocsin__V1__Frame *frame = answer_to(door, &question);
        for (size_t i = 0; i < frame->answer->n_rows; i++) {
            Tocsin__V1__Record *record = tocsin__v1__record__unpack(
                NULL, frame->answer->rows[i].len, frame->answer->rows[i].data);
            assert_int_equal(record->seq, expected--);
            tocsin__v1__record__free_unpacked(record, NULL);
        }
        more = frame->answer->next.len == sizeof(after);
        if (more)
            memcpy(after, frame->answer->next.data, sizeof(after));
        question.after = toc_wire_binary(toc_str(after, sizeof(after)));
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
    assert_int_equal(expected, 0);
    assert_int_equal(pages, 3);
}

static void a_history_that_begins_nowhere_is_refused(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok");
    commit(door);
    question.what = TOCSIN__V1__ASK__WHAT__HISTORY;
    question.after = toc_wire_binary(TOC_STR("\xff\xff\xff\xff\xff\xff\xff\xff"));
    Tocsin__V1__Frame *frame = answer_to(door, &question);
    assert_int_equal(frame->answer->reason, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE);
    tocsin__v1__frame__free_unpacked(frame, NULL);
}

static void an_answer_that_is_too_large_says_so(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    static const struct {
        uint32_t rows;
        bool fits;
    } cases[] = {{3, true}, {1000, true}, {1100, false}, {5000, false}};
    (void)state;
    question.what = TOCSIN__V1__ASK__WHAT__ALERTS;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        question.limit = cases[i].rows;
        Tocsin__V1__Frame *frame = answer_to(door, &question);
        assert_int_equal(frame->answer->n_rows, cases[i].fits ? cases[i].rows : 0);
        assert_int_equal(frame->answer->reason, cases[i].fits
                                                    ? TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED
                                                    : TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE);
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
}

/* The store would take it for a mistake of the service's own and end it. */
static void a_question_about_a_longer_name_than_any_is_refused(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    char name[67];
    uint8_t after[TOC_KEY_MAX + 1] = {0};
    (void)state;
    memset(name, 'n', sizeof(name));
    question.what = TOCSIN__V1__ASK__WHAT__ALERTS;
    question.limit = 1;
    for (size_t size = 64; size <= 66; size++) {
        name[size] = '\0';
        question.queue = size < 66 ? name : toc_wire_text("");
        question.after = toc_wire_binary(toc_str(after, size < 66 ? 0 : sizeof(after)));
        Tocsin__V1__Frame *frame = answer_to(door, &question);
        assert_int_equal(frame->answer->n_rows, size == 64 ? 1 : 0);
        tocsin__v1__frame__free_unpacked(frame, NULL);
        name[size] = 'n';
    }
}

/* Records name the version that they were made by, which may no longer be the one in force. */
static void any_version_of_the_policy_is_answered(void **state)
{
    static const struct {
        uint32_t asked, given;
    } cases[] = {{0, 1}, {1, 1}, {2, 0}};
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *door = open_node(0, &door_service, "d", 0);
    (void)state;
    publish_one(door, 1, "ok policy one");
    commit(door);
    question.what = TOCSIN__V1__ASK__WHAT__POLICY;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        question.policy = cases[i].asked;
        Tocsin__V1__Frame *frame = answer_to(door, &question);
        assert_int_equal(frame->answer->n_rows, cases[i].given != 0);
        assert_int_equal(frame->answer->reason, TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED);
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
}

static void what_a_service_does_not_answer_is_refused(void **state)
{
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct node *clerk = open_node(0, &clerk_service, "c", 0);
    (void)state;
    for (int what = 0; what < 12; what++) {
        question.what = what;
        Tocsin__V1__Frame *frame = answer_to(clerk, &question);
        bool answered = what == TOCSIN__V1__ASK__WHAT__STATUS ||
                        what == TOCSIN__V1__ASK__WHAT__HISTORY ||
                        what == TOCSIN__V1__ASK__WHAT__POLICY;
        assert_int_equal(frame->answer->reason,
                         answered ? TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED
                                  : TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_TYPE);
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
}

/* --- time ------------------------------------------------------------------------------- */

static void an_outcome_is_a_turn_of_its_own(void **state)
{
    struct node *bell = open_node(0, &bell_service, "b", 0);
    (void)state;
    assert_int_equal(toc_run_outcome(bell->run, TOC_STR("200"), now), TOC_OK);
    assert_int_equal(toc_run_journal(bell->run)->last_seq, 1);
    commit(bell);
    reopen(bell);
    assert_int_equal(toc_run_journal(bell->run)->last_seq, 1);
    assert_string_equal(transcript, "outcome 200\n");
}

static void put_due(struct node *node, toc_time_ms due_ms)
{
    struct toc_txn *txn;
    assert_int_equal(toc_txn_begin_write(toc_run_store(node->run), &txn), TOC_OK);
    assert_int_equal(put_number(txn, TABLE_DUES, (uint64_t)due_ms), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    reopen(node);
}

static void a_due_fires_after_its_instant_and_not_at_it(void **state)
{
    struct node *bell = open_node(0, &bell_service, "b", 0);
    char expected[64];
    (void)state;
    toc_time_ms due_ms = now.wall_ms + 20;
    put_due(bell, due_ms);
    assert_int_equal(toc_run_wait_ms(bell->run, now), 20);
    pass(20);
    poll(bell);
    assert_string_equal(transcript, "");
    assert_int_equal(toc_run_wait_ms(bell->run, now), 1);
    pass(1);
    poll(bell);
    commit(bell);
    snprintf(expected, sizeof(expected), "due %lld at %lld\n", (long long)due_ms,
             (long long)due_ms + 1);
    assert_string_equal(transcript, expected);
}

static void dues_fire_in_order_and_once(void **state)
{
    struct node *bell = open_node(0, &bell_service, "b", 0);
    (void)state;
    toc_time_ms start = now.wall_ms;
    for (toc_time_ms i = 50; i > 0; i--)
        put_due(bell, start + i);
    pass(100);
    for (unsigned i = 0; i < 60; i++) {
        poll(bell);
        commit(bell);
    }
    char expected[65536] = "";
    size_t size = 0;
    for (toc_time_ms i = 1; i <= 50; i++)
        size += (size_t)snprintf(expected + size, sizeof(expected) - size, "due %lld at %lld\n",
                                 (long long)(start + i), (long long)(start + 100));
    assert_string_equal(transcript, expected);
}

/* However many are behind: what came in meanwhile, and what has to leave, waits for no more. */
static void a_turn_fires_one_step_of_its_own_clock(void **state)
{
    struct node *bell = open_node(0, &bell_service, "b", 0);
    (void)state;
    for (toc_time_ms i = 1; i <= 3; i++)
        put_due(bell, now.wall_ms + i);
    toc_time_ms start = now.wall_ms;
    char expected[128];
    pass(100);
    poll(bell);
    commit(bell);
    assert_int_equal(toc_run_wait_ms(bell->run, now), 0);
    assert_int_equal(toc_run_outcome(bell->run, TOC_STR("200"), now), TOC_OK);
    poll(bell);
    commit(bell);
    snprintf(expected, sizeof(expected), "due %lld at %lld\noutcome 200\ndue %lld at %lld\n",
             (long long)start + 1, (long long)start + 100, (long long)start + 2,
             (long long)start + 100);
    assert_string_equal(transcript, expected);
    poll(bell);
    commit(bell);
    assert_int_not_equal(toc_run_wait_ms(bell->run, now), 0);
}

static void a_clock_that_is_set_back_holds_up_no_due(void **state)
{
    struct node *bell = open_node(0, &bell_service, "b", 0);
    char expected[64];
    (void)state;
    toc_time_ms due_ms = now.wall_ms + 50;
    put_due(bell, due_ms);
    pass(10);
    poll(bell);
    now.wall_ms -= TOC_HOUR_MS;
    pass(30);
    poll(bell);
    assert_string_equal(transcript, "");
    pass(11);
    poll(bell);
    commit(bell);
    snprintf(expected, sizeof(expected), "due %lld at %lld\n", (long long)due_ms,
             (long long)due_ms + 1);
    assert_string_equal(transcript, expected);
    forget_transcript();
    now.wall_ms += TOC_HOUR_MS; /* it is set right again: log time does not jump */
    put_due(bell, now.wall_ms + 5);
    pass(5);
    poll(bell);
    assert_string_equal(transcript, "");
}

static void while_the_disk_is_full_dues_wait(void **state)
{
    struct node *bell = open_node(0, &bell_service, "b", 0);
    (void)state;
    put_due(bell, now.wall_ms + 1);
    toc_mem_disk_full("b", true);
    pass(2);
    poll(bell);
    commit(bell);
    forget_transcript();
    for (int i = 0; i < 5; i++) {
        poll(bell);
        commit(bell);
        assert_string_equal(transcript, ""); /* not tried in vain at every poll */
        assert_true(toc_run_wait_ms(bell->run, now) > 0);
    }
    toc_mem_disk_full("b", false);
    pass(FULL_PAUSE);
    poll(bell);
    commit(bell);
    assert_int_equal(rows_of(bell, TABLE_DUES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_receipt_leaves_only_after_the_commit),
        CASE(a_crash_before_the_commit_leaves_nothing),
        CASE(outcomes_come_in_the_order_of_the_events),
        CASE(many_publishes_of_one_turn_have_a_receipt_each),
        CASE(a_long_detail_is_cut_between_characters),
        CASE(a_publisher_that_went_away_stops_nobody),
        CASE(a_commit_on_a_full_disk_refuses_all_of_the_turn),
        CASE(the_service_goes_on_once_there_is_room),
        CASE(a_step_that_meets_a_full_disk_undoes_the_turn),
        CASE(a_step_that_meets_a_full_disk_has_an_outcome_for_what_follows_it_too),
        CASE(while_full_a_submission_is_refused_at_once),
        CASE(while_full_the_gate_hears_of_what_came_from_within),
        CASE(a_policy_of_an_undone_turn_is_forgotten),
        CASE(a_full_turn_has_room_again_after_its_commit),
        CASE(as_many_receipts_as_fit_and_no_more),
        CASE(a_receipt_fits_its_frame_and_covers_the_first_events),
        CASE(refusals_of_a_large_turn_fit_their_frame_too),
        CASE(who_takes_no_submissions_refuses_them_at_once),
        CASE(a_hello_is_answered_with_the_log),
        CASE(frames_of_another_version_or_kind_are_refused),
        CASE(a_frame_over_the_limit_is_refused),
        CASE(a_malformed_publish_counts_only_up_to_its_fault),
        CASE(hostile_frames_are_survived),
        CASE(a_status_says_where_the_service_stands),
        CASE(a_history_walks_the_chain_in_pages),
        CASE(a_history_that_begins_nowhere_is_refused),
        CASE(an_answer_that_is_too_large_says_so),
        CASE(a_question_about_a_longer_name_than_any_is_refused),
        CASE(any_version_of_the_policy_is_answered),
        CASE(what_a_service_does_not_answer_is_refused),
        CASE(an_outcome_is_a_turn_of_its_own),
        CASE(a_due_fires_after_its_instant_and_not_at_it),
        CASE(dues_fire_in_order_and_once),
        CASE(a_turn_fires_one_step_of_its_own_clock),
        CASE(a_clock_that_is_set_back_holds_up_no_due),
        CASE(while_the_disk_is_full_dues_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
