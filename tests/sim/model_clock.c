/*
 * Which clocks an issue had, and the spans in which each ran: told from the policy's guide
 * (deploy/policy/README.md). For each step of the history: other terms, what people decided, then
 * stop > reset and start > cancel > pause > resume, and a start is looked at again after an end.
 */
#include "tests/sim/model.h"

#include <stdlib.h>

#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

/* --- spans ------------------------------------------------------------------------------------ */

void model_add_span(struct instance *clock, size_t at, struct toc_interval span)
{
    TOC_ASSERT(clock->span_count < MODEL_SPANS_MAX);
    memmove(&clock->spans[at + 1], &clock->spans[at],
            (clock->span_count - at) * sizeof(clock->spans[0]));
    clock->spans[at] = span;
    clock->span_count++;
}

void model_run(struct instance *clock, toc_time_ms at_ms)
{
    model_add_span(clock, clock->span_count, (struct toc_interval){at_ms, TOC_TIME_NEVER});
    clock->life = LIFE_RUNNING;
    clock->held = false;
}

void model_halt(struct instance *clock, enum life life, toc_time_ms at_ms)
{
    if (clock->life == LIFE_RUNNING)
        clock->spans[clock->span_count - 1].until_ms = at_ms;
    clock->life = life;
}

void model_end(struct instance *clock, enum life life, enum ended ended, toc_time_ms at_ms)
{
    model_halt(clock, life, at_ms);
    clock->ended = ended;
    clock->stopped_ms = at_ms;
    clock->held = false;
}

/* --- instances -------------------------------------------------------------------------------- */

struct line *model_line_of(struct expected *issue, const char *name, const char *scope)
{
    for (size_t i = 0; i < issue->line_count; i++)
        if (strcmp(issue->lines[i].name, name) == 0 && strcmp(issue->lines[i].scope, scope) == 0)
            return &issue->lines[i];
    return NULL;
}

struct line *model_add_line(struct expected *issue, const char *name, const char *scope)
{
    issue->lines = realloc(issue->lines, (issue->line_count + 1) * sizeof(*issue->lines));
    TOC_ASSERT(issue->lines != NULL);
    struct line *line = &issue->lines[issue->line_count++];
    *line = (struct line){.latest = NULL};
    snprintf(line->name, sizeof(line->name), "%s", name);
    snprintf(line->scope, sizeof(line->scope), "%s", scope);
    return line;
}

struct instance *model_add_instance(struct expected *issue, const char *name)
{
    struct instance *clock = calloc(1, sizeof(*clock));
    size_t count = issue->instance_count;
    issue->instances = realloc(issue->instances, (count + 1) * sizeof(struct instance *));
    TOC_ASSERT(clock != NULL && issue->instances != NULL);
    clock->issue = issue->history->id;
    clock->number = 1;
    for (size_t i = 0; i < count; i++)
        clock->number += strcmp(issue->instances[i]->name, name) == 0;
    snprintf(clock->name, sizeof(clock->name), "%s", name);
    issue->instances[issue->instance_count++] = clock;
    return clock;
}

/* What goes on takes the time, the verdict and the warnings that it had along; what it had by a
 * date that does not count any more it leaves behind. */
static void go_on_from(struct instance *clock, const struct instance *before,
                       const struct toc_clock_rule *rule, toc_time_ms at_ms)
{
    clock->started_ms = before->started_ms;
    memcpy(clock->spans, before->spans, sizeof(clock->spans));
    clock->span_count = before->span_count;
    clock->terms.kept = before->terms.kept;
    clock->terms.kept_ms = before->terms.kept_ms;
    if (model_has_date(before, rule, at_ms)) {
        clock->terms.manual_due_ms = before->terms.manual_due_ms;
        clock->manual_end_ms = before->manual_end_ms;
    } else if (before->terms.manual_due_ms != 0) {
        return;
    }
    clock->breached = before->breached;
    clock->warned = before->warned;
}

void model_start(struct expected *issue, struct line *line, const struct toc_clock_rule *rule,
                 toc_time_ms from_ms)
{
    toc_time_ms at_ms = issue->now->at_ms;
    struct instance *before = line->latest, *clock = model_add_instance(issue, line->name);
    bool resets = before != NULL && model_is_live(before);
    if (before != NULL && rule->goes_on && !resets && from_ms < before->stopped_ms)
        from_ms = before->stopped_ms; /* no time counts twice */
    clock->started_ms = from_ms;
    clock->settled_ms = at_ms;
    if (before != NULL)
        model_settle(before, at_ms);
    if (before != NULL && rule->goes_on && !resets)
        go_on_from(clock, before, rule, at_ms);
    if (resets)
        model_end(before, LIFE_RESET, ENDED_NOT, at_ms);
    line->latest = clock;
    clock->terms = model_terms_of(issue, clock, rule);
    model_aim(clock);
    clock->life = LIFE_PAUSED;
    if (!model_has_state(issue, rule->pause))
        model_run(clock, from_ms);
    bool brought = issue->now->change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER;
    bool goes_on = clock->started_ms != from_ms;
    bool stood = (rule->pause.states | rule->stop.states | rule->cancel.states) != 0;
    if (from_ms < at_ms && stood && !goes_on && !brought)
        model_recount(issue, clock, rule); /* what the time when it had no target leaves out */
    if (from_ms < at_ms || model_is_over(clock, at_ms))
        model_judge(clock, at_ms);
}

