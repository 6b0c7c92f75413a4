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
    if (decision->tried_count < ROUTER_TRIED_MAX) {
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

static enum toc_err add_tags(struct work *work, const char *const *tags, size_t count)
{
    Tocsin__V1__Issue *issue = work->issue;
    char **all = toc_arena_take(work->turn->arena, (issue->n_tags + count) * sizeof(*all));
    if (all == NULL)
        return TOC_ERR_LIMIT;
    if (issue->n_tags != 0)
        memcpy(all, issue->tags, issue->n_tags * sizeof(*all));
    issue->tags = all;
    for (size_t i = 0; i < count && issue->n_tags < ROUTER_TAGS_MAX; i++)
        if (!has_tag(issue, tags[i]) && !issue_is_too_large(issue))
            all[issue->n_tags++] = toc_wire_text(tags[i]);
    return TOC_OK;
}

void triage_describe(struct decision *decision, Tocsin__V1__IssueChange *change)
{
    change->rule = toc_wire_text(decision->rule != NULL ? decision->rule : "");
    change->tried = decision->tried_list;
    change->n_tried = decision->tried_count;
}

enum toc_err triage_apply(struct work *work, const struct toc_policy *policy, struct decision *out)
{
    struct toc_fields fields = fields_of(work);
    Tocsin__V1__Issue *issue = work->issue;
    *out = (struct decision){0};
    for (size_t i = 0; i < policy->triage_count; i++) {
        const struct toc_triage_rule *rule = &policy->triage[i];
        if (!fits(&rule->when, &fields, rule->name, out))
            continue;
        out->rule = rule->name;
        if (rule->category != NULL)
            issue->category = toc_wire_text(rule->category);
        if (rule->priority != 0)
            issue->priority = (Tocsin__V1__Priority)rule->priority;
        if (rule->risk != 0)
            issue->risk = (Tocsin__V1__Risk)rule->risk;
        return add_tags(work, rule->tags, rule->tag_count);
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

const char *triage_path(const struct toc_route *route)
{
    const struct toc_path *path = route->queue->path ? route->queue->path : route->path;
    return path != NULL ? path->name : "";
}
