/*
 * Who is on call instead of whom a schedule says: what people tell with `schedule.override` and
 * take back with `schedule.override_ended`.
 *
 * Every such event is an OVERRIDE_CHANGED, of what is refused, too. One that is taken back while it
 * is in force ends there; what is past stays for questions as long as there is room.
 *
 * Table: `override`, key schedule ‖ 0 ‖ u64be number -> packed ScheduleOverride.
 */
#ifndef NOTIFIER_OVERRIDE_H
#define NOTIFIER_OVERRIDE_H

#include "services/notifier/alert.h"

#define OVERRIDE_MOST 256 /* of one schedule */

TOC_MUST enum toc_err override_event(struct toc_turn *turn, const Tocsin__V1__Event *event);

/* Those of a schedule, the oldest first, in the arena. */
TOC_MUST enum toc_err override_list(struct toc_txn *txn, struct toc_arena *arena,
                                    const char *schedule, struct toc_overrides *out);

#endif
