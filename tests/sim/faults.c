/* What a seed draws: the deployment's options and the list of what goes wrong. */
#include "tests/sim/world.h"

#include <stdlib.h>

static const char *const names[FAULT_KINDS] = {
    "crash", "crash-at-commit", "crash-at-send", "stop",        "cut",   "one-way", "lossy",
    "slow",  "narrow",          "disk-full",     "nearly-full", "clock", "provider"};

const char *fault_name(enum fault_kind kind)
{
    return names[kind];
}

/* --- options ------------------------------------------------------------------------------ */

/* Near the edges of a working day, a weekend and a change of the clocks in Berlin. */
static const toc_time_ms edges[] = {
    1781503200000, /* Mon 2026-06-15 06:00:00Z: opening */
    1781546400000, /* Mon 2026-06-15 18:00:00Z: closing */
    1781892000000, /* Fri 2026-06-19 18:00:00Z: closing before a weekend */
    1792890000000, /* Sun 2026-10-25 01:00:00Z: the hour that comes twice */
};

static unsigned one_of(struct rng *rng, const unsigned *choices, size_t count)
{
    return choices[rng_next(rng) % count];
}

#define ONE_OF(rng, ...)                                                                           \
    one_of((rng), (const unsigned[]){__VA_ARGS__},                                                 \
           sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

void options_draw(struct options *options, uint64_t seed)
{
    struct rng rng = rng_of(seed, 10);
    *options =
        (struct options){.seed = seed, .verbose = options->verbose, .without = options->without};
    options->intakes = ONE_OF(&rng, 1, 2, 2);
    options->publishers = (unsigned)rng_range(&rng, options->intakes, 4);
    options->subjects = ONE_OF(&rng, 4, 12, 30);
    options->events = ONE_OF(&rng, 60, 120, 200);
    size_t edge = rng_next(&rng) % (sizeof(edges) / sizeof(edges[0]));
    options->start_ms = edges[edge] - rng_range(&rng, -5000, 20000);
    options->faulty_ms = ONE_OF(&rng, 8000, 16000, 24000);
    options->batch_max = ONE_OF(&rng, 1, 3, 20, 5000);
    options->frames_max = ONE_OF(&rng, 1, 4, 30);
    options->poll_ms = ONE_OF(&rng, 5, 30, 120);
    options->latency_ms = ONE_OF(&rng, 0, 3, 40);
    options->queue_max = ONE_OF(&rng, 3, 20, 1000);
    options->open_turn_percent = ONE_OF(&rng, 0, 0, 30);
    options->credit_bytes = ONE_OF(&rng, 2048, 16384, 0);
    options->dedupe_entries = ONE_OF(&rng, 64, 256, 4096);
    options->keep_records = (uint64_t)ONE_OF(&rng, 0, 0, 25, 200);
    options->faults = ONE_OF(&rng, 0, 4, 10, 20, 30);
    options->event_clock = ONE_OF(&rng, 0, 0, 1) != 0;
    options->hold_percent = ONE_OF(&rng, 0, 0, 10, 40);
    if (options->event_clock)
        options->hold_percent = 0; /* as intake has it: an import is no flood */
    if (options->event_clock)
        options->intakes = 1; /* only the control intake may be told that time has passed */
    options->subscriptions = options->event_clock ? 0 : ONE_OF(&rng, 0, 2, 4, 8);
    options->dead_after_ms = ONE_OF(&rng, 1, 24) * 5000;
    if (options->dead_after_ms > TOC_MINUTE_MS)
        options->dead_after_ms = TOC_HOUR_MS;
    options->contacts = !options->event_clock && ONE_OF(&rng, 0, 1, 1) != 0;
    options->mutes = !options->event_clock && ONE_OF(&rng, 0, 1, 1) != 0;
    options->dues_per_step = ONE_OF(&rng, 0, 1, 4);
}

void options_print(const struct options *o, FILE *out)
{
    fprintf(out,
            "seed %llu: intakes=%u publishers=%u subjects=%u events=%u start_ms=%lld faulty_ms=%lld"
            " batch_max=%u frames_max=%u poll_ms=%u latency_ms=%u queue_max=%u"
            " open_turn_percent=%u credit_bytes=%zu dedupe_entries=%zu keep_records=%llu"
            " faults=%u event_clock=%d hold_percent=%u subscriptions=%u dead_after_ms=%lld"
            " contacts=%d mutes=%d dues_per_step=%u\n",
            (unsigned long long)o->seed, o->intakes, o->publishers, o->subjects, o->events,
            (long long)o->start_ms, (long long)o->faulty_ms, o->batch_max, o->frames_max,
            o->poll_ms, o->latency_ms, o->queue_max, o->open_turn_percent, o->credit_bytes,
            o->dedupe_entries, (unsigned long long)o->keep_records, o->faults, o->event_clock,
            o->hold_percent, o->subscriptions, (long long)o->dead_after_ms, o->contacts, o->mutes,
            o->dues_per_step);
}

/* --- the list ----------------------------------------------------------------------------- */

static void draw_one(struct world *world, struct rng *rng, struct fault *fault)
{
    const struct options *options = &world->options;
    fault->kind = (enum fault_kind)rng_range(rng, 0, FAULT_KINDS - 1);
    if (rng_chance(rng, 25)) /* crashes find most */
        fault->kind = FAULT_CRASH_COMMIT;
    fault->at_ms = rng_range(rng, 100, options->faulty_ms - 1);
    fault->node = (unsigned)rng_range(rng, 0, (int64_t)world->node_count - 1);
    fault->conn = (unsigned)rng_range(rng, 0, (int64_t)world->conn_count - 1);
    fault->nth = (unsigned)rng_range(rng, 1, 6);
    fault->flag = rng_chance(rng, 50);
    fault->amount = (unsigned)rng_range(rng, 5, 60);
    fault->step_ms = rng_range(rng, -3000, 3000);
    toc_time_ms lasts_ms = ONE_OF(rng, 30, 300, 1500, 4000);
    if ((fault->kind == FAULT_STOP || fault->kind == FAULT_CUT) && rng_chance(rng, 30))
        lasts_ms = 7000; /* longer than a silent upstream is waited for */
    fault->until_ms = fault->at_ms + lasts_ms;
    if (fault->until_ms > options->faulty_ms)
        fault->until_ms = options->faulty_ms;
}

static bool is_left_out(const struct options *options, unsigned index)
{
    const char *at = options->without;
    while (at != NULL && *at != '\0') {
        char *end;
        if (strtoul(at, &end, 10) == index && end != at)
            return true;
        at = *end == ',' ? end + 1 : NULL;
    }
    return false;
}

void faults_draw(struct world *world)
{
    TOC_ASSERT(world->options.faults <= FAULTS_MAX);
    world->fault_count = world->options.faults;
    for (unsigned i = 0; i < world->fault_count; i++) {
        struct rng rng = rng_of(world->options.seed, 100 + i);
        struct fault *fault = &world->faults[i];
        draw_one(world, &rng, fault);
        fault->left_out = is_left_out(&world->options, i);
        if (fault->left_out)
            continue;
        world_at(world, fault->at_ms, EV_FAULT_BEGIN, i, NULL);
        world_at(world, fault->until_ms, EV_FAULT_END, i, NULL);
    }
}

static void conn_text(const struct world *world, unsigned index, char *out, size_t size)
{
    const struct conn *conn = &world->conns[index];
    if (conn->from_publisher)
        snprintf(out, size, "publisher-%u>%s", conn->client, world->nodes[conn->server].name);
    else
        snprintf(out, size, "%s>%s", world->nodes[conn->client].name,
                 world->nodes[conn->server].name);
}

void faults_print(const struct world *world, FILE *out)
{
    char conn[48];
    for (unsigned i = 0; i < world->fault_count; i++) {
        const struct fault *f = &world->faults[i];
        conn_text(world, f->conn, conn, sizeof(conn));
        fprintf(out,
                "  fault %u%s: %s at=%lld until=%lld node=%s link=%s nth=%u amount=%u flag=%d"
                " step=%lld\n",
                i, f->left_out ? " (left out)" : "", fault_name(f->kind), (long long)f->at_ms,
                (long long)f->until_ms, world->nodes[f->node].name, conn, f->nth, f->amount,
                f->flag, (long long)f->step_ms);
    }
}

/* --- begin and end ------------------------------------------------------------------------ */

static void on_node(const struct fault *fault, struct node *node)
{
    if (node->run == NULL)
        return;
    node->restart_after_ms = fault->until_ms - fault->at_ms;
    switch ((int)fault->kind) {
    case FAULT_CRASH:
        node->crash_now = true;
        break;
    case FAULT_CRASH_COMMIT:
        node->disk_crash = true;
        node->keeps_commit = fault->flag;
        toc_mem_disk_crash_at(node->name, fault->nth, fault->flag);
        break;
    case FAULT_CRASH_SEND:
        node->die_at_send = fault->nth;
        break;
    case FAULT_STOP:
        node->stopped_ms = fault->until_ms;
        break;
    case FAULT_DISK_FULL:
        toc_mem_disk_full(node->name, true);
        break;
    case FAULT_NEARLY_FULL:
        toc_mem_disk_percent(node->name, 85);
        break;
    case FAULT_CLOCK:
        node->skew_ms += fault->step_ms;
        break;
    default:
        break;
    }
}

void fault_begin(struct world *world, struct fault *fault)
{
    struct conn *conn = &world->conns[fault->conn];
    world_say(world, "fault %s begins", fault_name(fault->kind));
    switch ((int)fault->kind) {
    case FAULT_CUT:
        conn->cut = true;
        link_reset(world, fault->conn);
        break;
    case FAULT_ONE_WAY:
        conn->vanish[fault->flag] = true;
        break;
    case FAULT_LOSSY:
        conn->loss_percent = fault->amount / 2;
        conn->repeat_percent = fault->amount / 4;
        break;
    case FAULT_SLOW:
        conn->slow_ms = fault->amount * 10;
        break;
    case FAULT_NARROW:
        conn->queue_max = 1;
        break;
    case FAULT_PROVIDER:
        pager_fail(world, fault->amount + 30, fault->nth);
        hooks_fail(world, fault->amount + 30, fault->nth);
        break;
    default:
        on_node(fault, &world->nodes[fault->node]);
    }
}

void fault_end(struct world *world, struct fault *fault)
{
    struct conn *conn = &world->conns[fault->conn];
    struct node *node = &world->nodes[fault->node];
    switch ((int)fault->kind) {
    case FAULT_CUT:
        conn->cut = false;
        break;
    case FAULT_ONE_WAY:
        conn->vanish[fault->flag] = false;
        break;
    case FAULT_LOSSY:
        conn->loss_percent = conn->repeat_percent = 0;
        break;
    case FAULT_SLOW:
        conn->slow_ms = 0;
        break;
    case FAULT_NARROW:
        conn->queue_max = world->options.queue_max;
        break;
    case FAULT_DISK_FULL:
        if (node->starts > 0)
            toc_mem_disk_full(node->name, false);
        break;
    case FAULT_NEARLY_FULL:
        if (node->starts > 0)
            toc_mem_disk_percent(node->name, 0);
        break;
    case FAULT_PROVIDER:
        pager_fail(world, 0, 0);
        hooks_fail(world, 0, 0);
        break;
    default:
        break; /* crashes restart by themselves; a clock that stepped stays */
    }
}
