/*
 * How a page leaves as its method's kind says: printed, over HTTP or SMTP, to a program. What is
 * sent is the kind's (kind.h), when is the queue's (send_queue.h).
 */
#ifndef NOTIFIER_WAY_H
#define NOTIFIER_WAY_H

#include "common/program.h"
#include "common/send/mail.h"
#include "common/send/spawn.h"
#include "services/notifier/send/contacts.h"
#include "services/notifier/send/link.h"
#include "services/notifier/send/send_queue.h"

struct way_transports {
    struct toc_transfers *http;
    struct toc_spawns *programs;
    struct toc_mails *mails;
    struct outgoing outgoing; /* the one that is about to leave */
};

/* A page that is to leave, and what its texts point to. */
struct way_page {
    struct leaving leaving;
    char code[PAYLOAD_CODE_MAX];
    char link[CONTACTS_LINK_MAX + 2 * TOC_ID + 1];
    char ack_link[LINK_URL_MAX];
};

/* Everything is lent, `contacts` (NULL: no file) and `key`, the notifier's own, too. */
void way_prepare(struct way_page *out, const struct contacts *contacts, const uint8_t *key,
                 const struct notifier_page *page, toc_time_ms now_ms);

/*
 * Sends it. True: it is under way, and the transport will answer with `tag`. False: it is through,
 * with `answer`.
 */
bool way_send(struct way_transports *transports, const struct leaving *leaving, void *tag,
              struct flight *flight, struct toc_transfer_answer *answer);

/* Whether its first byte is out, or may be. */
bool way_is_out(const struct flight *flight);
/* Calls it off, and nothing answers any more. False: it is out, or may be. */
bool way_call_off(const struct flight *flight);

/* Kills and abandons what is under way. */
void way_close(struct way_transports *transports);

#endif
