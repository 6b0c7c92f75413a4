/* What the tests of sla share: one policy and a chain that applies it. */
#ifndef TEST_CORE_SLA_H
#define TEST_CORE_SLA_H

#include "tests/support/core_harness.h"

/*
 * The category of an issue chooses its clocks: none for `std`, else the SLA of that name; `free`
 * has none. Calendars: always, and day (Monday to Friday, 9 to 17).
 */
#define SLA_POLICY                                                                                 \
    "policy: 1\n"                                                                                  \
    "calendars:\n"                                                                                 \
    "  always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}\n"                                \
    "  day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}\n"                                   \
    "queues: {q: {tier: 1}}\n"                                                                     \
    "routes:\n"                                                                                    \
    "  - {rule: free, when: {category: [free]}, queue: q}\n"                                       \
    "  - {rule: zero, when: {category: [zero]}, queue: q, sla: zero}\n"                            \
    "  - {rule: office, when: {category: [office]}, queue: q, sla: office}\n"                      \
    "  - {rule: quiet, when: {category: [quiet]}, queue: q, sla: quiet}\n"                         \
    "  - {rule: loud, when: {category: [loud]}, queue: q, sla: loud}\n"                            \
    "  - {rule: reply, when: {category: [reply]}, queue: q, sla: reply}\n"                         \
    "  - {rule: shift, when: {category: [shift]}, queue: q, sla: shift}\n"                         \
    "  - {rule: tight, when: {category: [tight]}, queue: q, sla: tight}\n"                         \
    "  - {rule: std, queue: q, sla: std}\n"                                                        \
    "slas:\n"                                                                                      \
    "  std:\n"                                                                                     \
    "    calendar: always\n"                                                                       \
    "    pause_on: [pending]\n"                                                                    \
    "    clocks:\n"                                                                                \
    "      first_reply: {targets: {P1: 30m, P2: 1h, P3: 4h, P4: none}, pause_on: []}\n"            \
    "      resolution: {targets: {P1: 2h, P2: 4h, P3: 8h, P4: none}}\n"                            \
    "  zero: {calendar: day, clocks: {first_reply: {targets: {default: 0}, warn: [50]}}}\n"        \
    "  office: {calendar: day, pause_on: [pending],\n"                                             \
    "    clocks: {resolution: {targets: {P1: 1h, default: 8h}}}}\n"                                \
    "  quiet: {calendar: always, clocks: {resolution: {targets: {default: 4h}}}}\n"                \
    "  loud: {calendar: always, pause_on: [pending],\n"                                            \
    "    clocks: {resolution: {targets: {P1: 2h, default: 4h}, warn: [25, 50, 75]}}}\n"            \
    "  shift: {calendar: day, clocks: {resolution: {targets: {default: 8h}, warn: [50, 80]}}}\n"   \
    "  reply: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}}}\n"               \
    "  tight: {calendar: always, clocks: {first_reply: {targets: {default: 10m}, warn: [50, "      \
    "80]}, "                                                                                       \
    "resolution: {targets: {default: 1h}, warn: [50, 80]}}}\n"

/* Opens a chain with the policy applied at midnight and nothing in the transcripts. */
void core_sla_open(struct chain *chain, struct core_turns turns);

/* For tests of one chain, whose turns take one event each: CASE opens and closes it. */
extern struct chain sla_chain;
int core_sla_set_up(void **state);
int core_sla_tear_down(void **state);
#define CASE(name) cmocka_unit_test_setup_teardown(name, core_sla_set_up, core_sla_tear_down)

/* What sla says while the script runs. */
void expect(const char *script, const char *transcript);

#endif
