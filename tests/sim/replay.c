/*
 * State is a fold of the logs: each service is built again from nothing, out of what its upstreams'
 * logs say, in the order that the causes in its own log show. Every record has to come out again
 * byte for byte, and at the end every row.
 *
 * A record without a cause stands for what was in no upstream's log: time that passed, an upstream
 * that fell silent, the outcome of a page, log time far behind. It says at which log time that was,
 * so the replay does the same there. Turns end at other places than they did.
 */
#include "tests/sim/world.h"

#include "common/run_internal.h"

#include <stdlib.h>

#define DISK "replay"

struct replay {
    struct world *world;
    const struct node *node;
    struct toc_link link;
    struct toc_run_config config;
    struct toc_run *run;
    size_t taken; /* of the node's takings */
    size_t made;  /* own records that were compared */
    struct rng rng;
};

static void fail(struct replay *replay, const char *what)
{
    world_fail(replay->world, 6, "%s, rebuilt up to seq %zu: %s", replay->node->name, replay->made,
               what);
}

static void tell_record(struct world *world, const char *what, struct toc_str bytes)
{
    const Tocsin__V1__Record *r = check_message(&tocsin__v1__record__descriptor, bytes);
    world_say(world, "%s: type %d at %lld log %lld cause %016llx/%llu/%u policy %u, %zu bytes",
              what, r->type, (long long)r->at_ms, (long long)r->log_ms,
              (unsigned long long)r->cause_log, (unsigned long long)r->cause_seq, r->cause_index,
              r->policy, bytes.size);
}

/* What the new instance has written has to be what the log says. */
static void compare_new(struct replay *replay)
{
    const struct shadow *shadow = &replay->node->shadow;
    struct toc_journal_entry entry;
    while (replay->made < replay->run->journal.last_seq && !replay->world->failed) {
        enum toc_err err = toc_journal_read(replay->run->turn.txn, replay->made + 1, &entry);
        TOC_ASSERT(err == TOC_OK);
        if (replay->made == shadow->count) {
            fail(replay, "it writes more than there is");
        } else {
            const struct seen *seen = &shadow->seen[replay->made];
            if (!toc_str_equal(entry.record, toc_str(seen->bytes, seen->size))) {
                tell_record(replay->world, "was", toc_str(seen->bytes, seen->size));
                tell_record(replay->world, "is now", entry.record);
                fail(replay, "the next record differs");
            }
        }
        replay->made++;
    }
}

static void after_step(struct replay *replay, enum toc_err err)
{
    const struct toc_now now = {.wall_ms = TOC_TIME_MIN};
    if (err < 0) {
        fail(replay, toc_err_text(err));
        return;
    }
    compare_new(replay);
    if (rng_chance(&replay->rng, 20) && toc_run_commit(replay->run, now) < 0)
        fail(replay, "a commit failed");
    err = run_begin(replay->run);
    TOC_ASSERT(err == TOC_OK);
}

/* All that was due, by log time; one step of it, by a clock of its own. */
static void let_time_pass(struct replay *replay, toc_time_ms log_ms)
{
    struct toc_event ev = {.kind = TOC_EVENT_TIME, .at_ms = log_ms};
    replay->run->log_ms = log_ms; /* an own clock may start lower after a restart */
    if (run_has_own_time(replay->run))
        after_step(replay, run_step(replay->run, &ev, 0, 0, NULL));
    else
        after_step(replay, run_fire_dues(replay->run, UINT32_MAX));
}

/*
 * As the run does before every record. Where it leads, it has fired before what it had to; what a
 * clock of its own had come to by then may have been behind, and each step of it was taken.
 */
static void come_to(struct replay *replay, toc_time_ms log_ms)
{
    if (replay->run->leads || run_has_own_time(replay->run))
        replay->run->log_ms = log_ms;
    else
        let_time_pass(replay, log_ms);
}

static void step_seen(struct replay *replay, const struct node *up, uint64_t seq)
{
    const struct toc_service *service = replay->run->service;
    const struct seen *seen = &up->shadow.seen[seq - 1];
    struct toc_event ev = {.kind = TOC_EVENT_RECORD,
                           .at_ms = seen->at_ms,
                           .bytes = toc_str(seen->bytes, seen->size),
                           .record = check_unpack(seen),
                           .log_id = up->shadow.log_id,
                           .upstream = up->name};
    if (service->upstream_classes != 0 && (service->upstream_classes & ev.record->class_) == 0)
        return;
    after_step(replay, run_step(replay->run, &ev, up->shadow.log_id, seq, NULL));
}

/* The log is whole here; how far back it went then says where a subscription may begin. */
static void pass_taken(struct replay *replay)
{
    replay->run->journal.first_seq = replay->node->takings.all[replay->taken++].first_seq;
}

