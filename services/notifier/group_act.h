/*
 * What a person does about a whole group: to the alert that they named at once, to the others that
 * are there by then in parts, so that no step is long. Meanwhile no page of those leaves. Whatever
 * cannot be done to one of them is left. What comes to a group by itself goes the same way.
 *
 * Tables: `group_act`, key group ‖ u64be order -> packed GroupAction; `group_due`, key u64be
 * instant ‖ that key -> nothing.
 */
#ifndef NOTIFIER_GROUP_ACT_H
#define NOTIFIER_GROUP_ACT_H

#include "services/notifier/alert.h"

/* True when as many that people said are under way for the group as may be. */
TOC_MUST enum toc_err group_act_is_full(struct toc_turn *turn, struct toc_str group, bool *out);

/* It begins; `action` has group, type, by, note, until_ms and at_ms. */
TOC_MUST enum toc_err group_act_begin(struct toc_turn *turn, Tocsin__V1__GroupAction *action);

/* A page that stood for some of the group reached nobody after all: all of it are looked at. What
 * fails before that has begun is seen by it, too. */
TOC_MUST enum toc_err group_act_look(struct toc_turn *turn, struct toc_str group);

/* When one that is under way goes on. TOC_NONE: none is. */
TOC_MUST enum toc_err group_act_first_due(struct toc_txn *txn, toc_time_ms *out_ms);

/* The next few alerts of the first one. */
TOC_MUST enum toc_err group_act_due(struct toc_turn *turn);

/* Somebody is about to say something of the alert alone: first comes what was said of all of its
 * group before that, and has not come to it yet. `alert` is another one in the arena then. */
TOC_MUST enum toc_err group_act_first(struct toc_turn *turn, Tocsin__V1__Alert **alert);

/* True when what is under way will answer the alert. */
TOC_MUST enum toc_err group_act_answers(struct toc_txn *txn, struct toc_arena *arena,
                                        const Tocsin__V1__Alert *alert, bool *out);

#endif
