#include "services/audit/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <sodium.h>

#define LEAVES 70000
#define SMALL  130 /* sizes up to here are tried without exception */

enum { TILES };

/* The leaves "leaf 0", "leaf 1", ... and a tree of all of them, made once. */
static struct tree_hash leaves[LEAVES];
static struct toc_store *big_store;
static struct tree big;

/*
 * The reference: RFC 6962, section 2.1, word for word, on an array of leaf hashes, with another
 * library's SHA-256. It shares no code with what it checks.
 */
static struct tree_hash ref_hash(const void *prefix, size_t prefix_size, const void *a,
                                 size_t a_size, const void *b, size_t b_size)
{
    struct tree_hash out;
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, prefix, prefix_size);
    crypto_hash_sha256_update(&hash, a, a_size);
    crypto_hash_sha256_update(&hash, b, b_size);
    crypto_hash_sha256_final(&hash, out.bytes);
    return out;
}

/* The largest power of two smaller than `n`. */
static uint64_t ref_split(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k)
        k *= 2;
    return k;
}

/* Ranges near the start and whole blocks of 256 are asked for again and again, so they are kept. */
struct ref_kept {
    bool known;
    struct tree_hash hash;
};
static struct ref_kept ref_small[SMALL + 1][SMALL + 1];
static struct ref_kept ref_blocks[LEAVES / 256];

static struct ref_kept *ref_place(uint64_t from, uint64_t until)
{
    if (until <= SMALL)
        return &ref_small[from][until];
    return from % 256 == 0 && until - from == 256 ? &ref_blocks[from / 256] : NULL;
}

static struct tree_hash ref_range(uint64_t from, uint64_t until)
{
    if (until == from)
        return ref_hash("", 0, "", 0, "", 0);
    if (until - from == 1)
        return leaves[from];
    struct ref_kept *place = ref_place(from, until);
    if (place != NULL && place->known)
        return place->hash;
    uint64_t middle = from + ref_split(until - from);
    struct tree_hash left = ref_range(from, middle), right = ref_range(middle, until);
    struct tree_hash out = ref_hash("\x01", 1, &left, sizeof(left), &right, sizeof(right));
    if (place != NULL)
        *place = (struct ref_kept){true, out};
    return out;
}

/* PATH(m, D[n]) of section 2.1.1; `index` and the range are absolute. */
static void ref_path(uint64_t index, uint64_t from, uint64_t until, struct tree_hash *out,
                     size_t *count)
{
    if (until - from <= 1)
        return;
    uint64_t middle = from + ref_split(until - from);
    if (index < middle) {
        ref_path(index, from, middle, out, count);
        out[(*count)++] = ref_range(middle, until);
    } else {
        ref_path(index, middle, until, out, count);
        out[(*count)++] = ref_range(from, middle);
    }
}

/* SUBPROOF(m, D[n], b) of section 2.1.2; `old` is absolute too. */
static void ref_subproof(uint64_t old, uint64_t from, uint64_t until, bool known,
                         struct tree_hash *out, size_t *count)
{
    if (old == until) {
        if (!known)
            out[(*count)++] = ref_range(from, until);
        return;
    }
    uint64_t middle = from + ref_split(until - from);
    if (old <= middle) {
        ref_subproof(old, from, middle, known, out, count);
        out[(*count)++] = ref_range(middle, until);
    } else {
        ref_subproof(old, middle, until, false, out, count);
        out[(*count)++] = ref_range(from, middle);
    }
}

/*
 * The way from a leaf to the root as letters: l and r say on which side the next hash stands. A
 * verifier cannot tell two sizes apart in which the way is the same.
 */
static void ref_way(uint64_t index, uint64_t size, char *out)
{
    if (size <= 1)
        return;
    uint64_t k = ref_split(size);
    bool left = index < k;
    ref_way(left ? index : index - k, left ? k : size - k, out);
    strcat(out, left ? "r" : "l");
}

