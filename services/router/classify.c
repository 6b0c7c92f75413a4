#include "services/router/classify.h"

#include "services/router/route.h"

static bool is_listed(char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static enum toc_err change_tags(struct work *work, const Tocsin__V1__IssueClassified *classified)
{
    Tocsin__V1__Issue *issue = work->issue;
    size_t most = issue->n_tags + classified->n_add_tags, count = 0;
    char **tags = toc_arena_take(work->turn->arena, (most + 1) * sizeof(*tags));
    if (tags == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < issue->n_tags; i++)
        if (!is_listed(classified->remove_tags, classified->n_remove_tags, issue->tags[i]))
            tags[count++] = issue->tags[i];
    for (size_t i = 0; i < classified->n_add_tags && count < ROUTER_TAGS_MAX; i++)
        if (!is_listed(tags, count, classified->add_tags[i]))
            tags[count++] = classified->add_tags[i];
    issue->tags = tags;
    issue->n_tags = count;
    return TOC_OK;
}

enum toc_err classify_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueClassified *classified = work->event->issue_classified;
    Tocsin__V1__Issue *issue = work->issue;
    const struct toc_policy *policy;
    bool moves = classified->category[0] != '\0' || classified->line_of_business[0] != '\0' ||
                 classified->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED;
    change.old_priority = issue->priority;
    work_set_text(&issue->category, classified->category);
    work_set_text(&issue->language, classified->language);
    work_set_text(&issue->line_of_business, classified->line_of_business);
    work_set_text(&issue->product, classified->product);
    if (classified->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED)
        issue->risk = classified->risk;
    if (classified->priority != TOCSIN__V1__PRIORITY__PRIORITY_UNSPECIFIED)
        issue->priority = classified->priority;
    TOC_TRY(change_tags(work, classified));
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    TOC_TRY(work_emit(work, &change));
    if (!moves) /* a new priority alone does not take an issue from its queue */
        return TOC_OK;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    TOC_TRY(err);
    return err == TOC_OK ? route_by_policy(work, policy, ROUTE_RECLASSIFIED) : TOC_OK;
}
