#include "services/router/issue.h"

void issue_key(uint8_t key[ISSUE_KEY], unsigned partition, uint32_t number)
{
    key[0] = (uint8_t)partition;
    toc_put_u32be(key + 1, number);
}

enum toc_err issue_at(struct toc_turn *turn, struct toc_str key, Tocsin__V1__Issue **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(turn->txn, TABLE_ISSUE, key, &row);
    if (err != TOC_OK)
        return err == TOC_NONE ? TOC_ERR_DAMAGED : err;
    return toc_unpack(turn, issue, row, out);
}

enum toc_err issue_load(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Issue **out)
{
    struct toc_str key;
    enum toc_err err = toc_get(turn->txn, TABLE_ISSUE_ID, id, &key);
    return err == TOC_OK ? issue_at(turn, key, out) : err;
}

/* The next dense number of a partition. */
static enum toc_err next_number(struct toc_turn *turn, unsigned partition, uint32_t *out)
{
    uint8_t key = (uint8_t)partition, row[4];
    struct toc_str value;
    uint32_t number = 0;
    enum toc_err err = toc_get(turn->txn, TABLE_COUNTER, toc_str(&key, 1), &value);
    TOC_TRY(err);
    if (err == TOC_OK) {
        if (value.size != sizeof(row))
            return TOC_ERR_DAMAGED;
        number = toc_get_u32be(value.data);
    }
    TOC_ASSERT(number < UINT32_MAX);
    toc_put_u32be(row, number + 1);
    *out = number + 1;
    return toc_put(turn->txn, TABLE_COUNTER, toc_str(&key, 1), toc_str(row, sizeof(row)));
}

enum toc_err issue_create(struct toc_turn *turn, struct toc_str id, Tocsin__V1__Issue **out)
{
    uint8_t key[ISSUE_KEY];
    Tocsin__V1__Issue *issue = toc_arena_take(turn->arena, sizeof(*issue));
    if (issue == NULL)
        return TOC_ERR_LIMIT;
    tocsin__v1__issue__init(issue);
    issue->id = toc_wire_binary(id);
    issue->partition = toc_partition_of((const uint8_t *)id.data);
    issue->state = TOCSIN__V1__ISSUE_STATE__ISSUE_STATE_NEW;
    issue->tier = 1;
    TOC_TRY(next_number(turn, issue->partition, &issue->number));
    issue_key(key, issue->partition, issue->number);
    TOC_TRY(toc_put(turn->txn, TABLE_ISSUE_ID, id, toc_str(key, sizeof(key))));
    *out = issue;
    return TOC_OK;
}

enum toc_err issue_save(struct toc_turn *turn, const Tocsin__V1__Issue *issue)
{
    uint8_t key[ISSUE_KEY];
    struct toc_str row;
    issue_key(key, issue->partition, issue->number);
    TOC_TRY(toc_wire_pack(turn->arena, issue, &row));
    return toc_put(turn->txn, TABLE_ISSUE, toc_str(key, sizeof(key)), row);
}

bool issue_is_too_large(const Tocsin__V1__Issue *issue)
{
    return tocsin__v1__issue__get_packed_size(issue) > ROUTER_ISSUE_MAX;
}
