/*
 * A publisher made for measuring: prepared events, a window of Publish frames in flight, latency of
 * every receipt. It counts what was acknowledged and fails on any refusal.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "common/link_zmq.h"
#include "common/wire.h"

#define SAMPLES_MAX 4000000

struct bench_options {
    const char *endpoint;
    double seconds;
    unsigned batch;  /* events per frame */
    unsigned window; /* frames in flight */
    double rate;     /* frames per second; 0: as fast as the window allows */
    unsigned issues; /* events are spread over this many; 0: every event opens one of its own */
    unsigned bytes;  /* of an event */
    bool critical;   /* openings carry a critical risk: somebody is paged */
    unsigned spread; /* openings have one of so many categories: c-0, c-1, …; 0: "billing" */
    uint64_t frames; /* at most; 0: as many as the time allows */
    const char *run; /* part of every id: two runs never collide */
};

struct bench_result {
    uint64_t events; /* acknowledged */
    double seconds;
    double *latency_ms; /* one per frame, sorted; free() it */
    size_t samples;
    double began_ms; /* of the wall clock */
};

double bench_now(void);
/* Milliseconds since the epoch. */
double bench_wall_ms(void);
double bench_percentile(const double *sorted, size_t count, double percent);

/* Opens `issues` issues, so that what is measured finds them there. */
void bench_prepare(struct toc_link *link, const struct bench_options *options);
void bench_publish(struct toc_link *link, const struct bench_options *options,
                   struct bench_result *out);

_Noreturn void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
