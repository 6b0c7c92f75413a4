/*
 * The notifier's own sign of life: a POST to a service outside every half a minute, which wakes
 * somebody when it does not come (a dead man's switch). It stops with the process, with its loop,
 * and while the store is so full that pages could not be recorded. It says nothing of issues.
 */
#ifndef NOTIFIER_HEARTBEAT_H
#define NOTIFIER_HEARTBEAT_H

#include "common/program.h"
#include "common/send/guard.h"

struct heartbeat_config {
    const char *url_file;          /* of the address, which is a secret; NULL: there is none */
    const struct toc_guard *guard; /* lent; NULL: the open internet alone */
    const char *proxy;             /* NULL: none */
};

/* Reads the address; what is wrong with it is told on standard error. */
TOC_MUST enum toc_err heartbeat_check(const struct heartbeat_config *config);

/* The same, before toc_program_main's loop starts. */
TOC_MUST enum toc_err heartbeat_configure(const struct heartbeat_config *config);

extern const struct toc_effects heartbeat_effects;

#endif
