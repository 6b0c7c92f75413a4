/*
 * Invariant 20: outcomes' log against those that it follows. A second opinion on which outcomes
 * there are, from the table in outcomes' README: of each record of the router what is new about its
 * issue, and of each clock that warned, ended, breached or was corrected one, in sla's order.
 */
#include "tests/sim/hooks.h"

#include <stdlib.h>

#define ISSUES_MAX 256
#define CLOCKS_MAX 8192
#define TEXT_MAX   72
#define NEWS_MAX   2

/* An issue as the router told of it last. */
struct issue {
    uint8_t id[16];
    bool is_known, is_merged;
    Tocsin__V1__IssueState state;
    Tocsin__V1__Priority priority;
    Tocsin__V1__Risk risk;
    uint32_t tier;
    char queue[TEXT_MAX], category[TEXT_MAX], line[TEXT_MAX];
    uint8_t tags[TOC_SHA256];
};

/* A clock's outcome: sla's, and whether outcomes told it. */
struct clock_news {
    uint8_t issue[16];
    Tocsin__V1__OutcomeType type;
    char clock[TEXT_MAX];
    bool told;
};

struct opinion {
    struct world *world;
    const struct node *outcomes;
    struct issue issues[ISSUES_MAX];
    size_t issue_count;
    struct clock_news clocks[CLOCKS_MAX];
    size_t clock_count;
};

/* --- an issue ----------------------------------------------------------------------------- */

static struct issue *issue_of(struct opinion *opinion, const uint8_t id[16])
{
    for (size_t i = 0; i < opinion->issue_count; i++)
        if (memcmp(opinion->issues[i].id, id, 16) == 0)
            return &opinion->issues[i];
    TOC_ASSERT(opinion->issue_count < ISSUES_MAX);
    struct issue *issue = &opinion->issues[opinion->issue_count++];
    memcpy(issue->id, id, 16);
    return issue;
}

static void describe(const Tocsin__V1__Issue *from, struct issue *out)
{
    out->is_known = true;
    out->is_merged = from->merged_into.len != 0;
    out->state = from->state;
    out->priority = from->priority;
    out->risk = from->risk;
    out->tier = from->tier;
    snprintf(out->queue, TEXT_MAX, "%s", from->queue);
    snprintf(out->category, TEXT_MAX, "%s", from->category);
    snprintf(out->line, TEXT_MAX, "%s", from->line_of_business);
    memset(out->tags, 0, sizeof(out->tags));
    for (size_t i = 0; i < from->n_tags; i++)
        toc_sha256_pair(out->tags, toc_str(out->tags, sizeof(out->tags)),
                        toc_str_of(from->tags[i]));
}

