#include "services/router/apply.h"

#include "services/router/assign.h"
#include "services/router/classify.h"
#include "services/router/due.h"
#include "services/router/duplicate.h"
#include "services/router/escalation.h"
#include "services/router/fact.h"
#include "services/router/merge.h"
#include "services/router/open.h"
#include "services/router/sweep.h"
#include "services/router/talk.h"

static enum toc_err finish(struct work *work, enum toc_err err)
{
    return err < 0 ? err : work_end(work);
}

enum toc_err apply_opening(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                           const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    struct work work = work_begin(turn, issue, event, at_ms);
    return finish(&work, open_issue(&work));
}

enum toc_err apply_stub_opening(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                const Tocsin__V1__Event *first, toc_time_ms at_ms)
{
    struct work work = work_begin(turn, issue, NULL, at_ms);
    return finish(&work, open_stub(&work, first));
}

/* Ratings and the like: part of the history, no change of the row. */
static enum toc_err note(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
    return work_emit(work, &change);
}

/* Of the kinds of links, two are remembered. */
static enum toc_err link_event(struct work *work)
{
    const char *kind = work->event->issue_linked->kind;
    bool duplicate = strcmp(kind, "duplicate") == 0 || strcmp(kind, "not_duplicate") == 0;
    return duplicate ? duplicate_linked(work) : note(work);
}

/*
 * A test and a real issue do not touch each other: why the event leaves this one alone, or NULL. Of
 * a stub nobody knows yet which it is: its opening says so, and what is real makes it real.
 */
static const char *passes_over(struct work *work)
{
    Tocsin__V1__Issue *issue = work->issue;
    const Tocsin__V1__Event *event = work->event;
    if (issue->stub && event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED)
        return NULL;
    if (issue->stub && !event->test)
        issue->test = false;
    if (event->test == issue->test)
        return NULL;
    return event->test ? "a test changes nothing that is not a test"
                       : "the issue is a test: what is not marked as one leaves it alone";
}

typedef enum toc_err handler(struct work *work);

static handler *handler_of(const Tocsin__V1__Event *event)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
        return open_again;
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
        return talk_message;
    case TOCSIN__V1__EVENT__BODY_ISSUE_STATUS:
        return talk_status;
    case TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED:
        return classify_event;
    case TOCSIN__V1__EVENT__BODY_ISSUE_FACT:
        return fact_event;
    case TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED:
        return assign_event;
    case TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED:
        return assign_escalated;
    case TOCSIN__V1__EVENT__BODY_ISSUE_DUE_SET:
        return due_event;
    case TOCSIN__V1__EVENT__BODY_ISSUE_LINKED:
        return link_event;
    case TOCSIN__V1__EVENT__BODY_ISSUE_MERGED:
        return merge_event;
    case TOCSIN__V1__EVENT__BODY_ESCALATION:
        return escalation_event;
    default:
        return note;
    }
}

static enum toc_err handle(struct work *work)
{
    const char *why = passes_over(work);
    return finish(work, why == NULL
                            ? handler_of(work->event)(work)
                            : work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, why));
}

/* About an issue that has ended in another one. */
static enum toc_err apply_to_merged(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                    const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    Tocsin__V1__Issue *end;
    if (!merge_passes_on(event)) {
        struct work work = work_begin(turn, issue, event, at_ms);
        return finish(&work, work_refuse(&work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                                         "the issue was merged into another one"));
    }
    TOC_TRY(merge_end(turn, issue, &end));
    TOC_TRY(sweep_before_event(turn, &end));
    struct work work = work_begin(turn, end, event, at_ms);
    work.via = issue;
    return handle(&work);
}

enum toc_err apply_event(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                         const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    if (merge_is_merged(issue))
        return apply_to_merged(turn, issue, event, at_ms);
    struct work work = work_begin(turn, issue, event, at_ms);
    return handle(&work);
}
