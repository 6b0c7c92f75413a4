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
#define PAUSE_MS    20   /* then at least so long nothing of it, for those who wait for receipts */
#define WORK_MS     4    /* of a renewal, between two turns */
#define RETRY_MS    5000 /* after a full disk */
#define ARENA_BYTES (64 * 1024)
#define NEVER_SEEN  UINT64_MAX

/* Something to do for a row, with no transaction open. */
struct task {
    uint64_t seq;
    Tocsin__V1__ErasureStep step; /* that the row has reached */
    char pseudonym[LEDGER_PSEUDONYM_MAX + 1];
};

struct eraser {
    const struct eraser_config *config;
    struct toc_run *run;
    struct vault *vault;
    struct ledger *ledger;
    struct toc_arena arena;
    uint64_t seen;        /* intake_erasures_kept of the last look that found nothing to do */
    bool at_once;         /* somebody wants the renewal now */
    toc_time_ms due_ms;   /* wall clock: the next renewal */
    toc_time_ms retry_ms; /* monotonic: nothing before */
    toc_time_ms renew_ms; /* monotonic: no renewal before */
    struct vault_renewal *renewal;
    struct keeper keeper; /* … and what it leaves out for its age */
    uint64_t holds_seen;  /* intake_erasures_kept when the keeper read the holds */
    uint64_t renewal_seq; /* the log's end when it began */
    uint64_t renewed_seq; /* erasures up to here are done, if their keys are gone */
    struct task tasks[LOOK_ROWS];
    size_t task_count;
};

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

static enum toc_err tell_step(struct eraser *eraser, const struct task *task,
                              Tocsin__V1__ErasureStep step, uint32_t keys, struct toc_now now)
{
    Tocsin__V1__Erasure erasure = TOCSIN__V1__ERASURE__INIT;
    erasure.seq = task->seq;
    erasure.pseudonym = toc_wire_text(task->pseudonym);
    erasure.step = step;
    erasure.keys = keys;
    return tell_erasure(eraser, &erasure, now);
}

/* --- the ledger at start ---------------------------------------------------------------------- */

struct replay {
    struct eraser *eraser;
    struct toc_now now;
};

static enum toc_err erase_again(void *arg, const struct ledger_entry *entry)
{
    struct replay *replay = arg;
    Tocsin__V1__Erasure erasure = TOCSIN__V1__ERASURE__INIT;
    uint32_t keys;
    enum toc_err err = vault_erase(replay->eraser->vault, entry->pseudonym, &keys);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    toc_log(TOC_LOG_WARNING, "erased_again",
            "pseudonym=%s keys=%u asked_log=%016llx asked_seq=%llu", entry->pseudonym, keys,
            (unsigned long long)entry->log_id, (unsigned long long)entry->seq);
    erasure.pseudonym = toc_wire_text(entry->pseudonym);
    erasure.by = toc_wire_text("ledger");
    erasure.reason = toc_wire_text("restored");
    erasure.keys = keys;
    erasure.again = true;
    return tell_erasure(replay->eraser, &erasure, replay->now);
}

/* The pseudonyms in the ledger. */
struct erased {
    char (*names)[VAULT_PSEUDONYM + 1];
    size_t count, room;
};

static enum toc_err add_erased(void *arg, const struct ledger_entry *entry)
{
    struct erased *erased = arg;
    if (strlen(entry->pseudonym) != VAULT_PSEUDONYM)
        return TOC_OK; /* none of the vault's */
    if (erased->count == erased->room) {
        size_t room = erased->room != 0 ? 2 * erased->room : 64;
        char(*names)[VAULT_PSEUDONYM + 1] = realloc(erased->names, room * sizeof(*names));
        if (names == NULL)
            return TOC_ERR_MEMORY;
        erased->names = names;
        erased->room = room;
    }
    memcpy(erased->names[erased->count++], entry->pseudonym, sizeof(*erased->names));
    return TOC_OK;
}

