/* What has to hold once the faults are over: liveness, and everything that needs whole logs. */
#include "tests/sim/world.h"

#include "common/run_internal.h"
#include "services/audit/leaf.h"
#include "services/notifier/notifier.h"
#include "services/router/router.h"

#include <stdlib.h>

static bool is_caught_up(const struct world *world, const struct node *node)
{
    for (size_t i = 0; i < node->upstream_count; i++)
        if (node->run->upstreams[i].cursor != world->nodes[node->upstream_nodes[i]].shadow.count)
            return false;
    return true;
}

/* Something is to happen soon: sooner than a shift or a day ends. */
static bool is_restless(const struct toc_run *run)
{
    toc_time_ms wake_ms = run->turn.wake_ms;
    return wake_ms != TOC_TIME_NEVER && wake_ms < toc_run_log_ms(run) + TOC_MINUTE_MS;
}

/* --- liveness ----------------------------------------------------------------------------- */

bool ends_is_quiet(struct world *world, const char **why_not)
{
    static char text[160];
    *why_not = NULL;
    for (size_t i = 0; i < world->node_count; i++) {
        const struct node *node = &world->nodes[i];
        struct toc_run_counts counts;
        if (node->run == NULL) {
            *why_not = "a service is down";
            return false;
        }
        toc_run_counts(node->run, &counts);
        if (counts.upstreams_live == counts.upstreams && counts.lag_records == 0 &&
            counts.upstreams_stopped == 0 && is_caught_up(world, node))
            continue;
        snprintf(text, sizeof(text), "%s follows %zu of %zu, %zu stopped, %llu records behind",
                 node->name, counts.upstreams_live, counts.upstreams, counts.upstreams_stopped,
                 (unsigned long long)counts.lag_records);
        *why_not = text;
    }
    if (is_restless(world_node(world, ROLE_ROUTER)->run))
        *why_not = "an event, an offer or a sweep still waits at the router";
    if (!workload_is_done(world))
        *why_not = "something that was published has no answer";
    if (pager_pending(world) != 0)
        *why_not = "a page is still pending";
    if (told_waits(world) != NULL)
        *why_not = told_waits(world);
    return *why_not == NULL;
}

/* --- helpers over one log ----------------------------------------------------------------- */

const Tocsin__V1__Event *ends_event(struct world *world, uint64_t log, uint64_t seq)
{
    const struct node *intake = world_log(world, log);
    if (intake == NULL || intake->role != ROLE_INTAKE || seq == 0 || seq > intake->shadow.count)
        return NULL;
    const struct seen *seen = &intake->shadow.seen[seq - 1];
    const Tocsin__V1__Record *record =
        check_message(&tocsin__v1__record__descriptor, toc_str(seen->bytes, seen->size));
    return record == NULL
               ? NULL
               : check_message(&tocsin__v1__event__descriptor, toc_wire_bytes(&record->body));
}

/* --- causes exist --------------------------------------------------------------------------- */

static void check_causes(struct world *world, const struct node *node)
{
    for (size_t i = 0; i < node->shadow.count; i++) {
        const struct seen *seen = &node->shadow.seen[i];
        const struct node *up = seen->cause_log ? world_log(world, seen->cause_log) : NULL;
        if (up != NULL && seen->cause_seq > up->shadow.count)
            world_fail(world, 2, "%s seq %zu follows from %s/%llu, which is not there", node->name,
                       i + 1, up->name, (unsigned long long)seen->cause_seq);
    }
}

/* --- the router: every event has its effect, in order --------------------------------------- */

static bool is_cause(const struct node *router, uint64_t log, uint64_t seq, size_t *from)
{
    for (; *from < router->shadow.count; (*from)++) {
        const struct seen *seen = &router->shadow.seen[*from];
        if (seen->cause_log == log && seen->cause_seq >= seq)
            return seen->cause_seq == seq;
    }
    return false;
}

