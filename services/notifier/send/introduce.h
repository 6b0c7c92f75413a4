/* Tells the core what the contacts file says of people, as far as its rows say something else. */
#ifndef NOTIFIER_INTRODUCE_H
#define NOTIFIER_INTRODUCE_H

#include "common/run.h"
#include "services/notifier/send/contacts.h"

struct introduction {
    const struct contacts *contacts; /* NULL: there is no file */
    const uint8_t *key;              /* CONTACTS_KEY_BYTES */
    struct toc_run *run;
    struct toc_arena *arena; /* scratch */
};

/*
 * Reads first, then opens a turn if there is anything to tell: `out_told`. Whether it was kept, the
 * next call after the commit shows.
 */
TOC_MUST enum toc_err introduce(const struct introduction *to, struct toc_now now, bool *out_told);

#endif
