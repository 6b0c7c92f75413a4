#include "services/router/merge.h"

#include "services/router/appeal.h"
#include "services/router/article.h"
#include "services/router/machine.h"
#include "services/router/sweep.h"

bool merge_is_merged(const Tocsin__V1__Issue *issue)
{
    return issue->merged_into.len != 0;
}

bool merge_passes_on(const Tocsin__V1__Event *event)
{
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
    case TOCSIN__V1__EVENT__BODY_ISSUE_FACT:
    case TOCSIN__V1__EVENT__BODY_ISSUE_LINKED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_RATED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_WORKED:
    case TOCSIN__V1__EVENT__BODY_ISSUE_REVIEWED:
        return true;
    default:
        return false;
    }
}

enum toc_err merge_end(struct toc_turn *turn, Tocsin__V1__Issue *issue, Tocsin__V1__Issue **out)
{
    for (unsigned i = 0; i <= ROUTER_MERGES_MAX; i++) {
        if (!merge_is_merged(issue)) {
            *out = issue;
            return TOC_OK;
        }
        enum toc_err err = issue_load(turn, toc_wire_bytes(&issue->merged_into), &issue);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    }
    return TOC_ERR_DAMAGED;
}

static bool is_same(const Tocsin__V1__Issue *a, const Tocsin__V1__Issue *b)
{
    return toc_str_equal(toc_wire_bytes(&a->id), toc_wire_bytes(&b->id));
}

/* Why the one cannot end in the other; NULL when it can. */
static const char *why_not(const Tocsin__V1__Issue *source, const Tocsin__V1__Issue *target)
{
    if (is_same(source, target))
        return "that issue was merged into this one";
    if (source->test != target->test)
        return "a test and a real issue are not one";
    if (source->escalations > 0)
        return "an escalation to another team is open";
    if (source->appeal != NULL && source->outcome[0] == '\0')
        return "an appeal ends with an outcome: upheld or overturned";
    if (source->merges >= ROUTER_MERGES_MAX)
        return "the chain of merges would be too long";
    return NULL;
}

static toc_time_ms earliest(toc_time_ms a_ms, toc_time_ms b_ms)
{
    if (a_ms == 0 || b_ms == 0)
        return a_ms != 0 ? a_ms : b_ms;
    return a_ms < b_ms ? a_ms : b_ms;
}

/*
 * Somebody who still waits for an answer must not wait in an issue that is over. Of a source that
 * was over itself nobody does. An appeal that is open again has no outcome; what it contests hears
 * of that, unless it is the source, which has just ended.
 */
static enum toc_err take_over(struct work *work, const struct work *from, const char *by)
{
    const Tocsin__V1__Issue *source = from->issue;
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER;
    bool waits = source->unanswered_ms != 0 && !machine_is_over(from->before.state);
    change.other = source->id;
    change.by = toc_wire_text(by);
    change.old_state = issue->state;
    if (waits && machine_apply(issue, INPUT_INBOUND) == VERDICT_REOPENED) {
        issue->outcome = toc_wire_text("");
        TOC_TRY(article_reopened(work));
    }
    if (waits)
        issue->unanswered_ms = earliest(issue->unanswered_ms, source->unanswered_ms);
    if (issue->merges <= source->merges)
        issue->merges = source->merges + 1;
    TOC_TRY(work_emit(work, &change));
    TOC_TRY(work_end(work));
    return appeal_contests(issue, source) ? TOC_OK : appeal_moved(work);
}

static enum toc_err end_source(struct work *work, const Tocsin__V1__Issue *target, const char *by)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED;
    change.other = target->id;
    change.by = toc_wire_text(by);
    change.old_state = issue->state;
    issue->state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
    issue->merged_into = target->id;
    return work_emit(work, &change);
}

enum toc_err merge_event(struct work *work)
{
    const Tocsin__V1__IssueMerged *merged = work->event->issue_merged;
    const char *by = merged->by[0] != '\0' ? merged->by : work->event->source;
    struct toc_str into = toc_wire_bytes(&merged->into);
    Tocsin__V1__Issue *target;
    if (into.size != TOC_ID)
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    if (toc_str_equal(into, toc_wire_bytes(&work->issue->id)))
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "an issue cannot be merged into itself");
    enum toc_err err = issue_load(work->turn, into, &target);
    if (err == TOC_NONE)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_UNKNOWN_ISSUE,
                           "there is no such issue to merge into");
    TOC_TRY(err);
    TOC_TRY(merge_end(work->turn, target, &target));
    TOC_TRY(sweep_before_event(work->turn, &target));
    const char *wrong = why_not(work->issue, target);
    if (wrong != NULL)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, wrong);
    TOC_TRY(end_source(work, target, by));
    struct work other = work_begin(work->turn, target, NULL, work->at_ms);
    return take_over(&other, work, by);
}
