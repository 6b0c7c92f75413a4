/*
 * SLA's core: the clocks. It follows the router's history of every issue, keeps a ledger of the
 * time that counts, and says when a threshold or a target was passed: strictly after the instant,
 * by log time, so that the verdict is a function of the log.
 */
#ifndef SLA_SLA_H
#define SLA_SLA_H

#include "common/turn.h"

#define SLA_DUES_PER_STEP        256
#define SLA_UNCONFIRMED_PER_STEP 4096 /* issues looked at in a second while log time is behind */
#define SLA_CLOCKS_MAX           64   /* of one issue: further reopenings start none */
#define SLA_REFUSED_SAID         16   /* clocks beyond that, of which the log says so */
#define SEGMENTS_MAX             256  /* stretches of an issue's life that are kept */
#define SLA_LEDGER_SHOWN         32   /* intervals in a record's sum, the latest */
#define SLA_LATE_MS              (5 * TOC_SECOND_MS) /* seen later than this: a catch-up */

/* open takes no config. */
extern const struct toc_service sla_service;

#endif
