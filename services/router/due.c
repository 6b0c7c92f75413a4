#include "services/router/due.h"

#include "services/router/machine.h"

/* Whether the issue's SLA has a clock of that name. */
static enum toc_err has_clock(struct work *work, const char *name, bool *out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(work->turn, work->issue->policy, &policy);
    *out = false;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    const struct toc_sla *sla = toc_policy_sla(policy, toc_str_of(work->issue->sla));
    for (size_t i = 0; sla != NULL && i < sla->clock_count; i++)
        *out = *out || strcmp(sla->clocks[i].name, name) == 0;
    return TOC_OK;
}

enum toc_err due_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueDueSet *said = work->event->issue_due_set;
    bool there;
    if (machine_is_over(work->issue->state))
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE, "the issue is over");
    TOC_TRY(has_clock(work, said->metric, &there));
    if (!there)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE,
                           "the issue's SLA has no clock of that name");
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET;
    change.metric = said->metric;
    change.due_ms = said->due_ms;
    change.end_ms = said->due_ms != 0 ? said->end_ms : 0;
    change.by = said->owner;
    return work_emit(work, &change);
}
