/*
 * libtocsin: publishing to a Tocsin intake from a program of your own.
 *
 *     struct tocsin_config config = {.endpoint = "ipc:///run/tocsin/intake.sock",
 *                                    .source = "urn:shop:desk", .on_receipt = on_receipt};
 *     struct tocsin *tocsin;
 *     tocsin_open(&config, &tocsin);
 *     tocsin_publish(tocsin, &event, 0);
 *     while (tocsin_pending(tocsin) > 0)
 *         tocsin_poll(tocsin, -1);
 *     tocsin_close(tocsin);
 *
 * Each event that tocsin_publish took gets exactly one receipt, and has exactly one place in
 * intake's log, whatever connections break and however often intake is restarted meanwhile: an
 * event goes again, with the same id, until its receipt is there, and intake tells a repeat from a
 * fresh event. What intake refused with a hint when to try again (its disk is full) goes again at
 * that time. Events enter the log in the order in which they were published, but for those that
 * waited out such a refusal.
 *
 * What is queued lives in this process: when that dies, publish what has no receipt again with the
 * ids that it had, and the same rule holds (within intake's --dedupe-window, 24 h). That is why an
 * event that comes from a database or a queue should have an id that is made from there.
 *
 * Threads: any, but only one at a time in calls with the same `struct tocsin`; different ones have
 * nothing in common. The library has no threads of its own that call you, handles no signals and
 * prints nothing; ZeroMQ inside of it keeps I/O threads with all signals blocked. After fork() a
 * child must not use, nor close, what its parent opened.
 *
 * Memory: a pointer argument is lent for the call, unless it says otherwise. Texts are UTF-8 and
 * end in NUL.
 */
#ifndef TOCSIN_H
#define TOCSIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOCSIN_EXPORT __attribute__((visibility("default")))

/* Results: 0, or one of these. tocsin_error has a line for a person about the latest. */
enum tocsin_err {
    TOCSIN_OK = 0,
    TOCSIN_EMEMORY = -1,  /* out of memory */
    TOCSIN_ECONFIG = -2,  /* the configuration is wrong: an endpoint that is none, no on_receipt */
    TOCSIN_EEVENT = -3,   /* no event that may be published; nothing was queued */
    TOCSIN_EAGAIN = -4,   /* the queue is full; nothing was queued: poll, then publish again */
    TOCSIN_EREFUSED = -5, /* the peer does not speak to this library: another version, no intake */
    TOCSIN_EIO = -6,      /* the system does not let us send or receive: out of descriptors, … */
    TOCSIN_EBUSY = -7,    /* called from within on_receipt, where this may not be called */
};

enum tocsin_status {
    TOCSIN_ACCEPTED = 1,  /* on intake's disk, synced */
    TOCSIN_DUPLICATE = 2, /* it was there already; log_id, seq and issue are of the first time */
    TOCSIN_REFUSED = 3,   /* final: it changes nothing, and the same event will not pass later */
};

/* What became of one event. Lent for the call of on_receipt, with all it points to. */
struct tocsin_receipt {
    enum tocsin_status status;
    const char *id;     /* the event's; also when the library made it */
    uint64_t log_id;    /* its place: record `seq` of log `log_id` */
    uint64_t seq;       /* for a refusal, of the record that tells about it; 0: none does */
    const char *issue;  /* 32 hexadecimal digits; "" when there is none */
    const char *reason; /* of a refusal, for programs: "conflict", "malformed", …; else "" */
    const char *detail; /* of a refusal, for people: what to change; else a remark, mostly "" */
    bool held; /* it is in intake's quarantine: it takes effect once a person releases it */
};

/*
 * Called from within tocsin_poll, once for each event; `cookie` is that of its tocsin_publish. It
 * may call tocsin_publish and what only looks (tocsin_pending, …), not tocsin_poll or tocsin_close.
 */
typedef void (*tocsin_receipt_fn)(void *arg, uint64_t cookie, const struct tocsin_receipt *receipt);

/* Copied by tocsin_open; zeroed members take the preset. */
struct tocsin_config {
    const char *endpoint;         /* of an intake: "ipc://PATH" or "tcp://HOST:PORT" */
    const char *source;           /* of events that name none; NULL: each has to */
    const char *name;             /* who speaks, for intake's log; preset "libtocsin" */
    size_t queue_max;             /* events without a receipt at a time; preset 10,000. An event
                                     takes what it has in bytes, at most 1.5 kB */
    tocsin_receipt_fn on_receipt; /* has to be set */
    void *arg;                    /* of on_receipt; it has to outlive the connection */
};

