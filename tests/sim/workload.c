/*
 * Publishers: who says what, and when.
 *
 * A publisher sends again what was not answered in time, sometimes sends again what was, reuses an
 * id for another event, sends nonsense, replies exactly when a target is due, and acknowledges
 * alerts. What it sent stands in its ledger (ledger.c).
 */
#include "tests/sim/workload.h"

#include <stdlib.h>

#define RESEND_MS  700
#define INSTANT_MS 200  /* in event time many events share one */
#define ADVANCE_MS 1200 /* after the last event */

struct workload *workload_new(struct world *world)
{
    struct workload *work = calloc(1, sizeof(*work));
    TOC_ASSERT(work != NULL);
    for (unsigned i = 0; i < world->options.publishers; i++) {
        work->conns[i] = (unsigned)world->conn_count;
        world->conns[world->conn_count++] = (struct conn){.from_publisher = true,
                                                          .client = i,
                                                          .server = i % world->options.intakes,
                                                          .queue_max = world->options.queue_max};
        if (world->options.events > 0)
            world_at(world, 60 + rng_range(&world->rng_work, 0, 40), EV_PUBLISHER, i, NULL);
    }
    return work;
}

void workload_free(struct workload *work)
{
    for (size_t i = 0; i < work->attempt_count; i++)
        free(work->attempts[i].bytes);
    free(work);
}

static void maybe_policy(struct world *world)
{
    struct workload *work = world->work;
    if (work->policy_next >= POLICIES_MAX || world->now_ms < work->policy_ms ||
        !ledger_all_answered(work, 0) || (work->policy_next > 0 && world->healed))
        return;
    struct batch *batch = ledger_batch(work, 0);
    draft_policy(world, batch);
    work->policy_ms = world->now_ms + rng_range(&world->rng_work, 1500, 12000);
    ledger_send(world, batch);
}

/* What was not answered for a while goes out again, in its old order. */
static void resend(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct batch *batch = NULL;
    for (size_t i = 0; i < work->attempt_count; i++) {
        const struct attempt *attempt = &work->attempts[i];
        if (attempt->publisher != publisher || attempt->state != ATTEMPT_OPEN ||
            world->now_ms - attempt->sent_ms < RESEND_MS)
            continue;
        if (batch == NULL)
            batch = ledger_batch(work, publisher);
        ledger_put(work, batch, attempt);
    }
    if (batch != NULL)
        ledger_send(world, batch);
}

static struct attempt *make_any(struct world *world, unsigned publisher)
{
    struct rng *rng = &world->rng_work;
    struct workload *work = world->work;
    const uint8_t *alert = rng_chance(rng, 15) ? pager_some_alert(world, rng) : NULL;
    if (alert != NULL)
        return draft_ack(world, publisher, alert);
    if (rng_chance(rng, 8))
        return draft_presence(world, publisher);
    if (world->options.contacts && rng_chance(rng, 8))
        return draft_contact(world, publisher);
    if (world->options.mutes && rng_chance(rng, 12))
        return mutes_draft(world, publisher);
    if (rng_chance(rng, 4))
        return draft_receipt(world, publisher);
    if (rng_chance(rng, 4) && work->attempt_count > 0)
        return draft_bad(world, publisher);
    return draft_issue_event(world, publisher);
}

static void publish_new(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    struct rng *rng = &world->rng_work;
    struct batch *batch = ledger_batch(work, publisher);
    unsigned count = (unsigned)rng_range(rng, 1, 4);
    for (unsigned i = 0; i < count && work->made < world->options.events; i++) {
        ledger_put(work, batch, make_any(world, publisher));
        work->made++;
    }
    if (rng_chance(&world->rng_duty, 20))
        ledger_put(work, batch, draft_override(world, publisher));
    if (!world->options.event_clock && rng_chance(&world->rng_probe, 45))
        ledger_put(work, batch, probes_draft(world, publisher));
    if (rng_chance(&world->rng_bounce, 30))
        ledger_put(work, batch, draft_bounce(world, publisher));
    if (rng_chance(rng, 15) && work->attempt_count > 0) { /* once more what was answered */
        struct attempt *old = &work->attempts[rng_next(rng) % work->attempt_count];
        if (old->publisher == publisher && old->state == ATTEMPT_ACKED)
            ledger_put(work, batch, old);
    }
    if (batch->count > 0)
        ledger_send(world, batch);
}

static void react(struct world *world, unsigned index)
{
    struct workload *work = world->work;
    const struct reaction *reaction = &work->reactions[index];
    unsigned publisher = (unsigned)rng_range(&world->rng_work, 0, world->options.publishers - 1);
    struct batch *batch = ledger_batch(work, publisher);
    bool replies = reaction->action == TOCSIN__V1__ISSUE_ASSIGNED__ACTION__ACTION_UNSPECIFIED;
    ledger_put(work, batch,
               replies ? draft_reply(world, publisher, reaction->issue)
                       : draft_answer(world, publisher, reaction));
    if (batch->count > 0)
        ledger_send(world, batch);
}

