#include "services/router/route.h"

enum toc_err route_by_policy(struct work *work, const struct toc_policy *policy)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue before = *work->issue;
    struct decision decision;
    route_apply(work, policy, &decision);
    work->issue->policy = policy->version;
    if (strcmp(before.queue, work->issue->queue) == 0 &&
        strcmp(before.sla, work->issue->sla) == 0 && strcmp(before.path, work->issue->path) == 0)
        return TOC_OK;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.old_queue = before.queue;
    triage_describe(&decision, &change);
    return work_emit(work, &change);
}
