#include "services/intake/mail/lmtp.h"

#include "common/http_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG       128
#define IN_BYTES      ((size_t)64 * 1024)
#define LINGER_MS     2000
#define DISCARD_BYTES ((size_t)1 << 20)
#define NAME_BYTES    256

/*
 *   FREE ──accepted──► READING ──replies──► WRITING ──► READING
 *     ▲                   └──a mail──► DELIVERING ──answered──▲
 *     │ closed         CLOSING ◄── the peer, time ── LINGERING ◄── the last reply
 *
 * One thing at a time: while replies are written, or a mail is delivered, nothing is read, so a
 * peer that does not listen is held back by the socket.
 */
enum state { FREE, READING, WRITING, DELIVERING, LINGERING, CLOSING };

struct lmtp_connection {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    };
    uv_timer_t timer;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct lmtp *lmtp;
    struct lmtp_session session;
    enum state state;
    unsigned handles;  /* open ones */
    uint64_t since_ms; /* a command is awaited, or a mail comes, since then */
    char *in;          /* IN_BYTES */
    size_t used;       /* of it */
    size_t discarded;  /* while lingering */
};

struct lmtp {
    uv_loop_t *loop;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } listener;
    struct lmtp_config config;
    struct lmtp_shared shared;
    const char *path; /* NULL: TCP */
    unsigned port;
    unsigned open; /* slots in use */
    bool waiting;  /* a connection for which there was no slot is with the listener */
    bool closing, listener_closed;
    size_t slots;
    struct lmtp_connection *connections;
    char *buffers;
    char name[NAME_BYTES];
};

static void on_connection(uv_stream_t *listener, int status);
static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf);
static void advance(struct lmtp_connection *c);

/* --- the end ---------------------------------------------------------------------------------- */

static void free_if_over(struct lmtp *lmtp)
{
    if (!lmtp->closing || !lmtp->listener_closed || lmtp->open > 0)
        return;
    free(lmtp->connections);
    free(lmtp->buffers);
    free(lmtp);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct lmtp_connection *c = handle->data;
    if (--c->handles > 0)
        return;
    lmtp_session_done(&c->session);
    c->state = FREE;
    c->lmtp->open--;
    if (c->lmtp->waiting && !c->lmtp->closing) {
        c->lmtp->waiting = false;
        on_connection(&c->lmtp->listener.stream, 0);
    }
    free_if_over(c->lmtp);
}

static void close_connection(struct lmtp_connection *c)
{
    if (c->state == CLOSING)
        return;
    c->state = CLOSING;
    uv_close(&c->handle, on_handle_closed);
    uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

/* --- deadlines -------------------------------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer);

static void set_deadline(struct lmtp_connection *c, uint64_t at_most_ms)
{
    uv_update_time(c->lmtp->loop);
    uint64_t gone_ms = uv_now(c->lmtp->loop) - c->since_ms;
    uint64_t whole_ms = c->session.state == LMTP_TAKING ? LMTP_MAIL_MS : LMTP_IDLE_MS;
    uint64_t left_ms = gone_ms < whole_ms ? whole_ms - gone_ms : 0;
    TOC_ASSERT(uv_timer_start(&c->timer, on_deadline, left_ms < at_most_ms ? left_ms : at_most_ms,
                              0) == 0);
}

/* Something new is awaited from now on. */
static void restart_deadline(struct lmtp_connection *c)
{
    uv_update_time(c->lmtp->loop);
    c->since_ms = uv_now(c->lmtp->loop);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct lmtp_connection *c = handle->data;
    size_t kept = c->state == READING ? c->used : 0;
    (void)suggested;
    TOC_ASSERT(kept < IN_BYTES);
    buf->base = c->in + kept;
    buf->len = IN_BYTES - kept;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    if (status < 0)
        close_connection(request->data);
}

/* Closing a socket with unread bytes would take the last reply away from the peer. */
static void linger(struct lmtp_connection *c)
{
    c->state = LINGERING;
    c->discarded = 0;
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, &c->stream, on_shutdown) != 0 ||
        uv_read_start(&c->stream, on_alloc, on_read) != 0)
        close_connection(c);
    else
        TOC_ASSERT(uv_timer_start(&c->timer, on_deadline, LINGER_MS, 0) == 0);
}

static void on_written(uv_write_t *request, int status)
{
    struct lmtp_connection *c = request->data;
    if (c->state == CLOSING)
        return;
    c->session.out_size = 0;
    if (status < 0)
        close_connection(c);
    else if (c->session.over)
        linger(c);
    else
        advance(c);
}

