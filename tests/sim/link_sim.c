/* The simulator's links: frames in an event queue, in order within a connection, with faults. */
#include "tests/sim/world.h"

#include <stdlib.h>

/* A peer of a bound socket: its connection, and which life of it. */
static toc_peer bound_peer(unsigned conn, uint32_t generation)
{
    return TOC_PEER_BOUND + generation * CONNS_MAX + conn;
}

static struct conn *find(struct world *world, const struct node *node, toc_peer peer,
                         unsigned *out_index, bool *out_to_server)
{
    unsigned index;
    if (peer < TOC_PEER_BOUND) {
        TOC_ASSERT(peer >= 1 && peer <= node->upstream_count);
        index = node->upstream_conns[peer - 1];
        *out_to_server = true;
    } else {
        index = (peer - TOC_PEER_BOUND) % CONNS_MAX;
        *out_to_server = false;
        if (index >= world->conn_count || bound_peer(index, world->conns[index].generation) != peer)
            return NULL;
    }
    *out_index = index;
    return &world->conns[index];
}

static bool is_up(const struct world *world, const struct conn *conn)
{
    if (conn->cut || world->nodes[conn->server].run == NULL)
        return false;
    return conn->from_publisher || world->nodes[conn->client].run != NULL;
}

static void post_once(struct world *world, unsigned index, bool to_server, struct toc_str bytes)
{
    struct conn *conn = &world->conns[index];
    struct frame *frame = malloc(sizeof(*frame) + bytes.size);
    TOC_ASSERT(frame != NULL);
    *frame = (struct frame){
        .conn = index, .generation = conn->generation, .to_server = to_server, .size = bytes.size};
    memcpy(frame->bytes, bytes.data, bytes.size);
    if (!to_server && !conn->from_publisher)
        frame->record_bytes = check_batch_bytes(bytes, &frame->stream);
    if (frame->stream != 0 && frame->stream != conn->stream) {
        conn->stream = frame->stream;
        conn->flight_bytes = 0;
    }
    conn->flight_bytes += frame->record_bytes;
    toc_time_ms at_ms = world->now_ms;
    if (!world->exact)
        at_ms += rng_range(&world->rng_link, 0, world->options.latency_ms) + conn->slow_ms;
    if (at_ms < conn->last_ms[to_server])
        at_ms = conn->last_ms[to_server]; /* a connection keeps its order */
    conn->last_ms[to_server] = at_ms;
    conn->in_flight[to_server]++;
    world_at(world, at_ms, EV_FRAME, 0, frame);
}

void link_post(struct world *world, unsigned index, bool to_server, struct toc_str bytes)
{
    const struct conn *conn = &world->conns[index];
    world_trace(world, bytes.data, bytes.size);
    if (conn->vanish[to_server] || rng_chance(&world->rng_link, conn->loss_percent))
        return;
    post_once(world, index, to_server, bytes);
    if (rng_chance(&world->rng_link, conn->repeat_percent))
        post_once(world, index, to_server, bytes);
}

enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    struct world *world = link->world;
    struct node *node = link->node;
    unsigned index;
    bool to_server;
    if (node == NULL || node->dying)
        return TOC_ERR_GONE;
    if (node->die_at_send > 0 && --node->die_at_send == 0) {
        node->dying = true;
        return TOC_ERR_GONE;
    }
    struct conn *conn = find(world, node, peer, &index, &to_server);
    if (conn == NULL || !is_up(world, conn))
        return to_server ? TOC_ERR_AGAIN : TOC_ERR_GONE;
    if (conn->in_flight[to_server] >= conn->queue_max)
        return TOC_ERR_AGAIN;
    check_sent(world, node, conn, peer, frame);
    link_post(world, index, to_server, frame);
    return TOC_OK;
}

void link_taken(struct world *world, const struct frame *frame)
{
    struct conn *conn = &world->conns[frame->conn];
    if (frame->generation != conn->generation)
        return;
    TOC_ASSERT(conn->in_flight[frame->to_server] > 0);
    conn->in_flight[frame->to_server]--;
    if (frame->stream == conn->stream)
        conn->flight_bytes -= frame->record_bytes;
}

toc_peer link_peer_of(const struct world *world, const struct frame *frame)
{
    if (frame->to_server)
        return bound_peer(frame->conn, frame->generation);
    return world->conns[frame->conn].upstream + 1;
}

void link_deliver(struct world *world, struct frame *frame)
{
    struct conn *conn = &world->conns[frame->conn];
    if (frame->generation != conn->generation) {
        free(frame);
        return;
    }
    if (!frame->to_server && conn->from_publisher) {
        link_taken(world, frame);
        workload_receive(world, conn->client, toc_str(frame->bytes, frame->size));
        free(frame);
        return;
    }
    struct node *node = &world->nodes[frame->to_server ? conn->server : conn->client];
    if (node->run == NULL) {
        link_taken(world, frame);
        free(frame);
        return;
    }
    *node->inbox_end = frame;
    node->inbox_end = &frame->next;
    world_wake(world, node, world->now_ms + (world->exact ? 0 : rng_range(&world->rng_turn, 0, 2)));
}

void link_reset(struct world *world, unsigned index)
{
    struct conn *conn = &world->conns[index];
    conn->generation++;
    conn->in_flight[0] = conn->in_flight[1] = 0;
    conn->last_ms[0] = conn->last_ms[1] = 0;
    conn->stream = 0;
    conn->flight_bytes = 0;
}
