#include "services/notifier/open.h"

#include "common/issue_fields.h"
#include "common/plant.h"
#include "services/notifier/deadline.h"
#include "services/notifier/escalate.h"

#include <stdio.h>

#define CAUSE_MAX 224 /* bytes of a cause's name: a clock, a rule, and numbers */

/* What rules are asked about. */
struct occasion {
    enum toc_alert_on on;
    unsigned threshold_percent; /* WARNED */
    struct toc_fields fields;
    bool judged;          /* by sla, which knew the fields when it happened: */
    struct toc_str unfit; /* see IssueClocks */
};

/* --- what fits ---------------------------------------------------------------------------- */

/* A rule asks for a clock by its name in the policy or by what it measures. */
static bool is_about(const struct toc_alert_rule *rule, const struct cause *cause)
{
    return rule->metric == NULL || strcmp(rule->metric, cause->metric) == 0 ||
           strcmp(rule->metric, cause->kind) == 0;
}

/* The name of the condition that does not hold; NULL when all do. */
static const char *condition(const struct toc_match *when, size_t index,
                             const struct occasion *occasion)
{
    const struct toc_match_test *failed;
    if (occasion->judged) {
        size_t from_1 = index < occasion->unfit.size ? (uint8_t)occasion->unfit.data[index] : 0;
        if (from_1 == 0)
            return NULL;
        return from_1 <= when->test_count ? toc_match_name(&when->tests[from_1 - 1]) : "when";
    }
    failed = toc_match_failed(when, &occasion->fields);
    return failed != NULL ? toc_match_name(failed) : NULL;
}

/* What of a rule does not fit, in the policy's words; NULL when it fits. */
static const char *misfit(const struct toc_policy *policy, size_t index,
                          const struct occasion *occasion, const struct cause *cause)
{
    const struct toc_alert_rule *rule = &policy->alerts[index];
    if (occasion->threshold_percent < rule->threshold_percent)
        return "threshold";
    if (!is_about(rule, cause))
        return "metric";
    if (rule->reason != NULL && strcmp(rule->reason, cause->waits) != 0)
        return "reason";
    const char *why = condition(&rule->when, index, occasion);
    if (why != NULL)
        return why;
    return escalate_path(policy, rule, cause) != NULL ? NULL : "path";
}

/* --- opening ------------------------------------------------------------------------------ */

struct tried {
    const char *why[TOC_POLICY_ALERTS_MAX]; /* by rule; NULL: it fits, or is for something else */
    Tocsin__V1__Tried said[NOTIFIER_TRIED_MAX];
    struct lost lost; /* of them, for the records */
};

/* Asks every rule for the occasion. */
static void try_all(const struct toc_policy *policy, const struct occasion *occasion,
                    const struct cause *cause, struct tried *out)
{
    struct lost *lost = &out->lost;
    *lost = (struct lost){.count = 0};
    for (size_t i = 0; i < policy->alert_count; i++) {
        const struct toc_alert_rule *rule = &policy->alerts[i];
        out->why[i] = rule->on == occasion->on ? misfit(policy, i, occasion, cause) : NULL;
        if (out->why[i] == NULL)
            continue;
        if (lost->count == NOTIFIER_TRIED_MAX) {
            lost->more++;
            continue;
        }
        Tocsin__V1__Tried *said = &out->said[lost->count];
        tocsin__v1__tried__init(said);
        said->name = toc_wire_text(rule->name);
        said->why = toc_wire_text(out->why[i]);
        lost->list[lost->count++] = said;
    }
}

