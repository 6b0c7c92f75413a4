#include "services/cli/publisher.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define EVENTS_MAX 2000

/*
 * An intake that behaves badly on purpose, in a thread of its own: it answers at most `per_frame`
 * events of a frame, says "full" once to every event whose id divides by `full_every`, refuses
 * those that divide by `refuse_every`, sends every receipt twice, and notes what it accepted in
 * which order.
 */
struct intake {
    pthread_t thread;
    struct toc_link *link;
    size_t per_frame;
    unsigned full_every, refuse_every;
    bool refuses_hello;
    bool told_full[EVENTS_MAX];
    unsigned accepted[EVENTS_MAX];
    size_t accepted_count;
    _Atomic bool stop;
};

static unsigned id_of(struct toc_str event)
{
    struct toc_wire_reader reader = toc_wire_reader(event);
    struct toc_wire_field field;
    char text[16];
    while (toc_wire_next(&reader, &field) == TOC_OK)
        if (field.number == 1)
            return (unsigned)strtoul(toc_str_copy(text, sizeof(text), field.bytes), NULL, 10);
    return UINT32_MAX;
}

static void judge(struct intake *intake, struct toc_str event, Tocsin__V1__Outcome *out)
{
    unsigned id = id_of(event);
    tocsin__v1__outcome__init(out);
    out->log_id = 5;
    if (intake->full_every != 0 && id % intake->full_every == 0 && !intake->told_full[id]) {
        intake->told_full[id] = true;
        out->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
        out->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_FULL;
        out->retry_ms = 1;
    } else if (intake->refuse_every != 0 && id % intake->refuse_every == 0) {
        out->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
        out->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED;
        out->detail = toc_wire_text("not you");
    } else {
        out->status = TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
        intake->accepted[intake->accepted_count++] = id;
        out->seq = intake->accepted_count;
    }
}

static void send_frame(struct intake *intake, toc_peer peer, Tocsin__V1__Frame *frame)
{
    static uint8_t bytes[TOC_FRAME_MAX];
    frame->version = 1;
    size_t size = tocsin__v1__frame__pack(frame, bytes);
    (void)!toc_link_send(intake->link, peer, toc_str(bytes, size));
}

static void on_publish(struct intake *intake, toc_peer peer, const Tocsin__V1__Publish *publish)
{
    static Tocsin__V1__Outcome outcomes[TOC_WINDOW_BATCH_MAX];
    static Tocsin__V1__Outcome *list[TOC_WINDOW_BATCH_MAX];
    Tocsin__V1__Receipt receipt = TOCSIN__V1__RECEIPT__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    receipt.tag = publish->tag;
    receipt.outcomes = list;
    while (receipt.n_outcomes < publish->n_events && receipt.n_outcomes < intake->per_frame) {
        size_t i = receipt.n_outcomes++;
        list[i] = &outcomes[i];
        judge(intake, toc_wire_bytes(&publish->events[i]), list[i]);
    }
    frame.kind_case = TOCSIN__V1__FRAME__KIND_RECEIPT;
    frame.receipt = &receipt;
    send_frame(intake, peer, &frame);
    send_frame(intake, peer, &frame); /* a second copy has to change nothing */
}

static void on_hello(struct intake *intake, toc_peer peer, const Tocsin__V1__Hello *hello)
{
    Tocsin__V1__Hello answer = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Refuse refuse = TOCSIN__V1__REFUSE__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    answer.session = hello->session;
    answer.log_id = 5;
    answer.first_seq = 1;
    answer.last_seq = 9;
    refuse.reason = TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION;
    refuse.detail = toc_wire_text("only version 2 here");
    if (intake->refuses_hello) {
        frame.kind_case = TOCSIN__V1__FRAME__KIND_REFUSE;
        frame.refuse = &refuse;
    } else {
        frame.kind_case = TOCSIN__V1__FRAME__KIND_HELLO;
        frame.hello = &answer;
    }
    send_frame(intake, peer, &frame);
}

