/*
 * Mails over SMTP of what sends to others, with their answers in the libuv loop. libcurl speaks
 * SMTP, and waits where it stands for what a server says to the end of a message: so a mail is sent
 * by a thread of the loop's pool, at most TOC_MAILS_MAX are at once, each with a thread for itself
 * (unless UV_THREADPOOL_SIZE says otherwise), and a server that hangs delays no other receiver. A
 * mail's time counts from its start.
 *
 * TLS is a must, from the first byte (smtps) or by STARTTLS, unless the server is said to be plain;
 * certificates are verified. Where the server offers delivery reports (RFC 3461), they are asked
 * for, of failures and delays.
 *
 * `done` is called from the loop, once per mail that was started and not called off, and never from
 * within a function below. What the server said has a code as HTTP has them: 200; 503 for what it
 * may take later; 422 for what it refuses; 401 for a user that it does not let in; 0 when it gave
 * no whole answer.
 */
#ifndef TOC_SEND_MAIL_H
#define TOC_SEND_MAIL_H

#include "common/send/guard.h"
#include "common/send/transfer.h"

#define TOC_MAILS_MAX         32  /* each may have its own copy of all who are trusted: 1 MB */
#define TOC_MAIL_ADDRESS_MAX  254 /* bytes */
#define TOC_MAIL_URL_MAX      600
#define TOC_MAIL_SECRET_MAX   512         /* of a user's name or a password */
#define TOC_MAIL_ENVELOPE_MAX 64          /* of the id of an envelope */
#define TOC_MAIL_BODY_MAX     (16 * 1024) /* of a message */

struct toc_mails;
struct toc_mail;

struct toc_mails_config {
    struct uv_loop_s *loop;
    long connect_ms, whole_ms;     /* timeouts; the first, with TLS and AUTH, within the second */
    const char *ca_file;           /* who is trusted; NULL: whom the system trusts */
    const char *proxy;             /* NULL: none, whatever the environment says */
    const struct toc_guard *guard; /* which addresses may be reached; NULL: any */
    void (*done)(void *self, void *tag, const struct toc_transfer_answer *answer);
    void *self;
};

/* All is copied. Addresses are printable ASCII without blanks, < and >. */
struct toc_mail_request {
    const char
        *url; /* smtps://HOST:PORT/NAME, or smtp: with STARTTLS; NAME is what we are called */
    const char *from, *to;
    const char *user, *password; /* NULL: no AUTH */
    const char *envelope;        /* what reports name it by: letters, digits and _ */
    bool plain;                  /* without TLS */
    long whole_ms;               /* a shorter limit than that of all; 0: none */
    struct toc_str message;      /* lines end with CR LF */
};

/* TOC_ERR_MEMORY. */
TOC_MUST enum toc_err toc_mails_open(const struct toc_mails_config *config, struct toc_mails **out);

/* Abandons what is under way, without a word; memory goes with the loop's next runs. Accepts NULL.
 */
void toc_mails_close(struct toc_mails *mails);

/* NULL when there is no room or no memory. `tag` comes back in `done`. */
struct toc_mail *toc_mails_start(struct toc_mails *mails, const struct toc_mail_request *request,
                                 void *tag);

/* Whether its envelope is out: it can no longer be called off. */
bool toc_mail_is_out(const struct toc_mail *mail);
/* Calls it off, unless its envelope is out: false then. `done` is not called. */
bool toc_mail_call_off(struct toc_mail *mail);

#endif
