/*
 * Alerts that are about no issue: something is wrong with the suite itself. An upstream is silent,
 * or is not followed any more because its log is damaged or another one; a provider fails; no test
 * page reaches a person.
 *
 *              the policy's `after`                       it is over
 *      STANDS ─────────────────────► an alert on the path ──────────► OVER ── 30 s ──► closed
 *         │                          of the policy's `watch`  ◄────────╯
 *         ╰─ it is over: no alert                            it is wrong again
 *
 * Without `watch` in the policy it stands and pages nobody; one that comes later counts.
 *
 * Tables: `watch`, key hash of its cause (16) -> packed Watch; `watch_due`, key u64be instant ‖
 * that key -> nothing.
 */
#ifndef NOTIFIER_WATCH_H
#define NOTIFIER_WATCH_H

#include "services/notifier/alert.h"

/* An upstream is silent, stopped or back. */
TOC_MUST enum toc_err watch_upstream(struct toc_turn *turn, const struct toc_event *ev);
/* Whether it is silent or stopped, as far as the rows know. */
TOC_MUST enum toc_err watch_misses(struct toc_txn *txn, struct toc_arena *arena,
                                   const char *upstream, bool *out);

/* A provider's breaker has opened, or closed. */
TOC_MUST enum toc_err watch_provider(struct toc_turn *turn, const char *provider, bool down);
/* A run of probes that the policy asked for has reached the person by no method; or a probe did. */
TOC_MUST enum toc_err watch_person(struct toc_turn *turn, const char *person, bool missed);
/* The provider that the alert says is down: its pages take another way. NULL: it is about none. */
const char *watch_provider_of(const Tocsin__V1__Alert *alert);

/* Another policy is in force. */
TOC_MUST enum toc_err watch_policy(struct toc_turn *turn);

/* The instant of the next; untouched when there is none. */
TOC_MUST enum toc_err watch_first_due(struct toc_txn *txn, toc_time_ms *out_ms);
/* It has come. */
TOC_MUST enum toc_err watch_due(struct toc_turn *turn);

#endif
