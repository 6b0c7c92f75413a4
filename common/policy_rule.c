#include "common/policy_build.h"

#include "tocsin/v1/event.pb-c.h"

#include <assert.h>

static_assert(TOCSIN__V1__RISK__RISK_NONE == 1 && TOCSIN__V1__RISK__RISK_CRITICAL == 5,
              "toc_words_risk follows enum Risk");

/* The first two keys of every rule. */
enum { RULE, WHEN, COMMON_KEY_COUNT };

enum { SET = COMMON_KEY_COUNT, TRIAGE_KEY_COUNT };

#define RULE_KEY                                                                                   \
    {                                                                                              \
        "rule", true, "NAME", NULL, "Its name, which records of decisions carry."                  \
    }
#define WHEN_KEY                                                                                   \
    {                                                                                              \
        "when", false, "{FIELD: [VALUE]}", "everything", "The issues that it fits, as told below." \
    }

const struct toc_key toc_keys_triage[TRIAGE_KEY_COUNT + 1] = {
    [RULE] = RULE_KEY,
    [WHEN] = WHEN_KEY,
    [SET] = {"set", true, "{...}", NULL, "What it says about the issue."},
};

enum { CATEGORY, RISK, PRIORITY, TAGS, SET_KEY_COUNT };

#define AS_IT_IS "as it is"

const struct toc_key toc_keys_set[SET_KEY_COUNT + 1] = {
    [CATEGORY] = {"category", false, "TEXT", AS_IT_IS, "What it is about."},
    [RISK] = {"risk", false, "RISK", AS_IT_IS, "`none`, `low`, `elevated`, `severe`, `critical`."},
    [PRIORITY] = {"priority", false, "PRIORITY", AS_IT_IS, "`P1` to `P4`."},
    [TAGS] = {"tags", false, "[TEXT]", "[]", "Tags to add."},
};

enum { QUEUE = COMMON_KEY_COUNT, SLA, PATH, ROUTE_KEY_COUNT };

const struct toc_key toc_keys_route[ROUTE_KEY_COUNT + 1] = {
    [RULE] = RULE_KEY,
    [WHEN] = WHEN_KEY,
    [QUEUE] = {"queue", true, "QUEUE", NULL, "Where the issue waits."},
    [SLA] = {"sla", false, "SLA", "no clocks", "Which clocks it has."},
    [PATH] = {"path", false, "PATH", "nobody is paged", "Who is woken about it."},
};

enum { ON = COMMON_KEY_COUNT, METRIC, THRESHOLD, SEVERITY, ALERT_PATH, ALERT_KEY_COUNT };

const struct toc_key toc_keys_alert[ALERT_KEY_COUNT + 1] = {
    [RULE] = RULE_KEY,
    [WHEN] = WHEN_KEY,
    [ON] = {"on", true, "OCCASION", NULL, "`opened`, `warned` or `breached`."},
    [METRIC] = {"metric", false, "CLOCK", "any", "The clock that warned or breached."},
    [THRESHOLD] = {"threshold", false, "PERCENT", "any", "With `warned`: from this warning on."},
    [SEVERITY] = {"severity", true, "SEVERITY", NULL, "`critical`, `error`, `warning` or `info`."},
    [ALERT_PATH] = {"path", false, "PATH", "the issue's", "Who is woken."},
};

static const char *const on_words[] = {
    [TOC_ALERT_ON_BREACHED] = "breached",
    [TOC_ALERT_ON_WARNED] = "warned",
    [TOC_ALERT_ON_OPENED] = "opened",
};
static const char *const severity_words[] = {"critical", "error", "warning", "info"};
static const struct toc_words words_on = {on_words, 3};
static const struct toc_words words_severity = {severity_words, 4};

/* --- conditions ------------------------------------------------------------------------------- */

static bool read_pattern(struct toc_build *b, const struct toc_yaml *node, const char *what,
                         const char **out)
{
    const char *star;
    if (!toc_value_text(b, node, what, out))
        return false;
    star = strchr(*out, '*');
    if (!star || star[1] == '\0')
        return true;
    toc_diag_error(b->diag, node->offset, "'*' may only stand at the end of a value");
    return false;
}

static bool is_prefix(const struct toc_yaml *node)
{
    return node->text.size > 0 && node->text.data[node->text.size - 1] == '*';
}

