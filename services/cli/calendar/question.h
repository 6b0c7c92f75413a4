/*
 * A question of `tocsin calendar`, read from its line:
 *
 *   {"id": 7, "calendar": {"tz": "UTC", …}, "op": "add", "start_ms": 1790000000000,
 *    "amount_ms": 3600000, "pauses_ms": [[1790000600000, 1790001200000]]}
 *
 * Instants and durations are whole milliseconds; a fraction is rounded to the nearest. A member
 * that is null is as one that is missing.
 */
#ifndef CLI_CALENDAR_QUESTION_H
#define CLI_CALENDAR_QUESTION_H

#include "services/cli/calendar/shelf.h"
#include "services/cli/calendar/open_time.h"

#define CALENDAR_INTERVALS_MAX 100000 /* of one answer */

enum calendar_op {
    CALENDAR_ADD,
    CALENDAR_SUB,
    CALENDAR_BETWEEN,
    CALENDAR_IS_OPEN,
    CALENDAR_NEXT_OPENING,
    CALENDAR_NEXT_CLOSING,
    CALENDAR_PREV_OPENING,
    CALENDAR_PREV_CLOSING,
    CALENDAR_INTERVALS_AFTER,
    CALENDAR_INTERVALS_BEFORE,
    CALENDAR_INTERVALS_BETWEEN,
    CALENDAR_RESOLVE_LOCAL,
    CALENDAR_OPS
};

struct calendar_question {
    struct toc_str id; /* JSON, as it stands in the line; "null" when it cannot be read */
    enum calendar_op op;
    const struct calendar_compiled *compiled; /* lent from the shelf */
    struct open_time open;                    /* without a calendar for resolve_local */
    toc_time_ms start_ms, end_ms;             /* within the horizon */
    toc_time_ms amount_ms;                    /* not negative */
    toc_time_ms local_ms;                     /* a wall time */
    size_t count;                             /* at most CALENDAR_INTERVALS_MAX */
    struct toc_interval *pauses;              /* owned; what `open` looks at */
};

/*
 * What the op needs is there and within bounds, or TOC_ERR_MALFORMED is returned and told; then
 * only `id` has a meaning. Lent from `line` and from the shelf, until its next use.
 */
TOC_MUST enum toc_err calendar_question_read(struct calendar_shelf *shelf, struct toc_str line,
                                             struct calendar_question *out, char *error);
/* Also after a failure. */
void calendar_question_done(struct calendar_question *question);

#endif
