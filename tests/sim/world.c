#include "tests/sim/world.h"

#include "common/log.h"
#include "common/run_internal.h"
#include "services/audit/audit.h"
#include "services/intake/intake.h"
#include "services/notifier/notifier.h"
#include "services/outcomes/outcomes.h"
#include "services/router/router.h"
#include "services/sla/sla.h"

#include <stdarg.h>
#include <stdlib.h>

static struct intake_config intake_configs[2];
static const char *const exempt[] = {"critical"};
static struct notifier_config notifier_config;
static struct audit_config audit_config = {.origin = "sim.example/log"};

/* --- random numbers: splitmix64 ---------------------------------------------------------- */

struct rng rng_of(uint64_t seed, uint64_t stream)
{
    struct rng rng = {seed * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u + 1};
    (void)rng_next(&rng);
    return rng;
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t rng_range(struct rng *rng, int64_t from, int64_t to)
{
    TOC_ASSERT(from <= to);
    return from + (int64_t)(rng_next(rng) % ((uint64_t)(to - from) + 1));
}

bool rng_chance(struct rng *rng, unsigned percent)
{
    return rng_next(rng) % 100 < percent;
}

/* --- what is said and seen ---------------------------------------------------------------- */

void world_trace(struct world *world, const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size; i++)
        world->trace = (world->trace ^ p[i]) * 0x100000001b3u;
    world->trace = (world->trace ^ (uint64_t)world->now_ms) * 0x100000001b3u;
}

void world_fail(struct world *world, int invariant, const char *format, ...)
{
    char what[400];
    va_list args;
    if (world->failed)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    world->failed = true;
    snprintf(world->why, sizeof(world->why), "invariant %d at %lld ms: %s", invariant,
             (long long)world->now_ms, what);
}

void world_say(struct world *world, const char *format, ...)
{
    va_list args;
    if (!world->options.verbose)
        return;
    printf("%8lld  ", (long long)world->now_ms);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* --- the queue: a binary heap ------------------------------------------------------------- */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->id < b->id;
}

static void push(struct world *world, struct event event)
{
    if (world->heap_count == world->heap_room) {
        world->heap_room = world->heap_room ? 2 * world->heap_room : 1024;
        world->heap = realloc(world->heap, world->heap_room * sizeof(*world->heap));
        TOC_ASSERT(world->heap != NULL);
    }
    size_t at = world->heap_count++;
    while (at > 0 && is_before(&event, &world->heap[(at - 1) / 2])) {
        world->heap[at] = world->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world->heap[at] = event;
}

static struct event pop(struct world *world)
{
    struct event first = world->heap[0], last = world->heap[--world->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->heap_count)
            break;
        if (child + 1 < world->heap_count &&
            is_before(&world->heap[child + 1], &world->heap[child]))
            child++;
        if (!is_before(&world->heap[child], &last))
            break;
        world->heap[at] = world->heap[child];
        at = child;
    }
    if (world->heap_count > 0)
        world->heap[at] = last;
    return first;
}

void world_at(struct world *world, toc_time_ms at_ms, enum event_kind kind, unsigned index,
              void *data)
{
    TOC_ASSERT(at_ms >= world->now_ms);
    push(world, (struct event){at_ms, ++world->next_id, kind, index, data});
}

void world_wake(struct world *world, struct node *node, toc_time_ms at_ms)
{
    if (node->tick_ms <= at_ms && node->tick_id != 0)
        return;
    node->tick_ms = at_ms;
    node->tick_id = world->next_id + 1;
    world_at(world, at_ms, EV_TURN, node->index, NULL);
}

/* --- nodes -------------------------------------------------------------------------------- */

struct toc_now world_clock(const struct world *world, const struct node *node)
{
    return (struct toc_now){.wall_ms = world->options.start_ms + world->now_ms + node->skew_ms,
                            .mono_ms = node->mono_ms + world->now_ms};
}

struct node *world_node(struct world *world, enum role role)
{
    for (size_t i = 0; i < world->node_count; i++)
        if (world->nodes[i].role == role)
            return &world->nodes[i];
    return NULL;
}

struct node *world_log(struct world *world, uint64_t log_id)
{
    for (size_t i = 0; i < world->node_count; i++)
        if (world->nodes[i].shadow.log_id == log_id)
            return &world->nodes[i];
    return NULL;
}

