/*
 * The memory store: each table is a B+-tree of rows, and an abort takes back an undo log.
 *
 * A leaf keeps the first eight bytes of each key beside the pointer to the row, so that most
 * comparisons stay inside the leaf. Nodes are split on the way down, before anything is changed, so
 * running out of memory leaves a sound tree. A node is given back when it is empty and never merged
 * before: simpler, and as good for tables that grow at one end and are trimmed at the other.
 */
#include "common/store_mem.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define NODE_MAX  64 /* entries */
#define UNDO_STEP 64 /* the undo log's first size, in entries */

#if defined(TOCSIN_PLANT) || defined(__SANITIZE_ADDRESS__)
#define LEND_COPIES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEND_COPIES 1
#endif
#endif
#ifndef LEND_COPIES
#define LEND_COPIES 0
#endif

struct row {
    uint32_t key_size, value_size;
    char bytes[]; /* the key, then the value */
};

struct node {
    unsigned count; /* never 0 in a tree */
    bool is_leaf;
};

struct leaf {
    struct node node;
    struct leaf *prev, *next;
    uint64_t heads[NODE_MAX];
    struct row *rows[NODE_MAX];
};

struct bound {
    uint8_t size;
    char bytes[TOC_KEY_MAX];
};

/* No key in children[i] sorts below bounds[i], and bounds[0] counts as below every key. */
struct inner {
    struct node node;
    uint64_t heads[NODE_MAX];
    struct node *children[NODE_MAX];
    struct bound bounds[NODE_MAX];
};

struct table {
    char *name;
    struct node *root; /* NULL when empty */
    struct leaf *last;
    uint64_t count; /* rows */
};

struct disk {
    struct disk *next;
    char *name;
    struct table tables[TOC_TABLES_MAX]; /* in order of creation */
    size_t table_count;
    unsigned stores;  /* that have it open */
    unsigned readers; /* open read transactions */
    unsigned percent;
    bool opened_for_writing;
    bool writing; /* a write transaction is open */
    bool full;
    unsigned crash_at; /* commits until the plug is pulled; 0 for never */
    bool crash_keeps;
    bool dead; /* it was: nothing works until the disk is opened again */
};

struct toc_store {
    struct disk *disk;
    const char *const *names;
    size_t table_count;
    struct table *tables[TOC_TABLES_MAX]; /* NULL for what a read-only store does not find */
    bool read_only;
};

/* How to take back one write. */
struct undo {
    struct table *table;
    struct row *row; /* `added`: the new row, in the tree; else the old one, in our hands */
    bool added;
};

/* A copy of a row that was returned to the caller. */
struct loan {
    struct loan *next;
    size_t size;
    char bytes[];
};

struct toc_txn {
    struct toc_store *store;
    bool writable;
    bool holds_put;
    enum toc_err failed; /* the first failure, or TOC_OK */
    unsigned scans;      /* open ones */
    struct undo *undo;
    size_t undo_count, undo_room;
    struct loan *loans;
};

/* A row in its leaf; `leaf` is NULL when there is none. */
struct place {
    struct leaf *leaf;
    unsigned at;
};

struct toc_scan {
    struct toc_txn *txn;
    struct place place;
};

static struct disk *disks;

/* Rows and keys */

static struct toc_str row_key(const struct row *row)
{
    return toc_str(row->bytes, row->key_size);
}

static struct toc_str row_value(const struct row *row)
{
    return toc_str(row->bytes + row->key_size, row->value_size);
}

