#include "services/intake/vault/renew.h"

#include "common/exit_point.h"
#include "common/store_copy.h"
#include "services/intake/vault/internal.h"

#include <stdlib.h>

/* What a step does at most: it holds up the events that come meanwhile. */
#define STEP_ROWS  1024
#define STEP_BYTES ((size_t)512 << 10)

enum phase { NEW_KEK, REWRAP, COPY_CONTENT, COPY_KEYS, DESTROY, THROUGH };

struct vault_renewal {
    struct vault *vault;
    vault_expired_fn expired;
    void *arg;
    enum phase phase;
    struct toc_store *copy;     /* while copying */
    unsigned table;             /* being copied */
    uint8_t after[TOC_KEY_MAX]; /* key of the last row looked at in this table */
    size_t after_size;          /* 0: none yet */
    uint64_t last_subject;      /* whose keys were looked for last, and which are there */
    bool has[VAULT_KEYS_COUNT], has_known;
    struct vault_renewed counts;
};

enum toc_err vault_renew_begin(struct vault *vault, vault_expired_fn expired, void *arg,
                               struct vault_renewal **out)
{
    struct vault_renewal *renewal = calloc(1, sizeof(*renewal));
    if (renewal == NULL)
        return TOC_ERR_MEMORY;
    *renewal = (struct vault_renewal){.vault = vault, .expired = expired, .arg = arg};
    *out = renewal;
    return TOC_OK;
}

const struct vault_renewed *vault_renew_counts(const struct vault_renewal *renewal)
{
    return &renewal->counts;
}

/* Tables are copied from the last to the first: CONTENT_ROWS, which grows meanwhile, ends it. */
static void next_phase(struct vault_renewal *renewal)
{
    renewal->phase++;
    renewal->table = renewal->phase == COPY_CONTENT ? CONTENT_TABLES : KEYS_TABLES;
    renewal->table--;
    renewal->after_size = 0;
}

/* --- a place in a table ------------------------------------------------------------------------
 */

/* The least key above the last one looked at; empty before the first. */
static struct toc_str from_key(struct vault_renewal *renewal)
{
    if (renewal->after_size == 0)
        return toc_str("", 0);
    TOC_ASSERT(renewal->after_size < sizeof(renewal->after));
    renewal->after[renewal->after_size] = 0;
    return toc_str(renewal->after, renewal->after_size + 1);
}

static void remember(struct vault_renewal *renewal, struct toc_str key)
{
    TOC_ASSERT(key.size < sizeof(renewal->after));
    memcpy(renewal->after, key.data, key.size);
    renewal->after_size = key.size;
}

/* --- keys under the new KEK --------------------------------------------------------------------
 */

static enum toc_err wrap_again(struct vault *vault, unsigned table, struct toc_str name,
                               struct toc_str row)
{
    uint8_t key[TOC_SEAL_KEY], fresh[VAULT_WRAPPED];
    enum toc_err err = vault_unwrap(vault, name, row, key);
    if (err == TOC_OK) {
        vault_wrap(vault, name, key, fresh);
        err = vault_keys_put(vault, table, name, toc_str(fresh, sizeof(fresh)));
    }
    sodium_memzero(key, sizeof(key));
    return err;
}

/* TOC_NONE: the table is through. */
static enum toc_err rewrap_some(struct vault_renewal *renewal)
{
    struct vault *vault = renewal->vault;
    for (unsigned i = 0; i < STEP_ROWS; i++) {
        struct toc_str key, row;
        enum toc_err err =
            toc_first_at_least(vault->keys_txn, KEYS_KEYS, from_key(renewal), &key, &row);
        if (err != TOC_OK)
            return err;
        remember(renewal, key);
        if (row.size != VAULT_WRAPPED)
            return TOC_ERR_DAMAGED;
        if (toc_get_u32be(row.data) == vault->kek->number)
            continue;
        uint8_t copy[VAULT_WRAPPED];
        memcpy(copy, row.data, sizeof(copy));
        TOC_TRY(wrap_again(vault, KEYS_KEYS, toc_str(renewal->after, renewal->after_size),
                           toc_str(copy, sizeof(copy))));
        renewal->counts.keys++;
    }
    return TOC_OK;
}

static enum toc_err rewrap(struct vault_renewal *renewal)
{
    struct vault *vault = renewal->vault;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = rewrap_some(renewal);
    TOC_TRY(err);
    if (err == TOC_NONE) {
        TOC_TRY(vault_map_rewrap(vault));
        next_phase(renewal);
    }
    return vault_commit(vault);
}

