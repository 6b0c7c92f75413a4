/* The link over real sockets: bursts, peers that go, peers that do not read. */
#include "common/link_zmq.h"
#include "common/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000 /* for one frame; only a failure waits this long */

static char endpoint[64];
static struct toc_link *server, *client;

static int set_up(void **state)
{
    static unsigned number;
    toc_peer upstream;
    (void)state;
    snprintf(endpoint, sizeof(endpoint), "ipc:///tmp/tocsin-link-%d-%u", (int)getpid(), number++);
    assert_int_equal(toc_link_open(endpoint, &server), TOC_OK);
    assert_int_equal(toc_link_open(NULL, &client), TOC_OK);
    assert_int_equal(toc_link_connect(client, endpoint, &upstream), TOC_OK);
    assert_int_equal(upstream, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    toc_link_close(client);
    toc_link_close(server);
    client = server = NULL;
    unlink(endpoint + strlen("ipc://"));
    return 0;
}

static enum toc_err receive(struct toc_link *link, toc_peer *peer, struct toc_str *frame)
{
    enum toc_err err = toc_link_receive(link, peer, frame);
    if (err == TOC_ERR_AGAIN) {
        toc_link_wait(link, PATIENCE_MS);
        err = toc_link_receive(link, peer, frame);
    }
    return err;
}

/* Sends from the client once the connection is there. */
static void send_first(struct toc_link *from, struct toc_str frame)
{
    enum toc_err err;
    for (unsigned tries = 0; (err = toc_link_send(from, 1, frame)) == TOC_ERR_AGAIN; tries++) {
        assert_in_range(tries, 0, PATIENCE_MS);
        toc_link_wait(from, 1);
    }
    assert_int_equal(err, TOC_OK);
}

/* The server's number of the client. */
static toc_peer introduce(struct toc_link *from)
{
    toc_peer peer;
    struct toc_str frame;
    send_first(from, TOC_STR("hello"));
    assert_int_equal(receive(server, &peer, &frame), TOC_OK);
    assert_true(peer >= TOC_PEER_BOUND);
    assert_true(toc_str_equal(frame, TOC_STR("hello")));
    return peer;
}

static uint32_t number_of(struct toc_str frame)
{
    assert_int_equal(frame.size, 256);
    return toc_get_u32be(frame.data);
}

static struct toc_str numbered(uint8_t bytes[256], uint32_t number)
{
    memset(bytes, (int)(number & 0xff), 256);
    toc_put_u32be(bytes, number);
    return toc_str(bytes, 256);
}

static void frames_go_both_ways(void **state)
{
    toc_peer peer = introduce(client), from;
    struct toc_str frame;
    (void)state;
    assert_int_equal(toc_link_send(server, peer, TOC_STR("answer")), TOC_OK);
    assert_int_equal(receive(client, &from, &frame), TOC_OK);
    assert_int_equal(from, 1);
    assert_true(toc_str_equal(frame, TOC_STR("answer")));
    assert_int_equal(toc_link_receive(client, &from, &frame), TOC_ERR_AGAIN);
    assert_false(toc_link_has_input(client));
    assert_int_equal(toc_link_send(server, peer, toc_str(NULL, 0)), TOC_OK);
    assert_int_equal(receive(client, &from, &frame), TOC_OK);
    assert_int_equal(frame.size, 0);
}

/* Sends and replies at once: an edge that a send eats would stop it. */
static void a_burst_with_replies_arrives_whole(void **state)
{
    enum { COUNT = 20000 };
    uint32_t sent = 0, taken = 0, echoed = 0, replied = 0;
    uint8_t bytes[256];
    struct toc_str frame;
    toc_peer peer = introduce(client), from = peer, upstream;
    unsigned idle = 0;
    (void)state;
    while (replied < COUNT) {
        uint32_t before = sent + echoed + replied;
        while (sent < COUNT && sent - replied < 1500 &&
               toc_link_send(client, 1, numbered(bytes, sent)) == TOC_OK)
            sent++;
        while (taken > echoed || toc_link_receive(server, &from, &frame) == TOC_OK) {
            if (taken == echoed)
                assert_int_equal(number_of(frame), taken++);
            assert_int_equal(from, peer);
            if (toc_link_send(server, peer, numbered(bytes, echoed)) != TOC_OK)
                break; /* a full queue: this reply goes out later, before the next is read */
            echoed++;
        }
        while (toc_link_receive(client, &upstream, &frame) == TOC_OK)
            assert_int_equal(number_of(frame), replied++);
        if (sent + echoed + replied == before) { /* everything is under way: wait for an end */
            assert_in_range(idle++, 0, PATIENCE_MS);
            toc_link_wait(replied < echoed ? client : server, 1);
        } else {
            idle = 0;
        }
    }
    assert_int_equal(echoed, COUNT);
}

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &size, &resident), 2);
    fclose(file);
    return resident;
}

