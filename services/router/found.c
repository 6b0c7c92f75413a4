#include "services/router/found.h"

#include "services/router/classify.h"
#include "services/router/triage.h"

#include "common/issue_fields.h"

/* The first to be kept first; every other risk comes behind those, and what is not here last. */
static const char *const ranks[] = {"risk.minor_safety",
                                    "risk.self_harm",
                                    "risk.violence",
                                    "risk.account_theft",
                                    "risk.fraud",
                                    "risk.legal_threat",
                                    "risk.harassment",
                                    "risk.press",
                                    "risk.",
                                    "secret",
                                    "card",
                                    "phone",
                                    "email",
                                    "language",
                                    "product",
                                    "version"};

#define RANK_COUNT (sizeof(ranks) / sizeof(ranks[0]))
#define RANK_RISKS 8 /* of "risk." */

static size_t rank_of(const char *name)
{
    size_t rank = 0;
    while (rank < RANK_COUNT && rank != RANK_RISKS && strcmp(name, ranks[rank]) != 0)
        rank++;
    if (rank != RANK_RISKS || strncmp(name, ranks[rank], strlen(ranks[rank])) == 0)
        return rank;
    for (rank++; rank < RANK_COUNT && strcmp(name, ranks[rank]) != 0;)
        rank++;
    return rank;
}

/* --- a list of its own ------------------------------------------------------------------------ */

/* The found facts of a row, complete and in order; copies, since the row before has the others. */
struct found {
    Tocsin__V1__Fact **facts;
    size_t count;
};

static Tocsin__V1__Fact *copy(struct work *work, const Tocsin__V1__Fact *fact)
{
    Tocsin__V1__Fact *taken = toc_arena_take(work->turn->arena, sizeof(*taken));
    if (taken != NULL)
        *taken = *fact;
    return taken;
}

static enum toc_err read_row(struct work *work, size_t more, struct found *out)
{
    const Tocsin__V1__Issue *issue = work->issue;
    *out = (struct found){
        .facts = toc_arena_take(work->turn->arena, (issue->n_facts + more + 1) * sizeof(void *))};
    if (out->facts == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < issue->n_facts; i++) {
        if (!issue->facts[i]->found)
            continue;
        Tocsin__V1__Fact *fact = copy(work, issue->facts[i]);
        if (fact == NULL)
            return TOC_ERR_LIMIT;
        fact->by = toc_wire_text(toc_issue_fact_by(issue, i));
        if (fact->at_ms == 0 && out->count > 0)
            fact->at_ms = out->facts[out->count - 1]->at_ms;
        out->facts[out->count++] = fact;
    }
    return TOC_OK;
}

/* What people established, then the list, each detector and instant named once. */
static enum toc_err write_row(struct work *work, const struct found *found)
{
    Tocsin__V1__Issue *issue = work->issue;
    Tocsin__V1__Fact **facts =
        toc_arena_take(work->turn->arena, (issue->n_facts + found->count + 1) * sizeof(*facts));
    size_t count = 0;
    if (facts == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < issue->n_facts; i++)
        if (!issue->facts[i]->found)
            facts[count++] = issue->facts[i];
    for (size_t i = 0; i < found->count; i++) {
        Tocsin__V1__Fact *fact = copy(work, found->facts[i]);
        if (fact == NULL)
            return TOC_ERR_LIMIT;
        if (i > 0 && strcmp(fact->by, found->facts[i - 1]->by) == 0)
            fact->by = toc_wire_text("");
        if (i > 0 && fact->at_ms == found->facts[i - 1]->at_ms)
            fact->at_ms = 0;
        facts[count++] = fact;
    }
    issue->facts = facts;
    issue->n_facts = count;
    return TOC_OK;
}

/* In the place of the one with its name, else behind those that are as important. */
static void put(struct found *found, Tocsin__V1__Fact *fact)
{
    size_t at = 0, rank = rank_of(fact->name);
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->facts[i]->name, fact->name) == 0) {
            found->facts[i] = fact;
            return;
        }
    while (at < found->count && rank_of(found->facts[at]->name) <= rank)
        at++;
    memmove(found->facts + at + 1, found->facts + at, (found->count - at) * sizeof(*found->facts));
    found->facts[at] = fact;
    found->count++;
}

/* --- room ------------------------------------------------------------------------------------- */

/* The last of the row's facts, which is the least important found one; NULL when none is. */
static Tocsin__V1__Fact *last_of(const Tocsin__V1__Issue *issue)
{
    Tocsin__V1__Fact *fact = issue->n_facts > 0 ? issue->facts[issue->n_facts - 1] : NULL;
    return fact != NULL && fact->found ? fact : NULL;
}

static void leave_out(struct work *work, const Tocsin__V1__Fact *fact)
{
    if (work->left_out_count < ROUTER_LEFT_OUT_MAX)
        work->left_out[work->left_out_count++] = fact->name;
}

