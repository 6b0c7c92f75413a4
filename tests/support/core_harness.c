#include "tests/support/core_harness.h"

#include "common/run_core.h"
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
    struct toc_core *hosted;
    struct toc_arena arena; /* the test's */
    uint64_t shown;         /* last record in a transcript */
    bool held;              /* time */
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

void core_check_policy(const char *text)
{
    struct toc_policy *policy = NULL;
    char *errors = NULL;
    if (toc_policy_parse(toc_str_of(text), "policy", &policy, &errors) != TOC_OK)
        fail_msg("%s", errors);
    toc_policy_free(policy);
}

/* --- life ----------------------------------------------------------------------------------- */

static void open_hosted(struct core *core)
{
    const struct toc_core_config config = {.service = core->options.service,
                                           .service_config = core->options.config,
                                           .dir = core->disk,
                                           .event_clock = core->options.event_clock,
                                           .log_id = 7};
    ok(toc_core_open(&config, &core->hosted), "toc_core_open");
}

struct core *core_open(const struct core_options *options)
{
    static unsigned cores;
    struct core *core = calloc(1, sizeof(*core));
    assert_non_null(core);
    core->options = *options;
    snprintf(core->disk, sizeof(core->disk), "%s.%u", options->service->name, cores++);
    core->text = calloc(1, CORE_TEXT_MAX);
    assert_non_null(core->text);
    ok(toc_arena_init(&core->arena, ARENA_BYTES), "arena");
    open_hosted(core);
    return core;
}

void core_close(struct core *core)
{
    toc_core_close(core->hosted);
    toc_mem_disk_free(core->disk);
    toc_arena_done(&core->arena);
    free(core->text);
    free(core);
}

void core_commit(struct core *core)
{
    ok(toc_core_commit(core->hosted), "commit");
}

/* Log time is not a row: after a start the upstreams' promises bring it back. */
static void start_again(struct core *core)
{
    toc_time_ms log_ms = core_log_ms(core);
    toc_core_close(core->hosted);
    open_hosted(core);
    struct toc_run *run = toc_core_run(core->hosted);
    run->log_ms = run_later(run->log_ms, log_ms);
}

void core_reopen(struct core *core)
{
    core_commit(core);
    start_again(core);
}

void core_crash(struct core *core)
{
    start_again(core);
    if (core->shown > core_last_seq(core))
        core->shown = core_last_seq(core);
}

/* --- steps ---------------------------------------------------------------------------------- */

static void begin(struct core *core)
{
    struct toc_run *run = toc_core_run(core->hosted);
    ok(run_begin(run), "run_begin");
    run->turn.nearly_full = core->nearly_full;
}

void core_hold_time(struct core *core, bool held)
{
    core->held = held;
}

void core_set_log(struct core *core, toc_time_ms log_ms)
{
    struct toc_run *run = toc_core_run(core->hosted);
    if (core->held)
        run->log_ms = run_later(run->log_ms, log_ms);
    else
        ok(toc_core_set_log(core->hosted, log_ms), "dues");
}

void core_set_log_some(struct core *core, toc_time_ms log_ms)
{
    struct toc_run *run = toc_core_run(core->hosted);
    run->log_ms = run_later(run->log_ms, log_ms);
    ok(run_fire_dues(run, 1), "a due");
}

void core_end_turn(struct core *core, toc_time_ms wall_ms)
{
    const struct toc_now now = {.wall_ms = wall_ms};
    struct toc_run *run = toc_core_run(core->hosted);
    ok(toc_run_poll(run, now), "a poll");
    ok(toc_run_commit(run, now), "a commit");
}

void core_behind(struct core *core, toc_time_ms wall_ms)
{
    ok(toc_core_behind(core->hosted, wall_ms), "behind");
}

void core_upstream(struct core *core, const char *name, bool left_out, const char *stopped)
{
    ok(toc_core_upstream(core->hosted, name, left_out, stopped), "an upstream");
}

toc_time_ms core_log_ms(const struct core *core)
{
    return toc_core_log_ms(core->hosted);
}

void core_step(struct core *core, uint64_t log_id, const Tocsin__V1__Record *record)
{
    size_t mark = toc_arena_mark(&core->arena);
    struct toc_str bytes;
    Tocsin__V1__Record *copy;
    ok(toc_wire_pack(&core->arena, record, &bytes), "pack");
    ok(toc_wire_unpack(&core->arena, &tocsin__v1__record__descriptor, bytes, &copy), "unpack");
    core_set_log(core, record->log_ms);
    begin(core);
    ok(toc_core_record(core->hosted, log_id, "upstream", copy, bytes), "step");
    toc_arena_reset(&core->arena, mark);
}

