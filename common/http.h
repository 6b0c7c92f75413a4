/*
 * A small, strict HTTP/1.1 server on a libuv loop, with llhttp as its parser. GET and HEAD for now:
 * metrics, health, and later the edges.
 *
 * It hides sockets, framing, keep-alive, ordered pipelining, limits and deadlines; a handler sees a
 * complete request and fills a response. Limits: header 16 kB, TOC_HTTP_CONNECTIONS_MAX in all,
 * TOC_HTTP_IDLE_MS between requests and for a peer to take a response, TOC_HTTP_REQUEST_MS from a
 * request's first byte to its last. What is refused is answered and the connection closed: 400 for
 * anything malformed (RFC 9112 to the letter), 405 for another method, 408, 413 for a body, 431,
 * 505, and 503 for a connection too many. TLS belongs to a proxy in front.
 */
#ifndef TOC_HTTP_H
#define TOC_HTTP_H

#include "common/err.h"
#include "common/str.h"

#define TOC_HTTP_HEADER_MAX      16384
#define TOC_HTTP_CONNECTIONS_MAX 256
#define TOC_HTTP_IDLE_MS         60000
#define TOC_HTTP_REQUEST_MS      10000

struct uv_loop_s;
struct toc_http;

struct toc_http_request {
    struct toc_str method; /* "GET", "HEAD" */
    struct toc_str path;   /* without the query, as sent */
    struct toc_str query;  /* without '?', may be empty */
};

struct toc_http_response {
    int status;               /* preset to 200 */
    const char *content_type; /* preset to text/plain; charset=utf-8; a constant */
    char *body;               /* malloc'ed by the handler, freed by the server; may be NULL */
    size_t body_size;
};

/*
 * Called once per complete request; must not block. Everything in `request` is lent. HEAD is
 * answered like GET: the server leaves the body out. May call toc_http_close.
 */
typedef void toc_http_handler(void *self, const struct toc_http_request *request,
                              struct toc_http_response *response);

/*
 * Listens on "ADDR:PORT", "[V6]:PORT" or ":PORT" (127.0.0.1); numeric. TOC_ERR_CONFIG for an
 * address that cannot be read or is not ours to use, TOC_ERR_BUSY for one in use; after a failure
 * too the loop has to run once more to free everything. `handler` and `self` outlive the server.
 * All memory is taken here, for every connection. SIGPIPE is ignored from now on, unless the
 * process handles it already.
 */
TOC_MUST enum toc_err toc_http_listen(struct uv_loop_s *loop, const char *address,
                                      toc_http_handler *handler, void *self, struct toc_http **out);
/* The port it really listens on (for ":0"). */
unsigned toc_http_port(const struct toc_http *http);
/*
 * Stops listening and closes every connection; frees when the loop has run the close callbacks, and
 * `http` is not to be used again. NULL is accepted.
 */
void toc_http_close(struct toc_http *http);

#endif
