/*
 * Invented but lifelike traffic: issues that open over channels, regions and languages, get
 * replies, wait, change priority, are solved, come back and close. One seed, one sequence of
 * events, byte for byte; it looks at no clock and leaves time to the intake.
 */
#ifndef CLI_TRAFFIC_H
#define CLI_TRAFFIC_H

#include "common/wire.h"

#define TRAFFIC_OPEN_MAX 2000000

struct traffic_config {
    uint64_t seed; /* also in the source: runs with other seeds are other issues */
    size_t open;   /* how many issues are kept open, 1 … TRAFFIC_OPEN_MAX */
    bool test;     /* marks every event as a test */
};

struct traffic;

/* TOC_ERR_MEMORY. */
TOC_MUST enum toc_err traffic_new(const struct traffic_config *config, struct traffic **out);
/* Accepts NULL. */
void traffic_free(struct traffic *traffic);

/* The next event, lent until the next call. */
const Tocsin__V1__Event *traffic_next(struct traffic *traffic);

/* Issues open now. */
size_t traffic_open_count(const struct traffic *traffic);

#endif
