/*
 * What the clocks should have said, worked out from the router's log alone: for each issue the
 * intervals in which each clock ran, and whether its due instant passed. It shares nothing with the
 * sla core but the calendar and the compiled policies, and it sees whole histories at once.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

#define ISSUES_MAX    256
#define INSTANCES_MAX 256 /* of one issue, all metrics */
#define SPANS_MAX     64

enum life { LIFE_RUNNING, LIFE_PAUSED, LIFE_MET, LIFE_CANCELLED };

/* One clock of one issue, expected. */
struct told {
    enum toc_metric_kind metric;
    unsigned instance;
    enum life life;
    struct toc_interval spans[SPANS_MAX]; /* the last one is open while it runs */
    size_t span_count;
    toc_time_ms target_ms;
    const struct toc_calendar *calendar;
    bool breached;
    bool answered;   /* what it waits for came while it was cancelled */
    uint32_t warned; /* since the last new target */
    /* What sla's log says. */
    int said_breached; /* breaches less the corrections */
    bool said_overdue; /* without a verdict, and nothing has moved the clock since */
    uint32_t said_warned;
    Tocsin__V1__ClockState said_state;
    toc_time_ms said_target_ms, said_elapsed_ms;
    unsigned said_version;
};

struct history {
    uint8_t id[16];
    Tocsin__V1__IssueState state;
    unsigned priority;
    uint32_t policy;
    char sla[64];
    bool beyond; /* its clocks follow what is not told here */
    toc_time_ms opened_ms;
    bool replied; /* a person wrote to the requester, whether or not a clock waited for it */
    struct told clocks[INSTANCES_MAX];
    size_t clock_count;
};

struct model {
    struct world *world;
    struct history issues[ISSUES_MAX];
    size_t count;
};

static struct history *history_of(struct model *model, const uint8_t id[16])
{
    for (size_t i = 0; i < model->count; i++)
        if (memcmp(model->issues[i].id, id, 16) == 0)
            return &model->issues[i];
    TOC_ASSERT(model->count < ISSUES_MAX);
    struct history *issue = &model->issues[model->count++];
    memcpy(issue->id, id, 16);
    return issue;
}

static const struct toc_sla *sla_of(struct model *model, const struct history *issue)
{
    const struct toc_policy *policy = policy_compiled(model->world, issue->policy);
    return policy && issue->sla[0] ? toc_policy_sla(policy, toc_str_of(issue->sla)) : NULL;
}

static const struct toc_clock_rule *rule_in(const struct toc_sla *sla, enum toc_metric_kind metric)
{
    for (size_t i = 0; sla != NULL && i < sla->clock_count; i++)
        if (sla->clocks[i].metric == metric)
            return &sla->clocks[i];
    return NULL;
}

static const struct toc_clock_rule *rule_of(struct model *model, const struct history *issue,
                                            enum toc_metric_kind metric)
{
    return rule_in(sla_of(model, issue), metric);
}

/* --- instants ------------------------------------------------------------------------------- */

/* Working time of the closed spans. */
static toc_time_ms worked(const struct told *clock)
{
    size_t closed = clock->span_count - (clock->life == LIFE_RUNNING);
    toc_time_ms sum = 0;
    for (size_t i = 0; i < closed; i++)
        sum += toc_calendar_between(clock->calendar, clock->spans[i].from_ms,
                                    clock->spans[i].until_ms);
    return sum;
}

/* When a running clock reaches `amount_ms`. */
static toc_time_ms reaches(const struct told *clock, toc_time_ms amount_ms)
{
    toc_time_ms since_ms = clock->spans[clock->span_count - 1].from_ms, at_ms;
    toc_time_ms left_ms = amount_ms - worked(clock);
    if (left_ms < 0)
        return since_ms;
    if (toc_calendar_add(clock->calendar, since_ms, left_ms, &at_ms) != TOC_OK)
        return TOC_TIME_NEVER;
    return at_ms;
}

static bool is_live(const struct told *clock)
{
    return clock->life == LIFE_RUNNING || clock->life == LIFE_PAUSED;
}