struct tocsin;

/*
 * Begins to connect, in the background and for ever: an intake that is not there yet is no error.
 * TOCSIN_EMEMORY, TOCSIN_ECONFIG or TOCSIN_EIO, and `*out` is left as it was.
 */
TOCSIN_EXPORT int tocsin_open(const struct tocsin_config *config, struct tocsin **out);

/*
 * Closes at once and frees; NULL is accepted. Events without a receipt may have entered the log or
 * not: poll until tocsin_pending is 0 before, if that matters.
 */
TOCSIN_EXPORT void tocsin_close(struct tocsin *tocsin);

/* --- publishing ------------------------------------------------------------------------------ */

/* One member of an event's body. */
struct tocsin_field {
    const char *name;  /* as in event.proto: "channel"; inside another message "appeal.decision" */
    const char *value; /* "email"; "3"; "true"; a name again adds to a list: "tags", "tags" */
};

/* A CloudEvent. proto/tocsin/v1/event.proto lists the types and the members of their bodies. */
struct tocsin_event {
    const char *id;                    /* with `source` the idempotency key; NULL: a random one */
    const char *source;                /* NULL: the configuration's */
    const char *type;                  /* "tocsin.issue.opened" */
    const char *subject;               /* your reference: with `source` one issue for ever */
    const char *issue;                 /* 32 hexadecimal digits: an issue of another source */
    int64_t time_ms;                   /* when it happened, since 1970 (UTC); 0: not said */
    bool test;                         /* pages nobody and counts nowhere */
    const struct tocsin_field *fields; /* of the body */
    size_t field_count;
};

/*
 * Queues a copy of the event; tocsin_poll sends it. It never waits. TOCSIN_EEVENT for one that
 * nobody would take (tocsin_error names the member and says what it should be), TOCSIN_EAGAIN when
 * `queue_max` events wait, TOCSIN_EMEMORY. `cookie` is yours and comes back with the receipt.
 */
TOCSIN_EXPORT int tocsin_publish(struct tocsin *tocsin, const struct tocsin_event *event,
                                 uint64_t cookie);

/* --- the event loop -------------------------------------------------------------------------- */

/*
 * Sends what is due, takes what has come, calls on_receipt. Waits for at most `wait_ms`, or less as
 * soon as something happened: 0 does not wait, -1 waits as long as need be; a signal ends it early.
 *
 * TOCSIN_OK whether or not intake is there. TOCSIN_EREFUSED when it said that it cannot serve this
 * library, TOCSIN_EIO: nothing is lost by calling again later, as it may be upgraded meanwhile.
 */
TOCSIN_EXPORT int tocsin_poll(struct tocsin *tocsin, int wait_ms);

/*
 * For a loop of your own: before it goes to sleep, ask tocsin_wait_ms; wake up when the descriptor
 * is readable or that time is over, and call tocsin_poll(tocsin, 0). That question before every
 * sleep is not optional: the descriptor only tells of what came since the last call.
 *
 * The descriptor is the library's: do not read or close it. It stays the same until tocsin_close.
 */
TOCSIN_EXPORT int tocsin_fd(const struct tocsin *tocsin);
/* After how many milliseconds tocsin_poll wants to be called; 0: now; -1: not by itself. */
TOCSIN_EXPORT int tocsin_wait_ms(const struct tocsin *tocsin);

/* --- how it stands --------------------------------------------------------------------------- */

/* Events published that have no receipt yet. */
TOCSIN_EXPORT size_t tocsin_pending(const struct tocsin *tocsin);

/*
 * For how many milliseconds events have waited while no receipt came; 0 when none waits. Intake is
 * away then, or its disk is full: what to do about it is the caller's to decide.
 */
TOCSIN_EXPORT int64_t tocsin_stalled_ms(const struct tocsin *tocsin);

/* One line about the latest failure, without a newline; "" before. Lent until the next call. */
TOCSIN_EXPORT const char *tocsin_error(const struct tocsin *tocsin);

/* A constant text for a result, also of tocsin_open. */
TOCSIN_EXPORT const char *tocsin_strerror(int result);

/* The version of the library that runs, as "0.1.0". */
TOCSIN_EXPORT const char *tocsin_version(void);

#ifdef __cplusplus
}
#endif

#endif
