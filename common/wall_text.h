/*
 * Wall times as people and programs write them: "09:00", "17:30:00", "23:59:59.999", "2026-03-29",
 * "2026-03-29 02:30:00". Only these forms, so that a misread time is an error and not another time.
 * A fraction finer than a millisecond is rounded to the nearest. False when a text is none.
 */
#ifndef TOC_WALL_TEXT_H
#define TOC_WALL_TEXT_H

#include "common/str.h"
#include "common/time.h"

/* Milliseconds since wall midnight, 24:00 included. */
bool toc_wall_time(struct toc_str text, toc_time_ms *out);
/* "YYYY-MM-DD" in days since 1970-01-01. */
bool toc_wall_date(struct toc_str text, int64_t *out_days);
/* "MM-DD", the 29th of February included. */
bool toc_wall_month_day(struct toc_str text, unsigned *out_month, unsigned *out_day);
/* Date and time with a blank or a T between them, counted as if the wall showed UTC. */
bool toc_wall_local(struct toc_str text, toc_time_ms *out_wall_ms);

#endif
