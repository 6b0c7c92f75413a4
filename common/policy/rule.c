#include "common/policy/build.h"

#include <assert.h>

static_assert(offsetof(struct toc_route, when) == offsetof(struct toc_rule_head, when),
              "a rule begins with its head");

enum { RULE = TOC_RULE_NAME, WHEN = TOC_RULE_WHEN, COMMON_KEY_COUNT = TOC_RULE_KEYS };

enum { QUEUE = COMMON_KEY_COUNT, SLA, PATH, ROUTE_KEY_COUNT };

const struct toc_key toc_keys_route[ROUTE_KEY_COUNT + 1] = {
    [RULE] = TOC_KEY_RULE,
    [WHEN] = TOC_KEY_WHEN,
    [QUEUE] = {"queue", true, "QUEUE", NULL, "Where the issue waits."},
    [SLA] = {"sla", false, "SLA", "no clocks", "Which clocks it has."},
    [PATH] = {"path", false, "PATH", "nobody is paged", "Who is woken about it."},
};

enum {
    ON = COMMON_KEY_COUNT,
    METRIC,
    THRESHOLD,
    REASON,
    SEVERITY,
    HOLD,
    ALERT_PATH,
    ALERT_KEY_COUNT
};

const struct toc_key toc_keys_alert[ALERT_KEY_COUNT + 1] = {
    [RULE] = TOC_KEY_RULE,
    [WHEN] = TOC_KEY_WHEN,
    [ON] = {"on", true, "OCCASION", NULL,
            "`opened`, `warned`, `breached`, `unconfirmed` or `waiting`; see below."},
    [METRIC] = {"metric", false, "CLOCK", "any",
                "The clock that it is about: its name, or what it measures."},
    [THRESHOLD] = {"threshold", false, "PERCENT", "any", "With `warned`: from this warning on."},
    [REASON] = {"reason", false, "REASON", "any",
                "With `waiting`: `nobody`, `visited` or `hop_limit`; see below."},
    [SEVERITY] = {"severity", true, "SEVERITY", NULL, "`critical`, `error`, `warning` or `info`."},
    [HOLD] =
        {"hold", false, "DURATION", "0",
         "How long an alert stays when its clock is met or its wait is over, at most 1 day: if "
         "that comes back meanwhile, the alert goes on and nobody is paged anew."},
    [ALERT_PATH] = {"path", false, "PATH", "the issue's", "Who is woken."},
};

static const char *const on_words[] = {
    [TOC_ALERT_ON_BREACHED] = "breached",       [TOC_ALERT_ON_WARNED] = "warned",
    [TOC_ALERT_ON_OPENED] = "opened",           [TOC_ALERT_ON_WAITING] = "waiting",
    [TOC_ALERT_ON_UNCONFIRMED] = "unconfirmed",
};
static const char *const severity_words[] = {"critical", "error", "warning", "info"};
static const char *const reason_words[] = {TOC_WAITS_NOBODY, TOC_WAITS_VISITED,
                                           TOC_WAITS_HOP_LIMIT};
static const struct toc_words words_on = {on_words, 5};
static const struct toc_words words_reason = {reason_words, 3};
static const struct toc_words words_severity = {severity_words, 4};

bool toc_alert_on_clocks(enum toc_alert_on on)
{
    return on == TOC_ALERT_ON_WARNED || on == TOC_ALERT_ON_BREACHED ||
           on == TOC_ALERT_ON_UNCONFIRMED;
}

const char *toc_alert_on_name(enum toc_alert_on on)
{
    return on_words[on];
}

/* --- what all lists of rules share ------------------------------------------------------------ */

void *toc_rules_new(struct toc_build *b, const struct toc_yaml *node, const char *what, size_t size)
{
    if (!node || node->kind == TOC_YAML_BROKEN)
        return NULL;
    if (node->kind != TOC_YAML_LIST) {
        toc_diag_error(b->diag, node->offset, "%s has to be a list of rules", what);
        toc_diag_hint(b->diag, "each begins with '- rule: NAME'");
        return NULL;
    }
    return toc_build_array(b, node->count, size);
}

void toc_rule_read(struct toc_build *b, const struct toc_yaml *const *values,
                   const struct toc_names *before, const char **name, struct toc_match *when)
{
    if (values[RULE] && toc_value_name(b, values[RULE], "a rule's name", name))
        for (size_t i = 0; i < before->count; i++) {
            const char *other;
            memcpy(&other, (const char *)before->base + i * before->stride, sizeof(other));
            if (other && strcmp(other, *name) == 0)
                toc_diag_error(b->diag, values[RULE]->offset, "a second rule '%s'", *name);
        }
    if (values[WHEN])
        toc_build_when(b, values[WHEN], when);
}

/* --- routes ----------------------------------------------------------------------------------- */

static void read_route(struct toc_build *b, const struct toc_yaml *const *values,
                       struct toc_route *route)
{
    const struct toc_names queues = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    const struct toc_names slas = {b->slas, b->policy.sla_count, sizeof(*b->slas)};
    size_t index;
    if (values[QUEUE] && toc_value_reference(b, values[QUEUE], "queue", &queues, &index))
        route->queue = &b->queues[index];
    if (values[SLA] && toc_value_reference(b, values[SLA], "sla", &slas, &index))
        route->sla = &b->slas[index];
    (void)toc_build_path_of(b, values[PATH], &route->path);
}

