#include "common/http_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

/*
 * Server and clients share one thread: a client is a raw non-blocking socket, and waiting for
 * something is running the loop until it is there. A test that waits for ever is ended by the
 * alarm in main.
 */

static const struct toc_http_limits roomy = {
    .header_max = 1024,
    .refusals_max = 2,
    .idle_ms = 60000,
    .request_ms = 60000,
    .body_ms = 60000,
    .linger_ms = 60000,
    .slow_ms = 30000,
};

struct fixture {
    uv_loop_t loop;
    struct toc_http_config config; /* of the server that start_config begins */
    struct toc_http *http;
    unsigned handled;
    bool close_in_handler;
    struct toc_http_exchange *kept; /* of the request for "/later", until answer_kept */
};

struct client {
    struct fixture *fixture;
    int fd;
    bool done;  /* the server has closed or reset */
    bool reset; /* it has not ended in order */
    size_t size;
    char text[1 << 16]; /* all that was received, terminated */
};

#define BIG ((size_t)32 << 20)

/* Says back what it was asked; "/big" and "/constant" are more than socket buffers hold. */
static void echo(void *self, struct toc_http_exchange *exchange,
                 const struct toc_http_request *request)
{
    static const struct toc_http_field field = {"X-Echo", "yes"};
    static const char zeroes[BIG];
    struct fixture *f = self;
    struct toc_http_response response = {.status = 200};
    f->handled++;
    if (toc_str_equal(request->path, TOC_STR("/big"))) {
        response.body_size = BIG;
        response.body = calloc(1, response.body_size);
    } else if (toc_str_equal(request->path, TOC_STR("/constant"))) {
        response.constant = toc_str(zeroes, BIG);
    } else if (!toc_str_equal(request->path, TOC_STR("/empty"))) {
        struct toc_str word = toc_http_field(request, "x-word");
        int size = asprintf(&response.body, "<%.*s %.*s %.*s%.*s%.*s>", (int)request->method.size,
                            request->method.data, (int)request->path.size, request->path.data,
                            (int)request->query.size, request->query.data, (int)word.size,
                            word.size ? word.data : "", (int)request->body.size,
                            request->body.size ? request->body.data : "");
        response.body_size = (size_t)size;
    }
    if (toc_str_equal(request->path, TOC_STR("/missing")))
        response.status = 404;
    response.fields = &field;
    response.field_count = toc_str_equal(request->path, TOC_STR("/field"));
    if (f->close_in_handler) {
        toc_http_close(f->http);
        f->http = NULL;
        free(response.body);
    } else if (toc_str_equal(request->path, TOC_STR("/later"))) {
        assert_null(f->kept);
        f->kept = exchange;
        free(response.body);
    } else {
        toc_http_respond(exchange, &response);
    }
}

static void answer_kept(struct fixture *f)
{
    const struct toc_http_response response = {
        .status = 202, .body = strdup("<at last>"), .body_size = 9};
    assert_non_null(f->kept);
    toc_http_respond(f->kept, &response);
    f->kept = NULL;
}

static void start_config(struct fixture *f, const struct toc_http_config *config,
                         const struct toc_http_limits *limits)
{
    *f = (struct fixture){.config = *config};
    f->config.address = "127.0.0.1:0";
    f->config.handler = echo;
    f->config.self = f;
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(toc_http_listen_limits(&f->loop, &f->config, limits, &f->http), TOC_OK);
    assert_true(toc_http_port(f->http) > 0);
}

static void start(struct fixture *f, const struct toc_http_limits *limits)
{
    static const struct toc_http_config config = {.connections_max = 8};
    start_config(f, &config, limits);
}

/* A server that takes bodies. */
static void start_taking(struct fixture *f, size_t body_max)
{
    const struct toc_http_config config = {.connections_max = 8, .body_max = body_max};
    start_config(f, &config, &roomy);
}

/* Running to the end shows that every handle was closed; the sanitizer sees what was not freed. */
static void stop(struct fixture *f)
{
    toc_http_close(f->http);
    assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void turn(struct fixture *f)
{
    (void)uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void client_open(struct client *c, struct fixture *f)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    c->fixture = f;
    c->done = false;
    c->reset = false;
    c->size = 0;
    c->text[0] = '\0';
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)toc_http_port(f->http));
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    int err = connect(c->fd, (const struct sockaddr *)&address, sizeof(address));
    assert_true(err == 0 || errno == EINPROGRESS);
}

static void client_close(struct client *c)
{
    assert_int_equal(close(c->fd), 0);
}

/* Closing sends a reset instead of an orderly end. */
static void client_reset(struct client *c)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    client_close(c);
}

/* Takes what has come, without waiting. */
static void take(struct client *c)
{
    assert_true(c->size < sizeof(c->text) - 1);
    ssize_t n = recv(c->fd, c->text + c->size, sizeof(c->text) - 1 - c->size, 0);
    if (n > 0)
        c->size += (size_t)n;
    else if (n == 0 || errno == ECONNRESET)
        c->done = true;
    else
        assert_int_equal(errno, EAGAIN);
    c->reset = c->reset || (n < 0 && errno == ECONNRESET);
    c->text[c->size] = '\0';
}

static void send_bytes(struct client *c, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(c->fd, data, size, MSG_NOSIGNAL);
        assert_true(n > 0 || errno == EAGAIN || errno == ENOTCONN);
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
        turn(c->fixture);
        take(c);
    }
}

static void say(struct client *c, const char *text)
{
    send_bytes(c, text, strlen(text));
}

static void wait_for(struct client *c, const char *text)
{
    for (;;) {
        take(c);
        if (strstr(c->text, text) != NULL)
            return;
        assert_false(c->done);
        turn(c->fixture);
    }
}

static void wait_for_end(struct client *c)
{
    while (!c->done) {
        turn(c->fixture);
        take(c);
    }
}

static void wait_for_open(struct fixture *f, unsigned connections)
{
    while (toc_http_open_connections(f->http) != connections)
        turn(f);
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        n++;
    return n;
}

static int status_of(const struct client *c)
{
    int status = 0;
    assert_int_equal(sscanf(c->text, "HTTP/1.1 %d ", &status), 1);
    return status;
}

