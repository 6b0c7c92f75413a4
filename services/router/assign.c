#include "services/router/assign.h"

#include "services/router/appeal.h"
#include "services/router/fact.h"
#include "services/router/offer.h"
#include "services/router/route.h"

/* Who gives it back, or never had it, has it no more. */
static void set_assignee(struct work *work, const Tocsin__V1__IssueAssigned *assigned)
{
    Tocsin__V1__Issue *issue = work->issue;
    bool declines = assigned->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__DECLINE;
    if (assigned->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE ||
        (declines && strcmp(assigned->assignee, issue->assignee) == 0))
        issue->assignee = toc_wire_text("");
    else if (!declines)
        work_set_text(&issue->assignee, assigned->assignee);
    if (strcmp(issue->assignee, work->before.assignee) != 0)
        issue->claimed_ms = issue->assignee[0] != '\0' ? work->at_ms : 0;
}

/* Somebody gives back what somebody else has. */
static bool is_not_theirs(const Tocsin__V1__Issue *issue, const Tocsin__V1__IssueAssigned *assigned)
{
    return assigned->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE &&
           assigned->assignee[0] != '\0' && issue->assignee[0] != '\0' &&
           strcmp(assigned->assignee, issue->assignee) != 0;
}

/* A bot gives the issue to people, or a person takes it. */
static bool ends_bot(const struct work *work, const Tocsin__V1__IssueAssigned *assigned)
{
    return work->issue->bot && (assigned->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__HAND_OFF ||
                                (assigned->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE &&
                                 assigned->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__OFFER &&
                                 assigned->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__DECLINE &&
                                 assigned->assignee[0] != '\0'));
}

enum toc_err assign_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueAssigned *assigned = work->event->issue_assigned;
    Tocsin__V1__Issue *issue = work->issue;
    bool done;
    if (appeal_excludes(issue, assigned->assignee) &&
        assigned->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE &&
        assigned->action != TOCSIN__V1__ISSUE_ASSIGNED__ACTION__DECLINE)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_NOT_ALLOWED,
                           "who made the decision does not get the appeal");
    TOC_TRY(offer_event(work, &done));
    if (done)
        return TOC_OK;
    if (is_not_theirs(issue, assigned))
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                           "somebody else has the issue");
    bool hands_off = ends_bot(work, assigned);
    change.what = hands_off ? TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF
                            : TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED;
    issue->bot = issue->bot && !hands_off;
    if (hands_off && issue->unanswered_ms != 0)
        issue->unanswered_ms = work->at_ms; /* from now on it is people who owe an answer */
    set_assignee(work, assigned);
    struct route_move move = {.queue = assigned->queue[0] != '\0' ? assigned->queue : issue->queue,
                              .assignee = issue->assignee,
                              .reason = assigned->queue[0] != '\0' ? ROUTE_BY_HAND : "",
                              .by_hand = true};
    return route_issue(work, &move, &change);
}

enum toc_err assign_escalated(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueEscalated *escalated = work->event->issue_escalated;
    Tocsin__V1__Issue *issue = work->issue;
    bool allowed;
    bool moves = escalated->queue[0] != '\0' && strcmp(escalated->queue, issue->queue) != 0;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    TOC_TRY(fact_allow_escalation(work, &change, &allowed));
    if (!allowed)
        return TOC_OK;
    change.rule = escalated->reason;
    change.by = escalated->by;
    struct route_move move = {.queue = moves ? escalated->queue : issue->queue,
                              .tier = escalated->to_tier,
                              .reason = ROUTE_ESCALATED,
                              .by_hand = true};
    return route_issue(work, &move, &change);
}
