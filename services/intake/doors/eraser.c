#include "services/intake/doors/eraser.h"

#include "common/exit_point.h"
#include "common/log.h"
#include "common/program.h"
#include "services/intake/doors/keeper.h"
#include "services/intake/erasure.h"
#include "services/intake/intake.h"
#include "services/intake/vault/ledger.h"
#include "services/intake/vault/renew.h"

#include <stdlib.h>

#define LOOK_ROWS   64   /* erasures taken on at a time */
#define SWEEP_ROWS  1024 /* of them, how many are looked at */
#define PAUSE_MS    20   /* then at least so long nothing of it, for those who wait for receipts */
#define WORK_MS     4    /* of a renewal, between two turns */
#define ERASE_MS    16   /* of deleting keys, before they are committed */
#define RETRY_MS    5000 /* after a full disk */
#define ARENA_BYTES (64 * 1024)
#define NEVER_SEEN  UINT64_MAX

/* Something to do for a row, with no transaction open. */
struct task {
    uint64_t seq;
    Tocsin__V1__ErasureStep step; /* that the row has reached */
    bool at_once;
    uint32_t held_back;
    char held_by[HOLD_ID_MAX + 1];
    char pseudonym[LEDGER_PSEUDONYM_MAX + 1];
};

struct eraser {
    const struct eraser_config *config;
    struct toc_run *run;
    struct vault *vault;
    struct ledger *ledger;
    struct toc_arena arena;
    uint64_t seen;   /* intake_erasures_kept of the last look that found nothing to do */
    bool sweeping;   /* all that is under way is being looked at, so far up to `place` */
    bool swept_some; /* … and something was told: whether it is kept, the next sweep sees */
    struct erasure_place place;
    bool at_once;         /* somebody wants the renewal now */
    toc_time_ms due_ms;   /* wall clock: the next renewal */
    toc_time_ms retry_ms; /* monotonic: nothing before */
    toc_time_ms renew_ms; /* monotonic: no renewal before */
    struct vault_renewal *renewal;
    struct keeper keeper; /* … and what it leaves out for its age */
    struct holds holds;
    uint64_t holds_seen;  /* intake_holds_kept when they were read */
    uint64_t renewal_seq; /* the log's end when it began */
    uint64_t renewed_seq; /* what was erased up to here is done */
    struct task tasks[LOOK_ROWS];
    size_t task_count;
    size_t together; /* people whose keys are deleted at once: fewer after a full disk */
};

/* Looks at all that is under way, from the first on, a part of it at a time: many may be. */
static void sweep(struct eraser *eraser)
{
    eraser->sweeping = true;
    eraser->swept_some = false;
    eraser->place.size = 0;
}

/* --- telling the core ------------------------------------------------------------------------- */

static enum toc_err tell(struct eraser *eraser, Tocsin__V1__IntakeOutcome *outcome,
                         struct toc_now now)
{
    struct toc_str packed;
    toc_arena_reset(&eraser->arena, 0);
    TOC_TRY(toc_wire_pack(&eraser->arena, outcome, &packed));
    eraser->seen = NEVER_SEEN; /* the turn may be lost yet: look again */
    return toc_run_outcome(eraser->run, packed, now);
}

static enum toc_err tell_erasure(struct eraser *eraser, Tocsin__V1__Erasure *erasure,
                                 struct toc_now now)
{
    Tocsin__V1__IntakeOutcome outcome = TOCSIN__V1__INTAKE_OUTCOME__INIT;
    outcome.what_case = TOCSIN__V1__INTAKE_OUTCOME__WHAT_ERASURE;
    outcome.erasure = erasure;
    return tell(eraser, &outcome, now);
}

/* What is gone, and what could not go. */
struct gone {
    uint32_t keys, held_back;
    char held_by[HOLD_ID_MAX + 1];
};

static void set_gone(const struct gone *gone, Tocsin__V1__Erasure *erasure)
{
    erasure->step = TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE;
    erasure->keys = gone->keys;
    erasure->held_back = gone->held_back;
    erasure->held_by = toc_wire_text(gone->held_by);
}

