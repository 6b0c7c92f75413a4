/*
 * Audit's step: record in, leaf out.
 *
 *   core.c   records, checkpoints        tree.c   the tiles        note.c   signed checkpoints
 *   leaf.c   a leaf's layout             ask.c    proofs and entries
 *
 * Tables: `tile`, see tree.h; `entry`, key u64be index -> leaf; `leaf_of`, key u64be log id ‖ u64be
 * seq -> u64be index. Meta rows: `tree` -> u64be size ‖ u64be instant from which leaves wait for a
 * checkpoint record; `note` -> the newest signed checkpoint.
 */
#include "services/audit/ask.h"

#include "common/plant.h"
#include "services/audit/leaf.h"

static const char *const tables[] = {"tile", "entry", "leaf_of"};
_Static_assert(sizeof(tables) / sizeof(tables[0]) == AUDIT_TABLE_END - TOC_TABLE_OWN,
               "one name per table");

#define TREE_ROW 16
static const struct toc_str tree_key = {"tree", 4};

/* --- the tree's rows ---------------------------------------------------------------------- */

static enum toc_err load_tree(struct toc_txn *txn, uint64_t *size, toc_time_ms *waits_ms)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, tree_key, &row);
    TOC_TRY(err);
    *size = 0;
    *waits_ms = TOC_TIME_NEVER;
    if (err == TOC_NONE)
        return TOC_OK;
    if (row.size != TREE_ROW)
        return TOC_ERR_DAMAGED;
    *size = toc_get_u64be(row.data);
    *waits_ms = (toc_time_ms)toc_get_u64be(row.data + 8);
    return TOC_OK;
}

static enum toc_err save_tree(struct audit *audit, struct toc_txn *txn)
{
    uint8_t row[TREE_ROW];
    TOC_TRY(tree_save(&audit->tree, txn));
    toc_put_u64be(row, audit->tree.size);
    toc_put_u64be(row + 8, (uint64_t)audit->waits_ms);
    return toc_put(txn, TOC_TABLE_META, tree_key, toc_str(row, sizeof(row)));
}

static enum toc_err check_last_note(struct audit *audit, struct toc_txn *txn)
{
    struct checkpoint last;
    struct tree_hash root;
    struct toc_str note;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, note_row_key, &note);
    if (err != TOC_OK)
        return err < 0 ? err : TOC_OK;
    TOC_TRY(checkpoint_verify(note, &audit->key, &last));
    if (last.size > audit->tree.size)
        return TOC_ERR_DAMAGED; /* rows of two backups: signing would fork the log */
    TOC_TRY(tree_root(&audit->tree, txn, last.size, &root));
    audit->signed_size = last.size;
    return memcmp(&root, &last.root, sizeof(root)) == 0 ? TOC_OK : TOC_ERR_DAMAGED;
}

static enum toc_err audit_open(void *self, const void *config, struct toc_turn *turn)
{
    struct audit *audit = self;
    uint64_t size;
    uint8_t nonce_key[TOC_SHA256];
    audit->config = config;
    TOC_TRY(note_key_from_seed(&audit->key, audit->config->origin, audit->config->seed));
    toc_hmac_sha256(nonce_key, toc_str(audit->config->seed, NOTE_SEED), TOC_STR("leaf nonce"));
    memcpy(audit->nonce_key, nonce_key, sizeof(audit->nonce_key));
    TOC_TRY(load_tree(turn->txn, &size, &audit->waits_ms));
    TOC_TRY(tree_open(&audit->tree, turn->txn, TABLE_TILE, size));
    return check_last_note(audit, turn->txn);
}

/* --- checkpoints -------------------------------------------------------------------------- */

static enum toc_err sign(struct audit *audit, struct toc_txn *txn, char note[NOTE_MAX],
                         size_t *out_size, struct tree_hash *out_root)
{
    struct checkpoint cp = {.size = audit->tree.size};
    TOC_ASSERT(cp.size >= audit->signed_size);
    toc_str_copy(cp.origin, sizeof(cp.origin), toc_str_of(audit->config->origin));
    TOC_TRY(tree_root(&audit->tree, txn, cp.size, &cp.root));
    TOC_TRY(checkpoint_sign(&cp, &audit->key, note, out_size));
    audit->signed_size = cp.size;
    *out_root = cp.root;
    return TOC_OK;
}

