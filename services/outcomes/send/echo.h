/*
 * What was written into other tools lately, so that a loop ends: what we write comes back as that
 * tool's webhook, is an event here and may be an outcome that is written again. Values that are the
 * same end it; where a pair of mappings never comes to the same, this does.
 *
 * Memory only, for the latest few thousand issues: it is a net below the mappings, not a promise.
 */
#ifndef OUTCOMES_SEND_ECHO_H
#define OUTCOMES_SEND_ECHO_H

#include "common/str.h"
#include "common/time.h"

#define ECHO_PLACES    4096
#define ECHO_WRITES    10 /* into one issue within ECHO_WINDOW_MS */
#define ECHO_WINDOW_MS TOC_HOUR_MS

struct echo_place {
    uint64_t key, body;
    toc_time_ms since_ms; /* of `count` */
    unsigned count;
};

struct echo {
    struct echo_place places[ECHO_PLACES];
};

enum echo_verdict {
    ECHO_FRESH,
    ECHO_SAME, /* it was written just so, and nothing else since */
    ECHO_LOOP, /* it was written too often: somebody has to look */
};

/* `key` is of the subscription and the issue, `body` of what would be written. */
enum echo_verdict echo_judge(const struct echo *echo, uint64_t key, uint64_t body,
                             toc_time_ms now_ms);
/* It was written. */
void echo_note(struct echo *echo, uint64_t key, uint64_t body, toc_time_ms now_ms);

#endif