/* Whether the next record of the own log follows from that one. */
static bool has_trace(const struct replay *replay, const struct node *up, uint64_t seq)
{
    const struct shadow *shadow = &replay->node->shadow;
    if (replay->made == shadow->count)
        return false;
    const struct seen *own = &shadow->seen[replay->made];
    return own->cause_log == up->shadow.log_id && own->cause_seq == seq;
}

static void step_told(struct replay *replay, const struct taken *taken)
{
    struct toc_event ev = {.kind = TOC_EVENT_OUTCOME};
    ev.bytes = told_kept(replay->world, taken->seq, &ev.at_ms);
    replay->run->log_ms = taken->log_ms;
    after_step(replay, run_step(replay->run, &ev, 0, 0, NULL));
}

/*
 * What was taken at this place of the own log and left no trace there, and time that passed. A log
 * does not tell where that was between two of its records, so the simulator has kept it.
 */
static void step_silent_here(struct replay *replay)
{
    const struct takings *takings = &replay->node->takings;
    while (replay->taken < takings->committed && !replay->world->failed) {
        const struct taken *taken = &takings->all[replay->taken];
        bool is_time = taken->upstream == TAKEN_TIME, is_told = taken->upstream == TAKEN_TOLD;
        const struct node *up = is_time || is_told ? NULL : &replay->world->nodes[taken->upstream];
        if (taken->own_seq > replay->made || (!is_time && taken->own_seq != replay->made) ||
            (up != NULL && has_trace(replay, up, taken->seq)))
            return;
        pass_taken(replay);
        if (is_told)
            step_told(replay, taken);
        if (is_time && taken->own_seq == replay->made)
            let_time_pass(replay, taken->log_ms);
        if (up == NULL)
            continue;
        come_to(replay, taken->log_ms);
        step_seen(replay, up, taken->seq);
    }
}

static void step_upstream(struct replay *replay, const struct seen *own)
{
    const Tocsin__V1__Record *record = check_unpack(own);
    const Tocsin__V1__Upstream *upstream =
        check_message(&tocsin__v1__upstream__descriptor, toc_wire_bytes(&record->body));
    struct toc_event ev = {.kind = TOC_EVENT_UPSTREAM,
                           .at_ms = own->log_ms,
                           .log_id = upstream->log_id,
                           .upstream = upstream->name,
                           .left_out = own->type == TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT};
    if (upstream->stopped[0] != '\0')
        ev.stopped = upstream->stopped;
    after_step(replay, run_step(replay->run, &ev, 0, 0, NULL));
}

static void step_outcome(struct replay *replay, const struct seen *own)
{
    const Tocsin__V1__Record *record = check_unpack(own);
    const Tocsin__V1__AlertChange *change =
        check_message(&tocsin__v1__alert_change__descriptor, toc_wire_bytes(&record->body));
    struct toc_event ev = {.kind = TOC_EVENT_OUTCOME,
                           .bytes = pager_outcome(replay->world, change->page->outcome)};
    after_step(replay, run_step(replay->run, &ev, 0, 0, NULL));
}

/* What was learned of a contact is in the rows already, whatever the record says of it. */
static void step_contact(struct replay *replay, const struct seen *own)
{
    const Tocsin__V1__Record *record = check_unpack(own);
    Tocsin__V1__SenderWord word = TOCSIN__V1__SENDER_WORD__INIT;
    uint8_t bytes[512];
    word.contact = check_message(&tocsin__v1__contact__descriptor, toc_wire_bytes(&record->body));
    TOC_ASSERT(tocsin__v1__sender_word__get_packed_size(&word) <= sizeof(bytes));
    size_t size = tocsin__v1__sender_word__pack(&word, bytes);
    struct toc_event ev = {.kind = TOC_EVENT_OUTCOME, .bytes = toc_str(bytes, size)};
    after_step(replay, run_step(replay->run, &ev, 0, 0, NULL));
}

static const Tocsin__V1__ClockChange *unconfirmed_of(const struct seen *seen)
{
    if (seen->type != TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED || seen->cause_log != 0)
        return NULL;
    const Tocsin__V1__Record *record = check_unpack(seen);
    const Tocsin__V1__ClockChange *change =
        check_message(&tocsin__v1__clock_change__descriptor, toc_wire_bytes(&record->body));
    return change->what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED ? change : NULL;
}

/*
 * What sla said by the wall clock while log time stood still. Only what it tells the
 * router has that wall time; just after the latest due that it said is as good, since it said all
 * that it then could.
 */
