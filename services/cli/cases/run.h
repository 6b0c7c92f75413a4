/*
 * Running one case of `tocsin policy test` in the suite in one process, and comparing what came of
 * it with what the case expects. Nothing is printed here.
 */
#ifndef CLI_CASE_RUN_H
#define CLI_CASE_RUN_H

#include "services/cli/cases/cases.h"
#include "services/cli/inproc.h"

#define CASE_DIFFERENCES_MAX 64 /* of a case; more are counted */

/* A record with its body unpacked. */
struct case_record {
    enum inproc_service service;
    uint64_t log_id;
    const Tocsin__V1__Record *record;
    const void *body;
};

/* Which records explain a difference. */
enum case_about { CASE_ABOUT_EVENT, CASE_ABOUT_ROUTE, CASE_ABOUT_CLOCK, CASE_ABOUT_PAGES };

struct case_difference {
    enum case_about about;
    size_t offset;     /* of the expectation in the text */
    const char *what;  /* "clocks.first_reply.breached" */
    const char *clock; /* CLOCK: its name */
    const char *expected, *got;
};

/* What the suite made of a case. All of it lies in `arena`. */
struct case_outcome {
    struct toc_arena arena;
    struct case_record *records; /* policies left out */
    size_t count, room;
    uint64_t log_ids[INPROC_SERVICES];
    uint8_t (*issues)[TOC_ID]; /* of the case's issues, in their order */
    struct case_difference differences[CASE_DIFFERENCES_MAX];
    size_t difference_count; /* all of them, also those not kept */
};

/*
 * Runs a case under a policy that compiles. Differences are no failure. Reset with
 * case_outcome_done in any case.
 */
TOC_MUST enum toc_err case_run(struct toc_str policy, const struct case_one *one,
                               struct case_outcome *out);
void case_outcome_done(struct case_outcome *outcome);

/* check.c: compares with the expectations; case_run calls it. */
TOC_MUST enum toc_err case_check(const struct case_one *one, struct case_outcome *outcome);

/* Keeps a difference whose texts live in the outcome's arena. */
void case_differs(struct case_outcome *outcome, const struct case_difference *difference);
/* A text in the arena; "" when that is exhausted. */
__attribute__((format(printf, 2, 3))) const char *case_text(struct case_outcome *outcome,
                                                            const char *format, ...);

/* The rule behind an alert: the last word of its cause. */
const char *case_alert_rule(const Tocsin__V1__Alert *alert);

#endif
