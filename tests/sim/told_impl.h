/*
 * What the files of invariant 20 share: subscriptions and outcomes as the logs have them (told.c),
 * with what was sent and heard of them (told_sent.c). Nobody else looks in.
 */
#ifndef SIM_TOLD_IMPL_H
#define SIM_TOLD_IMPL_H

#include "tests/sim/hooks.h"

#define LOG_MAX           16384
#define SUBSCRIPTIONS_MAX 16
#define TOLD_MAX          16384
#define TEXT_MAX          72

/* What became of an outcome for a subscription since that was added or replayed. */
enum {
    TAKEN = 1,   /* its receiver took it, and the sender knows */
    DEAD = 2,    /* given up, in the log */
    TRIMMED = 4, /* gone from the log while the subscription rested */
    REFUSED = 8, /* its receiver cannot do anything with it */
    FAILED = 16  /* a try did not succeed */
};
#define THROUGH (TAKEN | DEAD | TRIMMED)

/* A record of outcomes' log that is an outcome; type 0: it is none. */
struct outcome {
    Tocsin__V1__OutcomeType type;
    char source[TEXT_MAX], queue[TEXT_MAX], line[TEXT_MAX], only[OUTCOMES_ID_MAX + 1];
    uint8_t issue[16];
    bool has_issue, test, was_sent;
    uint8_t body[TOC_SHA256]; /* as it was sent first */
};

struct subscription {
    char id[OUTCOMES_ID_MAX + 1];
    char address[OUTCOMES_ID_MAX + 1];
    bool exists, active, rested, handshake, agreed, said_yes, said_gone, fails;
    unsigned types; /* a bit for each; 0: all */
    char source[TEXT_MAX], queues[2][TEXT_MAX], line[TEXT_MAX];
    size_t queue_count;
    Tocsin__V1__Subscription__TestIssues tests;
    uint64_t start;
    unsigned span; /* counts what was added and replayed */
    size_t open;   /* of its row */
    unsigned under_way;
    toc_time_ms not_before_ms; /* its receiver asks for patience until then */
    uint64_t forgiven_seq;     /* the record that ended what its receiver did before */
    uint8_t flags[LOG_MAX], tries[LOG_MAX];
};

/* What the service was told by its sender, for the replay. */
struct note {
    uint8_t *bytes;
    size_t size;
    toc_time_ms at_ms;
};

struct told {
    struct outcome *log; /* log[seq] */
    uint64_t last_seq;
    struct subscription subscriptions[SUBSCRIPTIONS_MAX];
    size_t count;
    struct note notes[TOLD_MAX];
    size_t note_count;
    size_t heard; /* of the service's takings */
    struct toc_arena arena;
};

/* NULL when none was ever added under that id. */
struct subscription *told_find(struct told *told, const char *id);
/* Whether the outcome is for the subscription, by its filter. */
bool told_wants(const struct subscription *of, const struct outcome *outcome);
/* Whether it has to be sent yet, or its answer waited for. */
bool told_is_due(const struct told *told, const struct subscription *of, uint64_t seq);

#endif
