/* How long the detectors take for a text. */
#ifndef BENCH_FACTS_H
#define BENCH_FACTS_H

/* Prints what it measured as one JSON line; 0. */
int bench_facts(void);

#endif
