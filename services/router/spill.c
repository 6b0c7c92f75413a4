#include "services/router/spill.h"

#include "services/router/route.h"

#include "common/plant.h"

/* --- shifts ----------------------------------------------------------------------------------- */

/*
 * Whether anybody who serves the queue is on shift. `*out_ms` is when that may change: the last
 * end of the shifts that are on, or else the next beginning; TOC_TIME_NEVER for never.
 */
static bool is_manned(const struct toc_queue *queue, toc_time_ms at_ms, toc_time_ms *out_ms)
{
    toc_time_ms until_ms = TOC_TIME_MIN, from_ms = TOC_TIME_NEVER;
    for (size_t i = 0; i < queue->person_count; i++) {
        const struct toc_calendar *shift = queue->people[i]->shift;
        struct toc_interval open = {TOC_TIME_MIN, TOC_TIME_NEVER};
        if (shift != NULL && toc_calendar_interval_after(shift, at_ms, &open) != TOC_OK)
            continue;
        if (open.from_ms > at_ms)
            from_ms = open.from_ms < from_ms ? open.from_ms : from_ms;
        else if (open.until_ms > until_ms)
            until_ms = open.until_ms;
    }
    *out_ms = until_ms != TOC_TIME_MIN ? until_ms : from_ms;
    return until_ms != TOC_TIME_MIN;
}

/* When the sun may have to be followed: 0 for never. */
static toc_time_ms next_shift(const struct toc_queue *queue, toc_time_ms at_ms)
{
    toc_time_ms next_ms, ms;
    if (queue->follow_sun_count == 0)
        return 0;
    if (!is_manned(queue, at_ms, &next_ms))
        for (size_t i = 0; i < queue->follow_sun_count; i++)
            if (!is_manned(queue->follow_sun[i], at_ms, &ms) && ms < next_ms)
                next_ms = ms;
    return next_ms == TOC_TIME_NEVER ? 0 : next_ms;
}

/* --- where to --------------------------------------------------------------------------------- */

static bool was_in(const Tocsin__V1__Pooled *pooled, const struct toc_queue *queue)
{
    for (size_t i = 0; i < pooled->n_visited; i++)
        if (strcmp(pooled->visited[i], queue->name) == 0)
            return true;
    return false;
}

/* The first place with somebody on shift, while there is nobody here. */
static const struct toc_queue *sunny(const struct toc_queue *queue, toc_time_ms at_ms)
{
    toc_time_ms ms;
    if (queue->follow_sun_count == 0 || is_manned(queue, at_ms, &ms))
        return NULL;
    for (size_t i = 0; i < queue->follow_sun_count; i++)
        if (is_manned(queue->follow_sun[i], at_ms, &ms))
            return queue->follow_sun[i];
    return NULL;
}

struct spill spill_choose(const struct toc_queue *queue, const Tocsin__V1__Issue *issue,
                          const Tocsin__V1__Pooled *pooled, toc_time_ms at_ms)
{
    struct spill spill = {.to = sunny(queue, at_ms), .reason = SPILL_FOLLOW_SUN};
    for (size_t i = 0; spill.to == NULL && i < queue->spill_count; i++) {
        if (at_ms < issue->queued_ms + queue->spills[i].after_ms)
            break;
        spill.reason = SPILL_VISITED;
        spill.held_back = was_in(pooled, queue->spills[i].to);
        if (spill.held_back)
            continue;
        spill.to = queue->spills[i].to;
        spill.reason = SPILL_OVER;
    }
    if (spill.to != NULL && !route_may_move(queue, issue))
        return (struct spill){.reason = SPILL_HOP_LIMIT, .held_back = true};
    return spill;
}

toc_time_ms spill_next(const struct toc_queue *queue, const Tocsin__V1__Issue *issue,
                       toc_time_ms at_ms)
{
    toc_time_ms since_ms = issue->queued_ms, next_ms = next_shift(queue, at_ms);
    if (queue->prefer_count > 0) {
        toc_time_ms gone = at_ms < since_ms ? 0 : (at_ms - since_ms) / queue->relax_ms;
        if (gone < (toc_time_ms)queue->prefer_count)
            next_ms = wait_earlier(next_ms, since_ms + (gone + 1) * queue->relax_ms);
    }
    for (size_t i = 0; i < queue->spill_count; i++)
        if (since_ms + queue->spills[i].after_ms > at_ms)
            return wait_earlier(next_ms, since_ms + queue->spills[i].after_ms);
    return next_ms;
}

/* --- moving ----------------------------------------------------------------------------------- */

enum toc_err spill_move(struct work *work, const struct spill *spill)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const struct route_move move = {.queue = spill->to->name, .reason = spill->reason};
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    return route_issue(work, &move, &change);
}

static bool is_over(const Tocsin__V1__Issue *issue)
{
    return issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

static enum toc_err breach(struct work *work, const struct toc_queue *queue, const char *clock)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const struct route_move move = {.queue = queue->on_breach->name, .reason = SPILL_BREACHED};
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
    change.metric = toc_wire_text(clock);
    if (route_may_move(queue, work->issue)) {
        TOC_TRY(route_issue(work, &move, &change));
        return work_end(work);
    }
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING;
    change.reason = toc_wire_text(SPILL_HOP_LIMIT);
    TOC_TRY(work_emit(work, &change));
    return work_end(work);
}

enum toc_err spill_breached(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__ClockChange *change;
    Tocsin__V1__Issue *issue;
    const struct toc_policy *policy;
    TOC_TRY(toc_unpack(turn, clock_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base) || change->clock == NULL || record->issue.len != TOC_ID)
        return TOC_ERR_MALFORMED;
    if (change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(turn, 0, &policy);
    if (err == TOC_OK)
        err = issue_load(turn, toc_wire_bytes(&record->issue), &issue);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    const struct toc_queue *queue = toc_policy_queue(policy, toc_str_of(issue->queue));
    if (queue == NULL || queue->on_breach == NULL || is_over(issue) ||
        strcmp(change->queue, issue->queue) != 0)
        return TOC_OK;
    /* At its due an issue is in time: what a breach causes comes after that. */
    toc_time_ms after_ms = TOC_PLANTED(TOC_PLANT_BREACH_UNDONE) ? 0 : 1;
    struct work work = work_begin(turn, issue, NULL, record->at_ms + after_ms);
    return breach(&work, queue, change->clock->metric);
}
