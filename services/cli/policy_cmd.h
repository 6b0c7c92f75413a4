/* The parts of `tocsin policy` that have files of their own; policy_cmd.c has the options. */
#ifndef CLI_POLICY_CMD_H
#define CLI_POLICY_CMD_H

#include "services/cli/view.h"

struct policy_keys_options {
    bool markdown;
    const char *rewrite; /* a page whose tables are brought up to date; NULL: print */
};

int policy_keys(const struct view *view, const struct policy_keys_options *options,
                const struct toc_conf_list *operands);

#endif
