/*
 * Invariant 20: what is sent to subscribers, and how far their cursors have come, against the logs.
 * The rules are those of outcomes' README: what a filter wants is sent until it is taken or given
 * up, none before it is on disk, the same under one id, those of an issue one after the other,
 * nothing while a subscription rests; and a cursor passes nothing that is not through.
 */
#include "tests/sim/hooks.h"

#include "common/run_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_MAX           16384
#define SUBSCRIPTIONS_MAX 16
#define TOLD_MAX          16384
#define ARENA_BYTES       (64 * 1024)
#define TEXT_MAX          72

/* What became of an outcome for a subscription; all but the last since it was added or replayed. */
enum {
    TAKEN = 1,   /* its receiver took it, and the sender knows */
    DEAD = 2,    /* given up, in the log */
    TRIMMED = 4, /* gone from the log while the subscription rested */
    REFUSED = 8, /* its receiver cannot do anything with it */
    FAILED = 16  /* a try did not succeed */
};
#define THROUGH (TAKEN | DEAD | TRIMMED)

/* A record of outcomes' log that is an outcome; type 0: it is none. */
struct outcome {
    Tocsin__V1__OutcomeType type;
    char source[TEXT_MAX], queue[TEXT_MAX], line[TEXT_MAX], only[OUTCOMES_ID_MAX + 1];
    uint8_t issue[16];
    bool has_issue, test, was_sent;
    uint8_t body[TOC_SHA256]; /* as it was sent first */
};

struct subscription {
    char id[OUTCOMES_ID_MAX + 1];
    char address[OUTCOMES_ID_MAX + 1];
    bool exists, active, rested, handshake, agreed, said_yes, said_gone, fails;
    unsigned types; /* a bit for each; 0: all */
    char source[TEXT_MAX], queues[2][TEXT_MAX], line[TEXT_MAX];
    size_t queue_count;
    Tocsin__V1__Subscription__TestIssues tests;
    uint64_t start;
    unsigned span; /* counts what was added and replayed */
    size_t open;   /* of its row */
    unsigned under_way;
    toc_time_ms not_before_ms; /* its receiver asks for patience until then */
    uint64_t forgiven_seq;     /* the record that ended what its receiver did before */
    uint8_t flags[LOG_MAX], tries[LOG_MAX];
};

/* What the service was told by its sender, for the replay. */
struct note {
    uint8_t *bytes;
    size_t size;
    toc_time_ms at_ms;
};

struct told {
    struct outcome *log; /* log[seq] */
    uint64_t last_seq;
    struct subscription subscriptions[SUBSCRIPTIONS_MAX];
    size_t count;
    struct note notes[TOLD_MAX];
    size_t note_count;
    size_t heard; /* of the service's takings */
    struct toc_arena arena;
};

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

static bool wants(const struct subscription *of, const struct outcome *outcome)
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

static bool is_due(const struct told *told, const struct subscription *of, uint64_t seq)
{
    return seq >= of->start && (of->flags[seq] & THROUGH) == 0 && wants(of, &told->log[seq]);
}

/* --- what the logs say -------------------------------------------------------------------- */

static struct subscription *find(struct told *told, const char *id)
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
    struct subscription *of = find(told, change->subscription);
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
    if (!of->said_gone)
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
    struct subscription *of = find(world->told, change->subscription);
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

/* --- what is sent ------------------------------------------------------------------------- */

/* Every try of an outcome has the same bytes, whoever gets it. */
static void check_body(struct world *world, struct outcome *outcome, uint64_t seq,
                       struct toc_str body)
{
    uint8_t hash[TOC_SHA256];
    toc_sha256(hash, body);
    if (outcome->was_sent && memcmp(hash, outcome->body, sizeof(hash)) != 0)
        world_fail(world, 20, "seq %llu is sent with another body than before",
                   (unsigned long long)seq);
    outcome->was_sent = true;
    memcpy(outcome->body, hash, sizeof(hash));
}

static void check_turn(struct world *world, const struct subscription *of, uint64_t seq)
{
    const struct told *told = world->told;
    const struct outcome *outcome = &told->log[seq];
    for (uint64_t i = of->start; i < seq && outcome->has_issue && !world->failed; i++)
        if (told->log[i].has_issue && memcmp(told->log[i].issue, outcome->issue, 16) == 0 &&
            is_due(told, of, i))
            world_fail(world, 20, "seq %llu is sent to %s before seq %llu of its issue is through",
                       (unsigned long long)seq, of->id, (unsigned long long)i);
}

