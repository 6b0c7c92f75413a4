/*
 * Feeds sla's core with the history of issues as a router writes it, for what a router decides
 * only under circumstances that a test of clocks does not want to bring about: merges, dates by
 * hand, escalations, policies that concern issues that are there.
 *
 * A line is `TIME [log=TIME] WHAT [name=value …]`. WHAT is one of IssueChange's in lower case, or
 * `time`. Names are fields of the change (metric, by, mode, direction, …) or else of the issue,
 * which keeps its values from line to line; `issue=N` chooses it (1 when not said). Values: times
 * for names that end in _ms, enumerators by their short names, `P2`, words; of an escalation: `id`,
 * `team`, `is` (its state); of what a policy would do: `would.policy`, `would.sla`.
 */
#ifndef TEST_SLA_FEED_H
#define TEST_SLA_FEED_H

#include "tests/support/core_harness.h"

#define SLA_FEED_ISSUES 4

struct sla_feed {
    struct core *sla;
    struct core_turns turns;
    uint64_t seq;
    uint32_t version; /* of the policy in force */
    unsigned pending; /* inputs since the last commit */
    struct sla_feed_issue *issues;
};

/* Opens with the policy applied at midnight; `turns` as in core_harness.h. */
void sla_feed_open(struct sla_feed *feed, struct core_turns turns, const char *policy);
void sla_feed_close(struct sla_feed *feed);
void sla_feed_policy(struct sla_feed *feed, const char *time, const char *text);
void sla_feed_run(struct sla_feed *feed, const char *script);

/* One step by parts, for generated histories. */
void sla_feed_line(struct sla_feed *feed, const char *line);

/* The row of an issue; NULL when there is none. Lives until core_forget. */
const Tocsin__V1__IssueClocks *sla_feed_clocks(struct sla_feed *feed, unsigned issue);
/* The latest record of sla's log, unpacked. Lives until core_forget. */
const Tocsin__V1__ClockChange *sla_feed_last(struct sla_feed *feed);

#endif
