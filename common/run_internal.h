/*
 * The parts of a run, for its own files only: run.c (turns, time, commits), run_open.c (from disk
 * to memory), run_frame.c (who gets a frame), run_publish.c (receipts), run_feed.c (followers of
 * our log), run_follow.c (the logs we follow), run_pace.c (two that wait for each other),
 * run_answer.c (questions). turn.c serves the cores.
 */
#ifndef TOC_RUN_INTERNAL_H
#define TOC_RUN_INTERNAL_H

#include "common/exit_point.h"
#include "common/log.h"
#include "common/plant.h"
#include "common/policy/store.h"
#include "common/run.h"

#define FRAME_ARENA_BYTES  (4 * TOC_FRAME_MAX)
#define EVENT_ARENA_BYTES  (256 * 1024)
#define RECEIPTS_BYTES     (2 * TOC_FRAME_MAX)
#define RECEIPTS_MAX       4096
#define CREDIT_BYTES       (1024 * 1024) /* in flight per upstream, unless configured */
#define BATCH_BYTES        (192 * 1024)  /* of records in one frame */
#define RESERVE_MS         1000          /* how far promises may be reserved ahead */
#define HELLO_RETRY_MS     500
#define FETCH_KEEPALIVE_MS 1000
#define STREAM_STALLED_MS  3000 /* without a frame: start the stream again */
#define CURSOR_SAVE_MS     1000
#define FOLLOWER_GONE_MS   10000
#define CREDIT_MOST        (8 << 20) /* bytes under way to one follower, whatever it grants */
#define GATHER_MAX_MS      100       /* whatever a follower asks for */
#define GATHERED_RECORDS   256       /* so many go out at once */
#define BEHIND_MS          5000      /* log time this far behind the wall clock is told */
#define BEHIND_AGAIN_MS    1000
#define FULL_PAUSE_MS      1000
#define STEPS_PER_POLL     4096 /* of dues that log time has passed */
#define TRIM_RECORDS       200  /* that are let go of at once; more where more come */
#define NAME_MAX_BYTES     64

/* What one of two that follow each other says in event time, see run_pace.c. */
struct pace_word {
    toc_time_ms next_ms;
    uint64_t taken_log, taken_seq; /* log 0: nothing is said */
};

/* What a Batch says beside its records. */
struct batch_head {
    uint64_t stream, prev_seq, through_seq, head_seq;
    struct toc_str hash;
    toc_time_ms promise_ms;
    struct pace_word word;
};

/* A log that we follow. */
struct upstream {
    const char *name;
    toc_peer peer;
    uint64_t log_id;          /* 0 until known */
    uint64_t cursor;          /* applied in this turn or before */
    uint64_t hash_seq;        /* where a stream may begin: cursor, unless a batch is half applied */
    uint8_t hash[TOC_SHA256]; /* chain hash at hash_seq */
    uint64_t resume_seq;      /* records of this stream up to here were applied before */
    uint64_t heard_seq;       /* received up to here, applied or held */
    uint64_t saved_seq;       /* hash_seq as the store has it */
    bool moved;               /* cursor is not in the store yet */
    toc_time_ms saved_ms;     /* monotonic; last commit for the cursor's sake */
    uint32_t stream;          /* 0: not streaming */
    uint64_t received_bytes;  /* of this stream */
    uint64_t granted_bytes;
    uint64_t head_seq;
    toc_time_ms time_ms;  /* nothing earlier follows; TOC_TIME_MIN until known */
    toc_time_ms heard_ms; /* monotonic; last frame */
    toc_time_ms asked_ms; /* monotonic; last Hello or Fetch */
    bool heard;           /* since start */
    bool left_out;        /* of log time */
    const char *stopped;  /* why we do not go on; an operator has to look */
    bool stop_told;       /* to the service */

    struct held *held, **held_end; /* batches whose time has not come, see run_pace.c */
    size_t held_bytes;
    toc_time_ms next_ms; /* of the partner: nothing earlier, unless it hears more of us */
    uint64_t taken_seq;  /* of the partner: what it has taken of our log */
};

/* Somebody who follows our log. */
struct follower {
    toc_peer peer; /* 0: free */
    uint32_t stream;
    uint64_t position; /* everything up to here was sent or filtered */
    uint8_t hash[TOC_SHA256];
    uint64_t granted_bytes, sent_bytes;
    uint64_t partition_mask;
    uint32_t class_mask;
    toc_time_ms gather_ms;         /* how long few records wait for others; 0: not at all */
    toc_time_ms heard_ms, sent_ms; /* monotonic */
    toc_time_ms promised_ms;
    bool is_partner;       /* see run_pace.c */
    struct pace_word told; /* last; only a partner is */
};