static struct row *row_new(struct toc_str key, struct toc_str value)
{
    struct row *row = malloc(sizeof(*row) + key.size + value.size);
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

/* The tree */

static struct leaf *as_leaf(struct node *node)
{
    TOC_ASSERT(node->is_leaf);
    return (struct leaf *)node;
}

static struct inner *as_inner(struct node *node)
{
    TOC_ASSERT(!node->is_leaf);
    return (struct inner *)node;
}

static struct toc_str bound_key(const struct inner *inner, unsigned i)
{
    return toc_str(inner->bounds[i].bytes, inner->bounds[i].size);
}

/* The first entry at or after `key`; the count when there is none. */
static unsigned leaf_find(const struct leaf *leaf, struct toc_str key, uint64_t head)
{
    unsigned low = 0, high = leaf->node.count;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        bool before = leaf->heads[mid] != head ? leaf->heads[mid] < head
                                               : toc_str_compare(row_key(leaf->rows[mid]), key) < 0;
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

static bool leaf_has(const struct leaf *leaf, unsigned at, struct toc_str key)
{
    return at < leaf->node.count && toc_str_equal(row_key(leaf->rows[at]), key);
}

/* The first row at or after `key`. */
static struct place tree_seek(const struct table *table, struct toc_str key)
{
    uint64_t head = head_of(key);
    struct node *node = table->root;
    if (node == NULL)
        return (struct place){NULL, 0};
    while (!node->is_leaf) {
        struct inner *inner = as_inner(node);
        node = inner->children[inner_find(inner, key, head)];
    }
    struct leaf *leaf = as_leaf(node);
    unsigned at = leaf_find(leaf, key, head);
    return at < leaf->node.count ? (struct place){leaf, at} : (struct place){leaf->next, 0};
}

/* The row before a place; before no place lies the last row. */
static struct place place_before(const struct table *table, struct place place)
{
    if (place.leaf != NULL && place.at > 0)
        return (struct place){place.leaf, place.at - 1};
    struct leaf *leaf = place.leaf != NULL ? place.leaf->prev : table->last;
    return (struct place){leaf, leaf != NULL ? leaf->node.count - 1 : 0};
}

static struct place place_after(struct place place)
{
    if (place.at + 1 < place.leaf->node.count)
        return (struct place){place.leaf, place.at + 1};
    return (struct place){place.leaf->next, 0};
}

static struct row *tree_get(const struct table *table, struct toc_str key)
{
    struct place place = tree_seek(table, key);
    bool found = place.leaf != NULL && leaf_has(place.leaf, place.at, key);
    return found ? place.leaf->rows[place.at] : NULL;
}

static void leaf_insert(struct leaf *leaf, unsigned at, struct row *row)
{
    size_t behind = leaf->node.count - at;
    TOC_ASSERT(leaf->node.count < NODE_MAX);
    memmove(leaf->heads + at + 1, leaf->heads + at, behind * sizeof(leaf->heads[0]));
    memmove(leaf->rows + at + 1, leaf->rows + at, behind * sizeof(leaf->rows[0]));
    leaf->heads[at] = head_of(row_key(row));
    leaf->rows[at] = row;
    leaf->node.count++;
}

static void inner_insert(struct inner *inner, unsigned at, struct node *child, struct toc_str bound)
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

static enum toc_err split_leaf(struct table *table, struct inner *parent, unsigned at,
                               struct toc_str key)
{
    struct leaf *left = as_leaf(parent->children[at]);
    unsigned cut = cut_for(toc_str_compare(row_key(left->rows[NODE_MAX - 1]), key) < 0);
    struct leaf *right = malloc(sizeof(*right));
    if (right == NULL)
        return TOC_ERR_MEMORY;
    right->node = (struct node){.count = NODE_MAX - cut, .is_leaf = true};
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
    inner_insert(parent, at + 1, &right->node, row_key(right->rows[0]));
    return TOC_OK;
}

static enum toc_err split_inner(struct inner *parent, unsigned at, struct toc_str key)
{
    struct inner *left = as_inner(parent->children[at]);
    unsigned cut = cut_for(toc_str_compare(bound_key(left, NODE_MAX - 1), key) < 0);
    struct inner *right = malloc(sizeof(*right));
    if (right == NULL)
        return TOC_ERR_MEMORY;
    right->node = (struct node){.count = NODE_MAX - cut};
    memcpy(right->heads, left->heads + cut, right->node.count * sizeof(right->heads[0]));
    memcpy(right->children, left->children + cut, right->node.count * sizeof(right->children[0]));
    memcpy(right->bounds, left->bounds + cut, right->node.count * sizeof(right->bounds[0]));
    left->node.count = cut;
    inner_insert(parent, at + 1, &right->node, bound_key(right, 0));
    return TOC_OK;
}

/* Sees to it that there is a root and that it has room. */
static enum toc_err ready_root(struct table *table)
{
    if (table->root == NULL) {
        struct leaf *leaf = calloc(1, sizeof(*leaf));
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
    root->node = (struct node){0};
    inner_insert(root, 0, table->root, TOC_STR(""));
    table->root = &root->node;
    return TOC_OK;
}

/* Goes down to the leaf where `key` belongs, splitting what is full. */
static enum toc_err open_way(struct table *table, struct toc_str key, struct leaf **out)
{
    uint64_t head = head_of(key);
    struct node *node = table->root;
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

/* Hands the row over to the tree; `*old` is the one it replaces, the caller's now, or NULL. */
static enum toc_err tree_put(struct table *table, struct row *row, struct row **old)
{
    struct leaf *leaf;
    struct toc_str key = row_key(row);
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

static void node_free(struct table *table, struct node *node)
{
    if (node->is_leaf) {
        struct leaf *leaf = as_leaf(node);
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
static struct row *node_take(struct table *table, struct node *node, struct toc_str key)
{
    if (node->is_leaf) {
        struct leaf *leaf = as_leaf(node);
        unsigned at = leaf_find(leaf, key, head_of(key));
        if (!leaf_has(leaf, at, key))
            return NULL;
        struct row *row = leaf->rows[at];
        size_t behind = --leaf->node.count - at;
        memmove(leaf->heads + at, leaf->heads + at + 1, behind * sizeof(leaf->heads[0]));
        memmove(leaf->rows + at, leaf->rows + at + 1, behind * sizeof(leaf->rows[0]));
        return row;
    }
    struct inner *inner = as_inner(node);
    unsigned at = inner_find(inner, key, head_of(key));
    struct node *child = inner->children[at];
    struct row *row = node_take(table, child, key);
    if (row != NULL && child->count == 0) {
        inner_remove(inner, at);
        node_free(table, child);
    }
    return row;
}

/* Hands a row over to the caller; NULL when there is none. */
static struct row *tree_take(struct table *table, struct toc_str key)
{
    if (table->root == NULL)
        return NULL;
    struct row *row = node_take(table, table->root, key);
    if (row == NULL)
        return NULL;
    table->count--;
    struct node *root = table->root;
    if (root->count == 0) {
        table->root = NULL;
        node_free(table, root);
    } else if (root->count == 1 && !root->is_leaf) {
        table->root = as_inner(root)->children[0];
        node_free(table, root);
    }
    return row;
}

static void free_below(struct node *node)
{
    for (unsigned i = 0; i < node->count; i++) {
        if (node->is_leaf)
            free(as_leaf(node)->rows[i]);
        else
            free_below(as_inner(node)->children[i]);
    }
    free(node);
}

/* Disks */

static struct disk *disk_find(const char *name)
{
    struct disk *disk = disks;
    while (disk != NULL && strcmp(disk->name, name) != 0)
        disk = disk->next;
    return disk;
}

static struct disk *disk_known(const char *name)
{
    struct disk *disk = disk_find(name);
    TOC_ASSERT(disk != NULL);
    return disk;
}

static struct disk *disk_new(const char *name)
{
    struct disk *disk = calloc(1, sizeof(*disk));
    if (disk == NULL)
        return NULL;
    disk->name = strdup(name);
    if (disk->name == NULL) {
        free(disk);
        return NULL;
    }
    return disk;
}

/* A disk that is not, or no longer, in the list. */
static void disk_discard(struct disk *disk)
{
    TOC_ASSERT(disk->stores == 0);
    for (size_t i = 0; i < disk->table_count; i++) {
        if (disk->tables[i].root != NULL)
            free_below(disk->tables[i].root);
        free(disk->tables[i].name);
    }
    free(disk->name);
    free(disk);
}

static struct table *disk_table(struct disk *disk, const char *name)
{
    for (size_t i = 0; i < disk->table_count; i++)
        if (strcmp(disk->tables[i].name, name) == 0)
            return &disk->tables[i];
    return NULL;
}

static enum toc_err disk_add_table(struct disk *disk, const char *name)
{
    if (disk->table_count == TOC_TABLES_MAX)
        return TOC_ERR_LIMIT;
    char *copy = strdup(name);
    if (copy == NULL)
        return TOC_ERR_MEMORY;
    disk->tables[disk->table_count++] = (struct table){.name = copy};
    return TOC_OK;
}

void toc_mem_disk_free(const char *name)
{
    for (struct disk **link = &disks; *link != NULL; link = &(*link)->next) {
        struct disk *disk = *link;
        if (strcmp(disk->name, name) != 0)
            continue;
        *link = disk->next;
        disk_discard(disk);
        return;
    }
}

void toc_mem_disk_free_all(void)
{
    while (disks != NULL)
        toc_mem_disk_free(disks->name);
}

void toc_mem_disk_full(const char *name, bool full)
{
    disk_known(name)->full = full;
}

void toc_mem_disk_crash_at(const char *name, unsigned nth, bool kept)
{
    struct disk *disk = disk_known(name);
    disk->crash_at = nth;
    disk->crash_keeps = kept;
}

bool toc_mem_disk_is_writing(const char *name)
{
    return disk_known(name)->writing;
}

void toc_mem_disk_percent(const char *name, unsigned percent)
{
    TOC_ASSERT(percent <= 100);
    disk_known(name)->percent = percent;
}

static enum toc_err copy_table(struct disk *to, const struct table *from)
{
    TOC_TRY(disk_add_table(to, from->name));
    struct table *table = &to->tables[to->table_count - 1];
    struct place place = tree_seek(from, TOC_STR(""));
    for (; place.leaf != NULL; place = place_after(place)) {
        struct row *old, *row = place.leaf->rows[place.at];
        row = row_new(row_key(row), row_value(row));
        if (row == NULL)
            return TOC_ERR_MEMORY;
        enum toc_err err = tree_put(table, row, &old);
        if (err != TOC_OK) {
            free(row);
            return err;
        }
    }
    return TOC_OK;
}

enum toc_err toc_mem_disk_clone(const char *from_name, const char *to_name)
{
    struct disk *from = disk_known(from_name);
    TOC_ASSERT(!from->writing && strcmp(from_name, to_name) != 0);
    struct disk *to = disk_new(to_name);
    if (to == NULL)
        return TOC_ERR_MEMORY;
    to->full = from->full;
    to->percent = from->percent;
    for (size_t i = 0; i < from->table_count; i++) {
        enum toc_err err = copy_table(to, &from->tables[i]);
        if (err != TOC_OK) {
            disk_discard(to);
            return err;
        }
    }
    toc_mem_disk_free(to_name);
    to->next = disks;
    disks = to;
    return TOC_OK;
}

static void digest_bytes(EVP_MD_CTX *ctx, struct toc_str s)
{
    uint8_t size[4];
    toc_put_u32be(size, (uint32_t)s.size);
    int ok = EVP_DigestUpdate(ctx, size, sizeof(size)) && EVP_DigestUpdate(ctx, s.data, s.size);
    TOC_ASSERT(ok);
}

static void digest(const char *name, size_t from, size_t until, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    static const struct table none;
    const struct disk *disk = disk_known(name);
    TOC_ASSERT(!disk->writing);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    TOC_ASSERT(ctx != NULL);
    int ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    for (size_t i = from; i < until; i++) {
        const struct table *table = i < disk->table_count ? &disk->tables[i] : &none;
        uint8_t count[8];
        toc_put_u64be(count, table->count);
        ok = ok && EVP_DigestUpdate(ctx, count, sizeof(count));
        struct place place = tree_seek(table, TOC_STR(""));
        for (; place.leaf != NULL; place = place_after(place)) {
            digest_bytes(ctx, row_key(place.leaf->rows[place.at]));
            digest_bytes(ctx, row_value(place.leaf->rows[place.at]));
        }
    }
    ok = ok && EVP_DigestFinal_ex(ctx, out, NULL);
    TOC_ASSERT(ok);
    EVP_MD_CTX_free(ctx);
}

void toc_mem_disk_digest(const char *name, size_t table_count, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    digest(name, 0, table_count, out);
}

void toc_mem_disk_digest_table(const char *name, size_t table, uint8_t out[TOC_MEM_DIGEST_SIZE])
{
    digest(name, table, table + 1, out);
}

/* Stores */

static void find_tables(struct toc_store *store)
{
    for (size_t i = 0; i < store->table_count; i++)
        if (store->tables[i] == NULL)
            store->tables[i] = disk_table(store->disk, store->names[i]);
}

/* The disk to open, made when there is none. */
static enum toc_err find_disk(const struct toc_store_config *config, struct disk **out)
{
    struct disk *disk = disk_find(config->dir);
    if (disk == NULL) {
        if (config->read_only)
            return TOC_ERR_CONFIG;
        disk = disk_new(config->dir);
        if (disk == NULL)
            return TOC_ERR_MEMORY;
        disk->next = disks;
        disks = disk;
    }
    if (disk->opened_for_writing && !config->read_only)
        return TOC_ERR_BUSY;
    *out = disk;
    return TOC_OK;
}

enum toc_err toc_store_open(const struct toc_store_config *config, struct toc_store **out)
{
    struct disk *disk;
    TOC_ASSERT(config->table_count > 0 && config->table_count <= TOC_TABLES_MAX);
    TOC_TRY(find_disk(config, &disk));
    for (size_t i = 0; i < config->table_count && !config->read_only; i++)
        if (disk_table(disk, config->tables[i]) == NULL)
            TOC_TRY(disk_add_table(disk, config->tables[i]));
    struct toc_store *store = calloc(1, sizeof(*store));
    if (store == NULL)
        return TOC_ERR_MEMORY;
    store->disk = disk;
    store->names = config->tables;
    store->table_count = config->table_count;
    store->read_only = config->read_only;
    find_tables(store);
    disk->stores++;
    if (!config->read_only) {
        disk->opened_for_writing = true;
        disk->dead = false;
        disk->crash_at = 0;
    }
    *out = store;
    return TOC_OK;
}

void toc_store_close(struct toc_store *store)
{
    if (store == NULL)
        return;
    struct disk *disk = store->disk;
    disk->stores--;
    TOC_ASSERT(disk->stores > 0 || disk->readers == 0);
    if (!store->read_only) {
        TOC_ASSERT(!disk->writing);
        disk->opened_for_writing = false;
    }
    free(store);
}

unsigned toc_store_percent_used(const struct toc_store *store)
{
    return store->disk->percent;
}

/* Transactions */

static enum toc_err begin(struct toc_store *store, bool writable, struct toc_txn **out)
{
    if (store->disk->dead)
        return TOC_ERR_IO;
    struct toc_txn *txn = calloc(1, sizeof(*txn));
    if (txn == NULL)
        return TOC_ERR_MEMORY;
    txn->store = store;
    txn->writable = writable;
    *out = txn;
    return TOC_OK;
}

enum toc_err toc_txn_begin_write(struct toc_store *store, struct toc_txn **out)
{
    TOC_ASSERT(!store->read_only);
    TOC_ASSERT(!store->disk->writing && store->disk->readers == 0);
    TOC_TRY(begin(store, true, out));
    store->disk->writing = true;
    return TOC_OK;
}

enum toc_err toc_txn_begin_read(struct toc_store *store, struct toc_txn **out)
{
    TOC_ASSERT(!store->disk->writing);
    TOC_TRY(begin(store, false, out));
    find_tables(store);
    store->disk->readers++;
    return TOC_OK;
}

static void end_loans(struct toc_txn *txn)
{
    while (txn->loans != NULL) {
        struct loan *loan = txn->loans;
        txn->loans = loan->next;
        memset(loan->bytes, 0xdd, loan->size); /* for builds without the address sanitizer */
        free(loan);
    }
}

static void end(struct toc_txn *txn)
{
    TOC_ASSERT(txn->scans == 0);
    if (txn->writable)
        txn->store->disk->writing = false;
    else
        txn->store->disk->readers--;
    end_loans(txn);
    free(txn->undo);
    free(txn);
}

/* True when the plug is pulled at this commit. */
static bool crashes_now(struct disk *disk)
{
    if (disk->crash_at == 0 || --disk->crash_at != 0)
        return false;
    disk->dead = true;
    return true;
}

enum toc_err toc_txn_commit(struct toc_txn *txn)
{
    struct disk *disk = txn->store->disk;
    enum toc_err err = txn->failed;
    if (err == TOC_OK && txn->holds_put && disk->full)
        err = TOC_ERR_FULL;
    if (err == TOC_OK && txn->writable && crashes_now(disk) && !disk->crash_keeps)
        err = TOC_ERR_IO;
    if (err != TOC_OK) {
        toc_txn_abort(txn);
        return err;
    }
    for (size_t i = 0; i < txn->undo_count; i++)
        if (!txn->undo[i].added)
            free(txn->undo[i].row);
    end(txn);
    return disk->dead ? TOC_ERR_IO : TOC_OK;
}

/*
 * Putting a deleted row back can split a node, for which there may be no memory: then the process
 * ends, and the disk with it, as this memory is all there is of the disk.
 */
static void take_back(const struct undo *undo)
{
    struct row *newer;
    if (undo->added) {
        newer = tree_take(undo->table, row_key(undo->row));
        TOC_ASSERT(newer == undo->row);
    } else {
        enum toc_err err = tree_put(undo->table, undo->row, &newer);
        TOC_ASSERT(err == TOC_OK);
    }
    free(newer);
}

void toc_txn_abort(struct toc_txn *txn)
{
    if (txn == NULL)
        return;
    while (txn->undo_count > 0)
        take_back(&txn->undo[--txn->undo_count]);
    end(txn);
}

static enum toc_err undo_room(struct toc_txn *txn)
{
    if (txn->undo_count < txn->undo_room)
        return TOC_OK;
    size_t room = txn->undo_room ? 2 * txn->undo_room : UNDO_STEP;
    struct undo *undo = realloc(txn->undo, room * sizeof(*undo));
    if (undo == NULL)
        return TOC_ERR_MEMORY;
    txn->undo = undo;
    txn->undo_room = room;
    return TOC_OK;
}

/* Reads and writes */

/* The failure of the transaction; otherwise TOC_OK with the table, NULL for one that is not there.
 */
static enum toc_err may_read(const struct toc_txn *txn, unsigned table, struct toc_str key,
                             struct table **out)
{
    TOC_ASSERT(table < txn->store->table_count);
    TOC_ASSERT(key.size <= TOC_KEY_MAX);
    *out = txn->store->tables[table];
    return txn->failed;
}

static enum toc_err may_write(struct toc_txn *txn, unsigned table, struct toc_str key,
                              struct table **out)
{
    TOC_ASSERT(txn->writable && txn->scans == 0);
    TOC_ASSERT(key.size > 0);
    end_loans(txn);
    return may_read(txn, table, key, out);
}

/* What the caller gets to see of a row: the row, or a copy that dies at the next write. */
static enum toc_err lend(struct toc_txn *txn, const struct row *row, struct toc_str *key,
                         struct toc_str *value)
{
    const char *bytes = row->bytes;
    if (LEND_COPIES) {
        const size_t size = (size_t)row->key_size + row->value_size;
        struct loan *loan = malloc(sizeof(*loan) + size);
        if (loan == NULL)
            return txn->failed = TOC_ERR_MEMORY;
        loan->next = txn->loans;
        loan->size = size;
        memcpy(loan->bytes, row->bytes, size);
        txn->loans = loan;
        bytes = loan->bytes;
    }
    *key = toc_str(bytes, row->key_size);
    *value = toc_str(bytes + row->key_size, row->value_size);
    return TOC_OK;
}

enum toc_err toc_get(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                     struct toc_str *out)
{
    struct table *table;
    struct toc_str out_key;
    TOC_ASSERT(key.size > 0);
    TOC_TRY(may_read(txn, table_index, key, &table));
    const struct row *row = table != NULL ? tree_get(table, key) : NULL;
    return row != NULL ? lend(txn, row, &out_key, out) : TOC_NONE;
}

/* Whether a put needs room that a full disk has not got. */
static bool grows(const struct table *table, struct toc_str key, struct toc_str value)
{
    const struct row *row = tree_get(table, key);
    return row == NULL || value.size > row->value_size;
}

static enum toc_err put_row(struct toc_txn *txn, struct table *table, struct toc_str key,
                            struct toc_str value)
{
    struct row *old;
    if (value.size > TOC_VALUE_MAX)
        return TOC_ERR_LIMIT;
    if (txn->store->disk->full && grows(table, key, value))
        return TOC_ERR_FULL;
    TOC_TRY(undo_room(txn));
    struct row *row = row_new(key, value);
    if (row == NULL)
        return TOC_ERR_MEMORY;
    enum toc_err err = tree_put(table, row, &old);
    if (err != TOC_OK) {
        free(row);
        return err;
    }
    txn->undo[txn->undo_count++] = (struct undo){table, old != NULL ? old : row, old == NULL};
    txn->holds_put = true;
    return TOC_OK;
}

enum toc_err toc_put(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                     struct toc_str value)
{
    struct table *table;
    TOC_TRY(may_write(txn, table_index, key, &table));
    return txn->failed = put_row(txn, table, key, value);
}

enum toc_err toc_append(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                        struct toc_str value)
{
    struct table *table;
    TOC_TRY(may_write(txn, table_index, key, &table));
    const struct leaf *last = table->last;
    TOC_ASSERT(last == NULL || toc_str_compare(row_key(last->rows[last->node.count - 1]), key) < 0);
    return txn->failed = put_row(txn, table, key, value);
}

enum toc_err toc_del(struct toc_txn *txn, unsigned table_index, struct toc_str key)
{
    struct table *table;
    TOC_TRY(may_write(txn, table_index, key, &table));
    enum toc_err err = undo_room(txn);
    if (err != TOC_OK)
        return txn->failed = err;
    struct row *row = tree_take(table, key);
    if (row == NULL)
        return TOC_NONE;
    txn->undo[txn->undo_count++] = (struct undo){table, row, false};
    return TOC_OK;
}

enum toc_err toc_count(struct toc_txn *txn, unsigned table_index, uint64_t *out)
{
    struct table *table;
    TOC_TRY(may_read(txn, table_index, TOC_STR(""), &table));
    *out = table != NULL ? table->count : 0;
    return TOC_OK;
}

static enum toc_err lend_place(struct toc_txn *txn, struct place place, struct toc_str *out_key,
                               struct toc_str *out_value)
{
    if (place.leaf == NULL)
        return TOC_NONE;
    return lend(txn, place.leaf->rows[place.at], out_key, out_value);
}

enum toc_err toc_first_at_least(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                                struct toc_str *out_key, struct toc_str *out_value)
{
    struct table *table;
    TOC_TRY(may_read(txn, table_index, key, &table));
    if (table == NULL)
        return TOC_NONE;
    return lend_place(txn, tree_seek(table, key), out_key, out_value);
}

enum toc_err toc_last_below(struct toc_txn *txn, unsigned table_index, struct toc_str key,
                            struct toc_str *out_key, struct toc_str *out_value)
{
    struct table *table;
    struct place place = {NULL, 0};
    TOC_TRY(may_read(txn, table_index, key, &table));
    if (table == NULL)
        return TOC_NONE;
    if (key.size > 0)
        place = tree_seek(table, key);
    return lend_place(txn, place_before(table, place), out_key, out_value);
}

enum toc_err toc_scan_open(struct toc_txn *txn, unsigned table_index, struct toc_str from_key,
                           struct toc_scan **out)
{
    struct table *table;
    TOC_TRY(may_read(txn, table_index, from_key, &table));
    struct toc_scan *scan = calloc(1, sizeof(*scan));
    if (scan == NULL)
        return txn->failed = TOC_ERR_MEMORY;
    scan->txn = txn;
    if (table != NULL)
        scan->place = tree_seek(table, from_key);
    txn->scans++;
    *out = scan;
    return TOC_OK;
}

enum toc_err toc_scan_next(struct toc_scan *scan, struct toc_str *out_key,
                           struct toc_str *out_value)
{
    TOC_TRY(scan->txn->failed);
    enum toc_err err = lend_place(scan->txn, scan->place, out_key, out_value);
    if (err == TOC_OK)
        scan->place = place_after(scan->place);
    return err;
}

void toc_scan_close(struct toc_scan *scan)
{
    if (scan == NULL)
        return;
    scan->txn->scans--;
    free(scan);
}
