/*
 * Which rule a clock follows, and what it says about a step of the history; told from the policy's
 * guide (deploy/policy/README.md).
 */
#include "tests/sim/model.h"

#include <stdlib.h>

#define HAPPENED(name) (1u << TOC_HAPPENED_##name)

/* --- rules ------------------------------------------------------------------------------------ */

const struct toc_clock_rule *model_rule_in(const struct toc_sla *sla, const char *name)
{
    for (size_t i = 0; sla != NULL && i < sla->clock_count; i++)
        if (strcmp(sla->clocks[i].name, name) == 0)
            return &sla->clocks[i];
    return NULL;
}

bool model_takes(const struct toc_clock_rule *rule, const char *scope)
{
    bool any = rule->queue_count == 0;
    if (rule->metric == TOC_CLOCK_TIER_TIME)
        return rule->tiers == 0 || (rule->tiers >> strtoul(scope, NULL, 10) & 1) != 0;
    for (size_t i = 0; i < rule->queue_count; i++)
        any = any || toc_match_glob(toc_str_of(rule->queues[i]), toc_str_of(scope));
    return any;
}

/* The rule that a line follows now; NULL for none. */
const struct toc_clock_rule *model_rule_of(const struct expected *issue, const struct line *line)
{
    if (line->team[0] != '\0') {
        const struct toc_team *team =
            issue->policy ? toc_policy_team(issue->policy, toc_str_of(line->team)) : NULL;
        return team != NULL ? &team->clock : NULL;
    }
    const struct toc_clock_rule *rule = model_rule_in(issue->sla, line->name);
    return rule != NULL && model_takes(rule, line->scope) ? rule : NULL;
}

/* --- what holds at a step --------------------------------------------------------------------- */

bool model_has_state(const struct expected *issue, struct toc_trigger trigger)
{
    return (trigger.states >> issue->now->change->issue->state & 1) != 0;
}

bool model_is_now(const struct expected *issue, struct toc_trigger trigger)
{
    return (trigger.happenings & issue->now->happened) != 0;
}

bool model_fires(const struct expected *issue, struct toc_trigger trigger)
{
    return model_has_state(issue, trigger) || model_is_now(issue, trigger);
}

bool model_starts(const struct expected *issue, struct toc_trigger trigger)
{
    return model_is_now(issue, trigger) || (issue->now->entered && model_has_state(issue, trigger));
}

bool model_is_wanted(const struct expected *issue, const struct toc_clock_rule *rule,
                     const struct instance *clock)
{
    bool by_hand = clock != NULL && model_has_date(clock, rule, issue->now->at_ms);
    return (by_hand || rule->targets[issue->priority].kind != TOC_TARGET_UNSET) &&
           toc_match(&rule->when, &issue->fields);
}

/* What the rule measures now: "" for the issue, NULL for nothing. */
const char *model_scope_of(const struct expected *issue, const struct toc_clock_rule *rule)
{
    static char tier[16];
    const Tocsin__V1__Issue *is = issue->now->change->issue;
    if (rule->metric == TOC_CLOCK_QUEUE_WAIT)
        return is->queue[0] != '\0' ? is->queue : NULL;
    if (rule->metric != TOC_CLOCK_TIER_TIME)
        return "";
    snprintf(tier, sizeof(tier), "%u", is->tier);
    return is->tier != 0 ? tier : NULL;
}

bool model_has_left(const struct expected *issue, const struct toc_clock_rule *rule,
                    const struct line *line)
{
    const char *scope = model_scope_of(issue, rule);
    return scope == NULL || strcmp(scope, line->scope) != 0;
}

bool model_may_begin(const struct expected *issue, const struct toc_clock_rule *rule)
{
    const struct moment *now = issue->now;
    uint32_t ends = (rule->stop.happenings | rule->cancel.happenings) & ~rule->start.happenings;
    if (model_has_state(issue, rule->stop) || model_has_state(issue, rule->cancel) ||
        (ends & now->happened) != 0 || now->change->issue->merged_into.len != 0)
        return false;
    switch ((int)rule->metric) {
    case TOC_CLOCK_FIRST_REPLY:
        return !now->replied && !now->change->issue->bot;
    case TOC_CLOCK_NEXT_REPLY:
    case TOC_CLOCK_PERIODIC_UPDATE:
    case TOC_CLOCK_PAUSABLE_UPDATE:
        return now->replied;
    case TOC_CLOCK_QUEUE_WAIT:
        return now->claimed_ms == 0;
    default:
        return true;
    }
}

/* It left who had it, or a state in which a queue or tier does not count. */
static bool is_freed(const struct expected *issue, const struct toc_clock_rule *rule)
{
    const struct moment *now = issue->now;
    bool back = now->entered && ((rule->stop.states | rule->cancel.states) >> now->left & 1) != 0;
    if (rule->metric == TOC_CLOCK_QUEUE_WAIT)
        return back || (now->happened & HAPPENED(RELEASED)) != 0;
    return rule->metric == TOC_CLOCK_TIER_TIME && back;
}

/* Since when what the rule measures goes on; 0: not, or nobody knows. */
toc_time_ms model_since(const struct expected *issue, const struct toc_clock_rule *rule)
{
    const struct moment *now = issue->now;
    const toc_time_ms known[TOC_HAPPENINGS] = {
        [TOC_HAPPENED_OPENED] = rule->metric == TOC_CLOCK_FIRST_REPLY && now->handed_ms != 0
                                    ? now->handed_ms
                                    : issue->history->moments[0].at_ms,
        [TOC_HAPPENED_INBOUND] = now->change->issue->unanswered_ms,
        [TOC_HAPPENED_HANDED_OFF] = now->handed_ms,
        [TOC_HAPPENED_QUEUED] = now->queued_ms,
        [TOC_HAPPENED_CLAIMED] = now->claimed_ms,
    };
    static const enum toc_happening order[] = {TOC_HAPPENED_OPENED, TOC_HAPPENED_INBOUND,
                                               TOC_HAPPENED_HANDED_OFF, TOC_HAPPENED_QUEUED,
                                               TOC_HAPPENED_CLAIMED};
    if (is_freed(issue, rule))
        return now->at_ms;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if ((rule->start.happenings >> order[i] & 1) != 0 && known[order[i]] != 0)
            return known[order[i]];
    return 0;
}