/* A consumer that trimming waits for, also while it is away: so long, unless it is one of ours. */
#define LEASE_MS       (7 * TOC_DAY_MS)
#define LEASE_GRACE_MS TOC_HOUR_MS /* by the monotonic clock: from our own start, at least */
#define REGISTERED_MAX 32
struct registered {
    char name[NAME_MAX_BYTES]; /* empty: free */
    uint64_t done_seq;         /* its durable cursor, as last told */
    toc_time_ms heard_ms;      /* wall time of its last fetch; 0: the row did not say */
    toc_time_ms heard_mono_ms; /* the same, monotonic */
    toc_time_ms saved_ms;      /* that in the row */
    bool moved;                /* since the row was put */
};

/* A receipt that waits for the commit. */
struct pending_receipt {
    toc_peer peer;
    uint64_t tag;
    uint32_t count;      /* outcomes */
    size_t offset, size; /* of the packed outcomes */
};

struct toc_run {
    const struct toc_run_config *config;
    const struct toc_service *service;
    struct toc_run_gate gate; /* its functions are NULL without one */
    struct toc_store *store;
    struct toc_journal journal; /* as this turn sees it */
    uint64_t committed_seq;     /* what may be shown */
    void *self;
    struct toc_arena event_arena, frame_arena;
    struct toc_policy_cache policies;
    struct toc_turn turn;
    bool turn_open;
    unsigned turn_events;
    toc_time_ms log_ms;         /* log time as this turn sees it */
    toc_time_ms promised_ms;    /* log time as of the last commit */
    toc_time_ms fired_ms;       /* log time at which a due last fired without a record */
    toc_time_ms fired_saved_ms; /* as the store has it */
    toc_time_ms stamp_floor_ms; /* intake: never stamp below */
    toc_time_ms reserved_ms;    /* intake: promises up to here are on disk */
    toc_time_ms started_ms;     /* monotonic */
    toc_time_ms own_mono_ms;    /* monotonic: when the own clock moved log time last */
    toc_time_ms full_until_ms;  /* monotonic: the store was full */
    toc_time_ms behind_told_ms; /* monotonic: when the core was told that log time is behind */
    uint64_t session;

    /* Event time between two that follow each other, see run_pace.c. */
    struct upstream *partner;     /* NULL when there is none */
    bool leads;                   /* we go first; otherwise the partner does */
    bool heeds;                   /* what the partner says has effects now, */
    bool waits;                   /* or had in this instant */
    bool more;                    /* the turn was full before the work was done */
    toc_time_ms instant_ms;       /* whose records are being taken: a restart goes on with it */
    toc_time_ms saved_instant_ms; /* as the store has it, like: */
    bool saved_waits;
    struct pace_word word; /* what the partner is told */
    uint64_t told_seq;     /* newest own record that has effects at the leader */

    struct upstream upstreams[TOC_UPSTREAMS_MAX];
    size_t upstream_count;
    struct follower followers[TOC_FOLLOWERS_MAX];
    struct registered registered[REGISTERED_MAX];

    struct pending_receipt receipts[RECEIPTS_MAX];
    size_t receipt_count;
    uint8_t *receipt_bytes;
    size_t receipt_used;

    uint8_t *out; /* a frame being built */
    struct toc_run_counts counts;
};

static inline uint64_t run_credit(const struct toc_run *run)
{
    return run->config->credit_bytes != 0 ? run->config->credit_bytes : CREDIT_BYTES;
}

static const struct toc_str run_reserved_key = {"reserved", 8}; /* meta row: RESERVE_MS's instant */
static const struct toc_str run_fired_key = {"fired", 5};       /* meta row: u64be fired_ms */
static const struct toc_str run_instant_key = {"instant",
                                               7}; /* meta row: u64be instant_ms ‖ waits */

static inline toc_time_ms run_later(toc_time_ms a, toc_time_ms b)
{
    return a > b ? a : b;
}

/* In event time no clock counts. */
static inline bool run_has_own_time(const struct toc_run *run)
{
    return run->service->time_source == TOC_TIME_OF_OWN_CLOCK && !run->config->event_clock;
}

/* run_open.c: everything in memory from what is on disk, at start and after a turn that failed */
TOC_MUST enum toc_err run_load(struct toc_run *run);

/* run.c */
/* Steps what enters at an intake: it counts from now, and so does its log time. */
TOC_MUST enum toc_err run_step_stamped(struct toc_run *run, struct toc_event *ev,
                                       struct toc_now now, struct toc_receipt *receipt);
/* A full store is the one failure that a process survives: abandons the turn and goes on. */
TOC_MUST enum toc_err run_survive_full(struct toc_run *run, enum toc_err err, struct toc_now now);
TOC_MUST enum toc_err run_begin(struct toc_run *run);
/* Steps one event with its cause; `receipt` may be NULL. */
TOC_MUST enum toc_err run_step(struct toc_run *run, const struct toc_event *ev, uint64_t cause_log,
                               uint64_t cause_seq, struct toc_receipt *receipt);
