/*
 * Cases as a whole, once the faults are over: questions to other teams step by step, merges to the
 * end of their chains, and whether a new policy has come to every issue that it concerns.
 */
#include "tests/sim/model.h"

#include <stdlib.h>

#define ASKED_MAX 64 /* escalations of one issue */

/* --- escalations ------------------------------------------------------------------------------ */

struct asked {
    char id[64];
    Tocsin__V1__EscalationState state;
};

#define STEP(name) (1u << TOCSIN__V1__ESCALATION_STATE__ESCALATION_##name)

/* Steps that may follow. */
static const unsigned next_steps[] = {
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_UNSPECIFIED] = STEP(RAISED),
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED] = STEP(ACCEPTED) | STEP(RETURNED),
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_ACCEPTED] =
        STEP(ACCEPTED) | STEP(RETURNED) | STEP(ANSWERED),
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_RETURNED] = STEP(RAISED) | STEP(ANSWERED),
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_ANSWERED] = STEP(TOLD),
    [TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD] = 0,
};

static struct asked *asked_of(struct asked *all, size_t *count, const char *id)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(all[i].id, id) == 0)
            return &all[i];
    TOC_ASSERT(*count < ASKED_MAX);
    struct asked *asked = &all[(*count)++];
    *asked = (struct asked){.state = TOCSIN__V1__ESCALATION_STATE__ESCALATION_UNSPECIFIED};
    snprintf(asked->id, sizeof(asked->id), "%s", id);
    return asked;
}

static void check_steps(struct world *world, const struct history *history)
{
    struct asked all[ASKED_MAX];
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) {
        const Tocsin__V1__IssueChange *change = history->moments[i].change;
        if (change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION)
            continue;
        struct asked *asked = asked_of(all, &count, change->escalation->id);
        if ((next_steps[asked->state] >> change->escalation->state & 1) == 0)
            world_fail(world, 12, "escalation %s goes from step %d to %d", asked->id,
                       (int)asked->state, (int)change->escalation->state);
        asked->state = change->escalation->state;
    }
}

/* --- merges ----------------------------------------------------------------------------------- */

static const struct history *find(const struct histories *histories, const ProtobufCBinaryData *id)
{
    for (size_t i = 0; id->len == 16 && i < histories->count; i++)
        if (memcmp(histories->all[i].id, id->data, 16) == 0)
            return &histories->all[i];
    return NULL;
}

static const Tocsin__V1__Issue *last(const struct history *history)
{
    return history->moments[history->count - 1].change->issue;
}

static void check_chain(struct world *world, const struct histories *histories,
                        const struct history *from)
{
    const struct history *at = from;
    for (size_t hops = 0; at != NULL && last(at)->merged_into.len != 0; hops++) {
        at = find(histories, &last(at)->merged_into);
        if (hops > histories->count) {
            world_fail(world, 12, "a chain of merges is a circle");
            return;
        }
    }
    if (at == NULL)
        world_fail(world, 12, "an issue is merged into one that is not there");
}

/* Since when somebody waited in a merged issue; nobody waits in one that was over. */
static toc_time_ms waited_in(const struct history *source)
{
    const Tocsin__V1__IssueChange *change = source->moments[source->count - 1].change;
    for (size_t i = 0; i < source->count; i++)
        if (source->moments[i].change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED)
            change = source->moments[i].change;
    bool over = change->old_state >= TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED;
    return over ? 0 : change->issue->unanswered_ms;
}

/* Whoever waited longest for an answer in either of the two still does. */
static void check_waiting(struct world *world, const struct histories *histories,
                          const struct history *target, size_t index)
{
    const struct moment *moment = &target->moments[index];
    const struct history *source = find(histories, &moment->change->other);
    toc_time_ms waits_ms = moment->change->issue->unanswered_ms;
    toc_time_ms was_ms = index > 0 ? moment[-1].change->issue->unanswered_ms : 0;
    toc_time_ms other_ms = source != NULL ? waited_in(source) : 0;
    if (source == NULL || last(source)->merged_into.len == 0)
        world_fail(world, 12, "an issue takes over one that was not merged into it");
    if (was_ms == 0 || (other_ms != 0 && other_ms < was_ms))
        was_ms = other_ms;
    if (waits_ms != was_ms)
        world_fail(world, 12, "after a merge %lld waits for an answer, should be %lld",
                   (long long)waits_ms, (long long)was_ms);
}

