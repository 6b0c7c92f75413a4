#include "common/http_conn.h"

#include <stdlib.h>

/* A peer that goes on sending after its last answer is heard no longer than this. */
#define DISCARD_BYTES_MAX ((size_t)1 << 20)

static const struct toc_http_refusal malformed = {400, "malformed request"};
static const struct toc_http_refusal incomplete = {400, "the request ends too early"};
static const struct toc_http_refusal too_slow = {408, "the request took too long"};
static const struct toc_http_refusal only_reads = {405, "GET and HEAD only"};
static const struct toc_http_refusal header_too_large = {431, "the header is too large"};

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);

static void on_conn_handle_closed(uv_handle_t *handle)
{
    struct toc_http_exchange *conn = handle->data;
    struct toc_http *http = conn->http;
    if (--conn->handles > 0)
        return;
    TOC_ASSERT(conn->reply_body == NULL);
    conn->state = CONN_FREE;
    conn->next_free = http->free;
    http->free = conn;
    http->open--;
    if (http->waiting && !http->closing) {
        http->waiting = false;
        toc_http_accept_one(http);
    }
    toc_http_free_if_over(http);
}

struct toc_http_exchange *toc_http_conn_open(struct toc_http *http)
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
    conn->state = CONN_READING;
    conn->served = false;
    conn->used = 0;
    conn->parsed = 0;
    conn->origin = NULL;
    return conn;
}

void toc_http_conn_serve(struct toc_http_exchange *conn)
{
    TOC_ASSERT(conn->http->served < conn->http->config.connections_max);
    conn->served = true;
    conn->http->served++;
    toc_http_conn_next(conn);
}

static void drop_reply(struct toc_http_exchange *conn)
{
    free(conn->reply_body);
    conn->http->replies -= conn->reply_size;
    conn->reply_body = NULL;
    conn->reply_size = 0;
}

/* Keeps a response until its peer has taken it. What is too much for all of them ends those that
 * have been slowest; the newest stays. */
static void keep_reply(struct toc_http_exchange *conn, size_t size)
{
    struct toc_http *http = conn->http;
    conn->reply_size = size;
    http->replies += size;
    while (http->replies > http->config.replies_max) {
        struct toc_http_exchange *slowest = NULL;
        for (size_t i = 0; i < http->slots; i++) {
            struct toc_http_exchange *other = &http->conns[i];
            if (other != conn && other->reply_size > 0 &&
                (slowest == NULL || other->since < slowest->since))
                slowest = other;
        }
        if (slowest == NULL)
            return;
        toc_http_conn_close(slowest);
    }
}

void toc_http_conn_close(struct toc_http_exchange *conn)
{
    if (conn->state == CONN_CLOSING)
        return;
    conn->state = CONN_CLOSING;
    conn->http->served -= conn->served;
    conn->served = false;
    conn->http->replies -= conn->reply_size; /* libuv lets go of it in this turn of the loop */
    conn->reply_size = 0;
    toc_http_body_drop(conn);
    uv_close((uv_handle_t *)&conn->tcp, on_conn_handle_closed);
    uv_close((uv_handle_t *)&conn->timer, on_conn_handle_closed);
}

static void on_deadline(uv_timer_t *timer);

void toc_http_conn_prolong(struct toc_http_exchange *conn, uint64_t after_ms)
{
    TOC_ASSERT(uv_timer_start(&conn->timer, on_deadline, after_ms, 0) == 0);
}

/* Counted from now, not from the loop's cached time, which a long callback leaves behind. */
void toc_http_conn_deadline(struct toc_http_exchange *conn, uint64_t after_ms)
{
    uv_update_time(conn->http->loop);
    conn->since = uv_now(conn->http->loop);
    toc_http_conn_prolong(conn, after_ms);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct toc_http_exchange *conn = handle->data;
    size_t size = conn->http->limits.header_max + TOC_HTTP_WINDOW_BYTES;
    size_t kept = conn->state == CONN_READING ? conn->used : 0;
    (void)suggested;
    TOC_ASSERT(kept < size);
    buf->base = conn->in + kept;
    buf->len = size - kept;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct toc_http_exchange *conn = req->data;
    if (status < 0)
        toc_http_conn_close(conn);
}

static void linger(struct toc_http_exchange *conn)
{
    conn->state = CONN_LINGERING;
    conn->discarded = 0;
    conn->shutdown.data = conn;
    if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) ||
        uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read))
        toc_http_conn_close(conn);
    else
        toc_http_conn_deadline(conn, conn->http->limits.linger_ms);
}

static void on_written(uv_write_t *req, int status)
{
    struct toc_http_exchange *conn = req->data;
    drop_reply(conn);
    if (conn->state == CONN_CLOSING)
        return;
    TOC_ASSERT(conn->state == CONN_WRITING);
    if (status < 0)
        toc_http_conn_close(conn);
    else if (conn->keep_alive)
        toc_http_conn_next(conn);
    else
        linger(conn);
}

