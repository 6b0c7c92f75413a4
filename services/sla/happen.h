/*
 * What a record of an issue's history means to clocks: what happened, and what holds now that it
 * has. Reads the row and the record, writes nothing but the row's copy of the snapshot.
 */
#ifndef SLA_HAPPEN_H
#define SLA_HAPPEN_H

#include "services/sla/row.h"

/* The record takes the issue elsewhere: into another state, tier, queue or partner's hands, to
 * somebody or back. */
bool happen_goes(const struct work *work, const Tocsin__V1__Issue *issue);

/* Works out what happened, then takes over the snapshot; true when the targets may be others. */
bool happen_take(struct work *work, const Tocsin__V1__IssueChange *change);

/* The issue is in one of the trigger's states, or one of its happenings was just now. */
bool happen_fires(const struct work *work, struct toc_trigger trigger);
bool happen_has_state(const struct work *work, struct toc_trigger trigger);
bool happen_now(const struct work *work, struct toc_trigger trigger);
/* One of its happenings was just now, or one of its states was entered. */
bool happen_starts(const struct work *work, struct toc_trigger trigger);

/* The issue is one that has such a clock, and there is a target for it. */
bool happen_wanted(const struct work *work, struct clock clock);

/* The queue or tier that a clock of the rule measures now, "" when it measures neither; NULL when
 * the issue is in none. */
const char *happen_scope(const struct work *work, const struct toc_clock_rule *rule);

/* The issue is not in the queue or tier that the clock measures any more. */
bool happen_has_left(const struct work *work, struct clock clock);

/* Nothing stands against a clock of the rule beginning now. */
bool happen_may_begin(const struct work *work, const struct toc_clock_rule *rule);

/* Since when what the rule measures has been going on; 0 for not, or not known. */
toc_time_ms happen_since(const struct work *work, const struct toc_clock_rule *rule);

#endif
