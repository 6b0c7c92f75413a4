/*
 * An LMTP server on a libuv loop: sockets, deadlines and limits around the dialogues of
 * lmtp_session.h. A mail is handed over when it is whole, and its connection goes on when it is
 * answered. LMTP knows no passwords: it is for a mail server beside it, on loopback, a private
 * network or a socket in a directory that others cannot enter.
 */
#ifndef INTAKE_MAIL_LMTP_H
#define INTAKE_MAIL_LMTP_H

#include "services/intake/mail/lmtp_session.h"

#define LMTP_IDLE_MS    120000 /* between commands, however slowly one comes, and for a reply */
#define LMTP_SILENCE_MS 60000  /* within a mail */
#define LMTP_MAIL_MS    600000 /* for a whole mail */
#define LMTP_SPARE_MS   2000   /* an idle connection makes room after that */

struct uv_loop_s;
struct lmtp;
struct lmtp_connection; /* one mail of it, until it is answered */

/* A mail that came; all but `raw` is lent for the call. */
struct lmtp_mail {
    const char *sender; /* "": the null return path */
    const char (*recipients)[LMTP_ADDRESS_MAX + 1];
    size_t recipient_count;
    struct toc_str raw; /* malloc'ed; the taker's to free */
};

struct lmtp_config {
    const char *address; /* "ADDR:PORT", "[V6]:PORT", ":PORT" (127.0.0.1), or a path with '/' */
    unsigned connections_max;   /* beyond it newcomers hear 421 when nobody is idle */
    size_t mail_max, mails_max; /* bytes of one, and of all that come in */
    /* Whether mail is taken for an address: NULL, or the reply that refuses it, a constant. */
    const char *(*refuse)(void *self, const char *address);
    /* Takes a mail over, and calls lmtp_answer for the connection, later. */
    void (*deliver)(void *self, struct lmtp_connection *connection, const struct lmtp_mail *mail);
    void *self; /* of both; outlives the server */
};

/* TOC_ERR_CONFIG for an address that is none or not ours to use, TOC_ERR_BUSY for one in use. */
TOC_MUST enum toc_err lmtp_listen(struct uv_loop_s *loop, const struct lmtp_config *config,
                                  struct lmtp **out);
/* The port it really listens on (for ":0"); 0 for a path. */
unsigned lmtp_port(const struct lmtp *lmtp);
/* A whole reply for each recipient, in order; the connection goes on. */
void lmtp_answer(struct lmtp_connection *connection, const char *const replies[]);
/* Closes every connection, answered or not; frees when the loop has run the close callbacks. NULL
 * is accepted. */
void lmtp_close(struct lmtp *lmtp);

#endif
