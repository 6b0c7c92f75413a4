/*
 * What somebody has to mend, said on standard error: the core only writes it into the log. A person
 * who cannot be reached, a contact method whose receiver is gone, a provider that is down.
 */
#ifndef NOTIFIER_ALARM_H
#define NOTIFIER_ALARM_H

#include "services/notifier/notifier.h"

/* Of the records from `from_seq` on. */
TOC_MUST enum toc_err alarm_from(struct toc_txn *txn, struct toc_arena *arena, uint64_t from_seq);

#endif
