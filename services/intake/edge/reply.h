/*
 * What the edge says back, as JSON: receipts as the command line prints them, problems as RFC 9457
 * has them. Bodies are malloc'ed; NULL without memory, when the status has to do.
 */
#ifndef INTAKE_EDGE_REPLY_H
#define INTAKE_EDGE_REPLY_H

#include "services/intake/edge/cloudevents.h"

#define REPLY_PROBLEM_TYPE "application/problem+json"
#define REPLY_JSON_TYPE    "application/json"

/* What became of one event: a problem found here, or an outcome of the core. */
struct reply_item {
    int status;
    const char *id, *source;
    const char *ref; /* of a receipt: what names the issue in a path; NULL: not told */
    const struct toc_article *article; /* of a receipt: what is suggested; NULL: nothing */
    const char *detail; /* of a problem, a member's name before a colon first; NULL: a receipt */
    const Tocsin__V1__Outcome *outcome; /* of a receipt */
    bool unsaid; /* of a receipt: it does not tell whether the event is held back */
};

/* The status that an outcome of the core comes to. */
int reply_status_of(const Tocsin__V1__Outcome *outcome);

/* {"title", "status", "detail"} and, where the detail begins with a member's name or a pointer,
 * "field". */
char *reply_problem(int status, const char *detail, size_t *out_size);

/* One receipt or problem. */
char *reply_one(const struct reply_item *item, size_t *out_size);

/* A list of them, in order; each has its "status". */
char *reply_many(const struct reply_item *items, size_t count, size_t *out_size);

#endif
