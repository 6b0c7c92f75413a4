#include "services/sla/record.h"

#include "services/sla/share.h"
#include "services/sla/urgency.h"

#define RECORD_MAX   1800 /* bytes of a packed body: the record around it has to stay below 2 kB */
#define LEDGER_LEAST 8    /* intervals that shares give way to */

/* --- the sum behind a verdict ------------------------------------------------------------- */

/* The latest intervals, the open one last: the sum that a reader can check. */
static enum toc_err fill_ledger(struct work *work, size_t index, Tocsin__V1__ClockChange *change)
{
    const Tocsin__V1__Clock *clock = work->row->clocks[index];
    uint32_t shown = clock->intervals < SLA_LEDGER_SHOWN ? clock->intervals : SLA_LEDGER_SHOWN;
    Tocsin__V1__Interval *intervals, **list;
    struct toc_arena *arena = work->turn->arena;
    intervals = toc_arena_take(arena, (shown + 1) * sizeof(*intervals));
    list = toc_arena_take(arena, (shown + 1) * sizeof(*list));
    if (intervals == NULL || list == NULL)
        return TOC_ERR_LIMIT;
    for (uint32_t i = 0; i < shown; i++) {
        struct toc_interval interval;
        TOC_TRY(row_read_interval(work, index, clock->intervals - shown + i, &interval));
        tocsin__v1__interval__init(&intervals[i]);
        intervals[i].from_ms = interval.from_ms;
        intervals[i].until_ms = interval.until_ms;
        list[i] = &intervals[i];
    }
    if (clock->state == TOCSIN__V1__CLOCK_STATE__CLOCK_RUNNING) {
        tocsin__v1__interval__init(&intervals[shown]);
        intervals[shown].from_ms = clock->running_since_ms;
        list[shown] = &intervals[shown];
        shown++;
    }
    change->ledger = list;
    change->n_ledger = shown;
    return TOC_OK;
}

static bool shows_ledger(Tocsin__V1__ClockChange__What what)
{
    return what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__MET ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__CORRECTED;
}

/* An instant of the clock has passed, which may open an alert. */
static bool has_passed(Tocsin__V1__ClockChange__What what)
{
    return what == TOCSIN__V1__CLOCK_CHANGE__WHAT__WARNED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED;
}

/* Or may have, for all that is known. */
static bool may_alert(Tocsin__V1__ClockChange__What what)
{
    return has_passed(what) || what == TOCSIN__V1__CLOCK_CHANGE__WHAT__OVERDUE_UNCONFIRMED;
}

static bool shows_shares(Tocsin__V1__ClockChange__What what)
{
    return what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__MET;
}

/* --- records ------------------------------------------------------------------------------ */

/* A warning or breach that was seen long after its instant. */
static bool is_catch_up(const struct toc_turn *turn, const struct said *said)
{
    return has_passed(said->what) && !said->on_retarget && !turn->event_clock &&
           turn->log_ms > said->at_ms && turn->log_ms - said->at_ms > SLA_LATE_MS;
}

/* Whoever follows pages the team that was asked about its own escalation. */
static char *path_of(const struct work *work, const Tocsin__V1__Clock *clock)
{
    if (clock->team[0] != '\0' && work->policy != NULL) {
        const struct toc_team *team = toc_policy_team(work->policy, toc_str_of(clock->team));
        if (team != NULL && team->path != NULL)
            return toc_wire_text(team->path->name);
    }
    return work->row->path;
}

static void describe_issue(const struct work *work, Tocsin__V1__ClockChange *change)
{
    const Tocsin__V1__IssueClocks *row = work->row;
    change->number = row->number;
    change->state = row->state;
    change->priority = row->priority;
    change->queue = row->queue;
    change->tier = row->tier;
    change->path = path_of(work, change->clock);
    change->source = row->source;
    change->subject = row->subject;
    change->risk = row->risk;
    change->sla = change->clock->team[0] == '\0' ? row->sla : toc_wire_text("");
}

static void describe(const struct work *work, const struct said *said,
                     Tocsin__V1__ClockChange *change)
{
    change->what = said->what;
    change->threshold_percent = said->threshold_percent;
    change->due_ms = said->due_ms;
    change->detected_ms = work->turn->log_ms;
    change->catch_up = is_catch_up(work->turn, said);
    change->on_retarget = said->on_retarget;
    change->reason = toc_wire_text(said->reason != NULL ? said->reason : "");
    change->old_target_ms = said->old_target_ms;
    change->old_due_ms = said->old_due_ms;
    change->old_elapsed_ms = said->old_elapsed_ms;
    change->mode = said->mode;
    change->of_policy = said->of_policy;
    change->would_breach = said->would_breach;
}

