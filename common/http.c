#include "common/http_internal.h"

#include <llhttp.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

/* A peer that goes on sending after its last answer is heard no longer than this. */
#define DISCARD_BYTES_MAX ((size_t)1 << 20)
#define BACKLOG           128

/*
 * A connection's life. One request is in hand at a time: reading stops while its response is
 * written, so responses leave in the order of the requests and a peer that pipelines without
 * reading is held back by TCP.
 *
 *   FREE ──accepted──► READING ──complete or refused──► WRITING ──kept alive──► READING
 *     ▲                   │                                │ last response
 *     │ both handles      │ peer gone, idle                ▼
 *     └── closed ──── CLOSING ◄── peer closed, time ── LINGERING
 *
 * Lingering: closing a socket that still has unread bytes sends a reset, which can destroy a
 * refusal before the peer has read it. So the sending side is shut down first, and what still
 * comes is thrown away (RFC 9112, section 9.6).
 */
enum conn_state { FREE, READING, WRITING, LINGERING, CLOSING };

/* How far the message in hand has come, as llhttp's callbacks saw it. */
enum phase { IN_HEAD, HEAD_DONE, MESSAGE_DONE };

struct conn {
    uv_tcp_t tcp;
    uv_timer_t timer; /* the one deadline that applies now */
    uv_write_t write;
    uv_shutdown_t shutdown;
    llhttp_t parser;
    struct toc_http *http;
    struct conn *next_free;
    enum conn_state state;
    enum phase phase;
    unsigned handles; /* of tcp and timer, those not closed yet */
    bool keep_alive;
    char *in;         /* header_max bytes; a message's head stays in one piece until answered */
    size_t used;      /* bytes of `in` received */
    size_t parsed;    /* bytes of `in` that the parser has taken */
    size_t discarded; /* bytes thrown away while lingering */
    struct toc_http_head head;
    char out[TOC_HTTP_REPLY_HEAD_MAX];
    char *body; /* of the response in flight, owned */
};

struct toc_http {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct toc_http_limits limits;
    toc_http_handler *handler;
    void *self;
    unsigned port;
    unsigned open;        /* slots in use */
    bool waiting;         /* the listener holds a connection for which there was no slot */
    bool closing;         /* toc_http_close was called, or listening failed */
    bool listener_closed; /* its close callback has run */
    struct conn *conns;   /* connections_max + refusals_max slots */
    struct conn *free;    /* those not in use */
    char *buffers;        /* one of header_max bytes per slot */
};

static const struct toc_http_refusal malformed = {400, "malformed request"};
static const struct toc_http_refusal incomplete = {400, "the request ends too early"};
static const struct toc_http_refusal too_slow = {408, "the request took too long"};
static const struct toc_http_refusal body_refused = {413, "no body is accepted here"};
static const struct toc_http_refusal header_too_large = {431, "the header is too large"};
static const struct toc_http_refusal crowded = {503, "too many connections"};

static void accept_one(struct toc_http *http);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);

static void free_if_over(struct toc_http *http)
{
    if (!http->closing || !http->listener_closed || http->open > 0)
        return;
    free(http->conns);
    free(http->buffers);
    free(http);
}

static void on_conn_handle_closed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    struct toc_http *http = conn->http;
    if (--conn->handles > 0)
        return;
    TOC_ASSERT(conn->body == NULL);
    conn->state = FREE;
    conn->next_free = http->free;
    http->free = conn;
    http->open--;
    if (http->waiting && !http->closing) {
        http->waiting = false;
        accept_one(http);
    }
    free_if_over(http);
}

static void conn_close(struct conn *conn)
{
    if (conn->state == CLOSING)
        return;
    conn->state = CLOSING;
    uv_close((uv_handle_t *)&conn->tcp, on_conn_handle_closed);
    uv_close((uv_handle_t *)&conn->timer, on_conn_handle_closed);
}

static void on_deadline(uv_timer_t *timer);