/* Whether the target is behind the clock at `at_ms`: its due is, or it has run longer already. */
static bool is_over(const struct told *clock, toc_time_ms at_ms)
{
    if (clock->life != LIFE_RUNNING)
        return worked(clock) > clock->target_ms;
    toc_time_ms since_ms = clock->spans[clock->span_count - 1].from_ms;
    return reaches(clock, clock->target_ms) < at_ms ||
           worked(clock) + toc_calendar_between(clock->calendar, since_ms, at_ms) >
               clock->target_ms;
}

/* Everything strictly before `at_ms` has come to pass. */
static void pass(struct model *model, const struct history *issue, struct told *clock,
                 toc_time_ms at_ms)
{
    const struct toc_clock_rule *rule = rule_of(model, issue, clock->metric);
    if (clock->life != LIFE_RUNNING || clock->breached || rule == NULL)
        return;
    for (size_t i = 0; i < rule->warn_count && clock->target_ms > 0; i++)
        if (reaches(clock, clock->target_ms * (toc_time_ms)rule->warn_percent[i] / 100) < at_ms)
            clock->warned |= 1u << i;
    clock->breached = reaches(clock, clock->target_ms) < at_ms;
}

/* --- moves ---------------------------------------------------------------------------------- */

static void run(struct told *clock, toc_time_ms at_ms)
{
    TOC_ASSERT(clock->span_count < SPANS_MAX);
    clock->life = LIFE_RUNNING;
    clock->spans[clock->span_count++] = (struct toc_interval){at_ms, at_ms};
}

static void halt(struct told *clock, enum life life, toc_time_ms at_ms)
{
    if (clock->life == LIFE_RUNNING)
        clock->spans[clock->span_count - 1].until_ms = at_ms;
    clock->life = life;
}

static bool has(uint32_t states, Tocsin__V1__IssueState state)
{
    return (states >> state & 1) != 0;
}

static void start(struct model *model, struct history *issue, enum toc_metric_kind metric,
                  unsigned instance, toc_time_ms from_ms)
{
    const struct toc_clock_rule *rule = rule_of(model, issue, metric);
    TOC_ASSERT(issue->clock_count < INSTANCES_MAX);
    struct told *clock = &issue->clocks[issue->clock_count++];
    *clock = (struct told){.metric = metric,
                           .instance = instance,
                           .life = LIFE_PAUSED,
                           .target_ms = rule->targets[issue->priority].ms,
                           .calendar = rule->calendar};
    if (!has(rule->pause.states, issue->state))
        run(clock, from_ms);
}

static bool is_latest(const struct history *issue, size_t index)
{
    for (size_t i = index + 1; i < issue->clock_count; i++)
        if (issue->clocks[i].metric == issue->clocks[index].metric)
            return false;
    return true;
}

/* What the clock waits for has happened, or the issue stands where it is not asked for. */
static bool is_answered(const struct history *issue, const struct toc_clock_rule *rule)
{
    return rule->metric == TOC_CLOCK_FIRST_REPLY ? issue->replied
                                                 : has(rule->stop.states, issue->state);
}

/* Thresholds of the same percentage are not warned of twice under an unchanged target. */
static uint32_t carry(uint32_t warned, const struct toc_clock_rule *was,
                      const struct toc_clock_rule *rule)
{
    uint32_t carried = 0;
    for (size_t i = 0; was != NULL && i < was->warn_count; i++)
        for (size_t k = 0; has(warned, i) && k < rule->warn_count; k++)
            if (rule->warn_percent[k] == was->warn_percent[i])
                carried |= 1u << k;
    return carried;
}

/*
 * A tighter target may be past at once, a looser one takes a breach back; one that comes to the
 * same instant leaves the verdict as it is. A cancelled clock goes on.
 */
static void aim(const struct history *issue, struct told *clock, const struct toc_clock_rule *was,
                const struct toc_clock_rule *rule, toc_time_ms at_ms)
{
    bool live = is_live(clock), running = clock->life == LIFE_RUNNING;
    toc_time_ms target_ms = rule->targets[issue->priority].ms, was_worked_ms = worked(clock);
    toc_time_ms was_due_ms = running ? reaches(clock, clock->target_ms) : TOC_TIME_NEVER;
    bool same = live && target_ms == clock->target_ms &&
                strcmp(toc_calendar_name(rule->calendar), toc_calendar_name(clock->calendar)) == 0;
    clock->target_ms = target_ms;
    clock->calendar = rule->calendar;
    clock->warned = same ? carry(clock->warned, was, rule) : 0;
    if (!live) {
        clock->life = LIFE_PAUSED;
        if (!has(rule->pause.states, issue->state))
            run(clock, at_ms);
    }
    if (same && worked(clock) == was_worked_ms &&
        (!running || reaches(clock, target_ms) == was_due_ms))
        return;
    clock->breached = is_over(clock, at_ms);
}

