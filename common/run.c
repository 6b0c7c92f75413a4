#include "common/run_internal.h"

/* --- transactions and steps ------------------------------------------------------------- */

enum toc_err run_begin(struct toc_run *run)
{
    if (run->turn_open)
        return TOC_OK;
    TOC_TRY(toc_txn_begin_write(run->store, &run->turn.txn));
    run->turn_open = true;
    run->turn.nearly_full = run->counts.percent_used >= TOC_FULL_PERCENT;
    return TOC_OK;
}

enum toc_err run_step(struct toc_run *run, const struct toc_event *ev, uint64_t cause_log,
                      uint64_t cause_seq, struct toc_receipt *receipt)
{
    struct toc_turn *turn = &run->turn;
    turn->log_ms = run->log_ms;
    turn->receipt = receipt;
    turn->cause_log = cause_log;
    turn->cause_seq = cause_seq;
    turn->cause_index = 0;
    size_t mark = toc_arena_mark(&run->event_arena);
    enum toc_err err = run->service->step(turn, ev);
    TOC_ASSERT(err != TOC_NONE);
    toc_policy_cache_trim(&run->policies);
    run->log_ms = run_later(run->log_ms, turn->log_ms); /* what was written at a time stays so */
    if (receipt == NULL)                                /* a receipt's detail is read first */
        toc_arena_reset(&run->event_arena, mark);
    run->turn_events++;
    run->counts.events++;
    TOC_EXIT_POINT("mid_turn");
    return err;
}

enum toc_err run_fire_dues(struct toc_run *run, unsigned most)
{
    while (run->turn.wake_ms < run->log_ms && most-- > 0) {
        struct toc_event ev = {.kind = TOC_EVENT_TIME, .at_ms = run->log_ms};
        uint64_t before_seq = run->journal.last_seq;
        toc_time_ms next;
        TOC_TRY(run_begin(run));
        TOC_TRY(run_step(run, &ev, 0, 0, NULL));
        if (run->journal.last_seq == before_seq)
            run->fired_ms = run->log_ms;
        TOC_TRY(run->service->next_due(run->turn.txn, &next));
        run->turn.wake_ms = next;
    }
    return TOC_OK;
}

/* Log time is the wall clock's. Where that was set back it goes on as time passes: what waits for
 * an instant would otherwise wait as long as the step was. */
static void advance_own_time(struct toc_run *run, struct toc_now now)
{
    toc_time_ms passed_ms = now.mono_ms - run->own_mono_ms;
    run->own_mono_ms = now.mono_ms;
    if (passed_ms > 0)
        run->log_ms += passed_ms;
    run->log_ms = run_later(run->log_ms, now.wall_ms);
}

/* Moves log time to the lowest promise of the live upstreams, or with the own clock. */
static void advance_log_time(struct toc_run *run, struct toc_now now)
{
    if (run->service->accepts_submissions)
        return; /* an intake's log time is its stamps */
    if (run_has_own_time(run))
        advance_own_time(run, now);
    else
        follow_advance(run);
}

/* In event time the core stamps with the event's own time, never below the floor. */
enum toc_err run_step_stamped(struct toc_run *run, struct toc_event *ev, struct toc_now now,
                              struct toc_receipt *receipt)
{
    ev->at_ms = run->stamp_floor_ms;
    if (!run->config->event_clock && now.wall_ms > ev->at_ms)
        ev->at_ms = now.wall_ms;
    run->log_ms = ev->at_ms;
    TOC_TRY(run_begin(run));
    TOC_TRY(run_step(run, ev, 0, 0, receipt));
    if (run->journal.last_at_ms > run->stamp_floor_ms)
        run->stamp_floor_ms = run->journal.last_at_ms;
    return TOC_OK;
}

enum toc_err toc_run_outcome(struct toc_run *run, struct toc_str bytes, struct toc_now now)
{
    struct toc_event ev = {.kind = TOC_EVENT_OUTCOME, .at_ms = now.wall_ms, .bytes = bytes};
    if (run->service->accepts_submissions)
        return run_survive_full(run, run_step_stamped(run, &ev, now, NULL), now);
    if (run->log_ms == TOC_TIME_MIN)
        advance_log_time(run, now); /* before the first poll */
    enum toc_err err = run_begin(run);
    if (err == TOC_OK)
        err = run_step(run, &ev, 0, 0, NULL);
    return run_survive_full(run, err, now);
}

