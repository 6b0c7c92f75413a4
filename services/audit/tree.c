/*
 * SHA-256's own context lives on the stack: no fetch that can fail, nothing shared, no allocation.
 * OpenSSL 3 marks it deprecated in favour of EVP, which was no faster here, so this file asks for
 * the interface of 1.1.1.
 */
#define OPENSSL_API_COMPAT 10101

#include "services/audit/tree.h"

#include <assert.h>
#include <openssl/sha.h>

#define TILE_BITS 8 /* levels of the tree in one level of tiles */
#define ROW_KEY   9 /* u8 level ‖ u64be tile index */

static_assert(TREE_TILE_WIDTH == 1 << TILE_BITS, "a tile is a whole subtree");
static_assert(TREE_HASH == SHA256_DIGEST_LENGTH, "the tree's hash is SHA-256");
static_assert(sizeof(struct tree_hash) == TREE_HASH, "rows are arrays of hashes");
static_assert(TREE_SIZE_BITS <= TREE_LEVELS * TILE_BITS, "the tiles can hold the largest tree");
static_assert(TREE_SIZE_BITS < TREE_PATH_MAX, "a consistency proof has one hash more than a path");

struct tree_hash tree_leaf(struct toc_str entry)
{
    static const uint8_t prefix = 0x00;
    struct tree_hash out;
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, &prefix, sizeof(prefix));
    if (entry.size)
        SHA256_Update(&ctx, entry.data, entry.size);
    SHA256_Final(out.bytes, &ctx);
    return out;
}

struct tree_hash tree_node(const struct tree_hash *left, const struct tree_hash *right)
{
    static const uint8_t prefix = 0x01;
    struct tree_hash out;
    SHA256_CTX ctx;
    SHA256_Init(&ctx);
    SHA256_Update(&ctx, &prefix, sizeof(prefix));
    SHA256_Update(&ctx, left->bytes, TREE_HASH);
    SHA256_Update(&ctx, right->bytes, TREE_HASH);
    SHA256_Final(out.bytes, &ctx);
    return out;
}

/* The root of a whole subtree of `count` hashes, a power of two up to a tile's width. */
static struct tree_hash fold(const struct tree_hash *hashes, size_t count)
{
    struct tree_hash row[TREE_TILE_WIDTH / 2];
    if (count == 1)
        return hashes[0];
    for (size_t i = 0; i < count / 2; i++)
        row[i] = tree_node(&hashes[2 * i], &hashes[2 * i + 1]);
    for (count /= 2; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            row[i] = tree_node(&row[2 * i], &row[2 * i + 1]);
    return row[0];
}

/* Hashes that a tree of `size` leaves has at a level of tiles, partial tile included. */
static uint64_t hashes_at(uint64_t size, unsigned level)
{
    return size >> (TILE_BITS * level);
}

static struct toc_str row_key(uint8_t key[ROW_KEY], unsigned level, uint64_t index)
{
    key[0] = (uint8_t)level;
    toc_put_u64be(key + 1, index);
    return toc_str(key, ROW_KEY);
}

/* Lends the `width` hashes of a stored tile until the next write of `txn`. */
static enum toc_err get_tile(struct toc_txn *txn, unsigned table, unsigned level, uint64_t index,
                             size_t width, const struct tree_hash **out)
{
    uint8_t key[ROW_KEY];
    struct toc_str row;
    enum toc_err err = toc_get(txn, table, row_key(key, level, index), &row);
    if (err < 0)
        return err;
    if (err == TOC_NONE || row.size != width * TREE_HASH)
        return TOC_ERR_DAMAGED;
    *out = (const void *)row.data;
    return TOC_OK;
}

static enum toc_err put_tile(const struct tree *tree, struct toc_txn *txn, unsigned level,
                             uint64_t index)
{
    const struct tree_tile *tile = &tree->partial[level];
    uint8_t key[ROW_KEY];
    return toc_put(txn, tree->table, row_key(key, level, index),
                   toc_str(tile->hashes, tile->width * (size_t)TREE_HASH));
}

enum toc_err tree_open(struct tree *tree, struct toc_txn *txn, unsigned table, uint64_t size)
{
    if (size > TREE_SIZE_MAX)
        return TOC_ERR_DAMAGED;
    tree->table = table;
    tree->size = size;
    tree->saved_size = size;
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        struct tree_tile *tile = &tree->partial[level];
        uint64_t count = hashes_at(size, level);
        const struct tree_hash *hashes;
        tile->width = (unsigned)(count % TREE_TILE_WIDTH);
        if (tile->width == 0)
            continue;
        TOC_TRY(get_tile(txn, table, level, count / TREE_TILE_WIDTH, tile->width, &hashes));
        memcpy(tile->hashes, hashes, tile->width * sizeof(*hashes));
    }
    return TOC_OK;
}

