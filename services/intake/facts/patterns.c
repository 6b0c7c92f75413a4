#include "services/intake/facts/patterns.h"

#include "services/intake/facts/patterns_cache.h"

#include <hs/hs.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

struct patterns {
    hs_database_t *database; /* NULL without any expression */
    hs_scratch_t *scratch;
};

/* --- compiling ------------------------------------------------------------------------------ */

static enum toc_err compile_numbered(const struct patterns_source *source, const unsigned numbers[],
                                     const unsigned flags[], struct patterns *patterns,
                                     hs_compile_error_t **out_error)
{
    hs_error_t result =
        hs_compile_multi(source->expressions, flags, numbers, (unsigned)source->count,
                         HS_MODE_BLOCK, NULL, &patterns->database, out_error);
    if (result == HS_SUCCESS)
        return TOC_OK;
    return *out_error != NULL && (*out_error)->expression >= 0 ? TOC_ERR_CONFIG : TOC_ERR_MEMORY;
}

static enum toc_err compile(const struct patterns_source *source, struct patterns *patterns,
                            size_t *out_index, char wrong[PATTERNS_WRONG_MAX])
{
    hs_compile_error_t *error = NULL;
    unsigned *numbers = calloc(2 * source->count, sizeof(*numbers));
    if (numbers == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < source->count; i++) {
        numbers[i] = (unsigned)i;
        numbers[source->count + i] = source->kind == PATTERNS_ONCE ? HS_FLAG_SINGLEMATCH : 0;
    }
    enum toc_err err = compile_numbered(source, numbers, numbers + source->count, patterns, &error);
    if (err == TOC_ERR_CONFIG) {
        *out_index = (size_t)error->expression;
        (void)snprintf(wrong, PATTERNS_WRONG_MAX, "%s", error->message);
    }
    hs_free_compile_error(error);
    free(numbers);
    (void)malloc_trim(0); /* the compiler took tens of megabytes */
    return err;
}

/* --- the cache ------------------------------------------------------------------------------ */

static void count_in(uint8_t key[TOC_SHA256], const void *bytes, size_t size)
{
    toc_sha256_pair(key, toc_str(key, TOC_SHA256), toc_str(bytes, size));
}

/* Everything that makes the library come to other bytes. */
static void make_key(const struct patterns_source *source, uint8_t key[TOC_SHA256])
{
    hs_platform_info_t platform = {0};
    memset(key, 0, TOC_SHA256);
    (void)hs_populate_platform(&platform);
    count_in(key, hs_version(), strlen(hs_version()));
    count_in(key, &platform, sizeof(platform));
    count_in(key, &source->kind, sizeof(source->kind));
    for (size_t i = 0; i < source->count; i++)
        count_in(key, source->expressions[i], strlen(source->expressions[i]));
}

static bool read_cache(const char *path, const uint8_t key[TOC_SHA256], hs_database_t **out)
{
    char *bytes;
    size_t size;
    if (!patterns_cache_read(path, key, &bytes, &size))
        return false;
    hs_error_t result = hs_deserialize_database(bytes, size, out);
    free(bytes);
    return result == HS_SUCCESS;
}

static void write_cache(const char *path, const uint8_t key[TOC_SHA256], const hs_database_t *from)
{
    char *bytes;
    size_t size;
    if (hs_serialize_database(from, &bytes, &size) != HS_SUCCESS)
        return;
    patterns_cache_write(path, key, toc_str(bytes, size));
    free(bytes);
}

static enum toc_err read_or_compile(const struct patterns_source *source, struct patterns *patterns,
                                    size_t *out_index, char wrong[PATTERNS_WRONG_MAX])
{
    char path[PATH_MAX];
    uint8_t key[TOC_SHA256];
    if (source->cache == NULL)
        return compile(source, patterns, out_index, wrong);
    (void)snprintf(path, sizeof(path), "%s/facts-%s.compiled", source->cache, source->name);
    make_key(source, key);
    if (read_cache(path, key, &patterns->database))
        return TOC_OK;
    TOC_TRY(compile(source, patterns, out_index, wrong));
    write_cache(path, key, patterns->database);
    return TOC_OK;
}

/* -------------------------------------------------------------------------------------------- */

enum toc_err patterns_open(const struct patterns_source *source, struct patterns **out,
                           size_t *out_index, char wrong[PATTERNS_WRONG_MAX])
{
    struct patterns *patterns = calloc(1, sizeof(*patterns));
    enum toc_err err = TOC_OK;
    if (patterns == NULL)
        return TOC_ERR_MEMORY;
    if (hs_valid_platform() != HS_SUCCESS)
        err = TOC_ERR_VERSION;
    else if (source->count > 0)
        err = read_or_compile(source, patterns, out_index, wrong);
    if (err == TOC_OK && source->count > 0 &&
        hs_alloc_scratch(patterns->database, &patterns->scratch) != HS_SUCCESS)
        err = TOC_ERR_MEMORY;
    if (err != TOC_OK) {
        patterns_close(patterns);
        return err;
    }
    *out = patterns;
    return TOC_OK;
}

void patterns_close(struct patterns *patterns)
{
    if (patterns == NULL)
        return;
    hs_free_scratch(patterns->scratch);
    hs_free_database(patterns->database);
    free(patterns);
}

/* --- scanning ------------------------------------------------------------------------------- */

struct scan {
    patterns_fn on_match;
    void *arg;
};

static int forward(unsigned id, unsigned long long from, unsigned long long until, unsigned flags,
                   void *arg)
{
    const struct scan *scan = arg;
    (void)from;
    (void)flags;
    scan->on_match(scan->arg, id, (size_t)until);
    return 0;
}

void patterns_scan(struct patterns *patterns, struct toc_str text, patterns_fn on_match, void *arg)
{
    struct scan scan = {on_match, arg};
    if (patterns->database == NULL || text.size == 0)
        return;
    hs_error_t result = hs_scan(patterns->database, text.data, (unsigned)text.size, 0,
                                patterns->scratch, forward, &scan);
    TOC_ASSERT(result == HS_SUCCESS); /* it fails on wrong arguments only */
}
