#include "common/link_zmq.h"

#include "common/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

#define CONNECTS_MAX (TOC_LINK_FDS - 1)
#define PEERS_MAX    1024 /* of the bound socket; the oldest is forgotten first */
#define GENERATIONS  ((UINT32_MAX - TOC_PEER_BOUND) / PEERS_MAX)
#define IDENTITY_MAX 255
#define HIGH_WATER   2000 /* frames per peer; credits stay far below */
#define HEARTBEAT_MS 1000
#define TIMEOUT_MS   3000
#define HANDSHAKE_MS 5000

struct identity {
    uint32_t generation; /* who had the slot before has another number */
    uint8_t size;        /* 0: free */
    uint8_t bytes[IDENTITY_MAX];
};

/* Who takes the frames of a peer in the place of who receives. */
struct aside {
    void (*take)(void *self, toc_peer peer, struct toc_str frame); /* NULL: nobody */
    void *self;
};

/* A part of this process that takes the frames of a peer. */
struct inside {
    void (*take)(void *self, struct toc_str frame); /* NULL: nobody */
    void *self;
};

struct toc_link {
    void *context;
    void *router; /* NULL when nothing is bound */
    void *dealers[CONNECTS_MAX];
    struct aside asides[CONNECTS_MAX];
    size_t dealer_count;
    size_t turn; /* where the next fair receive begins */
    zmq_msg_t message;
    bool has_message;
    struct identity peers[PEERS_MAX];
    size_t next_peer;
    struct inside insides[TOC_PEER_INSIDE - TOC_PEER_MAIL + 1];
};

static enum toc_err set_options(void *socket)
{
    const struct {
        int name, value;
    } options[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, HIGH_WATER},
        {ZMQ_RCVHWM, HIGH_WATER},
        {ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, TIMEOUT_MS},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_RECONNECT_IVL, 50},
        {ZMQ_RECONNECT_IVL_MAX, 1000},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (zmq_setsockopt(socket, options[i].name, &options[i].value, sizeof(int)) != 0)
            return TOC_ERR_IO;
    int64_t largest = TOC_FRAME_MAX;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof(largest)) == 0 ? TOC_OK
                                                                                  : TOC_ERR_IO;
}

