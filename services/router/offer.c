#include "services/router/offer.h"

#include "services/router/settle.h"

/* --- offering --------------------------------------------------------------------------------- */

static void refuse_person(struct refusals *refusals, const char *name, const char *why)
{
    if (refusals->count == ROUTER_TRIED_MAX)
        return;
    Tocsin__V1__Tried *tried = &refusals->tried[refusals->count];
    tocsin__v1__tried__init(tried);
    tried->name = toc_wire_text(name);
    tried->why = toc_wire_text(why);
    refusals->list[refusals->count++] = tried;
}

enum toc_err offer_to(struct work *work, const struct need *need, const struct toc_person *person,
                      const struct refusals *refusals)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OFFERED;
    issue->offered_to = toc_wire_text(person->name);
    issue->offer_until_ms = work->at_ms + need->queue->lease_ms;
    if (refusals != NULL) {
        change.candidates = (Tocsin__V1__Tried **)(uintptr_t)refusals->list;
        change.n_candidates = refusals->count;
    }
    return work_emit(work, &change);
}

enum toc_err offer_best(struct work *work, const struct need *need, struct refusals *refusals)
{
    struct toc_turn *turn = work->turn;
    struct candidate best = {.rule = NULL};
    *refusals = (struct refusals){.count = 0};
    for (size_t i = 0; i < need->queue->person_count; i++) {
        const struct toc_person *rule = need->queue->people[i];
        struct person person;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(person_open(turn, rule->name, &person));
        const char *why = choose_refusal(need, &person);
        struct candidate candidate = {.rule = NULL};
        if (why == NULL)
            candidate = choose_candidate(need, &person);
        else
            refuse_person(refusals, rule->name, why);
        if (why == NULL && (best.rule == NULL || choose_is_better(&candidate, &best)))
            best = candidate;
        toc_arena_reset(turn->arena, mark);
    }
    return best.rule != NULL ? offer_to(work, need, best.rule, refusals) : TOC_NONE;
}

/* --- taking back ------------------------------------------------------------------------------ */

static void clear_offer(Tocsin__V1__Issue *issue)
{
    issue->offered_to = toc_wire_text("");
    issue->offer_until_ms = 0;
}

static enum toc_err give_up(struct work *work, Tocsin__V1__IssueChange__What what,
                            const char *reason)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    change.what = what;
    change.by = issue->assignee[0] != '\0' ? issue->assignee : issue->offered_to;
    change.reason = toc_wire_text(reason);
    issue->assignee = toc_wire_text("");
    issue->claimed_ms = 0;
    clear_offer(issue);
    return work_emit(work, &change);
}

enum toc_err offer_take_back(struct work *work, const char *reason)
{
    return give_up(work, TOCSIN__V1__ISSUE_CHANGE__WHAT__RELEASED, reason);
}

/* Whoever is not to be asked again about this issue. */
static enum toc_err leave_out(struct work *work, const char *person, bool lapsed)
{
    struct pooled pooled;
    TOC_TRY(pooled_open(work->turn, work->issue, &pooled));
    Tocsin__V1__Pooled *row = pooled.row;
    Tocsin__V1__LeftOut *left_out = toc_arena_take(work->turn->arena, sizeof(*left_out));
    Tocsin__V1__LeftOut **list =
        toc_arena_take(work->turn->arena, (row->n_left_out + 1) * sizeof(*list));
    if (left_out == NULL || list == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__left_out__init(left_out);
    left_out->person = toc_wire_text(person);
    left_out->at_ms = work->at_ms;
    left_out->lapsed = lapsed;
    size_t count = 0;
    for (size_t i = 0; i < row->n_left_out; i++) /* once each, as it was last */
        if (strcmp(row->left_out[i]->person, person) != 0)
            list[count++] = row->left_out[i];
    list[count++] = left_out;
    row->left_out = list;
    row->n_left_out = count;
    return pooled_save(work->turn, &pooled);
}

enum toc_err offer_lapse(struct work *work)
{
    TOC_TRY(leave_out(work, work->issue->offered_to, true));
    return give_up(work, TOCSIN__V1__ISSUE_CHANGE__WHAT__DECLINED, OFFER_LAPSED);
}

/* --- what people say -------------------------------------------------------------------------- */

static enum toc_err refuse(struct work *work, const char *why)
{
    return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, why);
}

