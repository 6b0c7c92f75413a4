#include "services/sla/happen.h"

#include "common/issue_fields.h"

#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* --- what happened ------------------------------------------------------------------------ */

/* An automatic message is nobody's; what a bot answers is no person's. */
static uint32_t messages(const Tocsin__V1__IssueChange *change)
{
    if (change->auto_)
        return 0;
    if (change->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND)
        return HAPPENED(INBOUND);
    if (change->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND && !change->issue->bot)
        return HAPPENED(OUTBOUND);
    return 0;
}

/* Where it waits and who has it, against what the row knew. */
static uint32_t moves(const Tocsin__V1__IssueClocks *row, const Tocsin__V1__Issue *issue)
{
    uint32_t happened = 0;
    if (issue->queue[0] != '\0' && !same(row->queue, issue->queue))
        happened |= HAPPENED(QUEUED);
    if (row->tier != issue->tier)
        happened |= HAPPENED(TIER_CHANGED);
    if (!row->claimed && issue->assignee[0] != '\0')
        happened |= HAPPENED(CLAIMED);
    if (row->claimed && issue->assignee[0] == '\0')
        happened |= HAPPENED(RELEASED);
    if (row->bot && !issue->bot)
        happened |= HAPPENED(HANDED_OFF);
    return happened;
}

static uint32_t what_happened(const struct work *work, const Tocsin__V1__IssueChange *change)
{
    uint32_t happened = messages(change) | moves(work->row, change->issue);
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED:
        return happened | HAPPENED(OPENED);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF:
        return happened | HAPPENED(HANDED_OFF);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED:
        return happened | HAPPENED(MERGED);
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION:
        return change->escalation != NULL &&
                       change->escalation->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD
                   ? happened | HAPPENED(TOLD)
                   : happened;
    default:
        return happened;
    }
}

/* --- the snapshot ------------------------------------------------------------------------- */

bool happen_goes(const struct work *work, const Tocsin__V1__Issue *issue)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    return row->state != issue->state || row->tier != issue->tier ||
           row->claimed != (issue->assignee[0] != '\0') || !same(row->queue, issue->queue) ||
           !same(row->partner, issue->partner);
}

/* What clocks do not ask for, but records and answers show. */
static bool take_names(Tocsin__V1__IssueClocks *row, const Tocsin__V1__Issue *issue)
{
    bool other = row->test != issue->test || !same(row->source, issue->source) ||
                 !same(row->subject, issue->subject) || /* a stub's opening came */
                 row->risk != issue->risk || !same(row->path, issue->path) ||
                 !same(row->category, issue->category) || !same(row->sop, issue->sop);
    row->category = issue->category;
    row->sop = issue->sop;
    row->risk = issue->risk;
    row->path = issue->path;
    row->source = issue->source;
    row->subject = issue->subject;
    row->test = issue->test;
    return other;
}

static bool take_place(struct work *work, const Tocsin__V1__Issue *issue)
{
    Tocsin__V1__IssueClocks *row = work->row;
    bool other = happen_goes(work, issue) || row->bot != issue->bot;
    row->state = issue->state;
    row->queue = issue->queue;
    row->tier = issue->tier;
    row->partner = issue->partner;
    row->claimed = issue->assignee[0] != '\0';
    row->bot = issue->bot;
    return other;
}

/* Another version alone applies to clocks that are there only when it says so. */
static bool take_terms(Tocsin__V1__IssueClocks *row, const Tocsin__V1__Issue *issue, bool edits)
{
    bool other = row->priority != issue->priority || !same(row->sla, issue->sla) ||
                 (row->policy != issue->policy && (row->n_clocks == 0 || edits));
    row->priority = issue->priority;
    if (other) {
        row->sla = issue->sla;
        row->policy = issue->policy;
    }
    return other;
}

/* What only ever becomes true. */
static bool take_firsts(struct work *work)
{
    Tocsin__V1__IssueClocks *row = work->row;
    bool replied = !row->replied && (work->happened & HAPPENED(OUTBOUND)) != 0;
    bool handed = row->handed_ms == 0 && (work->happened & HAPPENED(HANDED_OFF)) != 0;
    row->replied = row->replied || replied;
    if (handed)
        row->handed_ms = work->at_ms;
    return replied || handed;
}

bool happen_take(struct work *work, const Tocsin__V1__IssueChange *change)
{
    work->change = change;
    work->issue = change->issue;
    work->fields = toc_issue_fields(change->issue);
    work->happened = what_happened(work, change);
    work->left = work->row->state;
    work->entered = work->left != change->issue->state;
    bool names = take_names(work->row, change->issue);
    bool place = take_place(work, change->issue);
    bool firsts = take_firsts(work);
    bool edits = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY &&
                 change->mode != TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY;
    work->terms = take_terms(work->row, change->issue, edits);
    work->changed = work->changed || names || place || firsts || work->terms;
    return work->terms;
}