/* Whether what was taken is on disk after a crash: a cursor that has passed it, or a later one. */
static bool is_kept(const struct node *node, size_t index)
{
    const struct takings *takings = &node->takings;
    size_t at = 0;
    while (index < takings->count && takings->all[index].upstream >= TAKEN_TIME)
        index++;
    if (index == takings->count)
        return node->keeps_commit && toc_run_journal(node->run)->last_seq == node->commit_seq;
    while (node->upstream_nodes[at] != takings->all[index].upstream)
        at++;
    return node->run->upstreams[at].cursor >= takings->all[index].seq;
}

static void restore_takings(struct node *node)
{
    struct takings *takings = &node->takings;
    while (takings->committed < takings->count && is_kept(node, takings->committed))
        takings->committed++;
    takings->count = takings->committed;
    takings->commits = 0;
}

void node_start(struct world *world, struct node *node)
{
    if (node->run != NULL)
        return;
    node->dying = false;
    node->crash_now = false;
    node->disk_crash = false;
    node->die_at_send = 0;
    node->config.random = rng_next(&world->rng_turn);
    node->mono_ms = rng_range(&world->rng_turn, 1, 1000000);
    enum toc_err err = toc_run_open(&node->config, world_clock(world, node), &node->run);
    if (err == TOC_ERR_FULL) { /* a supervisor tries again */
        node->run = NULL;
        world_at(world, world->now_ms + 200, EV_START, node->index, NULL);
        return;
    }
    if (err < 0) {
        node->run = NULL;
        world_fail(world, 0, "%s does not open: %s", node->name, toc_err_text(err));
        return;
    }
    node->starts++;
    hooks_start(world, node);
    restore_takings(node);
    world_say(world, "%s starts at seq %llu", node->name,
              (unsigned long long)toc_run_journal(node->run)->last_seq);
    check_log(world, node);
    node->tick_id = 0;
    world_wake(world, node, world->now_ms + 1);
    if (node->role == ROLE_NOTIFIER)
        contacts_start(world);
    if (node->role == ROLE_NOTIFIER)
        contacts_tell(world, node); /* before anybody is paged */
}

static void clear_inbox(struct world *world, struct node *node)
{
    while (node->inbox != NULL) {
        struct frame *frame = node->inbox;
        node->inbox = frame->next;
        link_taken(world, frame);
        free(frame);
    }
    node->inbox_end = &node->inbox;
}

void node_crash(struct world *world, struct node *node, const char *how)
{
    if (node->run == NULL)
        return;
    world_say(world, "%s crashes: %s", node->name, how);
    hooks_stop(world, node);
    toc_run_close(node->run);
    node->run = NULL;
    clear_inbox(world, node);
    for (unsigned i = 0; i < world->conn_count; i++) {
        const struct conn *conn = &world->conns[i];
        if (conn->server == node->index || (!conn->from_publisher && conn->client == node->index))
            link_reset(world, i);
    }
    if (node->role == ROLE_NOTIFIER)
        pager_forget(world);
    toc_time_ms after_ms = world->healed ? 10 : node->restart_after_ms;
    world_at(world, world->now_ms + 1 + after_ms, EV_START, node->index, NULL);
}

static void take(struct takings *takings, struct taken taken)
{
    if (takings->count == takings->room) {
        takings->room = takings->room ? 2 * takings->room : 256;
        takings->all = realloc(takings->all, takings->room * sizeof(*takings->all));
        TOC_ASSERT(takings->all != NULL);
    }
    takings->all[takings->count++] = taken;
}

/* A step of time fires so much and no more. */
static void note_left(struct node *node, struct toc_turn *turn, toc_time_ms at_ms)
{
    toc_time_ms next_ms;
    enum toc_err err = node->service->next_due(turn->txn, &next_ms);
    TOC_ASSERT(err == TOC_OK);
    node->takings.all[node->takings.count - 1].left = next_ms < at_ms;
}

/* The core's step, and a note of what it was given: kept if the turn is committed. */
static enum toc_err watched_step(struct toc_turn *turn, const struct toc_event *ev)
{
    struct toc_link *link = turn->run->config->link;
    struct takings *takings = &link->node->takings;
    struct taken taken = {.own_seq = turn->journal->last_seq,
                          .first_seq = turn->journal->first_seq,
                          .log_ms = turn->log_ms};
    if (ev->kind == TOC_EVENT_RECORD) {
        taken.upstream = world_log(link->world, ev->log_id)->index;
        taken.seq = ev->record->seq;
        take(takings, taken);
    } else if (ev->kind == TOC_EVENT_TIME) {
        taken.upstream = TAKEN_TIME;
        take(takings, taken);
    } else if (ev->kind == TOC_EVENT_OUTCOME && link->node->role == ROLE_OUTCOMES) {
        taken.upstream = TAKEN_TOLD;
        taken.seq = told_keep(link->world, ev->bytes, ev->at_ms);
        take(takings, taken);
    }
    struct toc_event event = *ev;
    if (ev->kind == TOC_EVENT_SUBMIT) {
        event.admitted = true; /* facts that publishers say stand for what intake's shell finds */
        held_maybe(link->world, turn->arena, &event);
    }
    enum toc_err err = link->node->service->step(turn, &event);
    if (err == TOC_ERR_FULL)
        takings->count = takings->committed; /* the turn is taken back */
    if (err == TOC_OK && ev->kind == TOC_EVENT_TIME)
        note_left(link->node, turn, ev->at_ms);
    return err;
}

