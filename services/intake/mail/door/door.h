/*
 * Intake's door for mail: what a mail server hands over by LMTP is read, becomes events, passes the
 * admission and the run like any others, and every recipient is answered after the commit that has
 * it. To the run it is one more peer (TOC_PEER_MAIL).
 */
#ifndef INTAKE_MAIL_DOOR_H
#define INTAKE_MAIL_DOOR_H

#include "common/program.h"
#include "services/intake/admit/admit.h"
#include "services/intake/mail/map.h"
#include "services/intake/quota/quota.h"

struct mail_door_config {
    const char *address; /* for lmtp_listen; NULL: no mail is taken */
    unsigned connections_max;
    size_t mail_max; /* bytes of one */
    struct mail_map map;
    uint8_t issue_key[32];
    struct admit *admit; /* when it is there */
    struct quota *quota; /* NULL: none */
};

/* Before the program starts; what it points to outlives it. */
void mail_door_configure(const struct mail_door_config *config);

extern const struct toc_effects mail_door_effects;

#endif
