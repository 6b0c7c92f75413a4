/*
 * What may be written in a policy, as data: one row per key. The reader takes what the rows name,
 * and `tocsin policy keys` and the tables of deploy/policy/README.md are these rows.
 *
 * A section's rows stand beside the code that reads them; keys.c lists the tables in the
 * order of the page. tests/unit/test_policy_keys_cli.c holds the page to them.
 */
#ifndef TOC_POLICY_KEYS_H
#define TOC_POLICY_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct toc_key {
    const char *name; /* NULL ends a table */
    bool required;
    const char *value;  /* what is written there: "DURATION", "[STATE]" */
    const char *preset; /* what counts when it is left out; NULL: nothing */
    const char *help;   /* a sentence or two; `code` in backquotes */
};

/* The keys of one map of the policy. */
struct toc_key_table {
    const char *where; /* "calendars.NAME"; capitals stand for a name, [] for an item of a list */
    const struct toc_key *keys;
};

/* All tables, in the order in which they are read best. */
const struct toc_key_table *toc_policy_keys(size_t *count);

#endif