/* After every call of the run: was the turn committed, or did it never happen? */
static void settle_takings(struct node *node, enum toc_err err)
{
    struct takings *takings = &node->takings;
    struct toc_run_counts counts;
    toc_run_counts(node->run, &counts);
    if (err == TOC_ERR_IO)
        return; /* its cursors will tell after the restart */
    if (counts.commits != takings->commits)
        takings->committed = takings->count;
    else if (!node->run->turn_open)
        takings->count = takings->committed;
    takings->commits = counts.commits;
}

bool node_survives(struct world *world, struct node *node, enum toc_err err, const char *where)
{
    settle_takings(node, err);
    if (node->dying) {
        node->keeps_commit = false;
        node_crash(world, node, "killed while sending");
        return false;
    }
    if (err >= 0)
        return true;
    if (err == TOC_ERR_IO && node->disk_crash) {
        node_crash(world, node, "killed at a commit");
        return false;
    }
    world_fail(world, 0, "%s: %s failed: %s", node->name, where, toc_err_text(err));
    return false;
}

static bool take_frames(struct world *world, struct node *node, unsigned most)
{
    while (node->inbox != NULL && most-- > 0 && !toc_run_is_full(node->run)) {
        struct frame *frame = node->inbox;
        node->inbox = frame->next;
        if (node->inbox == NULL)
            node->inbox_end = &node->inbox;
        link_taken(world, frame);
        world->frames++;
        enum toc_err err =
            toc_run_frame(node->run, link_peer_of(world, frame), toc_str(frame->bytes, frame->size),
                          world_clock(world, node));
        free(frame);
        if (!node_survives(world, node, err, "a frame"))
            return false;
    }
    return true;
}

static bool is_registered(const struct toc_run *run, const char *name)
{
    for (size_t i = 0; i < REGISTERED_MAX; i++)
        if (strcmp(run->registered[i].name, name) == 0)
            return true;
    return false;
}

/*
 * Trimming waits for those who were heard of. Whoever turns it on sees to it that all were: a
 * follower that faults kept away from the beginning could not follow any more.
 */
static void allow_trimming(struct world *world, struct node *node)
{
    node->config.keep_records = world->options.keep_records;
    for (size_t i = 0; i < world->node_count; i++)
        for (size_t k = 0; k < world->nodes[i].upstream_count; k++)
            if (world->nodes[i].upstream_nodes[k] == node->index &&
                !is_registered(node->run, world->nodes[i].service->name))
                node->config.keep_records = 0;
}

static enum toc_err commit(struct world *world, struct node *node)
{
    node->commit_seq = toc_run_journal(node->run)->last_seq;
    return toc_run_commit(node->run, world_clock(world, node));
}

/* One round of the loop: frames, time, commit; some rounds leave the turn open. */
static void node_turn(struct world *world, struct node *node)
{
    const struct options *options = &world->options;
    unsigned frames = (unsigned)rng_range(&world->rng_turn, 1, options->frames_max);
    bool stays_open = !world->exact && rng_chance(&world->rng_turn, options->open_turn_percent);
    world->turns++;
    if (!take_frames(world, node, frames))
        return;
    if (node->crash_now) {
        node->keeps_commit = false;
        node_crash(world, node, "killed in the middle of a turn");
        return;
    }
    if (!node_survives(world, node, toc_run_poll(node->run, world_clock(world, node)), "a poll"))
        return;
    if (!stays_open || toc_run_is_full(node->run)) {
        pager_before_commit(world, node);
        allow_trimming(world, node);
        enum toc_err err = commit(world, node);
        if (!node_survives(world, node, err, "a commit"))
            return;
        check_log(world, node);
        pager_after_commit(world, node);
        told_after_commit(world, node);
        hooks_after_commit(world, node);
        if (!node_survives(world, node, TOC_OK, "what its sender told"))
            return;
    }
    toc_time_ms wait_ms = toc_run_wait_ms(node->run, world_clock(world, node));
    if (node->inbox != NULL || world->exact)
        wait_ms = wait_ms == 0 || node->inbox != NULL ? 1 : wait_ms;
    else
        wait_ms += rng_range(&world->rng_turn, 0, options->poll_ms);
    world_wake(world, node, world->now_ms + (wait_ms < 1 ? 1 : wait_ms));
}

