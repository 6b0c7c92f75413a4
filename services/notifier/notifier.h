/*
 * Notifier's core: alerts, escalation paths, and the intents to page someone.
 *
 * It follows the router (risk, waits, solved), sla (warned, breached, met) and, straight from
 * intake, what people do about alerts. A page is first a row with a stable delivery id; the sender
 * (send/sender.c, or the simulator's) picks up rows that are due after the commit and reports each
 * outcome as an event. An acknowledgement cancels what is pending in the transaction that records
 * it.
 */
#ifndef NOTIFIER_NOTIFIER_H
#define NOTIFIER_NOTIFIER_H

#include "common/turn.h"

#define NOTIFIER_DUES_PER_STEP 256                 /* and in a turn */
#define NOTIFIER_LATE_MS       (5 * TOC_SECOND_MS) /* opened later than this: a catch-up */
#define NOTIFIER_DELIVERY_MAX  40                  /* bytes of a delivery id with its terminator */
#define NOTIFIER_TRIED_MAX     16                  /* rules listed as not fitting */
#define NOTIFIER_CHANGE_MAX    1780 /* bytes of a change: with all around it, it fits a log record */

#define NOTIFIER_NAME_MAX  129           /* bytes of a category or a procedure in an alert */
#define NOTIFIER_SNOOZE_MS TOC_MINUTE_MS /* a snooze lasts at least so long */

#define NOTIFIER_CODE_DIGITS 6

/* What open takes; without it all is zeroes. */
struct notifier_config {
    uint8_t key[32];        /* codes that people are sent are made with it */
    unsigned dues_per_step; /* 0: NOTIFIER_DUES_PER_STEP, as everywhere but in tests */
};

extern const struct toc_service notifier_service;

/* The code that a page of kind "code" carries, terminated. */
void notifier_code(const uint8_t key[32], const char *delivery, char out[NOTIFIER_CODE_DIGITS + 1]);

#define NOTIFIER_ANSWER_DIGITS 8

/* The code that a page of kind "probe" carries, by which its person answers. */
void notifier_answer_code(const uint8_t key[32], const char *delivery,
                          char out[NOTIFIER_ANSWER_DIGITS + 1]);

/* The source of events that the notifier's own door publishes. */
#define NOTIFIER_DOOR "tocsin:oncall"

#define NOTIFIER_SAID_ID_MAX 40                            /* bytes of the id of such an event */
#define NOTIFIER_SAID_MS     (8 * (toc_time_ms)TOC_DAY_MS) /* how long it is known what came of it */

/* What came of the door's event of that id. TOC_NONE: it is not back from intake's log yet. */
TOC_MUST enum toc_err notifier_said(struct toc_txn *txn, struct toc_arena *arena, const char *id,
                                    Tocsin__V1__ActionSaid **out);

/* The alert of an id. TOC_NONE without one. */
TOC_MUST enum toc_err notifier_alert(struct toc_txn *txn, struct toc_arena *arena,
                                     struct toc_str id, Tocsin__V1__Alert **out);

/* The probe that a page is, as it stands. TOC_NONE: it is none, or its run is over. */
TOC_MUST enum toc_err notifier_probe_of(struct toc_txn *txn, struct toc_arena *arena,
                                        const Tocsin__V1__Page *page, Tocsin__V1__ReachRow **out);

/* A page that is due, with its alert, which is a blank one when it is about none; both in the arena
 * of the call. */
struct notifier_page {
    Tocsin__V1__Page *page;
    Tocsin__V1__Alert *alert;
};

/*
 * Pages that may be sent, the one that waits longest first, at most `most`. A page whose instant
 * comes is judged in a step first (page.h), so what is silenced, held or over is not among them.
 * The sender leaves out those that it has under way.
 */
TOC_MUST enum toc_err notifier_due_pages(struct toc_txn *txn, struct toc_arena *arena,
                                         toc_time_ms now_ms, size_t most, struct notifier_page *out,
                                         size_t *out_count);

/* A row of the outbox. */
struct notifier_due {
    toc_time_ms at_ms;     /* since when the page may be sent */
    uint64_t alert_number; /* from 1; 0: about none */
    uint32_t index;
};

/*
 * Rows behind `after`, soonest first, at most `most`; { t, 0, 0 } stands before all rows of t. For
 * a sender that remembers how far it has looked: many pages that wait for one receiver would
 * otherwise hide those for others behind them.
 */
TOC_MUST enum toc_err notifier_outbox(struct toc_txn *txn, const struct notifier_due *after,
                                      size_t most, struct notifier_due *out, size_t *out_count);

/* The instant whose passing brings the next page into the outbox, in a step that may leave no
 * record; TOC_TIME_NEVER: none waits. */
TOC_MUST enum toc_err notifier_next_ring(struct toc_txn *txn, toc_time_ms *out);

/* A page and its alert, whatever became of them. TOC_NONE when there is none. */
TOC_MUST enum toc_err notifier_page_of(struct toc_txn *txn, struct toc_arena *arena,
                                       uint64_t alert_number, uint32_t index,
                                       struct notifier_page *out);

/* The page as it stands now; call right before the first byte. TOC_NONE when it may not be sent. */
TOC_MUST enum toc_err notifier_pending_page(struct toc_txn *txn, struct toc_arena *arena,
                                            uint64_t alert_number, uint32_t index,
                                            struct notifier_page *out);

/*
 * The person that stands for everybody whom the contacts file does not name: the shell tells a
 * contact of this name without methods where there is such a file, and that it is gone where there
 * is none.
 */
#define NOTIFIER_ANYBODY     "*"
#define NOTIFIER_METHODS_MAX 8 /* of a person */

/* Whether telling this of a person would change nothing. */
TOC_MUST enum toc_err notifier_knows_contact(struct toc_txn *txn, struct toc_arena *arena,
                                             const Tocsin__V1__Contact *told, bool *out);

/* The first person behind `after` ("": of all) who has a row, which older stores have of those that
 * are gone, too. TOC_NONE: that was all. */
TOC_MUST enum toc_err notifier_contact_after(struct toc_txn *txn, struct toc_arena *arena,
                                             const char *after, Tocsin__V1__Contact **out);

#endif
