/*
 * A small, strict HTTP/1.1 server on a libuv loop, with llhttp as its parser: metrics and health,
 * and the edge that events come in by.
 *
 * It hides sockets, framing, keep-alive, ordered pipelining, limits and deadlines; a handler sees a
 * complete request and answers it, at once or later. What is refused is answered and the connection
 * closed: 400 for anything malformed (RFC 9112 to the letter), 405 where only GET and HEAD are
 * served, 408, 413, 417, 431, 501 for a coding other than chunked, 505, and 503 for a connection or
 * a body too many. TLS belongs to a proxy in front.
 */
#ifndef TOC_HTTP_H
#define TOC_HTTP_H

#include "common/err.h"
#include "common/str.h"

#define TOC_HTTP_HEADER_MAX      16384 /* bytes of a request's first line and fields together */
#define TOC_HTTP_CONNECTIONS_MAX 256   /* unless configured */
#define TOC_HTTP_IDLE_MS         60000 /* between requests, and for a peer to take a response */
#define TOC_HTTP_REQUEST_MS      10000 /* from a request's first byte to the end of its header */
#define TOC_HTTP_BODY_MS         30000 /* for its body, or for each … */
#define TOC_HTTP_BODY_STEP       ((size_t)1 << 20) /* … bytes of a large one */
#define TOC_HTTP_FIELDS_MAX      8                 /* of a response, beside the server's own */

struct uv_loop_s;
struct toc_http;
struct toc_http_exchange; /* one request, until it is answered */

struct toc_http_request {
    struct toc_str method; /* "GET", "POST", … */
    struct toc_str path;   /* without the query, as sent */
    struct toc_str query;  /* without '?', may be empty */
    struct toc_str fields; /* the header's lines, for the two functions below */
    struct toc_str body;   /* whole; empty without one */
    uint8_t peer[16];      /* an IPv6 address, or an IPv4 one mapped (RFC 4291, section 2.5.5.2) */
};

struct toc_http_field {
    const char *name;
    const char *value; /* printable, at most 300 bytes */
};

struct toc_http_response {
    int status;
    const char *content_type; /* a constant; NULL for text/plain; charset=utf-8 */
    char *body;               /* malloc'ed by the handler, freed by the server; may be NULL */
    size_t body_size;
    struct toc_str constant;             /* a body that outlives the server, in place of that one */
    const struct toc_http_field *fields; /* lent for the call */
    size_t field_count;
};

/*
 * Called once per complete request; must not block. Everything in `request` is lent until it
 * returns. It calls toc_http_respond, or keeps `exchange` and does so later. It may call
 * toc_http_close, and then no longer respond.
 */
typedef void toc_http_handler(void *self, struct toc_http_exchange *exchange,
                              const struct toc_http_request *request);

/* What is known of a request from its header alone. */
struct toc_http_want {
    size_t body_max; /* 0: no body of it is worth its memory */
    bool stranger;   /* nothing in it proves yet who it comes from */
};

/*
 * Asked when a request's header has come; `request` is lent, its body still empty. When that is not
 * wanted, the handler gets the request without it, and the connection ends with the answer.
 */
typedef struct toc_http_want toc_http_wants(void *self, const struct toc_http_request *request);

struct toc_http_config {
    const char *address; /* "ADDR:PORT", "[V6]:PORT" or ":PORT" (127.0.0.1); numeric */
    toc_http_handler *handler;
    toc_http_wants *wants_body; /* NULL: always, up to body_max */
    void *self;                 /* of both; outlives the server */
    /* The largest body. 0: no bodies, and no method but GET and HEAD. Otherwise the handler judges
     * the method, and what the server refuses by itself is application/problem+json (RFC 9457). */
    size_t body_max;
    /* Of all requests together; 0: 16 of the largest size. Beyond it requests with a body are
     * refused. */
    size_t bodies_max;
    size_t strangers_max; /* what strangers' requests may have of it; 0: half */
    /* Of the answers that peers have not taken yet, constants aside; 0: 16 MiB. Beyond it those
     * who have been slowest to take theirs are closed. */
    size_t replies_max;
    unsigned connections_max; /* 0: TOC_HTTP_CONNECTIONS_MAX */
    /* Connections of one IPv4 address, or one /64 of IPv6; 0: as many as there may be. */
    unsigned per_address_max;
    /* Web pages of these origins, as "https://shop.example", or "*", may send what is not simple
     * and read what is answered (the CORS protocol of the Fetch standard); the server answers their
     * preflights itself. Outlive the server. */
    const char *const *origins;
    size_t origin_count;
};

/*
 * TOC_ERR_CONFIG for an address that cannot be read or is not ours to use, TOC_ERR_BUSY for one in
 * use; after a failure too the loop has to run once more to free everything. Memory for heads is
 * taken here, for every connection; bodies come and go. When all connections are taken, the one
 * that has been idle for longest makes room, or else whose request or answer is slowest. SIGPIPE is
 * ignored from now on, unless the process handles it already.
 */
TOC_MUST enum toc_err toc_http_listen(struct uv_loop_s *loop, const struct toc_http_config *config,
                                      struct toc_http **out);
/* The port it really listens on (for ":0"). */
unsigned toc_http_port(const struct toc_http *http);
/*
 * Stops listening and closes every connection, answered or not; frees when the loop has run the
 * close callbacks, and neither `http` nor an exchange of it is to be used again. NULL is accepted.
 */
void toc_http_close(struct toc_http *http);

/*
 * Answers, and ends the exchange; takes the body over. HEAD is answered like GET: the server leaves
 * the body out. A client that has gone meanwhile makes no difference here.
 */
void toc_http_respond(struct toc_http_exchange *exchange, const struct toc_http_response *response);

/* Whether it is one to listen on: "ADDR:PORT", "[V6]:PORT" or ":PORT"; numbers, no names. */
bool toc_http_is_address(const char *text);

/* The first of them that is no origin as browsers write it, and not "*"; NULL: all are. */
const char *toc_http_wrong_origin(const char *const *origins, size_t count);

/* The phrase that goes with a status; empty for one that is not used here. */
const char *toc_http_reason(int status);

/* The value of a field, by its name in any case; no data when the request has none. Where a field
 * came several times, the first. */
struct toc_str toc_http_field(const struct toc_http_request *request, const char *name);
/* Takes the first field off `fields`; false when there is none left. */
bool toc_http_next_field(struct toc_str *fields, struct toc_str *name, struct toc_str *value);

#endif
