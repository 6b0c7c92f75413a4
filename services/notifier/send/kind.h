/*
 * The kinds of contact methods: webhook, Slack, Teams, PagerDuty, ntfy, mail, a program, the fake
 * pager. Each is a file of this folder that says how its part of the contacts file is read, what is
 * sent for a page, and what an answer means. Another provider is a file and a row in kind.c.
 *
 * A kind that is sent over HTTP makes a request and has nothing to do with sockets; the others have
 * a transport of their own, which way.c knows.
 */
#ifndef NOTIFIER_KIND_H
#define NOTIFIER_KIND_H

#include "services/notifier/send/mail_server.h"
#include "services/notifier/send/payload.h"
#include "services/notifier/send/read.h"
#include "services/notifier/send/text.h"

#define METHOD_WORDS_MAX 16   /* of a program: its name and arguments */
#define METHOD_LINE_MAX  1024 /* bytes of a line of a request's header */

struct method_kind;

/* One way to reach a person. */
struct method {
    char *name;
    const struct method_kind *kind;
    bool verified; /* the file vouches for it */
    bool shared;   /* several people read there: no link that acts for the person */
    char *url;     /* kinds over HTTP */
    bool plain;    /* that is without TLS */
    struct toc_webhook_secret secrets[TOC_WEBHOOK_SECRETS_MAX];
    size_t secret_count;
    char *to;                          /* whom at that address: a topic, a routing key; or NULL */
    char *credential;                  /* what shows that we may: beside secrets; or NULL */
    char *words[METHOD_WORDS_MAX + 1]; /* a program and its arguments; ends with NULL */
    const struct mail_server *mail;    /* of an address; NULL: it is none */
    uint32_t origin;                   /* the same number for the same host; CONTACTS_NO_ORIGIN */
};

/* A page that is to leave now. */
struct leaving {
    const struct method *method; /* NULL: it is not in the file any more */
    const struct notifier_page *page;
    const uint8_t *key;   /* the notifier's own */
    struct text text;     /* what it says to a person */
    const char *link;     /* to the alert; "": none */
    const char *ack_link; /* signed, for the person alone; "": none */
    toc_time_ms now_ms;   /* wall clock */
};

/* What leaves; the request points into it, and into the method. */
struct outgoing {
    struct toc_transfer_request request;
    char signature[TOC_WEBHOOK_SIGNATURE_MAX];
    char line[METHOD_LINE_MAX];
    const char *lines[1];
    char body[PAYLOAD_MAX];
};

enum method_transport {
    METHOD_PRINTED, /* on standard output */
    METHOD_POSTED,  /* over HTTP */
    METHOD_SPAWNED, /* a program's standard input */
    METHOD_MAILED,  /* over SMTP */
};

struct method_kind {
    const char *key; /* in the file, and what the core calls it */
    enum method_transport transport;
    bool shared; /* unless the file says otherwise */
    /* Reads the value of its key; what is wrong with it is an error of the reader. */
    void (*read)(struct contacts_reader *r, const struct toc_yaml *node, struct method *out);
    /* Makes what is POSTED, SPAWNED or MAILED. False: no memory. */
    bool (*request)(const struct leaving *leaving, struct outgoing *out);
    /* What a whole answer comes to that says 2xx; NULL: just that. Texts are constants. */
    void (*judge)(struct toc_transfer_answer *answer);
};

extern const struct method_kind method_log, method_webhook, method_slack, method_teams,
    method_pagerduty, method_ntfy, method_exec, method_email;

/* All of them; ends with NULL. */
extern const struct method_kind *const method_kinds[];

/* What receives for many: scheme, host and port, or a program; empty: nothing does. */
struct toc_str method_host(const struct method *method);

/* For judges: the answer is none that this provider gives, so nobody knows who has the page. */
void method_doubt(struct toc_transfer_answer *answer, const char *text);

/* The body of a request from what jansson made of it, which is forgotten here; it may be NULL. */
struct json_t;
bool method_body(struct json_t *body, struct outgoing *out);

#endif
