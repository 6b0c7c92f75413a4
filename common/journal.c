#include "common/journal.h"

#include "common/crc32c.h"
#include "common/turn.h"

#define HEADER_BYTES 40 /* hash, CRC, partition, class, reserved */
#define AT_CRC       32
#define AT_PARTITION 36
#define AT_CLASS     37
#define VALUE_ROOM   (TOC_VALUE_GOOD + TOC_WIRE_FIELD_OVERHEAD) /* to pack into */

/* Meta row "log": log id ‖ first seq ‖ chain hash below the first. */
#define LOG_ROW_BYTES (8 + 8 + TOC_SHA256)
static const struct toc_str log_row_key = {"log", 3};

static enum toc_err put_identity(const struct toc_journal *journal, struct toc_txn *txn,
                                 const uint8_t anchor[TOC_SHA256])
{
    uint8_t row[LOG_ROW_BYTES];
    toc_put_u64be(row, journal->log_id);
    toc_put_u64be(row + 8, journal->first_seq);
    memcpy(row + 16, anchor, TOC_SHA256);
    return toc_put(txn, TOC_TABLE_META, log_row_key, toc_str(row, sizeof(row)));
}

/* The CRC covers the chain hash and everything after itself. */
static uint32_t checksum(struct toc_str value)
{
    uint32_t crc = toc_crc32c(0, toc_str(value.data, AT_CRC));
    return toc_crc32c(crc, toc_str_from(value, AT_PARTITION));
}

static enum toc_err entry_of(struct toc_str key, struct toc_str value,
                             struct toc_journal_entry *out)
{
    if (key.size != 8 || value.size < HEADER_BYTES ||
        toc_get_u32be(value.data + AT_CRC) != checksum(value))
        return TOC_ERR_DAMAGED;
    *out = (struct toc_journal_entry){
        .seq = toc_get_u64be(key.data),
        .hash = toc_str(value.data, TOC_SHA256),
        .record = toc_str_from(value, HEADER_BYTES),
        .partition = (uint8_t)value.data[AT_PARTITION],
        .class_bit = (uint8_t)value.data[AT_CLASS],
    };
    return TOC_OK;
}

/* Reads the two instants of a packed Record without unpacking it. */
static enum toc_err read_times(struct toc_str record, toc_time_ms *at_ms, toc_time_ms *log_ms)
{
    struct toc_wire_reader reader = toc_wire_reader(record);
    struct toc_wire_field field;
    enum toc_err err;
    *at_ms = 0;
    *log_ms = 0;
    while ((err = toc_wire_next(&reader, &field)) == TOC_OK) {
        if (field.number == 5)
            *at_ms = toc_wire_zigzag(field.value);
        if (field.number == 6)
            *log_ms = toc_wire_zigzag(field.value);
    }
    return err == TOC_NONE ? TOC_OK : TOC_ERR_DAMAGED;
}

static enum toc_err load_last(struct toc_journal *journal, struct toc_txn *txn)
{
    struct toc_str key, value;
    struct toc_journal_entry entry;
    enum toc_err err = toc_last_below(txn, TOC_TABLE_LOG, toc_str(NULL, 0), &key, &value);
    if (err != TOC_OK)
        return err;
    TOC_TRY(entry_of(key, value, &entry));
    journal->last_seq = entry.seq;
    memcpy(journal->hash, entry.hash.data, TOC_SHA256);
    return read_times(entry.record, &journal->last_at_ms, &journal->last_log_ms);
}

enum toc_err toc_journal_open(struct toc_journal *journal, struct toc_txn *txn, uint64_t new_log_id)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TOC_TABLE_META, log_row_key, &row);
    *journal = (struct toc_journal){
        .first_seq = 1, .last_at_ms = TOC_TIME_MIN, .last_log_ms = TOC_TIME_MIN};
    if (err == TOC_NONE) {
        journal->log_id = new_log_id;
        return put_identity(journal, txn, journal->hash);
    }
    TOC_TRY(err);
    if (row.size != LOG_ROW_BYTES)
        return TOC_ERR_DAMAGED;
    journal->log_id = toc_get_u64be(row.data);
    journal->first_seq = toc_get_u64be(row.data + 8);
    journal->last_seq = journal->first_seq - 1;
    memcpy(journal->hash, row.data + 16, TOC_SHA256);
    err = load_last(journal, txn);
    return err == TOC_NONE ? TOC_OK : err;
}

