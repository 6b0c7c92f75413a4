/*
 * Intake, router, sla and notifier, linked as they are deployed, each on its own memory disk, for
 * targets that turn bytes into what happens to them. Nothing that happens may be a failure.
 */
#ifndef FUZZ_WORLD_H
#define FUZZ_WORLD_H

#include "tests/fuzz/fuzz.h"

enum fuzz_place { FUZZ_INTAKE, FUZZ_ROUTER, FUZZ_SLA, FUZZ_NOTIFIER };

struct fuzz_node {
    struct toc_run_config config;
    struct toc_run *run;
    struct toc_link link;
};

extern struct fuzz_world {
    struct fuzz_node nodes[FUZZ_NODES];
    struct toc_now now;
    uint64_t ids; /* that were used */
} fuzz_world;

/* All of them on empty disks. */
void fuzz_world_open(void);
void fuzz_world_close(void);

/* Publishes to intake, which may refuse it. */
void fuzz_publish(const Tocsin__V1__Event *event);
void fuzz_apply_policy(struct toc_str text);

/* Time goes by, what is under way arrives, and everybody takes a turn. */
void fuzz_pass(toc_time_ms ms);
/* The same some times over: hellos, fetches, batches and promises take their rounds. */
void fuzz_settle(unsigned rounds);
/* What was not committed is gone, as is everything under way. */
void fuzz_crash(unsigned place);

/* Nobody is stopped, nobody is behind. */
void fuzz_world_settle(void);

#endif
