/*
 * What readers of the contacts file share: keys, texts, addresses, and secrets that stand in files
 * of their own. What is wrong is an error with its place; a reader goes on, so that all of them are
 * told at once.
 */
#ifndef NOTIFIER_READ_H
#define NOTIFIER_READ_H

#include "common/policy/yaml.h"
#include "common/send/webhook.h"

#define CONTACTS_URL_MAX         2000 /* bytes */
#define CONTACTS_SECRET_FILE_MAX 4096

struct mail_server;

struct contacts_reader {
    struct toc_diag diag;
    const struct mail_server *mail; /* NULL: the file names none */
    bool allow_exec;
    bool out_of_memory;
};

/* True when `node` is a map that has none but these keys; `keys` ends with NULL. */
bool read_keys(struct contacts_reader *r, const struct toc_yaml *node, const char *what,
               const char *const *keys);

/* The value of a key that has to be there; NULL with an error. */
const struct toc_yaml *read_needed(struct contacts_reader *r, const struct toc_yaml *map,
                                   const char *what, const char *key);

/* A copy to free(); NULL without memory. */
char *read_copy(struct contacts_reader *r, struct toc_str text);

/* The part "scheme://host:port"; empty when it is no http or https address. */
struct toc_str read_origin(struct toc_str url);

/* The address under the key `key`; a copy to free(), or NULL with an error. */
char *read_url(struct contacts_reader *r, const struct toc_yaml *node, const char *key);

/*
 * Files of secrets, which only their owner may read; blank lines and those that begin with '#' do
 * not count. A text for one line, which is a copy to wipe and free, or NULL with an error:
 */
char *read_secret(struct contacts_reader *r, const struct toc_yaml *node, const char *key);
/* An address that is a secret, as it has a token in it. */
char *read_secret_url(struct contacts_reader *r, const struct toc_yaml *node, const char *key);
/* The same of a file that an option names: `*why` is NULL, or continues "the secret file". */
char *read_secret_line(const char *path, const char **why);
/* One `whsec_…` per line. Returns how many. */
size_t read_signing_secrets(struct contacts_reader *r, const struct toc_yaml *node, const char *key,
                            struct toc_webhook_secret out[TOC_WEBHOOK_SECRETS_MAX]);

#endif
