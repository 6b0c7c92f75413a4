/*
 * One person of the contacts file (contacts.h): the methods, their orders, and for whom texts are
 * written.
 */
#ifndef NOTIFIER_CONTACT_H
#define NOTIFIER_CONTACT_H

#include "services/notifier/send/kind.h"

#define CONTACTS_NAME_MAX   64 /* bytes of a person's id, as in a policy */
#define CONTACTS_METHOD_MAX 32 /* bytes of a method's name */
#define CONTACTS_NO_ORIGIN  UINT32_MAX

struct contact {
    char *name;
    struct method methods[NOTIFIER_METHODS_MAX]; /* in the order of the file */
    size_t method_count;
    struct toc_tz *zone;                  /* NULL: UTC */
    const struct text_language *language; /* what pages are written in */
    uint32_t urgent[NOTIFIER_METHODS_MAX], normal[NOTIFIER_METHODS_MAX]; /* indexes of them */
    size_t urgent_count, normal_count;
};

/* Reads the entry of a person; what is wrong is an error of the reader. */
void contact_read(struct contacts_reader *r, const struct toc_yaml *entry, struct contact *contact);

/* Wipes the secrets, and frees all but `contact` itself. */
void contact_free(struct contact *contact);

#endif