static void retarget(struct model *model, struct history *issue, const struct toc_sla *old,
                     toc_time_ms at_ms)
{
    for (size_t i = 0; i < issue->clock_count; i++) {
        struct told *clock = &issue->clocks[i];
        const struct toc_clock_rule *rule = rule_of(model, issue, clock->metric);
        bool wanted = rule != NULL && rule->targets[issue->priority].ms != TOC_TARGET_NONE;
        if (is_live(clock) && !wanted)
            halt(clock, LIFE_CANCELLED, at_ms);
        else if (is_live(clock) ||
                 (clock->life == LIFE_CANCELLED && wanted && is_latest(issue, i) &&
                  !clock->answered && !is_answered(issue, rule)))
            aim(issue, clock, rule_in(old, clock->metric), rule, at_ms);
    }
}

static void move(struct model *model, struct history *issue, size_t index, toc_time_ms at_ms,
                 bool reply)
{
    struct told *clock = &issue->clocks[index];
    const struct toc_clock_rule *rule = rule_of(model, issue, clock->metric);
    if (rule == NULL || !is_latest(issue, index))
        return;
    bool stops =
        clock->metric == TOC_CLOCK_FIRST_REPLY ? reply : has(rule->stop.states, issue->state);
    bool over = clock->life == LIFE_MET || (clock->life == LIFE_CANCELLED && clock->answered);
    if (is_live(clock) && stops)
        halt(clock, LIFE_MET, at_ms);
    else if (clock->life == LIFE_CANCELLED && stops)
        clock->answered = true;
    else if (over && clock->metric == TOC_CLOCK_RESOLUTION && !stops &&
             rule->targets[issue->priority].ms != TOC_TARGET_NONE)
        start(model, issue, clock->metric, clock->instance + 1, at_ms);
    else if (clock->life == LIFE_RUNNING && has(rule->pause.states, issue->state))
        halt(clock, LIFE_PAUSED, at_ms);
    else if (clock->life == LIFE_PAUSED && !has(rule->pause.states, issue->state))
        run(clock, at_ms);
}

/* Counted from the opening, so it may be past at once. */
static void start_missing(struct model *model, struct history *issue, toc_time_ms at_ms)
{
    static const enum toc_metric_kind metrics[] = {TOC_CLOCK_FIRST_REPLY, TOC_CLOCK_RESOLUTION};
    for (size_t m = 0; m < 2; m++) {
        enum toc_metric_kind metric = metrics[m];
        const struct toc_clock_rule *rule = rule_of(model, issue, metric);
        bool there = false;
        for (size_t i = 0; i < issue->clock_count; i++)
            there = there || issue->clocks[i].metric == metric;
        if (rule == NULL || there || rule->targets[issue->priority].ms == TOC_TARGET_NONE ||
            is_answered(issue, rule))
            continue;
        start(model, issue, metric, 1, issue->opened_ms);
        struct told *clock = &issue->clocks[issue->clock_count - 1];
        clock->breached = is_over(clock, at_ms);
    }
}

static void apply(struct model *model, struct history *issue, toc_time_ms at_ms,
                  const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *now = change->issue;
    const struct toc_sla *old = sla_of(model, issue);
    bool reply = change->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND && !change->auto_;
    for (size_t i = 0; i < issue->clock_count; i++)
        pass(model, issue, &issue->clocks[i], at_ms);
    bool other = issue->priority != (unsigned)now->priority || strcmp(issue->sla, now->sla) != 0 ||
                 (issue->policy != now->policy && issue->clock_count == 0);
    issue->state = now->state;
    issue->priority = (unsigned)now->priority;
    issue->opened_ms = now->opened_ms;
    if (other) {
        snprintf(issue->sla, sizeof(issue->sla), "%s", now->sla);
        issue->policy = now->policy;
        retarget(model, issue, old, at_ms);
    }
    size_t count = issue->clock_count;
    for (size_t i = 0; i < count; i++)
        move(model, issue, i, at_ms, reply);
    issue->replied = issue->replied || reply;
    start_missing(model, issue, at_ms);
}