/* Why `person` has no offer of this issue; NULL when they have one. */
static const char *no_offer(const struct work *work, const char *person)
{
    const Tocsin__V1__Issue *issue = work->issue;
    if (issue->assignee[0] != '\0')
        return strcmp(issue->assignee, person) == 0 ? "this person has the issue already"
                                                    : "somebody else has the issue";
    if (issue->offered_to[0] == '\0')
        return "the issue is offered to nobody now: the offer is over";
    if (strcmp(issue->offered_to, person) != 0)
        return "the issue is offered to somebody else";
    return work->at_ms > issue->offer_until_ms ? "the offer is over" : NULL;
}

static enum toc_err accept(struct work *work, char *person)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue *issue = work->issue;
    const char *why = no_offer(work, person);
    if (why != NULL)
        return refuse(work, why);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLAIMED;
    change.by = person;
    issue->assignee = person;
    issue->claimed_ms = work->at_ms;
    clear_offer(issue);
    return work_emit(work, &change);
}

static enum toc_err decline(struct work *work, const char *person)
{
    const char *why = no_offer(work, person);
    if (why != NULL)
        return refuse(work, why);
    TOC_TRY(leave_out(work, person, false));
    return give_up(work, TOCSIN__V1__ISSUE_CHANGE__WHAT__DECLINED, "declined");
}

static enum toc_err release(struct work *work, const char *person)
{
    const Tocsin__V1__Issue *issue = work->issue;
    if (issue->assignee[0] == '\0')
        return refuse(work, "nobody has the issue");
    if (person[0] != '\0' && strcmp(person, issue->assignee) != 0)
        return refuse(work, "somebody else has the issue");
    TOC_TRY(leave_out(work, issue->assignee, false));
    return offer_take_back(work, "released");
}

/* What keeps the person from the issue, were it offered now; `never`: of that, what always does. */
static enum toc_err ask(struct work *work, const char *id, bool never, const char **out)
{
    const struct toc_queue *queue;
    struct pooled pooled;
    struct person person;
    TOC_TRY(settle_queue(work->turn, work->issue, &queue));
    TOC_TRY(pooled_open(work->turn, work->issue, &pooled));
    TOC_TRY(person_open(work->turn, id, &person));
    if (queue == NULL) {
        *out = never ? NULL : "nobody serves the queue any more";
        return TOC_OK;
    }
    const struct need need = choose_need(queue, work->issue, pooled.row, work->at_ms);
    if (never)
        *out = strcmp(pooled.row->holder, id) == 0 ? NULL : choose_never(&need, &person);
    else
        *out = person.rule == NULL ? "the policy names no such person"
                                   : choose_refusal(&need, &person);
    return TOC_OK;
}

static enum toc_err offer_by_hand(struct work *work, const char *id)
{
    const struct toc_queue *queue;
    const struct toc_policy *policy;
    const char *why;
    if (work->issue->assignee[0] != '\0')
        return refuse(work, "somebody has the issue");
    if (work->issue->offered_to[0] != '\0')
        return refuse(work, "the issue is offered to somebody");
    TOC_TRY(ask(work, id, false, &why));
    if (why != NULL)
        return refuse(work, why);
    TOC_TRY(toc_turn_policy(work->turn, 0, &policy));
    TOC_TRY(settle_queue(work->turn, work->issue, &queue));
    const struct need need = {.queue = queue};
    return offer_to(work, &need, toc_policy_person(policy, toc_str_of(id)), NULL);
}

enum toc_err offer_event(struct work *work, bool *out_done)
{
    const Tocsin__V1__IssueAssigned *assigned = work->event->issue_assigned;
    char *person = assigned->assignee;
    const char *why = NULL;
    *out_done = work->issue->pooled;
    if (!*out_done)
        return TOC_OK;
    bool nameless = person[0] == '\0';
    switch ((int)assigned->action) {
    case TOCSIN__V1__ISSUE_ASSIGNED__ACTION__OFFER:
        return nameless ? refuse(work, "offered to whom?") : offer_by_hand(work, person);
    case TOCSIN__V1__ISSUE_ASSIGNED__ACTION__ACCEPT:
        return nameless ? refuse(work, "accepted by whom?") : accept(work, person);
    case TOCSIN__V1__ISSUE_ASSIGNED__ACTION__DECLINE:
        return nameless ? refuse(work, "declined by whom?") : decline(work, person);
    case TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE:
        return release(work, person);
    default:
        break;
    }
    if (!nameless)
        TOC_TRY(ask(work, person, true, &why));
    if (why != NULL)
        return refuse(work, why);
    clear_offer(work->issue); /* by hand wins over an offer */
    *out_done = false;
    return TOC_OK;
}
