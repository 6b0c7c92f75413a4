/*
 * Programs of what sends to others, in the libuv loop: at most TOC_SPAWNS_MAX at once. A program is
 * started as it stands, without a shell, with the environment PATH and LANG alone, in the directory
 * /, with its input on standard input, nothing on the other two and no other descriptor. It leads a
 * process group of its own, all of which is killed at the time limit.
 *
 * `done` is called from the loop, once per program that was started, and never from within a
 * function below. What became of it has a code as HTTP has them: exit status 0 is 200, 75
 * (EX_TEMPFAIL of sysexits.h) is 503, any other 422; 0 when it was killed.
 */
#ifndef TOC_SEND_SPAWN_H
#define TOC_SEND_SPAWN_H

#include "common/send/transfer.h"

#define TOC_SPAWNS_MAX      TOC_TRANSFERS_MAX
#define TOC_SPAWN_INPUT_MAX TOC_TRANSFER_BODY_MAX

struct toc_spawns;

struct toc_spawns_config {
    struct uv_loop_s *loop;
    int64_t whole_ms; /* the time limit of each */
    void (*done)(void *self, void *tag, const struct toc_transfer_answer *answer);
    void *self;
};

struct toc_spawn_request {
    char *const *words;   /* the program's path and its arguments, ends with NULL */
    int64_t whole_ms;     /* a shorter limit than that of all; 0: none */
    struct toc_str input; /* copied; at most TOC_SPAWN_INPUT_MAX bytes */
};

/* TOC_ERR_MEMORY. */
TOC_MUST enum toc_err toc_spawns_open(const struct toc_spawns_config *config,
                                      struct toc_spawns **out);

/* Kills what runs, without a word; memory goes with the loop's next runs. Accepts NULL. */
void toc_spawns_close(struct toc_spawns *spawns);

/* NULL when it runs; else why it does not, a constant. */
const char *toc_spawns_start(struct toc_spawns *spawns, const struct toc_spawn_request *request,
                             void *tag);

#endif
