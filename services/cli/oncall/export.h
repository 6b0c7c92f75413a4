/*
 * Shifts as an iCalendar file (RFC 5545), for whoever wants to see theirs beside their other
 * appointments. An event is a whole shift of a person; its UID is made of the schedule, the person
 * and its beginning, and its SEQUENCE grows with time, so that a later export changes the event and
 * makes no second one. Instants are in UTC, which needs no definition of a zone (VTIMEZONE):
 * whoever shows them has the rules of the reader's.
 */
#ifndef CLI_ONCALL_EXPORT_H
#define CLI_ONCALL_EXPORT_H

#include "services/cli/oncall/duty.h"

#include <stdio.h>

struct export
{
    FILE *out;
    const char *person;   /* only theirs; NULL: everybody's */
    toc_time_ms from_ms;  /* what ends after this … */
    toc_time_ms until_ms; /* … and begins before; what has no end is cut here */
    toc_time_ms now_ms;   /* when it was made */
};

void export_begin(FILE *out, const char *name);
/* Returns how many events that were. */
size_t export_duty(const struct export *export, const struct duty *duty);
void export_end(FILE *out);

/* One line of it, folded: the name with its parameters, and a text that is escaped here. */
void export_text(FILE *out, const char *name, const char *text);

#endif
