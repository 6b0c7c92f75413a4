/*
 * A YAML text as a small tree with places, for readers that report errors well.
 *
 * It hides libfyaml, whose own messages end up in the diagnostics and nowhere else. What a
 * configuration file does not need is refused: aliases (so nothing can expand), tags, keys that are
 * not plain text, a second document, duplicate keys, control characters in values, deep nesting.
 */
#ifndef TOC_POLICY_YAML_H
#define TOC_POLICY_YAML_H

#include "common/policy/diag.h"
#include "common/pool.h"

#define TOC_YAML_DEPTH_MAX   16   /* nested maps and lists */
#define TOC_YAML_ENTRIES_MAX 1000 /* of one map or list */

enum toc_yaml_kind {
    TOC_YAML_NOTHING, /* no value, "null" or "~" */
    TOC_YAML_TEXT,
    TOC_YAML_LIST,
    TOC_YAML_MAP,
    TOC_YAML_BROKEN /* an error about it has been recorded */
};

struct toc_yaml {
    enum toc_yaml_kind kind;
    size_t offset;              /* where it begins in the text, bytes */
    struct toc_str text;        /* TEXT: without NUL and control characters */
    const struct toc_yaml *key; /* of an entry of a map */
    struct toc_yaml *next;      /* in the same map or list */
    struct toc_yaml *first;     /* MAP: the values, LIST: the items */
    struct toc_yaml *last;
    size_t count;
};

/*
 * Reads the text of `diag`. The tree lives in `pool`. TOC_ERR_CONFIG when there is no tree to go on
 * with; errors beside which a tree makes sense are only recorded. TOC_ERR_MEMORY.
 */
TOC_MUST enum toc_err toc_yaml_read(struct toc_diag *diag, struct toc_pool *pool,
                                    const struct toc_yaml **out);
/* The same of the file that begins at `offset`; the tree is the caller's to change. */
TOC_MUST enum toc_err toc_yaml_read_file(struct toc_diag *diag, size_t offset, size_t size,
                                         struct toc_pool *pool, struct toc_yaml **out);

/* The value of a key; NULL when it is not there or `map` is no map. */
struct toc_yaml *toc_yaml_get(const struct toc_yaml *map, const char *key);

#endif
