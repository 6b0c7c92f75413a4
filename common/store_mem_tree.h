/*
 * A table of the memory store: a B+-tree of rows. Only store_mem*.c include this.
 *
 * A leaf keeps the first eight bytes of each key beside the pointer to the row, so that most
 * comparisons stay inside the leaf. Nodes are split on the way down, before anything is changed, so
 * running out of memory leaves a sound tree. A node is given back when it is empty and never merged
 * before: simpler, and as good for tables that grow at one end and are trimmed at the other.
 */
#ifndef TOC_STORE_MEM_TREE_H
#define TOC_STORE_MEM_TREE_H

#include "common/store.h"

struct toc_mem_row {
    uint32_t key_size, value_size;
    char bytes[]; /* the key, then the value */
};

struct toc_mem_node;
struct toc_mem_leaf;

/* Begins as {0}, but for the name, which the tree does not read. */
struct toc_mem_table {
    char *name;
    struct toc_mem_node *root; /* NULL when empty */
    struct toc_mem_leaf *last;
    uint64_t count; /* rows */
};

/* A row in its leaf; `leaf` is NULL when there is none. */
struct toc_mem_place {
    struct toc_mem_leaf *leaf;
    unsigned at;
};

/* NULL without memory. free() it. */
struct toc_mem_row *toc_mem_row_new(struct toc_str key, struct toc_str value);
struct toc_str toc_mem_row_key(const struct toc_mem_row *row);
struct toc_str toc_mem_row_value(const struct toc_mem_row *row);

/* The first row at or after `key`. */
struct toc_mem_place toc_mem_tree_seek(const struct toc_mem_table *table, struct toc_str key);
/* The row before a place; before no place lies the last row. */
struct toc_mem_place toc_mem_place_before(const struct toc_mem_table *table,
                                          struct toc_mem_place place);
struct toc_mem_place toc_mem_place_after(struct toc_mem_place place);
/* NULL when there is none. */
struct toc_mem_row *toc_mem_place_row(struct toc_mem_place place);
struct toc_mem_row *toc_mem_tree_get(const struct toc_mem_table *table, struct toc_str key);

/* Hands the row over to the tree; `*old` is the one it replaces, the caller's now, or NULL.
 * TOC_ERR_MEMORY leaves both as they were. */
TOC_MUST enum toc_err toc_mem_tree_put(struct toc_mem_table *table, struct toc_mem_row *row,
                                       struct toc_mem_row **old);
/* Hands a row over to the caller; NULL when there is none. */
struct toc_mem_row *toc_mem_tree_take(struct toc_mem_table *table, struct toc_str key);
/* Frees every row; the table is not to be used again. */
void toc_mem_tree_free(struct toc_mem_table *table);

#endif
