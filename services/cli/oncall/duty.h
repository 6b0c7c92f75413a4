/*
 * A schedule with the overrides that change it, and its shifts as a person thinks of them: whole,
 * from their true beginning to their true end, wherever one looks. Pure; common/schedule.h has the
 * arithmetic.
 */
#ifndef CLI_ONCALL_DUTY_H
#define CLI_ONCALL_DUTY_H

#include "common/schedule.h"

#define DUTY_AHEAD_MS (732 * TOC_DAY_MS) /* how far the end of a shift is sought: two years */

struct duty {
    const struct toc_schedule *schedule;
    struct toc_overrides overrides;
};

/*
 * The shift at `at_ms`. It begins at TOC_TIME_MIN when nobody was ever on call before, and ends
 * with TOC_TIME_NEVER when its end is further away than is sought.
 */
void duty_at(const struct duty *duty, toc_time_ms at_ms, struct toc_shift *out);

/* The one behind it. False when it has no end. */
bool duty_next(const struct duty *duty, struct toc_shift *shift);

/* An override that has a part in the shift; NULL for none. */
const struct toc_override *duty_override(const struct duty *duty, const struct toc_shift *shift);

/* Whether one of its shifts or overrides may ever be this person's. */
bool duty_knows(const struct duty *duty, const char *person);

bool shift_has(const struct toc_shift *shift, const char *person);

/* Everybody whom a schedule or an override names, once for each mention. */
void duty_each_person(const struct duty *duty, void (*each)(void *arg, const char *person),
                      void *arg);

#endif
