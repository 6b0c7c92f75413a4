#include "services/router/settle.h"

#include "services/router/offer.h"

enum toc_err settle_queue(struct toc_turn *turn, const Tocsin__V1__Issue *issue,
                          const struct toc_queue **out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    TOC_TRY(err);
    const struct toc_queue *queue = NULL;
    if (err == TOC_OK && policy->person_count > 0)
        queue = toc_policy_queue(policy, toc_str_of(issue->queue));
    *out = queue != NULL && queue->person_count > 0 ? queue : NULL;
    return TOC_OK;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool is_over(Tocsin__V1__IssueState state)
{
    return state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

bool settle_is_active(const Tocsin__V1__Issue *issue)
{
    return !issue->bot && (issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW ||
                           issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
}

static bool is_concerned(const struct work *work)
{
    const Tocsin__V1__Issue *now = work->issue, *was = &work->before;
    return now->state != was->state || now->priority != was->priority || now->bot != was->bot ||
           now->policy != was->policy || !same(now->queue, was->queue) ||
           !same(now->assignee, was->assignee) || !same(now->offered_to, was->offered_to) ||
           !same(now->language, was->language) || !same(now->content_class, was->content_class);
}

/* For whom an issue is to be counted; empty for nobody. */
static char *holder_of(const Tocsin__V1__Issue *issue)
{
    return issue->assignee[0] != '\0' ? issue->assignee : issue->offered_to;
}

/* Who was only offered the issue has seen nothing of it. */
static enum toc_err uncount(struct work *work, struct pooled *pooled)
{
    const char *holder = pooled->row->holder;
    if (holder[0] == '\0')
        return TOC_OK;
    return person_uncount(work->turn, pooled, !same(holder, work->before.assignee), work->at_ms);
}

/* It is over, or in a queue that nobody serves. Who had it, for a while, stays its assignee. */
enum toc_err settle_leave(struct work *work, struct pooled *pooled)
{
    Tocsin__V1__Issue *issue = work->issue;
    bool offered = issue->offered_to[0] != '\0';
    if (offered)
        TOC_TRY(offer_take_back(work, toc_state_name(issue->state)));
    TOC_TRY(uncount(work, pooled));
    issue->pooled = false;
    return pooled_remove(work->turn, pooled);
}

static enum toc_err add_visited(struct work *work, Tocsin__V1__Pooled *row)
{
    char **list = toc_arena_take(work->turn->arena, (row->n_visited + 1) * sizeof(*list));
    if (list == NULL)
        return TOC_ERR_LIMIT;
    if (row->n_visited > 0)
        memcpy(list, row->visited, row->n_visited * sizeof(*list));
    list[row->n_visited++] = row->queue;
    row->visited = list;
    return TOC_OK;
}

/* Into a queue: its age stays, everything that was about the old queue is forgotten. */
static enum toc_err enter(struct work *work, struct pooled *pooled)
{
    Tocsin__V1__Pooled *row = pooled->row;
    if (work->issue->hops == 0) /* a person chose the queue */
        row->n_visited = 0;
    else if (row->queue[0] != '\0')
        TOC_TRY(add_visited(work, row));
    row->queue = work->issue->queue;
    row->n_left_out = 0;
    row->told = toc_wire_text("");
    row->next_ms = 0;
    return TOC_OK;
}

/* Why whoever has the issue, or was offered it, cannot go on with it after this event; or NULL. */
static enum toc_err check_holder(struct work *work, const struct pooled *pooled,
                                 const struct toc_queue *queue, const char **out)
{
    const Tocsin__V1__Issue *issue = work->issue, *was = &work->before;
    const char *holder = holder_of(issue);
    struct person person;
    *out = NULL;
    if (holder[0] == '\0' || !same(holder, pooled->row->holder))
        return TOC_OK; /* or was chosen just now */
    bool offered = issue->assignee[0] == '\0', again = issue->state != was->state;
    if (offered && !settle_is_active(issue))
        *out = toc_state_name(issue->state);
    TOC_TRY(person_open(work->turn, holder, &person));
    if (again && settle_is_active(issue) && person.rule != NULL && !person.row->online)
        *out = OFFER_OFFLINE;
    const struct need need = choose_need(queue, issue, pooled->row, work->at_ms);
    if (!same(issue->content_class, was->content_class) && choose_never(&need, &person) != NULL)
        *out = choose_never(&need, &person);
    return TOC_OK;
}

/* Whoever had a solved issue is asked again, first of all, but does not simply have it. */
static bool reopens(const struct work *work)
{
    return is_over(work->before.state) && work->issue->assignee[0] != '\0' &&
           same(work->issue->assignee, work->before.assignee);
}

/* Who had it and has it no more is asked first, for a while. */
static void keep_last(struct work *work, struct pooled *pooled, const struct toc_queue *queue)
{
    if (work->before.assignee[0] == '\0' || work->issue->assignee[0] != '\0')
        return;
    pooled->row->last = work->before.assignee;
    pooled->row->last_until_ms =
        (is_over(work->before.state) ? work->before.changed_ms : work->at_ms) + queue->sticky_ms;
}

static enum toc_err count(struct work *work, struct pooled *pooled, const struct toc_queue *queue)
{
    const Tocsin__V1__Issue *issue = work->issue;
    const char *holder = holder_of(issue);
    unsigned weight = choose_weight(queue, issue);
    if (!same(pooled->row->holder, holder))
        TOC_TRY(uncount(work, pooled));
    else if (holder[0] != '\0')
        return person_recount(work->turn, pooled, issue, weight, work->at_ms);
    if (holder[0] == '\0')
        return TOC_OK;
    return person_count(work->turn, pooled, issue, holder, weight, work->at_ms);
}

toc_time_ms settle_rank(const struct toc_queue *queue, const Tocsin__V1__Pooled *row)
{
    toc_time_ms cap_ms = row->since_ms + queue->max_wait_ms;
    toc_time_ms rank_ms = wait_earlier(row->due_ms, cap_ms);
    return rank_ms > 0 ? rank_ms : 1; /* 0 is no place */
}

/* Its place in the waiting list, and when it is looked at next. */
static void place(const struct work *work, struct pooled *pooled, const struct toc_queue *queue)
{
    const Tocsin__V1__Issue *issue = work->issue;
    Tocsin__V1__Pooled *row = pooled->row;
    if (holder_of(issue)[0] != '\0' || !settle_is_active(issue)) {
        row->rank_ms = 0;
        row->next_ms = issue->offered_to[0] != '\0' ? issue->offer_until_ms : 0;
        row->told = toc_wire_text("");
        return;
    }
    if (row->since_ms == 0)
        row->since_ms = work->at_ms;
    row->rank_ms = settle_rank(queue, row);
    row->next_ms = work->at_ms;
}

static enum toc_err settle(struct work *work, struct pooled *pooled, const struct toc_queue *queue)
{
    const char *why;
    if (!same(pooled->row->queue, work->issue->queue))
        TOC_TRY(enter(work, pooled));
    TOC_TRY(check_holder(work, pooled, queue, &why));
    if (reopens(work))
        why = OFFER_REOPENED;
    if (why != NULL)
        TOC_TRY(offer_take_back(work, why));
    keep_last(work, pooled, queue);
    TOC_TRY(count(work, pooled, queue));
    place(work, pooled, queue);
    work->issue->pooled = true;
    return pooled_save(work->turn, pooled);
}

enum toc_err settle_issue(struct work *work)
{
    const struct toc_queue *queue;
    const Tocsin__V1__Event *event = work->event;
    struct pooled pooled;
    if (!is_concerned(work))
        return TOC_OK;
    TOC_TRY(settle_queue(work->turn, work->issue, &queue));
    if (!work->issue->pooled && (queue == NULL || is_over(work->issue->state)))
        return TOC_OK;
    TOC_TRY(pooled_open(work->turn, work->issue, &pooled));
    work->event = NULL; /* what is recorded from here on is not the event's own effect */
    enum toc_err err = queue == NULL || is_over(work->issue->state) ? settle_leave(work, &pooled)
                                                                    : settle(work, &pooled, queue);
    work->event = event;
    return err;
}
