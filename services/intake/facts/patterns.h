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

struct patterns_source {
    const char *const *expressions; /* matched bytewise */
    size_t count;
    enum patterns_kind kind;
    const char *name;  /* of its file in `cache` */
    const char *cache; /* a directory for what was compiled; NULL for none */
};

/*
 * TOC_ERR_CONFIG when an expression cannot be compiled: `*out_index` is its place and `wrong` the
 * reason; TOC_ERR_VERSION when the processor is too old for the library.
 */
TOC_MUST enum toc_err patterns_open(const struct patterns_source *source, struct patterns **out,
                                    size_t *out_index, char wrong[PATTERNS_WRONG_MAX]);
/* Accepts NULL. */
void patterns_close(struct patterns *patterns);

typedef void (*patterns_fn)(void *arg, size_t index, size_t until);

/* Calls `on_match` for every match; the order is the library's. */
void patterns_scan(struct patterns *patterns, struct toc_str text, patterns_fn on_match, void *arg);

#endif
