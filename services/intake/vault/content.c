#include "services/intake/vault/internal.h"

#define ROW_KEY   10 /* u64be seq ‖ u16be segment */
#define TRIM_ROWS 200

static const struct toc_str log_key = {"log", 3};

/* --- whose content it is -----------------------------------------------------------------------
 */

enum toc_err vault_content_claim(struct vault *vault, uint64_t log_id)
{
    uint8_t mine[8];
    struct toc_str row;
    toc_put_u64be(mine, log_id);
    TOC_TRY(vault_begin_content(vault));
    enum toc_err err = toc_get(vault->content_txn, CONTENT_META, log_key, &row);
    if (err == TOC_NONE)
        return toc_put(vault->content_txn, CONTENT_META, log_key, toc_str(mine, sizeof(mine)));
    TOC_TRY(err);
    if (toc_str_equal(row, toc_str(mine, sizeof(mine))))
        return TOC_OK;
    toc_log(TOC_LOG_ALARM, "vault_of_another_log", "log=%016llx", (unsigned long long)log_id);
    return TOC_ERR_CONFIG;
}

/* Whatever is above the log's end belongs to events that never were. */
enum toc_err vault_content_trim(struct vault *vault)
{
    uint8_t from[8];
    struct toc_str key, value;
    enum toc_err err;
    toc_put_u64be(from, vault->last_seq + 1);
    do {
        size_t deleted = 0;
        TOC_TRY(vault_begin_content(vault));
        while (deleted < TRIM_ROWS &&
               (err = toc_first_at_least(vault->content_txn, CONTENT_ROWS,
                                         toc_str(from, sizeof(from)), &key, &value)) == TOC_OK) {
            uint8_t copy[ROW_KEY];
            TOC_ASSERT(key.size == ROW_KEY);
            memcpy(copy, key.data, sizeof(copy));
            TOC_TRY(toc_del(vault->content_txn, CONTENT_ROWS, toc_str(copy, sizeof(copy))));
            deleted++;
        }
        TOC_TRY(err);
        struct toc_txn *txn = vault->content_txn;
        vault->content_txn = NULL;
        TOC_TRY(toc_txn_commit(txn));
    } while (err == TOC_OK);
    vault->stale = false;
    return TOC_OK;
}

/* --- rows --------------------------------------------------------------------------------------
 */

static struct toc_str row_key(uint8_t out[ROW_KEY], uint64_t seq, uint16_t segment)
{
    toc_put_u64be(out, seq);
    toc_put_u16be(out + 8, segment);
    return toc_str(out, ROW_KEY);
}

enum toc_err vault_put(struct vault *vault, const struct vault_row *row, uint8_t *bytes,
                       size_t size)
{
    uint8_t key[ROW_KEY];
    if (vault->stale)
        TOC_TRY(vault_content_trim(vault));
    TOC_TRY(vault_begin_content(vault));
    bytes[0] = (uint8_t)row->class;
    toc_put_u64be(bytes + 1, row->subject);
    toc_put_u64be(bytes + 9, (uint64_t)row->at_ms);
    vault->waiting += size;
    return toc_append(vault->content_txn, CONTENT_ROWS, row_key(key, row->seq, row->segment),
                      toc_str(bytes, size));
}

enum toc_err vault_row_read(struct toc_str key, struct toc_str value, struct vault_row *out)
{
    if (key.size != ROW_KEY || value.size < VAULT_HEADER ||
        (uint8_t)value.data[0] >= VAULT_CLASS_COUNT)
        return TOC_ERR_DAMAGED;
    *out =
        (struct vault_row){.seq = toc_get_u64be(key.data),
                           .segment = (uint16_t)((uint8_t)key.data[8] << 8 | (uint8_t)key.data[9]),
                           .class = (enum vault_class)(uint8_t)value.data[0],
                           .subject = toc_get_u64be(value.data + 1),
                           .at_ms = (toc_time_ms)toc_get_u64be(value.data + 9)};
    return TOC_OK;
}

enum toc_err vault_get(struct vault *vault, uint64_t seq, uint16_t segment, struct vault_row *out,
                       struct toc_str *sealed)
{
    uint8_t from[ROW_KEY];
    struct toc_str key, value;
    vault_end_reading(vault);
    TOC_TRY(toc_txn_begin_read(vault->content, &vault->reading));
    enum toc_err err =
        toc_first_at_least(vault->reading, CONTENT_ROWS, row_key(from, seq, segment), &key, &value);
    if (err != TOC_OK)
        return err;
    TOC_TRY(vault_row_read(key, value, out));
    if (out->seq != seq)
        return TOC_NONE;
    *sealed = toc_str_from(value, VAULT_HEADER);
    return TOC_OK;
}