/* A full queue is told, costs no more memory however often it is tried, and loses nothing. All of
 * it is well within the three seconds after which who does not read counts as gone. */
static void who_does_not_read_makes_the_sender_wait_and_loses_nothing(void **state)
{
    uint8_t bytes[256];
    uint32_t sent = 0, received = 0;
    toc_peer peer = introduce(client), from;
    struct toc_str frame;
    (void)state;
    for (unsigned refused = 0; refused < 100;) {
        enum toc_err err = toc_link_send(server, peer, numbered(bytes, sent));
        assert_true(err == TOC_OK || err == TOC_ERR_AGAIN);
        if (err == TOC_OK)
            sent++;
        else
            refused++;
        if (err == TOC_ERR_AGAIN)
            toc_link_wait(server, 1);
        assert_in_range(sent, 0, 100000);
    }
    assert_in_range(sent, 2000, 100000);
    long before = resident_pages();
    for (unsigned i = 0; i < 20000; i++) {
        enum toc_err err = toc_link_send(server, peer, numbered(bytes, sent));
        assert_true(err == TOC_OK || err == TOC_ERR_AGAIN);
        sent += err == TOC_OK;
    }
    assert_in_range(sent, 2000, 100000);
    assert_in_range(resident_pages() - before + 64, 0, 64 + 256); /* a megabyte at most */
    while (received < sent) {
        assert_int_equal(receive(client, &from, &frame), TOC_OK);
        assert_int_equal(number_of(frame), received++);
    }
    assert_int_equal(toc_link_receive(client, &from, &frame), TOC_ERR_AGAIN);
    for (unsigned tries = 0; toc_link_send(server, peer, numbered(bytes, sent)) != TOC_OK;
         tries++) {
        assert_in_range(tries, 0, PATIENCE_MS);
        toc_link_wait(server, 1);
    }
    assert_int_equal(receive(client, &from, &frame), TOC_OK);
    assert_int_equal(number_of(frame), sent);
}

/* Sends until the link has noticed that the peer is not there any more. */
static void wait_until_gone(toc_peer peer)
{
    enum toc_err err;
    for (unsigned tries = 0; (err = toc_link_send(server, peer, TOC_STR("x"))) != TOC_ERR_GONE;
         tries++) {
        assert_in_range(tries, 0, PATIENCE_MS);
        toc_link_wait(server, 1);
    }
}

static void a_peer_that_left_is_gone(void **state)
{
    toc_peer peer = introduce(client);
    (void)state;
    toc_link_close(client);
    client = NULL;
    wait_until_gone(peer);
    assert_int_equal(toc_link_send(server, peer, TOC_STR("x")), TOC_ERR_GONE);
}

/* What was meant for the one who left must not reach whoever comes next. */
static void a_newcomer_never_has_the_number_of_one_who_left(void **state)
{
    toc_peer first = introduce(client), upstream, from;
    struct toc_str frame;
    (void)state;
    toc_link_close(client);
    wait_until_gone(first);
    assert_int_equal(toc_link_open(NULL, &client), TOC_OK);
    assert_int_equal(toc_link_connect(client, endpoint, &upstream), TOC_OK);
    toc_peer second = introduce(client);
    assert_int_not_equal(second, first);
    assert_int_equal(toc_link_send(server, first, TOC_STR("receipt")), TOC_ERR_GONE);
    assert_int_equal(toc_link_send(server, second, TOC_STR("yours")), TOC_OK);
    assert_int_equal(receive(client, &from, &frame), TOC_OK);
    assert_true(toc_str_equal(frame, TOC_STR("yours")));
}

static void peers_that_never_were_are_gone(void **state)
{
    (void)state;
    assert_int_equal(toc_link_send(server, 0, TOC_STR("x")), TOC_ERR_GONE);
    assert_int_equal(toc_link_send(server, 1, TOC_STR("x")), TOC_ERR_GONE);
    assert_int_equal(toc_link_send(server, TOC_PEER_BOUND, TOC_STR("x")), TOC_ERR_GONE);
    assert_int_equal(toc_link_send(server, UINT32_MAX, TOC_STR("x")), TOC_ERR_GONE);
    assert_int_equal(toc_link_send(client, 2, TOC_STR("x")), TOC_ERR_GONE);
    assert_int_equal(toc_link_send(client, TOC_PEER_BOUND, TOC_STR("x")), TOC_ERR_GONE);
}

static void without_a_connection_nothing_is_queued(void **state)
{
    struct toc_link *alone;
    toc_peer upstream;
    (void)state;
    assert_int_equal(toc_link_open(NULL, &alone), TOC_OK);
    assert_int_equal(toc_link_connect(alone, "ipc:///tmp/tocsin-link-nobody", &upstream), TOC_OK);
    assert_int_equal(toc_link_send(alone, upstream, TOC_STR("x")), TOC_ERR_AGAIN);
    toc_link_close(alone);
}