static void ref_old_way(uint64_t old, uint64_t size, bool known, char *out)
{
    if (old == size) {
        strcat(out, known ? "old" : "first");
        return;
    }
    uint64_t k = ref_split(size);
    bool left = old <= k;
    ref_old_way(left ? old : old - k, left ? k : size - k, left && known, out);
    strcat(out, left ? "r" : "l");
}

/* SplitMix64: the same choices on every run. */
static uint64_t random_below(uint64_t limit)
{
    static uint64_t seed = 20240229;
    uint64_t z = (seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % limit;
}

static struct toc_store *open_store(const char *name)
{
    static const char *const tables[] = {"tiles"};
    const struct toc_store_config config = {
        .dir = name, .tables = tables, .table_count = 1, .map_bytes = (size_t)64 << 20};
    struct toc_store *store = NULL;
    assert_int_equal(toc_store_open(&config, &store), TOC_OK);
    return store;
}

static struct toc_txn *begin_write(struct toc_store *store)
{
    struct toc_txn *txn = NULL;
    assert_int_equal(toc_txn_begin_write(store, &txn), TOC_OK);
    return txn;
}

static struct toc_txn *begin_read(struct toc_store *store)
{
    struct toc_txn *txn = NULL;
    assert_int_equal(toc_txn_begin_read(store, &txn), TOC_OK);
    return txn;
}

static void append_until(struct tree *tree, struct toc_txn *txn, uint64_t size)
{
    while (tree->size < size)
        assert_int_equal(tree_append(tree, txn, &leaves[tree->size]), TOC_OK);
}

static int make_big_tree(void **state)
{
    (void)state;
    for (int i = 0; i < LEAVES; i++) {
        char text[32];
        snprintf(text, sizeof(text), "leaf %d", i);
        leaves[i] = tree_leaf(toc_str_of(text));
    }
    big_store = open_store("big");
    struct toc_txn *txn = begin_write(big_store);
    assert_int_equal(tree_open(&big, txn, TILES, 0), TOC_OK);
    append_until(&big, txn, LEAVES);
    assert_int_equal(tree_save(&big, txn), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);
    return 0;
}

static int drop_big_tree(void **state)
{
    (void)state;
    toc_store_close(big_store);
    return 0;
}

static void assert_hash(const struct tree_hash *hash, const char *hex)
{
    char got[2 * TREE_HASH + 1];
    toc_hex(got, hash->bytes, TREE_HASH);
    assert_string_equal(got, hex);
}

static struct tree_hash root_of(const struct tree *tree, struct toc_txn *txn, uint64_t size)
{
    struct tree_hash root;
    assert_int_equal(tree_root(tree, txn, size, &root), TOC_OK);
    return root;
}

static void leaves_and_nodes_hash_as_published(void **state)
{
    (void)state;
    struct tree_hash empty = tree_leaf(TOC_STR(""));
    assert_hash(&empty, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    struct tree_hash leaf = tree_leaf(TOC_STR("L123456"));
    assert_hash(&leaf, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    leaf = tree_leaf(toc_str(NULL, 0));
    assert_memory_equal(&leaf, &empty, sizeof(leaf));
    /* The vector's node has children of four bytes, a tree's are hashes: checked by its parts. */
    struct tree_hash odd = ref_hash("\x01", 1, "N123", 4, "N456", 4);
    assert_hash(&odd, "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
    struct tree_hash node = tree_node(&leaves[0], &leaves[1]);
    struct tree_hash expected = ref_hash("\x01", 1, &leaves[0], TREE_HASH, &leaves[1], TREE_HASH);
    assert_memory_equal(&node, &expected, sizeof(node));
    struct tree_hash swapped = tree_node(&leaves[1], &leaves[0]);
    assert_memory_not_equal(&node, &swapped, sizeof(node));
}

static void small_roots_are_as_published(void **state)
{
    static const char bytes[] = "\x00\x10\x20\x21\x30\x31\x40\x41\x42\x43PQRSTUVW`abcdefghijklmno";
    static const struct {
        size_t at, size;
    } entries[] = {{0, 0}, {0, 1}, {1, 1}, {2, 2}, {4, 2}, {6, 4}, {10, 8}, {18, 16}};
    static struct tree tree;
    (void)state;
    struct toc_store *store = open_store("published");
    struct toc_txn *txn = begin_write(store);
    assert_int_equal(tree_open(&tree, txn, TILES, 0), TOC_OK);
    struct tree_hash root = root_of(&tree, txn, 0);
    assert_hash(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < 8; i++) {
        struct tree_hash leaf = tree_leaf(toc_str(bytes + entries[i].at, entries[i].size));
        assert_int_equal(tree_append(&tree, txn, &leaf), TOC_OK);
    }
    root = root_of(&tree, txn, 3);
    assert_hash(&root, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    root = root_of(&tree, txn, 7);
    assert_hash(&root, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c");
    root = root_of(&tree, txn, 8);
    assert_hash(&root, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void roots_across_tiles_are_as_published(void **state)
{
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    struct tree_hash root = root_of(&big, txn, 257);
    assert_hash(&root, "855b936aa00cb98b5114484249ad39d78a6be93623e26c01e8e487dc02184a5a");
    root = root_of(&big, txn, 70000);
    assert_hash(&root, "da0532ff7b2ee56f4067110fc964e9f27b5959f9527bfff3fa501aa7584deaf3");
    toc_txn_abort(txn);
}

static void only_tiles_are_stored(void **state)
{
    uint64_t rows = 0;
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    assert_int_equal(toc_count(txn, TILES, &rows), TOC_OK);
    assert_int_equal(rows, 274 + 2 + 1); /* 70000 / 256, 273 / 256 and 1 / 256, rounded up */
    struct toc_str tile;
    assert_int_equal(toc_get(txn, TILES, TOC_STR("\0\0\0\0\0\0\0\0\0"), &tile), TOC_OK);
    assert_int_equal(tile.size, 256 * TREE_HASH);
    assert_memory_equal(tile.data, leaves, tile.size);
    assert_int_equal(toc_get(txn, TILES, TOC_STR("\2\0\0\0\0\0\0\0\0"), &tile), TOC_OK);
    struct tree_hash whole = ref_range(0, 65536);
    assert_int_equal(tile.size, TREE_HASH);
    assert_memory_equal(tile.data, &whole, TREE_HASH);
    toc_txn_abort(txn);
}

/* Makes an inclusion proof, compares it with the reference's and verifies it. */
static void check_inclusion(struct toc_txn *txn, uint64_t index, uint64_t size)
{
    struct tree_hash path[TREE_PATH_MAX], expected[TREE_PATH_MAX];
    size_t count = 99, expected_count = 0;
    assert_int_equal(tree_inclusion(&big, txn, index, size, path, &count), TOC_OK);
    ref_path(index, 0, size, expected, &expected_count);
    assert_int_equal(count, expected_count);
    assert_memory_equal(path, expected, count * TREE_HASH);
    struct tree_hash root = ref_range(0, size);
    assert_true(tree_verify_inclusion(index, size, &leaves[index], path, count, &root));
}

static void check_consistency(struct toc_txn *txn, uint64_t old, uint64_t size)
{
    struct tree_hash path[TREE_PATH_MAX], expected[TREE_PATH_MAX];
    size_t count = 99, expected_count = 0;
    assert_int_equal(tree_consistency(&big, txn, old, size, path, &count), TOC_OK);
    ref_subproof(old, 0, size, true, expected, &expected_count);
    assert_int_equal(count, expected_count);
    assert_memory_equal(path, expected, count * TREE_HASH);
    struct tree_hash old_root = ref_range(0, old), root = ref_range(0, size);
    assert_true(tree_verify_consistency(old, size, &old_root, &root, path, count));
}

static void every_proof_of_a_small_tree_is_the_reference(void **state)
{
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    for (uint64_t size = 1; size <= SMALL; size++) {
        struct tree_hash root = root_of(&big, txn, size), expected = ref_range(0, size);
        assert_memory_equal(&root, &expected, TREE_HASH);
        for (uint64_t index = 0; index < size; index++)
            check_inclusion(txn, index, size);
        for (uint64_t old = 1; old <= size; old++)
            check_consistency(txn, old, size);
    }
    toc_txn_abort(txn);
}

static void proofs_of_a_large_tree_are_the_reference(void **state)
{
    static const uint64_t edges[] = {1,   2,     255,   256,   257,   511,   512,
                                     513, 65535, 65536, 65537, 65792, 69999, LEAVES};
    const size_t count = sizeof(edges) / sizeof(edges[0]);
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    for (size_t i = 0; i < count; i++) {
        uint64_t size = edges[i];
        check_inclusion(txn, 0, size);
        check_inclusion(txn, size - 1, size);
        check_inclusion(txn, random_below(size), size);
        check_consistency(txn, edges[random_below(i + 1)], size);
    }
    for (int i = 0; i < 300; i++) {
        uint64_t size = 1 + random_below(LEAVES);
        check_inclusion(txn, random_below(size), size);
        check_consistency(txn, 1 + random_below(size), size);
    }
    toc_txn_abort(txn);
}

/* A proof and everything a verifier holds against it. */
struct claim {
    bool inclusion;
    uint64_t first; /* index, or old size */
    uint64_t size;
    struct tree_hash subject; /* leaf, or old root */
    struct tree_hash root;
    struct tree_hash path[TREE_PATH_MAX + 1];
    size_t count;
};

static bool holds(const struct claim *c)
{
    return c->inclusion
               ? tree_verify_inclusion(c->first, c->size, &c->subject, c->path, c->count, &c->root)
               : tree_verify_consistency(c->first, c->size, &c->subject, &c->root, c->path,
                                         c->count);
}

static struct claim inclusion_claim(struct toc_txn *txn, uint64_t index, uint64_t size)
{
    struct claim c = {.inclusion = true, .first = index, .size = size, .subject = leaves[index]};
    assert_int_equal(tree_inclusion(&big, txn, index, size, c.path, &c.count), TOC_OK);
    c.root = root_of(&big, txn, size);
    return c;
}

static struct claim consistency_claim(struct toc_txn *txn, uint64_t old, uint64_t size)
{
    struct claim c = {.first = old, .size = size, .subject = root_of(&big, txn, old)};
    assert_int_equal(tree_consistency(&big, txn, old, size, c.path, &c.count), TOC_OK);
    c.root = root_of(&big, txn, size);
    return c;
}

static bool same_way(const struct claim *a, const struct claim *b)
{
    char way_a[96] = "", way_b[96] = "";
    if (b->inclusion && b->first >= b->size)
        return false;
    if (!b->inclusion && (b->first == 0 || b->first > b->size))
        return false;
    if (a->inclusion) {
        ref_way(a->first, a->size, way_a);
        ref_way(b->first, b->size, way_b);
    } else {
        ref_old_way(a->first, a->size, true, way_a);
        ref_old_way(b->first, b->size, true, way_b);
    }
    return strcmp(way_a, way_b) == 0;
}

static const uint8_t masks[] = {0x01, 0x80, 0xff};

/* Flips every byte of `field`, which lies inside `c`, and expects a refusal each time. */
static void refuse_flips(struct claim *c, void *field, size_t size)
{
    uint8_t *bytes = field;
    for (size_t i = 0; i < size; i++) {
        for (size_t m = 0; m < sizeof(masks); m++) {
            bytes[i] ^= masks[m];
            assert_false(holds(c));
            bytes[i] ^= masks[m];
        }
    }
}

/* A flipped size is refused unless the proof is one for that size too; returns the refusals. */
static unsigned refuse_other_sizes(const struct claim *c)
{
    unsigned refused = 0;
    for (size_t i = 0; i < sizeof(c->size); i++) {
        for (size_t m = 0; m < sizeof(masks); m++) {
            struct claim other = *c;
            other.size ^= (uint64_t)masks[m] << (8 * i);
            assert_true(holds(&other) == same_way(c, &other));
            refused += !holds(&other);
        }
    }
    return refused;
}

static void refuse_everything_else(struct claim c)
{
    assert_true(holds(&c));
    refuse_flips(&c, &c.root, sizeof(c.root));
    refuse_flips(&c, &c.subject, sizeof(c.subject));
    refuse_flips(&c, &c.first, sizeof(c.first));
    refuse_flips(&c, c.path, c.count * TREE_HASH);
    /* Flips of the high bytes make sizes in which no proof is this short. */
    assert_true(refuse_other_sizes(&c) >= 6 * sizeof(masks));
    c.path[c.count++] = c.root; /* one hash too many */
    assert_false(holds(&c));
    if (c.count < 2)
        return;
    c.count -= 2; /* one too few */
    assert_false(holds(&c));
}

static void every_flipped_byte_is_refused(void **state)
{
    static const uint64_t sizes[] = {64, 65, 100, 129, 130, 256, 257, 65537, LEAVES};
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    for (uint64_t size = 1; size <= 20; size++) {
        for (uint64_t index = 0; index < size; index++)
            refuse_everything_else(inclusion_claim(txn, index, size));
        for (uint64_t old = 1; old <= size; old++)
            refuse_everything_else(consistency_claim(txn, old, size));
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int n = 0; n < 5; n++) {
            refuse_everything_else(inclusion_claim(txn, random_below(sizes[i]), sizes[i]));
            refuse_everything_else(consistency_claim(txn, 1 + random_below(sizes[i]), sizes[i]));
        }
    }
    toc_txn_abort(txn);
}

static void hashes_in_another_order_prove_nothing(void **state)
{
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    struct claim claims[] = {inclusion_claim(txn, 1000, LEAVES),
                             consistency_claim(txn, 1000, LEAVES)};
    for (size_t c = 0; c < 2; c++) {
        for (size_t i = 0; i + 1 < claims[c].count; i++) {
            struct claim other = claims[c];
            other.path[i] = claims[c].path[i + 1];
            other.path[i + 1] = claims[c].path[i];
            assert_false(holds(&other));
        }
    }
    toc_txn_abort(txn);
}

static void numbers_out_of_range_are_refused(void **state)
{
    const struct tree_hash hash = leaves[0];
    struct tree_hash path[TREE_PATH_MAX + 8] = {0};
    (void)state;
    assert_true(tree_verify_inclusion(0, 1, &hash, path, 0, &hash));
    assert_false(tree_verify_inclusion(0, 0, &hash, path, 0, &hash));
    assert_false(tree_verify_inclusion(1, 1, &hash, path, 0, &hash));
    assert_false(tree_verify_inclusion(UINT64_MAX, 1, &hash, path, 0, &hash));
    assert_true(tree_verify_consistency(1, 1, &hash, &hash, path, 0));
    assert_false(tree_verify_consistency(1, 1, &hash, &hash, path, 1));
    assert_false(tree_verify_consistency(0, 1, &hash, &hash, path, 0));
    assert_false(tree_verify_consistency(0, 0, &hash, &hash, path, 0));
    assert_false(tree_verify_consistency(2, 1, &hash, &hash, path, 0));
    assert_false(tree_verify_consistency(1, 2, &hash, &hash, path, 0));
    assert_false(tree_verify_consistency(3, 4, &hash, &hash, NULL, 0));
    for (size_t count = 0; count <= TREE_PATH_MAX + 8; count++) {
        assert_false(tree_verify_inclusion(5, UINT64_MAX, &hash, path, count, &hash));
        assert_false(tree_verify_consistency(5, UINT64_MAX, &hash, &hash, path, count));
        assert_false(
            tree_verify_consistency(UINT64_MAX - 1, UINT64_MAX, &hash, &hash, path, count));
    }
}

static void the_largest_size_still_verifies(void **state)
{
    struct tree_hash path[TREE_PATH_MAX];
    struct tree_hash first = leaves[0], last = leaves[0];
    (void)state;
    for (size_t i = 0; i < TREE_PATH_MAX; i++) {
        path[i] = leaves[i + 1];
        first = ref_hash("\x01", 1, &first, TREE_HASH, &path[i], TREE_HASH);
    }
    assert_true(tree_verify_inclusion(0, UINT64_MAX, &leaves[0], path, TREE_PATH_MAX, &first));
    assert_false(tree_verify_inclusion(1, UINT64_MAX, &leaves[0], path, TREE_PATH_MAX, &first));
    /* The last of 2^64 - 1 leaves has no sibling in the lowest level. */
    for (size_t i = 0; i + 1 < TREE_PATH_MAX; i++)
        last = ref_hash("\x01", 1, &path[i], TREE_HASH, &last, TREE_HASH);
    assert_true(tree_verify_inclusion(UINT64_MAX - 1, UINT64_MAX, &leaves[0], path,
                                      TREE_PATH_MAX - 1, &last));
}

static void a_forked_log_has_no_consistency_proof(void **state)
{
    static struct tree fork;
    const uint64_t changed = 300, size = 1000;
    (void)state;
    struct toc_store *store = open_store("fork");
    struct toc_txn *txn = begin_write(store), *read = begin_read(big_store);
    assert_int_equal(tree_open(&fork, txn, TILES, 0), TOC_OK);
    append_until(&fork, txn, changed);
    assert_int_equal(tree_append(&fork, txn, &leaves[0]), TOC_OK);
    append_until(&fork, txn, size);
    struct tree_hash root = root_of(&fork, txn, size);
    for (uint64_t old = 290; old < 310; old++) {
        struct tree_hash seen = root_of(&big, read, old), path[TREE_PATH_MAX];
        size_t count;
        assert_int_equal(tree_consistency(&fork, txn, old, size, path, &count), TOC_OK);
        assert_true(tree_verify_consistency(old, size, &seen, &root, path, count) ==
                    (old <= changed));
    }
    toc_txn_abort(read);
    toc_txn_abort(txn);
    toc_store_close(store);
}

/* One commit that takes the tree to `size`, then a fresh tree from what was stored. */
static void grow_and_reopen(struct toc_store *store, struct tree *tree, uint64_t size)
{
    static struct tree reopened;
    struct toc_txn *txn = begin_write(store);
    append_until(tree, txn, size);
    assert_int_equal(tree_save(tree, txn), TOC_OK);
    assert_int_equal(tree->saved_size, size);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);

    struct toc_txn *read = begin_read(store), *big_read = begin_read(big_store);
    memset(&reopened, 0xa5, sizeof(reopened));
    assert_int_equal(tree_open(&reopened, read, TILES, size), TOC_OK);
    assert_int_equal(reopened.saved_size, size);
    struct tree_hash root = root_of(&reopened, read, size);
    struct tree_hash expected = root_of(&big, big_read, size);
    assert_memory_equal(&root, &expected, TREE_HASH);
    if (size > 0) {
        uint64_t older = random_below(size);
        root = root_of(&reopened, read, older);
        expected = root_of(&big, big_read, older);
        assert_memory_equal(&root, &expected, TREE_HASH);
    }
    *tree = reopened;
    toc_txn_abort(big_read);
    toc_txn_abort(read);
}

static void a_reopened_tree_goes_on_from_any_size(void **state)
{
    static struct tree tree;
    uint64_t size = 0;
    (void)state;
    struct toc_store *store = open_store("reopened");
    struct toc_txn *txn = begin_write(store);
    assert_int_equal(tree_open(&tree, txn, TILES, 0), TOC_OK);
    toc_txn_abort(txn);
    for (; size <= 520; size++)
        grow_and_reopen(store, &tree, size);
    for (; size <= LEAVES - 3000; size += 1 + random_below(3000))
        grow_and_reopen(store, &tree, size);
    grow_and_reopen(store, &tree, LEAVES);
    toc_store_close(store);
}

static void crossing_the_third_level_survives_a_reopening(void **state)
{
    static struct tree tree;
    (void)state;
    struct toc_store *store = open_store("third");
    struct toc_txn *txn = begin_write(store);
    assert_int_equal(tree_open(&tree, txn, TILES, 0), TOC_OK);
    toc_txn_abort(txn);
    for (uint64_t size = 65534; size <= 65538; size++)
        grow_and_reopen(store, &tree, size);
    for (uint64_t size = 65791; size <= 65793; size++)
        grow_and_reopen(store, &tree, size);
    toc_store_close(store);
}

static void an_aborted_turn_leaves_the_stored_tree(void **state)
{
    static struct tree tree;
    (void)state;
    struct toc_store *store = open_store("aborted");
    struct toc_txn *txn = begin_write(store);
    assert_int_equal(tree_open(&tree, txn, TILES, 0), TOC_OK);
    append_until(&tree, txn, 250);
    assert_int_equal(tree_save(&tree, txn), TOC_OK);
    assert_int_equal(toc_txn_commit(txn), TOC_OK);

    txn = begin_write(store);
    append_until(&tree, txn, 600);
    assert_int_equal(tree_save(&tree, txn), TOC_OK);
    toc_txn_abort(txn);

    txn = begin_write(store);
    assert_int_equal(tree_open(&tree, txn, TILES, 600), TOC_ERR_DAMAGED);
    assert_int_equal(tree_open(&tree, txn, TILES, 250), TOC_OK);
    append_until(&tree, txn, 257);
    struct tree_hash root = root_of(&tree, txn, 257);
    assert_hash(&root, "855b936aa00cb98b5114484249ad39d78a6be93623e26c01e8e487dc02184a5a");
    toc_txn_abort(txn);
    toc_store_close(store);
}

static void tiles_of_another_size_are_no_tree(void **state)
{
    static struct tree tree;
    (void)state;
    struct toc_txn *txn = begin_read(big_store);
    assert_int_equal(tree_open(&tree, txn, TILES, LEAVES), TOC_OK);
    assert_int_equal(tree_open(&tree, txn, TILES, LEAVES - 1), TOC_ERR_DAMAGED);
    assert_int_equal(tree_open(&tree, txn, TILES, LEAVES + 1), TOC_ERR_DAMAGED);
    assert_int_equal(tree_open(&tree, txn, TILES, TREE_SIZE_MAX + 1), TOC_ERR_DAMAGED);
    assert_int_equal(tree_open(&tree, txn, TILES, UINT64_MAX), TOC_ERR_DAMAGED);
    toc_txn_abort(txn);
}

static void a_lost_tile_is_damage(void **state)
{
    static const char first_tile[] = "\0\0\0\0\0\0\0\0\0";
    struct tree_hash path[TREE_PATH_MAX], root;
    size_t count = 7;
    (void)state;
    struct toc_txn *txn = begin_write(big_store);
    assert_int_equal(toc_del(txn, TILES, TOC_STR(first_tile)), TOC_OK);
    assert_int_equal(tree_inclusion(&big, txn, 3, LEAVES, path, &count), TOC_ERR_DAMAGED);
    assert_int_equal(tree_consistency(&big, txn, 3, LEAVES, path, &count), TOC_ERR_DAMAGED);
    assert_int_equal(tree_root(&big, txn, 100, &root), TOC_ERR_DAMAGED);
    assert_int_equal(count, 7);
    assert_int_equal(tree_root(&big, txn, LEAVES, &root), TOC_OK); /* stands on higher tiles */
    assert_int_equal(toc_put(txn, TILES, TOC_STR(first_tile), TOC_STR("cut short")), TOC_OK);
    assert_int_equal(tree_inclusion(&big, txn, 3, LEAVES, path, &count), TOC_ERR_DAMAGED);
    toc_txn_abort(txn);
}

static void a_changed_tile_shows_in_the_proof(void **state)
{
    static uint8_t tile[256 * TREE_HASH];
    struct tree_hash path[TREE_PATH_MAX];
    size_t count;
    (void)state;
    struct toc_txn *txn = begin_write(big_store);
    struct tree_hash root = root_of(&big, txn, LEAVES);
    memcpy(tile, leaves, sizeof(tile));
    tile[2 * TREE_HASH + 5] ^= 0x10;
    assert_int_equal(
        toc_put(txn, TILES, TOC_STR("\0\0\0\0\0\0\0\0\0"), toc_str(tile, sizeof(tile))), TOC_OK);
    assert_int_equal(tree_inclusion(&big, txn, 200, LEAVES, path, &count), TOC_OK);
    assert_false(tree_verify_inclusion(200, LEAVES, &leaves[200], path, count, &root));
    toc_txn_abort(txn);
}

static void a_full_tree_takes_no_more(void **state)
{
    static const char top_tile[] = "\7\0\0\0\0\0\0\0\0";
    static struct tree tree;
    (void)state;
    struct toc_txn *txn = begin_write(big_store);
    /* 64 hashes in the highest tile are 2^62 leaves, and no other tile is partial. */
    assert_int_equal(
        toc_put(txn, TILES, TOC_STR(top_tile), toc_str(leaves, (size_t)64 * TREE_HASH)), TOC_OK);
    assert_int_equal(tree_open(&tree, txn, TILES, TREE_SIZE_MAX), TOC_OK);
    assert_int_equal(tree_append(&tree, txn, &leaves[0]), TOC_ERR_LIMIT);
    assert_true(tree.size == TREE_SIZE_MAX);
    struct tree_hash root = root_of(&tree, txn, TREE_SIZE_MAX), expected = ref_range(0, 64);
    assert_memory_equal(&root, &expected, TREE_HASH);
    assert_int_equal(
        toc_put(txn, TILES, TOC_STR(top_tile), toc_str(leaves, (size_t)65 * TREE_HASH)), TOC_OK);
    assert_int_equal(tree_open(&tree, txn, TILES, (uint64_t)65 << 56), TOC_ERR_DAMAGED);
    toc_txn_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_and_nodes_hash_as_published),
        cmocka_unit_test(small_roots_are_as_published),
        cmocka_unit_test(roots_across_tiles_are_as_published),
        cmocka_unit_test(only_tiles_are_stored),
        cmocka_unit_test(every_proof_of_a_small_tree_is_the_reference),
        cmocka_unit_test(proofs_of_a_large_tree_are_the_reference),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(hashes_in_another_order_prove_nothing),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(the_largest_size_still_verifies),
        cmocka_unit_test(a_forked_log_has_no_consistency_proof),
        cmocka_unit_test(a_reopened_tree_goes_on_from_any_size),
        cmocka_unit_test(crossing_the_third_level_survives_a_reopening),
        cmocka_unit_test(an_aborted_turn_leaves_the_stored_tree),
        cmocka_unit_test(tiles_of_another_size_are_no_tree),
        cmocka_unit_test(a_lost_tile_is_damage),
        cmocka_unit_test(a_changed_tile_shows_in_the_proof),
        cmocka_unit_test(a_full_tree_takes_no_more),
    };
    return cmocka_run_group_tests(tests, make_big_tree, drop_big_tree);
}
