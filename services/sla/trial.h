/*
 * What would have become of a clock, had its rule always been this one: the machine of move.c goes
 * through the stretches of an issue's life. Nothing is written or said.
 *
 * A stretch tells where the issue was and whether somebody had it, so it does for rules that ask
 * for no more; messages, bots and other teams are not in it. What a rule's `when` asks for, and the
 * priority, count as they are now.
 */
#ifndef SLA_TRIAL_H
#define SLA_TRIAL_H

#include "services/sla/segment.h"

/* One clock of the rule, as it stands at the end. */
struct outcome {
    const char *scope;
    Tocsin__V1__ClockState state;
    Tocsin__V1__ClockEnd ended_by;
    bool held;
    toc_time_ms started_ms, running_since_ms, stopped_ms;
};

struct trial {
    struct spans spans; /* of the closed intervals; `clock` is the place in `outcomes` */
    struct outcome outcomes[SLA_CLOCKS_MAX];
    size_t count;
};

/* Stretches, if none is missing, tell all that the rule asks for; its clock has a target by it. */
bool trial_covers(const struct work *work, const struct toc_clock_rule *rule);

/* By the row's SLA and policy, `rule` being one of the SLA's. TOC_NONE for more clocks, or more
 * intervals of theirs, than fit. */
TOC_MUST enum toc_err trial_run(const struct work *work, const struct toc_clock_rule *rule,
                                const struct segment *segments, size_t count, struct trial *out);

#endif
