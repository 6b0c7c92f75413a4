#include "services/intake/facts/patterns.h"

#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>

struct patterns {
    hs_database_t *database; /* NULL without any expression */
    hs_scratch_t *scratch;
};

static enum toc_err compile(struct patterns *patterns, const char *const expressions[],
                            const unsigned numbers[], const unsigned flags[], size_t count,
                            size_t *out_index, char wrong[PATTERNS_WRONG_MAX])
{
    hs_compile_error_t *error = NULL;
    enum toc_err err = TOC_OK;
    if (hs_compile_multi(expressions, flags, numbers, (unsigned)count, HS_MODE_BLOCK, NULL,
                         &patterns->database, &error) != HS_SUCCESS) {
        err = error != NULL && error->expression >= 0 ? TOC_ERR_CONFIG : TOC_ERR_MEMORY;
        if (err == TOC_ERR_CONFIG) {
            *out_index = (size_t)error->expression;
            (void)snprintf(wrong, PATTERNS_WRONG_MAX, "%s", error->message);
        }
        hs_free_compile_error(error);
        return err;
    }
    return hs_alloc_scratch(patterns->database, &patterns->scratch) == HS_SUCCESS ? TOC_OK
                                                                                  : TOC_ERR_MEMORY;
}

static enum toc_err number_and_compile(struct patterns *patterns, const char *const expressions[],
                                       size_t count, enum patterns_kind kind, size_t *out_index,
                                       char wrong[PATTERNS_WRONG_MAX])
{
    unsigned *numbers = calloc(2 * count, sizeof(*numbers));
    if (numbers == NULL)
        return TOC_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (unsigned)i;
        numbers[count + i] = kind == PATTERNS_ONCE ? HS_FLAG_SINGLEMATCH : 0;
    }
    enum toc_err err =
        compile(patterns, expressions, numbers, numbers + count, count, out_index, wrong);
    free(numbers);
    return err;
}

enum toc_err patterns_compile(const char *const expressions[], size_t count,
                              enum patterns_kind kind, struct patterns **out, size_t *out_index,
                              char wrong[PATTERNS_WRONG_MAX])
{
    struct patterns *patterns = calloc(1, sizeof(*patterns));
    enum toc_err err = TOC_OK;
    if (patterns == NULL)
        return TOC_ERR_MEMORY;
    if (hs_valid_platform() != HS_SUCCESS)
        err = TOC_ERR_VERSION;
    else if (count > 0)
        err = number_and_compile(patterns, expressions, count, kind, out_index, wrong);
    if (err != TOC_OK) {
        patterns_free(patterns);
        return err;
    }
    *out = patterns;
    return TOC_OK;
}

void patterns_free(struct patterns *patterns)
{
    if (patterns == NULL)
        return;
    hs_free_scratch(patterns->scratch);
    hs_free_database(patterns->database);
    free(patterns);
}

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
