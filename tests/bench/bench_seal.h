/* What sealing adds to an event. */
#ifndef BENCH_SEAL_H
#define BENCH_SEAL_H

/* Prints one JSON line: microseconds of CPU per event, commits included. Its files go below `dir`.
 */
int bench_seal(const char *dir);

#endif
