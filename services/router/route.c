#include "services/router/route.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The policy in force; NULL before the first. */
static enum toc_err policy_of(struct work *work, const struct toc_policy **out)
{
    enum toc_err err = toc_turn_policy(work->turn, 0, out);
    if (err == TOC_NONE)
        *out = NULL;
    return err < 0 ? err : TOC_OK;
}

static const struct toc_queue *queue_of(const struct toc_policy *policy, const char *name)
{
    return policy != NULL ? toc_policy_queue(policy, toc_str_of(name)) : NULL;
}

static const char *path_of(struct work *work, const struct toc_policy *policy,
                           const struct toc_queue *queue)
{
    if (queue != NULL && queue->path != NULL)
        return queue->path->name;
    return policy != NULL ? triage_path(triage_route(work, policy, NULL)) : work->issue->path;
}

/* Into another queue: its wait begins. */
static void enter(struct work *work, const struct route_move *move, const struct toc_queue *queue)
{
    Tocsin__V1__Issue *issue = work->issue;
    bool taken = move->assignee != NULL && move->assignee[0] != '\0';
    issue->queue = toc_wire_text(move->queue);
    if (queue != NULL)
        issue->tier = queue->tier;
    issue->partner = toc_wire_text(queue != NULL && queue->partner != NULL ? queue->partner : "");
    issue->queued_ms = work->at_ms;
    issue->assignee = toc_wire_text(taken ? move->assignee : "");
    issue->claimed_ms = taken ? work->at_ms : 0;
    issue->offered_to = toc_wire_text("");
    issue->offer_until_ms = 0;
    issue->hops++;
}

enum toc_err route_issue(struct work *work, const struct route_move *move,
                         Tocsin__V1__IssueChange *change)
{
    Tocsin__V1__Issue *issue = work->issue;
    const struct toc_policy *policy;
    TOC_TRY(policy_of(work, &policy));
    const struct toc_queue *queue = queue_of(policy, move->queue);
    change->old_queue = issue->queue;
    change->old_tier = issue->tier;
    change->reason = toc_wire_text(move->reason);
    bool moved = !same(issue->queue, move->queue);
    if (moved)
        enter(work, move, queue);
    if (move->tier != 0)
        issue->tier = move->tier;
    if (move->sla != NULL)
        issue->sla = toc_wire_text(move->sla);
    issue->path = toc_wire_text(move->path != NULL ? move->path : path_of(work, policy, queue));
    if (move->by_hand && moved)
        issue->hops = 0;
    if (move->by_hand && work_grew_too_large(work))
        return work_refuse_growth(work);
    return work_emit(work, change);
}

static bool is_held_back(const Tocsin__V1__Issue *issue, const struct toc_policy *policy,
                         const char *to)
{
    const struct toc_queue *queue = queue_of(policy, issue->queue);
    return queue != NULL && issue->hops > queue->hops_max && !same(issue->queue, to) &&
           issue->risk < TOCSIN__V1__RISK__RISK_SEVERE;
}

enum toc_err route_by_policy(struct work *work, const struct toc_policy *policy, const char *reason)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    struct decision decision;
    const struct toc_route *route = triage_route(work, policy, &decision);
    struct route_move move = {.queue = route->queue->name,
                              .sla = route->sla != NULL ? route->sla->name : "",
                              .path = triage_path(route),
                              .reason = issue->queue[0] == '\0' ? ROUTE_FIRST : reason};
    if (is_held_back(issue, policy, move.queue)) {
        move.queue = issue->queue;
        move.reason = ROUTE_HOP_LIMIT;
    }
    issue->policy = policy->version;
    if (same(issue->queue, route->queue->name) && same(issue->sla, move.sla) &&
        same(issue->path, move.path))
        return TOC_OK;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    triage_describe(&decision, &change);
    return route_issue(work, &move, &change);
}
