/*
 * Router's core: the sequencer. It gives every issue its number and its one ordered history, drives
 * the state, triages it and routes it to a queue.
 */
#ifndef ROUTER_ROUTER_H
#define ROUTER_ROUTER_H

#include "common/turn.h"

#define ROUTER_PARKED_MAX 16                   /* events that wait for one issue's opening */
#define ROUTER_PARK_MS    (10 * TOC_SECOND_MS) /* how long they wait, in log time */
#define ROUTER_TRIED_MAX  16                   /* rules listed as not fitting */
#define ROUTER_TAGS_MAX   32

/* open takes no config. */
extern const struct toc_service router_service;

#endif
