#include "services/intake/edge/bucket.h"

toc_time_ms bucket_wait(struct bucket *bucket, toc_time_ms mono_ms)
{
    bucket->taken -= bucket->rate * (double)(mono_ms - bucket->at_ms) / 1000;
    bucket->at_ms = mono_ms;
    if (bucket->taken < 0)
        bucket->taken = 0;
    double lacking = bucket->taken + 1 - 2 * bucket->rate;
    return lacking <= 0 ? 0 : 1 + (toc_time_ms)(lacking * 1000 / bucket->rate);
}

void bucket_take(struct bucket *bucket, size_t events)
{
    bucket->taken += (double)events;
}
