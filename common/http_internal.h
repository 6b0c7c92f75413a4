/*
 * What http.c is made of, open to its tests: limits that can be set, and the parts that are text
 * in, text out and know nothing of sockets (http_text.c, http_chunk.c, http_origin.c). Nobody else
 * includes this.
 *
 * llhttp finds where a message ends; toc_http_head_read then looks at the same bytes again, by the
 * letter of RFC 9112. Debian's llhttp lets a bare LF end the request line and the header, and
 * built without its strict mode also a space before the colon and any byte from 0x80 in a target;
 * what two parsers read differently is what smuggling lives on.
 */
#ifndef TOC_HTTP_INTERNAL_H
#define TOC_HTTP_INTERNAL_H

#include "common/http.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

/* All above 0. */
struct toc_http_limits {
    size_t header_max;     /* bytes of a request's first line and fields together */
    unsigned refusals_max; /* connections beyond the most that are served, which are being told 503;
                              the rest wait in the kernel */
    uint64_t idle_ms;      /* between requests, and for a peer to take a response */
    uint64_t request_ms;   /* from a request's first byte to the end of its header */
    uint64_t body_ms;      /* for its body, or for each TOC_HTTP_BODY_STEP of it */
    uint64_t linger_ms;    /* for a peer to close after the last response */
    uint64_t slow_ms;      /* a header, body or response on its way for longer makes room */
};

/* toc_http_listen with limits of the caller's; both are copied. */
TOC_MUST enum toc_err toc_http_listen_limits(struct uv_loop_s *loop,
                                             const struct toc_http_config *config,
                                             const struct toc_http_limits *limits,
                                             struct toc_http **out);

/* Connections that hold a slot: served, being refused, lingering or not yet closed. */
unsigned toc_http_open_connections(const struct toc_http *http);

/* Reads "ADDR:PORT", "[V6]:PORT" or ":PORT" (127.0.0.1); numeric only. TOC_ERR_CONFIG otherwise. */
TOC_MUST enum toc_err toc_http_address(const char *text, struct sockaddr_storage *out);

/* RFC 9110, section 5.6.2. */
bool toc_http_is_token(struct toc_str s);

/* Whether two addresses count as one: whoever has an IPv6 address has its whole /64. */
bool toc_http_is_same_peer(const uint8_t a[16], const uint8_t b[16]);

/* Why a request is not served. */
struct toc_http_refusal {
    int status;
    const char *why; /* a constant, sent as the body */
};

/* A request's head; everything points into the bytes it was read from. */
struct toc_http_head {
    struct toc_str method;
    struct toc_str path;   /* without the query; "/" when an absolute target has none */
    struct toc_str query;  /* without '?' */
    struct toc_str fields; /* their lines, without the empty one */
    bool chunked;          /* the only transfer coding there is here */
    bool expects;          /* to be told 100 before it sends the body */
};

/*
 * Reads a whole head, from its first byte to the empty line that ends it, and judges it: line ends,
 * field names, target, version, Host (RFC 9112, sections 2 to 5), transfer coding and expectation.
 * NULL when it may be served; `out` is untouched otherwise.
 */
const struct toc_http_refusal *toc_http_head_read(struct toc_str raw, struct toc_http_head *out);

/* What a response's head says. */
struct toc_http_reply {
    int status;
    const char *content_type;
    size_t body_size; /* what GET would send, also when HEAD asks */
    bool keep_alive;
    time_t date;
    const char *origin; /* whose pages may read it; NULL: none */
    const struct toc_http_field *fields;
    size_t field_count;
};

#define TOC_HTTP_FIELD_MAX      300 /* bytes of a value */
#define TOC_HTTP_REPLY_HEAD_MAX 4096

/* Writes the head up to and with its empty line; returns its size. */
size_t toc_http_reply_write(char out[TOC_HTTP_REPLY_HEAD_MAX], const struct toc_http_reply *reply);

/* Of the configured origins the one that a request's fields name; NULL when there is none. */
const char *toc_http_origin_of(const struct toc_http_config *config, struct toc_str fields);
/* Whether it only asks what a page may send, and what is answered then, without a body. */
bool toc_http_is_preflight(const struct toc_http_head *head);
extern const struct toc_http_response toc_http_preflight_answer;

/* How far a chunked body has come (RFC 9112, section 7.1); begins as {0}. */
struct toc_http_chunks {
    int state;
    uint64_t left;   /* of the chunk in hand */
    unsigned digits; /* of its size */
    size_t aside;    /* bytes of extensions and trailers so far, which nobody reads */
};

/*
 * Goes on over `in` to the end of the next run of body bytes: `*taken` bytes are done with, `*data`
 * is the run within them, maybe empty. TOC_OK when the body goes on, TOC_NONE when it is over,
 * TOC_ERR_MALFORMED for what the grammar does not allow, by the letter: CR LF and nothing else.
 */
TOC_MUST enum toc_err toc_http_chunks_take(struct toc_http_chunks *chunks, struct toc_str in,
                                           size_t *taken, struct toc_str *data);

#endif
