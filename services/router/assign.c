#include "services/router/assign.h"

enum toc_err assign_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueAssigned *assigned = work->event->issue_assigned;
    Tocsin__V1__Issue *issue = work->issue;
    const struct toc_policy *policy;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED;
    change.old_queue = issue->queue;
    if (assigned->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE)
        issue->assignee = toc_wire_text("");
    else
        work_set_text(&issue->assignee, assigned->assignee);
    if (assigned->queue[0] != '\0') {
        enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
        TOC_TRY(err);
        /* A queue of a tool that the policy does not know keeps the issue's tier. */
        const struct toc_queue *queue =
            err == TOC_OK ? toc_policy_queue(policy, toc_str_of(assigned->queue)) : NULL;
        issue->queue = assigned->queue;
        if (queue != NULL)
            issue->tier = queue->tier;
    }
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    return work_emit(work, &change);
}

enum toc_err assign_escalated(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueEscalated *escalated = work->event->issue_escalated;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.old_queue = work->issue->queue;
    change.rule = escalated->reason;
    if (escalated->to_tier != 0)
        work->issue->tier = escalated->to_tier;
    work_set_text(&work->issue->queue, escalated->queue);
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    return work_emit(work, &change);
}
