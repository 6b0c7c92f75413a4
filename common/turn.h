/*
 * What a service's core sees and does: one event in, rows and records out.
 *
 * A service is `struct toc_service`: a table of functions that two runners consume, the real loop
 * (run_uv.c) and the simulator. Both go through run.h, which begins a transaction, steps the core
 * with each event, commits once, and only then lets anything leave the process.
 *
 * A core never blocks, logs, allocates, asks the time or draws a random number. It reads and writes
 * through turn->txn, takes memory from turn->arena (given back after every event) and appends
 * records with toc_emit. Equal events give equal rows and equal records, wherever batches begin and
 * end. What the core keeps in `self` can be rebuilt from rows.
 */
#ifndef TOC_TURN_H
#define TOC_TURN_H

#include "common/journal.h"
#include "common/policy/policy.h"

/* Tables that every service has; its own follow from TOC_TABLE_OWN on. */
enum toc_common_table {
    TOC_TABLE_LOG,    /* journal.h */
    TOC_TABLE_META,   /* small rows by name */
    TOC_TABLE_CURSOR, /* run.h: upstream name -> log id, seq, hash */
    TOC_TABLE_POLICY, /* policy/store.h */
    TOC_TABLE_OWN
};

enum toc_event_kind {
    TOC_EVENT_SUBMIT,   /* intake: a publisher's packed Event */
    TOC_EVENT_RECORD,   /* a record of an upstream's log */
    TOC_EVENT_TIME,     /* time has passed next_due: fire a bounded number of dues */
    TOC_EVENT_OUTCOME,  /* what became of a side effect */
    TOC_EVENT_UPSTREAM, /* an upstream was left out of log time, is back, or nothing more is taken
                           of it */
    TOC_EVENT_BEHIND,   /* log time is well behind the wall clock, which shows `at_ms` */
};

struct toc_event {
    enum toc_event_kind kind;
    toc_time_ms at_ms;                /* SUBMIT: its stamp; TIME: the instant; OUTCOME: when */
    struct toc_str bytes;             /* SUBMIT, RECORD, OUTCOME: packed; of a RECORD that a core
                                         in this process wrote (toc_run_config.sink): none */
    const Tocsin__V1__Record *record; /* RECORD */
    uint64_t log_id;                  /* RECORD, UPSTREAM: whose */
    const char *upstream;             /* RECORD, UPSTREAM: its configured name */
    bool left_out;                    /* UPSTREAM */
    const char *stopped;              /* UPSTREAM: why nothing is taken of it until an operator has
                                         looked; NULL: it is not so */
    /* SUBMIT: it has passed this process's own door, which alone makes some fields; or was refused
     * there, for this reason. */
    bool admitted;
    const char *refused; /* NULL: it was not */
    Tocsin__V1__RefuseReason reason;
};

/* The answer to a SUBMIT. A refusal is ordinary business. */
struct toc_receipt {
    Tocsin__V1__Outcome__Status status;
    uint64_t seq;
    uint8_t issue[TOC_ID];
    bool has_issue;
    bool held; /* ACCEPTED and DUPLICATE: it is in the quarantine */
    Tocsin__V1__RefuseReason reason;
    const char *detail; /* a constant or in the arena */
};

struct toc_run;

struct toc_turn {
    struct toc_txn *txn;
    struct toc_arena *arena;     /* reset after each event */
    void *self;                  /* the core's own, see toc_service.open */
    toc_time_ms log_ms;          /* log time; never goes back */
    struct toc_receipt *receipt; /* SUBMIT: to fill */
    bool event_clock;            /* --clock event */
    bool nearly_full;            /* the store is: only acknowledgements may enter */
    /* For the functions below. */
    struct toc_run *run;
    struct toc_journal *journal;
    uint64_t cause_log, cause_seq;
    uint32_t cause_index;
    toc_time_ms wake_ms;
};

/* What toc_emit needs beside the cause, which the turn knows. */
struct toc_out {
    Tocsin__V1__RecordType type;
    uint32_t class_bit;
    unsigned partition;
    toc_time_ms at_ms;
    const uint8_t *issue; /* TOC_ID bytes, or NULL */
    uint64_t prev_seq;
    uint32_t policy;
    bool test;
    uint64_t held_seq;   /* of an event that was held back: its record, and */
    toc_time_ms held_ms; /* its arrival */
    const void *message; /* a packed body is made from it, or: */
    struct toc_str body; /* is taken as it is when message is NULL */
};

/* Appends to the service's own log. `out_seq` may be NULL. */
TOC_MUST enum toc_err toc_emit(struct toc_turn *turn, const struct toc_out *out, uint64_t *out_seq);

