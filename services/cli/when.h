/*
 * Instants as a person types them, and as the wall of a zone shows them. A wall time that a zone
 * does not have is the end of the gap; one that it has twice is the first.
 */
#ifndef CLI_WHEN_H
#define CLI_WHEN_H

#include "common/str.h"
#include "common/time.h"
#include "common/tz.h"

#define WHEN_MAX 40 /* bytes of a text */

/*
 * "now", "+8h" and "-1d" from now, "2026-03-01" (its midnight), "2026-03-01 09:30" and "… 09:30:15"
 * in the zone, "2026-03-01T09:30:00Z" in none. False for anything else, and for what is further
 * away than calendars reach.
 */
bool when_read(struct toc_str text, const struct toc_tz *zone, toc_time_ms now_ms,
               toc_time_ms *out);

/* "Mon 2026-03-02 09:00", with seconds where there are some; "never", "ever". Returns `out`. */
char *when_wall(char out[WHEN_MAX], const struct toc_tz *zone, toc_time_ms at_ms);

/* The zone of that name; for NULL the reader's: that of $TZ or of the machine, else UTC. NULL,
 * told, when there is no such zone. */
struct toc_tz *when_zone(const char *who, const char *name);

#endif
