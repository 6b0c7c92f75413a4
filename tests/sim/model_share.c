/* Where a clock's time went: the shares in the record of a verdict, against the history. */
#include "tests/sim/model.h"

static const char *side_of(Tocsin__V1__IssueState state)
{
    if (state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_PENDING)
        return "requester";
    if (state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_ON_HOLD)
        return "third_party";
    return state < TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ? "us" : "";
}

/* What an issue has of that kind. */
static const char *name_of(const Tocsin__V1__Issue *issue, const char *kind, char tier[16])
{
    snprintf(tier, 16, "%u", issue->tier);
    if (strcmp(kind, "tier") == 0)
        return tier;
    if (strcmp(kind, "queue") == 0)
        return issue->queue;
    if (strcmp(kind, "partner") == 0)
        return issue->partner;
    if (strcmp(kind, "state") == 0)
        return toc_state_name((unsigned)issue->state);
    return side_of(issue->state);
}

/* The clock's own time while the issue was as it is after the step at `index`. */
static toc_time_ms worked_at(const struct history *history, size_t index,
                             const struct instance *clock)
{
    const struct terms *terms = &clock->terms;
    toc_time_ms from_ms = history->moments[index].at_ms, sum = 0;
    toc_time_ms until_ms =
        index + 1 < history->count ? history->moments[index + 1].at_ms : TOC_TIME_NEVER;
    for (size_t i = terms->kept; i < clock->span_count; i++) {
        const struct toc_interval *span = &clock->spans[i];
        toc_time_ms begin_ms = span->from_ms > from_ms ? span->from_ms : from_ms;
        toc_time_ms end_ms = span->until_ms < until_ms ? span->until_ms : until_ms;
        if (begin_ms < end_ms)
            sum += model_between(terms, begin_ms, end_ms);
    }
    return sum;
}

static toc_time_ms expected(const struct history *history, const struct instance *clock,
                            const Tocsin__V1__Share *share)
{
    char tier[16];
    toc_time_ms sum = 0;
    for (size_t i = 0; i < history->count; i++)
        if (strcmp(name_of(history->moments[i].change->issue, share->kind, tier), share->name) == 0)
            sum += worked_at(history, i, clock);
    return sum;
}

bool model_adds_up(const Tocsin__V1__ClockChange *change, const char **out_kind)
{
    static const char *const kinds[] = {"tier", "queue", "partner", "state", "side"};
    toc_time_ms first = 0;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        toc_time_ms sum = 0;
        for (size_t i = 0; i < change->n_shares; i++)
            sum += strcmp(change->shares[i]->kind, kinds[k]) == 0 ? change->shares[i]->ms : 0;
        if (k == 0)
            first = sum;
        *out_kind = kinds[k];
        bool is_met = change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__MET;
        if (sum != first || (is_met && sum != change->clock->elapsed_ms))
            return false;
    }
    return true;
}

const Tocsin__V1__Share *model_wrong_share(const struct history *history,
                                           const struct instance *clock,
                                           const Tocsin__V1__ClockChange *change,
                                           toc_time_ms *out_ms)
{
    for (size_t i = 0; i < change->n_shares; i++) {
        const Tocsin__V1__Share *share = change->shares[i];
        *out_ms = expected(history, clock, share);
        if (share->name[0] != '\0' && share->ms != *out_ms)
            return share;
    }
    return NULL;
}
