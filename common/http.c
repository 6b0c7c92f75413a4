#include "common/http_internal.h"

#include <llhttp.h>
#include <signal.h>
#include <stdlib.h>
#include <uv.h>

/* A peer that goes on sending after its last answer is heard no longer than this. */
#define DISCARD_BYTES_MAX ((size_t)1 << 20)
#define BACKLOG           1024 /* over it a peer tries again only after a second */

/* Room for what comes after a head: body bytes on their way, and requests that were pipelined. */
#define WINDOW_BYTES ((size_t)16 << 10)

#define BODY_BYTES_FIRST ((size_t)4 << 10) /* a body's buffer doubles from here */
#define BODIES           16                /* of the largest size, unless configured */

/*
 * A connection's life. One request is in hand at a time: reading stops while it is answered, so
 * responses leave in the order of the requests and a peer that pipelines without reading is held
 * back by TCP.
 *
 *   FREE ──accepted──► READING ──complete──► ANSWERING ──► WRITING ──kept alive──► READING
 *     ▲                   │  └───────────refused──────────────▲ │ last response
 *     │ both handles      │ peer gone, idle                    ▼
 *     └── closed ──── CLOSING ◄── peer closed, time ──── LINGERING
 *
 * Lingering: closing a socket that still has unread bytes sends a reset, which can destroy a
 * refusal before the peer has read it. So the sending side is shut down first, and what still
 * comes is thrown away (RFC 9112, section 9.6).
 */
enum conn_state { FREE, READING, ANSWERING, WRITING, LINGERING, CLOSING };

/* What is read: llhttp finds the end of a head, then the body's framing is known. */
enum phase { IN_HEAD, IN_BODY };

/* A connection; its exchange is the request that it has in hand. */
struct toc_http_exchange {
    uv_tcp_t tcp;
    uv_timer_t timer; /* the one deadline that applies now */
    uv_write_t write;
    uv_shutdown_t shutdown;
    llhttp_t parser;
    struct toc_http *http;
    struct toc_http_exchange *next_free;
    enum conn_state state;
    enum phase phase;
    unsigned handles; /* of tcp and timer, those not closed yet */
    bool keep_alive;
    uint64_t since; /* when what it does now began, by the loop's clock */
    uint8_t peer[16];
    char *in;      /* header_max + WINDOW_BYTES; a head stays in one piece until answered */
    size_t used;   /* bytes of `in` received */
    size_t parsed; /* bytes of `in` that are done with: the head, and of the body what was taken */
    size_t discarded; /* bytes thrown away while lingering */
    struct toc_http_head head;
    const char *origin; /* of the page that asks, when it may; NULL otherwise */
    struct toc_http_chunks chunks;
    uint64_t body_left; /* of a body whose size was said */
    char *body;         /* of the request, owned */
    size_t body_size, body_room, body_max;
    bool stranger;     /* it counts among those */
    size_t body_timed; /* how much of it had come when its time began last */
    char out[TOC_HTTP_REPLY_HEAD_MAX];
    char *reply_body; /* of the response in flight, owned */
    size_t reply_size;
};

struct toc_http {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct toc_http_config config; /* every limit is set */
    struct toc_http_limits limits;
    unsigned port;
    unsigned open;        /* slots in use */
    bool waiting;         /* the listener holds a connection for which there was no slot */
    bool closing;         /* toc_http_close was called, or listening failed */
    bool listener_closed; /* its close callback has run */
    size_t slots;         /* connections_max + refusals_max */
    struct toc_http_exchange *conns;
    struct toc_http_exchange *free; /* those not in use */
    char *buffers;                  /* one per slot */
    size_t bodies;                  /* bytes of all bodies, coming and going */
    size_t strangers;               /* of them, of requests from strangers */
};

