/* How long working-time arithmetic takes. */
#ifndef BENCH_CALENDAR_H
#define BENCH_CALENDAR_H

/* Prints what it measured as one JSON line; 0, or 1 when there is no zone to measure in. */
int bench_calendar(void);

#endif
