/*
 * One service's core driven by hand: its real run and its real rows, without link and clock.
 * Whoever holds it says what time it is, hands it events one by one and reads what it wrote;
 * nothing leaves it and it sends no promises. The command line's suite in one process and the
 * tests' harness stand on this, both on the memory store.
 *
 * What is stepped is committed by toc_core_commit alone; until then reads see it as well. Not
 * thread-safe.
 */
#ifndef TOC_RUN_CORE_H
#define TOC_RUN_CORE_H

#include "common/run.h"

struct toc_core;

struct toc_core_config {
    const struct toc_service *service;
    const void *service_config; /* for service->open; outlives the core */
    const char *dir;            /* of its store */
    bool event_clock;
    uint64_t log_id; /* of its log, made odd, when the store is new */
    /* Takes its records instead of its log: see toc_run_config. NULL for the log. */
    enum toc_err (*sink)(void *arg, const Tocsin__V1__Record *record);
    void *sink_arg;
};

/* Copies `config`. Failures as toc_run_open. */
TOC_MUST enum toc_err toc_core_open(const struct toc_core_config *config, struct toc_core **out);
/* What was not committed never happened. The store's content stays. Accepts NULL. */
void toc_core_close(struct toc_core *core);

TOC_MUST enum toc_err toc_core_commit(struct toc_core *core);

/* Log time moves to `log_ms`, never back, and what is due before it fires. */
TOC_MUST enum toc_err toc_core_set_log(struct toc_core *core, toc_time_ms log_ms);
toc_time_ms toc_core_log_ms(const struct toc_core *core);
/* Nothing is due before this instant; TOC_TIME_NEVER when nothing is due at all. */
toc_time_ms toc_core_wake_ms(const struct toc_core *core);

/* A record of an upstream's log, with its packed bytes, at the present log time. */
TOC_MUST enum toc_err toc_core_record(struct toc_core *core, uint64_t log_id, const char *upstream,
                                      const Tocsin__V1__Record *record, struct toc_str bytes);
/* An event that a publisher sends, or intake has `admitted` from one; the receipt's detail lives
 * until the next call. */
TOC_MUST enum toc_err toc_core_submit(struct toc_core *core, struct toc_str event, bool admitted,
                                      toc_time_ms at_ms, struct toc_receipt *receipt);
/* What became of a side effect, packed as the service does it. */
TOC_MUST enum toc_err toc_core_outcome(struct toc_core *core, struct toc_str bytes);
/* The wall clock shows `wall_ms` while log time stands still. */
TOC_MUST enum toc_err toc_core_behind(struct toc_core *core, toc_time_ms wall_ms);

/* An upstream falls silent, is stopped for a reason (NULL: it is not) or is back. */
TOC_MUST enum toc_err toc_core_upstream(struct toc_core *core, const char *name, bool left_out,
                                        const char *stopped);

/* Its log, uncommitted records included. */
uint64_t toc_core_log_id(const struct toc_core *core);
uint64_t toc_core_last_seq(const struct toc_core *core);

/* A read of log and rows as they stand. Nothing may be stepped until toc_core_look_away. */
struct toc_core_look {
    struct toc_txn *txn;
    bool own; /* a transaction of its own, or the open turn's */
};
TOC_MUST enum toc_err toc_core_look(struct toc_core *core, struct toc_core_look *out);
void toc_core_look_away(struct toc_core_look look);

/* What is under it, for harnesses. */
struct toc_run *toc_core_run(struct toc_core *core);

#endif