static void step_behind(struct replay *replay)
{
    const struct shadow *shadow = &replay->node->shadow;
    struct toc_event ev = {.kind = TOC_EVENT_BEHIND, .at_ms = TOC_TIME_MIN};
    const Tocsin__V1__ClockChange *change;
    for (size_t i = replay->made; i < shadow->count; i++) {
        bool same_step = i == replay->made || shadow->seen[i].cause_index != 0;
        bool tells_router = shadow->seen[i].type == TOCSIN__V1__RECORD_TYPE__URGENCY_CHANGED;
        change = same_step ? unconfirmed_of(&shadow->seen[i]) : NULL;
        if (same_step && tells_router)
            ev.at_ms = shadow->seen[i].at_ms; /* the wall time */
        else if (change == NULL)
            break;
        else if (change->due_ms >= ev.at_ms)
            ev.at_ms = change->due_ms + 1;
    }
    after_step(replay, run_step(replay->run, &ev, 0, 0, NULL));
}

/* One step of the own log: the records that follow from one event. */
static void follow_log(struct replay *replay)
{
    const struct seen *own = &replay->node->shadow.seen[replay->made];
    const struct node *up = own->cause_log != 0 ? world_log(replay->world, own->cause_log) : NULL;
    size_t before = replay->made;
    step_silent_here(replay);
    if (replay->made != before)
        return;
    replay->run->log_ms = own->log_ms;
    if (up != NULL) {
        pass_taken(replay);
        come_to(replay, own->log_ms);
        step_seen(replay, up, own->cause_seq);
    } else if (own->type == TOCSIN__V1__RECORD_TYPE__UPSTREAM_LEFT_OUT ||
               own->type == TOCSIN__V1__RECORD_TYPE__UPSTREAM_BACK) {
        step_upstream(replay, own);
    } else if (own->type == TOCSIN__V1__RECORD_TYPE__ALERT_SENT) {
        step_outcome(replay, own);
    } else if (own->type == TOCSIN__V1__RECORD_TYPE__CONTACT_CHANGED) {
        step_contact(replay, own);
    } else if (unconfirmed_of(own) != NULL) {
        let_time_pass(replay, own->log_ms);
        step_behind(replay);
    } else {
        let_time_pass(replay, own->log_ms);
    }
    if (replay->made == before && !replay->world->failed)
        fail(replay, "the next record does not come");
}

static void compare_rows(struct replay *replay)
{
    size_t tables = TOC_TABLE_OWN + replay->node->service->table_count;
    for (size_t i = 0; i < tables && !replay->world->failed; i++) {
        uint8_t was[TOC_MEM_DIGEST_SIZE], is[TOC_MEM_DIGEST_SIZE];
        if (i == TOC_TABLE_META || i == TOC_TABLE_CURSOR)
            continue; /* reservations and cursors are no fold of the logs */
        if (i == TOC_TABLE_LOG && replay->world->options.keep_records != 0)
            continue; /* trimmed here, whole there; each record was compared as it was made */
        toc_mem_disk_digest_table(replay->node->name, i, was);
        toc_mem_disk_digest_table(DISK, i, is);
        if (memcmp(was, is, sizeof(was)) != 0)
            world_fail(replay->world, 6, "%s, rebuilt: table %s differs", replay->node->name,
                       i < TOC_TABLE_OWN ? (i == TOC_TABLE_LOG ? "log" : "policy")
                                         : replay->node->service->tables[i - TOC_TABLE_OWN]);
    }
}

static void rebuild(struct replay *replay)
{
    const struct toc_now now = {.wall_ms = TOC_TIME_MIN};
    enum toc_err err = run_begin(replay->run);
    TOC_ASSERT(err == TOC_OK);
    while (replay->made < replay->node->shadow.count && !replay->world->failed)
        follow_log(replay);
    step_silent_here(replay);
    if (!replay->world->failed && replay->taken != replay->node->takings.committed)
        fail(replay, "it took more than its log and its upstreams show");
    if (!run_has_own_time(replay->run))
        let_time_pass(replay, replay->node->run->log_ms);
    err = toc_run_commit(replay->run, now);
    TOC_ASSERT(err == TOC_OK);
    if (!replay->world->failed)
        compare_rows(replay);
}

static void replay_node(struct world *world, struct node *node)
{
    struct replay replay = {.world = world,
                            .node = node,
                            .link = {world, NULL},
                            .rng = rng_of(world->options.seed, 20)};
    const struct toc_now now = {.wall_ms = TOC_TIME_MIN};
    replay.config = node->config;
    replay.config.service = node->service;
    replay.config.data_dir = DISK;
    replay.config.link = &replay.link;
    replay.config.random = node->shadow.log_id;
    replay.config.keep_records = 0;
    enum toc_err err = toc_run_open(&replay.config, now, &replay.run);
    TOC_ASSERT(err == TOC_OK);
    rebuild(&replay);
    toc_run_close(replay.run);
    toc_mem_disk_free(DISK);
}

void replay_check(struct world *world)
{
    for (size_t i = 0; i < world->node_count && !world->failed; i++) {
        enum role role = world->nodes[i].role;
        if (role == ROLE_ROUTER || role == ROLE_SLA || role == ROLE_NOTIFIER ||
            role == ROLE_OUTCOMES)
            replay_node(world, &world->nodes[i]);
    }
}
