/*
 * The cores against a model of replies, updates, states, queues and tiers that knows no clocks: it
 * goes through the list of events minute by minute and asks of each what was going on then.
 */
#include "tests/support/core_sla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define EVENTS_MAX 90
#define RUNS       30
#define BEGIN      (8 * 60)

static const char policy[] =
    "policy: 1\n"
    "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
    "queues: {a: {tier: 1}, b: {tier: 2}}\n"
    "routes: [{rule: default, queue: a, sla: s}]\n"
    "slas:\n"
    "  s:\n"
    "    calendar: always\n"
    "    clocks:\n"
    "      next_reply: {targets: {default: 90m}}\n"
    "      periodic_update: {targets: {default: 3h}}\n"
    "      requester_wait: {targets: {default: 9h}}\n"
    "      agent_work: {targets: {default: 6h}}\n"
    "      queue_wait: {targets: {default: 2h}}\n"
    "      tier_time: {targets: {default: 5h}}\n";

/* --- the model ------------------------------------------------------------------------------- */

enum what { OPEN, INBOUND, OUTBOUND, AUTO, NOTE, PENDING, REOPEN, HOLD, SOLVE, TAKE, DROP, MOVE };

enum state { IS_NEW, IS_OPEN, IS_PENDING, IS_HELD, IS_SOLVED };

/* What is going on with the issue. */
struct world {
    enum state state;
    bool replied; /* a person has answered */
    bool waits;   /* the requester spoke last, after that */
    bool taken;
    int queue; /* 0 is a, 1 is b */
};

enum metric { NEXT_REPLY, UPDATE, WAIT, WORK, QUEUE_A, QUEUE_B, TIER_1, TIER_2, METRICS };

static const struct {
    const char *name, *scope;
    int target;
} metrics[METRICS] = {
    [NEXT_REPLY] = {"next_reply", "", 90}, [UPDATE] = {"periodic_update", "", 180},
    [WAIT] = {"requester_wait", "", 540},  [WORK] = {"agent_work", "", 360},
    [QUEUE_A] = {"queue_wait", "a", 120},  [QUEUE_B] = {"queue_wait", "b", 120},
    [TIER_1] = {"tier_time", "1", 300},    [TIER_2] = {"tier_time", "2", 300},
};

/* The latest round of a metric, or all of them where they add up. */
struct tally {
    bool begun, runs, breached;
    int elapsed;
};

struct event {
    enum what what;
    int minute;
};

static struct event events[EVENTS_MAX];
static size_t count;

static void apply(struct world *world, enum what what)
{
    switch (what) {
    case OPEN:
        *world = (struct world){.state = IS_NEW};
        break;
    case INBOUND:
        world->waits = world->replied;
        if (world->state == IS_PENDING || world->state == IS_SOLVED)
            world->state = IS_OPEN;
        break;
    case OUTBOUND:
        world->replied = true;
        world->waits = false;
        if (world->state == IS_NEW)
            world->state = IS_OPEN;
        break;
    case PENDING:
        world->state = IS_PENDING;
        break;
    case REOPEN:
        world->state = IS_OPEN;
        break;
    case HOLD:
        world->state = IS_HELD;
        break;
    case SOLVE:
        world->state = IS_SOLVED;
        break;
    case TAKE:
        world->taken = true;
        break;
    case DROP:
        world->taken = false;
        break;
    case MOVE:
        world->queue = !world->queue; /* by hand: whoever has it keeps it */
        break;
    case AUTO:
    case NOTE:
        break;
    }
}

static bool goes_on(const struct world *world, enum metric metric, bool updated)
{
    bool over = world->state == IS_SOLVED;
    switch (metric) {
    case NEXT_REPLY:
        return world->waits && !over;
    case UPDATE:
        return updated && !over;
    case WAIT:
        return !over && world->state != IS_PENDING;
    case WORK:
        return world->state == IS_NEW || world->state == IS_OPEN;
    case QUEUE_A:
    case QUEUE_B:
        return !over && !world->taken && world->queue == (metric == QUEUE_B);
    case TIER_1:
    case TIER_2:
        return !over && world->queue == (metric == TIER_2);
    case METRICS:
        break;
    }
    return false;
}

/* One minute of what goes on: whoever runs on with the target used up is late. */
static void pass(struct tally *tally, enum metric metric, bool on)
{
    tally->runs = on;
    if (!on)
        return;
    tally->begun = true;
    tally->breached = tally->breached || tally->elapsed >= metrics[metric].target;
    tally->elapsed++;
}

/* What all events come to at `until`, before which everything has come to pass. */
static void resolve(struct tally tallies[METRICS], int until)
{
    struct world world = {0};
    bool updated = false;
    size_t next = 0;
    memset(tallies, 0, METRICS * sizeof(*tallies));
    for (int minute = events[0].minute; minute <= until || next < count; minute++) {
        for (; next < count && events[next].minute == minute; next++) {
            bool waited = goes_on(&world, NEXT_REPLY, updated);
            apply(&world, events[next].what);
            if (events[next].what == OUTBOUND)
                updated = true;
            if (world.state == IS_SOLVED)
                updated = false;
            if (!waited && goes_on(&world, NEXT_REPLY, updated))
                tallies[NEXT_REPLY] = (struct tally){.begun = true};
            if (events[next].what == OUTBOUND && updated)
                tallies[UPDATE] = (struct tally){.begun = true};
            for (int i = 0; i < METRICS; i++) /* for no time at all, perhaps */
                tallies[i].begun = tallies[i].begun || goes_on(&world, (enum metric)i, updated);
        }
        for (int i = 0; i < METRICS; i++) {
            bool on = goes_on(&world, (enum metric)i, updated);
            if (minute < until)
                pass(&tallies[i], (enum metric)i, on);
            else
                tallies[i].runs = on;
        }
    }
}

