/*
 * Carries out what intake's core has accepted about people and their content: deletes the keys of
 * whom it was asked to erase, renews the vault once a day, and tells the core of each, which
 * records it. At start the ledger of erasures has the last word over what a restored backup brought
 * back.
 *
 * Everything it does follows from rows, files and the clock, and may be done again, so it goes on
 * after a crash. Only doors.c uses it.
 */
#ifndef INTAKE_DOORS_ERASER_H
#define INTAKE_DOORS_ERASER_H

#include "common/run.h"
#include "services/intake/vault/vault.h"

struct eraser_config {
    const char *ledger;    /* a file */
    toc_time_ms job_at_ms; /* time of the day, UTC, at which the vault is renewed; -1: see below */
    toc_time_ms every_ms;  /* how long after the last time */
};

struct eraser;

/* Erases again what the ledger says, before anybody can read it. What is lent outlives it. */
TOC_MUST enum toc_err eraser_start(const struct eraser_config *config, struct toc_run *run,
                                   struct vault *vault, struct toc_now now, struct eraser **out);
/* Accepts NULL. Before the vault is closed. */
void eraser_stop(struct eraser *eraser);

/* After every commit: whatever can be done now, in a few milliseconds. A failure ends the process;
 * a full disk is none, it tries again. */
TOC_MUST enum toc_err eraser_work(struct eraser *eraser, struct toc_now now);

#endif