enum toc_err run_abandon(struct toc_run *run)
{
    toc_txn_abort(run->turn.txn);
    run->turn.txn = NULL;
    run->turn_open = false;
    toc_policy_cache_done(&run->policies); /* a version of this turn may come with another text */
    run_refuse_receipts(run);
    if (run->gate.abandoned != NULL)
        run->gate.abandoned(run->gate.self, run->committed_seq);
    for (size_t i = 0; i < run->upstream_count; i++)
        follow_restart(run, &run->upstreams[i]);
    return run_load(run);
}

/* Below which record the log may be trimmed. */
static uint64_t trim_below(const struct toc_run *run)
{
    uint64_t keep = run->config->keep_records;
    if (keep == 0 || run->journal.last_seq < keep)
        return 0;
    uint64_t below = feed_lowest_done(run);
    if (below > run->journal.last_seq - keep)
        below = run->journal.last_seq - keep;
    if (run->service->needs_from != NULL && below > run->service->needs_from(run->self))
        below = run->service->needs_from(run->self);
    return below;
}

/* A full store takes nothing that a turn has to put, and without a turn nothing would be trimmed:
 * so that stands alone. */
static enum toc_err trim_alone(struct toc_run *run, struct toc_now now)
{
    const struct toc_journal before = run->journal;
    struct toc_txn *txn;
    TOC_TRY(toc_txn_begin_write(run->store, &txn));
    toc_txn_use_reserve(txn);
    enum toc_err err = feed_save(run, txn, now); /* whoever it waits for may be forgotten by now */
    if (err == TOC_OK)
        err = toc_journal_trim(&run->journal, txn, trim_below(run), TRIM_RECORDS);
    if (err == TOC_OK)
        err = toc_txn_commit(txn);
    else
        toc_txn_abort(txn);
    if (err < 0)
        run->journal = before;
    run->counts.percent_used = toc_store_percent_used(run->store);
    return err;
}

/* A full store is the one failure that a process survives. */
enum toc_err run_survive_full(struct toc_run *run, enum toc_err err, struct toc_now now)
{
    if (err != TOC_ERR_FULL)
        return err;
    toc_log(TOC_LOG_ALARM, "store_full", "retry_ms=%d", FULL_PAUSE_MS);
    run->full_until_ms = now.mono_ms + FULL_PAUSE_MS;
    run->counts.full = true;
    err = run_abandon(run);
    if (err == TOC_OK)
        err = trim_alone(run, now);
    return err == TOC_ERR_FULL ? TOC_OK : err;
}

enum toc_err toc_run_met_full(struct toc_run *run, struct toc_now now)
{
    return run_survive_full(run, TOC_ERR_FULL, now);
}

/* --- time and commit -------------------------------------------------------------------- */

/* Nothing can be judged while log time stands still, but somebody should know. */
static enum toc_err tell_behind(struct toc_run *run, struct toc_now now)
{
    struct toc_event ev = {.kind = TOC_EVENT_BEHIND, .at_ms = now.wall_ms};
    if (!run->service->sees_behind || run->config->event_clock || run->log_ms == TOC_TIME_MIN ||
        now.wall_ms - run->log_ms < BEHIND_MS ||
        now.mono_ms - run->behind_told_ms < BEHIND_AGAIN_MS)
        return TOC_OK;
    run->behind_told_ms = now.mono_ms;
    TOC_TRY(run_begin(run));
    return run_step(run, &ev, 0, 0, NULL);
}

static bool wants_reservation(const struct toc_run *run, struct toc_now now)
{
    return run->service->accepts_submissions && !run->config->event_clock &&
           run->reserved_ms < run_later(now.wall_ms, run->stamp_floor_ms) + RESERVE_MS / 2;
}