static void check_effects(struct world *world, const struct node *intake, const struct node *router)
{
    size_t from = 0;
    for (size_t i = 0; i < intake->shadow.count && !world->failed; i++) {
        const struct seen *seen = &intake->shadow.seen[i];
        if (seen->type != TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED || !seen->has_issue)
            continue;
        if (!is_cause(router, intake->shadow.log_id, i + 1, &from))
            world_fail(world, 5, "%s seq %zu has no effect at the router", intake->name, i + 1);
    }
}

#define TRACKS_MAX  256
#define WAITING_MAX 32

struct waiting {
    uint64_t log, seq;
};

/* What one issue's history has said so far. */
struct track {
    uint8_t id[16];
    toc_time_ms at_ms;
    uint64_t last_seq;
    char queue[64];
    uint32_t policy;
    uint32_t asked; /* other teams, not told yet */
    bool merged;
    struct waiting waiting[WAITING_MAX]; /* parked, in order */
    size_t waiting_count, released;
};

struct tracks {
    struct track all[TRACKS_MAX];
    size_t count;
};

static struct track *track_of(struct tracks *tracks, const uint8_t id[16])
{
    for (size_t i = 0; i < tracks->count; i++)
        if (memcmp(tracks->all[i].id, id, 16) == 0)
            return &tracks->all[i];
    TOC_ASSERT(tracks->count < TRACKS_MAX);
    struct track *track = &tracks->all[tracks->count++];
    *track = (struct track){.at_ms = TOC_TIME_MIN};
    memcpy(track->id, id, 16);
    return track;
}

static bool fits(const Tocsin__V1__Event *event, const char *type,
                 const Tocsin__V1__IssueChange *change)
{
    if (event == NULL || strcmp(event->type, type) != 0)
        return false;
    return change == NULL || event->body_case != TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE ||
           event->issue_message->direction == change->direction;
}

/* A test and a real issue do not touch each other; of a stub its opening says which it is. */
static void check_mark(struct world *world, const Tocsin__V1__Event *event,
                       const Tocsin__V1__IssueChange *change)
{
    if (event != NULL && change != NULL && event->test != change->issue->test)
        world_fail(world, 12, "%s, %s, changes an issue that is %s", event->type,
                   event->test ? "a test" : "real", change->issue->test ? "a test" : "real");
}

/* A record that an event of its own led to: is it the one whose turn it is? */
static void check_turn(struct world *world, struct track *track, const struct seen *seen,
                       const char *type, const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Event *own = ends_event(world, seen->cause_log, seen->cause_seq);
    bool parked_before = track->released < track->waiting_count;
    if (parked_before && (own == NULL || seen->cause_index > 0)) {
        const struct waiting *next = &track->waiting[track->released];
        const Tocsin__V1__Event *waited = ends_event(world, next->log, next->seq);
        if (fits(waited, type, change)) {
            check_mark(world, waited, change);
            track->released++;
            return;
        }
        if (own == NULL || strcmp(own->type, type) != 0 || seen->cause_index > 1)
            world_fail(world, 5, "an event that waited is applied out of order: %s", type);
        check_mark(world, own, change);
        return;
    }
    check_mark(world, own, change);
    if (own != NULL && parked_before && strcmp(own->type, "tocsin.issue.opened") != 0 &&
        seen->cause_index == 0)
        world_fail(world, 5, "an event overtakes those that wait: %s", type);
}

/* What came of an event beside its own record. */
static bool is_second(const Tocsin__V1__IssueChange *change)
{
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED)
        return strcmp(change->event_type, "tocsin.issue.escalated") != 0;
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__FACT) /* found in a message */
        return strcmp(change->event_type, "tocsin.issue.fact") != 0;
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__DUPLICATE)
        return true;
    return change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ESCALATION &&
           strncmp(change->event_type, "tocsin.escalation.", 18) != 0;
}

