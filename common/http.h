/*
 * A small, strict HTTP/1.1 server on a libuv loop, with llhttp as its parser. GET and HEAD for now:
 * metrics, health, and later the edges.
 *
 * It hides sockets, framing, keep-alive, ordered pipelining, limits and deadlines; a handler sees a
 * complete request and fills a response. Limits: header 16 kB, TOC_HTTP_CONNECTIONS_MAX in all,
 * TOC_HTTP_IDLE_MS between requests, TOC_HTTP_REQUEST_MS from a request's first byte to its last.
 * A malformed request is answered 400 and the connection closed. TLS belongs to a proxy in front.
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

/* Called once per complete request; must not block. Everything in `request` is lent. */
typedef void toc_http_handler(void *self, const struct toc_http_request *request,
                              struct toc_http_response *response);

/*
 * Listens on "ADDR:PORT", "[V6]:PORT" or ":PORT" (loopback). TOC_ERR_CONFIG for an address that
 * cannot be read, TOC_ERR_BUSY for one in use. `handler` and `self` outlive the server.
 */
TOC_MUST enum toc_err toc_http_listen(struct uv_loop_s *loop, const char *address,
                                      toc_http_handler *handler, void *self, struct toc_http **out);
/* The port it really listens on (for ":0"). */
unsigned toc_http_port(const struct toc_http *http);
/* Stops listening and closes every connection; frees when the loop has run the close callbacks. */
void toc_http_close(struct toc_http *http);

#endif
