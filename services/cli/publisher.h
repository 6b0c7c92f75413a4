/*
 * Many events to an intake, on a client's connection: a window (common/client/window.h) that waits.
 * Memory is bounded: whoever adds faster than receipts come waits in publisher_add. Results as in
 * client.h.
 */
#ifndef CLI_PUBLISHER_H
#define CLI_PUBLISHER_H

#include "services/cli/client.h"

struct publisher_config {
    const char *service;     /* an intake */
    size_t batch_max;        /* events in one frame, 1 … TOC_WINDOW_BATCH_MAX */
    size_t window;           /* frames under way; 1 keeps the order even when frames are lost */
    toc_time_ms patience_ms; /* without any receipt in this time it gives up */
    toc_client_receipt_fn on_receipt;
    void *arg; /* of on_receipt */
};

struct publisher;

/* Connects to the service. `config` is copied, `client` is lent until publisher_close. */
TOC_MUST enum toc_err publisher_open(struct client *client, const struct publisher_config *config,
                                     struct publisher **out);
/* Accepts NULL. What has no receipt yet stays without one. */
void publisher_close(struct publisher *publisher);

/*
 * Takes a packed event (copied; at most TOC_EVENT_MAX bytes, TOC_ERR_LIMIT beyond). `cookie` comes
 * back with its receipt. Sends when a frame is full; waits for receipts when the window is.
 */
TOC_MUST enum toc_err publisher_add(struct publisher *publisher, struct toc_str event,
                                    uint64_t cookie);

/* Sends what has been gathered unless the window is full. */
TOC_MUST enum toc_err publisher_send(struct publisher *publisher);

/* Takes receipts and repeats what is overdue until `deadline_ms` (client_mono_ms). */
TOC_MUST enum toc_err publisher_poll(struct publisher *publisher, toc_time_ms deadline_ms);

/* Sends everything and waits for every receipt. */
TOC_MUST enum toc_err publisher_flush(struct publisher *publisher);

/* Events added that have no receipt yet. */
size_t publisher_pending(const struct publisher *publisher);

#endif