/* `gone` is NULL when it is done. */
static enum toc_err tell_task(struct eraser *eraser, const struct task *task,
                              const struct gone *gone, struct toc_now now)
{
    Tocsin__V1__Erasure erasure = TOCSIN__V1__ERASURE__INIT;
    erasure.seq = task->seq;
    erasure.pseudonym = toc_wire_text(task->pseudonym);
    erasure.step = TOCSIN__V1__ERASURE_STEP__ERASURE_DONE;
    if (gone != NULL)
        set_gone(gone, &erasure);
    eraser->swept_some = true;
    return tell_erasure(eraser, &erasure, now);
}

/* --- what holds keep -------------------------------------------------------------------------- */

/* Why a raw mail has to stay. */
struct stay {
    const struct holds *holds;
    char by[HOLD_ID_MAX + 1]; /* the first hold that said so */
};

static bool is_held(void *arg, uint64_t other)
{
    struct stay *stay = arg;
    const struct hold_on *hold = holds_on_listed(stay->holds, other);
    if (hold != NULL && stay->by[0] == '\0')
        toc_str_copy(stay->by, sizeof(stay->by), toc_str_of(hold->hold));
    return hold != NULL;
}

/* What was held back before and need not stay any more goes; the rest is counted. */
static enum toc_err erase_later(struct eraser *eraser, const char *pseudonym, struct gone *gone)
{
    struct stay stay = {.holds = &eraser->holds};
    uint32_t keys;
    TOC_TRY(vault_erase_later(eraser->vault, pseudonym, is_held, &stay, &keys, &gone->held_back));
    gone->keys += keys;
    memcpy(gone->held_by, stay.by, sizeof(gone->held_by));
    return TOC_OK;
}

/* TOC_NONE: nothing was there to erase. */
static enum toc_err erase_all(struct eraser *eraser, const char *pseudonym, struct gone *gone)
{
    struct stay stay = {.holds = &eraser->holds};
    *gone = (struct gone){.keys = 0};
    enum toc_err err = vault_erase(eraser->vault, pseudonym, is_held, &stay, &gone->keys);
    TOC_TRY(err);
    TOC_TRY(erase_later(eraser, pseudonym, gone));
    return err == TOC_OK || gone->keys > 0 || gone->held_back > 0 ? TOC_OK : TOC_NONE;
}

/* Who is held from here on may have lost something already. */
static enum toc_err see_to_holds(struct eraser *eraser)
{
    uint64_t kept = intake_holds_kept(toc_run_self(eraser->run));
    if (kept == eraser->holds_seen)
        return TOC_OK;
    TOC_TRY(holds_read(&eraser->holds, eraser->run, eraser->vault));
    eraser->holds_seen = kept;
    sweep(eraser);
    return TOC_OK;
}

/* --- the ledger at start ---------------------------------------------------------------------- */

struct replay {
    struct eraser *eraser;
    struct toc_now now;
};

/* What is only held back is under way, unless the row of it was not in the backup. */
static enum toc_err erase_again(void *arg, const struct ledger_entry *entry)
{
    struct replay *replay = arg;
    Tocsin__V1__Erasure erasure = TOCSIN__V1__ERASURE__INIT;
    struct gone gone;
    enum toc_err err = erase_all(replay->eraser, entry->pseudonym, &gone);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(vault_commit(replay->eraser->vault));
    if (gone.keys > 0)
        toc_log(TOC_LOG_WARNING, "erased_again",
                "pseudonym=%s keys=%u held_back=%u asked_log=%016llx asked_seq=%llu",
                entry->pseudonym, gone.keys, gone.held_back, (unsigned long long)entry->log_id,
                (unsigned long long)entry->seq);
    erasure.pseudonym = toc_wire_text(entry->pseudonym);
    erasure.by = toc_wire_text("ledger");
    erasure.reason = toc_wire_text("restored");
    erasure.again = true;
    set_gone(&gone, &erasure);
    return tell_erasure(replay->eraser, &erasure, replay->now);
}

/* --- when the vault is renewed ---------------------------------------------------------------- */

/* After the last time, which the age of the newest KEK tells. */
static toc_time_ms due_after(const struct eraser_config *config, toc_time_ms last_ms)
{
    if (config->job_at_ms < 0)
        return last_ms + config->every_ms;
    toc_time_ms day_ms = last_ms - last_ms % TOC_DAY_MS + config->job_at_ms;
    return day_ms > last_ms ? day_ms : day_ms + TOC_DAY_MS;
}

static bool is_due(const struct eraser *eraser, struct toc_now now)
{
    return eraser->at_once || now.wall_ms >= eraser->due_ms;
}

