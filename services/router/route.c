#include "services/router/route.h"

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The one that decides the move, or the one in force; NULL before the first. */
static enum toc_err policy_of(struct work *work, const struct route_move *move,
                              const struct toc_policy **out)
{
    *out = move->policy;
    if (move->policy != NULL)
        return TOC_OK;
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
    if (policy == NULL)
        return work->issue->path;
    return triage_path(triage_route(work, policy, NULL), queue);
}

/* In its first queue, or in one that a person chose, the policy has not moved it yet. */
static unsigned moves_of(const Tocsin__V1__Issue *issue)
{
    return issue->hops > 1 ? issue->hops - 1 : 0;
}

/* Into another queue: its wait begins. */
static void enter(struct work *work, const struct route_move *move, const struct toc_queue *queue)
{
    Tocsin__V1__Issue *issue = work->issue;
    bool taken = move->assignee != NULL && move->assignee[0] != '\0';
    bool first = issue->queue[0] == '\0';
    issue->queue = toc_wire_text(move->queue);
    if (queue != NULL)
        issue->tier = queue->tier;
    issue->partner = toc_wire_text(queue != NULL && queue->partner != NULL ? queue->partner : "");
    issue->queued_ms = work->at_ms;
    issue->assignee = toc_wire_text(taken ? move->assignee : "");
    issue->claimed_ms = taken ? work->at_ms : 0;
    issue->offered_to = toc_wire_text("");
    issue->offer_until_ms = 0;
    issue->waiting = false;
    issue->hops = first ? 1 : moves_of(issue) + 2;
}

enum toc_err route_issue(struct work *work, const struct route_move *move,
                         Tocsin__V1__IssueChange *change)
{
    Tocsin__V1__Issue *issue = work->issue;
    const struct toc_policy *policy;
    TOC_TRY(policy_of(work, move, &policy));
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
    if (move->by_hand && (work_grew_too_large(work) || !work_make_room(work, change)))
        return work_refuse_growth(work);
    return work_emit(work, change);
}

bool route_may_move(const struct toc_queue *queue, const Tocsin__V1__Issue *issue)
{
    return moves_of(issue) < queue->hops_max || issue->risk >= TOCSIN__V1__RISK__RISK_SEVERE;
}

static bool is_held_back(const Tocsin__V1__Issue *issue, const struct toc_policy *policy,
                         const char *to)
{
    const struct toc_queue *queue = queue_of(policy, issue->queue);
    return queue != NULL && !same(issue->queue, to) && !route_may_move(queue, issue);
}

/*
 * Whether the policy does without the issue's queue, which the issue's own version had: nothing
 * holds it there. A queue that no version knew is somebody else's.
 */
static enum toc_err is_gone(const struct work *work, const struct toc_policy *policy, bool *out)
{
    const Tocsin__V1__Issue *was = &work->before;
    const struct toc_policy *old;
    *out = false;
    if (was->queue[0] == '\0' || was->policy == 0 || queue_of(policy, was->queue) != NULL)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, was->policy, &old);
    *out = err == TOC_OK && queue_of(old, was->queue) != NULL;
    return err < 0 ? err : TOC_OK;
}

/* Where the issue has to be, by its route and by what else has a say in it. */
static void decide(const struct work *work, const struct toc_policy *policy,
                   const struct toc_route *route, const struct route_cause *cause,
                   struct route_move *move)
{
    const Tocsin__V1__Issue *issue = work->issue;
    const struct toc_triage_rule *rule = cause->rule;
    bool first = issue->queue[0] == '\0';
    *move = (struct route_move){.queue = route->queue->name,
                                .policy = policy,
                                .sla = route->sla != NULL ? route->sla->name : "",
                                .reason = first ? ROUTE_FIRST : cause->reason};
    if (!first && (cause->keeps_queue || (cause->keeps_chosen && issue->hops == 0))) {
        move->queue = issue->queue;
    } else if (rule != NULL && rule->queue != NULL) {
        move->queue = rule->queue->name;
        move->tier = rule->tier;
        move->reason = ROUTE_ESCALATED;
    }
    if (is_held_back(issue, policy, move->queue)) {
        move->queue = issue->queue;
        move->tier = 0;
        move->reason = ROUTE_HOP_LIMIT;
    }
    move->path = triage_path(route, queue_of(policy, move->queue));
}

static bool changes_nothing(const Tocsin__V1__Issue *issue, const struct route_move *move)
{
    return same(issue->queue, move->queue) && same(issue->sla, move->sla) &&
           same(issue->path, move->path) && (move->tier == 0 || move->tier == issue->tier) &&
           !same(move->reason, ROUTE_HOP_LIMIT);
}

/* The tier that the move would take the issue to. */
static unsigned tier_by(const Tocsin__V1__Issue *issue, const struct toc_policy *policy,
                        const struct route_move *move)
{
    const struct toc_queue *queue = queue_of(policy, move->queue);
    if (move->tier != 0)
        return move->tier;
    return same(issue->queue, move->queue) || queue == NULL ? issue->tier : queue->tier;
}

static enum toc_err report(struct work *work, const struct toc_policy *policy,
                           const struct route_move *move, Tocsin__V1__IssueChange *change)
{
    Tocsin__V1__Would would = TOCSIN__V1__WOULD__INIT;
    would.policy = policy->version;
    would.queue = toc_wire_text(move->queue);
    would.tier = tier_by(work->issue, policy, move);
    would.sla = toc_wire_text(move->sla);
    would.path = toc_wire_text(move->path);
    would.rule = change->rule;
    change->rule = toc_wire_text("");
    change->reason = toc_wire_text(move->reason);
    change->old_queue = work->issue->queue;
    change->would = &would;
    return work_emit(work, change);
}

/* Where the policy wants the issue, and by which route. */
static enum toc_err plan(struct work *work, const struct toc_policy *policy,
                         const struct route_cause *cause, struct decision *decision,
                         struct route_move *move)
{
    struct route_cause why = *cause;
    bool gone;
    const struct toc_route *route = triage_route(work, policy, decision);
    TOC_TRY(is_gone(work, policy, &gone));
    why.keeps_chosen = why.keeps_chosen && !gone;
    why.keeps_queue = why.keeps_queue && !gone;
    decide(work, policy, route, &why, move);
    return TOC_OK;
}

enum toc_err route_will_move(struct work *work, const struct toc_policy *policy,
                             const struct route_cause *cause, bool *out)
{
    struct decision decision;
    struct route_move move;
    TOC_TRY(plan(work, policy, cause, &decision, &move));
    *out = !changes_nothing(work->issue, &move);
    return TOC_OK;
}

enum toc_err route_by_policy(struct work *work, const struct toc_policy *policy,
                             const struct route_cause *cause)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    struct decision decision;
    struct route_move move;
    TOC_TRY(plan(work, policy, cause, &decision, &move));
    change.what = cause->mode != 0 ? TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY
                                   : TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.mode = cause->mode;
    triage_describe(&decision, &change);
    if (cause->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        return report(work, policy, &move, &change);
    issue->policy = policy->version;
    if (cause->mode == 0 && changes_nothing(issue, &move))
        return TOC_OK;
    if (same(move.reason, ROUTE_ESCALATED) &&
        (change.by = work_rule_text(work, cause->rule->name)) == NULL)
        return TOC_ERR_LIMIT;
    return route_issue(work, &move, &change);
}