static const struct toc_http_refusal malformed = {400, "malformed request"};
static const struct toc_http_refusal incomplete = {400, "the request ends too early"};
static const struct toc_http_refusal too_slow = {408, "the request took too long"};
static const struct toc_http_refusal body_refused = {413, "no body is accepted here"};
static const struct toc_http_refusal body_too_large = {413, "the body is too large"};
static const struct toc_http_refusal only_reads = {405, "GET and HEAD only"};
static const struct toc_http_refusal header_too_large = {431, "the header is too large"};
static const struct toc_http_refusal crowded = {503, "too many connections"};
static const struct toc_http_refusal crowded_peer = {503, "too many connections of one address"};
static const struct toc_http_refusal no_room = {503, "too many large bodies at a time"};

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
    struct toc_http_exchange *conn = handle->data;
    struct toc_http *http = conn->http;
    if (--conn->handles > 0)
        return;
    TOC_ASSERT(conn->reply_body == NULL);
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

static void drop_body(struct toc_http_exchange *conn)
{
    free(conn->body);
    conn->http->bodies -= conn->body_room;
    conn->http->strangers -= conn->stranger ? conn->body_room : 0;
    conn->body = NULL;
    conn->body_size = conn->body_room = conn->body_timed = 0;
}

static void drop_reply(struct toc_http_exchange *conn)
{
    free(conn->reply_body);
    conn->http->bodies -= conn->reply_size;
    conn->reply_body = NULL;
    conn->reply_size = 0;
}

static void conn_close(struct toc_http_exchange *conn)
{
    if (conn->state == CLOSING)
        return;
    conn->state = CLOSING;
    drop_body(conn);
    uv_close((uv_handle_t *)&conn->tcp, on_conn_handle_closed);
    uv_close((uv_handle_t *)&conn->timer, on_conn_handle_closed);
}

static void on_deadline(uv_timer_t *timer);

/* Counted from now, not from the loop's cached time, which a long callback leaves behind. */
static void set_deadline(struct toc_http_exchange *conn, uint64_t after_ms)
{
    uv_update_time(conn->http->loop);
    conn->since = uv_now(conn->http->loop);
    TOC_ASSERT(uv_timer_start(&conn->timer, on_deadline, after_ms, 0) == 0);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct toc_http_exchange *conn = handle->data;
    size_t size = conn->http->limits.header_max + WINDOW_BYTES;
    size_t kept = conn->state == READING ? conn->used : 0;
    (void)suggested;
    TOC_ASSERT(kept < size);
    buf->base = conn->in + kept;
    buf->len = size - kept;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct toc_http_exchange *conn = req->data;
    if (status < 0)
        conn_close(conn);
}

static void linger(struct toc_http_exchange *conn)
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

static void next_request(struct toc_http_exchange *conn);