/* What was cancelled for want of a target has one again. */
static void go_on(struct expected *issue, struct instance *clock, const struct toc_clock_rule *rule)
{
    toc_time_ms at_ms = issue->now->at_ms;
    model_settle(clock, at_ms);
    if (!model_has_date(clock, rule, at_ms))
        clock->terms.manual_due_ms = clock->manual_end_ms = 0;
    clock->terms = model_terms_of(issue, clock, rule);
    model_aim(clock);
    clock->warned = 0;
    clock->ended = ENDED_NOT;
    clock->life = LIFE_PAUSED;
    if (!model_has_state(issue, rule->pause))
        model_run(clock, at_ms);
    model_judge(clock, at_ms);
}

/* --- the machine ------------------------------------------------------------------------------ */

static enum ended by(const struct expected *issue, struct toc_trigger trigger)
{
    return model_has_state(issue, trigger) ? ENDED_BY_STATE : ENDED_BY_EVENT;
}

static void start_again(struct expected *issue, struct line *line,
                        const struct toc_clock_rule *rule)
{
    struct instance *clock = line->latest;
    toc_time_ms since_ms = model_since(issue, rule);
    bool lasts = since_ms != 0 || rule->goes_on || model_has_state(issue, rule->start);
    bool is_new = since_ms > clock->stopped_ms;
    bool stops = model_fires(issue, rule->stop);
    if (clock->ended == ENDED_BY_TARGET && (stops || model_fires(issue, rule->cancel))) {
        model_settle(clock, issue->now->at_ms); /* until then without a target */
        clock->ended = by(issue, stops ? rule->stop : rule->cancel); /* it would have been over */
        clock->stopped_ms = issue->now->at_ms;
        is_new = since_ms > clock->stopped_ms;
    }
    if (model_has_left(issue, rule, line) || !model_is_wanted(issue, rule, clock) ||
        !model_may_begin(issue, rule))
        return;
    if (!is_new && clock->ended == ENDED_BY_TARGET)
        go_on(issue, clock, rule);
    else if (model_starts(issue, rule->start) || (lasts && clock->ended == ENDED_BY_STATE))
        model_start(issue, line, rule, issue->now->at_ms);
    else if (lasts && is_new)
        model_start(issue, line, rule, since_ms);
}

/* True when the clock has ended, or begins anew. */
static bool ends(struct expected *issue, struct line *line, const struct toc_clock_rule *rule)
{
    struct instance *clock = line->latest;
    toc_time_ms at_ms = issue->now->at_ms;
    bool merged = (issue->now->happened & HAPPENED(MERGED)) != 0;
    if (merged && (rule->stop.happenings & HAPPENED(MERGED)) == 0)
        model_end(clock, LIFE_CANCELLED, ENDED_BY_MERGE, at_ms);
    else if (model_fires(issue, rule->stop))
        model_end(clock, LIFE_MET, by(issue, rule->stop), at_ms);
    else if (model_has_left(issue, rule, line))
        model_end(clock, LIFE_MET, ENDED_BY_EVENT, at_ms);
    else if (model_starts(issue, rule->reset) && model_is_wanted(issue, rule, clock))
        model_start(issue, line, rule, at_ms);
    else if (model_fires(issue, rule->cancel))
        model_end(clock, LIFE_CANCELLED, by(issue, rule->cancel), at_ms);
    else if (!model_is_wanted(issue, rule, clock))
        model_end(clock, LIFE_CANCELLED, ENDED_BY_TARGET, at_ms);
    else
        return false;
    return true;
}

static void pause_or_resume(struct expected *issue, struct instance *clock,
                            const struct toc_clock_rule *rule)
{
    if (model_starts(issue, rule->start))
        clock->held = false;
    if (model_is_now(issue, rule->pause))
        clock->held = true;
    bool stands = clock->held || model_has_state(issue, rule->pause);
    if (clock->life == LIFE_RUNNING && stands)
        model_halt(clock, LIFE_PAUSED, issue->now->at_ms);
    else if (clock->life == LIFE_PAUSED && !stands)
        model_run(clock, issue->now->at_ms);
}

static bool is_counted(const struct expected *issue, const struct toc_clock_rule *rule)
{
    return issue->counted && model_is_of_places(issue, rule);
}

