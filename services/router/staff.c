#include "services/router/staff.h"

#include "services/router/offer.h"
#include "services/router/settle.h"
#include "services/router/spill.h"

#include "common/plant.h"

#define DRAIN_MAX 64 /* issues looked at for one person at once; the rest after other dues */

/* --- people ----------------------------------------------------------------------------------- */

/* Who goes keeps what waits for others: once it is our turn again, settling takes it back. */
static enum toc_err give_back(struct toc_turn *turn, struct toc_str key, toc_time_ms at_ms)
{
    Tocsin__V1__Issue *issue;
    TOC_TRY(issue_at(turn, key, &issue));
    struct work work = work_begin(turn, issue, NULL, at_ms);
    if (issue->state != TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW &&
        issue->state != TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN)
        return TOC_OK;
    TOC_TRY(offer_take_back(&work, OFFER_OFFLINE));
    return work_end(&work);
}

static enum toc_err give_all_back(struct toc_turn *turn, const char *id, toc_time_ms at_ms)
{
    uint8_t key[ISSUE_KEY] = {0};
    bool first = true;
    enum toc_err err;
    while ((err = person_next_held(turn->txn, id, key, &first)) == TOC_OK) {
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(give_back(turn, toc_str(key, sizeof(key)), at_ms));
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err staff_presence(struct toc_turn *turn, const Tocsin__V1__AgentPresence *presence,
                            toc_time_ms at_ms)
{
    struct person person;
    size_t size = strlen(presence->agent);
    if (size == 0 || size > TOC_PERSON_ID_MAX)
        return TOC_OK; /* no policy can name them, so intake refuses it */
    TOC_TRY(person_open(turn, presence->agent, &person));
    if (person.row->online != presence->online)
        person.row->changed_ms = at_ms;
    person.row->online = presence->online;
    person.row->queues = presence->queues;
    person.row->n_queues = presence->n_queues;
    person.row->next_ms = presence->online ? at_ms : 0;
    person.row->resume_ms = 0;
    TOC_TRY(person_save(turn, &person, at_ms));
    return presence->online ? TOC_OK : give_all_back(turn, presence->agent, at_ms);
}

enum toc_err staff_policy(struct toc_turn *turn, toc_time_ms at_ms)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    for (size_t i = 0; err == TOC_OK && i < policy->person_count; i++) {
        struct person person;
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(person_open(turn, policy->people[i].name, &person));
        if (person.row->online) {
            person.row->next_ms = wait_earlier(person.row->next_ms, at_ms);
            person.row->resume_ms = 0;
            TOC_TRY(person_save(turn, &person, at_ms));
        }
        toc_arena_reset(turn->arena, mark);
    }
    return err < 0 ? err : TOC_OK;
}

enum toc_err staff_urgency(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__Urgency *urgency;
    Tocsin__V1__Issue *issue;
    const struct toc_queue *queue;
    struct pooled pooled;
    TOC_TRY(toc_unpack(turn, urgency, toc_wire_bytes(&record->body), &urgency));
    if (record->issue.len != TOC_ID)
        return TOC_ERR_MALFORMED;
    enum toc_err err = issue_load(turn, toc_wire_bytes(&record->issue), &issue);
    if (err != TOC_OK || !issue->pooled)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(settle_queue(turn, issue, &queue));
    TOC_TRY(pooled_open(turn, issue, &pooled));
    pooled.row->due_ms = urgency->due_ms;
    if (pooled.row->rank_ms != 0 && queue != NULL)
        pooled.row->rank_ms = settle_rank(queue, pooled.row);
    return pooled_save(turn, &pooled);
}

/* --- a person has room ------------------------------------------------------------------------ */

/*
 * Offers a waiting issue if this person can take it: to the best of all who can, since others may
 * have come at the same instant. `*out_full`: this one can take no more.
 */
static enum toc_err offer_waiting(struct toc_turn *turn, const char *id, struct toc_str key,
                                  const struct toc_queue *queue, toc_time_ms at_ms, bool *out_full)
{
    Tocsin__V1__Issue *issue;
    struct pooled pooled;
    struct person person;
    struct refusals refusals;
    TOC_TRY(person_open(turn, id, &person));
    *out_full = person.row->load >= person.rule->capacity;
    if (*out_full)
        return TOC_OK;
    TOC_TRY(issue_at(turn, key, &issue));
    TOC_TRY(pooled_open(turn, issue, &pooled));
    struct work work = work_begin(turn, issue, NULL, at_ms);
    const struct need need = choose_need(queue, issue, pooled.row, work.at_ms);
    if (choose_refusal(&need, &person) != NULL)
        return TOC_OK;
    TOC_TRY(offer_best(&work, &need, &refusals));
    return work_end(&work);
}

/* Goes through what waits, the most urgent first; `*out_resume` is where to go on, if anywhere. */
static enum toc_err drain(struct toc_turn *turn, struct wait_list *list, const char *id,
                          toc_time_ms at_ms, struct wait_place *out_resume)
{
    const struct toc_queue *queue;
    struct wait_place place;
    bool full = false;
    for (unsigned seen = 0; !full; seen++) {
        enum toc_err err = wait_next(list, &queue, &place);
        if (err != TOC_OK)
            return err < 0 ? err : TOC_OK;
        if (seen == DRAIN_MAX) {
            *out_resume = place;
            return TOC_OK;
        }
        size_t mark = toc_arena_mark(turn->arena);
        TOC_TRY(offer_waiting(turn, id, toc_str(place.issue, ISSUE_KEY), queue, at_ms, &full));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

/* Of the person's queues those of which they could take something now. */
static enum toc_err queues_for(struct toc_turn *turn, const struct person *person,
                               toc_time_ms at_ms, const struct toc_queue *const **out,
                               size_t *out_count)
{
    const struct toc_person *rule = person->rule;
    const struct toc_queue **queues =
        toc_arena_take(turn->arena, rule->queue_count * sizeof(*queues));
    size_t count = 0;
    if (queues == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < rule->queue_count; i++)
        if (choose_unfit(rule->queues[i], person, at_ms) == NULL)
            queues[count++] = rule->queues[i];
    *out = queues;
    *out_count = count;
    return TOC_OK;
}

static struct wait_place resume_of(const Tocsin__V1__Person *row)
{
    struct wait_place place = {.rank_ms = row->resume_ms};
    if (row->resume_ms != 0 && row->resume_issue.len == ISSUE_KEY)
        memcpy(place.issue, row->resume_issue.data, ISSUE_KEY);
    return place;
}

static enum toc_err look_at_person(struct toc_turn *turn, const char *id, toc_time_ms at_ms)
{
    struct person person;
    struct wait_list list;
    const struct toc_queue *const *queues;
    size_t count = 0;
    struct wait_place resume = {0};
    TOC_TRY(person_open(turn, id, &person));
    if (person.rule != NULL)
        TOC_TRY(queues_for(turn, &person, at_ms, &queues, &count));
    if (count > 0) {
        TOC_TRY(wait_begin(turn, queues, count, resume_of(person.row), &list));
        TOC_TRY(drain(turn, &list, id, at_ms, &resume));
        TOC_TRY(person_open(turn, id, &person));
    }
    person.row->next_ms = resume.rank_ms != 0 ? at_ms : 0;
    person.row->resume_ms = resume.rank_ms;
    person.row->resume_issue =
        toc_wire_binary(toc_str(resume.issue, resume.rank_ms != 0 ? ISSUE_KEY : 0));
    return person_save(turn, &person, at_ms);
}

/* --- an issue waits, or is offered ------------------------------------------------------------ */

/* It stays; the first time, and for every other reason, that is recorded. */
static enum toc_err stay(struct work *work, struct pooled *pooled, const struct spill *spill,
                         struct refusals *refusals)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const char *why = spill->held_back ? spill->reason : TOC_WAITS_NOBODY;
    if (strcmp(pooled->row->told, why) == 0)
        return TOC_OK;
    pooled->row->told = toc_wire_text(why);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING;
    change.reason = toc_wire_text(why);
    change.candidates = refusals->list;
    change.n_candidates = refusals->count;
    return work_emit(work, &change);
}

static enum toc_err look_at_waiting(struct work *work, struct pooled *pooled,
                                    const struct toc_queue *queue)
{
    struct refusals refusals;
    const struct need need = choose_need(queue, work->issue, pooled->row, work->at_ms);
    enum toc_err err = offer_best(work, &need, &refusals);
    if (err != TOC_NONE)
        return err;
    const struct spill spill = spill_choose(queue, work->issue, pooled->row, work->at_ms);
    if (spill.to != NULL)
        return spill_move(work, &spill);
    TOC_TRY(stay(work, pooled, &spill, &refusals));
    pooled->row->next_ms = spill_next(queue, work->issue, work->at_ms);
    return pooled_save(work->turn, pooled);
}

static enum toc_err look_at_issue(struct toc_turn *turn, struct toc_str key, toc_time_ms at_ms)
{
    Tocsin__V1__Issue *issue;
    const struct toc_queue *queue;
    struct pooled pooled;
    TOC_TRY(issue_at(turn, key, &issue));
    struct work work = work_begin(turn, issue, NULL, at_ms);
    TOC_TRY(settle_queue(turn, issue, &queue));
    TOC_TRY(pooled_open(turn, issue, &pooled));
    if (issue->offered_to[0] != '\0' && !TOC_PLANTED(TOC_PLANT_OFFER_TWO))
        TOC_TRY(offer_lapse(&work));
    else if (queue != NULL)
        TOC_TRY(look_at_waiting(&work, &pooled, queue));
    else
        TOC_TRY(settle_leave(&work, &pooled)); /* nobody serves the queue any more */
    return work_end(&work);
}

enum toc_err staff_fire(struct toc_turn *turn, toc_time_ms now_ms)
{
    struct wait_fire fire;
    enum toc_err err = wait_first(turn, now_ms, &fire);
    if (err != TOC_OK)
        return err;
    switch (fire.kind) {
    case WAIT_DUE_PERSON:
        return look_at_person(turn, fire.person, fire.at_ms);
    case WAIT_DUE_ISSUE:
        return look_at_issue(turn, toc_str(fire.key, sizeof(fire.key)), fire.at_ms);
    }
    return TOC_ERR_DAMAGED;
}