static enum toc_err open_all(struct toc_turn *turn, struct cause *cause,
                             const struct occasion *occasion)
{
    const struct toc_policy *policy;
    struct tried tried;
    char name[CAUSE_MAX];
    if (cause->record->policy == 0 || cause->record->test)
        return TOC_OK; /* a test pages nobody */
    enum toc_err err = toc_turn_policy(turn, cause->record->policy, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    try_all(policy, occasion, cause, &tried);
    const char *base = cause->name;
    for (size_t i = 0; i < policy->alert_count; i++) {
        const struct toc_alert_rule *rule = &policy->alerts[i];
        if (rule->on != occasion->on || tried.why[i] != NULL)
            continue;
        snprintf(name, sizeof(name), "%s %s", base, rule->name);
        cause->rule = rule;
        cause->name = name;
        if (!occasion->judged)
            TOC_TRY(deadline_of(turn->txn, cause->partition, cause->issue_number, &cause->due_ms));
        size_t mark = toc_arena_mark(turn->arena); /* every rule may page many */
        TOC_TRY(escalate_open(turn, cause, &tried.lost, policy, NULL));
        toc_arena_reset(turn->arena, mark);
    }
    return TOC_OK;
}

static struct cause cause_of_clock(const Tocsin__V1__Record *record,
                                   const Tocsin__V1__ClockChange *change)
{
    const Tocsin__V1__Clock *clock = change->clock;
    return (struct cause){.record = record,
                          .metric = clock->metric,
                          .kind = clock->kind,
                          .scope = clock->scope,
                          .waits = "",
                          .issue = record->issue.data,
                          .partition = record->partition,
                          .issue_number = change->number,
                          .path = change->path,
                          .queue = change->queue,
                          .source = change->source,
                          .subject = change->subject,
                          .category = change->category,
                          .sop = change->sop,
                          .priority = change->priority,
                          .risk = change->risk,
                          .due_ms = change->due_ms,
                          .passed_ms = record->at_ms};
}

static enum toc_alert_on occasion_of(const Tocsin__V1__ClockChange *change)
{
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED)
        return TOC_ALERT_ON_WARNED;
    return change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED ? TOC_ALERT_ON_BREACHED
                                                                    : TOC_ALERT_ON_UNCONFIRMED;
}

/* One that was disproved may be overdue again, at another due. */
static void name_of_clock(const Tocsin__V1__ClockChange *change, enum toc_alert_on on,
                          char out[CAUSE_MAX])
{
    const Tocsin__V1__Clock *clock = change->clock;
    int used = snprintf(out, CAUSE_MAX, "%s:%.64s/%u/%u", toc_alert_on_name(on), clock->metric,
                        clock->instance, clock->apply_version);
    size_t at = (size_t)used;
    if (on == TOC_ALERT_ON_WARNED)
        snprintf(out + at, CAUSE_MAX - at, "/%u", change->threshold_percent);
    if (on == TOC_ALERT_ON_UNCONFIRMED)
        snprintf(out + at, CAUSE_MAX - at, "/%lld", (long long)change->due_ms);
}

enum toc_err open_for_clock(struct toc_turn *turn, const Tocsin__V1__Record *record,
                            const Tocsin__V1__ClockChange *change)
{
    char name[CAUSE_MAX];
    struct cause cause = cause_of_clock(record, change);
    const struct occasion occasion = {.on = occasion_of(change),
                                      .threshold_percent = change->threshold_percent,
                                      .judged = true,
                                      .unfit = toc_wire_bytes(&change->unfit)};
    name_of_clock(change, occasion.on, name);
    cause.name = name;
    cause.unconfirmed = occasion.on == TOC_ALERT_ON_UNCONFIRMED;
    return open_all(turn, &cause, &occasion);
}

static struct cause cause_of_issue(const Tocsin__V1__Record *record, const Tocsin__V1__Issue *issue)
{
    return (struct cause){.record = record,
                          .name = "opened",
                          .metric = "",
                          .kind = "",
                          .scope = "",
                          .waits = "",
                          .issue = record->issue.data,
                          .partition = record->partition,
                          .issue_number = issue->number,
                          .path = issue->path,
                          .queue = issue->queue,
                          .source = issue->source,
                          .subject = issue->subject,
                          .category = issue->category,
                          .sop = issue->sop,
                          .priority = issue->priority,
                          .risk = issue->risk};
}

enum toc_err open_for_issue(struct toc_turn *turn, const Tocsin__V1__Record *record,
                            const Tocsin__V1__Issue *issue)
{
    struct cause cause = cause_of_issue(record, issue);
    const struct occasion occasion = {.on = TOC_ALERT_ON_OPENED, .fields = toc_issue_fields(issue)};
    return open_all(turn, &cause, &occasion);
}

enum toc_err open_for_wait(struct toc_turn *turn, const Tocsin__V1__Record *record,
                           const Tocsin__V1__IssueChange *change)
{
    char name[CAUSE_MAX];
    struct cause cause = cause_of_issue(record, change->issue);
    const struct occasion occasion = {.on = TOC_ALERT_ON_WAITING,
                                      .fields = toc_issue_fields(change->issue)};
    snprintf(name, sizeof(name), "waiting/%u%s", change->issue->waits,
             TOC_PLANTED(TOC_PLANT_WAIT_TWICE) ? change->reason : "");
    cause.name = name;
    cause.waits = change->reason;
    cause.passed_ms = record->at_ms;
    return open_all(turn, &cause, &occasion);
}
