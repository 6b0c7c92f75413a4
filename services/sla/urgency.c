#include "services/sla/urgency.h"

/* The issue's queue in the policy in force; NULL when that does not know it. */
static enum toc_err queue_of(struct work *work, const struct toc_queue **out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    *out = err == TOC_OK ? toc_policy_queue(policy, toc_str_of(work->row->queue)) : NULL;
    return err < 0 ? err : TOC_OK;
}

static bool is_over(const Tocsin__V1__IssueClocks *row)
{
    return row->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           row->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

/* The first due of all clocks; 0 for none. What has breached presses no more. */
static toc_time_ms next_breach(const Tocsin__V1__IssueClocks *row)
{
    toc_time_ms due_ms = 0;
    for (size_t i = 0; i < row->n_clocks; i++) {
        const Tocsin__V1__Clock *clock = row->clocks[i];
        if (clock_is_live(clock) && !clock->breached && clock->due_ms != TOC_TIME_NEVER &&
            (due_ms == 0 || clock->due_ms < due_ms))
            due_ms = clock->due_ms;
    }
    return due_ms;
}

enum toc_err urgency_tell(struct work *work)
{
    Tocsin__V1__Urgency urgency = TOCSIN__V1__URGENCY__INIT;
    Tocsin__V1__IssueClocks *row = work->row;
    const struct toc_queue *queue;
    TOC_TRY(queue_of(work, &queue));
    if (queue == NULL || queue->person_count == 0 || is_over(row)) {
        row->told_ms = 0; /* the router has nobody to offer it to, and forgets */
        return TOC_OK;
    }
    toc_time_ms due_ms = next_breach(row);
    if (due_ms == row->told_ms)
        return TOC_OK;
    row->told_ms = due_ms;
    urgency.number = row->number;
    urgency.due_ms = due_ms;
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED,
                                .class_bit = TOC_CLASS_ROUTING,
                                .partition = row->partition,
                                .at_ms = work->at_ms,
                                .issue = row->id.data,
                                .policy = row->policy,
                                .test = row->test,
                                .message = &urgency};
    return toc_emit(work->turn, &out, NULL);
}

enum toc_err urgency_class(struct work *work, Tocsin__V1__ClockChange__What what, uint32_t *out)
{
    const struct toc_queue *queue = NULL;
    if (what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED)
        TOC_TRY(queue_of(work, &queue));
    *out = TOC_CLASS_CLOCK;
    if (queue != NULL && queue->on_breach != NULL)
        *out |= TOC_CLASS_ROUTING;
    return TOC_OK;
}
