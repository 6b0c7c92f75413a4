/*
 * The suite in one process: the cores of intake, router, sla and notifier on memory stores, in
 * event time, for `tocsin policy test` and `backtest`. It hides who follows whom. Nothing is sent,
 * nothing is synced, nothing outside this process is read or changed.
 *
 * Before an event of instant t is taken, all that was due before t has come to pass, each due at
 * its own instant and with all that followed from it in every service: as in a suite that is never
 * late. What sla tells the router about t itself comes when t is over, as on the bus. A page is
 * planned and recorded; nobody reports what became of it.
 */
#ifndef CLI_INPROC_H
#define CLI_INPROC_H

#include "common/turn.h"

enum inproc_service { INPROC_INTAKE, INPROC_ROUTER, INPROC_SLA, INPROC_NOTIFIER, INPROC_SERVICES };

/* A record that a service has just written, lent for the call. A failure ends the feeding. */
typedef enum toc_err (*inproc_record_fn)(void *arg, enum inproc_service service,
                                         const Tocsin__V1__Record *record);

struct inproc_config {
    inproc_record_fn on_record; /* may be NULL */
    void *arg;
};

struct inproc;

TOC_MUST enum toc_err inproc_open(const struct inproc_config *config, struct inproc **out);
/* Accepts NULL. */
void inproc_close(struct inproc *suite);

/* Applies a policy that compiles, as the next version, at `at_ms`. */
TOC_MUST enum toc_err inproc_apply(struct inproc *suite, struct toc_str text, toc_time_ms at_ms,
                                   uint32_t *out_version);

/* Publishes through intake, which may refuse. The receipt's detail lives until the next call. */
TOC_MUST enum toc_err inproc_publish(struct inproc *suite, const Tocsin__V1__Event *event,
                                     toc_time_ms at_ms, struct toc_receipt *receipt);

/* Takes a record of a real intake's log as it was accepted there; instants never go back. */
TOC_MUST enum toc_err inproc_take(struct inproc *suite, uint64_t log_id,
                                  const Tocsin__V1__Record *record, struct toc_str bytes);

/* All that is due before `to_ms` comes to pass. */
TOC_MUST enum toc_err inproc_advance(struct inproc *suite, toc_time_ms to_ms);

/* "router", … */
const char *inproc_name(enum inproc_service service);
uint64_t inproc_log_id(const struct inproc *suite, enum inproc_service service);

/* The id of the issue that (source, subject) names in this suite. */
void inproc_issue_id(const struct inproc *suite, const char *source, const char *subject,
                     uint8_t out[TOC_ID]);

#endif