/* Questions to other teams are counted, none is left behind, and what is merged is over. */
static void check_case(struct world *world, struct track *track,
                       const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    const Tocsin__V1__CrossEscalation *asked = change->escalation;
    bool closed = issue->state == TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED;
    if (asked != NULL && asked->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_TOLD)
        track->asked--;
    else if (asked != NULL && asked->raised_ms == asked->changed_ms &&
             asked->state == TOCSIN__V1__ESCALATION_STATE__ESCALATION_RAISED &&
             asked->returned == 0)
        track->asked++;
    if (issue->escalations != track->asked)
        world_fail(world, 12, "%u open escalations where the history says %u", issue->escalations,
                   track->asked);
    if (closed && issue->escalations > 0 && change->old_state != 0 &&
        change->old_state != issue->state)
        world_fail(world, 12, "an issue is closed while another team is asked");
    if (change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED)
        track->merged = true;
    if (track->merged && !(closed && issue->merged_into.len == 16))
        world_fail(world, 12, "a merged issue goes on");
    /* A late opening may say that what was closed long ago is an appeal. */
    if (issue->appeal != NULL && closed && issue->outcome[0] == '\0' && change->old_state != 0 &&
        change->old_state != issue->state)
        world_fail(world, 12, "an appeal is closed without an outcome");
    if (issue->appeal != NULL && strcmp(issue->appeal->decider, issue->assignee) == 0 &&
        issue->assignee[0] != '\0')
        world_fail(world, 12, "an appeal is with who made the decision");
}

static void check_change(struct world *world, struct track *track, const struct seen *seen,
                         const Tocsin__V1__IssueChange *change)
{
    const Tocsin__V1__Issue *issue = change->issue;
    bool moves = change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ROUTED ||
                 change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__ASSIGNED ||
                 change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__HANDED_OFF ||
                 change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__POLICY;
    if (strcmp(moves ? change->old_queue : issue->queue, track->queue) != 0)
        world_fail(world, 12, "queue '%s' where the history says '%s'",
                   moves ? change->old_queue : issue->queue, track->queue);
    if (seen->at_ms < track->at_ms)
        world_fail(world, 5, "time goes back within an issue");
    snprintf(track->queue, sizeof(track->queue), "%s", issue->queue);
    track->at_ms = seen->at_ms;
    track->policy = issue->policy;
    check_case(world, track, change);
    bool passed_on = change->other.len == 16 && change->event_type[0] != '\0' &&
                     change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__MERGED;
    if (!is_second(change) && !passed_on && change->event_type[0] != '\0' &&
        change->what != TOCSIN__V1__ISSUE_CHANGE__WHAT__OPENED)
        check_turn(world, track, seen, change->event_type, change);
    if (track->merged) /* what waited for it may have gone on to the other issue */
        track->released = track->waiting_count;
}

static void check_history(struct world *world, struct tracks *tracks, const struct node *router,
                          size_t at)
{
    const struct seen *seen = &router->shadow.seen[at];
    const Tocsin__V1__Record *record = check_unpack(seen);
    struct track *track = track_of(tracks, seen->issue);
    struct toc_str body = toc_wire_bytes(&record->body);
    if (record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_PARKED) {
        TOC_ASSERT(track->waiting_count < WAITING_MAX);
        track->waiting[track->waiting_count++] = (struct waiting){seen->cause_log, seen->cause_seq};
        return;
    }
    if (record->prev_seq != track->last_seq)
        world_fail(world, 5, "router seq %zu: the record before it is %llu, not %llu", at + 1,
                   (unsigned long long)track->last_seq, (unsigned long long)record->prev_seq);
    track->last_seq = at + 1;
    if (record->type == TOCSIN__V1__RECORD_TYPE__ISSUE_REFUSED) {
        const Tocsin__V1__IssueRefused *refused =
            check_message(&tocsin__v1__issue_refused__descriptor, body);
        check_turn(world, track, seen, refused->event_type, NULL);
        return;
    }
    const Tocsin__V1__IssueChange *change =
        check_message(&tocsin__v1__issue_change__descriptor, body);
    if (change == NULL || change->issue == NULL)
        world_fail(world, 5, "router seq %zu has no readable change", at + 1);
    else
        check_change(world, track, seen, change);
}

