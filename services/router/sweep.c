#include "services/router/sweep.h"

#include "services/router/escalation.h"
#include "services/router/machine.h"
#include "services/router/route.h"

#include "common/plant.h"

#define SWEEP_KEY 4
#define DUE_BYTES 8 /* of a row, before the message: its next_ms */

typedef Tocsin__V1__PolicySweep sweep_row;

/* --- rows ------------------------------------------------------------------------------------- */

/* The first sweep from `version` on; TOC_NONE when none is under way. */
static enum toc_err load(struct toc_txn *txn, struct toc_arena *arena, uint32_t version,
                         sweep_row **out)
{
    uint8_t at[SWEEP_KEY];
    struct toc_str key, row;
    toc_put_u32be(at, version);
    enum toc_err err = toc_first_at_least(txn, TABLE_SWEEP, toc_str(at, sizeof(at)), &key, &row);
    if (err != TOC_OK)
        return err;
    if (row.size < DUE_BYTES)
        return TOC_ERR_DAMAGED;
    return toc_wire_unpack(arena, &tocsin__v1__policy_sweep__descriptor,
                           toc_str_from(row, DUE_BYTES), out);
}

/* Keeps the row, whose instants are never negative, or takes it away when the sweep is done. */
static enum toc_err keep(struct toc_turn *turn, const sweep_row *row)
{
    uint8_t key[SWEEP_KEY];
    struct toc_str bytes;
    toc_put_u32be(key, row->version);
    if (row->done)
        return toc_del(turn->txn, TABLE_SWEEP, toc_str(key, sizeof(key)));
    TOC_TRY(toc_wire_pack(turn->arena, row, &bytes));
    uint8_t *value = toc_arena_take(turn->arena, DUE_BYTES + bytes.size);
    if (value == NULL)
        return TOC_ERR_LIMIT;
    toc_put_u64be(value, (uint64_t)row->next_ms);
    memcpy(value + DUE_BYTES, bytes.data, bytes.size);
    return toc_put(turn->txn, TABLE_SWEEP, toc_str(key, sizeof(key)),
                   toc_str(value, DUE_BYTES + bytes.size));
}

/* --- one issue -------------------------------------------------------------------------------- */

static bool reports_only(const sweep_row *sweep)
{
    return sweep->mode == TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY;
}

/*
 * Not opened or routed under this version or a later one, not swept early, and open. What is opened
 * while a report is made has the version in force, and is reported on too.
 */
static bool is_concerned(const sweep_row *sweep, const Tocsin__V1__Issue *issue)
{
    return issue->policy < sweep->version && issue->swept < sweep->version &&
           !machine_is_over(issue->state);
}

/* Where a policy alone would have the issue, by its triage too if that is done over. */
static enum toc_err destination(const struct work *work, const struct toc_policy *policy,
                                bool triages, const char **out)
{
    Tocsin__V1__Issue issue = *work->issue;
    struct work trial = *work;
    struct decision decision = {0};
    trial.issue = &issue;
    if (triages)
        TOC_TRY(triage_apply(&trial, policy, &decision));
    const struct toc_triage_rule *rule = decision.triage;
    *out = rule != NULL && rule->queue != NULL ? rule->queue->name
                                               : triage_route(&trial, policy, NULL)->queue->name;
    return TOC_OK;
}

