#include "tests/support/core_harness.h"

#include "common/run_internal.h"
#include "common/store_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ARENA_BYTES (8u << 20)

struct core {
    struct core_options options;
    struct toc_run_config config;
    struct toc_run *run;
    struct toc_arena arena; /* the test's */
    uint64_t shown;         /* last record in a transcript */
    char *text;
    char disk[32];
    char detail[256];
    bool nearly_full;
};

static void ok(enum toc_err err, const char *what)
{
    if (err < 0)
        fail_msg("%s: %s", what, toc_err_text(err));
}

/* A link to nobody: a core that is driven alone has no peers. */
enum toc_err toc_link_send(struct toc_link *link, toc_peer peer, struct toc_str frame)
{
    (void)link;
    (void)peer;
    (void)frame;
    return TOC_ERR_GONE;
}

/* --- life ----------------------------------------------------------------------------------- */

static void open_run(struct core *core)
{
    const struct toc_now now = {0};
    ok(toc_run_open(&core->config, now, &core->run), "toc_run_open");
}

struct core *core_open(const struct core_options *options)
{
    static unsigned cores;
    struct core *core = calloc(1, sizeof(*core));
    assert_non_null(core);
    core->options = *options;
    snprintf(core->disk, sizeof(core->disk), "%s.%u", options->service->name, cores++);
    core->config = (struct toc_run_config){.service = options->service,
                                           .service_config = options->config,
                                           .data_dir = core->disk,
                                           .map_bytes = TOC_MAP_MIN,
                                           .event_clock = options->event_clock,
                                           .batch_max = UINT32_MAX,
                                           .random = 7};
    core->text = calloc(1, CORE_TEXT_MAX);
    assert_non_null(core->text);
    ok(toc_arena_init(&core->arena, ARENA_BYTES), "arena");
    open_run(core);
    return core;
}

void core_close(struct core *core)
{
    toc_run_close(core->run);
    toc_mem_disk_free(core->config.data_dir);
    toc_arena_done(&core->arena);
    free(core->text);
    free(core);
}

/* Not toc_run_commit: that would also reserve time and feed followers, of which there are none. */
void core_commit(struct core *core)
{
    struct toc_run *run = core->run;
    if (!run->turn_open)
        return;
    if (run->service->settle != NULL)
        ok(run->service->settle(&run->turn), "settle");
    ok(toc_txn_commit(run->turn.txn), "commit");
    run->turn.txn = NULL;
    run->turn_open = false;
    run->committed_seq = run->journal.last_seq;
}

/* Log time is not a row: after a start the upstreams' promises bring it back. */
static void start_again(struct core *core)
{
    toc_time_ms log_ms = core->run->log_ms;
    toc_run_close(core->run);
    open_run(core);
    if (log_ms > core->run->log_ms)
        core->run->log_ms = log_ms;
}

void core_reopen(struct core *core)
{
    core_commit(core);
    start_again(core);
}

void core_crash(struct core *core)
{
    start_again(core);
    if (core->shown > core->run->journal.last_seq)
        core->shown = core->run->journal.last_seq;
}

/* --- steps ---------------------------------------------------------------------------------- */

static void begin(struct core *core)
{
    ok(run_begin(core->run), "run_begin");
    core->run->turn.nearly_full = core->nearly_full;
}

void core_set_log(struct core *core, toc_time_ms log_ms)
{
    if (log_ms > core->run->log_ms)
        core->run->log_ms = log_ms;
    if (core->options.service->next_due != NULL && core->run->turn.wake_ms < core->run->log_ms) {
        begin(core);
        ok(run_fire_dues(core->run, UINT32_MAX), "dues");
    }
}

void core_behind(struct core *core, toc_time_ms wall_ms)
{
    const struct toc_event ev = {.kind = TOC_EVENT_BEHIND, .at_ms = wall_ms};
    begin(core);
    ok(run_step(core->run, &ev, 0, 0, NULL), "behind");
}

toc_time_ms core_log_ms(const struct core *core)
{
    return core->run->log_ms;
}

void core_step(struct core *core, uint64_t log_id, const Tocsin__V1__Record *record)
{
    struct toc_run *run = core->run;
    size_t mark = toc_arena_mark(&run->event_arena);
    struct toc_str bytes;
    Tocsin__V1__Record *copy;
    ok(toc_wire_pack(&run->event_arena, record, &bytes), "pack");
    ok(toc_wire_unpack(&run->event_arena, &tocsin__v1__record__descriptor, bytes, &copy), "unpack");
    core_set_log(core, record->log_ms);
    begin(core);
    const struct toc_event ev = {.kind = TOC_EVENT_RECORD,
                                 .at_ms = copy->at_ms,
                                 .bytes = bytes,
                                 .record = copy,
                                 .log_id = log_id,
                                 .upstream = "upstream"};
    ok(run_step(run, &ev, log_id, copy->seq, NULL), "step");
    toc_arena_reset(&run->event_arena, mark);
}

struct toc_receipt core_submit(struct core *core, struct toc_str event, toc_time_ms at_ms)
{
    struct toc_run *run = core->run;
    struct toc_receipt receipt = {0};
    const struct toc_event ev = {.kind = TOC_EVENT_SUBMIT, .bytes = event, .at_ms = at_ms};
    size_t mark = toc_arena_mark(&run->event_arena);
    run->log_ms = at_ms;
    begin(core);
    ok(run_step(run, &ev, 0, 0, &receipt), "step");
    toc_str_copy(core->detail, sizeof(core->detail), toc_str_of(receipt.detail));
    receipt.detail = core->detail;
    toc_arena_reset(&run->event_arena, mark);
    return receipt;
}