/* A value that can never occur is a mistake where all that can occur is known. */
static void check_value(struct toc_build *b, const struct toc_yaml *node, enum toc_field field)
{
    const struct toc_names queues = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    unsigned word;
    size_t index;
    if (is_prefix(node))
        return;
    if (field == TOC_FIELD_RISK)
        (void)toc_value_word(b, node, "risk", &toc_words_risk, &word);
    else if (field == TOC_FIELD_PRIORITY)
        (void)toc_value_word(b, node, "priority", &toc_words_priority, &word);
    else if (field == TOC_FIELD_QUEUE)
        (void)toc_value_reference(b, node, "queue", &queues, &index);
}

static void refuse_field(struct toc_build *b, const struct toc_yaml *key)
{
    struct toc_guess guess;
    toc_guess_init(&guess, key->text);
    for (int i = 0; i < TOC_FIELD_COUNT; i++)
        toc_guess_offer(&guess, toc_field_name((enum toc_field)i));
    toc_diag_error(b->diag, key->offset, "there is no field '%.*s' to ask for",
                   TOC_DIAG_ARG(key->text));
    if (guess.best)
        toc_diag_hint(b->diag, "did you mean '%s'?", guess.best);
    else
        toc_diag_hint(b->diag, "fields are type, source, channel, line_of_business, category, "
                               "product, version, region, language, requester_tier, risk, "
                               "priority, queue and tag");
}

static void read_test(struct toc_build *b, const struct toc_yaml *entry,
                      struct toc_match_test *test)
{
    struct toc_texts values = {NULL, 0};
    const struct toc_yaml *item;
    size_t count;
    int field = toc_field_find(entry->key->text);
    if (field < 0) {
        refuse_field(b, entry->key);
        return;
    }
    test->field = (enum toc_field)field;
    if (!toc_value_texts(b, entry, "a value", read_pattern, &values))
        return;
    test->values = values.values;
    test->value_count = values.count;
    if (values.count == 0)
        toc_diag_error(b->diag, entry->offset, "a condition without values fits nothing");
    item = toc_value_items(b, entry, "a value", &count);
    for (size_t i = 0; i < count; i++, item = item->next)
        check_value(b, item, test->field);
}

static void read_when(struct toc_build *b, const struct toc_yaml *node, struct toc_match *when)
{
    struct toc_match_test *tests;
    if (!toc_value_map(b, node, "'when'"))
        return;
    if (node->count == 0) {
        toc_diag_error(b->diag, node->offset, "'when' is empty");
        toc_diag_hint(b->diag, "to fit everything, leave it out");
        return;
    }
    tests = toc_build_array(b, node->count, sizeof(*tests));
    if (!tests)
        return;
    when->tests = tests;
    when->test_count = node->count;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next)
        read_test(b, entry, tests++);
}

/* --- what all lists of rules share ------------------------------------------------------------ */

/* A zeroed array for the list `node`; NULL when there is nothing to read. */
static void *new_rules(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       size_t size)
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

/* Reads the name, which is new in the list, and the condition. */
static void read_common(struct toc_build *b, const struct toc_yaml *const *values,
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
        read_when(b, values[WHEN], when);
}

/* `*open` is the rule before that fits everything, "" while there is none. */
static void check_reachable(struct toc_build *b, const struct toc_yaml *item, const char *name,
                            const struct toc_yaml *when, const char **open)
{
    if (**open) {
        toc_diag_error(b->diag, item->offset, "rule '%s' can never be reached", name ? name : "?");
        toc_diag_hint(b->diag, "rule '%s' before it has no 'when' and so fits everything", *open);
    } else if (item->kind == TOC_YAML_MAP && !when) {
        *open = name ? name : "?";
    }
}

/* --- triage ----------------------------------------------------------------------------------- */

static void read_set(struct toc_build *b, const struct toc_yaml *node, struct toc_triage_rule *rule)
{
    const struct toc_yaml *values[SET_KEY_COUNT];
    struct toc_texts tags = {NULL, 0};
    if (!toc_value_keys(b, node, "'set'", toc_keys_set, values))
        return;
    if (node->count == 0)
        toc_diag_error(b->diag, node->offset, "'set' is empty");
    if (values[CATEGORY])
        (void)toc_value_text(b, values[CATEGORY], "the category", &rule->category);
    if (values[RISK])
        (void)toc_value_word(b, values[RISK], "risk", &toc_words_risk, &rule->risk);
    if (values[PRIORITY])
        (void)toc_value_word(b, values[PRIORITY], "priority", &toc_words_priority, &rule->priority);
    if (values[TAGS])
        (void)toc_value_texts(b, values[TAGS], "a tag", toc_value_text, &tags);
    rule->tags = tags.values;
    rule->tag_count = tags.count;
}

