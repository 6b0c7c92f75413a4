/* The parts of `tocsin policy` that have files of their own; cmd.c has the options. */
#ifndef CLI_POLICY_CMD_H
#define CLI_POLICY_CMD_H

#include "services/cli/view.h"

struct policy_check_options {
    bool strict, all_dates;
};

int policy_check(const struct view *view, const struct policy_check_options *options,
                 const struct toc_conf_list *operands);

struct policy_apply_options {
    const char *mode; /* NULL: not said */
    bool dry_run, yes;
};

int policy_apply_file(struct view *view, const struct policy_apply_options *options,
                      const char *file);

struct policy_show_options {
    bool origin;
};

int policy_show(struct view *view, const struct policy_show_options *options,
                const struct toc_conf_list *operands);

struct policy_keys_options {
    bool markdown;
    const char *rewrite; /* a page whose tables are brought up to date; NULL: print */
};

int policy_keys(const struct view *view, const struct policy_keys_options *options,
                const struct toc_conf_list *operands);

struct policy_test_options {
    const char *only; /* cases whose name has this in it; NULL: all */
    bool verbose;     /* the whole history of each case */
};

/* operands: the policy, then files of cases. */
int policy_test(const struct view *view, const struct policy_test_options *options,
                const struct toc_conf_list *operands);

struct policy_backtest_options {
    const char *policy;    /* the new one */
    const char *from, *to; /* instants as text; NULL: all there is */
    const char *zone;      /* of these, and of the hours in the report */
    bool all;              /* no table is cut */
};

int policy_backtest(struct view *view, const struct policy_backtest_options *options);

#endif
