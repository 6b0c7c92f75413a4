/* `triage` and `categories`: what an issue is, and what is to be known of it. */
#include "common/policy/build.h"

#include "common/wire.h"

#include <assert.h>
#include <stdio.h>

#define FACTS_MAX 16 /* of one category */
#define TAGS_MAX  32 /* an issue has no more */
/* Bytes: "rule:" and the name are the id of the escalation that a rule raises. */
#define TEAM_RULE_MAX (TOC_ESCALATION_ID_MAX - 5)

static_assert(TOCSIN__V1__RISK__RISK_NONE == 1 && TOCSIN__V1__RISK__RISK_CRITICAL == 5,
              "toc_words_risk follows enum Risk");
static_assert(offsetof(struct toc_triage_rule, when) == offsetof(struct toc_rule_head, when),
              "a rule begins with its head");

enum {
    RULE = TOC_RULE_NAME,
    WHEN = TOC_RULE_WHEN,
    SET = TOC_RULE_KEYS,
    ESCALATE,
    TRIAGE_KEY_COUNT
};

const struct toc_key toc_keys_triage[TRIAGE_KEY_COUNT + 1] = {
    [RULE] = TOC_KEY_RULE,
    [WHEN] = TOC_KEY_WHEN,
    [SET] = {"set", false, "{...}", "as it is", "What it says about the issue."},
    [ESCALATE] = {"escalate", false, "{...}", "by the routes",
                  "Who is told at once, whatever the routes say."},
};

enum { CATEGORY, RISK, PRIORITY, TAGS, SOP, CONTENT_CLASS, SET_KEY_COUNT };

#define AS_IT_IS "as it is"

const struct toc_key toc_keys_set[SET_KEY_COUNT + 1] = {
    [CATEGORY] = {"category", false, "TEXT", AS_IT_IS, "What it is about."},
    [RISK] = {"risk", false, "RISK", AS_IT_IS, "`none`, `low`, `elevated`, `severe`, `critical`."},
    [PRIORITY] = {"priority", false, "PRIORITY", AS_IT_IS, "`P1` to `P4`."},
    [TAGS] = {"tags", false, "[TEXT]", "[]", "Tags to add, at most 32."},
    [SOP] = {"sop", false, "NAME@VERSION", AS_IT_IS, "The procedure to follow: `csam-report@7`."},
    [CONTENT_CLASS] = {"content_class", false, "NAME", AS_IT_IS,
                       "What looking at it exposes a person to."},
};

enum { QUEUE, TIER, TEAM, ESCALATE_KEY_COUNT };

const struct toc_key toc_keys_escalate[ESCALATE_KEY_COUNT + 1] = {
    [QUEUE] = {"queue", false, "QUEUE", "by the routes", "Where the issue goes instead."},
    [TIER] = {"tier", false, "NUMBER", "the queue's", "With `queue`: 1, 2 or 3."},
    [TEAM] = {"team", false, "TEAM", "nobody",
              "The team that is asked: an escalation to it is raised at once."},
};

enum { FACTS, ARTICLES, CATEGORY_KEY_COUNT };

const struct toc_key toc_keys_category[CATEGORY_KEY_COUNT + 1] = {
    [FACTS] = {"facts", false, "[NAME]", "[]",
               "Facts to establish before an issue is escalated, at most 16. A severe or critical "
               "risk does not wait for them."},
    [ARTICLES] = {"articles", false, "[ARTICLE]", "[]",
                  "What its publisher may suggest to the requester: the first in the issue's "
                  "language, of at most 16."},
};

/* --- what a rule says ------------------------------------------------------------------------- */

