/*
 * What the door is made of, open to its own files: door.c takes mails from LMTP to the run and
 * back, whose.c finds the issues that they belong to.
 */
#ifndef INTAKE_MAIL_DOOR_IMPL_H
#define INTAKE_MAIL_DOOR_IMPL_H

#include "services/intake/edge/bucket.h"
#include "services/intake/intake.h"
#include "services/intake/mail/door/door.h"
#include "services/intake/mail/door/letter.h"
#include "services/intake/mail/lmtp.h"

#include <uv.h>

#define DOOR_REFERENCES_MAX 20 /* of a mail, that are looked up */
#define DOOR_FRAME_BYTES    (TOC_EVENT_MAX + INTAKE_ADDED_MAX + 8 * TOC_WIRE_FIELD_OVERHEAD)

/* What became of a mail for one recipient. */
struct target {
    struct letter letter;
    char address[MAIL_ADDRESS_MAX + 1]; /* small letters; its box's when it names no issue */
    bool by_address;                    /* it names the issue */
    size_t first;                       /* the first recipient of the same event */
    /* What it answers to, as mails of its source are known. */
    uint8_t references[DOOR_REFERENCES_MAX][TOC_ID];
    size_t reference_count;
    char reply[LMTP_REPLY_MAX];
};

/*
 * A mail on its way:  READING (a thread of the pool) ──► READY ──► WAITING (for its receipts)
 * It is READY until no mail is under way that it answers to, or that came before it and may be that
 * one, as long as it has not been read: that one's issue is known then.
 */
struct job {
    struct mail_door *door;
    struct lmtp_connection *connection;
    struct job *next; /* in the same state */
    uv_work_t work;
    struct toc_pool pool;
    struct mail mail;
    enum toc_err err; /* of reading */
    struct toc_str raw;
    uint8_t digest[TOC_SHA256];
    bool has_sender; /* no null return path */
    uint32_t number; /* its tags begin with it */
    size_t target_count, submitted, settled;
    struct target *targets;
};

struct mail_door {
    const struct mail_door_config *config;
    uv_loop_t *loop;
    struct toc_run *run;
    struct lmtp *lmtp;
    uv_check_t check;
    uv_idle_t idle;                        /* only keeps the loop from sleeping */
    struct bucket *buckets;                /* one per box with a rate */
    struct job *reading, *ready, *waiting; /* the last two as they came, and are submitted */
    unsigned handles;                      /* open ones */
    uint32_t numbers;
    bool stopping;
    struct toc_arena arena;
    uint8_t frame[DOOR_FRAME_BYTES];
};

/* --- whose.c ---------------------------------------------------------------------------------- */

/* Once the mail has been read. */
void door_name_references(struct target *target);
/* Whether a mail under way, or before this one among those that are ready, is what it answers to.
 */
bool door_has_to_wait(const struct mail_door *door, const struct job *job);
/* Whether there is anything to look up. */
bool door_may_be_answer(const struct job *job);
/* Which issues the mail belongs to, as of the log: what is stepped is committed first. */
TOC_MUST enum toc_err door_find_issues(struct mail_door *door, struct job *job);

#endif
