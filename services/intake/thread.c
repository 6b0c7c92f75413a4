#include "services/intake/thread.h"

#include "services/intake/intake.h"

#define MONTH_MS        (30 * (toc_time_ms)TOC_DAY_MS)
#define MONTHS          ((THREAD_DAYS + 29) / 30 + 1)
#define THREAD_NAME_MAX 2000 /* bytes of a Message-ID that count */
#define PURGE_MAX       8    /* rows that are over, deleted with each that comes */
#define COUNT_FIRST     0x80000000u

/*
 * Keys: u32be months since 1970 ‖ mail -> issue, and u32be days since 1970 + 2^31 ‖ issue -> u32be
 * count. Both begin with their time, so what is over comes first.
 */
struct key {
    uint8_t bytes[4 + TOC_ID];
};

static struct toc_str key_of(struct key *key, uint32_t when, const uint8_t id[TOC_ID])
{
    toc_put_u32be(key->bytes, when);
    memcpy(key->bytes + 4, id, TOC_ID);
    return toc_str(key->bytes, sizeof(key->bytes));
}

static uint32_t month_of(toc_time_ms ms)
{
    return ms < 0 ? 0 : (uint32_t)(ms / MONTH_MS);
}

static uint32_t day_of(toc_time_ms ms)
{
    return COUNT_FIRST + (ms < 0 ? 0 : (uint32_t)(ms / TOC_DAY_MS));
}

void thread_name(const uint8_t issue_key[32], const char *source, struct toc_str message_id,
                 uint8_t out[TOC_ID])
{
    char name[5 + THREAD_NAME_MAX] = "mail:"; /* no issue is named like it */
    size_t size = message_id.size < THREAD_NAME_MAX ? message_id.size : THREAD_NAME_MAX;
    if (size > 0)
        memcpy(name + 5, message_id.data, size);
    toc_issue_id(out, issue_key, toc_str_of(source), toc_str(name, 5 + size));
}

enum toc_err thread_find(struct toc_txn *txn, const uint8_t mail[TOC_ID], toc_time_ms now_ms,
                         uint8_t out_issue[TOC_ID])
{
    uint32_t month = month_of(now_ms);
    for (uint32_t back = 0; back < MONTHS && back <= month; back++) {
        struct key key;
        struct toc_str row;
        enum toc_err err =
            toc_get(txn, INTAKE_TABLE_THREAD, key_of(&key, month - back, mail), &row);
        TOC_TRY(err);
        if (err == TOC_NONE)
            continue;
        if (row.size != TOC_ID)
            return TOC_ERR_DAMAGED;
        memcpy(out_issue, row.data, TOC_ID);
        return TOC_OK;
    }
    return TOC_NONE;
}

enum toc_err thread_count(struct toc_txn *txn, const uint8_t issue[TOC_ID], toc_time_ms now_ms,
                          uint32_t *out)
{
    struct key key;
    struct toc_str row;
    enum toc_err err = toc_get(txn, INTAKE_TABLE_THREAD, key_of(&key, day_of(now_ms), issue), &row);
    TOC_TRY(err);
    if (err == TOC_OK && row.size != 4)
        return TOC_ERR_DAMAGED;
    *out = err == TOC_OK ? toc_get_u32be(row.data) : 0;
    return TOC_OK;
}

/* A few rows between two times that are over. */
static enum toc_err purge(struct toc_txn *txn, uint32_t from, uint32_t end)
{
    static const uint8_t none[TOC_ID] = {0};
    for (unsigned i = 0; i < PURGE_MAX; i++) {
        struct key key, first;
        struct toc_str found, row;
        enum toc_err err =
            toc_first_at_least(txn, INTAKE_TABLE_THREAD, key_of(&key, from, none), &found, &row);
        TOC_TRY(err);
        if (err == TOC_NONE || found.size != sizeof(first.bytes) ||
            toc_get_u32be(found.data) >= end)
            return TOC_OK;
        memcpy(first.bytes, found.data, sizeof(first.bytes));
        TOC_TRY(toc_del(txn, INTAKE_TABLE_THREAD, toc_str(first.bytes, sizeof(first.bytes))));
    }
    return TOC_OK;
}

static enum toc_err keep_mail(struct toc_txn *txn, const uint8_t mail[TOC_ID],
                              const uint8_t issue[TOC_ID], toc_time_ms at_ms)
{
    uint8_t before[TOC_ID];
    struct key key;
    uint32_t month = month_of(at_ms);
    enum toc_err err = thread_find(txn, mail, at_ms, before);
    if (err != TOC_NONE)
        return err;
    TOC_TRY(toc_put(txn, INTAKE_TABLE_THREAD, key_of(&key, month, mail), toc_str(issue, TOC_ID)));
    return purge(txn, 0, month >= MONTHS ? month - MONTHS + 1 : 0);
}

static enum toc_err count_mail(struct toc_txn *txn, const uint8_t issue[TOC_ID], toc_time_ms at_ms)
{
    uint8_t row[4];
    struct key key;
    uint32_t count, day = day_of(at_ms);
    TOC_TRY(thread_count(txn, issue, at_ms, &count));
    toc_put_u32be(row, count + 1);
    TOC_TRY(toc_put(txn, INTAKE_TABLE_THREAD, key_of(&key, day, issue), toc_str(row, sizeof(row))));
    return purge(txn, COUNT_FIRST, day - 1); /* a clock that is set back finds yesterday's */
}

enum toc_err thread_keep(struct toc_txn *txn, const Tocsin__V1__Event *event,
                         const uint8_t issue[TOC_ID], toc_time_ms at_ms)
{
    const Tocsin__V1__IssueMessage *message =
        event->body_case == TOCSIN__V1__EVENT__BODY_ISSUE_MESSAGE ? event->issue_message : NULL;
    if (event->mail.len != TOC_ID)
        return TOC_OK;
    TOC_TRY(keep_mail(txn, event->mail.data, issue, at_ms));
    bool counts = message != NULL && !message->auto_ &&
                  message->direction == TOCSIN__V1__DIRECTION__DIRECTION_INBOUND;
    return counts ? count_mail(txn, issue, at_ms) : TOC_OK;
}
