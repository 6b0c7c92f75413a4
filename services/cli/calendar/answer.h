/* The answers of `tocsin calendar`: one line of JSON for a line of it. */
#ifndef CLI_CALENDAR_ANSWER_H
#define CLI_CALENDAR_ANSWER_H

#include "services/cli/calendar/shelf.h"

#include <stdio.h>

/*
 * Writes {"id", "instant_ms"}, {"id", "duration_ms"}, {"id", "open"} or {"id", "intervals_ms"}; or
 * {"id", "error"}, and returns false.
 */
bool calendar_answer(struct calendar_shelf *shelf, struct toc_str line, FILE *out);

#endif
