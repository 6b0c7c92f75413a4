/*
 * The keys of a policy for a reader: as Markdown tables, and those tables put into the page that
 * explains them, between lines that name one each:
 *
 *     <!-- keys: calendars.NAME -->
 *     | key | value | left out | |
 *     ...
 *     <!-- end -->
 */
#ifndef CLI_POLICY_KEYS_H
#define CLI_POLICY_KEYS_H

#include "common/policy/keys.h"
#include "common/str.h"

#include <stdio.h>

/* A Markdown table, whose last line ends. */
void policy_keys_markdown(FILE *out, const struct toc_key_table *table);

/*
 * The page with every table as it has to be, malloc'ed and terminated. TOC_ERR_CONFIG, with
 * `*out_wrong` on what is wrong: a table unknown, missing, there twice or without an end.
 */
TOC_MUST enum toc_err policy_keys_page(struct toc_str page, char **out, const char **out_wrong);

#endif
