#include "services/sla/deadline.h"

static bool is_occasion(const struct work *work, const struct toc_alert_rule *rule)
{
    return rule->on == TOC_ALERT_ON_OPENED ||
           (rule->on == TOC_ALERT_ON_WAITING && work->issue->waiting);
}

enum toc_err deadline_take(struct work *work, uint32_t version)
{
    const struct toc_policy *policy;
    Tocsin__V1__IssueClocks *row = work->row;
    if (row->alerts || version == 0 || work->issue->test)
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, version, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    for (size_t i = 0; i < policy->alert_count && !row->alerts; i++)
        row->alerts = is_occasion(work, &policy->alerts[i]) &&
                      toc_match(&policy->alerts[i].when, &work->fields);
    work->changed = work->changed || row->alerts;
    return TOC_OK;
}

/* What has passed still presses, as long as its clock is not over. */
static toc_time_ms due_of(const Tocsin__V1__Clock *clock)
{
    if (!clock_is_live(clock))
        return TOC_TIME_NEVER;
    return clock->breached ? clock->breached_ms : clock->due_ms;
}

static toc_time_ms soonest(const Tocsin__V1__IssueClocks *row)
{
    toc_time_ms soonest_ms = TOC_TIME_NEVER;
    for (size_t i = 0; i < row->n_clocks; i++)
        if (due_of(row->clocks[i]) < soonest_ms)
            soonest_ms = due_of(row->clocks[i]);
    return soonest_ms != TOC_TIME_NEVER ? soonest_ms : 0;
}

enum toc_err deadline_tell(struct work *work)
{
    Tocsin__V1__Deadline deadline = TOCSIN__V1__DEADLINE__INIT;
    Tocsin__V1__IssueClocks *row = work->row;
    toc_time_ms due_ms = row->alerts ? soonest(row) : 0;
    if (due_ms == row->deadline_ms)
        return TOC_OK;
    row->deadline_ms = deadline.due_ms = due_ms;
    deadline.number = row->number;
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED,
                                .class_bit = TOC_CLASS_CLOCK,
                                .partition = row->partition,
                                .at_ms = work->at_ms,
                                .issue = row->id.data,
                                .policy = row->policy,
                                .test = row->test,
                                .message = &deadline};
    return toc_emit(work->turn, &out, NULL);
}