/* --- life ------------------------------------------------------------------------------------- */

static enum toc_err open_ledger(struct eraser *eraser, struct toc_now now)
{
    struct replay replay = {eraser, now};
    TOC_TRY(ledger_open(eraser->config->ledger, &eraser->ledger));
    TOC_TRY(holds_read(&eraser->holds, eraser->run, eraser->vault));
    return ledger_replay(eraser->ledger, erase_again, &replay);
}

enum toc_err eraser_start(const struct eraser_config *config, struct toc_run *run,
                          struct vault *vault, struct toc_now now, struct eraser **out)
{
    struct eraser *eraser = calloc(1, sizeof(*eraser));
    if (eraser == NULL)
        return TOC_ERR_MEMORY;
    *eraser = (struct eraser){.config = config,
                              .run = run,
                              .vault = vault,
                              .seen = NEVER_SEEN,
                              .together = LOOK_ROWS,
                              .holds_seen = NEVER_SEEN}; /* the ledger may change whom they mean */
    enum toc_err err = toc_arena_init(&eraser->arena, ARENA_BYTES);
    if (err == TOC_OK)
        err = open_ledger(eraser, now);
    if (err < 0) {
        eraser_stop(eraser);
        return err;
    }
    eraser->at_once = vault_is_renewing(vault);
    eraser->due_ms = due_after(config, vault_renewed_ms(vault));
    *out = eraser;
    return TOC_OK;
}

static void give_up(struct eraser *eraser)
{
    vault_renew_end(eraser->renewal);
    eraser->renewal = NULL;
}

