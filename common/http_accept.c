#include "common/http_conn.h"

static const struct toc_http_refusal crowded = {503, "too many connections"};
static const struct toc_http_refusal crowded_peer = {503, "too many connections of one address"};

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
        same += http->conns[i].state != CONN_FREE &&
                toc_http_is_same_peer(http->conns[i].peer, conn->peer);
    return same <= http->config.per_address_max;
}

/* Who makes room for another, the last first; a request in hand that is not slow makes none. */
enum spare { NEEDED, SLOW, SAID_ALL, IDLE };

static enum spare spare(const struct toc_http_exchange *conn)
{
    const struct toc_http *http = conn->http;
    if (conn->state == CONN_READING && conn->used == 0)
        return IDLE;
    if (conn->state == CONN_LINGERING)
        return SAID_ALL;
    if ((conn->state == CONN_READING || conn->state == CONN_WRITING) &&
        uv_now(http->loop) - conn->since >= http->limits.slow_ms)
        return SLOW;
    return NEEDED;
}

/* Of those that may be spared (RFC 9112, section 9.5) the one that has been so for longest goes;
 * false when all are needed. A place is made by one that has it, a slot by any. */
static bool make_room(struct toc_http *http, bool place)
{
    struct toc_http_exchange *best = NULL;
    for (size_t i = 0; i < http->slots; i++) {
        struct toc_http_exchange *conn = &http->conns[i];
        if ((conn->served || !place) && spare(conn) != NEEDED &&
            (best == NULL || spare(conn) > spare(best) ||
             (spare(conn) == spare(best) && conn->since < best->since)))
            best = conn;
    }
    if (best != NULL)
        toc_http_conn_close(best);
    return best != NULL;
}

void toc_http_accept_one(struct toc_http *http)
{
    struct toc_http_exchange *conn = toc_http_conn_open(http);
    if (conn == NULL) {
        http->waiting = true;
        (void)make_room(http, false);
        return;
    }
    if (uv_accept((uv_stream_t *)&http->listener, (uv_stream_t *)&conn->tcp)) {
        toc_http_conn_close(conn);
        return;
    }
    /* Pipelined responses are small; Nagle's algorithm would hold each for the peer's delayed ack.
     */
    (void)uv_tcp_nodelay(&conn->tcp, 1);
    conn->parser.method = HTTP_GET;
    if (!peer_has_room(conn))
        toc_http_conn_refuse(conn, &crowded_peer);
    else if (http->served == http->config.connections_max && !make_room(http, true))
        toc_http_conn_refuse(conn, &crowded);
    else
        toc_http_conn_serve(conn);
}

void toc_http_on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) /* A failed accept concerns nobody but the peer, and libuv goes on. */
        toc_http_accept_one(listener->data);
}