static void *serve(void *arg)
{
    struct intake *intake = arg;
    toc_peer peer;
    struct toc_str bytes;
    while (!intake->stop) {
        while (toc_link_receive(intake->link, &peer, &bytes) == TOC_OK) {
            Tocsin__V1__Frame *frame =
                tocsin__v1__frame__unpack(NULL, bytes.size, (const uint8_t *)bytes.data);
            if (frame == NULL)
                abort();
            if (frame->kind_case == TOCSIN__V1__FRAME__KIND_HELLO)
                on_hello(intake, peer, frame->hello);
            if (frame->kind_case == TOCSIN__V1__FRAME__KIND_PUBLISH)
                on_publish(intake, peer, frame->publish);
            tocsin__v1__frame__free_unpacked(frame, NULL);
        }
        toc_link_wait(intake->link, 10);
    }
    return NULL;
}

struct fixture {
    char at[160];
    char dir[64];
    struct client_config config;
    struct client *client;
    struct intake intake;
    unsigned receipts[EVENTS_MAX], refused;
    size_t receipt_count;
    unsigned order[EVENTS_MAX];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -1;
    *state = f;
    strcpy(f->dir, "/tmp/tocsin-test-XXXXXX");
    if (mkdtemp(f->dir) == NULL)
        return -1;
    snprintf(f->at, sizeof(f->at), "intake=ipc://%s/s", f->dir);
    f->config = (struct client_config){.data_dir = f->dir, .at = {{f->at}, 1}};
    f->intake.per_frame = EVENTS_MAX;
    return client_open(&f->config, "test", &f->client) == TOC_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char path[80];
    client_close(f->client);
    f->intake.stop = true;
    if (f->intake.link != NULL) {
        pthread_join(f->intake.thread, NULL);
        toc_link_close(f->intake.link);
    }
    snprintf(path, sizeof(path), "%s/s", f->dir);
    unlink(path);
    rmdir(f->dir);
    free(f);
    return 0;
}

static void start_intake(struct fixture *f)
{
    assert_int_equal(toc_link_open(f->at + strlen("intake="), &f->intake.link), TOC_OK);
    assert_int_equal(pthread_create(&f->intake.thread, NULL, serve, &f->intake), 0);
}

static void on_receipt(void *arg, uint64_t cookie, struct toc_str event,
                       const struct toc_client_receipt *receipt)
{
    struct fixture *f = arg;
    assert_int_equal(id_of(event), cookie);
    assert_true(cookie < EVENTS_MAX);
    f->receipts[cookie]++;
    f->order[f->receipt_count++] = (unsigned)cookie;
    if (receipt->status == TOCSIN__V1__OUTCOME__STATUS__REFUSED) {
        f->refused++;
        assert_string_equal(receipt->detail, "not you");
    } else {
        assert_true(receipt->log_id == 5);
    }
}

static void publish(struct fixture *f, size_t events, size_t batch, size_t window)
{
    const struct publisher_config config = {.service = "intake",
                                            .batch_max = batch,
                                            .window = window,
                                            .patience_ms = 20000,
                                            .on_receipt = on_receipt,
                                            .arg = f};
    struct publisher *publisher;
    assert_int_equal(publisher_open(f->client, &config, &publisher), TOC_OK);
    for (size_t i = 1; i < events; i++) {
        Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
        uint8_t bytes[128];
        char id[24];
        snprintf(id, sizeof(id), "%zu", i);
        event.id = id;
        size_t size = tocsin__v1__event__pack(&event, bytes);
        assert_int_equal(publisher_add(publisher, toc_str(bytes, size), i), TOC_OK);
    }
    assert_int_equal(publisher_flush(publisher), TOC_OK);
    assert_int_equal(publisher_pending(publisher), 0);
    publisher_close(publisher);
    assert_int_equal(f->receipt_count, events - 1);
    for (size_t i = 1; i < events; i++)
        assert_int_equal(f->receipts[i], 1);
}

static void every_event_gets_one_receipt_in_order(void **state)
{
    struct fixture *f = *state;
    start_intake(f);
    publish(f, 1500, 100, 1);
    for (unsigned i = 0; i < 1499; i++) {
        assert_int_equal(f->intake.accepted[i], i + 1);
        assert_int_equal(f->order[i], i + 1);
    }
}

static void many_frames_under_way_lose_nothing(void **state)
{
    struct fixture *f = *state;
    start_intake(f);
    publish(f, EVENTS_MAX, 7, 16);
    assert_int_equal(f->intake.accepted_count, EVENTS_MAX - 1);
}

