/*
 * What differs between two policies by meaning: not by line, order of keys, comments or the files
 * that say it. Rules go by their name, and the order of rules counts; lists of values are sets;
 * 60m is 1h; holidays of .ics files are compared as the dates that close.
 */
#ifndef CLI_POLICY_DIFF_H
#define CLI_POLICY_DIFF_H

#include "common/policy/tree.h"

#define DIFF_TEXT_MAX 240

enum policy_change_kind { POLICY_ADDED, POLICY_REMOVED, POLICY_CHANGED, POLICY_MOVED };

struct policy_change {
    enum policy_change_kind kind;
    struct toc_str section, entry;                    /* slas, safety; lent from a tree */
    char path[DIFF_TEXT_MAX];                         /* "safety.clocks.resolution.targets.P1" */
    char before[DIFF_TEXT_MAX], after[DIFF_TEXT_MAX]; /* as they are written, safe to print */
};

typedef void policy_change_fn(void *arg, const struct policy_change *change);

/* Calls `fn` for each change, section by section; returns how many there are. */
size_t policy_diff(const struct toc_policy_tree *before, const struct toc_policy_tree *after,
                   policy_change_fn *fn, void *arg);

#endif
