/*
 * The parts of `tocsin why`: gathering is in why.c, one record as text in record.c and, of a
 * clock, clock.c, what holds now (and why not) in now.c. Only these include it.
 */
#ifndef CLI_WHY_H
#define CLI_WHY_H

#include "services/cli/view.h"

#include "common/policy/policy.h"

#define WHY_INDENT 25 /* cells before the text of an entry */

/* One record of the timeline. */
struct why_entry {
    const char *service;
    unsigned rank;        /* of the service: what causes comes before what follows from it */
    uint64_t log_id;      /* the record's */
    toc_time_ms order_ms; /* its instant, or its cause's where that is later */
    uint64_t root;        /* seq of the event that it all goes back to; UINT64_MAX for a timer's */
    const Tocsin__V1__Record *record;
};

/* The hours before what is said, and text folded into the lines of the terminal. */
struct why_page {
    const struct print *print;
    struct toc_arena *arena;
    toc_time_ms day_ms;              /* of the last entry written; TOC_TIME_MIN before the first */
    bool verbose;                    /* with what was only noted */
    const struct toc_policy *policy; /* in force; NULL when there is none to be had */
};

/* Writes words from cell `indent` on, folded at the line's end. The cursor stands at `at`. */
__attribute__((format(printf, 5, 6))) void why_fold(const struct why_page *page,
                                                    enum print_style style, unsigned indent,
                                                    unsigned at, const char *format, ...);

/* A line of details below an entry. */
#define why_detail(page, ...) why_fold((page), PRINT_DIM, WHY_INDENT + 2, 0, __VA_ARGS__)

/* Writes one entry: its time, whose it is, what was decided and by which rule. */
void why_record(struct why_page *page, const struct why_entry *entry);

/* The part of it that is about a step of the issue's history. */
void why_issue(const struct why_page *page, const Tocsin__V1__Record *record,
               const Tocsin__V1__IssueChange *change);

/* The part of it that is about a clock. */
void why_clock(const struct why_page *page, const Tocsin__V1__Record *record,
               const Tocsin__V1__ClockChange *change);

/* What is known of the issue now. */
struct why_now {
    const Tocsin__V1__Issue *issue;
    const Tocsin__V1__IssueClocks *clocks; /* NULL: sla knows none */
    Tocsin__V1__Alert *const *alerts;
    size_t alert_count;
    Tocsin__V1__CrossEscalation *const *escalations; /* to other teams, not closed yet */
    size_t escalation_count;
    const struct toc_policy *policy; /* in force; NULL when there is none to be had */
    toc_time_ms now_ms;
};

/* The last part: what is under way, and why nothing else is. */
void why_write_now(const struct why_page *page, const struct why_now *now);

#endif
