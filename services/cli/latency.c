#include "services/cli/latency.h"

#define FINE 16 /* buckets per power of two; below it every number has its own */

static unsigned bucket_of(uint64_t us)
{
    if (us < FINE)
        return (unsigned)us;
    unsigned power = 63u - (unsigned)__builtin_clzll(us); /* 4 and up */
    return FINE * (power - 3) + (unsigned)(us >> (power - 4) & (FINE - 1));
}

/* The largest number in a bucket. */
static uint64_t end_of(unsigned bucket)
{
    if (bucket < FINE)
        return bucket;
    unsigned power = bucket / FINE + 3;
    uint64_t width = 1ull << (power - 4);
    return (FINE + bucket % FINE) * width + width - 1;
}

void latency_add(struct latency *latency, uint64_t us)
{
    latency->buckets[bucket_of(us)]++;
    latency->count++;
    if (us > latency->largest_us)
        latency->largest_us = us;
}

uint64_t latency_at(const struct latency *latency, unsigned per_thousand)
{
    uint64_t wanted = (latency->count * per_thousand + 999) / 1000, seen = 0;
    for (unsigned i = 0; i < LATENCY_BUCKETS && wanted > 0; i++) {
        seen += latency->buckets[i];
        if (seen >= wanted)
            return end_of(i) < latency->largest_us ? end_of(i) : latency->largest_us;
    }
    return 0;
}
