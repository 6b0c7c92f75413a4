/* Questions that outcomes answers: SUBSCRIPTIONS, DEAD_OUTCOMES, SEAL_KEY. */
#ifndef OUTCOMES_ASK_H
#define OUTCOMES_ASK_H

#include "services/outcomes/row.h"

TOC_MUST enum toc_err outcomes_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                                   const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