/* Fires dues that `run->log_ms` has passed, at most `most` steps. */
TOC_MUST enum toc_err run_fire_dues(struct toc_run *run, unsigned most);
/* The turn never happened: aborts it and loads everything from disk again. */
TOC_MUST enum toc_err run_abandon(struct toc_run *run);

/* run_frame.c */
void run_send(struct toc_run *run, toc_peer peer, Tocsin__V1__Frame *frame);
void run_refuse(struct toc_run *run, toc_peer peer, uint32_t stream,
                Tocsin__V1__RefuseReason reason, const char *detail);

/* run_publish.c */
TOC_MUST enum toc_err run_on_publish(struct toc_run *run, toc_peer peer, struct toc_str publish,
                                     struct toc_now now);
void run_send_receipts(struct toc_run *run);
/* After a full store: nothing of this turn happened, everybody may try again. */
void run_refuse_receipts(struct toc_run *run);

/* run_feed.c */
void feed_on_fetch(struct toc_run *run, toc_peer peer, const Tocsin__V1__Fetch *fetch,
                   struct toc_now now);
TOC_MUST enum toc_err feed_pump(struct toc_run *run, struct toc_now now);
/* When what waits for others has to go out, from now; never: nothing waits. */
toc_time_ms feed_wait_ms(const struct toc_run *run, struct toc_now now);
/* Who is registered, from the rows; and the rows, before anything is trimmed for them. */
TOC_MUST enum toc_err feed_load(struct toc_run *run, struct toc_txn *txn);
TOC_MUST enum toc_err feed_save(struct toc_run *run, struct toc_txn *txn, struct toc_now now);
/* The lowest durable cursor of the registered consumers, or the newest record. */
uint64_t feed_lowest_done(const struct toc_run *run);

/* run_follow.c */
TOC_MUST enum toc_err follow_load(struct toc_run *run, struct upstream *up, struct toc_txn *txn);
TOC_MUST enum toc_err follow_save(struct toc_run *run, struct toc_txn *txn);
TOC_MUST enum toc_err follow_on_hello(struct toc_run *run, struct upstream *up,
                                      const Tocsin__V1__Hello *hello, struct toc_now now);
TOC_MUST enum toc_err follow_on_batch(struct toc_run *run, struct upstream *up,
                                      struct toc_str batch, struct toc_now now);
TOC_MUST enum toc_err follow_on_promise(struct toc_run *run, struct upstream *up,
                                        const Tocsin__V1__Promise *promise, struct toc_now now);
void follow_on_refuse(struct toc_run *run, struct upstream *up, const Tocsin__V1__Refuse *refuse);
TOC_MUST enum toc_err follow_poll(struct toc_run *run, struct toc_now now);
/* Grants what the turn has consumed and reports the durable cursor. */
void follow_after_commit(struct toc_run *run, struct toc_now now);
/* Moves log time to the lowest promise of the live upstreams, where log time comes from them. */
void follow_advance(struct toc_run *run);
void follow_restart(struct toc_run *run, struct upstream *up);

/* Steps a packed record. TOC_ERR_MALFORMED for what cannot be the next one. */
TOC_MUST enum toc_err follow_step(struct toc_run *run, struct upstream *up, struct toc_str bytes);
/* The records of a batch were stepped: the cursor moves to its end, its promise holds. */
TOC_MUST enum toc_err follow_end_batch(struct toc_run *run, struct upstream *up,
                                       const struct batch_head *head);
/* A record cannot be read: an operator has to look, and the turn never happened. */
TOC_MUST enum toc_err follow_unreadable(struct toc_run *run, struct upstream *up);

/* run_pace.c */
/* Who waits for whom; after the service and the upstreams are known. */
void pace_init(struct toc_run *run);
TOC_MUST enum toc_err pace_load(struct toc_run *run, struct toc_txn *txn);
TOC_MUST enum toc_err pace_save(struct toc_run *run);
/* Keeps a batch until its instants come. */
TOC_MUST enum toc_err pace_hold(struct toc_run *run, struct upstream *up, struct toc_str batch,
                                const struct batch_head *head);
/* A promise that came behind what is held; something is. */
void pace_promise(struct upstream *up, toc_time_ms promise_ms);
/* Forgets what is held, and the word that came behind it. */
void pace_drop(struct upstream *up);
/* Whether what the partner says matters, now that the policy may be another. */
TOC_MUST enum toc_err pace_look(struct toc_run *run);
/* What the partner says beside a promise. */
void pace_heard(struct toc_run *run, struct upstream *up, const struct pace_word *word);
/* Goes on as far as the partner lets us. */
TOC_MUST enum toc_err pace_poll(struct toc_run *run);
/* After a commit: what the partner is to be told. */
void pace_tell(struct toc_run *run);

/* run_answer.c */
TOC_MUST enum toc_err answer_ask(struct toc_run *run, toc_peer peer, const Tocsin__V1__Ask *ask,
                                 struct toc_now now);

#endif
