/*
 * Invariant 20: who subscribed to what, and which outcomes there are, as the logs have it. The
 * rules are those of outcomes' README.
 */
#include "tests/sim/told_impl.h"

#include <stdio.h>
#include <stdlib.h>

#define ARENA_BYTES (64 * 1024)

struct told *told_new(void)
{
    struct told *told = calloc(1, sizeof(*told));
    TOC_ASSERT(told != NULL);
    told->log = calloc(LOG_MAX, sizeof(*told->log));
    TOC_ASSERT(told->log != NULL);
    enum toc_err err = toc_arena_init(&told->arena, ARENA_BYTES);
    TOC_ASSERT(err == TOC_OK);
    return told;
}

void told_free(struct told *told)
{
    if (told == NULL)
        return;
    for (size_t i = 0; i < told->note_count; i++)
        free(told->notes[i].bytes);
    toc_arena_done(&told->arena);
    free(told->log);
    free(told);
}

/* --- what the sender told ----------------------------------------------------------------- */

size_t told_keep(struct world *world, struct toc_str bytes, toc_time_ms at_ms)
{
    struct told *told = world->told;
    TOC_ASSERT(told->note_count < TOLD_MAX);
    struct note *note = &told->notes[told->note_count];
    *note = (struct note){.bytes = malloc(bytes.size + 1), .size = bytes.size, .at_ms = at_ms};
    TOC_ASSERT(note->bytes != NULL);
    memcpy(note->bytes, bytes.data, bytes.size);
    return told->note_count++;
}

struct toc_str told_kept(const struct world *world, size_t index, toc_time_ms *out_at_ms)
{
    const struct note *note = &world->told->notes[index];
    *out_at_ms = note->at_ms;
    return toc_str(note->bytes, note->size);
}

/* --- filters, as the README has them -------------------------------------------------------- */

static bool wants_source(const char *wanted, const char *source)
{
    size_t size = strlen(wanted);
    return size == 0 || strcmp(source, wanted) == 0 ||
           (strncmp(source, wanted, size) == 0 && strchr("/:", source[size]) != NULL);
}

static bool wants_queue(const struct subscription *of, const char *queue)
{
    for (size_t i = 0; i < of->queue_count; i++)
        if (strcmp(of->queues[i], queue) == 0)
            return true;
    return of->queue_count == 0;
}

static bool wants_test(const struct subscription *of, bool test)
{
    switch ((int)of->tests) {
    case TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_LEFT_OUT:
        return !test;
    case TOCSIN__V1__SUBSCRIPTION__TEST_ISSUES__TEST_ALONE:
        return test;
    default:
        return true;
    }
}

bool told_wants(const struct subscription *of, const struct outcome *outcome)
{
    if (outcome->type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TYPE_UNSPECIFIED)
        return false;
    if (outcome->type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST)
        return strcmp(outcome->only, of->id) == 0;
    return (of->types == 0 || (of->types & 1u << outcome->type) != 0) &&
           wants_source(of->source, outcome->source) && wants_queue(of, outcome->queue) &&
           (of->line[0] == '\0' || strcmp(of->line, outcome->line) == 0) &&
           wants_test(of, outcome->test);
}

bool told_is_due(const struct told *told, const struct subscription *of, uint64_t seq)
{
    return seq >= of->start && (of->flags[seq] & THROUGH) == 0 && told_wants(of, &told->log[seq]);
}

/* --- what the logs say -------------------------------------------------------------------- */

struct subscription *told_find(struct told *told, const char *id)
{
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->subscriptions[i].id, id) == 0)
            return &told->subscriptions[i];
    return NULL;
}

static void copy(char out[TEXT_MAX], const char *text)
{
    snprintf(out, TEXT_MAX, "%s", text);
}

static void take_filter(struct subscription *of, const Tocsin__V1__Subscription *wanted)
{
    TOC_ASSERT(wanted->n_queues <= 2 && wanted->n_lines_of_business <= 1);
    snprintf(of->address, sizeof(of->address), "%s", wanted->by);
    of->handshake = wanted->handshake;
    for (size_t i = 0; i < wanted->n_types; i++)
        of->types |= 1u << wanted->types[i];
    copy(of->source, wanted->source);
    of->queue_count = wanted->n_queues;
    for (size_t i = 0; i < wanted->n_queues; i++)
        copy(of->queues[i], wanted->queues[i]);
    copy(of->line, wanted->n_lines_of_business > 0 ? wanted->lines_of_business[0] : "");
    of->tests = wanted->test_issues;
}

/* Where it begins by what was asked for, when the log is whole. */
static uint64_t beginning(const struct node *node, const Tocsin__V1__Subscription *wanted,
                          uint64_t now_seq)
{
    uint64_t seq = 1;
    if (wanted->since_ms != 0) {
        while (seq < now_seq && node->shadow.seen[seq - 1].log_ms < wanted->since_ms)
            seq++;
        return seq;
    }
    return wanted->from_seq != 0 && wanted->from_seq < now_seq ? wanted->from_seq : now_seq;
}

/* Somebody has it tried again at once. */
static void forgive(struct subscription *of, uint64_t seq)
{
    of->forgiven_seq = seq;
    of->not_before_ms = 0;
    of->fails = false;
}

