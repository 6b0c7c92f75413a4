#include "services/router/choose.h"

#include "services/router/appeal.h"

#include <string.h>

/* A day of a content class is divided into so many parts; each issue takes its share. */
#define DAY_PARTS 1000000000u

#define DECIDER "decider" /* a refusal's word */

/* --- what an issue asks for ------------------------------------------------------------------- */

static bool is_paused(const Tocsin__V1__Issue *issue)
{
    return issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING ||
           issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD;
}

unsigned choose_weight(const struct toc_queue *queue, const Tocsin__V1__Issue *issue)
{
    if (queue->paused_is_free && is_paused(issue))
        return 0;
    return queue->weight[issue->priority];
}

size_t choose_let_go(const struct toc_queue *queue, toc_time_ms waited_ms)
{
    if (queue->prefer_count == 0 || waited_ms < queue->relax_ms)
        return 0;
    toc_time_ms gone = waited_ms / queue->relax_ms;
    return gone < (toc_time_ms)queue->prefer_count ? (size_t)gone : queue->prefer_count;
}

struct need choose_need(const struct toc_queue *queue, const Tocsin__V1__Issue *issue,
                        const Tocsin__V1__Pooled *pooled, toc_time_ms at_ms)
{
    return (struct need){.queue = queue,
                         .issue = issue,
                         .pooled = pooled,
                         .at_ms = at_ms,
                         .weight = choose_weight(queue, issue),
                         .preferred =
                             queue->prefer_count - choose_let_go(queue, at_ms - issue->queued_ms)};
}

/* --- what a person has ------------------------------------------------------------------------ */

static bool has_skill(const struct toc_person *person, const char *skill)
{
    for (size_t i = 0; i < person->skill_count; i++)
        if (strcmp(person->skills[i], skill) == 0)
            return true;
    return false;
}

static bool speaks(const struct toc_person *person, const char *language)
{
    if (language[0] == '\0')
        return true;
    for (size_t i = 0; i < person->language_count; i++)
        if (toc_language_is_in(person->languages[i], language))
            return true;
    return false;
}

/* A person who is online may say that they serve some of their queues only. */
static bool serves_now(const Tocsin__V1__Person *row, const struct toc_queue *queue)
{
    for (size_t i = 0; i < row->n_queues; i++)
        if (strcmp(row->queues[i], queue->name) == 0)
            return true;
    return row->n_queues == 0;
}

static bool is_left_out(const struct need *need, const Tocsin__V1__Person *row)
{
    for (size_t i = 0; i < need->pooled->n_left_out; i++) {
        const Tocsin__V1__LeftOut *left_out = need->pooled->left_out[i];
        if (strcmp(left_out->person, row->id) == 0 &&
            (!left_out->lapsed || left_out->at_ms >= row->changed_ms))
            return true;
    }
    return false;
}

/* --- exposure --------------------------------------------------------------------------------- */

/* Parts of a day that one issue of the class takes; 0 for a class without a bound. */
static uint64_t share_of(const struct toc_person *person, const char *content_class)
{
    for (size_t i = 0; i < person->exposure_count; i++) {
        const struct toc_exposure *exposure = &person->exposure[i];
        if (strcmp(exposure->content_class, content_class) == 0)
            return exposure->per_day == 0 ? DAY_PARTS + 1 : DAY_PARTS / exposure->per_day;
    }
    return 0;
}

static bool has_day_left(const struct need *need, const struct person *person)
{
    const Tocsin__V1__Person *row = person->row;
    uint64_t share = share_of(person->rule, need->issue->content_class), used = 0;
    if (share == 0 || need->issue->content_class[0] == '\0')
        return true;
    toc_time_ms end_ms;
    if (row->day == person_day(person->rule, need->at_ms, &end_ms))
        for (size_t i = 0; i < row->n_seen; i++)
            used += row->seen[i]->count * share_of(person->rule, row->seen[i]->content_class);
    return used + share <= DAY_PARTS;
}

/* --- the choice ------------------------------------------------------------------------------- */

const char *choose_never(const struct need *need, const struct person *person)
{
    if (appeal_excludes(need->issue, person->row->id))
        return DECIDER;
    return person->rule != NULL && !has_day_left(need, person) ? "exposure" : NULL;
}

const char *choose_unfit(const struct toc_queue *queue, const struct person *person,
                         toc_time_ms at_ms)
{
    const struct toc_person *rule = person->rule;
    if (!person->row->online)
        return "offline";
    if (!serves_now(person->row, queue))
        return "other_queues";
    if (rule->shift != NULL && !toc_calendar_is_open(rule->shift, at_ms))
        return "off_shift";
    if (rule->clearance < queue->clearance)
        return "clearance";
    for (size_t i = 0; i < queue->skill_count; i++)
        if (!has_skill(rule, queue->skills[i]))
            return "skill";
    return NULL;
}

const char *choose_refusal(const struct need *need, const struct person *person)
{
    const struct toc_queue *queue = need->queue;
    if (appeal_excludes(need->issue, person->row->id))
        return DECIDER; /* whatever else holds, it is the rule that a reader looks for */
    const char *why = choose_unfit(queue, person, need->at_ms);
    if (why != NULL)
        return why;
    if (is_left_out(need, person->row))
        return "declined";
    for (size_t i = 0; i < need->preferred; i++)
        if (!has_skill(person->rule, queue->prefer[i]))
            return "preferred_skill";
    if (queue->by_language && !speaks(person->rule, need->issue->language))
        return "language";
    if (person->row->load + need->weight > person->rule->capacity)
        return "full";
    return choose_never(need, person);
}

struct candidate choose_candidate(const struct need *need, const struct person *person)
{
    const Tocsin__V1__Pooled *pooled = need->pooled;
    struct candidate candidate = {.rule = person->rule,
                                  .had_it = strcmp(pooled->last, person->row->id) == 0 &&
                                            need->at_ms < pooled->last_until_ms,
                                  .load = person->row->load,
                                  .offered_ms = person->row->offered_ms};
    while (candidate.preferred < need->queue->prefer_count &&
           has_skill(person->rule, need->queue->prefer[candidate.preferred]))
        candidate.preferred++;
    return candidate;
}

bool choose_is_better(const struct candidate *a, const struct candidate *b)
{
    if (a->had_it != b->had_it)
        return a->had_it;
    if (a->preferred != b->preferred)
        return a->preferred > b->preferred;
    if (a->load != b->load)
        return a->load < b->load;
    if (a->offered_ms != b->offered_ms)
        return a->offered_ms < b->offered_ms;
    return strcmp(a->rule->name, b->rule->name) < 0;
}