/* Sends a response and takes its body over. */
static void send_response(struct toc_http_exchange *conn, const struct toc_http_response *response)
{
    bool constant = response->constant.size > 0;
    struct toc_str body = constant                 ? response->constant
                          : response->body != NULL ? toc_str(response->body, response->body_size)
                                                   : toc_str(NULL, 0);
    const struct toc_http_reply reply = {
        .status = response->status,
        .content_type =
            response->content_type ? response->content_type : "text/plain; charset=utf-8",
        .body_size = body.size,
        .keep_alive = conn->keep_alive,
        .date = time(NULL),
        .origin = conn->origin,
        .fields = response->fields,
        .field_count = response->field_count,
    };
    uv_buf_t bufs[2] = {
        {.base = conn->out, .len = toc_http_reply_write(conn->out, &reply)},
        {.base = (char *)(uintptr_t)body.data, .len = body.size},
    };
    bool head_only = conn->parser.method == HTTP_HEAD || body.size == 0;
    uv_stream_t *stream = (uv_stream_t *)&conn->tcp;
    (void)uv_read_stop(stream);
    toc_http_body_drop(conn);
    conn->state = CONN_WRITING;
    conn->reply_body = response->body;
    conn->write.data = conn;
    toc_http_conn_deadline(conn, conn->http->limits.idle_ms);
    if (uv_write(&conn->write, stream, bufs, head_only ? 1 : 2, on_written)) {
        drop_reply(conn);
        toc_http_conn_close(conn);
    } else if (uv_stream_get_write_queue_size(stream) == 0) {
        drop_reply(conn); /* the kernel has all of it */
    } else if (!constant) {
        keep_reply(conn, body.size);
    }
}

void toc_http_respond(struct toc_http_exchange *exchange, const struct toc_http_response *response)
{
    TOC_ASSERT(exchange->state == CONN_ANSWERING);
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

void toc_http_conn_refuse(struct toc_http_exchange *conn, const struct toc_http_refusal *refusal)
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
    if (conn->state == CONN_READING && conn->used > 0)
        toc_http_conn_refuse(conn, &too_slow);
    else
        toc_http_conn_close(conn);
}

/* --- reading ---------------------------------------------------------------------------------- */

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
    bool reads = conn->parser.method == HTTP_GET || conn->parser.method == HTTP_HEAD;
    const struct toc_http_refusal *refusal =
        toc_http_head_read(toc_str(conn->in, conn->parsed), &conn->head);
    if (refusal != NULL)
        return refusal;
    conn->origin = toc_http_origin_of(&conn->http->config, conn->head.fields);
    if (conn->http->config.body_max == 0 && !reads)
        return &only_reads;
    conn->keep_alive = llhttp_should_keep_alive(&conn->parser) != 0;
    return toc_http_body_judge(conn);
}

struct toc_http_request toc_http_conn_request(const struct toc_http_exchange *conn)
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
    struct toc_http_request request = toc_http_conn_request(conn);
    (void)uv_read_stop((uv_stream_t *)&conn->tcp);
    (void)uv_timer_stop(&conn->timer); /* The handler has its own limits. */
    conn->state = CONN_ANSWERING;
    if (conn->origin != NULL && toc_http_is_preflight(&conn->head))
        send_response(conn, &toc_http_preflight_answer);
    else
        http->config.handler(http->config.self, conn, &request);
}

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
        if (refusal == NULL && !toc_http_body_is_wanted(conn)) {
            conn->keep_alive = false; /* what follows is no request */
            answer(conn);
            return;
        }
        if (refusal == NULL)
            refusal = toc_http_body_begin(conn);
    }
    if (refusal == NULL)
        refusal = toc_http_body_read(conn, &over);
    if (refusal != NULL)
        toc_http_conn_refuse(conn, refusal);
    else if (over)
        answer(conn);
}

/*
 * Each message starts with a fresh parser, so nothing of one can colour the next; an offer to
 * upgrade, after which llhttp would stop, is thereby not taken up.
 */
void toc_http_conn_next(struct toc_http_exchange *conn)
{
    const struct toc_http_limits *limits = &conn->http->limits;
    conn->used -= conn->parsed;
    if (conn->used > 0)
        memmove(conn->in, conn->in + conn->parsed, conn->used);
    conn->parsed = 0;
    conn->phase = IN_HEAD;
    conn->state = CONN_READING;
    conn->origin = NULL;
    llhttp_init(&conn->parser, HTTP_REQUEST, &parser_settings);
    conn->parser.data = conn;
    toc_http_conn_deadline(conn, conn->used > 0 ? limits->request_ms : limits->idle_ms);
    if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read))
        toc_http_conn_close(conn);
    else if (conn->used > 0)
        advance(conn);
}

static void discard(struct toc_http_exchange *conn, ssize_t nread)
{
    if (nread > 0)
        conn->discarded += (size_t)nread;
    if (nread < 0 || conn->discarded > DISCARD_BYTES_MAX)
        toc_http_conn_close(conn);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct toc_http_exchange *conn = stream->data;
    (void)buf;
    if (conn->state == CONN_LINGERING) {
        discard(conn, nread);
    } else if (nread > 0) {
        if (conn->used == 0)
            toc_http_conn_deadline(conn, conn->http->limits.request_ms);
        conn->used += (size_t)nread;
        advance(conn);
    } else if (nread == UV_EOF && conn->used > 0) {
        toc_http_conn_refuse(conn, &incomplete);
    } else if (nread < 0) {
        toc_http_conn_close(conn);
    }
}
