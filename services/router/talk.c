#include "services/router/talk.h"

#include "services/router/machine.h"

/* What the requester wrote waits until a person answers; an automatic reply or a bot is none. */
static void keep_unanswered(struct work *work, const Tocsin__V1__IssueMessage *message)
{
    Tocsin__V1__Issue *issue = work->issue;
    if (message->auto_)
        return;
    if (message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND && issue->unanswered_ms == 0)
        issue->unanswered_ms = work->at_ms;
    if (message->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND && !issue->bot)
        issue->unanswered_ms = 0;
}

enum toc_err talk_message(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueMessage *message = work->event->issue_message;
    enum verdict verdict = VERDICT_KEPT;
    change.old_state = work->issue->state;
    if (!message->auto_ && message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND)
        verdict = machine_apply(work->issue, INPUT_INBOUND);
    else if (!message->auto_ && message->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND)
        verdict = machine_apply(work->issue, INPUT_OUTBOUND);
    TOC_ASSERT(verdict != VERDICT_REFUSED); /* a message is never turned away */
    keep_unanswered(work, message);
    change.what = verdict == VERDICT_REOPENED ? TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED
                                              : TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE;
    change.direction = message->direction;
    change.auto_ = message->auto_;
    return work_emit(work, &change);
}

enum toc_err talk_status(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.old_state = work->issue->state;
    if (work->event->issue_status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED)
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    if (work->event->issue_status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED &&
        work->issue->escalations > 0)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                           "an escalation to another team is open");
    enum verdict verdict =
        machine_apply(work->issue, machine_input_of(work->event->issue_status->state));
    if (verdict == VERDICT_REFUSED)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                           "the issue's state does not allow it");
    change.what = verdict == VERDICT_REOPENED ? TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED
                                              : TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS;
    return work_emit(work, &change);
}
