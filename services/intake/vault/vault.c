#include "services/intake/vault/internal.h"

#include "common/exit_point.h"

#include <stdlib.h>

#define CONTENT_BYTES ((size_t)1 << 38)
#define KEYS_BYTES    ((size_t)1 << 35)

static const char *const content_tables[CONTENT_TABLES] = {"content", "meta"};
static const char *const keys_tables[KEYS_TABLES] = {"people", "subjects",   "keys", "listed",
                                                     "meta",   "pseudonyms", "later"};

/* --- classes -----------------------------------------------------------------------------------
 */

static const struct {
    const char *text;
    enum vault_keys keys;
    bool named;
} classes[] = {
#define CLASS_ROW(name, text, keys, named) {text, keys, named},
    VAULT_CLASS_LIST(CLASS_ROW)
#undef CLASS_ROW
};

const char *vault_class_name(enum vault_class class)
{
    return class < VAULT_CLASS_COUNT ? classes[class].text : NULL;
}

enum vault_class vault_class_find(const char *name)
{
    unsigned class = 0;
    while (class < VAULT_CLASS_COUNT && strcmp(classes[class].text, name) != 0)
        class ++;
    return (enum vault_class) class;
}

enum vault_keys vault_class_keys(enum vault_class class)
{
    TOC_ASSERT(class < VAULT_CLASS_COUNT);
    return classes[class].keys;
}

bool vault_class_is_named(enum vault_class class)
{
    TOC_ASSERT(class < VAULT_CLASS_COUNT);
    return classes[class].named;
}

/* --- life --------------------------------------------------------------------------------------
 */

static enum toc_err open_stores(const struct vault_config *config, struct vault *vault)
{
    vault->content_config = (struct toc_store_config){
        .dir = config->content_dir,
        .tables = content_tables,
        .table_count = CONTENT_TABLES,
        .map_bytes = config->map_bytes != 0 ? config->map_bytes : CONTENT_BYTES};
    vault->keys_config = (struct toc_store_config){
        .dir = config->keys_dir,
        .tables = keys_tables,
        .table_count = KEYS_TABLES,
        .map_bytes = config->map_bytes != 0 ? config->map_bytes : KEYS_BYTES};
    TOC_TRY(toc_store_open(&vault->content_config, &vault->content));
    return toc_store_open(&vault->keys_config, &vault->keys);
}

static enum toc_err open_vault(const struct vault_config *config, uint64_t log_id,
                               struct vault *vault)
{
    vault->secrets = sodium_malloc(sizeof(*vault->secrets));
    if (vault->secrets == NULL)
        return TOC_ERR_MEMORY;
    sodium_memzero(vault->secrets, sizeof(*vault->secrets));
    TOC_TRY(vault_indexes_init(vault, config->waiting_max));
    vault->kek_dir = config->kek_dir;
    TOC_TRY(vault_keks_load(config->kek_dir, vault->secrets));
    vault->kek = vault_kek_newest(vault->secrets);
    TOC_TRY(open_stores(config, vault));
    TOC_TRY(vault_content_claim(vault, log_id));
    TOC_TRY(vault_content_trim(vault));
    TOC_TRY(vault_map_load(vault));
    TOC_TRY(vault_commit(vault));
    return vault_pseudonyms_load(vault);
}

enum toc_err vault_open(const struct vault_config *config, uint64_t log_id, uint64_t last_seq,
                        struct vault **out)
{
    struct vault *vault = calloc(1, sizeof(*vault));
    if (vault == NULL)
        return TOC_ERR_MEMORY;
    vault->stale = true;
    vault->last_seq = last_seq;
    enum toc_err err = open_vault(config, log_id, vault);
    if (err < 0) {
        toc_log(TOC_LOG_ALARM, "vault_failed", "content=%s keys=%s kek=%s why=\"%s\"",
                config->content_dir, config->keys_dir, config->kek_dir, toc_err_text(err));
        vault_close(vault);
        return err;
    }
    *out = vault;
    return TOC_OK;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL)
        return;
    vault_end_reading(vault);
    toc_txn_abort(vault->content_txn);
    toc_txn_abort(vault->keys_txn);
    toc_store_close(vault->content);
    toc_store_close(vault->keys);
    vault_touches_end(vault);
    vault_indexes_done(vault);
    sodium_free(vault->secrets);
    free(vault);
}

/* --- a turn ------------------------------------------------------------------------------------
 */

void vault_end_reading(struct vault *vault)
{
    toc_txn_abort(vault->reading);
    vault->reading = NULL;
}

enum toc_err vault_begin_content(struct vault *vault)
{
    vault_end_reading(vault);
    return vault->content_txn != NULL ? TOC_OK
                                      : toc_txn_begin_write(vault->content, &vault->content_txn);
}

enum toc_err vault_begin_keys(struct vault *vault)
{
    if (vault->keys_txn == NULL)
        TOC_TRY(toc_txn_begin_write(vault->keys, &vault->keys_txn));
    return vault->index_lost ? vault_indexes_load(vault) : TOC_OK;
}

size_t vault_waiting(const struct vault *vault)
{
    return vault->waiting;
}

/* Keys that were only looked at need no commit. */
static enum toc_err commit_keys(struct vault *vault)
{
    if (!vault->keys_changed) {
        vault_drop_keys(vault);
        return TOC_OK;
    }
    TOC_TRY(vault_next_save(vault));
    TOC_TRY(vault_indexes_save(vault));
    enum toc_err err = toc_txn_commit(vault->keys_txn);
    vault->keys_txn = NULL;
    vault->keys_changed = vault->erasing = false;
    vault->index_lost = err < 0;
    return err;
}

enum toc_err vault_commit(struct vault *vault)
{
    if (vault->stale)
        TOC_TRY(vault_content_trim(vault));
    TOC_TRY(commit_keys(vault));
    TOC_EXIT_POINT("after_keys");
    struct toc_txn *txn = vault->content_txn;
    vault->content_txn = NULL;
    vault->waiting = 0;
    if (txn != NULL)
        TOC_TRY(toc_txn_commit(txn));
    TOC_EXIT_POINT("after_content");
    return TOC_OK;
}

bool vault_rest(struct vault *vault)
{
    if (vault->content_txn != NULL || vault->keys_changed)
        return false;
    vault_end_reading(vault);
    vault_drop_keys(vault);
    return true;
}

void vault_drop_keys(struct vault *vault)
{
    toc_txn_abort(vault->keys_txn);
    vault->keys_txn = NULL;
    vault->index_lost = vault->index_lost || vault->keys_changed;
    vault->keys_changed = vault->erasing = false;
}

toc_time_ms vault_renewed_ms(const struct vault *vault)
{
    return vault->kek->made_ms;
}

bool vault_is_renewing(const struct vault *vault)
{
    return vault_kek_count(vault->secrets) > 1;
}

void vault_abandon(struct vault *vault, uint64_t last_seq)
{
    vault_end_reading(vault);
    toc_txn_abort(vault->content_txn);
    vault->content_txn = NULL;
    vault_drop_keys(vault);
    vault->waiting = 0;
    vault->stale = true; /* the content may have been committed, and the log not */
    vault->last_seq = last_seq;
    vault_forget(vault);
}
