/*
 * Frames between processes. link_zmq.c carries them over ZeroMQ, the simulator's link over its own
 * event queue; a program links one of them.
 *
 * Nothing is promised: a frame may be lost with the connection, and "sent" only means taken over.
 * Delivery, order across reconnects and flow control are run.h's business (cursors, credits,
 * receipts). A peer is a small number: 1..n are the upstreams in the order they were connected,
 * larger ones the peers of the bound socket, where a newcomer's number is not one that was used
 * lately: what was meant for a peer that left finds nobody.
 */
#ifndef TOC_LINK_H
#define TOC_LINK_H

#include "common/str.h"

typedef uint32_t toc_peer;

#define TOC_PEER_BOUND  1000 /* peers of the bound socket count from here */
#define TOC_PEER_INSIDE 999  /* a part of this process that speaks frames too: intake's edge */
#define TOC_PEER_MAIL   998  /* another: its door for mail */

static inline bool toc_peer_is_inside(toc_peer peer)
{
    return peer == TOC_PEER_INSIDE || peer == TOC_PEER_MAIL;
}

struct toc_link;

/* Never blocks. TOC_ERR_AGAIN when the peer's queue is full, TOC_ERR_GONE when it is not there. */
TOC_MUST enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame);

#endif
