/*
 * The files of a policy as one tree: what the root says, what the files that it includes add, and
 * what overlays change, with the place behind every value.
 *
 * `include` names further files. One without `overlay` is a part of the file that includes it and
 * may not repeat what stands there. One with `overlay` has an owner, and may set what the root set,
 * unless the root has it `locked`: then only to something tighter. Two overlays that set one value
 * differently are an error. Rules of included files stand where the root's list says `- included`,
 * else at the end; those of an overlay for a region fit only issues of that region.
 */
#ifndef TOC_POLICY_TREE_H
#define TOC_POLICY_TREE_H

#include "common/policy/bundle.h"
#include "common/policy/yaml.h"

struct toc_policy_tree {
    struct toc_diag diag; /* what is wrong with it, and what is odd */
    struct toc_bundle bundle;
    struct toc_diag_file files[TOC_BUNDLE_PARTS_MAX];
    struct toc_str owners[TOC_BUNDLE_PARTS_MAX]; /* by file: of its overlay; empty for the root's */
    struct toc_pool pool;
    const struct toc_yaml *root; /* NULL when there is none to go on with */
};

/*
 * Reads a policy's text, a bundle or the text of one file. `text` and `file_name` are lent for the
 * life of the tree. Errors are in `diag`; beside some of them there is a root to go on with.
 */
TOC_MUST enum toc_err toc_policy_tree_read(struct toc_str text, const char *file_name,
                                           struct toc_policy_tree **out);
/* Accepts NULL. */
void toc_policy_tree_free(struct toc_policy_tree *tree);

/* The part that holds the file in which a value stands. */
const struct toc_bundle_part *toc_policy_tree_part(const struct toc_policy_tree *tree,
                                                   size_t offset);

#endif