/* --- what holds --------------------------------------------------------------------------- */

bool happen_has_state(const struct work *work, struct toc_trigger trigger)
{
    return (trigger.states >> work->row->state & 1) != 0;
}

bool happen_now(const struct work *work, struct toc_trigger trigger)
{
    return (trigger.happenings & work->happened) != 0;
}

bool happen_starts(const struct work *work, struct toc_trigger trigger)
{
    return happen_now(work, trigger) || (work->entered && happen_has_state(work, trigger));
}

bool happen_fires(const struct work *work, struct toc_trigger trigger)
{
    return happen_has_state(work, trigger) || happen_now(work, trigger);
}

bool happen_wanted(const struct work *work, struct clock clock)
{
    bool has_target = clock.target->kind != TOC_TARGET_UNSET ||
                      (clock.row != NULL && clock_has_manual(clock, work->at_ms));
    return has_target && toc_match(&clock.rule->when, &work->fields);
}

const char *happen_scope(const struct work *work, const struct toc_clock_rule *rule)
{
    static const char *const tiers[] = {NULL, "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    const Tocsin__V1__IssueClocks *row = work->row;
    if (rule->metric == TOC_CLOCK_QUEUE_WAIT)
        return row->queue[0] != '\0' ? row->queue : NULL;
    if (rule->metric == TOC_CLOCK_TIER_TIME)
        return row->tier < sizeof(tiers) / sizeof(tiers[0]) ? tiers[row->tier] : NULL;
    return "";
}

bool happen_has_left(const struct work *work, struct clock clock)
{
    if (clock.rule->metric == TOC_CLOCK_ESCALATION)
        return false; /* its scope is the escalation */
    const char *scope = happen_scope(work, clock.rule);
    return scope == NULL || strcmp(scope, clock.row->scope) != 0;
}

/* A state that would end it, or something that just now would have. */
static bool is_ended(const struct work *work, const struct toc_clock_rule *rule)
{
    uint32_t ends = (rule->stop.happenings | rule->cancel.happenings) & ~rule->start.happenings;
    return happen_has_state(work, rule->stop) || happen_has_state(work, rule->cancel) ||
           (ends & work->happened) != 0;
}

bool happen_may_begin(const struct work *work, const struct toc_clock_rule *rule)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    if (is_ended(work, rule) || work->issue->merged_into.len != 0)
        return false;
    switch (rule->metric) {
    case TOC_CLOCK_FIRST_REPLY:
        return !row->replied && !row->bot;
    case TOC_CLOCK_NEXT_REPLY:
    case TOC_CLOCK_PERIODIC_UPDATE:
    case TOC_CLOCK_PAUSABLE_UPDATE:
        return row->replied; /* the first reply comes before all others */
    case TOC_CLOCK_QUEUE_WAIT:
        return !row->claimed;
    case TOC_CLOCK_REQUESTER_WAIT:
    case TOC_CLOCK_AGENT_WORK:
    case TOC_CLOCK_RESOLUTION:
    case TOC_CLOCK_TIER_TIME:
    case TOC_CLOCK_LEGAL:
    case TOC_CLOCK_ESCALATION:
    case TOC_CLOCK_METRICS:
        break;
    }
    return true;
}

/* What a queue or tier has of the issue begins now: it left a state in which nothing counted, or
 * who had it. Where it stands since when says nothing then. */
static bool begins_now(const struct work *work, const struct toc_clock_rule *rule)
{
    uint32_t ends = rule->stop.states | rule->cancel.states;
    bool freed = work->entered && (ends >> work->left & 1) != 0;
    if (rule->metric == TOC_CLOCK_QUEUE_WAIT)
        return freed || (work->happened & HAPPENED(RELEASED)) != 0;
    return rule->metric == TOC_CLOCK_TIER_TIME && freed;
}

toc_time_ms happen_since(const struct work *work, const struct toc_clock_rule *rule)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    uint32_t on = rule->start.happenings;
    bool by_people = rule->metric == TOC_CLOCK_FIRST_REPLY && row->handed_ms != 0;
    if (begins_now(work, rule))
        return work->at_ms;
    if ((on & HAPPENED(OPENED)) != 0)
        return by_people ? row->handed_ms : row->opened_ms;
    if ((on & HAPPENED(INBOUND)) != 0 && work->issue->unanswered_ms != 0)
        return work->issue->unanswered_ms;
    if ((on & HAPPENED(HANDED_OFF)) != 0 && row->handed_ms != 0)
        return row->handed_ms;
    if ((on & HAPPENED(QUEUED)) != 0 && row->queue[0] != '\0')
        return work->issue->queued_ms;
    if ((on & HAPPENED(CLAIMED)) != 0 && row->claimed)
        return work->issue->claimed_ms;
    return 0;
}