/* --- the cores ------------------------------------------------------------------------------- */

static uint32_t seed;

static uint32_t roll(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static toc_time_ms instant(int minute)
{
    return CORE_EPOCH_MS + (toc_time_ms)minute * TOC_MINUTE_MS;
}

/* The issue as it stands, to know what may happen next. */
static struct world now(void)
{
    struct world world = {0};
    for (size_t i = 0; i < count; i++)
        apply(&world, events[i].what);
    return world;
}

static bool is_possible(enum what what)
{
    struct world world = now();
    if (world.state == IS_SOLVED && (what == TAKE || what == DROP || what == MOVE))
        return false;
    return (what != TAKE || !world.taken) && (what != DROP || world.taken);
}

static void happen(int minute, int log_minute)
{
    static const char *const words[] = {
        [OPEN] = "open",
        [INBOUND] = "inbound",
        [OUTBOUND] = "outbound",
        [AUTO] = "outbound auto",
        [NOTE] = "note",
        [PENDING] = "status pending",
        [REOPEN] = "status open",
        [HOLD] = "status on_hold",
        [SOLVE] = "status solved",
        [TAKE] = "assign assignee=ana",
        [DROP] = "assign action=RELEASE",
    };
    char line[CORE_LINE_MAX], at[32], log[32];
    struct core_input input;
    int last = count > 0 ? events[count - 1].minute : 0;
    enum what what = count == 0 ? OPEN : (enum what)(1 + roll(MOVE));
    if (count > 0 && !is_possible(what))
        return;
    const char *verb = what != MOVE       ? words[what]
                       : now().queue == 0 ? "assign queue=b"
                                          : "assign queue=a";
    snprintf(line, sizeof(line), "%s log=%s %s", core_time_text(at, instant(minute)),
             core_time_text(log, instant(log_minute)), verb);
    events[count++] = (struct event){what, minute > last ? minute : last};
    core_parse(core_arena(sla_chain.router), line, &input);
    chain_input(&sla_chain, &input);
    core_forget(sla_chain.router);
}

/* --- what holds after every step ------------------------------------------------------------- */

static const Tocsin__V1__Clock *clock_of(const Tocsin__V1__IssueClocks *row, enum metric metric)
{
    for (size_t i = 0; i < row->n_clocks; i++)
        if (strcmp(row->clocks[i]->metric, metrics[metric].name) == 0 &&
            strcmp(row->clocks[i]->scope, metrics[metric].scope) == 0)
            return row->clocks[i];
    return NULL;
}

static toc_time_ms elapsed_at(const Tocsin__V1__Clock *clock, toc_time_ms at_ms)
{
    bool running = clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    return clock->elapsed_ms +
           (running && at_ms > clock->running_since_ms ? at_ms - clock->running_since_ms : 0);
}

static void check(void)
{
    struct tally tallies[METRICS];
    if (count == 0)
        return;
    core_set_log(sla_chain.sla, core_log_ms(sla_chain.sla));
    toc_time_ms log_ms = core_log_ms(sla_chain.sla);
    int until = (int)((log_ms - CORE_EPOCH_MS) / TOC_MINUTE_MS);
    if (until < events[count - 1].minute)
        until = events[count - 1].minute;
    resolve(tallies, until);
    const Tocsin__V1__IssueClocks *row = chain_clocks(&sla_chain, 1, 1);
    for (int i = 0; i < METRICS; i++) {
        const Tocsin__V1__Clock *clock = clock_of(row, (enum metric)i);
        assert_int_equal(clock != NULL, tallies[i].begun);
        if (clock == NULL)
            continue;
        assert_true(clock->elapsed_ms >= 0);
        assert_int_equal(clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING, tallies[i].runs);
        assert_int_equal(elapsed_at(clock, instant(until)),
                         tallies[i].elapsed * (toc_time_ms)TOC_MINUTE_MS);
        assert_int_equal(clock->breached, tallies[i].breached);
    }
    core_forget(sla_chain.sla);
}

/* --- runs ------------------------------------------------------------------------------------ */

static void run(uint32_t run_seed)
{
    int minute = BEGIN;
    seed = run_seed;
    count = 0;
    chain_open(&sla_chain, (struct core_turns){.seed = run_seed});
    chain_policy(&sla_chain, "00:00", policy);
    for (int step = 0; step < 80; step++) {
        int late = roll(4) == 0 ? (int)roll(200) : 0;
        minute += (int)(roll(6) == 0 ? roll(500) : roll(60));
        if (roll(5) == 0)
            core_set_log(sla_chain.sla, instant(minute));
        else
            happen(minute - late > BEGIN ? minute - late : BEGIN, minute);
        check();
    }
    core_transcript(sla_chain.router);
    chain_close(&sla_chain);
}

static void rounds_are_those_of_the_list_of_events(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= RUNS; i++) {
        print_message("seed %u\n", i); /* the last one shown is the one that fails */
        run(i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_are_those_of_the_list_of_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
