/*
 * A second opinion about alerts, told from the policy's guide: out of the router's and sla's logs
 * which alerts should have been opened, and which waits for people are over.
 *
 * What a clock's alert asks for is the issue as sla knew it when the clock warned or breached: so
 * this goes through what sla took, in that order. What was due before a record came is about the
 * issue as it was before it.
 */
#include "tests/sim/model.h"

#include <stdlib.h>

#define CAUSE_MAX 224

/* An issue, as a log has told it so far. */
struct known {
    uint8_t id[16];
    Tocsin__V1__IssueChange *last; /* owned; NULL before the first */
    uint32_t version;              /* of the policy that decided it */
    unsigned waits;                /* for people, by this model */
    bool waiting;
};

/* An alert that has to be there. */
struct wanted {
    uint8_t issue[16];
    char cause[CAUSE_MAX], path[64], queue[64];
    unsigned wait;                /* which of its waits it is about; 0: none */
    Tocsin__V1__AlertState state; /* UNSPECIFIED: nobody has heard of it */
    bool over;                    /* its wait was said to be over */
    bool unconfirmed, settled;    /* nobody could tell; now somebody can */
    char metric[64], scope[64];   /* of the clock that it is about then, or that is gone: */
    toc_time_ms gone_ms;          /* it is held since then; 0: not */
    uint64_t number;              /* of its alert, when it was held */
    char rule[64];
};

struct opinion {
    struct world *world;
    struct known *known;
    size_t known_count;
    struct wanted *wanted;
    size_t wanted_count;
};

/* --- lists ------------------------------------------------------------------------------------ */

static void *grow(void *list, size_t count, size_t size)
{
    if ((count & (count - 1)) == 0) /* full at every power of two */
        list = realloc(list, (count != 0 ? 2 * count : 1) * size);
    TOC_ASSERT(list != NULL);
    return list;
}

static struct known *known_of(struct opinion *opinion, const uint8_t id[16])
{
    for (size_t i = 0; i < opinion->known_count; i++)
        if (memcmp(opinion->known[i].id, id, 16) == 0)
            return &opinion->known[i];
    opinion->known = grow(opinion->known, opinion->known_count, sizeof(*opinion->known));
    struct known *known = &opinion->known[opinion->known_count++];
    *known = (struct known){.last = NULL};
    memcpy(known->id, id, 16);
    return known;
}

/* What was unpacked before stays: this uses memory of its own. */
static void learn(struct known *known, const struct seen *seen)
{
    Tocsin__V1__Record *record = tocsin__v1__record__unpack(NULL, seen->size, seen->bytes);
    TOC_ASSERT(record != NULL);
    if (known->last != NULL)
        tocsin__v1__issue_change__free_unpacked(known->last, NULL);
    known->last = tocsin__v1__issue_change__unpack(NULL, record->body.len, record->body.data);
    TOC_ASSERT(known->last != NULL && known->last->issue != NULL);
    known->version = record->policy;
    tocsin__v1__record__free_unpacked(record, NULL);
}

static void forget(struct opinion *opinion)
{
    for (size_t i = 0; i < opinion->known_count; i++)
        if (opinion->known[i].last != NULL)
            tocsin__v1__issue_change__free_unpacked(opinion->known[i].last, NULL);
    free(opinion->known);
    opinion->known = NULL;
    opinion->known_count = 0;
}

static struct wanted *find(struct opinion *opinion, const uint8_t id[16], const char *cause)
{
    for (size_t i = 0; i < opinion->wanted_count; i++)
        if (memcmp(opinion->wanted[i].issue, id, 16) == 0 &&
            strcmp(opinion->wanted[i].cause, cause) == 0)
            return &opinion->wanted[i];
    return NULL;
}

/* --- rules ------------------------------------------------------------------------------------ */

/* What happened, in the words of a rule. */
struct occasion {
    const uint8_t *id; /* of the issue */
    uint32_t version;  /* of the policy that the record names */
    enum toc_alert_on on;
    const char *cause;        /* without the rule's name */
    const char *reason;       /* of a wait */
    const char *path, *queue; /* the issue's */
    const Tocsin__V1__ClockChange *clock;
    unsigned wait;
};

