/*
 * The open time of a calendar less pauses. Every question of calendar.h, asked of what is left:
 * a pause closes as a break does, and its ends are openings and closings where the calendar is
 * open around it.
 */
#ifndef CLI_OPEN_TIME_H
#define CLI_OPEN_TIME_H

#include "common/calendar.h"

struct open_time {
    const struct toc_calendar *cal;
    const struct toc_interval *pauses; /* as open_time_merge leaves them */
    size_t pause_count;
};

/*
 * Sorts pauses and joins those that overlap or touch; empty and reversed ones are none. Returns how
 * many are left.
 */
size_t open_time_merge(struct toc_interval *pauses, size_t count);

/* As in calendar.h, results and limits included. The instants lie within a calendar's horizon. */
TOC_MUST enum toc_err open_time_add(const struct open_time *open, toc_time_ms start_ms,
                                    toc_time_ms amount_ms, toc_time_ms *out);
TOC_MUST enum toc_err open_time_sub(const struct open_time *open, toc_time_ms start_ms,
                                    toc_time_ms amount_ms, toc_time_ms *out);
toc_time_ms open_time_between(const struct open_time *open, toc_time_ms from_ms,
                              toc_time_ms until_ms);
bool open_time_is_open(const struct open_time *open, toc_time_ms instant_ms);
TOC_MUST enum toc_err open_time_interval_after(const struct open_time *open, toc_time_ms instant_ms,
                                               struct toc_interval *out);
TOC_MUST enum toc_err open_time_interval_before(const struct open_time *open,
                                                toc_time_ms instant_ms, struct toc_interval *out);

#endif
