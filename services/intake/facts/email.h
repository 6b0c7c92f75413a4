/* E-mail addresses in a text. */
#ifndef FACTS_EMAIL_H
#define FACTS_EMAIL_H

#include "services/intake/facts/found.h"

/* Adds `email`. `plain` is of plain_make. */
void email_find(struct toc_str plain, struct found *found);

#endif
