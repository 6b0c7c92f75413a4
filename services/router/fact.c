#include "services/router/fact.h"

#include "services/router/classify.h"
#include "services/router/triage.h"

#include <stdio.h>

#define LIST_BYTES 240 /* of names in a refusal */

static size_t find(const Tocsin__V1__Issue *issue, const char *name)
{
    size_t at = 0;
    while (at < issue->n_facts && strcmp(issue->facts[at]->name, name) != 0)
        at++;
    return at;
}

/* The facts with `fact` in place `at`, or without the one there when it is NULL. */
static enum toc_err put(struct work *work, size_t at, Tocsin__V1__Fact *fact)
{
    Tocsin__V1__Issue *issue = work->issue;
    Tocsin__V1__Fact **facts =
        toc_arena_take(work->turn->arena, (issue->n_facts + 1) * sizeof(*facts));
    size_t count = 0;
    if (facts == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < issue->n_facts; i++)
        if (i != at)
            facts[count++] = issue->facts[i];
        else if (fact != NULL)
            facts[count++] = fact;
    if (at == issue->n_facts && fact != NULL)
        facts[count++] = fact;
    issue->facts = facts;
    issue->n_facts = count;
    return TOC_OK;
}

static Tocsin__V1__Fact *fact_of(const struct work *work)
{
    const Tocsin__V1__IssueFact *said = work->event->issue_fact;
    Tocsin__V1__Fact *fact = toc_arena_take(work->turn->arena, sizeof(*fact));
    if (fact == NULL)
        return NULL;
    tocsin__v1__fact__init(fact);
    fact->name = said->name;
    fact->value = said->value;
    fact->by = said->by[0] != '\0' ? said->by : work->event->source;
    fact->confidence_percent = said->confidence_percent;
    fact->at_ms = work->at_ms;
    return fact;
}

static bool is_news(const struct work *work, size_t at, const char *value)
{
    return at == work->before.n_facts || strcmp(work->before.facts[at]->value, value) != 0;
}

enum toc_err fact_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueFact *said = work->event->issue_fact;
    size_t at = find(work->issue, said->name);
    bool there = at < work->issue->n_facts, taken_back = said->value[0] == '\0';
    const struct toc_policy *policy;
    if (said->name[0] == '\0')
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    if (!there && taken_back)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_STATE,
                           "there is no such fact to take back");
    if (!there && work->issue->n_facts == ROUTER_FACTS_MAX)
        return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE,
                           "the issue has as many facts as it may have");
    Tocsin__V1__Fact *fact = taken_back ? NULL : fact_of(work);
    if (fact == NULL && !taken_back)
        return TOC_ERR_LIMIT;
    TOC_TRY(put(work, at, fact));
    if (work_grew_too_large(work))
        return work_refuse_growth(work);
    change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT;
    change.fact = said->name;
    change.by = said->by;
    change.old_priority = work->issue->priority;
    if (!work_make_room(work, &change))
        return work_refuse_growth(work);
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    TOC_TRY(err);
    if (err == TOC_OK && is_news(work, at, said->value) && triage_asks_for_fact(policy, said->name))
        return classify_by_policy(work, &change, true);
    return work_emit(work, &change);
}

/* --- before an escalation --------------------------------------------------------------------- */

static enum toc_err list_missing(struct work *work, const struct toc_category *category,
                                 Tocsin__V1__IssueChange *change)
{
    char **names = toc_arena_take(work->turn->arena, (category->fact_count + 1) * sizeof(*names));
    if (names == NULL)
        return TOC_ERR_LIMIT;
    change->missing = names;
    for (size_t i = 0; i < category->fact_count; i++)
        if (find(work->issue, category->facts[i]) == work->issue->n_facts)
            names[change->n_missing++] = toc_wire_text(category->facts[i]);
    return TOC_OK;
}

static enum toc_err refuse(struct work *work, const Tocsin__V1__IssueChange *change)
{
    char *text = toc_arena_take(work->turn->arena, LIST_BYTES);
    size_t at = 0;
    if (text == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < change->n_missing && at < LIST_BYTES; i++)
        at += (size_t)snprintf(text + at, LIST_BYTES - at, "%s%s",
                               i > 0 ? ", " : "facts to establish first: ", change->missing[i]);
    return work_refuse(work, TOCSIN__V1__REFUSE_REASON__REFUSE_MISSING_FIELD, text);
}

enum toc_err fact_allow_escalation(struct work *work, Tocsin__V1__IssueChange *change, bool *out)
{
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    *out = true;
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    const struct toc_category *category =
        toc_policy_category(policy, toc_str_of(work->issue->category));
    if (category == NULL)
        return TOC_OK;
    TOC_TRY(list_missing(work, category, change));
    if (change->n_missing == 0 || work->issue->risk >= TOCSIN__V1__RISK__RISK_SEVERE)
        return TOC_OK;
    *out = false;
    return refuse(work, change);
}
