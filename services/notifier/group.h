/*
 * Groups: alerts of one queue, rule and clock, which tend to come together.
 *
 * A group is there from its first alert on. It is a storm once five of its alerts wait for an
 * answer at one time, until none does; GROUP_CHANGED says when one begins and ends, and who acts on
 * all of it.
 *
 * Tables: `group`, key group (16) -> packed AlertGroup; `group_alert`, key group ‖ alert key ->
 * nothing: its alerts that are not resolved; `group_wait`, key group ‖ u64be deadline ‖ alert key
 * -> nothing: those that wait, the soonest first.
 */
#ifndef NOTIFIER_GROUP_H
#define NOTIFIER_GROUP_H

#include "services/notifier/alert.h"

/* The alert is new: names its group and is of it from now on. */
TOC_MUST enum toc_err group_join(struct toc_turn *turn, Tocsin__V1__Alert *alert);

/* The alert's state or deadline is another, or it is new; who calls saves its row. */
TOC_MUST enum toc_err group_follow(struct toc_turn *turn, Tocsin__V1__Alert *alert);

/* The first alert of the group that is not resolved, with number >= `from`. TOC_NONE: none. */
TOC_MUST enum toc_err group_next(struct toc_turn *turn, struct toc_str group, uint64_t from,
                                 uint64_t *out);

/* The soonest deadline of those of it that wait; 0: none of them has one. */
TOC_MUST enum toc_err group_soonest(struct toc_txn *txn, struct toc_str group, toc_time_ms *out_ms);

/* TOC_NONE: there is no such group. */
TOC_MUST enum toc_err group_load(struct toc_turn *turn, struct toc_str group,
                                 Tocsin__V1__AlertGroup **out);

/* Records who acts on all of it, and how. */
TOC_MUST enum toc_err group_say(struct toc_turn *turn, const Tocsin__V1__AlertGroup *group,
                                const char *by, const char *action);

#endif
