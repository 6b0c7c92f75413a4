#include "services/router/work.h"

#include "services/router/found.h"
#include "services/router/settle.h"

#include <stdio.h>

struct work work_begin(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                       const Tocsin__V1__Event *event, toc_time_ms at_ms)
{
    return (struct work){.turn = turn,
                         .issue = issue,
                         .before = *issue,
                         .event = event,
                         .at_ms = at_ms > issue->changed_ms ? at_ms : issue->changed_ms};
}

enum toc_err work_end(struct work *work)
{
    TOC_TRY(settle_issue(work));
    return issue_save(work->turn, work->issue);
}

/* The change with all that its record says beside it. */
static void fill_in(struct work *work, Tocsin__V1__IssueChange *change)
{
    change->issue = work->issue;
    if (work->event != NULL)
        change->event_type = work->event->type;
    if (work->via != NULL && change->other.len == 0)
        change->other = work->via->id;
    change->left_out = work->left_out;
    change->n_left_out = work->left_out_count;
}

static bool fits(const Tocsin__V1__IssueChange *change)
{
    return tocsin__v1__issue_change__get_packed_size(change) <= ROUTER_CHANGE_MAX;
}

/* Who did not come to it goes first, then the rules that did not fit, then facts not waited for, or
 * without room. */
bool work_make_room(struct work *work, Tocsin__V1__IssueChange *change)
{
    fill_in(work, change);
    while (!fits(change)) {
        if (change->n_candidates > 0) {
            change->n_candidates--;
        } else if (change->n_tried > 0) {
            change->n_tried--;
            change->tried_more++;
        } else if (change->n_missing > 0) {
            change->n_missing--;
        } else if (change->n_left_out > 0) {
            change->n_left_out--;
        } else {
            return false;
        }
    }
    return true;
}

/*
 * A wait for people begins when they are found not to be able to take the issue. It goes on while
 * the issue is offered, which may be in vain; route.c ends it where the issue goes elsewhere.
 */
static void follow_wait(struct work *work, Tocsin__V1__IssueChange *change)
{
    Tocsin__V1__Issue *issue = work->issue;
    const Tocsin__V1__Issue *was = &work->before;
    bool free = settle_is_active(issue) && issue->assignee[0] == '\0';
    bool begins = free && change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING;
    issue->waits += begins && !issue->waiting;
    issue->waiting = free && (issue->waiting || begins);
    change->waited = was->waiting && (!issue->waiting || issue->waits != was->waits);
}

enum toc_err work_emit(struct work *work, Tocsin__V1__IssueChange *change)
{
    Tocsin__V1__Issue *issue = work->issue;
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED,
                          .class_bit = TOC_CLASS_HISTORY,
                          .partition = issue->partition,
                          .at_ms = work->at_ms,
                          .issue = issue->id.data,
                          .prev_seq = issue->last_seq,
                          .policy = issue->policy,
                          .test = issue->test,
                          .message = change};
    issue->changed_ms = work->at_ms;
    follow_wait(work, change);
    fill_in(work, change);
    if (change->n_candidates > 0 || change->n_tried > 0 || change->n_missing > 0 ||
        change->n_left_out > 0)
        (void)work_make_room(work, change); /* or it fits all the same: see ROUTER_ISSUE_MAX */
    work->left_out_count = 0;
    return toc_emit(work->turn, &out, &issue->last_seq);
}

enum toc_err work_refuse(struct work *work, Tocsin__V1__RefuseReason reason, const char *detail)
{
    Tocsin__V1__IssueRefused refused = TOCSIN__V1__ISSUE_REFUSED__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    TOC_ASSERT(issue->last_seq == work->before.last_seq);
    *issue = work->before;
    work->left_out_count = 0;
    refused.reason = reason;
    refused.event_type = work->event->type;
    refused.detail = toc_wire_text(detail);
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED,
                          .class_bit = TOC_CLASS_HISTORY,
                          .partition = issue->partition,
                          .at_ms = work->at_ms,
                          .issue = issue->id.data,
                          .prev_seq = issue->last_seq,
                          .test = work->event->test,
                          .message = &refused};
    return toc_emit(work->turn, &out, &issue->last_seq);
}

bool work_became_risky(const struct work *work)
{
    return work->issue->risk >= TOCSIN__V1__RISK__RISK_SEVERE &&
           work->issue->risk > work->before.risk;
}

bool work_grew_too_large(struct work *work)
{
    found_make_room(work);
    return issue_is_too_large(work->issue) && tocsin__v1__issue__get_packed_size(work->issue) >
                                                  tocsin__v1__issue__get_packed_size(&work->before);
}

enum toc_err work_refuse_growth(struct work *work)
{
    return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                       "the issue's values would be too large together");
}

void work_set_text(char **field, char *value)
{
    if (value[0] != '\0')
        *field = value;
}

char *work_rule_text(struct work *work, const char *name)
{
    size_t size = strlen(name) + sizeof(WORK_RULE);
    char *text = toc_arena_take(work->turn->arena, size);
    if (text != NULL)
        snprintf(text, size, WORK_RULE "%s", name);
    return text;
}