static void on_written(uv_write_t *req, int status)
{
    struct toc_http_exchange *conn = req->data;
    drop_reply(conn);
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
static void send_response(struct toc_http_exchange *conn, const struct toc_http_response *response)
{
    const struct toc_http_reply reply = {
        .status = response->status,
        .content_type =
            response->content_type ? response->content_type : "text/plain; charset=utf-8",
        .body_size = response->body ? response->body_size : 0,
        .keep_alive = conn->keep_alive,
        .date = time(NULL),
        .origin = conn->origin,
        .fields = response->fields,
        .field_count = response->field_count,
    };
    uv_buf_t bufs[2] = {
        {.base = conn->out, .len = toc_http_reply_write(conn->out, &reply)},
        {.base = response->body, .len = reply.body_size},
    };
    bool head_only = conn->parser.method == HTTP_HEAD || reply.body_size == 0;
    (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    drop_body(conn);
    conn->state = WRITING;
    conn->reply_body = response->body;
    conn->reply_size = reply.body_size;
    conn->http->bodies += reply.body_size;
    conn->write.data = conn;
    set_deadline(conn, conn->http->limits.idle_ms);
    if (uv_write(&conn->write, (uv_stream_t *)&conn->tcp, bufs, head_only ? 1 : 2, on_written)) {
        drop_reply(conn);
        conn_close(conn);
    }
}

void toc_http_respond(struct toc_http_exchange *exchange, const struct toc_http_response *response)
{
    TOC_ASSERT(exchange->state == ANSWERING);
    send_response(exchange, response);
}

/* The refusal's body as the server's kind has it; NULL without memory. */
static char *refusal_text(const struct toc_http *http, const struct toc_http_refusal *refusal)
{
    char *text = NULL;
    int size = http->config.body_max > 0
                   ? asprintf(&text, "{\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
                              toc_http_reason(refusal->status), refusal->status, refusal->why)
                   : asprintf(&text, "%s", refusal->why);
    return size < 0 ? NULL : text;
}

/* What follows a refused head cannot be told from a body, so nothing after it is read. */
static void refuse(struct toc_http_exchange *conn, const struct toc_http_refusal *refusal)
{
    static const struct toc_http_field allow = {"Allow", "GET, HEAD"};
    static const struct toc_http_field retry = {"Retry-After", "1"};
    struct toc_http_response response = {
        .status = refusal->status,
        .content_type = conn->http->config.body_max > 0 ? "application/problem+json" : NULL,
        .body = refusal_text(conn->http, refusal),
        .fields = refusal->status == 405 ? &allow : &retry,
        .field_count = refusal->status == 405 || refusal->status == 503,
    };
    response.body_size = response.body ? strlen(response.body) : 0;
    conn->keep_alive = false;
    send_response(conn, &response);
}

static void on_deadline(uv_timer_t *timer)
{
    struct toc_http_exchange *conn = timer->data;
    if (conn->state == READING && conn->used > 0)
        refuse(conn, &too_slow);
    else
        conn_close(conn);
}

/* llhttp only finds where the head ends; what comes then is framed here. */
static int on_headers_complete(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t parser_settings = {.on_headers_complete = on_headers_complete};

/* The head lies complete in in[0 .. parsed). */
static const struct toc_http_refusal *judge(struct toc_http_exchange *conn)
{
    size_t body_max = conn->http->config.body_max;
    const struct toc_http_refusal *refusal =
        toc_http_head_read(toc_str(conn->in, conn->parsed), &conn->head);
    if (refusal != NULL)
        return refusal;
    conn->origin = toc_http_origin_of(&conn->http->config, conn->head.fields);
    if (body_max == 0 && conn->parser.method != HTTP_GET && conn->parser.method != HTTP_HEAD)
        return &only_reads;
    conn->body_left = conn->head.chunked ? 0 : conn->parser.content_length;
    conn->body_max = body_max;
    conn->stranger = false;
    if (conn->body_left > body_max || (conn->head.chunked && body_max == 0))
        return body_max > 0 ? &body_too_large : &body_refused;
    conn->chunks = (struct toc_http_chunks){0};
    conn->keep_alive = llhttp_should_keep_alive(&conn->parser) != 0;
    return NULL;
}

static struct toc_http_request request_of(const struct toc_http_exchange *conn)
{
    struct toc_http_request request = {
        .method = conn->head.method,
        .path = conn->head.path,
        .query = conn->head.query,
        .fields = conn->head.fields,
        .body = toc_str(conn->body, conn->body_size),
    };
    memcpy(request.peer, conn->peer, sizeof(request.peer));
    return request;
}

static void answer(struct toc_http_exchange *conn)
{
    struct toc_http *http = conn->http;
    struct toc_http_request request = request_of(conn);
    (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    (void)uv_timer_stop(&conn->timer); /* The handler has its own limits. */
    conn->state = ANSWERING;
    if (conn->origin != NULL && toc_http_is_preflight(&conn->head))
        send_response(conn, &toc_http_preflight_answer);
    else
        http->config.handler(http->config.self, conn, &request);
}

/* --- bodies ----------------------------------------------------------------------------------- */

static const struct toc_http_refusal *grow_body(struct toc_http_exchange *conn, size_t more)
{
    struct toc_http *http = conn->http;
    size_t room = conn->body_room ? conn->body_room : BODY_BYTES_FIRST;
    if (more > conn->body_max - conn->body_size)
        return &body_too_large;
    while (room < conn->body_size + more)
        room *= 2;
    if (room == conn->body_room)
        return NULL;
    size_t added = room - conn->body_room;
    if (http->bodies + added > http->config.bodies_max ||
        (conn->stranger && http->strangers + added > http->config.strangers_max))
        return &no_room;
    char *body = realloc(conn->body, room);
    if (body == NULL)
        return &no_room;
    http->bodies += added;
    http->strangers += conn->stranger ? added : 0;
    conn->body = body;
    conn->body_room = room;
    return NULL;
}

/* Whoever sends a large body has longer, as long as it comes on. */
static void give_time(struct toc_http_exchange *conn)
{
    conn->body_timed = conn->body_size;
    TOC_ASSERT(uv_timer_start(&conn->timer, on_deadline, conn->http->limits.body_ms, 0) == 0);
}

static const struct toc_http_refusal *add_body(struct toc_http_exchange *conn, struct toc_str data)
{
    const struct toc_http_refusal *refusal;
    if (data.size == 0)
        return NULL;
    refusal = grow_body(conn, data.size);
    if (refusal != NULL)
        return refusal;
    memcpy(conn->body + conn->body_size, data.data, data.size);
    conn->body_size += data.size;
    if (conn->body_size - conn->body_timed >= TOC_HTTP_BODY_STEP)
        give_time(conn);
    return NULL;
}

static enum toc_err take_sized(struct toc_http_exchange *conn, struct toc_str in, size_t *taken,
                               struct toc_str *data)
{
    *data = in;
    if (data->size > conn->body_left)
        data->size = (size_t)conn->body_left;
    *taken = data->size;
    conn->body_left -= data->size;
    return conn->body_left == 0 ? TOC_NONE : TOC_OK;
}

/* Takes what has come of the body; `*over` at its end. The head stays where it is. */
static const struct toc_http_refusal *read_body(struct toc_http_exchange *conn, bool *over)
{
    size_t head_size = conn->parsed;
    const struct toc_http_refusal *refusal = NULL;
    enum toc_err err = TOC_OK;
    while (refusal == NULL && err == TOC_OK) {
        struct toc_str in = toc_str(conn->in + conn->parsed, conn->used - conn->parsed), data;
        size_t taken;
        err = conn->head.chunked ? toc_http_chunks_take(&conn->chunks, in, &taken, &data)
                                 : take_sized(conn, in, &taken, &data);
        if (err < 0)
            return &malformed;
        conn->parsed += taken;
        refusal = add_body(conn, data);
        if (taken == in.size)
            break;
    }
    *over = err == TOC_NONE;
    conn->used -= conn->parsed - head_size;
    memmove(conn->in + head_size, conn->in + conn->parsed, conn->used - head_size);
    conn->parsed = head_size;
    return refusal;
}

static bool has_body(const struct toc_http_exchange *conn)
{
    return conn->body_left > 0 || conn->head.chunked;
}

/* With its head read; one that has no body is always complete. */
static bool is_worth_reading(struct toc_http_exchange *conn)
{
    const struct toc_http_config *config = &conn->http->config;
    struct toc_http_request request = request_of(conn);
    if (has_body(conn) && config->wants_body != NULL) {
        struct toc_http_want want = config->wants_body(config->self, &request);
        conn->body_max = want.body_max;
        conn->stranger = want.stranger;
    }
    return conn->body_max > 0 || !has_body(conn);
}

static const struct toc_http_refusal *begin_body(struct toc_http_exchange *conn)
{
    static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t buf = {.base = go_on, .len = sizeof(go_on) - 1};
    conn->phase = IN_BODY;
    if (conn->body_left > conn->body_max)
        return &body_too_large;
    if (!has_body(conn))
        return NULL;
    set_deadline(conn, conn->http->limits.body_ms);
    /* A peer that does not hear it sends its body all the same, a little later. */
    if (conn->head.expects && conn->used == conn->parsed)
        (void)uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);
    return NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Lets the parser look for the end of the head; TOC_NONE when it has not come yet. */
static enum toc_err read_head(struct toc_http_exchange *conn,
                              const struct toc_http_refusal **refusal)
{
    size_t header_max = conn->http->limits.header_max;
    llhttp_errno_t err =
        llhttp_execute(&conn->parser, conn->in + conn->parsed, conn->used - conn->parsed);
    *refusal = NULL;
    if (err == HPE_OK)
        conn->parsed = conn->used;
    else if (err == HPE_PAUSED)
        conn->parsed = (size_t)(llhttp_get_error_pos(&conn->parser) - conn->in);
    if (err != HPE_OK && err != HPE_PAUSED)
        *refusal = &malformed;
    else if (conn->parsed > header_max || (err == HPE_OK && conn->parsed == header_max))
        *refusal = &header_too_large;
    else if (err == HPE_PAUSED)
        *refusal = judge(conn);
    return err == HPE_OK ? TOC_NONE : TOC_OK;
}

/* Goes on over what has been received, to the end of one request at most. */
static void advance(struct toc_http_exchange *conn)
{
    const struct toc_http_refusal *refusal = NULL;
    bool over = false;
    if (conn->phase == IN_HEAD) {
        enum toc_err err = read_head(conn, &refusal);
        if (refusal == NULL && err == TOC_NONE)
            return;
        if (refusal == NULL && !is_worth_reading(conn)) {
            conn->keep_alive = false; /* what follows is no request */
            answer(conn);
            return;
        }
        if (refusal == NULL)
            refusal = begin_body(conn);
    }
    if (refusal == NULL)
        refusal = read_body(conn, &over);
    if (refusal != NULL)
        refuse(conn, refusal);
    else if (over)
        answer(conn);
}

/*
 * Each message starts with a fresh parser, so nothing of one can colour the next; an offer to
 * upgrade, after which llhttp would stop, is thereby not taken up.
 */
static void next_request(struct toc_http_exchange *conn)
{
    const struct toc_http_limits *limits = &conn->http->limits;
    conn->used -= conn->parsed;
    if (conn->used > 0)
        memmove(conn->in, conn->in + conn->parsed, conn->used);
    conn->parsed = 0;
    conn->phase = IN_HEAD;
    conn->state = READING;
    conn->origin = NULL;
    llhttp_init(&conn->parser, HTTP_REQUEST, &parser_settings);
    conn->parser.data = conn;
    set_deadline(conn, conn->used > 0 ? limits->request_ms : limits->idle_ms);
    if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read))
        conn_close(conn);
    else if (conn->used > 0)
        advance(conn);
}

static void discard(struct toc_http_exchange *conn, ssize_t nread)
{
    if (nread > 0)
        conn->discarded += (size_t)nread;
    if (nread < 0 || conn->discarded > DISCARD_BYTES_MAX)
        conn_close(conn);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct toc_http_exchange *conn = stream->data;
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
static struct toc_http_exchange *take_slot(struct toc_http *http)
{
    struct toc_http_exchange *conn = http->free;
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
    conn->origin = NULL;
    return conn;
}

/* Who is at the other end, and whether as many connections of it are here as may be. */
static bool peer_has_room(struct toc_http_exchange *conn)
{
    struct toc_http *http = conn->http;
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    int size = sizeof(address);
    unsigned same = 0;
    (void)uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address, &size);
    memset(conn->peer, 0, sizeof(conn->peer));
    if (address.any.ss_family == AF_INET6) {
        memcpy(conn->peer, &address.v6.sin6_addr, sizeof(conn->peer));
    } else {
        conn->peer[10] = conn->peer[11] = 0xff;
        memcpy(conn->peer + 12, &address.v4.sin_addr, 4);
    }
    if (http->config.per_address_max >= http->config.connections_max)
        return true;
    for (size_t i = 0; i < http->slots; i++)
        same +=
            http->conns[i].state != FREE && toc_http_is_same_peer(http->conns[i].peer, conn->peer);
    return same <= http->config.per_address_max;
}

/* Who makes room for another, the last first; a request in hand that is not slow makes none. */
enum spare { NEEDED, SLOW, SAID_ALL, IDLE };

static enum spare spare(const struct toc_http_exchange *conn)
{
    const struct toc_http *http = conn->http;
    if (conn->state == READING && conn->used == 0)
        return IDLE;
    if (conn->state == LINGERING)
        return SAID_ALL;
    if ((conn->state == READING || conn->state == WRITING) &&
        uv_now(http->loop) - conn->since >= http->limits.slow_ms)
        return SLOW;
    return NEEDED;
}

/* Of those that may be spared (RFC 9112, section 9.5) the one that has been so for longest goes;
 * false when all are needed. */
static bool make_room(struct toc_http *http, const struct toc_http_exchange *but)
{
    struct toc_http_exchange *best = NULL;
    for (size_t i = 0; i < http->slots; i++) {
        struct toc_http_exchange *conn = &http->conns[i];
        if (conn != but && spare(conn) != NEEDED &&
            (best == NULL || spare(conn) > spare(best) ||
             (spare(conn) == spare(best) && conn->since < best->since)))
            best = conn;
    }
    if (best != NULL)
        conn_close(best);
    return best != NULL;
}

/* Without a slot the connection stays with the listener, which stops accepting until it is taken.
 */
static void accept_one(struct toc_http *http)
{
    struct toc_http_exchange *conn = take_slot(http);
    if (conn == NULL) {
        http->waiting = true;
        (void)make_room(http, NULL);
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
    if (!peer_has_room(conn))
        refuse(conn, &crowded_peer);
    else if (http->open > http->config.connections_max && !make_room(http, conn))
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

static void set_config(struct toc_http *http, const struct toc_http_config *config)
{
    http->config = *config;
    if (http->config.connections_max == 0)
        http->config.connections_max = TOC_HTTP_CONNECTIONS_MAX;
    if (http->config.per_address_max == 0)
        http->config.per_address_max = http->config.connections_max;
    if (http->config.bodies_max == 0)
        http->config.bodies_max = BODIES * (config->body_max + BODY_BYTES_FIRST);
    if (http->config.strangers_max == 0)
        http->config.strangers_max = http->config.bodies_max / 2;
}

static struct toc_http *http_new(uv_loop_t *loop, const struct toc_http_config *config,
                                 const struct toc_http_limits *limits)
{
    size_t room = limits->header_max + WINDOW_BYTES;
    struct toc_http *http = calloc(1, sizeof(*http));
    if (http == NULL)
        return NULL;
    set_config(http, config);
    http->limits = *limits;
    http->loop = loop;
    http->slots = (size_t)http->config.connections_max + limits->refusals_max;
    http->conns = calloc(http->slots, sizeof(*http->conns));
    http->buffers = calloc(http->slots, room); /* Pages never touched cost nothing. */
    if (http->conns == NULL || http->buffers == NULL) {
        free(http->conns);
        free(http->buffers);
        free(http);
        return NULL;
    }
    for (size_t i = http->slots; i-- > 0;) {
        http->conns[i].http = http;
        http->conns[i].in = http->buffers + i * room;
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

enum toc_err toc_http_listen_limits(struct uv_loop_s *loop, const struct toc_http_config *config,
                                    const struct toc_http_limits *limits, struct toc_http **out)
{
    struct sockaddr_storage parsed;
    TOC_ASSERT(limits->header_max > 0 && limits->refusals_max > 0 && limits->linger_ms > 0);
    TOC_ASSERT(limits->idle_ms > 0 && limits->request_ms > 0 && limits->body_ms > 0);
    TOC_TRY(toc_http_address(config->address, &parsed));
    struct toc_http *http = http_new(loop, config, limits);
    if (http == NULL)
        return TOC_ERR_MEMORY;
    ignore_sigpipe();
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

enum toc_err toc_http_listen(struct uv_loop_s *loop, const struct toc_http_config *config,
                             struct toc_http **out)
{
    static const struct toc_http_limits limits = {
        .header_max = TOC_HTTP_HEADER_MAX,
        .refusals_max = 32,
        .idle_ms = TOC_HTTP_IDLE_MS,
        .request_ms = TOC_HTTP_REQUEST_MS,
        .body_ms = TOC_HTTP_BODY_MS,
        .linger_ms = 2000,
        .slow_ms = 2000,
    };
    return toc_http_listen_limits(loop, config, &limits, out);
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
    for (size_t i = 0; i < http->slots; i++)
        if (http->conns[i].state != FREE)
            conn_close(&http->conns[i]);
}