static void check_outcome(struct world *world, struct subscription *of, const char *id,
                          struct toc_str body, uint64_t *out_seq)
{
    struct told *told = world->told;
    unsigned long long log, seq;
    if (sscanf(id, "%16llx-%llu", &log, &seq) != 2 ||
        log != world_node(world, ROLE_OUTCOMES)->shadow.log_id || seq == 0 ||
        seq > told->last_seq) {
        world_fail(world, 20, "%s is sent, which is on no disk", id);
        return;
    }
    *out_seq = seq;
    if (seq < of->start || !wants(of, &told->log[seq]))
        world_fail(world, 20, "seq %llu is sent to %s, which did not ask for it", seq, of->id);
    if (!of->agreed)
        world_fail(world, 20, "seq %llu is sent to %s, which was not asked first", seq, of->id);
    check_body(world, &told->log[seq], seq, body);
    check_turn(world, of, seq);
    if (of->tries[seq] < UINT8_MAX)
        of->tries[seq]++;
}

static struct subscription *find_address(struct told *told, const char *url)
{
    size_t host = strlen(HOOKS_HOST "/");
    for (size_t i = 0; i < told->count && strncmp(url, HOOKS_HOST "/", host) == 0; i++)
        if (strcmp(told->subscriptions[i].address, url + host) == 0)
            return &told->subscriptions[i];
    return NULL;
}

/* A receiver that asked for patience gets it, and one that fails gets one at a time. */
static void check_patience(struct world *world, const struct subscription *of)
{
    toc_time_ms now_ms = world_clock(world, world_node(world, ROLE_OUTCOMES)).wall_ms;
    if (now_ms < of->not_before_ms)
        world_fail(world, 20, "something is sent to %s %lld ms before its receiver allows it",
                   of->id, (long long)(of->not_before_ms - now_ms));
    if (of->under_way >= (of->fails ? 1 : hooks_parallel(world)))
        world_fail(world, 20, "something is sent to %s beside %u others%s", of->id, of->under_way,
                   of->fails ? ", and it fails" : "");
}

void told_request(struct world *world, const struct toc_transfer_request *request,
                  struct told_request *out)
{
    struct told *told = world->told;
    struct subscription *of = find_address(told, request->url);
    *out = (struct told_request){0};
    if (of == NULL || !of->exists || !of->active) {
        world_fail(world, 20, "something is sent to %s, which is %s", request->url,
                   of == NULL    ? "no subscription's"
                   : !of->exists ? "removed"
                                 : "paused or stopped");
        return;
    }
    out->subscription = (unsigned)(of - told->subscriptions);
    out->span = of->span;
    check_patience(world, of);
    of->under_way++;
    if (request->wanted == NULL)
        check_outcome(world, of, request->id, request->body, &out->seq);
}

static bool is_refusal(uint32_t code)
{
    return code == 400 || code == 413 || code == 415 || code == 422;
}

void told_over(struct world *world, const struct told_request *request)
{
    struct subscription *of = &world->told->subscriptions[request->subscription];
    if (request->span == of->span)
        of->under_way--;
}

void told_answer(struct world *world, const struct told_request *request, uint32_t code)
{
    struct subscription *of = &world->told->subscriptions[request->subscription];
    bool is_yes = code >= 200 && code <= 299;
    world_say(world, "%s answers %u to seq %llu", of->id, code, (unsigned long long)request->seq);
    if (request->span != of->span)
        return;
    of->said_gone = of->said_gone || code == 410;
    if (request->seq == 0)
        of->said_yes = of->said_yes || is_yes;
    else
        of->flags[request->seq] |= is_yes ? TAKEN : is_refusal(code) ? REFUSED | FAILED : FAILED;
}

/* --- what the service was told ------------------------------------------------------------- */

static void hear(struct world *world, const struct taken *taken)
{
    struct told *told = world->told;
    Tocsin__V1__DeliveryOutcome *outcome;
    toc_time_ms at_ms;
    toc_arena_reset(&told->arena, 0);
    enum toc_err err = toc_wire_unpack(&told->arena, &tocsin__v1__delivery_outcome__descriptor,
                                       told_kept(world, taken->seq, &at_ms), &outcome);
    TOC_ASSERT(err == TOC_OK);
    struct subscription *of = find(told, outcome->subscription);
    if (outcome->what == TOCSIN__V1__DELIVERY_OUTCOME__WHAT__PASSED || of == NULL ||
        taken->own_seq < of->forgiven_seq)
        return;
    of->fails = (outcome->code < 200 || outcome->code > 299) && !is_refusal(outcome->code);
    if (!of->fails)
        of->not_before_ms = 0;
    else if (outcome->retry_after_ms > of->not_before_ms)
        of->not_before_ms = outcome->retry_after_ms;
}

