#include "common/policy_build.h"

#include "tocsin/v1/event.pb-c.h"

#include <assert.h>
#include <stdio.h>

#define STATE(state) (1u << (state))

enum { CALENDAR, PAUSE_ON, CLOCKS, SLA_KEY_COUNT };

const struct toc_key toc_keys_sla[SLA_KEY_COUNT + 1] = {
    [CALENDAR] = {"calendar", false, "CALENDAR", NULL, "Of its clocks that name none."},
    [PAUSE_ON] = {"pause_on", false, "[STATE]", "[]",
                  "States in which its clocks stand still, unless they say otherwise."},
    [CLOCKS] = {"clocks", true, "{CLOCK: ...}", NULL,
                "`first_reply`, which stops at the first outbound message of a person, and "
                "`resolution`."},
};

enum { TARGETS, WARN, STOP_ON, CLOCK_CALENDAR, CLOCK_PAUSE_ON, CLOCK_KEY_COUNT };

const struct toc_key toc_keys_clock[CLOCK_KEY_COUNT + 1] = {
    [TARGETS] = {"targets", true, "{PRIORITY: TARGET}", NULL, "How long it may take."},
    [WARN] = {"warn", false, "[PERCENT]", "[]",
              "Percentages of the target, ascending, 1 to 99, at most 8."},
    [STOP_ON] = {"stop_on", false, "[STATE]", "[solved, closed]",
                 "States that stop it (`resolution` only)."},
    [CLOCK_CALENDAR] = {"calendar", false, "CALENDAR", "the SLA's", "In which its time runs."},
    [CLOCK_PAUSE_ON] = {"pause_on", false, "[STATE]", "the SLA's",
                        "States in which it stands still."},
};

enum { DEFAULT, P1, TARGET_KEY_COUNT = P1 + TOC_POLICY_PRIORITIES };

#define PRIORITY_TARGET "For issues of this priority."

const struct toc_key toc_keys_targets[TARGET_KEY_COUNT + 1] = {
    [DEFAULT] = {"default", false, "TARGET", "none",
                 "For the other priorities, and for issues without one."},
    {"P1", false, "TARGET", "the default", PRIORITY_TARGET},
    {"P2", false, "TARGET", "the default", PRIORITY_TARGET},
    {"P3", false, "TARGET", "the default", PRIORITY_TARGET},
    {"P4", false, "TARGET", "the default", PRIORITY_TARGET},
};

static_assert(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW == 1 &&
                  TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED == 6,
              "toc_words_state follows enum IssueState");

/* What an SLA says for all its clocks. */
struct defaults {
    const struct toc_calendar *calendar;
    bool has_calendar;
    uint32_t pause_states;
};

/* --- parts of a clock ------------------------------------------------------------------------- */

void toc_build_calendar_of(struct toc_build *b, const struct toc_yaml *node,
                           const struct toc_calendar **out)
{
    const struct toc_names names = {b->calendars, b->calendar_count, sizeof(*b->calendars)};
    size_t index;
    if (toc_value_reference(b, node, "calendar", &names, &index))
        *out = b->calendars[index].calendar;
}

static uint32_t read_states(struct toc_build *b, const struct toc_yaml *node, const char *what)
{
    size_t count;
    uint32_t states = 0;
    unsigned state;
    const struct toc_yaml *item = toc_value_items(b, node, what, &count);
    for (size_t i = 0; item && i < count; i++, item = item->next)
        if (toc_value_word(b, item, "state", &toc_words_state, &state))
            states |= STATE(state);
    return states;
}

void toc_build_target(struct toc_build *b, const struct toc_yaml *node, toc_time_ms *out)
{
    *out = TOC_TARGET_NONE;
    if (node->kind == TOC_YAML_TEXT && toc_str_equal(node->text, TOC_STR("none")))
        return;
    (void)toc_value_duration(b, node, "the target", TOC_POLICY_DURATION_MAX, out);
}

static void read_targets(struct toc_build *b, const struct toc_yaml *node, const char *what,
                         toc_time_ms *targets)
{
    const struct toc_yaml *values[TARGET_KEY_COUNT];
    size_t errors = b->diag->count;
    bool any = false;
    if (!toc_value_keys(b, node, "'targets'", toc_keys_targets, values))
        return;
    targets[DEFAULT] = TOC_TARGET_NONE;
    if (values[DEFAULT])
        toc_build_target(b, values[DEFAULT], &targets[DEFAULT]);
    for (size_t i = P1; i < TARGET_KEY_COUNT; i++) {
        targets[i] = targets[DEFAULT];
        if (values[i])
            toc_build_target(b, values[i], &targets[i]);
        any = any || targets[i] != TOC_TARGET_NONE;
    }
    if (!any && b->diag->count == errors) {
        toc_diag_error(b->diag, node->offset, "%s has no target at all", what);
        toc_diag_hint(b->diag, "for example {P1: 15m, P2: 1h, default: 4h}, or leave it out");
    }
}

