#include "common/store_mem_tree.h"

#include <stdlib.h>

#define NODE_MAX 64 /* entries */

struct toc_mem_node {
    unsigned count; /* never 0 in a tree */
    bool is_leaf;
};

struct toc_mem_leaf {
    struct toc_mem_node node;
    struct toc_mem_leaf *prev, *next;
    uint64_t heads[NODE_MAX];
    struct toc_mem_row *rows[NODE_MAX];
};

struct bound {
    uint8_t size;
    char bytes[TOC_KEY_MAX];
};

/* No key in children[i] sorts below bounds[i], and bounds[0] counts as below every key. */
struct inner {
    struct toc_mem_node node;
    uint64_t heads[NODE_MAX];
    struct toc_mem_node *children[NODE_MAX];
    struct bound bounds[NODE_MAX];
};

struct toc_str toc_mem_row_key(const struct toc_mem_row *row)
{
    return toc_str(row->bytes, row->key_size);
}

struct toc_str toc_mem_row_value(const struct toc_mem_row *row)
{
    return toc_str(row->bytes + row->key_size, row->value_size);
}

struct toc_mem_row *toc_mem_row_new(struct toc_str key, struct toc_str value)
{
    struct toc_mem_row *row = malloc(sizeof(*row) + key.size + value.size);
    if (row == NULL)
        return NULL;
    row->key_size = (uint32_t)key.size;
    row->value_size = (uint32_t)value.size;
    memcpy(row->bytes, key.data, key.size);
    if (value.size)
        memcpy(row->bytes + key.size, value.data, value.size);
    return row;
}

/* The first eight bytes as a number, zeros after a short key. Different heads order their keys. */
static uint64_t head_of(struct toc_str key)
{
    uint8_t bytes[8] = {0};
    if (key.size >= sizeof(bytes))
        return toc_get_u64be(key.data);
    if (key.size)
        memcpy(bytes, key.data, key.size);
    return toc_get_u64be(bytes);
}

static struct toc_mem_leaf *as_leaf(struct toc_mem_node *node)
{
    TOC_ASSERT(node->is_leaf);
    return (struct toc_mem_leaf *)node;
}

static struct inner *as_inner(struct toc_mem_node *node)
{
    TOC_ASSERT(!node->is_leaf);
    return (struct inner *)node;
}

static struct toc_str bound_key(const struct inner *inner, unsigned i)
{
    return toc_str(inner->bounds[i].bytes, inner->bounds[i].size);
}