static void check_default(struct toc_build *b, const struct toc_yaml *node, bool has_default)
{
    if (has_default || (node->last && node->last->kind != TOC_YAML_MAP))
        return;
    toc_diag_error(b->diag, node->last ? node->last->offset : node->offset,
                   "there is no default route");
    toc_diag_hint(b->diag, "the last route has no 'when', so that every issue gets somewhere");
}

void toc_build_routes(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_route *rules = toc_rules_new(b, node, "'routes'", sizeof(*rules));
    struct toc_names before = {rules, 0, sizeof(*rules)};
    const struct toc_yaml *values[ROUTE_KEY_COUNT];
    bool has_default = false;
    if (!rules)
        return;
    b->policy.routes = rules;
    b->policy.route_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, before.count++) {
        struct toc_route *route = &rules[before.count];
        if (!toc_value_keys(b, item, "a route", toc_keys_route, values))
            continue;
        toc_rule_read(b, values, &before, &route->name, &route->when);
        if (values[WHEN])
            toc_check_type(b, values[WHEN], &route->when, false);
        read_route(b, values, route);
        has_default = has_default || !values[WHEN];
        toc_check_reachable(b, item, &before);
    }
    check_default(b, node, has_default);
}

/* --- alerts ----------------------------------------------------------------------------------- */

static void read_threshold(struct toc_build *b, const struct toc_yaml *node,
                           struct toc_alert_rule *rule)
{
    if (rule->on != TOC_ALERT_ON_WARNED)
        toc_diag_error(b->diag, node->key->offset, "'threshold' belongs to 'on: warned'");
    else if (toc_value_number(b, node, "'threshold'", 99, &rule->threshold_percent) &&
             !toc_check_clocks(b, rule, false))
        toc_diag_doubt(b->diag, node->offset, "no clock warns at %u %% or later",
                       rule->threshold_percent);
}

/* The name of some SLA's clock, or what clocks measure. */
static bool read_metric(struct toc_build *b, const struct toc_yaml *node, const char **out)
{
    unsigned word;
    for (size_t i = 0; i < b->policy.sla_count; i++)
        for (size_t j = 0; j < b->slas[i].clock_count; j++)
            if (node->kind == TOC_YAML_TEXT &&
                toc_str_equal(node->text, toc_str_of(b->slas[i].clocks[j].name))) {
                *out = b->slas[i].clocks[j].name;
                return true;
            }
    if (!toc_value_word(b, node, "metric", &toc_words_metric, &word))
        return false;
    *out = toc_words_metric.words[word];
    return true;
}

/* Issues wait for people, and in other queues only where a breach would have moved them on. */
static bool some_queue_waits(const struct toc_build *b)
{
    for (size_t i = 0; i < b->policy.queue_count; i++)
        if (b->queues[i].person_count > 0 || b->queues[i].on_breach)
            return true;
    return false;
}

static void read_reason(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_alert_rule *rule)
{
    unsigned word;
    if (rule->on != TOC_ALERT_ON_WAITING)
        toc_diag_error(b->diag, node->key->offset, "'reason' belongs to 'on: waiting'");
    else if (toc_value_word(b, node, "reason", &words_reason, &word))
        rule->reason = reason_words[word];
}

static void read_alert(struct toc_build *b, const struct toc_yaml *const *values,
                       struct toc_alert_rule *rule)
{
    unsigned word;
    bool known = values[ON] && toc_value_word(b, values[ON], "occasion", &words_on, &word);
    if (known)
        rule->on = (enum toc_alert_on)word;
    if (values[SEVERITY] && toc_value_word(b, values[SEVERITY], "severity", &words_severity, &word))
        rule->severity = severity_words[word];
    if (values[METRIC] && read_metric(b, values[METRIC], &rule->metric)) {
        if (known && !toc_alert_on_clocks(rule->on))
            toc_diag_error(b->diag, values[METRIC]->key->offset,
                           "'metric' belongs to 'on: warned', 'breached' and 'unconfirmed'");
    }
    if (values[HOLD])
        (void)toc_value_duration(b, values[HOLD], "'hold'", TOC_DAY_MS, &rule->hold_ms);
    if (values[THRESHOLD] && known)
        read_threshold(b, values[THRESHOLD], rule);
    if (values[REASON] && known)
        read_reason(b, values[REASON], rule);
    if (known && rule->on == TOC_ALERT_ON_WAITING && !some_queue_waits(b))
        toc_diag_warning(b->diag, values[ON]->offset, "nothing waits: people serve no queue");
    (void)toc_build_path_of(b, values[ALERT_PATH], &rule->path);
}

void toc_build_alerts(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_alert_rule *rules = toc_rules_new(b, node, "'alerts'", sizeof(*rules));
    struct toc_names before = {rules, 0, sizeof(*rules)};
    const struct toc_yaml *values[ALERT_KEY_COUNT];
    if (!rules)
        return;
    if (node->count > TOC_POLICY_ALERTS_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d alert rules", TOC_POLICY_ALERTS_MAX);
        return;
    }
    b->policy.alerts = rules;
    b->policy.alert_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, before.count++) {
        struct toc_alert_rule *rule = &rules[before.count];
        if (!toc_value_keys(b, item, "an alert rule", toc_keys_alert, values))
            continue;
        size_t errors = b->diag->count;
        toc_rule_read(b, values, &before, &rule->name, &rule->when);
        read_alert(b, values, rule);
        if (values[WHEN])
            toc_check_type(b, values[WHEN], &rule->when, false);
        if (b->diag->count == errors)
            toc_check_alert(b, item, rule);
    }
}
