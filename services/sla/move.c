#include "services/sla/move.h"

#include "services/sla/happen.h"
#include "services/sla/recount.h"
#include "services/sla/retarget.h"

#include "common/crc32c.h"
#include "common/plant.h"

static enum toc_err say(struct work *work, size_t index, Tocsin__V1__ClockChange__What what,
                        const char *reason)
{
    const struct said said = {.what = what, .at_ms = work->at_ms, .reason = reason};
    return record_say(work, index, &said);
}

/* --- halting and running ------------------------------------------------------------------ */

/* It stopped counting at an instant from before a breach, which was judged too early then. */
static enum toc_err take_back(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    if (clock.row->breached &&
        (work->at_ms > clock.row->breached_ms || clock_is_over(clock, work->at_ms) ||
         TOC_PLANTED(TOC_PLANT_LATE_STANDS)))
        return TOC_OK;
    clock.row->unconfirmed = false; /* it was not overdue, and may become so again */
    if (!clock.row->breached)
        return TOC_OK;
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED,
                              .at_ms = work->at_ms,
                              .due_ms = clock.row->breached_ms,
                              .reason = "late_evidence"};
    clock.row->breached = false;
    clock.row->breached_ms = 0;
    clock.row->apply_version++; /* a later breach is another one, and pages again */
    return record_say(work, index, &said);
}

/* Closes the open interval. A date by hand comes to pass all the same, unless the clock ends. */
static enum toc_err halt(struct work *work, size_t index, bool ends)
{
    struct clock clock = row_clock(work, index);
    TOC_TRY(row_keep_interval(work, index, clock_halt(clock, work->at_ms)));
    clock_plan(clock);
    work->changed = true;
    return ends || clock.row->manual_due_ms == 0 ? take_back(work, index) : TOC_OK;
}

enum toc_err move_pause(struct work *work, size_t index)
{
    TOC_TRY(halt(work, index, false));
    return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__PAUSED, NULL);
}

enum toc_err move_resume(struct work *work, size_t index)
{
    clock_run(row_clock(work, index), work->at_ms);
    return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__RESUMED, NULL);
}

/* --- ends --------------------------------------------------------------------------------- */

static void end(struct work *work, Tocsin__V1__Clock *clock, Tocsin__V1__ClockState state,
                Tocsin__V1__ClockEnd by)
{
    clock->state = state;
    clock->ended_by = by;
    clock->stopped_ms = work->at_ms;
    clock->held = false;
    clock->due_ms = TOC_TIME_NEVER;
    clock->next_ms = TOC_TIME_NEVER;
}

enum toc_err move_stop(struct work *work, size_t index, Tocsin__V1__ClockEnd by)
{
    TOC_TRY(halt(work, index, true));
    end(work, work->row->clocks[index], TOCSIN__V1__CLOCK_STATE__CLOCK_MET, by);
    return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__MET, NULL);
}

/* Without a verdict; the time until then is kept for one that goes on. */
enum toc_err move_cancel(struct work *work, size_t index, Tocsin__V1__ClockEnd by,
                         const char *reason)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    TOC_TRY(halt(work, index, true));
    end(work, clock, TOCSIN__V1__CLOCK_STATE__CLOCK_CANCELLED, by);
    clock->unconfirmed = false;
    return say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED, reason);
}

enum toc_err move_end(struct work *work, size_t index, Tocsin__V1__ClockState state,
                      Tocsin__V1__ClockEnd by, toc_time_ms stopped_ms)
{
    Tocsin__V1__Clock *clock = work->row->clocks[index];
    bool met = state == TOCSIN__V1__CLOCK_STATE__CLOCK_MET;
    TOC_TRY(take_back(work, index));
    end(work, clock, state, by);
    clock->stopped_ms = stopped_ms;
    clock->unconfirmed = clock->unconfirmed && met;
    return say(work, index,
               met ? TOCSIN__V1__CLOCK_CHANGE__WHAT__MET
                   : TOCSIN__V1__CLOCK_CHANGE__WHAT__CANCELLED,
               RECOUNT_OVER);
}

/* --- starts ------------------------------------------------------------------------------- */

static bool is_pausing(const struct work *work, struct clock clock)
{
    return clock.row->held || happen_has_state(work, clock.rule->pause);
}

/*
 * What goes on has the time that it had. It takes a date by hand along; without that, what was
 * said under the date does not count for the target.
 */