enum toc_err toc_journal_append(struct toc_journal *journal, struct toc_txn *txn,
                                struct toc_arena *arena, Tocsin__V1__Record *record)
{
    uint8_t key[8];
    record->seq = journal->last_seq + 1;
    uint8_t *value = toc_arena_take(arena, VALUE_ROOM);
    if (value == NULL)
        return TOC_ERR_LIMIT;
    const uint8_t *end =
        toc_wire_put_fields(value + HEADER_BYTES, value + VALUE_ROOM, &record->base);
    if (end == NULL || end > value + TOC_VALUE_GOOD)
        return TOC_ERR_LIMIT;
    const size_t size = (size_t)(end - value) - HEADER_BYTES;
    toc_sha256_pair(value, toc_str(journal->hash, TOC_SHA256), toc_str(value + HEADER_BYTES, size));
    value[AT_PARTITION] = (uint8_t)record->partition;
    value[AT_CLASS] = (uint8_t)record->class_;
    value[AT_CLASS + 1] = 0;
    value[AT_CLASS + 2] = 0;
    toc_put_u32be(value + AT_CRC, checksum(toc_str(value, HEADER_BYTES + size)));
    toc_put_u64be(key, record->seq);
    TOC_TRY(toc_append(txn, TOC_TABLE_LOG, toc_str(key, sizeof(key)),
                       toc_str(value, HEADER_BYTES + size)));
    memcpy(journal->hash, value, TOC_SHA256);
    journal->last_seq = record->seq;
    journal->last_at_ms = record->at_ms;
    journal->last_log_ms = record->log_ms;
    return TOC_OK;
}

enum toc_err toc_journal_read(struct toc_txn *txn, uint64_t seq, struct toc_journal_entry *out)
{
    uint8_t key[8];
    struct toc_str value;
    toc_put_u64be(key, seq);
    enum toc_err err = toc_get(txn, TOC_TABLE_LOG, toc_str(key, sizeof(key)), &value);
    if (err != TOC_OK)
        return err;
    return entry_of(toc_str(key, sizeof(key)), value, out);
}

enum toc_err toc_journal_scan(struct toc_txn *txn, uint64_t from_seq, struct toc_scan **out)
{
    uint8_t key[8];
    toc_put_u64be(key, from_seq);
    return toc_scan_open(txn, TOC_TABLE_LOG, toc_str(key, sizeof(key)), out);
}

enum toc_err toc_journal_next(struct toc_scan *scan, struct toc_journal_entry *out)
{
    struct toc_str key, value;
    enum toc_err err = toc_scan_next(scan, &key, &value);
    return err == TOC_OK ? entry_of(key, value, out) : err;
}

enum toc_err toc_journal_hash_at(const struct toc_journal *journal, struct toc_txn *txn,
                                 uint64_t seq, uint8_t out[TOC_SHA256])
{
    struct toc_journal_entry entry;
    struct toc_str row;
    if (seq + 1 == journal->first_seq) {
        enum toc_err err = toc_get(txn, TOC_TABLE_META, log_row_key, &row);
        if (err != TOC_OK)
            return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
        if (row.size != LOG_ROW_BYTES)
            return TOC_ERR_DAMAGED;
        memcpy(out, row.data + 16, TOC_SHA256);
        return TOC_OK;
    }
    enum toc_err err = toc_journal_read(txn, seq, &entry);
    if (err == TOC_OK)
        memcpy(out, entry.hash.data, TOC_SHA256);
    return err;
}

enum toc_err toc_journal_trim(struct toc_journal *journal, struct toc_txn *txn, uint64_t below_seq,
                              uint64_t most)
{
    uint8_t anchor[TOC_SHA256], key[8];
    uint64_t until = journal->first_seq + most;
    if (until > below_seq)
        until = below_seq;
    if (until > journal->last_seq)
        until = journal->last_seq; /* the newest stays: it holds the chain's end */
    if (until <= journal->first_seq)
        return TOC_OK;
    TOC_TRY(toc_journal_hash_at(journal, txn, until - 1, anchor));
    for (uint64_t seq = journal->first_seq; seq < until; seq++) {
        toc_put_u64be(key, seq);
        TOC_TRY(toc_del(txn, TOC_TABLE_LOG, toc_str(key, sizeof(key))));
    }
    journal->first_seq = until;
    return put_identity(journal, txn, anchor);
}
