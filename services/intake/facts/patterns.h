/* Many regular expressions over one text at once. Only this module knows Hyperscan. */
#ifndef FACTS_PATTERNS_H
#define FACTS_PATTERNS_H

#include "common/str.h"

#define PATTERNS_WRONG_MAX 200

struct patterns;

enum patterns_kind {
    PATTERNS_ENDS, /* every place where an expression ends */
    PATTERNS_ONCE, /* each expression at most once */
};

/*
 * Expressions are matched bytewise. TOC_ERR_CONFIG when one cannot be compiled: `*out_index` is its
 * place and `wrong` the reason; TOC_ERR_VERSION when the processor is too old for the library.
 */
TOC_MUST enum toc_err patterns_compile(const char *const expressions[], size_t count,
                                       enum patterns_kind kind, struct patterns **out,
                                       size_t *out_index, char wrong[PATTERNS_WRONG_MAX]);
/* Accepts NULL. */
void patterns_free(struct patterns *patterns);

typedef void (*patterns_fn)(void *arg, size_t index, size_t until);

/* Calls `on_match` for every match; the order is the library's. */
void patterns_scan(struct patterns *patterns, struct toc_str text, patterns_fn on_match, void *arg);

#endif