/* A subscription is added, or replayed: all before counts no more. */
static void begin_span(struct world *world, struct node *node, struct subscription *of,
                       const Tocsin__V1__Record *record, uint64_t start)
{
    const Tocsin__V1__Event *event = ends_event(world, record->cause_log, record->cause_seq);
    if (event == NULL || event->body_case != TOCSIN__V1__EVENT__BODY_SUBSCRIPTION) {
        world_fail(world, 20, "%s begins, and nobody asked for it", of->id);
        return;
    }
    if (!of->exists)
        take_filter(of, event->subscription);
    uint64_t most = beginning(node, event->subscription, record->seq);
    if (world->options.keep_records == 0 ? start != most : start < most || start > record->seq)
        world_fail(world, 20, "%s begins at seq %llu instead of %llu", of->id,
                   (unsigned long long)start, (unsigned long long)most);
    of->start = start;
    of->span++;
    of->under_way = 0;
    forgive(of, record->seq);
    memset(of->flags, 0, sizeof(of->flags));
    memset(of->tries, 0, sizeof(of->tries));
}

static void add(struct world *world, struct node *node,
                const Tocsin__V1__SubscriptionChange *change, const Tocsin__V1__Record *record)
{
    struct told *told = world->told;
    struct subscription *of = told_find(told, change->subscription);
    unsigned span = of != NULL ? of->span : 0;
    if (of == NULL) {
        TOC_ASSERT(told->count < SUBSCRIPTIONS_MAX);
        of = &told->subscriptions[told->count++];
    }
    memset(of, 0, sizeof(*of));
    of->span = span;
    of->active = true;
    snprintf(of->id, sizeof(of->id), "%s", change->subscription);
    begin_span(world, node, of, record, change->seq);
    of->exists = true;
    of->agreed = !of->handshake;
}

/* Refused by its receiver; tried for long, or often; or there was nothing left to send. */
static void give_up(struct world *world, struct subscription *of, uint64_t seq)
{
    bool is_test = world->told->log[seq].type == TOCSIN__V1__OUTCOME_TYPE__OUTCOME_TEST;
    unsigned flags = of->flags[seq];
    if (world->options.dead_after_ms > TOC_MINUTE_MS && (flags & (REFUSED | TRIMMED)) == 0 &&
        !(is_test && (flags & FAILED) != 0) && of->tries[seq] < OUTCOMES_TRIES)
        world_fail(world, 20, "seq %llu is given up for %s after %u tries, and was not refused",
                   (unsigned long long)seq, of->id, of->tries[seq]);
    of->flags[seq] |= DEAD;
}

static void stop(struct world *world, struct subscription *of)
{
    bool never_agreed =
        of->handshake && !of->agreed && world->options.dead_after_ms <= TOC_MINUTE_MS;
    if (!of->said_gone && !never_agreed)
        world_fail(world, 20, "%s is stopped, and its receiver never said 410", of->id);
    of->active = false;
    of->rested = true;
}

static void agree(struct world *world, struct subscription *of)
{
    if (!of->said_yes)
        world_fail(world, 20, "%s is agreed, and its receiver never said so", of->id);
    of->agreed = true;
}

static void on_change(struct world *world, struct node *node, const Tocsin__V1__Record *record)
{
    const Tocsin__V1__SubscriptionChange *change =
        check_message(&tocsin__v1__subscription_change__descriptor, toc_wire_bytes(&record->body));
    if (change->what == TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__REFUSED)
        return;
    world_say(world, "subscription %s: change %d, seq %llu", change->subscription, change->what,
              (unsigned long long)change->seq);
    struct subscription *of = told_find(world->told, change->subscription);
    bool adds = change->what == TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__ADDED;
    if (adds != (of == NULL || !of->exists)) {
        world_fail(world, 20, "%s seq %llu is about subscription %s", node->name,
                   (unsigned long long)record->seq, change->subscription);
        return;
    }
    switch ((int)change->what) {
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__ADDED:
        add(world, node, change, record);
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__REPLAYED:
        begin_span(world, node, of, record, change->seq);
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__PAUSED:
        of->active = false;
        of->rested = true;
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__RESUMED:
        of->active = true;
        forgive(of, record->seq);
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__STOPPED:
        stop(world, of);
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__REMOVED:
        of->exists = false;
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__AGREED:
        agree(world, of);
        break;
    case TOCSIN__V1__SUBSCRIPTION_CHANGE__WHAT__DEAD:
        give_up(world, of, change->seq);
        break;
    default:
        break;
    }
}

void told_check_record(struct world *world, struct node *node, const Tocsin__V1__Record *record)
{
    struct told *told = world->told;
    TOC_ASSERT(record->seq < LOG_MAX);
    told->last_seq = record->seq;
    if (record->type == TOCSIN__V1__RECORD_TYPE__SUBSCRIPTION_CHANGED)
        on_change(world, node, record);
    if (record->type != TOCSIN__V1__RECORD_TYPE__ISSUE_OUTCOME)
        return;
    const Tocsin__V1__IssueOutcome *body =
        check_message(&tocsin__v1__issue_outcome__descriptor, toc_wire_bytes(&record->body));
    struct outcome *outcome = &told->log[record->seq];
    outcome->type = body->type;
    outcome->test = record->test;
    copy(outcome->source, body->source);
    copy(outcome->queue, body->queue);
    copy(outcome->line, body->line_of_business);
    snprintf(outcome->only, sizeof(outcome->only), "%s", body->only);
    outcome->has_issue = record->issue.len == sizeof(outcome->issue);
    if (outcome->has_issue)
        memcpy(outcome->issue, record->issue.data, sizeof(outcome->issue));
}