void toc_build_triage(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_triage_rule *rules = new_rules(b, node, "'triage'", sizeof(*rules));
    struct toc_names before = {rules, 0, sizeof(*rules)};
    const struct toc_yaml *values[TRIAGE_KEY_COUNT];
    const char *open = "";
    if (!rules)
        return;
    b->policy.triage = rules;
    b->policy.triage_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, before.count++) {
        struct toc_triage_rule *rule = &rules[before.count];
        if (!toc_value_keys(b, item, "a triage rule", toc_keys_triage, values))
            continue;
        read_common(b, values, &before, &rule->name, &rule->when);
        if (values[SET])
            read_set(b, values[SET], rule);
        check_reachable(b, item, rule->name, values[WHEN], &open);
    }
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

static void check_default(struct toc_build *b, const struct toc_yaml *node, const char *open)
{
    if (*open || (node->last && node->last->kind != TOC_YAML_MAP))
        return;
    toc_diag_error(b->diag, node->last ? node->last->offset : node->offset,
                   "there is no default route");
    toc_diag_hint(b->diag, "the last route has no 'when', so that every issue gets somewhere");
}

void toc_build_routes(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_route *rules = new_rules(b, node, "'routes'", sizeof(*rules));
    struct toc_names before = {rules, 0, sizeof(*rules)};
    const struct toc_yaml *values[ROUTE_KEY_COUNT];
    const char *open = "";
    if (!rules)
        return;
    b->policy.routes = rules;
    b->policy.route_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, before.count++) {
        struct toc_route *route = &rules[before.count];
        if (!toc_value_keys(b, item, "a route", toc_keys_route, values))
            continue;
        read_common(b, values, &before, &route->name, &route->when);
        read_route(b, values, route);
        check_reachable(b, item, route->name, values[WHEN], &open);
    }
    check_default(b, node, open);
}

/* --- alerts ----------------------------------------------------------------------------------- */

/* True when some clock warns at or after `rule`'s threshold: otherwise the rule is dead. */
static bool some_clock_warns(const struct toc_build *b, const struct toc_alert_rule *rule)
{
    for (size_t i = 0; i < b->policy.sla_count; i++)
        for (size_t j = 0; j < b->slas[i].clock_count; j++) {
            const struct toc_clock_rule *clock = &b->slas[i].clocks[j];
            bool concerned = !rule->metric || strcmp(rule->metric, clock->name) == 0;
            if (concerned && clock->warn_count > 0 &&
                clock->warn_percent[clock->warn_count - 1] >= rule->threshold_percent)
                return true;
        }
    return false;
}

static void read_threshold(struct toc_build *b, const struct toc_yaml *node,
                           struct toc_alert_rule *rule)
{
    if (rule->on != TOC_ALERT_ON_WARNED)
        toc_diag_error(b->diag, node->key->offset, "'threshold' belongs to 'on: warned'");
    else if (toc_value_number(b, node, "'threshold'", 99, &rule->threshold_percent) &&
             !some_clock_warns(b, rule))
        toc_diag_error(b->diag, node->offset, "no clock warns at %u %% or later",
                       rule->threshold_percent);
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
    if (values[METRIC] && toc_value_word(b, values[METRIC], "metric", &toc_words_metric, &word)) {
        rule->metric = toc_words_metric.words[word];
        if (known && rule->on == TOC_ALERT_ON_OPENED)
            toc_diag_error(b->diag, values[METRIC]->key->offset,
                           "'metric' belongs to 'on: warned' and 'on: breached'");
    }
    if (values[THRESHOLD] && known)
        read_threshold(b, values[THRESHOLD], rule);
    (void)toc_build_path_of(b, values[ALERT_PATH], &rule->path);
}

void toc_build_alerts(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_alert_rule *rules = new_rules(b, node, "'alerts'", sizeof(*rules));
    struct toc_names before = {rules, 0, sizeof(*rules)};
    const struct toc_yaml *values[ALERT_KEY_COUNT];
    if (!rules)
        return;
    b->policy.alerts = rules;
    b->policy.alert_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, before.count++) {
        struct toc_alert_rule *rule = &rules[before.count];
        if (!toc_value_keys(b, item, "an alert rule", toc_keys_alert, values))
            continue;
        read_common(b, values, &before, &rule->name, &rule->when);
        read_alert(b, values, rule);
    }
}