static bool is_over(const struct issue *issue)
{
    return issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

static bool is_classified(const struct issue *was, const struct issue *now)
{
    return was->priority != now->priority || was->risk != now->risk ||
           strcmp(was->category, now->category) != 0 || strcmp(was->line, now->line) != 0 ||
           memcmp(was->tags, now->tags, sizeof(was->tags)) != 0;
}

/* What a change comes to: where the issue is and what it is, then what became of it. */
static size_t news_of(const struct issue *was, const struct issue *now, bool opens,
                      Tocsin__V1__OutcomeType out[NEWS_MAX])
{
    bool somewhere = now->queue[0] != '\0', moved = strcmp(was->queue, now->queue) != 0;
    size_t count = 0;
    if (somewhere && was->queue[0] != '\0' && now->tier > was->tier)
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ESCALATED;
    else if (somewhere && (moved || now->tier != was->tier))
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_ROUTED;
    else if (!opens && is_classified(was, now))
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CLASSIFIED;
    if (now->is_merged != was->is_merged)
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_MERGED;
    else if (now->state == was->state)
        return count;
    else if (now->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED)
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_SOLVED;
    else if (now->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED)
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CLOSED;
    else if (was->is_known && is_over(was))
        out[count++] = TOCSIN__V1__OUTCOME_TYPE__OUTCOME_REOPENED;
    return count;
}

/* --- what outcomes says of it ------------------------------------------------------------- */

/* NULL when the record is no outcome. */
static const Tocsin__V1__IssueOutcome *outcome_at(const struct node *node, size_t index)
{
    const struct seen *seen = &node->shadow.seen[index];
    if (seen->type != TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME)
        return NULL;
    const Tocsin__V1__Record *record = check_unpack(seen);
    return check_message(&tocsin__v1__issue_outcome__descriptor, toc_wire_bytes(&record->body));
}

static bool is_of_clock(Tocsin__V1__OutcomeType type)
{
    return type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_WARNED ||
           type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_BREACHED ||
           type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_MET ||
           type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CORRECTED;
}

/* The outcomes that follow from a record of the router, clocks aside, are those. */
static void expect(struct opinion *opinion, const struct node *router, uint64_t seq,
                   const Tocsin__V1__OutcomeType *types, size_t count)
{
    const struct shadow *log = &opinion->outcomes->shadow;
    size_t at = 0;
    for (size_t i = 0; i < log->count; i++) {
        const struct seen *seen = &log->seen[i];
        if (seen->cause_seq != seq || seen->cause_log != router->shadow.log_id)
            continue;
        const Tocsin__V1__IssueOutcome *outcome = outcome_at(opinion->outcomes, i);
        if (outcome == NULL || is_of_clock(outcome->type))
            continue;
        if (at == count || outcome->type != types[at]) {
            world_fail(opinion->world, 20,
                       "router seq %llu comes to %s, and the table does not "
                       "have it",
                       (unsigned long long)seq, toc_outcome_name(outcome->type));
            return;
        }
        at++;
    }
    if (at < count)
        world_fail(opinion->world, 20, "router seq %llu comes to no %s", (unsigned long long)seq,
                   toc_outcome_name(types[at]));
}

static void of_issues(struct opinion *opinion)
{
    const struct node *router = world_node(opinion->world, ROLE_ROUTER);
    for (size_t i = 0; i < router->shadow.count && !opinion->world->failed; i++) {
        const struct seen *seen = &router->shadow.seen[i];
        Tocsin__V1__OutcomeType types[NEWS_MAX];
        if (seen->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED || !seen->has_issue)
            continue;
        const Tocsin__V1__Record *record = check_unpack(seen);
        const Tocsin__V1__IssueChange *change =
            check_message(&tocsin__v1__issue_change__descriptor, toc_wire_bytes(&record->body));
        struct issue *was = issue_of(opinion, seen->issue), now = *was;
        describe(change->issue, &now);
        bool opens = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED ||
                     strcmp(change->event_type, "tocsin.issue.opened") == 0;
        size_t count = news_of(was, &now, opens, types);
        *was = now;
        expect(opinion, router, i + 1, types, count);
    }
}

/* --- clocks ------------------------------------------------------------------------------- */

static Tocsin__V1__OutcomeType type_of(const Tocsin__V1__ClockChange *change)
{
    switch ((int)change->what) {
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_WARNED;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_BREACHED;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__MET:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_MET;
    case TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_CORRECTED;
    default:
        return TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED;
    }
}

static void read_clocks(struct opinion *opinion)
{
    const struct shadow *log = &world_node(opinion->world, ROLE_SLA)->shadow;
    for (size_t i = 0; i < log->count; i++) {
        if (log->seen[i].type != TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
            continue;
        const Tocsin__V1__Record *record = check_unpack(&log->seen[i]);
        const Tocsin__V1__ClockChange *change =
            check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
        if (type_of(change) == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED)
            continue;
        TOC_ASSERT(opinion->clock_count < CLOCKS_MAX);
        struct clock_news *news = &opinion->clocks[opinion->clock_count++];
        memcpy(news->issue, log->seen[i].issue, 16);
        news->type = type_of(change);
        snprintf(news->clock, TEXT_MAX, "%s", change->clock->metric);
    }
}

/* The first of an issue that was not told yet. */
static struct clock_news *next_of(struct opinion *opinion, const uint8_t issue[16])
{
    for (size_t i = 0; i < opinion->clock_count; i++)
        if (!opinion->clocks[i].told && memcmp(opinion->clocks[i].issue, issue, 16) == 0)
            return &opinion->clocks[i];
    return NULL;
}

static void of_clocks(struct opinion *opinion)
{
    const struct shadow *log = &opinion->outcomes->shadow;
    read_clocks(opinion);
    for (size_t i = 0; i < log->count && !opinion->world->failed; i++) {
        const Tocsin__V1__IssueOutcome *outcome = outcome_at(opinion->outcomes, i);
        if (outcome == NULL || !is_of_clock(outcome->type))
            continue;
        struct clock_news *news = next_of(opinion, log->seen[i].issue);
        if (news == NULL || news->type != outcome->type || strcmp(news->clock, outcome->clock) != 0)
            world_fail(opinion->world, 20, "outcomes seq %zu is %s of %s, and sla says %s of %s",
                       i + 1, toc_outcome_name(outcome->type), outcome->clock,
                       news == NULL ? "nothing" : toc_outcome_name(news->type),
                       news == NULL ? "none" : news->clock);
        else
            news->told = true;
    }
    for (size_t i = 0; i < opinion->clock_count; i++)
        if (!opinion->clocks[i].told)
            world_fail(opinion->world, 20, "sla says that %s %s, and outcomes told nobody",
                       opinion->clocks[i].clock, toc_outcome_name(opinion->clocks[i].type));
}

void told_check_log(struct world *world)
{
    if (world->told == NULL)
        return;
    struct opinion *opinion = calloc(1, sizeof(*opinion));
    TOC_ASSERT(opinion != NULL);
    opinion->world = world;
    opinion->outcomes = world_node(world, ROLE_OUTCOMES);
    of_issues(opinion);
    if (!world->failed)
        of_clocks(opinion);
    free(opinion);
}
