/*
 * HTTP exchanges of what sends to others, the notifier's pages for one: at most TOC_TRANSFERS_MAX
 * at once in the libuv loop. One request per transfer, never a redirect, no proxy unless one was
 * configured, certificates verified, the answer's body read up to a limit and its beginning kept.
 * It hides libcurl; what is sent, to whom and when again is the caller's.
 *
 * `done` is called from the loop, once per transfer that was started and not cancelled, and never
 * from within a function below. It says what the receiver answered; code 0 when it gave no whole
 * answer.
 */
#ifndef TOC_SEND_TRANSFER_H
#define TOC_SEND_TRANSFER_H

#include "common/send/webhook.h"

#define TOC_TRANSFERS_MAX       128
#define TOC_TRANSFER_FIELD_MAX  128  /* bytes of a field that was wanted, with the terminator */
#define TOC_TRANSFER_LINE_MAX   1100 /* bytes of a line of the header */
#define TOC_TRANSFER_BODY_MAX   (16 * 1024) /* bytes of a request's */
#define TOC_TRANSFER_ANSWER_MAX 2048        /* bytes of an answer's that are kept */

struct sockaddr;
struct uv_loop_s;
struct toc_transfers;
struct toc_transfer;

struct toc_transfer_answer {
    uint32_t code;
    const char *text;           /* short, a code or a reason, never what the receiver wrote */
    toc_time_ms retry_after_ms; /* instant; 0 for none */
    const char *field;          /* of the answer's header, the one that was wanted; cut; or "" */
    struct toc_str body; /* the beginning of it, lent for the call: to judge it, not to tell */
};

struct toc_transfers_config {
    struct uv_loop_s *loop;
    long connect_ms, whole_ms; /* timeouts; the first within the second */
    const char *proxy;         /* NULL: none, whatever the environment says */
    void (*done)(void *self, void *tag, const struct toc_transfer_answer *answer);
    /* Whether a transfer may connect to an address that its host's name came to: asked about the
     * very address that is connected to, so no second look-up comes between. NULL: to any. */
    bool (*allows)(void *self, void *tag, const struct sockaddr *address);
    void *self;
};

/* TOC_ERR_MEMORY, or TOC_ERR_CONFIG when this libcurl cannot do what is needed. */
TOC_MUST enum toc_err toc_transfers_open(const struct toc_transfers_config *config,
                                         struct toc_transfers **out);

/* Abandons what is under way without a word; memory goes with the loop's next runs. */
void toc_transfers_close(struct toc_transfers *transfers);

struct toc_transfer_request {
    const char *url;
    const char *method;       /* NULL: POST */
    const char *content_type; /* NULL: application/json */
    const char *const *lines; /* of the header, "Name: value", beside what is named here */
    size_t line_count;
    const char *id; /* webhook-id, with the next two; NULL: not signed */
    int64_t timestamp_s;
    const char *signature;
    const char *wanted;  /* a field of the answer, "name:" in small letters; NULL: none */
    long whole_ms;       /* a shorter limit than that of all; 0: none */
    struct toc_str body; /* copied; at most TOC_TRANSFER_BODY_MAX bytes */
};

/* NULL when there is no room or no memory. `tag` comes back in `done`. */
struct toc_transfer *toc_transfers_start(struct toc_transfers *transfers,
                                         const struct toc_transfer_request *request, void *tag);

/* False as long as not a byte of the request was written: it can be called off. */
bool toc_transfer_is_written(const struct toc_transfer *transfer);

/* Calls it off; `done` is not called. */
void toc_transfer_cancel(struct toc_transfer *transfer);

#endif
