#include "common/http_conn.h"

#include <stdlib.h>

static const struct toc_http_refusal malformed = {400, "malformed request"};
static const struct toc_http_refusal body_refused = {413, "no body is accepted here"};
static const struct toc_http_refusal body_too_large = {413, "the body is too large"};
static const struct toc_http_refusal no_room = {503, "too many large bodies at a time"};

void toc_http_body_drop(struct toc_http_exchange *conn)
{
    free(conn->body);
    conn->http->bodies -= conn->body_room;
    conn->http->strangers -= conn->stranger ? conn->body_room : 0;
    conn->body = NULL;
    conn->body_size = conn->body_room = conn->body_timed = 0;
}

static bool has_body(const struct toc_http_exchange *conn)
{
    return conn->body_left > 0 || conn->head.chunked;
}

const struct toc_http_refusal *toc_http_body_judge(struct toc_http_exchange *conn)
{
    size_t body_max = conn->http->config.body_max;
    conn->body_left = conn->head.chunked ? 0 : conn->parser.content_length;
    conn->body_max = body_max;
    conn->stranger = false;
    conn->chunks = (struct toc_http_chunks){0};
    if (conn->body_left > body_max || (conn->head.chunked && body_max == 0))
        return body_max > 0 ? &body_too_large : &body_refused;
    return NULL;
}

bool toc_http_body_is_wanted(struct toc_http_exchange *conn)
{
    const struct toc_http_config *config = &conn->http->config;
    struct toc_http_request request = toc_http_conn_request(conn);
    if (has_body(conn) && config->wants_body != NULL) {
        struct toc_http_want want = config->wants_body(config->self, &request);
        conn->body_max = want.body_max;
        conn->stranger = want.stranger;
    }
    return conn->body_max > 0 || !has_body(conn);
}

const struct toc_http_refusal *toc_http_body_begin(struct toc_http_exchange *conn)
{
    static char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t buf = {.base = go_on, .len = sizeof(go_on) - 1};
    conn->phase = IN_BODY;
    if (conn->body_left > conn->body_max)
        return &body_too_large;
    if (!has_body(conn))
        return NULL;
    toc_http_conn_deadline(conn, conn->http->limits.body_ms);
    /* A peer that does not hear it sends its body all the same, a little later. */
    if (conn->head.expects && conn->used == conn->parsed)
        (void)uv_try_write((uv_stream_t *)&conn->tcp, &buf, 1);
    return NULL;
}

static const struct toc_http_refusal *grow_body(struct toc_http_exchange *conn, size_t more)
{
    struct toc_http *http = conn->http;
    size_t room = conn->body_room ? conn->body_room : TOC_HTTP_BODY_BYTES_FIRST;
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
    toc_http_conn_prolong(conn, conn->http->limits.body_ms);
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

const struct toc_http_refusal *toc_http_body_read(struct toc_http_exchange *conn, bool *over)
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