/* The first entry at or after `key`; the count when there is none. */
static unsigned leaf_find(const struct toc_mem_leaf *leaf, struct toc_str key, uint64_t head)
{
    unsigned low = 0, high = leaf->node.count;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        bool before = leaf->heads[mid] != head
                          ? leaf->heads[mid] < head
                          : toc_str_compare(toc_mem_row_key(leaf->rows[mid]), key) < 0;
        if (before)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The child that has `key` if any has. */
static unsigned inner_find(const struct inner *inner, struct toc_str key, uint64_t head)
{
    unsigned low = 0, high = inner->node.count - 1;
    while (low < high) { /* the answer is in [low, high] */
        unsigned mid = (low + high + 1) / 2;
        bool after = inner->heads[mid] != head ? inner->heads[mid] > head
                                               : toc_str_compare(bound_key(inner, mid), key) > 0;
        if (after)
            high = mid - 1;
        else
            low = mid;
    }
    return low;
}

static bool leaf_has(const struct toc_mem_leaf *leaf, unsigned at, struct toc_str key)
{
    return at < leaf->node.count && toc_str_equal(toc_mem_row_key(leaf->rows[at]), key);
}

struct toc_mem_place toc_mem_tree_seek(const struct toc_mem_table *table, struct toc_str key)
{
    uint64_t head = head_of(key);
    struct toc_mem_node *node = table->root;
    if (node == NULL)
        return (struct toc_mem_place){NULL, 0};
    while (!node->is_leaf) {
        struct inner *inner = as_inner(node);
        node = inner->children[inner_find(inner, key, head)];
    }
    struct toc_mem_leaf *leaf = as_leaf(node);
    unsigned at = leaf_find(leaf, key, head);
    return at < leaf->node.count ? (struct toc_mem_place){leaf, at}
                                 : (struct toc_mem_place){leaf->next, 0};
}

struct toc_mem_place toc_mem_place_before(const struct toc_mem_table *table,
                                          struct toc_mem_place place)
{
    if (place.leaf != NULL && place.at > 0)
        return (struct toc_mem_place){place.leaf, place.at - 1};
    struct toc_mem_leaf *leaf = place.leaf != NULL ? place.leaf->prev : table->last;
    return (struct toc_mem_place){leaf, leaf != NULL ? leaf->node.count - 1 : 0};
}

struct toc_mem_place toc_mem_place_after(struct toc_mem_place place)
{
    if (place.at + 1 < place.leaf->node.count)
        return (struct toc_mem_place){place.leaf, place.at + 1};
    return (struct toc_mem_place){place.leaf->next, 0};
}

struct toc_mem_row *toc_mem_place_row(struct toc_mem_place place)
{
    return place.leaf != NULL ? place.leaf->rows[place.at] : NULL;
}

struct toc_mem_row *toc_mem_tree_get(const struct toc_mem_table *table, struct toc_str key)
{
    struct toc_mem_place place = toc_mem_tree_seek(table, key);
    bool found = place.leaf != NULL && leaf_has(place.leaf, place.at, key);
    return found ? place.leaf->rows[place.at] : NULL;
}

static void leaf_insert(struct toc_mem_leaf *leaf, unsigned at, struct toc_mem_row *row)
{
    size_t behind = leaf->node.count - at;
    TOC_ASSERT(leaf->node.count < NODE_MAX);
    memmove(leaf->heads + at + 1, leaf->heads + at, behind * sizeof(leaf->heads[0]));
    memmove(leaf->rows + at + 1, leaf->rows + at, behind * sizeof(leaf->rows[0]));
    leaf->heads[at] = head_of(toc_mem_row_key(row));
    leaf->rows[at] = row;
    leaf->node.count++;
}

static void inner_insert(struct inner *inner, unsigned at, struct toc_mem_node *child,
                         struct toc_str bound)
{
    size_t behind = inner->node.count - at;
    TOC_ASSERT(inner->node.count < NODE_MAX);
    memmove(inner->heads + at + 1, inner->heads + at, behind * sizeof(inner->heads[0]));
    memmove(inner->children + at + 1, inner->children + at, behind * sizeof(inner->children[0]));
    memmove(inner->bounds + at + 1, inner->bounds + at, behind * sizeof(inner->bounds[0]));
    inner->heads[at] = head_of(bound);
    inner->children[at] = child;
    inner->bounds[at].size = (uint8_t)bound.size;
    if (bound.size)
        memcpy(inner->bounds[at].bytes, bound.data, bound.size);
    inner->node.count++;
}

static void inner_remove(struct inner *inner, unsigned at)
{
    size_t behind = --inner->node.count - at;
    memmove(inner->heads + at, inner->heads + at + 1, behind * sizeof(inner->heads[0]));
    memmove(inner->children + at, inner->children + at + 1, behind * sizeof(inner->children[0]));
    memmove(inner->bounds + at, inner->bounds + at + 1, behind * sizeof(inner->bounds[0]));
}

/*
 * Where to cut a full node: in the middle, but before the last entry when `key` comes after that,
 * so that rows that arrive in order leave full nodes behind.
 */
static unsigned cut_for(bool key_is_after_all)
{
    return key_is_after_all ? NODE_MAX - 1 : NODE_MAX / 2;
}

static enum toc_err split_leaf(struct toc_mem_table *table, struct inner *parent, unsigned at,
                               struct toc_str key)
{
    struct toc_mem_leaf *left = as_leaf(parent->children[at]);
    unsigned cut = cut_for(toc_str_compare(toc_mem_row_key(left->rows[NODE_MAX - 1]), key) < 0);
    struct toc_mem_leaf *right = malloc(sizeof(*right));
    if (right == NULL)
        return TOC_ERR_MEMORY;
    right->node = (struct toc_mem_node){.count = NODE_MAX - cut, .is_leaf = true};
    memcpy(right->heads, left->heads + cut, right->node.count * sizeof(right->heads[0]));
    memcpy(right->rows, left->rows + cut, right->node.count * sizeof(right->rows[0]));
    left->node.count = cut;
    right->prev = left;
    right->next = left->next;
    if (right->next != NULL)
        right->next->prev = right;
    else
        table->last = right;
    left->next = right;
    inner_insert(parent, at + 1, &right->node, toc_mem_row_key(right->rows[0]));
    return TOC_OK;
}

static enum toc_err split_inner(struct inner *parent, unsigned at, struct toc_str key)
{
    struct inner *left = as_inner(parent->children[at]);
    unsigned cut = cut_for(toc_str_compare(bound_key(left, NODE_MAX - 1), key) < 0);
    struct inner *right = malloc(sizeof(*right));
    if (right == NULL)
        return TOC_ERR_MEMORY;
    right->node = (struct toc_mem_node){.count = NODE_MAX - cut};
    memcpy(right->heads, left->heads + cut, right->node.count * sizeof(right->heads[0]));
    memcpy(right->children, left->children + cut, right->node.count * sizeof(right->children[0]));
    memcpy(right->bounds, left->bounds + cut, right->node.count * sizeof(right->bounds[0]));
    left->node.count = cut;
    inner_insert(parent, at + 1, &right->node, bound_key(right, 0));
    return TOC_OK;
}

/* Sees to it that there is a root and that it has room. */
static enum toc_err ready_root(struct toc_mem_table *table)
{
    if (table->root == NULL) {
        struct toc_mem_leaf *leaf = calloc(1, sizeof(*leaf));
        if (leaf == NULL)
            return TOC_ERR_MEMORY;
        leaf->node.is_leaf = true;
        table->root = &leaf->node;
        table->last = leaf;
    }
    if (table->root->count < NODE_MAX)
        return TOC_OK;
    struct inner *root = malloc(sizeof(*root));
    if (root == NULL)
        return TOC_ERR_MEMORY;
    root->node = (struct toc_mem_node){0};
    inner_insert(root, 0, table->root, TOC_STR(""));
    table->root = &root->node;
    return TOC_OK;
}

/* Goes down to the leaf where `key` belongs, splitting what is full. */
static enum toc_err open_way(struct toc_mem_table *table, struct toc_str key,
                             struct toc_mem_leaf **out)
{
    uint64_t head = head_of(key);
    struct toc_mem_node *node = table->root;
    while (!node->is_leaf) {
        struct inner *inner = as_inner(node);
        unsigned at = inner_find(inner, key, head);
        node = inner->children[at];
        if (node->count < NODE_MAX)
            continue;
        TOC_TRY(node->is_leaf ? split_leaf(table, inner, at, key) : split_inner(inner, at, key));
        node = inner->children[inner_find(inner, key, head)];
    }
    *out = as_leaf(node);
    return TOC_OK;
}

enum toc_err toc_mem_tree_put(struct toc_mem_table *table, struct toc_mem_row *row,
                              struct toc_mem_row **old)
{
    struct toc_mem_leaf *leaf;
    struct toc_str key = toc_mem_row_key(row);
    bool was_empty = table->root == NULL;
    TOC_TRY(ready_root(table));
    enum toc_err err = open_way(table, key, &leaf);
    TOC_ASSERT(err == TOC_OK || !was_empty); /* a new root needs no split */
    TOC_TRY(err);
    unsigned at = leaf_find(leaf, key, head_of(key));
    *old = NULL;
    if (leaf_has(leaf, at, key)) {
        *old = leaf->rows[at];
        leaf->rows[at] = row;
        return TOC_OK;
    }
    leaf_insert(leaf, at, row);
    table->count++;
    return TOC_OK;
}

static void node_free(struct toc_mem_table *table, struct toc_mem_node *node)
{
    if (node->is_leaf) {
        struct toc_mem_leaf *leaf = as_leaf(node);
        if (leaf->prev != NULL)
            leaf->prev->next = leaf->next;
        if (leaf->next != NULL)
            leaf->next->prev = leaf->prev;
        else
            table->last = leaf->prev;
    }
    free(node);
}

/* Takes a row out of the subtree and frees what is empty below `node`. NULL when it is not there.
 */
static struct toc_mem_row *node_take(struct toc_mem_table *table, struct toc_mem_node *node,
                                     struct toc_str key)
{
    if (node->is_leaf) {
        struct toc_mem_leaf *leaf = as_leaf(node);
        unsigned at = leaf_find(leaf, key, head_of(key));
        if (!leaf_has(leaf, at, key))
            return NULL;
        struct toc_mem_row *row = leaf->rows[at];
        size_t behind = --leaf->node.count - at;
        memmove(leaf->heads + at, leaf->heads + at + 1, behind * sizeof(leaf->heads[0]));
        memmove(leaf->rows + at, leaf->rows + at + 1, behind * sizeof(leaf->rows[0]));
        return row;
    }
    struct inner *inner = as_inner(node);
    unsigned at = inner_find(inner, key, head_of(key));
    struct toc_mem_node *child = inner->children[at];
    struct toc_mem_row *row = node_take(table, child, key);
    if (row != NULL && child->count == 0) {
        inner_remove(inner, at);
        node_free(table, child);
    }
    return row;
}

struct toc_mem_row *toc_mem_tree_take(struct toc_mem_table *table, struct toc_str key)
{
    if (table->root == NULL)
        return NULL;
    struct toc_mem_row *row = node_take(table, table->root, key);
    if (row == NULL)
        return NULL;
    table->count--;
    struct toc_mem_node *root = table->root;
    if (root->count == 0) {
        table->root = NULL;
        node_free(table, root);
    } else if (root->count == 1 && !root->is_leaf) {
        table->root = as_inner(root)->children[0];
        node_free(table, root);
    }
    return row;
}

static void free_below(struct toc_mem_node *node)
{
    for (unsigned i = 0; i < node->count; i++) {
        if (node->is_leaf)
            free(as_leaf(node)->rows[i]);
        else
            free_below(as_inner(node)->children[i]);
    }
    free(node);
}

void toc_mem_tree_free(struct toc_mem_table *table)
{
    if (table->root != NULL)
        free_below(table->root);
}
