#include "services/router/triage.h"

#include "common/issue_fields.h"

static struct toc_fields fields_of(const struct work *work)
{
    struct toc_fields fields = toc_issue_fields(work->issue);
    if (work->event != NULL)
        fields.value[TOC_FIELD_TYPE] = toc_str_of(work->event->type);
    return fields;
}

/* Whether a rule's condition fits; a rule that does not is noted with the field that failed. */
static bool fits(const struct toc_match *when, const struct toc_fields *fields, const char *rule,
                 struct decision *decision)
{
    const struct toc_match_test *failed = toc_match_failed(when, fields);
    if (failed == NULL)
        return true;
    if (decision->tried_count == ROUTER_TRIED_MAX) {
        decision->tried_more++;
    } else {
        Tocsin__V1__Tried *tried = &decision->tried[decision->tried_count];
        tocsin__v1__tried__init(tried);
        tried->name = toc_wire_text(rule);
        tried->why = toc_wire_text(toc_match_name(failed));
        decision->tried_list[decision->tried_count++] = tried;
    }
    return false;
}

static bool has_tag(const Tocsin__V1__Issue *issue, const char *tag)
{
    for (size_t i = 0; i < issue->n_tags; i++)
        if (strcmp(issue->tags[i], tag) == 0)
            return true;
    return false;
}

static enum toc_err add_tags(struct work *work, const char *const *tags, size_t count,
                             uint32_t *no_room)
{
    Tocsin__V1__Issue *issue = work->issue;
    char **all = toc_arena_take(work->turn->arena, (issue->n_tags + count) * sizeof(*all));
    if (all == NULL)
        return TOC_ERR_LIMIT;
    if (issue->n_tags != 0)
        memcpy(all, issue->tags, issue->n_tags * sizeof(*all));
    issue->tags = all;
    for (size_t i = 0; i < count; i++) {
        if (has_tag(issue, tags[i]))
            continue;
        all[issue->n_tags++] = toc_wire_text(tags[i]);
        if (issue->n_tags <= ROUTER_TAGS_MAX && !issue_is_too_large(issue))
            continue;
        issue->n_tags--;
        (*no_room)++;
    }
    return TOC_OK;
}

void triage_describe(struct decision *decision, Tocsin__V1__IssueChange *change)
{
    change->rule = toc_wire_text(decision->rule != NULL ? decision->rule : "");
    change->tried = decision->tried_list;
    change->n_tried = decision->tried_count;
    change->tried_more = decision->tried_more;
    change->no_room = decision->no_room;
}

/* Whether a rule may set a value, which then counts as the rule's if there was none before. */
static bool may_set(Tocsin__V1__Issue *issue, Tocsin__V1__IssueValue value, bool there)
{
    if ((issue->by_hand & (uint32_t)value) != 0)
        return false;
    if (!there)
        issue->by_rule |= (uint32_t)value;
    return true;
}

static void set_text(Tocsin__V1__Issue *issue, Tocsin__V1__IssueValue value, char **field,
                     const char *text, uint32_t *no_room)
{
    char *was = *field;
    if (text == NULL || !may_set(issue, value, was[0] != '\0'))
        return;
    *field = toc_wire_text(text);
    if (strlen(text) <= strlen(was) || !issue_is_too_large(issue))
        return;
    *field = was;
    (*no_room)++;
}

static void set_values(Tocsin__V1__Issue *issue, const struct toc_triage_rule *rule,
                       uint32_t *no_room)
{
    set_text(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CATEGORY, &issue->category, rule->category,
             no_room);
    set_text(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_SOP, &issue->sop, rule->sop, no_room);
    set_text(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CONTENT_CLASS, &issue->content_class,
             rule->content_class, no_room);
    if (rule->priority != 0 &&
        may_set(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_PRIORITY, issue->priority != 0))
        issue->priority = (Tocsin__V1__Priority)rule->priority;
    if (rule->risk != 0 &&
        may_set(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_RISK, issue->risk != 0))
        issue->risk = (Tocsin__V1__Risk)rule->risk;
}

void triage_forget(Tocsin__V1__Issue *issue)
{
    uint32_t by_rule = issue->by_rule;
    if ((by_rule & TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CATEGORY) != 0)
        issue->category = toc_wire_text("");
    if ((by_rule & TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_RISK) != 0)
        issue->risk = TOCSIN__V1__RISK__RISK_UNSPECIFIED;
    if ((by_rule & TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_PRIORITY) != 0)
        issue->priority = TOCSIN__V1__PRIORITY__PRIORITY_UNSPECIFIED;
    if ((by_rule & TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_SOP) != 0)
        issue->sop = toc_wire_text("");
    if ((by_rule & TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CONTENT_CLASS) != 0)
        issue->content_class = toc_wire_text("");
    issue->by_rule = 0;
}

enum toc_err triage_apply(struct work *work, const struct toc_policy *policy, struct decision *out)
{
    triage_forget(work->issue);
    struct toc_fields fields = fields_of(work);
    *out = (struct decision){0};
    for (size_t i = 0; i < policy->triage_count; i++) {
        const struct toc_triage_rule *rule = &policy->triage[i];
        if (!fits(&rule->when, &fields, rule->name, out))
            continue;
        out->rule = rule->name;
        out->triage = rule;
        set_values(work->issue, rule, &out->no_room);
        return add_tags(work, rule->tags, rule->tag_count, &out->no_room);
    }
    return TOC_OK;
}

const struct toc_route *triage_route(const struct work *work, const struct toc_policy *policy,
                                     struct decision *out)
{
    struct toc_fields fields = fields_of(work);
    struct decision unwanted;
    struct decision *decision = out != NULL ? out : &unwanted;
    *decision = (struct decision){0};
    for (size_t i = 0; i < policy->route_count; i++) {
        const struct toc_route *route = &policy->routes[i];
        if (!fits(&route->when, &fields, route->name, decision))
            continue;
        decision->rule = route->name;
        return route;
    }
    TOC_BUG("the last route of a policy fits everything");
}

const char *triage_path(const struct toc_route *route, const struct toc_queue *queue)
{
    const struct toc_path *path = queue != NULL ? queue->path : NULL;
    if (path == NULL)
        path = route->path != NULL ? route->path : route->queue->path;
    return path != NULL ? path->name : "";
}

static bool asks_for(const struct toc_match *when, const char *fact)
{
    for (size_t i = 0; i < when->test_count; i++)
        if (when->tests[i].field == TOC_FIELD_FACT && strcmp(when->tests[i].fact, fact) == 0)
            return true;
    return false;
}

bool triage_asks_for_fact(const struct toc_policy *policy, const char *fact)
{
    for (size_t i = 0; i < policy->triage_count; i++)
        if (asks_for(&policy->triage[i].when, fact))
            return true;
    for (size_t i = 0; i < policy->route_count; i++)
        if (asks_for(&policy->routes[i].when, fact))
            return true;
    return false;
}