static enum toc_err poll_turn(struct toc_run *run, struct toc_now now)
{
    TOC_TRY(follow_poll(run, now));
    advance_log_time(run, now);
    if (now.mono_ms < run->full_until_ms)
        return TOC_OK; /* nothing can be written */
    if (!run->leads)
        TOC_TRY(run_fire_dues(run, run_has_own_time(run) ? 1 : STEPS_PER_POLL));
    TOC_TRY(pace_poll(run));
    TOC_TRY(tell_behind(run, now));
    if (wants_reservation(run, now))
        TOC_TRY(run_begin(run));
    return TOC_OK;
}

enum toc_err toc_run_poll(struct toc_run *run, struct toc_now now)
{
    return run_survive_full(run, poll_turn(run, now), now);
}

static enum toc_err reserve(struct toc_run *run, struct toc_now now)
{
    uint8_t row[8];
    if (!wants_reservation(run, now))
        return TOC_OK;
    toc_time_ms ahead = run_later(now.wall_ms, run->stamp_floor_ms) + RESERVE_MS;
    toc_put_u64be(row, (uint64_t)ahead);
    TOC_TRY(toc_put(run->turn.txn, TOC_TABLE_META, run_reserved_key, toc_str(row, sizeof(row))));
    run->reserved_ms = ahead;
    return TOC_OK;
}

static enum toc_err save_fired(struct toc_run *run)
{
    uint8_t row[8];
    if (run->fired_ms == run->fired_saved_ms)
        return TOC_OK;
    toc_put_u64be(row, (uint64_t)run->fired_ms);
    run->fired_saved_ms = run->fired_ms;
    return toc_put(run->turn.txn, TOC_TABLE_META, run_fired_key, toc_str(row, sizeof(row)));
}

/* More goes than comes, or a log that was longer would stay so. */
static enum toc_err trim(struct toc_run *run, struct toc_now now)
{
    uint64_t most = 2 * (run->journal.last_seq - run->committed_seq);
    TOC_TRY(feed_save(run, run->turn.txn, now)); /* a consumer that is away keeps its place */
    return toc_journal_trim(&run->journal, run->turn.txn, trim_below(run),
                            most > TRIM_RECORDS ? most : TRIM_RECORDS);
}

static enum toc_err finish_turn(struct toc_run *run, struct toc_now now)
{
    if (run->turn_events > 0 && run->service->settle != NULL)
        TOC_TRY(run->service->settle(&run->turn));
    if (!TOC_PLANTED(TOC_PLANT_CURSOR_OUTSIDE))
        TOC_TRY(follow_save(run, run->turn.txn));
    TOC_TRY(reserve(run, now));
    TOC_TRY(save_fired(run));
    TOC_TRY(pace_save(run));
    TOC_TRY(trim(run, now));
    if (TOC_PLANTED(TOC_PLANT_ACK_EARLY))
        run_send_receipts(run);
    if (run->gate.before_commit != NULL)
        TOC_TRY(run->gate.before_commit(run->gate.self));
    struct toc_txn *txn = run->turn.txn;
    run->turn.txn = NULL;
    run->turn_open = false; /* gone either way */
    TOC_EXIT_POINT("before_commit");
    enum toc_err err = toc_txn_commit(txn);
    if (err == TOC_OK && TOC_PLANTED(TOC_PLANT_CURSOR_OUTSIDE)) {
        TOC_TRY(toc_txn_begin_write(run->store, &txn));
        TOC_TRY(follow_save(run, txn));
        err = toc_txn_commit(txn);
    }
    return err;
}

/* What this service promises those behind it: no record earlier than this will follow. */
static toc_time_ms promise_of(const struct toc_run *run, struct toc_now now)
{
    if (run->service->accepts_submissions) {
        if (run->config->event_clock)
            return run->journal.last_at_ms;
        toc_time_ms reached = run_later(now.wall_ms, run->stamp_floor_ms);
        if (TOC_PLANTED(TOC_PLANT_PROMISE_AHEAD))
            return reached + 20 * RESERVE_MS;
        return reached < run->reserved_ms ? reached : run->reserved_ms;
    }
    /* Dues that were left for the next turn lie before log time. */
    return run->turn.wake_ms < run->log_ms ? run->turn.wake_ms : run->log_ms;
}

