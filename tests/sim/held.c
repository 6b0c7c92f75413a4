/*
 * The quarantine: what intakes hold back here and there, what people decide about it, and what has
 * to come of that, told from the rules alone.
 *
 * An event is held once, and comes in once at most: when it is released, as it was, behind what
 * came before it for its issue; or never, when it is rejected. While the opening of an issue is
 * held, nothing of the issue comes in but all of it, or without a person's word the opening and
 * what joined it, which is over no limit: the first FREED_MAX of that for a word that lets it in.
 */
#include "tests/sim/workload.h"

#include "services/intake/reason.h"

#include <stdlib.h>

#define HELD_MAX  ATTEMPTS_MAX
#define FREED_MAX 50

struct one {
    unsigned node;
    uint64_t seq;
    toc_time_ms at_ms;
    uint8_t issue[16];
    struct attempt *attempt;
    bool opening, joined; /* the first opening of its issue; over no limit itself */
    bool gone, expected;  /* expected: the next record has to let it in */
};

struct held {
    struct rng rng;
    struct one all[HELD_MAX];
    size_t count;
    unsigned freed[NODES_MAX]; /* of what joined, in a row, at the end of each log */
};

struct held *held_new(uint64_t seed)
{
    struct held *held = calloc(1, sizeof(*held));
    TOC_ASSERT(held != NULL);
    held->rng = rng_of(seed, 5);
    return held;
}

void held_free(struct held *held)
{
    free(held);
}

/* --- holding ---------------------------------------------------------------------------------- */

/* As intake's shell does, which here decides by chance: the same event may be held this time only.
 */
void held_maybe(struct world *world, struct toc_arena *arena, struct toc_event *ev)
{
    Tocsin__V1__Event *event;
    struct toc_str bytes;
    size_t mark = toc_arena_mark(arena);
    if (world->options.hold_percent == 0 ||
        toc_wire_unpack(arena, &tocsin__v1__event__descriptor, ev->bytes, &event) != TOC_OK)
        return;
    bool said = event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED ||
                (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE &&
                 event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND);
    toc_arena_reset(arena, mark);
    if (!said || !rng_chance(&world->held->rng, world->options.hold_percent) ||
        reason_join(arena, ev->bytes, "requester", &bytes) != TOC_OK)
        return;
    ev->bytes = bytes;
    ev->admitted = true;
}

/* --- deciding --------------------------------------------------------------------------------- */

static struct one *some_one(struct world *world, unsigned node)
{
    struct held *held = world->held;
    size_t from = held->count > 0 ? rng_next(&held->rng) % held->count : 0;
    for (size_t i = 0; i < held->count; i++) {
        struct one *one = &held->all[(from + i) % held->count];
        if (!one->gone && one->node == node)
            return one;
    }
    return NULL;
}

/* About one event or its whole issue; NULL when nothing is held where this publisher speaks. */
struct attempt *held_decide(struct world *world, unsigned publisher)
{
    struct rng *rng = &world->held->rng;
    struct draft draft;
    unsigned chance = world->healed ? 100 : 20;
    struct one *one = rng_chance(rng, chance)
                          ? some_one(world, world->conns[world->work->conns[publisher]].server)
                          : NULL;
    if (one == NULL)
        return NULL;
    tocsin__v1__quarantine_decision__init(&draft.decision);
    draft_begin(world->work, &draft, publisher,
                rng_chance(rng, 80) ? "tocsin.quarantine.released" : "tocsin.quarantine.rejected",
                TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION, &draft.decision);
    draft.decision.by = toc_wire_text("ana");
    draft.decision.reason = toc_wire_text("spam");
    if (rng_chance(rng, 30)) {
        draft.decision.issue = toc_wire_binary(toc_str(one->issue, sizeof(one->issue)));
    } else {
        draft_source(one->attempt->publisher, draft.text);
        draft.decision.event_source = draft.text;
        draft.decision.event_id = one->attempt->id;
    }
    struct attempt *attempt = ledger_add(world->work, publisher, &draft);
    if (attempt != NULL)
        attempt->decision = true;
    return attempt;
}

bool held_is_empty(const struct world *world)
{
    for (size_t i = 0; i < world->held->count; i++)
        if (!world->held->all[i].gone)
            return false;
    return true;
}

/* --- what the log says ------------------------------------------------------------------------ */

