/*
 * The issue's row.
 *
 * Tables: `issue`, key partition (1) ‖ u32be number -> packed Issue; `issue_id`, key id (16) ->
 * that key; `counter`, key partition (1) -> u32be last number; `parked` and `parked_due`, see
 * parked.h; `person` and `held`, see people.h; `pooled`, `waiting` and `pool_due`, see wait.h;
 * `escalation`, see escalation.h; `sweep`, see sweep.h; `article`, see article.h; `alike`, see
 * duplicate.h. Numbers are dense per partition in order of arrival, so rows of busy issues stand
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
    TABLE_PERSON,
    TABLE_HELD,
    TABLE_POOLED,
    TABLE_WAITING,
    TABLE_POOL_DUE,
    TABLE_ESCALATION,
    TABLE_SWEEP,
    TABLE_ARTICLE,
    TABLE_ALIKE,
    ROUTER_TABLE_END
};

#define ISSUE_KEY 5 /* bytes */

void issue_key(uint8_t key[ISSUE_KEY], unsigned partition, uint32_t number);
/* The issue of a key that another row names. */
TOC_MUST enum toc_err issue_at(struct toc_turn *turn, struct toc_str key, Tocsin__V1__Issue **out);

/* Loads the issue of an id. TOC_NONE when there is none. */
TOC_MUST enum toc_err issue_load(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Issue **out);

/* A new row with the next number of its partition; not in the store before issue_save. */
TOC_MUST enum toc_err issue_create(struct toc_turn *turn, struct toc_str id,
                                   Tocsin__V1__Issue **out);
TOC_MUST enum toc_err issue_save(struct toc_turn *turn, const Tocsin__V1__Issue *issue);

/* Whether the issue has grown beyond what its records can carry. */
bool issue_is_too_large(const Tocsin__V1__Issue *issue);

#endif
