/*
 * A calendar as JSON, compiled:
 *
 *   {"tz": "Europe/Berlin", "weekly": {"mon": [["09:00", "17:30"]]}, "holidays": ["2026-12-25"],
 *    "annual_holidays": ["01-01"], "date_hours": {"2026-12-24": [["09:00", "12:00"]]},
 *    "breaks": {"2026-06-08": [["12:00", "13:00"]]}}
 *
 * Only "tz" is needed; a member or a weekday that is null is as one that is missing. A window that
 * ends before it starts goes on overnight; the hours of one date cannot. Reading is strict: a
 * misspelt member would otherwise be lost in silence.
 */
#ifndef CLI_CALENDAR_JSON_H
#define CLI_CALENDAR_JSON_H

#include "common/calendar.h"
#include "common/policy/diag.h"

#include <jansson.h>

#define CALENDAR_ERROR_MAX 256 /* bytes of every `error` below: a text for a person */

struct calendar_compiled {
    struct toc_tz *tz;
    struct toc_calendar *cal; /* NULL: it never opens */
};

/* TOC_ERR_MALFORMED, told, when it is no calendar. The result is freed by calendar_json_discard. */
TOC_MUST enum toc_err calendar_json_read(json_t *root, struct calendar_compiled *out, char *error);
void calendar_json_discard(struct calendar_compiled *compiled);

/* --- for readers of what is around it ------------------------------------------------------ */

/* Tells, and returns TOC_ERR_MALFORMED. */
__attribute__((format(printf, 2, 3))) enum toc_err calendar_wrong(char *error, const char *format,
                                                                  ...);
/* Tells that the word in question is unknown, and which of those offered was probably meant. */
enum toc_err calendar_unknown(char *error, const char *where, const struct toc_guess *guess);

/* Parses a value of any kind, all numbers as reals. NULL, told, when the text is none. */
json_t *calendar_json_value(struct toc_str text, const char *name, char *error);

#endif
