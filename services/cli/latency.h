/* Durations in buckets of about six percent: any number of them in a few kilobytes. */
#ifndef CLI_LATENCY_H
#define CLI_LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS 1024

struct latency {
    uint64_t count, largest_us;
    uint64_t buckets[LATENCY_BUCKETS];
};

void latency_add(struct latency *latency, uint64_t us);

/* The duration that so many in a thousand do not exceed, rounded up to its bucket; 0 for none. */
uint64_t latency_at(const struct latency *latency, unsigned per_thousand);

#endif
