#include "services/intake/reader.h"

static const struct {
    const char *prefix;
    enum reader_limit_kind kind;
} kinds[] = {
    {"read:queue:", READER_QUEUE},
    {"read:line_of_business:", READER_LINE_OF_BUSINESS},
    {"read:region:", READER_REGION},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* False when the scope is no limit. */
static bool read_limit(const char *scope, struct reader_limit *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        size_t size = strlen(kinds[i].prefix), rest;
        if (strncmp(scope, kinds[i].prefix, size) != 0)
            continue;
        rest = strlen(scope + size);
        out->kind = kinds[i].kind;
        if (rest == 0 || rest > READER_NAME_MAX)
            return false;
        memcpy(out->name, scope + size, rest + 1);
        return true;
    }
    return false;
}

bool reader_is_scope(const char *scope)
{
    struct reader_limit limit;
    return strcmp(scope, "read") == 0 || read_limit(scope, &limit);
}

void reader_add(struct reader *reader, const char *scope)
{
    struct reader_limit limit;
    if (strcmp(scope, "read") == 0)
        reader->may = true;
    else if (read_limit(scope, &limit) && reader->count < READER_LIMITS_MAX) {
        reader->may = true;
        reader->limits[reader->count++] = limit;
    }
}

static const char *value_of(const Tocsin__V1__Issue *issue, enum reader_limit_kind kind)
{
    switch (kind) {
    case READER_QUEUE:
        return issue->queue;
    case READER_LINE_OF_BUSINESS:
        return issue->line_of_business;
    case READER_REGION:
        return issue->region;
    case READER_KINDS:
        break;
    }
    return "";
}

bool reader_may_read(const struct reader *reader, const Tocsin__V1__Issue *issue)
{
    bool named[READER_KINDS] = {false}, fits[READER_KINDS] = {false};
    bool may = reader->may;
    for (size_t i = 0; i < reader->count; i++) {
        const struct reader_limit *limit = &reader->limits[i];
        named[limit->kind] = true;
        fits[limit->kind] =
            fits[limit->kind] || strcmp(limit->name, value_of(issue, limit->kind)) == 0;
    }
    for (size_t kind = 0; kind < READER_KINDS; kind++)
        may = may && (!named[kind] || fits[kind]);
    return may;
}