static bool is_about(const struct toc_alert_rule *rule, const struct occasion *occasion)
{
    if (rule->on != occasion->on)
        return false;
    if (rule->reason != NULL && strcmp(rule->reason, occasion->reason) != 0)
        return false;
    if (occasion->clock == NULL)
        return true;
    const Tocsin__V1__Clock *clock = occasion->clock->clock;
    return occasion->clock->threshold_percent >= rule->threshold_percent &&
           (rule->metric == NULL || strcmp(rule->metric, clock->metric) == 0 ||
            strcmp(rule->metric, clock->kind) == 0);
}

static void want(struct opinion *opinion, const struct occasion *occasion,
                 const struct toc_alert_rule *rule)
{
    char cause[CAUSE_MAX];
    snprintf(cause, sizeof(cause), "%s %s", occasion->cause, rule->name);
    if (find(opinion, occasion->id, cause) != NULL)
        return;
    opinion->wanted = grow(opinion->wanted, opinion->wanted_count, sizeof(*opinion->wanted));
    struct wanted *wanted = &opinion->wanted[opinion->wanted_count++];
    *wanted = (struct wanted){.wait = occasion->wait,
                              .unconfirmed = occasion->on == TOC_ALERT_ON_UNCONFIRMED};
    if (wanted->unconfirmed) {
        snprintf(wanted->metric, sizeof(wanted->metric), "%s", occasion->clock->clock->metric);
        snprintf(wanted->scope, sizeof(wanted->scope), "%s", occasion->clock->clock->scope);
    }
    memcpy(wanted->issue, occasion->id, 16);
    snprintf(wanted->cause, sizeof(wanted->cause), "%s", cause);
    snprintf(wanted->path, sizeof(wanted->path), "%s",
             rule->path != NULL ? rule->path->name : occasion->path);
    snprintf(wanted->queue, sizeof(wanted->queue), "%s", occasion->queue);
}

/* Every rule that fits; a test pages nobody. */
static void want_all(struct opinion *opinion, const struct occasion *occasion,
                     const Tocsin__V1__Issue *issue)
{
    const struct toc_policy *policy = policy_compiled(opinion->world, occasion->version);
    if (issue->test)
        return;
    struct toc_fields fields = toc_issue_fields(issue);
    for (size_t i = 0; policy != NULL && i < policy->alert_count; i++) {
        const struct toc_alert_rule *rule = &policy->alerts[i];
        bool goes_somewhere = rule->path != NULL || occasion->path[0] != '\0';
        if (goes_somewhere && is_about(rule, occasion) && toc_match(&rule->when, &fields))
            want(opinion, occasion, rule);
    }
}

/* --- the router's log ------------------------------------------------------------------------- */

static bool is_over(const Tocsin__V1__Issue *issue)
{
    return issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED ||
           issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
}

/* It is our turn, and nobody has it. */
static bool may_wait(const Tocsin__V1__Issue *issue)
{
    return !issue->bot && issue->assignee[0] == '\0' &&
           (issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW ||
            issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_OPEN);
}

static void follow_wait(struct opinion *opinion, struct known *known, const char *old_queue)
{
    const Tocsin__V1__IssueChange *change = known->last;
    const Tocsin__V1__Issue *is = change->issue;
    bool was = known->waiting;
    known->waiting = was && may_wait(is) && strcmp(old_queue, is->queue) == 0;
    bool ends = was && !known->waiting;
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING && may_wait(is) &&
        !known->waiting) {
        known->waiting = true;
        known->waits++;
    }
    if (is->waiting != known->waiting || is->waits != known->waits)
        world_fail(opinion->world, 12, "an issue %s, and says of its %u waits (%u) that it %s",
                   known->waiting ? "waits" : "does not wait", is->waits, known->waits,
                   is->waiting ? "does" : "does not");
    else if (ends && !change->waited)
        world_fail(opinion->world, 12, "wait %u of an issue ends without a word", known->waits);
}

/* The same event takes the issue elsewhere: rules look at it there. */
static bool goes_on(const struct shadow *log, size_t index)
{
    const struct seen *seen = &log->seen[index], *next = seen + 1;
    if (index + 1 == log->count || next->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED ||
        next->cause_log != seen->cause_log || next->cause_seq != seen->cause_seq ||
        memcmp(next->issue, seen->issue, 16) != 0)
        return false;
    const Tocsin__V1__Record *record = check_unpack(next);
    const Tocsin__V1__IssueChange *change =
        check_message(&tocsin__v1__issue_change__descriptor, toc_wire_bytes(&record->body));
    return change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED;
}

