/*
 * The work on one issue within a turn: what an event finds, what it changes, what it has recorded.
 *
 * An event decides before its first record: until then work_refuse takes back whatever it changed
 * in the row.
 */
#ifndef ROUTER_WORK_H
#define ROUTER_WORK_H

#include "services/router/issue.h"

struct work {
    struct toc_turn *turn;
    Tocsin__V1__Issue *issue;            /* the row, in the arena; changed in place */
    Tocsin__V1__Issue before;            /* the row as the event found it */
    const Tocsin__V1__Event *event;      /* NULL: none of this issue's own */
    const Tocsin__V1__Issue *via;        /* the merged issue that the event was sent to; or NULL */
    char *left_out[ROUTER_LEFT_OUT_MAX]; /* found facts without room, for the next record */
    size_t left_out_count;
    toc_time_ms at_ms; /* of the event, never before the issue's last change */
};

struct work work_begin(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                       const Tocsin__V1__Event *event, toc_time_ms at_ms);
/* Brings what people have to do with the issue into line, and saves the row. */
TOC_MUST enum toc_err work_end(struct work *work);

/*
 * Appends one step of the issue's history; fills in the snapshot and the chain of records. Of
 * `candidates`, `tried`, `missing` and `left_out` as many are kept as the record has room for.
 */
TOC_MUST enum toc_err work_emit(struct work *work, Tocsin__V1__IssueChange *change);

/* Appends a refusal of the event; what it changed is taken back. */
TOC_MUST enum toc_err work_refuse(struct work *work, Tocsin__V1__RefuseReason reason,
                                  const char *detail);

/* The risk is severe or critical, and was not before: a queue chosen by hand does not hold it. */
bool work_became_risky(const struct work *work);

/*
 * The row grew beyond its limit, even without what detectors found. Taking something away is always
 * possible.
 */
bool work_grew_too_large(struct work *work);
TOC_MUST enum toc_err work_refuse_growth(struct work *work);

/* Whether the change fits a record, without what can be left out; asked before it is appended. */
bool work_make_room(struct work *work, Tocsin__V1__IssueChange *change);

#define WORK_RULE "rule:"

/* "rule:NAME" in the arena: who did it, when it was a rule. NULL when the arena is exhausted. */
char *work_rule_text(struct work *work, const char *name);

/* Sets a field of the row to an event's value, if it has one. */
void work_set_text(char **field, char *value);

#endif
