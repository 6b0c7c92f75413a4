#include "common/http_conn.h"

#include <signal.h>
#include <stdlib.h>

#define BACKLOG 1024               /* over it a peer tries again only after a second */
#define BODIES  16                 /* of the largest size, unless configured */
#define REPLIES ((size_t)16 << 20) /* bytes, unless configured */

void toc_http_free_if_over(struct toc_http *http)
{
    if (!http->closing || !http->listener_closed || http->open > 0)
        return;
    free(http->conns);
    free(http->buffers);
    free(http);
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
        http->config.bodies_max = BODIES * (config->body_max + TOC_HTTP_BODY_BYTES_FIRST);
    if (http->config.strangers_max == 0)
        http->config.strangers_max = http->config.bodies_max / 2;
    if (http->config.replies_max == 0)
        http->config.replies_max = REPLIES;
}

static struct toc_http *http_new(uv_loop_t *loop, const struct toc_http_config *config,
                                 const struct toc_http_limits *limits)
{
    size_t room = limits->header_max + TOC_HTTP_WINDOW_BYTES;
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
        err = uv_listen((uv_stream_t *)&http->listener, BACKLOG, toc_http_on_connection);
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
    toc_http_free_if_over(http);
}

void toc_http_close(struct toc_http *http)
{
    if (http == NULL)
        return;
    TOC_ASSERT(!http->closing);
    http->closing = true;
    uv_close((uv_handle_t *)&http->listener, on_listener_closed);
    for (size_t i = 0; i < http->slots; i++)
        if (http->conns[i].state != CONN_FREE)
            toc_http_conn_close(&http->conns[i]);
}