static enum toc_err commit_turn(struct toc_run *run, struct toc_now now)
{
    enum toc_err err = finish_turn(run, now);
    if (err < 0)
        return run_survive_full(run, err, now);
    run->counts.commits++;
    run->counts.full = false;
    run->committed_seq = run->journal.last_seq;
    run->counts.percent_used = toc_store_percent_used(run->store);
    toc_arena_reset(&run->event_arena, 0);
    TOC_EXIT_POINT("after_commit_before_send");
    return TOC_OK;
}

enum toc_err toc_run_commit(struct toc_run *run, struct toc_now now)
{
    advance_log_time(run, now);
    if (run->turn_open)
        TOC_TRY(commit_turn(run, now));
    run->turn_events = 0;
    run_send_receipts(run); /* refusals need no commit */
    run->promised_ms = run_later(run->promised_ms, promise_of(run, now));
    if (!TOC_PLANTED(TOC_PLANT_PROMISE_AHEAD)) /* the wall clock may step back: no stamp follows */
        run->stamp_floor_ms = run_later(run->stamp_floor_ms, run->promised_ms);
    pace_tell(run);
    follow_after_commit(run, now);
    return feed_pump(run, now);
}

bool toc_run_is_full(const struct toc_run *run)
{
    return run->turn_events >= run->config->batch_max || run->receipt_count == RECEIPTS_MAX ||
           run->receipt_used + TOC_FRAME_MAX > RECEIPTS_BYTES ||
           (run->gate.is_full != NULL && run->gate.is_full(run->gate.self));
}

toc_time_ms toc_run_rest_ms(const struct toc_run *run)
{
    return run->partner == NULL ? run->service->rest_ms : 0; /* that waits for each word */
}

toc_time_ms toc_run_wait_ms(struct toc_run *run, struct toc_now now)
{
    toc_time_ms wait = TOC_HEARTBEAT_MS / 2, feed_ms = feed_wait_ms(run, now);
    if (now.mono_ms < run->full_until_ms)
        return wait;
    if (run->more || (run->turn.wake_ms < run->log_ms && !run->leads))
        return 0;
    if (run_has_own_time(run) && run->turn.wake_ms != TOC_TIME_NEVER &&
        run->turn.wake_ms - now.wall_ms < wait)
        wait = run->turn.wake_ms - now.wall_ms;
    if (feed_ms < wait)
        wait = feed_ms;
    return wait < 1 ? 1 : wait;
}

void toc_run_set_gate(struct toc_run *run, const struct toc_run_gate *gate)
{
    run->gate = *gate;
}

/* --- for status and metrics ------------------------------------------------------------- */

struct toc_store *toc_run_store(struct toc_run *run)
{
    return run->store;
}

void *toc_run_self(struct toc_run *run)
{
    return run->self;
}

const struct toc_journal *toc_run_journal(const struct toc_run *run)
{
    return &run->journal;
}

toc_time_ms toc_run_log_ms(const struct toc_run *run)
{
    return run->promised_ms;
}

void toc_run_counts(const struct toc_run *run, struct toc_run_counts *out)
{
    *out = run->counts;
    out->followers = 0;
    for (size_t i = 0; i < TOC_FOLLOWERS_MAX; i++)
        out->followers += run->followers[i].peer != 0;
    out->upstreams = run->upstream_count;
    out->upstreams_live = 0;
    out->upstreams_stopped = 0;
    out->lag_records = 0;
    for (size_t i = 0; i < run->upstream_count; i++) {
        const struct upstream *up = &run->upstreams[i];
        out->upstreams_live += up->stream != 0;
        out->upstreams_stopped += up->stopped != NULL;
        if (up->head_seq > up->cursor)
            out->lag_records += up->head_seq - up->cursor;
    }
}

bool toc_run_is_ready(const struct toc_run *run, const char **why_not)
{
    *why_not = NULL;
    if (run->counts.percent_used >= TOC_FULL_PERCENT)
        *why_not = "the store is nearly full";
    for (size_t i = 0; i < run->upstream_count; i++) {
        if (run->upstreams[i].stopped != NULL)
            *why_not = run->upstreams[i].stopped;
        else if (run->upstreams[i].stream == 0)
            *why_not = "an upstream is not connected";
    }
    return *why_not == NULL;
}
