#include "services/router/fact.h"

#include "services/router/classify.h"
#include "services/router/found.h"
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

/* Those that people established; what detectors found comes behind. */
static size_t count_established(const Tocsin__V1__Issue *issue)
{
    size_t count = 0;
    while (count < issue->n_facts && !issue->facts[count]->found)
        count++;
    return count;
}

/* The established facts with `fact` in place `at`, or without the one there when it is NULL. */
static enum toc_err put(struct work *work, size_t at, Tocsin__V1__Fact *fact)
{
    Tocsin__V1__Issue *issue = work->issue;
    Tocsin__V1__Fact **facts =
        toc_arena_take(work->turn->arena, (issue->n_facts + 1) * sizeof(*facts));
    size_t count = 0, end = count_established(issue);
    if (facts == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < end; i++)
        if (i != at)
            facts[count++] = issue->facts[i];
        else if (fact != NULL)
            facts[count++] = fact;
    if (at == end && fact != NULL)
        facts[count++] = fact;
    for (size_t i = end; i < issue->n_facts; i++)
        facts[count++] = issue->facts[i];
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

static bool is_news(const struct work *work, const Tocsin__V1__IssueFact *said)
{
    size_t at = find(&work->before, said->name);
    return at == work->before.n_facts || strcmp(work->before.facts[at]->value, said->value) != 0;
}

/* Into the row, in the place of the one that a person or a detector said before. */
static enum toc_err take(struct work *work, const Tocsin__V1__IssueFact *said)
{
    size_t at = find(work->issue, said->name), end = count_established(work->issue);
    Tocsin__V1__Fact *fact = said->value[0] == '\0' ? NULL : fact_of(work);
    if (fact == NULL && said->value[0] != '\0')
        return TOC_ERR_LIMIT;
    TOC_TRY(found_remove(work, said->name));
    return put(work, at < end ? at : end, fact);
}

/* Why it cannot be taken; REFUSE_UNSPECIFIED when it can. */
static Tocsin__V1__RefuseReason why_not(const struct work *work, const Tocsin__V1__IssueFact *said,
                                        const char **out_detail)
{
    const Tocsin__V1__Issue *issue = work->issue;
    size_t at = find(issue, said->name), end = count_established(issue);
    if (said->value[0] == '\0' && at == issue->n_facts) {
        *out_detail = "there is no such fact to take back";
        return TOCSIN__V1__REFUSE_REASON__REFUSE_STATE;
    }
    if (said->value[0] != '\0' && at >= end && end == ROUTER_FACTS_MAX) {
        *out_detail = "the issue has as many facts as it may have";
        return TOCSIN__V1__REFUSE_REASON__REFUSE_TOO_LARGE;
    }
    return TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED;
}

enum toc_err fact_event(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__IssueFact *said = work->event->issue_fact;
    const struct toc_policy *policy;
    const char *detail;
    if (said->name[0] == '\0')
        return TOC_ERR_MALFORMED; /* no intake of this version accepts it */
    Tocsin__V1__RefuseReason reason = why_not(work, said, &detail);
    if (reason != TOCSIN__V1__REFUSE_REASON__REFUSE_UNSPECIFIED)
        return work_refuse(work, reason, detail);
    TOC_TRY(take(work, said));
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
    if (err == TOC_OK && is_news(work, said) && triage_asks_for_fact(policy, said->name))
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
