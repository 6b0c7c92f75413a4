#include "common/run_core.h"

#include "common/run_internal.h"

#include <stdlib.h>

struct toc_core {
    struct toc_core_config config;
    struct toc_run_config run_config;
    struct toc_run *run;
};

/* --- life --------------------------------------------------------------------------------- */

enum toc_err toc_core_open(const struct toc_core_config *config, struct toc_core **out)
{
    const struct toc_now now = {0};
    struct toc_core *core = calloc(1, sizeof(*core));
    if (core == NULL)
        return TOC_ERR_MEMORY;
    core->config = *config;
    core->run_config = (struct toc_run_config){.service = config->service,
                                               .service_config = config->service_config,
                                               .data_dir = config->dir,
                                               .map_bytes = TOC_MAP_MIN,
                                               .event_clock = config->event_clock,
                                               .batch_max = UINT32_MAX,
                                               .random = config->log_id,
                                               .sink = config->sink,
                                               .sink_arg = config->sink_arg};
    enum toc_err err = toc_run_open(&core->run_config, now, &core->run);
    if (err < 0) {
        free(core);
        return err;
    }
    *out = core;
    return TOC_OK;
}

void toc_core_close(struct toc_core *core)
{
    if (core == NULL)
        return;
    toc_run_close(core->run);
    free(core);
}

/* Not toc_run_commit: that would also reserve time and feed followers, of which there are none. */
enum toc_err toc_core_commit(struct toc_core *core)
{
    struct toc_run *run = core->run;
    if (!run->turn_open)
        return TOC_OK;
    if (run->service->settle != NULL)
        TOC_TRY(run->service->settle(&run->turn));
    struct toc_txn *txn = run->turn.txn;
    run->turn.txn = NULL;
    run->turn_open = false; /* gone either way */
    TOC_TRY(toc_txn_commit(txn));
    run->committed_seq = run->journal.last_seq;
    return TOC_OK;
}

/* --- time --------------------------------------------------------------------------------- */

enum toc_err toc_core_set_log(struct toc_core *core, toc_time_ms log_ms)
{
    core->run->log_ms = run_later(core->run->log_ms, log_ms);
    return run_fire_dues(core->run, UINT32_MAX);
}

toc_time_ms toc_core_log_ms(const struct toc_core *core)
{
    return core->run->log_ms;
}

toc_time_ms toc_core_wake_ms(const struct toc_core *core)
{
    return core->run->turn.wake_ms;
}

/* --- steps -------------------------------------------------------------------------------- */

static enum toc_err step(struct toc_core *core, const struct toc_event *ev, uint64_t cause_seq,
                         struct toc_receipt *receipt)
{
    TOC_TRY(run_begin(core->run));
    return run_step(core->run, ev, ev->log_id, cause_seq, receipt);
}

enum toc_err toc_core_record(struct toc_core *core, uint64_t log_id, const char *upstream,
                             const Tocsin__V1__Record *record, struct toc_str bytes)
{
    const struct toc_event ev = {.kind = TOC_EVENT_RECORD,
                                 .at_ms = record->at_ms,
                                 .bytes = bytes,
                                 .record = record,
                                 .log_id = log_id,
                                 .upstream = upstream};
    return step(core, &ev, record->seq, NULL);
}

enum toc_err toc_core_submit(struct toc_core *core, struct toc_str event, bool admitted,
                             toc_time_ms at_ms, struct toc_receipt *receipt)
{
    const struct toc_event ev = {
        .kind = TOC_EVENT_SUBMIT, .bytes = event, .admitted = admitted, .at_ms = at_ms};
    toc_arena_reset(&core->run->event_arena, 0); /* where the detail of the last one was */
    core->run->log_ms = at_ms;
    return step(core, &ev, 0, receipt);
}

enum toc_err toc_core_outcome(struct toc_core *core, struct toc_str bytes)
{
    const struct toc_event ev = {
        .kind = TOC_EVENT_OUTCOME, .bytes = bytes, .at_ms = core->run->log_ms};
    return step(core, &ev, 0, NULL);
}

enum toc_err toc_core_behind(struct toc_core *core, toc_time_ms wall_ms)
{
    const struct toc_event ev = {.kind = TOC_EVENT_BEHIND, .at_ms = wall_ms};
    return step(core, &ev, 0, NULL);
}

enum toc_err toc_core_upstream(struct toc_core *core, const char *name, bool left_out,
                               const char *stopped)
{
    const struct toc_event ev = {.kind = TOC_EVENT_UPSTREAM,
                                 .at_ms = core->run->log_ms,
                                 .upstream = name,
                                 .left_out = left_out,
                                 .stopped = stopped};
    return step(core, &ev, 0, NULL);
}

/* --- looking ------------------------------------------------------------------------------ */

uint64_t toc_core_log_id(const struct toc_core *core)
{
    return core->run->journal.log_id;
}

uint64_t toc_core_last_seq(const struct toc_core *core)
{
    return core->run->journal.last_seq;
}

enum toc_err toc_core_look(struct toc_core *core, struct toc_core_look *out)
{
    struct toc_core_look look = {.txn = core->run->turn.txn};
    if (!core->run->turn_open) {
        look.own = true;
        TOC_TRY(toc_txn_begin_read(core->run->store, &look.txn));
    }
    *out = look;
    return TOC_OK;
}

void toc_core_look_away(struct toc_core_look look)
{
    if (look.own)
        toc_txn_abort(look.txn);
}

struct toc_run *toc_core_run(struct toc_core *core)
{
    return core->run;
}
