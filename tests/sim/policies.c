/* The policies of the simulation: short targets, so that everything happens within seconds. */
#include "tests/sim/world.h"

#include <stdlib.h>

/* What differs between the versions. */
struct variant {
    const char *queues, *p1, *other, *office_calendar, *payments_queue, *office_resolution, *wait;
};

/* Worked by tools; this version is what scenarios are about. */
static const char tools[] = "queues:\n"
                            "  support: {tier: 1}\n"
                            "  payments: {tier: 2}\n"
                            "  safety: {tier: 3}\n";

/* Served by people. */
static const char staffed[] =
    "queues:\n"
    "  support: {tier: 1, lease: 1s, sticky: 1m, max_wait: 20s, weight: {P1: 2, default: 1},\n"
    "    spill: [{after: 4s, to: payments}], on_breach: safety}\n"
    "  payments: {tier: 2, lease: 2s, paused: free, hops: 3, follow_sun: [support]}\n"
    "  safety: {tier: 3}\n"
    "people:\n"
    "  agent-1: {queues: [support, payments], capacity: 3, exposure: {urgent: 5}}\n"
    "  agent-2: {queues: [support], capacity: 2, shift: office}\n";

static const struct variant variants[POLICIES_MAX] = {
    {tools, "2s", "5s", "office", "payments", "10s", "2s"},
    {staffed, "3s", "4s", "office", "support", "9s", "1s"},
    {staffed, "1s", "6s", "always", "payments", "none", "2s"},
    {staffed, "0", "3s", "always", "support", "6s", "3s"},
};

static const char form[] =
    "policy: 1\n"
    "calendars:\n"
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"
    "  office: {zone: Europe/Berlin, weekly: {mon-fri: [\"08:00-20:00\"], sun: "
    "[\"02:30-03:00\"]}}\n"
    "paths:\n"
    "  duty:\n"
    "    repeat: 1\n"
    "    steps:\n"
    "      - {page: [ana], wait: %s}\n"
    "      - {page: [ben, cid], wait: 3s}\n"
    "  slow:\n"
    "    steps:\n"
    "      - {page: [], wait: 1s}\n"
    "      - {page: [dan], wait: 4s}\n"
    "%s" /* queues */
    "teams:\n"
    "  legal: {calendar: always, answer_within: 4s}\n"
    "  fraud: {calendar: office, answer_within: 2s, path: slow}\n"
    "categories: {billing: {facts: [device]}}\n"
    "triage:\n"
    "  - rule: minor\n"
    "    when: {fact.age: \"<18\", not: {tag: adult}}\n"
    "    set: {risk: severe, sop: minor@1, content_class: minors}\n"
    "    escalate: {queue: safety, team: legal}\n"
    "  - rule: danger\n"
    "    when: {category: [danger*]}\n"
    "    set: {risk: critical, priority: P1, tags: [urgent], content_class: urgent}\n"
    "  - rule: rest\n"
    "    set: {tags: [seen]}\n"
    "routes:\n"
    "  - {rule: safety, when: {risk: [severe, critical]}, queue: safety, sla: quick, path: duty}\n"
    "  - {rule: money, when: {line_of_business: [shop]}, queue: %s, sla: office, path: slow}\n"
    "  - {rule: silent, when: {line_of_business: [none]}, queue: support}\n"
    "  - {rule: default, queue: support, sla: quick, path: duty}\n"
    "slas:\n"
    "  quick:\n"
    "    calendar: always\n"
    "    pause_on: [pending]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: %s, P2: %s, default: 8s}, warn: [50, 80], pause_on: []}\n"
    "      resolution: {targets: {P1: 6s, default: 12s}, warn: [75]}\n"
    "  office:\n"
    "    calendar: %s\n"
    "    pause_on: [pending, on_hold]\n"
    "    clocks:\n"
    "      first_reply: {targets: {P1: %s, P4: none, default: %s}, warn: [50]}\n"
    "      resolution: {targets: {P2: 4s, default: %s}, warn: [25, 50]}\n"
    "alerts:\n"
    "  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical}\n"
    "  - {rule: breached, on: breached, severity: error}\n"
    "  - {rule: late, on: warned, threshold: 75, metric: resolution, severity: warning, path: "
    "slow}\n";

struct toc_str policy_text(unsigned number)
{
    static char texts[POLICIES_MAX][4096];
    TOC_ASSERT(number < POLICIES_MAX);
    const struct variant *v = &variants[number];
    int size =
        snprintf(texts[number], sizeof(texts[number]), form, v->wait, v->queues, v->payments_queue,
                 v->p1, v->other, v->office_calendar, v->p1, v->other, v->office_resolution);
    TOC_ASSERT(size > 0 && (size_t)size < sizeof(texts[number]));
    return toc_str(texts[number], (size_t)size);
}

const struct toc_policy *policy_compiled(struct world *world, uint32_t version)
{
    static struct toc_policy *compiled[POLICIES_MAX];
    char *errors = NULL;
    if (version == 0 || version > POLICIES_MAX)
        return NULL;
    if (compiled[version - 1] == NULL) {
        enum toc_err err =
            toc_policy_parse(policy_text(version - 1), "sim", &compiled[version - 1], &errors);
        if (err != TOC_OK)
            world_fail(world, 0, "policy %u: %s", version, errors != NULL ? errors : "no memory");
        free(errors);
    }
    return compiled[version - 1];
}
