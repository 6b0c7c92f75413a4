/*
 * A publisher over HTTP made for measuring: many kept-alive connections, one request in hand on
 * each, latency of every answer. It fails on any answer but 202.
 */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include "tests/bench/bench_client.h"

struct bench_http_options {
    unsigned port; /* on 127.0.0.1 */
    const char *token;
    double seconds;
    unsigned connections;
    unsigned batch; /* events of a request; 1: structured, more: a batch */
    const char *run;
};

void bench_http(const struct bench_http_options *options, struct bench_result *out);

#endif