static void on_turn(struct world *world, struct node *node, uint64_t id)
{
    if (node->run == NULL || id != node->tick_id || world->failed)
        return;
    node->tick_id = 0;
    if (node->stopped_ms > world->now_ms)
        world_wake(world, node, node->stopped_ms);
    else
        node_turn(world, node);
}

/* --- running ------------------------------------------------------------------------------ */

static void happen(struct world *world, struct event *event)
{
    switch (event->kind) {
    case EV_FRAME:
        link_deliver(world, event->data);
        break;
    case EV_TURN:
        on_turn(world, &world->nodes[event->index], event->id);
        break;
    case EV_START:
        node_start(world, &world->nodes[event->index]);
        break;
    case EV_PUBLISHER:
        workload_step(world, event->index);
        break;
    case EV_FAULT_BEGIN:
        fault_begin(world, &world->faults[event->index]);
        break;
    case EV_FAULT_END:
        fault_end(world, &world->faults[event->index]);
        break;
    case EV_PAGE:
        pager_event(world, event->index);
        break;
    case EV_HOOK:
        hooks_event(world, event->index);
        break;
    }
}

void world_run(struct world *world, toc_time_ms until_ms)
{
    while (!world->failed && world->heap_count > 0 && world->heap[0].at_ms <= until_ms) {
        struct event event = pop(world);
        world->now_ms = event.at_ms;
        happen(world, &event);
    }
    if (!world->failed)
        world->now_ms = until_ms;
}

void world_heal(struct world *world)
{
    world->healed = true;
    world_say(world, "healed");
    for (size_t i = 0; i < world->node_count; i++) {
        struct node *node = &world->nodes[i];
        node->crash_now = false;
        node->die_at_send = 0;
        node->stopped_ms = 0;
        if (node->starts > 0)
            toc_mem_disk_crash_at(node->name, 0, false);
        if (node->run == NULL)
            world_at(world, world->now_ms + 1, EV_START, (unsigned)i, NULL);
        else
            world_wake(world, node, world->now_ms + 1);
    }
}

bool world_settle(struct world *world)
{
    for (size_t i = 0; i < world->node_count && !world->failed; i++) {
        struct node *node = &world->nodes[i];
        if (node->run == NULL)
            continue;
        enum toc_err err = toc_run_poll(node->run, world_clock(world, node));
        if (!node_survives(world, node, err, "a poll"))
            continue;
        err = commit(world, node);
        if (!node_survives(world, node, err, "a commit"))
            continue;
        check_log(world, node);
        told_after_commit(world, node);
    }
    return !world->failed;
}

/* --- building ----------------------------------------------------------------------------- */

static struct node *add_node(struct world *world, enum role role, const char *name,
                             const struct toc_service *service, const void *config)
{
    TOC_ASSERT(world->node_count < NODES_MAX);
    struct node *node = &world->nodes[world->node_count];
    node->index = (unsigned)world->node_count++;
    node->role = role;
    snprintf(node->name, sizeof(node->name), "%s", name);
    node->service = service;
    node->watched = *service;
    node->watched.step = watched_step;
    node->service_config = config;
    node->link = (struct toc_link){world, node};
    node->inbox_end = &node->inbox;
    return node;
}

static void follow(struct world *world, struct node *node, const struct node *upstream)
{
    size_t at = node->upstream_count++;
    TOC_ASSERT(world->conn_count < CONNS_MAX);
    node->upstream_names[at] = upstream->name;
    node->upstream_nodes[at] = upstream->index;
    node->upstream_conns[at] = (unsigned)world->conn_count;
    world->conns[world->conn_count++] = (struct conn){.client = node->index,
                                                      .server = upstream->index,
                                                      .upstream = (unsigned)at,
                                                      .queue_max = world->options.queue_max};
}

static void configure(struct world *world, struct node *node)
{
    const struct options *options = &world->options;
    node->config = (struct toc_run_config){.service = &node->watched,
                                           .service_config = node->service_config,
                                           .data_dir = node->name,
                                           .map_bytes = TOC_MAP_MIN,
                                           .link = &node->link,
                                           .upstreams = node->upstream_names,
                                           .upstream_count = node->upstream_count,
                                           .event_clock = options->event_clock,
                                           .batch_max = options->batch_max,
                                           .credit_bytes = options->credit_bytes,
                                           .keep_records = options->keep_records};
}

