/*
 * Reading a map's YAML with places: what map.c (the file) and read_rule.c (one of its
 * events) share. Everything that is read lives in the map's pool; a mistake is recorded and reading
 * goes on, so that all of them are told at once.
 */
#ifndef CLI_IMPORT_READ_H
#define CLI_IMPORT_READ_H

#include "common/policy/yaml.h"
#include "services/cli/import/rule.h"

struct import_reader {
    struct toc_diag diag;
    struct import_map *map;
    bool no_memory;
};

typedef void (*import_read_fn)(struct import_reader *r, const struct toc_yaml *value, void *target);

/* One per key of a map of the file. */
struct import_key {
    const char *name;
    import_read_fn read;
    bool required;
};

/* In the order of `keys`, whatever the file's: values come before the templates that use them. */
void import_read_keys(struct import_reader *r, const struct toc_yaml *node,
                      const struct import_key *keys, size_t count, void *target);

/* Zeroed objects in the map's pool; NULL without memory, which is noted. */
void *import_read_room(struct import_reader *r, size_t count, size_t size);

void import_read_wrong(struct import_reader *r, const struct toc_yaml *at, const char *what);
bool import_read_is_text(struct import_reader *r, const struct toc_yaml *node);
const struct toc_str *import_read_words(struct import_reader *r, const struct toc_yaml *node,
                                        size_t *out_count);

/* "number" or "priority|priorities", as it stands in ${…}. */
struct import_cell import_read_cell(struct import_reader *r, struct toc_str text, size_t offset);
void import_read_template(struct import_reader *r, const struct toc_yaml *node,
                          struct import_template *out);

/* An event of the map: `target` is a struct import_rule. */
void import_read_rule(struct import_reader *r, const struct toc_yaml *node,
                      struct import_rule *rule);

/* A list's items, or the one value that stands for a list of one. */
static inline size_t import_item_count(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->count : 1;
}

static inline const struct toc_yaml *import_item_first(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->first : node;
}

/* A list's next item; a value that stands alone has none, whatever follows it in its map. */
static inline const struct toc_yaml *import_item_next(const struct toc_yaml *list,
                                                      const struct toc_yaml *item)
{
    return list->kind == TOC_YAML_LIST ? item->next : NULL;
}

#endif
