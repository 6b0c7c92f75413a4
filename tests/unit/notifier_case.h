/* What files of tests about the notifier begin with: a feed, and what makes it fresh for each. */
#ifndef TEST_NOTIFIER_CASE_H
#define TEST_NOTIFIER_CASE_H

#include "tests/support/notifier_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct feed feed;

static inline int fresh(void **state)
{
    (void)state;
    feed_open(&feed, false);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    feed_close(&feed);
    return 0;
}

/* A contacts file with ana's methods, and alert 1 on a path of two steps, opened at 09:00. */
static inline void open_alert_by(const char *methods)
{
    feed_contact(&feed, "08:00", "*", "");
    feed_contact(&feed, "08:00", "ana", methods);
    feed_contact(&feed, "08:00", "bob", "mail");
    feed_desk(&feed, "[{page: [ana], wait: 5m}, {page: [bob], wait: 10m}]", 0);
    feed_issue(&feed, "09:00", (struct feed_issue){.issue = 1});
    core_transcript(feed.core);
}

/* A path for breaches whose first step has p0 to p199, by 25 schedules with eight each; `more` are
 * its other steps. */
static inline void hundreds_on_call(const char *more)
{
    char text[8192];
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    fprintf(out, "policy: 1\nschedules:\n");
    for (unsigned i = 0; i < 25; i++) {
        fprintf(out,
                "  s%u: {zone: UTC, layers: [{name: base, rotation: daily, start: 2026-11-22, "
                "people: [ana]}], temporary: [{from: \"2026-11-22 00:00\", until: \"2026-11-25 "
                "00:00\", people: [p%u",
                i, 8 * i);
        for (unsigned j = 1; j < 8; j++)
            fprintf(out, ", p%u", 8 * i + j);
        fprintf(out, "]}]}\n");
    }
    fprintf(out, "paths: {desk: {repeat: 20, steps: [{wait: 1h, schedule: [s0");
    for (unsigned i = 1; i < 25; i++)
        fprintf(out, ", s%u", i);
    fprintf(out,
            "]}%s]}}\n"
            "queues: {desk: {tier: 1}}\n"
            "calendars: {always: {zone: UTC, weekly: {mon-sun: [\"00:00-24:00\"]}}}\n"
            "slas: {made: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}}}}\n"
            "routes: [{rule: all, queue: desk, sla: made, path: desk}]\n"
            "alerts: [{rule: late, on: breached, severity: error}]\n",
            more);
    assert_int_equal(fclose(out), 0);
    feed_policy(&feed, "08:00", text);
}

#endif