static void go_on_from(const struct work *work, struct clock clock, struct clock old)
{
    Tocsin__V1__Clock *row = clock.row;
    row->started_ms = old.row->started_ms;
    row->elapsed_ms = old.row->elapsed_ms;
    row->calendar = old.row->calendar;
    row->counted_policy = old.row->counted_policy;
    row->counted_wall = old.row->counted_wall;
    row->intervals = old.row->intervals;
    row->kept_ms = old.row->kept_ms;
    row->kept = old.row->kept;
    row->apply_version = old.row->apply_version;
    bool dated = clock_has_manual(old, work->at_ms);
    if (!dated && old.row->manual_due_ms != 0)
        return;
    row->breached = old.row->breached;
    row->breached_ms = old.row->breached_ms;
    row->warned = old.row->warned;
    if (!dated)
        return;
    row->manual_due_ms = old.row->manual_due_ms;
    row->manual_end_ms = old.row->manual_end_ms;
    row->manual_by = old.row->manual_by;
}

/* One row serves all instances of a name and scope; instances are counted over all scopes. */
static void renew(struct work *work, struct clock clock, bool goes_on)
{
    Tocsin__V1__Clock *row = clock.row, old = *row;
    uint32_t instance = 0;
    for (size_t i = 0; i < work->row->n_clocks; i++) {
        const Tocsin__V1__Clock *other = work->row->clocks[i];
        if (strcmp(other->metric, old.metric) == 0 && other->instance > instance &&
            other->state != TOCSIN__V1__CLOCK_STATE__CLOCK_INACTIVE)
            instance = other->instance;
    }
    clock_init(row, clock.rule);
    row->kind = old.kind;
    row->scope = old.scope;
    row->team = old.team;
    row->law = old.law;
    row->instance = instance + 1;
    if (goes_on)
        go_on_from(work, clock, (struct clock){&old, clock.rule, clock.target});
}

void move_renew(struct work *work, size_t index, const struct toc_clock_rule *rule)
{
    row_forget_intervals(work, index);
    renew(work, row_follow(work, work->row->clocks[index], rule), false);
}

/*
 * A clock that begins in the past, for it only gets a target now, leaves out what it would have: it
 * stood still, or was over. A message that a merge brought waited in another issue, whose states
 * they were.
 */
static enum toc_err earn_pauses(struct work *work, size_t index, struct clock clock)
{
    const struct toc_clock_rule *rule = clock.rule;
    if ((rule->pause.states | rule->stop.states | rule->cancel.states) == 0 ||
        work->change->what == TOCSIN__V1__ISSUE_CHANGE__WHAT__TOOK_OVER)
        return TOC_OK;
    TOC_TRY(recount_by_states(work, index));
    TOC_TRY(row_recount(work, clock, index));
    clock_plan(clock);
    return TOC_OK;
}

/* A version brings the rule for the past too, and that is not known well enough. */
static enum toc_err reason_of(struct work *work, const struct toc_clock_rule *rule,
                              toc_time_ms from_ms, const char **out)
{
    bool asks = from_ms < work->at_ms || rule->goes_on, known = true;
    if (asks && work->change->mode == TOCSIN__V1__APPLY_MODE__APPLY_RETROACTIVE)
        TOC_TRY(recount_is_known(work, rule, &known));
    *out = known ? NULL : RECOUNT_UNKNOWN;
    return TOC_OK;
}

enum toc_err move_start(struct work *work, size_t index, const struct toc_clock_rule *rule,
                        toc_time_ms from_ms)
{
    struct clock clock = row_follow(work, work->row->clocks[index], rule);
    bool resets = clock_is_live(clock.row);
    const char *reason = "reset";
    if (resets)
        TOC_TRY(halt(work, index, true));
    else
        TOC_TRY(reason_of(work, rule, from_ms, &reason));
    bool goes_on = rule->goes_on && !resets && !TOC_PLANTED(TOC_PLANT_OLA_ANEW);
    if (goes_on && from_ms < clock.row->stopped_ms)
        from_ms = clock.row->stopped_ms; /* what was before is counted */
    if (!goes_on)
        row_forget_intervals(work, index);
    renew(work, clock, goes_on);
    TOC_TRY(row_count(work, clock, index)); /* the time that it had, by the rule of now */
    if (clock.row->started_ms == 0)
        clock.row->started_ms = from_ms;
    clock_aim(clock);
    clock.row->state = TOCSIN__V1__CLOCK_STATE__CLOCK_PAUSED;
    if (is_pausing(work, clock))
        clock_plan(clock);
    else
        clock_run(clock, from_ms);
    if (from_ms < work->at_ms && clock.row->started_ms == from_ms) /* it does not go on */
        TOC_TRY(earn_pauses(work, index, clock));
    TOC_TRY(say(work, index, TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED, reason));
    if (from_ms == work->at_ms && !clock_is_over(clock, work->at_ms))
        return TOC_OK;
    return retarget_judge(work, index, NULL);
}

