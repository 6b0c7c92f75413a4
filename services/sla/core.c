/*
 * SLA's step. A record of an issue's history first lets pass what was due before it, then moves the
 * issue's clocks; time alone fires what is due.
 *
 *   core.c     records and time           happen.c    what a record means to clocks
 *   move.c     the machine of one clock   retarget.c  another priority, SLA or policy
 *   fire.c     warnings and breaches      clock.c     the arithmetic of one clock
 *   row.c      rows, ledger, due index    record.c    what sla writes to its log
 *   manual.c   due dates by hand, merges  edit.c      policies for issues that are there
 *   recount.c  counting again             trial.c     as it would have been
 *   segment.c  where the issue was        share.c     where a clock's time went
 *   urgency.c  what the router is told    escalation.c  clocks of other teams
 *   deadline.c what the notifier is told  fit.c      alert rules it fits
 *   ask.c      questions
 */
#include "services/sla/deadline.h"
#include "services/sla/edit.h"
#include "services/sla/escalation.h"
#include "services/sla/fire.h"
#include "services/sla/fit.h"
#include "services/sla/happen.h"
#include "services/sla/manual.h"
#include "services/sla/move.h"
#include "services/sla/retarget.h"
#include "services/sla/segment.h"

static const char *const tables[] = {"clocks", "due", "ledger", "open"};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == SLA_TABLE_END - TOC_TABLE_OWN,
               "one name per table");

static enum toc_err new_row(struct toc_turn *turn, const Tocsin__V1__Issue *issue,
                            Tocsin__V1__IssueClocks **out)
{
    Tocsin__V1__IssueClocks *row = toc_arena_take(turn->arena, sizeof(*row));
    if (row == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__issue_clocks__init(row);
    row->id = issue->id;
    row->number = issue->number;
    row->partition = issue->partition;
    row->opened_ms = issue->opened_ms;
    row->segment_ms = issue->opened_ms;
    row->indexed_ms = TOC_TIME_NEVER;
    *out = row;
    return TOC_OK;
}

/* Takes over what the record says of the issue, and what that means for targets. */
static enum toc_err take(struct work *work, const Tocsin__V1__IssueChange *change)
{
    const struct work old = *work;
    bool edits = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY;
    if (happen_goes(work, change->issue))
        TOC_TRY(segment_end(work, work->at_ms));
    if (edits)
        TOC_TRY(edit_begin(work, change));
    bool terms = happen_take(work, change);
    if (terms)
        TOC_TRY(row_bind(work));
    TOC_TRY(fit_take(work));
    if (terms)
        return edits ? edit_apply(work, &old) : retarget(work, &old);
    if (edits && change->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        return edit_report(work);
    return TOC_OK;
}

static enum toc_err on_change(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    Tocsin__V1__IssueChange *change;
    struct work work = {.turn = turn, .at_ms = record->at_ms};
    TOC_TRY(toc_unpack(turn, issue_change, toc_wire_bytes(&record->body), &change));
    if (!toc_wire_is_known(&change->base))
        return TOC_ERR_MALFORMED; /* from a newer version: the follower stops and says so */
    const Tocsin__V1__Issue *issue = change->issue;
    if (issue == NULL || issue->id.len != TOC_ID || issue->priority > TOC_POLICY_PRIORITIES)
        return TOC_ERR_MALFORMED;
    enum toc_err err = row_load(turn, issue->partition, issue->number, &work.row);
    TOC_TRY(err);
    if (err == TOC_NONE) {
        TOC_TRY(new_row(turn, issue, &work.row));
        work.changed = true;
    }
    TOC_TRY(row_bind(&work));
    TOC_TRY(fire_issue(&work, work.at_ms)); /* what was due before it has come to pass */
    TOC_TRY(manual_restore(&work));
    TOC_TRY(take(&work, change));
    TOC_TRY(deadline_take(&work, record->policy));
    TOC_TRY(manual_move(&work));
    TOC_TRY(escalation_move(&work));
    TOC_TRY(move_clocks(&work));
    if (!work.changed)
        return TOC_OK;
    work.row->changed_ms = work.at_ms;
    return row_save(&work);
}

/* Its own records name the version: whoever follows only this log has to know it first. */
static enum toc_err keep_policy(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    enum toc_err err = toc_turn_keep_policy(turn, record->type, toc_wire_bytes(&record->body),
                                            record->at_ms, true);
    return err < 0 ? err : TOC_OK;
}

static enum toc_err on_record(struct toc_turn *turn, const Tocsin__V1__Record *record)
{
    switch ((int)record->type) {
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        return on_change(turn, record);
    case TOCSIN__V1__RECORD_TYPE__POLICY_PART:
    case TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED:
        return keep_policy(turn, record);
    default:
        return TOC_OK;
    }
}

static enum toc_err sla_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_RECORD:
        return on_record(turn, ev->record);
    case TOC_EVENT_TIME:
        return fire_dues(turn, ev->at_ms);
    case TOC_EVENT_BEHIND:
        return fire_unconfirmed(turn, ev->at_ms);
    case TOC_EVENT_SUBMIT:
    case TOC_EVENT_OUTCOME:
    case TOC_EVENT_UPSTREAM:
        break;
    }
    TOC_BUG("an event that sla never gets");
}

const struct toc_service sla_service = {
    .name = "sla",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .upstream_classes = TOC_CLASS_HISTORY | TOC_CLASS_CONTROL,
    .sees_behind = true,
    .time_source = TOC_TIME_OF_LOGS,
    .rest_ms = 5,
    .leader = "router",
    .leader_classes = TOC_CLASS_ROUTING,
    .self_bytes = sizeof(struct sla),
    .step = sla_step,
    .next_due = fire_next_due,
    .ask = sla_ask,
    .last_seq_of = sla_last_seq,
};
