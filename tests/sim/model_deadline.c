/*
 * Invariant 11: deadlines of alerts that are about no clock. A second opinion, from sla's log and
 * the order in which the notifier took it: what sla tells is the due of the issue's soonest clock
 * that is not over, as its own records tell of clocks; and whatever the notifier says of such an
 * alert has what sla had told last by then, whichever of its upstreams was ahead.
 */
#include "tests/sim/world.h"

#include <stdlib.h>

/* A clock of an issue as it was told last. */
struct clock {
    char metric[64], scope[64];
    bool live, breached;
    toc_time_ms due_ms;
};

struct issue {
    uint8_t id[16];
    struct clock clocks[64];
    size_t clock_count;
    bool told; /* of a deadline */
    toc_time_ms told_ms;
};

struct opinion {
    struct world *world;
    struct issue *issues;
    size_t count;
};

/* --- what sla tells --------------------------------------------------------------------------- */

static struct issue *issue_of(struct opinion *opinion, const uint8_t id[16])
{
    for (size_t i = 0; i < opinion->count; i++)
        if (memcmp(opinion->issues[i].id, id, 16) == 0)
            return &opinion->issues[i];
    opinion->issues = realloc(opinion->issues, (opinion->count + 1) * sizeof(*opinion->issues));
    TOC_ASSERT(opinion->issues != NULL);
    struct issue *issue = &opinion->issues[opinion->count++];
    memset(issue, 0, sizeof(*issue));
    memcpy(issue->id, id, 16);
    return issue;
}

static struct clock *clock_of(struct issue *issue, const Tocsin__V1__Clock *clock)
{
    for (size_t i = 0; i < issue->clock_count; i++)
        if (strcmp(issue->clocks[i].metric, clock->metric) == 0 &&
            strcmp(issue->clocks[i].scope, clock->scope) == 0)
            return &issue->clocks[i];
    TOC_ASSERT(issue->clock_count < 64);
    struct clock *known = &issue->clocks[issue->clock_count++];
    snprintf(known->metric, sizeof(known->metric), "%s", clock->metric);
    snprintf(known->scope, sizeof(known->scope), "%s", clock->scope);
    return known;
}

static void on_clock(struct issue *issue, const struct seen *seen)
{
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    if (change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__NOT_APPLIED ||
        change->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        return; /* what would be */
    struct clock *known = clock_of(issue, change->clock);
    known->live = change->clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING ||
                  change->clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    known->breached = change->clock->breached;
    known->due_ms = change->clock->due_ms;
}

/* What was unpacked before stays: this uses memory of its own. */
static toc_time_ms deadline_in(const struct seen *seen)
{
    Tocsin__V1__Record *record = tocsin__v1__record__unpack(NULL, seen->size, seen->bytes);
    TOC_ASSERT(record != NULL);
    Tocsin__V1__Deadline *deadline =
        tocsin__v1__deadline__unpack(NULL, record->body.len, record->body.data);
    TOC_ASSERT(deadline != NULL);
    toc_time_ms due_ms = deadline->due_ms;
    tocsin__v1__deadline__free_unpacked(deadline, NULL);
    tocsin__v1__record__free_unpacked(record, NULL);
    return due_ms;
}

/* Which due it was that a late clock broke, other records may move without a word. */
static void check_told(struct world *world, const struct issue *issue)
{
    toc_time_ms due_ms = TOC_TIME_NEVER;
    bool late = false;
    for (size_t i = 0; i < issue->clock_count; i++) {
        const struct clock *clock = &issue->clocks[i];
        late = late || (clock->live && clock->breached);
        if (clock->live && !clock->breached && clock->due_ms < due_ms)
            due_ms = clock->due_ms;
    }
    due_ms = due_ms != TOC_TIME_NEVER ? due_ms : 0;
    bool right = late ? issue->told_ms != 0 && (due_ms == 0 || issue->told_ms <= due_ms)
                      : issue->told_ms == due_ms;
    if (!right)
        world_fail(world, 11, "sla tells that %02x%02x is due at %lld, its clocks say %lld%s",
                   issue->id[0], issue->id[1], (long long)issue->told_ms, (long long)due_ms,
                   late ? " or sooner" : "");
}

static void hear_sla(struct opinion *opinion)
{
    const struct shadow *log = &world_node(opinion->world, ROLE_SLA)->shadow;
    for (size_t i = 0; i < log->count && !opinion->world->failed; i++) {
        const struct seen *seen = &log->seen[i];
        if (seen->type == TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED)
            on_clock(issue_of(opinion, seen->issue), seen);
        if (seen->type != TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED)
            continue;
        struct issue *issue = issue_of(opinion, seen->issue);
        issue->told = true;
        issue->told_ms = deadline_in(seen);
        check_told(opinion->world, issue);
    }
}

/* --- what the notifier makes of it ------------------------------------------------------------ */

toc_time_ms deadlines_told(struct world *world, const uint8_t issue[16], uint64_t seq)
{
    const struct takings *takings = &world_node(world, ROLE_NOTIFIER)->takings;
    for (size_t i = takings->count; i > 0; i--) {
        const struct taken *taken = &takings->all[i - 1];
        if (taken->upstream >= TAKEN_TIME || taken->own_seq >= seq ||
            world->nodes[taken->upstream].role != ROLE_SLA)
            continue;
        const struct seen *seen = &world->nodes[taken->upstream].shadow.seen[taken->seq - 1];
        if (seen->type == TOCSIN__V1__RECORD_TYPE__DEADLINE_CHANGED &&
            memcmp(seen->issue, issue, 16) == 0)
            return deadline_in(seen);
    }
    return 0;
}

bool deadlines_follow(const Tocsin__V1__Alert *alert)
{
    return strncmp(alert->cause, "opened ", 7) == 0 || strncmp(alert->cause, "waiting/", 8) == 0;
}

/* Such an alert needs sla to tell, from its opening on. Once it is closed, it stays as it is. */
static void on_alert(struct opinion *opinion, const struct seen *seen)
{
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__AlertChange *change =
        check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
    const Tocsin__V1__Alert *alert = change->alert;
    bool over = alert != NULL && alert->state == TOCSIN__V1__ALERT_STATE__ALERT_RESOLVED &&
                seen->type != TOCSIN__V1__RECORD_TYPE__ALERT_CLOSED;
    if (alert == NULL || over || !deadlines_follow(alert))
        return;
    toc_time_ms told_ms = deadlines_told(opinion->world, seen->issue, record->seq);
    if (alert->due_ms != told_ms)
        world_fail(opinion->world, 11, "seq %llu: alert %llu is due at %lld, sla told %lld",
                   (unsigned long long)record->seq, (unsigned long long)alert->number,
                   (long long)alert->due_ms, (long long)told_ms);
    struct issue *issue = issue_of(opinion, seen->issue);
    if (seen->type == TOCSIN__V1__RECORD_TYPE__ALERT_OPENED && !issue->told)
        check_told(opinion->world, issue);
}

void model_deadlines_check(struct world *world)
{
    struct opinion opinion = {.world = world};
    const struct shadow *log = &world_node(world, ROLE_NOTIFIER)->shadow;
    hear_sla(&opinion);
    for (size_t i = 0; i < log->count && !world->failed; i++)
        if (log->seen[i].has_issue)
            on_alert(&opinion, &log->seen[i]);
    for (size_t i = 0; i < opinion.count && !world->failed; i++)
        if (opinion.issues[i].told)
            check_told(world, &opinion.issues[i]);
    free(opinion.issues);
}