void eraser_stop(struct eraser *eraser)
{
    if (eraser == NULL)
        return;
    give_up(eraser);
    holds_done(&eraser->holds);
    ledger_close(eraser->ledger);
    toc_arena_done(&eraser->arena);
    free(eraser);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void add_task(struct eraser *eraser, const Tocsin__V1__Erasure *row)
{
    TOC_ASSERT(eraser->task_count < LOOK_ROWS);
    struct task *task = &eraser->tasks[eraser->task_count++];
    task->seq = row->seq;
    task->step = row->step;
    task->at_once = row->at_once;
    task->held_back = row->held_back;
    toc_str_copy(task->held_by, sizeof(task->held_by), toc_str_of(row->held_by));
    toc_str_copy(task->pseudonym, sizeof(task->pseudonym), toc_str_of(row->pseudonym));
}

/* What waits for the next renewal is left alone. */
static void consider(struct eraser *eraser, const Tocsin__V1__Erasure *row)
{
    uint64_t since = row->clear_seq > row->seq ? row->clear_seq : row->seq;
    if (row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE && row->held_back == 0 &&
        since > eraser->renewed_seq)
        eraser->at_once |= row->at_once;
    else
        add_task(eraser, row);
}

static enum toc_err look_at_asked(struct eraser *eraser, struct toc_txn *txn)
{
    struct erasure_place place = {.size = 0};
    Tocsin__V1__Erasure *row;
    enum toc_err err = TOC_OK;
    while (eraser->task_count < LOOK_ROWS && err == TOC_OK) {
        toc_arena_reset(&eraser->arena, 0);
        err = erasure_next_asked(txn, &eraser->arena, &place, &row);
        if (err == TOC_OK)
            add_task(eraser, row);
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err sweep_on(struct eraser *eraser, struct toc_txn *txn)
{
    Tocsin__V1__Erasure *row;
    enum toc_err err = TOC_OK;
    for (unsigned i = 0; i < SWEEP_ROWS && eraser->task_count < LOOK_ROWS && err == TOC_OK; i++) {
        toc_arena_reset(&eraser->arena, 0);
        err = erasure_next_pending(txn, &eraser->arena, &eraser->place, &row);
        if (err == TOC_OK)
            consider(eraser, row);
    }
    if (err == TOC_NONE && eraser->task_count == 0) {
        eraser->sweeping = false;
        if (eraser->swept_some)
            sweep(eraser);
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err look(struct eraser *eraser)
{
    struct toc_txn *txn;
    eraser->task_count = 0;
    TOC_TRY(toc_txn_begin_read(toc_run_store(eraser->run), &txn));
    enum toc_err err = look_at_asked(eraser, txn);
    if (err == TOC_OK && eraser->task_count == 0 && eraser->sweeping)
        err = sweep_on(eraser, txn);
    toc_txn_abort(txn);
    return err;
}

/* --- carrying out ----------------------------------------------------------------------------- */

/* Who is not in the vault any more is in the ledger: the core has not been told yet, or could not
 * keep it. */
static enum toc_err write_down(struct eraser *eraser, const struct task *task, toc_time_ms at_ms)
{
    struct ledger_entry entry = {
        .log_id = toc_run_journal(eraser->run)->log_id, .seq = task->seq, .at_ms = at_ms};
    uint64_t subject;
    enum toc_err err = vault_find_pseudonym(eraser->vault, task->pseudonym, &subject);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    memcpy(entry.pseudonym, task->pseudonym, sizeof(entry.pseudonym));
    return ledger_append(eraser->ledger, &entry);
}

/* The ledger first: whatever happens after it, nobody can bring the keys back unseen. */
static enum toc_err write_all_down(struct eraser *eraser, size_t count, toc_time_ms at_ms)
{
    for (size_t i = 0; i < count; i++)
        TOC_TRY(write_down(eraser, &eraser->tasks[i], at_ms));
    TOC_TRY(ledger_sync(eraser->ledger));
    TOC_EXIT_POINT("erase_in_ledger");
    return TOC_OK;
}

/* Those that there is no time for are found again, and in the ledger twice. */
static enum toc_err erase_some(struct eraser *eraser, size_t *count, struct gone gone[])
{
    toc_time_ms until_ms = toc_program_now().mono_ms + ERASE_MS;
    size_t done = 0;
    while (done < *count && (done == 0 || toc_program_now().mono_ms < until_ms)) {
        enum toc_err err = erase_all(eraser, eraser->tasks[done].pseudonym, &gone[done]);
        TOC_TRY(err);
        done++;
    }
    *count = done;
    return vault_commit(eraser->vault);
}

static enum toc_err erase_together(struct eraser *eraser, size_t count, struct toc_now now)
{
    struct gone gone[LOOK_ROWS];
    TOC_TRY(write_all_down(eraser, count, now.wall_ms));
    TOC_TRY(erase_some(eraser, &count, gone));
    TOC_EXIT_POINT("erase_keys_gone");
    for (size_t i = 0; i < count; i++) {
        eraser->at_once |= eraser->tasks[i].at_once;
        TOC_TRY(tell_task(eraser, &eraser->tasks[i], &gone[i], now));
    }
    return TOC_OK;
}

/* Flushing the ledger and the keys takes much longer than all else, so it is once for many. For
 * many there may be no room where there is for one: what deletes takes some before it gives any. */
static enum toc_err delete_keys(struct eraser *eraser, struct toc_now now)
{
    size_t count = eraser->task_count < eraser->together ? eraser->task_count : eraser->together;
    enum toc_err err = erase_together(eraser, count, now);
    if (err == TOC_ERR_FULL)
        eraser->together = 1;
    else if (err == TOC_OK && eraser->together < LOOK_ROWS)
        eraser->together *= 2;
    return err;
}

/* A hold may have been released: some of what was held back, or all of it, need not stay. */
static enum toc_err try_later(struct eraser *eraser, const struct task *task, struct toc_now now)
{
    struct gone gone = {.keys = 0};
    TOC_TRY(erase_later(eraser, task->pseudonym, &gone));
    TOC_TRY(vault_commit(eraser->vault));
    if (gone.held_back == task->held_back && strcmp(gone.held_by, task->held_by) == 0)
        return TOC_OK;
    TOC_EXIT_POINT("erase_later_gone");
    eraser->at_once |= task->at_once && gone.held_back == 0;
    return tell_task(eraser, task, &gone, now);
}

static enum toc_err take_on_one(struct eraser *eraser, const struct task *task, struct toc_now now)
{
    return task->held_back > 0 ? try_later(eraser, task, now) : tell_task(eraser, task, NULL, now);
}

/* What was looked at is all asked for, or all further than that. */
static enum toc_err take_on(struct eraser *eraser, struct toc_now now)
{
    if (eraser->task_count > 0 && eraser->tasks[0].step == TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED)
        return delete_keys(eraser, now);
    for (size_t i = 0; i < eraser->task_count; i++) {
        TOC_ASSERT(eraser->tasks[i].step != TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED);
        TOC_TRY(take_on_one(eraser, &eraser->tasks[i], now));
    }
    return TOC_OK;
}

/* Looks only when something has changed since it last found nothing to do. */
static enum toc_err see_to_rows(struct eraser *eraser, struct toc_now now)
{
    uint64_t kept = intake_erasures_kept(toc_run_self(eraser->run));
    TOC_TRY(see_to_holds(eraser));
    if (kept == eraser->seen && !eraser->sweeping) {
        eraser->task_count = 0;
        return TOC_OK;
    }
    TOC_TRY(look(eraser));
    eraser->seen = kept;
    return take_on(eraser, now);
}

/* --- the renewal ------------------------------------------------------------------------------ */

static enum toc_err begin(struct eraser *eraser, struct toc_now now)
{
    const struct toc_journal *journal = toc_run_journal(eraser->run);
    toc_time_ms now_ms = toc_program_event_clock() ? journal->last_at_ms : now.wall_ms;
    eraser->renewal_seq = journal->last_seq;
    toc_log(TOC_LOG_INFO, "vault_renewing", "seq=%llu", (unsigned long long)eraser->renewal_seq);
    TOC_TRY(keeper_begin(&eraser->keeper, eraser->run, &eraser->holds, now_ms));
    return vault_renew_begin(eraser->vault, keeper_expired, &eraser->keeper, &eraser->renewal);
}

static enum toc_err end(struct eraser *eraser, struct toc_now now)
{
    const struct vault_renewed *counts = vault_renew_counts(eraser->renewal);
    Tocsin__V1__IntakeOutcome outcome = TOCSIN__V1__INTAKE_OUTCOME__INIT;
    Tocsin__V1__VaultRenewed renewed = TOCSIN__V1__VAULT_RENEWED__INIT;
    renewed.kept = counts->kept;
    renewed.erased = counts->erased;
    renewed.expired = counts->expired;
    renewed.keys = counts->keys;
    outcome.what_case = TOCSIN__V1__INTAKE_OUTCOME__WHAT_RENEWED;
    outcome.renewed = &renewed;
    toc_log(TOC_LOG_INFO, "vault_renewed", "kept=%llu erased=%llu expired=%llu keys=%llu",
            (unsigned long long)counts->kept, (unsigned long long)counts->erased,
            (unsigned long long)counts->expired, (unsigned long long)counts->keys);
    give_up(eraser);
    eraser->at_once = false;
    eraser->renewed_seq = eraser->renewal_seq;
    sweep(eraser);
    eraser->due_ms = due_after(eraser->config, now.wall_ms);
    return tell(eraser, &outcome, now);
}

static enum toc_err renew(struct eraser *eraser, struct toc_now now)
{
    toc_time_ms until_ms = now.mono_ms + WORK_MS;
    enum toc_err err = TOC_OK;
    if (eraser->renewal == NULL)
        TOC_TRY(begin(eraser, now));
    while (err == TOC_OK && now.mono_ms < until_ms) {
        err = vault_renew_step(eraser->renewal, toc_run_journal(eraser->run)->last_seq);
        now = toc_program_now();
    }
    eraser->renew_ms = now.mono_ms + PAUSE_MS;
    return err == TOC_NONE ? end(eraser, now) : err;
}

/* --- all -------------------------------------------------------------------------------------- */

static enum toc_err work(struct eraser *eraser, struct toc_now now)
{
    TOC_TRY(see_to_rows(eraser, now));
    if (eraser->task_count > 0 || now.mono_ms < eraser->renew_ms ||
        (eraser->renewal == NULL && !is_due(eraser, now)))
        return TOC_OK;
    return renew(eraser, now);
}

enum toc_err eraser_work(struct eraser *eraser, struct toc_now now)
{
    if (now.mono_ms < eraser->retry_ms || !vault_rest(eraser->vault))
        return TOC_OK;
    enum toc_err err = work(eraser, now);
    if (err != TOC_ERR_FULL)
        return err;
    toc_log(TOC_LOG_ALARM, "erasing_waits", "why=\"%s\" retry_ms=%d", toc_err_text(err), RETRY_MS);
    give_up(eraser);
    eraser->seen = NEVER_SEEN;
    sweep(eraser);
    eraser->retry_ms = now.mono_ms + RETRY_MS;
    return TOC_OK;
}
