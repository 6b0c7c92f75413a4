#include "common/policy/build.h"

#include <stdio.h>

#define TIER_MAX 3

enum { CALENDAR, PAUSE_ON, CLOCKS, SLA_KEY_COUNT };

const struct toc_key toc_keys_sla[SLA_KEY_COUNT + 1] = {
    [CALENDAR] = {"calendar", false, "CALENDAR", NULL, "Of its clocks that name none."},
    [PAUSE_ON] =
        {"pause_on", false, "[STATE]", "[]",
         "States in which its clocks of replies, resolution, queues and tiers stand still, "
         "unless they say otherwise."},
    [CLOCKS] = {"clocks", true, "{CLOCK: ...}", NULL,
                "By name: a metric, or any name with a `metric` beside it. At most 16."},
};

enum {
    METRIC,
    TARGETS,
    WARN,
    CLOCK_CALENDAR,
    WHEN,
    START_ON,
    CLOCK_PAUSE_ON,
    STOP_ON,
    RESET_ON,
    CANCEL_ON,
    AGAIN,
    LAW,
    QUEUES,
    TIERS,
    CUT_OFF,
    NEXT_START,
    END_OF_DAY,
    CLOCK_KEY_COUNT
};

const struct toc_key toc_keys_clock[CLOCK_KEY_COUNT + 1] = {
    [METRIC] = {"metric", false, "METRIC", "the clock's name", "What it measures, as told below."},
    [TARGETS] = {"targets", true, "{PRIORITY: TARGET}", NULL, "How long it may take."},
    [WARN] = {"warn", false, "[PERCENT]", "[]",
              "Percentages of the target, ascending, 1 to 99, at most 8."},
    [CLOCK_CALENDAR] = {"calendar", false, "CALENDAR", "the SLA's", "In which its time runs."},
    [WHEN] = {"when", false, "{FIELD: [VALUE]}", "every issue",
              "Which issues have it; one that does not fit any more cancels it."},
    [START_ON] = {"start_on", false, "[TRIGGER]", "the metric's", "What starts it."},
    [CLOCK_PAUSE_ON] = {"pause_on", false, "[TRIGGER]", "the metric's, or the SLA's",
                        "States in which it stands still, and happenings after which it does until "
                        "one of `start_on`."},
    [STOP_ON] = {"stop_on", false, "[TRIGGER]", "the metric's", "What stops it with a verdict."},
    [RESET_ON] = {"reset_on", false, "[TRIGGER]", "[]", "What starts a running one anew."},
    [CANCEL_ON] = {"cancel_on", false, "[TRIGGER]", "the metric's",
                   "What ends it without a verdict."},
    [AGAIN] = {"again", false, "AGAIN", "the metric's",
               "What starts another time counts `anew`, or goes on with the time it had: "
               "`continue`."},
    [LAW] = {"law", false, "TEXT", NULL,
             "Jurisdiction and rule of a `legal` clock, which has to name them."},
    [QUEUES] = {"queues", false, "[QUEUE]", "any",
                "`queue_wait`: of which; a name may be a pattern."},
    [TIERS] = {"tiers", false, "[NUMBER]", "any", "`tier_time`: of which."},
    [CUT_OFF] = {"cut_off", false, "TIME", "none",
                 "From this time of day on, business days count from the next one."},
    [NEXT_START] = {"next_start", false, "TIME", NULL, "The time of day they then count from."},
    [END_OF_DAY] = {"end_of_day", false, "yes", "no",
                    "A target in business days or months is due when its date ends."},
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

/* What an SLA says for all its clocks. */
struct defaults {
    const struct toc_calendar *calendar;
    bool has_calendar;
    struct toc_trigger pause;
};

/* --- parts of a clock ------------------------------------------------------------------------- */

static void read_targets(struct toc_build *b, const struct toc_yaml *node, const char *what,
                         struct toc_target *targets)
{
    const struct toc_yaml *values[TARGET_KEY_COUNT];
    size_t errors = b->diag->count;
    bool any;
    if (!toc_value_keys(b, node, "'targets'", toc_keys_targets, values))
        return;
    targets[DEFAULT].ms = TOC_TARGET_NONE;
    any = values[DEFAULT] != NULL; /* also none: dates are set by hand */
    if (values[DEFAULT])
        toc_build_target(b, values[DEFAULT], &targets[DEFAULT]);
    for (size_t i = P1; i < TARGET_KEY_COUNT; i++) {
        targets[i] = targets[DEFAULT];
        if (values[i])
            toc_build_target(b, values[i], &targets[i]);
        any = any || targets[i].kind != TOC_TARGET_UNSET;
    }
    if (!any && b->diag->count == errors) {
        toc_diag_error(b->diag, node->offset, "%s has no target at all", what);
        toc_diag_hint(b->diag,
                      "for example {P1: 15m, P2: 1h, default: 4h}; {default: none} waits for a "
                      "date by hand");
    }
}

static void refuse_both(struct toc_build *b, size_t offset, const struct toc_clock_rule *clock)
{
    uint32_t both = clock->pause.states & clock->stop.states;
    for (size_t i = 1; i < toc_words_state.count; i++)
        if (both & 1u << i)
            toc_diag_error(b->diag, offset, "%s cannot both pause and stop on '%s'", clock->name,
                           toc_words_state.words[i]);
}

static bool is_empty(struct toc_trigger trigger)
{
    return trigger.states == 0 && trigger.happenings == 0;
}

static void read_triggers(struct toc_build *b, const struct toc_yaml *entry,
                          const struct toc_yaml *const *values, struct toc_clock_rule *clock)
{
    size_t errors = b->diag->count;
    if (values[START_ON])
        toc_build_trigger(b, values[START_ON], "'start_on'", &clock->start);
    if (values[CLOCK_PAUSE_ON])
        toc_build_trigger(b, values[CLOCK_PAUSE_ON], "'pause_on'", &clock->pause);
    if (values[STOP_ON])
        toc_build_trigger(b, values[STOP_ON], "'stop_on'", &clock->stop);
    if (values[RESET_ON])
        toc_build_trigger(b, values[RESET_ON], "'reset_on'", &clock->reset);
    if (values[CANCEL_ON])
        toc_build_trigger(b, values[CANCEL_ON], "'cancel_on'", &clock->cancel);
    if (b->diag->count != errors)
        return;
    if (is_empty(clock->start))
        toc_diag_error(b->diag, values[START_ON]->offset, "a clock that never starts");
    if (is_empty(clock->stop) && is_empty(clock->cancel))
        toc_diag_error(b->diag, values[STOP_ON]->offset, "a clock that never stops");
    if (clock->metric == TOC_CLOCK_LEGAL && !is_empty(clock->pause))
        toc_diag_error(b->diag, values[CLOCK_PAUSE_ON]->offset, "a legal clock is never paused");
    refuse_both(b, entry->key->offset, clock);
}

static void read_queues(struct toc_build *b, const struct toc_yaml *node,
                        struct toc_clock_rule *clock)
{
    const struct toc_names names = {b->queues, b->policy.queue_count, sizeof(*b->queues)};
    struct toc_texts queues = {NULL, 0};
    size_t count, index;
    if (!toc_value_texts(b, node, "a queue", toc_value_text, &queues))
        return;
    clock->queues = queues.values;
    clock->queue_count = queues.count;
    const struct toc_yaml *item = toc_value_items(b, node, "'queues'", &count);
    for (size_t i = 0; i < count; i++, item = item->next)
        if (strpbrk(queues.values[i], "*?") == NULL)
            (void)toc_value_reference(b, item, "queue", &names, &index);
}

static void read_tiers(struct toc_build *b, const struct toc_yaml *node,
                       struct toc_clock_rule *clock)
{
    size_t count;
    unsigned tier;
    const struct toc_yaml *item = toc_value_items(b, node, "'tiers'", &count);
    for (size_t i = 0; item && i < count; i++, item = item->next)
        if (toc_value_number(b, item, "a tier", TIER_MAX, &tier))
            clock->tiers |= 1u << tier;
}

/* Keys that only clocks of one metric have. */
static bool belongs(struct toc_build *b, const struct toc_yaml *node, const char *name,
                    const struct toc_clock_rule *clock, enum toc_metric_kind metric)
{
    if (!node)
        return false;
    if (clock->metric == metric)
        return true;
    toc_diag_error(b->diag, node->key->offset, "'%s' belongs to clocks of '%s'", name,
                   toc_words_metric.words[metric]);
    return false;
}

static void read_own(struct toc_build *b, const struct toc_yaml *entry,
                     const struct toc_yaml *const *values, struct toc_clock_rule *clock)
{
    static const char *const again[] = {"anew", "continue"};
    static const struct toc_words words_again = {again, 2};
    unsigned word;
    if (belongs(b, values[LAW], "law", clock, TOC_CLOCK_LEGAL))
        (void)toc_value_text(b, values[LAW], "'law'", &clock->law);
    else if (clock->metric == TOC_CLOCK_LEGAL)
        toc_diag_error(b->diag, entry->key->offset, "a legal clock has to name its 'law'");
    if (belongs(b, values[QUEUES], "queues", clock, TOC_CLOCK_QUEUE_WAIT))
        read_queues(b, values[QUEUES], clock);
    if (belongs(b, values[TIERS], "tiers", clock, TOC_CLOCK_TIER_TIME))
        read_tiers(b, values[TIERS], clock);
    if (values[AGAIN] && toc_value_word(b, values[AGAIN], "way", &words_again, &word))
        clock->goes_on = word != 0;
}

static void read_when(struct toc_build *b, const struct toc_yaml *node, struct toc_match *when)
{
    toc_build_when(b, node, when);
    toc_check_type(b, node, when, false);
}

/* --- clocks and SLAs -------------------------------------------------------------------------- */

static void read_clock(struct toc_build *b, const struct toc_yaml *entry,
                       const struct toc_yaml *const *values, const struct defaults *defaults,
                       struct toc_clock_rule *clock)
{
    char what[TOC_POLICY_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "clock '%s'", clock->name);
    clock->calendar = defaults->calendar;
    if (toc_metric_takes_pause(clock->metric))
        clock->pause = defaults->pause;
    if (values[CLOCK_CALENDAR]) {
        toc_build_calendar_of(b, values[CLOCK_CALENDAR], &clock->calendar);
    } else if (!defaults->has_calendar) {
        toc_diag_error(b->diag, entry->key->offset, "%s has no calendar", what);
        toc_diag_hint(b->diag, "give the SLA or the clock a 'calendar'");
    }
    if (values[TARGETS])
        read_targets(b, values[TARGETS], what, clock->targets);
    toc_build_days(b, &values[CUT_OFF], clock);
    if (values[WARN])
        toc_build_warnings(b, values[WARN], "'warn'", clock);
    if (values[WHEN])
        read_when(b, values[WHEN], &clock->when);
    read_triggers(b, entry, values, clock);
    read_own(b, entry, values, clock);
}

/* The metric by `metric`, or by the clock's name. */
static bool read_metric(struct toc_build *b, const struct toc_yaml *entry,
                        const struct toc_yaml *node, struct toc_clock_rule *clock)
{
    unsigned metric;
    if (!toc_value_word(b, node ? node : entry->key, node ? "metric" : "clock", &toc_words_metric,
                        &metric))
        return false;
    if (metric == TOC_CLOCK_ESCALATION) {
        toc_diag_error(b->diag, entry->key->offset, "escalations have the clocks of 'teams'");
        return false;
    }
    toc_metric_presets((enum toc_metric_kind)metric, clock);
    return toc_value_name(b, entry->key, "a clock", &clock->name);
}

static void read_clocks(struct toc_build *b, const struct toc_yaml *node,
                        const struct defaults *defaults, struct toc_sla *sla)
{
    const struct toc_yaml *values[CLOCK_KEY_COUNT];
    char what[TOC_POLICY_NAME_MAX + 32];
    if (!toc_value_map(b, node, "'clocks'"))
        return;
    if (node->count == 0 || node->count > TOC_POLICY_CLOCKS_MAX) {
        toc_diag_error(b->diag, node->offset,
                       node->count == 0 ? "an SLA without clocks" : "more than %d clocks",
                       TOC_POLICY_CLOCKS_MAX);
        return;
    }
    struct toc_clock_rule *clocks = toc_build_array(b, node->count, sizeof(*clocks));
    sla->clocks = clocks;
    for (const struct toc_yaml *entry = node->first; clocks && entry; entry = entry->next) {
        struct toc_clock_rule *clock = &clocks[sla->clock_count];
        (void)snprintf(what, sizeof(what), "clock '%.*s'", TOC_DIAG_ARG(entry->key->text));
        if (!toc_value_keys(b, entry, what, toc_keys_clock, values) ||
            !read_metric(b, entry, values[METRIC], clock))
            continue;
        sla->clock_count++;
        read_clock(b, entry, values, defaults, clock);
    }
    /* What is no YAML was told before this section was read. */
    TOC_ASSERT(sla->clock_count == node->count || b->diag->count > 0 || b->out_of_memory);
}

static void read_sla_pause(struct toc_build *b, const struct toc_yaml *node,
                           struct toc_trigger *out)
{
    size_t errors = b->diag->count;
    toc_build_trigger(b, node, "'pause_on'", out);
    if (out->happenings != 0 && b->diag->count == errors)
        toc_diag_error(b->diag, node->offset, "the 'pause_on' of an SLA has states only");
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
        read_sla_pause(b, values[PAUSE_ON], &defaults.pause);
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