/* What a page says beside the rest. */
static void leave_out_names(Tocsin__V1__ClockChange *change)
{
    if (tocsin__v1__clock_change__get_packed_size(change) <= RECORD_MAX)
        return;
    change->category = toc_wire_text("");
    change->sop = toc_wire_text("");
}

/* Names may be very long: the oldest intervals give way to them, the smallest shares, the rest. */
static void make_room(Tocsin__V1__ClockChange *change)
{
    while ((change->n_ledger > 0 || change->n_shares > 0) &&
           tocsin__v1__clock_change__get_packed_size(change) > RECORD_MAX) {
        if (change->n_ledger <= LEDGER_LEAST && share_fold(change->shares, &change->n_shares))
            continue;
        if (change->n_ledger == 0)
            break; /* the other names alone are never too long */
        change->ledger++;
        change->n_ledger--;
    }
    leave_out_names(change);
}

static enum toc_err emit(struct work *work, const Tocsin__V1__ClockChange *change,
                         toc_time_ms at_ms)
{
    Tocsin__V1__IssueClocks *row = work->row;
    uint32_t class_bit;
    TOC_TRY(urgency_class(work, change->what, &class_bit));
    const struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__CLOCK_CHANGED,
                                .class_bit = class_bit,
                                .partition = row->partition,
                                .at_ms = at_ms,
                                .issue = row->id.data,
                                .prev_seq = row->last_seq,
                                .policy = row->policy,
                                .test = row->test,
                                .message = change};
    work->changed = true;
    return toc_emit(work->turn, &out, &row->last_seq);
}

static bool names_promise(Tocsin__V1__ClockChange__What what)
{
    return what == TOCSIN__V1__CLOCK_CHANGE__WHAT__STARTED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RETARGETED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__RECOMPUTED ||
           what == TOCSIN__V1__CLOCK_CHANGE__WHAT__BREACHED;
}

/* An instant that a calendar gave can only be checked by the same zones. */
static bool names_zones(Tocsin__V1__ClockChange__What what)
{
    return names_promise(what) || shows_ledger(what);
}

static enum toc_err say(struct work *work, size_t index, const struct said *said)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    struct clock clock = row_clock(work, index);
    change.clock = clock.row;
    describe_issue(work, &change);
    describe(work, said, &change);
    if (may_alert(said->what)) {
        change.unfit = work->row->unfit;
        change.category = work->row->category;
        change.sop = work->row->sop;
    }
    if (names_promise(said->what) && clock.target != NULL && clock.target->text != NULL)
        change.promise = toc_wire_text(clock.target->text);
    if (names_zones(said->what) && work->policy != NULL)
        change.tzdata = toc_wire_text(work->policy->tzdata);
    if (shows_ledger(said->what))
        TOC_TRY(fill_ledger(work, index, &change));
    if (shows_shares(said->what) && clock.rule != NULL)
        TOC_TRY(share_list(work, index, said->at_ms, &change.shares, &change.n_shares));
    make_room(&change);
    return emit(work, &change, said->at_ms);
}

/* One step may have many verdicts, each with a long sum: what it took goes back to the arena. */
enum toc_err record_say(struct work *work, size_t index, const struct said *said)
{
    size_t mark = toc_arena_mark(work->turn->arena);
    if (work->dry)
        return TOC_OK;
    enum toc_err err = say(work, index, said);
    toc_arena_reset(work->turn->arena, mark);
    return err;
}

enum toc_err record_refuse(struct work *work, const char *metric, const char *scope,
                           const char *reason)
{
    Tocsin__V1__ClockChange change = TOCSIN__V1__CLOCK_CHANGE__INIT;
    Tocsin__V1__Clock clock = TOCSIN__V1__CLOCK__INIT;
    const struct said said = {.what = TOCSIN__V1__CLOCK_CHANGE__WHAT__NOT_APPLIED,
                              .at_ms = work->at_ms,
                              .reason = reason};
    if (work->dry)
        return TOC_OK;
    clock.metric = toc_wire_text(metric);
    clock.scope = toc_wire_text(scope);
    change.clock = &clock;
    describe_issue(work, &change);
    describe(work, &said, &change);
    return emit(work, &change, work->at_ms);
}
