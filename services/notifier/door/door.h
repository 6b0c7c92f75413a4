/*
 * The notifier's HTTP port: signed links from pages, and JSON for tools, by which alerts are
 * answered from anywhere.
 *
 *      GET  /a/TOKEN                     a page with buttons; changes nothing, whoever fetches it
 *      POST /a/TOKEN                     does what the button says, once
 *      GET  /v1/alerts/{id}              how an alert stands, with its version
 *      POST /v1/alerts/{id}/{action}     ack, take, snooze, escalate, resolve, note
 *
 * Nothing is done here: an action is published to an intake over the bus, and takes effect when the
 * notifier comes to it in intake's log. The answer waits for both. The id of a link's event is made
 * of its token, so what is pressed twice is done once, whatever crashed between: intake tells the
 * repeat.
 */
#ifndef NOTIFIER_DOOR_H
#define NOTIFIER_DOOR_H

#include "common/http_peer.h"
#include "common/program.h"
#include "services/notifier/send/contacts.h"

struct door_config {
    const char *address;             /* NULL: closed */
    const char *act;                 /* the endpoint of an intake */
    const char *token_file;          /* of tools; NULL: links alone are served */
    struct toc_http_proxies proxies; /* in front: their X-Forwarded-For is believed */
    const struct contacts *contacts; /* in whose language people are answered; NULL: no file */
};

/* Reads the tokens; `config` is lent for the life of the process. What is wrong is told on standard
 * error. Links are link.h's. */
TOC_MUST enum toc_err door_configure(const struct door_config *config);

/* Set-up, what waits, and the end; all do nothing when it is closed. */
extern const struct toc_effects door_effects;

#endif
