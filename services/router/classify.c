#include "services/router/classify.h"

#include "services/router/escalation.h"
#include "services/router/route.h"

static bool is_listed(char *const *list, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

enum toc_err classify_add_tags(struct work *work, char *const *added, size_t added_count,
                               bool *out_room)
{
    Tocsin__V1__Issue *issue = work->issue;
    size_t count = issue->n_tags;
    char **tags = toc_arena_take(work->turn->arena, (count + added_count + 1) * sizeof(*tags));
    if (tags == NULL)
        return TOC_ERR_LIMIT;
    if (count > 0)
        memcpy(tags, issue->tags, count * sizeof(*tags));
    *out_room = true;
    for (size_t i = 0; i < added_count; i++) {
        if (is_listed(tags, count, added[i]))
            continue;
        *out_room = *out_room && count < ROUTER_TAGS_MAX;
        if (count < ROUTER_TAGS_MAX)
            tags[count++] = added[i];
    }
    issue->tags = tags;
    issue->n_tags = count;
    return TOC_OK;
}

static enum toc_err remove_tags(struct work *work, char *const *removed, size_t removed_count)
{
    Tocsin__V1__Issue *issue = work->issue;
    size_t count = 0;
    char **tags = toc_arena_take(work->turn->arena, (issue->n_tags + 1) * sizeof(*tags));
    if (tags == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < issue->n_tags; i++)
        if (!is_listed(removed, removed_count, issue->tags[i]))
            tags[count++] = issue->tags[i];
    issue->tags = tags;
    issue->n_tags = count;
    return TOC_OK;
}

static void set_value(Tocsin__V1__Issue *issue, Tocsin__V1__IssueValue value, char **field,
                      char *text)
{
    if (text[0] == '\0')
        return;
    *field = text;
    issue->by_hand |= (uint32_t)value;
    issue->by_rule &= ~(uint32_t)value;
}

/* What is said by hand stays so, whatever a rule says later. */
static void take_values(struct work *work, const Tocsin__V1__IssueClassified *classified)
{
    Tocsin__V1__Issue *issue = work->issue;
    set_value(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CATEGORY, &issue->category,
              classified->category);
    set_value(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_SOP, &issue->sop, classified->sop);
    set_value(issue, TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_CONTENT_CLASS, &issue->content_class,
              classified->content_class);
    work_set_text(&issue->language, classified->language);
    work_set_text(&issue->line_of_business, classified->line_of_business);
    work_set_text(&issue->product, classified->product);
    if (classified->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED) {
        issue->risk = classified->risk;
        issue->by_hand |= TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_RISK;
        issue->by_rule &= ~(uint32_t)TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_RISK;
    }
    if (classified->priority != TOCSIN__V1__PRIORITY__PRIORITY_UNSPECIFIED) {
        issue->priority = classified->priority;
        issue->by_hand |= TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_PRIORITY;
        issue->by_rule &= ~(uint32_t)TOCSIN__V1__ISSUE_VALUE__ISSUE_VALUE_PRIORITY;
    }
}

/* It is another matter: a queue chosen by hand for what it was does not hold it. */
static bool is_another_matter(const Tocsin__V1__IssueClassified *classified)
{
    return classified->category[0] != '\0' || classified->line_of_business[0] != '\0' ||
           classified->risk != TOCSIN__V1__RISK__RISK_UNSPECIFIED;
}

/* A new priority or procedure alone says nothing about what the issue is. */
static bool says_what_it_is(const Tocsin__V1__IssueClassified *classified)
{
    return is_another_matter(classified) || classified->language[0] != '\0' ||
           classified->product[0] != '\0' || classified->n_add_tags > 0 ||
           classified->n_remove_tags > 0;
}

enum toc_err classify_by_policy(struct work *work, Tocsin__V1__IssueChange *change,
                                bool keeps_queue)
{
    const struct toc_policy *policy;
    struct decision decision;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return work_emit(work, change);
    TOC_TRY(triage_apply(work, policy, &decision));
    work->issue->policy = policy->version;
    triage_describe(&decision, change);
    const struct route_cause cause = {.reason = ROUTE_RECLASSIFIED,
                                      .rule = decision.triage,
                                      .keeps_chosen = keeps_queue && !work_became_risky(work)};
    bool moves = false;
    if (change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED)
        TOC_TRY(route_will_move(work, policy, &cause, &moves));
    change->moves = moves;
    TOC_TRY(work_emit(work, change));
    TOC_TRY(route_by_policy(work, policy, &cause));
    if (decision.triage == NULL || decision.triage->team == NULL)
        return TOC_OK;
    return escalation_raise_by_rule(work, decision.triage);
}

enum toc_err classify_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueClassified *classified = work->event->issue_classified;
    bool room = true;
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED;
    change.old_priority = work->issue->priority;
    change.by = classified->by;
    take_values(work, classified);
    if (classified->n_remove_tags > 0)
        TOC_TRY(remove_tags(work, classified->remove_tags, classified->n_remove_tags));
    if (classified->n_add_tags > 0)
        TOC_TRY(classify_add_tags(work, classified->add_tags, classified->n_add_tags, &room));
    if (!room)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                           "the issue has as many tags as it may have");
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    if (!says_what_it_is(classified))
        return work_emit(work, &change);
    return classify_by_policy(work, &change, !is_another_matter(classified));
}
