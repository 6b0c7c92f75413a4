#include "services/intake/facts/found.h"

#include <stdarg.h>
#include <stdio.h>

void found_add(struct found *found, const char *name, unsigned confidence_percent,
               const char *detector, const char *format, ...)
{
    va_list args;
    TOC_ASSERT(found->count < FACTS_MAX);
    struct fact *fact = &found->facts[found->count++];
    fact->name = name;
    fact->confidence_percent = confidence_percent;
    fact->detector = detector;
    va_start(args, format);
    (void)vsnprintf(fact->value, sizeof(fact->value), format, args);
    va_end(args);
}
