/*
 * What every service that sends to others does in the same way, by whatever transport: when it
 * looks, when it sends, and how what came of it gets back into the step. What is sent, to whom and
 * when again is the service's.
 *
 * A send is an intent on disk before its first byte leaves. After each commit the service is asked
 * four things, in the order of struct toc_sender_work. What came of a send is packed as the service
 * likes and stepped as TOC_EVENT_OUTCOME; until it is known to be on disk it is kept in a toc_sent:
 *
 *   under way ──answered──► to be told ──toc_sender_tell──► told ──in its row──► forgotten
 *                               ▲                             │
 *                               └──── not kept: full store ───┘
 *
 * So a store that is full has an outcome told again and nothing sent twice. If the process ends in
 * between, the outcome is unknown, and the intent is sent again under the same id. A sender that
 * cannot go on ends the process.
 */
#ifndef TOC_SEND_SENDER_H
#define TOC_SEND_SENDER_H

#include "common/program.h"
#include "common/send/transfer.h"

#define TOC_SENT_TEXT_MAX 64

struct toc_sender;

/* What came of one send. Begins as {0}. */
struct toc_sent {
    uint32_t code; /* as HTTP has them, of whatever transport; 0: no whole answer */
    char text[TOC_SENT_TEXT_MAX];
    toc_time_ms retry_after_ms; /* instant; 0 for none */
    toc_time_ms told_ms;        /* not told again before this (monotonic) */
};

/* In the order in which they are called. */
struct toc_sender_work {
    /* Whether there is anything to do; the others are left out otherwise. */
    bool (*wants)(void *self);
    /* Reads what rows and log say by now: what is called off, what was kept, what is due; and
     * starts sends. All reading is done here. */
    void (*take)(void *self, struct toc_txn *txn, struct toc_now now);
    /* Tells what came of sends. It opens a turn: nothing may be read until that is committed. */
    void (*tell)(void *self, struct toc_now now);
    /* When the next intent is due (wall clock); TOC_TIME_NEVER when that does not depend on time.
     * Not asked on the events' clock, whose time comes with records, and every record with a
     * commit. */
    toc_time_ms (*next_ms)(void *self, struct toc_now now);
};

/* `work` and `self` are lent until it is closed. SIGPIPE is ignored from now on. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err toc_sender_open(struct uv_loop_s *loop, struct toc_run *run,
                                      const struct toc_sender_work *work, void *self,
                                      struct toc_sender **out);
/* Its memory goes with the loop's next runs. Accepts NULL. */
void toc_sender_close(struct toc_sender *sender);

/* For struct toc_effects. */
void toc_sender_after_commit(struct toc_sender *sender, struct toc_now now);

/* There is more to do: the work is asked again at once, and not when the next record comes. */
void toc_sender_come_round(struct toc_sender *sender);

/* An answer came, which is to be told. */
void toc_sender_settle(struct toc_sender *sender, struct toc_sent *sent,
                       const struct toc_transfer_answer *answer);
/* Whether it is time to tell it. */
bool toc_sent_may_be_told(const struct toc_sent *sent, struct toc_now now);
/* Steps an outcome. `sent` is what it is about; NULL: no single send. */
void toc_sender_tell(struct toc_sender *sender, struct toc_sent *sent, struct toc_str outcome,
                     struct toc_now now);

/* Ends the process on a failure: what was not told is sent again, with the same id. */
void toc_sender_must(enum toc_err err, const char *what);

#endif
