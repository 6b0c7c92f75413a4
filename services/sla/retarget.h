/*
 * Another priority, SLA or policy version: every live clock gets its new target, counted from the
 * opening with the pauses it earned. A looser target takes an earlier breach back; a tighter one
 * that is past already breaches at once, without the warnings before it. A clock that has no target
 * any more is cancelled, and goes on with what it had once there is a target again.
 */
#ifndef SLA_RETARGET_H
#define SLA_RETARGET_H

#include "services/sla/record.h"

/* Call with the row's new priority, SLA and policy bound; `old` has those that applied before. */
TOC_MUST enum toc_err retarget(struct work *work, const struct work *old);

/* Its first part: what the issue has left, or does not want any more, ends. */
TOC_MUST enum toc_err retarget_end(struct work *work, const struct work *old);
/* Its second part, of one live clock: a new target; `reason` is NULL for none. */
TOC_MUST enum toc_err retarget_set(struct work *work, const struct work *old, size_t index,
                                   const char *reason);

/* A clock that was cancelled for want of a target has one again. */
TOC_MUST enum toc_err retarget_go_on(struct work *work, size_t index);

/* Aims at what the target, or the date by hand, is now; says so when that is another instant. */
TOC_MUST enum toc_err retarget_aim(struct work *work, size_t index, const char *reason);

/* Aims at what it had before, under which it has given the warnings of `warned`. */
TOC_MUST enum toc_err retarget_back(struct work *work, size_t index, uint32_t warned,
                                    const char *reason);

/* Breaches a live clock whose target is past already, and takes back a breach that is not. */
TOC_MUST enum toc_err retarget_judge(struct work *work, size_t index, const char *reason);

#endif