/* --- content without what is erased ------------------------------------------------------------
 */

static enum toc_err look_for_keys(struct vault_renewal *renewal, uint64_t subject)
{
    uint8_t name[VAULT_KEY_NAME];
    struct toc_str row;
    toc_put_u64be(name, subject);
    for (unsigned group = 0; group < VAULT_KEYS_COUNT; group++) {
        name[8] = (uint8_t)group;
        enum toc_err err =
            toc_get(renewal->vault->keys_txn, KEYS_KEYS, toc_str(name, sizeof(name)), &row);
        TOC_TRY(err);
        renewal->has[group] = err == TOC_OK;
    }
    renewal->last_subject = subject;
    renewal->has_known = true;
    return TOC_OK;
}

static enum toc_err stays(struct vault_renewal *renewal, struct toc_str key, struct toc_str value,
                          bool *out)
{
    struct vault_row row;
    TOC_TRY(vault_row_read(key, value, &row));
    if (!renewal->has_known || renewal->last_subject != row.subject)
        TOC_TRY(look_for_keys(renewal, row.subject));
    bool erased = !renewal->has[vault_class_keys(row.class)];
    bool expired = !erased && renewal->expired != NULL && renewal->expired(renewal->arg, &row);
    renewal->counts.erased += erased;
    renewal->counts.expired += expired;
    *out = !erased && !expired;
    renewal->counts.kept += *out;
    return TOC_OK;
}

/* Rows of one transaction; whatever is above the log's end may still be taken back. TOC_NONE: the
 * table is through. */
static enum toc_err copy_rows(struct vault_renewal *renewal, struct toc_txn *from,
                              struct toc_txn *to, uint64_t last_seq)
{
    struct toc_scan *scan;
    struct toc_str key, row;
    size_t bytes = 0;
    enum toc_err err;
    bool content = renewal->phase == COPY_CONTENT && renewal->table == CONTENT_ROWS, kept = true;
    TOC_TRY(toc_scan_open(from, renewal->table, from_key(renewal), &scan));
    for (unsigned i = 0; i < STEP_ROWS && bytes < STEP_BYTES; i++) {
        if ((err = toc_scan_next(scan, &key, &row)) != TOC_OK)
            break;
        if (content && key.size >= 8 && toc_get_u64be(key.data) > last_seq) {
            err = TOC_NONE;
            break;
        }
        if (content && (err = stays(renewal, key, row, &kept)) != TOC_OK)
            break;
        if (kept && (err = toc_append(to, renewal->table, key, row)) != TOC_OK)
            break;
        remember(renewal, key);
        bytes += row.size;
    }
    toc_scan_close(scan);
    return err;
}

static enum toc_err copy_some(struct vault_renewal *renewal, struct toc_store *store,
                              uint64_t last_seq)
{
    struct toc_txn *from, *to;
    TOC_TRY(toc_txn_begin_read(store, &from));
    enum toc_err err = toc_txn_begin_write(renewal->copy, &to);
    if (err != TOC_OK) {
        toc_txn_abort(from);
        return err;
    }
    enum toc_err copied = copy_rows(renewal, from, to, last_seq);
    toc_txn_abort(from);
    if (copied < 0) {
        toc_txn_abort(to);
        return copied;
    }
    TOC_TRY(toc_txn_commit(to));
    return copied;
}

static enum toc_err begin_copy(struct vault_renewal *renewal, const struct toc_store_config *config)
{
    if (renewal->copy != NULL)
        return TOC_OK;
    TOC_TRY(toc_store_copy_begin(config, &renewal->copy));
    TOC_EXIT_POINT("renew_copy_begun");
    return TOC_OK;
}

static enum toc_err adopt(struct vault_renewal *renewal, const struct toc_store_config *config,
                          struct toc_store **store)
{
    struct toc_store *copy = renewal->copy;
    renewal->copy = NULL;
    TOC_TRY(toc_store_copy_adopt(config, copy, store));
    next_phase(renewal);
    return TOC_OK;
}

/* The subject whose keys are known may have been erased since the step before. */
static enum toc_err copy_content(struct vault_renewal *renewal, uint64_t last_seq)
{
    struct vault *vault = renewal->vault;
    TOC_TRY(begin_copy(renewal, &vault->content_config));
    renewal->has_known = false;
    TOC_TRY(vault_begin_keys(vault));
    enum toc_err err = copy_some(renewal, vault->content, last_seq);
    if (err < 0)
        return err;
    TOC_TRY(vault_commit(vault));
    if (err == TOC_OK)
        return TOC_OK;
    renewal->after_size = 0;
    return renewal->table-- > 0 ? TOC_OK : adopt(renewal, &vault->content_config, &vault->content);
}

