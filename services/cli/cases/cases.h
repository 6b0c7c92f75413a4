/*
 * Cases of `tocsin policy test`: issue histories, and what a policy is expected to make of them.
 *
 *   - case: a threat of violence wakes the safety desk
 *     at: 2026-03-02 10:00 Europe/Berlin      # wall time; +12m counts from it
 *     events:
 *       - {at: 0m, opened: {channel: in_app, category: threat_of_violence}}
 *       - {at: +12m, message: outbound}
 *     expect:
 *       route: {queue: trust-safety, rule: safety, priority: P1}
 *       clocks: {first_reply: {breached: +10m}}
 *       pages: [{to: duty-safety, at: 0m}]
 *
 * The reader turns a YAML text into these structs and reports what is wrong with file:line:column
 * and a hint. check.c compares; policy/test.c runs.
 */
#ifndef CLI_CASES_H
#define CLI_CASES_H

#include "common/policy/yaml.h"
#include "common/time.h"
#include "common/wire.h"

#define CASES_BYTES_MAX (1024 * 1024) /* of a file */
#define CASE_SOURCE     "urn:case"    /* of events that name none */
#define CASE_ISSUE      "issue"       /* the subject of events that name none */

struct case_event {
    size_t offset; /* where it begins in the text */
    toc_time_ms at_ms;
    Tocsin__V1__Event *event; /* subject: the issue's name */
    const char *alert;        /* alert.*: the rule whose newest alert is meant; else NULL */
    const char *other;        /* merged, linked: the other issue's name; else NULL */
    bool refused;             /* intake or the router has to refuse it */
};

/* Where an expected value is looked for. */
enum case_place {
    CASE_FIELD,     /* `field` of the issue, the clock or the alert */
    CASE_RULE,      /* the route that decided last */
    CASE_TRIAGE,    /* the triage rule that decided last */
    CASE_HAPPENING, /* instants of clock changes of kind `what` */
    CASE_BREACHED,  /* the due that passed, as the clock stands at the end */
    CASE_MET,       /* when the clock was met, as it stands at the end */
    CASE_CONTACT,   /* of a page */
    CASE_PLANNED,   /* when the page was sent out */
    CASE_ALERT,     /* the rule that opened the page's alert */
};

/* One of the expected values, as it is written and as the instant or duration that it is. */
struct case_value {
    const char *text;
    toc_time_ms ms;
};

/* "key: value" */
struct case_wish {
    const char *key;
    size_t offset;
    enum case_place place;
    const ProtobufCFieldDescriptor *field;
    unsigned what;
    bool yes, no, is_instant, is_duration; /* at most one; otherwise a text */
    const struct case_value *values;
    size_t count;
};

struct case_wishes {
    const struct case_wish *all;
    size_t count;
};

struct case_clock {
    const char *title; /* as it is written: name, or name#instance */
    const char *name;
    unsigned instance; /* from 1 over all queues and tiers; 0: the latest */
    size_t offset;
    bool none; /* the issue never has it */
    struct case_wishes wishes;
};

/* What is expected of one issue. */
struct case_issue {
    const char *name;
    struct case_wishes route;
    bool no_clocks;
    const struct case_clock *clocks;
    size_t clock_count;
};

struct case_one {
    const char *name;
    size_t offset;
    const char *zone;
    toc_time_ms at_ms;
    toc_time_ms until_ms; /* the end: time has passed up to here */
    const struct case_event *events;
    size_t event_count;
    const struct case_issue *issues;
    size_t issue_count;
    bool counts_pages; /* `pages` is all that are sent, in order; otherwise nothing is said */
    const struct case_wishes *pages;
    size_t page_count;
};

struct cases;

/*
 * Compiles `text`, which is lent for the life of the cases. On TOC_ERR_CONFIG `*out_errors` is a
 * malloc'ed text for a person. TOC_ERR_MEMORY.
 */
TOC_MUST enum toc_err cases_read(struct toc_str text, const char *file_name, struct cases **out,
                                 char **out_errors);
/* Accepts NULL. */
void cases_free(struct cases *cases);

const struct case_one *cases_all(const struct cases *cases, size_t *out_count);
const char *cases_file(const struct cases *cases);
/* The line of a place in the text, from 1. */
unsigned cases_line(const struct cases *cases, size_t offset);

#endif
