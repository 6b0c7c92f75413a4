/*
 * The sender of the real process: picks up pages that are due after each commit, sends them, and
 * reports what came of it. See notifier.h for the rules, send_queue.h for the order, way.h for what
 * is sent, common/send/sender.h for what every sender does.
 */
#ifndef NOTIFIER_SENDER_H
#define NOTIFIER_SENDER_H

#include "common/program.h"
#include "services/notifier/send/contacts.h"

struct send_config {
    const struct contacts *contacts; /* lent; NULL: everybody is reached by the fake pager */
    uint8_t key[CONTACTS_KEY_BYTES]; /* the notifier's own */
    int64_t connect_ms, whole_ms;    /* timeouts of one send */
    int64_t parallel;                /* sends to one origin at once */
    const char *proxy;               /* NULL: none */
};

/* Before toc_program_main's loop starts; `config` is lent for the life of the process. */
void send_configure(const struct send_config *config);

extern const struct toc_effects send_effects;

#endif
