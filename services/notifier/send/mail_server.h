/*
 * The server by which all mails go, as the contacts file has it under `mail`:
 *
 *     mail:
 *       server: smtps://smtp.example.com:465   # or smtp://, with STARTTLS
 *       from: tocsin@example.com
 *       user: tocsin
 *       password_file: smtp.password
 *       domain: pages.example.com   # of message ids; that of `from`, unless it says otherwise
 *       ca_file: /etc/ssl/own.pem   # who is trusted beside it; whom the system trusts
 *       plain: true                 # without TLS, on this machine alone
 */
#ifndef NOTIFIER_MAIL_SERVER_H
#define NOTIFIER_MAIL_SERVER_H

#include "services/notifier/send/read.h"

struct mail_server {
    char *url; /* with the name by which we greet: smtps://HOST:PORT/NAME */
    char *from;
    char *domain;
    char *user, *password; /* NULL: none */
    char *ca_file;         /* NULL: none */
    bool plain;
};

/* NULL with an error, or without memory. */
struct mail_server *mail_server_read(struct contacts_reader *r, const struct toc_yaml *node);
/* Accepts NULL. */
void mail_server_free(struct mail_server *server);

#endif
