/*
 * Where people are reached: the file that only the notifier reads, because addresses and secrets
 * stay out of the policy and out of every log.
 *
 *     contacts:
 *       ana:
 *         methods:
 *           push: {webhook: {url: "https://pager.example/in", secret_file: pager.key}}
 *           desk: {log: true, verified: true}
 *         urgent: [push, desk]
 *         normal: [desk]
 *         zone: Europe/Dublin
 *         language: pt
 *       duty-safety: {webhook: {url: "https://pager.example/in", secret_file: pager.key}}
 *       lead-emea: {log: true}
 *
 * `urgent` is every method in the order of the file unless it says otherwise, `normal` the same as
 * `urgent`. `zone` is UTC unless it says otherwise, `language` English (text.h). A method is used
 * once its owner has said the code that was sent to it, or the file says `verified: true`. The
 * short form is one method of the kind's name that needs no code. `shared` says whether several
 * people read what is sent there, so that it has no link that acts for the person. kind.h has the
 * kinds, read.h how secrets stand in files of their own.
 *
 * Beside `contacts`: `allow: [NETWORK]`, addresses that are not of the open internet and may be
 * reached; `link: URL` and `sop: URL`, what the id of an alert and the name of a procedure are put
 * behind in messages to people; and `mail`, by which server mails go (mail_server.h).
 *
 * What is wrong is told as file:line:column with the line, like a policy.
 */
#ifndef NOTIFIER_CONTACTS_H
#define NOTIFIER_CONTACTS_H

#include "common/send/guard.h"
#include "services/notifier/send/contact.h"

#define CONTACTS_MAX           1000
#define CONTACTS_FILE_MAX      (256 * 1024)
#define CONTACTS_LINK_MAX      300 /* bytes */
#define CONTACTS_KEY_BYTES     32  /* of the notifier's own, key.h */
#define CONTACTS_ADDRESS_BYTES 16
#define CONTACTS_PROVIDER_MAX  40 /* bytes of a provider's key with its terminator */

struct contacts {
    struct contact *rows; /* sorted by name */
    size_t count;
    uint32_t origin_count;
    struct toc_guard guard;
    char *link, *sop;         /* NULL: none */
    struct mail_server *mail; /* NULL: none */
};

/*
 * Reads `text`; `file_name` appears in errors and gives the directory for secret files. Without
 * `allow_exec` programs are an error. On TOC_ERR_CONFIG `*out_errors` is a malloc'ed text for a
 * person, free() it; NULL on success. TOC_ERR_MEMORY leaves both outputs as they are.
 */
TOC_MUST enum toc_err contacts_parse(struct toc_str text, const char *file_name, bool allow_exec,
                                     struct contacts **out, char **out_errors);

/* The same for a file; one that cannot be read is TOC_ERR_CONFIG, too. */
TOC_MUST enum toc_err contacts_load(const char *file_name, bool allow_exec, struct contacts **out,
                                    char **out_errors);

/* Wipes the secrets. Accepts NULL. */
void contacts_free(struct contacts *contacts);

/* NULL: the file does not name that person. */
const struct contact *contacts_find(const struct contacts *contacts, const char *name);

/* NULL: there is no such method. Without a file (NULL) everybody has the fake pager, whatever the
 * method is called. */
const struct method *contacts_method(const struct contacts *contacts, const char *person,
                                     const char *method);

/*
 * What the core is told of a person: names, kinds and orders, hashes in place of addresses. `key`
 * keeps those from being guessed. Everything is in `arena`, or lent by the contact.
 */
TOC_MUST enum toc_err contacts_tell(const struct contact *contact,
                                    const uint8_t key[CONTACTS_KEY_BYTES], struct toc_arena *arena,
                                    Tocsin__V1__Contact *out);

#endif