/* "name@version" */
static bool read_sop(struct toc_build *b, const struct toc_yaml *node, const char **out)
{
    const char *at, *part;
    struct toc_yaml name = *node, version = *node;
    if (!toc_value_text(b, node, "the procedure", out))
        return false;
    at = strchr(*out, '@');
    if (!at) {
        toc_diag_error(b->diag, node->offset, "the procedure '%s' has no version", *out);
        toc_diag_hint(b->diag, "such as '%s@1', so that a decision says which one was meant", *out);
        return false;
    }
    name.text.size = (size_t)(at - *out);
    version.text = toc_str_of(at + 1);
    return toc_value_name(b, &name, "the procedure", &part) &&
           toc_value_name(b, &version, "its version", &part);
}

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
    if (values[SOP])
        (void)read_sop(b, values[SOP], &rule->sop);
    if (values[CONTENT_CLASS])
        (void)toc_value_name(b, values[CONTENT_CLASS], "the content class", &rule->content_class);
    if (tags.count > TAGS_MAX)
        toc_diag_error(b->diag, values[TAGS]->offset, "more than %d tags", TAGS_MAX);
    rule->tags = tags.values;
    rule->tag_count = tags.count;
}

static void read_tier(struct toc_build *b, const struct toc_yaml *node,
                      struct toc_triage_rule *rule)
{
    if (!rule->queue)
        toc_diag_error(b->diag, node->key->offset, "'tier' belongs to 'queue'");
    else if (toc_value_number(b, node, "'tier'", TOC_POLICY_TIERS, &rule->tier) && rule->tier == 0)
        toc_diag_error(b->diag, node->offset, "there is no tier 0");
}

static void read_asked(struct toc_build *b, const struct toc_yaml *node,
                       const struct toc_team *team, struct toc_triage_rule *rule)
{
    rule->team = team;
    if (team->answers)
        return;
    toc_diag_error(b->diag, node->offset, "team '%.*s' does not answer", TOC_DIAG_ARG(node->text));
    toc_diag_hint(b->diag, "how fast it has to: calendar: NAME, answer_within: 4h, in 'teams'");
}

static void read_escalate(struct toc_build *b, const struct toc_yaml *node,
                          struct toc_triage_rule *rule)
{
    const struct toc_names queues = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    const struct toc_names teams = {b->policy.teams, b->policy.team_count,
                                    sizeof(*b->policy.teams)};
    const struct toc_yaml *values[ESCALATE_KEY_COUNT];
    size_t index;
    if (!toc_value_keys(b, node, "'escalate'", toc_keys_escalate, values))
        return;
    if (!values[QUEUE] && !values[TEAM]) {
        toc_diag_error(b->diag, node->offset, "'escalate' names neither a queue nor a team");
        return;
    }
    if (values[QUEUE] && toc_value_reference(b, values[QUEUE], "queue", &queues, &index))
        rule->queue = &b->queues[index];
    if (values[TIER])
        read_tier(b, values[TIER], rule);
    if (values[TEAM] && toc_value_reference(b, values[TEAM], "team", &teams, &index))
        read_asked(b, values[TEAM], &b->policy.teams[index], rule);
    if (values[TEAM] && rule->name && strlen(rule->name) > TEAM_RULE_MAX)
        toc_diag_error(b->diag, node->offset,
                       "the name of a rule that asks a team is longer than "
                       "%d bytes",
                       TEAM_RULE_MAX);
}

/* --- safety first ----------------------------------------------------------------------------- */

static bool is_risky(unsigned risk)
{
    return risk >= TOCSIN__V1__RISK__RISK_SEVERE;
}

/* It finds or is for severe or critical risks. */
static bool is_safety_rule(const struct toc_triage_rule *rule)
{
    static const char *const risky[] = {"severe", "critical"};
    if (is_risky(rule->risk))
        return true;
    for (size_t i = 0; i < rule->when.test_count; i++) {
        const struct toc_match_test *test = &rule->when.tests[i];
        for (size_t k = 0; k < 2; k++) {
            struct toc_fields fields = {0};
            const struct toc_match one = {test, 1};
            fields.value[TOC_FIELD_RISK] = toc_str_of(risky[k]);
            if (test->field == TOC_FIELD_RISK && !test->negated && toc_match(&one, &fields))
                return true;
        }
    }
    return false;
}

