#include "services/sla/escalation.h"

#include "services/sla/move.h"

static enum toc_err start(struct work *work, const Tocsin__V1__CrossEscalation *escalation)
{
    const struct toc_team *team =
        work->policy != NULL ? toc_policy_team(work->policy, toc_str_of(escalation->team)) : NULL;
    const char *name = toc_metric_name(TOC_CLOCK_ESCALATION);
    size_t index;
    if (team == NULL)
        return record_refuse(work, name, escalation->id, "the issue's policy has no such team");
    enum toc_err err = move_place(work, &team->clock, escalation->id, &index);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    work->row->clocks[index]->team = toc_wire_text(team->name);
    return move_start(work, index, &team->clock, work->at_ms);
}

static enum toc_err resume(struct work *work, size_t index)
{
    return work->row->clocks[index]->state == TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED
               ? move_resume(work, index)
               : TOC_OK;
}

static enum toc_err move(struct work *work, const Tocsin__V1__CrossEscalation *escalation)
{
    size_t index = row_find(work, toc_metric_name(TOC_CLOCK_ESCALATION), escalation->id);
    bool there = index < work->row->n_clocks;
    Tocsin__V1__Clock *clock = there ? work->row->clocks[index] : NULL;
    switch ((int)escalation->state) {
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED:
        return there && clock_is_live(clock) ? resume(work, index) : start(work, escalation);
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_ACCEPTED:
        return there ? resume(work, index) : start(work, escalation);
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED:
        return there && clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING
                   ? move_pause(work, index)
                   : TOC_OK;
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_ANSWERED:
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD:
        return there && clock_is_live(clock)
                   ? move_stop(work, index, TOCSIN__V1__CLOCK_END__CLOCK_END_EVENT)
                   : TOC_OK;
    default:
        return TOC_OK;
    }
}

static enum toc_err cancel_all(struct work *work)
{
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        Tocsin__V1__Clock *clock = work->row->clocks[i];
        if (clock->team[0] != '\0' && clock_is_live(clock))
            TOC_TRY(move_cancel(work, i, TOCSIN__V1__CLOCK_END__CLOCK_END_MERGED, "merged"));
    }
    return TOC_OK;
}

enum toc_err escalation_move(struct work *work)
{
    if (work->change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED)
        return cancel_all(work);
    if (work->change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION ||
        work->change->escalation == NULL)
        return TOC_OK;
    return move(work, work->change->escalation);
}