/* Merges, another policy version, due dates by hand, bots: what they do to clocks is sla's tests'.
 */
static bool is_beyond(const Tocsin__V1__IssueChange *change)
{
    switch ((int)change->what) {
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY:
    case TOCSIN__V1__ISSUE_CHANGE__WHAT__DUE_SET:
        return true;
    default:
        return change->issue->bot;
    }
}

static void tell_history(struct model *model, const struct node *router)
{
    for (size_t i = 0; i < router->shadow.count; i++) {
        const struct seen *seen = &router->shadow.seen[i];
        if (seen->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            continue;
        const Tocsin__V1__Record *record = check_unpack(seen);
        const Tocsin__V1__IssueChange *change =
            check_message(&tocsin__v1__issue_change__descriptor, toc_wire_bytes(&record->body));
        struct history *issue = history_of(model, seen->issue);
        issue->beyond = issue->beyond || is_beyond(change);
        if (!issue->beyond)
            apply(model, issue, seen->at_ms, change);
    }
}

/* --- what sla said -------------------------------------------------------------------------- */

static struct told *told_of(struct history *issue, const Tocsin__V1__Clock *clock)
{
    enum toc_metric_kind metric =
        strcmp(clock->metric, "first_reply") == 0 ? TOC_CLOCK_FIRST_REPLY : TOC_CLOCK_RESOLUTION;
    for (size_t i = 0; i < issue->clock_count; i++)
        if (issue->clocks[i].metric == metric && issue->clocks[i].instance == clock->instance)
            return &issue->clocks[i];
    return NULL;
}

/* The instant that proves that time had passed: log time, or that of the record that came. */
static toc_time_ms proof_of(struct world *world, const struct seen *seen)
{
    const struct node *up = seen->cause_log ? world_log(world, seen->cause_log) : NULL;
    if (up == NULL || seen->cause_seq == 0 || seen->cause_seq > up->shadow.count)
        return seen->log_ms;
    toc_time_ms at_ms = up->shadow.seen[seen->cause_seq - 1].at_ms;
    return at_ms > seen->log_ms ? at_ms : seen->log_ms;
}

static void on_breached(struct world *world, struct told *told, const struct seen *seen,
                        const Tocsin__V1__ClockChange *change)
{
    told->said_breached++;
    if (told->said_breached > 1)
        world_fail(world, 10, "%s/%u is breached twice", change->clock->metric,
                   change->clock->instance);
    if (!change->on_retarget && proof_of(world, seen) <= change->due_ms)
        world_fail(world, 10, "%s/%u is breached at %lld, when its due %lld had not passed",
                   change->clock->metric, change->clock->instance, (long long)proof_of(world, seen),
                   (long long)change->due_ms);
}

static void on_corrected(struct world *world, struct told *told, const struct seen *seen,
                         const Tocsin__V1__ClockChange *change)
{
    told->said_breached--;
    if (told->said_breached < 0)
        world_fail(world, 10, "%s/%u: a breach is taken back that never was", change->clock->metric,
                   change->clock->instance);
    if (strcmp(change->reason, "late_evidence") == 0 && seen->at_ms > change->due_ms)
        world_fail(world, 10, "%s/%u: what came at %lld takes back the breach of %lld",
                   change->clock->metric, change->clock->instance, (long long)seen->at_ms,
                   (long long)change->due_ms);
}

static void on_warned(struct world *world, struct told *told, const struct seen *seen,
                      const Tocsin__V1__ClockChange *change)
{
    uint32_t fresh = change->clock->warned & ~told->said_warned;
    if (fresh == 0 || (fresh & (fresh - 1)) != 0)
        world_fail(world, 10, "%s/%u warns twice of one threshold", change->clock->metric,
                   change->clock->instance);
    if (proof_of(world, seen) <= seen->at_ms)
        world_fail(world, 10, "%s/%u warns at its instant, not after it", change->clock->metric,
                   change->clock->instance);
}

static bool moves(Tocsin__V1__ClockChange__What what)
{
    return what == TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED;
}

/* Whoever is told that log time is behind is told once, of a clock that runs. */
static void on_overdue(struct world *world, struct told *told,
                       const Tocsin__V1__ClockChange *change)
{
    if (told->said_overdue)
        world_fail(world, 10, "%s/%u may be overdue, and was already", change->clock->metric,
                   change->clock->instance);
    if (change->clock->state != TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING || told->said_breached != 0)
        world_fail(world, 10, "%s/%u may be overdue, and does not wait for a verdict",
                   change->clock->metric, change->clock->instance);
}

static void hear(struct model *model, const struct seen *seen)
{
    struct world *world = model->world;
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    struct history *issue = history_of(model, seen->issue);
    if (issue->beyond || strcmp(change->clock->metric, "escalation") == 0)
        return;
    struct told *told = told_of(issue, change->clock);
    if (told == NULL) {
        world_fail(world, 10, "a clock %s/%u that should not be", change->clock->metric,
                   change->clock->instance);
        return;
    }
    if (change->clock->apply_version != told->said_version)
        told->said_warned = 0;
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED)
        on_breached(world, told, seen, change);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED)
        on_corrected(world, told, seen, change);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED)
        on_warned(world, told, seen, change);
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED)
        on_overdue(world, told, change);
    told->said_overdue = change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED ||
                         (told->said_overdue && !moves(change->what));
    told->said_version = change->clock->apply_version;
    told->said_warned = change->clock->warned;
    told->said_state = change->clock->state;
    told->said_target_ms = change->clock->target_ms;
    told->said_elapsed_ms = change->clock->elapsed_ms;
}

