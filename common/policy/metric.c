#include "common/policy/build.h"

#include "tocsin/v1/event.pb-c.h"

#include <assert.h>

#define STATE(name)    (1u << TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_##name)
#define HAPPENED(name) (1u << TOC_HAPPENED_##name)
#define OVER           (STATE(SOLVED) | STATE(CLOSED))

static_assert(TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW == 1 &&
                  TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED == 6,
              "toc_words_state follows enum IssueState");

/* The words of triggers: states first, then happenings, so that one list takes both. */
static const char *const trigger_words[] = {
    NULL,       "new",          "open",       "pending",  "on_hold", "solved",
    "closed",   "opened",       "inbound",    "outbound", "queued",  "claimed",
    "released", "tier_changed", "handed_off", "merged",   "told",
};
static const struct toc_words words_trigger = {trigger_words,
                                               sizeof(trigger_words) / sizeof(trigger_words[0])};

#define FIRST_HAPPENING (TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_CLOSED + 1)

static_assert(sizeof(trigger_words) / sizeof(trigger_words[0]) == FIRST_HAPPENING + TOC_HAPPENINGS,
              "a word for each happening");

static const char *const metric_words[] = {
    [TOC_CLOCK_FIRST_REPLY] = "first_reply",
    [TOC_CLOCK_NEXT_REPLY] = "next_reply",
    [TOC_CLOCK_PERIODIC_UPDATE] = "periodic_update",
    [TOC_CLOCK_PAUSABLE_UPDATE] = "pausable_update",
    [TOC_CLOCK_REQUESTER_WAIT] = "requester_wait",
    [TOC_CLOCK_AGENT_WORK] = "agent_work",
    [TOC_CLOCK_RESOLUTION] = "resolution",
    [TOC_CLOCK_QUEUE_WAIT] = "queue_wait",
    [TOC_CLOCK_TIER_TIME] = "tier_time",
    [TOC_CLOCK_LEGAL] = "legal",
    [TOC_CLOCK_ESCALATION] = "escalation",
};
const struct toc_words toc_words_metric = {metric_words, TOC_CLOCK_METRICS};

/*
 * What holds for a clock of each metric unless the policy says otherwise. A reply clock waits for a
 * person's message, an update clock for the next one after it; both end without a verdict when the
 * issue does. The first reply, which is still owed then, goes on with a reopening; what measures
 * time in a state, a queue or a tier adds up over all its parts.
 */
static const struct presets {
    struct toc_trigger start, pause, stop, cancel;
    bool takes_pause; /* the SLA's */
    bool goes_on;
} presets[TOC_CLOCK_METRICS] = {
    [TOC_CLOCK_FIRST_REPLY] = {.start = {0, HAPPENED(OPENED) | HAPPENED(HANDED_OFF)},
                               .stop = {0, HAPPENED(OUTBOUND)},
                               .cancel = {OVER, 0},
                               .takes_pause = true,
                               .goes_on = true},
    [TOC_CLOCK_NEXT_REPLY] = {.start = {0, HAPPENED(INBOUND)},
                              .stop = {0, HAPPENED(OUTBOUND)},
                              .cancel = {OVER, 0},
                              .takes_pause = true},
    [TOC_CLOCK_PERIODIC_UPDATE] = {.start = {0, HAPPENED(OUTBOUND)},
                                   .stop = {0, HAPPENED(OUTBOUND)},
                                   .cancel = {OVER, 0}},
    [TOC_CLOCK_PAUSABLE_UPDATE] = {.start = {0, HAPPENED(OUTBOUND)},
                                   .pause = {STATE(PENDING), 0},
                                   .stop = {0, HAPPENED(OUTBOUND)},
                                   .cancel = {OVER, 0}},
    [TOC_CLOCK_REQUESTER_WAIT] = {.start = {0, HAPPENED(OPENED)},
                                  .pause = {STATE(PENDING), 0},
                                  .stop = {OVER, 0},
                                  .goes_on = true},
    [TOC_CLOCK_AGENT_WORK] = {.start = {0, HAPPENED(OPENED)},
                              .pause = {STATE(PENDING) | STATE(ON_HOLD), 0},
                              .stop = {OVER, 0},
                              .goes_on = true},
    [TOC_CLOCK_RESOLUTION] = {.start = {0, HAPPENED(OPENED)},
                              .stop = {OVER, 0},
                              .takes_pause = true},
    [TOC_CLOCK_QUEUE_WAIT] = {.start = {0, HAPPENED(QUEUED) | HAPPENED(RELEASED)},
                              .stop = {OVER, HAPPENED(CLAIMED)},
                              .takes_pause = true,
                              .goes_on = true},
    [TOC_CLOCK_TIER_TIME] = {.start = {0, HAPPENED(TIER_CHANGED)},
                             .stop = {OVER, 0},
                             .takes_pause = true,
                             .goes_on = true},
    [TOC_CLOCK_LEGAL] = {.start = {0, HAPPENED(OPENED)}, .stop = {OVER, 0}},
    [TOC_CLOCK_ESCALATION] = {.takes_pause = false}, /* follows the escalation's own states */
};

const char *toc_metric_name(enum toc_metric_kind metric)
{
    TOC_ASSERT(metric < TOC_CLOCK_METRICS);
    return metric_words[metric];
}

void toc_metric_presets(enum toc_metric_kind metric, struct toc_clock_rule *clock)
{
    const struct presets *preset = &presets[metric];
    clock->metric = metric;
    clock->start = preset->start;
    clock->pause = preset->pause;
    clock->stop = preset->stop;
    clock->cancel = preset->cancel;
    clock->goes_on = preset->goes_on;
}

bool toc_metric_takes_pause(enum toc_metric_kind metric)
{
    return presets[metric].takes_pause;
}

void toc_build_trigger(struct toc_build *b, const struct toc_yaml *node, const char *what,
                       struct toc_trigger *out)
{
    size_t count;
    unsigned word;
    const struct toc_yaml *item = toc_value_items(b, node, what, &count);
    *out = (struct toc_trigger){0, 0};
    for (size_t i = 0; item && i < count; i++, item = item->next) {
        if (!toc_value_word(b, item, "state or happening", &words_trigger, &word))
            continue;
        if (word < FIRST_HAPPENING)
            out->states |= 1u << word;
        else
            out->happenings |= 1u << (word - FIRST_HAPPENING);
    }
}
