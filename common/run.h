/*
 * The shell around a core, without its input and output: batches, cursors, commits, receipts,
 * streams to followers and from upstreams, log time. Deterministic: it reads no clock, draws no
 * random number and opens no socket, so the simulator runs exactly this.
 *
 * A runner (run_uv.c, tests/sim) owns it: it passes in every frame with the time of its arrival,
 * calls toc_run_poll when toc_run_wait_ms has passed, and toc_run_commit when its input is drained
 * or toc_run_is_full says so. Everything that leaves the process (receipts, batches, effects) does
 * so from toc_run_commit, after the fsync.
 */
#ifndef TOC_RUN_H
#define TOC_RUN_H

#include "common/link.h"
#include "common/turn.h"

#define TOC_UPSTREAMS_MAX 32
#define TOC_FOLLOWERS_MAX 64
#define TOC_HEARTBEAT_MS  50
#define TOC_SILENT_MS     5000 /* an upstream this silent is left out of log time */
#define TOC_FULL_PERCENT  80   /* of the map: from here on only acknowledgements enter */
#define TOC_RETRY_HINT_MS 1000

struct toc_now {
    toc_time_ms wall_ms; /* UTC */
    toc_time_ms mono_ms; /* monotonic, from any origin */
};

struct toc_run_config {
    const struct toc_service *service;
    const void *service_config; /* for service->open */
    const char *data_dir;
    size_t map_bytes;
    struct toc_link *link;
    const char *const *upstreams; /* names; the peer of upstreams[i] is i + 1 */
    size_t upstream_count;
    bool event_clock;
    unsigned batch_max;    /* events in one commit */
    size_t credit_bytes;   /* of records in flight per upstream; 0 for the usual 1 MiB */
    uint64_t keep_records; /* trim the log to this many; 0 keeps everything */
    uint64_t random;       /* a random number: the id of a new log, sessions */
    /*
     * Takes each record instead of the log, which stays empty: for a run in memory that nobody
     * follows over a link. The record is lent for the call. NULL for the log.
     */
    enum toc_err (*sink)(void *arg, const Tocsin__V1__Record *record);
    void *sink_arg;
};

/*
 * What stands before a core that takes submissions and beside its log: it may change an event
 * before it is stepped, and keeps elsewhere what belongs to an accepted one. Intake's admission is
 * one. All are called from within the run.
 */
struct toc_run_gate {
    void *self;
    /* An event of a peer outside the process; what it gets lives in `arena`. */
    enum toc_err (*admit)(void *self, struct toc_arena *arena, struct toc_event *event);
    /* What became of it, and of those from within. */
    enum toc_err (*settled)(void *self, struct toc_str event, const struct toc_receipt *receipt,
                            toc_time_ms at_ms);
    bool (*is_full)(const void *self); /* the turn should end */
    /* What it keeps has to be durable before the log is. */
    enum toc_err (*before_commit)(void *self);
    /* The turn never happened; the log ends at `last_seq`. */
    void (*abandoned)(void *self, uint64_t last_seq);
    /* A question, with a read of the last commit; as toc_service.ask. TOC_NONE: it is not for the
     * gate. */
    enum toc_err (*ask)(void *self, struct toc_txn *txn, struct toc_arena *arena,
                        const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);
    /* As toc_service.tell. May be NULL. */
    void (*tell)(const void *self, Tocsin__V1__Status *status);
};

struct toc_run;

/* `config` and what it points to outlive the run. Failures as toc_store_open. */
TOC_MUST enum toc_err toc_run_open(const struct toc_run_config *config, struct toc_now now,
                                   struct toc_run **out);
/* Aborts an open turn. Accepts NULL. */
void toc_run_close(struct toc_run *run);

/* Before the first frame; `gate` is copied. */
void toc_run_set_gate(struct toc_run *run, const struct toc_run_gate *gate);

/* A frame from `peer`. A malformed one is refused and counted, never a failure. */
TOC_MUST enum toc_err toc_run_frame(struct toc_run *run, toc_peer peer, struct toc_str frame,
                                    struct toc_now now);

/* What became of a side effect, packed as the service likes; stepped as TOC_EVENT_OUTCOME. */
TOC_MUST enum toc_err toc_run_outcome(struct toc_run *run, struct toc_str bytes,
                                      struct toc_now now);

/* Time has passed: dues, heartbeats, retries. */
TOC_MUST enum toc_err toc_run_poll(struct toc_run *run, struct toc_now now);

/* Commits what was stepped, if anything, and lets out what waited for it. */
TOC_MUST enum toc_err toc_run_commit(struct toc_run *run, struct toc_now now);

/* Somebody who writes for this turn beside the run met a full disk: nothing of the turn happened.
 */
TOC_MUST enum toc_err toc_run_met_full(struct toc_run *run, struct toc_now now);

/* How long its turns are apart at least. */
toc_time_ms toc_run_rest_ms(const struct toc_run *run);

/* The turn has reached its limit: commit before the next frame. */
bool toc_run_is_full(const struct toc_run *run);

/* How long nothing has to be done unless a frame comes. */
toc_time_ms toc_run_wait_ms(struct toc_run *run, struct toc_now now);

/* For status, metrics and effects; lent. */
struct toc_store *toc_run_store(struct toc_run *run);
void *toc_run_self(struct toc_run *run);
const struct toc_journal *toc_run_journal(const struct toc_run *run);
toc_time_ms toc_run_log_ms(const struct toc_run *run);

struct toc_run_counts {
    uint64_t events, commits, frames, malformed, receipts_lost, stream_restarts;
    unsigned percent_used, followers;
    bool full; /* the last turn that had something to keep found no room for it */
    size_t upstreams_live, upstreams_stopped, upstreams;
    uint64_t lag_records; /* head of the upstreams minus the cursors */
};
void toc_run_counts(const struct toc_run *run, struct toc_run_counts *out);

/* What the status says beside what every service's does. False: nothing. */
bool toc_run_tell(const struct toc_run *run, Tocsin__V1__Status *status);

/* Ready to do its work: `*why_not` is a constant text otherwise. */
bool toc_run_is_ready(const struct toc_run *run, const char **why_not);

#endif
