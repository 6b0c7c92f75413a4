/*
 * Whether a mail was written or made by a machine, by what its header says: RFC 3834's
 * Auto-Submitted, and what was used before it and still is. A null return path says the same and
 * is the envelope's.
 */
#ifndef INTAKE_MAIL_KIND_H
#define INTAKE_MAIL_KIND_H

#include "services/intake/mail/mail.h"

/* A field's value by its name, as a terminated text; NULL when the mail has none. */
typedef const char *mail_field_fn(void *arg, const char *name);

/* Sets kind and bulk. `type` is the mail's own Content-Type and `report` its report-type, both
 * terminated, maybe NULL. */
void mail_find_kind(struct mail *mail, mail_field_fn *field, void *arg, const char *type,
                    const char *report);

#endif
