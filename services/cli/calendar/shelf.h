/*
 * Compiled calendars by their text, as many as were used last, so that many questions about one
 * calendar cost one compilation.
 */
#ifndef CLI_CALENDAR_SHELF_H
#define CLI_CALENDAR_SHELF_H

#include "services/cli/calendar/json.h"

struct calendar_shelf;

/* NULL without memory. */
struct calendar_shelf *calendar_shelf_new(void);
/* Accepts NULL. */
void calendar_shelf_free(struct calendar_shelf *shelf);

/*
 * The calendar that a JSON text means; lent until the next call. TOC_ERR_MALFORMED, told, when it
 * means none.
 */
TOC_MUST enum toc_err calendar_shelf_get(struct calendar_shelf *shelf, struct toc_str text,
                                         const struct calendar_compiled **out, char *error);

#endif
