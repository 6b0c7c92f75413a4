/*
 * Where contacts are reached: the file that only the notifier reads, because addresses and secrets
 * stay out of the policy and out of every log.
 *
 *     contacts:
 *       duty-safety: {webhook: {url: "https://pager.example/in", secret_file: pager.key}}
 *       lead-emea: {log: true}
 *
 * A secret file holds one `whsec_…` per line, all of which sign (rotation), blank lines and lines
 * that begin with '#' aside; nobody but its owner may read it. Its name counts from the directory
 * of the contacts file. What is wrong is told as file:line:column with the line, like a policy.
 */
#ifndef NOTIFIER_CONTACTS_H
#define NOTIFIER_CONTACTS_H

#include "common/send/webhook.h"

#define CONTACTS_MAX             1000
#define CONTACTS_NAME_MAX        64   /* bytes of a contact's id, as in a policy */
#define CONTACTS_URL_MAX         2000 /* bytes */
#define CONTACTS_FILE_MAX        (256 * 1024)
#define CONTACTS_NO_ORIGIN       UINT32_MAX
#define CONTACTS_SECRET_FILE_MAX 4096

enum contact_kind {
    CONTACT_LOG, /* the visible fake pager */
    CONTACT_WEBHOOK,
};

struct contact {
    char *name;
    enum contact_kind kind;
    char *url; /* WEBHOOK */
    struct toc_webhook_secret secrets[TOC_WEBHOOK_SECRETS_MAX];
    size_t secret_count;
    uint32_t origin; /* the same number for the same scheme, host and port; CONTACTS_NO_ORIGIN */
};

struct contacts {
    struct contact *rows; /* sorted by name */
    size_t count;
    uint32_t origin_count;
};

/*
 * Reads `text`; `file_name` appears in errors and gives the directory for secret files. On
 * TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a person, free() it; NULL on success.
 * TOC_ERR_MEMORY leaves both outputs as they are.
 */
TOC_MUST enum toc_err contacts_parse(struct toc_str text, const char *file_name,
                                     struct contacts **out, char **out_errors);

/* The same for a file; one that cannot be read is TOC_ERR_CONFIG, too. */
TOC_MUST enum toc_err contacts_load(const char *file_name, struct contacts **out,
                                    char **out_errors);

/* Wipes the secrets. Accepts NULL. */
void contacts_free(struct contacts *contacts);

/* Never NULL: a contact that is not listed is reached by the fake pager. `contacts` may be NULL. */
const struct contact *contacts_find(const struct contacts *contacts, const char *name);

#endif