/* --- the comparison ------------------------------------------------------------------------- */

static void compare(struct model *model, const struct history *issue, const struct told *told)
{
    static const Tocsin__V1__ClockState states[] = {
        TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING, TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED,
        TOCSIN__V1__CLOCK_STATE__CLOCK_MET, TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED};
    const char *metric = told->metric == TOC_CLOCK_FIRST_REPLY ? "first_reply" : "resolution";
    char id[33];
    if (issue->beyond)
        return;
    toc_hex(id, issue->id, 16);
    if (told->said_state != states[told->life])
        world_fail(model->world, 10, "issue %s %s/%u is in state %d, should be in %d", id, metric,
                   told->instance, told->said_state, states[told->life]);
    if (told->life == LIFE_CANCELLED)
        return;
    if ((told->said_breached == 1) != told->breached)
        world_fail(model->world, 10, "issue %s %s/%u %s, should %s", id, metric, told->instance,
                   told->said_breached == 1 ? "is breached" : "is not breached",
                   told->breached ? "be" : "not be");
    if (told->said_target_ms != told->target_ms)
        world_fail(model->world, 10, "issue %s %s/%u has target %lld, should have %lld", id, metric,
                   told->instance, (long long)told->said_target_ms, (long long)told->target_ms);
    if ((told->warned & ~told->said_warned) != 0)
        world_fail(model->world, 10, "issue %s %s/%u did not warn (%x of %x)", id, metric,
                   told->instance, told->said_warned, told->warned);
    if (told->life != LIFE_RUNNING && told->said_elapsed_ms != worked(told))
        world_fail(model->world, 10, "issue %s %s/%u ran %lld ms, should have run %lld", id, metric,
                   told->instance, (long long)told->said_elapsed_ms, (long long)worked(told));
}

void model_sla_check(struct world *world)
{
    struct model *model = calloc(1, sizeof(*model));
    const struct node *sla = world_node(world, ROLE_SLA);
    TOC_ASSERT(model != NULL);
    model->world = world;
    tell_history(model, world_node(world, ROLE_ROUTER));
    toc_time_ms end_ms = toc_run_log_ms(sla->run);
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->issues[i].clock_count; k++)
            pass(model, &model->issues[i], &model->issues[i].clocks[k], end_ms);
    for (size_t i = 0; i < sla->shadow.count && !world->failed; i++)
        if (sla->shadow.seen[i].type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
            hear(model, &sla->shadow.seen[i]);
    for (size_t i = 0; i < model->count; i++)
        for (size_t k = 0; k < model->issues[i].clock_count && !world->failed; k++)
            compare(model, &model->issues[i], &model->issues[i].clocks[k]);
    free(model);
}
