/*
 * The few members of a record's body that a backtest counts, read in place: unpacking every body
 * would cost as much as stepping it. Bodies come from our own cores or from a service's log; one
 * that is no message reads as empty.
 */
#ifndef CLI_BACKTEST_READ_H
#define CLI_BACKTEST_READ_H

#include "common/wire.h"

/* Of a ClockChange. */
struct said_clock {
    struct toc_str name, queue;
    uint32_t instance;
    unsigned state; /* enum ClockState */
    bool breached;
    toc_time_ms breached_ms, stopped_ms;
};
struct said_clock read_clock_change(const Tocsin__V1__Record *record);

/* Of an IssueChange. */
struct said_issue {
    unsigned what;        /* enum What */
    struct toc_str issue; /* a packed Issue, after the change */
    struct toc_str old_queue;
    struct toc_str team; /* of an escalation that was raised, else empty */
};
struct said_issue read_issue_change(const Tocsin__V1__Record *record);

/* Where an Issue is. */
struct said_place {
    struct toc_str queue, partner;
};
struct said_place read_place(struct toc_str issue);

/* Of an AlertChange. */
struct said_alert {
    struct toc_str id;      /* TOC_ID bytes */
    struct toc_str contact; /* of a page */
    uint32_t step, repeat;  /* of a page */
    toc_time_ms planned_ms; /* of a page */
};
struct said_alert read_alert_change(const Tocsin__V1__Record *record);

#endif
