/*
 * What the sender knows of the outbox: which pages wait, are under way, or have an outcome that is
 * not on disk yet. Memory only; after a restart it is empty and is filled again from the outbox.
 *
 * Pages queue by origin (scheme, host and port), so that one receiver that hangs delays nobody
 * else's: few of an origin are under way at first, one more for each good answer up to `most`, and
 * half of them again when it fails; and at most SENDS_OF_ORIGIN of it are known at all; of them the
 * urgent ones go first, then those whose deadline is nearest. A page that found no room stays in
 * the outbox; send_queue_wants_rescan says when to look for it again. A page's time in the queue is
 * before its first byte and counts against no timeout. Bookkeeping without a clock, a socket or a
 * transaction.
 */
#ifndef NOTIFIER_SEND_QUEUE_H
#define NOTIFIER_SEND_QUEUE_H

#include "common/send/sender.h"
#include "services/notifier/notifier.h"

#define SENDS_MAX       16384 /* known */
#define SENDS_OF_ORIGIN 8192
#define SENDS_UNDER_WAY TOC_TRANSFERS_MAX

struct method;

enum send_state {
    SEND_WAITING,   /* for its turn */
    SEND_UNDER_WAY, /* with the transport */
    SEND_DONE,      /* has an outcome to report */
    SEND_TOLD,      /* the outcome is in the turn that is open */
};

/* What goes first when a receiver is slow. */
struct send_rank {
    bool urgent;
    toc_time_ms due_ms; /* the deadline that the page is about */
};

/* By which transport it goes, if it is one that can call it off. */
struct flight {
    struct toc_transfer *transfer; /* over HTTP */
    struct toc_mail *mail;         /* over SMTP */
};

struct send {
    uint64_t alert_number;
    uint32_t index;
    uint32_t attempts; /* before this one */
    uint32_t origin;
    struct send_rank rank;
    bool has_other;     /* another method could take it */
    bool untried;       /* DONE: it was passed on */
    uint64_t begun_seq; /* the newest record when it had not written its first byte */
    uint64_t added;     /* the order of arrival */
    enum send_state state;
    const struct method *method; /* UNDER_WAY: by which */
    struct flight flight;        /* UNDER_WAY */
    struct toc_sent sent;        /* DONE */
    struct send *same_hash;      /* link of the index */
    struct send *left, *right;   /* WAITING: below this one; `right` links the free ones, too */
    uint32_t active;             /* place among the active, when not WAITING */
};

struct send_queue;

/* Origins count from 0. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err send_queue_open(uint32_t origins, unsigned first, unsigned most,
                                      struct send_queue **out);
/* Of this origin never more than so many are under way at once, and those that are at first. */
void send_queue_limit(struct send_queue *queue, uint32_t origin, unsigned most);
/* Accepts NULL. */
void send_queue_close(struct send_queue *queue);

/* NULL when the page is not known. */
struct send *send_queue_find(const struct send_queue *queue, uint64_t alert_number, uint32_t index);

enum send_room { SEND_ADDED, SEND_ORIGIN_FULL, SEND_QUEUE_FULL };

/* Makes a page known that is not yet; it waits among the others of its origin. Of `page` what
 * stands before `untried` counts. */
enum send_room send_queue_add(struct send_queue *queue, const struct send *page);

/* The next page that may go, origins in turn; it is UNDER_WAY from now on. NULL: none may. */
struct send *send_queue_next(struct send_queue *queue);

/* The next that waits for the origin though another method could take it; UNDER_WAY from now on,
 * without a transport. NULL: none. */
struct send *send_queue_pass_on(struct send_queue *queue, uint32_t origin);

/* The transport is through with an UNDER_WAY one; its outcome fields are set by the caller. */
void send_queue_done(struct send_queue *queue, struct send *send);

/* What its receiver makes of it: whether more of it may be under way at once, or fewer. */
void send_queue_answered(struct send_queue *queue, const struct send *send, bool good);

/* Forgets one that is not WAITING. */
void send_queue_forget(struct send_queue *queue, struct send *send);

/*
 * All that are not WAITING, an array as old as the queue. Forgetting one puts the last one in its
 * place, so whoever forgets goes through it backwards.
 */
struct send *const *send_queue_active(const struct send_queue *queue, size_t *out_count);

/* True once, when pages were left in the outbox and there is room again. */
bool send_queue_wants_rescan(struct send_queue *queue);

size_t send_queue_known(const struct send_queue *queue);

#endif
