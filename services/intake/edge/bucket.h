/*
 * A bucket of events: so many flow into it in a second, twice as many it holds, and it begins full.
 * More may be taken than is there, by a batch; then the wait gets longer.
 */
#ifndef INTAKE_EDGE_BUCKET_H
#define INTAKE_EDGE_BUCKET_H

#include "common/time.h"

#include <stddef.h>

struct bucket {
    double rate;  /* events a second */
    double taken; /* of what it holds */
    toc_time_ms at_ms;
};

/* After how many milliseconds one event is there; 0: now. */
toc_time_ms bucket_wait(struct bucket *bucket, toc_time_ms mono_ms);
void bucket_take(struct bucket *bucket, size_t events);

#endif
