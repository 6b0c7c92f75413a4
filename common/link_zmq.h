/*
 * The link over ZeroMQ: one ROUTER that others connect to, and a DEALER per upstream.
 *
 * It hides sockets, identities and ZeroMQ's habits: a ROUTER that drops in silence (MANDATORY and
 * DONTWAIT turn that into TOC_ERR_AGAIN or TOC_ERR_GONE), edge-triggered descriptors (always drain
 * until TOC_ERR_AGAIN), linger (none: only receipts count). run_uv.c puts it in a libuv loop; the
 * command line waits on it with toc_link_wait. One thread.
 */
#ifndef TOC_LINK_ZMQ_H
#define TOC_LINK_ZMQ_H

#include "common/link.h"
#include "common/time.h"

/* `bind` may be NULL: a link that only connects. TOC_ERR_CONFIG for an endpoint that is none. */
TOC_MUST enum toc_err toc_link_open(const char *bind, struct toc_link **out);
/* Accepts NULL. What is queued is lost. */
void toc_link_close(struct toc_link *link);

/* Connects in the background, for ever; `*out_peer` counts from 1 in the order of the calls. */
TOC_MUST enum toc_err toc_link_connect(struct toc_link *link, const char *endpoint,
                                       toc_peer *out_peer);

/*
 * Frames for TOC_PEER_INSIDE or TOC_PEER_MAIL go to `take` from now on, from within toc_link_send;
 * lent for the call. What that part of the process has to say, it passes to the run itself.
 */
void toc_link_inside(struct toc_link *link, toc_peer peer,
                     void (*take)(void *self, struct toc_str frame), void *self);

/*
 * Frames from an upstream peer go to `take` from now on, from within toc_link_receive, and not to
 * who receives; lent for the call, in which it may send.
 */
void toc_link_aside(struct toc_link *link, toc_peer peer,
                    void (*take)(void *self, toc_peer peer, struct toc_str frame), void *self);

/*
 * The next frame from anyone, fairly; lent until the next call. TOC_ERR_AGAIN when all is drained.
 */
TOC_MUST enum toc_err toc_link_receive(struct toc_link *link, toc_peer *out_peer,
                                       struct toc_str *out_frame);

/* Whether a receive would give a frame, or may; asks ZeroMQ, not a descriptor. */
bool toc_link_has_input(const struct toc_link *link);

/* Blocks until a frame may be there or the time is over. */
void toc_link_wait(struct toc_link *link, toc_time_ms timeout_ms);

/* Descriptors to watch for readability, edge-triggered; at most TOC_LINK_FDS. */
#define TOC_LINK_FDS 33
size_t toc_link_fds(const struct toc_link *link, int out[TOC_LINK_FDS]);

#endif
