/* The lines of a small policy, for tests that add one to it; errors count them. */
#ifndef POLICY_LINES_H
#define POLICY_LINES_H

#define HEAD                                                                                       \
    "policy: 1\n"                                                                                  \
    "calendars: {day: {zone: UTC, weekly: {mon-fri: [\"09:00-17:00\"]}}}\n"                        \
    "paths: {wake: {steps: [{page: [ana], wait: 5m}]}}\n"                                          \
    "queues: {first: {tier: 1}, second: {tier: 2, path: wake}}\n"
#define ROUTES "routes: [{rule: default, queue: first, sla: standard}]\n"
#define SLAS                                                                                       \
    "slas: {standard: {calendar: day, clocks: {first_reply: {targets: {default: 1h}, warn: "       \
    "[50]}}}}\n"

#endif