static void on_step(struct opinion *opinion, const struct shadow *log, size_t index)
{
    const struct seen *seen = &log->seen[index];
    char old_queue[64] = "", cause[32];
    struct known *known = known_of(opinion, seen->issue);
    if (known->last != NULL)
        snprintf(old_queue, sizeof(old_queue), "%s", known->last->issue->queue);
    learn(known, seen);
    follow_wait(opinion, known, old_queue);
    const Tocsin__V1__IssueChange *change = known->last;
    struct occasion occasion = {.id = seen->issue,
                                .version = known->version,
                                .on = TOC_ALERT_ON_OPENED,
                                .cause = "opened",
                                .path = change->issue->path,
                                .queue = change->issue->queue};
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__WAITING && known->waiting) {
        snprintf(cause, sizeof(cause), "waiting/%u", known->waits);
        occasion.on = TOC_ALERT_ON_WAITING;
        occasion.cause = cause;
        occasion.reason = change->reason;
        occasion.wait = known->waits;
        want_all(opinion, &occasion, change->issue);
    } else if (!is_over(change->issue) &&
               (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED ||
                ((change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__CLASSIFIED ||
                  change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT) &&
                 !goes_on(log, index)))) {
        want_all(opinion, &occasion, change->issue);
    }
}

static void hear_router(struct opinion *opinion)
{
    const struct shadow *log = &world_node(opinion->world, ROLE_ROUTER)->shadow;
    for (size_t i = 0; i < log->count && !opinion->world->failed; i++)
        if (log->seen[i].type == TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            on_step(opinion, log, i);
}

/* --- sla's log -------------------------------------------------------------------------------- */

/* What sla took made it late, not the time that had passed until then. */
static bool is_by_record(const Tocsin__V1__ClockChange *change)
{
    return change->on_retarget && strcmp(change->reason, "late_evidence") != 0;
}

/* Whoever was told that it may be late hears how it came out: with a verdict, with the clock, or
 * when the clock is found to be in time. */
static void settle_unconfirmed(struct opinion *opinion, const uint8_t issue[16],
                               const Tocsin__V1__ClockChange *change)
{
    const Tocsin__V1__Clock *clock = change->clock;
    bool ends = change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED ||
                change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__MET ||
                change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED ||
                change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED;
    bool disproved = change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__NOT_APPLIED &&
                     change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED &&
                     change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED && !clock->unconfirmed;
    for (size_t i = 0; i < opinion->wanted_count && (ends || disproved); i++) {
        struct wanted *wanted = &opinion->wanted[i];
        if (wanted->unconfirmed && memcmp(wanted->issue, issue, 16) == 0 &&
            strcmp(wanted->metric, clock->metric) == 0 && strcmp(wanted->scope, clock->scope) == 0)
            wanted->settled = true;
    }
}

static void on_clock(struct opinion *opinion, const struct seen *seen, const struct seen *taken)
{
    char cause[CAUSE_MAX / 2];
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    const Tocsin__V1__Clock *clock = change->clock;
    bool warned = change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED;
    bool unsure = change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED;
    settle_unconfirmed(opinion, seen->issue, change);
    if (!warned && !unsure && change->what != TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED)
        return;
    if (unsure)
        snprintf(cause, sizeof(cause), "unconfirmed:%s/%u/%u/%lld", clock->metric, clock->instance,
                 clock->apply_version, (long long)change->due_ms);
    else if (warned)
        snprintf(cause, sizeof(cause), "warned:%s/%u/%u/%u", clock->metric, clock->instance,
                 clock->apply_version, change->threshold_percent);
    else
        snprintf(cause, sizeof(cause), "breached:%s/%u/%u", clock->metric, clock->instance,
                 clock->apply_version);
    struct known *known = known_of(opinion, seen->issue);
    if (taken != NULL && is_by_record(change))
        learn(known, taken);
    const struct occasion occasion = {.id = seen->issue,
                                      .version = record->policy,
                                      .on = warned   ? TOC_ALERT_ON_WARNED
                                            : unsure ? TOC_ALERT_ON_UNCONFIRMED
                                                     : TOC_ALERT_ON_BREACHED,
                                      .cause = cause,
                                      .path = change->path,
                                      .queue = change->queue,
                                      .clock = change};
    want_all(opinion, &occasion, known->last->issue);
}

/* Goes through sla's steps: what it took, and what it wrote at once. */
static void hear_sla(struct opinion *opinion)
{
    struct world *world = opinion->world;
    const struct node *sla = world_node(world, ROLE_SLA);
    const struct takings *takings = &sla->takings;
    for (size_t i = 0; i < takings->committed; i++) {
        const struct taken *step = &takings->all[i];
        uint64_t until =
            i + 1 < takings->committed ? takings->all[i + 1].own_seq : sla->shadow.count;
        const struct seen *taken = step->upstream != TAKEN_TIME
                                       ? &world->nodes[step->upstream].shadow.seen[step->seq - 1]
                                       : NULL;
        if (taken != NULL && taken->type != TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED)
            taken = NULL;
        for (uint64_t seq = step->own_seq + 1; seq <= until; seq++)
            if (sla->shadow.seen[seq - 1].type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
                on_clock(opinion, &sla->shadow.seen[seq - 1], taken);
        if (taken != NULL)
            learn(known_of(opinion, taken->issue), taken);
    }
}

/* --- the notifier's log ----------------------------------------------------------------------- */

/* --- flapping: what goes and comes within its rule's hold is one alert
 * ---------------------------- */

static toc_time_ms hold_of(struct opinion *opinion, const Tocsin__V1__Alert *alert)
{
    const struct toc_policy *policy = policy_compiled(opinion->world, alert->policy);
    for (size_t i = 0; policy != NULL && i < policy->alert_count; i++)
        if (strcmp(policy->alerts[i].name, alert->rule) == 0)
            return policy->alerts[i].hold_ms;
    return 0;
}

static struct wanted *held_of(struct opinion *opinion, uint64_t number)
{
    for (size_t i = 0; i < opinion->wanted_count; i++)
        if (opinion->wanted[i].number == number && opinion->wanted[i].gone_ms != 0)
            return &opinion->wanted[i];
    return NULL;
}

/* The same people answer for both. */
static bool is_there(const struct wanted *held, const struct wanted *wanted)
{
    return strcmp(held->queue, wanted->queue) == 0 && strcmp(held->path, wanted->path) == 0;
}

static void on_noted(struct opinion *opinion, struct wanted *wanted,
                     const Tocsin__V1__AlertChange *change, toc_time_ms at_ms)
{
    const Tocsin__V1__Alert *alert = change->alert;
    if (strncmp(change->note, "held, ", 6) == 0) {
        if (hold_of(opinion, alert) == 0)
            world_fail(opinion->world, 11, "%s is held without a hold", wanted->cause);
        wanted->gone_ms = at_ms;
        wanted->number = alert->number;
        snprintf(wanted->rule, sizeof(wanted->rule), "%s", alert->rule);
        snprintf(wanted->metric, sizeof(wanted->metric), "%s", alert->metric);
        snprintf(wanted->scope, sizeof(wanted->scope), "%s", alert->scope);
    } else if (strncmp(change->note, "goes on, ", 9) == 0) {
        struct wanted *held = held_of(opinion, alert->number);
        if (held == NULL || memcmp(held->issue, wanted->issue, 16) != 0 ||
            strcmp(held->metric, alert->metric) != 0 || strcmp(held->scope, alert->scope) != 0 ||
            !is_there(held, wanted))
            world_fail(opinion->world, 11, "%s goes on, and was not held", wanted->cause);
        else
            held->gone_ms = 0;
        wanted->state = alert->state;
    }
}

/* Nothing is held that this could be. */
static void check_anew(struct opinion *opinion, const struct wanted *wanted,
                       const Tocsin__V1__Alert *alert)
{
    for (size_t i = 0; i < opinion->wanted_count; i++) {
        const struct wanted *held = &opinion->wanted[i];
        if (held->gone_ms != 0 && memcmp(held->issue, wanted->issue, 16) == 0 &&
            strcmp(held->rule, alert->rule) == 0 && strcmp(held->metric, alert->metric) == 0 &&
            strcmp(held->scope, alert->scope) == 0 && is_there(held, wanted) &&
            !alert->unconfirmed && hold_of(opinion, alert) != 0)
            world_fail(opinion->world, 11, "%s is opened, and %s is held", wanted->cause,
                       held->cause);
    }
}

/* By itself only when the hold is over. */
static void check_stayed_away(struct opinion *opinion, struct wanted *wanted,
                              const Tocsin__V1__AlertChange *change, toc_time_ms at_ms)
{
    bool by_itself = strcmp(change->reason, "its cause has stayed away") == 0;
    if (by_itself && at_ms <= wanted->gone_ms + hold_of(opinion, change->alert))
        world_fail(opinion->world, 11, "%s closes before its hold is over", wanted->cause);
    wanted->gone_ms = 0;
}

static void on_alert(struct opinion *opinion, const struct seen *seen)
{
    struct world *world = opinion->world;
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__AlertChange *change =
        check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
    if (change->alert == NULL || change->alert->issue.len == 0)
        return;
    struct wanted *wanted = find(opinion, seen->issue, change->alert->cause);
    if (wanted == NULL) {
        world_fail(world, 11, "an alert that nothing asks for: %s", change->alert->cause);
        return;
    }
    if (strcmp(change->alert->path, wanted->path) != 0)
        world_fail(world, 11, "%s goes to %s, should go to %s", wanted->cause, change->alert->path,
                   wanted->path);
    if (change->alert->unconfirmed != wanted->unconfirmed)
        world_fail(world, 11, "%s says of itself whether that is certain, and is wrong",
                   wanted->cause);
    if (seen->type == TOCSIN__V1__RECORD_TYPE__ALERT_NOTED) {
        on_noted(opinion, wanted, change, record->at_ms);
        return;
    }
    if (seen->type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED)
        check_anew(opinion, wanted, change->alert);
    if (wanted->gone_ms != 0 && seen->type == TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED)
        check_stayed_away(opinion, wanted, change, record->at_ms);
    wanted->state = change->alert->state;
    wanted->over = wanted->over || (seen->type == TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED &&
                                    strcmp(change->reason, "the wait is over") == 0);
}

/* Of an issue whose wait is over nobody is paged any more; of one that waits, by nobody's word. */
static void check_wait(struct opinion *opinion, const struct wanted *wanted)
{
    const struct known *known = known_of(opinion, wanted->issue);
    bool waits = known->waiting && known->waits == wanted->wait;
    if (!waits && wanted->state != TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED)
        world_fail(opinion->world, 11, "%s is open, and its wait is over", wanted->cause);
    if (waits && wanted->over)
        world_fail(opinion->world, 11, "%s is closed, and its wait goes on", wanted->cause);
}

static void hear_notifier(struct opinion *opinion)
{
    const struct shadow *log = &world_node(opinion->world, ROLE_NOTIFIER)->shadow;
    for (size_t i = 0; i < log->count && !opinion->world->failed; i++)
        if (log->seen[i].type >= TOCSIN__V1__RECORD_TYPE__ALERT_OPENED &&
            (log->seen[i].type <= TOCSIN__V1__RECORD_TYPE__ALERT_REFUSED ||
             log->seen[i].type == TOCSIN__V1__RECORD_TYPE__ALERT_NOTED))
            on_alert(opinion, &log->seen[i]);
}

void model_alerts_check(struct world *world)
{
    struct opinion opinion = {.world = world};
    hear_sla(&opinion);
    forget(&opinion);
    hear_router(&opinion);
    hear_notifier(&opinion);
    for (size_t i = 0; i < opinion.wanted_count && !world->failed; i++) {
        const struct wanted *wanted = &opinion.wanted[i];
        if (wanted->state == TOCSIN__V1__ALERT_STATE__ALERT_STATE_UNSPECIFIED)
            world_fail(world, 11, "nobody is paged: %s", wanted->cause);
        else if (wanted->wait != 0)
            check_wait(&opinion, wanted);
        else if (wanted->settled && wanted->state != TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED)
            world_fail(world, 11, "%s is open, and sla can tell by now", wanted->cause);
    }
    forget(&opinion);
    free(opinion.wanted);
}
