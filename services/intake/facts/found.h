/* The list of facts that detectors add to. */
#ifndef FACTS_FOUND_H
#define FACTS_FOUND_H

#include "services/intake/facts/facts.h"

struct found {
    struct fact *facts; /* FACTS_MAX of them */
    size_t count;
};

/* Adds a fact with a value to print; `name` and `detector` are lent for the life of the facts. */
void found_add(struct found *found, const char *name, unsigned confidence_percent,
               const char *detector, const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
