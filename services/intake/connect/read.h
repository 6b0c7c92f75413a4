/*
 * Reading a mapping's YAML with places: what connect.c (the file), read_sign.c, read_rule.c
 * and read_content.c share. Everything that is read lives in the connector's pool; a mistake is
 * recorded and reading goes on, so that all of them are told at once.
 */
#ifndef INTAKE_CONNECT_READ_H
#define INTAKE_CONNECT_READ_H

#include "common/policy/yaml.h"
#include "services/intake/connect/rule.h"

struct connect_reader {
    struct toc_diag diag;
    struct connector *connector;
    bool no_memory;
};

typedef void connect_read_fn(struct connect_reader *r, const struct toc_yaml *value, void *target);

/* One per key of a map of the file. */
struct connect_key {
    const char *name;
    connect_read_fn *read;
    bool required;
};

/* In the order of `keys`, whatever the file's: values come before the templates that use them. */
void connect_read_keys(struct connect_reader *r, const struct toc_yaml *node,
                       const struct connect_key *keys, size_t count, void *target);

/* Zeroed objects in the connector's pool; NULL without memory, which is noted. */
void *connect_read_room(struct connect_reader *r, size_t count, size_t size);

void connect_read_wrong(struct connect_reader *r, const struct toc_yaml *at, const char *what);
/* Whether it is a text and not empty; told otherwise. */
bool connect_read_is_text(struct connect_reader *r, const struct toc_yaml *node);
/* Names what a person may have meant by a word that is none of the known. */
void connect_read_unknown(struct connect_reader *r, const struct toc_yaml *at, const char *what,
                          const struct toc_guess *guess);

/* "/detail/id" or "/detail/priority|priorities", as it stands in ${…}. */
struct connect_cell connect_read_cell(struct connect_reader *r, struct toc_str text, size_t offset);
void connect_read_template(struct connect_reader *r, const struct toc_yaml *node,
                           struct connect_template *out);

/* One of an event, where nothing of a signature stands. */
void connect_read_event_template(struct connect_reader *r, const struct toc_yaml *node,
                                 struct connect_template *out);

/* `target` is the struct connect_sign: who may send requests. */
connect_read_fn connect_read_sign;
/* An event of the mapping: `target` is a struct connect_rule. */
connect_read_fn connect_read_rule;
/* What people wrote in it, likewise. */
connect_read_fn connect_read_content;

/* A list's items, or the one value that stands for a list of one. */
static inline size_t connect_item_count(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->count : 1;
}

static inline const struct toc_yaml *connect_item_first(const struct toc_yaml *node)
{
    return node->kind == TOC_YAML_LIST ? node->first : node;
}

/* A list's next item; a value that stands alone has none, whatever follows it in its map. */
static inline const struct toc_yaml *connect_item_next(const struct toc_yaml *list,
                                                       const struct toc_yaml *item)
{
    return list->kind == TOC_YAML_LIST ? item->next : NULL;
}

#endif