static struct toc_receipt submit(struct core *core, struct toc_str event, bool admitted,
                                 toc_time_ms at_ms)
{
    struct toc_receipt receipt = {0};
    begin(core);
    ok(toc_core_submit(core->hosted, event, admitted, at_ms, &receipt), "step");
    toc_str_copy(core->detail, sizeof(core->detail), toc_str_of(receipt.detail));
    receipt.detail = core->detail;
    return receipt;
}

struct toc_receipt core_submit(struct core *core, struct toc_str event, toc_time_ms at_ms)
{
    return submit(core, event, false, at_ms);
}

struct toc_receipt core_admit(struct core *core, struct toc_str event, toc_time_ms at_ms)
{
    return submit(core, event, true, at_ms);
}

void core_outcome(struct core *core, struct toc_str bytes)
{
    ok(toc_core_outcome(core->hosted, bytes), "outcome");
}

void core_set_nearly_full(struct core *core, bool nearly_full)
{
    core->nearly_full = nearly_full;
    toc_core_run(core->hosted)->turn.nearly_full = nearly_full;
}

/* --- looking -------------------------------------------------------------------------------- */

static struct toc_core_look look(struct core *core)
{
    struct toc_core_look look = {0};
    ok(toc_core_look(core->hosted, &look), "read");
    return look;
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
    return toc_core_last_seq(core->hosted);
}

const Tocsin__V1__Record *core_record(struct core *core, uint64_t seq)
{
    struct toc_core_look at = look(core);
    struct toc_journal_entry entry;
    Tocsin__V1__Record *record = NULL;
    enum toc_err err = toc_journal_read(at.txn, seq, &entry);
    if (err == TOC_OK)
        err = toc_wire_unpack(&core->arena, &tocsin__v1__record__descriptor, entry.record, &record);
    toc_core_look_away(
        at); /* before anything can fail: a test that ends must be able to close the store */
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
    struct toc_core_look at = look(core);
    enum toc_err err = toc_get(at.txn, table, key, out);
    if (err == TOC_OK)
        *out = keep(core, *out);
    toc_core_look_away(at);
    ok(err, "get");
    return err;
}

enum toc_err core_next(struct core *core, unsigned table, struct toc_str key,
                       struct toc_str *out_key, struct toc_str *out_row)
{
    struct toc_core_look at = look(core);
    enum toc_err err = toc_first_at_least(at.txn, table, key, out_key, out_row);
    if (err == TOC_OK) {
        *out_key = keep(core, *out_key);
        *out_row = keep(core, *out_row);
    }
    toc_core_look_away(at);
    ok(err, "first_at_least");
    return err;
}

enum toc_err core_read(struct core *core,
                       enum toc_err (*read)(struct toc_txn *txn, struct toc_arena *arena,
                                            void *user),
                       void *user)
{
    struct toc_core_look at = look(core);
    enum toc_err err = read(at.txn, &core->arena, user);
    toc_core_look_away(at);
    return err;
}

uint64_t core_count(struct core *core, unsigned table)
{
    struct toc_core_look at = look(core);
    uint64_t count = 0;
    enum toc_err err = toc_count(at.txn, table, &count);
    toc_core_look_away(at);
    ok(err, "count");
    return count;
}

const Tocsin__V1__Answer *core_ask(struct core *core, const Tocsin__V1__Ask *ask)
{
    struct toc_core_look at = look(core);
    Tocsin__V1__Answer *answer = toc_arena_take(&core->arena, sizeof(*answer));
    assert_non_null(answer);
    tocsin__v1__answer__init(answer);
    enum toc_err err = core->options.service->ask(toc_run_self(toc_core_run(core->hosted)), at.txn,
                                                  &core->arena, ask, answer);
    toc_core_look_away(at);
    ok(err, "ask");
    return answer;
}

uint64_t core_last_seq_of(struct core *core, const Tocsin__V1__Ask *ask)
{
    struct toc_core_look at = look(core);
    uint64_t seq = 0;
    enum toc_err err = core->options.service->last_seq_of(at.txn, &core->arena, ask, &seq);
    toc_core_look_away(at);
    ok(err, "last_seq_of");
    return seq;
}

void core_digest(struct core *core, uint8_t out[TOC_SHA256])
{
    core_commit(core);
    toc_mem_disk_digest(core->disk, TOC_TABLE_OWN + core->options.service->table_count, out);
}

void core_assert_text(const char *actual, const char *expected, const char *file, int line)
{
    if (strcmp(actual, expected) == 0)
        return;
    print_error("--- expected\n%s--- actual\n%s---\n", expected, actual);
    _fail(file, line);
}