/* Counted from now, not from the loop's cached time, which a long callback leaves behind. */
static void set_deadline(struct conn *conn, uint64_t after_ms)
{
    uv_update_time(conn->http->loop);
    TOC_ASSERT(uv_timer_start(&conn->timer, on_deadline, after_ms, 0) == 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct conn *conn = handle->data;
    size_t kept = conn->state == READING ? conn->used : 0;
    (void)suggested;
    TOC_ASSERT(kept < conn->http->limits.header_max);
    buf->base = conn->in + kept;
    buf->len = conn->http->limits.header_max - kept;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct conn *conn = req->data;
    if (status < 0)
        conn_close(conn);
}

static void linger(struct conn *conn)
{
    conn->state = LINGERING;
    conn->discarded = 0;
    conn->shutdown.data = conn;
    if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) ||
        uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read))
        conn_close(conn);
    else
        set_deadline(conn, conn->http->limits.linger_ms);
}

static void next_request(struct conn *conn);

static void on_written(uv_write_t *req, int status)
{
    struct conn *conn = req->data;
    free(conn->body);
    conn->body = NULL;
    if (conn->state == CLOSING)
        return;
    TOC_ASSERT(conn->state == WRITING);
    if (status < 0)
        conn_close(conn);
    else if (conn->keep_alive)
        next_request(conn);
    else
        linger(conn);
}

/* Sends a response and takes its body over. */
static void respond(struct conn *conn, const struct toc_http_response *response)
{
    const struct toc_http_reply reply = {
        .status = response->status,
        .content_type = response->content_type,
        .body_size = response->body ? response->body_size : 0,
        .keep_alive = conn->keep_alive,
        .date = time(NULL),
    };
    uv_buf_t bufs[2] = {
        {.base = conn->out, .len = toc_http_reply_write(conn->out, &reply)},
        {.base = response->body, .len = reply.body_size},
    };
    bool head_only = conn->parser.method == HTTP_HEAD || reply.body_size == 0;
    (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    conn->state = WRITING;
    conn->body = response->body;
    conn->write.data = conn;
    set_deadline(conn, conn->http->limits.idle_ms);
    if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, bufs, head_only ? 1 : 2, on_written)) {
        free(conn->body);
        conn->body = NULL;
        conn_close(conn);
    }
}

static char *copy_of(const char *text, size_t *size)
{
    char *copy = strdup(text);
    *size = copy ? strlen(copy) : 0;
    return copy;
}

/* What follows a refused head cannot be told from a body, so nothing after it is read. */
static void refuse(struct conn *conn, const struct toc_http_refusal *refusal)
{
    struct toc_http_response response = {
        .status = refusal->status,
        .content_type = "text/plain; charset=utf-8",
    };
    response.body = copy_of(refusal->why, &response.body_size); /* Without memory: no body. */
    conn->keep_alive = false;
    respond(conn, &response);
}

static void on_deadline(uv_timer_t *timer)
{
    struct conn *conn = timer->data;
    if (conn->state == READING && conn->used > 0)
        refuse(conn, &too_slow);
    else
        conn_close(conn);
}

static int on_headers_complete(llhttp_t *parser)
{
    struct conn *conn = parser->data;
    conn->phase = HEAD_DONE;
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *parser)
{
    struct conn *conn = parser->data;
    conn->phase = MESSAGE_DONE;
    return HPE_PAUSED;
}

static const llhttp_settings_t parser_settings = {
    .on_headers_complete = on_headers_complete,
    .on_message_complete = on_message_complete,
};

/*
 * The head lies complete in in[0 .. parsed). A body is refused here, before any of it is read. A
 * method that takes one would set its cap here, with a buffer that an on_body callback fills, and
 * the message would reach answer() the same way.
 */
static const struct toc_http_refusal *judge(struct conn *conn)
{
    const struct toc_http_refusal *refusal =
        toc_http_head_read(toc_str(conn->in, conn->parsed), &conn->head);
    if (refusal != NULL)
        return refusal;
    if (conn->parser.content_length > 0 || (conn->parser.flags & F_TRANSFER_ENCODING))
        return &body_refused;
    conn->keep_alive = llhttp_should_keep_alive(&conn->parser) != 0;
    return NULL;
}

static void answer(struct conn *conn)
{
    const struct toc_http_request request = {
        .method = conn->head.method,
        .path = conn->head.path,
        .query = conn->head.query,
    };
    struct toc_http_response response = {
        .status = 200,
        .content_type = "text/plain; charset=utf-8",
    };
    conn->http->handler(conn->http->self, &request, &response);
    if (conn->state == CLOSING) /* The handler closed the server. */
        free(response.body);
    else
        respond(conn, &response);
}

