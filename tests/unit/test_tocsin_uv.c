/* libtocsin, over the real link, with an intake in this process that a test makes say what it
 * likes. */
#include "common/client/tocsin.h"
#include "common/link_zmq.h"
#include "common/wire.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define ROUNDS     4000 /* of at most 5 ms each: nobody waits that long when things work */
#define FULL_TIMES 3

static char directory[64], endpoint[96];
static struct toc_link *intake;
static struct tocsin *tocsin;

/* What the intake does, and what it took: "1 2 3 ", ids. */
static bool refuses_hello;
static unsigned fulls; /* times that it will still say so */
static char taken[4096];
static char body[256]; /* of the latest IssueOpened */
static uint64_t seq;

/* What on_receipt heard: "7=id:1:accepted " is cookie, id, seq and status. */
static char heard[8192];
static bool publishes_inside;

/* --- the intake ------------------------------------------------------------------------- */

static void say(toc_peer peer, Tocsin__V1__Frame *frame)
{
    static uint8_t bytes[TOC_FRAME_MAX];
    frame->version = 1;
    (void)!toc_link_send(intake, peer, toc_str(bytes, tocsin__v1__frame__pack(frame, bytes)));
}

static void read_body(const Tocsin__V1__Event *event)
{
    const Tocsin__V1__IssueOpened *opened = event->issue_opened;
    int used = snprintf(body, sizeof(body), "%s %s p%d bot=%d test=%d at=%lld", event->source,
                        opened->channel, opened->priority, opened->bot, event->test,
                        (long long)event->time_ms);
    for (size_t i = 0; i < opened->n_tags; i++)
        used += snprintf(body + used, sizeof(body) - (size_t)used, " tag=%s", opened->tags[i]);
    if (opened->appeal != NULL)
        snprintf(body + used, sizeof(body) - (size_t)used, " decision=%s",
                 opened->appeal->decision);
}

static void take(const ProtobufCBinaryData *packed, Tocsin__V1__Outcome *out)
{
    Tocsin__V1__Event *event = tocsin__v1__event__unpack(NULL, packed->len, packed->data);
    size_t used = strlen(taken);
    assert_non_null(event);
    read_body(event);
    tocsin__v1__outcome__init(out);
    out->status = TOCSIN__V1__OUTCOME__STATUS__REFUSED;
    if (fulls > 0) {
        fulls--;
        out->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_FULL;
        out->retry_ms = 20;
    } else if (strcmp(event->subject, "not-allowed") == 0) {
        out->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED;
        out->detail = toc_wire_text("not you");
    } else {
        static uint8_t issue[TOC_ID] = {0xab};
        out->status = TOCSIN__V1__OUTCOME__STATUS__ACCEPTED;
        out->log_id = 5;
        out->seq = ++seq;
        out->issue = (ProtobufCBinaryData){TOC_ID, issue};
        snprintf(taken + used, sizeof(taken) - used, "%s ", event->id);
    }
    tocsin__v1__event__free_unpacked(event, NULL);
}

static void on_publish(toc_peer peer, const Tocsin__V1__Publish *publish)
{
    static Tocsin__V1__Outcome outcomes[500];
    static Tocsin__V1__Outcome *list[500];
    Tocsin__V1__Receipt receipt = TOCSIN__V1__RECEIPT__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    receipt.tag = publish->tag;
    receipt.outcomes = list;
    receipt.n_outcomes = publish->n_events;
    for (size_t i = 0; i < publish->n_events; i++) {
        list[i] = &outcomes[i];
        take(&publish->events[i], list[i]);
    }
    frame.kind_case = TOCSIN__V1__FRAME__KIND_RECEIPT;
    frame.receipt = &receipt;
    say(peer, &frame);
}

static void on_hello(toc_peer peer)
{
    Tocsin__V1__Hello hello = TOCSIN__V1__HELLO__INIT;
    Tocsin__V1__Refuse refuse = TOCSIN__V1__REFUSE__INIT;
    Tocsin__V1__Frame frame = TOCSIN__V1__FRAME__INIT;
    refuse.reason = TOCSIN__V1__REFUSE_REASON__REFUSE_VERSION;
    refuse.detail = toc_wire_text("only version 2 here");
    frame.kind_case =
        refuses_hello ? TOCSIN__V1__FRAME__KIND_REFUSE : TOCSIN__V1__FRAME__KIND_HELLO;
    if (refuses_hello)
        frame.refuse = &refuse;
    else
        frame.hello = &hello;
    say(peer, &frame);
}

