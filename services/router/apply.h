/* What each type of event does to an issue, and the questions about issues. */
#ifndef ROUTER_APPLY_H
#define ROUTER_APPLY_H

#include "services/router/issue.h"

/* The first event of an issue: values, triage, route. */
TOC_MUST enum toc_err apply_opening(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                    const Tocsin__V1__Event *event, toc_time_ms at_ms);
/* The same for an issue whose opening never came, with what its first event `first` tells. */
TOC_MUST enum toc_err apply_stub_opening(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                         const Tocsin__V1__Event *first, toc_time_ms at_ms);
/* Any event of an issue that is there. */
TOC_MUST enum toc_err apply_event(struct toc_turn *turn, Tocsin__V1__Issue *issue,
                                  const Tocsin__V1__Event *event, toc_time_ms at_ms);

/* See struct toc_service. */
enum toc_err router_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                        const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);
enum toc_err router_last_seq(struct toc_txn *txn, struct toc_arena *arena,
                             const Tocsin__V1__Ask *ask, uint64_t *out);

#endif
