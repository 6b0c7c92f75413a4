/* A policy file read and checked, for the commands that need one. */
#ifndef CLI_POLICY_LOAD_H
#define CLI_POLICY_LOAD_H

#include "common/policy/policy.h"
#include "common/policy/tree.h"

struct policy_file {
    const char *name;             /* as the person wrote it */
    struct toc_str text;          /* what travels */
    struct toc_policy *policy;    /* NULL: there are errors */
    struct toc_policy_tree *tree; /* with all that was found */
};

/*
 * Reads and checks ("-": standard input). CLI_FAILED, told on standard error, when it cannot be
 * read. Errors in it are in the tree, untold. `name` is lent for the life of `out`.
 */
int policy_read(const char *who, const char *name, struct policy_file *out);
/* Accepts a zeroed one. */
void policy_file_done(struct policy_file *file);

/* Errors and warnings on standard error, as a person reads them. */
void policy_tell(const struct policy_file *file);

/* The same in one: CLI_FAILED, told, also when there are errors. */
int policy_load(const char *who, const char *name, struct policy_file *out);

#endif