static void take_aside(void *self, toc_peer peer, struct toc_str frame)
{
    assert_int_equal(peer, 1);
    assert_true(toc_str_equal(frame, TOC_STR("for the edge")));
    ++*(unsigned *)self;
    assert_int_equal(toc_link_send(client, peer, TOC_STR("thanks")), TOC_OK);
}

static void frames_of_one_peer_can_go_aside(void **state)
{
    toc_peer peer = introduce(client), from;
    struct toc_str frame;
    unsigned taken = 0;
    (void)state;
    toc_link_aside(client, 1, take_aside, &taken);
    assert_int_equal(toc_link_send(server, peer, TOC_STR("for the edge")), TOC_OK);
    for (unsigned tries = 0; taken == 0;
         tries++) { /* it is there before the first look, or later */
        assert_int_equal(toc_link_receive(client, &from, &frame), TOC_ERR_AGAIN);
        assert_in_range(tries, 0, PATIENCE_MS);
        if (taken == 0)
            toc_link_wait(client, 1);
    }
    assert_int_equal(taken, 1);
    assert_int_equal(receive(server, &from, &frame), TOC_OK);
    assert_true(toc_str_equal(frame, TOC_STR("thanks")));
    toc_link_aside(client, 1, NULL, NULL);
    assert_int_equal(toc_link_send(server, peer, TOC_STR("for the run")), TOC_OK);
    assert_int_equal(receive(client, &from, &frame), TOC_OK);
    assert_int_equal(taken, 1);
}

static void wrong_and_taken_endpoints_are_told(void **state)
{
    struct toc_link *other = NULL;
    toc_peer upstream = 77;
    (void)state;
    assert_int_equal(toc_link_open("carrier-pigeon://x", &other), TOC_ERR_CONFIG);
    assert_int_equal(toc_link_open("tcp://127.0.0.1", &other), TOC_ERR_CONFIG);
    assert_null(other);
    assert_int_equal(toc_link_connect(client, "carrier-pigeon://x", &upstream), TOC_ERR_CONFIG);
    assert_int_equal(upstream, 77);
    toc_link_close(NULL);
}

/* The largest frame passes; who sends a larger one is cut off and does no harm. */
static void frames_have_a_limit(void **state)
{
    struct toc_link *rude;
    toc_peer peer = introduce(client), from, upstream;
    struct toc_str frame;
    char *large = calloc(1, TOC_FRAME_MAX + 1);
    (void)state;
    assert_int_equal(toc_link_send(client, 1, toc_str(large, TOC_FRAME_MAX)), TOC_OK);
    assert_int_equal(receive(server, &from, &frame), TOC_OK);
    assert_int_equal(frame.size, TOC_FRAME_MAX);
    assert_int_equal(toc_link_open(NULL, &rude), TOC_OK);
    assert_int_equal(toc_link_connect(rude, endpoint, &upstream), TOC_OK);
    toc_peer rude_peer = introduce(rude);
    assert_int_equal(toc_link_send(rude, 1, toc_str(large, TOC_FRAME_MAX + 1)), TOC_OK);
    wait_until_gone(rude_peer);
    assert_int_equal(toc_link_send(server, peer, TOC_STR("still here")), TOC_OK);
    assert_int_equal(receive(client, &from, &frame), TOC_OK);
    assert_true(toc_str_equal(frame, TOC_STR("still here")));
    toc_link_close(rude);
    free(large);
}

static void every_socket_has_a_descriptor_to_watch(void **state)
{
    int fds[TOC_LINK_FDS];
    toc_peer upstream;
    (void)state;
    assert_int_equal(toc_link_fds(server, fds), 1);
    assert_int_equal(toc_link_fds(client, fds), 1);
    for (unsigned i = 1; i < TOC_LINK_FDS - 1; i++)
        assert_int_equal(toc_link_connect(client, endpoint, &upstream), TOC_OK);
    assert_int_equal(toc_link_fds(client, fds), TOC_LINK_FDS - 1);
    assert_int_equal(toc_link_connect(client, endpoint, &upstream), TOC_ERR_LIMIT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(frames_go_both_ways),
        CASE(a_burst_with_replies_arrives_whole),
        CASE(who_does_not_read_makes_the_sender_wait_and_loses_nothing),
        CASE(a_peer_that_left_is_gone),
        CASE(a_newcomer_never_has_the_number_of_one_who_left),
        CASE(peers_that_never_were_are_gone),
        CASE(without_a_connection_nothing_is_queued),
        CASE(frames_of_one_peer_can_go_aside),
        CASE(wrong_and_taken_endpoints_are_told),
        CASE(frames_have_a_limit),
        CASE(every_socket_has_a_descriptor_to_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
