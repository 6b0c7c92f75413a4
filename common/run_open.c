#include "common/run_internal.h"

#include <assert.h>
#include <stdlib.h>

static enum toc_err load_reserved(struct toc_run *run, struct toc_txn *txn)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, run_reserved_key, &row);
    TOC_TRY(err);
    run->reserved_ms = TOC_TIME_MIN;
    if (err == TOC_OK) {
        if (row.size != 8)
            return TOC_ERR_DAMAGED;
        run->reserved_ms = (toc_time_ms)toc_get_u64be(row.data);
    }
    run->stamp_floor_ms = run_later(run->journal.last_at_ms, run->reserved_ms);
    return TOC_OK;
}

/*
 * A due that fired without a record has left no time in the log; still no record that follows may
 * be earlier, or whoever reads the log would have the due fire after it.
 */
static enum toc_err load_fired(struct toc_run *run, struct toc_txn *txn)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, run_fired_key, &row);
    TOC_TRY(err);
    run->fired_ms = TOC_TIME_MIN;
    if (err == TOC_OK) {
        if (row.size != 8)
            return TOC_ERR_DAMAGED;
        run->fired_ms = (toc_time_ms)toc_get_u64be(row.data);
    }
    run->fired_saved_ms = run->fired_ms;
    return TOC_OK;
}

/* Everything in memory from what is on disk: at start, and again after a turn that failed. */
static enum toc_err load_in(struct toc_run *run, struct toc_txn *txn)
{
    const struct toc_service *service = run->service;
    TOC_TRY(toc_journal_open(&run->journal, txn, run->config->random | 1));
    TOC_TRY(load_reserved(run, txn));
    TOC_TRY(load_fired(run, txn));
    for (size_t i = 0; i < run->upstream_count; i++)
        TOC_TRY(follow_load(run, &run->upstreams[i], txn));
    TOC_TRY(feed_load(run, txn));
    TOC_TRY(pace_load(run, txn));
    run->committed_seq = run->journal.last_seq;
    /* The time that an undone turn had reached is gone with its events: no due may fire on it. */
    run->log_ms = run_later(run->promised_ms, run->journal.last_log_ms);
    run->log_ms = run_later(run->log_ms, run->fired_ms);
    run->log_ms = run_later(run->log_ms, run->instant_ms);
    run->turn = (struct toc_turn){.txn = txn,
                                  .arena = &run->event_arena,
                                  .self = run->self,
                                  .log_ms = run->log_ms,
                                  .event_clock = run->config->event_clock,
                                  .run = run,
                                  .journal = &run->journal,
                                  .wake_ms = TOC_TIME_NEVER};
    if (service->close != NULL)
        service->close(run->self);
    memset(run->self, 0, service->self_bytes);
    if (service->open != NULL)
        TOC_TRY(service->open(run->self, run->config->service_config, &run->turn));
    if (service->next_due != NULL)
        TOC_TRY(service->next_due(txn, &run->turn.wake_ms));
    return pace_look(run);
}

enum toc_err run_load(struct toc_run *run)
{
    struct toc_txn *txn;
    TOC_TRY(toc_txn_begin_write(run->store, &txn));
    enum toc_err err = load_in(run, txn);
    if (err < 0) {
        toc_txn_abort(txn);
        return err;
    }
    run->turn.txn = NULL;
    toc_arena_reset(&run->event_arena, 0);
    TOC_EXIT_POINT("mid_load");
    return toc_txn_commit(txn);
}

static enum toc_err open_store(struct toc_run *run)
{
    static const char *const common[] = {"log", "meta", "cursor", "policy"};
    const char *tables[TOC_TABLES_MAX];
    const struct toc_service *service = run->service;
    size_t count = sizeof(common) / sizeof(common[0]);
    static_assert(sizeof(common) / sizeof(common[0]) == TOC_TABLE_OWN, "one name per table");
    TOC_ASSERT(count + service->table_count <= TOC_TABLES_MAX);
    memcpy(tables, common, sizeof(common));
    for (size_t i = 0; i < service->table_count; i++)
        tables[count++] = service->tables[i];
    struct toc_store_config config = {.dir = run->config->data_dir,
                                      .tables = tables,
                                      .table_count = count,
                                      .map_bytes = run->config->map_bytes};
    return toc_store_open(&config, &run->store);
}

static enum toc_err build(struct toc_run *run, struct toc_now now)
{
    const struct toc_run_config *config = run->config;
    TOC_ASSERT(config->upstream_count <= TOC_UPSTREAMS_MAX);
    run->log_ms = TOC_TIME_MIN;
    run->promised_ms = TOC_TIME_MIN;
    run->started_ms = now.mono_ms;
    run->own_mono_ms = now.mono_ms;
    run->session = config->random;
    for (size_t i = 0; i < config->upstream_count; i++)
        run->upstreams[i] = (struct upstream){.name = config->upstreams[i],
                                              .peer = (toc_peer)(i + 1),
                                              .time_ms = TOC_TIME_MIN,
                                              .heard_ms = now.mono_ms,
                                              .asked_ms = now.mono_ms - HELLO_RETRY_MS};
    run->upstream_count = config->upstream_count;
    pace_init(run);
    run->self = calloc(1, run->service->self_bytes + 1);
    run->receipt_bytes = malloc(RECEIPTS_BYTES);
    run->out = malloc(TOC_FRAME_MAX);
    if (run->self == NULL || run->receipt_bytes == NULL || run->out == NULL)
        return TOC_ERR_MEMORY;
    TOC_TRY(toc_arena_init(&run->event_arena, EVENT_ARENA_BYTES));
    TOC_TRY(toc_arena_init(&run->frame_arena, FRAME_ARENA_BYTES));
    TOC_TRY(open_store(run));
    run->counts.percent_used = toc_store_percent_used(run->store);
    TOC_TRY(run_load(run));
    run->promised_ms = run->log_ms;
    return TOC_OK;
}

enum toc_err toc_run_open(const struct toc_run_config *config, struct toc_now now,
                          struct toc_run **out)
{
    struct toc_run *run = calloc(1, sizeof(*run));
    if (run == NULL)
        return TOC_ERR_MEMORY;
    run->config = config;
    run->service = config->service;
    enum toc_err err = build(run, now);
    if (err < 0) {
        toc_run_close(run);
        return err;
    }
    *out = run;
    return TOC_OK;
}

void toc_run_close(struct toc_run *run)
{
    if (run == NULL)
        return;
    if (run->turn_open)
        toc_txn_abort(run->turn.txn);
    if (run->self != NULL && run->service->close != NULL)
        run->service->close(run->self);
    toc_policy_cache_done(&run->policies);
    toc_store_close(run->store);
    for (size_t i = 0; i < run->upstream_count; i++)
        pace_drop(&run->upstreams[i]);
    toc_arena_done(&run->event_arena);
    toc_arena_done(&run->frame_arena);
    free(run->self);
    free(run->receipt_bytes);
    free(run->out);
    free(run);
}
