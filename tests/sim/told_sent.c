/*
 * Invariant 20: what is sent to subscribers, and how far their cursors have come, against the logs.
 * What a filter wants is sent until it is taken or given up, none before it is on disk, the same
 * under one id, those of an issue one after the other, nothing while a subscription rests or its
 * receiver asks for patience; and a cursor passes nothing that is not through.
 */
#include "tests/sim/told_impl.h"

#include "common/run_internal.h"

#include <stdio.h>

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
            told_is_due(told, of, i))
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
    if (seq < of->start || !told_wants(of, &told->log[seq]))
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
    struct subscription *of = told_find(told, outcome->subscription);
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
        if (told_is_due(told, of, seq) && !is_open(row, seq))
            world_fail(world, 20, "the cursor of %s passed seq %llu, which nobody took", of->id,
                       (unsigned long long)seq);
    of->open = row->n_open;
}

/* The log is kept for those that are active. */
static void check_trimmed(struct world *world, struct subscription *of, uint64_t first_seq)
{
    for (uint64_t seq = of->start; seq < first_seq && !world->failed; seq++) {
        if (!told_is_due(world->told, of, seq))
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
        while (seq <= told->last_seq && !told_is_due(told, of, seq))
            seq++;
        if (of->agreed && of->open == 0 && seq > told->last_seq)
            continue;
        snprintf(text, sizeof(text), "%s waits for seq %llu, %zu are open%s", of->id,
                 (unsigned long long)seq, of->open, of->agreed ? "" : ", it was not asked");
        return text;
    }
    return NULL;
}