/* Lets the parser go on over what has been received, to the end of one message at most. */
static void advance(struct conn *conn)
{
    while (conn->state == READING) {
        llhttp_errno_t err =
            llhttp_execute(&conn->parser, conn->in + conn->parsed, conn->used - conn->parsed);
        if (err == HPE_OK) {
            conn->parsed = conn->used;
            if (conn->used == conn->http->limits.header_max)
                refuse(conn, &header_too_large);
            return;
        }
        if (err != HPE_PAUSED) {
            refuse(conn, &malformed);
            return;
        }
        conn->parsed = (size_t)(llhttp_get_error_pos(&conn->parser) - conn->in);
        llhttp_resume(&conn->parser);
        if (conn->phase == MESSAGE_DONE) {
            answer(conn);
            return;
        }
        const struct toc_http_refusal *refusal = judge(conn);
        if (refusal != NULL)
            refuse(conn, refusal);
    }
}

/*
 * Each message starts with a fresh parser, so nothing of one can colour the next; an offer to
 * upgrade, after which llhttp would stop, is thereby not taken up.
 */
static void next_request(struct conn *conn)
{
    const struct toc_http_limits *limits = &conn->http->limits;
    conn->used -= conn->parsed;
    if (conn->used > 0)
        memmove(conn->in, conn->in + conn->parsed, conn->used);
    conn->parsed = 0;
    conn->phase = IN_HEAD;
    conn->state = READING;
    llhttp_init(&conn->parser, HTTP_REQUEST, &parser_settings);
    conn->parser.data = conn;
    set_deadline(conn, conn->used > 0 ? limits->request_ms : limits->idle_ms);
    if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read))
        conn_close(conn);
    else if (conn->used > 0)
        advance(conn);
}

static void discard(struct conn *conn, ssize_t nread)
{
    if (nread > 0)
        conn->discarded += (size_t)nread;
    if (nread < 0 || conn->discarded > DISCARD_BYTES_MAX)
        conn_close(conn);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    (void)buf;
    if (conn->state == LINGERING) {
        discard(conn, nread);
    } else if (nread > 0) {
        if (conn->used == 0)
            set_deadline(conn, conn->http->limits.request_ms);
        conn->used += (size_t)nread;
        advance(conn);
    } else if (nread == UV_EOF && conn->used > 0) {
        refuse(conn, &incomplete);
    } else if (nread < 0) {
        conn_close(conn);
    }
}

/* A slot with both handles open, so that it can be given back only through conn_close. */
static struct conn *take_slot(struct toc_http *http)
{
    struct conn *conn = http->free;
    if (conn == NULL)
        return NULL;
    http->free = conn->next_free;
    http->open++;
    conn->next_free = NULL;
    TOC_ASSERT(uv_tcp_init(http->loop, &conn->tcp) == 0);
    TOC_ASSERT(uv_timer_init(http->loop, &conn->timer) == 0);
    conn->tcp.data = conn;
    conn->timer.data = conn;
    conn->handles = 2;
    conn->state = READING;
    conn->used = 0;
    conn->parsed = 0;
    return conn;
}

/* Without a slot the connection stays with the listener, which stops accepting until it is taken.
 */
static void accept_one(struct toc_http *http)
{
    struct conn *conn = take_slot(http);
    if (conn == NULL) {
        http->waiting = true;
        return;
    }
    if (uv_accept((uv_stream_t *)&http->listener, (uv_stream_t *)&conn->tcp)) {
        conn_close(conn);
        return;
    }
    /* Pipelined responses are small; Nagle's algorithm would hold each for the peer's delayed ack.
     */
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    conn->parser.method = HTTP_GET;
    if (http->open > http->limits.connections_max)
        refuse(conn, &crowded);
    else
        next_request(conn);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) /* A failed accept concerns nobody but the peer, and libuv goes on. */
        accept_one(listener->data);
}

/* A write to a reset connection must be an error code, not the end of the process. */
static void ignore_sigpipe(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
        (void)signal(SIGPIPE, SIG_IGN);
}