static void serve(void)
{
    struct toc_str bytes;
    toc_peer peer;
    while (intake != NULL && toc_link_receive(intake, &peer, &bytes) == TOC_OK) {
        Tocsin__V1__Frame *frame =
            tocsin__v1__frame__unpack(NULL, bytes.size, (const uint8_t *)bytes.data);
        assert_non_null(frame);
        if (frame->kind_case == TOCSIN__V1__FRAME__KIND_HELLO)
            on_hello(peer);
        else
            on_publish(peer, frame->publish);
        tocsin__v1__frame__free_unpacked(frame, NULL);
    }
}

/* --- the publisher ---------------------------------------------------------------------- */

static const struct tocsin_event plain = {.id = "1", .type = "tocsin.issue.opened", .subject = "T"};

static void on_receipt(void *arg, uint64_t cookie, const struct tocsin_receipt *receipt)
{
    static const char *const names[] = {"?", "accepted", "duplicate", "refused"};
    size_t used = strlen(heard);
    assert_ptr_equal(arg, heard);
    snprintf(heard + used, sizeof(heard) - used, "%u=%s:%u:%s%s%s ", (unsigned)cookie, receipt->id,
             (unsigned)receipt->seq, names[receipt->status], receipt->reason, receipt->detail);
    if (receipt->status == TOCSIN_ACCEPTED)
        assert_string_equal(receipt->issue, "ab000000000000000000000000000000");
    if (publishes_inside) {
        publishes_inside = false;
        struct tocsin_event event = plain;
        event.id = "inside";
        assert_int_equal(tocsin_publish(tocsin, &event, 99), TOCSIN_OK);
        assert_int_equal(tocsin_poll(tocsin, 0), TOCSIN_EBUSY);
    }
}

static void open_with(size_t queue_max)
{
    const struct tocsin_config config = {.endpoint = endpoint,
                                         .source = "urn:shop",
                                         .queue_max = queue_max,
                                         .on_receipt = on_receipt,
                                         .arg = heard};
    assert_int_equal(tocsin_open(&config, &tocsin), TOCSIN_OK);
}

static void start_intake(void)
{
    assert_int_equal(toc_link_open(endpoint, &intake), TOC_OK);
}

static int publish(const char *id, const char *subject, uint64_t cookie)
{
    struct tocsin_event event = plain;
    event.id = id;
    event.subject = subject;
    return tocsin_publish(tocsin, &event, cookie);
}

/* Both sides in turn, until every event has its receipt. */
static void settle(void)
{
    for (int i = 0; i < ROUNDS && tocsin_pending(tocsin) > 0; i++) {
        assert_int_equal(tocsin_poll(tocsin, 5), TOCSIN_OK);
        serve();
    }
    assert_int_equal(tocsin_pending(tocsin), 0);
}

