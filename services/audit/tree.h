/*
 * An append-only Merkle tree (RFC 6962) kept as tiles of 256 hashes in the store.
 *
 * leaf = SHA-256(00 ‖ entry), node = SHA-256(01 ‖ left ‖ right), empty = SHA-256(""). Row: key
 * u8 level ‖ u64be tile index, value 32·w bytes, w = 1..256 (C2SP tlog-tiles). The partial tile of
 * each level stays in memory, so an append reads nothing. Only audit's core, its program and the
 * verifier of the command line call this.
 *
 * The memory runs ahead of the store: after a failure, or when a transaction that appended is
 * aborted, the tree has to be opened again at the size that the store holds.
 */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include "common/store.h"

#define TREE_HASH       32
#define TREE_TILE_WIDTH 256
#define TREE_LEVELS     8  /* of tiles: 2^64 leaves */
#define TREE_PATH_MAX   64 /* hashes in a proof */

/* Leaves of the largest tree; below 2^64 so that no position overflows. */
#define TREE_SIZE_BITS 62
#define TREE_SIZE_MAX  ((uint64_t)1 << TREE_SIZE_BITS)

struct tree_hash {
    uint8_t bytes[TREE_HASH];
};

struct tree_tile {
    unsigned width; /* hashes in it, 0..255: a full tile is stored and emptied */
    struct tree_hash hashes[TREE_TILE_WIDTH];
};

struct tree {
    unsigned table; /* of the store */
    uint64_t size;  /* leaves */
    struct tree_tile partial[TREE_LEVELS];
    uint64_t saved_size; /* leaves that the store holds */
};

struct tree_hash tree_leaf(struct toc_str entry);
struct tree_hash tree_node(const struct tree_hash *left, const struct tree_hash *right);

/*
 * Loads the partial tiles of a tree of `size` leaves, the size that was committed with them.
 * TOC_ERR_DAMAGED when one is missing or of another width, so that tiles and size of two different
 * commits are not taken for a tree. The content of `*tree` is undefined on failure.
 */
TOC_MUST enum toc_err tree_open(struct tree *tree, struct toc_txn *txn, unsigned table,
                                uint64_t size);

/*
 * Appends a leaf hash; full tiles are put at once, partial ones by tree_save. TOC_ERR_LIMIT at
 * TREE_SIZE_MAX.
 */
TOC_MUST enum toc_err tree_append(struct tree *tree, struct toc_txn *txn,
                                  const struct tree_hash *leaf);

/* Puts the partial tiles. Call before the commit of every turn that appended. */
TOC_MUST enum toc_err tree_save(struct tree *tree, struct toc_txn *txn);

/*
 * Reads. They take a transaction that sees every append so far, and answer TOC_ERR_DAMAGED when a
 * tile is not there or not whole. A size or an index out of range is a bug: check what a peer sent.
 */

/* The root over the first `size` leaves, size <= tree's. */
TOC_MUST enum toc_err tree_root(const struct tree *tree, struct toc_txn *txn, uint64_t size,
                                struct tree_hash *out);

/*
 * Inclusion proof of leaf `index` in the tree of its first `size` leaves, index < size <= tree's.
 * `out` has room for TREE_PATH_MAX.
 */
TOC_MUST enum toc_err tree_inclusion(const struct tree *tree, struct toc_txn *txn, uint64_t index,
                                     uint64_t size, struct tree_hash *out, size_t *out_count);

/* Consistency proof between two sizes, 0 < old <= size <= tree's; empty when they are equal. */
TOC_MUST enum toc_err tree_consistency(const struct tree *tree, struct toc_txn *txn, uint64_t old,
                                       uint64_t size, struct tree_hash *out, size_t *out_count);

/*
 * Verification (RFC 9162, 2.1.3.2 and 2.1.4.2); pure, takes any numbers. Size and root belong
 * together only by the checkpoint that signs both: a proof whose way to the root is the same in a
 * tree of another size (leaf 0 of 3 and of 4, say) verifies with that size too.
 */
bool tree_verify_inclusion(uint64_t index, uint64_t size, const struct tree_hash *leaf,
                           const struct tree_hash *path, size_t count,
                           const struct tree_hash *root);
bool tree_verify_consistency(uint64_t old, uint64_t size, const struct tree_hash *old_root,
                             const struct tree_hash *root, const struct tree_hash *path,
                             size_t count);

#endif