/* Of the rules before it, one that is not about safety may take what this one should see. */
static void check_safety_first(struct toc_build *b, const struct toc_yaml *item,
                               const struct toc_triage_rule *rules, size_t index)
{
    const struct toc_triage_rule *rule = &rules[index];
    if (!rule->name || !is_safety_rule(rule))
        return;
    for (size_t i = 0; i < index; i++) {
        const struct toc_triage_rule *other = &rules[i];
        if (!other->name || is_safety_rule(other) ||
            !toc_check_may_compare(b, &other->when, &rule->when) ||
            toc_match_excludes(&other->when, &rule->when))
            continue;
        toc_diag_warning(b->diag, item->offset,
                         "safety rule '%s' stands behind '%s', which may catch what it is for",
                         rule->name, other->name);
        toc_diag_hint(b->diag, "rules for severe and critical risks come first");
        return;
    }
}

/* --- the sections ----------------------------------------------------------------------------- */

void toc_build_triage(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_triage_rule *rules = toc_rules_new(b, node, "'triage'", sizeof(*rules));
    struct toc_names before = {rules, 0, sizeof(*rules)};
    const struct toc_yaml *values[TRIAGE_KEY_COUNT];
    if (!rules)
        return;
    b->policy.triage = rules;
    b->policy.triage_count = node->count;
    for (const struct toc_yaml *item = node->first; item; item = item->next, before.count++) {
        struct toc_triage_rule *rule = &rules[before.count];
        if (!toc_value_keys(b, item, "a triage rule", toc_keys_triage, values))
            continue;
        toc_rule_read(b, values, &before, &rule->name, &rule->when);
        if (values[WHEN])
            toc_check_type(b, values[WHEN], &rule->when, true);
        if (values[SET])
            read_set(b, values[SET], rule);
        if (values[ESCALATE])
            read_escalate(b, values[ESCALATE], rule);
        if (!values[SET] && !values[ESCALATE])
            toc_diag_error(b->diag, item->offset, "a triage rule without 'set' or 'escalate'");
        toc_check_reachable(b, item, &before);
        check_safety_first(b, item, rules, before.count);
    }
}

/* A category that asks for nothing, or twice for the same, is not what somebody meant. */
static void check_facts(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        const struct toc_texts *facts)
{
    if (facts->count == 0)
        toc_diag_doubt(b->diag, node->offset, "the facts of %s are empty", what);
    if (facts->count > FACTS_MAX)
        toc_diag_error(b->diag, node->offset, "more than %d facts", FACTS_MAX);
    for (size_t i = 1; i < facts->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(facts->values[i], facts->values[k]) == 0) {
                toc_diag_doubt(b->diag, node->offset, "%s wants '%s' twice", what,
                               facts->values[i]);
                return;
            }
}

static void read_category(struct toc_build *b, const struct toc_yaml *entry,
                          struct toc_category *category)
{
    const struct toc_yaml *values[CATEGORY_KEY_COUNT];
    struct toc_texts facts = {NULL, 0};
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "category '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_category, values))
        return;
    if (values[FACTS] && toc_value_texts(b, values[FACTS], "a fact", toc_value_name, &facts))
        check_facts(b, values[FACTS], what, &facts);
    if (values[ARTICLES])
        toc_build_articles(b, values[ARTICLES], category);
    if (!values[FACTS] && !values[ARTICLES])
        toc_diag_error(b->diag, entry->offset, "%s has neither 'facts' nor 'articles'", what);
    category->facts = facts.values;
    category->fact_count = facts.count;
}

void toc_build_categories(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_category *next;
    if (!node)
        return;
    next = toc_build_names(b, node, "'categories'", sizeof(*next), &b->policy.category_count);
    b->policy.categories = next;
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_category(b, entry, next++);
}