enum toc_err tree_append(struct tree *tree, struct toc_txn *txn, const struct tree_hash *leaf)
{
    struct tree_hash hash = *leaf;
    if (tree->size >= TREE_SIZE_MAX)
        return TOC_ERR_LIMIT;
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        struct tree_tile *tile = &tree->partial[level];
        tile->hashes[tile->width++] = hash;
        if (tile->width < TREE_TILE_WIDTH)
            break;
        TOC_TRY(put_tile(tree, txn, level, hashes_at(tree->size, level) / TREE_TILE_WIDTH));
        hash = fold(tile->hashes, TREE_TILE_WIDTH);
        tile->width = 0;
    }
    tree->size++;
    return TOC_OK;
}

enum toc_err tree_save(struct tree *tree, struct toc_txn *txn)
{
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        uint64_t count = hashes_at(tree->size, level);
        if (tree->partial[level].width == 0 || count == hashes_at(tree->saved_size, level))
            continue;
        TOC_TRY(put_tile(tree, txn, level, count / TREE_TILE_WIDTH));
    }
    tree->saved_size = tree->size;
    return TOC_OK;
}

/* The hash of the whole subtree of 2^height leaves from leaf `index` << `height`. */
static enum toc_err node_at(const struct tree *tree, struct toc_txn *txn, unsigned height,
                            uint64_t index, struct tree_hash *out)
{
    unsigned level = height / TILE_BITS;
    unsigned fold_bits = height % TILE_BITS;
    uint64_t place = index << fold_bits;
    uint64_t tile = place / TREE_TILE_WIDTH;
    uint64_t count = hashes_at(tree->size, level);
    const struct tree_hash *hashes;

    TOC_ASSERT(place + (1u << fold_bits) <= count);
    if (tile == count / TREE_TILE_WIDTH)
        hashes = tree->partial[level].hashes;
    else
        TOC_TRY(get_tile(txn, tree->table, level, tile, TREE_TILE_WIDTH, &hashes));
    *out = fold(hashes + place % TREE_TILE_WIDTH, (size_t)1 << fold_bits);
    return TOC_OK;
}

/* Takes the last whole subtree off the leaves [from, *until). */
static enum toc_err take_last(const struct tree *tree, struct toc_txn *txn, uint64_t from,
                              uint64_t *until, struct tree_hash *out)
{
    unsigned height = (unsigned)__builtin_ctzll(*until - from);
    *until -= (uint64_t)1 << height;
    return node_at(tree, txn, height, *until >> height, out);
}

/*
 * The hash over leaves [from, until), where `from` is a multiple of a power of two that is at least
 * until - from. Such a range is whole subtrees of falling size; they fold from the right.
 */
static enum toc_err range_hash(const struct tree *tree, struct toc_txn *txn, uint64_t from,
                               uint64_t until, struct tree_hash *out)
{
    struct tree_hash sum, left;
    TOC_ASSERT(from < until);
    TOC_TRY(take_last(tree, txn, from, &until, &sum));
    while (until > from) {
        TOC_TRY(take_last(tree, txn, from, &until, &left));
        sum = tree_node(&left, &sum);
    }
    *out = sum;
    return TOC_OK;
}

enum toc_err tree_root(const struct tree *tree, struct toc_txn *txn, uint64_t size,
                       struct tree_hash *out)
{
    TOC_ASSERT(size <= tree->size);
    if (size > 0)
        return range_hash(tree, txn, 0, size, out);
    SHA256(NULL, 0, out->bytes);
    return TOC_OK;
}

/* Levels of the tree between a leaf and where its path joins that of the last leaf. */
static unsigned inner_levels(uint64_t index, uint64_t last)
{
    return index == last ? 0 : 64u - (unsigned)__builtin_clzll(index ^ last);
}

/*
 * Appends to `out` the siblings on the way from the subtree `index` of 2^height leaves up to the
 * root over `size` leaves: below the join with the last leaf's path each level has one, which the
 * end of the tree may cut; above it only the levels where our side is the right one.
 */