/* --- keys in a fresh file ----------------------------------------------------------------------
 */

static enum toc_err copy_one(struct toc_txn *from, struct toc_txn *to,
                             const struct vault_touched *touched)
{
    struct toc_str key = toc_str(touched->key, touched->size), row;
    enum toc_err err = toc_get(from, touched->table, key, &row);
    if (err == TOC_OK)
        return toc_put(to, touched->table, key, row);
    if (err == TOC_NONE)
        err = toc_del(to, touched->table, key);
    return err < 0 ? err : TOC_OK;
}

/* What changed while it was copied. */
static enum toc_err catch_up(struct vault_renewal *renewal)
{
    const struct vault_touches *touches = &renewal->vault->touches;
    struct toc_txn *from, *to;
    TOC_TRY(toc_txn_begin_read(renewal->vault->keys, &from));
    enum toc_err err = toc_txn_begin_write(renewal->copy, &to);
    if (err == TOC_OK) {
        for (size_t i = 0; i < touches->count && err == TOC_OK; i++)
            err = copy_one(from, to, &touches->items[i]);
        if (err == TOC_OK)
            err = toc_txn_commit(to);
        else
            toc_txn_abort(to);
    }
    toc_txn_abort(from);
    return err;
}

static enum toc_err copy_keys(struct vault_renewal *renewal)
{
    struct vault *vault = renewal->vault;
    TOC_TRY(begin_copy(renewal, &vault->keys_config));
    vault->touches.wanted = true;
    enum toc_err err = copy_some(renewal, vault->keys, 0);
    if (err < 0)
        return err;
    if (err == TOC_OK)
        return TOC_OK;
    renewal->after_size = 0;
    if (renewal->table-- > 0)
        return TOC_OK;
    TOC_TRY(catch_up(renewal));
    vault_touches_end(vault);
    return adopt(renewal, &vault->keys_config, &vault->keys);
}

/* --- a step ------------------------------------------------------------------------------------
 */

/* A crash between the two leaves two KEKs, and the renewal begins again with the newer one. */
static enum toc_err new_kek(struct vault_renewal *renewal)
{
    if (!vault_is_renewing(renewal->vault))
        TOC_TRY(vault_kek_add(renewal->vault));
    TOC_EXIT_POINT("renew_new_kek");
    next_phase(renewal);
    return TOC_OK;
}

static enum toc_err destroy(struct vault_renewal *renewal)
{
    TOC_EXIT_POINT("renew_before_destroy");
    TOC_TRY(vault_keks_destroy_older(renewal->vault));
    TOC_EXIT_POINT("renew_destroyed");
    next_phase(renewal);
    return TOC_OK;
}

static enum toc_err step(struct vault_renewal *renewal, uint64_t last_seq)
{
    switch (renewal->phase) {
    case NEW_KEK:
        return new_kek(renewal);
    case REWRAP:
        return rewrap(renewal);
    case COPY_CONTENT:
        return copy_content(renewal, last_seq);
    case COPY_KEYS:
        return copy_keys(renewal);
    case DESTROY:
        return destroy(renewal);
    case THROUGH:
        return TOC_NONE;
    }
    return TOC_NONE;
}

/* Nothing of a turn is lost when a step has failed: none was open. */
enum toc_err vault_renew_step(struct vault_renewal *renewal, uint64_t last_seq)
{
    bool rests = vault_rest(renewal->vault);
    TOC_ASSERT(rests);
    enum toc_err err = step(renewal, last_seq);
    if (err < 0)
        vault_drop_keys(renewal->vault);
    return err;
}

void vault_renew_end(struct vault_renewal *renewal)
{
    if (renewal == NULL)
        return;
    struct vault *vault = renewal->vault;
    vault_touches_end(vault);
    if (renewal->copy != NULL) {
        const struct toc_store_config *config =
            renewal->phase == COPY_CONTENT ? &vault->content_config : &vault->keys_config;
        if (toc_store_copy_drop(config, renewal->copy) < 0)
            toc_log(TOC_LOG_WARNING, "copy_left", "dir=%s", config->dir);
    }
    free(renewal);
}