/* Nothing relies on the last one, so it can just go. */
void found_make_room(struct work *work)
{
    Tocsin__V1__Issue *issue = work->issue;
    const Tocsin__V1__Fact *last;
    while (issue_is_too_large(issue) && (last = last_of(issue)) != NULL) {
        leave_out(work, last);
        issue->n_facts--;
    }
}

static bool is_risk(const Tocsin__V1__Fact *fact)
{
    return rank_of(fact->name) <= RANK_RISKS;
}

static size_t size_of_others(const Tocsin__V1__Issue *issue)
{
    size_t size = 0;
    for (size_t i = 0; i < issue->n_facts; i++)
        if (issue->facts[i]->found && !is_risk(issue->facts[i]))
            size += tocsin__v1__fact__get_packed_size(issue->facts[i]);
    return size;
}

/* So far they may grow that a rule's values have room beside them; risks go up to the limit. */
static void keep_small(struct work *work)
{
    Tocsin__V1__Issue *issue = work->issue;
    const Tocsin__V1__Fact *last;
    while ((last = last_of(issue)) != NULL && !is_risk(last) &&
           (size_of_others(issue) > ROUTER_FOUND_MAX ||
            tocsin__v1__issue__get_packed_size(issue) > ROUTER_FOUND_ISSUE_MAX)) {
        leave_out(work, last);
        issue->n_facts--;
    }
    found_make_room(work);
}

/* --- taking ----------------------------------------------------------------------------------- */

static bool is_for_the_row(const Tocsin__V1__FoundFact *said)
{
    return said->name[0] != '\0' && said->value[0] != '\0' && said->confidence_percent > 0 &&
           strcmp(said->name, "fingerprint") != 0;
}

static bool is_established(const Tocsin__V1__Issue *issue, const char *name)
{
    for (size_t i = 0; i < issue->n_facts; i++)
        if (!issue->facts[i]->found && strcmp(issue->facts[i]->name, name) == 0)
            return true;
    return false;
}

static Tocsin__V1__Fact *fact_of(struct work *work, const Tocsin__V1__FoundFact *said,
                                 char *detector)
{
    Tocsin__V1__Fact *fact = toc_arena_take(work->turn->arena, sizeof(*fact));
    if (fact == NULL)
        return NULL;
    tocsin__v1__fact__init(fact);
    fact->name = said->name;
    fact->value = said->value;
    fact->by = detector;
    fact->confidence_percent = said->confidence_percent;
    fact->at_ms = work->at_ms;
    fact->found = true;
    return fact;
}

enum toc_err found_take(struct work *work)
{
    const Tocsin__V1__Event *event = work->event;
    char *detector = toc_wire_text("");
    struct found found;
    size_t taken = 0;
    if (event->n_facts == 0)
        return TOC_OK;
    TOC_TRY(read_row(work, event->n_facts, &found));
    for (size_t i = 0; i < event->n_facts; i++) {
        const Tocsin__V1__FoundFact *said = event->facts[i];
        if (said->detector[0] != '\0')
            detector = said->detector;
        if (!is_for_the_row(said) || is_established(work->issue, said->name))
            continue;
        Tocsin__V1__Fact *fact = fact_of(work, said, detector);
        if (fact == NULL)
            return TOC_ERR_LIMIT;
        put(&found, fact);
        taken++;
    }
    if (taken == 0)
        return TOC_OK;
    TOC_TRY(write_row(work, &found));
    keep_small(work);
    return TOC_OK;
}

enum toc_err found_remove(struct work *work, const char *name)
{
    struct found found;
    if (last_of(work->issue) == NULL)
        return TOC_OK;
    TOC_TRY(read_row(work, 0, &found));
    for (size_t i = 0; i < found.count; i++) {
        if (strcmp(found.facts[i]->name, name) != 0)
            continue;
        found.count--;
        memmove(found.facts + i, found.facts + i + 1, (found.count - i) * sizeof(*found.facts));
        return write_row(work, &found);
    }
    return TOC_OK;
}

/* --- triage ----------------------------------------------------------------------------------- */

static bool is_news(const struct work *work, const Tocsin__V1__Fact *fact)
{
    for (size_t i = 0; i < work->before.n_facts; i++)
        if (strcmp(work->before.facts[i]->name, fact->name) == 0)
            return strcmp(work->before.facts[i]->value, fact->value) != 0;
    return true;
}

enum toc_err found_triage(struct work *work)
{
    Tocsin__V1__IssueChange change = TOCSIN__V1__ISSUE_CHANGE__INIT;
    const Tocsin__V1__Issue *issue = work->issue;
    const struct toc_policy *policy;
    enum toc_err err = toc_turn_policy(work->turn, 0, &policy);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    for (size_t i = 0; i < issue->n_facts; i++) {
        const Tocsin__V1__Fact *fact = issue->facts[i];
        if (!fact->found || !is_news(work, fact) || !triage_asks_for_fact(policy, fact->name))
            continue;
        change.what = TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT;
        change.fact = fact->name;
        change.by = toc_wire_text(toc_issue_fact_by(issue, i));
        change.old_priority = issue->priority;
        return classify_by_policy(work, &change, true);
    }
    return TOC_OK;
}