void core_outcome(struct core *core, struct toc_str bytes)
{
    const struct toc_event ev = {
        .kind = TOC_EVENT_OUTCOME, .bytes = bytes, .at_ms = core->run->log_ms};
    begin(core);
    ok(run_step(core->run, &ev, 0, 0, NULL), "outcome");
}

void core_set_nearly_full(struct core *core, bool nearly_full)
{
    core->nearly_full = nearly_full;
    core->run->turn.nearly_full = nearly_full;
}

/* --- looking -------------------------------------------------------------------------------- */

/* A read, inside the open turn or in a transaction of its own. */
struct look {
    struct toc_txn *txn;
    bool own;
};

static struct look look(struct core *core)
{
    struct look look = {.txn = core->run->turn.txn};
    if (core->run->turn_open)
        return look;
    look.own = true;
    ok(toc_txn_begin_read(core->run->store, &look.txn), "read");
    return look;
}

static void look_away(struct look look)
{
    if (look.own)
        toc_txn_abort(look.txn);
}

struct toc_arena *core_arena(struct core *core)
{
    return &core->arena;
}

void core_forget(struct core *core)
{
    toc_arena_reset(&core->arena, 0);
}

static struct toc_str keep(struct core *core, struct toc_str bytes)
{
    char *copy = toc_arena_copy(&core->arena, bytes);
    assert_non_null(copy);
    return toc_str(copy, bytes.size);
}

uint64_t core_last_seq(const struct core *core)
{
    return core->run->journal.last_seq;
}

const Tocsin__V1__Record *core_record(struct core *core, uint64_t seq)
{
    struct look at = look(core);
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record = NULL;
    enum toc_err err = toc_journal_read(at.txn, seq, &entry);
    if (err == TOC_OK)
        err = toc_wire_unpack(&core->arena, &tocsin__v1__record__descriptor, entry.record, &record);
    look_away(at); /* before anything can fail: a test that ends must be able to close the store */
    if (err != TOC_OK)
        fail_msg("record %llu: %s", (unsigned long long)seq, toc_err_text(err));
    return record;
}

const char *core_transcript(struct core *core)
{
    char line[CORE_LINE_MAX];
    size_t used = 0, mark = toc_arena_mark(&core->arena);
    core->text[0] = '\0';
    while (core->shown < core_last_seq(core)) {
        core_line(line, &core->arena, core_record(core, ++core->shown));
        size_t size = strlen(line);
        assert_true(used + size + 2 < CORE_TEXT_MAX);
        memcpy(core->text + used, line, size);
        memcpy(core->text + used + size, "\n", 2);
        used += size + 1;
        toc_arena_reset(&core->arena, mark);
    }
    return core->text;
}

enum toc_err core_get(struct core *core, unsigned table, struct toc_str key, struct toc_str *out)
{
    struct look at = look(core);
    enum toc_err err = toc_get(at.txn, table, key, out);
    if (err == TOC_OK)
        *out = keep(core, *out);
    look_away(at);
    ok(err, "get");
    return err;
}

enum toc_err core_next(struct core *core, unsigned table, struct toc_str key,
                       struct toc_str *out_key, struct toc_str *out_row)
{
    struct look at = look(core);
    enum toc_err err = toc_first_at_least(at.txn, table, key, out_key, out_row);
    if (err == TOC_OK) {
        *out_key = keep(core, *out_key);
        *out_row = keep(core, *out_row);
    }
    look_away(at);
    ok(err, "first_at_least");
    return err;
}

enum toc_err core_read(struct core *core,
                       enum toc_err (*read)(struct toc_txn *txn, struct toc_arena *arena,
                                            void *user),
                       void *user)
{
    struct look at = look(core);
    enum toc_err err = read(at.txn, &core->arena, user);
    look_away(at);
    return err;
}

uint64_t core_count(struct core *core, unsigned table)
{
    struct look at = look(core);
    uint64_t count = 0;
    enum toc_err err = toc_count(at.txn, table, &count);
    look_away(at);
    ok(err, "count");
    return count;
}

const Tocsin__V1__Answer *core_ask(struct core *core, const Tocsin__V1__Ask *ask)
{
    struct look at = look(core);
    Tocsin__V1__Answer *answer = toc_arena_take(&core->arena, sizeof(*answer));
    assert_non_null(answer);
    tocsin__v1__answer__init(answer);
    enum toc_err err =
        core->options.service->ask(core->run->self, at.txn, &core->arena, ask, answer);
    look_away(at);
    ok(err, "ask");
    return answer;
}

uint64_t core_last_seq_of(struct core *core, const Tocsin__V1__Ask *ask)
{
    struct look at = look(core);
    uint64_t seq = 0;
    enum toc_err err = core->options.service->last_seq_of(at.txn, &core->arena, ask, &seq);
    look_away(at);
    ok(err, "last_seq_of");
    return seq;
}

void core_digest(struct core *core, uint8_t out[TOC_SHA256])
{
    core_commit(core);
    toc_mem_disk_digest(core->config.data_dir, TOC_TABLE_OWN + core->options.service->table_count,
                        out);
}

void core_assert_text(const char *actual, const char *expected, const char *file, int line)
{
    if (strcmp(actual, expected) == 0)
        return;
    print_error("--- expected\n%s--- actual\n%s---\n", expected, actual);
    _fail(file, line);
}