/* A checkpoint as a record of audit's own log; the tree's tiles have to be in the store for it. */
static enum toc_err record_checkpoint(struct toc_turn *turn)
{
    struct audit *audit = turn->self;
    Tocsin__V1__CheckpointSigned signed_ = TOCSIN__V1__CHECKPOINT_SIGNED__INIT;
    struct tree_hash root;
    char note[NOTE_MAX];
    size_t size;
    audit->waits_ms = TOC_TIME_NEVER;
    TOC_TRY(save_tree(audit, turn->txn));
    TOC_TRY(sign(audit, turn->txn, note, &size, &root));
    signed_.size = audit->tree.size;
    signed_.root = toc_wire_binary(toc_str(&root, sizeof(root)));
    signed_.note = toc_wire_binary(toc_str(note, size));
    struct toc_out out = {.type = TOCSIN__V1__RECORD_TYPE__CHECKPOINT_SIGNED,
                          .class_bit = TOC_CLASS_CONTROL,
                          .partition = TOC_PARTITION_ALL,
                          .at_ms = turn->log_ms == TOC_TIME_MIN ? 0 : turn->log_ms,
                          .message = &signed_};
    return toc_emit(turn, &out, NULL);
}

/* What is served is always signed: the note of the tree that this commit makes durable. */
static enum toc_err audit_settle(struct toc_turn *turn)
{
    struct audit *audit = turn->self;
    struct tree_hash root;
    char note[NOTE_MAX];
    size_t size;
    TOC_TRY(save_tree(audit, turn->txn));
    TOC_TRY(sign(audit, turn->txn, note, &size, &root));
    return toc_put(turn->txn, TOC_TABLE_META, note_row_key, toc_str(note, size));
}

/* --- leaves ------------------------------------------------------------------------------- */

static enum toc_err append(struct audit *audit, struct toc_turn *turn, const struct leaf *leaf)
{
    uint8_t entry[LEAF_MAX], index_key[8], source_key[16];
    size_t size;
    leaf_encode(leaf, entry, &size);
    toc_put_u64be(index_key, audit->tree.size);
    toc_put_u64be(source_key, leaf->log);
    toc_put_u64be(source_key + 8, leaf->seq);
    TOC_TRY(toc_append(turn->txn, TABLE_ENTRY, toc_str(index_key, sizeof(index_key)),
                       toc_str(entry, size)));
    TOC_TRY(toc_put(turn->txn, TABLE_LEAF_OF, toc_str(source_key, sizeof(source_key)),
                    toc_str(index_key, sizeof(index_key))));
    struct tree_hash hash = tree_leaf(toc_str(entry, size));
    return tree_append(&audit->tree, turn->txn, &hash);
}

static enum toc_err on_record(struct toc_turn *turn, const struct toc_event *ev)
{
    struct audit *audit = turn->self;
    const Tocsin__V1__Record *record = ev->record;
    struct leaf leaf = {.at_ms = record->at_ms,
                        .type = (uint32_t)record->type,
                        .log = ev->log_id,
                        .seq = record->seq};
    if (TOC_PLANTED(TOC_PLANT_LEAF_SKIPPED) && record->seq % 97 == 13)
        return TOC_OK;
    if (record->issue.len == TOC_ID)
        memcpy(leaf.issue, record->issue.data, TOC_ID);
    toc_sha256(leaf.record_hash, ev->bytes);
    leaf_nonce(audit->nonce_key, leaf.log, leaf.seq, leaf.nonce);
    TOC_TRY(append(audit, turn, &leaf));
    if (audit->tree.size % AUDIT_CHECKPOINT_LEAVES == 0)
        return record_checkpoint(turn);
    if (audit->waits_ms == TOC_TIME_NEVER) {
        audit->waits_ms = turn->log_ms + AUDIT_CHECKPOINT_MS;
        toc_wake_at(turn, audit->waits_ms);
    }
    return TOC_OK;
}

static enum toc_err audit_step(struct toc_turn *turn, const struct toc_event *ev)
{
    switch (ev->kind) {
    case TOC_EVENT_RECORD:
        return on_record(turn, ev);
    case TOC_EVENT_TIME:
        return record_checkpoint(turn);
    case TOC_EVENT_BEHIND:
    case TOC_EVENT_SUBMIT:
    case TOC_EVENT_OUTCOME:
    case TOC_EVENT_UPSTREAM:
        break;
    }
    TOC_BUG("an event that audit never gets");
}

/* The row as of the last settle: between two, toc_wake_at carries what changed. */
static enum toc_err next_due(struct toc_txn *txn, toc_time_ms *out)
{
    uint64_t size;
    return load_tree(txn, &size, out);
}

const struct toc_service audit_service = {
    .name = "audit",
    .tables = tables,
    .table_count = sizeof(tables) / sizeof(tables[0]),
    .takes_any = true,
    .time_source = TOC_TIME_OF_OWN_CLOCK,
    .rest_ms = 10,
    .self_bytes = sizeof(struct audit),
    .open = audit_open,
    .step = audit_step,
    .next_due = next_due,
    .settle = audit_settle,
    .ask = audit_ask,
};
