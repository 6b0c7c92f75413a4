/*
 * A command of LMTP (RFC 2033; RFC 5321, section 4.1) as it stands on its line, by the letter where
 * letters matter: what two sides read differently is what smuggling lives on.
 */
#ifndef INTAKE_MAIL_LMTP_LINE_H
#define INTAKE_MAIL_LMTP_LINE_H

#include "common/str.h"

#define LMTP_ADDRESS_MAX 320 /* 64 bytes, '@', 255 bytes */

enum lmtp_verb {
    LMTP_LHLO,
    LMTP_MAIL,
    LMTP_RCPT,
    LMTP_DATA,
    LMTP_RSET,
    LMTP_NOOP,
    LMTP_QUIT,
    LMTP_VRFY,
    LMTP_HELO, /* of SMTP: not spoken here */
    LMTP_UNKNOWN
};

struct lmtp_command {
    enum lmtp_verb verb;
    struct toc_str argument;            /* without blanks around it */
    char address[LMTP_ADDRESS_MAX + 1]; /* MAIL, RCPT: without < and >, and without a route */
    uint64_t size;                      /* MAIL: SIZE=, 0 when not said */
};

/* `line` without its end. NULL, or what is wrong with it: a whole reply. */
const char *lmtp_line_read(struct toc_str line, struct lmtp_command *out);

#endif