static bool is_opening_held(const struct world *world, const struct node *node,
                            const uint8_t *issue)
{
    for (size_t i = 0; i < world->held->count; i++) {
        const struct one *one = &world->held->all[i];
        if (!one->gone && one->opening && one->node == node->index &&
            memcmp(one->issue, issue, sizeof(one->issue)) == 0)
            return true;
    }
    return false;
}

static void on_held(struct world *world, struct node *node, const Tocsin__V1__Record *record)
{
    struct held *held = world->held;
    struct toc_str body = toc_wire_bytes(&record->body);
    const Tocsin__V1__Event *event = check_message(&tocsin__v1__event__descriptor, body);
    struct attempt *attempt = NULL;
    for (size_t i = 0; event != NULL && i < world->work->attempt_count; i++) {
        struct attempt *sent = &world->work->attempts[i];
        if (body.size > sent->size && memcmp(body.data, sent->bytes, sent->size) == 0 &&
            strcmp(sent->id, event->id) == 0)
            attempt = sent;
    }
    if (attempt == NULL || attempt->bad) {
        world_fail(world, 2, "seq %llu of %s, held, was never sent",
                   (unsigned long long)record->seq, node->name);
        return;
    }
    if (attempt->times > 0 || attempt->held_seq != 0)
        world_fail(world, 1, "%s is held at seq %llu of %s, and was there before", attempt->id,
                   (unsigned long long)record->seq, node->name);
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED &&
        event->issue_classified->risk == TOCSIN__V1__RISK__RISK_CRITICAL)
        world_fail(world, 19, "%s holds %s back, which must not wait", node->name, attempt->id);
    TOC_ASSERT(held->count < HELD_MAX && record->issue.len == 16);
    attempt->held_seq = record->seq;
    struct one *one = &held->all[held->count++];
    *one = (struct one){.node = node->index,
                        .seq = record->seq,
                        .at_ms = record->at_ms,
                        .attempt = attempt,
                        .opening = event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_OPENED &&
                                   !is_opening_held(world, node, record->issue.data),
                        .joined = strcmp(event->quarantine, "issue") == 0};
    memcpy(one->issue, record->issue.data, sizeof(one->issue));
}

/* The first that is expected there; NULL when nothing is. */
static struct one *expected_at(struct world *world, const struct node *node)
{
    for (size_t i = 0; i < world->held->count; i++)
        if (world->held->all[i].expected && world->held->all[i].node == node->index)
            return &world->held->all[i];
    return NULL;
}

/* The first that joined the issue and is still held; NULL: none. */
static const struct one *first_joined(const struct world *world, const struct node *node,
                                      const uint8_t *issue)
{
    for (size_t i = 0; i < world->held->count; i++) {
        const struct one *one = &world->held->all[i];
        if (!one->gone && one->joined && one->node == node->index &&
            memcmp(one->issue, issue, sizeof(one->issue)) == 0)
            return one;
    }
    return NULL;
}

static void check_first_joined(struct world *world, const struct node *node, const struct one *one)
{
    const struct one *first = first_joined(world, node, one->issue);
    if (first->seq != one->seq)
        world_fail(world, 19, "%s lets seq %llu in before seq %llu, which joined its issue",
                   node->name, (unsigned long long)one->seq, (unsigned long long)first->seq);
}

/* Which events let in what is held of their issue. */
static bool is_word(const Tocsin__V1__Event *event)
{
    if (event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE)
        return event->issue_message->direction == TOCSIN__V1__DIRECTION__DIRECTION_OUTBOUND &&
               !event->issue_message->auto_;
    return event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_CLASSIFIED &&
           event->issue_classified->risk == TOCSIN__V1__RISK__RISK_CRITICAL;
}

/* What joined its issue is not left behind by a word that lets the issue in. */
static void check_word(struct world *world, const struct node *node,
                       const Tocsin__V1__Record *record)
{
    const struct one *left = first_joined(world, node, record->issue.data);
    if (left != NULL && world->held->freed[node->index] < FREED_MAX)
        world_fail(world, 19, "%s seq %llu leaves seq %llu behind, which joined its issue",
                   node->name, (unsigned long long)record->seq, (unsigned long long)left->seq);
}