static enum toc_err look_for(struct vault *vault, const struct erased *erased)
{
    uint64_t *numbers = calloc(erased->count, sizeof(*numbers));
    size_t found = 0;
    if (numbers == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = vault_find_pseudonyms(vault, erased->names, erased->count, numbers, &found);
    free(numbers);
    return err < 0 ? err : found > 0 ? TOC_OK : TOC_NONE;
}

/* TOC_NONE: nobody whom the ledger has is in the vault. That takes one look at all who are in it,
 * and one for each line of the ledger would take minutes where there are many of both. */
static enum toc_err is_anybody_back(struct eraser *eraser)
{
    struct erased erased = {.names = NULL};
    enum toc_err err = ledger_replay(eraser->ledger, add_erased, &erased);
    if (err == TOC_OK)
        err = erased.count > 0 ? look_for(eraser->vault, &erased) : TOC_NONE;
    free(erased.names);
    return err;
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
    enum toc_err err = is_anybody_back(eraser);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    return ledger_replay(eraser->ledger, erase_again, &replay);
}

enum toc_err eraser_start(const struct eraser_config *config, struct toc_run *run,
                          struct vault *vault, struct toc_now now, struct eraser **out)
{
    struct eraser *eraser = calloc(1, sizeof(*eraser));
    if (eraser == NULL)
        return TOC_ERR_MEMORY;
    *eraser = (struct eraser){.config = config, .run = run, .vault = vault, .seen = NEVER_SEEN};
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
    keeper_end(&eraser->keeper);
}

void eraser_stop(struct eraser *eraser)
{
    if (eraser == NULL)
        return;
    give_up(eraser);
    ledger_close(eraser->ledger);
    toc_arena_done(&eraser->arena);
    free(eraser);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void consider(struct eraser *eraser, const Tocsin__V1__Erasure *row)
{
    bool gone = row->step == TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE;
    if (gone && row->seq > eraser->renewed_seq) {
        eraser->at_once |= row->at_once;
        return;
    }
    if (eraser->task_count == LOOK_ROWS)
        return;
    struct task *task = &eraser->tasks[eraser->task_count++];
    task->seq = row->seq;
    task->step = row->step;
    toc_str_copy(task->pseudonym, sizeof(task->pseudonym), toc_str_of(row->pseudonym));
}

static enum toc_err look(struct eraser *eraser)
{
    struct erasure_place place = {.size = 0};
    Tocsin__V1__Erasure *row;
    struct toc_txn *txn;
    enum toc_err err;
    eraser->task_count = 0;
    TOC_TRY(toc_txn_begin_read(toc_run_store(eraser->run), &txn));
    do {
        toc_arena_reset(&eraser->arena, 0);
        err = erasure_next_pending(txn, &eraser->arena, &place, &row);
        if (err == TOC_OK)
            consider(eraser, row);
    } while (err == TOC_OK);
    toc_txn_abort(txn);
    return err < 0 ? err : TOC_OK;
}

/* The ledger first: whatever happens after it, nobody can bring the keys back unseen. */
static enum toc_err erase(struct eraser *eraser, const struct task *task, toc_time_ms at_ms,
                          uint32_t *keys)
{
    struct ledger_entry entry = {
        .log_id = toc_run_journal(eraser->run)->log_id, .seq = task->seq, .at_ms = at_ms};
    memcpy(entry.pseudonym, task->pseudonym, sizeof(entry.pseudonym));
    TOC_TRY(ledger_append(eraser->ledger, &entry));
    TOC_EXIT_POINT("erase_in_ledger");
    return vault_erase(eraser->vault, task->pseudonym, keys);
}

/* Who is not in the vault any more is in the ledger: the core has not been told yet, or could not
 * keep it. */
static enum toc_err delete_keys(struct eraser *eraser, const struct task *task, struct toc_now now)
{
    uint64_t subject;
    uint32_t keys = 0;
    enum toc_err err = vault_find_pseudonym(eraser->vault, task->pseudonym, &subject);
    if (err == TOC_OK)
        err = erase(eraser, task, now.wall_ms, &keys);
    TOC_TRY(err);
    TOC_EXIT_POINT("erase_keys_gone");
    return tell_step(eraser, task, TOCSIN__V1__ERASURE_STEP__ERASURE_KEYS_GONE, keys, now);
}

static enum toc_err take_on(struct eraser *eraser, struct toc_now now)
{
    for (size_t i = 0; i < eraser->task_count; i++) {
        const struct task *task = &eraser->tasks[i];
        if (task->step == TOCSIN__V1__ERASURE_STEP__ERASURE_ASKED)
            TOC_TRY(delete_keys(eraser, task, now));
        else
            TOC_TRY(tell_step(eraser, task, TOCSIN__V1__ERASURE_STEP__ERASURE_DONE, 0, now));
    }
    return TOC_OK;
}

/* Looks only when something has changed since it last found nothing to do. */
static enum toc_err see_to_rows(struct eraser *eraser, struct toc_now now)
{
    uint64_t kept = intake_erasures_kept(toc_run_self(eraser->run));
    if (kept == eraser->seen) {
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
    eraser->holds_seen = intake_erasures_kept(toc_run_self(eraser->run));
    toc_log(TOC_LOG_INFO, "vault_renewing", "seq=%llu", (unsigned long long)eraser->renewal_seq);
    TOC_TRY(keeper_begin(&eraser->keeper, eraser->run, eraser->vault, now_ms));
    return vault_renew_begin(eraser->vault, keeper_expired, &eraser->keeper, &eraser->renewal);
}

/* Whom holds are on now; who is held from here on may have lost something already. */
static enum toc_err see_to_holds(struct eraser *eraser)
{
    uint64_t kept = intake_erasures_kept(toc_run_self(eraser->run));
    if (kept == eraser->holds_seen)
        return TOC_OK;
    eraser->holds_seen = kept;
    return keeper_read_holds(&eraser->keeper, eraser->run);
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
    eraser->due_ms = due_after(eraser->config, now.wall_ms);
    return tell(eraser, &outcome, now);
}

static enum toc_err renew(struct eraser *eraser, struct toc_now now)
{
    toc_time_ms until_ms = now.mono_ms + WORK_MS;
    enum toc_err err = TOC_OK;
    if (eraser->renewal == NULL)
        TOC_TRY(begin(eraser, now));
    TOC_TRY(see_to_holds(eraser));
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
    eraser->retry_ms = now.mono_ms + RETRY_MS;
    return TOC_OK;
}
