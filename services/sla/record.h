/* What sla writes to its log: one record for each thing that happens to a clock. */
#ifndef SLA_RECORD_H
#define SLA_RECORD_H

#include "services/sla/row.h"

/* What a record says beside the clock. */
struct said {
    Tocsin__V1__ClockChange__What what;
    toc_time_ms at_ms;
    toc_time_ms due_ms;
    unsigned threshold_percent;
    toc_time_ms old_target_ms, old_due_ms, old_elapsed_ms;
    bool on_retarget;
    const char *reason;
    Tocsin__V1__ApplyMode mode;
    uint32_t of_policy;
    bool would_breach;
};

TOC_MUST enum toc_err record_say(struct work *work, size_t index, const struct said *said);

/* Of a clock that is not in the row: something could not be done, and `reason` says why. */
TOC_MUST enum toc_err record_refuse(struct work *work, const char *metric, const char *scope,
                                    const char *reason);

#endif
