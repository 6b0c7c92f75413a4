/* Keys and tokens that someone pasted: whoever reads them can act as their owner. */
#ifndef FACTS_SECRETS_H
#define FACTS_SECRETS_H

#include "services/intake/facts/found.h"

struct secrets;

/* `cache` as facts_open. */
TOC_MUST enum toc_err secrets_open(const char *cache, struct secrets **out);
/* Accepts NULL. */
void secrets_close(struct secrets *secrets);

/* Adds `secret` with the kind of the most dangerous one. `plain` is of plain_make. */
void secrets_find(struct secrets *secrets, struct toc_str plain, struct found *found);

#endif