static void build_nodes(struct world *world)
{
    struct node *intakes[2];
    for (unsigned i = 0; i < world->options.intakes; i++) {
        intake_configs[i] = (struct intake_config){.issue_key = {7, 1, 2, 3},
                                                   .control = i == 0,
                                                   .memory_entries = world->options.dedupe_entries,
                                                   .window_ms = TOC_DAY_MS,
                                                   .exempt = {exempt, 1},
                                                   .held_max = 10000};
        intakes[i] = add_node(world, ROLE_INTAKE, i == 0 ? "intake-a" : "intake-b", &intake_service,
                              &intake_configs[i]);
    }
    memset(audit_config.seed, 42, sizeof(audit_config.seed));
    struct node *router = add_node(world, ROLE_ROUTER, "router", &router_service, NULL);
    struct node *sla = add_node(world, ROLE_SLA, "sla", &sla_service, NULL);
    notifier_config.dues_per_step = world->options.dues_per_step;
    struct node *notifier =
        add_node(world, ROLE_NOTIFIER, "notifier", &notifier_service, &notifier_config);
    struct node *audit = add_node(world, ROLE_AUDIT, "audit", &audit_service, &audit_config);
    for (unsigned i = 0; i < world->options.intakes; i++) {
        follow(world, router, intakes[i]);
        follow(world, notifier, intakes[i]);
        follow(world, audit, intakes[i]);
    }
    follow(world, router, sla);
    follow(world, sla, router);
    follow(world, notifier, router);
    follow(world, notifier, sla);
    follow(world, audit, router);
    follow(world, audit, sla);
    follow(world, audit, notifier);
    if (world->options.subscriptions > 0) {
        struct node *outcomes =
            add_node(world, ROLE_OUTCOMES, "outcomes", &outcomes_service, hooks_core_config(world));
        follow(world, outcomes, intakes[0]);
        follow(world, outcomes, router);
        follow(world, outcomes, sla);
        follow(world, audit, outcomes);
    }
    for (size_t i = 0; i < world->node_count; i++)
        configure(world, &world->nodes[i]);
}

struct world *world_new(const struct options *options)
{
    struct world *world = calloc(1, sizeof(*world));
    TOC_ASSERT(world != NULL);
    toc_mem_disk_free_all();
    toc_log_setup("sim", options->verbose && getenv("SIM_LOG") != NULL);
    world->options = *options;
    world->rng_turn = rng_of(options->seed, 1);
    world->rng_link = rng_of(options->seed, 2);
    world->rng_work = rng_of(options->seed, 3);
    world->rng_page = rng_of(options->seed, 4);
    world->rng_hook = rng_of(options->seed, 6);
    world->rng_duty = rng_of(options->seed, 7);
    world->rng_probe = rng_of(options->seed, 9);
    world->rng_bounce = rng_of(options->seed, 11);
    world->trace = 0xcbf29ce484222325u;
    if (options->subscriptions > 0) {
        world->hooks = hooks_new(world);
        world->told = told_new();
    }
    build_nodes(world);
    world->pager = pager_new();
    world->owed = owed_new(world);
    world->contacts = contacts_new();
    world->on_call = on_call_new();
    world->mutes = mutes_new();
    world->incidents = incidents_new();
    world->probes = probes_new();
    world->groups = groups_new();
    world->storms = storms_new();
    world->held = held_new(options->seed);
    world->work = workload_new(world);
    for (size_t i = 0; i < world->node_count; i++)
        world_at(world, rng_range(&world->rng_turn, 0, 50), EV_START, (unsigned)i, NULL);
    return world;
}

void world_free(struct world *world)
{
    for (size_t i = 0; i < world->node_count; i++) {
        struct node *node = &world->nodes[i];
        hooks_stop(world, node);
        toc_run_close(node->run);
        clear_inbox(world, node);
        for (size_t k = 0; k < node->shadow.count; k++)
            free(node->shadow.seen[k].bytes);
        free(node->shadow.seen);
        free(node->takings.all);
    }
    while (world->heap_count > 0)
        free(pop(world).data);
    free(world->heap);
    workload_free(world->work);
    pager_free(world->pager);
    owed_free(world->owed);
    contacts_free(world->contacts);
    on_call_free(world->on_call);
    mutes_free(world->mutes);
    incidents_free(world->incidents);
    probes_free(world->probes);
    groups_free(world->groups);
    storms_free(world->storms);
    held_free(world->held);
    hooks_free(world->hooks);
    told_free(world->told);
    free(world);
    toc_mem_disk_free_all();
}