static void check_merges(struct world *world, const struct histories *histories,
                         const struct history *history)
{
    check_chain(world, histories, history);
    for (size_t i = 0; i < history->count; i++)
        if (history->moments[i].change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER)
            check_waiting(world, histories, history, i);
}

/* --- sweeps ----------------------------------------------------------------------------------- */

struct swept {
    uint8_t id[16];
    uint32_t policy;
    bool open;
    uint32_t missing; /* bit 1 << version: a sweep that has to come to it */
};

struct sweeps {
    struct world *world;
    struct swept *all;
    size_t count;
    uint32_t begun, done; /* bit 1 << version */
};

static struct swept *swept_of(struct sweeps *sweeps, const uint8_t id[16])
{
    for (size_t i = 0; i < sweeps->count; i++)
        if (memcmp(sweeps->all[i].id, id, 16) == 0)
            return &sweeps->all[i];
    sweeps->all = realloc(sweeps->all, (sweeps->count + 1) * sizeof(*sweeps->all));
    TOC_ASSERT(sweeps->all != NULL);
    struct swept *issue = &sweeps->all[sweeps->count++];
    *issue = (struct swept){.policy = 0};
    memcpy(issue->id, id, 16);
    return issue;
}

static void on_applied(struct sweeps *sweeps, const Tocsin__V1__PolicyApplied *applied)
{
    if (applied->mode < TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW)
        return;
    sweeps->begun |= 1u << applied->version;
    for (size_t i = 0; i < sweeps->count; i++)
        if (sweeps->all[i].open && sweeps->all[i].policy < applied->version)
            sweeps->all[i].missing |= 1u << applied->version;
}

static void on_change(struct swept *issue, const Tocsin__V1__IssueChange *change)
{
    issue->policy = change->issue->policy;
    issue->open = change->issue->state < TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED;
    issue->missing &= ~((2u << issue->policy) - 1); /* versions up to its own */
    if (change->would != NULL)
        issue->missing &= ~(1u << change->would->policy);
    if (!issue->open)
        issue->missing = 0;
}

static void on_swept(struct sweeps *sweeps, const Tocsin__V1__PolicySweep *sweep)
{
    if (!sweep->done)
        return;
    sweeps->done |= 1u << sweep->version;
    for (size_t i = 0; i < sweeps->count; i++)
        if ((sweeps->all[i].missing >> sweep->version & 1) != 0)
            world_fail(sweeps->world, 12, "policy %u has not come to every open issue",
                       sweep->version);
}

static void on_record(struct sweeps *sweeps, const struct seen *seen)
{
    struct toc_str body = toc_wire_bytes(&check_unpack(seen)->body);
    switch ((int)seen->type) {
    case TOCSIN__V1__RECORD_TYPE__POLICY_APPLIED:
        on_applied(sweeps, check_message(&tocsin__v1__policy_applied__descriptor, body));
        break;
    case TOCSIN__V1__RECORD_TYPE__ISSUE_CHANGED:
        on_change(swept_of(sweeps, seen->issue),
                  check_message(&tocsin__v1__issue_change__descriptor, body));
        break;
    case TOCSIN__V1__RECORD_TYPE__POLICY_SWEPT:
        on_swept(sweeps, check_message(&tocsin__v1__policy_sweep__descriptor, body));
        break;
    default:
        break;
    }
}

static void check_sweeps(struct world *world, const struct node *router)
{
    struct sweeps sweeps = {.world = world};
    for (size_t i = 0; i < router->shadow.count && !world->failed; i++)
        on_record(&sweeps, &router->shadow.seen[i]);
    if (sweeps.begun != sweeps.done)
        world_fail(world, 17, "a policy is not through with the issues that are there");
    free(sweeps.all);
}

void ends_case(struct world *world, const struct node *router)
{
    struct histories histories;
    model_histories_read(&histories, router);
    for (size_t i = 0; i < histories.count && !world->failed; i++) {
        check_steps(world, &histories.all[i]);
        check_merges(world, &histories, &histories.all[i]);
    }
    model_histories_free(&histories);
    if (!world->failed)
        check_sweeps(world, router);
}
