#include "services/router/apply.h"

#include "services/router/machine.h"
#include "services/router/triage.h"

/* An event counts from its acceptance, and time never goes back within an issue. */
static struct work work_of(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                           const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    return (struct work){.turn = turn,
                         .issue = issue,
                         .event = event,
                         .at_ms = at_ms > issue->changed_ms ? at_ms : issue->changed_ms};
}

static void set_text(char **field, char *value)
{
    if (value[0] != '\0')
        *field = value;
}

/* --- routing ------------------------------------------------------------------------------ */

static void describe(Tocsin__V1__IssueChange *change, struct decision *decision)
{
    change->rule = toc_wire_text(decision->rule != NULL ? decision->rule : "");
    change->tried = decision->tried_list;
    change->n_tried = decision->tried_count;
}

/* Routes by the policy in force; says so when the issue went elsewhere, or for the first time. */
static enum toc_err reroute(struct work *work, const struct toc_policy *policy)
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
    describe(&change, &decision);
    return issue_emit(work, &change);
}

static enum toc_err triage_and_route(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const struct toc_policy *policy;
    struct decision decision = {0};
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    TOC_TRY(err);
    if (err == TOC_OK) {
        TOC_TRY(triage_apply(work, policy, &decision));
        work->issue->policy = policy->version;
    }
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    describe(&change, &decision);
    TOC_TRY(issue_emit(work, &change));
    return err == TOC_OK ? reroute(work, policy) : TOC_OK; /* unrouted before the first policy */
}

/* --- openings ----------------------------------------------------------------------------- */

static void take_name(Tocsin__V1__Issue *issue, const Tocsin__V1__Event *event)
{
    issue->source = event->source;
    issue->subject = event->subject[0] != '\0' ? event->subject : event->id;
    issue->test = event->test;
}

static void take_opening(Tocsin__V1__Issue *issue, const Tocsin__V1__Event *event)
{
    const Tocsin__V1__IssueOpened *opened = event->issue_opened;
    set_text(&issue->channel, opened->channel);
    set_text(&issue->line_of_business, opened->line_of_business);
    set_text(&issue->category, opened->category);
    set_text(&issue->product, opened->product);
    set_text(&issue->version, opened->version);
    set_text(&issue->region, opened->region);
    set_text(&issue->language, opened->language);
    set_text(&issue->requester, opened->requester);
    set_text(&issue->requester_tier, opened->requester_tier);
    if (opened->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED)
        issue->risk = opened->risk;
    if (opened->priority != TOCSIN__V1__PRIORITY__PRIORITY_UNSPECIFIED)
        issue->priority = opened->priority;
    if (opened->n_tags != 0) {
        issue->tags = opened->tags;
        issue->n_tags = opened->n_tags;
    }
    take_name(issue, event);
}

enum toc_err apply_opening(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                           const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    struct work work = work_of(turn, issue, event, at_ms);
    take_opening(issue, event);
    issue->opened_ms = work.at_ms;
    TOC_TRY(triage_and_route(&work));
    return issue_save(turn, issue);
}

enum toc_err apply_stub_opening(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                const Tocsin__V1__Event *first, toc_time_ms at_ms)
{
    struct work work = work_of(turn, issue, NULL, at_ms);
    issue->stub = true;
    issue->test = first->test;
    if (first->issue.len == 0) /* otherwise another source's event: the name is not the issue's */
        take_name(issue, first);
    issue->opened_ms = work.at_ms;
    TOC_TRY(triage_and_route(&work));
    return issue_save(turn, issue);
}

static enum toc_err refuse(struct work *work, Tocsin__V1__RefuseReason reason, const char *detail)
{
    return issue_refuse(work->turn, toc_wire_bytes(&work->issue->id), work->issue, work->event,
                        work->at_ms, reason, detail);
}

/* Taking something away is always possible. */
static bool grew_too_large(const Tocsin__V1__Issue *issue, const Tocsin__V1__Issue *before)
{
    return issue_is_too_large(issue) &&
           tocsin__v1__issue__get_packed_size(issue) > tocsin__v1__issue__get_packed_size(before);
}

/* Every record carries the issue, so its values have a limit: the event's are taken back. */
static enum toc_err refuse_growth(struct work *work, const Tocsin__V1__Issue *before)
{
    *work->issue = *before;
    return refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                  "the issue's values would be too large together");
}

/* The opening of a stub came late: it gets its values, its history stays. */
static enum toc_err on_late_opening(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const struct toc_policy *policy;
    struct decision decision = {0};
    const Tocsin__V1__Issue before = *work->issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED;
    change.old_priority = work->issue->priority;
    take_opening(work->issue, work->event);
    work->issue->stub = false;
    if (grew_too_large(work->issue, &before))
        return refuse_growth(work, &before);
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    TOC_TRY(err);
    if (err == TOC_OK)
        TOC_TRY(triage_apply(work, policy, &decision));
    describe(&change, &decision);
    TOC_TRY(issue_emit(work, &change));
    return err == TOC_OK ? reroute(work, policy) : TOC_OK;
}

static enum toc_err on_opened(struct work *work)
{
    if (work->issue->stub)
        return on_late_opening(work);
    return refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, "the issue was opened before");
}

