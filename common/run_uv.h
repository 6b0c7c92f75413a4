/*
 * The loop that drives a run with real input: libuv, ZeroMQ, the clock, signals, metrics. It ends
 * on SIGTERM and SIGINT (TOC_OK) or on the first failure, which it has logged.
 */
#ifndef TOC_RUN_UV_H
#define TOC_RUN_UV_H

#include "common/program.h"

struct toc_run_uv_config {
    const struct toc_program *program;
    struct toc_run_config run; /* link and random are filled here */
    const char *bind;          /* endpoint, or NULL */
    const char *const *upstream_endpoints;
    const char *metrics; /* ADDR:PORT, or NULL */
};

TOC_MUST enum toc_err toc_run_uv(struct toc_run_uv_config *config);

#endif
