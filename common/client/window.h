/*
 * Events on their way to an intake, each followed until it has a receipt that is final.
 *
 * It hides frames, tags, lost receipts (the same events go again, which intake tells apart) and a
 * full store (what was refused for it goes again when intake says so). Memory is bounded: beyond
 * that toc_window_add refuses. It has no connection and no clock: whoever has them asks for the
 * frames that have to go now, and passes in the receipts that come. The command line's publisher
 * and libtocsin stand on it.
 */
#ifndef TOC_CLIENT_WINDOW_H
#define TOC_CLIENT_WINDOW_H

#include "common/wire.h"

#define TOC_WINDOW_BATCH_MAX     500 /* events in one frame */
#define TOC_WINDOW_UNDER_WAY_MAX 64  /* frames that wait for their receipts */

/* What intake says of one event. */
struct toc_client_receipt {
    Tocsin__V1__Outcome__Status status;
    uint64_t log_id, seq;
    uint8_t issue[TOC_ID];
    bool has_issue;
    bool held;        /* in intake's quarantine, until a person releases it */
    unsigned reason;  /* REFUSED: enum RefuseReason */
    char detail[200]; /* REFUSED: what to change; else a remark, mostly ""; cut to this */
};

/* The final receipt of one event and its packed bytes, lent for the call, which may add events. */
typedef void (*toc_client_receipt_fn)(void *arg, uint64_t cookie, struct toc_str event,
                                      const struct toc_client_receipt *receipt);

struct toc_window_config {
    size_t batch_max;     /* events in one frame, 1 … TOC_WINDOW_BATCH_MAX */
    size_t under_way_max; /* frames; 1 keeps the order even when frames are lost */
    size_t batches;       /* that are held, those under way included; more than under_way_max */
    uint64_t *tag;        /* the last one given out on this connection; counted on */
    toc_client_receipt_fn on_receipt;
    void *arg; /* of on_receipt */
};

struct toc_window;

/* `config` is copied; what it points to outlives the window. */
TOC_MUST enum toc_err toc_window_new(const struct toc_window_config *config,
                                     struct toc_window **out);
/* Accepts NULL. What has no receipt yet stays without one. */
void toc_window_free(struct toc_window *window);

/*
 * Takes a packed event (copied). `cookie` comes back with its receipt. TOC_ERR_AGAIN when all
 * batches are full, TOC_ERR_LIMIT for more bytes than an
 * event with texts may have.
 */
TOC_MUST enum toc_err toc_window_add(struct toc_window *window, struct toc_str event,
                                     uint64_t cookie);

/* Which batches may leave: those that are full, or any. */
enum toc_window_ready { TOC_WINDOW_WHOLE, TOC_WINDOW_ANY };

/* Whether a batch waits that may leave: cheap enough to ask after each event. */
bool toc_window_has_ready(const struct toc_window *window, enum toc_window_ready ready);

/*
 * The next frame that has to be sent now, lent until anything else is called: one that was not
 * answered, or the oldest that waits while there is room under way. It counts as sent unless
 * toc_window_not_sent follows. TOC_NONE when there is none. Times are monotonic milliseconds.
 */
TOC_MUST enum toc_err toc_window_next(struct toc_window *window, enum toc_window_ready ready,
                                      toc_time_ms now_ms, struct toc_str *out_frame);
/* The link did not take the frame: it goes again soon. */
void toc_window_not_sent(struct toc_window *window, toc_time_ms now_ms);

/* When toc_window_next gives a frame again if no receipt comes; TOC_TIME_NEVER: not by itself. */
toc_time_ms toc_window_due_ms(const struct toc_window *window, enum toc_window_ready ready,
                              toc_time_ms now_ms);

/* Takes the body of a Receipt: hands over what is settled, keeps the rest to go again, in order. */
void toc_window_receipt(struct toc_window *window, struct toc_str body, toc_time_ms now_ms);

/* Events added that have no receipt yet. */
size_t toc_window_pending(const struct toc_window *window);
/* For how long events have been under way and none was settled; 0 when none is. */
toc_time_ms toc_window_stalled_ms(const struct toc_window *window, toc_time_ms now_ms);
/* Whether the latest receipt said that the store is full. */
bool toc_window_met_full(const struct toc_window *window);

#endif
