/*
 * Holidays from an iCalendar file (RFC 5545) as dates of a zone. It hides libical, which only this
 * file of the command line uses: services get the dates.
 *
 * An event closes the dates that it covers from midnight to midnight: all-day events as they are,
 * others by their instants in the zone. Recurrences are expanded, with exceptions; one that goes on
 * for ever from the year before now to the third year after, which a line "until" tells of.
 */
#ifndef CLI_ICS_H
#define CLI_ICS_H

#include "common/str.h"
#include "common/time.h"
#include "common/tz.h"

#define ICS_SIZE_MAX  (4 * 1024 * (size_t)1024) /* bytes of a file */
#define ICS_DATES_MAX 2000                      /* of a file */
#define ICS_WRONG_MAX 200                       /* holds two names */

/*
 * The lines of dates.h for the events of `text`, by date, malloc'ed. TOC_ERR_CONFIG, with
 * what is wrong in `out_wrong`, for a text that is no calendar or more dates than a calendar of
 * holidays has. `now_ms` is only for recurrences without an end.
 */
TOC_MUST enum toc_err ics_dates(struct toc_str text, const struct toc_tz *zone, toc_time_ms now_ms,
                                char **out, char out_wrong[ICS_WRONG_MAX]);

#endif
