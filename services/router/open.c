#include "services/router/open.h"

#include "services/router/appeal.h"
#include "services/router/article.h"
#include "services/router/classify.h"
#include "services/router/duplicate.h"
#include "services/router/found.h"
#include "services/router/machine.h"
#include "services/router/offer.h"
#include "services/router/triage.h"

static void take_name(Tocsin__V1__Issue *issue, const Tocsin__V1__Event *event)
{
    issue->source = event->source;
    issue->subject = event->subject[0] != '\0' ? event->subject : event->id;
    issue->test = event->test;
}

/* What a person has classified since is known better. */
static bool is_by_hand(const Tocsin__V1__Issue *issue, Tocsin__V1__IssueValue value)
{
    return (issue->by_hand & (uint32_t)value) != 0;
}

/* What a stub has of these a person has classified. */
static void take_unless_there(char **field, char *value)
{
    if ((*field)[0] == '\0')
        *field = value;
}

static void take_opening(Tocsin__V1__Issue *issue, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__IssueOpened *opened = event->issue_opened;
    triage_forget(issue);
    work_set_text(&issue->channel, opened->channel);
    take_unless_there(&issue->line_of_business, opened->line_of_business);
    if (!is_by_hand(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CATEGORY))
        work_set_text(&issue->category, opened->category);
    take_unless_there(&issue->product, opened->product);
    work_set_text(&issue->version, opened->version);
    work_set_text(&issue->region, opened->region);
    take_unless_there(&issue->language, opened->language);
    work_set_text(&issue->requester, opened->requester);
    work_set_text(&issue->requester_tier, opened->requester_tier);
    if (opened->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED &&
        !is_by_hand(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_RISK))
        issue->risk = opened->risk;
    if (opened->priority != TOCSIN__V1__PRIORITY__PRIORITY_UNSPECIFIED &&
        !is_by_hand(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_PRIORITY))
        issue->priority = opened->priority;
    issue->bot = opened->bot;
    issue->appeal = opened->appeal;
    take_name(issue, event);
}

/* The opening's come to what a stub has. */
static enum toc_err take_tags(struct work *work)
{
    const Tocsin__V1__IssueOpened *opened = work->event->issue_opened;
    bool room;
    return opened->n_tags == 0 ? TOC_OK
                               : classify_add_tags(work, opened->tags, opened->n_tags, &room);
}

enum toc_err open_issue(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    take_opening(work->issue, work->event);
    TOC_TRY(take_tags(work));
    TOC_TRY(found_take(work));
    work->issue->opened_ms = work->at_ms;
    work->issue->unanswered_ms = work->at_ms; /* an opening waits for an answer as a message does */
    TOC_TRY(classify_by_policy(work, &change, false));
    TOC_TRY(duplicate_opened(work));
    return appeal_opened(work);
}

enum toc_err open_stub(struct work *work, const Tocsin__V1__Event *first)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    issue->stub = true;
    issue->unanswered_ms = work->at_ms;
    issue->test = first->test;
    if (first->issue.len == 0) /* otherwise another source's event: the name is not the issue's */
        take_name(issue, first);
    issue->opened_ms = work->at_ms;
    return classify_by_policy(work, &change, false);
}

/* Nobody knew that it was an appeal: who decided may have it, or it ended without an outcome. */
static void begin_appeal(Tocsin__V1__Issue *issue)
{
    if (appeal_excludes(issue, issue->assignee)) {
        issue->assignee = toc_wire_text("");
        issue->claimed_ms = 0;
    }
    if (issue->appeal != NULL && machine_is_over(issue->state))
        (void)machine_apply(issue, INPUT_OPEN);
}

/* It gets its values, its history stays. */
static enum toc_err open_late(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED;
    change.old_priority = work->issue->priority;
    take_opening(work->issue, work->event);
    TOC_TRY(take_tags(work));
    TOC_TRY(found_take(work));
    work->issue->stub = false;
    change.old_state = work->issue->state;
    begin_appeal(work->issue);
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    if (!machine_is_over(work->issue->state))
        TOC_TRY(article_reopened(work));
    TOC_TRY(classify_by_policy(work, &change, false));
    if (appeal_excludes(work->issue, work->issue->offered_to))
        TOC_TRY(offer_take_back(work, "decider"));
    TOC_TRY(duplicate_opened(work));
    return appeal_opened(work);
}

enum toc_err open_again(struct work *work)
{
    if (work->issue->stub)
        return open_late(work);
    return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                       "the issue was opened before");
}
