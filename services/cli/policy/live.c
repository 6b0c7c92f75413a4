#include "services/cli/policy/live.h"

#include "services/cli/commands.h"
#include "services/cli/policy/apply.h"
#include "services/cli/policy/diff.h"

#include "common/issue_fields.h"

#include <stdlib.h>

#define ENTRIES_MAX 1000

/* Entries of sections that differ: slas/safety, calendars/emea, … */
struct changed {
    struct {
        struct toc_str section, entry;
    } items[ENTRIES_MAX];
    size_t count;
};

static void collect(void *arg, const struct policy_change *change)
{
    struct changed *changed = arg;
    if (changed->count == ENTRIES_MAX)
        return;
    changed->items[changed->count].section = change->section;
    changed->items[changed->count++].entry = change->entry;
}

static bool has(const struct changed *changed, const char *section, const char *entry)
{
    for (size_t i = 0; i < changed->count; i++)
        if (toc_str_equal(changed->items[i].section, toc_str_of(section)) &&
            toc_str_equal(changed->items[i].entry, toc_str_of(entry)))
            return true;
    return false;
}

/* An SLA differs too when a calendar of its clocks does. */
static bool sla_differs(const struct changed *changed, const struct toc_policy *before,
                        const char *name)
{
    const struct toc_sla *sla = toc_policy_sla(before, toc_str_of(name));
    if (has(changed, "slas", name))
        return true;
    for (size_t i = 0; sla != NULL && i < sla->clock_count; i++)
        if (sla->clocks[i].calendar != NULL &&
            has(changed, "calendars", toc_calendar_name(sla->clocks[i].calendar)))
            return true;
    return false;
}

/* The first that fits; the last one fits everything. */
static const struct toc_route *route_of(const struct toc_policy *policy,
                                        const struct toc_fields *fields)
{
    size_t at = 0;
    while (at + 1 < policy->route_count && !toc_match(&policy->routes[at].when, fields))
        at++;
    return &policy->routes[at];
}

static bool same_name(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_route(const struct toc_route *a, const struct toc_route *b)
{
    return same_name(a->queue->name, b->queue->name) &&
           same_name(a->sla != NULL ? a->sla->name : NULL, b->sla != NULL ? b->sla->name : NULL) &&
           same_name(a->path != NULL ? a->path->name : NULL,
                     b->path != NULL ? b->path->name : NULL);
}

/* --- versions ------------------------------------------------------------------------------- */

/* A version that open issues follow, and what the new one changes in it. */
struct version {
    struct version *next;
    uint32_t number;
    struct policy_in_force there;
    struct toc_policy *policy; /* NULL: it is not there, or cannot be read */
    struct toc_policy_tree *tree;
    struct changed changed; /* lent from the trees */
};

struct versions {
    struct view *view;
    const struct toc_policy *after;
    const struct toc_policy_tree *after_tree;
    struct version *first;
};

static void compare_version(const struct versions *versions, struct version *version)
{
    struct policy_in_force *there = &version->there;
    if (policy_ask_version(versions->view->client, "router", version->number, there) == TOC_OK &&
        there->text != NULL &&
        toc_policy_check(toc_str(there->text, there->size), "policy", &version->policy,
                         &version->tree) == TOC_OK)
        (void)policy_diff(version->tree, versions->after_tree, collect, &version->changed);
}

/* NULL when memory is exhausted. */
static struct version *version_of(struct versions *versions, uint32_t number)
{
    struct version *version = versions->first;
    while (version != NULL && version->number != number)
        version = version->next;
    if (version != NULL)
        return version;
    version = calloc(1, sizeof(*version));
    if (version == NULL)
        return NULL;
    version->number = number;
    version->next = versions->first;
    versions->first = version;
    if (number != 0) /* 0: none was in force */
        compare_version(versions, version);
    return version;
}

static void versions_done(struct versions *versions)
{
    while (versions->first != NULL) {
        struct version *version = versions->first;
        versions->first = version->next;
        toc_policy_free(version->policy);
        toc_policy_tree_free(version->tree);
        free(version->there.text);
        free(version);
    }
}

/* --- counting ------------------------------------------------------------------------------- */

/* What cannot be compared may change in every way. */
static void count_issue(struct versions *versions, const Tocsin__V1__Issue *issue,
                        struct policy_live *out)
{
    const struct version *version = version_of(versions, issue->policy);
    struct toc_fields fields = toc_issue_fields(issue);
    if (version == NULL || version->policy == NULL) {
        out->concerned++;
        return;
    }
    bool routed =
        !same_route(route_of(version->policy, &fields), route_of(versions->after, &fields));
    out->routed += routed;
    out->concerned += routed || has(&version->changed, "queues", issue->queue) ||
                      has(&version->changed, "paths", issue->path) ||
                      sla_differs(&version->changed, version->policy, issue->sla);
}

bool policy_live_count(struct view *view, const struct toc_policy *after,
                       const struct toc_policy_tree *after_tree, struct policy_live *out)
{
    struct versions versions = {.view = view, .after = after, .after_tree = after_tree};
    Tocsin__V1__Ask question = TOCSIN__V1__ASK__INIT;
    struct view_rows rows = {.count = 0};
    *out = (struct policy_live){.open = 0};
    question.what = TOCSIN__V1__ASK__WHAT__ISSUES;
    if (view_ask(view, "router", &question, &tocsin__v1__issue__descriptor, &rows) != CLI_DONE)
        return false;
    out->open = rows.count;
    out->more = rows.err < 0;
    for (size_t i = 0; i < rows.count; i++)
        count_issue(&versions, rows.items[i], out);
    versions_done(&versions);
    return true;
}
