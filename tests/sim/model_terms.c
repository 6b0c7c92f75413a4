/*
 * Terms by which a clock is judged, and how they change: another priority, SLA or policy, a date by
 * hand, a merge.
 */
#include "tests/sim/model.h"

/* --- terms ------------------------------------------------------------------------------------ */

struct terms model_terms_of(const struct expected *issue, const struct instance *clock,
                            const struct toc_clock_rule *rule)
{
    struct terms terms = clock->terms;
    terms.rule = rule;
    terms.target = &rule->targets[issue->priority];
    return terms;
}

void model_judge(struct instance *clock, toc_time_ms at_ms)
{
    clock->breached = model_is_over(clock, at_ms); /* warnings before that are not worth a word */
    clock->settled_ms = at_ms;
}

static uint32_t carry(uint32_t warned, const struct toc_clock_rule *was,
                      const struct toc_clock_rule *rule)
{
    uint32_t carried = 0;
    for (size_t i = 0; i < was->warn_count; i++)
        for (size_t k = 0; (warned >> i & 1) != 0 && k < rule->warn_count; k++)
            if (rule->warn_percent[k] == was->warn_percent[i])
                carried |= 1u << k;
    return carried;
}

void model_change_terms(struct instance *clock, const struct terms *terms, toc_time_ms at_ms)
{
    const struct terms was = clock->terms;
    toc_time_ms due_ms = model_due_now(clock), worked_ms = model_worked(clock, at_ms);
    model_settle(clock, at_ms);
    clock->terms = *terms;
    model_aim(clock);
    bool same = strcmp(toc_calendar_name(was.rule->calendar),
                       toc_calendar_name(terms->rule->calendar)) == 0 &&
                clock->terms.target_ms == was.target_ms;
    clock->warned = same ? carry(clock->warned, was.rule, terms->rule) : 0;
    if (!same || model_due_now(clock) != due_ms || model_worked(clock, at_ms) != worked_ms)
        model_judge(clock, at_ms);
}

/* The time so far stays as it was counted. */
static void keep_time(struct instance *clock, toc_time_ms at_ms)
{
    bool running = clock->life == LIFE_RUNNING;
    model_settle(clock, at_ms);
    clock->terms.kept_ms = model_worked(clock, at_ms);
    model_halt(clock, LIFE_PAUSED, at_ms);
    clock->terms.kept = clock->span_count;
    if (running)
        model_run(clock, at_ms);
}

/* Of a target in days or months the pauses so far stay, for its date has no other time. */
static void keep_pauses(struct expected *issue, struct instance *clock,
                        const struct toc_clock_rule *rule, toc_time_ms at_ms)
{
    const struct terms terms = model_terms_of(issue, clock, rule);
    if (terms.target->kind != TOC_TARGET_DAYS && terms.target->kind != TOC_TARGET_MONTHS)
        return;
    toc_time_ms from_ms = clock->started_ms;
    toc_time_ms paused_ms = model_between(&clock->terms, from_ms, at_ms) - clock->terms.kept_ms;
    toc_time_ms kept_ms = model_between(&terms, from_ms, at_ms) - (paused_ms > 0 ? paused_ms : 0);
    clock->terms.kept_ms = kept_ms > 0 ? kept_ms : 0;
}

/* --- other terms ------------------------------------------------------------------------------ */

void model_recount(struct expected *issue, struct instance *clock,
                   const struct toc_clock_rule *rule)
{
    const struct history *history = issue->history;
    uint32_t still = rule->pause.states | rule->stop.states | rule->cancel.states;
    if (rule->pause.happenings != 0)
        return;
    clock->held = false;
    clock->span_count = 0;
    clock->life = LIFE_PAUSED;
    if (clock->started_ms < history->moments->at_ms)
        model_run(clock, clock->started_ms); /* a merge's time, when the issue had no state yet */
    for (const struct moment *m = history->moments; m <= issue->now; m++) {
        bool stands = (still >> m->change->issue->state & 1) != 0;
        toc_time_ms from_ms = m->at_ms < clock->started_ms ? clock->started_ms : m->at_ms;
        bool is_over = m < issue->now && m[1].at_ms <= clock->started_ms;
        if (is_over)
            continue;
        if (clock->life == LIFE_RUNNING && stands)
            model_halt(clock, LIFE_PAUSED, from_ms);
        else if (clock->life == LIFE_PAUSED && !stands)
            model_run(clock, from_ms);
    }
}

bool model_drops_out(struct expected *issue, struct line *line)
{
    const struct toc_clock_rule *rule = model_rule_of(issue, line);
    struct instance *clock = line->latest;
    toc_time_ms at_ms = issue->now->at_ms;
    if (!model_is_live(clock))
        return true; /* what is over is never judged again */
    if (line->team[0] == '\0' && model_has_left(issue, clock->terms.rule, line))
        model_end(clock, LIFE_MET, ENDED_BY_EVENT, at_ms);
    else if (rule == NULL || !model_is_wanted(issue, rule, clock))
        model_end(clock, LIFE_CANCELLED, ENDED_BY_TARGET, at_ms);
    return !model_is_live(clock);
}

static void retarget(struct expected *issue, struct line *line, Tocsin__V1__ApplyMode mode)
{
    const struct toc_clock_rule *rule = model_rule_of(issue, line);
    struct instance *clock = line->latest;
    toc_time_ms at_ms = issue->now->at_ms;
    if (mode == TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW && model_is_live(clock))
        keep_time(clock, at_ms);
    if (model_drops_out(issue, line))
        return;
    if (mode == TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW)
        keep_pauses(issue, clock, rule, at_ms);
    const struct terms terms = model_terms_of(issue, clock, rule);
    model_change_terms(clock, &terms, at_ms);
}