static void on_let_in(struct world *world, struct node *node, const Tocsin__V1__Record *record)
{
    bool together = is_opening_held(world, node, record->issue.data);
    bool released = expected_at(world, node) != NULL;
    struct one *one = NULL;
    for (size_t i = 0; i < world->held->count; i++) {
        struct one *other = &world->held->all[i];
        if (other->node != node->index || memcmp(other->issue, record->issue.data, 16) != 0)
            continue;
        if (other->seq == record->held_seq)
            one = other;
        else if (together && released && !other->gone && other->seq < record->held_seq)
            world_fail(world, 19, "%s lets seq %llu in before seq %llu of its issue", node->name,
                       (unsigned long long)record->held_seq, (unsigned long long)other->seq);
    }
    if (one == NULL || one->gone) {
        world_fail(world, 19, "%s seq %llu lets in what is not held: seq %llu", node->name,
                   (unsigned long long)record->seq, (unsigned long long)record->held_seq);
        return;
    }
    if (!released && !one->opening && !one->joined)
        world_fail(world, 19, "%s seq %llu lets in what is over a limit", node->name,
                   (unsigned long long)record->seq);
    if (!released && together && !one->opening)
        world_fail(world, 19, "%s lets seq %llu in before the opening of its issue", node->name,
                   (unsigned long long)record->held_seq);
    if (!released && !one->opening && one->joined) {
        world->held->freed[node->index]++;
        check_first_joined(world, node, one);
    }
    if (record->held_ms != one->at_ms || record->at_ms < one->at_ms)
        world_fail(world, 19, "%s seq %llu came at another time than it says", node->name,
                   (unsigned long long)record->seq);
    one->gone = true;
    one->expected = false;
    one->attempt->in_seq = record->seq;
}

/* Marks what the decision is about; false when nothing is. */
static bool mark(struct world *world, const struct node *node,
                 const Tocsin__V1__QuarantineDecision *decision, bool releases)
{
    const struct one *named = NULL;
    bool any = false;
    char source[16];
    for (size_t i = 0; i < world->held->count && decision->issue.len == 0; i++) {
        const struct one *one = &world->held->all[i];
        draft_source(one->attempt->publisher, source);
        if (!one->gone && one->node == node->index &&
            strcmp(one->attempt->id, decision->event_id) == 0 &&
            strcmp(source, decision->event_source) == 0)
            named = one;
    }
    if (decision->issue.len == 0 && named == NULL)
        return false;
    const uint8_t *issue = named != NULL ? named->issue : decision->issue.data;
    bool alone = named != NULL && !is_opening_held(world, node, issue);
    for (size_t i = 0; i < world->held->count; i++) {
        struct one *one = &world->held->all[i];
        if (one->gone || one->node != node->index || memcmp(one->issue, issue, 16) != 0 ||
            (alone && one != named))
            continue;
        any = true;
        one->expected = releases;
        one->gone = !releases;
        one->attempt->rejected = !releases;
    }
    return any;
}

static void on_accepted(struct world *world, struct node *node, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__Event *event =
        check_message(&tocsin__v1__event__descriptor, toc_wire_bytes(&record->body));
    if (record->held_seq != 0)
        on_let_in(world, node, record);
    else if (record->class_ == TOC_CLASS_ISSUE && is_opening_held(world, node, record->issue.data))
        world_fail(world, 19, "%s seq %llu came in though the opening of its issue is held",
                   node->name, (unsigned long long)record->seq);
    else if (record->class_ == TOC_CLASS_ISSUE && event != NULL && is_word(event))
        check_word(world, node, record);
    else if (event != NULL && event->body_case == TOCSIN__V1__EVENT__BODY_QUARANTINE_DECISION &&
             !mark(world, node, event->quarantine_decision,
                   strcmp(event->type, "tocsin.quarantine.released") == 0))
        world_fail(world, 19, "%s seq %llu decides about nothing", node->name,
                   (unsigned long long)record->seq);
}

void held_check_record(struct world *world, struct node *node, const Tocsin__V1__Record *record)
{
    const struct one *next = expected_at(world, node);
    if (next != NULL && record->held_seq != next->seq) {
        world_fail(world, 19, "%s seq %llu follows a release that did not let in seq %llu",
                   node->name, (unsigned long long)record->seq, (unsigned long long)next->seq);
        return;
    }
    if (record->type == TOCSIN__V1__RECORD_TYPE__EVENT_HELD)
        on_held(world, node, record);
    else if (record->type == TOCSIN__V1__RECORD_TYPE__EVENT_ACCEPTED)
        on_accepted(world, node, record);
    if (record->held_seq == 0)
        world->held->freed[node->index] = 0;
}
