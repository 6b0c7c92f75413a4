/* Questions about people and about what waits for them. */
#ifndef ROUTER_ASK_PEOPLE_H
#define ROUTER_ASK_PEOPLE_H

#include "services/router/wait.h"

/* Everybody of whom there is a row, with the issues that they have or were offered. */
TOC_MUST enum toc_err ask_people(struct toc_txn *txn, struct toc_arena *arena,
                                 const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);
/* What waits in the queue asked for, the most urgent first. */
TOC_MUST enum toc_err ask_waiting(struct toc_txn *txn, struct toc_arena *arena,
                                  const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);

#endif