static void write_replies(struct lmtp_connection *c)
{
    uv_buf_t buf = {.base = c->session.out, .len = c->session.out_size};
    c->state = WRITING;
    c->write.data = c;
    (void)uv_read_stop(&c->stream);
    restart_deadline(c);
    set_deadline(c, LMTP_IDLE_MS);
    if (uv_write(&c->write, &c->stream, &buf, 1, on_written) != 0)
        close_connection(c);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void deliver(struct lmtp_connection *c)
{
    const struct lmtp_config *config = &c->lmtp->config;
    struct lmtp_session *s = &c->session;
    struct lmtp_mail mail = {.sender = s->sender,
                             .recipients = (const char(*)[LMTP_ADDRESS_MAX + 1]) s->recipients,
                             .recipient_count = s->recipient_count,
                             .raw = lmtp_session_give(s)};
    c->state = DELIVERING;
    (void)uv_read_stop(&c->stream);
    (void)uv_timer_stop(&c->timer);
    config->deliver(config->self, c, &mail);
}

void lmtp_answer(struct lmtp_connection *connection, const char *const replies[])
{
    TOC_ASSERT(connection->state == DELIVERING);
    lmtp_session_settle(&connection->session, replies);
    write_replies(connection);
}

/* Goes on over what has come. */
static void advance(struct lmtp_connection *c)
{
    bool taking = c->session.state == LMTP_TAKING;
    size_t taken = lmtp_session_take(&c->session, toc_str(c->in, c->used));
    c->used -= taken;
    memmove(c->in, c->in + taken, c->used);
    if (c->session.out_size > 0) {
        write_replies(c);
    } else if (c->session.over) {
        close_connection(c); /* there was no memory for a reply */
    } else if (c->session.state == LMTP_DELIVERING) {
        deliver(c);
    } else {
        if (c->state != READING || taking != (c->session.state == LMTP_TAKING))
            restart_deadline(c);
        c->state = READING;
        set_deadline(c, taking ? LMTP_SILENCE_MS : LMTP_IDLE_MS);
        if (uv_read_start(&c->stream, on_alloc, on_read) != 0 && !uv_is_active(&c->handle))
            close_connection(c);
    }
}

static void discard(struct lmtp_connection *c, ssize_t nread)
{
    c->discarded += nread > 0 ? (size_t)nread : 0;
    if (nread < 0 || c->discarded > DISCARD_BYTES)
        close_connection(c);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct lmtp_connection *c = stream->data;
    (void)buf;
    if (c->state == LINGERING) {
        discard(c, nread);
    } else if (nread > 0) {
        c->used += (size_t)nread;
        advance(c);
    } else if (nread < 0) {
        close_connection(c); /* what was not whole is sent again */
    }
}

static void end(struct lmtp_connection *c, const char *reply)
{
    lmtp_session_end(&c->session, reply);
    write_replies(c);
}

static void on_deadline(uv_timer_t *timer)
{
    struct lmtp_connection *c = timer->data;
    if (c->state == READING)
        end(c, "421 4.4.2 that took too long");
    else
        close_connection(c);
}

/* --- accepting -------------------------------------------------------------------------------- */

static struct lmtp_connection *take_slot(struct lmtp *lmtp)
{
    struct lmtp_connection *c = NULL;
    for (size_t i = 0; c == NULL && i < lmtp->slots; i++)
        if (lmtp->connections[i].state == FREE)
            c = &lmtp->connections[i];
    if (c == NULL || lmtp_session_init(&c->session, &lmtp->shared) != TOC_OK)
        return NULL;
    int err = lmtp->path != NULL ? uv_pipe_init(lmtp->loop, &c->pipe, 0)
                                 : uv_tcp_init(lmtp->loop, &c->tcp);
    TOC_ASSERT(err == 0 && uv_timer_init(lmtp->loop, &c->timer) == 0);
    c->handle.data = c->timer.data = c;
    c->handles = 2;
    c->state = WRITING;
    c->used = 0;
    lmtp->open++;
    return c;
}

/* The one that has been waiting for a command for longest goes, when it is not busy. */
static bool make_room(struct lmtp *lmtp)
{
    struct lmtp_connection *idle = NULL;
    for (size_t i = 0; i < lmtp->slots; i++) {
        struct lmtp_connection *c = &lmtp->connections[i];
        if (c->state == READING && c->session.state == LMTP_READING && !c->session.has_sender &&
            uv_now(lmtp->loop) - c->since_ms >= LMTP_SPARE_MS &&
            (idle == NULL || c->since_ms < idle->since_ms))
            idle = c;
    }
    if (idle != NULL)
        end(idle, "421 4.3.2 others are waiting");
    return idle != NULL;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct lmtp *lmtp = listener->data;
    struct lmtp_connection *c = status == 0 ? take_slot(lmtp) : NULL;
    if (c == NULL) {
        lmtp->waiting = lmtp->waiting || status == 0; /* until a slot is given back */
        return;
    }
    if (uv_accept(listener, &c->stream) != 0) {
        close_connection(c);
        return;
    }
    if (lmtp->path == NULL)
        (void)uv_tcp_nodelay(&c->tcp, 1);
    if (lmtp->open > lmtp->config.connections_max && !make_room(lmtp)) {
        c->session.out_size = 0;
        end(c, "421 4.3.2 too many connections: try again");
        return;
    }
    write_replies(c); /* the greeting */
}

/* --- listening -------------------------------------------------------------------------------- */

/* A socket file that a dead process left; nobody answers there. */
static bool is_left(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    toc_str_copy(address.sun_path, sizeof(address.sun_path), toc_str_of(path));
    bool left = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 &&
                errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return left;
}

static int bind_path(struct lmtp *lmtp)
{
    if (strlen(lmtp->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return UV_ENAMETOOLONG;
    if (is_left(lmtp->path))
        (void)unlink(lmtp->path);
    int err = uv_pipe_bind(&lmtp->listener.pipe, lmtp->path);
    /* Whoever may enter its directory may connect. */
    return err != 0 ? err : uv_pipe_chmod(&lmtp->listener.pipe, UV_READABLE | UV_WRITABLE);
}

static int bind_tcp(struct lmtp *lmtp)
{
    struct sockaddr_storage address;
    if (toc_http_address(lmtp->config.address, &address) != TOC_OK)
        return UV_EINVAL;
    return uv_tcp_bind(&lmtp->listener.tcp, (const struct sockaddr *)&address, 0);
}

static void learn_port(struct lmtp *lmtp)
{
    struct sockaddr_storage bound;
    int size = sizeof(bound);
    if (lmtp->path == NULL &&
        uv_tcp_getsockname(&lmtp->listener.tcp, (struct sockaddr *)&bound, &size) == 0)
        lmtp->port = ntohs(((const struct sockaddr_in *)&bound)->sin_port);
}

static struct lmtp *lmtp_new(uv_loop_t *loop, const struct lmtp_config *config)
{
    struct lmtp *lmtp = calloc(1, sizeof(*lmtp));
    if (lmtp == NULL)
        return NULL;
    lmtp->loop = loop;
    lmtp->config = *config;
    lmtp->path = strchr(config->address, '/') != NULL ? config->address : NULL;
    lmtp->slots = (size_t)config->connections_max + 8; /* those that hear 421 */
    lmtp->connections = calloc(lmtp->slots, sizeof(*lmtp->connections));
    lmtp->buffers = calloc(lmtp->slots, IN_BYTES); /* pages never touched cost nothing */
    if (lmtp->connections == NULL || lmtp->buffers == NULL ||
        gethostname(lmtp->name, sizeof(lmtp->name) - 1) != 0) {
        free(lmtp->connections);
        free(lmtp->buffers);
        free(lmtp);
        return NULL;
    }
    lmtp->shared = (struct lmtp_shared){.name = lmtp->name,
                                        .mail_max = config->mail_max,
                                        .bytes_max = config->mails_max,
                                        .refuse = config->refuse,
                                        .self = config->self};
    for (size_t i = 0; i < lmtp->slots; i++) {
        lmtp->connections[i].lmtp = lmtp;
        lmtp->connections[i].in = lmtp->buffers + i * IN_BYTES;
    }
    return lmtp;
}

enum toc_err lmtp_listen(struct uv_loop_s *loop, const struct lmtp_config *config,
                         struct lmtp **out)
{
    struct lmtp *lmtp = lmtp_new(loop, config);
    if (lmtp == NULL)
        return TOC_ERR_MEMORY;
    (void)signal(SIGPIPE, SIG_IGN);
    int err = lmtp->path != NULL ? uv_pipe_init(loop, &lmtp->listener.pipe, 0)
                                 : uv_tcp_init(loop, &lmtp->listener.tcp);
    TOC_ASSERT(err == 0);
    lmtp->listener.handle.data = lmtp;
    err = lmtp->path != NULL ? bind_path(lmtp) : bind_tcp(lmtp);
    if (err == 0)
        err = uv_listen(&lmtp->listener.stream, BACKLOG, on_connection);
    if (err != 0) {
        lmtp_close(lmtp);
        return err == UV_EADDRINUSE ? TOC_ERR_BUSY : TOC_ERR_CONFIG;
    }
    learn_port(lmtp);
    *out = lmtp;
    return TOC_OK;
}

unsigned lmtp_port(const struct lmtp *lmtp)
{
    return lmtp->port;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct lmtp *lmtp = handle->data;
    lmtp->listener_closed = true;
    free_if_over(lmtp);
}

void lmtp_close(struct lmtp *lmtp)
{
    if (lmtp == NULL)
        return;
    lmtp->closing = true;
    uv_close(&lmtp->listener.handle, on_listener_closed);
    for (size_t i = 0; i < lmtp->slots; i++)
        if (lmtp->connections[i].state != FREE)
            close_connection(&lmtp->connections[i]);
}