/* In event time an intake's time passes only with what it is told. */
static void advance(struct world *world, unsigned publisher)
{
    struct workload *work = world->work;
    bool due = world->healed ? world->now_ms % ADVANCE_MS < 200 : rng_chance(&world->rng_work, 10);
    if (publisher >= world->options.intakes || !due || !ledger_all_answered(work, publisher))
        return;
    struct batch *batch = ledger_batch(work, publisher);
    ledger_put(work, batch, draft_advance(world, publisher));
    ledger_send(world, batch);
}

/* Once all is answered there is no doubt which decisions are still needed. */
static void decide(struct world *world, unsigned publisher)
{
    if (world->healed && !ledger_all_answered(world->work, publisher))
        return;
    struct attempt *attempt = held_decide(world, publisher);
    if (attempt == NULL)
        return;
    struct batch *batch = ledger_batch(world->work, publisher);
    ledger_put(world->work, batch, attempt);
    ledger_send(world, batch);
}

/* Only the control intake is told of subscriptions. */
static void maybe_subscribe(struct world *world)
{
    if (world->options.subscriptions == 0 || world->healed || !rng_chance(&world->rng_hook, 40))
        return;
    struct batch *batch = ledger_batch(world->work, 0);
    draft_subscription(world, batch);
    ledger_send(world, batch);
}

void workload_step(struct world *world, unsigned publisher)
{
    const struct options *options = &world->options;
    struct workload *work = world->work;
    if (options->event_clock)
        work->time_ms = options->start_ms + world->now_ms;
    if (publisher >= PUBLISHERS_MAX) {
        react(world, publisher - PUBLISHERS_MAX);
        return;
    }
    work->time_ms -= work->time_ms % INSTANT_MS;
    if (publisher == 0)
        maybe_policy(world);
    if (publisher == 0)
        maybe_subscribe(world);
    resend(world, publisher);
    if (options->event_clock)
        advance(world, publisher);
    decide(world, publisher);
    bool publishes = !world->healed && work->made < options->events;
    if (publishes)
        publish_new(world, publisher);
    toc_time_ms mean_ms = options->faulty_ms * options->publishers * 5 / 2 / options->events;
    toc_time_ms next_ms = publishes ? rng_range(&world->rng_work, 1, 2 * mean_ms) : 200;
    world_at(world, world->now_ms + next_ms, EV_PUBLISHER, publisher, NULL);
}

/* Plans a reaction, as long as publishers still have something to say. */
static void plan(struct world *world, const struct reaction *reaction, toc_time_ms at_ms)
{
    struct workload *work = world->work;
    if (world->exact || world->healed || at_ms <= world->now_ms ||
        work->reaction_count == REACTIONS_MAX || at_ms > world->options.faulty_ms)
        return;
    work->reactions[work->reaction_count] = *reaction;
    world_at(world, at_ms, EV_PUBLISHER, PUBLISHERS_MAX + (unsigned)work->reaction_count, NULL);
    work->reaction_count++;
}

/* A reply so that it is stamped at the very instant of a due, if the links are quick. */
void workload_aim(struct world *world, const uint8_t issue[16], toc_time_ms due_ms)
{
    struct reaction reaction = {.action = 0};
    memcpy(reaction.issue, issue, sizeof(reaction.issue));
    if (rng_chance(&world->rng_work, 20))
        plan(world, &reaction, due_ms - world->options.start_ms - world->nodes[0].skew_ms);
}

/* People accept, decline or are too late; who has accepted may give it back later. */
void workload_offered(struct world *world, const uint8_t issue[16], const char *person)
{
    struct rng *rng = &world->rng_work;
    struct reaction reaction = {.action = rng_chance(rng, 70)
                                              ? TOCSIN__V1__ISSUE_ASSIGNED__ACTION__ACCEPT
                                              : TOCSIN__V1__ISSUE_ASSIGNED__ACTION__DECLINE};
    memcpy(reaction.issue, issue, sizeof(reaction.issue));
    snprintf(reaction.person, sizeof(reaction.person), "%s", person);
    if (rng_chance(rng, 75))
        plan(world, &reaction, world->now_ms + rng_range(rng, 1, 2500));
    reaction.action = TOCSIN__V1__ISSUE_ASSIGNED__ACTION__RELEASE;
    if (rng_chance(rng, 15))
        plan(world, &reaction, world->now_ms + rng_range(rng, 2500, 6000));
}