/* From here on in this step the cause is that record of the own log, which the step has emitted. */
void toc_emit_because(struct toc_turn *turn, uint64_t seq);

/* Makes the runner call step with TOC_EVENT_TIME once time is past `at_ms` at the latest. */
static inline void toc_wake_at(struct toc_turn *turn, toc_time_ms at_ms)
{
    if (at_ms < turn->wake_ms)
        turn->wake_ms = at_ms;
}

/*
 * The compiled policy of a version, lent until the event is through; version 0 means the one in
 * force. TOC_NONE before the first one was applied, TOC_ERR_DAMAGED when its rows do not give it.
 */
TOC_MUST enum toc_err toc_turn_policy(struct toc_turn *turn, uint32_t version,
                                      const struct toc_policy **out);

/*
 * Keeps the body of a POLICY_PART or POLICY_APPLIED and, if `forward`, repeats it in the service's
 * own log for those behind it. From APPLIED on its version is the one in force here, unless it is
 * only for a report. TOC_NONE for a version that another upstream has told of.
 */
TOC_MUST enum toc_err toc_turn_keep_policy(struct toc_turn *turn, Tocsin__V1__RecordType type,
                                           struct toc_str body, toc_time_ms at_ms, bool forward);

/* Unpacks a body into the turn's arena; `out` is a pointer to the message pointer. */
#define toc_unpack(turn, type, bytes, out)                                                         \
    toc_wire_unpack((turn)->arena, &tocsin__v1__##type##__descriptor, (bytes), (out))

/*
 * By log time all that is due before a record fires before it. By a clock of its own a turn ends
 * with one step of TOC_EVENT_TIME at most, however much is behind, and what comes in waits for
 * none.
 */
enum toc_time_source { TOC_TIME_OF_LOGS, TOC_TIME_OF_OWN_CLOCK };

struct toc_service {
    const char *name;          /* "router" */
    const char *const *tables; /* its own, after the common ones */
    size_t table_count;
    uint32_t upstream_classes;        /* class mask of its Fetches; 0 for all */
    bool accepts_submissions;         /* intake */
    bool sees_upstreams;              /* gets TOC_EVENT_UPSTREAM */
    bool takes_any;                   /* records of types that this version does not know as well */
    bool sees_behind;                 /* gets TOC_EVENT_BEHIND, every second while it is so */
    enum toc_time_source time_source; /* of TOC_EVENT_TIME */
    toc_time_ms rest_ms; /* what it follows may wait so long for more to be taken with it */
    const char *echo; /* name of an upstream that follows this service: what it says comes back from
                         here, so it never counts for log time. May be NULL */
    const char *leader;      /* name of an upstream whose echo this service is. May be NULL */
    uint32_t leader_classes; /* classes of the records that have effects there */
    size_t self_bytes;       /* of `self`: zeroed memory that the run owns */

    /* Rebuilds `self` from rows; `config` is the program's own. May be NULL. */
    enum toc_err (*open)(void *self, const void *config, struct toc_turn *turn);
    void (*close)(void *self); /* may be NULL; accepts a half-opened self */

    enum toc_err (*step)(struct toc_turn *turn, const struct toc_event *ev);

    /* The oldest record of its own log that the core still reads; trimming stays below. May be
     * NULL: none. */
    uint64_t (*needs_from)(const void *self);

    /* The earliest due instant, TOC_TIME_NEVER without one. May be NULL: no dues. */
    enum toc_err (*next_due)(struct toc_txn *txn, toc_time_ms *out);

    /*
     * Whether the rows say that the upstream does not answer: then its first word after a start is
     * told as its return. May be NULL: what was told before a start counts no more.
     */
    enum toc_err (*misses)(struct toc_txn *txn, struct toc_arena *arena, const char *upstream,
                           bool *out);

    /* Whether what the echo says has any effect under the policy in force. With an echo only. */
    enum toc_err (*heeds_echo)(struct toc_turn *turn, bool *out);

    /* Called just before the commit of every turn that stepped anything. May be NULL. */
    enum toc_err (*settle)(struct toc_turn *turn);

    /*
     * A question that only this service answers; `rows` of `answer` from the arena. A refusal is a
     * reason in the answer. May be NULL.
     */
    enum toc_err (*ask)(void *self, struct toc_txn *txn, struct toc_arena *arena,
                        const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

    /* What its status says beside what every service's does. May be NULL. */
    void (*tell)(const void *self, Tocsin__V1__Status *status);

    /* The newest record of the issue or alert asked for in the service's log; 0 for none.
     * May be NULL: no HISTORY. */
    enum toc_err (*last_seq_of)(struct toc_txn *txn, struct toc_arena *arena,
                                const Tocsin__V1__Ask *ask, uint64_t *out);
};

#endif
