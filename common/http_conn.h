/*
 * The insides of the server: http.c opens and closes it, http_accept.c lets peers in, http_conn.c
 * is the life of a connection, http_body.c holds what comes with a request. Nobody else includes
 * this.
 */
#ifndef TOC_HTTP_CONN_H
#define TOC_HTTP_CONN_H

#include "common/http_internal.h"

#include <llhttp.h>
#include <uv.h>

/* Room for what comes after a head: body bytes on their way, and requests that were pipelined. */
#define TOC_HTTP_WINDOW_BYTES ((size_t)16 << 10)

#define TOC_HTTP_BODY_BYTES_FIRST ((size_t)4 << 10) /* a body's buffer doubles from here */

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
enum conn_state {
    CONN_FREE,
    CONN_READING,
    CONN_ANSWERING,
    CONN_WRITING,
    CONN_LINGERING,
    CONN_CLOSING,
};

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
    bool served;      /* it has one of the places; not while it only hears that there is none */
    bool keep_alive;
    uint64_t since; /* when what it does now began, by the loop's clock */
    uint8_t peer[16];
    char *in;      /* header_max and a window; a head stays in one piece until answered */
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
    char *reply_body;  /* of the response in flight, owned */
    size_t reply_size; /* of it, what counts among the replies */
};

struct toc_http {
    uv_loop_t *loop;
    uv_tcp_t listener;
    struct toc_http_config config; /* every limit is set */
    struct toc_http_limits limits;
    unsigned port;
    unsigned open;        /* slots in use */
    unsigned served;      /* of them, by those that have a place: at most connections_max */
    bool waiting;         /* the listener holds a connection for which there was no slot */
    bool closing;         /* toc_http_close was called, or listening failed */
    bool listener_closed; /* its close callback has run */
    size_t slots;         /* connections_max + refusals_max */
    struct toc_http_exchange *conns;
    struct toc_http_exchange *free; /* those not in use */
    char *buffers;                  /* one per slot */
    size_t bodies;                  /* bytes of all requests' bodies */
    size_t strangers;               /* of them, of requests from strangers */
    size_t replies;                 /* bytes of answers that are kept until their peers take them */
};

/* --- http.c --- */

/* Gives the memory back when it is closed and the last connection is. */
void toc_http_free_if_over(struct toc_http *http);

/* --- http_accept.c --- */

/* uv_listen's callback. */
void toc_http_on_connection(uv_stream_t *listener, int status);
/* Takes the connection that the listener holds; without a slot it stays there, and the listener
 * stops accepting until it is taken. */
void toc_http_accept_one(struct toc_http *http);

/* --- http_conn.c --- */

/* A slot with both handles open, so that it can be given back only through toc_http_conn_close;
 * NULL when there is none. It has no place yet. */
struct toc_http_exchange *toc_http_conn_open(struct toc_http *http);
/* Gives it one of the places until it is closed, and reads its first request. */
void toc_http_conn_serve(struct toc_http_exchange *conn);
void toc_http_conn_close(struct toc_http_exchange *conn);
/* Reads on, for the first request or the next. */
void toc_http_conn_next(struct toc_http_exchange *conn);
/* Answers, and reads nothing more: what follows a refused head cannot be told from a body. */
void toc_http_conn_refuse(struct toc_http_exchange *conn, const struct toc_http_refusal *refusal);
/* A deadline for what it begins now, or more time for what it does already. */
void toc_http_conn_deadline(struct toc_http_exchange *conn, uint64_t after_ms);
void toc_http_conn_prolong(struct toc_http_exchange *conn, uint64_t after_ms);
/* With what has come of the body. */
struct toc_http_request toc_http_conn_request(const struct toc_http_exchange *conn);

/* --- http_body.c: with the head read --- */

/* Whether a body of the size that is said may come at all. */
const struct toc_http_refusal *toc_http_body_judge(struct toc_http_exchange *conn);
/* Whether the handler wants it; without a body always. */
bool toc_http_body_is_wanted(struct toc_http_exchange *conn);
const struct toc_http_refusal *toc_http_body_begin(struct toc_http_exchange *conn);
/* Takes what has come of the body; `*over` at its end. The head stays where it is. */
const struct toc_http_refusal *toc_http_body_read(struct toc_http_exchange *conn, bool *over);
void toc_http_body_drop(struct toc_http_exchange *conn);

#endif
