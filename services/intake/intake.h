/*
 * Intake's core: the one door. It validates a published event, tells a repeated one from a fresh
 * one, and appends it to its log; from then on it has happened.
 */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "common/turn.h"
#include "services/intake/exempt.h"

#define INTAKE_ISSUE_MAX    1024 /* bytes of an issue's event: records carry it on */
#define INTAKE_ADDED_MAX    832  /* bytes that intake adds: a record stays small */
#define INTAKE_SNOOZE_MS    (7 * (toc_time_ms)TOC_DAY_MS) /* the longest of an alert */
#define INTAKE_TEXT_MAX     200                           /* bytes of any text in an event */
#define INTAKE_REPEATED_MAX 32                            /* tags and the like */
#define INTAKE_JUMP_MS      (400 * TOC_DAY_MS)            /* event time: the largest step ahead */

/* Own tables. */
enum {
    INTAKE_TABLE_DEDUPE = TOC_TABLE_OWN,
    INTAKE_TABLE_TOKEN,
    INTAKE_TABLE_HOLD,
    INTAKE_TABLE_ERASURE,
    INTAKE_TABLE_HELD,    /* quarantine: u64be seq -> HeldRow */
    INTAKE_TABLE_HELD_BY, /* quarantine: kind ‖ what ‖ u64be seq, see quarantine.c */
    INTAKE_TABLE_THREAD,  /* mails and their issues, see thread.c */
    INTAKE_TABLE_ERASING, /* erasures under way, by what asked for them, see erasure.c */
};

struct intake_config {
    uint8_t issue_key[32]; /* of the deployment: makes issue ids */
    uint8_t seal_key[32];  /* public: what keys of grants are sealed for, see edge/grant.h */
    bool control;          /* accepts records for everyone */
    size_t memory_entries; /* of the dedupe index, see dedupe.h */
    toc_time_ms window_ms; /* how long a repeat is recognised */
    struct exempt exempt;  /* what is not held back */
    uint64_t held_max;     /* events in the quarantine */
};

#define INTAKE_EARLIEST_MS 1              /* event time: 1970; 0 stands for no instant */
#define INTAKE_LATEST_MS   10413792000000 /* event time: 2300-01-01, where calendars end */

/* open's config is a struct intake_config. */
extern const struct toc_service intake_service;

/* How many token events the core has kept since its start: when it moves, its edge reads the rows
 * again. `self` is the run's. */
uint64_t intake_tokens_kept(const void *self);

/* The same of erasures that were asked for or moved: when it moves, the shell looks at the rows. */
uint64_t intake_erasures_kept(const void *self);
/* The same of holds placed or released. */
uint64_t intake_holds_kept(const void *self);
/* How many events are in the quarantine, and since when the first of them is; 0 when there is none.
 */
uint64_t intake_held(const void *self, toc_time_ms *out_since_ms);

#endif
