/*
 * What a token lets its holder read of what people wrote: the scope `read`, for the issues of its
 * source, and with `read:queue:NAME`, `read:line_of_business:NAME` or `read:region:NAME` only for
 * those in one of the queues (and so on) that it names.
 */
#ifndef INTAKE_READER_H
#define INTAKE_READER_H

#include "common/wire.h"

#define READER_LIMITS_MAX 16
#define READER_NAME_MAX   64 /* bytes, as of every name in a policy */

enum reader_limit_kind { READER_QUEUE, READER_LINE_OF_BUSINESS, READER_REGION, READER_KINDS };

struct reader_limit {
    enum reader_limit_kind kind;
    char name[READER_NAME_MAX + 1];
};

struct reader {
    bool may; /* read at all */
    struct reader_limit limits[READER_LIMITS_MAX];
    size_t count;
};

/* Whether a text is a scope of reading. */
bool reader_is_scope(const char *scope);
/* Adds what a scope says; any other is passed over. */
void reader_add(struct reader *reader, const char *scope);

/* Whether what was written in this issue may be read, its source apart. */
bool reader_may_read(const struct reader *reader, const Tocsin__V1__Issue *issue);

#endif