/* Once for each clock, and for so many of them. */
static enum toc_err say_too_many(struct work *work, const char *name, const char *scope)
{
    ProtobufCBinaryData *said = &work->row->refused;
    uint32_t hash = toc_crc32c(toc_crc32c(0, toc_str_of(name)), toc_str_of(scope));
    size_t size = said->len;
    if (work->dry || size >= SLA_REFUSED_SAID * sizeof(hash))
        return TOC_OK;
    for (size_t i = 0; i + sizeof(hash) <= size; i += sizeof(hash))
        if (toc_get_u32be(said->data + i) == hash)
            return TOC_OK;
    uint8_t *all = toc_arena_take(work->turn->arena, size + sizeof(hash));
    if (all == NULL)
        return TOC_ERR_LIMIT;
    if (size > 0)
        memcpy(all, said->data, size);
    toc_put_u32be(all + size, hash);
    *said = toc_wire_binary(toc_str(all, size + sizeof(hash)));
    bool last = said->len == SLA_REFUSED_SAID * sizeof(hash);
    return record_refuse(work, name, scope,
                         last ? "the issue has too many clocks; no others are named"
                              : "the issue has too many clocks");
}

enum toc_err move_place(struct work *work, const struct toc_clock_rule *rule, const char *scope,
                        size_t *out)
{
    size_t index = row_find(work, rule->name, scope);
    if (index == work->row->n_clocks) {
        if (index == SLA_CLOCKS_MAX) {
            TOC_TRY(say_too_many(work, rule->name, scope));
            return TOC_NONE;
        }
        Tocsin__V1__Clock *clock = row_add_clock(work);
        if (clock == NULL)
            return TOC_ERR_LIMIT;
        clock_init(clock, rule);
        clock->scope = toc_wire_text(scope);
        const char *kind = toc_metric_name(rule->metric);
        if (strcmp(kind, rule->name) != 0)
            clock->kind = toc_wire_text(kind);
        if (rule->law != NULL)
            clock->law = toc_wire_text(rule->law);
    }
    *out = index;
    return TOC_OK;
}

/* What it measures has no beginning that is known, but goes on. */
static bool is_under_way(const struct work *work, const struct toc_clock_rule *rule)
{
    bool updates =
        rule->metric == TOC_CLOCK_PERIODIC_UPDATE || rule->metric == TOC_CLOCK_PAUSABLE_UPDATE;
    return rule->metric == TOC_CLOCK_TIER_TIME || rule->metric == TOC_CLOCK_QUEUE_WAIT ||
           (updates && work->terms);
}

/* A clock of a rule that has none for its present scope, from when what it measures began. */
static enum toc_err start_missing(struct work *work, const struct toc_clock_rule *rule)
{
    const char *scope = happen_scope(work, rule);
    struct clock clock = row_follow(work, NULL, rule);
    size_t index;
    if (scope == NULL || !row_takes(rule, scope) ||
        row_find(work, rule->name, scope) != work->row->n_clocks)
        return TOC_OK;
    if (!happen_wanted(work, clock) || !happen_may_begin(work, rule))
        return TOC_OK;
    toc_time_ms from_ms = happen_since(work, rule);
    bool now = happen_fires(work, rule->start) || is_under_way(work, rule);
    if (from_ms == 0 && !now)
        return TOC_OK;
    enum toc_err err = move_place(work, rule, scope, &index);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    return move_start(work, index, rule, from_ms != 0 ? from_ms : work->at_ms);
}

/* --- one clock ---------------------------------------------------------------------------- */

static Tocsin__V1__ClockEnd end_of(const struct work *work, struct toc_trigger trigger)
{
    return happen_has_state(work, trigger) ? TOCSIN__V1__CLOCK_END__CLOCK_END_STATE
                                           : TOCSIN__V1__CLOCK_END__CLOCK_END_EVENT;
}

static bool merges(const struct work *work)
{
    return (work->happened & 1u << TOC_HAPPENED_MERGED) != 0 && !TOC_PLANTED(TOC_PLANT_MERGED_RUNS);
}