/* Whether the policy leads elsewhere than the issue's own version does. */
static enum toc_err leads_elsewhere(const struct work *work, const struct toc_policy *policy,
                                    bool triages, bool *out)
{
    const struct toc_policy *old;
    const char *from, *to;
    enum toc_err err = toc_turn_policy(work->turn, work->issue->policy, &old);
    *out = true;
    if (work->issue->policy == 0 || err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(destination(work, old, triages, &from));
    TOC_TRY(destination(work, policy, triages, &to));
    *out = strcmp(from, to) != 0;
    return TOC_OK;
}

/* Whether a rule of the policy would send the issue to where it is, triaged as it was. */
static enum toc_err is_held_by_rule(const struct work *work, const struct toc_policy *policy,
                                    bool *out)
{
    Tocsin__V1__Issue issue = *work->issue;
    struct work trial = *work;
    struct decision decision;
    trial.issue = &issue;
    TOC_TRY(triage_apply(&trial, policy, &decision));
    const struct toc_triage_rule *rule = decision.triage;
    *out = rule != NULL && rule->queue != NULL && strcmp(rule->queue->name, issue.queue) == 0;
    return TOC_OK;
}

static enum toc_err sweep_issue(struct toc_turn *turn, const sweep_row *sweep,
                                Tocsin__V1__Issue *issue)
{
    struct work work = work_begin(turn, issue, NULL, sweep->at_ms);
    struct route_cause cause = {.reason = ROUTE_POLICY, .mode = sweep->mode};
    const struct toc_policy *policy;
    struct decision decision = {0};
    bool elsewhere, held = false,
                    triages = sweep->mode == TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE;
    enum toc_err err = toc_turn_policy(turn, sweep->version, &policy);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    TOC_TRY(leads_elsewhere(&work, policy, triages, &elsewhere));
    if (triages)
        TOC_TRY(triage_apply(&work, policy, &decision));
    else if (elsewhere)
        TOC_TRY(is_held_by_rule(&work, policy, &held));
    cause.rule = decision.triage;
    cause.keeps_chosen = !work_became_risky(&work);
    cause.keeps_queue = cause.keeps_chosen && (held || !elsewhere);
    TOC_TRY(route_by_policy(&work, policy, &cause));
    if (decision.triage != NULL && decision.triage->team != NULL)
        TOC_TRY(escalation_raise_by_rule(&work, decision.triage));
    return work_end(&work);
}

/* Many versions may be under way: what one took goes back to the arena before the next. */
static enum toc_err sweep_and_reload(struct toc_turn *turn, const sweep_row *sweep,
                                     Tocsin__V1__Issue **issue, size_t mark)
{
    uint8_t key[ISSUE_KEY];
    issue_key(key, (*issue)->partition, (*issue)->number);
    TOC_TRY(sweep_issue(turn, sweep, *issue));
    toc_arena_reset(turn->arena, mark);
    return issue_at(turn, toc_str(key, sizeof(key)), issue);
}

enum toc_err sweep_before_event(struct toc_turn *turn, Tocsin__V1__Issue **issue)
{
    const size_t mark = toc_arena_mark(turn->arena);
    uint8_t key[ISSUE_KEY];
    sweep_row *sweep;
    uint32_t version = 0;
    enum toc_err err;
    issue_key(key, (*issue)->partition, (*issue)->number);
    while ((err = load(turn->txn, turn->arena, version + 1, &sweep)) == TOC_OK) {
        version = sweep->version;
        bool passed =
            toc_str_compare(toc_wire_bytes(&sweep->through), toc_str(key, sizeof(key))) >= 0;
        if (passed || reports_only(sweep))
            continue;
        if (is_concerned(sweep, *issue) && !TOC_PLANTED(TOC_PLANT_SWEEP_PASSES))
            TOC_TRY(sweep_and_reload(turn, sweep, issue, mark));
        (*issue)->swept = version; /* also of one that is over: whatever opens it comes later */
    }
    return err < 0 ? err : TOC_OK;
}

/* --- steps ------------------------------------------------------------------------------------ */

enum toc_err sweep_begin(struct toc_turn *turn, const Tocsin__V1__PolicyApplied *applied,
                         toc_time_ms at_ms)
{
    sweep_row row = TOCSIN__V1__POLICY_SWEEP__INIT;
    if (applied->mode != TOCSIN__V1__APPLY_MODE__APPLY_FROM_NOW &&
        applied->mode != TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE &&
        applied->mode != TOCSIN__V1__APPLY_MODE__APPLY_REPORT_ONLY)
        return TOC_OK;
    row.version = applied->version;
    row.mode = applied->mode;
    row.at_ms = at_ms;
    row.next_ms = turn->log_ms > at_ms ? turn->log_ms : at_ms;
    toc_wake_at(turn, row.next_ms);
    return keep(turn, &row);
}

static enum toc_err tell(struct toc_turn *turn, const sweep_row *sweep)
{
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__POLICY_SWEPT,
                          .class_bit = TOC_CLASS_CONTROL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = turn->log_ms,
                          .policy = sweep->version,
                          .message = sweep};
    return toc_emit(turn, &out, NULL);
}

/* The next row after `through`; its key is kept there. */
static enum toc_err next_issue(struct toc_turn *turn, uint8_t through[ISSUE_KEY + 1],
                               Tocsin__V1__Issue **out)
{
    struct toc_str key, row;
    enum toc_err err =
        toc_first_at_least(turn->txn, TABLE_ISSUE, toc_str(through, ISSUE_KEY + 1), &key, &row);
    if (err != TOC_OK)
        return err;
    if (key.size != ISSUE_KEY)
        return TOC_ERR_DAMAGED;
    memcpy(through, key.data, ISSUE_KEY);
    return toc_unpack(turn, issue, row, out);
}

static enum toc_err advance(struct toc_turn *turn, sweep_row *sweep)
{
    /* One byte more than a key: what sorts just behind it. */
    uint8_t through[ISSUE_KEY + 1] = {0};
    Tocsin__V1__Issue *issue;
    enum toc_err err = TOC_OK;
    if (sweep->through.len == ISSUE_KEY)
        memcpy(through, sweep->through.data, ISSUE_KEY);
    for (unsigned i = 0; i < ROUTER_SWEEP_STEP; i++) {
        size_t mark = toc_arena_mark(turn->arena);
        err = next_issue(turn, through, &issue);
        TOC_TRY(err);
        if (err == TOC_NONE)
            break;
        sweep->issues++;
        if (is_concerned(sweep, issue)) {
            sweep->concerned++;
            TOC_TRY(sweep_issue(turn, sweep, issue));
        }
        toc_arena_reset(turn->arena, mark);
    }
    sweep->done = err == TOC_NONE;
    sweep->next_ms = turn->log_ms + ROUTER_SWEEP_PAUSE_MS;
    sweep->through = toc_wire_binary(toc_str(through, ISSUE_KEY));
    TOC_TRY(tell(turn, sweep));
    return keep(turn, sweep);
}

enum toc_err sweep_fire(struct toc_turn *turn, toc_time_ms now_ms)
{
    sweep_row *sweep;
    enum toc_err err = load(turn->txn, turn->arena, 0, &sweep);
    if (err != TOC_OK)
        return err;
    return sweep->next_ms < now_ms ? advance(turn, sweep) : TOC_NONE;
}

enum toc_err sweep_next_due(struct toc_txn *txn, toc_time_ms *out)
{
    struct toc_str key, row;
    enum toc_err err = toc_first_at_least(txn, TABLE_SWEEP, toc_str(NULL, 0), &key, &row);
    TOC_TRY(err);
    if (err == TOC_OK && row.size < DUE_BYTES)
        return TOC_ERR_DAMAGED;
    *out = err == TOC_OK ? (toc_time_ms)toc_get_u64be(row.data) : TOC_TIME_NEVER;
    return TOC_OK;
}