static void what_a_receipt_leaves_out_goes_again(void **state)
{
    struct fixture *f = *state;
    f->intake.per_frame = 30;
    start_intake(f);
    publish(f, 200, 100, 1);
    for (unsigned i = 0; i < 199; i++) /* and nothing overtakes it */
        assert_int_equal(f->intake.accepted[i], i + 1);
}

static void full_is_tried_again_and_a_refusal_is_not(void **state)
{
    struct fixture *f = *state;
    f->intake.full_every = 3;
    f->intake.refuse_every = 5;
    start_intake(f);
    publish(f, 101, 20, 4);
    assert_int_equal(f->refused, 20);
    assert_int_equal(f->intake.accepted_count, 80);
}

static void a_few_events_are_published_at_once(void **state)
{
    struct fixture *f = *state;
    Tocsin__V1__Event a = TOCSIN__V1__EVENT__INIT, b = TOCSIN__V1__EVENT__INIT;
    const Tocsin__V1__Event *const events[] = {&a, &b};
    struct toc_client_receipt receipts[2];
    a.id = toc_wire_text("1");
    b.id = toc_wire_text("5");
    f->intake.refuse_every = 5;
    start_intake(f);
    assert_int_equal(client_publish(f->client, "intake", events, 2, receipts), TOC_OK);
    assert_int_equal(receipts[0].status, TOCSIN__V1__OUTCOME__STATUS__ACCEPTED);
    assert_int_equal(receipts[1].status, TOCSIN__V1__OUTCOME__STATUS__REFUSED);
    assert_int_equal(receipts[1].reason, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED);
}

static void an_event_over_the_limit_is_not_sent(void **state)
{
    struct fixture *f = *state;
    Tocsin__V1__Event event = TOCSIN__V1__EVENT__INIT;
    const Tocsin__V1__Event *const events[] = {&event};
    struct toc_client_receipt receipt;
    char text[TOC_EVENT_MAX + 1];
    memset(text, 'x', TOC_EVENT_MAX);
    text[TOC_EVENT_MAX] = '\0';
    event.subject = text;
    start_intake(f);
    assert_int_equal(client_publish(f->client, "intake", events, 1, &receipt), TOC_ERR_LIMIT);
    assert_non_null(strstr(client_error(f->client), "at most 1536"));
}

static void hello_tells_about_the_log(void **state)
{
    struct fixture *f = *state;
    struct client_service service;
    start_intake(f);
    assert_int_equal(client_hello(f->client, "intake", 20000, &service), TOC_OK);
    assert_true(service.log_id == 5 && service.first_seq == 1 && service.last_seq == 9);
}

static void nobody_there_is_told_with_the_endpoint(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(client_hello(f->client, "intake", 30, NULL), TOC_ERR_GONE);
    assert_non_null(strstr(client_error(f->client), "no intake at ipc:///tmp/tocsin-test-"));
    assert_non_null(strstr(client_error(f->client), "is `tocsin up` running?"));
}

static void another_version_is_told_as_it_was_refused(void **state)
{
    struct fixture *f = *state;
    f->intake.refuses_hello = true;
    start_intake(f);
    assert_int_equal(client_hello(f->client, "intake", 20000, NULL), TOC_NONE);
    assert_int_equal(client_reason(f->client), TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION);
    assert_string_equal(client_error(f->client), "intake refused (version): only version 2 here");
}

static void a_path_too_long_for_a_socket_is_told(void **state)
{
    struct fixture *f = *state;
    char dir[128];
    memset(dir, 'd', sizeof(dir) - 1);
    dir[sizeof(dir) - 1] = '\0';
    f->config.data_dir = dir;
    assert_int_equal(client_hello(f->client, "router", 30, NULL), TOC_ERR_CONFIG);
    assert_non_null(strstr(client_error(f->client), "may have 107 bytes, this one has 143"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(every_event_gets_one_receipt_in_order),
        CASE(many_frames_under_way_lose_nothing),
        CASE(what_a_receipt_leaves_out_goes_again),
        CASE(full_is_tried_again_and_a_refusal_is_not),
        CASE(a_few_events_are_published_at_once),
        CASE(an_event_over_the_limit_is_not_sent),
        CASE(hello_tells_about_the_log),
        CASE(nobody_there_is_told_with_the_endpoint),
        CASE(another_version_is_told_as_it_was_refused),
        CASE(a_path_too_long_for_a_socket_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