/* Whether the clock is still live afterwards is for the caller to see. */
static enum toc_err end_if_due(struct work *work, size_t index, struct clock clock)
{
    const struct toc_clock_rule *rule = clock.rule;
    bool by_merge = (rule->stop.happenings & 1u << TOC_HAPPENED_MERGED) != 0;
    if (merges(work) && !by_merge)
        return move_cancel(work, index, TOCSIN__V1__CLOCK_END__CLOCK_END_MERGED, "merged");
    if (happen_fires(work, rule->stop))
        return move_stop(work, index, end_of(work, rule->stop));
    if (happen_has_left(work, clock))
        return move_stop(work, index, TOCSIN__V1__CLOCK_END__CLOCK_END_EVENT);
    if (happen_starts(work, rule->reset) && happen_wanted(work, clock))
        return move_start(work, index, rule, work->at_ms);
    if (happen_fires(work, rule->cancel))
        return move_cancel(work, index, end_of(work, rule->cancel), NULL);
    if (!happen_wanted(work, clock))
        return move_cancel(work, index, TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET, NULL);
    return TOC_OK;
}

static enum toc_err pause_or_resume(struct work *work, size_t index, struct clock clock)
{
    bool running = clock.row->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING;
    bool held = clock.row->held;
    if (happen_starts(work, clock.rule->start))
        held = false;
    if (happen_now(work, clock.rule->pause))
        held = true;
    work->changed = work->changed || held != clock.row->held;
    clock.row->held = held;
    bool pauses = is_pausing(work, clock);
    if (running && pauses)
        return move_pause(work, index);
    return !running && !pauses ? move_resume(work, index) : TOC_OK;
}

/* What would have ended it, had it had a target: then it does not go on, but may begin again. */
static void note_end(struct work *work, struct clock clock)
{
    const struct toc_clock_rule *rule = clock.rule;
    bool stops = happen_fires(work, rule->stop);
    if (clock.row->ended_by != TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET ||
        (!stops && !happen_fires(work, rule->cancel)))
        return;
    clock.row->ended_by = end_of(work, stops ? rule->stop : rule->cancel);
    clock.row->stopped_ms = work->at_ms;
    work->changed = true;
}

/* The next instance: something started it, or the state that ended the last one was left. */
static enum toc_err start_again(struct work *work, size_t index, struct clock clock)
{
    const struct toc_clock_rule *rule = clock.rule;
    toc_time_ms since_ms = happen_since(work, rule);
    note_end(work, clock);
    if (happen_has_left(work, clock) || !happen_wanted(work, clock) ||
        !happen_may_begin(work, rule))
        return TOC_OK;
    bool lasts = since_ms != 0 || rule->goes_on || happen_has_state(work, rule->start);
    bool same = since_ms <= clock.row->stopped_ms;
    if (same && clock.row->ended_by == TOCSIN__V1__CLOCK_END__CLOCK_END_TARGET)
        return retarget_go_on(work, index);
    if (happen_starts(work, rule->start) ||
        (lasts && clock.row->ended_by == TOCSIN__V1__CLOCK_END__CLOCK_END_STATE))
        return move_start(work, index, rule, work->at_ms);
    return lasts && !same ? move_start(work, index, rule, since_ms) : TOC_OK;
}

static enum toc_err move_clock(struct work *work, size_t index)
{
    struct clock clock = row_clock(work, index);
    if (clock.rule == NULL || clock.rule->metric == TOC_CLOCK_ESCALATION ||
        recount_did(work, clock.rule))
        return TOC_OK;
    if (!clock_is_live(clock.row))
        return start_again(work, index, clock);
    uint32_t instance = clock.row->instance;
    TOC_TRY(end_if_due(work, index, clock));
    if (clock.row->instance != instance)
        return TOC_OK; /* reset */
    if (clock_is_live(clock.row))
        return pause_or_resume(work, index, clock);
    return happen_starts(work, clock.rule->start) ? start_again(work, index, clock) : TOC_OK;
}

enum toc_err move_clocks(struct work *work)
{
    size_t clocks = work->row->n_clocks;
    for (size_t i = 0; i < clocks; i++)
        TOC_TRY(move_clock(work, i));
    for (size_t i = 0; work->sla != NULL && i < work->sla->clock_count; i++)
        if (!recount_did(work, &work->sla->clocks[i]))
            TOC_TRY(start_missing(work, &work->sla->clocks[i]));
    return TOC_OK;
}
