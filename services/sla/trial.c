#include "services/sla/trial.h"

#include "services/sla/happen.h"
#include "services/sla/move.h"

#include "common/issue_fields.h"

#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

/* What the stretches show by their differences; an issue that is merged is over. */
#define SHOWN                                                                                      \
    (HAPPENED(OPENED) | HAPPENED(QUEUED) | HAPPENED(CLAIMED) | HAPPENED(RELEASED) |                \
     HAPPENED(TIER_CHANGED) | HAPPENED(MERGED))

/* Whoever had it: that is not kept. */
#define SOMEBODY "somebody"

static bool is_shown(struct toc_trigger trigger)
{
    return (trigger.happenings & ~SHOWN) == 0;
}

/* These wait for messages or another team, whatever their triggers say. */
static bool waits(enum toc_metric_kind metric)
{
    return metric == TOC_CLOCK_FIRST_REPLY || metric == TOC_CLOCK_NEXT_REPLY ||
           metric == TOC_CLOCK_PERIODIC_UPDATE || metric == TOC_CLOCK_PAUSABLE_UPDATE ||
           metric == TOC_CLOCK_ESCALATION;
}

bool trial_covers(const struct work *work, const struct toc_clock_rule *rule)
{
    return rule->targets[work->row->priority].kind != TOC_TARGET_UNSET && !waits(rule->metric) &&
           is_shown(rule->start) && is_shown(rule->pause) && is_shown(rule->stop) &&
           is_shown(rule->reset) && is_shown(rule->cancel);
}

/* --- going through ------------------------------------------------------------------------ */

/* The issue as it was in the stretch. */
static void enter(Tocsin__V1__Issue *issue, const struct segment *segment)
{
    bool claimed = issue->assignee[0] != '\0';
    if (strcmp(issue->queue, segment->queue) != 0)
        issue->queued_ms = segment->span.from_ms;
    if (claimed != segment->claimed)
        issue->claimed_ms = segment->claimed ? segment->span.from_ms : 0;
    issue->state = segment->state;
    issue->tier = segment->tier;
    issue->queue = toc_wire_text(segment->queue);
    issue->partner = toc_wire_text(segment->partner);
    issue->assignee = toc_wire_text(segment->claimed ? SOMEBODY : "");
}

static enum toc_err go_through(struct work *trial, const struct work *work,
                               const struct segment *segments, size_t count)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    Tocsin__V1__Issue issue = *work->issue;
    issue.queue = issue.assignee = toc_wire_text("");
    issue.merged_into = toc_wire_binary(toc_str(NULL, 0));
    issue.unanswered_ms = issue.claimed_ms = issue.queued_ms = 0;
    issue.bot = false;
    change.issue = &issue;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED;
    for (size_t i = 0; i < count; i++) {
        enter(&issue, &segments[i]);
        trial->at_ms = trial->row->segment_ms = segments[i].span.from_ms;
        trial->row->segments = (uint32_t)i; /* which are the issue's own, from the first one on */
        (void)happen_take(trial, &change);
        trial->fields = toc_issue_fields(work->issue);
        TOC_TRY(move_clocks(trial));
        change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__NOTED;
    }
    return TOC_OK;
}

static void take_outcomes(const Tocsin__V1__IssueClocks *row, struct trial *out)
{
    for (size_t i = 0; i < row->n_clocks; i++) {
        const Tocsin__V1__Clock *clock = row->clocks[i];
        out->outcomes[i] = (struct outcome){.scope = clock->scope,
                                            .state = clock->state,
                                            .ended_by = clock->ended_by,
                                            .held = clock->held,
                                            .started_ms = clock->started_ms,
                                            .running_since_ms = clock->running_since_ms,
                                            .stopped_ms = clock->stopped_ms};
    }
    out->count = row->n_clocks;
}

enum toc_err trial_run(const struct work *work, const struct toc_clock_rule *rule,
                       const struct segment *segments, size_t count, struct trial *out)
{
    Tocsin__V1__IssueClocks row = TOCSIN__V1__ISSUE_CLOCKS__INIT;
    const struct toc_sla sla = {.name = work->sla->name, .clocks = rule, .clock_count = 1};
    struct work trial = {.turn = work->turn,
                         .row = &row,
                         .policy = work->policy,
                         .sla = &sla,
                         .spans = &out->spans,
                         .dry = true};
    size_t mark = toc_arena_mark(work->turn->arena);
    row.partition = work->row->partition;
    row.number = work->row->number;
    row.opened_ms = work->row->opened_ms;
    out->spans.count = 0;
    out->spans.full = false;
    TOC_TRY(go_through(&trial, work, segments, count));
    take_outcomes(&row, out);
    toc_arena_reset(work->turn->arena, mark); /* scopes are names of stretches and tiers */
    return out->count < SLA_CLOCKS_MAX && !out->spans.full ? TOC_OK : TOC_NONE;
}
