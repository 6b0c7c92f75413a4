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
 * short form is one method of the kind's name that needs no code.
 *
 * A secret file holds one `whsec_…` per line, all of which sign (rotation), blank lines and lines
 * that begin with '#' aside; nobody but its owner may read it. Its name counts from the directory
 * of the contacts file. What is wrong is told as file:line:column with the line, like a policy.
 *
 * A kind of method is a row of the table in contacts.c: its key in the file, and how its value is
 * read into a struct method. What it needs beside a url and secrets
 * becomes a field there, and part of what name_provider and tell_method hash where two of them may
 * differ in it. way.c makes the request.
 */
#ifndef NOTIFIER_CONTACTS_H
#define NOTIFIER_CONTACTS_H

#include "common/send/webhook.h"
#include "services/notifier/send/text.h"

#define CONTACTS_MAX             1000
#define CONTACTS_NAME_MAX        64   /* bytes of a person's id, as in a policy */
#define CONTACTS_METHOD_MAX      32   /* bytes of a method's name */
#define CONTACTS_URL_MAX         2000 /* bytes */
#define CONTACTS_FILE_MAX        (256 * 1024)
#define CONTACTS_NO_ORIGIN       UINT32_MAX
#define CONTACTS_SECRET_FILE_MAX 4096
#define CONTACTS_KEY_BYTES       32 /* of the notifier's own, key.h */
#define CONTACTS_ADDRESS_BYTES   16
#define CONTACTS_PROVIDER_MAX    40 /* bytes of a provider's key with its terminator */

/* Of a method; way.c has what each sends. */
enum method_kind_id {
    METHOD_LOG, /* the visible fake pager */
    METHOD_WEBHOOK,
};

struct method_kind;

/* One way to reach a person. */
struct method {
    char *name;
    const struct method_kind *kind;
    bool verified; /* the file vouches for it */
    char *url;     /* kinds over HTTP */
    struct toc_webhook_secret secrets[TOC_WEBHOOK_SECRETS_MAX];
    size_t secret_count;
    uint32_t origin; /* the same number for the same scheme, host and port; CONTACTS_NO_ORIGIN */
};

struct contact {
    char *name;
    struct method methods[NOTIFIER_METHODS_MAX]; /* in the order of the file */
    size_t method_count;
    struct toc_tz *zone;                  /* NULL: UTC */
    const struct text_language *language; /* what pages are written in */
    uint32_t urgent[NOTIFIER_METHODS_MAX], normal[NOTIFIER_METHODS_MAX]; /* indexes of them */
    size_t urgent_count, normal_count;
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

/* NULL: the file does not name that person. */
const struct contact *contacts_find(const struct contacts *contacts, const char *name);

/* NULL: there is no such method. Without a file (NULL) everybody has the fake pager, whatever the
 * method is called. */
const struct method *contacts_method(const struct contacts *contacts, const char *person,
                                     const char *method);

enum method_kind_id method_kind(const struct method *method);

/*
 * What the core is told of a person: names, kinds and orders, hashes in place of addresses. `key`
 * keeps those from being guessed. Everything is in `arena`, or lent by the contact.
 */
TOC_MUST enum toc_err contacts_tell(const struct contact *contact,
                                    const uint8_t key[CONTACTS_KEY_BYTES], struct toc_arena *arena,
                                    Tocsin__V1__Contact *out);

#endif
