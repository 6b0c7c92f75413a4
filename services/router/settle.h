/*
 * After whatever happened to an issue: the row beside it (wait.h) is brought into line.
 *
 * An issue of a queue that people serve has such a row. Nobody who changes an issue has to think of
 * it: settling compares the two, and so knows for whom the issue is counted, whether it waits and
 * how urgently. It offers nothing: offers are made when log time has passed the instant, staff.h.
 */
#ifndef ROUTER_SETTLE_H
#define ROUTER_SETTLE_H

#include "services/router/wait.h"

/* The issue's queue in the policy in force if people serve it, or NULL. */
TOC_MUST enum toc_err settle_queue(struct toc_turn *turn, const Tocsin__V1__Issue *issue,
                                   const struct toc_queue **out);

/* It is our turn, and a person's. */
bool settle_is_active(const Tocsin__V1__Issue *issue);

/* At the end of every piece of work on an issue, before its row is saved. */
TOC_MUST enum toc_err settle_issue(struct work *work);

/* People have no more to do with the issue. Who had it stays its assignee. */
TOC_MUST enum toc_err settle_leave(struct work *work, struct pooled *pooled);

/* Its place in the waiting list: when it breaches, or has waited for as long as it may. */
toc_time_ms settle_rank(const struct toc_queue *queue, const Tocsin__V1__Pooled *row);

#endif
