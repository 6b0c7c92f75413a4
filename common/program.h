/*
 * The main function of every service: options, the libuv loop, signals, metrics.
 *
 * A service's main.c fills one struct toc_program and calls toc_program_main. Options that all
 * services share (--data, --bind, --upstream, --metrics, --clock, …) are here; a program adds its
 * own rows. run_uv.c holds the loop.
 */
#ifndef TOC_PROGRAM_H
#define TOC_PROGRAM_H

#include "common/conf.h"
#include "common/run.h"

struct uv_loop_s;

/* Side effects of a service (the notifier's sends), living in the same loop. All may be NULL. */
struct toc_effects {
    /* Before the first turn; what is passed outlives it. `*out_self` comes back in the others. */
    enum toc_err (*start)(struct uv_loop_s *loop, struct toc_link *link, struct toc_run *run,
                          void **out_self);
    /* After every commit: look for intents that are due. */
    void (*after_commit)(void *self, struct toc_now now);
    /* The loop is about to end: abandon what is under way; its outcome is unknown. */
    void (*stop)(void *self);
};

struct toc_program {
    const struct toc_service *service;
    const char *name;                      /* "tocsin-router" */
    const char *summary;                   /* for --help */
    const char *more;                      /* examples for --help; may be NULL */
    const struct toc_conf_option *options; /* beside the common ones */
    size_t option_count;
    /* Reads the files that options name; what is wrong with them is told on standard error. --check
     * calls it; `prepare` does where it is for more than that. May be NULL. */
    enum toc_err (*check)(void);
    /* Turns the options into what service->open gets; reads secrets. May be NULL. */
    enum toc_err (*prepare)(const void **out_service_config);
    const struct toc_effects *effects; /* may be NULL */
    /* Why, where service->open says TOC_ERR_MALFORMED; NULL: the usual text. */
    const char *malformed;
};

/* Never returns before the service stops; the result is the process's exit status. */
int toc_program_main(const struct toc_program *program, int argc, char **argv);

/* True when --clock event was given; for `prepare` and effects. */
bool toc_program_event_clock(void);

/* How many --upstream were given; for `check`. */
size_t toc_program_upstreams(void);

/* --data, for `prepare` and effects. */
const char *toc_program_data_dir(void);
/* The endpoint of the upstream of that name; NULL without one. */
const char *toc_program_upstream(const char *name);
/* Whether nobody but processes of this host can connect (--bind is ipc:// or nothing). */
bool toc_program_is_local(void);

/* What time it is, for effects between turns. */
struct toc_now toc_program_now(void);

/*
 * Reads a secret of exactly `size` bytes from a file. TOC_ERR_CONFIG, told on standard error, when
 * it is not there, has another size, or may be read by others.
 */
TOC_MUST enum toc_err toc_program_secret(const char *file, void *out, size_t size);

#endif
