#include "services/audit/ask.h"

#include "common/answer.h"

#define LEAVES_MAX 4000 /* entries in one answer */

static enum toc_err refuse(Tocsin__V1__Answer *answer, const char *detail)
{
    answer->reason = TOCSIN__V1__REFUSE_REASON__REFUSE_BAD_VALUE;
    answer->detail = toc_wire_text(detail);
    return TOC_OK;
}

static enum toc_err one_row(struct toc_arena *arena, const void *message,
                            Tocsin__V1__Answer *answer)
{
    struct toc_str row;
    TOC_TRY(toc_wire_pack(arena, message, &row));
    TOC_TRY(toc_answer_begin(arena, 1, answer));
    return toc_answer_add(arena, row, answer);
}

/* A proof's hashes as the repeated bytes of a message. */
static enum toc_err hashes_of(struct toc_arena *arena, const struct tree_hash *path, size_t count,
                              ProtobufCBinaryData **out)
{
    ProtobufCBinaryData *list = toc_arena_take(arena, (count + 1) * sizeof(*list));
    if (list == NULL)
        return TOC_ERR_LIMIT;
    for (size_t i = 0; i < count; i++)
        list[i] = toc_wire_binary(toc_str(path[i].bytes, TREE_HASH));
    *out = list;
    return TOC_OK;
}

/* The newest signed checkpoint. TOC_NONE before the first. */
static enum toc_err newest_note(const struct audit *audit, struct toc_txn *txn,
                                struct toc_arena *arena, struct checkpoint *out,
                                struct toc_str *out_note)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, note_row_key, &row);
    if (err != TOC_OK)
        return err;
    char *copy = toc_arena_copy(arena, row);
    if (copy == NULL)
        return TOC_ERR_LIMIT;
    *out_note = toc_str(copy, row.size);
    return checkpoint_verify(*out_note, &audit->key, out);
}

static enum toc_err answer_leaf(const struct audit *audit, struct toc_txn *txn,
                                struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                                Tocsin__V1__Answer *answer)
{
    Tocsin__V1__LeafAnswer leaf = TOCSIN__V1__LEAF_ANSWER__INIT;
    struct tree_hash path[TREE_PATH_MAX];
    struct toc_str index, entry, note;
    struct checkpoint cp;
    uint8_t key[16];
    toc_put_u64be(key, ask->log_id);
    toc_put_u64be(key + 8, ask->seq);
    enum toc_err err = toc_get(txn, TABLE_LEAF_OF, toc_str(key, sizeof(key)), &index);
    TOC_TRY(err);
    if (err == TOC_NONE)
        return refuse(answer, "audit has no leaf of that record (yet)");
    leaf.index = toc_get_u64be(index.data);
    err = toc_get(txn, TABLE_ENTRY, index, &entry);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    leaf.entry = toc_wire_binary(entry);
    err = newest_note(audit, txn, arena, &cp, &note);
    TOC_TRY(err);
    if (err == TOC_NONE || leaf.index >= cp.size)
        return refuse(answer, "no checkpoint covers that leaf yet: try again");
    TOC_TRY(tree_inclusion(&audit->tree, txn, leaf.index, cp.size, path, &leaf.n_path));
    TOC_TRY(hashes_of(arena, path, leaf.n_path, &leaf.path));
    leaf.size = cp.size;
    leaf.note = toc_wire_binary(note);
    return one_row(arena, &leaf, answer);
}

static enum toc_err answer_tree(const struct audit *audit, struct toc_txn *txn,
                                struct toc_arena *arena, const Tocsin__V1__Ask *ask,
                                Tocsin__V1__Answer *answer)
{
    Tocsin__V1__TreeAnswer tree = TOCSIN__V1__TREE_ANSWER__INIT;
    struct tree_hash path[TREE_PATH_MAX];
    struct checkpoint cp = {0};
    struct toc_str note;
    char verifier[256];
    enum toc_err err = newest_note(audit, txn, arena, &cp, &note);
    TOC_TRY(err);
    if (err == TOC_OK) {
        tree.note = toc_wire_binary(note);
        tree.root = toc_wire_binary(toc_str(cp.root.bytes, TREE_HASH));
    }
    tree.size = cp.size;
    tree.note_size = cp.size;
    if (ask->size > cp.size)
        return refuse(answer, "the tree was never that large: is this another or an older one?");
    if (ask->size != 0) {
        TOC_TRY(tree_consistency(&audit->tree, txn, ask->size, cp.size, path, &tree.n_path));
        TOC_TRY(hashes_of(arena, path, tree.n_path, &tree.path));
    }
    note_key_verifier(&audit->key, verifier, sizeof(verifier));
    tree.verifier_key = verifier;
    return one_row(arena, &tree, answer);
}

static enum toc_err list_leaves(struct toc_scan *scan, struct toc_arena *arena,
                                Tocsin__V1__Answer *answer)
{
    struct toc_str key, entry;
    enum toc_err err;
    while ((err = toc_scan_next(scan, &key, &entry)) == TOC_OK) {
        if (answer->n_rows == LEAVES_MAX)
            return toc_answer_next(arena, key, answer);
        TOC_TRY(toc_answer_add(arena, entry, answer));
    }
    return err < 0 ? err : TOC_OK;
}

static enum toc_err answer_leaves(struct toc_txn *txn, struct toc_arena *arena,
                                  const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    struct toc_scan *scan;
    uint8_t key[8];
    toc_put_u64be(key, ask->seq);
    TOC_TRY(toc_answer_begin(arena, LEAVES_MAX, answer));
    struct toc_str from =
        ask->after.len == 8 ? toc_wire_bytes(&ask->after) : toc_str(key, sizeof(key));
    TOC_TRY(toc_scan_open(txn, TABLE_ENTRY, from, &scan));
    enum toc_err err = list_leaves(scan, arena, answer);
    toc_scan_close(scan);
    return err;
}

enum toc_err audit_ask(void *self, struct toc_txn *txn, struct toc_arena *arena,
                       const Tocsin__V1__Ask *ask, Tocsin__V1__Answer *answer)
{
    switch ((int)ask->what) {
    case TOCSIN__V1__ASK__WHAT__LEAF:
        return answer_leaf(self, txn, arena, ask, answer);
    case TOCSIN__V1__ASK__WHAT__TREE:
        return answer_tree(self, txn, arena, ask, answer);
    case TOCSIN__V1__ASK__WHAT__LEAVES:
        return answer_leaves(txn, arena, ask, answer);
    default:
        return refuse(answer, "audit answers STATUS, LEAF, TREE and LEAVES");
    }
}
