/*
 * A service's whole log, and the policy in force there, of a suite that runs or has been stopped:
 * from the service, or where nobody answers, from its data under DIR through its program
 * (--print-log, --print-policy), which stands beside this one.
 */
#ifndef CLI_WHOLE_LOG_H
#define CLI_WHOLE_LOG_H

#include "services/cli/view.h"

#include "common/policy/policy.h"

struct whole_log {
    const char *service;
    const char *what; /* it is read for, as progress on a terminal: "checking pages" */
    client_record_fn on_record;
    void *arg;
};

/*
 * Hands over every record there is when it begins, in order, until on_record returns false.
 * CLI_FAILED, told, when the log cannot be read. `*out_stopped`: nobody answered.
 */
int whole_log_read(struct view *view, const struct whole_log *log, bool *out_stopped);

/* `*out` NULL: none is in force. The same otherwise; toc_policy_free. */
int whole_log_policy(struct view *view, const char *service, struct toc_policy **out,
                     bool *out_stopped);

#endif