/* What is on disk now, its sender has to act on. */
static void hear_all(struct world *world, const struct node *node)
{
    const struct takings *takings = &node->takings;
    for (; world->told->heard < takings->committed; world->told->heard++)
        if (takings->all[world->told->heard].upstream == TAKEN_TOLD)
            hear(world, &takings->all[world->told->heard]);
}

/* --- cursors ------------------------------------------------------------------------------ */

static bool is_open(const Tocsin__V1__Delivery *row, uint64_t seq)
{
    for (size_t i = 0; i < row->n_open; i++)
        if (row->open[i]->seq == seq)
            return true;
    return false;
}

static void check_cursor(struct world *world, struct subscription *of,
                         const Tocsin__V1__Delivery *row)
{
    const struct told *told = world->told;
    bool active = row->state == TOCSIN__V1__SUBSCRIPTION_STATE__SUBSCRIPTION_ACTIVE;
    if (active != of->active)
        world_fail(world, 20, "%s is %s, and the log has it otherwise", of->id,
                   active ? "active" : "not active");
    if (row->next_seq < of->start || row->next_seq > told->last_seq + 1)
        world_fail(world, 20, "%s is at seq %llu of %llu to %llu", of->id,
                   (unsigned long long)row->next_seq, (unsigned long long)of->start,
                   (unsigned long long)told->last_seq);
    for (uint64_t seq = of->start; seq < row->next_seq && !world->failed; seq++)
        if (is_due(told, of, seq) && !is_open(row, seq))
            world_fail(world, 20, "the cursor of %s passed seq %llu, which nobody took", of->id,
                       (unsigned long long)seq);
    of->open = row->n_open;
}

/* The log is kept for those that are active. */
static void check_trimmed(struct world *world, struct subscription *of, uint64_t first_seq)
{
    for (uint64_t seq = of->start; seq < first_seq && !world->failed; seq++) {
        if (!is_due(world->told, of, seq))
            continue;
        if (!of->rested)
            world_fail(world, 20, "seq %llu is trimmed, and %s did not get it",
                       (unsigned long long)seq, of->id);
        of->flags[seq] |= TRIMMED;
    }
    of->rested = !of->active;
}

static void check_rows(struct world *world, struct node *node, struct toc_txn *txn)
{
    struct told *told = world->told;
    for (size_t i = 0; i < told->count && !world->failed; i++) {
        struct subscription *of = &told->subscriptions[i];
        Tocsin__V1__Delivery *row;
        toc_arena_reset(&told->arena, 0);
        enum toc_err err = outcomes_delivery(txn, &told->arena, of->id, &row);
        if (err < 0 || (err == TOC_OK) != of->exists)
            world_fail(world, 20, "%s: its row is %s", of->id,
                       of->exists ? "not there" : "still there");
        if (world->failed || !of->exists)
            continue;
        check_trimmed(world, of, toc_run_journal(node->run)->first_seq);
        check_cursor(world, of, row);
    }
}

void told_after_commit(struct world *world, struct node *node)
{
    struct toc_txn *txn;
    if (node->role != ROLE_OUTCOMES || world->failed ||
        toc_txn_begin_read(toc_run_store(node->run), &txn) < 0)
        return;
    hear_all(world, node);
    check_rows(world, node, txn);
    toc_txn_abort(txn);
}

/* --- at the end --------------------------------------------------------------------------- */

const char *told_waits(const struct world *world)
{
    static char text[96];
    const struct told *told = world->told;
    for (size_t i = 0; told != NULL && i < told->count; i++) {
        const struct subscription *of = &told->subscriptions[i];
        if (!of->exists || !of->active)
            continue;
        uint64_t seq = of->start;
        while (seq <= told->last_seq && !is_due(told, of, seq))
            seq++;
        if (of->agreed && of->open == 0 && seq > told->last_seq)
            continue;
        snprintf(text, sizeof(text), "%s waits for seq %llu, %zu are open%s", of->id,
                 (unsigned long long)seq, of->open, of->agreed ? "" : ", it was not asked");
        return text;
    }
    return NULL;
}
