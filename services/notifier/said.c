#include "services/notifier/said.h"

#define END_KEY   (1 + 8)
#define TRIM_MOST 4 /* of each new one: there are ever fewer of the old */

static_assert(END_KEY + NOTIFIER_SAID_ID_MAX <= TOC_KEY_MAX, "a key fits");

static struct toc_str end_key(toc_time_ms at_ms, struct toc_str id, uint8_t out[TOC_KEY_MAX])
{
    out[0] = 0; /* before every id */
    toc_put_u64be(out + 1, (uint64_t)(at_ms + NOTIFIER_SAID_MS));
    memcpy(out + END_KEY, id.data, id.size);
    return toc_str(out, END_KEY + id.size);
}

/* The row goes with its end, unless the id was told again meanwhile. */
static enum toc_err drop(struct toc_turn *turn, struct toc_str end)
{
    uint8_t key[TOC_KEY_MAX], own[TOC_KEY_MAX];
    Tocsin__V1__ActionSaid *said;
    memcpy(key, end.data, end.size);
    end.data = (const char *)key;
    char *id = toc_arena_copy(turn->arena, toc_str_from(end, END_KEY));
    if (id == NULL)
        return TOC_ERR_LIMIT;
    TOC_TRY(toc_del(turn->txn, TABLE_SAID, end));
    enum toc_err err = notifier_said(turn->txn, turn->arena, id, &said);
    TOC_TRY(err);
    if (err == TOC_NONE || !toc_str_equal(end_key(said->at_ms, toc_str_of(id), own), end))
        return TOC_OK;
    return toc_del(turn->txn, TABLE_SAID, toc_str_of(id));
}

static enum toc_err trim(struct toc_turn *turn, toc_time_ms now_ms)
{
    struct toc_str key, value;
    for (unsigned i = 0; i < TRIM_MOST; i++) {
        enum toc_err err =
            toc_first_at_least(turn->txn, TABLE_SAID, toc_str(NULL, 0), &key, &value);
        TOC_TRY(err);
        if (err == TOC_NONE || key.data[0] != 0)
            return TOC_OK;
        if (key.size < END_KEY)
            return TOC_ERR_DAMAGED;
        if ((toc_time_ms)toc_get_u64be(key.data + 1) >= now_ms)
            return TOC_OK;
        TOC_TRY(drop(turn, key));
    }
    return TOC_OK;
}

enum toc_err said_keep(struct toc_turn *turn, const Tocsin__V1__Event *event, toc_time_ms at_ms,
                       const char *refused)
{
    Tocsin__V1__ActionSaid said = TOCSIN__V1__ACTION_SAID__INIT;
    struct toc_str id = toc_str_of(event->id), row;
    uint8_t key[TOC_KEY_MAX];
    if (id.size > NOTIFIER_SAID_ID_MAX)
        return TOC_OK;
    said.type = event->type;
    bool is_reach = event->body_case == TOCSIN__V1__EVENT__BODY_REACH;
    said.by = is_reach ? event->reach->by : event->alert->by;
    said.until_ms = is_reach ? 0 : event->alert->until_ms;
    said.at_ms = at_ms;
    said.log_id = turn->cause_log;
    said.seq = turn->cause_seq;
    said.refused = toc_wire_text(refused != NULL ? refused : "");
    TOC_TRY(trim(turn, at_ms));
    TOC_TRY(toc_wire_pack(turn->arena, &said, &row));
    TOC_TRY(toc_put(turn->txn, TABLE_SAID, id, row));
    return toc_put(turn->txn, TABLE_SAID, end_key(at_ms, id, key), toc_str(NULL, 0));
}

enum toc_err notifier_said(struct toc_txn *txn, struct toc_arena *arena, const char *id,
                           Tocsin__V1__ActionSaid **out)
{
    struct toc_str row;
    enum toc_err err = toc_get(txn, TABLE_SAID, toc_str_of(id), &row);
    if (err != TOC_OK)
        return err;
    return toc_wire_unpack(arena, &tocsin__v1__action_said__descriptor, row, out);
}
