/*
 * HTTP exchanges of the sender: libcurl's multi interface in the libuv loop, at most
 * SENDS_UNDER_WAY at once. One POST per transfer, never a redirect, no proxy unless one was
 * configured, certificates verified, the answer's body read up to a limit and dropped.
 *
 * `done` is called from the loop, once per transfer that was started and not cancelled, and never
 * from within a function below. It says what the receiver answered; code 0 when it gave no whole
 * answer.
 */
#ifndef NOTIFIER_TRANSFER_CURL_H
#define NOTIFIER_TRANSFER_CURL_H

#include "services/notifier/send/payload.h"
#include "services/notifier/send/webhook.h"

struct uv_loop_s;
struct transfers;
struct transfer;

struct transfer_answer {
    uint32_t code;
    const char *text;           /* short, a code or a reason, never what the receiver wrote */
    toc_time_ms retry_after_ms; /* instant; 0 for none */
};

struct transfers_config {
    struct uv_loop_s *loop;
    long connect_ms, whole_ms; /* timeouts; the first within the second */
    const char *proxy;         /* NULL: none, whatever the environment says */
    void (*done)(void *self, void *tag, const struct transfer_answer *answer);
    void *self;
};

/* TOC_ERR_MEMORY, or TOC_ERR_CONFIG when this libcurl cannot do what is needed. */
TOC_MUST enum toc_err transfers_open(const struct transfers_config *config, struct transfers **out);

/* Abandons what is under way without a word; memory goes with the loop's next runs. */
void transfers_close(struct transfers *transfers);

struct transfer_request {
    const char *url;
    const char *id; /* webhook-id */
    int64_t timestamp_s;
    const char *signature;
    struct toc_str body; /* copied; at most PAYLOAD_MAX bytes */
};

/* NULL when there is no room or no memory. `tag` comes back in `done`. */
struct transfer *transfers_start(struct transfers *transfers,
                                 const struct transfer_request *request, void *tag);

/* False as long as not a byte of the request was written: it can be called off. */
bool transfer_is_written(const struct transfer *transfer);

/* Calls it off; `done` is not called. */
void transfer_cancel(struct transfer *transfer);

#endif