/* On a connection of its own: what is said is refused with `status`, and that is all there is. */
static void assert_refused(struct fixture *f, const char *data, size_t size, int status)
{
    struct client c;
    unsigned handled = f->handled;
    client_open(&c, f);
    send_bytes(&c, data, size);
    wait_for_end(&c);
    if (status_of(&c) != status)
        fail_msg("expected %d to %s, got %s", status, data, c.text);
    assert_false(c.reset);
    assert_int_equal(count(c.text, "\r\nDate: "), 1);
    assert_int_equal(count(c.text, "\r\nConnection: close\r\n"), 1);
    assert_int_equal(f->handled, handled);
    client_close(&c);
    wait_for_open(f, 0);
}

#define REFUSED(literal, status) assert_refused(&f, (literal), sizeof(literal) - 1, (status))
#define FIELDS(fields, status)   REFUSED("GET / HTTP/1.1\r\nHost: x\r\n" fields "\r\n\r\n", (status))

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "<GET /a b=c>");
    assert_int_equal(status_of(&c), 200);
    assert_non_null(strstr(c.text, "\r\nContent-Length: 12\r\n"));
    assert_non_null(strstr(c.text, "\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(c.text, "\r\nConnection: keep-alive\r\n"));
    say(&c, "GET /missing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    wait_for(&c, "<GET /missing >");
    assert_non_null(strstr(c.text, "<GET /a b=c>HTTP/1.1 404 Not Found\r\n"));
    say(&c, "GET /empty HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "\r\nContent-Length: 0\r\n");
    assert_false(c.done);
    client_close(&c);
    wait_for_open(&f, 0);
    stop(&f);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    static const char request[] = "\r\nGET /slow?q HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    for (size_t i = 0; i < sizeof(request) - 1; i++) {
        assert_int_equal(f.handled, 0);
        send_bytes(&c, request + i, 1);
        turn(&f);
    }
    wait_for(&c, "<GET /slow q>");
    client_close(&c);
    stop(&f);
}

static void head_has_the_length_of_get_and_no_body(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "<GET /b >");
    assert_null(strstr(c.text, "<HEAD"));
    assert_non_null(strstr(c.text, "\r\nContent-Length: 10\r\n")); /* <HEAD /a > */
    assert_int_equal(f.handled, 2);
    client_close(&c);
    stop(&f);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    enum { REQUESTS = 200 };
    static char text[REQUESTS * 64];
    struct fixture f;
    struct client c;
    size_t size = 0;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    for (unsigned i = 0; i < REQUESTS; i++)
        size += (size_t)sprintf(text + size, "GET /%u HTTP/1.1\r\nHost: x\r\n\r\n", i);
    assert_true(size > 4 * roomy.header_max); /* More than one buffer at a time can hold. */
    send_bytes(&c, text, size);
    wait_for(&c, "<GET /199 >");
    const char *at = c.text;
    for (unsigned i = 0; i < REQUESTS; i++) {
        char body[32];
        snprintf(body, sizeof(body), "<GET /%u >", i);
        assert_int_equal(strncmp(at, "HTTP/1.1 200 OK\r\n", 17), 0);
        at = strstr(at, "\r\n\r\n") + 4;
        assert_int_equal(strncmp(at, body, strlen(body)), 0);
        at += strlen(body);
    }
    assert_int_equal(*at, '\0');
    assert_int_equal(f.handled, REQUESTS);
    client_close(&c);
    stop(&f);
}

static void what_follows_a_refused_request_is_not_read(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
            "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 33\r\n\r\n"
            "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_end(&c);
    assert_int_equal(f.handled, 1);
    assert_non_null(strstr(c.text, "<GET /1 >HTTP/1.1 405 "));
    assert_int_equal(count(c.text, "HTTP/1.1 "), 2);
    client_close(&c);
    stop(&f);
}

static void close_is_honoured(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_end(&c);
    assert_non_null(strstr(c.text, "\r\nConnection: close\r\n\r\n<GET /1 >"));
    assert_int_equal(f.handled, 1);
    client_close(&c);
    wait_for_open(&f, 0);
    stop(&f);
}

static void http_1_0_closes_unless_asked_to_stay(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    wait_for(&c, "\r\nConnection: keep-alive\r\n\r\n<GET /1 >");
    say(&c, "GET /2 HTTP/1.0\r\n\r\n");
    wait_for_end(&c);
    assert_non_null(strstr(c.text, "\r\nConnection: close\r\n\r\n<GET /2 >"));
    client_close(&c);
    stop(&f);
}

static void malformed_framing_is_refused(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, &roomy);
    FIELDS("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400);
    FIELDS("Content-Length: 0\r\nContent-Length: 0", 400);
    FIELDS("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0", 400);
    FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0", 400);
    FIELDS("Transfer-Encoding: chunked, gzip", 400);
    FIELDS("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0", 400);
    FIELDS("Content-Length: +3\r\n\r\nabc", 400);
    FIELDS("Content-Length: 3, 3\r\n\r\nabc", 400);
    FIELDS("Content-Length: 99999999999999999999", 400);
    FIELDS("A: b\nC: d", 400);
    FIELDS("A: b\rC: d", 400);
    FIELDS("A : b", 400);
    FIELDS("A: b\r\n c", 400);
    FIELDS("A: b\0c", 400);
    REFUSED("GET / HTTP/1.1\nHost: x\r\n\r\n", 400);
    REFUSED("GET / HTTP/1.1\r\nHost: x\r\n\n", 400);
    REFUSED("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400);
    REFUSED("GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400);
    REFUSED("\x16\x03\x01\x02", 400); /* the start of a TLS hello */
    stop(&f);
}

static void requests_that_are_not_served_here_are_refused(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, &roomy);
    REFUSED("GET / HTTP/1.1\r\n\r\n", 400);
    REFUSED("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400);
    REFUSED("GET /\r\n\r\n", 400);
    REFUSED("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400);
    REFUSED("GET / RTSP/1.0\r\n\r\n", 400);
    REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400);
    REFUSED("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505);
    REFUSED("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 405);
    REFUSED("DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n", 405);
    FIELDS("Content-Length: 2\r\n\r\n{}", 413);
    FIELDS("Content-Length: 2\r\nExpect: 100-continue", 413);
    FIELDS("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0", 413);
    stop(&f);
}

static void another_method_is_told_what_is_allowed(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "PUT /a HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_end(&c);
    assert_non_null(strstr(c.text, "\r\nAllow: GET, HEAD\r\n"));
    assert_non_null(strstr(c.text, "\r\n\r\nGET and HEAD only"));
    client_close(&c);
    stop(&f);
}

static void an_offer_to_upgrade_is_served_as_it_stands(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /1 HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
            "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "<GET /2 >");
    assert_int_equal(count(c.text, "HTTP/1.1 200 OK"), 2);
    client_close(&c);
    stop(&f);
}

/* A request whose head has exactly `size` bytes. */
static void say_head_of(struct client *c, size_t size)
{
    char text[4096];
    static const char head[] = "GET /long HTTP/1.1\r\nHost: x\r\nA: ";
    assert_true(size < sizeof(text));
    memset(text, 'a', size);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + size - 4, "\r\n\r\n", 4);
    send_bytes(c, text, size);
}

static void a_header_over_the_limit_is_refused(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say_head_of(&c, roomy.header_max);
    wait_for(&c, "<GET /long >");
    say_head_of(&c, roomy.header_max + 1);
    wait_for_end(&c);
    assert_non_null(strstr(c.text, "<GET /long >HTTP/1.1 431 "));
    assert_int_equal(f.handled, 1);
    client_close(&c);
    stop(&f);
}

static void a_refusal_outlives_what_the_peer_still_sends(void **state)
{
    static char text[1 << 16];
    struct fixture f;
    (void)state;
    start(&f, &roomy);
    memset(text, 'a', sizeof(text)); /* One method name without an end; llhttp gives up at once. */
    assert_refused(&f, text, sizeof(text), 400);
    memcpy(text, "GET /", 5);
    assert_refused(&f, text, sizeof(text), 431);
    stop(&f);
}

static void a_peer_that_never_stops_sending_is_cut_off(void **state)
{
    static char text[1 << 16];
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    memset(text, '!', sizeof(text));
    for (ssize_t n = 0; n >= 0 || errno == EAGAIN || errno == ENOTCONN;) {
        n = send(c.fd, text, sizeof(text), MSG_NOSIGNAL);
        turn(&f);
    }
    wait_for_open(&f, 0);
    client_close(&c);
    stop(&f);
}

static void a_dripping_request_meets_its_deadline(void **state)
{
    struct toc_http_limits limits = roomy;
    struct fixture f;
    struct client c;
    (void)state;
    limits.request_ms = 50;
    limits.header_max = 1 << 18;
    start(&f, &limits);
    client_open(&c, &f);
    say(&c, "GET / HTTP/1.1\r\nA: ");
    /* If a byte moved the deadline, this would end with 431. */
    while (c.size == 0)
        say(&c, "a");
    wait_for_end(&c);
    assert_int_equal(status_of(&c), 408);
    client_close(&c);
    stop(&f);
}

static void an_idle_connection_is_closed_in_silence(void **state)
{
    struct toc_http_limits limits = roomy;
    struct fixture f;
    struct client fresh;
    struct client used;
    (void)state;
    limits.idle_ms = 5;
    start(&f, &limits);
    client_open(&fresh, &f);
    wait_for_end(&fresh);
    assert_int_equal(fresh.size, 0);
    client_open(&used, &f);
    say(&used, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_end(&used);
    assert_int_equal(count(used.text, "HTTP/1.1 "), 1);
    client_close(&fresh);
    client_close(&used);
    stop(&f);
}

static void a_peer_that_takes_nothing_loses_its_connection(void **state)
{
    struct toc_http_limits limits = roomy;
    struct fixture f;
    struct client c;
    (void)state;
    limits.idle_ms = 5;
    start(&f, &limits);
    client_open(&c, &f);
    say(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.handled == 0)
        turn(&f);
    wait_for_open(&f, 0);
    client_close(&c);
    stop(&f);
}

static void a_peer_that_does_not_close_is_not_waited_for(void **state)
{
    struct toc_http_limits limits = roomy;
    struct fixture f;
    struct client c;
    (void)state;
    limits.linger_ms = 5;
    start(&f, &limits);
    client_open(&c, &f);
    say(&c, "GET /a HTTP/1.0\r\n\r\n");
    wait_for_end(&c);
    wait_for_open(&f, 0);
    client_close(&c);
    stop(&f);
}

static void a_half_closed_peer_gets_its_answers(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
    wait_for_end(&c);
    assert_non_null(strstr(c.text, "<GET /1 >"));
    assert_non_null(strstr(c.text, "<GET /2 >"));
    wait_for_open(&f, 0);
    client_close(&c);
    stop(&f);
}

static void a_request_cut_short_is_refused(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /1 HTTP/1.1\r\nHost: x\r\n");
    assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
    wait_for_end(&c);
    assert_int_equal(status_of(&c), 400);
    assert_int_equal(f.handled, 0);
    wait_for_open(&f, 0);
    client_close(&c);
    stop(&f);
}

static void a_reset_in_mid_response_harms_nobody_else(void **state)
{
    struct fixture f;
    struct client gone;
    struct client other;
    (void)state;
    start(&f, &roomy);
    client_open(&gone, &f);
    say(&gone, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&gone, "HTTP/1.1 200 OK");
    client_reset(&gone);
    wait_for_open(&f, 0);
    client_open(&other, &f);
    say(&other, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&other, "<GET /a >");
    client_reset(&other);
    wait_for_open(&f, 0);
    stop(&f);
}

/* A reset after an orderly end is EPIPE to the writer, and a signal to whoever lets it through. */
static void a_write_to_a_peer_long_gone_is_survived(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "HTTP/1.1 200 OK");
    assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
    client_reset(&c);
    wait_for_open(&f, 0);
    stop(&f);
}

/* Has a request in hand, so that it is not idle. */
static void open_busy(struct client *c, struct fixture *f)
{
    client_open(c, f);
    say(c, "GET /last HTTP/1.1\r\n");
}

static void the_257th_busy_connection_is_refused(void **state)
{
    static struct client clients[TOC_HTTP_CONNECTIONS_MAX];
    static struct client more;
    struct fixture f = {0};
    (void)state;
    f.config = (struct toc_http_config){.address = ":0", .handler = echo, .self = &f};
    assert_int_equal(uv_loop_init(&f.loop), 0);
    assert_int_equal(toc_http_listen(&f.loop, &f.config, &f.http), TOC_OK);
    for (unsigned i = 0; i < TOC_HTTP_CONNECTIONS_MAX; i++) {
        open_busy(&clients[i], &f);
        wait_for_open(&f, i + 1);
    }
    for (unsigned i = 0; i < 100; i++)
        turn(&f);
    client_open(&more, &f);
    wait_for_end(&more);
    assert_int_equal(status_of(&more), 503);
    assert_non_null(strstr(more.text, "\r\nRetry-After: 1\r\n"));
    client_close(&more);
    say(&clients[255], "Host: x\r\n\r\n");
    wait_for(&clients[255], "<GET /last >");
    client_close(&clients[0]);
    wait_for_open(&f, TOC_HTTP_CONNECTIONS_MAX - 1);
    client_open(&more, &f);
    say(&more, "GET /more HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&more, "<GET /more >");
    client_close(&more);
    for (unsigned i = 1; i < TOC_HTTP_CONNECTIONS_MAX; i++)
        client_close(&clients[i]);
    stop(&f);
}

static void the_one_idle_for_longest_makes_room(void **state)
{
    static struct client clients[9];
    struct fixture f;
    (void)state;
    start(&f, &roomy);
    open_busy(&clients[0], &f);
    wait_for_open(&f, 1);
    for (unsigned i = 1; i < 8; i++) {
        client_open(&clients[i], &f);
        wait_for_open(&f, i + 1);
        usleep(2000); /* so that the loop's clock, which counts milliseconds, tells them apart */
    }
    client_open(&clients[8], &f);
    wait_for_end(&clients[1]);
    assert_int_equal(clients[1].size, 0);
    say(&clients[8], "GET /new HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&clients[8], "<GET /new >");
    say(&clients[0], "Host: x\r\n\r\n");
    wait_for(&clients[0], "<GET /last >");
    for (unsigned i = 0; i < 9; i++)
        client_close(&clients[i]);
    stop(&f);
}

/* A request that drips in, and an answer that is not taken. */
static void without_an_idle_one_the_slowest_makes_room(void **state)
{
    static struct client clients[9];
    struct toc_http_limits limits = roomy;
    struct fixture f;
    (void)state;
    limits.slow_ms = 1;
    start(&f, &limits);
    for (unsigned i = 0; i < 8; i++) {
        open_busy(&clients[i], &f);
        wait_for_open(&f, i + 1);
        for (unsigned j = 0; j < 10; j++)
            turn(&f);
        usleep(2000); /* so that the loop's clock, which counts milliseconds, tells them apart */
    }
    client_open(&clients[8], &f);
    wait_for_end(&clients[0]);
    assert_int_equal(clients[0].size, 0);
    say(&clients[8], "GET /new HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&clients[8], "<GET /new >");
    for (unsigned i = 0; i < 9; i++)
        client_close(&clients[i]);
    stop(&f);
}

/* Whoever was refused and stays has no place that it could make for another: however many come and
 * stay, no more are served than there are places. */
static void one_that_was_refused_makes_no_room(void **state)
{
    enum { SERVED = 2, REFUSED_IN_TURN = 6, ALL = SERVED + REFUSED_IN_TURN };
    static const struct toc_http_config config = {.connections_max = SERVED};
    static struct client clients[ALL], more;
    struct fixture f;
    (void)state;
    start_config(&f, &config, &roomy);
    for (unsigned i = 0; i < SERVED; i++) {
        open_busy(&clients[i], &f);
        wait_for_open(&f, i + 1);
    }
    for (unsigned i = 0; i < 100; i++)
        turn(&f);
    for (unsigned i = SERVED; i < ALL; i++) {
        client_open(&clients[i], &f);
        wait_for_end(&clients[i]);
        assert_int_equal(status_of(&clients[i]), 503);
    }
    say(&clients[0], "Host: x\r\nConnection: close\r\n\r\n");
    wait_for_end(&clients[0]);
    client_open(&more, &f); /* that one was served, and its answer is over */
    say(&more, "GET /new HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&more, "<GET /new >");
    client_close(&more);
    for (unsigned i = 0; i < ALL; i++)
        client_close(&clients[i]);
    stop(&f);
}

static void one_address_has_its_share_of_the_connections(void **state)
{
    static const struct toc_http_config config = {.connections_max = 8, .per_address_max = 2};
    static struct client clients[3];
    struct fixture f;
    (void)state;
    start_config(&f, &config, &roomy);
    client_open(&clients[0], &f);
    client_open(&clients[1], &f);
    wait_for_open(&f, 2);
    client_open(&clients[2], &f);
    wait_for_end(&clients[2]);
    assert_int_equal(status_of(&clients[2]), 503);
    assert_non_null(strstr(clients[2].text, "too many connections of one address"));
    for (unsigned i = 0; i < 3; i++)
        client_close(&clients[i]);
    stop(&f);
}

/* --- bodies ----------------------------------------------------------------------------------- */

#define POST(fields, body) "POST /p HTTP/1.1\r\nHost: x\r\n" fields "\r\n" body

static void a_body_reaches_the_handler_whole(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start_taking(&f, 4096);
    client_open(&c, &f);
    say(&c,
        POST("Content-Length: 5\r\nX-Word: w\r\n", "hello")
            POST("Transfer-Encoding: chunked\r\n", "3;a=b\r\nhow\r\n4\r\n are\r\n0\r\nT: u\r\n\r\n")
                POST("Content-Length: 0\r\n", "") "GET /g HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "<GET /g >");
    assert_non_null(strstr(c.text, "<POST /p whello>"));
    assert_non_null(strstr(c.text, "<POST /p how are>"));
    assert_non_null(strstr(c.text, "<POST /p >"));
    assert_int_equal(f.handled, 4);
    client_close(&c);
    stop(&f);
}

static void a_body_may_come_byte_by_byte(void **state)
{
    static const char *const requests[] = {
        POST("Content-Length: 5\r\n", "hello"),
        POST("Transfer-Encoding: chunked\r\n",
             "2;x\r\nhe\r\n3\r\nllo\r\n00\r\nA: b\r\nC: d\r\n\r\n"),
    };
    struct fixture f;
    (void)state;
    start_taking(&f, 4096);
    for (size_t r = 0; r < 2; r++) {
        struct client c;
        client_open(&c, &f);
        for (size_t i = 0; requests[r][i] != '\0'; i++) {
            assert_int_equal(f.handled, r);
            send_bytes(&c, requests[r] + i, 1);
            turn(&f);
        }
        wait_for(&c, "<POST /p hello>");
        client_close(&c);
    }
    stop(&f);
}

static void a_body_of_many_buffers_stays_whole(void **state)
{
    enum { SIZE = 300000 };
    static char text[SIZE + 64];
    struct fixture f;
    static struct client c;
    (void)state;
    start_taking(&f, SIZE);
    client_open(&c, &f);
    say(&c, POST("Content-Length: 300000\r\n", ""));
    for (unsigned i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 26);
    send_bytes(&c, text, SIZE);
    say(&c, "GET /g HTTP/1.1\r\nHost: x\r\n\r\n");
    while (c.size < 65000) { /* as much as the client holds */
        turn(&f);
        take(&c);
        if (c.size >= 60000)
            break;
    }
    const char *body = strstr(c.text, "<POST /p ") + 9;
    for (unsigned i = 0; i < 50000; i++)
        assert_int_equal(body[i], 'a' + (int)(i % 26));
    client_reset(&c);
    wait_for_open(&f, 0);
    stop(&f);
}

static void a_body_too_large_is_refused_before_it_is_read(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start_taking(&f, 8);
    client_open(&c, &f);
    say(&c, POST("Content-Length: 8\r\n", "12345678"));
    wait_for(&c, "<POST /p 12345678>");
    client_close(&c);
    f.handled = 0;
    REFUSED(POST("Content-Length: 9\r\n", ""), 413);
    REFUSED(POST("Content-Length: 99999999\r\nExpect: 100-continue\r\n", ""), 413);
    REFUSED(POST("Transfer-Encoding: chunked\r\n", "9\r\n123456789\r\n"), 413);
    REFUSED(POST("Transfer-Encoding: chunked\r\n", "5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n"), 413);
    stop(&f);
}

static void malformed_bodies_are_refused(void **state)
{
    struct fixture f;
    (void)state;
    start_taking(&f, 4096);
#define CHUNKED(body) REFUSED(POST("Transfer-Encoding: chunked\r\n", body), 400)
    CHUNKED("x\r\n");
    CHUNKED("\r\n");
    CHUNKED("+1\r\na\r\n0\r\n\r\n");
    CHUNKED("0x1\r\na\r\n0\r\n\r\n");
    CHUNKED("1\na\r\n0\r\n\r\n");
    CHUNKED("1\r\nab\r\n0\r\n\r\n");
    CHUNKED("1\r\na\n0\r\n\r\n");
    CHUNKED("1 \r\na\r\n0\r\n\r\n");
    CHUNKED("1;a\x01\r\na\r\n0\r\n\r\n");
    CHUNKED("123456789\r\n");
    CHUNKED("0\r\nA: b\n\r\n");
    CHUNKED("0\r\n\n");
    CHUNKED("0\r\n A: b\r\n\r\n");
    CHUNKED("0\r\nA: b\r\n c\r\n\r\n");
    CHUNKED("0\r\nGET / HTTP/1.1\r\n\r\n");
    CHUNKED("0\r\nA : b\r\n\r\n");
    CHUNKED("0\r\n: b\r\n\r\n");
#undef CHUNKED
    REFUSED(POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
    REFUSED(POST("Transfer-Encoding: gzip\r\n", ""), 501);
    REFUSED(POST("Expect: tea\r\n", ""), 417);
    REFUSED(POST("Content-Type: a/b\r\nContent-Type: c/d\r\n", ""), 400);
    REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    stop(&f);
}

static void a_refusal_is_a_problem_where_bodies_are_taken(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start_taking(&f, 4);
    client_open(&c, &f);
    say(&c, POST("Content-Length: 5\r\n", ""));
    wait_for_end(&c);
    assert_non_null(strstr(c.text, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(c.text, "{\"title\":\"Content Too Large\",\"status\":413,"
                                   "\"detail\":\"the body is too large\"}"));
    client_close(&c);
    stop(&f);
}

#define FROM_A "Host: x\r\nOrigin: https://a\r\n"
#define FROM_B "Host: x\r\nOrigin: https://b\r\n"

static void a_page_of_a_configured_origin_may_read_every_answer(void **state)
{
    static const char *const origins[] = {"https://a"};
    const struct toc_http_config config = {
        .connections_max = 8, .body_max = 4, .origins = origins, .origin_count = 1};
    static const char allowed[] = "\r\nAccess-Control-Allow-Origin: https://a\r\n";
    struct fixture f;
    struct client c;
    (void)state;
    start_config(&f, &config, &roomy);
    client_open(&c, &f);
    say(&c, "OPTIONS /p HTTP/1.1\r\n" FROM_A "Access-Control-Request-Method: POST\r\n\r\n");
    wait_for(&c, "\r\nAccess-Control-Allow-Methods: GET, POST, DELETE\r\n");
    assert_non_null(strstr(c.text, allowed));
    assert_non_null(strstr(c.text, "\r\nAccess-Control-Allow-Headers: Authorization, "));
    say(&c, "GET /q HTTP/1.1\r\n" FROM_A "\r\n");
    wait_for(&c, "<GET /q >");
    assert_non_null(strstr(strstr(c.text, "HTTP/1.1 200 OK\r\n") + 1, allowed));
    say(&c, "POST /r HTTP/1.1\r\n" FROM_A "Content-Length: 5\r\n\r\n");
    wait_for_end(&c);
    assert_non_null(strstr(strstr(c.text, "HTTP/1.1 413 "), allowed));
    client_close(&c);
    stop(&f);
}

static void a_page_of_another_origin_is_told_nothing(void **state)
{
    static const char *const origins[] = {"https://a"};
    const struct toc_http_config config = {
        .connections_max = 8, .body_max = 4, .origins = origins, .origin_count = 1};
    struct fixture f;
    struct client c;
    (void)state;
    start_config(&f, &config, &roomy);
    client_open(&c, &f);
    say(&c, "GET /a HTTP/1.1\r\n" FROM_A "\r\n");
    wait_for(&c, "<GET /a >");
    assert_non_null(strstr(c.text, "Access-Control"));
    client_close(&c);
    client_open(&c, &f);
    say(&c, "GET /b HTTP/1.1\r\n" FROM_B "\r\n");
    wait_for(&c, "<GET /b >");
    say(&c, "OPTIONS /c HTTP/1.1\r\n" FROM_B "Access-Control-Request-Method: POST\r\n\r\n");
    wait_for(&c, "<OPTIONS /c >"); /* the handler's, as any other */
    assert_null(strstr(c.text, "Access-Control"));
    client_close(&c);
    stop(&f);
}

static void bodies_share_a_limit(void **state)
{
    static const struct toc_http_config config = {
        .connections_max = 8, .body_max = 10000, .bodies_max = 20000};
    struct fixture f;
    struct client one, two;
    (void)state;
    start_config(&f, &config, &roomy);
    client_open(&one, &f);
    say(&one, POST("Content-Length: 9000\r\n", ""));
    static char text[9000];
    memset(text, 'x', sizeof(text));
    send_bytes(&one, text, 8999); /* a buffer of 16 kB */
    client_open(&two, &f);
    say(&two, POST("Content-Length: 9000\r\n", ""));
    send_bytes(&two, text, 8999);
    wait_for_end(&two);
    assert_int_equal(status_of(&two), 503);
    client_close(&two);
    say(&one, "x");
    wait_for(&one, "HTTP/1.1 200 OK");
    client_close(&one);
    wait_for_open(&f, 0);
    client_open(&two, &f);
    say(&two, POST("Content-Length: 3\r\n", "abc"));
    wait_for(&two, "<POST /p abc>");
    client_close(&two);
    stop(&f);
}

static struct toc_http_want is_wanted(void *self, const struct toc_http_request *request)
{
    (void)self;
    assert_int_equal(request->body.size, 0);
    bool asked = toc_str_equal(toc_http_field(request, "x-word"), TOC_STR("please"));
    return (struct toc_http_want){.body_max = asked ? 100 : 0};
}

static void a_body_that_is_not_wanted_is_answered_before_it_comes(void **state)
{
    static const struct toc_http_config config = {
        .connections_max = 8, .body_max = 10000, .wants_body = is_wanted};
    static const char *const bodies[] = {"Content-Length: 9999\r\nExpect: 100-continue\r\n",
                                         "Transfer-Encoding: chunked\r\n"};
    struct fixture f;
    struct client c;
    (void)state;
    start_config(&f, &config, &roomy);
    for (size_t i = 0; i < 2; i++) {
        client_open(&c, &f);
        say(&c, "POST /p HTTP/1.1\r\nHost: x\r\n");
        say(&c, bodies[i]);
        say(&c, "\r\nGET /body HTTP/1.1\r\nHost: x\r\n\r\n"); /* the body, not a request */
        wait_for_end(&c);
        assert_int_equal(status_of(&c), 200);
        assert_int_equal(count(c.text, "HTTP/1.1 "), 1);
        assert_non_null(strstr(c.text, "\r\nConnection: close\r\n"));
        assert_non_null(strstr(c.text, "<POST /p >"));
        client_close(&c);
        wait_for_open(&f, 0);
    }
    client_open(&c, &f);
    say(&c, "POST /a HTTP/1.1\r\nHost: x\r\n\r\n" /* without a body nobody is asked */
            "POST /b HTTP/1.1\r\nHost: x\r\nX-Word: please\r\nContent-Length: 3\r\n\r\nabc");
    wait_for(&c, "<POST /b pleaseabc>");
    assert_non_null(strstr(c.text, "<POST /a >"));
    client_close(&c);
    stop(&f);
}

static struct toc_http_want is_known(void *self, const struct toc_http_request *request)
{
    (void)self;
    return (struct toc_http_want){.body_max = 10000,
                                  .stranger = toc_http_field(request, "x-name").size == 0};
}

/* Bodies of anyone leave room for those whose header says who they are. */
static void strangers_have_a_part_of_the_bodies(void **state)
{
    static const struct toc_http_config config = {
        .connections_max = 8, .body_max = 10000, .bodies_max = 40000, .wants_body = is_known};
    static char text[9000];
    struct fixture f;
    struct client one, two;
    (void)state;
    memset(text, 'x', sizeof(text));
    start_config(&f, &config, &roomy);
    client_open(&one, &f);
    say(&one, POST("Content-Length: 9000\r\n", ""));
    send_bytes(&one, text, 8999); /* a buffer of 16 kB */
    client_open(&two, &f);
    say(&two, POST("Content-Length: 9000\r\n", ""));
    send_bytes(&two, text, 8999);
    wait_for_end(&two);
    assert_int_equal(status_of(&two), 503);
    client_close(&two);
    client_open(&two, &f);
    say(&two, POST("X-Name: ana\r\nContent-Length: 9000\r\n", ""));
    send_bytes(&two, text, 9000);
    wait_for(&two, "HTTP/1.1 200 OK");
    client_close(&two);
    say(&one, "x");
    wait_for(&one, "HTTP/1.1 200 OK");
    client_close(&one);
    wait_for_open(&f, 0);
    client_open(&two, &f);
    say(&two, POST("Content-Length: 3\r\n", "abc"));
    wait_for(&two, "<POST /p abc>");
    client_close(&two);
    stop(&f);
}

/* The server's cap is that of the largest; a path may take less. */
static void a_body_is_as_large_as_its_path_takes(void **state)
{
    static const struct toc_http_config config = {
        .connections_max = 8, .body_max = 10000, .wants_body = is_wanted};
    static const char sized[] = "X-Word: please\r\nContent-Length: 101\r\n";
    static const char chunked[] = "X-Word: please\r\nTransfer-Encoding: chunked\r\n";
    struct fixture f;
    struct client c;
    (void)state;
    start_config(&f, &config, &roomy);
    client_open(&c, &f);
    say(&c, "POST /p HTTP/1.1\r\nHost: x\r\n");
    say(&c, sized);
    say(&c, "\r\n");
    wait_for_end(&c);
    assert_int_equal(status_of(&c), 413);
    client_close(&c);
    client_open(&c, &f);
    say(&c, "POST /p HTTP/1.1\r\nHost: x\r\n");
    say(&c, chunked);
    say(&c, "\r\n64\r\n");
    for (unsigned i = 0; i < 10; i++)
        say(&c, "0123456789");
    say(&c, "\r\n1\r\nx\r\n0\r\n\r\n");
    wait_for_end(&c);
    assert_int_equal(status_of(&c), 413);
    client_close(&c);
    assert_int_equal(f.handled, 0);
    stop(&f);
}

/* Asks for what it does not read. */
static void open_stuck(struct client *c, struct fixture *f, const char *request)
{
    unsigned handled = f->handled;
    bool sent = false;
    client_open(c, f);
    usleep(2000); /* so that the loop's clock, which counts milliseconds, tells them apart */
    while (f->handled == handled) {
        sent = sent || send(c->fd, request, strlen(request), MSG_NOSIGNAL) > 0;
        turn(f);
    }
}

/* Whoever takes no answers keeps nobody from publishing. */
static void answers_that_are_not_taken_leave_room_for_bodies(void **state)
{
    static const struct toc_http_config config = {
        .connections_max = 8, .body_max = 10000, .bodies_max = 20000};
    struct fixture f;
    struct client one, two;
    (void)state;
    start_config(&f, &config, &roomy);
    open_stuck(&one, &f, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    client_open(&two, &f);
    say(&two, POST("Content-Length: 3\r\n", "abc"));
    wait_for(&two, "<POST /p abc>");
    assert_int_equal(toc_http_open_connections(f.http), 2);
    client_close(&two);
    client_reset(&one);
    wait_for_open(&f, 0);
    stop(&f);
}

/* Nor can they make the server keep ever more of them. */
static void the_slowest_to_take_its_answer_makes_room_for_others(void **state)
{
    static const struct toc_http_config config = {.connections_max = 8,
                                                  .replies_max = 2 * BIG + BIG / 2};
    static struct client clients[4];
    struct fixture f;
    (void)state;
    start_config(&f, &config, &roomy);
    for (unsigned i = 0; i < 3; i++)
        open_stuck(&clients[i], &f, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_open(&f, 2);
    open_stuck(&clients[3], &f, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_open(&f, 2);
    client_reset(&clients[3]);
    wait_for_open(&f, 1);
    client_reset(&clients[2]); /* of the four the last two were left */
    wait_for_open(&f, 0);
    client_close(&clients[0]);
    client_close(&clients[1]);
    stop(&f);
}

static void a_constant_costs_nothing_however_many_do_not_take_it(void **state)
{
    static const struct toc_http_config config = {.connections_max = 8, .replies_max = 1};
    static struct client clients[8];
    struct fixture f;
    (void)state;
    start_config(&f, &config, &roomy);
    for (unsigned i = 0; i < 8; i++)
        open_stuck(&clients[i], &f, "GET /constant HTTP/1.1\r\nHost: x\r\n\r\n");
    for (unsigned i = 0; i < 100; i++)
        turn(&f);
    assert_int_equal(toc_http_open_connections(f.http), 8);
    wait_for(&clients[7], "\r\nContent-Length: 33554432\r\n");
    for (unsigned i = 0; i < 8; i++)
        client_reset(&clients[i]);
    wait_for_open(&f, 0);
    stop(&f);
}

static void one_that_waits_for_it_is_told_to_go_on(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start_taking(&f, 16);
    client_open(&c, &f);
    say(&c, POST("Content-Length: 2\r\nExpect: 100-Continue\r\n", ""));
    wait_for(&c, "HTTP/1.1 100 Continue\r\n\r\n");
    say(&c, "ab");
    wait_for(&c, "<POST /p ab>");
    client_close(&c);
    stop(&f);
}

static void a_dripping_body_meets_its_deadline(void **state)
{
    struct toc_http_limits limits = roomy;
    const struct toc_http_config config = {.connections_max = 8, .body_max = 1000};
    struct fixture f;
    struct client c;
    (void)state;
    limits.body_ms = 30;
    start_config(&f, &config, &limits);
    client_open(&c, &f);
    say(&c, POST("Content-Length: 1000\r\n", ""));
    while (!c.done) {
        (void)send(c.fd, "x", 1, MSG_NOSIGNAL);
        usleep(1000);
        turn(&f);
        take(&c);
    }
    assert_int_equal(status_of(&c), 408);
    client_close(&c);
    stop(&f);
}

/* --- answers that come later ------------------------------------------------------------------ */

static void an_answer_may_come_later_and_the_next_waits_for_it(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start_taking(&f, 16);
    client_open(&c, &f);
    say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.kept == NULL)
        turn(&f);
    for (unsigned i = 0; i < 50; i++)
        turn(&f);
    take(&c);
    assert_int_equal(c.size, 0);
    assert_int_equal(f.handled, 1);
    answer_kept(&f);
    wait_for(&c, "<GET /next >");
    assert_non_null(strstr(c.text, "HTTP/1.1 202 Accepted\r\n"));
    assert_non_null(strstr(c.text, "<at last>HTTP/1.1 200 OK"));
    client_close(&c);
    stop(&f);
}

static void a_client_that_left_makes_no_difference_to_its_answer(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start_taking(&f, 16);
    client_open(&c, &f);
    say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.kept == NULL)
        turn(&f);
    client_reset(&c);
    for (unsigned i = 0; i < 50; i++)
        turn(&f);
    answer_kept(&f);
    wait_for_open(&f, 0);
    stop(&f);
}

static void closing_ends_exchanges_that_wait(void **state)
{
    struct fixture f;
    struct client c, half;
    (void)state;
    start_taking(&f, 5000);
    client_open(&c, &f);
    client_open(&half, &f);
    say(&half, POST("Content-Length: 5000\r\n", "half a body"));
    say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (f.kept == NULL)
        turn(&f);
    stop(&f);
    client_close(&c);
    client_close(&half);
}

static void a_response_has_the_fields_it_was_given(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    client_open(&c, &f);
    say(&c, "GET /field HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for(&c, "<GET /field >");
    assert_non_null(strstr(c.text, "\r\nX-Echo: yes\r\n"));
    client_close(&c);
    stop(&f);
}

static void without_a_slot_a_connection_waits_for_one(void **state)
{
    enum { SERVED = 8, REFUSED_AT_ONCE = 2, WAITING = 3, ALL = SERVED + REFUSED_AT_ONCE + WAITING };
    static struct client clients[ALL];
    struct fixture f;
    (void)state;
    start(&f, &roomy);
    for (unsigned i = 0; i < SERVED; i++)
        open_busy(&clients[i], &f);
    for (unsigned i = 0; i < 100; i++)
        turn(&f);
    for (unsigned i = SERVED; i < ALL; i++)
        client_open(&clients[i], &f);
    wait_for_open(&f, SERVED + REFUSED_AT_ONCE);
    for (unsigned i = 0; i < 100; i++)
        turn(&f);
    assert_int_equal(toc_http_open_connections(f.http), SERVED + REFUSED_AT_ONCE);
    for (unsigned i = 0; i < SERVED + REFUSED_AT_ONCE; i++)
        client_close(&clients[i]);
    for (unsigned i = SERVED + REFUSED_AT_ONCE; i < ALL; i++) {
        take(&clients[i]);
        if (!clients[i].done && clients[i].size == 0)
            say(&clients[i], "GET /w HTTP/1.0\r\n\r\n");
        wait_for_end(&clients[i]);
        assert_true(status_of(&clients[i]) == 200 || status_of(&clients[i]) == 503);
        client_close(&clients[i]);
    }
    wait_for_open(&f, 0);
    stop(&f);
}

static void closing_frees_connections_in_every_state(void **state)
{
    struct fixture f;
    static struct client idle;
    static struct client half;
    static struct client writing;
    static struct client lingering;
    (void)state;
    start(&f, &roomy);
    client_open(&idle, &f);
    client_open(&half, &f);
    client_open(&writing, &f);
    client_open(&lingering, &f);
    say(&half, "GET / HTTP/1.1\r\n");
    say(&writing, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    say(&lingering, "GET /a HTTP/1.0\r\n\r\n");
    wait_for(&lingering, "<GET /a >");
    wait_for_end(&lingering);
    wait_for_open(&f, 4);
    stop(&f);
    client_close(&idle);
    client_close(&half);
    client_close(&writing);
    client_close(&lingering);
}

static void a_handler_may_close_the_server(void **state)
{
    struct fixture f;
    struct client c;
    (void)state;
    start(&f, &roomy);
    f.close_in_handler = true;
    client_open(&c, &f);
    say(&c, "GET /bye HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_for_end(&c);
    assert_int_equal(f.handled, 1);
    assert_int_equal(c.size, 0);
    client_close(&c);
    stop(&f);
}

static void an_address_in_use_is_told_from_a_wrong_one(void **state)
{
    struct fixture f;
    struct toc_http *second = NULL;
    char address[32];
    (void)state;
    start(&f, &roomy);
    snprintf(address, sizeof(address), "127.0.0.1:%u", toc_http_port(f.http));
    f.config.address = address;
    assert_int_equal(toc_http_listen(&f.loop, &f.config, &second), TOC_ERR_BUSY);
    f.config.address = "nowhere";
    assert_int_equal(toc_http_listen(&f.loop, &f.config, &second), TOC_ERR_CONFIG);
    /* An address for documentation (RFC 5737), which no interface has. */
    f.config.address = "192.0.2.1:0";
    assert_int_equal(toc_http_listen(&f.loop, &f.config, &second), TOC_ERR_CONFIG);
    assert_null(second);
    toc_http_close(second);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_and_the_connection_kept),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(head_has_the_length_of_get_and_no_body),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(what_follows_a_refused_request_is_not_read),
        cmocka_unit_test(close_is_honoured),
        cmocka_unit_test(http_1_0_closes_unless_asked_to_stay),
        cmocka_unit_test(malformed_framing_is_refused),
        cmocka_unit_test(requests_that_are_not_served_here_are_refused),
        cmocka_unit_test(another_method_is_told_what_is_allowed),
        cmocka_unit_test(an_offer_to_upgrade_is_served_as_it_stands),
        cmocka_unit_test(a_header_over_the_limit_is_refused),
        cmocka_unit_test(a_refusal_outlives_what_the_peer_still_sends),
        cmocka_unit_test(a_peer_that_never_stops_sending_is_cut_off),
        cmocka_unit_test(a_dripping_request_meets_its_deadline),
        cmocka_unit_test(an_idle_connection_is_closed_in_silence),
        cmocka_unit_test(a_peer_that_takes_nothing_loses_its_connection),
        cmocka_unit_test(a_peer_that_does_not_close_is_not_waited_for),
        cmocka_unit_test(a_half_closed_peer_gets_its_answers),
        cmocka_unit_test(a_request_cut_short_is_refused),
        cmocka_unit_test(a_reset_in_mid_response_harms_nobody_else),
        cmocka_unit_test(a_write_to_a_peer_long_gone_is_survived),
        cmocka_unit_test(the_257th_busy_connection_is_refused),
        cmocka_unit_test(the_one_idle_for_longest_makes_room),
        cmocka_unit_test(without_an_idle_one_the_slowest_makes_room),
        cmocka_unit_test(one_that_was_refused_makes_no_room),
        cmocka_unit_test(one_address_has_its_share_of_the_connections),
        cmocka_unit_test(a_body_reaches_the_handler_whole),
        cmocka_unit_test(a_body_may_come_byte_by_byte),
        cmocka_unit_test(a_body_of_many_buffers_stays_whole),
        cmocka_unit_test(a_body_too_large_is_refused_before_it_is_read),
        cmocka_unit_test(malformed_bodies_are_refused),
        cmocka_unit_test(a_refusal_is_a_problem_where_bodies_are_taken),
        cmocka_unit_test(a_page_of_a_configured_origin_may_read_every_answer),
        cmocka_unit_test(a_page_of_another_origin_is_told_nothing),
        cmocka_unit_test(bodies_share_a_limit),
        cmocka_unit_test(a_body_that_is_not_wanted_is_answered_before_it_comes),
        cmocka_unit_test(strangers_have_a_part_of_the_bodies),
        cmocka_unit_test(a_body_is_as_large_as_its_path_takes),
        cmocka_unit_test(answers_that_are_not_taken_leave_room_for_bodies),
        cmocka_unit_test(the_slowest_to_take_its_answer_makes_room_for_others),
        cmocka_unit_test(a_constant_costs_nothing_however_many_do_not_take_it),
        cmocka_unit_test(one_that_waits_for_it_is_told_to_go_on),
        cmocka_unit_test(a_dripping_body_meets_its_deadline),
        cmocka_unit_test(an_answer_may_come_later_and_the_next_waits_for_it),
        cmocka_unit_test(a_client_that_left_makes_no_difference_to_its_answer),
        cmocka_unit_test(closing_ends_exchanges_that_wait),
        cmocka_unit_test(a_response_has_the_fields_it_was_given),
        cmocka_unit_test(without_a_slot_a_connection_waits_for_one),
        cmocka_unit_test(closing_frees_connections_in_every_state),
        cmocka_unit_test(a_handler_may_close_the_server),
        cmocka_unit_test(an_address_in_use_is_told_from_a_wrong_one),
    };
    alarm(600);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
