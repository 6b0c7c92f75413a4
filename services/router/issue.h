/*
 * The issue's row and the work on one issue within a turn.
 *
 * Tables: `issue`, key partition (1) ‖ u32be number -> packed Issue; `issue_id`, key id (16) ->
 * that key; `counter`, key partition (1) -> u32be last number; `parked` and `parked_due`, see
 * parked.h. Numbers are dense per partition in order of arrival, so rows of busy issues stand
 * together.
 */
#ifndef ROUTER_ISSUE_H
#define ROUTER_ISSUE_H

#include "services/router/router.h"

enum router_table {
    TABLE_ISSUE = TOC_TABLE_OWN,
    TABLE_ISSUE_ID,
    TABLE_COUNTER,
    TABLE_PARKED,
    TABLE_PARKED_DUE,
    ROUTER_TABLE_END
};

/* One issue while an event is applied to it. */
struct work {
    struct toc_turn *turn;
    Tocsin__V1__Issue *issue; /* the row, in the arena; changed in place */
    const Tocsin__V1__Event *event;
    toc_time_ms at_ms; /* of the event, never before the issue's last change */
};

/* Loads the issue of an id. TOC_NONE when there is none. */
TOC_MUST enum toc_err issue_load(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Issue **out);

/* A new row with the next number of its partition; not in the store before issue_save. */
TOC_MUST enum toc_err issue_create(struct toc_turn *turn, struct toc_str id,
                                   Tocsin__V1__Issue **out);
TOC_MUST enum toc_err issue_save(struct toc_turn *turn, const Tocsin__V1__Issue *issue);

/*
 * Appends one step of the issue's history; fills in the snapshot and the chain of records. Of
 * `tried` as many are kept as the record has room for.
 */
TOC_MUST enum toc_err issue_emit(struct work *work, Tocsin__V1__IssueChange *change);

/* Whether the issue has grown beyond what its records can carry. */
bool issue_is_too_large(const Tocsin__V1__Issue *issue);

/* Appends a refusal of the event that the work is about. */
TOC_MUST enum toc_err issue_refuse(struct toc_turn *turn, struct toc_str id,
                                   Tocsin__V1__Issue *issue, const Tocsin__V1__Event *event,
                                   toc_time_ms at_ms, Tocsin__V1__RefuseReason reason,
                                   const char *detail);

#endif
