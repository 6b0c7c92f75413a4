/* The overrides of a suite that was stopped, as its notifier's log tells of them. */
#include "services/cli/commands.h"
#include "services/cli/oncall/roster.h"
#include "services/cli/whole_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define POLICY                                                                                     \
    "policy: 1\n"                                                                                  \
    "schedules:\n"                                                                                 \
    "  safety: {zone: UTC, layers: [{name: a, rotation: weekly, start: 2026-01-05, "               \
    "people: [ana]}]}\n"                                                                           \
    "  desk: {zone: UTC, layers: [{name: a, rotation: weekly, start: 2026-01-05, "                 \
    "people: [ben]}]}\n"                                                                           \
    "queues: {q: {tier: 1}}\n"                                                                     \
    "routes: [{rule: all, queue: q}]\n"

/* --- the log of a stopped suite ------------------------------------------------------------- */

static struct told {
    const char *schedule, *id;
    toc_time_ms at_ms;
    bool ended;
} log_of[8];
static size_t log_count;

static bool tell(const struct whole_log *log, const struct told *told)
{
    Tocsin__V1__OverrideChange change = TOCSIN__V1__OVERRIDE_CHANGE__INIT;
    Tocsin__V1__ScheduleOverride override = TOCSIN__V1__SCHEDULE_OVERRIDE__INIT;
    Tocsin__V1__Record record = TOCSIN__V1__RECORD__INIT;
    uint8_t body[400];
    override.override = toc_wire_text(told->id);
    override.schedule = toc_wire_text(told->schedule);
    override.person = toc_wire_text("flo");
    override.from_ms = 1000;
    override.until_ms = 9000;
    change.override = &override;
    change.ended = told->ended;
    record.type = TOCSIN__V1__RECORD_TYPE__OVERRIDE_CHANGED;
    record.at_ms = told->at_ms;
    record.body = toc_wire_binary(toc_str(body, tocsin__v1__override_change__pack(&change, body)));
    return log->on_record(log->arg, &record, toc_str(NULL, 0));
}

int whole_log_read(struct view *view, const struct whole_log *log, bool *out_stopped)
{
    (void)view;
    *out_stopped = true;
    for (size_t i = 0; i < log_count; i++)
        assert_true(tell(log, &log_of[i]));
    return CLI_DONE;
}

int whole_log_policy(struct view *view, const char *service, struct toc_policy **out,
                     bool *out_stopped)
{
    (void)view;
    (void)service;
    *out_stopped = true;
    assert_int_equal(toc_policy_recompile(TOC_STR(POLICY), out), TOC_OK);
    return CLI_DONE;
}

static void say(const char *schedule, const char *id, toc_time_ms at_ms, bool ended)
{
    log_of[log_count++] = (struct told){schedule, id, at_ms, ended};
}

/* --- tests ------------------------------------------------------------------------------------ */

static void each_schedule_has_ids_of_its_own(void **state)
{
    struct view view = {.who = "test"};
    struct roster roster;
    (void)state;
    assert_int_equal(toc_arena_init(&view.arena, 64 * 1024), TOC_OK);
    say("desk", "x", 500, false);
    say("safety", "x", 500, false);
    say("desk", "x", 5000, true);
    assert_int_equal(roster_of_suite(&view, &roster), CLI_DONE);
    assert_int_equal(roster.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct duty *duty = &roster.duties[i];
        bool ended = strcmp(duty->schedule->name, "desk") == 0;
        assert_int_equal(duty->overrides.count, 1);
        assert_int_equal(duty->overrides.items[0].until_ms, ended ? 5000 : 9000);
    }
    roster_done(&roster);
    toc_arena_done(&view.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_schedule_has_ids_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