static int set_up(void **state)
{
    (void)state;
    refuses_hello = publishes_inside = false;
    fulls = 0;
    seq = 0;
    taken[0] = heard[0] = '\0';
    strcpy(directory, "/tmp/tocsin-test-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(endpoint, sizeof(endpoint), "ipc://%s/s", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tocsin_close(tocsin);
    toc_link_close(intake);
    tocsin = NULL;
    intake = NULL;
    unlink(endpoint + strlen("ipc://"));
    return rmdir(directory);
}

/* --- cases ------------------------------------------------------------------------------ */

static void receipts_come_in_order_with_their_cookies(void **state)
{
    (void)state;
    open_with(0);
    start_intake();
    assert_int_equal(publish("a", "T-1", 7), TOCSIN_OK);
    assert_int_equal(publish("b", "not-allowed", 8), TOCSIN_OK);
    assert_int_equal(publish("c", "T-2", 9), TOCSIN_OK);
    settle();
    assert_string_equal(heard, "7=a:1:accepted 8=b:0:refusednot_allowednot you 9=c:2:accepted ");
}

static void what_was_published_before_there_is_an_intake_waits_for_it(void **state)
{
    (void)state;
    open_with(0);
    assert_int_equal(publish("a", "T-1", 1), TOCSIN_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(tocsin_poll(tocsin, 2), TOCSIN_OK);
    assert_int_equal(tocsin_pending(tocsin), 1);
    assert_true(tocsin_stalled_ms(tocsin) > 0);
    start_intake();
    settle();
    assert_true(tocsin_stalled_ms(tocsin) == 0);
    assert_string_equal(heard, "1=a:1:accepted ");
}

static void another_intake_in_the_same_place_gets_the_rest(void **state)
{
    (void)state;
    open_with(0);
    start_intake();
    assert_int_equal(publish("a", "T-1", 1), TOCSIN_OK);
    settle();
    toc_link_close(intake);
    intake = NULL;
    assert_int_equal(publish("b", "T-1", 2), TOCSIN_OK);
    assert_int_equal(tocsin_poll(tocsin, 0), TOCSIN_OK);
    start_intake();
    settle();
    assert_string_equal(taken, "a b ");
}

static void a_full_store_is_waited_out(void **state)
{
    (void)state;
    open_with(0);
    start_intake();
    fulls = FULL_TIMES;
    assert_int_equal(publish("a", "T-1", 1), TOCSIN_OK);
    settle();
    assert_string_equal(heard, "1=a:1:accepted ");
}

static void the_queue_pushes_back_and_takes_more_when_receipts_came(void **state)
{
    char id[16];
    (void)state;
    open_with(20);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(id, sizeof(id), "%u", i);
        assert_int_equal(publish(id, "T", i), TOCSIN_OK);
    }
    assert_int_equal(publish("x", "T", 20), TOCSIN_EAGAIN);
    assert_string_equal(tocsin_error(tocsin), "20 events wait for their receipts");
    start_intake();
    settle();
    assert_int_equal(publish("x", "T", 20), TOCSIN_OK);
    settle();
    assert_int_equal(seq, 21);
}

static void on_receipt_may_publish_but_not_poll(void **state)
{
    (void)state;
    open_with(0);
    start_intake();
    publishes_inside = true;
    assert_int_equal(publish("a", "T-1", 1), TOCSIN_OK);
    settle();
    assert_string_equal(heard, "1=a:1:accepted 99=inside:2:accepted ");
}

/* As a loop of the caller's does it: ask, sleep on the descriptor, poll without waiting. */
static void the_descriptor_and_the_time_are_enough_for_any_loop(void **state)
{
    (void)state;
    open_with(0);
    start_intake();
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(publish("same", "T", i), TOCSIN_OK);
    for (int i = 0; i < ROUNDS && tocsin_pending(tocsin) > 0; i++) {
        struct pollfd fd = {.fd = tocsin_fd(tocsin), .events = POLLIN};
        int wait = tocsin_wait_ms(tocsin);
        serve();
        poll(&fd, 1, wait < 0 || wait > 5 ? 5 : wait); /* the intake has no loop of its own */
        assert_int_equal(tocsin_poll(tocsin, 0), TOCSIN_OK);
    }
    assert_int_equal(tocsin_pending(tocsin), 0);
    assert_int_equal(tocsin_wait_ms(tocsin), -1);
}

static void another_version_is_told_and_may_be_upgraded(void **state)
{
    int result = TOCSIN_OK;
    (void)state;
    open_with(0);
    start_intake();
    refuses_hello = true;
    assert_int_equal(publish("a", "T-1", 1), TOCSIN_OK);
    for (int i = 0; i < ROUNDS && result == TOCSIN_OK; i++) {
        result = tocsin_poll(tocsin, 5);
        serve();
    }
    assert_int_equal(result, TOCSIN_EREFUSED);
    assert_string_equal(tocsin_error(tocsin), "refused (version): only version 2 here");
    refuses_hello = false;
    settle();
    assert_string_equal(heard, "1=a:1:accepted ");
}

static void fields_become_what_the_body_wants(void **state)
{
    const struct tocsin_field fields[] = {
        {"channel", "appeal"}, {"priority", "P2"},           {"bot", "true"}, {"tags", "vip"},
        {"tags", "17"},        {"appeal.decision", "D-\"7"}, {"version", "2"}};
    struct tocsin_event event = plain;
    (void)state;
    open_with(0);
    start_intake();
    event.id = NULL;
    event.fields = fields;
    event.field_count = sizeof(fields) / sizeof(fields[0]);
    event.time_ms = 1772357400250;
    event.test = true;
    assert_int_equal(tocsin_publish(tocsin, &event, 3), TOCSIN_OK);
    settle();
    assert_int_equal(strlen(taken), 33); /* the id that the library made, and a space */
    assert_memory_equal(heard + 2, taken, 32);
    assert_string_equal(body, "urn:shop appeal p2 bot=1 test=1 at=1772357400250 tag=vip tag=17 "
                              "decision=D-\"7");
}

static void mistakes_are_told_by_member(void **state)
{
    static const struct {
        struct tocsin_event event;
        struct tocsin_field fields[2];
        size_t count;
        const char *error;
    } cases[] = {
        {{.id = "1"}, {{0}}, 0, "type: is missing: every event needs one"},
        {{.type = "tocsin.issue.opend"},
         {{0}},
         0,
         "type: 'tocsin.issue.opend' is unknown (did you mean 'tocsin.issue.opened'?)"},
        {{.type = "tocsin.issue.opened"},
         {{"chanel", "web"}},
         1,
         "data.chanel: unknown member (did you mean 'channel'?)"},
        {{.type = "tocsin.issue.opened"},
         {{"bot", "maybe"}},
         1,
         "data.bot: has to be true or false"},
        {{.type = "tocsin.issue.rated"},
         {{"score", "much"}},
         1,
         "data.score: has to be a whole number from 0 to 4294967295"},
        {{.type = "tocsin.issue.opened"},
         {{"channel", "web"}, {"channel", "email"}},
         2,
         "channel: is given twice and is no list"},
        {{.type = "tocsin.issue.opened"},
         {{"channel", NULL}},
         1,
         "fields: each has a name and a value"},
        {{.type = "tocsin.issue.opened"}, {{"channel", "\xff"}}, 1, "fields: is not UTF-8"},
        {{.type = "tocsin.issue.opened", .subject = "\xc3"}, {{0}}, 0, "subject: is not UTF-8"},
    };
    (void)state;
    open_with(0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tocsin_event event = cases[i].event;
        event.fields = cases[i].fields;
        event.field_count = cases[i].count;
        assert_int_equal(tocsin_publish(tocsin, &event, 0), TOCSIN_EEVENT);
        assert_string_equal(tocsin_error(tocsin), cases[i].error);
    }
    assert_int_equal(tocsin_pending(tocsin), 0);
}

static void an_event_over_the_limit_is_told(void **state)
{
    static char large[2000];
    (void)state;
    open_with(0);
    memset(large, 'x', sizeof(large) - 1);
    assert_int_equal(publish("1", large, 0), TOCSIN_EEVENT);
    assert_non_null(strstr(tocsin_error(tocsin), "at most 1536"));
}

static void a_wrong_configuration_opens_nothing(void **state)
{
    struct tocsin_config config = {.endpoint = endpoint};
    (void)state;
    assert_int_equal(tocsin_open(&config, &tocsin), TOCSIN_ECONFIG);
    config.on_receipt = on_receipt;
    config.endpoint = "the moon";
    assert_int_equal(tocsin_open(&config, &tocsin), TOCSIN_ECONFIG);
    config.endpoint = NULL;
    assert_int_equal(tocsin_open(&config, &tocsin), TOCSIN_ECONFIG);
    assert_null(tocsin);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(receipts_come_in_order_with_their_cookies),
        CASE(what_was_published_before_there_is_an_intake_waits_for_it),
        CASE(another_intake_in_the_same_place_gets_the_rest),
        CASE(a_full_store_is_waited_out),
        CASE(the_queue_pushes_back_and_takes_more_when_receipts_came),
        CASE(on_receipt_may_publish_but_not_poll),
        CASE(the_descriptor_and_the_time_are_enough_for_any_loop),
        CASE(another_version_is_told_and_may_be_upgraded),
        CASE(fields_become_what_the_body_wants),
        CASE(mistakes_are_told_by_member),
        CASE(an_event_over_the_limit_is_told),
        CASE(a_wrong_configuration_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