static struct toc_http *http_new(uv_loop_t *loop, const struct toc_http_limits *limits)
{
    size_t slots = (size_t)limits->connections_max + limits->refusals_max;
    struct toc_http *http = calloc(1, sizeof(*http));
    if (http == NULL)
        return NULL;
    http->conns = calloc(slots, sizeof(*http->conns));
    http->buffers = calloc(slots, limits->header_max); /* Pages never touched cost nothing. */
    if (http->conns == NULL || http->buffers == NULL) {
        free(http->conns);
        free(http->buffers);
        free(http);
        return NULL;
    }
    http->loop = loop;
    http->limits = *limits;
    for (size_t i = slots; i-- > 0;) {
        http->conns[i].http = http;
        http->conns[i].in = http->buffers + i * limits->header_max;
        http->conns[i].next_free = http->free;
        http->free = &http->conns[i];
    }
    return http;
}

/* Binds, listens and learns the port; a libuv error code. */
static int start_listening(struct toc_http *http, const struct sockaddr_storage *address)
{
    struct sockaddr_storage bound;
    int size = sizeof(bound);
    int err = uv_tcp_bind(&http->listener, (const struct sockaddr *)address, 0);
    if (err == 0)
        err = uv_listen((uv_stream_t *)&http->listener, BACKLOG, on_connection);
    if (err == 0)
        err = uv_tcp_getsockname(&http->listener, (struct sockaddr *)&bound, &size);
    if (err == 0) /* The port stands at the same place in both families' addresses. */
        http->port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
    return err;
}

static enum toc_err listen_error(int err)
{
    switch (err) {
    case UV_EADDRINUSE:
        return TOC_ERR_BUSY;
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT:
    case UV_EACCES:
        return TOC_ERR_CONFIG;
    case UV_ENOMEM:
        return TOC_ERR_MEMORY;
    default:
        return TOC_ERR_IO;
    }
}

enum toc_err toc_http_listen_limits(struct uv_loop_s *loop, const char *address,
                                    const struct toc_http_limits *limits, toc_http_handler *handler,
                                    void *self, struct toc_http **out)
{
    struct sockaddr_storage parsed;
    TOC_ASSERT(limits->header_max > 0 && limits->connections_max > 0 && limits->refusals_max > 0);
    TOC_ASSERT(limits->idle_ms > 0 && limits->request_ms > 0 && limits->linger_ms > 0);
    TOC_TRY(toc_http_address(address, &parsed));
    struct toc_http *http = http_new(loop, limits);
    if (http == NULL)
        return TOC_ERR_MEMORY;
    ignore_sigpipe();
    http->handler = handler;
    http->self = self;
    TOC_ASSERT(uv_tcp_init(loop, &http->listener) == 0);
    http->listener.data = http;
    int err = start_listening(http, &parsed);
    if (err != 0) {
        toc_http_close(http);
        return listen_error(err);
    }
    *out = http;
    return TOC_OK;
}

enum toc_err toc_http_listen(struct uv_loop_s *loop, const char *address, toc_http_handler *handler,
                             void *self, struct toc_http **out)
{
    static const struct toc_http_limits limits = {
        .header_max = TOC_HTTP_HEADER_MAX,
        .connections_max = TOC_HTTP_CONNECTIONS_MAX,
        .refusals_max = 32,
        .idle_ms = TOC_HTTP_IDLE_MS,
        .request_ms = TOC_HTTP_REQUEST_MS,
        .linger_ms = 2000,
    };
    return toc_http_listen_limits(loop, address, &limits, handler, self, out);
}

unsigned toc_http_port(const struct toc_http *http)
{
    return http->port;
}

unsigned toc_http_open_connections(const struct toc_http *http)
{
    return http->open;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct toc_http *http = handle->data;
    http->listener_closed = true;
    free_if_over(http);
}

void toc_http_close(struct toc_http *http)
{
    if (http == NULL)
        return;
    TOC_ASSERT(!http->closing);
    http->closing = true;
    uv_close((uv_handle_t *)&http->listener, on_listener_closed);
    size_t slots = (size_t)http->limits.connections_max + http->limits.refusals_max;
    for (size_t i = 0; i < slots; i++)
        if (http->conns[i].state != FREE)
            conn_close(&http->conns[i]);
}
