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

#endif
