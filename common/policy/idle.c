/*
 * What is allowed and can have no effect: warnings. As in match_cover.c, each errs on the side of
 * silence.
 */
#include "common/policy/build.h"
#include "common/policy/tree.h"

/* --- the type of an event --------------------------------------------------------------------- */

static bool is_triaged(const struct toc_match_value *value)
{
    static const char *const types[] = {"tocsin.issue.opened", "tocsin.issue.classified",
                                        "tocsin.issue.fact"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (toc_match_glob(toc_str_of(value->text), toc_str_of(types[i])))
            return true;
    return false;
}

static bool may_be_triaged(const struct toc_match_test *test)
{
    for (size_t i = 0; i < test->value_count; i++)
        if (is_triaged(&test->values[i]))
            return true;
    return test->negated || test->value_count == 0;
}

static const struct toc_yaml *place_of(const struct toc_yaml *when, bool negated)
{
    const struct toc_yaml *entries = negated ? toc_yaml_get(when, "not") : when;
    const struct toc_yaml *entry = entries ? toc_yaml_get(entries, "type") : NULL;
    return entry ? entry : when;
}

void toc_check_type(struct toc_build *b, const struct toc_yaml *when, const struct toc_match *match,
                    bool triage)
{
    for (size_t i = 0; i < match->test_count; i++) {
        const struct toc_match_test *test = &match->tests[i];
        if (test->field != TOC_FIELD_TYPE || !test->name || (triage && may_be_triaged(test)))
            continue;
        size_t offset = place_of(when, test->negated)->offset;
        if (triage) {
            toc_diag_warning(b->diag, offset, "rules are not asked for events of this type");
            toc_diag_hint(b->diag, "they are when an issue is opened or classified, or a fact is "
                                   "established");
        } else {
            toc_diag_warning(b->diag, offset,
                             "'type' is of an event, which may be over, and not of the issue");
            toc_diag_hint(b->diag, "let a triage rule add a tag, and ask for that");
        }
    }
}

/* --- clocks in queues ------------------------------------------------------------------------- */

static bool measures(const struct toc_clock_rule *clock, const char *queue)
{
    for (size_t i = 0; i < clock->queue_count; i++)
        if (toc_match_glob(toc_str_of(clock->queues[i]), toc_str_of(queue)))
            return true;
    return clock->queue_count == 0;
}

static bool may_run_in(const struct toc_sla *sla, const struct toc_queue *queue)
{
    const struct toc_match_value value = {
        .text = queue->name, .kind = TOC_MATCH_EQUAL, .size = strlen(queue->name)};
    const struct toc_match_test test = {
        .field = TOC_FIELD_QUEUE, .values = &value, .value_count = 1};
    const struct toc_match here = {&test, 1};
    for (size_t i = 0; i < sla->clock_count; i++)
        if (measures(&sla->clocks[i], queue->name) &&
            !toc_match_excludes(&sla->clocks[i].when, &here))
            return true;
    return false;
}

/* Where issues of one SLA come by the policy alone. */
struct reach {
    const struct toc_build *b;
    bool *seen;                     /* by queue */
    const struct toc_queue **queue; /* still to look at, a stack */
    size_t count;
};

static void come(struct reach *reach, const struct toc_queue *queue)
{
    if (!queue || reach->seen[queue - reach->b->queues])
        return;
    reach->seen[queue - reach->b->queues] = true;
    reach->queue[reach->count++] = queue;
}

static void begin(struct reach *reach, const struct toc_sla *sla)
{
    const struct toc_policy *policy = &reach->b->policy;
    bool used = false;
    for (size_t i = 0; i < policy->route_count; i++)
        if (policy->routes[i].sla == sla) {
            come(reach, policy->routes[i].queue);
            used = true;
        }
    for (size_t i = 0; used && i < policy->triage_count; i++)
        come(reach, policy->triage[i].queue);
}

static void follow(struct reach *reach)
{
    while (reach->count > 0) {
        const struct toc_queue *queue = reach->queue[--reach->count];
        for (size_t i = 0; i < queue->spill_count; i++)
            come(reach, queue->spills[i].to);
        for (size_t i = 0; i < queue->follow_sun_count; i++)
            come(reach, queue->follow_sun[i]);
        come(reach, queue->on_breach);
    }
}

static void warn_on_breach(struct toc_build *b, const struct toc_yaml *queues, const bool *breaches)
{
    const struct toc_yaml *entry = queues->first;
    for (size_t i = 0; entry && i < b->policy.queue_count; i++, entry = entry->next) {
        const struct toc_yaml *place = toc_yaml_get(entry, "on_breach");
        if (!b->queues[i].on_breach || breaches[i] || !place)
            continue;
        toc_diag_warning(b->diag, place->offset,
                         "no SLA of an issue that the policy brings here has a clock to breach");
        toc_diag_hint(b->diag, "SLAs are those of the routes; only a team that is asked could be "
                               "late here");
    }
}

void toc_check_on_breach(struct toc_build *b, const struct toc_yaml *queues)
{
    size_t count = b->policy.queue_count;
    struct reach reach = {.b = b};
    bool *breaches = toc_build_array(b, count, sizeof(*breaches));
    reach.seen = toc_build_array(b, count, sizeof(*reach.seen));
    reach.queue = toc_build_array(b, count, sizeof(*reach.queue));
    if (!breaches || !reach.seen || !reach.queue || b->diag->count > 0)
        return;
    for (size_t i = 0; i < b->policy.sla_count; i++) {
        memset(reach.seen, 0, count * sizeof(*reach.seen));
        begin(&reach, &b->slas[i]);
        follow(&reach);
        for (size_t k = 0; k < count; k++)
            breaches[k] = breaches[k] || (reach.seen[k] && may_run_in(&b->slas[i], &b->queues[k]));
    }
    warn_on_breach(b, queues, breaches);
}

/* --- alerts ----------------------------------------------------------------------------------- */

static bool is_about(const struct toc_alert_rule *rule, const struct toc_clock_rule *clock)
{
    return !rule->metric || strcmp(rule->metric, clock->name) == 0 ||
           strcmp(rule->metric, toc_metric_name(clock->metric)) == 0;
}

/* The clock may do what the rule is on; with `when`, of an issue that fits both. */
static bool may_pass(struct toc_build *b, const struct toc_alert_rule *rule,
                     const struct toc_clock_rule *clock, bool when)
{
    bool warns = clock->warn_count > 0 &&
                 clock->warn_percent[clock->warn_count - 1] >= rule->threshold_percent;
    if (!is_about(rule, clock) || (rule->on == TOC_ALERT_ON_WARNED && !warns))
        return false;
    return !when || !toc_check_may_compare(b, &rule->when, &clock->when) ||
           !toc_match_excludes(&rule->when, &clock->when);
}

bool toc_check_clocks(struct toc_build *b, const struct toc_alert_rule *rule, bool when)
{
    for (size_t i = 0; i < b->policy.sla_count; i++)
        for (size_t k = 0; k < b->slas[i].clock_count; k++)
            if (may_pass(b, rule, &b->slas[i].clocks[k], when))
                return true;
    for (size_t i = 0; i < b->policy.team_count; i++)
        if (b->policy.teams[i].answers && may_pass(b, rule, &b->policy.teams[i].clock, when))
            return true;
    return false;
}

/* In which states an issue is when it is looked at for `opened` or `waiting`. */
static bool may_be_looked_at(const struct toc_alert_rule *rule)
{
    static const struct toc_match_value states[] = {{.text = "new", .size = 3},
                                                    {.text = "open", .size = 4},
                                                    {.text = "pending", .size = 7},
                                                    {.text = "on_hold", .size = 7}};
    const struct toc_match_test test = {.field = TOC_FIELD_STATE,
                                        .values = states,
                                        .value_count = rule->on == TOC_ALERT_ON_OPENED ? 4 : 2};
    const struct toc_match then = {&test, 1};
    return !toc_match_excludes(&rule->when, &then);
}

void toc_check_alert(struct toc_build *b, const struct toc_yaml *item,
                     const struct toc_alert_rule *rule)
{
    bool clocks = toc_alert_on_clocks(rule->on);
    if (clocks ? toc_check_clocks(b, rule, true) : may_be_looked_at(rule))
        return;
    toc_diag_warning(b->diag, item->offset, "this rule never opens an alert");
    toc_diag_hint(b->diag, clocks ? "no clock that it is about can do so for issues that fit"
                                  : "an issue is in another state then");
}