void toc_build_warnings(struct toc_build *b, const struct toc_yaml *node, const char *what,
                        struct toc_clock_rule *clock)
{
    size_t count;
    unsigned last = 0;
    const struct toc_yaml *item = toc_value_items(b, node, what, &count);
    if (item && count > TOC_POLICY_WARNINGS_MAX) {
        toc_diag_error(b->diag, node->offset, "more than %d warnings", TOC_POLICY_WARNINGS_MAX);
        return;
    }
    for (size_t i = 0; item && i < count; i++, item = item->next) {
        unsigned percent;
        if (!toc_value_number(b, item, "a warning", 99, &percent))
            continue;
        if (percent <= last) {
            toc_diag_error(b->diag, item->offset, "warnings have to ascend from 1 to 99 %%");
            continue;
        }
        clock->warn_percent[clock->warn_count++] = last = percent;
    }
}

static void read_stop(struct toc_build *b, const struct toc_yaml *node,
                      struct toc_clock_rule *clock)
{
    size_t errors = b->diag->count;
    if (clock->metric == TOC_CLOCK_FIRST_REPLY) {
        if (node) {
            toc_diag_error(b->diag, node->key->offset, "first_reply has no 'stop_on'");
            toc_diag_hint(b->diag, "it stops at the first outbound message of a person");
        }
        return;
    }
    clock->stop_states = STATE(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_SOLVED) |
                         STATE(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED);
    if (!node)
        return;
    clock->stop_states = read_states(b, node, "'stop_on'");
    if (clock->stop_states == 0 && b->diag->count == errors)
        toc_diag_error(b->diag, node->offset, "a clock that never stops");
}

static void refuse_both(struct toc_build *b, size_t offset, const struct toc_clock_rule *clock)
{
    uint32_t both = clock->pause_states & clock->stop_states;
    for (size_t i = 1; i < toc_words_state.count; i++)
        if (both & STATE(i))
            toc_diag_error(b->diag, offset, "%s cannot both pause and stop on '%s'", clock->name,
                           toc_words_state.words[i]);
}

/* --- clocks and SLAs -------------------------------------------------------------------------- */

static void read_clock(struct toc_build *b, const struct toc_yaml *entry,
                       const struct defaults *defaults, struct toc_clock_rule *clock)
{
    const struct toc_yaml *values[CLOCK_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "clock '%s'", clock->name);
    if (!toc_value_keys(b, entry, what, toc_keys_clock, values))
        return;
    clock->calendar = defaults->calendar;
    clock->pause_states = defaults->pause_states;
    if (values[CLOCK_CALENDAR]) {
        toc_build_calendar_of(b, values[CLOCK_CALENDAR], &clock->calendar);
    } else if (!defaults->has_calendar) {
        toc_diag_error(b->diag, entry->key->offset, "%s has no calendar", what);
        toc_diag_hint(b->diag, "give the SLA or the clock a 'calendar'");
    }
    if (values[TARGETS])
        read_targets(b, values[TARGETS], what, clock->target_ms);
    if (values[WARN])
        toc_build_warnings(b, values[WARN], "'warn'", clock);
    if (values[CLOCK_PAUSE_ON])
        clock->pause_states = read_states(b, values[CLOCK_PAUSE_ON], "'pause_on'");
    read_stop(b, values[STOP_ON], clock);
    refuse_both(b, entry->key->offset, clock);
}

static void read_clocks(struct toc_build *b, const struct toc_yaml *node,
                        const struct defaults *defaults, struct toc_sla *sla)
{
    size_t errors = b->diag->count;
    unsigned metric;
    if (!toc_value_map(b, node, "'clocks'"))
        return;
    for (const struct toc_yaml *entry = node->first; entry; entry = entry->next) {
        struct toc_clock_rule *clock = &sla->clocks[sla->clock_count];
        if (!toc_value_word(b, entry->key, "clock", &toc_words_metric, &metric))
            continue;
        TOC_ASSERT(sla->clock_count < TOC_POLICY_CLOCKS_MAX); /* keys are unique, metrics few */
        sla->clock_count++;
        clock->metric = (enum toc_metric_kind)metric;
        clock->name = toc_words_metric.words[metric];
        read_clock(b, entry, defaults, clock);
    }
    if (sla->clock_count == 0 && b->diag->count == errors)
        toc_diag_error(b->diag, node->offset, "an SLA without clocks");
}

static void read_sla(struct toc_build *b, const struct toc_yaml *entry, struct toc_sla *sla)
{
    const struct toc_yaml *values[SLA_KEY_COUNT];
    struct defaults defaults = {0};
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "SLA '%.*s'", TOC_DIAG_ARG(entry->key->text));
    if (!toc_value_keys(b, entry, what, toc_keys_sla, values))
        return;
    if (values[CALENDAR]) {
        defaults.has_calendar = true;
        toc_build_calendar_of(b, values[CALENDAR], &defaults.calendar);
    }
    if (values[PAUSE_ON])
        defaults.pause_states = read_states(b, values[PAUSE_ON], "'pause_on'");
    if (values[CLOCKS])
        read_clocks(b, values[CLOCKS], &defaults, sla);
}

void toc_build_slas(struct toc_build *b, const struct toc_yaml *node)
{
    struct toc_sla *next;
    if (!node)
        return;
    b->slas = toc_build_names(b, node, "'slas'", sizeof(*b->slas), &b->policy.sla_count);
    b->policy.slas = next = b->slas;
    for (const struct toc_yaml *entry = node->first; next && entry; entry = entry->next)
        read_sla(b, entry, next++);
}
