/*
 * Router's core: the sequencer. It gives every issue its number and its one ordered history, drives
 * the issue's state, triages it and routes it to a queue.
 */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include "common/turn.h"

#define ROUTER_PARKED_MAX      16                   /* events that wait for one issue's opening */
#define ROUTER_PARK_MS         (10 * TOC_SECOND_MS) /* how long they wait, in log time */
#define ROUTER_TRIED_MAX       16                   /* rules listed as not fitting */
#define ROUTER_TAGS_MAX        32
#define ROUTER_FACTS_MAX       16  /* that people established */
#define ROUTER_FOUND_MAX       400 /* bytes of facts that detectors found, risks apart */
#define ROUTER_FOUND_ISSUE_MAX 900 /* bytes of a row up to which they are added, risks apart */
#define ROUTER_LEFT_OUT_MAX    16  /* of them for want of room, that one record names */
#define ROUTER_ALIKE_MAX       8   /* openings of a requester and day that may have duplicates */
#define ROUTER_ESCALATIONS_MAX 8   /* of one issue to other teams, open at once */
#define ROUTER_MERGES_MAX      16  /* issues in a chain of merges */
#define ROUTER_ISSUE_MAX       1100 /* bytes of an issue's row; a value that goes beyond is refused */
#define ROUTER_CHANGE_MAX      1780 /* bytes of a change: with all around it, it fits a log record */

/*
 * What no limit may keep out of a row is queue, SLA, path, partner and person, all named by the
 * policy: with them, beyond an opening or ROUTER_ISSUE_MAX, it has less than 1,460 bytes. So what
 * the router itself decides always fits a record, whose body may have 1,850: the largest such is a
 * rule's escalation to a team, with names and ids of 395. What a publisher says beside the row is
 * refused when it does not fit.
 */

/* open takes no config. */
extern const struct toc_service router_service;

#endif
