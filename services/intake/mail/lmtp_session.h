/*
 * The dialogue of one LMTP connection (RFC 2033, 2920, 1870, 6152, 6531, 2034) without its socket:
 * bytes in, replies out. A mail is handed over whole, and every recipient gets its own answer once
 * what became of it is durable.
 */
#ifndef INTAKE_MAIL_LMTP_SESSION_H
#define INTAKE_MAIL_LMTP_SESSION_H

#include "services/intake/mail/lmtp_data.h"
#include "services/intake/mail/lmtp_line.h"

#define LMTP_LINE_MAX       2048 /* bytes of a command */
#define LMTP_RECIPIENTS_MAX 100  /* of one mail (RFC 5321, section 4.5.3.1.8) */
#define LMTP_ERRORS_MAX     20   /* refused addresses among them; then it is over */
#define LMTP_REPLY_MAX      200  /* bytes of a reply's line */

/* What sessions share. */
struct lmtp_shared {
    const char *name; /* of this host, in the greeting */
    size_t mail_max;  /* bytes of one mail */
    size_t bytes_max; /* of the mails of all sessions */
    size_t bytes;
    /* Whether someone is there to take mail for an address: NULL, or the reply that refuses it. */
    const char *(*refuse)(void *self, const char *address);
    void *self;
};

enum lmtp_state {
    LMTP_READING,   /* a command is awaited */
    LMTP_TAKING,    /* a mail comes in */
    LMTP_DELIVERING /* it is here: lmtp_session_settle goes on */
};

struct lmtp_session {
    struct lmtp_shared *shared;
    enum lmtp_state state;
    bool greeted;                      /* with LHLO */
    bool over;                         /* what is written is the last */
    bool has_sender;                   /* MAIL was accepted */
    char sender[LMTP_ADDRESS_MAX + 1]; /* empty: the null return path */
    char (*recipients)[LMTP_ADDRESS_MAX + 1];
    size_t recipient_count;
    unsigned errors; /* since the last mail */
    struct lmtp_data data;
    const char *refusal; /* of the mail that comes in, whatever follows; NULL: none */
    char *mail;          /* owned; counted in shared->bytes by its room */
    size_t mail_size, mail_room;
    char *out; /* replies not written yet */
    size_t out_size, out_room;
};

/* Begins with a greeting. TOC_ERR_MEMORY. */
TOC_MUST enum toc_err lmtp_session_init(struct lmtp_session *session, struct lmtp_shared *shared);
void lmtp_session_done(struct lmtp_session *session);

/*
 * Goes on over what has come, and returns how much of it is done with: a command that is not whole
 * yet stays with the caller, who comes back with more of it (at most LMTP_LINE_MAX bytes). Stops at
 * a mail, with the state LMTP_DELIVERING, and when it is over.
 */
size_t lmtp_session_take(struct lmtp_session *session, struct toc_str in);

/* The mail that was handed over, for the caller to free. It counts as room that is taken until it
 * is settled. */
struct toc_str lmtp_session_give(struct lmtp_session *session);

/* What became of the mail: a whole reply for each recipient, in order. */
void lmtp_session_settle(struct lmtp_session *session, const char *const replies[]);

/* Says "421" and ends it: for a deadline, or when there are too many. */
void lmtp_session_end(struct lmtp_session *session, const char *reply);

#endif