static void check_router(struct world *world, const struct node *router)
{
    struct tracks *tracks = calloc(1, sizeof(*tracks));
    TOC_ASSERT(tracks != NULL);
    for (size_t i = 0; i < router->shadow.count && !world->failed; i++)
        if (router->shadow.seen[i].has_issue)
            check_history(world, tracks, router, i);
    for (size_t i = 0; i < tracks->count && !world->failed; i++) {
        const struct track *track = &tracks->all[i];
        if (track->policy != 0 && track->queue[0] == '\0')
            world_fail(world, 12, "an issue is in no queue");
        if (track->released != track->waiting_count)
            world_fail(world, 17, "%zu of %zu events that waited for an opening were applied",
                       track->released, track->waiting_count);
    }
    free(tracks);
}

/* --- audit: leaves and records in bijection ------------------------------------------------- */

#define TABLE_ENTRY (TOC_TABLE_OWN + 1) /* see services/audit/core.c */

static void check_leaf(struct world *world, const struct node *audit, struct toc_str row,
                       uint64_t next[NODES_MAX])
{
    struct leaf leaf;
    uint8_t hash[TOC_SHA256];
    (void)audit;
    if (leaf_decode(row, &leaf) != TOC_OK) {
        world_fail(world, 14, "a leaf cannot be read");
        return;
    }
    const struct node *of = world_log(world, leaf.log);
    if (of == NULL || leaf.seq != next[of->index] + 1 || leaf.seq > of->shadow.count) {
        world_fail(world, 14, "a leaf for seq %llu of %s where %llu comes next",
                   (unsigned long long)leaf.seq, of != NULL ? of->name : "no log",
                   of != NULL ? (unsigned long long)next[of->index] + 1 : 0);
        return;
    }
    next[of->index] = leaf.seq;
    const struct seen *seen = &of->shadow.seen[leaf.seq - 1];
    toc_sha256(hash, toc_str(seen->bytes, seen->size));
    if (memcmp(hash, leaf.record_hash, sizeof(hash)) != 0)
        world_fail(world, 14, "the leaf of %s/%llu has another record's hash", of->name,
                   (unsigned long long)leaf.seq);
}

static void check_audit(struct world *world, const struct node *audit)
{
    uint64_t next[NODES_MAX] = {0};
    struct toc_txn *txn;
    struct toc_scan *scan;
    struct toc_str key, row;
    enum toc_err err = toc_txn_begin_read(toc_run_store(audit->run), &txn);
    TOC_ASSERT(err == TOC_OK);
    err = toc_scan_open(txn, TABLE_ENTRY, toc_str(NULL, 0), &scan);
    TOC_ASSERT(err == TOC_OK);
    while (!world->failed && toc_scan_next(scan, &key, &row) == TOC_OK)
        check_leaf(world, audit, row, next);
    toc_scan_close(scan);
    toc_txn_abort(txn);
    for (size_t i = 0; i < world->node_count; i++) {
        const struct node *node = &world->nodes[i];
        if (node != audit && next[i] != node->shadow.count)
            world_fail(world, 14, "%s has %zu records and %llu leaves", node->name,
                       node->shadow.count, (unsigned long long)next[i]);
    }
}

void ends_check(struct world *world)
{
    const struct node *router = world_node(world, ROLE_ROUTER);
    for (size_t i = 0; i < world->node_count && !world->failed; i++) {
        check_causes(world, &world->nodes[i]);
        if (world->nodes[i].role == ROLE_INTAKE)
            check_effects(world, &world->nodes[i], router);
    }
    if (!world->failed)
        check_router(world, router);
    if (!world->failed)
        ends_people(world, router);
    if (!world->failed)
        ends_case(world, router);
    if (!world->failed)
        ends_article(world, router);
    if (!world->failed)
        ends_found(world, router);
    if (!world->failed)
        check_audit(world, world_node(world, ROLE_AUDIT));
    if (!world->failed)
        workload_check_end(world);
    if (!world->failed)
        pager_check_end(world);
    if (!world->failed)
        incidents_check_end(world);
    if (!world->failed)
        owed_check_end(world);
    if (!world->failed)
        mutes_check_end(world);
    if (!world->failed)
        groups_check_end(world);
    if (!world->failed)
        storms_check_end(world);
    if (!world->failed)
        told_check_log(world);
}
