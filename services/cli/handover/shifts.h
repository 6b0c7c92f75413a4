/*
 * The shifts of a stretch of time, and how often each was rung: pages that rang somebody who was on
 * call, by whatever path. A shift counts as a whole, from its beginning, which may be before the
 * stretch; so a budget means the same wherever one looks.
 */
#ifndef CLI_HANDOVER_SHIFTS_H
#define CLI_HANDOVER_SHIFTS_H

#include "services/cli/handover/handover.h"
#include "services/cli/oncall/duty.h"

struct handover_shift {
    const struct duty *duty;
    struct toc_shift shift;
    bool whole;           /* what rang is known from its beginning on, and it has an end */
    unsigned rang, night; /* at night on the wall of its layer, else of its schedule */
    unsigned alerts;      /* that these were about */
    int64_t budget;       /* pages; -1 where it is not whole */
};

struct handover_shifts {
    HANDOVER_LIST(struct handover_shift) list; /* by duty, then by time */
};

/*
 * The shift with people that was the last to end before `now_ms`. False: none has, as where one
 * person is on call at all times.
 */
bool shifts_last(const struct duty *duty, toc_time_ms now_ms, struct toc_shift *out);

/*
 * Before records are taken: finds the shifts of the stretch, and has the handover keep what rang
 * since they began.
 */
TOC_MUST enum toc_err shifts_find(struct handover_shifts *shifts, struct handover *handover,
                                  const struct duty *duties, size_t count);
/*
 * After all records, before handover_end: counts what rang in each, and gives people the budgets of
 * their shifts. `budget` in place of that of the schedules, unless it is -1.
 */
TOC_MUST enum toc_err shifts_count(struct handover_shifts *shifts, struct handover *handover,
                                   int64_t budget);
void shifts_done(struct handover_shifts *shifts);

bool shifts_is_over_budget(const struct handover_shift *shift);

#endif