static enum toc_err open_router(struct toc_link *link, const char *bind)
{
    int yes = 1;
    link->router = zmq_socket(link->context, ZMQ_ROUTER);
    if (link->router == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(set_options(link->router));
    if (zmq_setsockopt(link->router, ZMQ_ROUTER_MANDATORY, &yes, sizeof(yes)) != 0 ||
        zmq_setsockopt(link->router, ZMQ_ROUTER_HANDOVER, &yes, sizeof(yes)) != 0)
        return TOC_ERR_IO;
    if (zmq_bind(link->router, bind) != 0)
        return errno == EADDRINUSE ? TOC_ERR_BUSY : TOC_ERR_CONFIG;
    return TOC_OK;
}

enum toc_err toc_link_open(const char *bind, struct toc_link **out)
{
    struct toc_link *link = calloc(1, sizeof(*link));
    if (link == NULL)
        return TOC_ERR_MEMORY;
    link->context = zmq_ctx_new();
    enum toc_err err = link->context == NULL ? TOC_ERR_MEMORY : TOC_OK;
    if (err == TOC_OK && bind != NULL)
        err = open_router(link, bind);
    if (err < 0) {
        toc_link_close(link);
        return err;
    }
    *out = link;
    return TOC_OK;
}

void toc_link_close(struct toc_link *link)
{
    if (link == NULL)
        return;
    if (link->has_message)
        zmq_msg_close(&link->message);
    for (size_t i = 0; i < link->dealer_count; i++)
        zmq_close(link->dealers[i]);
    if (link->router != NULL)
        zmq_close(link->router);
    if (link->context != NULL)
        zmq_ctx_term(link->context);
    free(link);
}

enum toc_err toc_link_connect(struct toc_link *link, const char *endpoint, toc_peer *out_peer)
{
    int yes = 1;
    if (link->dealer_count == CONNECTS_MAX)
        return TOC_ERR_LIMIT;
    void *socket = zmq_socket(link->context, ZMQ_DEALER);
    if (socket == NULL)
        return TOC_ERR_LIMIT;
    enum toc_err err = set_options(socket);
    /* Nothing is queued for a connection that is not there. */
    if (err == TOC_OK && zmq_setsockopt(socket, ZMQ_IMMEDIATE, &yes, sizeof(yes)) != 0)
        err = TOC_ERR_IO;
    if (err == TOC_OK && zmq_connect(socket, endpoint) != 0)
        err = TOC_ERR_CONFIG;
    if (err < 0) {
        zmq_close(socket);
        return err;
    }
    link->dealers[link->dealer_count++] = socket;
    *out_peer = (toc_peer)link->dealer_count;
    return TOC_OK;
}

void toc_link_inside(struct toc_link *link, toc_peer peer,
                     void (*take)(void *self, struct toc_str frame), void *self)
{
    TOC_ASSERT(toc_peer_is_inside(peer));
    link->insides[peer - TOC_PEER_MAIL] = (struct inside){take, self};
}

void toc_link_aside(struct toc_link *link, toc_peer peer,
                    void (*take)(void *self, toc_peer peer, struct toc_str frame), void *self)
{
    TOC_ASSERT(peer >= 1 && peer <= link->dealer_count);
    link->asides[peer - 1] = (struct aside){take, self};
}

static enum toc_err send_error(void)
{
    if (errno == EAGAIN)
        return TOC_ERR_AGAIN;
    return errno == EHOSTUNREACH ? TOC_ERR_GONE : TOC_ERR_IO;
}

static toc_peer peer_at(const struct toc_link *link, size_t slot)
{
    return TOC_PEER_BOUND + link->peers[slot].generation * PEERS_MAX + (toc_peer)slot;
}

static enum toc_err send_to_bound_peer(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    size_t slot = (peer - TOC_PEER_BOUND) % PEERS_MAX;
    struct identity *to = &link->peers[slot];
    if (link->router == NULL || to->size == 0 || peer != peer_at(link, slot))
        return TOC_ERR_GONE;
    if (zmq_send(link->router, to->bytes, to->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        enum toc_err err = send_error();
        if (err == TOC_ERR_GONE)
            to->size = 0;
        return err;
    }
    return zmq_send(link->router, frame.data, frame.size, ZMQ_DONTWAIT) < 0 ? send_error() : TOC_OK;
}

enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    if (peer >= TOC_PEER_BOUND)
        return send_to_bound_peer(link, peer, frame);
    if (toc_peer_is_inside(peer) && link->insides[peer - TOC_PEER_MAIL].take != NULL) {
        const struct inside *inside = &link->insides[peer - TOC_PEER_MAIL];
        inside->take(inside->self, frame);
        return TOC_OK;
    }
    if (peer == 0 || peer > link->dealer_count)
        return TOC_ERR_GONE;
    return zmq_send(link->dealers[peer - 1], frame.data, frame.size, ZMQ_DONTWAIT) < 0
               ? send_error()
               : TOC_OK;
}

/* The number of the peer with this identity, a new one when it is not known. */
static toc_peer peer_of(struct toc_link *link, const void *identity, size_t size)
{
    size_t free_slot = PEERS_MAX;
    for (size_t i = 0; i < PEERS_MAX; i++) {
        const struct identity *known = &link->peers[i];
        if (known->size == size && memcmp(known->bytes, identity, size) == 0)
            return peer_at(link, i);
        if (known->size == 0) {
            free_slot = i;
            break; /* slots fill from the front; freed ones are found by the next newcomer */
        }
    }
    for (size_t i = free_slot; i < PEERS_MAX; i++) {
        const struct identity *known = &link->peers[i];
        if (known->size == size && memcmp(known->bytes, identity, size) == 0)
            return peer_at(link, i);
    }
    if (free_slot == PEERS_MAX) {
        free_slot = link->next_peer;
        link->next_peer = (link->next_peer + 1) % PEERS_MAX;
    }
    struct identity *newcomer = &link->peers[free_slot];
    newcomer->generation = (newcomer->generation + 1) % GENERATIONS;
    newcomer->size = (uint8_t)size;
    memcpy(newcomer->bytes, identity, size);
    return peer_at(link, free_slot);
}

static enum toc_err take(struct toc_link *link, void *socket)
{
    if (link->has_message)
        zmq_msg_close(&link->message);
    link->has_message = false;
    zmq_msg_init(&link->message);
    if (zmq_msg_recv(&link->message, socket, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close(&link->message);
        return errno == EAGAIN || errno == EINTR ? TOC_ERR_AGAIN : TOC_ERR_IO;
    }
    link->has_message = true;
    return TOC_OK;
}

/* A frame is the last part; a peer that sends more parts is only heard with that one. */
static enum toc_err receive_from(struct toc_link *link, void *socket, struct toc_str *out)
{
    TOC_TRY(take(link, socket));
    while (zmq_msg_more(&link->message))
        TOC_TRY(take(link, socket));
    *out = toc_str(zmq_msg_data(&link->message), zmq_msg_size(&link->message));
    return TOC_OK;
}

static enum toc_err receive_bound(struct toc_link *link, toc_peer *out_peer, struct toc_str *out)
{
    TOC_TRY(take(link, link->router));
    if (zmq_msg_size(&link->message) == 0 || zmq_msg_size(&link->message) > IDENTITY_MAX ||
        !zmq_msg_more(&link->message))
        return TOC_ERR_AGAIN;
    *out_peer = peer_of(link, zmq_msg_data(&link->message), zmq_msg_size(&link->message));
    return receive_from(link, link->router, out);
}

/* Of an upstream; TOC_ERR_AGAIN too for a frame that was taken aside. */
static enum toc_err receive_upstream(struct toc_link *link, size_t at, struct toc_str *out)
{
    const struct aside *aside = &link->asides[at];
    TOC_TRY(receive_from(link, link->dealers[at], out));
    if (aside->take == NULL)
        return TOC_OK;
    aside->take(aside->self, (toc_peer)(at + 1), *out);
    return TOC_ERR_AGAIN;
}

enum toc_err toc_link_receive(struct toc_link *link, toc_peer *out_peer, struct toc_str *out_frame)
{
    size_t sockets = link->dealer_count + 1;
    for (size_t i = 0; i < sockets; i++) {
        size_t at = (link->turn + i) % sockets;
        enum toc_err err = TOC_ERR_AGAIN;
        if (at < link->dealer_count) {
            err = receive_upstream(link, at, out_frame);
            *out_peer = (toc_peer)(at + 1);
        } else if (link->router != NULL) {
            err = receive_bound(link, out_peer, out_frame);
        }
        if (err != TOC_ERR_AGAIN) {
            link->turn = at + 1;
            return err;
        }
    }
    return TOC_ERR_AGAIN;
}

static size_t sockets_of(const struct toc_link *link, void *out[TOC_LINK_FDS])
{
    size_t count = 0;
    for (size_t i = 0; i < link->dealer_count; i++)
        out[count++] = link->dealers[i];
    if (link->router != NULL)
        out[count++] = link->router;
    return count;
}

bool toc_link_has_input(const struct toc_link *link)
{
    void *sockets[TOC_LINK_FDS];
    size_t count = sockets_of(link, sockets);
    for (size_t i = 0; i < count; i++) {
        int events = 0;
        size_t size = sizeof(events);
        if (zmq_getsockopt(sockets[i], ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN))
            return true;
    }
    return false;
}

void toc_link_wait(struct toc_link *link, toc_time_ms timeout_ms)
{
    zmq_pollitem_t items[TOC_LINK_FDS];
    void *sockets[TOC_LINK_FDS];
    size_t count = sockets_of(link, sockets);
    for (size_t i = 0; i < count; i++)
        items[i] = (zmq_pollitem_t){.socket = sockets[i], .events = ZMQ_POLLIN};
    zmq_poll(items, (int)count, (long)timeout_ms);
}

size_t toc_link_fds(const struct toc_link *link, int out[TOC_LINK_FDS])
{
    void *sockets[TOC_LINK_FDS];
    size_t count = sockets_of(link, sockets);
    for (size_t i = 0; i < count; i++) {
        size_t size = sizeof(out[i]);
        TOC_ASSERT(zmq_getsockopt(sockets[i], ZMQ_FD, &out[i], &size) == 0);
    }
    return count;
}