static void move(struct expected *issue, struct line *line)
{
    const struct toc_clock_rule *rule = model_rule_of(issue, line);
    struct instance *clock = line->latest;
    if (rule == NULL || line->team[0] != '\0' || is_counted(issue, rule))
        return;
    if (!model_is_live(clock))
        start_again(issue, line, rule);
    else if (!ends(issue, line, rule))
        pause_or_resume(issue, clock, rule);
    else if (line->latest == clock && model_starts(issue, rule->start))
        start_again(issue, line, rule);
}

/* A clock of that rule and scope that the issue has not had yet. */
static void begin(struct expected *issue, const struct toc_clock_rule *rule)
{
    const char *scope = model_scope_of(issue, rule);
    if (is_counted(issue, rule) || scope == NULL || !model_takes(rule, scope) ||
        model_line_of(issue, rule->name, scope) != NULL || !model_is_wanted(issue, rule, NULL) ||
        !model_may_begin(issue, rule))
        return;
    toc_time_ms since_ms = model_since(issue, rule);
    bool updates =
        rule->metric == TOC_CLOCK_PERIODIC_UPDATE || rule->metric == TOC_CLOCK_PAUSABLE_UPDATE;
    bool goes_on_now = model_fires(issue, rule->start) || rule->metric == TOC_CLOCK_TIER_TIME ||
                       rule->metric == TOC_CLOCK_QUEUE_WAIT || (updates && issue->new_terms);
    if (since_ms == 0 && !goes_on_now)
        return;
    model_start(issue, model_add_line(issue, rule->name, scope), rule,
                since_ms != 0 ? since_ms : issue->now->at_ms);
}

/* --- escalations ------------------------------------------------------------------------------ */

static void ask(struct expected *issue, const Tocsin__V1__CrossEscalation *escalation)
{
    struct line *line = model_line_of(issue, "escalation", escalation->id);
    const struct toc_team *team =
        issue->policy ? toc_policy_team(issue->policy, toc_str_of(escalation->team)) : NULL;
    if (line != NULL && model_is_live(line->latest)) {
        if (line->latest->life == LIFE_PAUSED)
            model_run(line->latest, issue->now->at_ms);
        return;
    }
    if (team == NULL)
        return;
    if (line == NULL)
        line = model_add_line(issue, "escalation", escalation->id);
    snprintf(line->team, sizeof(line->team), "%s", escalation->team);
    model_start(issue, line, &team->clock, issue->now->at_ms);
}

static void escalate(struct expected *issue, const Tocsin__V1__CrossEscalation *escalation)
{
    struct line *line = model_line_of(issue, "escalation", escalation->id);
    struct instance *clock = line != NULL ? line->latest : NULL;
    bool live = clock != NULL && model_is_live(clock);
    switch ((int)escalation->state) {
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED:
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_ACCEPTED:
        ask(issue, escalation);
        break;
    case TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED:
        if (live)
            model_halt(clock, LIFE_PAUSED, issue->now->at_ms);
        break;
    default:
        if (live)
            model_end(clock, LIFE_MET, ENDED_BY_EVENT, issue->now->at_ms);
    }
}

static void cancel_escalations(struct expected *issue)
{
    for (size_t i = 0; i < issue->line_count; i++)
        if (issue->lines[i].team[0] != '\0' && model_is_live(issue->lines[i].latest))
            model_end(issue->lines[i].latest, LIFE_CANCELLED, ENDED_BY_MERGE, issue->now->at_ms);
}

/* --- a history -------------------------------------------------------------------------------- */

static void decide(struct expected *issue)
{
    const Tocsin__V1__IssueChange *change = issue->now->change;
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET:
        model_by_hand(issue);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER:
        model_took_over(issue);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION:
        escalate(issue, change->escalation);
        break;
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED:
        cancel_escalations(issue);
        break;
    default:
        break;
    }
}

void model_step(struct expected *issue)
{
    size_t lines = issue->line_count;
    for (size_t k = 0; k < lines; k++)
        move(issue, &issue->lines[k]);
    for (size_t k = 0; issue->sla != NULL && k < issue->sla->clock_count; k++)
        begin(issue, &issue->sla->clocks[k]);
}

void model_expect(struct expected *issue, toc_time_ms end_ms)
{
    for (size_t i = 0; i < issue->history->count; i++) {
        issue->now = &issue->history->moments[i];
        issue->fields = toc_issue_fields(issue->now->change->issue);
        model_end_dates(issue, issue->now->at_ms);
        issue->counted = false;
        model_take_terms(issue);
        decide(issue);
        model_step(issue);
    }
    model_end_dates(issue, end_ms);
    for (size_t i = 0; i < issue->instance_count; i++)
        model_settle(issue->instances[i], end_ms);
}

void model_expected_free(struct expected *issue)
{
    for (size_t i = 0; i < issue->instance_count; i++)
        free(issue->instances[i]);
    free(issue->instances);
    free(issue->lines);
}