/* --- the other types ---------------------------------------------------------------------- */

static enum toc_err on_message(struct work *work)
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
    change.what = verdict == VERDICT_REOPENED ? TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED
                                              : TOCSIN__V1__ISSUE_CHANGE__WHAT__MESSAGE;
    change.direction = message->direction;
    change.auto_ = message->auto_;
    return issue_emit(work, &change);
}

static enum toc_err on_status(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.old_state = work->issue->state;
    if (work->event->issue_status->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED)
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    enum verdict verdict =
        machine_apply(work->issue, machine_input_of(work->event->issue_status->state));
    if (verdict == VERDICT_REFUSED)
        return refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                      "the issue's state does not allow it");
    change.what = verdict == VERDICT_REOPENED ? TOCSIN__V1__ISSUE_CHANGE__WHAT__REOPENED
                                              : TOCSIN__V1__ISSUE_CHANGE__WHAT__STATUS;
    return issue_emit(work, &change);
}

static bool is_listed(char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static enum toc_err change_tags(struct work *work, const Tocsin__V1__IssueClassified *classified)
{
    Tocsin__V1__Issue *issue = work->issue;
    size_t most = issue->n_tags + classified->n_add_tags, count = 0;
    char **tags = toc_arena_take(work->turn->arena, (most + 1) * sizeof(*tags));
    if (tags == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < issue->n_tags; i++)
        if (!is_listed(classified->remove_tags, classified->n_remove_tags, issue->tags[i]))
            tags[count++] = issue->tags[i];
    for (size_t i = 0; i < classified->n_add_tags && count < ROUTER_TAGS_MAX; i++)
        if (!is_listed(tags, count, classified->add_tags[i]))
            tags[count++] = classified->add_tags[i];
    issue->tags = tags;
    issue->n_tags = count;
    return TOC_OK;
}

static enum toc_err on_classified(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueClassified *classified = work->event->issue_classified;
    Tocsin__V1__Issue *issue = work->issue;
    const Tocsin__V1__Issue before = *issue;
    const struct toc_policy *policy;
    bool moves = classified->category[0] != '\0' || classified->line_of_business[0] != '\0' ||
                 classified->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED;
    change.old_priority = issue->priority;
    set_text(&issue->category, classified->category);
    set_text(&issue->language, classified->language);
    set_text(&issue->line_of_business, classified->line_of_business);
    set_text(&issue->product, classified->product);
    if (classified->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED)
        issue->risk = classified->risk;
    if (classified->priority != TOCSIN__V1__PRIORITY__PRIORITY_UNSPECIFIED)
        issue->priority = classified->priority;
    TOC_TRY(change_tags(work, classified));
    if (grew_too_large(issue, &before))
        return refuse_growth(work, &before);
    TOC_TRY(issue_emit(work, &change));
    if (!moves) /* a new priority alone does not take an issue from its queue */
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    TOC_TRY(err);
    return err == TOC_OK ? reroute(work, policy) : TOC_OK;
}

static enum toc_err on_assigned(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueAssigned *assigned = work->event->issue_assigned;
    Tocsin__V1__Issue *issue = work->issue;
    const Tocsin__V1__Issue before = *issue;
    const struct toc_policy *policy;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED;
    change.old_queue = issue->queue;
    if (assigned->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE)
        issue->assignee = toc_wire_text("");
    else
        set_text(&issue->assignee, assigned->assignee);
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
    if (grew_too_large(issue, &before))
        return refuse_growth(work, &before);
    return issue_emit(work, &change);
}

static enum toc_err on_escalated(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueEscalated *escalated = work->event->issue_escalated;
    const Tocsin__V1__Issue before = *work->issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.old_queue = work->issue->queue;
    change.rule = escalated->reason;
    if (escalated->to_tier != 0)
        work->issue->tier = escalated->to_tier;
    set_text(&work->issue->queue, escalated->queue);
    if (grew_too_large(work->issue, &before))
        return refuse_growth(work, &before);
    return issue_emit(work, &change);
}

/* Facts, links, ratings and the like: part of the history, no change of the row. */
static enum toc_err on_noted(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
    return issue_emit(work, &change);
}

enum toc_err apply_event(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                         const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    struct work work = work_of(turn, issue, event, at_ms);
    enum toc_err err;
    switch ((int)event->body_case) {
    case TOCSIN__V1__EVENT__BODY_ISSUE_OPENED:
        err = on_opened(&work);
        break;
    case TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE:
        err = on_message(&work);
        break;
    case TOCSIN__V1__EVENT__BODY_ISSUE_STATUS:
        err = on_status(&work);
        break;
    case TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED:
        err = on_classified(&work);
        break;
    case TOCSIN__V1__EVENT__BODY_ISSUE_ASSIGNED:
        err = on_assigned(&work);
        break;
    case TOCSIN__V1__EVENT__BODY_ISSUE_ESCALATED:
        err = on_escalated(&work);
        break;
    default:
        err = on_noted(&work);
        break;
    }
    return err < 0 ? err : issue_save(turn, issue);
}
