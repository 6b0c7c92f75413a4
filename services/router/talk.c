#include "services/router/talk.h"

#include "services/router/appeal.h"
#include "services/router/article.h"
#include "services/router/found.h"
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

/* What is open again has no outcome yet. */
static enum toc_err finish(struct work *work, enum verdict verdict,
                           Tocsin__V1__IssueChange__What what, Tocsin__V1__IssueChange *change)
{
    bool reopened = verdict == VERDICT_REOPENED;
    if (reopened) {
        work->issue->outcome = toc_wire_text("");
        TOC_TRY(article_reopened(work));
    }
    change->what = reopened ? TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED : what;
    TOC_TRY(work_emit(work, change));
    return appeal_moved(work);
}

enum toc_err talk_message(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueMessage *message = work->event->issue_message;
    enum verdict verdict = VERDICT_KEPT;
    bool inbound =
        !message->auto_ && message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    change.old_state = work->issue->state;
    if (inbound)
        verdict = machine_apply(work->issue, INPUT_INBOUND);
    else if (!message->auto_ && message->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND)
        verdict = machine_apply(work->issue, INPUT_OUTBOUND);
    TOC_ASSERT(verdict != VERDICT_REFUSED); /* a message is never turned away */
    change.direction = message->direction;
    change.auto_ = message->auto_;
    keep_unanswered(work, message);
    if (inbound)
        TOC_TRY(found_take(work));
    TOC_TRY(finish(work, verdict, TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE, &change));
    return inbound && work->event->n_facts > 0 ? found_triage(work) : TOC_OK;
}

/* Why the status that is asked for cannot be; NULL when only the machine has a say in it. */
static const char *why_not(struct work *work, const Tocsin__V1__IssueStatus *status)
{
    if (status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED &&
        work->issue->escalations > 0)
        return "an escalation to another team is open";
    return appeal_may_move(work->issue, status);
}

enum toc_err talk_status(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueStatus *status = work->event->issue_status;
    change.old_state = work->issue->state;
    if (status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED)
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    const char *wrong = why_not(work, status);
    if (wrong != NULL)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, wrong);
    enum verdict verdict = machine_apply(work->issue, machine_input_of(status->state));
    if (verdict == VERDICT_REFUSED)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                           "the issue's state does not allow it");
    if (verdict == VERDICT_MOVED)
        TOC_TRY(article_solved(work, status));
    return finish(work, verdict, TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS, &change);
}