static enum toc_err path_from(const struct tree *tree, struct toc_txn *txn, uint64_t index,
                              unsigned height, uint64_t size, struct tree_hash *out, size_t *count)
{
    unsigned inner = inner_levels(index, (size - 1) >> height);
    for (unsigned i = 0; i < inner; i++, index >>= 1, height++) {
        uint64_t from = (index ^ 1) << height;
        uint64_t until = from + ((uint64_t)1 << height);
        TOC_ASSERT(*count < TREE_PATH_MAX);
        TOC_TRY(range_hash(tree, txn, from, until < size ? until : size, &out[*count]));
        ++*count;
    }
    for (; index != 0; index >>= 1, height++) {
        if (index % 2 == 0)
            continue;
        TOC_ASSERT(*count < TREE_PATH_MAX);
        TOC_TRY(node_at(tree, txn, height, index - 1, &out[*count]));
        ++*count;
    }
    return TOC_OK;
}

enum toc_err tree_inclusion(const struct tree *tree, struct toc_txn *txn, uint64_t index,
                            uint64_t size, struct tree_hash *out, size_t *out_count)
{
    size_t count = 0;
    TOC_ASSERT(index < size && size <= tree->size);
    TOC_TRY(path_from(tree, txn, index, 0, size, out, &count));
    *out_count = count;
    return TOC_OK;
}

enum toc_err tree_consistency(const struct tree *tree, struct toc_txn *txn, uint64_t old,
                              uint64_t size, struct tree_hash *out, size_t *out_count)
{
    size_t count = 0;
    TOC_ASSERT(old > 0 && old <= size && size <= tree->size);
    if (old < size) {
        unsigned height = (unsigned)__builtin_ctzll(old);
        uint64_t index = (old - 1) >> height;
        if (index != 0) /* else that subtree is the old tree, whose root the verifier has */
            TOC_TRY(node_at(tree, txn, height, index, &out[count++]));
        TOC_TRY(path_from(tree, txn, index, height, size, out, &count));
    }
    *out_count = count;
    return TOC_OK;
}

static bool same_hash(const struct tree_hash *a, const struct tree_hash *b)
{
    return memcmp(a->bytes, b->bytes, TREE_HASH) == 0;
}

/*
 * A way from a subtree to the root: `node` is its index at the present level, `last` the index of
 * the last subtree of that level.
 */
struct climb {
    uint64_t node;
    uint64_t last;
};

static void climb_one(struct climb *at)
{
    at->node >>= 1;
    at->last >>= 1;
}

/* Whether the next hash of a proof stands left of us; then skips the levels without a sibling. */
static bool climb_over(struct climb *at)
{
    bool left = at->node % 2 == 1 || at->node == at->last;
    while (left && at->node % 2 == 0 && at->node != 0)
        climb_one(at);
    climb_one(at);
    return left;
}

bool tree_verify_inclusion(uint64_t index, uint64_t size, const struct tree_hash *leaf,
                           const struct tree_hash *path, size_t count, const struct tree_hash *root)
{
    if (index >= size)
        return false;
    struct climb at = {.node = index, .last = size - 1};
    struct tree_hash sum = *leaf;
    for (size_t i = 0; i < count; i++) {
        if (at.last == 0)
            return false;
        sum = climb_over(&at) ? tree_node(&path[i], &sum) : tree_node(&sum, &path[i]);
    }
    return at.last == 0 && same_hash(&sum, root);
}

bool tree_verify_consistency(uint64_t old, uint64_t size, const struct tree_hash *old_root,
                             const struct tree_hash *root, const struct tree_hash *path,
                             size_t count)
{
    if (old == 0 || old > size)
        return false;
    if (old == size)
        return count == 0 && same_hash(old_root, root);
    struct climb at = {.node = old - 1, .last = size - 1};
    while (at.node % 2 == 1)
        climb_one(&at);
    size_t i = 0;
    if (at.node != 0 && count == 0)
        return false;
    /* Where the old tree is one whole subtree, the proof starts from its root. */
    struct tree_hash old_sum = at.node == 0 ? *old_root : path[i++];
    struct tree_hash sum = old_sum;
    for (; i < count; i++) {
        if (at.last == 0)
            return false;
        if (climb_over(&at)) {
            old_sum = tree_node(&path[i], &old_sum);
            sum = tree_node(&path[i], &sum);
        } else {
            sum = tree_node(&sum, &path[i]);
        }
    }
    return at.last == 0 && same_hash(&old_sum, old_root) && same_hash(&sum, root);
}
