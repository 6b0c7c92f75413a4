/* The questions about alerts and pages; see struct toc_service. */
#ifndef NOTIFIER_ASK_H
#define NOTIFIER_ASK_H

#include "services/notifier/alert.h"

enum toc_err notifier_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                          const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer);
enum toc_err notifier_last_seq(struct toc_txn *txn, struct toc_arena *arena,
                               const Tocsin__V1__Ask *ask, uint64_t *out);

#endif
