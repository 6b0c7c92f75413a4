/* How many of the open issues another policy would concern. */
#ifndef CLI_POLICY_LIVE_H
#define CLI_POLICY_LIVE_H

#include "services/cli/view.h"

#include "common/policy/policy.h"
#include "common/policy/tree.h"

struct policy_live {
    size_t open;      /* issues looked at */
    bool more;        /* there are more of them */
    size_t concerned; /* whose route, clocks, queue or path differ */
    size_t routed;    /* of these: by another route than now */
};

/*
 * Asks the router for its open issues, each of which is compared by the version that it follows
 * now; false when the router does not answer. What triage would say about an issue is left out: it
 * has spoken, and a person may have corrected it.
 */
bool policy_live_count(struct view *view, const struct toc_policy *after,
                       const struct toc_policy_tree *after_tree, struct policy_live *out);

#endif
