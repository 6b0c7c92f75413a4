/*
 * How one tree is made of a policy's files: include.c reads them, merge.c puts them
 * together, lock.c knows what may not get looser. Nobody else includes this.
 */
#ifndef TOC_POLICY_MERGE_H
#define TOC_POLICY_MERGE_H

#include "common/policy/build.h"
#include "common/policy/tree.h"

/* The keys, and the names of rules, that lead to a value: slas, safety, clocks, … */
struct toc_where {
    struct toc_str words[TOC_YAML_DEPTH_MAX];
    size_t depth;
};

#define TOC_WHERE_TEXT_MAX 200
/* "slas.safety.clocks", cut to fit. */
char *toc_where_text(const struct toc_where *where, char out[TOC_WHERE_TEXT_MAX]);
/* Goes one step down; past the depth of a tree nothing is added. */
void toc_where_push(struct toc_where *where, struct toc_str word);

struct toc_locks {
    const struct toc_yaml *const *nodes; /* texts: "slas.safety"; '*' stands for one name */
    size_t count;
};

/* The lock that covers a value; NULL for none. */
const struct toc_yaml *toc_lock_of(const struct toc_locks *locks, const struct toc_where *where);
/* Records locks of what is not there. */
void toc_lock_check(struct toc_diag *diag, const struct toc_locks *locks,
                    const struct toc_yaml *root);

/*
 * Whether `value` asks for at least as much as `old` did: a shorter target, earlier warnings, more
 * facts. `old` is NULL where nothing stood. False where there is no such order.
 */
bool toc_is_tighter(const struct toc_where *where, const struct toc_yaml *old,
                    const struct toc_yaml *value);

/* --- files ---------------------------------------------------------------------------------- */

enum toc_scope {
    TOC_SCOPE_OWNER,
    TOC_SCOPE_REGION,
    TOC_SCOPE_LINE_OF_BUSINESS,
    TOC_SCOPE_LANGUAGE,
    TOC_SCOPE_COUNT
};

/* A file of the policy. */
struct toc_source {
    struct toc_yaml *tree;            /* NULL: nothing to go on with */
    const struct toc_source *by;      /* the file that includes it; NULL for the root */
    size_t offset;                    /* where it says so */
    const struct toc_source *overlay; /* the overlay that it is or is a part of; NULL: the root's */
    const struct toc_yaml *scope[TOC_SCOPE_COUNT]; /* of an overlay */
    bool seen, open; /* `open`: it or a file that it includes is being read */
};

struct toc_merge {
    struct toc_policy_tree *tree;
    struct toc_build b; /* for the readers of values; its pool becomes the tree's */
    struct toc_source sources[TOC_BUNDLE_PARTS_MAX]; /* by part */
    size_t order[TOC_BUNDLE_PARTS_MAX];              /* parts as they were read */
    size_t count;
    struct toc_locks locks;
    struct toc_where where;
};

/* Reads a file and, depth first, those that it includes. What is wrong is recorded. */
TOC_MUST enum toc_err toc_source_read(struct toc_merge *m, struct toc_source *source, size_t depth);
/* The file in which a value stands. */
struct toc_source *toc_source_of(struct toc_merge *m, const struct toc_yaml *node);
struct toc_str toc_source_name(const struct toc_merge *m, const struct toc_source *source);

/* --- trees ---------------------------------------------------------------------------------- */

void toc_yaml_unlink(struct toc_yaml *parent, const struct toc_yaml *node);
/* Takes an entry off a map; NULL when it is not there. */
struct toc_yaml *toc_yaml_take(struct toc_yaml *map, const char *key);

/* Fills in the root, owners and pool of a tree whose parts are known. */
TOC_MUST enum toc_err toc_policy_merge(struct toc_policy_tree *tree);

#endif