/* Priority, SLA and version by which the clocks go; a version alone concerns those that are there
 * only when it was applied to them. */
void model_take_terms(struct expected *issue)
{
    const Tocsin__V1__IssueChange *change = issue->now->change;
    const Tocsin__V1__Issue *is = change->issue;
    bool edits = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY &&
                 change->mode != TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY;
    bool other = issue->priority != (unsigned)is->priority ||
                 strcmp(issue->sla_name, is->sla) != 0 ||
                 (issue->version != is->policy && (edits || issue->line_count == 0));
    issue->priority = (unsigned)is->priority;
    issue->new_terms = other;
    if (!other)
        return;
    snprintf(issue->sla_name, sizeof(issue->sla_name), "%s", is->sla);
    issue->version = is->policy;
    issue->policy = policy_compiled(issue->world, is->policy);
    issue->sla =
        issue->policy && is->sla[0] ? toc_policy_sla(issue->policy, toc_str_of(is->sla)) : NULL;
    if (edits && change->mode == TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE) {
        model_again(issue);
        return;
    }
    for (size_t i = 0; i < issue->line_count; i++)
        retarget(issue, &issue->lines[i],
                 edits ? change->mode : TOCSIN__V1__APPLY_MODE__APPLY_UNSPECIFIED);
}

/* --- what people decide ----------------------------------------------------------------------- */

static void set_due(struct instance *clock, toc_time_ms due_ms, toc_time_ms end_ms,
                    toc_time_ms at_ms)
{
    struct terms terms = clock->terms;
    terms.manual_due_ms = due_ms;
    clock->manual_end_ms = due_ms != 0 ? end_ms : 0;
    model_change_terms(clock, &terms, at_ms);
}

/* A clock that only has no target yet runs for the sake of the date. */
static void start_by_hand(struct expected *issue, const struct toc_clock_rule *rule,
                          toc_time_ms due_ms, toc_time_ms end_ms)
{
    const char *scope = model_scope_of(issue, rule);
    toc_time_ms since_ms = model_since(issue, rule);
    if (scope == NULL || !model_takes(rule, scope) || !model_may_begin(issue, rule) ||
        since_ms == 0 || !toc_match(&rule->when, &issue->fields))
        return;
    struct line *line = model_line_of(issue, rule->name, scope);
    if (line == NULL)
        line = model_add_line(issue, rule->name, scope);
    model_start(issue, line, rule, since_ms);
    set_due(line->latest, due_ms, end_ms, issue->now->at_ms);
}

void model_by_hand(struct expected *issue)
{
    const Tocsin__V1__IssueChange *change = issue->now->change;
    const struct toc_clock_rule *rule = model_rule_in(issue->sla, change->metric);
    const struct instance *latest = NULL;
    if (change->end_ms != 0 && change->end_ms <= issue->now->at_ms)
        return; /* over before it began */
    for (size_t i = 0; i < issue->line_count; i++) {
        struct instance *clock = issue->lines[i].latest;
        if (strcmp(issue->lines[i].name, change->metric) != 0)
            continue;
        if (model_is_live(clock)) {
            set_due(clock, change->due_ms, change->end_ms, issue->now->at_ms);
            return;
        }
        if (latest == NULL || clock->number > latest->number)
            latest = clock;
    }
    if (rule != NULL && change->due_ms != 0 &&
        rule->targets[issue->priority].kind == TOC_TARGET_UNSET &&
        (latest == NULL || latest->ended == ENDED_BY_TARGET))
        start_by_hand(issue, rule, change->due_ms, change->end_ms);
}

/* Another issue's requester has been waiting since before this one knew. */
void model_took_over(struct expected *issue)
{
    toc_time_ms since_ms = issue->now->change->issue->unanswered_ms;
    for (size_t i = 0; since_ms != 0 && i < issue->line_count; i++) {
        struct line *line = &issue->lines[i];
        const struct toc_clock_rule *rule = model_rule_of(issue, line);
        struct instance *clock = line->latest;
        if (rule == NULL ||
            (rule->metric != TOC_CLOCK_FIRST_REPLY && rule->metric != TOC_CLOCK_NEXT_REPLY))
            continue;
        if (!model_is_live(clock)) {
            if (model_may_begin(issue, rule) && model_is_wanted(issue, rule, clock))
                model_start(issue, line, rule, since_ms);
        } else if (since_ms < clock->started_ms) {
            const struct terms terms = clock->terms;
            model_settle(clock, issue->now->at_ms);
            model_add_span(clock, clock->terms.kept,
                           (struct toc_interval){since_ms, clock->started_ms});
            clock->started_ms = since_ms;
            model_change_terms(clock, &terms, issue->now->at_ms);
            model_judge(clock, issue->now->at_ms);
        }
    }
}

/* Dates by hand that end strictly before `at_ms`. */
void model_end_dates(struct expected *issue, toc_time_ms at_ms)
{
    for (size_t i = 0; i < issue->line_count; i++) {
        struct instance *clock = issue->lines[i].latest;
        toc_time_ms end_ms = clock->manual_end_ms;
        if (!model_is_live(clock) || end_ms == 0 || end_ms >= at_ms)
            continue;
        if (clock->terms.target->kind != TOC_TARGET_UNSET) {
            set_due(clock, 0, 0, end_ms);
            continue;
        }
        model_settle(clock, end_ms);
        clock->terms.manual_due_ms = 0;
        clock->manual_end_ms = 0;
        model_end(clock, LIFE_CANCELLED, ENDED_BY_TARGET, end_ms);
    }
}
