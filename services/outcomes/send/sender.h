/*
 * The sender of the real process: after each commit it looks what of the log is for whom, sends it,
 * and reports what came of it. receiver.h has the order, outcomes.h the rules.
 */
#ifndef OUTCOMES_SEND_SENDER_H
#define OUTCOMES_SEND_SENDER_H

#include "common/program.h"
#include "common/send/guard.h"
#include "services/outcomes/back/back.h"
#include "services/outcomes/send/lock.h"

struct sender_config {
    struct lock lock;
    struct toc_guard guard;
    struct toc_mappings backs;
    toc_time_ms dead_after_ms;    /* as the core's */
    int64_t connect_ms, whole_ms; /* timeouts of one request */
    int64_t parallel;             /* to one receiver at once */
    const char *proxy;            /* NULL: none; it, and not the guard, says what is reached then */
};

/* Before toc_program_main's loop starts; `config` is lent for the life of the process. */
void sender_configure(const struct sender_config *config);

extern const struct toc_effects sender_effects;

#endif
