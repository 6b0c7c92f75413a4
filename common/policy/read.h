/*
 * Reading the maps of a YAML file key by key, with places: what the readers of mappings (mapping.h)
 * and of import maps share. Everything that is read lives in one pool; a mistake is recorded and
 * reading goes on, so that all of them are told at once.
 */
#ifndef TOC_POLICY_READ_H
#define TOC_POLICY_READ_H

#include "common/event_types.h"
#include "common/policy/yaml.h"

struct toc_reader {
    struct toc_diag diag;
    struct toc_pool *pool; /* lent */
    void *into;            /* what the file becomes; its readers know its type */
    bool no_memory;
};

typedef void toc_read_fn(struct toc_reader *r, const struct toc_yaml *value, void *target);

/* One per key of a map of the file. */
struct toc_read_key {
    const char *name;
    toc_read_fn *read;
    bool required;
};

/* In the order of `keys`, whatever the file's: what others refer to comes before them. */
void toc_read_keys(struct toc_reader *r, const struct toc_yaml *node,
                   const struct toc_read_key *keys, size_t count, void *target);

/* The key that a file begins with: the version of its format, 1. */
toc_read_fn toc_read_version;

/* Zeroed objects in the pool, one more than `count`; NULL without memory, which is noted. */
void *toc_read_room(struct toc_reader *r, size_t count, size_t size);

void toc_read_wrong(struct toc_reader *r, const struct toc_yaml *at, const char *what);
/* Names what a person may have meant by a word that is none of the known. */
void toc_read_unknown(struct toc_reader *r, const struct toc_yaml *at, const char *what,
                      const struct toc_guess *guess);

/* Whether it is a text; told otherwise. */
bool toc_read_is_text(struct toc_reader *r, const struct toc_yaml *node);
/* Whether it is a text and not empty; told otherwise. */
bool toc_read_is_some_text(struct toc_reader *r, const struct toc_yaml *node);

/*
 * Takes the next part off a template: what stands between "${" and "}", or the text before that
 * (`*out_cell` says which). False at the end, or for a "${" without its "}", which is left in
 * `rest`.
 */
bool toc_read_part(struct toc_str *rest, struct toc_str *out, bool *out_cell);

/* --- events ----------------------------------------------------------------------------------- */

/* The type that a text names; NULL, told, when there is none. */
const struct toc_event_type *toc_read_event_type(struct toc_reader *r, const struct toc_yaml *node);
/* The member of its body that a key names; NULL, told, when there is none. */
const ProtobufCFieldDescriptor *toc_read_member(struct toc_reader *r,
                                                const struct toc_event_type *type,
                                                const struct toc_yaml *key);

/* --- a list's items, or the one value that stands for a list of one --------------------------- */

static inline size_t toc_read_item_count(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->count : 1;
}

static inline const struct toc_yaml *toc_read_item_first(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->first : node;
}

/* A list's next item; a value that stands alone has none, whatever follows it in its map. */
static inline const struct toc_yaml *toc_read_item_next(const struct toc_yaml *list,
                                                        const struct toc_yaml *item)
{
    return list->kind == TOC_YAML_LIST ? item->next : NULL;
}

#endif
